//! What the tests share: the reference judge, transactions that can be bent, and a small LETS in memory.

pub mod case;
pub mod judge;
pub mod kinds;
pub mod world;

pub use case::Case;
pub use world::World;
