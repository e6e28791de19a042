//! The boxes of a LETS: each is parsed once, by one function that can fail; after that its getters cannot.
//! Their scripts stay bytes ([`lets_contracts::Contract::tree`]) until a transaction is signed ([`runnable`]).

pub(crate) mod account;
pub(crate) mod application;
pub(crate) mod charter;
pub(crate) mod common_pot;
pub(crate) mod note;
pub(crate) mod open_pot;
pub(crate) mod oracle;
pub(crate) mod plain;
pub(crate) mod policy;
pub(crate) mod pot;

use crate::units::Height;
use ergo_lib::ergo_chain_types::{Digest, Digest32};
use ergo_lib::ergotree_ir::chain::ergo_box::{
    BoxTokens, ErgoBox, ErgoBoxCandidate, NonMandatoryRegisterId, NonMandatoryRegisters,
};
use ergo_lib::ergotree_ir::chain::token::{Token, TokenAmount, TokenId};
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::mir::constant::{Constant, Literal, TryExtractFrom, TryExtractInto};
use lets_contracts::{ArtifactError, Contract, LetsContracts, LetsIds, OracleNft, PotPolicy};
use std::fmt;
use std::str::FromStr;

/// One LETS: its tokens and the scripts made for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lets {
    ids: LetsIds,
    contracts: LetsContracts,
    oracle: Option<OracleNft>,
}

impl Lets {
    /// The LETS with these tokens.
    ///
    /// # Errors
    /// [`ArtifactError`] if an embedded script is damaged.
    pub fn new(ids: LetsIds) -> Result<Self, ArtifactError> {
        Ok(Self {
            ids,
            contracts: LetsContracts::new(&ids)?,
            oracle: None,
        })
    }

    /// The LETS with these tokens that anybody joins by himself, under the rate of this oracle.
    ///
    /// # Errors
    /// [`ArtifactError`] if an embedded script is damaged.
    pub fn open(ids: LetsIds, oracle: OracleNft) -> Result<Self, ArtifactError> {
        Ok(Self {
            ids,
            contracts: LetsContracts::under(PotPolicy::Open(oracle), &ids)?,
            oracle: Some(oracle),
        })
    }

    /// The oracle pool whose rate its pot reads; `None` if it has a committee.
    pub fn oracle(&self) -> Option<OracleNft> {
        self.oracle
    }

    /// Its tokens.
    pub fn ids(&self) -> &LetsIds {
        &self.ids
    }

    /// Its tokens' ids: charter NFT, pot NFT, membership token, unit.
    pub fn tokens(&self) -> [TokenId; 4] {
        let ids = &self.ids;
        [
            ids.charter_nft.into(),
            ids.pot_nft.into(),
            ids.membership.into(),
            ids.unit.into(),
        ]
    }

    /// Its scripts.
    pub fn contracts(&self) -> &LetsContracts {
        &self.contracts
    }

    pub(crate) fn unit(&self) -> TokenId {
        self.ids.unit.into()
    }

    /// Credit units in any box, wherever they stand among its tokens.
    pub fn units_in(&self, ergo_box: &ErgoBox) -> i64 {
        amount_of(ergo_box, self.unit())
    }
}

/// An account's number: the id of its account token, of which there is one in the world.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountNumber([u8; 32]);

impl AccountNumber {
    /// The 32 bytes of the token id.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The token id.
    pub fn token_id(&self) -> TokenId {
        TokenId::from(Digest(self.0))
    }
}

impl From<TokenId> for AccountNumber {
    fn from(id: TokenId) -> Self {
        Self(Digest32::from(id).0)
    }
}

impl fmt::Display for AccountNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for AccountNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountNumber({self})")
    }
}

impl FromStr for AccountNumber {
    type Err = lets_contracts::ParseIdError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)
            .map_err(|_| lets_contracts::ParseIdError(text.to_owned()))?;
        Ok(Self(bytes))
    }
}

