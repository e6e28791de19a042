//! The oracle's box where the node has no index: the ledger keeps it, however old it is.

use ergo_devnet::DevnetConfig;
use serde_json::Value;

use crate::world::World;

/// What `lets health` says of the oracle: its rate, and the age of its box.
fn told(data: &Value) -> (Option<u64>, Option<u64>) {
    let oracle = &data["oracle"];
    (
        oracle["rate_nanoerg"].as_u64(),
        oracle["age_blocks"].as_u64(),
    )
}

/// Nothing was published for longer than the age of death: freezing needs the old box as a witness. Then the pool speaks again,
/// and the block in which it does is taken back.
#[test]
fn oracle_without_index_found_however_old_and_wherever_it_moved() {
    let world = World::with(DevnetConfig {
        index: false,
        ..DevnetConfig::default()
    });
    let oracle = world.found_open("lets1", &["--oracle-dead", "5040"]);
    world.join("alice", "50", &["--line", "20"]);
    world.mine();
    let first = told(&world.data(["health"])).1.unwrap();
    world.devnet.mine(5_200).unwrap();
    let dead = (Some(1_000_000_000), Some(first + 5_200));
    assert_eq!(told(&world.data(["health"])), dead);
    let done = world.act(["liquidate", "--key", "alice"]);
    assert_eq!(done["done"][0]["what"], "frozen");
    world.mine();
    world.lets(["audit"]).ok();

    // A home of somebody else's, whose ledger begins now, without a key.
    let outsider = world.folder.path().join("outsider");
    let manifest = world.home().join("lets.toml");
    let join = ["join", manifest.to_str().unwrap(), "--no-account"];
    world.lets_in(&outsider, join).ok();
    let seen = || {
        let theirs = told(&world.lets_in(&outsider, ["health", "--json"]).data());
        assert_eq!(told(&world.data(["health"])), theirs);
        theirs
    };
    assert_eq!(seen(), (Some(1_000_000_000), Some(first + 5_201)));
    // One that was brought forward before anybody asked for the oracle.
    std::fs::remove_dir_all(&outsider).unwrap();
    std::fs::create_dir(&outsider).unwrap();
    std::fs::copy(&manifest, outsider.join("lets.toml")).unwrap();
    world.lets_in(&outsider, ["sync"]).ok();
    assert_eq!(seen(), (Some(1_000_000_000), Some(first + 5_201)));

    oracle.say("1.5");
    let moved = (Some(1_500_000_000), Some(0));
    assert_eq!(seen(), moved);
    world.devnet.rollback(1).unwrap();
    assert_eq!(seen(), (Some(1_000_000_000), Some(first + 5_201)));
    world.mine();
    assert_eq!(seen(), moved);
    oracle.say("2");
    assert_eq!(seen().0, Some(2_000_000_000));
}
