//! Signatures on messages: to prove who said something, outside of any transaction.
//!
//! The signature is the one that a box guarded by the same key would ask for: a Schnorr proof of Ergo's sigma
//! protocols, 24 bytes of challenge and 32 bytes of response. What is signed is not the message but
//!
//! ```text
//! BLAKE2b-256( "lets-wallet signed message v1\0" | length of domain, 8 bytes, big-endian | domain | message )
//! ```
//!
//! Hence 32 bytes, whatever the message. The bytes that a transaction's proof signs are the transaction
//! itself, which never has 32 bytes: the identifier of a single input takes as much already. So nobody can be
//! brought to sign a transaction by giving it to him as a message. Wallets that sign bare messages of the
//! caller's choice could be brought to sign one of these, if they were given the 32 bytes.

use ergo_lib::ergo_chain_types::{blake2b256_hash, ec_point};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ProverError;
use ergo_lib::ergotree_interpreter::sigma_protocol::verifier::verify_signature;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::ProveDlog;
use ergo_lib::wallet::signing;
use thiserror::Error;

use crate::keys::{DeriveError, KeyIndex, UnlockedKeys};
use crate::signer::Keys;

/// Length of a signature on a message.
pub const SIGNATURE_BYTES: usize = 56;

const PREFIX: &[u8] = b"lets-wallet signed message v1\0";

/// Why a message could not be signed. Both practically never happen.
#[derive(Debug, Error)]
pub enum SignMessageError {
    /// The key could not be derived.
    #[error(transparent)]
    Derive(#[from] DeriveError),
    /// The proof could not be made.
    #[error("the signature could not be made: {0}")]
    Proof(Box<ProverError>),
}

impl UnlockedKeys {
    /// Signs a message with the key of this index: 56 bytes, another ones each time.
    ///
    /// `domain` says what the message is for, such as the program's name and the kind of message. A signature
    /// given for one domain is worth nothing in another one. It never is a signature on a transaction,
    /// whatever `message` contains: what is signed is a hash of 32 bytes, and no transaction is that short.
    /// It says nothing of when it was made, and may be shown again: put into the message what must be fresh.
    ///
    /// # Errors
    /// [`SignMessageError`], which practically never happens.
    pub fn sign_message(
        &self,
        index: KeyIndex,
        domain: &str,
        message: &[u8],
    ) -> Result<Vec<u8>, SignMessageError> {
        let secret = self.secret(index)?;
        signing::sign_message(
            &Keys::new(Some(secret.secret_key())),
            secret.public_image().into(),
            &digest(domain, message),
        )
        .map_err(|reason| SignMessageError::Proof(Box::new(reason)))
    }
}

/// Did the owner of `key` sign this message for this domain?
///
/// False for anything else, whatever the bytes; also for a key at infinity, which everybody could sign for.
pub fn verify_message(key: &ProveDlog, domain: &str, message: &[u8], signature: &[u8]) -> bool {
    // ergo-lib takes shorter and longer signatures as well, and would so give one signature several forms.
    signature.len() == SIGNATURE_BYTES
        && !ec_point::is_identity(&key.h)
        && verify_signature(key.clone().into(), &digest(domain, message), signature)
            .unwrap_or(false)
}

fn digest(domain: &str, message: &[u8]) -> [u8; 32] {
    let domain_len = (domain.len() as u64).to_be_bytes();
    blake2b256_hash(&[PREFIX, &domain_len, domain.as_bytes(), message].concat()).0
}

#[cfg(test)]
mod tests {
    use ergo_lib::ergotree_interpreter::sigma_protocol::private_input::DlogProverInput;
    use ergo_lib::wallet::secret_key::SecretKey;

    use super::*;

    /// Zero is the secret of the point at infinity, and ergo-lib signs with it.
    #[test]
    fn signature_of_key_at_infinity_is_refused() {
        let nobody = ProveDlog::new(ec_point::identity());
        let zero = SecretKey::dlog_from_bytes(&[0; DlogProverInput::SIZE_BYTES]);
        let digest = digest("domain", b"message");
        let signature =
            signing::sign_message(&Keys::new(zero), nobody.clone().into(), &digest).unwrap();
        assert!(verify_signature(nobody.clone().into(), &digest, &signature).unwrap());
        assert!(!verify_message(&nobody, "domain", b"message", &signature));
    }
}
