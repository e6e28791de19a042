//! The committee admits an applicant.

use crate::boxes::account::{AccountBox, Link, NewAccount, Settings, Terms};
use crate::boxes::application::ApplicationBox;
use crate::boxes::charter::CharterBox;
use crate::boxes::pot::PotBox;
use crate::boxes::{AccountNumber, Lets, ParseBoxError};
use crate::proposal::{BuildError, Draft, Proposal, TxKind, TxParams};
use crate::rules::{self, Counted, RuleViolation};
use crate::units::NanoErg;
use ergo_lib::ergotree_ir::chain::token::TokenId;

/// An applicant cannot be admitted so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdmitError {
    /// A rule of the pot.
    #[error("rule {}", .0.rule())]
    Rule(RuleViolation),
    /// The pot has no membership token or no units left to give.
    #[error("the pot has {left} {what} left, and one must remain")]
    PotEmpty {
        /// "membership tokens" or "units".
        what: &'static str,
        /// How many.
        left: i64,
    },
    /// The account would follow, or be controlled by, a token of this LETS that stands in boxes which anybody may spend.
    #[error(
        "the application names {token} as what else may act for the account, and that token is this LETS's own"
    )]
    Link {
        /// The token.
        token: String,
    },
    /// The fee is more than the charter lets an admission cost.
    #[error("a fee of {fee} is more than the {most} that the charter lets an admission cost")]
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

/// Opens an account for `application` on `terms` (whose `issued` becomes the credit line). The committee signs. The fee
/// comes out of the application's ERG.
///
/// # Errors
/// [`AdmitError`] naming the rule or bound in the way.
pub fn admit(
    lets: &Lets,
    charter: &CharterBox,
    pot: &PotBox,
    application: &ApplicationBox,
    terms: Terms,
    params: TxParams,
) -> Result<(Proposal, PotBox, AccountBox), AdmitError> {
    check_link(lets, application.link())?;
    let terms = Terms {
        issued: terms.line,
        ..terms
    };
    rules::check_terms(charter, &terms).map_err(AdmitError::Rule)?;
    let line = terms.line.units();
    let counters = rules::check_rates(charter, pot, Counted::admission(line), params.height)
        .map_err(AdmitError::Rule)?;
    // The script sees the height of the block that includes the transaction: the next one at the earliest.
    if application.expiry() <= params.height {
        let (expiry, height) = (application.expiry(), params.height);
        return Err(AdmitError::Rule(RuleViolation::ApplicationExpired {
            expiry,
            height,
        }));
    }
    let needed = super::apply::needed(charter, params.fee);
    let value = application.value();
    let Some(account_value) = value.minus(params.fee).filter(|_| value >= needed) else {
        return Err(AdmitError::Rule(RuleViolation::ApplicationValue {
            value,
            needed,
        }));
    };
    if params.fee > charter.bounds().admission_fee {
        return Err(AdmitError::Fee {
            fee: params.fee,
            most: charter.bounds().admission_fee,
        });
    }
    for (what, left, given) in [
        ("membership tokens", pot.memberships(), 1),
        ("units", pot.units(), line),
    ] {
        if left - given < 1 {
            return Err(AdmitError::PotEmpty { what, left });
        }
    }
    let mut next_pot = pot.successor();
    next_pot.memberships -= 1;
    next_pot.units -= line;
    next_pot.counters = counters;
    let account = NewAccount {
        number: AccountNumber::from(TokenId::from(pot.ergo_box().box_id())),
        units: line,
        value: account_value,
        terms: terms.to_longs(),
        keys: vec![application.owner().clone()],
        settings: Settings {
            smallest_direct: application.smallest_direct(),
            stamp: params.height.as_i64(),
            used: 0,
            debt_since: 0,
            recovery: None,
        }
        .to_longs(),
        link: application.link().to_bytes(),
    };
    let draft = Draft {
        inputs: vec![pot.ergo_box().clone(), application.ergo_box().clone()],
        data_inputs: vec![charter.ergo_box().clone()],
        outputs: vec![
            next_pot
                .candidate(lets, params.height)
                .map_err(BuildError::from)?,
            account
                .candidate(lets, params.height)
                .map_err(BuildError::from)?,
        ],
        ..Draft::of(TxKind::Admit)
    };
    let proposal = draft.finish(params, None)?;
    let next_pot = PotBox::parse(lets, proposal.output(0)?)?;
    let account = AccountBox::parse(lets, proposal.output(1)?)?;
    rules::check_account_size(proposal.size(1), rules::SET_ACCOUNT_BYTES)
        .map_err(AdmitError::Rule)?;
    Ok((proposal, next_pot, account))
}

/// An account that this LETS's own tokens control would be anybody's: their boxes have paths that everybody may take.
/// To follow the charter's key is what the community's account does.
pub(crate) fn check_link(lets: &Lets, link: &Link) -> Result<(), AdmitError> {
    let ids = lets.ids();
    let [charter, pot, membership, unit]: [TokenId; 4] = [
        ids.charter_nft.into(),
        ids.pot_nft.into(),
        ids.membership.into(),
        ids.unit.into(),
    ];
    let bad = match link {
        Link::None => None,
        Link::FollowsBox(token) => [pot, membership, unit].contains(token).then_some(token),
        Link::Contract(token) => [charter, pot, membership, unit]
            .contains(token)
            .then_some(token),
    };
    match bad {
        Some(token) => Err(AdmitError::Link {
            token: String::from(*token),
        }),
        None => Ok(()),
    }
}
