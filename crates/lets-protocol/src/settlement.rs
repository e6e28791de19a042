//! A settlement as somebody else hands it over: read from bytes, and trusted in nothing.
//!
//! Whoever signs a settlement signs a whole transaction that another one laid out. So the reader takes only what
//! [`crate::settle`] itself would make of the same boxes: each account's successor is made anew and must be the output byte
//! for byte, the fee's box is the only other output, and nothing else stands in the transaction.

mod layout;
#[cfg(test)]
mod tests;

use crate::boxes::account::{AccountBox, NewAccount};
use crate::boxes::{AccountNumber, Lets, MakeBoxError, ParseBoxError, runnable};
use crate::builders::settle::{self, Leg};
use crate::proposal::{BuildError, MAX_TX_BYTES, Proposal, TxParams, fee_box};
use crate::rules::{self, Flow};
use crate::units::{Blocks, Height, NanoErg};
use ergo_lib::chain::transaction::unsigned::UnsignedTransaction;
use ergo_lib::chain::transaction::{DataInput, Transaction, TxId, UnsignedInput};
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate};
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::wallet::miner_fee::MINERS_FEE_ADDRESS;
use ergo_lib::wallet::tx_context::TransactionContext;
use lets_contracts::Contract;

/// The most bytes of a box (mainnet).
const MAX_BOX_BYTES: usize = 4_096;

/// What is handed over is no settlement of this LETS. Inputs and outputs are counted from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettlementError {
    /// The transaction is larger than nodes take.
    #[error("the transaction has {bytes} bytes, and nodes take at most {MAX_TX_BYTES}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The bytes are no transaction.
    #[error("the transaction cannot be read: {0}")]
    Transaction(String),
    /// The bytes are no box.
    #[error("box {input} cannot be read: {why}")]
    Box {
        /// Which box.
        input: usize,
        /// What is wrong with it.
        why: String,
    },
    /// More or fewer boxes than inputs.
    #[error("the transaction spends {inputs} boxes, and {boxes} come with it")]
    BoxCount {
        /// Inputs of the transaction.
        inputs: usize,
        /// Boxes handed over.
        boxes: usize,
    },
    /// Another box than the one that the transaction spends.
    #[error(
        "box {input} was altered: its contents have the id {found}, and the transaction spends {spent}"
    )]
    BoxId {
        /// Which box.
        input: usize,
        /// The id of its contents.
        found: String,
        /// The id that the transaction names.
        spent: String,
    },
    /// The transaction reads boxes, which no settlement does.
    #[error(
        "the transaction reads {0} boxes beside those that it spends, and a settlement reads none"
    )]
    DataInputs(usize),
    /// The transaction has context variables, which no settlement has.
    #[error("input {input} has context variables, and a settlement has none")]
    Variables {
        /// The input.
        input: usize,
    },
    /// It spends a box with another script than this LETS's accounts have.
    #[error("input {input} is no account of this LETS: it has another script")]
    Foreign {
        /// The input.
        input: usize,
    },
    /// It makes a box with another script than accounts and fees have.
    #[error("output {output} is neither an account of this LETS nor a fee: it has another script")]
    Script {
        /// The output.
        output: usize,
    },
    /// It spends a box that is no account of this LETS.
    #[error("input {input} is no account of this LETS: {cause}")]
    Input {
        /// The input.
        input: usize,
        /// Why not.
        cause: ParseBoxError,
    },
    /// The same account twice.
    #[error("account {0} stands in it twice")]
    Twice(AccountNumber),
    /// Outputs beyond the accounts' successors and the fee, or fewer.
    #[error(
        "the transaction makes {found} boxes, and must make {expected}: one for each account, and the fee's"
    )]
    OutputCount {
        /// How many there are.
        found: usize,
        /// How many there must be.
        expected: usize,
    },
    /// An output that must be an account is none.
    #[error("output {output} is not the account that it must be: {cause}")]
    Output {
        /// The output.
        output: usize,
        /// Why not.
        cause: ParseBoxError,
    },
    /// An account would come out of it with more changed than a settlement changes.
    #[error("account {account} would come out with another {what}, which no settlement changes")]
    Altered {
        /// The account.
        account: AccountNumber,
        /// What differs.
        what: &'static str,
    },
    /// The last output is not the fee's box.
    #[error("the last output is not the box of the miner's fee")]
    Fee,
    /// The accounts together would not hold what they held.
    #[error("the accounts together would gain {0} units, which must be 0")]
    Sum(i64),
    /// The list of payments says something else than the transaction does.
    #[error(
        "the list of payments is not what the transaction does: account {account} would gain {does} units, not {says}"
    )]
    Payments {
        /// The first account on which they differ.
        account: AccountNumber,
        /// What the transaction does.
        does: i64,
        /// What the list says.
        says: i64,
    },
    /// An account stands in one of the two only, or another one leads.
    #[error(
        "the list of payments is not what the transaction does: they differ on the part of account {account}"
    )]
    Parties {
        /// The account.
        account: AccountNumber,
    },
    /// A box cannot be made anew.
    #[error(transparent)]
    Make(#[from] MakeBoxError),
}

