//! I3 to I6, I10 where no committee stands: what an open pot does, and for whom.

use super::pot::{POT_SIZE, REFRESH_COST};
use super::{Check, REFRESH_AGE, Scene, ensure};
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6, R7, R8};
use ergo_lib::ergotree_ir::chain::token::TokenId;

/// The largest account that joining makes.
const JOINED_SIZE: usize = 1_500;
/// For so long after a box of the oracle that the pot has seen no later one can have become storage rent.
const SAFE: i128 = 1_046_160;
/// How far ahead a call may be dated.
const AHEAD: i128 = 720;
const SLACK: i128 = 5_040;

/// What the oracle says in this transaction.
struct Quote {
    rate: i128,
    made: i128,
    known: bool,
    live: bool,
    dead: bool,
    /// Known, and not below the range: what is above it counts as its end.
    pressing: bool,
}

/// The pot before and after, what left it, and what the oracle says.
struct Act {
    rules: Vec<i128>,
    members: i128,
    units: i128,
    gain: i128,
    /// The reserve for each unit that is out, before.
    share: i128,
    /// The price at the cover when the pot last saw its oracle.
    last: i128,
    quote: Quote,
}

impl Act {
    fn kind(&self) -> i128 {
        self.rules[0]
    }

    /// What so many units cost at this percentage.
    fn price(&self, units: i128, percent: i128) -> i128 {
        units * (self.quote.rate * percent / (100 * self.rules[10]))
    }
}

/// An account on which the pot acts, before and after.
struct Change<'a> {
    before: &'a ErgoBox,
    after: &'a ErgoBox,
    terms: Vec<i128>,
    next: Vec<i128>,
    gained: i128,
    balance: i128,
}

fn wide(numbers: Option<Vec<i64>>) -> Vec<i128> {
    numbers
        .unwrap_or_default()
        .into_iter()
        .map(i128::from)
        .collect()
}

fn erg(b: &ErgoBox) -> i128 {
    i128::from(*b.value.as_u64())
}

