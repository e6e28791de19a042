//! The secret half of commitments, and the log that keeps it from being used twice.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ergo_lib::ergo_chain_types::{
    Base16DecodedBytes, Digest32, EcPoint, blake2b256_hash, ec_point,
};
use ergo_lib::ergotree_interpreter::sigma_protocol::wscalar::Wscalar;
use ergo_lib::ergotree_ir::chain::tx_id::TxId;
use thiserror::Error;
use zeroize::Zeroizing;

const MAGIC: &[u8; 16] = b"lets-nonces v1\0\n";
const NONCE: &[u8] = b"lets-wallet nonce v1\0";
const HEAD_BYTES: usize = 16 + 32 + 32;
const ENTRY_BYTES: usize = 2 + 2 + 32 + 32;

/// Bytes that are no nonces. Nothing of them is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "these bytes are no nonces of a signing round, or were damaged: look for the file that was written when you committed"
)]
pub struct NoncesError;

/// Which round: drawn at random when it starts. It stands in the shared file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RoundId(pub(crate) Digest32);

impl RoundId {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0.0
    }
}

impl fmt::Display for RoundId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from(self.0))
    }
}

/// Names one nonce, without giving it away: a hash of its commitment, 64 hexadecimal digits when printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NonceId(Digest32);

/// Names what a nonce was used for: a hash of all that the answer depends on, 64 hexadecimal digits when
/// printed. Two answers with the same name are the same answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AnswerId(Digest32);

impl NonceId {
    pub(crate) fn of(commitment: &EcPoint) -> Self {
        let hex = String::from(commitment.clone());
        NonceId(blake2b256_hash(&[NONCE, hex.as_bytes()].concat()))
    }
}

impl AnswerId {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        AnswerId(blake2b256_hash(bytes))
    }

    /// Reads what `Display` writes; none for anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        let bytes = Base16DecodedBytes::try_from(text).ok()?;
        Digest32::try_from(bytes).ok().map(AnswerId)
    }
}

impl fmt::Display for NonceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from(self.0))
    }
}

impl fmt::Display for AnswerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from(self.0))
    }
}

/// What every nonce was used for: written once, never changed, never deleted.
///
/// Who answers two different challenges with one nonce gives his key away. So an answer is written down here
/// before it leaves the signer, and a nonce that stands here is used for nothing else. The log holds no
/// secrets. It belongs on the machine of the key and out of backups that may be restored: an old state of the
/// log forgets the newest answers. Where it may have been lost, delete the nonces and start a new round.
pub trait AnswerLog {
    /// Writes `answer` under `nonce` unless something stands there already, and gives back what stands there
    /// now. It must be on the disk when this returns, and of two calls at the same time one must win.
    ///
    /// # Errors
    /// When it could not be written or read: then nothing is answered.
    fn first(&mut self, nonce: NonceId, answer: AnswerId) -> io::Result<AnswerId>;
}

/// For nonces that do not outlive the call they are drawn in.
pub(super) struct NoLog;

impl AnswerLog for NoLog {
    fn first(&mut self, _: NonceId, answer: AnswerId) -> io::Result<AnswerId> {
        Ok(answer)
    }
}

/// A log in a folder: one small file for each nonce.
#[derive(Debug, Clone)]
pub struct AnswerFolder {
    folder: PathBuf,
}

impl AnswerFolder {
    /// Opens the folder, and makes it if it is missing.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(AnswerFolder {
            folder: folder.to_owned(),
        })
    }
}

impl AnswerLog for AnswerFolder {
    fn first(&mut self, nonce: NonceId, answer: AnswerId) -> io::Result<AnswerId> {
        let path = self.folder.join(format!("{nonce}.answered"));
        let mut file = tempfile::Builder::new()
            .prefix(".lets-answer-")
            .tempfile_in(&self.folder)?;
        file.write_all(answer.to_string().as_bytes())?;
        file.as_file().sync_all()?;
        let kept = file.persist_noclobber(&path);
        // The name must reach the disk before the answer leaves. Other systems cannot flush a folder.
        #[cfg(unix)]
        File::open(&self.folder)?.sync_all()?;
        match kept {
            Ok(_) => Ok(answer),
            Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => {
                AnswerId::from_hex(fs::read_to_string(&path)?.trim()).ok_or_else(|| {
                    io::Error::new(
                        io::ErrorKind::InvalidData,
                        format!(
                            "{} is damaged: leave it, and start a new round",
                            path.display()
                        ),
                    )
                })
            }
            Err(failed) => Err(failed.error),
        }
    }
}

/// The secret of one commitment.
pub(crate) struct Nonce {
    pub(crate) input: usize,
    pub(crate) seat: usize,
    /// Hash of the proposition that was committed for.
    pub(crate) proposition: Digest32,
    pub(crate) commitment: EcPoint,
    /// What it was used for in this process. The log says what it was ever used for.
    pub(crate) used: Option<AnswerId>,
    /// In a box, so that moving the nonce leaves no copies behind.
    secret: Box<Zeroizing<[u8; 32]>>,
}

