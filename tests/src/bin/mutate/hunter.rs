//! Judging: every mutant against the cases, until one kills it.

use crate::generator::{Compiled, Named};
use lets_contracts::Artifact;
use lets_tests::mutants::{Place, Script};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

/// How often a line tells how far the run is.
const PROGRESS: Duration = Duration::from_secs(10);

/// A recorded case, read when it is first tried: `None` if its test asserts nothing about the contract.
struct Recorded {
    line: Arc<str>,
    /// The hash of the line, by which it is known again.
    hash: u64,
    place: OnceLock<Option<Place>>,
}

/// All cases, for one contract.
struct Hunter {
    original: Artifact,
    cases: Vec<Recorded>,
    /// The order in which they are tried. What has killed goes first: it kills the neighbours too.
    order: Mutex<Vec<usize>>,
}

impl Hunter {
    /// The case that kills the mutant; `first` is tried first.
    fn kill(&self, mutant: &Artifact, first: Option<u64>) -> Option<u64> {
        let mutant = Script::new(mutant);
        let known = self.cases.iter().position(|c| Some(c.hash) == first);
        let order = self.order.lock().unwrap().clone();
        let kills = |i: &usize| self.place(*i).is_some_and(|p| p.kills(&mutant));
        let killer = known.into_iter().chain(order).find(kills)?;
        let mut order = self.order.lock().unwrap();
        order.retain(|i| *i != killer);
        order.insert(0, killer);
        Some(self.cases[killer].hash)
    }

    fn place(&self, at: usize) -> Option<&Place> {
        let recorded = &self.cases[at];
        let read = || Place::of(&recorded.line, &self.original);
        recorded.place.get_or_init(read).as_ref()
    }
}

/// One hunter for each contract.
pub(crate) struct Hunters {
    all: BTreeMap<String, Hunter>,
    /// Which case killed which mutant in an earlier run: only a hint where to begin, and judged again.
    killers: Mutex<BTreeMap<String, u64>>,
    killers_file: PathBuf,
}

struct Progress {
    started: Instant,
    told: Instant,
    done: usize,
    killed: usize,
}

impl Hunters {
    /// Reads the recorded cases.
    pub(crate) fn load(cases: &Path, memory: &Path, wanted: &[Named]) -> Self {
        std::fs::create_dir_all(memory).unwrap();
        let killers_file = memory.join("killers.json");
        let killers = std::fs::read(&killers_file).ok();
        let killers = killers.and_then(|text| serde_json::from_slice(&text).ok());
        let lines: Vec<Arc<str>> = lines(cases).into_iter().map(Arc::from).collect();
        assert!(!lines.is_empty(), "no case is recorded");
        let recorded = |line: &Arc<str>| {
            let mut hasher = DefaultHasher::new();
            line.hash(&mut hasher);
            Recorded {
                line: line.clone(),
                hash: hasher.finish(),
                place: OnceLock::new(),
            }
        };
        let contracts: BTreeSet<&str> = wanted.iter().map(|n| n.contract.as_str()).collect();
        let all = contracts.into_iter().map(|contract| {
            let hunter = Hunter {
                original: original(contract),
                cases: lines.iter().map(recorded).collect(),
                order: Mutex::new((0..lines.len()).collect()),
            };
            (contract.to_owned(), hunter)
        });
        Self {
            all: all.collect(),
            killers: Mutex::new(killers.unwrap_or_default()),
            killers_file,
        }
    }

    /// Tries `count` mutants as they come from the compiler, on every core, and tells of each whether it was killed. A
    /// mutant that compiles to the contract itself is not tried.
    pub(crate) fn hunt(&self, count: usize, compiled: Receiver<Compiled>) -> Vec<(Compiled, bool)> {
        let now = Instant::now();
        let progress = Mutex::new(Progress {
            started: now,
            told: now,
            done: 0,
            killed: 0,
        });
        let (queue, tried) = (Mutex::new(compiled), Mutex::new(Vec::with_capacity(count)));
        let hook = std::panic::take_hook();
        // ergo-lib's panics over ill-typed scripts are caught, and say nothing.
        std::panic::set_hook(Box::new(|_| {}));
        let work = || {
            loop {
                let Ok(mutant) = queue.lock().unwrap().recv() else {
                    break;
                };
                let killed = self.kills(&mutant);
                tried.lock().unwrap().push((mutant, killed));
                self.tell(&mut progress.lock().unwrap(), killed, count);
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
        std::panic::set_hook(hook);
        self.remember();
        let tried = tried.into_inner().unwrap();
        assert_eq!(tried.len(), count, "the generator stopped before its end");
        tried
    }

    fn kills(&self, mutant: &Compiled) -> bool {
        let hunter = &self.all[&mutant.named.contract];
        let Some(artifact) = &mutant.artifact else {
            return false;
        };
        if artifact.ergo_tree == hunter.original.ergo_tree {
            return false;
        }
        let name = mutant.named.to_string();
        let first = self.killers.lock().unwrap().get(&name).copied();
        let killer = hunter.kill(artifact, first);
        if let Some(killer) = killer {
            self.killers.lock().unwrap().insert(name, killer);
        }
        killer.is_some()
    }

    fn tell(&self, progress: &mut Progress, killed: bool, count: usize) {
        progress.done += 1;
        progress.killed += usize::from(killed);
        if progress.told.elapsed() > PROGRESS {
            progress.told = Instant::now();
            let Progress { done, killed, .. } = progress;
            let seconds = progress.started.elapsed().as_secs();
            let _ = writeln!(
                std::io::stderr(),
                "{done} of {count} mutants tried, {killed} killed, {seconds} s"
            );
            self.remember();
        }
    }

    fn remember(&self) {
        let text = serde_json::to_vec(&*self.killers.lock().unwrap()).unwrap();
        std::fs::write(&self.killers_file, text).unwrap();
    }

    /// The committed contracts' trees.
    pub(crate) fn originals(&self) -> BTreeMap<String, String> {
        let tree =
            |(name, hunter): (&String, &Hunter)| (name.clone(), hunter.original.ergo_tree.clone());
        self.all.iter().map(tree).collect()
    }
}

fn original(contract: &str) -> Artifact {
    match contract {
        "account" => Artifact::account(),
        "note" => Artifact::note(),
        "pot" => Artifact::pot(),
        "open_pot" => Artifact::open_pot(),
        "charter" => Artifact::charter(),
        "application" => Artifact::application(),
        other => panic!("no artifact of {other}.es is embedded"),
    }
    .unwrap()
}

/// The recorded cases, each once.
fn lines(folder: &Path) -> BTreeSet<String> {
    let files = std::fs::read_dir(folder).unwrap_or_else(|e| {
        panic!(
            "no recorded cases in {}: {e}. Run `cargo xtask mutate`",
            folder.display()
        )
    });
    let texts = files.map(|f| std::fs::read_to_string(f.unwrap().path()).unwrap());
    texts
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}
