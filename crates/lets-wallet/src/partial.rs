//! Signing in parts: each owner proves the inputs that are his, and whoever has all proofs joins them.
//!
//! A proof of one input covers the whole transaction: all its inputs, outputs, data inputs and context
//! variables. So the proofs may be made in any order and by people who do not trust each other, but none of
//! them fits once anything is changed. An input that asks for several keys at once needs all of them in one
//! signer, or a [`Round`](crate::Round).

use ergo_lib::chain::ergo_state_context::ErgoStateContext;
use ergo_lib::chain::transaction::unsigned::UnsignedTransaction;
use ergo_lib::chain::transaction::{Transaction, TransactionError};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ProofBytes;
use ergo_lib::ergotree_interpreter::sigma_protocol::verifier::verify_signature;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::{
    SigmaBoolean, SigmaConjecture, SigmaConjectureItems,
};
use ergo_lib::wallet::signing::{TransactionContext, TxSigningError, make_context, sign_tx_input};
use thiserror::Error;

use crate::signer::{LocalSigner, SignError, reduce_input};

/// A transaction gives the length of a proof in two bytes.
const MAX_PROOF_BYTES: usize = u16::MAX as usize;
/// Length of a challenge (192 bits) in a proof.
const CHALLENGE_BYTES: usize = 24;
/// Length of a response (a number below the order of the group) in a proof.
const RESPONSE_BYTES: usize = 32;

/// What one signer can say about one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputProof {
    /// The input is spent without anybody's signature: its script came down to true, or it is taken as
    /// storage rent. The proof is empty.
    NotNeeded,
    /// The proof, made with this signer's keys.
    Made(Vec<u8>),
    /// This signer lacks the keys. What the script came down to says whose are needed.
    Missing(Box<SigmaBoolean>),
}

impl InputProof {
    /// The bytes as [`assemble`] takes them: empty where no proof is needed, none where it is missing.
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        match self {
            InputProof::NotNeeded => Some(Vec::new()),
            InputProof::Made(proof) => Some(proof),
            InputProof::Missing(_) => None,
        }
    }
}

/// Why proofs could not be joined to a signed transaction. Inputs are counted from 0, as in the transaction.
#[derive(Debug, Error)]
pub enum AssembleError {
    /// There are more or fewer proofs than inputs.
    #[error(
        "the transaction has {inputs} inputs, but {proofs} proofs were given: give one for each"
    )]
    Count {
        /// Inputs of the transaction.
        inputs: usize,
        /// Entries in the list of proofs.
        proofs: usize,
    },
    /// The proof of an input is missing.
    #[error("the proof of input {input} is missing: its owner has not signed yet")]
    Missing {
        /// The first such input.
        input: usize,
    },
    /// A proof is longer than a transaction can say.
    #[error("the proof of input {input} has {bytes} bytes, at most {MAX_PROOF_BYTES} are possible")]
    TooLong {
        /// The input.
        input: usize,
        /// Length of its proof.
        bytes: usize,
    },
    /// The transaction cannot be serialised.
    #[error("the transaction cannot be assembled: {0}")]
    Transaction(#[from] TransactionError),
}

/// Why nothing can be said about a proof.
#[derive(Debug, Error)]
pub enum VerifyInputError {
    /// The transaction has no such input.
    #[error("there is no input {input}: the transaction has {inputs}, counted from 0")]
    NoSuchInput {
        /// What was asked for.
        input: usize,
        /// Inputs of the transaction.
        inputs: usize,
    },
    /// No proof can be right: the script refuses or fails, or the transaction does not fit its boxes.
    #[error(transparent)]
    Unprovable(#[from] SignError),
}

impl LocalSigner {
    /// Evaluates the script of every input and proves those that the keys of this signer can prove.
    ///
    /// The list has one entry for each input, in the order of the inputs. As with
    /// [`Signer::sign`](crate::Signer::sign), `tx` carries the boxes to be spent and read, and an input taken
    /// as storage rent needs no proof. The keys sign the whole transaction: look at it before.
    ///
    /// # Errors
    /// [`SignError`] when a script refuses or fails, whoever owns its box: such a transaction is for nobody
    /// to sign. Never [`SignError::CannotProve`], which is [`InputProof::Missing`] here.
    pub fn prove_inputs(
        &self,
        tx: &TransactionContext<UnsignedTransaction>,
        state: &ErgoStateContext,
    ) -> Result<Vec<InputProof>, SignError> {
        let message = message_to_sign(tx)?;
        (0..tx.spending_tx.inputs.len())
            .map(|input| match self.prove_input(tx, state, input, &message) {
                Ok(ProofBytes::Empty) => Ok(InputProof::NotNeeded),
                Ok(ProofBytes::Some(proof)) => Ok(InputProof::Made(proof)),
                Err(SignError::CannotProve { required, .. }) => Ok(InputProof::Missing(required)),
                Err(error) => Err(error),
            })
            .collect()
    }

