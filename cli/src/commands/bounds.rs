//! A charter's bounds in words: as they are, as a person changes them, and what an announced change makes of them.

use lets_protocol::{Amount, Blocks, Bounds, CharterBox, Currency, Height, NanoErg, Terms};

use crate::args::parse_blocks;
use crate::error::CliError;
use crate::keys;

/// The bounds as people read them, in the order of [`Bounds::NAMES`].
fn figures(bounds: &Bounds, currency: &Currency) -> [String; Bounds::COUNT] {
    let amount = |amount: Amount| currency.show(amount);
    [
        amount(bounds.max_line),
        amount(bounds.max_cap),
        bounds.account_floor.to_string(),
        bounds.admissions.to_string(),
        amount(bounds.issue),
        bounds.period.to_string(),
        bounds.change_delay.to_string(),
        bounds.recovery_delay.to_string(),
        bounds.recovery_starts.to_string(),
        bounds.admission_fee.to_string(),
        amount(bounds.default_line),
        amount(bounds.default_cap),
        amount(bounds.default_largest_draw),
        amount(bounds.default_draw_limit),
        bounds.default_longest_debt.to_string(),
        amount(bounds.default_draw_rate),
    ]
}

/// The bounds in lines of what and how much, the lines and caps and rates together.
pub(super) fn lines(bounds: &Bounds, currency: &Currency) -> [(&'static str, String); 5] {
    let default_and_most = |default, most| {
        format!(
            "{} by default, at most {}",
            currency.show(default),
            currency.show(most)
        )
    };
    [
        (
            "lines",
            default_and_most(bounds.default_line, bounds.max_line),
        ),
        ("caps", default_and_most(bounds.default_cap, bounds.max_cap)),
        (
            "loan rules",
            format!(
                "{} by default",
                loan_rules(&bounds.default_terms(), currency)
            ),
        ),
        (
            "rates",
            format!(
                "{} admissions, {} {} of credit and {} recoveries in {}",
                bounds.admissions,
                currency.show(bounds.issue),
                currency.code(),
                bounds.recovery_starts,
                bounds.period
            ),
        ),
        (
            "delays",
            format!(
                "{} for other rules, {} for a recovery",
                bounds.change_delay, bounds.recovery_delay
            ),
        ),
    ]
}

/// The loan rules that are on, in words, or "none".
fn loan_rules(terms: &Terms, currency: &Currency) -> String {
    let mut on = Vec::new();
    if terms.largest_draw > Amount::ZERO {
        on.push(format!(
            "largest draw {}",
            currency.show(terms.largest_draw)
        ));
    }
    if terms.draw_limit > Amount::ZERO {
        on.push(format!(
            "draw limit {} of which {} come back per 1,000 blocks",
            currency.show(terms.draw_limit),
            currency.show(terms.draw_rate)
        ));
    }
    if terms.longest_debt > Blocks(0) {
        on.push(format!("longest debt {}", terms.longest_debt));
    }
    match on.is_empty() {
        true => "none".to_owned(),
        false => on.join(", "),
    }
}

/// Do the loan rules fit each other? The scripts take any; these would not do what they seem to.
///
/// # Errors
/// [`CliError::Arguments`].
pub(super) fn check_loan_rules(terms: &Terms, currency: &Currency) -> Result<(), CliError> {
    if terms.draw_limit == Amount::ZERO {
        return Ok(());
    }
    let limit = currency.show(terms.draw_limit);
    if terms.draw_rate.units() >= Terms::NO_LIMIT_RATE {
        return Err(CliError::Arguments(format!(
            "a draw limit of {limit} that is back at once limits nothing: say with the draw rate how much comes back per 1,000 blocks (33 hours)"
        )));
    }
    if terms.largest_draw > terms.draw_limit {
        return Err(CliError::Arguments(format!(
            "a largest draw of {} can never be drawn under a draw limit of {limit}: lower it, or raise the limit",
            currency.show(terms.largest_draw)
        )));
    }
    Ok(())
}

/// The bounds with each `NAME=VALUE` put in its place.
///
/// # Errors
/// [`CliError::Arguments`], [`CliError::Amount`].
pub(super) fn set_bounds(
    now: &Bounds,
    wanted: &[String],
    currency: &Currency,
) -> Result<Bounds, CliError> {
    let mut bounds = now.clone();
    for text in wanted {
        set_bound(&mut bounds, text, currency)?;
    }
    let rules = |b: &Bounds| {
        (
            b.default_largest_draw,
            b.default_draw_limit,
            b.default_draw_rate,
        )
    };
    if rules(&bounds) != rules(now) {
        check_loan_rules(&bounds.default_terms(), currency)?;
    }
    Ok(bounds)
}

fn set_bound(bounds: &mut Bounds, text: &str, currency: &Currency) -> Result<(), CliError> {
    let fault = || {
        CliError::Arguments(format!(
            "--bound {text:?}: write NAME=VALUE, like max-line=1500; --help lists the names"
        ))
    };
    let (name, value) = text.split_once('=').ok_or_else(fault)?;
    let amount = || currency.parse(value);
    let blocks = || parse_blocks(value).map_err(CliError::Arguments);
    let count = || value.parse::<i64>().map_err(|_| fault());
    let erg = || {
        value
            .parse::<NanoErg>()
            .map_err(|e| CliError::Arguments(e.to_string()))
    };
    match name {
        "max-line" => bounds.max_line = amount()?,
        "max-cap" => bounds.max_cap = amount()?,
        "line" => bounds.default_line = amount()?,
        "cap" => bounds.default_cap = amount()?,
        "floor" => bounds.account_floor = erg()?,
        "admissions-per-period" => bounds.admissions = count()?,
        "units-per-period" => bounds.issue = amount()?,
        "period" => bounds.period = blocks()?,
        "change-delay" => bounds.change_delay = blocks()?,
        "recovery-delay" => bounds.recovery_delay = blocks()?,
        "recovery-starts" => bounds.recovery_starts = count()?,
        "admission-fee" => bounds.admission_fee = erg()?,
        "largest-draw" => bounds.default_largest_draw = amount()?,
        "draw-limit" => bounds.default_draw_limit = amount()?,
        "longest-debt" => bounds.default_longest_debt = blocks()?,
        "draw-rate" => bounds.default_draw_rate = amount()?,
        _ => return Err(fault()),
    }
    Ok(())
}

/// What a charter's next box changes, or announces to change: "longest credit line: 1000.00 -> 1500.00".
pub(super) fn changes(now: &CharterBox, next: &CharterBox, currency: &Currency) -> Vec<String> {
    let (committee, bounds) = match next.pending() {
        Some(change) => (&change.committee, &change.bounds),
        None => (next.committee(), next.bounds()),
    };
    let mut lines = Vec::new();
    if committee != now.committee() {
        // A committee whose members are not all keys must not pass for one whose members are.
        let size = |c| match keys::committee_size(c) {
            Some((k, n)) if keys::committee_members(c).len() == n => format!("{k} of {n}"),
            _ => "of an unusual kind".to_owned(),
        };
        lines.push(format!(
            "committee: {} -> {}",
            size(now.committee()),
            size(committee)
        ));
        let (old, new) = (
            keys::committee_members(now.committee()),
            keys::committee_members(committee),
        );
        let joins = new.iter().filter(|key| !old.contains(key));
        lines.extend(joins.map(|key| format!("joins the committee: {key}")));
        let leaves = old.iter().filter(|key| !new.contains(key));
        lines.extend(leaves.map(|key| format!("leaves the committee: {key}")));
    }
    let figures = [now.bounds(), bounds].map(|b| figures(b, currency));
    for (name, (old, new)) in Bounds::NAMES.iter().zip(figures[0].iter().zip(&figures[1])) {
        if old != new {
            lines.push(format!("{name}: {old} -> {new}"));
        }
    }
    lines
}

/// A change that the committee has announced, as everybody is to see it.
pub(super) struct Announced {
    /// From this height on anybody can put it into force.
    pub(super) from: Height,
    /// What it changes.
    pub(super) changes: Vec<String>,
}

impl Announced {
    /// The charter's announced change, if there is one.
    pub(super) fn of(charter: &CharterBox, currency: &Currency) -> Option<Self> {
        let change = charter.pending()?;
        Some(Self {
            from: change.announced.plus(charter.bounds().change_delay),
            changes: changes(charter, charter, currency),
        })
    }

    /// All of it in one line.
    pub(super) fn text(&self) -> String {
        format!(
            "the committee has announced other rules, which anybody can put into force from height {} on: {}",
            self.from,
            self.changes.join("; ")
        )
    }
}
