//! Why a script refuses, in the words of this library's own rules. The scripts judge; this only tells.

use super::Told;
use super::fault::Why;
use crate::boxes::Lets;
use crate::boxes::account::{AccountBox, Terms};
use crate::boxes::charter::CharterBox;
use crate::boxes::note::NoteBox;
use crate::boxes::pot::PotBox;
use crate::history::{Deed, charter_deed, pot_deed};
use crate::rules::{self, RuleViolation};
use crate::units::Height;
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;

impl From<RuleViolation> for Why {
    fn from(violation: RuleViolation) -> Self {
        Self::Rule(Box::new(violation))
    }
}

pub(super) fn why(lets: &Lets, told: &Told, index: usize, kind: &str) -> Option<Why> {
    let spent = told.inputs.get(index)?;
    match kind {
        "pot" => pot(lets, told),
        "charter" => charter(lets, told),
        "account" => account(lets, told, spent, index),
        "note" => note(lets, told, spent),
        _ => None,
    }
}

/// The height that the rules' twins count from: that of the last block before.
fn before(told: &Told) -> Height {
    Height(told.height.0.saturating_sub(1))
}

fn subject(lets: &Lets, boxes: &[ErgoBox]) -> Option<AccountBox> {
    AccountBox::parse(lets, boxes.get(1)?).ok()
}

fn pot(lets: &Lets, told: &Told) -> Option<Why> {
    let outputs = told.transaction.outputs.as_slice();
    let deed = match pot_deed(lets, &told.inputs, outputs, told.by_committee(lets)) {
        Ok(deed) => deed,
        Err(e) => return Some(Why::Words(e.why)),
    };
    let charter = || CharterBox::parse(lets, &told.read.first()?.ergo_box).ok();
    let (old, after) = (
        subject(lets, &told.inputs),
        PotBox::parse(lets, outputs.first()?).ok()?,
    );
    match deed {
        Deed::Admitted { terms, .. } => granted(&charter()?, &after, &terms),
        Deed::TermsSet { after: terms, .. } => granted(&charter()?, &after, &terms),
        Deed::Exited { .. } | Deed::Expelled { .. } => {
            let balance = old?.balance();
            (balance.units() != 0).then(|| RuleViolation::ExitBalance { balance }.into())
        }
        Deed::RecoveryCompleted { .. } => rules::check_complete(&charter()?, &old?, before(told))
            .err()
            .map(Why::from),
        Deed::RecoveryStarted { .. }
            if after.counters().recoveries > charter()?.bounds().recovery_starts =>
        {
            Some(Why::Words(
                "more recoveries started than the charter's rate lets",
            ))
        }
        _ => None,
    }
}

fn granted(charter: &CharterBox, after: &PotBox, terms: &Terms) -> Option<Why> {
    let (bounds, counters) = (charter.bounds(), after.counters());
    if let Err(violation) = rules::check_terms(charter, terms) {
        return Some(violation.into());
    }
    if counters.admissions > bounds.admissions {
        return Some(Why::Words(
            "more members admitted than the charter's rate lets",
        ));
    }
    (counters.issued > bounds.issue.units())
        .then_some(Why::Words("more units issued than the charter's rate lets"))
}

fn charter(lets: &Lets, told: &Told) -> Option<Why> {
    let old = CharterBox::parse(lets, told.inputs.first()?).ok()?;
    match charter_deed(lets, &told.inputs, told.transaction.outputs.as_slice()) {
        Err(e) => Some(Why::Words(e.why)),
        Ok(Deed::Enacted) => rules::check_enact(&old, before(told)).err().map(Why::from),
        Ok(_) => None,
    }
}

fn account(lets: &Lets, told: &Told, spent: &ErgoBox, index: usize) -> Option<Why> {
    let old = AccountBox::parse(lets, spent).ok()?;
    let new = told
        .transaction
        .outputs
        .get(index)
        .and_then(|b| AccountBox::parse(lets, b).ok())
        .filter(|new| new.number() == old.number());
    let Some(new) = new else {
        return Some(Why::Words("the account has no successor"));
    };
    let (from, to) = (old.balance(), new.balance());
    let words = if old.terms() != new.terms() {
        "its terms changed without the pot"
    } else if old.link() != new.link() {
        "who else may act for it changed"
    } else if to.units() < from.units() && to.debt() > new.terms().line.units() {
        "it goes past its credit line"
    } else if to.units() > from.units() && to.credit() > new.terms().cap.units() {
        "it goes above its cap"
    } else {
        return None;
    };
    Some(Why::Words(words))
}

fn note(lets: &Lets, told: &Told, spent: &ErgoBox) -> Option<Why> {
    let note = NoteBox::parse(lets, spent).ok()?;
    let Ok(leader) = AccountBox::parse(lets, told.inputs.first()?) else {
        return Some(Why::Words("no account of this LETS takes it in"));
    };
    rules::check_claim(&leader, &note).err().map(Why::from)
}
