//! One transaction, signed in parts by the owners of its inputs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use crate::common::{HEIGHT, boxes, gather, is_valid, keys, prop_tree, state, tree};
use ergo_lib::chain::transaction::UnsignedInput;
use ergo_lib::chain::transaction::unsigned::UnsignedTransaction;
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::mir::atleast::Atleast;
use ergo_lib::ergotree_ir::mir::bool_to_sigma::BoolToSigmaProp;
use ergo_lib::ergotree_ir::mir::collection::Collection;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::mir::expr::Expr;
use ergo_lib::ergotree_ir::mir::sigma_and::SigmaAnd;
use ergo_lib::ergotree_ir::mir::sigma_or::SigmaOr;
use ergo_lib::ergotree_ir::mir::unary_op::OneArgOpTryBuild;
use ergo_lib::ergotree_ir::types::stype::SType;
use ergo_lib::wallet::signing::TransactionContext;
use lets_wallet::{
    AssembleError, InputProof, KeyIndex, LocalSigner, SignError, Signer, VerifyInputError,
    assemble, verify_input,
};

type UnsignedContext = TransactionContext<UnsignedTransaction>;

fn p2pk(number: usize) -> ErgoTree {
    prop_tree(keys(number).sigma_prop(KeyIndex::FIRST).unwrap())
}

fn constant(number: usize) -> Expr {
    Expr::Const(keys(number).sigma_prop(KeyIndex::FIRST).unwrap().into())
}

fn bool_tree(value: bool) -> ErgoTree {
    tree(BoolToSigmaProp::try_build(Expr::Const(Constant::from(value))).unwrap())
}

fn signer(number: usize) -> LocalSigner {
    LocalSigner::new([&keys(number)]).unwrap()
}

/// One input for each of three keys, and one that everybody may spend.
fn three_owners() -> (Vec<ErgoBox>, UnsignedContext) {
    let inputs = boxes(vec![p2pk(0), p2pk(1), bool_tree(true), p2pk(2)]);
    let tx = gather(&inputs, p2pk(0));
    (inputs, tx)
}

/// Signs in the given order, each signer the inputs whose proof is still missing.
fn signed_in_order(tx: &UnsignedContext, order: &[usize]) -> Vec<Option<Vec<u8>>> {
    let mut proofs = vec![None; tx.spending_tx.inputs.len()];
    for number in order {
        let made = signer(*number).prove_inputs(tx, &state()).unwrap();
        for (known, new) in proofs.iter_mut().zip(made) {
            *known = known.take().or(new.into_bytes());
        }
    }
    proofs
}

fn verified(tx: &UnsignedContext, input: usize, proof: &[u8]) -> bool {
    verify_input(tx, &state(), input, proof).unwrap()
}

#[test]
fn three_signers_in_any_order_make_a_valid_transaction() {
    let (inputs, tx) = three_owners();
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        let proofs = signed_in_order(&tx, &order);
        let signed = assemble(&tx.spending_tx, &proofs).unwrap();
        assert_eq!(signed.id(), tx.spending_tx.id());
        assert!(is_valid(signed, &inputs), "{order:?}");
    }
}

#[test]
fn prove_inputs_tells_own_foreign_and_free_inputs() {
    let (_, tx) = three_owners();
    let proofs = signer(1).prove_inputs(&tx, &state()).unwrap();
    let [
        InputProof::Missing(first),
        InputProof::Made(own),
        InputProof::NotNeeded,
        InputProof::Missing(last),
    ] = proofs.as_slice()
    else {
        panic!("{proofs:?}");
    };
    assert_eq!(**first, keys(0).first_public_key().clone().into());
    assert_eq!(**last, keys(2).first_public_key().clone().into());
    assert!(verified(&tx, 1, own));
}

#[test]
fn missing_proof_is_named() {
    let (_, tx) = three_owners();
    let proofs = signed_in_order(&tx, &[0, 1]);
    let error = assemble(&tx.spending_tx, &proofs).unwrap_err();
    assert!(matches!(error, AssembleError::Missing { input: 3 }));
    assert!(error.to_string().contains("input 3"), "{error}");
}

