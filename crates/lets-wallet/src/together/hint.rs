//! The shared file: public hints in EIP-11's JSON, as the node reads and writes it.

use std::collections::BTreeMap;

use ergo_lib::ergo_chain_types::{Base16EncodedBytes, EcPoint, ec_point};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::hint::{
    CommitmentHint, Hint, SecretProven, SimulatedCommitment, SimulatedSecretProof,
};
use ergo_lib::ergotree_interpreter::sigma_protocol::unproven_tree::NodePosition;
use ergo_lib::ergotree_ir::chain::tx_id::TxId;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::ProveDlog;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::RoundId;
use super::error::RoundFileError;
use super::input::{InputRound, LeafProof};

const FORMAT: &str = "lets-signing-round";
const VERSION: u32 = 1;
/// The node's number for "knows the key of this point": the opcode 0xCD as a signed byte.
const PROVE_DLOG: i16 = -51;
const DLOG: &str = "dlog";

/// A round as it goes from signer to signer: nothing in it is secret.
///
/// It is JSON by serde. `hints` is what the node calls `TransactionHintsBag`, and may be given to
/// `/wallet/transaction/sign` as it is. Nothing in it is believed before
/// [`Round::resume`](super::Round::resume) has checked it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoundFile {
    format: String,
    version: u32,
    transaction: TxId,
    round: ergo_lib::ergo_chain_types::Digest32,
    /// What the script of each input came down to, serialised, in hexadecimal.
    propositions: BTreeMap<usize, String>,
    hints: HintsBagJson,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct HintsBagJson {
    /// Always empty here.
    secret_hints: BTreeMap<usize, Vec<HintJson>>,
    public_hints: BTreeMap<usize, Vec<HintJson>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HintJson {
    hint: Kind,
    pubkey: PubkeyJson,
    position: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none", default)]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    a: Option<EcPoint>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    challenge: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    proof: Option<String>,
    /// Never written, and not kept when somebody else did.
    #[serde(skip_serializing, default)]
    secret: Option<IgnoredAny>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    #[serde(rename = "cmtWithSecret")]
    CommitmentWithSecret,
    #[serde(rename = "cmtReal")]
    RealCommitment,
    #[serde(rename = "cmtSimulated")]
    SimulatedCommitment,
    #[serde(rename = "proofReal")]
    RealProof,
    #[serde(rename = "proofSimulated")]
    SimulatedProof,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PubkeyJson {
    op: i16,
    h: EcPoint,
}

impl RoundFile {
    /// The transaction that is signed.
    pub fn transaction(&self) -> TxId {
        self.transaction
    }

    /// The round, to tell two attempts at the same transaction apart.
    pub fn round(&self) -> RoundId {
        RoundId(self.round)
    }

    pub(crate) fn write(transaction: TxId, round: &RoundId, inputs: &[InputRound]) -> Self {
        let mut file = RoundFile {
            format: FORMAT.to_owned(),
            version: VERSION,
            transaction,
            round: round.0,
            propositions: BTreeMap::new(),
            hints: HintsBagJson::default(),
        };
        for input in inputs {
            let hex = Base16EncodedBytes::new(&input.proposition_bytes()).into();
            file.propositions.insert(input.input, hex);
            let hints = write_hints(input, round);
            if !hints.is_empty() {
                file.hints.public_hints.insert(input.input, hints);
            }
        }
        file
    }

    /// Checks everything, and fills the inputs, which were empty before.
    pub(crate) fn read(
        &self,
        transaction: TxId,
        mut inputs: Vec<InputRound>,
        bytes_to_sign: &[u8],
    ) -> Result<Vec<InputRound>, RoundFileError> {
        if self.format != FORMAT || self.version != VERSION {
            return Err(RoundFileError::Format {
                format: self.format.clone(),
                version: self.version,
            });
        }
        if self.transaction != transaction {
            return Err(RoundFileError::OtherTransaction {
                file: self.transaction,
                given: transaction,
            });
        }
        for input in &inputs {
            let hex: String = Base16EncodedBytes::new(&input.proposition_bytes()).into();
            if self.propositions.get(&input.input) != Some(&hex) {
                return Err(RoundFileError::Stale { input: input.input });
            }
        }
        let known = |number: &usize| inputs.iter().any(|input| input.input == *number);
        let listed = self.propositions.keys();
        let hinted = self.hints.public_hints.keys();
        let secret = self.hints.secret_hints.keys();
        if let Some(input) = listed.chain(hinted).chain(secret).find(|n| !known(n)) {
            return Err(RoundFileError::Stale { input: *input });
        }
        for input in &mut inputs {
            let public = self.hints.public_hints.get(&input.input);
            let secret = self.hints.secret_hints.get(&input.input);
            let hints: Vec<&HintJson> = public.into_iter().chain(secret).flatten().collect();
            read_hints(input, &self.round(), &hints, bytes_to_sign)?;
        }
        Ok(inputs)
    }
}

fn position(position: &NodePosition) -> String {
    let steps: Vec<String> = position.positions.iter().map(ToString::to_string).collect();
    steps.join("-")
}

fn write_hints(input: &InputRound, round: &RoundId) -> Vec<HintJson> {
    let mut hints = Vec::new();
    let simulations = input.simulations(round);
    for (index, seat) in input.shape.seats.iter().enumerate() {
        let empty = HintJson {
            hint: Kind::RealCommitment,
            pubkey: PubkeyJson {
                op: PROVE_DLOG,
                h: (*seat.key.h).clone(),
            },
            position: position(&seat.position),
            kind: None,
            a: None,
            challenge: None,
            proof: None,
            secret: None,
        };
        let commitment = |hint: Kind, point: EcPoint| HintJson {
            hint,
            kind: Some(DLOG.to_owned()),
            a: Some(point),
            ..empty.clone()
        };
        let proven = |hint: Kind, proof: &LeafProof| HintJson {
            hint,
            challenge: Some(proof.challenge_hex()),
            proof: Some(proof.to_hex()),
            ..empty.clone()
        };
        if let Some(point) = &input.commitments[index] {
            hints.push(commitment(Kind::RealCommitment, point.clone()));
        }
        if let Some(proof) = &input.answers[index] {
            hints.push(proven(Kind::RealProof, proof));
        }
        if let Some(proof) = &simulations[index] {
            if let Some(point) = proof.point() {
                hints.push(commitment(Kind::SimulatedCommitment, point));
            }
            hints.push(proven(Kind::SimulatedProof, proof));
        }
    }
    hints
}

/// Fills in first the commitments, then, when these are complete, what follows from them.
fn read_hints(
    input: &mut InputRound,
    round: &RoundId,
    hints: &[&HintJson],
    bytes_to_sign: &[u8],
) -> Result<(), RoundFileError> {
    let number = input.input;
    let whose = |hint: &HintJson| Box::new(hint.pubkey.h.clone());
    let malformed = |hint: &HintJson| RoundFileError::Malformed {
        input: number,
        key: whose(hint),
    };
    let mut seated = Vec::with_capacity(hints.len());
    for hint in hints {
        if hint.secret.is_some() || hint.hint == Kind::CommitmentWithSecret {
            return Err(RoundFileError::Secret {
                input: number,
                key: whose(hint),
            });
        }
        let seat = input.shape.seats.iter().position(|seat| {
            position(&seat.position) == hint.position
                && hint.pubkey.op == PROVE_DLOG
                && *seat.key.h == hint.pubkey.h
        });
        let seat = seat.ok_or_else(|| RoundFileError::Misplaced {
            input: number,
            key: whose(hint),
            position: hint.position.clone(),
        })?;
        if seated.contains(&(seat, hint.hint)) {
            return Err(RoundFileError::Twice {
                input: number,
                key: whose(hint),
            });
        }
        seated.push((seat, hint.hint));
    }
    for ((seat, kind), hint) in seated.iter().zip(hints) {
        if *kind == Kind::RealCommitment {
            let point = commitment_of(hint).ok_or_else(|| malformed(hint))?;
            input.commitments[*seat] = Some(point);
        }
    }
    if !input.is_consistent() {
        return Err(RoundFileError::Inconsistent { input: number });
    }
    let complete = input.is_complete();
    let simulations = input.simulations(round);
    let answered = seated.iter().any(|(_, kind)| *kind == Kind::RealProof);
    let challenges = if complete && answered {
        let challenges = input.challenges(round, bytes_to_sign);
        challenges.map_err(|reason| RoundFileError::Challenges {
            input: number,
            reason: Box::new(reason),
        })?
    } else {
        vec![None; simulations.len()]
    };
    let (answers, others): (Vec<_>, Vec<_>) = seated
        .into_iter()
        .zip(hints)
        .filter(|((_, kind), _)| *kind != Kind::RealCommitment)
        .partition(|((_, kind), _)| *kind == Kind::RealProof);
    // The simulated proofs first: what the answers must be follows from them.
    for ((seat, kind), hint) in others.into_iter().chain(answers) {
        if !complete {
            return Err(RoundFileError::Early {
                input: number,
                key: whose(hint),
            });
        }
        let key = &input.shape.seats[seat].key;
        match kind {
            Kind::SimulatedCommitment => {
                let point = commitment_of(hint).ok_or_else(|| malformed(hint))?;
                let due = simulations[seat].as_ref().and_then(LeafProof::point);
                if due != Some(point) {
                    return Err(RoundFileError::Simulated {
                        input: number,
                        key: whose(hint),
                    });
                }
            }
            Kind::SimulatedProof => {
                let proof = proof_of(hint, key).ok_or_else(|| malformed(hint))?;
                if simulations[seat].as_ref() != Some(&proof) {
                    return Err(RoundFileError::Simulated {
                        input: number,
                        key: whose(hint),
                    });
                }
            }
            _ => {
                let proof = proof_of(hint, key).ok_or_else(|| malformed(hint))?;
                if !input.fits(seat, &proof, challenges[seat].as_ref()) {
                    return Err(RoundFileError::Answer {
                        input: number,
                        key: whose(hint),
                    });
                }
                input.answers[seat] = Some(proof);
            }
        }
    }
    Ok(())
}

fn commitment_of(hint: &HintJson) -> Option<EcPoint> {
    if hint.kind.as_deref() != Some(DLOG) || hint.challenge.is_some() || hint.proof.is_some() {
        return None;
    }
    hint.a.clone().filter(|point| !ec_point::is_identity(point))
}

fn proof_of(hint: &HintJson, key: &ProveDlog) -> Option<LeafProof> {
    if hint.kind.is_some() || hint.a.is_some() {
        return None;
    }
    let proof = LeafProof::from_hex(key, hint.proof.as_ref()?)?;
    let challenge = hint.challenge.as_ref()?.to_lowercase();
    (proof.challenge_hex() == challenge).then_some(proof)
}

pub(crate) fn commitment(commitment: SimulatedCommitment) -> Hint {
    Hint::CommitmentHint(CommitmentHint::SimulatedCommitment(commitment))
}

pub(crate) fn proven(proof: SimulatedSecretProof) -> Hint {
    Hint::SecretProven(SecretProven::SimulatedSecretProof(proof))
}
