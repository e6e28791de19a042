//! A proposal's action laid out as a transaction, on what the node shows now.

use lets_protocol::{
    AccountBox, AdmitError, CharterBox, Community, Currency, ExpelError, Funding, Height, Heir,
    NanoErg, Proposal, RecoverError, TxParams, admit, announce, cancel, expel, rules, set_terms,
    start_recovery, write_off,
};

use super::{change_error, changes, set_bound};
use crate::commands::Group;
use crate::committee_file::{Action, CommitteeFileError, NewCommittee};
use crate::error::CliError;
use crate::keys;
use crate::names;
use crate::preview::Preview;
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
            let pot = session.pot(&group.lets, View::Pool).await?;
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
                .line("line", currency.show(terms.line))
                .line("cap", currency.show(terms.cap));
            Ok(Laid { proposal, preview })
        }
        Action::SetTerms { account, terms } => {
            let accounts = session.accounts(&group.lets, View::Pool).await?;
            let account = by_number(&accounts, account)?;
            let pot = session.pot(&group.lets, View::Pool).await?;
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
            for line in super::super::terms::changes(account.terms(), next.terms(), currency) {
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
            let proposal = announced(group, &charter, bounds, committee.as_ref(), *from)?;
            let (committee, bounds) = proposal;
            let currency = &group.manifest.currency;
            let from = Height(*from);
            let (proposal, next) = announce(
                &group.lets,
                &charter,
                committee,
                bounds,
                from,
                wallet,
                params,
            )
            .map_err(|e| change_error(e, currency))?;
            let mut preview =
                Preview::new(format!("Announce other rules in {:?}", group.manifest.name));
            for line in changes(&charter, &next) {
                preview.add("change", line);
            }
            let first = from.plus(charter.bounds().change_delay);
            let preview = preview.line("in force", format!("from height {first} on"));
            Ok(Laid { proposal, preview })
        }
        Action::Expel { account } => {
            let accounts = session.accounts(&group.lets, View::Pool).await?;
            let account = by_number(&accounts, account)?;
            let pot = session.pot(&group.lets, View::Pool).await?;
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
            let pot = session.pot(&group.lets, View::Pool).await?;
            let currency = &group.manifest.currency;
            let heir = Heir {
                key: keys::parse_public_key(heir)?.into(),
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

type Announced = (
    ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp,
    lets_protocol::Bounds,
);

fn announced(
    group: &Group,
    charter: &CharterBox,
    wanted: &[String],
    committee: Option<&NewCommittee>,
    _from: u32,
) -> Result<Announced, CliError> {
    let mut bounds = charter.bounds().clone();
    for text in wanted {
        set_bound(&mut bounds, text, &group.manifest.currency)?;
    }
    let committee = match committee {
        None => charter.committee().clone(),
        Some(new) => {
            let members = new.members.iter().map(|text| keys::parse_public_key(text));
            keys::committee(new.threshold, &members.collect::<Result<Vec<_>, _>>()?)?
        }
    };
    Ok((committee, bounds))
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
