//! What a payer writes to a payee with a payment, before it is sealed: bytes, and the rule for text that people write.

use crate::amount::Amount;
use crate::invoice::InvoiceId;
use ergo_lib::chain::transaction::TxId;
use ergo_lib::ergo_chain_types::Digest;

const VERSION: u8 = 1;
const TRANSACTION_BYTES: usize = 32;
const OUTPUT_BYTES: usize = 2;
const AMOUNT_BYTES: usize = 8;

/// The text breaks the rule for memos.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemoTextError {
    /// Longer than the box has room for.
    #[error("the memo has {bytes} bytes, and the most is {max}: shorten it", max = Memo::MAX_TEXT)]
    TooLong {
        /// Its length in UTF-8.
        bytes: usize,
    },
    /// A character that does something to the reader's terminal instead of being shown.
    #[error(
        "the memo has the control character U+{code:04X} at byte {at}: only letters, signs and new lines are allowed",
        code = u32::from(*found)
    )]
    Control {
        /// The character.
        found: char,
        /// Where it begins.
        at: usize,
    },
}

/// Bytes that are no memo.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemoError {
    /// More bytes than any memo has.
    #[error("a memo has at most {max} bytes, and here are {bytes}", max = Memo::MAX_BYTES)]
    TooLong {
        /// How many there are.
        bytes: usize,
    },
    /// The bytes end before the text begins.
    #[error("the memo is cut off after {bytes} bytes")]
    CutOff {
        /// How many there are.
        bytes: usize,
    },
    /// It was written by another version of the program.
    #[error("the memo has format version {found}, and this program reads {VERSION}")]
    Version {
        /// Its version.
        found: u8,
    },
    /// A kind of reference that is not known.
    #[error("the memo has a reference of kind {found}, which this program does not know")]
    Kind {
        /// Its kind.
        found: u8,
    },
    /// An amount that no account can hold.
    #[error("the memo is for {units} units, which is outside 0 to {max}", max = Amount::MAX.units())]
    Amount {
        /// The number in it.
        units: u64,
    },
    /// The text is not UTF-8.
    #[error("the memo's text is not UTF-8 from byte {at} on")]
    NotUtf8 {
        /// Where it stops being UTF-8.
        at: usize,
    },
    /// The text breaks the rule for memos.
    #[error(transparent)]
    Text(#[from] MemoTextError),
}

/// What a payment is for, as far as a program can follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// Nothing but the text.
    None,
    /// It pays this invoice.
    Invoice(InvoiceId),
    /// It gives back a payment that was received.
    Return {
        /// The transaction of the payment that is given back.
        transaction: TxId,
        /// Which of its outputs that payment was.
        output: u16,
    },
}

impl Reference {
    const NONE: u8 = 0;
    const INVOICE: u8 = 1;
    const RETURN: u8 = 2;
    const MAX_BYTES: usize = TRANSACTION_BYTES + OUTPUT_BYTES;
}

/// What a payer writes to a payee. Whether it is true is for the payee to judge: see [`Memo::belongs_to`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memo {
    reference: Reference,
    amount: Amount,
    text: String,
}

impl Memo {
    /// The longest text, in bytes of UTF-8.
    pub const MAX_TEXT: usize = 256;
    /// The longest memo in bytes.
    pub const MAX_BYTES: usize = 2 + Reference::MAX_BYTES + AMOUNT_BYTES + Self::MAX_TEXT;

    /// A memo for a payment of `amount`; the text may be empty.
    ///
    /// # Errors
    /// [`MemoTextError`] as [`Memo::check_text`].
    pub fn new(reference: Reference, amount: Amount, text: &str) -> Result<Self, MemoTextError> {
        Self::check_text(text)?;
        Ok(Self {
            reference,
            amount,
            text: text.to_owned(),
        })
    }

    /// Checks text that will stand in somebody else's terminal: at most [`Memo::MAX_TEXT`] bytes, and no character that
    /// moves the cursor, rings, hides or turns round what follows. New lines are allowed.
    ///
    /// # Errors
    /// [`MemoTextError::TooLong`]; [`MemoTextError::Control`] for control characters (C0, DEL, C1), for line and
    /// paragraph separators and for bidirectional embeddings, overrides and isolates.
    pub fn check_text(text: &str) -> Result<(), MemoTextError> {
        if text.len() > Self::MAX_TEXT {
            return Err(MemoTextError::TooLong { bytes: text.len() });
        }
        match text
            .char_indices()
            .find(|&(_, c)| c != '\n' && acts_on_reader(c))
        {
            Some((at, found)) => Err(MemoTextError::Control { found, at }),
            None => Ok(()),
        }
    }

    /// What the payment is for.
    pub fn reference(&self) -> Reference {
        self.reference
    }

