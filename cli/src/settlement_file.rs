//! The file by which a settlement is passed round: the transaction, the boxes that it spends, and the signatures so far.
//! It holds nothing secret, and nothing in it is believed: [`lets_protocol::Settlement`] reads the transaction itself.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use ergo_lib::ergotree_ir::chain::token::TokenId;
use lets_protocol::{AccountNumber, Amount, Leg, Lets, NanoErg, Settlement, SettlementError};
use lets_wallet::{AssembleError, VerifyInputError};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::error::CliError;
use crate::home;
use crate::manifest::Manifest;

const FORMAT: &str = "lets-settlement";
/// The version of the format that this program reads and writes.
pub const VERSION: u32 = 1;
/// The largest file in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// Why a settlement does not come about.
#[derive(Debug, Error)]
pub enum SettlementFileError {
    /// It is no such file, lacks a field, or has one that cannot be.
    #[error("{} is no settlement: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Larger than any settlement.
    #[error("{} is no settlement: it has more than {MAX_BYTES} bytes", .0.display())]
    TooLarge(PathBuf),
    /// It was written by another version of the program.
    #[error("{} has format version {found}, and this program reads {VERSION}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// It belongs to another LETS, or to another manifest of this one.
    #[error("{} belongs to another LETS: it names {theirs}, and this home is of {ours}", path.display())]
    OtherLets {
        /// The file.
        path: PathBuf,
        /// What the file names.
        theirs: String,
        /// What the manifest names.
        ours: String,
    },
    /// The transaction is no settlement of this LETS, or not the one that the list of payments says.
    #[error("{} was edited or made to deceive, do not sign it: {cause}", path.display())]
    Deceitful {
        /// The file.
        path: PathBuf,
        /// What gives it away.
        cause: SettlementError,
    },
    /// It holds another settlement than the one that was shown.
    #[error("{} holds another settlement now than the one that was shown: nothing was signed", .0.display())]
    Replaced(PathBuf),
    /// The scripts refuse it, whoever signs.
    #[error("nobody can sign this settlement: {0}")]
    Impossible(VerifyInputError),
    /// An account in it has changed since.
    #[error("the settlement is out of date: since it was made, {} changed", names.join(", "))]
    Stale {
        /// Whose accounts.
        names: Vec<String>,
    },
    /// It is done already.
    #[error("the settlement has been sent already: it is {place}")]
    Sent {
        /// Where it is.
        place: String,
    },
    /// The account that leads has too little ERG for the fee.
    #[error(
        "the first payer's account pays the fee of {fee}, and that of {name} holds only {spare} above its floor"
    )]
    Fee {
        /// Whose account.
        name: String,
        /// The fee.
        fee: NanoErg,
        /// What it has to spare.
        spare: NanoErg,
    },
    /// A payer whose signature a settlement cannot hold.
    #[error(
        "{name} cannot pay in a settlement: the key of this account follows a box or a contract"
    )]
    KeyElsewhere {
        /// Whose account.
        name: String,
    },
    /// The key owns none of the accounts.
    #[error("the key {key:?} owns no account in this settlement: there is nothing for it to sign")]
    NotParty {
        /// The key's name.
        key: String,
    },
    /// The key's account is only paid.
    #[error(
        "{name} only receives in this settlement: there is nothing for the key {key:?} to sign"
    )]
    NothingToSign {
        /// The key's name.
        key: String,
        /// Whose account.
        name: String,
    },
    /// Not everybody has signed.
    #[error("signatures are missing: {}; nothing was sent", names.join(", "))]
    Missing {
        /// Whose.
        names: Vec<String>,
    },
    /// A signature is not of this transaction.
    #[error("signatures are wrong: {}; nothing was sent", names.join(", "))]
    Wrong {
        /// Whose.
        names: Vec<String>,
    },
    /// The signatures cannot be joined.
    #[error(transparent)]
    Assemble(#[from] AssembleError),
}

