//! Signing together: k of n keys on different machines make one proof, over files.
//!
//! [`partial`](crate::assemble) joins proofs of different inputs. Here the keys of *one* input, such as
//! `atLeast(2, committee)`, are in different hands and never meet. It takes two turns of each signer:
//!
//! 1. [`Round::commit`]. A signer draws a random number for each place of his key, its *nonce*, and puts the
//!    *commitment* to it into the file. He keeps the [`Nonces`].
//! 2. [`Round::answer`]. Once k have committed, everybody can compute the challenge of each of them, and each
//!    gives his *answer* to it, in any order.
//!
//! [`Round::finish`] makes the signed transaction. The last of the k may commit and answer in one turn
//! ([`Round::commit_and_answer`]), and so may somebody whose inputs ask for his key alone, such as who pays the
//! fee. The file, [`RoundFile`], is public; the transaction, its boxes and the headers come from the caller, and
//! everything in a file is checked against them before it is used.
//!
//! # Why a nonce is used once
//!
//! An answer is `z = r + e x`, with the nonce `r`, the challenge `e` and the key `x`. Two answers to different
//! challenges with the same `r` give `x` to everybody. The challenge depends on the transaction and on all
//! commitments; so whoever can make a signer answer again after swapping somebody else's commitment has his key.
//! Against this stand, in this order:
//!
//! - The [`Nonces`] belong to one transaction and one round, and to one proposition at each input. Answering
//!   anything else with them is an error.
//! - Before an answer is made, the [`AnswerLog`] writes down, under the name of each nonce, a hash of all that its
//!   challenge depends on. The log keeps the first entry for ever. When a file with other commitments is
//!   presented later, the hash is another one, and the answer is [`AnswerError::AlreadyAnswered`]: a signer is
//!   stuck with the file that he answered in, and if that one cannot be finished, all start a new round with new
//!   nonces. When the same commitments are presented again, the answer is the same number as before, and gives
//!   away nothing.
//! - It does not help to forget the log but keep the [`Nonces`] in memory: they remember it as well.
//! - It does not help to restore a copy of the nonces, or to run two programs at once: the log decides, not the
//!   nonces. What nothing in a program can prevent is a log and nonces that are restored together from an old
//!   backup.
//! - [`Round::commit_and_answer`] needs no log: its nonces never leave the function.
//!
//! # Why the simulated proofs are not free to choose
//!
//! The n - k keys that do not sign get simulated proofs, each with a challenge of its own; the challenges of the
//! others follow from these and from the hash. In EIP-11 the first who answers chooses them. If one of the n - k
//! is a cheat, he need not simulate: with his key he can answer *any* challenge, so he can choose it after the
//! hash is known, and thereby choose the challenge of an honest signer, for instance the one that belongs to a
//! transaction of the cheat's own with the same commitment. In a committee of 2 of 3, one cheat then needs one
//! honest answer on a harmless transaction to sign another one (`tests/together_forgery.rs` does it). So here all simulated proofs are computed from a
//! hash of the commitments, everybody computes them for himself, and a file with others is refused
//! ([`RoundFileError::Simulated`]). The round's random name is hashed with them, so that the chain does not show
//! who signed.
//!
//! # Why few nonces may be open
//!
//! Who sees many commitments of one key before he makes his own can, with enough computing, combine the answers
//! to them into an answer nobody gave (Drijvers et al. 2019; Benhamouda et al. 2020, for any scheme of two turns
//! like this one). With challenges of 192 bits it takes about 2^96 steps with one open nonce, 2^64 with three,
//! 2^38 with fifteen, and little with some hundreds. So [`Round::commit`] refuses more than [`MAX_OPEN_NONCES`] of
//! one key in a transaction. Over several rounds the caller must count: let one key take part in one round at a
//! time.

mod error;
mod hint;
mod input;
mod nonces;
mod shape;

use ergo_lib::chain::ergo_state_context::ErgoStateContext;
use ergo_lib::chain::transaction::Transaction;
use ergo_lib::chain::transaction::unsigned::UnsignedTransaction;
use ergo_lib::ergo_chain_types::{Digest32, EcPoint, blake2b256_hash};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ProverError;
use ergo_lib::ergotree_interpreter::sigma_protocol::wscalar::Wscalar;
use ergo_lib::ergotree_ir::chain::tx_id::TxId;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::ProveDlog;
use ergo_lib::wallet::multi_sig::generate_commitments_for;
use ergo_lib::wallet::signing::TransactionContext;
use rand::RngCore;
use rand::rngs::OsRng;

