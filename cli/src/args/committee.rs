//! What the committee does besides admitting members.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use lets_protocol::NanoErg;

use super::{CommitteeKeys, KeyChoice, Passphrase, Spend, TermsArgs, TermsWishes};

#[derive(Debug, Subcommand)]
pub(crate) enum CommitteeCommand {
    /// Set an account's line, cap, loan rules and classes, or suspend new debt; no balance changes
    SetTerms(TermsArgs),
    /// Let the community's account take over a member's debt, with a reason for all to read
    WriteOff(WriteOffArgs),
    /// Announce other bounds or another committee; both committees sign, and the delay begins
    Announce(AnnounceArgs),
    /// Withdraw what was announced
    Cancel(CancelArgs),
    /// Close an account at balance 0; its ERG goes to its owner
    Expel(ExpelArgs),
    /// Begin to hand an account whose key is lost to an heir; the owner can refuse by any payment during the delay
    Recover(RecoverArgs),
    /// End a recovery after its delay; anybody may
    Complete(CompleteArgs),
    /// Put what was announced into force once the delay has passed; anybody may
    Enact(EnactArgs),
    /// Write down something for the committee to sign together, each on his own machine
    Propose(ProposeArgs),
    /// Show what a proposal does, who has signed, and whether it is out of date
    Show(FileArgs),
    /// Add your part to a proposal; each signer does it twice, the last once
    Sign(SignArgs),
    /// Lay out a proposal that is out of date anew
    Remake(FileArgs),
    /// Send a proposal that enough have signed
    Submit(SubmitArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ProposeArgs {
    #[command(subcommand)]
    pub(crate) what: ProposeCommand,
    /// The file to write; it must not exist yet
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        required = false,
        default_value = "proposal.json"
    )]
    pub(crate) out: PathBuf,
    /// The key whose wallet pays the fee; its owner signs too
    #[arg(
        long,
        value_name = "NAME",
        env = "LETS_KEY",
        hide_env_values = true,
        global = true
    )]
    pub(crate) key: Option<String>,
    /// Miner fee in ERG
    #[arg(long, value_name = "ERG", default_value = "0.001", global = true)]
    pub(crate) fee: NanoErg,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProposeCommand {
    /// Admit an applicant, on the charter's default terms or on others
    Admit {
        /// The application's box id, or its first 8 digits or more
        application: String,
        #[command(flatten)]
        wishes: TermsWishes,
    },
    /// Set an account's terms
    #[command(visible_alias = "terms")]
    SetTerms {
        /// A name, or an account number (8 digits or more)
        who: String,
        #[command(flatten)]
        wishes: TermsWishes,
    },
    /// Let the community's account take over a debt
    WriteOff {
        /// A name, or an account number (8 digits or more)
        who: String,
        /// How much of the debt, or `all`
        #[arg(default_value = "all")]
        amount: String,
        /// Why; it stands on the chain for everybody to read
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Announce other bounds or another committee; both committees sign
    Announce {
        /// Another bound, like max-line=1500 (may be repeated); see `lets committee announce --help`
        #[arg(long = "bound", value_name = "NAME=VALUE")]
        bounds: Vec<String>,
        /// How many of the new committee must sign
        #[arg(long, value_name = "N")]
        threshold: Option<usize>,
        /// A public key or P2PK address of the committee to be (may be repeated)
        #[arg(long = "new-member-key", value_name = "PK", requires = "threshold")]
        new_member_keys: Vec<String>,
    },
    /// Withdraw what was announced
    Cancel,
    /// Close an account at balance 0; its ERG goes to its owner
    Expel {
        /// A name, or an account number (8 digits or more)
        who: String,
    },
    /// Begin to hand an account whose key is lost to an heir
    Recover {
        /// A name, or an account number (8 digits or more)
        who: String,
        /// The heir's public key or P2PK address
        #[arg(long, value_name = "PK")]
        heir: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct FileArgs {
    /// The proposal's file
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    /// The proposal's file
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) key: KeyChoice,
    /// Give up the other proposal that this key has begun to sign
    #[arg(long)]
    pub(crate) abandon: bool,
    /// Sign without asking
    #[arg(long, short)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) passphrase: Passphrase,
}

#[derive(Debug, Args)]
pub(crate) struct SubmitArgs {
    /// The proposal's file
    pub(crate) file: PathBuf,
    /// Return as soon as the node has the transaction, without waiting for a block
    #[arg(long)]
    pub(crate) no_wait: bool,
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
pub(crate) struct ExpelArgs {
    /// A name, or an account number (8 digits or more)
    pub(crate) who: String,
    #[command(flatten)]
    pub(crate) committee: CommitteeKeys,
    #[command(flatten)]
    pub(crate) spend: Spend,
}

#[derive(Debug, Args)]
pub(crate) struct RecoverArgs {
    /// A name, or an account number (8 digits or more)
    pub(crate) who: String,
    /// The heir's public key or P2PK address: the same member's new key, or his heir's
    #[arg(long, value_name = "PK")]
    pub(crate) heir: String,
    #[command(flatten)]
    pub(crate) committee: CommitteeKeys,
    #[command(flatten)]
    pub(crate) spend: Spend,
}

#[derive(Debug, Args)]
pub(crate) struct CompleteArgs {
    /// A name, or an account number (8 digits or more)
    pub(crate) who: String,
    /// The key whose wallet pays the fee
    #[command(flatten)]
    pub(crate) key: KeyChoice,
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
