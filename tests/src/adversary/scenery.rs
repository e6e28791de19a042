//! What the adversary finds in any state: a LETS with a committee or an open one.

use super::drafts::Draft;
use super::oracle::{Check, Deed};
use super::verdict::Judges;
use crate::case::Case;
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::wallet::secret_key::SecretKey;
use lets_protocol::Lets;

/// A state.
pub(super) trait Scenery {
    /// Every box.
    fn boxes(&self) -> Vec<&ErgoBox>;
    /// The keys of those to whom the box belongs.
    fn holders(&self, ergo_box: &ErgoBox) -> Vec<SecretKey>;
    /// Every key that there is.
    fn keys(&self) -> Vec<SecretKey>;
    /// The thief's boxes: two of them with nothing that scripts ask for.
    fn loot(&self) -> &[ErgoBox];
    /// The sponsor's boxes: plenty of ERG.
    fn sponsors(&self) -> &[ErgoBox];
    /// A script, in a word.
    fn script_name(&self, tree: &ErgoTree) -> String;
    /// A token, in a word.
    fn token_name(&self, id: TokenId) -> String;
    /// The honest transaction, if it can be laid out here; the second of two has another sponsor's box.
    fn lay(&self, draft: &Draft, nth: usize) -> Option<Case>;
    /// Whether what was accepted keeps every invariant; with `onward` also whether everybody can go on, as these judge.
    fn check(&self, deed: &Deed, onward: Option<Judges>) -> Check;
}

/// The contract of this LETS that the script is.
pub(super) fn contract_of(lets: &Lets, tree: &ErgoTree) -> Option<&'static str> {
    let all = lets.contracts().all();
    all.into_iter().find(|c| c.is(tree)).map(|c| c.name())
}

/// Which of this LETS's tokens it is.
pub(super) fn token_of(lets: &Lets, id: TokenId) -> Option<&'static str> {
    let ids = lets.ids();
    let named: [(&str, TokenId); 4] = [
        ("unit", ids.unit.into()),
        ("membership", ids.membership.into()),
        ("pot", ids.pot_nft.into()),
        ("charter", ids.charter_nft.into()),
    ];
    named.iter().find(|(_, i)| *i == id).map(|(name, _)| *name)
}
