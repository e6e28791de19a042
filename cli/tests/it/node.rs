//! Nodes: what they can do, several that stand in for each other, and a proxy on the way.

use ergo_devnet::DevnetConfig;

use crate::proxy::{Mode, Proxy};
use crate::steps::column;
use crate::world::World;

#[test]
fn node_check_tells_what_is_there_and_what_is_missing_for_what() {
    let world = World::village();
    let data = world.data(["node", "check"]);
    let checks = &data[0]["checks"];
    let what = column(checks, "what");
    for part in ["answer", "network", "height", "index", "proofs", "pool"] {
        assert!(what.contains(&part), "{what:?}");
    }
    assert!(!column(checks, "state").contains(&"missing"), "{checks}");

    let behind = Proxy::editing(&world.runtime, world.devnet.url(), |path, answer| {
        if path == "/info" {
            answer["maxPeerHeight"] = 9_000_000.into();
        }
    });
    world.refused_at(
        &behind.url,
        "node_lacks",
        &["blocks behind", "needed for everything"],
        ["node", "check"],
    );
    let without_proofs = Proxy::editing(&world.runtime, world.devnet.url(), |path, answer| {
        if path.starts_with("/blockchain/transaction/byId/") {
            answer["inputs"][0]["spendingProof"] = serde_json::Value::Null;
        }
    });
    world.refused_at(
        &without_proofs.url,
        "node_lacks",
        &["proofs", "memos"],
        ["node", "check"],
    );
    // Of several, each is told.
    let both = format!("{},{}", world.devnet.url(), without_proofs.url);
    let run = world.lets_at(&both, ["node", "check"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains(&world.devnet.url()), "{run:?}");
}

#[test]
fn node_check_without_index_names_what_needs_it() {
    let world = World::with(DevnetConfig {
        index: false,
        ..DevnetConfig::default()
    });
    world.refused("node_lacks", &["index", "speed alone"], ["node", "check"]);
}

#[test]
fn node_that_fails_is_replaced_by_the_next_and_nothing_is_paid_twice() {
    let world = World::village();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let pay = ["pay", "bob", "1.00", "--key", "alice", "--yes", "--no-wait"];
    let dead_first = format!("{nobody},{}", world.devnet.url());
    world.lets_at(&dead_first, pay).ok();
    world.mine();
    assert_eq!(world.balance("bob"), "+1.00");

    // The submission's answer is lost; whether it arrived is asked of the other node.
    for forward in [false, true] {
        let lost = Proxy::new(&world.runtime, world.devnet.url(), Mode::Lose { forward });
        let two = format!("{},{}", lost.url, world.devnet.url());
        world.lets_at(&two, pay).ok();
        world.mine();
    }
    assert_eq!(world.balance("bob"), "+3.00");
}

#[test]
fn node_of_another_chain_does_not_take_over() {
    let world = World::village();
    let other = World::with(DevnetConfig {
        seed: 77,
        ..DevnetConfig::default()
    });
    // It says who it is, and then fails.
    let first = Proxy::new(
        &world.runtime,
        world.devnet.url(),
        Mode::Down { but: "/info" },
    );
    world.refused_at(
        &format!("{},{}", first.url, other.devnet.url()),
        "node_unfit",
        &["another chain"],
        ["members"],
    );
}

#[test]
fn proxy_of_the_environment_is_used() {
    let world = World::village();
    let proxy = Proxy::new(&world.runtime, world.devnet.url(), Mode::Pass);
    let mut command = world.command("http://node.invalid:9053", &world.home());
    let output = command
        .args(["members", "--json"])
        .env("http_proxy", &proxy.url)
        .env_remove("no_proxy")
        .env_remove("NO_PROXY")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}
