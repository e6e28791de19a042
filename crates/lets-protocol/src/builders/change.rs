//! The charter changes slowly: announced, waited for, enacted by anybody.

use super::found::{RENT_PER_BYTE, bytes_of};
use crate::boxes::charter::{Bounds, CharterBox, PendingChange};
use crate::boxes::{Lets, ParseBoxError};
use crate::proposal::{BuildError, Draft, Funding, Proposal, TxKind, TxParams};
use crate::rules::{self, RuleViolation};
use crate::units::{Blocks, Height, NanoErg};
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;

/// The charter cannot be changed so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// A rule of the charter.
    #[error("rule {}", .0.rule())]
    Rule(RuleViolation),
    /// The transaction cannot be laid out.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A box that was made does not read as it should.
    #[error(transparent)]
    Parse(#[from] ParseBoxError),
}

impl From<RuleViolation> for ChangeError {
    fn from(violation: RuleViolation) -> Self {
        Self::Rule(violation)
    }
}

/// How far ahead an announcement may lie: so long a committee has to sign it together.
pub const ANNOUNCE_AHEAD: Blocks = Blocks(5_040);

/// Announces another committee, other bounds, or both; the delay counts from `from`, which may lie up to [`ANNOUNCE_AHEAD`]
/// after the block that includes it, and not before. A change announced earlier is replaced. Old and new committee sign.
/// `funding` pays the fee, and the rent of a charter that outgrows its ERG.
///
/// # Errors
/// [`ChangeError`] naming the bound that may never be so, or that nothing would change.
pub fn announce(
    lets: &Lets,
    charter: &CharterBox,
    committee: SigmaProp,
    bounds: Bounds,
    from: Height,
    funding: &Funding,
    params: TxParams,
) -> Result<(Proposal, CharterBox), ChangeError> {
    let change = PendingChange {
        announced: from,
        committee,
        bounds,
    };
    rules::check_announce(charter, &change, params.height)?;
    let mut next = charter.successor();
    next.pending = Some(change);
    let made = next
        .clone()
        .candidate(lets, params.height)
        .map_err(BuildError::from)?;
    next.value = next
        .value
        .max(NanoErg(RENT_PER_BYTE * bytes_of(&made)? + 1));
    build(TxKind::Announce, lets, charter, next, funding, params)
}

/// Withdraws an announced change. The committee signs. `funding` pays the fee.
///
/// # Errors
/// [`ChangeError`] if none is announced.
pub fn cancel(
    lets: &Lets,
    charter: &CharterBox,
    funding: &Funding,
    params: TxParams,
) -> Result<(Proposal, CharterBox), ChangeError> {
    if charter.pending().is_none() {
        return Err(RuleViolation::NothingAnnounced.into());
    }
    let mut next = charter.successor();
    next.pending = None;
    build(TxKind::Cancel, lets, charter, next, funding, params)
}

/// Puts an announced change into force once its delay has passed. Anybody may; only the wallet that pays the fee signs.
///
/// # Errors
/// [`ChangeError`] if none is announced, or before its height.
pub fn enact(
    lets: &Lets,
    charter: &CharterBox,
    funding: &Funding,
    params: TxParams,
) -> Result<(Proposal, CharterBox), ChangeError> {
    let change = rules::check_enact(charter, params.height)?.clone();
    let mut next = charter.successor();
    next.committee = change.committee;
    next.bounds = change.bounds;
    next.pending = None;
    build(TxKind::Enact, lets, charter, next, funding, params)
}

fn build(
    kind: TxKind,
    lets: &Lets,
    charter: &CharterBox,
    next: crate::boxes::charter::NewCharter,
    funding: &Funding,
    params: TxParams,
) -> Result<(Proposal, CharterBox), ChangeError> {
    let next = next
        .candidate(lets, params.height)
        .map_err(BuildError::from)?;
    let draft = Draft {
        inputs: vec![charter.ergo_box().clone()],
        outputs: vec![next],
        ..Draft::of(kind)
    };
    let proposal = draft.finish(params, Some(funding))?;
    let next = CharterBox::parse(lets, proposal.output(0)?)?;
    Ok((proposal, next))
}
