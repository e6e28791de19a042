//! A running devnet: the node, its HTTP server, and its miner.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ergo_lib::chain::ergo_state_context::ErgoStateContext;
use ergo_lib::chain::transaction::Transaction;
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::chain::tx_id::TxId;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::api;
use crate::config::{BlockTime, DevnetConfig, MAX_HEIGHT, MIN_START_HEIGHT};
use crate::node::Node;
use crate::outcome::{
    FundError, MineError, Mined, OpenError, RolledBack, SubmitError, UnjudgedError,
};

/// A devnet could not be started, or its work was cut short.
#[derive(Debug, Error)]
pub enum DevnetError {
    /// The start height is out of range.
    #[error("start height {0} is not between {MIN_START_HEIGHT} and {MAX_HEIGHT}")]
    StartHeight(u32),
    /// The block time is zero.
    #[error(
        "a block time of zero would mine without end; use BlockTime::Instant for a block per transaction"
    )]
    BlockTime,
    /// The chain could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The port cannot be used.
    #[error("127.0.0.1:{port} cannot be used: {cause}; choose another port, or 0 for any")]
    Bind {
        /// The port asked for.
        port: u16,
        /// The system's error.
        cause: std::io::Error,
    },
    /// A background task panicked or was stopped with the runtime.
    #[error("a background task of the devnet ended early: {0}")]
    Task(#[from] tokio::task::JoinError),
    /// The server failed.
    #[error("the devnet's server failed: {0}")]
    Serve(std::io::Error),
    /// The miner stopped.
    #[error("the devnet's miner stopped: {0}")]
    Miner(MineError),
}

/// A test chain that answers on 127.0.0.1 until it is dropped.
///
/// The methods do what the `/devnet` routes do. They judge and sign on the calling thread: within an async
/// runtime call them from `spawn_blocking`, or where a few milliseconds do not matter, as in a test.
pub struct Devnet {
    node: Arc<Node>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    server: JoinHandle<std::io::Result<()>>,
    miner: Option<JoinHandle<Result<(), MineError>>>,
}

impl Devnet {
    /// Starts a chain, or continues the one in the data folder, and answers from the moment this returns.
    ///
    /// # Errors
    /// [`DevnetError`] when a setting is out of range, the data folder cannot be used, or the port is taken.
    pub async fn start(config: DevnetConfig) -> Result<Self, DevnetError> {
        if !(MIN_START_HEIGHT..=MAX_HEIGHT).contains(&config.start_height) {
            return Err(DevnetError::StartHeight(config.start_height));
        }
        if config.block_time == BlockTime::Every(Duration::ZERO) {
            return Err(DevnetError::BlockTime);
        }
        let port = config.port;
        let block_time = config.block_time;
        let node = tokio::task::spawn_blocking(move || Node::open(&config)).await??;
        let node = Arc::new(node);
        let bind = |cause| DevnetError::Bind { port, cause };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let (stop, stopped) = watch::channel(false);
        let serve = axum::serve(listener, api::router(node.clone()))
            .with_graceful_shutdown(until_stopped(stopped.clone()));
        let miner = match block_time {
            BlockTime::Every(time) => Some(tokio::spawn(mine_every(node.clone(), time, stopped))),
            BlockTime::Instant | BlockTime::Manual => None,
        };
        Ok(Self {
            node,
            address,
            stop,
            server: tokio::spawn(serve.into_future()),
            miner,
        })
    }

