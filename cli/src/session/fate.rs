//! What became of a transaction that spends an account, before anything is built in its place.
//!
//! Two transactions that spend one box exclude each other, and so do one that spends a box and one that spends a successor
//! which another transaction made of it. So a payment can be made anew without ever being made twice, if the account's box of
//! now is the one that the first attempt spent, or comes from it by other transactions than that attempt. The same holds if the
//! box that it spent is gone with a block that was taken back: it would have to come anew out of transactions that were signed
//! before, and the first of them spends the account's box of now, or one that came before that.

use ergo_lib::chain::transaction::{Transaction, TxId};
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
    /// It is nowhere, and others have spent that box, or a reorganisation has undone it and others stand in its place: it can
    /// never be included beside them.
    Superseded,
}

/// An earlier attempt to spend an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// The transaction.
    pub transaction: TxId,
    /// The account's box that it spends.
    pub spends: BoxId,
    /// The height that it was made at: no block at a lower one holds it.
    pub made_at: u32,
}

impl Attempt {
    /// A signed transaction that spends this box of the account.
    pub fn new(signed: &Transaction, spends: BoxId) -> Self {
        let heights = signed.outputs.iter().map(|o| o.creation_height);
        Self {
            transaction: signed.id(),
            spends,
            made_at: heights.min().unwrap_or_default(),
        }
    }
}

/// One transaction of an account's way.
#[derive(Debug, Clone)]
pub(super) struct Step {
    spent: Vec<BoxId>,
    /// Of its block. A reorganisation may change it, but not what came before the transaction.
    height: Option<u32>,
    /// What made the account's box that it spends; none if no such box can be found.
    before: Option<TxId>,
}

/// So many transactions of one account in a row are looked through.
const DEEPEST: usize = 2_000;

impl Session {
    /// What became of `attempt`, now that the account of `number` stands in the box `now`. `lately`: it may have been sent within
    /// the time that views lag.
    ///
    /// # Errors
    /// [`CliError::CannotTell`] if the account's way from the box that the attempt spends to `now` cannot be followed;
    /// [`CliError::Node`].
    pub async fn fate(
        &self,
        attempt: Attempt,
        number: TokenId,
        now: &ErgoBox,
        lately: bool,
    ) -> Result<Fate, CliError> {
        let place = self.settle_if(&attempt.transaction, lately).await?;
        if place != Place::Nowhere {
            return Ok(Fate::There(place));
        }
        if now.box_id() == attempt.spends {
            return Ok(Fate::Open);
        }
        let cannot_tell = || CliError::CannotTell {
            id: String::from(attempt.transaction),
        };
        let mut made_by = now.transaction_id;
        for _ in 0..DEEPEST {
            if made_by == attempt.transaction {
                return Ok(Fate::There(Place::Pool));
            }
            let step = self.step(&made_by, number).await?.ok_or_else(cannot_tell)?;
            // Below the height that it was made at it is not. Whatever box it spends then, and whether that is still there: what
            // is built on `now` takes the place of all that was signed before on another way to this account.
            let below = step.height.is_some_and(|height| height < attempt.made_at);
            if below || step.spent.contains(&attempt.spends) {
                return Ok(Fate::Superseded);
            }
            made_by = step.before.ok_or_else(cannot_tell)?;
        }
        Err(cannot_tell())
    }

    /// The step of an account's way that a transaction of pool or chain made. What a transaction spends follows from its id, so
    /// that a step that was taken once need not be asked for again.
    async fn step(&self, id: &TxId, number: TokenId) -> Result<Option<Step>, CliError> {
        if let Some(known) = self.steps.lock().await.get(&(*id, number)) {
            return Ok(Some(known.clone()));
        }
        let Some((spent, height)) = self.spent_by(id).await? else {
            return Ok(None);
        };
        let mut before = None;
        for id in &spent {
            let holds = |b: &ErgoBox| b.tokens.iter().flatten().any(|t| t.token_id == number);
            let found = match self.any_box(id).await {
                Ok(found) => found.filter(holds).map(|b| b.transaction_id),
                // Where it comes from can be told even so.
                Err(CliError::Unreadable { unread, .. }) => {
                    Some(unread.transaction_id).filter(|_| unread.holds(&number))
                }
                Err(e) => return Err(e),
            };
            before = before.or(found);
        }
        let step = Step {
            spent,
            height,
            before,
        };
        if height.is_some() {
            let mut steps = self.steps.lock().await;
            steps.insert((*id, number), step.clone());
        }
        Ok(Some(step))
    }

    /// Ids of the boxes that a transaction of pool or chain spends, and the height of its block.
    async fn spent_by(&self, id: &TxId) -> Result<Option<(Vec<BoxId>, Option<u32>)>, CliError> {
        if let Some(found) = self.client.unconfirmed(id).await? {
            return Ok(Some((found.inputs, None)));
        }
        let found = self.confirmed(id).await?;
        Ok(found.map(|tx| (tx.spent, Some(tx.height))))
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
