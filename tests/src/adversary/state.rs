//! States that the adversary starts from: two LETS with the same committee, their members, notes and applicants, and a
//! thief with everything that storage rent may set free.
//!
//! Boxes are made as they stand, and their histories are not played; each could have one. A member's issued units are
//! his line at least (admission; set terms: T2) and cover his debt, his stamp is not younger than the block that made his
//! box, nor his debt than his stamp (account.es S5, S7), a pending recovery began when his box was made or later (pot.es
//! S3). Whatever the pot gave out stands in accounts, notes and what rent set free, so that every sum is the genesis
//! supply. Boxes of any age are those that nobody has moved; less ERG than the floor is what rent left; charter and pot are
//! never without ERG: a LETS whose pot is gone is dead.

use super::after;
use super::drafts::Draft;
use super::oracle::{self, Check, Deed};
use super::scenery::{Scenery, contract_of, token_of};
use super::verdict::Judges;
use crate::case::{Case, existing};
use crate::hand::{junk, loot, membership, unit};
use crate::world::{World, at_least, key, prop};
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6, R7, R8, R9};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::wallet::secret_key::SecretKey;
use lets_protocol::{
    AccountBox, Amount, ApplicationBox, Blocks, CharterBox, Link, NoteBox, PotBox, Terms,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::cell::OnceCell;

/// Members of each LETS.
pub const MEMBERS: usize = 4;
/// The key of the thief: none of it is anybody else's.
pub const THIEF: u8 = 250;
/// The key that is asked for besides by some notes.
pub const PAPER: u8 = 249;
/// The key of the box that controls accounts.
pub const CONTROLLER: u8 = 248;
/// The first of three keys of an announced committee.
pub const NEXT_COMMITTEE: u8 = 241;
/// Who pays what the accounts do not.
pub const SPONSOR: u8 = 240;
/// Who founds another LETS.
pub const FOUNDER: u8 = 239;
const CONTROLLER_TOKEN: u8 = 60;
const FORGED_NUMBER: u8 = 61;

/// A member's terms, balance, counters and ERG: all of them small, so that they meet often.
#[derive(Debug, Clone)]
pub struct Party {
    /// Issued beyond the line.
    pub spare: i64,
    /// The credit line.
    pub line: i64,
    /// The cap.
    pub cap: i64,
    /// Largest draw, draw limit, longest debt.
    pub loan: [i64; 3],
    /// Draw rate.
    pub rate: i64,
    /// Class, and classes to spend on.
    pub classes: (i64, Vec<i64>),
    /// The balance, not below what has been issued.
    pub balance: i64,
    /// Smallest direct payment.
    pub smallest: i64,
    /// Credit used.
    pub used: i64,
    /// Blocks from the stamp to the box, and from the debt's beginning to the stamp.
    pub past: (u32, u32),
    /// Age of the box when the next block is made.
    pub age: u32,
    /// ERG beyond the floor, or short of it.
    pub erg: i64,
    /// Who else may act for it.
    pub link: Tie,
    /// Recoveries.
    pub recovery: Recovery,
}

/// Who else may act for an account.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tie {
    /// Nobody.
    None,
    /// The committee: the community's account.
    Charter,
    /// The controller's box.
    Contract,
}

/// What is said about a recovery.
#[derive(Debug, Clone, Copy)]
pub enum Recovery {
    /// Nothing.
    None,
    /// The owner has opted out.
    Refused,
    /// One is pending, for so many blocks less than the box is old.
    Pending(u32),
}

/// A note on its way.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Payer.
    pub from: usize,
    /// Payee; [`MEMBERS`] is anybody.
    pub to: usize,
    /// Amount.
    pub units: i64,
    /// Classes that may claim.
    pub classes: Vec<i64>,
    /// Whether a key is asked for besides.
    pub paper: bool,
    /// Age of the box when the next block is made.
    pub age: u32,
    /// Blocks from the making to the expiry asked for.
    pub life: i64,
}

/// What one LETS is like.
#[derive(Debug, Clone)]
pub struct TownPlan {
    /// The members.
    pub parties: Vec<Party>,
    /// The notes.
    pub notes: Vec<Waiting>,
    /// The pot's counters: blocks since the stamp, admissions, units issued, recoveries.
    pub counters: (u32, i64, i64, i64),
    /// Ages of charter and pot.
    pub ages: (u32, u32),
    /// Blocks since a change was announced, if one was.
    pub announced: Option<u32>,
}

