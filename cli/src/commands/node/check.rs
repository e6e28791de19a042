//! `lets node check`: what each node can do, and what of it is missing for which command.

use std::time::{SystemTime, UNIX_EPOCH};

use ergo_lib::chain::transaction::TxId;
use ergo_node_client::{NodeClient, NodeError, NodeInfo, NodeOptions};
use serde::Serialize;

use crate::commands::Env;
use crate::error::CliError;
use crate::manifest::{Manifest, Network};
use crate::output::Report;

/// So many blocks a node may be behind and still be in step: for a moment after each block it is one.
const IN_STEP: u32 = 2;
/// Milliseconds by which a node's clock may differ.
const CLOCK: u64 = 60_000;
/// Milliseconds without a block after which a chain is remarkable: thirty times the usual two minutes.
const QUIET: u64 = 60 * 60_000;
/// Block version from which scripts like ours are understood.
const BLOCK_VERSION: u8 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Ok,
    /// It works, and somebody should look at it.
    Warning,
    Missing,
}

#[derive(Debug, Serialize)]
struct Check {
    what: &'static str,
    state: State,
    says: String,
    /// What does not work without it; nothing if it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    needed_for: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct NodeChecked {
    url: String,
    checks: Vec<Check>,
}

/// What is missing, in words.
const EVERYTHING: &str = "everything";
const READING: &str = "every command that reads the LETS: balance, members, pay, audit ...";
/// What the ledger cannot stand in for.
const INDEXED: &str = "speed alone; every block is read instead";
const SIGNING: &str = "every command that signs: pay, claim, apply, admit ...";
const MEMOS: &str = "memos of direct payments, reasons of write-offs, the audit of scripts";
const WAITING: &str = "seeing whether a payment waits in the pool";

pub(in crate::commands) async fn run(env: &Env<'_>) -> Result<Report, CliError> {
    let manifest = match env.manifest_path().exists() {
        true => Some(Manifest::load(&env.manifest_path())?.0),
        false => None,
    };
    let network = manifest.as_ref().map(|m| m.network).or(env.global.network);
    let founding = manifest.as_ref().map(|m| m.founding.transactions[4]);
    let mut nodes = Vec::new();
    for url in &env.global.nodes {
        let client = NodeClient::new(url, NodeOptions::default())?;
        nodes.push(NodeChecked {
            url: client.url().to_owned(),
            checks: checks(&client, network, founding.as_ref()).await,
        });
    }
    let text = nodes.iter().map(told).collect::<Vec<_>>().join("\n\n");
    let missing: Vec<String> = nodes.iter().flat_map(problems).collect();
    match missing.is_empty() {
        true => Report::new(&nodes, text),
        false => {
            env.out.note(&text);
            Err(CliError::NodeLacks { missing })
        }
    }
}

fn told(node: &NodeChecked) -> String {
    let mut lines = vec![format!("node     {}", node.url)];
    lines.extend(node.checks.iter().map(|check| {
        let word = match check.state {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Missing => "missing",
        };
        format!("{word:8} {}: {}", check.what, check.says)
    }));
    lines.join("\n")
}

fn problems(node: &NodeChecked) -> Vec<String> {
    let missing = node.checks.iter().filter(|c| c.state == State::Missing);
    let line = |c: &Check| {
        let needed = c.needed_for.unwrap_or(EVERYTHING);
        format!("{}: {}: {} (needed for {needed})", node.url, c.what, c.says)
    };
    missing.map(line).collect()
}

fn good(what: &'static str, says: impl Into<String>) -> Check {
    Check {
        what,
        state: State::Ok,
        says: says.into(),
        needed_for: None,
    }
}

fn missing(what: &'static str, says: impl Into<String>, needed_for: &'static str) -> Check {
    Check {
        what,
        state: State::Missing,
        says: says.into(),
        needed_for: Some(needed_for),
    }
}

fn warning(what: &'static str, says: impl Into<String>) -> Check {
    Check {
        state: State::Warning,
        ..good(what, says)
    }
}

