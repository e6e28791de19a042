//! From the words to keys: EIP-3 derivation.

use std::fmt;

use ergo_lib::ergotree_ir::chain::address::{Address, NetworkAddress, NetworkPrefix};
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::{ProveDlog, SigmaProp};
use ergo_lib::wallet::derivation_path::{
    ChildIndexError, ChildIndexHardened, ChildIndexNormal, DerivationPath,
};
use ergo_lib::wallet::ext_secret_key::{ExtSecretKey, ExtSecretKeyError};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::mnemonic::Mnemonic;

/// Number of one key in a key file: the last step of `m/44'/429'/0'/0/index`, 0 to 2^31 - 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct KeyIndex(u32);

impl KeyIndex {
    /// The first key: the one that a key file shows in its public part.
    pub const FIRST: KeyIndex = KeyIndex(0);
    /// The largest index of a non-hardened key (BIP-32).
    pub const MAX: KeyIndex = KeyIndex((1 << 31) - 1);

    /// The bare number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for KeyIndex {
    type Error = KeyIndexError;

    /// # Errors
    /// [`KeyIndexError`] above [`KeyIndex::MAX`].
    fn try_from(index: u32) -> Result<Self, KeyIndexError> {
        if index > Self::MAX.0 {
            return Err(KeyIndexError { index });
        }
        Ok(KeyIndex(index))
    }
}

impl fmt::Display for KeyIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The index of a key is too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("key index {index} is too large: choose one from 0 to {max}", max = KeyIndex::MAX)]
pub struct KeyIndexError {
    /// What was asked for.
    pub index: u32,
}

