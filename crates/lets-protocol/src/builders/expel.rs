//! The committee closes an account at a balance of 0.

use crate::boxes::account::AccountBox;
use crate::boxes::charter::CharterBox;
use crate::boxes::pot::PotBox;
use crate::boxes::{Lets, ParseBoxError};
use crate::proposal::{BuildError, Draft, Proposal, TxKind, TxParams};
use crate::rules::{self, RuleViolation};
use crate::units::NanoErg;
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBoxCandidate, NonMandatoryRegisters};
use ergo_lib::ergotree_ir::ergo_tree::{ErgoTree, ErgoTreeHeader};
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::mir::expr::Expr;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;

/// An account cannot be closed so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpelError {
    /// A rule of the pot: the balance is not 0, a recovery is pending, or the key is not the member's.
    #[error("rule {}", .0.rule())]
    Rule(RuleViolation),
    /// The fee is more than the charter lets it cost the member.
    #[error(
        "a fee of {fee} is more than the {most} of a member's ERG that the charter lets go to fees"
    )]
    Fee {
        /// What was asked.
        fee: NanoErg,
        /// The charter's bound.
        most: NanoErg,
    },
    /// The transaction cannot be laid out.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A box that was made does not read as it should.
    #[error(transparent)]
    Parse(#[from] ParseBoxError),
}

/// Closes `account` without its owner: its units and membership token go back to the pot, its account token is burnt, its
/// ERG less the fee goes to the owner's key. The committee signs.
///
/// # Errors
/// [`ExpelError`] naming the rule or bound in the way.
pub fn expel(
    lets: &Lets,
    charter: &CharterBox,
    pot: &PotBox,
    account: &AccountBox,
    params: TxParams,
) -> Result<(Proposal, PotBox), ExpelError> {
    rules::check_expel(account).map_err(ExpelError::Rule)?;
    let most = charter.bounds().admission_fee;
    if params.fee > most {
        let fee = params.fee;
        return Err(ExpelError::Fee { fee, most });
    }
    let short = BuildError::NotEnoughErg {
        needed: params.fee,
        fee: params.fee,
        available: account.value(),
    };
    let left = account.value().minus(params.fee);
    let left = left.and_then(|n| n.to_box_value().ok()).ok_or(short)?;
    let owner = ErgoBoxCandidate {
        value: left,
        ergo_tree: script_of(account.owner())?,
        tokens: None,
        additional_registers: NonMandatoryRegisters::empty(),
        creation_height: params.height.0,
    };
    let mut next_pot = pot.successor();
    next_pot.memberships += 1;
    next_pot.units += account.units();
    let draft = Draft {
        inputs: vec![pot.ergo_box().clone(), account.ergo_box().clone()],
        data_inputs: vec![charter.ergo_box().clone()],
        outputs: vec![
            next_pot
                .candidate(lets, params.height)
                .map_err(BuildError::from)?,
            owner,
        ],
        burn: vec![account.number().token_id()],
        ..Draft::of(TxKind::Expel)
    };
    let proposal = draft.finish(params, None)?;
    let next_pot = PotBox::parse(lets, proposal.output(0)?)?;
    Ok((proposal, next_pot))
}

/// The script that this proposition proves, byte for byte as `propBytes` in a script has it.
fn script_of(owner: &SigmaProp) -> Result<ErgoTree, BuildError> {
    let header = ErgoTreeHeader::v0(false);
    ErgoTree::new(header, &Expr::Const(Constant::from(owner.clone())))
        .map_err(|e| BuildError::Transaction(e.to_string()))
}
