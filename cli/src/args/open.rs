//! What LETS without a committee take: their policy, joining, collateral, buying and redeeming, and watching debts.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use lets_contracts::OracleNft;
use lets_protocol::{Blocks, Kind, NanoErg};

use super::{KeyChoice, Spend, parse_blocks};

/// Who decides on members and their credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FoundKind {
    Committee,
    Lets1,
    Lets2,
    Lets3,
    Lets4,
}

impl FoundKind {
    /// The kind of the open pot; `None` if there is a committee.
    pub(crate) fn open(self) -> Option<Kind> {
        match self {
            Self::Committee => None,
            Self::Lets1 => Some(Kind::Lets1),
            Self::Lets2 => Some(Kind::Lets2),
            Self::Lets3 => Some(Kind::Lets3),
            Self::Lets4 => Some(Kind::Lets4),
        }
    }
}

#[derive(Debug, Args)]
#[command(
    next_help_heading = "Policy of a LETS without a committee (--kind lets1 to lets4): fixed for ever. --cap, --floor and the loan rules hold there, too"
)]
pub(crate) struct PolicyArgs {
    /// LETS-1: the longest line; LETS-2: the line; LETS-3: the most bought at once; LETS-4: what a member starts with
    /// [default: 20 in LETS-2 and LETS-4, otherwise the cap]
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) credit: Option<String>,
    /// Token id of the NFT of the oracle pool that tells what ERG is worth
    #[arg(long, value_name = "TOKEN")]
    pub(crate) oracle: Option<OracleNft>,
    /// How much of the currency one quantity of the oracle is: 1.00 for a pool that tells the nanoErg of a dollar
    #[arg(long, value_name = "AMOUNT", default_value = "1")]
    pub(crate) per_quantity: String,
    /// The least rate that counts, in ERG per quantity [default: a twentieth of the present one]
    #[arg(long, value_name = "ERG")]
    pub(crate) least_rate: Option<NanoErg>,
    /// The highest rate that counts [default: 50 times the present one; in LETS-2 and LETS-4, where the fee must be more than
    /// the credit is worth at it, 4 times]
    #[arg(long, value_name = "ERG")]
    pub(crate) highest_rate: Option<NanoErg>,
    /// At this age a rate is too old
    #[arg(long, value_name = "TIME", default_value = "100", value_parser = parse_blocks)]
    pub(crate) oracle_age: Blocks,
    /// At this age the oracle counts as dead
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = parse_blocks)]
    pub(crate) oracle_dead: Blocks,
    /// What joining costs: it stays in the pot, for nobody [default: nothing; in LETS-2 and LETS-4 a fiftieth more than the
    /// credit is worth at the highest rate]
    #[arg(long, value_name = "ERG")]
    pub(crate) join_fee: Option<NanoErg>,
    /// The community's key, whose account takes in notes that nobody wants: a key on this machine, a public key or an address
    /// [default: the founder's key]
    #[arg(long, value_name = "WHO")]
    pub(crate) treasury: Option<String>,
    /// Percent of a unit's price that must be there in ERG for what is given (LETS-1, LETS-3)
    #[arg(long, value_name = "PERCENT", default_value_t = 200)]
    pub(crate) cover: i64,
    /// Percent below which a debt may be called (LETS-1)
    #[arg(long, value_name = "PERCENT", default_value_t = 150)]
    pub(crate) margin: i64,
    /// Percent above the price that whoever pays a called debt takes (LETS-1)
    #[arg(long, value_name = "PERCENT", default_value_t = 10)]
    pub(crate) discount: i64,
    /// From a call to the first liquidation (LETS-1)
    #[arg(long, value_name = "TIME", default_value = "3d", value_parser = parse_blocks)]
    pub(crate) grace: Blocks,
    /// After the grace a debt may be liquidated for so long; then it must be called anew (LETS-1)
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = parse_blocks)]
    pub(crate) window: Blocks,
    /// For so long after joining collateral cannot leave (LETS-1)
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = parse_blocks)]
    pub(crate) lock: Blocks,
    /// The least that is liquidated at once, but for the last of a debt (LETS-1)
    #[arg(long, value_name = "AMOUNT", default_value = "10")]
    pub(crate) smallest_liquidation: String,
}

