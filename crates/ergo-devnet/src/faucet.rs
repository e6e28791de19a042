//! Where test ERG comes from: the genesis box holds the whole supply, and the faucet pays from it with ordinary,
//! signed, judged transactions, so nothing is ever made from nothing.

use ergo_lib::chain::ergo_state_context::ErgoStateContext;
use ergo_lib::chain::transaction::unsigned::UnsignedTransaction;
use ergo_lib::chain::transaction::{Transaction, UnsignedInput};
use ergo_lib::ergo_chain_types::blake2b256_hash;
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::box_value::{BoxValue, BoxValueError};
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate, NonMandatoryRegisters};
use ergo_lib::ergotree_ir::chain::tx_id::TxId;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::wallet::Wallet;
use ergo_lib::wallet::miner_fee::MINERS_FEE_ADDRESS;
use ergo_lib::wallet::secret_key::SecretKey;
use ergo_lib::wallet::tx_context::TransactionContext;

use crate::judge::MIN_FEE;
use crate::outcome::{FundError, GenesisError};
use crate::prepared::{BoxData, ScriptKey, script_key};

/// Supply of the chain in nanoErg: all the ERG there will ever be on mainnet.
pub const SUPPLY: u64 = 97_739_924_000_000_000;

/// The key to the genesis box.
pub(crate) struct Faucet {
    key: [u8; 32],
    tree: ErgoTree,
    pub(crate) script: ScriptKey,
}

impl Faucet {
    pub(crate) fn new(seed: u64) -> Result<Self, GenesisError> {
        let mut bytes = b"ergo-devnet/faucet/".to_vec();
        bytes.extend(seed.to_be_bytes());
        let key = blake2b256_hash(&bytes).0;
        let secret = SecretKey::dlog_from_bytes(&key).ok_or(GenesisError::Key(seed))?;
        let tree = secret.get_address_from_public_image().script()?;
        Ok(Self {
            script: script_key(&tree)?,
            key,
            tree,
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
        Ok(BoxData::new(&ergo_box)?)
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
            .map(|(value, tree)| {
                Ok(ErgoBoxCandidate {
                    value: BoxValue::new(value)?,
                    ergo_tree: tree.clone(),
                    tokens: None,
                    additional_registers: NonMandatoryRegisters::empty(),
                    creation_height: height,
                })
            })
            .collect::<Result<Vec<_>, BoxValueError>>()?;
        let input = UnsignedInput::new(reserve.box_id(), ContextExtension::empty());
        let unsigned = UnsignedTransaction::new_from_vec(vec![input], vec![], outputs)?;
        let tx_context = TransactionContext::new(unsigned, vec![reserve], vec![])?;
        // A wallet is not `Send`, so it is made for each signature.
        let secrets = SecretKey::dlog_from_bytes(&self.key).into_iter().collect();
        Ok(Wallet::from_secrets(secrets).sign_transaction(tx_context, context, None)?)
    }
}
