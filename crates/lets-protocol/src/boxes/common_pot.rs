//! The common pot of any LETS: a committee's, or one that anybody joins by himself.

use super::open_pot::OpenPotBox;
use super::policy::Policy;
use super::pot::PotBox;
use super::{Lets, ParseBoxError};
use crate::units::{Height, NanoErg};
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;

/// A pot whose every part has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommonPot {
    /// Of a LETS with a committee.
    Committee(Box<PotBox>),
    /// Of a LETS that anybody joins by himself.
    Open(Box<OpenPotBox>),
}

impl CommonPot {
    /// Reads the pot of this LETS, whichever it has.
    ///
    /// # Errors
    /// [`ParseBoxError`] naming the part that the pot of this LETS cannot have.
    pub fn parse(lets: &Lets, ergo_box: &ErgoBox) -> Result<Self, ParseBoxError> {
        match lets.oracle() {
            None => PotBox::parse(lets, ergo_box).map(|pot| Self::Committee(Box::new(pot))),
            Some(_) => OpenPotBox::parse(lets, ergo_box).map(|pot| Self::Open(Box::new(pot))),
        }
    }

    /// The box itself.
    pub fn ergo_box(&self) -> &ErgoBox {
        match self {
            Self::Committee(pot) => pot.ergo_box(),
            Self::Open(pot) => pot.ergo_box(),
        }
    }

    /// Membership tokens not in any account.
    pub fn memberships(&self) -> i64 {
        match self {
            Self::Committee(pot) => pot.memberships(),
            Self::Open(pot) => pot.memberships(),
        }
    }

    /// Units not given out.
    pub fn units(&self) -> i64 {
        match self {
            Self::Committee(pot) => pot.units(),
            Self::Open(pot) => pot.units(),
        }
    }

    /// ERG in the box.
    pub fn value(&self) -> NanoErg {
        self.ergo_box().value.into()
    }

    /// When the box was made.
    pub fn created(&self) -> Height {
        Height(self.ergo_box().creation_height)
    }

    /// The committee's, if it is one.
    pub fn committee(&self) -> Option<&PotBox> {
        match self {
            Self::Committee(pot) => Some(pot),
            Self::Open(_) => None,
        }
    }

    /// What it gives and asks, if it is open.
    pub fn policy(&self) -> Option<&Policy> {
        match self {
            Self::Committee(_) => None,
            Self::Open(pot) => Some(pot.policy()),
        }
    }

    /// What all balances and the notes on their way come to, if nothing is wrong: 0 where credit is a debt, and where
    /// there is none all units that are out, of so many minted.
    pub fn sum_due(&self, minted: i64) -> i64 {
        match self.policy() {
            Some(policy) if !policy.kind.has_debt() => minted - self.units(),
            _ => 0,
        }
    }
}
