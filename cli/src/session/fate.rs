//! What became of a transaction that spends an account, before anything is built in its place.
//!
//! Two transactions that spend one box exclude each other, and so do one that spends a box and one that spends a successor
//! which another transaction made of it. So a payment can be made anew without ever being made twice, if the account's box of
//! now is the one that the first attempt spent, or comes from it by other transactions than that attempt.

use ergo_lib::chain::transaction::TxId;
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox};
use ergo_lib::ergotree_ir::chain::token::TokenId;

use super::{Place, Session};
use crate::error::CliError;

/// What became of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is in the pool or in a block.
    There(Place),
    /// It is nowhere, and the account's box that it spends is still unspent.
    Open,
    /// It is nowhere, and others have spent that box: it can never be included beside them.
    Superseded,
}

/// An earlier attempt to spend an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// The transaction.
    pub transaction: TxId,
    /// The account's box that it spends.
    pub spends: BoxId,
}

/// So many transactions of one account in a row are looked through.
const DEEPEST: usize = 200;

impl Session {
    /// What became of `attempt`, now that the account of `number` stands in the box `now`.
    ///
    /// # Errors
    /// [`CliError::CannotTell`] if the account's way from the box that the attempt spends to `now` cannot be followed;
    /// [`CliError::Node`].
    pub async fn fate(
        &self,
        attempt: Attempt,
        number: TokenId,
        now: &ErgoBox,
    ) -> Result<Fate, CliError> {
        let place = self.settle(&attempt.transaction).await?;
        if place != Place::Nowhere {
            return Ok(Fate::There(place));
        }
        if now.box_id() == attempt.spends {
            return Ok(Fate::Open);
        }
        let cannot_tell = || CliError::CannotTell {
            id: String::from(attempt.transaction),
        };
        let mut at = now.clone();
        for _ in 0..DEEPEST {
            let made_by = at.transaction_id;
            if made_by == attempt.transaction {
                return Ok(Fate::There(Place::Pool));
            }
            let spent = self.spent_by(&made_by).await?.ok_or_else(cannot_tell)?;
            if spent.contains(&attempt.spends) {
                return Ok(Fate::Superseded);
            }
            let mut before = None;
            for id in spent {
                let found = self.any_box(&id).await?;
                let holds = |b: &ErgoBox| b.tokens.iter().flatten().any(|t| t.token_id == number);
                before = before.or(found.filter(holds));
            }
            at = before.ok_or_else(cannot_tell)?;
        }
        Err(cannot_tell())
    }

    /// Ids of the boxes that a transaction of pool or chain spends.
    async fn spent_by(&self, id: &TxId) -> Result<Option<Vec<BoxId>>, CliError> {
        if let Some(found) = self.client.unconfirmed(id).await? {
            return Ok(Some(found.inputs.iter().map(|i| i.box_id).collect()));
        }
        Ok(self.confirmed(id).await?.map(|tx| tx.spent))
    }

    /// A box, spent or not, of pool or chain.
    pub async fn any_box(&self, id: &BoxId) -> Result<Option<ErgoBox>, CliError> {
        let own = self.own.iter().flat_map(|own| &own.made);
        if let Some(found) = own.clone().find(|b| b.box_id() == *id) {
            return Ok(Some(found.clone()));
        }
        if let Some(found) = self.client.utxo_with_pool(id).await? {
            return Ok(Some(found));
        }
        self.known_box(id).await
    }
}
