//! `cargo xtask bench`: the project's figures, as a table. Nothing here decides a test.

use ergo_devnet::{BlockTime, Devnet, DevnetConfig};
use ergo_lib::chain::transaction::unsigned::UnsignedTransaction;
use ergo_lib::chain::transaction::{Transaction, UnsignedInput};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate, NonMandatoryRegisters};
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::wallet::Wallet;
use ergo_lib::wallet::miner_fee::MINERS_FEE_ADDRESS;
use ergo_lib::wallet::secret_key::SecretKey;
use ergo_lib::wallet::tx_context::TransactionContext;
use ergo_node_client::{NodeClient, NodeOptions};
use lets_protocol::{Amount, NanoErg, pay_direct};
use lets_tests::world::{key, p2pk};
use lets_tests::{Case, World, case, judge, kinds};
use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error>>;

const ROUNDS: usize = 200;
const DEVNET_TRANSACTIONS: usize = 10_000;

fn say(text: std::fmt::Arguments<'_>) -> Outcome<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn main() -> Outcome<()> {
    say(format_args!("| figure | value | goal |\n|---|---:|---:|"))?;
    trade()?;
    capacity()?;
    signing()?;
    commands()?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(devnet())
}

/// Size and cost of the trade that members make every day.
fn trade() -> Outcome<()> {
    for kind in kinds::kinds().iter().filter(|k| k.name.starts_with("pay,")) {
        let (tx, cost) = kind.case.accepted();
        let goal = match kind.name {
            "pay, fee from the account" => ("19,000", "2,700"),
            "pay, all loan rules on" => ("21,000", ""),
            _ => ("", ""),
        };
        say(format_args!(
            "| {}: block cost | {} | {} |",
            kind.name,
            cost.unwrap_or(0),
            goal.0
        ))?;
        say(format_args!(
            "| {}: bytes | {} | {} |",
            kind.name,
            tx.sigma_serialize_bytes()?.len(),
            goal.1
        ))?;
    }
    let mut world = World::new(60);
    let account = world.admit(&key(210));
    let floor = account.terms().floor.to_string();
    say(format_args!(
        "| account box: bytes | {} | 1,250 |",
        case::size(account.ergo_box())
    ))?;
    say(format_args!(
        "| deposit per member (ERG floor of the account) | {floor} | |"
    ))
}

/// Mainnet: the cost and the bytes that a block may have.
const BLOCK_COST: u64 = 8_001_091;
const BLOCK_BYTES: usize = 1_271_009;
/// What checking one signature costs, from above; it is not in the reference's cost of a transaction.
const PROOF_COST: u64 = 1_000;

/// How many payments of each kind one block holds.
fn capacity() -> Outcome<()> {
    let kinds = kinds::kinds();
    let fit = |name: &str, payments: u64| -> Outcome<u64> {
        let kind = kinds.iter().find(|k| k.name == name).ok_or(name)?;
        let (tx, cost) = kind.case.accepted();
        let signatures = u64::try_from(kind.case.signers.len())?;
        let cost = cost.ok_or("a cost")? + signatures * PROOF_COST;
        let bytes = tx.sigma_serialize_bytes()?.len();
        let per_block = (BLOCK_COST / cost).min(u64::try_from(BLOCK_BYTES / bytes)?);
        Ok(per_block * payments)
    };
    say(format_args!(
        "| members who can pay one merchant in one block (the published contracts: 1) | {} | |",
        fit("pay by note", 1)?
    ))?;
    for (name, payments) in [
        ("pay, fee from the account", 1),
        ("pay, with a memo", 1),
        ("pay by note", 1),
        ("pay 20 by notes", 20),
        ("pay 20 directly", 20),
        ("settle a ring of 3", 3),
        ("claim 50 notes", 50),
    ] {
        say(format_args!(
            "| payments (or claims) per block: {name} | {} | |",
            fit(name, payments)?
        ))?;
    }
    let of = |name: &str| -> Outcome<(f64, f64)> {
        let kind = kinds.iter().find(|k| k.name == name).ok_or(name)?;
        let (tx, cost) = kind.case.accepted();
        let bytes = tx.sigma_serialize_bytes()?.len();
        Ok((cost.ok_or("a cost")? as f64, bytes as f64))
    };
    let (cost, bytes) = of("pay, fee from the account")?;
    for (name, goal) in [
        ("pay 20 by notes", "0.10, 0.30"),
        ("pay 20 directly", "0.30, 0.75"),
    ] {
        let (c, b) = of(name)?;
        say(format_args!(
            "| {name}, of 20 payments' cost and bytes | {:.3}, {:.3} | {goal} |",
            c / (20.0 * cost),
            b / (20.0 * bytes)
        ))?;
    }
    Ok(())
}

/// Building and signing a trade, here and in sigmastate-js, in one run.
fn signing() -> Outcome<()> {
    let mut world = World::new(61);
    let (alice, bob) = (key(211), key(212));
    let (a, b) = (world.admit(&alice), world.admit(&bob));
    let amount = |n: usize| Amount::new(100 + n as i64);
    let mut cases = Vec::new();
    for n in 0..50 {
        let (proposal, _, _) = pay_direct(&world.lets, &a, &b, amount(n)?, None, world.params())?;
        cases.push(world.case(&proposal, &[&alice]));
    }
    let state = cases[0].state();
    let wallet = Wallet::from_secrets(vec![alice.clone()]);
    let mut times = Vec::new();
    for n in 0..ROUNDS {
        let start = Instant::now();
        let (proposal, _, _) = pay_direct(&world.lets, &a, &b, amount(n)?, None, world.params())?;
        wallet.sign_transaction(proposal.context()?, &state, None)?;
        times.push(ms(start.elapsed()));
    }
    let ours = median(times);
    let theirs = median(reference_signing(&cases, &alice)?);
    say(format_args!(
        "| build and sign a trade, this library (ms, median of {ROUNDS}) | {ours:.2} | |"
    ))?;
    say(format_args!(
        "| reduce and sign it, sigmastate-js (ms, median of {ROUNDS}) | {theirs:.2} | |"
    ))?;
    say(format_args!(
        "| how many times as fast | {:.1} | 4 |",
        theirs / ours
    ))
}

