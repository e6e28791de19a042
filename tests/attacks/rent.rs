//! Storage rent: anybody may spend a box that is old enough with context variable 127 and an empty proof, and its script
//! does not run.

use crate::*;
use ergo_lib::chain::transaction::Transaction;
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ProofBytes;

/// Whether a node takes the transaction with no proof at any input.
fn without_proofs(case: &Case) -> bool {
    let proofs = vec![ProofBytes::Empty; case.inputs.len()];
    let tx = Transaction::from_unsigned_tx(case.tx(), proofs).unwrap();
    case.validate(tx).is_ok()
}

/// The boxes spent as storage rent; the first output takes the rent, and their successors stand behind it in their order.
fn rent_of(boxes: &[&ErgoBox], height: u32) -> Case {
    let mut case = Case {
        inputs: Vec::new(),
        data_inputs: Vec::new(),
        outputs: vec![loot(&[]), fee(height)],
        height,
        signers: Vec::new(),
    };
    case.outputs[0].creation_height = height;
    for (input, spent) in boxes.iter().enumerate() {
        case.add_input((*spent).clone(), 0);
        case.rent_as_it_is(input, 0);
    }
    let given = *fee(height).value.as_u64() + *loot(&[]).value.as_u64();
    case.take_erg(0, given);
    case
}

// No box is spent as rent before its time, whatever stands in variable 127: the script runs, and asks for its proof.
#[test]
fn rent_of_a_young_box_refused() {
    let stage = Stage::default();
    let world = &stage.world;
    let m = Members::of(60);
    let rich = |b: &ErgoBox| {
        world.box_with(b, |c| {
            c.outputs[0].value = 10_000_000_000_u64.try_into().unwrap()
        })
    };
    for spent in [
        stage.account.ergo_box(),
        world.pot.ergo_box(),
        world.charter.ergo_box(),
        stage.application.ergo_box(),
        &standing(&m, 0, Some(1), 300),
    ] {
        let spent = rich(spent);
        for (age, taken) in [(STORAGE_PERIOD - 1, false), (STORAGE_PERIOD, true)] {
            let case = rent_of(&[&spent], spent.creation_height + age);
            assert_eq!(without_proofs(&case), taken);
            // Nor is anything but the rent taken.
            let more = case.clone().with(|c| c.move_erg(1, 0, 1));
            assert!(!without_proofs(&more));
            let bare = case.with(|c| c.truncate_registers(1, 0));
            assert!(!without_proofs(&bare));
        }
    }
}

// I5: two old accounts, even of one owner, cannot share a rent successor: their numbers differ.
#[test]
fn two_accounts_on_one_rent_successor_refused() {
    let m = Members::of(10);
    let [a, b] = [0, 1].map(|i| m.aged(i, STORAGE_PERIOD).ergo_box().clone());
    let height = m.world.height.0 + 1;
    let case = rent_of(&[&a, &b], height);
    assert!(without_proofs(&case));
    for shared in [1, 2] {
        let both = case.clone().with(|c| {
            c.rent(0, shared);
            c.rent(1, shared);
        });
        assert!(!without_proofs(&both));
    }
}

/// A note of the first member to the second, old and rich enough to be spent as rent.
fn old_note(m: &Members) -> ErgoBox {
    m.world.box_with(&standing(m, 0, Some(1), 300), |c| {
        c.outputs[0].value = 2_000_000_000_u64.try_into().unwrap();
        c.outputs[0].creation_height = created(&m.world, STORAGE_PERIOD);
    })
}

// Known limit: two notes alike, four years old, can: the units of one are free. By then the payer could have taken both
// back for three years, and the community for two. What is free comes into an account as anybody's units do.
#[test]
fn two_old_notes_on_one_rent_successor_free_the_units_of_one() {
    let m = Members::of(10);
    let [a, b] = [0, 1].map(|_| old_note(&m));
    let unit = unit(&m.world);
    let case = rent_of(&[&a, &b], m.world.height.0 + 1).with(|c| {
        c.rent(0, 1);
        c.rent(1, 1);
        c.move_token(2, 0, unit, 300);
    });
    assert!(without_proofs(&case));
}

