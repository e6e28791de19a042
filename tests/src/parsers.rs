//! Everything that reads what others wrote, each as one function of bytes: what `fuzz/` calls, and `tests/tests/parsers.rs`.
//!
//! A parser may not panic, whatever it is given, and says in words what is wrong.

use ergo_lib::ergo_chain_types::Digest;
use ergo_lib::ergotree_ir::chain::ergo_box::{
    BoxTokens, ErgoBox, ErgoBoxCandidate, NonMandatoryRegisters,
};
use ergo_lib::ergotree_ir::chain::token::{Token, TokenId};
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::{SigmaBoolean, SigmaProp};
use lets_cli::committee_file::CommitteeFile;
use lets_cli::manifest::{Manifest, Network, Supply};
use lets_cli::paper::BearerUri;
use lets_cli::payment_file;
use lets_cli::settlement_file::SettlementFile;
use lets_contracts::OracleNft;
use lets_protocol::{
    AccountBox, ApplicationBox, CharterBox, Currency, Found, Identity, Kind, Lets, Memo, NoteBox,
    OpenFounding, PotBox, SignedInvoice,
};
use lets_wallet::{Backup, KeyFile, KeyIndex, Mnemonic, Nonces, UnlockedKeys};
use std::io::Write as _;
use std::path::Path;
use std::sync::OnceLock;

use crate::open::{EPOCH, ORACLE, RATE, policy};
use crate::world::{World, at_least, founding, key, prop};

/// What a reader says: nothing, or what is wrong, as a person would be told.
pub type Said = Result<(), String>;

/// A parser by its name.
pub type Parser = (&'static str, fn(&[u8]) -> Said);

/// All of them.
pub const ALL: [Parser; 12] = [
    ("manifest", manifest),
    ("invoice", invoice),
    ("memo", memo),
    ("sealed_memo", sealed_memo),
    ("key_file", key_file),
    ("payment_file", payments),
    ("settlement_file", settlement),
    ("committee_file", committee),
    ("nonces", nonces),
    ("paper_note", paper_note),
    ("boxes", boxes),
    ("node", node),
];

/// Worth nothing anywhere.
pub const WORDS: &str =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

/// What a sealed text is bound to here.
pub const CONTEXT: &[u8] = b"fuzz";

/// A LETS, with charter and pot, and its manifest: always the same.
pub fn world() -> (World, Manifest) {
    let mut world = World::new(60);
    let plan = founding(at_least(2, &world.committee.each_ref()), "Milk Street");
    let supply = Supply {
        units: plan.units,
        memberships: plan.memberships,
    };
    let identity = plan.identity.clone();
    let funding = world.funding(&key(64), 20.0);
    let found = plan.plan(&funding, world.params()).unwrap();
    let manifest = Manifest::of(&found, &identity, Network::Devnet, supply, world.height);
    let Found {
        lets, charter, pot, ..
    } = found;
    (world.lets, world.charter, world.pot) = (lets, charter, pot);
    (world, manifest)
}

/// The manifest of an open LETS.
pub fn open_manifest() -> Manifest {
    let founding = OpenFounding {
        identity: Identity {
            name: "Open Street".to_owned(),
            currency: Currency::new("USD", 2).unwrap(),
        },
        treasury: prop(&key(65)),
        policy: policy(Kind::Lets1),
        oracle: OracleNft::from(ORACLE),
        units: 1_000_000,
        memberships: 101,
    };
    let (world, _) = world();
    let funding = world.funding(&key(64), 20.0);
    let oracle = crate::open::oracle_box(RATE, EPOCH, world.height.0 - 5, 1);
    let found = founding.plan(&oracle, &funding, world.params()).unwrap();
    let supply = Supply {
        units: founding.units,
        memberships: founding.memberships,
    };
    let (identity, height) = (&founding.identity, world.height);
    Manifest::of_open(&found, identity, Network::Devnet, supply, height)
}

/// What the parsers know besides the bytes.
pub struct Scene {
    /// The LETS of [`world`].
    pub lets: Lets,
    /// Its manifest.
    pub manifest: Manifest,
    /// Keys that memos are sealed to.
    pub keys: UnlockedKeys,
}

/// The one scene, made once.
pub fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(|| {
        let (world, manifest) = world();
        let words = Mnemonic::parse(WORDS).unwrap();
        Scene {
            lets: world.lets,
            manifest,
            keys: Backup::new(words).keys().unwrap(),
        }
    })
}

