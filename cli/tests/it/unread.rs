//! Boxes that the program finds hard to read, or cannot: of whoever joins, and of strangers. They stop nobody.

use ergo_devnet::DevnetConfig;
use ergo_lib::chain::transaction::Transaction;
use ergo_lib::ergo_chain_types::blake2b256_hash;
use ergo_lib::ergotree_ir::chain::address::{Address, AddressEncoder};
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxTokens, ErgoBoxCandidate, NonMandatoryRegisters};
use ergo_lib::ergotree_ir::chain::token::{Token, TokenId};
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::cor::Cor;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::{SigmaBoolean, SigmaProp};
use lets_cli::manifest::Manifest;
use lets_cli::session::{Plan, Session, View};
use lets_protocol::{Amount, AtPot, Funding, Height, Join, Lets, Link, NanoErg, Settings};
use lets_wallet::{Backup, LocalSigner, Mnemonic, WordCount};
use serde_json::Value;

use crate::proxy::Proxy;
use crate::world::{Run, World};

/// A register that ergo-lib reads, and what nodes take in its place and ergo-lib does not: a collection made by an expression.
const READ: [u8; 32] = [0xA7; 32];
const ODD: &str = "8301050502";

pub(crate) fn lets_of(world: &World) -> Lets {
    Manifest::load(&world.home().join("lets.toml")).unwrap().1
}

pub(crate) fn session(world: &World) -> Session {
    let plan = Plan {
        path: world.folder.path().join("stranger.sqlite"),
        lets: Some((lets_of(world), "stranger".to_owned(), Height(1))),
        scripts: Vec::new(),
        out: lets_cli::output::Output::new(true),
    };
    Session::new(&[world.devnet.url()]).unwrap().with_plan(plan)
}

/// Somebody joins with a key of a hundred levels: more than the program once read.
fn join_deep(world: &World) {
    let lets = lets_of(world);
    let keys = Backup::new(Mnemonic::generate(WordCount::default()).unwrap());
    let keys = keys.keys().unwrap();
    let owner = SigmaProp::from(keys.first_public_key().clone());
    let deep = (0..100).fold(owner.value().clone(), |inner, _| {
        SigmaBoolean::from(Cor {
            items: vec![inner].try_into().unwrap(),
        })
    });
    let tree = Address::P2Pk(keys.first_public_key().clone());
    let tree = tree.script().unwrap();
    let funding = Funding {
        boxes: vec![world.devnet.fund(&tree, 60_000_000_000).unwrap()],
        change: tree,
    };
    let mut session = session(world);
    world.runtime.block_on(async {
        let ask = Join {
            key: SigmaProp::from(deep),
            units: Amount::new(1_000).unwrap(),
            backing: NanoErg(30_000_000_000),
            spare: NanoErg(10_000_000),
            smallest_direct: Settings::ANY_DIRECT,
            link: Link::None,
        };
        let oracle = session.oracle(&lets).await.unwrap();
        let at = AtPot {
            lets: &lets,
            pot: &session.open_pot(&lets, View::Pool).await.unwrap(),
            oracle: oracle.as_ref(),
            params: session.params(NanoErg::MIN_FEE).await.unwrap(),
        };
        let (proposal, ..) = lets_protocol::join(at, ask, &funding).unwrap();
        let signer = LocalSigner::new([&keys]).unwrap();
        session.send(&proposal, &signer).await.unwrap();
    });
    world.mine();
}

