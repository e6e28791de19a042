//! What others wrote, damaged, cut, blown up and mixed up: no parser panics, asks for much memory, or tells a secret.
//!
//! `fuzz/` searches further with the same functions. With `LETS_HUNT=<number>` in the environment other damage for each
//! number, and twenty times as much; with `LETS_SEEDS=<folder>` the sound inputs are written there, for `fuzz/` to begin with.

use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBoxCandidate;
use lets_cli::committee_file::{Action, CommitteeFile};
use lets_cli::paper::BearerUri;
use lets_cli::settlement_file::SettlementFile;
use lets_contracts::unparsed;
use lets_protocol::{
    Amount, Currency, Height, Invoice, InvoiceId, Leg, Memo, Reference, Settlement, SignedInvoice,
};
use lets_tests::case::{existing, state_at};
use lets_tests::parsers::{ALL, CONTEXT, Parser, WORDS, open_manifest, scene, world};
use lets_tests::world::key;
use lets_wallet::{Backup, KeyFile, KeyIndex, Mnemonic, Round, WorkFactor, seal_text};
use peak_alloc::PeakAlloc;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{RngSeed, TestRunner};
use std::path::Path;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The most that reading a megabyte may take.
const MOST_MEGABYTES: f32 = 128.0;
/// The longest message, in bytes; a node's answer is read in many ways, and each says something.
const MOST_SAID: usize = 16_000;
const MEGABYTE: usize = 1 << 20;
const PASSPHRASE: &str = "correct horse battery";
const PAPER: &str = "s3cr3t-_s3cr3t-_s3cr3t-_s3cr3t-_s3cr3t-_xyz";

/// A sound input of the parser of this name.
struct Seed {
    parser: Parser,
    bytes: Vec<u8>,
}

/// What must stand in no message.
struct Secrets(Vec<String>);

impl Secrets {
    /// Not even a piece of one.
    fn check(&self, said: &str) {
        for secret in &self.0 {
            for piece in secret.as_bytes().windows(8) {
                let piece = String::from_utf8_lossy(piece);
                assert!(!said.contains(&*piece), "{piece:?} of a secret in {said:?}");
            }
        }
    }
}

fn saved(save: impl FnOnce(&Path)) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    save(&path);
    std::fs::read(path).unwrap()
}

