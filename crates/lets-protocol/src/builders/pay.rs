//! A member pays another directly.

use crate::amount::Amount;
use crate::boxes::account::AccountBox;
use crate::boxes::{Lets, ParseBoxError};
use crate::proposal::{BuildError, Draft, Funding, Proposal, TxKind, TxParams};
use crate::rules::{self, RuleViolation};

/// A payment cannot be made so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayError {
    /// A rule of the accounts.
    #[error("rule {}", .0.rule())]
    Rule(RuleViolation),
    /// The transaction cannot be laid out.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A box that was made does not read as it should.
    #[error(transparent)]
    Parse(#[from] ParseBoxError),
}

/// Pays `amount` from `payer` to `payee`, account to account. The payer signs. The fee comes out of the ERG that the
/// payer's account holds above its floor, or else out of `funding`.
///
/// # Errors
/// [`PayError`] naming the rule in the way and the most that would pass it.
pub fn pay_direct(
    lets: &Lets,
    payer: &AccountBox,
    payee: &AccountBox,
    amount: Amount,
    funding: Option<&Funding>,
    params: TxParams,
) -> Result<(Proposal, AccountBox, AccountBox), PayError> {
    if amount == Amount::ZERO {
        return Err(PayError::Rule(RuleViolation::ZeroAmount));
    }
    if payer.number() == payee.number() {
        return Err(PayError::Rule(RuleViolation::SelfPayment));
    }
    let units_after = payer.units() - amount.units();
    let settings = rules::check_spend(payer, units_after, params.height, &[payee.terms().class])
        .map_err(PayError::Rule)?;
    rules::check_direct_gain(payee, amount).map_err(PayError::Rule)?;

    let from_account = payer.spare_erg() >= params.fee;
    let mut next_payer = payer.successor();
    next_payer.units = units_after;
    next_payer.settings = settings.to_longs();
    next_payer.keys.truncate(1);
    if from_account {
        next_payer.value.0 -= params.fee.0;
    }
    let mut next_payee = payee.successor();
    next_payee.units += amount.units();
    let draft = Draft {
        lets: Some(lets),
        kind: TxKind::Pay,
        inputs: vec![payer.ergo_box().clone(), payee.ergo_box().clone()],
        data_inputs: Vec::new(),
        outputs: vec![
            next_payer
                .candidate(lets, params.height)
                .map_err(BuildError::from)?,
            next_payee
                .candidate(lets, params.height)
                .map_err(BuildError::from)?,
        ],
        burn: Vec::new(),
    };
    let proposal = draft.finish(params, funding.filter(|_| !from_account))?;
    let next_payer = AccountBox::parse(lets, proposal.output(0)?)?;
    let next_payee = AccountBox::parse(lets, proposal.output(1)?)?;
    rules::check_account_size(proposal.size(0), rules::SPENT_ACCOUNT_BYTES)
        .map_err(PayError::Rule)?;
    Ok((proposal, next_payer, next_payee))
}
