//! I7: committee and bounds change by announcing, waiting and enacting.

use super::pot::REFRESH_COST;
use super::{Check, RECENT, REFRESH_AGE, Scene, ensure};
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6, R7, R8, R9};
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;

impl Scene<'_> {
    pub(super) fn charter(&self) -> Check {
        let (view, deed) = (&self.view, self.deed);
        for (place, spent) in deed.inputs.iter().enumerate() {
            if view.is_charter(spent) && self.ran(place) {
                ensure(place == 0, "I7", "the charter is spent at another place")?;
                self.charter_spent(spent)?;
            }
        }
        Ok(())
    }

    fn charter_spent(&self, charter: &ErgoBox) -> Check {
        let (view, deed) = (&self.view, self.deed);
        let next = &deed.outputs[0];
        let kept = view.is_charter(next)
            && view.tokens(next) == view.tokens(charter)
            && [R6, R7]
                .iter()
                .all(|id| view.constant(next, *id) == view.constant(charter, *id));
        ensure(
            kept,
            "I7",
            "the charter has no successor with its name and hard bounds",
        )?;
        ensure(
            self.recent(next),
            "I10",
            "the charter was made too long ago",
        )?;
        let cost = charter.value.as_u64().saturating_sub(*next.value.as_u64());
        let old = i64::from(charter.creation_height) + REFRESH_AGE < deed.height;
        let most = if deed.inputs.len() == 1 && old {
            REFRESH_COST
        } else {
            0
        };
        ensure(
            cost <= most,
            "I10",
            format!("the charter loses {cost} nanoErg"),
        )?;
        let signed = view.committee(charter).is_some_and(|c| deed.proves(&c));
        let same = |ids: &[_]| {
            ids.iter()
                .all(|id| view.constant(next, *id) == view.constant(charter, *id))
        };
        let pending = view
            .get::<SigmaProp>(charter, R8)
            .zip(view.longs(charter, R9));
        let announced = view.get::<SigmaProp>(next, R8).zip(view.longs(next, R9));
        let now = deed.height;
        if !same(&[R4, R5]) {
            let Some((committee, change)) = pending else {
                return ensure(false, "I7", "committee or bounds change unannounced");
            };
            let delay = view.longs(charter, R5).unwrap_or_default()[6];
            let over = change[0] + delay <= now;
            ensure(
                over,
                "I7",
                format!(
                    "a change of height {} with delay {delay} enacted at {now}",
                    change[0]
                ),
            )?;
            let exact = view.committee(next) == Some(committee)
                && view.longs(next, R5).as_deref() == Some(&change[1..]);
            ensure(exact, "I7", "another change is enacted than was announced")?;
            return ensure(
                view.constant(next, R8).is_none(),
                "I7",
                "a change is enacted and still pending",
            );
        }
        if same(&[R8, R9]) {
            return ensure(
                signed || old || pending.is_none(),
                "I7",
                "the charter is spent for nothing",
            );
        }
        ensure(signed, "I7", "an announcement without the committee")?;
        let Some((committee, change)) = announced else {
            return ensure(
                view.constant(next, R8).is_none(),
                "I7",
                "half an announcement",
            );
        };
        ensure(
            deed.proves(&committee),
            "I7",
            "a committee that has not shown that it can sign",
        )?;
        ensure(
            change
                .first()
                .is_some_and(|from| *from >= now && *from <= now + RECENT),
            "I7",
            format!("an announcement from {:?} on", change.first()),
        )?;
        let hard: Vec<Vec<i64>> = view.get(charter, R7).unwrap_or_default();
        let bounds = &change[1..];
        let within = bounds.len() == hard[0].len()
            && bounds.iter().zip(&hard[0]).all(|(n, least)| n >= least)
            && bounds.iter().zip(&hard[1]).all(|(n, most)| n <= most);
        ensure(
            within,
            "I7",
            format!("bounds {bounds:?} beyond what they may ever be"),
        )
    }
}
