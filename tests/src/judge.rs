//! The reference judge: `contracts/judge.mjs`, the official interpreter under Node.js, in a few processes for all tests.

use ergo_lib::chain::ergo_state_context::ErgoStateContext;
use ergo_lib::chain::transaction::unsigned::UnsignedTransaction;
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::ergotree_ir::serialization::constant_store::ConstantStore;
use ergo_lib::ergotree_ir::serialization::sigma_byte_reader::SigmaByteReader;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaBoolean;
use serde_json::{Value, json};
use sigma_ser::vlq_encode::ReadSigmaVlqExt;
use std::io::{BufRead, BufReader, Cursor, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, TryLockError};

/// What the official interpreter says of one transaction.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// For each input whether its script reduces to something that could be proven, or why not.
    pub inputs: Vec<Result<(), String>>,
    /// What the inputs reduce to, and the block cost without proofs; only if all of them do.
    pub reduced: Option<Reduced>,
}

/// A transaction as the official interpreter reduced it.
#[derive(Debug, Clone)]
pub struct Reduced {
    /// Each input's proposition.
    pub props: Vec<SigmaBoolean>,
    /// Block cost, proofs not counted.
    pub cost: u64,
}

struct Process {
    _child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

/// Processes started as they are needed, as many at once as there are cores.
fn pool() -> &'static [Mutex<Option<Process>>] {
    static POOL: OnceLock<Vec<Mutex<Option<Process>>>> = OnceLock::new();
    POOL.get_or_init(|| {
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        (0..cores.min(4)).map(|_| Mutex::new(None)).collect()
    })
}

/// A place of the pool that nobody uses now, or the next in turn.
fn free() -> MutexGuard<'static, Option<Process>> {
    static TURN: AtomicUsize = AtomicUsize::new(0);
    for place in pool() {
        match place.try_lock() {
            Ok(guard) => return guard,
            // A test that panics elsewhere must not make the others fail too.
            Err(TryLockError::Poisoned(e)) => return e.into_inner(),
            Err(TryLockError::WouldBlock) => {}
        }
    }
    let turn = TURN.fetch_add(1, Ordering::Relaxed) % pool().len();
    pool()[turn].lock().unwrap_or_else(|e| e.into_inner())
}

fn start() -> Process {
    let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts");
    assert!(
        contracts.join("node_modules/sigmastate-js").exists(),
        "the reference interpreter is not installed: run `cargo xtask test`, or `npm ci` in contracts/"
    );
    let mut child = Command::new("node")
        .arg("judge.mjs")
        .current_dir(contracts)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Node.js 20 or newer must be installed");
    let stdin = child.stdin.take().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    Process {
        _child: child,
        stdin,
        stdout,
    }
}

/// A request as `contracts/judge.mjs` reads it.
pub fn request(
    tx: &UnsignedTransaction,
    boxes: &[ErgoBox],
    data_boxes: &[ErgoBox],
    state: &ErgoStateContext,
) -> Value {
    json!({
        "tx": tx,
        "boxes": boxes,
        "dataBoxes": data_boxes,
        "headers": state.headers.to_vec(),
        "height": state.pre_header.height,
        "timestamp": state.pre_header.timestamp,
    })
}

/// The answer to a request.
fn ask(request: &Value) -> Value {
    let mut line = String::new();
    let mut place = free();
    let process = place.get_or_insert_with(start);
    writeln!(process.stdin, "{request}").unwrap();
    process.stdout.read_line(&mut line).unwrap();
    serde_json::from_str(&line).expect("the judge answers in JSON")
}

/// Asks the official interpreter about `tx`.
pub fn judge(
    tx: &UnsignedTransaction,
    boxes: &[ErgoBox],
    data_boxes: &[ErgoBox],
    state: &ErgoStateContext,
) -> Verdict {
    verdict(&ask(&request(tx, boxes, data_boxes, state)))
}

/// As [`judge`], but if the script of `input` fails nothing is asked of the others, and they stand as if they did not.
pub fn judge_at(
    input: usize,
    tx: &UnsignedTransaction,
    boxes: &[ErgoBox],
    data_boxes: &[ErgoBox],
    state: &ErgoStateContext,
) -> Verdict {
    let mut request = request(tx, boxes, data_boxes, state);
    request["at"] = json!(input);
    verdict(&ask(&request))
}

fn verdict(answer: &Value) -> Verdict {
    let inputs: Vec<_> = answer["inputs"]
        .as_array()
        .unwrap_or_else(|| panic!("the judge could not read the transaction: {answer}"))
        .iter()
        .map(|input| match input["error"].as_str() {
            Some(reason) => Err(reason.to_owned()),
            None => Ok(()),
        })
        .collect();
    let reduced = reduced(answer, inputs.len());
    Verdict { inputs, reduced }
}

/// As [`judge`], but does not tell which scripts fail: what the inputs reduce to, or `None` if one of them does not.
pub fn judge_whole(
    tx: &UnsignedTransaction,
    boxes: &[ErgoBox],
    data_boxes: &[ErgoBox],
    state: &ErgoStateContext,
) -> Option<Reduced> {
    let mut request = request(tx, boxes, data_boxes, state);
    request["whole"] = json!(true);
    reduced(&ask(&request), boxes.len())
}

fn reduced(answer: &Value, inputs: usize) -> Option<Reduced> {
    let text = answer["reduced"].as_str()?;
    Some(Reduced {
        props: props(&hex::decode(text).unwrap(), inputs),
        cost: answer["cost"].as_u64().expect("a cost"),
    })
}

/// The propositions in a reduced transaction (EIP-19): they stand behind the transaction and its length, each before a cost.
/// ergo-lib's parser of the whole would take apart every output's script too, which costs more than the judging.
fn props(reduced: &[u8], inputs: usize) -> Vec<SigmaBoolean> {
    let mut reader = SigmaByteReader::new(Cursor::new(reduced), ConstantStore::empty());
    let length = reader.get_u32().expect("the transaction's length");
    let mut tx = vec![0; length as usize];
    reader.read_exact(&mut tx).expect("the transaction");
    let mut next = || {
        let prop = SigmaBoolean::sigma_parse(&mut reader).expect("a proposition");
        reader.get_u64().expect("its cost");
        prop
    };
    (0..inputs).map(|_| next()).collect()
}
