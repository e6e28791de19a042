//! Why a step of a signing round is refused. Inputs are counted from 0, as in the transaction.

use std::io;

use ergo_lib::ergo_chain_types::EcPoint;
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ProverError;
use ergo_lib::ergotree_ir::chain::tx_id::TxId;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaBoolean;
use thiserror::Error;

use super::MAX_OPEN_NONCES;
use crate::one_time_key::RandomnessError;
use crate::partial::AssembleError;
use crate::signer::SignError;

/// Why no round can be held on a transaction.
#[derive(Debug, Error)]
pub enum StartRoundError {
    /// A script refuses or fails, whoever signs, or the transaction does not fit its boxes.
    #[error(transparent)]
    Unprovable(#[from] SignError),
    /// An input asks for something else than keys, k of some keys, or several of these at once.
    #[error(
        "input {input} cannot be signed by several people in a round: it asks for {required}, and only \
         keys, \"k of these keys\", and several of these joined by \"and\" are possible"
    )]
    Unsupported {
        /// The input.
        input: usize,
        /// What its script came down to.
        required: Box<SigmaBoolean>,
    },
    /// No input asks for a signature.
    #[error("nobody needs to sign this transaction: send it as it is")]
    NothingToSign,
    /// The operating system gave no random numbers.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
}

/// Why the file of a round is refused.
#[derive(Debug, Error)]
pub enum RoundFileError {
    /// The transaction itself cannot be signed in a round.
    #[error(transparent)]
    Start(#[from] StartRoundError),
    /// It is another kind of file, or a newer one.
    #[error("this is no signing round of version 1, but {format:?}, version {version}")]
    Format {
        /// What stands in the field `format`.
        format: String,
        /// What stands in the field `version`.
        version: u32,
    },
    /// The file belongs to another transaction.
    #[error(
        "this file is for the transaction {file}, not for {given}: ask for the file of the right one"
    )]
    OtherTransaction {
        /// The transaction of the file.
        file: TxId,
        /// The transaction that was given with it.
        given: TxId,
    },
    /// The script asks for something else than when the round began.
    #[error(
        "the file is stale: input {input} now asks for other signatures than when the round began (the \
         height has changed, or a box that is read). Start a new round"
    )]
    Stale {
        /// The first such input.
        input: usize,
    },
    /// Somebody put the secret half of a commitment into the file.
    #[error(
        "the file contains a SECRET of {key} at input {input}: nobody may answer in this round any more. \
         Delete the file and start a new round"
    )]
    Secret {
        /// The input.
        input: usize,
        /// Whose secret.
        key: Box<EcPoint>,
    },
    /// A hint for a key at a place where the script has another one or none.
    #[error("input {input} has no key {key} at position {position}: the file was altered")]
    Misplaced {
        /// The input.
        input: usize,
        /// Whose hint.
        key: Box<EcPoint>,
        /// Where it claims to be.
        position: String,
    },
    /// A hint that lacks a field, has one too much, or has one that cannot be read.
    #[error("the part of {key} at input {input} cannot be read: the file was altered or damaged")]
    Malformed {
        /// The input.
        input: usize,
        /// Whose hint.
        key: Box<EcPoint>,
    },
    /// Two hints of the same kind at the same place.
    #[error("the part of {key} at input {input} stands there twice: the file was altered")]
    Twice {
        /// The input.
        input: usize,
        /// Whose hint.
        key: Box<EcPoint>,
    },
    /// The commitments are not a set that a round can come to: too many, or some of a signer's only.
    #[error("the commitments of input {input} do not belong together: the file was altered")]
    Inconsistent {
        /// The input.
        input: usize,
    },
    /// A proof before all commitments are there.
    #[error(
        "there is a proof of {key} at input {input} before all have committed: the file was altered"
    )]
    Early {
        /// The input.
        input: usize,
        /// Whose proof.
        key: Box<EcPoint>,
    },
    /// The proof in place of one who does not sign is another one than all compute.
    #[error(
        "the simulated proof in place of {key} at input {input} is not the one that this round gives: \
         somebody chose it, which could turn the others' answers into signatures on something else. \
         Do not answer"
    )]
    Simulated {
        /// The input.
        input: usize,
        /// Whose place.
        key: Box<EcPoint>,
    },
    /// An answer that does not fit its commitment, or was given for other commitments.
    #[error(
        "the answer of {key} at input {input} is wrong: it does not fit this transaction and the \
         commitments in this file"
    )]
    Answer {
        /// The input.
        input: usize,
        /// Whose answer.
        key: Box<EcPoint>,
    },
    /// What the answers must be could not be computed.
    #[error("the answers of input {input} cannot be checked: {reason}")]
    Challenges {
        /// The input.
        input: usize,
        /// What failed.
        reason: Box<ProverError>,
    },
}

