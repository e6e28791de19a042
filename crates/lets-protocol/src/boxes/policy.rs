//! What an open pot gives and asks, fixed at founding: its register R5. `contracts/open_pot.es`.

use super::account::Terms;
use crate::amount::Amount;
use crate::units::{Blocks, Height, NanoErg};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What joining gives, and what it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A credit line against ERG in the account.
    Lets1,
    /// A fixed credit line for a fee.
    Lets2,
    /// Units bought with ERG, redeemable; no debt.
    Lets3,
    /// Units to start with for a fee; no debt.
    Lets4,
}

impl Kind {
    /// All of them, in order.
    pub const ALL: [Kind; 4] = [Kind::Lets1, Kind::Lets2, Kind::Lets3, Kind::Lets4];

    /// As the policy holds it: 1 to 4.
    pub fn number(self) -> i64 {
        match self {
            Kind::Lets1 => 1,
            Kind::Lets2 => 2,
            Kind::Lets3 => 3,
            Kind::Lets4 => 4,
        }
    }

    /// Whether its accounts can owe.
    pub fn has_debt(self) -> bool {
        matches!(self, Kind::Lets1 | Kind::Lets2)
    }

    /// Whether what it gives is priced by an oracle.
    pub fn has_rate(self) -> bool {
        matches!(self, Kind::Lets1 | Kind::Lets3)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LETS-{}", self.number())
    }
}

/// Which of an oracle's boxes count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OracleLimits {
    /// A box of this age is too old for a price.
    pub oldest: Blocks,
    /// The least rate that counts, nanoErg per quantity.
    pub least: i64,
    /// The highest.
    pub highest: i64,
    /// At this age the oracle is dead.
    pub dead: Blocks,
}

/// The policy of an open pot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// What joining gives and asks.
    pub kind: Kind,
    /// ERG that every account holds beside its collateral: its rent.
    pub floor: NanoErg,
    /// LETS-1: the longest line. LETS-2: the line. LETS-3: most units bought at once. LETS-4: units to start with.
    pub credit: Amount,
    /// The most positive balance.
    pub cap: Amount,
    /// The most credit that one transaction may draw; 0 is no such rule.
    pub largest_draw: Amount,
    /// The most credit that may be drawn over a period; 0 is no such rule.
    pub draw_limit: Amount,
    /// The longest time in debt after which no more credit may be drawn; 0 is no such rule.
    pub longest_debt: Blocks,
    /// Units of the draw limit that come back per 1,000 blocks.
    pub draw_rate: Amount,
    /// For so long after opening collateral cannot leave an account (LETS-1).
    pub lock: Blocks,
    /// What joining leaves in the pot, for nobody.
    pub fee: NanoErg,
    /// Units per quantity of the oracle: 100 cents in a dollar, say.
    pub units_per_quantity: i64,
    /// Percent of its price that what is given must have in ERG: above 100.
    pub cover: i64,
    /// Percent of its price below which a debt may be called: between 100 and the cover.
    pub margin: i64,
    /// Percent above the price that whoever liquidates takes.
    pub discount: i64,
    /// Blocks between a margin call and the first liquidation.
    pub grace: Blocks,
    /// Blocks after the grace in which a called debt may be liquidated; then it must be called anew.
    pub window: Blocks,
    /// The fewest units that are liquidated at once, but for the last of a debt.
    pub smallest_liquidation: Amount,
    /// Which of the oracle's boxes count.
    pub oracle: OracleLimits,
    /// Units minted at founding.
    pub supply: i64,
    /// ERG of the pot that is its own and no reserve.
    pub own_erg: NanoErg,
}

/// A number of a policy outside what keeps an open pot sound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Out of its range.
    #[error("the {what} of {found} is outside {least} to {most}")]
    Range {
        /// Which number.
        what: &'static str,
        /// What was asked.
        found: i64,
        /// The least.
        least: i64,
        /// The most.
        most: i64,
    },
    /// Today's rate is too near the end of the range.
    #[error(
        "the oracle's rate is {rate}: the policy's range must reach from half of it to twice as much, not from {least} to {highest}"
    )]
    Rate {
        /// The rate, nanoErg per quantity.
        rate: i64,
        /// The least that counts.
        least: i64,
        /// The highest.
        highest: i64,
    },
    /// Whoever joins again and again would gain by it.
    #[error(
        "joining costs {fee}, and what it gives is worth {worth} at the highest rate: the fee must be more, or false members pay"
    )]
    Sybil {
        /// The fee.
        fee: NanoErg,
        /// What it buys.
        worth: NanoErg,
    },
}

