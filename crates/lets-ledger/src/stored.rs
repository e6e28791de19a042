//! Boxes as rows: their kinds, and their bytes without the script where the kind says which it is.

use std::io::Cursor;

use ergo_lib::chain::transaction::TxId;
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate};
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::ergotree_ir::serialization::constant_store::ConstantStore;
use ergo_lib::ergotree_ir::serialization::sigma_byte_reader::SigmaByteReader;
use lets_contracts::{Contract, unparsed};
use lets_protocol::{
    AccountBox, ApplicationBox, CharterBox, CommonPot, Lets, NoteBox, PlainAccount, PlainBox,
    PlainNote,
};
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
    Account(Box<PlainAccount>),
    Note(Box<PlainNote>),
    Other(Kind),
}

impl Known {
    /// What a box is that a transaction makes; `None` if it is nothing to the LETS.
    ///
    /// # Errors
    /// Why its bytes are those of no box.
    pub(crate) fn of(lets: &Lets, made: &Made) -> Result<Option<Self>, String> {
        let (scripts, ours) = (lets.contracts(), lets.tokens());
        let plain = PlainBox::read(&made.unscripted).ok_or("a box that cannot be read")?;
        if made.unread {
            let mut held = plain.tokens().iter();
            let is_ours = held.any(|(id, _)| ours.contains(id));
            return Ok(is_ours.then_some(Self::Other(Kind::Stray)));
        }
        let is = |contract: &Contract| *made.script == *contract.bytes();
        let plainly = match plain.tokens().iter().any(|(id, _)| ours.contains(id)) {
            true if is(&scripts.account) => plain.account(lets).map(Box::new).map(Self::Account),
            true if is(&scripts.note) => plain.note(lets).map(Box::new).map(Self::Note),
            false if !is(&scripts.application) => return Ok(None),
            false if plain.is_application(lets) => Some(Self::Other(Kind::Application)),
            _ => None,
        };
        match plainly {
            Some(known) => Ok(Some(known)),
            None => Ok(Self::looked_at(
                lets,
                &assemble(&made.script, &made.unscripted)?,
            )),
        }
    }

    /// What a box is; `None` if it is nothing to the LETS.
    pub(crate) fn looked_at(lets: &Lets, ergo_box: &ErgoBox) -> Option<Self> {
        let ours = lets.tokens();
        let mut tokens = ergo_box.tokens.iter().flatten();
        if !tokens.any(|t| ours.contains(&t.token_id)) {
            let application = ApplicationBox::look(lets, ergo_box).ok();
            return application.map(|_| Self::Other(Kind::Application));
        }
        if let Ok(account) = AccountBox::look(lets, ergo_box) {
            return Some(Self::Account(Box::new((&account).into())));
        }
        if let Ok(note) = NoteBox::look(lets, ergo_box) {
            return Some(Self::Note(Box::new((&note).into())));
        }
        if CommonPot::look(lets, ergo_box).is_ok() {
            return Some(Self::Other(Kind::Pot));
        }
        Some(Self::Other(match CharterBox::look(lets, ergo_box) {
            Ok(_) => Kind::Charter,
            Err(_) => Kind::Stray,
        }))
    }

