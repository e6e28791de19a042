//! Every rule of `contracts/open_pot.es`, kept at its limit and broken by itself.

mod adjust;
mod always;
mod close;
mod corners;
mod exchange;
mod figures;
mod first_pot;
mod join;
mod liquidate;
mod oracle;
mod review;
mod second;
mod together;