impl SettlementFileError {
    /// The error's name in `--json`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } | Self::TooLarge(_) => "bad_settlement",
            Self::Version { .. } => "settlement_version",
            Self::OtherLets { .. } => "settlement_of_other_lets",
            Self::Deceitful { .. } => "settlement_edited",
            Self::Replaced(_) => "settlement_replaced",
            Self::Impossible(_) => "settlement_impossible",
            Self::Stale { .. } => "settlement_stale",
            Self::Sent { .. } => "settlement_sent",
            Self::Fee { .. } => "not_enough_erg",
            Self::KeyElsewhere { .. } => "key_elsewhere",
            Self::NotParty { .. } | Self::NothingToSign { .. } => "nothing_to_sign",
            Self::Missing { .. } => "signatures_missing",
            Self::Wrong { .. } => "signatures_wrong",
            Self::Assemble(_) => "cannot_sign",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Unreadable { .. } | Self::TooLarge(_) | Self::Deceitful { .. } => {
                "ask for a fresh copy, or make the settlement anew with `lets settle propose`"
            }
            Self::Replaced(_) => "`lets settle show FILE` shows what it is now",
            Self::Version { .. } => "use the version of this program that wrote it",
            Self::OtherLets { .. } => "name the manifest of its LETS with --lets FILE",
            Self::Impossible(_) | Self::Stale { .. } => {
                "make it anew with `lets settle propose`; `lets members` shows where things stand"
            }
            Self::Sent { .. } => "`lets members` shows where things stand",
            Self::Fee { .. } => {
                "let another payer's payment come first, or give a lower --fee: `lets settle propose`"
            }
            Self::KeyElsewhere { .. } => "leave this payment out of the settlement",
            Self::NotParty { .. } | Self::NothingToSign { .. } => {
                "`lets settle show FILE` tells who must sign; choose the key with --key NAME"
            }
            Self::Missing { .. } | Self::Wrong { .. } => {
                "each of them runs `lets settle sign FILE`, then `lets settle send FILE` again"
            }
            Self::Assemble(_) => "`lets settle show FILE` tells who has signed",
        }
        .to_owned()
    }
}

/// A payment as the file lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    from: AccountNumber,
    to: AccountNumber,
    amount: Amount,
    /// Who these are and how much it is to whoever made the file: for people who read it, and never read here.
    remark: String,
}

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    version: u32,
    lets: String,
    unit: String,
    fingerprint: String,
    payments: Vec<Listed>,
    transaction: String,
    boxes: Vec<String>,
    proofs: Vec<Option<String>>,
}

/// A settlement whose every part has been checked, and the signatures that came with it, which have not.
#[derive(Debug, Clone)]
pub struct SettlementFile {
    document: Document,
    /// What the transaction does.
    pub settlement: Settlement,
    /// A signature for each input, where there is one.
    pub proofs: Vec<Option<Vec<u8>>>,
}

impl SettlementFile {
    /// A settlement that nobody has signed yet, of these payments with a remark on each.
    ///
    /// # Errors
    /// [`SettlementError`] if the payments are not those of the settlement.
    pub fn new(
        manifest: &Manifest,
        settlement: Settlement,
        payments: impl IntoIterator<Item = (Leg, String)>,
    ) -> Result<Self, SettlementError> {
        let (legs, remarks): (Vec<Leg>, Vec<String>) = payments.into_iter().unzip();
        settlement.check_payments(&legs)?;
        let inputs = settlement.parties().len();
        let list = legs.into_iter().zip(remarks);
        Ok(Self {
            document: Document {
                format: FORMAT.to_owned(),
                version: VERSION,
                lets: manifest.name.clone(),
                unit: unit_of(manifest),
                fingerprint: manifest.fingerprint.clone(),
                payments: list
                    .map(|(leg, remark)| Listed {
                        from: leg.from,
                        to: leg.to,
                        amount: leg.amount,
                        remark,
                    })
                    .collect(),
                transaction: hex::encode(settlement.tx_bytes()?),
                boxes: settlement.box_bytes()?.iter().map(hex::encode).collect(),
                proofs: vec![None; inputs],
            },
            settlement,
            proofs: vec![None; inputs],
        })
    }

