//! Why simulated proofs must not be of anybody's choice: a forgery that works on ergo-lib's hints as they are.
//!
//! One cheat in a committee of 2 of 3 gets one honest answer on a harmless message, and makes of it a proof on
//! another message, which nobody but him wanted. The round refuses his file: `tests/together_refused.rs`.
#![allow(clippy::unwrap_used, reason = "tests")]

use ergo_lib::ergo_chain_types::{Base16DecodedBytes, Base16EncodedBytes, ec_point};
use ergo_lib::ergotree_interpreter::sigma_protocol::FirstProverMessage;
use ergo_lib::ergotree_interpreter::sigma_protocol::dlog_protocol::interactive_prover::first_message;
use ergo_lib::ergotree_interpreter::sigma_protocol::private_input::DlogProverInput;
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::hint::{
    CommitmentHint, Hint, HintsBag, OwnCommitment, RealCommitment, RealSecretProof, SecretProven,
    SimulatedCommitment, SimulatedSecretProof,
};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::{Prover, TestProver};
use ergo_lib::ergotree_interpreter::sigma_protocol::sig_serializer::parse_sig_compute_challenges;
use ergo_lib::ergotree_interpreter::sigma_protocol::unchecked_tree::UncheckedTree;
use ergo_lib::ergotree_interpreter::sigma_protocol::unproven_tree::NodePosition;
use ergo_lib::ergotree_interpreter::sigma_protocol::verifier::verify_signature;
use ergo_lib::ergotree_interpreter::sigma_protocol::wscalar::Wscalar;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaBoolean;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::cthreshold::Cthreshold;
use ergo_lib::wallet::multi_sig::bag_for_multi_sig;
use gf2_192::gf2_192::Gf2_192;
use gf2_192::gf2_192poly::Gf2_192Poly;

const HARMLESS: &[u8] = b"what all have agreed on";
const FORGED: &[u8] = b"everything to the cheat";

type Commitment = (Wscalar, FirstProverMessage);

struct Committee {
    keys: Vec<DlogProverInput>,
    proposition: SigmaBoolean,
}

impl Committee {
    fn image(&self, member: usize) -> SigmaBoolean {
        self.keys[member].public_image().into()
    }

    fn real(&self, member: usize, commitment: &Commitment) -> Hint {
        RealCommitment {
            image: self.image(member),
            commitment: commitment.1.clone(),
            position: position(member),
        }
        .into()
    }

    fn own(&self, member: usize, commitment: &Commitment) -> Hint {
        OwnCommitment {
            image: self.image(member),
            secret_randomness: commitment.0.clone(),
            commitment: commitment.1.clone(),
            position: position(member),
        }
        .into()
    }

    /// The proof of one leaf, declared to be a simulation.
    fn simulated(&self, member: usize, message: &FirstProverMessage, leaf: &[u8]) -> [Hint; 2] {
        let tree = parse_sig_compute_challenges(&self.image(member), leaf.to_vec()).unwrap();
        let UncheckedTree::UncheckedLeaf(leaf) = tree else {
            unreachable!("the image is a key");
        };
        [
            Hint::CommitmentHint(CommitmentHint::SimulatedCommitment(SimulatedCommitment {
                image: self.image(member),
                commitment: message.clone(),
                position: position(member),
            })),
            Hint::SecretProven(SecretProven::SimulatedSecretProof(SimulatedSecretProof {
                image: self.image(member),
                challenge: leaf.challenge(),
                unchecked_tree: UncheckedTree::UncheckedLeaf(leaf),
                position: position(member),
            })),
        ]
    }

    fn prove(&self, who: Option<usize>, message: &[u8], hints: Vec<Hint>) -> Vec<u8> {
        let secrets = who.map(|member| self.keys[member].clone().into());
        TestProver {
            secrets: secrets.into_iter().collect(),
        }
        .generate_proof(self.proposition.clone(), message, &HintsBag { hints })
        .unwrap()
        .into()
    }

