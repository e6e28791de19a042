//! Every kind of transaction that the library builds, judged by both interpreters.

use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use lets_tests::kinds::kinds;

#[test]
fn every_kind_both_interpreters_accept() {
    for kind in kinds() {
        kind.case.accepted();
    }
}

#[test]
fn every_signed_kind_without_signatures_refused() {
    for kind in kinds().into_iter().filter(|k| !k.case.signers.is_empty()) {
        kind.case.unsigned().unproven();
    }
}

/// The limits that the project set itself for the transaction that members make every day.
#[test]
fn pay_direct_within_cost_and_size_limits() {
    for kind in kinds()
        .into_iter()
        .filter(|k| k.name.starts_with("pay, fee from the account"))
    {
        let (tx, cost) = kind.case.accepted();
        assert!(cost.unwrap() <= 19_000, "block cost {cost:?}");
        assert!(tx.sigma_serialize_bytes().unwrap().len() <= 2_700);
        for account in &kind.case.inputs[..2] {
            assert!(lets_tests::case::size(&account.0) <= 1_250);
        }
    }
}
