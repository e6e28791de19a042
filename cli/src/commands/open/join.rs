//! `lets join` in a LETS without a committee: one transaction opens the account, and nobody is asked.

use lets_protocol::{
    AccountBox, AccountNumber, Amount, Applicant, Currency, Join, Kind, Link, NanoErg, Policy,
    Proposal, Settings, join, rules,
};
use serde::Serialize;

use super::{Ground, Stepped, step};
use crate::args::{KeyChoice, OpenJoinArgs, Spend};
use crate::commands::admit::remember;
use crate::commands::spend::whereabouts;
use crate::commands::{Env, Group};
use crate::error::CliError;
use crate::keys::Key;
use crate::names::{self, AddressBook, NameError};
use crate::output::Report;
use crate::preview::Preview;
use crate::session::{Sent, Session};

/// What is asked for, in figures that stay if the transaction must be laid out anew.
struct Ask {
    units: Amount,
    backing: NanoErg,
}

impl Ask {
    fn of(args: &OpenJoinArgs, ground: &Ground, currency: &Currency) -> Result<Self, CliError> {
        let policy = ground.policy();
        let wrong = |what: &str, kind: Kind| {
            CliError::Arguments(format!(
                "{what} is for a {kind}, and this is a {}",
                policy.kind
            ))
        };
        if policy.kind != Kind::Lets1 && (args.line.is_some() || args.collateral.is_some()) {
            return Err(wrong("--line and --collateral", Kind::Lets1));
        }
        if policy.kind != Kind::Lets3 && args.buy.is_some() {
            return Err(wrong("--buy", Kind::Lets3));
        }
        let asked = match policy.kind {
            Kind::Lets1 => &args.line,
            Kind::Lets3 => &args.buy,
            Kind::Lets2 | Kind::Lets4 => {
                return Ok(Self {
                    units: policy.credit,
                    backing: NanoErg(0),
                });
            }
        };
        let units = match asked {
            Some(text) => currency.parse(text)?,
            None => Amount::ZERO,
        };
        let backing = match (args.collateral, units == Amount::ZERO) {
            (Some(erg), _) => erg,
            (None, true) => NanoErg(0),
            (None, false) => rules::open::cover_of(policy, &ground.live(currency)?, units),
        };
        Ok(Self { units, backing })
    }
}

/// Checks what can be checked before the manifest is taken.
pub(in crate::commands) fn check(
    env: &Env<'_>,
    args: &OpenJoinArgs,
    key: &KeyChoice,
) -> Result<Key, CliError> {
    if let Some(name) = &args.name {
        names::check(name)?;
        if let Some(number) = AddressBook::load(&env.home.names())?.get(name) {
            return Err(NameError::Taken {
                name: name.clone(),
                number,
            }
            .into());
        }
    }
    Key::choose(&env.home, key.key.as_deref())
}

pub(in crate::commands) async fn run(
    env: &Env<'_>,
    group: &Group,
    mut session: Session,
    args: &OpenJoinArgs,
    key: &Key,
    options: &Spend,
) -> Result<Report, CliError> {
    let (lets, currency) = (&group.lets, &group.manifest.currency);
    let ground = Ground::now(&session, lets, options.fee).await?;
    let policy = ground.policy().clone();
    let ask = Ask::of(args, &ground, currency)?;
    let wallet = key.tree()?;
    let link = match args.community {
        true => Applicant::community(key.owner(), lets).link,
        false => Link::None,
    };
    let build = async |session: &Session| {
        let ground = Ground::now(session, lets, options.fee).await?;
        let funding = session.wallet(&wallet).await?;
        let ask = Join {
            key: key.owner(),
            units: ask.units,
            backing: ask.backing,
            spare: args.spare,
            smallest_direct: Settings::ANY_DIRECT,
            link: link.clone(),
        };
        let (proposal, _, account) =
            join(ground.at(lets), ask, &funding).map_err(|e| CliError::open(e, currency))?;
        Ok((proposal, account))
    };
    let preview = |proposal: &Proposal, account: &AccountBox| {
        preview(group, &policy, &ask, key, proposal, account)
    };
    let done = step(
        env,
        &mut session,
        options,
        &[key],
        build,
        preview,
        |_, _| false,
    )
    .await?;
    let (sent, account) = match done {
        Stepped::Shown(report) => return Ok(report),
        Stepped::Sent(sent, account) => (sent, account),
    };
    let number = account.number();
    if let Some(name) = &args.name
        && let Err(e) = remember(env, name, number)
    {
        env.out.note(&format!(
            "note: the account is opened, but {name:?} is not in the address book: {e}"
        ));
    }
    report(group, args.name.clone(), &account, sent)
}

fn preview(
    group: &Group,
    policy: &Policy,
    ask: &Ask,
    key: &Key,
    proposal: &Proposal,
    account: &AccountBox,
) -> Preview {
    let currency = &group.manifest.currency;
    let show = |amount| format!("{} {}", currency.show(amount), currency.code());
    let mut preview = Preview::new(format!("Join {:?}, a {}", group.manifest.name, policy.kind));
    match policy.kind {
        Kind::Lets1 => {
            preview.add("line", show(ask.units));
            preview.add(
                "collateral",
                format!(
                    "{} of yours, locked until height {}",
                    ask.backing,
                    account.terms().class
                ),
            );
        }
        Kind::Lets2 => preview.add("line", show(ask.units)),
        Kind::Lets3 => preview.add(
            "buy",
            format!("{} for {}, into the reserve", show(ask.units), ask.backing),
        ),
        Kind::Lets4 => preview.add("to start with", show(ask.units)),
    }
    if policy.fee > NanoErg(0) {
        preview.add(
            "fee of the LETS",
            format!("{}, which stays in the pot for ever", policy.fee),
        );
    }
    preview
        .line(
            "deposit",
            format!(
                "{} in the account for its rent, and {} for fees: yours again when you leave",
                policy.floor,
                account.spare_erg()
            ),
        )
        .line(
            "account",
            match account.link() {
                Link::None => "yours",
                _ => "the community's: its key follows the charter's treasury, for ever",
            },
        )
        .transactions([proposal], &format!("the wallet of {:?}", key.name))
}

fn report(
    group: &Group,
    name: Option<String>,
    account: &AccountBox,
    sent: Sent,
) -> Result<Report, CliError> {
    let currency = &group.manifest.currency;
    #[derive(Serialize)]
    struct Opened {
        lets: String,
        fingerprint: String,
        name: Option<String>,
        number: AccountNumber,
        balance: String,
        credit_line: String,
        cap: String,
        transactions: Vec<Sent>,
    }
    let text = format!(
        "account {} in {:?} is open: line {}, balance {}\ntransaction  {} ({})",
        account.number(),
        group.manifest.name,
        currency.show(account.terms().line),
        currency.show_balance(account.balance()),
        String::from(sent.id),
        whereabouts(&sent)
    );
    let data = Opened {
        lets: group.manifest.name.clone(),
        fingerprint: group.manifest.fingerprint.clone(),
        name,
        number: account.number(),
        balance: currency.show_balance(account.balance()),
        credit_line: currency.show(account.terms().line),
        cap: currency.show(account.terms().cap),
        transactions: vec![sent],
    };
    Report::new(&data, text)
}
