//! What paying and being paid takes.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use lets_protocol::{Blocks, NanoErg};

use super::bounds::parse_blocks;
use super::{CommitteeKeys, KeyChoice, Passphrase, Spend};

/// The key, and the account among several of its.
#[derive(Debug, Args)]
pub(crate) struct Own {
    #[command(flatten)]
    pub(crate) key: KeyChoice,
    /// Your account's number, if your key owns several
    #[arg(long, value_name = "NUMBER")]
    pub(crate) from: Option<String>,
}

/// How a payment goes.
#[derive(Debug, Args)]
pub(crate) struct Way {
    /// Into the payee's account box, or not at all
    #[arg(long, conflicts_with = "note")]
    pub(crate) direct: bool,
    /// By a note, which the payee claims
    #[arg(long)]
    pub(crate) note: bool,
    /// How long a note lives before you can take it back, in blocks or like 30d (14d to 365d)
    #[arg(long, value_name = "TIME", default_value = "90d", value_parser = parse_blocks)]
    pub(crate) expires: Blocks,
}

#[derive(Debug, Args)]
pub(crate) struct PayArgs {
    /// A name, an account number (8 digits or more), or an invoice
    #[arg(required_unless_present = "file")]
    pub(crate) who: Option<String>,
    /// The amount, like 2.50; an invoice has its own
    #[arg(allow_negative_numbers = true)]
    pub(crate) amount: Option<String>,
    /// Pay every row of a CSV file with the columns payee,amount,memo
    #[arg(long, value_name = "FILE", conflicts_with_all = ["who", "amount", "memo"])]
    pub(crate) file: Option<PathBuf>,
    /// Pay the good rows of the file even if others are bad
    #[arg(long, requires = "file")]
    pub(crate) skip_bad: bool,
    /// Pay a file that was paid before once more
    #[arg(long, requires = "file")]
    pub(crate) again: bool,
    #[command(flatten)]
    pub(crate) own: Own,
    /// What it is for; only you and the payee can read it
    #[arg(long, value_name = "TEXT")]
    pub(crate) memo: Option<String>,
    #[command(flatten)]
    pub(crate) way: Way,
    #[command(flatten)]
    pub(crate) spend: Spend,
}

#[derive(Debug, Args)]
pub(crate) struct ReturnArgs {
    /// The payment: its transaction's id, with `:OUTPUT` if it made several
    pub(crate) payment: String,
    #[command(flatten)]
    pub(crate) own: Own,
    /// What to say about it; only you and the payee can read it
    #[arg(long, value_name = "TEXT")]
    pub(crate) memo: Option<String>,
    #[command(flatten)]
    pub(crate) way: Way,
    #[command(flatten)]
    pub(crate) spend: Spend,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct InvoiceArgs {
    #[command(subcommand)]
    pub(crate) command: Option<InvoiceCommand>,
    /// The amount, like 2.50
    #[arg(required = true, allow_negative_numbers = true)]
    pub(crate) amount: Option<String>,
    /// What it is for; whoever gets the invoice can read it
    #[arg(long, value_name = "TEXT")]
    pub(crate) memo: Option<String>,
    /// How long it can be paid, in blocks or like 7d
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = parse_blocks)]
    pub(crate) expires: Blocks,
    /// Write the QR code to this PNG file
    #[arg(long, value_name = "FILE")]
    pub(crate) png: Option<PathBuf>,
    /// Write the QR code to this SVG file
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) own: Own,
    #[command(flatten)]
    pub(crate) passphrase: Passphrase,
}

#[derive(Debug, Subcommand)]
pub(crate) enum InvoiceCommand {
    /// Whether an invoice is paid
    Status(InvoiceStatusArgs),
}

#[derive(Debug, Args)]
pub(crate) struct InvoiceStatusArgs {
    /// The invoice
    pub(crate) invoice: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NoteCommand {
    /// Write a page with a note that whoever holds it can redeem once
    Print(PrintArgs),
    /// Redeem a paper note into your account; its text is asked for, or read from standard input
    Redeem(RedeemArgs),
}

#[derive(Debug, Args)]
pub(crate) struct PrintArgs {
    /// The amount, like 5.00
    #[arg(allow_negative_numbers = true)]
    pub(crate) amount: String,
    /// The SVG file to write, for A4 and Letter paper
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// How long it can be redeemed before you can take it back, in blocks or like 90d (14d to 365d)
    #[arg(long, value_name = "TIME", default_value = "90d", value_parser = parse_blocks)]
    pub(crate) expires: Blocks,
    #[command(flatten)]
    pub(crate) own: Own,
    #[command(flatten)]
    pub(crate) spend: Spend,
}

#[derive(Debug, Args)]
pub(crate) struct RedeemArgs {
    /// File with the text of the note's QR code
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) own: Own,
    #[command(flatten)]
    pub(crate) spend: Spend,
}

