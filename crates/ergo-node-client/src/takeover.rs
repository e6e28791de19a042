//! One node in the place of another that fails.

use std::sync::atomic::Ordering;

use crate::chain::NodeInfo;
use crate::client::NodeClient;
use crate::error::NodeError;

/// So many blocks a node may be behind the greatest height that was seen, and still take over. What it shows is a little
/// old then, and no more wrong than any view that lags.
const MAX_BEHIND: u32 = 10;

impl NodeClient {
    /// Goes on with the first of the `most` nodes after `failed` that can take over, and returns how many of them were
    /// looked at. `cause` is why `failed` was left.
    ///
    /// # Errors
    /// [`NodeError::Unfit`] when one of them answers and cannot take over; else `cause`.
    pub(crate) async fn take_over(
        &self,
        failed: &str,
        most: usize,
        cause: NodeError,
    ) -> Result<usize, NodeError> {
        let mut unfit = None;
        for looked in 1..=most {
            let Some((place, node)) = self.after(failed, looked) else {
                // Another request has left it meanwhile.
                return Ok(1);
            };
            let call = self.get("/info".to_owned());
            let Ok(Some(answer)) = self.look_up_at(node, &call).await else {
                continue;
            };
            match answer.node_info() {
                Ok(info) => match self.unfit(&info) {
                    None => {
                        self.remember(&info);
                        self.go_on_at(place);
                        return Ok(looked);
                    }
                    Some(why) => unfit = Some((answer.at, why)),
                },
                Err(error) => unfit = Some((answer.at, error.to_string())),
            }
        }
        match unfit {
            Some((at, why)) => Err(NodeError::Unfit {
                at,
                why,
                cause: Box::new(cause),
            }),
            None => Err(cause),
        }
    }

    /// Why a node with this to say cannot stand in for those asked before.
    fn unfit(&self, info: &NodeInfo) -> Option<String> {
        if let (Some(known), Some(found)) = (self.inner.genesis.get(), &info.genesis_block_id)
            && known != found
        {
            return Some(format!(
                "it follows another chain, which begins with block {found}, not {known}"
            ));
        }
        let highest = self.inner.highest.load(Ordering::Relaxed);
        let behind = highest.saturating_sub(info.full_height.unwrap_or(0));
        (behind > MAX_BEHIND).then(|| format!("it is {behind} blocks behind"))
    }

    /// Keeps which chain this is and how far it has come.
    pub(crate) fn remember(&self, info: &NodeInfo) {
        if let Some(genesis) = info.genesis_block_id {
            let _ = self.inner.genesis.set(genesis);
        }
        if let Some(height) = info.full_height {
            self.inner.highest.fetch_max(height, Ordering::Relaxed);
        }
    }
}
