//! The random adversary: from any valid state it draws transactions near valid ones, lets the interpreters judge them, and
//! checks that what they take keeps the invariants of `docs/SECURITY.md`.
//!
//! Everything follows from a seed. A chunk of transactions has a seed of its own, and runs alone: the seed that a finding
//! names finds it again. Both interpreters judge a share of them, as [`Official`] says, and ergo-lib all.

mod after;
mod drafts;
mod moves;
mod open;
pub mod oracle;
mod repair;
mod scenery;
mod show;
pub mod state;
mod verdict;
mod view;

pub use drafts::{Draft, Kind};
pub use moves::{Move, What};
pub use verdict::{Fate, Judges, try_out};

use crate::case::Case;
use drafts::{arb_draft, together};
use moves::arb_move;
use open::{OpenPlan, OpenState, arb_open};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestError, TestRunner};
use repair::{burnt, repair};
use scenery::Scenery;
use state::{State, StatePlan, arb_state};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Transactions in a chunk, about.
pub const CHUNK: u64 = 64;
/// States in a chunk; from each some transactions are tried.
const STATES: u32 = 16;

/// How many of a hundred transactions the official interpreter judges too.
pub type Official = u8;

/// One transaction: honest ones, and what is changed in them.
#[derive(Debug, Clone)]
struct Attempt {
    drafts: Vec<Draft>,
    moves: Vec<Move>,
    repaired: bool,
    /// Whether the honest next steps are tried, if it is accepted.
    onward: bool,
    /// Of 0 to 99: below [`Official`] the official interpreter judges it too.
    lot: u8,
}

impl Attempt {
    fn judges(&self, official: Official) -> Judges {
        match self.lot < official {
            true => Judges::Both,
            false => Judges::ErgoLib,
        }
    }
}

#[derive(Debug, Clone)]
enum Place {
    /// LETS with a committee.
    Led(Box<StatePlan>),
    /// An open one.
    Open(OpenPlan),
}

impl Place {
    fn scenery(&self) -> Box<dyn Scenery> {
        match self {
            Place::Led(plan) => Box::new(State::of(plan)),
            Place::Open(plan) => Box::new(OpenState::of(plan)),
        }
    }
}

#[derive(Debug, Clone)]
struct Plan {
    place: Place,
    attempts: Vec<Attempt>,
}

fn arb_plan() -> impl Strategy<Value = Plan> {
    let plan = |(place, attempts)| Plan { place, attempts };
    let led = arb_state().prop_map(|plan| Place::Led(Box::new(plan)));
    let led = (led, arb_attempts(&Kind::LED));
    let open = |kind, more: &[Kind]| {
        let kinds = [&Kind::OPEN[..], more].concat();
        let place = arb_open(kind).prop_map(Place::Open);
        (place, arb_attempts(&kinds)).prop_map(plan)
    };
    prop_oneof![
        8 => led.prop_map(plan),
        3 => open(lets_protocol::Kind::Lets1, &Kind::BACKED),
        1 => open(lets_protocol::Kind::Lets2, &[]),
        2 => open(lets_protocol::Kind::Lets3, &Kind::BOUGHT),
        1 => open(lets_protocol::Kind::Lets4, &[]),
    ]
}

fn arb_attempts(kinds: &[Kind]) -> impl Strategy<Value = Vec<Attempt>> + use<> {
    let drafts = |count| vec(arb_draft(kinds), count);
    let drafts = prop_oneof![3 => drafts(1), 1 => drafts(2)];
    let moves = prop_oneof![
        2 => vec(arb_move(), 0),
        6 => vec(arb_move(), 1),
        3 => vec(arb_move(), 2),
        1 => vec(arb_move(), 3..6),
    ];
    let attempt = (
        drafts,
        moves,
        prop::bool::weighted(0.9),
        prop::bool::weighted(0.15),
        0..100_u8,
    )
        .prop_map(|(drafts, moves, repaired, onward, lot)| Attempt {
            drafts,
            moves,
            repaired,
            onward,
            lot,
        });
    vec(attempt, 1..=12)
}

/// How many were tried, and how many accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Transactions tried.
    pub tried: u64,
    /// Of them, accepted.
    pub accepted: u64,
}

impl Count {
    fn add(&mut self, accepted: bool) {
        self.tried += 1;
        self.accepted += u64::from(accepted);
    }

    fn merge(&mut self, other: Count) {
        self.tried += other.tried;
        self.accepted += other.accepted;
    }

    /// The share that was accepted, in percent.
    pub fn percent(&self) -> f64 {
        100.0 * self.accepted as f64 / self.tried.max(1) as f64
    }
}

/// What was tried, and what became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// All transactions.
    pub all: Count,
    /// By what they began as.
    pub kinds: BTreeMap<Kind, Count>,
    /// By what was changed.
    pub moves: BTreeMap<What, Count>,
    /// Two honest transactions in one.
    pub merged: Count,
    /// Accepted ones after which the next steps were tried.
    pub onward: u64,
    /// Judged by both interpreters.
    pub both: u64,
}

