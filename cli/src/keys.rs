//! The keys of a home: found by name without a passphrase, unlocked only to sign.

use std::path::Path;

use ergo_lib::ergo_chain_types::EcPoint;
use ergo_lib::ergotree_ir::chain::address::{Address, AddressEncoder};
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::cthreshold::Cthreshold;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::{
    ProveDlog, SigmaBoolean, SigmaConjecture, SigmaProofOfKnowledgeTree, SigmaProp,
};
use lets_protocol::BuildError;
use lets_wallet::{KeyFile, LoadKeyError, LocalSigner, UnlockedKeys};

use crate::ask::{self, PassphraseFiles};
use crate::error::CliError;
use crate::home::Home;
use crate::names;
use crate::sealed_memo;

/// The most members of a committee: a spend of the pot proves so many keys at most, and the charter must hold them.
pub(crate) const MAX_COMMITTEE: usize = 20;

/// A key file with the name it is known by.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) file: KeyFile,
}

impl Key {
    /// The key of this name.
    pub(crate) fn load(home: &Home, name: &str) -> Result<Self, CliError> {
        names::check(name)?;
        Ok(Self {
            name: name.to_owned(),
            file: KeyFile::load(&home.key(name))?,
        })
    }

    /// The named key, or the only one there is.
    pub(crate) fn choose(home: &Home, name: Option<&str>) -> Result<Self, CliError> {
        if let Some(name) = name {
            return Self::load(home, name);
        }
        let names = key_names(home)?;
        match names.as_slice() {
            [] => Err(CliError::NoKey {
                folder: home.keys(),
            }),
            [only] => Self::load(home, only),
            _ => Err(CliError::SeveralKeys { names }),
        }
    }

    /// The owner's proposition as registers hold it.
    pub(crate) fn owner(&self) -> SigmaProp {
        self.file.public_key().clone().into()
    }

    /// The script of the key's wallet.
    pub(crate) fn tree(&self) -> Result<ErgoTree, CliError> {
        p2pk_tree(self.file.public_key())
    }

    fn unlock(&self, files: &PassphraseFiles) -> Result<UnlockedKeys, CliError> {
        let passphrase = ask::passphrase(&self.name, files)?;
        self.file
            .unlock(&passphrase)
            .map_err(|cause| CliError::Unlock {
                key: self.name.clone(),
                cause,
            })
    }
}

/// Keys that can sign and read for as long as a command runs.
pub(crate) struct Unlocked {
    pub(crate) signer: LocalSigner,
    pub(crate) keys: Vec<UnlockedKeys>,
}

/// Unlocks the keys, each once.
pub(crate) fn unlock(keys: &[&Key], files: &PassphraseFiles) -> Result<Unlocked, CliError> {
    let mut unlocked = Vec::new();
    for (at, key) in keys.iter().enumerate() {
        if !keys[..at].iter().any(|k| k.name == key.name) {
            unlocked.push(key.unlock(files)?);
        }
    }
    Ok(Unlocked {
        signer: LocalSigner::new(&unlocked)?,
        keys: unlocked,
    })
}

/// Unlocks the keys and makes a signer of them.
pub(crate) fn signer(keys: &[&Key], files: &PassphraseFiles) -> Result<LocalSigner, CliError> {
    Ok(unlock(keys, files)?.signer)
}

/// Names of all key files, sorted.
pub(crate) fn key_names(home: &Home) -> Result<Vec<String>, CliError> {
    let folder = home.keys();
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(cause) => {
            return Err(CliError::File {
                doing: "read",
                path: folder,
                cause,
            });
        }
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| name_of(&entry.path()))
        .collect();
    names.sort();
    Ok(names)
}

fn name_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.strip_suffix(".toml")?;
    names::check(name).ok().map(|()| name.to_owned())
}