#[test]
fn list_of_proofs_of_other_length_is_refused() {
    let (_, tx) = three_owners();
    let mut proofs = signed_in_order(&tx, &[0, 1, 2]);
    proofs.push(Some(Vec::new()));
    let error = assemble(&tx.spending_tx, &proofs).unwrap_err();
    assert!(matches!(
        error,
        AssembleError::Count {
            inputs: 4,
            proofs: 5
        }
    ));
    let error = assemble(&tx.spending_tx, &proofs[..3]).unwrap_err();
    assert!(matches!(error, AssembleError::Count { proofs: 3, .. }));
}

/// The length of a proof has two bytes: a longer one would be cut, and the rest read as something else.
#[test]
fn proof_too_long_to_be_written_is_refused() {
    let (_, tx) = three_owners();
    let mut proofs = signed_in_order(&tx, &[0, 1, 2]);
    proofs[1] = Some(vec![1; 65_536]);
    let error = assemble(&tx.spending_tx, &proofs).unwrap_err();
    assert!(matches!(
        error,
        AssembleError::TooLong {
            input: 1,
            bytes: 65_536
        }
    ));
}

#[test]
fn verify_input_accepts_each_right_proof_at_its_place_only() {
    let (_, tx) = three_owners();
    let proofs = signed_in_order(&tx, &[0, 1, 2]);
    for (number, proof) in proofs.iter().enumerate() {
        for input in 0..proofs.len() {
            let right = verified(&tx, input, proof.as_ref().unwrap());
            assert_eq!(right, input == number, "proof {number} for input {input}");
        }
    }
}

#[test]
fn proof_of_other_transaction_is_refused() {
    let (inputs, tx) = three_owners();
    let other = gather(&inputs, p2pk(1));
    let proof = signed_in_order(&other, &[0]).swap_remove(0).unwrap();
    assert!(verified(&other, 0, &proof));
    assert!(!verified(&tx, 0, &proof));
}

#[test]
fn altered_shortened_and_lengthened_proofs_are_refused() {
    let (_, tx) = three_owners();
    let proof = signed_in_order(&tx, &[0]).swap_remove(0).unwrap();
    assert!(verified(&tx, 0, &proof));
    for length in [0, 1, 23, 24, 55] {
        assert!(!verified(&tx, 0, &proof[..length]), "{length} bytes");
    }
    assert!(!verified(&tx, 0, &[proof.as_slice(), &[0]].concat()));
    assert!(!verified(&tx, 0, &vec![7; 70_000]));
    for place in [0, 23, 24, 55] {
        let mut altered = proof.clone();
        altered[place] ^= 1;
        assert!(!verified(&tx, 0, &altered), "byte {place}");
    }
}

#[test]
fn input_out_of_range_is_an_error() {
    let (_, tx) = three_owners();
    let error = verify_input(&tx, &state(), 4, &[]).unwrap_err();
    assert!(matches!(
        error,
        VerifyInputError::NoSuchInput {
            input: 4,
            inputs: 4
        }
    ));
}

#[test]
fn script_that_refuses_is_an_error_for_everybody() {
    let tx = gather(&boxes(vec![p2pk(1), bool_tree(false)]), p2pk(0));
    let error = signer(0).prove_inputs(&tx, &state()).unwrap_err();
    assert!(matches!(error, SignError::ReducedToFalse { input: 1 }));
    for proof in [&[][..], &[1; 56]] {
        let error = verify_input(&tx, &state(), 1, proof).unwrap_err();
        assert!(matches!(
            error,
            VerifyInputError::Unprovable(SignError::ReducedToFalse { input: 1 })
        ));
    }
}

/// The exact length of a proof is known for every kind of proposition, also nested ones.
#[test]
fn proofs_of_composed_propositions_are_verified() {
    let two_of_three = Atleast::new(
        Expr::Const(2.into()),
        Collection::new(SType::SSigmaProp, (0..3).map(constant).collect())
            .unwrap()
            .into(),
    )
    .unwrap();
    let both = || Expr::from(SigmaAnd::new(vec![constant(0), constant(1)]).unwrap());
    let inputs = boxes(vec![
        tree(two_of_three),
        tree(both()),
        tree(SigmaOr::new(vec![constant(2), constant(0)]).unwrap()),
        tree(SigmaOr::new(vec![constant(2), both()]).unwrap()),
    ]);
    let tx = gather(&inputs, p2pk(0));
    let signer = LocalSigner::new([&keys(0), &keys(1)]).unwrap();
    let proofs: Vec<_> = signer
        .prove_inputs(&tx, &state())
        .unwrap()
        .into_iter()
        .map(InputProof::into_bytes)
        .collect();
    for (input, proof) in proofs.iter().enumerate() {
        let proof = proof.as_ref().unwrap();
        assert!(verified(&tx, input, proof), "input {input}");
        let longer = [proof.as_slice(), &[0]].concat();
        assert!(!verified(&tx, input, &longer), "input {input}");
    }
    assert!(is_valid(
        assemble(&tx.spending_tx, &proofs).unwrap(),
        &inputs
    ));
}

