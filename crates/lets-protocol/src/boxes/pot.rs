//! The common pot: `contracts/pot.es`.

use super::{Lets, MakeBoxError, NewBox, ParseBoxError, Reader, amount_of};
use crate::units::{Height, NanoErg};
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate, NonMandatoryRegisterId};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::mir::constant::Constant;

/// What the pot has counted against the charter's rates: register R4, three leaky buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Height up to which the counts have been reckoned.
    pub stamp: i64,
    /// Members admitted.
    pub admissions: i64,
    /// Units issued.
    pub issued: i64,
    /// Recoveries started.
    pub recoveries: i64,
}

impl Counters {
    pub(crate) fn to_longs(self) -> Vec<i64> {
        vec![self.stamp, self.admissions, self.issued, self.recoveries]
    }
}

/// A pot whose every part has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PotBox {
    ergo_box: ErgoBox,
    memberships: i64,
    units: i64,
    counters: Counters,
}

impl PotBox {
    /// Reads the pot of this LETS.
    ///
    /// # Errors
    /// [`ParseBoxError`] naming the part that the pot of this LETS cannot have.
    pub fn parse(lets: &Lets, ergo_box: &ErgoBox) -> Result<Self, ParseBoxError> {
        let reader = Reader::new(ergo_box, &lets.contracts.pot)?;
        let ids: Vec<TokenId> = reader.tokens().iter().map(|t| t.token_id).collect();
        let expected: [TokenId; 3] = [
            lets.ids.pot_nft.into(),
            lets.ids.membership.into(),
            lets.unit(),
        ];
        if ids != expected {
            return Err(reader.fault(
                "tokens",
                "not the pot's NFT, membership tokens and units, in this order",
            ));
        }
        let longs: Vec<i64> = reader.register(NonMandatoryRegisterId::R4, "counters (R4)")?;
        let &[stamp, admissions, issued, recoveries] = longs.as_slice() else {
            return Err(reader.fault("counters (R4)", format!("{} numbers, not 4", longs.len())));
        };
        reader.absent(NonMandatoryRegisterId::R5, "R5")?;
        Ok(Self {
            ergo_box: reader.kept(),
            memberships: amount_of(ergo_box, lets.ids.membership.into()),
            units: lets.units_in(ergo_box),
            counters: Counters {
                stamp,
                admissions,
                issued,
                recoveries,
            },
        })
    }

    /// The box itself.
    pub fn ergo_box(&self) -> &ErgoBox {
        &self.ergo_box
    }

    /// Membership tokens not in any account.
    pub fn memberships(&self) -> i64 {
        self.memberships
    }

    /// Units not issued.
    pub fn units(&self) -> i64 {
        self.units
    }

    /// What has been counted against the charter's rates.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// ERG in the box.
    pub fn value(&self) -> NanoErg {
        self.ergo_box.value.into()
    }

    /// When the box was made.
    pub fn created(&self) -> Height {
        Height(self.ergo_box.creation_height)
    }

    pub(crate) fn successor(&self) -> NewPot {
        NewPot {
            value: self.value(),
            memberships: self.memberships,
            units: self.units,
            counters: self.counters,
        }
    }
}

/// A pot box to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewPot {
    pub(crate) value: NanoErg,
    pub(crate) memberships: i64,
    pub(crate) units: i64,
    pub(crate) counters: Counters,
}

impl NewPot {
    pub(crate) fn candidate(
        self,
        lets: &Lets,
        created: Height,
    ) -> Result<ErgoBoxCandidate, MakeBoxError> {
        NewBox {
            kind: "pot",
            value: self.value,
            tree: lets.contracts.pot.tree(),
            tokens: vec![
                (lets.ids.pot_nft.into(), 1),
                (lets.ids.membership.into(), self.memberships),
                (lets.unit(), self.units),
            ],
            registers: vec![Constant::from(self.counters.to_longs())],
            created,
        }
        .candidate()
    }
}
