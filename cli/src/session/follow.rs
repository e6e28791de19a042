//! Bringing a ledger to the chain's tip: from blocks, or, where the node has the extra index, from those blocks that hold
//! something of the LETS. The same books either way.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ergo_lib::ergo_chain_types::Header;
use ergo_lib::ergotree_ir::chain::ergo_box::BoxId;
use ergo_node_client::{Marks, NodeClient, NodeError, Outline, Output, TransactionText};
use lets_ledger::{Batch, BlockTx, Head, Ledger, LedgerError, Made};
use lets_protocol::Lets;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

use super::unread::stand_in;
use crate::error::CliError;

/// Headers asked for at once.
pub(super) const HEADERS: u32 = 500;
/// Blocks that are asked for at the same time.
pub(super) const WINDOW: usize = 8;
/// Blocks that are read ahead of the ledger, so that there is something to do while it writes.
const READ: usize = 24;
/// So many transactions go into the ledger together: each time its pages are written, however few rows in them are new.
const ENOUGH: usize = 98_304;
/// So long others who want to write to the ledger are kept waiting at most, and so long because of a node.
const LONG: Duration = Duration::from_secs(10);
const WAIT: Duration = Duration::from_millis(250);
/// With fewer blocks to go than this, asking the index costs more than it saves.
const WORTH_ASKING: u32 = 2_000;
/// How often the chain may change under the hand before it is given up.
const MAX_TRIES: u32 = 20;

/// What is to be followed, and from where.
#[derive(Debug, Clone)]
pub struct Course {
    /// The first height that can hold anything.
    pub first: u32,
    /// Hexadecimal digits of which one stands in every transaction that makes a box to be followed: token ids and scripts.
    pub marks: Vec<String>,
}

impl Course {
    /// The marks of a LETS: its four tokens. Applications name the pot's.
    pub fn marks_of(lets: &Lets) -> Vec<String> {
        let ids = lets.ids();
        vec![
            ids.membership.to_string(),
            ids.unit.to_string(),
            ids.pot_nft.to_string(),
            ids.charter_nft.to_string(),
        ]
    }
}

/// How far it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Followed {
    /// Blocks taken in.
    pub blocks: u32,
    /// Blocks taken back before that, for the chain was reorganised.
    pub taken_back: u32,
}

/// A transaction of a block: read, or left unread because nothing that it makes is to be followed.
pub(super) enum Item<T> {
    Read(T),
    Unread(TransactionText, Vec<BoxId>),
}

/// A block and its transactions, in their order.
pub(super) struct Block<T> {
    pub(super) head: Head,
    pub(super) items: Vec<Item<T>>,
}

/// Brings the ledger to the tip. `progress` is told the height reached and the tip's. `index`: ask the extra index which blocks
/// to read, if there are many.
///
/// # Errors
/// [`CliError::Books`], [`CliError::Node`], [`CliError::NoBlock`].
pub async fn follow(
    client: &NodeClient,
    ledger: &mut Ledger,
    course: &Course,
    index: Option<&Lets>,
    progress: &(dyn Fn(u32, u32) + Sync),
) -> Result<Followed, CliError> {
    let mut course = course.clone();
    course.marks.extend(ledger.followed_marks()?);
    let course = &course;
    let mut done = Followed::default();
    let mut index = index;
    for _ in 0..MAX_TRIES {
        let info = client.info().await?;
        let (Some(tip), Some(id)) = (info.full_height, info.best_full_header_id) else {
            return Err(CliError::NoBlocks {
                url: client.url().to_owned(),
            });
        };
        if ledger.tip()?.is_some_and(|t| t.id == id) {
            ledger.index()?;
            return Ok(done);
        }
        done.taken_back += match go_back(client, ledger).await {
            Err(CliError::Books(e)) if matches!(*e, LedgerError::TooDeep { .. }) => {
                let all = ledger
                    .tip()?
                    .map_or(0, |t| t.height - course.first.min(t.height));
                ledger.clear()?;
                all
            }
            other => other?,
        };
        let from = ledger
            .tip()?
            .map_or(course.first, |t| t.height + 1)
            .min(tip);
        let gap = tip.saturating_sub(from);
        let heights = match index {
            Some(lets) if gap >= WORTH_ASKING => heights(client, lets, from, tip).await?,
            _ => None,
        };
        // Once: what comes after is little.
        index = None;
        let went = match heights {
            Some(heights) => hop(client, ledger, course, heights, progress).await,
            None => walk(client, ledger, course, from, tip, progress).await,
        };
        match went {
            Ok(blocks) => done.blocks += blocks,
            // The chain was reorganised, or another process went on with this ledger: look again.
            Err(CliError::Books(e)) if matches!(*e, LedgerError::NotNext { .. }) => {}
            Err(CliError::Node(e)) if matches!(*e, NodeError::HeadersNotLinked { .. }) => {}
            Err(e) => return Err(e),
        }
    }
    Err(CliError::ChainMoves {
        url: client.url().to_owned(),
    })
}

