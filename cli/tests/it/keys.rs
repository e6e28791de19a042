//! Keys: made, imported, shown, revealed; wrong passphrases and damaged files.

use crate::world::{PASSPHRASE, World};

const PHRASE: &str = "slow silly start wash bundle suffer bulb ancient height spin express remind today effort helmet";

fn import(world: &World, name: &str, words: &str) -> crate::world::Run {
    world.run(
        &world.devnet.url(),
        &world.home(),
        ["key", "import", name, "--work-factor", "10"],
        Some(words),
    )
}

#[test]
fn key_words_come_back_by_import_and_reveal() {
    let world = World::new();
    for count in ["12", "15", "24"] {
        let name = format!("k{count}");
        let made = world.data([
            "key",
            "new",
            &name,
            "--words",
            count,
            "--show-words",
            "--work-factor",
            "10",
        ]);
        let words = made["words"].as_str().unwrap();
        assert_eq!(words.split(' ').count().to_string(), count);
        assert_eq!(world.data(["key", "reveal", &name])["words"], words);
        let again = format!("again{count}");
        import(&world, &again, words).ok();
        assert_eq!(
            world.data(["key", "show", &again])["address"],
            made["address"]
        );
    }
    assert_eq!(
        world.data(["key", "list"])["keys"]
            .as_array()
            .unwrap()
            .len(),
        6
    );
}

#[test]
fn key_words_are_not_shown_unasked() {
    let world = World::new();
    let run = world
        .lets(["key", "new", "alice", "--work-factor", "10"])
        .ok();
    let words = world.data(["key", "reveal", "alice"])["words"]
        .as_str()
        .unwrap()
        .to_owned();
    for run in [
        run,
        world.lets(["key", "show", "alice"]).ok(),
        world.lets(["key", "list"]).ok(),
    ] {
        assert!(
            !run.stdout.contains(&words) && !run.stderr.contains(&words),
            "{run:?}"
        );
    }
    // Nor are they in any file as they are.
    for (path, bytes) in world.state().files {
        let text = String::from_utf8(bytes).unwrap();
        assert!(
            !text.contains(&words) && !text.contains(PASSPHRASE),
            "{}",
            path.display()
        );
    }
}

#[test]
fn key_existing_name_is_not_overwritten() {
    let world = World::new();
    world.key("alice");
    world.refused(
        "exists",
        &["alice"],
        ["key", "new", "alice", "--work-factor", "10"],
    );
    let before = world.state();
    let run = import(&world, "alice", PHRASE);
    assert_eq!(run.code, Some(1));
    assert_eq!(world.state(), before);
}

#[test]
fn key_bad_recovery_words_are_refused_unrepeated() {
    let world = World::new();
    for words in [
        "",
        "slow silly",
        &PHRASE.replace("helmet", "helmut"),
        &PHRASE.replace("slow silly", "silly slow"),
    ] {
        let run = import(&world, "alice", words);
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(run.stderr.starts_with("error: "), "{run:?}");
        assert!(
            !run.stderr.contains("silly") && !run.stderr.contains("helmut"),
            "{run:?}"
        );
    }
    assert!(world.state().files.is_empty());
}

#[test]
fn key_wrong_passphrase_stops_a_payment() {
    let world = World::village();
    std::fs::write(world.passphrase_file(), "not the right words\n").unwrap();
    world.refused(
        "wrong_passphrase",
        &["alice", "passphrase"],
        ["pay", "bob", "1", "--key", "alice", "--yes"],
    );
    world.refused("wrong_passphrase", &["alice"], ["key", "reveal", "alice"]);
    world.refused(
        "wrong_passphrase",
        &["c1"],
        [
            "terms",
            "bob",
            "--line",
            "1",
            "--committee-key",
            "c1",
            "--committee-key",
            "c2",
            "--yes",
        ],
    );
    // What needs no secret still works.
    assert_eq!(world.balance("alice"), "0.00");
}

#[test]
fn key_passphrase_too_short_or_nowhere_is_refused() {
    let world = World::new();
    std::fs::write(world.passphrase_file(), "short\n").unwrap();
    let run = world.lets(["key", "new", "alice", "--json"]);
    assert_eq!(
        (run.code, &run.envelope()["error"]["kind"]),
        (Some(1), &"new_key".into())
    );
    assert!(!run.stdout.contains("short\""));
    let mut command = world.command(&world.devnet.url(), &world.home());
    command
        .env_remove("LETS_PASSPHRASE_FILE")
        .args(["key", "new", "alice", "--json"]);
    let output = assert_cmd::Command::from_std(command)
        .write_stdin("")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let envelope: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(envelope["error"]["kind"], "no_terminal");
    assert!(world.state().files.is_empty());
}

#[test]
fn key_damaged_file_is_refused_and_left_alone() {
    let world = World::village();
    let path = world.home().join("keys/alice.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let pay = ["pay", "bob", "1", "--key", "alice", "--yes"];
    let secret = text.find("BEGIN AGE").unwrap() + 60;
    let mut flipped = text.clone().into_bytes();
    flipped[secret] = if flipped[secret] == b'A' { b'B' } else { b'A' };
    for damaged in [
        Vec::new(),
        text.as_bytes()[..text.len() / 2].to_vec(),
        flipped,
    ] {
        std::fs::write(&path, damaged).unwrap();
        world.refused("bad_key_file", &["alice.toml", "key import"], pay);
    }
    // The others are not held up by it.
    world
        .lets(["pay", "carol", "1", "--key", "bob", "--yes", "--no-wait"])
        .ok();
    assert_eq!(
        world.data(["key", "list"])["keys"]
            .as_array()
            .unwrap()
            .len(),
        5
    );
    std::fs::write(&path, text).unwrap();
    world
        .lets(["pay", "bob", "1", "--key", "alice", "--yes", "--no-wait"])
        .ok();
}

#[test]
fn key_choice_missing_or_ambiguous_is_refused() {
    let world = World::village();
    world.refused(
        "several_keys",
        &["alice", "--key"],
        ["pay", "bob", "1", "--yes"],
    );
    world.refused(
        "unknown_key",
        &["key list"],
        ["pay", "bob", "1", "--key", "zoe", "--yes"],
    );
    let other = world.folder.path().join("empty");
    let run = world.lets_in(&other, ["key", "show", "--json"]);
    assert_eq!(run.envelope()["error"]["kind"], "no_key");
}
