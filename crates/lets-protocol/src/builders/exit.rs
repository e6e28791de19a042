//! A member closes his account: by himself, with leave from nobody.

use crate::boxes::account::AccountBox;
use crate::boxes::pot::PotBox;
use crate::boxes::{Lets, ParseBoxError};
use crate::proposal::{BuildError, Draft, Funding, Proposal, TxKind, TxParams};
use crate::rules::RuleViolation;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;

/// An account cannot be closed so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExitError {
    /// A rule of the pot: the balance is not 0.
    #[error("rule {}", .0.rule())]
    Rule(RuleViolation),
    /// The transaction cannot be laid out.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A box that was made does not read as it should.
    #[error(transparent)]
    Parse(#[from] ParseBoxError),
}

/// Closes `account`: its units and membership token go back to the pot, its account token is burnt, its ERG less the fee
/// goes to `to`. The owner signs.
///
/// # Errors
/// [`ExitError`] if the balance is not 0, or the ERG does not suffice for the fee.
pub fn exit(
    lets: &Lets,
    pot: &PotBox,
    account: &AccountBox,
    to: ErgoTree,
    params: TxParams,
) -> Result<(Proposal, PotBox), ExitError> {
    let balance = account.balance();
    if balance.units() != 0 {
        return Err(ExitError::Rule(RuleViolation::ExitBalance { balance }));
    }
    let mut next_pot = pot.successor();
    next_pot.memberships += 1;
    next_pot.units += account.units();
    let draft = Draft {
        inputs: vec![pot.ergo_box().clone(), account.ergo_box().clone()],
        outputs: vec![
            next_pot
                .candidate(lets, params.height)
                .map_err(BuildError::from)?,
        ],
        burn: vec![account.number().token_id()],
        ..Draft::of(TxKind::Exit)
    };
    let proposal = draft.finish(
        params,
        Some(&Funding {
            boxes: Vec::new(),
            change: to,
        }),
    )?;
    let next_pot = PotBox::parse(lets, proposal.output(0)?)?;
    Ok((proposal, next_pot))
}
