//! The history of a LETS judged again: every transaction that touched its tokens, from the founding on, in the chain's
//! order. Nothing of it is believed because some node or miner has accepted it.
//!
//! [`Replay::apply`] takes one transaction after the other; a fault does not stop it. [`Replay::finish`] compares what is left
//! unspent with what a node lists.

mod fault;
mod judge;
mod spent;
mod why;

pub use fault::{Culprit, Fault, Oddity, Piece, Why, Wrong};
pub use judge::{Judge, Judged};

use crate::boxes::account::AccountBox;
use crate::boxes::charter::CharterBox;
use crate::boxes::common_pot::CommonPot;
use crate::boxes::note::NoteBox;
use crate::boxes::{AccountNumber, Lets, ParseBoxError, amount_of};
use crate::history::{Deed, DeedError, charter_deed, pot_deed};
use crate::units::Height;
use ergo_lib::chain::ergo_state_context::ErgoStateContext;
use ergo_lib::chain::transaction::{Transaction, TransactionError, TxId};
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use judge::{Script, Verdict};
use lets_contracts::Contract;
use spent::Spent;
use std::collections::HashSet;
use std::sync::Arc;

/// A transaction of the past, as a node tells it.
#[derive(Debug, Clone)]
pub struct Told {
    /// The transaction, with its proofs.
    pub transaction: Transaction,
    /// The boxes that it spends, in order.
    pub inputs: Vec<ErgoBox>,
    /// Places of inputs whose boxes are not known: they were made in no block that was read, or hold nothing of the LETS. In
    /// each of these places some box without tokens stands.
    pub unknown: Vec<usize>,
    /// The boxes that it reads, in order.
    pub read: Vec<ReadBox>,
    /// The height of its block.
    pub height: Height,
}

/// A box that a transaction reads, and when it was there.
#[derive(Debug, Clone)]
pub struct ReadBox {
    /// The box.
    pub ergo_box: ErgoBox,
    /// The height of the block that made it; `None` if the node does not tell.
    pub made: Option<Height>,
    /// The height of the block that spent it; `None` while it is unspent, and if the node does not tell.
    pub spent: Option<Height>,
}

impl Told {
    /// Whether the box given for an input is the one that it spends.
    fn fits(&self, place: usize) -> bool {
        let ids = (self.inputs.get(place), self.transaction.inputs.get(place));
        self.unknown.contains(&place)
            || matches!(ids, (Some(given), Some(input)) if given.box_id() == input.box_id)
    }

    fn fits_all(&self) -> bool {
        self.inputs.len() == self.transaction.inputs.len()
            && (0..self.inputs.len()).all(|place| self.fits(place))
    }

    /// The token that it mints, if it mints one.
    fn minted(&self) -> TokenId {
        TokenId::from(self.transaction.inputs.first().box_id)
    }

    /// The transaction as scripts see it: with the boxes that stand for unknown ones among its inputs.
    fn seen(&self) -> Result<Transaction, TransactionError> {
        let mut inputs = self.transaction.inputs.as_vec().clone();
        for place in &self.unknown {
            if let (Some(input), Some(given)) = (inputs.get_mut(*place), self.inputs.get(*place)) {
                input.box_id = given.box_id();
            }
        }
        let read = self.transaction.data_inputs.iter().flatten().cloned();
        let outputs = self.transaction.output_candidates.as_vec().clone();
        Transaction::new_from_vec(inputs, read.collect(), outputs)
    }

    /// Whether the charter is its first data input: so the pot's script knows the committee.
    fn by_committee(&self, lets: &Lets) -> bool {
        let first = self.read.first().and_then(|b| b.ergo_box.tokens.as_ref());
        first.is_some_and(|tokens| tokens.first().token_id == lets.ids().charter_nft.into())
    }
}

/// What the manifest says of the founding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genesis {
    /// The transactions, in order: those that mint charter NFT, pot NFT, membership tokens and units, and the one that makes
    /// charter and pot.
    pub transactions: [TxId; 5],
    /// Membership tokens minted.
    pub memberships: i64,
    /// Units minted.
    pub units: i64,
}

/// Something that was done, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The transaction.
    pub transaction: TxId,
    /// The height of its block.
    pub height: Height,
    /// What it did.
    pub deed: Deed,
}

/// What a replay found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Everything that was done with pot and charter, in the chain's order.
    pub deeds: Vec<Done>,
    /// Everything that is wrong.
    pub faults: Vec<Fault>,
    /// Everything that is allowed and worth a look.
    pub oddities: Vec<Oddity>,
    /// How many transactions were judged.
    pub transactions: usize,
    /// How many scripts ran for them.
    pub scripts: usize,
}

