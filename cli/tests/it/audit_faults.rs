//! The audit against a chain of dishonest miners: each fault is planted alone on the same honest village, found with its
//! culprit, and taken back.

use crate::forged::Forged;
use crate::world::{COMMITTEE, MEMBERS, World};
use ergo_lib::ergotree_ir::chain::address::AddressEncoder;
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::mir::constant::{Constant, TryExtractInto};
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use lets_cli::manifest::Manifest;
use lets_cli::session::{Session, View};
use lets_protocol::{AccountBox, Lets};

const OLD: [&str; 4] = ["--committee-key", "c1", "--committee-key", "c3"];

/// The boxes of the village.
pub(crate) struct Stage {
    pub(crate) lets: Lets,
    charter: ErgoBox,
    pot: ErgoBox,
    alice: AccountBox,
    pub(crate) bob: AccountBox,
    carol: AccountBox,
    note: ErgoBox,
    application: ErgoBox,
    wallet: ErgoBox,
}

/// Alice is suspended at -2.50 and holds 1.00 in units, bob is at his cap of +1.00, carol has a note of 1.50 to claim and a
/// recovery pending, dave has applied, and other rules are announced. Members and credit are at the charter's rates.
pub(crate) fn village() -> World {
    let world = World::new();
    for key in COMMITTEE.into_iter().chain(MEMBERS).chain(["dave"]) {
        world.key(key);
    }
    world.fund("c1", "30");
    let rates = [
        "--admissions-per-period",
        "3",
        "--units-per-period",
        "700",
        "--no-wait",
    ];
    world
        .lets(World::found_args("Village").into_iter().chain(rates))
        .ok();
    world.mine();
    for name in MEMBERS {
        world.fund(name, "5");
        world.act(["apply", "--key", name]);
        world.act(["admit", "all", "--name", name].into_iter().chain(OLD));
    }
    world.mine();
    world.fund("dave", "5");
    world.act(["apply", "--key", "dave"]);
    world.pay("alice", "bob", "2.00", &[]);
    world.pay("alice", "carol", "1.50", &["--note"]);
    world.mine();
    world.terms("alice", &["--suspend"]);
    world.pay("bob", "alice", "1.00", &[]);
    world.mine();
    world.terms("bob", &["--cap", "1"]);
    let heir = world.data(["key", "show", "alice"]);
    let heir = heir["public_key"].as_str().unwrap();
    world.act(
        ["committee", "recover", "carol", "--heir", heir]
            .into_iter()
            .chain(OLD),
    );
    world.mine();
    let announce = ["committee", "announce", "--bound", "max-line=1500"];
    world.act(announce.into_iter().chain(OLD));
    world.mine();
    world
}

pub(crate) fn stage(world: &World) -> Stage {
    let (_, lets) = Manifest::load(&world.home().join("lets.toml")).unwrap();
    let numbers = MEMBERS.map(|who| world.account(who)["number"].as_str().unwrap().to_owned());
    let payer = world.data(["key", "show", "c1"]);
    let payer = payer["address"].as_str().unwrap();
    let payer = AddressEncoder::unchecked_parse_address_from_str(payer).unwrap();
    let payer = payer.script().unwrap();
    let session = Session::new(&[world.devnet.url()]).unwrap();
    world.runtime.block_on(async {
        let accounts = session.accounts(&lets, View::Chain).await.unwrap();
        let of = |number: &str| {
            let mut accounts = accounts.iter();
            let found = accounts.find(|a| a.it.number().to_string() == number);
            found.unwrap().it.clone()
        };
        let charter = session.charter(&lets, View::Chain).await.unwrap();
        let pot = session.pot(&lets, View::Chain).await.unwrap();
        let notes = session.notes(&lets, View::Chain).await.unwrap();
        let applications = session.applications(&lets).await.unwrap();
        let wallet = session.boxes_at(&payer, View::Chain).await.unwrap();
        Stage {
            charter: charter.ergo_box().clone(),
            pot: pot.ergo_box().clone(),
            alice: of(&numbers[0]),
            bob: of(&numbers[1]),
            carol: of(&numbers[2]),
            note: notes[0].it.ergo_box().clone(),
            application: applications[0].it.ergo_box().clone(),
            wallet: wallet[0].it.clone(),
            lets: lets.clone(),
        }
    })
}

