//! The ledger as where a session finds boxes: when it is fresh, and always on a node without the extra index.

use std::collections::HashSet;
use std::future::Future;
use std::path::PathBuf;

use ergo_lib::chain::transaction::TxId;
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_node_client::{IndexedBox, NodeClient, NodeError, TransactionText, UnreadBox};
use lets_contracts::is_same_script;
use lets_ledger::{Ledger, Pick, TxRange};
use lets_protocol::{AccountBox, AccountNumber, Height, Lets, Link, NoteBox, Paid};
use tokio::sync::{Mutex, MutexGuard};

use super::follow::{Course, Followed, follow};
use super::{Past, Seen, Session, View, unread};
use crate::error::CliError;
use crate::home;
use crate::output::Output;

/// Blocks of a week: so long before its LETS's founding boxes of wallets and oracles are looked for where there is no index. An
/// oracle's box that prices anything at the founding is at most a day old.
const WALLET_BEFORE: u32 = 5_040;

/// Which ledger a session reads from if it must, and how it is brought forward.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The ledger's file.
    pub path: PathBuf,
    /// The LETS with its fingerprint and the height of its founding; `None` follows the wallet alone.
    pub lets: Option<(Lets, String, Height)>,
    /// The scripts of this home's keys, whose boxes are kept where there is no index to ask for them.
    pub scripts: Vec<ErgoTree>,
    /// Where to say what takes so long.
    pub out: Output,
}

/// A ledger that a session reads from, brought to the tip before each look.
#[derive(Debug)]
pub struct Kept {
    ledger: Mutex<Ledger>,
    course: Course,
}

/// A confirmed transaction with its boxes, from wherever the node or the ledger has it.
#[derive(Debug, Clone)]
pub struct Confirmed {
    /// The context variables of its first input, if the node gives them.
    pub variables: ContextExtension,
    /// The boxes that it spent, in order. One that nobody knows any more, or that cannot be read, stands here as a box of nobody's.
    pub inputs: Vec<ErgoBox>,
    /// Ids of the boxes that it spent, in order.
    pub spent: Vec<BoxId>,
    /// The boxes that it made, in order.
    pub outputs: Vec<ErgoBox>,
    /// The height of its block.
    pub height: u32,
}

/// What waits in a node's pool.
#[derive(Debug, Default)]
pub(super) struct InPool {
    /// What it spends.
    pub(super) spent: HashSet<BoxId>,
    /// What it makes, also what it spends again.
    pub(super) made: Vec<ErgoBox>,
}

impl Plan {
    fn subject(&self) -> &str {
        self.lets.as_ref().map_or("wallet", |(_, print, _)| print)
    }

    pub(super) fn its_lets(&self) -> Option<Lets> {
        self.lets.as_ref().map(|(lets, ..)| lets.clone())
    }

    /// The ledger, made if it is not there.
    ///
    /// # Errors
    /// [`CliError::Books`], [`CliError::File`].
    pub fn open(&self) -> Result<Ledger, CliError> {
        if let Some(folder) = self.path.parent() {
            home::create_folder(folder)?;
        }
        Ok(Ledger::open(&self.path, self.subject(), self.its_lets())?)
    }

    /// The ledger, if there is one.
    ///
    /// # Errors
    /// [`CliError::Books`].
    pub fn existing(&self) -> Result<Option<Ledger>, CliError> {
        Ok(Ledger::existing(
            &self.path,
            self.subject(),
            self.its_lets(),
        )?)
    }

    /// Where the ledger begins.
    async fn course(&self, client: &NodeClient, ledger: &Ledger) -> Result<Course, CliError> {
        let follows_others = !ledger.followed_marks()?.is_empty();
        let founded = match &self.lets {
            Some((_, _, height)) => height.0,
            None => client.info().await?.full_height.unwrap_or_default(),
        };
        let before = founded.saturating_sub(WALLET_BEFORE);
        let first = match follows_others {
            true => before,
            false => founded,
        };
        Ok(Course {
            first: first.max(1),
            marks: self
                .lets
                .as_ref()
                .map_or_else(Vec::new, |(lets, ..)| Course::marks_of(lets)),
        })
    }

