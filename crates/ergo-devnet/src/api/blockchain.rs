//! `/blockchain`: the index, which a reference node offers with `extraIndex` on.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{any, get, post};
use ergo_lib::ergotree_ir::chain::ergo_box::BoxId;
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::chain::tx_id::TxId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ApiError, Page, Shared, answer, body, id, query};
use crate::node::Node;
use crate::node::State as Chain;
use crate::prepared::{BoxData, ScriptKey, script_bytes_key, script_key};
use crate::view::{IndexedBox, IndexedTx, TokenInfo, ViewError};

/// Items on a page unless asked otherwise.
const PAGE: u32 = 5;

pub(super) fn routes(index: bool) -> Router<Arc<Node>> {
    if !index {
        return Router::new().route("/blockchain/{*path}", any(not_enabled));
    }
    Router::new()
        .route("/blockchain/indexedHeight", get(indexed_height))
        .route("/blockchain/transaction/byId/{id}", get(tx_by_id))
        .route("/blockchain/transaction/byAddress", post(txs_by_address))
        .route("/blockchain/box/byId/{id}", get(box_by_id))
        .route("/blockchain/box/byAddress", post(boxes_by_address))
        .route("/blockchain/box/byErgoTree", post(boxes_by_tree))
        .route("/blockchain/box/byTokenId/{id}", get(boxes_by_token))
        .route(
            "/blockchain/box/unspent/byAddress",
            post(unspent_by_address),
        )
        .route("/blockchain/box/unspent/byErgoTree", post(unspent_by_tree))
        .route(
            "/blockchain/box/unspent/byTokenId/{id}",
            get(unspent_by_token),
        )
        .route("/blockchain/token/byId/{id}", get(token_by_id))
        .route("/blockchain/tokens", post(tokens_by_ids))
        .route("/blockchain/balance", post(balance))
}

/// `indexerNotEnabledR` of the reference node, which knows only GET: any other method is an unhandled rejection,
/// and that is a 500 there too.
async fn not_enabled(method: axum::http::Method) -> ApiError {
    if method == axum::http::Method::GET {
        ApiError::internal("Extra indexing is not enabled")
    } else {
        ApiError::internal("Unhandled rejection: MethodRejection(HttpMethod(GET))")
    }
}

async fn indexed_height(State(node): Shared) -> Response {
    answer(node, |node| {
        let height = node.read().ledger.height();
        Ok(json!({ "indexedHeight": height, "fullHeight": height }))
    })
    .await
}

async fn tx_by_id(State(node): Shared, Path(text): Path<String>) -> Response {
    answer(node, move |node| {
        let found = id::<TxId>(&text)?.and_then(|id| {
            let state = node.read();
            IndexedTx::at(&state, state.ledger.tx_index(&id)?)
        });
        Ok(found.ok_or_else(ApiError::not_found)?.json(&node.shown)?)
    })
    .await
}

async fn box_by_id(State(node): Shared, Path(text): Path<String>) -> Response {
    answer(node, move |node| {
        let found = id::<BoxId>(&text)?.and_then(|id| {
            let state = node.read();
            IndexedBox::at(&state, state.ledger.box_index(&id)?)
        });
        Ok(found.ok_or_else(ApiError::not_found)?.json(&node.shown)?)
    })
    .await
}

/// The script of an address in a body, which must be a JSON string.
fn address(node: &Node, text: &str) -> Result<ScriptKey, ApiError> {
    let wrong = || ApiError::bad_request("Wrong address format");
    let parsed = node.encoder.parse_address_from_str(&body::<String>(text)?);
    let tree = parsed.map_err(|_| wrong())?.script().map_err(|_| wrong())?;
    script_key(&tree).map_err(|_| wrong())
}

/// An ErgoTree in a body, which must be a JSON string in base16.
fn ergo_tree(text: &str) -> Result<ScriptKey, ApiError> {
    let bytes = hex::decode(body::<String>(text)?)
        .map_err(|_| ApiError::bad_request("Invalid hex data"))?;
    Ok(script_bytes_key(&bytes))
}

fn token(text: &str) -> Result<Option<TokenId>, ApiError> {
    id(text)
}

fn render(node: &Node, boxes: &[IndexedBox]) -> Result<Value, ApiError> {
    let shown: Result<Vec<Value>, ViewError> = boxes
        .iter()
        .map(|indexed| indexed.json(&node.shown))
        .collect();
    Ok(shown?.into())
}

