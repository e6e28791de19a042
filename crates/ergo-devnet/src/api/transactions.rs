//! `/transactions`.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, head, post};
use ergo_lib::ergotree_ir::chain::tx_id::TxId;
use serde::Deserialize;
use serde_json::Value;

use super::{ApiError, Page, Shared, answer, body, id, query, transaction};
use crate::judge::MIN_FEE;
use crate::node::Node;
use crate::prepared::script_bytes_key;
use crate::view::{PoolTx, ViewError};

/// Items on a page of the pool unless asked otherwise.
const PAGE: u32 = 50;

pub(super) fn routes() -> Router<Arc<Node>> {
    Router::new()
        .route("/transactions", post(submit))
        .route("/transactions/check", post(check))
        .route("/transactions/getFee", get(recommended_fee))
        .route("/transactions/unconfirmed", get(unconfirmed))
        .route("/transactions/unconfirmed/size", get(size))
        .route("/transactions/unconfirmed/transactionIds", get(ids))
        .route(
            "/transactions/unconfirmed/byTransactionIds",
            post(known_ids),
        )
        .route("/transactions/unconfirmed/byTransactionId/{id}", get(by_id))
        .route("/transactions/unconfirmed/byErgoTree", post(by_ergo_tree))
        .route("/transactions/unconfirmed/{id}", head(contains))
}

async fn submit(State(node): Shared, text: String) -> Response {
    answer(node, move |node| {
        let id = node.submit(&transaction(&text)?)?;
        Ok(id.to_string().into())
    })
    .await
}

async fn check(State(node): Shared, text: String) -> Response {
    answer(node, move |node| {
        let id = node.check(&transaction(&text)?)?;
        Ok(id.to_string().into())
    })
    .await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FeeQuery {
    #[serde(rename = "waitTime")]
    _wait_time: Option<u32>,
    tx_size: Option<u32>,
}

/// The average fee per byte of the last block with transactions, times the size; without such a block the minimum.
/// Like the reference node's, this may be far below the minimum that its pool demands.
async fn recommended_fee(
    State(node): Shared,
    asked: Result<Query<FeeQuery>, QueryRejection>,
) -> Response {
    answer(node, move |node| {
        let size = u64::from(query(asked)?.tx_size.unwrap_or(100));
        let state = node.read();
        let txs = state.ledger.last_full_block_txs();
        let per_kilobyte = |fee: u64, bytes: usize| fee.saturating_mul(1_024) / bytes as u64;
        let fees: u64 = txs
            .iter()
            .map(|r| per_kilobyte(r.tx.fee, r.tx.bytes.len()))
            .sum();
        Ok(match txs.len() as u64 {
            0 => MIN_FEE,
            count => (fees / count).saturating_mul(size) / 1_024,
        }
        .into())
    })
    .await
}

/// Transactions of the pool that a test picks, as `ErgoTransactionWithInputBoxes`.
fn pool_page(node: &Node, page: Page, pick: impl Fn(&PoolTx) -> bool) -> Result<Value, ApiError> {
    let txs: Vec<PoolTx> = {
        let state = node.read();
        let all = state
            .pool
            .iter()
            .map(|entry| PoolTx::new(&state, &entry.tx));
        page.cut(PAGE, all.filter(|tx| pick(tx)))
    };
    let shown: Result<Vec<Value>, ViewError> = txs.iter().map(|tx| tx.json(&node.shown)).collect();
    Ok(shown?.into())
}

async fn unconfirmed(State(node): Shared, page: Result<Query<Page>, QueryRejection>) -> Response {
    answer(node, move |node| pool_page(node, query(page)?, |_| true)).await
}

async fn by_ergo_tree(
    State(node): Shared,
    page: Result<Query<Page>, QueryRejection>,
    text: String,
) -> Response {
    answer(node, move |node| {
        let tree: String = body(&text)?;
        let bytes = hex::decode(tree).map_err(|_| ApiError::bad_request("Invalid hex data"))?;
        let key = script_bytes_key(&bytes);
        pool_page(node, query(page)?, |tx| tx.touches(&key))
    })
    .await
}

async fn size(State(node): Shared) -> Response {
    answer(node, |node| Ok(node.read().pool.len().into())).await
}

async fn ids(State(node): Shared) -> Response {
    answer(node, |node| {
        let state = node.read();
        Ok(state
            .pool
            .iter()
            .map(|entry| entry.tx.id.to_string())
            .collect())
    })
    .await
}

/// Those of the ids that are in the pool.
async fn known_ids(State(node): Shared, text: String) -> Response {
    answer(node, move |node| {
        let mut known = Vec::new();
        for text in body::<Vec<String>>(&text)? {
            let id: Option<TxId> = id(&text)?;
            if id.is_some_and(|id| node.read().pool.get(&id).is_some()) {
                known.push(text);
            }
        }
        Ok(known.into())
    })
    .await
}

async fn by_id(State(node): Shared, Path(text): Path<String>) -> Response {
    answer(node, move |node| {
        let found = id::<TxId>(&text)?.and_then(|id| {
            let state = node.read();
            state
                .pool
                .get(&id)
                .map(|entry| PoolTx::new(&state, &entry.tx))
        });
        Ok(found.ok_or_else(ApiError::not_found)?.json(&node.shown)?)
    })
    .await
}

async fn contains(State(node): Shared, Path(text): Path<String>) -> StatusCode {
    match id::<TxId>(&text) {
        Ok(Some(id)) if node.read().pool.get(&id).is_some() => StatusCode::OK,
        Ok(_) => StatusCode::NOT_FOUND,
        Err(_) => StatusCode::BAD_REQUEST,
    }
}
