//! Asynchronous client of an Ergo node's REST API.
//!
//! It reads the chain, the pool and the optional extra index, and it submits transactions. It holds no keys and
//! knows no application protocol. Boxes, transactions and headers come back as `ergo-lib`'s own types; reading a box
//! or a transaction recomputes its id, so a node cannot hand out a box that is not what its id says. Nothing is
//! skipped in silence: an answer that is not true is an error that names the item and the route; a box that is on the chain and
//! cannot be read ([`UnreadBox`]) is told beside those that can, since anybody may make one, and is an error
//! ([`NodeError::Unreadable`]) only if it was asked for by itself.
//!
//! No answer of a node ends the program: `ergo-lib` parses only what was found harmless before. The script of a box is
//! parsed if it is that of a key, of several, or of the fee; any other stays bytes (`ErgoTree::Unparsed`, which equals no parsed script),
//! and whoever knows the script compares them.
//!
//! Reads return [`NodeError`] and are tried again when the fault looks passing (see [`NodeOptions::retries`]).
//! Submissions return [`SubmitError`], which tells apart "refused", "never sent" and "nobody knows", and are never
//! sent twice. Several nodes can stand in for each other ([`NodeClient::with_fallbacks`]).
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use ergo_node_client::{NodeClient, NodeOptions};
//!
//! let node = NodeClient::new("http://127.0.0.1:9053", NodeOptions::default())?;
//! let info = node.info().await?;
//! let context = node.state_context().await?;
//! assert_eq!(info.full_height.map(|h| h + 1), Some(context.pre_header.height));
//! # Ok(())
//! # }
//! ```

mod blocks;
mod chain;
mod client;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod index;
mod layout;
mod lists;
mod options;
mod outline;
mod parse;
mod pool;
mod refusal;
mod sound;
mod takeover;
mod transport;
mod unread;
mod utxo;
mod wallet;

pub use blocks::{Marks, TransactionText};
pub use chain::{NodeInfo, mainnet_parameters};
pub use client::NodeClient;
pub use error::{Endpoint, NodeError};
pub use index::{BoxEntry, IndexedBox, IndexedHeight, IndexedTransaction, TokenInfo};
pub use lists::UnspentQuery;
pub use options::{ClientConfigError, NodeOptions};
pub use outline::{Outline, Output};
pub use refusal::{RefusalKind, SubmitError};
pub use secrecy::SecretString;
pub use unread::{Listing, UnreadBox};
pub use wallet::WalletStatus;
