//! What the committee does besides admitting members and setting their terms.

use clap::{Args, Subcommand};

use super::{CommitteeKeys, KeyChoice, Spend};

#[derive(Debug, Subcommand)]
pub(crate) enum CommitteeCommand {
    /// Let the community's account take over a member's debt, with a reason for all to read
    WriteOff(WriteOffArgs),
    /// Announce other bounds or another committee; both committees sign, and the delay begins
    Announce(AnnounceArgs),
    /// Withdraw what was announced
    Cancel(CancelArgs),
    /// Put what was announced into force once the delay has passed; anybody may
    Enact(EnactArgs),
}

#[derive(Debug, Args)]
pub(crate) struct WriteOffArgs {
    /// A name, or an account number (8 digits or more)
    pub(crate) who: String,
    /// How much of the debt, or `all`
    #[arg(default_value = "all")]
    pub(crate) amount: String,
    /// Why; it stands on the chain for everybody to read
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) committee: CommitteeKeys,
    #[command(flatten)]
    pub(crate) spend: Spend,
}

#[derive(Debug, Args)]
pub(crate) struct AnnounceArgs {
    /// Another bound, like max-line=1500 (may be repeated); `lets found --help` explains them: max-line, max-cap, line,
    /// cap, floor, admissions-per-period, units-per-period, period, change-delay, recovery-delay, recovery-starts,
    /// admission-fee; and the defaults largest-draw, draw-limit, longest-debt, draw-rate
    #[arg(long = "bound", value_name = "NAME=VALUE")]
    pub(crate) bounds: Vec<String>,
    /// How many of the new committee must sign; together with --new-key and --new-member-key
    #[arg(long, value_name = "N")]
    pub(crate) threshold: Option<usize>,
    /// A key on this machine of the committee to be (may be repeated)
    #[arg(long = "new-key", value_name = "NAME", requires = "threshold")]
    pub(crate) new_keys: Vec<String>,
    /// A public key or P2PK address of the committee to be whose owner is elsewhere (may be repeated)
    #[arg(long = "new-member-key", value_name = "PK", requires = "threshold")]
    pub(crate) new_member_keys: Vec<String>,
    #[command(flatten)]
    pub(crate) committee: CommitteeKeys,
    #[command(flatten)]
    pub(crate) spend: Spend,
}

#[derive(Debug, Args)]
pub(crate) struct CancelArgs {
    #[command(flatten)]
    pub(crate) committee: CommitteeKeys,
    #[command(flatten)]
    pub(crate) spend: Spend,
}

#[derive(Debug, Args)]
pub(crate) struct EnactArgs {
    /// The key whose wallet pays the fee
    #[command(flatten)]
    pub(crate) key: KeyChoice,
    #[command(flatten)]
    pub(crate) spend: Spend,
}
