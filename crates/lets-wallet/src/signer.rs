//! Signatures: the trait, and the signer whose keys are all on this machine.

use std::{fmt, mem};

use ergo_lib::chain::ergo_state_context::ErgoStateContext;
use ergo_lib::chain::transaction::Transaction;
use ergo_lib::chain::transaction::unsigned::UnsignedTransaction;
use ergo_lib::ergo_chain_types::EcPoint;
use ergo_lib::ergotree_interpreter::eval::reduce_to_crypto;
use ergo_lib::ergotree_interpreter::sigma_protocol::private_input::{
    DlogProverInput, PrivateInput,
};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::{Prover, ProverError};
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::{
    ProveDlog, SigmaBoolean, SigmaConjecture, SigmaProofOfKnowledgeTree,
};
use ergo_lib::wallet::secret_key::SecretKey;
use ergo_lib::wallet::signing::{
    TransactionContext, TxSigningError, make_context, sign_transaction,
};
use thiserror::Error;

use crate::keys::{DeriveError, KeyIndex, UnlockedKeys};
use crate::one_time_key::OneTimeKey;

/// Something that can turn an unsigned transaction into a signed one.
///
/// It signs completely or not at all. Owners of different inputs sign one transaction with
/// [`LocalSigner::prove_inputs`]. One input that asks for keys on several machines takes two turns of each, in a
/// [`Round`](crate::Round).
pub trait Signer {
    /// Evaluates the script of every input and proves what it asks for.
    ///
    /// `tx` carries the boxes to be spent and read; `state` the last ten headers and the height at which the
    /// scripts are evaluated. An input taken as storage rent (box of 1,051,200 blocks or older, output's
    /// index in context variable 127) gets the empty proof.
    ///
    /// # Errors
    /// [`SignError`], which names the first input that could not be signed.
    fn sign(
        &self,
        tx: TransactionContext<UnsignedTransaction>,
        state: &ErgoStateContext,
    ) -> Result<Transaction, SignError>;
}

/// Why a transaction could not be signed. Inputs are counted from 0, as in the transaction.
#[derive(Debug, Error)]
pub enum SignError {
    /// The script asks for keys that this signer does not have, or not enough of them.
    #[error(
        "input {input} needs a signature that the loaded keys cannot give: it asks for {required}; \
         not loaded: {}. Load the key that owns this box, or more keys of the committee",
        list(.missing)
    )]
    CannotProve {
        /// The input.
        input: usize,
        /// What its script came down to.
        required: Box<SigmaBoolean>,
        /// The public keys in it that are not ours.
        missing: Vec<EcPoint>,
    },
    /// The script forbids this transaction, whoever signs it.
    #[error(
        "the script of input {input} refuses this transaction, with any signature: one of its conditions \
         is not met (amounts, tokens, registers, height or order of boxes)"
    )]
    ReducedToFalse {
        /// The input.
        input: usize,
    },
    /// The script failed: a missing register, an index out of range, an overflow, a tree that does not parse.
    #[error(
        "the script of input {input} failed while it ran, so nobody can sign this transaction: it reads a \
         register, token, box or variable that is not there or has another type"
    )]
    Script {
        /// The input.
        input: usize,
        /// What failed and where in the script, on several lines: for developers, hence not in the message.
        #[source]
        reason: Box<ProverError>,
    },
    /// The proof itself could not be made, although the keys are there.
    #[error("the proof for input {input} could not be made: {reason}")]
    Proof {
        /// The input.
        input: usize,
        /// What failed.
        reason: Box<ProverError>,
    },
    /// The transaction does not fit its boxes, or cannot be serialised.
    #[error("the transaction cannot be signed: {0}")]
    Transaction(Box<TxSigningError>),
}

