//! Heights, spans of blocks, and nanoErg: one type each.

use ergo_lib::ergotree_ir::chain::ergo_box::box_value::{BoxValue, BoxValueError};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A block height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Height(pub u32);

impl Height {
    /// As scripts see it.
    pub fn as_i64(self) -> i64 {
        i64::from(self.0)
    }

    /// The height `blocks` later.
    pub fn plus(self, blocks: Blocks) -> Self {
        Self(self.0.saturating_add(blocks.0))
    }
}

impl fmt::Display for Height {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A span of blocks; one block is about two minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Blocks(pub u32);

impl Blocks {
    /// Blocks in a day, at two minutes each.
    pub const PER_DAY: u32 = 720;
    /// Four years: after so many blocks anybody may spend a box as storage rent, and its script does not run.
    pub const STORAGE_PERIOD: Blocks = Blocks(1_051_200);
    /// Three years: from this age on anybody may refresh a box.
    pub const REFRESH_AGE: Blocks = Blocks(788_400);
    /// Outputs must have been created less than this ago when their transaction is included: seven days.
    pub const RECENT: Blocks = Blocks(5_040);
}

impl fmt::Display for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} blocks", self.0)
    }
}

/// An amount of ERG in nanoErg, 10^-9 ERG.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct NanoErg(pub u64);

/// The text is no amount of ERG.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no amount of ERG: write it like 1.5, with at most 9 decimals")]
pub struct ParseErgError(pub String);

impl NanoErg {
    /// 0.001 ERG: the least fee that nodes accept.
    pub const MIN_FEE: NanoErg = NanoErg(1_000_000);
    /// 1 ERG.
    pub const ONE_ERG: NanoErg = NanoErg(1_000_000_000);

    /// As a box's value.
    ///
    /// # Errors
    /// When it is less or more than any box can hold.
    pub fn to_box_value(self) -> Result<BoxValue, BoxValueError> {
        BoxValue::new(self.0)
    }

    /// `self - other`, or `None` if that is less than nothing.
    pub fn minus(self, other: NanoErg) -> Option<NanoErg> {
        self.0.checked_sub(other.0).map(NanoErg)
    }

    /// `self + other`, at most the largest number.
    pub fn plus(self, other: NanoErg) -> NanoErg {
        NanoErg(self.0.saturating_add(other.0))
    }
}

impl From<BoxValue> for NanoErg {
    fn from(value: BoxValue) -> Self {
        Self(*value.as_u64())
    }
}

impl FromStr for NanoErg {
    type Err = ParseErgError;
    fn from_str(text: &str) -> Result<Self, ParseErgError> {
        let fault = || ParseErgError(text.to_owned());
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || fraction.len() > 9 {
            return Err(fault());
        }
        let whole: u64 = whole.parse().map_err(|_| fault())?;
        let fraction: u64 = format!("{fraction:0<9}").parse().map_err(|_| fault())?;
        whole
            .checked_mul(Self::ONE_ERG.0)
            .and_then(|n| n.checked_add(fraction))
            .map(Self)
            .ok_or_else(fault)
    }
}

impl fmt::Display for NanoErg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:09}", self.0 % Self::ONE_ERG.0);
        let shown = fraction.trim_end_matches('0');
        write!(f, "{}", self.0 / Self::ONE_ERG.0)?;
        if !shown.is_empty() {
            write!(f, ".{shown}")?;
        }
        f.write_str(" ERG")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nano_erg_text_round_trips() {
        for (text, value) in [
            ("1.5", 1_500_000_000),
            ("0.001", 1_000_000),
            ("2", 2_000_000_000),
            ("0.000000001", 1),
        ] {
            let erg: NanoErg = text.parse().unwrap();
            assert_eq!(erg.0, value);
            assert_eq!(erg.to_string(), format!("{text} ERG"));
        }
    }

    #[test]
    fn nano_erg_bad_text_refused() {
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "1e3",
            "1,5",
            "0.0000000001",
            "99999999999999",
            "1 ERG",
        ] {
            assert_eq!(
                text.parse::<NanoErg>(),
                Err(ParseErgError(text.to_owned())),
                "{text}"
            );
        }
    }
}
