//! The words a person writes on paper (BIP-39, English list).

use std::borrow::Cow;
use std::fmt;

use rand::RngCore;
use rand::rngs::OsRng;
use thiserror::Error;
use zeroize::Zeroizing;

/// How many words to draw. More words, more randomness; all five are valid BIP-39.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WordCount {
    /// 12 words, 128 bits of randomness.
    Words12,
    /// 15 words, 160 bits: what the Ergo node and the common Ergo wallets make, hence the default.
    #[default]
    Words15,
    /// 18 words, 192 bits.
    Words18,
    /// 21 words, 224 bits.
    Words21,
    /// 24 words, 256 bits.
    Words24,
}

impl WordCount {
    /// Every word count that BIP-39 knows.
    pub const ALL: [WordCount; 5] = [
        WordCount::Words12,
        WordCount::Words15,
        WordCount::Words18,
        WordCount::Words21,
        WordCount::Words24,
    ];

    /// The number of words.
    pub fn words(self) -> usize {
        match self {
            WordCount::Words12 => 12,
            WordCount::Words15 => 15,
            WordCount::Words18 => 18,
            WordCount::Words21 => 21,
            WordCount::Words24 => 24,
        }
    }

    /// Bytes of randomness: 3 words carry 32 bits and 1 bit of checksum.
    fn entropy_bytes(self) -> usize {
        self.words() / 3 * 4
    }
}

impl TryFrom<usize> for WordCount {
    type Error = MnemonicError;

    /// # Errors
    /// [`MnemonicError::WordCount`] unless the number is 12, 15, 18, 21 or 24.
    fn try_from(words: usize) -> Result<Self, MnemonicError> {
        WordCount::ALL
            .into_iter()
            .find(|count| count.words() == words)
            .ok_or(MnemonicError::WordCount { found: words })
    }
}

/// Why there is no mnemonic. No message contains a word of it.
#[derive(Debug, Error)]
pub enum MnemonicError {
    /// The number of words is none that BIP-39 knows.
    #[error(
        "the recovery phrase has {found} words, but it must have 12, 15, 18, 21 or 24: \
         check for a missing, doubled or joined word"
    )]
    WordCount {
        /// Words found.
        found: usize,
    },
    /// A word is not in the English list.
    #[error(
        "word {position} of the recovery phrase is not in the English BIP-39 word list: \
         check its spelling"
    )]
    UnknownWord {
        /// Place of the first such word, counted from 1.
        position: usize,
    },
    /// All words are in the list, but they do not belong together.
    #[error(
        "the checksum of the recovery phrase is wrong although every word is in the list: \
         a word was taken for another one, or the order was changed"
    )]
    Checksum,
    /// The operating system gave no random numbers.
    #[error("the operating system gave no random numbers, so no key can be made: {0}")]
    Randomness(rand::Error),
}

/// A valid recovery phrase in the English list of [BIP-39](https://github.com/bitcoin/bips/blob/master/bip-0039.mediawiki).
///
/// Whoever reads it owns the money, so there is no `Display`, `Debug` shows only the number of words, and
/// the value is wiped from memory when dropped. [`Mnemonic::reveal`] is the one way to see it.
#[derive(Clone, PartialEq, Eq)]
pub struct Mnemonic(bip39::Mnemonic);

impl Mnemonic {
    /// Draws a new phrase from the operating system's randomness.
    ///
    /// # Errors
    /// [`MnemonicError::Randomness`] when the system gives no random numbers.
    pub fn generate(count: WordCount) -> Result<Self, MnemonicError> {
        let mut entropy = Zeroizing::new([0_u8; 32]);
        let entropy = &mut entropy[..count.entropy_bytes()];
        OsRng
            .try_fill_bytes(entropy)
            .map_err(MnemonicError::Randomness)?;
        bip39::Mnemonic::from_entropy(entropy)
            .map(Mnemonic)
            .map_err(named)
    }

