//! What of an import is on the chain or in the pool, and what of one everybody can see.

use std::collections::HashSet;

use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use ergo_node_client::Outline;
use lets_protocol::{AccountBox, AccountNumber, Lets, Paid, is_opening, payments_of};

use super::Session;
use super::unread::{made, stand_in, whole};
use crate::error::CliError;

/// What of an import is done.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// The account that was opened for each key, in the order in which the keys were given.
    pub accounts: Vec<Option<AccountNumber>>,
    /// Who has paid whom his opening balance.
    pub paid: HashSet<(AccountNumber, AccountNumber)>,
}

impl Session {
    /// What is done of an import under these keys, which nobody has used for anything else. Also what still waits in the pool
    /// counts.
    ///
    /// # Errors
    /// [`CliError::Node`].
    pub async fn imported(&self, lets: &Lets, owners: &[SigmaProp]) -> Result<Imported, CliError> {
        // The pool first: what is mined between the two looks is then found on the chain.
        let pool = self.client.unconfirmed_all().await?;
        let membership = lets.ids().membership.into();
        let mut done = Imported::default();
        let ask = self.client.boxes_by_token(&membership);
        let chain = match self.indexed(ask).await? {
            Some(boxes) => {
                done.accounts = vec![None; owners.len()];
                self.readable(boxes)
            }
            None => {
                done.accounts = self.books_at_tip().await?.opened_for(owners)?;
                Vec::new()
            }
        };
        let pooled = pool.iter().flat_map(|tx| tx.outputs.iter().flatten());
        let pooled = pooled.map(|made| whole(made.clone()));
        for made in pooled.chain(chain.into_iter().map(|b| Ok(b.ergo_box))) {
            let Ok(account) = AccountBox::parse(lets, &made?) else {
                continue;
            };
            if let Some(at) = owners.iter().position(|o| o == account.owner()) {
                done.accounts[at] = Some(account.number());
            }
        }
        for number in done.accounts.clone().into_iter().flatten() {
            let past = self.paid_by(lets, number).await?;
            done.add(past.into_iter().map(|p| p.it));
        }
        for tx in pool {
            done.add(self.paid_in_pool(lets, tx).await?);
        }
        Ok(done)
    }

    /// The payments of a transaction in the pool that an account leads.
    async fn paid_in_pool(&self, lets: &Lets, tx: Outline) -> Result<Vec<Paid>, CliError> {
        let outputs = made(tx.outputs)?;
        let first = outputs.first();
        if first.is_none_or(|made| AccountBox::parse(lets, made).is_err()) {
            return Ok(Vec::new());
        }
        let mut inputs = Vec::new();
        for input in &tx.inputs {
            match self.any_box(input).await {
                Ok(Some(found)) => inputs.push(found),
                // It has left the pool since, and what replaced it is seen another time.
                Ok(None) => return Ok(Vec::new()),
                Err(CliError::Unreadable { unread, .. }) => inputs.push(stand_in(&unread)?),
                Err(e) => return Err(e),
            }
        }
        Ok(payments_of(lets, tx.id, &tx.variables, &inputs, &outputs))
    }
}

/// Whether a payment says that it is an opening balance.
pub fn opens(paid: &Paid) -> bool {
    !paid.by_note && is_opening(&paid.memo)
}

impl Imported {
    fn add(&mut self, paid: impl IntoIterator<Item = Paid>) {
        let openings = paid.into_iter().filter(opens);
        self.paid
            .extend(openings.filter_map(|p| Some((p.payer?, p.payee?))));
    }
}
