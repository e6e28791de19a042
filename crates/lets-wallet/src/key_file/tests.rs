//! Damage, swaps and traps: what must be refused, and how it is named. Work factor 2^10 throughout.

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::mnemonic::Mnemonic;

const PASSPHRASE: &str = "correct horse";
const ALICE: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";
const BOB: &str = "letter advice cage absurd amount doctor acoustic avoid letter advice cage above";

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

fn backup(words: &str) -> Backup {
    Backup::new(Mnemonic::parse(words).unwrap())
}

fn sealed(words: &str) -> KeyFile {
    KeyFile::seal(
        "alice",
        &backup(words),
        &secret(PASSPHRASE),
        WorkFactor::MIN,
    )
    .unwrap()
}

fn unlock(file: &KeyFile) -> Result<UnlockedKeys, UnlockError> {
    file.unlock(&secret(PASSPHRASE))
}

fn damage_of(text: &str) -> Damage {
    match KeyFile::from_bytes(text.as_bytes()) {
        Err(Problem::Damaged(damage)) => damage,
        other => panic!("expected damage, got {other:?}"),
    }
}

fn unlock_damage(file: &KeyFile) -> Damage {
    match unlock(file) {
        Err(UnlockError::Damaged(damage)) => damage,
        other => panic!("expected damage, got {other:?}"),
    }
}

/// The same file with another secret and a checksum that fits, as somebody would make it on purpose.
fn with_secret(file: &KeyFile, secret: String) -> KeyFile {
    let altered = KeyFile {
        secret,
        ..file.clone()
    };
    KeyFile::from_bytes(altered.to_text().unwrap().as_bytes()).unwrap()
}

fn dearmor(armored: &str) -> Vec<u8> {
    let mut binary = Vec::new();
    ArmoredReader::new(armored.as_bytes())
        .read_to_end(&mut binary)
        .unwrap();
    binary
}

fn armor(binary: &[u8]) -> String {
    let mut writer = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor).unwrap();
    writer.write_all(binary).unwrap();
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

/// Changes the work factor in the age header from 10 to something else.
fn with_work_factor(file: &KeyFile, log2: &str) -> KeyFile {
    let binary = dearmor(&file.secret);
    let line_end = |from: usize| from + binary[from..].iter().position(|b| *b == b'\n').unwrap();
    let second = line_end(0) + 1;
    let end = line_end(second);
    let stanza = std::str::from_utf8(&binary[second..end]).unwrap();
    let stanza = stanza.strip_suffix(" 10").unwrap();
    let mut altered = binary[..second].to_vec();
    altered.extend_from_slice(format!("{stanza} {log2}").as_bytes());
    altered.extend_from_slice(&binary[end..]);
    with_secret(file, armor(&altered))
}

/// A key file whose encrypted part holds this text instead of words.
fn with_content(file: &KeyFile, content: &str) -> KeyFile {
    let mut recipient = age::scrypt::Recipient::new(secret(PASSPHRASE));
    recipient.set_work_factor(10);
    let armored = age::encrypt_and_armor(&recipient, content.as_bytes()).unwrap();
    with_secret(file, armored)
}

#[test]
fn every_flipped_byte_is_refused_or_harmless() {
    let original = sealed(ALICE);
    let text = original.to_text().unwrap();
    let secret_at = text.find("-----BEGIN").unwrap();
    let secret_end = text.find("-----END").unwrap();
    let mut refused = 0;
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let loaded = KeyFile::from_bytes(&bytes);
        if (secret_at..secret_end).contains(&at) {
            assert!(
                matches!(loaded, Err(Problem::Damaged(_))),
                "byte {at} of the secret: {loaded:?}"
            );
        }
        match loaded {
            Err(_) => refused += 1,
            // A comment, the label or the creation data: the key is the same.
            Ok(file) => {
                assert_eq!(file.public_key, original.public_key, "byte {at}");
                assert_eq!(file.secret, original.secret, "byte {at}");
            }
        }
    }
    assert!(
        refused > text.len() / 2,
        "only {refused} flips were refused"
    );
}

