//! Amounts of credit: whole units on the chain, shown with the decimals of the LETS's currency.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a LETS calls its unit, and how many decimals it shows: 2 decimals make 250 units "2.50".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Currency {
    code: String,
    decimals: u8,
}

/// A currency cannot be made so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CurrencyError {
    /// The code is empty, long, or not plain.
    #[error("currency code {0:?}: use 1 to 12 letters or digits, like EUR or hours")]
    Code(String),
    /// More decimals than amounts have room for.
    #[error("a currency has 0 to {max} decimals, not {found}", max = Currency::MAX_DECIMALS)]
    Decimals {
        /// What was asked for.
        found: u8,
    },
}

/// Text that is no amount of this currency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not a plain decimal number.
    #[error("{0:?} is no amount: write digits and a decimal point, like 2.50")]
    NotANumber(String),
    /// A decimal comma, or commas between thousands: which of the two cannot be known.
    #[error("{0:?} has a comma: write a decimal point and no thousands separators, like 2.50")]
    Comma(String),
    /// Below zero.
    #[error("{0:?} is negative: an amount is at least 0")]
    Negative(String),
    /// Nothing.
    #[error("the amount is zero: there is nothing to pay")]
    Zero,
    /// More decimals than the currency has.
    #[error("{text:?} has more than {decimals} decimals, which {code} does not have")]
    TooPrecise {
        /// What was written.
        text: String,
        /// How many decimals there are.
        decimals: u8,
        /// The currency.
        code: String,
    },
    /// More than any account may ever hold.
    #[error("{text:?} is too large: the most that any account can hold is {most}")]
    TooLarge {
        /// What was written.
        text: String,
        /// The most, as text.
        most: String,
    },
}

impl Currency {
    /// The most decimals.
    pub const MAX_DECIMALS: u8 = 6;

    /// A currency of this name with this many decimals (0 to 6).
    ///
    /// # Errors
    /// [`CurrencyError`] naming what is out of range.
    pub fn new(code: &str, decimals: u8) -> Result<Self, CurrencyError> {
        if code.is_empty() || code.chars().count() > 12 || !code.chars().all(char::is_alphanumeric)
        {
            return Err(CurrencyError::Code(code.to_owned()));
        }
        if decimals > Self::MAX_DECIMALS {
            return Err(CurrencyError::Decimals { found: decimals });
        }
        Ok(Self {
            code: code.to_owned(),
            decimals,
        })
    }

    /// Its name.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// How many decimals are shown.
    pub fn decimals(&self) -> u8 {
        self.decimals
    }

    /// The amount that `text` says, zero allowed.
    ///
    /// # Errors
    /// [`AmountError`] saying what is wrong with the text.
    pub fn parse(&self, text: &str) -> Result<Amount, AmountError> {
        let own = || text.to_owned();
        if text.contains(',') {
            return Err(AmountError::Comma(own()));
        }
        if let Some(rest) = text.strip_prefix('-') {
            self.parse(rest)?;
            return Err(AmountError::Negative(own()));
        }
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(AmountError::NotANumber(own())),
            None => (text, ""),
        };
        if whole.is_empty()
            || !whole
                .bytes()
                .chain(fraction.bytes())
                .all(|b| b.is_ascii_digit())
        {
            return Err(AmountError::NotANumber(own()));
        }
        let decimals = usize::from(self.decimals);
        if fraction.len() > decimals {
            return Err(AmountError::TooPrecise {
                text: own(),
                decimals: self.decimals,
                code: self.code.clone(),
            });
        }
        format!("{whole}{fraction:0<decimals$}")
            .parse::<i64>()
            .ok()
            .and_then(|units| Amount::new(units).ok())
            .ok_or_else(|| AmountError::TooLarge {
                text: own(),
                most: self.show(Amount::MAX),
            })
    }

    /// The amount that `text` says, which must be more than zero.
    ///
    /// # Errors
    /// [`AmountError`] saying what is wrong with the text.
    pub fn parse_positive(&self, text: &str) -> Result<Amount, AmountError> {
        match self.parse(text)? {
            Amount::ZERO => Err(AmountError::Zero),
            amount => Ok(amount),
        }
    }

    /// The amount as people read it: "2.50".
    pub fn show(&self, amount: Amount) -> String {
        self.digits(amount.0.unsigned_abs())
    }

    /// The balance as people read it: "-2.50", "0.00", "+2.50".
    pub fn show_balance(&self, balance: Balance) -> String {
        let sign = match balance.0 {
            0 => "",
            n if n < 0 => "-",
            _ => "+",
        };
        format!("{sign}{}", self.digits(balance.0.unsigned_abs()))
    }

    fn digits(&self, units: u64) -> String {
        match usize::from(self.decimals) {
            0 => units.to_string(),
            decimals => {
                let text = format!("{units:0>width$}", width = decimals + 1);
                let (whole, fraction) = text.split_at(text.len() - decimals);
                format!("{whole}.{fraction}")
            }
        }
    }
}

/// An amount of credit in whole units, from 0 to [`Amount::MAX`].
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "i64", into = "i64")]
pub struct Amount(i64);

