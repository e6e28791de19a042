//! Attacks that stand (fresh eyes).

use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5};
use ergo_lib::ergotree_ir::mir::constant::Constant;
use lets_protocol::rules::open::OpenViolation;
use lets_protocol::{
    AccountBox, Amount, Blocks, Height, Join, Kind, NanoErg, OpenError, Payee, Payment, Spender,
    TxParams,
};
use lets_tests::case::{longs, size};
use lets_tests::open::{BACKING, EPOCH, RATE, UNITS, asking, oracle_of};
use lets_tests::world::{key, p2pk, prop};
use lets_tests::{Case, OpenStage};

fn params(stage: &OpenStage) -> TxParams {
    TxParams {
        height: stage.height,
        fee: NanoErg::MIN_FEE,
    }
}

fn pay_case(stage: &OpenStage, units: i64) -> Case {
    let funding = stage.funding(&stage.owner, 5.0);
    let trade = lets_protocol::pay(
        &stage.lets,
        Spender {
            funding: Some(&funding),
            ..Spender::new(&stage.account)
        },
        vec![Payment {
            to: Payee::Direct(&stage.other),
            amount: Amount::new(units).unwrap(),
            memo: Vec::new(),
        }],
        params(stage),
    )
    .unwrap();
    Case::of(&trade.proposal, stage.height, &[&stage.owner])
}

// 1: an undrawn line is not callable; drawn after the crash it is worth twice the collateral.
#[test]
fn attack_undrawn_line_is_a_free_put() {
    let stage = OpenStage::of(Kind::Lets1).later(2_000, 4 * RATE);
    assert_eq!(stage.account.balance().units(), 0);
    let called = lets_protocol::call(stage.at(), &stage.account, &stage.funding(&key(198), 1.0));
    assert!(matches!(
        called,
        Err(OpenError::Open(OpenViolation::Secured { .. }))
    ));
    pay_case(&stage, UNITS).accepted();
    let worth = stage.pot.policy().price(4 * RATE, 100) * UNITS;
    println!(
        "drawn worth {} ERG against collateral {} ERG",
        worth / 1_000_000_000,
        BACKING / 1_000_000_000
    );
}

// 2: beyond the highest rate nothing can be called or frozen, and the line is drawn.
#[test]
fn attack_beyond_highest_no_call_no_freeze() {
    let stage = OpenStage::of(Kind::Lets1)
        .indebted(10_000)
        .later(2_000, 4_000_000_001);
    let called = lets_protocol::call(stage.at(), &stage.account, &stage.funding(&key(198), 1.0));
    assert!(matches!(
        called,
        Err(OpenError::Open(OpenViolation::OracleRange { .. }))
    ));
    let frozen = lets_protocol::freeze(stage.at(), &stage.account, &stage.funding(&key(198), 1.0));
    assert!(matches!(
        frozen,
        Err(OpenError::Open(OpenViolation::OracleAlive { .. }))
    ));
    pay_case(&stage, 10_000).accepted();
}

// 3: the stamp set 719 blocks back makes the oracle unknown for everybody, for a day.
#[test]
fn attack_back_dated_stamp_blinds_the_pot() {
    let mut stage = OpenStage::of(Kind::Lets1).later(2_000, RATE);
    let case = stage.adjust(UNITS, BACKING);
    let (epoch, made) = (stage.oracle.epoch(), stage.oracle.created());
    let stamped = case.with(|c| {
        let height = i64::from(c.height);
        c.set_register(0, R4, vec![epoch, height - 719]);
        if c.data_inputs.is_empty() {
            c.data_inputs = vec![stage.oracle.ergo_box().clone()];
        }
    });
    stamped.accepted();
    println!("oracle made {made:?} epoch {epoch} at {}", stamped.height);
    let start = i64::from(stamped.height);
    stage.bend_pot(|c| c.set_register(0, R4, vec![epoch, start - 719]));
    stage.account = stage.balanced(&stage.account, -UNITS);
    // The pool publishes every 30 blocks; ERG crashes at once.
    let mut first = None;
    for blocks in (5..3_000).step_by(30) {
        let mut later = stage.clone();
        later.height = stage.height.plus(Blocks(blocks));
        let told = i32::try_from(epoch).unwrap() + i32::try_from(blocks / 30).unwrap();
        let made = later.height.0 - 2;
        let later = later.told(3 * RATE, told, made);
        let call = lets_protocol::call(later.at(), &later.account, &later.funding(&key(198), 1.0));
        match call {
            Ok(_) => {
                first = Some(blocks);
                break;
            }
            Err(OpenError::Open(OpenViolation::OraclePace { .. })) => {}
            other => panic!("{other:?}"),
        }
    }
    println!("the first call is possible {first:?} blocks later");
    assert!(first.unwrap() > 600);
    // In the script too: 300 blocks on, ten epochs published, refused.
    let mut later = stage.clone();
    later.height = stage.height.plus(Blocks(305));
    let mut honest = stage.clone();
    honest.height = later.height;
    let honest_epoch = i32::try_from(epoch).unwrap() + 10;
    honest.bend_pot(|c| c.set_register(0, R4, vec![epoch, start]));
    let made = later.height.0 - 2;
    let honest = honest.told(3 * RATE, honest_epoch, made);
    let call = honest.call();
    call.accepted();
    call.with(|c| {
        let pot = stage.pot.ergo_box().clone();
        c.replace_input(0, pot);
    })
    .refused_at(0);
}

