//! Commands killed at every request that they make: the next one knows what happened, and nothing is done twice or lost.

use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::ledger::books;
use crate::proxy::{Mode, Proxy};
use crate::steps::transaction;
use crate::world::{MEMBERS, Run, World, until};

/// How many fault points are tried at the same time: they wait more than they work.
const AT_ONCE: usize = 3;

/// A command, and what must hold when it was killed: `done` is told whether its transaction is with the node.
struct Case {
    args: &'static [&'static str],
    done: fn(&World, bool),
}

const CASES: [Case; 6] = [
    // It also waits for its block: requests without end, of which the first are tried.
    Case {
        args: &["pay", "bob", "3.00", "--key", "alice", "--yes"],
        done: paid,
    },
    Case {
        args: &["claim", "--key", "bob", "--yes", "--no-wait"],
        done: claimed,
    },
    Case {
        args: &["settle", "sign", "open.json", "--key", "bob", "--yes"],
        done: signed,
    },
    Case {
        args: &["settle", "send", "ring.json", "--yes", "--no-wait"],
        done: settled,
    },
    Case {
        args: &["exit", "--key", "carol", "--yes", "--no-wait"],
        done: left,
    },
    Case {
        args: &["sync"],
        done: synced,
    },
];

/// Requests after the submission at which a command that waits is killed.
const WHILE_WAITING: usize = 4;

/// Alice has paid bob 2.00 by a note that waits for him, and owes him 5.00 - 1.00 in a settlement: signed by both in
/// `ring.json`, by her alone in `open.json`.
fn base() -> World {
    let world = World::kept().settled();
    world.pay("alice", "bob", "2.00", &["--note"]);
    world.mine();
    let [open, ring] = ["open.json", "ring.json"].map(|name| world.folder.path().join(name));
    let (open, ring) = (open.to_str().unwrap(), ring.to_str().unwrap());
    let legs = ["--pay", "alice:bob:5", "--pay", "bob:alice:1"];
    let propose = ["settle", "propose", "--out", open];
    world.lets(propose.into_iter().chain(legs)).ok();
    let sign = |file, key| {
        let args = ["settle", "sign", file, "--key", key, "--yes"];
        world.lets(args).ok();
    };
    sign(open, "alice");
    std::fs::copy(open, ring).unwrap();
    sign(ring, "bob");
    world
}

impl World {
    /// The command, with the world's own files, at the node of this address.
    fn spawned(&self, url: &str, args: &[&str]) -> std::process::Child {
        let mut command = self.command(url, &self.home());
        command.args(args).current_dir(self.folder.path());
        command.stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    fn in_the_pool(&self) -> usize {
        self.state().pool.len()
    }

    fn json(&self, args: &[&str]) -> Run {
        let file = |arg: &str| match arg.ends_with(".json") {
            true => self.folder.path().join(arg).to_str().unwrap().to_owned(),
            false => arg.to_owned(),
        };
        let args: Vec<String> = args.iter().map(|arg| file(arg)).collect();
        self.lets(args.iter().map(String::as_str).chain(["--json"]))
    }

    /// Runs the command again: it is done, or was done before and says so as this kind.
    fn again(&self, args: &[&str], arrived: bool, kind: &str) {
        match arrived {
            false => drop(self.json(args).ok()),
            true => self.json(args).is_refused(kind, &[]),
        }
    }

    /// Those of alice, bob and carol.
    fn balances(&self) -> [String; 3] {
        let seen = self.data(["balance"]);
        let accounts = seen["accounts"].as_array().unwrap();
        MEMBERS.map(|who| {
            let its = accounts.iter().find(|a| a["name"] == who);
            its.unwrap()["balance"].as_str().unwrap().to_owned()
        })
    }
}

fn paid(world: &World, arrived: bool) {
    let home = world.home();
    // The note was signed before.
    let signed = world.events(&home).into_iter().filter(|e| e == "signed");
    let is_signed = signed.count() == 2;
    // The next payment goes from the same box. It says what became of the first, and does not take its place.
    let next = world.json(&[
        "pay",
        "carol",
        "1.00",
        "--key",
        "alice",
        "--yes",
        "--no-wait",
    ]);
    let next = next.ok();
    let lost = is_signed && !arrived;
    assert_eq!(next.stderr.contains("payments --retry"), lost, "{next:?}");
    let expected = match (is_signed, arrived) {
        (false, _) => None,
        (true, false) => Some("signed"),
        (true, true) => Some("sent"),
    };
    let mut to_bob = world.statuses(&home);
    to_bob.retain(|(who, _)| who == "bob");
    let status = to_bob.into_iter().nth(1).map(|(_, status)| status);
    let status = status.filter(|s| s != "ordered");
    assert_eq!(status.as_deref(), expected);
    for _ in 0..2 {
        world.act(["payments", "--retry"]);
        assert_eq!(world.in_the_pool(), 1 + usize::from(is_signed));
    }
    world.mine();
    let (alice, bob) = match is_signed {
        true => ("-6.00", "+3.00"),
        false => ("-3.00", "0.00"),
    };
    assert_eq!(world.balances(), [alice, bob, "+1.00"]);
}

fn claimed(world: &World, arrived: bool) {
    world.again(CASES[1].args, arrived, "nothing");
    world.mine();
    assert_eq!(world.balances(), ["-2.00", "+2.00", "0.00"]);
    world.again(CASES[1].args, true, "nothing");
}

fn signed(world: &World, _: bool) {
    world.json(CASES[2].args).ok();
    world
        .json(&["settle", "send", "open.json", "--yes", "--no-wait"])
        .ok();
    world.mine();
    assert_eq!(world.balances(), ["-6.00", "+4.00", "0.00"]);
}

fn settled(world: &World, arrived: bool) {
    world.again(CASES[3].args, arrived, "settlement_sent");
    assert_eq!(world.in_the_pool(), 1);
    world.mine();
    world.again(CASES[3].args, true, "settlement_sent");
    assert_eq!(world.balances(), ["-6.00", "+4.00", "0.00"]);
}

fn left(world: &World, arrived: bool) {
    world.again(CASES[4].args, arrived, "closed");
    assert_eq!(world.in_the_pool(), 1);
    world.mine();
    world.again(CASES[4].args, true, "closed");
    let members = world.data(["members"]);
    assert_eq!(members["accounts"].as_array().unwrap().len(), 2);
}

fn synced(world: &World, _: bool) {
    // As a power cut leaves what was not yet in the database: cut off anywhere.
    for entry in std::fs::read_dir(world.home()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "sqlite-wal") {
            let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
            file.set_len(file.metadata().unwrap().len() / 2).unwrap();
        }
    }
    world.json(&["sync"]).ok();
    let found = books(world, &world.home());
    world.json(&["sync", "--rebuild"]).ok();
    assert_eq!(found, books(world, &world.home()));
}

