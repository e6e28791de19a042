//! The order of transactions of which an index lists the boxes.

use ergo_lib::chain::transaction::TxId;
use ergo_lib::ergo_chain_types::Digest32;
use ergo_node_client::BoxEntry;

/// Where transactions stand in the chain, told by the boxes that they made and spent. As bytes, for there are many.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// A box's height, its number among all boxes, and the transaction that made it.
    made: Vec<(u32, u64, [u8; 32])>,
    /// Transactions that spent one.
    spent: Vec<[u8; 32]>,
}

impl Places {
    pub(super) fn add(&mut self, entry: &BoxEntry) {
        self.made.push((
            entry.inclusion_height.unwrap_or(u32::MAX),
            entry.global_index.unwrap_or(u64::MAX),
            entry.transaction_id.0.0,
        ));
        self.spent
            .extend(entry.spent_transaction_id.map(|id| id.0.0));
    }

    /// Each transaction once: those of the founding that made no box of these, all others by the first box that they made, and in
    /// the end those that made none, by their ids.
    pub(super) fn ordered(self, founding: &[TxId]) -> Vec<TxId> {
        let Self {
            mut made,
            mut spent,
        } = self;
        made.sort_unstable_by_key(|(height, number, id)| (*id, *height, *number));
        made.dedup_by_key(|(.., id)| *id);
        let has = |made: &[(u32, u64, [u8; 32])], id: &[u8; 32]| {
            made.binary_search_by_key(id, |(.., id)| *id).is_ok()
        };
        let absent = founding.iter().map(|id| id.0.0);
        let absent: Vec<[u8; 32]> = absent.filter(|id| !has(&made, id)).collect();
        spent.sort_unstable();
        spent.dedup();
        spent.retain(|id| !has(&made, id) && !absent.contains(id));
        made.extend(absent.into_iter().map(|id| (0, 0, id)));
        made.sort_unstable();
        made.dedup();
        let ids = made.into_iter().map(|(.., id)| id).chain(spent);
        ids.map(|id| TxId(Digest32::from(id))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ergo_lib::ergotree_ir::chain::ergo_box::BoxId;

    fn id(n: u8) -> TxId {
        TxId(Digest32::from([n; 32]))
    }

    fn entry(made: u8, place: Option<(u32, u64)>, spent: Option<u8>) -> BoxEntry {
        BoxEntry {
            box_id: BoxId::zero(),
            transaction_id: id(made),
            inclusion_height: place.map(|(height, _)| height),
            global_index: place.map(|(_, number)| number),
            spent_transaction_id: spent.map(id),
        }
    }

    fn ordered(entries: &[BoxEntry], founding: &[u8]) -> Vec<u8> {
        let mut places = Places::default();
        entries.iter().for_each(|entry| places.add(entry));
        let founding: Vec<TxId> = founding.iter().map(|n| id(*n)).collect();
        let ids = places.ordered(&founding);
        ids.iter().map(|id| id.0.0[0]).collect()
    }

    #[test]
    fn transactions_stand_where_their_first_box_does() {
        let listed = [
            // Newest first, as nodes list them; what waits for a block has no place.
            entry(3, None, None),
            entry(9, Some((7, 30)), Some(3)),
            entry(5, Some((7, 22)), Some(9)),
            entry(5, Some((7, 21)), Some(9)),
            entry(8, Some((7, 20)), Some(5)),
            entry(6, Some((5, 10)), Some(8)),
            // The list of another token has them again, from another box.
            entry(9, Some((7, 19)), None),
            entry(6, Some((5, 11)), None),
        ];
        assert_eq!(ordered(&listed, &[6]), [6, 9, 8, 5, 3]);
    }

    #[test]
    fn founding_comes_first_and_what_only_spends_last() {
        let listed = [
            entry(4, Some((5, 10)), Some(7)),
            entry(2, Some((5, 11)), Some(1)),
            entry(8, Some((6, 12)), Some(7)),
            entry(9, Some((6, 13)), Some(6)),
        ];
        // Where the index knows a place it counts, also for the founding's.
        assert_eq!(ordered(&listed, &[6, 5, 2, 5]), [5, 6, 4, 2, 8, 9, 1, 7]);
        assert_eq!(ordered(&[], &[2, 1]), [1, 2]);
    }
}
