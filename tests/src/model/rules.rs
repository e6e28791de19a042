//! What may be done: every rule that a deed breaks, by the name that the library gives it.
//!
//! Rates here are such that one unit leaks every so many whole blocks: there is nothing to round.

use super::deed::{Deed, Flow, Trade, TradeKind, Way};
use super::state::{Account, Note, State};
use lets_protocol::{Bounds, HardBounds, Terms};

/// Three years, and the last resort for notes: in blocks.
const REFRESH_AGE: u32 = 788_400;
const NOTE_LIFE: std::ops::RangeInclusive<u32> = 10_080..=262_800;
/// How far ahead an announcement or the start of a recovery may lie.
const AHEAD: u32 = 5_040;

/// A bucket with `used` in it as of `stamp` leaks `rate` units every `per` blocks. What is in it at `height`, and the stamp
/// that loses no block on the way to the next unit.
fn leaked(used: i64, stamp: i64, (rate, per): (i64, i64), height: u32) -> (i64, i64) {
    let blocks = (i64::from(height) - stamp).max(0);
    match blocks * rate / per {
        units if units >= used => (0, stamp + blocks),
        units => (used - units, stamp + units * per / rate),
    }
}

/// His counters, after he signs at this height for what changes his balance by `net`. `beside`: another leads.
pub(super) fn signed(account: &mut Account, net: i64, beside: bool, height: u32) {
    let before = account.clone();
    let rate = (account.terms.draw_rate.units(), 1_000);
    let (used, aligned) = leaked(account.used, account.stamp, rate, height);
    let now = account.stamp.max(i64::from(height));
    account.used = used;
    // A debt that begins now counts from now.
    account.stamp = if account.balance < 0 { aligned } else { now };
    if account.balance >= 0 {
        account.debt_since = now;
    }
    account.used += drawn(&before, net).max(0);
    account.heir = None;
    // His signature must show.
    if beside && *account == before {
        account.used += 1;
    }
}

fn drawn(account: &Account, net: i64) -> i64 {
    (-(account.balance + net)).max(0) - account.debt()
}

/// Counts admissions, units and recoveries in the pot, or says that the rates do not allow it.
pub(super) fn bucket(state: &mut State, adds: [i64; 3], height: u32) -> Result<(), &'static str> {
    let bounds = &state.charter.bounds;
    let period = i64::from(bounds.period.0);
    let limits = [
        bounds.admissions,
        bounds.issue.units(),
        bounds.recovery_starts,
    ];
    let pot = &mut state.pot;
    let latest = pot.stamp.max(i64::from(height));
    let aligned = |i: usize| {
        let (_, stamp) = leaked(pot.used[i], pot.stamp, (limits[i], period), height);
        stamp.min(latest)
    };
    // The stamp stays where the slowest has leaked last, as long as the limits let it.
    let members = aligned(0);
    for stamp in [members.min(aligned(2)), members, latest] {
        let passed = (stamp - pot.stamp).min(period);
        let left: [i64; 3] =
            std::array::from_fn(|i| (pot.used[i] - limits[i] * passed / period).max(0));
        if (0..3).all(|i| adds[i] <= 0 || left[i] + adds[i] <= limits[i]) {
            pot.stamp = stamp;
            pot.used = std::array::from_fn(|i| left[i] + adds[i].max(0));
            return Ok(());
        }
    }
    Err("rate")
}

