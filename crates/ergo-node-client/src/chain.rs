//! The chain: node info, headers, parameters, the state context for signing, and blocks.

use ergo_lib::chain::ergo_state_context::{ErgoStateContext, Headers};
use ergo_lib::chain::parameters::Parameters;
use ergo_lib::ergo_chain_types::{BlockId, Header, PreHeader};
use serde::Deserialize;
use serde_json::Value;

use crate::blocks::TransactionText;
use crate::client::NodeClient;
use crate::error::NodeError;
use crate::outline::Outline;
use crate::transport::{Answer, Call};

/// Headers in a state context (`ergo-lib`'s [`Headers`]).
const CONTEXT_HEADERS: u8 = 10;
/// How many headers beyond the last applied block a state context looks through.
const MAX_UNAPPLIED: u32 = 100;

/// What a node says about itself (`GET /info`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeInfo {
    /// The name that the node gives itself.
    pub name: String,
    /// Version of the node's program, such as `6.0.4`.
    pub app_version: String,
    /// `mainnet`, `testnet` or `devnet`; None on nodes that do not say.
    pub network: Option<String>,
    /// `utxo`: the node keeps all boxes. `digest`: it keeps none and answers every `/utxo` lookup with "no such box".
    pub state_type: Option<String>,
    /// Height of the last applied block; None before the first one.
    pub full_height: Option<u32>,
    /// Height of the best header; above [`full_height`](Self::full_height) while the node catches up.
    pub headers_height: Option<u32>,
    /// Greatest height that a peer claims; None without peers.
    pub max_peer_height: Option<u32>,
    /// Header id of the last applied block.
    pub best_full_header_id: Option<BlockId>,
    /// Id of the best header.
    pub best_header_id: Option<BlockId>,
    /// Header id of the first block, which tells one chain from another; None before there is one.
    pub genesis_block_id: Option<BlockId>,
    /// Transactions in the pool.
    pub unconfirmed_count: Option<u32>,
    /// Connected peers.
    pub peers_count: Option<u32>,
    /// The node's clock, in milliseconds since 1970.
    pub current_time: Option<u64>,
    /// Parameters voted by miners; None on nodes that do not report them.
    pub parameters: Option<Parameters>,
}