/// One account in a settlement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// The account as the transaction finds it.
    pub before: AccountBox,
    /// The account as the transaction leaves it.
    pub after: AccountBox,
}

impl Party {
    /// The account's number.
    pub fn number(&self) -> AccountNumber {
        self.before.number()
    }

    /// Units that it gains (positive) or loses (negative).
    pub fn gain(&self) -> i64 {
        self.after.units().saturating_sub(self.before.units())
    }
}

/// A transaction that is a settlement between accounts of one LETS, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    tx: UnsignedTransaction,
    parties: Vec<Party>,
    fee: NanoErg,
    height: Height,
}

impl Settlement {
    /// Reads a settlement of this LETS from a transaction without proofs and the boxes that it spends, in their order, all
    /// in Ergo's own bytes.
    ///
    /// # Errors
    /// [`SettlementError`] naming the first thing that no settlement of this LETS has.
    pub fn read(lets: &Lets, tx: &[u8], boxes: &[Vec<u8>]) -> Result<Self, SettlementError> {
        let account = &lets.contracts().account;
        let tx = read_transaction(tx, account)?;
        let inputs = tx.inputs.len();
        if boxes.len() != inputs {
            return Err(SettlementError::BoxCount {
                inputs,
                boxes: boxes.len(),
            });
        }
        let mut before: Vec<AccountBox> = Vec::with_capacity(inputs);
        for (input, (unsigned, bytes)) in tx.inputs.iter().zip(boxes).enumerate() {
            let ergo_box = read_box(input, bytes, account)?;
            // The id is a hash of the contents that were read just now.
            if ergo_box.box_id() != unsigned.box_id {
                return Err(SettlementError::BoxId {
                    input,
                    found: ergo_box.box_id().to_string(),
                    spent: unsigned.box_id.to_string(),
                });
            }
            let account = AccountBox::parse(lets, &ergo_box)
                .map_err(|cause| SettlementError::Input { input, cause })?;
            if before.iter().any(|a| a.number() == account.number()) {
                return Err(SettlementError::Twice(account.number()));
            }
            before.push(account);
        }
        let (fee, height) = check_fee(&tx, inputs)?;
        let mut parties = Vec::with_capacity(inputs);
        for (at, before) in before.into_iter().enumerate() {
            let after = successor(lets, &tx, at, &before, fee, height)?;
            parties.push(Party { before, after });
        }
        let sum = parties
            .iter()
            .fold(0, |sum: i64, p| sum.saturating_add(p.gain()));
        if sum != 0 {
            return Err(SettlementError::Sum(sum));
        }
        Ok(Self {
            tx,
            parties,
            fee,
            height,
        })
    }

    /// A proposal as it is handed over, read back.
    ///
    /// # Errors
    /// [`SettlementError`] if it is none that [`crate::settle`] made without boxes of a wallet.
    pub fn of(lets: &Lets, proposal: &Proposal) -> Result<Self, SettlementError> {
        let tx = tx_bytes(proposal.unsigned())?;
        let boxes: Result<Vec<_>, _> = proposal
            .inputs()
            .iter()
            .enumerate()
            .map(box_bytes)
            .collect();
        Self::read(lets, &tx, &boxes?)
    }

    /// The transaction's id, which signatures do not change.
    pub fn tx_id(&self) -> TxId {
        self.tx.id()
    }

    /// The transaction.
    pub fn unsigned(&self) -> &UnsignedTransaction {
        &self.tx
    }

    /// The accounts in the order of the inputs; the first leads and pays the fee.
    pub fn parties(&self) -> &[Party] {
        &self.parties
    }

    /// The miner fee.
    pub fn fee(&self) -> NanoErg {
        self.fee
    }

    /// When it was made.
    pub fn height(&self) -> Height {
        self.height
    }

    /// The last height at which the scripts let it pass.
    pub fn last_height(&self) -> Height {
        Height(self.height.plus(Blocks::RECENT).0.saturating_sub(1))
    }

    /// The transaction's bytes, as [`Settlement::read`] takes them.
    ///
    /// # Errors
    /// [`SettlementError::Transaction`], which cannot happen with one that was read.
    pub fn tx_bytes(&self) -> Result<Vec<u8>, SettlementError> {
        tx_bytes(&self.tx)
    }

