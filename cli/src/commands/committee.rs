//! `lets committee`: what the committee does besides admitting members, with its keys on one machine; `joint` has what it
//! does with keys on several.

mod joint;
mod lay_out;

use lets_protocol::{
    AccountBox, Amount, Blocks, ChangeError, Community, Currency, Height, Proposal, announce,
    cancel, complete_recovery, enact, rules, write_off,
};
use serde::Serialize;

use crate::args::{
    AnnounceArgs, CancelArgs, CommitteeCommand, CommitteeKeys, CompleteArgs, EnactArgs, Spend,
    WriteOffArgs,
};
use crate::commands::admit::load_all;
use crate::commands::bounds::{changes, set_bounds};
use crate::commands::spend::{Spent, whereabouts};
use crate::commands::{Env, Group, terms};
use crate::committee_file::Action;
use crate::error::CliError;
use crate::keys::{self, Key};
use crate::output::Report;
use crate::preview::Preview;
use crate::session::{Seen, Sent, Session, View};

/// How long after its making an announcement may be included: so long signing and waiting may take.
const MARGIN: Blocks = Blocks(720);

#[derive(Serialize)]
struct DoneJson {
    what: String,
    transactions: Vec<Sent>,
}

pub(super) async fn run(env: &Env<'_>, command: CommitteeCommand) -> Result<Report, CliError> {
    match command {
        CommitteeCommand::SetTerms(args) => terms::run(env, args).await,
        CommitteeCommand::WriteOff(args) => write_off_debt(env, args).await,
        CommitteeCommand::Announce(args) => announce_change(env, args).await,
        CommitteeCommand::Cancel(args) => cancel_change(env, args).await,
        CommitteeCommand::Enact(args) => enact_change(env, args).await,
        CommitteeCommand::Expel(args) => {
            act(env, &args.committee, &args.spend, |group, accounts, _| {
                let account = &group.resolve(&args.who, accounts)?.it;
                Ok((
                    Action::Expel {
                        account: account.number().to_string(),
                    },
                    format!("{} is expelled", group.name_of(account)),
                ))
            })
            .await
        }
        CommitteeCommand::Recover(args) => {
            act(
                env,
                &args.committee,
                &args.spend,
                |group, accounts, height| {
                    let account = &group.resolve(&args.who, accounts)?.it;
                    let start = height.plus(MARGIN);
                    Ok((
                        Action::StartRecovery {
                            account: account.number().to_string(),
                            heir: args.heir.clone(),
                            start: start.0,
                        },
                        format!(
                            "the recovery of {} has begun; its delay counts from height {start}",
                            group.name_of(account)
                        ),
                    ))
                },
            )
            .await
        }
        CommitteeCommand::Complete(args) => complete(env, args).await,
        CommitteeCommand::Propose(args) => joint::propose(env, args).await,
        CommitteeCommand::Show(args) => joint::show(env, args).await,
        CommitteeCommand::Sign(args) => joint::sign(env, args).await,
        CommitteeCommand::Remake(args) => joint::remake(env, args).await,
        CommitteeCommand::Submit(args) => joint::submit(env, args).await,
    }
}

/// Shows, asks, signs with all of these keys (the first pays), sends, waits, reports.
async fn carry_out(
    env: &Env<'_>,
    session: &mut Session,
    options: &Spend,
    preview: Preview,
    proposal: Proposal,
    keys: &[Key],
    what: String,
) -> Result<Report, CliError> {
    let payer = keys.first().map(|k| k.name.clone()).unwrap_or_default();
    let preview = preview.transactions([&proposal], &format!("the wallet of {payer:?}"));
    let all: Vec<&Key> = keys.iter().collect();
    let spent = env
        .spend(session, options, preview, &[proposal], &all, |_, _| Ok(()))
        .await?;
    let sent = match spent {
        Spent::Shown(report) => return Ok(report),
        Spent::Sent(sent) => sent,
    };
    let mut text = what.clone();
    for one in &sent {
        text.push_str(&format!(
            "\ntransaction  {} ({})",
            String::from(one.id),
            whereabouts(one)
        ));
    }
    Report::new(
        &DoneJson {
            what,
            transactions: sent,
        },
        text,
    )
}

async fn wallet_of(
    session: &Session,
    keys: &[Key],
    env: &Env<'_>,
) -> Result<lets_protocol::Funding, CliError> {
    let payer = keys.first().ok_or_else(|| CliError::NoKey {
        folder: env.home.keys(),
    })?;
    session.wallet(&payer.tree()?).await
}

