//! The extra index (`/blockchain/*`): history that the node keeps only when told to.

use ergo_lib::chain::transaction::{Transaction, TxId};
use ergo_lib::ergo_chain_types::BlockId;
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::chain::taken;
use crate::client::NodeClient;
use crate::error::{Endpoint, NodeError};
use crate::lists::{BoxList, UnspentQuery};
use crate::outline::variable;
use crate::transport::{Answer, Call};
use crate::unread::{Listing, UnreadBox};

/// How far the index has come (`GET /blockchain/indexedHeight`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IndexedHeight {
    /// Height of the last indexed block. What came later is not in the index's answers.
    pub indexed_height: u32,
    /// Height of the last applied block.
    pub full_height: u32,
}

impl IndexedHeight {
    /// Blocks that are applied but not indexed yet; for a moment 1 after each block.
    pub fn behind(&self) -> u32 {
        self.full_height.saturating_sub(self.indexed_height)
    }
}

/// A box with what the index knows about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IndexedBox {
    /// The box; its id is verified.
    pub ergo_box: ErgoBox,
    /// Height of the block that holds its transaction; None while that waits in the pool.
    pub inclusion_height: Option<u32>,
    /// Its number among all boxes of the chain; 0 or None for a box of the pool.
    pub global_index: Option<u64>,
    /// The transaction that spent it; None while it is unspent.
    pub spent_transaction_id: Option<TxId>,
    /// Height of the block that spent it; None while it is unspent, and on nodes that do not tell.
    pub spending_height: Option<u32>,
}

/// Where a box stands in the chain's history, without its content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BoxEntry {
    /// The box, as the node names it: nothing here is verified.
    pub box_id: BoxId,
    /// The transaction that made it.
    pub transaction_id: TxId,
    /// Height of the block that made it; None while that waits in the pool.
    pub inclusion_height: Option<u32>,
    /// Its number among all boxes of the chain; None on nodes that do not tell.
    pub global_index: Option<u64>,
    /// The transaction that spent it; None while it is unspent.
    pub spent_transaction_id: Option<TxId>,
}

/// A confirmed transaction with the boxes it spent and made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IndexedTransaction {
    /// Its id.
    pub id: TxId,
    /// The transaction itself, put together from the index; None when the node does not give the inputs' proofs and
    /// context variables, and when it cannot be read.
    pub transaction: Option<Transaction>,
    /// The context variables of its first input; empty when the node does not give them, or they cannot be read.
    pub variables: ContextExtension,
    /// The boxes it spent, in order.
    pub inputs: Vec<Result<IndexedBox, UnreadBox>>,
    /// Ids of the boxes it read.
    pub data_inputs: Vec<BoxId>,
    /// The boxes it made, in order.
    pub outputs: Vec<Result<IndexedBox, UnreadBox>>,
    /// Height of its block.
    pub inclusion_height: u32,
    /// Blocks **above** its block: 0 when its block is the tip.
    pub confirmations: u32,
    /// Header id of its block; None on nodes that do not tell.
    pub block_id: Option<BlockId>,
    /// Time of its block in milliseconds since 1970; None on nodes that do not tell.
    pub timestamp: Option<u64>,
}

/// What the box that minted a token says about it (EIP-4). Name and description are anybody's text.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenInfo {
    /// The token's id.
    pub id: TokenId,
    /// The box that minted it.
    pub box_id: BoxId,
    /// How many units were minted.
    pub emission_amount: u64,
    /// Name; as written by whoever minted it.
    pub name: Option<String>,
    /// Description; as written by whoever minted it.
    pub description: Option<String>,
    /// Decimal places for display.
    pub decimals: Option<i32>,
}

impl NodeClient {
    /// How far the index has come (`GET /blockchain/indexedHeight`).
    ///
    /// # Errors
    /// [`NodeError`]; [`NotIndexed`](NodeError::NotIndexed) on a node without the extra index.
    pub async fn indexed_height(&self) -> Result<IndexedHeight, NodeError> {
        let answer = match self
            .read(&self.get("/blockchain/indexedHeight".to_owned()))
            .await
        {
            Err(NodeError::NoSuchRoute { at, status }) => return Err(no_index(at, status)),
            other => other?,
        };
        answer.item("the indexed height", answer.json()?)
    }

    /// A box, spent or not (`GET /blockchain/box/byId/{id}`), or None when no indexed block made it.
    ///
    /// # Errors
    /// [`NodeError`]
    pub async fn indexed_box(&self, id: &BoxId) -> Result<Option<IndexedBox>, NodeError> {
        let call = self.get(format!("/blockchain/box/byId/{id}"));
        let Some(answer) = self.look_up_indexed(&call).await? else {
            return Ok(None);
        };
        let found = answer.indexed_box(answer.json()?)?;
        answer.asked_for(
            &format!("box {}", found.ergo_box.box_id()),
            id,
            &found.ergo_box.box_id(),
        )?;
        Ok(Some(found))
    }

