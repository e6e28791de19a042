//! How a command ended, as the shell sees it.

/// The exit code of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitCode {
    /// What was asked for is done (or shown, with `--dry-run`).
    Done,
    /// The user's input or the state of files, keys, node or LETS does not allow it. Nothing was spent.
    Refused,
    /// Something that should not happen: a fault of this program, the system, or the node's answers.
    Unexpected,
}

impl ExitCode {
    /// The number: 0, 1 or 2.
    pub fn code(self) -> i32 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::Unexpected => 2,
        }
    }
}