/// No key could be derived. The chance of meeting this with a valid phrase is below 2^-126.
#[derive(Debug, Error)]
pub enum DeriveError {
    /// The derived number is not a usable key of the curve.
    #[error("this recovery phrase gives no usable key here: make a new one ({0})")]
    Key(#[from] ExtSecretKeyError),
    /// A step of the path is out of range.
    #[error("a step of the derivation path is out of range: {0}")]
    Path(#[from] ChildIndexError),
}

/// What a person must keep on paper to get the keys back: the words, and the BIP-39 passphrase if there is one.
///
/// The BIP-39 passphrase (also "25th word", "mnemonic password") is part of the secret: another passphrase
/// gives other keys, without any error. It has nothing to do with the passphrase that encrypts the key file.
/// The empty one is the same as none. `Debug` shows neither.
#[derive(Debug, Clone)]
pub struct Backup {
    mnemonic: Mnemonic,
    bip39_passphrase: SecretString,
}

impl Backup {
    /// The words alone: what nearly everybody has.
    pub fn new(mnemonic: Mnemonic) -> Self {
        Self::with_bip39_passphrase(mnemonic, SecretString::default())
    }

    /// The words with a BIP-39 passphrase.
    pub fn with_bip39_passphrase(mnemonic: Mnemonic, bip39_passphrase: SecretString) -> Self {
        Backup {
            mnemonic,
            bip39_passphrase,
        }
    }

    /// The words.
    pub fn mnemonic(&self) -> &Mnemonic {
        &self.mnemonic
    }

    /// The BIP-39 passphrase, if it is not empty.
    pub fn bip39_passphrase(&self) -> Option<&SecretString> {
        (!self.bip39_passphrase.expose_secret().is_empty()).then_some(&self.bip39_passphrase)
    }

    /// Derives the keys.
    ///
    /// # Errors
    /// [`DeriveError`], which practically never happens.
    pub fn keys(&self) -> Result<UnlockedKeys, DeriveError> {
        UnlockedKeys::from_backup(self)
    }
}

/// The keys `m/44'/429'/0'/0/index` of one person, ready to sign
/// ([EIP-3](https://github.com/ergoplatform/eips/blob/master/eip-0003.md): account 0, change 0).
///
/// Derivation follows BIP-32 to the letter. Two older customs give other addresses for the same words, and
/// are not supported: wallets older than EIP-3 used other paths, among them the master key itself; and a
/// wallet made by an Ergo node before [ergo#1627](https://github.com/ergoplatform/ergo/issues/1627) was
/// mended, or restored with `usePre1627KeyDerivation`, dropped leading zero bytes of intermediate keys, which
/// changes about one phrase in a hundred. If an imported phrase shows another first address than the old
/// wallet did, that is the reason; move the money with the old wallet.
///
/// Held in memory is the branch key `m/44'/429'/0'/0` with its chain code, wiped on drop. `Debug` shows the
/// first public key.
pub struct UnlockedKeys {
    /// 32 bytes private key, 32 bytes chain code of `m/44'/429'/0'/0`.
    branch: Zeroizing<[u8; 64]>,
    first: ProveDlog,
}

impl UnlockedKeys {
    /// Derives the branch key from the words.
    ///
    /// # Errors
    /// [`DeriveError`], which practically never happens.
    pub fn from_backup(backup: &Backup) -> Result<Self, DeriveError> {
        let seed = backup
            .mnemonic
            .seed(backup.bip39_passphrase.expose_secret());
        let branch_key = ExtSecretKey::derive_master(*seed)?.derive(branch_path()?)?;
        let mut branch = Zeroizing::new([0_u8; 64]);
        let (key, chain_code) = branch.split_at_mut(32);
        key.copy_from_slice(&branch_key.secret_key_bytes());
        chain_code.copy_from_slice(&branch_key.public_key()?.chain_code());
        let first = child(&branch, KeyIndex::FIRST)?.public_image();
        Ok(UnlockedKeys { branch, first })
    }

    /// The first public key, `m/44'/429'/0'/0/0`: what the public part of a key file shows.
    pub fn first_public_key(&self) -> &ProveDlog {
        &self.first
    }

    /// The public key with this index.
    ///
    /// # Errors
    /// [`DeriveError`], which practically never happens.
    pub fn public_key(&self, index: KeyIndex) -> Result<ProveDlog, DeriveError> {
        Ok(self.secret(index)?.public_image())
    }

    /// The proposition "knows the key with this index", as it stands in registers such as an account's owner.
    ///
    /// # Errors
    /// [`DeriveError`], which practically never happens.
    pub fn sigma_prop(&self, index: KeyIndex) -> Result<SigmaProp, DeriveError> {
        Ok(self.public_key(index)?.into())
    }

    /// The pay-to-public-key address with this index on the given network.
    ///
    /// # Errors
    /// [`DeriveError`], which practically never happens.
    pub fn address(
        &self,
        index: KeyIndex,
        network: NetworkPrefix,
    ) -> Result<NetworkAddress, DeriveError> {
        Ok(p2pk_address(self.public_key(index)?, network))
    }

    pub(crate) fn secret(&self, index: KeyIndex) -> Result<ExtSecretKey, DeriveError> {
        child(&self.branch, index)
    }
}

impl fmt::Debug for UnlockedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnlockedKeys({})", self.first.h)
    }
}

pub(crate) fn p2pk_address(key: ProveDlog, network: NetworkPrefix) -> NetworkAddress {
    NetworkAddress::new(network, &Address::P2Pk(key))
}

/// `m/44'/429'/0'/0`, built and not parsed: `DerivationPath::from_str` drops steps that it cannot read.
fn branch_path() -> Result<DerivationPath, ChildIndexError> {
    Ok(DerivationPath::new(
        ChildIndexHardened::from_31_bit(0)?,
        Vec::new(),
    ))
}

fn child(branch: &[u8; 64], index: KeyIndex) -> Result<ExtSecretKey, DeriveError> {
    let mut key = Zeroizing::new([0_u8; 32]);
    let mut chain_code = Zeroizing::new([0_u8; 32]);
    key.copy_from_slice(&branch[..32]);
    chain_code.copy_from_slice(&branch[32..]);
    let branch_key = ExtSecretKey::new(*key, *chain_code, branch_path()?)?;
    Ok(branch_key.child(ChildIndexNormal::normal(index.0)?.into())?)
}
