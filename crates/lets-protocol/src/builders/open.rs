//! What members, watchers and anybody else do with an open pot: `contracts/open_pot.es`.

pub(crate) mod adjust;
pub(crate) mod close;
pub(crate) mod exchange;
pub(crate) mod found;
pub(crate) mod join;
pub(crate) mod liquidate;

use crate::boxes::account::{AccountBox, Link, NewAccount};
use crate::boxes::open_pot::{NewOpenPot, OpenPotBox};
use crate::boxes::oracle::OracleBox;
use crate::boxes::{Lets, ParseBoxError};
use crate::proposal::{BuildError, Draft, Funding, Proposal, TxKind, TxParams};
use crate::rules::open::{OpenViolation, Quote};
use crate::rules::{self, RuleViolation};
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;

/// An open pot cannot do so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// A rule of the pot.
    #[error("rule {}", .0.rule())]
    Open(OpenViolation),
    /// A rule of the accounts.
    #[error("rule {}", .0.rule())]
    Rule(RuleViolation),
    /// The pot has no membership token or no units left to give.
    #[error("the pot has {left} {what} left, and one must remain")]
    PotEmpty {
        /// "membership tokens" or "units".
        what: &'static str,
        /// How many.
        left: i64,
    },
    /// The account follows a box or obeys a contract that this transaction does not carry.
    #[error(
        "the account's key follows a box or a contract, and this can be done by a key of its own only"
    )]
    Linked,
    /// The transaction cannot be laid out.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A box that was made does not read as it should.
    #[error(transparent)]
    Parse(#[from] ParseBoxError),
}

impl From<OpenViolation> for OpenError {
    fn from(violation: OpenViolation) -> Self {
        Self::Open(violation)
    }
}

/// What every action of an open pot needs: the LETS, its pot, the oracle's box where a price is needed, height and fee.
#[derive(Debug, Clone, Copy)]
pub struct AtPot<'a> {
    /// The LETS.
    pub lets: &'a Lets,
    /// Its pot.
    pub pot: &'a OpenPotBox,
    /// The oracle's box; an action that needs none does without.
    pub oracle: Option<&'a OracleBox>,
    /// Height and fee.
    pub params: TxParams,
}

impl AtPot<'_> {
    /// The oracle's live rate.
    fn live(&self) -> Result<Quote, OpenViolation> {
        rules::open::check_live(self.pot, self.oracle()?, self.params.height)
    }

    /// The oracle's rate for calls and liquidations.
    fn pressing(&self) -> Result<Quote, OpenViolation> {
        rules::open::check_pressing(self.pot, self.oracle()?, self.params.height)
    }

    fn oracle(&self) -> Result<&OracleBox, OpenViolation> {
        self.oracle.ok_or(OpenViolation::NoOracle)
    }

    /// The account and its pot step on: what calls, adjustments and exchanges have in common. The oracle's box is read if
    /// `reads`.
    fn step(
        &self,
        kind: TxKind,
        reads: bool,
        account: &AccountBox,
        pot_after: NewOpenPot,
        after: NewAccount,
        funding: &Funding,
    ) -> Result<(Proposal, OpenPotBox, AccountBox), OpenError> {
        let (lets, height) = (self.lets, self.params.height);
        let draft = Draft {
            inputs: vec![self.pot.ergo_box().clone(), account.ergo_box().clone()],
            data_inputs: self.read(reads),
            outputs: vec![
                pot_after
                    .candidate(lets, height)
                    .map_err(BuildError::from)?,
                after.candidate(lets, height).map_err(BuildError::from)?,
            ],
            ..Draft::of(kind)
        };
        let proposal = draft.finish(self.params, Some(funding))?;
        let pot_after = OpenPotBox::parse(lets, proposal.output(0)?)?;
        let after = AccountBox::parse(lets, proposal.output(1)?)?;
        rules::check_account_size(proposal.size(1), rules::SET_ACCOUNT_BYTES)
            .map_err(OpenError::Rule)?;
        Ok((proposal, pot_after, after))
    }

    fn read(&self, reads: bool) -> Vec<ErgoBox> {
        let oracle = self.oracle.filter(|_| reads);
        oracle.map(|o| o.ergo_box().clone()).into_iter().collect()
    }

    /// Is that what the pot has left to give?
    fn check_left(&self, memberships: i64, units: i64) -> Result<(), OpenError> {
        for (what, left, given) in [
            ("membership tokens", self.pot.memberships(), memberships),
            ("units", self.pot.units(), units),
        ] {
            if given > 0 && left - given < 1 {
                return Err(OpenError::PotEmpty { what, left });
            }
        }
        Ok(())
    }
}

/// The owner's own key must be what proves.
fn check_own_key(account: &AccountBox) -> Result<(), OpenError> {
    match account.link() {
        Link::None => Ok(()),
        _ => Err(OpenError::Linked),
    }
}
