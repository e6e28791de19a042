//! Honest transactions, or nearly so, of every kind: what the adversary begins with.

mod governed;
mod lone;
mod trades;

pub(super) use lone::rent;
pub(super) use trades::set;

use super::scenery::Scenery;
use super::state::{CONTROLLER, SPONSOR, State, THIEF, Town};
use crate::case::{Case, RENT_VARIABLE};
use crate::hand::{Move as Leg, loot, trade};
use crate::world::{key, p2pk};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate};
use ergo_lib::wallet::secret_key::SecretKey;
use lets_protocol::{AccountBox, Funding, Height, Link, TxParams};
use proptest::prelude::*;
use std::collections::BTreeSet;

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
    /// Somebody applies.
    Apply,
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
    /// The committee writes a debt off.
    WriteOff,
    /// A step of another LETS's founding.
    Found,
    /// Somebody spends a box as storage rent.
    Rent,
    /// Accounts are refreshed and given units, and no owner signs.
    Touch,
    /// Somebody joins an open LETS.
    Join,
    /// A member of a LETS-1 has another line, or more or less collateral.
    Adjust,
    /// A member of a LETS-3 buys.
    Buy,
    /// A member of a LETS-3 redeems.
    Redeem,
    /// Anybody calls a debt.
    Call,
    /// Anybody freezes an account under a dead oracle.
    Freeze,
    /// Anybody pays a debt and takes collateral.
    Liquidate,
    /// A member of an open LETS leaves.
    Close,
}

impl Kind {
    /// What happens where a committee admits.
    pub const LED: [Kind; 25] = [
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
        Kind::Apply,
        Kind::Withdraw,
        Kind::SetTerms,
        Kind::Exit,
        Kind::Expel,
        Kind::StartRecovery,
        Kind::CompleteRecovery,
        Kind::Announce,
        Kind::Cancel,
        Kind::Enact,
        Kind::WriteOff,
        Kind::Found,
        Kind::Rent,
        Kind::Touch,
    ];

    /// What happens where anybody joins by himself, of every kind.
    pub const OPEN: [Kind; 9] = [
        Kind::Pay,
        Kind::PayByNote,
        Kind::TakeNote,
        Kind::SetAccount,
        Kind::RefreshAccount,
        Kind::RefreshPot,
        Kind::Rent,
        Kind::Join,
        Kind::Close,
    ];
    /// And in a LETS-1.
    pub const BACKED: [Kind; 4] = [Kind::Adjust, Kind::Call, Kind::Freeze, Kind::Liquidate];
    /// And in a LETS-3.
    pub const BOUGHT: [Kind; 2] = [Kind::Buy, Kind::Redeem];

    /// Everything that happens anywhere.
    pub fn all() -> BTreeSet<Kind> {
        let all = Self::LED.iter().chain(&Self::OPEN);
        all.chain(&Self::BACKED)
            .chain(&Self::BOUGHT)
            .copied()
            .collect()
    }

    /// How often it is drawn: what money and members depend on more often than what hardly any script decides.
    fn weight(self) -> u32 {
        match self {
            Kind::Apply | Kind::Withdraw | Kind::Found => 1,
            Kind::Pay | Kind::Settle | Kind::PayByNote | Kind::TakeNote => 4,
            Kind::Join | Kind::Close => 6,
            Kind::Adjust | Kind::Buy | Kind::Redeem => 9,
            Kind::Call | Kind::Freeze | Kind::Liquidate => 9,
            _ => 3,
        }
    }
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

/// Any draft of these kinds.
pub fn arb_draft(kinds: &[Kind]) -> impl Strategy<Value = Draft> + use<> {
    let kind = |kind: &Kind| (kind.weight(), Just(*kind));
    (
        prop::strategy::Union::new_weighted(kinds.iter().map(kind).collect()),
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
    pub(super) fn lay(&self, state: &State, nth: usize) -> Option<Case> {
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
            Kind::Apply => hand.apply(),
            Kind::Withdraw => hand.withdraw(),
            Kind::WriteOff => hand.write_off(),
            Kind::Found => Some(hand.found()),
            Kind::Rent => {
                let (height, who) = (hand.town.world.height, self.who[0]);
                rent(state, hand.sponsor, height, who)
            }
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
        self.account_at(self.draft.who[who])
    }

    /// The account at this place, counted round.
    fn account_at(&self, place: usize) -> (usize, &AccountBox) {
        let place = place % self.town.accounts.len();
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

    /// The sponsor's box leads and pays the fee.
    fn sponsored(&self, case: &mut Case) {
        case.lead(self.sponsor.clone());
        case.fee_from(0);
        case.signers.push(key(SPONSOR));
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
}

/// These boxes spent and made anew, without a fee.
pub(super) fn anew(boxes: &[ErgoBox], height: Height) -> Case {
    let again = |b: &ErgoBox| {
        let mut next = ErgoBoxCandidate::from(b.clone());
        next.creation_height = height.0;
        next
    };
    Case {
        inputs: boxes
            .iter()
            .map(|b| (b.clone(), ContextExtension::empty()))
            .collect(),
        data_inputs: Vec::new(),
        outputs: boxes.iter().map(again).collect(),
        height: height.0 + 1,
        signers: Vec::new(),
    }
}

/// Both in one transaction: the second's boxes follow the first's, each at the index of its successor. `None` if they
/// spend the same box.
pub(super) fn together(state: &dyn Scenery, mut both: Case, second: Case) -> Option<Case> {
    let shared = |b: &ErgoBox| both.inputs.iter().any(|(i, _)| i.box_id() == b.box_id());
    if second.inputs.iter().any(|(b, _)| shared(b)) {
        return None;
    }
    // One fee is enough.
    both.outputs.pop();
    let mut spare = state.loot().iter();
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
