//! I8: notes are made as they can be taken, and taken by whom they are for.

use super::{Check, Scene, ensure};
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6};

const MIN_LIFE: i64 = 10_080;
const MAX_LIFE: i64 = 262_800;

impl Scene<'_> {
    pub(super) fn notes(&self) -> Check {
        let (view, deed) = (&self.view, self.deed);
        for (place, note) in deed.inputs.iter().enumerate() {
            if view.is_note(note) && self.ran(place) {
                self.note_taken(place, note)?;
            }
        }
        let payers = self.numbers();
        for (place, made) in deed.outputs.iter().enumerate() {
            if view.is_well_formed_note(made, &payers) {
                ensure(
                    self.recent(made),
                    "I10",
                    format!("note at {place} was made too long ago"),
                )?;
            }
        }
        Ok(())
    }

    fn note_taken(&self, place: usize, note: &ErgoBox) -> Check {
        let (view, deed) = (&self.view, self.deed);
        let leader = &deed.inputs[0];
        let led = view.is_account(leader) && self.ran(0) && self.young(leader);
        ensure(
            led,
            "I8",
            format!("note at {place} taken without an account"),
        )?;
        ensure(
            self.consents(leader, 0),
            "I4",
            format!("note at {place} taken into an account whose owner has not signed"),
        )?;
        let parties = view.bytes(note, R5).unwrap_or_default();
        let rules = view.longs(note, R6).unwrap_or_default();
        let number = view.number(leader).unwrap_or_default();
        let made = i64::from(note.creation_height);
        let asked = rules.first().copied().unwrap_or(0);
        let expiry = asked.min(made + MAX_LIFE).max(made + MIN_LIFE);
        let late = deed.height - expiry;
        let refund = late > 0 && parties.get(..32) == Some(&number[..]);
        let absorbed = late > MAX_LIFE && view.link(leader) == view.charter_nft();
        let payee = parties.get(64..96.min(parties.len())).unwrap_or_default();
        let class = view.longs(leader, R4).and_then(|t| t.get(8).copied());
        let classes = rules.get(1..).unwrap_or_default();
        let claim = view.get(note, R4).is_some_and(|c| deed.proves(&c))
            && (payee.is_empty() || payee == number)
            && (classes.is_empty() || class.is_some_and(|c| classes.contains(&c)));
        ensure(
            refund || absorbed || claim,
            "I8",
            format!(
                "note at {place} taken by {}, {late} blocks after its expiry",
                short(&number)
            ),
        )
    }
}

fn short(number: &[u8]) -> String {
    number.iter().take(4).map(|b| format!("{b:02x}")).collect()
}
