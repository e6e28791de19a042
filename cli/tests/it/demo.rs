//! `lets demo` as a person and as a program sees it.

use crate::world::World;

#[test]
fn demo_json_is_the_documented_envelope() {
    // No node, no home, no terminal: it needs none of them.
    let world = World::new();
    let home = world.home();
    let data = world
        .run("http://127.0.0.1:9", &home, ["demo", "--json"], None)
        .data();
    assert!(!home.exists(), "the demonstration wrote files");

    let of = |field: &str| -> Vec<String> {
        let accounts = data["accounts"].as_array().unwrap();
        accounts
            .iter()
            .map(|a| a[field].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(of("name"), ["alice", "bob", "carol"]);
    assert_eq!(of("balance"), ["-2.00", "+0.80", "+1.20"]);
    assert_eq!(of("credit_line"), ["200.00"; 3]);
    assert_eq!(data["sum"], "0.00");
    assert_eq!(data["lets"]["committee"], "2 of 3");

    let kinds: Vec<&str> = data["transactions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["kind"].as_str().unwrap())
        .collect();
    let mut expected = vec!["mint"; 4];
    expected.push("found");
    expected.extend(["apply"; 3]);
    expected.extend(["admit"; 3]);
    expected.extend(["pay"; 2]);
    assert_eq!(kinds, expected);
    for transaction in data["transactions"].as_array().unwrap() {
        assert_eq!(transaction["id"].as_str().unwrap().len(), 64);
        assert!(transaction["bytes"].as_u64().unwrap() > 200);
        assert_eq!(transaction["fee_nanoerg"], 1_000_000);
        assert!(transaction["height"].as_u64().is_some(), "{transaction}");
    }

    let refused = &data["refused"][0];
    assert_eq!(refused["rule"], "credit_line");
    assert_eq!(refused["limit"], "200.00");
    assert_eq!(refused["most"], "198.00");
}

#[test]
fn demo_twice_has_other_keys() {
    let world = World::new();
    let nft = || world.data(["demo"])["lets"]["charter_nft"].clone();
    assert_ne!(nft(), nft());
}

#[test]
fn demo_text_shows_ledger_and_refusal() {
    let world = World::new();
    let run = world.lets(["demo"]).ok();
    for part in [
        "-2.00",
        "+0.80",
        "+1.20",
        "0.00",
        "credit_line",
        "198.00",
        "0.001 ERG",
    ] {
        assert!(run.stdout.contains(part), "{part} not in {}", run.stdout);
    }
    assert!(run.stderr.contains("a litre of milk"), "{}", run.stderr);
}

#[test]
fn demo_of_a_lets1_ends_in_a_liquidation_and_an_exit() {
    let world = World::new();
    let data = world.data(["demo", "--kind", "lets1"]);
    let kinds: Vec<&str> = crate::steps::column(&data["transactions"], "kind");
    let expected = [
        "mint",
        "mint",
        "mint",
        "mint",
        "found",
        "join",
        "join",
        "join",
        "pay",
        "pay",
        "call",
        "liquidate",
        "pay",
        "exit",
    ];
    assert_eq!(kinds, expected);
    let transactions = data["transactions"].as_array().unwrap();
    assert!(transactions.iter().all(|t| t["height"].as_u64().is_some()));
    // 30.00 at 2.5 ERG a euro, and ten percent.
    assert_eq!(data["liquidated"]["nanoerg"], 75_073_500_000u64);
    assert_eq!(data["sum"], "0.00");
    assert_eq!(data["accounts"].as_array().unwrap().len(), 2);
}
