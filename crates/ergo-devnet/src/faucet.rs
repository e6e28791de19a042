//! Where test ERG comes from: the genesis box holds the whole supply, and the faucet pays from it with ordinary,
//! signed, judged transactions, so nothing is ever made from nothing.

use ergo_lib::chain::ergo_state_context::ErgoStateContext;
use ergo_lib::chain::transaction::unsigned::UnsignedTransaction;
use ergo_lib::chain::transaction::{Transaction, UnsignedInput};
use ergo_lib::ergo_chain_types::blake2b256_hash;
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::box_value::{BoxValue, BoxValueError};
use ergo_lib::ergotree_ir::chain::ergo_box::{
    BoxTokens, ErgoBox, ErgoBoxCandidate, NonMandatoryRegisterId, NonMandatoryRegisters,
};
use ergo_lib::ergotree_ir::chain::token::{Token, TokenAmount};
use ergo_lib::ergotree_ir::chain::tx_id::TxId;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::mir::constant::{Constant, TryExtractInto};
use ergo_lib::wallet::Wallet;
use ergo_lib::wallet::miner_fee::MINERS_FEE_ADDRESS;
use ergo_lib::wallet::secret_key::SecretKey;
use ergo_lib::wallet::tx_context::TransactionContext;

use crate::judge::MIN_FEE;
use crate::outcome::{FundError, GenesisError};
use crate::prepared::{BoxData, ScriptKey, script_key};

/// Supply of the chain in nanoErg: all the ERG there will ever be on mainnet.
pub const SUPPLY: u64 = 97_739_924_000_000_000;

/// How often an oracle pool counts as having published: its epoch goes on by one for so many blocks.
pub(crate) const ORACLE_EPOCH: u32 = 30;
/// nanoErg in an oracle pool's box.
const ORACLE_VALUE: u64 = 100_000_000;

/// The keys to the genesis box and to oracle pools.
pub(crate) struct Faucet {
    key: [u8; 32],
    tree: ErgoTree,
    pub(crate) script: ScriptKey,
    oracle_key: [u8; 32],
    oracle_tree: ErgoTree,
    pub(crate) oracle_script: ScriptKey,
}

fn secret(purpose: &str, seed: u64) -> Result<([u8; 32], ErgoTree), GenesisError> {
    let mut bytes = format!("ergo-devnet/{purpose}/").into_bytes();
    bytes.extend(seed.to_be_bytes());
    let key = blake2b256_hash(&bytes).0;
    let secret = SecretKey::dlog_from_bytes(&key).ok_or(GenesisError::Key(seed))?;
    Ok((key, secret.get_address_from_public_image().script()?))
}

impl Faucet {
    pub(crate) fn new(seed: u64) -> Result<Self, GenesisError> {
        let (key, tree) = secret("faucet", seed)?;
        let (oracle_key, oracle_tree) = secret("oracle", seed)?;
        Ok(Self {
            script: script_key(&tree)?,
            key,
            tree,
            oracle_script: script_key(&oracle_tree)?,
            oracle_key,
            oracle_tree,
        })
    }

    /// The box that holds the supply before the first block.
    pub(crate) fn genesis_box(&self) -> Result<BoxData, GenesisError> {
        let ergo_box = ErgoBox::new(
            BoxValue::new(SUPPLY)?,
            self.tree.clone(),
            None,
            NonMandatoryRegisters::empty(),
            0,
            TxId::zero(),
            0,
        )?;
        Ok(BoxData::genesis(ergo_box)?)
    }

    /// A signed transaction whose first output pays `value` nanoErg to `to` out of `reserve`.
    pub(crate) fn pay(
        &self,
        to: &ErgoTree,
        value: u64,
        reserve: &BoxData,
        context: &ErgoStateContext,
    ) -> Result<Transaction, FundError> {
        let asked = value.saturating_add(MIN_FEE);
        let dry = FundError::Dry {
            asked,
            available: reserve.value,
        };
        let change = reserve.value.checked_sub(asked).ok_or(dry)?;
        let reserve = reserve.parse()?;
        let fee_tree = MINERS_FEE_ADDRESS.script()?;
        let height = context.pre_header.height;
        let outputs = [(value, to), (change, &self.tree), (MIN_FEE, &fee_tree)]
            .into_iter()
            .map(|(value, tree)| plain(value, tree, height))
            .collect::<Result<Vec<_>, BoxValueError>>()?;
        self.sign(vec![reserve], outputs, context)
    }

