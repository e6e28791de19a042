//! Watchers of a LETS-1: they call a debt whose collateral has become too little, and after the grace pay it for the
//! collateral.

use super::{AtPot, OpenError, check_own_key};
use crate::amount::Amount;
use crate::boxes::account::AccountBox;
use crate::boxes::open_pot::{NewOpenPot, OpenPotBox};
use crate::boxes::policy::{Kind, Mark};
use crate::proposal::{BuildError, Draft, Funding, Proposal, TxKind};
use crate::rules::open;
use crate::rules::{self, Flow, RuleViolation};
use crate::units::{Blocks, NanoErg};

/// A call is dated so far ahead, so that the transaction may wait an hour for its block.
const CALL_SLACK: Blocks = Blocks(30);

/// Calls the account's debt: from now on it draws no credit, and after the grace it may be liquidated. Nobody of the LETS
/// signs; `funding` pays the fee.
///
/// # Errors
/// [`OpenError`] naming the rule in the way.
pub fn call(
    at: AtPot<'_>,
    account: &AccountBox,
    funding: &Funding,
) -> Result<(Proposal, OpenPotBox, AccountBox), OpenError> {
    let mark = Mark::Called(at.params.height.plus(CALL_SLACK));
    open::check_kind(at.pot, Kind::Lets1, "a margin call")?;
    open::check_unmarked(at.pot.policy(), account, mark, at.params.height)?;
    let quote = at.pressing()?;
    open::check_under(at.pot.policy(), &quote, account)?;
    let pot_after = NewOpenPot {
        seen: quote.seen,
        ..at.pot.successor()
    };
    set_mark(at, account, mark, pot_after, funding)
}

/// Freezes the account while the oracle is dead, or because its line is above the margin's worth of its collateral: it draws no
/// credit until the oracle lives and the collateral covers what was issued. Nobody of the LETS signs; `funding` pays the fee.
///
/// # Errors
/// [`OpenError`] naming the rule in the way.
pub fn freeze(
    at: AtPot<'_>,
    account: &AccountBox,
    funding: &Funding,
) -> Result<(Proposal, OpenPotBox, AccountBox), OpenError> {
    open::check_kind(at.pot, Kind::Lets1, "freezing")?;
    let AtPot { pot, params, .. } = at;
    open::check_unmarked(pot.policy(), account, Mark::Frozen, params.height)?;
    let quote = open::check_freeze(pot, at.oracle, account, params.height)?;
    let pot_after = NewOpenPot {
        seen: quote.map_or(pot.seen(), |q| q.seen),
        ..pot.successor()
    };
    set_mark(at, account, Mark::Frozen, pot_after, funding)
}

fn set_mark(
    at: AtPot<'_>,
    account: &AccountBox,
    mark: Mark,
    pot_after: NewOpenPot,
    funding: &Funding,
) -> Result<(Proposal, OpenPotBox, AccountBox), OpenError> {
    let mut after = account.successor();
    after.terms.truncate(9);
    after.terms.push(mark.number());
    at.step(TxKind::Call, true, account, pot_after, after, funding)
}

/// What a liquidation makes.
#[derive(Debug, Clone)]
pub struct Liquidated {
    /// The transaction.
    pub proposal: Proposal,
    /// The pot.
    pub pot: OpenPotBox,
    /// The debtor's account.
    pub debtor: AccountBox,
    /// The account that paid.
    pub payer: AccountBox,
    /// The collateral that it took.
    pub taken: NanoErg,
}

/// Pays `units` of the debtor's debt out of `payer`, and takes collateral for them: it goes to `funding`, which pays the fee
/// if that does not suffice. The payer's owner signs.
///
/// # Errors
/// [`OpenError`] naming the rule in the way, and what would pass.
pub fn liquidate(
    at: AtPot<'_>,
    debtor: &AccountBox,
    payer: &AccountBox,
    units: Amount,
    funding: &Funding,
) -> Result<Liquidated, OpenError> {
    let AtPot {
        lets, pot, params, ..
    } = at;
    open::check_kind(pot, Kind::Lets1, "a liquidation")?;
    check_own_key(payer)?;
    if payer.number() == debtor.number() {
        return Err(OpenError::Rule(RuleViolation::SelfPayment));
    }
    let quote = at.pressing()?;
    open::check_liquidation(pot.policy(), &quote, debtor, units, params.height)?;
    let classes = [debtor.terms().class];
    let settings = rules::check_spend(payer, Flow::out(units), false, params.height, &classes)
        .map_err(OpenError::Rule)?;
    let taken = open::taken(pot.policy(), &quote, debtor, units);
    let mut pot_after = pot.successor();
    pot_after.seen = quote.seen;
    let mut debtor_after = debtor.successor();
    debtor_after.units += units.units();
    debtor_after.value = debtor.value().minus(taken).unwrap_or_default();
    let mut payer_after = payer.successor();
    payer_after.units -= units.units();
    payer_after.settings = settings.to_longs();
    let candidates = [
        pot_after.candidate(lets, params.height),
        debtor_after.candidate(lets, params.height),
        payer_after.candidate(lets, params.height),
    ];
    let mut outputs = Vec::new();
    for candidate in candidates {
        outputs.push(candidate.map_err(BuildError::from)?);
    }
    let boxes = [pot.ergo_box(), debtor.ergo_box(), payer.ergo_box()];
    let draft = Draft {
        inputs: boxes.into_iter().cloned().collect(),
        data_inputs: at.read(true),
        outputs,
        ..Draft::of(TxKind::Liquidate)
    };
    let proposal = draft.finish(params, Some(funding))?;
    for (place, limit) in [
        (1, rules::SET_ACCOUNT_BYTES),
        (2, rules::SPENT_ACCOUNT_BYTES),
    ] {
        rules::check_account_size(proposal.size(place), limit).map_err(OpenError::Rule)?;
    }
    Ok(Liquidated {
        pot: OpenPotBox::parse(lets, proposal.output(0)?)?,
        debtor: AccountBox::parse(lets, proposal.output(1)?)?,
        payer: AccountBox::parse(lets, proposal.output(2)?)?,
        proposal,
        taken,
    })
}
