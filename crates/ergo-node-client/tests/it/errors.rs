//! Each way in which a read fails is its own error, with the route and without secrets in its message.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use ergo_node_client::{NodeClient, NodeError, NodeOptions};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::*;

/// What `/info` gives when the server answers so, without repetitions.
async fn info_error(answer: impl Fn(&Seen) -> Response + Send + Sync + 'static) -> NodeError {
    let server = Server::start(answer).await;
    let client = NodeClient::new(
        &server.url,
        NodeOptions {
            retries: 0,
            ..quick()
        },
    )
    .unwrap();
    let error = client.info().await.unwrap_err();
    assert!(
        error.to_string().contains("/info"),
        "the route is missing in: {error}"
    );
    error
}

#[tokio::test]
async fn port_without_server_is_unreachable_and_the_password_stays_secret() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = NodeClient::new(&format!("http://alice:s3cret@{address}"), quick()).unwrap();
    let error = client.info().await.unwrap_err();
    assert!(matches!(error, NodeError::Unreachable { .. }), "{error}");
    let shown = format!("{error} {error:?}");
    assert!(
        shown.contains(&address.to_string()) && shown.contains("/info"),
        "{shown}"
    );
    assert!(
        !shown.contains("s3cret") && !shown.contains("alice"),
        "{shown}"
    );
}

#[tokio::test]
async fn host_without_name_is_unreachable() {
    let client = NodeClient::new(
        "http://no-such-host.invalid:9053",
        NodeOptions {
            retries: 0,
            ..quick()
        },
    )
    .unwrap();
    let error = client.info().await.unwrap_err();
    assert!(matches!(error, NodeError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn silent_server_times_out_and_is_asked_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let options = NodeOptions {
        timeout: Duration::from_millis(200),
        ..quick()
    };
    let held = tokio::spawn(async move {
        let mut connections = Vec::new();
        loop {
            connections.push(listener.accept().await.unwrap());
            assert_eq!(connections.len(), 1, "a time-out must not be repeated");
        }
    });
    let error = NodeClient::new(&url, options)
        .unwrap()
        .info()
        .await
        .unwrap_err();
    assert!(
        matches!(error, NodeError::TimedOut { after, .. } if after == Duration::from_millis(200)),
        "{error}"
    );
    assert!(!held.is_finished());
    held.abort();
}

/// A server that reads the request and then writes these bytes and closes.
async fn raw_server(bytes: &'static [u8]) -> (String, std::sync::Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let hits = std::sync::Arc::new(AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&hits);
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            let mut buffer = [0u8; 4096];
            let _ = socket.read(&mut buffer).await;
            let _ = socket.write_all(bytes).await;
        }
    });
    (url, hits)
}

