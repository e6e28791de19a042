//! Accounts and notes read off the bytes of their boxes, for whoever keeps books of very many.
//!
//! A key in a register is a point of a curve: to parse it takes a square root, to write it an inversion. Here keys stay bytes.
//! What is not laid out as nearly all boxes are is left to [`AccountBox`] and [`NoteBox`], whose word counts.

use super::account::{AccountBox, AccountState, Link, Settings, Terms};
use super::note::NoteBox;
use super::{AccountNumber, Lets};
use crate::amount::Amount;
use crate::reading::Paid;
use crate::units::Height;
use ergo_lib::chain::transaction::TxId;
use ergo_lib::ergo_chain_types::Digest;
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;

/// Types of constants: a proposition, and collections of bytes, of numbers and of propositions.
const PROPOSITION: u8 = 8;
const BYTES: u8 = 12 + 2;
const LONGS: u8 = 12 + 5;
const PROPOSITIONS: u8 = 12 + 8;
/// A proposition that is a key; true; false.
const KEY: u8 = 0xcd;
const TRUE: u8 = 0xd3;
const FALSE: u8 = 0xd2;
const KEY_BYTES: usize = 33;
/// With these bytes the script of a key begins.
const SCRIPT_OF_KEY: [u8; 3] = [0, PROPOSITION, KEY];
/// The transaction that made the box, and the box's place among its outputs.
const ORIGIN_BYTES: std::ops::RangeInclusive<usize> = 33..=35;

/// An account as books need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainAccount {
    state: AccountState,
    owner: Vec<u8>,
    heir: Option<Vec<u8>>,
}

impl PlainAccount {
    /// What it says, but for its keys.
    pub fn state(&self) -> &AccountState {
        &self.state
    }

    /// The script of its owner's key.
    pub fn owner(&self) -> &[u8] {
        &self.owner
    }

    /// The script of the key that a pending recovery would hand it to.
    pub fn heir(&self) -> Option<&[u8]> {
        self.heir.as_deref()
    }
}

impl From<&AccountBox> for PlainAccount {
    fn from(account: &AccountBox) -> Self {
        // What was parsed can be written.
        let script = |key: &SigmaProp| key.prop_bytes().unwrap_or_default();
        Self {
            state: account.state().clone(),
            owner: script(account.owner()),
            heir: account.heir().map(script),
        }
    }
}

/// A note as books need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainNote {
    amount: Amount,
    payer: AccountNumber,
    payee: Option<AccountNumber>,
    memo: Vec<u8>,
    created: Height,
}

impl PlainNote {
    /// Whose units they were.
    pub fn payer(&self) -> AccountNumber {
        self.payer
    }

    /// The account that may claim; `None` is any account of the LETS.
    pub fn payee(&self) -> Option<AccountNumber> {
        self.payee
    }

    /// The payment that made this note, which is this output of this transaction.
    pub fn paid(&self, transaction: TxId, output: u16) -> Paid {
        Paid {
            transaction,
            output,
            payer: Some(self.payer),
            payee: self.payee,
            amount: self.amount,
            memo: self.memo.clone(),
            by_note: true,
            created: self.created,
        }
    }
}

impl From<&NoteBox> for PlainNote {
    fn from(note: &NoteBox) -> Self {
        Self {
            amount: note.amount(),
            payer: note.payer(),
            payee: note.payee(),
            memo: note.memo().to_vec(),
            created: Height(note.ergo_box().creation_height),
        }
    }
}

/// The bytes of a box as the chain has them, but for its script, taken apart as far as its registers.
#[derive(Debug, Clone)]
pub struct PlainBox<'a> {
    created: Height,
    tokens: Vec<(TokenId, u64)>,
    registers: u8,
    rest: Rest<'a>,
}

impl<'a> PlainBox<'a> {
    /// `None` if these are no bytes of a box.
    pub fn read(unscripted: &'a [u8]) -> Option<Self> {
        let mut rest = Rest(unscripted);
        let _value = rest.number()?;
        let created = Height(u32::try_from(rest.number()?).ok()?);
        let tokens = (0..rest.byte()?)
            .map(|_| Some((TokenId::from(Digest(rest.array()?)), rest.number()?)))
            .collect::<Option<Vec<_>>>()?;
        let registers = rest.byte()?;
        Some(Self {
            created,
            tokens,
            registers,
            rest,
        })
    }

    /// When the box was made, by its own word.
    pub fn created(&self) -> Height {
        self.created
    }

    /// Its tokens, in order.
    pub fn tokens(&self) -> &[(TokenId, u64)] {
        &self.tokens
    }

