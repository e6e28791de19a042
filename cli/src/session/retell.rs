//! A LETS's history told from its blocks, for nodes without the extra index.

use ergo_lib::chain::transaction::{Transaction, TxId};
use ergo_lib::ergo_chain_types::Header;
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox};
use ergo_node_client::{NodeError, Outline, TransactionText};
use futures_util::StreamExt;
use lets_ledger::{Shelf, stranger};
use lets_protocol::{
    AccountBox, Blocks, CommonPot, Culprit, Height, Lets, Link, ReadBox, Told, Wrong,
};

use super::Session;
use super::follow::{Course, HEADERS, Item, WINDOW, Walk};
use super::history::Heard;
use super::unread::whole;
use crate::error::CliError;

/// How many blocks wait while the scripts of one are asked, which takes longer than to fetch and read it: a block of transactions
/// that are read whole, not in outline, takes megabytes.
const READY: usize = 2;

/// A transaction that cannot be read in full: what the node calls it, why, and what can be told of it.
struct Unreadable {
    id: Option<TxId>,
    why: String,
    outline: Option<Box<Outline>>,
}

fn read(text: &TransactionText) -> Result<Transaction, Unreadable> {
    text.read().map_err(|e| Unreadable {
        id: text.claimed_id(),
        why: match e {
            NodeError::Malformed { what, why, .. } => format!("{what}: {why}"),
            other => other.to_string(),
        },
        outline: text.outline().ok().map(Box::new),
    })
}

/// What is wrong with a transaction that makes a box which cannot be read; `None` if it has nothing to do with the LETS's tokens.
/// What else it spends and makes is known to those after it.
fn unjudged(
    lets: &Lets,
    shelf: &mut Shelf<'_>,
    tx: &Outline,
    mut why: String,
) -> Result<Option<Wrong>, CliError> {
    let ours = lets.tokens();
    let mut touched = false;
    for id in &tx.inputs {
        touched |= shelf.take(id).map_err(CliError::Nothing)?.is_some();
    }
    for made in &tx.outputs {
        match made {
            Ok(made) => {
                let made = whole(made.clone())?;
                shelf.put(&made).map_err(CliError::Nothing)?;
                let tokens = made.tokens.iter().flatten();
                touched |= tokens.into_iter().any(|t| ours.contains(&t.token_id));
            }
            Err(unread) => {
                touched |= ours.iter().any(|token| unread.holds(token));
                why = unread.to_string();
            }
        }
    }
    Ok(touched.then_some(Wrong::Unreadable(why)))
}