// 4: who has the treasury's key joins for nothing.
#[test]
fn attack_treasury_joins_for_nothing() {
    for kind in [Kind::Lets2, Kind::Lets4] {
        let stage = OpenStage::of(kind);
        let key = stage.treasury.clone();
        let funding = stage.funding(&key, 900.0);
        let ask = asking(stage.pot.policy(), &key);
        let (proposal, _, account) = lets_protocol::join(stage.at(), ask, &funding).unwrap();
        let case = Case::of(&proposal, stage.height, &[&key]);
        case.accepted();
        let own = p2pk(&key);
        let back: u64 = case
            .outputs
            .iter()
            .filter(|o| o.ergo_tree == own)
            .map(|o| *o.value.as_u64())
            .sum();
        println!(
            "{kind}: paid in 900, back {} and {} in the account, units {}",
            back as f64 / 1e9,
            account.value().0 as f64 / 1e9,
            account.units()
        );
        assert_eq!(back + account.value().0 + 1_000_000, 900_000_000_000);
    }
}

// 5: a membership token that rent set free: an account with issued below nothing empties the pot.
#[test]
fn attack_forged_terms_empty_the_pot() {
    let stage = OpenStage::of(Kind::Lets1).later(2_000, RATE);
    let all = stage.pot.units() - 1;
    let case = stage.adjust(0, 0);
    // The account: no units, issued = -all; the line 0, the lock 0.
    let unit = stage.unit();
    let forged = stage.box_with(stage.account.ergo_box(), |c| {
        c.set_tokens(0, |t| t.retain(|(id, _)| *id != unit));
        c.set_long(0, R4, 0, -all);
        c.set_long(0, R4, 1, 0);
    });
    let mut case = case;
    case.replace_input(1, forged);
    // Twin outputs: line 0, issued 0, all the pot's units but one.
    let taken = u64::try_from(all).unwrap();
    case.set_tokens(0, |t| t[2].1 = 1);
    case.set_tokens(1, |t| {
        t.retain(|(id, _)| *id != unit);
        t.push((unit, taken));
    });
    case.refused_at(0);
    println!("taken {taken} units with no line and no collateral");
    // W10: a line that never was issued.
    let case = stage.adjust(UNITS, BACKING);
    let forged = stage.box_with(stage.account.ergo_box(), |c| {
        c.set_tokens(0, |t| t.retain(|(id, _)| *id != unit));
        c.set_long(0, R4, 0, 0);
        c.set_long(0, R4, 1, 100_000);
        c.set_long(0, R4, 3, 0);
        c.set_long(0, R4, 8, 0);
    });
    let floor = 3_125_000_000;
    let mut case = case;
    case.replace_input(1, forged);
    case.data_inputs.clear();
    let seen = longs(&case.inputs[0].0.clone().into(), R4);
    case.set_register(0, R4, seen);
    case.set_tokens(0, |t| t[2].1 -= 100_000);
    case.set_tokens(1, |t| {
        t.retain(|(id, _)| *id != unit);
        t.push((unit, 100_000));
    });
    for (place, n) in [(0, 100_000), (1, 100_000), (3, floor), (8, 0)] {
        case.set_long(1, R4, place, n);
    }
    case.refused_at(0);
    println!("100,000 units without an oracle");
}

