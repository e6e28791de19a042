//! What makes a changed transaction whole again, so that the scripts and not the chain's own rules decide about it.

use super::scenery::Scenery;
use crate::case::Case;
use crate::hand::loot;
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxTokens, ErgoBox};
use ergo_lib::ergotree_ir::chain::token::TokenId;

/// The least ERG that an output is given.
const LEAST: u64 = 1_000_000;

/// Sums of tokens, in the order in which they are met.
struct Sums(Vec<(TokenId, u64)>);

impl Sums {
    fn of<'a>(boxes: impl Iterator<Item = &'a Option<BoxTokens>>) -> Self {
        let mut sums: Vec<(TokenId, u64)> = Vec::new();
        for token in boxes.flat_map(|tokens| tokens.iter().flatten()) {
            let amount = *token.amount.as_u64();
            match sums.iter_mut().find(|(id, _)| *id == token.token_id) {
                Some((_, sum)) => *sum = sum.saturating_add(amount),
                None => sums.push((token.token_id, amount)),
            }
        }
        Self(sums)
    }

    fn spent(case: &Case) -> Self {
        Self::of(case.inputs.iter().map(|(b, _)| &b.tokens))
    }

    fn made(case: &Case) -> Self {
        Self::of(case.outputs.iter().map(|b| &b.tokens))
    }

    fn get(&self, id: TokenId) -> u64 {
        let found = self.0.iter().find(|(i, _)| *i == id);
        found.map_or(0, |(_, n)| *n)
    }

    /// What there is more here than there.
    fn beyond(&self, other: &Self) -> Vec<(TokenId, u64)> {
        let all = self.0.iter();
        all.map(|(id, n)| (*id, n.saturating_sub(other.get(*id))))
            .filter(|(_, n)| *n > 0)
            .collect()
    }
}

/// The tokens that an honest transaction burns: the account token of who leaves.
pub(super) fn burnt(case: &Case) -> Vec<TokenId> {
    let burnt = Sums::spent(case).beyond(&Sums::made(case));
    burnt.into_iter().map(|(id, _)| id).collect()
}

/// What is too much: tokens that are spent and not made, but for what is to be burnt.
fn left(case: &Case, burnt: &[TokenId]) -> Vec<(TokenId, u64)> {
    let mut left = Sums::spent(case).beyond(&Sums::made(case));
    left.retain(|(id, _)| !burnt.contains(id));
    left
}

/// Balances ERG and tokens. Of what is short the thief and the sponsor give what they have, and the rest is taken from the
/// last outputs that have some; what is too much is the thief's.
pub(super) fn repair(state: &dyn Scenery, case: &mut Case, burnt: &[TokenId]) {
    give_tokens(state, case);
    take_tokens(case);
    let needed = if left(case, burnt).is_empty() {
        0
    } else {
        LEAST
    };
    let spent = |case: &Case| -> u64 { case.inputs.iter().map(|(b, _)| b.value.as_u64()).sum() };
    let made = |case: &Case| -> u64 { case.outputs.iter().map(|b| b.value.as_u64()).sum() };
    for giver in state.sponsors().iter().chain(&state.loot()[..2]) {
        if spent(case) < made(case) + needed && !spends(case, giver) {
            give(state, case, giver);
        }
    }
    // The thief's boxes may have brought tokens along.
    let left = left(case, burnt);
    let spare = spent(case).saturating_sub(made(case));
    if spare >= LEAST {
        let mut rest = loot(&left);
        rest.creation_height = case.height - 1;
        rest.value = spare.try_into().unwrap();
        case.outputs.push(rest);
    } else if spare > 0 {
        let last = case.outputs.len() - 1;
        case.give_erg(last, spare);
    }
}

fn spends(case: &Case, ergo_box: &ErgoBox) -> bool {
    case.inputs
        .iter()
        .any(|(b, _)| b.box_id() == ergo_box.box_id())
}

fn give(state: &dyn Scenery, case: &mut Case, giver: &ErgoBox) {
    case.inputs.push((giver.clone(), ContextExtension::empty()));
    case.signers.extend(state.holders(giver));
}

/// What is made beyond what is spent, but for a token minted.
fn missing(case: &Case) -> Vec<(TokenId, u64)> {
    let minted = TokenId::from(case.inputs[0].0.box_id());
    let mut missing = Sums::made(case).beyond(&Sums::spent(case));
    missing.retain(|(id, _)| *id != minted);
    missing
}

fn give_tokens(state: &dyn Scenery, case: &mut Case) {
    for (id, _) in missing(case) {
        let has = |b: &&ErgoBox| b.tokens.iter().flatten().any(|t| t.token_id == id);
        let mut givers = state.loot().iter().filter(has);
        if let Some(giver) = givers.find(|b| !spends(case, b)) {
            give(state, case, giver);
        }
    }
}

fn take_tokens(case: &mut Case) {
    for (id, mut missing) in missing(case) {
        for output in (0..case.outputs.len()).rev() {
            case.set_tokens(output, |tokens| {
                for token in tokens.iter_mut().filter(|t| t.0 == id) {
                    let some = missing.min(token.1);
                    token.1 -= some;
                    missing -= some;
                }
                tokens.retain(|(_, n)| *n > 0);
            });
        }
    }
}
