//! A transaction as the books need it.

use std::sync::Arc;

use ergo_lib::chain::transaction::{Transaction, TxId};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox};

use crate::stored::{assemble, script_bytes, unscripted};

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

/// A box that a transaction makes, as bytes: most of them need never be more. Its id is that of these bytes, and its registers are
/// such as ergo-lib may be given to parse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its id.
    pub id: BoxId,
    /// Its script.
    pub script: Arc<[u8]>,
    /// Its bytes without its script.
    pub unscripted: Vec<u8>,
    /// The box cannot be read: the bytes are another's that stands in for it, with all of it but its registers, and another id.
    pub unread: bool,
}

impl Made {
    /// In the place of a box that cannot be read one with all of it but its registers.
    ///
    /// # Errors
    /// Why that one cannot be written down.
    pub fn stand_in(ergo_box: &ErgoBox, unread: BoxId) -> Result<Self, String> {
        Ok(Self {
            id: unread,
            script: script_bytes(ergo_box)?.into(),
            unscripted: unscripted(ergo_box)?,
            unread: true,
        })
    }

    /// The box, its script kept as bytes.
    ///
    /// # Errors
    /// Why these are the bytes of no box.
    pub fn ergo_box(&self) -> Result<ErgoBox, String> {
        assemble(&self.script, &self.unscripted)
    }
}

impl TryFrom<&Transaction> for BlockTx {
    type Error = String;

    fn try_from(tx: &Transaction) -> Result<Self, String> {
        let made = |ergo_box: &ErgoBox| {
            Ok(Made {
                id: ergo_box.box_id(),
                script: script_bytes(ergo_box)?.into(),
                unscripted: unscripted(ergo_box)?,
                unread: false,
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
