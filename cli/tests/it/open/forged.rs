//! Open pots that are not what they should be: forged manifests, and a chain of dishonest miners.

use ergo_devnet::DevnetConfig;
use ergo_lib::ergotree_ir::chain::address::{Address, NetworkPrefix};
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::chain::token::TokenId;
use lets_cli::manifest::{Manifest, Network, Supply};
use lets_cli::session::{Session, View};
use lets_contracts::OracleNft;
use lets_protocol::{
    AccountBox, Amount, Blocks, Currency, Identity, Kind, Lets, NanoErg, OpenFound, OpenFounding,
    OracleLimits, Policy, Terms,
};
use lets_wallet::{Backup, KeyIndex, LocalSigner, Mnemonic, WordCount};

use crate::forged::Forged;
use crate::steps::column;
use crate::world::World;

struct Stage {
    lets: Lets,
    pot: ErgoBox,
    oracle: ErgoBox,
    alice: AccountBox,
    bob: AccountBox,
}

/// Alice owes her line of 20.00 to bob, and was called a moment ago.
fn called(config: DevnetConfig) -> (World, Stage) {
    let world = World::with(config);
    let oracle = world.found_open("lets1", &[]);
    world.join("alice", "50", &["--line", "20"]);
    world.join("bob", "50", &["--line", "5"]);
    world.mine();
    world.pay("alice", "bob", "20.00", &[]);
    world.mine();
    oracle.say("1.5");
    world.act(["liquidate", "--key", "bob"]);
    world.mine();
    let stage = stage(&world);
    (world, stage)
}

fn stage(world: &World) -> Stage {
    let (_, lets) = Manifest::load(&world.home().join("lets.toml")).unwrap();
    let numbers = ["alice", "bob"].map(|who| world.account(who)["number"].clone());
    let home = lets_cli::session::Plan {
        path: world.folder.path().join("stage.sqlite"),
        lets: Some((lets.clone(), "stage".to_owned(), lets_protocol::Height(1))),
        scripts: Vec::new(),
        out: lets_cli::output::Output::new(true),
    };
    let session = Session::new(&[world.devnet.url()]).unwrap().with_plan(home);
    world.runtime.block_on(async {
        let accounts = session.accounts(&lets, View::Chain).await.unwrap();
        let of = |at: usize| {
            let mut accounts = accounts.iter();
            let found = accounts.find(|a| a.it.number().to_string() == numbers[at]);
            found.unwrap().it.clone()
        };
        Stage {
            pot: session
                .pot(&lets, View::Chain)
                .await
                .unwrap()
                .ergo_box()
                .clone(),
            oracle: session
                .oracle(&lets)
                .await
                .unwrap()
                .unwrap()
                .ergo_box()
                .clone(),
            alice: of(0),
            bob: of(1),
            lets: lets.clone(),
        }
    })
}

impl Stage {
    fn unit(&self) -> TokenId {
        self.lets.ids().unit.into()
    }

    fn moved(&self, forged: Forged, from: usize, to: usize, units: i64) -> Forged {
        forged
            .tokens(from, self.unit(), -units)
            .tokens(to, self.unit(), units)
    }

    /// On pot, an account, and the oracle.
    fn step(&self, account: &AccountBox) -> Forged {
        Forged::new(&[&self.pot, account.ergo_box()], &[&self.oracle])
    }

    fn faults(&self) -> Vec<(&'static str, Forged, Vec<&'static str>)> {
        let (alice, bob) = (&self.alice, &self.bob);
        let mut taken = Forged::new(
            &[&self.pot, alice.ergo_box(), bob.ergo_box()],
            &[&self.oracle],
        );
        taken = self.moved(taken, 2, 1, 2_000);
        taken.outputs[1].value = (*taken.outputs[1].value.as_u64() - 30_000_000_000)
            .try_into()
            .unwrap();
        vec![
            (
                "a policy that gives more",
                Forged::new(&[&self.pot], &[]).add(0, 5, 2, 1_000_000),
                vec![
                    "the script of the open pot",
                    "its policy or its treasury changed",
                ],
            ),
            (
                "another treasury",
                Forged::new(&[&self.pot], &[]).with(0, |all| all[2] = alice.owner().clone().into()),
                vec![
                    "the script of the open pot",
                    "its policy or its treasury changed",
                ],
            ),
            (
                "a line without collateral",
                self.moved(
                    self.step(bob).add(1, 4, 0, 5_000).add(1, 4, 1, 5_000),
                    0,
                    1,
                    5_000,
                ),
                vec!["the script of the open pot", "ERG covers"],
            ),
            (
                "units out of the pot into an account",
                self.moved(self.step(bob), 0, 1, 100),
                vec!["the script of the open pot", "ERG covers"],
            ),
            (
                "a call that is lifted by nobody",
                self.step(alice).with(1, |all| {
                    let mut terms = alice.terms().clone();
                    terms.spend_on.clear();
                    all[0] = terms.to_longs().into();
                }),
                vec!["the script of the open pot", "ERG covers"],
            ),
            (
                "a debt that was not under the margin",
                self.step(bob).with(1, |all| {
                    let mut terms = bob.terms().clone();
                    terms.spend_on = vec![-5_000];
                    all[0] = terms.to_longs().into();
                }),
                vec!["the script of the open pot", "within the margin"],
            ),
            (
                "collateral taken within the grace",
                taken,
                vec!["the script of the open pot", "has time until height"],
            ),
        ]
    }
}

