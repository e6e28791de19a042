//! States of a LETS that anybody joins by himself, of each kind: members with and without debts, collateral, marks and
//! locks, an oracle in every condition, notes, and a thief with what storage rent may set free.
//!
//! As in `state.rs` boxes are made as they stand; each could have a history. Issued is the line, or the debt if that is more
//! (open_pot.es J8, W1); only a LETS-1 has locks, marks, and ERG above the policy's floor; whatever the pot gave out stands
//! in accounts, notes and the thief's box.

mod drafts;

use super::drafts::Draft;
use super::oracle::{self, Breach, Check, Deed};
use super::scenery::{Scenery, contract_of, token_of};
use super::state::{SPONSOR, THIEF, Waiting, arb_age, arb_waiting};
use super::verdict::{Fate, Judges, try_out};
use crate::case::{Case, existing};
use crate::hand::{junk, loot, note, signs, trade};
use crate::open::{ORACLE, OpenStage, RATE, asking, policy};
use crate::world::{key, p2pk, prop};
use drafts::Hand;
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6, R7};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::wallet::secret_key::SecretKey;
use lets_protocol::rules::open::OpenViolation;
use lets_protocol::{
    AccountBox, Amount, AtPot, Funding, Height, Kind, Link, NanoErg, NoteBox, OpenError,
    OpenPotBox, Policy, TxParams,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::cell::OnceCell;

/// Members.
const MEMBERS: usize = 4;
/// The key of the first of them; the others' follow.
const FIRST_OWNER: u8 = 140;
/// The first of their numbers.
const FIRST_NUMBER: u8 = 150;
/// Whoever joins.
const JOINER: u8 = 160;
/// What a thief holds of units and membership tokens.
const STRAY_UNITS: u64 = 25;
const STRAY_MEMBERSHIPS: u64 = 2;
/// No number of the owner's own above this can be counted on: he may freeze himself.
const SANE: i64 = 1_000_000_000_000;

/// A member.
#[derive(Debug, Clone)]
pub(super) struct Party {
    /// The line, in percent of the largest.
    line: i64,
    /// The balance; not below minus 100, nor the line where there is none.
    balance: i64,
    /// ERG behind what is issued, in percent of its price at the cover and the usual rate.
    backing: u64,
    /// ERG beyond the floor, or short of it.
    erg: i64,
    /// Blocks from now to the lock's end, or since.
    lock: i64,
    /// The mark: `None` none, 0 frozen, else called so many blocks ago.
    mark: Option<i64>,
    /// Whether it follows the charter, so that the treasury acts for it.
    followed: bool,
    /// Smallest direct payment.
    smallest: i64,
    /// Age of the box when the next block is made.
    age: u32,
}

/// The oracle's box, and what the pot remembers of it.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// The rate, in percent of the usual one.
    rate: i64,
    /// Age of its box when the next block is made.
    age: u32,
    /// Blocks from the making of the box that the pot last saw to that of this one.
    idle: u32,
}

/// What one open LETS is like.
#[derive(Debug, Clone)]
pub(super) struct OpenPlan {
    kind: Kind,
    parties: Vec<Party>,
    notes: Vec<Waiting>,
    told: Told,
    /// Age of the pot.
    age: u32,
    /// The reserve of a LETS-3, in percent of what is out at the usual rate.
    reserve: u64,
}

fn arb_party() -> impl Strategy<Value = Party> {
    let holding = (
        prop_oneof![1 => Just(0_i64), 3 => 10..=100_i64],
        prop_oneof![2 => Just(0_i64), 5 => -100..=70_i64],
        prop_oneof![2 => Just(100_u64), 3 => 50..=150_u64, 1 => Just(0), 1 => 150..=400_u64],
        prop_oneof![2 => Just(0_i64), 4 => Just(500_000_000), 1 => Just(1_000_000), 1 => Just(-600_000_000)],
    );
    let conditions = (
        prop_oneof![3 => Just(-1_i64), 1 => -1..=1_i64, 1 => 1..1_000_i64],
        option::weighted(
            0.5,
            prop_oneof![1 => Just(0_i64), 2 => 1..=718_i64, 3 => 719..=722_i64, 3 => 722..5_000_i64],
        ),
        prop::bool::weighted(0.1),
        prop_oneof![6 => 0..=3_i64, 3 => 0..=12_i64, 1 => Just(-3), 1 => Just(i64::MAX)],
        arb_age(),
    );
    (holding, conditions).prop_map(|(holding, conditions)| {
        let (line, balance, backing, erg) = holding;
        let (lock, mark, followed, smallest, age) = conditions;
        Party {
            line,
            balance,
            backing,
            erg,
            lock,
            mark,
            followed,
            smallest,
            age,
        }
    })
}

