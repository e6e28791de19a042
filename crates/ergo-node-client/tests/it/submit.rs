//! Submitting: what is accepted, refused and why, never sent, or unknown; and that nothing is ever sent twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::response::Response;
use ergo_lib::chain::transaction::{Transaction, TxId};
use ergo_node_client::{NodeClient, NodeError, NodeOptions, RefusalKind, SubmitError};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::support::*;

fn id_json() -> Value {
    json!(String::from(recorded_transaction().id()))
}

/// The result of submitting to a server that answers so, which must be asked exactly once.
async fn submitted(
    answer: impl Fn(&Seen) -> Response + Send + Sync + 'static,
) -> Result<TxId, SubmitError> {
    let server = Server::start(answer).await;
    let result = server.client().submit(&recorded_transaction()).await;
    assert_eq!(server.hits(), 1);
    result
}

#[tokio::test]
async fn transaction_accepted_gives_its_id_and_was_sent_whole() {
    let server = Server::start(|_| json_reply(200, &id_json())).await;
    let (client, transaction) = (server.client(), recorded_transaction());
    assert_eq!(client.submit(&transaction).await, Ok(transaction.id()));
    assert_eq!(client.check(&transaction).await, Ok(transaction.id()));
    let seen = server.seen();
    assert_eq!(
        seen.iter().map(|s| s.path.as_str()).collect::<Vec<_>>(),
        ["/transactions", "/transactions/check"]
    );
    for request in seen {
        assert_eq!(
            request.headers.get("content-type").unwrap(),
            "application/json"
        );
        let body: Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(body, serde_json::to_value(&transaction).unwrap());
        // Values and token amounts as JSON numbers: the reference node takes no strings there.
        assert!(
            body["outputs"][0]["value"].is_number()
                && body["outputs"][0]["assets"][0]["amount"].is_number()
        );
    }
}

#[tokio::test]
async fn transaction_known_already_is_success() {
    let id = String::from(recorded_transaction().id());
    let reference = format!("Pool can not accept transaction {id}, it is already in the mempool");
    for body in [
        json!({ "error": 400, "reason": "duplicate" }),
        json!({ "error": 400, "reason": "bad.request", "detail": reference }),
    ] {
        let result = submitted(move |_| json_reply(400, &body)).await;
        assert_eq!(result, Ok(recorded_transaction().id()));
    }
}

