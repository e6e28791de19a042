//! N2: a year after the expiry the community's account takes in what nobody wanted.

use super::*;

/// The fourth member's account, opened as one that names this in R7.
fn linked(m: &Members, link: Vec<u8>) -> AccountBox {
    m.world
        .account_with(&m.accounts[3], |c| c.set_register(0, R7, link))
}

fn charter_nft(m: &Members) -> Vec<u8> {
    m.world.lets.ids().charter_nft.bytes().to_vec()
}

/// The community's account takes in the note, the committee signing by the charter.
fn absorbed(m: &Members, note: &ErgoBox) -> Case {
    let community = linked(m, charter_nft(m));
    spend(m, note, &community, &m.world.quorum())
        .with(|c| c.data_inputs.push(m.world.charter.ergo_box().clone()))
}

// N2: a year after the expiry not yet, one block later; a note to a payee, and one to a key.
#[test]
fn absorb_a_year_after_the_expiry_accepted() {
    for to_key in [false, true] {
        let mut m = Members::of(10);
        let note = if to_key {
            bearer(&m, &m.keys[2])
        } else {
            named(&m)
        };
        let note = m.world.box_with(&note, |c| {
            let expiry = i64::from(note.creation_height) + 20_000;
            c.set_register(0, R6, vec![expiry, 3]);
        });
        // Neither named nor of the class; beside an expired note still a stranger.
        later(&mut m, 20_001);
        absorbed(&m, &note).refused_at(NOTE);
        later(&mut m, 20_000 + LONGEST);
        absorbed(&m, &note).refused_at(NOTE);
        later(&mut m, 20_000 + LONGEST + 1);
        absorbed(&m, &note).accepted();
        absorbed(&m, &note).unsigned().unproven();
        // Until then the payer still has it back.
        spend_by(&m, &note, 0).accepted();
    }
}

// N2: a note that asks for ever counts from the longest life.
#[test]
fn absorb_a_note_without_end_accepted() {
    let mut m = Members::of(10);
    let note = m.world.box_with(&named(&m), |c| {
        c.set_register(0, R6, vec![i64::MAX]);
    });
    later(&mut m, 2 * LONGEST);
    absorbed(&m, &note).refused_at(NOTE);
    later(&mut m, 2 * LONGEST + 1);
    absorbed(&m, &note).accepted();
}

// N2: an account that follows another box, or names the charter's token as a contract's.
#[test]
fn absorb_by_another_account_refused() {
    let mut m = Members::of(10);
    let note = named(&m);
    later(&mut m, 2 * LONGEST + 1);
    spend_by(&m, &note, 3).refused_at(NOTE);
    let controlled = [vec![1], charter_nft(&m)].concat();
    for link in [Vec::<u8>::from(junk(1)), controlled] {
        spend(&m, &note, &linked(&m, link), &[&m.keys[3]]).refused_at(NOTE);
    }
}

// N2: the committee without its account; L3: the community's account of storage age.
#[test]
fn absorb_led_by_another_or_stale_account_refused() {
    let mut m = Members::of(10);
    let note = named(&m);
    later(&mut m, 2 * LONGEST + 1);
    let community = linked(&m, charter_nft(&m));
    let led = |age| {
        spend(
            &m,
            &note,
            &aged(&m.world, &community, age),
            &m.world.quorum(),
        )
        .with(|c| c.data_inputs.push(m.world.charter.ergo_box().clone()))
    };
    led(STORAGE_PERIOD - 1).accepted();
    led(STORAGE_PERIOD).refused_at(NOTE);
    trade(
        &m.world,
        &[signs(&m.accounts[2], 0), takes(&community, UNITS as i64)],
        &[&m.keys[2]],
    )
    .with(|c| {
        c.add_input(note.clone(), 0);
        c.data_inputs.push(m.world.charter.ergo_box().clone());
    })
    .refused_at(2);
}

// N2: another LETS's community, whose charter is another.
#[test]
fn absorb_by_the_community_of_another_charter_refused() {
    let (mut m, n) = (Members::of(10), Members::of(60));
    let note = named(&m);
    later(&mut m, 2 * LONGEST + 1);
    let follows = linked(&m, charter_nft(&n));
    spend(&m, &note, &follows, &n.world.quorum())
        .with(|c| c.data_inputs.push(n.world.charter.ergo_box().clone()))
        .refused_at(NOTE);
}
