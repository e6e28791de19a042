//! The chain over REST, as a program that knows the reference node would use it.

mod chain;
mod common;
mod index;
mod openapi;
mod oracle;
mod throughput;
mod transactions;
