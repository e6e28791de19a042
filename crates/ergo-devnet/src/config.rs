//! What a devnet is started with.

use std::path::PathBuf;
use std::time::Duration;

use ergo_lib::ergotree_ir::chain::address::NetworkPrefix;

/// Lowest height a chain may start at: scripts see the last ten headers, so ten must exist.
pub const MIN_START_HEIGHT: u32 = 10;

/// Highest height the chain can reach. Heights are signed 32-bit numbers in scripts; half of that range leaves
/// room for deadlines computed from a height.
pub const MAX_HEIGHT: u32 = 1 << 30;

/// When blocks are mined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockTime {
    /// A block every so often of wall-clock time, empty or not. Zero is refused at start.
    Every(Duration),
    /// A block as soon as a transaction is accepted.
    Instant,
    /// Only when asked: `POST /devnet/mine` or [`crate::Devnet::mine`].
    Manual,
}

/// How to start a [`crate::Devnet`]. Equal settings and equal transactions give equal block ids.
#[derive(Debug, Clone)]
pub struct DevnetConfig {
    /// TCP port on 127.0.0.1; 0 lets the system choose a free one.
    pub port: u16,
    /// When blocks are mined.
    pub block_time: BlockTime,
    /// Where to keep the chain between runs; nothing is written when absent. The pool is not kept, as in a node.
    pub data_dir: Option<PathBuf>,
    /// Height of the chain before the first block is mined, [`MIN_START_HEIGHT`] to [`MAX_HEIGHT`]. All blocks
    /// up to it are empty and cost nothing.
    pub start_height: u32,
    /// Which addresses are understood and shown. The chain itself is the same.
    pub network: NetworkPrefix,
    /// Seeds the block ids and the faucet's key. The key is derived from this public number: it protects nothing.
    pub seed: u64,
    /// Whether `/blockchain/*` answers; when false it refuses as a reference node without `extraIndex` does.
    pub index: bool,
}

impl Default for DevnetConfig {
    fn default() -> Self {
        Self {
            port: 0,
            block_time: BlockTime::Instant,
            data_dir: None,
            start_height: 1_000,
            network: NetworkPrefix::Mainnet,
            seed: 0,
            index: true,
        }
    }
}