async fn write_off_debt(env: &Env<'_>, args: WriteOffArgs) -> Result<Report, CliError> {
    let keys = load_all(env, &args.committee.keys)?;
    let _lock = env.lock(&args.spend)?;
    let (group, mut session) = env.open().await?;
    let currency = &group.manifest.currency;
    let params = session.params(args.spend.fee).await?;
    let accounts = session.accounts(&group.lets, View::Pool).await?;
    let debtor = &group.resolve(&args.who, &accounts)?.it;
    let is_community = |a: &&crate::session::Seen<lets_protocol::AccountBox>| {
        rules::check_community(&group.lets, &a.it).is_ok()
    };
    let community = accounts.iter().find(is_community).ok_or_else(|| {
        CliError::Nothing(
            "this LETS has no account whose key follows the charter's committee: `lets apply --community`, then `lets admit`"
                .to_owned(),
        )
    })?;
    let amount = match args.amount.as_str() {
        "all" => Amount::clamped(debtor.balance().debt()),
        text => currency.parse_positive(text)?,
    };
    let charter = session.charter(&group.lets, View::Pool).await?;
    let funding = wallet_of(&session, &keys, env).await?;
    let of = Community {
        charter: &charter,
        account: &community.it,
        funding: Some(&funding),
    };
    let trade = write_off(&group.lets, of, debtor, amount, &args.reason, params)
        .map_err(|e| CliError::trade(e, currency))?;
    let balance = |b| currency.show_balance(b);
    let name = group.name_of(debtor);
    let preview = Preview::new(format!(
        "Write off {} {} of the debt of {name} in {:?}",
        currency.show(amount),
        currency.code(),
        group.manifest.name
    ))
    .line(
        "debtor",
        format!(
            "{} -> {}",
            balance(debtor.balance()),
            balance(
                trade
                    .others
                    .first()
                    .map_or_else(|| debtor.balance(), |a| a.balance())
            )
        ),
    )
    .line(
        "community",
        format!(
            "{} -> {}",
            balance(community.it.balance()),
            balance(trade.leader.balance())
        ),
    )
    .line("reason", format!("{} (everybody can read it)", args.reason));
    let what = format!(
        "{} {} of the debt of {name} is written off; the community is at {}",
        currency.show(amount),
        currency.code(),
        balance(trade.leader.balance())
    );
    carry_out(
        env,
        &mut session,
        &args.spend,
        preview,
        trade.proposal,
        &keys,
        what,
    )
    .await
}

/// Carries out an action with the committee's keys on this machine.
async fn act(
    env: &Env<'_>,
    committee: &CommitteeKeys,
    options: &Spend,
    what: impl FnOnce(&Group, &[Seen<AccountBox>], Height) -> Result<(Action, String), CliError>,
) -> Result<Report, CliError> {
    let keys = load_all(env, &committee.keys)?;
    let _lock = env.lock(options)?;
    let (group, mut session) = env.open().await?;
    let params = session.params(options.fee).await?;
    let accounts = session.accounts(&group.lets, View::Pool).await?;
    let (action, done) = what(&group, &accounts, params.height)?;
    let funding = wallet_of(&session, &keys, env).await?;
    let laid = lay_out::lay_out(&session, &group, &action, &funding, params).await?;
    carry_out(
        env,
        &mut session,
        options,
        laid.preview,
        laid.proposal,
        &keys,
        done,
    )
    .await
}

async fn complete(env: &Env<'_>, args: CompleteArgs) -> Result<Report, CliError> {
    let keys = [Key::choose(&env.home, args.key.key.as_deref())?];
    let _lock = env.lock(&args.spend)?;
    let (group, mut session) = env.open().await?;
    let params = session.params(args.spend.fee).await?;
    let accounts = session.accounts(&group.lets, View::Pool).await?;
    let account = &group.resolve(&args.who, &accounts)?.it;
    let charter = session.charter(&group.lets, View::Pool).await?;
    let pot = session.committee_pot(&group.lets, View::Pool).await?;
    let funding = wallet_of(&session, &keys, env).await?;
    let currency = &group.manifest.currency;
    let (proposal, _, next) =
        complete_recovery(&group.lets, &charter, &pot, account, &funding, params)
            .map_err(|e| lay_out::recover_error(e, currency))?;
    let name = group.name_of(account);
    let preview = Preview::new(format!(
        "Hand {name} in {:?} to its heir",
        group.manifest.name
    ))
    .line(
        "balance",
        format!("stays {}", currency.show_balance(next.balance())),
    );
    let what = format!("{name} belongs to the heir's key now");
    carry_out(
        env,
        &mut session,
        &args.spend,
        preview,
        proposal,
        &keys,
        what,
    )
    .await
}