/// See the module.
#[derive(Debug)]
pub struct Replay<'a> {
    lets: &'a Lets,
    genesis: Genesis,
    judge: Arc<Judge>,
    unspent: HashSet<BoxId>,
    spent: Spent,
    found: Replayed,
}

impl<'a> Replay<'a> {
    /// A replay that has seen nothing yet. `chain` is the chain of any height: the scripts read its height alone, and
    /// each transaction is judged at its own.
    pub fn new(lets: &'a Lets, genesis: Genesis, chain: ErgoStateContext) -> Self {
        Self {
            lets,
            genesis,
            judge: Arc::new(Judge::new(lets, chain)),
            unspent: HashSet::new(),
            spent: Spent::default(),
            found: Replayed::default(),
        }
    }

    /// A fault that shows before a transaction can be judged.
    pub fn fault(&mut self, culprit: Culprit, wrong: Wrong) {
        self.found.faults.push(Fault { culprit, wrong });
    }

    /// What runs scripts for this replay, on any thread.
    pub fn judge(&self) -> Arc<Judge> {
        self.judge.clone()
    }

    /// The next transaction in the chain's order.
    pub fn apply(&mut self, told: &Told) {
        let judged = self.judge.judge(told);
        self.apply_judged(told, judged);
    }

    /// The same with what [`Judge::judge`] made of it.
    pub fn apply_judged(&mut self, told: &Told, judged: Judged) {
        let id = told.transaction.id();
        self.found.transactions += 1;
        if !told.fits_all() {
            self.wrong(
                id,
                Wrong::Untrue("it gives other boxes than those spent".to_owned()),
            );
        }
        self.spend(told);
        self.check_read(told);
        let taken_as_rent = self.take(id, judged);
        let freed = told
            .inputs
            .iter()
            .any(|b| taken_as_rent.contains(&b.box_id()) || self.is_stray(b));
        self.conserve(told, freed);
        match self.genesis.transactions.iter().position(|t| *t == id) {
            Some(step) => self.found_step(told, step),
            None => {
                let admitted = self.deeds(told);
                self.check_outputs(told, freed, admitted);
            }
        }
        for made in &told.transaction.outputs {
            if piece_in(self.lets, made).is_some() {
                self.unspent.insert(made.box_id());
            }
            if made.creation_height > told.height.0 {
                let created = Height(made.creation_height);
                self.wrong(
                    id,
                    Wrong::Future {
                        box_id: made.box_id(),
                        created,
                    },
                );
            }
        }
    }

    /// Ends the replay: the boxes with tokens of the LETS that a node lists as unspent must be those that are left.
    pub fn finish(mut self, listed: impl IntoIterator<Item = BoxId>) -> Replayed {
        let listed: HashSet<BoxId> = listed.into_iter().collect();
        let differing = |left: &HashSet<BoxId>, right: &HashSet<BoxId>| -> Vec<BoxId> {
            let mut ids: Vec<BoxId> = left.difference(right).copied().collect();
            ids.sort_by_key(ToString::to_string);
            ids
        };
        for id in differing(&self.unspent, &listed) {
            self.fault(Culprit::Box(id), Wrong::Hidden);
        }
        for id in differing(&listed, &self.unspent) {
            self.fault(Culprit::Box(id), Wrong::Unaccounted);
        }
        self.end()
    }

    /// Ends it where nobody can tell what is unspent.
    pub fn end(self) -> Replayed {
        self.found
    }

    fn wrong(&mut self, transaction: TxId, wrong: Wrong) {
        self.found.faults.push(Fault::of(transaction, wrong));
    }

    /// A box that holds tokens of the LETS and is none of its boxes.
    fn is_stray(&self, ergo_box: &ErgoBox) -> bool {
        piece_in(self.lets, ergo_box).is_some() && contract_of(self.lets, ergo_box).is_none()
    }

    fn spend(&mut self, told: &Told) {
        let id = told.transaction.id();
        for spent in &told.inputs {
            let box_id = spent.box_id();
            if piece_in(self.lets, spent).is_none() {
                continue;
            }
            if !self.unspent.remove(&box_id) {
                let wrong = match self.spent.at(&box_id) {
                    Some(first) => Wrong::SpentTwice { box_id, first },
                    None => Wrong::Unmade(box_id),
                };
                self.wrong(id, wrong);
            }
            self.spent.put(&box_id, told.height);
        }
        let unknown = told.unknown.iter();
        for input in unknown.filter_map(|at| told.transaction.inputs.get(*at)) {
            let box_id = input.box_id;
            if let Some(first) = self.spent.at(&box_id) {
                self.wrong(id, Wrong::SpentTwice { box_id, first });
            }
        }
    }