/// Takes back what is no longer of the main chain; returns how many blocks.
async fn go_back(client: &NodeClient, ledger: &mut Ledger) -> Result<u32, CliError> {
    let Some(top) = ledger.tip()? else {
        return Ok(0);
    };
    for kept in ledger.kept_blocks()? {
        if client.header_ids_at(kept.height).await?.first() == Some(&kept.id) {
            if kept.height < top.height {
                ledger.cut_back(kept.height)?;
            }
            return Ok(top.height - kept.height);
        }
    }
    Err(LedgerError::TooDeep {
        kept_from: top.height,
    }
    .into())
}

/// Block after block.
async fn walk(
    client: &NodeClient,
    ledger: &mut Ledger,
    course: &Course,
    from: u32,
    to: u32,
    progress: &(dyn Fn(u32, u32) + Sync),
) -> Result<u32, CliError> {
    let mut blocks = 0;
    let mut walk = Walk::new(client, course, (from, to), TransactionText::outline, READ);
    while let Some(first) = walk.next().await? {
        blocks += fill(ledger, &mut walk, first, to).await?;
        progress(ledger.tip()?.map_or(from, |t| t.height), to);
    }
    progress(to, to);
    Ok(blocks)
}

/// Takes blocks in together, as they come: until there are many, or the node is to be waited for, since others may want to
/// write meanwhile.
async fn fill(
    ledger: &mut Ledger,
    walk: &mut Walk<Outline>,
    first: Block<Outline>,
    goal: u32,
) -> Result<u32, CliError> {
    let begun = Instant::now();
    let mut batch = ledger.batch_towards(goal)?;
    let mut count = 0;
    let mut next = Ok(Some(first));
    while let Ok(Some(block)) = next {
        batch.block(&block.head)?;
        take_in(&mut batch, block.items)?;
        count += 1;
        if batch.transactions() >= ENOUGH || begun.elapsed() >= LONG {
            next = Ok(None);
            break;
        }
        next = match tokio::time::timeout(WAIT, walk.next()).await {
            Ok(next) => next,
            Err(_) => Ok(None),
        };
    }
    batch.commit()?;
    next.map(|_| count)
}

/// How a transaction is read.
type Read<T> = fn(&TransactionText) -> Result<T, NodeError>;
type Coming<T> = JoinHandle<Result<Block<T>, CliError>>;

/// Blocks of the main chain in their order. A few are fetched and read ahead, on other threads if there are any.
pub(super) struct Walk<T> {
    coming: mpsc::Receiver<Result<Coming<T>, CliError>>,
    next: Option<Coming<T>>,
}

impl<T: Send + 'static> Walk<T> {
    /// From one height to another, both included; at most so many blocks are held `ready`.
    pub(super) fn new(
        client: &NodeClient,
        course: &Course,
        (from, to): (u32, u32),
        read: Read<T>,
        ready: usize,
    ) -> Self {
        let (sender, coming) = mpsc::channel(ready);
        let source = Source::new(client, course);
        tokio::spawn(ahead(source, (from, to), read, sender));
        Self { coming, next: None }
    }

    /// The next block; `None` at the end, or where the chain ends. What a call that is given up was waiting for is not lost.
    pub(super) async fn next(&mut self) -> Result<Option<Block<T>>, CliError> {
        if self.next.is_none() {
            self.next = self.coming.recv().await.transpose()?;
        }
        let Some(next) = &mut self.next else {
            return Ok(None);
        };
        let block = arrived(next).await;
        self.next = None;
        block.map(Some)
    }
}

