//! A LETS as a plain ledger, beside the LETS on a chain.
//!
//! [`State`] knows no boxes, scripts or tokens, and calls none of the library's rules: it says in its own words what each
//! [`Deed`] may do (`docs/RULES.md`, `docs/PROTOCOL.md`) and what it changes. [`Village`] does the same deed with the
//! library's builders over REST. The two must agree on whether it may be done, and on the books after it.

mod deed;
mod rules;
mod seen;
mod state;
mod village;

pub use deed::{Deed, Made, Paid, Payment, Trade, TradeKind, Way};
pub use state::{Account, Charter, Note, Party, Pot, Request, State};
pub use village::{Fate, Village};
