//! What a transaction did to each account: pure, from its boxes alone.

use lets_protocol::{
    AccountNumber, AccountState, Deed, Link, Paid, PlainAccount, PlainNote, write_off_reason,
};

/// What a transaction was to one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// The committee opened it.
    Admitted = 1,
    /// It paid others directly.
    Paid = 2,
    /// It was paid directly.
    Received = 3,
    /// It paid by notes.
    PaidByNote = 4,
    /// It took in notes to it, or to their bearer.
    Claimed = 5,
    /// It took its own notes back after their expiry.
    Refunded = 6,
    /// As the community's account it took in notes that nobody wanted.
    Absorbed = 7,
    /// It took part in a settlement of several payers.
    Settled = 8,
    /// The community took over its debt, or a part of it.
    WrittenOff = 9,
    /// As the community's account it took over a debt.
    TookOver = 10,
    /// The committee set its terms.
    Terms = 11,
    /// The committee put an heir's key beside the owner's.
    RecoveryStarted = 12,
    /// It was handed to the heir.
    Recovered = 13,
    /// Its owner refused a pending recovery.
    Vetoed = 14,
    /// Its owner changed his key.
    Key = 15,
    /// Its owner changed his settings, or signed without any change.
    Settings = 16,
    /// Somebody renewed its box.
    Refreshed = 17,
    /// Its owner closed it.
    Exited = 18,
    /// The committee closed it at balance 0.
    Expelled = 19,
    /// It vanished otherwise: storage rent took it.
    Lost = 20,
    /// Its owner opened it by himself.
    Joined = 21,
    /// Its owner changed collateral and line.
    Collateral = 22,
    /// Somebody called its debt, or froze it under a dead oracle.
    Called = 23,
    /// Somebody paid its called debt for its collateral.
    Liquidated = 24,
    /// It paid another's called debt for collateral.
    TookCollateral = 25,
    /// Its owner bought units with ERG.
    Bought = 26,
    /// Its owner gave units back for ERG.
    Redeemed = 27,
}

impl EntryKind {
    const ALL: [(EntryKind, &'static str); 27] = [
        (EntryKind::Admitted, "admitted"),
        (EntryKind::Paid, "paid"),
        (EntryKind::Received, "received"),
        (EntryKind::PaidByNote, "paid_by_note"),
        (EntryKind::Claimed, "claimed"),
        (EntryKind::Refunded, "refunded"),
        (EntryKind::Absorbed, "absorbed"),
        (EntryKind::Settled, "settled"),
        (EntryKind::WrittenOff, "written_off"),
        (EntryKind::TookOver, "took_over"),
        (EntryKind::Terms, "terms"),
        (EntryKind::RecoveryStarted, "recovery_started"),
        (EntryKind::Recovered, "recovered"),
        (EntryKind::Vetoed, "vetoed"),
        (EntryKind::Key, "key"),
        (EntryKind::Settings, "settings"),
        (EntryKind::Refreshed, "refreshed"),
        (EntryKind::Exited, "exited"),
        (EntryKind::Expelled, "expelled"),
        (EntryKind::Lost, "lost"),
        (EntryKind::Joined, "joined"),
        (EntryKind::Collateral, "collateral"),
        (EntryKind::Called, "called"),
        (EntryKind::Liquidated, "liquidated"),
        (EntryKind::TookCollateral, "took_collateral"),
        (EntryKind::Bought, "bought"),
        (EntryKind::Redeemed, "redeemed"),
    ];

    pub(crate) fn code(self) -> i64 {
        self as i64
    }

    pub(crate) fn from_code(code: i64) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find_map(|(kind, _)| (kind.code() == code).then_some(kind))
    }

    /// Its name in results.
    pub fn name(self) -> &'static str {
        let mut all = Self::ALL.into_iter();
        all.find_map(|(kind, name)| (kind == self).then_some(name))
            .unwrap_or_default()
    }
}

/// One account before and after a transaction, with all else that tells what happened to it.
pub(crate) struct Touched<'a> {
    pub(crate) before: Option<&'a PlainAccount>,
    pub(crate) after: Option<&'a PlainAccount>,
    /// It stands at the transaction's first input.
    pub(crate) leads: bool,
    /// What was done with the pot, if it leads.
    pub(crate) deed: Option<&'a Deed>,
    /// All payments in the transaction.
    pub(crate) paid: &'a [Paid],
    /// All notes that it takes in.
    pub(crate) taken: &'a [PlainNote],
}