pub use error::{
    AnswerError, CommitAndAnswerError, CommitError, FinishError, MergeError, RoundFileError,
    StartRoundError,
};
pub use hint::RoundFile;
pub use nonces::{AnswerFolder, AnswerId, AnswerLog, NonceId, Nonces, NoncesError, RoundId};

use crate::one_time_key::RandomnessError;
use crate::partial::{InputProof, assemble};
use crate::signer::{LocalSigner, SignError};
use input::InputRound;
use nonces::{NoLog, Nonce};

/// How many commitments of one key may be open in one transaction, and should be at any time.
pub const MAX_OPEN_NONCES: usize = 3;

/// One attempt of several signers at one transaction.
///
/// It holds no secrets. The signers need not trust each other, nor who carries the file: what one of them can do
/// is to bring the round to nothing.
///
/// Two of three, each on a machine of his own:
///
/// ```
/// # use std::{error::Error, path::Path};
/// # use ergo_lib::chain::ergo_state_context::ErgoStateContext;
/// # use ergo_lib::chain::transaction::{Transaction, unsigned::UnsignedTransaction};
/// # use ergo_lib::wallet::signing::TransactionContext;
/// # use lets_wallet::{AnswerFolder, LocalSigner, Nonces, Round};
/// # fn sign(
/// #     tx: &TransactionContext<UnsignedTransaction>,
/// #     state: &ErgoStateContext,
/// #     anna: &LocalSigner,
/// #     berta: &LocalSigner,
/// # ) -> Result<Transaction, Box<dyn Error>> {
/// // Anna: keeps the nonces, sends the file.
/// let mut round = Round::start(tx, state)?;
/// let kept = round.commit(anna)?.to_bytes();
/// let file = round.to_file();
///
/// // Berta: the last who is needed.
/// let mut round = Round::resume(tx, state, &file)?;
/// round.commit_and_answer(berta)?;
/// let file = round.to_file();
///
/// // Anna again, and done.
/// let mut round = Round::resume(tx, state, &file)?;
/// let mut log = AnswerFolder::open(Path::new("answers"))?;
/// round.answer(anna, &mut Nonces::from_bytes(&kept)?, &mut log)?;
/// let signed = round.finish()?;
/// # Ok(signed)
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Round {
    transaction: UnsignedTransaction,
    bytes_to_sign: Vec<u8>,
    round: RoundId,
    inputs: Vec<InputRound>,
}

/// How far a round is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// More signers must commit.
    Commit,
    /// Those who have committed must answer.
    Answer,
    /// The transaction can be put together.
    Finish,
}

/// How far one input is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputStatus {
    /// Counted from 0, as in the transaction.
    pub input: usize,
    /// What its script asks for: all of these.
    pub groups: Vec<GroupStatus>,
}

/// Keys, k of which must sign. A single key is one of one, and "all of these" is several of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupStatus {
    /// How many must sign.
    pub k: usize,
    /// The keys, in the order of the script.
    pub keys: Vec<EcPoint>,
    /// Those that have committed.
    pub committed: Vec<EcPoint>,
    /// Those that have answered.
    pub answered: Vec<EcPoint>,
}

impl Round {
    /// Begins a round: evaluates the script of every input, and notes who must sign.
    ///
    /// Inputs that nobody need sign are no part of it.
    ///
    /// # Errors
    /// [`StartRoundError`], which names the input that makes a round impossible.
    pub fn start(
        tx: &TransactionContext<UnsignedTransaction>,
        state: &ErgoStateContext,
    ) -> Result<Self, StartRoundError> {
        let mut random = [0_u8; 32];
        OsRng
            .try_fill_bytes(&mut random)
            .map_err(RandomnessError::from)?;
        Self::empty(tx, state, RoundId(Digest32::from(random)))
    }

    /// Goes on with a round that somebody began, after checking everything in its file.
    ///
    /// Whether the transaction is one to sign is the caller's matter: show it before committing.
    ///
    /// # Errors
    /// [`RoundFileError`], which says what is wrong with the file, and whose part it is.
    pub fn resume(
        tx: &TransactionContext<UnsignedTransaction>,
        state: &ErgoStateContext,
        file: &RoundFile,
    ) -> Result<Self, RoundFileError> {
        let mut round = Self::empty(tx, state, file.round())?;
        round.inputs = file.read(round.transaction(), round.inputs, &round.bytes_to_sign)?;
        Ok(round)
    }

