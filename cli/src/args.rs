//! What can be asked for: commands and options. Each help text is what `lets COMMAND --help` prints.

mod books;
mod bounds;
mod committee;
mod open;
mod payments;

pub(crate) use books::{HistoryArgs, StatementArgs, StatsArgs, SyncArgs, WatchArgs, Whose};
pub(crate) use bounds::{BoundArgs, parse_blocks};
pub(crate) use committee::{
    AnnounceArgs, CancelArgs, CommitteeCommand, CompleteArgs, EnactArgs, FileArgs, ProposeArgs,
    ProposeCommand, SignArgs, SubmitArgs, WriteOffArgs,
};
pub(crate) use open::{
    CollateralArgs, CollateralCommand, ExchangeArgs, FoundKind, JoinArgs, LiquidateArgs,
    OpenJoinArgs, PolicyArgs,
};
pub(crate) use payments::{
    AbsorbArgs, AccountCommand, ClaimArgs, HandOverArgs, InvoiceArgs, InvoiceCommand,
    InvoiceStatusArgs, NoteCommand, NotesArgs, Own, PayArgs, PaymentsArgs, PrintArgs, RedeemArgs,
    RefundArgs, ReturnArgs, SetArgs, SettleCommand, Way,
};

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use lets_protocol::{Blocks, NanoErg};

use crate::manifest::Network;

/// Mutual credit (LETS) on the Ergo blockchain: found a group, join it, pay each other, audit the books.
#[derive(Debug, Parser)]
#[command(
    name = "lets",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Folder with keys, manifest, address book and records [default: this user's data folder]
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "LETS_HOME",
        hide_env_values = true
    )]
    pub(crate) home: Option<PathBuf>,
    /// The manifest of the LETS [default: lets.toml in the home folder]
    #[arg(
        long = "lets",
        global = true,
        value_name = "FILE",
        env = "LETS_MANIFEST",
        hide_env_values = true
    )]
    pub(crate) manifest: Option<PathBuf>,
    /// The Ergo node. Several, comma between, stand in for each other
    #[arg(
        long = "node",
        global = true,
        value_name = "URL",
        env = "LETS_NODE",
        hide_env_values = true,
        value_delimiter = ',',
        default_value = "http://127.0.0.1:9053"
    )]
    pub(crate) nodes: Vec<String>,
    /// The network whose addresses are shown: mainnet, testnet or devnet [default: that of the LETS, or mainnet]
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "LETS_NETWORK",
        hide_env_values = true
    )]
    pub(crate) network: Option<Network>,
    /// Print the result, or the error, as one JSON envelope on stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What every command that spends takes.
#[derive(Debug, Args)]
pub(crate) struct Spend {
    /// Send without asking
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Show what would be sent, and stop
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Return as soon as the node has the transaction, without waiting for a block
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Miner fee of each transaction in ERG
    #[arg(long, value_name = "ERG", default_value = "0.001")]
    pub(crate) fee: NanoErg,
    #[command(flatten)]
    pub(crate) passphrase: Passphrase,
}