// 5b: an account at the least floor that the policy's check allows is free to take after four years.
#[test]
fn attack_floor_below_rent() {
    let mut policy = lets_tests::open::policy(Kind::Lets1);
    policy.floor = NanoErg(1_000_000_000);
    policy.check().unwrap();
    let stage = OpenStage::under(policy, 60);
    let key = stage.joiner();
    let ask = Join {
        units: Amount::ZERO,
        backing: NanoErg(0),
        spare: NanoErg(0),
        ..asking(stage.pot.policy(), &key)
    };
    let case = stage.join_as(ask);
    case.accepted();
    let bytes = size(&case.made(1)) as u64;
    let value = *case.outputs[1].value.as_u64();
    println!(
        "account of {bytes} bytes, {value} nanoErg, rent {}",
        bytes * 1_250_000
    );
    assert!(bytes * 1_250_000 > value);
}

// 6: the oracle's NFT in a thief's box: read as the oracle.
#[test]
fn attack_reserve_through_a_taken_oracle() {
    let mut stage = OpenStage::of(Kind::Lets3);
    // Four years of silence; whoever took the pool's box as rent writes what he likes.
    stage.height = stage.height.plus(Blocks(1_051_200));
    let stage = {
        // Somebody has renewed the pot meanwhile.
        let mut s = stage;
        let made = s.height.0 - 10;
        s.bend_pot(|c| c.outputs[0].creation_height = made);
        let acc = s.account_with(&s.account, |c| c.outputs[0].creation_height = made);
        s.account = acc;
        s
    };
    let made = stage.height.0 - 1;
    let cheap = stage.clone().told(100_000_000, 1_000_000, made);
    let before = cheap.pot.value().0;
    let mut s = cheap;
    let mut paid = 0;
    for _ in 0..4 {
        let bought = lets_protocol::buy(
            s.at(),
            &s.account,
            Amount::new(100_000).unwrap(),
            &s.funding(&s.owner, 9_000.0),
        )
        .unwrap();
        Case::of(&bought.proposal, s.height, &[&s.owner]).accepted();
        paid += bought.erg.0;
        (s.pot, s.account) = (bought.pot, bought.account);
    }
    let mut dear = s.told(4_000_000_000, 1_000_000, made);
    let units = Amount::new(420_000).unwrap();
    let back = lets_protocol::redeem(
        dear.at(),
        &dear.account,
        units,
        &dear.funding(&dear.owner, 1.0),
    )
    .unwrap();
    Case::of(&back.proposal, dear.height, &[&dear.owner]).accepted();
    dear.pot = back.pot;
    println!(
        "reserve {} ERG; paid {} ERG, got {} ERG; left {} ERG",
        before as f64 / 1e9,
        paid as f64 / 1e9,
        back.erg.0 as f64 / 1e9,
        dear.pot.value().0 as f64 / 1e9
    );
}

// 7: bought at the last price, redeemed at the share when the oracle counts as dead.
#[test]
fn attack_last_buyer_before_death() {
    let mut s = OpenStage::of(Kind::Lets3).later(100, RATE / 4);
    let mut paid = 0;
    for _ in 0..4 {
        let bought = lets_protocol::buy(
            s.at(),
            &s.account,
            Amount::new(100_000).unwrap(),
            &s.funding(&s.owner, 9_000.0),
        )
        .unwrap();
        Case::of(&bought.proposal, s.height, &[&s.owner]).accepted();
        paid += bought.erg.0;
        (s.pot, s.account) = (bought.pot, bought.account);
    }
    s.height = s.height.plus(Blocks(21_700));
    let back = lets_protocol::redeem(
        s.at(),
        &s.account,
        Amount::new(400_000).unwrap(),
        &s.funding(&s.owner, 1.0),
    )
    .unwrap();
    Case::of(&back.proposal, s.height, &[&s.owner]).accepted();
    println!(
        "paid {} ERG for 400,000, got {} ERG",
        paid as f64 / 1e9,
        back.erg.0 as f64 / 1e9
    );
    assert!(back.erg.0 > paid);
}

