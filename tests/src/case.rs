//! A transaction that can be bent: built by the library, changed in any part with the off-chain checks out of the way,
//! then judged by ergo-lib and by the official interpreter, which must agree.

mod reduce;

pub(crate) use reduce::reduce_in;

use crate::judge::{self, Verdict};
use crate::record::{Asserted, record};
use ergo_lib::chain::ergo_state_context::ErgoStateContext;
use ergo_lib::chain::parameters::Parameters;
use ergo_lib::chain::transaction::ergo_transaction::{ErgoTransaction, TxValidationError};
use ergo_lib::chain::transaction::prover_result::ProverResult;
use ergo_lib::chain::transaction::unsigned::UnsignedTransaction;
use ergo_lib::chain::transaction::{
    DataInput, Input, Transaction, TransactionError, TxId, UnsignedInput,
};
use ergo_lib::ergo_chain_types::{BlockId, Digest, Header, PreHeader};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::{ContextExtension, ProofBytes};
use ergo_lib::ergotree_ir::chain::ergo_box::{
    BoxTokens, ErgoBox, ErgoBoxCandidate, NonMandatoryRegisterId, NonMandatoryRegisters,
};
use ergo_lib::ergotree_ir::chain::token::{Token, TokenAmount, TokenId};
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaBoolean;
use ergo_lib::wallet::Wallet;
use ergo_lib::wallet::secret_key::SecretKey;
use ergo_lib::wallet::tx_context::TransactionContext;
use lets_protocol::{Height, Proposal, runnable};
use std::sync::LazyLock;

/// Context variable that names the output of a storage-rent spend.
pub const RENT_VARIABLE: u8 = 127;

/// A transaction, its boxes, the height at which it is judged, and who signs.
#[derive(Debug, Clone)]
pub struct Case {
    /// Boxes to spend, with their context variables.
    pub inputs: Vec<(ErgoBox, ContextExtension)>,
    /// Boxes to read.
    pub data_inputs: Vec<ErgoBox>,
    /// Boxes to make.
    pub outputs: Vec<ErgoBoxCandidate>,
    /// Height of the block that would include it.
    pub height: u32,
    /// Keys that sign.
    pub signers: Vec<SecretKey>,
}

/// What one interpreter says of one input.
pub(crate) type Reduction = Result<SigmaBoolean, String>;

impl Case {
    /// The proposal as it is, to be included in the block after `height`.
    pub fn of(proposal: &Proposal, height: Height, signers: &[&SecretKey]) -> Self {
        Self {
            inputs: proposal
                .inputs()
                .iter()
                .zip(proposal.unsigned().inputs.iter())
                .map(|(b, input)| (b.clone(), input.extension.clone()))
                .collect(),
            data_inputs: proposal.data_inputs().to_vec(),
            outputs: proposal
                .outputs()
                .iter()
                .map(|b| ErgoBoxCandidate::from(b.clone()))
                .collect(),
            height: height.0 + 1,
            signers: signers.iter().map(|&k| k.clone()).collect(),
        }
    }

    /// The same case, changed.
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Puts a box before the last output (the fee), and takes its ERG from `from`.
    pub fn add_output(&mut self, mut candidate: ErgoBoxCandidate, from: usize) {
        candidate.creation_height = self.outputs[0].creation_height;
        let value = *candidate.value.as_u64();
        let at = self.outputs.len() - 1;
        self.outputs.insert(at, candidate);
        self.take_erg(from, value);
    }

    /// Puts a box after the last input, and its ERG into the output `to`.
    pub fn add_input(&mut self, ergo_box: ErgoBox, to: usize) {
        let value = *ergo_box.value.as_u64();
        self.inputs.push((ergo_box, ContextExtension::empty()));
        self.give_erg(to, value);
    }

    /// Lowers an output's ERG.
    pub fn take_erg(&mut self, output: usize, value: u64) {
        let now = *self.outputs[output].value.as_u64();
        self.outputs[output].value = (now - value).try_into().unwrap();
    }

    /// Raises an output's ERG.
    pub fn give_erg(&mut self, output: usize, value: u64) {
        let now = *self.outputs[output].value.as_u64();
        self.outputs[output].value = (now + value).try_into().unwrap();
    }

