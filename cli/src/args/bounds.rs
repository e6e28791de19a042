//! The bounds that a LETS is founded with, and how spans of time are written.

use clap::Args;
use lets_protocol::{Blocks, NanoErg};

#[derive(Debug, PartialEq, Eq, Args)]
#[command(
    next_help_heading = "Bounds of the committee (it can change them later, after the public delay, up to ten times)"
)]
pub(crate) struct BoundArgs {
    /// Longest credit line it may grant
    #[arg(long, value_name = "AMOUNT", default_value = "1000")]
    pub(crate) max_line: String,
    /// Highest cap it may set
    #[arg(long, value_name = "AMOUNT", default_value = "1000")]
    pub(crate) max_cap: String,
    /// Credit line of a member for whom it says nothing else
    #[arg(long, value_name = "AMOUNT", default_value = "200")]
    pub(crate) line: String,
    /// Cap of such a member
    #[arg(long, value_name = "AMOUNT", default_value = "500")]
    pub(crate) cap: String,
    /// ERG that each account must hold: by default storage rent for 8 years (two periods) of a box of 1,250 bytes
    #[arg(long, value_name = "ERG", default_value = "3.125")]
    pub(crate) floor: NanoErg,
    /// Members admitted per period
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) admissions_per_period: i64,
    /// Credit issued per period
    #[arg(long, value_name = "AMOUNT", default_value = "10000")]
    pub(crate) units_per_period: String,
    /// The period, in blocks of two minutes or like 30d
    #[arg(long, value_name = "TIME", default_value = "21900", value_parser = parse_blocks)]
    pub(crate) period: Blocks,
    /// How long a change of committee or bounds is announced before it takes effect
    #[arg(long, value_name = "TIME", default_value = "5040", value_parser = parse_blocks)]
    pub(crate) change_delay: Blocks,
    /// How long an owner can refuse a recovery of his account
    #[arg(long, value_name = "TIME", default_value = "21600", value_parser = parse_blocks)]
    pub(crate) recovery_delay: Blocks,
    /// Recoveries started per period
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(crate) recovery_starts: i64,
    /// The most ERG of an application that may go to the admission's fee
    #[arg(long, value_name = "ERG", default_value = "0.01")]
    pub(crate) admission_fee: NanoErg,
    /// The most credit that one transaction of such a member may draw; 0 is no such rule
    #[arg(long, value_name = "AMOUNT", default_value = "0")]
    pub(crate) largest_draw: String,
    /// The most credit that such a member may draw over a period, with --draw-rate; 0 is no such rule
    #[arg(long, value_name = "AMOUNT", default_value = "0")]
    pub(crate) draw_limit: String,
    /// Credit of the draw limit that comes back per 1,000 blocks
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) draw_rate: Option<String>,
    /// The longest time in debt after which such a member may draw no more credit; 0 is no such rule
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = parse_blocks)]
    pub(crate) longest_debt: Blocks,
}

impl Default for BoundArgs {
    /// The defaults of the options above, which a test compares.
    fn default() -> Self {
        Self {
            max_line: "1000".to_owned(),
            max_cap: "1000".to_owned(),
            line: "200".to_owned(),
            cap: "500".to_owned(),
            floor: NanoErg(3_125_000_000),
            admissions_per_period: 50,
            units_per_period: "10000".to_owned(),
            period: Blocks(21_900),
            change_delay: Blocks(5_040),
            recovery_delay: Blocks(21_600),
            recovery_starts: 2,
            admission_fee: NanoErg(10_000_000),
            largest_draw: "0".to_owned(),
            draw_limit: "0".to_owned(),
            draw_rate: None,
            longest_debt: Blocks(0),
        }
    }
}

/// Blocks as a number, or days of 720 blocks like `30d`.
pub(crate) fn parse_blocks(text: &str) -> Result<Blocks, String> {
    let fault = || format!("{text:?} is no time: write a number of blocks, or days like 30d");
    let blocks = match text.strip_suffix('d') {
        Some(days) => days
            .parse::<u32>()
            .ok()
            .and_then(|d| d.checked_mul(Blocks::PER_DAY)),
        None => text.parse().ok(),
    };
    blocks.map(Blocks).ok_or_else(fault)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Alone {
        #[command(flatten)]
        bounds: BoundArgs,
    }

    #[test]
    fn bounds_default_is_what_the_options_default_to() {
        let parsed = Alone::try_parse_from(["found"]).unwrap();
        assert_eq!(parsed.bounds, BoundArgs::default());
    }

    #[test]
    fn blocks_text_forms() {
        assert_eq!(parse_blocks("30d"), Ok(Blocks(21_600)));
        assert_eq!(parse_blocks("720"), Ok(Blocks(720)));
        for bad in ["", "d", "-1", "1.5d", "99999999d", "1h"] {
            assert!(parse_blocks(bad).is_err(), "{bad}");
        }
    }
}
