//! Sequences at random: each step is made of numbers that mean something in every state, so that a failing sequence
//! shrinks by losing steps.

use ergo_lib::ergotree_ir::chain::ergo_box::BoxId;
use lets_cli::session::View;
use lets_protocol::{AccountNumber, Amount, Blocks, Bounds, Terms};
use lets_tests::model::{Deed, Fate, Payment, State, Trade, TradeKind, Village, Way};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

/// Picks one of those that are there.
type Pick = usize;

/// How much.
#[derive(Debug, Clone, Copy)]
enum Sum {
    Units(i64),
    /// All that the payer's line lets him pay, and so many units more.
    Line(i64),
    /// All that the payee's cap lets him be paid, and so many units more.
    Cap(i64),
    /// What brings the payee's debt to 0.
    Debt,
    /// What the payer owns.
    Own,
}

#[derive(Debug, Clone)]
enum Step {
    Apply(Pick),
    Withdraw(Pick),
    Admit(Pick, TermsOf),
    Pay(Pick, Vec<(Pick, Sum, Way)>, bool),
    Settle(Vec<(Pick, Pick, Sum)>),
    Claim(Pick),
    /// A note that may be anybody's.
    Grab(Pick, Pick),
    Refund(Pick),
    Absorb(Pick),
    WriteOff(Pick, Sum),
    Terms(Pick, TermsOf),
    Owner(Pick, Option<i64>, Option<bool>),
    Exit(Pick),
    Expel(Pick),
    Recover(Pick, Pick, u32),
    Complete(Pick),
    Announce(u32, u8, i64, u32),
    Cancel,
    Enact,
    Refresh(Pick),
    Mine(u32),
    /// To what somebody waits for, or a block before or after it.
    Await(Pick, i64),
    Reorganise(u32),
}

#[derive(Debug, Clone)]
struct TermsOf {
    line: i64,
    cap: i64,
    loan: Loan,
    class: i64,
    classes: Vec<i64>,
}

#[derive(Debug, Clone, Copy)]
enum Loan {
    Plain,
    Largest(i64),
    Limit(i64),
    Longest(u32),
}

fn arb_sum() -> impl Strategy<Value = Sum> {
    prop_oneof![
        6 => (0..=700_i64).prop_map(Sum::Units),
        1 => (-1..=1_i64).prop_map(Sum::Line),
        1 => (-1..=1_i64).prop_map(Sum::Cap),
        1 => Just(Sum::Debt),
        1 => Just(Sum::Own),
    ]
}

fn arb_way() -> impl Strategy<Value = Way> {
    let life = || prop_oneof![8 => 10_080..=40_000_u32, 1 => Just(10_079), 1 => Just(262_801)];
    prop_oneof![
        4 => Just(Way::Direct),
        2 => life().prop_map(Way::Note),
        1 => life().prop_map(Way::Paper),
    ]
}

fn arb_terms() -> impl Strategy<Value = TermsOf> {
    let line = prop_oneof![
        1 => Just(0), 6 => 100..=1_500_i64, 1 => 2_999..=3_001_i64
    ];
    let cap = prop_oneof![6 => 300..=2_000_i64, 1 => 4_000..=4_001_i64];
    let loan = prop_oneof![
        3 => Just(Loan::Plain),
        1 => (50..=400_i64).prop_map(Loan::Largest),
        1 => (50..=600_i64).prop_map(Loan::Limit),
        1 => (1..=400_u32).prop_map(Loan::Longest),
    ];
    let classes = prop_oneof![4 => Just(vec![]), 1 => Just(vec![1]), 1 => Just(vec![2, 3])];
    (line, cap, loan, 0..=2_i64, classes).prop_map(|(line, cap, loan, class, classes)| TermsOf {
        line,
        cap,
        loan,
        class,
        classes,
    })
}