    /// A confirmed transaction with its boxes (`GET /blockchain/transaction/byId/{id}`), or None when no indexed block
    /// holds it.
    ///
    /// # Errors
    /// [`NodeError`]; [`Malformed`](NodeError::Malformed) also when the parts do not give the transaction's id.
    pub async fn indexed_transaction(
        &self,
        id: &TxId,
    ) -> Result<Option<IndexedTransaction>, NodeError> {
        let call = self.get(format!(
            "/blockchain/transaction/byId/{}",
            String::from(*id)
        ));
        let Some(answer) = self.look_up_indexed(&call).await? else {
            return Ok(None);
        };
        let found = answer.indexed_transaction(answer.json()?)?;
        answer.asked_for(
            &format!("transaction {}", String::from(found.id)),
            id,
            &found.id,
        )?;
        Ok(Some(found))
    }

    /// All unspent boxes with this ErgoTree (`POST /blockchain/box/unspent/byErgoTree`), pages to the end.
    ///
    /// # Errors
    /// [`NodeError`]
    pub async fn unspent_by_ergo_tree(
        &self,
        tree: &ErgoTree,
        query: UnspentQuery,
    ) -> Result<Listing<IndexedBox>, NodeError> {
        self.by_tree("/blockchain/box/unspent/byErgoTree", tree, query)
            .await
    }

    /// All boxes with this ErgoTree, spent ones too (`POST /blockchain/box/byErgoTree`), pages to the end.
    ///
    /// # Errors
    /// [`NodeError`]
    pub async fn boxes_by_ergo_tree(
        &self,
        tree: &ErgoTree,
    ) -> Result<Listing<IndexedBox>, NodeError> {
        self.by_tree("/blockchain/box/byErgoTree", tree, UnspentQuery::CONFIRMED)
            .await
    }

    /// All unspent boxes that hold a token (`GET /blockchain/box/unspent/byTokenId/{id}`), pages to the end.
    ///
    /// # Errors
    /// [`NodeError`]
    pub async fn unspent_by_token(
        &self,
        token: &TokenId,
        query: UnspentQuery,
    ) -> Result<Listing<IndexedBox>, NodeError> {
        let route = format!("/blockchain/box/unspent/byTokenId/{}", String::from(*token));
        BoxList::new(route, None, query).read(self).await
    }

    /// All boxes that hold or held a token, spent ones too (`GET /blockchain/box/byTokenId/{id}`), pages to the end.
    ///
    /// # Errors
    /// [`NodeError`]
    pub async fn boxes_by_token(&self, token: &TokenId) -> Result<Listing<IndexedBox>, NodeError> {
        let route = format!("/blockchain/box/byTokenId/{}", String::from(*token));
        BoxList::new(route, None, UnspentQuery::CONFIRMED)
            .read(self)
            .await
    }

    /// The same list without the boxes themselves, for whoever asks for their transactions anyway: many times smaller.
    ///
    /// # Errors
    /// [`NodeError`]
    pub async fn entries_by_token(&self, token: &TokenId) -> Result<Vec<BoxEntry>, NodeError> {
        let route = format!("/blockchain/box/byTokenId/{}", String::from(*token));
        let list = BoxList::new(route, None, UnspentQuery::CONFIRMED);
        Ok(list.read(self).await?.boxes)
    }

    /// What is known about a token (`GET /blockchain/token/byId/{id}`), or None when no indexed block minted it.
    ///
    /// # Errors
    /// [`NodeError`]
    pub async fn token(&self, id: &TokenId) -> Result<Option<TokenInfo>, NodeError> {
        let name = String::from(*id);
        let call = self.get(format!("/blockchain/token/byId/{name}"));
        let Some(answer) = self.look_up_indexed(&call).await? else {
            return Ok(None);
        };
        let found: TokenInfo = answer.item(&format!("token {name}"), answer.json()?)?;
        answer.asked_for(&format!("token {}", String::from(found.id)), id, &found.id)?;
        Ok(Some(found))
    }

    async fn by_tree(
        &self,
        route: &str,
        tree: &ErgoTree,
        query: UnspentQuery,
    ) -> Result<Listing<IndexedBox>, NodeError> {
        let hex = tree.to_base16_bytes().map_err(|e| NodeError::Unsendable {
            at: self.endpoint("POST", route),
            why: format!("the ErgoTree does not serialise: {e}"),
        })?;
        BoxList::new(route.to_owned(), Some(hex), query)
            .read(self)
            .await
    }