    /// Moves ERG from one output to another.
    pub fn move_erg(&mut self, from: usize, to: usize, value: u64) {
        self.take_erg(from, value);
        self.give_erg(to, value);
    }

    /// Sets a register of an output; those before it must be there.
    pub fn set_register(
        &mut self,
        output: usize,
        id: NonMandatoryRegisterId,
        value: impl Into<Constant>,
    ) {
        let mut all = registers(&self.outputs[output]);
        let place = id as usize - NonMandatoryRegisterId::R4 as usize;
        assert!(place <= all.len(), "registers stand without gaps");
        all.truncate(all.len().max(place));
        match all.get_mut(place) {
            Some(old) => *old = value.into(),
            None => all.push(value.into()),
        }
        self.outputs[output].additional_registers = NonMandatoryRegisters::try_from(all).unwrap();
    }

    /// Leaves an output with its first `count` registers.
    pub fn truncate_registers(&mut self, output: usize, count: usize) {
        let mut all = registers(&self.outputs[output]);
        all.truncate(count);
        self.outputs[output].additional_registers = NonMandatoryRegisters::try_from(all).unwrap();
    }

    /// Changes one number of a `Coll[Long]` register of an output.
    pub fn set_long(
        &mut self,
        output: usize,
        id: NonMandatoryRegisterId,
        place: usize,
        value: i64,
    ) {
        let mut longs = longs(&self.outputs[output], id);
        longs[place] = value;
        self.set_register(output, id, longs);
    }

    /// Changes an output's tokens.
    pub fn set_tokens(&mut self, output: usize, change: impl FnOnce(&mut Vec<(TokenId, u64)>)) {
        let mut all: Vec<(TokenId, u64)> = self.outputs[output]
            .tokens
            .iter()
            .flatten()
            .map(|t| (t.token_id, *t.amount.as_u64()))
            .collect();
        change(&mut all);
        self.outputs[output].tokens = tokens(&all);
    }

    /// Moves an amount of one token from one output to another (at the end of its tokens if it has none).
    pub fn move_token(&mut self, from: usize, to: usize, id: TokenId, amount: u64) {
        self.set_tokens(from, |all| {
            let token = all
                .iter_mut()
                .find(|(i, _)| *i == id)
                .expect("the token to move");
            token.1 -= amount;
            all.retain(|(_, n)| *n > 0);
        });
        self.set_tokens(to, |all| match all.iter_mut().find(|(i, _)| *i == id) {
            Some(token) => token.1 += amount,
            None => all.push((id, amount)),
        });
    }

    /// Makes an input a storage-rent spend whose successor is `output`.
    pub fn rent(&mut self, input: usize, output: i16) {
        self.inputs[input]
            .1
            .values
            .insert(RENT_VARIABLE, Constant::from(output));
    }

    /// Leaves out the signature of everybody.
    pub fn unsigned(mut self) -> Self {
        self.signers.clear();
        self
    }

    /// The boxes to spend.
    pub fn boxes(&self) -> Vec<ErgoBox> {
        self.inputs.iter().map(|(b, _)| b.clone()).collect()
    }

    /// The box that an output becomes.
    pub fn made(&self, output: usize) -> ErgoBox {
        let place = u16::try_from(output).unwrap();
        made_by(&self.outputs[output], self.tx().id(), place)
    }

    /// The transaction.
    pub fn tx(&self) -> UnsignedTransaction {
        self.try_tx().unwrap()
    }

    /// The transaction.
    ///
    /// # Errors
    /// ergo-lib's, if there are no inputs or no outputs.
    pub(crate) fn try_tx(&self) -> Result<UnsignedTransaction, TransactionError> {
        let inputs = self.inputs.iter();
        let inputs = inputs.map(|(b, e)| UnsignedInput::new(b.box_id(), e.clone()));
        let data = self.data_inputs.iter().map(|b| DataInput::from(b.box_id()));
        UnsignedTransaction::new_from_vec(inputs.collect(), data.collect(), self.outputs.clone())
    }

    /// The transaction with its boxes, for [`reduce_in`].
    pub(crate) fn context<T: ErgoTransaction>(&self, tx: T) -> TransactionContext<T> {
        TransactionContext::new(tx, self.boxes(), self.data_inputs.clone()).unwrap()
    }