// 8: an application that names an open pot pays for somebody else's account.
#[test]
fn attack_application_to_an_open_pot() {
    use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBoxCandidate, NonMandatoryRegisters};
    let stage = OpenStage::of(Kind::Lets1);
    let victim = key(201);
    let target = stage.lets.ids().pot_nft.bytes().to_vec();
    let registers = vec![
        Constant::from(prop(&victim)),
        Constant::from(target),
        Constant::from(vec![i64::from(stage.height.0) + 20_000, 1]),
    ];
    let candidate = ErgoBoxCandidate {
        value: 500_000_000_000_u64.try_into().unwrap(),
        ergo_tree: stage.lets.contracts().application.tree().clone(),
        tokens: None,
        additional_registers: NonMandatoryRegisters::try_from(registers).unwrap(),
        creation_height: stage.height.0 - 3,
    };
    let application = lets_tests::case::existing(&candidate, 7_777);
    let mut case = stage.join();
    let value = *application.value.as_u64();
    case.inputs
        .insert(1, (application, ContextExtension::empty()));
    case.give_erg(2, value);
    // The thief's key signs for his wallet alone.
    case.accepted();
    println!(
        "the application's {} ERG are the thief's",
        value as f64 / 1e9
    );
}

// 9: an account without debt is called when rent has eaten into its floor.
#[test]
fn attack_call_without_debt_below_the_floor() {
    let under = OpenStage::of(Kind::Lets1)
        .indebted(UNITS)
        .later(2_000, 2 * RATE);
    let case = under.call();
    let unit = under.unit();
    for (balance, called) in [(0_i64, false), (50, false), (51, false)] {
        let change = |c: &mut Case, out: usize| {
            let units = u64::try_from(20_000 + balance).unwrap();
            c.set_tokens(out, |all| {
                all.retain(|(id, _)| *id != unit);
                all.push((unit, units));
            });
            let value = *c.outputs[out].value.as_u64();
            // Two periods of rent below the policy's floor.
            c.take_erg(out, value - 3_125_000_000 + 1_556_250_000);
        };
        let subject = under.box_with(&case.inputs[1].0, |c| change(c, 0));
        let bent = case.clone().with(|c| {
            c.inputs[1].0 = subject;
            change(c, 1);
        });
        println!("balance {balance}: {:?}", bent.accepts());
        assert_eq!(bent.accepts()[0], called);
    }
}

// 10: the twin lets fewer units through than a LETS-2 or -4 gives.
#[test]
fn attack_twin_join_with_fewer_units() {
    for kind in [Kind::Lets2, Kind::Lets4] {
        let stage = OpenStage::of(kind);
        for units in [0, 4_999] {
            let ask = Join {
                units: Amount::new(units).unwrap(),
                ..asking(stage.pot.policy(), &stage.joiner())
            };
            let made = lets_protocol::join(stage.at(), ask, &stage.funding(&stage.joiner(), 900.0));
            let (proposal, ..) = made.expect("the twin builds it");
            Case::of(&proposal, stage.height, &[&stage.joiner()]).refused_at(0);
        }
    }
}

// 11: a marked debtor draws the rest of his line into a note.
#[test]
fn attack_marked_debtor_draws_into_a_note() {
    let stage = OpenStage::called(10_000, 4 * RATE);
    let funding = stage.funding(&stage.owner, 5.0);
    let free = stage.clone();
    let plain = free.on_terms(&free.account, &[]);
    let unmarked = free.account_with(&plain, |c| {
        let terms = longs(&c.outputs[0], R4);
        c.set_register(0, R4, terms[..9].to_vec());
    });
    let trade = lets_protocol::pay(
        &stage.lets,
        Spender {
            funding: Some(&funding),
            ..Spender::new(&unmarked)
        },
        vec![Payment {
            to: Payee::Bearer {
                claimant: prop(&key(202)),
                expiry: Height(stage.height.0 + 20_000),
            },
            amount: Amount::new(10_000).unwrap(),
            memo: Vec::new(),
        }],
        params(&stage),
    )
    .unwrap();
    let case = Case::of(&trade.proposal, stage.height, &[&stage.owner]);
    case.accepted();
    let marked = stage.account.clone();
    let terms = longs(&marked.ergo_box().clone().into(), R4);
    use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::R6;
    let bent = case.with(|c| {
        c.replace_input(0, marked.ergo_box().clone());
        c.set_register(0, R4, terms.clone());
        let mut rules = longs(&c.outputs[1], R6);
        rules.truncate(1);
        rules.push(terms[9]);
        c.set_register(1, R6, rules);
    });
    let accepts = bent.accepts();
    println!("marked, into a note of the mark's class: {accepts:?}");
    bent.accepted();
}

