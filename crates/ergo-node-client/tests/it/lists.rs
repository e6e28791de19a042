//! Lists over many pages, from nodes that page in different ways: every box, once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use axum::response::Response;
use ergo_lib::chain::transaction::{Transaction, TxId};
use ergo_lib::ergo_chain_types::blake2b256_hash;
use ergo_lib::ergotree_ir::chain::ergo_box::BoxId;
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_node_client::{IndexedBox, NodeError, UnspentQuery};
use serde_json::{Value, json};

use crate::support::*;

/// Different boxes with the tree of a plain key, as JSON of the index; pool boxes have inclusion height 0.
fn boxes(count: usize, first_value: u64, inclusion_height: u32) -> Vec<Value> {
    let recorded = recorded_transaction();
    let mut candidate = recorded.output_candidates.last().clone();
    let candidates = (0..count as u64)
        .map(|i| {
            candidate.value = (first_value + i).try_into().unwrap();
            candidate.clone()
        })
        .collect();
    let transaction =
        Transaction::new_from_vec(recorded.inputs.as_vec().clone(), vec![], candidates).unwrap();
    let indexed = |output| {
        let mut value = serde_json::to_value(output).unwrap();
        value["inclusionHeight"] = json!(inclusion_height);
        value["globalIndex"] = json!(0);
        value["spentTransactionId"] = Value::Null;
        value
    };
    transaction.outputs.iter().map(indexed).collect()
}

fn ids(list: &[Value]) -> BTreeSet<String> {
    list.iter()
        .map(|value| value["boxId"].as_str().unwrap().to_owned())
        .collect()
}

/// Ids of a result; panics when a box occurs twice.
fn unique(list: &[IndexedBox]) -> BTreeSet<String> {
    let found: BTreeSet<String> = list
        .iter()
        .map(|b| b.ergo_box.box_id().to_string())
        .collect();
    assert_eq!(found.len(), list.len(), "a box is listed twice");
    found
}

fn slice<'a>(list: &'a [Value], request: &Seen) -> Vec<&'a Value> {
    list.iter()
        .skip(request.number("offset"))
        .take(request.number("limit"))
        .collect()
}

fn height_reply(height: u32) -> Response {
    json_reply(
        200,
        &json!({ "indexedHeight": height, "fullHeight": height }),
    )
}

/// How a node cuts pages of unspent boxes.
#[derive(Clone, Copy, Debug)]
enum Style {
    /// As current nodes do: cut the confirmed list, then drop what the pool spends, then put all of the pool in front.
    CutThenMerge,
    /// The other way round: one merged list, cut at last.
    MergeThenCut,
}

struct Ledger {
    confirmed: Vec<Value>,
    pool: Vec<Value>,
    spent: BTreeSet<String>,
}

impl Ledger {
    fn page(&self, style: Style, request: &Seen) -> Vec<Value> {
        let exclude = request.flag("excludeMempoolSpent");
        let stays = |b: &&Value| !(exclude && self.spent.contains(b["boxId"].as_str().unwrap()));
        let pool: Vec<Value> = if request.flag("includeUnconfirmed") {
            self.pool.clone()
        } else {
            Vec::new()
        };
        match style {
            Style::CutThenMerge => {
                let confirmed = slice(&self.confirmed, request)
                    .into_iter()
                    .filter(stays)
                    .cloned();
                pool.into_iter().chain(confirmed).collect()
            }
            Style::MergeThenCut => {
                let confirmed = self.confirmed.iter().filter(stays).cloned();
                let merged: Vec<Value> = pool.into_iter().chain(confirmed).collect();
                slice(&merged, request).into_iter().cloned().collect()
            }
        }
    }
}