    /// The amount of the payment that the memo was written for.
    pub fn amount(&self) -> Amount {
        self.amount
    }

    /// What the payer wrote.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the memo was written for a payment of this amount. If not, somebody has put it into a note that it was
    /// not meant for, and what it says must not be believed.
    pub fn belongs_to(&self, amount: Amount) -> bool {
        self.amount == amount
    }

    /// The bytes to be sealed: version, kind, reference, amount (big endian), text.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::MAX_BYTES);
        bytes.push(VERSION);
        match self.reference {
            Reference::None => bytes.push(Reference::NONE),
            Reference::Invoice(id) => {
                bytes.push(Reference::INVOICE);
                bytes.extend_from_slice(id.bytes());
            }
            Reference::Return {
                transaction,
                output,
            } => {
                bytes.push(Reference::RETURN);
                bytes.extend_from_slice(transaction.as_ref());
                bytes.extend_from_slice(&output.to_be_bytes());
            }
        }
        bytes.extend_from_slice(&self.amount.units().to_be_bytes());
        bytes.extend_from_slice(self.text.as_bytes());
        bytes
    }

    /// Reads what [`Memo::to_bytes`] wrote; every memo has one spelling.
    ///
    /// # Errors
    /// [`MemoError`] saying what is wrong with the bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, MemoError> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(MemoError::TooLong { bytes: bytes.len() });
        }
        let mut reader = Reader {
            rest: bytes,
            length: bytes.len(),
        };
        let [version, kind] = reader.take()?;
        if version != VERSION {
            return Err(MemoError::Version { found: version });
        }
        let reference = match kind {
            Reference::NONE => Reference::None,
            Reference::INVOICE => Reference::Invoice(InvoiceId::new(reader.take()?)),
            Reference::RETURN => Reference::Return {
                transaction: TxId(Digest(reader.take::<TRANSACTION_BYTES>()?)),
                output: u16::from_be_bytes(reader.take()?),
            },
            found => return Err(MemoError::Kind { found }),
        };
        let units = u64::from_be_bytes(reader.take::<AMOUNT_BYTES>()?);
        let amount = i64::try_from(units)
            .ok()
            .and_then(|n| Amount::new(n).ok())
            .ok_or(MemoError::Amount { units })?;
        let text = std::str::from_utf8(reader.rest).map_err(|e| MemoError::NotUtf8 {
            at: bytes.len() - reader.rest.len() + e.valid_up_to(),
        })?;
        Ok(Self::new(reference, amount, text)?)
    }
}

