//! Every rule of `contracts/open_pot.es`, kept at its limit and broken by itself.

#[path = "open_pot/adjust.rs"]
mod adjust;
#[path = "open_pot/always.rs"]
mod always;
#[path = "open_pot/close.rs"]
mod close;
#[path = "open_pot/corners.rs"]
mod corners;
#[path = "open_pot/exchange.rs"]
mod exchange;
#[path = "open_pot/figures.rs"]
mod figures;
#[path = "open_pot/first_pot.rs"]
mod first_pot;
#[path = "open_pot/join.rs"]
mod join;
#[path = "open_pot/liquidate.rs"]
mod liquidate;
#[path = "open_pot/oracle.rs"]
mod oracle;
#[path = "open_pot/review.rs"]
mod review;
#[path = "open_pot/together.rs"]
mod together;
