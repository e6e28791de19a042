//! What a replay can find wrong, each with its culprit; and what is odd and yet allowed.

use crate::amount::Currency;
use crate::boxes::{AccountNumber, ParseBoxError};
use crate::history::DeedError;
use crate::rules::RuleViolation;
use crate::rules::open::OpenViolation;
use crate::units::Height;
use ergo_lib::chain::transaction::TxId;
use ergo_lib::ergotree_ir::chain::ergo_box::BoxId;
use std::fmt;

/// What is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Culprit {
    /// A transaction.
    Transaction(TxId),
    /// A box.
    Box(BoxId),
    /// A transaction that the node gives no id.
    Place {
        /// The height of its block.
        height: Height,
        /// Its place among the block's transactions, from 0.
        place: usize,
    },
}

impl fmt::Display for Culprit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transaction(id) => write!(f, "transaction {}", String::from(*id)),
            Self::Box(id) => write!(f, "box {id}"),
            Self::Place { height, place } => write!(
                f,
                "the transaction at place {place} of the block at height {height}"
            ),
        }
    }
}

/// A token of the LETS, as people call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// The charter's NFT.
    CharterNft,
    /// The pot's NFT.
    PotNft,
    /// Membership tokens.
    Membership,
    /// Credit units.
    Unit,
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CharterNft => "charter NFT",
            Self::PotNft => "pot NFT",
            Self::Membership => "membership tokens",
            Self::Unit => "credit units",
        })
    }
}

/// Why a script refuses, as far as this library's own rules know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// A rule with its figures.
    Rule(Box<RuleViolation>),
    /// A rule of an open pot with its figures.
    Open(Box<OpenViolation>),
    /// In words.
    Words(&'static str),
}

/// Something that neither the scripts nor the chain's own rules allow, or that the node cannot have told truly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is to blame.
    pub culprit: Culprit,
    /// What is wrong with it.
    pub wrong: Wrong,
}

/// What is wrong with a [`Culprit`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// The node names the transaction and does not give it.
    Withheld,
    /// The node's words about it contradict themselves: ids are recomputed.
    Untrue(String),
    /// It makes, spends or reads a box that this program cannot read, so that it cannot be judged.
    Unreadable(String),
    /// It spends a box with tokens of the LETS that no transaction before it made.
    Unmade(BoxId),
    /// It spends a box that another transaction has spent.
    SpentTwice {
        /// The box.
        box_id: BoxId,
        /// The height of the block in which it was spent first.
        first: Height,
    },
    /// It reads a box that was not there then: not made yet, or spent in an earlier block.
    Unread(BoxId),
    /// The script of a box that it spends says no.
    Refused {
        /// The box.
        box_id: BoxId,
        /// `pot`, `account`, ...
        kind: &'static str,
        /// Why, if it is known.
        why: Option<Why>,
    },
    /// The script of a box that it spends asks for a signature that is not there.
    Unproven {
        /// The box.
        box_id: BoxId,
        /// `pot`, `account`, ...
        kind: &'static str,
    },
    /// It makes more of a token than it spends.
    Minted {
        /// The token.
        piece: Piece,
        /// In the boxes that it spends.
        spent: i64,
        /// In the boxes that it makes.
        made: i64,
    },
    /// It makes less of a token than it spends.
    Lost {
        /// The token.
        piece: Piece,
        /// In the boxes that it spends.
        spent: i64,
        /// In the boxes that it makes.
        made: i64,
    },
    /// It puts a token of the LETS into a box that is none of the LETS's.
    Escaped {
        /// The box.
        box_id: BoxId,
        /// The token.
        piece: Piece,
    },
    /// It makes a box that has a script of the LETS and is no box of the LETS.
    Malformed(ParseBoxError),
    /// It makes an account box for which neither that account before it nor an admission accounts.
    Unadmitted {
        /// The account.
        account: AccountNumber,
        /// The box.
        box_id: BoxId,
    },
    /// It did something with pot or charter that is none of the things that can be done.
    Deed(DeedError),
    /// It makes a box that claims to be younger than its block.
    Future {
        /// The box.
        box_id: BoxId,
        /// The height that the box claims.
        created: Height,
    },
    /// It stands in the manifest as a step of the founding and did something else.
    Founding(&'static str),
    /// Nothing that the node told spends the box, and the node does not list it.
    Hidden,
    /// The node lists the box as unspent, and by what it told the box was never made, or is spent.
    Unaccounted,
    /// The box holds a token of the LETS and is no box of the LETS.
    Stray(Piece),
    /// The account of the box stands in another unspent box, too.
    Twice(AccountNumber),
}

