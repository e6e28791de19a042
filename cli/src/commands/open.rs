//! What the commands of LETS without a committee share: the pot and the oracle as they are now, and a step of the pot, which
//! is laid out anew when somebody else's step came first.

pub(super) mod collateral;
pub(super) mod exchange;
pub(super) mod health;
pub(super) mod join;
pub(super) mod liquidate;

use std::time::Duration;

use ergo_node_client::{RefusalKind, SubmitError};
use lets_protocol::rules::open::Quote;
use lets_protocol::{
    AtPot, Currency, Kind, Lets, NanoErg, OpenPotBox, OracleBox, Policy, Proposal, TxParams, rules,
};
use lets_wallet::{LocalSigner, Signer};

use crate::args::Spend;
use crate::ask::PassphraseFiles;
use crate::commands::Env;
use crate::error::CliError;
use crate::keys::{self, Key};
use crate::output::Report;
use crate::preview::Preview;
use crate::session::{Sent, Session, View};

/// How often a step is laid out anew because others came first.
const TRIES: u32 = 30;
/// Pause before it; each time longer by as much, until the node shows the others' pot.
const PAUSE: Duration = Duration::from_millis(100);

/// What an action of the pot is laid out on: the pot that the pool or the chain has now, and the oracle's box in the chain.
pub(super) struct Ground {
    pub(super) pot: OpenPotBox,
    pub(super) oracle: Option<OracleBox>,
    pub(super) params: TxParams,
}

impl Ground {
    pub(super) async fn now(
        session: &Session,
        lets: &Lets,
        fee: NanoErg,
    ) -> Result<Self, CliError> {
        Ok(Self {
            params: session.params(fee).await?,
            oracle: session.oracle(lets).await?,
            pot: session.open_pot(lets, View::Pool).await?,
        })
    }

    pub(super) fn at<'a>(&'a self, lets: &'a Lets) -> AtPot<'a> {
        AtPot {
            lets,
            pot: &self.pot,
            oracle: self.oracle.as_ref(),
            params: self.params,
        }
    }

    pub(super) fn policy(&self) -> &Policy {
        self.pot.policy()
    }

    /// Whether the oracle counts as dead.
    pub(super) fn is_dead(&self) -> bool {
        let (oracle, height) = (self.oracle.as_ref(), self.params.height);
        rules::open::check_dead(&self.pot, oracle, height).is_ok()
    }

    /// The rate that counts now for calls and liquidations.
    pub(super) fn pressing(&self, currency: &Currency) -> Result<Quote, CliError> {
        let quote = match &self.oracle {
            Some(oracle) => rules::open::check_pressing(&self.pot, oracle, self.params.height),
            None => Err(rules::open::OpenViolation::NoOracle),
        };
        quote.map_err(|e| CliError::open(e.into(), currency))
    }

    /// The rate that counts now.
    pub(super) fn live(&self, currency: &Currency) -> Result<Quote, CliError> {
        let quote = match &self.oracle {
            Some(oracle) => rules::open::check_live(&self.pot, oracle, self.params.height),
            None => Err(rules::open::OpenViolation::NoOracle),
        };
        quote.map_err(|e| CliError::open(e.into(), currency))
    }
}

/// How far a step got.
pub(super) enum Stepped<T> {
    /// Only shown: the report to print.
    Shown(Report),
    /// Sent, and what it made.
    Sent(Sent, T),
}

/// Shows a step, asks, and sends it; if others come first, lays it out anew on the pot that they left. `worse` tells whether
/// what it comes to then (second) is worse than what was agreed to (first).
pub(super) async fn step<T>(
    env: &Env<'_>,
    session: &mut Session,
    options: &Spend,
    keys: &[&Key],
    build: impl AsyncFn(&Session) -> Result<(Proposal, T), CliError>,
    preview: impl FnOnce(&Proposal, &T) -> Preview,
    worse: impl Fn(&T, &T) -> bool,
) -> Result<Stepped<T>, CliError> {
    let first = build(session).await?;
    if let Some(shown) = env.consent(preview(&first.0, &first.1), options)? {
        return Ok(Stepped::Shown(shown));
    }
    let signer = signer(keys, options)?;
    let (sent, made) = send(session, &signer, first, &build, worse).await?;
    let mut sent = [sent];
    if !options.no_wait {
        env.wait_for_block(session, &mut sent).await?;
    }
    let [sent] = sent;
    Ok(Stepped::Sent(sent, made))
}

