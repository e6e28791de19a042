//! The audit against nodes that lie: about what their index lists, and about blocks where they have none.

use ergo_devnet::DevnetConfig;
use lets_cli::manifest::Manifest;
use serde_json::Value;

use crate::audit_faults::{stage, village};
use crate::proxy::Proxy;
use crate::world::{COMMITTEE, MEMBERS, World};

/// What a node makes of an answer.
type Lie = Box<dyn Fn(&str, &mut Value) + Send + Sync>;

#[test]
fn audit_finds_what_a_node_hides_or_changes() {
    let world = village();
    let s = stage(&world);
    let told = |what: &str, culprit: &str, says: &str, edit: Lie| {
        let proxy = Proxy::editing(&world.runtime, world.devnet.url(), edit);
        let run = world.lets_at(&proxy.url, ["audit"]);
        assert_eq!(run.code, Some(1), "{what}: {run:?}");
        let (_, error) = run.stderr.split_once("error: ").unwrap_or_default();
        for word in [culprit, says] {
            assert!(error.contains(word), "{what}: {word:?} not in {run:?}");
        }
    };
    // The transaction before the one that made bob's box now: bob paid alice.
    let audit = world.data(["audit"]);
    let deeds = audit["deeds"].as_array().unwrap();
    let suspended = deeds[4]["transaction"].as_str().unwrap().to_owned();
    let path_of = |id: &str| format!("/blockchain/transaction/byId/{id}");
    let (manifest, _) = Manifest::load(&world.home().join("lets.toml")).unwrap();
    let founding = manifest.founding.transactions.map(String::from);
    let bob = s.bob.ergo_box().box_id().to_string();

    let path = path_of(&suspended);
    told(
        "a transaction withheld",
        &suspended,
        "does not give it",
        Box::new(move |at, answer| {
            if at == path {
                *answer = Value::Null;
            }
        }),
    );
    let hidden = suspended.clone();
    told(
        "a transaction hidden everywhere",
        "which no transaction before it made",
        "transaction ",
        Box::new(move |at, answer| {
            let list = match answer {
                Value::Object(page) => page.get_mut("items"),
                list => Some(list),
            };
            if let Some(Value::Array(list)) = list
                && at.contains("/box/")
            {
                list.retain(|b| b["transactionId"] != hidden.as_str());
                for b in list {
                    if b["spentTransactionId"] == hidden.as_str() {
                        b["spentTransactionId"] = Value::Null;
                    }
                }
            }
        }),
    );
    let gone = bob.clone();
    told(
        "an account hidden",
        &bob,
        "does not list it as unspent",
        Box::new(move |at, answer| {
            if let Value::Array(list) = answer
                && at.contains("/box/unspent/")
            {
                list.retain(|b| b["boxId"] != gone.as_str());
            }
        }),
    );
    let spent = world
        .runtime
        .block_on(world.client().boxes_by_token(&s.bob.number().token_id()))
        .unwrap()
        .boxes;
    let old = serde_json::to_value(&spent[0].ergo_box).unwrap();
    let old_id = spent[0].ergo_box.box_id().to_string();
    told(
        "a spent account shown as unspent",
        &old_id,
        "leaves it so",
        Box::new(move |at, answer| {
            if let Value::Array(list) = answer
                && at.contains("/box/unspent/byTokenId")
                && !list.is_empty()
            {
                let mut old = old.clone();
                (old["inclusionHeight"], old["globalIndex"]) = (1_005.into(), 9.into());
                list.push(old);
            }
        }),
    );
    let path = path_of(&founding[4]);
    told(
        "a founding transaction altered",
        &founding[4],
        "not true",
        Box::new(move |at, answer| {
            if at == path {
                answer["outputs"][1]["assets"][1]["amount"] = 5.into();
            }
        }),
    );
    let path = path_of(&suspended);
    told(
        "amounts altered",
        &suspended,
        "not true",
        Box::new(move |at, answer| {
            if at == path {
                answer["inputs"][1]["assets"][2]["amount"] = 5.into();
            }
        }),
    );
    let path = path_of(&suspended);
    told(
        "a proof altered",
        &suspended,
        "signatures that the pot",
        Box::new(move |at, answer| {
            if at == path {
                let proof = answer["inputs"][0]["spendingProof"]["proofBytes"]
                    .as_str()
                    .unwrap();
                let flipped = if proof.starts_with('0') { "1" } else { "0" };
                answer["inputs"][0]["spendingProof"]["proofBytes"] =
                    format!("{flipped}{}", &proof[1..]).into();
            }
        }),
    );
    let path = path_of(&suspended);
    told(
        "a height altered",
        &suspended,
        "claims to be of height",
        Box::new(move |at, answer| {
            if at == path {
                answer["inclusionHeight"] = 900.into();
            }
        }),
    );
    let path = format!("/blockchain/token/byId/{}", s.lets.ids().unit);
    told(
        "a supply altered",
        "credit units",
        "8 were minted",
        Box::new(move |at, answer| {
            if at == path {
                answer["emissionAmount"] = 8.into();
            }
        }),
    );
    let manifest = world.home().join("lets.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let hash = s.lets.contracts().pot.hash().to_string();
    assert!(text.contains(&hash), "{text}");
    std::fs::write(&manifest, text.replace(&hash, &"00".repeat(32))).unwrap();
    world.refused("manifest_edited", &["edited"], ["audit"]);
}

/// Without the index a transaction that cannot be read is a fault that is named, and the others are judged.
/// Where the index lists more than anybody reads, the same history is in the blocks.
#[test]
fn audit_reads_the_blocks_where_the_index_lists_too_much() {
    let world = village();
    let honest = world.data(["audit"]);
    let long = |at: &str, answer: &mut Value| {
        if at.starts_with("/blockchain/box/byTokenId/") {
            answer["total"] = 200_001.into();
        }
    };
    let proxy = Proxy::editing(&world.runtime, world.devnet.url(), long);
    let audit = world.lets_at(&proxy.url, ["audit", "--json"]).data();
    assert_eq!(audit, honest);
    let asked = proxy.requests();
    let asked = |what: &str| asked.iter().filter(|r| r.contains(what)).count();
    // Those of the founding, which the manifest names.
    assert_eq!(asked("/transaction/byId/"), 5);
    assert!(asked("/blocks/chainSlice") > 0);
}

#[test]
fn audit_without_index_names_what_it_cannot_read_and_judges_the_rest() {
    let world = World::with(DevnetConfig {
        index: false,
        ..DevnetConfig::default()
    });
    for key in COMMITTEE.into_iter().chain(MEMBERS) {
        world.key(key);
    }
    world.fund("c1", "20");
    let found = World::found_args("Village");
    world.lets(found.into_iter().chain(["--no-wait"])).ok();
    world.mine();
    for name in &MEMBERS[..2] {
        world.fund(name, "5");
        world.act(["apply", "--key", name]);
        let admit = ["admit", "all", "--name", name, "--committee-key", "c1"];
        world.act(admit.into_iter().chain(["--committee-key", "c3"]));
    }
    world.mine();
    let paid = world.pay("alice", "bob", "2.00", &[]);
    let paid = crate::steps::transaction(&paid);
    world.mine();
    world.pay("bob", "alice", "1.00", &[]);
    world.mine();
    let sound = world.data(["audit"]);
    let judged = sound["checks"].as_array().unwrap().iter();
    let judged = judged.map(|c| c.as_str().unwrap());
    let judged = judged.filter_map(|c| c.strip_prefix("history: "));
    let judged = judged.filter_map(|c| c.split_once(' ')?.0.parse::<usize>().ok());
    let judged: usize = judged.sum();

    // A home of its own for each: a ledger that has read the chain truly would not read it again.
    let told = |home: &str, culprit: &str, edit: fn(&mut Value)| {
        let mark = paid.clone();
        let lie = move |at: &str, answer: &mut Value| {
            let Some(Value::Array(all)) = answer.get_mut("transactions") else {
                return;
            };
            if at.starts_with("/blocks/") {
                all.iter_mut()
                    .filter(|tx| tx["id"] == mark.as_str())
                    .for_each(edit);
            }
        };
        let proxy = Proxy::editing(&world.runtime, world.devnet.url(), lie);
        let home = world.another_home(home, &[]);
        let run = world.run(&proxy.url, &home, ["audit"], None);
        assert_eq!(run.code, Some(1), "{run:?}");
        let (good, error) = run.stderr.split_once("error: ").unwrap();
        for word in [culprit, "not true"] {
            assert!(error.contains(word), "{word:?} not in {run:?}");
        }
        // All but this one.
        let others = format!("history: {} transactions judged again", judged - 1);
        assert!(good.contains(&others), "{others:?} not in {run:?}");
    };
    told("amount", &format!("transaction {paid}"), |tx| {
        tx["outputs"][0]["assets"][2]["amount"] = 5.into();
    });
    let register = |tx: &mut Value| {
        // A box: it may hold any script.
        tx["outputs"][0]["additionalRegisters"]["R4"] = "63".into();
    };
    told("register", &format!("transaction {paid}"), register);
    let nameless = |tx: &mut Value| {
        tx.as_object_mut().unwrap().remove("id");
    };
    told("nameless", "of the block at height", nameless);
}
