//! What reading the books gives.

use ergo_lib::chain::transaction::TxId;
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use lets_protocol::{AccountNumber, Paid};

use crate::happened::EntryKind;

/// Which accounts are wanted.
#[derive(Debug, Clone, Copy)]
pub enum Pick<'a> {
    /// Every open one.
    All,
    /// Those that one of these keys owns, by the key that stands in them.
    Owners(&'a [SigmaProp]),
    /// Those with these numbers.
    Numbers(&'a [AccountNumber]),
    /// Those whose numbers begin with these hexadecimal digits.
    Prefix(&'a str),
}

/// Heights, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TxRange {
    /// The first height.
    pub from: u32,
    /// The last height.
    pub to: u32,
}

impl TxRange {
    /// All heights.
    pub const ALL: Self = Self {
        from: 0,
        to: u32::MAX >> 1,
    };

    pub(crate) fn keys(self) -> (i64, i64) {
        let to = self.to.min(Self::ALL.to);
        (i64::from(self.from) << 16, (i64::from(to) + 1) << 16)
    }
}

/// A transaction's place in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// The height of its block.
    pub height: u32,
    /// Its block's time in milliseconds since 1970; `None` for one that only a wallet took part in.
    pub time: Option<u64>,
}

/// A box's place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The transaction that made it.
    pub made_by: TxId,
    /// The height of that transaction's block.
    pub height: u32,
    /// Its place among that transaction's outputs.
    pub place: u16,
    /// The transaction that spent it.
    pub spent_by: Option<TxId>,
    /// The box, unless it was spent too long ago.
    pub content: Option<ErgoBox>,
}

/// One payment, and what became of it if it went by a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRow {
    /// The payment.
    pub paid: Paid,
    /// The height of its block.
    pub height: u32,
    /// The account that took the note in; `None` while nobody has.
    pub taker: Option<AccountNumber>,
}

/// What was done with pot or charter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeedRow {
    /// The transaction.
    pub transaction: TxId,
    /// The height of its block.
    pub height: u32,
    /// The deed's name, as `lets_protocol::Deed::name` has it; `unlawful` if it is none.
    pub deed: String,
    /// The account that it was about.
    pub account: Option<AccountNumber>,
}

/// A box that grows old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldBox {
    /// `charter`, `pot` or `account`.
    pub kind: &'static str,
    /// The account, if it is one's.
    pub account: Option<AccountNumber>,
    /// Its creation height, from which its age counts.
    pub created: u32,
}

/// What one transaction did to one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The transaction.
    pub transaction: TxId,
    /// The height of its block.
    pub height: u32,
    /// Its block's time in milliseconds since 1970.
    pub time: u64,
    /// What it was to the account.
    pub kind: EntryKind,
    /// The other account, where it was one.
    pub counterparty: Option<AccountNumber>,
    /// By how much the balance changed, in units.
    pub change: i64,
    /// The balance after it, in units.
    pub balance: i64,
    /// Units in the account after it.
    pub units: i64,
    /// The payments in the transaction that the account made, or that were made to it directly.
    pub payments: Vec<PaymentRow>,
    /// The notes that the account took in, as the payments that they were.
    pub taken: Vec<PaymentRow>,
}
