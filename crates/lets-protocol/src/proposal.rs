//! A transaction before anybody has signed it: laid out, balanced, and ready to be shown.

use crate::boxes::{Lets, MakeBoxError};
use crate::units::{Height, NanoErg};
use ergo_lib::chain::transaction::unsigned::UnsignedTransaction;
use ergo_lib::chain::transaction::{DataInput, TxId, UnsignedInput};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::{
    BoxTokens, ErgoBox, ErgoBoxCandidate, NonMandatoryRegisters,
};
use ergo_lib::ergotree_ir::chain::token::{Token, TokenAmount, TokenId};
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::wallet::miner_fee::MINERS_FEE_ADDRESS;
use ergo_lib::wallet::tx_context::TransactionContext;

/// What a transaction does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TxKind {
    /// Founding: mints one of the first three tokens.
    Mint,
    /// Founding: mints the units and makes charter and pot.
    Found,
    /// An applicant sets ERG aside for his account.
    Apply,
    /// An applicant takes it back.
    WithdrawApplication,
    /// The committee opens an account for an application.
    Admit,
    /// The committee sets an account's terms.
    SetTerms,
    /// A member pays: directly, by notes, one or many.
    Pay,
    /// A member takes in notes that were paid to him.
    Claim,
    /// A payer takes back notes that nobody claimed in time.
    Refund,
    /// The community's account takes in notes that nobody wanted.
    Absorb,
    /// Several members pay each other at once.
    Settle,
    /// An owner changes his settings or his key.
    SetAccount,
    /// The community's account takes over a member's debt.
    WriteOff,
    /// A member pays what he owed before there was this LETS.
    OpeningBalance,
    /// A member closes his account.
    Exit,
    /// The committee announces a change of the charter.
    Announce,
    /// Anybody puts an announced change into force.
    Enact,
    /// The committee withdraws an announced change.
    Cancel,
    /// The committee closes an account at 0.
    Expel,
    /// The committee puts an heir's key beside an account's.
    StartRecovery,
    /// Anybody hands an account to its heir after the delay.
    CompleteRecovery,
    /// Anybody renews an old box.
    Refresh,
    /// Anybody joins an open LETS by himself.
    Join,
    /// A member of an open LETS changes his collateral and his line.
    Adjust,
    /// A member of an open LETS buys units with ERG, or gives units back for ERG.
    Exchange,
    /// Anybody calls a debt whose collateral is too little, or freezes an account while the oracle is dead.
    Call,
    /// A member pays a called debt and takes collateral for it.
    Liquidate,
}

impl TxKind {
    /// Its name in results and documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mint => "mint",
            Self::Found => "found",
            Self::Apply => "apply",
            Self::WithdrawApplication => "withdraw_application",
            Self::Admit => "admit",
            Self::SetTerms => "set_terms",
            Self::Pay => "pay",
            Self::Claim => "claim",
            Self::Refund => "refund",
            Self::Absorb => "absorb",
            Self::Settle => "settle",
            Self::SetAccount => "set_account",
            Self::WriteOff => "write_off",
            Self::OpeningBalance => "opening_balance",
            Self::Exit => "exit",
            Self::Announce => "announce",
            Self::Enact => "enact",
            Self::Cancel => "cancel",
            Self::Expel => "expel",
            Self::StartRecovery => "start_recovery",
            Self::CompleteRecovery => "complete_recovery",
            Self::Refresh => "refresh",
            Self::Join => "join",
            Self::Adjust => "adjust",
            Self::Exchange => "exchange",
            Self::Call => "call",
            Self::Liquidate => "liquidate",
        }
    }
}

/// What every transaction needs to know of the chain and its fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TxParams {
    /// Height of the last block; outputs are created at it.
    pub height: Height,
    /// The miner fee; nodes accept no less than [`NanoErg::MIN_FEE`].
    pub fee: NanoErg,
}

/// Boxes of the spender's own wallet that may pay for a transaction, and where the rest goes back to.
#[derive(Debug, Clone)]
pub struct Funding {
    /// Boxes that he can sign for.
    pub boxes: Vec<ErgoBox>,
    /// The script that receives the change.
    pub change: ErgoTree,
}

