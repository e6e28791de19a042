//! The pot and others in one transaction: nothing is counted twice, and nobody decides for another.

use lets_protocol::Kind;
use lets_tests::OpenStage;
use lets_tests::hand::junk;
use lets_tests::open::{BACKING, RATE, UNITS, policy};
use lets_tests::world::key;

// Two members at once: the second's account has no successor that the pot looks at, and its own script wants one.
#[test]
fn second_account_beside_the_subject_refused() {
    let stage = OpenStage::of(Kind::Lets1).later(2_000, RATE);
    for case in [stage.close(), stage.adjust(30_000, 2 * BACKING)] {
        let at = case.inputs.len();
        let to = case.outputs.len() - 2;
        let mut case = case;
        case.add_input(stage.other.ergo_box().clone(), to);
        case.signers.push(stage.other_key.clone());
        case.set_tokens(to, |all| {
            let tokens = stage.other.ergo_box().tokens.iter().flatten();
            all.extend(tokens.map(|t| (t.token_id, *t.amount.as_u64())));
        });
        case.refused_at(at);
    }
}

// Two inputs on one output: two accounts with one successor.
#[test]
fn two_accounts_on_one_successor_refused() {
    let stage = OpenStage::of(Kind::Lets1).later(2_000, RATE);
    let mut case = stage.adjust(UNITS, BACKING);
    let number = stage.other.number().token_id();
    case.add_input(stage.other.ergo_box().clone(), 2);
    case.signers.push(stage.other_key.clone());
    case.set_tokens(2, |all| {
        all.extend([(stage.membership(), 1), (number, 1), (stage.unit(), 20_000)])
    });
    case.refused_at(3);
}

// Join and trade in one transaction: an old account counts for itself, and brings no membership token out.
#[test]
fn join_beside_an_account_without_successor_refused() {
    let stage = OpenStage::of(Kind::Lets1);
    let mut case = stage.join();
    let membership = stage.membership();
    let number = stage.other.number().token_id();
    case.add_input(stage.other.ergo_box().clone(), 2);
    case.signers.push(stage.other_key.clone());
    case.set_tokens(2, |all| {
        all.extend([(membership, 1), (number, 1), (stage.unit(), 20_000)])
    });
    case.refused_at(2);
}

// Another LETS of the same kind, under the same oracle: neither pot acts on the other's accounts.
#[test]
fn account_of_another_lets_refused() {
    let stage = OpenStage::of(Kind::Lets1).later(2_000, RATE);
    let other = OpenStage::under(policy(Kind::Lets1), 50).later(2_000, RATE);
    let mut case = stage.close();
    case.replace_input(1, other.account.ergo_box().clone());
    case.signers.push(other.owner.clone());
    let holder = key(240);
    case.add_input(
        stage.holding(&holder, &[(stage.membership(), 1), (stage.unit(), 20_000)]),
        1,
    );
    case.signers.push(holder);
    case.refused_at(0);
}

// Junk beside everything hurts nobody and buys nothing.
#[test]
fn junk_tokens_beside_change_nothing() {
    for (name, stage, case) in OpenStage::account_actions() {
        println!("{name}");
        let mut case = case;
        let to = case.outputs.len() - 2;
        stage.add_junk(&mut case, to);
        case.accepted();
        assert!(case.inputs.iter().any(|(b, _)| {
            let mut tokens = b.tokens.iter().flatten();
            tokens.any(|t| t.token_id == junk(77))
        }));
    }
}
