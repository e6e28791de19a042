//! The encrypted part of a key file: age's passphrase format (scrypt, ChaCha20-Poly1305), armored.
//!
//! The plaintext is the words, a line feed, and the BIP-39 passphrase up to the end (empty if there is
//! none). It is that simple so that the standard tool `age -d` gives the words back without this program.

use std::io::Read;
use std::iter;

use age::DecryptError;
use age::armor::ArmoredReader;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use zeroize::Zeroizing;

use super::{Damage, SealError, UnlockError};
use crate::keys::Backup;
use crate::mnemonic::Mnemonic;

/// The most plaintext that is read, in bytes: 24 words and a BIP-39 passphrase of any sensible length.
pub(super) const MAX_PLAINTEXT_BYTES: usize = 4096;

/// How hard scrypt makes each guess at the passphrase: N = 2^log2, with r = 8 and p = 1 (fixed by age).
///
/// Time and memory double with each step; memory is 2^log2 KiB: 32 MiB at 15, 4 GiB at 22.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkFactor(u8);

impl WorkFactor {
    /// 2^10, a few milliseconds. For tests; too little for real money.
    pub const MIN: WorkFactor = WorkFactor(10);
    /// 2^15, about a tenth of a second and 32 MiB on a common machine: every command that signs pays it, the
    /// machine may be a small single-board computer, and each guess costs an attacker the same memory.
    pub const DEFAULT: WorkFactor = WorkFactor(15);
    /// 2^22, ten seconds or more and 4 GiB. Files that ask for more are refused, so that a hostile file
    /// cannot occupy the machine for hours.
    pub const MAX: WorkFactor = WorkFactor(22);

    /// The work factor 2^log2.
    ///
    /// # Errors
    /// [`WorkFactorError`] outside [`WorkFactor::MIN`] to [`WorkFactor::MAX`].
    pub fn new(log2: u8) -> Result<Self, WorkFactorError> {
        if (Self::MIN.0..=Self::MAX.0).contains(&log2) {
            Ok(WorkFactor(log2))
        } else {
            Err(WorkFactorError { log2 })
        }
    }

    /// The exponent.
    pub fn log2(self) -> u8 {
        self.0
    }
}

impl Default for WorkFactor {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The work factor is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "the scrypt work factor 2^{log2} is out of range: choose an exponent from {min} to {max}",
    min = WorkFactor::MIN.0,
    max = WorkFactor::MAX.0
)]
pub struct WorkFactorError {
    /// The exponent asked for.
    pub log2: u8,
}

pub(super) fn encrypt(
    backup: &Backup,
    passphrase: &SecretString,
    work: WorkFactor,
) -> Result<String, SealError> {
    let extra = backup
        .bip39_passphrase()
        .map_or("", |passphrase| passphrase.expose_secret());
    let words = backup.mnemonic().reveal();
    let length = words.len() + 1 + extra.len();
    if length > MAX_PLAINTEXT_BYTES {
        return Err(SealError::Bip39PassphraseTooLong {
            max_bytes: MAX_PLAINTEXT_BYTES - words.len() - 1,
        });
    }
    let mut plaintext = Zeroizing::new(Vec::with_capacity(length));
    plaintext.extend_from_slice(words.as_bytes());
    plaintext.push(b'\n');
    plaintext.extend_from_slice(extra.as_bytes());

    let mut recipient = age::scrypt::Recipient::new(passphrase.clone());
    recipient.set_work_factor(work.0);
    age::encrypt_and_armor(&recipient, &plaintext)
        .map_err(|error| SealError::Encryption(error.to_string()))
}

pub(super) fn decrypt(armored: &str, passphrase: &SecretString) -> Result<Backup, UnlockError> {
    let mut identity = age::scrypt::Identity::new(passphrase.clone());
    identity.set_max_work_factor(WorkFactor::MAX.0);

    // `DecryptError` is matched and never printed: its message for excessive work can overflow.
    let envelope = |_| UnlockError::Damaged(Damage::Envelope);
    let reader = age::Decryptor::new_buffered(ArmoredReader::new(armored.as_bytes()))
        .map_err(envelope)?
        .decrypt(iter::once(&identity as &dyn age::Identity))
        .map_err(|error| match error {
            DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
                UnlockError::WrongPassphrase
            }
            DecryptError::ExcessiveWork { required, .. } => UnlockError::TooMuchWork {
                log2: required,
                max: WorkFactor::MAX,
            },
            other => envelope(other),
        })?;

    // Full capacity from the start, and one byte over the limit to notice what is too long.
    let mut plaintext = Zeroizing::new(Vec::with_capacity(MAX_PLAINTEXT_BYTES + 64));
    reader
        .take(MAX_PLAINTEXT_BYTES as u64 + 1)
        .read_to_end(&mut plaintext)
        .map_err(|_| UnlockError::Damaged(Damage::Envelope))?;
    if plaintext.len() > MAX_PLAINTEXT_BYTES {
        return Err(UnlockError::Damaged(Damage::Content));
    }
    parse_plaintext(&plaintext).ok_or(UnlockError::Damaged(Damage::Content))
}

fn parse_plaintext(plaintext: &[u8]) -> Option<Backup> {
    let (words, extra) = std::str::from_utf8(plaintext).ok()?.split_once('\n')?;
    Some(Backup::with_bip39_passphrase(
        Mnemonic::parse(words).ok()?,
        SecretString::from(extra),
    ))
}
