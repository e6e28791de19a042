//! What the pool and the chain take and refuse, over HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "integration tests fail by panicking"
)]

use crate::common::keys::{fee_output, made, output, output_with_tokens, person};
use crate::common::{ERG, FEE, ids, manual, start};
use ergo_devnet::{DevnetConfig, MAX_TX_SIZE};
use ergo_lib::chain::transaction::Transaction;
use ergo_lib::ergotree_ir::chain::token::TokenId;
use serde_json::{Value, json};

fn id(tx: &Transaction) -> String {
    tx.id().to_string()
}

#[tokio::test]
async fn context_from_last_headers_equals_the_one_that_judges() {
    let chain = manual().await;
    chain.fund(&person(1), ERG).await;
    chain.mine(3).await;
    chain.fund(&person(1), ERG).await;
    assert_eq!(chain.context().await, chain.devnet.state_context());
}

#[tokio::test]
async fn payment_instant_is_mined_and_found_everywhere() {
    let chain = start(DevnetConfig::default()).await;
    let (alice, bob) = (person(1), person(2));
    let funds = chain.fund(&alice, ERG).await;
    let tx = alice.pay(&chain.context().await, &funds, &bob.tree, ERG / 2, FEE);
    let height = chain.devnet.height();
    assert_eq!(chain.submit(&tx).await, id(&tx));

    assert_eq!(chain.devnet.height(), height + 1);
    assert_eq!(chain.get("/transactions/unconfirmed/size").await, 0);
    let paid = made(&tx, 0).box_id().to_string();
    let shown = chain.get(&format!("/utxo/byId/{paid}")).await;
    assert_eq!(shown, serde_json::to_value(made(&tx, 0)).unwrap());
    let (status, _) = chain
        .try_get(&format!("/utxo/byId/{}", funds.box_id()))
        .await;
    assert_eq!(status, 404);

    let indexed = chain
        .get(&format!("/blockchain/transaction/byId/{}", tx.id()))
        .await;
    assert_eq!(indexed["inclusionHeight"], height + 1);
    assert_eq!(indexed["numConfirmations"], 0);
    assert_eq!(indexed["inputs"][0]["boxId"], funds.box_id().to_string());
    assert_eq!(indexed["inputs"][0]["spentTransactionId"], id(&tx));
    let block = indexed["blockId"].as_str().unwrap();
    let body = chain.get(&format!("/blocks/{block}/transactions")).await;
    let mined: Transaction = serde_json::from_value(body["transactions"][0].clone()).unwrap();
    assert_eq!(mined, tx);
    let spent = chain
        .get(&format!("/blockchain/box/byId/{}", funds.box_id()))
        .await;
    assert_eq!(spent["spendingHeight"], height + 1);
    let proof = &serde_json::to_value(&tx).unwrap()["inputs"][0]["spendingProof"];
    assert_eq!(&spent["spendingProof"], proof);
}

#[tokio::test]
async fn chained_payments_in_order_are_mined_in_order() {
    let chain = manual().await;
    let alice = person(1);
    let funds = chain.fund(&alice, ERG).await;
    let context = chain.context().await;
    let mut txs = vec![alice.pay(&context, &funds, &person(2).tree, ERG / 100, FEE)];
    for _ in 0..4 {
        let change = made(txs.last().unwrap(), 1);
        txs.push(alice.pay(&context, &change, &person(2).tree, ERG / 100, FEE));
    }
    for tx in &txs {
        chain.submit(tx).await;
        assert_eq!(
            chain
                .head(&format!("/transactions/unconfirmed/{}", tx.id()))
                .await,
            200
        );
    }
    let pool = chain.get("/transactions/unconfirmed").await;
    let expected: Vec<String> = txs.iter().map(id).collect();
    assert_eq!(ids(&pool, "id"), expected);
    // The pool shows the boxes that are spent, and ergo-lib still reads the transaction out of it.
    assert_eq!(
        pool[1]["inputs"][0]["value"],
        *made(&txs[0], 1).value.as_u64()
    );
    let read: Transaction = serde_json::from_value(pool[1].clone()).unwrap();
    assert_eq!(read, txs[1]);

    assert_eq!(chain.mine(1).await["transactions"], json!(expected));
    assert_eq!(
        chain
            .head(&format!("/transactions/unconfirmed/{}", txs[0].id()))
            .await,
        404
    );
}