// 12: a policy that is none ends the program instead of being refused.
#[test]
fn attack_policy_that_overflows_the_check() {
    let mut policy = lets_tests::open::policy(Kind::Lets1);
    policy.units_per_quantity = i64::MAX;
    let checked = std::panic::catch_unwind(|| policy.check());
    println!("upq i64::MAX: {:?}", checked.is_err());
    let mut policy = lets_tests::open::policy(Kind::Lets1);
    policy.margin = i64::MIN;
    let checked2 = std::panic::catch_unwind(|| policy.check());
    println!("margin i64::MIN: {:?}", checked2.is_err());
    let stage = OpenStage::of(Kind::Lets1);
    let pot = stage.box_with(stage.pot.ergo_box(), |c| c.set_long(0, R5, 10, 0));
    let parsed = lets_protocol::OpenPotBox::parse(&stage.lets, &pot).unwrap();
    let price = std::panic::catch_unwind(|| parsed.policy().price(RATE, 100));
    println!("price at 0 units per quantity panics: {}", price.is_err());
    let pot = stage.box_with(stage.pot.ergo_box(), |c| c.set_long(0, R4, 0, i64::MAX));
    let mut s = stage.clone();
    s.pot = lets_protocol::OpenPotBox::parse(&stage.lets, &pot).unwrap();
    s = s.later(2_000, RATE);
    let adj = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        lets_protocol::call(s.at(), &s.account, &s.funding(&key(198), 1.0)).is_ok()
    }));
    println!("seen epoch i64::MAX panics: {}", adj.is_err());
}

// 13: a mark outlives its reason: no second grace.
#[test]
fn attack_old_mark_liquidates_at_once() {
    let stage = OpenStage::called(UNITS, 2 * RATE);
    // A long time well within the margin, then a spike: no grace.
    let calm = stage.later(50_000, RATE);
    assert!(matches!(
        lets_protocol::liquidate(
            calm.at(),
            &calm.account,
            &calm.other,
            Amount::new(5_000).unwrap(),
            &calm.funding(&calm.other_key, 1.0),
        ),
        Err(OpenError::Open(OpenViolation::Secured { .. }))
    ));
    // The debtor cannot clear it with what is between margin and cover.
    let between = calm.clone().later(60, 1_200_000_000);
    let kept = between.adjust(UNITS, BACKING);
    println!("marks kept: {:?}", longs(&kept.outputs[1], R4).len());
    let spike = calm.later(60, 1_400_000_000);
    spike.liquidate(UNITS).accepted();
}

// 14: nothing is redeemed: a spend of the pot for nothing, and (with R4 back-dated) one that blinds it.
#[test]
fn attack_empty_redemption_stamps_the_pot() {
    let stage = OpenStage::of(Kind::Lets3).later(2_000, RATE);
    let case = stage.buy(1_000);
    let unit = stage.unit();
    let value = *case.inputs[0].0.value.as_u64();
    let out = *case.outputs[0].value.as_u64();
    let case = case.with(|c| {
        c.move_token(1, 0, unit, 1_000);
        c.move_erg(0, 2, out - value);
        let epoch = longs(&c.outputs[0], R4)[0];
        let height = i64::from(c.height);
        c.set_register(0, R4, vec![epoch, height - 719]);
    });
    case.accepted();
}

// 16: beside the wallet's box stands a second account's key: a join for somebody else, under a link of the joiner's.
#[test]
fn attack_join_under_a_victims_key_and_ones_own_link() {
    let stage = OpenStage::of(Kind::Lets3);
    let victim = key(210);
    let ask = Join {
        key: prop(&victim),
        link: lets_protocol::Link::FollowsBox(lets_tests::hand::junk(5)),
        units: Amount::ZERO,
        backing: NanoErg(0),
        ..asking(stage.pot.policy(), &victim)
    };
    stage.join_as(ask).accepted();
}

// 17: LETS-3: ERG without units is a gift that the builder makes without a word.
#[test]
fn attack_builder_gives_backing_away() {
    let stage = OpenStage::of(Kind::Lets3);
    let ask = Join {
        units: Amount::ZERO,
        backing: NanoErg(50_000_000_000),
        ..asking(stage.pot.policy(), &stage.joiner())
    };
    let case = stage.join_as(ask);
    case.accepted();
    let gain = *case.outputs[0].value.as_u64() - *case.inputs[0].0.value.as_u64();
    println!("given away {}", gain as f64 / 1e9);
}