#[test]
fn every_flip_in_secret_with_fitting_checksum_is_refused_or_harmless() {
    let original = sealed(ALICE);
    for at in (0..original.secret.len()).step_by(3) {
        let mut bytes = original.secret.clone().into_bytes();
        bytes[at] ^= 1;
        let altered = KeyFile {
            secret: String::from_utf8(bytes).unwrap(),
            ..original.clone()
        };
        match unlock(&altered) {
            Err(UnlockError::Damaged(_) | UnlockError::WrongPassphrase) => {}
            Err(UnlockError::TooMuchWork { .. }) => {}
            Err(UnlockError::Derive(error)) => panic!("byte {at}: {error}"),
            Ok(keys) => assert_eq!(*keys.first_public_key(), original.public_key, "byte {at}"),
        }
    }
}

#[test]
fn every_truncation_is_refused() {
    let text = sealed(ALICE).to_text().unwrap();
    let whole = text.trim_end().len();
    for length in 0..whole {
        let loaded = KeyFile::from_bytes(&text.as_bytes()[..length]);
        assert!(loaded.is_err(), "{length} of {whole} bytes were accepted");
    }
}

#[test]
fn secret_with_damage_inside_the_envelope_is_named() {
    let original = sealed(ALICE);
    let binary = dearmor(&original.secret);
    let altered = |at: usize| {
        let mut bytes = binary.clone();
        bytes[at] ^= 0x10;
        with_secret(&original, armor(&bytes))
    };
    // From the end: the payload's last byte; from the start: age's version line.
    assert_eq!(unlock_damage(&altered(binary.len() - 1)), Damage::Envelope);
    assert_eq!(unlock_damage(&altered(3)), Damage::Envelope);
    let short = with_secret(&original, armor(&binary[..binary.len() - 20]));
    assert_eq!(unlock_damage(&short), Damage::Envelope);
    let empty = with_secret(&original, String::new());
    assert_eq!(unlock_damage(&empty), Damage::Envelope);
}

#[test]
fn not_utf8_is_refused() {
    let mut bytes = sealed(ALICE).to_text().unwrap().into_bytes();
    bytes[40] = 0xff;
    assert_eq!(
        KeyFile::from_bytes(&bytes),
        Err(Damage::NotUtf8 { offset: 40 }.into())
    );
}

#[test]
fn not_toml_names_the_line() {
    let text = sealed(ALICE).to_text().unwrap();
    let line = 1 + text
        .lines()
        .position(|line| line.starts_with("label"))
        .unwrap();
    let text = text.replace("label = ", "label ");
    assert_eq!(damage_of(&text), Damage::NotToml { line });
}

#[test]
fn other_toml_is_no_key_file() {
    assert_eq!(damage_of(""), Damage::NotAKeyFile);
    assert_eq!(damage_of("[package]\nname = \"x\"\n"), Damage::NotAKeyFile);
    assert_eq!(damage_of("format = 7\nversion = 1\n"), Damage::NotAKeyFile);
    let text = sealed(ALICE).to_text().unwrap();
    assert_eq!(
        damage_of(&text.replace("\"lets-key\"", "\"lets-Key\"")),
        Damage::NotAKeyFile
    );
}

#[test]
fn other_version_is_named_whatever_follows() {
    let text = sealed(ALICE).to_text().unwrap();
    for found in [2, 0, -1, i64::MAX] {
        let other = text.replace("version = 1\n", &format!("version = {found}\n"));
        assert_eq!(
            KeyFile::from_bytes(other.as_bytes()),
            Err(Problem::Version(found))
        );
    }
    let future = "format = \"lets-key\"\nversion = 9\nkeys = [1, 2]\n";
    assert_eq!(
        KeyFile::from_bytes(future.as_bytes()),
        Err(Problem::Version(9))
    );
    assert_eq!(
        damage_of(&text.replace("version = 1\n", "version = \"1\"\n")),
        Damage::Field("version")
    );
}