    /// A read under `/blockchain`. Where the answer fits a node without the index as well as another fault, the
    /// index's height decides: it is there exactly when the index is.
    pub(crate) async fn look_up_indexed(&self, call: &Call) -> Result<Option<Answer>, NodeError> {
        let error = match self.look_up(call).await {
            Err(error @ (NodeError::NoSuchRoute { .. } | NodeError::ServerError { .. })) => error,
            settled => return settled,
        };
        match self.indexed_height().await {
            Err(missing @ NodeError::NotIndexed { .. }) => Err(missing),
            _ => Err(error),
        }
    }
}

fn no_index(at: Endpoint, status: u16) -> NodeError {
    NodeError::NotIndexed {
        at,
        why: format!("it has no routes under `/blockchain` (status {status})"),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransactionJson {
    id: TxId,
    inclusion_height: u32,
    num_confirmations: u32,
    block_id: Option<BlockId>,
    timestamp: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DataInputJson {
    box_id: BoxId,
}

/// Those context variables that can be read.
fn variables_in(extension: &Value) -> ContextExtension {
    let mut read = ContextExtension::empty();
    let given = extension.as_object().into_iter().flatten();
    for (name, digits) in given {
        if let Ok(name) = name.parse()
            && let Some(bytes) = digits.as_str().and_then(|digits| hex::decode(digits).ok())
            && let Some(value) = variable(&bytes)
        {
            read.values.insert(name, value);
        }
    }
    read
}

impl Answer {
    pub(crate) fn indexed_transaction(
        &self,
        mut value: Value,
    ) -> Result<IndexedTransaction, NodeError> {
        let what = crate::parse::named("transaction", &value, "id");
        let variables = value.pointer("/inputs/0/spendingProof/extension");
        let variables = variables.map_or_else(ContextExtension::empty, variables_in);
        let transaction = self.transaction_of(&value);
        let inputs = self.boxes_of(&what, taken(&mut value, "inputs"))?;
        let outputs = self.boxes_of(&what, taken(&mut value, "outputs"))?;
        let transaction = match transaction {
            // Its outputs are bound to it all the same, by their ids.
            Err(_) if outputs.iter().any(Result::is_err) => None,
            other => other?,
        };
        let data_inputs: Option<Vec<DataInputJson>> =
            self.item(&what, taken(&mut value, "dataInputs"))?;
        let about: TransactionJson = self.item(&what, value)?;
        // Each output's id covers the id of its transaction and its place there, so this binds them to it.
        let places = outputs.iter().zip(0u16..);
        let belongs = |(output, place): (&Result<IndexedBox, UnreadBox>, u16)| {
            let made = match output {
                Ok(read) => (read.ergo_box.transaction_id, read.ergo_box.index),
                Err(unread) => (unread.transaction_id, unread.index),
            };
            made == (about.id, place)
        };
        if !places.into_iter().all(belongs) {
            return Err(self.malformed(what, "an output belongs to another transaction or place"));
        }
        Ok(IndexedTransaction {
            id: about.id,
            variables: match &transaction {
                Some(tx) => tx.inputs.first().spending_proof.extension.clone(),
                None => variables,
            },
            transaction,
            inputs,
            data_inputs: data_inputs
                .unwrap_or_default()
                .into_iter()
                .map(|input| input.box_id)
                .collect(),
            outputs,
            inclusion_height: about.inclusion_height,
            confirmations: about.num_confirmations,
            block_id: about.block_id,
            timestamp: about.timestamp,
        })
    }

    fn boxes_of(
        &self,
        what: &str,
        value: Value,
    ) -> Result<Vec<Result<IndexedBox, UnreadBox>>, NodeError> {
        self.array(what, value)?
            .into_iter()
            .map(|item| self.any_indexed_box(item))
            .collect()
    }

    /// The plain transaction inside an indexed one; None when an input comes without its proof.
    fn transaction_of(&self, value: &Value) -> Result<Option<Transaction>, NodeError> {
        let inputs = value
            .get("inputs")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let proven = |input: &Value| {
            let proof = input
                .get("spendingProof")
                .filter(|proof| proof.is_object())?;
            Some(json!({ "boxId": input.get("boxId")?, "spendingProof": proof }))
        };
        let Some(inputs) = inputs.iter().map(proven).collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        let plain = json!({
            "id": value.get("id"),
            "inputs": inputs,
            "dataInputs": value.get("dataInputs").filter(|list| list.is_array()).cloned().unwrap_or_else(|| json!([])),
            "outputs": value.get("outputs"),
        });
        self.transaction(plain).map(Some)
    }
}