impl Scene<'_> {
    pub(super) fn open_pot(&self, oracle: &[u8]) -> Check {
        for (place, spent) in self.deed.inputs.iter().enumerate() {
            if self.view.is_pot(spent) && self.ran(place) {
                ensure(place == 0, "I6", "the pot acts from another place")?;
                self.open_pot_spent(oracle, spent)?;
            }
        }
        Ok(())
    }

    fn open_pot_spent(&self, oracle: &[u8], pot: &ErgoBox) -> Check {
        let (view, deed) = (&self.view, self.deed);
        let next = &deed.outputs[0];
        let kept = view.is_pot(next) && view.tokens(next).len() == 3;
        let holdings = view.pot_holdings(pot).zip(view.pot_holdings(next));
        let Some((had, has)) = holdings.filter(|_| kept) else {
            return ensure(false, "I6", "the pot has no successor");
        };
        let same = |id| view.constant(next, id) == view.constant(pot, id);
        ensure(
            same(R5) && same(R6) && view.constant(next, R7).is_none(),
            "I6",
            "another policy",
        )?;
        ensure(self.recent(next), "I10", "the pot was made too long ago")?;
        let (members, units) = (had.0 - has.0, had.1 - has.1);
        let gain = erg(next) - erg(pot);
        if deed.inputs.len() == 1 {
            let old = i64::from(pot.creation_height) + REFRESH_AGE < deed.height;
            ensure(
                same(R4) && members == 0 && units == 0 && old,
                "I6",
                "the pot alone is not refreshed but changed",
            )?;
            return ensure(
                gain >= -i128::from(REFRESH_COST),
                "I10",
                format!("a refresh of the pot gains {gain}"),
            );
        }
        let rules = wide(view.longs(pot, R5));
        let seen = wide(view.longs(pot, R4));
        let quote = self.quote(oracle, &rules, &seen);
        let noted = wide(view.longs(next, R4));
        ensure(
            same(R4) || quote.known && noted == [quote.made, quote.rate],
            "I6",
            format!("the pot writes down {noted:?} after {seen:?}"),
        )?;
        let out = rules[21] - had.1;
        let last = seen[1] * rules[11] / (100 * rules[10]);
        let act = Act {
            last,
            share: (erg(pot) - rules[22]) / out.max(1),
            rules,
            members,
            units,
            gain,
            quote,
        };
        ensure(
            gain >= 0 || act.kind() == 3 && members == 0,
            "I10",
            format!("the pot loses {gain} nanoErg"),
        )?;
        match act.members {
            1 => self.joined(&act, pot),
            -1 => self.closed(&act),
            0 => self.moved(&act),
            n => ensure(false, "I3", format!("{n} membership tokens leave the pot")),
        }
    }

    fn told(&self, oracle: &[u8]) -> Option<&ErgoBox> {
        let read = self.deed.data.first();
        read.filter(|b| self.view.first_token(b) == Some((oracle.to_vec(), 1)))
    }

    fn quote(&self, oracle: &[u8], rules: &[i128], seen: &[i128]) -> Quote {
        let height = i128::from(self.deed.height);
        let safe = height < seen[0] + SAFE;
        let told = self.told(oracle);
        let told = told.and_then(|b| Some((b, self.view.get::<i64>(b, R4)?)));
        let Some((told, rate)) = told else {
            return Quote {
                rate: rules[18],
                made: 0,
                known: false,
                live: false,
                dead: !safe,
                pressing: false,
            };
        };
        let (rate, made) = (i128::from(rate), i128::from(told.creation_height));
        let age = height - made;
        let known = safe && age < rules[16];
        Quote {
            rate: rate.clamp(rules[18], rules[19]),
            made,
            known,
            live: known && (rules[18]..=rules[19]).contains(&rate),
            dead: !safe || age > rules[20],
            pressing: known && rate >= rules[18],
        }
    }

    fn joined(&self, act: &Act, pot: &ErgoBox) -> Check {
        let (view, deed) = (&self.view, self.deed);
        let Some(out) = deed.outputs.get(1).filter(|b| view.is_account(b)) else {
            return ensure(false, "I3", "a membership token leaves for no account");
        };
        let id = TokenId::from(pot.box_id());
        let pieces: u64 = deed.outputs.iter().map(|b| view.amount(b, id)).sum();
        ensure(
            view.number(out) == Some(id.into()) && pieces == 1,
            "I3",
            format!("{pieces} account tokens made"),
        )?;
        ensure(
            self.recent(out) && view.size(out) < JOINED_SIZE && view.constant(out, R8).is_none(),
            "I10",
            "a new account is too old, too large, or has a further register",
        )?;
        let rest: Vec<_> = view.tokens(out).into_iter().skip(2).collect();
        ensure(
            rest.len() == usize::from(act.units != 0) && view.units(out) == act.units,
            "I6",
            format!("{} units leave the pot for {rest:?}", act.units),
        )?;
        let height = i128::from(deed.height);
        let settings = wide(view.longs(out, R6));
        let plain = matches!(settings[..], [_, stamp, 0, 0] if (0..=height).contains(&stamp));
        let link = [0, 32, 33].contains(&view.link(out).len());
        ensure(
            view.keys(out).len() == 1 && plain && link,
            "I4",
            format!("a new account that nobody can use: {settings:?}"),
        )?;
        let (rules, terms) = (&act.rules, wide(view.longs(out, R4)));
        let line = if act.kind() <= 2 { act.units } else { 0 };
        let ruled = terms.len() == 9
            && terms[..3] == [line, line, rules[3]]
            && terms[4..8] == rules[4..8]
            && erg(out) >= terms[3];
        ensure(ruled, "I6", format!("new terms {terms:?}"))?;
        ensure(
            rules[9] == 0 || act.quote.live && act.gain >= rules[9],
            "I6",
            format!("{} nanoErg stay in the pot for joining", act.gain),
        )?;
        let locked = match act.kind() {
            1 => {
                let least = height + rules[8];
                terms[3] >= rules[1] && (least..=least + SLACK).contains(&terms[8])
            }
            _ => terms[3] == rules[1] && terms[8] == 0,
        };
        ensure(locked, "I6", format!("floor and lock of {terms:?}"))?;
        match act.kind() {
            1 => self.backed(act, act.units, terms[3] - rules[1]),
            3 => self.backed(act, act.units, act.gain - rules[9]),
            _ => ensure(
                act.units == rules[2],
                "I6",
                format!("{} units given to a new account", act.units),
            ),
        }
    }

    /// I6: these units, at most those of the policy, are worth no more than this ERG at the cover and today's rate.
    fn backed(&self, act: &Act, units: i128, backing: i128) -> Check {
        let within = (0..=act.rules[2]).contains(&units);
        let covered = act.quote.live && act.price(units, act.rules[11]) <= backing;
        ensure(
            units == 0 || within && covered,
            "I6",
            format!("{units} units for {backing} nanoErg"),
        )
    }

    fn closed(&self, act: &Act) -> Check {
        let (view, deed) = (&self.view, self.deed);
        let left = &deed.inputs[1];
        let Some(number) = view.number(left) else {
            return ensure(false, "I6", "a membership token returns without an account");
        };
        let terms = wide(view.longs(left, R4));
        ensure(
            terms.first() == Some(&view.units(left)) && act.units == -view.units(left),
            "I6",
            format!(
                "an account with {} units leaves: {terms:?}",
                view.units(left)
            ),
        )?;
        ensure(
            i128::from(deed.height) > terms[8],
            "I6",
            "an account is closed before its lock has ended",
        )?;
        let lives = |b: &ErgoBox| {
            view.tokens(b)
                .iter()
                .any(|t| Vec::<u8>::from(t.0) == number)
        };
        ensure(
            !deed.outputs.iter().any(lives),
            "I5",
            "the account token of a closed account lives on",
        )?;
        self.owned(left)
    }

    /// I4: whoever may act for this account has agreed.
    fn owned(&self, account: &ErgoBox) -> Check {
        ensure(
            self.consents_by(account, 2, self.deed.data.last()),
            "I4",
            "the pot takes from an account without its owner",
        )
    }

    fn moved(&self, act: &Act) -> Check {
        let (view, deed) = (&self.view, self.deed);
        let before = &deed.inputs[1];
        let number = view.number(before);
        let Some(after) = deed
            .outputs
            .get(1)
            .filter(|b| number.is_some() && view.is_account(b) && view.number(b) == number)
        else {
            return ensure(false, "I5", "the pot's subject has no successor");
        };
        let same = |id| view.constant(after, id) == view.constant(before, id);
        ensure(
            same(R5) && same(R6) && same(R7) && view.constant(after, R8).is_none(),
            "I4",
            "the pot changes what is the owner's",
        )?;
        let tokens = |b| view.tokens(b);
        ensure(
            tokens(after)[..2] == tokens(before)[..2]
                && view.tokens_but_units(after).len() == 2
                && tokens(after).len() <= 3,
            "I4",
            "other tokens in an account on which the pot acts",
        )?;
        ensure(
            self.recent(after) && view.size(after) < POT_SIZE,
            "I10",
            "the account is too old or has grown too large",
        )?;
        let (terms, next) = (wide(view.longs(before, R4)), wide(view.longs(after, R4)));
        let change = Change {
            before,
            after,
            gained: view.units(after) - view.units(before),
            balance: view.units(before) - terms[0],
            terms,
            next,
        };
        let termed = change.next == change.terms;
        let marked = change.next.len() == 10 && change.next[..9] == change.terms[..9];
        match () {
            () if act.units == 0 && change.gained > 0 && termed => self.liquidated(act, &change),
            () if act.units == 0 && change.gained == 0 && marked && !termed => {
                self.marked(act, &change)
            }
            () => {
                self.owned(before)?;
                ensure(
                    act.units == change.gained,
                    "I6",
                    format!("the pot gives {}, and {} come", act.units, change.gained),
                )?;
                match act.kind() {
                    1 => self.adjusted(act, &change),
                    3 => self.traded(act, &change),
                    _ => ensure(false, "I6", "the pot changes an account of its kind"),
                }
            }
        }
    }

    /// What its owner cannot take out of the account by himself, above the policy's floor.
    fn backing(act: &Act, change: &Change<'_>) -> i128 {
        let locked = erg(change.before).min(change.terms[3]);
        (locked - act.rules[1]).max(0)
    }

    /// The debt is more than the ERG behind it is worth at the margin.
    fn is_under(&self, act: &Act, change: &Change<'_>) -> bool {
        let backing = Self::backing(act, change);
        act.quote.pressing && act.price(-change.balance, act.rules[12]) > backing
    }

    fn marked(&self, act: &Act, change: &Change<'_>) -> Check {
        let height = i128::from(self.deed.height);
        let mark = change.next[9];
        let backing = Self::backing(act, change);
        let uncovered = act.quote.pressing && act.price(change.terms[1], act.rules[12]) > backing;
        let due = match mark {
            0 => change.terms.len() == 9 && (act.quote.dead || uncovered),
            _ => {
                let old = change.terms.get(9).copied().unwrap_or(0);
                let over = height + old > act.rules[14] + act.rules[17];
                (old == 0 || over)
                    && self.is_under(act, change)
                    && (height..=height + AHEAD).contains(&-mark)
            }
        };
        ensure(
            act.kind() == 1 && due && erg(change.after) >= erg(change.before),
            "I4",
            format!("marked {mark} at {height} without cause"),
        )
    }

    fn liquidated(&self, act: &Act, change: &Change<'_>) -> Check {
        let rules = &act.rules;
        let called = change.terms.get(9).copied().unwrap_or(0);
        let waited = i128::from(self.deed.height) + called - rules[14];
        let over = called < 0 && (1..=rules[17]).contains(&waited);
        ensure(
            act.kind() == 1 && over && self.is_under(act, change),
            "I4",
            format!("a debt called at {called} is liquidated"),
        )?;
        let left = change.balance + change.gained;
        ensure(
            left <= 0 && (left == 0 || change.gained >= rules[15]),
            "I4",
            format!("{} of {} are liquidated", change.gained, change.balance),
        )?;
        let taken = erg(change.before) - erg(change.after);
        let least = rules[1].min(erg(change.before));
        let part = (erg(change.before) - rules[1]) / -change.balance;
        let each = act
            .price(1, 100 + rules[13])
            .min(part.max(act.price(1, 100)));
        ensure(
            taken <= change.gained * each && erg(change.after) >= least,
            "I4",
            format!("{} units take {taken} nanoErg", change.gained),
        )
    }

    fn adjusted(&self, act: &Act, change: &Change<'_>) -> Check {
        let (rules, old, new) = (&act.rules, &change.terms, &change.next);
        ensure(
            (9..=10).contains(&new.len())
                && new[2] == old[2]
                && new[4..9] == old[4..9]
                && (0..=rules[2]).contains(&new[1])
                && new[3] >= rules[1],
            "I6",
            format!("terms {new:?} after {old:?}"),
        )?;
        ensure(
            new[0] == new[1].max(-change.balance) && change.gained == new[0] - old[0],
            "I1",
            format!("issued {} at {} after {}", new[0], change.balance, old[0]),
        )?;
        let least = old[3].min(erg(change.before));
        ensure(
            new[3] >= least || i128::from(self.deed.height) > old[8],
            "I6",
            "collateral leaves before the lock has ended",
        )?;
        ensure(
            erg(change.after) >= new[3],
            "I10",
            format!("{} nanoErg under a floor of {}", erg(change.after), new[3]),
        )?;
        let less = new[1] <= old[1] && new[3] >= old[3] && new[9..] == old[9..];
        let less = less && change.gained <= 0;
        if less {
            return Ok(());
        }
        ensure(new.len() == 9, "I6", "a mark stays on other terms")?;
        let backing = new[3] - rules[1];
        let covered = act.quote.live && act.price(new[0], rules[11]) <= backing;
        ensure(
            new[0] == 0 || covered,
            "I6",
            format!("{} issued against {backing} nanoErg", new[0]),
        )
    }

    fn traded(&self, act: &Act, change: &Change<'_>) -> Check {
        ensure(
            change.next == change.terms,
            "I6",
            "a purchase changes terms",
        )?;
        if change.gained > 0 {
            ensure(
                change.balance + change.gained <= change.terms[2],
                "I2",
                "bought beyond the cap",
            )?;
            return self.backed(act, change.gained, act.gain);
        }
        let units = -change.gained;
        let most = match act.quote.known {
            true => act.share.min(act.price(1, 100)),
            false => act.share.min(act.last),
        };
        ensure(
            -act.gain <= units * most && (act.quote.known || act.quote.dead),
            "I6",
            format!("{units} units redeem {} nanoErg", -act.gain),
        )
    }
}
