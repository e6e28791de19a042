//! Honest transactions, or nearly so, of every kind: what the adversary begins with.

use super::state::{CONTROLLER, MEMBERS, NEXT_COMMITTEE, PAPER, SPONSOR, State, THIEF, Town};
use crate::case::{Case, RENT_VARIABLE};
use crate::hand::{Move as Leg, loot, note, pays, signs, takes, trade};
use crate::world::{at_least, key, p2pk, prop};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R5, R6};
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate};
use ergo_lib::wallet::secret_key::SecretKey;
use lets_protocol::{
    AccountBox, Amount, Blocks, Funding, Height, Heir, Link, NoteBox, Payee, Payment, Proposal,
    Spender, Terms, TxParams,
};
use proptest::prelude::*;

/// What people do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// One pays another directly.
    Pay,
    /// The library's payment by every way at once.
    PayMany,
    /// One pays by a note.
    PayByNote,
    /// Three settle.
    Settle,
    /// A payee takes his notes.
    Claim,
    /// Anybody takes any note: a refund, an absorption, or a theft.
    TakeNote,
    /// An owner changes his settings or his key.
    SetAccount,
    /// Somebody refreshes an account.
    RefreshAccount,
    /// Somebody refreshes the pot.
    RefreshPot,
    /// Somebody refreshes the charter.
    RefreshCharter,
    /// The committee admits the applicant.
    Admit,
    /// The applicant withdraws.
    Withdraw,
    /// The committee sets terms.
    SetTerms,
    /// A member leaves.
    Exit,
    /// The committee expels.
    Expel,
    /// The committee starts a recovery.
    StartRecovery,
    /// Anybody completes one.
    CompleteRecovery,
    /// The committee announces a change.
    Announce,
    /// The committee cancels it.
    Cancel,
    /// Anybody enacts it.
    Enact,
    /// Somebody spends a box as storage rent.
    Rent,
    /// Some boxes are spent and made anew, and nobody signs.
    Touch,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 22] = [
        Kind::Pay,
        Kind::PayMany,
        Kind::PayByNote,
        Kind::Settle,
        Kind::Claim,
        Kind::TakeNote,
        Kind::SetAccount,
        Kind::RefreshAccount,
        Kind::RefreshPot,
        Kind::RefreshCharter,
        Kind::Admit,
        Kind::Withdraw,
        Kind::SetTerms,
        Kind::Exit,
        Kind::Expel,
        Kind::StartRecovery,
        Kind::CompleteRecovery,
        Kind::Announce,
        Kind::Cancel,
        Kind::Enact,
        Kind::Rent,
        Kind::Touch,
    ];
}

/// One kind, with who and how much.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What is done.
    pub kind: Kind,
    /// In which LETS.
    pub town: usize,
    /// By whom, to whom: places among the accounts, notes or boxes, counted round.
    pub who: [usize; 3],
    /// How much.
    pub units: [i64; 2],
}

/// Any draft.
pub fn arb_draft() -> impl Strategy<Value = Draft> {
    (
        prop::sample::select(Kind::ALL.to_vec()),
        prop_oneof![3 => Just(0_usize), 1 => Just(1)],
        [0..8_usize, 0..8_usize, 0..8_usize],
        [1..=40_i64, 1..=40_i64],
    )
        .prop_map(|(kind, town, who, units)| Draft {
            kind,
            town,
            who,
            units,
        })
}

impl Draft {
    /// The transaction, if it can be laid out in this state; the second of two has another sponsor's box.
    pub fn lay(&self, state: &State, nth: usize) -> Option<Case> {
        let hand = Hand {
            state,
            sponsor: &state.sponsors[nth],
            town: &state.towns[self.town],
            draft: self,
        };
        match self.kind {
            Kind::Pay => hand.pay(),
            Kind::PayMany => hand.pay_many(),
            Kind::PayByNote => hand.pay_by_note(),
            Kind::Settle => hand.settle(),
            Kind::Claim => hand.claim(),
            Kind::TakeNote => hand.take_note(),
            Kind::SetAccount => hand.set_account(),
            Kind::RefreshAccount => hand.refresh_account(),
            Kind::RefreshPot | Kind::RefreshCharter => hand.refresh_lone(),
            Kind::Withdraw => hand.withdraw(),
            Kind::Rent => hand.rent(),
            Kind::Touch => hand.touch(),
            _ => hand.govern(),
        }
    }
}

