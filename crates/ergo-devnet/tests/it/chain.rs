//! Blocks, time, rent, rollback, the faucet, and what survives a restart.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "integration tests fail by panicking"
)]

use std::io::Write;
use std::time::{Duration, Instant};

use crate::common::keys::{fee_output, made, output, person};
use crate::common::{Chain, ERG, FEE, manual, start};
use ergo_devnet::{
    BlockTime, Devnet, DevnetConfig, DevnetError, JournalError, MAX_HEIGHT, OpenError, SUPPLY,
};
use ergo_lib::chain::transaction::input::prover_result::ProverResult;
use ergo_lib::chain::transaction::{Input, Transaction};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::{ContextExtension, ProofBytes};
use ergo_lib::ergotree_ir::chain::address::NetworkPrefix;
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate};
use ergo_lib::ergotree_ir::mir::constant::Constant;
use serde_json::{Value, json};

/// Blocks after which a box owes rent.
const STORAGE_PERIOD: u32 = 1_051_200;

/// Spends without a proof; variable 127 names output 0.
fn collect(rented: &ErgoBox, outputs: Vec<ErgoBoxCandidate>) -> Transaction {
    let mut extension = ContextExtension::empty();
    extension.values.insert(127, Constant::from(0i16));
    let proof = ProverResult {
        proof: ProofBytes::Empty,
        extension,
    };
    Transaction::new_from_vec(vec![Input::new(rented.box_id(), proof)], vec![], outputs).unwrap()
}

#[tokio::test]
async fn unjudged_block_holds_what_no_pool_takes() {
    let chain = manual().await;
    let owner = person(1);
    let robbed = chain.fund(&owner, ERG).await;
    let height = chain.devnet.height();
    let theft = collect(&robbed, vec![output(&person(2).tree, 2 * ERG, height)]);
    chain.refusal(&theft).await;
    let mined = chain
        .devnet
        .mine_unjudged(std::slice::from_ref(&theft))
        .unwrap();
    assert_eq!(mined.included, [theft.id()]);
    let id = theft.id();
    let shown = chain
        .get(&format!("/blockchain/transaction/byId/{id}"))
        .await;
    assert_eq!(shown["inclusionHeight"], height + 1);
    // There is nothing to spend a second time, and taken back it finds no place in the pool.
    assert!(chain.devnet.mine_unjudged(&[theft]).is_err());
    let back = chain.devnet.rollback(1).unwrap();
    assert_eq!((back.height, back.dropped.len()), (height, 1));
}

#[tokio::test]
async fn rent_is_collected_without_a_key_only_after_the_period() {
    let chain = manual().await;
    let (owner, stranger) = (person(1), person(2));
    let rented = chain.fund(&owner, ERG).await;
    let due = rented.creation_height + STORAGE_PERIOD;
    let began = Instant::now();
    // The next block is one short of the period.
    chain.mine(due - 2 - chain.devnet.height()).await;
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "empty blocks cost nothing"
    );

    // 75 bytes or so at 1,250,000 nanoErg: under a tenth of an ERG.
    let collected = |height: u32, kept: u64| {
        let mut same: ErgoBoxCandidate = rented.clone().into();
        same.creation_height = height;
        same.value = kept.try_into().unwrap();
        collect(
            &rented,
            vec![
                same,
                output(&stranger.tree, ERG - kept - FEE, height),
                fee_output(FEE, height),
            ],
        )
    };
    let detail = chain.refusal(&collected(due - 1, ERG - ERG / 20)).await;
    assert!(detail.contains("#0 => "), "{detail}");
    chain.mine(1).await;
    let detail = chain.refusal(&collected(due, ERG / 2)).await;
    assert!(
        detail.contains("#0 => "),
        "takes more than the rent: {detail}"
    );
    let tx = collected(due, ERG - ERG / 20);
    chain.submit(&tx).await;
    assert_eq!(
        chain.mine(1).await["transactions"],
        json!([tx.id().to_string()])
    );
    let left = chain
        .get(&format!("/utxo/byId/{}", made(&tx, 0).box_id()))
        .await;
    assert_eq!(left["value"], ERG - ERG / 20);
}