    fn empty(
        tx: &TransactionContext<UnsignedTransaction>,
        state: &ErgoStateContext,
        round: RoundId,
    ) -> Result<Self, StartRoundError> {
        let bytes_to_sign = tx
            .spending_tx
            .bytes_to_sign()
            .map_err(|error| SignError::Transaction(Box::new(error.into())))?;
        let mut inputs = Vec::new();
        // A signer without keys finds out what each input asks for.
        for (input, proof) in LocalSigner::without_keys()
            .prove_inputs(tx, state)?
            .into_iter()
            .enumerate()
        {
            if let InputProof::Missing(required) = proof {
                let open = InputRound::new(input, (*required).clone());
                inputs.push(open.ok_or(StartRoundError::Unsupported { input, required })?);
            }
        }
        if inputs.is_empty() {
            return Err(StartRoundError::NothingToSign);
        }
        Ok(Round {
            transaction: tx.spending_tx.clone(),
            bytes_to_sign,
            round,
            inputs,
        })
    }

    /// The transaction that is signed.
    pub fn transaction(&self) -> TxId {
        self.transaction.id()
    }

    /// The public part, for the others.
    pub fn to_file(&self) -> RoundFile {
        RoundFile::write(self.transaction(), &self.round, &self.inputs)
    }

    /// How far the round is.
    pub fn stage(&self) -> Stage {
        if !self.inputs.iter().all(InputRound::is_complete) {
            Stage::Commit
        } else if self.inputs.iter().any(|input| input.open_answers() > 0) {
            Stage::Answer
        } else {
            Stage::Finish
        }
    }

    /// How far each input is that somebody must sign: who may, who has committed, who has answered.
    pub fn inputs(&self) -> Vec<InputStatus> {
        self.inputs.iter().map(InputRound::status).collect()
    }

    /// The keys that have committed at any input.
    pub fn committed(&self) -> Vec<EcPoint> {
        self.keys_with(|input, seat| input.commitments[seat].is_some())
    }

    /// The keys that have committed, and answered wherever they did.
    pub fn answered(&self) -> Vec<EcPoint> {
        let open = self.keys_with(|input, seat| {
            input.commitments[seat].is_some() && input.answers[seat].is_none()
        });
        let mut keys = self.committed();
        keys.retain(|key| !open.contains(key));
        keys
    }

    fn keys_with(&self, has: impl Fn(&InputRound, usize) -> bool) -> Vec<EcPoint> {
        let mut keys = Vec::new();
        for input in &self.inputs {
            for (index, seat) in input.shape.seats.iter().enumerate() {
                if has(input, index) && !keys.contains(&*seat.key.h) {
                    keys.push((*seat.key.h).clone());
                }
            }
        }
        keys
    }

    /// Commits for every input where one of the signer's keys is still needed, and gives the nonces.
    ///
    /// Keep the nonces before the file leaves: without them nobody can answer for this signer, and the round is
    /// lost. By committing, a signer says nothing yet about the transaction; but look at it before.
    ///
    /// # Errors
    /// [`CommitError`]; the round is then as before.
    pub fn commit(&mut self, signer: &LocalSigner) -> Result<Nonces, CommitError> {
        let (inputs, nonces) = self.committed_by(signer)?;
        for key in signer.public_keys() {
            let found = nonces
                .entries
                .iter()
                .filter(|nonce| {
                    inputs.iter().any(|input| {
                        input.input == nonce.input
                            && input.shape.is_shared()
                            && input.shape.seats[nonce.seat].key == *key
                    })
                })
                .count();
            if found > MAX_OPEN_NONCES {
                return Err(CommitError::TooManyAtOnce {
                    key: key.h.clone(),
                    found,
                });
            }
        }
        self.inputs = inputs;
        Ok(nonces)
    }

    fn committed_by(&self, signer: &LocalSigner) -> Result<(Vec<InputRound>, Nonces), CommitError> {
        let mut inputs = self.inputs.clone();
        let mut entries = Vec::new();
        for key in signer.public_keys() {
            for input in &mut inputs {
                if input.wants(key) {
                    entries.extend(commit_at(input, key));
                }
            }
        }
        if entries.is_empty() {
            return Err(self.why_not(signer));
        }
        for input in &mut inputs {
            input.settle();
        }
        let nonces = Nonces {
            transaction: self.transaction(),
            round: self.round,
            entries,
        };
        Ok((inputs, nonces))
    }

