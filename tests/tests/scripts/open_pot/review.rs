//! Attacks on earlier versions of the open pot that succeeded (ADR 16): each is refused now, or worth nothing.

use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5};
use lets_protocol::rules::open::{self, OpenViolation};
use lets_protocol::{
    Amount, Blocks, Height, Join, Kind, NanoErg, OpenError, OpenPotBox, OracleBox, Policy,
    PolicyError, Seen, TxParams,
};
use lets_tests::case::longs;
use lets_tests::open::{BACKING, EPOCH, RATE, UNITS, asking, policy};
use lets_tests::world::{key, p2pk, prop};
use lets_tests::{Case, OpenStage};

/// Long after the pot saw its oracle: pot and account have been renewed meanwhile, and the oracle's box is young.
fn after_silence(kind: Kind, blocks: u32) -> OpenStage {
    let mut stage = OpenStage::of(kind);
    let seen = u32::try_from(stage.pot.seen().created).unwrap();
    stage.height = Height(seen + blocks - 1);
    let made = stage.height.0 - 10;
    stage.bend_pot(|c| c.outputs[0].creation_height = made);
    stage.account = stage.account_with(&stage.account, |c| c.outputs[0].creation_height = made);
    stage.told(RATE, EPOCH, made)
}

// A line that nobody has drawn is a bet on ERG: after a fall it was drawn for twice what lay behind it. Now anybody freezes
// it (C4), and a later call still gives the whole grace.
#[test]
fn undrawn_line_beyond_the_margin_is_frozen() {
    // A unit's price at the margin is 0.015 ERG at the first rate: 400 ERG carry 20,000 units up to 4/3 of it.
    let at = |rate| OpenStage::of(Kind::Lets1).later(2_000, rate);
    let stage = at(1_333_333_400);
    let frozen = stage.freeze();
    frozen.accepted();
    let within = at(1_333_333_399);
    let built = lets_protocol::freeze(
        within.at(),
        &within.account,
        &within.funding(&key(198), 1.0),
    );
    assert!(matches!(
        built,
        Err(OpenError::Open(OpenViolation::Secured { .. }))
    ));
    let other = within.oracle.ergo_box().clone();
    let rate = within.oracle.rate();
    frozen
        .with(|c| {
            c.data_inputs = vec![other];
            c.set_long(0, R4, 1, rate);
        })
        .refused_at(0);
    let mut owing = stage.indebted(UNITS);
    owing.account = owing.account_with(&owing.account, |c| {
        let mut terms = longs(&c.outputs[0], R4);
        terms.push(0);
        c.set_register(0, R4, terms);
    });
    owing.call().accepted();
}

// ERG falls further than the policy's range: nothing could be called nor liquidated. A rate above the highest counts as the
// highest; one below the least counts for nothing.
#[test]
fn fall_beyond_the_highest_rate_is_pressing() {
    let highest = policy(Kind::Lets1).oracle.highest;
    let stage = OpenStage::of(Kind::Lets1)
        .indebted(UNITS)
        .later(2_000, highest + 1);
    let call = stage.call();
    call.accepted();
    assert_eq!(longs(&call.outputs[0], R4)[1], highest);
    for rate in [99_999_999, 0, -5, i64::MIN] {
        let other = stage.clone().told(rate, EPOCH, stage.height.0 - 5);
        call.clone()
            .with(|c| {
                c.data_inputs = vec![other.oracle.ergo_box().clone()];
                c.set_long(0, R4, 1, 100_000_000);
            })
            .refused_at(0);
    }
    OpenStage::called(UNITS, highest + 1)
        .liquidate(5_000)
        .accepted();
}