/// What the world is like.
#[derive(Debug, Clone)]
pub struct StatePlan {
    /// The two LETS.
    pub towns: [TownPlan; 2],
    /// An account of the first LETS that stands on a membership token set free by rent, on terms of the thief's choice.
    pub forged: Option<Party>,
}

fn rule_or_none(most: i64) -> impl Strategy<Value = i64> {
    prop_oneof![4 => Just(0), 2 => 1..=most]
}

pub(super) fn arb_age() -> impl Strategy<Value = u32> {
    prop_oneof![
        10 => 1..4_000_u32,
        2 => 4_000..700_000_u32,
        2 => 788_398..=788_403_u32,
        1 => 788_403..1_051_000_u32,
        2 => 1_051_198..=1_051_202_u32,
        1 => 1_051_202..1_400_000_u32,
    ]
}

fn arb_classes() -> impl Strategy<Value = Vec<i64>> {
    prop_oneof![9 => Just(vec![]), 1 => Just(vec![1]), 1 => Just(vec![1, 2]), 1 => Just(vec![2, 3])]
}

fn arb_party() -> impl Strategy<Value = Party> {
    let terms = (
        0..=100_i64,
        30..=90_i64,
        prop_oneof![2 => 100..=300_i64, 1 => 10..=120_i64],
        [rule_or_none(60), rule_or_none(70), rule_or_none(150)],
        0..=500_i64,
        (0..=2_i64, arb_classes()),
    );
    let state = (
        prop_oneof![2 => Just(0_i64), 5 => -40..=70_i64],
        prop_oneof![6 => 0..=3_i64, 3 => 0..=12_i64, 1 => Just(-3), 1 => Just(i64::MAX)],
        0..=40_i64,
        (0..60_u32, 0..250_u32),
    );
    let erg = prop_oneof![2 => Just(0_i64), 4 => Just(500_000_000), 1 => Just(1_000_000), 1 => Just(-600_000_000), 1 => Just(-2_500_000_000)];
    let link =
        prop_oneof![12 => Just(Tie::None), 2 => Just(Tie::Charter), 1 => Just(Tie::Contract)];
    let recovery = prop_oneof![
        10 => Just(Recovery::None),
        1 => Just(Recovery::Refused),
        2 => (0..30_000_u32).prop_map(Recovery::Pending),
    ];
    (terms, state, arb_age(), erg, link, recovery).prop_map(
        |(terms, state, age, erg, link, recovery)| {
            let (spare, line, cap, loan, rate, classes) = terms;
            let (balance, smallest, used, past) = state;
            Party {
                spare,
                line,
                cap,
                loan,
                rate,
                classes,
                balance: balance.max(-line - spare),
                smallest,
                used,
                past,
                age,
                erg,
                link,
                recovery,
            }
        },
    )
}

pub(super) fn arb_waiting() -> impl Strategy<Value = Waiting> {
    let age = prop_oneof![
        4 => 1..10_000_u32,
        3 => 10_079..=10_082_u32,
        3 => 20_000..300_000_u32,
        2 => 520_000..530_000_u32,
        1 => 1_051_198..=1_051_202_u32,
    ];
    let life = prop_oneof![3 => Just(20_000_i64), 1 => Just(0), 1 => Just(i64::MAX), 1 => Just(262_800), 1 => Just(-5_000_000)];
    (
        0..MEMBERS,
        0..=MEMBERS,
        1..=30_i64,
        arb_classes(),
        prop::bool::weighted(0.2),
        age,
        life,
    )
        .prop_map(|(from, to, units, classes, paper, age, life)| Waiting {
            from,
            to,
            units,
            classes,
            paper,
            age,
            life,
        })
}

fn arb_town() -> impl Strategy<Value = TownPlan> {
    let used = |most: i64| prop_oneof![3 => Just(0_i64), 1 => 0..=most, 1 => Just(most), 1 => Just(most - 1)];
    let age = || prop_oneof![8 => 1..4_000_u32, 2 => 788_400..1_051_200_u32, 1 => 1_051_199..=1_051_201_u32];
    (
        vec(arb_party(), MEMBERS),
        vec(arb_waiting(), 1..=3),
        (0..30_000_u32, used(50), used(1_000_000), used(2)),
        (age(), age()),
        option::weighted(
            0.5,
            prop_oneof![2 => 0..5_000_u32, 2 => 5_039..=5_042_u32, 2 => 5_043..6_000_u32],
        ),
    )
        .prop_map(|(parties, notes, counters, ages, announced)| TownPlan {
            parties,
            notes,
            counters,
            ages,
            announced,
        })
}

