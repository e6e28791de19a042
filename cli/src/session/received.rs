//! What an account was paid, read off the chain.

use ergo_lib::chain::transaction::TxId;
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use lets_protocol::{
    AccountBox, AccountNumber, Height, Lets, NoteBox, Paid, can_claim, payments_of,
};

use super::unread::{made, stand_in};
use super::{Seen, Session, View};
use crate::error::CliError;

impl Session {
    /// The payments that a transaction of chain or pool made; `None` if it is in neither.
    ///
    /// # Errors
    /// [`CliError::Node`].
    pub async fn payments_of(
        &self,
        lets: &Lets,
        id: &TxId,
    ) -> Result<Option<Seen<Vec<Paid>>>, CliError> {
        Ok(self.look(lets, id).await?.map(|found| Seen {
            it: found.it.paid,
            confirmed: found.confirmed,
        }))
    }

    /// Payments to an account since a height: what it was paid directly, the notes that it took in, and those that wait for
    /// it and that it can claim. In the order in which the node knows them; those in the pool last.
    ///
    /// # Errors
    /// [`CliError::Node`].
    pub async fn received(
        &self,
        lets: &Lets,
        account: &AccountBox,
        since: Height,
    ) -> Result<Vec<Seen<Paid>>, CliError> {
        let number = account.number();
        let mut received = Vec::new();
        let pooled = self.boxes_with(&number.token_id(), View::Pool).await?;
        let mut transactions = self.transactions_since(&number.token_id(), since).await?;
        transactions.extend(pooled.into_iter().map(|s| s.it.transaction_id));
        let mut known = std::collections::HashSet::new();
        transactions.retain(|id| known.insert(*id));
        for id in transactions {
            let Some(found) = self.look(lets, &id).await? else {
                continue;
            };
            let (confirmed, found) = (found.confirmed, found.it);
            let direct = found.paid.into_iter().filter(|p| !p.by_note);
            // A note that another than its payee takes in comes back to its payer, or to the community.
            let taken = found.inputs.iter().filter_map(|b| {
                let note = NoteBox::parse(lets, b).ok()?;
                Some(Paid::of_note(&note))
            });
            received.extend(
                direct
                    .chain(taken)
                    .filter(|p| p.payee == Some(number))
                    .map(|it| Seen { it, confirmed }),
            );
        }
        let waiting = self.notes(lets, View::Pool).await?;
        received.extend(
            waiting
                .into_iter()
                .filter(|n| n.it.payee() == Some(number) && can_claim(account, &n.it))
                .map(|n| Seen {
                    it: Paid::of_note(&n.it),
                    confirmed: n.confirmed,
                }),
        );
        Ok(received)
    }

    /// The account of this owner that is no more, and the transaction that paid its ERG into the wallet with this script. `None`
    /// if the wallet has spent that since, or never had such an account.
    ///
    /// # Errors
    /// [`CliError::Node`].
    pub async fn closed_account(
        &self,
        lets: &Lets,
        owner: &SigmaProp,
        wallet: &ErgoTree,
    ) -> Result<Option<Seen<(AccountNumber, TxId)>>, CliError> {
        for paid in self.boxes_at(wallet, View::Pool).await? {
            let id = paid.it.transaction_id;
            let Some(found) = self.look(lets, &id).await? else {
                continue;
            };
            let accounts = found.it.inputs.iter();
            for account in accounts.filter_map(|b| AccountBox::parse(lets, b).ok()) {
                let token = account.number().token_id();
                if account.owner() == owner && self.boxes_with(&token, View::Pool).await?.is_empty()
                {
                    return Ok(Some(Seen {
                        it: (account.number(), id),
                        confirmed: found.confirmed,
                    }));
                }
            }
        }
        Ok(None)
    }

    async fn look(&self, lets: &Lets, id: &TxId) -> Result<Option<Seen<Looked>>, CliError> {
        if let Some(found) = self.confirmed(id).await? {
            let inputs = found.inputs;
            let paid = payments_of(lets, *id, &found.variables, &inputs, &found.outputs);
            return Ok(Some(Seen {
                it: Looked { paid, inputs },
                confirmed: true,
            }));
        }
        let Some(tx) = self.client.unconfirmed(id).await? else {
            return Ok(None);
        };
        let mut inputs = Vec::new();
        for input in &tx.inputs {
            match self.any_box(input).await {
                Ok(Some(found)) => inputs.push(found),
                // Its parent was dropped this moment.
                Ok(None) => return Ok(None),
                Err(CliError::Unreadable { unread, .. }) => inputs.push(stand_in(&unread)?),
                Err(e) => return Err(e),
            }
        }
        let outputs = made(tx.outputs)?;
        let paid = payments_of(lets, tx.id, &tx.variables, &inputs, &outputs);
        Ok(Some(Seen {
            it: Looked { paid, inputs },
            confirmed: false,
        }))
    }
}

struct Looked {
    paid: Vec<Paid>,
    inputs: Vec<ErgoBox>,
}
