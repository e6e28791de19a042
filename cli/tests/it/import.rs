//! A LETS that begins with a paper ledger: refused or taken whole, interrupted anywhere, and its keys handed over.

use std::process::Stdio;

use ergo_devnet::DevnetConfig;

use crate::proxy::{Mode, Proxy};
use crate::steps::column;
use crate::world::{COMMITTEE, World, until};

/// The founder's home with the committee's keys, 60 ERG, and keys of two members who have one already.
fn ready() -> World {
    ready_on(true)
}

/// The same on a node with the extra index or without.
fn ready_on(index: bool) -> World {
    let world = World::with(DevnetConfig {
        index,
        ..DevnetConfig::default()
    });
    for key in COMMITTEE.iter().chain(&["mara", "noor"]) {
        world.key(key);
    }
    world.fund("c1", "60");
    world
}

fn public_key(world: &World, name: &str) -> String {
    let key = world.data(["key", "show", name]);
    key["public_key"].as_str().unwrap().to_owned()
}

fn ledger(world: &World, rows: &str) -> String {
    let path = world.folder.path().join("ledger.csv");
    std::fs::write(&path, format!("name,balance,line,cap,key\n{rows}")).unwrap();
    path.to_str().unwrap().to_owned()
}

fn founds(file: &str) -> Vec<&str> {
    let args = World::found_args("Village").into_iter();
    args.chain(["--no-wait", "--import", file]).collect()
}

/// Balances of these members, by name.
fn balances(world: &World, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| world.balance(name)).collect()
}

