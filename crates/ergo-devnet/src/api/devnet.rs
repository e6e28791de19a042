//! `/devnet`: what a test needs and no real node offers.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use ergo_lib::ergo_chain_types::{BlockId, Digest32};
use ergo_lib::ergotree_ir::chain::address::NetworkPrefix;
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::chain::tx_id::TxId;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ApiError, Shared, answer, body};
use crate::config::BlockTime;
use crate::judge::Refusal;
use crate::node::Node;
use crate::outcome::FundError;

pub(super) fn routes() -> Router<Arc<Node>> {
    Router::new()
        .route("/devnet/mine", post(mine))
        .route("/devnet/fund", post(fund))
        .route("/devnet/oracle", post(oracle))
        .route("/devnet/rollback", post(rollback))
        .route("/devnet/status", get(status))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Blocks {
    blocks: u32,
}

fn report(height: u32, header_id: BlockId, list: (&str, &[TxId]), dropped: &[Refusal]) -> Value {
    let ids: Vec<String> = list.1.iter().map(ToString::to_string).collect();
    let dropped: Vec<String> = dropped.iter().map(ToString::to_string).collect();
    json!({
        "height": height,
        "headerId": String::from(header_id.0),
        list.0: ids,
        "dropped": dropped,
    })
}

/// `{"blocks": n}` mines n blocks, however many: empty ones cost nothing.
async fn mine(State(node): Shared, text: String) -> Response {
    answer(node, move |node| {
        let Blocks { blocks } = body(&text)?;
        let done = node.mine(blocks)?;
        let list = ("transactions", done.included.as_slice());
        Ok(report(done.height, done.header_id, list, &done.dropped))
    })
    .await
}

/// `{"blocks": n}` takes n blocks back.
async fn rollback(State(node): Shared, text: String) -> Response {
    answer(node, move |node| {
        let Blocks { blocks } = body(&text)?;
        let done = node.rollback(blocks)?;
        let list = ("pool", done.pooled.as_slice());
        Ok(report(done.height, done.header_id, list, &done.dropped))
    })
    .await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Fund {
    address: Option<String>,
    ergo_tree: Option<String>,
    value: u64,
}

/// `{"address": "...", "value": nanoErg}`, or `"ergoTree"` in place of the address; answers the confirmed box.
async fn fund(State(node): Shared, text: String) -> Response {
    answer(node, move |node| {
        let asked: Fund = body(&text)?;
        let tree = match (asked.address, asked.ergo_tree) {
            (Some(address), None) => {
                let address = node
                    .encoder
                    .parse_address_from_str(&address)
                    .map_err(FundError::from)?;
                address.script().map_err(FundError::from)?
            }
            (None, Some(tree)) => {
                let bytes =
                    hex::decode(tree).map_err(|_| ApiError::bad_request("Invalid hex data"))?;
                ErgoTree::sigma_parse_bytes(&bytes).map_err(FundError::from)?
            }
            _ => return Err(ApiError::bad_request("give either address or ergoTree")),
        };
        let paid = node.fund(&tree, asked.value)?;
        serde_json::to_value(paid).map_err(|e| ApiError::internal(e.to_string()))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Publish {
    nft: Option<String>,
    rate: i64,
}

/// `{"rate": nanoErg}` makes an oracle pool that says so, with `"nft": "..."` that pool says it; answers the pool's box.
async fn oracle(State(node): Shared, text: String) -> Response {
    answer(node, move |node| {
        let asked: Publish = body(&text)?;
        let nft = match asked.nft {
            Some(text) => {
                let bad = |_| ApiError::bad_request("the nft is no token id");
                let digest = Digest32::try_from(text).map_err(bad)?;
                Some(TokenId::from(digest))
            }
            None => None,
        };
        let published = node.publish(nft, asked.rate)?;
        serde_json::to_value(published).map_err(|e| ApiError::internal(e.to_string()))
    })
    .await
}

async fn status(State(node): Shared) -> Response {
    answer(node, |node| {
        let state = node.read();
        let (kind, millis) = match node.block_time {
            BlockTime::Every(time) => ("every", Some(time.as_millis() as u64)),
            BlockTime::Instant => ("instant", None),
            BlockTime::Manual => ("manual", None),
        };
        let prefix = match node.network {
            NetworkPrefix::Mainnet => "mainnet",
            NetworkPrefix::Testnet => "testnet",
        };
        Ok(json!({
            "height": state.ledger.height(),
            "headerId": String::from(state.ledger.tip().0),
            "mined": state.ledger.mined(),
            "unconfirmed": state.pool.len(),
            "unspentBoxes": state.ledger.utxo_count(),
            "blockTime": kind,
            "blockTimeMillis": millis,
            "networkPrefix": prefix,
            "index": node.index,
        }))
    })
    .await
}
