//! Everything that ever happened in a LETS, in order, from a node alone.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use ergo_lib::chain::transaction::TxId;
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_node_client::{IndexedBox, NodeError};
use futures_util::StreamExt;
use lets_ledger::stranger;
use lets_protocol::{
    AccountNumber, Culprit, Genesis, Height, Judge, Judged, Lets, Paid, ReadBox, Replay, Told,
    Wrong, payments_of,
};
use tokio::task::JoinHandle;

use super::places::Places;
use super::{Session, unread};
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

/// How many transactions are asked for at once.
const AT_ONCE: usize = 16;

/// Where a history can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum History {
    /// In these transactions, which the index knows, in this order.
    Listed(Vec<TxId>),
    /// In the blocks from one height to another, both included.
    Blocks {
        /// The first.
        from: u32,
        /// The last.
        to: u32,
    },
}

/// What a node says of a transaction of the past.
pub(super) enum Heard {
    Told(Box<Told>),
    Wrong(Wrong),
}

/// A transaction whose scripts are being asked, or what is wrong with it.
enum Case {
    Told(Arc<Told>, JoinHandle<Judged>),
    Wrong(Culprit, Wrong),
}

/// Asks the scripts of transactions on other threads, a few ahead, and gives what they say to the replay in order.
struct Court<'c, 'r, E> {
    judge: Arc<Judge>,
    ahead: VecDeque<Case>,
    most: usize,
    replay: &'c mut Replay<'r>,
    each: E,
}

impl<E: FnMut(&Told)> Court<'_, '_, E> {
    async fn hear(&mut self, culprit: Culprit, heard: Heard) -> Result<(), CliError> {
        self.ahead.push_back(match heard {
            Heard::Told(told) => {
                let told = Arc::new(*told);
                let (judge, case) = (self.judge.clone(), told.clone());
                let judged = tokio::task::spawn_blocking(move || judge.judge(&case));
                Case::Told(told, judged)
            }
            Heard::Wrong(wrong) => Case::Wrong(culprit, wrong),
        });
        match self.ahead.len() > self.most {
            true => self.settle().await,
            false => Ok(()),
        }
    }

    async fn end(mut self) -> Result<(), CliError> {
        while !self.ahead.is_empty() {
            self.settle().await?;
        }
        Ok(())
    }

    /// The next one in order.
    async fn settle(&mut self) -> Result<(), CliError> {
        match self.ahead.pop_front() {
            Some(Case::Told(told, judged)) => {
                let judged = judged.await;
                let judged = judged.map_err(|e| CliError::Runtime(std::io::Error::other(e)))?;
                self.replay.apply_judged(&told, judged);
                (self.each)(&told);
            }
            Some(Case::Wrong(culprit, wrong)) => self.replay.fault(culprit, wrong),
            None => {}
        }
        Ok(())
    }
}

impl Session {
    /// Where the history of a LETS can be read: from the index every transaction that ever made or spent a box with one of its
    /// tokens, in the chain's order, with those of the founding first; every block since the founding without it, and where it has
    /// more than a client lists, or more than it can list before the next block.
    ///
    /// # Errors
    /// [`CliError::Node`], [`CliError::Books`].
    pub async fn history_of(
        &self,
        lets: &Lets,
        genesis: &Genesis,
        founded: Height,
    ) -> Result<History, CliError> {
        let mut places = Places::default();
        for token in lets.tokens() {
            let ask = self.client.entries_by_token(&token);
            let entries = match self.indexed(ask).await {
                Err(CliError::Node(e)) if is_long(&e) => None,
                other => other?,
            };
            let Some(entries) = entries else {
                return Ok(History::Blocks {
                    from: founded.0.max(1),
                    to: self.seen_height().await?,
                });
            };
            entries.iter().for_each(|entry| places.add(entry));
        }
        Ok(History::Listed(places.ordered(&genesis.transactions)))
    }

    /// Judges a history again, in its order; the scripts on as many threads as there are. `each` sees every transaction that can
    /// be judged. Only a few are held at a time.
    ///
    /// # Errors
    /// [`CliError::Node`] if the node cannot be read; whatever it says that is not true is a fault in the replay.
    pub async fn replay(
        &self,
        lets: &Lets,
        history: &History,
        replay: &mut Replay<'_>,
        each: impl FnMut(&Told),
    ) -> Result<(), CliError> {
        let mut court = Court {
            judge: replay.judge(),
            ahead: VecDeque::new(),
            most: 2 * std::thread::available_parallelism().map_or(1, usize::from),
            replay,
            each,
        };
        match history {
            History::Listed(ids) => {
                let hear = |id: TxId| async move { (id, self.hear(lets, id).await) };
                let ids = futures_util::stream::iter(ids.iter().copied());
                let mut heard = ids.map(hear).buffered(AT_ONCE);
                while let Some((id, heard)) = heard.next().await {
                    court.hear(Culprit::Transaction(id), heard?).await?;
                }
            }
            History::Blocks { from, to } => {
                let take = async |culprit, heard| court.hear(culprit, heard).await;
                self.retell(lets, (*from, *to), take).await?;
            }
        }
        court.end().await
    }