// The pot wrote down a height of the spender's choice: dated back, it made the oracle unknown for a day, again and again.
#[test]
fn memory_of_the_oracle_other_than_its_box_refused() {
    let stage = OpenStage::of(Kind::Lets1)
        .later(2_000, 2 * RATE)
        .indebted(UNITS);
    let call = stage.call();
    call.accepted();
    for (place, by) in [(0, -719), (0, -1), (0, 1), (1, -1), (1, 1)] {
        call.clone()
            .with(|c| {
                let now = longs(&c.outputs[0], R4)[place];
                c.set_long(0, R4, place, now + by);
            })
            .refused_at(0);
    }
    // What it saw before stays only where the oracle is not asked for.
    let seen = longs(&call.inputs[0].0.clone().into(), R4);
    call.with(|c| c.set_register(0, R4, seen)).refused_at(0);
}

// The fee went to the treasury: whoever has its key joined for nothing, and made units.
#[test]
fn fee_that_leaves_the_pot_refused() {
    for kind in [Kind::Lets2, Kind::Lets4] {
        let stage = OpenStage::of(kind);
        let join = stage.join();
        join.accepted();
        let fee = stage.pot.policy().fee.0;
        join.clone().with(|c| c.move_erg(0, 2, fee)).refused_at(0);
        join.with(|c| c.move_erg(0, 2, 1)).refused_at(0);
    }
}

// With ERG below what the fee was reckoned for, joining paid. Now the oracle must be live.
#[test]
fn join_for_a_fee_worth_too_little_refused() {
    let stage = OpenStage::of(Kind::Lets4);
    let highest = stage.pot.policy().oracle.highest;
    let join = stage.join();
    for (rate, at) in [(highest, false), (highest + 1, true)] {
        let other = stage.clone().told(rate, EPOCH, stage.height.0 - 5);
        let case = join.clone().with(|c| {
            c.data_inputs = vec![other.oracle.ergo_box().clone()];
            c.set_register(0, R4, vec![other.oracle.created().as_i64(), highest]);
        });
        match at {
            true => case.refused_at(0),
            false => drop(case.accepted()),
        }
    }
    join.with(|c| {
        c.data_inputs.clear();
        let seen = longs(&c.inputs[0].0.clone().into(), R4);
        c.set_register(0, R4, seen);
    })
    .refused_at(0);
}

// A membership token that storage rent set free, in an account of the thief's making: with issued units below 0 it emptied
// the pot, and a line that was never granted gave units without a price.
#[test]
fn forged_terms_bring_no_units() {
    let stage = OpenStage::of(Kind::Lets1).later(2_000, RATE);
    let all = stage.pot.units() - 1;
    let unit = stage.unit();
    let forged = stage.box_with(stage.account.ergo_box(), |c| {
        c.set_tokens(0, |t| t.retain(|(id, _)| *id != unit));
        c.set_long(0, R4, 0, -all);
        c.set_long(0, R4, 1, 0);
    });
    let mut case = stage.adjust(0, 0);
    case.replace_input(1, forged);
    let taken = u64::try_from(all).unwrap();
    case.set_tokens(0, |t| t[2].1 = 1);
    case.set_tokens(1, |t| {
        t.retain(|(id, _)| *id != unit);
        t.push((unit, taken));
    });
    case.refused_at(0);
    let mut case = stage.adjust(UNITS, BACKING);
    let floor = i64::try_from(stage.pot.policy().floor.0).unwrap();
    let forged = stage.box_with(stage.account.ergo_box(), |c| {
        c.set_tokens(0, |t| t.retain(|(id, _)| *id != unit));
        for (place, n) in [(0, 0), (1, 100_000), (3, 0), (8, 0)] {
            c.set_long(0, R4, place, n);
        }
    });
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
}

// Four years after a pool's end anybody takes its box as rent, NFT and all, and writes what he likes; a box made anew by rent
// looks young. O2: by then the pot asks it nothing.
#[test]
fn pool_that_may_be_in_other_hands_is_not_asked() {
    let stage = after_silence(Kind::Lets3, Seen::SAFE.0 - 1);
    stage.buy(1_000).accepted();
    let late = after_silence(Kind::Lets3, Seen::SAFE.0);
    let units = Amount::new(1_000).unwrap();
    let bought = lets_protocol::buy(
        late.at(),
        &late.account,
        units,
        &late.funding(&late.owner, 900.0),
    );
    assert!(matches!(
        bought,
        Err(OpenError::Open(OpenViolation::OracleSilent { .. }))
    ));
    stage
        .buy(1_000)
        .with(|c| {
            c.height += 1;
            c.created_ago(1);
        })
        .refused_at(0);
}