/// A transaction cannot be laid out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The boxes at hand hold too little ERG.
    #[error(
        "not enough ERG: {needed} more needed (fee {fee} included), and the wallet has {available} to spend"
    )]
    NotEnoughErg {
        /// What is missing before the wallet's boxes.
        needed: NanoErg,
        /// The fee.
        fee: NanoErg,
        /// What the wallet's boxes hold together.
        available: NanoErg,
    },
    /// An output would hold less ERG than the protocol asks of a box of its size.
    #[error("output {index} would hold {value}, and a box of its size must hold at least {least}")]
    Dust {
        /// Which output, from 0.
        index: usize,
        /// What it would hold.
        value: NanoErg,
        /// The least.
        least: NanoErg,
    },
    /// The transaction would be larger than nodes take.
    #[error("the transaction would have {bytes} bytes, and nodes take at most {most}")]
    TooLarge {
        /// Its size, signed.
        bytes: usize,
        /// The most.
        most: usize,
    },
    /// A box cannot be made.
    #[error(transparent)]
    Box(#[from] MakeBoxError),
    /// ergo-lib refuses the transaction.
    #[error("cannot build the transaction: {0}")]
    Transaction(String),
}

/// nanoErg that a box must hold per byte of its size (mainnet).
const MIN_VALUE_PER_BYTE: u64 = 360;

/// A transaction that is complete but for its signatures.
#[derive(Debug, Clone)]
pub struct Proposal {
    kind: TxKind,
    inputs: Vec<ErgoBox>,
    data_inputs: Vec<ErgoBox>,
    tx: UnsignedTransaction,
    outputs: Vec<ErgoBox>,
    sizes: Vec<usize>,
    fee: NanoErg,
}

impl Proposal {
    /// What it does.
    pub fn kind(&self) -> TxKind {
        self.kind
    }

    /// The transaction's id, which signatures do not change.
    pub fn tx_id(&self) -> TxId {
        self.tx.id()
    }

    /// The boxes that it spends, in order.
    pub fn inputs(&self) -> &[ErgoBox] {
        &self.inputs
    }

    /// The boxes that it reads, in order.
    pub fn data_inputs(&self) -> &[ErgoBox] {
        &self.data_inputs
    }

    /// The boxes that it makes, in order, as they will stand on the chain.
    pub fn outputs(&self) -> &[ErgoBox] {
        &self.outputs
    }

    /// The miner fee.
    pub fn fee(&self) -> NanoErg {
        self.fee
    }

    /// The unsigned transaction. Its outputs have their scripts as bytes: [`Proposal::outputs`] has them parsed.
    pub fn unsigned(&self) -> &UnsignedTransaction {
        &self.tx
    }

    /// The unsigned transaction with the boxes it names, as signers take it.
    ///
    /// # Errors
    /// [`BuildError::Transaction`] if ergo-lib refuses it.
    pub fn context(&self) -> Result<TransactionContext<UnsignedTransaction>, BuildError> {
        TransactionContext::new(
            self.tx.clone(),
            self.inputs.clone(),
            self.data_inputs.clone(),
        )
        .map_err(|e| BuildError::Transaction(e.to_string()))
    }

    /// The size in bytes of the output of this number; 0 if there is none.
    pub(crate) fn size(&self, index: usize) -> usize {
        self.sizes.get(index).copied().unwrap_or_default()
    }

    /// The output of this number.
    ///
    /// # Errors
    /// [`BuildError::Transaction`] if there are fewer outputs.
    pub(crate) fn output(&self, index: usize) -> Result<&ErgoBox, BuildError> {
        self.outputs
            .get(index)
            .ok_or_else(|| BuildError::Transaction(format!("there is no output {index}")))
    }
}

/// Context variable of the first input that holds the memos of direct payments, one for each output after the first. One
/// variable only: Ergo's implementations disagree on the order of many.
pub const MEMO_VARIABLE: u8 = 1;

/// The most bytes that a node takes in one transaction.
pub const MAX_TX_BYTES: usize = 98_304;

/// Boxes that were only looked at have their scripts as bytes: one that is spent is to be run.
fn parse_script(input: &mut ErgoBox) {
    if let ErgoTree::Unparsed { tree_bytes, .. } = &input.ergo_tree
        && let Ok(parsed) = ErgoTree::sigma_parse_bytes(tree_bytes)
    {
        input.ergo_tree = parsed;
    }
}

/// A transaction in the making: the boxes whose places the scripts fix. [`Draft::finish`] adds the wallet's inputs after
/// them, then change and fee.
pub(crate) struct Draft<'a> {
    /// Whose contracts may stand in the outputs; only a matter of speed.
    pub(crate) lets: Option<&'a Lets>,
    pub(crate) kind: TxKind,
    pub(crate) inputs: Vec<ErgoBox>,
    pub(crate) data_inputs: Vec<ErgoBox>,
    pub(crate) outputs: Vec<ErgoBoxCandidate>,
    pub(crate) burn: Vec<TokenId>,
    /// Memos of the outputs after the first; none at all is no variable.
    pub(crate) memos: Vec<Vec<u8>>,
}