#[test]
fn missing_or_mistyped_field_is_named() {
    let text = sealed(ALICE).to_text().unwrap();
    for field in [
        "version",
        "label",
        "created",
        "created_by",
        "path",
        "public_key",
        "checksum",
        "secret",
    ] {
        let mut table: toml::Table = toml::from_str(&text).unwrap();
        table.remove(field).unwrap();
        assert_eq!(damage_of(&table.to_string()), Damage::Field(field));
        table.insert(field.to_owned(), toml::Value::Boolean(true));
        assert_eq!(damage_of(&table.to_string()), Damage::Field(field));
    }
    let negative = text.replace("created = ", "created = -");
    assert_eq!(damage_of(&negative), Damage::Field("created"));
    let control = text.replace("\"alice\"", "\"al\\u001bice\"");
    assert_eq!(damage_of(&control), Damage::Field("label"));
    let control = text.replace("\"lets-wallet ", "\"lets-\\u001b[2J ");
    assert_eq!(damage_of(&control), Damage::Field("created_by"));
    let path = text.replace("/0'/0/0", "/1'/0/0");
    assert_eq!(damage_of(&path), Damage::Field("path"));
}

#[test]
fn public_key_that_is_no_point_is_refused() {
    let original = sealed(ALICE);
    let key = original.public_key.h.to_string();
    // x = 5 has no y on secp256k1; the others are too short, too long, and not canonical.
    let no_point = format!("02{:064x}", 5);
    for wrong in [
        no_point,
        key[2..].to_owned(),
        format!("{key}00"),
        key.to_uppercase(),
    ] {
        let text = original.to_text().unwrap().replace(&key, &wrong).replace(
            &checksum(&key, &original.secret),
            &checksum(&wrong, &original.secret),
        );
        assert_eq!(damage_of(&text), Damage::Field("public_key"), "{wrong}");
    }
}

#[test]
fn swapped_public_part_is_refused() {
    let (alice, bob) = (sealed(ALICE), sealed(BOB));
    let keys = [alice.public_key.h.to_string(), bob.public_key.h.to_string()];
    let careless = alice.to_text().unwrap().replace(&keys[0], &keys[1]);
    assert_eq!(damage_of(&careless), Damage::Checksum);

    let careful = KeyFile {
        public_key: bob.public_key.clone(),
        ..alice.clone()
    };
    let careful = KeyFile::from_bytes(careful.to_text().unwrap().as_bytes()).unwrap();
    assert_eq!(unlock_damage(&careful), Damage::PublicKey);
    assert!(careful.reveal(&secret(PASSPHRASE)).is_err());

    let inside = with_secret(&alice, bob.secret.clone());
    assert_eq!(unlock_damage(&inside), Damage::PublicKey);
}

#[test]
fn hostile_work_factor_loads_and_is_refused_without_work() {
    let original = sealed(ALICE);
    for log2 in [23_u8, 30, 63, 64, 255] {
        let hostile = with_work_factor(&original, &log2.to_string());
        assert_eq!(hostile.public_key, original.public_key);
        match unlock(&hostile) {
            Err(UnlockError::TooMuchWork { log2: found, max }) => {
                assert_eq!((found, max), (log2, WorkFactor::MAX));
            }
            other => panic!("2^{log2}: {other:?}"),
        }
    }
    for nonsense in ["0", "010", "256", "-1", "x"] {
        let hostile = with_work_factor(&original, nonsense);
        assert_eq!(unlock_damage(&hostile), Damage::Envelope, "{nonsense}");
    }
    // Another allowed factor gives another key: indistinguishable from a wrong passphrase.
    assert!(matches!(
        unlock(&with_work_factor(&original, "11")),
        Err(UnlockError::WrongPassphrase)
    ));
}

