//! What a payee asks a payer for: one line of text that says everything, signed by the payee's key elsewhere.

use crate::amount::{Amount, AmountError, Currency, CurrencyError};
use crate::boxes::{AccountNumber, Lets};
use crate::memo::{Memo, MemoTextError};
use crate::units::Height;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use ergo_lib::ergo_chain_types::Digest;
use ergo_lib::ergotree_ir::chain::token::TokenId;
use lets_contracts::UnitId;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::fmt;
use std::str::FromStr;

const VERSION: &str = "1";
const SCHEME: &str = "lets:";
const KIND: &str = "invoice?";

/// All but what RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The payee's own number for an invoice: 16 bytes, by which he knows which of his invoices a payment pays.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InvoiceId([u8; 16]);

impl InvoiceId {
    /// The invoice with this number.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    pub fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for InvoiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for InvoiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InvoiceId({self})")
    }
}

/// An invoice cannot be made so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MakeInvoiceError {
    /// Nothing is asked for.
    #[error("an invoice must ask for more than zero")]
    Zero,
    /// The text breaks the rule for memos.
    #[error(transparent)]
    Memo(#[from] MemoTextError),
    /// There is no signature.
    #[error("the invoice is not signed: the signature is empty")]
    Unsigned,
    /// Longer than any program reads.
    #[error("the invoice has {bytes} bytes, and the most is {max}", max = SignedInvoice::MAX_BYTES)]
    TooLong {
        /// Its length.
        bytes: usize,
    },
}

/// A text that is no invoice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseInvoiceError {
    /// Longer than any invoice.
    #[error("an invoice has at most {max} bytes, and here are {bytes}", max = SignedInvoice::MAX_BYTES)]
    TooLong {
        /// How many there are.
        bytes: usize,
    },
    /// It is something else.
    #[error("this is no invoice: an invoice begins with {SCHEME}{KIND}")]
    Kind,
    /// It was written by another version of the program.
    #[error("the invoice has format version {found:?}, and this program reads {VERSION}")]
    Version {
        /// Its version, at most 40 characters of it.
        found: String,
    },
    /// A parameter is missing, stands twice or at another place, or is unknown.
    #[error(
        "the invoice must have {expected:?} where it has {found:?}: it is damaged or was edited"
    )]
    Parameter {
        /// The name of the parameter that must stand there, or `end`.
        expected: &'static str,
        /// What stands there, at most 40 characters of it.
        found: String,
    },
    /// A parameter has a value that cannot be.
    #[error("the invoice's {name:?} cannot be {found:?}: it is damaged or was edited")]
    Value {
        /// The parameter.
        name: &'static str,
        /// Its value, at most 40 characters of it.
        found: String,
    },
    /// The amount is none of its currency.
    #[error("the invoice's amount: {0}")]
    Amount(#[from] AmountError),
    /// The currency cannot be.
    #[error("the invoice's currency: {0}")]
    Currency(#[from] CurrencyError),
    /// The content cannot be.
    #[error(transparent)]
    Content(#[from] MakeInvoiceError),
    /// It says the same as a right one in other characters, so the signature is not over it.
    #[error("the invoice is not spelt as programs spell it: it is damaged or was edited")]
    NotCanonical,
}

/// An invoice that must not be paid from here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvoiceError {
    /// It asks for units of another LETS.
    #[error(
        "the invoice is from another LETS: it asks for units {found}, and those here are {expected}"
    )]
    OtherLets {
        /// The invoice's unit.
        found: UnitId,
        /// This LETS's unit.
        expected: UnitId,
    },
    /// Its figures mean something else.
    #[error(
        "the invoice is in {} with {} decimals, and this LETS has {} with {}",
        found.code(), found.decimals(), expected.code(), expected.decimals()
    )]
    OtherCurrency {
        /// The invoice's currency.
        found: Currency,
        /// This LETS's currency.
        expected: Currency,
    },
    /// It is too late.
    #[error(
        "the invoice expired at height {expiry}, and the chain is at {height}: ask for a new one"
    )]
    Expired {
        /// The last height at which it could be paid.
        expiry: Height,
        /// The height now.
        height: Height,
    },
}

impl InvoiceError {
    /// The error's name, the same in every version.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::OtherLets { .. } => "invoice_of_another_lets",
            Self::OtherCurrency { .. } => "invoice_in_another_currency",
            Self::Expired { .. } => "invoice_expired",
        }
    }
}

/// What a payee asks for, before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    lets: UnitId,
    payee: AccountNumber,
    amount: Amount,
    currency: Currency,
    expiry: Height,
    id: InvoiceId,
    memo: Option<String>,
}