/// A number of units outside 0 to 10^12.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} units is outside 0 to {max}", max = Amount::MAX.0)]
pub struct AmountRangeError(i64);

impl Amount {
    /// Nothing.
    pub const ZERO: Amount = Amount(0);
    /// 10^12 units: the most that the pot lets any line, cap or rule be (`contracts/pot.es`).
    pub const MAX: Amount = Amount(1_000_000_000_000);

    /// This many units.
    ///
    /// # Errors
    /// [`AmountRangeError`] outside 0 to [`Amount::MAX`].
    pub fn new(units: i64) -> Result<Self, AmountRangeError> {
        if (0..=Self::MAX.0).contains(&units) {
            Ok(Self(units))
        } else {
            Err(AmountRangeError(units))
        }
    }

    /// This many units, brought into the range.
    pub fn clamped(units: i64) -> Self {
        Self(units.clamp(0, Self::MAX.0))
    }

    /// The number of units.
    pub const fn units(self) -> i64 {
        self.0
    }

    /// The smaller of the two.
    pub fn min(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }
}

impl TryFrom<i64> for Amount {
    type Error = AmountRangeError;
    fn try_from(units: i64) -> Result<Self, AmountRangeError> {
        Self::new(units)
    }
}

impl From<Amount> for i64 {
    fn from(amount: Amount) -> i64 {
        amount.0
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} units", self.0)
    }
}

/// A balance in units: what an account holds less what it was issued. Negative is debt.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Balance(i64);

impl Balance {
    /// This many units.
    pub fn new(units: i64) -> Self {
        Self(units)
    }

    /// The number of units, negative for debt.
    pub fn units(self) -> i64 {
        self.0
    }

    /// The debt: 0 unless the balance is negative.
    pub fn debt(self) -> i64 {
        self.0.min(0).saturating_neg()
    }

    /// The member's own credit: 0 unless the balance is positive.
    pub fn credit(self) -> i64 {
        self.0.max(0)
    }
}

impl fmt::Display for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} units", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn euro() -> Currency {
        Currency::new("EUR", 2).unwrap()
    }

    #[test]
    fn parse_plain_amounts_accepted() {
        for (text, units) in [
            ("2.00", 200),
            ("2", 200),
            ("2.5", 250),
            ("0.01", 1),
            ("0", 0),
            ("10000000000", 1_000_000_000_000),
        ] {
            assert_eq!(euro().parse(text).unwrap().units(), units, "{text}");
        }
    }

    #[test]
    fn parse_bad_amounts_refused_by_name() {
        let own = str::to_owned;
        for (text, error) in [
            ("2,5", AmountError::Comma(own("2,5"))),
            ("1,000.00", AmountError::Comma(own("1,000.00"))),
            ("-1", AmountError::Negative(own("-1"))),
            ("1e3", AmountError::NotANumber(own("1e3"))),
            ("", AmountError::NotANumber(own(""))),
            (".5", AmountError::NotANumber(own(".5"))),
            ("5.", AmountError::NotANumber(own("5."))),
            ("+5", AmountError::NotANumber(own("+5"))),
            ("--5", AmountError::Negative(own("-5"))),
            ("1 0", AmountError::NotANumber(own("1 0"))),
            ("٣", AmountError::NotANumber(own("٣"))),
            (
                "0.001",
                AmountError::TooPrecise {
                    text: own("0.001"),
                    decimals: 2,
                    code: own("EUR"),
                },
            ),
            (
                "10000000000.01",
                AmountError::TooLarge {
                    text: own("10000000000.01"),
                    most: own("10000000000.00"),
                },
            ),
            (
                "99999999999999999999",
                AmountError::TooLarge {
                    text: own("99999999999999999999"),
                    most: own("10000000000.00"),
                },
            ),
        ] {
            assert_eq!(euro().parse(text), Err(error), "{text}");
        }
        assert_eq!(euro().parse_positive("0.00"), Err(AmountError::Zero));
    }

    #[test]
    fn currency_bad_names_refused() {
        for code in ["", "a b", "thirteenchars", "€"] {
            assert_eq!(
                Currency::new(code, 2),
                Err(CurrencyError::Code(code.to_owned()))
            );
        }
        assert_eq!(
            Currency::new("EUR", 7),
            Err(CurrencyError::Decimals { found: 7 })
        );
    }

    #[test]
    fn show_balance_has_sign_and_decimals() {
        for (units, text) in [
            (-200, "-2.00"),
            (0, "0.00"),
            (80, "+0.80"),
            (-5, "-0.05"),
            (i64::MIN, "-92233720368547758.08"),
        ] {
            assert_eq!(euro().show_balance(Balance::new(units)), text);
        }
    }

    proptest! {
        #[test]
        fn parse_of_what_is_shown_is_the_same(units in 0..=Amount::MAX.units(), decimals in 0..=Currency::MAX_DECIMALS) {
            let currency = Currency::new("X", decimals).unwrap();
            let amount = Amount::new(units).unwrap();
            prop_assert_eq!(currency.parse(&currency.show(amount)), Ok(amount));
        }

        #[test]
        fn parse_any_text_never_panics(text in ".{0,40}") {
            let _ = euro().parse(&text);
        }
    }
}
