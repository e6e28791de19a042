//! P: when the account leaves everything to the pot.

use super::*;

/// The committee gives the first member another line, and other accounts stand behind.
fn terms_set(m: &Members, line: i64) -> Case {
    let funding = m.world.funding(&m.keys[3], 1.0);
    let terms = Terms {
        line: Amount::new(line).unwrap(),
        ..m.world.terms()
    };
    let (proposal, ..) = set_terms(
        &m.world.lets,
        &m.world.charter,
        &m.world.pot,
        &m.accounts[0],
        terms,
        &funding,
        m.world.params(),
    )
    .unwrap();
    let [one, two] = m.world.quorum();
    m.world.case(&proposal, &[one, two, &m.keys[3]])
}

/// A trade's accounts, put behind the pot and its subject; the wallet pays the fee.
fn behind(case: Case, trade: Case) -> Case {
    let accounts = trade.outputs.len() - 1;
    case.with(|c| {
        for (i, (input, output)) in trade.inputs.into_iter().zip(trade.outputs).enumerate() {
            c.inputs.insert(2 + i, input);
            c.outputs.insert(2 + i, output);
        }
        c.give_erg(2, NanoErg::MIN_FEE.0);
        c.signers.extend(trade.signers);
        assert_eq!(c.outputs.len(), 4 + accounts);
    })
}

// P1 P2 P3
#[test]
fn subject_of_a_fresh_pot_accepted() {
    let m = Members::of(10);
    terms_set(&m, 30_000).accepted();
    terms_set(&m, 5_000).accepted();
}

// P3: the pot on its last day, and a day later as somebody's storage rent.
#[test]
fn pot_of_storage_age_does_not_vouch() {
    let mut m = Members::of(10);
    for (age, passes) in [(STORAGE_PERIOD - 1, true), (STORAGE_PERIOD, false)] {
        let old = m.world.box_with(m.world.pot.ergo_box(), |c| {
            c.outputs[0].creation_height = created(&m.world, age)
        });
        m.world.pot = lets_protocol::PotBox::parse(&m.world.lets, &old).unwrap();
        let case = terms_set(&m, 30_000);
        if passes {
            case.accepted();
        } else {
            case.refused_at(1);
        }
    }
    // What the rule is for: the pot is spent as rent, its script does not run, and the account behind it is robbed.
    let (number, member) = (m.accounts[0].number().token_id(), membership(&m.world));
    let unit = unit(&m.world);
    let case = trade(&m.world, &[pays(&m.accounts[0], 100)], &[]).with(|c| {
        c.lead(m.world.pot.ergo_box().clone());
        c.outputs[0].creation_height = c.height;
        c.rent(0, 0);
        c.outputs[1] = loot(&[(member, 1), (number, 1), (unit, 20_000)]);
        c.outputs[1].creation_height = c.height;
        let erg = *m.accounts[0].ergo_box().value.as_u64() - NanoErg::MIN_FEE.0;
        c.outputs[1].value = erg.try_into().unwrap();
    });
    case.refused_at(1);
}

// P2: something else than the pot stands first.
#[test]
fn account_behind_a_wallet_box_robbed_refused() {
    let m = Members::of(10);
    let (number, member) = (m.accounts[1].number().token_id(), membership(&m.world));
    let unit = unit(&m.world);
    let thief = m.world.wallet_box(&m.keys[0], 1.0);
    trade(&m.world, &[takes(&m.accounts[1], 0)], &[&m.keys[0]])
        .with(|c| {
            c.lead(thief);
            c.fee_from(0);
            let erg = c.outputs[1].value;
            c.outputs[1] = loot(&[(member, 1), (number, 1), (unit, 20_000)]);
            c.outputs[1].creation_height = m.world.height.0;
            c.outputs[1].value = erg;
        })
        .refused_at(1);
}

// P1: the pot acts on the account at INPUTS(1); another one behind it is robbed.
#[test]
fn account_that_is_not_the_pots_subject_robbed_refused() {
    let m = Members::of(10);
    let unit = unit(&m.world);
    // Not the owner's signature, and the units leave into a wallet.
    let case = behind(
        terms_set(&m, 30_000),
        trade(&m.world, &[takes(&m.accounts[1], 0)], &[]),
    );
    let case = case.with(|c| {
        c.take_erg(2, NanoErg::MIN_FEE.0);
        c.add_output(loot(&[]), 2);
        c.move_token(2, 4, unit, 500);
    });
    case.refused_at(2);
}

// P1: behind the pot an account trades as everywhere. C4: units that the pot gives or takes are in the sum.
#[test]
fn trade_beside_a_committee_action_accepted() {
    let m = Members::of(10);
    let [_, b, c, _] = &m.accounts;
    for line in [5_000, 30_000] {
        let case = behind(
            terms_set(&m, line),
            trade(&m.world, &[pays(b, 300), takes(c, 300)], &[&m.keys[1]]),
        );
        case.accepted();
        case.unsigned().unproven();
    }
}

// C3: the pot does not check the sum for them.
#[test]
fn trade_beside_a_committee_action_units_leak_refused() {
    let m = Members::of(10);
    let [_, b, c, _] = &m.accounts;
    let unit = unit(&m.world);
    behind(
        terms_set(&m, 5_000),
        trade(&m.world, &[pays(b, 300), takes(c, 300)], &[&m.keys[1]]),
    )
    .with(|c| {
        c.add_output(loot(&[]), 2);
        let at = c.outputs.len() - 2;
        c.move_token(3, at, unit, 100);
    })
    .refused_at(2);
}