type Paging = Result<Query<Page>, QueryRejection>;

/// Newest first, and the number of all.
async fn txs_by_address(State(node): Shared, page: Paging, text: String) -> Response {
    answer(node, move |node| {
        let page = query(page)?.limited("transactions")?;
        let key = address(node, &text)?;
        let (txs, total) = {
            let state = node.read();
            let list = state.ledger.txs_of_script(&key);
            let newest = list.iter().rev().filter_map(|i| IndexedTx::at(&state, *i));
            (page.cut(PAGE, newest), list.len())
        };
        let items: Result<Vec<Value>, ViewError> =
            txs.iter().map(|tx| tx.json(&node.shown)).collect();
        Ok(json!({ "items": items?, "total": total }))
    })
    .await
}

/// Boxes of a script, spent or not, the newest first.
fn all_of_script(node: &Node, page: Paging, key: &ScriptKey) -> Result<Value, ApiError> {
    let page = query(page)?.limited("boxes")?;
    let (boxes, total) = {
        let state = node.read();
        let list = state.ledger.boxes_of_script(key);
        let newest = list.iter().rev().filter_map(|i| IndexedBox::at(&state, *i));
        (page.cut(PAGE, newest), list.len())
    };
    Ok(json!({ "items": render(node, &boxes)?, "total": total }))
}

async fn boxes_by_address(State(node): Shared, page: Paging, text: String) -> Response {
    answer(node, move |node| {
        all_of_script(node, page, &address(node, &text)?)
    })
    .await
}

async fn boxes_by_tree(State(node): Shared, page: Paging, text: String) -> Response {
    answer(node, move |node| {
        all_of_script(node, page, &ergo_tree(&text)?)
    })
    .await
}

/// Boxes with a token, spent or not, the oldest first.
async fn boxes_by_token(State(node): Shared, Path(text): Path<String>, page: Paging) -> Response {
    answer(node, move |node| {
        let page = query(page)?.limited("boxes")?;
        let filed = Filed::Token(token(&text)?);
        let (boxes, total) = {
            let state = node.read();
            let list = filed.list(&state);
            let oldest = list.iter().filter_map(|i| IndexedBox::at(&state, *i));
            (page.cut(PAGE, oldest), list.len())
        };
        Ok(json!({ "items": render(node, &boxes)?, "total": total }))
    })
    .await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UnspentQuery {
    offset: Option<u32>,
    limit: Option<u32>,
    sort_direction: Option<String>,
    include_unconfirmed: Option<bool>,
    exclude_mempool_spent: Option<bool>,
}

type UnspentPaging = Result<Query<UnspentQuery>, QueryRejection>;

/// What boxes are filed under.
enum Filed {
    Script(ScriptKey),
    /// `None` stands for an id that no token can have.
    Token(Option<TokenId>),
}

impl Filed {
    fn list<'s>(&self, state: &'s Chain) -> &'s [u32] {
        match self {
            Self::Script(key) => state.ledger.boxes_of_script(key),
            Self::Token(Some(id)) => state.ledger.by_token(id),
            Self::Token(None) => &[],
        }
    }

    fn fits(&self, data: &BoxData) -> bool {
        match self {
            Self::Script(key) => data.script == *key,
            Self::Token(token) => data.tokens.iter().any(|(id, _)| Some(*id) == *token),
        }
    }
}

/// `Segment.retrieveUtxos` of the reference node: a page of confirmed boxes, to which all boxes of the pool are
/// added outside of offset and limit, before them when the newest come first.
fn unspent(node: &Node, asked: UnspentPaging, filed: &Filed) -> Result<Value, ApiError> {
    let asked = query(asked)?;
    let page = Page {
        offset: asked.offset,
        limit: asked.limit,
    }
    .limited("boxes")?;
    let direction = asked.sort_direction.as_deref().unwrap_or("desc");
    let newest_first = match direction.to_lowercase().as_str() {
        "desc" => true,
        "asc" => false,
        _ => {
            return Err(ApiError::bad_request(
                "Invalid parameter for sort direction, valid values are 'ASC' and 'DESC'",
            ));
        }
    };
    let boxes = {
        let state = node.read();
        let excluded = |data: &BoxData| {
            asked.exclude_mempool_spent == Some(true) && state.pool.spends(&data.id)
        };
        let confirmed = |index: &u32| {
            let record = state.ledger.box_at(*index)?;
            (record.spent.is_none() && !excluded(&record.data)).then_some(*index)
        };
        let list = filed.list(&state);
        let indices = if newest_first {
            page.cut(PAGE, list.iter().rev().filter_map(confirmed))
        } else {
            page.cut(PAGE, list.iter().filter_map(confirmed))
        };
        let confirmed = indices.iter().filter_map(|i| IndexedBox::at(&state, *i));
        let mut unconfirmed = Vec::new();
        if asked.include_unconfirmed == Some(true) {
            let made = state.pool.iter().flat_map(|entry| &entry.tx.outputs);
            let fitting = made.filter(|data| filed.fits(data) && !excluded(data));
            unconfirmed.extend(fitting.cloned().map(IndexedBox::unconfirmed));
        }
        if newest_first {
            unconfirmed.into_iter().chain(confirmed).collect::<Vec<_>>()
        } else {
            confirmed.chain(unconfirmed).collect()
        }
    };
    render(node, &boxes)
}