#[tokio::test]
async fn unspent_over_many_pages_is_complete_in_every_style_and_query() {
    let pool = boxes(130, 500_000_000, 0);
    let confirmed = boxes(350, 1_000_000, 9);
    // All of the second page is spent in the pool, and one box of the third.
    let spent: BTreeSet<String> = ids(&confirmed[100..201]);
    let ledger = Arc::new(Ledger {
        confirmed,
        pool,
        spent,
    });
    for style in [Style::CutThenMerge, Style::MergeThenCut] {
        let held = Arc::clone(&ledger);
        let server = Server::start(move |request| match request.path.as_str() {
            "/blockchain/indexedHeight" => height_reply(9),
            _ => json_reply(200, &json!(held.page(style, request))),
        })
        .await;
        let (client, tree) = (
            server.client(),
            recorded_transaction().outputs.last().ergo_tree.clone(),
        );
        let token = TokenId::from(BoxId::zero());
        for include_unconfirmed in [false, true] {
            for exclude_mempool_spent in [false, true] {
                let query = UnspentQuery {
                    include_unconfirmed,
                    exclude_mempool_spent,
                };
                let mut wanted = ids(&ledger.confirmed);
                if include_unconfirmed {
                    wanted.extend(ids(&ledger.pool));
                }
                if exclude_mempool_spent {
                    wanted.retain(|id| !ledger.spent.contains(id));
                }
                let by_tree = client
                    .unspent_by_ergo_tree(&tree, query)
                    .await
                    .unwrap()
                    .boxes;
                assert_eq!(unique(&by_tree), wanted, "{style:?} {query:?}");
                let by_token = client.unspent_by_token(&token, query).await.unwrap().boxes;
                assert_eq!(unique(&by_token), wanted, "{style:?} {query:?}");
                let unconfirmed = by_tree
                    .iter()
                    .filter(|b| b.inclusion_height.is_none())
                    .count();
                assert_eq!(unconfirmed, if include_unconfirmed { 130 } else { 0 });
            }
        }
        let posts: Vec<Seen> = server
            .seen()
            .into_iter()
            .filter(|r| r.method == "POST")
            .collect();
        assert!(!posts.is_empty());
        for post in posts {
            // An ErgoTree goes as a JSON string, and no page is larger than nodes allow.
            assert_eq!(
                post.body,
                format!("\"{}\"", tree.to_base16_bytes().unwrap())
            );
            assert!(post.number("limit") <= 100);
        }
    }
}

#[tokio::test]
async fn unspent_on_one_page_takes_three_requests() {
    let list = boxes(3, 1_000_000, 9);
    let server = Server::start(move |request| match request.path.as_str() {
        "/blockchain/indexedHeight" => height_reply(9),
        _ => json_reply(200, &json!(slice(&list, request))),
    })
    .await;
    let token = TokenId::from(BoxId::zero());
    for query in [UnspentQuery::CONFIRMED, UnspentQuery::SPENDABLE] {
        assert_eq!(
            server
                .client()
                .unspent_by_token(&token, query)
                .await
                .unwrap()
                .boxes
                .len(),
            3
        );
    }
    // The index's height, the page, and a look whether there is more.
    assert_eq!(server.hits(), 6);
}

#[tokio::test]
async fn unspent_from_a_node_that_caps_pages_is_complete() {
    let confirmed = boxes(95, 1_000_000, 9);
    let wanted = ids(&confirmed);
    let server = Server::start(move |request| match request.path.as_str() {
        "/blockchain/indexedHeight" => height_reply(9),
        _ => json_reply(
            200,
            &json!(
                slice(&confirmed, request)
                    .into_iter()
                    .take(30)
                    .collect::<Vec<_>>()
            ),
        ),
    })
    .await;
    let token = TokenId::from(BoxId::zero());
    let found = server
        .client()
        .unspent_by_token(&token, UnspentQuery::CONFIRMED)
        .await
        .unwrap();
    assert_eq!(unique(&found.boxes), wanted);
}

#[tokio::test]
async fn boxes_with_total_are_read_to_the_total() {
    let all = boxes(205, 1_000_000, 9);
    let wanted = ids(&all);
    let server = Server::start(move |request| match request.path.as_str() {
        "/blockchain/indexedHeight" => height_reply(9),
        _ => json_reply(
            200,
            &json!({ "items": slice(&all, request), "total": all.len() }),
        ),
    })
    .await;
    let client = server.client();
    let token = TokenId::from(BoxId::zero());
    assert_eq!(
        unique(&client.boxes_by_token(&token).await.unwrap().boxes),
        wanted
    );
    // Three pages between two looks at the height.
    assert_eq!(server.hits(), 5);
    let tree = recorded_transaction().outputs.last().ergo_tree.clone();
    assert_eq!(
        unique(&client.boxes_by_ergo_tree(&tree).await.unwrap().boxes),
        wanted
    );
}

