//! A node's answers without a node, for those who feed the readers with damaged ones.

use ergo_lib::chain::parameters::Parameters;
use ergo_lib::chain::transaction::TxId;
use ergo_lib::ergo_chain_types::BlockId;
use reqwest::StatusCode;
use serde_json::Value;

use crate::error::{Endpoint, NodeError};
use crate::index::{BoxEntry, IndexedBox, IndexedHeight, TokenInfo};
use crate::layout::Budget;
use crate::lists::Page;
use crate::outline::Outline;
use crate::refusal::refusal;
use crate::sound::Sound;
use crate::transport::Answer;
use crate::wallet::WalletStatus;

type Reader = fn(&Answer, Value) -> Result<(), NodeError>;

/// Every kind of answer that this crate reads.
const READERS: [Reader; 15] = [
    |a, _| a.node_info().map(drop),
    |a, v| a.header(v).map(drop),
    |a, v| a.array("the list", v).map(drop),
    |a, v| a.ergo_box(v).map(drop),
    |a, v| a.transaction(v).map(drop),
    |a, _| outline(a),
    |a, v| a.indexed_box(v).map(drop),
    |a, v| a.indexed_transaction(v).map(drop),
    |a, _| Page::<IndexedBox>::parsed(a).map(drop),
    |a, _| Page::<BoxEntry>::parsed(a).map(drop),
    |a, v| a.item::<IndexedHeight>("the height", v).map(drop),
    |a, v| a.item::<TokenInfo>("the token", v).map(drop),
    |a, v| a.item::<WalletStatus>("the wallet", v).map(drop),
    |a, v| a.item::<Vec<BlockId>>("the ids", v).map(drop),
    |a, v| a.item::<Parameters>("the parameters", v).map(drop),
];

fn outline(answer: &Answer) -> Result<(), NodeError> {
    let text = String::from_utf8_lossy(&answer.body);
    let read = Outline::read(&text, &Sound::new(), &Budget::new());
    let otherwise = || answer.malformed("the transaction", "it is written in another way");
    read.map(drop).ok_or_else(otherwise)
}

/// Reads a body as every kind of answer, good and bad. Returns how many of the kinds it is, and what is said of the others.
pub fn read_as_everything(body: &[u8]) -> (usize, Vec<String>) {
    let answer = |status| Answer {
        at: Endpoint {
            method: "GET",
            url: "http://node".to_owned(),
        },
        status,
        retry_after: None,
        body: body.to_vec(),
        budget: Budget::new(),
    };
    let mut said = Vec::new();
    for status in [
        StatusCode::BAD_REQUEST,
        StatusCode::NOT_FOUND,
        StatusCode::INTERNAL_SERVER_ERROR,
    ] {
        said.extend(answer(status).judged().err().map(|e| e.to_string()));
    }
    let refused = refusal(answer(StatusCode::BAD_REQUEST), TxId::zero());
    said.extend(refused.map(|e| e.to_string()));
    let answer = answer(StatusCode::OK);
    let value = match answer.json() {
        Ok(value) => value,
        Err(e) => {
            said.push(e.to_string());
            return (0, said);
        }
    };
    let mut read = 0;
    for reader in READERS {
        match reader(&answer, value.clone()) {
            Ok(()) => read += 1,
            Err(e) => said.push(e.to_string()),
        }
    }
    (read, said)
}
