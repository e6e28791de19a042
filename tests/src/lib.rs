//! What the tests share: the reference judge, transactions that can be bent, and a small LETS in memory.

pub mod adversary;
pub mod case;
pub mod catalogue;
pub mod crash;
pub mod hand;
pub mod judge;
pub mod kinds;
pub mod lane;
pub mod model;
pub mod mutants;
pub mod open;
pub mod parsers;
pub mod record;
pub mod stage;
pub mod story;
pub mod world;
pub mod years;

pub use case::Case;
pub use open::OpenStage;
pub use stage::Stage;
pub use world::World;
