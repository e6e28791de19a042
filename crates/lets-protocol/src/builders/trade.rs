//! The trade path: one transaction in which accounts give and take, led by the first of them. Payments, claims, refunds,
//! settlements and an owner's settings are all this one, with more or less in it.

use crate::amount::Amount;
use crate::boxes::account::{AccountBox, Link, Settings};
use crate::boxes::note::{NewNote, NoteBox};
use crate::boxes::{Lets, ParseBoxError};
use crate::memo::MemoTextError;
use crate::proposal::{BuildError, Draft, Funding, MAX_TX_BYTES, Proposal, TxKind, TxParams};
use crate::rules::{self, Flow, RuleViolation};
use crate::units::{Height, NanoErg};
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;

/// A transaction between accounts cannot be made so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TradeError {
    /// A rule of the accounts or notes.
    #[error("rule {}", .0.rule())]
    Rule(RuleViolation),
    /// More boxes than one transaction may cost the network.
    #[error(
        "the transaction would cost the network about {cost}, and nodes take at most {most}: make it of fewer payments or notes"
    )]
    TooCostly {
        /// An estimate from above.
        cost: u64,
        /// The most.
        most: u64,
    },
    /// A sealed memo is too long.
    #[error("the sealed memo has {bytes} bytes, and a note's has at most {most}")]
    Memo {
        /// Its size.
        bytes: usize,
        /// The most.
        most: usize,
    },
    /// The text of a reason cannot be.
    #[error(transparent)]
    Text(#[from] MemoTextError),
    /// The account follows a box, and that box is not at hand.
    #[error("the account's key follows the box with token {token}, which is not at hand")]
    Followed {
        /// The box's token.
        token: String,
    },
    /// The transaction cannot be laid out.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A box that was made does not read as it should.
    #[error(transparent)]
    Parse(#[from] ParseBoxError),
}

impl From<RuleViolation> for TradeError {
    fn from(violation: RuleViolation) -> Self {
        Self::Rule(violation)
    }
}

/// A transaction between accounts, and what it makes.
#[derive(Debug, Clone)]
pub struct Trade {
    /// The transaction.
    pub proposal: Proposal,
    /// The successor of the account that leads and whose owner signs.
    pub leader: AccountBox,
    /// The successors of the other accounts, in the order of the inputs.
    pub others: Vec<AccountBox>,
    /// The notes that it makes, in order.
    pub notes: Vec<NoteBox>,
}

/// How the leading account's owner came to it: what of his register R6 and R5 changes besides the counters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Change {
    pub(crate) smallest_direct: Option<i64>,
    pub(crate) key: Option<SigmaProp>,
    /// Whether no recovery may ever be started.
    pub(crate) refuse_recovery: Option<bool>,
}

/// Another account in the transaction.
pub(crate) struct Other<'a> {
    pub(crate) account: &'a AccountBox,
    pub(crate) flow: Flow,
    /// Its owner signs, whether it loses or gains.
    pub(crate) signs: bool,
}

/// What goes into the transaction, before it is laid out.
pub(crate) struct Plan<'a> {
    pub(crate) lets: &'a Lets,
    pub(crate) kind: TxKind,
    pub(crate) leader: &'a AccountBox,
    /// The box whose key the leader follows, if it follows one.
    pub(crate) followed: Option<&'a ErgoBox>,
    pub(crate) change: Change,
    /// Notes that the leader takes in.
    pub(crate) taken: Vec<&'a NoteBox>,
    pub(crate) others: Vec<Other<'a>>,
    pub(crate) notes: Vec<Draught<'a>>,
    /// What the leader pays to others and into notes, and gets from others.
    pub(crate) flow: Flow,
    /// Memos of the others, in their order; may be shorter.
    pub(crate) memos: Vec<Vec<u8>>,
}

/// A note to be made: to this account, or to whoever proves the claimant.
pub(crate) struct Draught<'a> {
    pub(crate) payee: Option<&'a AccountBox>,
    pub(crate) claimant: SigmaProp,
    pub(crate) amount: Amount,
    pub(crate) expiry: Height,
    pub(crate) memo: Vec<u8>,
}

/// What a transaction costs the network at most, as the reference interpreter reckons it with mainnet parameters, from above:
/// `docs/COSTS.md` has what it really is, and a test holds the two together.
mod cost {
    /// The transaction, and the leader's script.
    pub(super) const BASE: u64 = 20_000;
    /// A note taken in.
    pub(super) const TAKEN: u64 = 3_000;
    /// A note made.
    pub(super) const MADE: u64 = 700;
    /// Another account.
    pub(super) const OTHER: u64 = 5_000;
    /// Another account that signs, for each output: it may have to count all units itself.
    pub(super) const COUNTED: u64 = 600;
    /// A box of the wallet.
    pub(super) const WALLET: u64 = 4_000;
    /// A signature.
    pub(super) const PROOF: u64 = 1_000;
    /// What nodes take in one transaction.
    pub(super) const MOST: u64 = 1_000_000;
}

