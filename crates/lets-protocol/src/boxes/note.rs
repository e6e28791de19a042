//! A payment on its way: `contracts/note.es`.

use super::{AccountNumber, Lets, MakeBoxError, NewBox, ParseBoxError, Reader};
use crate::amount::Amount;
use crate::units::{Blocks, Height, NanoErg};
use ergo_lib::ergo_chain_types::Digest;
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate, NonMandatoryRegisterId};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::{SigmaBoolean, SigmaProp};

/// A note whose every part has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteBox {
    ergo_box: ErgoBox,
    amount: Amount,
    claimant: SigmaProp,
    payer: AccountNumber,
    payee: Option<AccountNumber>,
    asked_expiry: i64,
    spend_on: Vec<i64>,
    memo: Vec<u8>,
}

impl NoteBox {
    /// The shortest life of a note, counted from its creation height.
    pub const MIN_LIFE: Blocks = Blocks(10_080);
    /// ERG that a note is made with: the fee of its claim, so that who owns no other ERG can claim it.
    pub const ERG: NanoErg = NanoErg::MIN_FEE;
    /// The longest memo, sealed, in bytes: with it a note's [`NoteBox::ERG`] is still more than a box of its size must hold,
    /// and a batch of notes stays small.
    pub const MAX_MEMO: usize = 600;
    /// The longest life of a note, counted from its creation height; so long again after it the community may absorb it.
    pub const MAX_LIFE: Blocks = Blocks(262_800);

    /// Reads a note of this LETS.
    ///
    /// # Errors
    /// [`ParseBoxError`] naming the part that no note of this LETS can have.
    pub fn parse(lets: &Lets, ergo_box: &ErgoBox) -> Result<Self, ParseBoxError> {
        let reader = Reader::new(ergo_box, &lets.contracts.note)?;
        let tokens = reader.tokens();
        let [units] = tokens.as_slice() else {
            return Err(reader.fault("tokens", format!("{} kinds, not 1", tokens.len())));
        };
        if units.token_id != lets.unit() {
            return Err(reader.fault("tokens", String::from(units.token_id)));
        }
        let amount = i64::try_from(*units.amount.as_u64())
            .ok()
            .and_then(|n| Amount::new(n).ok())
            .ok_or_else(|| reader.fault("units", units.amount.as_u64()))?;
        let claimant = reader.register(NonMandatoryRegisterId::R4, "claimant (R4)")?;
        let parties: Vec<u8> = reader.register(NonMandatoryRegisterId::R5, "parties (R5)")?;
        let part =
            |from: usize| -> Option<[u8; 32]> { parties.get(from..from + 32)?.try_into().ok() };
        let (Some(payer), Some(hash)) = (part(0), part(32)) else {
            return Err(reader.fault("parties (R5)", format!("{} bytes", parties.len())));
        };
        if &hash != lets.contracts.account.hash().bytes() {
            return Err(reader.fault("account script (R5)", hex::encode(hash)));
        }
        // Fewer bytes than a number name nobody, and the script lets nobody claim.
        if parties.len() > 64 && part(64).is_none() {
            return Err(reader.fault("payee (R5)", format!("{} bytes", parties.len() - 64)));
        }
        let number = |bytes: [u8; 32]| AccountNumber::from(TokenId::from(Digest(bytes)));
        let rules: Vec<i64> = reader.register(NonMandatoryRegisterId::R6, "expiry (R6)")?;
        Ok(Self {
            ergo_box: reader.kept(),
            amount,
            claimant,
            payer: number(payer),
            payee: part(64).map(number),
            asked_expiry: rules.first().copied().unwrap_or(0),
            spend_on: rules.get(1..).unwrap_or_default().to_vec(),
            memo: reader
                .optional(NonMandatoryRegisterId::R7, "memo (R7)")?
                .unwrap_or_default(),
        })
    }

    /// The box itself.
    pub fn ergo_box(&self) -> &ErgoBox {
        &self.ergo_box
    }

    /// Units on their way.
    pub fn amount(&self) -> Amount {
        self.amount
    }

    /// Whether a claim must prove more than its account's owner does: so a paper note is known.
    pub fn is_bearer(&self) -> bool {
        self.claimant.value() != &SigmaBoolean::TrivialProp(true)
    }

    /// What a claim must prove besides; trivially true for a note to a named payee.
    pub fn claimant(&self) -> &SigmaProp {
        &self.claimant
    }

    /// Whose units they were, and whose they are again after the expiry.
    pub fn payer(&self) -> AccountNumber {
        self.payer
    }

    /// The account that may claim; `None` is any account of the LETS.
    pub fn payee(&self) -> Option<AccountNumber> {
        self.payee
    }

    /// Classes of payee that may claim; empty is all.
    pub fn spend_on(&self) -> &[i64] {
        &self.spend_on
    }

    /// What the payer wrote, sealed.
    pub fn memo(&self) -> &[u8] {
        &self.memo
    }

    /// From the block after this height on the payer may take the units back; until he does, the payee may still claim.
    /// It is what the payer asked for, brought between [`NoteBox::MIN_LIFE`] and [`NoteBox::MAX_LIFE`].
    pub fn expiry(&self) -> Height {
        let made = i64::from(self.ergo_box.creation_height);
        let expiry = self
            .asked_expiry
            .min(made + i64::from(Self::MAX_LIFE.0))
            .max(made + i64::from(Self::MIN_LIFE.0));
        Height(u32::try_from(expiry).unwrap_or(u32::MAX))
    }

    /// ERG in the box, which pays for its claim.
    pub fn value(&self) -> NanoErg {
        self.ergo_box.value.into()
    }
}

/// A note to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewNote {
    pub(crate) payer: AccountNumber,
    pub(crate) payee: Option<AccountNumber>,
    pub(crate) claimant: SigmaProp,
    pub(crate) amount: Amount,
    pub(crate) expiry: Height,
    pub(crate) spend_on: Vec<i64>,
    pub(crate) memo: Vec<u8>,
}

impl NewNote {
    pub(crate) fn candidate(
        self,
        lets: &Lets,
        created: Height,
    ) -> Result<ErgoBoxCandidate, MakeBoxError> {
        let mut parties = self.payer.bytes().to_vec();
        parties.extend(lets.contracts.account.hash().bytes());
        parties.extend(self.payee.iter().flat_map(|payee| payee.bytes()));
        let mut rules = vec![self.expiry.as_i64()];
        rules.extend(self.spend_on);
        let mut registers = vec![
            Constant::from(self.claimant),
            Constant::from(parties),
            Constant::from(rules),
        ];
        if !self.memo.is_empty() {
            registers.push(Constant::from(self.memo));
        }
        NewBox {
            kind: "note",
            value: NoteBox::ERG,
            tree: lets.contracts.note.tree(),
            tokens: vec![(lets.unit(), self.amount.units())],
            registers,
            created,
        }
        .candidate()
    }
}
