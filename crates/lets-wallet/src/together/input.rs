//! One input in the round: who has committed, who has answered, and the proof that comes of it.
//!
//! All cryptography is ergo-lib's: commitments by `generate_commitments_for`, responses and challenges by
//! `Prover::generate_proof` with hints, what a response commits to by `compute_commitments`.

use ergo_lib::ergo_chain_types::{
    Base16DecodedBytes, Base16EncodedBytes, EcPoint, blake2b256_hash,
};
use ergo_lib::ergotree_interpreter::sigma_protocol::FirstProverMessage;
use ergo_lib::ergotree_interpreter::sigma_protocol::dlog_protocol::{
    FirstDlogProverMessage, interactive_prover,
};
use ergo_lib::ergotree_interpreter::sigma_protocol::proof_tree::ProofTreeLeaf;
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::hint::{
    HintsBag, OwnCommitment, RealCommitment, RealSecretProof, SimulatedCommitment,
    SimulatedSecretProof,
};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::{Prover, ProverError};
use ergo_lib::ergotree_interpreter::sigma_protocol::sig_serializer::parse_sig_compute_challenges;
use ergo_lib::ergotree_interpreter::sigma_protocol::unchecked_tree::{
    UncheckedLeaf, UncheckedTree,
};
use ergo_lib::ergotree_interpreter::sigma_protocol::verifier::{
    compute_commitments, verify_signature,
};
use ergo_lib::ergotree_interpreter::sigma_protocol::wscalar::Wscalar;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::{ProveDlog, SigmaBoolean};
use ergo_lib::wallet::multi_sig::bag_for_multi_sig;

use super::shape::{Group, Shape};
use super::{AnswerId, GroupStatus, InputStatus, MergeError, RoundId};
use crate::signer::Keys;

const CHALLENGE_BYTES: usize = 24;
const RESPONSE_BYTES: usize = 32;
const SIMULATION: &[u8] = b"lets-wallet simulated proof v1\0";
const ANSWER: &[u8] = b"lets-wallet answer v1\0";

/// The proof of one seat: challenge and response, and the commitment that follows from both.
#[derive(Debug, Clone)]
pub(crate) struct LeafProof {
    leaf: UncheckedLeaf,
    commitment: FirstProverMessage,
}

impl PartialEq for LeafProof {
    fn eq(&self, other: &Self) -> bool {
        self.to_hex() == other.to_hex()
    }
}

impl LeafProof {
    /// 56 bytes: challenge and response. None for another length.
    pub(crate) fn from_bytes(key: &ProveDlog, bytes: Vec<u8>) -> Option<Self> {
        if bytes.len() != CHALLENGE_BYTES + RESPONSE_BYTES {
            return None;
        }
        let tree = parse_sig_compute_challenges(&key.clone().into(), bytes).ok()?;
        Self::from_tree(compute_commitments(tree))
    }

    fn from_tree(tree: UncheckedTree) -> Option<Self> {
        let UncheckedTree::UncheckedLeaf(leaf) = tree else {
            return None;
        };
        let commitment = leaf.commitment_opt()?;
        Some(LeafProof { leaf, commitment })
    }

    pub(crate) fn from_hex(key: &ProveDlog, hex: &str) -> Option<Self> {
        Self::from_bytes(key, Base16DecodedBytes::try_from(hex).ok()?.0)
    }

    pub(crate) fn to_hex(&self) -> String {
        Base16EncodedBytes::from(self.tree()).into()
    }

    /// The challenge in hexadecimal.
    pub(crate) fn challenge_hex(&self) -> String {
        let mut hex = self.to_hex();
        hex.truncate(2 * CHALLENGE_BYTES);
        hex
    }

    /// The commitment as a point.
    pub(crate) fn point(&self) -> Option<EcPoint> {
        let UncheckedLeaf::UncheckedSchnorr(leaf) = &self.leaf else {
            return None;
        };
        Some(interactive_prover::compute_commitment(
            &leaf.proposition,
            &leaf.challenge,
            &leaf.second_message,
        ))
    }

    fn tree(&self) -> UncheckedTree {
        UncheckedTree::UncheckedLeaf(self.leaf.clone())
    }
}

/// One input that somebody must sign.
#[derive(Debug, Clone)]
pub(crate) struct InputRound {
    /// Counted from 0, as in the transaction.
    pub(crate) input: usize,
    pub(crate) proposition: SigmaBoolean,
    pub(crate) shape: Shape,
    /// For each seat, the commitment of its key.
    pub(crate) commitments: Vec<Option<EcPoint>>,
    /// For each seat, its real proof.
    pub(crate) answers: Vec<Option<LeafProof>>,
}

/// A commitment as the hints have it.
pub(crate) fn message(point: &EcPoint) -> FirstProverMessage {
    FirstProverMessage::FirstDlogProverMessage(FirstDlogProverMessage::from(point.clone()))
}

