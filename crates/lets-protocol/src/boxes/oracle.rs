//! The box in which an oracle pool publishes its rate, in the format of the live pools on Ergo: data to this LETS, and
//! under a script of the pool's own.

use super::ParseBoxError;
use crate::units::Height;
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, NonMandatoryRegisterId};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::mir::constant::{Literal, TryExtractFrom, TryExtractInto};
use lets_contracts::OracleNft;

/// An oracle pool's box whose every part that a LETS reads has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OracleBox {
    ergo_box: ErgoBox,
    rate: i64,
    epoch: i32,
}

impl OracleBox {
    /// Reads the box of the pool with this NFT.
    ///
    /// # Errors
    /// [`ParseBoxError`] naming what a pool's box cannot have: another first token, a rate (R4) that is no Long, an epoch
    /// (R5) that is no Int.
    pub fn parse(nft: OracleNft, ergo_box: &ErgoBox) -> Result<Self, ParseBoxError> {
        let fault = |field, found: String| ParseBoxError {
            kind: "oracle",
            box_id: ergo_box.box_id().to_string(),
            field,
            found,
        };
        let first = ergo_box.tokens.as_ref().map(|tokens| tokens.first());
        match first {
            Some(t) if t.token_id == TokenId::from(nft) && *t.amount.as_u64() == 1 => {}
            Some(t) => {
                let found = format!("{} of {}", t.amount.as_u64(), String::from(t.token_id));
                return Err(fault("first token", found));
            }
            None => return Err(fault("first token", "no tokens".to_owned())),
        }
        fn register<T: TryExtractFrom<Literal>>(
            ergo_box: &ErgoBox,
            id: NonMandatoryRegisterId,
        ) -> Option<T> {
            let constant = ergo_box.additional_registers.get_constant(id).ok()??;
            constant.try_extract_into().ok()
        }
        let absent = || "absent, or of another type".to_owned();
        Ok(Self {
            rate: register(ergo_box, NonMandatoryRegisterId::R4)
                .ok_or_else(|| fault("rate (R4)", absent()))?,
            epoch: register(ergo_box, NonMandatoryRegisterId::R5)
                .ok_or_else(|| fault("epoch (R5)", absent()))?,
            ergo_box: ergo_box.clone(),
        })
    }

    /// The box itself.
    pub fn ergo_box(&self) -> &ErgoBox {
        &self.ergo_box
    }

    /// nanoErg per quantity (a dollar, say), as the pool has it: any number, of which a policy takes only those in its range.
    pub fn rate(&self) -> i64 {
        self.rate
    }

    /// How many times the pool has published.
    pub fn epoch(&self) -> i64 {
        i64::from(self.epoch)
    }

    /// When the box was made.
    pub fn created(&self) -> Height {
        Height(self.ergo_box.creation_height)
    }
}
