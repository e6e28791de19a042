//! Recovery: R1 to R5, the veto by the account's own script, and what else may happen meanwhile. The start by itself is
//! in `recover_start.rs`, the completion in `recover_complete.rs`.

use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6, R7};
use lets_protocol::rules::{RecoveryBar, check_complete, check_start};
use lets_protocol::{
    AccountBox, Amount, Blocks, Height, OwnerChange, PotBox, RuleViolation, Settings, Spender,
    Terms, set_account,
};
use lets_tests::case::longs;
use lets_tests::hand::{aged, at, junk, membership, pays, takes, trade, unit};
use lets_tests::world::{key, p2pk, prop};
use lets_tests::{Case, Stage};

#[track_caller]
pub(crate) fn judge(case: &Case, accepted: bool) {
    match accepted {
        true => drop(case.accepted()),
        false => case.refused_at(0),
    }
}

/// The stage after its pot has made this transaction.
pub(crate) fn after(mut stage: Stage, case: &Case) -> Stage {
    let (tx, _) = case.accepted();
    let lets = &stage.world.lets;
    stage.world.pot = PotBox::parse(lets, tx.outputs.get(0).unwrap()).unwrap();
    stage.account = AccountBox::parse(lets, tx.outputs.get(1).unwrap()).unwrap();
    stage
}

pub(crate) fn settings(account: &AccountBox) -> Vec<i64> {
    longs(&account.ergo_box().clone().into(), R6)
}

/// The stage with another content of the member's account.
pub(crate) fn bent(change: impl FnOnce(&mut Case)) -> Stage {
    let mut stage = Stage::default();
    stage.account = stage.world.account_with(&stage.account, change);
    stage
}

/// The start and the completion of a recovery.
pub(crate) fn both() -> (Stage, [Case; 2]) {
    let stage = Stage::default();
    let cases = [stage.start_recovery(), stage.complete_recovery()];
    (stage, cases)
}

/// What the twin says of a start for the stage's heir so many blocks ahead.
pub(crate) fn twin(
    stage: &Stage,
    account: &AccountBox,
    ahead: i64,
) -> Result<lets_protocol::Counters, RuleViolation> {
    let world = &stage.world;
    let start = Height(u32::try_from(world.height.as_i64() + ahead).unwrap());
    let heir = prop(&key(98));
    check_start(
        &world.charter,
        &world.pot,
        account,
        &heir,
        start,
        world.height,
    )
}

// The whole way: started, waited for, completed; then the account is the heir's alone.
#[test]
fn recovery_from_start_to_the_heirs_first_payment_accepted() {
    let stage = Stage::default();
    let before = stage.account.clone();
    let start = stage.start_recovery();
    let stage = after(stage, &start);
    assert_eq!(stage.account.heir(), Some(&prop(&stage.heir)));
    assert_eq!(stage.account.owner(), before.owner());
    let mut stage = stage.later(21_601);
    let complete = stage.complete(&stage.account);
    stage = after(stage, &complete);
    assert_eq!(
        (stage.account.owner(), stage.account.heir()),
        (&prop(&stage.heir), None)
    );
    assert_eq!(settings(&stage.account), settings(&before));
    assert_eq!(stage.account.terms(), before.terms());
    assert_eq!(stage.account.balance(), before.balance());
    assert_eq!(stage.world.pot.counters().recoveries, 1);
    let payee = stage.world.admit(&key(101));
    let payment = |signer| {
        trade(
            &stage.world,
            &[pays(&stage.account, 500), takes(&payee, 500)],
            &[signer],
        )
    };
    payment(&stage.heir).accepted();
    payment(&stage.owner).unproven();
    stage
        .exit()
        .with(|c| c.signers = vec![stage.heir.clone()])
        .accepted();
}

