//! Keys and what is done with them, as a program uses them.

mod common;
mod derivation;
mod key_file;
mod message;
mod one_time_key;
mod partial;
mod sealed_text;
mod secrecy;
mod signing;
mod together;
mod together_forgery;
mod together_refused;
