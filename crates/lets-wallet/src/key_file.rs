//! The key file: a public part that anybody may read, and the words encrypted under a passphrase.
//!
//! A TOML file of about one kilobyte:
//!
//! ```toml
//! format = "lets-key"
//! version = 1
//! label = "alice"
//! created = 1795370000            # seconds since 1970-01-01 UTC
//! created_by = "lets-wallet 0.1.0"
//! path = "m/44'/429'/0'/0/0"
//! public_key = "02..."            # of that path, compressed, hexadecimal
//! checksum = "..."                # BLAKE2b-256 of version, path, public key and secret
//! secret = """
//! -----BEGIN AGE ENCRYPTED FILE-----
//! ...
//! """
//! ```
//!
//! The public key belongs to no network; an address is made of it for mainnet or testnet. Label and creation
//! data are for people: they are protected by nothing and may be edited. The checksum tells a damaged file
//! from a wrong passphrase; it is no protection against somebody who alters the file on purpose. That is
//! what unlocking checks: the words inside must give the very public key outside.

mod envelope;
mod error;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use ergo_lib::ergo_chain_types::{EcPoint, blake2b256_hash};
use ergo_lib::ergotree_ir::chain::address::{NetworkAddress, NetworkPrefix};
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::ProveDlog;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use crate::keys::{Backup, UnlockedKeys, p2pk_address};
pub use envelope::{WorkFactor, WorkFactorError};
pub use error::{Damage, LoadKeyError, SaveKeyError, SealError, UnlockError};

/// The fewest characters a new passphrase may have (NIST SP 800-63B asks for 8). Existing files open with any.
pub const MIN_PASSPHRASE_CHARS: usize = 8;

const FORMAT: &str = "lets-key";
const VERSION: i64 = 1;
const PATH: &str = "m/44'/429'/0'/0/0";
/// A key file has about 1 KB. Anything far above is not one, and is not read into memory.
const MAX_FILE_BYTES: u64 = 64 * 1024;
const MAX_LABEL_CHARS: usize = 64;

const PREAMBLE: &str = "\
# A LETS key. The secret below is encrypted with your passphrase; the rest is public.
# Keep the recovery words on paper: they bring the key back if this file or its passphrase is lost.
# Without this program, `age -d` (age-encryption.org) on the block from BEGIN to END gives the words.

";

/// A key file: its public part, and the encrypted secret.
///
/// Nothing here is secret without the passphrase. `Debug` leaves the encrypted part out.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyFile {
    label: String,
    created: u64,
    created_by: String,
    public_key: ProveDlog,
    secret: String,
}

/// The file as it stands on disk, version 1.
#[derive(Serialize)]
struct Document {
    format: String,
    version: i64,
    label: String,
    created: u64,
    created_by: String,
    path: String,
    public_key: String,
    checksum: String,
    secret: String,
}

impl KeyFile {
    /// Encrypts the words under a passphrase. Nothing is written yet: see [`KeyFile::save_new`].
    ///
    /// The passphrase counts byte for byte (no Unicode normalisation), as in every age file.
    ///
    /// # Errors
    /// [`SealError`]: passphrase below [`MIN_PASSPHRASE_CHARS`] characters, or a label that is empty, longer
    /// than 64 characters, or contains control characters.
    pub fn seal(
        label: &str,
        backup: &Backup,
        passphrase: &SecretString,
        work: WorkFactor,
    ) -> Result<Self, SealError> {
        if passphrase.expose_secret().chars().count() < MIN_PASSPHRASE_CHARS {
            return Err(SealError::PassphraseTooShort {
                min_chars: MIN_PASSPHRASE_CHARS,
            });
        }
        if !is_name(label) {
            return Err(SealError::Label {
                max_chars: MAX_LABEL_CHARS,
            });
        }
        Ok(KeyFile {
            label: label.to_owned(),
            // A clock before 1970 is no reason to refuse a key.
            created: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
            created_by: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned(),
            public_key: backup.keys()?.first_public_key().clone(),
            secret: envelope::encrypt(backup, passphrase, work)?,
        })
    }

