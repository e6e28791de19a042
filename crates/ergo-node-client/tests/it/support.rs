//! A server that answers from a function and remembers what it was asked, and items to answer with.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use ergo_lib::chain::transaction::Transaction;
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::ergo_tree::{ErgoTree, ErgoTreeError};
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::wallet::miner_fee::MINERS_FEE_BASE16_BYTES;
use ergo_node_client::{NodeClient, NodeOptions};
use serde_json::{Value, json};

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    /// A number in the query.
    pub(crate) fn number(&self, name: &str) -> usize {
        let found = self
            .query
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        found
            .unwrap_or_else(|| panic!("no {name} in {}", self.query))
            .parse()
            .unwrap()
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.query
            .split('&')
            .any(|pair| pair == format!("{name}=true"))
    }
}

/// A fixture server; it stops when dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Answers every request with `answer`.
    pub(crate) async fn start(answer: impl Fn(&Seen) -> Response + Send + Sync + 'static) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&seen), Arc::new(answer));
        let handler = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let request = Seen {
                method,
                path: uri.path().to_owned(),
                query: uri.query().unwrap_or_default().to_owned(),
                headers,
                body: String::from_utf8(body.to_vec()).unwrap(),
            };
            log.lock().unwrap().push(request.clone());
            let reply = answer(&request);
            async move { reply }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(handler);
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, seen, task }
    }

    pub(crate) fn client(&self) -> NodeClient {
        NodeClient::new(&self.url, quick()).unwrap()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn hits(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Options with short pauses, so that repetitions cost no time.
pub(crate) fn quick() -> NodeOptions {
    NodeOptions {
        retry_delay: Duration::from_millis(1),
        ..NodeOptions::default()
    }
}

pub(crate) fn reply(status: u16, content_type: &str, body: impl Into<String>) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (
        status,
        [(header::CONTENT_TYPE, content_type.to_owned())],
        body.into(),
    )
        .into_response()
}

pub(crate) fn json_reply(status: u16, body: &Value) -> Response {
    reply(status, "application/json", body.to_string())
}

/// The reference node's answer for an id that it does not know.
pub(crate) fn not_found() -> Response {
    json_reply(
        404,
        &json!({ "error": 404, "reason": "not-found", "detail": null }),
    )
}

/// What an unknown route brings on most nodes.
pub(crate) fn empty_404() -> Response {
    StatusCode::NOT_FOUND.into_response()
}

/// Transaction 0e6acf3f… of the main network: a proof, a data input, a token, registers, three outputs.
pub(crate) fn recorded_transaction_json() -> Value {
    serde_json::from_str(include_str!("recorded/transaction.json")).unwrap()
}

pub(crate) fn recorded_transaction() -> Transaction {
    let read: Transaction = serde_json::from_value(recorded_transaction_json()).unwrap();
    let outputs = read.output_candidates.iter().map(|output| {
        let mut output = output.clone();
        output.ergo_tree = as_read(&output.ergo_tree);
        output
    });
    let (inputs, data_inputs) = (read.inputs.to_vec(), read.data_inputs.iter().flatten());
    Transaction::new_from_vec(inputs, data_inputs.cloned().collect(), outputs.collect()).unwrap()
}

/// A script as the client reads it: bytes, unless it is a key's or the fee's.
fn as_read(tree: &ErgoTree) -> ErgoTree {
    let tree_bytes = tree.sigma_serialize_bytes().unwrap();
    let is_fee = tree.to_base16_bytes().unwrap() == MINERS_FEE_BASE16_BYTES;
    match is_fee || tree_bytes.starts_with(&[0, 8, 0xcd]) {
        true => tree.clone(),
        false => ErgoTree::Unparsed {
            tree_bytes,
            error: ErgoTreeError::IoError("not parsed: another's script".to_owned()),
        },
    }
}

/// Its first output, which holds a token and three registers.
pub(crate) fn recorded_box_json() -> Value {
    recorded_transaction_json()["outputs"][0].clone()
}

pub(crate) fn recorded_box() -> ErgoBox {
    recorded_transaction().outputs.first().clone()
}

/// Header 540000 of the main network.
pub(crate) fn recorded_header_json() -> Value {
    serde_json::from_str(include_str!("recorded/header.json")).unwrap()
}

/// A chain of `count` headers up to height `tip`, oldest first, made from the recorded one with invented ids.
pub(crate) fn header_chain(count: u32, tip: u32) -> Vec<Value> {
    let id = |height: u32| format!("{height:064x}");
    (tip + 1 - count..=tip)
        .map(|height| {
            let mut header = recorded_header_json();
            header["id"] = json!(id(height));
            header["parentId"] = json!(id(height - 1));
            header["height"] = json!(height);
            header["timestamp"] = json!(1_700_000_000_000u64 + u64::from(height) * 1000);
            header
        })
        .collect()
}

/// An `/info` as the reference node writes it (shortened), for a node with all blocks up to `height` applied.
pub(crate) fn info_json(height: u32) -> Value {
    serde_json::from_str::<Value>(&format!(
        r#"{{
        "lastMemPoolUpdateTime": 1700000000000, "currentTime": 1700000001000, "network": "mainnet",
        "name": "ergo-mainnet-6.0.4", "stateType": "utxo", "difficulty": 1371769604669440, "launchTime": 1690000000000,
        "bestFullHeaderId": "{height:064x}", "bestHeaderId": "{height:064x}", "fullHeight": {height},
        "headersHeight": {height}, "maxPeerHeight": {height}, "peersCount": 30, "unconfirmedCount": 3,
        "appVersion": "6.0.4", "eip37Supported": true, "isMining": false,
        "headersScore": 3143523425345345345345345345345, "fullBlocksScore": 3143523425345345345345345345345,
        "genesisBlockId": "b0244dfc267baca974a4caee06120321562784303a8a688976ae56170e4d175b",
        "parameters": {{ "outputCost": 197, "tokenAccessCost": 100, "maxBlockCost": 8001091, "height": 1628160,
            "maxBlockSize": 1271009, "dataInputCost": 100, "blockVersion": 4, "inputCost": 2407,
            "storageFeeFactor": 1250000, "minValuePerByte": 360 }}
        }}"#
    ))
    .unwrap()
}