impl Invoice {
    /// `payee` asks for `amount` units of the LETS whose unit is `lets`, to be paid up to the height `expiry`. The
    /// currency is what the figures are written in. There is no memo yet.
    ///
    /// # Errors
    /// [`MakeInvoiceError::Zero`] when the amount is nothing.
    pub fn new(
        lets: UnitId,
        payee: AccountNumber,
        amount: Amount,
        currency: Currency,
        expiry: Height,
        id: InvoiceId,
    ) -> Result<Self, MakeInvoiceError> {
        if amount == Amount::ZERO {
            return Err(MakeInvoiceError::Zero);
        }
        Ok(Self {
            lets,
            payee,
            amount,
            currency,
            expiry,
            id,
            memo: None,
        })
    }

    /// The same with a text for the payer; an empty text is none.
    ///
    /// # Errors
    /// [`MakeInvoiceError::Memo`] as [`Memo::check_text`].
    pub fn with_memo(mut self, text: &str) -> Result<Self, MakeInvoiceError> {
        Memo::check_text(text)?;
        self.memo = (!text.is_empty()).then(|| text.to_owned());
        Ok(self)
    }

    /// The unit of the LETS that it asks for.
    pub fn lets(&self) -> UnitId {
        self.lets
    }

    /// Whom to pay.
    pub fn payee(&self) -> AccountNumber {
        self.payee
    }

    /// How much to pay; more than zero.
    pub fn amount(&self) -> Amount {
        self.amount
    }

    /// What the figures are written in.
    pub fn currency(&self) -> &Currency {
        &self.currency
    }

    /// The last height at which it may be paid.
    pub fn expiry(&self) -> Height {
        self.expiry
    }

    /// The payee's number for it.
    pub fn id(&self) -> InvoiceId {
        self.id
    }

    /// What it is for.
    pub fn memo(&self) -> Option<&str> {
        self.memo.as_deref()
    }

    /// What the payee signs: the invoice's text up to its signature.
    pub fn message(&self) -> Vec<u8> {
        self.unsigned().into_bytes()
    }

    /// Checks that it can be paid in this LETS at this height. Whether the payee has signed it is not checked here.
    ///
    /// # Errors
    /// [`InvoiceError`] with both sides' figures.
    pub fn check(
        &self,
        lets: &Lets,
        currency: &Currency,
        height: Height,
    ) -> Result<(), InvoiceError> {
        let unit = lets.ids().unit;
        if self.lets != unit {
            return Err(InvoiceError::OtherLets {
                found: self.lets,
                expected: unit,
            });
        }
        if &self.currency != currency {
            return Err(InvoiceError::OtherCurrency {
                found: self.currency.clone(),
                expected: currency.clone(),
            });
        }
        if height > self.expiry {
            return Err(InvoiceError::Expired {
                expiry: self.expiry,
                height,
            });
        }
        Ok(())
    }

    fn unsigned(&self) -> String {
        let mut text = format!(
            "{SCHEME}{KIND}v={VERSION}&lets={}&to={}&amount={}&cur={}&dec={}&exp={}&id={}",
            BASE64URL.encode(self.lets.bytes()),
            BASE64URL.encode(self.payee.bytes()),
            self.currency.show(self.amount),
            utf8_percent_encode(self.currency.code(), RESERVED),
            self.currency.decimals(),
            self.expiry,
            BASE64URL.encode(self.id.bytes()),
        );
        if let Some(memo) = &self.memo {
            text.push_str("&memo=");
            text.extend(utf8_percent_encode(memo, RESERVED));
        }
        text
    }
}

/// An invoice with a signature, which has not been verified: that takes the payee's key from the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedInvoice {
    invoice: Invoice,
    signature: Vec<u8>,
}

impl SignedInvoice {
    /// The longest invoice with its signature, in bytes: it still fits a QR code.
    pub const MAX_BYTES: usize = 2_000;

    /// The invoice with a signature of its [`Invoice::message`].
    ///
    /// # Errors
    /// [`MakeInvoiceError::Unsigned`] when the signature is empty, [`MakeInvoiceError::TooLong`] when the whole is longer
    /// than [`SignedInvoice::MAX_BYTES`].
    pub fn new(invoice: Invoice, signature: Vec<u8>) -> Result<Self, MakeInvoiceError> {
        if signature.is_empty() {
            return Err(MakeInvoiceError::Unsigned);
        }
        let signed = Self { invoice, signature };
        let bytes = signed.to_string().len();
        if bytes > Self::MAX_BYTES {
            return Err(MakeInvoiceError::TooLong { bytes });
        }
        Ok(signed)
    }