impl Draft<'_> {
    /// A transaction of this kind with nothing in it.
    pub(crate) fn of(kind: TxKind) -> Self {
        Self {
            lets: None,
            kind,
            inputs: Vec::new(),
            data_inputs: Vec::new(),
            outputs: Vec::new(),
            burn: Vec::new(),
            memos: Vec::new(),
        }
    }

    pub(crate) fn finish(
        self,
        params: TxParams,
        funding: Option<&Funding>,
    ) -> Result<Proposal, BuildError> {
        let Draft {
            lets,
            kind,
            mut inputs,
            data_inputs,
            mut outputs,
            burn,
            memos,
        } = self;
        let spent: u64 = outputs
            .iter()
            .map(|o| *o.value.as_u64())
            .sum::<u64>()
            .saturating_add(params.fee.0);
        let held = |inputs: &[ErgoBox]| inputs.iter().map(|i| *i.value.as_u64()).sum::<u64>();
        inputs.iter_mut().for_each(parse_script);
        let own = held(&inputs);
        let mut wallet = funding.map(|f| f.boxes.clone()).unwrap_or_default();
        wallet.retain(|b| !inputs.iter().any(|i| i.box_id() == b.box_id()));
        // Fewest inputs first; boxes without tokens before boxes with, so that change carries no needless tokens.
        wallet.sort_by_key(|b| (b.tokens.is_some(), std::cmp::Reverse(*b.value.as_u64())));
        let available = held(&wallet);
        let mut wallet = wallet.into_iter();
        let change = loop {
            let have = held(&inputs);
            if let Some(surplus) = have.checked_sub(spent) {
                let tokens = left_over(&inputs, &outputs, &burn)?;
                if surplus == 0 && tokens.is_empty() {
                    break None;
                }
                if let Some(funding) = funding {
                    let change = change_box(&funding.change, surplus, tokens, params.height);
                    if let Some(change) = change.filter(|c| covers(c, surplus)) {
                        break Some(change);
                    }
                }
            }
            match wallet.next() {
                Some(next) => inputs.push(next),
                None => {
                    return Err(BuildError::NotEnoughErg {
                        needed: NanoErg(spent.saturating_sub(own)),
                        fee: params.fee,
                        available: NanoErg(available),
                    });
                }
            }
        };
        outputs.extend(change);
        outputs.push(fee_box(params)?);
        // The protocol lets no output be older than an input, and another's wallet may have seen a block more.
        let youngest = inputs.iter().map(|b| b.creation_height).max();
        for output in &mut outputs {
            output.creation_height = output.creation_height.max(youngest.unwrap_or_default());
        }
        let light = kept_as_bytes(&outputs, lets)?;
        let mut unsigned_inputs: Vec<UnsignedInput> = inputs
            .iter()
            .map(|b| UnsignedInput::new(b.box_id(), ContextExtension::empty()))
            .collect();
        if let Some(first) = unsigned_inputs.first_mut().filter(|_| !memos.is_empty()) {
            let memos = Constant::from(memos);
            first.extension.values.insert(MEMO_VARIABLE, memos);
        }
        let read = data_inputs
            .iter()
            .map(|b| DataInput::from(b.box_id()))
            .collect();
        let tx = UnsignedTransaction::new_from_vec(unsigned_inputs, read, light.clone())
            .map_err(|e| BuildError::Transaction(e.to_string()))?;
        let id = tx.id();
        let mut made = Vec::with_capacity(outputs.len());
        let mut sizes = Vec::with_capacity(outputs.len());
        for (index, (candidate, light)) in outputs.into_iter().zip(&light).enumerate() {
            let (mut ergo_box, size) = sized(light, id, index)?;
            let (value, least) = (NanoErg::from(light.value), NanoErg(least_value(size)));
            if value < least {
                return Err(BuildError::Dust {
                    index,
                    value,
                    least,
                });
            }
            ergo_box.ergo_tree = candidate.ergo_tree;
            made.push(ergo_box);
            sizes.push(size);
        }
        Ok(Proposal {
            kind,
            inputs,
            data_inputs,
            tx,
            outputs: made,
            sizes,
            fee: params.fee,
        })
    }
}

