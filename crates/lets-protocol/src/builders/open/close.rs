//! A member closes his account, by himself; and anybody renews the pot.

use super::{AtPot, OpenError, check_own_key};
use crate::boxes::Lets;
use crate::boxes::account::AccountBox;
use crate::boxes::open_pot::OpenPotBox;
use crate::builders::refresh::{RefreshError, after_fee};
use crate::proposal::{BuildError, Draft, Funding, Proposal, TxKind, TxParams};
use crate::rules;
use crate::rules::open::{self, OpenViolation};
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;

/// Closes `account`: its units and membership token go back to the pot, its account token is burnt, its ERG, collateral
/// and all, less the fee goes to `to`. The owner signs.
///
/// # Errors
/// [`OpenError`] if the balance is not 0, the lock has not ended, or the ERG does not suffice for the fee.
pub fn close(
    at: AtPot<'_>,
    account: &AccountBox,
    to: ErgoTree,
) -> Result<(Proposal, OpenPotBox), OpenError> {
    let AtPot {
        lets, pot, params, ..
    } = at;
    check_own_key(account)?;
    let balance = account.balance();
    if balance.units() != 0 {
        return Err(OpenViolation::CloseBalance { balance }.into());
    }
    open::check_lock(account, params.height)?;
    let mut pot_after = pot.successor();
    pot_after.memberships += 1;
    pot_after.units += account.units();
    let draft = Draft {
        inputs: vec![pot.ergo_box().clone(), account.ergo_box().clone()],
        outputs: vec![
            pot_after
                .candidate(lets, params.height)
                .map_err(BuildError::from)?,
        ],
        burn: vec![account.number().token_id()],
        ..Draft::of(TxKind::Exit)
    };
    let own = Funding {
        boxes: Vec::new(),
        change: to,
    };
    let proposal = draft.finish(params, Some(&own))?;
    let pot_after = OpenPotBox::parse(lets, proposal.output(0)?)?;
    Ok((proposal, pot_after))
}

/// The open pot as it is, in a new box. Nobody signs; the fee comes out of the pot's ERG.
///
/// # Errors
/// [`RefreshError`] before it is three years old, or with too large a fee.
pub fn refresh_open_pot(
    lets: &Lets,
    pot: &OpenPotBox,
    params: TxParams,
) -> Result<(Proposal, OpenPotBox), RefreshError> {
    rules::check_refresh(pot.created(), params.height).map_err(RefreshError::Rule)?;
    let mut pot_after = pot.successor();
    pot_after.value = after_fee(pot.value(), params.fee)?;
    let draft = Draft {
        inputs: vec![pot.ergo_box().clone()],
        outputs: vec![pot_after.candidate(lets, params.height)?],
        ..Draft::of(TxKind::Refresh)
    };
    let proposal = draft.finish(params, None)?;
    let pot_after = OpenPotBox::parse(lets, proposal.output(0)?)?;
    Ok((proposal, pot_after))
}
