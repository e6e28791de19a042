//! What a signing round refuses: altered files, other transactions, and a nonce used twice.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use crate::common::committee::{
    Log, UnsignedContext, at_least, at_least_expr, constant, file, json, key, members, p2pk, pass,
    spending,
};
use crate::common::{HEIGHT, boxes, gather, is_valid, state, tree};
use ergo_lib::ergotree_ir::mir::bin_op::{BinOp, BinOpKind, RelationOp};
use ergo_lib::ergotree_ir::mir::bool_to_sigma::BoolToSigmaProp;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::mir::expr::Expr;
use ergo_lib::ergotree_ir::mir::global_vars::GlobalVars;
use ergo_lib::ergotree_ir::mir::if_op::If;
use ergo_lib::ergotree_ir::mir::unary_op::OneArgOpTryBuild;
use lets_wallet::{
    AnswerError, AnswerFolder, AnswerLog, LocalSigner, MergeError, Nonces, Round, RoundFile,
    RoundFileError, Stage, StartRoundError,
};
use serde_json::{Value, json};

/// A round of 2 of 3 at its second turn: 0 has committed, 1 has committed and answered.
struct SecondTurn {
    members: Vec<LocalSigner>,
    tx: UnsignedContext,
    round: Round,
    nonces: Nonces,
}

fn second_turn() -> SecondTurn {
    let members = members(3);
    let (_, tx) = spending(vec![at_least(2, &members)]);
    let mut round = Round::start(&tx, &state()).unwrap();
    let nonces = round.commit(&members[0]).unwrap();
    round.commit_and_answer(&members[1]).unwrap();
    SecondTurn {
        members,
        tx,
        round,
        nonces,
    }
}

fn value(round: &Round) -> Value {
    serde_json::from_str(&json(round)).unwrap()
}

fn resume(tx: &UnsignedContext, value: &Value) -> Result<Round, RoundFileError> {
    let file: RoundFile = serde_json::from_str(&value.to_string()).unwrap();
    Round::resume(tx, &state(), &file)
}

/// The hint of this kind at this place of input 0.
fn hint<'a>(value: &'a mut Value, kind: &str, position: &str) -> &'a mut Value {
    value["hints"]["publicHints"]["0"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .find(|hint| hint["hint"] == kind && hint["position"] == position)
        .unwrap()
}

fn with_flipped_digit(hex: &Value, place: usize) -> Value {
    let mut text = hex.as_str().unwrap().to_owned();
    let other = if &text[place..=place] == "0" {
        "1"
    } else {
        "0"
    };
    text.replace_range(place..=place, other);
    json!(text)
}

#[test]
fn altered_answers_are_refused_by_name() {
    let SecondTurn {
        members, tx, round, ..
    } = second_turn();
    for place in [0, 47, 48, 111] {
        let mut altered = value(&round);
        let proof = hint(&mut altered, "proofReal", "0-1");
        proof["proof"] = with_flipped_digit(&proof["proof"], place);
        proof["challenge"] = json!(proof["proof"].as_str().unwrap()[..48]);
        let error = resume(&tx, &altered).unwrap_err();
        assert!(
            matches!(error, RoundFileError::Answer { input: 0, .. }),
            "{error}"
        );
        assert!(error.to_string().contains(&key(&members[1]).to_string()));
    }
    let mut altered = value(&round);
    let proof = hint(&mut altered, "proofReal", "0-1");
    proof["challenge"] = with_flipped_digit(&proof["challenge"], 3);
    let error = resume(&tx, &altered).unwrap_err();
    assert!(matches!(error, RoundFileError::Malformed { input: 0, .. }));
}