    /// A data input is read as of the block's beginning, or was made in it: a box spent in the same block still counts.
    fn check_read(&mut self, told: &Told) {
        let ids = told.transaction.data_inputs.iter().flatten();
        let complete = told.read.len() == ids.clone().count()
            && told
                .read
                .iter()
                .zip(ids)
                .all(|(given, input)| given.ergo_box.box_id() == input.box_id);
        if !complete {
            let why = "it gives other boxes than those read".to_owned();
            self.wrong(told.transaction.id(), Wrong::Untrue(why));
        }
        for read in &told.read {
            let box_id = read.ergo_box.box_id();
            let there = if piece_in(self.lets, &read.ergo_box).is_some() {
                self.unspent.contains(&box_id) || self.spent.at(&box_id) == Some(told.height)
            } else {
                read.made.is_none_or(|at| at <= told.height)
                    && read.spent.is_none_or(|at| at >= told.height)
            };
            if !there {
                self.wrong(told.transaction.id(), Wrong::Unread(box_id));
            }
        }
    }

    /// Takes down what the scripts said. Returns the boxes taken as storage rent.
    fn take(&mut self, id: TxId, judged: Judged) -> HashSet<BoxId> {
        let mut rent = HashSet::new();
        self.found.scripts += judged.scripts.len();
        if let Some(why) = judged.untrue {
            self.wrong(id, Wrong::Untrue(why));
        }
        for Script {
            box_id,
            kind,
            verdict,
            why,
        } in judged.scripts
        {
            match verdict {
                Verdict::Passed => {}
                Verdict::Rent => {
                    rent.insert(box_id);
                    self.found.oddities.push(Oddity::Rent {
                        transaction: id,
                        box_id,
                        kind,
                    });
                }
                Verdict::Refused => self.wrong(id, Wrong::Refused { box_id, kind, why }),
                Verdict::Unproven => self.wrong(id, Wrong::Unproven { box_id, kind }),
            }
        }
        rent
    }

    /// No token of the LETS comes from nothing, but where its own transaction mints it; none vanishes that a script guards.
    fn conserve(&mut self, told: &Told, freed: bool) {
        let id = told.transaction.id();
        for (piece, token) in pieces(self.lets) {
            let spent = total(told.inputs.iter(), token);
            let made = total(told.transaction.outputs.iter(), token);
            if made > spent && told.minted() != token {
                self.wrong(id, Wrong::Minted { piece, spent, made });
            } else if made < spent && freed {
                self.found.oddities.push(Oddity::Freed {
                    transaction: id,
                    piece,
                });
            } else if made < spent {
                self.wrong(id, Wrong::Lost { piece, spent, made });
            }
        }
    }

    fn found_step(&mut self, told: &Told, step: usize) {
        let id = told.transaction.id();
        let outputs = &told.transaction.outputs;
        let supplies = [1, 1, self.genesis.memberships, self.genesis.units];
        let token = pieces(self.lets).get(step).map(|(_, token)| *token);
        let wrong = match (token, supplies.get(step)) {
            (Some(token), Some(supply)) => {
                let minted = total(outputs.iter(), token);
                (told.minted() != token || minted != *supply)
                    .then_some("it did not mint its token, or not as many")
            }
            _ => {
                self.found.deeds.push(Done {
                    transaction: id,
                    height: told.height,
                    deed: Deed::Founded,
                });
                let pot = outputs
                    .get(1)
                    .and_then(|b| CommonPot::parse(self.lets, b).ok());
                let good = CharterBox::parse(self.lets, outputs.first()).is_ok()
                    && pot.is_some_and(|pot| {
                        pot.units() == self.genesis.units
                            && pot.memberships() == self.genesis.memberships
                    });
                (!good).then_some("it did not make the charter and the full pot")
            }
        };
        if let Some(what) = wrong {
            self.wrong(id, Wrong::Founding(what));
        }
    }