struct Hand<'a> {
    state: &'a State,
    sponsor: &'a ErgoBox,
    town: &'a Town,
    draft: &'a Draft,
}

impl Hand<'_> {
    /// The account that `who` names, with its place.
    fn account(&self, who: usize) -> (usize, &AccountBox) {
        let place = self.draft.who[who] % self.town.accounts.len();
        (place, &self.town.accounts[place])
    }

    /// Two or three different accounts.
    fn apart(&self, count: usize) -> Vec<(usize, &AccountBox)> {
        let all = self.town.accounts.len();
        let first = self.draft.who[0] % all;
        let step = 1 + self.draft.who[1] % (all - count + 1);
        (0..count)
            .map(|n| {
                // Steps that never meet: count * step < all + step.
                let place = (first + if n == 0 { 0 } else { step + n - 1 }) % all;
                (place, &self.town.accounts[place])
            })
            .collect()
    }

    /// Who acts for this account.
    fn actors(&self, place: usize) -> Vec<SecretKey> {
        match self.town.accounts[place].link() {
            Link::None => vec![self.town.owners[place].clone()],
            Link::FollowsBox(_) => self.town.world.quorum().map(Clone::clone).to_vec(),
            Link::Contract(_) => vec![key(CONTROLLER)],
        }
    }

    /// A trade, with what the links of those who sign ask for.
    fn trade(&self, legs: &[Leg<'_>], signing: &[usize]) -> Case {
        let mut case = trade(&self.town.world, legs, &[]);
        for place in signing {
            case.signers.extend(self.actors(*place));
            match self.town.accounts[*place].link() {
                Link::FollowsBox(_) if case.data_inputs.is_empty() => case
                    .data_inputs
                    .push(self.town.world.charter.ergo_box().clone()),
                Link::Contract(_) if case.inputs.len() == legs.len() => {
                    case.lead(self.state.controller.clone());
                }
                _ => {}
            }
        }
        case
    }

    /// What the account can pay at the most of what is asked.
    fn some(&self, account: &AccountBox, units: i64) -> i64 {
        units.min(account.units()).max(0)
    }

    fn pay(&self) -> Option<Case> {
        let [(a, payer), (_, payee)] = self.apart(2).try_into().ok()?;
        let units = self.some(payer, self.draft.units[0]);
        Some(self.trade(&[pays(payer, units), takes(payee, units)], &[a]))
    }

    fn settle(&self) -> Option<Case> {
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

    fn pay_by_note(&self) -> Option<Case> {
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

    fn pay_many(&self) -> Option<Case> {
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

    fn claim(&self) -> Option<Case> {
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

    fn take_note(&self) -> Option<Case> {
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

    fn set_account(&self) -> Option<Case> {
        let (a, account) = self.account(0);
        let mut case = self.trade(&[signs(account, 0)], &[a]);
        let output = case.outputs.len() - 2;
        match self.draft.who[2] {
            0 | 1 => case.set_register(output, R5, vec![prop(&self.town.heirs[a % MEMBERS])]),
            2..=5 => case.set_long(output, R6, 0, self.draft.units[0]),
            _ => {}
        }
        Some(case)
    }

    fn refresh_account(&self) -> Option<Case> {
        let (_, account) = self.account(0);
        let mut case = trade(&self.town.world, &[takes(account, 0)], &[]);
        self.sponsored(&mut case);
        Some(case)
    }

    /// The sponsor's box leads and pays the fee.
    fn sponsored(&self, case: &mut Case) {
        case.lead(self.sponsor.clone());
        case.fee_from(0);
        case.signers.push(key(SPONSOR));
    }

    fn refresh_lone(&self) -> Option<Case> {
        let world = &self.town.world;
        let spent = match self.draft.kind {
            Kind::RefreshPot => world.pot.ergo_box(),
            _ => world.charter.ergo_box(),
        };
        let mut case = self.anew(std::slice::from_ref(spent));
        case.outputs.push(crate::hand::fee(world.height.0));
        case.fee_from(0);
        Some(case)
    }

    /// These boxes spent and made anew, without a fee.
    fn anew(&self, boxes: &[ErgoBox]) -> Case {
        let height = self.town.world.height.0;
        let again = |b: &ErgoBox| {
            let mut next = ErgoBoxCandidate::from(b.clone());
            next.creation_height = height;
            next
        };
        Case {
            inputs: boxes
                .iter()
                .map(|b| (b.clone(), ContextExtension::empty()))
                .collect(),
            data_inputs: Vec::new(),
            outputs: boxes.iter().map(again).collect(),
            height: height + 1,
            signers: Vec::new(),
        }
    }

    fn withdraw(&self) -> Option<Case> {
        let world = &self.town.world;
        let to = p2pk(&self.town.applicant);
        let made =
            lets_protocol::withdraw_application(&self.town.application, to, self.params()).ok()?;
        Some(world.case(&made, &[&self.town.applicant]))
    }

    fn rent(&self) -> Option<Case> {
        let world = &self.town.world;
        let all = self.state.boxes();
        let now = world.height.0 + 1;
        let old: Vec<_> = all
            .into_iter()
            .filter(|b| b.creation_height + Blocks::STORAGE_PERIOD.0 <= now)
            .collect();
        let taken = *old.get(self.draft.who[0] % old.len().max(1))?;
        let mut case = self.anew(&[self.sponsor.clone(), taken.clone()]);
        let rent = crate::case::size(taken) as u64 * 1_250_000;
        let (kept, fee) = match taken.value.as_u64().checked_sub(rent) {
            Some(left) if left > 1_000_000 => (left, rent),
            // It cannot pay its rent: everything is the thief's.
            _ => {
                let tree = p2pk(&key(THIEF));
                case.outputs[1].ergo_tree = tree;
                (*taken.value.as_u64(), 0)
            }
        };
        case.outputs[1].value = kept.try_into().unwrap();
        case.outputs[1].creation_height = now;
        case.give_erg(0, fee);
        case.outputs.push(crate::hand::fee(world.height.0));
        case.fee_from(0);
        case.signers.push(key(SPONSOR));
        case.rent(1, 1);
        case.outputs
            .iter_mut()
            .for_each(|o| o.creation_height = now);
        Some(case)
    }

    fn touch(&self) -> Option<Case> {
        let all = self.state.boxes();
        let mut places: Vec<_> = self
            .draft
            .who
            .iter()
            .map(|w| (w * 3 + 1) % all.len())
            .collect();
        places.sort_unstable();
        places.dedup();
        let boxes: Vec<_> = places.iter().map(|p| all[*p].clone()).collect();
        let mut case = self.anew(&boxes);
        case.outputs
            .push(crate::hand::fee(self.town.world.height.0));
        if boxes.iter().any(|b| b.box_id() == self.sponsor.box_id()) {
            return None;
        }
        self.sponsored(&mut case);
        Some(case)
    }

    fn params(&self) -> TxParams {
        self.town.world.params()
    }

    fn funding(&self) -> Funding {
        Funding {
            boxes: vec![self.sponsor.clone()],
            change: p2pk(&key(SPONSOR)),
        }
    }

    /// What pot and charter do, by the library's own builders.
    fn govern(&self) -> Option<Case> {
        // The member for whom it can be built is sought from the one who was drawn on.
        let all = self.town.accounts.len();
        (0..all).find_map(|n| self.govern_for((self.draft.who[0] + n) % all))
    }

    fn govern_for(&self, who: usize) -> Option<Case> {
        let world = &self.town.world;
        let (lets, charter, pot) = (&world.lets, &world.charter, &world.pot);
        let (account, owner) = (&self.town.accounts[who], &self.town.owners[who]);
        let (params, funding, sponsor) = (self.params(), self.funding(), key(SPONSOR));
        let [c0, c1] = world.quorum();
        let case = |proposal: &Proposal, signers: &[&SecretKey]| world.case(proposal, signers);
        let [m, n] = self.draft.units;
        let terms = Terms {
            line: Amount::new(m * 2).ok()?,
            cap: Amount::new(m + n).ok()?,
            ..account.terms().clone()
        };
        match self.draft.kind {
            Kind::Admit => {
                let terms = Terms {
                    issued: terms.line,
                    floor: charter.bounds().account_floor,
                    ..terms
                };
                let made =
                    lets_protocol::admit(lets, charter, pot, &self.town.application, terms, params);
                Some(case(&made.ok()?.0, &[c0, c1]))
            }
            Kind::SetTerms => {
                let made =
                    lets_protocol::set_terms(lets, charter, pot, account, terms, &funding, params);
                Some(case(&made.ok()?.0, &[c0, c1, &sponsor]))
            }
            Kind::Exit => {
                let to = p2pk(owner);
                let made = lets_protocol::exit(lets, pot, account, to, params).ok()?;
                Some(case(&made.0, &[owner]))
            }
            Kind::Expel => {
                let made = lets_protocol::expel(lets, charter, pot, account, params).ok()?;
                Some(case(&made.0, &[c0, c1]))
            }
            Kind::StartRecovery => {
                let heir = Heir {
                    key: prop(&self.town.heirs[(who + 1) % MEMBERS]),
                    start: Height(world.height.0 + 1 + self.draft.who[1] as u32),
                };
                let made = lets_protocol::start_recovery(
                    lets, charter, pot, account, heir, &funding, params,
                );
                Some(case(&made.ok()?.0, &[c0, c1, &sponsor]))
            }
            Kind::CompleteRecovery => {
                let made =
                    lets_protocol::complete_recovery(lets, charter, pot, account, &funding, params);
                Some(case(&made.ok()?.0, &[&sponsor]))
            }
            Kind::Announce => {
                let next = [0, 1, 2].map(|n| key(NEXT_COMMITTEE + n));
                let mut bounds = charter.bounds().clone();
                bounds.max_line = Amount::new(100_000 + m).ok()?;
                let from = world.height.plus(Blocks(self.draft.who[1] as u32 * 100));
                let made = lets_protocol::announce(
                    lets,
                    charter,
                    at_least(2, &next.each_ref()),
                    bounds,
                    from,
                    &funding,
                    params,
                );
                let signers = [c0, c1, &next[0], &next[1], &sponsor];
                Some(case(&made.ok()?.0, &signers))
            }
            Kind::Cancel => {
                let made = lets_protocol::cancel(lets, charter, &funding, params).ok()?;
                Some(case(&made.0, &[c0, c1, &sponsor]))
            }
            Kind::Enact => {
                let made = lets_protocol::enact(lets, charter, &funding, params).ok()?;
                Some(case(&made.0, &[&sponsor]))
            }
            _ => None,
        }
    }
}

/// Both in one transaction: the second's boxes follow the first's, each at the index of its successor. `None` if they
/// spend the same box.
pub fn together(state: &State, mut both: Case, second: Case) -> Option<Case> {
    let shared = |b: &ErgoBox| both.inputs.iter().any(|(i, _)| i.box_id() == b.box_id());
    if second.inputs.iter().any(|(b, _)| shared(b)) {
        return None;
    }
    // One fee is enough.
    both.outputs.pop();
    let mut spare = state.loot.iter();
    while both.outputs.len() < both.inputs.len() {
        let mut more = loot(&[]);
        more.creation_height = second.height - 1;
        both.outputs.push(more);
    }
    while both.inputs.len() < both.outputs.len() {
        both.inputs
            .push((spare.next()?.clone(), ContextExtension::empty()));
        both.signers.push(key(THIEF));
    }
    let offset = both.inputs.len() as i16;
    for (ergo_box, mut extension) in second.inputs {
        if let Some(place) = extension.values.get_mut(&RENT_VARIABLE) {
            *place = (offset + 1).into();
        }
        both.inputs.push((ergo_box, extension));
    }
    both.outputs.extend(second.outputs);
    for read in second.data_inputs {
        if !both.data_inputs.contains(&read) {
            both.data_inputs.push(read);
        }
    }
    both.signers.extend(second.signers);
    Some(both)
}
