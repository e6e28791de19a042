//! Fixed phrases, and a small chain state for signing.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "every test file uses a part of this; a broken fixture must stop the test"
)]

pub(crate) mod committee;

use ergo_lib::chain::ergo_state_context::ErgoStateContext;
use ergo_lib::chain::parameters::Parameters;
use ergo_lib::chain::transaction::unsigned::UnsignedTransaction;
use ergo_lib::chain::transaction::{Transaction, TxId, UnsignedInput};
use ergo_lib::ergo_chain_types::{Header, PreHeader};
use ergo_lib::ergotree_ir::chain::ergo_box::box_value::BoxValue;
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate, NonMandatoryRegisters};
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::mir::expr::Expr;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use ergo_lib::wallet::signing::TransactionContext;
use lets_wallet::{Backup, Mnemonic, UnlockedKeys};

/// Three valid phrases: ergo-appkit's, the one of ergo#1627, and a BIP-39 test vector.
pub(crate) const PHRASES: [&str; 3] = [
    "slow silly start wash bundle suffer bulb ancient height spin express remind today effort helmet",
    "race relax argue hair sorry riot there spirit ready fetch food hedgehog hybrid mobile pretty",
    "legal winner thank year wave sausage worth useful legal winner thank yellow",
];

pub(crate) const HEIGHT: u32 = 1_300_000;
const NANO_ERG_IN_BOX: u64 = 10_000_000;

pub(crate) fn backup(number: usize) -> Backup {
    Backup::new(Mnemonic::parse(PHRASES[number]).unwrap())
}

pub(crate) fn keys(number: usize) -> UnlockedKeys {
    backup(number).keys().unwrap()
}

/// Ten headers, newest first, all made from mainnet's block 471746 with other heights.
pub(crate) fn state() -> ErgoStateContext {
    let headers: [Header; 10] = std::array::from_fn(|age| {
        let mut header: Header = serde_json::from_str(include_str!("header.json")).unwrap();
        header.version = 4;
        header.height = HEIGHT - 1 - u32::try_from(age).unwrap();
        header
    });
    let mut pre_header = PreHeader::from(headers[0].clone());
    pre_header.height = HEIGHT;
    ErgoStateContext::new(pre_header, headers, Parameters::default())
}

pub(crate) fn tree(script: impl Into<Expr>) -> ErgoTree {
    ErgoTree::try_from(script.into()).unwrap()
}

pub(crate) fn prop_tree(prop: SigmaProp) -> ErgoTree {
    tree(Expr::Const(prop.into()))
}

/// One box of 0.01 ERG for each script.
pub(crate) fn boxes(scripts: Vec<ErgoTree>) -> Vec<ErgoBox> {
    (0_u16..)
        .zip(scripts)
        .map(|(index, script)| {
            ErgoBox::new(
                BoxValue::new(NANO_ERG_IN_BOX).unwrap(),
                script,
                None,
                NonMandatoryRegisters::empty(),
                HEIGHT - 100,
                TxId::zero(),
                index,
            )
            .unwrap()
        })
        .collect()
}

/// A transaction that gathers all the boxes into one with the script `to`.
pub(crate) fn gather(inputs: &[ErgoBox], to: ErgoTree) -> TransactionContext<UnsignedTransaction> {
    let output = ErgoBoxCandidate {
        value: BoxValue::new(NANO_ERG_IN_BOX * inputs.len() as u64).unwrap(),
        ergo_tree: to,
        tokens: None,
        additional_registers: NonMandatoryRegisters::empty(),
        creation_height: HEIGHT,
    };
    let tx = UnsignedTransaction::new_from_vec(
        inputs.iter().cloned().map(UnsignedInput::from).collect(),
        Vec::new(),
        vec![output],
    )
    .unwrap();
    TransactionContext::new(tx, inputs.to_vec(), Vec::new()).unwrap()
}

/// Does ergo-lib, as a validator, accept the signed transaction?
pub(crate) fn is_valid(tx: Transaction, inputs: &[ErgoBox]) -> bool {
    TransactionContext::new(tx, inputs.to_vec(), Vec::new())
        .unwrap()
        .validate(&state())
        .is_ok()
}
