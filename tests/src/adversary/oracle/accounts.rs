//! I2, I4, I5, I10: what happens to each account whose script ran.

use super::{Check, REFRESH_AGE, Scene, ensure};
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6, R7, R8};

/// The largest box that an owner may make of his account.
const SIGNED_SIZE: usize = 1_600;

/// One account before and after.
struct Pair<'a> {
    place: usize,
    before: &'a ErgoBox,
    after: &'a ErgoBox,
    terms: Vec<i64>,
    own: Vec<i64>,
    gain: i64,
    old: i64,
    new: i64,
}

impl Pair<'_> {
    fn drawn(&self) -> i64 {
        (self.old.min(0) - self.new.min(0)).max(0)
    }
}

impl Scene<'_> {
    /// I4: an application serves its applicant, or becomes his account.
    pub(super) fn applications(&self) -> Check {
        let (view, deed) = (&self.view, self.deed);
        for (place, spent) in deed.inputs.iter().enumerate() {
            if !view.is_application(spent) || !self.ran(place) {
                continue;
            }
            let origin = view.bytes(spent, R5).unwrap_or_default();
            // Another LETS's pot: that LETS's check looks at it.
            if origin.get(..32) != Some(view.pot_nft().as_slice()) {
                continue;
            }
            let withdrawn = view
                .committee(spent)
                .is_some_and(|owner| deed.proves(&owner));
            let admitted = place == 1
                && self.pot_acts()
                && deed.outputs.get(1).is_some_and(|o| view.is_account(o));
            ensure(
                withdrawn || admitted,
                "I4",
                format!("application at {place} taken without its owner"),
            )?;
        }
        Ok(())
    }

    /// I2, I4, I5, I10 for every account on the trade path.
    pub(super) fn members(&self) -> Check {
        for (place, before) in self.accounts() {
            if place == 1 && self.pot_acts() {
                continue;
            }
            self.member(place, before)?;
        }
        Ok(())
    }

    fn member(&self, place: usize, before: &ErgoBox) -> Check {
        let (view, deed) = (&self.view, self.deed);
        let number = view.number(before);
        let same = |b: &&ErgoBox| view.is_account(b) && view.number(b) == number;
        let after = deed.outputs.get(place).filter(same);
        let all = deed.outputs.iter().filter(same).count();
        let Some(after) = after.filter(|_| all == 1) else {
            return ensure(
                false,
                "I5",
                format!(
                    "account at {place} has {all} successors, and at its place {}",
                    after.is_some()
                ),
            );
        };
        let token = view.tokens(before)[1].0;
        let pieces: u64 = deed.outputs.iter().map(|b| view.amount(b, token)).sum();
        ensure(
            pieces == 1,
            "I5",
            format!("{pieces} account tokens of the account at {place}"),
        )?;
        let terms = view.longs(before, R4).unwrap_or_default();
        let own = view.longs(before, R6).unwrap_or_default();
        if terms.len() < 9 || own.len() < 4 {
            return ensure(
                false,
                "I4",
                format!("account at {place} without terms was spent"),
            );
        }
        let (old, new) = (view.units(before) as i64, view.units(after) as i64);
        let pair = Pair {
            place,
            before,
            after,
            gain: new - old,
            old: old - terms[0],
            new: new - terms[0],
            terms,
            own,
        };
        self.kept(&pair)?;
        self.consent(&pair)?;
        self.limits(&pair)
    }

    /// I4, I10: what nobody may change on this path.
    fn kept(&self, pair: &Pair<'_>) -> Check {
        let view = &self.view;
        let Pair {
            place,
            before,
            after,
            ..
        } = *pair;
        let tokens = view.tokens_but_units(after);
        ensure(
            tokens.len() <= 3 && tokens.get(..2) == view.tokens_but_units(before).get(..2),
            "I4",
            format!("other tokens in the account at {place}"),
        )?;
        for (id, name) in [(R4, "terms"), (R7, "link")] {
            ensure(
                view.constant(after, id) == view.constant(before, id),
                "I4",
                format!("other {name} of the account at {place}"),
            )?;
        }
        ensure(
            view.constant(after, R8).is_none(),
            "I4",
            format!("a further register in the account at {place}"),
        )?;
        ensure(
            self.recent(after),
            "I10",
            format!("the account at {place} was made too long ago"),
        )
    }

    /// I4: without the owner an account only gains; with him it keeps to what he may do.
    fn consent(&self, pair: &Pair<'_>) -> Check {
        let view = &self.view;
        let Pair {
            place,
            before,
            after,
            gain,
            new,
            ..
        } = *pair;
        let same = |id| view.constant(after, id) == view.constant(before, id);
        let paid = gain > 0 && (gain >= pair.own[0] || new == 0);
        let age = self.deed.height - i64::from(before.creation_height);
        let refreshed = gain == 0 && age > REFRESH_AGE;
        let untouched = same(R5)
            && same(R6)
            && after.value >= before.value
            && view.tokens_but_units(after).len() >= view.tokens_but_units(before).len();
        if untouched && (paid || refreshed) {
            return Ok(());
        }
        ensure(
            self.consents(before, 0),
            "I4",
            format!(
                "the account at {place} gained {gain} without its owner, untouched: {untouched}, age {age}"
            ),
        )?;
        let kept = view.keys(after).len() == 1;
        ensure(
            kept,
            "I4",
            format!(
                "signed, and {} keys in the account at {place}",
                view.keys(after).len()
            ),
        )?;
        let floor = u64::try_from(pair.terms[3])
            .unwrap_or(0)
            .min(*before.value.as_u64());
        ensure(
            *after.value.as_u64() >= floor,
            "I10",
            format!(
                "the account at {place} keeps {} nanoErg of {floor}",
                after.value.as_u64()
            ),
        )?;
        ensure(
            view.size(after) < SIGNED_SIZE,
            "I10",
            format!("the account at {place} has grown too large"),
        )?;
        self.counters(pair)
    }

    /// I2: stamp, credit used and in debt since are not understated by whoever signs.
    fn counters(&self, pair: &Pair<'_>) -> Check {
        let place = pair.place;
        let after = self.view.longs(pair.after, R6).unwrap_or_default();
        let [_, stamp, used, since, ..] = after[..] else {
            return ensure(
                false,
                "I2",
                format!("{} counters in the account at {place}", after.len()),
            );
        };
        let wide = |n: i64| i128::from(n);
        let own = &pair.own;
        ensure(
            own[1] <= stamp && stamp <= self.deed.height,
            "I2",
            format!("stamp {stamp} after {} in the account at {place}", own[1]),
        )?;
        let leaked = wide(pair.terms[7]) * wide(stamp - own[1]) / 1_000;
        let least = (wide(own[2]) - leaked).max(0) + wide(pair.drawn());
        ensure(
            wide(used) >= least,
            "I2",
            format!("credit used {used} below {least} at {place}"),
        )?;
        let begun = if pair.old < 0 { own[3] } else { stamp };
        ensure(
            since == begun,
            "I2",
            format!("in debt since {since}, and not {begun}, at {place}"),
        )
    }

    /// I2: line, cap and loan rules.
    fn limits(&self, pair: &Pair<'_>) -> Check {
        let Pair {
            place, gain, new, ..
        } = *pair;
        let terms = &pair.terms;
        ensure(
            gain <= 0 || new <= terms[2],
            "I2",
            format!("balance {new} above the cap {} at {place}", terms[2]),
        )?;
        let drawn = pair.drawn();
        if drawn > 0 {
            let after = self.view.longs(pair.after, R6).unwrap_or_default();
            ensure(
                new >= -terms[1],
                "I2",
                format!("balance {new} below the line {} at {place}", terms[1]),
            )?;
            let loan = [
                ("largest draw", drawn, terms[4]),
                ("draw limit", after[2], terms[5]),
                ("longest debt", self.deed.height - after[3], terms[6]),
            ];
            for (name, found, most) in loan {
                ensure(
                    most == 0 || found <= most,
                    "I2",
                    format!("{name}: {found} of {most} at {place}"),
                )?;
            }
        }
        if new < 0 && gain < 0 && terms.len() > 9 {
            self.classes(pair)?;
        }
        Ok(())
    }

    /// I2: what a debtor limited to classes pays goes to nobody else.
    fn classes(&self, pair: &Pair<'_>) -> Check {
        let (view, deed) = (&self.view, self.deed);
        let allowed = &pair.terms[9..];
        for (place, made) in deed.outputs.iter().enumerate() {
            if view.is_note(made) {
                let rules = view.longs(made, R6).unwrap_or_default();
                let classes = rules.get(1..).unwrap_or_default();
                let within = !classes.is_empty() && classes.iter().all(|c| allowed.contains(c));
                ensure(
                    within,
                    "I2",
                    format!("note at {place} beyond the payer's classes {allowed:?}"),
                )?;
            }
            if view.is_account(made) && view.number(made) != view.number(pair.before) {
                let class = view.longs(made, R4).and_then(|t| t.get(8).copied());
                let had = self
                    .accounts()
                    .find(|(_, b)| view.number(b) == view.number(made));
                let gained = view.units(made) > had.map_or(0, |(_, b)| view.units(b));
                ensure(
                    !gained || class.is_some_and(|c| allowed.contains(&c)),
                    "I2",
                    format!(
                        "account at {place} of class {class:?} gained from one limited to {allowed:?}"
                    ),
                )?;
            }
        }
        Ok(())
    }
}
