//! The extra index: boxes, transactions and tokens by id, and nodes that have no index.

use axum::response::Response;
use ergo_lib::chain::transaction::TxId;
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_node_client::{NodeError, UnspentQuery};
use serde_json::{Value, json};

use crate::support::*;

/// The recorded box as the index shows it, spent.
fn indexed_box_json() -> Value {
    let mut value = recorded_box_json();
    value["address"] = json!("9hphYTmicjazd45pz2ovoHVPz5LTq9EvXoEK9JMGsfWuMtX6eDu");
    value["spentTransactionId"] = json!("ab".repeat(32));
    value["spendingHeight"] = json!(300_000);
    value["inclusionHeight"] = json!(299_220);
    value["globalIndex"] = json!(83_927);
    value
}

/// The recorded transaction as the index shows it. Its true inputs are not recorded, so boxes stand in for them.
fn indexed_transaction_json() -> Value {
    let mut value = recorded_transaction_json();
    for output in value["outputs"].as_array_mut().unwrap() {
        output["inclusionHeight"] = json!(299_220);
        output["globalIndex"] = json!(7);
        output["spentTransactionId"] = Value::Null;
    }
    value["inputs"] = json!([indexed_box_json()]);
    value["inclusionHeight"] = json!(299_220);
    value["numConfirmations"] = json!(0);
    value["blockId"] = json!("cd".repeat(32));
    value["timestamp"] = json!(1_618_929_697_400u64);
    value
}

async fn serving(path: &'static str, body: Value) -> Server {
    Server::start(move |request| {
        if request.path.starts_with(path) {
            json_reply(200, &body)
        } else {
            not_found()
        }
    })
    .await
}

#[tokio::test]
async fn indexed_box_has_its_history() {
    let server = serving("/blockchain/box/byId/", indexed_box_json()).await;
    let found = server
        .client()
        .indexed_box(&recorded_box().box_id())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.ergo_box, recorded_box());
    assert_eq!(
        (found.inclusion_height, found.spending_height),
        (Some(299_220), Some(300_000))
    );
    assert_eq!(
        found.spent_transaction_id.map(String::from),
        Some("ab".repeat(32))
    );
    assert_eq!(found.global_index, Some(83_927));
}

#[tokio::test]
async fn indexed_box_unknown_is_none() {
    let server = Server::start(|_| not_found()).await;
    assert_eq!(
        server
            .client()
            .indexed_box(&recorded_box().box_id())
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn indexed_transaction_without_proofs_has_boxes_only() {
    let server = serving("/blockchain/transaction/byId/", indexed_transaction_json()).await;
    let found = server
        .client()
        .indexed_transaction(&recorded_transaction().id())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.transaction, found.inputs.len(), found.outputs.len()),
        (None, 1, 3)
    );
    assert_eq!((found.inclusion_height, found.confirmations), (299_220, 0));
    assert_eq!(found.data_inputs.len(), 1);
    assert_eq!(found.outputs[0].as_ref().unwrap().ergo_box, recorded_box());
}

/// A transaction of one input, as the index shows it with proof: built from the recorded one's first output.
fn provable() -> (ergo_lib::chain::transaction::Transaction, Value) {
    let recorded = recorded_transaction();
    let mut input = recorded.inputs.last().clone();
    input.box_id = recorded_box().box_id();
    let transaction = ergo_lib::chain::transaction::Transaction::new_from_vec(
        vec![input],
        vec![],
        vec![recorded.output_candidates.last().clone()],
    )
    .unwrap();
    let mut value = serde_json::to_value(&transaction).unwrap();
    let mut spent = indexed_box_json();
    spent["spendingProof"] = value["inputs"][0]["spendingProof"].clone();
    value["inputs"] = json!([spent]);
    value["outputs"][0]["inclusionHeight"] = json!(5);
    value["inclusionHeight"] = json!(5);
    value["numConfirmations"] = json!(2);
    (transaction, value)
}

#[tokio::test]
async fn indexed_transaction_with_proofs_is_put_together_and_checked() {
    let (transaction, value) = provable();
    let server = serving("/blockchain/transaction/byId/", value).await;
    let found = server
        .client()
        .indexed_transaction(&transaction.id())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.transaction, Some(transaction));
    assert_eq!((found.block_id, found.timestamp), (None, None));
}

#[tokio::test]
async fn indexed_transaction_whose_parts_give_another_id_is_malformed() {
    let (transaction, mut value) = provable();
    // Another context variable is another transaction.
    value["inputs"][0]["spendingProof"]["extension"] = json!({ "1": "0502" });
    let server = serving("/blockchain/transaction/byId/", value).await;
    let error = server
        .client()
        .indexed_transaction(&transaction.id())
        .await
        .unwrap_err();
    let id = String::from(transaction.id());
    assert!(
        matches!(&error, NodeError::Malformed { what, .. } if what.contains(&id)),
        "{error}"
    );
}