/// What happened, and with whom, where it was one other account.
pub(crate) fn happened(touched: &Touched<'_>) -> (EntryKind, Option<AccountNumber>) {
    let (before, after) = match (touched.before, touched.after) {
        (Some(before), Some(after)) => (before, after),
        (None, _) => {
            return match touched.deed {
                Some(Deed::Joined { .. }) => (EntryKind::Joined, None),
                _ => (EntryKind::Admitted, None),
            };
        }
        (Some(_), None) => {
            return match touched.deed {
                Some(Deed::Exited { .. }) => (EntryKind::Exited, None),
                Some(Deed::Expelled { .. }) => (EntryKind::Expelled, None),
                _ => (EntryKind::Lost, None),
            };
        }
    };
    let ((before, owner, heir), (after, new_owner, new_heir)) = (parts(before), parts(after));
    let number = before.number();
    if touched.deed.and_then(Deed::account) == Some(number) {
        let kind = match touched.deed {
            Some(Deed::RecoveryStarted { .. }) => EntryKind::RecoveryStarted,
            Some(Deed::RecoveryCompleted { .. }) => EntryKind::Recovered,
            Some(Deed::Adjusted { .. }) => EntryKind::Collateral,
            Some(Deed::Called { .. }) => EntryKind::Called,
            Some(Deed::Liquidated { .. }) => EntryKind::Liquidated,
            Some(Deed::Bought { .. }) => EntryKind::Bought,
            Some(Deed::Redeemed { .. }) => EntryKind::Redeemed,
            _ => EntryKind::Terms,
        };
        return (kind, None);
    }
    if let Some(Deed::Liquidated { account, .. }) = touched.deed
        && after.units() < before.units()
    {
        return (EntryKind::TookCollateral, Some(*account));
    }
    let own: Vec<&Paid> = touched
        .paid
        .iter()
        .filter(|p| p.payer == Some(number))
        .collect();
    if let Some(first) = own.first() {
        let kind = match first {
            p if write_off_reason(&p.memo).is_some() => EntryKind::TookOver,
            p if p.by_note => EntryKind::PaidByNote,
            _ => EntryKind::Paid,
        };
        return (kind, only(own.iter().map(|p| p.payee)));
    }
    if touched.leads && !touched.taken.is_empty() {
        return took_in(before, touched.taken);
    }
    let to_it: Vec<&Paid> = touched
        .paid
        .iter()
        .filter(|p| p.payee == Some(number) && !p.by_note)
        .collect();
    match to_it.first() {
        Some(p) if p.payer.is_none() => (EntryKind::Settled, None),
        Some(p) if write_off_reason(&p.memo).is_some() => (EntryKind::WrittenOff, p.payer),
        Some(p) => (EntryKind::Received, p.payer),
        None if before.units() != after.units() => (EntryKind::Settled, None),
        None if heir.is_some() && new_heir.is_none() => (EntryKind::Vetoed, None),
        None if owner != new_owner => (EntryKind::Key, None),
        None if before.settings() == after.settings() => (EntryKind::Refreshed, None),
        None => (EntryKind::Settings, None),
    }
}

/// What an account says, its owner's key and its heir's.
fn parts(account: &PlainAccount) -> (&AccountState, &[u8], Option<&[u8]>) {
    (account.state(), account.owner(), account.heir())
}

fn took_in(leader: &AccountState, taken: &[PlainNote]) -> (EntryKind, Option<AccountNumber>) {
    let number = leader.number();
    let is_payee = |n: &PlainNote| n.payee().is_none_or(|payee| payee == number);
    let kind = match taken.first() {
        Some(note) if note.payee() == Some(number) => EntryKind::Claimed,
        Some(note) if note.payer() == number => EntryKind::Refunded,
        Some(note) if !is_payee(note) && matches!(leader.link(), Link::FollowsBox(_)) => {
            EntryKind::Absorbed
        }
        _ => EntryKind::Claimed,
    };
    let other = match kind {
        EntryKind::Claimed => only(taken.iter().map(|n| Some(n.payer()))),
        _ => only(taken.iter().map(PlainNote::payee)),
    };
    (kind, other)
}

/// The one account that all of these are, if it is one.
fn only(mut all: impl Iterator<Item = Option<AccountNumber>>) -> Option<AccountNumber> {
    let first = all.next()??;
    all.all(|other| other == Some(first)).then_some(first)
}
