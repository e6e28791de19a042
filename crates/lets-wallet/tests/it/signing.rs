//! Signatures that ergo-lib, as a validator, accepts; and what is said when there can be none.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use crate::common::{boxes, gather, is_valid, keys, prop_tree, state, tree};
use ergo_lib::chain::transaction::Transaction;
use ergo_lib::ergo_chain_types::EcPoint;
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ProofBytes;
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::mir::atleast::Atleast;
use ergo_lib::ergotree_ir::mir::bool_to_sigma::BoolToSigmaProp;
use ergo_lib::ergotree_ir::mir::collection::Collection;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::mir::expr::Expr;
use ergo_lib::ergotree_ir::mir::extract_reg_as::ExtractRegisterAs;
use ergo_lib::ergotree_ir::mir::global_vars::GlobalVars;
use ergo_lib::ergotree_ir::mir::option_get::OptionGet;
use ergo_lib::ergotree_ir::mir::unary_op::OneArgOpTryBuild;
use ergo_lib::ergotree_ir::types::stype::SType;
use lets_wallet::{KeyIndex, LocalSigner, SignError, Signer, UnlockedKeys};

fn p2pk(keys: &UnlockedKeys, index: u32) -> ErgoTree {
    prop_tree(keys.sigma_prop(KeyIndex::try_from(index).unwrap()).unwrap())
}

/// `atLeast(k, Coll(keys))` as a script that is evaluated, not as a ready proposition.
fn at_least(k: i32, keys: &[UnlockedKeys]) -> ErgoTree {
    let items = keys
        .iter()
        .map(|keys| Expr::Const(keys.sigma_prop(KeyIndex::FIRST).unwrap().into()))
        .collect();
    let keys = Collection::new(SType::SSigmaProp, items).unwrap();
    tree(Atleast::new(Expr::Const(k.into()), keys.into()).unwrap())
}

fn bool_tree(value: bool) -> ErgoTree {
    tree(BoolToSigmaProp::try_build(Expr::Const(Constant::from(value))).unwrap())
}

/// `SELF.R4[SigmaProp].get`, for boxes that have no R4.
fn r4_tree() -> ErgoTree {
    let r4 = ExtractRegisterAs::new(
        GlobalVars::SelfBox.into(),
        4,
        SType::SOption(SType::SSigmaProp.into()),
    )
    .unwrap();
    tree(OptionGet::try_build(r4.into()).unwrap())
}

fn three() -> [UnlockedKeys; 3] {
    [keys(0), keys(1), keys(2)]
}

fn sign(
    signer: &LocalSigner,
    scripts: Vec<ErgoTree>,
) -> Result<(Transaction, Vec<ErgoBox>), SignError> {
    let inputs = boxes(scripts);
    let tx = signer.sign(gather(&inputs, p2pk(&keys(0), 0)), &state())?;
    Ok((tx, inputs))
}

fn first_point(keys: &UnlockedKeys) -> EcPoint {
    (*keys.first_public_key().h).clone()
}

#[test]
fn p2pk_box_is_signed_and_validates() {
    let alice = keys(0);
    let signer = LocalSigner::new([&alice]).unwrap();
    let (tx, inputs) = sign(&signer, vec![p2pk(&alice, 0), p2pk(&alice, 0)]).unwrap();
    assert!(is_valid(tx, &inputs));
}

#[test]
fn p2pk_proof_altered_is_refused_by_validator() {
    let alice = keys(0);
    let signer = LocalSigner::new([&alice]).unwrap();
    let (tx, inputs) = sign(&signer, vec![p2pk(&alice, 0)]).unwrap();
    let altered = tx.inputs.clone().mapped(|mut input| {
        let mut proof: Vec<u8> = input.spending_proof.proof.into();
        proof[40] ^= 1;
        input.spending_proof.proof = ProofBytes::Some(proof);
        input
    });
    let altered = Transaction::new(
        altered,
        tx.data_inputs.clone(),
        tx.output_candidates.clone(),
    )
    .unwrap();
    assert!(is_valid(tx, &inputs));
    assert!(!is_valid(altered, &inputs));
}

#[test]
fn other_index_is_signed_only_when_loaded() {
    let alice = keys(0);
    let seven = KeyIndex::try_from(7).unwrap();
    let signer = LocalSigner::with_indices([(&alice, seven)]).unwrap();
    let (tx, inputs) = sign(&signer, vec![p2pk(&alice, 7)]).unwrap();
    assert!(is_valid(tx, &inputs));

    let signer = LocalSigner::new([&alice]).unwrap();
    let error = sign(&signer, vec![p2pk(&alice, 7)]).unwrap_err();
    assert!(matches!(error, SignError::CannotProve { input: 0, .. }));
}

