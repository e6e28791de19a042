//! Honest transactions in an open LETS.

use super::{JOINER, OpenState, usual};
use crate::adversary::drafts::{Draft, Kind, anew, rent, set};
use crate::adversary::state::{PAPER, SPONSOR};
use crate::case::Case;
use crate::hand::{Move as Leg, fee, note, pays, signs, takes, trade};
use crate::open::asking;
use crate::world::{key, p2pk};
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::wallet::secret_key::SecretKey;
use lets_protocol::{AccountBox, Amount, AtPot, Funding, Link, NanoErg, Proposal};

/// Draws one transaction in one state.
pub(super) struct Hand<'a> {
    state: &'a OpenState,
    draft: &'a Draft,
    sponsor: &'a ErgoBox,
}

impl<'a> Hand<'a> {
    pub(super) fn new(state: &'a OpenState, draft: &'a Draft, nth: usize) -> Self {
        Self {
            state,
            draft,
            sponsor: &state.sponsors[nth],
        }
    }

    pub(super) fn lay(&self) -> Option<Case> {
        match self.draft.kind {
            Kind::Pay => self.pay(),
            Kind::PayByNote => self.pay_by_note(),
            Kind::TakeNote => self.take_note(),
            Kind::SetAccount => Some(self.set_account()),
            Kind::RefreshAccount => Some(self.refresh_account()),
            Kind::RefreshPot => Some(self.refresh_pot()),
            Kind::Rent => {
                let (height, who) = (self.state.stage.height, self.draft.who[0]);
                rent(self.state, self.sponsor, height, who)
            }
            Kind::Join => self.join(),
            _ => self.at_pot(),
        }
    }

    fn place(&self, who: usize) -> usize {
        self.draft.who[who] % self.state.accounts.len()
    }

