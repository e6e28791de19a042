//! The one place where fetching, building, signing, submitting and waiting meet.
//!
//! A node's views may be up to a second old. So a session remembers what it submitted itself and lays that over what it
//! reads; it ends a submission only when the node shows the transaction; and it never takes one look for "lost".

mod books;
mod fate;
mod find;
pub mod follow;
mod history;
mod imported;
mod oracle;
mod places;
mod received;
mod retell;
mod unread;

pub use books::{Confirmed, Kept, Plan};
pub use fate::{Attempt, Fate};
pub use find::{PresentSeen, Seen, View};
pub use follow::Followed;
pub use history::{History, Past};
pub use imported::{Imported, opens};

use std::collections::HashMap;
use std::time::{Duration, Instant};

use ergo_lib::chain::ergo_state_context::ErgoStateContext;
use ergo_lib::chain::transaction::unsigned::UnsignedTransaction;
use ergo_lib::chain::transaction::{Transaction, TxId};
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::wallet::tx_context::TransactionContext;
use ergo_node_client::{NodeClient, NodeInfo, NodeOptions, SubmitError};
use lets_protocol::{BuildError, Height, NanoErg, Proposal, TxParams};
use lets_wallet::Signer;
use serde::Serialize;

use crate::error::CliError;
use crate::manifest::{Manifest, Network};

/// How long views may lag behind: so long an answer that looks wrong is asked for again.
pub const LAG: Duration = Duration::from_secs(2);
/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(150);
/// How long a transaction may be in neither pool nor chain before it counts as gone.
const GONE: Duration = Duration::from_secs(20);
/// How long to wait for a block by default.
pub const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// A transaction that the node has taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sent {
    /// What it does: `pay`, `admit`, ...
    pub kind: String,
    /// Its id.
    pub id: TxId,
    /// Its size in bytes; `None` if it was sent by an earlier command.
    pub bytes: Option<usize>,
    /// Its fee in nanoErg.
    pub fee_nanoerg: u64,
    /// Height of its block, once it is known.
    pub height: Option<u32>,
}

/// Where a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a block.
    Block {
        /// The block's height.
        height: u32,
        /// Blocks on it, its own included.
        confirmations: u32,
    },
    /// Waiting in the pool.
    Pool,
    /// The node shows it nowhere.
    Nowhere,
}

/// What this session submitted.
#[derive(Debug)]
struct Own {
    id: TxId,
    spent: Vec<BoxId>,
    made: Vec<ErgoBox>,
}

/// A conversation with a node.
#[derive(Debug)]
pub struct Session {
    client: NodeClient,
    own: Vec<Own>,
    kept: tokio::sync::OnceCell<Kept>,
    plan: Option<Plan>,
    steps: tokio::sync::Mutex<HashMap<(TxId, TokenId), fate::Step>>,
    told: unread::Told,
}

impl Session {
    /// A session with the first of these nodes, for which the others stand in. Nothing is sent yet.
    ///
    /// # Errors
    /// [`CliError::NodeAddress`].
    pub fn new(urls: &[impl AsRef<str>]) -> Result<Self, CliError> {
        let mut urls = urls.iter().map(AsRef::as_ref);
        // Without any, the empty address is refused as no URL.
        let first = urls.next().unwrap_or_default();
        Ok(Self {
            client: NodeClient::with_fallbacks(first, urls, NodeOptions::default())?,
            own: Vec::new(),
            kept: tokio::sync::OnceCell::new(),
            plan: None,
            steps: tokio::sync::Mutex::default(),
            told: unread::Told::default(),
        })
    }

    /// The same session, which on a node without the extra index reads from this ledger from now on.
    pub fn with_plan(self, plan: Plan) -> Self {
        Self {
            plan: Some(plan),
            kept: tokio::sync::OnceCell::new(),
            ..self
        }
    }

    /// The client, for what has nothing to do with a LETS.
    pub fn client(&self) -> &NodeClient {
        &self.client
    }

    /// What the node says about itself.
    ///
    /// # Errors
    /// [`CliError::Node`].
    pub async fn info(&self) -> Result<NodeInfo, CliError> {
        Ok(self.client.info().await?)
    }

