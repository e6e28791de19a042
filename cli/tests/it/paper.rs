//! Notes on paper: printed by one member, redeemed by another, once.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::steps::transaction;
use crate::world::{Run, World};

/// Prints a note of alice's.
fn print(world: &World, amount: &str, file: &str, more: &[&str]) -> (Value, PathBuf) {
    let page = world.folder.path().join(file);
    let args = ["note", "print", amount, "--key", "alice", "--out"];
    let path = page.to_str().unwrap().to_owned();
    let args = args.into_iter().chain([path.as_str()]);
    (world.act(args.chain(more.iter().copied())), page)
}

/// The lines of a page.
fn lines(page: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(page).unwrap();
    let parsed = roxmltree::Document::parse(&text).unwrap();
    parsed
        .descendants()
        .filter(|n| n.has_tag_name("text"))
        .map(|n| n.text().unwrap_or_default().to_owned())
        .collect()
}

/// The text that redeems it, in several lines, as it stands at the foot of the page.
fn foot(page: &Path) -> String {
    let lines = lines(page);
    let begin = lines
        .iter()
        .position(|l| l.starts_with("lets:note?"))
        .unwrap();
    lines[begin..].join("\n")
}

fn redeem(world: &World, key: &str, text: &str) -> Run {
    redeem_in(world, &world.home(), key, text)
}

fn redeem_in(world: &World, home: &Path, key: &str, text: &str) -> Run {
    let args = [
        "note",
        "redeem",
        "--key",
        key,
        "--yes",
        "--no-wait",
        "--json",
    ];
    world.run(&world.devnet.url(), home, args, Some(text))
}

/// Redeeming must be refused, and nothing sent.
fn not_redeemed(world: &World, key: &str, text: &str, kind: &str, says: &[&str]) {
    let before = world.state();
    redeem(world, key, text).is_refused(kind, says);
    assert_eq!(world.state(), before);
}

#[test]
fn paper_note_is_redeemed_once_by_whoever_holds_it() {
    let world = World::village();
    let (printed, page) = print(&world, "5.00", "note.svg", &[]);
    assert_eq!(
        (&printed["amount"], &printed["balance"]),
        (&"5.00".into(), &"-5.00".into())
    );
    let text = foot(&page);
    assert!(text.lines().count() > 1, "{text}");
    not_redeemed(
        &world,
        "carol",
        &text,
        "no_paper_note",
        &["not in a block yet"],
    );
    world.mine();
    // Nobody's claimable, and nobody's to be returned.
    assert_eq!(world.account("bob")["claimable"], "0.00");

    // As somebody types it: with blanks and line breaks of all kinds.
    let typed = format!("  {}\r\n\r\n", text.replace('\n', " \r\n\t"));
    let redeemed = redeem(&world, "carol", &typed).data();
    assert_eq!(
        (&redeemed["amount"], &redeemed["from"]),
        (&"5.00".into(), &"alice".into())
    );
    assert_eq!(redeemed["note"], printed["note"]);
    assert_eq!(redeemed["balance"], "+5.00");
    not_redeemed(&world, "bob", &text, "no_paper_note", &["redeemed already"]);
    world.mine();
    not_redeemed(&world, "bob", &text, "no_paper_note", &["redeemed already"]);
    not_redeemed(
        &world,
        "carol",
        &text,
        "no_paper_note",
        &["redeemed already"],
    );
    assert_eq!(world.balance("carol"), "+5.00");
    assert_eq!(world.balance("alice"), "-5.00");
    world.lets(["verify"]).ok();
}

#[test]
fn paper_note_from_a_file_and_into_another_home_is_redeemed() {
    let world = World::village();
    let (_, page) = print(&world, "5.00", "note.svg", &[]);
    world.mine();
    let bobs = world.another_home("bobs", &["bob"]);
    let file = world.folder.path().join("text");
    std::fs::write(&file, foot(&page)).unwrap();
    let file = file.to_str().unwrap();
    let redeemed = world.act_in(&bobs, ["note", "redeem", "--file", file]);
    assert_eq!(redeemed["balance"], "+5.00");
    world.refused(
        "file",
        &["missing"],
        [
            "note", "redeem", "--file", "missing", "--key", "bob", "--yes",
        ],
    );
}