// An oracle whose NFT was burnt could never be shown dead, and the reserve was locked for ever.
#[test]
fn reserve_of_an_oracle_that_vanished_is_redeemed_after_the_silence() {
    let gone = |blocks| {
        let stage = after_silence(Kind::Lets3, blocks);
        let at = lets_protocol::AtPot {
            oracle: None,
            ..stage.at()
        };
        let units = Amount::new(1_000).unwrap();
        let done =
            lets_protocol::redeem(at, &stage.account, units, &stage.funding(&stage.owner, 1.0));
        done.map(|d| Case::of(&d.proposal, stage.height, &[&stage.owner]))
    };
    gone(Seen::SAFE.0).unwrap().accepted();
    assert!(matches!(
        gone(Seen::SAFE.0 - 1),
        Err(OpenError::Open(OpenViolation::NoOracle))
    ));
    let case = gone(Seen::SAFE.0).unwrap();
    case.with(|c| {
        c.height -= 1;
        c.created_ago(1);
    })
    .refused_at(0);
}

// ERG has risen to four times what it was, so that the reserve holds eight times the price; the pool's end is known. Whoever
// bought last shared in what the others had paid in. Now a dead oracle's last price at the cover is the most.
#[test]
fn last_buyer_before_the_oracles_death_gains_nothing() {
    let mut s = OpenStage::of(Kind::Lets3).later(100, RATE / 4);
    let mut paid = 0;
    for _ in 0..4 {
        let units = Amount::new(100_000).unwrap();
        let bought =
            lets_protocol::buy(s.at(), &s.account, units, &s.funding(&s.owner, 9_000.0)).unwrap();
        paid += bought.erg.0;
        (s.pot, s.account) = (bought.pot, bought.account);
    }
    s.height = s.height.plus(Blocks(21_700));
    let case = s.redeem(400_000);
    case.accepted();
    let (before, after) = (&case.inputs[0].0, &case.outputs[0]);
    let got = before.value.as_u64() - after.value.as_u64();
    assert!(got <= paid, "{got} for {paid}");
    case.with(|c| c.move_erg(0, 2, 400_000)).refused_at(0);
}

// The discount made bad debt out of a debt that was covered, and a debtor's second account took it.
#[test]
fn discount_takes_no_more_than_the_debts_own_part() {
    // 400 ERG are worth 105 percent of 20,000 units at this rate.
    let rate = 1_904_000_000;
    let stage = OpenStage::called(UNITS, rate);
    let case = stage.liquidate(10_000);
    case.accepted();
    let account = &stage.account;
    let above = account.value().0 - stage.pot.policy().floor.0;
    let left = *case.outputs[1].value.as_u64() - stage.pot.policy().floor.0;
    assert!(left >= above / 2, "{left} left of {above}");
    case.with(|c| c.move_erg(1, 3, 10_001)).refused_at(0);
}

// A call on a spike outlived a calm year: at the next spike the debt was liquidated at once.
#[test]
fn old_call_lapses_and_is_made_anew() {
    let stage = OpenStage::called(UNITS, 2 * RATE);
    let Policy { grace, window, .. } = *stage.pot.policy();
    let called = -longs(&stage.account.ergo_box().clone().into(), R4)[9];
    let last = called + i64::from(grace.0 + window.0);
    let at = |height: i64| {
        let by = u32::try_from(height - 1 - stage.height.as_i64()).unwrap();
        stage.clone().later(by, 2 * RATE)
    };
    let case = at(last).liquidate(5_000);
    case.accepted();
    let late = at(last + 1);
    let units = Amount::new(5_000).unwrap();
    let funding = late.funding(&late.other_key, 1.0);
    let done = lets_protocol::liquidate(late.at(), &late.account, &late.other, units, &funding);
    assert!(matches!(
        done,
        Err(OpenError::Open(OpenViolation::Lapsed { until, .. })) if until == last
    ));
    case.with(|c| {
        c.height += 1;
        c.created_ago(1);
    })
    .refused_at(0);
    let again = late.call();
    again.accepted();
    let early = at(last);
    let built = lets_protocol::call(early.at(), &early.account, &early.funding(&key(198), 1.0));
    assert!(matches!(
        built,
        Err(OpenError::Open(OpenViolation::Marked { .. }))
    ));
    again
        .with(|c| {
            c.height -= 1;
            c.created_ago(1);
        })
        .refused_at(0);
}