#[derive(Debug, Args)]
pub(crate) struct PaymentsArgs {
    /// Send again what a node took and lost; nothing is paid twice
    #[arg(long)]
    pub(crate) retry: bool,
    #[command(flatten)]
    pub(crate) key: KeyChoice,
    #[command(flatten)]
    pub(crate) spend: Spend,
}

#[derive(Debug, Args)]
pub(crate) struct NotesArgs {
    /// A name, or an account number (8 digits or more) [default: the accounts of your keys]
    pub(crate) who: Option<String>,
    /// Read the memos, which takes your passphrase
    #[arg(long)]
    pub(crate) memos: bool,
    #[command(flatten)]
    pub(crate) passphrase: Passphrase,
}

#[derive(Debug, Args)]
pub(crate) struct ClaimArgs {
    #[command(flatten)]
    pub(crate) own: Own,
    #[command(flatten)]
    pub(crate) spend: Spend,
}

#[derive(Debug, Args)]
pub(crate) struct RefundArgs {
    /// Box ids of notes (8 digits or more), or `all`
    #[arg(default_value = "all")]
    pub(crate) notes: Vec<String>,
    #[command(flatten)]
    pub(crate) own: Own,
    #[command(flatten)]
    pub(crate) spend: Spend,
}

#[derive(Debug, Args)]
pub(crate) struct AbsorbArgs {
    #[command(flatten)]
    pub(crate) committee: CommitteeKeys,
    #[command(flatten)]
    pub(crate) spend: Spend,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Set the smallest direct payment that you accept, or the key that owns your account
    Set(SetArgs),
    /// Hand an account that was imported from a ledger over to its member's own key
    HandOver(HandOverArgs),
}

#[derive(Debug, Args)]
pub(crate) struct HandOverArgs {
    /// A name, or an account number (8 digits or more)
    pub(crate) who: String,
    /// The member's public key or P2PK address: `lets key show` prints both on his machine
    #[arg(value_name = "PK")]
    pub(crate) public_key: String,
    #[command(flatten)]
    pub(crate) spend: Spend,
}

#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    /// The smallest payment that anybody may pay in directly, like 5.00; `any`, or `notes` (or 0) for notes only. A debt can
    /// always be paid to exactly 0
    #[arg(long, value_name = "AMOUNT", required_unless_present_any = ["new_key", "refuse_recovery", "allow_recovery"])]
    pub(crate) smallest_direct: Option<String>,
    /// Refuse any recovery of this account, for good: if you lose your key, nobody can help you
    #[arg(long)]
    pub(crate) refuse_recovery: bool,
    /// Let the committee begin a recovery again
    #[arg(long, conflicts_with = "refuse_recovery")]
    pub(crate) allow_recovery: bool,
    /// The key on this machine that shall own the account from then on
    #[arg(long, value_name = "NAME")]
    pub(crate) new_key: Option<String>,
    #[command(flatten)]
    pub(crate) own: Own,
    #[command(flatten)]
    pub(crate) spend: Spend,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SettleCommand {
    /// Lay out payments that all happen at once or not at all, and write them to a file for the payers to sign
    Propose {
        /// A payment by names or account numbers; once for each. The first payer's account pays the fee
        #[arg(long = "pay", value_name = "FROM:TO:AMOUNT", required = true)]
        payments: Vec<String>,
        /// The file to write; it must not exist yet
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Miner fee in ERG
        #[arg(long, value_name = "ERG", default_value = "0.001")]
        fee: NanoErg,
    },
    /// Show what a settlement does, who must sign, and who has signed
    Show {
        /// The file
        file: PathBuf,
        /// Ask no node: nothing is said about whether it is out of date
        #[arg(long)]
        offline: bool,
    },
    /// Sign your part of a settlement and write the signature into the file
    Sign {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        key: KeyChoice,
        /// Sign without asking
        #[arg(long, short)]
        yes: bool,
        /// Show what would be signed, and stop
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        passphrase: Passphrase,
    },
    /// Send a settlement that everybody has signed
    Send {
        /// The file
        file: PathBuf,
        /// Send without asking
        #[arg(long, short)]
        yes: bool,
        /// Show what would be sent, and stop
        #[arg(long)]
        dry_run: bool,
        /// Return as soon as the node has the transaction, without waiting for a block
        #[arg(long)]
        no_wait: bool,
    },
}
