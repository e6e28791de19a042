//! Reading lists of boxes to their end. Nodes cut pages before they add or drop boxes of the pool, so neither
//! "shorter than asked" nor "same as before" means the end there; a list that loses boxes silently is worse than slow.

use std::collections::HashSet;

use ergo_lib::ergotree_ir::chain::ergo_box::BoxId;
use serde_json::Value;

use crate::chain::taken;
use crate::client::NodeClient;
use crate::error::NodeError;
use crate::index::{BoxEntry, IndexedBox};
use crate::transport::{Answer, Call};
use crate::unread::{Listing, UnreadBox};

/// Items asked for at once; the most that all nodes allow on all lists.
pub(crate) const PAGE_SIZE: usize = 100;
/// Pages read at most: 200,000 items.
pub(crate) const MAX_PAGES: u32 = 2_000;
/// A list that is longer by its own account is not begun.
const MAX_BOXES: usize = MAX_PAGES as usize * PAGE_SIZE;
/// How often a list of several pages is read anew when a block was indexed meanwhile.
const MAX_TRIES: u32 = 3;

/// How the pool is taken into account when unspent boxes are listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct UnspentQuery {
    /// Also list boxes that transactions in the pool create (node's `includeUnconfirmed`).
    pub include_unconfirmed: bool,
    /// Leave out boxes that transactions in the pool spend (node's `excludeMempoolSpent`). Without it they are listed
    /// although they are as good as gone.
    pub exclude_mempool_spent: bool,
}

impl UnspentQuery {
    /// The chain alone: what is unspent as of the last indexed block. The default.
    pub const CONFIRMED: Self = Self {
        include_unconfirmed: false,
        exclude_mempool_spent: false,
    };
    /// What can be spent now: with new boxes of the pool, without boxes spent there.
    pub const SPENDABLE: Self = Self {
        include_unconfirmed: true,
        exclude_mempool_spent: true,
    };
}

/// A list of boxes under `/blockchain/box`.
pub(crate) struct BoxList {
    route: String,
    /// For lists by ErgoTree: the tree in hexadecimal, which goes as a JSON string.
    body: Option<String>,
    pool: UnspentQuery,
}

/// What is read of each box in a list.
pub(crate) trait Listed: Sized {
    fn read(answer: &Answer, item: Value) -> Result<Result<Self, UnreadBox>, NodeError>;
    fn box_id(&self) -> BoxId;
}

impl Listed for IndexedBox {
    fn read(answer: &Answer, item: Value) -> Result<Result<Self, UnreadBox>, NodeError> {
        answer.any_indexed_box(item)
    }

    fn box_id(&self) -> BoxId {
        self.ergo_box.box_id()
    }
}

impl Listed for BoxEntry {
    fn read(answer: &Answer, mut item: Value) -> Result<Result<Self, UnreadBox>, NodeError> {
        let what = crate::parse::named("box", &item, "boxId");
        let mut field = |name| taken(&mut item, name);
        let inclusion_height: u32 = answer.item(&what, field("inclusionHeight"))?;
        Ok(Ok(Self {
            box_id: answer.item(&what, field("boxId"))?,
            transaction_id: answer.item(&what, field("transactionId"))?,
            inclusion_height: Some(inclusion_height).filter(|height| *height > 0),
            global_index: answer.item(&what, field("globalIndex"))?,
            spent_transaction_id: answer.item(&what, field("spentTransactionId"))?,
        }))
    }

    fn box_id(&self) -> BoxId {
        self.box_id
    }
}

pub(crate) struct Page<T> {
    boxes: Vec<Result<T, UnreadBox>>,
    /// Length of the whole list, on routes that tell it.
    total: Option<usize>,
}

impl BoxList {
    pub(crate) fn new(route: String, body: Option<String>, pool: UnspentQuery) -> Self {
        Self { route, body, pool }
    }

    fn call(
        &self,
        node: &NodeClient,
        offset: usize,
        limit: usize,
        pool: UnspentQuery,
    ) -> Result<Call, NodeError> {
        let mut route = format!("{}?offset={offset}&limit={limit}", self.route);
        if pool.include_unconfirmed {
            route.push_str("&includeUnconfirmed=true");
        }
        if pool.exclude_mempool_spent {
            route.push_str("&excludeMempoolSpent=true");
        }
        match &self.body {
            Some(body) => node.post(route, body),
            None => Ok(node.get(route)),
        }
    }

    async fn page<T: Listed>(
        &self,
        node: &NodeClient,
        offset: usize,
        limit: usize,
        pool: UnspentQuery,
    ) -> Result<Page<T>, NodeError> {
        let call = self.call(node, offset, limit, pool)?;
        // A 404 with an error object is "no boxes found" here.
        let Some(answer) = node.look_up_indexed(&call).await? else {
            return Ok(Page {
                boxes: Vec::new(),
                total: Some(0),
            });
        };
        Page::parsed(&answer)
    }