#[tokio::test]
async fn indexed_transaction_with_a_foreign_output_is_malformed() {
    let mut value = indexed_transaction_json();
    let mut foreign = serde_json::to_value(provable().0.outputs.first()).unwrap();
    foreign["inclusionHeight"] = json!(1);
    value["outputs"][0] = foreign;
    let server = serving("/blockchain/transaction/byId/", value).await;
    let error = server
        .client()
        .indexed_transaction(&recorded_transaction().id())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, NodeError::Malformed { why, .. } if why.contains("another transaction")),
        "{error}"
    );
}

#[tokio::test]
async fn indexed_transaction_unknown_is_none() {
    let server = Server::start(|_| not_found()).await;
    assert_eq!(
        server
            .client()
            .indexed_transaction(&TxId::zero())
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn token_is_read_with_and_without_text() {
    let id = TokenId::from(recorded_box().box_id());
    let full = json!({ "id": String::from(id), "boxId": "ab".repeat(32), "emissionAmount": 9_223_372_036_854_775_807u64,
        "name": "hours", "description": "of work", "decimals": 2 });
    let server = serving("/blockchain/token/byId/", full.clone()).await;
    let token = server.client().token(&id).await.unwrap().unwrap();
    assert_eq!(
        (token.emission_amount, token.decimals),
        (i64::MAX as u64, Some(2))
    );
    assert_eq!(token.name.as_deref(), Some("hours"));
    let mut bare = full;
    for field in ["name", "description", "decimals"] {
        bare[field] = Value::Null;
    }
    let server = serving("/blockchain/token/byId/", bare).await;
    assert_eq!(
        server.client().token(&id).await.unwrap().unwrap().name,
        None
    );
}

#[tokio::test]
async fn indexed_height_tells_how_far_behind() {
    let body = json!({ "indexedHeight": 90, "fullHeight": 100, "status": "syncing" });
    let height = serving("/blockchain/indexedHeight", body)
        .await
        .client()
        .indexed_height()
        .await
        .unwrap();
    assert_eq!((height.indexed_height, height.behind()), (90, 10));
}

/// A node without the index: the reference node, and two others.
fn without_index(dialect: usize, request: &Seen) -> Response {
    if !request.path.starts_with("/blockchain/") {
        return json_reply(200, &info_json(1));
    }
    let reference =
        |detail: &str| json!({ "error": 500, "reason": "internal.error", "detail": detail });
    match dialect {
        // Its route for "not enabled" knows GET only.
        0 if request.method == "GET" => {
            json_reply(500, &reference("Extra indexing is not enabled"))
        }
        0 => json_reply(
            500,
            &reference("Unhandled rejection: MethodRejection(HttpMethod(GET))"),
        ),
        1 => reply(503, "text/plain", "Extra indexing is not enabled"),
        _ => empty_404(),
    }
}

#[tokio::test]
async fn node_without_index_is_told_from_missing_items() {
    for dialect in 0..3 {
        let server = Server::start(move |request| without_index(dialect, request)).await;
        let (client, wanted) = (server.client(), recorded_box());
        let token = TokenId::from(wanted.box_id());
        let errors = [
            client.indexed_height().await.unwrap_err(),
            client.indexed_box(&wanted.box_id()).await.unwrap_err(),
            client.indexed_transaction(&TxId::zero()).await.unwrap_err(),
            client.token(&token).await.unwrap_err(),
            client.boxes_by_token(&token).await.unwrap_err(),
            client
                .unspent_by_token(&token, UnspentQuery::SPENDABLE)
                .await
                .unwrap_err(),
            client
                .boxes_by_ergo_tree(&wanted.ergo_tree)
                .await
                .unwrap_err(),
            client
                .unspent_by_ergo_tree(&wanted.ergo_tree, UnspentQuery::CONFIRMED)
                .await
                .unwrap_err(),
        ];
        for error in errors {
            assert!(
                matches!(error, NodeError::NotIndexed { .. }),
                "{dialect}: {error:?}"
            );
            assert!(error.to_string().contains("extraIndex"), "{error}");
        }
    }
}

#[tokio::test]
async fn route_missing_beside_a_working_index_is_not_called_no_index() {
    let server = Server::start(|request| match request.path.as_str() {
        "/blockchain/indexedHeight" => {
            json_reply(200, &json!({ "indexedHeight": 5, "fullHeight": 5 }))
        }
        _ => empty_404(),
    })
    .await;
    let error = server
        .client()
        .indexed_box(&recorded_box().box_id())
        .await
        .unwrap_err();
    assert!(matches!(error, NodeError::NoSuchRoute { .. }), "{error:?}");
}

#[tokio::test]
async fn index_that_is_syncing_is_not_ready() {
    let detail = "indexer at height 5, target 900";
    let body = json!({ "error": 503, "reason": "indexer-syncing", "detail": detail });
    let server = Server::start(move |_| json_reply(503, &body)).await;
    let error = server
        .client()
        .indexed_box(&recorded_box().box_id())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, NodeError::IndexNotReady { reason, .. } if reason == "indexer-syncing"),
        "{error:?}"
    );
    assert_eq!(server.hits(), 1);
}