    /// The ledger brought to the tip. `wallet`: the home's boxes too, for there is no index.
    ///
    /// # Errors
    /// [`CliError::Books`], [`CliError::Node`], [`CliError::NoBlock`].
    pub async fn begin(
        &self,
        client: &NodeClient,
        wallet: bool,
    ) -> Result<(Kept, Followed), CliError> {
        let mut ledger = self.open()?;
        let scripts = match wallet {
            true => self.scripts.as_slice(),
            false => &[],
        };
        // Their boxes may be anywhere in the blocks that were read without looking for them.
        if (wallet || ledger.tip()?.is_none()) && !ledger.follows(scripts)? {
            ledger.reset(scripts)?;
        }
        let course = self.course(client, &ledger).await?;
        let index = match wallet {
            true => None,
            false => self.lets.as_ref().map(|(lets, ..)| lets),
        };
        let spinner = self.out.spinner("reading the chain");
        let progress = |at: u32, to: u32| spinner.say(&format!("reading the chain: {at} of {to}"));
        // Boxed, here and below: every reading command holds this future, and would take its room on the stack.
        let followed = Box::pin(follow(client, &mut ledger, &course, index, &progress)).await?;
        Ok((Kept::new(ledger, course), followed))
    }

    /// The ledger as it is, if it is at the tip.
    ///
    /// # Errors
    /// [`CliError::Books`], [`CliError::Node`].
    pub async fn fresh(&self, client: &NodeClient) -> Result<Option<Kept>, CliError> {
        let Some(ledger) = self.existing()? else {
            return Ok(None);
        };
        let tip = client.info().await?.best_full_header_id;
        if ledger.tip()?.map(|t| t.id) != tip {
            return Ok(None);
        }
        let course = self.course(client, &ledger).await?;
        Ok(Some(Kept::new(ledger, course)))
    }
}

impl Kept {
    fn new(ledger: Ledger, course: Course) -> Self {
        Self {
            ledger: Mutex::new(ledger),
            course,
        }
    }

    /// Brings the ledger to the tip.
    ///
    /// # Errors
    /// [`CliError::Books`], [`CliError::Node`].
    pub async fn follow(
        &self,
        client: &NodeClient,
    ) -> Result<(MutexGuard<'_, Ledger>, Followed), CliError> {
        let mut ledger = self.ledger.lock().await;
        let followed =
            Box::pin(follow(client, &mut ledger, &self.course, None, &|_, _| {})).await?;
        Ok((ledger, followed))
    }
}

impl Session {
    /// Reads from this ledger instead of the node's index from now on.
    pub fn keep(&self, kept: Kept) {
        // Whoever came first keeps what he has.
        let _ = self.kept.set(kept);
    }

    /// Whether the session reads from a ledger.
    pub(super) fn keeps(&self) -> bool {
        self.kept.initialized()
    }

