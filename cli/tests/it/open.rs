//! LETS without a committee, by hand: each kind from its founding to a member's last day.

mod forged;
mod kinds;
mod many;
mod silent;

use crate::world::World;

/// How `lets devnet oracle` names the pool that the worlds here use.
pub(crate) struct Oracle<'w> {
    world: &'w World,
    pub(crate) nft: String,
}

impl<'w> Oracle<'w> {
    pub(crate) fn new(world: &'w World, rate: &str) -> Self {
        let made = world.data(["devnet", "oracle", "--rate", rate]);
        Self {
            world,
            nft: made["nft"].as_str().unwrap().to_owned(),
        }
    }

    pub(crate) fn say(&self, rate: &str) {
        self.world
            .lets(["devnet", "oracle", "--rate", rate, "--nft", &self.nft])
            .ok();
    }
}

impl World {
    /// Founds "Open" of this kind under a new oracle at 1 ERG a euro, with short times; `more` options.
    pub(crate) fn found_open(&self, kind: &str, more: &[&str]) -> Oracle<'_> {
        let oracle = Oracle::new(self, "1");
        self.key("founder");
        self.fund("founder", "20");
        let args = [
            "found",
            "--kind",
            kind,
            "--name",
            "Open",
            "--currency",
            "EUR",
            "--key",
            "founder",
            "--oracle",
            &oracle.nft,
            "--lock",
            "100",
            "--grace",
            "40",
            "--yes",
            "--no-wait",
        ];
        self.lets(args.into_iter().chain(more.iter().copied())).ok();
        self.mine();
        oracle
    }

    /// A new key with so much ERG joins and is named.
    pub(crate) fn join(&self, name: &str, erg: &str, more: &[&str]) -> serde_json::Value {
        self.key(name);
        self.fund(name, erg);
        let args = ["join", "--key", name, "--name", name, "--yes", "--no-wait"];
        self.data(args.into_iter().chain(more.iter().copied()))
    }

    /// The health of an account of that name.
    fn health(&self, name: &str) -> serde_json::Value {
        let data = self.data(["health"]);
        let accounts = data["accounts"].as_array().unwrap();
        accounts.iter().find(|a| a["name"] == name).unwrap().clone()
    }
}

#[test]
fn lets1_from_founding_to_liquidation_and_exit() {
    let world = World::new();
    let oracle = world.found_open("lets1", &[]);
    let joined = world.join("alice", "50", &["--line", "20"]);
    assert_eq!(joined["credit_line"], "20.00");
    world.join("bob", "50", &["--line", "20"]);
    // Without a line: he earns first.
    world.join("carol", "5", &[]);
    world.mine();
    world.lets(["verify"]).ok();

    world.pay("alice", "bob", "18.00", &[]);
    world.pay("alice", "carol", "2.00", &[]);
    world.refused(
        "credit_line",
        &["20.00"],
        ["pay", "bob", "0.01", "--key", "alice", "--yes"],
    );
    world.mine();
    assert_eq!(world.balance("alice"), "-20.00");
    assert_eq!(world.health("alice")["state"], "safe");
    // 40 ERG and 0.1 for fees carry 20 euros at 150 percent until a euro is 1.33 ERG.
    assert_eq!(world.health("alice")["may_fall_percent"], 25);
    assert_eq!(world.health("bob")["state"], "no_debt");
    world.refused(
        "exit_balance",
        &["+2.00"],
        ["exit", "--key", "carol", "--yes"],
    );
    world.refused(
        "lock",
        &["locked until"],
        ["collateral", "remove", "10", "--key", "bob", "--yes"],
    );

    // ERG loses a third of its worth.
    oracle.say("1.5");
    assert_eq!(world.health("alice")["state"], "callable");
    let done = world.data(["liquidate", "--key", "bob", "--yes", "--no-wait"]);
    assert_eq!(done["done"][0]["what"], "called");
    assert_eq!(done["done"].as_array().unwrap().len(), 1);
    world.mine();
    assert_eq!(world.health("alice")["state"], "called");
    let marked = world.account("alice");
    assert_eq!(marked["can_spend"], "0.00");
    assert!(
        marked["mark"].as_str().unwrap().contains("called"),
        "{marked}"
    );
    assert!(world.account("bob")["mark"].is_null());
    world.pay("carol", "alice", "1.00", &[]);
    world.mine();
    world.refused(
        "payee_class",
        &["the debt was called", "0.00"],
        ["pay", "carol", "0.50", "--key", "alice", "--yes"],
    );
    world.pay("bob", "carol", "1.00", &[]);
    world.mine();
    let none = world.data(["liquidate", "--key", "bob", "--yes"]);
    assert!(none["done"].as_array().unwrap().is_empty());

    // More collateral mends it; a second fall is not mended.
    world.fund("alice", "60");
    let mended = world.data([
        "collateral",
        "add",
        "20",
        "--key",
        "alice",
        "--yes",
        "--no-wait",
    ]);
    assert_eq!(mended["marked"], false);
    assert_eq!(mended["collateral"], "60 ERG");
    world.mine();
    assert_eq!(world.health("alice")["state"], "safe");
    oracle.say("2.5");
    world
        .lets(["liquidate", "alice", "--key", "carol", "--yes", "--no-wait"])
        .ok();
    world.devnet.mine(80).unwrap();
    oracle.say("2.5");
    assert_eq!(world.health("alice")["state"], "liquidatable");
    let done = world.data(["liquidate", "--key", "bob", "--yes", "--no-wait"]);
    assert_eq!(done["done"][0]["what"], "liquidated");
    // All of it, at 2.5 ERG a euro and ten percent; for the most part out of what he has earned.
    assert_eq!(done["done"][0]["amount"], "19.00");
    assert_eq!(done["done"][0]["nanoerg"], 52_250_000_000u64);
    world.mine();
    assert_eq!(world.balance("alice"), "0.00");
    assert_eq!(world.balance("bob"), "-2.00");
    world.lets(["verify"]).ok();
    let audit = world.data(["audit"]);
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
            "joined",
            "joined",
            "joined",
            "called",
            "adjusted",
            "called",
            "liquidated"
        ]
    );

    // Whoever is at 0 leaves with what is left.
    world.devnet.mine(800).unwrap();
    world.act(["exit", "--key", "alice"]);
    world.pay("carol", "bob", "2.00", &[]);
    world.mine();
    world.act(["exit", "--key", "carol"]);
    world.act(["exit", "--key", "bob"]);
    world.mine();
    let members = world.data(["members"]);
    assert!(members["accounts"].as_array().unwrap().is_empty());
    world.lets(["audit"]).ok();
}

