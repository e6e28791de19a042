//! Transactions that no honest miner takes, for chains of dishonest ones.

use ergo_lib::chain::transaction::prover_result::ProverResult;
use ergo_lib::chain::transaction::{DataInput, Input, Transaction};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::{ContextExtension, ProofBytes};
use ergo_lib::ergotree_ir::chain::ergo_box::{
    BoxTokens, ErgoBox, ErgoBoxCandidate, NonMandatoryRegisterId as Register, NonMandatoryRegisters,
};
use ergo_lib::ergotree_ir::chain::token::{Token, TokenAmount, TokenId};
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::mir::constant::{Constant, TryExtractInto};
use ergo_lib::wallet::miner_fee::MINERS_FEE_ADDRESS;

/// A transaction whose every part is the forger's choice. It begins as one that leaves each box as it was.
#[derive(Clone)]
pub(crate) struct Forged {
    pub(crate) inputs: Vec<ErgoBox>,
    pub(crate) read: Vec<ErgoBox>,
    pub(crate) outputs: Vec<ErgoBoxCandidate>,
}

impl Forged {
    pub(crate) fn new(inputs: &[&ErgoBox], read: &[&ErgoBox]) -> Self {
        let owned = |boxes: &[&ErgoBox]| boxes.iter().map(|&b| b.clone()).collect::<Vec<_>>();
        let inputs = owned(inputs);
        Self {
            outputs: inputs.iter().cloned().map(ErgoBoxCandidate::from).collect(),
            inputs,
            read: owned(read),
        }
    }

    pub(crate) fn registers(&self, output: usize) -> Vec<Constant> {
        let all = &self.outputs[output].additional_registers;
        (4..10i8)
            .map_while(|id| all.get_constant(Register::try_from(id).unwrap()).unwrap())
            .collect()
    }

    /// Changes the registers of an output, R4 first.
    pub(crate) fn with(mut self, output: usize, change: impl FnOnce(&mut Vec<Constant>)) -> Self {
        let mut all = self.registers(output);
        change(&mut all);
        self.outputs[output].additional_registers = NonMandatoryRegisters::try_from(all).unwrap();
        self
    }

    /// Adds to a number of a `Coll[Long]` register.
    pub(crate) fn add(self, output: usize, register: usize, place: usize, more: i64) -> Self {
        self.with(output, |all| {
            let mut longs: Vec<i64> = all[register - 4].clone().try_extract_into().unwrap();
            longs[place] += more;
            all[register - 4] = longs.into();
        })
    }

    /// Adds to the amount of a token, wherever in the box it stands, or at the end.
    pub(crate) fn tokens(mut self, output: usize, id: TokenId, more: i64) -> Self {
        let mut all: Vec<(TokenId, i64)> = self.outputs[output]
            .tokens
            .iter()
            .flatten()
            .map(|t| (t.token_id, i64::try_from(*t.amount.as_u64()).unwrap()))
            .collect();
        match all.iter_mut().find(|(token, _)| *token == id) {
            Some((_, amount)) => *amount += more,
            None => all.push((id, more)),
        }
        let all = all.into_iter().filter(|(_, amount)| *amount != 0);
        let all = all.map(|(token_id, amount)| Token {
            token_id,
            amount: TokenAmount::try_from(u64::try_from(amount).unwrap()).unwrap(),
        });
        self.outputs[output].tokens = BoxTokens::from_vec(all.collect()).ok();
        self
    }

    pub(crate) fn script(mut self, output: usize, tree: &ErgoTree) -> Self {
        self.outputs[output].ergo_tree = tree.clone();
        self
    }

    /// One more output, which begins as a copy of a box without its tokens.
    pub(crate) fn copy(mut self, of: &ErgoBox) -> Self {
        let mut copy = ErgoBoxCandidate::from(of.clone());
        copy.tokens = None;
        self.outputs.push(copy);
        self
    }

    /// Pays a fee out of an output.
    pub(crate) fn fee(mut self, from: usize, fee: u64) -> Self {
        let mut paid = self.outputs[from].clone();
        (paid.tokens, paid.additional_registers) = (None, NonMandatoryRegisters::empty());
        paid.ergo_tree = MINERS_FEE_ADDRESS.script().unwrap();
        paid.value = fee.try_into().unwrap();
        let left = *self.outputs[from].value.as_u64() - fee;
        self.outputs[from].value = left.try_into().unwrap();
        self.outputs.push(paid);
        self
    }

    /// Takes 0.1 ERG of rent out of the first box, and nothing else.
    pub(crate) fn rent(self, height: u32) -> Transaction {
        let bare = self.fee(0, 100_000_000).tx(height);
        let mut input = bare.inputs.first().clone();
        let extension = &mut input.spending_proof.extension;
        extension.values.insert(127, Constant::from(0i16));
        Transaction::new_from_vec(vec![input], vec![], bare.output_candidates.to_vec()).unwrap()
    }

    /// Signed by nobody.
    pub(crate) fn tx(&self, height: u32) -> Transaction {
        let unsigned = |b: &ErgoBox| {
            let nothing = ProverResult {
                proof: ProofBytes::Empty,
                extension: ContextExtension::empty(),
            };
            Input::new(b.box_id(), nothing)
        };
        let mut outputs = self.outputs.clone();
        for output in &mut outputs {
            output.creation_height = height;
        }
        let read = self.read.iter().map(|b| DataInput::from(b.box_id()));
        let inputs = self.inputs.iter().map(unsigned).collect();
        Transaction::new_from_vec(inputs, read.collect(), outputs).unwrap()
    }
}