fn all_works_beside_a_deep_key(config: DevnetConfig) {
    let world = World::with(config);
    let oracle = world.found_open("lets1", &[]);
    world.join("alice", "60", &["--line", "20"]);
    world.join("bob", "60", &["--line", "5"]);
    world.mine();
    join_deep(&world);
    world.pay("alice", "bob", "20.00", &[]);
    world.mine();
    assert_eq!(world.balance("alice"), "-20.00");
    let members = world.data(["members"]);
    assert_eq!(
        members["accounts"].as_array().unwrap().len(),
        3,
        "{members}"
    );
    oracle.say("1.5");
    assert_eq!(
        world.data(["health"])["accounts"].as_array().unwrap().len(),
        3
    );
    let done = world.data(["liquidate", "--key", "bob", "--yes", "--no-wait"]);
    assert_eq!(done["done"][0]["what"], "called");
    world.mine();
    for command in ["sync", "verify", "audit", "members"] {
        let run = world.lets([command]).ok();
        assert!(!run.stderr.contains("cannot be read"), "{run:?}");
    }
}

#[test]
fn account_with_a_deep_key_is_one_of_all() {
    all_works_beside_a_deep_key(DevnetConfig::default());
}

#[test]
fn account_with_a_deep_key_is_one_of_all_without_index() {
    all_works_beside_a_deep_key(DevnetConfig {
        index: false,
        ..DevnetConfig::default()
    });
}

/// A transaction as a node writes it that makes an account of this LETS and a box of alice's wallet, each with a register that
/// ergo-lib does not read; and the ids of the two. No block of a devnet, which is ergo-lib's, can hold it.
fn odd(world: &World) -> (Value, [String; 2]) {
    let lets = lets_of(world);
    let wallet = world.data(["key", "show", "alice"]);
    let wallet = wallet["address"].as_str().unwrap().to_owned();
    let wallet = AddressEncoder::unchecked_parse_address_from_str(&wallet);
    let token = |token_id: TokenId| Token {
        token_id,
        amount: 1.try_into().unwrap(),
    };
    let made = |tree, tokens: Vec<Token>| ErgoBoxCandidate {
        value: 1_000_000_u64.try_into().unwrap(),
        ergo_tree: tree,
        tokens: BoxTokens::from_vec(tokens).ok(),
        additional_registers: NonMandatoryRegisters::try_from(vec![Constant::from(READ.to_vec())])
            .unwrap(),
        creation_height: 1,
    };
    let number = TokenId::from(ergo_lib::ergo_chain_types::Digest([0xA1; 32]));
    let account = lets.contracts().account.tree().clone();
    let outputs = vec![
        made(
            account,
            vec![token(lets.ids().membership.into()), token(number)],
        ),
        made(wallet.unwrap().script().unwrap(), Vec::new()),
    ];
    let headers = world.runtime.block_on(world.client().last_headers(1));
    let block = world
        .runtime
        .block_on(world.client().transaction_texts(&headers.unwrap()[0].id));
    let any = block.unwrap().unwrap()[0].read().unwrap();
    let tx = Transaction::new_from_vec(vec![any.inputs.first().clone()], vec![], outputs).unwrap();
    let read = hex::encode(
        Constant::from(READ.to_vec())
            .sigma_serialize_bytes()
            .unwrap(),
    );
    let id_of = |text: &str| hex::encode(blake2b256_hash(&hex::decode(text).unwrap()).0);
    let signed = hex::encode(tx.bytes_to_sign().unwrap()).replace(&read, ODD);
    let (old, id) = (String::from(tx.id()), id_of(&signed));
    let mut json = serde_json::to_string(&tx).unwrap();
    let ids = [0, 1].map(|at: usize| {
        let made = &tx.outputs.as_slice()[at];
        let bytes = hex::encode(made.sigma_serialize_bytes().unwrap());
        let id = id_of(&bytes.replace(&read, ODD).replace(&old, &id));
        json = json.replace(&made.box_id().to_string(), &id);
        id
    });
    let json = json.replace(&read, ODD).replace(&old, &id);
    (serde_json::from_str(&json).unwrap(), ids)
}

fn warned(run: &Run, id: &str) {
    let warnings = run
        .stderr
        .matches(&format!("warning: box {id} cannot be read"))
        .count();
    assert_eq!(warnings, 1, "{run:?}");
}

