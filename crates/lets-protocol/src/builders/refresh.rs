//! Anybody renews a box of three years, before storage rent eats it.

use crate::boxes::account::AccountBox;
use crate::boxes::charter::CharterBox;
use crate::boxes::pot::PotBox;
use crate::boxes::{Lets, MakeBoxError, ParseBoxError};
use crate::proposal::{BuildError, Draft, Funding, Proposal, TxKind, TxParams};
use crate::rules::{self, RuleViolation};
use crate::units::NanoErg;
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBoxCandidate, NonMandatoryRegisters};

/// A box cannot be refreshed so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefreshError {
    /// The box is too young.
    #[error("rule {}", .0.rule())]
    Rule(RuleViolation),
    /// More than charter and pot give for their own refresh.
    #[error("a fee of {fee} is more than the {most} that the box gives for its refresh")]
    Fee {
        /// What was asked.
        fee: NanoErg,
        /// The most.
        most: NanoErg,
    },
    /// The transaction cannot be laid out.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A box that was made does not read as it should.
    #[error(transparent)]
    Parse(#[from] ParseBoxError),
}

impl From<MakeBoxError> for RefreshError {
    fn from(e: MakeBoxError) -> Self {
        Self::Build(e.into())
    }
}

/// What charter and pot may lose to their own refresh, once in three years (`contracts/charter.es`, `contracts/pot.es`).
const SELF_PAID: NanoErg = NanoErg(10_000_000);

pub(crate) fn after_fee(value: NanoErg, fee: NanoErg) -> Result<NanoErg, RefreshError> {
    if fee > SELF_PAID {
        return Err(RefreshError::Fee {
            fee,
            most: SELF_PAID,
        });
    }
    let short = BuildError::NotEnoughErg {
        needed: fee,
        fee,
        available: value,
    };
    Ok(value.minus(fee).ok_or(short)?)
}

/// The pot as it is, in a new box. Nobody signs; the fee comes out of the pot's ERG.
///
/// # Errors
/// [`RefreshError`] before it is three years old, or with too large a fee.
pub fn refresh_pot(
    lets: &Lets,
    pot: &PotBox,
    params: TxParams,
) -> Result<(Proposal, PotBox), RefreshError> {
    rules::check_refresh(pot.created(), params.height).map_err(RefreshError::Rule)?;
    let mut next = pot.successor();
    next.value = after_fee(pot.value(), params.fee)?;
    let draft = Draft {
        inputs: vec![pot.ergo_box().clone()],
        outputs: vec![next.candidate(lets, params.height)?],
        ..Draft::of(TxKind::Refresh)
    };
    let proposal = draft.finish(params, None)?;
    let next = PotBox::parse(lets, proposal.output(0)?)?;
    Ok((proposal, next))
}

/// The charter as it is, in a new box. Nobody signs; the fee comes out of the charter's ERG.
///
/// # Errors
/// [`RefreshError`] before it is three years old, or with too large a fee.
pub fn refresh_charter(
    lets: &Lets,
    charter: &CharterBox,
    params: TxParams,
) -> Result<(Proposal, CharterBox), RefreshError> {
    rules::check_refresh(charter.created(), params.height).map_err(RefreshError::Rule)?;
    let mut next = charter.successor();
    next.value = after_fee(charter.value(), params.fee)?;
    let draft = Draft {
        inputs: vec![charter.ergo_box().clone()],
        outputs: vec![next.candidate(lets, params.height)?],
        ..Draft::of(TxKind::Refresh)
    };
    let proposal = draft.finish(params, None)?;
    let next = CharterBox::parse(lets, proposal.output(0)?)?;
    Ok((proposal, next))
}

/// An account as it is, in a new box. Its owner need not sign; whoever renews it pays the fee from `funding`, whose
/// largest box must suffice (it stands first, so that the account is not the transaction's leader).
///
/// # Errors
/// [`RefreshError`] before it is three years old, or if the ERG does not suffice.
pub fn refresh_account(
    lets: &Lets,
    account: &AccountBox,
    funding: &Funding,
    params: TxParams,
) -> Result<(Proposal, AccountBox), RefreshError> {
    rules::check_refresh(account.created(), params.height).map_err(RefreshError::Rule)?;
    let short = |available| BuildError::NotEnoughErg {
        needed: params.fee,
        fee: params.fee,
        available,
    };
    let payer = funding
        .boxes
        .iter()
        .max_by_key(|b| (b.tokens.is_none(), *b.value.as_u64()))
        .ok_or(short(NanoErg(0)))?;
    let held = NanoErg::from(payer.value);
    let left = held
        .minus(params.fee)
        .and_then(|n| n.to_box_value().ok())
        .ok_or(short(held))?;
    let change = ErgoBoxCandidate {
        value: left,
        ergo_tree: funding.change.clone(),
        tokens: payer.tokens.clone(),
        additional_registers: NonMandatoryRegisters::empty(),
        creation_height: params.height.0,
    };
    let draft = Draft {
        inputs: vec![payer.clone(), account.ergo_box().clone()],
        outputs: vec![change, account.successor().candidate(lets, params.height)?],
        ..Draft::of(TxKind::Refresh)
    };
    let proposal = draft.finish(params, None)?;
    let next = AccountBox::parse(lets, proposal.output(1)?)?;
    Ok((proposal, next))
}