impl Policy {
    /// The least nanoErg that a unit may cost: prices are whole numbers of nanoErg.
    pub const LEAST_PRICE: i64 = 1_000;
    /// The least ERG floor: two periods of rent of the largest account that its owner can make.
    pub const LEAST_FLOOR: NanoErg = NanoErg(4_000_000_000);
    /// How many numbers a policy is.
    pub const COUNT: usize = 23;
    /// A lock may end so much later than it must: the height that includes a transaction is not known when it is made.
    pub const LOCK_AHEAD: Blocks = Blocks(5_040);

    /// As register R5 holds it.
    pub fn to_longs(&self) -> Vec<i64> {
        let erg = |n: NanoErg| i64::try_from(n.0).unwrap_or(i64::MAX);
        let blocks = |b: Blocks| i64::from(b.0);
        vec![
            self.kind.number(),
            erg(self.floor),
            self.credit.units(),
            self.cap.units(),
            self.largest_draw.units(),
            self.draw_limit.units(),
            blocks(self.longest_debt),
            self.draw_rate.units(),
            blocks(self.lock),
            erg(self.fee),
            self.units_per_quantity,
            self.cover,
            self.margin,
            self.discount,
            blocks(self.grace),
            self.smallest_liquidation.units(),
            blocks(self.oracle.oldest),
            blocks(self.window),
            self.oracle.least,
            self.oracle.highest,
            blocks(self.oracle.dead),
            self.supply,
            erg(self.own_erg),
        ]
    }

    pub(crate) fn parse(longs: &[i64]) -> Option<Self> {
        let longs: [i64; Self::COUNT] = longs.try_into().ok()?;
        let amount = |i: usize| Amount::new(longs[i]).ok();
        let blocks = |i: usize| u32::try_from(longs[i]).ok().map(Blocks);
        let erg = |i: usize| u64::try_from(longs[i]).ok().map(NanoErg);
        Some(Self {
            kind: Kind::ALL.into_iter().find(|k| k.number() == longs[0])?,
            floor: erg(1)?,
            credit: amount(2)?,
            cap: amount(3)?,
            largest_draw: amount(4)?,
            draw_limit: amount(5)?,
            longest_debt: blocks(6)?,
            draw_rate: amount(7)?,
            lock: blocks(8)?,
            fee: erg(9)?,
            units_per_quantity: longs[10],
            cover: longs[11],
            margin: longs[12],
            discount: longs[13],
            grace: blocks(14)?,
            window: blocks(17)?,
            smallest_liquidation: amount(15)?,
            oracle: OracleLimits {
                oldest: blocks(16)?,
                least: longs[18],
                highest: longs[19],
                dead: blocks(20)?,
            },
            supply: longs[21],
            own_erg: erg(22)?,
        })
    }