async fn announce_change(env: &Env<'_>, args: AnnounceArgs) -> Result<Report, CliError> {
    let mut keys = load_all(env, &args.committee.keys)?;
    let new_keys = load_all(env, &args.new_keys)?;
    let _lock = env.lock(&args.spend)?;
    let (group, mut session) = env.open().await?;
    let currency = &group.manifest.currency;
    let params = session.params(args.spend.fee).await?;
    let charter = session.charter(&group.lets, View::Pool).await?;
    let bounds = set_bounds(charter.bounds(), &args.bounds, currency)?;
    let committee = match args.threshold {
        None => charter.committee().clone(),
        Some(threshold) => {
            let mut members: Vec<_> = new_keys
                .iter()
                .map(|k| k.file.public_key().clone())
                .collect();
            for text in &args.new_member_keys {
                members.push(keys::parse_public_key(text)?);
            }
            keys::committee(threshold, &members)?
        }
    };
    let from = params.height.plus(MARGIN);
    let funding = wallet_of(&session, &keys, env).await?;
    let (proposal, next) = announce(
        &group.lets,
        &charter,
        committee,
        bounds,
        from,
        &funding,
        params,
    )
    .map_err(|e| change_error(e, currency))?;
    let first = from.plus(charter.bounds().change_delay);
    let mut preview = Preview::new(format!("Announce other rules in {:?}", group.manifest.name));
    for line in changes(&charter, &next, currency) {
        preview.add("change", line);
    }
    preview.add(
        "in force",
        format!(
            "from height {first} on, when anybody enacts it (now {})",
            params.height
        ),
    );
    keys.extend(new_keys);
    let what = format!("announced; it can be enacted from height {first} on");
    carry_out(
        env,
        &mut session,
        &args.spend,
        preview,
        proposal,
        &keys,
        what,
    )
    .await
}

async fn cancel_change(env: &Env<'_>, args: CancelArgs) -> Result<Report, CliError> {
    let keys = load_all(env, &args.committee.keys)?;
    let _lock = env.lock(&args.spend)?;
    let (group, mut session) = env.open().await?;
    let params = session.params(args.spend.fee).await?;
    let charter = session.charter(&group.lets, View::Pool).await?;
    let funding = wallet_of(&session, &keys, env).await?;
    let (proposal, _) = cancel(&group.lets, &charter, &funding, params)
        .map_err(|e| change_error(e, &group.manifest.currency))?;
    let preview = Preview::new(format!(
        "Withdraw the announced rules in {:?}",
        group.manifest.name
    ));
    let what = "the announced rules are withdrawn".to_owned();
    carry_out(
        env,
        &mut session,
        &args.spend,
        preview,
        proposal,
        &keys,
        what,
    )
    .await
}

async fn enact_change(env: &Env<'_>, args: EnactArgs) -> Result<Report, CliError> {
    let keys = [Key::choose(&env.home, args.key.key.as_deref())?];
    let _lock = env.lock(&args.spend)?;
    let (group, mut session) = env.open().await?;
    let params = session.params(args.spend.fee).await?;
    let charter = session.charter(&group.lets, View::Pool).await?;
    let funding = wallet_of(&session, &keys, env).await?;
    let currency = &group.manifest.currency;
    let (proposal, next) =
        enact(&group.lets, &charter, &funding, params).map_err(|e| change_error(e, currency))?;
    let mut preview = Preview::new(format!(
        "Put the announced rules into force in {:?}",
        group.manifest.name
    ));
    for line in changes(&charter, &next, currency) {
        preview.add("change", line);
    }
    let what = "the announced rules are in force".to_owned();
    carry_out(
        env,
        &mut session,
        &args.spend,
        preview,
        proposal,
        &keys,
        what,
    )
    .await
}

fn change_error(error: ChangeError, currency: &Currency) -> CliError {
    match error {
        ChangeError::Rule(violation) => CliError::rule_broken(violation, currency),
        ChangeError::Build(error) => error.into(),
        ChangeError::Parse(error) => error.into(),
    }
}