async fn checks(
    client: &NodeClient,
    network: Option<Network>,
    founding: Option<&TxId>,
) -> Vec<Check> {
    let info = match client.info().await {
        Ok(info) => info,
        Err(e) => return vec![missing("answer", e.to_string(), EVERYTHING)],
    };
    let mut checks = vec![good(
        "answer",
        format!("{}, version {}", info.name, info.app_version),
    )];
    checks.extend(network_check(&info, network));
    checks.push(step(&info));
    checks.push(context(client).await);
    checks.push(index(client).await);
    if let Some(id) = founding {
        checks.push(proofs(client, id).await);
    }
    checks.push(pool(client).await);
    checks.extend(clock(&info));
    checks
}

fn network_check(info: &NodeInfo, wanted: Option<Network>) -> Option<Check> {
    let found = info.network.as_deref();
    let wanted = wanted?;
    let says = found.unwrap_or("it does not say").to_owned();
    Some(match found.and_then(|n| n.parse::<Network>().ok()) {
        Some(network) if network != wanted => missing(
            "network",
            format!("{says}, and the LETS is on {}", wanted.name()),
            EVERYTHING,
        ),
        _ => good("network", says),
    })
}

fn step(info: &NodeInfo) -> Check {
    let behind = info.blocks_behind();
    let height = info.full_height.unwrap_or(0);
    match behind <= IN_STEP && info.full_height.is_some() {
        true => good("height", format!("{height}, {behind} blocks behind")),
        false => missing(
            "height",
            format!("{height}, {behind} blocks behind: it shows what was"),
            EVERYTHING,
        ),
    }
}

async fn context(client: &NodeClient) -> Check {
    match client.state_context().await {
        Ok(context) if context.pre_header.version < BLOCK_VERSION => missing(
            "protocol",
            format!("block version {}", context.pre_header.version),
            EVERYTHING,
        ),
        Ok(context) => {
            let newest = context.headers[0].timestamp;
            let age = now().saturating_sub(newest);
            match age > QUIET {
                true => warning(
                    "headers",
                    format!("the last block is {} minutes old", age / 60_000),
                ),
                false => good("headers", "the last ten, in a chain"),
            }
        }
        Err(e) => missing("headers", e.to_string(), SIGNING),
    }
}

async fn index(client: &NodeClient) -> Check {
    match client.indexed_height().await {
        Ok(index) if index.behind() > IN_STEP => missing(
            "index",
            format!(
                "it has come to height {}, {} blocks behind",
                index.indexed_height,
                index.behind()
            ),
            READING,
        ),
        Ok(index) => good("index", format!("up to height {}", index.indexed_height)),
        Err(e @ NodeError::NotIndexed { .. }) => missing("index", e.to_string(), INDEXED),
        Err(e) => missing("index", e.to_string(), READING),
    }
}

/// Whether the index gives the inputs' proofs and context variables.
async fn proofs(client: &NodeClient, founding: &TxId) -> Check {
    match client.indexed_transaction(founding).await {
        Ok(Some(found)) if found.transaction.is_some() => good("proofs", "given with transactions"),
        Ok(Some(_)) => missing(
            "proofs",
            "transactions come without proofs and context variables",
            MEMOS,
        ),
        Ok(None) => missing(
            "proofs",
            "it does not know the founding of the LETS",
            READING,
        ),
        Err(e @ NodeError::NotIndexed { .. }) => missing("proofs", e.to_string(), MEMOS),
        Err(e) => missing("proofs", e.to_string(), READING),
    }
}

async fn pool(client: &NodeClient) -> Check {
    match client.unconfirmed_all().await {
        Ok(waiting) => good("pool", format!("{} transactions", waiting.len())),
        Err(e) => missing("pool", e.to_string(), WAITING),
    }
}

fn clock(info: &NodeInfo) -> Option<Check> {
    let differs = now().abs_diff(info.current_time?);
    Some(match differs > CLOCK {
        true => warning(
            "clock",
            format!("it differs from this machine's by {} s", differs / 1_000),
        ),
        false => good("clock", "as this machine's"),
    })
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}
