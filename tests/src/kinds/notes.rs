//! Payments by notes and what becomes of them, many payments at once, settlements, an owner's settings.

use super::Kind;
use crate::world::{World, key, prop};
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::R7;
use ergo_lib::wallet::secret_key::SecretKey;
use lets_protocol::{
    AccountBox, Amount, Blocks, CharterBox, Community, Height, Leg, MAX_NOTES_TAKEN, NoteBox,
    OwnerChange, Payee, Payment, Spender, absorb, claim, opening_balance, pay, refund, set_account,
    settle,
};

/// Members of the world of these kinds: enough for every batch.
const MEMBERS: u8 = 21;
/// The longest life that a payer gives his notes by default: 90 days.
const LIFE: Blocks = Blocks(64_800);
/// As long as a sealed memo of some words.
const MEMO: [u8; 116] = [9; 116];

struct Town {
    world: World,
    keys: Vec<SecretKey>,
    accounts: Vec<AccountBox>,
}

impl Town {
    fn new() -> Self {
        let mut world = World::new(40);
        let keys: Vec<SecretKey> = (0..MEMBERS).map(|n| key(100 + n)).collect();
        let accounts = keys.iter().map(|k| world.admit(k)).collect();
        Self {
            world,
            keys,
            accounts,
        }
    }

    /// The member's account, with enough ERG to spare for any batch.
    fn rich(&self, member: usize) -> AccountBox {
        self.world.account_with(&self.accounts[member], |case| {
            case.outputs[0].value = 6_000_000_000_u64.try_into().unwrap();
        })
    }

    fn expiry(&self) -> Height {
        self.world.height.plus(LIFE)
    }

    /// A note from one member to another, as the chain holds it.
    fn note(&self, from: usize, to: usize) -> NoteBox {
        let payer = self.rich(from);
        let payment = self.by_note(&self.accounts[to], 25);
        let spender = Spender::new(&payer);
        let made = pay(
            &self.world.lets,
            spender,
            vec![payment],
            self.world.params(),
        );
        made.unwrap().notes.remove(0)
    }

    /// So many notes from one member to another.
    fn notes(&self, from: usize, to: usize, count: usize) -> Vec<NoteBox> {
        let note = self.note(from, to);
        let again = |_| {
            let same = self.world.box_with(note.ergo_box(), |_| ());
            NoteBox::parse(&self.world.lets, &same).unwrap()
        };
        (0..count).map(again).collect()
    }

    fn by_note<'a>(&self, to: &'a AccountBox, units: i64) -> Payment<'a> {
        Payment {
            to: Payee::Note {
                to,
                expiry: self.expiry(),
            },
            amount: Amount::new(units).unwrap(),
            memo: MEMO.to_vec(),
        }
    }
}

fn with<'a>(account: &'a AccountBox, claims: &'a [NoteBox]) -> Spender<'a> {
    Spender {
        claims,
        ..Spender::new(account)
    }
}

pub(super) fn kinds() -> Vec<Kind> {
    let mut town = Town::new();
    let mut kinds = payments(&town);
    kinds.extend(claims(&town));
    kinds.extend(together(&town));
    kinds.extend(late(&mut town));
    kinds
}

fn payments(town: &Town) -> Vec<Kind> {
    let (world, params) = (&town.world, town.world.params());
    let (alice, payees) = (&town.keys[0], &town.accounts[1..]);
    let rich = town.rich(0);
    let spender = Spender::new(&rich);
    let case = |trade: lets_protocol::Trade| world.case(&trade.proposal, &[alice]);
    let note = vec![town.by_note(&payees[0], 200)];
    let noted: Vec<_> = payees.iter().map(|p| town.by_note(p, 200)).collect();
    let direct = |memo: &[u8]| -> Vec<Payment<'_>> {
        let one = |p| Payment {
            to: Payee::Direct(p),
            amount: Amount::new(200).unwrap(),
            memo: memo.to_vec(),
        };
        payees.iter().map(one).collect()
    };
    let bearer = vec![Payment {
        to: Payee::Bearer {
            claimant: prop(&key(250)),
            expiry: town.expiry(),
        },
        amount: Amount::new(500).unwrap(),
        memo: Vec::new(),
    }];
    let waiting = town.notes(1, 0, 3);
    let lets = &world.lets;
    let made = |name, trade: Result<_, lets_protocol::TradeError>| Kind {
        name,
        case: case(trade.unwrap()),
    };
    vec![
        made("pay by note", pay(lets, spender, note.clone(), params)),
        made(
            "pay, with a memo",
            pay(lets, spender, direct(&MEMO)[..1].to_vec(), params),
        ),
        made(
            "pay by note, and claim 3 notes",
            pay(lets, with(&rich, &waiting), note, params),
        ),
        made("pay 20 by notes", pay(lets, spender, noted, params)),
        made("pay 20 directly", pay(lets, spender, direct(&[]), params)),
        made(
            "pay 20 opening balances",
            opening_balance(
                lets,
                spender,
                &payees
                    .iter()
                    .map(|p| (p, Amount::new(200).unwrap()))
                    .collect::<Vec<_>>(),
                params,
            ),
        ),
        made(
            "pay a bearer (paper) note",
            pay(lets, spender, bearer, params),
        ),
        made(
            "set account",
            set_account(
                lets,
                spender,
                OwnerChange {
                    smallest_direct: Some(500),
                    key: Some(prop(&key(251))),
                    refuse_recovery: None,
                },
                params,
            ),
        ),
    ]
}

