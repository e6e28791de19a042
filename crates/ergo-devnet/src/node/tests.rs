//! The node under random payments, blocks and rollbacks, and its block limit.

use std::collections::BTreeMap;

use ergo_lib::ergotree_ir::mir::bin_op::{BinOp, BinOpKind, RelationOp};
use ergo_lib::ergotree_ir::mir::bool_to_sigma::BoolToSigmaProp;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::mir::expr::Expr;
use ergo_lib::ergotree_ir::mir::global_vars::GlobalVars;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::faucet::SUPPLY;
use crate::judge::MIN_FEE;
use crate::keys::{Person, fee_output, made, output, person};

const ERG: u64 = 1_000_000_000;

fn manual() -> Node {
    let config = DevnetConfig {
        block_time: BlockTime::Manual,
        ..DevnetConfig::default()
    };
    Node::open(&config).unwrap()
}

#[derive(Debug, Clone)]
enum Op {
    /// Spends some box in sight, in chain or pool, perhaps one already spent in the pool.
    Pay {
        from: prop::sample::Index,
        fee: u64,
        data: Option<prop::sample::Index>,
    },
    Fund(u8),
    Mine(u32),
    Rollback(u32),
}

fn arb_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (any::<prop::sample::Index>(), 1u64..9, proptest::option::of(any::<prop::sample::Index>()))
            .prop_map(|(from, fee, data)| Op::Pay { from, fee: fee * MIN_FEE, data }),
        1 => (1u8..4).prop_map(Op::Fund),
        2 => (1u32..3).prop_map(Op::Mine),
        2 => (1u32..4).prop_map(Op::Rollback),
    ]
}

/// Boxes of three people that are unspent in the chain or made in the pool, with their owners.
fn in_sight(node: &Node) -> Vec<(Person, ErgoBox)> {
    let state = node.read();
    let mut found = Vec::new();
    for number in 1..4 {
        let person = person(number);
        let key = crate::prepared::script_key(&person.tree).unwrap();
        let confirmed = state.ledger.boxes_of_script(&key).iter();
        let confirmed = confirmed.map(|i| state.ledger.box_at(*i).unwrap());
        let pooled = state.pool.iter().flat_map(|entry| &entry.tx.outputs);
        let boxes = confirmed
            .filter(|record| record.spent.is_none())
            .map(|record| &record.data)
            .chain(pooled.filter(|data| data.script == key));
        found.extend(boxes.map(|data| (person.clone(), data.parse().unwrap())));
    }
    found
}

fn check(node: &Node) {
    let state = node.read();
    assert_eq!(state.ledger.total_value(), SUPPLY);
    let mut made = HashSet::new();
    let mut spent = HashSet::new();
    for entry in state.pool.iter() {
        for id in entry.tx.inputs.iter().chain(&entry.tx.data_inputs) {
            assert!(
                made.contains(id) || state.ledger.unspent(id).is_some(),
                "unresolved"
            );
        }
        for id in &entry.tx.inputs {
            assert!(spent.insert(*id), "spent twice in the pool");
        }
        made.extend(entry.tx.outputs.iter().map(|data| data.id));
        assert!(state.pool.get(&entry.tx.id).is_some());
    }
    assert!(spent.iter().all(|id| state.pool.spends(id)));
    assert!(made.iter().all(|id| state.pool.made(id).is_some()));
    assert_eq!(state.context.headers[0].id, state.ledger.tip());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(2),
        ..ProptestConfig::default()
    })]

    #[test]
    fn pool_and_chain_stay_sound_under_any_order_of_operations(ops in vec(arb_op(), 1..40)) {
        let node = manual();
        node.fund(&person(1).tree, ERG).unwrap();
        node.fund(&person(2).tree, ERG).unwrap();
        let mut contexts = BTreeMap::new();
        for op in ops {
            let height = node.read().ledger.height();
            contexts.insert(height, node.read().context.clone());
            match op {
                Op::Pay { from, fee, data } => {
                    let boxes = in_sight(&node);
                    if boxes.is_empty() {
                        continue;
                    }
                    let context = node.read().context.clone();
                    let (owner, funds) = from.get(&boxes);
                    let value = *funds.value.as_u64();
                    if value < 2 * fee {
                        continue;
                    }
                    let half = (value - fee) / 2;
                    let outputs = vec![
                        output(&person(3).tree, half, context.pre_header.height),
                        output(&owner.tree, value - fee - half, context.pre_header.height),
                        fee_output(fee, context.pre_header.height),
                    ];
                    let read: Vec<ErgoBox> =
                        data.iter().map(|index| index.get(&boxes).1.clone()).collect();
                    let inputs = std::slice::from_ref(funds);
                    let tx = owner.spend(&context, inputs, &read, outputs);
                    let rival = node.read().pool.spends(&funds.box_id());
                    match node.submit(&tx) {
                        Ok(_) => {}
                        Err(SubmitError::Refused(
                            Refusal::DoubleSpend { .. } | Refusal::AlreadyInPool { .. },
                        )) => prop_assert!(rival, "refused without a rival"),
                        Err(other) => prop_assert!(false, "{other}"),
                    }
                }
                Op::Fund(number) => {
                    let paid = node.fund(&person(number).tree, ERG).unwrap();
                    let id = paid.box_id();
                    prop_assert!(node.read().ledger.unspent(&id).is_some());
                    prop_assert_eq!(node.read().ledger.height(), height + 1);
                }
                Op::Mine(blocks) => {
                    // A data input may be gone by now: spent by a transaction that a faucet's block left behind.
                    let pooled = node.read().pool.len();
                    let done = node.mine(blocks).unwrap();
                    prop_assert_eq!(done.height, height + blocks);
                    prop_assert_eq!(done.included.len() + done.dropped.len(), pooled);
                    prop_assert!(node.read().pool.is_empty());
                }
                Op::Rollback(blocks) => {
                    let mined = node.read().ledger.mined();
                    let done = node.rollback(blocks);
                    prop_assert_eq!(done.is_ok(), blocks <= mined);
                    if blocks <= mined {
                        contexts.split_off(&(height - blocks + 1));
                        if let Some(context) = contexts.get(&(height - blocks)) {
                            prop_assert_eq!(context, &node.read().context);
                        }
                    }
                }
            }
            check(&node);
        }
        let other = manual();
        other.fund(&person(3).tree, ERG).unwrap();
        other.follow(&node).unwrap();
        check(&other);
        prop_assert!(other.read().ledger == node.read().ledger);
    }
}