#[derive(Debug, Args)]
pub(crate) struct Passphrase {
    /// File whose first line is the passphrase; KEY=FILE for one key (may be repeated)
    #[arg(
        long = "passphrase-file",
        value_name = "FILE",
        env = "LETS_PASSPHRASE_FILE",
        hide_env_values = true
    )]
    pub(crate) files: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct KeyChoice {
    /// The key to use [default: the only one there is]
    #[arg(long, value_name = "NAME", env = "LETS_KEY", hide_env_values = true)]
    pub(crate) key: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CommitteeKeys {
    /// A committee member's key on this machine; once for each signature that the charter asks for
    #[arg(long = "committee-key", value_name = "NAME", required = true)]
    pub(crate) keys: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make, import and show keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Found a LETS, or finish a founding that was interrupted
    Found(Box<FoundArgs>),
    /// Check a manifest against the chain and make this home a member's of that LETS; without a committee: open an account
    Join(Box<JoinArgs>),
    /// Change the ERG that backs your line, and the line (LETS-1)
    #[command(subcommand)]
    Collateral(CollateralCommand),
    /// Buy units with ERG (LETS-3)
    Buy(ExchangeArgs),
    /// Give units back for ERG (LETS-3)
    Redeem(ExchangeArgs),
    /// Show how far each debt is from a margin call, or what is behind the units
    Health,
    /// Call debts under the margin, and pay for collateral those whose grace is over (LETS-1)
    Liquidate(Box<LiquidateArgs>),
    /// Ask to be admitted, setting ERG aside for your account
    Apply(ApplyArgs),
    /// List open applications
    Applications,
    /// Take an application back
    Withdraw(WithdrawArgs),
    /// Admit applicants, on the charter's default terms or on others (committee)
    Admit(AdmitArgs),
    /// Set an account's terms: short for `lets committee set-terms`
    Terms(TermsArgs),
    /// Set terms, write debts off, expel, recover, change the charter, sign together (committee)
    #[command(subcommand)]
    Committee(Box<CommitteeCommand>),
    /// Pay a member, an invoice, or everybody in a file
    Pay(Box<PayArgs>),
    /// List the payments made from this home, with their memos
    Payments(PaymentsArgs),
    /// Ask for a payment: a signed text and QR code that `lets pay` takes
    Invoice(Box<InvoiceArgs>),
    /// Pay a payment back, linked to it
    Return(Box<ReturnArgs>),
    /// List notes: payments on their way to you, and yours to others
    Notes(NotesArgs),
    /// Take in what was paid to you by notes
    Claim(ClaimArgs),
    /// Take back your notes that nobody claimed before they expired
    Refund(RefundArgs),
    /// Let the community's account take in notes that nobody wanted for a year after they expired (committee)
    Absorb(AbsorbArgs),
    /// Payments on paper, for people without a device
    #[command(subcommand)]
    Note(NoteCommand),
    /// Change what is yours to change in your account
    #[command(subcommand)]
    Account(AccountCommand),
    /// Settle payments among several members at once, by a file that each payer signs
    #[command(subcommand)]
    Settle(SettleCommand),
    /// Show what an account has, owes and may still spend
    Balance {
        /// A name, or an account number (8 digits or more) [default: the accounts of your keys]
        who: Option<String>,
    },
    /// Show everybody's line, cap and balance
    Members,
    /// Close your account at a balance of 0 and get its ERG back
    Exit(ExitArgs),
    /// Renew boxes of three years and older, before storage rent takes them
    Touch(TouchArgs),
    /// Audit the LETS: manifest, founding, tokens and books against the chain
    Verify,
    /// Recompute the LETS from a node alone: books, and everything that its committee ever did
    Audit,
    /// Show the LETS's public figures: members, volume, debts, what was written off; with charts
    Stats(StatsArgs),
    /// Bring the ledger of this home to the chain's tip
    Sync(SyncArgs),
    /// Show what happened to an account
    History(HistoryArgs),
    /// Show an account's month, from its opening to its closing balance
    Statement(StatementArgs),
    /// Tell payments, claims and what the committee does as they happen
    Watch(WatchArgs),
    /// The address book: names for account numbers, on this machine only
    #[command(subcommand)]
    Name(NameCommand),
    /// Show what the node says about itself
    Node {
        #[command(subcommand)]
        command: Option<NodeCommand>,
    },
    /// Run a test chain on this machine, or ask a running one for ERG and blocks
    Devnet(DevnetArgs),
    /// Show everything at work on a test chain inside this process
    Demo(DemoArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Which LETS to show: committee (admission, payments, one refused), or lets1 (joining, trade, a fall of ERG, a
    /// liquidation, an exit)
    #[arg(
        long,
        value_name = "KIND",
        value_enum,
        hide_possible_values = true,
        default_value_t = DemoKind::Committee
    )]
    pub(crate) kind: DemoKind,
}

/// What the demonstration can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DemoKind {
    /// Members are admitted, pay each other, and one is refused
    Committee,
    /// Members join by themselves against ERG, trade, ERG falls, a debt is liquidated, and one leaves
    Lets1,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NodeCommand {
    /// Check what each node can do, and what of it is missing for which command
    Check,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key; its recovery words bring it back if the file is lost
    New {
        /// What the key is called here
        name: String,
        /// How many recovery words: 12, 15, 18, 21 or 24
        #[arg(long, value_name = "N", default_value_t = 15)]
        words: usize,
        /// Print the recovery words with the result
        #[arg(long)]
        show_words: bool,
        #[command(flatten)]
        seal: SealArgs,
    },
    /// Make a key of recovery words, typed unseen or read from standard input
    Import {
        /// What the key is called here
        name: String,
        /// File whose first line is the BIP-39 passphrase ("25th word"), if there is one
        #[arg(long, value_name = "FILE")]
        bip39_passphrase_file: Option<PathBuf>,
        #[command(flatten)]
        seal: SealArgs,
    },
    /// Show a key's public key and address; needs no passphrase
    Show {
        /// The key [default: the only one there is]
        name: Option<String>,
    },
    /// List all keys
    List,
    /// Show the recovery words to their owner
    Reveal {
        /// The key
        name: String,
        #[command(flatten)]
        passphrase: Passphrase,
    },
}

#[derive(Debug, Args)]
pub(crate) struct SealArgs {
    #[command(flatten)]
    pub(crate) passphrase: Passphrase,
    /// scrypt work factor as a power of two, 10 to 22; less than 15 is for tests only
    #[arg(long, value_name = "LOG2", hide_short_help = true)]
    pub(crate) work_factor: Option<u8>,
}

#[derive(Debug, Args)]
pub(crate) struct FoundArgs {
    /// Name of the LETS, up to 64 bytes
    #[arg(long, required_unless_present_any = ["resume", "discard"])]
    pub(crate) name: Option<String>,
    /// Currency code, like EUR or hours
    #[arg(long, value_name = "CODE", required_unless_present_any = ["resume", "discard"])]
    pub(crate) currency: Option<String>,
    /// Decimals that amounts are shown with, 0 to 6
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(crate) decimals: u8,
    /// Who decides on members and their credit: a committee, or nobody. lets1: a line against ERG in the own account;
    /// lets2: a line for a fee; lets3: units for ERG, and no debt; lets4: units for a fee, and no debt
    #[arg(
        long,
        value_name = "KIND",
        value_enum,
        hide_possible_values = true,
        default_value_t = FoundKind::Committee
    )]
    pub(crate) kind: FoundKind,
    /// How many of the committee must sign
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) committee: usize,
    /// A committee member's public key or P2PK address (may be repeated)
    #[arg(long = "member-key", value_name = "PK")]
    pub(crate) member_keys: Vec<String>,
    /// A committee member's key on this machine (may be repeated)
    #[arg(long = "committee-key", value_name = "NAME")]
    pub(crate) committee_keys: Vec<String>,
    #[command(flatten)]
    pub(crate) key: KeyChoice,
    /// A paper ledger to import: CSV with name, balance, line, and if you like cap and key (the member's public key)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["resume", "discard"])]
    pub(crate) import: Option<PathBuf>,
    /// Finish the founding that was interrupted
    #[arg(long, conflicts_with_all = ["name", "currency", "discard"])]
    pub(crate) resume: bool,
    /// Drop a founding of which nothing is on the chain or in the pool
    #[arg(long, conflicts_with_all = ["name", "currency"])]
    pub(crate) discard: bool,
    #[command(flatten)]
    pub(crate) spend: Spend,
    // Last: what follows such a heading stands under it.
    #[command(flatten)]
    pub(crate) bounds: BoundArgs,
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    pub(crate) key: KeyChoice,
    /// ERG to set aside: the account's floor, and what is over pays your first fees
    #[arg(long, value_name = "ERG", default_value = "3.2")]
    pub(crate) erg: NanoErg,
    /// For the community's own account: its key follows the charter's committee
    #[arg(long)]
    pub(crate) community: bool,
    /// How long the committee may take, in blocks or like 30d; you can withdraw at any time
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = parse_blocks)]
    pub(crate) expires: Blocks,
    #[command(flatten)]
    pub(crate) spend: Spend,
}