/// Whose commitment was swapped refuses to answer; all others see that the answers no longer fit.
#[test]
fn altered_commitments_are_refused() {
    let SecondTurn {
        members,
        tx,
        mut round,
        mut nonces,
    } = second_turn();
    let other = hint(&mut value(&second_turn().round), "cmtReal", "0-0")["a"].clone();
    for position in ["0-0", "0-1"] {
        let mut altered = value(&round);
        hint(&mut altered, "cmtReal", position)["a"] = other.clone();
        // The simulated proof follows from the commitments, so it gives the change away first.
        let error = resume(&tx, &altered).unwrap_err();
        assert!(matches!(error, RoundFileError::Simulated { .. }), "{error}");
        let hints = altered["hints"]["publicHints"]["0"].as_array_mut().unwrap();
        hints.retain(|hint| !hint["hint"].as_str().unwrap().ends_with("Simulated"));
        let error = resume(&tx, &altered).unwrap_err();
        assert!(matches!(error, RoundFileError::Answer { .. }), "{error}");
        assert!(error.to_string().contains(&key(&members[1]).to_string()));
        // Without the answer nothing shows it, but to the one whose commitment it is not.
        let hints = altered["hints"]["publicHints"]["0"].as_array_mut().unwrap();
        hints.retain(|hint| hint["hint"] != "proofReal");
        let mut swapped = resume(&tx, &altered).unwrap();
        let answer = swapped.answer(&members[0], &mut nonces, &mut Log::new());
        if position == "0-0" {
            let error = answer.unwrap_err();
            assert!(matches!(
                error,
                AnswerError::ForeignCommitment { input: 0, .. }
            ));
            assert!(error.to_string().contains(&key(&members[0]).to_string()));
        } else {
            answer.unwrap();
        }
        if position == "0-0" {
            assert!(matches!(
                round.merge(&swapped.to_file()),
                Err(MergeError::TwoCommitments { .. })
            ));
        }
    }
    // He has answered to the swapped commitment of 1, so never to the right one: the round is lost, not his key.
    let answer = round.answer(&members[0], &mut nonces, &mut Log::new());
    assert!(matches!(answer, Err(AnswerError::AlreadyAnswered { .. })));
}

#[test]
fn hints_at_other_places_twice_or_incomplete_are_refused() {
    let SecondTurn {
        members, tx, round, ..
    } = second_turn();
    type Change = fn(&mut Value);
    let changes: [(Change, &str); 9] = [
        (|hint| hint["position"] = json!("0-2"), "no key"),
        (|hint| hint["position"] = json!("0-9"), "no key"),
        (|hint| hint["position"] = json!("0"), "no key"),
        (|hint| hint["pubkey"]["op"] = json!(-50), "no key"),
        (|hint| hint["type"] = json!("dht"), "cannot be read"),
        (|hint| hint["proof"] = json!("00"), "cannot be read"),
        (|hint| hint["a"] = json!("00".repeat(33)), "cannot be read"),
        (|hint| hint["secret"] = json!("42"), "SECRET"),
        (|hint| hint["hint"] = json!("cmtWithSecret"), "SECRET"),
    ];
    for (change, words) in changes {
        let mut altered = value(&round);
        change(hint(&mut altered, "cmtReal", "0-0"));
        let text = resume(&tx, &altered).unwrap_err().to_string();
        assert!(text.contains(words), "{text}");
        assert!(text.contains(&key(&members[0]).to_string()), "{text}");
    }
    // A secret is noticed in the other bag as well.
    let mut altered = value(&round);
    let mut secret = hint(&mut altered, "cmtReal", "0-0").clone();
    secret["hint"] = json!("cmtWithSecret");
    secret["secret"] = json!("42");
    altered["hints"]["secretHints"] = json!({ "0": [secret] });
    assert!(matches!(
        resume(&tx, &altered),
        Err(RoundFileError::Secret { .. })
    ));

    let mut altered = value(&round);
    let again = hint(&mut altered, "cmtReal", "0-0").clone();
    let hints = altered["hints"]["publicHints"]["0"].as_array_mut().unwrap();
    hints.push(again);
    assert!(matches!(
        resume(&tx, &altered),
        Err(RoundFileError::Twice { .. })
    ));

    // A third commitment, or a proof where a commitment is missing.
    let mut altered = value(&round);
    hint(&mut altered, "cmtSimulated", "0-2")["hint"] = json!("cmtReal");
    let error = resume(&tx, &altered).unwrap_err();
    assert!(matches!(error, RoundFileError::Inconsistent { input: 0 }));
    let mut altered = value(&round);
    let hints = altered["hints"]["publicHints"]["0"].as_array_mut().unwrap();
    hints.retain(|hint| hint["position"] != "0-0");
    assert!(matches!(
        resume(&tx, &altered),
        Err(RoundFileError::Early { .. })
    ));

    let mut altered = value(&round);
    altered["hints"]["publicHints"]["5"] = json!([]);
    assert!(matches!(
        resume(&tx, &altered),
        Err(RoundFileError::Stale { input: 5 })
    ));
    let mut altered = value(&round);
    altered["version"] = json!(2);
    assert!(matches!(
        resume(&tx, &altered),
        Err(RoundFileError::Format { version: 2, .. })
    ));
}

