//! No word, passphrase or private key in anything that can be printed.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fmt::{Debug, Display};
use std::fs;

use crate::common::{PHRASES, backup, boxes, gather, keys, prop_tree, state};
use ergo_lib::wallet::ext_secret_key::ExtSecretKey;
use lets_wallet::{Backup, KeyFile, KeyIndex, LocalSigner, Mnemonic, Signer, WorkFactor};
use secrecy::SecretString;

const FILE_PASSPHRASE: &str = "qwertzuiop";
const BIP39_PASSPHRASE: &str = "mnbvcxylk";

/// The phrase whose words occur in none of our messages by chance.
fn phrase() -> &'static str {
    PHRASES[2]
}

fn both<T: Debug + Display>(shown: T) -> [String; 2] {
    [format!("{shown:?} {shown:#?}"), shown.to_string()]
}

fn assert_silent(texts: &[String], private_key: &str) {
    for text in texts {
        let lower = text.to_lowercase();
        let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
        for word in phrase().split(' ') {
            assert!(!words.contains(&word), "the word {word:?} in: {text}");
        }
        for hidden in [FILE_PASSPHRASE, BIP39_PASSPHRASE, private_key] {
            assert!(!lower.contains(hidden), "{hidden:?} in: {text}");
        }
    }
}

#[test]
fn nothing_printable_contains_a_secret() {
    let secret = |text: &str| SecretString::from(text);
    let backup_with =
        Backup::with_bip39_passphrase(Mnemonic::parse(phrase()).unwrap(), secret(BIP39_PASSPHRASE));
    let keys_with = backup_with.keys().unwrap();
    let seed = ergo_lib::wallet::mnemonic::Mnemonic::to_seed(phrase(), BIP39_PASSPHRASE);
    let first = ExtSecretKey::derive_master(seed)
        .unwrap()
        .derive("m/44'/429'/0'/0/0".parse().unwrap())
        .unwrap();
    assert_eq!(first.public_image(), *keys_with.first_public_key());
    let private_key: String = first
        .secret_key_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();

    let passphrase = secret(FILE_PASSPHRASE);
    let file = KeyFile::seal("label", &backup_with, &passphrase, WorkFactor::MIN).unwrap();
    let signer = LocalSigner::new([&keys_with]).unwrap();

    let mut shown = vec![
        format!("{:?} {:#?}", backup_with.mnemonic(), backup_with.mnemonic()),
        format!("{backup_with:?} {backup_with:#?}"),
        format!("{keys_with:?} {keys_with:#?}"),
        format!("{file:?} {file:#?}"),
        format!("{signer:?} {signer:#?}"),
    ];

    // Phrases that are refused.
    shown.extend(both(Mnemonic::parse(&phrase()[6..]).unwrap_err()));
    shown.extend(both(
        Mnemonic::parse(&phrase().replace("year", "yeer")).unwrap_err(),
    ));
    shown.extend(both(
        Mnemonic::parse(&phrase().replace("yellow", "year")).unwrap_err(),
    ));

    // Seals and passphrases that are refused.
    let seal = |label: &str, passphrase: &str| {
        KeyFile::seal(label, &backup_with, &secret(passphrase), WorkFactor::MIN).unwrap_err()
    };
    shown.extend(both(seal("label", &BIP39_PASSPHRASE[..5])));
    shown.extend(both(seal(phrase(), FILE_PASSPHRASE)));
    shown.extend(both(file.unlock(&secret(BIP39_PASSPHRASE)).unwrap_err()));

    // A file with the bare words in it, mistaken for a key file: nothing of it is quoted.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    for content in [
        phrase().to_owned(),
        format!("{phrase} = 1", phrase = phrase().replace(' ', "-")),
        format!(
            "format = \"lets-key\"\nversion = 1\nlabel = [\"{}\"]",
            phrase()
        ),
        format!("format = \"lets-key\"\nversion = \"{}\"", phrase()),
        format!("format = \"{}\"", phrase()),
        format!("\"{}", phrase()),
    ] {
        fs::write(&path, content).unwrap();
        shown.extend(both(KeyFile::load(&path).unwrap_err()));
    }
    file.save_new(&folder.path().join("new")).unwrap();
    shown.extend(both(file.save_new(&folder.path().join("new")).unwrap_err()));

    // A transaction that cannot be signed.
    let foreign = prop_tree(keys(0).sigma_prop(KeyIndex::FIRST).unwrap());
    let tx = gather(&boxes(vec![foreign.clone()]), foreign);
    shown.extend(both(signer.sign(tx, &state()).unwrap_err()));

    assert_silent(&shown, &private_key);

    // What stands in the file itself.
    let text = fs::read_to_string(folder.path().join("new")).unwrap();
    assert_silent(&[text], &private_key);
}

/// The check above would notice a leak.
#[test]
fn check_for_secrets_notices_a_word() {
    let leak = format!("bad phrase: {}", backup(2).mnemonic().reveal().as_str());
    assert!(std::panic::catch_unwind(|| assert_silent(&[leak], "none")).is_err());
}
