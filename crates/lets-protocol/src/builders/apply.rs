//! Applying for membership, and taking an application back.

use crate::boxes::application::{self, Applicant, ApplicationBox};
use crate::boxes::charter::CharterBox;
use crate::boxes::{Lets, ParseBoxError};
use crate::proposal::{BuildError, Draft, Funding, Proposal, TxKind, TxParams};
use crate::units::{Height, NanoErg};
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;

/// An application cannot be made so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// Too little ERG for the account's floor and the admission's fee.
    #[error("an application to this LETS must hold at least {needed}, not {value}")]
    Value {
        /// What was asked.
        value: NanoErg,
        /// The floor of an account and the fee.
        needed: NanoErg,
    },
    /// Nobody admits in an open LETS: whoever likes could join with the application's ERG.
    #[error("this LETS has no committee and takes no applications: run `lets join`")]
    Open,
    /// It would expire before anybody can admit it.
    #[error("the application would expire at height {expiry}, and the height is {height}")]
    Expiry {
        /// What was asked.
        expiry: Height,
        /// The height now.
        height: Height,
    },
    /// The transaction cannot be laid out.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A box that was made does not read as it should.
    #[error(transparent)]
    Parse(#[from] ParseBoxError),
}

/// The least that an application must hold: the account's floor and one admission's fee.
pub(crate) fn needed(charter: &CharterBox, fee: NanoErg) -> NanoErg {
    charter.bounds().account_floor.plus(fee)
}

/// An application: the applicant's key, and ERG of which the account gets all but the admission's fee. Until it is
/// admitted the applicant can take it back.
///
/// # Errors
/// [`ApplyError`] naming what is out of range, or that the ERG does not suffice.
pub fn apply(
    lets: &Lets,
    charter: &CharterBox,
    applicant: Applicant,
    value: NanoErg,
    expiry: Height,
    funding: &Funding,
    params: TxParams,
) -> Result<(Proposal, ApplicationBox), ApplyError> {
    let all = vec![(applicant, value)];
    let proposal = apply_all(lets, charter, all, expiry, funding, params)?;
    let application = ApplicationBox::parse(lets, proposal.output(0)?)?;
    Ok((proposal, application))
}

/// Applications of several keys in one transaction, each with its ERG: they are its first outputs, in order.
///
/// # Errors
/// As [`apply`].
pub fn apply_all(
    lets: &Lets,
    charter: &CharterBox,
    applicants: Vec<(Applicant, NanoErg)>,
    expiry: Height,
    funding: &Funding,
    params: TxParams,
) -> Result<Proposal, ApplyError> {
    if lets.oracle().is_some() {
        return Err(ApplyError::Open);
    }
    let needed = needed(charter, params.fee);
    if let Some(&(_, value)) = applicants.iter().find(|(_, value)| *value < needed) {
        return Err(ApplyError::Value { value, needed });
    }
    if expiry <= params.height {
        return Err(ApplyError::Expiry {
            expiry,
            height: params.height,
        });
    }
    let outputs: Result<Vec<_>, _> = applicants
        .into_iter()
        .map(|(who, value)| application::candidate(lets, who, expiry, value, params.height))
        .collect();
    let draft = Draft {
        outputs: outputs.map_err(BuildError::from)?,
        ..Draft::of(TxKind::Apply)
    };
    Ok(draft.finish(params, Some(funding))?)
}

/// The applicant takes his ERG back, to `to`.
///
/// # Errors
/// [`BuildError`] if the application does not even hold the fee.
pub fn withdraw_application(
    application: &ApplicationBox,
    to: ErgoTree,
    params: TxParams,
) -> Result<Proposal, BuildError> {
    Draft {
        inputs: vec![application.ergo_box().clone()],
        outputs: Vec::new(),
        ..Draft::of(TxKind::WithdrawApplication)
    }
    .finish(
        params,
        Some(&Funding {
            boxes: Vec::new(),
            change: to,
        }),
    )
}