#[test]
fn nodes_that_hear_and_follow_each_other_have_one_chain_and_what_is_still_valid_waits() {
    let (one, two) = (manual(), manual());
    let alice = person(1);
    let disputed = one.fund(&alice.tree, ERG).unwrap();
    let quiet = one.fund(&alice.tree, ERG).unwrap();
    two.follow(&one).unwrap();
    assert!(two.read().ledger == one.read().ledger);
    let context = one.read().context.clone();
    let pay = |funds: &ErgoBox, value| alice.pay(&context, funds, &alice.tree, value, MIN_FEE);
    let first = alice.pay(&context, &disputed, &alice.tree, ERG / 2, 2 * MIN_FEE);
    let rival = pay(&disputed, ERG / 4);
    let both = pay(&quiet, ERG / 2);
    let late = pay(&made(&rival, 0), ERG / 8);
    one.submit(&first).unwrap();
    for tx in [&rival, &both, &late] {
        two.submit(tx).unwrap();
    }
    // The rival pays less than the first, and its child comes without its parent.
    assert_eq!((one.hear(&two), one.hear(&two)), (1, 0));

    let mined = one.mine(1).unwrap();
    assert_eq!(mined.included, [first.id(), both.id()]);
    two.mine(2).unwrap();
    two.submit(&pay(&made(&both, 0), ERG / 4)).unwrap();
    one.follow(&two).unwrap();
    check(&one);
    assert!(one.read().ledger == two.read().ledger);
    assert!(
        one.read().pool.is_empty(),
        "the first is spent by its rival"
    );

    // The other way round a block is lost, and what was in it and still may be waits again.
    let tip = two.read().ledger.height();
    one.mine(1).unwrap();
    two.mine(1).unwrap();
    two.follow(&one).unwrap();
    assert_eq!(two.read().ledger.height(), tip + 1);
    assert_eq!(two.read().pool.len(), 1);
    check(&two);
}

#[test]
fn node_does_not_follow_one_of_another_beginning() {
    let one = manual();
    one.mine(3).unwrap();
    let other = Node::open(&DevnetConfig {
        seed: 99,
        block_time: BlockTime::Manual,
        ..DevnetConfig::default()
    });
    let refused = one.follow(&other.unwrap()).unwrap_err();
    assert!(matches!(
        refused,
        MineError::Ledger(LedgerError::RollbackTooDeep { mined: 3, .. })
    ));
    check(&one);
}

