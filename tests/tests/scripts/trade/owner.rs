//! What an owner sets, whom he cannot pay, and the memos beside a direct payment.

use super::*;
use ergo_lib::chain::transaction::Input;
use ergo_lib::chain::transaction::Transaction;
use ergo_lib::chain::transaction::prover_result::ProverResult;
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use lets_protocol::MEMO_VARIABLE;
use lets_tests::world::at_least;

fn set(m: &Members, account: &AccountBox, change: OwnerChange) -> Built {
    set_account(
        &m.world.lets,
        Spender::new(account),
        change,
        m.world.params(),
    )
}

fn smallest(units: i64) -> OwnerChange {
    OwnerChange {
        smallest_direct: Some(units),
        ..OwnerChange::default()
    }
}

fn new_key(key: &ergo_lib::wallet::secret_key::SecretKey) -> OwnerChange {
    OwnerChange {
        key: Some(prop(key)),
        ..OwnerChange::default()
    }
}

// S1: the old key signs, then the new one; a pending recovery ends.
#[test]
fn key_change_by_the_owner_of_now() {
    let m = Members::of(10);
    let pending = m.world.account_with(&m.accounts[0], |c| {
        c.set_register(0, R5, vec![prop(&m.keys[0]), prop(&m.keys[3])])
    });
    for account in [&m.accounts[0], &pending] {
        let trade = set(&m, account, new_key(&m.keys[2])).unwrap();
        signed(&m, &trade, &[0]).accepted();
        signed(&m, &trade, &[2]).unproven();
        signed(&m, &trade, &[3]).unproven();
        assert_eq!(
            (trade.leader.owner(), trade.leader.heir()),
            (&prop(&m.keys[2]), None)
        );
        assert_eq!(
            trade.leader.settings().smallest_direct,
            account.settings().smallest_direct
        );
        let again = set(&m, &trade.leader, new_key(&m.keys[0])).unwrap();
        signed(&m, &again, &[2]).accepted();
        signed(&m, &again, &[0]).unproven();
    }
}

/// The member's account with this fifth number, and an heir if it is a recovery's start.
fn recovering(m: &Members, who: usize, fifth: i64) -> AccountBox {
    m.world.account_with(&m.accounts[who], |c| {
        let own = longs(&c.outputs[0], R6);
        c.set_register(0, R6, [own.as_slice(), &[fifth]].concat());
        if fifth >= 0 {
            c.set_register(0, R5, vec![prop(&m.keys[who]), prop(&m.keys[3])]);
        }
    })
}

// S3: whoever signs refuses the recovery that was pending, also beside a leader; what he refuses for good stays refused,
// and who only gains keeps both.
#[test]
fn settlement_ends_the_recoveries_of_those_who_sign() {
    let m = Members::of(10);
    let start = m.world.height.as_i64() - 50;
    for fifth in [start, 0, -1, -77] {
        let accounts: Vec<AccountBox> = (0..3).map(|who| recovering(&m, who, fifth)).collect();
        let leg = |from: usize, to: usize, units| Leg {
            from: accounts[from].number(),
            to: accounts[to].number(),
            amount: amount(units),
        };
        let legs = [leg(0, 1, 100), leg(1, 2, 50)];
        let trade = settle(&m.world.lets, &accounts, &legs, None, m.world.params()).unwrap();
        signed(&m, &trade, &[0, 1]).accepted();
        let read = lets_protocol::Settlement::of(&m.world.lets, &trade.proposal).unwrap();
        assert_eq!(read.parties().len(), 3);
        let kept = (fifth < 0).then_some(fifth);
        for signer in [&trade.leader, &trade.others[0]] {
            assert_eq!((signer.settings().recovery, signer.heir()), (kept, None));
        }
        let gains = &trade.others[1];
        assert_eq!(gains.settings().recovery, Some(fifth));
        assert_eq!(gains.heir().is_some(), fifth >= 0);
    }
}

// U5: from the next payment on.
#[test]
fn smallest_direct_change_counts_at_once() {
    let m = Members::of(10);
    let debtor = m.at(1, -300);
    let paid = |to: &AccountBox, units| {
        let payments = vec![direct(to, units)];
        pay(
            &m.world.lets,
            Spender::new(&m.accounts[0]),
            payments,
            m.world.params(),
        )
    };
    for (units, passing, refused) in [
        (Settings::ANY_DIRECT, &[1, 299][..], &[][..]),
        (250, &[250, 299, 300], &[1, 249]),
        (Settings::NOTES_ONLY, &[300], &[1, 299, 301, 5_000]),
    ] {
        let trade = set(&m, &debtor, smallest(units)).unwrap();
        signed(&m, &trade, &[1]).accepted();
        signed(&m, &trade, &[0]).unproven();
        let payee = &trade.leader;
        assert_eq!(
            (payee.settings().smallest_direct, payee.owner()),
            (units, debtor.owner())
        );
        for units in passing {
            signed(&m, &paid(payee, *units).unwrap(), &[0]).accepted();
        }
        for units in refused {
            assert_eq!(refusal(paid(payee, *units)).rule(), "smallest_direct");
        }
    }
}

