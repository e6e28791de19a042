//! Every rule of `contracts/note.es`, by its label: a transaction that it lets pass, at its limit where it has one, and
//! one that breaks this rule alone. In all of them the first member is the payer, the second the payee.

use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6, R7};
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate};
use ergo_lib::wallet::secret_key::SecretKey;
use lets_protocol::{AccountBox, Height, NoteBox};
use lets_tests::Case;
use lets_tests::case::existing;
use lets_tests::hand::*;
use lets_tests::world::{p2pk, prop};

/// Units in the notes of these tests.
const UNITS: u64 = 500;
/// What every account may hold: the charter's default.
const CAP: i64 = 50_000;
/// The shortest life of a note.
const SHORTEST: u32 = 10_080;
/// The longest life of a note, and how long after it the community may absorb it.
const LONGEST: u32 = 262_800;
/// Where the note stands in most of these tests.
const NOTE: usize = 1;

/// A note as the chain holds it, changed.
fn standing(candidate: ErgoBoxCandidate, change: impl FnOnce(&mut Case), m: &Members) -> ErgoBox {
    m.world.box_with(&existing(&candidate, 0), change)
}

/// A note from the first member to the second.
fn named(m: &Members) -> ErgoBox {
    let [payer, payee, ..] = &m.accounts;
    standing(note(&m.world, payer, Some(payee), UNITS), |_| (), m)
}

/// A note from the first member to whoever proves this key.
fn bearer(m: &Members, claimant: &SecretKey) -> ErgoBox {
    let change = |c: &mut Case| c.set_register(0, R4, prop(claimant));
    standing(note(&m.world, &m.accounts[0], None, UNITS), change, m)
}

/// A note from the first member to the first who comes.
fn open(m: &Members) -> ErgoBox {
    standing(note(&m.world, &m.accounts[0], None, UNITS), |_| (), m)
}

/// The account in the lead takes in the note.
fn spend(m: &Members, note: &ErgoBox, leader: &AccountBox, signers: &[&SecretKey]) -> Case {
    trade(&m.world, &[signs(leader, UNITS as i64)], signers).with(|c| c.add_input(note.clone(), 0))
}

/// The member in the lead takes in the note, and signs.
fn spend_by(m: &Members, note: &ErgoBox, member: usize) -> Case {
    spend(m, note, &m.accounts[member], &[&m.keys[member]])
}

/// The block that includes it comes so many blocks after the note's creation.
fn later(m: &mut Members, blocks: u32) {
    let made = lets_tests::world::START + 10;
    m.world.height = Height(made + blocks - 1);
}

mod absorb;
mod claim;
mod expiry;
mod led;