// R2: in debt and in credit, with every loan rule, without units, with full counters.
#[test]
fn recovery_of_any_account_accepted() {
    let mut stage = Stage::default();
    let terms = Terms {
        largest_draw: Amount::new(5_000).unwrap(),
        draw_limit: Amount::new(10_000).unwrap(),
        longest_debt: Blocks(200_000),
        draw_rate: Amount::new(457).unwrap(),
        class: 7,
        spend_on: (1..=8).collect(),
        ..stage.world.terms()
    };
    let owner = stage.owner.clone();
    let loan = stage.world.admit_on(&owner, terms);
    let loan = stage.world.account_with(&loan, |c| {
        let stamp = longs(&c.outputs[0], R6)[1];
        c.set_register(0, R6, vec![Settings::NOTES_ONLY, stamp, 9_999, stamp - 500])
    });
    let plain = stage.account.clone();
    let accounts = [
        at(&stage.world, &loan, -12_345),
        at(&stage.world, &loan, -20_000),
        at(&stage.world, &plain, 30_000),
    ];
    for account in accounts {
        stage.account = account.clone();
        stage.start_recovery().accepted();
        let complete = stage.complete_recovery();
        let (tx, _) = complete.accepted();
        let made = AccountBox::parse(&stage.world.lets, tx.outputs.get(1).unwrap()).unwrap();
        assert_eq!(made.balance(), account.balance());
        assert_eq!(made.terms(), account.terms());
        assert_eq!(settings(&made), settings(&account));
        assert_eq!(made.value(), account.value());
    }
}

// G4 is no rule of a recovery: terms that the charter's bounds of now would forbid stay as they are.
#[test]
fn recovery_under_lowered_bounds_accepted() {
    let stage = Stage::default();
    for place in [0, 1, 2] {
        let charter = stage.charter_with(place, 10_000);
        for mut case in both().1 {
            case.data_inputs[0] = charter.ergo_box().clone();
            case.accepted();
        }
    }
}

// S3 of contracts/account.es: whatever the owner signs removes the heir, and then there is nothing to complete.
#[test]
fn recovery_refused_by_any_signed_spend_of_the_owner() {
    let stage = Stage::default();
    let start = stage.start_recovery();
    let mut stage = after(stage, &start);
    let payee = stage.world.admit(&key(101));
    let stage = stage.later(10_000);
    let world = &stage.world;
    let payment = lets_protocol::pay_direct(
        &world.lets,
        &stage.account,
        &payee,
        Amount::new(500).unwrap(),
        None,
        world.params(),
    );
    let (paid, by_payment, _) = payment.unwrap();
    let nothing = set_account(
        &world.lets,
        Spender::new(&stage.account),
        OwnerChange::default(),
        world.params(),
    )
    .unwrap();
    for (proposal, account) in [(&paid, &by_payment), (&nothing.proposal, &nothing.leader)] {
        let veto = world.case(proposal, &[&stage.owner]);
        veto.accepted();
        veto.clone()
            .with(|c| c.signers = vec![stage.heir.clone()])
            .unproven();
        // The heir stays only without a signature of the owner.
        let keys = vec![prop(&stage.owner), prop(&stage.heir)];
        veto.with(|c| c.set_register(0, R5, keys)).refused_at(0);
        assert_eq!((account.heir(), settings(account).len()), (None, 4));
        let later = Height(world.height.0 + 50_000);
        let twin = check_complete(&world.charter, account, later);
        assert!(matches!(
            twin,
            Err(RuleViolation::Recovery {
                bar: RecoveryBar::None,
                ..
            })
        ));
    }
    // On the chain: the completion of what was pending, with the account as the veto left it.
    let mut stage = stage.later(50_000);
    stage.account = by_payment;
    let case = stage.complete_recovery();
    case.accepted();
    case.with(|c| c.replace_input(1, stage.account.ergo_box().clone()))
        .refused_at(0);
}

// A veto that keeps the start's number, as the account's script allows, leaves nothing to complete either.
#[test]
fn complete_after_a_veto_that_kept_the_start_refused() {
    let stage = Stage::default();
    let pending = stage.pending(0);
    let case = stage.complete(&pending);
    let vetoed = stage.world.account_with(&pending, |c| {
        c.set_register(0, R5, vec![prop(&stage.owner)])
    });
    let case = case.with(|c| c.replace_input(1, vetoed.ergo_box().clone()));
    case.refused_at(0);
    // Nor does the owner's key stand for the heir's.
    case.with(|c| c.set_register(1, R5, vec![prop(&stage.owner)]))
        .refused_at(0);
}