fn arb_step() -> impl Strategy<Value = Step> {
    let who = || 0..64_usize;
    let payments = prop_oneof![
        3 => vec((who(), arb_sum(), arb_way()), 1..=1),
        1 => vec((who(), arb_sum(), arb_way()), 2..=4),
    ];
    let legs = vec((who(), who(), arb_sum()), 1..=4);
    let ahead = prop_oneof![6 => 1..=5_040_u32, 1 => Just(0), 1 => 5_041..=5_042_u32];
    let blocks = prop_oneof![
        8 => 1..=3_u32, 4 => 50..=600_u32, 2 => 5_000..=30_000_u32, 1 => Just(790_000)
    ];
    let committee = prop_oneof![
        6 => (who(), arb_terms()).prop_map(|(a, t)| Step::Terms(a, t)),
        2 => who().prop_map(Step::Expel),
        3 => (who(), who(), ahead.clone()).prop_map(|(a, b, n)| Step::Recover(a, b, n)),
        2 => who().prop_map(Step::Complete),
        2 => (ahead, 1..=3_u8, 2_998..=3_001_i64, 0..=9_u32)
            .prop_map(|(from, quorum, line, odd)| Step::Announce(from, quorum, line, odd)),
        1 => Just(Step::Cancel),
        2 => Just(Step::Enact),
        2 => (who(), arb_sum()).prop_map(|(a, n)| Step::WriteOff(a, n)),
    ];
    let members = prop_oneof![
        3 => who().prop_map(Step::Apply),
        1 => who().prop_map(Step::Withdraw),
        3 => (who(), arb_terms()).prop_map(|(a, t)| Step::Admit(a, t)),
        2 => who().prop_map(Step::Exit),
        3 => (who(), prop::option::of(0..=300_i64), prop::option::of(any::<bool>()))
            .prop_map(|(a, s, r)| Step::Owner(a, s, r)),
    ];
    let notes = prop_oneof![
        4 => who().prop_map(Step::Claim),
        1 => (who(), who()).prop_map(|(a, n)| Step::Grab(a, n)),
        3 => who().prop_map(Step::Refund),
        1 => who().prop_map(Step::Absorb),
    ];
    prop_oneof![
        10 => (who(), payments, any::<bool>()).prop_map(|(a, p, c)| Step::Pay(a, p, c)),
        3 => legs.prop_map(Step::Settle),
        5 => notes,
        5 => committee,
        4 => members,
        1 => who().prop_map(Step::Refresh),
        4 => blocks.prop_map(Step::Mine),
        4 => (who(), -1..=1_i64).prop_map(|(what, odd)| Step::Await(what, odd)),
        2 => (1..=8_u32).prop_map(Step::Reorganise),
    ]
}

fn arb_fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        12 => Just(Fate::Arrives),
        1 => Just(Fate::Lost),
        1 => Just(Fate::Repeated),
        1 => Just(Fate::Overtaken),
    ]
}

impl Sum {
    fn of(self, state: &State, from: &AccountNumber, to: &AccountNumber) -> i64 {
        let (payer, payee) = (&state.accounts[from], &state.accounts[to]);
        let sum = match self {
            Self::Units(n) => n,
            Self::Line(n) => payer.balance + payer.terms.line.units() + n,
            Self::Cap(n) => payee.terms.cap.units() - payee.balance + n,
            Self::Debt if payee.balance < 0 => payee.debt(),
            Self::Own if payer.balance > 0 => payer.balance,
            Self::Debt | Self::Own => 10,
        };
        sum.max(0)
    }
}

impl TermsOf {
    fn terms(&self, village: &Village) -> Terms {
        let amount = |n| Amount::new(n).unwrap();
        let mut terms = village.terms(self.line, self.cap);
        match self.loan {
            Loan::Plain => {}
            Loan::Largest(n) => terms.largest_draw = amount(n),
            Loan::Longest(n) => terms.longest_debt = Blocks(n),
            Loan::Limit(n) => {
                terms.draw_limit = amount(n);
                // One unit in ten blocks.
                terms.draw_rate = amount(100);
            }
        }
        terms.class = self.class;
        terms.spend_on.clone_from(&self.classes);
        terms
    }
}

/// One of them, if there is any.
fn one<T: Clone>(all: impl IntoIterator<Item = T>, pick: Pick) -> Option<T> {
    let all: Vec<T> = all.into_iter().collect();
    (!all.is_empty()).then(|| all[pick % all.len()].clone())
}

