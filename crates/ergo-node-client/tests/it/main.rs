//! Tests of the client against servers that answer as real nodes do. The recorded items are from Ergo's main network.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod chain;
mod errors;
mod index;
mod lists;
mod submit;
mod support;
mod takeover;