    /// A box of this kind as it was stored.
    pub(crate) fn stored(lets: &Lets, kind: Kind, bytes: &[u8]) -> Result<Self, String> {
        let plain = || PlainBox::read(bytes);
        let plainly = match kind {
            Kind::Account => plain()
                .and_then(|b| b.account(lets))
                .map(|a| Self::Account(Box::new(a))),
            Kind::Note => plain()
                .and_then(|b| b.note(lets))
                .map(|n| Self::Note(Box::new(n))),
            other => Some(Self::Other(other)),
        };
        if let Some(known) = plainly {
            return Ok(known);
        }
        let ergo_box = unpack(lets, kind, bytes)?;
        let found = Self::looked_at(lets, &ergo_box).filter(|known| known.kind() == kind);
        found.ok_or_else(|| format!("box {} is no {}", ergo_box.box_id(), kind.name()))
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Account(_) => Kind::Account,
            Self::Note(_) => Kind::Note,
            Self::Other(kind) => *kind,
        }
    }

    pub(crate) fn account(&self) -> Option<&PlainAccount> {
        match self {
            Self::Account(account) => Some(account),
            _ => None,
        }
    }

    pub(crate) fn note(&self) -> Option<&PlainNote> {
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

pub(crate) fn script_bytes(ergo_box: &ErgoBox) -> Result<Vec<u8>, String> {
    let bytes = ergo_box.ergo_tree.sigma_serialize_bytes();
    bytes.map_err(|e| e.to_string())
}

/// A box's bytes with its script.
pub(crate) fn scripted(script: &[u8], unscripted: &[u8]) -> Result<Vec<u8>, String> {
    let at = value_bytes(unscripted).ok_or("a box without a value")?;
    let (value, rest) = unscripted.split_at(at);
    Ok([value, script, rest].concat())
}

/// What is stored of a box: its bytes without the script of its kind or, if any may be there, with it behind its length.
pub(crate) fn pack(
    lets: &Lets,
    kind: Kind,
    script: &[u8],
    unscripted: &[u8],
) -> Result<Vec<u8>, String> {
    match kind.script(lets) {
        Some(ours) if *ours.bytes() == *script => Ok(unscripted.to_vec()),
        Some(_) => Err(format!("a box is no {}", kind.name())),
        None => {
            let length = u32::try_from(script.len()).map_err(|e| e.to_string())?;
            let box_bytes = scripted(script, unscripted)?;
            Ok([&length.to_le_bytes()[..], &box_bytes].concat())
        }
    }
}

/// The box again with its script kept as bytes, for what is only read: hundreds of them take the room of one that is parsed.
pub(crate) fn unpack(lets: &Lets, kind: Kind, stored: &[u8]) -> Result<ErgoBox, String> {
    if let Some(script) = kind.script(lets) {
        return assemble(script.bytes(), stored);
    }
    let (length, bytes) = stored.split_first_chunk().ok_or("a box cut short")?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|e| e.to_string())?;
    let at = value_bytes(bytes).ok_or("a box without a value")?;
    let (value, rest) = bytes.split_at(at);
    let (script, rest) = rest.split_at_checked(length).ok_or("a box cut short")?;
    assemble(script, &[value, rest].concat())
}

/// The box of this script, kept as bytes, and these other bytes, whose registers may be parsed.
pub(crate) fn assemble(script: &[u8], unscripted: &[u8]) -> Result<ErgoBox, String> {
    // ergo-lib parses every script that it reads, and anybody may have made a stray's, perhaps so that parsing it ends the
    // program: it gets the smallest one, and the box its own in that one's place.
    let bytes = scripted(&SMALLEST_SCRIPT, unscripted)?;
    // Not as a box: its id would be computed for nothing.
    let mut reader = SigmaByteReader::new(Cursor::new(&bytes), ConstantStore::empty());
    let found = ErgoBoxCandidate::parse_body_with_indexed_digests(None, &mut reader)
        .map_err(|e| e.to_string())?;
    let transaction = TxId::sigma_parse(&mut reader).map_err(|e| e.to_string())?;
    let index = reader.get_u16().map_err(|e| e.to_string())?;
    ErgoBox::new(
        found.value,
        unparsed(script.to_vec()),
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
        let script = script_bytes(&stray).unwrap();
        let stored = pack(&lets, Kind::Stray, &script, &bytes).unwrap();
        assert_eq!(unpack(&lets, Kind::Stray, &stored).unwrap(), stray);
        for end in 0..stored.len() {
            assert!(unpack(&lets, Kind::Stray, &stored[..end]).is_err());
        }
    }
}