#[test]
fn ledger_imported_audited_and_handed_over() {
    let world = ready();
    let mara = public_key(&world, "mara");
    let rows = format!(
        "ana,-30.00,,,\nbert,-12.50,50,,\ncleo,+20,,100,\ndora,0,0,,\nemil,22.50,,,\nm,-10,,,{mara}\ngus,5,,,\nhana,5,,,\n"
    );
    let file = ledger(&world, &rows);
    let look = world
        .lets(founds(&file).into_iter().chain(["--dry-run"]))
        .ok();
    for words in ["8 members", "52.50 EUR", "throw-away", "25."] {
        assert!(look.stdout.contains(words), "{words}: {}", look.stdout);
    }
    let founded = world.data(founds(&file));
    assert_eq!(founded["imported"].as_array().unwrap().len(), 8);
    let own: Vec<bool> = founded["imported"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["throw_away_key"].as_bool().unwrap())
        .collect();
    assert_eq!(own.iter().filter(|throw_away| **throw_away).count(), 7);
    // 5 to found, all applications in one, 8 admissions, 3 debtors, one key.
    assert_eq!(column(&founded["transactions"], "id").len(), 18);
    world.mine();
    assert!(!world.home().join("founding.json").exists());
    world.lets(["verify"]).ok();
    let names = ["ana", "bert", "cleo", "dora", "emil", "m", "gus", "hana"];
    let expected = [
        "-30.00", "-12.50", "+20.00", "0.00", "+22.50", "-10.00", "+5.00", "+5.00",
    ];
    assert_eq!(balances(&world, &names), expected);

    // Anybody can read what these payments were, and who has a key of his own.
    let audit = world.data(["audit"]);
    let deeds = column(&audit["deeds"], "deed");
    let count = |deed| deeds.iter().filter(|d| **d == deed).count();
    assert_eq!((count("opening_balance"), count("handed_over")), (5, 1));
    let of = |deed: &str| {
        let all = audit["deeds"].as_array().unwrap();
        all.iter().find(|d| d["deed"] == deed).unwrap()["what"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert!(of("opening_balance").contains("owed"), "{audit}");
    let warned = audit["warnings"].to_string();
    assert!(warned.contains("6 accounts still have the key"), "{warned}");

    // The member with a key pays with it; another gets his.
    let number = |name: &str| world.account(name)["number"].as_str().unwrap().to_owned();
    world.act(["pay", "cleo", "1.00", "--direct", "--key", "mara"]);
    world.mine();
    let noor = public_key(&world, "noor");
    world
        .lets(["account", "hand-over", "cleo", &noor, "--yes", "--no-wait"])
        .ok();
    world.mine();
    assert_eq!(world.account("noor")["number"], number("cleo").as_str());
    for name in ["cleo", "m"] {
        world.refused(
            "not_throw_away",
            &["handed over already"],
            ["account", "hand-over", name, &noor, "--yes"],
        );
    }
    world.act(["pay", "ana", "21.00", "--direct", "--key", "noor"]);
    world.mine();
    assert_eq!(balances(&world, &["ana", "cleo"]), ["-9.00", "0.00"]);
    let audit = world.data(["audit"]);
    assert!(audit["warnings"].to_string().contains("5 accounts still"));
    assert_eq!(audit["figures"]["sum"], "0.00");
    let deeds = column(&audit["deeds"], "deed").join(" ");
    assert_eq!(deeds.matches("handed_over").count(), 2);
    // A home without the keys can hand nothing over.
    std::fs::rename(world.home().join("import"), world.home().join("away")).unwrap();
    world.refused(
        "no_import",
        &[],
        ["account", "hand-over", "ana", &noor, "--yes"],
    );
}

#[test]
fn ledger_imported_and_audited_without_the_index() {
    let world = ready_on(false);
    let mara = public_key(&world, "mara");
    world.mine();
    let file = ledger(&world, &format!("ana,-30.00,,,\nm,30.00,,,{mara}\n"));
    let founded = world.data(founds(&file));
    // 5 to found, all applications in one, 2 admissions, 1 debtor, one key.
    assert_eq!(column(&founded["transactions"], "id").len(), 10);
    world.mine();
    assert_eq!(balances(&world, &["ana", "m"]), ["-30.00", "+30.00"]);
    let audit = world.data(["audit"]);
    let deeds = column(&audit["deeds"], "deed").join(" ");
    assert!(deeds.contains("opening_balance handed_over"), "{deeds}");
    assert!(audit["warnings"].to_string().contains("1 accounts still"));
}

#[test]
fn ledger_that_cannot_be_imported_refused_before_anything_is_sent() {
    let world = ready();
    let refused = |kind: &str, says: &[&str], rows: &str, more: &[&str]| {
        let file = ledger(&world, rows);
        let args = founds(&file).into_iter().chain(more.iter().copied());
        world.refused(kind, says, args);
    };
    refused(
        "bad_ledger",
        &[
            "line 3: ",
            "below the line",
            "line 4: the name stands in line 2",
            "add up to -200.01",
        ],
        "ana,0,,,\nbert,-200.01,,,\nana,0,,,\n",
        &[],
    );
    refused("ledger_empty", &[], "", &[]);
    let two = "ana,-1,,,\nbert,1,,,\n";
    refused(
        "bad_ledger",
        &["--admissions-per-period"],
        two,
        &["--admissions-per-period", "1"],
    );
    refused(
        "bad_ledger",
        &["--units-per-period"],
        two,
        &["--units-per-period", "399.99"],
    );
    let many: String = (0..20).map(|n| format!("m{n},0,,,\n")).collect();
    refused(
        "not_enough_erg",
        &["20 accounts need", "60 ERG"],
        &many,
        &[],
    );
    // Two of three sign, and only one of their keys is here.
    let file = ledger(&world, two);
    let others = [public_key(&world, "c2"), public_key(&world, "c3")];
    world.refused(
        "committee_not_here",
        &["--committee-key"],
        [
            "found",
            "--name",
            "V",
            "--currency",
            "EUR",
            "--committee",
            "2",
            "--key",
            "c1",
            "--committee-key",
            "c1",
            "--member-key",
            &others[0],
            "--member-key",
            &others[1],
            "--yes",
            "--import",
            &file,
        ],
    );
}

/// Imports through a proxy that answers so many submissions and no more, then kills the program.
fn killed_at(world: &World, file: &str, answered: usize, forward: bool) {
    let mode = Mode::Hang { answered, forward };
    let proxy = Proxy::new(&world.runtime, world.devnet.url(), mode);
    let mut command = world.command(&proxy.url, &world.home());
    command.args(founds(file)).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = command.spawn().unwrap();
    let expected = answered + usize::from(forward);
    until("the submission that hangs", || {
        proxy.submissions() > answered && world.state().pool.len() == expected
    });
    process.kill().unwrap();
    process.wait().unwrap();
}

/// 5 transactions found it; then come the applications (6), two admissions (7, 8), a payment (9) and a key (10).
#[test]
fn import_killed_at_any_step_resumes_and_does_nothing_twice() {
    std::thread::scope(|scope| {
        for (step, forward, mined) in [
            (4, true, false),
            (5, false, false),
            (5, true, true),
            (6, true, false),
            (7, false, true),
            (8, false, false),
            (8, true, true),
            (9, false, true),
            (9, true, false),
        ] {
            scope.spawn(move || {
                let world = ready();
                let mara = public_key(&world, "mara");
                let file = ledger(&world, &format!("ana,-7.00,,,\nbert,7,,,{mara}\n"));
                killed_at(&world, &file, step, forward);
                if mined {
                    world.mine();
                }
                world.refused("founding_begun", &[], ["found", "--discard"]);
                if step == 8 {
                    // Without the keys that it began with it must not begin anew under others.
                    let (keys, away) = (world.home().join("import"), world.home().join("away"));
                    std::fs::rename(&keys, &away).unwrap();
                    world.refused("no_import", &[], ["found", "--resume", "--yes"]);
                    std::fs::rename(&away, &keys).unwrap();
                }
                world.lets(["found", "--resume", "--yes", "--no-wait"]).ok();
                let sent = world.state().pool.len();
                let before = if mined {
                    step + usize::from(forward)
                } else {
                    0
                };
                assert_eq!(sent, 10 - before, "{step} {forward} {mined}");
                world.mine();
                assert_eq!(balances(&world, &["ana", "bert"]), ["-7.00", "+7.00"]);
                assert_eq!(world.account("mara")["balance"], "+7.00");
                let applications = world.data(["applications"]);
                assert_eq!(applications["applications"], serde_json::json!([]));
                world.lets(["verify"]).ok();
                world.refused("no_founding", &[], ["found", "--resume", "--yes"]);
            });
        }
    });
}
