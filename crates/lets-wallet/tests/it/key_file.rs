//! Key files on disk.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;

use crate::common::{PHRASES, backup, keys};
use ergo_lib::ergotree_ir::chain::address::NetworkPrefix;
use lets_wallet::{
    Backup, Damage, KeyFile, LoadKeyError, Mnemonic, SaveKeyError, SealError, UnlockError,
    WorkFactor, WorkFactorError,
};
use secrecy::{ExposeSecret, SecretString};

const PASSPHRASE: &str = "correct horse";

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

fn seal(number: usize) -> KeyFile {
    KeyFile::seal(
        "alice",
        &backup(number),
        &secret(PASSPHRASE),
        WorkFactor::MIN,
    )
    .unwrap()
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn key_file_round_trip_gives_the_same_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alice.toml");
    let sealed = seal(0);
    sealed.save_new(&path).unwrap();
    let loaded = KeyFile::load(&path).unwrap();
    assert_eq!(loaded, sealed);
    assert_eq!(loaded.label(), "alice");
    assert!(loaded.created() > 1_700_000_000);
    assert!(loaded.created_by().starts_with("lets-wallet "));
    assert_eq!(
        loaded.address(NetworkPrefix::Mainnet).to_base58(),
        "9eatpGQdYNjTi5ZZLK7Bo7C3ms6oECPnxbQTRn6sDcBNLMYSCa8"
    );
    let unlocked = loaded.unlock(&secret(PASSPHRASE)).unwrap();
    assert_eq!(unlocked.first_public_key(), keys(0).first_public_key());
    assert_eq!(loaded.public_key(), keys(0).first_public_key());
    let revealed = loaded.reveal(&secret(PASSPHRASE)).unwrap();
    assert_eq!(*revealed.mnemonic().reveal(), PHRASES[0]);
    assert!(revealed.bip39_passphrase().is_none());
}

/// Files of version 1 must open for ever. This one was made by the first release, with the words of
/// `PHRASES[0]`, the BIP-39 passphrase "TREZOR" and work factor 2^10; it holds no money.
#[test]
fn file_of_version_1_still_opens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v1.toml");
    fs::write(&path, include_str!("common/key-v1.toml")).unwrap();
    let file = KeyFile::load(&path).unwrap();
    assert_eq!(
        (file.label(), file.created_by()),
        ("old key", "lets-wallet 0.1.0")
    );
    let revealed = file.reveal(&secret(PASSPHRASE)).unwrap();
    assert_eq!(*revealed.mnemonic().reveal(), PHRASES[0]);
    assert_eq!(
        revealed.bip39_passphrase().unwrap().expose_secret(),
        "TREZOR"
    );
    let keys = file.unlock(&secret(PASSPHRASE)).unwrap();
    assert_eq!(keys.first_public_key(), file.public_key());
}

#[test]
fn bip39_passphrase_survives_the_round_trip() {
    let folder = tempfile::tempdir().unwrap();
    for (number, extra) in ["TREZOR", " Zürich \n two lines ", "\n", "\u{1f511}"]
        .into_iter()
        .enumerate()
    {
        let backup =
            Backup::with_bip39_passphrase(Mnemonic::parse(PHRASES[2]).unwrap(), secret(extra));
        let path = folder.path().join(number.to_string());
        KeyFile::seal("x", &backup, &secret(PASSPHRASE), WorkFactor::MIN)
            .unwrap()
            .save_new(&path)
            .unwrap();
        let loaded = KeyFile::load(&path).unwrap();
        let revealed = loaded.reveal(&secret(PASSPHRASE)).unwrap();
        assert_eq!(revealed.bip39_passphrase().unwrap().expose_secret(), extra);
        assert_ne!(loaded.public_key(), keys(2).first_public_key());
    }
}

#[test]
fn wrong_passphrase_is_refused() {
    let sealed = seal(0);
    for wrong in ["", "Correct horse", "correct horse ", "correct hors", "x"] {
        assert!(matches!(
            sealed.unlock(&secret(wrong)),
            Err(UnlockError::WrongPassphrase)
        ));
    }
}

#[test]
fn default_work_factor_file_opens() {
    let sealed =
        KeyFile::seal("a", &backup(0), &secret(PASSPHRASE), WorkFactor::default()).unwrap();
    assert!(sealed.unlock(&secret(PASSPHRASE)).is_ok());
}

#[test]
fn existing_file_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alice.toml");
    fs::write(&path, "something else").unwrap();
    let error = seal(0).save_new(&path).unwrap_err();
    assert!(
        matches!(error, SaveKeyError::AlreadyExists { .. }),
        "{error}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "something else");
    assert_eq!(names_in(folder.path()), ["alice.toml"]);
}