// 18: junk in the units' place does not save a debtor from a call and a liquidation.
#[test]
fn stopped_debtor_with_junk() {
    let stage = OpenStage::called(UNITS, 2 * RATE);
    let case = stage.liquidate(5_000);
    let junk = lets_tests::hand::junk(77);
    let subject = stage.box_with(&case.inputs[1].0, |c| {
        c.set_tokens(0, |all| all.push((junk, 9)))
    });
    let case = case.with(|c| {
        c.inputs[1].0 = subject;
        let to = c.outputs.len() - 2;
        c.set_tokens(to, |all| all.push((junk, 9)));
    });
    case.accepted();
}

// 19: buy and redeem around a known next rate, with the least cover that the policy's check lets through.
#[test]
fn attack_next_rate_known_least_cover() {
    let mut policy = lets_tests::open::policy(Kind::Lets3);
    (policy.cover, policy.margin, policy.discount) = (101, 101, 0);
    policy.check().unwrap();
    let mut s = OpenStage::under(policy, 80);
    let reserve = s.pot.value().0;
    let units = Amount::new(UNITS).unwrap();
    let mut won = 0_i64;
    for (from, to) in [
        (RATE, RATE * 95 / 100),
        (RATE, RATE * 95 / 100),
        (RATE, RATE * 95 / 100),
    ] {
        s = s.later(31, from);
        let back =
            lets_protocol::redeem(s.at(), &s.account, units, &s.funding(&s.owner, 1.0)).unwrap();
        Case::of(&back.proposal, s.height, &[&s.owner]).accepted();
        (s.pot, s.account) = (back.pot, back.account);
        s = s.later(31, to);
        let again =
            lets_protocol::buy(s.at(), &s.account, units, &s.funding(&s.owner, 900.0)).unwrap();
        Case::of(&again.proposal, s.height, &[&s.owner]).accepted();
        (s.pot, s.account) = (again.pot, again.account);
        won += i64::try_from(back.erg.0).unwrap() - i64::try_from(again.erg.0).unwrap();
    }
    println!(
        "same units, {} ERG won of a reserve of {}",
        won as f64 / 1e9,
        reserve as f64 / 1e9
    );
}

// 15: a debtor past rent and all: the oracle's NFT gone, nothing is redeemed for ever.
#[test]
fn attack_oracle_gone_reserve_locked() {
    let mut stage = OpenStage::of(Kind::Lets3);
    stage.height = stage.height.plus(Blocks(22_000));
    let case = stage.redeem(1_000);
    case.accepted();
    case.clone().with(|c| c.data_inputs.clear()).refused_at(0);
    let odd = oracle_of(
        vec![Constant::from(vec![1_u8, 2])],
        stage.height.0 - 30_000,
        901,
    );
    case.with(|c| c.data_inputs = vec![odd]).refused_at(0);
}

#[allow(dead_code)]
fn unused(_: &AccountBox, _: i32) -> i32 {
    EPOCH
}

// 4b: the treasury's mill of a LETS-4: join, pay the units over, close, again; what it costs are the miners' fees.
#[test]
fn attack_treasury_mill() {
    let mut s = OpenStage::of(Kind::Lets4);
    let key = s.treasury.clone();
    let (mut won, mut spent) = (0, 0_i64);
    for _ in 0..3 {
        let funding = s.funding(&key, 900.0);
        let ask = asking(s.pot.policy(), &key);
        let (proposal, pot, account) = lets_protocol::join(s.at(), ask, &funding).unwrap();
        let join = Case::of(&proposal, s.height, &[&key]);
        join.accepted();
        let trade = lets_protocol::pay(
            &s.lets,
            Spender::new(&account),
            vec![Payment {
                to: Payee::Direct(&s.other),
                amount: Amount::new(5_000).unwrap(),
                memo: Vec::new(),
            }],
            params(&s),
        )
        .unwrap();
        Case::of(&trade.proposal, s.height, &[&key]).accepted();
        s.other = trade.others[0].clone();
        s.pot = pot;
        s.account = trade.leader;
        let (proposal, pot) = lets_protocol::close(s.at(), &s.account, p2pk(&key)).unwrap();
        let close = Case::of(&proposal, s.height, &[&key]);
        close.accepted();
        s.pot = pot;
        let own = |c: &Case| -> i64 {
            let mine = c.outputs.iter().filter(|o| o.ergo_tree == p2pk(&key));
            mine.map(|o| i64::try_from(*o.value.as_u64()).unwrap())
                .sum()
        };
        spent += 900_000_000_000 - own(&join) - own(&close);
        won += 5_000;
    }
    println!(
        "{won} units for {} ERG; the other has {}",
        spent as f64 / 1e9,
        s.other.units()
    );
}