fn claims(town: &Town) -> Vec<Kind> {
    let (world, params) = (&town.world, town.world.params());
    let (bob, account) = (&town.keys[1], &town.accounts[1]);
    let mut kinds = Vec::new();
    for (count, name) in [
        (1, "claim 1 note"),
        (10, "claim 10 notes"),
        (50, "claim 50 notes"),
        (MAX_NOTES_TAKEN, "claim as many as one transaction takes"),
    ] {
        let notes = town.notes(0, 1, count);
        let trade = claim(&world.lets, with(account, &notes), params).unwrap();
        kinds.push(Kind {
            name,
            case: world.case(&trade.proposal, &[bob]),
        });
    }
    let secret = key(250);
    let rich = town.rich(0);
    let payment = Payment {
        to: Payee::Bearer {
            claimant: prop(&secret),
            expiry: town.expiry(),
        },
        amount: Amount::new(500).unwrap(),
        memo: Vec::new(),
    };
    let paper = pay(&world.lets, Spender::new(&rich), vec![payment], params)
        .unwrap()
        .notes;
    let trade = claim(&world.lets, with(account, &paper), params).unwrap();
    kinds.push(Kind {
        name: "redeem a bearer (paper) note",
        case: world.case(&trade.proposal, &[bob, &secret]),
    });
    kinds
}

fn together(town: &Town) -> Vec<Kind> {
    let (world, params) = (&town.world, town.world.params());
    let ring = |size: usize| {
        let leg = |n: usize| Leg {
            from: town.accounts[n].number(),
            to: town.accounts[(n + 1) % size].number(),
            amount: Amount::new(500 + 10 * i64::try_from(n).unwrap()).unwrap(),
        };
        let legs: Vec<Leg> = (0..size).map(leg).collect();
        let trade = settle(&world.lets, &town.accounts[..size], &legs, None, params).unwrap();
        let signers: Vec<_> = town.keys[..size].iter().collect();
        world.case(&trade.proposal, &signers)
    };
    vec![
        Kind {
            name: "settle a ring of 3",
            case: ring(3),
        },
        Kind {
            name: "settle a ring of 20",
            case: ring(20),
        },
    ]
}

/// Long after: notes that nobody claimed.
fn late(town: &mut Town) -> Vec<Kind> {
    let notes = town.notes(0, 1, 3);
    town.world.height = notes[0].expiry().plus(Blocks(1));
    let world = &town.world;
    let trade = refund(&world.lets, with(&town.accounts[0], &notes), world.params()).unwrap();
    let refund = Kind {
        name: "refund 3 notes",
        case: world.case(&trade.proposal, &[&town.keys[0]]),
    };
    town.world.height = notes[0].expiry().plus(NoteBox::MAX_LIFE);
    let world = &town.world;
    let charter: &CharterBox = &world.charter;
    let link: Vec<u8> =
        ergo_lib::ergotree_ir::chain::token::TokenId::from(world.lets.ids().charter_nft).into();
    let community = world.account_with(&town.accounts[2], |case| {
        case.set_register(0, R7, link.clone())
    });
    let of = Community {
        charter,
        account: &community,
        funding: None,
    };
    let trade = absorb(&world.lets, of, &notes, world.params()).unwrap();
    let absorb = Kind {
        name: "absorb 3 notes (2 of 3 sign)",
        case: world.case(&trade.proposal, &world.quorum()),
    };
    vec![refund, absorb]
}
