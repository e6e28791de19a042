//! A short text sealed to one to four public keys of secp256k1: each of their owners can read it alone.
//!
//! Format, version 1, everything in this order and without separators:
//!
//! | bytes | content |
//! |---|---|
//! | 1 | version, 1 |
//! | 1 | number of slots n, 1 to 4 |
//! | 33 | ephemeral point R = g^r, compressed; r is drawn at random for this text |
//! | 16 n | one slot for each reader, in the order they were named |
//! | 32 to 544 | ciphertext of the padded text |
//! | 16 | Poly1305 tag |
//!
//! - The seed is 16 random bytes. Slot = seed XOR the first 16 bytes of HKDF-SHA256(ikm = P^r, salt = R | P,
//!   info = `lets-wallet sealed text v1: slot`), with the reader's public key P; P^r and P are compressed. The
//!   reader, whose secret is x, computes P^r as R^x. A reader named again gets a slot of random bytes.
//! - Key = 32 bytes of HKDF-SHA256(ikm = seed, salt = R, info = `lets-wallet sealed text v1: key`). It
//!   encrypts one text, hence ChaCha20-Poly1305 with the nonce zero.
//! - Associated data = all bytes before the ciphertext, then the caller's context.
//! - Padded text = length of the text (2 bytes, big-endian), the text, zeros up to the next multiple of 32.
//!
//! A stranger learns the number of slots and the bucket of the length, not who the readers are. A reader does
//! not learn who sealed the text: anybody who knows his public key can. Nor that the other readers can open
//! it: a malicious sealer can fill their slots with nonsense, and could even build one box that opens to two
//! different texts (ChaCha20-Poly1305 does not commit to its key). Whoever finds a secret key later reads
//! what was sealed to it before.

use chacha20poly1305::aead::AeadInPlace;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Nonce, Tag};
use ergo_lib::ergo_chain_types::{EcPoint, ec_point};
use ergo_lib::ergotree_interpreter::sigma_protocol::private_input::DlogProverInput;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::ProveDlog;
use ergo_lib::wallet::secret_key::SecretKey;
use hkdf::Hkdf;
use rand::RngCore;
use rand::rngs::OsRng;
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::keys::{DeriveError, KeyIndex, UnlockedKeys};
use crate::one_time_key::OneTimeKey;

/// The longest text that can be sealed, in bytes.
pub const MAX_TEXT_BYTES: usize = 512;
/// The most readers that a text can be sealed to.
pub const MAX_READERS: usize = 4;

const VERSION: u8 = 1;
const SLOT_INFO: &[u8] = b"lets-wallet sealed text v1: slot";
const KEY_INFO: &[u8] = b"lets-wallet sealed text v1: key";
const SEED_BYTES: usize = 16;
const KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
/// Version and number of slots.
const PREFIX_BYTES: usize = 2;
const LENGTH_BYTES: usize = 2;
const BUCKET_BYTES: usize = 32;

type Seed = Zeroizing<[u8; SEED_BYTES]>;

/// Why a text could not be sealed.
#[derive(Debug, Error)]
pub enum SealTextError {
    /// The text is too long.
    #[error("the text has {bytes} bytes, at most {MAX_TEXT_BYTES} can be sealed: shorten it")]
    TooLong {
        /// Length of the text.
        bytes: usize,
    },
    /// There is no reader, or there are too many.
    #[error("a text is sealed to 1 to {MAX_READERS} readers, not to {found}")]
    ReaderCount {
        /// How many there were.
        found: usize,
    },
    /// A reader's key is the point at infinity: everybody knows its secret.
    #[error("the key of reader {reader} is the point at infinity, which is nobody's key")]
    Reader {
        /// The reader, counted from 0.
        reader: usize,
    },
    /// The operating system gave no random numbers.
    #[error("the operating system gave no random numbers, so nothing can be sealed: {0}")]
    Randomness(rand::Error),
    /// The cipher refused its input, which does not happen with texts of this length.
    #[error("the text could not be encrypted")]
    Cipher,
}

