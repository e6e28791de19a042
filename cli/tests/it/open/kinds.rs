//! LETS-2, LETS-3 and LETS-4 over REST, and what each refuses of the others.

use crate::steps::column;
use crate::world::World;

#[test]
fn lets2_gives_a_line_for_a_fee_that_is_more_than_it_is_worth() {
    let world = World::new();
    // Four times the present rate, at which 20 euros are 80 ERG: a fee of 80 would pay for joining twice.
    let oracle = crate::open::Oracle::new(&world, "1");
    world.key("founder");
    world.fund("founder", "20");
    let found = [
        "found",
        "--kind",
        "lets2",
        "--name",
        "Open",
        "--currency",
        "EUR",
        "--oracle",
        &oracle.nft,
    ];
    let cheap = found.into_iter().chain(["--join-fee", "80", "--yes"]);
    world.refused("found", &["80 ERG", "false members"], cheap);
    let bounded = found.into_iter().chain(["--max-line", "80", "--yes"]);
    world.refused("usage", &["no bounds of a committee"], bounded);
    let kindless = [
        "found",
        "--name",
        "Open",
        "--currency",
        "EUR",
        "--oracle",
        &oracle.nft,
    ];
    world.refused("usage", &["--kind"], kindless);
    world
        .lets(found.into_iter().chain(["--yes", "--no-wait"]))
        .ok();
    world.mine();
    world.refused("usage", &["LETS-1"], ["join", "--line", "5", "--yes"]);

    for name in ["alice", "bob"] {
        world.join(name, "90", &[]);
    }
    world.mine();
    assert_eq!(world.account("alice")["credit_line"], "20.00");
    world.pay("alice", "bob", "20.00", &[]);
    world.mine();
    world.refused(
        "kind",
        &["LETS-1"],
        ["collateral", "add", "1", "--key", "alice", "--yes"],
    );
    world.refused("kind", &["LETS-3"], ["buy", "1", "--key", "alice", "--yes"]);
    world.refused("kind", &["LETS-1"], ["liquidate", "--key", "bob", "--yes"]);
    world.refused("no_committee", &[], ["apply", "--key", "bob", "--yes"]);
    for command in [&["admit", "all"][..], &["terms", "bob", "--line", "5"]] {
        let signed = ["--committee-key", "founder", "--yes"];
        let args = command.iter().copied().chain(signed);
        world.refused("no_committee", &["nobody admits"], args);
    }
    world.pay("bob", "alice", "20.00", &[]);
    world.mine();
    world.act(["exit", "--key", "alice"]);
    world.mine();
    world.lets(["verify"]).ok();
    let audit = world.data(["audit"]);
    assert_eq!(
        column(&audit["deeds"], "deed"),
        ["founded", "joined", "joined", "exited"]
    );
    assert!(
        world
            .lets(["health"])
            .ok()
            .stdout
            .contains("nothing to call")
    );
}

#[test]
fn lets3_sells_units_and_takes_them_back_for_their_share() {
    let world = World::new();
    let oracle = world.found_open("lets3", &[]);
    world.join("alice", "60", &["--buy", "20"]);
    world.join("bob", "60", &[]);
    world.mine();
    assert_eq!(world.balance("alice"), "+20.00");
    let bought = world.act(["buy", "5", "--key", "bob"]);
    // At the cover of 200 percent.
    assert_eq!(bought["nanoerg"], 10_000_000_000u64);
    world.mine();
    world.refused(
        "credit_line",
        &[],
        ["pay", "bob", "20.01", "--key", "alice", "--yes"],
    );
    world.pay("alice", "bob", "8.00", &[]);
    world.mine();
    assert_eq!(world.balance("bob"), "+13.00");
    assert_eq!(world.data(["health"])["reserve"]["percent_of_price"], 200);
    world.refused(
        "units_held",
        &["13.00"],
        ["redeem", "13.01", "--key", "bob", "--yes"],
    );
    let back = world.act(["redeem", "3", "--key", "bob"]);
    assert_eq!(back["nanoerg"], 3_000_000_000u64);
    world.mine();

    // ERG falls to a quarter: the reserve is less than the price, and everybody gets his share alone.
    oracle.say("4");
    let health = world.data(["health"]);
    assert_eq!(health["reserve"]["nanoerg"], 47_000_000_000u64);
    assert_eq!(health["reserve"]["units_out"], "22.00");
    let share = 47_000_000_000u64 / 2_200;
    let back = world.act(["redeem", "10", "--key", "bob"]);
    assert_eq!(back["nanoerg"], share * 1_000);
    world.mine();
    world.act(["exit", "--key", "bob"]);
    let last = world.act(["redeem", "12", "--key", "alice"]);
    assert!(last["nanoerg"].as_u64().unwrap() >= share * 1_200);
    world.act(["exit", "--key", "alice"]);
    world.mine();
    world.lets(["verify"]).ok();
    let audit = world.data(["audit"]);
    assert_eq!(
        column(&audit["deeds"], "deed"),
        [
            "founded", "joined", "joined", "bought", "redeemed", "redeemed", "exited", "redeemed",
            "exited"
        ]
    );
}