impl Stage {
    fn membership(&self) -> TokenId {
        self.lets.ids().membership.into()
    }

    fn unit(&self) -> TokenId {
        self.lets.ids().unit.into()
    }

    /// Units that move between two outputs.
    fn moved(&self, forged: Forged, from: usize, to: usize, units: i64) -> Forged {
        forged
            .tokens(from, self.unit(), -units)
            .tokens(to, self.unit(), units)
    }

    /// Another line for a member at 0 or above, as the pot gives it.
    fn granted(&self, account: &AccountBox, more: i64) -> Forged {
        let forged = Forged::new(&[&self.pot, account.ergo_box()], &[&self.charter])
            .add(0, 4, 2, more)
            .add(1, 4, 0, more)
            .add(1, 4, 1, more);
        self.moved(forged, 0, 1, more)
    }

    /// Dave's admission with no credit, as the pot gives it; at the rate's end.
    fn admitted(&self) -> Forged {
        let applicant: SigmaProp = self.registers(&self.application)[0]
            .clone()
            .try_extract_into()
            .unwrap();
        let settings: Vec<i64> = vec![1, 0, 0, 0];
        Forged::new(&[&self.pot, &self.application], &[&self.charter])
            .add(0, 4, 1, 1)
            .tokens(0, self.membership(), -1)
            .script(1, self.lets.contracts().account.tree())
            .tokens(1, self.membership(), 1)
            .tokens(1, TokenId::from(self.pot.box_id()), 1)
            .with(1, |all| {
                let mut terms = self.bob.terms().clone();
                (terms.issued, terms.line) = Default::default();
                *all = vec![
                    terms.to_longs().into(),
                    vec![applicant].into(),
                    settings.into(),
                    Vec::<u8>::new().into(),
                ];
            })
    }

    fn registers(&self, ergo_box: &ErgoBox) -> Vec<Constant> {
        Forged::new(&[ergo_box], &[]).registers(0)
    }

    /// An account closed, with a balance or without.
    fn closed(&self, account: &AccountBox, read: &[&ErgoBox]) -> Forged {
        let owner = account.owner().prop_bytes().unwrap();
        let owner = ErgoTree::sigma_parse_bytes(&owner).unwrap();
        let mut forged = Forged::new(&[&self.pot, account.ergo_box()], read)
            .tokens(0, self.membership(), 1)
            .tokens(0, self.unit(), account.units())
            .script(1, &owner)
            .with(1, Vec::clear);
        forged.outputs[1].tokens = None;
        forged
    }
}

