//! The manifest: the small file by which a member knows his LETS. It holds nothing secret; whoever has it can check the
//! LETS against the chain (`lets verify`) and join it (`lets join`).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ergo_lib::chain::transaction::TxId;
use ergo_lib::ergo_chain_types::blake2b256_hash;
use ergo_lib::ergotree_ir::chain::address::NetworkPrefix;
use lets_contracts::{LetsIds, OracleNft, ScriptHash};
use lets_protocol::{CommonPot, Currency, Found, Height, Identity, Lets, OpenFound, Policy};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::error::CliError;
use crate::home;

const FORMAT: &str = "lets-manifest";
/// The version of the format of a LETS with a committee.
pub const VERSION: u32 = 1;
/// That of an open LETS: a program that knows no such LETS refuses it by its version.
pub const OPEN_VERSION: u32 = 2;
/// How many transactions found a LETS.
pub const FOUNDING_STEPS: usize = 5;

const PREAMBLE: &str = "\
# The manifest of a LETS on Ergo. Nothing in it is secret: give it to whoever wants to join or to audit.
# `lets join FILE` checks it against the chain and takes it; an edited copy is refused.

";

/// The network that a LETS lives on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// Ergo's main network.
    Mainnet,
    /// Ergo's public test network.
    Testnet,
    /// A private chain, such as `lets devnet`. Its addresses look like the main network's.
    Devnet,
}

impl Network {
    /// As the node and the manifest write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mainnet => "mainnet",
            Self::Testnet => "testnet",
            Self::Devnet => "devnet",
        }
    }

    /// How its addresses begin.
    pub fn prefix(self) -> NetworkPrefix {
        match self {
            Self::Mainnet | Self::Devnet => NetworkPrefix::Mainnet,
            Self::Testnet => NetworkPrefix::Testnet,
        }
    }
}

/// The text names no network.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no network: write mainnet, testnet or devnet")]
pub struct NetworkError(String);

impl FromStr for Network {
    type Err = NetworkError;
    fn from_str(text: &str) -> Result<Self, NetworkError> {
        [Self::Mainnet, Self::Testnet, Self::Devnet]
            .into_iter()
            .find(|n| n.name() == text)
            .ok_or_else(|| NetworkError(text.to_owned()))
    }
}

/// Why a manifest cannot be used.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// There is none.
    #[error("there is no manifest {}: this home belongs to no LETS yet", .0.display())]
    Missing(PathBuf),
    /// It is not TOML, or lacks a field, or has one that cannot be.
    #[error("{} is no manifest: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// It was written by another version of the program.
    #[error("{} has format version {found}, and this program reads {VERSION} and {OPEN_VERSION}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// The fingerprint does not fit the rest.
    #[error("{} was edited or damaged: its fingerprint is not that of its contents", path.display())]
    Fingerprint {
        /// The file.
        path: PathBuf,
    },
    /// The tokens in it do not make the scripts in it.
    #[error(
        "{} names a {contract} script that is not this program's: found {found}, expected {expected}", path.display()
    )]
    Script {
        /// The file.
        path: PathBuf,
        /// Which of the five.
        contract: &'static str,
        /// The hash in the manifest.
        found: ScriptHash,
        /// The hash that this program makes of the manifest's tokens.
        expected: ScriptHash,
    },
}

impl ManifestError {
    /// The error's name in `--json`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Missing(_) => "no_manifest",
            Self::Unreadable { .. } => "bad_manifest",
            Self::Version { .. } => "manifest_version",
            Self::Fingerprint { .. } => "manifest_edited",
            Self::Script { .. } => "manifest_scripts",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Missing(_) => "`lets join FILE` with the manifest that a member gave you, or `lets found` a new LETS",
            Self::Unreadable { .. } | Self::Fingerprint { .. } => {
                "ask a member for a fresh copy, then `lets join FILE`"
            }
            Self::Version { .. } | Self::Script { .. } => {
                "use the version of this program that the LETS was founded with"
            }
        }
        .to_owned()
    }
}

/// blake2b256 of each of the five scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptHashes {
    /// Of `contracts/charter.es`.
    pub charter: ScriptHash,
    /// Of `contracts/pot.es`, or `contracts/open_pot.es`.
    pub pot: ScriptHash,
    /// Of `contracts/account.es`.
    pub account: ScriptHash,
    /// Of `contracts/note.es`.
    pub note: ScriptHash,
    /// Of `contracts/application.es`.
    pub application: ScriptHash,
}

