//! Unspent boxes by id, from the node's state.

use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox};

use crate::client::NodeClient;
use crate::error::NodeError;

impl NodeClient {
    /// The confirmed unspent box with this id (`GET /utxo/byId/{id}`), current as of the last block. None: spent,
    /// not confirmed, or never there. A node in `digest` state knows no boxes and always says None
    /// ([`NodeInfo::state_type`](crate::NodeInfo::state_type)).
    ///
    /// # Errors
    /// [`NodeError`]
    pub async fn utxo(&self, id: &BoxId) -> Result<Option<ErgoBox>, NodeError> {
        self.box_at("/utxo/byId", id).await
    }

    /// The same, looking also at boxes that transactions in the pool create (`GET /utxo/withPool/byId/{id}`). Up to a
    /// second old. **A box that a pool transaction already spends is returned too.**
    ///
    /// # Errors
    /// [`NodeError`]
    pub async fn utxo_with_pool(&self, id: &BoxId) -> Result<Option<ErgoBox>, NodeError> {
        self.box_at("/utxo/withPool/byId", id).await
    }

    async fn box_at(&self, route: &str, id: &BoxId) -> Result<Option<ErgoBox>, NodeError> {
        let Some(answer) = self.look_up(&self.get(format!("{route}/{id}"))).await? else {
            return Ok(None);
        };
        let found = answer.ergo_box(answer.json()?)?;
        answer.asked_for(&format!("box {}", found.box_id()), id, &found.box_id())?;
        Ok(Some(found))
    }
}
