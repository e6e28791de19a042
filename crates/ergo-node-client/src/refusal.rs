//! Why a node does not take a transaction: a code or phrase of the node becomes a kind that a program can act on.

use ergo_lib::chain::transaction::TxId;
use thiserror::Error;

use crate::error::{Endpoint, NodeError, said};
use crate::transport::Answer;

/// Why a submission (or a check) did not succeed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum SubmitError {
    /// The node judged the transaction and refused it. It is not in that node's pool by this submission.
    #[error(
        "the node refused transaction {} ({at}): {kind}. The node says: {}",
        String::from(*tx_id),
        said(reason, detail)
    )]
    Refused {
        /// The request.
        at: Endpoint,
        /// The transaction.
        tx_id: TxId,
        /// What kind of refusal, with a hint what to do in its `Display`.
        kind: RefusalKind,
        /// The node's code or, for an answer that is not JSON, the HTTP status in words.
        reason: Box<str>,
        /// The node's words; empty when it gave none.
        detail: Box<str>,
    },
    /// No connection was made, so the transaction was never sent. It may be submitted again.
    #[error(
        "the transaction was not sent: cannot reach the node ({at}): {why}. Check the node, then submit it again"
    )]
    Unreachable {
        /// The request.
        at: Endpoint,
        /// What the network layer reported.
        why: String,
    },
    /// The transaction was sent, or may have been, and the answer is missing or says nothing. **It may be in the pool
    /// now, or soon in a block.** Look for it and for its inputs before building another one.
    #[error(
        "it is unknown whether the node has transaction {}: {why}. Look for it in the pool and in the chain before \
         building another one; submitting the very same transaction again is safe",
        String::from(*tx_id)
    )]
    UnknownOutcome {
        /// The transaction.
        tx_id: TxId,
        /// What happened instead of an answer.
        #[source]
        why: Box<NodeError>,
    },
    /// The request did not get as far as being judged: no such route, no permission, not a node, or a transaction
    /// that cannot be written down. For a check also: any missing answer. Nothing was submitted.
    #[error("the transaction was not taken: {0}")]
    NotTaken(#[from] NodeError),
}

/// What kind of refusal. `Display` says it in words, with what to do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Error)]
#[non_exhaustive]
pub enum RefusalKind {
    /// An input is spent by another transaction in the pool that pays at least as much per byte.
    #[error(
        "another waiting transaction spends the same box; wait for it, or build anew from the current boxes"
    )]
    DoubleSpend,
    /// An input is neither unspent in the chain nor created in the pool: spent, or its parent has not arrived.
    #[error(
        "a box that it spends is not there (spent already, or its parent is unknown to this node); read the boxes \
         again, and submit parents first"
    )]
    MissingInput,
    /// A data input is not there.
    #[error("a box that it reads as data input is not there; read the boxes again and build anew")]
    MissingDataInput,
    /// The fee is below the node's minimum (0.001 ERG by default).
    #[error("its fee is below the node's minimum; pay at least 1,000,000 nanoErg (0.001 ERG)")]
    BelowMinFee,
    /// A script did not hold, or a proof is missing or wrong.
    #[error(
        "the script of a box that it spends does not hold; check rules, signer, and the height it was built for"
    )]
    ScriptFailed,
    /// It creates ERG or tokens, or does not account for all ERG.
    #[error("its outputs do not add up with its inputs; build it anew")]
    NotPreserved,
    /// Any other rule of the protocol is broken (dust, creation height, structure).
    #[error("it breaks a rule of the protocol; build it anew")]
    Invalid,
    /// Judging it costs more than the node allows for one transaction (1,000,000 by default).
    #[error("it costs more to check than the node allows; spend fewer boxes at once")]
    TooCostly,
    /// It has more bytes than the node allows (98,304 by default).
    #[error("it is larger than the node allows; spend fewer boxes at once")]
    TooLarge,
    /// The node remembers having refused this very transaction and does not look again for a while.
    #[error(
        "the node refused this very transaction a short while ago and remembers; wait a minute and submit it again"
    )]
    RefusedBefore,
    /// The pool is full of better-paying transactions.
    #[error("the node's pool is full; wait, or pay a higher fee")]
    PoolFull,
    /// The node cannot judge at the moment: still syncing, overloaded, pool switched off.
    #[error(
        "the node does not take transactions at the moment (syncing, overloaded or switched off); wait, or use another"
    )]
    NotReady,
    /// The node could not read the request as a transaction.
    #[error(
        "the node cannot read it as a transaction; its version may be too old for what the transaction uses"
    )]
    Unreadable,
    /// Anything else.
    #[error("for a reason this program does not know")]
    Other,
}

