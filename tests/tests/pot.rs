//! Every rule of `contracts/pot.es`, kept at its limit and broken by itself.

#[path = "pot/admit.rs"]
mod admit;
#[path = "pot/always.rs"]
mod always;
#[path = "pot/committee.rs"]
mod committee;
#[path = "pot/exit.rs"]
mod exit;
#[path = "pot/expel.rs"]
mod expel;
#[path = "pot/recover.rs"]
mod recover;
#[path = "pot/recover_complete.rs"]
mod recover_complete;
#[path = "pot/recover_start.rs"]
mod recover_start;
#[path = "pot/refresh.rs"]
mod refresh;
#[path = "pot/terms.rs"]
mod terms;
#[path = "pot/together.rs"]
mod together;
#[path = "pot/twins.rs"]
mod twins;
