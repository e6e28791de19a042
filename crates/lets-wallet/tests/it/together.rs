//! One input signed by several keys that never meet.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use crate::common::committee::{
    Log, at_least, at_least_expr, constant, file, json, key, members, p2pk, pass, signed, spending,
};
use crate::common::{boxes, gather, is_valid, keys, prop_tree, state, tree};
use ergo_lib::ergotree_ir::mir::bool_to_sigma::BoolToSigmaProp;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::mir::expr::Expr;
use ergo_lib::ergotree_ir::mir::sigma_and::SigmaAnd;
use ergo_lib::ergotree_ir::mir::sigma_or::SigmaOr;
use ergo_lib::ergotree_ir::mir::unary_op::OneArgOpTryBuild;
use ergo_lib::wallet::Wallet;
use ergo_lib::wallet::multi_sig::TransactionHintsBag;
use lets_wallet::{
    AnswerError, CommitAndAnswerError, CommitError, FinishError, GroupStatus, KeyIndex,
    LocalSigner, MAX_OPEN_NONCES, Nonces, Round, Stage,
};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

const EXAMPLE: &str = include_str!("common/round-v1.json");

#[test]
fn two_of_three_every_pair_in_every_order_is_valid() {
    let members = members(3);
    let (inputs, tx) = spending(vec![at_least(2, &members)]);
    for (first, second) in [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)] {
        let transaction = signed(&tx, &[&members[first], &members[second]]);
        assert_eq!(transaction.id(), tx.spending_tx.id());
        assert!(is_valid(transaction, &inputs), "{first} {second}");
    }
}

#[test]
fn any_k_of_n_in_random_orders_is_valid() {
    let mut rng = StdRng::seed_from_u64(11);
    for (k, n, rounds) in [(1, 1, 1), (1, 3, 3), (3, 3, 3), (3, 5, 6), (7, 10, 3)] {
        let members = members(n);
        let script = if n == 1 {
            p2pk(&members[0])
        } else {
            at_least(k, &members)
        };
        let (inputs, tx) = spending(vec![script]);
        for _ in 0..rounds {
            let signers: Vec<_> = members.choose_multiple(&mut rng, k).collect();
            assert!(is_valid(signed(&tx, &signers), &inputs), "{k} of {n}");
        }
    }
}

/// The committee's box beside the wallet box of whoever pays the fee, who is in the committee or not.
#[test]
fn committee_beside_a_payer_is_valid_in_any_order() {
    let mut rng = StdRng::seed_from_u64(12);
    let members = members(4);
    for payer in [0, 3] {
        let (inputs, tx) = spending(vec![
            p2pk(&members[payer]),
            at_least(2, &members[..3]),
            p2pk(&members[payer]),
        ]);
        for _ in 0..4 {
            let mut signers: Vec<_> = match payer {
                0 => vec![&members[0], &members[1]],
                _ => vec![&members[3], &members[0], &members[2]],
            };
            signers.shuffle(&mut rng);
            assert!(is_valid(signed(&tx, &signers), &inputs));
        }
    }
}

/// As the charter asks when the committee announces the next one: both must sign, and share members.
#[test]
fn two_committees_with_common_members_sign_one_input() {
    let mut rng = StdRng::seed_from_u64(13);
    let members = members(5);
    let both = |old: usize, new: usize, next: &[usize]| {
        let next = next.iter().map(|member| &members[*member]);
        tree(
            SigmaAnd::new(vec![
                at_least_expr(old, &members[..3]),
                at_least_expr(new, next),
            ])
            .unwrap(),
        )
    };
    for (script, signers) in [
        (both(2, 3, &[0, 1, 2, 3, 4]), vec![0, 1, 2]),
        (both(2, 3, &[0, 1, 2, 3, 4]), vec![2, 4, 0]),
        (both(2, 2, &[4, 2, 3]), vec![0, 1, 3, 4]),
        (both(2, 2, &[4, 2, 3]), vec![1, 2, 3]),
        (both(2, 2, &[4, 2, 1]), vec![2, 1]),
        (both(2, 2, &[4, 2, 0]), vec![1, 2, 4]),
        (both(1, 2, &[3, 4]), vec![1, 3, 4]),
    ] {
        let (inputs, tx) = spending(vec![script]);
        for _ in 0..4 {
            let mut order: Vec<_> = signers.iter().map(|signer| &members[*signer]).collect();
            order.shuffle(&mut rng);
            assert!(is_valid(signed(&tx, &order), &inputs), "{signers:?}");
        }
    }
}

