//! The index: boxes, transactions and tokens by script, address and token, confirmed and not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "integration tests fail by panicking"
)]

use crate::common::keys::{Person, fee_output, made, output, output_with_tokens, person};
use crate::common::{Chain, ERG, FEE, ids, manual, start};
use ergo_devnet::DevnetConfig;
use ergo_lib::chain::transaction::Transaction;
use ergo_lib::ergotree_ir::chain::ergo_box::{NonMandatoryRegisterId, NonMandatoryRegisters};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use serde_json::{Value, json};

const UNSPENT: &str = "/blockchain/box/unspent/byAddress";

async fn unspent(chain: &Chain, person: &Person, query: &str) -> Vec<String> {
    let list = chain
        .post(&format!("{UNSPENT}{query}"), &json!(person.address))
        .await;
    ids(&list, "boxId")
}

/// Mints 1000 of a token into the first output.
async fn mint(chain: &Chain, owner: &Person, registers: &[&[u8]]) -> (Transaction, TokenId) {
    let funds = chain.fund(owner, ERG).await;
    let id = TokenId::from(funds.box_id());
    let context = chain.context().await;
    let height = context.pre_header.height;
    let mut first = output_with_tokens(&owner.tree, ERG / 2, height, &[(id, 1_000)]);
    let texts = registers.iter().map(|text| Constant::from(text.to_vec()));
    let registers = (0u8..).zip(texts).map(|(i, constant)| {
        (
            NonMandatoryRegisterId::get_by_zero_index(i as usize),
            constant,
        )
    });
    first.additional_registers = NonMandatoryRegisters::new(registers.collect()).unwrap();
    let outputs = vec![
        first,
        output(&owner.tree, ERG / 2 - FEE, height),
        fee_output(FEE, height),
    ];
    let tx = owner.spend(&context, &[funds], &[], outputs);
    chain.submit(&tx).await;
    chain.mine(1).await;
    (tx, id)
}

#[tokio::test]
async fn boxes_by_address_and_tree_page_through_all() {
    let chain = manual().await;
    let alice = person(1);
    let mut all = Vec::new();
    for _ in 0..7 {
        all.push(chain.fund(&alice, ERG).await.box_id().to_string());
    }
    let tx = alice.pay(
        &chain.context().await,
        &serde_json::from_value(chain.get(&format!("/utxo/byId/{}", all[2])).await).unwrap(),
        &person(2).tree,
        ERG / 2,
        FEE,
    );
    chain.submit(&tx).await;
    chain.mine(1).await;
    all.push(made(&tx, 1).box_id().to_string());
    all.reverse();

    let tree = json!(hex::encode({
        use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
        alice.tree.sigma_serialize_bytes().unwrap()
    }));
    for (path, body) in [("byAddress", json!(alice.address)), ("byErgoTree", tree)] {
        let mut seen = Vec::new();
        for offset in [0, 3, 6] {
            let path = format!("/blockchain/box/{path}?offset={offset}&limit=3");
            let page = chain.post(&path, &body).await;
            assert_eq!(page["total"], 8);
            seen.extend(ids(&page["items"], "boxId"));
        }
        assert_eq!(seen, all);
        let page = chain.post(&format!("/blockchain/box/{path}"), &body).await;
        assert_eq!(
            page["items"].as_array().unwrap().len(),
            5,
            "the default limit"
        );

        let newest = chain
            .post(&format!("/blockchain/box/unspent/{path}?limit=100"), &body)
            .await;
        let mut expected = all.clone();
        expected.retain(|id| *id != all[5]);
        assert_eq!(ids(&newest, "boxId"), expected);
        let query = "?limit=2&offset=1&sortDirection=ASC";
        let oldest = chain
            .post(&format!("/blockchain/box/unspent/{path}{query}"), &body)
            .await;
        assert_eq!(ids(&oldest, "boxId"), [all[6].clone(), all[4].clone()]);
    }

    let txs = chain
        .post(
            "/blockchain/transaction/byAddress?limit=2",
            &json!(alice.address),
        )
        .await;
    assert_eq!(txs["total"], 8);
    assert_eq!(txs["items"][0]["id"], tx.id().to_string());
}