    /// The transaction with its boxes as ergo-lib signs and validates it.
    pub(crate) fn runnable<T: ErgoTransaction>(&self, tx: T) -> TransactionContext<T> {
        TransactionContext::new(tx, runnable(&self.boxes()), self.data_inputs.clone()).unwrap()
    }

    /// ergo-lib's full validation of the transaction, with these proofs and variables.
    ///
    /// # Errors
    /// What it has against it.
    pub fn validate(&self, tx: Transaction) -> Result<(), TxValidationError> {
        self.runnable(tx).validate(&self.state())
    }

    /// The chain as the including block sees it.
    pub fn state(&self) -> ErgoStateContext {
        state_at(self.height)
    }

    pub(crate) fn is_rent(&self, input: usize) -> bool {
        self.inputs[input].1.values.contains_key(&RENT_VARIABLE)
    }

    /// Refuses a case that fails for a reason outside the scripts: it would prove nothing about them. Such reasons come before
    /// any script runs, so that scripts that are bytes, at which it ends, will do.
    fn check_structure(&self, tx: &UnsignedTransaction, state: &ErgoStateContext) {
        let proof = |i: &UnsignedInput| ProverResult {
            proof: ProofBytes::Empty,
            extension: i.extension.clone(),
        };
        let inputs = tx
            .inputs
            .clone()
            .mapped(|i| Input::new(i.box_id, proof(&i)));
        let bare =
            Transaction::new(inputs, tx.data_inputs.clone(), tx.output_candidates.clone()).unwrap();
        match self.context(bare).validate(state) {
            Ok(())
            | Err(TxValidationError::ReducedToFalse(..) | TxValidationError::VerifierError(..)) => {
            }
            Err(e) => panic!("the case is refused for a reason outside the scripts: {e}"),
        }
    }

    /// What ergo-lib and the official interpreter make of each script that runs. They must agree.
    fn reductions(&self) -> (Vec<Option<Reduction>>, Verdict) {
        let (tx, state) = (self.tx(), self.state());
        self.check_structure(&tx, &state);
        let reference = judge::judge(&tx, &self.boxes(), &self.data_inputs, &state);
        let context = self.context(tx);
        let ours: Vec<_> = (0..self.inputs.len())
            .map(|i| (!self.is_rent(i)).then(|| reduce_in(&context, &state, i)))
            .collect();
        for (i, ours) in ours.iter().enumerate() {
            if let Some(ours) = ours {
                agree(i, ours, &reference);
            }
        }
        (ours, reference)
    }

    /// What both interpreters make of this input's script.
    fn reduction_at(&self, input: usize) -> Reduction {
        let (tx, state) = (self.tx(), self.state());
        self.check_structure(&tx, &state);
        let reference = judge::judge_at(input, &tx, &self.boxes(), &self.data_inputs, &state);
        let ours = reduce_in(&self.context(tx), &state, input);
        agree(input, &ours, &reference);
        ours
    }

    /// Signs and validates as a node does.
    pub(crate) fn sign(&self) -> Result<Transaction, String> {
        let state = self.state();
        let wallet = Wallet::from_secrets(self.signers.clone());
        let signed = wallet
            .sign_transaction(self.runnable(self.tx()), &state, None)
            .map_err(|e| e.to_string())?;
        let context = self.runnable(signed);
        context.validate(&state).map_err(|e| e.to_string())?;
        Ok(context.spending_tx)
    }

    /// Signed as far as it can be: the proof of an input whose script refuses, or whose keys are missing, is empty.
    pub fn signed_in_part(&self) -> Transaction {
        let (tx, state) = (self.tx(), self.state());
        let context = self.runnable(tx.clone());
        let wallet = Wallet::from_secrets(self.signers.clone());
        let proof = |input: usize| {
            let signed = wallet.sign_tx_input(input, context.clone(), &state, None);
            signed.map_or(ProofBytes::Empty, |input| input.spending_proof.proof)
        };
        let proofs = (0..self.inputs.len()).map(proof).collect();
        Transaction::from_unsigned_tx(tx, proofs).unwrap()
    }