    /// Reads a phrase that a person typed: any white space between the words, any case, any Unicode form
    /// (NFKD is applied, as BIP-39 asks).
    ///
    /// # Errors
    /// [`MnemonicError::WordCount`], [`MnemonicError::UnknownWord`] or [`MnemonicError::Checksum`], the
    /// first of them in this order.
    pub fn parse(text: &str) -> Result<Self, MnemonicError> {
        let mut cow = Cow::Borrowed(text);
        bip39::Mnemonic::normalize_utf8_cow(&mut cow);
        let lower = Zeroizing::new(cow.to_lowercase());
        if let Cow::Owned(normalised) = cow {
            drop(Zeroizing::new(normalised));
        }
        bip39::Mnemonic::parse_in_normalized(bip39::Language::English, &lower)
            .map(Mnemonic)
            .map_err(named)
    }

    /// The words, lower case, one space between them. The returned copy is wiped when dropped; show it to
    /// its owner and to nobody else.
    pub fn reveal(&self) -> Zeroizing<String> {
        // The capacity is the longest phrase (24 words of 8 letters), so that no growth leaves a copy behind.
        let mut phrase = Zeroizing::new(String::with_capacity(24 * 9));
        for word in self.0.words() {
            if !phrase.is_empty() {
                phrase.push(' ');
            }
            phrase.push_str(word);
        }
        phrase
    }

    /// The number of words: 12, 15, 18, 21 or 24.
    pub fn word_count(&self) -> usize {
        self.0.word_count()
    }

    /// The BIP-39 seed: PBKDF2-HMAC-SHA512, 2048 rounds, salted with `"mnemonic"` and the passphrase.
    pub(crate) fn seed(&self, bip39_passphrase: &str) -> Zeroizing<[u8; 64]> {
        Zeroizing::new(self.0.to_seed(bip39_passphrase))
    }
}

impl fmt::Debug for Mnemonic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mnemonic({} words)", self.word_count())
    }
}