    fn why_not(&self, signer: &LocalSigner) -> CommitError {
        let committed = self.committed();
        let keys = signer.public_keys();
        if keys.iter().any(|key| committed.contains(&key.h)) {
            CommitError::AlreadyCommitted
        } else if keys
            .iter()
            .any(|key| self.inputs.iter().any(|input| input.has(key)))
        {
            CommitError::NotNeeded
        } else {
            CommitError::NotAsked
        }
    }

    /// Answers wherever the signer has committed and is among those who sign.
    ///
    /// `nonces` are those of [`Round::commit`], `signer` has the same keys as then. The log is written before the
    /// answers are made. The nonces can be deleted once the transaction is signed by all.
    ///
    /// # Errors
    /// [`AnswerError`]; the round is then as before, and nothing about the key has become known.
    pub fn answer(
        &mut self,
        signer: &LocalSigner,
        nonces: &mut Nonces,
        log: &mut impl AnswerLog,
    ) -> Result<(), AnswerError> {
        if nonces.transaction != self.transaction() {
            return Err(AnswerError::OtherTransaction {
                nonces: nonces.transaction,
                given: self.transaction(),
            });
        }
        if nonces.round != self.round {
            return Err(AnswerError::OtherRound);
        }
        // First all checks, then the log, then the key is touched.
        let mut due = Vec::new();
        for (index, input) in self.inputs.iter().enumerate() {
            for (entry, nonce) in nonces.entries.iter().enumerate() {
                if nonce.input == input.input {
                    check_own(input, nonce, signer)?;
                    if input.commitments[nonce.seat].is_some() {
                        due.push((index, entry));
                    }
                }
            }
        }
        if due.is_empty() {
            return Err(AnswerError::NotNeeded);
        }
        self.use_up(&due, nonces, log)?;
        let mut made = Vec::new();
        for (index, input) in self.inputs.iter().enumerate() {
            for key in signer.public_keys() {
                let own: Vec<(usize, Wscalar)> = due
                    .iter()
                    .filter(|(at, _)| *at == index)
                    .map(|(_, entry)| &nonces.entries[*entry])
                    .filter(|nonce| input.shape.seats[nonce.seat].key == *key)
                    .filter_map(|nonce| Some((nonce.seat, nonce.scalar()?)))
                    .collect();
                let Some(prover) = signer.prover_of(key).filter(|_| !own.is_empty()) else {
                    continue;
                };
                let answers = input.answer(&self.round, &self.bytes_to_sign, &prover, own);
                made.push((index, answers.map_err(|reason| failed(input, reason))?));
            }
        }
        for (index, answers) in made {
            for (seat, proof) in answers {
                self.inputs[index].answers[seat] = Some(proof);
            }
        }
        Ok(())
    }

    /// Binds the nonces to what they are about to answer, for ever.
    fn use_up(
        &self,
        due: &[(usize, usize)],
        nonces: &mut Nonces,
        log: &mut impl AnswerLog,
    ) -> Result<(), AnswerError> {
        for (index, entry) in due {
            let input = &self.inputs[*index];
            let nonce = &mut nonces.entries[*entry];
            let id = input.answer_id(&self.round, &self.bytes_to_sign);
            let first = match nonce.used {
                Some(first) if first != id => first,
                _ => log
                    .first(NonceId::of(&nonce.commitment), id)
                    .map_err(AnswerError::Log)?,
            };
            nonce.used = Some(first);
            if first != id {
                return Err(AnswerError::AlreadyAnswered {
                    input: input.input,
                    key: input.shape.seats[nonce.seat].key.h.clone(),
                });
            }
        }
        Ok(())
    }

    /// Commits and answers in one turn: for the last who commits, and for inputs that ask for one key alone.
    ///
    /// No nonces are kept and no log is needed: they are used here and gone.
    ///
    /// # Errors
    /// [`CommitAndAnswerError`]; the round is then as before. Mostly [`AnswerError::NotYet`]: others must commit
    /// first, so [`Round::commit`] is the way.
    pub fn commit_and_answer(&mut self, signer: &LocalSigner) -> Result<(), CommitAndAnswerError> {
        let (inputs, mut nonces) = self.committed_by(signer)?;
        let mut next = Round {
            inputs,
            ..self.clone()
        };
        next.answer(signer, &mut nonces, &mut NoLog)?;
        *self = next;
        Ok(())
    }