#[tokio::test]
async fn child_before_parent_is_refused_then_taken() {
    let chain = manual().await;
    let alice = person(1);
    let funds = chain.fund(&alice, ERG).await;
    let context = chain.context().await;
    let parent = alice.pay(&context, &funds, &alice.tree, ERG / 2, FEE);
    let child = alice.pay(&context, &made(&parent, 0), &alice.tree, ERG / 4, FEE);
    let detail = chain.refusal(&child).await;
    assert_eq!(
        detail,
        format!(
            "Malformed transaction: Every input of the transaction should be in UTXO. {}: 0 == 1. Missing inputs: 0",
            child.id()
        )
    );
    chain.submit(&parent).await;
    chain.submit(&child).await;
}

#[tokio::test]
async fn double_spend_higher_fee_evicts_the_family() {
    let chain = manual().await;
    let (alice, bob) = (person(1), person(2));
    let funds = chain.fund(&alice, ERG).await;
    let other = chain.fund(&alice, ERG).await;
    let context = chain.context().await;
    let first = alice.pay(&context, &funds, &bob.tree, ERG / 2, FEE);
    let child = bob.pay(&context, &made(&first, 0), &bob.tree, ERG / 4, FEE);
    // Depends on the child as a data input alone.
    let height = context.pre_header.height;
    let reader = alice.spend(
        &context,
        std::slice::from_ref(&other),
        &[made(&child, 0)],
        vec![
            output(&alice.tree, ERG - FEE, height),
            fee_output(FEE, height),
        ],
    );
    for tx in [&first, &child, &reader] {
        chain.submit(tx).await;
    }
    let same_fee = alice.pay(&context, &funds, &bob.tree, ERG / 3, FEE);
    assert_eq!(chain.refusal(&same_fee).await, "Double spending attempt");
    // Spends both a box and what that box's spender made: both cannot be had.
    let impossible = alice.spend(
        &context,
        &[funds.clone(), made(&first, 1)],
        &[],
        vec![
            output(&alice.tree, ERG + ERG / 2 - FEE - ERG / 10, height),
            fee_output(ERG / 10, height),
        ],
    );
    assert_eq!(chain.refusal(&impossible).await, "Double spending attempt");
    assert_eq!(chain.get("/transactions/unconfirmed/size").await, 3);

    let winner = alice.pay(&context, &funds, &bob.tree, ERG / 2, 2 * FEE);
    chain.submit(&winner).await;
    let pool = chain.get("/transactions/unconfirmed/transactionIds").await;
    assert_eq!(pool, json!([id(&winner)]));
    assert_eq!(chain.mine(1).await["transactions"], json!([id(&winner)]));
}

#[tokio::test]
async fn replacement_must_outbid_each_rival() {
    let chain = manual().await;
    let alice = person(1);
    let (a, b) = (chain.fund(&alice, ERG).await, chain.fund(&alice, ERG).await);
    let context = chain.context().await;
    let cheap = alice.pay(&context, &a, &alice.tree, ERG / 2, FEE);
    let dear = alice.pay(&context, &b, &alice.tree, ERG / 2, 9 * FEE);
    chain.submit(&cheap).await;
    chain.submit(&dear).await;
    let height = context.pre_header.height;
    let joint = |fee: u64| {
        let outputs = vec![
            output(&alice.tree, 2 * ERG - fee, height),
            fee_output(fee, height),
        ];
        alice.spend(&context, &[a.clone(), b.clone()], &[], outputs)
    };
    // Over the average of the two per byte, under the dearer one.
    assert_eq!(
        chain.refusal(&joint(7 * FEE)).await,
        "Double spending attempt"
    );
    chain.submit(&joint(20 * FEE)).await;
    assert_eq!(chain.get("/transactions/unconfirmed/size").await, 1);
}

