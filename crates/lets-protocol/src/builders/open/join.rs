//! Anybody joins by himself.

use super::{AtPot, OpenError};
use crate::amount::Amount;
use crate::boxes::account::{AccountBox, Link, NewAccount, Settings};
use crate::boxes::open_pot::OpenPotBox;
use crate::boxes::policy::Kind;
use crate::boxes::{AccountNumber, Lets};
use crate::builders::admit::check_link;
use crate::proposal::{BuildError, Draft, Funding, Proposal, TxKind};
use crate::rules::{self, open};
use crate::units::{Blocks, NanoErg};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;

/// Who joins, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// The key that the account will have.
    pub key: SigmaProp,
    /// LETS-1: the line. LETS-3: units bought. The policy fixes those of LETS-2 and LETS-4.
    pub units: Amount,
    /// LETS-1: ERG locked as collateral. LETS-3: the most that the units may cost. Otherwise without meaning.
    pub backing: NanoErg,
    /// ERG in the account above its floor: for the fees of its payments.
    pub spare: NanoErg,
    /// Smallest payment that anybody may make into it without a signature.
    pub smallest_direct: i64,
    /// Who else may act for it.
    pub link: Link,
}

/// A lock ends so much after it must, so that the transaction may wait a day for its block.
const LOCK_SLACK: Blocks = Blocks(720);

/// Opens an account. Nobody of the LETS signs: `funding` pays for all of it.
///
/// # Errors
/// [`OpenError`] naming the rule in the way, and what would pass.
pub fn join(
    at: AtPot<'_>,
    ask: Join,
    funding: &Funding,
) -> Result<(Proposal, OpenPotBox, AccountBox), OpenError> {
    let AtPot {
        lets, pot, params, ..
    } = at;
    check_link(lets, &ask.link).map_err(|_| OpenError::Linked)?;
    check_oracle(lets, &ask.link)?;
    let (policy, units) = (pot.policy(), ask.units);
    let backed = policy.kind.has_rate() && units > Amount::ZERO;
    let priced = backed || policy.fee > NanoErg(0);
    let mut pot_after = pot.successor();
    open::check_credit(policy, units)?;
    let mut paid = policy.fee;
    if priced {
        let quote = at.live()?;
        pot_after.seen = quote.seen;
        if backed {
            open::check_cover(policy, &quote, units, ask.backing)?;
        }
        if policy.kind == Kind::Lets3 {
            paid = paid.plus(open::cover_of(policy, &quote, units));
        }
    }
    pot_after.value = pot.value().plus(paid);
    at.check_left(1, units.units())?;
    pot_after.memberships -= 1;
    pot_after.units -= units.units();
    let mut floor = policy.floor;
    if policy.kind == Kind::Lets1 {
        floor = floor.plus(ask.backing);
    }
    let lock_end = params.height.plus(policy.lock).plus(LOCK_SLACK);
    let account = NewAccount {
        number: AccountNumber::from(TokenId::from(pot.ergo_box().box_id())),
        units: units.units(),
        value: floor.plus(ask.spare),
        terms: policy.terms(units, floor, lock_end).to_longs(),
        keys: vec![ask.key],
        settings: Settings {
            smallest_direct: ask.smallest_direct,
            stamp: params.height.as_i64(),
            used: 0,
            debt_since: 0,
            recovery: None,
        }
        .to_longs(),
        link: ask.link.to_bytes(),
    };
    let candidates = [
        pot_after.candidate(lets, params.height),
        account.candidate(lets, params.height),
    ];
    let mut outputs = Vec::new();
    for candidate in candidates {
        outputs.push(candidate.map_err(BuildError::from)?);
    }
    let draft = Draft {
        inputs: vec![pot.ergo_box().clone()],
        data_inputs: at.read(priced),
        outputs,
        ..Draft::of(TxKind::Join)
    };
    let proposal = draft.finish(params, Some(funding))?;
    let pot_after = OpenPotBox::parse(lets, proposal.output(0)?)?;
    let account = AccountBox::parse(lets, proposal.output(1)?)?;
    rules::check_account_size(proposal.size(1), rules::JOINED_BYTES).map_err(OpenError::Rule)?;
    Ok((proposal, pot_after, account))
}

/// An account that follows the oracle's own box, or obeys it, could never be used: no key stands where it looks for one.
fn check_oracle(lets: &Lets, link: &Link) -> Result<(), OpenError> {
    let (Link::FollowsBox(token) | Link::Contract(token)) = link else {
        return Ok(());
    };
    match lets.oracle().map(TokenId::from) == Some(*token) {
        true => Err(OpenError::Linked),
        false => Ok(()),
    }
}
