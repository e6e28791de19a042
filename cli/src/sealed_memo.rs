//! Memos on the chain: sealed to payee and payer with their accounts' keys, behind a tag.
//!
//! Eight bytes of tag, then the sealed text (`lets_wallet::seal_text`), bound to the LETS, both accounts and the tag. The tag
//! of a payment of an invoice follows from the invoice's number: whoever holds the invoice can tell that it was paid,
//! without being able to read the memo. The tag of a payment given back follows from that payment, so that it is given back
//! once. Any other payment has a tag at random.

use ergo_lib::chain::transaction::TxId;
use ergo_lib::ergo_chain_types::blake2b256_hash;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::{
    ProveDlog, SigmaBoolean, SigmaProofOfKnowledgeTree, SigmaProp,
};
use lets_protocol::{AccountBox, AccountNumber, InvoiceId, Lets, Memo, Reference};
use lets_wallet::{KeyIndex, UnlockedKeys, seal_text};
use rand::RngCore;
use rand::rngs::OsRng;

use crate::error::CliError;

/// Marks the payment of one invoice, or nothing.
pub type Tag = [u8; TAG_BYTES];

const TAG_BYTES: usize = 8;

/// The tag of every payment of this invoice.
pub fn invoice_tag(id: &InvoiceId) -> Tag {
    hashed(&[b"lets invoice tag v1", &id.bytes()[..]].concat())
}

/// The tag of whatever gives back this output of this transaction.
pub fn return_tag(transaction: &TxId, output: u16) -> Tag {
    let id = String::from(*transaction);
    hashed(&[b"lets return tag v1", id.as_bytes(), &output.to_be_bytes()].concat())
}

fn hashed(bytes: &[u8]) -> Tag {
    let hash = blake2b256_hash(bytes);
    let mut tag = Tag::default();
    tag.copy_from_slice(&hash.0[..TAG_BYTES]);
    tag
}

/// The tag that a memo on the chain has, if it is long enough to have one.
pub fn tag_of(memo: &[u8]) -> Option<Tag> {
    memo.get(..TAG_BYTES)?.try_into().ok()
}

/// The one key that a proposition asks for, if it is of that kind: texts can be sealed to it.
pub fn key_of(owner: &SigmaProp) -> Option<&ProveDlog> {
    match owner.value() {
        SigmaBoolean::ProofOfKnowledge(SigmaProofOfKnowledgeTree::ProveDlog(key)) => Some(key),
        _ => None,
    }
}

/// Bytes from the system's source of randomness.
///
/// # Errors
/// [`CliError::Randomness`] when it gives none.
pub fn random<const N: usize>() -> Result<[u8; N], CliError> {
    let mut bytes = [0; N];
    OsRng
        .try_fill_bytes(&mut bytes)
        .map_err(|e| CliError::Randomness(e.to_string()))?;
    Ok(bytes)
}

/// What a memo is bound to: in another payment it does not open.
fn context(lets: &Lets, payer: &AccountNumber, payee: &AccountNumber, tag: &Tag) -> Vec<u8> {
    let unit = lets.ids().unit.to_string();
    [unit.as_bytes(), payer.bytes(), payee.bytes(), tag].concat()
}

/// Seals a memo to the payee, and to the payer who wants to read it again.
///
/// # Errors
/// [`CliError::NoSeal`] if the payee's account has no single key to seal it to; [`CliError::Seal`].
pub fn seal(
    lets: &Lets,
    memo: &Memo,
    payer: &AccountBox,
    payee: &AccountBox,
) -> Result<Vec<u8>, CliError> {
    let tag = match memo.reference() {
        Reference::Invoice(id) => invoice_tag(&id),
        Reference::Return {
            transaction,
            output,
        } => return_tag(&transaction, output),
        Reference::None => random()?,
    };
    let readers: Vec<ProveDlog> = [payee.owner(), payer.owner()]
        .into_iter()
        .filter_map(|owner| key_of(owner).cloned())
        .collect();
    if key_of(payee.owner()).is_none() || *payee.link() != lets_protocol::Link::None {
        return Err(CliError::NoSeal {
            payee: payee.number(),
        });
    }
    let context = context(lets, &payer.number(), &payee.number(), &tag);
    let sealed = seal_text(&memo.to_bytes(), &readers, &context)?;
    Ok([&tag[..], &sealed].concat())
}

/// Opens a memo with the first key of one of these. `None`: it is not for them, or no memo of this program's.
pub fn open(
    lets: &Lets,
    memo: &[u8],
    payer: &AccountNumber,
    payee: &AccountNumber,
    keys: &[UnlockedKeys],
) -> Option<Memo> {
    open_at(lets, memo, payer, payee, keys, KeyIndex::FIRST)
}

/// As [`open`], with the key of that number.
pub fn open_at(
    lets: &Lets,
    memo: &[u8],
    payer: &AccountNumber,
    payee: &AccountNumber,
    keys: &[UnlockedKeys],
    index: KeyIndex,
) -> Option<Memo> {
    let tag = tag_of(memo)?;
    let context = context(lets, payer, payee, &tag);
    keys.iter().find_map(|key| {
        let text = key.open_text(index, &memo[TAG_BYTES..], &context).ok()?;
        Memo::parse(&text).ok()
    })
}