#[test]
fn lets4_starts_with_units_and_owes_nothing() {
    let world = World::new();
    world.found_open("lets4", &["--credit", "10"]);
    for name in ["alice", "bob"] {
        let joined = world.join(name, "60", &[]);
        assert_eq!(joined["balance"], "+10.00");
    }
    world.mine();
    world.pay("alice", "bob", "10.00", &[]);
    world.refused(
        "credit_line",
        &[],
        ["pay", "bob", "0.01", "--key", "alice", "--yes"],
    );
    world.mine();
    let checks = world.data(["verify"])["checks"].to_string();
    assert!(
        checks.contains("the sum of all balances is +20.00"),
        "{checks}"
    );
    world.refused(
        "exit_balance",
        &["+20.00"],
        ["exit", "--key", "bob", "--yes"],
    );
    world.act(["exit", "--key", "alice"]);
    world.mine();
    assert_eq!(world.data(["audit"])["figures"]["sum"], "+20.00");

    // Three years on anybody renews the boxes.
    world.devnet.mine(788_400).unwrap();
    world.act(["touch", "--key", "bob"]);
    world.mine();
    let renewed = world.data(["audit"]);
    // The oracle has been silent all the while: nobody can join.
    let warnings = renewed["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{renewed}");
    assert!(warnings[0].as_str().unwrap().contains("no rate"));
}

#[test]
fn lets3_under_a_dead_oracle_gives_everybody_his_share() {
    let world = World::new();
    world.found_open("lets3", &["--oracle-dead", "5040"]);
    world.join("alice", "60", &["--buy", "20"]);
    world.mine();
    world.devnet.mine(200).unwrap();
    let silent = ["redeem", "1", "--key", "alice", "--yes"];
    world.refused("oracle_age", &["longer ago"], silent);
    let warnings = world.data(["verify"])["warnings"].to_string();
    assert!(warnings.contains("there is no rate now"), "{warnings}");
    world.devnet.mine(5_000).unwrap();
    // 40 ERG behind 20 euros: not the price, which nobody knows.
    let back = world.act(["redeem", "20", "--key", "alice"]);
    assert_eq!(back["nanoerg"], 40_000_000_000u64);
    world.act(["exit", "--key", "alice"]);
    world.mine();
    world.lets(["audit"]).ok();
}

/// Notes in an open LETS: claimed, taken back, and at last taken in by the community's account, whose key the treasury holds.
#[test]
fn notes_of_an_open_lets_are_claimed_and_abandoned_ones_taken_in() {
    let world = World::new();
    world.found_open("lets1", &[]);
    world.join("alice", "50", &["--line", "20"]);
    world.join("bob", "5", &[]);
    world.fund("founder", "5");
    world.act(["join", "--community", "--key", "founder", "--name", "all"]);
    world.mine();
    world.pay("alice", "bob", "3.00", &["--note"]);
    world.mine();
    world.act(["claim", "--key", "bob"]);
    world.pay("alice", "bob", "2.00", &["--note", "--expires", "14d"]);
    world.mine();
    assert_eq!(world.balance("bob"), "+3.00");
    assert_eq!(world.account("bob")["claimable"], "2.00");
    assert_eq!(world.balance("alice"), "-5.00");
    // Neither claimed nor taken back for a year.
    world.devnet.mine(14 * 720 + 365 * 720).unwrap();
    world.act(["absorb", "--committee-key", "founder"]);
    world.mine();
    assert_eq!(world.balance("all"), "+2.00");
    let audit = world.data(["audit"]);
    assert_eq!(audit["figures"]["sum"], "0.00");
    assert_eq!(audit["figures"]["notes"], 0);
}
