//! Keys for Ergo: words on paper, derived keys, an encrypted key file, and signatures.
//!
//! The way of a key, from the first day to a signed transaction:
//!
//! 1. [`Mnemonic::generate`] draws the words from the operating system's randomness, or
//!    [`Mnemonic::parse`] reads the ones a person already has.
//! 2. [`Backup`] joins the words with the optional BIP-39 passphrase: everything else follows from it.
//! 3. [`KeyFile::seal`] encrypts it under a passphrase, [`KeyFile::save_new`] puts it on disk. The public
//!    part of a key file ([`KeyFile::public_key`], [`KeyFile::address`]) is readable without the passphrase.
//! 4. [`KeyFile::unlock`] gives [`UnlockedKeys`], which hold the keys `m/44'/429'/0'/0/index` of
//!    [EIP-3](https://github.com/ergoplatform/eips/blob/master/eip-0003.md).
//! 5. [`LocalSigner`] signs with one or several of them, behind the trait [`Signer`].
//!
//! Beside this way:
//!
//! - [`LocalSigner::prove_inputs`], [`verify_input`] and [`assemble`]: one transaction whose inputs belong to
//!   several people, each of whom signs what is his.
//! - [`Round`]: one transaction with inputs that ask for several keys at once, whose owners pass a file around.
//! - [`UnlockedKeys::sign_message`] and [`verify_message`]: signatures on anything but transactions.
//! - [`seal_text`] and [`UnlockedKeys::open_text`]: a short text that only the owners of some keys can read.
//! - [`OneTimeKey`]: a secret for a paper, which no words give.
//!
//! This crate asks nobody for a passphrase, prints nothing, and talks to no network.
//!
//! ```
//! use ergo_lib::ergotree_ir::chain::address::NetworkPrefix;
//! use lets_wallet::{Backup, KeyFile, LocalSigner, Mnemonic, WordCount, WorkFactor};
//! use secrecy::SecretString;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let path = folder.path().join("alice.toml");
//! let passphrase = SecretString::from("five random words are fine");
//!
//! let backup = Backup::new(Mnemonic::generate(WordCount::default())?);
//! KeyFile::seal("alice", &backup, &passphrase, WorkFactor::default())?.save_new(&path)?;
//!
//! let file = KeyFile::load(&path)?;
//! let address = file.address(NetworkPrefix::Testnet).to_base58();
//! let signer = LocalSigner::new([&file.unlock(&passphrase)?])?;
//! # assert!(address.starts_with('3') && signer.public_keys() == [file.public_key().clone()]);
//! # Ok(())
//! # }
//! ```
//!
//! # What is wiped from memory, and what cannot be
//!
//! What this crate itself holds (words, BIP-39 passphrase, the branch key of [`UnlockedKeys`], the
//! decrypted content of a key file, the keys of a [`LocalSigner`], a [`OneTimeKey`], [`Nonces`], an opened text) is overwritten when dropped. Copies made
//! inside the libraries below are not: `ergo-lib`'s `ExtSecretKey` and `DlogProverInput` live on the stack
//! for the time of a derivation or a signature and are not wiped, nor are its hints, which hold a nonce for the time
//! of a commitment or an answer, nor are the intermediate values of
//! PBKDF2, HMAC and Unicode normalisation, nor registers, nor pages that the system has swapped out. An
//! attacker who reads the memory of the running process gets the keys in any case.

mod key_file;
mod keys;
mod message;
mod mnemonic;
mod one_time_key;
mod partial;
mod sealed_box;
mod signer;
mod together;

pub use key_file::{
    Damage, KeyFile, LoadKeyError, MIN_PASSPHRASE_CHARS, SaveKeyError, SealError, UnlockError,
    WorkFactor, WorkFactorError,
};
pub use keys::{Backup, DeriveError, KeyIndex, KeyIndexError, UnlockedKeys};
pub use message::{SIGNATURE_BYTES, SignMessageError, verify_message};
pub use mnemonic::{Mnemonic, MnemonicError, WordCount};
pub use one_time_key::{OneTimeKey, OneTimeKeyError, RandomnessError};
pub use partial::{AssembleError, InputProof, VerifyInputError, assemble, verify_input};
pub use sealed_box::{
    MAX_READERS, MAX_TEXT_BYTES, OpenTextError, SealTextError, seal_text, sealed_text_len,
};
pub use signer::{LocalSigner, SignError, Signer};
pub use together::{
    AnswerError, AnswerFolder, AnswerId, AnswerLog, CommitAndAnswerError, CommitError, FinishError,
    GroupStatus, InputStatus, MAX_OPEN_NONCES, MergeError, NonceId, Nonces, NoncesError, Round,
    RoundFile, RoundFileError, RoundId, Stage, StartRoundError,
};
