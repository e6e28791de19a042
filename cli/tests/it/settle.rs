//! A settlement passed round: proposed by one, signed by each payer in his own home, sent by anybody.

use std::path::{Path, PathBuf};

use ergo_lib::chain::transaction::unsigned::UnsignedTransaction;
use ergo_lib::chain::transaction::{Transaction, UnsignedInput};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxTokens, ErgoBoxCandidate};
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use serde_json::Value;

use crate::world::{MEMBERS, PASSPHRASE, Run, World};

type Edit = Box<dyn Fn(&mut Value)>;
type Remake<'a> = &'a dyn Fn(&mut Vec<ErgoBoxCandidate>);

/// A village of three whose members live in homes of their own, each with his key, the manifest and the address book.
struct Ring {
    world: World,
    file: PathBuf,
}

impl Ring {
    fn new() -> Self {
        let world = World::village();
        for name in MEMBERS {
            let home = world.folder.path().join(name);
            std::fs::create_dir_all(home.join("keys")).unwrap();
            for file in ["lets.toml", "names.toml", &format!("keys/{name}.toml")] {
                std::fs::copy(world.home().join(file), home.join(file)).unwrap();
            }
        }
        let file = world.folder.path().join("ring.json");
        Self { world, file }
    }

    fn path(&self) -> &str {
        self.file.to_str().unwrap()
    }

    fn home(&self, name: &str) -> PathBuf {
        self.world.folder.path().join(name)
    }

    fn run(&self, name: &str, args: &[&str]) -> Run {
        self.world
            .lets_in(&self.home(name), args.iter().copied().chain(["--json"]))
    }

    fn propose(&self, payments: &[&str]) -> Value {
        let pays = payments.iter().flat_map(|p| ["--pay", p]);
        let args: Vec<&str> = ["settle", "propose", "--out", self.path()]
            .into_iter()
            .chain(pays)
            .collect();
        self.run("alice", &args).data()
    }

    /// alice -> bob 5, bob -> carol 3, carol -> alice 1.
    fn ring(&self) -> Value {
        self.propose(&["alice:bob:5", "bob:carol:3", "carol:alice:1"])
    }

    fn sign(&self, name: &str) -> Run {
        self.run(name, &["settle", "sign", self.path(), "--yes"])
    }

    fn show(&self) -> Value {
        self.run("bob", &["settle", "show", self.path()]).data()
    }

    fn send(&self, name: &str) -> Run {
        self.run(name, &["settle", "send", self.path(), "--yes", "--no-wait"])
    }

    fn read(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(&self.file).unwrap()).unwrap()
    }

    fn edit(&self, change: impl FnOnce(&mut Value)) {
        let mut document = self.read();
        change(&mut document);
        std::fs::write(&self.file, document.to_string()).unwrap();
    }

    /// Refused as `kind` whoever looks at it, and no file or pool changed.
    fn refused(&self, kinds: &[(&str, &[&str])]) {
        let before = (
            self.world.state(),
            std::fs::read_to_string(&self.file).unwrap(),
        );
        for (kind, args) in kinds {
            refusal(&self.run("bob", args), kind);
        }
        let after = (
            self.world.state(),
            std::fs::read_to_string(&self.file).unwrap(),
        );
        assert_eq!(before, after);
    }

    fn refused_by_all(&self, kind: &str) {
        let file = self.path();
        self.refused(&[
            (kind, &["settle", "show", file]),
            (kind, &["settle", "show", file, "--offline"]),
            (kind, &["settle", "sign", file, "--yes"]),
            (kind, &["settle", "send", file, "--yes"]),
        ]);
    }
}

fn refusal(run: &Run, kind: &str) -> String {
    assert_eq!(run.code, Some(1), "{run:?}");
    let envelope = run.envelope();
    assert_eq!(envelope["error"]["kind"], kind, "{envelope}");
    assert!(!envelope["error"]["hint"].as_str().unwrap().is_empty());
    assert!(!run.stdout.contains(PASSPHRASE) && !run.stderr.contains(PASSPHRASE));
    envelope["error"]["message"].as_str().unwrap().to_owned()
}

