//! Everybody in a file, at once.

use std::fmt::Write as _;

use serde_json::Value;

use crate::steps::column;
use crate::world::World;

/// Writes a file of payments; returns its path.
fn file(world: &World, name: &str, rows: &str) -> String {
    let path = world.folder.path().join(name);
    std::fs::write(&path, format!("payee,amount,memo\n{rows}")).unwrap();
    path.to_str().unwrap().to_owned()
}

fn pays<'a>(file: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let args = ["pay", "--file", file, "--key", "alice", "--yes"];
    args.into_iter().chain(more.iter().copied()).collect()
}

fn paid(world: &World, file: &str, more: &[&str]) -> Value {
    world.act(
        ["pay", "--file", file, "--key", "alice"]
            .into_iter()
            .chain(more.iter().copied()),
    )
}

/// 200 rows, of which those on the lines 8, 101 and 201 are bad.
fn two_hundred(memos: bool) -> String {
    let mut rows = String::new();
    for n in 1..=200 {
        let payee = if n % 2 == 0 { "bob" } else { "carol" };
        let (payee, amount) = match n {
            7 => ("zoe", "0.50"),
            100 => (payee, "a bit"),
            200 => ("alice", "0.50"),
            _ => (payee, "0.50"),
        };
        let memo = if memos {
            format!("week {n}")
        } else {
            String::new()
        };
        writeln!(rows, "{payee},{amount},{memo}").unwrap();
    }
    rows
}

