//! Whatever people do in whatever order, the books on the chain are those of a plain ledger.
//!
//! With `LETS_HUNT=<number>` in the environment: other sequences for each number, and ten times as many.

mod model {
    mod steps;
    mod tour;
}