impl Fault {
    pub(crate) fn of(transaction: TxId, wrong: Wrong) -> Self {
        Self {
            culprit: Culprit::Transaction(transaction),
            wrong,
        }
    }

    /// One sentence, with amounts in this currency.
    pub fn explain(&self, currency: &Currency) -> String {
        format!("{}: {}", self.culprit, self.wrong.explain(currency))
    }
}

impl Wrong {
    fn explain(&self, currency: &Currency) -> String {
        match self {
            Self::Withheld => "the node names it and does not give it".to_owned(),
            Self::Untrue(why) => format!("what the node says of it is not true: {why}"),
            Self::Unreadable(why) => format!("it cannot be judged: {why}"),
            Self::Unmade(id) => format!(
                "it spends box {id}, which holds tokens of this LETS and which no transaction before it made"
            ),
            Self::SpentTwice { box_id, first } => {
                format!("it spends box {box_id}, which was spent before, at height {first}")
            }
            Self::Unread(id) => format!("it reads box {id}, which was not there then"),
            Self::Refused { box_id, kind, why } => {
                let why = match why {
                    Some(Why::Rule(violation)) => format!(": {}", violation.explain(currency)),
                    Some(Why::Open(violation)) => format!(": {}", violation.explain(currency)),
                    Some(Why::Words(words)) => format!(": {words}"),
                    None => String::new(),
                };
                format!("the script of the {kind} in box {box_id} refuses it{why}")
            }
            Self::Unproven { box_id, kind } => {
                format!("the signatures that the {kind} in box {box_id} asks for are not there")
            }
            Self::Minted { piece, spent, made } => {
                format!("it makes {made} {piece} out of {spent}: from nothing")
            }
            Self::Lost { piece, spent, made } => {
                format!("it spends {spent} {piece} and leaves {made}: the others are gone")
            }
            Self::Escaped { box_id, piece } => {
                format!("it puts {piece} into box {box_id}, which is no box of this LETS")
            }
            Self::Malformed(why) => format!("it made a box that does not fit: {why}"),
            Self::Unadmitted { account, box_id } => format!(
                "it makes box {box_id} of account {account}, for which neither the account before nor an admission by the pot accounts: a forged account"
            ),
            Self::Deed(e) => e.to_string(),
            Self::Future { box_id, created } => {
                format!(
                    "it makes box {box_id}, which claims to be of height {created}, after its block"
                )
            }
            Self::Founding(what) => format!("a step of the founding did something else: {what}"),
            Self::Hidden => {
                "nothing that the node told spends it, and the node does not list it as unspent"
                    .to_owned()
            }
            Self::Unaccounted => {
                "the node lists it as unspent, and no transaction that the node told leaves it so"
                    .to_owned()
            }
            Self::Stray(piece) => format!(
                "it holds {piece} and is no box of this LETS (storage rent may have taken it)"
            ),
            Self::Twice(account) => {
                format!("account {account} stands in another unspent box, too")
            }
        }
    }
}

/// Something that the protocol allows, and that whoever audits wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Oddity {
    /// A box was taken as storage rent: its script did not run.
    Rent {
        /// The transaction.
        transaction: TxId,
        /// The box.
        box_id: BoxId,
        /// `pot`, `account`, ...
        kind: &'static str,
    },
    /// Tokens that storage rent had set free were moved or burnt.
    Freed {
        /// The transaction.
        transaction: TxId,
        /// Which.
        piece: Piece,
    },
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rent {
                transaction,
                box_id,
                kind,
            } => write!(
                f,
                "transaction {}: the {kind} in box {box_id} was taken as storage rent",
                String::from(*transaction)
            ),
            Self::Freed { transaction, piece } => write!(
                f,
                "transaction {}: {piece} outside this LETS's boxes were moved or burnt",
                String::from(*transaction)
            ),
        }
    }
}