// C3 C6: a note spent as rent beside a trade: its units are counted, and its successor is a note of its own payer only.
#[test]
fn note_spent_as_rent_beside_a_trade_counts() {
    let m = Members::of(10);
    let note = old_note(&m);
    let beside = |leader: usize, kept: bool| {
        let (payer, payee) = (&m.accounts[leader], &m.accounts[2]);
        trade(
            &m.world,
            &[pays(payer, 200), takes(payee, 200)],
            &[&m.keys[leader]],
        )
        .with(|c| {
            c.add_input(note.clone(), 0);
            c.rent_as_it_is(2, 0);
            if !kept {
                c.set_tokens(2, |all| all.clear());
                c.add_output(loot(&[(unit(&m.world), 300)]), 0);
            }
        })
    };
    beside(0, true).accepted();
    beside(3, true).refused_at(0);
    beside(0, false).refused_at(0);
}

// G1: the charter is spent as rent in the transaction in which the pot reads it: it stays what it was.
#[test]
fn charter_spent_as_rent_beside_its_reader_accepted() {
    let mut stage = Stage::default();
    let old = stage.world.box_with(stage.world.charter.ergo_box(), |c| {
        c.outputs[0].creation_height = created(&stage.world, STORAGE_PERIOD)
    });
    stage.world.charter = CharterBox::parse(&stage.world.lets, &old).unwrap();
    for mut case in [stage.admit(), stage.set_terms()] {
        let at = case.inputs.len();
        case.add_input(old.clone(), 1);
        case.rent_as_it_is(at, 1);
        case.accepted();
        let kept = case.outputs.len() - 2;
        assert_eq!(case.outputs[kept].ergo_tree, old.ergo_tree);
        // Other bounds are no rent spend, and no change either.
        case.set_long(kept, R5, 0, 150_000);
        case.inputs[at].1 = ContextExtension::empty();
        case.refused_at(at);
    }
}

// N8: what the rule is for: a charter bloated by an announcement until its ERG does not pay one rent is free to take, its
// NFT too. A nanoErg more, and only the rent is.
#[test]
fn charter_bloated_past_its_rent_is_free_to_take() {
    let m = Members::of(10);
    let world = &m.world;
    let crowd: Vec<_> = (100..135).map(key).collect();
    let crowd = lets_tests::world::at_least(2, &crowd.iter().collect::<Vec<_>>());
    let change = [vec![0], world.charter.bounds().to_longs().to_vec()].concat();
    let holding = |erg: u64| {
        let (crowd, change) = (crowd.clone(), change.clone());
        world.box_with(world.charter.ergo_box(), |c| {
            c.set_register(0, R8, crowd);
            c.set_register(0, R9, change);
            c.outputs[0].value = erg.try_into().unwrap();
            c.outputs[0].creation_height = created(world, STORAGE_PERIOD);
        })
    };
    let rent = lets_tests::case::size(&holding(2_000_000_000)) as u64 * 1_250_000;
    let nft = world.lets.ids().charter_nft.into();
    for (erg, taken) in [(rent, true), (rent + 1, false)] {
        let bloated = holding(erg);
        let case = rent_of(&[&bloated], world.height.0 + 1);
        let stolen = case.with(|c| c.move_token(1, 0, nft, 1));
        assert_eq!(without_proofs(&stolen), taken);
    }
}

// A2 A3 P2: a pot taken as rent stands again somewhere: neither an application nor an account goes with it.
#[test]
fn pot_spent_as_rent_takes_nothing_along() {
    let mut stage = Stage::default();
    let height = created(&stage.world, STORAGE_PERIOD);
    stage.bend_pot(|c| c.outputs[0].creation_height = height);
    let pot = stage.world.pot.ergo_box().clone();
    for beside in [stage.account.ergo_box(), stage.application.ergo_box()] {
        let mut case = rent_of(&[&pot], stage.world.height.0 + 1);
        case.add_input(beside.clone(), 0);
        case.outputs[0].tokens = beside.tokens.clone();
        match beside.tokens {
            Some(_) => case.refused_at(1),
            None => case.unproven(),
        }
    }
}

// A rent spend beside a payment of others is nobody's business: each box by its own rules.
#[test]
fn boxes_spent_as_rent_beside_a_payment_accepted() {
    let m = Members::of(10);
    let old = [2, 3].map(|i| m.aged(i, STORAGE_PERIOD).ergo_box().clone());
    let mut case = payment(&m);
    for spent in &old {
        let at = case.inputs.len();
        case.add_input(spent.clone(), 0);
        case.rent_as_it_is(at, 0);
    }
    case.accepted();
    // Their successors keep their units: one that goes to the payee is missed.
    let unit = unit(&m.world);
    case.with(|c| c.steal(2, unit, 1, 0)).refused_at(0);
}