    /// Writes the file under a name that does not exist yet.
    ///
    /// The file appears whole or not at all: it is written beside its place, flushed to disk, and only then
    /// given its name, in one step that fails if the name is taken. On Unix only the owner may read it (0600).
    ///
    /// # Errors
    /// [`SaveKeyError::AlreadyExists`]; [`SaveKeyError::Io`] also when the folder does not exist.
    pub fn save_new(&self, path: &Path) -> Result<(), SaveKeyError> {
        let io_error = |reason: io::Error| SaveKeyError::Io {
            path: path.to_owned(),
            reason,
        };
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let text = self.to_text().map_err(io_error)?;
        let mut file = tempfile::Builder::new()
            .prefix(".lets-key-")
            .tempfile_in(folder)
            .map_err(io_error)?;
        file.write_all(text.as_bytes()).map_err(io_error)?;
        file.as_file().sync_all().map_err(io_error)?;
        file.persist_noclobber(path)
            .map_err(|failed| match failed.error.kind() {
                io::ErrorKind::AlreadyExists => SaveKeyError::AlreadyExists {
                    path: path.to_owned(),
                },
                _ => io_error(failed.error),
            })?;
        // The new name reaches the disk with the folder. The file is there and whole already, and some file
        // systems cannot flush a folder, so a failure here is none.
        #[cfg(unix)]
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
        Ok(())
    }

    /// Reads a key file. Needs no passphrase and does no slow work.
    ///
    /// # Errors
    /// [`LoadKeyError`]; nothing above 64 KiB is read into memory.
    pub fn load(path: &Path) -> Result<Self, LoadKeyError> {
        let io_error = |reason: io::Error| match reason.kind() {
            io::ErrorKind::NotFound => LoadKeyError::NotFound {
                path: path.to_owned(),
            },
            _ => LoadKeyError::Io {
                path: path.to_owned(),
                reason,
            },
        };
        let mut bytes = Vec::new();
        File::open(path)
            .map_err(io_error)?
            .take(MAX_FILE_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(io_error)?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(LoadKeyError::TooLarge {
                path: path.to_owned(),
                max_bytes: MAX_FILE_BYTES,
            });
        }
        Self::from_bytes(&bytes).map_err(|problem| match problem {
            Problem::Damaged(damage) => LoadKeyError::Damaged {
                path: path.to_owned(),
                damage,
            },
            Problem::Version(found) => LoadKeyError::UnsupportedVersion {
                path: path.to_owned(),
                found,
                supported: VERSION,
            },
        })
    }

    /// The name its owner gave it.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// When it was made, in seconds since 1970-01-01 UTC, by the clock of the machine that made it.
    pub fn created(&self) -> u64 {
        self.created
    }

    /// The program and version that made it.
    pub fn created_by(&self) -> &str {
        &self.created_by
    }

    /// The first public key, `m/44'/429'/0'/0/0`. Proven to belong to the secret only by unlocking.
    pub fn public_key(&self) -> &ProveDlog {
        &self.public_key
    }

    /// The pay-to-public-key address of [`KeyFile::public_key`] on the given network.
    pub fn address(&self, network: NetworkPrefix) -> NetworkAddress {
        p2pk_address(self.public_key.clone(), network)
    }

    /// Decrypts the keys.
    ///
    /// # Errors
    /// [`UnlockError`]; among others when the words inside do not give the public key outside.
    pub fn unlock(&self, passphrase: &SecretString) -> Result<UnlockedKeys, UnlockError> {
        self.open(passphrase).map(|(_, keys)| keys)
    }

    /// Decrypts the words, to show them to their owner or to encrypt them anew.
    ///
    /// # Errors
    /// As [`KeyFile::unlock`].
    pub fn reveal(&self, passphrase: &SecretString) -> Result<Backup, UnlockError> {
        self.open(passphrase).map(|(backup, _)| backup)
    }

    fn open(&self, passphrase: &SecretString) -> Result<(Backup, UnlockedKeys), UnlockError> {
        let backup = envelope::decrypt(&self.secret, passphrase)?;
        let keys = backup.keys()?;
        if *keys.first_public_key() != self.public_key {
            return Err(UnlockError::Damaged(Damage::PublicKey));
        }
        Ok((backup, keys))
    }