// With the mended script: an undrawn line that its ERG no longer covers at the margin may be frozen; a later call still
// gives the whole grace.
#[test]
fn mended_freeze_of_an_uncovered_line() {
    for (rate, frozen) in [
        (RATE, false),
        (1_330_000_000, false),
        (1_350_000_000, true),
        (4 * RATE, true),
    ] {
        let live = OpenStage::of(Kind::Lets1).later(2_000, rate);
        let owing = OpenStage::of(Kind::Lets1)
            .indebted(UNITS)
            .later(2_000, 4 * RATE);
        let unit = live.unit();
        let case = owing.call();
        let terms = longs(&case.outputs[1], R4)[..9].to_vec();
        let bent = case.with(|c| {
            c.replace_input(1, live.account.ergo_box().clone());
            c.set_tokens(1, |all| all.push((unit, 20_000)));
            c.set_register(1, R4, [terms.as_slice(), &[0]].concat());
            c.data_inputs = vec![live.oracle.ergo_box().clone()];
        });
        println!("rate {rate}: {:?}", bent.accepts());
        assert_eq!(bent.accepts()[0], frozen, "{rate}");
    }
}

#[test]
fn mended_call_beyond_the_highest_rate() {
    let owing = OpenStage::of(Kind::Lets1)
        .indebted(UNITS)
        .later(2_000, 4 * RATE);
    for (rate, called) in [
        (4_000_000_001, true),
        (i64::MAX, true),
        (99_999_999, false),
        (0, false),
        (-5, false),
    ] {
        let epoch = i32::try_from(owing.oracle.epoch()).unwrap();
        let other = owing.clone().told(rate, epoch, owing.height.0 - 5);
        let case = owing
            .call()
            .with(|c| c.data_inputs = vec![other.oracle.ergo_box().clone()]);
        assert_eq!(case.accepts()[0], called, "{rate}");
    }
}

// A debtor whose ERG is worth 105 percent of his debt pays less than the debt out of his other account, and has all his
// ERG back: the discount comes out of the others' pockets.
#[test]
fn attack_discount_makes_bad_debt_of_a_covered_one() {
    for (discount, margin, rate) in [(10, 150, 1_905_000_000), (50, 150, 1_600_000_000)] {
        let mut policy = lets_tests::open::policy(Kind::Lets1);
        (policy.discount, policy.margin) = (discount, margin);
        policy.check().unwrap();
        let mut s = OpenStage::under(policy, 90)
            .indebted(UNITS)
            .later(2_000, rate);
        let (_, pot, account) =
            lets_protocol::call(s.at(), &s.account, &s.funding(&key(198), 1.0)).unwrap();
        (s.pot, s.account) = (pot, account);
        let s = s.later(760, rate);
        let price = s.pot.policy().price(rate, 100);
        let collateral = i64::try_from(s.account.value().0 - s.pot.policy().floor.0).unwrap();
        let units = collateral / s.pot.policy().price(rate, 100 + discount) + 1;
        let done = lets_protocol::liquidate(
            s.at(),
            &s.account,
            &s.other,
            Amount::new(units).unwrap(),
            &s.funding(&s.other_key, 1.0),
        )
        .unwrap();
        Case::of(&done.proposal, s.height, &[&s.other_key]).accepted();
        println!(
            "discount {discount}: collateral {} percent of the debt; {units} of {UNITS} paid, {} ERG taken, {} ERG left above the floor, debt left {}",
            collateral / (price * UNITS / 100),
            done.taken.0 as f64 / 1e9,
            (done.debtor.value().0 - s.pot.policy().floor.0) as f64 / 1e9,
            done.debtor.balance().debt()
        );
    }
}
