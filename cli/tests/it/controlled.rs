//! Accounts that have no key of their own: a contract's box controls one, another follows the key in a box. Both boxes are older
//! than the LETS by more than the week before its founding in which wallets are looked for.

use ergo_devnet::DevnetConfig;
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::mir::constant::{Constant, TryExtractInto};
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::{SigmaBoolean, SigmaProp};
use lets_cli::session::View;
use lets_protocol::{AccountBox, Applicant, Blocks, Funding, Link, NanoErg, apply};
use lets_wallet::{Backup, LocalSigner, Mnemonic, WordCount};
use serde_json::Value;

use crate::forged::Forged;
use crate::proxy::{Mode, Proxy};
use crate::unread::{lets_of, session};
use crate::world::World;

/// The script that everybody passes.
fn anybody() -> ErgoTree {
    ErgoTree::sigma_parse_bytes(&[0x00, 0x08, 0xd3]).unwrap()
}

/// A box that anybody can spend with a token of its own first. Whoever follows it needs no signature.
fn contract(world: &World) -> ErgoBox {
    let coins = world.devnet.fund(&anybody(), 5_000_000_000).unwrap();
    let key = SigmaProp::from(SigmaBoolean::TrivialProp(true));
    let minted = Forged::new(&[&coins], &[])
        .tokens(0, TokenId::from(coins.box_id()), 1)
        .with(0, |all| *all = vec![Constant::from(key)]);
    sent(world, minted, 0).remove(0)
}

fn token(ergo_box: &ErgoBox) -> TokenId {
    ergo_box.tokens.as_ref().unwrap().first().token_id
}

/// The outputs of a transaction that pays its fee out of this one, in a block by the rules.
fn sent(world: &World, forged: Forged, payer: usize) -> Vec<ErgoBox> {
    let forged = forged.fee(payer, NanoErg::MIN_FEE.0);
    let tx = forged.tx(world.devnet.height());
    world.devnet.submit(tx.clone()).unwrap();
    world.mine();
    tx.outputs.to_vec()
}

/// Opens an account with this link under a name, and with more ERG than it must have.
fn open(world: &World, name: &str, link: Link) {
    let lets = lets_of(world);
    let keys = Backup::new(Mnemonic::generate(WordCount::default()).unwrap());
    let keys = keys.keys().unwrap();
    let owner = SigmaProp::from(keys.first_public_key().clone());
    let change = ErgoTree::sigma_parse_bytes(&owner.prop_bytes().unwrap()).unwrap();
    let funding = Funding {
        boxes: vec![world.devnet.fund(&change, 6_000_000_000).unwrap()],
        change,
    };
    let applicant = Applicant {
        link,
        ..Applicant::member(owner)
    };
    let mut session = session(world);
    world.runtime.block_on(async {
        let charter = session.charter(&lets, View::Pool).await.unwrap();
        let params = session.params(NanoErg::MIN_FEE).await.unwrap();
        let (value, expiry) = (NanoErg(5_000_000_000), params.height.plus(Blocks(1_000)));
        let applied = apply(&lets, &charter, applicant, value, expiry, &funding, params);
        let signer = LocalSigner::new([&keys]).unwrap();
        session.send(&applied.unwrap().0, &signer).await.unwrap();
    });
    let committee = ["--committee-key", "c1", "--committee-key", "c3"];
    world.act(
        ["admit", "all", "--name", name]
            .into_iter()
            .chain(committee),
    );
    world.mine();
}

fn account(world: &World, name: &str) -> AccountBox {
    let number = world.account(name)["number"].as_str().unwrap().to_owned();
    let (session, lets) = (session(world), lets_of(world));
    let accounts = session.accounts(&lets, View::Chain);
    let mut accounts = world.runtime.block_on(accounts).unwrap().into_iter();
    let found = accounts.find(|a| a.it.number().to_string() == number);
    found.unwrap().it
}

/// 0.50 of what the account owns goes to carol. `first` stands before it, or is read.
fn pays(world: &World, name: &str, first: Option<&ErgoBox>, read: &[&ErgoBox]) -> Forged {
    let (payer, payee) = (account(world, name), account(world, "carol"));
    let unit = lets_of(world).ids().unit.into();
    let mut inputs: Vec<&ErgoBox> = first.into_iter().collect();
    let at = inputs.len();
    inputs.extend([payer.ergo_box(), payee.ergo_box()]);
    Forged::new(&inputs, read)
        .tokens(at, unit, -50)
        .tokens(at + 1, unit, 50)
        .with(at, |all| {
            // In debt since: it is not.
            let mut settings: Vec<i64> = all[2].clone().try_extract_into().unwrap();
            settings[3] = settings[1];
            all[2] = settings.into();
        })
}

