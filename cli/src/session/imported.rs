//! What of an import is on the chain or in the pool, and what of one everybody can see.

use std::collections::HashSet;

use ergo_lib::chain::transaction::Transaction;
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use ergo_node_client::IndexedBox;
use lets_protocol::{AccountBox, AccountNumber, Lets, Paid, is_opening, payments_in};

use super::{Past, Session};
use crate::error::CliError;

/// What of an import is done.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// The account that was opened for each key, in the order in which the keys were given.
    pub accounts: Vec<Option<AccountNumber>>,
    /// Who has paid whom his opening balance.
    pub paid: HashSet<(AccountNumber, AccountNumber)>,
}

/// The opening balances that an account paid before it did anything else, and the end of the key that it was opened under.
#[derive(Debug, Clone)]
pub struct Openings {
    /// The payments, oldest first.
    pub paid: Vec<Past<Paid>>,
    /// The transaction that gave the account another key.
    pub handed_over: Option<Past<()>>,
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
        let chain = self.client.boxes_by_token(&membership).await?;
        let mut done = Imported {
            accounts: vec![None; owners.len()],
            ..Imported::default()
        };
        let pooled = pool.iter().flat_map(|tx| tx.outputs.iter());
        for made in pooled.chain(chain.iter().map(|b| &b.ergo_box)) {
            let Ok(account) = AccountBox::parse(lets, made) else {
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
        for tx in &pool {
            done.add(self.paid_in_pool(lets, tx).await?);
        }
        Ok(done)
    }

    /// The payments of a transaction in the pool that an account leads.
    async fn paid_in_pool(&self, lets: &Lets, tx: &Transaction) -> Result<Vec<Paid>, CliError> {
        if AccountBox::parse(lets, tx.outputs.first()).is_err() {
            return Ok(Vec::new());
        }
        let mut inputs = Vec::new();
        for input in tx.inputs.iter() {
            match self.any_box(&input.box_id).await? {
                Some(found) => inputs.push(found),
                // It has left the pool since, and what replaced it is seen another time.
                None => return Ok(Vec::new()),
            }
        }
        let outputs: Vec<ErgoBox> = tx.outputs.iter().cloned().collect();
        Ok(payments_in(lets, tx, &inputs, &outputs))
    }

    /// The opening balances that the account of this number paid, as everybody can see them: payments that say so, made before
    /// any other transaction that it led, and while it had the key that it was opened under. Later ones are anybody's word.
    ///
    /// # Errors
    /// [`CliError::Node`].
    pub async fn openings(&self, lets: &Lets, number: AccountNumber) -> Result<Openings, CliError> {
        let mut boxes = self.client.boxes_by_token(&number.token_id()).await?;
        boxes.sort_by_key(|b| (b.inclusion_height, b.global_index));
        let owner = |b: &IndexedBox| {
            let account = AccountBox::parse(lets, &b.ergo_box).ok()?;
            Some(account.owner().clone())
        };
        let first = boxes.first().and_then(owner);
        let own = boxes.iter().position(|b| owner(b) != first);
        let handed_over = own.and_then(|at| boxes.get(at)).map(|b| Past {
            transaction: b.ergo_box.transaction_id,
            height: b.inclusion_height.unwrap_or_default(),
            it: (),
        });
        let mut paid = Vec::new();
        // What the account led stands in the first output.
        let under_first = boxes.iter().take(own.unwrap_or(boxes.len()));
        for led in under_first.filter(|b| b.ergo_box.index == 0) {
            let id = led.ergo_box.transaction_id;
            let Some(found) = self.client.indexed_transaction(&id).await? else {
                break;
            };
            let all = |boxes: &[IndexedBox]| -> Vec<ErgoBox> {
                boxes.iter().map(|b| b.ergo_box.clone()).collect()
            };
            let (inputs, outputs) = (all(&found.inputs), all(&found.outputs));
            let made = match &found.transaction {
                Some(tx) => payments_in(lets, tx, &inputs, &outputs),
                None => Vec::new(),
            };
            if made.is_empty() || !made.iter().all(opens) {
                break;
            }
            paid.extend(made.into_iter().map(|it| Past {
                transaction: id,
                height: found.inclusion_height,
                it,
            }));
        }
        Ok(Openings { paid, handed_over })
    }
}

fn opens(paid: &Paid) -> bool {
    !paid.by_note && is_opening(&paid.memo)
}

impl Imported {
    fn add(&mut self, paid: impl IntoIterator<Item = Paid>) {
        let openings = paid.into_iter().filter(opens);
        self.paid
            .extend(openings.filter_map(|p| Some((p.payer?, p.payee?))));
    }
}
