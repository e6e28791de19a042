//! Info, headers, state context, boxes and blocks: what comes back for answers as nodes give them.

use ergo_lib::ergo_chain_types::{BlockId, Digest32};
use ergo_node_client::{NodeError, NodeOptions};
use serde_json::{Value, json};

use crate::support::*;

fn block_id(height: u32) -> BlockId {
    BlockId(Digest32::try_from(format!("{height:064x}")).unwrap())
}

/// A node with these headers in its `/blocks/lastHeaders`, in this order, and this `/info`.
async fn node(headers: Vec<Value>, info: Value) -> Server {
    Server::start(move |request| match request.path.as_str() {
        "/info" => json_reply(200, &info),
        path => {
            let count: usize = path
                .strip_prefix("/blocks/lastHeaders/")
                .unwrap()
                .parse()
                .unwrap();
            // The newest `count`, in whatever order they are kept.
            let mut heights: Vec<u64> = headers
                .iter()
                .map(|h| h["height"].as_u64().unwrap())
                .collect();
            heights.sort_unstable_by(|a, b| b.cmp(a));
            let newest: Vec<&Value> = headers
                .iter()
                .filter(|h| {
                    heights
                        .iter()
                        .take(count)
                        .any(|height| h["height"] == json!(height))
                })
                .collect();
            json_reply(200, &json!(newest))
        }
    })
    .await
}

#[tokio::test]
async fn info_of_reference_node_is_read() {
    let server = node(Vec::new(), info_json(1_630_000)).await;
    let info = server.client().info().await.unwrap();
    assert_eq!(
        (info.app_version.as_str(), info.network.as_deref()),
        ("6.0.4", Some("mainnet"))
    );
    assert_eq!(
        (info.full_height, info.headers_height),
        (Some(1_630_000), Some(1_630_000))
    );
    assert_eq!(info.best_full_header_id, Some(block_id(1_630_000)));
    assert_eq!(info.blocks_behind(), 0);
    let parameters = info.parameters.unwrap();
    assert_eq!(
        (parameters.output_cost(), parameters.block_version()),
        (197, 4)
    );
    assert_eq!(info.state_type.as_deref(), Some("utxo"));
}

#[tokio::test]
async fn info_of_empty_node_has_no_heights() {
    let mut json = info_json(1);
    for field in [
        "fullHeight",
        "headersHeight",
        "bestFullHeaderId",
        "bestHeaderId",
        "genesisBlockId",
    ] {
        json[field] = Value::Null;
    }
    json["maxPeerHeight"] = json!(50);
    json.as_object_mut().unwrap().remove("parameters");
    let info = node(Vec::new(), json).await.client().info().await.unwrap();
    assert_eq!(
        (
            info.full_height,
            info.genesis_block_id,
            info.parameters.clone()
        ),
        (None, None, None)
    );
    assert_eq!(info.blocks_behind(), 50);
}

#[tokio::test]
async fn info_with_broken_parameters_is_malformed_not_default() {
    let mut json = info_json(1);
    json["parameters"]["inputCost"] = json!("many");
    let error = node(Vec::new(), json)
        .await
        .client()
        .parameters()
        .await
        .unwrap_err();
    assert!(
        matches!(&error, NodeError::Malformed { what, .. } if what.contains("parameters")),
        "{error}"
    );
}

#[tokio::test]
async fn parameters_missing_in_info_are_those_of_mainnet() {
    let mut json = info_json(20);
    json.as_object_mut().unwrap().remove("parameters");
    let parameters = node(header_chain(20, 20), json)
        .await
        .client()
        .parameters()
        .await
        .unwrap();
    // The recorded header is of version 2; the costs are those of the reference node's `/info` on the main network.
    assert_eq!(
        (
            parameters.block_version(),
            parameters.input_cost(),
            parameters.output_cost()
        ),
        (2, 2407, 197)
    );
    assert_eq!(
        (parameters.max_block_cost(), parameters.storage_fee_factor()),
        (8_001_091, 1_250_000)
    );
}

