//! The ledger against a plain model of it, and against itself a few blocks ago.

use std::collections::BTreeMap;

use ergo_lib::chain::transaction::input::prover_result::ProverResult;
use ergo_lib::chain::transaction::{Input, Transaction};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::{ContextExtension, ProofBytes};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::faucet::{Faucet, SUPPLY};
use crate::header::HeaderRule;
use crate::keys::{output_with_tokens, person};

/// One transaction to be made from whatever is unspent then.
#[derive(Debug, Clone)]
struct Spec {
    inputs: Vec<u16>,
    outputs: u8,
    to: u8,
    mint: Option<u32>,
    burn: bool,
}

fn arb_spec() -> impl Strategy<Value = Spec> {
    (
        vec(any::<u16>(), 1..4),
        1u8..5,
        0u8..4,
        proptest::option::of(1u32..1_000),
        any::<bool>(),
    )
        .prop_map(|(inputs, outputs, to, mint, burn)| Spec {
            inputs,
            outputs,
            to,
            mint,
            burn,
        })
}

/// What is unspent, by plain means.
#[derive(Clone, Default)]
struct Model {
    unspent: Vec<Arc<BoxData>>,
}

impl Model {
    fn make(&mut self, spec: &Spec) -> Arc<PreparedTx> {
        let mut spent: Vec<Arc<BoxData>> = Vec::new();
        for pick in &spec.inputs {
            if !self.unspent.is_empty() {
                spent.push(self.unspent.remove(*pick as usize % self.unspent.len()));
            }
        }
        let value: u64 = spent.iter().map(|data| data.value).sum();
        let count = u64::from(spec.outputs).min(value / 1_000_000).max(1);
        let mut tokens: BTreeMap<String, (TokenId, u64)> = BTreeMap::new();
        for (id, amount) in spent.iter().flat_map(|data| &data.tokens) {
            tokens.entry((*id).into()).or_insert((*id, 0)).1 += amount;
        }
        if spec.burn {
            tokens.pop_first();
        }
        let mut tokens: Vec<(TokenId, u64)> = tokens.into_values().collect();
        if let Some(amount) = spec.mint {
            tokens.push((TokenId::from(spent[0].id), u64::from(amount)));
        }
        let outputs = (0..count).map(|i| {
            let own: Vec<_> = tokens
                .iter()
                .skip(i as usize)
                .step_by(count as usize)
                .copied()
                .collect();
            let rest = if i == 0 { value % count } else { 0 };
            let tree = person(spec.to + i as u8 % 2).tree;
            output_with_tokens(&tree, value / count + rest, 5, &own)
        });
        let proof = ProverResult {
            proof: ProofBytes::Empty,
            extension: ContextExtension::empty(),
        };
        let inputs = spent
            .iter()
            .map(|data| Input::new(data.id, proof.clone()))
            .collect();
        let tx = Transaction::new_from_vec(inputs, vec![], outputs.collect()).unwrap();
        let prepared = Arc::new(PreparedTx::new(&tx).unwrap());
        self.unspent.extend(prepared.outputs.iter().cloned());
        prepared
    }
}

fn start() -> (Ledger, Model) {
    let genesis = Arc::new(Faucet::new(3).unwrap().genesis_box().unwrap());
    let ledger = Ledger::new(HeaderRule::new(3).unwrap().origin(), 100, genesis.clone());
    (
        ledger,
        Model {
            unspent: vec![genesis],
        },
    )
}

