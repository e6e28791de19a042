//! The client against a chain that judges: a token is minted, seen in the pool, mined, and found in the index.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use ergo_devnet::{BlockTime, Devnet, DevnetConfig};
use ergo_lib::chain::ergo_box::box_builder::ErgoBoxCandidateBuilder;
use ergo_lib::chain::transaction::Transaction;
use ergo_lib::chain::transaction::unsigned::UnsignedTransaction;
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox};
use ergo_lib::ergotree_ir::chain::token::{Token, TokenId};
use ergo_lib::wallet::Wallet;
use ergo_lib::wallet::box_selector::{BoxSelection, BoxSelector, SimpleBoxSelector};
use ergo_lib::wallet::secret_key::SecretKey;
use ergo_lib::wallet::signing::TransactionContext;
use ergo_lib::wallet::tx_builder::TxBuilder;
use ergo_node_client::{
    IndexedBox, NodeClient, NodeError, NodeOptions, RefusalKind, SubmitError, UnreadBox,
    UnspentQuery,
};

const FEE: u64 = 1_000_000;

fn key() -> SecretKey {
    SecretKey::dlog_from_bytes(&[7; 32]).unwrap()
}

async fn chain(index: bool) -> (Devnet, NodeClient) {
    let config = DevnetConfig {
        block_time: BlockTime::Manual,
        index,
        ..DevnetConfig::default()
    };
    let devnet = Devnet::start(config).await.unwrap();
    let client = NodeClient::new(&devnet.url(), NodeOptions::default()).unwrap();
    (devnet, client)
}

/// Mints `amount` units of a token out of one box, back to the same key, paying `fee`.
async fn minting(client: &NodeClient, from: &ErgoBox, amount: u64, fee: u64) -> Transaction {
    let context = client.state_context().await.unwrap();
    let address = key().get_address_from_public_image();
    let height = context.pre_header.height;
    let value = (from.value.as_u64() - fee).try_into().unwrap();
    let mut output = ErgoBoxCandidateBuilder::new(value, address.script().unwrap(), height);
    let token = Token {
        token_id: TokenId::from(from.box_id()),
        amount: amount.try_into().unwrap(),
    };
    output.mint_token(token, "hours".into(), "of work".into(), 2);
    let selection: BoxSelection<ErgoBox> = SimpleBoxSelector::new()
        .select(vec![from.clone()], from.value, &[])
        .unwrap();
    let unsigned: UnsignedTransaction = TxBuilder::new(
        selection,
        vec![output.build().unwrap()],
        height,
        fee.try_into().unwrap(),
        address,
    )
    .build()
    .unwrap();
    let to_sign = TransactionContext::new(unsigned, vec![from.clone()], vec![]).unwrap();
    Wallet::from_secrets(vec![key()])
        .sign_transaction(to_sign, &context, None)
        .unwrap()
}

fn read(all: Vec<Result<IndexedBox, UnreadBox>>) -> Vec<IndexedBox> {
    all.into_iter().map(Result::unwrap).collect()
}

fn ids(boxes: &[IndexedBox]) -> Vec<BoxId> {
    boxes
        .iter()
        .map(|indexed| indexed.ergo_box.box_id())
        .collect()
}

