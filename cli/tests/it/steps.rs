//! What members do again and again, and other homes to do it from.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::world::{Run, World};

impl World {
    /// Runs with `--yes --no-wait --json`; it must succeed.
    pub(crate) fn act<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Value {
        self.act_in(&self.home(), args)
    }

    /// As [`World::act`], in another home folder.
    pub(crate) fn act_in<'a>(&self, home: &Path, args: impl IntoIterator<Item = &'a str>) -> Value {
        self.act_at(&self.devnet.url(), home, args)
    }

    /// As [`World::act_in`], against the node at `url`.
    pub(crate) fn act_at<'a>(
        &self,
        url: &str,
        home: &Path,
        args: impl IntoIterator<Item = &'a str>,
    ) -> Value {
        let more = ["--yes", "--no-wait", "--json"];
        self.run(url, home, args.into_iter().chain(more), None)
            .data()
    }

    /// Pays without waiting for a block.
    pub(crate) fn pay(&self, from: &str, to: &str, amount: &str, more: &[&str]) -> Value {
        let args = ["pay", to, amount, "--key", from];
        self.act(args.into_iter().chain(more.iter().copied()))
    }

    /// What `balance` says of one account.
    pub(crate) fn account(&self, who: &str) -> Value {
        self.data(["balance", who])["accounts"][0].take()
    }

    /// Sets terms with two of the committee, in a block.
    pub(crate) fn terms(&self, who: &str, terms: &[&str]) {
        let args = [
            "terms",
            who,
            "--committee-key",
            "c1",
            "--committee-key",
            "c2",
        ];
        self.act(args.into_iter().chain(terms.iter().copied()));
        self.mine();
    }

    /// A member with so much ERG set aside, and `spare` more in the wallet, in blocks.
    pub(crate) fn member(&self, name: &str, erg: &str, funds: &str) {
        self.key(name);
        self.fund(name, funds);
        self.act(["apply", "--key", name, "--erg", erg]);
        let args = ["admit", "all", "--name", name];
        self.act(
            args.into_iter()
                .chain(["--committee-key", "c1", "--committee-key", "c2"]),
        );
        self.mine();
    }

    /// Another home folder of the same LETS, with these keys of the first one and its address book.
    pub(crate) fn another_home(&self, folder: &str, keys: &[&str]) -> PathBuf {
        let home = self.folder.path().join(folder);
        std::fs::create_dir_all(home.join("keys")).unwrap();
        let copy = |file: &str| {
            std::fs::copy(self.home().join(file), home.join(file)).unwrap();
        };
        copy("lets.toml");
        copy("names.toml");
        for key in keys {
            copy(&format!("keys/{key}.toml"));
        }
        home
    }

    /// The home folder of "Town", another LETS on the same chain, of which dora is a member.
    pub(crate) fn town(&self) -> PathBuf {
        let home = self.folder.path().join("town");
        let run = |args: &[&str]| {
            self.lets_in(&home, args.iter().copied()).ok();
        };
        for key in ["d1", "dora"] {
            run(&["key", "new", key, "--work-factor", "10"]);
            run(&["devnet", "fund", key, "20"]);
        }
        let found = [
            "found",
            "--name",
            "Town",
            "--currency",
            "EUR",
            "--key",
            "d1",
        ];
        let committee = ["--committee-key", "d1", "--yes", "--no-wait"];
        self.lets_in(&home, found.into_iter().chain(committee)).ok();
        self.mine();
        run(&["apply", "--key", "dora", "--yes", "--no-wait"]);
        let admit = ["admit", "all", "--name", "dora"];
        self.lets_in(&home, admit.into_iter().chain(committee)).ok();
        self.mine();
        home
    }

    /// As [`World::refused`], without the file of its own payments being compared: in another home folder.
    pub(crate) fn refused_in<'a>(
        &self,
        home: &Path,
        kind: &str,
        says: &[&str],
        args: impl IntoIterator<Item = &'a str>,
    ) {
        let before = self.state();
        let run = self.lets_in(home, args.into_iter().chain(["--json"]));
        run.is_refused(kind, says);
        assert_eq!(self.state(), before);
    }

    /// The argument parser must refuse it in these words; it adds its own hint.
    pub(crate) fn misused<'a>(&self, says: &[&str], args: impl IntoIterator<Item = &'a str>) {
        let before = self.state();
        let run = self.lets(args);
        assert_eq!(run.code, Some(1), "{run:?}");
        for word in says {
            assert!(run.stderr.contains(word), "{word:?} not in {run:?}");
        }
        assert_eq!(self.state(), before);
    }

    /// The journal of a home, line by line; lines that are no JSON as null.
    pub(crate) fn journal(&self, home: &Path) -> Vec<Value> {
        let text = std::fs::read_to_string(home.join("payments.jsonl")).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap_or_default())
            .collect()
    }

    /// The events in the journal of a home, in order.
    pub(crate) fn events(&self, home: &Path) -> Vec<String> {
        self.journal(home)
            .iter()
            .map(|line| line["event"].as_str().unwrap_or("?").to_owned())
            .collect()
    }

    /// Each payee of the journal of a home with what became of the payment.
    pub(crate) fn statuses(&self, home: &Path) -> Vec<(String, String)> {
        let data = self.lets_in(home, ["payments", "--json"]).data();
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        data["payments"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| (text(&p["name"]), text(&p["status"])))
            .collect()
    }
}

impl Run {
    /// It must have been refused as `kind`, in these words among others; for a run with `--json`.
    pub(crate) fn is_refused(&self, kind: &str, says: &[&str]) {
        assert_eq!(self.code, Some(1), "{self:?}");
        let envelope = self.envelope();
        assert_eq!(envelope["success"], false);
        let error = &envelope["error"];
        assert_eq!(error["kind"], kind, "{error}");
        assert!(!error["hint"].as_str().unwrap().is_empty());
        for word in says {
            let message = error["message"].as_str().unwrap();
            assert!(message.contains(word), "{word:?} not in {message}");
        }
    }
}

/// The id of the only transaction that a command sent.
pub(crate) fn transaction(data: &Value) -> String {
    let all = data["transactions"].as_array().unwrap();
    assert_eq!(all.len(), 1, "{data}");
    all[0]["id"].as_str().unwrap().to_owned()
}

/// The items' values of one field.
pub(crate) fn column<'a>(rows: &'a Value, field: &str) -> Vec<&'a str> {
    let rows = rows.as_array().unwrap();
    rows.iter().map(|r| r[field].as_str().unwrap()).collect()
}
