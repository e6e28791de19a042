//! What an accepted transaction must have kept: the invariants I1 to I10 of `docs/SECURITY.md`, said once more from the
//! outside. Nothing here calls the twins of the rules in `lets-protocol`, nor follows the scripts' order: it looks at the
//! boxes before and after, at who has signed, and at the height.

mod accounts;
mod charter;
mod notes;
mod open;
mod pot;

use super::view::{View, proves};
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::{SigmaBoolean, SigmaProp};
use lets_protocol::Lets;
use std::fmt;

/// A transaction that a chain has taken.
#[derive(Debug, Clone)]
pub struct Deed {
    /// The boxes spent.
    pub inputs: Vec<ErgoBox>,
    /// Which of them were spent as storage rent: their scripts did not run.
    pub rent: Vec<bool>,
    /// The boxes read.
    pub data: Vec<ErgoBox>,
    /// The boxes made.
    pub outputs: Vec<ErgoBox>,
    /// The keys whose proofs it carries.
    pub signed: Vec<SigmaBoolean>,
    /// The block's height.
    pub height: i64,
}

impl Deed {
    /// Whether those who signed prove this.
    pub fn proves(&self, prop: &SigmaProp) -> bool {
        proves(prop.value(), &self.signed)
    }

    /// Whether this account, which it makes, has the number of one that rent has taken whole, and other terms: its tokens were free,
    /// and whoever took them has made of them what he liked.
    pub(super) fn is_loot(&self, made: &ErgoBox) -> bool {
        let number = |b: &ErgoBox| b.tokens.iter().flatten().nth(1).map(|t| t.token_id);
        let rents = self
            .inputs
            .iter()
            .zip(&self.rent)
            .filter(|(_, rent)| **rent);
        rents.map(|(spent, _)| spent).any(|spent| {
            number(made).is_some()
                && number(spent) == number(made)
                && spent.additional_registers != made.additional_registers
        })
    }
}

/// An invariant that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Its name, I1 to I10.
    pub invariant: &'static str,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

/// The first invariant that fails for this LETS.
pub type Check = Result<(), Breach>;

/// Fails unless it holds.
pub(super) fn ensure(holds: bool, invariant: &'static str, what: impl fmt::Display) -> Check {
    match holds {
        true => Ok(()),
        false => Err(Breach {
            invariant,
            what: what.to_string(),
        }),
    }
}

/// Blocks after which an output is too old to be made, and other spans of the protocol.
pub(super) const RECENT: i64 = 5_040;
pub(super) const STORAGE_PERIOD: i64 = 1_051_200;
pub(super) const REFRESH_AGE: i64 = 788_400;

/// One LETS in one transaction.
pub(super) struct Scene<'a> {
    pub(super) view: View<'a>,
    pub(super) deed: &'a Deed,
}