/// A signature for one action is none for another, whatever is written into the file.
#[test]
fn file_of_another_transaction_is_refused() {
    let SecondTurn {
        members,
        tx,
        round,
        mut nonces,
    } = second_turn();
    let inputs = boxes(vec![at_least(2, &members)]);
    let other = gather(&inputs, p2pk(&members[1]));
    let mut altered = value(&round);
    let error = resume(&other, &altered).unwrap_err();
    assert!(matches!(error, RoundFileError::OtherTransaction { .. }));
    altered["transaction"] = json!(String::from(other.spending_tx.id().0));
    let error = resume(&other, &altered).unwrap_err();
    assert!(
        matches!(error, RoundFileError::Answer { input: 0, .. }),
        "{error}"
    );
    // The commitments alone fit any transaction, but the nonces do not.
    let hints = altered["hints"]["publicHints"]["0"].as_array_mut().unwrap();
    hints.retain(|hint| hint["hint"] != "proofReal");
    let mut moved = resume(&other, &altered).unwrap();
    let mut log = Log::new();
    let error = moved
        .answer(&members[0], &mut nonces, &mut log)
        .unwrap_err();
    assert!(matches!(error, AnswerError::OtherTransaction { .. }));
    // Nor do they fit another round on the same transaction.
    let mut altered = value(&round);
    altered["round"] = json!("11".repeat(32));
    altered["hints"]["publicHints"]["0"]
        .as_array_mut()
        .unwrap()
        .retain(|hint| hint["hint"] == "cmtReal");
    let mut moved = resume(&tx, &altered).unwrap();
    let error = moved
        .answer(&members[0], &mut nonces, &mut log)
        .unwrap_err();
    assert!(matches!(error, AnswerError::OtherRound));
    assert!(matches!(
        moved.merge(&round.to_file()),
        Err(MergeError::OtherRound)
    ));
    assert!(log.is_empty());
}

/// The owner of a key that does not sign could choose its challenge last: see the module's documentation.
#[test]
fn simulated_proof_of_somebodys_choice_is_refused() {
    let SecondTurn {
        members,
        tx,
        mut round,
        mut nonces,
    } = second_turn();
    // A right proof in itself, with its commitment, but not the one that follows from these commitments.
    let (_, alone) = spending(vec![p2pk(&members[2])]);
    let mut own = Round::start(&alone, &state()).unwrap();
    own.commit_and_answer(&members[2]).unwrap();
    let mut own = value(&own);
    let mut altered = value(&round);
    let commitment = hint(&mut own, "cmtReal", "0")["a"].clone();
    hint(&mut altered, "cmtSimulated", "0-2")["a"] = commitment;
    let proven = hint(&mut own, "proofReal", "0").clone();
    let simulated = hint(&mut altered, "proofSimulated", "0-2");
    simulated["challenge"] = proven["challenge"].clone();
    simulated["proof"] = proven["proof"].clone();
    for left_out in ["proofReal", "proofSimulated", "cmtSimulated"] {
        let mut altered = altered.clone();
        let hints = altered["hints"]["publicHints"]["0"].as_array_mut().unwrap();
        hints.retain(|hint| hint["hint"] != "proofReal" && hint["hint"] != left_out);
        let error = resume(&tx, &altered).unwrap_err();
        assert!(matches!(error, RoundFileError::Simulated { input: 0, .. }));
        assert!(error.to_string().contains(&key(&members[2]).to_string()));
    }
    round
        .answer(&members[0], &mut nonces, &mut Log::new())
        .unwrap();
}

