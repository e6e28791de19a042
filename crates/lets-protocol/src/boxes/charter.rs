//! The charter: committee, bounds and name. `contracts/charter.es`.

use super::account::Terms;
use super::{Lets, MakeBoxError, NewBox, ParseBoxError, Reader};
use crate::amount::{Amount, Currency};
use crate::units::{Blocks, Height, NanoErg};
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate, NonMandatoryRegisterId};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use serde::{Deserialize, Serialize};

/// What the committee may do, and how fast: register R5.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Longest credit line that it may grant.
    pub max_line: Amount,
    /// Highest cap that it may set.
    pub max_cap: Amount,
    /// The ERG floor of every account it opens or changes.
    pub account_floor: NanoErg,
    /// Members admitted per period (a leaky bucket: at most twice as many in one period).
    pub admissions: i64,
    /// Units issued per period (the same).
    pub issue: Amount,
    /// The period.
    pub period: Blocks,
    /// How long a change of committee or bounds is announced before it takes effect.
    pub change_delay: Blocks,
    /// How long the owner can refuse a recovery.
    pub recovery_delay: Blocks,
    /// Recoveries started per period.
    pub recovery_starts: i64,
    /// The most ERG of an application that may go to fees.
    pub admission_fee: NanoErg,
    /// Credit line of a member for whom the committee says nothing else.
    pub default_line: Amount,
    /// Cap of such a member.
    pub default_cap: Amount,
    /// Largest draw of such a member; 0 is no such rule.
    pub default_largest_draw: Amount,
    /// Draw limit of such a member; 0 is no such rule.
    pub default_draw_limit: Amount,
    /// Longest debt of such a member; 0 is no such rule.
    pub default_longest_debt: Blocks,
    /// Units of the draw limit that come back per 1,000 blocks.
    pub default_draw_rate: Amount,
}

impl Bounds {
    /// How many numbers bounds are.
    pub const COUNT: usize = 16;
    /// What each of them is called, in their order.
    pub const NAMES: [&'static str; Self::COUNT] = [
        "longest credit line",
        "highest cap",
        "ERG floor",
        "admissions per period",
        "units issued per period",
        "period",
        "change delay",
        "recovery delay",
        "recoveries per period",
        "admission fee",
        "default credit line",
        "default cap",
        "default largest draw",
        "default draw limit",
        "default longest debt",
        "default draw rate",
    ];

    /// The terms of a member for whom the committee says nothing else.
    pub fn default_terms(&self) -> Terms {
        Terms {
            largest_draw: self.default_largest_draw,
            draw_limit: self.default_draw_limit,
            longest_debt: self.default_longest_debt,
            draw_rate: self.default_draw_rate,
            ..Terms::plain(self.default_line, self.default_cap, self.account_floor)
        }
    }

    /// As register R5 holds them.
    pub fn to_longs(&self) -> [i64; Self::COUNT] {
        let erg = |n: NanoErg| i64::try_from(n.0).unwrap_or(i64::MAX);
        let blocks = |b: Blocks| i64::from(b.0);
        [
            self.max_line.units(),
            self.max_cap.units(),
            erg(self.account_floor),
            self.admissions,
            self.issue.units(),
            blocks(self.period),
            blocks(self.change_delay),
            blocks(self.recovery_delay),
            self.recovery_starts,
            erg(self.admission_fee),
            self.default_line.units(),
            self.default_cap.units(),
            self.default_largest_draw.units(),
            self.default_draw_limit.units(),
            blocks(self.default_longest_debt),
            self.default_draw_rate.units(),
        ]
    }

    fn parse(longs: &[i64]) -> Option<Self> {
        let longs: [i64; Self::COUNT] = longs.try_into().ok()?;
        let amount = |i: usize| Amount::new(longs[i]).ok();
        let blocks = |i: usize| u32::try_from(longs[i]).ok().map(Blocks);
        let erg = |i: usize| u64::try_from(longs[i]).ok().map(NanoErg);
        Some(Self {
            max_line: amount(0)?,
            max_cap: amount(1)?,
            account_floor: erg(2)?,
            admissions: longs[3],
            issue: amount(4)?,
            period: blocks(5)?,
            change_delay: blocks(6)?,
            recovery_delay: blocks(7)?,
            recovery_starts: longs[8],
            admission_fee: erg(9)?,
            default_line: amount(10)?,
            default_cap: amount(11)?,
            default_largest_draw: amount(12)?,
            default_draw_limit: amount(13)?,
            default_longest_debt: blocks(14)?,
            default_draw_rate: amount(15)?,
        })
    }
}

