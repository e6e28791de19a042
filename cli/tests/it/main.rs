//! The command `lets` as a person runs it: the built program, in folders of its own, against a devnet in this process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod audit;
mod audit_faults;
mod audit_lies;
mod bad_input;
mod committee;
mod committee_sizes;
mod controlled;
mod demo;
mod double_spend;
mod faults;
mod faulty;
mod forged;
mod founding;
mod golden;
mod import;
mod invoices;
mod joint;
mod keys;
mod killed;
mod ledger;
mod life;
mod manifest;
mod node;
mod notes;
mod open;
mod paper;
mod payment_files;
mod proxy;
mod rebuild;
mod returns;
mod settle;
mod steps;
mod unread;
mod verify;
mod world;
