//! Sealed texts: who can open them, what a stranger learns, and what is refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use crate::common::keys;
use ergo_lib::ergo_chain_types::ec_point;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::ProveDlog;
use lets_wallet::{
    KeyIndex, MAX_READERS, MAX_TEXT_BYTES, OpenTextError, SealTextError, UnlockedKeys, seal_text,
    sealed_text_len,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const TEXT: &[u8] = b"two loaves of bread";
const CONTEXT: &[u8] = b"here";
/// Version, number of slots and the ephemeral point.
const SLOTS_AT: usize = 35;

fn key(number: usize) -> ProveDlog {
    keys(number).first_public_key().clone()
}

fn open(keys: &UnlockedKeys, sealed: &[u8], context: &[u8]) -> Result<Vec<u8>, OpenTextError> {
    keys.open_text(KeyIndex::FIRST, sealed, context)
        .map(|text| text.to_vec())
}

#[test]
fn every_reader_opens_and_nobody_else() {
    let seventh = KeyIndex::try_from(7).unwrap();
    let readers = [key(0), key(1), keys(0).public_key(seventh).unwrap(), key(2)];
    for count in 1..=MAX_READERS {
        let sealed = seal_text(TEXT, &readers[..count], CONTEXT).unwrap();
        assert_eq!(sealed.len(), sealed_text_len(TEXT.len(), count));
        for (number, slot) in [(0, 0), (1, 1), (2, 3)] {
            match open(&keys(number), &sealed, CONTEXT) {
                Ok(text) => assert!(slot < count && text == TEXT),
                Err(OpenTextError::Refused) => assert!(slot >= count),
                Err(other) => panic!("{other:?}"),
            }
        }
        let by_seventh = keys(0).open_text(seventh, &sealed, CONTEXT);
        assert_eq!(by_seventh.is_ok(), count > 2);
    }
}

#[test]
fn other_context_is_refused() {
    let sealed = seal_text(TEXT, &[key(0)], CONTEXT).unwrap();
    for context in [&b""[..], b"her", b"here ", b"there"] {
        let error = open(&keys(0), &sealed, context).unwrap_err();
        assert!(matches!(error, OpenTextError::Refused), "{error:?}");
    }
}

#[test]
fn every_altered_byte_is_refused() {
    let sealed = seal_text(TEXT, &[key(0), key(1)], CONTEXT).unwrap();
    let alice = keys(0);
    for place in 0..sealed.len() {
        for mask in [1, 0x80] {
            let mut altered = sealed.clone();
            altered[place] ^= mask;
            let error = open(&alice, &altered, CONTEXT).unwrap_err();
            match place {
                0 => assert!(matches!(error, OpenTextError::UnsupportedVersion { .. })),
                1 => assert!(matches!(
                    error,
                    OpenTextError::ReaderCount { .. } | OpenTextError::Length { .. }
                )),
                2..SLOTS_AT => assert!(matches!(
                    error,
                    OpenTextError::Point | OpenTextError::Refused
                )),
                _ => assert!(matches!(error, OpenTextError::Refused), "byte {place}"),
            }
        }
    }
}

#[test]
fn every_truncation_and_extension_is_refused() {
    let sealed = seal_text(TEXT, &[key(0)], CONTEXT).unwrap();
    let alice = keys(0);
    for length in 0..sealed.len() {
        let error = open(&alice, &sealed[..length], CONTEXT).unwrap_err();
        assert!(
            matches!(error, OpenTextError::Length { bytes } if bytes == length),
            "{length}: {error:?}"
        );
    }
    for more in [1, 31, 32, 600] {
        let longer = [sealed.as_slice(), &vec![0; more]].concat();
        assert!(open(&alice, &longer, CONTEXT).is_err(), "{more} more");
    }
}

#[test]
fn point_at_infinity_is_refused() {
    let nobody = ProveDlog::new(ec_point::identity());
    let error = seal_text(TEXT, &[key(0), nobody], CONTEXT).unwrap_err();
    assert!(matches!(error, SealTextError::Reader { reader: 1 }));

    let mut sealed = seal_text(TEXT, &[key(0)], CONTEXT).unwrap();
    sealed[2..SLOTS_AT].fill(0);
    let error = open(&keys(0), &sealed, CONTEXT).unwrap_err();
    assert!(matches!(error, OpenTextError::Point));
}

/// Only compressed points have 33 bytes; no other first byte may pass for one.
#[test]
fn point_in_other_form_is_refused() {
    let sealed = seal_text(TEXT, &[key(0)], CONTEXT).unwrap();
    for tag in (0..=255).filter(|tag| ![2, 3].contains(tag)) {
        let mut altered = sealed.clone();
        altered[2] = tag;
        let error = open(&keys(0), &altered, CONTEXT).unwrap_err();
        assert!(matches!(error, OpenTextError::Point), "{tag}: {error:?}");
    }
}

#[test]
fn length_of_text_is_bounded() {
    let alice = keys(0);
    for length in [0, 1, 29, 30, 31, 510, MAX_TEXT_BYTES] {
        let text = vec![b'x'; length];
        let sealed = seal_text(&text, &[key(0)], b"").unwrap();
        assert_eq!(sealed.len(), sealed_text_len(length, 1));
        assert_eq!(open(&alice, &sealed, b"").unwrap(), text);
    }
    let error = seal_text(&[b'x'; MAX_TEXT_BYTES + 1], &[key(0)], b"").unwrap_err();
    assert!(matches!(error, SealTextError::TooLong { bytes: 513 }));
    let error = seal_text(&vec![b'x'; 70_000], &[key(0)], b"").unwrap_err();
    assert!(matches!(error, SealTextError::TooLong { bytes: 70_000 }));
}

#[test]
fn number_of_readers_is_bounded() {
    for found in [0, MAX_READERS + 1, 257] {
        let error = seal_text(TEXT, &vec![key(0); found], CONTEXT).unwrap_err();
        assert!(matches!(error, SealTextError::ReaderCount { found: f } if f == found));
    }
}

#[test]
fn length_tells_only_the_bucket() {
    let lengths: Vec<usize> = [0, 30, 31, 62, 63, 512]
        .iter()
        .map(|plain| sealed_text_len(*plain, 1))
        .collect();
    assert_eq!(lengths, [99, 99, 131, 131, 163, 611]);
    assert_eq!(sealed_text_len(0, 4), 99 + 3 * 16);
    // No overflow, whatever is asked.
    assert_eq!(sealed_text_len(usize::MAX, usize::MAX), usize::MAX);
}

#[test]
fn same_text_sealed_twice_shares_nothing() {
    let [one, two] = [(); 2].map(|()| seal_text(TEXT, &[key(0)], CONTEXT).unwrap());
    assert_eq!(one[..2], two[..2]);
    assert_ne!(one[3..SLOTS_AT], two[3..SLOTS_AT]);
    assert_ne!(one[SLOTS_AT..SLOTS_AT + 16], two[SLOTS_AT..SLOTS_AT + 16]);
    assert_ne!(one[SLOTS_AT + 16..], two[SLOTS_AT + 16..]);
}

#[test]
fn reader_named_twice_does_not_show() {
    let sealed = seal_text(TEXT, &[key(0), key(0)], CONTEXT).unwrap();
    assert_eq!(sealed.len(), sealed_text_len(TEXT.len(), 2));
    assert_ne!(
        sealed[SLOTS_AT..SLOTS_AT + 16],
        sealed[SLOTS_AT + 16..SLOTS_AT + 32]
    );
    assert_eq!(open(&keys(0), &sealed, CONTEXT).unwrap(), TEXT);
}

#[test]
fn newer_version_is_named() {
    let mut sealed = seal_text(TEXT, &[key(0)], CONTEXT).unwrap();
    sealed[0] = 2;
    let error = open(&keys(0), &sealed, CONTEXT).unwrap_err();
    assert!(matches!(
        error,
        OpenTextError::UnsupportedVersion { found: 2 }
    ));
    assert!(error.to_string().contains("version 2"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        rng_seed: RngSeed::Fixed(7748),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn text_survives_round_trip(
        text in prop::collection::vec(any::<u8>(), 0..=MAX_TEXT_BYTES),
        context in prop::collection::vec(any::<u8>(), 0..80),
        readers in 1..=MAX_READERS,
    ) {
        let sealed = seal_text(&text, &vec![key(1); readers], &context).unwrap();
        prop_assert_eq!(sealed.len(), sealed_text_len(text.len(), readers));
        prop_assert_eq!(open(&keys(1), &sealed, &context).unwrap(), text);
    }

    #[test]
    fn garbage_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..700)) {
        prop_assert!(open(&keys(1), &bytes, b"").is_err());
    }

    /// Right in form, so that the cipher sees it.
    #[test]
    fn garbage_behind_a_valid_header_is_refused(
        slots in 1..=MAX_READERS,
        buckets in 1..=17_usize,
        filling in any::<u64>(),
    ) {
        let mut bytes = seal_text(b"", &vec![key(1); slots], b"").unwrap();
        bytes.truncate(SLOTS_AT);
        let rest = 16 * slots + 32 * buckets + 16;
        bytes.extend(filling.to_be_bytes().iter().cycle().take(rest));
        let error = open(&keys(1), &bytes, b"").unwrap_err();
        prop_assert!(matches!(error, OpenTextError::Refused), "{:?}", error);
    }
}