#[test]
fn file_of_two_hundred_rows_with_three_bad_is_refused_whole_then_paid_without_them() {
    let world = World::village();
    let file = file(&world, "p.csv", &two_hundred(true));
    world.refused(
        "bad_rows",
        &[
            "3 of 200 rows",
            "line 8: ",
            "line 101: ",
            "line 201: ",
            "nothing was sent",
            "zoe",
        ],
        pays(&file, &[]),
    );
    let paid = paid(&world, &file, &["--skip-bad"]);
    // Sealed memos take most of the room: 97 rows to a transaction.
    assert_eq!(paid["transactions"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&paid["paid"], &paid["total"]),
        (&197.into(), &"98.50".into())
    );
    let rows = paid["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 200);
    for (at, row) in rows.iter().enumerate() {
        let line = at + 2;
        assert_eq!(row["line"], line);
        let bad = [8, 101, 201].contains(&line);
        assert_eq!(row["outcome"], if bad { "bad" } else { "sent" }, "{row}");
        assert_eq!(row["transaction"].is_null(), bad, "{row}");
        assert_eq!(row["why"].is_null(), !bad, "{row}");
    }
    assert_eq!(world.state().pool.len(), 3);
    world.mine();
    assert_eq!(world.balance("alice"), "-98.50");
    // Rows on even lines are carol's; line 8 and one of bob's and the last were bad.
    assert_eq!(world.account("carol")["claimable"], "49.50");
    assert_eq!(world.account("bob")["claimable"], "49.00");
    world.refused("file_paid", &["paid before"], pays(&file, &["--skip-bad"]));
    let memos = world.data(["notes", "bob", "--memos"]);
    assert!(column(&memos["notes"], "memo").contains(&"week 2"));
    assert_eq!(world.act(["claim", "--key", "bob"])["balance"], "+49.00");
    world.mine();
    world.lets(["verify"]).ok();
}

#[test]
fn file_of_two_hundred_rows_without_memos_takes_two_transactions() {
    let world = World::village();
    let file = file(&world, "p.csv", &two_hundred(false));
    let plan = world.data([
        "pay",
        "--file",
        &file,
        "--key",
        "alice",
        "--skip-bad",
        "--dry-run",
    ]);
    assert!(plan.to_string().contains("line 101"), "{plan}");
    assert_eq!(world.state().pool.len(), 0);
    let paid = paid(&world, &file, &["--skip-bad"]);
    assert_eq!(paid["transactions"].as_array().unwrap().len(), 2);
    assert_eq!(paid["paid"], 197);
    world.mine();
    assert_eq!(world.balance("alice"), "-98.50");
}

#[test]
fn file_paid_before_is_paid_again_only_when_asked() {
    let world = World::village();
    let rows = "bob,1.00,bread\ncarol,2.00,\n";
    let file = file(&world, "p.csv", rows);
    let first = paid(&world, &file, &[]);
    assert_eq!(column(&first["rows"], "outcome"), ["sent", "sent"]);
    let id = first["transactions"][0]["id"].as_str().unwrap().to_owned();
    for mined in [false, true] {
        if mined {
            world.mine();
        }
        world.refused("file_paid", &[&id, "--again"], pays(&file, &[]));
        // The same content under another name is the same file.
        let copy = self::file(&world, "copy.csv", rows);
        world.refused("file_paid", &[&id], pays(&copy, &[]));
    }
    paid(&world, &file, &["--again"]);
    world.mine();
    assert_eq!(world.balance("alice"), "-6.00");
    assert_eq!(world.account("bob")["claimable"], "2.00");
    // Another content is another file.
    let other = self::file(&world, "p.csv", "bob,1.00,butter\n");
    paid(&world, &other, &[]);
}

#[test]
fn file_over_the_line_is_refused_before_anything_is_sent() {
    let world = World::village();
    // Each transaction of it alone would pass: it is the whole that does not.
    let mut rows = "bob,1.00,a memo\n".repeat(199);
    rows += "carol,1.01,\n";
    let over = file(&world, "over.csv", &rows);
    world.refused("credit_line", &["200.01", "200.00"], pays(&over, &[]));
    assert_eq!(world.journal(&world.home()), Vec::<Value>::new());
    // What waits for the payer counts: with a note of his own it passes.
    world.pay("carol", "alice", "0.01", &["--note"]);
    world.mine();
    world.lets(pays(&over, &["--dry-run"])).ok();
}

#[test]
fn file_without_enough_erg_for_all_notes_is_refused_before_anything_is_sent() {
    let world = World::village();
    // Enough ERG for the 183 notes of the first transaction, and not for the second's.
    world.member("dave", "3.126", "3.320");
    let file = file(&world, "p.csv", &"bob,0.10,\n".repeat(200));
    let args = ["pay", "--file", &file, "--key", "dave", "--yes"];
    world.refused("not_enough_erg", &["not enough ERG"], args);
    world.fund("dave", "0.02");
    world.mine();
    let sent = world.act(args.into_iter().take(5));
    assert_eq!(sent["transactions"].as_array().unwrap().len(), 2);
    world.mine();
    assert_eq!(world.balance("dave"), "-20.00");
}

#[test]
fn file_paid_directly_takes_a_transaction_for_each_time_a_payee_stands_in_it() {
    let world = World::village();
    let file = file(&world, "p.csv", "bob,1.00,one\ncarol,2.00,\nbob,4.00,two\n");
    let paid = paid(&world, &file, &["--direct"]);
    let all = column(&paid["transactions"], "id");
    assert_eq!(all.len(), 2);
    assert_eq!(
        column(&paid["rows"], "transaction"),
        [all[0], all[0], all[1]]
    );
    world.mine();
    assert_eq!(world.balance("bob"), "+5.00");
    assert_eq!(world.balance("carol"), "+2.00");
    assert_eq!(
        world.data(["notes", "alice"])["notes"],
        serde_json::json!([])
    );
}

#[test]
fn file_of_an_account_suspended_or_drawing_too_much_is_refused() {
    let world = World::village();
    world.terms("alice", &["--largest-draw", "3"]);
    let file = file(&world, "p.csv", "bob,2.00,\nbob,2.00,\n");
    world.refused("largest_draw", &["3.00"], pays(&file, &[]));
    world.terms("alice", &["--suspend"]);
    world.refused("credit_line", &["0.00"], pays(&file, &[]));
}

#[test]
fn file_that_is_none_is_refused() {
    let world = World::village();
    let path = world.folder.path().join("x.csv");
    let path = path.to_str().unwrap();
    world.refused("file", &["cannot read"], pays(path, &[]));
    for (kind, content) in [
        ("payment_file_header", ""),
        ("payment_file_header", "who,what\nbob,1\n"),
        ("payment_file_empty", "payee,amount\n"),
        ("bad_rows", "payee,amount\nbob,1,50\n"),
        ("bad_rows", "payee,amount\nbob,200,\nalice,1\n"),
    ] {
        std::fs::write(path, content).unwrap();
        world.refused(kind, &[], pays(path, &[]));
    }
    // Nothing left to pay is no success.
    world.refused("nothing", &["no row to pay"], pays(path, &["--skip-bad"]));
    world.misused(
        &["--file"],
        ["pay", "bob", "1", "--file", path, "--key", "alice", "--yes"],
    );
}