    fn account(&self, place: usize) -> &'a AccountBox {
        &self.state.accounts[place]
    }

    /// A trade, with what the links of those who sign ask for.
    fn trade(&self, legs: &[Leg<'_>], signing: &[usize]) -> Case {
        let mut case = trade(&self.state.stage, legs, &[]);
        for place in signing {
            case.signers.push(self.state.actor(*place).clone());
            let charter = self.state.stage.charter.ergo_box();
            if self.account(*place).link() != &Link::None && case.data_inputs.is_empty() {
                case.data_inputs.push(charter.clone());
            }
        }
        case
    }

    /// The sponsor's box leads and pays the fee.
    fn sponsored(&self, mut case: Case) -> Case {
        case.lead(self.sponsor.clone());
        case.fee_from(0);
        case.signers.push(key(SPONSOR));
        case
    }

    fn pay(&self) -> Option<Case> {
        let (a, b) = (self.place(0), self.place(1));
        let (payer, payee) = (self.account(a), self.account(b));
        let units = self.draft.units[0].min(payer.units());
        let case = || self.trade(&[pays(payer, units), takes(payee, units)], &[a]);
        (a != b).then(case)
    }

    fn pay_by_note(&self) -> Option<Case> {
        let a = self.place(0);
        let payer = self.account(a);
        let units = self.draft.units[0].min(payer.units());
        if units == 0 {
            return None;
        }
        let payee = (self.draft.who[2] < 6).then(|| self.account(self.place(1)));
        let mut made = note(&self.state.stage, payer, payee, u64::try_from(units).ok()?);
        made.value = 1_000_000_u64.try_into().unwrap();
        let mut case = self.trade(&[pays(payer, units)], &[a]);
        let leader = case.outputs.len() - 2;
        case.add_output(made, leader);
        Some(case)
    }

    fn take_note(&self) -> Option<Case> {
        let notes = &self.state.notes;
        let note = &notes[self.draft.who[0] % notes.len()];
        let of = |number| {
            self.state
                .accounts
                .iter()
                .position(|a| a.number() == number)
        };
        let leader = match self.draft.who[2] {
            0..=2 => of(note.payer()),
            3..=6 => note.payee().map_or(Some(self.place(1)), of),
            _ => Some(self.place(1)),
        }?;
        let gained = note.amount().units();
        let mut case = self.trade(&[signs(self.account(leader), gained)], &[leader]);
        let to = case.outputs.len() - 2;
        case.add_input(note.ergo_box().clone(), to);
        if note.is_bearer() {
            case.signers.push(key(PAPER));
        }
        Some(case)
    }

    fn set_account(&self) -> Case {
        let a = self.place(0);
        let mut case = self.trade(&[signs(self.account(a), 0)], &[a]);
        set(self.draft, &mut case, &key(JOINER));
        case
    }

    fn refresh_account(&self) -> Case {
        let account = self.account(self.place(0));
        self.sponsored(self.trade(&[takes(account, 0)], &[]))
    }

    fn refresh_pot(&self) -> Case {
        let stage = &self.state.stage;
        let mut case = anew(std::slice::from_ref(stage.pot.ergo_box()), stage.height);
        case.outputs.push(fee(stage.height.0));
        case.fee_from(0);
        case
    }

    fn funding(&self) -> Funding {
        Funding {
            boxes: vec![self.sponsor.clone()],
            change: p2pk(&key(SPONSOR)),
        }
    }

    fn at(&self) -> AtPot<'a> {
        self.state.stage.at()
    }

    fn case(&self, proposal: &Proposal, signers: &[&SecretKey]) -> Option<Case> {
        let mut case = Case::of(proposal, self.state.stage.height, signers);
        case.signers.push(key(SPONSOR));
        Some(case)
    }

    fn join(&self) -> Option<Case> {
        let policy = self.state.stage.pot.policy();
        let mut ask = asking(policy, &key(JOINER));
        if policy.kind.has_rate() {
            let units = self.draft.units[0];
            ask.units = Amount::new(units).ok()?;
            ask.backing = NanoErg(self.backing(units));
        }
        let joined = lets_protocol::join(self.at(), ask.clone(), &self.funding()).or_else(|_| {
            // Without a rate one joins without units.
            (ask.units, ask.backing) = (Amount::ZERO, NanoErg(0));
            lets_protocol::join(self.at(), ask, &self.funding())
        });
        self.case(&joined.ok()?.0, &[])
    }

    /// What stands behind so many units at the cover and today's rate, if that is a rate; now and then something more.
    fn backing(&self, units: i64) -> u64 {
        let stage = &self.state.stage;
        let (policy, rate) = (stage.pot.policy(), stage.oracle.rate().max(1));
        let price = u64::try_from(policy.price(rate, policy.cover)).unwrap_or(0);
        let more = usual(policy, 10) * (self.draft.who[2] as u64 % 3);
        price * u64::try_from(units).unwrap_or(0) + more
    }

    /// What the pot does to an account: the member for whom it can be built is sought from the one who was drawn on.
    fn at_pot(&self) -> Option<Case> {
        let all = self.state.accounts.len();
        (0..all).find_map(|n| self.at_pot_for((self.draft.who[0] + n) % all))
    }

    fn at_pot_for(&self, place: usize) -> Option<Case> {
        let (at, funding) = (self.at(), self.funding());
        let (account, owner) = (self.account(place), &self.state.owners[place]);
        let [m, _] = self.draft.units;
        let units = Amount::new(m).ok()?;
        match self.draft.kind {
            Kind::Adjust => {
                let held = account.terms().floor.0;
                let held = held.saturating_sub(at.pot.policy().floor.0);
                let debt = account.balance().debt();
                let (line, collateral) = match self.draft.who[2] {
                    0..=3 => (2 * m, self.backing(debt.max(2 * m))),
                    4 | 5 => (account.terms().line.units(), held + m as u64 * 1_000_000),
                    _ => (0, self.backing(debt)),
                };
                let (line, collateral) = (Amount::new(line).ok()?, NanoErg(collateral));
                let made = lets_protocol::adjust(at, account, line, collateral, &funding);
                self.case(&made.ok()?.0, &[owner])
            }
            Kind::Buy => {
                let made = lets_protocol::buy(at, account, units, &funding).ok()?;
                self.case(&made.proposal, &[owner])
            }
            Kind::Redeem => {
                let units = Amount::new(m.min(account.units())).ok()?;
                let made = lets_protocol::redeem(at, account, units, &funding).ok()?;
                self.case(&made.proposal, &[owner])
            }
            Kind::Call => {
                let made = lets_protocol::call(at, account, &funding).ok()?;
                self.case(&made.0, &[])
            }
            Kind::Freeze => {
                let made = lets_protocol::freeze(at, account, &funding).ok()?;
                self.case(&made.0, &[])
            }
            Kind::Liquidate => {
                let payers = self.state.accounts.iter().zip(&self.state.owners);
                let owed = Amount::new(account.balance().debt()).ok()?;
                payers
                    .filter(|(payer, _)| payer.number() != account.number())
                    .find_map(|(payer, key)| {
                        let pay =
                            |units| lets_protocol::liquidate(at, account, payer, units, &funding);
                        let made = pay(units).or_else(|_| pay(owed)).ok()?;
                        self.case(&made.proposal, &[key])
                    })
            }
            _ => {
                let made = lets_protocol::close(at, account, p2pk(owner)).ok()?;
                self.case(&made.0, &[owner])
            }
        }
    }
}