    /// Where it answers, without a trailing slash: `http://127.0.0.1:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Height of the tip.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.node.read().ledger.height()
    }

    /// What the next transaction is judged by: equal to what a client builds from `/blocks/lastHeaders/10` and
    /// the parameters in `/info`.
    #[must_use]
    pub fn state_context(&self) -> ErgoStateContext {
        (*self.node.read().context).clone()
    }

    /// Submits a transaction, as `POST /transactions` does.
    ///
    /// # Errors
    /// [`SubmitError::Refused`] with the rule that it breaks.
    pub fn submit(&self, tx: Transaction) -> Result<TxId, SubmitError> {
        self.node.submit(&tx)
    }

    /// Mines blocks. The first ones hold what is in the pool; empty ones cost nothing, so that a jump over a
    /// storage period of 1,051,200 blocks is immediate.
    ///
    /// # Errors
    /// [`MineError`] when the height would leave its range or the chain log cannot be written.
    pub fn mine(&self, blocks: u32) -> Result<Mined, MineError> {
        self.node.mine(blocks)
    }

    /// Mines one block with just these transactions, whatever their scripts, proofs and sums: a chain of dishonest
    /// miners, for tests of whoever audits one. Only that each input is unspent is looked at, for without it there is
    /// no index.
    ///
    /// # Errors
    /// [`UnjudgedError`] for a transaction that has no bytes of its own or spends what is not there, and as
    /// [`Devnet::mine`].
    pub fn mine_unjudged(&self, txs: &[Transaction]) -> Result<Mined, UnjudgedError> {
        self.node.mine_unjudged(txs)
    }

    /// Pays `value` nanoErg out of the genesis box to a script and mines one block with that payment alone.
    /// Returns the confirmed box.
    ///
    /// # Errors
    /// [`FundError`] when the amount is too small for a box or more than the faucet has.
    pub fn fund(&self, to: &ErgoTree, value: u64) -> Result<ErgoBox, FundError> {
        self.node.fund(to, value)
    }

    /// Lets an oracle pool say that a quantity (a dollar, say) is worth `rate` nanoErg, in the format of the live pools (R4
    /// Long rate, R5 Int epoch), and mines one block with that alone. `nft` names a pool that an earlier call made; without
    /// it a new one is made, whose NFT is the first token of the box returned. Epochs go on as if the pool had published
    /// every 30 blocks.
    ///
    /// # Errors
    /// [`FundError::NoPool`] for an NFT of no such pool; as [`Devnet::fund`].
    pub fn publish(&self, nft: Option<TokenId>, rate: i64) -> Result<ErgoBox, FundError> {
        self.node.publish(nft, rate)
    }

    /// Takes blocks back, as a reorganisation does. Their transactions return to the pool as far as they are
    /// valid at the lower height (one that made a box with a creation height above it is not).
    ///
    /// # Errors
    /// [`MineError`] when there are fewer blocks above the start height, or the chain log cannot be written.
    pub fn rollback(&self, blocks: u32) -> Result<RolledBack, MineError> {
        self.node.rollback(blocks)
    }

    /// Takes what waits in another node's pool into this one's, as gossip does. Returns how many transactions were new and
    /// valid here.
    pub fn hear(&self, other: &Self) -> usize {
        self.node.hear(&other.node)
    }

    /// Takes over the chain of another node of the same seed and start height, whichever is longer: a reorganisation, if
    /// this one has blocks of its own. What waits here goes on waiting as far as it is still valid.
    ///
    /// # Errors
    /// [`MineError::Ledger`] if the two began differently; as [`Devnet::mine`].
    pub fn follow(&self, other: &Self) -> Result<(), MineError> {
        self.node.follow(&other.node)
    }

    /// Stops and waits until the port and the data folder are free. Dropping stops as well, without waiting.
    ///
    /// # Errors
    /// [`DevnetError`] when the server or the miner had failed.
    pub async fn close(self) -> Result<(), DevnetError> {
        self.stop.send_replace(true);
        self.server.await?.map_err(DevnetError::Serve)?;
        if let Some(miner) = self.miner {
            miner.await?.map_err(DevnetError::Miner)?;
        }
        Ok(())
    }
}

/// Ends when told to, or when the [`Devnet`] is gone.
async fn until_stopped(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender was dropped with the devnet.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn mine_every(
    node: Arc<Node>,
    time: Duration,
    stopped: watch::Receiver<bool>,
) -> Result<(), MineError> {
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + time, time);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let stop = until_stopped(stopped);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return Ok(()),
            _ = ticks.tick() => {}
        }
        let node = node.clone();
        // A panic inside the interpreter spoils one block, not the miner.
        if let Ok(mined) = tokio::task::spawn_blocking(move || node.mine(1)).await {
            mined?;
        }
    }
}