/// Kills the command at the request of this number, counted from 0; whether it came so far.
fn killed_at(world: &World, args: &[&str], number: usize, forward: bool) -> bool {
    let mode = Mode::HangAt { number, forward };
    let proxy = Proxy::new(&world.runtime, world.devnet.url(), mode);
    let mut process = world.spawned(&proxy.url, args);
    until("the request that hangs, or the end", || {
        proxy.hangs() || process.try_wait().unwrap().is_some()
    });
    process.kill().unwrap();
    process.wait().unwrap();
    proxy.hangs()
}

/// Every point at which the command can be killed: the number of a request, and whether it reaches the node first.
fn points(base: &World, case: &Case) -> Vec<(usize, bool)> {
    let world = base.copy();
    let proxy = Proxy::new(&world.runtime, world.devnet.url(), Mode::Pass);
    let mut process = world.spawned(&proxy.url, case.args);
    let is_submission = |request: &String| request == "POST /transactions";
    let submitted = || proxy.requests().iter().position(is_submission);
    until("the command's end, or its waiting", || {
        process.try_wait().unwrap().is_some()
            || submitted().is_some_and(|at| proxy.requests().len() > at + WHILE_WAITING)
    });
    process.kill().unwrap();
    process.wait().unwrap();
    let before = (0..proxy.requests().len()).map(|number| (number, false));
    before.chain(submitted().map(|at| (at, true))).collect()
}

#[test]
fn commands_killed_at_any_request_are_known_to_the_next_and_done_once() {
    let base = base();
    let mut all = Vec::new();
    for case in &CASES {
        let points = points(&base, case);
        assert!(points.len() > 3, "{:?}: {points:?}", case.args);
        all.extend(points.into_iter().map(|point| (case, point)));
    }
    let (next, reached) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((case, (number, forward))) =
                    all.get(next.fetch_add(1, Ordering::SeqCst))
                {
                    let world = base.copy();
                    let hung = killed_at(&world, case.args, *number, *forward);
                    reached.fetch_add(usize::from(hung), Ordering::SeqCst);
                    (case.done)(&world, world.in_the_pool() == 1);
                }
            });
        }
    });
    let reached = reached.into_inner();
    println!("{reached} of {} fault points", all.len());
    // How often a command looks whether its transaction is there yet is the node's affair.
    assert!(reached + 6 >= all.len(), "{reached} of {}", all.len());
}

/// A disk that is full in the middle of any line of the journal: so many blocks of 512 bytes, and no more.
#[cfg(unix)]
#[test]
fn pay_on_a_disk_that_fills_up_is_made_once_or_not_at_all() {
    let world = World::kept().settled();
    let [mut refused, mut made] = [0, 0];
    for blocks in 0..20 {
        let world = world.copy();
        let mut command = std::process::Command::new("sh");
        let plain = world.command(&world.devnet.url(), &world.home());
        command.envs(
            plain
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        // Without the signal's action a write beyond the limit fails as on a full disk: after a part of it.
        command.args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\""]);
        command.arg(blocks.to_string()).arg(plain.get_program());
        command.args([
            "pay",
            "bob",
            "2.00",
            "--key",
            "alice",
            "--yes",
            "--no-wait",
            "--json",
        ]);
        let output = command.stdin(Stdio::null()).output().unwrap();
        let run = Run {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        let sent = world.in_the_pool() == 1;
        match sent {
            true => {
                made += 1;
                run.ok();
            }
            false => {
                refused += 1;
                run.is_refused("file", &["payments.jsonl"]);
            }
        }
        // With room again: what was sent is known, and what was not is not sent by itself.
        world.act(["payments", "--retry"]);
        assert_eq!(world.in_the_pool(), usize::from(sent));
        world.mine();
        world.act(["pay", "carol", "1.00", "--key", "alice"]);
        world.mine();
        let alice = if sent { "-3.00" } else { "-1.00" };
        assert_eq!(world.balance("alice"), alice, "{blocks}");
        if made == 2 {
            break;
        }
    }
    assert!(refused > 3 && made == 2, "{refused} {made}");
}