pub(super) fn signer(keys: &[&Key], options: &Spend) -> Result<LocalSigner, CliError> {
    keys::signer(keys, &PassphraseFiles::new(&options.passphrase.files))
}

/// Sends a step; whoever is overtaken lays it out anew.
pub(super) async fn send<T>(
    session: &mut Session,
    signer: &impl Signer,
    first: (Proposal, T),
    build: impl AsyncFn(&Session) -> Result<(Proposal, T), CliError>,
    worse: impl Fn(&T, &T) -> bool,
) -> Result<(Sent, T), CliError> {
    let (mut proposal, agreed) = first;
    let (mut again, mut tries) = (None, 0);
    loop {
        match session.send(&proposal, signer).await {
            Err(CliError::Submit(cause)) if tries < TRIES && overtaken(&cause) => {
                tries += 1;
                tokio::time::sleep(PAUSE * tries).await;
                let (next, made) = build(session).await?;
                if worse(&agreed, &made) {
                    return Err(CliError::Worse);
                }
                (proposal, again) = (next, Some(made));
            }
            sent => return Ok((sent?, again.unwrap_or(agreed))),
        }
    }
}

/// Whether the node refused because another transaction took a box, or the oracle has published.
fn overtaken(cause: &SubmitError) -> bool {
    matches!(
        cause,
        SubmitError::Refused {
            kind: RefusalKind::DoubleSpend
                | RefusalKind::MissingInput
                | RefusalKind::MissingDataInput,
            ..
        }
    )
}

/// A policy in lines of what and how much, for those who found or verify.
pub(super) fn policy_lines(policy: &Policy, currency: &Currency) -> Vec<(&'static str, String)> {
    let show = |amount| format!("{} {}", currency.show(amount), currency.code());
    let gives = match policy.kind {
        Kind::Lets1 => format!(
            "a line of at most {} against ERG in the account",
            show(policy.credit)
        ),
        Kind::Lets2 => format!("a line of {}", show(policy.credit)),
        Kind::Lets3 => format!(
            "units for ERG, at most {} at once, and no debt",
            show(policy.credit)
        ),
        Kind::Lets4 => format!("{} to start with, and no debt", show(policy.credit)),
    };
    let mut lines = vec![
        ("kind", policy.kind.to_string()),
        ("gives", gives),
        ("cap", show(policy.cap)),
        ("deposit", format!("{} in each account", policy.floor)),
        (
            "fee",
            match policy.fee {
                NanoErg(0) => "none for joining".to_owned(),
                fee => format!("{fee} for joining, which stays in the pot"),
            },
        ),
    ];
    if policy.kind.has_rate() {
        let limits = policy.oracle;
        lines.push(("cover", format!("{} % of the price in ERG", policy.cover)));
        lines.push((
            "rates",
            format!(
                "from {} to {} for {}, not older than {}; after {} the oracle counts as dead",
                nano(limits.least),
                nano(limits.highest),
                show(lets_protocol::Amount::clamped(policy.units_per_quantity)),
                limits.oldest,
                limits.dead
            ),
        ));
    }
    if policy.kind == Kind::Lets1 {
        lines.push((
            "margin",
            format!(
                "{} %, then {} to mend it; whoever pays the debt takes {} % more",
                policy.margin, policy.grace, policy.discount
            ),
        ));
        lines.push((
            "lock",
            format!("{} before collateral can leave", policy.lock),
        ));
    }
    lines
}

/// A rate of the oracle's in ERG.
pub(super) fn nano(rate: i64) -> NanoErg {
    NanoErg(u64::try_from(rate).unwrap_or_default())
}