/// Has blocks fetched, as many at once as there is room for.
async fn ahead<T: Send + 'static>(
    source: Source,
    (from, to): (u32, u32),
    read: Read<T>,
    sender: mpsc::Sender<Result<Coming<T>, CliError>>,
) {
    let mut coming = headers(&source.client, from, to);
    while let Some(headers) = coming {
        let headers = match headers.await {
            Ok(Ok(headers)) => headers,
            Ok(Err(e)) => return drop(sender.send(Err(e.into())).await),
            Err(e) => {
                let broken = CliError::Runtime(std::io::Error::other(e));
                return drop(sender.send(Err(broken)).await);
            }
        };
        // Fewer than were asked for: the chain has become shorter.
        coming = headers
            .last()
            .and_then(|last| self::headers(&source.client, last.height + 1, to));
        for header in headers {
            let block = source.fetch(read, header);
            if sender.send(Ok(block)).await.is_err() {
                return;
            }
        }
    }
}

/// The next headers on the way, if there are any to ask for.
fn headers(
    client: &NodeClient,
    from: u32,
    to: u32,
) -> Option<JoinHandle<Result<Vec<Header>, NodeError>>> {
    let last = to.min(from.saturating_add(HEADERS - 1));
    let client = client.clone();
    (from <= to).then(|| tokio::spawn(async move { client.headers(from, last).await }))
}

/// Only to the blocks at these heights.
async fn hop(
    client: &NodeClient,
    ledger: &mut Ledger,
    course: &Course,
    heights: BTreeSet<u32>,
    progress: &(dyn Fn(u32, u32) + Sync),
) -> Result<u32, CliError> {
    let to = heights.last().copied().unwrap_or_default();
    let mut blocks = 0;
    let source = Source::new(client, course);
    let all: Vec<u32> = heights.into_iter().collect();
    for some in all.chunks(WINDOW) {
        let mut coming = VecDeque::new();
        for height in some {
            let header = client.header_at(*height).await?;
            let header = header.ok_or_else(|| no_block(client, *height))?;
            coming.push_back(source.fetch(TransactionText::outline, header));
        }
        let mut ready = Vec::new();
        for mut next in coming {
            ready.push(arrived(&mut next).await?);
        }
        let mut batch = ledger.batch_towards(to)?;
        for block in ready {
            batch.skip_to(&block.head)?;
            take_in(&mut batch, block.items)?;
            blocks += 1;
        }
        batch.commit()?;
        progress(ledger.tip()?.map_or(0, |t| t.height), to);
    }
    // Each was the main chain's when it was asked for; that all of one chain went in shows when the whole way is looked at.
    for kept in ledger.kept_blocks()?.into_iter().take(WINDOW) {
        if client.header_ids_at(kept.height).await?.first() != Some(&kept.id) {
            return Err(LedgerError::NotNext {
                id: kept.id,
                height: kept.height,
            }
            .into());
        }
    }
    Ok(blocks)
}

fn no_block(client: &NodeClient, height: u32) -> CliError {
    CliError::NoBlock {
        height,
        url: client.url().to_owned(),
    }
}

/// Where blocks come from, and what is looked for in them.
struct Source {
    client: NodeClient,
    marks: Marks,
    /// Has as many places as blocks are asked for at the same time.
    asking: Arc<Semaphore>,
}

impl Source {
    fn new(client: &NodeClient, course: &Course) -> Self {
        Self {
            client: client.clone(),
            marks: Marks::new(course.marks.iter().map(String::as_str)),
            asking: Arc::new(Semaphore::new(WINDOW)),
        }
    }

