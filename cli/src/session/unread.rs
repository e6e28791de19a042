//! Boxes of the chain that this program cannot read. Anybody may make one: whoever lists boxes is told of it and goes on.

use std::collections::HashSet;
use std::sync::Mutex;

use ergo_lib::ergotree_ir::chain::ergo_box::box_value::BoxValue;
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, BoxTokens, ErgoBox, NonMandatoryRegisters};
use ergo_lib::ergotree_ir::chain::token::{Token, TokenAmount};
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_node_client::{IndexedBox, Listing, Output as Made, UnreadBox};
use lets_contracts::unparsed;
use lets_ledger::{Ledger, stranger};

use super::Session;
use super::follow::as_made;
use crate::error::CliError;
use crate::output::Output;

/// The boxes that were told of.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<HashSet<BoxId>>);

impl Session {
    /// Tells the user once of each of these boxes that it is left out.
    pub(super) fn heed<'u>(&self, unread: impl IntoIterator<Item = &'u UnreadBox>) {
        let Ok(mut told) = self.told.0.lock() else {
            return;
        };
        for unread in unread {
            if told.insert(unread.box_id) {
                Output::new(false).note(&format!("warning: {unread}. It is left out"));
            }
        }
    }

    /// The boxes of a list that can be read; the user is told of the others.
    pub(super) fn readable(&self, found: Listing<IndexedBox>) -> Vec<IndexedBox> {
        self.heed(&found.unread);
        found.boxes
    }
}

/// Boxes at their places, with stand-ins where one cannot be read.
pub(super) fn boxes(all: Vec<Result<IndexedBox, UnreadBox>>) -> Result<Vec<ErgoBox>, CliError> {
    let one = |item: Result<IndexedBox, UnreadBox>| match item {
        Ok(read) => Ok(read.ergo_box),
        Err(unread) => stand_in(&unread),
    };
    all.into_iter().map(one).collect()
}

/// The same of boxes that a transaction makes.
pub(super) fn made(all: Vec<Result<Made, UnreadBox>>) -> Result<Vec<ErgoBox>, CliError> {
    let one = |item: Result<Made, UnreadBox>| match item {
        Ok(read) => whole(read),
        Err(unread) => stand_in(&unread),
    };
    all.into_iter().map(one).collect()
}

/// A box that a transaction makes. If its script is that of a key, it can be spent.
pub(super) fn whole(made: Made) -> Result<ErgoBox, CliError> {
    let tree = made.tree();
    let mut whole = as_made(made).ergo_box().map_err(CliError::Nothing)?;
    whole.ergo_tree = tree;
    Ok(whole)
}

/// A box with all that can be told of one that cannot be read: everything but its registers, and so its id. It is no box of any
/// LETS, for each of those has registers.
pub(super) fn stand_in(unread: &UnreadBox) -> Result<ErgoBox, CliError> {
    let token = |(token_id, amount): &(_, u64)| {
        let amount = TokenAmount::try_from(*amount).ok()?;
        Some(Token {
            token_id: *token_id,
            amount,
        })
    };
    let told = || {
        let tokens: Vec<Token> = unread.tokens.iter().filter_map(token).collect();
        ErgoBox::new(
            BoxValue::new(unread.value).ok()?,
            unparsed(unread.script.clone()),
            BoxTokens::from_vec(tokens).ok(),
            NonMandatoryRegisters::empty(),
            unread.creation_height,
            unread.transaction_id,
            unread.index,
        )
        .ok()
    };
    match told() {
        Some(told) => Ok(told),
        None => Ok(stranger(unread.index)?),
    }
}

/// The boxes of the LETS that a ledger knows to be there and that cannot be read.
pub(super) fn kept_unread(ledger: &Ledger) -> Result<Vec<UnreadBox>, CliError> {
    let told = |(box_id, stand_in): (BoxId, ErgoBox)| UnreadBox {
        box_id,
        transaction_id: stand_in.transaction_id,
        index: stand_in.index,
        value: *stand_in.value.as_u64(),
        script: stand_in
            .ergo_tree
            .sigma_serialize_bytes()
            .unwrap_or_default(),
        tokens: stand_in
            .tokens
            .iter()
            .flatten()
            .map(|t| (t.token_id, *t.amount.as_u64()))
            .collect(),
        creation_height: stand_in.creation_height,
        why: "its registers are not ones to be read".to_owned(),
    };
    Ok(ledger.unread()?.into_iter().map(told).collect())
}