impl InputRound {
    pub(crate) fn new(input: usize, proposition: SigmaBoolean) -> Option<Self> {
        let shape = Shape::of(&proposition)?;
        let seats = shape.seats.len();
        Some(InputRound {
            input,
            proposition,
            shape,
            commitments: vec![None; seats],
            answers: vec![None; seats],
        })
    }

    pub(crate) fn proposition_bytes(&self) -> Vec<u8> {
        // Writing to memory does not fail; were it to, nobody's bytes would be equal to these.
        self.proposition.sigma_serialize_bytes().unwrap_or_default()
    }

    fn taken(&self, seats: &[usize]) -> usize {
        seats
            .iter()
            .filter(|seat| self.commitments[**seat].is_some())
            .count()
    }

    /// Are there commitments enough?
    pub(crate) fn is_complete(&self) -> bool {
        self.shape
            .groups
            .iter()
            .all(|group| self.taken(&group.seats) >= group.k)
    }

    /// Could a round have come to these commitments? A key commits at all its seats, and when there are enough,
    /// each group keeps its first k, in the order of the script, which are those that ergo-lib's prover takes.
    pub(crate) fn is_consistent(&self) -> bool {
        let committed = |seat: &usize| {
            self.seats_of(&self.shape.seats[*seat].key)
                .any(|other| self.commitments[other].is_some())
        };
        let complete = self.is_complete();
        self.shape.groups.iter().all(|group| {
            let mut due: Vec<_> = group.seats.iter().filter(|seat| committed(seat)).collect();
            if complete {
                due.truncate(group.k);
            }
            group
                .seats
                .iter()
                .all(|seat| self.commitments[*seat].is_some() == due.contains(&seat))
        })
    }

    /// How many more keys are needed at the least.
    pub(crate) fn missing(&self) -> usize {
        self.shape
            .groups
            .iter()
            .map(|group| group.k.saturating_sub(self.taken(&group.seats)))
            .max()
            .unwrap_or_default()
    }

    /// Would a commitment of this key help?
    pub(crate) fn wants(&self, key: &ProveDlog) -> bool {
        self.shape.groups.iter().any(|group| {
            self.taken(&group.seats) < group.k
                && group.seats.iter().any(|seat| {
                    self.shape.seats[*seat].key == *key && self.commitments[*seat].is_none()
                })
        })
    }

    pub(crate) fn seats_of<'a>(&'a self, key: &'a ProveDlog) -> impl Iterator<Item = usize> + 'a {
        (0..self.shape.seats.len()).filter(move |seat| self.shape.seats[*seat].key == *key)
    }

    /// Frees what no group needs, once there are commitments enough: each group keeps its first k, in the
    /// order of the script, which are those that ergo-lib's prover takes.
    pub(crate) fn settle(&mut self) {
        if !self.is_complete() {
            return;
        }
        for group in &self.shape.groups {
            let mut kept = 0;
            for seat in &group.seats {
                if self.commitments[*seat].is_some() {
                    kept += 1;
                    if kept > group.k {
                        self.commitments[*seat] = None;
                    }
                }
            }
        }
    }

    /// The proofs of the seats that nobody takes.
    ///
    /// Every one of the round computes the same ones, from the commitments of those who sign: nobody may
    /// choose them. Whoever owns such a seat's key could else choose its challenge last, and with it the
    /// challenges that the others answer; their answers would then prove another transaction.
    pub(crate) fn simulations(&self, round: &RoundId) -> Vec<Option<LeafProof>> {
        if !self.is_complete() {
            return vec![None; self.shape.seats.len()];
        }
        let mut seed = SIMULATION.to_vec();
        seed.extend_from_slice(round.as_bytes());
        seed.extend_from_slice(&(self.input as u64).to_be_bytes());
        seed.extend_from_slice(&blake2b256_hash(&self.proposition_bytes()).0);
        for (seat, commitment) in self.commitments.iter().enumerate() {
            if let Some(point) = commitment {
                seed.extend_from_slice(&(seat as u64).to_be_bytes());
                seed.extend_from_slice(String::from(point.clone()).as_bytes());
            }
        }
        let seed = blake2b256_hash(&seed).0;
        self.shape
            .seats
            .iter()
            .zip(&self.commitments)
            .map(|(seat, commitment)| {
                if commitment.is_some() {
                    return None;
                }
                // By the key and not by the place: ergo-lib's prover looks simulated proofs up by their key.
                let key = String::from((*seat.key.h).clone());
                let half = |name: &[u8]| blake2b256_hash(&[&seed, name, key.as_bytes()].concat()).0;
                let bytes = [&half(b"challenge")[..CHALLENGE_BYTES], &half(b"response")].concat();
                LeafProof::from_bytes(&seat.key, bytes)
            })
            .collect()
    }

