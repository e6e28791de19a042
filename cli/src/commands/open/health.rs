//! `lets health`: how far each debt of a LETS-1 is from a margin call at today's rate, and what is behind the units of a LETS-3.

use lets_protocol::rules::open::{self as rules, Quote};
use lets_protocol::{
    AccountBox, AccountNumber, Amount, Currency, Height, Kind, Mark, NanoErg, Policy,
};
use serde::Serialize;

use super::{Ground, nano};
use crate::commands::{Env, Group};
use crate::error::CliError;
use crate::output::{Report, table};
use crate::session::View;

/// Where an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// It owes nothing.
    NoDebt,
    /// Its collateral carries its debt at the margin.
    Safe,
    /// Anybody may call its debt.
    Callable,
    /// It was called, and has time until the height given.
    Called,
    /// Its debt may be paid for its collateral.
    Liquidatable,
    /// The oracle was dead: it draws no credit.
    Frozen,
    /// There is no rate to tell.
    Unknown,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::NoDebt => "no debt",
            Self::Safe => "safe",
            Self::Callable => "can be called",
            Self::Called => "called",
            Self::Liquidatable => "can be liquidated",
            Self::Frozen => "frozen",
            Self::Unknown => "no rate",
        }
    }
}

#[derive(Serialize)]
struct AccountJson {
    name: String,
    number: AccountNumber,
    balance: String,
    credit_line: String,
    /// ERG in it above the policy's floor: what the margin counts.
    collateral: String,
    /// The debt that the collateral carries at the margin, at today's rate.
    carries: Option<String>,
    /// The highest rate at which it carries the present debt, in nanoErg per quantity.
    until_rate: Option<i64>,
    /// So much of its worth ERG may lose until then, in percent; below 0 is past it.
    may_fall_percent: Option<i64>,
    state: State,
    /// When its debt was called, and when it can first be liquidated.
    called: Option<u32>,
    liquidatable_from: Option<u32>,
}

#[derive(Serialize)]
struct OracleJson {
    nft: String,
    rate_nanoerg: Option<i64>,
    age_blocks: Option<u32>,
    /// Why its rate does not count now.
    fault: Option<String>,
}

#[derive(Serialize)]
struct ReserveJson {
    nanoerg: u64,
    /// What is out of the pot.
    units_out: String,
    /// What the reserve is of the units' price, in percent.
    percent_of_price: Option<i64>,
}

#[derive(Serialize)]
struct HealthJson {
    lets: String,
    kind: Kind,
    height: u32,
    oracle: OracleJson,
    accounts: Vec<AccountJson>,
    reserve: Option<ReserveJson>,
}

/// The rate that counts, or why there is none.
fn quote(ground: &Ground, currency: &Currency) -> Result<Quote, String> {
    match &ground.oracle {
        Some(oracle) => rules::check_live(&ground.pot, oracle, ground.params.height)
            .map_err(|e| e.explain(currency)),
        None => Err(rules::OpenViolation::NoOracle.explain(currency)),
    }
}

pub(in crate::commands) async fn run(env: &Env<'_>) -> Result<Report, CliError> {
    let (group, session) = env.open().await?;
    let currency = &group.manifest.currency;
    let ground = Ground::now(&session, &group.lets, NanoErg::MIN_FEE).await?;
    let (policy, height) = (ground.policy(), ground.params.height);
    let quote = quote(&ground, currency);
    let accounts = match policy.kind {
        Kind::Lets1 => session.accounts(&group.lets, View::Pool).await?,
        _ => Vec::new(),
    };
    let mut accounts: Vec<AccountJson> = accounts
        .iter()
        .map(|a| of(&group, policy, quote.as_ref().ok(), &a.it, height))
        .collect();
    accounts.sort_by(|a, b| {
        let key = |x: &AccountJson| (x.may_fall_percent.unwrap_or(i64::MAX), x.name.clone());
        key(a).cmp(&key(b))
    });
    let nft = group.lets.oracle().map(|nft| nft.to_string());
    let data = HealthJson {
        lets: group.manifest.name.clone(),
        kind: policy.kind,
        height: height.0,
        oracle: OracleJson {
            nft: nft.unwrap_or_default(),
            rate_nanoerg: ground.oracle.as_ref().map(|o| o.rate()),
            age_blocks: ground
                .oracle
                .as_ref()
                .map(|o| height.0.saturating_sub(o.created().0)),
            fault: quote.as_ref().err().cloned(),
        },
        accounts,
        reserve: (policy.kind == Kind::Lets3)
            .then(|| reserve(&ground, quote.as_ref().ok(), currency)),
    };
    let text = text(&data, policy, currency);
    Report::new(&data, text)
}