/// What the step is in this state; `None` if there is nobody to do it.
fn deed(village: &Village, state: &State, step: &Step) -> Option<Deed> {
    let height = village.height();
    let account = |pick: Pick| one(state.accounts.keys().copied(), pick);
    let member = |pick: Pick| {
        let members = state.accounts.iter().filter(|(_, a)| a.owner.is_some());
        one(members.map(|(n, _)| *n), pick)
    };
    // One in eight is not.
    let at_zero = |pick: Pick| {
        let even = state
            .accounts
            .iter()
            .filter(|(_, a)| a.balance == 0 && a.owner.is_some());
        one(even.map(|(n, _)| *n), pick).filter(|_| !pick.is_multiple_of(8))
    };
    let notes = |wanted: &dyn Fn(&lets_tests::model::Note) -> bool| -> Vec<BoxId> {
        let found = state.notes.iter().filter(|(_, n)| wanted(n));
        found.map(|(id, _)| *id).collect()
    };
    let own = |who: AccountNumber| notes(&move |n| n.payee.is_none_or(|payee| payee == who));
    // One in sixteen pays himself.
    let payee = |from: AccountNumber, pick: Pick| {
        let others = state.accounts.keys().copied();
        one(
            others.filter(|n| *n != from || pick.is_multiple_of(16)),
            pick / 4,
        )
    };
    let with_notes = |of: &dyn Fn(&lets_tests::model::Note) -> Option<AccountNumber>, pick| {
        // Whose note it is may have left.
        let known = |n: &AccountNumber| state.accounts.contains_key(n);
        one(state.notes.values().filter_map(of).filter(known), pick).or_else(|| account(pick))
    };
    let trade = |leader, takes, kind| {
        let deed = Trade {
            leader,
            takes,
            kind,
        };
        Some(Deed::Trade(deed))
    };
    match step {
        Step::Apply(pick) => {
            let waits = |p: &usize| state.requests.values().any(|r| r.who == Some(*p));
            let owns = |p: &usize| state.accounts.values().any(|a| a.owner == Some(*p));
            let others = village.everybody();
            let outside = others.into_iter().filter(|p| !waits(p) && !owns(p));
            Some(Deed::Apply(Some(one(outside, *pick)?), height + 20_000))
        }
        Step::Withdraw(pick) => Some(Deed::Withdraw(one(state.requests.keys().copied(), *pick)?)),
        Step::Admit(pick, terms) => {
            let request = one(state.requests.keys().copied(), *pick)?;
            Some(Deed::Admit(request, terms.terms(village)))
        }
        Step::Pay(from, payments, claims) => {
            let from = account(*from)?;
            let payment = |(to, sum, way): &(Pick, Sum, Way)| {
                let to = payee(from, *to)?;
                let amount = sum.of(state, &from, &to);
                Some(Payment {
                    to,
                    amount,
                    way: *way,
                })
            };
            let payments: Option<Vec<Payment>> = payments.iter().map(payment).collect();
            let takes = if *claims { own(from) } else { Vec::new() };
            trade(from, takes, TradeKind::Pay(payments?))
        }
        Step::Settle(legs) => {
            let leg = |(from, to, sum): &(Pick, Pick, Sum)| {
                let from = member(*from)?;
                let to = payee(from, *to)?;
                Some((from, to, sum.of(state, &from, &to)))
            };
            let legs: Vec<_> = legs.iter().map(leg).collect::<Option<_>>()?;
            trade(legs[0].0, Vec::new(), TradeKind::Settle(legs))
        }
        Step::Claim(pick) => {
            let who = with_notes(&|n| n.payee, *pick)?;
            trade(who, own(who), TradeKind::Claim)
        }
        Step::Grab(pick, note) => {
            let note = one(state.notes.keys().copied(), *note)?;
            trade(account(*pick)?, vec![note], TradeKind::Claim)
        }
        Step::Refund(pick) => {
            let who = with_notes(&|n| Some(n.payer), *pick)?;
            let made = notes(&|n| n.payer == who);
            let over = notes(&|n| n.payer == who && n.expiry <= height);
            trade(
                who,
                if over.is_empty() { made } else { over },
                TradeKind::Refund,
            )
        }
        Step::Absorb(pick) => {
            let who = state.community().filter(|_| !pick.is_multiple_of(8));
            let late = state
                .notes
                .iter()
                .max_by_key(|(_, n)| height.abs_diff(n.expiry));
            let takes = late.map(|(id, _)| *id).into_iter().collect();
            trade(who.or_else(|| account(*pick))?, takes, TradeKind::Absorb)
        }
        Step::WriteOff(pick, sum) => {
            let debtors = state.accounts.iter().filter(|(_, a)| a.balance < 0);
            let debtor = one(debtors.map(|(n, _)| *n), *pick).or_else(|| account(*pick))?;
            let community = state.community()?;
            let amount = sum.of(state, &community, &debtor);
            trade(community, Vec::new(), TradeKind::WriteOff(debtor, amount))
        }
        Step::Terms(pick, terms) => Some(Deed::Terms(account(*pick)?, terms.terms(village))),
        Step::Owner(pick, smallest, refuses) => {
            let kind = TradeKind::Owner(*smallest, *refuses);
            trade(account(*pick)?, Vec::new(), kind)
        }
        Step::Exit(pick) => Some(Deed::Exit(at_zero(*pick).or_else(|| member(*pick))?)),
        Step::Expel(pick) => Some(Deed::Expel(at_zero(*pick).or_else(|| account(*pick))?)),
        Step::Recover(pick, heir, ahead) => {
            let heir = one(village.everybody(), *heir)?;
            Some(Deed::Recover(account(*pick)?, heir, height + ahead))
        }
        Step::Complete(pick) => {
            let heirs = state.accounts.iter().filter(|(_, a)| a.heir.is_some());
            let pending = one(heirs.map(|(n, _)| *n), *pick);
            Some(Deed::Complete(pending.or_else(|| account(*pick))?))
        }
        Step::Announce(from, quorum, line, odd) => {
            let bounds = Bounds {
                max_line: Amount::new(*line).unwrap(),
                // One in ten asks for what can never be.
                recovery_delay: Blocks(21_600 + u32::from(*odd == 0)),
                ..state.charter.bounds.clone()
            };
            Some(Deed::Announce(height + from, *quorum, bounds))
        }
        Step::Cancel => Some(Deed::Cancel),
        Step::Enact => Some(Deed::Enact),
        Step::Refresh(pick) => Some(match pick % 8 {
            0 => Deed::RefreshCharter,
            1 => Deed::Refresh(None),
            _ => Deed::Refresh(Some(account(*pick)?)),
        }),
        Step::Mine(_) | Step::Await(..) | Step::Reorganise(_) => None,
    }
}