#[tokio::test]
async fn same_transaction_again_is_refused_in_pool_and_chain() {
    let chain = manual().await;
    let alice = person(1);
    let funds = chain.fund(&alice, ERG).await;
    let tx = alice.pay(&chain.context().await, &funds, &alice.tree, ERG / 2, FEE);
    chain.submit(&tx).await;
    assert_eq!(
        chain.refusal(&tx).await,
        format!(
            "Pool can not accept transaction {}, it is already in the mempool",
            tx.id()
        )
    );
    chain.mine(1).await;
    assert!(
        chain
            .refusal(&tx)
            .await
            .contains("Every input of the transaction should be in UTXO.")
    );
}

#[tokio::test]
async fn check_valid_does_not_pool_and_ignores_the_fee() {
    let chain = manual().await;
    let alice = person(1);
    let funds = chain.fund(&alice, ERG).await;
    let tx = alice.pay(
        &chain.context().await,
        &funds,
        &alice.tree,
        ERG / 2,
        999_999,
    );
    let body = serde_json::to_value(&tx).unwrap();
    assert_eq!(chain.post("/transactions/check", &body).await, id(&tx));
    assert_eq!(chain.get("/transactions/unconfirmed").await, json!([]));
    assert_eq!(
        chain.refusal(&tx).await,
        "Min fee not met: 0.001 ergs required, 0.000999999 ergs given"
    );
}

#[tokio::test]
async fn broken_rules_are_refused_with_their_names() {
    let chain = manual().await;
    let (alice, bob) = (person(1), person(2));
    let funds = chain.fund(&alice, ERG).await;
    let second = chain.fund(&alice, ERG).await;
    let other = chain.fund(&bob, ERG).await;
    let context = chain.context().await;
    let height = context.pre_header.height;
    let inputs = [second, funds];
    let spend = |outputs| alice.spend(&context, &inputs, &[], outputs);
    let whole = 2 * ERG - FEE;

    let thief = bob.pay(&context, &other, &bob.tree, ERG / 2, FEE);
    let mut stolen = serde_json::to_value(spend(vec![
        output(&bob.tree, whole, height),
        fee_output(FEE, height),
    ]))
    .unwrap();
    let foreign = serde_json::to_value(&thief).unwrap()["inputs"][0]["spendingProof"].clone();
    stolen["inputs"][1]["spendingProof"] = foreign;
    let detail = chain.refused_body("/transactions", &stolen).await;
    assert!(
        detail.contains("Scripts of all transaction inputs should pass verification.")
            && detail.contains(": #1 => "),
        "{detail}"
    );

    let more = spend(vec![
        output(&bob.tree, whole + 1, height),
        fee_output(FEE, height),
    ]);
    let detail = chain.refusal(&more).await;
    assert!(
        detail.contains("Amount of Ergs in inputs should be equal"),
        "{detail}"
    );

    let dust = spend(vec![
        output(&bob.tree, whole - 20_000, height),
        output(&bob.tree, 20_000, height),
        fee_output(FEE, height),
    ]);
    let detail = chain.refusal(&dust).await;
    assert!(detail.contains("minValuePerByte"), "{detail}");

    let future = spend(vec![
        output(&bob.tree, whole, height + 1),
        fee_output(FEE, height),
    ]);
    let detail = chain.refusal(&future).await;
    assert!(
        detail.contains("creationHeight the does not exceed"),
        "{detail}"
    );

    let past = spend(vec![output(&bob.tree, whole, 1), fee_output(FEE, height)]);
    let detail = chain.refusal(&past).await;
    assert!(
        detail.contains("not less than creation height of any input"),
        "{detail}"
    );

    let forged = TokenId::from(inputs[1].box_id());
    let tokens = spend(vec![
        output_with_tokens(&bob.tree, whole, height, &[(forged, 1)]),
        fee_output(FEE, height),
    ]);
    let detail = chain.refusal(&tokens).await;
    assert!(detail.contains("For every token, its amount"), "{detail}");
    assert_eq!(chain.get("/transactions/unconfirmed/size").await, 0);
}

/// Changes a transaction's JSON and gives it the id that it then has, as ergo-lib tells it in its own error.
async fn resend_with_right_id(chain: &crate::common::Chain, mut body: Value) -> String {
    for output in body["outputs"].as_array_mut().unwrap() {
        output.as_object_mut().unwrap().remove("boxId");
    }
    let detail = chain.refused_body("/transactions", &body).await;
    let (_, actual) = detail
        .split_once("calculated from serialized bytes ")
        .expect(&detail);
    body["id"] = actual[..64].into();
    chain.refused_body("/transactions", &body).await
}

