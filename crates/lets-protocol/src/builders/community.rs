//! The community's own account: it takes a debt upon itself, in the open.

use super::pay::{Payee, Payment, Spender, pay_as};
use super::trade::{Trade, TradeError};
use crate::amount::Amount;
use crate::boxes::Lets;
use crate::boxes::account::AccountBox;
use crate::boxes::charter::CharterBox;
use crate::boxes::note::NoteBox;
use crate::memo::Memo;
use crate::proposal::{Funding, TxKind, TxParams};
use crate::rules;

/// The community's account, for which the committee signs: its key follows the charter.
#[derive(Debug, Clone, Copy)]
pub struct Community<'a> {
    /// The charter.
    pub charter: &'a CharterBox,
    /// The account that follows it.
    pub account: &'a AccountBox,
    /// What pays for what the account's own spare ERG does not cover.
    pub funding: Option<&'a Funding>,
}

impl<'a> Community<'a> {
    /// The account as the leader of a transaction that takes in these notes.
    pub(crate) fn spender(self, claims: &'a [NoteBox]) -> Spender<'a> {
        Spender {
            account: self.account,
            claims,
            followed: Some(self.charter.ergo_box()),
            funding: self.funding,
        }
    }
}

/// What stands before the reason of a write-off, where other payments have a sealed memo.
pub const WRITE_OFF_MARK: &[u8; 8] = b"WRITEOFF";

/// The community's account pays so much of a member's debt, and the reason stands on the chain for everybody to read. It is
/// an ordinary payment out of an ordinary account with its own line: the committee signs, for the account's key follows the
/// charter. The debt is the community's from then on.
///
/// # Errors
/// [`TradeError`]: the account does not follow the charter, the amount is more than the debt, the line does not reach, or the
/// reason is no memo's text.
pub fn write_off(
    lets: &Lets,
    community: Community<'_>,
    debtor: &AccountBox,
    amount: Amount,
    reason: &str,
    params: TxParams,
) -> Result<Trade, TradeError> {
    rules::check_community(lets, community.account)?;
    rules::check_write_off(debtor, amount)?;
    Memo::check_text(reason)?;
    let payment = Payment {
        to: Payee::Direct(debtor),
        amount,
        memo: [WRITE_OFF_MARK, reason.as_bytes()].concat(),
    };
    let spender = community.spender(&[]);
    pay_as(TxKind::WriteOff, lets, spender, vec![payment], params)
}

/// The reason of a write-off, if the memo of a payment is one.
pub fn write_off_reason(memo: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(memo.strip_prefix(WRITE_OFF_MARK)?).ok()?;
    Memo::check_text(text).is_ok().then_some(text)
}