    /// What was done with pot and charter. Returns the account that was opened, if any.
    fn deeds(&mut self, told: &Told) -> Option<AccountNumber> {
        let id = told.transaction.id();
        let outputs = told.transaction.outputs.as_slice();
        let touches = |token: TokenId| {
            let mut boxes = told.inputs.iter().chain(outputs);
            boxes.any(|b| amount_of(b, token) > 0)
        };
        let mut done = Vec::new();
        if touches(self.lets.ids().pot_nft.into()) {
            let by_committee = told.by_committee(self.lets);
            done.push((
                "the pot",
                pot_deed(self.lets, &told.inputs, outputs, by_committee),
            ));
        }
        if touches(self.lets.ids().charter_nft.into()) {
            done.push((
                "the charter",
                charter_deed(self.lets, &told.inputs, outputs),
            ));
        }
        let mut admitted = None;
        for (what, deed) in done {
            // Only the founding makes one without spending one.
            let deed = deed.and_then(|deed| match deed {
                Deed::Founded => Err(DeedError {
                    what,
                    why: "it was made a second time",
                }),
                deed => Ok(deed),
            });
            match deed {
                Ok(deed) => {
                    if let Deed::Admitted { account, .. } | Deed::Joined { account, .. } = &deed {
                        admitted = Some(*account);
                    }
                    self.found.deeds.push(Done {
                        transaction: id,
                        height: told.height,
                        deed,
                    });
                }
                Err(e) => self.wrong(id, Wrong::Deed(e)),
            }
        }
        admitted
    }

    /// Tokens of the LETS go into its boxes, and accounts come of accounts or of an admission.
    fn check_outputs(&mut self, told: &Told, freed: bool, admitted: Option<AccountNumber>) {
        let id = told.transaction.id();
        let mut accounts: HashSet<AccountNumber> = told
            .inputs
            .iter()
            .filter_map(|b| Some(AccountBox::parse(self.lets, b).ok()?.number()))
            .collect();
        // The new account's token is the one that this transaction mints.
        let minted = AccountNumber::from(told.minted());
        accounts.extend(admitted.filter(|account| *account == minted));
        for made in &told.transaction.outputs {
            let Some(piece) = piece_in(self.lets, made) else {
                continue;
            };
            match read(self.lets, made) {
                Some(Ok(Kind::Account(account))) => {
                    let account = account.number();
                    if !accounts.remove(&account) {
                        let box_id = made.box_id();
                        self.wrong(id, Wrong::Unadmitted { account, box_id });
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(e)) => self.wrong(id, Wrong::Malformed(e)),
                None if freed => self.found.oddities.push(Oddity::Freed {
                    transaction: id,
                    piece,
                }),
                None => {
                    let box_id = made.box_id();
                    self.wrong(id, Wrong::Escaped { box_id, piece });
                }
            }
        }
    }
}

/// A box of a LETS.
pub(crate) enum Kind {
    Charter(Box<CharterBox>),
    Pot(CommonPot),
    Account(AccountBox),
    Note(NoteBox),
}

/// The box of the LETS that this is by its script; `None` if its script is none that holds tokens of the LETS.
pub(crate) fn read(lets: &Lets, ergo_box: &ErgoBox) -> Option<Result<Kind, ParseBoxError>> {
    Some(match contract_of(lets, ergo_box)?.name() {
        "charter" => CharterBox::parse(lets, ergo_box).map(|b| Kind::Charter(Box::new(b))),
        "pot" | "open pot" => CommonPot::parse(lets, ergo_box).map(Kind::Pot),
        "account" => AccountBox::parse(lets, ergo_box).map(Kind::Account),
        "note" => NoteBox::parse(lets, ergo_box).map(Kind::Note),
        _ => return None,
    })
}

/// Which of the LETS's scripts guards the box.
fn contract_of<'l>(lets: &'l Lets, ergo_box: &ErgoBox) -> Option<&'l Contract> {
    let all = lets.contracts().all();
    all.into_iter()
        .find(|contract| contract.is(&ergo_box.ergo_tree))
}

fn pieces(lets: &Lets) -> [(Piece, TokenId); 4] {
    let [charter_nft, pot_nft, membership, unit] = lets.tokens();
    [
        (Piece::CharterNft, charter_nft),
        (Piece::PotNft, pot_nft),
        (Piece::Membership, membership),
        (Piece::Unit, unit),
    ]
}

/// The first token of the LETS that the box holds.
pub(crate) fn piece_in(lets: &Lets, ergo_box: &ErgoBox) -> Option<Piece> {
    pieces(lets)
        .into_iter()
        .find(|(_, token)| amount_of(ergo_box, *token) > 0)
        .map(|(piece, _)| piece)
}

fn total<'b>(boxes: impl Iterator<Item = &'b ErgoBox>, token: TokenId) -> i64 {
    boxes.fold(0, |sum, b| sum.saturating_add(amount_of(b, token)))
}
