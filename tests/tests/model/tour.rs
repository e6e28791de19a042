//! What random sequences come to seldom, each once: all that takes long waits.

use lets_cli::session::View;
use lets_protocol::{Amount, Blocks, Bounds};
use lets_tests::model::{Deed, Fate, Payment, Trade, TradeKind, Village, Way};

/// A year, at two minutes a block.
const YEAR: u32 = 262_800;

async fn done(village: &mut Village, deed: Deed) {
    assert!(village.act(deed, Fate::Arrives).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn model_deeds_after_long_waits_leave_the_books_as_the_ledger_says() {
    let Some(mut village) = Village::found(2, 1).await else {
        return;
    };
    let state = village.state(View::Pool);
    let community = state.community().unwrap();
    let members: Vec<_> = state
        .accounts
        .into_keys()
        .filter(|n| *n != community)
        .collect();
    let [anna, bert] = [members[0], members[1]];
    let heir = *village.everybody().last().unwrap();
    let trade = |leader, takes, kind| {
        Deed::Trade(Trade {
            leader,
            takes,
            kind,
        })
    };
    let payment = |to, amount, way| Payment { to, amount, way };
    let year = Way::Note(YEAR);
    let paid = [
        payment(bert, 300, Way::Note(10_080)),
        payment(bert, 70, year),
        payment(bert, 5, Way::Paper(20_000)),
    ];
    done(
        &mut village,
        trade(anna, vec![], TradeKind::Pay(paid.into())),
    )
    .await;
    let state = village.state(View::Pool);
    let note = |amount| {
        *state
            .notes
            .iter()
            .find(|(_, n)| n.amount == amount)
            .unwrap()
            .0
    };

    // Anna's key is lost; while the delay runs, her notes can still be claimed.
    let start = village.height() + 1;
    done(&mut village, Deed::Recover(anna, heir, start)).await;
    done(&mut village, trade(bert, vec![note(5)], TradeKind::Claim)).await;
    village.mine(21_601).await;
    done(&mut village, Deed::Complete(anna)).await;
    done(
        &mut village,
        trade(anna, vec![note(300)], TradeKind::Refund),
    )
    .await;

    // The second announcement comes into force.
    let bounds = Bounds {
        max_line: Amount::new(900).unwrap(),
        ..state.charter.bounds.clone()
    };
    for enacts in [false, true] {
        let from = village.height() + 1;
        done(&mut village, Deed::Announce(from, 3, bounds.clone())).await;
        village.mine(1 + bounds.change_delay.0).await;
        let end = if enacts { Deed::Enact } else { Deed::Cancel };
        done(&mut village, end).await;
    }

    // Nobody wants the last note; the community has it after a year, and with it pays anna's debt to the last unit.
    village.mine(2 * YEAR).await;
    done(
        &mut village,
        trade(community, vec![note(70)], TradeKind::Absorb),
    )
    .await;
    let debt = village.state(View::Pool).accounts[&anna].debt();
    assert_eq!(debt, 75);
    done(
        &mut village,
        trade(community, vec![], TradeKind::WriteOff(anna, debt)),
    )
    .await;

    let state = village.state(View::Pool);
    let created = [
        state.charter.created,
        state.pot.created,
        state.accounts[&bert].created,
    ];
    let youngest = created.into_iter().max().unwrap();
    let from = youngest + Blocks::REFRESH_AGE.0;
    village.mine(from - village.height()).await;
    for deed in [
        Deed::RefreshCharter,
        Deed::Refresh(None),
        Deed::Refresh(Some(bert)),
        Deed::Expel(anna),
    ] {
        done(&mut village, deed).await;
    }
    village.mine(1).await;
    assert_eq!(village.state(View::Chain).accounts.len(), 2);
}
