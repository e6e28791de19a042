//! Finding the box in which an oracle pool publishes its rate.

use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_node_client::NodeError;
use lets_contracts::OracleNft;
use lets_protocol::{Blocks, Lets, OracleBox};

use super::follow::HEADERS;
use super::{Session, View};
use crate::error::CliError;

impl Session {
    /// The box of the oracle pool whose rate the LETS's pot reads, as the chain has it; `None` if the chain shows none that
    /// reads as one, or several.
    ///
    /// # Errors
    /// [`CliError::Node`].
    pub async fn oracle(&self, lets: &Lets) -> Result<Option<OracleBox>, CliError> {
        match lets.oracle() {
            Some(nft) => self.oracle_of(nft).await,
            None => Ok(None),
        }
    }

    /// The box of the oracle pool with this NFT.
    ///
    /// # Errors
    /// As [`Session::oracle`].
    pub async fn oracle_of(&self, nft: OracleNft) -> Result<Option<OracleBox>, CliError> {
        // A ledger does not keep it: the pool is none of the LETS's, and has a box every hour.
        let token = TokenId::from(nft);
        let ask = self.client.unspent_by_token(&token, View::Chain.query());
        let found: Vec<ErgoBox> = match ask.await {
            Ok(found) => {
                let found = self.readable(found).into_iter();
                found.map(|b| b.ergo_box).collect()
            }
            Err(NodeError::NotIndexed { .. }) => self.published(nft).await?.into_iter().collect(),
            Err(e) => return Err(e.into()),
        };
        let mut boxes = found.iter().filter_map(|b| OracleBox::parse(nft, b).ok());
        let first = boxes.next();
        Ok(first.filter(|_| boxes.next().is_none()))
    }

    /// The last box with this NFT that a block of the last week made: an older one prices nothing. Where there is no index.
    async fn published(&self, nft: OracleNft) -> Result<Option<ErgoBox>, CliError> {
        let digits = nft.to_string();
        let token = TokenId::from(nft);
        let tip = self.height().await?.0;
        let least = tip.saturating_sub(Blocks::RECENT.0).max(1);
        let mut top = tip;
        while top >= least {
            let bottom = (top + 1).saturating_sub(HEADERS).max(least);
            for header in self.client.headers(bottom, top).await?.iter().rev() {
                let texts = self.client.transaction_texts(&header.id).await?;
                for text in texts.unwrap_or_default().iter().rev() {
                    if !text.mentions(&digits) {
                        continue;
                    }
                    let holds =
                        |b: &ErgoBox| b.tokens.iter().flatten().any(|t| t.token_id == token);
                    // An oracle's box that cannot be read prices nothing.
                    let made = text.outline()?.outputs.into_iter().flatten();
                    let mut made = made.map(|output| output.ergo_box);
                    if let Some(made) = made.find(holds) {
                        return Ok(Some(made));
                    }
                }
            }
            top = bottom - 1;
        }
        Ok(None)
    }
}