fn each_is_found(world: &World, stage: &Stage) {
    let honest = world.data(["audit"]);
    for (what, forged, mut says) in stage.faults() {
        let tx = forged.tx(world.devnet.height());
        world
            .devnet
            .mine_unjudged(std::slice::from_ref(&tx))
            .unwrap();
        let run = world.lets(["audit"]);
        let culprit = format!("transaction {}: ", String::from(tx.id()));
        says.extend(["error: ", &culprit]);
        assert_eq!(run.code, Some(1), "{what}: {run:?}");
        for word in says {
            assert!(run.stderr.contains(word), "{what}: {word:?} not in {run:?}");
        }
        let back = world.devnet.rollback(1).unwrap();
        assert!(back.pooled.is_empty(), "{what}: that is no fault");
    }
    assert_eq!(world.data(["audit"])["checks"], honest["checks"]);
}

#[test]
fn audit_finds_each_fault_of_an_open_pot() {
    let (world, stage) = called(DevnetConfig::default());
    each_is_found(&world, &stage);
    // Without its history, the pot alone gives itself away.
    for (what, forged, _) in stage.faults().into_iter().take(2) {
        let tx = forged.tx(world.devnet.height());
        world.devnet.mine_unjudged(&[tx]).unwrap();
        world.refused("verify", &["not the manifest's"], ["verify"]);
        let home = world.folder.path().join("outsider");
        let manifest = world.home().join("lets.toml");
        let join = ["join", manifest.to_str().unwrap(), "--no-account"];
        let run = world.lets_in(&home, join);
        assert_eq!(run.code, Some(1), "{what}: {run:?}");
        assert!(!home.join("lets.toml").exists());
        world.devnet.rollback(1).unwrap();
    }
}

/// The same, and everything before it, on a node without the extra index.
#[test]
fn open_pot_without_index_is_used_and_audited_by_blocks_alone() {
    let (world, stage) = called(DevnetConfig {
        index: false,
        ..DevnetConfig::default()
    });
    each_is_found(&world, &stage);
    let history = world.data(["history", "alice"]);
    let kinds = column(&history["accounts"][0]["lines"], "kind");
    assert_eq!(kinds, ["joined", "paid", "called"]);
}

/// A founder with a program of his own: what he founds is sound, and his manifest tells of another policy.
#[test]
fn verify_refuses_a_manifest_of_another_policy() {
    let world = World::new();
    let nft = crate::open::Oracle::new(&world, "1").nft;
    let nft: OracleNft = nft.parse().unwrap();
    let keys = Backup::new(Mnemonic::generate(WordCount::default()).unwrap());
    let keys = keys.keys().unwrap();
    let address = keys
        .address(KeyIndex::FIRST, NetworkPrefix::Mainnet)
        .unwrap();
    world
        .lets(["devnet", "fund", &address.to_base58(), "20"])
        .ok();
    let tree = Address::P2Pk(keys.first_public_key().clone());
    let tree = tree.script().unwrap();
    let signer = LocalSigner::new([&keys]).unwrap();
    let founding = |fee: u64| OpenFounding {
        identity: Identity {
            name: "Open".to_owned(),
            currency: Currency::new("EUR", 2).unwrap(),
        },
        treasury: keys.first_public_key().clone().into(),
        policy: lets2(NanoErg(fee)),
        oracle: nft,
        units: 1_000_000,
        memberships: 101,
    };
    let home = world.folder.path().join("liar");
    std::fs::create_dir_all(&home).unwrap();
    let mut session = Session::new(&[world.devnet.url()]).unwrap();
    let manifests = world.runtime.block_on(async {
        let params = session.params(NanoErg::MIN_FEE).await.unwrap();
        let funding = session.wallet(&tree).await.unwrap();
        let oracle = session.oracle_of(nft).await.unwrap().unwrap();
        let real = founding(90_000_000_000);
        let mut found = real.plan(&oracle, &funding, params).unwrap();
        for (_, proposal) in &found.steps {
            session.send(proposal, &signer).await.unwrap();
        }
        let supply = Supply {
            units: real.units,
            memberships: real.memberships,
        };
        let told = |found: &OpenFound| {
            Manifest::of_open(
                found,
                &real.identity,
                Network::Devnet,
                supply,
                params.height,
            )
        };
        let honest = told(&found);
        let dearer = founding(99_000_000_000);
        found.pot = dearer.plan(&oracle, &funding, params).unwrap().pot;
        [honest, told(&found)]
    });
    world.mine();
    let [honest, forged] = manifests.map(|m| m.to_text().unwrap());
    let file = home.join("lets.toml");
    std::fs::write(&file, honest).unwrap();
    world.lets_in(&home, ["verify"]).ok();
    std::fs::write(&file, forged).unwrap();
    let run = world.lets_in(&home, ["verify"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    for says in [
        "founding step 5",
        "policy or its treasury is not the manifest's",
    ] {
        assert!(run.stderr.contains(says), "{says}: {run:?}");
    }
}

fn lets2(fee: NanoErg) -> Policy {
    Policy {
        kind: Kind::Lets2,
        floor: Policy::LEAST_FLOOR,
        credit: Amount::new(2_000).unwrap(),
        cap: Amount::new(50_000).unwrap(),
        largest_draw: Amount::ZERO,
        draw_limit: Amount::ZERO,
        longest_debt: Blocks(0),
        draw_rate: Amount::new(Terms::NO_LIMIT_RATE).unwrap(),
        lock: Blocks(0),
        fee,
        units_per_quantity: 100,
        cover: 200,
        margin: 150,
        discount: 10,
        grace: Blocks(40),
        window: Blocks(1_000),
        smallest_liquidation: Amount::new(1).unwrap(),
        oracle: OracleLimits {
            oldest: Blocks(100),
            least: 100_000_000,
            highest: 4_000_000_000,
            dead: Blocks(6_000),
        },
        supply: 0,
        own_erg: NanoErg(0),
    }
}