/// Between which numbers bounds may ever be changed, fixed at founding: register R7.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HardBounds {
    /// The least of each.
    pub least: [i64; Bounds::COUNT],
    /// The most of each.
    pub most: [i64; Bounds::COUNT],
}

impl HardBounds {
    /// What every charter must keep to, or its scripts could freeze: no negative number, periods of 1 to 10^6 blocks,
    /// no amount above [`Amount::MAX`].
    pub const SANE: HardBounds = HardBounds {
        least: [0, 0, 0, 0, 0, 1, 720, 21_600, 0, 0, 0, 0, 0, 0, 0, 0],
        most: [
            Amount::MAX.units(),
            Amount::MAX.units(),
            100_000_000_000,
            1_000_000,
            Amount::MAX.units(),
            1_000_000,
            1_000_000,
            1_000_000,
            1_000_000,
            1_000_000_000,
            Amount::MAX.units(),
            Amount::MAX.units(),
            Amount::MAX.units(),
            Amount::MAX.units(),
            10_000_000,
            10_000_000_000,
        ],
    };

    /// The hard bounds of a LETS founded with `bounds`: line, cap and rates may grow to ten times these, and the two
    /// delays never change.
    pub fn around(bounds: &Bounds) -> Self {
        let now = bounds.to_longs();
        let mut hard = Self::SANE;
        for i in [0, 1, 3, 4, 8] {
            hard.most[i] = now[i].saturating_mul(10).min(Self::SANE.most[i]);
        }
        for i in [6, 7] {
            (hard.least[i], hard.most[i]) = (now[i], now[i]);
        }
        hard
    }

    /// The first number outside, as (place, number, least, most).
    pub fn violation(&self, bounds: &Bounds) -> Option<(usize, i64, i64, i64)> {
        bounds
            .to_longs()
            .into_iter()
            .enumerate()
            .map(|(i, n)| (i, n, self.least[i], self.most[i]))
            .find(|(_, n, least, most)| n < least || n > most)
    }
}

/// Name and currency: register R6.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// What the LETS is called.
    pub name: String,
    /// Its currency.
    pub currency: Currency,
}

impl Identity {
    /// The longest name, in bytes.
    pub const MAX_NAME: usize = 64;

    fn to_constant(&self) -> Constant {
        Constant::from(vec![
            self.name.as_bytes().to_vec(),
            self.currency.code().as_bytes().to_vec(),
            vec![self.currency.decimals()],
        ])
    }

    fn parse(parts: &[Vec<u8>]) -> Option<Self> {
        let [name, code, decimals] = parts else {
            return None;
        };
        let [decimals] = decimals.as_slice() else {
            return None;
        };
        let name = String::from_utf8(name.clone())
            .ok()
            .filter(|n| n.len() <= Self::MAX_NAME)?;
        Some(Self {
            name,
            currency: Currency::new(std::str::from_utf8(code).ok()?, *decimals).ok()?,
        })
    }
}

/// A change that has been announced: registers R8 and R9.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingChange {
    /// Height from which the delay counts.
    pub announced: Height,
    /// The committee to be.
    pub committee: SigmaProp,
    /// The bounds to be.
    pub bounds: Bounds,
}

/// A charter whose every part has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CharterBox {
    ergo_box: ErgoBox,
    committee: SigmaProp,
    bounds: Bounds,
    identity: Identity,
    hard: HardBounds,
    pending: Option<PendingChange>,
}

