//! The ledger: books of years from the chain, with the extra index and without, and what reads from them.

use ergo_devnet::DevnetConfig;
use serde_json::{Value, json};

use crate::world::{COMMITTEE, MEMBERS, World};

/// The books of a home, row by row.
pub(crate) fn books(world: &World, home: &std::path::Path) -> String {
    use lets_cli::manifest::Manifest;
    let (manifest, lets) = Manifest::load(&world.home().join("lets.toml")).unwrap();
    let file = home.join(format!("ledger-{}.sqlite", &manifest.fingerprint[..16]));
    let ledger = lets_ledger::Ledger::existing(&file, &manifest.fingerprint, Some(lets));
    let mut bytes = Vec::new();
    ledger.unwrap().unwrap().dump(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn kinds(account: &Value) -> Vec<&str> {
    let lines = account["lines"].as_array().unwrap();
    lines.iter().map(|l| l["kind"].as_str().unwrap()).collect()
}

#[test]
fn ledger_with_index_tells_history_statement_figures_and_events() {
    let world = World::village();
    let manifest = world.home().join("lets.toml");
    world.data(["sync"]);
    world.pay("alice", "bob", "2.00", &["--memo", "milk"]);
    world.mine();
    world.pay("carol", "bob", "1.50", &["--note"]);
    world.mine();
    world.act(["claim", "--key", "bob"]);
    world.mine();
    let synced = world.data(["sync"]);
    assert_eq!(synced["height"], world.devnet.height());
    assert_eq!(synced["blocks"], 3);

    // What reads from a fresh ledger is what the node says.
    assert_eq!(world.balance("bob"), "+3.50");
    assert_eq!(world.balance("alice"), "-2.00");

    let history = world.data(["history", "bob", "--memos"]);
    let bob = &history["accounts"][0];
    assert_eq!(kinds(bob), ["admitted", "received", "claimed"]);
    let received = &bob["lines"][1];
    assert_eq!(received["payer"], "alice");
    assert_eq!(received["amount"], "2.00");
    assert_eq!(received["memo"], "milk");
    assert_eq!(received["balance"], "+2.00");
    assert_eq!(received["confirmations"], 3);
    assert_eq!(bob["lines"][2]["payer"], "carol");
    assert!(
        history["accounts"][0]["lines"][1]["transaction"]
            .as_str()
            .unwrap()
            .len()
            == 64
    );
    // A payment without the passphrase has no memo to show.
    let sealed = world.data(["history", "bob"]);
    assert_eq!(sealed["accounts"][0]["lines"][1]["memo"], Value::Null);
    let height = received["height"].as_u64().unwrap().to_string();
    let one = world.data(["history", "bob", "--from", &height, "--to", &height]);
    assert_eq!(kinds(&one["accounts"][0]), ["received"]);

    let month = &received["time"].as_str().unwrap()[..7];
    let statement = world.data(["statement", "alice", "--month", month]);
    assert_eq!(statement["accounts"][0]["opening"], "0.00");
    assert_eq!(statement["accounts"][0]["closing"], "-2.00");
    assert_eq!(kinds(&statement["accounts"][0]), ["admitted", "paid"]);
    let csv = world
        .lets(["statement", "alice", "--month", month, "--csv"])
        .ok()
        .stdout;
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[0].iter().nth(3), Some("opening"));
    assert_eq!(rows[3].iter().nth(7), Some("-2.00"));
    world.refused(
        "usage",
        &["2026-13"],
        ["statement", "alice", "--month", "2026-13"],
    );

    let svg = world.folder.path().join("stats.svg");
    let stats = world.data(["stats", "--svg", svg.to_str().unwrap()]);
    assert_eq!(stats["members"], 3);
    assert_eq!(stats["sum"], "0.00");
    assert_eq!(stats["debts"], "3.50");
    assert_eq!(stats["months"][0]["volume"], "3.50");
    assert_eq!(stats["months"][0]["payments"], 2);
    assert_eq!(stats["largest_debtors"][0]["name"], "alice");
    let svg = std::fs::read_to_string(svg).unwrap();
    assert!(
        roxmltree::Document::parse(&svg).is_ok() && svg.contains("Village"),
        "{svg}"
    );

    let told = world.folder.path().join("told");
    let hook = format!("cat >> {}", told.display());
    let tip = world.devnet.height().to_string();
    let first = (world.devnet.height() - 2).to_string();
    let watched = world
        .lets([
            "watch", "bob", "--from", &first, "--to", &tip, "--exec", &hook, "--json",
        ])
        .ok()
        .stdout;
    let events: Vec<Value> = watched
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let names: Vec<&str> = events
        .iter()
        .map(|e| e["event"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["account", "note", "account"]);
    assert_eq!(events[2]["kind"], "claimed");
    assert_eq!(std::fs::read_to_string(told).unwrap(), watched);

    // A reorganisation takes payments back, and another home's books of the same chain are the same.
    let before = books(&world, &world.home());
    world.devnet.rollback(2).unwrap();
    world.devnet.mine(3).unwrap();
    let synced = world.data(["sync"]);
    assert_eq!(synced["taken_back"], 2);
    assert_ne!(books(&world, &world.home()), before);
    let outsider = world.folder.path().join("outsider");
    let run = |args: &[&str]| world.lets_in(&outsider, args.iter().copied()).data();
    run(&["sync", "--lets", manifest.to_str().unwrap(), "--json"]);
    assert_eq!(books(&world, &outsider), books(&world, &world.home()));

    // A damaged file is named, and built anew.
    let file = std::fs::read_dir(world.home())
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|p| p.extension().is_some_and(|e| e == "sqlite"))
        .unwrap();
    let good = books(&world, &world.home());
    std::fs::write(&file, "no books").unwrap();
    world.refused("books", &["sync --rebuild"], ["history", "bob"]);
    world.data(["sync", "--rebuild"]);
    assert_eq!(books(&world, &world.home()), good);
    // Also one that begins well: everything after the first page is gone.
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[4_096..].fill(0xff);
    std::fs::write(&file, bytes).unwrap();
    world.refused("books", &["sync --rebuild"], ["history", "bob"]);
    world.data(["sync", "--rebuild"]);
    assert_eq!(books(&world, &world.home()), good);

    // A newer program's file is neither read nor removed. The format stands in bytes 60 to 63 of a SQLite file.
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[63] = 200;
    std::fs::write(&file, &bytes).unwrap();
    for args in [&["history", "bob"][..], &["sync"], &["sync", "--rebuild"]] {
        let says = ["format 200", "newer version", "move the file away"];
        world.refused("books", &says, args.iter().copied());
        assert_eq!(std::fs::read(&file).unwrap(), bytes, "{args:?}");
    }
    // What the node can say is read there.
    assert_eq!(world.balance("bob"), "+3.50");
}

/// With the extra index only blocks that hold something of the LETS are read, and the books are the same.
#[test]
fn ledger_by_index_is_that_by_blocks_and_tells_ages() {
    let world = World::village();
    world.pay("alice", "bob", "2.00", &[]);
    world.pay("carol", "bob", "1.00", &["--note"]);
    world.mine();
    // More than are worth reading one after the other.
    world.devnet.mine(2_100).unwrap();
    world.act(["claim", "--key", "bob"]);
    world.mine();
    let synced = world.data(["sync"]);
    assert!(synced["blocks"].as_u64().unwrap() < 20, "{synced}");
    assert_eq!(synced["height"], world.devnet.height());

    use lets_cli::session::follow::{Course, follow};
    let (manifest, lets) =
        lets_cli::manifest::Manifest::load(&world.home().join("lets.toml")).unwrap();
    let outsider = world.folder.path().join("outsider");
    std::fs::create_dir(&outsider).unwrap();
    let name = format!("ledger-{}.sqlite", &manifest.fingerprint[..16]);
    let print = &manifest.fingerprint;
    let mut by_blocks =
        lets_ledger::Ledger::open(&outsider.join(name), print, Some(lets.clone())).unwrap();
    let course = Course {
        first: manifest.founding.height.0,
        marks: Course::marks_of(&lets),
    };
    let client = world.client();
    let read = follow(&client, &mut by_blocks, &course, None, &|_, _| {});
    let followed = world.runtime.block_on(read).unwrap();
    assert!(followed.blocks > 2_100);
    drop(by_blocks);
    assert_eq!(books(&world, &outsider), books(&world, &world.home()));

    // Three years later ledger and node say the same of what grows old.
    std::fs::remove_dir_all(&outsider).unwrap();
    world.devnet.mine(790_000).unwrap();
    let lets = world.home().join("lets.toml");
    let verify = |home: &std::path::Path| {
        let args = ["verify", "--lets", lets.to_str().unwrap(), "--json"];
        world.lets_in(home, args).data()
    };
    let told = verify(&world.home());
    let synced = world.data(["sync"]);
    assert!(synced["blocks"].as_u64().unwrap() < 20, "{synced}");
    // Charter, pot and three accounts.
    assert_eq!(synced["near_rent"].as_array().unwrap().len(), 5);
    assert_eq!(told["warnings"].as_array().unwrap().len(), 5);
    assert_eq!(verify(&world.home()), told);
    assert_eq!(verify(&outsider), told);
    let touch = || world.lets(["touch", "--key", "alice", "--dry-run"]);
    let by_ledger = touch().ok().stdout;
    assert!(by_ledger.contains("Renew 5 boxes"), "{by_ledger}");
    std::fs::remove_file(synced["file"].as_str().unwrap()).unwrap();
    assert_eq!(touch().ok().stdout, by_ledger);
}

/// Founding, admissions, payments on each other in the pool, a note taken in, terms, an exit and a reorganisation: by blocks
/// alone.
#[test]
fn ledger_without_index_serves_a_whole_life() {
    let world = World::with(DevnetConfig {
        index: false,
        ..DevnetConfig::default()
    });
    for key in COMMITTEE {
        world.key(key);
    }
    world.fund("c1", "20");
    world.mine();
    world
        .lets(
            World::found_args("Village")
                .into_iter()
                .chain(["--no-wait"]),
        )
        .ok();
    world.mine();
    for name in MEMBERS {
        world.key(name);
        world.fund(name, "5");
    }
    world.mine();
    for name in MEMBERS {
        world.act(["apply", "--key", name]);
        world.act([
            "admit",
            "all",
            "--name",
            name,
            "--committee-key",
            "c1",
            "--committee-key",
            "c3",
        ]);
    }
    world.mine();
    assert_eq!(
        world.data(["members"])["accounts"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    // Two in a row, the second on the first's change in the pool.
    world.pay("alice", "bob", "2.00", &["--memo", "milk"]);
    world.pay("alice", "carol", "1.00", &[]);
    assert_eq!(world.account("alice")["confirmed"], false);
    let members = world.data(["members"]);
    let told = ["name", "balance", "confirmed"];
    let rows = members["accounts"].as_array().unwrap().iter();
    let rows: Vec<[&Value; 3]> = rows.map(|row| told.map(|key| &row[key])).collect();
    let waiting = json!([
        ["alice", "-3.00", false],
        ["bob", "+2.00", false],
        ["carol", "+1.00", false]
    ]);
    assert_eq!((json!(rows), &members["sum"]), (waiting, &json!("0.00")));
    world.mine();
    world.pay("carol", "bob", "1.00", &["--note"]);
    world.mine();
    world.act(["claim", "--key", "bob"]);
    world.mine();
    assert_eq!(world.balance("alice"), "-3.00");
    assert_eq!(world.balance("bob"), "+3.00");
    assert_eq!(world.balance("carol"), "0.00");
    world.terms("alice", &["--line", "50"]);
    world.act(["exit", "--key", "carol"]);
    world.mine();
    world.lets(["verify"]).ok();
    let history = world.data(["history", "alice"]);
    assert_eq!(
        kinds(&history["accounts"][0]),
        ["admitted", "paid", "paid", "terms"]
    );
    // Everything is judged again, and told as it happens.
    let audit = world.data(["audit"]);
    let deeds = crate::steps::column(&audit["deeds"], "deed");
    let all = [
        "founded",
        "admitted",
        "admitted",
        "admitted",
        "terms_set",
        "exited",
    ];
    assert_eq!(deeds, all);
    assert_eq!(audit["figures"]["sum"], "0.00");
    let tip = world.devnet.height().to_string();
    let watched = world.lets(["watch", "alice", "--from", "1", "--to", &tip, "--json"]);
    let events: Vec<Value> = watched
        .ok()
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|event: &Value| event["event"] == "deed")
        .collect();
    let told: Vec<&str> = events.iter().map(|e| e["deed"].as_str().unwrap()).collect();
    assert_eq!(told, all);
    assert_eq!(events[4]["account"], "alice");
    world.devnet.rollback(1).unwrap();
    world.mine();
    assert_eq!(
        world.data(["members"])["accounts"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    world.lets(["verify"]).ok();
}