    /// Reads a file of this LETS. What the signatures are worth is not looked at.
    ///
    /// # Errors
    /// [`SettlementFileError`], [`CliError::File`].
    pub fn load(path: &Path, manifest: &Manifest, lets: &Lets) -> Result<Self, CliError> {
        let document = read(path)?;
        let theirs = (&document.lets, &document.unit, &document.fingerprint);
        let unit = unit_of(manifest);
        if theirs != (&manifest.name, &unit, &manifest.fingerprint) {
            return Err(SettlementFileError::OtherLets {
                path: path.to_owned(),
                theirs: describe(&document.lets, &document.unit, &document.fingerprint),
                ours: describe(&manifest.name, &unit, &manifest.fingerprint),
            }
            .into());
        }
        let bytes = |what: String, text: &str| {
            hex::decode(text).map_err(|e| unreadable(path, format!("{what}: {e}")))
        };
        let tx = bytes("transaction".to_owned(), &document.transaction)?;
        let mut boxes = Vec::with_capacity(document.boxes.len());
        for (at, text) in document.boxes.iter().enumerate() {
            boxes.push(bytes(format!("box {at}"), text)?);
        }
        let mut proofs = Vec::with_capacity(document.proofs.len());
        for (at, text) in document.proofs.iter().enumerate() {
            let proof = text.as_deref();
            proofs.push(proof.map(|p| bytes(format!("proof {at}"), p)).transpose()?);
        }
        let deceitful = |cause| SettlementFileError::Deceitful {
            path: path.to_owned(),
            cause,
        };
        let settlement = Settlement::read(lets, &tx, &boxes).map_err(deceitful)?;
        let legs: Vec<Leg> = document
            .payments
            .iter()
            .map(|p| Leg {
                from: p.from,
                to: p.to,
                amount: p.amount,
            })
            .collect();
        settlement.check_payments(&legs).map_err(deceitful)?;
        let (found, inputs) = (proofs.len(), settlement.parties().len());
        if found != inputs {
            let why = format!("it has {found} proofs for {inputs} accounts");
            return Err(unreadable(path, why).into());
        }
        Ok(Self {
            document,
            settlement,
            proofs,
        })
    }

    /// The file as it stands now, if it still holds this settlement: others may have signed while one was asked.
    ///
    /// # Errors
    /// [`SettlementFileError::Replaced`]; as [`SettlementFile::load`].
    pub fn again(&self, path: &Path, manifest: &Manifest, lets: &Lets) -> Result<Self, CliError> {
        let now = Self::load(path, manifest, lets)?;
        match now.settlement == self.settlement {
            true => Ok(now),
            false => Err(SettlementFileError::Replaced(path.to_owned()).into()),
        }
    }

    fn text(&self) -> Result<String, CliError> {
        let document = Document {
            proofs: self
                .proofs
                .iter()
                .map(|p| p.as_ref().map(hex::encode))
                .collect(),
            ..self.document.clone()
        };
        Ok(format!("{}\n", serde_json::to_string_pretty(&document)?))
    }

    /// Writes the file, which must not exist yet.
    ///
    /// # Errors
    /// [`CliError::Exists`], [`CliError::File`], [`CliError::Json`].
    pub fn save_new(&self, path: &Path) -> Result<(), CliError> {
        home::write_new(path, &self.text()?)
    }

    /// Writes the file in place of the one that it was read from, in one step.
    ///
    /// # Errors
    /// [`CliError::File`], [`CliError::Json`].
    pub fn save(&self, path: &Path) -> Result<(), CliError> {
        home::replace(path, &self.text()?)
    }
}

fn unit_of(manifest: &Manifest) -> String {
    String::from(TokenId::from(manifest.ids.unit))
}

fn describe(name: &str, unit: &str, fingerprint: &str) -> String {
    // Another's words: quoted, so that they can neither move the cursor nor fill the screen.
    let start = |text: &str| text.chars().take(12).collect::<String>();
    let name: String = name.chars().take(64).collect();
    format!(
        "{name:?} (unit {:?}, fingerprint {:?})",
        start(unit),
        start(fingerprint)
    )
}

fn unreadable(path: &Path, why: String) -> SettlementFileError {
    SettlementFileError::Unreadable {
        path: path.to_owned(),
        why: home::foreign(&why),
    }
}

fn read(path: &Path) -> Result<Document, CliError> {
    let fault = |cause| CliError::File {
        doing: "read",
        path: path.to_owned(),
        cause,
    };
    let mut bytes = Vec::new();
    // One byte more than may be shows that there are more.
    File::open(path)
        .map_err(fault)?
        .take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(fault)?;
    if bytes.len() > MAX_BYTES {
        return Err(SettlementFileError::TooLarge(path.to_owned()).into());
    }
    // The version first: another one may have other fields.
    #[derive(Deserialize)]
    struct Head {
        format: String,
        version: u32,
    }
    let head: Head = serde_json::from_slice(&bytes).map_err(|e| unreadable(path, e.to_string()))?;
    if head.format != FORMAT {
        let why = format!("its format is {:?}, not {FORMAT:?}", head.format);
        return Err(unreadable(path, why).into());
    }
    if head.version != VERSION {
        return Err(SettlementFileError::Version {
            path: path.to_owned(),
            found: head.version,
        }
        .into());
    }
    Ok(serde_json::from_slice(&bytes).map_err(|e| unreadable(path, e.to_string()))?)
}