/// Why a sealed text could not be opened.
#[derive(Debug, Error)]
pub enum OpenTextError {
    /// It was sealed by a newer program.
    #[error(
        "the text is sealed in version {found}, this program reads version {VERSION}: update the program"
    )]
    UnsupportedVersion {
        /// The version that it names.
        found: u8,
    },
    /// No sealed text has this number of slots.
    #[error("this is no sealed text: it names {found} readers, 1 to {MAX_READERS} are possible")]
    ReaderCount {
        /// The number that it names.
        found: u8,
    },
    /// No sealed text has this length: it was cut off, or something was added.
    #[error("this is no sealed text: no such text has {bytes} bytes")]
    Length {
        /// Its length.
        bytes: usize,
    },
    /// The ephemeral point is none of the curve, or the point at infinity.
    #[error("this is no sealed text: it contains no valid point of the curve")]
    Point,
    /// It is sealed to other keys, or for another context, or was altered. Which of these cannot be told.
    #[error("the text is not sealed to this key, or not for this place, or it was altered")]
    Refused,
    /// The key could not be derived.
    #[error(transparent)]
    Derive(#[from] DeriveError),
}

/// Seals a text of at most [`MAX_TEXT_BYTES`] to one to [`MAX_READERS`] public keys.
///
/// `context` says where the text belongs, such as the identifier of what it is attached to. It is not stored:
/// who opens the text must give the same bytes. Naming a reader twice is allowed and cannot be seen from
/// outside. The result has [`sealed_text_len`] bytes, and is another one each time.
///
/// # Errors
/// [`SealTextError`]: text too long, no reader or too many, a reader's key at infinity, no random numbers.
pub fn seal_text(
    plain: &[u8],
    readers: &[ProveDlog],
    context: &[u8],
) -> Result<Vec<u8>, SealTextError> {
    seal_with(&mut OsRng, plain, readers, context)
}

/// Length in bytes of a text of `plain_len` bytes, sealed to `readers` readers.
///
/// It means something up to [`MAX_TEXT_BYTES`] and [`MAX_READERS`]: more cannot be sealed.
pub const fn sealed_text_len(plain_len: usize, readers: usize) -> usize {
    header_len(readers)
        .saturating_add(padded_len(plain_len))
        .saturating_add(TAG_BYTES)
}