fn reference_signing(cases: &[Case], key: &SecretKey) -> Outcome<Vec<f64>> {
    let requests: Vec<_> = cases
        .iter()
        .map(|c| judge::request(&c.tx(), &c.boxes(), &c.data_inputs, &c.state()))
        .collect();
    let secret: String = key.to_bytes().iter().map(|b| format!("{b:02x}")).collect();
    let line = serde_json::json!({ "requests": requests, "secret": secret, "rounds": ROUNDS });
    let mut child = Command::new("node")
        .arg("bench.mjs")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    writeln!(child.stdin.take().ok_or("no stdin")?, "{line}")?;
    let output = child.wait_with_output()?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Whole commands, as a person waits for them.
fn commands() -> Outcome<()> {
    let lets = std::env::current_exe()?.with_file_name("lets");
    let home = std::env::temp_dir().join(format!("lets-bench-{}", std::process::id()));
    std::fs::create_dir_all(&home)?;
    let passphrase = home.join("passphrase");
    std::fs::write(&passphrase, "correct horse battery\n")?;
    let run = |args: &[&str]| -> Outcome<f64> {
        let start = Instant::now();
        let done = Command::new(&lets)
            .args(args)
            .env("LETS_HOME", &home)
            .output()?;
        let took = ms(start.elapsed());
        if !done.status.success() {
            return Err(format!("lets {args:?}: {}", String::from_utf8_lossy(&done.stderr)).into());
        }
        Ok(took)
    };
    let file = passphrase.to_str().ok_or("a plain path")?;
    run(&["key", "new", "bench", "--passphrase-file", file])?;
    for (args, rounds, goal) in [
        (&["--version"][..], 20, "20"),
        (&["key", "show", "bench"][..], 20, "20"),
        (&["demo", "--json"][..], 3, "5,000"),
    ] {
        let times = (0..rounds)
            .map(|_| run(args))
            .collect::<Outcome<Vec<_>>>()?;
        say(format_args!(
            "| `lets {}` (ms, median of {rounds}) | {:.0} | {goal} |",
            args.join(" "),
            median(times)
        ))?;
    }
    Ok(std::fs::remove_dir_all(&home)?)
}

/// A payment that spends `from` to its own key again.
fn again(
    from: &ErgoBox,
    key: &SecretKey,
    wallet: &Wallet,
    devnet: &Devnet,
) -> Outcome<Transaction> {
    let created = devnet.height();
    let fee = NanoErg::MIN_FEE;
    let output = |value: u64, tree| -> Outcome<ErgoBoxCandidate> {
        Ok(ErgoBoxCandidate {
            value: value.try_into()?,
            ergo_tree: tree,
            tokens: None,
            additional_registers: NonMandatoryRegisters::empty(),
            creation_height: created,
        })
    };
    let outputs = vec![
        output(*from.value.as_u64() - fee.0, p2pk(key))?,
        output(fee.0, MINERS_FEE_ADDRESS.script()?)?,
    ];
    let inputs = vec![UnsignedInput::new(from.box_id(), ContextExtension::empty())];
    let tx = UnsignedTransaction::new_from_vec(inputs, Vec::new(), outputs)?;
    let context = TransactionContext::new(tx, vec![from.clone()], Vec::new())?;
    Ok(wallet.sign_transaction(context, &devnet.state_context(), None)?)
}

fn resident_megabytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmRSS:"))?;
    line.split_whitespace()
        .nth(1)?
        .parse::<u64>()
        .ok()
        .map(|kb| kb / 1024)
}

/// Transactions per second over REST from one client, one after the other, and the memory that they leave behind.
async fn devnet() -> Outcome<()> {
    let devnet = Devnet::start(DevnetConfig {
        block_time: BlockTime::Manual,
        ..DevnetConfig::default()
    })
    .await?;
    let client = NodeClient::new(&devnet.url(), NodeOptions::default())?;
    let owner = key(213);
    let before = resident_megabytes();
    let mut from = devnet.fund(&p2pk(&owner), 1_000 * NanoErg::ONE_ERG.0)?;
    let wallet = Wallet::from_secrets(vec![owner.clone()]);
    let mut submitting = Duration::ZERO;
    for n in 1..=DEVNET_TRANSACTIONS {
        let tx = again(&from, &owner, &wallet, &devnet)?;
        from = tx.outputs.first().clone();
        let start = Instant::now();
        client.submit(&tx).await?;
        submitting += start.elapsed();
        if n % 500 == 0 {
            devnet.mine(1)?;
        }
    }
    let rate = DEVNET_TRANSACTIONS as f64 / submitting.as_secs_f64();
    say(format_args!(
        "| devnet: transactions per second over REST, one client | {rate:.0} | |"
    ))?;
    if let (Some(before), Some(after)) = (before, resident_megabytes()) {
        say(format_args!(
            "| devnet: memory after {DEVNET_TRANSACTIONS} (MB; before {before}) | {after} | |"
        ))?;
    }
    Ok(())
}