#[tokio::test]
async fn list_that_ends_before_its_total_is_malformed() {
    let all = boxes(120, 1_000_000, 9);
    let server = Server::start(move |request| match request.path.as_str() {
        "/blockchain/indexedHeight" => height_reply(9),
        _ => json_reply(200, &json!({ "items": slice(&all, request), "total": 130 })),
    })
    .await;
    let error = server
        .client()
        .boxes_by_token(&TokenId::from(BoxId::zero()))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, NodeError::Malformed { why, .. } if why.contains("120 boxes of 130")),
        "{error}"
    );
}

#[tokio::test]
async fn list_that_is_too_long_by_its_total_is_not_begun() {
    let all = boxes(120, 1_000_000, 9);
    let server = Server::start(move |request| match request.path.as_str() {
        "/blockchain/indexedHeight" => height_reply(9),
        _ => json_reply(
            200,
            &json!({ "items": slice(&all, request), "total": 200_001 }),
        ),
    })
    .await;
    let error = server
        .client()
        .entries_by_token(&TokenId::from(BoxId::zero()))
        .await
        .unwrap_err();
    assert!(
        matches!(error, NodeError::TooManyPages { pages: 2000, .. }),
        "{error}"
    );
    assert_eq!(server.hits(), 2);
}

#[tokio::test]
async fn list_of_nothing_is_empty_in_each_form() {
    let empty = || json_reply(200, &json!([]));
    let total = || json_reply(200, &json!({ "items": [], "total": 0 }));
    let answers: [fn() -> Response; 3] = [empty, total, not_found];
    for answer in answers {
        let server = Server::start(move |request| match request.path.as_str() {
            "/blockchain/indexedHeight" => height_reply(9),
            _ => answer(),
        })
        .await;
        let token = TokenId::from(BoxId::zero());
        for query in [UnspentQuery::CONFIRMED, UnspentQuery::SPENDABLE] {
            assert_eq!(
                server
                    .client()
                    .unspent_by_token(&token, query)
                    .await
                    .unwrap()
                    .boxes,
                vec![]
            );
        }
        assert_eq!(
            server.client().boxes_by_token(&token).await.unwrap().boxes,
            vec![]
        );
    }
}

#[tokio::test]
async fn box_that_does_not_parse_is_an_error_that_names_it_and_the_route() {
    let mut list = boxes(3, 1_000_000, 9);
    let broken = list[1]["boxId"].as_str().unwrap().to_owned();
    list[1]["value"] = json!(7);
    let server = Server::start(move |request| match request.path.as_str() {
        "/blockchain/indexedHeight" => height_reply(9),
        _ => json_reply(200, &json!(slice(&list, request))),
    })
    .await;
    let token = TokenId::from(BoxId::zero());
    let error = server
        .client()
        .unspent_by_token(&token, UnspentQuery::CONFIRMED)
        .await
        .unwrap_err();
    let message = error.to_string();
    assert!(matches!(error, NodeError::Malformed { .. }), "{message}");
    assert!(
        message.contains(&broken) && message.contains("/blockchain/box/unspent/byTokenId/"),
        "{message}"
    );
}

#[tokio::test]
async fn box_in_a_form_that_is_not_read_is_told_beside_the_others() {
    // A collection made by an expression: nodes take it as a register, ergo-lib does not.
    let (read, odd) = ("0e03010203", "8301050502");
    let mut made = recorded_box();
    made.additional_registers = vec![Constant::from(vec![1u8, 2, 3])].try_into().unwrap();
    let bytes = hex::encode(made.sigma_serialize_bytes().unwrap()).replace(read, odd);
    let id = BoxId::from(blake2b256_hash(&hex::decode(bytes).unwrap()));
    let mut item = serde_json::to_value(&made).unwrap();
    item["boxId"] = json!(id.to_string());
    item["additionalRegisters"] = json!({ "R4": odd });
    (item["inclusionHeight"], item["globalIndex"]) = (json!(9), json!(3));
    let mut list = boxes(3, 1_000_000, 9);
    list.insert(1, item.clone());
    let served = list.clone();
    let server = Server::start(move |request| match request.path.as_str() {
        "/blockchain/indexedHeight" => height_reply(9),
        path if path.contains("/byId/") => json_reply(200, &item),
        _ => json_reply(200, &json!(slice(&served, request))),
    })
    .await;
    let client = server.client();
    let token = TokenId::from(BoxId::zero());
    let found = client.boxes_by_token(&token).await.unwrap();
    assert_eq!(found.boxes.len(), 3);
    assert_eq!(found.unread.len(), 1);
    assert_eq!(found.unread[0].box_id, id);
    assert!(found.unread[0].why.contains("register R4"));
    // By itself it is an error that says which, and why.
    for error in [
        client.utxo(&id).await.unwrap_err(),
        client.indexed_box(&id).await.unwrap_err(),
    ] {
        assert!(
            matches!(&error, NodeError::Unreadable { unread, .. } if unread.box_id == id),
            "{error}"
        );
        assert!(error.to_string().contains("register R4"), "{error}");
    }
}

