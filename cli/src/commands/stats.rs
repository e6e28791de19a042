//! `lets stats`: the LETS's public figures, month by month and now, with charts.

mod charts;

use lets_ledger::{AccountFigures, Month};
use lets_protocol::{Amount, BadDebt, Balance, Currency};
use serde::Serialize;

use crate::args::StatsArgs;
use crate::commands::Env;
use crate::error::CliError;
use crate::home;
use crate::output::{Report, table};

/// The largest debtors that are named.
const DEBTORS: usize = 5;
/// Months that are shown in words; `--json` has all.
const MONTHS: usize = 12;
/// Width of the longest bar, in characters.
const BAR: i64 = 30;

#[derive(Serialize)]
struct MonthJson {
    month: String,
    members: i64,
    payments: i64,
    volume: String,
    circulation: String,
    /// Volume of the month by the credit in circulation at its end: how often a unit changed hands.
    velocity: Option<f64>,
}

#[derive(Serialize)]
struct DebtorJson {
    name: String,
    balance: String,
    line: String,
}

/// The LETS's public figures.
#[derive(Serialize)]
struct Figures {
    lets: String,
    currency: String,
    height: u32,
    members: usize,
    notes: i64,
    units_in_notes: String,
    sum: String,
    lines: String,
    debts: String,
    written_off: String,
    /// Of all debts, what the community's own account owes, in percent.
    bad_debt_percent: String,
    /// How unequal balances are: 0 all alike, near 1 all credit with one and all debt with another.
    gini: f64,
    /// Members who have used up their line or filled their cap, in percent.
    at_limits_percent: f64,
    largest_debtors: Vec<DebtorJson>,
    months: Vec<MonthJson>,
}

pub(super) async fn run(env: &Env<'_>, args: StatsArgs) -> Result<Report, CliError> {
    let (group, session) = env.open_books().await?;
    let Some(ledger) = session.ledger().await? else {
        return Err(CliError::Nothing("there is no ledger".to_owned()));
    };
    let currency = &group.manifest.currency;
    let months = ledger.months()?;
    let mut figures = ledger.figures()?;
    let (notes, in_notes) = ledger.outstanding()?;
    let debts = figures.iter().fold(BadDebt::default(), |sum, f| {
        let (balance, line) = (Balance::new(f.balance), Amount::clamped(f.line));
        sum.with(balance, line, f.community)
    });
    let show = |units: i64| currency.show(Amount::clamped(units));
    figures.sort_by_key(|f| (f.balance, f.number));
    if let Some(path) = &args.svg {
        let svg = charts::svg(&group.manifest.name, currency, &months, &figures)?;
        home::replace(path, &svg)?;
    }
    let sum: i64 = figures.iter().map(|f| f.balance).sum();
    let debtors = figures.iter().filter(|f| f.balance < 0).take(DEBTORS);
    let share = debts.share();
    let data = Figures {
        lets: group.manifest.name.clone(),
        currency: currency.code().to_owned(),
        height: ledger.tip()?.map_or(0, |tip| tip.height),
        members: figures.len(),
        notes,
        units_in_notes: show(in_notes),
        sum: currency.show_balance(Balance::new(sum + in_notes)),
        lines: currency.show(debts.lines),
        debts: currency.show(debts.debts),
        written_off: show(ledger.written_off()?),
        bad_debt_percent: format!("{}.{:02}", share / 100, share % 100),
        gini: rounded(gini(&figures)),
        at_limits_percent: rounded(at_limits(&figures)),
        largest_debtors: debtors
            .map(|f| DebtorJson {
                name: group.name_by_number(&f.number),
                balance: currency.show_balance(Balance::new(f.balance)),
                line: show(f.line),
            })
            .collect(),
        months: months.iter().map(|m| month(m, currency)).collect(),
    };
    let text = words(&data, &months, args.svg.as_deref());
    Report::new(&data, text)
}

fn month(month: &Month, currency: &Currency) -> MonthJson {
    let velocity = match month.circulation {
        0 => None,
        stock => Some(rounded(month.volume as f64 / stock as f64)),
    };
    MonthJson {
        month: month.name.clone(),
        members: month.members,
        payments: month.payments,
        volume: currency.show(Amount::clamped(month.volume)),
        circulation: currency.show(Amount::clamped(month.circulation)),
        velocity,
    }
}

fn rounded(number: f64) -> f64 {
    (number * 1_000.0).round() / 1_000.0
}

/// The mean difference between two balances, by twice the mean of what they come to without their signs: Gini's coefficient
/// where balances may be negative. `figures` are sorted by balance.
fn gini(figures: &[AccountFigures]) -> f64 {
    let count = figures.len() as f64;
    let size: f64 = figures.iter().map(|f| f.balance.abs() as f64).sum();
    if size == 0.0 {
        return 0.0;
    }
    // Of n sorted numbers the sum of all differences is the sum of (2 i - n + 1) x_i, counted once for each pair.
    let spread: f64 = figures
        .iter()
        .enumerate()
        .map(|(at, f)| (2.0 * at as f64 - count + 1.0) * f.balance as f64)
        .sum();
    spread / (count * size)
}