fn signatures(shown: &Value) -> Vec<(&str, &str)> {
    shown["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| {
            (
                a["name"].as_str().unwrap(),
                a["signature"].as_str().unwrap(),
            )
        })
        .collect()
}

#[test]
fn ring_of_three_is_settled_whoever_signs_first() {
    for order in [["carol", "alice", "bob"], ["bob", "carol", "alice"]] {
        let ring = Ring::new();
        let proposed = ring.ring();
        assert_eq!(proposed["fee_nanoerg"], 1_000_000);
        assert_eq!(proposed["fee_from"], "alice");
        let offline = ring.run("bob", &["settle", "show", ring.path(), "--offline"]);
        let offline = offline.data();
        assert_eq!(offline["state"], "not_asked");
        assert_eq!(signatures(&offline)[2], ("carol", "missing"));
        for (at, name) in order.into_iter().enumerate() {
            let signed = ring.sign(name).data();
            assert_eq!(signed["complete"], at == 2);
        }
        let shown = ring.show();
        assert_eq!(shown["state"], "open");
        let offline = ring.run("bob", &["settle", "show", ring.path(), "--offline"]);
        for shown in [&shown, &offline.data()] {
            assert_eq!(
                signatures(shown),
                [("alice", "given"), ("bob", "given"), ("carol", "given")]
            );
            let after: Vec<&str> = shown["accounts"]
                .as_array()
                .unwrap()
                .iter()
                .map(|a| a["after"].as_str().unwrap())
                .collect();
            assert_eq!(after, ["-4.00", "+2.00", "+2.00"]);
        }
        let sent = ring.send("carol").data();
        assert_eq!(sent["transactions"][0]["kind"], "settle");
        assert_eq!(sent["transactions"][0]["id"], proposed["transaction"]);
        assert_eq!(ring.show()["state"], "in_pool");
        refusal(&ring.send("alice"), "settlement_sent");
        ring.world.mine();
        assert_eq!(ring.show()["state"], "in_block");
        for (name, balance) in [("alice", "-4.00"), ("bob", "+2.00"), ("carol", "+2.00")] {
            assert_eq!(ring.world.balance(name), balance);
        }
        ring.world.lets(["verify"]).ok();
    }
}

#[test]
fn text_says_who_must_sign_and_dry_run_changes_nothing() {
    let ring = Ring::new();
    // carol only receives, so nobody waits for her.
    ring.propose(&["alice:bob:5", "bob:carol:7.50"]);
    let file = std::fs::read(&ring.file).unwrap();
    let run = ring
        .world
        .lets_in(&ring.home("bob"), ["settle", "show", ring.path()])
        .ok();
    for word in [
        "Village",
        "-5.00",
        "-2.50",
        "+7.50",
        "missing",
        "not needed",
        "0.001 ERG",
    ] {
        assert!(run.stdout.contains(word), "{word}: {run:?}");
    }
    let dry = ring.run("bob", &["settle", "sign", ring.path(), "--dry-run"]);
    assert_eq!(dry.data()["dry_run"], true);
    assert_eq!(std::fs::read(&ring.file).unwrap(), file);
    let message = refusal(&ring.sign("carol"), "nothing_to_sign");
    assert!(message.contains("carol only receives"), "{message}");
    // Without a terminal nobody consents.
    refusal(
        &ring.run("bob", &["settle", "sign", ring.path()]),
        "no_terminal",
    );
    let stranger = ring.home("stranger");
    std::fs::create_dir_all(stranger.join("keys")).unwrap();
    std::fs::copy(
        ring.home("bob").join("lets.toml"),
        stranger.join("lets.toml"),
    )
    .unwrap();
    std::fs::copy(
        ring.world.home().join("keys/c1.toml"),
        stranger.join("keys/c1.toml"),
    )
    .unwrap();
    refusal(&ring.sign("stranger"), "nothing_to_sign");
    assert_eq!(std::fs::read(&ring.file).unwrap(), file);

    ring.sign("bob").data();
    ring.sign("alice").data();
    ring.send("stranger").data();
    ring.world.mine();
    assert_eq!(ring.world.balance("carol"), "+7.50");
}

