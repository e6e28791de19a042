//! Founding a LETS that anybody joins by himself: its policy out of the options, checked before anything is sent.

use lets_protocol::{
    Amount, Currency, Height, Kind, NanoErg, OpenFound, OpenFounding, OracleBox, OracleLimits,
    Policy, Terms,
};

use super::{Ground, Planned, SUPPLY};
use crate::args::{BoundArgs, FoundArgs};
use crate::commands::Env;
use crate::commands::bounds::check_loan_rules;
use crate::commands::open::policy_lines;
use crate::error::CliError;
use crate::keys::{self, Key};
use crate::manifest::Manifest;
use crate::names;
use crate::preview::Preview;
use crate::session::Session;

/// Rates that count reach from this part of the present one...
const LEAST_PART: i64 = 20;
/// ... to so many times it where it prices what is given,
const HIGHEST_TIMES: i64 = 50;
/// and to so many times it where a fee must be above it.
const HIGHEST_TIMES_FOR_A_FEE: i64 = 4;

pub(super) async fn plan(
    env: &Env<'_>,
    session: &Session,
    kind: Kind,
    args: &FoundArgs,
    ground: Ground<'_>,
) -> Result<Planned, CliError> {
    if args.import.is_some() || !args.committee_keys.is_empty() || !args.member_keys.is_empty() {
        return Err(CliError::Arguments(format!(
            "a {kind} has no committee: leave --committee-key, --member-key and --import away"
        )));
    }
    let used = BoundArgs {
        floor: args.bounds.floor,
        cap: args.bounds.cap.clone(),
        largest_draw: args.bounds.largest_draw.clone(),
        draw_limit: args.bounds.draw_limit.clone(),
        draw_rate: args.bounds.draw_rate.clone(),
        longest_debt: args.bounds.longest_debt,
        ..BoundArgs::default()
    };
    if args.bounds != used {
        return Err(CliError::Arguments(format!(
            "a {kind} has no bounds of a committee: of those options --floor, --cap and the loan rules hold, and --credit is what it gives"
        )));
    }
    let nft = args.policy.oracle.ok_or_else(|| {
        CliError::Arguments(format!(
            "a {kind} needs --oracle TOKEN: the NFT of the pool that tells what ERG is worth"
        ))
    })?;
    let oracle = session.oracle_of(nft).await?;
    let oracle = oracle.ok_or(CliError::NoOracleBox { nft })?;
    let currency = &ground.identity.currency;
    let treasury = match &args.policy.treasury {
        None => ground.key.owner(),
        Some(who) if names::check(who).is_ok() && env.home.key(who).exists() => {
            Key::load(&env.home, who)?.owner()
        }
        Some(text) => keys::parse_public_key(text)?.into(),
    };
    let founding = OpenFounding {
        policy: policy(kind, args, currency, &oracle)?,
        identity: ground.identity.clone(),
        treasury,
        oracle: nft,
        units: SUPPLY.units,
        memberships: SUPPLY.memberships,
    };
    let found = founding.plan(&oracle, &ground.funding, ground.params)?;
    let manifest = Manifest::of_open(
        &found,
        &founding.identity,
        ground.network,
        SUPPLY,
        ground.params.height,
    );
    Ok(Planned {
        preview: preview(&founding, &found, ground.key),
        steps: found.steps,
        manifest,
        import: None,
    })
}

/// The policy that the options ask for; the founding checks its ranges and that joining twice does not pay.
fn policy(
    kind: Kind,
    args: &FoundArgs,
    currency: &Currency,
    oracle: &OracleBox,
) -> Result<Policy, CliError> {
    let (bounds, wishes) = (&args.bounds, &args.policy);
    let cap = currency.parse(&bounds.cap)?;
    let credit = match (&wishes.credit, kind.has_rate()) {
        (Some(text), _) => currency.parse(text)?,
        (None, true) => cap,
        (None, false) => currency.parse("20")?,
    };
    let units_per_quantity = currency.parse_positive(&wishes.per_quantity)?.units();
    let rate = oracle.rate();
    let nano = |erg: NanoErg| i64::try_from(erg.0).unwrap_or(i64::MAX);
    let times = match kind.has_rate() {
        true => HIGHEST_TIMES,
        false => HIGHEST_TIMES_FOR_A_FEE,
    };
    let highest = wishes.highest_rate.map(nano);
    let highest = highest.unwrap_or(rate.saturating_mul(times));
    let least = wishes.least_rate.map(nano);
    let least = least.unwrap_or((rate / LEAST_PART).max(Policy::LEAST_PRICE * units_per_quantity));
    let mut policy = Policy {
        kind,
        floor: match bounds.floor {
            // The default is a committee's, who closes what is abandoned.
            floor if floor == BoundArgs::default().floor => Policy::LEAST_FLOOR,
            floor => floor,
        },
        credit,
        cap,
        largest_draw: currency.parse(&bounds.largest_draw)?,
        draw_limit: currency.parse(&bounds.draw_limit)?,
        longest_debt: bounds.longest_debt,
        draw_rate: match &bounds.draw_rate {
            Some(rate) => currency.parse(rate)?,
            None => Amount::clamped(Terms::NO_LIMIT_RATE),
        },
        lock: wishes.lock,
        fee: NanoErg(0),
        units_per_quantity,
        cover: wishes.cover,
        margin: wishes.margin,
        discount: wishes.discount,
        grace: wishes.grace,
        window: wishes.window,
        smallest_liquidation: currency.parse_positive(&wishes.smallest_liquidation)?,
        oracle: OracleLimits {
            oldest: wishes.oracle_age,
            least,
            highest,
            dead: wishes.oracle_dead,
        },
        supply: SUPPLY.units,
        own_erg: NanoErg(0),
    };
    let terms = policy.terms(Amount::ZERO, policy.floor, Height(0));
    check_loan_rules(&terms, currency)?;
    let worth = policy.worth_of_credit().0;
    policy.fee = match (wishes.join_fee, kind.has_rate()) {
        (Some(fee), _) => fee,
        (None, true) => NanoErg(0),
        (None, false) => NanoErg(worth.saturating_add(worth / 50).saturating_add(1)),
    };
    Ok(policy)
}

fn preview(founding: &OpenFounding, found: &OpenFound, key: &Key) -> Preview {
    let currency = &founding.identity.currency;
    let locked = found.charter.value().plus(found.pot.value());
    let mut preview = Preview::new(format!(
        "Found the {} {:?}",
        founding.policy.kind, founding.identity.name
    ))
    .line(
        "currency",
        format!("{} with {} decimals", currency.code(), currency.decimals()),
    )
    .line("oracle", founding.oracle.to_string());
    for (what, text) in policy_lines(found.pot.policy(), currency) {
        preview.add(what, text);
    }
    preview
        .line("for ever", "nobody can change any of it later")
        .line(
            "locked",
            format!("{locked} in charter and pot, for storage rent"),
        )
        .transactions(
            found.steps.iter().map(|(_, p)| p),
            &format!("the wallet of {:?}", key.name),
        )
}