fn arb_told() -> impl Strategy<Value = Told> {
    let rate = prop_oneof![
        4 => Just(100_i64), 4 => 60..=200_i64, 2 => 200..=401_i64, 1 => 9..=11_i64,
        1 => prop::sample::select(vec![0_i64, -100, 1_000])
    ];
    let age = prop_oneof![
        12 => 1..99_u32, 2 => 99..=101_u32, 1 => 101..5_000_u32, 2 => 21_599..=21_602_u32,
        1 => 22_000..1_100_000_u32
    ];
    let idle = prop_oneof![
        8 => 0..3_000_u32, 1 => 3_000..1_000_000_u32, 2 => 1_046_060..=1_046_162_u32
    ];
    (rate, age, idle).prop_map(|(rate, age, idle)| Told { rate, age, idle })
}

/// Any state of a LETS of this kind.
pub(super) fn arb_open(kind: Kind) -> impl Strategy<Value = OpenPlan> {
    let age =
        prop_oneof![8 => 1..4_000_u32, 2 => 788_400..1_051_200_u32, 1 => 1_051_199..=1_051_201_u32];
    let reserve = prop_oneof![2 => Just(200_u64), 3 => 20..=300_u64];
    (
        vec(arb_party(), MEMBERS),
        vec(arb_waiting(), 1..=2),
        arb_told(),
        age,
        reserve,
    )
        .prop_map(move |(parties, notes, told, age, reserve)| OpenPlan {
            kind,
            parties,
            notes,
            told,
            age,
            reserve,
        })
}

/// The usual policy, with numbers so small that they meet often.
fn small(kind: Kind) -> Policy {
    let with_rate = kind.has_rate();
    Policy {
        credit: Amount::new(if with_rate { 100 } else { 20 }).unwrap(),
        cap: Amount::new(200).unwrap(),
        fee: NanoErg(if with_rate { 0 } else { 900_000_000 }),
        smallest_liquidation: Amount::new(if with_rate { 5 } else { 1 }).unwrap(),
        ..policy(kind)
    }
}

/// nanoErg of a unit at the usual rate.
fn usual(policy: &Policy, percent: i64) -> u64 {
    u64::try_from(policy.price(RATE, percent)).unwrap()
}

thread_local! {
    static BASE: [OnceCell<OpenStage>; 4] = const { [const { OnceCell::new() }; 4] };
}

fn base(kind: Kind) -> OpenStage {
    let place = Kind::ALL.iter().position(|k| *k == kind).unwrap();
    BASE.with(|all| {
        let made = all[place].get_or_init(|| {
            let mut stage = OpenStage::under(small(kind), 10);
            // Late enough that boxes older than two rent periods can stand before it.
            stage.height.0 += 60_000;
            stage
        });
        made.clone()
    })
}

/// One open LETS, and a thief.
pub(super) struct OpenState {
    stage: OpenStage,
    accounts: Vec<AccountBox>,
    owners: Vec<SecretKey>,
    notes: Vec<NoteBox>,
    loot: Vec<ErgoBox>,
    sponsors: Vec<ErgoBox>,
}

