//! Boxes as the oracle sees them: tokens, registers, propositions, with nothing taken for granted.

use crate::case::size;
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, NonMandatoryRegisterId};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::mir::constant::{Constant, Literal, TryExtractFrom, TryExtractInto};
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::{
    SigmaBoolean, SigmaConjectureItems, SigmaProp,
};
use lets_protocol::Lets;

/// The boxes of one LETS, whatever stands in them.
pub struct View<'a> {
    lets: &'a Lets,
    pot_nft: TokenId,
    charter_nft: TokenId,
    membership: TokenId,
    unit: TokenId,
}

impl<'a> View<'a> {
    /// The boxes of this LETS.
    pub fn new(lets: &'a Lets) -> Self {
        let ids = lets.ids();
        Self {
            lets,
            pot_nft: ids.pot_nft.into(),
            charter_nft: ids.charter_nft.into(),
            membership: ids.membership.into(),
            unit: ids.unit.into(),
        }
    }

    fn token(&self, b: &ErgoBox, place: usize) -> Option<(TokenId, u64)> {
        let token = b.tokens.iter().flatten().nth(place)?;
        Some((token.token_id, *token.amount.as_u64()))
    }

    /// The first token's id, as bytes, and its amount.
    pub fn first_token(&self, b: &ErgoBox) -> Option<(Vec<u8>, u64)> {
        self.token(b, 0).map(|(id, n)| (id.into(), n))
    }

    /// How much of a token stands anywhere in the box.
    pub fn amount(&self, b: &ErgoBox, id: TokenId) -> u64 {
        let all = b.tokens.iter().flatten().filter(|t| t.token_id == id);
        all.map(|t| *t.amount.as_u64()).sum()
    }

    /// Units anywhere in the box.
    pub fn units(&self, b: &ErgoBox) -> i128 {
        self.amount(b, self.unit).into()
    }

    /// Membership tokens anywhere in the box.
    pub fn memberships(&self, b: &ErgoBox) -> u64 {
        self.amount(b, self.membership)
    }

    /// An account's script with a membership token in its place.
    pub fn is_account(&self, b: &ErgoBox) -> bool {
        self.is_account_script(b) && self.token(b, 0) == Some((self.membership, 1))
    }

    /// An account's script, whatever it holds.
    pub fn is_account_script(&self, b: &ErgoBox) -> bool {
        self.lets.contracts().account.is(&b.ergo_tree)
    }

    /// The pot.
    pub fn is_pot(&self, b: &ErgoBox) -> bool {
        self.lets.contracts().pot.is(&b.ergo_tree) && self.token(b, 0) == Some((self.pot_nft, 1))
    }

    /// The charter.
    pub fn is_charter(&self, b: &ErgoBox) -> bool {
        self.lets.contracts().charter.is(&b.ergo_tree) && self.has_charter_nft(b)
    }

    /// A box that holds the charter's NFT in its place.
    pub fn has_charter_nft(&self, b: &ErgoBox) -> bool {
        self.token(b, 0) == Some((self.charter_nft, 1))
    }

    /// An application.
    pub fn is_application(&self, b: &ErgoBox) -> bool {
        self.lets.contracts().application.is(&b.ergo_tree)
    }

    /// The note's script with units.
    pub fn is_note(&self, b: &ErgoBox) -> bool {
        self.lets.contracts().note.is(&b.ergo_tree) && self.units(b) > 0
    }

    /// A note that can be taken some day, made by one of the accounts with these numbers.
    pub fn is_well_formed_note(&self, b: &ErgoBox, payers: &[Vec<u8>]) -> bool {
        let parties = self
            .bytes(b, NonMandatoryRegisterId::R5)
            .unwrap_or_default();
        let account = self.lets.contracts().account.hash();
        self.is_note(b)
            && b.tokens.iter().flatten().count() == 1
            && self
                .get::<SigmaProp>(b, NonMandatoryRegisterId::R4)
                .is_some()
            && self.longs(b, NonMandatoryRegisterId::R6).is_some()
            && parties
                .get(..32)
                .is_some_and(|p| payers.iter().any(|n| n == p))
            && parties.get(32..64) == Some(account.bytes().as_slice())
    }

    /// What looks like an account of another LETS: two tokens of which there is one each, none of them ours.
    pub fn is_stranger(&self, b: &ErgoBox) -> bool {
        let ours = [self.pot_nft, self.charter_nft, self.membership, self.unit];
        let alone = |place| {
            self.token(b, place)
                .is_some_and(|t| t.1 == 1 && !ours.contains(&t.0))
        };
        alone(0) && alone(1)
    }

    /// Membership tokens that are neither an account's one nor the pot's.
    pub fn memberships_outside(&self, b: &ErgoBox) -> u64 {
        let own = match () {
            () if self.is_account(b) => 1,
            () if self.is_pot(b) => match self.token(b, 1) {
                Some((id, amount)) if id == self.membership => amount,
                _ => 0,
            },
            () => 0,
        };
        self.memberships(b) - own
    }