#[test]
fn secret_for_a_public_key_instead_of_a_passphrase_is_refused() {
    let recipient = age::x25519::Identity::generate().to_public();
    let armored = age::encrypt_and_armor(&recipient, ALICE.as_bytes()).unwrap();
    let file = with_secret(&sealed(ALICE), armored);
    assert_eq!(unlock_damage(&file), Damage::Envelope);
}

#[test]
fn secret_without_recovery_phrase_is_refused() {
    let original = sealed(ALICE);
    let too_long = format!("{ALICE}\n{}", "x".repeat(envelope::MAX_PLAINTEXT_BYTES));
    for content in ["", "\n", "hello\n", ALICE, &ALICE[6..], &too_long] {
        let file = with_content(&original, content);
        assert_eq!(unlock_damage(&file), Damage::Content, "{content:.20}");
    }
    let same = with_content(&original, &format!("{ALICE}\n"));
    assert!(unlock(&same).is_ok());
}

#[test]
fn standard_age_tool_gives_the_words_back() {
    let file = sealed(ALICE);
    let identity = age::scrypt::Identity::new(secret(PASSPHRASE));
    let plaintext = age::decrypt(&identity, file.secret.as_bytes()).unwrap();
    assert_eq!(plaintext, format!("{ALICE}\n").into_bytes());
}

#[test]
fn work_factor_asked_for_is_in_the_file() {
    let work = WorkFactor::new(12).unwrap();
    let file = KeyFile::seal("alice", &backup(ALICE), &secret(PASSPHRASE), work).unwrap();
    let binary = dearmor(&file.secret);
    let header = String::from_utf8_lossy(&binary);
    let stanza = header.lines().nth(1).unwrap();
    assert!(
        stanza.starts_with("-> scrypt ") && stanza.ends_with(" 12"),
        "{stanza}"
    );
    assert!(unlock(&file).is_ok());
}

#[test]
fn two_seals_of_one_key_share_no_ciphertext() {
    let (one, two) = (sealed(ALICE), sealed(ALICE));
    assert_eq!(one.public_key, two.public_key);
    assert_ne!(dearmor(&one.secret)[30..], dearmor(&two.secret)[30..]);
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(0x1e75),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn garbage_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(KeyFile::from_bytes(&bytes).is_err());
    }

    #[test]
    fn garbage_after_a_good_start_is_refused(tail in "\\PC{0,200}") {
        let text = format!("format = \"lets-key\"\nversion = 1\n{tail}");
        prop_assert!(KeyFile::from_bytes(text.as_bytes()).is_err());
    }

    #[test]
    fn label_round_trips(label in "\\PC{1,64}") {
        let original = KeyFile { label: label.clone(), ..fixed() };
        let read = KeyFile::from_bytes(original.to_text().unwrap().as_bytes());
        prop_assert_eq!(read, Ok(original));
    }
}

/// A key file without encryption work, for tests of the text form.
fn fixed() -> KeyFile {
    KeyFile {
        label: "alice".to_owned(),
        created: 1_795_370_000,
        created_by: "lets-wallet 0.1.0".to_owned(),
        public_key: backup(ALICE).keys().unwrap().first_public_key().clone(),
        secret: "-----BEGIN AGE ENCRYPTED FILE-----\nAAAA\n-----END AGE ENCRYPTED FILE-----\n"
            .to_owned(),
    }
}

#[test]
fn text_form_is_the_documented_one() {
    let expected = format!(
        r#"{PREAMBLE}format = "lets-key"
version = 1
label = "alice"
created = 1795370000
created_by = "lets-wallet 0.1.0"
path = "m/44'/429'/0'/0/0"
public_key = "{}"
checksum = "{}"
secret = """
-----BEGIN AGE ENCRYPTED FILE-----
AAAA
-----END AGE ENCRYPTED FILE-----
"""
"#,
        fixed().public_key.h,
        checksum(&fixed().public_key.h.to_string(), &fixed().secret),
    );
    assert_eq!(fixed().to_text().unwrap(), expected);
}