#[tokio::test]
async fn duplicate_inputs_are_refused() {
    let chain = manual().await;
    let alice = person(1);
    let funds = chain.fund(&alice, ERG).await;
    let tx = alice.pay(&chain.context().await, &funds, &alice.tree, ERG / 2, FEE);
    let mut body = serde_json::to_value(&tx).unwrap();
    let input = body["inputs"][0].clone();
    body["inputs"].as_array_mut().unwrap().push(input);
    let detail = resend_with_right_id(&chain, body).await;
    assert!(
        detail.contains("There should be no duplicate inputs."),
        "{detail}"
    );
    assert!(detail.ends_with(": 1 == 2"), "{detail}");
}

#[tokio::test]
async fn outputs_that_overflow_are_refused() {
    let chain = manual().await;
    let alice = person(1);
    let funds = chain.fund(&alice, ERG).await;
    let tx = alice.pay(&chain.context().await, &funds, &alice.tree, ERG / 2, FEE);
    // 2^64 + 1 ERG in total: a sum that wraps would look right.
    let mut body = serde_json::to_value(&tx).unwrap();
    let outputs = body["outputs"].as_array_mut().unwrap();
    outputs.push(outputs[0].clone());
    outputs[0]["value"] = json!(i64::MAX);
    outputs[1]["value"] = json!(i64::MAX);
    outputs[3]["value"] = json!(ERG + 2 - FEE);
    let detail = resend_with_right_id(&chain, body).await;
    assert!(
        detail.contains("Sum of transaction outputs should not exceed"),
        "{detail}"
    );
}

#[tokio::test]
async fn token_amount_zero_is_refused() {
    let chain = manual().await;
    let alice = person(1);
    let funds = chain.fund(&alice, ERG).await;
    let context = chain.context().await;
    let height = context.pre_header.height;
    let minted = TokenId::from(funds.box_id());
    let outputs = vec![
        output_with_tokens(&alice.tree, ERG - FEE, height, &[(minted, 1)]),
        fee_output(FEE, height),
    ];
    let tx = alice.spend(&context, &[funds], &[], outputs);
    let mut body = serde_json::to_value(&tx).unwrap();
    body["outputs"][0]["assets"][0]["amount"] = json!(0);
    let detail = resend_with_right_id(&chain, body).await;
    assert!(detail.contains("does not serialise to itself"), "{detail}");
}

#[tokio::test]
async fn transaction_over_size_limit_is_refused() {
    let chain = manual().await;
    let alice = person(1);
    let funds = chain.fund(&alice, 100 * ERG).await;
    let context = chain.context().await;
    let height = context.pre_header.height;
    let count = MAX_TX_SIZE as u64 / 42 + 1;
    let mut outputs: Vec<_> = (0..count)
        .map(|_| output(&alice.tree, ERG / 1_000, height))
        .collect();
    outputs.push(fee_output(100 * ERG - count * ERG / 1_000, height));
    let tx = alice.spend(&context, &[funds], &[], outputs);
    let detail = chain.refusal(&tx).await;
    assert!(detail.contains("has too large size"), "{detail}");
}

#[tokio::test]
async fn data_inputs_are_found_in_pool_chain_and_block() {
    let chain = manual().await;
    let alice = person(1);
    let mut boxes = Vec::new();
    for _ in 0..3 {
        boxes.push(chain.fund(&alice, ERG).await);
    }
    let context = chain.context().await;
    let height = context.pre_header.height;
    let outputs = || {
        vec![
            output(&alice.tree, ERG - FEE, height),
            fee_output(FEE, height),
        ]
    };
    let spender = alice.pay(&context, &boxes[0], &alice.tree, ERG / 2, FEE);
    // Reads a box that a transaction before it spends, and one that this transaction makes.
    let data = [boxes[0].clone(), made(&spender, 0)];
    let reader = alice.spend(&context, &boxes[1..2], &data, outputs());
    let detail = chain.refusal(&reader).await;
    assert!(
        detail.contains("Every data input of the transaction should be in UTXO.")
            && detail.ends_with(": 1 == 2. Missing data inputs: 1"),
        "{detail}"
    );
    chain.submit(&spender).await;
    chain.submit(&reader).await;
    let mined = chain.mine(1).await;
    assert_eq!(mined["transactions"], json!([id(&spender), id(&reader)]));

    // One block later the box is gone for good.
    let context = chain.context().await;
    let late = alice.spend(&context, &boxes[2..3], &boxes[0..1], outputs());
    assert!(
        chain
            .refusal(&late)
            .await
            .contains("Missing data inputs: 0")
    );
}

