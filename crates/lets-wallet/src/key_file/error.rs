//! What can go wrong with a key file. No message contains a word of the secret, or any other part of the
//! file than its name.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::{FORMAT, WorkFactor};
use crate::keys::DeriveError;

/// What is wrong with a damaged key file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Damage {
    /// The bytes are not UTF-8.
    #[error("it is not a text file (byte {offset} is not UTF-8)")]
    NotUtf8 {
        /// Place of the first such byte, counted from 0.
        offset: usize,
    },
    /// The text is not TOML.
    #[error("line {line} is not TOML")]
    NotToml {
        /// The line, counted from 1.
        line: usize,
    },
    /// It is TOML, but some other file.
    #[error("it is not a LETS key file (it lacks format = \"{FORMAT}\")")]
    NotAKeyFile,
    /// A field is missing or has a value that cannot be.
    #[error("the field `{0}` is missing or wrong")]
    Field(&'static str),
    /// The checksum of the file is not the one written in it.
    #[error("its checksum is wrong")]
    Checksum,
    /// The encrypted part is not a whole, passphrase-encrypted age file.
    #[error("its encrypted part is broken")]
    Envelope,
    /// The encrypted part decrypts to something that is no recovery phrase.
    #[error("its encrypted part does not contain a recovery phrase")]
    Content,
    /// The words inside belong to another key than the public part says.
    #[error("the public key it shows is not the one of the recovery phrase inside")]
    PublicKey,
}

/// Why a key file could not be read.
#[derive(Debug, Error)]
pub enum LoadKeyError {
    /// There is no such file.
    #[error("there is no key file {}: check the name, or create or import a key first", .path.display())]
    NotFound {
        /// The file.
        path: PathBuf,
    },
    /// The file is far larger than any key file.
    #[error("{} is larger than {max_bytes} bytes, so it is no key file: check the name", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        max_bytes: u64,
    },
    /// The file is damaged, altered, or no key file.
    #[error(
        "the key file {} is damaged or altered: {damage}. \
         Take it from a backup, or make it anew from the recovery words", .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        damage: Damage,
    },
    /// The file was written by a newer program.
    #[error(
        "the key file {} has format version {found}, this program knows {supported}: \
         use a newer version of the program", .path.display()
    )]
    UnsupportedVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// Ours.
        supported: i64,
    },
    /// The operating system refused.
    #[error("the key file {} could not be read: {reason}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        reason: io::Error,
    },
}

/// Why a new key file could not be made.
#[derive(Debug, Error)]
pub enum SealError {
    /// The passphrase is so short that the file is as good as open.
    #[error(
        "the passphrase has fewer than {min_chars} characters: take a longer one, such as five random words"
    )]
    PassphraseTooShort {
        /// The fewest it may have.
        min_chars: usize,
    },
    /// The label is empty, too long, or contains control characters.
    #[error(
        "the label must have 1 to {max_chars} characters and no line breaks or other control characters"
    )]
    Label {
        /// The most characters it may have.
        max_chars: usize,
    },
    /// The BIP-39 passphrase is longer than the file format carries.
    #[error("the BIP-39 passphrase is longer than {max_bytes} bytes, which a key file cannot hold")]
    Bip39PassphraseTooLong {
        /// The most bytes it may have.
        max_bytes: usize,
    },
    /// No key follows from the words.
    #[error(transparent)]
    Derive(#[from] DeriveError),
    /// The encryption library failed.
    #[error("the key could not be encrypted: {0}")]
    Encryption(String),
}

/// Why a key file could not be written.
#[derive(Debug, Error)]
pub enum SaveKeyError {
    /// There is a file of this name; a key is never overwritten.
    #[error("{} exists already, and a key is never overwritten: choose another name", .path.display())]
    AlreadyExists {
        /// The file.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("the key file {} could not be written: {reason}. \
         Check that its folder exists and that you may write there", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        reason: io::Error,
    },
}

/// Why a key file could not be unlocked.
#[derive(Debug, Error)]
pub enum UnlockError {
    /// The passphrase is not the one.
    #[error("wrong passphrase: it is case-sensitive, and spaces count; try again")]
    WrongPassphrase,
    /// The file is damaged or was altered.
    #[error(
        "the key file is damaged or altered: {0}. \
         Take it from a backup, or make it anew from the recovery words"
    )]
    Damaged(Damage),
    /// The file asks for so much work that it must be a trap or a mistake.
    #[error(
        "the key file asks for the scrypt work factor 2^{log2}, the most allowed is 2^{}: \
         it was not made by this program; make it anew from the recovery words", max.log2()
    )]
    TooMuchWork {
        /// The exponent in the file.
        log2: u8,
        /// The largest accepted.
        max: WorkFactor,
    },
    /// No key follows from the words.
    #[error(transparent)]
    Derive(#[from] DeriveError),
}