impl NodeInfo {
    /// Blocks that the node knows of but has not applied: 0 when it is in step with the chain.
    pub fn blocks_behind(&self) -> u32 {
        let best = self.headers_height.max(self.max_peer_height).unwrap_or(0);
        best.saturating_sub(self.full_height.unwrap_or(0))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InfoJson {
    #[serde(default)]
    name: String,
    app_version: String,
    network: Option<String>,
    state_type: Option<String>,
    full_height: Option<u32>,
    headers_height: Option<u32>,
    max_peer_height: Option<u32>,
    best_full_header_id: Option<BlockId>,
    best_header_id: Option<BlockId>,
    genesis_block_id: Option<BlockId>,
    unconfirmed_count: Option<u32>,
    peers_count: Option<u32>,
    current_time: Option<u64>,
    #[serde(default)]
    parameters: Value,
}

/// The voted parameters of Ergo's main network as this was written, for nodes that do not report theirs. They move
/// slowly (by votes of miners over months); `block_version` is best taken from the newest header.
pub fn mainnet_parameters(block_version: u8) -> Parameters {
    Parameters::new(
        i32::from(block_version),
        1_250_000,
        360,
        1_271_009,
        8_001_091,
        100,
        2_407,
        100,
        197,
    )
}

impl NodeClient {
    /// What the node says about itself (`GET /info`). Up to a second old.
    ///
    /// # Errors
    /// [`NodeError`]; [`NotErgoNode`](NodeError::NotErgoNode) when the answer is JSON but names no version and height.
    pub async fn info(&self) -> Result<NodeInfo, NodeError> {
        let answer = self.read(&self.get("/info".to_owned())).await?;
        let info = answer.node_info()?;
        self.remember(&info);
        Ok(info)
    }

    /// The newest headers, **newest first** (`GET /blocks/lastHeaders/{count}`), fewer than `count` on a young chain.
    /// Whatever order the node uses, they are sorted by height and each is the parent of the one before it. They may
    /// be ahead of the last applied block.
    ///
    /// # Errors
    /// [`NodeError`]; [`HeadersNotLinked`](NodeError::HeadersNotLinked) when they are no chain.
    pub async fn last_headers(&self, count: u32) -> Result<Vec<Header>, NodeError> {
        let answer = self.read(&self.last_headers_call(count)).await?;
        let items = answer.array("the list of headers", answer.json()?)?;
        let mut headers = items
            .into_iter()
            .map(|item| answer.header(item))
            .collect::<Result<Vec<_>, _>>()?;
        headers.sort_by_key(|header| std::cmp::Reverse(header.height));
        headers.truncate(usize::try_from(count).unwrap_or(usize::MAX));
        for pair in headers.windows(2) {
            if let [upper, below] = pair
                && (upper.parent_id != below.id
                    || Some(upper.height) != below.height.checked_add(1))
            {
                return Err(NodeError::HeadersNotLinked {
                    at: answer.at,
                    height: upper.height,
                    parent: upper.parent_id,
                    below: below.id,
                });
            }
        }
        Ok(headers)
    }

    /// The parameters voted by miners, as `GET /info` reports them; where it does not, those of the main network with
    /// the block version of the newest header.
    ///
    /// # Errors
    /// [`NodeError`]
    pub async fn parameters(&self) -> Result<Parameters, NodeError> {
        if let Some(parameters) = self.info().await?.parameters {
            return Ok(parameters);
        }
        let tip = self.last_headers(1).await?;
        Ok(mainnet_parameters(
            tip.first().map_or(1, |header| header.version),
        ))
    }

    /// The context in which the node's pool judges a transaction now: that of the next block. Height is that of the
    /// last applied block plus 1, the parent is that block, the timestamp is its timestamp plus 1 ms; version, votes,
    /// difficulty and miner key are its own (reference node: `ErgoStateContext.simplifiedUpcoming`, which differs in
    /// votes and miner key). Headers that the node knows but has not applied yet are left out.
    ///
    /// # Errors
    /// [`NodeError`]; [`TooFewHeaders`](NodeError::TooFewHeaders) before the tenth block, and on a node that is more
    /// than 100 blocks behind its own headers.
    pub async fn state_context(&self) -> Result<ErgoStateContext, NodeError> {
        let info = self.info().await?;
        let applied = info.full_height.unwrap_or(0);
        let unapplied = info
            .headers_height
            .unwrap_or(0)
            .saturating_sub(applied)
            .min(MAX_UNAPPLIED);
        // One more than the gap: a block may be found between the two reads.
        let wanted = u32::from(CONTEXT_HEADERS) + unapplied + 1;
        let call = self.last_headers_call(wanted);
        let mut headers = self.last_headers(wanted).await?;
        headers.retain(|header| header.height <= applied);
        headers.truncate(usize::from(CONTEXT_HEADERS));
        let found = headers.len();
        let too_few = || NodeError::TooFewHeaders {
            at: self.at(&call),
            found,
            needed: usize::from(CONTEXT_HEADERS),
        };
        let headers: Headers = headers.try_into().map_err(|_| too_few())?;
        let tip = headers[0].clone();
        let parameters = info
            .parameters
            .unwrap_or_else(|| mainnet_parameters(tip.version));
        let pre_header = PreHeader {
            parent_id: tip.id,
            height: tip.height.saturating_add(1),
            timestamp: tip.timestamp.saturating_add(1),
            ..PreHeader::from(tip)
        };
        Ok(ErgoStateContext::new(pre_header, headers, parameters))
    }

    fn last_headers_call(&self, count: u32) -> Call {
        self.get(format!("/blocks/lastHeaders/{count}"))
    }

    /// Ids of all headers at a height, that of the main chain first (`GET /blocks/at/{height}`). Empty above the tip.
    ///
    /// # Errors
    /// [`NodeError`]
    pub async fn header_ids_at(&self, height: u32) -> Result<Vec<BlockId>, NodeError> {
        match self
            .look_up(&self.get(format!("/blocks/at/{height}")))
            .await?
        {
            Some(answer) => answer.item("the list of header ids", answer.json()?),
            None => Ok(Vec::new()),
        }
    }

    /// The header with this id (`GET /blocks/{id}/header`), or None when the node has no such block.
    ///
    /// # Errors
    /// [`NodeError`]
    pub async fn header(&self, id: &BlockId) -> Result<Option<Header>, NodeError> {
        let Some(answer) = self
            .look_up(&self.get(format!("/blocks/{id}/header")))
            .await?
        else {
            return Ok(None);
        };
        let header = answer.header(answer.json()?)?;
        answer.asked_for(&format!("header {}", header.id), id, &header.id)?;
        Ok(Some(header))
    }

    /// The transactions of a block in their order (`GET /blocks/{id}/transactions`), or None when the node has no
    /// such block or has pruned it.
    ///
    /// # Errors
    /// [`NodeError`]
    pub async fn block_transactions(
        &self,
        id: &BlockId,
    ) -> Result<Option<Vec<Outline>>, NodeError> {
        let texts = self.transaction_texts(id).await?;
        let read =
            |texts: Vec<TransactionText>| texts.iter().map(TransactionText::outline).collect();
        texts.map(read).transpose()
    }
}

/// Takes a field out of an object; null when it is missing.
pub(crate) fn taken(value: &mut Value, field: &str) -> Value {
    value.get_mut(field).map(Value::take).unwrap_or_default()
}

impl Answer {
    /// What `/info` says.
    pub(crate) fn node_info(&self) -> Result<NodeInfo, NodeError> {
        let value = self.json()?;
        if value.get("appVersion").is_none() || value.get("fullHeight").is_none() {
            let why = "its `/info` has no `appVersion` and `fullHeight`".to_owned();
            return Err(NodeError::NotErgoNode {
                at: self.at.clone(),
                why,
            });
        }
        let info: InfoJson = self.item("the node's info", value)?;
        let parameters = match info.parameters {
            Value::Null => None,
            given => Some(self.item("the node's `parameters`", given)?),
        };
        Ok(NodeInfo {
            name: info.name,
            app_version: info.app_version,
            network: info.network,
            state_type: info.state_type,
            full_height: info.full_height,
            headers_height: info.headers_height,
            max_peer_height: info.max_peer_height,
            best_full_header_id: info.best_full_header_id,
            best_header_id: info.best_header_id,
            genesis_block_id: info.genesis_block_id,
            unconfirmed_count: info.unconfirmed_count,
            peers_count: info.peers_count,
            current_time: info.current_time,
            parameters,
        })
    }
}
