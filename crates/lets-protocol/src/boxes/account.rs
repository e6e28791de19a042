//! A member's account: `contracts/account.es`.

use super::{AccountNumber, Lets, MakeBoxError, NewBox, ParseBoxError, Reader};
use crate::amount::{Amount, Balance};
use crate::units::{Blocks, Height, NanoErg};
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate, NonMandatoryRegisterId};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use serde::{Deserialize, Serialize};

/// What the pot set for one account: register R4.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Units handed out; balance = units held - issued.
    pub issued: Amount,
    /// Permitted credit line: no payment takes the balance below its negative.
    pub line: Amount,
    /// The most positive balance.
    pub cap: Amount,
    /// The least ERG that the owner may leave in the box.
    pub floor: NanoErg,
    /// The most credit that one transaction may draw; 0 is no such rule.
    pub largest_draw: Amount,
    /// The most credit that may be drawn over a period (a leaky bucket of this size); 0 is no such rule.
    pub draw_limit: Amount,
    /// The longest time in debt after which no more credit may be drawn; 0 is no such rule.
    pub longest_debt: Blocks,
    /// Units of the draw limit that come back per 1,000 blocks.
    pub draw_rate: Amount,
    /// The class of goods that this member offers.
    pub class: i64,
    /// Classes of payee that credit may be spent on; empty is all.
    pub spend_on: Vec<i64>,
}

impl Terms {
    /// The draw rate of an account without a draw limit: the counter of credit used empties within a block.
    pub const NO_LIMIT_RATE: i64 = 10_000_000_000;
    /// The most classes that the pot lets terms name.
    pub const MAX_CLASSES: usize = 8;

    /// Terms with a credit line, a cap and a floor, and no finer loan rule.
    pub fn plain(line: Amount, cap: Amount, floor: NanoErg) -> Self {
        Self {
            issued: line,
            line,
            cap,
            floor,
            largest_draw: Amount::ZERO,
            draw_limit: Amount::ZERO,
            longest_debt: Blocks(0),
            draw_rate: Amount::clamped(Self::NO_LIMIT_RATE),
            class: 0,
            spend_on: Vec::new(),
        }
    }

    /// As register R4 holds them.
    pub fn to_longs(&self) -> Vec<i64> {
        let mut longs = vec![
            self.issued.units(),
            self.line.units(),
            self.cap.units(),
            i64::try_from(self.floor.0).unwrap_or(i64::MAX),
            self.largest_draw.units(),
            self.draw_limit.units(),
            i64::from(self.longest_debt.0),
            self.draw_rate.units(),
            self.class,
        ];
        longs.extend(&self.spend_on);
        longs
    }

    /// From what register R4 holds; what is wrong with it.
    pub(crate) fn from_longs(longs: &[i64]) -> Result<Self, String> {
        let [
            issued,
            line,
            cap,
            floor,
            largest_draw,
            draw_limit,
            longest_debt,
            draw_rate,
            class,
            spend_on @ ..,
        ] = longs
        else {
            return Err(format!("{} numbers, fewer than 9", longs.len()));
        };
        let amount = |n: &i64| Amount::new(*n).map_err(|e| e.to_string());
        Ok(Self {
            issued: amount(issued)?,
            line: amount(line)?,
            cap: amount(cap)?,
            floor: NanoErg(u64::try_from(*floor).map_err(|e| e.to_string())?),
            largest_draw: amount(largest_draw)?,
            draw_limit: amount(draw_limit)?,
            longest_debt: Blocks(u32::try_from(*longest_debt).map_err(|e| e.to_string())?),
            draw_rate: amount(draw_rate)?,
            class: *class,
            spend_on: spend_on.to_vec(),
        })
    }
}

/// The owner's settings and the counters that his own spends keep: register R6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Smallest gain that anybody may pay in without the owner's signature.
    pub smallest_direct: i64,
    /// Height up to which `used` has been reckoned.
    pub stamp: i64,
    /// Credit used within the draw limit.
    pub used: i64,
    /// Since when the balance has been negative; without meaning while it is not.
    pub debt_since: i64,
    /// While a recovery is pending its start; otherwise absent or, if negative, the owner's refusal of any.
    pub recovery: Option<i64>,
}

impl Settings {
    /// A smallest direct payment that no payment reaches: the owner takes notes only (and a debt paid to exactly 0).
    pub const NOTES_ONLY: i64 = Amount::MAX.units() + 1;

