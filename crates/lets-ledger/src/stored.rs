//! Boxes as rows: their kinds, and their bytes without the script where the kind says which it is.

use std::io::Cursor;

use ergo_lib::chain::transaction::TxId;
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox, ErgoBoxCandidate};
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::ergotree_ir::serialization::constant_store::ConstantStore;
use ergo_lib::ergotree_ir::serialization::sigma_byte_reader::SigmaByteReader;
use lets_contracts::{Contract, unparsed};
use lets_protocol::{AccountBox, ApplicationBox, CharterBox, CommonPot, Lets, NoteBox};
use sigma_ser::vlq_encode::ReadSigmaVlqExt;

use crate::block_tx::Made;

/// What a box is to the LETS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Charter = 1,
    Pot = 2,
    Account = 3,
    Note = 4,
    Application = 5,
    /// It holds a token of the LETS and is none of its boxes: a carrier of the founding, or what storage rent took.
    Stray = 6,
}

impl Kind {
    pub(crate) const ALL: [Kind; 6] = [
        Kind::Charter,
        Kind::Pot,
        Kind::Account,
        Kind::Note,
        Kind::Application,
        Kind::Stray,
    ];

    pub(crate) fn code(self) -> i64 {
        self as i64
    }

    pub(crate) fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Charter => "charter",
            Self::Pot => "pot",
            Self::Account => "account",
            Self::Note => "note",
            Self::Application => "application",
            Self::Stray => "stray",
        }
    }

    /// The kind whose boxes have this script.
    pub(crate) fn guarded_by(lets: &Lets, script: &[u8]) -> Option<Self> {
        let is_it = |kind: &Kind| kind.script(lets).is_some_and(|c| c.bytes() == script);
        Self::ALL.into_iter().find(is_it)
    }

    /// The script of every box of this kind.
    fn script(self, lets: &Lets) -> Option<&Contract> {
        let c = lets.contracts();
        match self {
            Self::Charter => Some(&c.charter),
            Self::Pot => Some(&c.pot),
            Self::Account => Some(&c.account),
            Self::Note => Some(&c.note),
            Self::Application => Some(&c.application),
            Self::Stray => None,
        }
    }
}

/// A box of the LETS, looked at.
#[derive(Debug, Clone)]
pub(crate) enum Known {
    Account(Box<AccountBox>),
    Note(Box<NoteBox>),
    Other(Kind, Box<ErgoBox>),
    /// A box that cannot be read, by its id, and what stands in for it: its row has that one's content, and so tells.
    Unread(BoxId, Box<ErgoBox>),
}

impl Known {
    /// What a box is that a transaction makes.
    pub(crate) fn made(lets: &Lets, made: &Made) -> Option<Self> {
        let Some(id) = made.unread else {
            return Self::of(lets, &made.ergo_box);
        };
        let mut tokens = made.ergo_box.tokens.iter().flatten();
        tokens
            .any(|t| lets.tokens().contains(&t.token_id))
            .then(|| Self::Unread(id, Box::new(made.ergo_box.clone())))
    }

    pub(crate) fn id(&self) -> BoxId {
        match self {
            Self::Unread(id, _) => *id,
            known => known.ergo_box().box_id(),
        }
    }

    /// What a box is; `None` if it is nothing to the LETS.
    pub(crate) fn of(lets: &Lets, ergo_box: &ErgoBox) -> Option<Self> {
        let ours = lets.tokens();
        let holds = ergo_box
            .tokens
            .iter()
            .flatten()
            .any(|t| ours.contains(&t.token_id));
        let other = |kind| Self::Other(kind, Box::new(ergo_box.clone()));
        if !holds {
            return ApplicationBox::look(lets, ergo_box)
                .ok()
                .map(|_| other(Kind::Application));
        }
        if let Ok(account) = AccountBox::look(lets, ergo_box) {
            return Some(Self::Account(Box::new(account)));
        }
        if let Ok(note) = NoteBox::look(lets, ergo_box) {
            return Some(Self::Note(Box::new(note)));
        }
        if CommonPot::look(lets, ergo_box).is_ok() {
            return Some(other(Kind::Pot));
        }
        Some(other(match CharterBox::look(lets, ergo_box) {
            Ok(_) => Kind::Charter,
            Err(_) => Kind::Stray,
        }))
    }

    /// A box of this kind as it was stored.
    pub(crate) fn stored(lets: &Lets, kind: Kind, bytes: &[u8]) -> Result<Self, String> {
        let ergo_box = unpack_unparsed(lets, kind, bytes)?;
        match kind {
            Kind::Account => AccountBox::look(lets, &ergo_box)
                .map(|a| Self::Account(Box::new(a)))
                .map_err(|e| e.to_string()),
            Kind::Note => NoteBox::look(lets, &ergo_box)
                .map(|n| Self::Note(Box::new(n)))
                .map_err(|e| e.to_string()),
            kind => Ok(Self::Other(kind, Box::new(ergo_box))),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Account(_) => Kind::Account,
            Self::Note(_) => Kind::Note,
            Self::Other(kind, _) => *kind,
            Self::Unread(..) => Kind::Stray,
        }
    }

    pub(crate) fn ergo_box(&self) -> &ErgoBox {
        match self {
            Self::Account(account) => account.ergo_box(),
            Self::Note(note) => note.ergo_box(),
            Self::Other(_, ergo_box) | Self::Unread(_, ergo_box) => ergo_box,
        }
    }

    pub(crate) fn account(&self) -> Option<&AccountBox> {
        match self {
            Self::Account(account) => Some(account),
            _ => None,
        }
    }

