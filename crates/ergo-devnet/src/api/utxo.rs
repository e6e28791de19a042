//! `/utxo`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use ergo_lib::ergotree_ir::chain::ergo_box::BoxId;

use super::{ApiError, Shared, answer, body, id};
use crate::node::Node;

pub(super) fn routes() -> Router<Arc<Node>> {
    Router::new()
        .route("/utxo/byId/{id}", get(by_id))
        .route("/utxo/withPool/byId/{id}", get(with_pool))
        .route("/utxo/withPool/byIds", post(with_pool_many))
        .route("/utxo/genesis", get(genesis))
}

async fn by_id(State(node): Shared, Path(text): Path<String>) -> Response {
    answer(node, move |node| {
        let found = id::<BoxId>(&text)?.and_then(|id| node.read().ledger.unspent(&id).cloned());
        let found = found.ok_or_else(ApiError::not_found)?;
        Ok(node.shown.object(&found)?.into())
    })
    .await
}

/// Also a box that is already spent in the pool, as the reference node does.
async fn with_pool(State(node): Shared, Path(text): Path<String>) -> Response {
    answer(node, move |node| {
        let found = id::<BoxId>(&text)?.and_then(|id| node.read().box_with_pool(&id).cloned());
        let found = found.ok_or_else(ApiError::not_found)?;
        Ok(node.shown.object(&found)?.into())
    })
    .await
}

/// The boxes that exist, in the order asked; unknown ids are left out.
async fn with_pool_many(State(node): Shared, text: String) -> Response {
    answer(node, move |node| {
        let mut ids = Vec::new();
        for text in body::<Vec<String>>(&text)? {
            ids.extend(id::<BoxId>(&text)?);
        }
        let found: Vec<_> = {
            let state = node.read();
            ids.iter()
                .filter_map(|id| state.box_with_pool(id).cloned())
                .collect()
        };
        let shown: Result<Vec<_>, _> = found.iter().map(|data| node.shown.object(data)).collect();
        Ok(shown?.into())
    })
    .await
}

async fn genesis(State(node): Shared) -> Response {
    answer(node, |node| {
        Ok(vec![node.shown.object(node.genesis())?].into())
    })
    .await
}