    /// Both interpreters accept it, signed. Returns it with its block cost (proofs not counted; `None` beside a rent
    /// spend, whose script the reference need not reduce).
    #[track_caller]
    pub fn accepted(&self) -> (Transaction, Option<u64>) {
        let (ours, reference) = self.reductions();
        for (i, reduction) in ours.iter().enumerate() {
            if let Some(Err(e)) = reduction {
                panic!("input {i} refuses: {e}");
            }
            assert_ne!(
                reduction,
                &Some(Ok(SigmaBoolean::TrivialProp(false))),
                "input {i} refuses"
            );
        }
        let signed = self.sign().unwrap_or_else(|e| panic!("not accepted: {e}"));
        record(self, Asserted::Accepted);
        (signed, reference.reduced.map(|r| r.cost))
    }

    /// The script of this input refuses it, in both interpreters.
    #[track_caller]
    pub fn refused_at(&self, input: usize) {
        assert!(
            !self.is_rent(input),
            "input {input} is spent as storage rent: its script does not run"
        );
        if passes(&self.reduction_at(input)) {
            panic!(
                "input {input} accepts it (which inputs accept: {:?})",
                self.accepts()
            );
        }
        assert!(
            self.sign().is_err(),
            "a script refuses, and yet it was accepted"
        );
        record(self, Asserted::RefusedAt(input));
    }

    /// The script of this input refuses it in the official interpreter, which runs in the node, while ergo-lib takes
    /// it for good: ergo-lib reads a register of another type than the script asks for as it is, where the official
    /// interpreter fails. Breaks when ergo-lib learns it, so that such cases turn into [`Case::refused_at`].
    #[track_caller]
    pub fn refused_by_the_reference_alone_at(&self, input: usize) {
        let (tx, state) = (self.tx(), self.state());
        self.check_structure(&tx, &state);
        let reference = judge::judge_at(input, &tx, &self.boxes(), &self.data_inputs, &state);
        assert!(
            reference.inputs[input].is_err(),
            "the reference accepts input {input}"
        );
        let ours = reduce_in(&self.context(tx), &state, input);
        assert!(
            matches!(&ours, Ok(prop) if *prop != SigmaBoolean::TrivialProp(false)),
            "ergo-lib refuses it too: {ours:?}"
        );
    }

    /// Every script would accept it with the right signatures, and those given do not suffice.
    #[track_caller]
    pub fn unproven(&self) {
        let (ours, _) = self.reductions();
        for (i, reduction) in ours.iter().enumerate() {
            match reduction {
                Some(Ok(SigmaBoolean::TrivialProp(false))) | Some(Err(_)) => {
                    panic!("input {i} refuses by itself: {reduction:?}")
                }
                _ => {}
            }
        }
        assert!(self.sign().is_err(), "the signatures given suffice");
        record(self, Asserted::Unproven);
    }

    /// The proofs of a transaction that was accepted do not prove this one.
    #[track_caller]
    pub fn refuses_proofs_of(&self, signed: &Transaction) {
        let proofs = signed.inputs.iter().map(|i| i.spending_proof.proof.clone());
        let tx = Transaction::from_unsigned_tx(self.tx(), proofs.collect()).unwrap();
        assert!(self.validate(tx).is_err(), "the proofs suffice");
    }

    /// For each input whether its script would accept it in both interpreters, given the right signatures (`false` for a
    /// storage-rent spend).
    pub fn accepts(&self) -> Vec<bool> {
        let (ours, _) = self.reductions();
        let passes = |r: &Option<Reduction>| r.as_ref().is_some_and(passes);
        ours.iter().map(passes).collect()
    }

    pub(crate) fn reduce(&self, input: usize) -> Reduction {
        reduce_in(&self.context(self.tx()), &self.state(), input)
    }
}

/// The interpreters must not disagree about an input.
fn agree(input: usize, ours: &Reduction, reference: &Verdict) {
    let theirs = &reference.inputs[input];
    let props = reference.reduced.as_ref().map(|r| &r.props);
    let agree = match (props, theirs) {
        (Some(props), Ok(())) => match ours {
            Ok(ours) => *ours == props[input],
            Err(_) => props[input] == SigmaBoolean::TrivialProp(false),
        },
        // Beside an input that fails, the reference says that this one reduces, and not to what.
        (None, Ok(())) => ours.is_ok(),
        (_, Err(_)) => !passes(ours),
    };
    assert!(
        agree,
        "input {input}: ergo-lib says {ours:?}, the reference {theirs:?} ({props:?})"
    );
}