    pub(crate) fn note(&self) -> Option<&NoteBox> {
        match self {
            Self::Note(note) => Some(note),
            _ => None,
        }
    }
}

/// `true`: no header flags, a Boolean, 1.
const SMALLEST_SCRIPT: [u8; 3] = [0, 1, 1];

/// Length of the number (VLQ) that a box begins with: its value.
fn value_bytes(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|b| b & 0x80 == 0).map(|at| at + 1)
}

/// A box's bytes without its script.
pub(crate) fn unscripted(ergo_box: &ErgoBox) -> Result<Vec<u8>, String> {
    let mut bytes = ergo_box
        .sigma_serialize_bytes()
        .map_err(|e| e.to_string())?;
    let script = script_bytes(ergo_box)?;
    let at = value_bytes(&bytes).ok_or("a box without a value")?;
    match bytes[at..].starts_with(&script) {
        true => drop(bytes.drain(at..at + script.len())),
        false => return Err("a box without its script".to_owned()),
    }
    Ok(bytes)
}

fn script_bytes(ergo_box: &ErgoBox) -> Result<Vec<u8>, String> {
    let bytes = ergo_box.ergo_tree.sigma_serialize_bytes();
    bytes.map_err(|e| e.to_string())
}

/// What is stored of a box: its bytes without the script of its kind or, if any may be there, with it behind its length.
pub(crate) fn pack(
    lets: &Lets,
    kind: Kind,
    ergo_box: &ErgoBox,
    unscripted: &[u8],
) -> Result<Vec<u8>, String> {
    match kind.script(lets) {
        Some(script) if script.is(&ergo_box.ergo_tree) => Ok(unscripted.to_vec()),
        Some(_) => Err(format!("a box is no {}", kind.name())),
        None => {
            let script = script_bytes(ergo_box)?;
            let length = u32::try_from(script.len()).map_err(|e| e.to_string())?;
            let at = value_bytes(unscripted).ok_or("a box without a value")?;
            let (value, rest) = unscripted.split_at(at);
            Ok([&length.to_le_bytes()[..], value, &script, rest].concat())
        }
    }
}

/// The box again.
pub(crate) fn unpack(lets: &Lets, kind: Kind, stored: &[u8]) -> Result<ErgoBox, String> {
    let mut ergo_box = unpack_unparsed(lets, kind, stored)?;
    if let Some(script) = kind.script(lets) {
        ergo_box.ergo_tree = script.tree().clone();
    }
    Ok(ergo_box)
}

/// The box again with its script kept as bytes, for what is only read: hundreds of them take the room of one that is parsed.
pub(crate) fn unpack_unparsed(lets: &Lets, kind: Kind, stored: &[u8]) -> Result<ErgoBox, String> {
    let script = kind.script(lets);
    let (length, bytes) = match script {
        Some(_) => (0, stored),
        None => {
            let (length, bytes) = stored.split_first_chunk().ok_or("a box cut short")?;
            (u32::from_le_bytes(*length), bytes)
        }
    };
    let at = value_bytes(bytes).ok_or("a box without a value")?;
    let (value, rest) = bytes.split_at(at);
    let length = usize::try_from(length).map_err(|e| e.to_string())?;
    let (others, rest) = rest.split_at_checked(length).ok_or("a box cut short")?;
    // ergo-lib parses every script that it reads, and anybody may have made a stray's, perhaps so that parsing it ends the
    // program: it gets the smallest one, and the box its own in that one's place.
    let bytes = [value, &SMALLEST_SCRIPT, rest].concat();
    // Not as a box: its id would be computed for nothing.
    let mut reader = SigmaByteReader::new(Cursor::new(&bytes), ConstantStore::empty());
    let found = ErgoBoxCandidate::parse_body_with_indexed_digests(None, &mut reader)
        .map_err(|e| e.to_string())?;
    let transaction = TxId::sigma_parse(&mut reader).map_err(|e| e.to_string())?;
    let index = reader.get_u16().map_err(|e| e.to_string())?;
    let script = match script {
        Some(ours) => ours.tree_as_bytes(),
        None => unparsed(others.to_vec()),
    };
    ErgoBox::new(
        found.value,
        script,
        found.tokens,
        found.additional_registers,
        found.creation_height,
        transaction,
        index,
    )
    .map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ergo_lib::chain::transaction::TxId;
    use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisters;
    use ergo_lib::ergotree_ir::mir::constant::Constant;
    use lets_contracts::LetsIds;

    #[test]
    fn stray_whose_script_ends_every_parser_comes_back_as_it_was() {
        let lets = Lets::new(LetsIds {
            charter_nft: [1; 32].into(),
            pot_nft: [2; 32].into(),
            membership: [3; 32].into(),
            unit: [4; 32].into(),
        })
        .unwrap();
        // A block of so many values.
        let hostile = vec![0, 0xd8, 0xff, 0xff, 0xff, 0xff, 0x0f];
        let stray = ErgoBox::new(
            1_000_000_u64.try_into().unwrap(),
            unparsed(hostile),
            None,
            NonMandatoryRegisters::try_from(vec![Constant::from(5_i64)]).unwrap(),
            9,
            TxId::zero(),
            3,
        )
        .unwrap();
        let bytes = unscripted(&stray).unwrap();
        let stored = pack(&lets, Kind::Stray, &stray, &bytes).unwrap();
        assert_eq!(unpack(&lets, Kind::Stray, &stored).unwrap(), stray);
        for end in 0..stored.len() {
            assert!(unpack(&lets, Kind::Stray, &stored[..end]).is_err());
        }
    }
}