    /// Can a LETS live under this policy? Checked at founding, and by whoever verifies one. `supply` and `own_erg` are the
    /// founding's own.
    ///
    /// # Errors
    /// [`PolicyError`] naming the number in the way, or that joining again and again would pay.
    pub fn check(&self) -> Result<(), PolicyError> {
        let erg = |n: NanoErg| i64::try_from(n.0).unwrap_or(i64::MAX);
        let blocks = |b: Blocks| i64::from(b.0);
        let ranges = [
            (
                "ERG floor",
                erg(self.floor),
                erg(Self::LEAST_FLOOR),
                100_000_000_000,
            ),
            ("credit", self.credit.units(), 1, Amount::MAX.units()),
            (
                "cap",
                self.cap.units(),
                self.credit.units(),
                Amount::MAX.units(),
            ),
            ("longest debt", blocks(self.longest_debt), 0, 10_000_000),
            ("draw rate", self.draw_rate.units(), 0, Terms::NO_LIMIT_RATE),
            ("lock", blocks(self.lock), 0, 10_000_000),
            ("fee", erg(self.fee), 0, 1_000_000_000_000),
            (
                "number of units per quantity",
                self.units_per_quantity,
                1,
                1_000_000,
            ),
            // What is bought at the cover and redeemed at the next rate, which is known before it counts, must not pay.
            ("cover", self.cover, 150, 1_000),
            ("margin", self.margin, 110, self.cover.saturating_sub(20)),
            // Half of what the margin is above the price: the rest is for a rate that goes on falling in the grace.
            (
                "discount",
                self.discount,
                0,
                self.margin.saturating_sub(100) / 2,
            ),
            ("grace", blocks(self.grace), 30, 50_400),
            ("time to liquidate", blocks(self.window), 720, 50_400),
            (
                "smallest liquidation",
                self.smallest_liquidation.units(),
                1,
                match self.kind {
                    Kind::Lets1 => (self.credit.units() / 10).max(1),
                    _ => Amount::MAX.units(),
                },
            ),
            ("oracle's oldest age", blocks(self.oracle.oldest), 10, 720),
            (
                "least rate",
                self.oracle.least,
                Self::LEAST_PRICE.saturating_mul(self.units_per_quantity),
                10_000_000_000_000,
            ),
            (
                "highest rate",
                self.oracle.highest,
                self.oracle.least,
                10_000_000_000_000,
            ),
            (
                "oracle's age of death",
                blocks(self.oracle.dead),
                5_040,
                50_400,
            ),
        ];
        for (what, found, least, most) in ranges {
            if !(least..=most).contains(&found) {
                return Err(PolicyError::Range {
                    what,
                    found,
                    least,
                    most,
                });
            }
        }
        if !self.kind.has_rate() {
            let worth = self.worth_of_credit();
            if self.fee <= worth {
                return Err(PolicyError::Sybil {
                    fee: self.fee,
                    worth,
                });
            }
        }
        Ok(())
    }

    /// Does the policy suit today's rate? Checked at founding: the range reaches half as low and twice as high.
    ///
    /// # Errors
    /// [`PolicyError::Rate`].
    pub fn check_rate(&self, rate: i64) -> Result<(), PolicyError> {
        let OracleLimits { least, highest, .. } = self.oracle;
        match least <= rate / 2 && highest / 2 >= rate {
            true => Ok(()),
            false => Err(PolicyError::Rate {
                rate,
                least,
                highest,
            }),
        }
    }

    /// What joining gives is worth at the highest rate.
    pub fn worth_of_credit(&self) -> NanoErg {
        let all = i128::from(self.oracle.highest) * i128::from(self.credit.units());
        let worth = all / i128::from(self.units_per_quantity.max(1));
        NanoErg(u64::try_from(worth).unwrap_or(u64::MAX))
    }

    /// The terms of an account opened with so many units, `floor` ERG in it, and a lock that ends then.
    pub fn terms(&self, units: Amount, floor: NanoErg, lock_end: Height) -> Terms {
        let line = match self.kind.has_debt() {
            true => units,
            false => Amount::ZERO,
        };
        Terms {
            largest_draw: self.largest_draw,
            draw_limit: self.draw_limit,
            longest_debt: self.longest_debt,
            draw_rate: self.draw_rate,
            class: match self.kind {
                Kind::Lets1 => lock_end.as_i64(),
                _ => 0,
            },
            ..Terms::plain(line, self.cap, floor)
        }
    }

    /// nanoErg of one unit at this rate and so many percent of it; at least 1 within the policy's range of rates.
    pub fn price(&self, rate: i64, percent: i64) -> i64 {
        let price = i128::from(rate) * i128::from(percent)
            / (100 * i128::from(self.units_per_quantity.max(1)));
        i64::try_from(price).unwrap_or(i64::MAX).max(1)
    }
}

/// What keeps an account from drawing credit: the tenth number of its terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The debt was called at this height.
    Called(Height),
    /// The oracle was dead.
    Frozen,
}

impl Mark {
    /// The most blocks ahead of the block that includes it that a call may be dated.
    pub const AHEAD: Blocks = Blocks(720);

    /// The mark in the terms of an account of an open pot.
    pub fn of(terms: &Terms) -> Option<Self> {
        match terms.spend_on.first()? {
            0 => Some(Mark::Frozen),
            n => Some(Mark::Called(Height(
                u32::try_from(n.unsigned_abs()).unwrap_or(u32::MAX),
            ))),
        }
    }

    pub(crate) fn number(self) -> i64 {
        match self {
            Mark::Called(height) => -height.as_i64(),
            Mark::Frozen => 0,
        }
    }
}