/// Half the keys of an input are as good as none: nothing is given away.
#[test]
fn input_that_needs_two_signers_is_missing_for_each() {
    let both = SigmaAnd::new(vec![constant(0), constant(1)]).unwrap();
    let tx = gather(&boxes(vec![tree(both)]), p2pk(0));
    for number in [0, 1] {
        let proofs = signer(number).prove_inputs(&tx, &state()).unwrap();
        assert!(matches!(proofs.as_slice(), [InputProof::Missing(_)]));
    }
}

#[test]
fn context_variables_are_kept_and_signed() {
    let inputs = boxes(vec![p2pk(0), p2pk(1)]);
    let plain = gather(&inputs, p2pk(0));
    let mut extension = ContextExtension::empty();
    extension.values.insert(3, 42_i64.into());
    let with_variable = UnsignedTransaction::new_from_vec(
        vec![
            UnsignedInput::new(inputs[0].box_id(), extension.clone()),
            UnsignedInput::new(inputs[1].box_id(), ContextExtension::empty()),
        ],
        Vec::new(),
        plain.spending_tx.output_candidates.clone().to_vec(),
    )
    .unwrap();
    let tx = TransactionContext::new(with_variable, inputs.clone(), Vec::new()).unwrap();
    let proofs = signed_in_order(&tx, &[1, 0]);
    // Another owner's variable is part of what one signs.
    assert!(!verified(&plain, 1, proofs[1].as_ref().unwrap()));
    let signed = assemble(&tx.spending_tx, &proofs).unwrap();
    assert_eq!(
        signed.inputs.get(0).unwrap().spending_proof.extension,
        extension
    );
    assert!(is_valid(signed, &inputs));
}

/// A box old enough, with the output's index in variable 127, needs no proof of its owner.
#[test]
fn storage_rent_needs_no_proof() {
    let mut old = boxes(vec![p2pk(0)]);
    let first = &old[0];
    old[0] = ErgoBox::new(
        first.value,
        first.ergo_tree.clone(),
        None,
        first.additional_registers.clone(),
        HEIGHT - 1_051_200,
        first.transaction_id,
        first.index,
    )
    .unwrap();
    let plain = gather(&old, p2pk(0));
    assert!(!verified(&plain, 0, &[]));
    let mut extension = ContextExtension::empty();
    extension.values.insert(127, 0_i16.into());
    let rent = UnsignedTransaction::new_from_vec(
        vec![UnsignedInput::new(old[0].box_id(), extension)],
        Vec::new(),
        plain.spending_tx.output_candidates.to_vec(),
    )
    .unwrap();
    let tx = TransactionContext::new(rent, old.clone(), Vec::new()).unwrap();
    let proofs = signer(1).prove_inputs(&tx, &state()).unwrap();
    assert_eq!(proofs, [InputProof::NotNeeded]);
    assert!(verified(&tx, 0, &[]));
    assert!(is_valid(
        assemble(&tx.spending_tx, &[Some(Vec::new())]).unwrap(),
        &old
    ));
}

#[test]
fn prove_inputs_of_one_owner_is_as_good_as_sign() {
    let inputs = boxes(vec![p2pk(0), p2pk(0)]);
    let tx = gather(&inputs, p2pk(0));
    let proofs = signed_in_order(&tx, &[0]);
    let signed = assemble(&tx.spending_tx, &proofs).unwrap();
    let whole = signer(0).sign(tx, &state()).unwrap();
    assert_eq!(signed.id(), whole.id());
    assert!(is_valid(signed, &inputs));
}
