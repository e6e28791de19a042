//! Every rule of `contracts/account.es`, by its label: a transaction that it lets pass, at its limit where it has one,
//! and one that breaks this rule alone.

use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6, R7, R8, R9};
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate};
use ergo_lib::wallet::secret_key::SecretKey;
use lets_protocol::{AccountBox, Amount, NanoErg, Settings, Terms, pay_direct, set_terms};
use lets_tests::Case;
use lets_tests::case::existing;
use lets_tests::hand::*;
use lets_tests::world::{key, p2pk, prop};

/// What every account may pay out of its line: the charter's default.
const LINE: i64 = 20_000;
/// What every account may hold: the charter's default.
const CAP: i64 = 50_000;

/// The first member pays the second `amount`, by the library's builder.
fn payment(m: &Members, amount: i64) -> Case {
    payment_between(m, &m.accounts[0], &m.accounts[1], amount)
}

/// One account pays another `amount`, by the library's builder. The first member signs.
fn payment_between(m: &Members, payer: &AccountBox, payee: &AccountBox, amount: i64) -> Case {
    let amount = Amount::new(amount).unwrap();
    let (proposal, ..) =
        pay_direct(&m.world.lets, payer, payee, amount, None, m.world.params()).unwrap();
    m.world.case(&proposal, &[&m.keys[0]])
}

/// The owner, the first member, spends his account and leaves it as it is.
fn touch(m: &Members, account: &AccountBox) -> Case {
    trade(&m.world, &[signs(account, 0)], &[&m.keys[0]])
}

mod conserved;
mod drawn;
mod followed;
mod kept;
mod notes;
mod parties;
mod pot_path;
mod signed;
mod unsigned;