impl CharterBox {
    /// Reads the charter of this LETS.
    ///
    /// # Errors
    /// [`ParseBoxError`] naming the part that the charter of this LETS cannot have.
    pub fn parse(lets: &Lets, ergo_box: &ErgoBox) -> Result<Self, ParseBoxError> {
        let reader = Reader::new(ergo_box, &lets.contracts.charter)?;
        let nft: TokenId = lets.ids.charter_nft.into();
        match reader.tokens().as_slice() {
            [t] if t.token_id == nft && *t.amount.as_u64() == 1 => {}
            tokens => {
                return Err(reader.fault(
                    "tokens",
                    format!("{} tokens, not the charter's NFT alone", tokens.len()),
                ));
            }
        }
        let bounds = |longs: Vec<i64>, field| {
            Bounds::parse(&longs).ok_or_else(|| reader.fault(field, format!("{longs:?}")))
        };
        let committee = reader.register(NonMandatoryRegisterId::R4, "committee (R4)")?;
        let now = bounds(
            reader.register(NonMandatoryRegisterId::R5, "bounds (R5)")?,
            "bounds (R5)",
        )?;
        let identity: Vec<Vec<u8>> = reader.register(NonMandatoryRegisterId::R6, "name (R6)")?;
        let identity = Identity::parse(&identity)
            .ok_or_else(|| reader.fault("name (R6)", "no name and currency"))?;
        let hard: Vec<Vec<i64>> =
            reader.register(NonMandatoryRegisterId::R7, "hard bounds (R7)")?;
        let hard = match hard.as_slice() {
            [least, most] => least
                .as_slice()
                .try_into()
                .and_then(|least| {
                    Ok(HardBounds {
                        least,
                        most: most.as_slice().try_into()?,
                    })
                })
                .map_err(|e| reader.fault("hard bounds (R7)", e))?,
            _ => {
                return Err(reader.fault("hard bounds (R7)", format!("{} rows, not 2", hard.len())));
            }
        };
        let next: Option<SigmaProp> =
            reader.optional(NonMandatoryRegisterId::R8, "pending committee (R8)")?;
        let change: Option<Vec<i64>> =
            reader.optional(NonMandatoryRegisterId::R9, "pending bounds (R9)")?;
        let pending = match (next, change.as_deref()) {
            (None, None) => None,
            (Some(committee), Some([height, rest @ ..])) => Some(PendingChange {
                announced: Height(
                    u32::try_from(*height).map_err(|e| reader.fault("pending height (R9)", e))?,
                ),
                committee,
                bounds: bounds(rest.to_vec(), "pending bounds (R9)")?,
            }),
            _ => return Err(reader.fault("pending change (R8, R9)", "half of one")),
        };
        Ok(Self {
            ergo_box: reader.kept(),
            committee,
            bounds: now,
            identity,
            hard,
            pending,
        })
    }

    /// The box itself.
    pub fn ergo_box(&self) -> &ErgoBox {
        &self.ergo_box
    }

    /// Who must sign for the committee.
    pub fn committee(&self) -> &SigmaProp {
        &self.committee
    }

    /// What it may do.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// Name and currency.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Between which numbers the bounds may ever be changed.
    pub fn hard_bounds(&self) -> &HardBounds {
        &self.hard
    }

    /// The announced change, if any.
    pub fn pending(&self) -> Option<&PendingChange> {
        self.pending.as_ref()
    }

    /// ERG in the box.
    pub fn value(&self) -> NanoErg {
        self.ergo_box.value.into()
    }

    /// When the box was made.
    pub fn created(&self) -> Height {
        Height(self.ergo_box.creation_height)
    }

    pub(crate) fn successor(&self) -> NewCharter {
        NewCharter {
            value: self.value(),
            committee: self.committee.clone(),
            bounds: self.bounds.clone(),
            identity: self.identity.clone(),
            hard: self.hard.clone(),
            pending: self.pending.clone(),
        }
    }
}

/// A charter box to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewCharter {
    pub(crate) value: NanoErg,
    pub(crate) committee: SigmaProp,
    pub(crate) bounds: Bounds,
    pub(crate) identity: Identity,
    pub(crate) hard: HardBounds,
    pub(crate) pending: Option<PendingChange>,
}

impl NewCharter {
    pub(crate) fn candidate(
        self,
        lets: &Lets,
        created: Height,
    ) -> Result<ErgoBoxCandidate, MakeBoxError> {
        let mut registers = vec![
            Constant::from(self.committee),
            Constant::from(self.bounds.to_longs().to_vec()),
            self.identity.to_constant(),
            Constant::from(vec![self.hard.least.to_vec(), self.hard.most.to_vec()]),
        ];
        if let Some(change) = self.pending {
            registers.push(Constant::from(change.committee));
            registers.push(Constant::from(
                [
                    &[change.announced.as_i64()],
                    change.bounds.to_longs().as_slice(),
                ]
                .concat(),
            ));
        }
        NewBox {
            kind: "charter",
            value: self.value,
            tree: lets.contracts.charter.tree(),
            tokens: vec![(lets.ids.charter_nft.into(), 1)],
            registers,
            created,
        }
        .candidate()
    }
}