/// 0 has committed; 1 and 2 both complete the round, each in a copy of the file.
fn two_completions(members: &[LocalSigner]) -> (UnsignedContext, Nonces, [Round; 2]) {
    let (_, tx) = spending(vec![at_least(2, members)]);
    let mut round = Round::start(&tx, &state()).unwrap();
    let nonces = round.commit(&members[0]).unwrap();
    let files = [1, 2].map(|number| {
        let mut copy = pass(&tx, &round);
        copy.commit_and_answer(&members[number]).unwrap();
        copy
    });
    (tx, nonces, files)
}

#[test]
fn one_nonce_never_gives_two_answers() {
    let members = members(3);
    let folder = tempfile::tempdir().unwrap();
    let (tx, nonces, [first, second]) = two_completions(&members);
    let bytes = nonces.to_bytes();
    let answered = |round: &Round| {
        // Everything from the disk, as after a restart, with a restored copy of the nonces.
        let mut log = AnswerFolder::open(folder.path()).unwrap();
        let mut round = pass(&tx, round);
        let mut nonces = Nonces::from_bytes(&bytes).unwrap();
        round
            .answer(&members[0], &mut nonces, &mut log)
            .map(|()| json(&round))
    };
    let answer = answered(&first).unwrap();
    let error = answered(&second).unwrap_err();
    assert!(matches!(
        error,
        AnswerError::AlreadyAnswered { input: 0, .. }
    ));
    assert!(
        error.to_string().contains("would give the key away"),
        "{error}"
    );
    // The same question once more has the same answer, to the digit.
    assert_eq!(answered(&first).unwrap(), answer);
    assert!(answered(&second).is_err());
    // In memory the nonces remember it themselves, whatever the log says.
    let mut kept = Nonces::from_bytes(&bytes).unwrap();
    for (file, right) in [(&first, true), (&second, false), (&first, true)] {
        let mut round = pass(&tx, file);
        let answer = round.answer(&members[0], &mut kept, &mut Log::new());
        assert_eq!(answer.is_ok(), right);
    }
    // Another set of simulated proofs cannot be had either: the round's name is in the nonces.
    let done = Round::resume(&tx, &state(), &file(&answer)).unwrap();
    assert_eq!(done.stage(), Stage::Finish);
    assert!(is_valid(
        done.finish().unwrap(),
        &boxes(vec![at_least(2, &members)])
    ));
}

/// When the files part, the answers decide who signs; when there are answers in both, nothing can be joined.
#[test]
fn merge_of_different_sets_of_signers_takes_the_answered_one() {
    let members = members(4);
    let (inputs, tx) = spending(vec![at_least(2, &members)]);
    let mut start = Round::start(&tx, &state()).unwrap();
    let mut nonces = start.commit(&members[0]).unwrap();
    let [with_1, with_2, open] = [1, 2, 3].map(|number| {
        let mut copy = pass(&tx, &start);
        if number == 3 {
            copy.commit(&members[number]).unwrap();
        } else {
            copy.commit_and_answer(&members[number]).unwrap();
        }
        copy
    });
    let mut merged = pass(&tx, &open);
    merged.merge(&with_1.to_file()).unwrap();
    assert_eq!(json(&merged), json(&with_1));
    merged.merge(&open.to_file()).unwrap();
    merged.merge(&start.to_file()).unwrap();
    assert_eq!(json(&merged), json(&with_1));
    let error = merged.merge(&with_2.to_file()).unwrap_err();
    assert!(matches!(error, MergeError::OtherSet { input: 0 }));
    assert_eq!(json(&merged), json(&with_1));
    let mut merged = pass(&tx, &start);
    merged.merge(&with_2.to_file()).unwrap();
    merged
        .answer(&members[0], &mut nonces, &mut Log::new())
        .unwrap();
    assert!(is_valid(merged.finish().unwrap(), &inputs));
}

