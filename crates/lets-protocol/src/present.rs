//! The boxes of a LETS at one moment, sorted; what is none of them is named.

use crate::books::Books;
use crate::boxes::Lets;
use crate::boxes::account::AccountBox;
use crate::boxes::charter::CharterBox;
use crate::boxes::common_pot::CommonPot;
use crate::boxes::note::NoteBox;
use crate::replay::{Culprit, Fault, Kind, Wrong, piece_in, read};
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox};
use std::collections::HashSet;

/// All unspent boxes that hold a token of one LETS.
#[derive(Debug, Clone, Default)]
pub struct Present {
    /// The boxes that are charters: one, if nothing is wrong.
    pub charters: Vec<CharterBox>,
    /// The boxes that are pots: one, if nothing is wrong.
    pub pots: Vec<CommonPot>,
    /// The accounts, in the order of their numbers.
    pub accounts: Vec<AccountBox>,
    /// The notes.
    pub notes: Vec<NoteBox>,
    /// Boxes that are none of these, and accounts that stand in two boxes.
    pub faults: Vec<Fault>,
    /// All of the boxes.
    pub ids: HashSet<BoxId>,
}

impl Present {
    /// Sorts boxes, each once. Those without a token of the LETS are passed over: anybody can make them.
    pub fn of(lets: &Lets, boxes: impl IntoIterator<Item = ErgoBox>) -> Self {
        let mut present = Self::default();
        for ergo_box in boxes {
            present.add(lets, &ergo_box);
        }
        present.accounts.sort_by_key(AccountBox::number);
        let twice: Vec<Fault> = present
            .accounts
            .windows(2)
            .filter(|pair| pair[0].number() == pair[1].number())
            .map(|pair| Fault {
                culprit: Culprit::Box(pair[1].ergo_box().box_id()),
                wrong: Wrong::Twice(pair[1].number()),
            })
            .collect();
        present.faults.extend(twice);
        present
    }

    fn add(&mut self, lets: &Lets, ergo_box: &ErgoBox) {
        let id = ergo_box.box_id();
        let Some(piece) = piece_in(lets, ergo_box).filter(|_| self.ids.insert(id)) else {
            return;
        };
        let wrong = match read(lets, ergo_box) {
            Some(Ok(Kind::Charter(charter))) => return self.charters.push(*charter),
            Some(Ok(Kind::Pot(pot))) => return self.pots.push(pot),
            Some(Ok(Kind::Account(account))) => return self.accounts.push(account),
            Some(Ok(Kind::Note(note))) => return self.notes.push(note),
            Some(Err(e)) => Wrong::Malformed(e),
            None => Wrong::Stray(piece),
        };
        self.faults.push(Fault {
            culprit: Culprit::Box(id),
            wrong,
        });
    }

    /// The books, if there is one pot.
    pub fn books(&self) -> Option<Books> {
        let [pot] = self.pots.as_slice() else {
            return None;
        };
        Some(Books {
            pot: pot.clone(),
            accounts: self.accounts.clone(),
            notes: self.notes.clone(),
        })
    }
}
