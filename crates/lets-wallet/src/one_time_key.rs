//! A key for one purpose, drawn at random: it belongs to no recovery phrase and fits on a paper.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ergo_lib::ergotree_interpreter::sigma_protocol::private_input::DlogProverInput;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::ProveDlog;
use rand::RngCore;
use rand::rngs::OsRng;
use secrecy::SecretString;
use thiserror::Error;
use zeroize::Zeroizing;

/// 32 bytes in base64url without padding.
const TEXT_CHARS: usize = 43;
/// What the decoder wants as room for 43 characters.
const DECODE_BYTES: usize = 33;

/// Why a text is no one-time key. The text itself is never repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OneTimeKeyError {
    /// It has another length.
    #[error(
        "the key has {found} bytes instead of {TEXT_CHARS}: copy it whole, without spaces around it"
    )]
    Length {
        /// Bytes that were there.
        found: usize,
    },
    /// It is not base64url (RFC 4648, section 5, without padding), or not in its one canonical form.
    #[error(
        "the key contains something else than A-Z, a-z, 0-9, - and _, or was misread: copy it again"
    )]
    Encoding,
    /// It decodes to 0, or to the order of the group or more.
    #[error("the key is outside the range of keys: it was misread, copy it again")]
    OutOfRange,
}

/// The operating system gave no random numbers.
#[derive(Debug, Error)]
#[error("the operating system gave no random numbers, so no key can be made: {0}")]
pub struct RandomnessError(#[from] rand::Error);

/// A random secret key, for one purpose and one use.
///
/// Whoever reads its text owns what the key guards. There is no `Display`, `Debug` shows the public key, and
/// the secret is overwritten when dropped.
pub struct OneTimeKey {
    /// In a box, so that moving the key leaves no copies on the stack.
    secret: Box<DlogProverInput>,
    public: ProveDlog,
}

impl OneTimeKey {
    /// Draws a key from the operating system's randomness.
    ///
    /// # Errors
    /// [`RandomnessError`] when the system gives no random numbers.
    pub fn generate() -> Result<Self, RandomnessError> {
        Ok(Self::generate_with(&mut OsRng)?)
    }

    pub(crate) fn generate_with(rng: &mut impl RngCore) -> Result<Self, rand::Error> {
        let mut bytes = Zeroizing::new([0_u8; DlogProverInput::SIZE_BYTES]);
        loop {
            rng.try_fill_bytes(&mut *bytes)?;
            // All but one of 2^127 draws are in range. Taking a remainder instead would favour small keys.
            if let Some(key) = Self::from_bytes(&bytes) {
                return Ok(key);
            }
        }
    }

    /// The secret as text: 43 characters of base64url without padding, as [`OneTimeKey::from_str`] reads it.
    pub fn to_text(&self) -> SecretString {
        let bytes = Zeroizing::new(self.secret.to_bytes());
        let mut text = String::with_capacity(TEXT_CHARS);
        URL_SAFE_NO_PAD.encode_string(*bytes, &mut text);
        text.into()
    }

    /// The public key that belongs to it.
    pub fn public_key(&self) -> &ProveDlog {
        &self.public
    }

    pub(crate) fn secret(&self) -> &DlogProverInput {
        &self.secret
    }

    fn from_bytes(bytes: &[u8; DlogProverInput::SIZE_BYTES]) -> Option<Self> {
        let secret = DlogProverInput::from_bytes(bytes).filter(|secret| !secret.is_zero())?;
        Some(OneTimeKey {
            public: secret.public_image(),
            secret: Box::new(secret),
        })
    }

    fn wipe(&mut self) {
        if let Some(zero) = DlogProverInput::from_bytes(&[0; DlogProverInput::SIZE_BYTES]) {
            *self.secret = zero;
        }
        // Without this the compiler may leave out a write to memory that is about to be freed.
        zeroize::optimization_barrier(&*self.secret);
    }
}

impl FromStr for OneTimeKey {
    type Err = OneTimeKeyError;

    /// # Errors
    /// [`OneTimeKeyError`]; none of its messages repeats the text.
    fn from_str(text: &str) -> Result<Self, OneTimeKeyError> {
        if text.len() != TEXT_CHARS {
            return Err(OneTimeKeyError::Length { found: text.len() });
        }
        let mut buffer = Zeroizing::new([0_u8; DECODE_BYTES]);
        let decoded = URL_SAFE_NO_PAD
            .decode_slice(text, &mut *buffer)
            .map_err(|_| OneTimeKeyError::Encoding)?;
        let mut bytes = Zeroizing::new([0_u8; DlogProverInput::SIZE_BYTES]);
        if decoded != bytes.len() {
            return Err(OneTimeKeyError::Encoding);
        }
        bytes.copy_from_slice(&buffer[..decoded]);
        Self::from_bytes(&bytes).ok_or(OneTimeKeyError::OutOfRange)
    }
}

impl fmt::Debug for OneTimeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OneTimeKey({})", self.public.h)
    }
}

impl Drop for OneTimeKey {
    fn drop(&mut self) {
        self.wipe();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wiped_key_is_zero() {
        let mut key = OneTimeKey::generate().unwrap();
        assert!(!key.secret.is_zero());
        key.wipe();
        assert!(key.secret.is_zero());
    }
}
