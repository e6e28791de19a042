//! What must hold of the pot that a founding makes: no later step of an open pot can mend it, and the script does not ask.

use crate::boxes::Lets;
use crate::boxes::open_pot::OpenPotBox;
use crate::boxes::policy::PolicyError;
use crate::units::{Blocks, Height, NanoErg};
use lets_contracts::OracleNft;

/// A first pot under which nobody should join.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FirstPotFault {
    /// A policy that no open LETS can live under, or a first rate that does not suit it.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The policy counts other units than the pot of the founding holds: shares of the reserve would be wrong.
    #[error("the policy counts {counted} units, and the founding put {held} into the pot")]
    Supply {
        /// As the policy says.
        counted: i64,
        /// In the pot.
        held: i64,
    },
    /// Not one whole credit could ever be given.
    #[error("{minted} units were minted: one member alone may get {credit}")]
    TooFew {
        /// Units in the pot.
        minted: i64,
        /// The policy's credit.
        credit: i64,
    },
    /// The policy says of other ERG that it is no reserve.
    #[error("the policy counts {counted} as the pot's own, and the founding put {held} into it")]
    OwnErg {
        /// As the policy says.
        counted: NanoErg,
        /// In the pot.
        held: NanoErg,
    },
    /// The oracle's box in the pot's memory is younger than the pot, or was too old for a price: the time in which no box
    /// of the pool can have become storage rent is reckoned from it.
    #[error(
        "the pot remembers an oracle's box of height {seen}, and was made at {made}: it must be of the {oldest} before that"
    )]
    Seen {
        /// The height in the pot's memory.
        seen: i64,
        /// When the pot was made.
        made: Height,
        /// The oldest age of an oracle's box.
        oldest: Blocks,
    },
    /// The oracle's NFT is a token of the LETS: whoever moves it makes the rate.
    #[error("the oracle's NFT is a token of the LETS itself")]
    OwnToken,
}

/// Is this a pot that a sound founding makes? For the pot of the founding, not for a later one: that holds other units, other
/// ERG and another memory. That the oracle's NFT is the one of its kind no box shows: look up its emission, which must be 1.
///
/// # Errors
/// [`FirstPotFault`] naming what is wrong.
pub fn check_first_pot(lets: &Lets, pot: &OpenPotBox) -> Result<(), FirstPotFault> {
    let (policy, seen, made) = (pot.policy(), pot.seen(), pot.created());
    policy.check()?;
    policy.check_rate(seen.rate)?;
    let (minted, credit) = (pot.units(), policy.credit.units());
    if policy.supply != minted {
        return Err(FirstPotFault::Supply {
            counted: policy.supply,
            held: minted,
        });
    }
    // One unit stays in the pot for ever.
    if minted <= credit {
        return Err(FirstPotFault::TooFew { minted, credit });
    }
    if policy.own_erg != pot.value() {
        return Err(FirstPotFault::OwnErg {
            counted: policy.own_erg,
            held: pot.value(),
        });
    }
    let oldest = policy.oracle.oldest;
    let until = seen.created.saturating_add(i64::from(oldest.0));
    if seen.created > made.as_i64() || until <= made.as_i64() {
        return Err(FirstPotFault::Seen {
            seen: seen.created,
            made,
            oldest,
        });
    }
    match lets.oracle().is_some_and(|nft| is_own(lets, nft)) {
        true => Err(FirstPotFault::OwnToken),
        false => Ok(()),
    }
}

fn is_own(lets: &Lets, nft: OracleNft) -> bool {
    use ergo_lib::ergotree_ir::chain::token::TokenId;
    let ids = lets.ids();
    let own: [TokenId; 4] = [
        ids.charter_nft.into(),
        ids.pot_nft.into(),
        ids.membership.into(),
        lets.unit(),
    ];
    own.contains(&nft.into())
}