/// Any state.
pub fn arb_state() -> impl Strategy<Value = StatePlan> {
    ([arb_town(), arb_town()], option::weighted(0.2, arb_party()))
        .prop_map(|(towns, forged)| StatePlan { towns, forged })
}

/// One LETS in that state. Its charter and pot are the world's.
#[derive(Clone)]
pub struct Town {
    /// The LETS, its charter, its pot.
    pub world: World,
    /// The members' accounts; after them a forged one, if there is one.
    pub accounts: Vec<AccountBox>,
    /// The owners' keys, in the same order.
    pub owners: Vec<SecretKey>,
    /// The heirs' keys, in the same order.
    pub heirs: Vec<SecretKey>,
    /// Notes on their way.
    pub notes: Vec<NoteBox>,
    /// Who asks to be admitted.
    pub application: ApplicationBox,
    /// His key.
    pub applicant: SecretKey,
    /// Units that stand nowhere in pot, accounts and notes: a thief's.
    pub stray: ErgoBox,
}

/// The world that the adversary meets.
pub struct State {
    /// Two LETS.
    pub towns: [Town; 2],
    /// Boxes of the thief: ERG, junk, units and membership tokens set free by rent.
    pub loot: Vec<ErgoBox>,
    /// The box that controls accounts.
    pub controller: ErgoBox,
    /// The sponsor's boxes: plenty of ERG.
    pub sponsors: [ErgoBox; 2],
}

/// What a thief holds of the first LETS's units and membership tokens.
const STRAY_UNITS: u64 = 25;
const STRAY_MEMBERSHIPS: u64 = 2;

thread_local! {
    static BASE: OnceCell<[Town; 2]> = const { OnceCell::new() };
}

fn base() -> [Town; 2] {
    let mut first = World::new(10);
    let mut second = World::led_by(60, first.committee.clone());
    [found(&mut first, 100), found(&mut second, 120)]
}

fn found(world: &mut World, seed: u8) -> Town {
    let owners: Vec<_> = (0..MEMBERS as u8).map(|n| key(seed + n)).collect();
    let heirs: Vec<_> = (0..=MEMBERS as u8).map(|n| key(seed + 8 + n)).collect();
    let applicant = key(seed + 16);
    let accounts = owners.iter().map(|k| world.admit(k)).collect();
    world.height = world.height.plus(Blocks(60_000));
    let application = world.application(&applicant);
    let stray = thiefs(world, &[(unit(world), STRAY_UNITS)]);
    Town {
        world: world.clone(),
        accounts,
        owners,
        heirs,
        notes: Vec::new(),
        application,
        applicant,
        stray,
    }
}

/// A box of the thief with these tokens.
fn thiefs(world: &World, tokens: &[(TokenId, u64)]) -> ErgoBox {
    let mut candidate = loot(tokens);
    candidate.value = 2_000_000_000_u64.try_into().unwrap();
    candidate.creation_height = world.height.0 - 5;
    existing(&candidate, 9)
}

impl State {
    /// The state of this plan.
    pub fn of(plan: &StatePlan) -> Self {
        let [mut first, mut second] = BASE.with(|b| b.get_or_init(base).clone());
        first.become_of(&plan.towns[0], plan.forged.as_ref());
        second.become_of(&plan.towns[1], None);
        let world = &first.world;
        let loot = vec![
            thiefs(world, &[]),
            thiefs(world, &[(junk(77), 1_000)]),
            thiefs(world, &[(membership(world), STRAY_MEMBERSHIPS)]),
            first.stray.clone(),
            second.stray.clone(),
        ];
        let sponsors = [(); 2].map(|()| world.wallet_box(&key(SPONSOR), 100.0));
        let mut controller =
            crate::hand::wallet_with(world, &key(CONTROLLER), &[(junk(CONTROLLER_TOKEN), 1)]);
        if first.accounts[0].created().0 + Blocks::STORAGE_PERIOD.0 <= world.height.0 {
            controller = world.box_with(&controller, |c| {
                c.outputs[0].creation_height = first.accounts[0].created().0
            });
        }
        Self {
            towns: [first, second],
            loot,
            controller,
            sponsors,
        }
    }
}

impl Scenery for State {
    fn holders(&self, ergo_box: &ErgoBox) -> Vec<SecretKey> {
        let id = ergo_box.box_id();
        for town in &self.towns {
            let account = town
                .accounts
                .iter()
                .position(|a| a.ergo_box().box_id() == id);
            if let Some(place) = account {
                return vec![town.owners[place].clone()];
            }
            if town.application.ergo_box().box_id() == id {
                return vec![town.applicant.clone()];
            }
            let governed = [town.world.pot.ergo_box(), town.world.charter.ergo_box()];
            if governed.iter().any(|b| b.box_id() == id) {
                return town.world.quorum().map(Clone::clone).to_vec();
            }
        }
        match () {
            () if self.sponsors.iter().any(|b| b.box_id() == id) => vec![key(SPONSOR)],
            () if self.controller.box_id() == id => vec![key(CONTROLLER)],
            () if self.loot.iter().any(|b| b.box_id() == id) => vec![key(THIEF)],
            () => vec![key(PAPER)],
        }
    }

