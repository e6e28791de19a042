//! A transaction in words that a person can follow.

use super::scenery::Scenery;
use crate::case::{Case, registers};
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBoxCandidate;
use ergo_lib::ergotree_ir::mir::constant::{Constant, TryExtractInto};
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::{SigmaBoolean, SigmaProp};
use std::fmt::Write;

/// The transaction, box by box.
pub(super) fn transaction(state: &dyn Scenery, case: &Case) -> String {
    let mut text = format!("at height {}\n", case.height);
    for (n, (b, extension)) in case.inputs.iter().enumerate() {
        let vars: Vec<_> = extension
            .values
            .iter()
            .map(|(k, v)| format!("{k}={v:?}"))
            .collect();
        let age = i64::from(case.height) - i64::from(b.creation_height);
        let _ = writeln!(
            text,
            "  in  {n} {} age {age} {}",
            candidate(state, &b.clone().into()),
            vars.join(" ")
        );
    }
    for (n, b) in case.data_inputs.iter().enumerate() {
        let _ = writeln!(text, "  read {n} {}", candidate(state, &b.clone().into()));
    }
    for (n, b) in case.outputs.iter().enumerate() {
        let age = i64::from(case.height) - i64::from(b.creation_height);
        let _ = writeln!(text, "  out {n} {} age {age}", candidate(state, b));
    }
    let signers: Vec<_> = case
        .signers
        .iter()
        .map(|k| key(&SigmaBoolean::from(crate::world::public(k))))
        .collect();
    let _ = writeln!(text, "  signed by {}", signers.join(" "));
    text
}

fn candidate(state: &dyn Scenery, b: &ErgoBoxCandidate) -> String {
    let tokens: Vec<_> = b
        .tokens
        .iter()
        .flatten()
        .map(|t| format!("{}x{}", t.amount.as_u64(), state.token_name(t.token_id)))
        .collect();
    let registers: Vec<_> = registers(b).iter().map(constant).collect();
    format!(
        "{} {} nanoErg [{}] {}",
        state.script_name(&b.ergo_tree),
        b.value.as_u64(),
        tokens.join(" "),
        registers.join(" ")
    )
}

fn constant(constant: &Constant) -> String {
    let c = || constant.clone();
    if let Ok(longs) = c().try_extract_into::<Vec<i64>>() {
        return format!("{longs:?}");
    }
    if let Ok(bytes) = c().try_extract_into::<Vec<u8>>() {
        return format!(
            "{} bytes {}",
            bytes.len(),
            hex(&bytes[..bytes.len().min(4)])
        );
    }
    if let Ok(prop) = c().try_extract_into::<SigmaProp>() {
        return key(prop.value());
    }
    if let Ok(props) = c().try_extract_into::<Vec<SigmaProp>>() {
        let all: Vec<_> = props.iter().map(|p| key(p.value())).collect();
        return format!("keys {}", all.join(","));
    }
    format!("{:?}", constant.tpe)
}

fn key(prop: &SigmaBoolean) -> String {
    let mut leaves = Vec::new();
    super::view::leaves(prop, &mut leaves);
    let names = leaves.iter().map(|l| {
        use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
        let bytes = l.sigma_serialize_bytes().unwrap_or_default();
        hex(&bytes[bytes.len().saturating_sub(3)..])
    });
    match prop {
        SigmaBoolean::TrivialProp(b) => b.to_string(),
        _ => names.collect::<Vec<_>>().join("|"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