    fn prove_input(
        &self,
        tx: &TransactionContext<UnsignedTransaction>,
        state: &ErgoStateContext,
        input: usize,
        message: &[u8],
    ) -> Result<ProofBytes, SignError> {
        make_context(state, tx, input)
            .map_err(TxSigningError::from)
            .and_then(|mut context| {
                sign_tx_input(self.prover(), tx, state, &mut context, None, input, message)
            })
            .map(|signed| signed.spending_proof.proof)
            .map_err(|error| self.sign_error(tx, state, error))
    }
}

/// Joins the proofs to a signed transaction, which keeps the context variables of the unsigned one.
///
/// `proofs` has one entry for each input, in the order of the inputs: see [`InputProof::into_bytes`]. Whether
/// they are right is not looked at: that is [`verify_input`], or the network's answer.
///
/// # Errors
/// [`AssembleError`], which names the first input whose proof is missing.
pub fn assemble(
    tx: &UnsignedTransaction,
    proofs: &[Option<Vec<u8>>],
) -> Result<Transaction, AssembleError> {
    if proofs.len() != tx.inputs.len() {
        return Err(AssembleError::Count {
            inputs: tx.inputs.len(),
            proofs: proofs.len(),
        });
    }
    let proofs = proofs
        .iter()
        .enumerate()
        .map(|(input, proof)| match proof {
            Some(proof) if proof.len() <= MAX_PROOF_BYTES => Ok(ProofBytes::from(proof.clone())),
            Some(proof) => Err(AssembleError::TooLong {
                input,
                bytes: proof.len(),
            }),
            None => Err(AssembleError::Missing { input }),
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Transaction::from_unsigned_tx(tx.clone(), proofs)?)
}

/// Is this the proof of this input, counted from 0, in this transaction? It needs no keys.
///
/// An empty proof is right where none is needed. The network takes any bytes there, and more bytes than
/// necessary behind every proof; here a proof must have its exact length, so that nobody can make another
/// one's transaction longer.
///
/// # Errors
/// [`VerifyInputError`]: no such input, or no proof can be right.
pub fn verify_input(
    tx: &TransactionContext<UnsignedTransaction>,
    state: &ErgoStateContext,
    input: usize,
    proof: &[u8],
) -> Result<bool, VerifyInputError> {
    let inputs = tx.spending_tx.inputs.len();
    if input >= inputs {
        return Err(VerifyInputError::NoSuchInput { input, inputs });
    }
    let message = message_to_sign(tx)?;
    let nobody = LocalSigner::without_keys();
    if proof.is_empty() {
        // The empty proof is right exactly where a signer without keys gives it.
        return match nobody.prove_input(tx, state, input, &message) {
            Ok(proof) => Ok(proof == ProofBytes::Empty),
            Err(SignError::CannotProve { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        };
    }
    match reduce_input(tx, state, input).map_err(|error| nobody.sign_error(tx, state, error))? {
        SigmaBoolean::TrivialProp(true) => Ok(false),
        SigmaBoolean::TrivialProp(false) => Err(SignError::ReducedToFalse { input }.into()),
        required => Ok(proof.len() == CHALLENGE_BYTES + responses_len(&required)
            && verify_signature(required, &message, proof).unwrap_or(false)),
    }
}

fn message_to_sign(tx: &TransactionContext<UnsignedTransaction>) -> Result<Vec<u8>, SignError> {
    tx.spending_tx
        .bytes_to_sign()
        .map_err(|error| SignError::Transaction(Box::new(error.into())))
}

/// Length of a proof without the challenge at its root (`sig_write_bytes` in ergotree-interpreter).
fn responses_len(required: &SigmaBoolean) -> usize {
    let sum = |items: &SigmaConjectureItems<SigmaBoolean>| -> usize {
        items.iter().map(responses_len).sum()
    };
    match required {
        SigmaBoolean::TrivialProp(_) => 0,
        SigmaBoolean::ProofOfKnowledge(_) => RESPONSE_BYTES,
        SigmaBoolean::SigmaConjecture(SigmaConjecture::Cand(and)) => sum(&and.items),
        SigmaBoolean::SigmaConjecture(SigmaConjecture::Cor(or)) => {
            sum(&or.items) + CHALLENGE_BYTES * (or.items.len() - 1)
        }
        SigmaBoolean::SigmaConjecture(SigmaConjecture::Cthreshold(threshold)) => {
            let free = threshold.children.len().saturating_sub(threshold.k.into());
            sum(&threshold.children) + CHALLENGE_BYTES * free
        }
    }
}