#[test]
fn status_shows_who_may_has_committed_and_has_answered() {
    let members = members(3);
    let (_, tx) = spending(vec![at_least(2, &members)]);
    let mut round = Round::start(&tx, &state()).unwrap();
    let mut nonces = round.commit(&members[2]).unwrap();
    round.commit_and_answer(&members[0]).unwrap();
    let status = round.inputs();
    assert_eq!(status.len(), 1);
    assert_eq!(
        status[0].groups,
        [GroupStatus {
            k: 2,
            keys: members.iter().map(key).collect(),
            committed: vec![key(&members[0]), key(&members[2])],
            answered: vec![key(&members[0])],
        }]
    );
    assert_eq!(round.stage(), Stage::Answer);
    let error = round.finish().unwrap_err();
    assert!(error.to_string().contains(&key(&members[2]).to_string()));
    round
        .answer(&members[2], &mut nonces, &mut Log::new())
        .unwrap();
    assert_eq!(round.stage(), Stage::Finish);
}

#[test]
fn too_few_signers_make_no_transaction() {
    let members = members(3);
    let (_, tx) = spending(vec![at_least(2, &members)]);
    let mut round = Round::start(&tx, &state()).unwrap();
    let mut nonces = round.commit(&members[0]).unwrap();
    assert!(matches!(
        round.finish().unwrap_err(),
        FinishError::Commitments {
            input: 0,
            missing: 1
        }
    ));
    let error = round.answer(&members[0], &mut nonces, &mut Log::new());
    assert!(matches!(
        error.unwrap_err(),
        AnswerError::NotYet {
            input: 0,
            missing: 1
        }
    ));
    let before = json(&round);
    let error = Round::start(&tx, &state())
        .unwrap()
        .commit_and_answer(&members[0])
        .unwrap_err();
    assert!(matches!(
        error,
        CommitAndAnswerError::Answer(AnswerError::NotYet { .. })
    ));
    assert_eq!(json(&round), before);
}

#[test]
fn same_signer_twice_is_recognised_and_a_third_is_not_needed() {
    let members = members(4);
    let (_, tx) = spending(vec![at_least(2, &members[..3])]);
    let mut round = Round::start(&tx, &state()).unwrap();
    let _nonces = round.commit(&members[0]).unwrap();
    for _ in 0..2 {
        let error = round.commit(&members[0]).unwrap_err();
        assert_eq!(error, CommitError::AlreadyCommitted);
    }
    assert!(round.commit_and_answer(&members[0]).is_err());
    assert_eq!(round.stage(), Stage::Commit);
    assert_eq!(round.committed(), [key(&members[0])]);
    round.commit(&members[1]).unwrap();
    assert_eq!(
        round.commit(&members[2]).unwrap_err(),
        CommitError::NotNeeded
    );
    assert_eq!(
        round.commit(&members[3]).unwrap_err(),
        CommitError::NotAsked
    );
}

/// Two who commit at the same time, each with his own copy of the file, and answer so.
#[test]
fn files_of_the_same_round_are_merged() {
    let members = members(5);
    let (inputs, tx) = spending(vec![at_least(3, &members)]);
    let start = Round::start(&tx, &state()).unwrap();
    let mut copies = [0, 1, 2, 3].map(|_| pass(&tx, &start));
    let mut nonces = [0, 1, 2, 3].map(|n| copies[n].commit(&members[n]).unwrap());
    let mut merged = start.clone();
    for n in [2, 0, 3] {
        merged.merge(&copies[n].to_file()).unwrap();
    }
    let ready = pass(&tx, &merged);
    // The fourth came too late.
    merged.merge(&copies[1].to_file()).unwrap();
    assert_eq!(json(&merged), json(&ready));
    assert!(matches!(
        merged.answer(&members[1], &mut nonces[1], &mut Log::new()),
        Err(AnswerError::NotNeeded)
    ));
    for n in [3, 2, 0] {
        let mut own = pass(&tx, &ready);
        own.answer(&members[n], &mut nonces[n], &mut Log::new())
            .unwrap();
        merged.merge(&own.to_file()).unwrap();
    }
    assert!(is_valid(merged.finish().unwrap(), &inputs));
}

/// Who commits last answers at once, so his nonces are never open.
#[test]
fn many_committee_inputs_are_for_the_last_only() {
    let members = members(2);
    let script = || at_least(2, &members);
    let most = (0..MAX_OPEN_NONCES).map(|_| script()).collect();
    let (inputs, tx) = spending(most);
    assert!(is_valid(signed(&tx, &[&members[0], &members[1]]), &inputs));

    let (_, tx) = spending((0..=MAX_OPEN_NONCES).map(|_| script()).collect());
    let mut round = Round::start(&tx, &state()).unwrap();
    assert_eq!(
        round.commit(&members[0]).unwrap_err(),
        CommitError::TooManyAtOnce {
            key: Box::new(key(&members[0])),
            found: MAX_OPEN_NONCES + 1
        }
    );
    // Inputs of one key alone are not counted.
    let (inputs, tx) = spending((0..9).map(|_| p2pk(&members[0])).collect());
    assert!(is_valid(signed(&tx, &[&members[0]]), &inputs));
}

