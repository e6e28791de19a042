//! `/info` and `/blocks`.

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::get;
use ergo_lib::chain::parameters::Parameters;
use ergo_lib::ergo_chain_types::{BlockId, Digest32, blake2b256_hash};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ApiError, MAX_ITEMS, Shared, answer, id, query};
use crate::header::{BLOCK_VERSION, EPOCH_MS, HeaderFields, header_json, timestamp};
use crate::ledger::TxRecord;
use crate::node::Node;
use crate::view::tx_json;

/// Blocks between two changes of the parameters on mainnet.
const VOTING_EPOCH: u32 = 1_024;

pub(super) fn routes() -> Router<std::sync::Arc<Node>> {
    Router::new()
        .route("/info", get(info))
        .route("/blocks/lastHeaders/{count}", get(last_headers))
        .route("/blocks/at/{height}", get(ids_at))
        .route("/blocks/chainSlice", get(chain_slice))
        .route("/blocks/{id}", get(full_block))
        .route("/blocks/{id}/header", get(header))
        .route("/blocks/{id}/transactions", get(transactions))
}

async fn info(State(node): Shared) -> Response {
    answer(node, |node| {
        let state = node.read();
        let ledger = &state.ledger;
        let height = ledger.height();
        let tip = String::from(ledger.tip().0);
        let header = ledger.header_at(height).ok_or_else(ApiError::not_found)?;
        let shown = header_json(&header);
        Ok(json!({
            "name": "ergo-devnet",
            "appVersion": "6.0.4",
            "network": "devnet",
            "currentTime": timestamp(height),
            "launchTime": EPOCH_MS,
            "lastSeenMessageTime": timestamp(height),
            "headersHeight": height,
            "fullHeight": height,
            "maxPeerHeight": height,
            "bestHeaderId": tip,
            "bestFullHeaderId": tip,
            "previousFullHeaderId": String::from(header.parent_id.0),
            "genesisBlockId": String::from(ledger.id_at(1).0),
            "difficulty": 1,
            "headersScore": height,
            "fullBlocksScore": height,
            "unconfirmedCount": state.pool.len(),
            "stateRoot": shown["stateRoot"],
            "stateType": "utxo",
            "stateVersion": tip,
            "isMining": true,
            "isExplorer": node.index,
            "peersCount": 0,
            "eip27Supported": true,
            "eip37Supported": true,
            "parameters": parameters(&state.context.parameters, height),
        }))
    })
    .await
}

/// Schema `Parameters`.
fn parameters(parameters: &Parameters, height: u32) -> Value {
    json!({
        "height": height - height % VOTING_EPOCH,
        "blockVersion": parameters.block_version(),
        "storageFeeFactor": parameters.storage_fee_factor(),
        "minValuePerByte": parameters.min_value_per_byte(),
        "maxBlockSize": parameters.max_block_size(),
        "maxBlockCost": parameters.max_block_cost(),
        "tokenAccessCost": parameters.token_access_cost(),
        "inputCost": parameters.input_cost(),
        "dataInputCost": parameters.data_input_cost(),
        "outputCost": parameters.output_cost(),
    })
}

/// Ascending by height, as current nodes answer.
async fn last_headers(State(node): Shared, Path(count): Path<String>) -> Response {
    answer(node, move |node| {
        let count: u32 = count
            .parse()
            .map_err(|_| ApiError::bad_request("the number of headers should be a number"))?;
        if count > MAX_ITEMS {
            return Err(too_many());
        }
        let height = node.read().ledger.height();
        Ok(headers(node, height.saturating_sub(count) + 1, height))
    })
    .await
}

fn too_many() -> ApiError {
    ApiError::bad_request(format!("No more than {MAX_ITEMS} headers can be requested"))
}

/// Headers from one height to another, both included, as far as they exist.
fn headers(node: &Node, from: u32, to: u32) -> Value {
    let fields: Vec<HeaderFields> = {
        let state = node.read();
        (from..=to)
            .filter_map(|height| state.ledger.header_at(height))
            .collect()
    };
    fields.iter().map(header_json).collect()
}

/// An empty list above the tip, as the reference node answers.
async fn ids_at(State(node): Shared, Path(height): Path<String>) -> Response {
    answer(node, move |node| {
        let height: u32 = height
            .parse()
            .map_err(|_| ApiError::bad_request("the height should be a number"))?;
        let header = node.read().ledger.header_at(height);
        Ok(header
            .iter()
            .map(|header| String::from(header.id.0))
            .collect())
    })
    .await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Slice {
    from_height: Option<u32>,
    to_height: Option<u32>,
}

async fn chain_slice(State(node): Shared, slice: Result<Query<Slice>, QueryRejection>) -> Response {
    answer(node, move |node| {
        let Slice {
            from_height,
            to_height,
        } = query(slice)?;
        let from = from_height.unwrap_or(1);
        let to = to_height.unwrap_or(MAX_ITEMS);
        if to < from {
            return Err(ApiError::bad_request("toHeight < fromHeight"));
        }
        if to - from > MAX_ITEMS {
            return Err(too_many());
        }
        // As the node has it, the slice begins after `fromHeight`.
        Ok(headers(node, from.saturating_add(1), to))
    })
    .await
}

fn find(node: &Node, text: &str) -> Result<(HeaderFields, Vec<TxRecord>), ApiError> {
    let digest: Option<Digest32> = id(text)?;
    let state = node.read();
    let header = digest.and_then(|digest| state.ledger.header_by_id(&BlockId(digest)));
    let header = header.ok_or_else(ApiError::not_found)?;
    Ok((header, state.ledger.block_txs(header.height).to_vec()))
}

async fn header(State(node): Shared, Path(text): Path<String>) -> Response {
    answer(node, move |node| {
        find(node, &text).map(|(header, _)| header_json(&header))
    })
    .await
}

async fn transactions(State(node): Shared, Path(text): Path<String>) -> Response {
    answer(node, move |node| {
        let (header, txs) = find(node, &text)?;
        block_transactions(node, &header, &txs)
    })
    .await
}

/// Schema `BlockTransactions`.
fn block_transactions(
    node: &Node,
    header: &HeaderFields,
    txs: &[TxRecord],
) -> Result<Value, ApiError> {
    let all = txs.iter().map(|record| tx_json(&record.tx, &node.shown));
    let all: Vec<Value> = all.collect::<Result<_, _>>()?;
    Ok(json!({
        "headerId": String::from(header.id.0),
        "transactions": all,
        "blockVersion": BLOCK_VERSION,
        "size": txs.iter().map(|record| record.tx.bytes.len()).sum::<usize>(),
    }))
}

/// Schema `FullBlock`. Extension and proofs of state changes are empty.
async fn full_block(State(node): Shared, Path(text): Path<String>) -> Response {
    answer(node, move |node| {
        let (header, txs) = find(node, &text)?;
        let id = String::from(header.id.0);
        let empty = String::from(blake2b256_hash(&[]));
        let shown = header_json(&header);
        let transactions = block_transactions(node, &header, &txs)?;
        let size = |part: &Value| part["size"].as_u64().unwrap_or_default();
        Ok(json!({
            "size": size(&shown) + size(&transactions),
            "header": shown,
            "blockTransactions": transactions,
            "extension": { "headerId": id, "digest": empty, "fields": [] },
            "adProofs": { "headerId": id, "proofBytes": "", "digest": empty, "size": 0 },
        }))
    })
    .await
}