impl Plan<'_> {
    /// Checks every rule, then lays the transaction out. The fee and the notes' ERG come out of the ERG that the taken
    /// notes bring and that the leader holds above its floor, and what that does not cover out of `funding`.
    pub(crate) fn finish(
        self,
        params: TxParams,
        funding: Option<&Funding>,
    ) -> Result<Trade, TradeError> {
        // Another's wallet may have seen a block more; outputs are never older than inputs.
        let height = self.height(params.height);
        let (lets, created) = (self.lets, height);
        let params = TxParams { height, ..params };
        let settings = self.check(height)?;
        let brought: u64 = self.taken.iter().map(|n| n.value().0).sum();
        let count = u64::try_from(self.notes.len()).unwrap_or(u64::MAX);
        let needed = NoteBox::ERG
            .0
            .saturating_mul(count)
            .saturating_add(params.fee.0);
        let held = self.leader.value().0.saturating_add(brought);
        let least = self.leader.terms().floor.min(self.leader.value()).0;
        let value = NanoErg(held.saturating_sub(needed).max(least));
        let from_account = held.saturating_sub(needed) >= least;

        let mut next = self.leader.successor();
        next.value = value;
        next.units += self.flow.gained - self.flow.paid;
        next.keys.truncate(1);
        next.settings = Settings {
            smallest_direct: self
                .change
                .smallest_direct
                .unwrap_or(settings.smallest_direct),
            recovery: match self.change.refuse_recovery {
                Some(refuse) => refuse.then_some(Settings::REFUSED),
                None => settings.recovery,
            },
            ..settings
        }
        .to_longs();
        if let Some(key) = self.change.key.clone() {
            next.keys = vec![key];
        }
        let limit = rules::classes_after(self.leader, self.flow).to_vec();
        let mut outputs = vec![next.candidate(lets, created).map_err(BuildError::from)?];
        for other in &self.others {
            let mut next = other.account.successor();
            next.units += other.flow.gained - other.flow.paid;
            if other.signs {
                next.settings = self.signed_settings(other, height)?.to_longs();
                next.keys.truncate(1);
            }
            outputs.push(next.candidate(lets, created).map_err(BuildError::from)?);
        }
        for note in &self.notes {
            let note = NewNote {
                payer: self.leader.number(),
                payee: note.payee.map(AccountBox::number),
                claimant: note.claimant.clone(),
                amount: note.amount,
                expiry: note.expiry,
                spend_on: limit.clone(),
                memo: note.memo.clone(),
            };
            outputs.push(note.candidate(lets, created).map_err(BuildError::from)?);
        }
        let accounts = 1 + self.others.len();
        let notes = outputs.len() - accounts;
        let mut signing = vec![0];
        signing.extend(
            (1..)
                .zip(&self.others)
                .filter(|(_, o)| o.signs)
                .map(|(at, _)| at),
        );
        let signers = signing.len();
        let memo_bytes: usize = self.memos.iter().map(|m| m.len() + 2).sum();
        let mut inputs = vec![self.leader.ergo_box().clone()];
        inputs.extend(self.others.iter().map(|o| o.account.ergo_box().clone()));
        inputs.extend(self.taken.iter().map(|n| n.ergo_box().clone()));
        let taken = self.taken.len();
        let draft = Draft {
            inputs,
            data_inputs: self.followed.into_iter().cloned().collect(),
            outputs,
            memos: self.memos,
            ..Draft::of(self.kind)
        };
        let proposal = draft.finish(params, funding.filter(|_| !from_account))?;

        let wallet = proposal.inputs().len() - accounts - taken;
        check_cost(accounts - 1, signers, taken, notes, wallet)?;
        check_bytes(&proposal, signers + wallet, memo_bytes)?;
        let account = |at: usize| -> Result<AccountBox, TradeError> {
            Ok(AccountBox::parse(lets, proposal.output(at)?)?)
        };
        for at in signing {
            rules::check_account_size(proposal.size(at), rules::SPENT_ACCOUNT_BYTES)?;
        }
        let leader = account(0)?;
        let others = (1..accounts).map(account).collect::<Result<_, _>>()?;
        let notes = (accounts..accounts + notes)
            .map(|at| Ok(NoteBox::parse(lets, proposal.output(at)?)?))
            .collect::<Result<_, TradeError>>()?;
        Ok(Trade {
            proposal,
            leader,
            others,
            notes,
        })
    }

    /// The height of all that is made: no box that goes in is younger.
    fn height(&self, height: Height) -> Height {
        let others = self.others.iter().map(|o| o.account.ergo_box());
        let taken = self.taken.iter().map(|n| n.ergo_box());
        others
            .chain(taken)
            .chain([self.leader.ergo_box()])
            .map(|b| Height(b.creation_height))
            .fold(height, Height::max)
    }

    /// The settings of another account after its owner has signed.
    fn signed_settings(&self, other: &Other<'_>, height: Height) -> Result<Settings, TradeError> {
        self.check_signs(other.account)?;
        let classes = self.classes_beside(other.account);
        let after = rules::check_spend(other.account, other.flow, false, height, &classes)?;
        Ok(rules::visibly_signed(other.account, after))
    }

    /// The owner can sign: by his key, or by that of the box at hand.
    fn check_signs(&self, account: &AccountBox) -> Result<(), TradeError> {
        rules::check_leads(account)?;
        let first = |b: &ErgoBox| b.tokens.iter().flatten().next().map(|t| t.token_id);
        match account.link() {
            Link::FollowsBox(token) if self.followed.and_then(first) != Some(*token) => {
                let token = String::from(*token);
                Err(TradeError::Followed { token })
            }
            _ => Ok(()),
        }
    }

    /// Classes of the accounts beside this one.
    fn classes_beside(&self, account: &AccountBox) -> Vec<i64> {
        std::iter::once(self.leader)
            .chain(self.others.iter().map(|o| o.account))
            .filter(|a| a.number() != account.number())
            .map(|a| a.terms().class)
            .collect()
    }

    /// The twins of every rule that this transaction meets, but for those of the accounts that sign beside the leader.
    fn check(&self, height: Height) -> Result<Settings, TradeError> {
        self.check_signs(self.leader)?;
        if !self.taken.is_empty() {
            rules::check_fresh(self.leader, height)?;
            rules::check_once(self.taken.iter().copied())?;
        }
        let mut classes: Vec<i64> = self.classes_beside(self.leader);
        for note in &self.notes {
            if note.amount == Amount::ZERO {
                return Err(RuleViolation::ZeroAmount.into());
            }
            rules::check_life(height, note.expiry)?;
            if note.memo.len() > NoteBox::MAX_MEMO {
                return Err(TradeError::Memo {
                    bytes: note.memo.len(),
                    most: NoteBox::MAX_MEMO,
                });
            }
            if let Some(payee) = note.payee {
                if payee.number() == self.leader.number() {
                    return Err(RuleViolation::SelfPayment.into());
                }
                rules::check_leads(payee)?;
                classes.push(payee.terms().class);
            }
        }
        for other in self.others.iter().filter(|o| !o.signs) {
            rules::check_direct_gain(other.account, Amount::clamped(other.flow.gained))?;
        }
        let settings = rules::check_spend(self.leader, self.flow, true, height, &classes)?;
        Ok(settings)
    }
}