// With claims in the same transaction, which K8 limits.
#[test]
fn settings_change_with_claims_within_the_cap() {
    let m = Members::of(10);
    let claims = [waiting(&m, Some(&m.accounts[0]), 500, &[])];
    for (room, passes) in [(500, true), (499, false)] {
        let account = m.at(0, CAP - room);
        let change = smallest(7);
        let built = set_account(
            &m.world.lets,
            with(&account, &claims),
            change,
            m.world.params(),
        );
        match passes {
            true => drop(signed(&m, &built.unwrap(), &[0]).accepted()),
            false => assert_eq!(refusal(built).rule(), "cap"),
        }
    }
}

// S1: the key of such an account is not in it.
#[test]
fn key_change_of_a_followed_account_refused() {
    let m = Members::of(10);
    let link = m.world.lets.ids().charter_nft.bytes().to_vec();
    let account = m
        .world
        .account_with(&m.accounts[0], |c| c.set_register(0, R7, link));
    let violation = RuleViolation::KeyFollows {
        account: account.number(),
    };
    assert_eq!(refusal(set(&m, &account, new_key(&m.keys[1]))), violation);
    // Its settings are set by the committee, whose box must be at hand.
    let missing = set(&m, &account, smallest(7));
    assert!(matches!(missing, Err(TradeError::Followed { .. })));
    for (followed, passes) in [
        (m.world.pot.ergo_box(), false),
        (m.world.charter.ergo_box(), true),
    ] {
        let spender = Spender {
            followed: Some(followed),
            ..Spender::new(&account)
        };
        let built = set_account(&m.world.lets, spender, smallest(7), m.world.params());
        if passes {
            let case = m.world.case(&built.unwrap().proposal, &m.world.quorum());
            case.accepted();
            case.unsigned().unproven();
        } else {
            assert!(matches!(built, Err(TradeError::Followed { .. })));
        }
    }
}

// S8: the longest key that fits, and one key more.
#[test]
fn key_as_large_as_the_box_may_hold() {
    let m = Members::of(10);
    let large = |count: u8| {
        let keys: Vec<_> = (100..100 + count).map(key).collect();
        at_least(1, &keys.iter().collect::<Vec<_>>())
    };
    let change = |count| OwnerChange {
        key: Some(large(count)),
        ..OwnerChange::default()
    };
    let account = &m.accounts[0];
    let most = (2..60)
        .rev()
        .find(|n| set(&m, account, change(*n)).is_ok())
        .unwrap();
    assert!(most > 5);
    let at = set(&m, account, change(most)).unwrap();
    signed(&m, &at, &[0]).accepted();
    assert_eq!(
        refusal(set(&m, account, change(most + 1))).rule(),
        "account_size"
    );
    signed(&m, &at, &[0])
        .with(|c| c.set_register(0, R5, vec![large(most + 1)]))
        .refused_at(0);
}

// One account cannot stand twice among the inputs; the script has nothing against a note to oneself.
#[test]
fn payee_who_is_the_payer_or_is_paid_twice_refused() {
    let m = Members::of(10);
    let [me, other, ..] = &m.accounts;
    let rule = |payments| {
        let built = pay(&m.world.lets, Spender::new(me), payments, m.world.params());
        refusal(built)
    };
    assert_eq!(rule(vec![direct(me, 5)]), RuleViolation::SelfPayment);
    assert_eq!(rule(vec![by_note(&m, me, 5)]), RuleViolation::SelfPayment);
    let twice = RuleViolation::PayeeTwice {
        payee: other.number(),
    };
    assert_eq!(rule(vec![direct(other, 5), direct(other, 6)]), twice);
    assert_eq!(rule(vec![direct(other, 0)]), RuleViolation::ZeroAmount);
    assert_eq!(rule(vec![by_note(&m, other, 0)]), RuleViolation::ZeroAmount);
    let once = vec![
        direct(other, 5),
        by_note(&m, other, 6),
        by_note(&m, other, 6),
    ];
    let built = pay(&m.world.lets, Spender::new(me), once, m.world.params());
    signed(&m, &built.unwrap(), &[0]).accepted();
    trade(&m.world, &[pays(me, 500)], &[&m.keys[0]])
        .with(|c| c.add_output(note(&m.world, me, Some(me), 500), 0))
        .accepted();
}

// C6: the largest memo fits; one byte more does not, by the builder alone.
#[test]
fn memo_of_a_note_at_its_longest() {
    let m = Members::of(10);
    let built = |bytes: usize| {
        let mut payment = by_note(&m, &m.accounts[1], 500);
        payment.memo = vec![7; bytes];
        pay(
            &m.world.lets,
            Spender::new(&m.accounts[0]),
            vec![payment],
            m.world.params(),
        )
    };
    let trade = built(NoteBox::MAX_MEMO).unwrap();
    signed(&m, &trade, &[0]).accepted();
    assert_eq!(trade.notes[0].memo(), vec![7; NoteBox::MAX_MEMO]);
    assert!(matches!(
        built(NoteBox::MAX_MEMO + 1),
        Err(TradeError::Memo { .. })
    ));
}

