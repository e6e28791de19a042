//! Signatures on messages: for one key, one domain and one message, in one form.
#![allow(clippy::unwrap_used, reason = "tests")]

use crate::common::{boxes, gather, keys, prop_tree};
use ergo_lib::ergotree_interpreter::sigma_protocol::verifier::verify_signature;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::ProveDlog;
use lets_wallet::{KeyIndex, SIGNATURE_BYTES, verify_message};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const DOMAIN: &str = "example offer";
const MESSAGE: &[u8] = b"ten eggs every Friday";

fn key(number: usize) -> ProveDlog {
    keys(number).first_public_key().clone()
}

fn signature() -> Vec<u8> {
    keys(0)
        .sign_message(KeyIndex::FIRST, DOMAIN, MESSAGE)
        .unwrap()
}

#[test]
fn signature_is_right_for_its_key_domain_and_message_only() {
    let signature = signature();
    assert_eq!(signature.len(), SIGNATURE_BYTES);
    assert!(verify_message(&key(0), DOMAIN, MESSAGE, &signature));
    assert!(!verify_message(&key(1), DOMAIN, MESSAGE, &signature));
    let seventh = keys(0).public_key(KeyIndex::try_from(7).unwrap()).unwrap();
    assert!(!verify_message(&seventh, DOMAIN, MESSAGE, &signature));
    for domain in ["", "example", "example offer ", "Example offer"] {
        assert!(!verify_message(&key(0), domain, MESSAGE, &signature));
    }
    for message in [&b""[..], b"ten eggs every Friday.", b"ten eggs every frida"] {
        assert!(!verify_message(&key(0), DOMAIN, message, &signature));
    }
}

#[test]
fn other_index_signs_with_its_own_key() {
    let seventh = KeyIndex::try_from(7).unwrap();
    let signature = keys(0).sign_message(seventh, DOMAIN, MESSAGE).unwrap();
    let public = keys(0).public_key(seventh).unwrap();
    assert!(verify_message(&public, DOMAIN, MESSAGE, &signature));
    assert!(!verify_message(&key(0), DOMAIN, MESSAGE, &signature));
}

#[test]
fn empty_domain_and_message_are_signed() {
    let signature = keys(0).sign_message(KeyIndex::FIRST, "", b"").unwrap();
    assert!(verify_message(&key(0), "", b"", &signature));
}

/// `tests/vectors.py`, which shares no code with us, accepts this signature: what is signed cannot drift.
#[test]
fn committed_signature_is_right() {
    const SIGNATURE: &str = "3c2b3fb96981dc3f9047fe928ef2a0afa9f17c411da0773f\
        3845d01ff14e89251e7380644fd3b81b0067b6e600018ae2acb199edc8aa56ce";
    let signature: Vec<u8> = SIGNATURE
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    assert!(verify_message(&key(0), DOMAIN, MESSAGE, &signature));
}

/// The end of the domain cannot be taken for the start of the message.
#[test]
fn domain_and_message_do_not_run_together() {
    let signature = keys(0)
        .sign_message(KeyIndex::FIRST, "offer", b"eggs")
        .unwrap();
    assert!(!verify_message(&key(0), "offere", b"ggs", &signature));
    assert!(!verify_message(&key(0), "", b"offereggs", &signature));
}

#[test]
fn every_truncated_extended_or_altered_signature_is_refused() {
    let signature = signature();
    for length in 0..signature.len() {
        assert!(!verify_message(
            &key(0),
            DOMAIN,
            MESSAGE,
            &signature[..length]
        ));
    }
    let longer = [signature.as_slice(), &[0]].concat();
    assert!(!verify_message(&key(0), DOMAIN, MESSAGE, &longer));
    for place in 0..signature.len() {
        let mut altered = signature.clone();
        altered[place] ^= 1;
        assert!(
            !verify_message(&key(0), DOMAIN, MESSAGE, &altered),
            "byte {place}"
        );
    }
}

/// A transaction handed over as a message gives no signature on the transaction.
#[test]
fn signature_on_transaction_bytes_signs_no_transaction() {
    let alice = keys(0);
    let script = prop_tree(alice.sigma_prop(KeyIndex::FIRST).unwrap());
    let tx = gather(&boxes(vec![script.clone()]), script).spending_tx;
    let bytes = tx.bytes_to_sign().unwrap();
    assert!(bytes.len() > 32);
    let signature = alice.sign_message(KeyIndex::FIRST, "", &bytes).unwrap();
    assert!(verify_message(&key(0), "", &bytes, &signature));
    assert!(!verify_signature(key(0).into(), &bytes, &signature).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        rng_seed: RngSeed::Fixed(24),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn garbage_is_no_signature(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        prop_assert!(!verify_message(&key(0), DOMAIN, MESSAGE, &bytes));
    }

    #[test]
    fn garbage_of_right_length_is_no_signature(bytes in prop::collection::vec(any::<u8>(), 56)) {
        prop_assert!(!verify_message(&key(0), DOMAIN, MESSAGE, &bytes));
    }
}