/// The public halves of all keys that can be read; a damaged file is no reason not to show a balance.
pub(crate) fn own_keys(home: &Home) -> Result<Vec<Key>, CliError> {
    let mut keys = Vec::new();
    for name in key_names(home)? {
        match Key::load(home, &name) {
            Ok(key) => keys.push(key),
            Err(CliError::LoadKey(
                LoadKeyError::Damaged { .. }
                | LoadKeyError::TooLarge { .. }
                | LoadKeyError::UnsupportedVersion { .. },
            )) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(keys)
}

/// The pay-to-public-key script of a key.
pub(crate) fn p2pk_tree(key: &ProveDlog) -> Result<ErgoTree, CliError> {
    Address::P2Pk(key.clone())
        .script()
        .map_err(|e| BuildError::Transaction(e.to_string()).into())
}

/// A public key from 66 hexadecimal digits or a P2PK address of either network.
pub(crate) fn parse_public_key(text: &str) -> Result<ProveDlog, CliError> {
    let fault = || CliError::PublicKey {
        text: text.to_owned(),
    };
    if text.len() == 66 {
        return EcPoint::from_base16_str(text.to_owned())
            .map(ProveDlog::new)
            .ok_or_else(fault);
    }
    match AddressEncoder::unchecked_parse_address_from_str(text) {
        Ok(Address::P2Pk(key)) => Ok(key),
        _ => Err(fault()),
    }
}

/// "`threshold` of these keys", as the charter holds it. The same key twice counts once.
pub(crate) fn committee(threshold: usize, members: &[ProveDlog]) -> Result<SigmaProp, CliError> {
    let mut keys: Vec<ProveDlog> = Vec::new();
    for key in members {
        if !keys.contains(key) {
            keys.push(key.clone());
        }
    }
    let fault = || CliError::Committee {
        members: keys.len(),
        threshold,
        most: MAX_COMMITTEE,
    };
    if threshold < 1 || threshold > keys.len() || keys.len() > MAX_COMMITTEE {
        return Err(fault());
    }
    if let [only] = keys.as_slice() {
        return Ok(only.clone().into());
    }
    let k = u8::try_from(threshold).map_err(|_| fault())?;
    let items: Vec<SigmaBoolean> = keys.iter().cloned().map(SigmaBoolean::from).collect();
    let items = items.try_into().map_err(|_| fault())?;
    Ok(SigmaProp::new(Cthreshold::reduce(k, items)))
}

/// How many signatures of how many keys a committee's proposition asks for, if it is one that [`committee`] makes.
pub(crate) fn committee_size(committee: &SigmaProp) -> Option<(usize, usize)> {
    match committee.value() {
        SigmaBoolean::ProofOfKnowledge(SigmaProofOfKnowledgeTree::ProveDlog(_)) => Some((1, 1)),
        SigmaBoolean::SigmaConjecture(SigmaConjecture::Cthreshold(c)) => {
            Some((usize::from(c.k), c.children.len()))
        }
        SigmaBoolean::SigmaConjecture(SigmaConjecture::Cand(c)) => {
            Some((c.items.len(), c.items.len()))
        }
        SigmaBoolean::SigmaConjecture(SigmaConjecture::Cor(c)) => Some((1, c.items.len())),
        _ => None,
    }
}

/// The public keys of a committee's proposition, in hexadecimal and in its order.
pub(crate) fn committee_members(committee: &SigmaProp) -> Vec<String> {
    let alone = std::slice::from_ref(committee.value());
    let items = match committee.value() {
        SigmaBoolean::SigmaConjecture(SigmaConjecture::Cthreshold(c)) => c.children.as_slice(),
        SigmaBoolean::SigmaConjecture(SigmaConjecture::Cand(c)) => c.items.as_slice(),
        SigmaBoolean::SigmaConjecture(SigmaConjecture::Cor(c)) => c.items.as_slice(),
        _ => alone,
    };
    let key = |item: &SigmaBoolean| {
        let item = SigmaProp::from(item.clone());
        sealed_memo::key_of(&item).map(|key| String::from((*key.h).clone()))
    };
    items.iter().filter_map(key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lets_wallet::{Backup, Mnemonic, WordCount};

    fn keys(count: usize) -> Vec<ProveDlog> {
        (0..count)
            .map(|_| {
                let words = Mnemonic::generate(WordCount::Words12).unwrap();
                let keys = Backup::new(words).keys().unwrap();
                keys.first_public_key().clone()
            })
            .collect()
    }

    #[test]
    fn committee_every_threshold_is_read_back() {
        let keys = keys(3);
        for k in 1..=3 {
            let committee = committee(k, &keys).unwrap();
            assert_eq!(committee_size(&committee), Some((k, 3)));
            let members = keys.iter().map(|key| String::from((*key.h).clone()));
            assert_eq!(committee_members(&committee), members.collect::<Vec<_>>());
        }
        assert_eq!(
            committee_size(&committee(1, &keys[..1]).unwrap()),
            Some((1, 1))
        );
    }

    #[test]
    fn committee_impossible_threshold_refused() {
        let mut keys = keys(2);
        keys.push(keys[0].clone());
        for k in [0, 3] {
            assert!(matches!(
                committee(k, &keys),
                Err(CliError::Committee { members: 2, .. })
            ));
        }
        assert!(committee(1, &[]).is_err());
    }

    #[test]
    fn public_key_text_forms_agree() {
        use ergo_lib::ergotree_ir::chain::address::{NetworkAddress, NetworkPrefix};
        let key = &keys(1)[0];
        let hex = String::from((*key.h).clone());
        let address = NetworkAddress::new(NetworkPrefix::Testnet, &Address::P2Pk(key.clone()));
        assert_eq!(&parse_public_key(&hex).unwrap(), key);
        assert_eq!(&parse_public_key(&address.to_base58()).unwrap(), key);
        for bad in ["", "02", "alice", &"f".repeat(66)] {
            assert!(matches!(
                parse_public_key(bad),
                Err(CliError::PublicKey { .. })
            ));
        }
    }
}