fn list(keys: &[EcPoint]) -> String {
    if keys.is_empty() {
        return "none (it asks for a proof other than a key's signature)".to_owned();
    }
    keys.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Signs with keys that are all unlocked on this machine: a member's one key, or several keys of a
/// committee that together satisfy `atLeast(k, keys)`.
///
/// The keys are overwritten when the signer is dropped. `Debug` shows the public keys.
pub struct LocalSigner {
    keys: Keys,
    public_keys: Vec<ProveDlog>,
}

impl LocalSigner {
    /// A signer with the first key of each of these.
    ///
    /// # Errors
    /// [`DeriveError`], which practically never happens.
    pub fn new<'a>(keys: impl IntoIterator<Item = &'a UnlockedKeys>) -> Result<Self, DeriveError> {
        Self::with_indices(keys.into_iter().map(|keys| (keys, KeyIndex::FIRST)))
    }

    /// A signer with the named keys. The same key twice counts once.
    ///
    /// # Errors
    /// [`DeriveError`], which practically never happens.
    pub fn with_indices<'a>(
        keys: impl IntoIterator<Item = (&'a UnlockedKeys, KeyIndex)>,
    ) -> Result<Self, DeriveError> {
        let keys: Vec<_> = keys.into_iter().collect();
        // Full capacity from the start, so that the keys are never moved.
        let mut signer = LocalSigner {
            keys: Keys(Vec::with_capacity(keys.len())),
            public_keys: Vec::with_capacity(keys.len()),
        };
        for (keys, index) in keys {
            let secret = keys.secret(index)?;
            let public = secret.public_image();
            if !signer.public_keys.contains(&public) {
                signer.keys.append_secret(secret.secret_key().into());
                signer.public_keys.push(public);
            }
        }
        Ok(signer)
    }

    /// This signer with one key more, which no words give. A key that it has already counts once.
    #[must_use]
    pub fn with_one_time_key(mut self, key: &OneTimeKey) -> Self {
        if !self.public_keys.contains(key.public_key()) {
            self.keys.append_secret(key.secret().clone().into());
            self.public_keys.push(key.public_key().clone());
        }
        self
    }

    /// The public keys this signer can sign for.
    pub fn public_keys(&self) -> &[ProveDlog] {
        &self.public_keys
    }

    pub(crate) fn without_keys() -> Self {
        LocalSigner {
            keys: Keys::new(None),
            public_keys: Vec::new(),
        }
    }

    pub(crate) fn prover(&self) -> &dyn Prover {
        &self.keys
    }

    /// A prover with this one of the keys, if it is there.
    pub(crate) fn prover_of(&self, key: &ProveDlog) -> Option<Keys> {
        let image = SigmaBoolean::from(key.clone());
        let secret = self.keys.0.iter().find(|key| key.public_image() == image)?;
        Some(Keys(vec![secret.clone()]))
    }

    /// Names what ergo-lib reported.
    pub(crate) fn sign_error(
        &self,
        tx: &TransactionContext<UnsignedTransaction>,
        state: &ErgoStateContext,
        error: TxSigningError,
    ) -> SignError {
        match error {
            TxSigningError::ProverError(ProverError::TreeRootIsNotReal, input) => self
                .cannot_prove(tx, state, input)
                .unwrap_or_else(|error| SignError::Transaction(Box::new(error))),
            TxSigningError::ProverError(
                ProverError::ReducedToFalse | ProverError::ReducedToFalseWithDiag(_),
                input,
            ) => SignError::ReducedToFalse { input },
            TxSigningError::ProverError(
                reason @ (ProverError::EvalError(_) | ProverError::ErgoTreeError(_)),
                input,
            ) => SignError::Script {
                input,
                reason: Box::new(reason),
            },
            TxSigningError::ProverError(reason, input) => SignError::Proof {
                input,
                reason: Box::new(reason),
            },
            other => SignError::Transaction(Box::new(other)),
        }
    }

    /// Says what the script of `input` asks for that we do not have.
    fn cannot_prove(
        &self,
        tx: &TransactionContext<UnsignedTransaction>,
        state: &ErgoStateContext,
        input: usize,
    ) -> Result<SignError, TxSigningError> {
        let required = reduce_input(tx, state, input)?;
        let mut missing = Vec::new();
        self.collect_missing(&required, &mut missing);
        Ok(SignError::CannotProve {
            input,
            required: Box::new(required),
            missing,
        })
    }

    fn collect_missing(&self, required: &SigmaBoolean, missing: &mut Vec<EcPoint>) {
        match required {
            SigmaBoolean::ProofOfKnowledge(SigmaProofOfKnowledgeTree::ProveDlog(key)) => {
                if !self.public_keys.contains(key) && !missing.contains(&key.h) {
                    missing.push((*key.h).clone());
                }
            }
            SigmaBoolean::SigmaConjecture(conjecture) => {
                let children = match conjecture {
                    SigmaConjecture::Cand(and) => &and.items,
                    SigmaConjecture::Cor(or) => &or.items,
                    SigmaConjecture::Cthreshold(threshold) => &threshold.children,
                };
                for child in children.iter() {
                    self.collect_missing(child, missing);
                }
            }
            SigmaBoolean::ProofOfKnowledge(SigmaProofOfKnowledgeTree::ProveDhTuple(_))
            | SigmaBoolean::TrivialProp(_) => {}
        }
    }
}