#[tokio::test]
async fn unspent_lists_show_the_pool_as_asked() {
    let chain = manual().await;
    let (alice, bob) = (person(1), person(2));
    let kept = chain.fund(&alice, ERG).await.box_id().to_string();
    let spent = chain.fund(&alice, ERG).await;
    let context = chain.context().await;
    let tx = alice.pay(&context, &spent, &bob.tree, ERG / 2, FEE);
    chain.submit(&tx).await;
    let change = made(&tx, 1);
    let again = alice.pay(&context, &change, &bob.tree, ERG / 10, FEE);
    chain.submit(&again).await;
    let (spent, change) = (spent.box_id().to_string(), change.box_id().to_string());
    let last = made(&again, 1).box_id().to_string();

    assert_eq!(
        unspent(&chain, &alice, "").await,
        [spent.clone(), kept.clone()]
    );
    assert_eq!(
        unspent(&chain, &alice, "?excludeMempoolSpent=true")
            .await
            .concat(),
        kept
    );
    assert_eq!(
        unspent(&chain, &alice, "?includeUnconfirmed=true").await,
        [change.clone(), last.clone(), spent, kept.clone()]
    );
    let both = "?includeUnconfirmed=true&excludeMempoolSpent=true";
    assert_eq!(
        unspent(&chain, &alice, both).await,
        [last.clone(), kept.clone()]
    );
    assert_eq!(
        unspent(&chain, &alice, &format!("{both}&sortDirection=asc")).await,
        [kept, last.clone()]
    );
    let list = chain
        .post(&format!("{UNSPENT}{both}"), &json!(alice.address))
        .await;
    assert_eq!(list[0]["inclusionHeight"], 0);
    assert_eq!(list[0]["address"], alice.address);

    // With pool: also what is already spent there.
    assert_eq!(chain.try_get(&format!("/utxo/byId/{change}")).await.0, 404);
    let found = chain.get(&format!("/utxo/withPool/byId/{change}")).await;
    assert_eq!(found["boxId"], json!(change));
    let unknown = "00".repeat(32);
    let many = json!([last, unknown, change]);
    let found = chain.post("/utxo/withPool/byIds", &many).await;
    assert_eq!(ids(&found, "boxId"), [last, change]);

    let tree = json!(chain.get("/transactions/unconfirmed").await[0]["outputs"][0]["ergoTree"]);
    let touching = chain
        .post("/transactions/unconfirmed/byErgoTree?limit=1", &tree)
        .await;
    assert_eq!(ids(&touching, "id"), [tx.id().to_string()]);
    let touching = chain
        .post("/transactions/unconfirmed/byErgoTree?offset=1", &tree)
        .await;
    assert_eq!(ids(&touching, "id"), [again.id().to_string()]);

    let balance = chain.post("/blockchain/balance", &json!(bob.address)).await;
    assert_eq!(balance["confirmed"]["nanoErgs"], 0);
    assert_eq!(balance["unconfirmed"]["nanoErgs"], ERG / 2 + ERG / 10);
}

