//! The books of years: the same however the ledger came to them, and true to the chain.

use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use lets_contracts::unparsed;
use lets_ledger::{
    BlockTx, EntryKind, KEPT_BLOCKS, Ledger, LedgerError, Made, Pick, Spot, TxRange,
};
use lets_protocol::{AccountBox, Balance, NoteBox, PlainAccount, PlainBox, PlainNote};
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

/// On its way to a far tip a ledger writes nothing down that only going back would need; and one that stopped there goes on.
#[test]
fn books_of_settled_blocks_are_the_same_and_go_back_as_far_as_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut story = Story::new(5);
    story.go_on(60);
    let tip = story.blocks.last().unwrap().head.height;
    let settled = tip - 12;
    for (name, pieces) in [("once", 100), ("pieces", 7), ("each", 1)] {
        let mut fast = ledger(folder.path(), name, &story);
        let all: Vec<_> = story.from(FOUNDED).collect();
        for piece in all.chunks(pieces) {
            let mut batch = fast.batch_towards(settled + KEPT_BLOCKS).unwrap();
            for (head, transactions) in piece {
                batch.block(head).unwrap();
                for tx in *transactions {
                    batch.transaction(&BlockTx::try_from(tx).unwrap()).unwrap();
                }
            }
            batch.commit().unwrap();
            // As if another process went on.
            if pieces == 7 {
                fast = ledger(folder.path(), name, &story);
            }
        }
        let mut slow = ledger(folder.path(), &format!("slow {name}"), &story);
        slow.apply(story.from(FOUNDED)).unwrap();
        assert_eq!(dump(&fast), dump(&slow), "{name}");
        assert_eq!(fast.kept_blocks().unwrap().len(), 13);
        // What is read is the same, with the indices and without.
        let numbers = fast.numbers("").unwrap();
        for indexed in [false, true] {
            for number in &numbers {
                let all = TxRange::ALL;
                let entries = fast.entries(number, all).unwrap();
                assert_eq!(entries, slow.entries(number, all).unwrap());
                let made = fast.transactions_with(&number.token_id()).unwrap();
                assert!(!made.is_empty());
                for id in made {
                    assert_eq!(fast.placed(&id).unwrap(), slow.placed(&id).unwrap());
                }
            }
            assert_eq!(fast.accounts(Pick::All).unwrap().len(), numbers.len());
            for account in fast.accounts(Pick::All).unwrap() {
                let one = [account.number()];
                let found = fast.accounts(Pick::Numbers(&one)).unwrap();
                assert_eq!((found.len(), found.first()), (1, Some(&account)));
                let owner = [account.owner().clone()];
                let owned = fast.accounts(Pick::Owners(&owner)).unwrap();
                assert!(owned.contains(&account), "indexed: {indexed}");
            }
            for (_, transactions) in story.from(FOUNDED) {
                for made in transactions.iter().flat_map(|tx| tx.outputs.iter()) {
                    let spot = fast.spot(&made.box_id()).unwrap();
                    let known = slow.spot(&made.box_id()).unwrap();
                    let place = |s: &Spot| (s.made_by, s.height, s.place, s.spent_by);
                    assert_eq!(spot.as_ref().map(place), known.as_ref().map(place));
                }
            }
            fast.index().unwrap();
            slow.index().unwrap();
        }
        let error = fast.cut_back(settled - 1).unwrap_err();
        assert!(matches!(error, LedgerError::TooDeep { .. }), "{error}");
        for height in [tip - 1, settled + 3, settled] {
            fast.cut_back(height).unwrap();
            slow.cut_back(height).unwrap();
            assert_eq!(dump(&fast), dump(&slow), "{name} back to {height}");
        }
        fast.apply(story.from(settled + 1)).unwrap();
        slow.apply(story.from(settled + 1)).unwrap();
        assert_eq!(dump(&fast), dump(&slow), "{name} and on again");
        // Begun anew, in the same file.
        fast.clear().unwrap();
        fast.apply(story.from(FOUNDED)).unwrap();
        assert_eq!(dump(&fast), dump(&slow), "{name} anew");
    }
}

/// A box's bytes again, from those without its script.
fn whole(made: &Made, unscripted: &[u8]) -> Option<ErgoBox> {
    let at = unscripted.iter().position(|b| b & 0x80 == 0)? + 1;
    let (value, rest) = unscripted.split_at(at);
    // The smallest one: damage may reach where the script would end.
    let bytes = [value, &[0, 1, 1], rest].concat();
    let mut read = ErgoBox::sigma_parse_bytes(&bytes).ok()?;
    read.ergo_tree = unparsed(made.script.to_vec());
    Some(read)
}

/// Whatever the bytes: if a box is read off them at all, it says what ergo-lib and the parser of its kind say.
#[test]
fn account_and_note_read_off_their_bytes_are_what_their_parsers_say() {
    let mut story = Story::new(9);
    story.go_on(40);
    let lets = &story.lets;
    let (mut accounts, mut notes, mut seen) = (0, 0, BTreeSet::new());
    let made = |tx| BlockTx::try_from(tx).unwrap().outputs;
    for made in story
        .from(FOUNDED)
        .flat_map(|(_, txs)| txs.iter().flat_map(made))
    {
        let contracts = lets.contracts();
        let is_account = *made.script == *contracts.account.bytes();
        if !is_account && *made.script != *contracts.note.bytes() {
            continue;
        }
        let check = |bytes: &[u8]| {
            let plain = PlainBox::read(bytes)?;
            // What ergo-lib cannot read the node client lets nobody have.
            let read = || whole(&made, bytes);
            match is_account {
                true => {
                    let (plain, read) = (plain.account(lets)?, read()?);
                    let parsed = AccountBox::parse(lets, &read).unwrap();
                    assert_eq!(plain, PlainAccount::from(&parsed));
                }
                false => {
                    let (plain, read) = (plain.note(lets)?, read()?);
                    let parsed = NoteBox::parse(lets, &read).unwrap();
                    assert_eq!(plain, PlainNote::from(&parsed));
                }
            }
            Some(())
        };
        assert!(check(&made.unscripted).is_some(), "{made:?}");
        *(if is_account {
            &mut accounts
        } else {
            &mut notes
        }) += 1;
        // Each layout once.
        if seen.insert((is_account, made.unscripted.len())) {
            for at in 0..made.unscripted.len() {
                check(&made.unscripted[..at]);
                for change in [1, 2, 0x10, 0x80, 0xff] {
                    let mut damaged = made.unscripted.clone();
                    damaged[at] ^= change;
                    check(&damaged);
                }
            }
        }
    }
    assert!(accounts > 20 && notes > 3, "{accounts} {notes}");
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

// Two processes on one machine.
#[test]
fn new_file_opened_by_several_at_once_is_one_ledger() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..100 {
        let path = folder.path().join(format!("{round}.sqlite"));
        let begin = std::sync::Barrier::new(4);
        let open = || {
            begin.wait();
            Ledger::open(&path, "story", None).map(drop)
        };
        std::thread::scope(|all| {
            let opened = [(); 4].map(|()| all.spawn(open));
            for one in opened {
                one.join().unwrap().unwrap();
            }
        });
    }
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