#[test]
fn audit_finds_each_fault_planted_on_the_chain() {
    let world = village();
    let s = stage(&world);
    let honest = world.data(["audit"]);
    let warnings = honest["warnings"].to_string();
    for told in ["announced", "recovery is pending", "past its line"] {
        assert!(warnings.contains(told), "{told}: {warnings}");
    }
    let history = honest["checks"].to_string();
    assert!(history.contains("transactions judged again"), "{history}");

    let (alice, bob, carol) = (s.alice.ergo_box(), s.bob.ergo_box(), s.carol.ergo_box());
    let (membership, unit) = (s.membership(), s.unit());
    let wallet_tree = &s.wallet.ergo_tree;
    let charter_nft: TokenId = s.lets.ids().charter_nft.into();
    let pot_nft: TokenId = s.lets.ids().pot_nft.into();
    let alone = |b: &ErgoBox| Forged::new(&[b], &[]);
    let charter = &s.charter;
    let faults: Vec<(&str, Forged, Vec<&str>)> = vec![
        (
            "an account with chosen registers",
            alone(bob).add(0, 4, 1, 1_000_000),
            vec!["account", "its terms changed without the pot"],
        ),
        (
            "a lowered issued register",
            alone(bob).add(0, 4, 0, -100),
            vec!["account", "its terms changed without the pot"],
        ),
        (
            "an account that the pot never admitted",
            Forged::new(&[&s.wallet, &s.pot], &[])
                .copy(bob)
                .tokens(1, membership, -1)
                .tokens(2, membership, 1)
                .tokens(2, TokenId::from(s.wallet.box_id()), 1),
            vec!["a forged account", "the script of the pot"],
        ),
        (
            "two boxes of one account",
            alone(bob)
                .copy(bob)
                .tokens(1, membership, 1)
                .tokens(1, s.bob.number().token_id(), 1),
            vec![
                "a forged account",
                "2 membership tokens out of 1",
                "another unspent box",
            ],
        ),
        (
            "another committee at once",
            alone(charter).with(0, |all| all[0] = s.alice.owner().clone().into()),
            vec!["the script of the charter", "changed unannounced"],
        ),
        (
            "a second charter",
            Forged::new(&[charter, &s.wallet], &[])
                .copy(charter)
                .tokens(2, charter_nft, 1),
            vec!["2 charter NFT out of 1", "charter: the node shows 2"],
        ),
        (
            "a second pot",
            Forged::new(&[&s.wallet, &s.pot], &[])
                .copy(&s.pot)
                .tokens(2, pot_nft, 1)
                .tokens(1, membership, -1)
                .tokens(2, membership, 1)
                .tokens(1, unit, -1)
                .tokens(2, unit, 1),
            vec!["2 pot NFT out of 1", "pot: the node shows 2"],
        ),
        (
            "the charter's NFT in a wallet",
            alone(charter).script(0, wallet_tree),
            vec!["charter NFT into box", "charter: the node shows 0"],
        ),
        (
            "announced rules enacted before their delay",
            alone(charter).with(0, |all| {
                let change: Vec<i64> = all[5].clone().try_extract_into().unwrap();
                (all[0], all[1]) = (all[4].clone(), change[1..].to_vec().into());
                all.truncate(4);
            }),
            vec!["the script of the charter", "height"],
        ),
        (
            "announced rules withdrawn without the committee",
            alone(charter).with(0, |all| all.truncate(4)),
            vec!["signatures that the charter"],
        ),
        (
            "terms set without the committee",
            s.granted(&s.bob, 0),
            vec!["signatures that the pot"],
        ),
        (
            "a line outside the bounds",
            s.granted(&s.bob, 90_000),
            vec!["the script of the pot", "outside the charter's bound"],
        ),
        (
            "units issued past the rate",
            s.granted(&s.bob, 20_000),
            vec!["the script of the pot", "more units issued"],
        ),
        (
            "a member admitted past the rate",
            s.admitted(),
            vec!["the script of the pot", "more members admitted"],
        ),
        (
            "two membership tokens for one admission",
            s.admitted()
                .copy(&s.wallet)
                .tokens(0, membership, -1)
                .tokens(2, membership, 1),
            vec![
                "the script of the pot",
                "no admission",
                "membership tokens into box",
            ],
        ),
        (
            "a balance changed by set terms",
            s.granted(&s.bob, 0).add(1, 4, 0, -100),
            vec!["a balance changed"],
        ),
        (
            "a pot with another script",
            s.granted(&s.bob, 0).script(0, wallet_tree),
            vec![
                "the pot did something",
                "it has no successor",
                "pot: the node shows 0",
            ],
        ),
        (
            "an account with another script",
            alone(bob).script(0, wallet_tree),
            vec![
                "the account has no successor",
                "which is no box of this LETS",
            ],
        ),
        (
            "a membership token that leaves",
            alone(bob)
                .copy(&s.wallet)
                .tokens(0, membership, -1)
                .tokens(1, membership, 1),
            vec!["membership tokens into box", "the account has no successor"],
        ),
        (
            "units burnt",
            alone(bob).tokens(0, unit, -100),
            vec!["the others are gone", "the script of the account"],
        ),
        (
            "units from nothing",
            alone(bob).tokens(0, unit, 100),
            vec!["from nothing", "credit units out of"],
        ),
        (
            "a recovery completed before its delay",
            Forged::new(&[&s.pot, carol], &[charter]).with(1, |all| {
                let mut settings: Vec<i64> = all[2].clone().try_extract_into().unwrap();
                settings.truncate(4);
                all[1] = vec![s.carol.heir().unwrap().clone()].into();
                all[2] = settings.into();
            }),
            vec!["the script of the pot", "recovery", "refuse"],
        ),
        (
            "an expulsion with a balance",
            s.closed(&s.bob, &[charter]),
            vec!["the script of the pot", "closed at 0 only"],
        ),
        (
            "an exit with a debt",
            s.closed(&s.alice, &[]),
            vec!["the script of the pot", "closed at 0 only"],
        ),
        (
            "a payment past the line",
            s.moved(Forged::new(&[alice, carol], &[]), 0, 1, 50),
            vec!["it goes past its credit line"],
        ),
        (
            "a payment above the cap",
            s.moved(Forged::new(&[carol, bob], &[]), 0, 1, 50),
            vec!["it goes above its cap"],
        ),
        (
            "a payment without a signature",
            s.moved(Forged::new(&[bob, alice], &[]), 0, 1, 50)
                .with(0, |all| {
                    let mut settings: Vec<i64> = all[2].clone().try_extract_into().unwrap();
                    settings[3] = settings[1];
                    all[2] = settings.into();
                }),
            vec!["signatures that the account"],
        ),
        (
            "a note that nobody can claim",
            alone(bob)
                .copy(&s.note)
                .tokens(0, unit, -50)
                .tokens(1, unit, 50)
                .with(1, |all| all[1] = vec![7u8; 3].into()),
            vec!["it made a box that does not fit", "parties (R5)"],
        ),
        (
            "a note claimed by another",
            {
                let mut forged = Forged::new(&[bob, &s.note], &[]).tokens(0, unit, 150);
                forged.outputs.pop();
                forged
            },
            vec!["the script of the note", "the note is for account"],
        ),
        (
            "a charter read that is no charter",
            {
                let mut forged = s.granted(&s.bob, 90_000);
                forged.read = vec![s.wallet.clone()];
                forged
            },
            vec!["the script of the pot"],
        ),
    ];
    let mut missed = Vec::new();
    for (what, forged, mut says) in faults {
        let tx = forged.tx(world.devnet.height());
        world
            .devnet
            .mine_unjudged(std::slice::from_ref(&tx))
            .unwrap();
        let run = world.lets(["audit"]);
        let culprit = format!("transaction {}: ", String::from(tx.id()));
        says.extend(["error: ", &culprit]);
        let found = says.iter().all(|word| run.stderr.contains(word));
        if run.code != Some(1) || !run.stdout.is_empty() || !found {
            missed.push(format!("{what}: {says:?} not in {run:?}"));
        }
        let back = world.devnet.rollback(1).unwrap();
        assert!(back.pooled.is_empty(), "{what}: that is no fault");
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    assert_eq!(world.data(["audit"])["checks"], honest["checks"]);

    // What is allowed is no fault: after four years anybody may collect rent.
    world.devnet.mine(1_051_200).unwrap();
    let rent = alone(bob).rent(world.devnet.height() + 1);
    world.devnet.submit(rent.clone()).unwrap();
    world.mine();
    let warnings = world.data(["audit"])["warnings"].to_string();
    assert!(warnings.contains("taken as storage rent"), "{warnings}");
    assert!(warnings.contains(&String::from(rent.id())), "{warnings}");
}