/// The signed transaction with another content of the first input's variables.
fn tampered(
    case: &Case,
    tx: &Transaction,
    change: impl FnOnce(&mut ContextExtension),
) -> Result<(), String> {
    let mut inputs: Vec<Input> = tx.inputs.iter().cloned().collect();
    let mut extension = inputs[0].spending_proof.extension.clone();
    change(&mut extension);
    inputs[0] = Input::new(
        inputs[0].box_id,
        ProverResult {
            proof: inputs[0].spending_proof.proof.clone(),
            extension,
        },
    );
    let tx = Transaction::new(
        inputs.try_into().unwrap(),
        tx.data_inputs.clone(),
        tx.output_candidates.clone(),
    )
    .unwrap();
    case.validate(tx).map_err(|e| e.to_string())
}

// The signature covers the memo.
#[test]
fn memo_of_a_direct_payment_is_signed() {
    let m = Members::of(10);
    let memo = |byte: u8| vec![byte; 60];
    let [payer, first, second, third] = &m.accounts;
    let mut payments = vec![direct(first, 5), direct(second, 6), by_note(&m, third, 7)];
    payments[0].memo = memo(1);
    payments[2].memo = memo(3);
    let built = pay(
        &m.world.lets,
        Spender::new(payer),
        payments,
        m.world.params(),
    );
    let case = signed(&m, &built.unwrap(), &[0]);
    let held = case.inputs[0].1.values.get(&MEMO_VARIABLE).unwrap();
    assert_eq!(held, &Constant::from(vec![memo(1), Vec::new()]));
    let (tx, _) = case.accepted();
    assert_eq!(tampered(&case, &tx, |_| ()), Ok(()));
    for other in [vec![memo(2), Vec::new()], vec![memo(1)], Vec::new()] {
        let change = |e: &mut ContextExtension| {
            e.values.insert(MEMO_VARIABLE, Constant::from(other));
        };
        assert!(tampered(&case, &tx, change).is_err());
    }
    let gone = |e: &mut ContextExtension| e.values.clear();
    assert!(tampered(&case, &tx, gone).is_err());
    let more = |e: &mut ContextExtension| {
        e.values.insert(2, Constant::from(1_i64));
    };
    assert!(tampered(&case, &tx, more).is_err());
    // Nobody's memo is no variable.
    let payments = vec![direct(first, 5)];
    let built = pay(
        &m.world.lets,
        Spender::new(payer),
        payments,
        m.world.params(),
    )
    .unwrap();
    assert!(signed(&m, &built, &[0]).inputs[0].1.values.is_empty());
}

// The community's account takes over a debt: an ordinary payment, signed by the committee, its reason for all to read.
#[test]
fn write_off_of_a_debt_up_to_the_whole_accepted_and_more_refused() {
    let m = Members::of(10);
    let link = m.world.lets.ids().charter_nft.bytes().to_vec();
    let account = m
        .world
        .account_with(&m.accounts[0], |c| c.set_register(0, R7, link));
    let debtor = m.at(1, -700);
    let of = Community {
        charter: &m.world.charter,
        account: &account,
        funding: None,
    };
    let built = |units, reason| {
        lets_protocol::write_off(
            &m.world.lets,
            of,
            &debtor,
            amount(units),
            reason,
            m.world.params(),
        )
    };
    let trade = built(700, "left the valley").unwrap();
    assert_eq!(trade.others[0].balance().units(), 0);
    assert_eq!(trade.leader.balance().units(), -700);
    let case = m.world.case(&trade.proposal, &m.world.quorum());
    let (tx, _) = case.accepted();
    case.clone().unsigned().unproven();
    case.with(|c| drop(c.signers.pop())).unproven();
    let boxes = |all: &[ErgoBox]| all.to_vec();
    let read = lets_protocol::payments_in(
        &m.world.lets,
        &tx,
        &boxes(trade.proposal.inputs()),
        &boxes(trade.proposal.outputs()),
    );
    let reason = lets_protocol::write_off_reason(&read[0].memo);
    assert_eq!(reason, Some("left the valley"));
    let violation = RuleViolation::WriteOff {
        debt: amount(700),
        asked: amount(701),
    };
    assert_eq!(refusal(built(701, "too much")), violation);
    assert!(built(10, "a\u{1b}[2J").is_err());
    // Only an account that follows the charter is the community's.
    let stranger = Community {
        account: &m.accounts[0],
        ..of
    };
    let refused = lets_protocol::write_off(
        &m.world.lets,
        stranger,
        &debtor,
        amount(10),
        "mine",
        m.world.params(),
    );
    assert!(matches!(
        refusal(refused),
        RuleViolation::NotCommunity { .. }
    ));
}
