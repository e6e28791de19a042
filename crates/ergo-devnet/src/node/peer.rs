//! What passes between two nodes of one network: transactions and blocks.

use std::sync::Arc;

use super::Node;
use crate::outcome::MineError;
use crate::prepared::PreparedTx;

impl Node {
    /// Takes what waits in the other's pool into its own, as if it were submitted here. Returns how many were new and valid.
    pub(crate) fn hear(&self, other: &Self) -> usize {
        let waiting: Vec<_> = (other.read().pool.iter())
            .map(|entry| entry.tx.clone())
            .collect();
        let taken = |tx: &Arc<PreparedTx>| {
            // What would have to wait behind a rival is not judged for nothing.
            let has_room = self.read().pool.admission(tx).is_ok();
            has_room && self.submit(&tx.tx).is_ok()
        };
        waiting.iter().filter(|tx| taken(tx)).count()
    }

    /// Takes over the other's chain, whichever is longer: blocks that only this one has are taken back, then the other's
    /// are put on. What waits here goes on waiting as far as it is still valid.
    pub(crate) fn follow(&self, other: &Self) -> Result<(), MineError> {
        let mut writer = self.writer();
        let mut common = self.last_common(other);
        let theirs = loop {
            // No lock of the other's is held while this one's is waited for: two that follow each other would stand still.
            let own = self.read().ledger.id_at(common);
            let state = other.read();
            if common <= state.ledger.height() && state.ledger.id_at(common) == own {
                let above = common + 1..=state.ledger.height();
                let txs = |height| {
                    let records = state.ledger.block_txs(height).iter();
                    records.map(|r| r.tx.clone()).collect::<Vec<_>>()
                };
                break above.map(txs).collect::<Vec<_>>();
            }
            drop(state);
            common = self.last_common(other);
        };
        let own = self.read().ledger.height() - common;
        if own == 0 && theirs.is_empty() {
            return Ok(());
        }
        let waiting = self.take_back(&mut writer, own)?;
        for txs in &theirs {
            match txs.is_empty() {
                true => self.mine_empty(&mut writer, 1)?,
                false => self.put_block(&mut writer, txs)?,
            }
        }
        self.readmit(&writer, waiting);
        Ok(())
    }

    /// Height of the last block that both have: below it they have all in common, above it none.
    fn last_common(&self, other: &Self) -> u32 {
        let id_at = |node: &Self, height| {
            let state = node.read();
            (height <= state.ledger.height()).then(|| state.ledger.id_at(height))
        };
        let (mut common, mut differs) = (0, self.read().ledger.height() + 1);
        while differs - common > 1 {
            let middle = common + (differs - common) / 2;
            match id_at(self, middle) == id_at(other, middle) {
                true => common = middle,
                false => differs = middle,
            }
        }
        common
    }
}