impl ScriptHashes {
    fn of(lets: &Lets) -> Self {
        let c = lets.contracts();
        Self {
            charter: c.charter.hash(),
            pot: c.pot.hash(),
            account: c.account.hash(),
            note: c.note.hash(),
            application: c.application.hash(),
        }
    }

    fn named(&self) -> [(&'static str, ScriptHash); 5] {
        [
            ("charter", self.charter),
            ("pot", self.pot),
            ("account", self.account),
            ("note", self.note),
            ("application", self.application),
        ]
    }
}

/// What was minted at founding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supply {
    /// Credit units.
    pub units: i64,
    /// Membership tokens.
    pub memberships: i64,
}

/// The transactions that made the LETS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundingRecord {
    /// Height at which they were made; no box of the LETS is older.
    pub height: Height,
    /// The four mints and the one that made charter and pot, in order.
    pub transactions: [TxId; FOUNDING_STEPS],
}

/// By what a reader recognises the pot of a LETS that anybody joins by himself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenRecord {
    /// The oracle pool whose rate counts.
    pub oracle: OracleNft,
    /// Whoever gets the fees: the proposition, in hexadecimal.
    pub treasury: String,
    /// What the pot gives and asks, for ever.
    pub policy: Policy,
}

impl OpenRecord {
    /// What this pot would have to stand in the manifest as; `None` if it has a committee.
    pub fn of(lets: &Lets, pot: &CommonPot) -> Option<Self> {
        let CommonPot::Open(pot) = pot else {
            return None;
        };
        Some(Self {
            oracle: lets.oracle()?,
            treasury: hex::encode(pot.treasury().prop_bytes().ok()?),
            policy: pot.policy().clone(),
        })
    }
}

/// A manifest whose fingerprint and script hashes have been checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: String,
    version: u32,
    /// What the LETS is called.
    pub name: String,
    /// Where it lives.
    pub network: Network,
    /// blake2b256 of everything else, in hexadecimal.
    pub fingerprint: String,
    /// Its currency.
    pub currency: Currency,
    /// Its four tokens.
    pub ids: LetsIds,
    /// Its five scripts.
    pub scripts: ScriptHashes,
    /// What was minted.
    pub supply: Supply,
    /// How it began.
    pub founding: FoundingRecord,
    /// What its pot gives and asks, if anybody joins by himself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<OpenRecord>,
}

impl Manifest {
    /// The manifest of a LETS with a committee that is about to be founded.
    pub fn of(
        found: &Found,
        identity: &Identity,
        network: Network,
        supply: Supply,
        height: Height,
    ) -> Self {
        let transactions = std::array::from_fn(|i| found.steps[i].1.tx_id());
        let record = FoundingRecord {
            height,
            transactions,
        };
        Self::new(&found.lets, identity, network, supply, record, None)
    }

    /// The manifest of an open LETS that is about to be founded.
    pub fn of_open(
        found: &OpenFound,
        identity: &Identity,
        network: Network,
        supply: Supply,
        height: Height,
    ) -> Self {
        let transactions = std::array::from_fn(|i| found.steps[i].1.tx_id());
        let record = FoundingRecord {
            height,
            transactions,
        };
        let pot = CommonPot::Open(Box::new(found.pot.clone()));
        let open = OpenRecord::of(&found.lets, &pot);
        Self::new(&found.lets, identity, network, supply, record, open)
    }

    fn new(
        lets: &Lets,
        identity: &Identity,
        network: Network,
        supply: Supply,
        founding: FoundingRecord,
        open: Option<OpenRecord>,
    ) -> Self {
        let mut manifest = Self {
            format: FORMAT.to_owned(),
            version: match open {
                None => VERSION,
                Some(_) => OPEN_VERSION,
            },
            name: identity.name.clone(),
            network,
            fingerprint: String::new(),
            currency: identity.currency.clone(),
            ids: *lets.ids(),
            scripts: ScriptHashes::of(lets),
            supply,
            founding,
            open,
        };
        manifest.fingerprint = manifest.reckoned();
        manifest
    }

    /// Reads a manifest and makes the LETS of it.
    ///
    /// # Errors
    /// [`ManifestError`]; [`CliError::File`] when the file cannot be read, [`CliError::Contracts`] when this program's
    /// own contracts are damaged.
    pub fn load(path: &Path) -> Result<(Self, Lets), CliError> {
        let text =
            home::read_foreign(path)?.ok_or_else(|| ManifestError::Missing(path.to_owned()))?;
        Self::parse(&text, path)
    }