    /// The fifth number of an owner who refuses every recovery; any other below 0 says the same.
    pub const REFUSED: i64 = -1;

    /// Whether the owner refuses every recovery.
    pub fn refuses_recovery(&self) -> bool {
        self.recovery.is_some_and(|n| n < 0)
    }

    /// A smallest direct payment of one unit: anybody may pay in any amount.
    pub const ANY_DIRECT: i64 = 1;

    /// From what register R6 holds; `None` if that is too little.
    pub(crate) fn from_longs(longs: &[i64]) -> Option<Self> {
        let [smallest_direct, stamp, used, debt_since, rest @ ..] = longs else {
            return None;
        };
        Some(Self {
            smallest_direct: *smallest_direct,
            stamp: *stamp,
            used: *used,
            debt_since: *debt_since,
            recovery: rest.first().copied(),
        })
    }

    /// As register R6 holds them.
    pub fn to_longs(self) -> Vec<i64> {
        let mut longs = vec![self.smallest_direct, self.stamp, self.used, self.debt_since];
        longs.extend(self.recovery);
        longs
    }
}

/// Who else may act for the account, fixed at opening: register R7.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Nobody: the owner's key alone.
    None,
    /// The key follows a box: whoever R4 of the data input with this NFT names.
    FollowsBox(TokenId),
    /// A contract: the box with this token, spent as the first input.
    Contract(TokenId),
}

impl Link {
    /// As register R7 holds it: empty, the id, or one byte and the id.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Link::None => Vec::new(),
            Link::FollowsBox(id) => (*id).into(),
            Link::Contract(id) => std::iter::once(1).chain(Vec::<u8>::from(*id)).collect(),
        }
    }

    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let id = |bytes: &[u8]| {
            let array: [u8; 32] = bytes.try_into().ok()?;
            Some(TokenId::from(ergo_lib::ergo_chain_types::Digest(array)))
        };
        match bytes {
            [] => Some(Link::None),
            bytes if bytes.len() == 32 => id(bytes).map(Link::FollowsBox),
            [_, rest @ ..] if rest.len() == 32 => id(rest).map(Link::Contract),
            _ => None,
        }
    }
}

/// What an account box says, but for its keys: all that books are reckoned from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountState {
    pub(crate) number: AccountNumber,
    pub(crate) units: i64,
    pub(crate) created: Height,
    pub(crate) terms: Terms,
    pub(crate) settings: Settings,
    pub(crate) link: Link,
}

impl AccountState {
    /// The account's number.
    pub fn number(&self) -> AccountNumber {
        self.number
    }

    /// Units that the box holds.
    pub fn units(&self) -> i64 {
        self.units
    }

    /// What the owner owns (positive) or owes (negative).
    pub fn balance(&self) -> Balance {
        Balance::new(self.units - self.terms.issued.units())
    }

    /// When the box was made.
    pub fn created(&self) -> Height {
        self.created
    }

    /// What the pot set for it.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The owner's settings and counters.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Who else may act for it.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Whether it is the community's: its key follows the charter.
    pub fn is_community(&self, lets: &Lets) -> bool {
        self.link == Link::FollowsBox(lets.ids.charter_nft.into())
    }
}

/// An account box whose every part has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountBox {
    ergo_box: ErgoBox,
    state: AccountState,
    // The register whole: whoever spends the account for its owner must keep also what means nothing here.
    settings_longs: Vec<i64>,
    keys: Vec<SigmaProp>,
}

