//! A proposal's action laid out as a transaction, on what the node shows now.

use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use lets_protocol::{
    AccountBox, AdmitError, CharterBox, Community, Currency, ExpelError, Funding, Height, Heir,
    Link, NanoErg, Proposal, RecoverError, TxParams, admit, announce, cancel, expel, rules,
    set_terms, start_recovery, write_off,
};

use super::change_error;
use crate::commands::Group;
use crate::commands::bounds::{changes, set_bounds};
use crate::commands::terms::changes as terms_changes;
use crate::committee_file::{Action, CommitteeFileError, NewCommittee};
use crate::error::CliError;
use crate::keys;
use crate::names;
use crate::preview::Preview;
use crate::sealed_memo::key_of;
use crate::session::{Seen, Session, View};

/// An action laid out, and what it changes in words.
pub(super) struct Laid {
    pub(super) proposal: Proposal,
    pub(super) preview: Preview,
}

/// Lays the action out. `wallet` pays the fee, where the action itself does not.
pub(super) async fn lay_out(
    session: &Session,
    group: &Group,
    action: &Action,
    wallet: &Funding,
    params: TxParams,
) -> Result<Laid, CliError> {
    let charter = session.charter(&group.lets, View::Pool).await?;
    match action {
        Action::Admit { application, terms } => {
            let all = session.applications(&group.lets).await?;
            let found = all
                .iter()
                .find(|a| a.it.ergo_box().box_id().to_string() == *application);
            let found = found.ok_or_else(|| stale("the application"))?;
            let pot = session.committee_pot(&group.lets, View::Pool).await?;
            let currency = &group.manifest.currency;
            let (proposal, _, account) = admit(
                &group.lets,
                &charter,
                &pot,
                &found.it,
                terms.clone(),
                params,
            )
            .map_err(|e| CliError::admit(e, currency))?;
            let preview = Preview::new(format!("Admit a member to {:?}", group.manifest.name))
                .line(
                    "application",
                    application.chars().take(12).collect::<String>(),
                )
                .line("account", names::short(&account.number()))
                .line("key", owner_key(found.it.owner()))
                .line("acts too", who_else(found.it.link()))
                .line("line", currency.show(terms.line))
                .line("cap", currency.show(terms.cap));
            // Whatever is not as the charter has it for everybody.
            let usual = charter.bounds().default_terms();
            let mut preview = preview;
            for line in terms_changes(&usual, account.terms(), currency) {
                preview.add("not the usual", line);
            }
            Ok(Laid { proposal, preview })
        }
        Action::SetTerms { account, terms } => {
            let accounts = session.accounts(&group.lets, View::Pool).await?;
            let account = by_number(&accounts, account)?;
            let pot = session.committee_pot(&group.lets, View::Pool).await?;
            let currency = &group.manifest.currency;
            let (proposal, _, next) = set_terms(
                &group.lets,
                &charter,
                &pot,
                account,
                terms.clone(),
                wallet,
                params,
            )
            .map_err(|e| CliError::terms(e, currency))?;
            let mut preview = Preview::new(format!(
                "Set the terms of {} in {:?}",
                group.name_of(account),
                group.manifest.name
            ));
            for line in terms_changes(account.terms(), next.terms(), currency) {
                preview.add("change", line);
            }
            let balance = currency.show_balance(account.balance());
            let preview = preview.line("balance", format!("stays {balance}"));
            Ok(Laid { proposal, preview })
        }
        Action::WriteOff {
            account,
            amount,
            reason,
        } => {
            let accounts = session.accounts(&group.lets, View::Pool).await?;
            let debtor = by_number(&accounts, account)?;
            let community = accounts
                .iter()
                .find(|a| rules::check_community(&group.lets, &a.it).is_ok())
                .ok_or_else(|| stale("the community's account"))?;
            let of = Community {
                charter: &charter,
                account: &community.it,
                funding: Some(wallet),
            };
            let currency = &group.manifest.currency;
            let trade = write_off(&group.lets, of, debtor, *amount, reason, params)
                .map_err(|e| CliError::trade(e, currency))?;
            let preview = Preview::new(format!(
                "Write off {} {} of the debt of {} in {:?}",
                currency.show(*amount),
                currency.code(),
                group.name_of(debtor),
                group.manifest.name
            ))
            .line("reason", reason.clone())
            .line(
                "community",
                format!(
                    "{} -> {}",
                    currency.show_balance(community.it.balance()),
                    currency.show_balance(trade.leader.balance())
                ),
            );
            Ok(Laid {
                proposal: trade.proposal,
                preview,
            })
        }
        Action::Announce {
            bounds,
            committee,
            from,
        } => {
            let (to_be, bounds) = announced(group, &charter, bounds, committee.as_ref())?;
            let currency = &group.manifest.currency;
            let from = Height(*from);
            let (proposal, next) =
                announce(&group.lets, &charter, to_be, bounds, from, wallet, params)
                    .map_err(|e| change_error(e, currency))?;
            let mut preview =
                Preview::new(format!("Announce other rules in {:?}", group.manifest.name));
            for line in changes(&charter, &next, currency) {
                preview.add("change", line);
            }
            for member in committee.iter().flat_map(|new| &new.members) {
                preview.add("member to be", member.clone());
            }
            let first = from.plus(charter.bounds().change_delay);
            let preview = preview.line("in force", format!("from height {first} on"));
            Ok(Laid { proposal, preview })
        }
        Action::Expel { account } => {
            let accounts = session.accounts(&group.lets, View::Pool).await?;
            let account = by_number(&accounts, account)?;
            let pot = session.committee_pot(&group.lets, View::Pool).await?;
            let (proposal, _) = expel(&group.lets, &charter, &pot, account, params)
                .map_err(|e| expel_error(e, &group.manifest.currency))?;
            let preview = Preview::new(format!(
                "Expel {} from {:?}",
                group.name_of(account),
                group.manifest.name
            ))
            .line(
                "ERG",
                format!("{} less the fee, to its owner", account.value()),
            );
            Ok(Laid { proposal, preview })
        }
        Action::StartRecovery {
            account,
            heir,
            start,
        } => {
            let accounts = session.accounts(&group.lets, View::Pool).await?;
            let account = by_number(&accounts, account)?;
            let pot = session.committee_pot(&group.lets, View::Pool).await?;
            let currency = &group.manifest.currency;
            let heir_key = keys::parse_public_key(heir)?;
            let named = heir_key.clone().into();
            let heir = Heir {
                key: heir_key.into(),
                start: Height(*start),
            };
            let from = heir.start.plus(charter.bounds().recovery_delay);
            let (proposal, _, _) =
                start_recovery(&group.lets, &charter, &pot, account, heir, wallet, params)
                    .map_err(|e| recover_error(e, currency))?;
            let preview = Preview::new(format!(
                "Begin to hand {} in {:?} to an heir",
                group.name_of(account),
                group.manifest.name
            ))
            .line("owner", owner_key(account.owner()))
            .line("heir", owner_key(&named))
            .line(
                "balance",
                format!("stays {}", currency.show_balance(account.balance())),
            )
            .line(
                "delay",
                format!(
                    "until height {from}: the owner can refuse by any payment, afterwards anybody completes it"
                ),
            );
            Ok(Laid { proposal, preview })
        }
        Action::Cancel => {
            let (proposal, _) = cancel(&group.lets, &charter, wallet, params)
                .map_err(|e| change_error(e, &group.manifest.currency))?;
            let preview = Preview::new(format!(
                "Withdraw the announced rules in {:?}",
                group.manifest.name
            ));
            Ok(Laid { proposal, preview })
        }
    }
}