impl OpenState {
    /// The state of this plan.
    pub(super) fn of(plan: &OpenPlan) -> Self {
        let mut stage = base(plan.kind);
        let now = stage.height.0 + 1;
        let members = plan.parties.iter().enumerate();
        let accounts: Vec<_> = members.map(|(n, p)| account_of(&stage, n, p)).collect();
        let notes: Vec<_> = plan
            .notes
            .iter()
            .map(|n| note_of(&stage, &accounts, n))
            .collect();
        let given: i64 = accounts.iter().map(AccountBox::units).sum::<i64>()
            + notes.iter().map(|n| n.amount().units()).sum::<i64>()
            + STRAY_UNITS as i64;
        let policy = stage.pot.policy().clone();
        let Told { rate, age, idle } = plan.told;
        let epoch = 100_000;
        stage.bend_pot(|c| {
            c.outputs[0].creation_height = now - plan.age;
            let seen = i64::from((now - age).saturating_sub(idle));
            c.set_register(0, R4, vec![seen, RATE]);
            let members = MEMBERS as u64 + STRAY_MEMBERSHIPS;
            c.set_tokens(0, |all| {
                all[1].1 = 1_001 - members;
                all[2].1 = u64::try_from(policy.supply - given).unwrap();
            });
            if policy.kind == Kind::Lets3 {
                let worth = u64::try_from(given).unwrap() * usual(&policy, 100);
                let value = policy.own_erg.0 + worth * plan.reserve / 100;
                c.outputs[0].value = value.try_into().unwrap();
            }
        });
        stage = stage.told(RATE / 100 * rate, epoch, now - age);
        let thiefs = |tokens: &[_]| {
            let mut candidate = loot(tokens);
            candidate.value = 2_000_000_000_u64.try_into().unwrap();
            candidate.creation_height = now - 6;
            existing(&candidate, 9)
        };
        // It says what the oracle could say, and is not the oracle.
        let mut forged = thiefs(&[(junk(78), 1)]);
        forged = stage.box_with(&forged, |c| {
            c.set_register(0, R4, RATE / 10);
            c.set_register(0, R5, epoch + 1);
        });
        let (membership, unit) = (stage.membership(), stage.unit());
        let loot = vec![
            thiefs(&[]),
            thiefs(&[(junk(77), 1_000)]),
            thiefs(&[(membership, STRAY_MEMBERSHIPS)]),
            thiefs(&[(unit, STRAY_UNITS)]),
            forged,
        ];
        let sponsor = |_| stage.funding(&key(SPONSOR), 100.0).boxes;
        let sponsors = (0..2).flat_map(sponsor).collect();
        Self {
            accounts,
            owners: (0..MEMBERS as u8).map(|n| key(FIRST_OWNER + n)).collect(),
            notes,
            loot,
            sponsors,
            stage,
        }
    }

    /// Whoever acts for this account.
    fn actor(&self, place: usize) -> &SecretKey {
        match self.accounts[place].link() {
            Link::None => &self.owners[place],
            _ => &self.stage.treasury,
        }
    }

    fn spent(&self, deed: &Deed, ergo_box: &ErgoBox) -> bool {
        let id = ergo_box.box_id();
        deed.inputs.iter().any(|b| b.box_id() == id)
    }