fn accounts_of_contracts_are_told(config: DevnetConfig) {
    let world = World::with(config);
    let (controller, followed) = (contract(&world), contract(&world));
    let old = world.devnet.height();
    world.devnet.mine(5_200).unwrap();
    let world = world.settled();
    open(&world, "union", Link::Contract(token(&controller)));
    open(&world, "heirs", Link::FollowsBox(token(&followed)));

    // Nobody claims notes for a contract: it is paid directly, also where others would get a note.
    for payer in ["alice", "bob"] {
        let paid = world.pay(payer, "union", "1.00", &[]);
        assert_eq!(paid["by"], "direct", "{paid}");
    }
    world.pay("carol", "heirs", "2.00", &[]);
    world.mine();
    // The box of before the LETS, and the one that this transaction made of it.
    let made = sent(&world, pays(&world, "union", Some(&controller), &[]), 0);
    let made = sent(&world, pays(&world, "union", Some(&made[0]), &[]), 0);
    // One that a transaction without any box of the LETS made.
    let made = sent(&world, Forged::new(&[&made[0]], &[]), 0);
    sent(&world, pays(&world, "union", Some(&made[0]), &[]), 0);
    for _ in 0..3 {
        sent(&world, pays(&world, "heirs", None, &[&followed]), 0);
    }
    let moved = sent(&world, Forged::new(&[&followed], &[]), 0);
    sent(&world, pays(&world, "heirs", None, &[&moved[0]]), 0);

    // Another box in the contract's place is as good as none.
    let other = contract(&world);
    let stolen = pays(&world, "union", Some(&other), &[]).tx(world.devnet.height());
    let culprit = format!(
        "transaction {}: the script of the account",
        String::from(stolen.id())
    );
    world.devnet.mine_unjudged(&[stolen]).unwrap();
    let proxy = Proxy::new(&world.runtime, world.devnet.url(), Mode::Pass);
    let audit = world.lets_at(&proxy.url, ["audit"]);
    // Five found it, five are admitted, three are paid, seven payments are theirs, and one is stolen. Of the others none is a fault.
    let (told, error) = audit.stderr.split_once("error: ").unwrap();
    assert!(told.contains("21 transactions judged again"), "{audit:?}");
    let faults: Vec<&str> = error.lines().filter(|l| l.starts_with("  ")).collect();
    assert!(
        faults.len() == 1 && faults[0].contains(&culprit),
        "{audit:?}"
    );
    // Each old box is looked for once, however often it is read.
    let block = world.runtime.block_on(world.client().header_ids_at(old));
    let block = format!("/blocks/{}/transactions", block.unwrap()[0]);
    let asked = proxy.requests().into_iter().filter(|r| r.contains(&block));
    assert!(asked.count() <= 2);
    world.devnet.rollback(1).unwrap();

    world.lets(["sync"]).ok();
    for (name, balance, paid) in [("union", "+0.50", 3), ("heirs", "0.00", 4)] {
        assert_eq!(world.balance(name), balance);
        let history = world.data(["history", name]);
        let lines = history["accounts"][0]["lines"].as_array().unwrap();
        assert_eq!(lines.last().unwrap()["balance"], balance);
        let by_it = lines.iter().filter(|l| l["kind"] == "paid");
        let by_it: Vec<&Value> = by_it.collect();
        let to_carol = |l: &&Value| l["payee"] == "carol" && l["amount"] == "0.50";
        assert!(
            by_it.len() == paid && by_it.iter().all(to_carol),
            "{lines:?}"
        );
    }
}

#[test]
fn accounts_of_contracts_older_than_the_lets_are_told() {
    accounts_of_contracts_are_told(DevnetConfig::default());
}

#[test]
fn accounts_of_contracts_older_than_the_lets_are_told_without_index() {
    accounts_of_contracts_are_told(DevnetConfig {
        index: false,
        ..DevnetConfig::default()
    });
}
