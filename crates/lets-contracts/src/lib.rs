//! The contracts of LETS on Ergo: compiled artifacts, embedded, with one LETS's own token ids put in.
//!
//! ```text
//! charter (no parameters)      application (no parameters)
//! note (membership, charter NFT) -> note hash
//! account (pot NFT, unit, note hash) -> account hash
//! pot (charter NFT, account hash, application hash)      or: open pot (oracle NFT, account hash)
//! ```
//!
//! The sources and their specification are `contracts/*.es`; `cargo xtask contracts --check` recompiles them with the
//! pinned official compiler and compares the bytes. This crate knows no boxes, no keys and no network.

mod artifact;
mod ids;

pub use artifact::{Artifact, ArtifactError, CompilerInfo, Parameter};
pub use ids::{
    CharterNft, LetsIds, MembershipId, OracleNft, ParseIdError, PotNft, ScriptHash, UnitId,
};

use ergo_lib::ergotree_ir::chain::address::{Address, AddressEncoder, NetworkPrefix};
use ergo_lib::ergotree_ir::ergo_tree::{ErgoTree, ErgoTreeError};
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use std::sync::LazyLock;

/// One script with its parameters put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    name: &'static str,
    tree: ErgoTree,
    parsed: ErgoTree,
    hash: ScriptHash,
    bytes: Vec<u8>,
}

impl Contract {
    fn new(name: &'static str, bytes: &[u8]) -> Result<Self, ArtifactError> {
        Ok(Self {
            name,
            tree: unparsed(bytes.to_vec()),
            parsed: artifact::parse_tree(name, bytes)?,
            hash: ScriptHash::of(bytes),
            bytes: bytes.to_vec(),
        })
    }

    /// The contract's name: that of its source file in `contracts/`, without the ending.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The script as boxes hold it: as bytes. ergo-lib copies the boxes of a transaction dozens of times and needs their bytes
    /// each time; to copy a parsed script of ours, and to make its bytes anew, takes longer than to run it.
    pub fn tree(&self) -> &ErgoTree {
        &self.tree
    }

    /// The script as ergo-lib runs it.
    pub fn parsed(&self) -> &ErgoTree {
        &self.parsed
    }

    /// blake2b256 of the script's bytes, by which other scripts recognise it.
    pub fn hash(&self) -> ScriptHash {
        self.hash
    }

    /// Length of the script in bytes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The pay-to-script address of this contract on the given network.
    pub fn address(&self, network: NetworkPrefix) -> String {
        AddressEncoder::new(network).address_to_str(&Address::P2S(self.bytes.clone()))
    }

    /// The script's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether this is the script, be it parsed or kept as bytes: a node's boxes come with their scripts as bytes.
    pub fn is(&self, script: &ErgoTree) -> bool {
        match script {
            ErgoTree::Unparsed { tree_bytes, .. } => *tree_bytes == self.bytes,
            ErgoTree::Parsed(_) => *script == self.parsed,
        }
    }
}

/// A script that stays bytes: `ErgoTree::Unparsed`, the only form in which ergo-lib has it. That it wants an error is of no
/// consequence.
pub fn unparsed(tree_bytes: Vec<u8>) -> ErgoTree {
    ErgoTree::Unparsed {
        tree_bytes,
        error: ErgoTreeError::IoError("kept as bytes".to_owned()),
    }
}

/// A script that is kept as bytes as ergo-lib runs it, if it is one of these contracts in whatever LETS. Nobody else's is parsed:
/// ergo-lib's parser believes what it reads.
pub fn runnable(script: &ErgoTree) -> Option<ErgoTree> {
    static KNOWN: LazyLock<Vec<Artifact>> = LazyLock::new(|| {
        let all = [
            Artifact::account(),
            Artifact::note(),
            Artifact::pot(),
            Artifact::open_pot(),
            Artifact::charter(),
            Artifact::application(),
        ];
        all.into_iter().flatten().collect()
    });
    let ErgoTree::Unparsed { tree_bytes, .. } = script else {
        return None;
    };
    KNOWN.iter().find_map(|a| a.values(tree_bytes))?;
    ErgoTree::sigma_parse_bytes(tree_bytes).ok()
}

/// Whether two scripts are the same, be they parsed or kept as bytes.
pub fn is_same_script(a: &ErgoTree, b: &ErgoTree) -> bool {
    let bytes = ErgoTree::sigma_serialize_bytes;
    a == b || matches!((bytes(a), bytes(b)), (Ok(a), Ok(b)) if a == b)
}

/// Whose policy the pot follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PotPolicy {
    /// A committee admits and sets terms: `contracts/pot.es`.
    Committee,
    /// Anybody joins by himself: `contracts/open_pot.es`, with the rate of this oracle.
    Open(OracleNft),
}

/// The five scripts of one LETS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetsContracts {
    /// Committee, bounds and name: `contracts/charter.es`.
    pub charter: Contract,
    /// Unissued units and membership tokens: `contracts/pot.es` or `contracts/open_pot.es`.
    pub pot: Contract,
    /// A member's account: `contracts/account.es`.
    pub account: Contract,
    /// A payment on its way: `contracts/note.es`.
    pub note: Contract,
    /// A request to be admitted: `contracts/application.es`.
    pub application: Contract,
}