impl Scene<'_> {
    /// Whether this input's script has run.
    fn ran(&self, input: usize) -> bool {
        self.deed.rent.get(input).is_some_and(|rent| !rent)
    }

    fn young(&self, spent: &ErgoBox) -> bool {
        i64::from(spent.creation_height) + STORAGE_PERIOD > self.deed.height
    }

    fn recent(&self, made: &ErgoBox) -> bool {
        i64::from(made.creation_height) + RECENT > self.deed.height
    }

    /// The pot acts in this transaction: at the first input, by its script.
    fn pot_acts(&self) -> bool {
        self.ran(0) && self.view.is_pot(&self.deed.inputs[0])
    }

    /// Inputs of this LETS's accounts whose scripts ran.
    fn accounts(&self) -> impl Iterator<Item = (usize, &ErgoBox)> {
        let all = self.deed.inputs.iter().enumerate();
        all.filter(|(i, b)| self.ran(*i) && self.view.is_account(b))
    }

    /// Their numbers.
    fn numbers(&self) -> Vec<Vec<u8>> {
        let all = self.accounts();
        all.filter_map(|(_, b)| self.view.number(b)).collect()
    }

    /// Whether whoever may act for this account has agreed; a box that it follows is the first that is read.
    fn consents(&self, account: &ErgoBox, controller: usize) -> bool {
        self.consents_by(account, controller, self.deed.data.first())
    }

    /// The same where a box that it follows is read at another place.
    fn consents_by(&self, account: &ErgoBox, controller: usize, read: Option<&ErgoBox>) -> bool {
        let (deed, view) = (self.deed, &self.view);
        let keys = view.keys(account);
        let link = view.link(account);
        match link.len() {
            0 => keys.first().is_some_and(|k| deed.proves(k)),
            32 => read.is_some_and(|read| {
                view.first_token(read).is_some_and(|t| t.0 == link)
                    && view.committee(read).is_some_and(|c| deed.proves(&c))
            }),
            _ => deed.inputs.get(controller).is_some_and(|b| {
                view.first_token(b).is_some_and(|t| t.0 == link[1..])
                    && self.ran(controller)
                    && self.young(b)
            }),
        }
    }

    /// I1, I9: what stood in pot, accounts and notes stands there still.
    fn units(&self) -> Check {
        let (view, deed) = (&self.view, self.deed);
        let payers = self.numbers();
        let before: i128 = (0..deed.inputs.len())
            .filter(|i| self.ran(*i))
            .map(|i| &deed.inputs[i])
            .filter(|b| view.is_account(b) || view.is_pot(b) || view.is_note(b))
            .map(|b| view.units(b))
            .sum();
        let all_before: i128 = deed.inputs.iter().map(|b| view.units(b)).sum();
        let all_after: i128 = deed.outputs.iter().map(|b| view.units(b)).sum();
        let place = |b: &&ErgoBox| {
            view.is_account(b) || view.is_pot(b) || view.is_well_formed_note(b, &payers)
        };
        let after: i128 = deed
            .outputs
            .iter()
            .filter(place)
            .map(|b| view.units(b))
            .sum();
        ensure(all_after <= all_before, "I1", "units out of nothing")?;
        if after >= before {
            return Ok(());
        }
        let badly: i128 = deed
            .outputs
            .iter()
            .filter(|b| view.is_note(b) && !place(b))
            .map(|b| view.units(b))
            .sum();
        let name = match () {
            () if after + badly >= before => "I8",
            () if deed.inputs.iter().any(|b| view.is_stranger(b)) => "I9",
            () => "I1",
        };
        ensure(
            false,
            name,
            format!("{before} units in pot, accounts and notes, and {after} after it"),
        )
    }

    /// I3: membership tokens stand in pot and accounts; each account is one that the pot opened.
    fn memberships(&self) -> Check {
        let (view, deed) = (&self.view, self.deed);
        let free: u64 = (0..deed.inputs.len())
            .map(|i| match self.ran(i) {
                true => view.memberships_outside(&deed.inputs[i]),
                false => view.memberships(&deed.inputs[i]),
            })
            .sum();
        let outside: u64 = deed
            .outputs
            .iter()
            .map(|b| view.memberships_outside(b))
            .sum();
        ensure(
            outside <= free,
            "I3",
            format!("{outside} membership tokens outside of accounts and pot, {free} before"),
        )?;
        let mut spare = free - outside;
        for (place, made) in deed
            .outputs
            .iter()
            .enumerate()
            .filter(|(_, b)| view.is_account(b))
        {
            let number = view.number(made).unwrap_or_default();
            let known = self
                .accounts()
                .any(|(_, b)| view.number(b).as_ref() == Some(&number));
            let opened = self.pot_acts()
                && place == 1
                && number
                    == <Vec<u8>>::from(ergo_lib::ergotree_ir::chain::token::TokenId::from(
                        deed.inputs[0].box_id(),
                    ));
            if !known && !opened {
                ensure(
                    spare > 0,
                    "I3",
                    format!("output {place} is an account that the pot has not opened"),
                )?;
                spare -= 1;
            }
        }
        Ok(())
    }
}

/// Checks everything for one open LETS, which follows this oracle.
///
/// # Errors
/// The first [`Breach`].
pub fn check_open(lets: &Lets, oracle: &[u8], deed: &Deed) -> Check {
    let scene = Scene {
        view: View::new(lets),
        deed,
    };
    scene.units()?;
    scene.memberships()?;
    scene.open_pot(oracle)?;
    scene.charter()?;
    scene.members()?;
    scene.notes()
}

/// Checks everything for one LETS with a committee.
///
/// # Errors
/// The first [`Breach`].
pub fn check(lets: &Lets, deed: &Deed) -> Check {
    let scene = Scene {
        view: View::new(lets),
        deed,
    };
    scene.units()?;
    scene.memberships()?;
    scene.pot()?;
    scene.charter()?;
    scene.applications()?;
    scene.members()?;
    scene.notes()
}
