//! What the committee does in the open: writing debts off, changing the charter.

use crate::world::World;

const OLD: [&str; 4] = ["--committee-key", "c1", "--committee-key", "c3"];

fn act<'a>(world: &World, args: impl IntoIterator<Item = &'a str>) {
    let done = args.into_iter().chain(["--yes", "--no-wait"]);
    world.lets(done).ok();
    world.mine();
}

#[test]
fn write_off_moves_a_debt_to_the_community_with_its_reason() {
    let world = World::village();
    let of = |rest: &[&'static str]| -> Vec<&'static str> {
        ["committee", "write-off", "alice"]
            .into_iter()
            .chain(rest.iter().copied())
            .chain(OLD)
            .collect()
    };
    world.refused(
        "nothing",
        &["lets apply --community"],
        of(&["--reason", "gone", "--yes"]),
    );
    world.key("treasurer");
    world.fund("treasurer", "5");
    act(&world, ["apply", "--community", "--key", "treasurer"]);
    act(
        &world,
        ["admit", "all", "--name", "community"]
            .into_iter()
            .chain(OLD),
    );
    // Whoever applied for it has no power over it.
    world.refused(
        "no_account",
        &[],
        ["pay", "bob", "1", "--key", "treasurer", "--yes"],
    );
    act(&world, ["pay", "bob", "30.00", "--key", "alice"]);
    world.refused(
        "write_off",
        &["the debt is 30.00"],
        of(&["30.01", "--reason", "too much", "--yes"]),
    );
    world.refused(
        "cannot_sign",
        &["--committee-key"],
        [
            "committee",
            "write-off",
            "alice",
            "--reason",
            "alone",
            "--committee-key",
            "c1",
            "--yes",
        ],
    );
    act(&world, of(&["--reason", "left the valley"]));
    assert_eq!(world.balance("alice"), "0.00");
    assert_eq!(world.balance("community"), "-30.00");
    let stats = world.data(["stats"]);
    assert_eq!(stats["written_off"], "30.00");
    assert_eq!(stats["bad_debt_percent"], "100.00");
    let audit = world.data(["audit"]);
    let last = audit["deeds"].as_array().unwrap().last().unwrap();
    assert_eq!(last["deed"], "written_off");
    assert!(
        last["what"].as_str().unwrap().ends_with("left the valley"),
        "{last}"
    );
}

#[test]
fn charter_changes_after_its_delay_and_not_before() {
    let world = World::village();
    for key in ["d1", "d2"] {
        world.key(key);
    }
    let announce = [
        "committee",
        "announce",
        "--bound",
        "max-line=1500",
        "--threshold",
        "2",
        "--new-key",
        "d1",
        "--new-key",
        "d2",
    ];
    world.refused(
        "hard_bound",
        &["fixed for ever"],
        [
            "committee",
            "announce",
            "--bound",
            "change-delay=1",
            "--yes",
        ]
        .into_iter()
        .chain(OLD),
    );
    act(&world, announce.into_iter().chain(OLD));
    // Whoever looks sees what is to change, from what to what, and from when on.
    let members = world.data(["members"]);
    let from = members["other_rules_from"].as_u64().unwrap();
    let changes: Vec<&str> = members["other_rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change.as_str().unwrap())
        .collect();
    assert_eq!(changes[0], "committee: 2 of 3 -> 2 of 2");
    for key in ["d1", "d2"] {
        let joins = format!("joins the committee: {}", public_key(&world, key));
        assert!(changes.contains(&joins.as_str()), "{changes:?}");
    }
    assert_eq!(
        changes.last(),
        Some(&"longest credit line: 1000.00 -> 1500.00")
    );
    for command in ["verify", "audit"] {
        let warnings = world.data([command])["warnings"].to_string();
        assert!(
            warnings.contains(&format!("from height {from} on: {}", changes.join("; "))),
            "{command}: {warnings}"
        );
    }
    world.refused(
        "usage",
        &["limits nothing"],
        ["committee", "announce", "--bound", "draw-limit=50", "--yes"]
            .into_iter()
            .chain(OLD),
    );
    world.refused(
        "delay_not_over",
        &[],
        ["committee", "enact", "--key", "alice", "--yes"],
    );
    // The committee thinks better of it, and then not.
    act(&world, ["committee", "cancel"].into_iter().chain(OLD));
    world.refused(
        "nothing_announced",
        &[],
        ["committee", "enact", "--key", "alice", "--yes"],
    );
    act(&world, announce.into_iter().chain(OLD));
    world.devnet.mine(720 + 5_040).unwrap();
    world.fund("alice", "1");
    act(&world, ["committee", "enact", "--key", "alice"]);

    // The old committee is nobody now; the new one grants what only the new rules allow.
    let line = ["committee", "set-terms", "bob", "--line", "1200"];
    world.refused(
        "cannot_sign",
        &[],
        line.into_iter().chain(OLD).chain(["--yes"]),
    );
    let new = [
        "--committee-key",
        "d1",
        "--committee-key",
        "d2",
        "--key",
        "c1",
    ];
    act(&world, line.into_iter().chain(new));
    assert_eq!(
        world.data(["balance", "bob"])["accounts"][0]["credit_line"],
        "1200.00"
    );
    let deeds: Vec<String> = world.data(["audit"])["deeds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["deed"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        deeds[4..],
        [
            "announced",
            "cancelled",
            "announced",
            "enacted",
            "terms_set"
        ]
    );
}

fn public_key(world: &World, key: &str) -> String {
    let shown = world.data(["key", "show", key]);
    shown["public_key"].as_str().unwrap().to_owned()
}

#[test]
fn member_expelled_at_zero_and_not_before() {
    let world = World::village();
    let expel = ["committee", "expel", "carol"];
    act(&world, ["pay", "carol", "5.00", "--key", "alice"]);
    world.refused(
        "exit_balance",
        &["5.00"],
        expel.into_iter().chain(OLD).chain(["--yes"]),
    );
    act(&world, ["pay", "alice", "5.00", "--key", "carol"]);
    world.refused(
        "cannot_sign",
        &[],
        expel.into_iter().chain(["--committee-key", "c2", "--yes"]),
    );
    act(&world, expel.into_iter().chain(OLD));
    let members = world.data(["members"]);
    assert_eq!(members["accounts"].as_array().unwrap().len(), 2);
    // Her ERG is hers: she can apply again with it.
    act(&world, ["apply", "--key", "carol", "--erg", "3.13"]);
    let audit = world.data(["audit"]);
    let deeds = audit["deeds"].as_array().unwrap();
    assert_eq!(deeds.last().unwrap()["deed"], "expelled");
}

#[test]
fn lost_key_recovered_after_the_delay_unless_its_owner_refuses() {
    let world = World::village();
    world.key("heir");
    world.fund("heir", "1");
    let heir = public_key(&world, "heir");
    let recover = ["committee", "recover", "alice", "--heir", &heir];
    act(&world, ["pay", "bob", "7.00", "--key", "alice"]);
    act(&world, recover.into_iter().chain(OLD));
    let complete = ["committee", "complete", "alice", "--key", "heir", "--yes"];
    world.refused("recovery", &[], complete);

    // The key is not lost: any payment refuses the recovery.
    act(&world, ["pay", "bob", "1.00", "--key", "alice"]);
    world.devnet.mine(3_600 + 21_600).unwrap();
    world.refused("recovery", &[], complete);

    // The next time nobody objects.
    act(&world, recover.into_iter().chain(OLD));
    world.devnet.mine(3_600 + 21_600).unwrap();
    act(&world, ["committee", "complete", "alice", "--key", "heir"]);
    assert_eq!(world.balance("alice"), "-8.00");
    world.refused(
        "no_account",
        &[],
        ["pay", "bob", "1", "--key", "alice", "--yes"],
    );
    act(&world, ["pay", "bob", "1.00", "--key", "heir"]);
    assert_eq!(world.balance("alice"), "-9.00");
    let deeds: Vec<String> = world.data(["audit"])["deeds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["deed"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        deeds[4..],
        ["recovery_started", "recovery_started", "recovery_completed"]
    );

    // Who has refused for good cannot be recovered.
    act(
        &world,
        ["account", "set", "--refuse-recovery", "--key", "bob"],
    );
    world.refused(
        "recovery",
        &[],
        ["committee", "recover", "bob", "--heir", &heir, "--yes"]
            .into_iter()
            .chain(OLD),
    );
}
