//! A committee whose keys are on three machines.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::world::World;

/// The machines of c1, c2 and c3, and a proposal that goes between them.
struct Desk {
    world: World,
    homes: [PathBuf; 3],
    file: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let world = World::village();
        let homes = ["c1", "c2", "c3"].map(|key| world.another_home(&format!("of-{key}"), &[key]));
        let file = world.folder.path().join("proposal.json");
        Self { world, homes, file }
    }

    fn at(&self) -> &str {
        self.file.to_str().unwrap()
    }

    fn in_home<'a>(&self, home: &Path, args: impl IntoIterator<Item = &'a str>) -> Value {
        let args = args.into_iter().chain(["--json"]);
        self.world.lets_in(home, args).data()
    }

    fn propose<'a>(&'a self, what: impl IntoIterator<Item = &'a str>) -> Value {
        let args = ["committee", "propose"]
            .into_iter()
            .chain(what)
            .chain(["--out", self.at()]);
        self.in_home(&self.homes[0], args)
    }

    fn sign(&self, signer: usize) -> Value {
        self.in_home(
            &self.homes[signer],
            ["committee", "sign", self.at(), "--yes"],
        )
    }

    fn submit(&self) -> Value {
        let sent = self.in_home(
            &self.homes[1],
            ["committee", "submit", self.at(), "--no-wait"],
        );
        self.world.mine();
        sent
    }

    fn refused<'a>(&self, home: usize, kind: &str, args: impl IntoIterator<Item = &'a str>) {
        let args: Vec<&str> = args.into_iter().collect();
        self.world.refused_in(&self.homes[home], kind, &[], args);
    }

    fn line_of(&self, who: &str) -> String {
        let data = self.world.data(["balance", who]);
        let line = &data["accounts"][0]["credit_line"];
        line.as_str().unwrap().to_owned()
    }
}

#[test]
fn terms_signed_on_three_machines_in_any_order() {
    for (first, last) in [(0, 1), (0, 2), (1, 0), (2, 0)] {
        let desk = Desk::new();
        let proposed = desk.propose(["terms", "alice", "--line", "120"]);
        assert_eq!(proposed["stage"], "commit");
        let begun = desk.sign(first);
        assert_eq!(begun["committed"].as_array().unwrap().len(), 1);
        desk.refused(
            1,
            "signatures_missing",
            ["committee", "submit", desk.at(), "--no-wait"],
        );
        // The last to begin ends at once.
        let both = desk.sign(last);
        assert_eq!(both["stage"], "answer", "{both}");
        let done = desk.sign(first);
        assert_eq!(done["stage"], "finish", "{done}");
        let shown = desk.in_home(&desk.homes[2], ["committee", "show", desk.at()]);
        assert_eq!(shown["answered"].as_array().unwrap().len(), 2);
        desk.submit();
        assert_eq!(desk.line_of("alice"), "120.00");
        // Nothing is left to answer with, and nothing can be sent twice.
        let key = ["c1", "c2", "c3"][first];
        let signing = desk.homes[first].join("signing");
        assert!(signing.join("answered").exists());
        assert!(!signing.join(format!("{key}.nonces")).exists());
        desk.refused(0, "stale_proposal", ["committee", "show", desk.at()]);
    }
}

#[test]
fn proposal_out_of_date_is_known_before_anybody_signs_and_remade_by_one_command() {
    let desk = Desk::new();
    desk.propose(["terms", "alice", "--line", "120"]);
    // The pot moves on by another's exit.
    desk.world.act(["exit", "--key", "carol"]);
    desk.world.mine();
    desk.refused(
        1,
        "stale_proposal",
        ["committee", "sign", desk.at(), "--yes"],
    );
    desk.in_home(&desk.homes[0], ["committee", "remake", desk.at()]);
    let desk = Desk {
        file: desk.file.with_extension("remade.json"),
        ..desk
    };
    desk.sign(0);
    desk.sign(2);
    desk.sign(0);
    desk.submit();
    assert_eq!(desk.line_of("alice"), "120.00");
}