#[test]
fn one_signer_with_several_keys_counts_with_all_of_them() {
    let all = [keys(0), keys(1), keys(2)];
    let two = LocalSigner::new(&all[..2]).unwrap();
    let three = LocalSigner::new(&all).unwrap();
    let of = |numbers: &[usize]| {
        let signers: Vec<_> = numbers
            .iter()
            .map(|number| LocalSigner::new([&all[*number]]).unwrap())
            .collect();
        at_least_expr(2, &signers)
    };
    let (inputs, tx) = spending(vec![tree(of(&[0, 1, 2]))]);
    assert!(is_valid(signed(&tx, &[&two]), &inputs));
    assert!(is_valid(signed(&tx, &[&three]), &inputs));
}

#[test]
fn other_shapes_are_refused() {
    let members = members(3);
    let nested = SigmaOr::new(vec![
        constant(&members[0]),
        SigmaAnd::new(vec![constant(&members[1]), constant(&members[2])])
            .unwrap()
            .into(),
    ])
    .unwrap();
    let (_, tx) = spending(vec![p2pk(&members[0]), tree(nested)]);
    let error = Round::start(&tx, &state()).unwrap_err();
    assert!(error.to_string().starts_with("input 1 cannot"), "{error}");
    let doubled = SigmaOr::new(vec![constant(&members[0]), constant(&members[0])]).unwrap();
    let (_, tx) = spending(vec![tree(doubled)]);
    assert!(Round::start(&tx, &state()).is_err());
}

#[test]
fn input_that_everybody_may_spend_is_no_part() {
    let members = members(3);
    let free = BoolToSigmaProp::try_build(Expr::Const(Constant::from(true))).unwrap();
    let (inputs, tx) = spending(vec![tree(free), at_least(2, &members)]);
    let round = Round::start(&tx, &state()).unwrap();
    let numbers: Vec<_> = round.inputs().iter().map(|input| input.input).collect();
    assert_eq!(numbers, [1]);
    assert!(is_valid(signed(&tx, &[&members[2], &members[0]]), &inputs));
}

fn example_committee() -> (Vec<LocalSigner>, crate::common::committee::UnsignedContext) {
    let signers: Vec<_> = (0..3)
        .map(|number| LocalSigner::new([&keys(number)]).unwrap())
        .collect();
    let payer = prop_tree(keys(1).sigma_prop(KeyIndex::FIRST).unwrap());
    let inputs = boxes(vec![at_least(2, &signers), payer.clone()]);
    (signers, gather(&inputs, payer))
}

/// The format cannot drift: this file was written once and is read and written the same for ever.
#[test]
fn example_file_is_read_and_written_unchanged_and_makes_a_valid_transaction() {
    let (signers, tx) = example_committee();
    let round = Round::resume(&tx, &state(), &file(EXAMPLE)).unwrap();
    let written = serde_json::to_string_pretty(&round.to_file()).unwrap();
    assert_eq!(written, EXAMPLE.trim_end());
    assert_eq!(round.stage(), Stage::Finish);
    assert_eq!(round.committed().len(), 3);
    let payer = prop_tree(keys(1).sigma_prop(KeyIndex::FIRST).unwrap());
    let inputs = boxes(vec![at_least(2, &signers), payer]);
    assert!(is_valid(round.finish().unwrap(), &inputs));
}

/// ergo-lib's own signing takes the hints as well, but for its number of "knows a key", which is not the node's.
#[test]
fn hints_of_the_example_complete_a_signature_of_ergo_lib() {
    let (signers, tx) = example_committee();
    let mut example: serde_json::Value = serde_json::from_str(EXAMPLE).unwrap();
    for hints in example["hints"]["publicHints"]
        .as_object_mut()
        .unwrap()
        .values_mut()
    {
        for hint in hints.as_array_mut().unwrap() {
            hint["pubkey"]["op"] = serde_json::json!("205");
        }
    }
    let bag: TransactionHintsBag = serde_json::from_value(example["hints"].clone()).unwrap();
    let nobody = Wallet::from_secrets(Vec::new());
    let signed = nobody.sign_transaction(tx, &state(), Some(&bag)).unwrap();
    let payer = prop_tree(keys(1).sigma_prop(KeyIndex::FIRST).unwrap());
    assert!(is_valid(signed, &boxes(vec![at_least(2, &signers), payer])));
}