#[test]
fn missing_signature_refuses_the_whole() {
    let ring = Ring::new();
    ring.ring();
    ring.sign("alice").data();
    ring.sign("carol").data();
    let before = ring.world.state();
    let message = refusal(&ring.send("alice"), "signatures_missing");
    assert!(message.contains("missing: bob;"), "{message}");
    assert_eq!(ring.world.state(), before);
}

#[test]
fn signing_twice_changes_nothing() {
    let ring = Ring::new();
    ring.ring();
    ring.sign("bob").data();
    let once = std::fs::read(&ring.file).unwrap();
    let again = ring.sign("bob").data();
    assert_eq!(signatures(&again)[1], ("bob", "given"));
    assert_eq!(std::fs::read(&ring.file).unwrap(), once);
}

#[test]
fn stale_settlement_is_refused_before_any_passphrase() {
    let ring = Ring::new();
    ring.ring();
    ring.sign("alice").data();
    ring.world
        .lets_in(
            &ring.home("carol"),
            ["pay", "bob", "1", "--yes", "--no-wait"],
        )
        .ok();
    let shown = ring.show();
    assert_eq!(shown["state"], "stale");
    assert_eq!(shown["changed"], serde_json::json!(["bob", "carol"]));
    let file = ring.path();
    let nowhere = [
        "settle",
        "sign",
        file,
        "--yes",
        "--passphrase-file",
        "/nowhere",
    ];
    ring.refused(&[
        ("settlement_stale", &nowhere),
        ("settlement_stale", &["settle", "send", file, "--yes"]),
    ]);
    ring.world.mine();
    ring.refused(&[("settlement_stale", &nowhere)]);
}

#[test]
fn impossible_proposals_are_refused() {
    let ring = Ring::new();
    let out = ring.path();
    let propose = |more: &[&str]| {
        let args: Vec<&str> = ["settle", "propose", "--out", out]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        ring.run("alice", &args)
    };
    let over = propose(&["--pay", "alice:carol:1", "--pay", "bob:carol:200.01"]);
    let message = refusal(&over, "credit_line");
    assert!(
        message.starts_with("bob: ") && message.contains("200.00"),
        "{message}"
    );
    assert_eq!(over.envelope()["error"]["rule"]["most"], "200.00");
    for (kind, args) in [
        ("usage", &["--pay", "alice:bob"][..]),
        ("usage", &["--pay", "alice:bob:1:2"]),
        ("amount", &["--pay", "alice:bob:0"]),
        ("unknown_name", &["--pay", "alice:zoe:1"]),
        ("self_payment", &["--pay", "alice:alice:1"]),
        ("not_enough_erg", &["--pay", "alice:bob:1", "--fee", "1"]),
        ("fee_too_low", &["--pay", "alice:bob:1", "--fee", "0.0001"]),
    ] {
        refusal(&propose(args), kind);
    }
    assert!(!ring.file.exists());
    ring.ring();
    refusal(&propose(&["--pay", "alice:bob:1"]), "exists");
}

/// A box's or transaction's bytes with every place of `from` replaced.
fn replace(document: &mut Value, field: &str, from: &str, to: &str) {
    let text = document[field].as_str().unwrap().replace(from, to);
    assert_ne!(document[field], text, "{from} does not stand in {field}");
    document[field] = text.into();
}