    /// Reads a manifest's text; `path` is for messages.
    ///
    /// # Errors
    /// As [`Manifest::load`].
    pub fn parse(text: &str, path: &Path) -> Result<(Self, Lets), CliError> {
        let path = || path.to_owned();
        let unreadable = |why: String| ManifestError::Unreadable {
            path: path(),
            why: home::foreign(&why),
        };
        // The version first: another one may have other fields.
        #[derive(Deserialize)]
        struct Head {
            format: String,
            version: u32,
        }
        let head: Head = toml::from_str(text).map_err(|e| unreadable(e.message().to_owned()))?;
        if head.format != FORMAT {
            return Err(
                unreadable(format!("its format is {:?}, not {FORMAT:?}", head.format)).into(),
            );
        }
        if ![VERSION, OPEN_VERSION].contains(&head.version) {
            return Err(ManifestError::Version {
                path: path(),
                found: head.version,
            }
            .into());
        }
        let manifest: Self =
            toml::from_str(text).map_err(|e| unreadable(e.message().to_owned()))?;
        if manifest.open.is_some() != (manifest.version == OPEN_VERSION) {
            return Err(unreadable(format!(
                "version {OPEN_VERSION} is that of an open LETS, which has a policy"
            ))
            .into());
        }
        if manifest.fingerprint != manifest.reckoned() {
            return Err(ManifestError::Fingerprint { path: path() }.into());
        }
        // After the fingerprint, these say what a founder's program wrote, and not what somebody else made of it.
        if manifest.name.is_empty() || manifest.name.chars().any(char::is_control) {
            return Err(
                unreadable("its name is empty or has control characters".to_owned()).into(),
            );
        }
        Currency::new(manifest.currency.code(), manifest.currency.decimals())
            .map_err(|e| unreadable(e.to_string()))?;
        let lets = match &manifest.open {
            None => Lets::new(manifest.ids)?,
            Some(open) => Lets::open(manifest.ids, open.oracle)?,
        };
        let expected = ScriptHashes::of(&lets);
        for ((contract, found), (_, expected)) in
            manifest.scripts.named().into_iter().zip(expected.named())
        {
            if found != expected {
                return Err(ManifestError::Script {
                    path: path(),
                    contract,
                    found,
                    expected,
                }
                .into());
            }
        }
        Ok((manifest, lets))
    }

    /// The network that a manifest's text names, if it is one: for commands that only show addresses.
    pub fn peek_network(text: &str) -> Option<Network> {
        #[derive(Deserialize)]
        struct Head {
            network: Network,
        }
        toml::from_str(text).ok().map(|head: Head| head.network)
    }

    /// The file's text.
    ///
    /// # Errors
    /// [`ManifestError::Unreadable`] if it cannot be written as TOML, which cannot happen with a checked one.
    pub fn to_text(&self) -> Result<String, CliError> {
        let body = toml::to_string(self).map_err(|e| ManifestError::Unreadable {
            path: PathBuf::from("lets.toml"),
            why: e.to_string(),
        })?;
        Ok(format!("{PREAMBLE}{body}"))
    }

    /// blake2b256 over one line for each field but the fingerprint, in the order of the format.
    fn reckoned(&self) -> String {
        let mut text = format!("{FORMAT} {}\n", self.version);
        let mut line = |name: &str, value: &dyn std::fmt::Display| {
            // Quoted, so that no value can look like the next line. Writing into a String does not fail.
            let _ = writeln!(text, "{name}={:?}", value.to_string());
        };
        line("name", &self.name);
        line("network", &self.network.name());
        line("currency", &self.currency.code());
        line("decimals", &self.currency.decimals());
        line("charter_nft", &self.ids.charter_nft);
        line("pot_nft", &self.ids.pot_nft);
        line("membership", &self.ids.membership);
        line("unit", &self.ids.unit);
        for (name, hash) in self.scripts.named() {
            line(name, &hash);
        }
        line("units", &self.supply.units);
        line("memberships", &self.supply.memberships);
        line("height", &self.founding.height);
        for id in &self.founding.transactions {
            line("transaction", &String::from(*id));
        }
        if let Some(open) = &self.open {
            line("oracle", &open.oracle);
            line("treasury", &open.treasury);
            for number in open.policy.to_longs() {
                line("policy", &number);
            }
        }
        blake2b256_hash(text.as_bytes()).to_string()
    }
}

#[cfg(test)]
mod tests;