impl serde::Serialize for AccountNumber {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for AccountNumber {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A box is not what it was taken for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("box {box_id} is no {kind} of this LETS: {field}: {found}")]
pub struct ParseBoxError {
    /// What it was taken for: account, note, pot, charter or application.
    pub kind: &'static str,
    /// The box.
    pub box_id: String,
    /// The register, token or script that is wrong.
    pub field: &'static str,
    /// What stands there.
    pub found: String,
}

/// Reads the parts of one box; every fault names the box, the kind and the field.
pub(crate) struct Reader<'a> {
    pub(crate) ergo_box: &'a ErgoBox,
    contract: &'a Contract,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(
        ergo_box: &'a ErgoBox,
        contract: &'a Contract,
    ) -> Result<Self, ParseBoxError> {
        let reader = Self { ergo_box, contract };
        if !contract.is(&ergo_box.ergo_tree) {
            return Err(reader.fault("script", "another script"));
        }
        Ok(reader)
    }

    /// The box, its script as bytes however it was given.
    pub(crate) fn kept(&self) -> ErgoBox {
        let mut kept = self.ergo_box.clone();
        kept.ergo_tree = self.contract.tree().clone();
        kept
    }

    pub(crate) fn fault(&self, field: &'static str, found: impl fmt::Display) -> ParseBoxError {
        ParseBoxError {
            kind: self.contract.name(),
            box_id: self.ergo_box.box_id().to_string(),
            field,
            found: found.to_string(),
        }
    }

    pub(crate) fn tokens(&self) -> Vec<Token> {
        self.ergo_box.tokens.iter().flatten().cloned().collect()
    }

    /// The register's value; a fault if it is absent or of another type.
    pub(crate) fn register<T: TryExtractFrom<Literal>>(
        &self,
        id: NonMandatoryRegisterId,
        field: &'static str,
    ) -> Result<T, ParseBoxError> {
        self.optional(id, field)?
            .ok_or_else(|| self.fault(field, "absent"))
    }

    /// The register's value if it is there; a fault if it is of another type.
    pub(crate) fn optional<T: TryExtractFrom<Literal>>(
        &self,
        id: NonMandatoryRegisterId,
        field: &'static str,
    ) -> Result<Option<T>, ParseBoxError> {
        match self.ergo_box.additional_registers.get_constant(id) {
            Ok(None) => Ok(None),
            Ok(Some(constant)) => {
                let tpe = constant.tpe.clone();
                constant
                    .try_extract_into::<T>()
                    .map(Some)
                    .map_err(|_| self.fault(field, format!("a value of type {tpe:?}")))
            }
            Err(e) => Err(self.fault(field, e)),
        }
    }

    pub(crate) fn absent(
        &self,
        id: NonMandatoryRegisterId,
        field: &'static str,
    ) -> Result<(), ParseBoxError> {
        match self.ergo_box.additional_registers.get_constant(id) {
            Ok(None) => Ok(()),
            _ => Err(self.fault(field, "a register that must be absent")),
        }
    }
}

/// The boxes with their scripts parsed, as ergo-lib runs them, where these are ours. Another's script stays as it is.
pub fn runnable(boxes: &[ErgoBox]) -> Vec<ErgoBox> {
    let mut parsed = boxes.to_vec();
    for ergo_box in &mut parsed {
        if let Some(script) = lets_contracts::runnable(&ergo_box.ergo_tree) {
            ergo_box.ergo_tree = script;
        }
    }
    parsed
}

/// The sum of the amounts of one token in a box: the same id may stand there more than once.
pub(crate) fn amount_of(ergo_box: &ErgoBox, id: TokenId) -> i64 {
    ergo_box
        .tokens
        .iter()
        .flatten()
        .filter(|t| t.token_id == id)
        .fold(0, |sum: i64, t| {
            sum.saturating_add_unsigned(*t.amount.as_u64())
        })
}

/// A box to be made cannot be made so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot make the {kind} box: {reason}")]
pub struct MakeBoxError {
    pub(crate) kind: &'static str,
    pub(crate) reason: String,
}

/// The parts of a box to be made. Tokens of amount 0 are left out: a box cannot hold none of a token.
pub(crate) struct NewBox<'a> {
    pub(crate) kind: &'static str,
    pub(crate) value: crate::NanoErg,
    pub(crate) tree: &'a ErgoTree,
    pub(crate) tokens: Vec<(TokenId, i64)>,
    pub(crate) registers: Vec<Constant>,
    pub(crate) created: Height,
}

impl NewBox<'_> {
    pub(crate) fn candidate(self) -> Result<ErgoBoxCandidate, MakeBoxError> {
        let kind = self.kind;
        let fault = |e: &dyn fmt::Display| MakeBoxError {
            kind,
            reason: e.to_string(),
        };
        let mut tokens = Vec::new();
        for (token_id, amount) in self.tokens.into_iter().filter(|(_, amount)| *amount != 0) {
            let amount = u64::try_from(amount)
                .map_err(|e| fault(&e))
                .and_then(|n| TokenAmount::try_from(n).map_err(|e| fault(&e)))?;
            tokens.push(Token { token_id, amount });
        }
        let tokens = match tokens.is_empty() {
            true => None,
            false => Some(BoxTokens::from_vec(tokens).map_err(|e| fault(&e))?),
        };
        Ok(ErgoBoxCandidate {
            value: self.value.to_box_value().map_err(|e| fault(&e))?,
            ergo_tree: self.tree.clone(),
            tokens,
            additional_registers: NonMandatoryRegisters::try_from(self.registers)
                .map_err(|e| fault(&e))?,
            creation_height: self.created.0,
        })
    }
}
