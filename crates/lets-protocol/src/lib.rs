//! The protocol of LETS on Ergo: amounts, boxes, rules, and the transactions that members and committees make.
//!
//! Everything here is pure: boxes and parameters in, a [`Proposal`] out, which can be shown to a person before anybody
//! signs it. No network, no files, no keys. Each rule that a script enforces has a twin in [`rules`] that refuses first
//! and says which rule, which limit, and the most that would pass.
//!
//! The scripts themselves, and so the exact meaning of every register, are `contracts/*.es`.

mod amount;
mod boxes;
mod builders;
mod history;
mod invoice;
mod memo;
mod present;
mod proposal;
mod reading;
mod replay;
pub mod rules;
mod settlement;
mod units;

pub use amount::{Amount, AmountError, Balance, Currency, CurrencyError};
pub use boxes::account::{AccountBox, AccountState, Link, Settings, Terms};
pub use boxes::application::{Applicant, ApplicationBox};
pub use boxes::charter::{Bounds, CharterBox, HardBounds, Identity, PendingChange};
pub use boxes::common_pot::CommonPot;
pub use boxes::note::NoteBox;
pub use boxes::open_pot::{OpenPotBox, Seen};
pub use boxes::oracle::OracleBox;
pub use boxes::plain::{PlainAccount, PlainBox, PlainNote};
pub use boxes::policy::{Kind, Mark, OracleLimits, Policy, PolicyError};
pub use boxes::pot::{Counters, PotBox};
pub use boxes::{AccountNumber, Lets, ParseBoxError, runnable};
pub use builders::admit::{AdmitError, admit};
pub use builders::apply::{ApplyError, apply, apply_all, withdraw_application};
pub use builders::change::{ANNOUNCE_AHEAD, ChangeError, announce, cancel, enact};
pub use builders::community::{Community, WRITE_OFF_MARK, write_off, write_off_reason};
pub use builders::exit::{ExitError, exit};
pub use builders::expel::{ExpelError, expel};
pub use builders::found::{Found, FoundError, Founding, FoundingStep};
pub use builders::notes::{MAX_NOTES_TAKEN, absorb, can_claim, claim, claimable, refund};
pub use builders::open::adjust::adjust;
pub use builders::open::close::{close, refresh_open_pot};
pub use builders::open::exchange::{Exchanged, buy, redeem};
pub use builders::open::found::{OpenFound, OpenFounding};
pub use builders::open::join::{Join, join};
pub use builders::open::liquidate::{Liquidated, call, freeze, liquidate};
pub use builders::open::{AtPot, OpenError};
pub use builders::opening::{OPENING_MARK, is_opening, opening_balance};
pub use builders::pay::{Payee, Payment, Spender, pay, pay_direct};
pub use builders::recover::{Heir, RecoverError, complete_recovery, start_recovery};
pub use builders::refresh::{RefreshError, refresh_account, refresh_charter, refresh_pot};
pub use builders::set_account::{OwnerChange, set_account};
pub use builders::settle::{Leg, PartyViolation, check_settle, settle};
pub use builders::terms::{SetTermsError, set_terms};
pub use builders::trade::{Trade, TradeError};
pub use history::{BadDebt, Deed, DeedError, charter_deed, pot_deed};
pub use invoice::{
    Invoice, InvoiceError, InvoiceId, MakeInvoiceError, ParseInvoiceError, SignedInvoice,
};
pub use memo::{Memo, MemoError, MemoTextError, Reference};
pub use present::{BooksError, Present, Standing};
pub use proposal::{BuildError, Funding, MAX_TX_BYTES, MEMO_VARIABLE, Proposal, TxKind, TxParams};
pub use reading::{Paid, leader, payments_between, payments_in, payments_of};
pub use replay::{
    Culprit, Done, Fault, Genesis, Judge, Judged, Oddity, Piece, ReadBox, Replay, Replayed, Told,
    Why, Wrong,
};
pub use rules::RuleViolation;
pub use settlement::{Party, Settlement, SettlementError};
pub use units::{Blocks, Height, NanoErg, ParseErgError};