    /// Takes over what another file of the same round has more: for signers who committed or answered at the same
    /// time.
    ///
    /// Commitments beyond those needed are left out. Where one of the two has commitments enough, its set of signers
    /// stands; where both have, of different signers, the one with answers.
    ///
    /// # Errors
    /// [`MergeError`]; the round is then as before.
    pub fn merge(&mut self, file: &RoundFile) -> Result<(), MergeError> {
        if file.round() != self.round {
            return Err(MergeError::OtherRound);
        }
        let empty = self.inputs.iter().map(InputRound::emptied).collect();
        let others = file.read(self.transaction(), empty, &self.bytes_to_sign)?;
        let merged: Result<Vec<InputRound>, MergeError> = self
            .inputs
            .iter()
            .zip(&others)
            .map(|(own, other)| own.merged(other))
            .collect();
        self.inputs = merged?;
        Ok(())
    }

    /// Puts the signed transaction together. It needs no key.
    ///
    /// # Errors
    /// [`FinishError`], which says whose part is missing.
    pub fn finish(&self) -> Result<Transaction, FinishError> {
        let mut proofs = vec![Some(Vec::new()); self.transaction.inputs.len()];
        for input in &self.inputs {
            let number = input.input;
            if !input.is_complete() {
                return Err(FinishError::Commitments {
                    input: number,
                    missing: input.missing(),
                });
            }
            if input.open_answers() > 0 {
                return Err(FinishError::Answers {
                    input: number,
                    keys: input.keys_of_open_answers(),
                });
            }
            let proof = input.finish(&self.round, &self.bytes_to_sign);
            let proof = proof.map_err(|reason| FinishError::Proof {
                input: number,
                reason: Some(Box::new(reason)),
            })?;
            proofs[number] = Some(proof.ok_or(FinishError::Proof {
                input: number,
                reason: None,
            })?);
        }
        Ok(assemble(&self.transaction, &proofs)?)
    }
}

fn failed(input: &InputRound, reason: ProverError) -> AnswerError {
    AnswerError::Proof {
        input: input.input,
        reason: Box::new(reason),
    }
}

/// Draws the nonces of a key at all its seats.
fn commit_at(input: &mut InputRound, key: &ProveDlog) -> Vec<Nonce> {
    let proposition = blake2b256_hash(&input.proposition_bytes());
    let seats: Vec<usize> = input.seats_of(key).collect();
    let bag = generate_commitments_for(&input.proposition, &[key.clone().into()]);
    let mut nonces = Vec::with_capacity(seats.len());
    for own in bag.own_commitments() {
        let seat = seats
            .iter()
            .copied()
            .find(|seat| input.shape.seats[*seat].position == own.position);
        let nonce = seat.and_then(|seat| {
            Nonce::from_scalar(input.input, seat, proposition, &own.secret_randomness)
        });
        if let Some(nonce) = nonce {
            input.commitments[nonce.seat] = Some(nonce.commitment.clone());
            nonces.push(nonce);
        }
    }
    nonces
}

/// Is this the commitment that stands in the file, for the proposition that the signer committed for, with a key
/// that he has, and have all committed?
fn check_own(input: &InputRound, nonce: &Nonce, signer: &LocalSigner) -> Result<(), AnswerError> {
    let number = input.input;
    if blake2b256_hash(&input.proposition_bytes()) != nonce.proposition {
        return Err(AnswerError::Stale { input: number });
    }
    // The same proposition has the same seats, unless the bytes of the nonces were altered.
    let Some(seat) = input.shape.seats.get(nonce.seat) else {
        return Err(AnswerError::Stale { input: number });
    };
    let key = &seat.key;
    if !signer.public_keys().contains(key) {
        return Err(AnswerError::KeyNotLoaded {
            input: number,
            key: key.h.clone(),
        });
    }
    match &input.commitments[nonce.seat] {
        Some(point) if *point != nonce.commitment => Err(AnswerError::ForeignCommitment {
            input: number,
            key: key.h.clone(),
        }),
        _ if !input.is_complete() => Err(AnswerError::NotYet {
            input: number,
            missing: input.missing(),
        }),
        _ => Ok(()),
    }
}