// Money that comes in unsigned is no veto.
#[test]
fn recovery_survives_a_payment_to_the_account() {
    let stage = Stage::default();
    let start = stage.start_recovery();
    let mut stage = after(stage, &start);
    let payer = stage.world.admit(&key(101));
    let payment = trade(
        &stage.world,
        &[pays(&payer, 500), takes(&stage.account, 500)],
        &[&key(101)],
    );
    let (tx, _) = payment.accepted();
    stage.account = AccountBox::parse(&stage.world.lets, tx.outputs.get(1).unwrap()).unwrap();
    let stage = stage.later(21_601);
    stage.complete(&stage.account).accepted();
}

// R1: a box that is no account, one without a membership token, another LETS's.
#[test]
fn recovery_of_a_box_that_is_no_account_refused() {
    let thief = key(250);
    let (stage, cases) = both();
    for case in &cases {
        let subject = case.inputs[1].0.clone();
        let forged = stage
            .world
            .box_with(&subject, |c| c.outputs[0].ergo_tree = p2pk(&thief));
        let mut case = case.clone().with(|c| c.replace_input(1, forged));
        case.signers.push(thief.clone());
        case.refused_at(0);
    }
    for case in &cases {
        for (place, token) in [(0, (junk(1), 1)), (0, (membership(&stage.world), 2))] {
            let forged = stage.world.box_with(&case.inputs[1].0, |c| {
                c.set_tokens(0, |all| all[place] = token)
            });
            let mut case = case.clone().with(|c| c.replace_input(1, forged));
            case.set_tokens(1, |all| all[place] = token);
            case.refused_at(0);
        }
    }
    let other = Stage::of(50);
    for (case, theirs) in cases
        .into_iter()
        .zip([other.start_recovery(), other.complete_recovery()])
    {
        let mut case = case.with(|c| c.replace_input(1, theirs.inputs[1].0.clone()));
        case.outputs[1] = theirs.outputs[1].clone();
        case.refused_at(0);
    }
}

// An application in the account's place.
#[test]
fn recovery_of_an_application_refused() {
    let stage = Stage::default();
    let mut case = stage.start_recovery();
    case.inputs[1].0 = stage.application.ergo_box().clone();
    let more = stage.application.value().0 - stage.account.value().0;
    case.give_erg(1, more);
    stage.add_tokens(&mut case, 2, membership(&stage.world), 1);
    stage.add_tokens(&mut case, 2, unit(&stage.world), 20_000);
    stage.add_tokens(&mut case, 2, stage.account.number().token_id(), 1);
    case.signers.push(stage.applicant.clone());
    case.refused_at(0);
}

// R2: tokens, their amounts and places.
#[test]
fn recovery_changing_the_accounts_tokens_refused() {
    let (stage, cases) = both();
    for case in cases {
        for place in 0..3 {
            let mut case = case.clone();
            let amount = *case.outputs[1]
                .tokens
                .as_ref()
                .unwrap()
                .get(place)
                .unwrap()
                .amount
                .as_u64();
            let other = stage.add_junk(&mut case, 2, amount);
            case.set_tokens(1, |all| all[place].0 = other);
            case.refused_at(0);
        }
        let mut more = case.clone();
        let other = stage.add_junk(&mut more, 2, 1);
        more.set_tokens(1, |all| all.push((other, 1)));
        more.refused_at(0);
        case.clone()
            .with(|c| c.set_tokens(1, |all| all.swap(1, 2)))
            .refused_at(0);
        case.clone()
            .with(|c| c.steal(1, unit(&stage.world), 1, 2))
            .refused_at(0);
        case.with(|c| c.set_tokens(1, |all| all.truncate(2)))
            .refused_at(0);
    }
}

// R2: terms, and who else may act.
#[test]
fn recovery_changing_terms_or_link_refused() {
    for case in both().1 {
        let terms = longs(&case.outputs[1], R4);
        for place in 0..terms.len() {
            for by in [-1, 1] {
                case.clone()
                    .with(|c| c.set_long(1, R4, place, terms[place] + by))
                    .refused_at(0);
            }
        }
        case.clone()
            .with(|c| c.set_register(1, R4, [terms.as_slice(), &[1]].concat()))
            .refused_at(0);
        let token: Vec<u8> = junk(5).into();
        case.with(|c| c.set_register(1, R7, token)).refused_at(0);
    }
}

