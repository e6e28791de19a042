//! Transactions: submitting, checking, and what waits in the pool.

use std::collections::HashSet;

use ergo_lib::chain::transaction::{Transaction, TxId};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::client::NodeClient;
use crate::error::NodeError;
use crate::lists::{MAX_PAGES, PAGE_SIZE};
use crate::outline::Outline;
use crate::refusal::{SubmitError, refusal};
use crate::transport::Answer;

/// Whether a call hands the transaction over or only asks for an opinion.
#[derive(Clone, Copy, PartialEq)]
enum Aim {
    Submit,
    Check,
}

impl NodeClient {
    /// Submits a transaction (`POST /transactions`) once: it is never sent again by itself, whatever happens. `Ok`
    /// also when the node already has it in its pool. A node accepts a child only after its parent: send chains in
    /// order and wait for each `Ok`. Pool views show it up to a second later.
    ///
    /// # Errors
    /// [`SubmitError`]. Only [`UnknownOutcome`](SubmitError::UnknownOutcome) leaves open whether the node has it.
    pub async fn submit(&self, transaction: &Transaction) -> Result<TxId, SubmitError> {
        self.offer("/transactions", transaction, Aim::Submit).await
    }

    /// Asks whether the node would accept a transaction (`POST /transactions/check`), without submitting it. The
    /// reference node checks it against the chain and the pool, but not against the pool's policy (minimum fee,
    /// double spends); other nodes check these too.
    ///
    /// # Errors
    /// [`SubmitError`], never [`UnknownOutcome`](SubmitError::UnknownOutcome).
    pub async fn check(&self, transaction: &Transaction) -> Result<TxId, SubmitError> {
        self.offer("/transactions/check", transaction, Aim::Check)
            .await
    }

    async fn offer(
        &self,
        route: &str,
        transaction: &Transaction,
        aim: Aim,
    ) -> Result<TxId, SubmitError> {
        let id = transaction.id();
        let call = self.post(route.to_owned(), transaction)?;
        // From here on the transaction may have arrived; only a failure to connect proves that it has not.
        let unsure = |error: NodeError| match (error, aim) {
            (NodeError::Unreachable { at, why }, _) => SubmitError::Unreachable { at, why },
            (error @ (NodeError::Unsendable { .. } | NodeError::Unfit { .. }), _) => {
                SubmitError::NotTaken(error)
            }
            (error, Aim::Check) => SubmitError::NotTaken(error),
            (error, Aim::Submit) => SubmitError::UnknownOutcome {
                tx_id: id,
                why: Box::new(error),
            },
        };
        let mut tried = 1;
        let answer = loop {
            let node = self.address();
            match self.send_to(node, &self.inner.submissions, &call).await {
                // Not connected, so not sent: another node may have it.
                Err(cause @ NodeError::Unreachable { .. }) if tried < self.nodes() => {
                    let left = self.nodes() - tried;
                    tried += self
                        .take_over(&node.base, left, cause)
                        .await
                        .map_err(unsure)?;
                }
                settled => break settled.map_err(unsure)?,
            }
        };
        if answer.status.is_success() {
            return accepted(&answer, id).map_err(unsure);
        }
        match answer.status.as_u16() {
            // Somebody on the way gave up waiting: for the request, or for the node.
            408 => Err(unsure(rejected(answer))),
            300..=399 | 401 | 403 | 404 | 405 => Err(SubmitError::NotTaken(rejected(answer))),
            400..=499 => refusal(answer, id).map_or(Ok(id), Err),
            // A node that failed, or a proxy that lost it, may have taken the transaction before.
            _ => Err(unsure(rejected(answer))),
        }
    }

    /// The unconfirmed transaction with this id (`GET /transactions/unconfirmed/byTransactionId/{id}`). Up to a second
    /// old, and a transaction that has just been mined may be in neither place for as long: one None proves nothing.
    ///
    /// # Errors
    /// [`NodeError`]
    pub async fn unconfirmed(&self, id: &TxId) -> Result<Option<Outline>, NodeError> {
        let route = format!(
            "/transactions/unconfirmed/byTransactionId/{}",
            String::from(*id)
        );
        let Some(answer) = self.look_up(&self.get(route)).await? else {
            return Ok(None);
        };
        let json: Box<RawValue> = serde_json::from_slice(&answer.body)
            .map_err(|e| answer.malformed("the transaction", e.to_string()))?;
        let found = self.pooled(&answer, json)?;
        answer.asked_for(
            &format!("transaction {}", String::from(found.id)),
            id,
            &found.id,
        )?;
        Ok(Some(found))
    }

    /// All transactions in the pool (`GET /transactions/unconfirmed`, pages to the end), each once. The pool moves
    /// while it is read.
    ///
    /// # Errors
    /// [`NodeError`]
    pub async fn unconfirmed_all(&self) -> Result<Vec<Outline>, NodeError> {
        let mut found: Vec<Outline> = Vec::new();
        let mut known = HashSet::new();
        let mut offset = 0;
        let mut call = self.get(format!(
            "/transactions/unconfirmed?offset={offset}&limit={PAGE_SIZE}"
        ));
        for _ in 0..MAX_PAGES {
            let answer = self.read(&call).await?;
            let page: Vec<Box<RawValue>> = serde_json::from_slice(&answer.body)
                .map_err(|e| answer.malformed("the list of transactions", e.to_string()))?;
            offset += page.len();
            let before = found.len();
            for json in page {
                let transaction = self.pooled(&answer, json)?;
                if known.insert(transaction.id) {
                    found.push(transaction);
                }
            }
            // Not "shorter than asked": a node may cap the page size below what was asked for.
            if found.len() == before {
                return Ok(found);
            }
            call = self.get(format!(
                "/transactions/unconfirmed?offset={offset}&limit={PAGE_SIZE}"
            ));
        }
        Err(NodeError::TooManyPages {
            at: self.at(&call),
            pages: MAX_PAGES,
        })
    }

    fn pooled(&self, answer: &Answer, json: Box<RawValue>) -> Result<Outline, NodeError> {
        self.text(answer, json).outline()
    }
}

/// The id in an answer of status 2xx, which must be that of the transaction.
fn accepted(answer: &Answer, id: TxId) -> Result<TxId, NodeError> {
    let value: Value = answer.json()?;
    let named: TxId = answer.item("the id of the accepted transaction", value)?;
    answer.asked_for(&format!("transaction {}", String::from(named)), &id, &named)?;
    Ok(named)
}

/// The error of an answer that is no success.
fn rejected(answer: Answer) -> NodeError {
    let status = answer.status.as_u16();
    let at = answer.at.clone();
    match answer.judged() {
        Err(error) => error,
        Ok(_) => NodeError::NoSuchRoute { at, status },
    }
}