#[tokio::test]
async fn connection_cut_within_the_answer_is_interrupted_after_all_repetitions() {
    let (url, hits) =
        raw_server(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{\"name\":").await;
    let error = NodeClient::new(&url, quick())
        .unwrap()
        .info()
        .await
        .unwrap_err();
    assert!(matches!(error, NodeError::Interrupted { .. }), "{error}");
    assert_eq!(hits.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn server_of_another_protocol_is_no_ergo_node() {
    let (url, _) = raw_server(b"SSH-2.0-OpenSSH_9.6\r\n\r\n").await;
    let error = NodeClient::new(&url, quick())
        .unwrap()
        .info()
        .await
        .unwrap_err();
    assert!(matches!(error, NodeError::NotErgoNode { .. }), "{error}");
}

#[tokio::test]
async fn web_page_is_no_ergo_node() {
    for status in [200, 400, 404] {
        let error =
            info_error(move |_| reply(status, "text/html", "\n<!doctype html><h1>Welcome</h1>"))
                .await;
        assert!(
            matches!(error, NodeError::NotErgoNode { .. }),
            "{status}: {error}"
        );
    }
}

#[tokio::test]
async fn redirect_is_not_followed() {
    let error = info_error(|request| {
        assert_eq!(request.path, "/info");
        let mut answer = reply(302, "text/plain", "");
        answer
            .headers_mut()
            .insert("location", "/elsewhere".parse().unwrap());
        answer
    })
    .await;
    assert!(
        matches!(&error, NodeError::NotErgoNode { why, .. } if why.contains("302")),
        "{error}"
    );
}

#[tokio::test]
async fn json_of_another_service_is_no_ergo_node() {
    let error = info_error(|_| json_reply(200, &json!({ "jsonrpc": "2.0", "result": 7 }))).await;
    assert!(matches!(error, NodeError::NotErgoNode { .. }), "{error}");
}

#[tokio::test]
async fn broken_json_is_malformed() {
    let error = info_error(|_| reply(200, "application/json", "{\"name\": ")).await;
    assert!(matches!(error, NodeError::Malformed { .. }), "{error}");
}

#[tokio::test]
async fn refusal_carries_the_nodes_words_where_it_gives_any() {
    // Complete, without detail, without error, and as plain text (415 and 422 from another node's parser).
    let full =
        json!({ "error": 400, "reason": "bad.request", "detail": "No more than 16384 headers" });
    let bare = json!({ "error": 400, "reason": "bad.request" });
    let null = json!({ "reason": "bad.request", "detail": null });
    for (body, wanted) in [(full, "No more than 16384 headers"), (bare, ""), (null, "")] {
        let error = info_error(move |_| json_reply(400, &body)).await;
        assert!(
            matches!(&error, NodeError::Refused { status: 400, reason, detail, .. }
                if reason == "bad.request" && detail == wanted),
            "{error:?}"
        );
        assert!(!error.to_string().ends_with(": "), "{error}");
    }
    for status in [400, 415, 422] {
        let error =
            info_error(move |_| reply(status, "text/plain", "Failed to deserialize\n\u{1b}[31m"))
                .await;
        assert!(
            matches!(&error, NodeError::Refused { status: s, detail, .. }
                if *s == status && detail.starts_with("Failed to deserialize") && !detail.contains('\u{1b}')),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn forbidden_is_unauthorised() {
    let answer =
        |_: &Seen| json_reply(403, &json!({ "reason": "invalid.api-key", "detail": null }));
    let server = Server::start(answer).await;
    let error = server.client().wallet_status().await.unwrap_err();
    assert!(
        matches!(&error, NodeError::Unauthorised { status: 403, why, .. } if why == "invalid.api-key"),
        "{error:?}"
    );
    assert_eq!(server.hits(), 1);
}

#[tokio::test]
async fn unknown_route_is_told_from_unknown_box() {
    let id = recorded_box().box_id();
    let reference = json!({ "error": 400, "reason": "bad.request",
        "detail": "The requested resource/endpoint could not be found." });
    let answers: Vec<Box<dyn Fn() -> Response + Send + Sync>> = vec![
        Box::new(empty_404),
        Box::new(|| reply(404, "text/plain", "404 page not found")),
        Box::new(|| json_reply(404, &json!({ "detail": "Not Found" }))),
        Box::new(|| reply(405, "text/plain", "")),
        Box::new(move || json_reply(400, &reference)),
    ];
    for answer in answers {
        let server = Server::start(move |_| answer()).await;
        let error = server.client().utxo(&id).await.unwrap_err();
        assert!(matches!(error, NodeError::NoSuchRoute { .. }), "{error:?}");
        assert_eq!(server.hits(), 1);
    }
}

#[tokio::test]
async fn server_error_is_repeated_until_it_passes() {
    let left = AtomicUsize::new(3);
    let server = Server::start(move |_| {
        match left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)) {
            Ok(3) => reply(429, "text/plain", "slow down"),
            Ok(2) => reply(502, "text/html", "<html>bad gateway</html>"),
            Ok(_) => json_reply(
                500,
                &json!({ "error": 500, "reason": "internal.error", "detail": "Ask timed out" }),
            ),
            Err(_) => json_reply(200, &info_json(77)),
        }
    })
    .await;
    assert_eq!(server.client().info().await.unwrap().full_height, Some(77));
    assert_eq!(server.hits(), 4);
}

/// The node's wish is followed up to the time for one attempt, and not beyond.
#[tokio::test]
async fn server_that_names_a_pause_is_left_alone_so_long() {
    for (asked, least) in [("1", 1), ("11", 0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0)] {
        let first = AtomicBool::new(true);
        let server = Server::start(move |_| match first.swap(false, Ordering::SeqCst) {
            true => (
                StatusCode::SERVICE_UNAVAILABLE,
                [(header::RETRY_AFTER, asked)],
                "later",
            )
                .into_response(),
            false => json_reply(200, &info_json(77)),
        })
        .await;
        let begun = Instant::now();
        server.client().info().await.unwrap();
        assert!(begun.elapsed() >= Duration::from_secs(least), "{asked}");
        assert_eq!(server.hits(), 2);
    }
}

#[tokio::test]
async fn server_error_that_stays_is_reported_after_the_repetitions() {
    for retries in [0, 3] {
        let server = Server::start(|_| reply(503, "text/plain", "starting")).await;
        let client = NodeClient::new(&server.url, NodeOptions { retries, ..quick() }).unwrap();
        let error = client.info().await.unwrap_err();
        assert!(
            matches!(&error, NodeError::ServerError { status: 503, detail, .. } if detail == "starting")
        );
        assert_eq!(server.hits(), 1 + retries as usize);
    }
}

#[tokio::test]
async fn refusal_is_not_repeated() {
    let server =
        Server::start(|_| json_reply(400, &json!({ "error": 400, "reason": "bad.request" }))).await;
    server.client().info().await.unwrap_err();
    assert_eq!(server.hits(), 1);
}

#[tokio::test]
async fn answer_over_the_limit_is_not_read() {
    let options = NodeOptions {
        max_body_bytes: 1000,
        ..quick()
    };
    // Announced by content-length …
    let server = Server::start(|_| reply(200, "application/json", " ".repeat(1001))).await;
    let error = NodeClient::new(&server.url, options.clone())
        .unwrap()
        .info()
        .await
        .unwrap_err();
    assert!(
        matches!(error, NodeError::BodyTooLarge { limit: 1000, .. }),
        "{error}"
    );
    // … and without, in chunks that never end: only stopping at the limit gives an error before the time-out.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let endless = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut buffer = [0u8; 4096];
        let _ = socket.read(&mut buffer).await;
        let _ = socket
            .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            .await;
        while socket.write_all(b"64\r\n").await.is_ok() {
            if socket.write_all(&[b' '; 100]).await.is_err()
                || socket.write_all(b"\r\n").await.is_err()
            {
                break;
            }
        }
    });
    let error = NodeClient::new(&url, options.clone())
        .unwrap()
        .info()
        .await
        .unwrap_err();
    assert!(
        matches!(error, NodeError::BodyTooLarge { limit: 1000, .. }),
        "{error}"
    );
    endless.abort();
    // At the limit exactly it is read.
    let body = info_json(5).to_string();
    let exact = NodeOptions {
        max_body_bytes: body.len(),
        ..options
    };
    let server = Server::start(move |_| reply(200, "application/json", body.clone())).await;
    assert_eq!(
        NodeClient::new(&server.url, exact)
            .unwrap()
            .info()
            .await
            .unwrap()
            .full_height,
        Some(5)
    );
}