// When rent had eaten below the policy's floor, members without a debt could be called.
#[test]
fn member_without_a_debt_is_not_called() {
    let stage = OpenStage::of(Kind::Lets1)
        .indebted(UNITS)
        .later(2_000, 2 * RATE);
    let case = stage.call();
    let unit = stage.unit();
    let change = |c: &mut Case, out: usize| {
        c.set_tokens(out, |all| {
            all.retain(|(id, _)| *id != unit);
            all.push((unit, 20_000));
        });
        let value = *c.outputs[out].value.as_u64();
        c.take_erg(out, value - 2_000_000_000);
    };
    let subject = stage.box_with(&case.inputs[1].0, |c| change(c, 0));
    case.with(|c| {
        c.inputs[1].0 = subject;
        change(c, 1);
    })
    .refused_at(0);
}

// A spend of the pot that redeems nothing shows it its oracle, and can do no more.
#[test]
fn empty_redemption_shows_the_oracle_and_no_more() {
    let stage = OpenStage::of(Kind::Lets3).later(2_000, RATE);
    let case = stage.buy(1_000);
    let unit = stage.unit();
    let paid = *case.outputs[0].value.as_u64() - *case.inputs[0].0.value.as_u64();
    let case = case.with(|c| {
        c.move_token(1, 0, unit, 1_000);
        c.move_erg(0, 2, paid);
    });
    case.accepted();
    case.clone().with(|c| c.move_erg(0, 2, 1)).refused_at(0);
    case.with(|c| c.set_long(0, R4, 0, i64::from(c.height) - 719))
        .refused_at(0);
}