#[tokio::test]
async fn rollback_returns_transactions_to_the_pool_and_restores_the_state() {
    let chain = manual().await;
    let (alice, bob) = (person(1), person(2));
    let funds = chain.fund(&alice, ERG).await;
    chain.mine(2).await;
    let before = chain.context().await;
    let parent = alice.pay(&before, &funds, &bob.tree, ERG / 2, FEE);
    let child = bob.pay(&before, &made(&parent, 0), &bob.tree, ERG / 4, FEE);
    chain.submit(&parent).await;
    chain.submit(&child).await;
    let mined = chain.mine(1).await;
    let late = bob.pay(&before, &made(&child, 0), &bob.tree, ERG / 8, FEE);
    chain.submit(&late).await;

    let undone = chain.rollback(1).await;
    let pool = json!([parent.id(), child.id(), late.id()]);
    assert_eq!((&undone["pool"], &undone["dropped"]), (&pool, &json!([])));
    assert_eq!(chain.context().await, before);
    assert_eq!(
        chain.get(&format!("/utxo/byId/{}", funds.box_id())).await["value"],
        ERG
    );
    let id = mined["headerId"].as_str().unwrap();
    assert_eq!(chain.try_get(&format!("/blocks/{id}/header")).await.0, 404);

    let again = chain.mine(1).await;
    assert_eq!(again["transactions"], pool);
    assert_ne!(
        again["headerId"], mined["headerId"],
        "other content, other id"
    );
}