impl Nonce {
    /// None for zero, whose commitment would hide nothing.
    fn new(
        input: usize,
        seat: usize,
        proposition: Digest32,
        secret: Box<Zeroizing<[u8; 32]>>,
    ) -> Option<Self> {
        let scalar = scalar(&secret)?;
        let commitment = ec_point::exponentiate(&ec_point::generator(), scalar.as_scalar_ref());
        (!ec_point::is_identity(&commitment)).then_some(Nonce {
            input,
            seat,
            proposition,
            commitment,
            used: None,
            secret,
        })
    }

    pub(crate) fn from_scalar(
        input: usize,
        seat: usize,
        proposition: Digest32,
        scalar: &Wscalar,
    ) -> Option<Self> {
        let mut secret = Box::new(Zeroizing::new([0_u8; 32]));
        secret.copy_from_slice(&scalar.as_scalar_ref().to_bytes());
        Self::new(input, seat, proposition, secret)
    }

    pub(crate) fn scalar(&self) -> Option<Wscalar> {
        scalar(&self.secret)
    }
}

fn scalar(secret: &[u8; 32]) -> Option<Wscalar> {
    Wscalar::try_from(Base16DecodedBytes(secret.to_vec())).ok()
}

/// The secret half of one signer's commitments in one round, to be kept until he answers.
///
/// Who reads it, and later the signer's answer, has the signer's key. Keep its bytes encrypted or readable by
/// the owner only, never in the shared file nor in a backup, and delete them once the transaction is on the
/// chain. There is no `Clone` and no `Display`, `Debug` shows the public half, and the secrets are overwritten
/// when dropped. That a copy of the bytes is of no use a second time is the work of the [`AnswerLog`].
pub struct Nonces {
    pub(crate) transaction: TxId,
    pub(crate) round: RoundId,
    pub(crate) entries: Vec<Nonce>,
}

impl Nonces {
    /// The transaction that they were made for, and that alone they sign.
    pub fn transaction(&self) -> TxId {
        self.transaction
    }

    /// The round that they were made in.
    pub fn round(&self) -> RoundId {
        self.round
    }

    /// The names of the nonces, as they stand in the [`AnswerLog`] once they are used.
    pub fn ids(&self) -> Vec<NonceId> {
        self.entries
            .iter()
            .map(|nonce| NonceId::of(&nonce.commitment))
            .collect()
    }

    /// The secrets as bytes, as [`Nonces::from_bytes`] reads them.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        // Full capacity from the start, so that the secrets are never moved.
        let length = HEAD_BYTES + self.entries.len() * ENTRY_BYTES;
        let mut bytes = Zeroizing::new(Vec::with_capacity(length));
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&self.transaction.0.0);
        bytes.extend_from_slice(self.round.as_bytes());
        for nonce in &self.entries {
            // Inputs and seats are counted in less than two bytes.
            bytes.extend_from_slice(&(nonce.input as u16).to_be_bytes());
            bytes.extend_from_slice(&(nonce.seat as u16).to_be_bytes());
            bytes.extend_from_slice(&nonce.proposition.0);
            bytes.extend_from_slice(nonce.secret.as_slice());
        }
        bytes
    }

    /// Reads what [`Nonces::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`NoncesError`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NoncesError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(NoncesError)?;
        let (transaction, rest) = take::<32>(rest)?;
        let (round, mut rest) = take::<32>(rest)?;
        let mut entries = Vec::with_capacity(rest.len() / ENTRY_BYTES);
        while !rest.is_empty() {
            let (input, tail) = take::<2>(rest)?;
            let (seat, tail) = take::<2>(tail)?;
            let (proposition, tail) = take::<32>(tail)?;
            let secret = tail.get(..32).ok_or(NoncesError)?;
            let mut own = Box::new(Zeroizing::new([0_u8; 32]));
            own.copy_from_slice(secret);
            rest = &tail[32..];
            entries.push(
                Nonce::new(
                    u16::from_be_bytes(*input).into(),
                    u16::from_be_bytes(*seat).into(),
                    Digest32::from(*proposition),
                    own,
                )
                .ok_or(NoncesError)?,
            );
        }
        if entries.is_empty() {
            return Err(NoncesError);
        }
        Ok(Nonces {
            transaction: TxId(Digest32::from(*transaction)),
            round: RoundId(Digest32::from(*round)),
            entries,
        })
    }
}

fn take<const N: usize>(bytes: &[u8]) -> Result<(&[u8; N], &[u8]), NoncesError> {
    bytes.split_first_chunk().ok_or(NoncesError)
}

impl fmt::Debug for Nonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let commitments: Vec<String> = self
            .entries
            .iter()
            .map(|nonce| format!("input {}: {}", nonce.input, nonce.commitment))
            .collect();
        f.debug_struct("Nonces")
            .field("transaction", &String::from(self.transaction.0))
            .field("commitments", &commitments)
            .finish_non_exhaustive()
    }
}