#[test]
fn paper_page_holds_what_its_holder_must_know() {
    let world = World::village();
    let (printed, page) = print(&world, "5.00", "note.svg", &["--expires", "20d"]);
    let text = lines(&page).join("\n");
    let issuer = world.account("alice")["number"]
        .as_str()
        .unwrap()
        .to_owned();
    let expiry = world.devnet.height() + 20 * 720;
    assert_eq!(printed["expires"], expiry);
    for holds in [
        "Village",
        "5.00 EUR",
        "alice",
        &issuer,
        printed["note"].as_str().unwrap(),
        &format!("after block {expiry}, about 20"),
        "redeemed once",
        "promise of the issuer",
        "hidden like cash",
        "lets note redeem",
    ] {
        assert!(text.contains(holds), "{holds:?} not in {text}");
    }
    // On Unix nobody else may read the page.
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&page).unwrap());
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
}

#[test]
fn paper_note_taken_back_after_its_expiry_cannot_be_redeemed() {
    let world = World::village();
    let (_, page) = print(&world, "5.00", "a.svg", &["--expires", "14d"]);
    let (_, other) = print(&world, "2.00", "b.svg", &["--expires", "14d"]);
    world.mine();
    world.refused(
        "nothing",
        &["no note that has expired"],
        ["refund", "--key", "alice", "--yes"],
    );
    world.devnet.mine(14 * 720).unwrap();
    // Until it is taken back, the other one still counts.
    redeem(&world, "bob", &foot(&other)).data();
    world.mine();
    assert_eq!(world.act(["refund", "--key", "alice"])["amount"], "5.00");
    not_redeemed(
        &world,
        "carol",
        &foot(&page),
        "no_paper_note",
        &["taken it back"],
    );
    world.mine();
    not_redeemed(
        &world,
        "carol",
        &foot(&page),
        "no_paper_note",
        &["taken it back"],
    );
    assert_eq!(world.balance("alice"), "-2.00");
}

#[test]
fn paper_text_that_is_damaged_is_refused() {
    let world = World::village();
    let (_, page) = print(&world, "5.00", "note.svg", &[]);
    world.mine();
    let text: String = foot(&page).split_whitespace().collect();
    let key = text.split("&key=").nth(1).unwrap().to_owned();
    let flipped = match key.starts_with('A') {
        true => key.replacen('A', "B", 1),
        false => format!("A{}", &key[1..]),
    };
    let at = text.find("&lets=").unwrap() + "&lets=".len();
    let first = if text[at..].starts_with('A') {
        "B"
    } else {
        "A"
    };
    let other_lets = format!("{}{first}{}", &text[..at], &text[at + 1..]);
    for (kind, damaged) in [
        ("bad_note_text", String::new()),
        ("bad_note_text", "milk".to_owned()),
        ("bad_note_text", text[..text.len() - 1].to_owned()),
        ("bad_note_text", format!("{text}A")),
        ("bad_note_text", text.replacen("&box=", "&bax=", 1)),
        ("bad_note_text", text.replacen("note?", "invoice?", 1)),
        (
            "bad_note_text",
            text.replace(&key, &format!("!{}", &key[1..])),
        ),
        ("note_text_version", text.replacen("v=1", "v=2", 1)),
        ("no_paper_note", text.replace(&key, &flipped)),
        ("note_of_another_lets", other_lets.clone()),
    ] {
        let before = world.state();
        let run = redeem(&world, "carol", &damaged);
        assert_eq!(run.code, Some(1), "{damaged}: {run:?}");
        let found = run.envelope()["error"]["kind"].as_str().unwrap().to_owned();
        assert_eq!(found, kind, "{damaged}");
        assert!(!run.stdout.contains(&key[1..]), "{run:?}");
        assert_eq!(world.state(), before);
    }
    assert_eq!(redeem(&world, "carol", &text).data()["amount"], "5.00");
}

