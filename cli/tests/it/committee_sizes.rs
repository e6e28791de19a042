//! Committees of every size sign together, each member in a home of his own.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::world::World;

/// A LETS whose committee has one key in each home; it shares a chain with others.
struct Council<'a> {
    world: &'a World,
    name: String,
    homes: Vec<PathBuf>,
    file: PathBuf,
}

impl<'a> Council<'a> {
    /// The members of a committee make their keys, and the first founds a LETS of which `needed` must sign.
    fn found(world: &'a World, needed: usize, members: usize) -> Self {
        let name = format!("{needed}-of-{members}");
        let folder = world.folder.path().join(&name);
        let homes: Vec<PathBuf> = (0..members)
            .map(|i| folder.join(format!("home{i}")))
            .collect();
        let mut keys = Vec::new();
        for home in &homes {
            run(world, home, ["key", "new", "own", "--work-factor", "10"]);
            let shown = run(world, home, ["key", "show", "own"]);
            keys.push(shown["public_key"].as_str().unwrap().to_owned());
        }
        run(world, &homes[0], ["devnet", "fund", "own", "20"]);
        let needed = needed.to_string();
        let mut found = vec![
            "found",
            "--name",
            &name,
            "--currency",
            "EUR",
            "--committee",
            &needed,
        ];
        found.extend([
            "--draw-limit",
            "60",
            "--draw-rate",
            "2.50",
            "--longest-debt",
            "90d",
        ]);
        for key in &keys {
            found.extend(["--member-key", key]);
        }
        world.act_in(&homes[0], found);
        world.mine();
        let manifest = homes[0].join("lets.toml");
        for home in &homes[1..] {
            run(world, home, ["join", manifest.to_str().unwrap()]);
        }
        Self {
            world,
            file: folder.join("proposal.json"),
            name,
            homes,
        }
    }

    fn at(&self) -> &str {
        self.file.to_str().unwrap()
    }

    fn in_home<'b>(&self, member: usize, args: impl IntoIterator<Item = &'b str>) -> Value {
        run(self.world, &self.homes[member], args)
    }

    fn sign(&self, member: usize) -> Value {
        self.in_home(member, ["committee", "sign", self.at(), "--yes"])
    }

    fn refused<'b>(&self, member: usize, kind: &str, args: impl IntoIterator<Item = &'b str>) {
        let args: Vec<&str> = args.into_iter().collect();
        self.world.refused_in(&self.homes[member], kind, &[], args);
    }

    /// The first member proposes; these sign, in this order and once more in another; the last member submits.
    fn carries<'b>(&'b self, what: impl IntoIterator<Item = &'b str>, signers: &[usize]) {
        let _ = std::fs::remove_file(&self.file);
        let args = ["committee", "propose"].into_iter().chain(what);
        self.in_home(0, args.chain(["--out", self.at()]));
        let (last, first) = signers.split_last().unwrap();
        for signer in first {
            assert_eq!(self.sign(*signer)["stage"], "commit", "{}", self.name);
            self.refused(0, "signatures_missing", self.submit());
        }
        let mut state = self.sign(*last);
        for signer in first.iter().rev() {
            assert_eq!(state["stage"], "answer", "{}", self.name);
            state = self.sign(*signer);
        }
        assert_eq!(state["stage"], "finish", "{}", self.name);
        assert_eq!(state["answered"].as_array().unwrap().len(), signers.len());
        // Enough is enough: nothing is signed twice, and nobody signs on top.
        self.refused(*last, "cannot_sign", self.again());
        self.in_home(self.homes.len() - 1, self.submit());
        self.world.mine();
        self.refused(0, "stale_proposal", self.again());
    }

    fn submit(&self) -> [&str; 4] {
        ["committee", "submit", self.at(), "--no-wait"]
    }

    fn again(&self) -> [&str; 4] {
        ["committee", "sign", self.at(), "--yes"]
    }
}

fn run<'b>(world: &World, home: &Path, args: impl IntoIterator<Item = &'b str>) -> Value {
    world
        .lets_in(home, args.into_iter().chain(["--json"]))
        .data()
}

#[test]
fn committees_of_one_of_five_and_of_ten_admit_and_set_terms_over_files() {
    let world = World::new();
    let sizes: [(usize, usize, &[usize], &[usize]); 3] = [
        (1, 1, &[0], &[0]),
        (3, 5, &[4, 0, 2], &[1, 3, 0]),
        // Who proposes and pays the fee of new terms signs too.
        (7, 10, &[9, 1, 3, 5, 7, 8, 2], &[6, 4, 0, 8, 2, 9, 1]),
    ];
    let mut councils = Vec::new();
    for (needed, members, admit, set) in sizes {
        let council = Council::found(&world, needed, members);
        // One of the committee is the first member too.
        let last = members - 1;
        council.in_home(last, ["devnet", "fund", "own", "5"]);
        world.act_in(&council.homes[last], ["apply", "--key", "own"]);
        world.mine();
        let open = council.in_home(0, ["applications"]);
        let id = open["applications"][0]["application"].as_str().unwrap();
        let rules = ["--line", "30", "--largest-draw", "5", "--class", "7"];
        let checks = council.in_home(0, ["verify"])["checks"].to_string();
        let loans = "loan rules draw limit 60.00 of which 2.50 come back per 1,000 blocks, longest debt 64800 blocks";
        assert!(checks.contains(loans), "{checks}");
        council.carries(["admit", id].into_iter().chain(rules), admit);
        let members = council.in_home(0, ["members"]);
        let number = members["accounts"][0]["number"].as_str().unwrap();
        council.carries(["set-terms", number, "--line", "120"], set);
        let members = council.in_home(0, ["members"]);
        assert_eq!(members["accounts"][0]["credit_line"], "120.00");
        councils.push(council);
    }
    // A proposal of another LETS, and a file that is none, are refused in words before anything is signed.
    let (five, ten) = (&councils[1], &councils[2]);
    five.refused(
        0,
        "proposal_of_another_lets",
        ["committee", "sign", ten.at(), "--yes"],
    );
    let manifest = five.homes[0].join("lets.toml");
    let manifest = manifest.to_str().unwrap();
    five.refused(0, "bad_proposal", ["committee", "sign", manifest, "--yes"]);
}