    /// The network that the node follows: what it says, or else what the user says.
    ///
    /// # Errors
    /// [`CliError::UnknownNetwork`] if neither says it, [`CliError::Node`].
    pub async fn network(&self, said: Option<Network>) -> Result<Network, CliError> {
        let found = self.info().await?.network;
        match (found.as_deref().and_then(|n| n.parse().ok()), said) {
            (Some(network), None) => Ok(network),
            (Some(network), Some(said)) if network == said => Ok(network),
            (Some(network), Some(said)) => Err(self.wrong_network(said, network.name())),
            (None, Some(said)) => Ok(said),
            (None, None) => Err(CliError::UnknownNetwork {
                found,
                url: self.client.url().to_owned(),
            }),
        }
    }

    /// Refuses a node that follows another network than the manifest's.
    ///
    /// # Errors
    /// [`CliError::WrongNetwork`], [`CliError::Node`].
    pub async fn check_network(&self, manifest: &Manifest) -> Result<(), CliError> {
        match self.info().await?.network {
            // Private chains call themselves as they like.
            Some(found)
                if found != manifest.network.name()
                    && (manifest.network != Network::Devnet
                        || found.parse::<Network>().is_ok()) =>
            {
                Err(self.wrong_network(manifest.network, &found))
            }
            _ => Ok(()),
        }
    }

    fn wrong_network(&self, expected: Network, found: &str) -> CliError {
        CliError::WrongNetwork {
            expected: expected.name().to_owned(),
            found: found.to_owned(),
            url: self.client.url().to_owned(),
        }
    }

    /// Height of the last block that the node has applied.
    ///
    /// # Errors
    /// [`CliError::NoBlocks`], [`CliError::Node`].
    pub async fn height(&self) -> Result<Height, CliError> {
        let height = self.info().await?.full_height;
        height.map(Height).ok_or_else(|| CliError::NoBlocks {
            url: self.client.url().to_owned(),
        })
    }

    /// What a transaction made now needs to know.
    ///
    /// # Errors
    /// [`CliError::FeeTooLow`]; as [`Session::height`].
    pub async fn params(&self, fee: NanoErg) -> Result<TxParams, CliError> {
        if fee < NanoErg::MIN_FEE {
            return Err(CliError::FeeTooLow { fee });
        }
        Ok(TxParams {
            height: self.height().await?,
            fee,
        })
    }

    /// Signs a proposal and submits it; returns when the node shows it. Parents go before children.
    ///
    /// # Errors
    /// [`CliError::Sign`], [`CliError::Submit`], [`CliError::Node`].
    pub async fn send(
        &mut self,
        proposal: &Proposal,
        signer: &impl Signer,
    ) -> Result<Sent, CliError> {
        let signed = self.sign(proposal.context()?, signer).await?;
        self.submit(proposal.kind().name(), proposal.fee(), signed)
            .await
    }

    /// Signs a transaction for the next block.
    ///
    /// # Errors
    /// [`CliError::Sign`]; as [`Session::state_for`].
    pub async fn sign(
        &self,
        context: TransactionContext<UnsignedTransaction>,
        signer: &impl Signer,
    ) -> Result<Transaction, CliError> {
        let state = self.state_for(&context.spending_tx).await?;
        Ok(signer.sign(context, &state)?)
    }