/// Heights at which something becomes possible or impossible.
fn events(state: &State) -> Vec<i64> {
    let year = 262_800;
    let notes = state.notes.values().map(|n| i64::from(n.expiry));
    let notes = notes.flat_map(|expiry| [expiry, expiry, expiry + year]);
    let heirs = state.accounts.values().filter_map(|a| a.heir);
    let bounds = &state.charter.bounds;
    let heirs = heirs.map(|(_, start)| start + i64::from(bounds.recovery_delay.0));
    let announced = state.charter.announced.iter();
    let announced = announced.map(|(from, ..)| i64::from(from + bounds.change_delay.0) - 1);
    let requests = state.requests.values().map(|r| i64::from(r.expiry));
    notes
        .chain(heirs)
        .chain(announced)
        .chain(requests)
        .collect()
}

async fn perform(village: &mut Village, step: &Step, fate: Fate) {
    let state = village.state(View::Pool);
    match step {
        Step::Mine(blocks) => {
            village.mine(*blocks).await;
            // Whoever lets three years pass looks after his boxes.
            if *blocks >= Blocks::REFRESH_AGE.0 {
                village.act(Deed::RefreshCharter, fate).await;
                village.act(Deed::Refresh(None), fate).await;
                for number in state.accounts.into_keys() {
                    let deed = Deed::Refresh(Some(number));
                    village.act(deed, Fate::Arrives).await;
                }
            }
        }
        Step::Reorganise(depth) => village.reorganise(*depth).await,
        Step::Await(pick, odd) => {
            let height = i64::from(village.height());
            let due = events(&state).into_iter().filter(|at| at + odd > height);
            if let Some(at) = one(due, *pick) {
                let blocks = u32::try_from(at + odd - height).unwrap();
                village.mine(blocks).await;
            }
        }
        _ => {
            if let Some(deed) = deed(village, &state, step) {
                village.act(deed, fate).await;
            }
        }
    }
}

/// So many sequences of so many steps, always the same ones.
fn run(sequences: u32, steps: usize) {
    let hunt: Option<u64> = std::env::var("LETS_HUNT")
        .ok()
        .map(|n| n.parse().expect("LETS_HUNT is a number"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(ProptestConfig {
        cases: if hunt.is_some() {
            10 * sequences
        } else {
            sequences
        },
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(hunt.unwrap_or(7)),
        max_shrink_iters: 60,
        ..ProptestConfig::default()
    });
    runner
        .run(&vec((arb_step(), arb_fate()), steps), |sequence| {
            runtime.block_on(async {
                let Some(mut village) = Village::found(4, 3).await else {
                    return;
                };
                for (step, fate) in &sequence {
                    perform(&mut village, step, *fate).await;
                }
                village.mine(1).await;
            });
            Ok(())
        })
        .unwrap();
}

#[test]
fn model_any_sequence_leaves_the_books_as_the_ledger_says() {
    run(5, 50);
}