// Junk in a debtor's box does not save him from a liquidation.
#[test]
fn debtor_with_junk_is_liquidated() {
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

// Nobody admits in an open LETS: an application to it would be anybody's.
#[test]
fn application_to_an_open_lets_is_not_built() {
    let stage = OpenStage::of(Kind::Lets1);
    let applied = lets_protocol::apply(
        &stage.lets,
        &stage.charter,
        lets_protocol::Applicant::member(prop(&key(201))),
        NanoErg(5_000_000_000),
        stage.height.plus(Blocks(20_000)),
        &stage.funding(&key(201), 10.0),
        TxParams {
            height: stage.height,
            fee: NanoErg::MIN_FEE,
        },
    );
    assert!(matches!(applied, Err(lets_protocol::ApplyError::Open)));
}

// The twins built what the script refuses, or gave ERG away.
#[test]
fn twins_of_joining_refuse_what_the_script_does() {
    for kind in [Kind::Lets2, Kind::Lets4] {
        let stage = OpenStage::of(kind);
        for units in [0, 4_999, 5_001] {
            let ask = Join {
                units: Amount::new(units).unwrap(),
                ..asking(stage.pot.policy(), &stage.joiner())
            };
            let made = lets_protocol::join(stage.at(), ask, &stage.funding(&stage.joiner(), 900.0));
            assert!(matches!(
                made,
                Err(OpenError::Open(OpenViolation::Credit { .. }))
            ));
        }
    }
    let stage = OpenStage::of(Kind::Lets3);
    for (units, paid) in [(0, 0), (1_000, 20_000_000_000)] {
        let ask = Join {
            units: Amount::new(units).unwrap(),
            backing: NanoErg(50_000_000_000),
            ..asking(stage.pot.policy(), &stage.joiner())
        };
        let case = stage.join_as(ask);
        case.accepted();
        let gain = *case.outputs[0].value.as_u64() - *case.inputs[0].0.value.as_u64();
        assert_eq!(gain, paid);
    }
}

// Numbers that no LETS lives under, and numbers that once ended the program.
#[test]
fn unsound_policies_are_refused_and_no_number_ends_the_program() {
    let refused = |change: &dyn Fn(&mut Policy)| {
        let mut bent = policy(Kind::Lets1);
        change(&mut bent);
        assert!(
            matches!(bent.check(), Err(PolicyError::Range { .. })),
            "{bent:?}"
        );
    };
    refused(&|p| p.floor = NanoErg(3_999_999_999));
    refused(&|p| p.cover = 149);
    refused(&|p| p.margin = 109);
    refused(&|p| p.margin = p.cover - 19);
    refused(&|p| p.discount = (p.margin - 100) / 2 + 1);
    refused(&|p| p.grace = Blocks(50_401));
    refused(&|p| p.window = Blocks(719));
    refused(&|p| p.smallest_liquidation = Amount::new(p.credit.units() / 10 + 1).unwrap());
    refused(&|p| p.oracle.oldest = Blocks(721));
    refused(&|p| p.oracle.dead = Blocks(50_401));
    refused(&|p| p.units_per_quantity = i64::MAX);
    refused(&|p| p.margin = i64::MIN);
    policy(Kind::Lets1).check().unwrap();
    let stage = OpenStage::of(Kind::Lets1);
    let range = policy(Kind::Lets1).oracle;
    for (rate, good) in [
        (range.least * 2, true),
        (range.least * 2 - 1, false),
        (range.highest / 2, true),
        (range.highest / 2 + 1, false),
        (i64::MIN, false),
    ] {
        let said = policy(Kind::Lets1).check_rate(rate);
        assert_eq!(said.is_ok(), good, "{rate}");
    }
    for (register, place, number) in [
        (R4, 0, i64::MAX),
        (R4, 0, i64::MIN),
        (R4, 1, i64::MIN),
        (R5, 10, 0),
        (R5, 10, i64::MIN),
        (R5, 11, i64::MAX),
        (R5, 12, i64::MIN),
        (R5, 13, i64::MAX),
        (R5, 18, i64::MAX),
        (R5, 19, i64::MIN),
        (R5, 21, i64::MIN),
    ] {
        let pot = stage.box_with(stage.pot.ergo_box(), |c| {
            c.set_long(0, register, place, number)
        });
        let Ok(pot) = OpenPotBox::parse(&stage.lets, &pot) else {
            continue;
        };
        read_everything(&stage, &pot, &stage.oracle);
    }
}

/// Whatever reckons with the numbers of a pot.
fn read_everything(stage: &OpenStage, pot: &OpenPotBox, oracle: &OracleBox) {
    let (policy, units) = (pot.policy(), Amount::new(1_000).unwrap());
    let _ = policy.check();
    let _ = (
        pot.share(),
        policy.price(i64::MAX, i64::MAX),
        policy.worth_of_credit(),
    );
    let _ = open::check_dead(pot, Some(oracle), stage.height);
    let _ = open::redeemed(pot, None, units);
    let _ = open::margin_rate(policy, &stage.account);
    if let Ok(quote) = open::check_known(pot, oracle, stage.height) {
        let _ = open::cover_of(policy, &quote, units);
        let _ = open::taken(policy, &quote, &stage.account, units);
        let _ = open::worth_paying(policy, &quote, &stage.account, units);
        let _ = open::redeemed(pot, Some(&quote), units);
        let _ = open::check_under(policy, &quote, &stage.account);
    }
    let at = lets_protocol::AtPot { pot, ..stage.at() };
    let _ = lets_protocol::close(at, &stage.account, p2pk(&stage.owner));
}