    /// The bytes of the boxes that it spends, as [`Settlement::read`] takes them.
    ///
    /// # Errors
    /// [`SettlementError::Box`], which cannot happen with those that were read.
    pub fn box_bytes(&self) -> Result<Vec<Vec<u8>>, SettlementError> {
        let boxes = self.parties.iter().map(|p| p.before.ergo_box());
        boxes.enumerate().map(box_bytes).collect()
    }

    /// The unsigned transaction with the boxes it spends, as signers take it.
    ///
    /// # Errors
    /// [`BuildError::Transaction`] if ergo-lib refuses it.
    pub fn context(&self) -> Result<TransactionContext<UnsignedTransaction>, BuildError> {
        let boxes = self.parties.iter().map(|p| p.before.ergo_box().clone());
        let boxes: Vec<ErgoBox> = boxes.collect();
        TransactionContext::new(self.tx.clone(), runnable(&boxes), Vec::new())
            .map_err(|e| BuildError::Transaction(e.to_string()))
    }

    /// Do these payments come to what the transaction does? Each account must gain or lose the same in both, the same
    /// accounts must stand in both, and the first payer must lead.
    ///
    /// # Errors
    /// [`SettlementError::Payments`], [`SettlementError::Parties`].
    pub fn check_payments(&self, legs: &[Leg]) -> Result<(), SettlementError> {
        let listed = |number| legs.iter().any(|l| l.from == number || l.to == number);
        let known = |number| self.parties.iter().any(|p| p.number() == number);
        let leads = legs.first().map(|leg| leg.from);
        for (at, party) in self.parties.iter().enumerate() {
            let account = party.number();
            if !listed(account) || (at == 0 && leads != Some(account)) {
                return Err(SettlementError::Parties { account });
            }
            let (does, says) = (party.gain(), settle::flow_of(legs, account).net());
            if does != says {
                return Err(SettlementError::Payments {
                    account,
                    does,
                    says,
                });
            }
        }
        match legs
            .iter()
            .flat_map(|l| [l.from, l.to])
            .find(|n| !known(*n))
        {
            Some(account) => Err(SettlementError::Parties { account }),
            None => Ok(()),
        }
    }
}

fn read_transaction(
    bytes: &[u8],
    account: &Contract,
) -> Result<UnsignedTransaction, SettlementError> {
    let fault = |e: &dyn std::fmt::Display| SettlementError::Transaction(e.to_string());
    if bytes.len() > MAX_TX_BYTES {
        return Err(SettlementError::TooLarge { bytes: bytes.len() });
    }
    let fee = MINERS_FEE_ADDRESS.script().map_err(|e| fault(&e))?;
    let fee = fee.sigma_serialize_bytes().map_err(|e| fault(&e))?;
    layout::check_transaction(bytes, account.bytes(), &fee)?;
    let tx = Transaction::sigma_parse_bytes(bytes).map_err(|e| fault(&e))?;
    let inputs = tx
        .inputs
        .iter()
        .map(|i| UnsignedInput::new(i.box_id, i.spending_proof.extension.clone()));
    let read: Vec<DataInput> = tx.data_inputs.iter().flatten().cloned().collect();
    let mut outputs: Vec<ErgoBoxCandidate> = tx.output_candidates.iter().cloned().collect();
    for output in &mut outputs {
        if account.is(&output.ergo_tree) {
            output.ergo_tree = account.tree().clone();
        }
    }
    let unsigned = UnsignedTransaction::new_from_vec(inputs.collect(), read, outputs)
        .map_err(|e| fault(&e))?;
    // Written back it must be the same: no proofs, nothing behind it, nothing that was passed over.
    match unsigned.bytes_to_sign() {
        Ok(again) if again == bytes => Ok(unsigned),
        Ok(_) => Err(fault(&"it holds proofs, or bytes that mean nothing")),
        Err(e) => Err(fault(&e)),
    }
}

fn read_box(input: usize, bytes: &[u8], account: &Contract) -> Result<ErgoBox, SettlementError> {
    let fault = |why: String| SettlementError::Box { input, why };
    if bytes.len() > MAX_BOX_BYTES {
        return Err(fault(format!(
            "it has {} bytes, and a box has at most {MAX_BOX_BYTES}",
            bytes.len()
        )));
    }
    layout::check_box(input, bytes, account.bytes())?;
    let mut ergo_box = ErgoBox::sigma_parse_bytes(bytes).map_err(|e| fault(e.to_string()))?;
    if account.is(&ergo_box.ergo_tree) {
        ergo_box.ergo_tree = account.tree().clone();
    }
    match ergo_box.sigma_serialize_bytes() {
        Ok(again) if again == bytes => Ok(ergo_box),
        Ok(_) => Err(fault("it holds bytes that mean nothing".to_owned())),
        Err(e) => Err(fault(e.to_string())),
    }
}