#[test]
fn paper_note_of_another_lets_is_refused() {
    let world = World::village();
    let town = world.town();
    let (_, page) = print(&world, "5.00", "note.svg", &[]);
    world.mine();
    let before = world.state();
    redeem_in(&world, &town, "dora", &foot(&page))
        .is_refused("note_of_another_lets", &["another LETS than \"Town\""]);
    assert_eq!(world.state(), before);
}

#[test]
fn paper_page_is_not_written_over_and_nothing_sent_without_it() {
    let world = World::village();
    let (_, page) = print(&world, "5.00", "note.svg", &[]);
    let first = std::fs::read(&page).unwrap();
    let path = page.to_str().unwrap();
    let args = |out| {
        [
            "note", "print", "1.00", "--out", out, "--key", "alice", "--yes",
        ]
    };
    world.refused("exists", &["not overwritten"], args(path));
    assert_eq!(std::fs::read(&page).unwrap(), first);
    // A page that cannot be written, and one that is not to be.
    let below = format!("{}/a/b.svg", world.passphrase_file().display());
    world.refused("file", &[], args(&below));
    let dry = world.folder.path().join("dry.svg");
    let args = args(dry.to_str().unwrap()).map(|a| if a == "--yes" { "--dry-run" } else { a });
    world.lets(args).ok();
    assert!(!dry.exists());
    assert_eq!(world.state().pool.len(), 1);
    for (kind, more) in [
        ("amount", ["0", "--expires", "14d"]),
        ("note_life", ["1.00", "--expires", "13d"]),
        ("credit_line", ["200.01", "--expires", "14d"]),
    ] {
        let out = dry.to_str().unwrap();
        let args = ["note", "print", "--out", out, "--key", "alice", "--yes"];
        world.refused(kind, &[], args.into_iter().chain(more));
        assert!(!dry.exists(), "{kind}");
    }
}

#[test]
fn paper_secret_stands_on_the_page_and_nowhere_else() {
    let world = World::village();
    let mut said = String::new();
    let mut keys = Vec::new();
    for (file, json) in [("a.svg", &["--json"][..]), ("b.svg", &[])] {
        let page = world.folder.path().join(file);
        let path = page.to_str().unwrap();
        let args = ["note", "print", "5.00", "--out", path, "--key", "alice"];
        let more = ["--yes", "--no-wait"].iter().chain(json).copied();
        let run = world.lets(args.into_iter().chain(more)).ok();
        said += &(run.stdout + &run.stderr);
        let text: String = foot(&page).split_whitespace().collect();
        keys.push(text.split("&key=").nth(1).unwrap().to_owned());
        world.mine();
        let text = format!("{text}\n");
        for more in [&["--dry-run"][..], &["--yes", "--no-wait"], &["--yes"]] {
            let args = ["note", "redeem", "--key", "carol"];
            let args = args.iter().chain(more).chain(json).copied();
            let run = world.run(&world.devnet.url(), &world.home(), args, Some(&text));
            said += &(run.stdout + &run.stderr);
        }
        world.mine();
    }
    for args in [
        &["payments"][..],
        &["notes"],
        &["payments", "--json"],
        &["notes", "--json"],
    ] {
        let run = world.lets(args.iter().copied()).ok();
        said += &(run.stdout + &run.stderr);
    }
    let files = world.state().files;
    let journal = std::fs::read_to_string(world.home().join("payments.jsonl")).unwrap();
    for key in &keys {
        assert_eq!(key.len(), 43);
        let bytes = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, key).unwrap();
        for secret in [key.clone(), hex::encode(bytes)] {
            assert!(!said.contains(&secret), "{said}");
            assert!(!journal.contains(&secret));
            for (path, content) in &files {
                let text = String::from_utf8_lossy(content);
                assert!(!text.contains(&secret), "{}", path.display());
            }
        }
    }
    assert_ne!(keys[0], keys[1]);
    assert_eq!(world.balance("carol"), "+10.00");
}

#[test]
fn paper_note_of_an_issuer_is_redeemed_by_himself_too() {
    let world = World::village();
    let (printed, page) = print(&world, "5.00", "note.svg", &[]);
    transaction(&printed);
    world.mine();
    let back = redeem(&world, "alice", &foot(&page)).data();
    assert_eq!(back["balance"], "0.00");
}