/// Whether the character does something to whoever shows it: ends a line, starts an escape sequence, or turns the
/// order of what stands around it.
fn acts_on_reader(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

struct Reader<'a> {
    rest: &'a [u8],
    length: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], MemoError> {
        let (taken, rest) = self
            .rest
            .split_first_chunk()
            .ok_or(MemoError::CutOff { bytes: self.length })?;
        self.rest = rest;
        Ok(*taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn arb_reference() -> impl Strategy<Value = Reference> {
        prop_oneof![
            Just(Reference::None),
            any::<[u8; 16]>().prop_map(|id| Reference::Invoice(InvoiceId::new(id))),
            (any::<[u8; 32]>(), any::<u16>()).prop_map(|(id, output)| Reference::Return {
                transaction: TxId(Digest(id)),
                output,
            }),
        ]
    }

    fn arb_memo() -> impl Strategy<Value = Memo> {
        let units = 0..=Amount::MAX.units();
        (arb_reference(), units, "[\\PC\n]{0,64}").prop_filter_map(
            "text that memos refuse",
            |(reference, units, text)| {
                Memo::new(reference, Amount::new(units).unwrap(), &text).ok()
            },
        )
    }

    fn memo(text: &str) -> Memo {
        Memo::new(Reference::None, Amount::new(1_250).unwrap(), text).unwrap()
    }

    #[test]
    fn memo_bytes_are_as_specified() {
        let reference = Reference::Return {
            transaction: TxId(Digest([7; 32])),
            output: 0x0102,
        };
        let amount = Amount::new(0x0a0b).unwrap();
        let bytes = Memo::new(reference, amount, "é").unwrap().to_bytes();
        assert_eq!(
            hex::encode(bytes),
            format!("0102{}0102{}c3a9", "07".repeat(32), "0000000000000a0b")
        );
        let invoice = Reference::Invoice(InvoiceId::new([9; 16]));
        let bytes = Memo::new(invoice, amount, "").unwrap().to_bytes();
        assert_eq!(
            hex::encode(bytes),
            format!("0101{}0000000000000a0b", "09".repeat(16))
        );
        assert_eq!(hex::encode(memo("a").to_bytes()), "010000000000000004e261");
    }

    #[test]
    fn new_longest_text_accepted_and_one_more_refused() {
        let longest = memo(&"é".repeat(128));
        assert_eq!(Memo::parse(&longest.to_bytes()), Ok(longest));
        let text = format!("{}a", "é".repeat(128));
        assert_eq!(
            Memo::check_text(&text),
            Err(MemoTextError::TooLong { bytes: 257 })
        );
    }

    #[test]
    fn text_that_acts_on_a_terminal_refused_when_made_and_when_read() {
        for c in [
            '\0', '\t', '\r', '\u{7}', '\u{1b}', '\u{7f}', '\u{80}', '\u{9b}', '\u{85}',
            '\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}', '\u{2028}', '\u{2029}',
        ] {
            let text = format!("ab{c}c");
            let fault = MemoTextError::Control { found: c, at: 2 };
            assert_eq!(Memo::check_text(&text), Err(fault.clone()));
            let mut bytes = memo("").to_bytes();
            bytes.extend_from_slice(text.as_bytes());
            assert_eq!(Memo::parse(&bytes), Err(MemoError::Text(fault)));
        }
        assert_eq!(Memo::check_text("two\nlines, שלום, 🥛"), Ok(()));
    }

    #[test]
    fn control_character_error_shows_its_code_only() {
        let error = Memo::check_text("a\u{1b}[2J").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the memo has the control character U+001B at byte 1: only letters, signs and new lines are allowed"
        );
    }

    #[test]
    fn parse_bad_bytes_refused_by_name() {
        let good = memo("ab").to_bytes();
        let edited = |at: usize, value: u8| {
            let mut bytes = good.clone();
            bytes[at] = value;
            bytes
        };
        assert_eq!(Memo::parse(&[]), Err(MemoError::CutOff { bytes: 0 }));
        assert_eq!(
            Memo::parse(&edited(0, 2)),
            Err(MemoError::Version { found: 2 })
        );
        assert_eq!(
            Memo::parse(&edited(1, 3)),
            Err(MemoError::Kind { found: 3 })
        );
        let units = (0xff_u64 << 56) + 1_250;
        assert_eq!(
            Memo::parse(&edited(2, 0xff)),
            Err(MemoError::Amount { units })
        );
        assert_eq!(
            Memo::parse(&edited(11, 0xff)),
            Err(MemoError::NotUtf8 { at: 11 })
        );
        assert_eq!(
            Memo::parse(&vec![1; Memo::MAX_BYTES + 1]),
            Err(MemoError::TooLong {
                bytes: Memo::MAX_BYTES + 1
            })
        );
    }

    #[test]
    fn parse_without_reference_has_no_room_for_longer_text() {
        let mut bytes = memo(&"a".repeat(Memo::MAX_TEXT)).to_bytes();
        bytes.push(b'a');
        assert_eq!(
            Memo::parse(&bytes),
            Err(MemoError::Text(MemoTextError::TooLong { bytes: 257 }))
        );
    }

    #[test]
    fn belongs_to_other_amount_false() {
        let memo = memo("for eggs");
        assert!(memo.belongs_to(Amount::new(1_250).unwrap()));
        assert!(!memo.belongs_to(Amount::new(1_251).unwrap()));
    }

    proptest! {
        #[test]
        fn memo_survives_its_bytes(memo in arb_memo()) {
            let bytes = memo.to_bytes();
            prop_assert!(bytes.len() <= Memo::MAX_BYTES);
            prop_assert_eq!(Memo::parse(&bytes), Ok(memo));
        }

        #[test]
        fn parse_cut_off_before_the_text_refused(memo in arb_memo(), at in any::<prop::sample::Index>()) {
            let bytes = memo.to_bytes();
            let head = bytes.len() - memo.text().len();
            prop_assert!(Memo::parse(&bytes[..at.index(head)]).is_err());
        }

        #[test]
        fn parse_one_byte_changed_is_refused_or_another_memo(
            memo in arb_memo(), at in any::<prop::sample::Index>(), flip in 1..=u8::MAX
        ) {
            let mut bytes = memo.to_bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            if let Ok(read) = Memo::parse(&bytes) {
                prop_assert_eq!(read.to_bytes(), bytes);
                prop_assert_ne!(read, memo);
            }
        }

        #[test]
        fn parse_garbage_is_refused_or_has_the_same_bytes(
            head in prop::sample::select(vec![vec![], vec![1, 0], vec![1, 1], vec![1, 2]]),
            rest in prop::collection::vec(any::<u8>(), 0..400),
        ) {
            let bytes = [head, rest].concat();
            if let Ok(memo) = Memo::parse(&bytes) {
                prop_assert_eq!(memo.to_bytes(), bytes);
            }
        }
    }
}