/// Sound inputs of all parsers, and the secrets in them.
fn seeds() -> (Vec<Seed>, Secrets) {
    let (world, manifest) = world();
    let keys = &scene().keys;
    let amount = |n| Amount::new(n).unwrap();
    let unit = world.lets.ids().unit;

    let words = Backup::new(Mnemonic::parse(WORDS).unwrap());
    let passphrase = PASSPHRASE.into();
    let file = KeyFile::seal("alice", &words, &passphrase, WorkFactor::MIN).unwrap();
    let memo = Memo::new(Reference::None, amount(200), "milk").unwrap();
    let reader = keys.public_key(KeyIndex::FIRST).unwrap();
    let sealed = seal_text(&memo.to_bytes(), &[reader], CONTEXT).unwrap();

    let terms = world.terms();
    let (_, pot, alice) = world.admission(&key(70), terms.clone());
    let (charter, application) = (&world.charter, world.application(&key(71)));
    let params = world.params();
    let (_, _, bob) =
        lets_protocol::admit(&world.lets, charter, &pot, &application, terms, params).unwrap();
    let leg = Leg {
        from: alice.number(),
        to: bob.number(),
        amount: amount(200),
    };
    let parties = [alice, bob];
    let trade = lets_protocol::settle(&world.lets, &parties, &[leg], None, params).unwrap();
    let settled = Settlement::of(&world.lets, &trade.proposal).unwrap();
    let settled = SettlementFile::new(&manifest, settled, [(leg, "milk".to_owned())]).unwrap();

    let context = trade.proposal.context().unwrap();
    let round = Round::start(&context, &state_at(world.height.0)).unwrap();
    let secret = *b"0123456789abcdefghijklmnopqrstuv";
    let nonces = [
        &b"lets-nonces v1\0\n"[..],
        &[1; 64],
        &[0; 4],
        &[2; 32],
        &secret,
    ]
    .concat();
    let proposal = CommitteeFile::new(
        unit.to_string(),
        Action::Cancel,
        String::new(),
        (Vec::new(), Vec::new()),
        (world.height.0, 1_000_000),
        (String::from(round.transaction()), round.to_file()),
    );

    let currency = Currency::new("EUR", 2).unwrap();
    let (to, id) = (parties[0].number(), InvoiceId::new([5; 16]));
    let invoice = Invoice::new(unit, to, amount(1250), currency, Height(9), id).unwrap();
    let invoice = SignedInvoice::new(invoice.with_memo("eggs").unwrap(), vec![7; 56]).unwrap();
    let paper = BearerUri::new(unit, parties[0].ergo_box().box_id(), PAPER.into()).unwrap();
    let paper = secrecy::ExposeSecret::expose_secret(&paper.text()).to_owned();

    let spelt = secret
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect::<String>();
    let secrets = [
        PASSPHRASE.to_owned(),
        PAPER.to_owned(),
        WORDS.to_owned(),
        String::from_utf8_lossy(&secret).into_owned(),
        spelt,
    ];
    let csv = "payee,amount,memo\nbob,2.50,milk\n\"carol\",1,\"eggs, six\"\n";
    let wallet = world.wallet_box(&key(64), 1.0);
    let account_json = serde_json::to_vec(parties[0].ergo_box()).unwrap();
    let indexed = format!(
        r#"{{"items":[{}],"total":1}}"#,
        serde_json::to_string(&wallet)
            .unwrap()
            .replacen('{', "{\"inclusionHeight\":3,", 1)
    );
    // Scripts that say that they are 4 GB long, or hold as many values, or go as deep as they are long.
    let deep = [vec![0], vec![0xef; 100_000]].concat();
    let [sized, counted, deep] = [
        &[8, 0xff, 0xff, 0xff, 0xff, 0x0f][..],
        &[0, 0xd8, 0xff, 0xff, 0xff, 0xff, 0x0f],
        &deep,
    ]
    .map(|script| {
        let mut hostile = ErgoBoxCandidate::from(wallet.clone());
        hostile.ergo_tree = unparsed(script.to_vec());
        serde_json::to_vec(&existing(&hostile, 5)).unwrap()
    });
    let refused = r#"{"error":400,"reason":"bad.request","detail":"Double spending attempt"}"#;
    // Script, tokens, registers and height of boxes, as `parsers::boxes` spells them.
    let (terms, key) = ([0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0], [0, 4, 1, 5]);
    let settings = [0, 0, 4, 1, 0, 0, 0, 0, 1, 9];
    let account = [&[2, 2, 2, 1, 4, 1, 4][..], &terms, &key, &settings].concat();
    let pot = vec![1, 3, 1, 1, 2, 9, 3, 99, 1, 0, 0, 4, 9, 0, 0, 0, 9];
    let between = [&[79, 7][..], &[6; 32], &[0, 1, 0]].concat();
    let note = [&[3, 1, 3, 5, 3, 0, 2, 0][..], &between, &[0, 0, 1, 200, 9]].concat();
    let target = [&[15, 7][..], &[6; 32], &[2, 0, 0]].concat();
    let application = [&[4, 0, 3, 0, 2, 1, 5][..], &target, &[0, 0, 2, 200, 1, 9]].concat();
    let made: [(&str, Vec<u8>); 23] = [
        ("manifest", open_manifest().to_text().unwrap().into()),
        ("manifest", manifest.to_text().unwrap().into()),
        ("invoice", invoice.to_string().into()),
        ("memo", memo.to_bytes()),
        ("sealed_memo", sealed),
        ("key_file", saved(|path| file.save_new(path).unwrap())),
        ("payment_file", csv.into()),
        (
            "settlement_file",
            saved(|path| settled.save_new(path).unwrap()),
        ),
        ("committee_file", proposal.text().unwrap().into()),
        ("nonces", nonces),
        ("paper_note", paper.into()),
        ("boxes", account),
        ("boxes", pot),
        ("boxes", note),
        ("boxes", application),
        ("node", serde_json::to_vec(&wallet).unwrap()),
        ("node", account_json),
        ("node", indexed.into()),
        ("node", sized),
        ("node", counted),
        ("node", deep),
        ("node", refused.into()),
        ("node", r#"{"indexedHeight":5,"fullHeight":6}"#.into()),
    ];
    let parser = |name: &str| *ALL.iter().find(|(known, _)| *known == name).unwrap();
    let seeds = made.into_iter().map(|(name, bytes)| Seed {
        parser: parser(name),
        bytes,
    });
    (seeds.collect(), Secrets(secrets.into()))
}

/// One kind of damage, at some place.
#[derive(Debug, Clone)]
enum Damage {
    Flip(Index, u8),
    Cut(Index),
    Drop(Index, usize),
    Repeat(Index, usize, usize),
    Insert(Index, &'static str),
    Nest(Index, &'static str, usize),
}

fn arb_damage() -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    let text = proptest::sample::select(vec![
        "99999999999999999999999999",
        "-1",
        "4294967296",
        "1e999",
        "\"",
        "\\u0000",
        "\u{1b}[2J",
        "null",
        "{}",
        "[]",
        "\r\n",
        ",",
        "=",
        "&",
        "%00",
        "\u{feff}",
        "\0",
    ]);
    let open = proptest::sample::select(vec!["[", "{\"a\":", "a.", "(", "[[", "\"\"\""]);
    prop_oneof![
        6 => (at(), any::<u8>()).prop_map(|(a, b)| Damage::Flip(a, b)),
        1 => at().prop_map(Damage::Cut),
        2 => (at(), 1..40_usize).prop_map(|(a, n)| Damage::Drop(a, n)),
        2 => (at(), 1..40_usize, 1..2_000_usize).prop_map(|(a, n, times)| Damage::Repeat(a, n, times)),
        4 => (at(), text).prop_map(|(a, text)| Damage::Insert(a, text)),
        1 => (at(), open, 1..20_000_usize).prop_map(|(a, open, times)| Damage::Nest(a, open, times)),
    ]
}

impl Damage {
    fn on(&self, bytes: &mut Vec<u8>) {
        let place = |at: &Index, bytes: &[u8]| at.index(bytes.len() + 1);
        match self {
            Self::Flip(at, with) if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] ^= with;
            }
            Self::Flip(..) => {}
            Self::Cut(at) => bytes.truncate(place(at, bytes)),
            Self::Drop(at, count) => {
                let from = place(at, bytes);
                let to = (from + count).min(bytes.len());
                bytes.drain(from..to);
            }
            Self::Repeat(at, count, times) => {
                let from = place(at, bytes);
                let to = (from + count).min(bytes.len());
                let again = bytes[from..to].repeat(*times);
                bytes.splice(from..from, again);
            }
            Self::Insert(at, text) => {
                let from = place(at, bytes);
                bytes.splice(from..from, text.bytes());
            }
            Self::Nest(at, open, times) => {
                let from = place(at, bytes);
                bytes.splice(from..from, open.repeat(*times).into_bytes());
            }
        }
    }
}