#[test]
fn nothing_is_answered_when_the_log_cannot_be_written() {
    struct Broken;
    impl AnswerLog for Broken {
        fn first(
            &mut self,
            _: lets_wallet::NonceId,
            _: lets_wallet::AnswerId,
        ) -> std::io::Result<lets_wallet::AnswerId> {
            Err(std::io::Error::other("disk full"))
        }
    }
    let SecondTurn {
        members,
        mut round,
        mut nonces,
        ..
    } = second_turn();
    let before = json(&round);
    let error = round
        .answer(&members[0], &mut nonces, &mut Broken)
        .unwrap_err();
    assert!(error.to_string().contains("nothing was signed"), "{error}");
    assert_eq!(json(&round), before);
}

#[test]
fn answer_folder_keeps_the_first_answer() {
    let folder = tempfile::tempdir().unwrap();
    let (_, nonces, _) = two_completions(&members(3));
    let id = nonces.ids()[0];
    let [one, two] =
        ["11", "22"].map(|digits| lets_wallet::AnswerId::from_hex(&digits.repeat(32)).unwrap());
    let path = folder.path().join("log");
    assert_eq!(
        AnswerFolder::open(&path).unwrap().first(id, one).unwrap(),
        one
    );
    assert_eq!(
        AnswerFolder::open(&path).unwrap().first(id, two).unwrap(),
        one
    );
    let entry = path.join(format!("{id}.answered"));
    std::fs::write(&entry, "11").unwrap();
    assert!(AnswerFolder::open(&path).unwrap().first(id, one).is_err());
}

#[test]
fn answer_with_other_keys_is_refused() {
    let SecondTurn {
        members,
        mut round,
        mut nonces,
        ..
    } = second_turn();
    let error = round
        .answer(&members[1], &mut nonces, &mut Log::new())
        .unwrap_err();
    assert!(matches!(error, AnswerError::KeyNotLoaded { input: 0, .. }));
    assert!(error.to_string().contains(&key(&members[0]).to_string()));
}

/// The script asks 2 of 3 up to a height, and one key alone above it.
#[test]
fn file_from_before_the_script_changed_its_mind_is_stale() {
    let members = members(3);
    let script = tree(If {
        condition: Box::new(
            BinOp {
                kind: BinOpKind::Relation(RelationOp::Gt),
                left: Box::new(GlobalVars::Height.into()),
                right: Box::new(Expr::Const(Constant::from(i32::try_from(HEIGHT).unwrap()))),
            }
            .into(),
        ),
        true_branch: Box::new(constant(&members[0])),
        false_branch: Box::new(at_least_expr(2, &members)),
    });
    let (_, tx) = spending(vec![script]);
    let mut round = Round::start(&tx, &state()).unwrap();
    let mut nonces = round.commit(&members[0]).unwrap();
    round.commit_and_answer(&members[1]).unwrap();
    let mut later = state();
    later.pre_header.height += 1;
    let error = Round::resume(&tx, &later, &round.to_file()).unwrap_err();
    assert!(matches!(error, RoundFileError::Stale { input: 0 }));
    assert!(error.to_string().contains("stale"), "{error}");
    // Somebody mends the file: the nonces do not fit what is asked now.
    let mut fresh = Round::start(&tx, &later).unwrap();
    fresh.commit(&members[0]).unwrap();
    let mut mended = value(&fresh);
    mended["round"] = value(&round)["round"].clone();
    let mut mended = Round::resume(&tx, &later, &file(&mended.to_string())).unwrap();
    let error = mended
        .answer(&members[0], &mut nonces, &mut Log::new())
        .unwrap_err();
    assert!(matches!(error, AnswerError::Stale { input: 0 }), "{error}");
}

#[test]
fn transaction_that_nobody_need_sign_has_no_round() {
    let free = BoolToSigmaProp::try_build(Expr::Const(Constant::from(true))).unwrap();
    let (_, tx) = spending(vec![tree(free)]);
    let error = Round::start(&tx, &state()).unwrap_err();
    assert!(matches!(error, StartRoundError::NothingToSign));
}
