//! Blocks for whoever follows the chain: many headers at once, and transactions that are read only if they are wanted.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use ergo_lib::chain::transaction::{Transaction, TxId};
use ergo_lib::ergo_chain_types::{BlockId, Header};
use ergo_lib::ergotree_ir::chain::ergo_box::BoxId;
use memchr::memmem;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::client::NodeClient;
use crate::error::{Endpoint, NodeError};
use crate::layout::Budget;
use crate::outline::Outline;
use crate::sound::Sound;
use crate::transport::Answer;

/// Digits of an id: what is no longer is found by comparing many bytes at a time.
const LONGEST_MARK: usize = 64;

/// A transaction of a block as the node wrote it. Reading it costs a hundred times what looking at it costs.
#[derive(Clone)]
pub struct TransactionText {
    at: Arc<Endpoint>,
    /// The whole answer, and where in it this transaction stands.
    answer: Arc<String>,
    place: Range<usize>,
    sound: Arc<Sound>,
}

/// Digits that are looked for in transactions, all at once.
#[derive(Debug, Clone)]
pub struct Marks(Arc<[memmem::Finder<'static>]>);

impl Marks {
    /// Hexadecimal digits, lower-case as nodes write them. Of longer ones than an id's only the end is looked for: a transaction
    /// that has no more than this end is read in vain, and none is missed.
    pub fn new<'m>(digits: impl IntoIterator<Item = &'m str>) -> Self {
        let finder = |digits: &str| {
            let digits = digits.as_bytes();
            let end = &digits[digits.len().saturating_sub(LONGEST_MARK)..];
            memmem::Finder::new(end).into_owned()
        };
        Self(digits.into_iter().map(finder).collect())
    }
}

impl fmt::Debug for TransactionText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.json())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockJson<'a> {
    header_id: BlockId,
    #[serde(borrow)]
    transactions: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct InputsJson {
    inputs: Vec<InputJson>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InputJson {
    box_id: BoxId,
}

impl TransactionText {
    /// Whether these (lower-case, as nodes write them) hexadecimal digits stand anywhere in it.
    pub fn mentions(&self, digits: &str) -> bool {
        memmem::find(self.json().as_bytes(), digits.as_bytes()).is_some()
    }

    /// Whether any of these marks stands anywhere in it.
    pub fn mentions_any(&self, marks: &Marks) -> bool {
        let json = self.json().as_bytes();
        marks.0.iter().any(|mark| mark.find(json).is_some())
    }

    fn json(&self) -> &str {
        self.answer.get(self.place.clone()).unwrap_or_default()
    }

    /// Ids of the boxes that it spends, in order.
    ///
    /// # Errors
    /// [`NodeError::Malformed`].
    pub fn inputs(&self) -> Result<Vec<BoxId>, NodeError> {
        let read: InputsJson = serde_json::from_str(self.json())
            .map_err(|e| self.malformed("the transaction's inputs", e.to_string()))?;
        Ok(read.inputs.into_iter().map(|input| input.box_id).collect())
    }

    fn malformed(&self, what: &str, why: String) -> NodeError {
        NodeError::Malformed {
            at: Endpoint::clone(&self.at),
            what: what.to_owned(),
            why,
        }
    }

    /// Its id as the node wrote it; `None` if it wrote none.
    pub fn claimed_id(&self) -> Option<TxId> {
        #[derive(Deserialize)]
        struct IdJson {
            id: TxId,
        }
        let read: IdJson = serde_json::from_str(self.json()).ok()?;
        Some(read.id)
    }

    /// What it spends, reads and makes, without its proofs. Its id and those of its outputs are verified.
    ///
    /// # Errors
    /// [`NodeError::Malformed`].
    pub fn outline(&self) -> Result<Outline, NodeError> {
        if let Some(outline) = Outline::read(self.json(), &self.sound, &Budget::new()) {
            return Ok(outline);
        }
        // What is wrong with it, if anything is.
        let tx = self.read()?;
        Outline::try_from(tx).map_err(|e| self.malformed("the transaction", e.to_string()))
    }

    /// The transaction; its id is verified.
    ///
    /// # Errors
    /// [`NodeError::Malformed`].
    pub fn read(&self) -> Result<Transaction, NodeError> {
        let answer = Answer {
            at: Endpoint::clone(&self.at),
            status: StatusCode::OK,
            body: self.json().as_bytes().to_vec(),
            budget: Budget::new(),
            retry_after: None,
        };
        answer.transaction(answer.json()?)
    }
}

impl NodeClient {
    /// The headers of the main chain from one height to another, both included, lowest first, as far as there are any. In
    /// one request (`GET /blocks/chainSlice`) where the node answers that so, else in two for each height. Each is the parent
    /// of the next.
    ///
    /// # Errors
    /// [`NodeError`]; [`HeadersNotLinked`](NodeError::HeadersNotLinked) when they are no chain: it was reorganised this moment.
    pub async fn headers(&self, from: u32, to: u32) -> Result<Vec<Header>, NodeError> {
        // Nodes differ in whether the slice has its first height.
        let below = from.saturating_sub(1);
        let call = self.get(format!(
            "/blocks/chainSlice?fromHeight={below}&toHeight={to}"
        ));
        let mut found = match self.look_up(&call).await {
            Ok(Some(answer)) => by_height(&answer)?,
            Ok(None) | Err(NodeError::NoSuchRoute { .. } | NodeError::Refused { .. }) => {
                BTreeMap::new()
            }
            Err(e) => return Err(e),
        };
        let mut headers = Vec::new();
        for height in from..=to {
            let header = match found.remove(&height) {
                Some(header) => Some(header),
                None => self.header_at(height).await?,
            };
            match header {
                Some(header) => headers.push(header),
                None => break,
            }
        }
        for pair in headers.windows(2) {
            if let [below, upper] = pair
                && upper.parent_id != below.id
            {
                return Err(NodeError::HeadersNotLinked {
                    at: self.at(&call),
                    height: upper.height,
                    parent: upper.parent_id,
                    below: below.id,
                });
            }
        }
        Ok(headers)
    }

    /// The header of the main chain at a height, or None above the tip.
    ///
    /// # Errors
    /// [`NodeError`]
    pub async fn header_at(&self, height: u32) -> Result<Option<Header>, NodeError> {
        match self.header_ids_at(height).await?.first() {
            Some(id) => self.header(id).await,
            None => Ok(None),
        }
    }

    /// The transactions of a block in their order, unread (`GET /blocks/{id}/transactions`), or None when the node has no
    /// such block or has pruned it.
    ///
    /// # Errors
    /// [`NodeError`]
    pub async fn transaction_texts(
        &self,
        id: &BlockId,
    ) -> Result<Option<Vec<TransactionText>>, NodeError> {
        let call = self.get(format!("/blocks/{id}/transactions"));
        let Some(mut answer) = self.look_up(&call).await? else {
            return Ok(None);
        };
        let text = match String::from_utf8(std::mem::take(&mut answer.body)) {
            Ok(text) => Arc::new(text),
            Err(e) => return Err(answer.malformed("the block's transactions", e.to_string())),
        };
        let block: BlockJson<'_> = serde_json::from_str(&text)
            .map_err(|e| answer.malformed("the block's transactions", e.to_string()))?;
        let what = format!("block {}", block.header_id);
        answer.asked_for(&what, id, &block.header_id)?;
        let at = Arc::new(answer.at);
        let begin = text.as_ptr().addr();
        let one = |json: &&RawValue| {
            let json = json.get();
            let from = json.as_ptr().addr() - begin;
            TransactionText {
                at: at.clone(),
                answer: text.clone(),
                place: from..from + json.len(),
                sound: self.inner.sound.clone(),
            }
        };
        Ok(Some(block.transactions.iter().map(one).collect()))
    }

    /// A transaction that stands alone, or in another list.
    pub(crate) fn text(&self, answer: &Answer, json: Box<RawValue>) -> TransactionText {
        let text = String::from(Box::<str>::from(json));
        TransactionText {
            at: Arc::new(answer.at.clone()),
            place: 0..text.len(),
            answer: Arc::new(text),
            sound: self.inner.sound.clone(),
        }
    }
}

fn by_height(answer: &Answer) -> Result<BTreeMap<u32, Header>, NodeError> {
    let items = answer.array("the list of headers", answer.json()?)?;
    let headers = items.into_iter().map(|item| {
        let header = answer.header(item)?;
        Ok((header.height, header))
    });
    headers.collect()
}