#[tokio::test]
async fn token_minted_is_known_with_its_labels() {
    let chain = manual().await;
    let (alice, bob) = (person(1), person(2));
    let (tx, id) = mint(&chain, &alice, &[b"Hour", b"An hour of work", b"2"]).await;
    let id_text = String::from(id);
    let token = chain
        .get(&format!("/blockchain/token/byId/{id_text}"))
        .await;
    assert_eq!(
        token,
        json!({
            "id": id_text,
            "boxId": made(&tx, 0).box_id(),
            "emissionAmount": 1_000,
            "name": "Hour",
            "description": "An hour of work",
            "decimals": 2,
        })
    );
    let context = chain.context().await;
    let height = context.pre_header.height;
    let split = alice.spend(
        &context,
        &[made(&tx, 0)],
        &[],
        vec![
            output_with_tokens(&bob.tree, ERG / 4, height, &[(id, 300)]),
            output_with_tokens(&alice.tree, ERG / 4 - FEE, height, &[(id, 600)]),
            fee_output(FEE, height),
        ],
    );
    chain.submit(&split).await;

    let path = format!("/blockchain/box/unspent/byTokenId/{id_text}");
    let pool = format!("{path}?includeUnconfirmed=true&excludeMempoolSpent=true");
    let expected = [
        made(&split, 0).box_id().to_string(),
        made(&split, 1).box_id().to_string(),
    ];
    assert_eq!(ids(&chain.get(&pool).await, "boxId"), expected);
    chain.mine(1).await;
    assert_eq!(
        ids(
            &chain.get(&format!("{path}?sortDirection=asc")).await,
            "boxId"
        ),
        expected
    );
    let all = chain
        .get(&format!("/blockchain/box/byTokenId/{id_text}"))
        .await;
    assert_eq!(all["total"], 3);
    let balance = chain.post("/blockchain/balance", &json!(bob.address)).await;
    let tokens = json!([{ "tokenId": id_text, "amount": 300, "decimals": 2, "name": "Hour" }]);
    assert_eq!(
        balance["confirmed"],
        json!({ "nanoErgs": ERG / 4, "tokens": tokens })
    );

    // A token without labels, one that does not exist, and both at once.
    let (_, bare) = mint(&chain, &alice, &[]).await;
    let bare = String::from(bare);
    let unknown = "11".repeat(32);
    let list = chain
        .post("/blockchain/tokens", &json!([bare, unknown, id_text]))
        .await;
    assert_eq!(ids(&list, "id"), [bare, id_text]);
    assert_eq!(
        (&list[0]["name"], &list[0]["decimals"]),
        (&json!(""), &json!(0))
    );
    let (status, _) = chain
        .try_get(&format!("/blockchain/token/byId/{unknown}"))
        .await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn unknown_ids_and_bad_parameters_answer_as_the_node() {
    let chain = manual().await;
    let unknown = "ab".repeat(32);
    for path in [
        "/utxo/byId/",
        "/utxo/withPool/byId/",
        "/blockchain/box/byId/",
        "/blockchain/transaction/byId/",
        "/blocks/",
        "/transactions/unconfirmed/byTransactionId/",
    ] {
        let not_found = json!({ "error": 404, "reason": "not-found", "detail": null });
        for id in [unknown.as_str(), "abcd"] {
            let answer = chain.try_get(&format!("{path}{id}")).await;
            assert_eq!(answer, (404, not_found.clone()), "{path}{id}");
        }
        let (status, answer) = chain.try_get(&format!("{path}xyz")).await;
        assert_eq!(
            (status, &answer["reason"]),
            (400, &json!("bad.request")),
            "{path}"
        );
    }
    for path in ["/nowhere", "/blockchain/nowhere", "/"] {
        assert_eq!(chain.raw_get(path).await, (404, String::new()), "{path}");
    }
    let address = json!(person(1).address);
    for query in [
        "?limit=16385",
        "?limit=-1",
        "?offset=x",
        "?sortDirection=up",
        "?includeUnconfirmed=maybe",
    ] {
        chain
            .refused_body(&format!("{UNSPENT}{query}"), &address)
            .await;
    }
    assert_eq!(unspent(&chain, &person(1), "?limit=16384").await, [""; 0]);
    assert_eq!(
        chain
            .refused_body("/blockchain/box/byAddress?limit=16385", &address)
            .await,
        "No more than 16384 boxes can be requested"
    );
    // A testnet address, and an address that is no JSON string.
    let foreign = json!("3WwbzW6u8hKWBcL1W7kNVMr25s2UHfSBnYtwSHvrRQt7DdPuoXrt");
    assert_eq!(
        chain.refused_body(UNSPENT, &foreign).await,
        "Wrong address format"
    );
    let (status, _) = chain.raw_post(UNSPENT, &person(1).address).await;
    assert_eq!(status, 400);
    let bad = chain
        .refused_body("/blockchain/box/unspent/byErgoTree", &json!("0x08cd"))
        .await;
    assert_eq!(bad, "Invalid hex data");
}

#[tokio::test]
async fn index_switched_off_answers_as_a_node_without_extra_index() {
    let chain = start(DevnetConfig {
        index: false,
        ..DevnetConfig::default()
    })
    .await;
    let (status, answer) = chain.try_get("/blockchain/indexedHeight").await;
    let expected = json!({
        "error": 500,
        "reason": "internal.error",
        "detail": "Extra indexing is not enabled",
    });
    assert_eq!((status, answer), (500, expected));
    let (status, answer) = chain.try_post(UNSPENT, &json!(person(1).address)).await;
    assert_eq!((status, &answer["reason"]), (500, &json!("internal.error")));
    assert_eq!(chain.get("/info").await["isExplorer"], false);
    // Everything else still works.
    let funds = chain.fund(&person(1), ERG).await;
    let shown: Value = chain.get(&format!("/utxo/byId/{}", funds.box_id())).await;
    assert_eq!(shown["value"], ERG);
}
