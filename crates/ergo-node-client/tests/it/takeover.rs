//! Several nodes that stand in for each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::response::Response;
use ergo_node_client::{NodeClient, NodeError, NodeOptions, SubmitError};
use serde_json::{Value, json};

use crate::support::*;

fn no_retries() -> NodeOptions {
    NodeOptions {
        retries: 0,
        ..quick()
    }
}

/// A node that answers `/info` with this, and takes every transaction.
async fn node(info: Value) -> Server {
    Server::start(move |seen| match seen.path.as_str() {
        "/info" => json_reply(200, &info),
        _ => json_reply(200, &json!(String::from(recorded_transaction().id()))),
    })
    .await
}

fn broken() -> Response {
    reply(503, "text/plain", "overloaded")
}

/// An address at which nothing listens.
async fn nowhere() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn of(first: &str, second: &str) -> NodeClient {
    NodeClient::with_fallbacks(first, [second], no_retries()).unwrap()
}

#[tokio::test]
async fn node_that_fails_is_replaced_and_left_alone() {
    let first = Server::start(|_| broken()).await;
    let second = node(info_json(700)).await;
    let client = of(&first.url, &second.url);
    assert_eq!(client.url(), first.url);
    for _ in 0..3 {
        assert_eq!(client.info().await.unwrap().full_height, Some(700));
    }
    assert_eq!(first.hits(), 1);
    assert_eq!(client.url(), second.url);
}

#[tokio::test]
async fn node_that_fails_later_is_replaced_by_the_first_again() {
    let ill = Arc::new(AtomicBool::new(true));
    let now = Arc::clone(&ill);
    let first = Server::start(move |_| match now.load(Ordering::SeqCst) {
        true => broken(),
        false => json_reply(200, &info_json(700)),
    })
    .await;
    let second = node(info_json(700)).await;
    let client = of(&first.url, &second.url);
    client.info().await.unwrap();
    assert_eq!(client.url(), second.url);
    drop(second);
    ill.store(false, Ordering::SeqCst);
    client.info().await.unwrap();
    assert_eq!(client.url(), first.url);
}

#[tokio::test]
async fn all_nodes_failing_is_the_first_ones_error() {
    let (first, second) = (nowhere().await, nowhere().await);
    let error = of(&first, &second).info().await.unwrap_err();
    assert!(matches!(error, NodeError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains(&first), "{error}");
}

/// What the client says when the first node shows this chain and breaks, and the second shows that one.
async fn refused_to_take_over(second: Value) -> String {
    let answered = AtomicBool::new(false);
    let first = Server::start(move |_| match answered.swap(true, Ordering::SeqCst) {
        false => json_reply(200, &info_json(700)),
        true => broken(),
    })
    .await;
    let second = node(second).await;
    let client = of(&first.url, &second.url);
    client.info().await.unwrap();
    let error = client.last_headers(1).await.unwrap_err();
    assert!(matches!(error, NodeError::Unfit { .. }), "{error}");
    assert_eq!(second.hits(), 1, "it is asked who it is, and nothing else");
    assert_eq!(client.url(), first.url);
    assert!(error.to_string().contains(&second.url), "{error}");
    error.to_string()
}

#[tokio::test]
async fn node_of_another_chain_never_takes_over() {
    let mut other = info_json(700);
    other["genesisBlockId"] = json!(format!("{:064x}", 77));
    let message = refused_to_take_over(other).await;
    assert!(message.contains("another chain"), "{message}");
}

#[tokio::test]
async fn node_far_behind_never_takes_over() {
    let message = refused_to_take_over(info_json(689)).await;
    assert!(message.contains("11 blocks behind"), "{message}");
}

#[tokio::test]
async fn web_server_never_takes_over() {
    let message = refused_to_take_over(json!({ "welcome": true })).await;
    assert!(message.contains("not an Ergo node"), "{message}");
}

#[tokio::test]
async fn submission_not_sent_goes_to_the_next_node() {
    let second = node(info_json(700)).await;
    let client = of(&nowhere().await, &second.url);
    let transaction = recorded_transaction();
    assert_eq!(client.submit(&transaction).await.unwrap(), transaction.id());
    let paths: Vec<String> = second.seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(paths, ["/info", "/transactions"]);
}

#[tokio::test]
async fn submission_perhaps_sent_goes_to_no_other_node() {
    let first = Server::start(|_| broken()).await;
    let second = node(info_json(700)).await;
    let error = of(&first.url, &second.url)
        .submit(&recorded_transaction())
        .await
        .unwrap_err();
    assert!(
        matches!(error, SubmitError::UnknownOutcome { .. }),
        "{error}"
    );
    assert_eq!(second.hits(), 0);
}

#[tokio::test]
async fn submission_with_no_fit_node_was_not_taken() {
    let mut other = info_json(700);
    other["appVersion"] = Value::Null;
    let second = node(other).await;
    let error = of(&nowhere().await, &second.url)
        .submit(&recorded_transaction())
        .await
        .unwrap_err();
    assert!(
        matches!(error, SubmitError::NotTaken(NodeError::Unfit { .. })),
        "{error}"
    );
}

#[tokio::test]
async fn api_key_goes_to_the_first_node_alone() {
    let first = Server::start(|_| broken()).await;
    let second = node(info_json(700)).await;
    let options = NodeOptions {
        api_key: Some("hush".to_owned().into()),
        ..no_retries()
    };
    let client = NodeClient::with_fallbacks(&first.url, [second.url.as_str()], options).unwrap();
    // The second one's answer is none, which matters not.
    let _ = client.wallet_status().await;
    let key = |server: &Server| {
        let seen = server.seen();
        let asked = seen.iter().find(|seen| seen.path == "/wallet/status");
        asked.map(|seen| seen.headers.contains_key("api_key"))
    };
    assert_eq!(key(&first), Some(true));
    assert_eq!(key(&second), Some(false));
}