    /// I8: whoever has an account can sign, and the next one can join.
    fn go_on(&self, deed: &Deed, judges: Judges) -> Check {
        let stuck = |what: String| Breach {
            invariant: "I8",
            what,
        };
        let Some(sponsor) = self.sponsors.iter().find(|b| !self.spent(deed, b)) else {
            return Ok(());
        };
        let mut stage = self.stage.clone();
        // Not before the boxes that pay for it were made.
        let height = Height(u32::try_from(deed.height).unwrap_or(0));
        stage.height = stage.height.max(height);
        let lets = &stage.lets;
        let expect = |mut case: Case, what: &str| {
            case.signers = self.keys();
            match try_out(&case, judges) {
                Fate::Accepted(_) => Ok(()),
                fate => Err(stuck(format!("{what}: {fate:?}"))),
            }
        };
        let opened = TokenId::from(deed.inputs[0].box_id());
        let numbers: Vec<_> = self
            .accounts
            .iter()
            .map(|a| a.number().token_id())
            .collect();
        let ours = |b: &&ErgoBox| {
            let number = b.tokens.iter().flatten().nth(1).map(|t| t.token_id);
            contract_of(lets, &b.ergo_tree) == Some("account")
                && number.is_some_and(|id| id == opened || numbers.contains(&id))
                && !deed.is_loot(b)
        };
        for made in deed.outputs.iter().filter(ours) {
            let account = AccountBox::parse(lets, made).map_err(|e| stuck(e.to_string()))?;
            let settings = account.settings();
            let own = [settings.stamp, settings.used, settings.debt_since];
            let known = self.keys().iter().any(|k| &prop(k) == account.owner());
            let sane = own.iter().all(|n| (-SANE..=SANE).contains(n));
            if known && sane && account.link() == &Link::None {
                let mut case = trade(&stage, &[signs(&account, 0)], &[]);
                case.give_erg(0, NanoErg::MIN_FEE.0);
                case.lead(sponsor.clone());
                case.fee_from(0);
                expect(case, "the owner's next signature")?;
            }
        }
        let nft = TokenId::from(lets.ids().pot_nft);
        let is_pot = |b: &&ErgoBox| {
            let first = b.tokens.iter().flatten().next();
            lets.contracts().pot.is(&b.ergo_tree) && first.is_some_and(|t| t.token_id == nft)
        };
        let Some(pot) = deed.outputs.iter().find(is_pot) else {
            return Ok(());
        };
        let pot = OpenPotBox::parse(lets, pot).map_err(|e| stuck(e.to_string()))?;
        let mut ask = asking(pot.policy(), &key(JOINER));
        if pot.policy().kind.has_rate() {
            (ask.units, ask.backing) = (Amount::ZERO, NanoErg(0));
        }
        let at = AtPot {
            lets,
            pot: &pot,
            oracle: Some(&stage.oracle),
            params: TxParams {
                height: stage.height,
                fee: NanoErg::MIN_FEE,
            },
        };
        let funding = Funding {
            boxes: vec![sponsor.clone()],
            change: p2pk(&key(SPONSOR)),
        };
        let joined = match lets_protocol::join(at, ask, &funding) {
            // A fee asks for a live oracle: that is not this transaction's fault.
            Err(OpenError::Open(
                OpenViolation::OracleAge { .. }
                | OpenViolation::OracleSilent { .. }
                | OpenViolation::OracleRange { .. },
            )) => return Ok(()),
            joined => joined.map_err(|e| stuck(e.to_string()))?,
        };
        expect(Case::of(&joined.0, stage.height, &[]), "the next who joins")
    }
}

impl Scenery for OpenState {
    fn boxes(&self) -> Vec<&ErgoBox> {
        let mut all: Vec<&ErgoBox> = self.accounts.iter().map(AccountBox::ergo_box).collect();
        all.extend(self.notes.iter().map(NoteBox::ergo_box));
        all.extend([
            self.stage.pot.ergo_box(),
            self.stage.oracle.ergo_box(),
            self.stage.charter.ergo_box(),
        ]);
        all.extend(&self.loot);
        all.extend(&self.sponsors);
        all
    }

    fn holders(&self, ergo_box: &ErgoBox) -> Vec<SecretKey> {
        let id = ergo_box.box_id();
        let is = |b: &ErgoBox| b.box_id() == id;
        if let Some(place) = self.accounts.iter().position(|a| is(a.ergo_box())) {
            return vec![self.owners[place].clone()];
        }
        match () {
            () if is(self.stage.charter.ergo_box()) => vec![self.stage.treasury.clone()],
            () if self.sponsors.iter().any(is) => vec![key(SPONSOR)],
            () if self.loot.iter().any(is) => vec![key(THIEF)],
            () => vec![key(super::state::PAPER)],
        }
    }

    fn keys(&self) -> Vec<SecretKey> {
        let mut all: Vec<_> = [THIEF, super::state::PAPER, SPONSOR, JOINER]
            .map(key)
            .into();
        all.push(self.stage.treasury.clone());
        all.extend(self.owners.iter().cloned());
        all
    }

    fn loot(&self) -> &[ErgoBox] {
        &self.loot
    }

    fn sponsors(&self) -> &[ErgoBox] {
        &self.sponsors
    }