#[tokio::test]
async fn rollback_below_a_creation_height_drops_the_family() {
    let chain = manual().await;
    let alice = person(1);
    let funds = chain.fund(&alice, ERG).await;
    chain.mine(1).await;
    let context = chain.context().await;
    let parent = alice.pay(&context, &funds, &alice.tree, ERG / 2, FEE);
    let child = alice.pay(&context, &made(&parent, 0), &alice.tree, ERG / 4, FEE);
    chain.submit(&parent).await;
    chain.mine(1).await;
    chain.submit(&child).await;
    let undone = chain.rollback(2).await;
    assert_eq!(undone["pool"], json!([]));
    let dropped: Vec<&str> = undone["dropped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d.as_str().unwrap())
        .collect();
    assert!(
        dropped[0].contains("does not exceed the block height"),
        "{dropped:?}"
    );
    assert!(dropped[1].contains("should be in UTXO"), "{dropped:?}");
}

#[tokio::test]
async fn rollback_of_a_payment_from_the_faucet_keeps_it_alive() {
    let chain = manual().await;
    let (alice, bob) = (person(1), person(2));
    let funds = chain.fund(&alice, ERG).await;
    chain.rollback(1).await;
    assert_eq!(
        chain
            .try_get(&format!("/utxo/byId/{}", funds.box_id()))
            .await
            .0,
        404
    );
    // The faucet goes on from where the pool has it, so both payments live.
    let more = chain.fund(&bob, ERG).await;
    for paid in [&funds, &more] {
        assert_eq!(
            chain.get(&format!("/utxo/byId/{}", paid.box_id())).await["value"],
            ERG
        );
    }
    let (status, answer) = chain
        .try_post("/devnet/rollback", &json!({ "blocks": 2 }))
        .await;
    assert_eq!(
        (status, &answer["error"]),
        (400, &json!(400)),
        "only one block was mined"
    );
}

#[tokio::test]
async fn fund_leaves_other_transactions_in_the_pool() {
    let chain = manual().await;
    let alice = person(1);
    let funds = chain.fund(&alice, ERG).await;
    let tx = alice.pay(&chain.context().await, &funds, &alice.tree, ERG / 2, FEE);
    chain.submit(&tx).await;
    chain.fund(&person(2), ERG).await;
    assert_eq!(chain.get("/transactions/unconfirmed/size").await, 1);
    assert_eq!(chain.mine(1).await["transactions"], json!([tx.id()]));
}

#[tokio::test]
async fn fund_bad_requests_are_refused() {
    let chain = manual().await;
    let address = person(1).address;
    for body in [
        json!({ "address": address, "value": SUPPLY }),
        json!({ "address": address, "value": 20_000 }),
        json!({ "address": address, "value": 1 }),
        json!({ "address": "nobody", "value": ERG }),
        json!({ "value": ERG }),
        json!({ "ergoTree": "00", "address": address, "value": ERG }),
    ] {
        let (status, answer) = chain.try_post("/devnet/fund", &body).await;
        assert_eq!(
            (status, &answer["reason"]),
            (400, &json!("bad.request")),
            "{body}"
        );
    }
    assert_eq!(chain.get("/devnet/status").await["mined"], 0);
    let tree = chain.get("/utxo/genesis").await[0]["ergoTree"].clone();
    let paid = chain
        .post("/devnet/fund", &json!({ "ergoTree": tree, "value": ERG }))
        .await;
    assert_eq!(paid["ergoTree"], tree);
}

#[tokio::test]
async fn mine_past_the_height_limit_is_refused() {
    let chain = manual().await;
    let (status, answer) = chain
        .try_post("/devnet/mine", &json!({ "blocks": u32::MAX }))
        .await;
    assert_eq!(status, 400, "{answer}");
    chain.mine(MAX_HEIGHT - chain.devnet.height()).await;
    assert_eq!(chain.devnet.height(), MAX_HEIGHT);
    assert_eq!(
        chain.get("/blocks/lastHeaders/10").await[9]["height"],
        MAX_HEIGHT
    );
    let (status, _) = chain
        .try_post("/devnet/mine", &json!({ "blocks": 1 }))
        .await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn headers_link_and_are_found_by_id_and_height() {
    let chain = manual().await;
    chain.fund(&person(1), ERG).await;
    chain.mine(4).await;
    chain.fund(&person(1), ERG).await;
    let headers = chain.get("/blocks/lastHeaders/20").await;
    let headers = headers.as_array().unwrap();
    assert_eq!(headers.len(), 20);
    for pair in headers.windows(2) {
        assert_eq!(pair[1]["parentId"], pair[0]["id"]);
        assert_eq!(
            pair[1]["height"].as_u64(),
            pair[0]["height"].as_u64().map(|h| h + 1)
        );
        let clock = |h: &Value| h["timestamp"].as_u64().unwrap();
        assert_eq!(clock(&pair[1]), clock(&pair[0]) + 120_000);
    }
    for header in headers {
        let id = header["id"].as_str().unwrap();
        assert_eq!(&chain.get(&format!("/blocks/{id}/header")).await, header);
        assert_eq!(
            chain.get(&format!("/blocks/at/{}", header["height"])).await,
            json!([id])
        );
    }
    assert_eq!(chain.get("/blocks/at/1007").await, json!([]));
    assert_eq!(chain.get("/blocks/at/1").await.as_array().unwrap().len(), 1);
    let all = chain.get("/blocks/lastHeaders/16384").await;
    assert_eq!(all.as_array().unwrap().len() as u32, chain.devnet.height());
    assert_eq!(chain.try_get("/blocks/lastHeaders/16385").await.0, 400);
    let slice = chain
        .get("/blocks/chainSlice?fromHeight=1000&toHeight=1002")
        .await;
    assert_eq!(
        (&slice[0]["height"], &slice[1]["height"]),
        (&json!(1001), &json!(1002))
    );
    assert_eq!(slice[2], Value::Null);
}

#[tokio::test]
async fn equal_runs_have_equal_ids_and_other_seeds_others() {
    let mut tips = Vec::new();
    for seed in [7, 7, 8] {
        let chain = start(DevnetConfig {
            seed,
            ..DevnetConfig::default()
        })
        .await;
        let alice = person(1);
        let funds = chain.fund(&alice, ERG).await;
        let tx = alice.pay(&chain.context().await, &funds, &alice.tree, ERG / 2, FEE);
        chain.submit(&tx).await;
        chain.mine(100).await;
        tips.push(chain.get("/blocks/lastHeaders/10").await);
    }
    assert_eq!(tips[0], tips[1]);
    assert_ne!(tips[0], tips[2]);
}

#[tokio::test]
async fn testnet_prefix_shows_and_takes_testnet_addresses() {
    let chain = start(DevnetConfig {
        network: NetworkPrefix::Testnet,
        ..DevnetConfig::default()
    })
    .await;
    let mainnet = json!({ "address": person(1).address, "value": ERG });
    assert_eq!(chain.try_post("/devnet/fund", &mainnet).await.0, 400);
    let genesis = chain.get("/utxo/genesis").await[0]["boxId"]
        .as_str()
        .unwrap()
        .to_owned();
    let shown = chain.get(&format!("/blockchain/box/byId/{genesis}")).await;
    let address = shown["address"].clone();
    assert!(address.as_str().unwrap().starts_with('3'), "{address}");
    chain
        .post("/devnet/fund", &json!({ "address": address, "value": ERG }))
        .await;
    let list = chain.post("/blockchain/box/byAddress", &address).await;
    assert_eq!(list["total"], 3, "the genesis box, the payment, the change");
}

#[tokio::test]
async fn block_time_every_mines_by_the_clock() {
    let chain = start(DevnetConfig {
        block_time: BlockTime::Every(Duration::from_millis(20)),
        ..DevnetConfig::default()
    })
    .await;
    let deadline = Instant::now() + Duration::from_secs(60);
    while chain.devnet.height() < 1_003 {
        assert!(Instant::now() < deadline, "no block in a minute");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    chain.devnet.close().await.unwrap();
}

#[tokio::test]
async fn settings_out_of_range_are_refused() {
    for (start_height, block_time) in [
        (9, BlockTime::Manual),
        (MAX_HEIGHT + 1, BlockTime::Manual),
        (1_000, BlockTime::Every(Duration::ZERO)),
    ] {
        let config = DevnetConfig {
            start_height,
            block_time,
            ..DevnetConfig::default()
        };
        let refused = Devnet::start(config).await.err().unwrap();
        assert!(matches!(
            refused,
            DevnetError::StartHeight(_) | DevnetError::BlockTime
        ));
    }
    let taken = manual().await;
    let port = taken
        .devnet
        .url()
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let config = DevnetConfig {
        port,
        ..DevnetConfig::default()
    };
    let refused = Devnet::start(config).await.err().unwrap();
    assert!(matches!(refused, DevnetError::Bind { port: p, .. } if p == port));
}

#[tokio::test]
async fn dropping_closes_the_port_and_close_waits_for_it() {
    let chain = manual().await;
    let url = chain.devnet.url();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    chain.get("/info").await;
    drop(chain);
    let deadline = Instant::now() + Duration::from_secs(60);
    while reqwest::get(format!("{url}/info")).await.is_ok() {
        assert!(Instant::now() < deadline, "still answering after a minute");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let chain = manual().await;
    let url = chain.devnet.url();
    chain.devnet.close().await.unwrap();
    assert!(reqwest::get(format!("{url}/info")).await.is_err());
}

async fn stored(folder: &tempfile::TempDir) -> Chain {
    start(stored_config(folder)).await
}

fn stored_config(folder: &tempfile::TempDir) -> DevnetConfig {
    DevnetConfig {
        block_time: BlockTime::Manual,
        data_dir: Some(folder.path().join("chain")),
        ..DevnetConfig::default()
    }
}

async fn refused(config: DevnetConfig) -> JournalError {
    match Devnet::start(config).await.err().unwrap() {
        DevnetError::Open(OpenError::Journal(error)) => error,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn restart_continues_with_the_same_chain() {
    let folder = tempfile::tempdir().unwrap();
    let chain = stored(&folder).await;
    let alice = person(1);
    let funds = chain.fund(&alice, ERG).await;
    chain.mine(5).await;
    chain.fund(&alice, ERG).await;
    chain.rollback(1).await;
    let tx = alice.pay(&chain.context().await, &funds, &alice.tree, ERG / 2, FEE);
    chain.submit(&tx).await;
    chain.mine(1).await;
    let context = chain.context().await;
    let path = format!("/blockchain/transaction/byId/{}", tx.id());
    let shown = chain.get(&path).await;
    chain.devnet.close().await.unwrap();

    let chain = stored(&folder).await;
    assert_eq!(chain.context().await, context);
    assert_eq!(chain.get(&path).await, shown);
    chain.fund(&alice, ERG).await;

    // Nobody else gets in meanwhile.
    let busy = refused(stored_config(&folder)).await;
    assert!(matches!(busy, JournalError::InUse { .. }), "{busy}");
}

#[tokio::test]
async fn restart_with_other_settings_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    stored(&folder).await.devnet.close().await.unwrap();
    let other = DevnetConfig {
        seed: 1,
        ..stored_config(&folder)
    };
    let error = refused(other).await;
    assert!(matches!(error, JournalError::OtherChain { .. }), "{error}");
}

#[tokio::test]
async fn torn_last_line_is_cut_off_and_a_damaged_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let chain = stored(&folder).await;
    chain.mine(3).await;
    let funds = chain.fund(&person(1), ERG).await;
    let height = chain.devnet.height();
    chain.devnet.close().await.unwrap();
    let path = folder.path().join("chain/chain.jsonl");
    let append = |text: &str| {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };

    append("{\"empty\":{\"blo");
    let chain = stored(&folder).await;
    assert_eq!(chain.devnet.height(), height);
    chain.mine(1).await;
    chain.devnet.close().await.unwrap();
    let chain = stored(&folder).await;
    assert_eq!(chain.devnet.height(), height + 1);
    assert_eq!(
        chain.get(&format!("/utxo/byId/{}", funds.box_id())).await["value"],
        ERG
    );
    chain.devnet.close().await.unwrap();

    let good = std::fs::read_to_string(&path).unwrap();
    append("{\"empty\":{\"blo\n");
    let error = refused(stored_config(&folder)).await;
    assert!(
        matches!(error, JournalError::Damaged { line: 5, .. }),
        "{error}"
    );
    // The block says another id than its content gives.
    let id = good
        .lines()
        .nth(2)
        .unwrap()
        .split('"')
        .nth(5)
        .unwrap()
        .to_owned();
    std::fs::write(&path, good.replace(&id, &"0".repeat(64))).unwrap();
    let error = refused(stored_config(&folder)).await;
    assert!(
        matches!(error, JournalError::Damaged { line: 3, .. }),
        "{error}"
    );
}