fn check_index(ledger: &Ledger, model: &Model) {
    assert_eq!(ledger.total_value(), SUPPLY);
    assert_eq!(ledger.utxo_count(), model.unspent.len());
    let mut tokens: HashMap<TokenId, u64> = HashMap::new();
    for data in &model.unspent {
        assert_eq!(ledger.unspent(&data.id), Some(data));
        for (id, amount) in &data.tokens {
            *tokens.entry(*id).or_default() += amount;
        }
    }
    assert_eq!(ledger.token_totals(), tokens);

    let boxes = || (0u32..).zip(&ledger.boxes);
    for (number, record) in boxes() {
        assert_eq!(ledger.box_index(&record.data.id), Some(number));
        let script = record.data.script;
        let same: Vec<u32> = boxes()
            .filter(|(_, r)| r.data.script == script)
            .map(|(i, _)| i)
            .collect();
        assert_eq!(ledger.boxes_of_script(&script), same);
        let touching = |record: &TxRecord| {
            let spent = record
                .tx
                .inputs
                .iter()
                .any(|id| ledger.boxes[ledger.box_by_id[id] as usize].data.script == script);
            spent || record.tx.outputs.iter().any(|data| data.script == script)
        };
        let txs: Vec<u32> = (0..)
            .zip(&ledger.txs)
            .filter(|(_, r)| touching(r))
            .map(|(i, _)| i)
            .collect();
        assert_eq!(ledger.txs_of_script(&script), txs);
        for (token, _) in &record.data.tokens {
            let held = |r: &BoxRecord| r.data.tokens.iter().any(|(id, _)| id == token);
            let with: Vec<u32> = boxes().filter(|(_, r)| held(r)).map(|(i, _)| i).collect();
            assert_eq!(ledger.by_token(token), with);
            let minting = ledger.minting_tx(token).unwrap();
            assert_eq!(TokenId::from(minting.tx.inputs[0]), *token);
        }
    }
    for (number, record) in (0..).zip(&ledger.txs) {
        assert_eq!(ledger.tx_index(&record.tx.id), Some(number));
        assert_eq!(
            &ledger.block_txs(record.height)[record.index as usize],
            record
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    #[test]
    fn blocks_applied_match_the_model_and_rolled_back_leave_no_trace(
        blocks in vec((vec(arb_spec(), 0..4), 0u32..3), 1..8),
        deep in any::<prop::sample::Index>(),
    ) {
        let (mut ledger, mut model) = start();
        let mut before = vec![(ledger.clone(), model.clone())];
        let mut contents = vec![];
        for (specs, empty) in &blocks {
            let txs: Vec<_> = specs.iter().map(|spec| model.make(spec)).collect();
            if txs.is_empty() {
                ledger.apply_empty(1);
            } else {
                let id = ledger.next_id(&txs);
                ledger.apply_block(&txs).unwrap();
                prop_assert_eq!(ledger.tip(), id);
            }
            ledger.apply_empty(*empty);
            check_index(&ledger, &model);
            contents.push(txs);
            before.push((ledger.clone(), model.clone()));
        }
        for height in 1..=ledger.height() {
            let header = ledger.header_at(height).unwrap();
            prop_assert_eq!(header.parent_id, ledger.id_at(height - 1));
            prop_assert_eq!(ledger.header_by_id(&header.id), Some(header));
        }

        // In one go to some state before ...
        let to = deep.index(before.len());
        let mut once = ledger.clone();
        let returned = once.rollback(ledger.height() - before[to].0.height()).unwrap();
        prop_assert_eq!(&once, &before[to].0);
        prop_assert_eq!(&returned, &contents[to..].concat());
        // ... and step by step to the beginning.
        for (earlier, model) in before.iter().rev() {
            let txs = ledger.rollback(ledger.height() - earlier.height()).unwrap();
            prop_assert_eq!(&ledger, earlier);
            check_index(&ledger, model);
            if let Some(content) = contents.get(before.len()) {
                prop_assert_eq!(&txs, content);
            }
        }
        prop_assert!(ledger.rollback(1).is_err());
    }
}

#[test]
fn block_with_a_box_spent_twice_changes_nothing() {
    let (mut ledger, model) = start();
    let spec = |to| Spec {
        inputs: vec![0],
        outputs: 1,
        to,
        mint: None,
        burn: false,
    };
    let first = model.clone().make(&spec(1));
    let second = model.clone().make(&spec(2));
    let untouched = ledger.clone();
    let error = ledger
        .apply_block(&[first.clone(), second.clone()])
        .unwrap_err();
    assert!(matches!(error, LedgerError::NotUnspent { tx, .. } if tx == second.id));
    assert_eq!(ledger, untouched);
    ledger.apply_block(&[first]).unwrap();
    assert!(ledger.apply_block(&[second]).is_err());
}