#[derive(Debug, Args)]
pub(crate) struct WithdrawArgs {
    /// The application's box id, or its first 8 digits or more
    pub(crate) application: String,
    #[command(flatten)]
    pub(crate) key: KeyChoice,
    #[command(flatten)]
    pub(crate) spend: Spend,
}

#[derive(Debug, Args)]
pub(crate) struct AdmitArgs {
    /// Box ids of applications (8 digits or more), or `all`
    #[arg(required = true)]
    pub(crate) applications: Vec<String>,
    /// Name for the address book, once for each application
    #[arg(long = "name", value_name = "NAME")]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) wishes: TermsWishes,
    #[command(flatten)]
    pub(crate) committee: CommitteeKeys,
    #[command(flatten)]
    pub(crate) spend: Spend,
}

/// What is to be other of an account's terms than it is, or of a new one's than the charter has it for everybody.
#[derive(Debug, Args)]
pub(crate) struct TermsWishes {
    /// Permitted credit line
    #[arg(long, value_name = "AMOUNT", conflicts_with = "suspend")]
    pub(crate) line: Option<String>,
    /// Permit no new debt: a line of 0
    #[arg(long)]
    pub(crate) suspend: bool,
    /// Cap
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) cap: Option<String>,
    /// The most credit that one transaction may draw; 0 is no such rule
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) largest_draw: Option<String>,
    /// The most credit that may be drawn over a period; 0 is no such rule
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) draw_limit: Option<String>,
    /// Credit of the draw limit that comes back per 1,000 blocks
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) draw_rate: Option<String>,
    /// The longest time in debt after which no more credit may be drawn; 0 is no such rule
    #[arg(long, value_name = "TIME", value_parser = parse_blocks)]
    pub(crate) longest_debt: Option<Blocks>,
    /// The class of goods that this member offers
    #[arg(long, value_name = "N")]
    pub(crate) class: Option<i64>,
    /// Classes that credit may be spent on, comma between; `any` is all
    #[arg(long, value_name = "N,N")]
    pub(crate) spend_on: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct TermsArgs {
    /// A name, or an account number (8 digits or more)
    pub(crate) who: String,
    #[command(flatten)]
    pub(crate) wishes: TermsWishes,
    #[command(flatten)]
    pub(crate) committee: CommitteeKeys,
    /// The key whose wallet pays the fee [default: the first committee key]
    #[arg(long, value_name = "NAME")]
    pub(crate) key: Option<String>,
    #[command(flatten)]
    pub(crate) spend: Spend,
}