// R3: the community's account, and a contract's.
#[test]
fn recovery_of_a_linked_account_refused() {
    let (stage, cases) = both();
    let charter = stage.world.lets.ids().charter_nft.bytes().to_vec();
    for link in [charter, junk(3).into(), [vec![1], junk(3).into()].concat()] {
        for case in &cases {
            let linked = stage
                .world
                .box_with(&case.inputs[1].0, |c| c.set_register(0, R7, link.clone()));
            let account = AccountBox::parse(&stage.world.lets, &linked).unwrap();
            let mut case = case.clone().with(|c| c.replace_input(1, linked));
            case.set_register(1, R7, link.clone());
            case.refused_at(0);
            let complete = check_complete(&stage.world.charter, &account, stage.world.height);
            assert_eq!(complete.unwrap_err().rule(), "key_follows");
            assert_eq!(twin(&stage, &account, 1).unwrap_err().rule(), "key_follows");
        }
    }
}

// R4
#[test]
fn recovery_taking_the_accounts_erg_refused() {
    for case in both().1 {
        case.clone().with(|c| c.move_erg(1, 2, 1)).refused_at(0);
        case.with(|c| c.move_erg(2, 1, 1)).accepted();
    }
}

// R5: whatever the counters say.
#[test]
fn recovery_moving_the_pots_tokens_refused() {
    let (stage, cases) = both();
    for case in cases {
        let starts = longs(&case.outputs[0], R4)[3];
        for id in [unit(&stage.world), membership(&stage.world)] {
            let counted = |case: &Case, amount: i64| {
                let now = longs(&case.inputs[0].0.clone().into(), R4);
                let (units, members) = match id == unit(&stage.world) {
                    true => (amount.max(0), 0),
                    false => (0, amount),
                };
                let mut next = longs(&case.outputs[0], R4);
                (next[1], next[2], next[3]) = (now[1] + members, now[2] + units, starts);
                next
            };
            let mut out = case.clone();
            out.steal(0, id, 1, 2);
            out.refused_at(0);
            let counters = counted(&out, 1);
            out.with(|c| c.set_register(0, R4, counters)).refused_at(0);
            let mut back = case.clone();
            stage.add_tokens(&mut back, 2, id, 1);
            let place = if id == unit(&stage.world) { 2 } else { 1 };
            back.set_tokens(0, |all| all[place].1 += 1);
            back.refused_at(0);
            let counters = counted(&back, -1);
            back.with(|c| c.set_register(0, R4, counters)).refused_at(0);
        }
    }
}

// Terms may change while a recovery is pending, and it stays pending.
#[test]
fn terms_while_a_recovery_is_pending_accepted() {
    let mut stage = Stage::default();
    stage.account = stage.pending(0);
    let case = stage.set_terms();
    let stage = after(stage, &case);
    assert_eq!(stage.account.heir(), Some(&prop(&stage.heir)));
    stage.complete(&stage.account).accepted();
    // And not together with its start or its end.
    for mut case in both().1 {
        case.set_long(1, R4, 2, 1);
        case.refused_at(0);
    }
}

// The rent of a stale account cannot be taken on the way.
#[test]
fn recovery_of_an_account_spent_as_rent_keeps_its_erg() {
    let mut stage = Stage::default();
    stage.account = aged(&stage.world, &stage.account, 1_051_200);
    let pending = stage.pending(0);
    let [start, complete] = [stage.start_recovery(), stage.complete(&pending)].map(|mut case| {
        case.outputs[1].creation_height = case.height;
        case.accepted();
        // The successor of a rent spend has the registers that were there: it is no recovery.
        case.outputs[1].additional_registers = case.inputs[1].0.additional_registers.clone();
        case.rent(1, 1);
        case
    });
    start.refused_at(0);
    // With both keys as they were it is a setting of terms that sets nothing, and takes the committee.
    complete.unproven();
    complete.with(|c| c.move_erg(1, 2, 1)).refused_at(0);
}

// A stale box beside, spent as rent.
#[test]
fn recovery_beside_a_box_spent_as_rent_accepted() {
    let (stage, cases) = both();
    let victim = key(120);
    for mut case in cases {
        let stale = stage
            .world
            .box_with(&stage.world.wallet_box(&victim, 1.0), |c| {
                c.outputs[0].creation_height = case.height - 1_051_200
            });
        case.add_input(stale, 2);
        let at = case.inputs.len() - 1;
        case.rent_as_it_is(at, 2);
        case.accepted();
    }
}
