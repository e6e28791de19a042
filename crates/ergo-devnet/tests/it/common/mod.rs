//! What the HTTP tests share: a devnet, a plain client for it, and the client's own state context.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "test helpers; each test file uses some of them"
)]

pub(crate) mod keys;
pub(crate) mod schema;

use ergo_devnet::{BlockTime, Devnet, DevnetConfig};
use ergo_lib::chain::ergo_state_context::ErgoStateContext;
use ergo_lib::chain::parameters::Parameters;
use ergo_lib::chain::transaction::Transaction;
use ergo_lib::ergo_chain_types::{Header, PreHeader};
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use serde_json::{Value, json};

/// One ERG in nanoErg.
pub(crate) const ERG: u64 = 1_000_000_000;
/// The usual fee in nanoErg.
pub(crate) const FEE: u64 = 1_100_000;

/// A devnet that is spoken to over HTTP only.
pub(crate) struct Chain {
    pub(crate) devnet: Devnet,
    http: reqwest::Client,
}

pub(crate) async fn start(config: DevnetConfig) -> Chain {
    Chain {
        devnet: Devnet::start(config).await.unwrap(),
        http: reqwest::Client::builder().no_proxy().build().unwrap(),
    }
}

/// A chain that mines only when asked.
pub(crate) async fn manual() -> Chain {
    start(DevnetConfig {
        block_time: BlockTime::Manual,
        ..DevnetConfig::default()
    })
    .await
}

impl Chain {
    async fn answer(&self, request: reqwest::RequestBuilder) -> (u16, String) {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.text().await.unwrap())
    }

    pub(crate) async fn raw_get(&self, path: &str) -> (u16, String) {
        let url = format!("{}{path}", self.devnet.url());
        self.answer(self.http.get(url)).await
    }

    pub(crate) async fn raw_post(&self, path: &str, body: &str) -> (u16, String) {
        let url = format!("{}{path}", self.devnet.url());
        self.answer(self.http.post(url).body(body.to_owned())).await
    }

    pub(crate) async fn head(&self, path: &str) -> u16 {
        let url = format!("{}{path}", self.devnet.url());
        self.answer(self.http.head(url)).await.0
    }

    pub(crate) async fn try_get(&self, path: &str) -> (u16, Value) {
        let (status, text) = self.raw_get(path).await;
        (status, serde_json::from_str(&text).unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, value) = self.try_get(path).await;
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    pub(crate) async fn try_post(&self, path: &str, body: &Value) -> (u16, Value) {
        let (status, text) = self.raw_post(path, &body.to_string()).await;
        (status, serde_json::from_str(&text).unwrap())
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let (status, value) = self.try_post(path, body).await;
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    pub(crate) async fn submit(&self, tx: &Transaction) -> Value {
        self.post("/transactions", &serde_json::to_value(tx).unwrap())
            .await
    }

    /// The detail of a refusal, which must be a 400 in the node's shape.
    pub(crate) async fn refusal(&self, tx: &Transaction) -> String {
        self.refused_body("/transactions", &serde_json::to_value(tx).unwrap())
            .await
    }

    pub(crate) async fn refused_body(&self, path: &str, body: &Value) -> String {
        let (status, answer) = self.try_post(path, body).await;
        assert_eq!(status, 400, "{answer}");
        assert_eq!(answer["error"], 400);
        assert_eq!(answer["reason"], "bad.request");
        answer["detail"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn mine(&self, blocks: u32) -> Value {
        self.post("/devnet/mine", &json!({ "blocks": blocks }))
            .await
    }

    pub(crate) async fn rollback(&self, blocks: u32) -> Value {
        self.post("/devnet/rollback", &json!({ "blocks": blocks }))
            .await
    }

    /// A confirmed box of somebody's.
    pub(crate) async fn fund(&self, person: &keys::Person, value: u64) -> ErgoBox {
        let asked = json!({ "address": person.address, "value": value });
        serde_json::from_value(self.post("/devnet/fund", &asked).await).unwrap()
    }

    /// What a client makes of `/blocks/lastHeaders/10` and `/info`.
    pub(crate) async fn context(&self) -> ErgoStateContext {
        let mut headers: Vec<Header> =
            serde_json::from_value(self.get("/blocks/lastHeaders/10").await).unwrap();
        headers.reverse();
        let tip = headers[0].clone();
        let info = self.get("/info").await;
        let mut parameters = info["parameters"].clone();
        parameters.as_object_mut().unwrap().remove("height");
        let number = |name: &str| parameters[name].as_i64().unwrap() as i32;
        let parameters = Parameters::new(
            number("blockVersion"),
            number("storageFeeFactor"),
            number("minValuePerByte"),
            number("maxBlockSize"),
            number("maxBlockCost"),
            number("tokenAccessCost"),
            number("inputCost"),
            number("dataInputCost"),
            number("outputCost"),
        );
        let mut pre_header = PreHeader::from(tip.clone());
        pre_header.parent_id = tip.id;
        pre_header.height = tip.height + 1;
        pre_header.timestamp = tip.timestamp + 120_000;
        ErgoStateContext::new(pre_header, headers.try_into().unwrap(), parameters)
    }
}

pub(crate) fn ids(list: &Value, field: &str) -> Vec<String> {
    let items = list.as_array().unwrap();
    items
        .iter()
        .map(|item| item[field].as_str().unwrap().to_owned())
        .collect()
}
