//! What a thief would try: boxes, tokens, registers, numbers and rent in combinations that the rules do not speak of one
//! by one; and the catalogue of all attacks, held against the contracts and the tests.

use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6, R7, R8, R9};
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate};
use ergo_lib::ergotree_ir::mir::constant::Constant;
use lets_protocol::{AccountBox, CharterBox};
use lets_tests::case::{existing, longs};
use lets_tests::hand::*;
use lets_tests::world::{key, prop};
use lets_tests::{Case, Stage};

/// What every account may pay out of its line: the charter's default.
const LINE: i64 = 20_000;

/// A note on the chain.
fn standing(m: &Members, payer: usize, payee: Option<usize>, units: u64) -> ErgoBox {
    let payee = payee.map(|i| &m.accounts[i]);
    let candidate = note(&m.world, &m.accounts[payer], payee, units);
    m.world.box_with(&existing(&candidate, 0), |_| ())
}

/// The account as one that names somebody else in R7.
fn linked(m: &Members, account: usize, link: Vec<u8>) -> AccountBox {
    m.world
        .account_with(&m.accounts[account], |c| c.set_register(0, R7, link))
}

/// The first member pays the second.
fn payment(m: &Members) -> Case {
    trade(
        &m.world,
        &[pays(&m.accounts[0], 200), takes(&m.accounts[1], 200)],
        &[&m.keys[0]],
    )
}

/// A pot's every action on a subject at INPUTS(1).
fn actions(stage: &Stage) -> [Case; 6] {
    [
        stage.exit(),
        stage.admit(),
        stage.set_terms(),
        stage.expel(),
        stage.start_recovery(),
        stage.complete_recovery(),
    ]
}

/// The box made anew in the block that the case is judged for.
fn renewed(case: &Case, ergo_box: &ErgoBox) -> ErgoBoxCandidate {
    let mut next = ErgoBoxCandidate::from(ergo_box.clone());
    next.creation_height = case.outputs[0].creation_height;
    next
}

mod catalogue;
mod claims;
mod contents;
mod fake;
mod many;
mod order;
mod rent;
mod subjects;