#[tokio::test]
async fn list_is_read_anew_when_a_block_was_indexed_meanwhile() {
    let all = boxes(150, 1_000_000, 9);
    let wanted = ids(&all[1..]);
    let (height, pages) = (AtomicU32::new(9), AtomicUsize::new(0));
    let server = Server::start(move |request| match request.path.as_str() {
        "/blockchain/indexedHeight" => height_reply(height.load(Ordering::SeqCst)),
        _ => {
            // After the first page a block spends the first box: all others move up by one.
            let read = pages.fetch_add(1, Ordering::SeqCst);
            if read == 1 {
                height.store(10, Ordering::SeqCst);
            }
            json_reply(
                200,
                &json!(slice(if read == 0 { &all } else { &all[1..] }, request)),
            )
        }
    })
    .await;
    let token = TokenId::from(BoxId::zero());
    let found = server
        .client()
        .unspent_by_token(&token, UnspentQuery::CONFIRMED)
        .await
        .unwrap();
    assert_eq!(unique(&found.boxes), wanted);
}

#[tokio::test]
async fn list_that_never_stands_still_is_an_error() {
    let all = boxes(150, 1_000_000, 9);
    let height = AtomicU32::new(9);
    let server = Server::start(move |request| match request.path.as_str() {
        "/blockchain/indexedHeight" => height_reply(height.fetch_add(1, Ordering::SeqCst)),
        _ => json_reply(200, &json!(slice(&all, request))),
    })
    .await;
    let token = TokenId::from(BoxId::zero());
    let error = server
        .client()
        .unspent_by_token(&token, UnspentQuery::CONFIRMED)
        .await
        .unwrap_err();
    assert!(
        matches!(error, NodeError::ListMoved { tries: 3, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn pool_is_read_to_its_end_and_once_only() {
    let recorded = recorded_transaction();
    let candidate = recorded.output_candidates.last().clone();
    let transactions: Vec<Transaction> = (0..230u64)
        .map(|i| {
            let mut candidate = candidate.clone();
            candidate.value = (1_000_000 + i).try_into().unwrap();
            Transaction::new_from_vec(recorded.inputs.as_vec().clone(), vec![], vec![candidate])
                .unwrap()
        })
        .collect();
    let served = serde_json::to_value(&transactions).unwrap();
    let server = Server::start(move |request| {
        assert_eq!(request.path, "/transactions/unconfirmed");
        // A transaction that entered meanwhile pushes the rest back: the last of a page comes again.
        let offset = request.number("offset").saturating_sub(1);
        let page = served
            .as_array()
            .unwrap()
            .iter()
            .skip(offset)
            .take(request.number("limit"));
        json_reply(200, &json!(page.collect::<Vec<_>>()))
    })
    .await;
    let found = server.client().unconfirmed_all().await.unwrap();
    let found: Vec<TxId> = found.iter().map(|tx| tx.id).collect();
    assert_eq!(
        found,
        transactions.iter().map(|tx| tx.id()).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn list_without_end_is_given_up() {
    let recorded = recorded_transaction();
    let served = AtomicUsize::new(0);
    let server = Server::start(move |_| {
        let mut candidate = recorded.output_candidates.last().clone();
        let next = served.fetch_add(1, Ordering::SeqCst) as u64;
        candidate.value = (1_000_000 + next).try_into().unwrap();
        let inputs = recorded.inputs.as_vec().clone();
        let transaction = Transaction::new_from_vec(inputs, vec![], vec![candidate]).unwrap();
        json_reply(200, &json!([transaction]))
    })
    .await;
    let error = server.client().unconfirmed_all().await.unwrap_err();
    assert!(
        matches!(error, NodeError::TooManyPages { pages: 2000, .. }),
        "{error}"
    );
    assert_eq!(server.hits(), 2000);
}
