//! One's own second command, on a node whose views lag.

use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use lets_cli::manifest::Manifest;
use lets_cli::session::{Session, View};
use lets_protocol::{Amount, NanoErg, pay_direct};
use lets_wallet::{KeyFile, LocalSigner};
use secrecy::SecretString;

use crate::proxy::{Mode, Proxy};
use crate::world::{PASSPHRASE, State, World};

#[test]
fn second_payment_from_the_same_box_is_refused_and_the_first_stands() {
    let world = World::village();
    let proxy = Proxy::new(&world.runtime, world.devnet.url(), Mode::Stale);
    let pay = |who: &'static str| {
        [
            "pay",
            who,
            "2.00",
            "--key",
            "alice",
            "--yes",
            "--no-wait",
            "--json",
        ]
    };
    world.lets_at(&proxy.url, pay("bob")).ok();
    let before = world.state();
    assert_eq!(before.pool.len(), 1);

    // The proxy still shows alice's box as unspent, as a lagging node would.
    let run = world.lets_at(&proxy.url, pay("carol"));
    assert_eq!(run.code, Some(1), "{run:?}");
    let error = &run.envelope()["error"];
    assert_eq!(error["kind"], "double_spend", "{error}");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("spends the same box"),
        "{error}"
    );
    assert_eq!(world.state(), before);

    // The same once the first is in a block: the box is gone.
    world.mine();
    let before = world.state();
    let run = world.lets_at(&proxy.url, pay("carol"));
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(run.envelope()["error"]["kind"], "refused_by_node");
    assert_eq!(world.state(), before);
    assert_eq!(world.balance("alice"), "-2.00");
    assert_eq!(world.balance("carol"), "0.00");
}

#[test]
fn commands_at_once_in_one_home_wait_for_each_other() {
    let world = World::village();
    let pay = |who: &str| {
        let mut command = world.command(&world.devnet.url(), &world.home());
        command.args(["pay", who, "2.00", "--key", "alice", "--yes", "--no-wait"]);
        command.stdin(std::process::Stdio::null());
        command.stdout(std::process::Stdio::null());
        command.stderr(std::process::Stdio::null());
        command.spawn().unwrap()
    };
    let mut running: Vec<_> = ["bob", "carol", "bob", "carol"]
        .into_iter()
        .map(pay)
        .collect();
    for command in &mut running {
        assert!(command.wait().unwrap().success());
    }
    let State { pool, .. } = world.state();
    assert_eq!(pool.len(), 4);
    world.mine();
    // What could not be paid directly, for the payee's box hung on another payment, went by notes.
    for payee in ["bob", "carol"] {
        if world.data(["balance", payee])["accounts"][0]["claimable"] != "0.00" {
            world
                .lets(["claim", "--key", payee, "--yes", "--no-wait"])
                .ok();
        }
    }
    world.mine();
    assert_eq!(world.balance("alice"), "-8.00");
    assert_eq!(world.balance("carol"), "+4.00");
    assert_eq!(
        world.data(["payments"])["payments"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
}

#[test]
fn payment_whose_answer_is_lost_is_made_once() {
    for (forward, submissions) in [(true, 1), (false, 2)] {
        let world = World::village();
        let proxy = Proxy::new(&world.runtime, world.devnet.url(), Mode::Lose { forward });
        // Arrived, the pool shows it; lost, the very same transaction is sent again.
        world
            .lets_at(
                &proxy.url,
                ["pay", "bob", "2.00", "--key", "alice", "--yes", "--no-wait"],
            )
            .ok();
        assert_eq!(proxy.submissions(), submissions);
        assert_eq!(world.state().pool.len(), 1);
        world.mine();
        assert_eq!(world.balance("alice"), "-2.00");
    }
}

#[test]
fn session_own_payment_is_laid_over_a_lagging_view() {
    let world = World::village();
    let proxy = Proxy::new(&world.runtime, world.devnet.url(), Mode::Stale);
    let (_, lets) = Manifest::load(&world.home().join("lets.toml")).unwrap();
    let file = KeyFile::load(&world.home().join("keys/alice.toml")).unwrap();
    let keys = file.unlock(&SecretString::from(PASSPHRASE)).unwrap();
    let signer = LocalSigner::new([&keys]).unwrap();
    let owner = SigmaProp::from(file.public_key().clone());
    let mut session = Session::new(&[&proxy.url]).unwrap();
    world.runtime.block_on(async {
        for round in 1..=3 {
            // Read anew each time from a proxy that always answers as at first.
            let accounts = session.accounts(&lets, View::Pool).await.unwrap();
            assert_eq!(accounts.len(), 3);
            let payer = accounts.iter().find(|a| *a.it.owner() == owner).unwrap();
            assert_eq!(payer.it.balance().units(), 100 - 100 * round);
            assert_eq!(payer.confirmed, round == 1);
            let payee = accounts.iter().find(|a| *a.it.owner() != owner).unwrap();
            let params = session.params(NanoErg::MIN_FEE).await.unwrap();
            let amount = Amount::new(100).unwrap();
            let (proposal, ..) =
                pay_direct(&lets, &payer.it, &payee.it, amount, None, params).unwrap();
            session.send(&proposal, &signer).await.unwrap();
        }
    });
    assert_eq!(world.state().pool.len(), 3);
}
