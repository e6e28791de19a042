//! The scripts, rule by rule, and the builders of what they let pass. One program, in which the official interpreter is
//! started, and gets fast, once.

mod account;
mod application;
mod charter;
mod kinds;
mod note;
mod open_pot;
mod pot;
mod trade;
mod unread;
