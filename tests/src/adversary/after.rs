//! I8, the other half: after a transaction that was accepted, everybody can still go on. For each account, pot, charter
//! and note that it leaves, the next honest step is really built, signed and validated.

use super::oracle::{Breach, Deed};
use super::scenery::Scenery;
use super::state::{MEMBERS, SPONSOR, State, Town};
use super::verdict::{Fate, Judges, try_out};
use super::view::View;
use crate::case::Case;
use crate::hand::{pays, signs, takes, trade};
use crate::world::{World, key, p2pk, prop};
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::chain::token::TokenId;
use lets_protocol::{
    AccountBox, Amount, Blocks, CharterBox, Funding, Height, Link, NanoErg, NoteBox, PotBox, Terms,
};
use std::fmt;

/// No number of the owner's own above this can be counted on: he may freeze himself.
const SANE: i64 = 1_000_000_000_000;

type Step = Result<(), Breach>;

/// Takes the next steps after this transaction, in this LETS.
///
/// # Errors
/// The first step that is refused, as a [`Breach`] of I8.
pub(super) fn go_on(state: &State, town: &Town, deed: &Deed, judges: Judges) -> Step {
    // Not before the boxes that pay for it were made.
    let height = Height(u32::try_from(deed.height).unwrap_or(0)).max(town.world.height);
    let next = Next {
        state,
        town,
        deed,
        judges,
        view: View::new(&town.world.lets),
        world: town.world.at(height),
    };
    next.accounts()?;
    next.pot()?;
    next.charter()?;
    next.notes()
}

struct Next<'a> {
    state: &'a State,
    town: &'a Town,
    deed: &'a Deed,
    judges: Judges,
    view: View<'a>,
    world: World,
}

fn stuck(what: impl fmt::Display) -> Breach {
    Breach {
        invariant: "I8",
        what: what.to_string(),
    }
}