/// Codes of nodes that have them: exact.
const CODES: &[(&str, RefusalKind)] = &[
    ("double_spend_loser", RefusalKind::DoubleSpend),
    ("unresolved_input", RefusalKind::MissingInput),
    ("unresolved_data_input", RefusalKind::MissingDataInput),
    ("below_min_fee", RefusalKind::BelowMinFee),
    ("script_failed", RefusalKind::ScriptFailed),
    ("monetary_failed", RefusalKind::NotPreserved),
    ("cost_exceeded", RefusalKind::TooCostly),
    ("size_limit", RefusalKind::TooLarge),
    ("structural", RefusalKind::Invalid),
    ("validation_failed", RefusalKind::Invalid),
    ("known_invalid", RefusalKind::RefusedBefore),
    ("recently_unresolved", RefusalKind::RefusedBefore),
    ("pool_full", RefusalKind::PoolFull),
    ("deserialize", RefusalKind::Unreadable),
    ("non_canonical", RefusalKind::Unreadable),
    ("disabled", RefusalKind::NotReady),
    ("ibd_gated", RefusalKind::NotReady),
    ("tip_unready", RefusalKind::NotReady),
    ("budget_exhausted", RefusalKind::NotReady),
];

/// Phrases of the reference node, whose code is `bad.request` for everything. In lower case; the first that occurs
/// counts, so narrow ones come first. From its `ValidationRules`, `ErgoMemPool`, `TransactionsApiRoute`,
/// `ErgoBaseApiRoute` and `ApiRejectionHandler`.
const PHRASES: &[(&str, RefusalKind)] = &[
    ("double spending attempt", RefusalKind::DoubleSpend),
    (
        "every input of the transaction should be in utxo",
        RefusalKind::MissingInput,
    ),
    ("not all utxos in place yet", RefusalKind::MissingInput),
    (
        "every data input of the transaction should be in utxo",
        RefusalKind::MissingDataInput,
    ),
    ("min fee not met", RefusalKind::BelowMinFee),
    (
        "scripts of all transaction inputs should pass verification",
        RefusalKind::ScriptFailed,
    ),
    (
        "amount of ergs in inputs should be equal",
        RefusalKind::NotPreserved,
    ),
    (
        "for every token, its amount in outputs",
        RefusalKind::NotPreserved,
    ),
    (
        "cost of block transactions should not exceed",
        RefusalKind::TooCostly,
    ),
    ("has too large size", RefusalKind::TooLarge),
    ("the mempool is full", RefusalKind::PoolFull),
    ("the request content was malformed", RefusalKind::Unreadable),
    ("malformed transaction:", RefusalKind::Invalid),
    (
        "pool can not accept transaction",
        RefusalKind::RefusedBefore,
    ),
];

/// What a refusal (status 4xx) means; None when it says that the node has the transaction already.
pub(crate) fn refusal(answer: Answer, tx_id: TxId) -> Option<SubmitError> {
    let status = answer.status.as_u16();
    let (kind, reason, detail) = match answer.api_error() {
        Some(api) => {
            let words = format!("{} {}", api.reason, api.detail).to_lowercase();
            if api.reason == "duplicate" || words.contains("already in the mempool") {
                return None;
            }
            let by_code = CODES.iter().find(|(code, _)| *code == api.reason);
            let by_phrase = || PHRASES.iter().find(|(phrase, _)| words.contains(phrase));
            let kind = by_code.or_else(by_phrase).map(|(_, kind)| *kind);
            (kind, api.reason, api.detail)
        }
        None => (None, answer.status_words(), answer.text()),
    };
    let by_status = || match status {
        400 | 415 | 422 if answer.api_error().is_none() => RefusalKind::Unreadable,
        413 => RefusalKind::TooLarge,
        429 => RefusalKind::NotReady,
        _ => RefusalKind::Other,
    };
    let kind = kind.unwrap_or_else(by_status);
    Some(SubmitError::Refused {
        at: answer.at,
        tx_id,
        kind,
        reason: reason.into(),
        detail: detail.into(),
    })
}