fn named(error: bip39::Error) -> MnemonicError {
    match error {
        bip39::Error::BadWordCount(found) => MnemonicError::WordCount { found },
        bip39::Error::UnknownWord(index) => MnemonicError::UnknownWord {
            position: index + 1,
        },
        // The other two cannot come: entropy sizes are fixed above, and only one language is compiled in.
        bip39::Error::InvalidChecksum
        | bip39::Error::BadEntropyBitCount(_)
        | bip39::Error::AmbiguousLanguages(_) => MnemonicError::Checksum,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    const LEGAL: &str =
        "legal winner thank year wave sausage worth useful legal winner thank yellow";

    fn position_of_unknown(text: &str) -> usize {
        match Mnemonic::parse(text) {
            Err(MnemonicError::UnknownWord { position }) => position,
            other => panic!("expected an unknown word, got {other:?}"),
        }
    }

    /// <https://github.com/trezor/python-mnemonic/blob/master/vectors.json>, passphrase "TREZOR".
    #[test]
    fn seed_of_trezor_vectors_is_the_published_one() {
        let vectors = [
            (
                LEGAL,
                "2e8905819b8723fe2c1d161860e5ee1830318dbf49a83bd451cfb8440c28bd6f\
                 a457fe1296106559a3c80937a1c1069be3a3a5bd381ee6260e8d9739fce1f607",
            ),
            (
                "letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd \
                 amount doctor acoustic avoid letter always",
                "107d7c02a5aa6f38c58083ff74f04c607c2d2c0ecc55501dadd72d025b751bc2\
                 7fe913ffb796f841c49b1d33b610cf0e91d3aa239027f5e99fe4ce9e5088cd65",
            ),
            (
                "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo \
                 zoo zoo zoo vote",
                "dd48c104698c30cfe2b6142103248622fb7bb0ff692eebb00089b32d22484e16\
                 13912f0a5b694407be899ffd31ed3992c456cdf60f5d4564b8ba3f05a69890ad",
            ),
        ];
        for (words, expected) in vectors {
            let seed = Mnemonic::parse(words).unwrap().seed("TREZOR");
            let hex: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, expected);
        }
    }

    #[test]
    fn parse_forgives_white_space_case_and_unicode_form() {
        for text in [
            format!("  {LEGAL}\r\n"),
            LEGAL.replace(' ', "\n"),
            LEGAL.replace(' ', " \t "),
            LEGAL.replace(' ', "\u{a0}"),
            LEGAL.replace(' ', "\u{3000}"),
            LEGAL.to_uppercase(),
            LEGAL.replace("legal", "Ｌegaｌ"),
        ] {
            assert_eq!(*Mnemonic::parse(&text).unwrap().reveal(), LEGAL, "{text:?}");
        }
    }

    #[test]
    fn parse_wrong_word_count_is_named() {
        for count in (0..=30).filter(|count| WordCount::try_from(*count).is_err()) {
            let text = vec!["zoo"; count].join(" ");
            assert!(
                matches!(Mnemonic::parse(&text), Err(MnemonicError::WordCount { found }) if found == count),
                "{count}"
            );
        }
    }

    #[test]
    fn parse_unknown_word_is_named_by_position_only() {
        assert_eq!(position_of_unknown(&LEGAL.replacen("legal", "lega", 1)), 1);
        assert_eq!(position_of_unknown(&LEGAL.replace("year", "jahr")), 4);
        assert_eq!(position_of_unknown(&LEGAL.replace("yellow", "yellow.")), 12);
        let message = MnemonicError::UnknownWord { position: 4 }.to_string();
        assert!(
            message.starts_with("word 4 of the recovery phrase is not in"),
            "{message}"
        );
    }

    #[test]
    fn parse_wrong_checksum_is_named() {
        for text in [
            LEGAL.replace("yellow", "year"),
            LEGAL.replace("legal winner thank year", "winner legal thank year"),
        ] {
            assert!(
                matches!(Mnemonic::parse(&text), Err(MnemonicError::Checksum)),
                "{text}"
            );
        }
    }

    #[test]
    fn debug_shows_the_number_of_words_only() {
        let mnemonic = Mnemonic::parse(LEGAL).unwrap();
        assert_eq!(format!("{mnemonic:?}"), "Mnemonic(12 words)");
    }

    fn arb_mnemonic() -> impl Strategy<Value = Mnemonic> {
        (0..WordCount::ALL.len(), any::<[u8; 32]>()).prop_map(|(count, entropy)| {
            let bytes = WordCount::ALL[count].entropy_bytes();
            Mnemonic(bip39::Mnemonic::from_entropy(&entropy[..bytes]).unwrap())
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(39),
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn parse_of_revealed_is_the_same(mnemonic in arb_mnemonic()) {
            let phrase = mnemonic.reveal();
            let parsed = Mnemonic::parse(&phrase).unwrap();
            prop_assert_eq!(&parsed, &mnemonic);
            prop_assert_eq!(parsed.reveal(), phrase);
        }

        #[test]
        fn parse_of_disfigured_is_the_same(
            mnemonic in arb_mnemonic(),
            gaps in proptest::collection::vec("[ \t\r\n\u{a0}\u{2003}\u{3000}]{1,3}", 25),
            upper in any::<u128>(),
        ) {
            let mut text = gaps[0].clone();
            let mut letters = 0;
            for (word, gap) in mnemonic.reveal().split(' ').zip(&gaps[1..]) {
                for letter in word.chars() {
                    letters += 1;
                    let fullwidth = char::from_u32(letter as u32 + 0xfee0).unwrap();
                    text.push(match upper >> (letters % 128) & 3 {
                        0 => letter.to_ascii_uppercase(),
                        1 => fullwidth,
                        _ => letter,
                    });
                }
                text.push_str(gap);
            }
            prop_assert_eq!(Mnemonic::parse(&text).unwrap(), mnemonic);
        }

        #[test]
        fn parse_of_anything_never_panics_and_is_stable(text in "\\PC{0,300}") {
            if let Ok(mnemonic) = Mnemonic::parse(&text) {
                prop_assert_eq!(Mnemonic::parse(&mnemonic.reveal()).unwrap(), mnemonic);
            }
        }

        #[test]
        fn parse_with_one_word_changed_is_another_phrase_or_a_wrong_checksum(
            mnemonic in arb_mnemonic(),
            place in any::<prop::sample::Index>(),
            other in 0_usize..2048,
        ) {
            let phrase = mnemonic.reveal();
            let mut words: Vec<&str> = phrase.split(' ').collect();
            let place = place.index(words.len());
            let other = bip39::Language::English.word_list()[other];
            prop_assume!(words[place] != other);
            words[place] = other;
            match Mnemonic::parse(&words.join(" ")) {
                Ok(changed) => prop_assert!(changed != mnemonic),
                Err(error) => prop_assert!(matches!(error, MnemonicError::Checksum)),
            }
        }
    }
}