#[test]
fn block_full_leaves_the_rest_and_their_children_for_the_next() {
    let node = manual();
    let alice = person(1);
    let mut txs = Vec::new();
    let count = 2_200;
    let mut boxes = Vec::new();
    for _ in 0..15 {
        boxes.push(node.fund(&alice.tree, 10 * ERG).unwrap());
    }
    let context = node.read().context.clone();
    let height = context.pre_header.height;
    for funds in &boxes {
        let mut outputs = vec![output(&alice.tree, ERG / 1_000, height); count];
        let left = 10 * ERG - count as u64 * (ERG / 1_000);
        outputs.push(output(&alice.tree, left - MIN_FEE, height));
        outputs.push(fee_output(MIN_FEE, height));
        let tx = alice.spend(&context, std::slice::from_ref(funds), &[], outputs);
        node.submit(&tx).unwrap();
        txs.push(tx);
    }
    let size = node.read().pool.iter().next().unwrap().tx.bytes.len();
    let fitting = MAX_BLOCK_SIZE / size;
    assert!(fitting < boxes.len());
    let last = txs.last().unwrap();
    let child = alice.pay(&context, &made(last, count), &alice.tree, ERG, MIN_FEE);
    node.submit(&child).unwrap();

    let first = node.mine(1).unwrap();
    assert_eq!((first.included.len(), first.dropped.len()), (fitting, 0));
    assert!(!first.included.contains(&child.id()));
    let second = node.mine(1).unwrap();
    assert_eq!(second.included.len(), boxes.len() - fitting + 1);
    assert_eq!(second.included.last(), Some(&child.id()));
}

#[test]
fn pooled_transaction_no_longer_valid_is_dropped_with_its_children() {
    let node = manual();
    let alice = person(1);
    let read = node.fund(&alice.tree, ERG).unwrap();
    let funds = node.fund(&alice.tree, ERG).unwrap();
    let context = node.read().context.clone();
    let height = context.pre_header.height;
    let outputs = vec![
        output(&alice.tree, ERG - MIN_FEE, height),
        fee_output(MIN_FEE, height),
    ];
    let spender = alice.pay(&context, &read, &alice.tree, ERG / 2, MIN_FEE);
    let reader = alice.spend(&context, &[funds], &[read], outputs);
    let child = alice.pay(&context, &made(&reader, 0), &alice.tree, ERG / 2, MIN_FEE);
    for tx in [&spender, &reader, &child] {
        node.submit(tx).unwrap();
    }
    // A block with the spender alone: what the reader reads is gone.
    let only = HashSet::from([spender.id()]);
    node.mine_block(&mut node.writer(), Some(&only)).unwrap();
    let done = node.mine(1).unwrap();
    assert!(done.included.is_empty());
    assert!(matches!(done.dropped[0], Refusal::MissingDataInputs { id, .. } if id == reader.id()));
    assert!(matches!(done.dropped[1], Refusal::MissingInputs { id, .. } if id == child.id()));
    assert!(node.read().pool.is_empty());
}

#[test]
fn submissions_from_many_threads_all_arrive() {
    let node = Arc::new(manual());
    let alice = person(1);
    let funds: Vec<ErgoBox> = (0..12)
        .map(|_| node.fund(&alice.tree, ERG).unwrap())
        .collect();
    std::thread::scope(|scope| {
        for share in funds.chunks(3) {
            let (node, alice) = (node.clone(), alice.clone());
            scope.spawn(move || {
                for funds in share {
                    let context = node.read().context.clone();
                    let tx = alice.pay(&context, funds, &alice.tree, ERG / 2, MIN_FEE);
                    node.submit(&tx).unwrap();
                    node.mine(1).unwrap();
                }
            });
        }
    });
    check(&node);
    assert!(node.read().pool.is_empty());
    let key = crate::prepared::script_key(&alice.tree).unwrap();
    assert_eq!(node.read().ledger.txs_of_script(&key).len(), 24);
}

/// A script that anybody may spend below a height.
fn until(height: u32) -> ErgoTree {
    let in_time = BinOp {
        kind: BinOpKind::Relation(RelationOp::Lt),
        left: Box::new(GlobalVars::Height.into()),
        right: Box::new(Constant::from(height as i32).into()),
    };
    let input = Box::new(Expr::BinOp(in_time.into()));
    ErgoTree::try_from(Expr::BoolToSigmaProp(BoolToSigmaProp { input })).unwrap()
}

#[test]
fn pooled_transaction_past_its_deadline_is_judged_again_and_dropped() {
    for (deadline, valid) in [(1_003, false), (1_004, true)] {
        let node = manual();
        let funds = node.fund(&until(deadline), ERG).unwrap();
        let context = node.read().context.clone();
        assert_eq!(context.pre_header.height, 1_002);
        let height = funds.creation_height;
        let outputs = vec![
            output(&person(1).tree, ERG - MIN_FEE, height),
            fee_output(MIN_FEE, height),
        ];
        let tx = person(1).spend(&context, &[funds], &[], outputs);
        node.submit(&tx).unwrap();
        // A block with something else: the transaction's turn comes at 1,003.
        node.fund(&person(2).tree, ERG).unwrap();
        let done = node.mine(1).unwrap();
        assert_eq!(done.included.contains(&tx.id()), valid);
        let dropped = matches!(done.dropped.first(), Some(Refusal::Script { id, input: 0, .. }) if *id == tx.id());
        assert_eq!(dropped, !valid);
    }
}
