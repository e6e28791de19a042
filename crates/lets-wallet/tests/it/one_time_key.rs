//! One-time keys: their text, what is refused, and signing with them.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::str::FromStr;

use crate::common::{boxes, gather, is_valid, keys, prop_tree, state};
use ergo_lib::ergo_chain_types::ec_point;
use lets_wallet::{KeyIndex, LocalSigner, OneTimeKey, OneTimeKeyError, Signer};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use secrecy::ExposeSecret;

/// 1, whose public key is the generator, in base64url.
const ONE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE";
const ZERO: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// The order of the group (SEC 2), and the number below it.
const ORDER: &str = "_____________________rqu3OavSKA7v9JejNA2QUE";
const LARGEST: &str = "_____________________rqu3OavSKA7v9JejNA2QUA";
const ALL_ONES: &str = "__________________________________________8";

fn refused(text: &str) -> OneTimeKeyError {
    OneTimeKey::from_str(text).unwrap_err()
}

#[test]
fn generated_key_survives_its_text() {
    let key = OneTimeKey::generate().unwrap();
    let text = key.to_text();
    assert_eq!(text.expose_secret().len(), 43);
    let read: OneTimeKey = text.expose_secret().parse().unwrap();
    assert_eq!(read.public_key(), key.public_key());
    assert_eq!(read.to_text().expose_secret(), text.expose_secret());
    let other = OneTimeKey::generate().unwrap();
    assert_ne!(other.public_key(), key.public_key());
}

#[test]
fn smallest_and_largest_key_have_known_public_keys() {
    let one = OneTimeKey::from_str(ONE).unwrap();
    assert_eq!(*one.public_key().h, ec_point::generator());
    let largest = OneTimeKey::from_str(LARGEST).unwrap();
    assert_eq!(
        *largest.public_key().h,
        ec_point::inverse(&ec_point::generator())
    );
    assert_eq!(largest.to_text().expose_secret(), LARGEST);
}

#[test]
fn numbers_out_of_range_are_refused() {
    for text in [ZERO, ORDER, ALL_ONES] {
        assert_eq!(refused(text), OneTimeKeyError::OutOfRange, "{text}");
    }
}

#[test]
fn other_lengths_are_refused() {
    for text in ["", &ONE[1..], &format!("{ONE}="), &format!(" {ONE}")] {
        let found = text.len();
        assert_eq!(refused(text), OneTimeKeyError::Length { found });
    }
}

#[test]
fn other_alphabets_and_second_forms_are_refused() {
    for text in [
        ALL_ONES.replace('_', "/"),
        format!("{}=", &ONE[..42]),
        format!("{} ", &ONE[..42]),
        format!("{}ä", &ONE[..41]),
        // The last two bits say nothing and must be zero.
        format!("{}F", &ONE[..42]),
    ] {
        assert_eq!(refused(&text), OneTimeKeyError::Encoding, "{text}");
    }
}

#[test]
fn signer_signs_with_one_time_key_besides() {
    let alice = keys(0);
    let paper = OneTimeKey::generate().unwrap();
    let inputs = boxes(vec![
        prop_tree(alice.sigma_prop(KeyIndex::FIRST).unwrap()),
        prop_tree(paper.public_key().clone().into()),
    ]);
    let tx = gather(
        &inputs,
        prop_tree(alice.sigma_prop(KeyIndex::FIRST).unwrap()),
    );
    let without = LocalSigner::new([&alice]).unwrap();
    assert!(without.sign(tx.clone(), &state()).is_err());
    let signer = without.with_one_time_key(&paper).with_one_time_key(&paper);
    assert_eq!(
        signer.public_keys(),
        [alice.first_public_key().clone(), paper.public_key().clone()]
    );
    assert!(is_valid(signer.sign(tx, &state()).unwrap(), &inputs));
}

#[test]
fn signer_has_nothing_but_a_one_time_key() {
    let paper = OneTimeKey::generate().unwrap();
    let script = prop_tree(paper.public_key().clone().into());
    let inputs = boxes(vec![script.clone()]);
    let signer = LocalSigner::new([]).unwrap().with_one_time_key(&paper);
    let tx = signer.sign(gather(&inputs, script), &state()).unwrap();
    assert!(is_valid(tx, &inputs));
}

#[test]
fn debug_shows_the_public_key_only() {
    let key = OneTimeKey::generate().unwrap();
    assert_eq!(
        format!("{key:?} {key:#?}"),
        format!("OneTimeKey({0}) OneTimeKey({0})", key.public_key().h)
    );
    let signer = LocalSigner::new([]).unwrap().with_one_time_key(&key);
    let shown = format!("{signer:?} {:?}", key.to_text());
    assert!(!shown.contains(key.to_text().expose_secret()), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(43),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Whatever is read is written the same way: a key has one text.
    #[test]
    fn text_is_read_in_one_form_only(text in "[A-Za-z0-9_-]{43}|.{0,60}") {
        match OneTimeKey::from_str(&text) {
            Ok(key) => {
                let written = key.to_text();
                prop_assert_eq!(written.expose_secret(), text.as_str());
            }
            Err(error) => {
                let shown = format!("{error} {error:?}");
                prop_assert!(text.len() < 8 || !shown.contains(&text));
            }
        }
    }
}