impl Session {
    /// Tells every transaction of these blocks that spends or makes a box with a token of the LETS, in their order.
    pub(super) async fn retell(
        &self,
        lets: &Lets,
        (from, to): (u32, u32),
        mut take: impl AsyncFnMut(Culprit, Heard) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        let mut marks = Course::marks_of(lets);
        // What an open pot reads need not be looked for again.
        marks.extend(lets.oracle().map(|nft| nft.to_string()));
        let course = Course { first: from, marks };
        let mut shelf = Shelf::new(lets);
        // What cannot be read is a fault of that transaction, and of no other.
        let mut walk = Walk::new(
            &self.client,
            &course,
            (from, to),
            |text| Ok(read(text)),
            READY,
        );
        while let Some(block) = walk.next().await? {
            shelf.block(Height(block.head.height));
            for (place, item) in block.items.into_iter().enumerate() {
                let tx = match item {
                    Item::Read(tx) => tx,
                    Item::Unread(text, inputs) if shelf.has_any(&inputs) => read(&text),
                    Item::Unread(..) => continue,
                };
                match tx {
                    Ok(tx) => {
                        let span = (from, block.head.height);
                        let id = tx.id();
                        if let Some(heard) = self.told(lets, &mut shelf, tx, span).await? {
                            take(Culprit::Transaction(id), heard).await?;
                        }
                    }
                    Err(Unreadable { id, why, outline }) => {
                        let wrong = match outline {
                            Some(tx) => match unjudged(lets, &mut shelf, &tx, why)? {
                                Some(wrong) => wrong,
                                None => continue,
                            },
                            None => Wrong::Untrue(why),
                        };
                        let height = Height(block.head.height);
                        let nameless = Culprit::Place { height, place };
                        let culprit = id.map_or(nameless, Culprit::Transaction);
                        take(culprit, Heard::Wrong(wrong)).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// `None` if it has nothing to do with the LETS's tokens.
    async fn told(
        &self,
        lets: &Lets,
        shelf: &mut Shelf<'_>,
        transaction: Transaction,
        (from, height): (u32, u32),
    ) -> Result<Option<Heard>, CliError> {
        let (mut inputs, mut unknown) = (Vec::new(), Vec::new());
        for (place, input) in (0u16..).zip(transaction.inputs.iter()) {
            inputs.push(
                match shelf.take(&input.box_id).map_err(CliError::Nothing)? {
                    Some(spent) => spent,
                    None => {
                        unknown.push(usize::from(place));
                        stranger(place)?
                    }
                },
            );
        }
        for made in &transaction.outputs {
            shelf.put(made).map_err(CliError::Nothing)?;
        }
        let ours = lets.tokens();
        let holds = |b: &ErgoBox| {
            b.tokens
                .iter()
                .flatten()
                .any(|t| ours.contains(&t.token_id))
        };
        if !inputs.iter().chain(transaction.outputs.iter()).any(holds) {
            return Ok(None);
        }
        let sought = controller(lets, &inputs).filter(|place| unknown.contains(place));
        if let Some(place) = sought {
            let id = transaction.inputs.as_slice()[place].box_id;
            let least = height.saturating_sub(Blocks::STORAGE_PERIOD.0);
            if let Some((found, _)) = self.made_before(&id, (from, height), least).await? {
                inputs[place] = found;
                unknown.retain(|other| *other != place);
            }
        }
        let mut read = Vec::new();
        for input in transaction.data_inputs.iter().flatten() {
            let id = input.box_id;
            let mut found = shelf.look(&id).map_err(CliError::Nothing)?;
            if found.is_none() {
                found = self.made_before(&id, (from, height), 1).await?;
                // It may be read again and again, and lie far back.
                if let Some((found, made)) = &found {
                    shelf.keep(found, *made).map_err(CliError::Nothing)?;
                }
            }
            match found {
                Some((ergo_box, made)) => read.push(ReadBox {
                    ergo_box,
                    made: Some(made),
                    spent: None,
                }),
                None => return Ok(Some(Heard::Wrong(Wrong::Unread(id)))),
            }
        }
        Ok(Some(Heard::Told(Box::new(Told {
            transaction,
            inputs,
            unknown,
            read,
            height: Height(height),
        }))))
    }

    /// A box of nobody's LETS, and the height of the block that made it, in any block from `least` to `to`. The latest are looked
    /// through first.
    async fn made_before(
        &self,
        id: &BoxId,
        (from, to): (u32, u32),
        least: u32,
    ) -> Result<Option<(ErgoBox, Height)>, CliError> {
        let least = least.max(1);
        let digits = id.to_string();
        let mut top = to;
        while top >= least {
            // What was there before the founding is asked for apart: the node may not have it.
            let floor = if top >= from { from.max(least) } else { least };
            let bottom = (top + 1).saturating_sub(HEADERS).max(floor);
            let headers = self.client.headers(bottom, top).await?;
            let texts = |header: Header| async move {
                let texts = self.client.transaction_texts(&header.id).await;
                texts.map(|texts| (header.height, texts.unwrap_or_default()))
            };
            let headers = futures_util::stream::iter(headers.into_iter().rev());
            let mut blocks = headers.map(texts).buffered(WINDOW);
            while let Some((height, texts)) = blocks.next().await.transpose()? {
                for text in texts {
                    if !text.mentions(&digits) {
                        continue;
                    }
                    // What cannot be read does not make the box known.
                    let Ok(tx) = text.read() else {
                        continue;
                    };
                    if let Some(made) = tx.outputs.iter().find(|b| b.box_id() == *id) {
                        return Ok(Some((made.clone(), Height(height))));
                    }
                }
            }
            top = bottom - 1;
        }
        Ok(None)
    }
}

/// The place of the one box that scripts look at though it holds nothing of the LETS: the first, or beside a pot the third, if it
/// is to be a contract's that controls an account. They refuse one whose creation is a storage period ago.
fn controller(lets: &Lets, inputs: &[ErgoBox]) -> Option<usize> {
    let controlled = |b: &ErgoBox| {
        AccountBox::parse(lets, b).is_ok_and(|a| matches!(a.link(), Link::Contract(_)))
    };
    inputs.iter().any(controlled).then_some(())?;
    let pot = |b: &ErgoBox| CommonPot::parse(lets, b).is_ok();
    Some(if inputs.first().is_some_and(pot) {
        2
    } else {
        0
    })
}