    /// What is asked for.
    pub fn invoice(&self) -> &Invoice {
        &self.invoice
    }

    /// The signature as it came: not verified.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
}

impl fmt::Display for SignedInvoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signature = BASE64URL.encode(&self.signature);
        write!(f, "{}&sig={signature}", self.invoice.unsigned())
    }
}

impl FromStr for SignedInvoice {
    type Err = ParseInvoiceError;

    /// Reads an invoice. Only the scheme may be in upper case; all else must be spelt as this type's `Display` does.
    fn from_str(text: &str) -> Result<Self, ParseInvoiceError> {
        if text.len() > Self::MAX_BYTES {
            return Err(ParseInvoiceError::TooLong { bytes: text.len() });
        }
        let (_, rest) = text
            .split_at_checked(SCHEME.len())
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(SCHEME))
            .ok_or(ParseInvoiceError::Kind)?;
        let query = rest.strip_prefix(KIND).ok_or(ParseInvoiceError::Kind)?;
        let mut parameters = Parameters { rest: Some(query) };

        let version = parameters.take("v")?;
        if version != VERSION {
            return Err(ParseInvoiceError::Version {
                found: clipped(version),
            });
        }
        let lets = UnitId::from(parameters.bytes("lets")?);
        let payee = TokenId::from(Digest(parameters.bytes("to")?));
        let figures = parameters.take("amount")?;
        let code = parameters.text("cur")?;
        let decimals = parameters.number("dec")?;
        let expiry = Height(parameters.number("exp")?);
        let id = InvoiceId::new(parameters.bytes("id")?);
        let memo = if parameters.next_is("memo") {
            parameters.text("memo")?
        } else {
            String::new()
        };
        let signature = parameters.take("sig")?;
        parameters.end()?;

        let currency = Currency::new(&code, decimals)?;
        let amount = currency.parse(figures)?;
        let signed = Self::new(
            Invoice::new(lets, payee.into(), amount, currency, expiry, id)?.with_memo(&memo)?,
            BASE64URL
                .decode(signature)
                .map_err(|_| bad_value("sig", signature))?,
        )?;
        if signed.to_string().strip_prefix(SCHEME) != Some(rest) {
            return Err(ParseInvoiceError::NotCanonical);
        }
        Ok(signed)
    }
}

/// The parameters that have not been read yet, each to be taken in its turn.
struct Parameters<'a> {
    rest: Option<&'a str>,
}

impl<'a> Parameters<'a> {
    fn take(&mut self, name: &'static str) -> Result<&'a str, ParseInvoiceError> {
        let rest = self.rest.unwrap_or_default();
        let (parameter, after) = match rest.split_once('&') {
            Some((parameter, after)) => (parameter, Some(after)),
            None => (rest, None),
        };
        self.rest = after;
        match parameter.split_once('=') {
            Some((found, value)) if found == name => Ok(value),
            _ => Err(ParseInvoiceError::Parameter {
                expected: name,
                found: clipped(parameter),
            }),
        }
    }

    fn next_is(&self, name: &str) -> bool {
        self.rest
            .and_then(|rest| rest.strip_prefix(name))
            .is_some_and(|value| value.starts_with('='))
    }

    fn bytes<const N: usize>(&mut self, name: &'static str) -> Result<[u8; N], ParseInvoiceError> {
        let value = self.take(name)?;
        BASE64URL
            .decode(value)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| bad_value(name, value))
    }

    fn number<T: FromStr>(&mut self, name: &'static str) -> Result<T, ParseInvoiceError> {
        let value = self.take(name)?;
        value.parse().map_err(|_| bad_value(name, value))
    }

    fn text(&mut self, name: &'static str) -> Result<String, ParseInvoiceError> {
        let value = self.take(name)?;
        percent_decode_str(value)
            .decode_utf8()
            .map(String::from)
            .map_err(|_| bad_value(name, value))
    }

    fn end(&self) -> Result<(), ParseInvoiceError> {
        match self.rest {
            None => Ok(()),
            Some(rest) => Err(ParseInvoiceError::Parameter {
                expected: "end",
                found: clipped(rest),
            }),
        }
    }
}

fn bad_value(name: &'static str, found: &str) -> ParseInvoiceError {
    ParseInvoiceError::Value {
        name,
        found: clipped(found),
    }
}

/// Enough of a damaged text to find the place.
fn clipped(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests;