fn hex_places(value: &serde_json::Value, path: &str, places: &mut Vec<(String, usize)>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, field) in fields {
                hex_places(field, &format!("{path}/{name}"), places);
            }
        }
        serde_json::Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                hex_places(item, &format!("{path}/{index}"), places);
            }
        }
        serde_json::Value::String(text) if text.len() >= 48 => {
            places.extend([3, text.len() / 2, text.len() - 1].map(|at| (path.to_owned(), at)));
        }
        _ => {}
    }
}

#[test]
fn no_digit_of_the_example_can_be_changed() {
    let (_, tx) = example_committee();
    let example: serde_json::Value = serde_json::from_str(EXAMPLE).unwrap();
    let mut places = Vec::new();
    hex_places(&example, "", &mut places);
    assert!(places.len() > 60, "{}", places.len());
    for (path, at) in places {
        let mut altered = example.clone();
        let field = altered.pointer_mut(&path).unwrap();
        let mut text = field.as_str().unwrap().to_owned();
        let digit = if &text[at..=at] == "5" { "6" } else { "5" };
        text.replace_range(at..=at, digit);
        *field = serde_json::json!(text);
        let accepted = serde_json::from_value(altered)
            .is_ok_and(|file| Round::resume(&tx, &state(), &file).is_ok());
        assert!(!accepted, "{path}, digit {at}");
    }
}

/// Writes the example anew; only for another version of the format.
#[test]
#[ignore = "prints a new example, other ones each time"]
fn print_new_example() {
    let (signers, tx) = example_committee();
    let mut round = Round::start(&tx, &state()).unwrap();
    let mut nonces = round.commit(&signers[0]).unwrap();
    round.commit_and_answer(&signers[2]).unwrap();
    round.commit_and_answer(&signers[1]).unwrap();
    round
        .answer(&signers[0], &mut nonces, &mut Log::new())
        .unwrap();
    let text = serde_json::to_string_pretty(&round.to_file()).unwrap();
    std::fs::write(std::env::temp_dir().join("round-v1.json"), text + "\n").unwrap();
}

/// What the node's `/wallet/transaction/sign` reads: names, numbers and places of its OpenAPI description.
#[test]
fn hints_have_the_form_of_the_node() {
    let example: serde_json::Value = serde_json::from_str(EXAMPLE).unwrap();
    let bag = &example["hints"];
    assert_eq!(bag["secretHints"], serde_json::json!({}));
    let hints = bag["publicHints"]["0"].as_array().unwrap();
    let kinds: Vec<_> = hints.iter().map(|h| h["hint"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "cmtReal",
            "proofReal",
            "cmtSimulated",
            "proofSimulated",
            "cmtReal",
            "proofReal"
        ]
    );
    for hint in hints {
        assert_eq!(hint["pubkey"]["op"].as_i64(), Some(-51));
        assert!(hint["position"].as_str().unwrap().starts_with("0-"));
        let hex = |field: &str| hint[field].as_str().map(str::len);
        if hint["hint"].as_str().unwrap().starts_with("cmt") {
            assert_eq!(hint["type"], "dlog");
            assert_eq!(hex("a"), Some(66));
        } else {
            assert_eq!((hex("challenge"), hex("proof")), (Some(48), Some(112)));
        }
    }
    assert_eq!(bag["publicHints"]["1"][0]["position"], "0");
}

#[test]
fn nonces_are_neither_in_the_file_nor_in_debug() {
    let members = members(3);
    let (_, tx) = spending(vec![at_least(2, &members)]);
    let mut round = Round::start(&tx, &state()).unwrap();
    let mut nonces = round.commit(&members[0]).unwrap();
    let bytes = nonces.to_bytes();
    let secret: String = bytes[bytes.len() - 32..]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut shown = vec![format!("{nonces:?} {nonces:#?}")];
    shown.push(format!("{round:?} {}", json(&round)));
    round.commit_and_answer(&members[1]).unwrap();
    shown.push(format!("{round:?} {}", json(&round)));
    round
        .answer(&members[0], &mut nonces, &mut Log::new())
        .unwrap();
    shown.push(format!("{round:?} {}", json(&round)));
    for text in shown {
        assert!(!text.contains(&secret), "{text}");
        assert!(!text.contains("cmtWithSecret") && !text.contains("\"secret\""));
    }
    // The bytes hold what they must: the same nonces come back.
    let again = Nonces::from_bytes(&bytes).unwrap();
    assert_eq!(again.ids(), nonces.ids());
    assert_eq!(*again.to_bytes(), *bytes);
    for length in [0, 15, 16, 80, bytes.len() - 1] {
        assert!(Nonces::from_bytes(&bytes[..length]).is_err(), "{length}");
    }
    assert!(Nonces::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
}