    fn fetch<T: Send + 'static>(&self, read: Read<T>, header: Header) -> Coming<T> {
        let (client, marks, asking) =
            (self.client.clone(), self.marks.clone(), self.asking.clone());
        tokio::spawn(async move {
            let place = asking.acquire().await;
            let texts = client.transaction_texts(&header.id).await?;
            drop(place);
            let texts = texts.ok_or_else(|| no_block(&client, header.height))?;
            let items = texts.into_iter().map(|text| {
                if !text.mentions_any(&marks)
                    && let Ok(inputs) = text.inputs()
                {
                    return Ok(Item::Unread(text, inputs));
                }
                read(&text).map(Item::Read)
            });
            Ok(Block {
                head: Head {
                    height: header.height,
                    id: header.id,
                    parent: header.parent_id,
                    timestamp: header.timestamp,
                },
                items: items.collect::<Result<Vec<_>, NodeError>>()?,
            })
        })
    }
}

async fn arrived<T>(block: &mut Coming<T>) -> Result<Block<T>, CliError> {
    block
        .await
        .map_err(|e| CliError::Runtime(std::io::Error::other(e)))?
}

fn take_in(batch: &mut Batch<'_>, items: Vec<Item<Outline>>) -> Result<(), CliError> {
    for item in items {
        match item {
            Item::Read(tx) => batch.transaction(&block_tx(tx)?)?,
            Item::Unread(text, inputs) if batch.spends(&inputs)? => {
                batch.transaction(&block_tx(text.outline()?)?)?;
            }
            Item::Unread(..) => {}
        }
    }
    Ok(())
}

pub(super) fn as_made(output: Output) -> Made {
    Made {
        id: output.id,
        script: output.script,
        unscripted: output.unscripted,
        unread: false,
    }
}

fn block_tx(tx: Outline) -> Result<BlockTx, CliError> {
    let made = |output| match output {
        Ok(output) => Ok(as_made(output)),
        Err(unread) => {
            Made::stand_in(&stand_in(&unread)?, unread.box_id).map_err(CliError::Nothing)
        }
    };
    Ok(BlockTx {
        id: tx.id,
        inputs: tx.inputs,
        variables: tx.variables,
        data_inputs: tx.data_inputs,
        outputs: tx
            .outputs
            .into_iter()
            .map(made)
            .collect::<Result<_, CliError>>()?,
    })
}

/// The heights from `from` on at which the index knows of something of the LETS, and the tip's. `None` if the index cannot tell,
/// or not without more pages than are read: then the blocks do.
async fn heights(
    client: &NodeClient,
    lets: &Lets,
    from: u32,
    tip: u32,
) -> Result<Option<BTreeSet<u32>>, CliError> {
    match asked(client, lets, from, tip).await {
        Ok(heights) => Ok(Some(heights)),
        Err(CliError::Node(e))
            if matches!(
                *e,
                NodeError::TooManyPages { .. }
                    | NodeError::ListMoved { .. }
                    | NodeError::NotIndexed { .. }
                    | NodeError::IndexNotReady { .. }
            ) =>
        {
            Ok(None)
        }
        Err(e) => Err(e),
    }
}

async fn asked(
    client: &NodeClient,
    lets: &Lets,
    from: u32,
    tip: u32,
) -> Result<BTreeSet<u32>, CliError> {
    // Every transaction that makes a box with one of the tokens, and every one that spends such a box or an application.
    let mut heights = BTreeSet::new();
    let mut made = HashSet::new();
    let mut spent = HashSet::new();
    for token in lets.tokens() {
        for entry in client.entries_by_token(&token).await? {
            heights.extend(entry.inclusion_height);
            made.insert(entry.transaction_id);
            spent.extend(entry.spent_transaction_id);
        }
    }
    let applications = lets.contracts().application.tree();
    // What cannot be read is no application.
    for found in client.boxes_by_ergo_tree(applications).await?.boxes {
        heights.extend(found.inclusion_height);
        spent.extend(found.spent_transaction_id);
    }
    for id in spent.difference(&made) {
        if let Some(tx) = client.indexed_transaction(id).await? {
            heights.insert(tx.inclusion_height);
        }
    }
    // What came after the index's last block is read like any other.
    let end = client.indexed_height().await?.indexed_height.min(tip);
    heights.retain(|h| (from..=end).contains(h));
    heights.insert(end);
    Ok(heights)
}
