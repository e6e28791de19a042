//! `lets node`: what the node says about itself, and whether it serves.

mod check;

pub(super) use check::run as check;

use ergo_node_client::NodeError;
use serde::Serialize;

use crate::commands::Env;
use crate::error::CliError;
use crate::output::Report;

#[derive(Serialize)]
struct NodeJson {
    url: String,
    name: String,
    version: String,
    network: Option<String>,
    height: Option<u32>,
    blocks_behind: u32,
    peers: Option<u32>,
    unconfirmed: Option<u32>,
    /// Height up to which the extra index has come; `null` if the node has none.
    indexed_height: Option<u32>,
}

pub(super) async fn run(env: &Env<'_>) -> Result<Report, CliError> {
    let session = env.session()?;
    let info = session.info().await?;
    let indexed = match session.client().indexed_height().await {
        Ok(indexed) => Some(indexed.indexed_height),
        Err(NodeError::NotIndexed { .. } | NodeError::IndexNotReady { .. }) => None,
        Err(e) => return Err(e.into()),
    };
    let data = NodeJson {
        url: session.client().url().to_owned(),
        blocks_behind: info.blocks_behind(),
        name: info.name,
        version: info.app_version,
        network: info.network,
        height: info.full_height,
        peers: info.peers_count,
        unconfirmed: info.unconfirmed_count,
        indexed_height: indexed,
    };
    let or_none = |n: Option<u32>| n.map_or("unknown".to_owned(), |n| n.to_string());
    let text = format!(
        "node     {} ({}, version {})\nnetwork  {}\nheight   {} ({} blocks behind)\nindex    {}\npool     {} transactions",
        data.url,
        data.name,
        data.version,
        data.network.as_deref().unwrap_or("unknown"),
        or_none(data.height),
        data.blocks_behind,
        match data.indexed_height {
            Some(height) => format!("up to height {height}"),
            None => "none: set `ergo.node.extraIndex = true`, or use another node".to_owned(),
        },
        or_none(data.unconfirmed),
    );
    Report::new(&data, text)
}