#[test]
fn at_least_two_of_three_is_signed_by_any_two() {
    let all = three();
    for (one, two) in [(0, 1), (0, 2), (1, 2)] {
        let signer = LocalSigner::new([&all[one], &all[two]]).unwrap();
        let (tx, inputs) = sign(&signer, vec![at_least(2, &all)]).unwrap();
        assert!(is_valid(tx, &inputs), "keys {one} and {two}");
    }
}

#[test]
fn at_least_two_of_three_is_signed_by_all_three() {
    let all = three();
    let signer = LocalSigner::new(&all).unwrap();
    let (tx, inputs) = sign(&signer, vec![at_least(2, &all), p2pk(&all[1], 0)]).unwrap();
    assert!(is_valid(tx, &inputs));
}

#[test]
fn at_least_two_of_three_with_one_key_names_the_missing() {
    let all = three();
    let signer = LocalSigner::new([&all[1]]).unwrap();
    let error = sign(&signer, vec![p2pk(&all[1], 0), at_least(2, &all)]).unwrap_err();
    let text = error.to_string();
    let SignError::CannotProve { input, missing, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(input, 1);
    assert_eq!(missing, [first_point(&all[0]), first_point(&all[2])]);
    assert!(text.starts_with("input 1 needs a signature"), "{text}");
    assert!(text.contains("atLeast(2, "), "{text}");
    assert!(text.contains(&first_point(&all[2]).to_string()), "{text}");
}

/// One key loaded twice must not pass for two.
#[test]
fn at_least_two_of_three_with_one_key_twice_is_refused() {
    let all = three();
    let signer = LocalSigner::new([&all[0], &all[0]]).unwrap();
    assert_eq!(signer.public_keys(), [all[0].first_public_key().clone()]);
    let error = sign(&signer, vec![at_least(2, &all)]).unwrap_err();
    assert!(matches!(error, SignError::CannotProve { input: 0, .. }));
}

#[test]
fn foreign_key_is_named() {
    let [alice, bob, _] = three();
    let signer = LocalSigner::new([&alice]).unwrap();
    let error = sign(
        &signer,
        vec![p2pk(&alice, 0), p2pk(&alice, 0), p2pk(&bob, 0)],
    )
    .unwrap_err();
    let SignError::CannotProve { input, missing, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!((input, missing), (2, vec![first_point(&bob)]));
}

#[test]
fn signer_without_keys_signs_only_what_needs_none() {
    let signer = LocalSigner::new([]).unwrap();
    let (tx, inputs) = sign(&signer, vec![bool_tree(true)]).unwrap();
    assert!(is_valid(tx, &inputs));
    let error = sign(&signer, vec![p2pk(&keys(0), 0)]).unwrap_err();
    assert!(matches!(error, SignError::CannotProve { input: 0, .. }));
}

#[test]
fn script_reduced_to_false_is_told_from_missing_key() {
    let alice = keys(0);
    let signer = LocalSigner::new([&alice]).unwrap();
    let error = sign(&signer, vec![p2pk(&alice, 0), bool_tree(false)]).unwrap_err();
    assert!(matches!(error, SignError::ReducedToFalse { input: 1 }));
    assert!(error.to_string().contains("input 1 refuses"), "{error}");
}

#[test]
fn script_that_fails_is_told_with_its_input() {
    let alice = keys(0);
    let signer = LocalSigner::new([&alice]).unwrap();
    let error = sign(&signer, vec![p2pk(&alice, 0), r4_tree()]).unwrap_err();
    assert!(matches!(error, SignError::Script { input: 1, .. }));
    assert!(error.to_string().contains("input 1 failed"), "{error}");
    let detail = std::error::Error::source(&error).unwrap().to_string();
    assert!(detail.contains("SELF.getReg(4).get"), "{detail}");
}

#[test]
fn signer_is_usable_as_trait_object_across_threads() {
    let alice = keys(0);
    let signer: Box<dyn Signer + Send + Sync> = Box::new(LocalSigner::new([&alice]).unwrap());
    let inputs = boxes(vec![p2pk(&alice, 0)]);
    let unsigned = gather(&inputs, p2pk(&alice, 0));
    let tx = std::thread::spawn(move || signer.sign(unsigned, &state()))
        .join()
        .unwrap()
        .unwrap();
    assert!(is_valid(tx, &inputs));
}