#[tokio::test]
async fn bodies_that_do_not_parse_are_400() {
    let chain = manual().await;
    for body in ["", "{", "[]", "{\"id\": 1}", "\u{0}"] {
        let (status, text) = chain.raw_post("/transactions", body).await;
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (status, &answer["reason"]),
            (400, &json!("bad.request")),
            "{body}"
        );
        assert!(
            answer["detail"].as_str().unwrap().contains("malformed"),
            "{answer}"
        );
    }
    let nested = "[".repeat(100_000);
    assert_eq!(chain.raw_post("/transactions", &nested).await.0, 400);
}

#[tokio::test]
async fn recommended_fee_is_an_average_that_may_be_below_the_minimum() {
    let chain = manual().await;
    let path = "/transactions/getFee?waitTime=1&txSize=100";
    assert_eq!(chain.get(path).await, 1_000_000, "no block to learn from");
    let alice = person(1);
    let funds = chain.fund(&alice, ERG).await;
    let tx = alice.pay(&chain.context().await, &funds, &alice.tree, ERG / 2, FEE);
    chain.submit(&tx).await;
    let size = chain.get("/transactions/unconfirmed").await[0]["size"]
        .as_u64()
        .unwrap();
    chain.mine(1).await;
    let expected = FEE * 1_024 / size * 100 / 1_024;
    assert!(expected < 1_000_000);
    assert_eq!(chain.get(path).await, expected);
}

/// `SELF.R4[SigmaProp].get` over a Long: ergo-lib panics in it.
#[tokio::test]
async fn script_that_the_interpreter_panics_on_refused_and_the_chain_goes_on() {
    use ergo_lib::chain::transaction::input::prover_result::ProverResult;
    use ergo_lib::chain::transaction::{Input, Transaction};
    use ergo_lib::ergotree_interpreter::sigma_protocol::prover::{ContextExtension, ProofBytes};
    use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisters;
    use ergo_lib::ergotree_ir::mir::constant::Constant;
    use ergo_lib::ergotree_ir::serialization::SigmaSerializable;

    let chain = manual().await;
    let alice = person(1);
    let funds = chain.fund(&alice, ERG).await;
    let context = chain.context().await;
    let height = context.pre_header.height;
    let script = [0x00, 0xe4, 0xc6, 0xa7, 0x04, 0x08];
    let tree = ergo_lib::ergotree_ir::ergo_tree::ErgoTree::sigma_parse_bytes(&script).unwrap();
    let mut trap = output(&tree, ERG / 2, height);
    trap.additional_registers =
        NonMandatoryRegisters::try_from(vec![Constant::from(5_i64)]).unwrap();
    let outputs = vec![
        trap,
        output(&alice.tree, ERG / 2 - FEE, height),
        fee_output(FEE, height),
    ];
    let set = alice.spend(&context, &[funds], &[], outputs);
    chain.submit(&set).await;

    let proof = ProverResult {
        proof: ProofBytes::Empty,
        extension: ContextExtension::empty(),
    };
    let outputs = vec![
        output(&alice.tree, ERG / 2 - FEE, height),
        fee_output(FEE, height),
    ];
    let sprung = Transaction::new_from_vec(
        vec![Input::new(made(&set, 0).box_id(), proof)],
        vec![],
        outputs,
    )
    .unwrap();
    let refusal = chain.refusal(&sprung).await;
    assert!(
        refusal.contains("Scripts of all transaction inputs should pass verification"),
        "{refusal}"
    );
    chain.mine(1).await;
    let next = alice.pay(
        &chain.context().await,
        &made(&set, 1),
        &alice.tree,
        ERG / 4,
        FEE,
    );
    assert_eq!(chain.submit(&next).await, id(&next));
}