    /// The account that it is if it has the script of one, by its plain layout.
    pub fn account(&self, lets: &Lets) -> Option<PlainAccount> {
        let [(membership, 1), (number, 1), ..] = *self.tokens.as_slice() else {
            return None;
        };
        (membership == lets.ids.membership.into() && self.registers == 4).then_some(())?;
        let mut rest = self.rest;
        let terms = Terms::from_longs(&rest.longs()?).ok()?;
        let (owner, heir) = rest.keys()?;
        let settings = Settings::from_longs(&rest.longs()?)?;
        let link = Link::parse(rest.bytes()?)?;
        rest.is_origin().then(|| PlainAccount {
            state: AccountState {
                number: number.into(),
                units: self.amount_of(lets.unit()),
                created: self.created,
                terms,
                settings,
                link,
            },
            owner,
            heir,
        })
    }

    /// The note that it is if it has the script of one, by its plain layout.
    pub fn note(&self, lets: &Lets) -> Option<PlainNote> {
        let [(unit, amount)] = *self.tokens.as_slice() else {
            return None;
        };
        (unit == lets.unit() && matches!(self.registers, 3 | 4)).then_some(())?;
        let mut rest = self.rest;
        rest.claimant()?;
        let parties = rest.bytes()?;
        let (payer, parties) = parties.split_first_chunk()?;
        let (hash, payee) = parties.split_first_chunk()?;
        (hash == lets.contracts.account.hash().bytes()).then_some(())?;
        let payee: Option<[u8; 32]> = match payee.is_empty() {
            true => None,
            false => Some(*payee.first_chunk()?),
        };
        rest.longs()?;
        let memo = match self.registers {
            4 => rest.bytes()?,
            _ => &[],
        };
        let number = |bytes: [u8; 32]| AccountNumber::from(TokenId::from(Digest(bytes)));
        let amount = Amount::new(i64::try_from(amount).ok()?).ok()?;
        rest.is_origin().then(|| PlainNote {
            amount,
            payer: number(*payer),
            payee: payee.map(number),
            memo: memo.to_vec(),
            created: self.created,
        })
    }

    /// Whether it is an application to this LETS if it has the script of one, by its plain layout.
    pub fn is_application(&self, lets: &Lets) -> bool {
        let mut rest = self.rest;
        let mut look = || {
            rest.is(PROPOSITION)?;
            rest.key()?;
            let (pot, link) = rest.bytes()?.split_first_chunk::<32>()?;
            Link::parse(link)?;
            let is_so = pot == lets.ids.pot_nft.bytes() && rest.longs()?.len() == 2;
            (is_so && rest.is_origin()).then_some(())
        };
        self.tokens.is_empty() && self.registers == 3 && look().is_some()
    }

    fn amount_of(&self, token: TokenId) -> i64 {
        let held = self.tokens.iter().filter(|(id, _)| *id == token);
        held.fold(0, |sum: i64, (_, amount)| {
            sum.saturating_add_unsigned(*amount)
        })
    }
}

/// Bytes yet to be read; `None` is another layout, or an end that comes too early.
#[derive(Debug, Clone, Copy)]
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn is(&mut self, byte: u8) -> Option<()> {
        (self.byte()? == byte).then_some(())
    }

    /// A number in Ergo's variable length.
    fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            // The tenth byte has room for one bit.
            (shift < 63 || byte <= 1).then_some(())?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn count(&mut self) -> Option<usize> {
        u16::try_from(self.number()?).ok().map(usize::from)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        self.is(BYTES)?;
        let count = self.count()?;
        self.take(count)
    }

    fn longs(&mut self) -> Option<Vec<i64>> {
        self.is(LONGS)?;
        let count = self.count()?;
        let mut longs = Vec::with_capacity(count.min(self.0.len()));
        for _ in 0..count {
            let zigzag = self.number()?;
            longs.push((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64));
        }
        Some(longs)
    }

    /// The script of a key.
    fn key(&mut self) -> Option<Vec<u8>> {
        self.is(KEY)?;
        let point = self.take(KEY_BYTES)?;
        // The point at infinity can be written in many ways.
        (point.first() != Some(&0)).then(|| [&SCRIPT_OF_KEY, point].concat())
    }

    /// One key, or two.
    fn keys(&mut self) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
        self.is(PROPOSITIONS)?;
        match self.count()? {
            1 => Some((self.key()?, None)),
            2 => Some((self.key()?, Some(self.key()?))),
            _ => None,
        }
    }

    fn claimant(&mut self) -> Option<()> {
        self.is(PROPOSITION)?;
        match self.byte()? {
            TRUE | FALSE => Some(()),
            KEY => self.take(KEY_BYTES).map(drop),
            _ => None,
        }
    }

    fn is_origin(&self) -> bool {
        ORIGIN_BYTES.contains(&self.0.len())
    }
}