impl UnlockedKeys {
    /// Opens a text that was sealed, for the same context, to the key of this index.
    ///
    /// # Errors
    /// [`OpenTextError`]; [`OpenTextError::Refused`] whether the key, the context or the text is wrong.
    pub fn open_text(
        &self,
        index: KeyIndex,
        sealed: &[u8],
        context: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenTextError> {
        let parts = Parts::parse(sealed)?;
        let secret = self.secret(index)?;
        let public = secret.public_image();
        let SecretKey::DlogSecretKey(secret) = secret.secret_key() else {
            return Err(OpenTextError::Refused);
        };
        parts
            .open(&secret, &public, context)
            .ok_or(OpenTextError::Refused)
    }
}

fn seal_with(
    rng: &mut impl RngCore,
    plain: &[u8],
    readers: &[ProveDlog],
    context: &[u8],
) -> Result<Vec<u8>, SealTextError> {
    let too_long = SealTextError::TooLong { bytes: plain.len() };
    let plain_len = match u16::try_from(plain.len()) {
        Ok(len) if plain.len() <= MAX_TEXT_BYTES => len,
        _ => return Err(too_long),
    };
    let found = readers.len();
    let slots = match u8::try_from(found) {
        Ok(slots) if (1..=MAX_READERS).contains(&found) => slots,
        _ => return Err(SealTextError::ReaderCount { found }),
    };
    let ephemeral = OneTimeKey::generate_with(rng).map_err(SealTextError::Randomness)?;
    let point = compressed(&ephemeral.public_key().h).ok_or(SealTextError::Cipher)?;
    let mut seed = Seed::default();
    rng.try_fill_bytes(&mut *seed)
        .map_err(SealTextError::Randomness)?;

    // Full capacity from the start: a growing vector would leave copies of the text behind.
    let mut sealed = Vec::with_capacity(sealed_text_len(plain.len(), found));
    sealed.extend_from_slice(&[VERSION, slots]);
    sealed.extend_from_slice(&point);
    for (reader, key) in readers.iter().enumerate() {
        let mut slot = Seed::default();
        if readers[..reader].contains(key) {
            // The same slot twice would tell that two readers are one.
            rng.try_fill_bytes(&mut *slot)
                .map_err(SealTextError::Randomness)?;
        } else {
            compressed(&key.h).ok_or(SealTextError::Reader { reader })?;
            let mask =
                slot_mask(ephemeral.secret(), key, &point, key).ok_or(SealTextError::Cipher)?;
            *slot = xor(&mask, &seed);
        }
        sealed.extend_from_slice(&*slot);
    }
    let header_len = sealed.len();
    let associated = [&sealed, context].concat();
    sealed.extend_from_slice(&plain_len.to_be_bytes());
    sealed.extend_from_slice(plain);
    sealed.resize(header_len + padded_len(plain.len()), 0);
    let tag = cipher(&seed, &point)
        .ok_or(SealTextError::Cipher)?
        .encrypt_in_place_detached(&Nonce::default(), &associated, &mut sealed[header_len..])
        .map_err(|_| SealTextError::Cipher)?;
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

/// A sealed text whose form is right, taken apart.
struct Parts<'a> {
    header: &'a [u8],
    ephemeral: ProveDlog,
    point: &'a [u8],
    slots: &'a [[u8; SEED_BYTES]],
    ciphertext: &'a [u8],
    tag: &'a [u8; TAG_BYTES],
}

impl<'a> Parts<'a> {
    fn parse(sealed: &'a [u8]) -> Result<Self, OpenTextError> {
        let length = OpenTextError::Length {
            bytes: sealed.len(),
        };
        // The version decides what the rest means, so it comes first.
        let (slots, rest) = match *sealed {
            [found, ..] if found != VERSION => {
                return Err(OpenTextError::UnsupportedVersion { found });
            }
            [_, slots, ref rest @ ..] => (slots, rest),
            _ => return Err(length),
        };
        if !(1..=MAX_READERS).contains(&usize::from(slots)) {
            return Err(OpenTextError::ReaderCount { found: slots });
        }
        let Some((point, rest)) = rest.split_at_checked(EcPoint::GROUP_SIZE) else {
            return Err(length);
        };
        let Some((slots, rest)) = rest.split_at_checked(SEED_BYTES * usize::from(slots)) else {
            return Err(length);
        };
        let Some((ciphertext, tag)) = rest.split_last_chunk() else {
            return Err(length);
        };
        if ciphertext.len() % BUCKET_BYTES != 0
            || !(padded_len(0)..=padded_len(MAX_TEXT_BYTES)).contains(&ciphertext.len())
        {
            return Err(length);
        }
        let ephemeral = EcPoint::sigma_parse_bytes(point)
            .ok()
            .filter(|parsed| compressed(parsed).is_some_and(|canonical| canonical == point))
            .ok_or(OpenTextError::Point)?;
        Ok(Parts {
            header: &sealed[..PREFIX_BYTES + point.len() + slots.len()],
            ephemeral: ProveDlog::new(ephemeral),
            point,
            slots: slots.as_chunks().0,
            ciphertext,
            tag,
        })
    }

    /// Tries every slot: which one is the reader's is not written anywhere.
    fn open(
        &self,
        secret: &DlogProverInput,
        public: &ProveDlog,
        context: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let mask = slot_mask(secret, &self.ephemeral, self.point, public)?;
        let associated = [self.header, context].concat();
        self.slots.iter().find_map(|slot| {
            let seed = Seed::new(xor(&mask, slot));
            let mut text = Zeroizing::new(self.ciphertext.to_vec());
            cipher(&seed, self.point)?
                .decrypt_in_place_detached(
                    &Nonce::default(),
                    &associated,
                    &mut text,
                    Tag::from_slice(self.tag),
                )
                .ok()?;
            unpadded(&text)
        })
    }
}

/// What hides the seed in a reader's slot. `secret` belongs to one side, `other` is the key of the other one:
/// both sides get the same.
fn slot_mask(
    secret: &DlogProverInput,
    other: &ProveDlog,
    point: &[u8],
    reader: &ProveDlog,
) -> Option<Seed> {
    let shared = Zeroizing::new(compressed(&ec_point::exponentiate(
        &other.h,
        secret.w.as_scalar_ref(),
    ))?);
    let salt = [point, &compressed(&reader.h)?].concat();
    let mut mask = Seed::default();
    Hkdf::<Sha256>::new(Some(&salt), &*shared)
        .expand(SLOT_INFO, &mut *mask)
        .ok()?;
    Some(mask)
}

fn cipher(seed: &Seed, point: &[u8]) -> Option<ChaCha20Poly1305> {
    let mut key = Zeroizing::new([0_u8; KEY_BYTES]);
    Hkdf::<Sha256>::new(Some(point), &**seed)
        .expand(KEY_INFO, &mut *key)
        .ok()?;
    ChaCha20Poly1305::new_from_slice(&*key).ok()
}

/// The compressed form of a point; none for the point at infinity, which has none.
fn compressed(point: &EcPoint) -> Option<[u8; EcPoint::GROUP_SIZE]> {
    if ec_point::is_identity(point) {
        return None;
    }
    let bytes = Zeroizing::new(point.sigma_serialize_bytes().ok()?);
    bytes.as_slice().try_into().ok()
}

fn xor(one: &[u8; SEED_BYTES], two: &[u8; SEED_BYTES]) -> [u8; SEED_BYTES] {
    std::array::from_fn(|place| one[place] ^ two[place])
}

const fn header_len(readers: usize) -> usize {
    (PREFIX_BYTES + EcPoint::GROUP_SIZE).saturating_add(SEED_BYTES.saturating_mul(readers))
}

const fn padded_len(plain_len: usize) -> usize {
    plain_len
        .saturating_add(LENGTH_BYTES)
        .div_ceil(BUCKET_BYTES)
        .saturating_mul(BUCKET_BYTES)
}

/// Takes the padding off. None if it is not the one that sealing makes.
fn unpadded(padded: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (length, rest) = padded.split_first_chunk()?;
    let (text, zeros) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
    (text.len() <= MAX_TEXT_BYTES
        && padded.len() == padded_len(text.len())
        && zeros.iter().all(|byte| *byte == 0))
    .then(|| Zeroizing::new(text.to_vec()))
}

#[cfg(test)]
mod tests {
    use rand::rngs::mock::StepRng;

