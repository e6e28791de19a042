//! Judged cases on disk: what `cargo xtask mutate` judges again with a mutant in a script's place.
//!
//! With the environment variable `LETS_CASES` each test program writes every case that it judges, and the verdict that
//! its test asserts, to a file of its own in that folder.

use crate::case::{Case, made_by};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate};
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::wallet::secret_key::SecretKey;
use lets_contracts::unparsed;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, OnceLock};

/// What a test asserts of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asserted {
    /// Every script accepts it, signed.
    Accepted,
    /// The script of this input refuses it.
    RefusedAt(usize),
    /// The scripts would accept it with other signatures.
    Unproven,
}

/// Writes the case, if cases are recorded.
pub fn record(case: &Case, asserted: Asserted) {
    static FILE: OnceLock<Option<Mutex<File>>> = OnceLock::new();
    let file = FILE.get_or_init(|| {
        let folder = std::env::var_os("LETS_CASES").filter(|folder| !folder.is_empty())?;
        let program = std::env::current_exe().unwrap();
        let name = program.file_stem().unwrap().to_str().unwrap();
        // Cargo appends a hash, of which many may have been built.
        let name = name.rsplit_once('-').map_or(name, |(name, _)| name);
        let path = Path::new(&folder).join(format!("{name}.jsonl"));
        Some(Mutex::new(File::create(path).unwrap()))
    });
    if let Some(file) = file {
        let line = to_line(case, asserted);
        let mut file = file.lock().unwrap_or_else(|e| e.into_inner());
        writeln!(file, "{line}").unwrap();
    }
}

fn to_hex(object: &impl SigmaSerializable) -> String {
    hex::encode(object.sigma_serialize_bytes().unwrap())
}

/// The shortest script that ergo-lib can read: nobody's.
const NOBODY: [u8; 3] = [0x00, 0x08, 0xd2];

/// A box's script, and the box with [`NOBODY`] in its place. From the whole box ergo-lib would parse the script, which takes
/// longer than all else that is done with a case.
fn apart<B: SigmaSerializable + Clone>(
    whole: &B,
    script: impl Fn(&mut B) -> &mut ErgoTree,
) -> [String; 2] {
    let mut rest = whole.clone();
    let taken = std::mem::replace(script(&mut rest), unparsed(NOBODY.to_vec()));
    [to_hex(&taken), to_hex(&rest)]
}

fn to_line(case: &Case, asserted: Asserted) -> Value {
    let of_box = |b: &ErgoBox| apart(b, |b| &mut b.ergo_tree);
    let of_output = |b: &ErgoBoxCandidate| apart(b, |b| &mut b.ergo_tree);
    let inputs = case.inputs.iter().map(|(b, e)| (of_box(b), to_hex(e)));
    let keys = case.signers.iter().map(|k| hex::encode(k.to_bytes()));
    json!({
        "asserted": match asserted {
            Asserted::Accepted => json!("accepted"),
            Asserted::RefusedAt(input) => json!(input),
            Asserted::Unproven => json!("unproven"),
        },
        "inputs": inputs.collect::<Vec<_>>(),
        "dataInputs": case.data_inputs.iter().map(of_box).collect::<Vec<_>>(),
        "outputs": case.outputs.iter().map(of_output).collect::<Vec<_>>(),
        "height": case.height,
        "signers": keys.collect::<Vec<_>>(),
    })
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn of_hex<T: SigmaSerializable>(value: &Value) -> T {
    T::sigma_parse_bytes(&bytes(value)).unwrap()
}

fn read_output(parts: &Value) -> ErgoBoxCandidate {
    ErgoBoxCandidate {
        ergo_tree: unparsed(bytes(&parts[0])),
        ..of_hex(&parts[1])
    }
}

fn read_box(parts: &Value) -> ErgoBox {
    let rest: ErgoBox = of_hex(&parts[1]);
    let (made_in, place) = (rest.transaction_id, rest.index);
    let mut whole = ErgoBoxCandidate::from(rest);
    whole.ergo_tree = unparsed(bytes(&parts[0]));
    made_by(&whole, made_in, place)
}

/// Reads a line of a file of cases. Its boxes have their scripts as bytes.
pub fn of_line(line: &str) -> (Case, Asserted) {
    let value: Value = serde_json::from_str(line).unwrap();
    let list = |name: &str| value[name].as_array().unwrap();
    let key = |v: &Value| {
        let bytes = bytes(v);
        match <&[u8; 32]>::try_from(bytes.as_slice()) {
            Ok(scalar) => SecretKey::dlog_from_bytes(scalar),
            Err(_) => SecretKey::dht_from_bytes(bytes.as_slice().try_into().unwrap()),
        }
        .unwrap()
    };
    let asserted = match &value["asserted"] {
        Value::Number(input) => Asserted::RefusedAt(input.as_u64().unwrap() as usize),
        name if name == "accepted" => Asserted::Accepted,
        _ => Asserted::Unproven,
    };
    let input = |pair: &Value| (read_box(&pair[0]), of_hex::<ContextExtension>(&pair[1]));
    let case = Case {
        inputs: list("inputs").iter().map(input).collect(),
        data_inputs: list("dataInputs").iter().map(read_box).collect(),
        outputs: list("outputs").iter().map(read_output).collect(),
        height: value["height"].as_u64().unwrap() as u32,
        signers: list("signers").iter().map(key).collect(),
    };
    (case, asserted)
}