    /// The whole list as of one indexed height, each box once, in the node's order.
    pub(crate) async fn read<T: Listed>(&self, node: &NodeClient) -> Result<Listing<T>, NodeError> {
        for _ in 0..MAX_TRIES {
            let height = node.indexed_height().await?.indexed_height;
            let (boxes, pages) = self.read_pages(node).await?;
            // Spent boxes drop out and the rest move up: what was on the border of two pages may have been missed.
            if pages < 2 || node.indexed_height().await?.indexed_height == height {
                return Ok(boxes);
            }
        }
        Err(NodeError::ListMoved {
            at: node.at(&self.call(node, 0, PAGE_SIZE, self.pool)?),
            tries: MAX_TRIES,
        })
    }

    /// Reads page after page; returns the boxes and how many pages held any.
    async fn read_pages<T: Listed>(
        &self,
        node: &NodeClient,
    ) -> Result<(Listing<T>, u32), NodeError> {
        let with_pool = self.pool != UnspentQuery::CONFIRMED;
        let mut found = Listing {
            boxes: Vec::new(),
            unread: Vec::new(),
        };
        let mut known = HashSet::new();
        let mut offset = 0;
        for pages in 0..MAX_PAGES {
            let page: Page<T> = self.page(node, offset, PAGE_SIZE, self.pool).await?;
            if page.total.is_some_and(|total| total > MAX_BOXES) {
                break;
            }
            let got = page.boxes.len();
            let before = known.len();
            for item in page.boxes {
                let id = item.as_ref().map_or_else(|unread| unread.box_id, T::box_id);
                match item {
                    _ if !known.insert(id) => {}
                    Ok(read) => found.boxes.push(read),
                    Err(unread) => found.unread.push(unread),
                }
            }
            let nothing_new = known.len() == before;
            let end = if with_pool {
                // Boxes of the pool stand on every page, and boxes spent there leave gaps in it. Only the plain list
                // tells whether there is more behind this page.
                offset += PAGE_SIZE;
                (got < PAGE_SIZE || nothing_new)
                    && self
                        .page::<T>(node, offset, 1, UnspentQuery::CONFIRMED)
                        .await?
                        .boxes
                        .is_empty()
            } else {
                // By what arrived, not by what was asked for: a node may cap the page size.
                offset += got;
                match page.total {
                    Some(total) if got == 0 && offset < total => {
                        let call = self.call(node, offset, PAGE_SIZE, self.pool)?;
                        let why = format!("it ends after {offset} boxes of {total}");
                        return Err(NodeError::Malformed {
                            at: node.at(&call),
                            what: "the list of boxes".to_owned(),
                            why,
                        });
                    }
                    Some(total) => offset >= total,
                    None => nothing_new,
                }
            };
            if end {
                return Ok((found, if nothing_new { pages } else { pages + 1 }));
            }
        }
        Err(NodeError::TooManyPages {
            at: node.at(&self.call(node, offset, PAGE_SIZE, self.pool)?),
            pages: MAX_PAGES,
        })
    }
}

impl<T: Listed> Page<T> {
    /// Both forms that occur: a plain array, and `{items, total}`.
    pub(crate) fn parsed(answer: &Answer) -> Result<Self, NodeError> {
        let mut value = answer.json()?;
        let total = match value.get("total") {
            None => None,
            Some(total) => Some(answer.item("the list's `total`", total.clone())?),
        };
        let items = if value.is_object() {
            taken(&mut value, "items")
        } else {
            value
        };
        let items = answer.array("the list of boxes", items)?;
        let boxes: Result<Vec<_>, NodeError> = items
            .into_iter()
            .map(|item| T::read(answer, item))
            .collect();
        Ok(Self {
            boxes: boxes?,
            total,
        })
    }
}

impl Answer {
    /// A box with what the index knows about it.
    pub(crate) fn indexed_box(&self, value: Value) -> Result<IndexedBox, NodeError> {
        self.any_indexed_box(value)?
            .map_err(|unread| self.unreadable(unread))
    }

    /// The same, or what can be told of it if it cannot be read.
    pub(crate) fn any_indexed_box(
        &self,
        mut value: Value,
    ) -> Result<Result<IndexedBox, UnreadBox>, NodeError> {
        let what = crate::parse::named("box", &value, "boxId");
        let inclusion_height: u32 = self.item(&what, taken(&mut value, "inclusionHeight"))?;
        let global_index = self.item(&what, taken(&mut value, "globalIndex"))?;
        let spent_transaction_id = self.item(&what, taken(&mut value, "spentTransactionId"))?;
        let spending_height = self.item(&what, taken(&mut value, "spendingHeight"))?;
        Ok(self.any_box(value)?.map(|ergo_box| IndexedBox {
            // Boxes of the pool carry 0, as there is no block 0.
            inclusion_height: Some(inclusion_height).filter(|height| *height > 0),
            global_index,
            spent_transaction_id,
            spending_height,
            ergo_box,
        }))
    }
}
