//! How fast payments are taken and mined. Run by hand: `cargo test --workspace --test it ten_thousand -- --ignored --nocapture`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a measurement prints what it measured"
)]

use std::time::Instant;

use crate::common::keys::{made, person};
use crate::common::{ERG, manual};
use ergo_devnet::MIN_FEE;

#[tokio::test]
#[ignore = "a measurement of a minute or so, not a check"]
async fn ten_thousand_payments_are_taken_at_over_a_hundred_per_second() {
    let chain = manual().await;
    let alice = person(1);
    let mut last = chain.fund(&alice, 1_000 * ERG).await;
    let mut spent = std::time::Duration::ZERO;
    let mut reads = 0;
    for _ in 0..10 {
        let context = chain.context().await;
        let mut txs = Vec::new();
        for _ in 0..1_000 {
            txs.push(alice.pay(&context, &last, &person(2).tree, MIN_FEE, MIN_FEE));
            last = made(txs.last().unwrap(), 1);
        }
        let began = Instant::now();
        for tx in txs {
            chain.devnet.submit(tx).unwrap();
        }
        chain.devnet.mine(1).unwrap();
        spent += began.elapsed();
        reads += chain.get("/info").await["unconfirmedCount"]
            .as_u64()
            .unwrap();
    }
    assert_eq!(reads, 0, "each thousand fits one block");
    let rate = 10_000.0 / spent.as_secs_f64();
    let memory = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let memory = memory
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap_or_default();
    eprintln!("{rate:.0} payments per second, {memory}");
    assert!(rate > 100.0);
}