/// A text: who has bytes that are none is told so before any parser sees them.
fn text(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|e| e.to_string())
}

fn said<T, E: std::fmt::Display>(read: Result<T, E>) -> Said {
    read.map(drop).map_err(|e| e.to_string())
}

/// The bytes as a file.
fn in_file<T>(bytes: &[u8], read: impl FnOnce(&Path) -> T) -> T {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    read(file.path())
}

/// A manifest.
pub fn manifest(bytes: &[u8]) -> Said {
    in_file(bytes, |path| said(Manifest::load(path)))
}

/// An invoice; what it shows is what was read.
pub fn invoice(bytes: &[u8]) -> Said {
    let signed: SignedInvoice = text(bytes)?.parse().map_err(|e| format!("{e}"))?;
    assert_eq!(signed.to_string().parse::<SignedInvoice>().unwrap(), signed);
    Ok(())
}

/// A memo that has been opened; it has one spelling.
pub fn memo(bytes: &[u8]) -> Said {
    let memo = Memo::parse(bytes).map_err(|e| e.to_string())?;
    assert_eq!(memo.to_bytes(), bytes);
    Ok(())
}

/// A sealed memo.
pub fn sealed_memo(bytes: &[u8]) -> Said {
    let opened = scene().keys.open_text(KeyIndex::FIRST, bytes, CONTEXT);
    memo(&opened.map_err(|e| e.to_string())?)
}

/// A key file, locked as it is.
pub fn key_file(bytes: &[u8]) -> Said {
    in_file(bytes, |path| said(KeyFile::load(path)))
}

/// A file of payments.
pub fn payments(bytes: &[u8]) -> Said {
    let currency = Currency::new("EUR", 2).unwrap();
    let rows = payment_file::parse(bytes, &currency).map_err(|e| e.to_string())?;
    let faults: Vec<String> = rows
        .into_iter()
        .filter_map(|row| row.err().map(|e| e.to_string()))
        .collect();
    match faults.is_empty() {
        true => Ok(()),
        // A person is shown the rows one by one.
        false => Err(faults.into_iter().take(1).collect()),
    }
}

/// A settlement's file.
pub fn settlement(bytes: &[u8]) -> Said {
    let Scene { lets, manifest, .. } = scene();
    in_file(bytes, |path| {
        said(SettlementFile::load(path, manifest, lets))
    })
}

/// A committee's file.
pub fn committee(bytes: &[u8]) -> Said {
    in_file(bytes, |path| said(CommitteeFile::load(path)))
}

/// Nonces; they are written as they were read.
pub fn nonces(bytes: &[u8]) -> Said {
    let read = Nonces::from_bytes(bytes).map_err(|e| e.to_string())?;
    assert_eq!(read.to_bytes().as_slice(), bytes);
    Ok(())
}

/// The text on a paper note.
pub fn paper_note(bytes: &[u8]) -> Said {
    said(text(bytes)?.parse::<BearerUri>())
}

/// A node's answer, read as every kind of answer. What is none of them says why.
pub fn node(bytes: &[u8]) -> Said {
    match ergo_node_client::fuzzing::read_as_everything(bytes) {
        (0, said) => Err(said.concat()),
        _ => Ok(()),
    }
}