#[derive(Debug, Args)]
pub(crate) struct ExitArgs {
    #[command(flatten)]
    pub(crate) key: KeyChoice,
    /// Your account's number, if your key owns several
    #[arg(long, value_name = "NUMBER")]
    pub(crate) from: Option<String>,
    #[command(flatten)]
    pub(crate) spend: Spend,
}

#[derive(Debug, Args)]
pub(crate) struct TouchArgs {
    /// The key whose wallet pays for accounts; charter and pot pay for themselves
    #[command(flatten)]
    pub(crate) key: KeyChoice,
    #[command(flatten)]
    pub(crate) spend: Spend,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NameCommand {
    /// Name an account
    Add {
        /// The name
        name: String,
        /// The account's number: all 64 digits, or the first 8 or more of an account of this LETS
        number: String,
    },
    /// List all names
    List,
    /// Forget a name
    Remove {
        /// The name
        name: String,
    },
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct DevnetArgs {
    #[command(subcommand)]
    pub(crate) command: Option<DevnetCommand>,
    /// TCP port on 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 9053)]
    pub(crate) port: u16,
    /// A block every so often (2s, 500ms), `instant` at each transaction, or `manual`
    #[arg(long, value_name = "TIME", default_value = "2s")]
    pub(crate) block_time: String,
    /// Folder that keeps the chain between runs [default: none, in memory only]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DevnetCommand {
    /// Give test ERG to an address or to a key on this machine
    Fund {
        /// An address, or the name of a key
        to: String,
        /// How much
        erg: NanoErg,
    },
    /// Let an oracle pool publish a rate, as a LETS without a committee reads it; without --nft a new pool
    Oracle {
        /// What a quantity (a dollar, say) is worth
        #[arg(long, value_name = "ERG")]
        rate: NanoErg,
        /// Token id of the pool's NFT
        #[arg(long, value_name = "TOKEN")]
        nft: Option<String>,
    },
    /// Mine blocks now
    Mine {
        /// How many
        #[arg(default_value_t = 1)]
        blocks: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
