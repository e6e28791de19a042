//! Answers checked against the schemas of the reference node's OpenAPI file, where it is at hand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "integration tests fail by panicking and say aloud what they skip"
)]

use crate::common::keys::{fee_output, output_with_tokens, person};
use crate::common::schema::OpenApi;
use crate::common::{ERG, FEE, manual};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use serde_json::{Value, json};

#[test]
fn checker_finds_what_does_not_fit() {
    let Some(api) = OpenApi::find() else { return };
    let asset = api.component("Asset");
    let faults = |value: Value| api.faults(asset, &value).len();
    assert_eq!(faults(json!({ "tokenId": "00", "amount": 1 })), 0);
    assert_eq!(faults(json!({ "tokenId": "00" })), 1);
    assert_eq!(faults(json!({ "tokenId": "0x", "amount": "1" })), 2);
    assert_eq!(faults(json!({ "tokenId": null, "amount": 1.5 })), 2);
    assert_eq!(faults(json!([])), 3);
    let indexed = api.component("IndexedErgoBox");
    assert!(api.faults(indexed, &json!({})).len() >= 9);
}

#[tokio::test]
async fn every_answer_fits_its_schema() {
    let Some(api) = OpenApi::find() else { return };
    let chain = manual().await;
    let alice = person(1);
    let funds = chain.fund(&alice, 2 * ERG).await;
    let token = TokenId::from(funds.box_id());
    let context = chain.context().await;
    let height = context.pre_header.height;
    let outputs = |value: u64| {
        vec![
            output_with_tokens(&alice.tree, value, height, &[(token, 5)]),
            fee_output(FEE, height),
        ]
    };
    let mint = alice.spend(
        &context,
        std::slice::from_ref(&funds),
        &[],
        outputs(2 * ERG - FEE),
    );
    chain.submit(&mint).await;
    chain.mine(1).await;
    let held = mint.outputs.first().clone();
    let data = [mint.outputs.last().clone()];
    let pooled = alice.spend(
        &context,
        std::slice::from_ref(&held),
        &data,
        outputs(2 * ERG - 2 * FEE),
    );
    chain.submit(&pooled).await;

    let tip = chain.get("/info").await["bestFullHeaderId"]
        .as_str()
        .unwrap()
        .to_owned();
    let address = json!(alice.address);
    let tree = json!(serde_json::to_value(&held).unwrap()["ergoTree"]);
    let token = String::from(token);
    let unconfirmed = pooled.outputs.first().box_id();
    let gets = [
        ("/info", String::new()),
        ("/blocks/at/{blockHeight}", "1001".to_owned()),
        ("/blocks/lastHeaders/{count}", "10".to_owned()),
        ("/blocks/chainSlice", String::new()),
        ("/blocks/{headerId}", tip.clone()),
        ("/blocks/{headerId}/header", tip.clone()),
        ("/blocks/{headerId}/transactions", tip.clone()),
        ("/transactions/getFee", "?waitTime=1&txSize=100".to_owned()),
        ("/transactions/unconfirmed", String::new()),
        ("/transactions/unconfirmed/transactionIds", String::new()),
        (
            "/transactions/unconfirmed/byTransactionId/{txId}",
            pooled.id().to_string(),
        ),
        ("/utxo/byId/{boxId}", held.box_id().to_string()),
        ("/utxo/withPool/byId/{boxId}", unconfirmed.to_string()),
        ("/utxo/genesis", String::new()),
        ("/blockchain/indexedHeight", String::new()),
        ("/blockchain/transaction/byId/{txId}", mint.id().to_string()),
        ("/blockchain/box/byId/{boxId}", funds.box_id().to_string()),
        ("/blockchain/box/byTokenId/{tokenId}", token.clone()),
        ("/blockchain/box/unspent/byTokenId/{tokenId}", token.clone()),
        ("/blockchain/token/byId/{tokenId}", token.clone()),
    ];
    let mut faults = Vec::new();
    let mut check = |path: &str, method: &str, answer: &Value| {
        assert!(
            !answer.as_array().is_some_and(Vec::is_empty),
            "{path} is empty"
        );
        let found = api.faults(api.answer(path, method), answer);
        faults.extend(
            found
                .into_iter()
                .map(|fault| format!("{method} {path} {fault}")),
        );
    };
    for (path, argument) in gets {
        let url = match path.split_once('{') {
            Some((before, rest)) => {
                let after = rest.split_once('}').unwrap().1;
                format!("{before}{argument}{after}")
            }
            None => format!("{path}{argument}"),
        };
        check(path, "get", &chain.get(&url).await);
    }
    let all = "?includeUnconfirmed=true";
    let posts = [
        ("/utxo/withPool/byIds", "", json!([unconfirmed])),
        (
            "/transactions/unconfirmed/byTransactionIds",
            "",
            json!([pooled.id()]),
        ),
        ("/blockchain/transaction/byAddress", "", address.clone()),
        ("/blockchain/box/byAddress", "", address.clone()),
        ("/blockchain/box/unspent/byAddress", all, address.clone()),
        ("/blockchain/box/byErgoTree", "", tree.clone()),
        ("/blockchain/tokens", "", json!([token])),
        ("/blockchain/balance", "", address),
        (
            "/transactions/check",
            "",
            serde_json::to_value(&pooled).unwrap(),
        ),
    ];
    for (path, query, body) in posts {
        check(
            path,
            "post",
            &chain.post(&format!("{path}{query}"), &body).await,
        );
    }
    // The file gives these two answers the schema of another: a list has one item's, a plain array a page's.
    let list = chain
        .post("/transactions/unconfirmed/byErgoTree", &tree)
        .await;
    check("/transactions/unconfirmed/byErgoTree", "post", &list[0]);
    let list = chain
        .post("/blockchain/box/unspent/byErgoTree", &tree)
        .await;
    check("/blockchain/box/unspent/byAddress", "post", &list);

    let unknown = format!("/utxo/byId/{}", "00".repeat(32));
    let errors = [
        chain.try_get(&unknown).await.1,
        chain.try_post("/transactions", &json!({})).await.1,
    ];
    for error in errors {
        faults.extend(api.faults(api.component("ApiError"), &error));
    }
    assert!(faults.is_empty(), "{faults:#?}");
}