impl Next<'_> {
    /// The step is accepted, with everybody's signature.
    fn expect(&self, mut case: Case, what: &str) -> Step {
        case.signers = self.state.keys();
        match try_out(&case, self.judges) {
            Fate::Accepted(_) => Ok(()),
            fate => Err(stuck(format!("{what}: {fate:?}"))),
        }
    }

    fn spent(&self, ergo_box: &ErgoBox) -> bool {
        let id = ergo_box.box_id();
        self.deed.inputs.iter().any(|b| b.box_id() == id)
    }

    /// A sponsor's box that is still there.
    fn sponsor(&self) -> Option<&ErgoBox> {
        self.state.sponsors.iter().find(|b| !self.spent(b))
    }

    fn funding(&self) -> Option<Funding> {
        Some(Funding {
            boxes: vec![self.sponsor()?.clone()],
            change: p2pk(&key(SPONSOR)),
        })
    }

    /// The members' accounts that it made. The thief's own has the terms that he gave it.
    fn made(&self) -> impl Iterator<Item = &ErgoBox> + '_ {
        let opened = TokenId::from(self.deed.inputs[0].box_id());
        let members = &self.town.accounts[..MEMBERS];
        let outputs = self.deed.outputs.iter();
        outputs.filter(|b| !self.deed.is_loot(b)).filter(move |b| {
            self.view.number(b).is_some_and(|number| {
                number == Vec::<u8>::from(opened)
                    || members.iter().any(|a| number == a.number().bytes())
            })
        })
    }

    fn accounts(&self) -> Step {
        for made in self.made() {
            let account = AccountBox::parse(&self.town.world.lets, made).map_err(stuck)?;
            if self.can_sign(&account)
                && let Some(sponsor) = self.sponsor()
            {
                let mut case = trade(&self.world, &[signs(&account, 0)], &[]);
                case.give_erg(0, NanoErg::MIN_FEE.0);
                case.lead(sponsor.clone());
                case.fee_from(0);
                self.expect(case, "the owner's next signature")?;
            }
            self.can_be_paid(&account)?;
        }
        Ok(())
    }

    /// Whether the owner's own numbers and key are such that he can act.
    fn can_sign(&self, account: &AccountBox) -> bool {
        // A trade laid out by hand takes the fee from its leader before a sponsor gives it.
        if account.ergo_box().value.as_u64() <= &NanoErg::MIN_FEE.0 {
            return false;
        }
        let settings = account.settings();
        let own = [settings.stamp, settings.used, settings.debt_since];
        let known = self
            .state
            .keys()
            .iter()
            .any(|k| &prop(k) == account.owner());
        known && account.link() == &Link::None && own.iter().all(|n| (-SANE..=SANE).contains(n))
    }

    fn can_be_paid(&self, account: &AccountBox) -> Step {
        let smallest = account.settings().smallest_direct.max(1);
        let mut members = self.town.accounts[..MEMBERS].iter();
        let payer = members.find(|a| {
            !self.spent(a.ergo_box())
                && self.can_sign(a)
                && a.terms().spend_on.is_empty()
                && a.created().plus(Blocks::STORAGE_PERIOD) > self.world.height.plus(Blocks(1))
                && a.number() != account.number()
                && a.balance().units() >= smallest
        });
        let after = account.balance().units().checked_add(smallest);
        let fits = after.is_some_and(|b| b <= account.terms().cap.units());
        let (Some(payer), Some(sponsor), true) = (payer, self.sponsor(), fits) else {
            return Ok(());
        };
        let mut case = trade(
            &self.world,
            &[pays(payer, smallest), takes(account, smallest)],
            &[],
        );
        case.give_erg(0, NanoErg::MIN_FEE.0);
        let fee = case.outputs.len() - 1;
        case.add_input(sponsor.clone(), fee);
        case.take_erg(fee, NanoErg::MIN_FEE.0);
        self.expect(case, "the next payment to an account")
    }

    fn pot(&self) -> Step {
        let lets = &self.town.world.lets;
        let charter = &self.town.world.charter;
        let pot = self.deed.outputs.iter().find(|b| self.view.is_pot(b));
        let (Some(pot), Some(funding)) = (pot, self.funding()) else {
            return Ok(());
        };
        let pot = PotBox::parse(lets, pot).map_err(stuck)?;
        let mut members = self.town.accounts[..MEMBERS].iter();
        let account = match self.made().next() {
            Some(made) => AccountBox::parse(lets, made).ok(),
            None => members.find(|a| !self.spent(a.ergo_box())).cloned(),
        };
        let (Some(account), false) = (account, self.spent(charter.ergo_box())) else {
            return Ok(());
        };
        let terms = Terms {
            line: Amount::ZERO,
            cap: Amount::ZERO,
            ..account.terms().clone()
        };
        let params = self.world.params();
        let (proposal, _, _) =
            lets_protocol::set_terms(lets, charter, &pot, &account, terms, &funding, params)
                .map_err(stuck)?;
        let case = Case::of(&proposal, self.world.height, &[]);
        self.expect(case, "the committee's next terms")
    }

    fn charter(&self) -> Step {
        let lets = &self.town.world.lets;
        let made = self.deed.outputs.iter().find(|b| self.view.is_charter(b));
        let (Some(made), Some(funding)) = (made, self.funding()) else {
            return Ok(());
        };
        let charter = CharterBox::parse(lets, made).map_err(stuck)?;
        let mut bounds = charter.bounds().clone();
        // Something must change; these lines may always be announced.
        bounds.max_line = match bounds.max_line {
            Amount::ZERO => Amount::new(1).unwrap(),
            _ => Amount::ZERO,
        };
        let from = self.world.height.plus(Blocks(10));
        let committee = charter.committee().clone();
        let params = self.world.params();
        let (proposal, _) =
            lets_protocol::announce(lets, &charter, committee, bounds, from, &funding, params)
                .map_err(stuck)?;
        let case = Case::of(&proposal, self.world.height, &[]);
        self.expect(case, "the committee's next announcement")
    }

    /// Each note goes back to its payer after its expiry, if his cap has room for it.
    fn notes(&self) -> Step {
        let lets = &self.town.world.lets;
        let leader = self.deed.outputs.first();
        let payer = leader.and_then(|b| AccountBox::parse(lets, b).ok());
        let Some(payer) = payer.filter(|a| self.can_sign(a)) else {
            return Ok(());
        };
        let all = self.deed.outputs.iter();
        let notes = all.filter_map(|b| NoteBox::parse(lets, b).ok());
        for note in notes.filter(|n| n.payer() == payer.number()) {
            let units = note.amount().units();
            if payer.balance().units() + units > payer.terms().cap.units() {
                continue;
            }
            let world = self.world.at(note.expiry());
            let mut case = trade(&world, &[signs(&payer, units)], &[]);
            case.add_input(note.ergo_box().clone(), 0);
            self.expect(case, "the refund of a note")?;
        }
        Ok(())
    }
}
