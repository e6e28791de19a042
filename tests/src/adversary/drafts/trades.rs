//! Payments, settlements, claims, and what else an account's owner does.

use super::{Draft, Hand};
use crate::adversary::state::{MEMBERS, PAPER, SPONSOR};
use crate::case::Case;
use crate::hand::{note, pays, signs, takes};
use crate::world::{key, prop};
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R5, R6};
use ergo_lib::wallet::secret_key::SecretKey;
use lets_protocol::{Amount, Blocks, Community, Link, NoteBox, Payee, Payment, Spender};

impl Hand<'_> {
    pub(super) fn pay(&self) -> Option<Case> {
        let [(a, payer), (_, payee)] = self.apart(2).try_into().ok()?;
        let units = self.some(payer, self.draft.units[0]);
        Some(self.trade(&[pays(payer, units), takes(payee, units)], &[a]))
    }

    pub(super) fn settle(&self) -> Option<Case> {
        let [(a, first), (b, second), (_, third)] = self.apart(3).try_into().ok()?;
        let [m, n] = self.draft.units;
        let m = self.some(first, m);
        let gain = (m - n).max(-second.units());
        Some(self.trade(
            &[pays(first, m), signs(second, gain), takes(third, m - gain)],
            &[a, b],
        ))
        .filter(|_| m >= gain)
    }

    pub(super) fn pay_by_note(&self) -> Option<Case> {
        let (a, payer) = self.account(0);
        let (_, payee) = self.account(1);
        let units = self.some(payer, self.draft.units[0]);
        if units == 0 {
            return None;
        }
        let mut case = self.trade(&[pays(payer, units)], &[a]);
        let payee = (self.draft.who[2] < 6).then_some(payee);
        let world = &self.town.world;
        let mut made = note(world, payer, payee, units as u64);
        made.value = 1_000_000_u64.try_into().unwrap();
        let leader = case.outputs.len() - 2;
        case.add_output(made, leader);
        let note = case.outputs.len() - 2;
        if payer.balance().units() - units < 0 && !payer.terms().spend_on.is_empty() {
            let mut rules = vec![i64::from(world.height.0) + 50_000];
            rules.extend(&payer.terms().spend_on);
            case.set_register(note, R6, rules);
        }
        Some(case)
    }

    pub(super) fn pay_many(&self) -> Option<Case> {
        let [(a, payer), (_, second), (_, third)] = self.apart(3).try_into().ok()?;
        if !matches!(payer.link(), Link::None) {
            return None;
        }
        let world = &self.town.world;
        let expiry = world.height.plus(Blocks(20_000));
        let amount = |n: i64| Amount::new(n).unwrap();
        let [m, n] = self.draft.units;
        let claims: Vec<_> = self
            .town
            .notes
            .iter()
            .filter(|n| n.payee() == Some(payer.number()) && !n.is_bearer())
            .cloned()
            .collect();
        let payment = |to, units| Payment {
            to,
            amount: amount(units),
            memo: vec![7; 20],
        };
        let payments = vec![
            payment(Payee::Direct(second), m),
            payment(Payee::Note { to: third, expiry }, n.min(5)),
            payment(
                Payee::Bearer {
                    claimant: prop(&key(PAPER)),
                    expiry,
                },
                1,
            ),
        ];
        let funding = self.funding();
        let spender = Spender {
            claims: &claims,
            funding: Some(&funding),
            ..Spender::new(payer)
        };
        let made = lets_protocol::pay(&world.lets, spender, payments, self.params()).ok()?;
        let owner = &self.town.owners[a];
        Some(world.case(&made.proposal, &[owner, &key(SPONSOR)]))
    }

    /// The leader takes these notes.
    fn take(&self, leader: usize, notes: &[&NoteBox]) -> Case {
        let account = &self.town.accounts[leader];
        let units = notes.iter().map(|n| n.amount().units()).sum();
        let mut case = self.trade(&[signs(account, units)], &[leader]);
        for note in notes {
            let to = case.outputs.len() - 2;
            case.add_input(note.ergo_box().clone(), to);
            if note.is_bearer() {
                case.signers.push(key(PAPER));
            }
        }
        case
    }

    pub(super) fn claim(&self) -> Option<Case> {
        let first = self.draft.who[0] % self.town.notes.len();
        let payee = self.town.notes[first].payee();
        let leader = match payee {
            Some(number) => self
                .town
                .accounts
                .iter()
                .position(|a| a.number() == number)?,
            None => self.account(1).0,
        };
        let all = self.town.notes.iter();
        let notes: Vec<_> = all.filter(|n| n.payee() == payee).collect();
        Some(self.take(leader, &notes))
    }

    pub(super) fn take_note(&self) -> Option<Case> {
        let note = &self.town.notes[self.draft.who[0] % self.town.notes.len()];
        let payer = self
            .town
            .accounts
            .iter()
            .position(|a| a.number() == note.payer());
        let community = self
            .town
            .accounts
            .iter()
            .position(|a| matches!(a.link(), Link::FollowsBox(_)));
        let leader = match self.draft.who[2] {
            0..=3 => payer,
            4 | 5 => community,
            _ => Some(self.account(1).0),
        };
        Some(self.take(leader?, &[note]))
    }

    pub(super) fn set_account(&self) -> Option<Case> {
        let (a, account) = self.account(0);
        let mut case = self.trade(&[signs(account, 0)], &[a]);
        set(self.draft, &mut case, &self.town.heirs[a % MEMBERS]);
        Some(case)
    }

    /// The community takes upon itself what the first who is in debt, from the one drawn on, owes.
    pub(super) fn write_off(&self) -> Option<Case> {
        let accounts = &self.town.accounts;
        let mut followed = accounts.iter();
        let community = followed.find(|a| matches!(a.link(), Link::FollowsBox(_)))?;
        let debtors = (0..accounts.len()).map(|n| self.account_at(self.draft.who[0] + n).1);
        let debtor = debtors
            .filter(|a| a.number() != community.number())
            .find(|a| a.balance().units() < 0)?;
        let owed = -debtor.balance().units();
        let asked = match self.draft.who[2] {
            0..=3 => owed,
            _ => owed.min(self.draft.units[0]),
        };
        let amount = Amount::new(self.some(community, asked)).ok()?;
        let world = &self.town.world;
        let funding = self.funding();
        let community = Community {
            charter: &world.charter,
            account: community,
            funding: Some(&funding),
        };
        let (lets, params) = (&world.lets, self.params());
        let made = lets_protocol::write_off(lets, community, debtor, amount, "moved", params);
        let [c0, c1] = world.quorum();
        Some(world.case(&made.ok()?.proposal, &[c0, c1, &key(SPONSOR)]))
    }
}

/// Gives the account that signs another key, another smallest direct payment, or leaves it.
pub(in crate::adversary) fn set(draft: &Draft, case: &mut Case, heir: &SecretKey) {
    let output = case.outputs.len() - 2;
    match draft.who[2] {
        0 | 1 => case.set_register(output, R5, vec![prop(heir)]),
        2..=5 => case.set_long(output, R6, 0, draft.units[0]),
        _ => {}
    }
}
