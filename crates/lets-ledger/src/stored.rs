//! Boxes as rows: their kinds, and their bytes without the script where the kind says which it is.

use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use lets_contracts::Contract;
use lets_protocol::{AccountBox, ApplicationBox, CharterBox, Lets, NoteBox, PotBox};

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

/// A box of the LETS, parsed.
#[derive(Debug, Clone)]
pub(crate) enum Known {
    Charter,
    Pot,
    Account(Box<AccountBox>),
    Note(Box<NoteBox>),
    Application,
    Stray,
}

impl Known {
    /// What a box is; `None` if it is nothing to the LETS.
    pub(crate) fn of(lets: &Lets, ergo_box: &ErgoBox) -> Option<Self> {
        let ours = lets.tokens();
        let holds = ergo_box
            .tokens
            .iter()
            .flatten()
            .any(|t| ours.contains(&t.token_id));
        if !holds {
            return ApplicationBox::parse(lets, ergo_box)
                .ok()
                .map(|_| Self::Application);
        }
        if let Ok(account) = AccountBox::parse(lets, ergo_box) {
            return Some(Self::Account(Box::new(account)));
        }
        if let Ok(note) = NoteBox::parse(lets, ergo_box) {
            return Some(Self::Note(Box::new(note)));
        }
        if PotBox::parse(lets, ergo_box).is_ok() {
            return Some(Self::Pot);
        }
        match CharterBox::parse(lets, ergo_box) {
            Ok(_) => Some(Self::Charter),
            Err(_) => Some(Self::Stray),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Charter => Kind::Charter,
            Self::Pot => Kind::Pot,
            Self::Account(_) => Kind::Account,
            Self::Note(_) => Kind::Note,
            Self::Application => Kind::Application,
            Self::Stray => Kind::Stray,
        }
    }
}

/// `true`: no header flags, a Boolean, 1.
const SMALLEST_SCRIPT: [u8; 3] = [0, 1, 1];

/// Length of the number (VLQ) that a box begins with: its value.
fn value_bytes(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|b| b & 0x80 == 0).map(|at| at + 1)
}

/// A box's bytes as they are stored.
pub(crate) fn pack(lets: &Lets, kind: Kind, ergo_box: &ErgoBox) -> Result<Vec<u8>, String> {
    let bytes = ergo_box
        .sigma_serialize_bytes()
        .map_err(|e| e.to_string())?;
    let Some(script) = kind.script(lets) else {
        return Ok(bytes);
    };
    let at = value_bytes(&bytes).ok_or("a box without a value")?;
    match bytes[at..].strip_prefix(script.bytes()) {
        Some(rest) => Ok([&bytes[..at], rest].concat()),
        None => Err(format!("a box is no {}", kind.name())),
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
    let parse = |bytes: &[u8]| ErgoBox::sigma_parse_bytes(bytes).map_err(|e| e.to_string());
    let Some(script) = kind.script(lets) else {
        return parse(stored);
    };
    let at = value_bytes(stored).ok_or("a box without a value")?;
    // ergo-lib parses every script that it reads: it gets the smallest one, and the box its own in that one's place.
    let rest = parse(&[&stored[..at], &SMALLEST_SCRIPT, &stored[at..]].concat())?;
    ErgoBox::new(
        rest.value,
        script.tree_as_bytes(),
        rest.tokens,
        rest.additional_registers,
        rest.creation_height,
        rest.transaction_id,
        rest.index,
    )
    .map_err(|e| e.to_string())
}