/// Collects the names of the rules that are broken.
struct Broken(Vec<&'static str>);

impl Broken {
    fn when(&mut self, broken: bool, rule: &'static str) {
        if broken {
            self.0.push(rule);
        }
    }

    fn gain(&mut self, account: &Account, gained: i64) {
        let after = account.balance + gained;
        self.when(after > account.terms.cap.units(), "cap");
        self.when(gained < account.smallest && after != 0, "smallest_direct");
    }

    fn spend(&mut self, account: &Account, flow: &Flow, leads: bool, height: u32, classes: &[i64]) {
        let terms = &account.terms;
        let net = flow.gained - flow.paid;
        let (after, drawn) = (account.balance + net, drawn(account, net));
        let mut next = account.clone();
        signed(&mut next, net, false, height);
        self.when(drawn > 0 && -after > terms.line.units(), "credit_line");
        self.when(flow.paid > account.units() + flow.gained, "units_held");
        self.when(net > 0 && after > terms.cap.units(), "cap");
        let ruled = |limit: i64, found: i64| drawn > 0 && limit > 0 && found > limit;
        self.when(ruled(terms.largest_draw.units(), drawn), "largest_draw");
        self.when(ruled(terms.draw_limit.units(), next.used), "draw_limit");
        let in_debt = i64::from(height) + 1 - next.debt_since;
        self.when(ruled(terms.longest_debt.0.into(), in_debt), "longest_debt");
        let stranger = |class: &i64| !terms.spend_on.is_empty() && !terms.spend_on.contains(class);
        let binds = after < 0 && (leads || net < 0);
        self.when(binds && classes.iter().any(stranger), "payee_class");
    }

    fn terms(&mut self, bounds: &Bounds, terms: &Terms) {
        let outside = terms.line > bounds.max_line || terms.cap > bounds.max_cap;
        self.when(outside, "terms_bound");
    }

    fn take(&mut self, state: &State, trade: &Trade, note: &Note, height: u32) {
        match trade.kind {
            TradeKind::Refund => {
                self.when(note.payer != trade.leader, "not_payer");
                self.when(height < note.expiry, "not_expired");
            }
            TradeKind::Absorb => {
                self.when(height < note.expiry + NOTE_LIFE.end(), "not_expired");
            }
            _ => {
                let class = state.accounts[&trade.leader].terms.class;
                let other = note.payee.is_some_and(|payee| payee != trade.leader);
                self.when(other, "not_payee");
                let barred = !note.classes.is_empty() && !note.classes.contains(&class);
                self.when(barred, "note_class");
            }
        }
    }

    fn trade(&mut self, state: &State, trade: &Trade, chain: u32) {
        let height = trade.height(state, chain);
        let short = |life: u32| !NOTE_LIFE.contains(&(chain + life - height));
        let class = |n| state.accounts[n].terms.class;
        let flows = trade.flows(state);
        let mut classes: Vec<i64> = Vec::new();
        for note in &trade.takes {
            self.take(state, trade, &state.notes[note], chain);
        }
        let takes = matches!(
            trade.kind,
            TradeKind::Claim | TradeKind::Refund | TradeKind::Absorb
        );
        self.when(takes && trade.takes.is_empty(), "zero_amount");
        match &trade.kind {
            TradeKind::Pay(payments) => {
                for (at, p) in payments.iter().enumerate() {
                    self.when(p.amount == 0, "zero_amount");
                    let same = |q: &super::Payment| (q.to, q.way) == (p.to, Way::Direct);
                    let direct = p.way == Way::Direct;
                    self.when(direct && payments[..at].iter().any(same), "payee_twice");
                    match p.way {
                        Way::Direct => {}
                        Way::Note(life) => {
                            classes.push(class(&p.to));
                            self.when(short(life), "note_life");
                        }
                        Way::Paper(life) => self.when(short(life), "note_life"),
                    }
                    let paper = matches!(p.way, Way::Paper(_));
                    self.when(p.to == trade.leader && !paper, "self_payment");
                }
            }
            TradeKind::Settle(legs) => {
                for &(from, to, amount) in legs {
                    self.when(amount == 0, "zero_amount");
                    self.when(from == to, "self_payment");
                }
            }
            TradeKind::WriteOff(debtor, amount) => {
                self.when(*amount == 0, "zero_amount");
                self.when(*debtor == trade.leader, "self_payment");
                self.when(*amount > state.accounts[debtor].debt(), "write_off");
            }
            _ => {}
        }
        let community = state.accounts[&trade.leader].owner.is_none();
        let by_community = matches!(trade.kind, TradeKind::Absorb | TradeKind::WriteOff(..));
        self.when(by_community && !community, "not_community");
        for (at, flow) in flows.iter().enumerate() {
            let account = &state.accounts[&flow.who];
            if !flow.signs {
                self.gain(account, flow.gained);
                continue;
            }
            let others = flows.iter().filter(|f| f.who != flow.who);
            let mut beside: Vec<i64> = others.map(|f| class(&f.who)).collect();
            if at == 0 {
                beside.append(&mut classes);
            }
            self.spend(account, flow, at == 0, height, &beside);
        }
    }
}

/// Every rule that the deed breaks in this state, at this height; none: it must be possible.
pub(super) fn broken(state: &State, deed: &Deed, height: u32) -> Vec<&'static str> {
    let bounds = &state.charter.bounds;
    let mut broken = Broken(Vec::new());
    let rate = |broken: &mut Broken, adds| {
        let counted = bucket(&mut state.clone(), adds, height);
        broken.0.extend(counted.err());
    };
    let ahead = |from: u32| (height + 1..=height + AHEAD).contains(&from);
    let young = |created: u32| height < created + REFRESH_AGE;
    match deed {
        Deed::Apply(..) | Deed::Withdraw(_) => {}
        Deed::Admit(application, terms) => {
            broken.terms(bounds, terms);
            rate(&mut broken, [1, terms.line.units(), 0]);
            let late = state.requests[application].expiry <= height;
            broken.when(late, "application_expired");
        }
        Deed::Trade(trade) => broken.trade(state, trade, height),
        Deed::Terms(who, terms) => {
            broken.terms(bounds, terms);
            let account = &state.accounts[who];
            let issued = terms.line.units().max(account.debt());
            rate(&mut broken, [0, issued - account.terms.issued.units(), 0]);
        }
        Deed::Exit(who) => broken.when(state.accounts[who].balance != 0, "exit_balance"),
        Deed::Expel(who) => {
            let account = &state.accounts[who];
            broken.when(account.balance != 0, "exit_balance");
            broken.when(account.owner.is_none(), "key_follows");
            broken.when(account.heir.is_some(), "recovery");
        }
        Deed::Recover(who, heir, start) => {
            let account = &state.accounts[who];
            broken.when(account.owner.is_none(), "key_follows");
            let known = account.owner == Some(*heir)
                || account.heir.is_some_and(|(pending, _)| pending == *heir);
            // A recovery may start a block later than a change may be announced for.
            let timely = ahead(*start) || *start == height + AHEAD + 1;
            broken.when(account.refuses || known || !timely, "recovery");
            rate(&mut broken, [0, 0, 1]);
        }
        Deed::Complete(who) => {
            let account = &state.accounts[who];
            broken.when(account.owner.is_none(), "key_follows");
            let delay = i64::from(bounds.recovery_delay.0);
            let over = account
                .heir
                .is_some_and(|(_, start)| i64::from(height) >= start + delay);
            broken.when(!over, "recovery");
        }
        Deed::Announce(from, quorum, wanted) => {
            let outside = hard_bounds().violation(wanted).is_some();
            broken.when(outside, "hard_bound");
            let same = (*quorum, wanted) == (state.charter.quorum, bounds);
            broken.when(same, "no_change");
            broken.when(!ahead(*from), "announce_height");
        }
        Deed::Cancel => broken.when(state.charter.announced.is_none(), "nothing_announced"),
        Deed::Enact => match &state.charter.announced {
            None => broken.when(true, "nothing_announced"),
            Some((from, ..)) => {
                let early = height + 1 < from + bounds.change_delay.0;
                broken.when(early, "delay_not_over");
            }
        },
        Deed::Refresh(None) => broken.when(young(state.pot.created), "too_young"),
        Deed::Refresh(Some(who)) => broken.when(young(state.accounts[who].created), "too_young"),
        Deed::RefreshCharter => broken.when(young(state.charter.created), "too_young"),
    }
    broken.0
}

/// What the village was founded within.
fn hard_bounds() -> HardBounds {
    HardBounds::around(&super::village::bounds())
}