#[tokio::test]
async fn token_is_minted_seen_in_the_pool_and_found_in_the_index() {
    let (devnet, client) = chain(true).await;
    let tree = key().get_address_from_public_image().script().unwrap();
    let funded = devnet.fund(&tree, 1_000_000_000).unwrap();
    assert_eq!(
        client.utxo(&funded.box_id()).await.unwrap().as_ref(),
        Some(&funded)
    );
    // Any timestamp above the tip's is right; the rest is fixed by the chain.
    let (context, mut judging) = (
        client.state_context().await.unwrap(),
        devnet.state_context(),
    );
    assert!(context.pre_header.timestamp > context.headers[0].timestamp);
    judging.pre_header.timestamp = context.pre_header.timestamp;
    assert!(context == judging, "{context:?}\n{judging:?}");

    let transaction = minting(&client, &funded, 500, FEE).await;
    let (id, minted) = (transaction.id(), transaction.outputs.first().clone());
    assert_eq!(client.check(&transaction).await.unwrap(), id);
    assert_eq!(client.unconfirmed(&id).await.unwrap(), None);
    assert_eq!(client.submit(&transaction).await.unwrap(), id);
    assert_eq!(
        client.submit(&transaction).await.unwrap(),
        id,
        "the same again is success"
    );
    assert_eq!(
        client.unconfirmed(&id).await.unwrap().map(|tx| tx.id),
        Some(id)
    );
    assert_eq!(
        client.unconfirmed_all().await.unwrap()[0].id,
        transaction.id()
    );
    assert_eq!(client.utxo(&minted.box_id()).await.unwrap(), None);
    assert_eq!(
        client
            .utxo_with_pool(&minted.box_id())
            .await
            .unwrap()
            .as_ref(),
        Some(&minted)
    );
    let confirmed = client
        .unspent_by_ergo_tree(&tree, UnspentQuery::CONFIRMED)
        .await
        .unwrap();
    assert_eq!(ids(&confirmed.boxes), vec![funded.box_id()]);
    let spendable = client
        .unspent_by_ergo_tree(&tree, UnspentQuery::SPENDABLE)
        .await
        .unwrap();
    assert_eq!(ids(&spendable.boxes), vec![minted.box_id()]);
    assert_eq!(spendable.boxes[0].inclusion_height, None);

    devnet.mine(1).unwrap();
    let height = devnet.height();
    assert_eq!(
        client.indexed_height().await.unwrap().indexed_height,
        height
    );
    assert_eq!(client.utxo(&funded.box_id()).await.unwrap(), None);
    let spent = client.indexed_box(&funded.box_id()).await.unwrap().unwrap();
    assert_eq!(
        (spent.spent_transaction_id, spent.inclusion_height),
        (Some(id), Some(height - 1))
    );
    let indexed = client.indexed_transaction(&id).await.unwrap().unwrap();
    assert_eq!(indexed.transaction.as_ref(), Some(&transaction));
    assert_eq!(
        (indexed.inclusion_height, indexed.confirmations),
        (height, 0)
    );
    assert_eq!(
        (ids(&read(indexed.inputs)), ids(&read(indexed.outputs))[0]),
        (vec![funded.box_id()], minted.box_id())
    );

    let token = TokenId::from(funded.box_id());
    let info = client.token(&token).await.unwrap().unwrap();
    assert_eq!(
        (info.emission_amount, info.name.as_deref(), info.decimals),
        (500, Some("hours"), Some(2))
    );
    assert_eq!(
        ids(&client.boxes_by_token(&token).await.unwrap().boxes),
        vec![minted.box_id()]
    );
    let entry = client.entries_by_token(&token).await.unwrap()[0];
    assert_eq!(
        (entry.box_id, entry.transaction_id),
        (minted.box_id(), minted.transaction_id)
    );
    assert_eq!(
        (entry.inclusion_height, entry.spent_transaction_id),
        (Some(height), None)
    );
    assert_eq!(
        ids(&client
            .unspent_by_token(&token, UnspentQuery::SPENDABLE)
            .await
            .unwrap()
            .boxes),
        vec![minted.box_id()]
    );
    assert_eq!(
        client.boxes_by_ergo_tree(&tree).await.unwrap().boxes.len(),
        2
    );

    let header_id = client.header_ids_at(height).await.unwrap()[0];
    assert_eq!(
        client.header(&header_id).await.unwrap().unwrap().height,
        height
    );
    assert_eq!(
        client
            .block_transactions(&header_id)
            .await
            .unwrap()
            .unwrap()
            .iter()
            .map(|tx| tx.id)
            .collect::<Vec<_>>(),
        vec![transaction.id()]
    );
    let info = client.info().await.unwrap();
    assert_eq!(
        (info.full_height, info.best_full_header_id),
        (Some(height), Some(header_id))
    );
    devnet.close().await.unwrap();
}

#[tokio::test]
async fn refusals_of_a_judging_chain_have_their_kind() {
    let (devnet, client) = chain(true).await;
    let tree = key().get_address_from_public_image().script().unwrap();
    let funded = devnet.fund(&tree, 1_000_000_000).unwrap();
    let kind = |result: Result<_, SubmitError>| match result {
        Err(SubmitError::Refused { kind, .. }) => kind,
        other => panic!("{other:?}"),
    };

    let cheap = minting(&client, &funded, 1, FEE - 1).await;
    assert_eq!(kind(client.submit(&cheap).await), RefusalKind::BelowMinFee);

    // The proof of one transaction does not fit another.
    let (first, second) = (
        minting(&client, &funded, 1, FEE).await,
        minting(&client, &funded, 2, FEE).await,
    );
    let forged = Transaction::new(
        first.inputs.clone(),
        second.data_inputs.clone(),
        second.output_candidates.clone(),
    )
    .unwrap();
    assert_eq!(
        kind(client.submit(&forged).await),
        RefusalKind::ScriptFailed
    );

    client.submit(&first).await.unwrap();
    assert_eq!(kind(client.submit(&second).await), RefusalKind::DoubleSpend);
    devnet.mine(1).unwrap();
    assert_eq!(
        kind(client.submit(&second).await),
        RefusalKind::MissingInput
    );
}

#[tokio::test]
async fn list_of_many_boxes_on_a_chain_is_complete() {
    let (devnet, client) = chain(true).await;
    let tree = key().get_address_from_public_image().script().unwrap();
    let mut wanted: Vec<BoxId> = (0..205u64)
        .map(|i| devnet.fund(&tree, 1_000_000 + i).unwrap().box_id())
        .collect();
    wanted.sort();
    for query in [UnspentQuery::CONFIRMED, UnspentQuery::SPENDABLE] {
        let mut found = ids(&client
            .unspent_by_ergo_tree(&tree, query)
            .await
            .unwrap()
            .boxes);
        found.sort();
        assert_eq!(found, wanted);
    }
    let mut found = ids(&client.boxes_by_ergo_tree(&tree).await.unwrap().boxes);
    found.sort();
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn chain_without_index_says_so_and_answers_the_rest() {
    let (devnet, client) = chain(false).await;
    let tree = key().get_address_from_public_image().script().unwrap();
    let funded = devnet.fund(&tree, 1_000_000_000).unwrap();
    assert!(client.utxo(&funded.box_id()).await.unwrap().is_some());
    let error = client.indexed_box(&funded.box_id()).await.unwrap_err();
    assert!(matches!(error, NodeError::NotIndexed { .. }), "{error:?}");
    let error = client
        .unspent_by_ergo_tree(&tree, UnspentQuery::SPENDABLE)
        .await
        .unwrap_err();
    assert!(matches!(error, NodeError::NotIndexed { .. }), "{error:?}");
}