/// Whether right signatures could prove it.
pub(crate) fn passes(reduction: &Reduction) -> bool {
    matches!(reduction, Ok(prop) if *prop != SigmaBoolean::TrivialProp(false))
}

/// An output's registers from R4 on.
pub fn registers(candidate: &ErgoBoxCandidate) -> Vec<Constant> {
    (4..=9u8)
        .map(|n| NonMandatoryRegisterId::try_from(n as i8).unwrap())
        .map_while(|id| candidate.additional_registers.get_constant(id).unwrap())
        .collect()
}

/// An output's `Coll[Long]` register.
pub fn longs(candidate: &ErgoBoxCandidate, id: NonMandatoryRegisterId) -> Vec<i64> {
    use ergo_lib::ergotree_ir::mir::constant::TryExtractInto;
    candidate
        .additional_registers
        .get_constant(id)
        .unwrap()
        .expect("the register is there")
        .try_extract_into()
        .expect("a Coll[Long]")
}

/// Tokens as a box holds them.
pub fn tokens(all: &[(TokenId, u64)]) -> Option<BoxTokens> {
    let all: Vec<Token> = all
        .iter()
        .map(|(token_id, n)| Token {
            token_id: *token_id,
            amount: TokenAmount::try_from(*n).unwrap(),
        })
        .collect();
    BoxTokens::from_vec(all).ok()
}

/// A box that some transaction outside the test made: `seed` keeps the ids of equal boxes apart.
pub fn existing(candidate: &ErgoBoxCandidate, seed: u16) -> ErgoBox {
    made_by(candidate, TxId::zero(), seed)
}

/// The box that this transaction makes at this place.
pub(crate) fn made_by(candidate: &ErgoBoxCandidate, id: TxId, place: u16) -> ErgoBox {
    ErgoBox::from_box_candidate(candidate, id, place).unwrap()
}

/// Any box as it would be with another content. `change` sees it as the only output of a case.
pub fn bent(ergo_box: &ErgoBox, seed: u16, change: impl FnOnce(&mut Case)) -> ErgoBox {
    let mut case = Case {
        inputs: Vec::new(),
        data_inputs: Vec::new(),
        outputs: vec![ErgoBoxCandidate::from(ergo_box.clone())],
        height: ergo_box.creation_height + 1,
        signers: Vec::new(),
    };
    change(&mut case);
    existing(&case.outputs[0], seed)
}

/// A box's size in bytes.
pub fn size(ergo_box: &ErgoBox) -> usize {
    ergo_box.sigma_serialize_bytes().unwrap().len()
}

fn header(height: u32) -> Header {
    static PATTERN: LazyLock<Header> = LazyLock::new(|| {
        let digest = "00".repeat(32);
        serde_json::from_value(serde_json::json!({
            "extensionId": digest, "difficulty": "1", "votes": "000000", "timestamp": 0, "size": 221, "unparsedBytes": "",
            "stateRoot": "00".repeat(33), "height": 0, "nBits": 1_000, "version": 4, "id": digest, "adProofsRoot": digest,
            "transactionsRoot": digest, "extensionHash": digest,
            "powSolutions": {
                "pk": "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
                "w": "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
                "n": "0000000000000000", "d": 0
            },
            "adProofsId": digest, "transactionsId": digest, "parentId": digest
        }))
        .unwrap()
    });
    let id = |height: u32| {
        let mut digest = [0; 32];
        digest[28..].copy_from_slice(&height.to_be_bytes());
        BlockId(Digest(digest))
    };
    Header {
        id: id(height),
        parent_id: id(height - 1),
        timestamp: 1_700_000_000_000 + u64::from(height) * 120_000,
        height,
        ..PATTERN.clone()
    }
}

/// The chain when the next block is at `height`.
pub fn state_at(height: u32) -> ErgoStateContext {
    let headers: Vec<Header> = (1..=10).map(|back| header(height - back)).collect();
    let mut pre_header = PreHeader::from(headers[0].clone());
    pre_header.height = height;
    let parameters = Parameters::new(
        4, 1_250_000, 360, 1_271_009, 8_001_091, 100, 2_407, 100, 197,
    );
    ErgoStateContext::new(pre_header, headers.try_into().unwrap(), parameters)
}