    /// The ledger at the tip, if the session reads from one.
    ///
    /// # Errors
    /// [`CliError::Books`], [`CliError::Node`].
    pub async fn ledger(&self) -> Result<Option<MutexGuard<'_, Ledger>>, CliError> {
        match self.kept.get() {
            Some(kept) => {
                let ledger = kept.follow(&self.client).await?.0;
                self.heed(&unread::kept_unread(&ledger)?);
                Ok(Some(ledger))
            }
            None => Ok(None),
        }
    }

    /// The ledger at the tip.
    pub(super) async fn books_at_tip(&self) -> Result<MutexGuard<'_, Ledger>, CliError> {
        let ledger = self.ledger().await?;
        ledger.ok_or_else(|| CliError::Nothing("this session reads from no ledger".to_owned()))
    }

    /// The height up to which this session can look back at the chain: the index's, or the ledger's.
    ///
    /// # Errors
    /// [`CliError::Books`], [`CliError::Node`].
    pub async fn seen_height(&self) -> Result<u32, CliError> {
        match self.indexed(self.client.indexed_height()).await? {
            Some(height) => Ok(height.indexed_height),
            None => {
                let ledger = self.books_at_tip().await?;
                Ok(ledger.tip()?.map_or(0, |tip| tip.height))
            }
        }
    }

    /// What the index answers; `None` if the session reads from a ledger, as it does from the moment on that a node says that it
    /// has no index.
    pub(super) async fn indexed<T>(
        &self,
        ask: impl Future<Output = Result<T, NodeError>>,
    ) -> Result<Option<T>, CliError> {
        if self.keeps() {
            return Ok(None);
        }
        match (ask.await, &self.plan) {
            (Ok(found), _) => Ok(Some(found)),
            (Err(NodeError::NotIndexed { .. }), Some(plan)) => {
                self.begin(plan).await?;
                Ok(None)
            }
            (Err(e), _) => Err(e.into()),
        }
    }

    /// Reads from this ledger from now on: the node has no index.
    async fn begin(&self, plan: &Plan) -> Result<(), CliError> {
        self.keep(Box::pin(plan.begin(&self.client, true)).await?.0);
        Ok(())
    }

    /// The ledger at the tip on a node that has no index: begun if the session reads from none yet and may.
    pub(super) async fn begun_books(&self) -> Result<Option<MutexGuard<'_, Ledger>>, CliError> {
        if let (false, Some(plan)) = (self.keeps(), &self.plan) {
            self.begin(plan).await?;
        }
        self.ledger().await
    }

    /// Unspent boxes with this token, as node or ledger lists them; what of them cannot be read goes to `left_out`.
    pub(super) async fn listed_with(
        &self,
        token: &TokenId,
        view: View,
        left_out: &mut Vec<UnreadBox>,
    ) -> Result<Vec<Seen<ErgoBox>>, CliError> {
        let ask = self.client.unspent_by_token(token, view.query());
        if let Some(found) = self.indexed(ask).await? {
            left_out.extend(found.unread);
            return Ok(found.boxes.into_iter().map(Seen::from).collect());
        }
        let ledger = self.books_at_tip().await?;
        let found = ledger.boxes_with(token)?;
        left_out.extend(
            unread::kept_unread(&ledger)?
                .into_iter()
                .filter(|b| b.holds(token)),
        );
        drop(ledger);
        let holds = |b: &ErgoBox| b.tokens.iter().flatten().any(|t| t.token_id == *token);
        self.with_pool(found, view, holds).await
    }

    /// Unspent boxes with this script, as node or ledger lists them.
    pub(super) async fn listed_at(
        &self,
        tree: &ErgoTree,
        view: View,
    ) -> Result<Vec<Seen<ErgoBox>>, CliError> {
        let ask = self.client.unspent_by_ergo_tree(tree, view.query());
        if let Some(found) = self.indexed(ask).await? {
            let found = self.readable(found);
            return Ok(found.into_iter().map(Seen::from).collect());
        }
        let found = self.books_at_tip().await?.boxes_at(tree)?;
        self.with_pool(found, view, |b| is_same_script(&b.ergo_tree, tree))
            .await
    }

    /// Lays the pool over boxes of the chain.
    async fn with_pool(
        &self,
        confirmed: Vec<ErgoBox>,
        view: View,
        wanted: impl Fn(&ErgoBox) -> bool,
    ) -> Result<Vec<Seen<ErgoBox>>, CliError> {
        let seen = |confirmed| move |it| Seen { it, confirmed };
        let mut found: Vec<Seen<ErgoBox>> = confirmed.into_iter().map(seen(true)).collect();
        if view == View::Chain {
            return Ok(found);
        }
        let InPool { spent, mut made } = self.in_pool(wanted).await?;
        let known: HashSet<BoxId> = found.iter().map(|s| s.it.box_id()).collect();
        made.retain(|new| !known.contains(&new.box_id()));
        found.extend(made.into_iter().map(seen(false)));
        found.retain(|s| !spent.contains(&s.it.box_id()));
        Ok(found)
    }

    /// What the pool spends, and what of the wanted it makes. The user is told of what cannot be read.
    pub(super) async fn in_pool(
        &self,
        wanted: impl Fn(&ErgoBox) -> bool,
    ) -> Result<InPool, CliError> {
        let mut found = InPool::default();
        for tx in self.client.unconfirmed_all().await? {
            found.spent.extend(tx.inputs);
            for made in tx.outputs {
                match made {
                    Ok(new) => found.made.push(unread::whole(new)?),
                    Err(unread) if wanted(&unread::stand_in(&unread)?) => self.heed([&unread]),
                    Err(_) => {}
                }
            }
        }
        found.made.retain(wanted);
        Ok(found)
    }

    /// The accounts among which the wanted ones are: out of a ledger only those that fit, else all.
    ///
    /// # Errors
    /// As [`Session::accounts`].
    pub async fn accounts_like(
        &self,
        lets: &Lets,
        pick: Pick<'_>,
    ) -> Result<Vec<Seen<AccountBox>>, CliError> {
        let Some(ledger) = self.ledger().await? else {
            return self.accounts(lets, View::Pool).await;
        };
        let found = ledger.accounts(pick)?;
        drop(ledger);
        let numbers: HashSet<AccountNumber> = found.iter().map(AccountBox::number).collect();
        let fits = |b: &ErgoBox| {
            AccountBox::parse(lets, b)
                .is_ok_and(|a| numbers.contains(&a.number()) || picked(pick, &a))
        };
        let boxes = found.iter().map(|a| a.ergo_box().clone()).collect();
        let mut accounts = Vec::new();
        for seen in self.with_pool(boxes, View::Pool, fits).await? {
            accounts.push(Seen {
                it: AccountBox::parse(lets, &seen.it)?,
                confirmed: seen.confirmed,
            });
        }
        accounts.sort_by_key(|a| a.it.number());
        Ok(accounts)
    }

    /// Every account and the height at which its box was created; out of this ledger, or the session's, without reading the boxes.
    ///
    /// # Errors
    /// As [`Session::accounts`].
    pub async fn ages(
        &self,
        lets: &Lets,
        ledger: Option<&Kept>,
    ) -> Result<Vec<(AccountNumber, Height)>, CliError> {
        let ledger = match ledger {
            Some(kept) => Some(kept.follow(&self.client).await?.0),
            None => self.ledger().await?,
        };
        let mut ages: Vec<(AccountNumber, Height)> = match ledger {
            Some(ledger) => {
                let all = ledger.created_before(u32::MAX)?.into_iter();
                all.filter_map(|b| Some((b.account?, Height(b.created))))
                    .collect()
            }
            None => {
                let all = self.accounts(lets, View::Pool).await?;
                all.iter()
                    .map(|a| (a.it.number(), a.it.created()))
                    .collect()
            }
        };
        ages.sort_by_key(|(number, _)| *number);
        Ok(ages)
    }

    /// The notes among which those to these accounts are.
    ///
    /// # Errors
    /// As [`Session::notes`].
    pub async fn notes_to(
        &self,
        lets: &Lets,
        payees: &[AccountNumber],
    ) -> Result<Vec<Seen<NoteBox>>, CliError> {
        let Some(ledger) = self.ledger().await? else {
            return self.notes(lets, View::Pool).await;
        };
        let found = ledger.notes_to(payees)?;
        drop(ledger);
        let fits = |b: &ErgoBox| {
            let payee = NoteBox::parse(lets, b).ok().and_then(|n| n.payee());
            payee.is_some_and(|payee| payees.contains(&payee))
        };
        let boxes = found.iter().map(|n| n.ergo_box().clone()).collect();
        let seen = self.with_pool(boxes, View::Pool, fits).await?;
        let notes = seen.iter().filter_map(|s| {
            Some(Seen {
                it: NoteBox::parse(lets, &s.it).ok()?,
                confirmed: s.confirmed,
            })
        });
        Ok(notes.collect())
    }

    /// How many of this token were minted; `None` if the chain does not know it.
    ///
    /// # Errors
    /// [`CliError::Books`], [`CliError::Node`].
    pub async fn minted(&self, token: &TokenId) -> Result<Option<u64>, CliError> {
        if let Some(found) = self.indexed(self.client.token(token)).await? {
            return Ok(found.map(|t| t.emission_amount));
        }
        let ledger = self.books_at_tip().await?;
        if let Some(amount) = ledger.minted(token)? {
            return Ok(u64::try_from(amount).ok());
        }
        // An account's token: one, minted by its admission.
        let account = !ledger.transactions_with(token)?.is_empty();
        Ok(account.then_some(1))
    }

    /// The height of a transaction's block, and how many blocks are above that.
    pub(super) async fn included(&self, id: &TxId) -> Result<Option<(u32, u32)>, CliError> {
        if let Some(found) = self.indexed(self.client.indexed_transaction(id)).await? {
            return Ok(found.map(|tx| (tx.inclusion_height, tx.confirmations)));
        }
        let ledger = self.books_at_tip().await?;
        let tip = ledger.tip()?.map_or(0, |tip| tip.height);
        let placed = ledger.placed(id)?;
        Ok(placed.map(|p| (p.height, tip.saturating_sub(p.height))))
    }

    /// A transaction that is in a block, with its boxes.
    ///
    /// # Errors
    /// [`CliError::Books`], [`CliError::Node`].
    pub async fn confirmed(&self, id: &TxId) -> Result<Option<Confirmed>, CliError> {
        if let Some(found) = self.indexed(self.client.indexed_transaction(id)).await? {
            let Some(tx) = found else {
                return Ok(None);
            };
            let id = |b: &Result<IndexedBox, UnreadBox>| match b {
                Ok(read) => read.ergo_box.box_id(),
                Err(unread) => unread.box_id,
            };
            return Ok(Some(Confirmed {
                spent: tx.inputs.iter().map(id).collect(),
                variables: tx.variables,
                inputs: unread::boxes(tx.inputs)?,
                outputs: unread::boxes(tx.outputs)?,
                height: tx.inclusion_height,
            }));
        }
        let placed = self.books_at_tip().await?.placed(id)?;
        let Some(placed) = placed else {
            return Ok(None);
        };
        let Some(tx) = self.in_block(id, placed.height).await? else {
            return Ok(None);
        };
        let tx = tx.outline()?;
        let mut inputs = Vec::new();
        for id in &tx.inputs {
            inputs.push(match self.known_box(id).await? {
                Some(found) => found,
                None => lets_ledger::stranger(0)?,
            });
        }
        Ok(Some(Confirmed {
            inputs,
            spent: tx.inputs,
            outputs: unread::made(tx.outputs)?,
            height: placed.height,
            variables: tx.variables,
        }))
    }

    /// A transaction out of the block at a height.
    pub(super) async fn in_block(
        &self,
        id: &TxId,
        height: u32,
    ) -> Result<Option<TransactionText>, NodeError> {
        let Some(block) = self.client.header_ids_at(height).await?.first().copied() else {
            return Ok(None);
        };
        let digits = String::from(*id);
        let texts = self.client.transaction_texts(&block).await?;
        let mut texts = texts.into_iter().flatten();
        Ok(texts.find(|text| text.mentions(&digits) && text.claimed_id() == Some(*id)))
    }

    /// A box of the chain, spent or not, that index or ledger knows; an old one from the block that made it.
    pub(super) async fn known_box(&self, id: &BoxId) -> Result<Option<ErgoBox>, CliError> {
        if let Some(found) = self.indexed(self.client.indexed_box(id)).await? {
            return Ok(found.map(|b| b.ergo_box));
        }
        let spot = self.books_at_tip().await?.spot(id)?;
        let Some(spot) = spot else {
            return Ok(None);
        };
        if spot.content.is_some() {
            return Ok(spot.content);
        }
        let Some(made) = self.in_block(&spot.made_by, spot.height).await? else {
            return Ok(None);
        };
        let mut outputs = made.outline()?.outputs.into_iter();
        let made = outputs.nth(usize::from(spot.place)).and_then(Result::ok);
        made.map(unread::whole).transpose()
    }

    /// The payments that an account made, oldest first, out of the ledger.
    pub(super) async fn kept_paid_by(
        &self,
        number: AccountNumber,
    ) -> Result<Vec<Past<Paid>>, CliError> {
        let ledger = self.books_at_tip().await?;
        let entries = ledger.entries(&number, TxRange::ALL)?;
        let paid = entries.into_iter().flat_map(|e| e.payments);
        Ok(paid
            .filter(|row| row.paid.payer == Some(number))
            .map(|row| Past {
                transaction: row.paid.transaction,
                height: row.height,
                it: row.paid,
            })
            .collect())
    }

    /// The transactions that made boxes with an account's token since a height, in the chain's order.
    pub(super) async fn transactions_since(
        &self,
        token: &TokenId,
        since: Height,
    ) -> Result<Vec<TxId>, CliError> {
        if let Some(boxes) = self.indexed(self.client.boxes_by_token(token)).await? {
            self.heed(&boxes.unread);
            let read = boxes.boxes.iter().map(|b| &b.ergo_box);
            let read = read.map(|b| (b.creation_height, b.transaction_id));
            let unread = boxes.unread.iter();
            let unread = unread.map(|b| (b.creation_height, b.transaction_id));
            let made = read.chain(unread).filter(|(height, _)| *height >= since.0);
            return Ok(made.map(|(_, id)| id).collect());
        }
        let range = TxRange {
            from: since.0,
            ..TxRange::ALL
        };
        let ledger = self.books_at_tip().await?;
        let entries = ledger.entries(&AccountNumber::from(*token), range)?;
        Ok(entries.into_iter().map(|e| e.transaction).collect())
    }
}

fn picked(pick: Pick<'_>, account: &AccountBox) -> bool {
    match pick {
        Pick::All => true,
        Pick::Owners(owners) => *account.link() == Link::None && owners.contains(account.owner()),
        Pick::Numbers(numbers) => numbers.contains(&account.number()),
        Pick::Prefix(digits) => account.number().to_string().starts_with(digits),
    }
}

impl From<IndexedBox> for Seen<ErgoBox> {
    fn from(found: IndexedBox) -> Self {
        Self {
            confirmed: found.inclusion_height.is_some(),
            it: found.ergo_box,
        }
    }
}