/// The outputs with their scripts as bytes. ergo-lib serializes a parsed script anew whenever it needs its bytes, which is
/// a dozen times for each output between building and signing, and most of the time that both would take.
fn kept_as_bytes(
    outputs: &[ErgoBoxCandidate],
    lets: Option<&Lets>,
) -> Result<Vec<ErgoBoxCandidate>, BuildError> {
    let contracts = lets
        .map(|lets| lets.contracts().all())
        .into_iter()
        .flatten();
    let mut known: Vec<(&ErgoTree, ErgoTree)> =
        contracts.map(|c| (c.tree(), c.tree_as_bytes())).collect();
    let mut light = Vec::with_capacity(outputs.len());
    for output in outputs {
        let tree = match known.iter().find(|(tree, _)| *tree == &output.ergo_tree) {
            Some((_, tree)) => tree.clone(),
            None => {
                let tree_bytes = output
                    .ergo_tree
                    .sigma_serialize_bytes()
                    .map_err(|e| BuildError::Transaction(e.to_string()))?;
                let tree = lets_contracts::unparsed(tree_bytes);
                known.push((&output.ergo_tree, tree.clone()));
                tree
            }
        };
        light.push(ErgoBoxCandidate {
            value: output.value,
            ergo_tree: tree,
            tokens: output.tokens.clone(),
            additional_registers: output.additional_registers.clone(),
            creation_height: output.creation_height,
        });
    }
    Ok(light)
}

/// Tokens of the inputs that stand in no output and are not to be burnt: they go into the change.
fn left_over(
    inputs: &[ErgoBox],
    outputs: &[ErgoBoxCandidate],
    burn: &[TokenId],
) -> Result<Vec<Token>, BuildError> {
    // In the order in which the inputs hold them, so that the same boxes always make the same transaction.
    let mut left: Vec<(TokenId, i128)> = Vec::new();
    for token in inputs.iter().flat_map(|b| b.tokens.iter().flatten()) {
        let amount = i128::from(*token.amount.as_u64());
        match left.iter_mut().find(|(id, _)| *id == token.token_id) {
            Some((_, sum)) => *sum += amount,
            None => left.push((token.token_id, amount)),
        }
    }
    for token in outputs.iter().flat_map(|b| b.tokens.iter().flatten()) {
        if let Some((_, sum)) = left.iter_mut().find(|(id, _)| *id == token.token_id) {
            *sum -= i128::from(*token.amount.as_u64());
        }
    }
    left.into_iter()
        .filter(|(id, amount)| *amount > 0 && !burn.contains(id))
        .map(|(token_id, amount)| {
            let amount = u64::try_from(amount)
                .ok()
                .and_then(|n| TokenAmount::try_from(n).ok())
                .ok_or_else(|| {
                    BuildError::Transaction(format!("{amount} of token {}", String::from(token_id)))
                })?;
            Ok(Token { token_id, amount })
        })
        .collect()
}

fn change_box(
    tree: &ErgoTree,
    value: u64,
    tokens: Vec<Token>,
    created: Height,
) -> Option<ErgoBoxCandidate> {
    Some(ErgoBoxCandidate {
        value: NanoErg(value).to_box_value().ok()?,
        ergo_tree: tree.clone(),
        tokens: BoxTokens::from_vec(tokens).ok(),
        additional_registers: NonMandatoryRegisters::empty(),
        creation_height: created.0,
    })
}

/// The box of the miner's fee.
pub(crate) fn fee_box(params: TxParams) -> Result<ErgoBoxCandidate, BuildError> {
    let fault = |e: &dyn std::fmt::Display| BuildError::Transaction(e.to_string());
    Ok(ErgoBoxCandidate {
        value: params.fee.to_box_value().map_err(|e| fault(&e))?,
        ergo_tree: MINERS_FEE_ADDRESS.script().map_err(|e| fault(&e))?,
        tokens: None,
        additional_registers: NonMandatoryRegisters::empty(),
        creation_height: params.height.0,
    })
}

/// Is this much ERG enough for the box, wherever it stands among the outputs? The largest place makes it longest.
fn covers(candidate: &ErgoBoxCandidate, value: u64) -> bool {
    let place = usize::from(u16::MAX);
    sized(candidate, TxId::zero(), place).is_ok_and(|(_, size)| value >= least_value(size))
}

/// The box that the candidate becomes as output `index` of the transaction `id`, and its size in bytes.
fn sized(
    candidate: &ErgoBoxCandidate,
    id: TxId,
    index: usize,
) -> Result<(ErgoBox, usize), BuildError> {
    let fault = |e: &dyn std::fmt::Display| BuildError::Transaction(e.to_string());
    let place = u16::try_from(index).map_err(|e| fault(&e))?;
    let ergo_box = ErgoBox::from_box_candidate(candidate, id, place).map_err(|e| fault(&e))?;
    let size = ergo_box
        .sigma_serialize_bytes()
        .map_err(|e| fault(&e))?
        .len();
    Ok((ergo_box, size))
}

/// The nanoErg that the protocol asks of a box of this size.
fn least_value(size: usize) -> u64 {
    u64::try_from(size)
        .unwrap_or(u64::MAX)
        .saturating_mul(MIN_VALUE_PER_BYTE)
}