impl PolicyArgs {
    /// What was given of it, if anything shows that.
    pub(crate) fn given(&self) -> Option<&'static str> {
        [
            ("--credit", self.credit.is_some()),
            ("--oracle", self.oracle.is_some()),
            ("--least-rate", self.least_rate.is_some()),
            ("--highest-rate", self.highest_rate.is_some()),
            ("--join-fee", self.join_fee.is_some()),
            ("--treasury", self.treasury.is_some()),
        ]
        .into_iter()
        .find_map(|(what, given)| given.then_some(what))
    }
}

#[derive(Debug, Args)]
pub(crate) struct JoinArgs {
    /// The manifest that a member gave you; in an open LETS this home's is taken if you give none
    // Not `manifest`: the parser would take it for the global option of that name.
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) key: KeyChoice,
    #[command(flatten)]
    pub(crate) spend: Spend,
    // Last: what follows its heading stands under it.
    #[command(flatten)]
    pub(crate) open: OpenJoinArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Opening an account, in a LETS without a committee")]
pub(crate) struct OpenJoinArgs {
    /// Your credit line (LETS-1)
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) line: Option<String>,
    /// ERG that you lock for it (LETS-1) [default: just what the line needs at today's rate]
    #[arg(long, value_name = "ERG")]
    pub(crate) collateral: Option<NanoErg>,
    /// What you buy to begin with (LETS-3)
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) buy: Option<String>,
    /// ERG in the account for the fees of your first payments
    #[arg(long, value_name = "ERG", default_value = "0.1")]
    pub(crate) spare: NanoErg,
    /// For the community's own account: its key follows the charter's treasury
    #[arg(long)]
    pub(crate) community: bool,
    /// Name for the address book
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Take the manifest and open no account
    #[arg(long)]
    pub(crate) no_account: bool,
}

impl OpenJoinArgs {
    /// What only an open LETS takes, of what was given.
    pub(crate) fn given(&self) -> Option<&'static str> {
        [
            ("--line", self.line.is_some()),
            ("--collateral", self.collateral.is_some()),
            ("--buy", self.buy.is_some()),
            ("--community", self.community),
            ("--name", self.name.is_some()),
        ]
        .into_iter()
        .find_map(|(what, given)| given.then_some(what))
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum CollateralCommand {
    /// Lock more ERG; with --line for another line
    Add(CollateralArgs),
    /// Take ERG out, after the lock and as far as debt and line stay covered; with --line for another line
    Remove(CollateralArgs),
}

#[derive(Debug, Args)]
pub(crate) struct CollateralArgs {
    /// How much
    #[arg(default_value = "0")]
    pub(crate) erg: NanoErg,
    /// Your credit line afterwards [default: as it is]
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) line: Option<String>,
    #[command(flatten)]
    pub(crate) own: OwnAccount,
    #[command(flatten)]
    pub(crate) spend: Spend,
}

#[derive(Debug, Args)]
pub(crate) struct OwnAccount {
    #[command(flatten)]
    pub(crate) key: KeyChoice,
    /// Your account's number, if your key owns several
    #[arg(long, value_name = "NUMBER")]
    pub(crate) from: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ExchangeArgs {
    /// How much of the currency
    pub(crate) amount: String,
    #[command(flatten)]
    pub(crate) own: OwnAccount,
    #[command(flatten)]
    pub(crate) spend: Spend,
}

#[derive(Debug, Args)]
pub(crate) struct LiquidateArgs {
    /// Only this account: a name, or a number (8 digits or more)
    pub(crate) who: Option<String>,
    /// The most that you pay of others' debts, all together [default: what your account can pay]
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) most: Option<String>,
    /// Go on with every block, and tell each call and liquidation as it is sent
    #[arg(long)]
    pub(crate) watch: bool,
    /// With --watch: stop after this height
    #[arg(long, value_name = "HEIGHT", requires = "watch")]
    pub(crate) to: Option<u32>,
    #[command(flatten)]
    pub(crate) own: OwnAccount,
    #[command(flatten)]
    pub(crate) spend: Spend,
}
