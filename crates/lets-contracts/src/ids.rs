//! A type of its own for each token id and for script hashes, so that no two can be exchanged by mistake.

use ergo_lib::ergo_chain_types::{Digest, Digest32};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use sigma_util::hash::blake2b256_hash;
use std::fmt;
use std::str::FromStr;

/// The text is not 32 bytes in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected 64 hexadecimal digits, found {0:?}")]
pub struct ParseIdError(pub String);

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// The 32 bytes.
            pub fn bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl From<[u8; 32]> for $name {
            fn from(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let mut bytes = [0; 32];
                hex::decode_to_slice(text, &mut bytes).map_err(|_| ParseIdError(text.to_owned()))?;
                Ok(Self(bytes))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

macro_rules! token {
    ($name:ident) => {
        impl From<TokenId> for $name {
            fn from(id: TokenId) -> Self {
                Self(Digest32::from(id).0)
            }
        }

        impl From<$name> for TokenId {
            fn from(id: $name) -> Self {
                TokenId::from(Digest(id.0))
            }
        }
    };
}

id!(
    /// Token id of the singleton that marks the charter.
    CharterNft
);
token!(CharterNft);
id!(
    /// Token id of the singleton that marks the common pot.
    PotNft
);
token!(PotNft);
id!(
    /// Token id of the membership token: exactly one in each account, the rest in the pot.
    MembershipId
);
token!(MembershipId);
id!(
    /// Token id of the credit unit.
    UnitId
);
token!(UnitId);
id!(
    /// Token id of the singleton that marks the box in which an oracle pool publishes its rate.
    OracleNft
);
token!(OracleNft);
id!(
    /// blake2b256 of a script's bytes.
    ScriptHash
);

impl ScriptHash {
    /// The hash of these script bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake2b256_hash(bytes))
    }
}

/// The four tokens that make one LETS; each is minted by one founding transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct LetsIds {
    /// Marks the charter.
    pub charter_nft: CharterNft,
    /// Marks the pot.
    pub pot_nft: PotNft,
    /// Proof of admission.
    pub membership: MembershipId,
    /// The unit that accounts hold and trade.
    pub unit: UnitId,
}
