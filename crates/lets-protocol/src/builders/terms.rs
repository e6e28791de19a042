//! The committee sets an account's terms.

use crate::amount::Amount;
use crate::boxes::account::{AccountBox, Terms};
use crate::boxes::charter::CharterBox;
use crate::boxes::pot::PotBox;
use crate::boxes::{Lets, ParseBoxError};
use crate::proposal::{BuildError, Draft, Funding, Proposal, TxKind, TxParams};
use crate::rules::{self, Counted, RuleViolation};

/// Terms cannot be set so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetTermsError {
    /// A rule of the pot.
    #[error("rule {}", .0.rule())]
    Rule(RuleViolation),
    /// The pot has too few units left.
    #[error("the pot has {left} units left, and {asked} more would have to be issued")]
    PotEmpty {
        /// How many it has.
        left: i64,
        /// How many are needed.
        asked: i64,
    },
    /// The transaction cannot be laid out.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A box that was made does not read as it should.
    #[error(transparent)]
    Parse(#[from] ParseBoxError),
}

/// Gives `account` the terms `terms` (whose `issued` is reckoned here: the line, or the present debt if that is more).
/// The balance stays as it is: units go out of the pot or back into it. The committee signs; `funding` pays the fee.
///
/// # Errors
/// [`SetTermsError`] naming the rule or bound in the way.
pub fn set_terms(
    lets: &Lets,
    charter: &CharterBox,
    pot: &PotBox,
    account: &AccountBox,
    terms: Terms,
    funding: &Funding,
    params: TxParams,
) -> Result<(Proposal, PotBox, AccountBox), SetTermsError> {
    let issued = terms.line.units().max(account.balance().debt());
    let terms = Terms {
        issued: Amount::clamped(issued),
        ..terms
    };
    rules::check_terms(charter, &terms).map_err(SetTermsError::Rule)?;
    let units = issued + account.balance().units();
    let out = units - account.units();
    let counters = rules::check_rates(charter, pot, Counted::units(out), params.height)
        .map_err(SetTermsError::Rule)?;
    if pot.units() - out < 1 {
        return Err(SetTermsError::PotEmpty {
            left: pot.units(),
            asked: out,
        });
    }
    let mut next_pot = pot.successor();
    next_pot.units -= out;
    next_pot.counters = counters;
    let mut next = account.successor();
    next.units = units;
    next.terms = terms.to_longs();
    let draft = Draft {
        inputs: vec![pot.ergo_box().clone(), account.ergo_box().clone()],
        data_inputs: vec![charter.ergo_box().clone()],
        outputs: vec![
            next_pot
                .candidate(lets, params.height)
                .map_err(BuildError::from)?,
            next.candidate(lets, params.height)
                .map_err(BuildError::from)?,
        ],
        ..Draft::of(TxKind::SetTerms)
    };
    let proposal = draft.finish(params, Some(funding))?;
    let next_pot = PotBox::parse(lets, proposal.output(0)?)?;
    let next = AccountBox::parse(lets, proposal.output(1)?)?;
    rules::check_account_size(proposal.size(1), rules::SET_ACCOUNT_BYTES)
        .map_err(SetTermsError::Rule)?;
    Ok((proposal, next_pot, next))
}
