//! Manifests: of another LETS, edited, damaged, joined.

use std::path::PathBuf;

use crate::world::{COMMITTEE, World};

fn manifest(world: &World) -> (PathBuf, String) {
    let path = world.home().join("lets.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    (path, text)
}

#[test]
fn manifest_edited_by_hand_is_refused() {
    let world = World::village();
    let (path, text) = manifest(&world);
    let edits = [
        ("name = \"Village\"", "name = \"Town\""),
        ("decimals = 2", "decimals = 3"),
        ("network = \"devnet\"", "network = \"mainnet\""),
        ("units = 1000000000000", "units = 2000000000000"),
        ("height = ", "height = 1"),
    ];
    for (from, to) in edits {
        let edited = text.replacen(from, to, 1);
        assert_ne!(edited, text, "{from}");
        std::fs::write(&path, edited).unwrap();
        world.refused(
            "manifest_edited",
            &["edited", "lets join"],
            ["pay", "bob", "1", "--key", "alice", "--yes"],
        );
        world.refused("manifest_edited", &[], ["verify"]);
    }
    // Comments and white space are nobody's contents.
    std::fs::write(&path, format!("# mine\n\n{text}\n")).unwrap();
    world.lets(["verify"]).ok();
}

#[test]
fn manifest_damaged_or_missing_is_refused() {
    let world = World::village();
    let (path, text) = manifest(&world);
    for (kind, damaged) in [
        ("bad_manifest", "".to_owned()),
        ("bad_manifest", text[..text.len() / 2].to_owned()),
        ("bad_manifest", text.replace("lets-manifest", "other")),
        ("bad_manifest", format!("surprise = 1\n{text}")),
        (
            "manifest_version",
            text.replace("version = 1", "version = 3"),
        ),
        // That of an open LETS, which has a policy.
        ("bad_manifest", text.replace("version = 1", "version = 2")),
    ] {
        std::fs::write(&path, damaged).unwrap();
        world.refused(kind, &[], ["members"]);
    }
    std::fs::remove_file(&path).unwrap();
    world.refused("no_manifest", &["lets join", "lets found"], ["members"]);
}

#[test]
fn manifest_of_another_chain_is_refused() {
    let (world, elsewhere) = (World::village(), World::new());
    for args in [
        &["pay", "bob", "1", "--key", "alice", "--yes"][..],
        &["apply", "--key", "alice", "--yes"],
    ] {
        let run = world.lets_at(
            &elsewhere.devnet.url(),
            args.iter().copied().chain(["--json"]),
        );
        assert_eq!(run.code, Some(1), "{run:?}");
    }
    world.refused_at(
        &elsewhere.devnet.url(),
        "not_on_chain",
        &["charter"],
        ["apply", "--key", "alice", "--yes"],
    );
    world.refused_at(
        &elsewhere.devnet.url(),
        "verify",
        &["never minted"],
        ["verify"],
    );
}

#[test]
fn manifest_of_another_lets_finds_no_account() {
    let world = World::village();
    let other = World::home(&world).with_file_name("other");
    std::fs::create_dir_all(other.join("keys")).unwrap();
    for key in COMMITTEE.into_iter().chain(["alice"]) {
        let file = format!("keys/{key}.toml");
        std::fs::copy(world.home().join(&file), other.join(&file)).unwrap();
    }
    world.fund("c1", "20");
    world
        .lets_in(
            &other,
            World::found_args("Town").into_iter().chain(["--no-wait"]),
        )
        .ok();
    world.mine();
    // The town's manifest in the village's home.
    let (path, _) = manifest(&world);
    std::fs::copy(other.join("lets.toml"), &path).unwrap();
    world.refused(
        "no_account",
        &["alice", "Town"],
        ["pay", "bob", "1", "--key", "alice", "--yes"],
    );
    world.refused("no_such_account", &["Town"], ["balance", "bob"]);
    world.lets(["verify"]).ok();
}

#[test]
fn join_takes_a_good_manifest_and_refuses_others() {
    let world = World::village();
    let (path, text) = manifest(&world);
    let newcomer = world.folder.path().join("newcomer");
    let given = path.to_str().unwrap().to_owned();
    let joined = world.lets_in(&newcomer, ["join", &given, "--json"]).data();
    assert_eq!(joined["name"], "Village");
    assert_eq!(
        std::fs::read_to_string(newcomer.join("lets.toml")).unwrap(),
        text
    );
    let again = world.lets_in(&newcomer, ["join", &given]);
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("exists already"), "{again:?}");

    let edited = world.folder.path().join("edited.toml");
    std::fs::write(&edited, text.replace("Village", "Trap")).unwrap();
    let other = world.folder.path().join("other");
    let refused = world.lets_in(&other, ["join", edited.to_str().unwrap()]);
    assert_eq!(refused.code, Some(1));
    assert!(!other.join("lets.toml").exists());
}
