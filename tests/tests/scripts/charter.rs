//! Every rule of `contracts/charter.es`, kept at its limit and broken by itself.

mod built;
mod change;
mod keep;
