//! The builders: boxes and parameters in, a [`crate::Proposal`] out, and the typed boxes that it will make.

pub(crate) mod admit;
pub(crate) mod apply;
pub(crate) mod exit;
pub(crate) mod found;
pub(crate) mod pay;
pub(crate) mod refresh;
pub(crate) mod terms;
