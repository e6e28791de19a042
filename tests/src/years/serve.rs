//! The chain over the node's REST API, as far as whoever follows a chain asks for it: a node without the extra index.

use super::chain::{Chain, Reader};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The generator of the curve, in the place of a miner's key.
const GENERATOR: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

struct Node {
    chain: Reader,
    ids: HashMap<String, u32>,
    tip: AtomicU32,
}

/// A chain that is being served, until the runtime ends.
pub struct Served {
    /// Where, without a trailing slash.
    pub url: String,
    node: Arc<Node>,
}

impl Served {
    /// The height that it shows as the last.
    pub fn tip(&self) -> u32 {
        self.node.tip.load(Ordering::SeqCst)
    }

    /// Shows the chain only up to a height.
    pub fn show(&self, tip: u32) {
        self.node.tip.store(tip, Ordering::SeqCst);
    }
}

/// Serves a chain on a free port of 127.0.0.1.
pub async fn serve(chain: Chain) -> Served {
    let chain = chain.reader();
    let heights = super::FOUNDED - 19..=chain.tip();
    let ids = heights.filter_map(|h| Some((chain.id(h)?, h))).collect();
    let node = Arc::new(Node {
        tip: AtomicU32::new(chain.tip()),
        ids,
        chain,
    });
    let router = Router::new()
        .route("/info", get(info))
        .route("/blocks/lastHeaders/{count}", get(last_headers))
        .route("/blocks/at/{height}", get(ids_at))
        .route("/blocks/chainSlice", get(slice))
        .route("/blocks/{id}/header", get(header))
        .route("/blocks/{id}/transactions", get(transactions))
        .route(
            "/transactions/unconfirmed",
            get(|| async { Json(json!([])) }),
        )
        .route(
            "/transactions/unconfirmed/byTransactionId/{id}",
            get(|| async { missing() }),
        )
        .route("/utxo/withPool/byId/{id}", get(|| async { missing() }))
        .route("/blockchain/{*path}", any(|| async { no_index() }))
        .with_state(node.clone());
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, router).into_future());
    Served { url, node }
}

type Shared = State<Arc<Node>>;

fn missing() -> Response {
    let body = json!({ "error": 404, "reason": "not-found", "detail": null });
    (StatusCode::NOT_FOUND, Json(body)).into_response()
}

fn no_index() -> Response {
    let body = json!({ "error": 500, "reason": "internal.error", "detail": "Extra indexing is not enabled" });
    (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
}

impl Node {
    fn shown(&self) -> u32 {
        self.tip.load(Ordering::SeqCst)
    }

    fn header(&self, height: u32) -> Option<Value> {
        if height > self.shown() {
            return None;
        }
        let (id, parent) = (self.chain.id(height)?, self.chain.id(height - 1));
        let zero = "00".repeat(32);
        Some(json!({
            "extensionId": zero,
            "difficulty": "1",
            "votes": "000000",
            "timestamp": Reader::time(height),
            "size": 221,
            "unparsedBytes": "",
            "stateRoot": "00".repeat(33),
            "height": height,
            "nBits": 0x0101_0000,
            "version": 4,
            "id": id,
            "adProofsRoot": zero,
            "transactionsRoot": zero,
            "extensionHash": zero,
            "powSolutions": { "pk": GENERATOR, "w": GENERATOR, "n": "0000000000000000", "d": 0 },
            "adProofsId": zero,
            "transactionsId": zero,
            "parentId": parent.unwrap_or(zero.clone()),
        }))
    }

    fn headers(&self, from: u32, to: u32) -> Value {
        (from..=to.min(self.shown()))
            .filter_map(|h| self.header(h))
            .collect()
    }
}

async fn info(State(node): Shared) -> Json<Value> {
    let tip = node.shown();
    let id = node.chain.id(tip);
    Json(json!({
        "name": "years",
        "appVersion": "6.0.4",
        "network": "devnet",
        "stateType": "utxo",
        "headersHeight": tip,
        "fullHeight": tip,
        "bestHeaderId": id,
        "bestFullHeaderId": id,
        "genesisBlockId": "00".repeat(32),
        "currentTime": Reader::time(tip),
    }))
}

async fn last_headers(State(node): Shared, Path(count): Path<u32>) -> Json<Value> {
    let tip = node.shown();
    Json(node.headers((tip + 1).saturating_sub(count), tip))
}

async fn ids_at(State(node): Shared, Path(height): Path<u32>) -> Json<Value> {
    let id = (height <= node.shown())
        .then(|| node.chain.id(height))
        .flatten();
    Json(id.into_iter().collect())
}

async fn slice(State(node): Shared, Query(asked): Query<HashMap<String, u32>>) -> Json<Value> {
    let of = |name: &str| asked.get(name).copied().unwrap_or_default();
    // As the reference node has it, the slice begins after its first height.
    Json(node.headers(of("fromHeight") + 1, of("toHeight")))
}

async fn header(State(node): Shared, Path(id): Path<String>) -> Response {
    let header = node.ids.get(&id).and_then(|height| node.header(*height));
    header.map_or_else(missing, |header| Json(header).into_response())
}

async fn transactions(State(node): Shared, Path(id): Path<String>) -> Response {
    let Some(height) = node.ids.get(&id).copied() else {
        return missing();
    };
    let read = tokio::task::spawn_blocking(move || node.chain.transactions(height)).await;
    match read.ok().flatten() {
        Some(body) => ([(CONTENT_TYPE, "application/json")], body).into_response(),
        None => missing(),
    }
}
