//! Every rule of `contracts/pot.es`, kept at its limit and broken by itself.

mod admit;
mod always;
mod committee;
mod exit;
mod expel;
mod recover;
mod recover_complete;
mod recover_start;
mod refresh;
mod terms;
mod together;
mod twins;