impl AccountBox {
    /// Reads an account of this LETS.
    ///
    /// # Errors
    /// [`ParseBoxError`] naming the part that no account of this LETS can have.
    pub fn parse(lets: &Lets, ergo_box: &ErgoBox) -> Result<Self, ParseBoxError> {
        let reader = Reader::new(ergo_box, &lets.contracts.account)?;
        let tokens = reader.tokens();
        let membership: TokenId = lets.ids.membership.into();
        match tokens.first() {
            Some(t) if t.token_id == membership && *t.amount.as_u64() == 1 => {}
            Some(t) => {
                return Err(reader.fault(
                    "first token",
                    format!("{} of {}", t.amount.as_u64(), String::from(t.token_id)),
                ));
            }
            None => return Err(reader.fault("first token", "no tokens")),
        }
        let number = match tokens.get(1) {
            Some(t) if *t.amount.as_u64() == 1 => AccountNumber::from(t.token_id),
            Some(t) => {
                return Err(reader.fault("account token", format!("{} pieces", t.amount.as_u64())));
            }
            None => return Err(reader.fault("account token", "absent")),
        };
        let longs = reader.register::<Vec<i64>>(NonMandatoryRegisterId::R4, "terms (R4)")?;
        let terms = Terms::from_longs(&longs).map_err(|e| reader.fault("terms (R4)", e))?;
        let keys: Vec<SigmaProp> = reader.register(NonMandatoryRegisterId::R5, "keys (R5)")?;
        if keys.is_empty() || keys.len() > 2 {
            return Err(reader.fault("keys (R5)", format!("{} keys", keys.len())));
        }
        let longs: Vec<i64> = reader.register(NonMandatoryRegisterId::R6, "settings (R6)")?;
        let settings = Settings::from_longs(&longs).ok_or_else(|| {
            reader.fault(
                "settings (R6)",
                format!("{} numbers, fewer than 4", longs.len()),
            )
        })?;
        let link: Vec<u8> = reader.register(NonMandatoryRegisterId::R7, "link (R7)")?;
        let link = Link::parse(&link)
            .ok_or_else(|| reader.fault("link (R7)", format!("{} bytes", link.len())))?;
        reader.absent(NonMandatoryRegisterId::R8, "R8")?;
        Ok(Self {
            ergo_box: reader.kept(),
            state: AccountState {
                number,
                units: lets.units_in(ergo_box),
                created: Height(ergo_box.creation_height),
                terms,
                settings,
                link,
            },
            settings_longs: longs,
            keys,
        })
    }

    /// What it says, but for its keys.
    pub fn state(&self) -> &AccountState {
        &self.state
    }

    /// The box itself.
    pub fn ergo_box(&self) -> &ErgoBox {
        &self.ergo_box
    }

    /// The account's number.
    pub fn number(&self) -> AccountNumber {
        self.state.number
    }

    /// Units that the box holds.
    pub fn units(&self) -> i64 {
        self.state.units
    }

    /// What the owner owns (positive) or owes (negative).
    pub fn balance(&self) -> Balance {
        self.state.balance()
    }

    /// What the pot set for it.
    pub fn terms(&self) -> &Terms {
        &self.state.terms
    }

    /// The owner's settings and counters.
    pub fn settings(&self) -> &Settings {
        &self.state.settings
    }

    /// The owner's key, if the account does not follow a box or a contract.
    pub fn owner(&self) -> &SigmaProp {
        // `parse` has refused an account without keys.
        &self.keys[0]
    }

    /// The key that a pending recovery would hand the account to.
    pub fn heir(&self) -> Option<&SigmaProp> {
        self.keys.get(1)
    }

    /// Who else may act for it.
    pub fn link(&self) -> &Link {
        &self.state.link
    }

    /// ERG in the box.
    pub fn value(&self) -> NanoErg {
        self.ergo_box.value.into()
    }

    /// When the box was made.
    pub fn created(&self) -> Height {
        self.state.created
    }

    /// ERG above the floor, which the owner may spend on fees.
    pub fn spare_erg(&self) -> NanoErg {
        NanoErg(self.value().0.saturating_sub(self.state.terms.floor.0))
    }

    /// The account's next box.
    pub(crate) fn successor(&self) -> NewAccount {
        NewAccount {
            number: self.state.number,
            units: self.state.units,
            value: self.value(),
            terms: self.state.terms.to_longs(),
            keys: self.keys.clone(),
            settings: self.settings_longs.clone(),
            link: self.state.link.to_bytes(),
        }
    }
}

/// An account box to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewAccount {
    pub(crate) number: AccountNumber,
    pub(crate) units: i64,
    pub(crate) value: NanoErg,
    pub(crate) terms: Vec<i64>,
    pub(crate) keys: Vec<SigmaProp>,
    pub(crate) settings: Vec<i64>,
    pub(crate) link: Vec<u8>,
}

impl NewAccount {
    pub(crate) fn candidate(
        self,
        lets: &Lets,
        created: Height,
    ) -> Result<ErgoBoxCandidate, MakeBoxError> {
        NewBox {
            kind: "account",
            value: self.value,
            tree: lets.contracts.account.tree(),
            tokens: vec![
                (lets.ids.membership.into(), 1),
                (self.number.token_id(), 1),
                (lets.unit(), self.units),
            ],
            registers: vec![
                Constant::from(self.terms),
                Constant::from(self.keys),
                Constant::from(self.settings),
                Constant::from(self.link),
            ],
            created,
        }
        .candidate()
    }
}