#[test]
fn racing_saves_leave_one_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alice.toml");
    let files = [seal(0), seal(1), seal(2)];
    let saved: Vec<bool> = std::thread::scope(|scope| {
        let threads: Vec<_> = files
            .iter()
            .map(|file| scope.spawn(|| file.save_new(&path).is_ok()))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(saved.iter().filter(|saved| **saved).count(), 1);
    let winner = saved.iter().position(|saved| *saved).unwrap();
    assert_eq!(KeyFile::load(&path).unwrap(), files[winner]);
    assert_eq!(names_in(folder.path()), ["alice.toml"]);
}

#[cfg(unix)]
#[test]
fn saved_file_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alice.toml");
    seal(0).save_new(&path).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[cfg(unix)]
#[test]
fn dangling_symlink_is_not_followed_on_save() {
    let folder = tempfile::tempdir().unwrap();
    let (link, target) = (folder.path().join("link"), folder.path().join("target"));
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let error = seal(0).save_new(&link).unwrap_err();
    assert!(
        matches!(error, SaveKeyError::AlreadyExists { .. }),
        "{error}"
    );
    assert!(!target.exists());
}

#[test]
fn save_into_missing_folder_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no").join("alice.toml");
    let error = seal(0).save_new(&path).unwrap_err();
    assert!(matches!(error, SaveKeyError::Io { .. }), "{error}");
    assert!(
        error.to_string().contains("Check that its folder exists"),
        "{error}"
    );
}

#[test]
fn missing_file_is_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let error = KeyFile::load(&folder.path().join("nobody")).unwrap_err();
    assert!(matches!(error, LoadKeyError::NotFound { .. }), "{error}");
}

#[test]
fn folder_in_place_of_file_is_an_io_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = KeyFile::load(folder.path()).unwrap_err();
    assert!(matches!(error, LoadKeyError::Io { .. }), "{error}");
}

#[test]
fn huge_file_is_refused_and_the_limit_is_exact() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("big");
    seal(0).save_new(&path).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes.push(b'#');
    bytes.resize(64 * 1024, b' ');
    fs::write(&path, &bytes).unwrap();
    KeyFile::load(&path).unwrap();
    bytes.push(b' ');
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(
        KeyFile::load(&path),
        Err(LoadKeyError::TooLarge {
            max_bytes: 65_536,
            ..
        })
    ));
}

#[test]
fn damaged_file_is_named_with_path_and_advice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alice.toml");
    fs::write(&path, b"format = \xff").unwrap();
    let error = KeyFile::load(&path).unwrap_err();
    assert!(matches!(
        &error,
        LoadKeyError::Damaged {
            damage: Damage::NotUtf8 { offset: 9 },
            ..
        }
    ));
    let text = error.to_string();
    assert!(
        text.contains("alice.toml") && text.contains("backup"),
        "{text}"
    );

    fs::write(&path, "format = \"lets-key\"\nversion = 2\n").unwrap();
    let error = KeyFile::load(&path).unwrap_err();
    assert!(matches!(
        &error,
        LoadKeyError::UnsupportedVersion {
            found: 2,
            supported: 1,
            ..
        }
    ));
    assert!(error.to_string().contains("newer version"), "{error}");
}

#[test]
fn windows_line_ends_are_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let (unix, windows) = (folder.path().join("u"), folder.path().join("w"));
    seal(0).save_new(&unix).unwrap();
    let text = fs::read_to_string(&unix).unwrap().replace('\n', "\r\n");
    fs::write(&windows, text).unwrap();
    let loaded = KeyFile::load(&windows).unwrap();
    assert_eq!(loaded, KeyFile::load(&unix).unwrap());
    assert!(loaded.unlock(&secret(PASSPHRASE)).is_ok());
}

#[test]
fn short_passphrase_is_refused_by_characters_not_bytes() {
    let seal_with =
        |passphrase: &str| KeyFile::seal("a", &backup(0), &secret(passphrase), WorkFactor::MIN);
    for short in ["", "1234567", "ééééééé"] {
        assert!(matches!(
            seal_with(short),
            Err(SealError::PassphraseTooShort { min_chars: 8 })
        ));
    }
    assert!(seal_with("éééééééé").is_ok());
}

#[test]
fn label_must_be_short_printable_and_not_empty() {
    let seal_as =
        |label: &str| KeyFile::seal(label, &backup(0), &secret(PASSPHRASE), WorkFactor::MIN);
    for wrong in ["", "two\nlines", "tab\t", "\u{7f}", &"x".repeat(65)] {
        assert!(
            matches!(seal_as(wrong), Err(SealError::Label { max_chars: 64 })),
            "{wrong:?}"
        );
    }
    assert_eq!(seal_as(&"é".repeat(64)).unwrap().label(), "é".repeat(64));
}

#[test]
fn endless_bip39_passphrase_is_refused() {
    let with = |length: usize| {
        let words = Mnemonic::parse(PHRASES[2]).unwrap();
        let backup = Backup::with_bip39_passphrase(words, secret(&"x".repeat(length)));
        KeyFile::seal("a", &backup, &secret(PASSPHRASE), WorkFactor::MIN)
    };
    let Err(SealError::Bip39PassphraseTooLong { max_bytes }) = with(5000) else {
        panic!("accepted");
    };
    assert!(with(max_bytes + 1).is_err());
    assert!(with(max_bytes).unwrap().unlock(&secret(PASSPHRASE)).is_ok());
}

#[test]
fn work_factor_is_10_to_22_and_15_by_default() {
    assert_eq!(WorkFactor::default().log2(), 15);
    for log2 in 0..=u8::MAX {
        let expected = if (10..=22).contains(&log2) {
            Ok(log2)
        } else {
            Err(WorkFactorError { log2 })
        };
        assert_eq!(WorkFactor::new(log2).map(WorkFactor::log2), expected);
    }
}