    fn to_text(&self) -> io::Result<String> {
        let public_key = self.public_key.h.to_string();
        let document = Document {
            format: FORMAT.to_owned(),
            version: VERSION,
            label: self.label.clone(),
            created: self.created,
            created_by: self.created_by.clone(),
            path: PATH.to_owned(),
            checksum: checksum(&public_key, &self.secret),
            public_key,
            secret: self.secret.clone(),
        };
        let body = toml::to_string_pretty(&document).map_err(io::Error::other)?;
        Ok(format!("{PREAMBLE}{body}"))
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Problem> {
        let text = std::str::from_utf8(bytes).map_err(|error| Damage::NotUtf8 {
            offset: error.valid_up_to(),
        })?;
        // Messages of the TOML library quote the file, which may be anything: they are not passed on.
        let mut table: toml::Table = toml::from_str(text).map_err(|error| Damage::NotToml {
            line: line_of(text, error.span().map_or(0, |span| span.start)),
        })?;
        if take_string(&mut table, "format").ok().as_deref() != Some(FORMAT) {
            return Err(Damage::NotAKeyFile.into());
        }
        // The version decides what the rest means, so it comes first.
        match table.get("version").and_then(toml::Value::as_integer) {
            Some(VERSION) => {}
            Some(found) => return Err(Problem::Version(found)),
            None => return Err(Damage::Field("version").into()),
        }
        let label = take_name(&mut table, "label")?;
        let created = table
            .get("created")
            .and_then(toml::Value::as_integer)
            .and_then(|seconds| u64::try_from(seconds).ok())
            .ok_or(Damage::Field("created"))?;
        let created_by = take_name(&mut table, "created_by")?;
        if take_string(&mut table, "path")? != PATH {
            return Err(Damage::Field("path").into());
        }
        let public_key = take_string(&mut table, "public_key")?;
        // An editor or a mail program may have changed the line ends.
        let secret = take_string(&mut table, "secret")?.replace('\r', "");
        if take_string(&mut table, "checksum")? != checksum(&public_key, &secret) {
            return Err(Damage::Checksum.into());
        }
        let public_key = EcPoint::from_base16_str(public_key.clone())
            .filter(|point| point.to_string() == public_key)
            .ok_or(Damage::Field("public_key"))?;
        Ok(KeyFile {
            label,
            created,
            created_by,
            public_key: ProveDlog::new(public_key),
            secret,
        })
    }
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyFile")
            .field("label", &self.label)
            .field("created", &self.created)
            .field("created_by", &self.created_by)
            .field("public_key", &self.public_key.h.to_string())
            .finish_non_exhaustive()
    }
}

/// Why bytes are no key file, before the file's name is known.
#[derive(Debug, PartialEq, Eq)]
enum Problem {
    Damaged(Damage),
    Version(i64),
}

impl From<Damage> for Problem {
    fn from(damage: Damage) -> Self {
        Problem::Damaged(damage)
    }
}

fn take_string(table: &mut toml::Table, field: &'static str) -> Result<String, Damage> {
    match table.remove(field) {
        Some(toml::Value::String(text)) => Ok(text),
        _ => Err(Damage::Field(field)),
    }
}

/// A text that is shown to people: control characters in it could rewrite their terminal.
fn take_name(table: &mut toml::Table, field: &'static str) -> Result<String, Damage> {
    take_string(table, field).and_then(|text| {
        if is_name(&text) {
            Ok(text)
        } else {
            Err(Damage::Field(field))
        }
    })
}

fn is_name(text: &str) -> bool {
    let length = text.chars().count();
    (1..=MAX_LABEL_CHARS).contains(&length) && !text.chars().any(char::is_control)
}

fn line_of(text: &str, offset: usize) -> usize {
    let end = offset.min(text.len());
    1 + text.as_bytes()[..end]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
}

/// Tells accidental damage from a wrong passphrase. Covers what a person has no reason to edit.
fn checksum(public_key: &str, secret: &str) -> String {
    let covered = format!("{VERSION}\n{PATH}\n{public_key}\n{secret}");
    blake2b256_hash(covered.as_bytes()).to_string()
}