impl LetsContracts {
    /// The scripts of the LETS with a committee whose tokens are `ids`.
    ///
    /// # Errors
    /// [`ArtifactError`] if an embedded artifact is damaged; `cargo xtask contracts --check` shows which.
    pub fn new(ids: &LetsIds) -> Result<Self, ArtifactError> {
        Self::under(PotPolicy::Committee, ids)
    }

    /// The scripts of the LETS whose tokens are `ids`, under this policy.
    ///
    /// # Errors
    /// As [`LetsContracts::new`].
    pub fn under(policy: PotPolicy, ids: &LetsIds) -> Result<Self, ArtifactError> {
        let charter = Contract::new("charter", &Artifact::charter()?.fill(&[])?)?;
        let application = Contract::new("application", &Artifact::application()?.fill(&[])?)?;
        let note = Contract::new(
            "note",
            &Artifact::note()?.fill(&[
                ("MEMBERSHIP", ids.membership.bytes()),
                ("CHARTER_NFT", ids.charter_nft.bytes()),
            ])?,
        )?;
        let account = Contract::new(
            "account",
            &Artifact::account()?.fill(&[
                ("POT_NFT", ids.pot_nft.bytes()),
                ("UNIT", ids.unit.bytes()),
                ("NOTE_HASH", note.hash.bytes()),
            ])?,
        )?;
        let pot = match policy {
            PotPolicy::Committee => Contract::new(
                "pot",
                &Artifact::pot()?.fill(&[
                    ("CHARTER_NFT", ids.charter_nft.bytes()),
                    ("ACCOUNT_HASH", account.hash.bytes()),
                    ("APPLICATION_HASH", application.hash.bytes()),
                ])?,
            )?,
            PotPolicy::Open(oracle) => Contract::new(
                "open pot",
                &Artifact::open_pot()?.fill(&[
                    ("ORACLE_NFT", oracle.bytes()),
                    ("ACCOUNT_HASH", account.hash.bytes()),
                ])?,
            )?,
        };
        Ok(Self {
            charter,
            pot,
            account,
            note,
            application,
        })
    }

    /// All five, in the order of the fields.
    pub fn all(&self) -> [&Contract; 5] {
        [
            &self.charter,
            &self.pot,
            &self.account,
            &self.note,
            &self.application,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ergo_lib::ergotree_ir::serialization::SigmaSerializable;

    fn ids(seed: u8) -> LetsIds {
        LetsIds {
            charter_nft: CharterNft::from([seed; 32]),
            pot_nft: PotNft::from([seed + 1; 32]),
            membership: MembershipId::from([seed + 2; 32]),
            unit: UnitId::from([seed + 3; 32]),
        }
    }

    #[test]
    fn contracts_two_lets_share_only_what_has_no_parameters() {
        let (a, b) = (
            LetsContracts::new(&ids(1)).unwrap(),
            LetsContracts::new(&ids(9)).unwrap(),
        );
        assert_eq!(a.charter, b.charter);
        assert_eq!(a.application, b.application);
        for (x, y) in [
            (&a.pot, &b.pot),
            (&a.account, &b.account),
            (&a.note, &b.note),
        ] {
            assert_ne!(x.hash(), y.hash(), "{}", x.name());
            assert_eq!(x.size(), y.size());
        }
    }

    #[test]
    fn runnable_contracts_of_any_lets_and_nothing_else() {
        let oracle = PotPolicy::Open(OracleNft::from([5; 32]));
        let open = LetsContracts::under(oracle, &ids(9)).unwrap();
        let led = LetsContracts::new(&ids(1)).unwrap();
        for contract in led.all().into_iter().chain(open.all()) {
            let name = contract.name();
            assert_eq!(
                runnable(contract.tree()).as_ref(),
                Some(contract.parsed()),
                "{name}"
            );
            let last = contract.size() - 1;
            for at in [0, 1, last] {
                let mut other = contract.bytes().to_vec();
                other[at] ^= 1;
                assert_eq!(runnable(&unparsed(other)), None, "{name}, byte {at}");
            }
            assert_eq!(runnable(&unparsed(contract.bytes()[..last].to_vec())), None);
            assert_eq!(runnable(&unparsed([contract.bytes(), &[0]].concat())), None);
        }
        assert_eq!(runnable(&unparsed(Vec::new())), None);
    }

    #[test]
    fn contracts_every_parameter_reaches_the_account() {
        let base = LetsContracts::new(&ids(1)).unwrap().account.hash();
        for change in 0..4 {
            let mut other = ids(1);
            match change {
                0 => other.charter_nft = CharterNft::from([77; 32]),
                1 => other.pot_nft = PotNft::from([77; 32]),
                2 => other.membership = MembershipId::from([77; 32]),
                _ => other.unit = UnitId::from([77; 32]),
            }
            assert_ne!(
                base,
                LetsContracts::new(&other).unwrap().account.hash(),
                "{change}"
            );
        }
    }

    #[test]
    fn contract_bytes_survive_the_tree() {
        for contract in LetsContracts::new(&ids(1)).unwrap().all() {
            assert_eq!(
                ScriptHash::of(&contract.tree().sigma_serialize_bytes().unwrap()),
                contract.hash(),
                "{}",
                contract.name()
            );
        }
    }
}