    fn boxes(&self) -> Vec<&ErgoBox> {
        let mut all: Vec<&ErgoBox> = Vec::new();
        for town in &self.towns {
            all.extend(town.accounts.iter().map(AccountBox::ergo_box));
            all.extend(town.notes.iter().map(NoteBox::ergo_box));
            all.extend([
                town.world.pot.ergo_box(),
                town.world.charter.ergo_box(),
                town.application.ergo_box(),
            ]);
        }
        all.extend(&self.loot);
        all.extend(&self.sponsors);
        all.push(&self.controller);
        all
    }

    fn keys(&self) -> Vec<SecretKey> {
        let mut all = vec![
            key(THIEF),
            key(PAPER),
            key(CONTROLLER),
            key(SPONSOR),
            key(FOUNDER),
            key(NEXT_COMMITTEE),
            key(NEXT_COMMITTEE + 1),
            key(NEXT_COMMITTEE + 2),
        ];
        all.extend(self.towns[0].world.committee.clone());
        for town in &self.towns {
            all.extend(town.owners.iter().chain(&town.heirs).cloned());
            all.push(town.applicant.clone());
        }
        all
    }

    fn loot(&self) -> &[ErgoBox] {
        &self.loot
    }

    fn sponsors(&self) -> &[ErgoBox] {
        &self.sponsors
    }

    fn script_name(&self, tree: &ErgoTree) -> String {
        let mut towns = self.towns.iter().enumerate();
        let named = towns.find_map(|(n, town)| {
            contract_of(&town.world.lets, tree).map(|name| format!("{name}{n}"))
        });
        named.unwrap_or_else(|| "plain".to_owned())
    }

    fn token_name(&self, id: TokenId) -> String {
        let mut towns = self.towns.iter().enumerate();
        let named = towns.find_map(|(n, town)| {
            let mut accounts = town.accounts.iter();
            let number = accounts.position(|a| a.number().token_id() == id);
            let name = token_of(&town.world.lets, id);
            let name = name.map(|name| format!("{name}{n}"));
            name.or_else(|| number.map(|place| format!("number{n}.{place}")))
        });
        named.unwrap_or_else(|| String::from(id)[..8].to_owned())
    }

    fn lay(&self, draft: &Draft, nth: usize) -> Option<Case> {
        draft.lay(self, nth)
    }

    fn check(&self, deed: &Deed, onward: Option<Judges>) -> Check {
        self.towns.iter().try_for_each(|town| {
            oracle::check(&town.world.lets, deed)?;
            match onward {
                Some(judges) => after::go_on(self, town, deed, judges),
                None => Ok(()),
            }
        })
    }
}

impl Town {
    fn become_of(&mut self, plan: &TownPlan, forged: Option<&Party>) {
        let world = &self.world;
        let mut accounts: Vec<_> = plan
            .parties
            .iter()
            .zip(&self.accounts)
            .zip(&self.heirs)
            .map(|((party, account), heir)| account_of(world, account, party, heir))
            .collect();
        let notes: Vec<_> = plan
            .notes
            .iter()
            .map(|n| note_of(world, &accounts, n))
            .collect();
        let given: i64 = accounts.iter().map(AccountBox::units).sum::<i64>()
            + notes.iter().map(|n| n.amount().units()).sum::<i64>()
            + STRAY_UNITS as i64;
        if let Some(party) = forged {
            let thief = key(THIEF);
            accounts.push(forged_of(world, &accounts[0], party));
            self.owners.push(thief);
        }
        let free = MEMBERS as u64 + STRAY_MEMBERSHIPS + 1;
        let now = world.height.0 + 1;
        let (stamp, admissions, issued, recoveries) = plan.counters;
        let (charter_age, pot_age) = plan.ages;
        let pot = world.box_with(world.pot.ergo_box(), |c| {
            c.outputs[0].creation_height = now - pot_age;
            let stamp = i64::from((now - pot_age).saturating_sub(stamp));
            c.set_register(0, R4, vec![stamp, admissions, issued, recoveries]);
            c.set_tokens(0, |all| {
                all[1].1 = 100_001 - free;
                all[2].1 = 1_000_000_000_000 - given as u64;
            });
        });
        let charter = world.box_with(world.charter.ergo_box(), |c| {
            let mut made = now - charter_age;
            if let Some(ago) = plan.announced {
                let from = made.max(now - ago);
                made = made.max(from - 10);
                let next = [0, 1, 2].map(|n| key(NEXT_COMMITTEE + n));
                let mut change = vec![i64::from(from)];
                let mut bounds = world.charter.bounds().to_longs();
                bounds[0] = 150_000;
                change.extend(bounds);
                c.set_register(0, R8, at_least(2, &next.each_ref()));
                c.set_register(0, R9, change);
            }
            c.outputs[0].creation_height = made;
        });
        self.world.pot = PotBox::parse(&self.world.lets, &pot).unwrap();
        self.world.charter = CharterBox::parse(&self.world.lets, &charter).unwrap();
        self.accounts = accounts;
        self.notes = notes;
    }