    fn hints(&self, round: &RoundId) -> HintsBag {
        let mut bag = HintsBag::empty();
        let simulations = self.simulations(round);
        for (index, seat) in self.shape.seats.iter().enumerate() {
            let image = SigmaBoolean::from(seat.key.clone());
            let position = seat.position.clone();
            if let Some(point) = &self.commitments[index] {
                bag.add_hint(
                    RealCommitment {
                        image: image.clone(),
                        commitment: message(point),
                        position: position.clone(),
                    }
                    .into(),
                );
            }
            if let Some(proof) = &self.answers[index] {
                bag.add_hint(
                    RealSecretProof {
                        image: image.clone(),
                        challenge: proof.leaf.challenge(),
                        unchecked_tree: proof.tree(),
                        position: position.clone(),
                    }
                    .into(),
                );
            }
            if let Some(proof) = &simulations[index] {
                let commitment = SimulatedCommitment {
                    image: image.clone(),
                    commitment: proof.commitment.clone(),
                    position: position.clone(),
                };
                let proven = SimulatedSecretProof {
                    image,
                    challenge: proof.leaf.challenge(),
                    unchecked_tree: proof.tree(),
                    position,
                };
                bag.add_hint(super::hint::commitment(commitment));
                bag.add_hint(super::hint::proven(proven));
            }
        }
        bag
    }

    /// The proof with what is there; seats whose answer is missing get a wrong one.
    fn prove(
        &self,
        prover: &dyn Prover,
        hints: &HintsBag,
        message: &[u8],
    ) -> Result<Vec<u8>, ProverError> {
        prover
            .generate_proof(self.proposition.clone(), message, hints)
            .map(Vec::from)
    }

    /// Every seat's proof in a proof of the input.
    fn leaves(&self, proof: &[u8]) -> Result<Vec<Option<LeafProof>>, ProverError> {
        let images: Vec<SigmaBoolean> = self
            .shape
            .seats
            .iter()
            .map(|seat| seat.key.clone().into())
            .collect();
        let found = bag_for_multi_sig(&self.proposition, &images, &[], proof)
            .map_err(|_| ProverError::Unexpected("a proof just made cannot be read"))?
            .real_proofs();
        Ok(self
            .shape
            .seats
            .iter()
            .map(|seat| {
                found
                    .iter()
                    .find(|proof| proof.position == seat.position)
                    .and_then(|proof| LeafProof::from_tree(proof.unchecked_tree.clone()))
            })
            .collect())
    }

    /// What the seats that are taken must be answered with: the challenges in hexadecimal.
    pub(crate) fn challenges(
        &self,
        round: &RoundId,
        message: &[u8],
    ) -> Result<Vec<Option<String>>, ProverError> {
        let proof = self.prove(&Keys::new(None), &self.hints(round), message)?;
        Ok(self
            .leaves(&proof)?
            .into_iter()
            .map(|leaf| leaf.map(|leaf| leaf.challenge_hex()))
            .collect())
    }

    /// Does this proof answer the commitment of its seat, with the challenge that is due?
    pub(crate) fn fits(&self, seat: usize, proof: &LeafProof, challenge: Option<&String>) -> bool {
        let committed = self.commitments[seat].as_ref().map(message);
        committed.as_ref() == Some(&proof.commitment) && challenge == Some(&proof.challenge_hex())
    }

    /// The answers of one key, whose secrets are with `prover`, at the seats of `own`.
    pub(crate) fn answer(
        &self,
        round: &RoundId,
        bytes_to_sign: &[u8],
        prover: &dyn Prover,
        own: Vec<(usize, Wscalar)>,
    ) -> Result<Vec<(usize, LeafProof)>, ProverError> {
        let mut hints = self.hints(round);
        let mut seats = Vec::with_capacity(own.len());
        for (seat, secret_randomness) in own {
            let Some(point) = &self.commitments[seat] else {
                continue;
            };
            hints.add_hint(
                OwnCommitment {
                    image: self.shape.seats[seat].key.clone().into(),
                    secret_randomness,
                    commitment: message(point),
                    position: self.shape.seats[seat].position.clone(),
                }
                .into(),
            );
            seats.push(seat);
        }
        let proof = self.prove(prover, &hints, bytes_to_sign)?;
        let mut leaves = self.leaves(&proof)?;
        let challenges = self.challenges(round, bytes_to_sign)?;
        seats
            .into_iter()
            .map(|seat| {
                leaves[seat]
                    .take()
                    .filter(|leaf| self.fits(seat, leaf, challenges[seat].as_ref()))
                    .map(|leaf| (seat, leaf))
                    .ok_or(ProverError::Unexpected(
                        "the answer does not fit its commitment",
                    ))
            })
            .collect()
    }