    /// The proof of one member in a whole proof.
    fn part(&self, member: usize, proof: &[u8]) -> RealSecretProof {
        bag_for_multi_sig(&self.proposition, &[self.image(member)], &[], proof)
            .unwrap()
            .real_proofs()
            .remove(0)
    }
}

fn position(member: usize) -> NodePosition {
    NodePosition::crypto_tree_prefix().child(member)
}

fn commit() -> Commitment {
    let (secret, message) = first_message();
    (secret, message.into())
}

fn challenge_bytes(part: &RealSecretProof) -> [u8; 24] {
    let hex = String::from(Base16EncodedBytes::from(part.unchecked_tree.clone()));
    Base16DecodedBytes::try_from(&hex[..48])
        .unwrap()
        .0
        .try_into()
        .unwrap()
}

fn scalar(bytes: &[u8]) -> Wscalar {
    let padded = [&[0; 8][..bytes.len().abs_diff(32)], bytes].concat();
    Wscalar::try_from(Base16DecodedBytes(padded)).unwrap()
}

#[test]
fn simulation_by_the_owner_of_the_key_forges_with_plain_hints() {
    let keys: Vec<_> = (0..3).map(|_| DlogProverInput::random()).collect();
    let items: Vec<SigmaBoolean> = keys.iter().map(|key| key.public_image().into()).collect();
    let proposition = Cthreshold::reduce(2, items.try_into().unwrap());
    let committee = Committee { keys, proposition };
    let [cheat, victim, other] = [0, 1, 2];

    // Round 1: victim and other commit to the harmless message. The cheat need not sign.
    let [victims, others] = [commit(), commit()];

    // The cheat prepares his own message with the victim's commitment, and a true simulation of the other.
    let own = commit();
    let bytes = [7; 56];
    let (challenge, response) = (scalar(&bytes[..24]), scalar(&bytes[24..]));
    let minus = -*challenge.as_scalar_ref();
    let public = *committee.keys[other].public_image().h;
    let point = ec_point::exponentiate(&ec_point::generator(), response.as_scalar_ref())
        * &ec_point::exponentiate(&public, &minus);
    let simulated = committee.simulated(
        other,
        &FirstProverMessage::FirstDlogProverMessage(point.into()),
        &bytes,
    );
    let mut forged = vec![
        committee.real(cheat, &own),
        committee.real(victim, &victims),
    ];
    forged.extend(simulated);
    let wanted = committee.part(victim, &committee.prove(None, FORGED, forged.clone()));

    // He makes a commitment where the honest would simulate him, learns the hash, and only then chooses the
    // challenge of his place, so that the victim's becomes the wanted one.
    let late = commit();
    let honest = vec![
        committee.real(victim, &victims),
        committee.real(other, &others),
    ];
    let mut hints = honest.clone();
    hints.extend(committee.simulated(cheat, &late.1, &bytes));
    let root: [u8; 24] = committee.prove(None, HARMLESS, hints)[..24]
        .try_into()
        .unwrap();
    let line = Gf2_192Poly::interpolate(
        &[u8::try_from(victim + 1).unwrap()],
        &[Gf2_192::from(challenge_bytes(&wanted))],
        Gf2_192::from(root),
    )
    .unwrap();
    let chosen: [u8; 24] = line.evaluate(u8::try_from(cheat + 1).unwrap()).into();
    let z = *late.0.as_scalar_ref()
        + *scalar(&chosen).as_scalar_ref() * *committee.keys[cheat].w.as_scalar_ref();
    let leaf = [&chosen[..], &z.to_bytes()].concat();

    // Round 2: the victim answers the harmless message. Nothing looks wrong.
    let mut hints = honest;
    hints.extend(committee.simulated(cheat, &late.1, &leaf));
    hints.push(committee.own(victim, &victims));
    let answer = committee.part(victim, &committee.prove(Some(victim), HARMLESS, hints));

    // His answer completes the other message.
    forged.push(committee.own(cheat, &own));
    forged.push(answer.into());
    let proof = committee.prove(Some(cheat), FORGED, forged);
    assert!(verify_signature(committee.proposition.clone(), FORGED, &proof).unwrap());
}
