//! The builders: boxes and parameters in, a [`crate::Proposal`] out, and the typed boxes that it will make.

pub(crate) mod admit;
pub(crate) mod apply;
pub(crate) mod change;
pub(crate) mod community;
pub(crate) mod exit;
pub(crate) mod expel;
pub(crate) mod found;
pub(crate) mod notes;
pub(crate) mod open;
pub(crate) mod opening;
pub(crate) mod pay;
pub(crate) mod recover;
pub(crate) mod refresh;
pub(crate) mod set_account;
pub(crate) mod settle;
pub(crate) mod terms;
pub(crate) mod trade;