/// Reads, and looks at what is said and what it took. All in one test, for the peak is that of the whole program.
#[test]
fn parsers_hold_whatever_they_are_given() {
    let (seeds, secrets) = seeds();
    let reads = |(name, read): Parser, bytes: &[u8]| {
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage_as_mb();
        let said = read(bytes);
        let took = MEMORY.peak_usage_as_mb() - before;
        assert!(
            took < MOST_MEGABYTES,
            "{name} took {took} MB for {} bytes",
            bytes.len()
        );
        if let Err(said) = &said {
            assert!(said.len() < MOST_SAID, "{name} says {} bytes", said.len());
            let moves = |c: char| c.is_control() && c != '\n';
            assert!(!said.contains(moves), "{name} says {said:?}");
            // A node's words are quoted: it has no secret of ours.
            if name != "node" {
                secrets.check(said);
            }
        }
        said
    };
    if let Ok(folder) = std::env::var("LETS_SEEDS") {
        for (at, seed) in seeds.iter().enumerate() {
            let folder = Path::new(&folder).join(seed.parser.0);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(format!("sound-{at}")), &seed.bytes).unwrap();
        }
    }

    for seed in &seeds {
        // A refusal of a node is an error, as it should be.
        let said = reads(seed.parser, &seed.bytes);
        assert!(
            said.is_ok() || seed.bytes.starts_with(b"{\"error\""),
            "{}: {said:?}",
            seed.parser.0
        );
        // People mix files up.
        for parser in ALL {
            let _ = reads(parser, &seed.bytes);
        }
    }
    for parser in ALL {
        for pattern in [
            "0", "[", "{\"a\":", "a=1\n", "a,b\n", "[0,1,", "\u{e4}", "\0", "[[a]]\n", "\"\"\"",
        ] {
            let blown = pattern.repeat(MEGABYTE / pattern.len());
            reads(parser, blown.as_bytes()).expect_err(parser.0);
        }
    }
    for (parser, bytes) in found() {
        let _ = reads(parser, &bytes);
    }

    let hunt: Option<u64> = std::env::var("LETS_HUNT")
        .ok()
        .map(|n| n.parse().expect("LETS_HUNT is a number"));
    let mut runner = TestRunner::new(ProptestConfig {
        cases: if hunt.is_some() { 40_000 } else { 2_000 },
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(hunt.unwrap_or(11)),
        ..ProptestConfig::default()
    });
    let damaged = (0..seeds.len(), vec(arb_damage(), 1..=3));
    runner
        .run(&damaged, |(at, damages)| {
            let mut bytes = seeds[at].bytes.clone();
            damages.iter().for_each(|damage| damage.on(&mut bytes));
            let _ = reads(seeds[at].parser, &bytes);
            Ok(())
        })
        .unwrap();
}

/// Inputs that `fuzz/` found and that once did harm: `fuzz/seeds/PARSER/*`.
fn found() -> Vec<(Parser, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds");
    let mut found = Vec::new();
    for parser in ALL {
        for entry in std::fs::read_dir(folder.join(parser.0))
            .into_iter()
            .flatten()
        {
            found.push((parser, std::fs::read(entry.unwrap().path()).unwrap()));
        }
    }
    found
}
