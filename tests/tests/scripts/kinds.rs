//! Every kind of transaction that the library builds, judged by both interpreters.

use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use lets_tests::kinds::{Kind, kinds};
use std::sync::LazyLock;

/// A kind as both interpreters accepted it.
struct Accepted {
    kind: Kind,
    bytes: f64,
    /// Block cost; proofs are not in it.
    cost: f64,
}

/// Judged once for all the tests here.
static KINDS: LazyLock<Vec<Accepted>> = LazyLock::new(|| {
    let accept = |kind: Kind| {
        let (tx, cost) = kind.case.accepted();
        Accepted {
            kind,
            bytes: tx.sigma_serialize_bytes().unwrap().len() as f64,
            cost: cost.unwrap() as f64,
        }
    };
    kinds().into_iter().map(accept).collect()
});

fn of(name: &str) -> &'static Accepted {
    KINDS.iter().find(|k| k.kind.name == name).unwrap()
}

#[test]
fn every_signed_kind_without_signatures_refused() {
    for accepted in KINDS.iter().filter(|k| !k.kind.case.signers.is_empty()) {
        accepted.kind.case.clone().unsigned().unproven();
    }
}

/// Nodes take no transaction above these limits. What checking the proofs costs is not in the cost: a twentieth is left.
#[test]
fn every_kind_within_the_limits_of_a_node() {
    for k in KINDS.iter() {
        assert!(k.cost <= 950_000.0, "{}: {}", k.kind.name, k.cost);
        let most = lets_protocol::MAX_TX_BYTES as f64;
        assert!(k.bytes <= most, "{}: {}", k.kind.name, k.bytes);
    }
}

/// The limits that the project set itself for the transaction that members make every day.
#[test]
fn pay_direct_within_cost_and_size_limits() {
    let pay = of("pay, fee from the account");
    assert!(pay.cost <= 19_000.0, "block cost {}", pay.cost);
    assert!(pay.bytes <= 2_700.0);
    for account in &pay.kind.case.inputs[..2] {
        let size = lets_tests::case::size(&account.0);
        assert!(size <= 1_250, "{size} bytes");
    }
}

/// What a batch must save against as many single payments: 20 times a direct trade.
#[test]
fn batch_of_twenty_within_its_share_of_twenty_payments() {
    let single = of("pay, fee from the account");
    for (name, most_cost, most_bytes) in [
        ("pay 20 by notes", 0.10, 0.30),
        ("pay 20 directly", 0.30, 0.75),
    ] {
        let cost = of(name).cost / (20.0 * single.cost);
        let bytes = of(name).bytes / (20.0 * single.bytes);
        assert!(cost <= most_cost, "{name}: {cost} of the cost");
        assert!(bytes <= most_bytes, "{name}: {bytes} of the bytes");
    }
}