#[test]
fn edited_file_is_refused() {
    let ring = Ring::new();
    ring.ring();
    ring.sign("alice").data();
    let original = ring.read();
    let key = |name: &str| {
        let shown = ring.world.data(["key", "show", name]);
        shown["public_key"].as_str().unwrap().to_owned()
    };
    let (bob, alice) = (key("bob"), key("alice"));
    let edits: [(&str, Edit); 15] = [
        (
            "settlement_edited",
            Box::new(|d| d["payments"][1]["amount"] = 299.into()),
        ),
        (
            "settlement_edited",
            Box::new(|d| d["payments"][1]["to"] = d["payments"][0]["from"].clone()),
        ),
        (
            "settlement_edited",
            Box::new(|d| {
                d["payments"].as_array_mut().unwrap().rotate_left(1);
            }),
        ),
        (
            "settlement_edited",
            Box::new(|d| {
                d["payments"].as_array_mut().unwrap().pop();
            }),
        ),
        // bob's account would belong to alice.
        (
            "settlement_edited",
            Box::new(move |d| replace(d, "transaction", &bob, &alice)),
        ),
        (
            "settlement_edited",
            Box::new(|d| {
                let tx = format!("{}00", d["transaction"].as_str().unwrap());
                d["transaction"] = tx.into();
            }),
        ),
        (
            "settlement_edited",
            Box::new(|d| {
                d["boxes"].as_array_mut().unwrap().swap(0, 1);
            }),
        ),
        (
            "settlement_edited",
            Box::new(|d| {
                d["boxes"].as_array_mut().unwrap().pop();
            }),
        ),
        (
            "bad_settlement",
            Box::new(|d| {
                d["proofs"].as_array_mut().unwrap().pop();
            }),
        ),
        (
            "bad_settlement",
            Box::new(|d| d["note"] = "trust me".into()),
        ),
        (
            "bad_settlement",
            Box::new(|d| d["payments"][0]["memo"] = "trust me".into()),
        ),
        ("settlement_version", Box::new(|d| d["version"] = 2.into())),
        (
            "bad_settlement",
            Box::new(|d| d["format"] = "\u{1b}[2J".into()),
        ),
        (
            "settlement_of_other_lets",
            Box::new(|d| d["fingerprint"] = "00".into()),
        ),
        (
            "settlement_of_other_lets",
            Box::new(|d| d["lets"] = "Town".into()),
        ),
    ];
    for (kind, change) in edits {
        std::fs::write(&ring.file, original.to_string()).unwrap();
        ring.edit(change);
        ring.refused_by_all(kind);
    }
    std::fs::write(&ring.file, " ".repeat((1 << 20) + 1)).unwrap();
    ring.refused_by_all("bad_settlement");
    std::fs::write(&ring.file, "alice pays bob").unwrap();
    ring.refused_by_all("bad_settlement");
    // A remark is for people, and shown to nobody by this program.
    std::fs::write(&ring.file, original.to_string()).unwrap();
    ring.edit(|d| d["payments"][0]["remark"] = "bob pays alice gladly".into());
    assert!(!ring.show().to_string().contains("gladly"));
}

/// The transaction with other outputs, as well made as the true one.
fn remake(document: &mut Value, change: impl FnOnce(&mut Vec<ErgoBoxCandidate>)) {
    let bytes = hex::decode(document["transaction"].as_str().unwrap()).unwrap();
    let tx = Transaction::sigma_parse_bytes(&bytes).unwrap();
    let mut outputs: Vec<ErgoBoxCandidate> = tx.output_candidates.iter().cloned().collect();
    change(&mut outputs);
    let input = |i| UnsignedInput::new(i, ContextExtension::empty());
    let inputs = tx.inputs.iter().map(|i| input(i.box_id)).collect();
    let tx = UnsignedTransaction::new_from_vec(inputs, Vec::new(), outputs).unwrap();
    document["transaction"] = hex::encode(tx.bytes_to_sign().unwrap()).into();
}