impl Signer for LocalSigner {
    fn sign(
        &self,
        tx: TransactionContext<UnsignedTransaction>,
        state: &ErgoStateContext,
    ) -> Result<Transaction, SignError> {
        sign_transaction(&self.keys, tx.clone(), state, None)
            .map_err(|error| self.sign_error(&tx, state, error))
    }
}

/// What the script of `input` comes down to: the proposition that a proof must satisfy.
pub(crate) fn reduce_input(
    tx: &TransactionContext<UnsignedTransaction>,
    state: &ErgoStateContext,
    input: usize,
) -> Result<SigmaBoolean, TxSigningError> {
    let context = make_context(state, tx, input)?;
    context
        .self_box
        .ergo_tree
        .proposition()
        .map_err(ProverError::from)
        .and_then(|script| reduce_to_crypto(&script, &context).map_err(ProverError::EvalError))
        .map(|reduction| reduction.sigma_prop)
        .map_err(|error| TxSigningError::ProverError(error, input))
}

impl fmt::Debug for LocalSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.public_keys.iter().map(|key| key.h.to_string()))
            .finish()
    }
}

/// The prover that ergo-lib asks for its secrets. ergo-lib's own `Wallet` does not wipe them.
pub(crate) struct Keys(Vec<PrivateInput>);

impl Prover for Keys {
    fn secrets(&self) -> &[PrivateInput] {
        &self.0
    }

    fn append_secret(&mut self, input: PrivateInput) {
        if self.0.len() == self.0.capacity() {
            // A vector that grows by itself leaves copies of the keys behind; this one is wiped on drop.
            let mut grown = Keys(Vec::with_capacity(self.0.len() + 1));
            grown.0.extend_from_slice(&self.0);
            mem::swap(self, &mut grown);
        }
        self.0.push(input);
    }
}

impl Keys {
    /// A prover with one secret, or with none.
    pub(crate) fn new(secret: Option<SecretKey>) -> Self {
        Keys(secret.map(PrivateInput::from).into_iter().collect())
    }

    fn wipe(&mut self) {
        for secret in &mut self.0 {
            if let Some(SecretKey::DlogSecretKey(zero)) =
                SecretKey::dlog_from_bytes(&[0; DlogProverInput::SIZE_BYTES])
            {
                *secret = PrivateInput::DlogProverInput(zero);
            }
        }
        // Without this the compiler may leave out writes to memory that is about to be freed.
        zeroize::optimization_barrier(self.0.as_slice());
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.wipe();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wiped_keys_are_zero() {
        let mut keys = Keys(Vec::new());
        for _ in 0..3 {
            keys.append_secret(SecretKey::random_dlog().into());
        }
        keys.append_secret(SecretKey::random_dht().into());
        keys.wipe();
        assert_eq!(keys.0.len(), 4);
        for secret in &keys.0 {
            assert!(matches!(secret, PrivateInput::DlogProverInput(key) if key.is_zero()));
        }
    }

    #[test]
    fn public_types_cross_threads() {
        fn check<T: Send + Sync + 'static>() {}
        check::<LocalSigner>();
        check::<SignError>();
        check::<UnlockedKeys>();
        check::<crate::KeyFile>();
        check::<crate::UnlockError>();
        check::<crate::Backup>();
        check::<crate::OneTimeKey>();
        check::<crate::InputProof>();
        check::<crate::AssembleError>();
        check::<crate::VerifyInputError>();
        check::<crate::SignMessageError>();
        check::<crate::SealTextError>();
        check::<crate::OpenTextError>();
        check::<crate::Round>();
        check::<crate::RoundFile>();
        check::<crate::Nonces>();
        check::<crate::AnswerFolder>();
        check::<crate::StartRoundError>();
        check::<crate::RoundFileError>();
        check::<crate::MergeError>();
        check::<crate::AnswerError>();
        check::<crate::CommitAndAnswerError>();
        check::<crate::FinishError>();
    }
}
