//! The books of years: the same however the ledger came to them, and true to the chain.

use lets_ledger::{EntryKind, Ledger, LedgerError, Pick, TxRange};
use lets_protocol::Balance;
use lets_tests::story::{FOUNDED, Story};
use std::collections::BTreeSet;
use std::path::Path;

fn ledger(folder: &Path, name: &str, story: &Story) -> Ledger {
    Ledger::open(&folder.join(name), "story", Some(story.lets.clone())).unwrap()
}

fn dump(ledger: &Ledger) -> String {
    let mut bytes = Vec::new();
    ledger.dump(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Brings a ledger to the story's end as a follower does: back to the fork, then on.
fn follow(ledger: &mut Ledger, story: &Story) {
    let same = |height: u32| story.blocks.get((height - FOUNDED) as usize);
    let fork = ledger
        .kept_blocks()
        .unwrap()
        .into_iter()
        .find(|tip| same(tip.height).is_some_and(|b| b.head.id == tip.id));
    let from = match fork {
        Some(fork) => {
            ledger.cut_back(fork.height).unwrap();
            fork.height + 1
        }
        None => FOUNDED,
    };
    ledger.apply(story.from(from)).unwrap();
}

#[test]
fn books_followed_over_reorganisations_are_those_built_from_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut story = Story::new(7);
    let mut followed = ledger(folder.path(), "followed", &story);
    story.go_on(25);
    follow(&mut followed, &story);
    let mut kinds = BTreeSet::new();
    for depth in [1, 2, 3, 5, 9, 14, 20] {
        story.go_on(3);
        follow(&mut followed, &story);
        let before = dump(&followed);
        story.take_back(depth);
        story.go_on(u32::try_from(depth).unwrap() + 1);
        follow(&mut followed, &story);
        assert_ne!(dump(&followed), before, "depth {depth}");
        if depth % 5 != 0 || depth == 20 {
            let mut fresh = ledger(folder.path(), &format!("fresh{depth}"), &story);
            fresh.apply(story.from(FOUNDED)).unwrap();
            assert_eq!(dump(&followed), dump(&fresh), "depth {depth}");
        }
    }
    let mut sum = 0;
    let accounts = followed.accounts(Pick::All).unwrap();
    let balances: Vec<_> = accounts
        .iter()
        .map(|a| (a.number(), a.balance().units()))
        .collect();
    assert_eq!(balances, story.balances());
    for number in followed.numbers("").unwrap() {
        let mut balance = 0;
        for entry in followed.entries(&number, TxRange::ALL).unwrap() {
            assert_eq!(entry.balance, balance + entry.change, "{entry:?}");
            assert!(followed.placed(&entry.transaction).unwrap().is_some());
            let paid: i64 = entry.payments.iter().map(|p| p.paid.amount.units()).sum();
            let taken: i64 = entry.taken.iter().map(|p| p.paid.amount.units()).sum();
            match entry.kind {
                EntryKind::Paid | EntryKind::PaidByNote => assert_eq!(entry.change, taken - paid),
                EntryKind::Received => assert_eq!(entry.change, paid),
                EntryKind::Claimed => assert_eq!(entry.change, taken),
                EntryKind::Settled => {}
                _ => assert_eq!(entry.change, 0, "{entry:?}"),
            }
            kinds.insert(entry.kind.name());
            balance = entry.balance;
        }
        let now = followed.balance_at(&number, TxRange::ALL.to).unwrap();
        assert_eq!(now, Some(balance));
        sum += balance;
    }
    assert_eq!(Balance::new(sum + story.in_notes()), Balance::new(0));
    let old = followed.created_before(u32::MAX).unwrap();
    assert_eq!(old.len(), story.balances().len() + 2);
    assert!(followed.created_before(FOUNDED - 1).unwrap().is_empty());
    assert_eq!(followed.outstanding().unwrap().1, story.in_notes());
    for kind in [
        "admitted",
        "paid",
        "received",
        "paid_by_note",
        "claimed",
        "settled",
        "terms",
        "settings",
    ] {
        assert!(kinds.contains(kind), "no {kind} in {kinds:?}");
    }
}

#[test]
fn months_add_up_to_all_payments() {
    let folder = tempfile::tempdir().unwrap();
    let mut story = Story::new(11);
    // A block every twelve hours.
    story.go_on(120);
    let mut books = ledger(folder.path(), "books", &story);
    books.apply(story.from(FOUNDED)).unwrap();
    let months = books.months().unwrap();
    let payments = books.payments(TxRange::ALL).unwrap();
    let names: Vec<&str> = months.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names, ["2023-11", "2023-12", "2024-01"]);
    assert_eq!(
        months.iter().map(|m| m.payments).sum::<i64>(),
        i64::try_from(payments.len()).unwrap()
    );
    assert_eq!(
        months.iter().map(|m| m.volume).sum::<i64>(),
        payments.iter().map(|p| p.paid.amount.units()).sum::<i64>()
    );
    let last = months.last().unwrap();
    let positive: i64 = story.balances().iter().map(|(_, b)| (*b).max(0)).sum();
    assert_eq!(last.circulation, positive);
    assert_eq!(last.members, i64::try_from(story.balances().len()).unwrap());
    let figures = books.figures().unwrap();
    let mut balances: Vec<_> = figures.iter().map(|f| (f.number, f.balance)).collect();
    balances.sort();
    assert_eq!(balances, story.balances());
}

#[test]
fn block_that_does_not_follow_is_refused_and_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let mut story = Story::new(3);
    story.go_on(10);
    let mut books = ledger(folder.path(), "books", &story);
    books.apply(story.from(FOUNDED).take(6)).unwrap();
    let before = dump(&books);
    // One is left out; and a whole batch fails with its last block.
    let error = books.apply(story.from(FOUNDED + 7)).unwrap_err();
    assert!(matches!(error, LedgerError::NotNext { .. }), "{error}");
    let torn = story
        .from(FOUNDED + 6)
        .take(2)
        .chain(story.from(FOUNDED + 9));
    let error = books.apply(torn).unwrap_err();
    assert!(matches!(error, LedgerError::NotNext { .. }), "{error}");
    assert_eq!(dump(&books), before);
    let error = books.cut_back(FOUNDED - 5).unwrap_err();
    assert!(matches!(error, LedgerError::TooDeep { .. }), "{error}");
    // Blocks that are known to be empty may be skipped, and one process goes on where another has come to.
    let mut other = ledger(folder.path(), "books", &story);
    books.apply(story.from(FOUNDED + 6)).unwrap();
    assert_eq!(other.tip().unwrap(), books.tip().unwrap());
    let error = other.apply(story.from(FOUNDED + 6)).unwrap_err();
    assert!(matches!(error, LedgerError::NotNext { .. }), "{error}");
}

#[test]
fn file_that_is_no_ledger_of_this_lets_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let story = Story::new(3);
    let path = folder.path().join("books");
    let open = |subject: &str| Ledger::open(&path, subject, Some(story.lets.clone()));
    assert!(Ledger::existing(&path, "story", None).unwrap().is_none());
    drop(open("story").unwrap());
    assert!(matches!(open("other"), Err(LedgerError::Foreign { .. })));
    std::fs::write(
        &path,
        b"these are no books, whatever the name of the file says",
    )
    .unwrap();
    let damaged = open("story").unwrap_err();
    assert!(matches!(damaged, LedgerError::Damaged { .. }), "{damaged}");
    assert!(damaged.rebuild_helps() && damaged.to_string().contains("books"));
}