    /// The whole proof, if all answers are there and it is right.
    pub(crate) fn finish(
        &self,
        round: &RoundId,
        bytes_to_sign: &[u8],
    ) -> Result<Option<Vec<u8>>, ProverError> {
        let proof = self.prove(&Keys::new(None), &self.hints(round), bytes_to_sign)?;
        let right = verify_signature(self.proposition.clone(), bytes_to_sign, &proof);
        Ok(matches!(right, Ok(true)).then_some(proof))
    }

    /// What an answer at this input depends on: the transaction, the proposition, every commitment and every
    /// simulated proof. Equal ones have equal challenges, hence equal answers.
    pub(crate) fn answer_id(&self, round: &RoundId, bytes_to_sign: &[u8]) -> AnswerId {
        let mut bytes = ANSWER.to_vec();
        bytes.extend_from_slice(&blake2b256_hash(bytes_to_sign).0);
        bytes.extend_from_slice(&(self.input as u64).to_be_bytes());
        bytes.extend_from_slice(&blake2b256_hash(&self.proposition_bytes()).0);
        let simulations = self.simulations(round);
        for (commitment, simulation) in self.commitments.iter().zip(&simulations) {
            let (tag, hex) = match (commitment, simulation) {
                (Some(point), _) => (b'R', String::from(point.clone())),
                (None, Some(proof)) => (b'S', proof.to_hex()),
                (None, None) => (b'-', String::new()),
            };
            bytes.push(tag);
            bytes.extend_from_slice(hex.as_bytes());
        }
        AnswerId::of(&bytes)
    }

    pub(crate) fn has(&self, key: &ProveDlog) -> bool {
        self.seats_of(key).next().is_some()
    }

    /// The same input before anybody came.
    pub(crate) fn emptied(&self) -> Self {
        InputRound {
            commitments: vec![None; self.shape.seats.len()],
            answers: vec![None; self.shape.seats.len()],
            ..self.clone()
        }
    }

    pub(crate) fn open_answers(&self) -> usize {
        self.keys_of_open_answers().len()
    }

    pub(crate) fn keys_of_open_answers(&self) -> Vec<EcPoint> {
        self.keys_at(0..self.shape.seats.len(), |seat| {
            self.commitments[seat].is_some() && self.answers[seat].is_none()
        })
    }

    fn keys_at(
        &self,
        seats: impl IntoIterator<Item = usize>,
        has: impl Fn(usize) -> bool,
    ) -> Vec<EcPoint> {
        seats
            .into_iter()
            .filter(|seat| has(*seat))
            .map(|seat| (*self.shape.seats[seat].key.h).clone())
            .collect()
    }

    pub(crate) fn status(&self) -> InputStatus {
        let group = |group: &Group| GroupStatus {
            k: group.k,
            keys: self.keys_at(group.seats.clone(), |_| true),
            committed: self.keys_at(group.seats.clone(), |seat| self.commitments[seat].is_some()),
            answered: self.keys_at(group.seats.clone(), |seat| self.answers[seat].is_some()),
        };
        InputStatus {
            input: self.input,
            groups: self.shape.groups.iter().map(group).collect(),
        }
    }

    /// This input with what `other`, of the same round and checked, has more.
    pub(crate) fn merged(&self, other: &Self) -> Result<Self, MergeError> {
        for (seat, pair) in self.commitments.iter().zip(&other.commitments).enumerate() {
            if let (Some(ours), Some(theirs)) = pair
                && ours != theirs
            {
                return Err(MergeError::TwoCommitments {
                    input: self.input,
                    key: self.shape.seats[seat].key.h.clone(),
                });
            }
        }
        let answered = |input: &Self| input.answers.iter().any(Option::is_some);
        let mut merged = self.clone();
        match (self.is_complete(), other.is_complete()) {
            (true, true) if self.commitments == other.commitments => {
                for (ours, theirs) in merged.answers.iter_mut().zip(&other.answers) {
                    if ours.is_none() {
                        ours.clone_from(theirs);
                    }
                }
            }
            // Answers decide who signs.
            (true, true) if answered(other) && answered(self) => {
                return Err(MergeError::OtherSet { input: self.input });
            }
            (true, true) if answered(other) => merged = other.clone(),
            (true, _) => {}
            (false, true) => merged = other.clone(),
            (false, false) => {
                // Before there are enough, a key that has committed has done so at all its seats.
                for (seat, theirs) in other.commitments.iter().enumerate() {
                    let key = &self.shape.seats[seat].key;
                    if theirs.is_some() && merged.wants(key) {
                        for seat in self.seats_of(key) {
                            merged.commitments[seat].clone_from(&other.commitments[seat]);
                        }
                    }
                }
                merged.settle();
            }
        }
        Ok(merged)
    }
}