    /// What scripts see in the next block, of a chain that has come as far as when this transaction was made. It may have fallen
    /// back since: by a reorganisation, or because another node stands in, which is a little behind.
    ///
    /// # Errors
    /// [`CliError::FellBack`] if that lasts longer than views lag; [`CliError::Node`].
    pub async fn state_for(&self, tx: &UnsignedTransaction) -> Result<ErgoStateContext, CliError> {
        let made_at = tx.output_candidates.iter().map(|o| o.creation_height).max();
        let deadline = Instant::now() + LAG;
        loop {
            let state = self.client.state_context().await?;
            let next = state.pre_header.height;
            match made_at {
                Some(made_at) if made_at > next => {
                    if Instant::now() >= deadline {
                        return Err(CliError::FellBack {
                            made_at,
                            next,
                            url: self.client.url().to_owned(),
                        });
                    }
                }
                _ => return Ok(state),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Submits a signed transaction; returns when the node shows it.
    ///
    /// # Errors
    /// [`CliError::Submit`] with the node's reason; after [`SubmitError::UnknownOutcome`] it may have arrived.
    pub async fn submit(
        &mut self,
        kind: &str,
        fee: NanoErg,
        signed: Transaction,
    ) -> Result<Sent, CliError> {
        let id = signed.id();
        // All that can fail comes before: once the node has it, this command has done its work.
        let bytes = signed
            .sigma_serialize_bytes()
            .map_err(|e| BuildError::Transaction(e.to_string()))?
            .len();
        let own = Own {
            id,
            spent: signed.inputs.iter().map(|i| i.box_id).collect(),
            made: signed.outputs.iter().cloned().collect(),
        };
        match self.client.submit(&signed).await {
            Ok(_) => {}
            Err(unknown @ SubmitError::UnknownOutcome { .. }) => {
                self.clear_up(&signed, unknown).await?
            }
            Err(refused) => return Err(refused.into()),
        }
        self.own.push(own);
        // The next command must find it in the node's views, or it would spend the same boxes again. The node has it
        // now, so that the views cannot be read is no failure of this command.
        let place = self.settle(&id).await.unwrap_or(Place::Nowhere);
        Ok(Sent {
            kind: kind.to_owned(),
            id,
            bytes: Some(bytes),
            fee_nanoerg: fee.0,
            height: match place {
                Place::Block { height, .. } => Some(height),
                Place::Pool | Place::Nowhere => None,
            },
        })
    }

    /// Stops counting with a transaction of this session that the node has dropped.
    pub fn forget(&mut self, id: &TxId) {
        self.own.retain(|own| own.id != *id);
    }

    /// Finds out whether a transaction has arrived whose submission got no answer. The very same again is safe, and an
    /// acceptance settles it; anything else leaves it unknown.
    async fn clear_up(&self, signed: &Transaction, unknown: SubmitError) -> Result<(), CliError> {
        match self.settle(&signed.id()).await {
            Ok(Place::Block { .. } | Place::Pool) => Ok(()),
            Ok(Place::Nowhere) | Err(_) => match self.client.submit(signed).await {
                Ok(_) => Ok(()),
                Err(_) => Err(unknown.into()),
            },
        }
    }

    /// Where the transaction is, in one look: [`Place::Nowhere`] proves nothing.
    ///
    /// # Errors
    /// [`CliError::Node`].
    pub async fn place(&self, id: &TxId) -> Result<Place, CliError> {
        // The pool first: what is mined between the two looks is then found in the block.
        let pooled = self.client.unconfirmed(id).await?.is_some();
        if let Some((height, above)) = self.included(id).await? {
            return Ok(Place::Block {
                height,
                confirmations: above.saturating_add(1),
            });
        }
        Ok(if pooled { Place::Pool } else { Place::Nowhere })
    }

    /// Where the transaction is, looked for as long as views may lag.
    ///
    /// # Errors
    /// [`CliError::Node`].
    pub async fn settle(&self, id: &TxId) -> Result<Place, CliError> {
        let deadline = Instant::now() + LAG;
        loop {
            let place = self.place(id).await?;
            if place != Place::Nowhere || Instant::now() >= deadline {
                return Ok(place);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// As [`Session::settle`] if the transaction may have been sent some time ago, else one look.
    ///
    /// # Errors
    /// [`CliError::Node`].
    pub async fn settle_if(&self, id: &TxId, perhaps_sent: bool) -> Result<Place, CliError> {
        match perhaps_sent {
            true => self.settle(id).await,
            false => self.place(id).await,
        }
    }

    /// Waits until the transaction has so many confirmations (1: it is in a block), and returns its block's height. That
    /// the node cannot be read for a while ends nothing: the transaction is on its way without us.
    ///
    /// # Errors
    /// [`CliError::Dropped`] when it leaves the pool without a block, [`CliError::StillWaiting`] after `patience`,
    /// [`CliError::LostSight`] when the node cannot be read any more.
    pub async fn wait(
        &self,
        id: &TxId,
        confirmations: u32,
        patience: Duration,
    ) -> Result<u32, CliError> {
        let begun = Instant::now();
        let (mut seen, mut read) = (begun, begun);
        let mut pause = PAUSE;
        loop {
            match self.place(id).await {
                Ok(place) => {
                    read = Instant::now();
                    match place {
                        Place::Block {
                            height,
                            confirmations: has,
                        } if has >= confirmations => return Ok(height),
                        Place::Block { .. } | Place::Pool => seen = read,
                        Place::Nowhere if seen.elapsed() > GONE => {
                            return Err(CliError::Dropped {
                                id: String::from(*id),
                            });
                        }
                        Place::Nowhere => {}
                    }
                }
                Err(cause) if read.elapsed() > GONE => {
                    return Err(CliError::LostSight {
                        id: String::from(*id),
                        cause: Box::new(cause),
                    });
                }
                // What was not seen for want of an answer has not been missing.
                Err(_) => seen = Instant::now(),
            }
            if begun.elapsed() > patience {
                return Err(CliError::StillWaiting {
                    id: String::from(*id),
                    minutes: patience.as_secs() / 60,
                });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }
}