type Announced = (SigmaProp, lets_protocol::Bounds);

fn announced(
    group: &Group,
    charter: &CharterBox,
    wanted: &[String],
    committee: Option<&NewCommittee>,
) -> Result<Announced, CliError> {
    let bounds = set_bounds(charter.bounds(), wanted, &group.manifest.currency)?;
    let committee = match committee {
        None => charter.committee().clone(),
        Some(new) => {
            let members = new.members.iter().map(|text| keys::parse_public_key(text));
            keys::committee(new.threshold, &members.collect::<Result<Vec<_>, _>>()?)?
        }
    };
    Ok((committee, bounds))
}

/// A key as a signer can compare it with what he was told.
fn owner_key(owner: &SigmaProp) -> String {
    match key_of(owner) {
        Some(key) => String::from((*key.h).clone()),
        None => "of an unusual kind".to_owned(),
    }
}

/// Who else is to act for an account, for ever.
fn who_else(link: &Link) -> String {
    match link {
        Link::None => "nobody".to_owned(),
        Link::FollowsBox(token) => format!("whoever the box with {} names", String::from(*token)),
        Link::Contract(token) => format!("the contract with {}", String::from(*token)),
    }
}

pub(super) fn expel_error(error: ExpelError, currency: &Currency) -> CliError {
    match error {
        ExpelError::Rule(violation) => CliError::rule_broken(violation, currency),
        ExpelError::Fee { fee, most } => CliError::Admit(AdmitError::Fee { fee, most }),
        ExpelError::Build(error) => error.into(),
        ExpelError::Parse(error) => error.into(),
    }
}

pub(super) fn recover_error(error: RecoverError, currency: &Currency) -> CliError {
    match error {
        RecoverError::Rule(violation) => CliError::rule_broken(violation, currency),
        RecoverError::Build(error) => error.into(),
        RecoverError::Parse(error) => error.into(),
    }
}

fn by_number<'a>(
    accounts: &'a [Seen<AccountBox>],
    number: &str,
) -> Result<&'a AccountBox, CliError> {
    let found = accounts
        .iter()
        .find(|a| a.it.number().to_string() == number);
    found.map(|a| &a.it).ok_or_else(|| stale("the account"))
}

pub(super) fn stale(what: &str) -> CliError {
    CommitteeFileError::Stale {
        what: what.to_owned(),
    }
    .into()
}

/// Height and fee as a proposal has them.
pub(super) fn params(height: u32, fee: u64) -> TxParams {
    TxParams {
        height: Height(height),
        fee: NanoErg(fee),
    }
}