#[test]
fn lets1_lines_and_collateral_change_as_far_as_the_rate_lets_them() {
    let world = World::new();
    world.found_open("lets1", &["--oracle-dead", "5040"]);
    world.join("alice", "100", &["--line", "20"]);
    world.mine();
    let alice = |rest: &[&'static str]| -> Vec<&'static str> {
        let own = ["--key", "alice", "--yes", "--no-wait"];
        let args = ["collateral"].into_iter().chain(rest.iter().copied());
        args.chain(own).collect()
    };
    world.refused("usage", &["nothing to change"], alice(&["add"]));
    world.refused(
        "cover",
        &["covers 20.00"],
        alice(&["add", "0", "--line", "21"]),
    );
    world.lets(alice(&["add", "2", "--line", "21"])).ok();
    world.mine();
    assert_eq!(world.account("alice")["credit_line"], "21.00");
    world.refused(
        "lock",
        &["locked until"],
        alice(&["remove", "1", "--line", "20"]),
    );
    world.devnet.mine(900).unwrap();
    // No rate is known: less credit is possible, less collateral is not.
    world.refused("oracle_age", &[], alice(&["remove", "1", "--line", "20"]));
    world.lets(alice(&["add", "0", "--line", "20"])).ok();
    world.mine();
    assert_eq!(world.account("alice")["credit_line"], "20.00");

    // The oracle dies: whoever could draw is frozen, and who owes nothing leaves with everything.
    world.refused("oracle_age", &[], ["liquidate", "--key", "alice", "--yes"]);
    world.devnet.mine(4_500).unwrap();
    let done = world.act(["liquidate", "--key", "alice"]);
    assert_eq!(done["done"][0]["what"], "frozen");
    world.mine();
    assert_eq!(world.health("alice")["state"], "frozen");
    assert_eq!(world.account("alice")["can_spend"], "0.00");
    let before = world.account("alice")["erg"].clone();
    assert_eq!(before, "46.1 ERG");
    world.act(["exit", "--key", "alice"]);
    world.mine();
    let deeds = world.data(["audit"]);
    assert_eq!(
        crate::steps::column(&deeds["deeds"], "deed"),
        [
            "founded", "joined", "adjusted", "adjusted", "called", "exited"
        ]
    );
}

#[test]
fn watcher_calls_and_liquidates_as_blocks_come() {
    let world = World::new();
    let oracle = world.found_open("lets1", &[]);
    world.join("alice", "50", &["--line", "20"]);
    world.join("bob", "50", &["--line", "20"]);
    world.mine();
    world.pay("alice", "bob", "20.00", &[]);
    world.mine();
    oracle.say("1.5");
    let to = (world.devnet.height() + 90).to_string();
    let watch = [
        "liquidate",
        "--watch",
        "--to",
        &to,
        "--most",
        "15",
        "--key",
        "bob",
        "--yes",
    ];
    let child = {
        let mut command = world.command(&world.devnet.url(), &world.home());
        command.args(watch).arg("--json");
        command.stdout(std::process::Stdio::piped());
        command.stderr(std::process::Stdio::piped());
        command.spawn().unwrap()
    };
    let called = || world.health("alice")["state"] == "called";
    crate::world::until("a call in the pool", called);
    world.mine();
    world.devnet.mine(75).unwrap();
    oracle.say("1.5");
    crate::world::until("a liquidation in the pool", || {
        world.account("alice")["balance"] == "-5.00"
    });
    world.devnet.mine(30).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let done: Vec<serde_json::Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let what: Vec<&str> = done.iter().map(|d| d["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["called", "liquidated"]);
    assert_eq!(done[1]["amount"], "15.00");
    world.lets(["audit"]).ok();
}