fn tx_bytes(tx: &UnsignedTransaction) -> Result<Vec<u8>, SettlementError> {
    tx.bytes_to_sign()
        .map_err(|e| SettlementError::Transaction(e.to_string()))
}

fn box_bytes((input, ergo_box): (usize, &ErgoBox)) -> Result<Vec<u8>, SettlementError> {
    ergo_box
        .sigma_serialize_bytes()
        .map_err(|e| SettlementError::Box {
            input,
            why: e.to_string(),
        })
}

/// The fee and the height at which all outputs are made, if there are as many outputs as must be and the last is the fee's.
fn check_fee(
    tx: &UnsignedTransaction,
    accounts: usize,
) -> Result<(NanoErg, Height), SettlementError> {
    let (found, expected) = (tx.output_candidates.len(), accounts + 1);
    if found != expected {
        return Err(SettlementError::OutputCount { found, expected });
    }
    let last = tx.output_candidates.last();
    let (fee, height) = (NanoErg::from(last.value), Height(last.creation_height));
    let wanted = fee_box(TxParams { height, fee }).map_err(|_| SettlementError::Fee)?;
    match same(tx, accounts, last, &wanted) {
        true => Ok((fee, height)),
        false => Err(SettlementError::Fee),
    }
}

/// Whether the two would be the same box as this output of the transaction: a box's id is a hash of all that it holds.
fn same(
    tx: &UnsignedTransaction,
    output: usize,
    found: &ErgoBoxCandidate,
    wanted: &ErgoBoxCandidate,
) -> bool {
    let id = |candidate| {
        let place = u16::try_from(output).ok()?;
        let made = ErgoBox::from_box_candidate(candidate, tx.id(), place).ok()?;
        Some(made.box_id())
    };
    id(wanted).is_some_and(|wanted| id(found) == Some(wanted))
}

/// The account's successor in the transaction, if it is one that a settlement makes.
fn successor(
    lets: &Lets,
    tx: &UnsignedTransaction,
    at: usize,
    before: &AccountBox,
    fee: NanoErg,
    height: Height,
) -> Result<AccountBox, SettlementError> {
    let fault = |why: String| SettlementError::Transaction(why);
    let found = tx
        .output_candidates
        .get(at)
        .ok_or_else(|| fault(format!("there is no output {at}")))?;
    let place = u16::try_from(at).map_err(|e| fault(e.to_string()))?;
    let made =
        ErgoBox::from_box_candidate(found, tx.id(), place).map_err(|e| fault(e.to_string()))?;
    let after = AccountBox::parse(lets, &made)
        .map_err(|cause| SettlementError::Output { output: at, cause })?;
    let gain = after.units().saturating_sub(before.units());
    let flow = Flow {
        gained: gain.max(0),
        paid: gain.min(0).saturating_neg(),
    };
    let (leads, value) = match at {
        0 => (true, before.value().minus(fee)),
        _ => (false, Some(before.value())),
    };
    let next = NewAccount {
        units: after.units(),
        // The leader's ERG pays the fee, and nobody else's anything.
        value: value.ok_or_else(|| altered(before, "amount of ERG"))?,
        ..before.successor()
    };
    let mut signed = next.clone();
    signed.keys.truncate(1);
    let settings = match leads {
        true => rules::settings_leading(before, flow, height),
        false => rules::settings_beside(before, flow, height),
    };
    signed.settings = settings
        .map_err(|_| altered(before, "counter of credit used"))?
        .to_longs();
    let fits = |wanted: NewAccount| -> Result<bool, SettlementError> {
        Ok(same(tx, at, found, &wanted.candidate(lets, height)?))
    };
    if fits(signed)? || (!leads && fits(next)?) {
        return Ok(after);
    }
    Err(altered(before, difference(before, &after, value, height)))
}

fn altered(account: &AccountBox, what: &'static str) -> SettlementError {
    SettlementError::Altered {
        account: account.number(),
        what,
    }
}

/// What of the account differs that must not.
fn difference(
    before: &AccountBox,
    after: &AccountBox,
    value: Option<NanoErg>,
    height: Height,
) -> &'static str {
    let (old, new) = (before.settings(), after.settings());
    if after.number() != before.number() {
        "number"
    } else if after.owner() != before.owner() || after.heir().is_some() {
        "key"
    } else if after.terms() != before.terms() {
        "line, cap or other terms"
    } else if after.link() != before.link() {
        "link to who else may act for it"
    } else if Some(after.value()) != value {
        "amount of ERG"
    } else if new.smallest_direct != old.smallest_direct
        || new.refuses_recovery() != old.refuses_recovery()
    {
        "setting of its owner"
    } else if after.created() != height {
        "height of creation than the rest"
    } else {
        "state of its counters or tokens"
    }
}