/// The units of an output, `by` more or less.
fn add_units(output: &mut ErgoBoxCandidate, by: i64) {
    let mut tokens = output.tokens.clone().unwrap().to_vec();
    let units = tokens[2].amount.as_u64().checked_add_signed(by).unwrap();
    tokens[2].amount = units.try_into().unwrap();
    output.tokens = Some(BoxTokens::from_vec(tokens).unwrap());
}

#[test]
fn remade_transaction_is_refused() {
    let ring = Ring::new();
    ring.ring();
    let original = ring.read();
    // carol would get 2.50 of bob's more than the list says.
    let tampered = |outputs: &mut Vec<ErgoBoxCandidate>| {
        add_units(&mut outputs[1], -250);
        add_units(&mut outputs[2], 250);
    };
    let changes: [Remake<'_>; 4] = [
        &tampered,
        // A box of bob's ERG for somebody.
        &|outputs| {
            let mut gift = outputs[3].clone();
            gift.value = 100_000_000u64.try_into().unwrap();
            let left = outputs[1].value.as_u64() - 100_000_000;
            outputs[1].value = left.try_into().unwrap();
            outputs.insert(3, gift);
        },
        // A fee that bob would pay.
        &|outputs| {
            outputs[3].value = 51_000_000u64.try_into().unwrap();
            let left = outputs[1].value.as_u64() - 50_000_000;
            outputs[1].value = left.try_into().unwrap();
        },
        &|outputs| outputs.swap(1, 2),
    ];
    for change in changes {
        std::fs::write(&ring.file, original.to_string()).unwrap();
        ring.edit(|d| remake(d, change));
        ring.refused_by_all("settlement_edited");
    }
    // Remade as it was, it is what it was.
    ring.edit(|d| d["transaction"] = original["transaction"].clone());
    ring.edit(|d| remake(d, |_| {}));
    assert_eq!(ring.read(), original);
}

#[test]
fn wrong_signature_is_shown_refused_and_mended_by_its_owner() {
    let ring = Ring::new();
    ring.ring();
    for name in MEMBERS {
        ring.sign(name).data();
    }
    // alice's signature in bob's place.
    ring.edit(|d| d["proofs"][1] = d["proofs"][0].clone());
    assert_eq!(signatures(&ring.show())[1], ("bob", "wrong"));
    assert_eq!(ring.show()["complete"], false);
    let message = refusal(&ring.send("carol"), "signatures_wrong");
    assert!(message.contains("bob"), "{message}");
    ring.sign("bob").data();
    assert_eq!(ring.show()["complete"], true);
    ring.send("carol").data();
}

#[test]
fn file_of_another_lets_is_refused() {
    let ring = Ring::new();
    ring.ring();
    let manifest = Path::new("lets.toml");
    let home = ring.home("bob");
    ring.world.fund("c1", "20");
    let town = ring.world.folder.path().join("town");
    let mut args = World::found_args("Town");
    args.push("--no-wait");
    std::fs::create_dir_all(town.join("keys")).unwrap();
    for key in ["c1", "c2", "c3"] {
        let file = format!("keys/{key}.toml");
        std::fs::copy(ring.world.home().join(&file), town.join(&file)).unwrap();
    }
    ring.world.lets_in(&town, args).ok();
    ring.world.mine();
    std::fs::copy(town.join(manifest), home.join(manifest)).unwrap();
    ring.refused_by_all("settlement_of_other_lets");
    // Nor does it help to write the other's name on it: these are not its accounts.
    let other = std::fs::read_to_string(home.join(manifest)).unwrap();
    let field = |name: &str| {
        let begin = format!("{name} = \"");
        let line = other.lines().find_map(|l| l.strip_prefix(&begin)).unwrap();
        line.trim_end_matches('"').to_owned()
    };
    ring.edit(|d| {
        d["lets"] = "Town".into();
        d["unit"] = field("unit").into();
        d["fingerprint"] = field("fingerprint").into();
    });
    ring.refused_by_all("settlement_edited");
}
