//! Oracle pools that tests move.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "integration tests fail by panicking"
)]

use crate::common::manual;
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, NonMandatoryRegisterId as Register};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::mir::constant::TryExtractInto;
use serde_json::{Value, json};

fn told(pool: &Value) -> (TokenId, i64, i32) {
    let pool: ErgoBox = serde_json::from_value(pool.clone()).unwrap();
    let register = |id| pool.additional_registers.get_constant(id).unwrap().unwrap();
    let first = pool.tokens.as_ref().unwrap().first();
    assert_eq!(*first.amount.as_u64(), 1);
    (
        first.token_id,
        register(Register::R4).try_extract_into().unwrap(),
        register(Register::R5).try_extract_into().unwrap(),
    )
}

#[tokio::test]
async fn oracle_publishes_under_one_nft_and_its_epochs_go_on() {
    let chain = manual().await;
    let first = chain
        .post("/devnet/oracle", &json!({ "rate": 1_000 }))
        .await;
    let (nft, rate, epoch) = told(&first);
    assert_eq!(rate, 1_000);
    assert_eq!(first["creationHeight"], chain.devnet.height());

    chain.devnet.mine(299).unwrap();
    let named = json!({ "rate": 2_000, "nft": String::from(nft) });
    let second = chain.post("/devnet/oracle", &named).await;
    // 300 blocks are ten times 30.
    assert_eq!(told(&second), (nft, 2_000, epoch + 10));
    let third = chain.post("/devnet/oracle", &named).await;
    assert_eq!(told(&third), (nft, 2_000, epoch + 11));
    // There is one box of the pool's at a time.
    let path = format!("/blockchain/box/unspent/byTokenId/{}", String::from(nft));
    let unspent = chain.get(&path).await;
    let unspent = unspent.as_array().unwrap();
    assert_eq!(unspent.len(), 1);
    assert_eq!(unspent[0]["boxId"], third["boxId"]);

    let another = chain.post("/devnet/oracle", &json!({ "rate": 5 })).await;
    assert_ne!(told(&another).0, nft);
    let nobodys = json!({ "rate": 1, "nft": "00".repeat(32) });
    let detail = chain.refused_body("/devnet/oracle", &nobodys).await;
    assert!(detail.contains("no oracle pool"), "{detail}");
    let detail = chain
        .refused_body("/devnet/oracle", &json!({ "rate": 1, "nft": "dollar" }))
        .await;
    assert!(detail.contains("no token id"), "{detail}");
}
