//! The one wallet route that all nodes share and that proves the API key right. Nothing here signs.

use serde::Deserialize;

use crate::client::NodeClient;
use crate::error::NodeError;

/// State of the wallet inside the node (`GET /wallet/status`).
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WalletStatus {
    /// Whether the node holds a wallet.
    pub is_initialized: bool,
    /// Whether it can sign now.
    pub is_unlocked: bool,
}

impl NodeClient {
    /// State of the node's own wallet. Needs the API key, and so shows whether it is right.
    ///
    /// # Errors
    /// [`NodeError`]; [`Unauthorised`](NodeError::Unauthorised) without the right key.
    pub async fn wallet_status(&self) -> Result<WalletStatus, NodeError> {
        let answer = self.read(&self.get("/wallet/status".to_owned())).await?;
        answer.item("the wallet's status", answer.json()?)
    }
}
