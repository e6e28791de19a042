//! Years of trade, followed block by block: the books are those of whoever made the chain.

use ergo_node_client::{NodeClient, NodeOptions};
use lets_cli::output::Output;
use lets_cli::session::follow::{Course, Followed, follow};
use lets_cli::session::{History, Plan, Session, View};
use lets_ledger::{Ledger, Pick, TxRange};
use lets_protocol::{Genesis, Replay};
use lets_tests::years::{Books, FOUNDED, Size, make, serve};

fn dump(ledger: &Ledger) -> String {
    let mut bytes = Vec::new();
    ledger.dump(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// The books as the ledger has them, in the maker's form.
fn books(ledger: &Ledger) -> Books {
    let accounts = ledger.accounts(Pick::All).unwrap();
    let payments = ledger.payments(TxRange::ALL).unwrap();
    Books {
        balances: accounts
            .iter()
            .map(|a| (a.number(), a.balance().units()))
            .collect(),
        in_notes: ledger.outstanding().unwrap().1,
        payments: i64::try_from(payments.len()).unwrap(),
        volume: payments.iter().map(|p| p.paid.amount.units()).sum(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn years_followed_are_the_books_of_their_maker() {
    let chain = make(
        Size {
            members: 12,
            trades: 120,
            reads: true,
        },
        1,
    );
    let (lets, made) = (chain.lets.clone(), chain.books.clone());
    let manifest = chain.manifest.clone();
    let served = serve(chain).await;
    let client = NodeClient::new(&served.url, NodeOptions::default()).unwrap();
    let course = Course {
        first: FOUNDED,
        marks: Course::marks_of(&lets),
    };
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| {
        let path = folder.path().join(name);
        Ledger::open(&path, "years", Some(lets.clone())).unwrap()
    };
    let tip = served.tip();
    let mut followed = open("followed");
    // In pieces, as somebody does who looks now and then.
    for shown in [FOUNDED, tip - 2, tip] {
        served.show(shown);
        follow(&client, &mut followed, &course, None, &|_, _| {})
            .await
            .unwrap();
    }
    assert_eq!(books(&followed), made);
    let mut fresh = open("fresh");
    // Without the extra index the node cannot be asked which blocks to read.
    let read = follow(&client, &mut fresh, &course, Some(&lets), &|_, _| {});
    let all = Followed {
        blocks: tip - FOUNDED + 1,
        taken_back: 0,
    };
    assert_eq!(read.await.unwrap(), all);
    assert_eq!(dump(&fresh), dump(&followed));

    // Every script and every signature judged again, from the blocks alone, in which also the stranger's box is found that some
    // payments read.
    let founded = manifest.founding.height;
    let session = Session::new(&[&served.url]).unwrap().with_plan(Plan {
        path: folder.path().join("session"),
        lets: Some((lets.clone(), manifest.fingerprint.clone(), founded)),
        scripts: Vec::new(),
        out: Output::new(true),
    });
    let genesis = Genesis {
        transactions: manifest.founding.transactions,
        memberships: manifest.supply.memberships,
        units: manifest.supply.units,
    };
    let history = session.history_of(&lets, &genesis, founded).await.unwrap();
    let all = History::Blocks {
        from: FOUNDED,
        to: tip,
    };
    assert_eq!(history, all);
    let seen = session.present(&lets, View::Chain).await.unwrap();
    let chain = session.client().state_context().await.unwrap();
    let mut replay = Replay::new(&lets, genesis, chain);
    session
        .replay(&lets, &history, &mut replay, |_| {})
        .await
        .unwrap();
    let replayed = replay.finish(seen.present.ids.iter().copied());
    assert_eq!(replayed.faults, []);
    // Five found it, twelve are admitted, and then they trade.
    assert_eq!(replayed.transactions, 5 + 12 + 120);
}