fn of(
    group: &Group,
    policy: &Policy,
    quote: Option<&Quote>,
    account: &AccountBox,
    height: Height,
) -> AccountJson {
    let currency = &group.manifest.currency;
    let owes = account.balance().debt() > 0;
    let until = rules::margin_rate(policy, account);
    let under = quote.map(|q| rules::check_under(policy, q, account).is_ok());
    let mark = Mark::of(account.terms());
    let called = match mark {
        Some(Mark::Called(at)) => Some(at),
        _ => None,
    };
    let from = called.map(|at| at.plus(policy.grace).plus(lets_protocol::Blocks(1)));
    let due = from.is_some_and(|from| height.0 + 1 >= from.0);
    let state = match (mark, under) {
        (Some(Mark::Called(_)), Some(true)) if due => State::Liquidatable,
        (Some(Mark::Called(_)), _) => State::Called,
        (Some(Mark::Frozen), Some(true)) | (None, Some(true)) => State::Callable,
        (Some(Mark::Frozen), _) => State::Frozen,
        (None, _) if !owes => State::NoDebt,
        (None, None) => State::Unknown,
        (None, Some(false)) => State::Safe,
    };
    AccountJson {
        name: group.name_of(account),
        number: account.number(),
        balance: currency.show_balance(account.balance()),
        credit_line: currency.show(account.terms().line),
        collateral: account
            .value()
            .minus(policy.floor)
            .unwrap_or_default()
            .to_string(),
        carries: quote.map(|q| currency.show(rules::margin_debt(policy, q, account))),
        until_rate: until,
        may_fall_percent: until.zip(quote).map(|(until, q)| may_fall(q.rate, until)),
        state,
        called: called.map(|at| at.0),
        liquidatable_from: from.map(|from| from.0),
    }
}

/// The part of its worth that ERG may lose while the rate goes from one to the other, in percent, rounded down.
fn may_fall(rate: i64, until: i64) -> i64 {
    let until = i128::from(until).max(1);
    let fall = (until - i128::from(rate)) * 100;
    i64::try_from(fall.div_euclid(until)).unwrap_or(i64::MIN)
}

fn reserve(ground: &Ground, quote: Option<&Quote>, currency: &Currency) -> ReserveJson {
    let (pot, policy) = (&ground.pot, ground.policy());
    let held = pot.value().minus(policy.own_erg).unwrap_or_default();
    let out = policy.supply - pot.units();
    let percent = quote.and_then(|q| {
        let price = i128::from(policy.price(q.rate, 100)) * i128::from(out);
        let percent = (i128::from(held.0) * 100).checked_div(price)?;
        i64::try_from(percent).ok()
    });
    ReserveJson {
        nanoerg: held.0,
        units_out: currency.show(Amount::clamped(out)),
        percent_of_price: percent,
    }
}

fn text(data: &HealthJson, policy: &Policy, currency: &Currency) -> String {
    let mut lines = vec![format!(
        "{} ({}) at height {}",
        data.lets, data.kind, data.height
    )];
    lines.push(match (data.oracle.rate_nanoerg, data.oracle.age_blocks) {
        (Some(rate), Some(age)) => format!(
            "oracle   {} for {} {}, {age} blocks old",
            nano(rate),
            currency.show(Amount::clamped(policy.units_per_quantity)),
            currency.code()
        ),
        _ => "oracle   not to be found".to_owned(),
    });
    lines.extend(
        data.oracle
            .fault
            .iter()
            .map(|why| format!("no rate  {why}")),
    );
    if let Some(reserve) = &data.reserve {
        let percent = reserve.percent_of_price;
        lines.push(format!(
            "reserve  {} behind {} {}{}",
            NanoErg(reserve.nanoerg),
            reserve.units_out,
            currency.code(),
            percent.map_or(String::new(), |p| format!(", {p} % of their price"))
        ));
    }
    let mut text = lines.join("\n");
    if policy.kind == Kind::Lets1 {
        let rows: Vec<Vec<String>> = data
            .accounts
            .iter()
            .map(|a| {
                let from = a.liquidatable_from.filter(|_| a.state == State::Called);
                vec![
                    a.name.clone(),
                    a.credit_line.clone(),
                    a.balance.clone(),
                    a.collateral.clone(),
                    a.carries.clone().unwrap_or_default(),
                    a.may_fall_percent
                        .map_or(String::new(), |p| format!("{p} %")),
                    match from {
                        Some(from) => format!("called: until height {from}"),
                        None => a.state.name().to_owned(),
                    },
                ]
            })
            .collect();
        let header = [
            "account",
            "line",
            currency.code(),
            "collateral",
            "carries",
            "ERG may fall",
            "",
        ];
        text = format!("{text}\n\n{}", table(&header, rows, &[1, 2, 3, 4, 5]));
    } else if !policy.kind.has_rate() {
        text.push_str("\nnothing is backed by ERG here: there is nothing to call");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn may_fall_is_the_loss_of_worth_until_the_call() {
        // ERG at a dollar, called at 4 ERG a dollar: three quarters of its worth.
        assert_eq!(may_fall(1_000_000_000, 4_000_000_000), 75);
        assert_eq!(may_fall(1_000_000_000, 1_000_000_000), 0);
        assert_eq!(may_fall(2_000_000_000, 1_000_000_000), -100);
        assert_eq!(may_fall(1_000_000_000, 1_500_000_000), 33);
    }
}