/// Why two files of a round cannot become one.
#[derive(Debug, Error)]
pub enum MergeError {
    /// The other file is refused by itself.
    #[error(transparent)]
    File(#[from] RoundFileError),
    /// The other file is of another round on the same transaction.
    #[error("these are two different rounds on the same transaction: go on with one of them")]
    OtherRound,
    /// One key has two different commitments.
    #[error(
        "{key} has committed twice at input {input}, differently: ask its owner which file is right"
    )]
    TwoCommitments {
        /// The input.
        input: usize,
        /// Whose commitments.
        key: Box<EcPoint>,
    },
    /// In both files there are commitments enough, but of other signers, and answers to them.
    #[error(
        "the answers in the two files at input {input} are for other sets of signers: go on with one file"
    )]
    OtherSet {
        /// The input.
        input: usize,
    },
}

/// Why a signer cannot commit.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CommitError {
    /// None of the signer's keys stands in this transaction.
    #[error("no input of this transaction asks for one of the loaded keys: load the right key")]
    NotAsked,
    /// The signer's commitments are there already.
    #[error(
        "you have committed already: wait for the others, then answer with the nonces you keep"
    )]
    AlreadyCommitted,
    /// Others were enough.
    #[error("you are not needed: enough others have committed")]
    NotNeeded,
    /// Too many nonces of one key would be open at the same time.
    #[error(
        "{key} would have to commit {found} times at once, at most {MAX_OPEN_NONCES} are safe: split the \
         transaction, or be the last to commit and answer at once"
    )]
    TooManyAtOnce {
        /// Whose commitments.
        key: Box<EcPoint>,
        /// How many.
        found: usize,
    },
}

/// Why a signer does not answer. Nothing has left him then.
#[derive(Debug, Error)]
pub enum AnswerError {
    /// The nonces were made for another transaction.
    #[error("you committed to the transaction {nonces}, this is {given}: nothing was signed")]
    OtherTransaction {
        /// The transaction of the nonces.
        nonces: TxId,
        /// The transaction of the round.
        given: TxId,
    },
    /// The nonces were made in another round.
    #[error(
        "you committed in another round on this transaction: use its file, or commit in this one"
    )]
    OtherRound,
    /// The script asks for something else than when the signer committed.
    #[error(
        "the file is stale: input {input} asks for other signatures than when you committed. Start a new \
         round"
    )]
    Stale {
        /// The input.
        input: usize,
    },
    /// Not all commitments are there.
    #[error("input {input} still lacks commitments: wait until {missing} more have committed")]
    NotYet {
        /// The first such input.
        input: usize,
        /// How many keys at the least.
        missing: usize,
    },
    /// Enough others committed before this signer did.
    #[error("you are not needed: others committed before you. Delete your nonces")]
    NotNeeded,
    /// A commitment in this signer's name is not his.
    #[error(
        "the commitment of {key} at input {input} is not the one that you made: somebody has altered the \
         file, or you committed twice. Nothing was signed"
    )]
    ForeignCommitment {
        /// The input.
        input: usize,
        /// This signer's key.
        key: Box<EcPoint>,
    },
    /// The signer lacks the key that committed.
    #[error("{key} committed at input {input}, and is not loaded: load the same keys as then")]
    KeyNotLoaded {
        /// The input.
        input: usize,
        /// The key.
        key: Box<EcPoint>,
    },
    /// The nonce was used for another answer.
    #[error(
        "{key} has answered at input {input} already, to other commitments than those in this file. A \
         second answer would give the key away, so there is none. Go on with the file that you answered \
         in, or start a new round"
    )]
    AlreadyAnswered {
        /// The input.
        input: usize,
        /// This signer's key.
        key: Box<EcPoint>,
    },
    /// The log of answers could not be written.
    #[error("the log of answers could not be written, so nothing was signed: {0}")]
    Log(#[source] io::Error),
    /// The answer could not be made.
    #[error("the answer for input {input} could not be made: {reason}")]
    Proof {
        /// The input.
        input: usize,
        /// What failed.
        reason: Box<ProverError>,
    },
}

/// Why a signer cannot commit and answer in one step. The round is as before.
#[derive(Debug, Error)]
pub enum CommitAndAnswerError {
    /// He cannot commit.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// He cannot answer: mostly, because he would not be the last to commit.
    #[error(transparent)]
    Answer(#[from] AnswerError),
}

/// Why there is no signed transaction yet.
#[derive(Debug, Error)]
pub enum FinishError {
    /// Not all commitments are there.
    #[error("input {input} still lacks commitments: {missing} more must commit, then all answer")]
    Commitments {
        /// The first such input.
        input: usize,
        /// How many keys at the least.
        missing: usize,
    },
    /// Not all answers are there.
    #[error("input {input} still lacks the answers of {}", list(.keys))]
    Answers {
        /// The first such input.
        input: usize,
        /// Whose answers.
        keys: Vec<EcPoint>,
    },
    /// All answers are there, and the proof is not right: this cannot happen with answers that were checked.
    #[error("the proof of input {input} could not be made of the answers")]
    Proof {
        /// The input.
        input: usize,
        /// What failed, if the prover said so.
        #[source]
        reason: Option<Box<ProverError>>,
    },
    /// The transaction could not be put together.
    #[error(transparent)]
    Assemble(#[from] AssembleError),
}

fn list(keys: &[EcPoint]) -> String {
    let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
    keys.join(", ")
}