/// A box with one of the LETS's scripts and any tokens and registers, read as each kind of box.
pub fn boxes(bytes: &[u8]) -> Said {
    let lets = &scene().lets;
    let mut rest = Rest(bytes);
    let found = rest.ergo_box(lets);
    let read = [
        said(AccountBox::parse(lets, &found)),
        said(PotBox::parse(lets, &found)),
        said(CharterBox::parse(lets, &found)),
        said(NoteBox::parse(lets, &found)),
        said(ApplicationBox::parse(lets, &found)),
    ];
    if let Ok(note) = NoteBox::parse(lets, &found) {
        let _ = note.expiry();
    }
    if let Ok(application) = ApplicationBox::parse(lets, &found) {
        let _ = application.expiry();
    }
    match read.iter().any(Result::is_ok) {
        true => Ok(()),
        false => Err(read.into_iter().filter_map(Result::err).collect()),
    }
}

/// Bytes that say what a box is made of; when they end, the rest is zeros.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }

    fn long(&mut self) -> i64 {
        match self.byte() {
            255 => i64::MAX,
            254 => i64::MIN,
            253 => -1,
            252 => i64::from_le_bytes(self.bytes(8).try_into().unwrap()),
            small => i64::from(small),
        }
    }

    fn longs(&mut self) -> Vec<i64> {
        (0..self.byte() % 40).map(|_| self.long()).collect()
    }

    fn prop(&mut self) -> SigmaProp {
        match self.byte() % 3 {
            0 => SigmaProp::new(SigmaBoolean::TrivialProp(true)),
            _ => prop(&key(self.byte())),
        }
    }

    fn register(&mut self, lets: &Lets) -> Constant {
        let count = usize::from(self.byte() % 80);
        match self.byte() % 9 {
            0 => Constant::from(self.longs()),
            1 => Constant::from(self.bytes(count)),
            2 => Constant::from(self.prop()),
            3 => Constant::from(vec![self.prop(), self.prop()]),
            4 => Constant::from(vec![self.prop()]),
            5 => Constant::from(vec![self.longs(), self.longs()]),
            6 => Constant::from(vec![self.bytes(count), self.bytes(3), self.bytes(1)]),
            7 => {
                // What names another box: the note's parties, the application's pot.
                let hash = lets.contracts().account.hash();
                let pot = lets.ids().pot_nft;
                let known = [self.bytes(32), hash.bytes().to_vec(), pot.bytes().to_vec()];
                let parts: Vec<Vec<u8>> = (0..3)
                    .map(|_| known[usize::from(self.byte() % 3)].clone())
                    .collect();
                let mut all = parts.concat();
                all.truncate(count + 17);
                Constant::from(all)
            }
            _ => Constant::from(self.long()),
        }
    }

    fn ergo_box(&mut self, lets: &Lets) -> ErgoBox {
        let contracts = lets.contracts().all();
        let at = usize::from(self.byte()) % contracts.len();
        let tree = contracts[at].tree().clone();
        let ids = lets.ids();
        let known = [
            ids.charter_nft.into(),
            ids.pot_nft.into(),
            ids.membership.into(),
            ids.unit.into(),
            TokenId::from(Digest([9; 32])),
        ];
        let tokens: Vec<Token> = (0..self.byte() % 5)
            .map(|_| Token {
                token_id: known[usize::from(self.byte()) % known.len()],
                amount: u64::try_from(self.long().max(1))
                    .unwrap()
                    .try_into()
                    .unwrap(),
            })
            .collect();
        let registers: Vec<Constant> = (0..self.byte() % 7).map(|_| self.register(lets)).collect();
        let candidate = ErgoBoxCandidate {
            value: 1_000_000_u64.try_into().unwrap(),
            ergo_tree: tree,
            tokens: BoxTokens::from_vec(tokens).ok(),
            additional_registers: NonMandatoryRegisters::try_from(registers).unwrap(),
            creation_height: u32::try_from(self.long().clamp(0, i64::from(i32::MAX))).unwrap(),
        };
        crate::case::existing(&candidate, 7)
    }
}