#[tokio::test]
async fn headers_in_any_order_come_newest_first() {
    let ascending = header_chain(10, 500);
    let mut descending = ascending.clone();
    descending.reverse();
    let mut shuffled = ascending.clone();
    shuffled.swap(0, 7);
    shuffled.swap(3, 9);
    shuffled.swap(2, 5);
    for order in [ascending, descending, shuffled] {
        let headers = node(order, info_json(500))
            .await
            .client()
            .last_headers(10)
            .await
            .unwrap();
        let heights: Vec<u32> = headers.iter().map(|header| header.height).collect();
        assert_eq!(heights, (491..=500).rev().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn headers_not_linked_are_refused() {
    let mut headers = header_chain(10, 500);
    headers[4]["parentId"] = json!(format!("{:064x}", 77));
    let error = node(headers, info_json(500))
        .await
        .client()
        .last_headers(10)
        .await
        .unwrap_err();
    assert!(
        matches!(error, NodeError::HeadersNotLinked { height: 495, parent, .. } if parent == block_id(77))
    );
}

#[tokio::test]
async fn header_with_votes_as_numbers_is_malformed_without_panic() {
    let mut headers = header_chain(3, 3);
    headers[1]["votes"] = json!([-1, 0, 0]);
    let error = node(headers, info_json(3))
        .await
        .client()
        .last_headers(3)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, NodeError::Malformed { what, .. } if what.contains(&format!("{:064x}", 2))),
        "{error}"
    );
}

#[tokio::test]
async fn state_context_is_that_of_the_next_block() {
    let server = node(header_chain(20, 500), info_json(500)).await;
    let context = server.client().state_context().await.unwrap();
    let tip = &context.headers[0];
    assert_eq!((tip.height, context.headers[9].height), (500, 491));
    let next = &context.pre_header;
    assert_eq!((next.height, next.parent_id), (501, block_id(500)));
    assert_eq!(next.timestamp, tip.timestamp + 1);
    assert_eq!(
        (next.version, next.n_bits, next.votes.clone()),
        (tip.version, tip.n_bits, tip.votes.clone())
    );
    assert_eq!(context.parameters.max_block_size(), 1_271_009);
}

#[tokio::test]
async fn state_context_with_headers_ahead_ends_at_the_applied_block() {
    let mut info = info_json(488);
    info["headersHeight"] = json!(500);
    let context = node(header_chain(60, 500), info)
        .await
        .client()
        .state_context()
        .await
        .unwrap();
    assert_eq!(
        (context.headers[0].height, context.pre_header.height),
        (488, 489)
    );
}

#[tokio::test]
async fn state_context_when_info_is_one_block_old_still_has_ten_headers() {
    // The block 501 arrived between the two reads.
    let context = node(header_chain(60, 501), info_json(500))
        .await
        .client()
        .state_context()
        .await
        .unwrap();
    assert_eq!(context.pre_header.height, 501);
}

#[tokio::test]
async fn state_context_before_the_tenth_block_says_what_is_missing() {
    let error = node(header_chain(4, 4), info_json(4))
        .await
        .client()
        .state_context()
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            NodeError::TooFewHeaders {
                found: 4,
                needed: 10,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn utxo_found_is_the_box_and_missing_is_none() {
    let server = Server::start(|request| match request.path.rsplit_once('/').unwrap() {
        ("/utxo/byId" | "/utxo/withPool/byId", id) if id == recorded_box().box_id().to_string() => {
            json_reply(200, &recorded_box_json())
        }
        _ => not_found(),
    })
    .await;
    let (client, wanted) = (server.client(), recorded_box());
    assert_eq!(
        client.utxo(&wanted.box_id()).await.unwrap().as_ref(),
        Some(&wanted)
    );
    assert_eq!(
        client
            .utxo_with_pool(&wanted.box_id())
            .await
            .unwrap()
            .as_ref(),
        Some(&wanted)
    );
    let other = recorded_transaction().outputs.last().box_id();
    assert_eq!(client.utxo(&other).await.unwrap(), None);
}

#[tokio::test]
async fn utxo_with_other_bytes_than_its_id_is_refused_by_name() {
    let server = Server::start(|_| {
        let mut changed = recorded_box_json();
        changed["assets"][0]["amount"] = json!(2);
        json_reply(200, &changed)
    })
    .await;
    let id = recorded_box().box_id();
    let error = server.client().utxo(&id).await.unwrap_err();
    assert!(
        matches!(&error, NodeError::Malformed { what, at, .. }
            if what.contains(&id.to_string()) && at.url.ends_with(&format!("/utxo/byId/{id}"))),
        "{error}"
    );
}

#[tokio::test]
async fn utxo_without_id_is_refused() {
    let server = Server::start(|_| {
        let mut nameless = recorded_box_json();
        nameless.as_object_mut().unwrap().remove("boxId");
        json_reply(200, &nameless)
    })
    .await;
    let error = server
        .client()
        .utxo(&recorded_box().box_id())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, NodeError::Malformed { why, .. } if why.contains("boxId")),
        "{error}"
    );
}

#[tokio::test]
async fn utxo_of_another_id_is_refused() {
    let server = Server::start(|_| json_reply(200, &recorded_box_json())).await;
    let other = recorded_transaction().outputs.last().box_id();
    let error = server.client().utxo(&other).await.unwrap_err();
    assert!(
        matches!(&error, NodeError::Malformed { why, .. } if why.contains("asked for")),
        "{error}"
    );
}

#[tokio::test]
async fn blocks_are_read_by_height_and_id() {
    let header_id = recorded_header_json()["id"].as_str().unwrap().to_owned();
    let id = BlockId::try_from(header_id.clone()).unwrap();
    let server = Server::start(move |request| match request.path.as_str() {
        "/blocks/at/540000" => json_reply(200, &json!([header_id])),
        "/blocks/at/9999999" => json_reply(200, &json!([])),
        path if path == format!("/blocks/{header_id}/header") => json_reply(200, &recorded_header_json()),
        path if path == format!("/blocks/{header_id}/transactions") => json_reply(
            200,
            &json!({ "headerId": header_id, "transactions": [recorded_transaction_json()], "blockVersion": 2,
                "size": 700 }),
        ),
        _ => not_found(),
    })
    .await;
    let client = server.client();
    assert_eq!(client.header_ids_at(540_000).await.unwrap(), vec![id]);
    assert_eq!(client.header_ids_at(9_999_999).await.unwrap(), vec![]);
    assert_eq!(client.header(&id).await.unwrap().unwrap().height, 540_000);
    assert_eq!(client.header(&block_id(1)).await.unwrap(), None);
    assert_eq!(
        client.block_transactions(&id).await.unwrap().unwrap()[0].id,
        recorded_transaction().id()
    );
    assert_eq!(client.block_transactions(&block_id(1)).await.unwrap(), None);
}

#[tokio::test]
async fn api_key_goes_to_keyed_routes_only() {
    let server = Server::start(|request| match request.path.as_str() {
        "/wallet/status" => json_reply(
            200,
            &json!({ "isInitialized": true, "isUnlocked": false, "changeAddress": "", "walletHeight": 9, "error": "" }),
        ),
        "/info" => json_reply(200, &info_json(1)),
        "/transactions" => json_reply(200, &json!(String::from(recorded_transaction().id()))),
        _ => not_found(),
    })
    .await;
    let options = NodeOptions {
        api_key: Some("key-0123".into()),
        ..quick()
    };
    let client = ergo_node_client::NodeClient::new(&server.url, options).unwrap();
    assert!(client.wallet_status().await.unwrap().is_initialized);
    client.info().await.unwrap();
    client.submit(&recorded_transaction()).await.unwrap();
    client.utxo(&recorded_box().box_id()).await.unwrap();
    client
        .unconfirmed(&recorded_transaction().id())
        .await
        .unwrap();
    for request in server.seen() {
        let key = request
            .headers
            .get("api_key")
            .map(|value| value.to_str().unwrap().to_owned());
        let wanted = (request.path == "/wallet/status").then(|| "key-0123".to_owned());
        assert_eq!(key, wanted, "{}", request.path);
    }
    assert_eq!(server.hits(), 5);
}

#[tokio::test]
async fn login_in_the_url_is_sent_as_header_and_the_path_as_prefix() {
    let server = Server::start(|_| json_reply(200, &info_json(1))).await;
    let url = format!(
        "{}/ergo/",
        server.url.replace("http://", "http://al%40ice:s3cret@")
    );
    ergo_node_client::NodeClient::new(&url, quick())
        .unwrap()
        .info()
        .await
        .unwrap();
    let request = server.seen().remove(0);
    assert_eq!(request.path, "/ergo/info");
    // base64 of "al@ice:s3cret"
    assert_eq!(
        request.headers.get("authorization").unwrap(),
        "Basic YWxAaWNlOnMzY3JldA=="
    );
}
