//! What can go wrong with a read, told apart so that a program can act on it and a person knows what to do.

use std::fmt;
use std::time::Duration;

use ergo_lib::ergo_chain_types::BlockId;
use thiserror::Error;

use crate::unread::UnreadBox;

/// The method and address of one request, as shown in messages: never with a user name, password or key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoint {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Full URL with route and query, without credentials.
    pub url: String,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url)
    }
}

/// Why a read failed. Each message says what happened, where, why, and what to do next.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum NodeError {
    /// No connection: refused, no such host, no route, or not within the connect time-out. Nothing was sent.
    #[error("cannot reach the node ({at}): {why}. Start the node, or check its address and port")]
    Unreachable {
        /// The request.
        at: Endpoint,
        /// What the network layer reported.
        why: String,
    },
    /// Connected, but no complete answer in time.
    #[error(
        "the node did not answer within {after:?} ({at}). Try again, or allow a longer time-out"
    )]
    TimedOut {
        /// The request.
        at: Endpoint,
        /// The time-out that ran out.
        after: Duration,
    },
    /// The connection broke after it was made.
    #[error(
        "the connection to the node broke before the answer was complete ({at}): {why}. Try again"
    )]
    Interrupted {
        /// The request.
        at: Endpoint,
        /// What the network layer reported.
        why: String,
    },
    /// Something answers at that address, but not like an Ergo node: HTML, a redirect, or JSON of another kind.
    #[error(
        "what answers at this address is not an Ergo node ({at}): {why}. Check the address and port"
    )]
    NotErgoNode {
        /// The request.
        at: Endpoint,
        /// What gave it away.
        why: String,
    },
    /// The server does not know the route: an older or smaller node, or another service behind a proxy. This is not
    /// "no such item", which lookups return as `None`.
    #[error(
        "the server has no such route ({at}, status {status}). Use a node that offers it, or check the address"
    )]
    NoSuchRoute {
        /// The request.
        at: Endpoint,
        /// The HTTP status, usually 404 or 405.
        status: u16,
    },
    /// The node runs without the extra index, which all routes under `/blockchain` need.
    #[error(
        "the node has no extra index ({at}): {why}. Set `ergo.node.extraIndex = true` in its configuration, let it \
         index the chain, or use another node"
    )]
    NotIndexed {
        /// The request.
        at: Endpoint,
        /// The node's words, or how it showed.
        why: String,
    },
    /// The node has an extra index, but it is still being built or has halted.
    #[error(
        "the node's extra index is not ready ({at}): {}. Wait for it, or use another node",
        said(reason, detail)
    )]
    IndexNotReady {
        /// The request.
        at: Endpoint,
        /// The node's code, such as `indexer-syncing` or `indexer-halted`.
        reason: String,
        /// The node's words.
        detail: String,
    },
    /// The route needs the API key (status 403, or 401 from a proxy), and the key is missing or wrong.
    #[error("the node does not let us in ({at}, status {status}): {why}. Give the right API key")]
    Unauthorised {
        /// The request.
        at: Endpoint,
        /// The HTTP status, 401 or 403.
        status: u16,
        /// The node's words.
        why: String,
    },
    /// The node understood and said no (any other status 4xx).
    #[error(
        "the node refused the request ({at}, status {status}): {}",
        said(reason, detail)
    )]
    Refused {
        /// The request.
        at: Endpoint,
        /// The HTTP status.
        status: u16,
        /// The node's code or, for an answer that is not JSON, the HTTP status in words.
        reason: String,
        /// The node's words; empty when it gave none.
        detail: String,
    },
    /// The node failed (status 5xx).
    #[error(
        "the node failed ({at}, status {status}): {}. Try again; see the node's log if it stays",
        said(reason, detail)
    )]
    ServerError {
        /// The request.
        at: Endpoint,
        /// The HTTP status.
        status: u16,
        /// The node's code or, for an answer that is not JSON, the HTTP status in words.
        reason: String,
        /// The node's words; empty when it gave none.
        detail: String,
    },
    /// The answer is larger than [`NodeOptions::max_body_bytes`](crate::NodeOptions::max_body_bytes).
    #[error(
        "the node's answer is larger than {limit} bytes ({at}). Raise `max_body_bytes` if you trust this node"
    )]
    BodyTooLarge {
        /// The request.
        at: Endpoint,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The answer, or one item in it, is not what the route promises: broken JSON, a missing field, a box whose bytes
    /// do not hash to its id, or an item that was not asked for.
    #[error(
        "the node's answer cannot be used ({at}): {what}: {why}. Check the node's version, or use another node"
    )]
    Malformed {
        /// The request.
        at: Endpoint,
        /// The item, by id where it has one.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// A box that was asked for is on the chain and cannot be read by this program.
    #[error(
        "{unread} ({at}). The node is right and this program does not know the box's form: report it with this message"
    )]
    Unreadable {
        /// The request.
        at: Endpoint,
        /// What can be told of it.
        unread: Box<UnreadBox>,
    },
    /// Two neighbours in the list of last headers are not parent and child.
    #[error(
        "the headers of the node are no chain ({at}): the header at height {height} names parent {parent}, the one \
         below is {below}. It may be reorganising: try again"
    )]
    HeadersNotLinked {
        /// The request.
        at: Endpoint,
        /// Height of the upper header.
        height: u32,
        /// The parent that the upper header names.
        parent: BlockId,
        /// The id of the header that follows in the list.
        below: BlockId,
    },
    /// A state context takes 10 applied headers, and the chain, or what the node has applied of it, has fewer.
    #[error(
        "a state context takes {needed} headers of applied blocks, and the node has {found} ({at}). Wait for blocks"
    )]
    TooFewHeaders {
        /// The request.
        at: Endpoint,
        /// Usable headers.
        found: usize,
        /// Headers needed.
        needed: usize,
    },
    /// New blocks were indexed each time while a list of several pages was read, so boxes may be missing from it.
    #[error(
        "the index moved during each of {tries} attempts to read the list ({at}). Try again when the node is synced"
    )]
    ListMoved {
        /// The first page's request.
        at: Endpoint,
        /// How often the list was read.
        tries: u32,
    },
    /// A list has more pages than the client will read.
    #[error("the list has more than {pages} pages ({at}). Ask for less, or read it in parts")]
    TooManyPages {
        /// The last page's request.
        at: Endpoint,
        /// The limit on pages.
        pages: u32,
    },
    /// The node failed, and the next one answers and cannot take its place: it follows another chain, is far behind, or is
    /// no Ergo node.
    #[error(
        "{cause}. The next node cannot take its place ({at}): {why}. Leave it out of the list of nodes, or wait until \
         it is in step"
    )]
    Unfit {
        /// The question to the next node.
        at: Endpoint,
        /// Why it cannot.
        why: String,
        /// Why the node before it was left.
        cause: Box<NodeError>,
    },
    /// What is to be sent cannot be written as a request: a value that does not serialise.
    #[error("the request cannot be written ({at}): {why}")]
    Unsendable {
        /// The request.
        at: Endpoint,
        /// What the serialiser reported.
        why: String,
    },
}

impl NodeError {
    /// Whether the same read is worth repeating at once. A time-out is not: it has used up the caller's patience.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Interrupted { .. } | Self::ServerError { .. } => true,
            Self::Refused { status, .. } => *status == 429,
            _ => false,
        }
    }

    /// Whether it is the node that fails, so that another one may do better.
    pub(crate) fn is_the_nodes(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Interrupted { .. }
                | Self::TimedOut { .. }
                | Self::ServerError { .. }
        )
    }
}

/// A node's code and words as one phrase; either may be empty.
pub(crate) fn said(reason: &str, detail: &str) -> String {
    match (reason.is_empty(), detail.is_empty()) {
        (true, true) => "it gives no reason".to_owned(),
        (false, true) => reason.to_owned(),
        (true, false) => detail.to_owned(),
        (false, false) => format!("{reason}: {detail}"),
    }
}
