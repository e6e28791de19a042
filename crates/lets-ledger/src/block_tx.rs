//! A transaction as the books need it.

use ergo_lib::chain::transaction::{Transaction, TxId};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox};

use crate::stored::unscripted;

/// A transaction of a block without its proofs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockTx {
    /// Its id.
    pub id: TxId,
    /// The boxes that it spends, in order.
    pub inputs: Vec<BoxId>,
    /// The context variables of its first input.
    pub variables: ContextExtension,
    /// The boxes that it reads, in order.
    pub data_inputs: Vec<BoxId>,
    /// The boxes that it makes, in order.
    pub outputs: Vec<Made>,
}

/// A box that a transaction makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The box. Its script may be kept as bytes.
    pub ergo_box: ErgoBox,
    /// Its bytes without its script.
    pub unscripted: Vec<u8>,
    /// The id of a box that cannot be read, if this one only stands in for it.
    pub unread: Option<BoxId>,
}

impl Made {
    /// In the place of a box that cannot be read one with all of it but its registers.
    ///
    /// # Errors
    /// Why that one cannot be written down.
    pub fn stand_in(ergo_box: ErgoBox, unread: BoxId) -> Result<Self, String> {
        Ok(Self {
            unscripted: unscripted(&ergo_box)?,
            ergo_box,
            unread: Some(unread),
        })
    }
}

impl TryFrom<&Transaction> for BlockTx {
    type Error = String;

    fn try_from(tx: &Transaction) -> Result<Self, String> {
        let made = |ergo_box: &ErgoBox| {
            Ok(Made {
                unscripted: unscripted(ergo_box)?,
                ergo_box: ergo_box.clone(),
                unread: None,
            })
        };
        let outputs: Result<Vec<Made>, String> = tx.outputs.iter().map(made).collect();
        Ok(Self {
            id: tx.id(),
            inputs: tx.inputs.iter().map(|i| i.box_id).collect(),
            variables: tx.inputs.first().spending_proof.extension.clone(),
            data_inputs: tx.data_inputs.iter().flatten().map(|d| d.box_id).collect(),
            outputs: outputs?,
        })
    }
}
