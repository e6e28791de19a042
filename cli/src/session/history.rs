//! Everything that was ever done with pot, charter and the community's account, in order, from a node alone.

use std::collections::HashSet;

use ergo_lib::chain::transaction::TxId;
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_node_client::IndexedTransaction;
use lets_protocol::{
    AccountNumber, Deed, DeedError, Lets, Paid, charter_deed, payments_in, pot_deed,
};

use super::Session;
use crate::error::CliError;

/// A transaction of the past, and what it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past<T> {
    /// The transaction.
    pub transaction: TxId,
    /// The height of its block.
    pub height: u32,
    /// What it did.
    pub it: T,
}

/// A transaction with pot or charter that their scripts should not have let pass, or what it did.
pub type Judged = Result<Deed, DeedError>;

impl Session {
    /// What was done with the pot, oldest first.
    ///
    /// # Errors
    /// [`CliError::Node`].
    pub async fn pot_history(&self, lets: &Lets) -> Result<Vec<Past<Judged>>, CliError> {
        let charters = self.boxes_ever(lets.ids().charter_nft.into()).await?;
        let charters: HashSet<BoxId> = charters.iter().map(ErgoBox::box_id).collect();
        let nft = lets.ids().pot_nft.into();
        let did = |tx: &IndexedTransaction, inputs: &[ErgoBox], outputs: &[ErgoBox]| {
            let by_committee = tx
                .data_inputs
                .first()
                .is_some_and(|id| charters.contains(id));
            pot_deed(lets, inputs, outputs, by_committee)
        };
        let mut past = self.past(nft, did).await?;
        // The pot's NFT was carried from where it was minted into the pot: no deed of the pot's.
        let founded = past.iter().position(|p| p.it == Ok(Deed::Founded));
        Ok(past.split_off(founded.unwrap_or_default()))
    }

    /// What was done with the charter, oldest first.
    ///
    /// # Errors
    /// [`CliError::Node`].
    pub async fn charter_history(&self, lets: &Lets) -> Result<Vec<Past<Judged>>, CliError> {
        let nft = lets.ids().charter_nft.into();
        let did = |_: &IndexedTransaction, inputs: &[ErgoBox], outputs: &[ErgoBox]| {
            charter_deed(lets, inputs, outputs)
        };
        let mut past = self.past(nft, did).await?;
        let founded = past.iter().position(|p| p.it == Ok(Deed::Founded));
        Ok(past.split_off(founded.unwrap_or_default()))
    }

    /// The payments that an account made directly and by notes, oldest first.
    ///
    /// # Errors
    /// [`CliError::Node`].
    pub async fn paid_by(
        &self,
        lets: &Lets,
        number: AccountNumber,
    ) -> Result<Vec<Past<Paid>>, CliError> {
        let did = |tx: &IndexedTransaction, inputs: &[ErgoBox], outputs: &[ErgoBox]| {
            let found = tx.transaction.as_ref();
            found.map_or_else(Vec::new, |tx| payments_in(lets, tx, inputs, outputs))
        };
        let past = self.past(number.token_id(), did).await?;
        let one = |p: Past<Vec<Paid>>| {
            let (transaction, height) = (p.transaction, p.height);
            p.it.into_iter().map(move |it| Past {
                transaction,
                height,
                it,
            })
        };
        Ok(past
            .into_iter()
            .flat_map(one)
            .filter(|p| p.it.payer == Some(number))
            .collect())
    }

    async fn boxes_ever(&self, token: TokenId) -> Result<Vec<ErgoBox>, CliError> {
        let found = self.client.boxes_by_token(&token).await?;
        Ok(found.into_iter().map(|b| b.ergo_box).collect())
    }

    /// Every transaction that made a box with this token, in the chain's order, and what `did` makes of it.
    async fn past<T>(
        &self,
        token: TokenId,
        did: impl Fn(&IndexedTransaction, &[ErgoBox], &[ErgoBox]) -> T,
    ) -> Result<Vec<Past<T>>, CliError> {
        let mut boxes = self.client.boxes_by_token(&token).await?;
        boxes.sort_by_key(|b| (b.inclusion_height, b.global_index));
        let mut known = HashSet::new();
        let mut past = Vec::new();
        for made in boxes {
            let id = made.ergo_box.transaction_id;
            if !known.insert(id) {
                continue;
            }
            // A history with a hole in it is none.
            let found = self.client.indexed_transaction(&id).await?;
            let tx = found.ok_or_else(|| {
                CliError::Nothing(format!(
                    "the node names transaction {} and does not give it",
                    String::from(id)
                ))
            })?;
            let all = |boxes: &[ergo_node_client::IndexedBox]| -> Vec<ErgoBox> {
                boxes.iter().map(|b| b.ergo_box.clone()).collect()
            };
            let (inputs, outputs) = (all(&tx.inputs), all(&tx.outputs));
            past.push(Past {
                transaction: id,
                height: tx.inclusion_height,
                it: did(&tx, &inputs, &outputs),
            });
        }
        Ok(past)
    }
}
