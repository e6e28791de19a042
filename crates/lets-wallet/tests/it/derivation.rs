//! Addresses against published vectors, and derivation against ergo-lib's own way.
#![allow(clippy::unwrap_used, reason = "tests")]

use crate::common::{PHRASES, keys};
use ergo_lib::ergotree_ir::chain::address::NetworkPrefix;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use ergo_lib::wallet::derivation_path::DerivationPath;
use ergo_lib::wallet::ext_secret_key::ExtSecretKey;
use lets_wallet::{Backup, KeyIndex, KeyIndexError, Mnemonic, UnlockedKeys, WordCount};
use secrecy::SecretString;

fn address(keys: &UnlockedKeys, index: u32, network: NetworkPrefix) -> String {
    keys.address(KeyIndex::try_from(index).unwrap(), network)
        .unwrap()
        .to_base58()
}

/// ergo-appkit, common/src/test/scala/org/ergoplatform/appkit/AppkitTestingCommon.scala
/// (`firstEip3AddrStr`, `secondEip3AddrStr`); also in ergo-lib's `appkit_test_vector`.
#[test]
fn address_of_appkit_phrase_is_the_published_one() {
    let keys = keys(0);
    assert_eq!(
        address(&keys, 0, NetworkPrefix::Mainnet),
        "9eatpGQdYNjTi5ZZLK7Bo7C3ms6oECPnxbQTRn6sDcBNLMYSCa8"
    );
    assert_eq!(
        address(&keys, 1, NetworkPrefix::Mainnet),
        "9iBhwkjzUAVBkdxWvKmk7ab7nFgZRFbGpXA9gP6TAoakFnLNomk"
    );
}

/// The Ergo node's ExtendedSecretKeySpec, "1627 BIP32 key derivation fix (31 bit child key)": the mended
/// derivation gives 9eYMp..., the one before ergo#1627 gave
/// 9ewv8sxJ1jfr6j3WUSbGPMTVx3TZgcJKdnjKCbJWhiJp5U62uhP.
#[test]
fn address_of_issue_1627_phrase_is_the_mended_one() {
    assert_eq!(
        address(&keys(1), 0, NetworkPrefix::Mainnet),
        "9eYMpbGgBf42bCcnB2nG3wQdqPzpCCw5eB1YaWUUen9uCaW3wwm"
    );
}

#[test]
fn address_network_changes_prefix_only() {
    let keys = keys(0);
    let index = KeyIndex::FIRST;
    let mainnet = keys.address(index, NetworkPrefix::Mainnet).unwrap();
    let testnet = keys.address(index, NetworkPrefix::Testnet).unwrap();
    assert_eq!(mainnet.address(), testnet.address());
    assert!(mainnet.to_base58().starts_with('9'));
    assert!(testnet.to_base58().starts_with('3'));
}

/// The words go through `bip39` here and through ergo-lib's own `Mnemonic::to_seed` there, and the keys
/// through our stored branch here and one path there.
#[test]
fn public_key_equals_ergo_lib_derivation() {
    for (words, passphrase) in [
        (PHRASES[0], ""),
        (PHRASES[1], "TREZOR"),
        (PHRASES[2], "Zürich Ｐａｓｓ ﬁne"),
    ] {
        let backup = Backup::with_bip39_passphrase(
            Mnemonic::parse(words).unwrap(),
            SecretString::from(passphrase),
        );
        let keys = backup.keys().unwrap();
        let seed = ergo_lib::wallet::mnemonic::Mnemonic::to_seed(words, passphrase);
        let master = ExtSecretKey::derive_master(seed).unwrap();
        for index in [0, 1, 2, 19, 1_000_000, KeyIndex::MAX.get()] {
            let path: DerivationPath = format!("m/44'/429'/0'/0/{index}").parse().unwrap();
            let expected = master.derive(path).unwrap().public_image();
            let index = KeyIndex::try_from(index).unwrap();
            assert_eq!(keys.public_key(index).unwrap(), expected);
            assert_eq!(keys.sigma_prop(index).unwrap(), SigmaProp::from(expected));
        }
    }
}

#[test]
fn first_public_key_is_index_zero() {
    let keys = keys(2);
    assert_eq!(
        *keys.first_public_key(),
        keys.public_key(KeyIndex::FIRST).unwrap()
    );
    assert_ne!(
        *keys.first_public_key(),
        keys.public_key(KeyIndex::try_from(1).unwrap()).unwrap()
    );
}

#[test]
fn bip39_passphrase_gives_other_keys_and_empty_is_none() {
    let words = || Mnemonic::parse(PHRASES[0]).unwrap();
    let plain = Backup::new(words());
    let empty = Backup::with_bip39_passphrase(words(), SecretString::from(""));
    let other = Backup::with_bip39_passphrase(words(), SecretString::from("x"));
    assert!(plain.bip39_passphrase().is_none());
    assert!(empty.bip39_passphrase().is_none());
    assert!(other.bip39_passphrase().is_some());
    let first = |backup: &Backup| backup.keys().unwrap().first_public_key().clone();
    assert_eq!(first(&plain), first(&empty));
    assert_ne!(first(&plain), first(&other));
}

#[test]
fn generated_phrases_of_every_length_differ_and_give_keys() {
    for count in WordCount::ALL {
        let one = Mnemonic::generate(count).unwrap();
        let two = Mnemonic::generate(count).unwrap();
        assert_eq!(one.word_count(), count.words());
        assert_eq!(one.reveal().split(' ').count(), count.words());
        assert!(
            one != two,
            "two phrases of {} words are equal",
            count.words()
        );
        assert_eq!(Mnemonic::parse(&one.reveal()).unwrap(), one);
        Backup::new(one).keys().unwrap();
    }
}

#[test]
fn key_index_above_31_bits_is_refused() {
    assert_eq!(KeyIndex::MAX.get(), 0x7fff_ffff);
    assert_eq!(
        KeyIndex::try_from(0x8000_0000),
        Err(KeyIndexError { index: 0x8000_0000 })
    );
    let message = KeyIndex::try_from(u32::MAX).unwrap_err().to_string();
    assert_eq!(
        message,
        "key index 4294967295 is too large: choose one from 0 to 2147483647"
    );
}