fn check_cost(
    others: usize,
    signers: usize,
    taken: usize,
    notes: usize,
    wallet: usize,
) -> Result<(), TradeError> {
    let times = |count: usize, each: u64| each.saturating_mul(count.try_into().unwrap_or(u64::MAX));
    let outputs = 1 + others + notes;
    let counting = (signers - 1).saturating_mul(outputs);
    let cost = cost::BASE
        + times(taken, cost::TAKEN)
        + times(notes, cost::MADE)
        + times(others, cost::OTHER)
        + times(counting, cost::COUNTED)
        + times(wallet, cost::WALLET)
        + times(signers + wallet, cost::PROOF);
    match cost > cost::MOST {
        true => Err(TradeError::TooCostly {
            cost,
            most: cost::MOST,
        }),
        false => Ok(()),
    }
}

/// A key's signature.
const PROOF_BYTES: usize = 56;
/// An input without its signature: box id, and the lengths of proof and variables.
const INPUT_BYTES: usize = 36;

fn check_bytes(proposal: &Proposal, signatures: usize, memos: usize) -> Result<(), BuildError> {
    let outputs: usize = (0..proposal.outputs().len())
        .map(|at| proposal.size(at))
        .sum();
    let bytes = outputs + proposal.inputs().len() * INPUT_BYTES + signatures * PROOF_BYTES + memos;
    match bytes > MAX_TX_BYTES {
        true => Err(BuildError::TooLarge {
            bytes,
            most: MAX_TX_BYTES,
        }),
        false => Ok(()),
    }
}