#[test]
fn box_that_cannot_be_read_is_left_out_with_a_warning() {
    let world = World::village();
    let (tx, [account, sent]) = odd(&world);
    let listed = |at: usize| {
        let mut listed = tx["outputs"][at].clone();
        (listed["inclusionHeight"], listed["globalIndex"]) = (20.into(), 9_999.into());
        listed
    };
    let (odd_account, odd_sent) = (listed(0), listed(1));
    let membership = lets_of(&world).ids().membership.to_string();
    let pot = lets_of(&world).ids().pot_nft.to_string();
    let add = |pot_too: bool| {
        let (membership, pot) = (membership.clone(), pot.clone());
        let (odd_account, odd_sent) = (odd_account.clone(), odd_sent.clone());
        move |at: &str, answer: &mut Value| {
            let Value::Array(list) = answer else { return };
            if !at.contains("/box/unspent/") || !at.contains("offset=0&") {
                return;
            }
            if pot_too {
                list.retain(|listed| !listed["assets"].to_string().contains(&pot));
            }
            match at {
                at if at.contains("byErgoTree") => list.push(odd_sent.clone()),
                at if at.contains(&membership) => list.push(odd_account.clone()),
                at if at.contains(&pot) && pot_too => *list = vec![odd_account.clone()],
                _ => {}
            }
        }
    };
    let proxy = Proxy::editing(&world.runtime, world.devnet.url(), add(false));
    warned(&world.lets_at(&proxy.url, ["members"]).ok(), &account);
    world.lets_at(&proxy.url, ["balance", "alice"]).ok();
    let args = ["pay", "bob", "1.00", "--key", "alice", "--yes", "--no-wait"];
    world.lets_at(&proxy.url, args).ok();
    world.mine();
    assert_eq!(world.balance("bob"), "+1.00");
    world.key("dave");
    world.fund("dave", "5");
    let args = ["apply", "--key", "dave", "--yes", "--no-wait"];
    warned(&world.lets_at(&proxy.url, args).ok(), &sent);
    let run = world.lets_at(&proxy.url, ["verify"]);
    assert!(
        run.code == Some(1) && run.stderr.contains(&account),
        "{run:?}"
    );
    // What must be there is told by its name.
    let proxy = Proxy::editing(&world.runtime, world.devnet.url(), add(true));
    world.refused_at(
        &proxy.url,
        "unreadable",
        &["the pot cannot be read", &account, "register R4"],
        ["members"],
    );
}

#[test]
fn transaction_that_cannot_be_read_in_full_is_followed_and_named() {
    let world = World::with(DevnetConfig {
        index: false,
        ..DevnetConfig::default()
    });
    let world = world.settled();
    let (tx, [account, _]) = odd(&world);
    let id = tx["id"].as_str().unwrap().to_owned();
    let header = world.runtime.block_on(world.client().last_headers(1));
    let block = format!("/blocks/{}/transactions", header.unwrap()[0].id);
    let proxy = Proxy::editing(
        &world.runtime,
        world.devnet.url(),
        move |at: &str, answer: &mut Value| {
            if at == block {
                let all = answer["transactions"].as_array_mut().unwrap();
                all.push(tx.clone());
            }
        },
    );
    let home = world.folder.path().join("other");
    let manifest = world.home().join("lets.toml");
    let join = ["join", manifest.to_str().unwrap(), "--no-account"];
    world.lets_in(&home, join).ok();
    let run = |args: &[&str]| world.run(&proxy.url, &home, args.iter().copied(), None);
    for command in [&["sync", "--rebuild"][..], &["members"]] {
        warned(&run(command).ok(), &account);
    }
    let audit = run(&["audit"]);
    assert_eq!(audit.code, Some(1), "{audit:?}");
    let said = format!("{}{}", audit.stdout, audit.stderr);
    assert!(
        said.contains(&id) && said.contains("cannot be judged"),
        "{said}"
    );
}
