//! I3, I4, I6, I10: what the pot does, and who has a say in it.

use super::{Check, RECENT, REFRESH_AGE, Scene, ensure};
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6, R7, R8};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;

/// What a refresh may cost the box that is refreshed, in nanoErg.
pub(super) const REFRESH_COST: u64 = 10_000_000;
/// The largest account that the pot makes.
pub(super) const POT_SIZE: usize = 2_000;
/// No number of an account's terms is larger.
const MOST: i64 = 1_000_000_000_000;

/// The pot before and after, and what left it.
struct Act<'a> {
    charter: Option<&'a ErgoBox>,
    bounds: Vec<i64>,
    members: i128,
    units: i128,
    before: Vec<i64>,
    after: Vec<i64>,
}

impl Scene<'_> {
    pub(super) fn pot(&self) -> Check {
        let (view, deed) = (&self.view, self.deed);
        for (place, spent) in deed.inputs.iter().enumerate() {
            if view.is_pot(spent) && self.ran(place) {
                ensure(place == 0, "I6", "the pot acts from another place")?;
                self.pot_spent(spent)?;
            }
        }
        Ok(())
    }

    fn pot_spent(&self, pot: &ErgoBox) -> Check {
        let (view, deed) = (&self.view, self.deed);
        let next = &deed.outputs[0];
        let kept = view.is_pot(next) && view.tokens(next).len() == 3;
        let holdings = view
            .pot_holdings(pot)
            .zip(view.pot_holdings(next))
            .filter(|_| kept);
        let Some((had, has)) = holdings else {
            return ensure(false, "I6", "the pot has no successor");
        };
        ensure(
            view.constant(next, R5).is_none(),
            "I6",
            "the pot has a further register",
        )?;
        ensure(self.recent(next), "I10", "the pot was made too long ago")?;
        let charter = deed.data.first().filter(|b| view.has_charter_nft(b));
        let act = Act {
            charter,
            bounds: charter.and_then(|c| view.longs(c, R5)).unwrap_or_default(),
            members: had.0 - has.0,
            units: had.1 - has.1,
            before: view.longs(pot, R4).unwrap_or_default(),
            after: view.longs(next, R4).unwrap_or_default(),
        };
        if deed.inputs.len() == 1 {
            let same = act.members == 0 && act.units == 0 && act.before == act.after;
            let old = i64::from(pot.creation_height) + REFRESH_AGE < deed.height;
            let cost = pot.value.as_u64().saturating_sub(*next.value.as_u64());
            ensure(
                same && old,
                "I6",
                "the pot alone is not refreshed but changed",
            )?;
            return ensure(
                cost <= REFRESH_COST,
                "I10",
                format!("a refresh of the pot costs {cost}"),
            );
        }
        ensure(next.value >= pot.value, "I10", "the pot loses ERG")?;
        match act.members {
            1 => self.admission(&act, pot),
            -1 => self.departure(&act),
            0 => self.change(&act),
            n => ensure(false, "I3", format!("{n} membership tokens leave the pot")),
        }
    }

    /// I6: k of n of the committee have signed.
    fn governed(&self, act: &Act<'_>) -> Check {
        let committee = act.charter.and_then(|c| self.view.committee(c));
        let signed = committee.is_some_and(|c| self.deed.proves(&c));
        ensure(signed, "I6", "the pot acts without the charter's committee")
    }

    /// I6: counters and rates, with so many recoveries started.
    fn rated(&self, act: &Act<'_>, started: i128) -> Check {
        let (Ok(before), Ok(after)) = (
            <[i64; 4]>::try_from(&act.before[..]),
            <[i64; 4]>::try_from(&act.after[..]),
        ) else {
            return ensure(false, "I6", format!("counters {:?}", act.after));
        };
        let (before, after) = (before.map(i128::from), after.map(i128::from));
        let bound = |n: usize| i128::from(act.bounds[n]);
        ensure(
            before[0] <= after[0] && after[0] <= i128::from(self.deed.height),
            "I6",
            format!("the pot's stamp {} after {}", after[0], before[0]),
        )?;
        let passed = (after[0] - before[0]).min(bound(5));
        let drawn = [
            (1, bound(3), act.members),
            (2, bound(4), act.units.max(0)),
            (3, bound(8), started),
        ];
        for (place, rate, more) in drawn {
            let least = (before[place] - rate * passed / bound(5)).max(0) + more.max(0);
            let within = after[place] >= least && (more <= 0 || after[place] <= rate);
            ensure(
                within,
                "I6",
                format!(
                    "counter {place}: {} where {least} is, of {rate}",
                    after[place]
                ),
            )?;
        }
        Ok(())
    }

    /// I6, I10: terms that the charter allows, in a box that its owner can use.
    fn bounded(&self, act: &Act<'_>, out: &ErgoBox) -> Check {
        let terms = self.view.longs(out, R4).unwrap_or_default();
        let sane = (9..=17).contains(&terms.len()) && terms.iter().all(|n| (0..=MOST).contains(n));
        ensure(
            sane,
            "I8",
            format!("terms that freeze an account: {terms:?}"),
        )?;
        let within =
            terms[1] <= act.bounds[0] && terms[2] <= act.bounds[1] && terms[3] == act.bounds[2];
        ensure(
            within,
            "I6",
            format!("terms {terms:?} beyond the charter's {:?}", act.bounds),
        )
    }

    fn made(&self, out: &ErgoBox) -> Check {
        let view = &self.view;
        ensure(self.recent(out), "I10", "the account was made too long ago")?;
        ensure(
            view.size(out) < POT_SIZE,
            "I10",
            "the account has grown too large",
        )?;
        ensure(
            view.constant(out, R8).is_none(),
            "I6",
            "a further register in the account",
        )
    }

    fn admission(&self, act: &Act<'_>, pot: &ErgoBox) -> Check {
        let (view, deed) = (&self.view, self.deed);
        self.governed(act)?;
        self.rated(act, 0)?;
        let (asked, out) = (&deed.inputs[1], &deed.outputs[1]);
        let origin = view.bytes(asked, R5).unwrap_or_default();
        let wishes = view.longs(asked, R6).unwrap_or_default();
        let ours = view.is_application(asked)
            && origin.get(..32) == Some(view.pot_nft().as_slice())
            && wishes.first().is_some_and(|expiry| *expiry >= deed.height);
        ensure(ours, "I3", "admitted without an application")?;
        let id = TokenId::from(pot.box_id());
        let pieces: u64 = deed.outputs.iter().map(|b| view.amount(b, id)).sum();
        let account = view.is_account(out) && view.number(out) == Some(id.into()) && pieces == 1;
        ensure(account, "I3", format!("{pieces} account tokens made"))?;
        self.bounded(act, out)?;
        self.made(out)?;
        let terms = view.longs(out, R4).unwrap_or_default();
        let issued = i128::from(terms[0]);
        let level =
            issued == i128::from(terms[1]) && view.units(out) == issued && act.units == issued;
        ensure(
            level,
            "I6",
            format!(
                "a new account with {} units, {issued} issued",
                view.units(out)
            ),
        )?;
        let keys = view.keys(out);
        let owned = view.committee(asked).is_some_and(|owner| keys == [owner]);
        let settings = view.longs(out, R6).unwrap_or_default();
        let plain = matches!(settings[..], [smallest, stamp, 0, 0]
            if smallest == wishes[1] && (0..=deed.height).contains(&stamp));
        let linked = origin.get(32..) == Some(view.link(out).as_slice());
        ensure(
            owned && plain && linked,
            "I4",
            "the new account is not the applicant's as he asked for it",
        )?;
        let fee = asked.value.as_u64().saturating_sub(*out.value.as_u64());
        let enough = *out.value.as_u64() >= terms[3] as u64 && fee <= act.bounds[9] as u64;
        ensure(
            enough,
            "I10",
            format!(
                "the new account holds {}, its admission cost {fee}",
                out.value.as_u64()
            ),
        )
    }

    fn departure(&self, act: &Act<'_>) -> Check {
        let (view, deed) = (&self.view, self.deed);
        let left = &deed.inputs[1];
        let Some(number) = view.number(left) else {
            return ensure(false, "I6", "a membership token returns without an account");
        };
        let issued = view.longs(left, R4).map(|t| i128::from(t[0]));
        let level = issued == Some(view.units(left)) && act.units == -view.units(left);
        ensure(
            level,
            "I6",
            format!(
                "an account with {} units leaves, {issued:?} issued",
                view.units(left)
            ),
        )?;
        ensure(
            act.before == act.after,
            "I6",
            "an exit changes the pot's counters",
        )?;
        let stands = |b: &ErgoBox| {
            view.tokens(b)
                .iter()
                .any(|t| Vec::<u8>::from(t.0) == number)
        };
        ensure(
            !deed.outputs.iter().any(stands),
            "I5",
            "the account token of a closed account lives on",
        )?;
        if self.consents(left, 2) {
            return Ok(());
        }
        // An expulsion: the committee's say, and the ERG the owner's.
        ensure(
            act.charter.is_some(),
            "I4",
            "an account was closed without its owner",
        )?;
        let committee = act.charter.and_then(|c| view.committee(c));
        ensure(
            committee.is_some_and(|c| deed.proves(&c)),
            "I4",
            "an account was closed without its owner",
        )?;
        let out = &deed.outputs[1];
        let keys = view.keys(left);
        let owned = view.link(left).is_empty()
            && keys.len() == 1
            && keys[0].prop_bytes().ok() == out.ergo_tree.sigma_serialize_bytes().ok();
        ensure(
            owned,
            "I4",
            "the ERG of an expelled account goes to another",
        )?;
        let fee = left.value.as_u64().saturating_sub(*out.value.as_u64());
        ensure(
            fee <= act.bounds[9] as u64,
            "I4",
            format!("an expulsion costs {fee}"),
        )?;
        ensure(
            self.recent(out),
            "I10",
            "an expelled member's ERG stands in an old box",
        )
    }

    fn change(&self, act: &Act<'_>) -> Check {
        let (view, deed) = (&self.view, self.deed);
        let subject = &deed.inputs[1];
        let Some(out) = deed.outputs.get(1) else {
            return ensure(false, "I5", "the pot's subject has no successor");
        };
        ensure(
            view.is_account(subject),
            "I6",
            "the pot acts on something else than an account",
        )?;
        let same = view.is_account(out) && view.number(out) == view.number(subject);
        ensure(same, "I5", "the pot's subject has no successor")?;
        ensure(
            act.charter.is_some(),
            "I6",
            "the pot acts without the charter",
        )?;
        ensure(
            out.value >= subject.value,
            "I4",
            "the pot's subject loses ERG",
        )?;
        ensure(
            view.link(out) == view.link(subject) && view.constant(out, R7).is_some(),
            "I4",
            "another link",
        )?;
        self.made(out)?;
        let tokens = |b| view.tokens_but_units(b);
        match (view.keys(subject) == view.keys(out), view.keys(out).len()) {
            (true, _) => {
                self.governed(act)?;
                self.rated(act, 0)?;
                self.bounded(act, out)?;
                let (old, new) = (
                    view.longs(subject, R4).unwrap_or_default(),
                    view.longs(out, R4).unwrap_or_default(),
                );
                let was = view.units(subject) - i128::from(old[0]);
                let is = view.units(out) - i128::from(new[0]);
                ensure(
                    was == is,
                    "I6",
                    format!("terms change a balance from {was} to {is}"),
                )?;
                let moved = view.units(out) - view.units(subject);
                ensure(
                    act.units == moved,
                    "I6",
                    format!(
                        "the pot gives {} units, the account gains {moved}",
                        act.units
                    ),
                )?;
                let lent = i128::from(new[0]) == i128::from(new[1]).max(-was);
                ensure(
                    lent,
                    "I6",
                    format!("{} issued on a line of {} at {was}", new[0], new[1]),
                )?;
                let kept = view.constant(out, R6) == view.constant(subject, R6)
                    && tokens(out).get(..2) == tokens(subject).get(..2);
                ensure(kept, "I4", "set terms change what is the owner's")
            }
            (false, count) => self.recovery(act, subject, out, count),
        }
    }

    fn recovery(&self, act: &Act<'_>, subject: &ErgoBox, out: &ErgoBox, count: usize) -> Check {
        let (view, deed) = (&self.view, self.deed);
        let kept = view.tokens(out) == view.tokens(subject)
            && view.constant(out, R4) == view.constant(subject, R4)
            && act.units == 0;
        ensure(kept, "I6", "a recovery changes what is not a key")?;
        ensure(
            view.link(subject).is_empty(),
            "I4",
            "an account that others act for is recovered",
        )?;
        let (old, new) = (view.keys(subject), view.keys(out));
        let own = view.longs(subject, R6).unwrap_or_default();
        let after = view.longs(out, R6).unwrap_or_default();
        if count == 1 {
            let delay = act.bounds[7];
            let over = own.get(4).is_some_and(|s| {
                *s >= 0 && i128::from(*s) + i128::from(delay) < i128::from(deed.height)
            });
            ensure(
                old.len() == 2 && new[..] == old[1..] && over,
                "I4",
                "a recovery without its delay or its heir",
            )?;
            ensure(
                act.before == act.after && after[..] == own[..4],
                "I6",
                "a completion changes counters",
            )
        } else {
            self.governed(act)?;
            self.rated(act, 1)?;
            let heir = new.len() == 2 && new[0] == old[0] && new[1] != old[0];
            ensure(heir, "I4", "a recovery takes the owner's key away")?;
            let refused = own.get(4).is_some_and(|n| *n < 0);
            ensure(!refused, "I4", "a recovery of an account that opted out")?;
            let (start, now) = (after.get(4).copied(), deed.height);
            let kept = after.len() == 5 && after[..4] == own[..4];
            let due = start.is_some_and(|s| s >= now && s <= now + RECENT);
            ensure(kept && due, "I4", format!("a recovery starts at {start:?}"))
        }
    }
}