    /// What the pot holds in its places: membership tokens and units.
    pub fn pot_holdings(&self, b: &ErgoBox) -> Option<(i128, i128)> {
        let all: Vec<_> = (0..4).map_while(|n| self.token(b, n)).collect();
        match all.as_slice() {
            [(nft, 1), (membership, m), (unit, u)]
                if (*nft, *membership, *unit) == (self.pot_nft, self.membership, self.unit) =>
            {
                Some((i128::from(*m), i128::from(*u)))
            }
            _ => None,
        }
    }

    /// An account's number: its second token, of which there is one.
    pub fn number(&self, b: &ErgoBox) -> Option<Vec<u8>> {
        self.token(b, 1)
            .filter(|t| self.is_account(b) && t.1 == 1)
            .map(|t| t.0.into())
    }

    /// All tokens in their order.
    pub fn tokens(&self, b: &ErgoBox) -> Vec<(TokenId, u64)> {
        (0..).map_while(|n| self.token(b, n)).collect()
    }

    /// The tokens but for the units.
    pub fn tokens_but_units(&self, b: &ErgoBox) -> Vec<(TokenId, u64)> {
        let mut all = self.tokens(b);
        all.retain(|t| t.0 != self.unit);
        all
    }

    /// The pot's NFT, as applications name it.
    pub fn pot_nft(&self) -> Vec<u8> {
        self.pot_nft.into()
    }

    /// The charter's NFT, as links name it.
    pub fn charter_nft(&self) -> Vec<u8> {
        self.charter_nft.into()
    }

    /// A register.
    pub fn constant(&self, b: &ErgoBox, id: NonMandatoryRegisterId) -> Option<Constant> {
        b.additional_registers.get_constant(id).ok().flatten()
    }

    /// A register of this type.
    pub fn get<T: TryExtractFrom<Literal>>(
        &self,
        b: &ErgoBox,
        id: NonMandatoryRegisterId,
    ) -> Option<T> {
        self.constant(b, id)?.try_extract_into().ok()
    }

    /// Numbers in a register.
    pub fn longs(&self, b: &ErgoBox, id: NonMandatoryRegisterId) -> Option<Vec<i64>> {
        self.get(b, id)
    }

    /// Bytes in a register.
    pub fn bytes(&self, b: &ErgoBox, id: NonMandatoryRegisterId) -> Option<Vec<u8>> {
        self.get(b, id)
    }

    /// An account's keys.
    pub fn keys(&self, b: &ErgoBox) -> Vec<SigmaProp> {
        self.get(b, NonMandatoryRegisterId::R5).unwrap_or_default()
    }

    /// An account's link.
    pub fn link(&self, b: &ErgoBox) -> Vec<u8> {
        self.bytes(b, NonMandatoryRegisterId::R7)
            .unwrap_or_default()
    }

    /// A charter's committee, or any box's R4.
    pub fn committee(&self, b: &ErgoBox) -> Option<SigmaProp> {
        self.get(b, NonMandatoryRegisterId::R4)
    }

    /// The box's bytes.
    pub fn size(&self, b: &ErgoBox) -> usize {
        size(b)
    }
}

/// Whether the keys suffice for the proposition.
pub fn proves(prop: &SigmaBoolean, keys: &[SigmaBoolean]) -> bool {
    use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaConjecture::{
        Cand, Cor, Cthreshold,
    };
    let proven = |items: &SigmaConjectureItems<SigmaBoolean>| {
        items.iter().filter(|i| proves(i, keys)).count()
    };
    match prop {
        SigmaBoolean::TrivialProp(b) => *b,
        SigmaBoolean::ProofOfKnowledge(_) => keys.contains(prop),
        SigmaBoolean::SigmaConjecture(Cand(c)) => proven(&c.items) == c.items.len(),
        SigmaBoolean::SigmaConjecture(Cor(c)) => proven(&c.items) > 0,
        SigmaBoolean::SigmaConjecture(Cthreshold(c)) => proven(&c.children) >= usize::from(c.k),
    }
}

/// The keys that stand in a proposition.
pub fn leaves(prop: &SigmaBoolean, into: &mut Vec<SigmaBoolean>) {
    use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaConjecture::{
        Cand, Cor, Cthreshold,
    };
    match prop {
        SigmaBoolean::TrivialProp(_) => {}
        SigmaBoolean::ProofOfKnowledge(_) => into.push(prop.clone()),
        SigmaBoolean::SigmaConjecture(Cand(c)) => c.items.iter().for_each(|i| leaves(i, into)),
        SigmaBoolean::SigmaConjecture(Cor(c)) => c.items.iter().for_each(|i| leaves(i, into)),
        SigmaBoolean::SigmaConjecture(Cthreshold(c)) => {
            c.children.iter().for_each(|i| leaves(i, into))
        }
    }
}