#[tokio::test]
async fn refusal_of_either_dialect_has_its_kind() {
    use RefusalKind::*;
    let coded = |code: &str| json!({ "error": 400, "reason": code });
    let reference =
        |detail: &str| json!({ "error": 400, "reason": "bad.request", "detail": detail });
    let script = "Malformed transaction: Scripts of all transaction inputs should pass verification. 0e6a: #1 => false";
    let missing = "Malformed transaction: Every input of the transaction should be in UTXO. 0e6a";
    for (body, wanted) in [
        (coded("double_spend_loser"), DoubleSpend),
        (coded("unresolved_input"), MissingInput),
        (coded("unresolved_data_input"), MissingDataInput),
        (coded("below_min_fee"), BelowMinFee),
        (coded("script_failed"), ScriptFailed),
        (coded("monetary_failed"), NotPreserved),
        (coded("cost_exceeded"), TooCostly),
        (coded("size_limit"), TooLarge),
        (coded("pool_full"), PoolFull),
        (coded("recently_unresolved"), RefusedBefore),
        (coded("deserialize"), Unreadable),
        (coded("ibd_gated"), NotReady),
        (coded("something_new"), Other),
        (reference("Double spending attempt"), DoubleSpend),
        (reference(missing), MissingInput),
        (reference("not all utxos in place yet"), MissingInput),
        (
            reference(
                "Malformed transaction: Every data input of the transaction should be in UTXO. 0e6a",
            ),
            MissingDataInput,
        ),
        (
            reference("Min fee not met: 0.001 ergs required, 1.0E-4 ergs given"),
            BelowMinFee,
        ),
        (reference(script), ScriptFailed),
        (
            reference(
                "Malformed transaction: Amount of Ergs in inputs should be equal to amount of Erg in outputs. 1",
            ),
            NotPreserved,
        ),
        (
            reference("Transaction ErgoTransaction(0e6a) has too large size 100000"),
            TooLarge,
        ),
        (
            reference("Pool can not accept transaction 0e6a, the mempool is full"),
            PoolFull,
        ),
        (
            reference("Pool can not accept transaction 0e6a"),
            RefusedBefore,
        ),
        (
            reference(
                "Malformed transaction: Every output of the transaction should contain at least 360 nanoErgs.",
            ),
            Invalid,
        ),
        (
            reference("The request content was malformed:\nDecodingFailure"),
            Unreadable,
        ),
        (reference("Something else"), Other),
        (json!({ "error": 400, "reason": "bad.request" }), Other),
    ] {
        let shown = body.to_string();
        match submitted(move |_| json_reply(400, &body)).await {
            Err(SubmitError::Refused { kind, .. }) => assert_eq!(kind, wanted, "{shown}"),
            other => panic!("{shown}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn refusal_in_plain_text_is_unreadable_and_says_so() {
    for status in [400, 415, 422] {
        let error = submitted(move |_| reply(status, "text/plain", "missing field `inputs`"))
            .await
            .unwrap_err();
        assert!(
            matches!(
                error,
                SubmitError::Refused {
                    kind: RefusalKind::Unreadable,
                    ..
                }
            ),
            "{error:?}"
        );
        assert!(
            error.to_string().contains("missing field `inputs`"),
            "{error}"
        );
    }
    let error = submitted(|_| reply(413, "text/plain", ""))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            SubmitError::Refused {
                kind: RefusalKind::TooLarge,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn refusal_message_names_route_transaction_and_what_to_do() {
    let error = submitted(|_| {
        json_reply(
            400,
            &json!({ "error": 400, "reason": "bad.request", "detail": "Double spending attempt" }),
        )
    })
    .await
    .unwrap_err();
    let message = error.to_string();
    for part in [
        "/transactions",
        "0e6acf3f18b95bdc",
        "Double spending attempt",
        "build anew",
    ] {
        assert!(message.contains(part), "{part} not in: {message}");
    }
}

#[tokio::test]
async fn server_error_leaves_the_outcome_unknown_and_is_not_repeated() {
    for status in [500, 502, 503, 504] {
        let error = submitted(move |_| {
            json_reply(status, &json!({ "error": status, "reason": "timeout" }))
        })
        .await;
        match error.unwrap_err() {
            SubmitError::UnknownOutcome { tx_id, why } => {
                assert_eq!(tx_id, recorded_transaction().id());
                assert!(matches!(*why, NodeError::ServerError { status: s, .. } if s == status));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// A proxy that waited too long for one side or the other: what it has passed on by then, it does not say.
#[tokio::test]
async fn request_timeout_leaves_the_outcome_unknown() {
    let error = submitted(|_| reply(408, "text/plain", ""))
        .await
        .unwrap_err();
    assert!(
        matches!(error, SubmitError::UnknownOutcome { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn success_without_the_transactions_id_leaves_the_outcome_unknown() {
    let other_id = json!("00".repeat(32));
    for body in [json!({ "ok": true }), other_id, json!("OK")] {
        let error = submitted(move |_| json_reply(200, &body))
            .await
            .unwrap_err();
        assert!(
            matches!(error, SubmitError::UnknownOutcome { .. }),
            "{error:?}"
        );
    }
    let error = submitted(|_| reply(200, "text/html", "<html>log in</html>"))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, SubmitError::UnknownOutcome { why, .. } if matches!(**why, NodeError::NotErgoNode { .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn server_that_does_not_know_the_route_has_not_taken_it() {
    for status in [404, 405] {
        let error = submitted(move |_| reply(status, "text/plain", ""))
            .await
            .unwrap_err();
        assert!(
            matches!(error, SubmitError::NotTaken(NodeError::NoSuchRoute { .. })),
            "{error:?}"
        );
    }
    let error = submitted(|_| json_reply(404, &json!({ "error": 404, "reason": "not-found" })))
        .await
        .unwrap_err();
    assert!(
        matches!(error, SubmitError::NotTaken(NodeError::NoSuchRoute { .. })),
        "{error:?}"
    );
    let error = submitted(|_| json_reply(403, &json!({ "error": 403, "reason": "forbidden" })))
        .await
        .unwrap_err();
    assert!(
        matches!(error, SubmitError::NotTaken(NodeError::Unauthorised { .. })),
        "{error:?}"
    );
    let error = submitted(|_| reply(301, "text/plain", ""))
        .await
        .unwrap_err();
    assert!(
        matches!(error, SubmitError::NotTaken(NodeError::NotErgoNode { .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn port_without_server_means_never_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = NodeClient::new(&url, quick()).unwrap();
    let error = client.submit(&recorded_transaction()).await.unwrap_err();
    assert!(
        matches!(error, SubmitError::Unreachable { .. }),
        "{error:?}"
    );
    let error = client.check(&recorded_transaction()).await.unwrap_err();
    assert!(
        matches!(error, SubmitError::Unreachable { .. }),
        "{error:?}"
    );
}

/// A server that takes the request's bytes and then, or never, hangs up without an answer. Counts requests.
async fn mute_server(hang_up: bool) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let hits = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&hits);
    tokio::spawn(async move {
        let mut held = Vec::new();
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut received = Vec::new();
            // The body is the last thing sent, and ends with a brace.
            while !received.ends_with(b"}") && socket.read_buf(&mut received).await.unwrap() > 0 {}
            assert!(received.starts_with(b"POST /transactions"));
            count.fetch_add(1, Ordering::SeqCst);
            if !hang_up {
                held.push(socket);
            }
        }
    });
    (url, hits)
}

#[tokio::test]
async fn connection_cut_after_the_request_leaves_the_outcome_unknown_and_it_was_sent_once() {
    let (url, hits) = mute_server(true).await;
    let client = NodeClient::new(&url, quick()).unwrap();
    let error = client.submit(&recorded_transaction()).await.unwrap_err();
    assert!(
        matches!(&error, SubmitError::UnknownOutcome { why, .. } if matches!(**why, NodeError::Interrupted { .. })),
        "{error:?}"
    );
    assert_eq!(hits.load(Ordering::SeqCst), 1);
    // The same fault of a check submits nothing, and says so.
    let error = client.check(&recorded_transaction()).await.unwrap_err();
    assert!(
        matches!(error, SubmitError::NotTaken(NodeError::Interrupted { .. })),
        "{error:?}"
    );
    assert_eq!(hits.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn no_answer_in_time_leaves_the_outcome_unknown_and_it_was_sent_once() {
    let (url, hits) = mute_server(false).await;
    let options = NodeOptions {
        timeout: Duration::from_millis(300),
        ..quick()
    };
    let error = NodeClient::new(&url, options)
        .unwrap()
        .submit(&recorded_transaction())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, SubmitError::UnknownOutcome { why, .. } if matches!(**why, NodeError::TimedOut { .. })),
        "{error:?}"
    );
    assert_eq!(hits.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn unconfirmed_transaction_is_found_or_none() {
    let server = Server::start(|request| {
        if request.path.ends_with(id_json().as_str().unwrap()) {
            json_reply(200, &recorded_transaction_json())
        } else {
            not_found()
        }
    })
    .await;
    let (client, transaction) = (server.client(), recorded_transaction());
    assert_eq!(
        client
            .unconfirmed(&transaction.id())
            .await
            .unwrap()
            .map(|tx| tx.id),
        Some(transaction.id())
    );
    assert_eq!(client.unconfirmed(&TxId::zero()).await.unwrap(), None);
}

#[tokio::test]
async fn context_variables_keep_their_order() {
    // Their order is part of the signed bytes; a map sorted by key would change the id.
    let recorded = recorded_transaction();
    let mut input = recorded.inputs.first().clone();
    for variable in [9u8, 1, 5] {
        input
            .spending_proof
            .extension
            .values
            .insert(variable, i32::from(variable).into());
    }
    let outputs = recorded.output_candidates.to_vec();
    let transaction = Transaction::new_from_vec(vec![input], vec![], outputs).unwrap();
    let json = serde_json::to_value(&transaction).unwrap();
    let server = Server::start(move |_| json_reply(200, &json)).await;
    assert_eq!(
        server
            .client()
            .unconfirmed(&transaction.id())
            .await
            .unwrap()
            .map(|tx| tx.id),
        Some(transaction.id())
    );
}