async fn unspent_by_address(State(node): Shared, asked: UnspentPaging, text: String) -> Response {
    answer(node, move |node| {
        unspent(node, asked, &Filed::Script(address(node, &text)?))
    })
    .await
}

async fn unspent_by_tree(State(node): Shared, asked: UnspentPaging, text: String) -> Response {
    answer(node, move |node| {
        unspent(node, asked, &Filed::Script(ergo_tree(&text)?))
    })
    .await
}

async fn unspent_by_token(
    State(node): Shared,
    Path(text): Path<String>,
    asked: UnspentPaging,
) -> Response {
    answer(node, move |node| {
        unspent(node, asked, &Filed::Token(token(&text)?))
    })
    .await
}

async fn token_by_id(State(node): Shared, Path(text): Path<String>) -> Response {
    answer(node, move |node| {
        let found = token(&text)?.and_then(|id| TokenInfo::find(&node.read(), &id));
        Ok(found.ok_or_else(ApiError::not_found)?.json()?)
    })
    .await
}

/// The tokens that are known; unknown ids are left out.
async fn tokens_by_ids(State(node): Shared, text: String) -> Response {
    answer(node, move |node| {
        let mut shown = Vec::new();
        for text in body::<Vec<String>>(&text)? {
            if let Some(info) = token(&text)?.and_then(|id| TokenInfo::find(&node.read(), &id)) {
                shown.push(info.json()?);
            }
        }
        Ok(shown.into())
    })
    .await
}

/// Sum of boxes: nanoErg, and amounts by token in the order in which the tokens first appear.
#[derive(Default)]
struct Sum {
    value: u64,
    order: Vec<TokenId>,
    tokens: BTreeMap<String, u64>,
}

impl Sum {
    fn add(&mut self, data: &BoxData) {
        self.value += data.value;
        for (id, amount) in &data.tokens {
            if !self.order.contains(id) {
                self.order.push(*id);
            }
            *self.tokens.entry((*id).into()).or_default() += amount;
        }
    }

    /// Schema `BalanceInfo`.
    fn json(&self, node: &Node) -> Result<Value, ApiError> {
        let mut tokens = Vec::new();
        for id in &self.order {
            let info = TokenInfo::find(&node.read(), id);
            let (name, _, decimals) = info.map_or(Ok(Default::default()), |i| i.labels())?;
            let text = String::from(*id);
            tokens.push(json!({
                "amount": self.tokens.get(&text),
                "tokenId": text,
                "decimals": decimals,
                "name": name,
            }));
        }
        Ok(json!({ "nanoErgs": self.value, "tokens": tokens }))
    }
}

/// As in the reference node, "unconfirmed" is what the pool adds; what it spends is not taken off.
async fn balance(State(node): Shared, text: String) -> Response {
    answer(node, move |node| {
        let key = address(node, &text)?;
        let (mut confirmed, mut unconfirmed) = (Sum::default(), Sum::default());
        {
            let state = node.read();
            let list = state.ledger.boxes_of_script(&key);
            let records = list.iter().filter_map(|i| state.ledger.box_at(*i));
            for record in records.filter(|record| record.spent.is_none()) {
                confirmed.add(&record.data);
            }
            let made = state.pool.iter().flat_map(|entry| &entry.tx.outputs);
            for data in made.filter(|data| data.script == key) {
                unconfirmed.add(data);
            }
        }
        Ok(json!({ "confirmed": confirmed.json(node)?, "unconfirmed": unconfirmed.json(node)? }))
    })
    .await
}