/// Members at a limit, in percent: with nothing left of a line that they have, or of their cap.
fn at_limits(figures: &[AccountFigures]) -> f64 {
    let at = |f: &&AccountFigures| {
        (f.balance < 0 && -f.balance >= f.line) || (f.balance > 0 && f.balance >= f.cap)
    };
    match figures.len() {
        0 => 0.0,
        all => 100.0 * figures.iter().filter(at).count() as f64 / all as f64,
    }
}

fn words(data: &Figures, months: &[Month], svg: Option<&std::path::Path>) -> String {
    let code = &data.currency;
    let mut text = format!(
        "{} at height {}\n\nmembers       {}\nnotes         {} with {} {code} on their way\nsum           {} {code}\nlines         {} {code} permitted together\ndebts         {} {code}\nwritten off   {} {code}\nbad debt      {} % of all debts is the community's own\nGini          {} (0: all balances alike; near 1: all with one)\nat limits     {} % of members",
        data.lets,
        data.height,
        data.members,
        data.notes,
        data.units_in_notes,
        data.sum,
        data.lines,
        data.debts,
        data.written_off,
        data.bad_debt_percent,
        data.gini,
        data.at_limits_percent
    );
    if !data.largest_debtors.is_empty() {
        let rows: Vec<Vec<String>> = data
            .largest_debtors
            .iter()
            .map(|d| vec![d.name.clone(), d.balance.clone(), d.line.clone()])
            .collect();
        text.push_str("\n\n");
        text.push_str(&table(&["largest debts", code, "line"], rows, &[1, 2]));
    }
    let most = months.iter().map(|m| m.volume).max().unwrap_or_default();
    let rows: Vec<Vec<String>> = data
        .months
        .iter()
        .zip(months)
        .rev()
        .take(MONTHS)
        .rev()
        .map(|(shown, m)| {
            vec![
                shown.month.clone(),
                shown.members.to_string(),
                shown.payments.to_string(),
                shown.volume.clone(),
                shown.velocity.map_or("-".to_owned(), |v| v.to_string()),
                bar(m.volume, most),
            ]
        })
        .collect();
    text.push_str("\n\n");
    text.push_str(&table(
        &["month", "members", "payments", "volume", "velocity", ""],
        rows,
        &[1, 2, 3, 4],
    ));
    if let Some(path) = svg {
        text.push_str(&format!("\n\ncharts: {}", path.display()));
    }
    text
}

/// A bar of block characters, to an eighth of one.
fn bar(value: i64, most: i64) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if most <= 0 {
        return String::new();
    }
    // i128: eight times thirty times a volume need not fit.
    let eighths = i128::from(value) * i128::from(BAR * 8) / i128::from(most);
    let eighths = usize::try_from(eighths).unwrap_or_default();
    "█".repeat(eighths / 8) + PARTS[eighths % 8]
}

#[cfg(test)]
mod tests {
    use super::*;
    use lets_protocol::AccountNumber;

    fn figures(balances: &[i64]) -> Vec<AccountFigures> {
        let number: AccountNumber = "00".repeat(32).parse().unwrap();
        let mut all: Vec<AccountFigures> = balances
            .iter()
            .map(|&balance| AccountFigures {
                number,
                balance,
                line: 100,
                cap: 200,
                community: false,
            })
            .collect();
        all.sort_by_key(|f| f.balance);
        all
    }

    /// By the definition: every pair.
    fn slow(balances: &[i64]) -> f64 {
        let n = balances.len() as f64;
        let pairs = balances
            .iter()
            .flat_map(|a| balances.iter().map(move |b| (a - b).abs()));
        let size: i64 = balances.iter().map(|b| b.abs()).sum();
        pairs.sum::<i64>() as f64 / (2.0 * n * size as f64)
    }

    #[test]
    fn gini_is_the_mean_difference_of_all_pairs() {
        for balances in [
            &[5, -5][..],
            &[1, 2, 3, -6],
            &[0, 0, 0, 9, -9],
            &[7, 7, -7, -7, 0],
        ] {
            let found = gini(&figures(balances));
            assert!(
                (found - slow(balances)).abs() < 1e-9,
                "{balances:?}: {found}"
            );
            assert!((0.0..=1.0).contains(&found));
        }
        assert_eq!(gini(&figures(&[0, 0])), 0.0);
    }

    #[test]
    fn at_limits_counts_line_and_cap() {
        assert_eq!(at_limits(&figures(&[-100, -99, 199, 200])), 50.0);
        assert_eq!(at_limits(&[]), 0.0);
    }

    #[test]
    fn bar_is_in_proportion() {
        assert_eq!(bar(0, 10), "");
        assert_eq!(bar(10, 10), "█".repeat(30));
        assert_eq!(bar(5, 10), "█".repeat(15));
        assert_eq!(bar(1, 240), "▏");
    }
}
