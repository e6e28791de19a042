//! The audit: everything that was ever done, from a node alone and by anybody.

use crate::world::World;

#[test]
fn audit_tells_every_deed_in_order_to_whoever_has_the_manifest() {
    let world = World::village();
    world.pay("alice", "bob", "2.00", &[]);
    world.mine();
    world
        .lets([
            "terms",
            "carol",
            "--line",
            "50",
            "--cap",
            "70",
            "--committee-key",
            "c1",
            "--committee-key",
            "c2",
            "--yes",
            "--no-wait",
        ])
        .ok();
    world.mine();
    world.act(["exit", "--key", "carol"]);
    world.mine();

    // A home with the manifest and nothing else.
    let home = world.folder.path().join("outsider");
    let manifest = world.home().join("lets.toml");
    let run = |args: &[&str]| world.lets_in(&home, args.iter().copied()).data();
    let path = manifest.to_str().unwrap();
    let audit = run(&["audit", "--lets", path, "--json"]);
    let deeds: Vec<&str> = audit["deeds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["deed"].as_str().unwrap())
        .collect();
    assert_eq!(
        deeds,
        [
            "founded",
            "admitted",
            "admitted",
            "admitted",
            "terms_set",
            "exited"
        ]
    );
    let terms = audit["deeds"][4]["what"].as_str().unwrap();
    assert!(terms.contains("line 200.00 -> 50.00, cap"), "{terms}");
    assert_eq!(audit["deeds"][4]["account"], audit["deeds"][5]["account"]);
    let balances: Vec<&str> = audit["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["balance"].as_str().unwrap())
        .collect();
    assert_eq!(balances.len(), 2);
    assert!(balances.contains(&"-2.00") && balances.contains(&"+2.00"));
    assert_eq!(audit["figures"]["sum"], "0.00");
    assert_eq!(audit["figures"]["debts"], "2.00");
    assert_eq!(run(&["stats", "--lets", path, "--json"])["lines"], "400.00");
    let text = world.lets(["audit"]).ok().stdout;
    assert!(text.contains("left") && text.contains("is sound"), "{text}");
}
