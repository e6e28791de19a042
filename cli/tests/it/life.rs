//! A LETS from its first day to a member's last, by hand.

use crate::world::{MEMBERS, World};

#[test]
fn life_of_a_lets_from_founding_to_exit() {
    let world = World::village();
    for name in MEMBERS {
        assert_eq!(world.balance(name), "0.00");
    }

    // Two payments in a row, the second from boxes that are not in a block yet; then one on.
    world
        .lets([
            "pay",
            "bob",
            "2.00",
            "--memo",
            "a litre of milk",
            "--key",
            "alice",
            "--yes",
            "--no-wait",
        ])
        .ok();
    world
        .lets([
            "pay",
            "carol",
            "0.50",
            "--key",
            "alice",
            "--yes",
            "--no-wait",
        ])
        .ok();
    let paid = world.data([
        "pay",
        "carol",
        "1.20",
        "--direct",
        "--key",
        "bob",
        "--yes",
        "--no-wait",
    ]);
    assert_eq!(paid["balance"], "+0.80");
    assert!(paid["transactions"][0]["bytes"].as_u64().unwrap() > 1_000);
    let waiting = world.data(["balance", "alice"]);
    assert_eq!(waiting["accounts"][0]["confirmed"], false);
    world.mine();
    let members = world.data(["members"]);
    let balances: Vec<(&str, &str)> = members["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| (a["name"].as_str().unwrap(), a["balance"].as_str().unwrap()))
        .collect();
    assert_eq!(
        balances,
        [("alice", "-2.50"), ("bob", "+0.80"), ("carol", "+1.70")]
    );
    assert_eq!(members["sum"], "0.00");
    assert!(
        members["accounts"]
            .as_array()
            .unwrap()
            .iter()
            .all(|a| a["confirmed"] == true)
    );

    // The memo is here, and the chain does not have it.
    let payments = world.data(["payments"]);
    assert_eq!(payments["payments"][0]["memo"], "a litre of milk");
    assert_eq!(payments["payments"].as_array().unwrap().len(), 3);

    // The committee suspends alice: only new debt is blocked, and the audit says so without complaint.
    world
        .lets([
            "terms",
            "alice",
            "--suspend",
            "--committee-key",
            "c1",
            "--committee-key",
            "c2",
            "--yes",
            "--no-wait",
        ])
        .ok();
    world.mine();
    let audit = world.data(["verify"]);
    assert!(
        audit["warnings"][0]
            .as_str()
            .unwrap()
            .contains("past its line"),
        "{audit}"
    );

    // Her debt is earned back, and she leaves with her ERG.
    world
        .lets(["pay", "alice", "0.80", "--key", "bob", "--yes", "--no-wait"])
        .ok();
    world
        .lets([
            "pay",
            "alice",
            "1.70",
            "--key",
            "carol",
            "--yes",
            "--no-wait",
        ])
        .ok();
    world.mine();
    let balance = world.data(["balance", "alice"]);
    assert_eq!(balance["accounts"][0]["balance"], "-1.70");
    assert_eq!(balance["accounts"][0]["claimable"], "1.70");
    world
        .lets(["claim", "--key", "alice", "--yes", "--no-wait"])
        .ok();
    world
        .lets(["exit", "--key", "alice", "--yes", "--no-wait"])
        .ok();
    world.mine();
    let members = world.data(["members"]);
    assert_eq!(members["accounts"].as_array().unwrap().len(), 2);
    assert_eq!(members["sum"], "0.00");
    assert_eq!(
        world.data(["verify"])["warnings"].as_array().unwrap().len(),
        0
    );

    // With the ERG that came back she can apply again.
    world
        .lets(["apply", "--key", "alice", "--yes", "--no-wait"])
        .ok();
    let open = world.data(["applications"]);
    let id = open["applications"][0]["application"]
        .as_str()
        .unwrap()
        .to_owned();
    world
        .lets([
            "withdraw",
            &id[..10],
            "--key",
            "alice",
            "--yes",
            "--no-wait",
        ])
        .ok();
    let none = world.data(["applications"]);
    assert_eq!(none["applications"].as_array().unwrap().len(), 0);
}

#[test]
fn waiting_ends_with_the_block() {
    let world = World::village();
    let mut command = world.command(&world.devnet.url(), &world.home());
    let mut pay = command
        .args(["pay", "bob", "1", "--key", "alice", "--yes", "--json"])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    crate::world::until("the payment is in the pool", || {
        world.state().pool.len() == 1
    });
    assert!(pay.try_wait().unwrap().is_none(), "it did not wait");
    world.mine();
    let output = pay.wait_with_output().unwrap();
    let envelope: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let height = &envelope["data"]["transactions"][0]["height"];
    assert_eq!(height.as_u64(), Some(u64::from(world.devnet.height())));
}

#[test]
fn several_applications_are_admitted_in_one_command() {
    let world = World::new();
    world.found("Village");
    for name in MEMBERS {
        world.key(name);
        world.fund(name, "5");
        world
            .lets(["apply", "--key", name, "--yes", "--no-wait"])
            .ok();
    }
    world.mine();
    let admitted = world.data([
        "admit",
        "all",
        "--line",
        "50",
        "--cap",
        "70.5",
        "--committee-key",
        "c2",
        "--committee-key",
        "c3",
        "--yes",
        "--no-wait",
    ]);
    assert_eq!(admitted["accounts"].as_array().unwrap().len(), 3);
    world.mine();
    for name in MEMBERS {
        // Found by the key on this machine, without a name in the address book.
        let account = &world.data(["balance", name])["accounts"][0];
        assert_eq!(account["credit_line"], "50.00");
        assert_eq!(account["cap"], "70.50");
    }
}

#[test]
fn dry_run_shows_and_changes_nothing() {
    let world = World::village();
    let before = world.state();
    for args in [
        &["pay", "bob", "2", "--key", "alice", "--dry-run"][..],
        &[
            "terms",
            "bob",
            "--line",
            "10",
            "--committee-key",
            "c1",
            "--dry-run",
        ],
        &["apply", "--key", "c1", "--dry-run"],
        &["exit", "--key", "carol", "--dry-run"],
        &["touch", "--key", "alice", "--dry-run"],
    ] {
        let run = world.lets(args.iter().copied()).ok();
        assert!(!run.stdout.is_empty(), "{args:?}");
        assert_eq!(world.state(), before, "{args:?}");
    }
    let data = world.data(["pay", "bob", "2", "--key", "alice", "--dry-run"]);
    assert_eq!(data["dry_run"], true);
    assert_eq!(data["transactions"][0]["kind"], "pay");
    assert_eq!(data["transactions"][0]["fee_nanoerg"], 1_000_000);
}

#[test]
fn touch_after_three_years_renews_every_box() {
    let world = World::village();
    // Years before, the audit says when; from the third on it warns.
    let young = world.data(["verify"]);
    assert!(
        young["checks"].to_string().contains("in 4.0 years"),
        "{young}"
    );
    assert_eq!(young["warnings"].as_array().unwrap().len(), 0);
    world.devnet.mine(788_500).unwrap();
    let old = world.data(["verify"]);
    assert!(old["checks"].to_string().contains("in 1.0 years"), "{old}");
    assert_eq!(old["warnings"].as_array().unwrap().len(), 5);
    let touched = world.data(["touch", "--key", "alice", "--yes", "--no-wait"]);
    // Charter, pot and three accounts.
    assert_eq!(touched["transactions"].as_array().unwrap().len(), 5);
    world.mine();
    let after = world.data(["touch", "--key", "alice"]);
    assert!(
        after["boxes"]
            .as_array()
            .unwrap()
            .iter()
            .all(|b| b["age_blocks"].as_u64().unwrap() < 10),
        "{after}"
    );
    // Nothing else has changed, and trade goes on.
    world
        .lets(["pay", "bob", "2", "--key", "alice", "--yes", "--no-wait"])
        .ok();
    world.mine();
    assert_eq!(world.balance("alice"), "-2.00");
    world.lets(["verify"]).ok();
}

#[test]
fn verify_warns_of_rent_within_a_year() {
    let world = World::village();
    assert_eq!(
        world.data(["verify"])["warnings"].as_array().unwrap().len(),
        0
    );
    world.devnet.mine(800_000).unwrap();
    let warnings = world.data(["verify"])["warnings"].to_string();
    for what in ["the charter", "the pot", "account "] {
        assert!(warnings.contains(what), "{warnings}");
    }
}

#[test]
fn names_are_kept_and_refused() {
    let world = World::village();
    let number = world.data(["balance", "bob"])["accounts"][0]["number"]
        .as_str()
        .unwrap()
        .to_owned();
    world.lets(["name", "add", "baker", &number[..8]]).ok();
    assert_eq!(
        world.data(["balance", "baker"])["accounts"][0]["number"],
        number
    );
    world.refused(
        "name_taken",
        &["baker"],
        ["name", "add", "baker", &"0".repeat(64)],
    );
    world.refused("bad_name", &["../x"], ["name", "add", "../x", &number]);
    world.lets(["name", "remove", "baker"]).ok();
    world.refused(
        "unknown_name",
        &["baker", "alice"],
        ["name", "remove", "baker"],
    );
}