    use super::*;
    use crate::{Backup, Mnemonic};

    /// What [`seal_fixed`] must give. Made by `tests/vectors.py`, which shares no code with us.
    const VECTOR: &str = "\
        010303481c69cb772171bc21d996301a75a2a1edc2e4a3f8b47fcf15b1ac3b78\
        7cd728249bb3a88a94adc2a39156f7f307c8c66f31691b4a777592e1e33f5c35\
        dc587f6e6d6c6b6a6968677f7e7d7c7b7a7978775cce516dc7f95f1a66111ca1\
        521d3d4581f5ea602d02af2fe3147ab37383eb166d3b41ab990cb490667ad09e\
        7e8408";

    fn reader(words: &str) -> UnlockedKeys {
        Backup::new(Mnemonic::parse(words).unwrap()).keys().unwrap()
    }

    fn alice() -> UnlockedKeys {
        reader("legal winner thank year wave sausage worth useful legal winner thank yellow")
    }

    fn bob() -> UnlockedKeys {
        reader("letter advice cage absurd amount doctor acoustic avoid letter advice cage above")
    }

    fn seal_fixed() -> Vec<u8> {
        let (alice, bob) = (
            alice().first_public_key().clone(),
            bob().first_public_key().clone(),
        );
        let mut counting = StepRng::new(0x0102_0304_0506_0708, 0x1111_1111_1111_1111);
        let readers = [alice.clone(), bob, alice];
        seal_with(&mut counting, b"three eggs", &readers, b"context").unwrap()
    }

    fn hexadecimal(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn format_matches_committed_vector() {
        assert_eq!(hexadecimal(&seal_fixed()), VECTOR);
    }

    #[test]
    fn committed_vector_opens() {
        let sealed: Vec<u8> = VECTOR
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
        for keys in [alice(), bob()] {
            let text = keys
                .open_text(KeyIndex::FIRST, &sealed, b"context")
                .unwrap();
            assert_eq!(text.as_slice(), b"three eggs");
        }
    }

    /// Somebody who has the key can encrypt any padding. One text must still have one form.
    #[test]
    fn padding_other_than_ours_is_refused() {
        let mut padded = [0_u8; 64];
        padded[1] = 31;
        assert_eq!(unpadded(&padded).unwrap().as_slice(), [0; 31]);
        padded[63] = 1;
        assert!(unpadded(&padded).is_none());
        padded[63] = 0;
        padded[1] = 30;
        assert!(unpadded(&padded).is_none());
        padded[1] = 63;
        assert!(unpadded(&padded).is_none());
        padded[0] = 255;
        assert!(unpadded(&padded).is_none());
        let mut longest = [0_u8; 544];
        longest[..2].copy_from_slice(&512_u16.to_be_bytes());
        assert!(unpadded(&longest).is_some());
        longest[..2].copy_from_slice(&513_u16.to_be_bytes());
        assert!(unpadded(&longest).is_none());
    }
}