    async fn hear(&self, lets: &Lets, id: TxId) -> Result<Heard, CliError> {
        let tx = match self.client.indexed_transaction(&id).await {
            Ok(Some(tx)) => tx,
            Ok(None) => return Ok(Heard::Wrong(Wrong::Withheld)),
            Err(e) => return untrue(e),
        };
        if let Some(unread) = tx.outputs.iter().find_map(|made| made.as_ref().err()) {
            return Ok(Heard::Wrong(Wrong::Unreadable(unread.to_string())));
        }
        let ours = lets.tokens();
        let (mut inputs, mut unknown) = (Vec::new(), Vec::new());
        for (place, input) in (0u16..).zip(tx.inputs) {
            match input {
                Ok(read) => inputs.push(read.ergo_box),
                Err(unread) if ours.iter().any(|token| unread.holds(token)) => {
                    return Ok(Heard::Wrong(Wrong::Unreadable(unread.to_string())));
                }
                // Of a stranger's box no script of the LETS needs to know more than that it is there.
                Err(_) => {
                    unknown.push(usize::from(place));
                    inputs.push(stranger(place)?);
                }
            }
        }
        let transaction = match tx.transaction {
            Some(transaction) => transaction,
            None => match self.in_block(&id, tx.inclusion_height).await {
                Ok(Some(text)) => match text.read() {
                    Ok(transaction) => transaction,
                    Err(e) => return untrue(e),
                },
                Ok(None) => return Ok(Heard::Wrong(Wrong::Withheld)),
                Err(e) => return untrue(e),
            },
        };
        let mut read = Vec::new();
        for input in transaction.data_inputs.iter().flatten() {
            match self.client.indexed_box(&input.box_id).await {
                Ok(Some(found)) => read.push(ReadBox {
                    made: found.inclusion_height.map(Height),
                    spent: found.spending_height.map(Height),
                    ergo_box: found.ergo_box,
                }),
                Ok(None) => return Ok(Heard::Wrong(Wrong::Unread(input.box_id))),
                Err(e) => return untrue(e),
            }
        }
        Ok(Heard::Told(Box::new(Told {
            transaction,
            inputs,
            unknown,
            read,
            height: Height(tx.inclusion_height),
        })))
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
        let did = |tx: TxId, variables: &ContextExtension, boxes: (&[ErgoBox], &[ErgoBox])| {
            payments_of(lets, tx, variables, boxes.0, boxes.1)
        };
        let token = number.token_id();
        let Some(boxes) = self.indexed(self.client.boxes_by_token(&token)).await? else {
            return self.kept_paid_by(number).await;
        };
        let past = self.past(self.readable(boxes), did).await?;
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

    /// Every transaction that made one of these boxes, in the chain's order, and what `did` makes of it.
    async fn past<T>(
        &self,
        mut boxes: Vec<IndexedBox>,
        did: impl Fn(TxId, &ContextExtension, (&[ErgoBox], &[ErgoBox])) -> T,
    ) -> Result<Vec<Past<T>>, CliError> {
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
            let (inputs, outputs) = (unread::boxes(tx.inputs)?, unread::boxes(tx.outputs)?);
            past.push(Past {
                transaction: id,
                height: tx.inclusion_height,
                it: did(id, &tx.variables, (&inputs, &outputs)),
            });
        }
        Ok(past)
    }
}

/// Whether a list is too long to be had whole.
fn is_long(error: &NodeError) -> bool {
    matches!(
        error,
        NodeError::TooManyPages { .. } | NodeError::ListMoved { .. }
    )
}

/// An answer that contradicts itself is a fault of the node's; that there is none is not.
fn untrue(error: NodeError) -> Result<Heard, CliError> {
    match error {
        NodeError::Unreadable { unread, .. } => {
            Ok(Heard::Wrong(Wrong::Unreadable(unread.to_string())))
        }
        NodeError::Malformed { what, why, .. } => {
            Ok(Heard::Wrong(Wrong::Untrue(format!("{what}: {why}"))))
        }
        other => Err(other.into()),
    }
}