    /// A signed transaction whose first output is the box of an oracle pool that says `rate`: of the pool whose box is
    /// `pool`, or of a new one.
    pub(crate) fn publish(
        &self,
        rate: i64,
        pool: Option<&BoxData>,
        reserve: &BoxData,
        context: &ErgoStateContext,
    ) -> Result<Transaction, FundError> {
        let height = context.pre_header.height;
        let reserve = reserve.parse()?;
        let pool = pool.map(BoxData::parse).transpose()?;
        let (nft, epoch) = match &pool {
            Some(pool) => {
                let first = pool.tokens.as_ref().map(|tokens| tokens.first().token_id);
                let nft = first.ok_or(FundError::NoPool)?;
                let id = NonMandatoryRegisterId::R5;
                let before = pool.additional_registers.get_constant(id);
                let before: i32 = before
                    .ok()
                    .flatten()
                    .and_then(|constant| constant.try_extract_into().ok())
                    .ok_or(FundError::NoPool)?;
                let passed = height.saturating_sub(pool.creation_height) / ORACLE_EPOCH;
                let more = i32::try_from(passed.max(1)).unwrap_or(i32::MAX);
                (nft, before.saturating_add(more))
            }
            None => (
                reserve.box_id().into(),
                i32::try_from(height / ORACLE_EPOCH).unwrap_or(i32::MAX),
            ),
        };
        let value = pool.as_ref().map_or(ORACLE_VALUE, |p| *p.value.as_u64());
        let held = *reserve.value.as_u64() + pool.as_ref().map_or(0, |p| *p.value.as_u64());
        let asked = value + MIN_FEE;
        let dry = FundError::Dry {
            asked,
            available: held,
        };
        let change = held.checked_sub(asked).ok_or(dry)?;
        let token = Token {
            token_id: nft,
            amount: TokenAmount::try_from(1).map_err(pool_box)?,
        };
        let registers = vec![Constant::from(rate), Constant::from(epoch)];
        let published = ErgoBoxCandidate {
            tokens: Some(BoxTokens::from_vec(vec![token]).map_err(pool_box)?),
            additional_registers: NonMandatoryRegisters::try_from(registers).map_err(pool_box)?,
            ..plain(value, &self.oracle_tree, height)?
        };
        let outputs = vec![
            published,
            plain(change, &self.tree, height)?,
            plain(MIN_FEE, &MINERS_FEE_ADDRESS.script()?, height)?,
        ];
        let inputs = pool.into_iter().chain([reserve]).collect();
        self.sign(inputs, outputs, context)
    }

    fn sign(
        &self,
        inputs: Vec<ErgoBox>,
        outputs: Vec<ErgoBoxCandidate>,
        context: &ErgoStateContext,
    ) -> Result<Transaction, FundError> {
        let spent = inputs
            .iter()
            .map(|b| UnsignedInput::new(b.box_id(), ContextExtension::empty()))
            .collect();
        let unsigned = UnsignedTransaction::new_from_vec(spent, vec![], outputs)?;
        let tx_context = TransactionContext::new(unsigned, inputs, vec![])?;
        // A wallet is not `Send`, so it is made for each signature.
        let keys = [&self.key, &self.oracle_key].into_iter();
        let secrets = keys.filter_map(SecretKey::dlog_from_bytes).collect();
        Ok(Wallet::from_secrets(secrets).sign_transaction(tx_context, context, None)?)
    }
}

fn pool_box(error: impl std::fmt::Display) -> FundError {
    FundError::PoolBox(error.to_string())
}

/// A box with nothing but ERG.
fn plain(value: u64, tree: &ErgoTree, height: u32) -> Result<ErgoBoxCandidate, BoxValueError> {
    Ok(ErgoBoxCandidate {
        value: BoxValue::new(value)?,
        ergo_tree: tree.clone(),
        tokens: None,
        additional_registers: NonMandatoryRegisters::empty(),
        creation_height: height,
    })
}
