//! The routes, in the reference node's shapes (version 6.0.4).

mod blockchain;
mod blocks;
mod devnet;
mod error;
mod transactions;
mod utxo;

use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use ergo_lib::chain::transaction::Transaction;
use ergo_lib::ergo_chain_types::Digest32;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::node::Node;
pub(crate) use error::ApiError;

/// Most items that one request may ask for (`BlocksApiRoute.MaxHeaders`, `BlockchainApiRoute.MaxItems`).
const MAX_ITEMS: u32 = 16_384;

/// Largest body taken, in bytes: a transaction of the pool's size limit in JSON, with room.
const MAX_BODY: usize = 2 * 1024 * 1024;

/// All routes. An unknown one answers 404 without a body.
pub(crate) fn router(node: Arc<Node>) -> Router {
    Router::new()
        .merge(blocks::routes())
        .merge(transactions::routes())
        .merge(utxo::routes())
        .merge(blockchain::routes(node.index))
        .merge(devnet::routes())
        .layer(axum::extract::DefaultBodyLimit::max(MAX_BODY))
        .with_state(node)
}

type Shared = axum::extract::State<Arc<Node>>;

/// Answers on a thread that may block: parsing, rendering and judging take their time there. A panic inside the
/// interpreter ends as an error here, not as a dead server.
async fn answer<F>(node: Arc<Node>, work: F) -> Response
where
    F: FnOnce(&Node) -> Result<Value, ApiError> + Send + 'static,
{
    let done = tokio::task::spawn_blocking(move || work(&node).map(|value| value.to_string()));
    match done.await {
        Ok(Ok(json)) => ([(CONTENT_TYPE, "application/json")], json).into_response(),
        Ok(Err(error)) => error.into_response(),
        Err(_) => ApiError::internal("the request's work ended in a panic").into_response(),
    }
}

/// `offset` and `limit`; negative and unreadable ones are refused.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Page {
    offset: Option<u32>,
    limit: Option<u32>,
}

impl Page {
    fn cut<T>(&self, default: u32, items: impl Iterator<Item = T>) -> Vec<T> {
        let (offset, limit) = (self.offset.unwrap_or(0), self.limit.unwrap_or(default));
        items.skip(offset as usize).take(limit as usize).collect()
    }

    /// Refuses too many; `what` is the plural of what is asked for.
    fn limited(self, what: &str) -> Result<Self, ApiError> {
        if self.limit.is_some_and(|limit| limit > MAX_ITEMS) {
            return Err(ApiError::bad_request(format!(
                "No more than {MAX_ITEMS} {what} can be requested"
            )));
        }
        Ok(self)
    }
}

fn query<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, ApiError> {
    query
        .map(|Query(value)| value)
        .map_err(|e| ApiError::bad_request(e.body_text()))
}

/// A body that is JSON of some type. The content type is not looked at.
fn body<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    serde_json::from_str(text)
        .map_err(|e| ApiError::bad_request(format!("The request content was malformed:\n{e}")))
}

/// A transaction in a body. Deep nesting is refused by the JSON parser, not by the stack.
fn transaction(text: &str) -> Result<Transaction, ApiError> {
    body(text)
}

/// An id in a path or body: `None` when it is hexadecimal of another length, which no id can be.
fn id<T: From<Digest32>>(text: &str) -> Result<Option<T>, ApiError> {
    let bytes = hex::decode(text).map_err(|_| ApiError::bad_request("Wrong modifierId format"))?;
    Ok(<[u8; 32]>::try_from(bytes)
        .ok()
        .map(|bytes| T::from(Digest32::from(bytes))))
}