#[test]
fn admission_and_announcement_signed_apart() {
    let desk = Desk::new();
    desk.world.key("dora");
    desk.world.fund("dora", "5");
    desk.world.act(["apply", "--key", "dora"]);
    desk.world.mine();
    let open = desk.world.data(["applications"]);
    let id = open["applications"][0]["application"]
        .as_str()
        .unwrap()
        .to_owned();
    desk.propose(["admit", &id, "--line", "30"]);
    desk.sign(1);
    desk.sign(2);
    desk.sign(1);
    desk.submit();
    assert_eq!(desk.line_of("dora"), "30.00");

    std::fs::remove_file(&desk.file).unwrap();
    desk.propose(["announce", "--bound", "max-line=1500"]);
    for signer in [0, 1, 0] {
        desk.sign(signer);
    }
    desk.submit();
    let seen = desk.world.data(["verify"]);
    assert!(seen["warnings"].to_string().contains("announced"), "{seen}");
}

#[test]
fn proposal_changed_on_the_way_is_refused() {
    let desk = Desk::new();
    desk.propose(["terms", "alice", "--line", "120"]);
    desk.sign(0);
    let honest = std::fs::read_to_string(&desk.file).unwrap();
    let sign = ["committee", "sign", desk.at(), "--yes"];
    for (from, to, kind) in [
        // The line to be.
        ("\"line\": 12000", "\"line\": 90000", "other_proposal"),
        (
            "\"version\": 1,\n  \"lets\"",
            "\"version\": 2,\n  \"lets\"",
            "bad_proposal",
        ),
        ("\"fee\": 1000000", "\"fee\": 2000000", "other_proposal"),
        (
            "\"action\": {",
            "\"more\": 1, \"action\": {",
            "bad_proposal",
        ),
    ] {
        let changed = honest.replacen(from, to, 1);
        assert_ne!(changed, honest, "{from}");
        std::fs::write(&desk.file, changed).unwrap();
        desk.refused(1, kind, sign);
    }
    std::fs::write(&desk.file, honest).unwrap();
    desk.sign(1);
}

#[test]
fn key_signs_one_proposal_at_a_time() {
    let desk = Desk::new();
    desk.propose(["terms", "alice", "--line", "120"]);
    desk.sign(1);
    let desk = Desk {
        file: desk.world.folder.path().join("second.json"),
        ..desk
    };
    desk.propose(["terms", "bob", "--line", "130"]);
    desk.refused(1, "round_open", ["committee", "sign", desk.at(), "--yes"]);
    desk.in_home(
        &desk.homes[1],
        ["committee", "sign", desk.at(), "--yes", "--abandon"],
    );
    desk.sign(0);
    desk.sign(1);
    desk.submit();
    assert_eq!(desk.line_of("bob"), "130.00");
    assert_eq!(desk.line_of("alice"), "200.00");
}

#[test]
fn signer_sees_whose_key_an_account_is_to_have() {
    let desk = Desk::new();
    desk.world.key("mallory");
    let key = desk.world.data(["key", "show", "mallory"])["public_key"].clone();
    let key = key.as_str().unwrap();
    desk.propose(["recover", "alice", "--heir", key]);
    let args = ["committee", "show", desk.at()];
    let shown = desk.world.lets_in(&desk.homes[1], args).ok();
    assert!(shown.stdout.contains(key), "{shown:?}");
    let args = ["committee", "sign", desk.at(), "--yes"];
    let signed = desk.world.lets_in(&desk.homes[1], args).ok();
    assert!(signed.stderr.contains(key), "{signed:?}");
}

#[test]
fn signature_begun_and_lost_on_the_way_is_begun_anew() {
    let desk = Desk::new();
    desk.propose(["terms", "alice", "--line", "120"]);
    let unsigned = std::fs::read_to_string(&desk.file).unwrap();
    desk.sign(1);
    // The file comes back as it was before.
    std::fs::write(&desk.file, unsigned).unwrap();
    desk.refused(1, "round_open", ["committee", "sign", desk.at(), "--yes"]);
    desk.in_home(
        &desk.homes[1],
        ["committee", "sign", desk.at(), "--yes", "--abandon"],
    );
    desk.sign(0);
    desk.sign(1);
    desk.submit();
    assert_eq!(desk.line_of("alice"), "120.00");
}
