//! `lets committee set-terms`, in short `lets terms`: the committee sets what one account may do. Its balance stays as it is.

use lets_protocol::{Amount, Bounds, Currency, Terms, set_terms};
use serde::Serialize;

use crate::args::{TermsArgs, TermsWishes};
use crate::commands::Env;
use crate::commands::admit::load_all;
use crate::commands::bounds::check_loan_rules;
use crate::commands::spend::{Spent, whereabouts};
use crate::error::CliError;
use crate::keys::Key;
use crate::output::Report;
use crate::preview::Preview;
use crate::session::{Sent, View};

pub(super) async fn run(env: &Env<'_>, args: TermsArgs) -> Result<Report, CliError> {
    let mut keys = load_all(env, &args.committee.keys)?;
    if let Some(name) = &args.key {
        // The first key's wallet pays.
        keys.insert(0, Key::load(&env.home, name)?);
    }
    let payer = keys.first().ok_or_else(|| CliError::NoKey {
        folder: env.home.keys(),
    })?;
    let _lock = env.lock(&args.spend)?;
    let (group, mut session) = env.open().await?;
    let currency = &group.manifest.currency;
    let params = session.params(args.spend.fee).await?;
    let accounts = session.accounts(&group.lets, View::Pool).await?;
    let account = &group.resolve(&args.who, &accounts)?.it;
    let charter = session.charter(&group.lets, View::Pool).await?;
    let pot = session.committee_pot(&group.lets, View::Pool).await?;
    let funding = session.wallet(&payer.tree()?).await?;
    let terms = Terms {
        // The pot allows no floor but the charter's present one.
        floor: charter.bounds().account_floor,
        ..wanted(&args.wishes, account.terms(), currency)?
    };
    let (proposal, _, next) = set_terms(
        &group.lets,
        &charter,
        &pot,
        account,
        terms,
        &funding,
        params,
    )
    .map_err(|e| CliError::terms(e, currency))?;

    let name = group.name_of(account);
    let new = next.terms();
    let show = |amount: Amount| currency.show(amount);
    let mut preview = Preview::new(format!(
        "Set the terms of {name} in {:?}",
        group.manifest.name
    ));
    for line in changes(account.terms(), new, currency) {
        preview.add("change", line);
    }
    let preview = preview
        .line(
            "balance",
            format!("stays {}", currency.show_balance(account.balance())),
        )
        .transactions([&proposal], &format!("the wallet of {:?}", payer.name));
    let all: Vec<&Key> = keys.iter().collect();
    let spent = env
        .spend(
            &mut session,
            &args.spend,
            preview,
            &[proposal],
            &all,
            |_, _| Ok(()),
        )
        .await?;
    let sent = match spent {
        Spent::Shown(report) => return Ok(report),
        Spent::Sent(sent) => sent,
    };
    #[derive(Serialize)]
    struct Done {
        name: String,
        credit_line: String,
        cap: String,
        balance: String,
        transactions: Vec<Sent>,
    }
    let text = format!(
        "the terms of {name} are set: line {}, cap {}\ntransaction  {} ({})",
        show(new.line),
        show(new.cap),
        String::from(sent[0].id),
        whereabouts(&sent[0])
    );
    let data = Done {
        name,
        credit_line: show(new.line),
        cap: show(new.cap),
        balance: currency.show_balance(next.balance()),
        transactions: sent,
    };
    Report::new(&data, text)
}

/// What differs between two terms, in words: "line 200.00 -> 50.00".
pub(super) fn changes(old: &Terms, new: &Terms, currency: &Currency) -> Vec<String> {
    let show = |amount: Amount| currency.show(amount);
    let all = [
        ("line", show(old.line), show(new.line)),
        ("cap", show(old.cap), show(new.cap)),
        (
            "largest draw",
            show(old.largest_draw),
            show(new.largest_draw),
        ),
        ("draw limit", show(old.draw_limit), show(new.draw_limit)),
        ("draw rate", show(old.draw_rate), show(new.draw_rate)),
        (
            "longest debt",
            old.longest_debt.to_string(),
            new.longest_debt.to_string(),
        ),
        ("class", old.class.to_string(), new.class.to_string()),
        (
            "spend on",
            format!("{:?}", old.spend_on),
            format!("{:?}", new.spend_on),
        ),
        ("floor", old.floor.to_string(), new.floor.to_string()),
    ];
    all.into_iter()
        .filter(|(_, from, to)| from != to)
        .map(|(what, from, to)| format!("{what} {from} -> {to}"))
        .collect()
}

/// The terms of a new member: the charter's defaults with what was asked for put in.
pub(super) fn first(
    args: &TermsWishes,
    bounds: &Bounds,
    currency: &Currency,
) -> Result<Terms, CliError> {
    with_wishes(args, &bounds.default_terms(), currency)
}

/// The present terms with what was asked for put in, which must change something.
pub(super) fn wanted(
    args: &TermsWishes,
    now: &Terms,
    currency: &Currency,
) -> Result<Terms, CliError> {
    let wanted = with_wishes(args, now, currency)?;
    if wanted == *now {
        return Err(CliError::Arguments(
            "nothing to change: say what, such as --line 100 or --suspend".to_owned(),
        ));
    }
    Ok(wanted)
}

fn with_wishes(args: &TermsWishes, now: &Terms, currency: &Currency) -> Result<Terms, CliError> {
    let amount = |asked: &Option<String>, now: Amount| match asked {
        Some(text) => currency.parse(text).map_err(CliError::from),
        None => Ok(now),
    };
    let line = match args.suspend {
        true => Amount::ZERO,
        false => amount(&args.line, now.line)?,
    };
    let draw_limit = amount(&args.draw_limit, now.draw_limit)?;
    let spend_on = match args.spend_on.as_deref() {
        None => now.spend_on.clone(),
        Some("any") => Vec::new(),
        Some(list) => list
            .split(',')
            .map(|n| n.trim().parse::<i64>())
            .collect::<Result<_, _>>()
            .map_err(|_| {
                CliError::Arguments(format!(
                    "--spend-on {list:?}: write numbers of classes with commas between, or any"
                ))
            })?,
    };
    let wanted = Terms {
        line,
        cap: amount(&args.cap, now.cap)?,
        largest_draw: amount(&args.largest_draw, now.largest_draw)?,
        draw_limit,
        draw_rate: amount(&args.draw_rate, now.draw_rate)?,
        longest_debt: args.longest_debt.unwrap_or(now.longest_debt),
        class: args.class.unwrap_or(now.class),
        spend_on,
        ..now.clone()
    };
    let loans = [&args.largest_draw, &args.draw_limit, &args.draw_rate];
    if loans.into_iter().any(Option::is_some) {
        check_loan_rules(&wanted, currency)?;
    }
    Ok(wanted)
}