    /// Whether this account stands on a membership token that the pot gave it.
    pub fn is_genuine(&self, account: usize) -> bool {
        account < MEMBERS
    }
}

fn account_of(world: &World, account: &AccountBox, party: &Party, heir: &SecretKey) -> AccountBox {
    let created = world.height.0 + 1 - party.age;
    let (classes, spend_on) = &party.classes;
    let line = party.line;
    let floor = account.terms().floor;
    let terms = Terms {
        issued: Amount::new(line + party.spare).unwrap(),
        class: *classes,
        spend_on: spend_on.clone(),
        ..Terms::plain(
            Amount::new(line).unwrap(),
            Amount::new(party.cap).unwrap(),
            floor,
        )
    };
    let mut terms = terms.to_longs();
    terms[4..7].copy_from_slice(&party.loan);
    terms[7] = party.rate;
    let stamp = i64::from(created - party.past.0);
    let debt = stamp - i64::from(party.past.1);
    let mut settings = vec![party.smallest, stamp, party.used, debt];
    let mut keys = vec![account.owner().clone()];
    match party.recovery {
        Recovery::None => {}
        Recovery::Refused => settings.push(-1),
        Recovery::Pending(later) if party.link == Tie::None => {
            keys.push(prop(heir));
            settings.push(i64::from(created + later.min(5_040)));
        }
        Recovery::Pending(_) => {}
    }
    let link = match party.link {
        Tie::None => Link::None,
        Tie::Charter => Link::FollowsBox(world.lets.ids().charter_nft.into()),
        Tie::Contract => Link::Contract(junk(CONTROLLER_TOKEN)),
    };
    let units = (line + party.spare + party.balance) as u64;
    world.account_with(account, |c| {
        c.outputs[0].creation_height = created;
        let value = floor.0.saturating_add_signed(party.erg);
        c.outputs[0].value = value.try_into().unwrap();
        c.set_register(0, R4, terms);
        c.set_register(0, R5, keys);
        c.set_register(0, R6, settings);
        c.set_register(0, R7, link.to_bytes());
        c.set_tokens(0, |all| {
            all.truncate(2);
            all.extend((units > 0).then_some((unit(world), units)));
        });
    })
}

/// The thief's own account: nothing of it was admitted, and it holds no unit.
fn forged_of(world: &World, pattern: &AccountBox, party: &Party) -> AccountBox {
    let made = account_of(world, pattern, party, &key(THIEF));
    world.account_with(&made, |c| {
        c.set_tokens(0, |all| {
            all.truncate(2);
            all[1].0 = junk(FORGED_NUMBER);
        });
        let mut terms = party.line;
        terms += 1_000_000;
        c.set_long(0, R4, 0, 0);
        c.set_long(0, R4, 1, terms);
        c.set_long(0, R4, 2, terms);
        c.set_register(0, R5, vec![prop(&key(THIEF))]);
    })
}

fn note_of(world: &World, accounts: &[AccountBox], plan: &Waiting) -> NoteBox {
    let made = world.height.0 + 1 - plan.age;
    let payee = accounts.get(plan.to);
    let mut candidate = crate::hand::note(world, &accounts[plan.from], payee, plan.units as u64);
    candidate.creation_height = made;
    let note = world.box_with(&existing(&candidate, 0), |c| {
        let mut rules = vec![i64::from(made).saturating_add(plan.life)];
        rules.extend(&plan.classes);
        if plan.paper {
            c.set_register(0, R4, prop(&key(PAPER)));
        }
        c.set_register(0, R6, rules);
    });
    NoteBox::parse(&world.lets, &note).unwrap()
}
