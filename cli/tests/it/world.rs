//! A devnet, a home folder, and the program run in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ergo_devnet::{BlockTime, Devnet, DevnetConfig};
use ergo_node_client::{NodeClient, NodeOptions};
use serde_json::Value;
use tokio::runtime::Runtime;

/// Longer than any command takes on a slow machine; a command that hangs fails its test instead of stopping them all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) const PASSPHRASE: &str = "five random words here";

/// The committee's keys, of which two must sign, and the members of [`World::village`].
pub(crate) const COMMITTEE: [&str; 3] = ["c1", "c2", "c3"];
pub(crate) const MEMBERS: [&str; 3] = ["alice", "bob", "carol"];

/// What a run of the program left.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// It must have succeeded.
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// The one envelope on stdout.
    pub(crate) fn envelope(&self) -> Value {
        let value: Value =
            serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {self:?}"));
        assert_eq!(value["schema_version"], 1);
        value
    }

    /// The data of a success.
    pub(crate) fn data(self) -> Value {
        let run = self.ok();
        let mut value = run.envelope();
        assert_eq!(value["success"], true);
        value["data"].take()
    }
}

/// A chain that mines only when asked, and a home folder.
pub(crate) struct World {
    // Dropped in this order: the devnet needs its runtime.
    pub(crate) devnet: Devnet,
    pub(crate) runtime: Runtime,
    pub(crate) folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(DevnetConfig::default())
    }

    pub(crate) fn with(config: DevnetConfig) -> Self {
        let config = DevnetConfig {
            block_time: BlockTime::Manual,
            ..config
        };
        Self::in_folder(tempfile::tempdir().unwrap(), config)
    }

    fn in_folder(folder: tempfile::TempDir, config: DevnetConfig) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let devnet = runtime.block_on(Devnet::start(config)).unwrap();
        std::fs::write(folder.path().join("passphrase"), format!("{PASSPHRASE}\n")).unwrap();
        Self {
            devnet,
            runtime,
            folder,
        }
    }

    /// A world whose chain is kept in its folder, so that it can be copied.
    pub(crate) fn kept() -> Self {
        Self::on_disk(tempfile::tempdir().unwrap())
    }

    fn on_disk(folder: tempfile::TempDir) -> Self {
        let config = DevnetConfig {
            block_time: BlockTime::Manual,
            data_dir: Some(folder.path().join("chain")),
            ..DevnetConfig::default()
        };
        Self::in_folder(folder, config)
    }

    /// Another world that is as this one, which must be kept, is now: folder and blocks; the pool is not kept.
    pub(crate) fn copy(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(self.folder.path(), folder.path());
        Self::on_disk(folder)
    }

    /// A world with "Village" founded and alice, bob and carol (in this order) admitted and named, all in blocks.
    pub(crate) fn village() -> Self {
        Self::new().settled()
    }

    /// The same in this world, which must be new.
    pub(crate) fn settled(self) -> Self {
        let world = self;
        // Before anything is read: a ledger without index is read anew for a new key.
        for name in MEMBERS {
            world.key(name);
        }
        world.found("Village");
        for name in MEMBERS {
            world.fund(name, "5");
            world
                .lets(["apply", "--key", name, "--yes", "--no-wait"])
                .ok();
            world
                .lets([
                    "admit",
                    "all",
                    "--name",
                    name,
                    "--committee-key",
                    "c1",
                    "--committee-key",
                    "c3",
                    "--yes",
                    "--no-wait",
                ])
                .ok();
        }
        world.mine();
        world
    }

    /// Founds a LETS with a 2-of-3 committee; c1 pays.
    pub(crate) fn found(&self, name: &str) {
        for key in COMMITTEE {
            self.key(key);
        }
        self.fund("c1", "20");
        self.lets(Self::found_args(name).into_iter().chain(["--no-wait"]))
            .ok();
        self.mine();
    }

    pub(crate) fn found_args(name: &str) -> Vec<&str> {
        let mut args = vec![
            "found",
            "--name",
            name,
            "--currency",
            "EUR",
            "--committee",
            "2",
            "--key",
            "c1",
            "--yes",
        ];
        for key in COMMITTEE {
            args.extend(["--committee-key", key]);
        }
        args
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub(crate) fn passphrase_file(&self) -> PathBuf {
        self.folder.path().join("passphrase")
    }

    pub(crate) fn mine(&self) {
        self.devnet.mine(1).unwrap();
    }

    pub(crate) fn key(&self, name: &str) {
        self.lets(["key", "new", name, "--work-factor", "10"]).ok();
    }

    pub(crate) fn fund(&self, key: &str, erg: &str) {
        self.lets(["devnet", "fund", key, erg]).ok();
    }

    pub(crate) fn client(&self) -> NodeClient {
        NodeClient::new(&self.devnet.url(), NodeOptions::default()).unwrap()
    }

    /// Runs the program against the devnet.
    pub(crate) fn lets<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Run {
        self.lets_at(&self.devnet.url(), args)
    }

    /// Runs the program against the node at `url`.
    pub(crate) fn lets_at<'a>(&self, url: &str, args: impl IntoIterator<Item = &'a str>) -> Run {
        self.run(url, &self.home(), args, None)
    }

    /// Runs the program in another home folder.
    pub(crate) fn lets_in<'a>(&self, home: &Path, args: impl IntoIterator<Item = &'a str>) -> Run {
        self.run(&self.devnet.url(), home, args, None)
    }

    pub(crate) fn run<'a>(
        &self,
        url: &str,
        home: &Path,
        args: impl IntoIterator<Item = &'a str>,
        stdin: Option<&str>,
    ) -> Run {
        let mut command = assert_cmd::Command::from_std(self.command(url, home));
        command.args(args).timeout(PATIENCE);
        // Without this the program would see the terminal of whoever runs the tests.
        command.write_stdin(stdin.unwrap_or_default());
        let output = command.output().unwrap();
        Run {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The program with this world's settings and no others.
    pub(crate) fn command(&self, url: &str, home: &Path) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_lets"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LETS_")) {
            command.env_remove(name);
        }
        command
            .env("LETS_HOME", home)
            .env("LETS_NODE", url)
            .env("LETS_PASSPHRASE_FILE", self.passphrase_file())
            .env("COLUMNS", "100");
        command
    }

    /// Runs with `--json` and returns the data of the success.
    pub(crate) fn data<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Value {
        self.lets(args.into_iter().chain(["--json"])).data()
    }

    /// The balance of a member in figures.
    pub(crate) fn balance(&self, who: &str) -> String {
        let data = self.data(["balance", who]);
        data["accounts"][0]["balance"].as_str().unwrap().to_owned()
    }

    /// Everything that a command could have changed: tip and pool of the chain, and every file of the home.
    pub(crate) fn state(&self) -> State {
        let client = self.client();
        let (info, pool) = self.runtime.block_on(async {
            let info = client.info().await.unwrap();
            (
                info.best_full_header_id,
                client.unconfirmed_all().await.unwrap(),
            )
        });
        let mut files = BTreeMap::new();
        collect(&self.home(), &mut files);
        State {
            tip: format!("{info:?}"),
            pool: pool.iter().map(|tx| String::from(tx.id)).collect(),
            files,
        }
    }

    /// The command must be refused as `kind`, with exit code 1, an error and a hint in words (each of `says` among
    /// them), nothing sent and no file changed.
    pub(crate) fn refused<'a>(
        &self,
        kind: &str,
        says: &[&str],
        args: impl IntoIterator<Item = &'a str>,
    ) {
        self.refused_at(&self.devnet.url(), kind, says, args);
    }

    /// As [`World::refused`], against the node at `url`.
    pub(crate) fn refused_at<'a>(
        &self,
        url: &str,
        kind: &str,
        says: &[&str],
        args: impl IntoIterator<Item = &'a str>,
    ) {
        let args: Vec<&str> = args.into_iter().collect();
        let before = self.state();
        let run = self.lets_at(url, args.clone());
        assert_eq!(run.code, Some(1), "{args:?}: {run:?}");
        assert_eq!(run.stdout, "", "{args:?}");
        assert!(
            run.stderr.contains("error: ") && run.stderr.contains("\nhint: "),
            "{args:?}: {run:?}"
        );
        for word in says {
            assert!(run.stderr.contains(word), "{word:?} not in {run:?}");
        }
        assert!(!run.stderr.contains(PASSPHRASE), "{run:?}");

        let json = self.lets_at(url, args.iter().copied().chain(["--json"]));
        assert_eq!(json.code, Some(1), "{args:?}: {json:?}");
        let envelope = json.envelope();
        assert_eq!(envelope["success"], false);
        assert_eq!(envelope["error"]["kind"], kind, "{envelope}");
        assert!(!envelope["error"]["message"].as_str().unwrap().is_empty());
        assert!(!envelope["error"]["hint"].as_str().unwrap().is_empty());
        assert_eq!(self.state(), before, "{args:?} changed something");
    }
}

/// See [`World::state`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) tip: String,
    pub(crate) pool: Vec<String>,
    pub(crate) files: BTreeMap<PathBuf, Vec<u8>>,
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let copy = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&copy).unwrap();
            copy_folder(&entry.path(), &copy);
        } else {
            std::fs::copy(entry.path(), copy).unwrap();
        }
    }
}

fn collect(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        // The journal of payments says also what was tried in vain, and ledgers are made again from the chain.
        if ![".lock", "payments.jsonl"].contains(&name) && !name.starts_with("ledger-") {
            files.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
}

/// Waits until something holds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "timed out: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
