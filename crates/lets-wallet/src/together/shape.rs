//! What a proposition asks for: groups of seats, of each of which some must be taken.

use ergo_lib::ergotree_interpreter::sigma_protocol::unproven_tree::NodePosition;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::{
    ProveDlog, SigmaBoolean, SigmaConjecture, SigmaConjectureItems, SigmaProofOfKnowledgeTree,
};

/// One place of a key in the proposition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seat {
    /// Where in the tree, as the hints of ergo-lib and of the node count.
    pub(crate) position: NodePosition,
    pub(crate) key: ProveDlog,
}

/// Seats in a row, `k` of which must be taken. All groups of an input must be satisfied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) k: usize,
    pub(crate) seats: Vec<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Shape {
    pub(crate) seats: Vec<Seat>,
    pub(crate) groups: Vec<Group>,
}

impl Shape {
    /// None when the proposition is none of: a key, "one of these keys", "k of these keys", or several of
    /// these that must all be satisfied.
    pub(crate) fn of(proposition: &SigmaBoolean) -> Option<Self> {
        let mut shape = Shape::default();
        shape
            .add(proposition, &NodePosition::crypto_tree_prefix())
            .then_some(shape)
    }

    fn add(&mut self, proposition: &SigmaBoolean, position: &NodePosition) -> bool {
        match proposition {
            SigmaBoolean::ProofOfKnowledge(SigmaProofOfKnowledgeTree::ProveDlog(key)) => {
                let seat = self.seat(key, position.clone());
                self.groups.push(Group {
                    k: 1,
                    seats: vec![seat],
                });
                true
            }
            SigmaBoolean::SigmaConjecture(SigmaConjecture::Cand(and)) => and
                .items
                .iter()
                .enumerate()
                .all(|(index, item)| self.add(item, &position.child(index))),
            SigmaBoolean::SigmaConjecture(SigmaConjecture::Cor(or)) => {
                // ergo-lib's prover confuses equal children of an OR.
                self.group(1, &or.items, position) && !self.last_group_repeats_a_key()
            }
            SigmaBoolean::SigmaConjecture(SigmaConjecture::Cthreshold(threshold)) => {
                self.group(threshold.k.into(), &threshold.children, position)
            }
            SigmaBoolean::ProofOfKnowledge(SigmaProofOfKnowledgeTree::ProveDhTuple(_))
            | SigmaBoolean::TrivialProp(_) => false,
        }
    }

    fn group(
        &mut self,
        k: usize,
        items: &SigmaConjectureItems<SigmaBoolean>,
        position: &NodePosition,
    ) -> bool {
        let mut seats = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let SigmaBoolean::ProofOfKnowledge(SigmaProofOfKnowledgeTree::ProveDlog(key)) = item
            else {
                return false;
            };
            seats.push(self.seat(key, position.child(index)));
        }
        self.groups.push(Group { k, seats });
        true
    }

    fn seat(&mut self, key: &ProveDlog, position: NodePosition) -> usize {
        self.seats.push(Seat {
            position,
            key: key.clone(),
        });
        self.seats.len() - 1
    }

    fn last_group_repeats_a_key(&self) -> bool {
        let Some(group) = self.groups.last() else {
            return false;
        };
        group.seats.iter().enumerate().any(|(nth, seat)| {
            group.seats[..nth]
                .iter()
                .any(|other| self.seats[*other].key == self.seats[*seat].key)
        })
    }

    /// Does a proof of this proposition depend on what several people choose?
    pub(crate) fn is_shared(&self) -> bool {
        self.groups.iter().map(|group| group.k).sum::<usize>() > 1
    }
}