    fn script_name(&self, tree: &ErgoTree) -> String {
        let name = contract_of(&self.stage.lets, tree);
        name.unwrap_or("plain").to_owned()
    }

    fn token_name(&self, id: TokenId) -> String {
        let mut accounts = self.accounts.iter();
        let number = accounts.position(|a| a.number().token_id() == id);
        match (token_of(&self.stage.lets, id), number) {
            (Some(name), _) => name.to_owned(),
            (None, Some(place)) => format!("number.{place}"),
            (None, None) => String::from(id)[..8].to_owned(),
        }
    }

    fn lay(&self, draft: &Draft, nth: usize) -> Option<Case> {
        Hand::new(self, draft, nth).lay()
    }

    fn check(&self, deed: &Deed, onward: Option<Judges>) -> Check {
        oracle::check_open(&self.stage.lets, &ORACLE, deed)?;
        match onward {
            Some(judges) => self.go_on(deed, judges),
            None => Ok(()),
        }
    }
}

/// The account at this place of the members.
fn account_of(stage: &OpenStage, place: usize, party: &Party) -> AccountBox {
    let policy = stage.pot.policy();
    let now = i64::from(stage.height.0) + 1;
    let created = stage.height.0 + 1 - party.age;
    let credit = policy.credit.units();
    let (line, balance) = match policy.kind {
        Kind::Lets1 => (credit * party.line / 100, party.balance),
        Kind::Lets2 => (credit, party.balance.max(-credit)),
        Kind::Lets3 | Kind::Lets4 => (0, party.balance.max(0)),
    };
    let issued = line.max(-balance);
    let mut floor = policy.floor.0;
    if policy.kind == Kind::Lets1 {
        let price = usual(policy, policy.cover) * u64::try_from(issued).unwrap();
        floor += price * party.backing / 100;
    }
    let mut terms = vec![
        issued,
        line,
        policy.cap.units(),
        i64::try_from(floor).unwrap(),
    ];
    let plain = policy
        .terms(Amount::ZERO, policy.floor, Height(0))
        .to_longs();
    terms.extend(&plain[4..8]);
    match policy.kind {
        Kind::Lets1 => terms.push(now + party.lock),
        _ => terms.push(0),
    }
    // A debt was called before the box was made anew, or when it was.
    let marked = party.mark.filter(|_| policy.kind == Kind::Lets1);
    terms.extend(marked.map(|ago| match ago {
        0 => 0,
        ago => -(now - ago),
    }));
    let stamp = i64::from(created);
    let settings = vec![party.smallest, stamp, 0, stamp];
    let charter = stage.lets.ids().charter_nft.into();
    let link = match party.followed {
        true => Link::FollowsBox(charter),
        false => Link::None,
    };
    let units = u64::try_from(issued + balance).unwrap();
    stage.account_with(&stage.account, |c| {
        c.outputs[0].creation_height = created;
        let value = floor.saturating_add_signed(party.erg);
        c.outputs[0].value = value.try_into().unwrap();
        c.set_register(0, R4, terms);
        c.set_register(0, R5, vec![prop(&key(FIRST_OWNER + place as u8))]);
        c.set_register(0, R6, settings);
        c.set_register(0, R7, link.to_bytes());
        let unit = stage.unit();
        c.set_tokens(0, |all| {
            all.truncate(2);
            all[1].0 = junk(FIRST_NUMBER + place as u8);
            all.extend((units > 0).then_some((unit, units)));
        });
    })
}

fn note_of(stage: &OpenStage, accounts: &[AccountBox], plan: &Waiting) -> NoteBox {
    let made = stage.height.0 + 1 - plan.age;
    let payee = accounts.get(plan.to);
    let mut candidate = note(stage, &accounts[plan.from], payee, plan.units as u64);
    candidate.creation_height = made;
    let note = stage.box_with(&existing(&candidate, 0), |c| {
        let rules = vec![i64::from(made).saturating_add(plan.life)];
        if plan.paper {
            c.set_register(0, R4, prop(&key(super::state::PAPER)));
        }
        c.set_register(0, R6, rules);
    });
    NoteBox::parse(&stage.lets, &note).unwrap()
}
