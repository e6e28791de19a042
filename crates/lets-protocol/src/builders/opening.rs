//! Balances from before the LETS: what a paper ledger said, paid in the open when the ledger is imported.

use super::pay::{Payee, Payment, Spender, pay_as};
use super::trade::{Trade, TradeError};
use crate::amount::Amount;
use crate::boxes::Lets;
use crate::boxes::account::AccountBox;
use crate::proposal::{TxKind, TxParams};

/// What stands in an opening payment where other payments have a sealed memo.
pub const OPENING_MARK: &[u8; 15] = b"OPENING BALANCE";

/// A member who owed in the ledger pays those whom it owed to, directly and in one transaction, and everybody can read that
/// these are opening balances. To the scripts they are ordinary payments: the payer signs.
///
/// # Errors
/// [`TradeError`] naming the rule in the way and the most that would pass it.
pub fn opening_balance(
    lets: &Lets,
    payer: Spender<'_>,
    payees: &[(&AccountBox, Amount)],
    params: TxParams,
) -> Result<Trade, TradeError> {
    let payments = payees
        .iter()
        .map(|&(payee, amount)| Payment {
            to: Payee::Direct(payee),
            amount,
            memo: OPENING_MARK.to_vec(),
        })
        .collect();
    pay_as(TxKind::OpeningBalance, lets, payer, payments, params)
}

/// Whether the memo of a payment says that it is an opening balance. It is the payer's word: any member can write it.
pub fn is_opening(memo: &[u8]) -> bool {
    memo == OPENING_MARK
}