#[test]
fn journal_and_ledger_of_a_later_format_are_left_as_they_are() {
    let world = World::village();
    let path = world.home().join("payments.jsonl");
    let pay = ["pay", "bob", "2.00", "--key", "alice", "--yes", "--no-wait"];
    world.pay("alice", "bob", "2.00", &[]);
    world.mine();
    let written = std::fs::read_to_string(&path).unwrap();
    let later = format!("{written}{{\"format\":2,\"by\":\"a later lets\"}}\n");
    std::fs::write(&path, &later).unwrap();
    let says = ["payments.jsonl", "format 2", "newer"];
    world.refused("journal_format", &says, pay);
    world.refused("journal_format", &says, ["payments"]);
    world.refused("journal_format", &says, ["payments", "--retry", "--yes"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), later);
    std::fs::write(&path, written).unwrap();

    // The same of the ledger: SQLite keeps the format at byte 60 of the file.
    let mut running = [0, 1].map(|_| world.spawned(&world.devnet.url(), &["sync"]));
    for one in &mut running {
        assert!(one.wait().unwrap().success(), "two at once");
    }
    let files = std::fs::read_dir(world.home()).unwrap();
    let mut files = files.map(|entry| entry.unwrap().path());
    let file = files.find(|f| f.extension().is_some_and(|end| end == "sqlite"));
    let file = file.unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[63] += 1;
    std::fs::write(&file, &bytes).unwrap();
    let says = ["a newer version of this program"];
    world.refused("books", &says, ["history", "alice"]);
    world.refused("books", &says, ["sync"]);
    // What the node can say is said all the same.
    assert_eq!(world.balance("alice"), "-2.00");
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
}

/// A node that answers 200 and forgets, and one that takes the block back: the payment is missed, and sent again.
#[test]
fn payment_that_the_node_forgets_or_takes_back_is_said_and_sent_again() {
    let world = World::village();
    world.devnet.mine(5).unwrap();
    let proxy = Proxy::new(&world.runtime, world.devnet.url(), Mode::Forget);
    let home = world.home();
    world.act_at(&proxy.url, &home, ["pay", "bob", "2.00", "--key", "alice"]);
    assert_eq!(world.in_the_pool(), 0);
    let next = [
        "pay",
        "carol",
        "1.00",
        "--key",
        "alice",
        "--yes",
        "--no-wait",
        "--json",
    ];
    let says_so = |run: &Run| {
        run.stderr
            .contains("the payment to bob is in no block and in no pool")
    };
    let run = world.lets(next).ok();
    assert!(says_so(&run), "{run:?}");
    world.act(["payments", "--retry"]);
    world.mine();
    assert_eq!(world.balance("alice"), "-3.00");
    assert_eq!(world.balance("bob"), "+2.00");

    // Three blocks back, nothing of it is valid any more.
    let included: Value = world.act(["payments", "--retry"]);
    assert_eq!(included["payments"][0]["status"], "included");
    world.devnet.rollback(3).unwrap();
    world.devnet.mine(14).unwrap();
    assert_eq!(world.balance("alice"), "0.00");
    let run = world.lets(next).ok();
    assert!(says_so(&run), "{run:?}");
    let again = world.act(["payments", "--retry"]);
    assert_eq!(again["payments"][0]["status"], "sent");
    world.mine();
    assert_eq!(world.balance("alice"), "-4.00");
    assert_eq!(world.balance("bob"), "+2.00");
    world.devnet.mine(10).unwrap();
    world.act(["payments", "--retry"]);
    let payments = world.data(["payments"]);
    for at in 0..3 {
        assert_eq!(
            payments["payments"][at]["status"], "confirmed",
            "{payments}"
        );
    }
    // What is deep is not asked for again.
    let proxy = Proxy::new(&world.runtime, world.devnet.url(), Mode::Pass);
    let last = world.act_at(
        &proxy.url,
        &home,
        ["pay", "carol", "1.00", "--key", "alice"],
    );
    let looks = |id: &str| proxy.requests().iter().filter(|r| r.contains(id)).count();
    assert_eq!(
        looks(payments["payments"][0]["transaction"].as_str().unwrap()),
        0
    );
    assert!(looks(&transaction(&last)) > 0);
}
