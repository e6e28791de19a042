//! The recovery of an account whose key is lost: the committee names an heir, and after the delay anybody hands it over.

use crate::boxes::account::AccountBox;
use crate::boxes::charter::CharterBox;
use crate::boxes::pot::{NewPot, PotBox};
use crate::boxes::{Lets, ParseBoxError, account::NewAccount};
use crate::proposal::{BuildError, Draft, Funding, Proposal, TxKind, TxParams};
use crate::rules::{self, RuleViolation};
use crate::units::Height;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;

/// An account cannot be recovered so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecoverError {
    /// A rule of the pot.
    #[error("rule {}", .0.rule())]
    Rule(RuleViolation),
    /// The transaction cannot be laid out.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A box that was made does not read as it should.
    #[error(transparent)]
    Parse(#[from] ParseBoxError),
}

impl From<RuleViolation> for RecoverError {
    fn from(violation: RuleViolation) -> Self {
        Self::Rule(violation)
    }
}

/// Who is to have an account whose key is lost, and from when on the delay counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heir {
    /// The key that will own it.
    pub key: SigmaProp,
    /// The recovery's start: the last height at which the committee's transaction can be included.
    pub start: Height,
}

/// How many numbers of an account's settings outlast a recovery.
const KEPT_SETTINGS: usize = 4;

/// Puts the heir's key beside the owner's of `account`, who can refuse it by any spend of his until the delay is over.
/// The committee signs, and has time until the heir's `start`; `funding` pays the fee. A pending recovery for another heir
/// gives way, and the delay begins anew.
///
/// # Errors
/// [`RecoverError`] naming the rule in the way.
pub fn start_recovery(
    lets: &Lets,
    charter: &CharterBox,
    pot: &PotBox,
    account: &AccountBox,
    heir: Heir,
    funding: &Funding,
    params: TxParams,
) -> Result<(Proposal, PotBox, AccountBox), RecoverError> {
    let mut next_pot = pot.successor();
    next_pot.counters =
        rules::check_start(charter, pot, account, &heir.key, heir.start, params.height)?;
    let mut next = account.successor();
    next.keys = vec![account.owner().clone(), heir.key];
    next.settings.truncate(KEPT_SETTINGS);
    next.settings.push(heir.start.as_i64());
    let kind = TxKind::StartRecovery;
    let (proposal, next_pot, next) = Handing {
        lets,
        charter,
        pot,
        account,
    }
    .finish(kind, next_pot, next, funding, params)?;
    rules::check_heir_size(proposal.size(1), account.owner())?;
    Ok((proposal, next_pot, next))
}

/// Hands `account` to the heir of its pending recovery. Nobody of the LETS signs; `funding` pays the fee.
///
/// # Errors
/// [`RecoverError`], before the delay is over with the height from which it can be done.
pub fn complete_recovery(
    lets: &Lets,
    charter: &CharterBox,
    pot: &PotBox,
    account: &AccountBox,
    funding: &Funding,
    params: TxParams,
) -> Result<(Proposal, PotBox, AccountBox), RecoverError> {
    let mut next = account.successor();
    next.keys = vec![rules::check_complete(charter, account, params.height)?];
    next.settings.truncate(KEPT_SETTINGS);
    Handing {
        lets,
        charter,
        pot,
        account,
    }
    .finish(
        TxKind::CompleteRecovery,
        pot.successor(),
        next,
        funding,
        params,
    )
}

struct Handing<'a> {
    lets: &'a Lets,
    charter: &'a CharterBox,
    pot: &'a PotBox,
    account: &'a AccountBox,
}

impl Handing<'_> {
    fn finish(
        self,
        kind: TxKind,
        next_pot: NewPot,
        next: NewAccount,
        funding: &Funding,
        params: TxParams,
    ) -> Result<(Proposal, PotBox, AccountBox), RecoverError> {
        let (lets, created) = (self.lets, params.height);
        let draft = Draft {
            inputs: vec![self.pot.ergo_box().clone(), self.account.ergo_box().clone()],
            data_inputs: vec![self.charter.ergo_box().clone()],
            outputs: vec![
                next_pot
                    .candidate(lets, created)
                    .map_err(BuildError::from)?,
                next.candidate(lets, created).map_err(BuildError::from)?,
            ],
            ..Draft::of(kind)
        };
        let proposal = draft.finish(params, Some(funding))?;
        let next_pot = PotBox::parse(lets, proposal.output(0)?)?;
        let next = AccountBox::parse(lets, proposal.output(1)?)?;
        rules::check_account_size(proposal.size(1), rules::SET_ACCOUNT_BYTES)?;
        Ok((proposal, next_pot, next))
    }
}
