//! The common pot of a LETS without a committee: `contracts/open_pot.es`.

use super::policy::Policy;
use super::{Lets, MakeBoxError, NewBox, ParseBoxError, Reader, amount_of};
use crate::units::{Blocks, Height, NanoErg};
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate, NonMandatoryRegisterId};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;

/// The oracle's box that the pot last saw known: register R4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The height at which it was made.
    pub created: i64,
    /// Its rate (nanoErg per quantity), within the policy's range.
    pub rate: i64,
}

impl Seen {
    /// For so many blocks after it was made no box of the pool that came later can have become storage rent.
    pub const SAFE: Blocks = Blocks(1_046_160);
}

/// An open pot whose every part has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenPotBox {
    ergo_box: ErgoBox,
    memberships: i64,
    units: i64,
    seen: Seen,
    policy: Policy,
    treasury: SigmaProp,
}

impl OpenPotBox {
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
        let seen: Vec<i64> = reader.register(NonMandatoryRegisterId::R4, "oracle seen (R4)")?;
        let &[created, rate] = seen.as_slice() else {
            return Err(reader.fault("oracle seen (R4)", format!("{} numbers, not 2", seen.len())));
        };
        let longs: Vec<i64> = reader.register(NonMandatoryRegisterId::R5, "policy (R5)")?;
        let policy = Policy::parse(&longs).ok_or_else(|| {
            reader.fault(
                "policy (R5)",
                format!("numbers that are no policy: {longs:?}"),
            )
        })?;
        let treasury = reader.register(NonMandatoryRegisterId::R6, "treasury (R6)")?;
        reader.absent(NonMandatoryRegisterId::R7, "R7")?;
        Ok(Self {
            ergo_box: reader.kept(),
            memberships: amount_of(ergo_box, lets.ids.membership.into()),
            units: lets.units_in(ergo_box),
            seen: Seen { created, rate },
            policy,
            treasury,
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

    /// Units not given out.
    pub fn units(&self) -> i64 {
        self.units
    }

    /// The oracle's box that it last saw.
    pub fn seen(&self) -> Seen {
        self.seen
    }

    /// What it gives and asks.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The community's key, as in the charter. The pot asks it nothing.
    pub fn treasury(&self) -> &SigmaProp {
        &self.treasury
    }

    /// ERG in the box.
    pub fn value(&self) -> NanoErg {
        self.ergo_box.value.into()
    }

    /// When the box was made.
    pub fn created(&self) -> Height {
        Height(self.ergo_box.creation_height)
    }

    /// nanoErg of the reserve for each unit that is out of the pot (LETS-3); 0 if none is.
    pub fn share(&self) -> i64 {
        let reserve = self.value().0.saturating_sub(self.policy.own_erg.0);
        let out = self.policy.supply.saturating_sub(self.units);
        match i64::try_from(reserve) {
            Ok(reserve) if out > 0 => reserve / out,
            _ => 0,
        }
    }

    pub(crate) fn successor(&self) -> NewOpenPot {
        NewOpenPot {
            value: self.value(),
            memberships: self.memberships,
            units: self.units,
            seen: self.seen,
            policy: self.policy.to_longs(),
            treasury: self.treasury.clone(),
        }
    }
}

/// An open pot to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewOpenPot {
    pub(crate) value: NanoErg,
    pub(crate) memberships: i64,
    pub(crate) units: i64,
    pub(crate) seen: Seen,
    pub(crate) policy: Vec<i64>,
    pub(crate) treasury: SigmaProp,
}

impl NewOpenPot {
    pub(crate) fn candidate(
        self,
        lets: &Lets,
        created: Height,
    ) -> Result<ErgoBoxCandidate, MakeBoxError> {
        NewBox {
            kind: "open pot",
            value: self.value,
            tree: lets.contracts.pot.tree(),
            tokens: vec![
                (lets.ids.pot_nft.into(), 1),
                (lets.ids.membership.into(), self.memberships),
                (lets.unit(), self.units),
            ],
            registers: vec![
                Constant::from(vec![self.seen.created, self.seen.rate]),
                Constant::from(self.policy),
                Constant::from(self.treasury),
            ],
            created,
        }
        .candidate()
    }
}
