//! People with keys, and the transactions they sign. The crate's own unit tests use this file too.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "test helpers; each user needs some of them"
)]

use ergo_lib::chain::ergo_state_context::ErgoStateContext;
use ergo_lib::chain::transaction::unsigned::UnsignedTransaction;
use ergo_lib::chain::transaction::{DataInput, Transaction, UnsignedInput};
use ergo_lib::ergo_chain_types::blake2b256_hash;
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::address::{AddressEncoder, NetworkPrefix};
use ergo_lib::ergotree_ir::chain::ergo_box::{
    BoxTokens, ErgoBox, ErgoBoxCandidate, NonMandatoryRegisters,
};
use ergo_lib::ergotree_ir::chain::token::{Token, TokenId};
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::wallet::Wallet;
use ergo_lib::wallet::miner_fee::MINERS_FEE_ADDRESS;
use ergo_lib::wallet::secret_key::SecretKey;
use ergo_lib::wallet::tx_context::TransactionContext;

/// Somebody with one key, made from a number.
#[derive(Clone)]
pub(crate) struct Person {
    secret: [u8; 32],
    pub(crate) tree: ErgoTree,
    pub(crate) address: String,
}

pub(crate) fn person(number: u8) -> Person {
    let secret = blake2b256_hash(&[b'p', number]).0;
    let address = SecretKey::dlog_from_bytes(&secret)
        .unwrap()
        .get_address_from_public_image();
    Person {
        secret,
        tree: address.script().unwrap(),
        address: AddressEncoder::new(NetworkPrefix::Mainnet).address_to_str(&address),
    }
}

pub(crate) fn output(tree: &ErgoTree, value: u64, height: u32) -> ErgoBoxCandidate {
    output_with_tokens(tree, value, height, &[])
}

pub(crate) fn output_with_tokens(
    tree: &ErgoTree,
    value: u64,
    height: u32,
    tokens: &[(TokenId, u64)],
) -> ErgoBoxCandidate {
    let tokens: Vec<Token> = tokens
        .iter()
        .map(|(id, amount)| (*id, (*amount).try_into().unwrap()).into())
        .collect();
    ErgoBoxCandidate {
        value: value.try_into().unwrap(),
        ergo_tree: tree.clone(),
        tokens: BoxTokens::from_vec(tokens).ok(),
        additional_registers: NonMandatoryRegisters::empty(),
        creation_height: height,
    }
}

pub(crate) fn fee_output(value: u64, height: u32) -> ErgoBoxCandidate {
    output(&MINERS_FEE_ADDRESS.script().unwrap(), value, height)
}

impl Person {
    /// Signs a transaction that spends `inputs`, reads `data` and makes `outputs`.
    pub(crate) fn spend(
        &self,
        context: &ErgoStateContext,
        inputs: &[ErgoBox],
        data: &[ErgoBox],
        outputs: Vec<ErgoBoxCandidate>,
    ) -> Transaction {
        let unsigned = UnsignedTransaction::new_from_vec(
            inputs
                .iter()
                .map(|b| UnsignedInput::new(b.box_id(), ContextExtension::empty()))
                .collect(),
            data.iter().map(|b| DataInput::from(b.box_id())).collect(),
            outputs,
        )
        .unwrap();
        let tx_context = TransactionContext::new(unsigned, inputs.to_vec(), data.to_vec()).unwrap();
        let wallet = Wallet::from_secrets(vec![SecretKey::dlog_from_bytes(&self.secret).unwrap()]);
        wallet.sign_transaction(tx_context, context, None).unwrap()
    }

    /// Pays `value` to a script out of one box, with a fee; the change is the second output.
    pub(crate) fn pay(
        &self,
        context: &ErgoStateContext,
        from: &ErgoBox,
        to: &ErgoTree,
        value: u64,
        fee: u64,
    ) -> Transaction {
        let height = context.pre_header.height;
        let change = from.value.as_u64() - value - fee;
        let outputs = vec![
            output(to, value, height),
            output(&self.tree, change, height),
            fee_output(fee, height),
        ];
        self.spend(context, std::slice::from_ref(from), &[], outputs)
    }
}

/// The box that a transaction makes at a position.
pub(crate) fn made(tx: &Transaction, index: usize) -> ErgoBox {
    tx.outputs.get(index).unwrap().clone()
}