impl Tally {
    fn note(&mut self, attempt: &Attempt, judges: Judges, fate: &Fate) {
        let accepted = matches!(fate, Fate::Accepted(_));
        self.all.add(accepted);
        self.onward += u64::from(accepted && attempt.onward);
        self.both += u64::from(judges == Judges::Both && !matches!(fate, Fate::Malformed));
        for draft in &attempt.drafts {
            self.kinds.entry(draft.kind).or_default().add(accepted);
        }
        for change in &attempt.moves {
            self.moves.entry(change.what).or_default().add(accepted);
        }
        if attempt.drafts.len() > 1 {
            self.merged.add(accepted);
        }
    }

    fn merge(&mut self, other: Tally) {
        self.all.merge(other.all);
        self.onward += other.onward;
        self.both += other.both;
        self.merged.merge(other.merged);
        for (kind, count) in other.kinds {
            self.kinds.entry(kind).or_default().merge(count);
        }
        for (what, count) in other.moves {
            self.moves.entry(what).or_default().merge(count);
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |f: &mut fmt::Formatter<'_>, name: &str, c: &Count| {
            writeln!(
                f,
                "{name:<20}{:>10}{:>10}{:>8.1} %",
                c.tried,
                c.accepted,
                c.percent()
            )
        };
        writeln!(f, "{:<20}{:>10}{:>10}", "", "tried", "accepted")?;
        line(f, "all", &self.all)?;
        line(f, "two in one", &self.merged)?;
        writeln!(f, "\nbegun as")?;
        for (kind, count) in &self.kinds {
            line(f, &format!("  {kind:?}"), count)?;
        }
        writeln!(f, "\nchanged")?;
        for (what, count) in &self.moves {
            line(f, &format!("  {what:?}"), count)?;
        }
        writeln!(f, "\n{} judged by both interpreters", self.both)?;
        writeln!(f, "{} followed by the honest next steps", self.onward)
    }
}

/// An accepted transaction that breaks an invariant, or one about which the interpreters disagree.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The seed of its chunk.
    pub seed: u64,
    /// What is wrong, and the smallest transaction that shows it.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {}", self.seed, self.text)?;
        write!(
            f,
            "again: cargo xtask adversary --cases {CHUNK} --seed {}",
            self.seed
        )
    }
}

/// The transaction, if the drafts can be laid out in this state.
fn lay(state: &dyn Scenery, attempt: &Attempt) -> Option<Case> {
    let mut cases = attempt
        .drafts
        .iter()
        .enumerate()
        .map(|(n, d)| state.lay(d, n));
    let mut case = cases.next()??;
    for more in cases {
        case = together(state, case, more?)?;
    }
    let burnt = burnt(&case);
    for change in &attempt.moves {
        change.make(state, &mut case);
    }
    if attempt.repaired {
        repair(state, &mut case, &burnt);
    }
    Some(case)
}

/// What is wrong with what became of it, if anything is.
fn fault(state: &dyn Scenery, attempt: &Attempt, judges: Judges, fate: &Fate) -> Option<String> {
    match fate {
        Fate::Malformed | Fate::Refused => None,
        Fate::Disputed(why) => Some(format!("the interpreters disagree: {why}")),
        Fate::Accepted(deed) => {
            let onward = attempt.onward.then_some(judges);
            let kept = state.check(deed, onward);
            kept.err().map(|breach| breach.to_string())
        }
    }
}

/// Tries one chunk.
fn chunk(seed: u64, official: Official) -> (Tally, Option<Finding>) {
    let tally = RefCell::new(Tally::default());
    let found = RefCell::new(false);
    let mut runner = TestRunner::new(ProptestConfig {
        cases: STATES,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    });
    let result = runner.run(&arb_plan(), |plan| {
        let state = plan.place.scenery();
        let state = state.as_ref();
        for attempt in &plan.attempts {
            let Some(case) = lay(state, attempt) else {
                continue;
            };
            let judges = attempt.judges(official);
            let fate = try_out(&case, judges);
            if !*found.borrow() {
                tally.borrow_mut().note(attempt, judges, &fate);
            }
            if let Some(fault) = fault(state, attempt, judges, &fate) {
                *found.borrow_mut() = true;
                let shown = show::transaction(state, &case);
                let said = format!("{fault}\n{attempt:?}\n{shown}");
                return Err(TestCaseError::fail(said));
            }
        }
        Ok(())
    });
    let finding = result.err().map(|e| Finding {
        seed,
        text: match e {
            TestError::Fail(reason, _) => reason.message().to_owned(),
            TestError::Abort(reason) => reason.message().to_owned(),
        },
    });
    (tally.into_inner(), finding)
}

/// Tries so many chunks, of consecutive seeds, on all cores. After each chunk `each` hears what has been tried, what was found,
/// and what this chunk found.
pub fn hunt(
    seed: u64,
    chunks: u64,
    official: Official,
    each: impl Fn(&Tally, &[Finding], Option<&Finding>) + Sync,
) -> (Tally, Vec<Finding>) {
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    let next = AtomicU64::new(0);
    let result = Mutex::new((Tally::default(), Vec::new()));
    let work = || loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= chunks {
            break;
        }
        let (tally, finding) = chunk(seed + number, official);
        let mut result = result.lock().unwrap();
        result.0.merge(tally);
        result.1.extend(finding.clone());
        each(&result.0, &result.1, finding.as_ref());
    };
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(work);
        }
    });
    let (tally, mut findings) = result.into_inner().unwrap();
    findings.sort_by_key(|f: &Finding| f.seed);
    (tally, findings)
}
