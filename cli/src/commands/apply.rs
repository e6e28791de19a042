//! `lets apply`, `lets applications`, `lets withdraw`: asking to be admitted, and thinking better of it.

use lets_protocol::{Applicant, ApplicationBox, Height, apply, withdraw_application};
use serde::Serialize;

use crate::args::{ApplyArgs, WithdrawArgs};
use crate::commands::spend::{Spent, whereabouts};
use crate::commands::{Env, Group, Prefix, find_prefix};
use crate::error::CliError;
use crate::keys::Key;
use crate::names::NameError;
use crate::output::{Report, table};
use crate::preview::Preview;
use crate::session::{Seen, Sent, View};

#[derive(Serialize)]
struct ApplicationJson {
    application: String,
    owner: Option<String>,
    erg: String,
    expires: Height,
    expired: bool,
    confirmed: bool,
}

pub(super) async fn run(env: &Env<'_>, args: ApplyArgs) -> Result<Report, CliError> {
    let key = Key::choose(&env.home, args.key.key.as_deref())?;
    let _lock = env.lock(&args.spend)?;
    let (group, mut session) = env.open().await?;
    group.check_committee()?;
    let params = session.params(args.spend.fee).await?;
    let charter = session.charter(&group.lets, View::Pool).await?;
    let funding = session.wallet(&key.tree()?).await?;
    let expiry = params.height.plus(args.expires);
    let applicant = match args.community {
        true => Applicant::community(key.owner(), &group.lets),
        false => Applicant::member(key.owner()),
    };
    let (proposal, application) = apply(
        &group.lets,
        &charter,
        applicant,
        args.erg,
        expiry,
        &funding,
        params,
    )
    .map_err(CliError::apply)?;
    let preview = Preview::new(format!("Apply to {:?}", group.manifest.name))
        .line("key", key.name.clone())
        .line(
            "set aside",
            format!(
                "{}, which become your account's; `lets withdraw` takes them back until then",
                args.erg
            ),
        )
        .line("expires", format!("at height {expiry}"))
        .line(
            "account",
            match args.community {
                true => "the community's: its key follows the charter's committee, for ever",
                false => "yours",
            },
        )
        .transactions([&proposal], &format!("the wallet of {:?}", key.name));
    let spent = env
        .spend(
            &mut session,
            &args.spend,
            preview,
            &[proposal],
            &[&key],
            |_, _| Ok(()),
        )
        .await?;
    let sent = match spent {
        Spent::Shown(report) => return Ok(report),
        Spent::Sent(sent) => sent,
    };
    #[derive(Serialize)]
    struct Applied {
        application: String,
        transactions: Vec<Sent>,
    }
    let id = String::from(application.ergo_box().box_id());
    let text = format!(
        "applied to {:?}\napplication  {id}\ntransaction  {} ({})\nTell the committee: `lets admit {}`.",
        group.manifest.name,
        String::from(sent[0].id),
        whereabouts(&sent[0]),
        &id[..12]
    );
    let data = Applied {
        application: id,
        transactions: sent,
    };
    Report::new(&data, text)
}

pub(super) async fn list(env: &Env<'_>) -> Result<Report, CliError> {
    let (group, session) = env.open().await?;
    let height = session.height().await?;
    let applications = session.applications(&group.lets).await?;
    #[derive(Serialize)]
    struct Listed {
        applications: Vec<ApplicationJson>,
    }
    let data = Listed {
        applications: applications
            .iter()
            .map(|a| ApplicationJson {
                application: String::from(a.it.ergo_box().box_id()),
                owner: owner_name(&group, &a.it),
                erg: a.it.value().to_string(),
                expires: a.it.expiry(),
                expired: a.it.expiry() <= height,
                confirmed: a.confirmed,
            })
            .collect(),
    };
    let rows: Vec<Vec<String>> = data
        .applications
        .iter()
        .map(|a| {
            let state = match (a.expired, a.confirmed) {
                (true, _) => "expired",
                (false, true) => "open",
                (false, false) => "open, waiting for a block",
            };
            vec![
                a.application.clone(),
                a.erg.clone(),
                a.expires.to_string(),
                state.to_owned(),
                a.owner.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let text = match rows.is_empty() {
        true => format!("no open applications to {:?}", group.manifest.name),
        false => table(
            &["application", "ERG", "expires", "state", "key here"],
            rows,
            &[1, 2],
        ),
    };
    Report::new(&data, text)
}

/// The key on this machine that made the application.
fn owner_name(group: &Group, application: &ApplicationBox) -> Option<String> {
    let own = group.own.iter().find(|k| k.owner() == *application.owner());
    own.map(|key| key.name.clone())
}

pub(super) async fn withdraw(env: &Env<'_>, args: WithdrawArgs) -> Result<Report, CliError> {
    let key = Key::choose(&env.home, args.key.key.as_deref())?;
    let _lock = env.lock(&args.spend)?;
    let (group, mut session) = env.open().await?;
    let params = session.params(args.spend.fee).await?;
    let applications = session.applications(&group.lets).await?;
    let application = find(&group, &args.application, &applications)?;
    let proposal = withdraw_application(&application.it, key.tree()?, params)?;
    let preview = Preview::new(format!(
        "Withdraw the application to {:?}",
        group.manifest.name
    ))
    .line(
        "back",
        format!("{} to the wallet of {:?}", application.it.value(), key.name),
    )
    .transactions([&proposal], "the application");
    let spent = env
        .spend(
            &mut session,
            &args.spend,
            preview,
            &[proposal],
            &[&key],
            |_, _| Ok(()),
        )
        .await?;
    let sent = match spent {
        Spent::Shown(report) => return Ok(report),
        Spent::Sent(sent) => sent,
    };
    #[derive(Serialize)]
    struct Withdrawn {
        transactions: Vec<Sent>,
    }
    let text = format!(
        "the application is withdrawn\ntransaction  {} ({})",
        String::from(sent[0].id),
        whereabouts(&sent[0])
    );
    Report::new(&Withdrawn { transactions: sent }, text)
}

/// The open application whose box id begins so.
pub(super) fn find<'a>(
    group: &Group,
    id: &str,
    applications: &'a [Seen<ApplicationBox>],
) -> Result<&'a Seen<ApplicationBox>, CliError> {
    match find_prefix(id, applications, |a| String::from(a.it.ergo_box().box_id())) {
        Prefix::One(application) => Ok(application),
        Prefix::Several(count) => Err(NameError::Ambiguous {
            prefix: id.to_owned(),
            count,
        }
        .into()),
        Prefix::None => Err(CliError::NoSuchApplication {
            id: id.to_owned(),
            lets: group.manifest.name.clone(),
        }),
    }
}
