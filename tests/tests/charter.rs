//! Every rule of `contracts/charter.es`, kept at its limit and broken by itself.

#[path = "charter/built.rs"]
mod built;
#[path = "charter/change.rs"]
mod change;
#[path = "charter/keep.rs"]
mod keep;
