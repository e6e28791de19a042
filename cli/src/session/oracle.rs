//! Finding the box in which an oracle pool publishes its rate.

use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_node_client::NodeError;
use lets_contracts::OracleNft;
use lets_protocol::{Blocks, Lets, OracleBox};

use super::follow::HEADERS;
use super::unread::whole;
use super::{Plan, Session, View};
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
        // Of the index even if the session reads from a ledger: one that was built with its help knows nothing of the pool.
        let token = TokenId::from(nft);
        let ask = self.client.unspent_by_token(&token, View::Chain.query());
        let found: Vec<ErgoBox> = match ask.await {
            Ok(found) => {
                let found = self.readable(found).into_iter();
                found.map(|b| b.ergo_box).collect()
            }
            Err(NodeError::NotIndexed { .. }) => match self.followed(nft).await? {
                Some(found) => found,
                None => self.published(nft).await?.into_iter().collect(),
            },
            Err(e) => return Err(e.into()),
        };
        let mut boxes = found.iter().filter_map(|b| OracleBox::parse(nft, b).ok());
        let first = boxes.next();
        Ok(first.filter(|_| boxes.next().is_none()))
    }

    /// The boxes with this NFT that the ledger has, however old they are; `None` if it is not of a LETS that reads this pool, or
    /// does not follow it.
    async fn followed(&self, nft: OracleNft) -> Result<Option<Vec<ErgoBox>>, CliError> {
        let reads_it = |plan: &Plan| plan.its_lets().and_then(|l| l.oracle()) == Some(nft);
        if !self.plan.as_ref().is_some_and(reads_it) {
            return Ok(None);
        }
        match self.begun_books().await? {
            Some(ledger) => Ok(ledger.oracle_boxes()?),
            None => Ok(None),
        }
    }

    /// The last box with this NFT that a block of the last week made: an older one prices nothing. Where there is no index, and no
    /// ledger yet, as before a founding.
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
                    for made in made {
                        let made = whole(made)?;
                        if holds(&made) {
                            return Ok(Some(made));
                        }
                    }
                }
            }
            top = bottom - 1;
        }
        Ok(None)
    }
}
