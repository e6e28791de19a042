//! Committees of fresh keys, and the way of a file between them.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "every test file uses a part of this; a broken fixture must stop the test"
)]

use std::collections::HashMap;

use ergo_lib::chain::transaction::Transaction;
use ergo_lib::chain::transaction::unsigned::UnsignedTransaction;
use ergo_lib::ergo_chain_types::EcPoint;
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::mir::atleast::Atleast;
use ergo_lib::ergotree_ir::mir::collection::Collection;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::mir::expr::Expr;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use ergo_lib::ergotree_ir::types::stype::SType;
use ergo_lib::wallet::signing::TransactionContext;
use lets_wallet::{
    AnswerId, AnswerLog, LocalSigner, NonceId, Nonces, OneTimeKey, Round, RoundFile, Stage,
};

use super::{boxes, gather, prop_tree, state, tree};

pub(crate) type UnsignedContext = TransactionContext<UnsignedTransaction>;

/// A log in memory, for rounds in which nobody restarts.
#[derive(Default)]
pub(crate) struct Log(HashMap<NonceId, AnswerId>);

impl Log {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl AnswerLog for Log {
    fn first(&mut self, nonce: NonceId, answer: AnswerId) -> std::io::Result<AnswerId> {
        Ok(*self.0.entry(nonce).or_insert(answer))
    }
}

pub(crate) fn members(n: usize) -> Vec<LocalSigner> {
    (0..n)
        .map(|_| {
            LocalSigner::new([])
                .unwrap()
                .with_one_time_key(&OneTimeKey::generate().unwrap())
        })
        .collect()
}

pub(crate) fn key(member: &LocalSigner) -> EcPoint {
    (*member.public_keys()[0].h).clone()
}

fn prop(member: &LocalSigner) -> SigmaProp {
    member.public_keys()[0].clone().into()
}

pub(crate) fn constant(member: &LocalSigner) -> Expr {
    Expr::Const(Constant::from(prop(member)))
}

pub(crate) fn p2pk(member: &LocalSigner) -> ErgoTree {
    prop_tree(prop(member))
}

pub(crate) fn at_least_expr<'a>(
    k: usize,
    members: impl IntoIterator<Item = &'a LocalSigner>,
) -> Expr {
    let keys = members.into_iter().map(constant).collect();
    Atleast::new(
        Expr::Const(i32::try_from(k).unwrap().into()),
        Collection::new(SType::SSigmaProp, keys).unwrap().into(),
    )
    .unwrap()
    .into()
}

pub(crate) fn at_least(k: usize, members: &[LocalSigner]) -> ErgoTree {
    tree(at_least_expr(k, members))
}

/// A transaction that spends one box of each script.
pub(crate) fn spending(scripts: Vec<ErgoTree>) -> (Vec<ErgoBox>, UnsignedContext) {
    let inputs = boxes(scripts.clone());
    let tx = gather(&inputs, scripts[0].clone());
    (inputs, tx)
}

pub(crate) fn json(round: &Round) -> String {
    serde_json::to_string(&round.to_file()).unwrap()
}

pub(crate) fn file(json: &str) -> RoundFile {
    serde_json::from_str(json).unwrap()
}

/// The next signer gets the file, and nothing else.
pub(crate) fn pass(tx: &UnsignedContext, round: &Round) -> Round {
    let next = Round::resume(tx, &state(), &file(&json(round))).unwrap();
    assert_eq!(json(&next), json(round));
    next
}

/// All commit in this order, the last of them answers at once, and the others answer in the reverse order.
pub(crate) fn signed(tx: &UnsignedContext, signers: &[&LocalSigner]) -> Transaction {
    let mut round = Round::start(tx, &state()).unwrap();
    let mut kept: Vec<(&LocalSigner, zeroize::Zeroizing<Vec<u8>>)> = Vec::new();
    for signer in signers {
        assert_eq!(round.stage(), Stage::Commit);
        round = pass(tx, &round);
        if round.commit_and_answer(signer).is_err() {
            kept.push((signer, round.commit(signer).unwrap().to_bytes()));
        }
    }
    for (signer, bytes) in kept.iter().rev() {
        round = pass(tx, &round);
        assert_eq!(round.stage(), Stage::Answer);
        let mut nonces = Nonces::from_bytes(bytes).unwrap();
        round.answer(signer, &mut nonces, &mut Log::new()).unwrap();
    }
    round = pass(tx, &round);
    assert_eq!(round.stage(), Stage::Finish);
    assert_eq!(round.answered(), round.committed());
    round.finish().unwrap()
}
