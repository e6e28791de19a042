//! Payments paid back.

use crate::steps::transaction;
use crate::world::World;

fn returns<'a>(payment: &'a str, key: &'a str) -> [&'a str; 5] {
    ["return", payment, "--key", key, "--yes"]
}

#[test]
fn return_direct_payment_by_transaction_is_made_once() {
    let world = World::village();
    let paid = transaction(&world.pay("alice", "bob", "2.00", &["--memo", "a chair"]));
    world.mine();
    let back = world.act(["return", &paid, "--key", "bob", "--memo", "it is broken"]);
    assert_eq!(
        (&back["to"], &back["amount"]),
        (&"alice".into(), &"2.00".into())
    );
    assert_eq!(
        (&back["balance"], &back["memo"]),
        (&"0.00".into(), &"it is broken".into())
    );
    // The record links the two.
    let last = world.data(["payments"])["payments"][1].take();
    assert_eq!(last["returns"], format!("{paid}:1"));
    for mined in [false, true] {
        if mined {
            world.mine();
        }
        world.refused(
            "nothing",
            &["given back already", &transaction(&back)],
            returns(&paid, "bob"),
        );
        let named = format!("{paid}:1");
        world.refused("nothing", &["given back already"], returns(&named, "bob"));
    }
    assert_eq!(world.balance("alice"), "0.00");
    assert_eq!(world.balance("bob"), "0.00");
    // The return is a payment like any other: it can be given back in its turn.
    let again = world.act(["return", &transaction(&back), "--key", "alice"]);
    assert_eq!(again["to"], "bob");
}

#[test]
fn return_note_payment_by_output_before_and_after_the_claim() {
    let world = World::village();
    let paid = transaction(&world.pay("alice", "bob", "2.00", &["--note"]));
    world.mine();
    let waiting = format!("{paid}:1");
    let plan = world.data(["return", &waiting, "--key", "bob", "--dry-run"]);
    assert_eq!(plan["transactions"][0]["kind"], "pay");
    // His payment back claims what he gives back.
    let back = world.act(["return", &waiting, "--key", "bob"]);
    assert_eq!(
        (&back["claimed"], &back["amount"]),
        (&"2.00".into(), &"2.00".into())
    );
    world.mine();
    assert_eq!(world.balance("bob"), "0.00");

    let paid = transaction(&world.pay("alice", "bob", "3.00", &["--note"]));
    world.mine();
    world.act(["claim", "--key", "bob"]);
    world.mine();
    let back = world.act(["return", &paid, "--key", "bob", "--note"]);
    assert_eq!(
        (&back["by"], &back["amount"]),
        (&"note".into(), &"3.00".into())
    );
    world.mine();
    assert_eq!(world.account("alice")["claimable"], "3.00");
}

#[test]
fn return_of_what_was_not_paid_to_oneself_is_refused() {
    let world = World::village();
    let sent = world.pay("alice", "bob", "2.00", &[]);
    let paid = transaction(&sent);
    world.mine();
    world.refused(
        "nothing",
        &["paid nothing to carol"],
        returns(&paid, "carol"),
    );
    world.refused(
        "nothing",
        &["paid nothing to alice"],
        returns(&paid, "alice"),
    );
    for output in ["0", "2", "65535"] {
        let named = format!("{paid}:{output}");
        world.refused("nothing", &["paid nothing to bob"], returns(&named, "bob"));
    }
    world.refused(
        "nothing",
        &["paid nothing"],
        returns(&"ab".repeat(32), "bob"),
    );
    for text in [
        "",
        "milk",
        &paid[..10],
        &format!("{paid}:x"),
        &format!("{paid}:65536"),
    ] {
        world.refused("usage", &["names no payment"], returns(text, "bob"));
    }
}

#[test]
fn return_of_a_transaction_with_two_payments_asks_which() {
    let world = World::village();
    let file = world.folder.path().join("two.csv");
    std::fs::write(&file, "payee,amount\nbob,1.00\ncarol,4.00\nbob,2.00\n").unwrap();
    let sent = world.act(["pay", "--file", file.to_str().unwrap(), "--key", "alice"]);
    let paid = transaction(&sent);
    world.mine();
    let (first, third) = (format!("{paid}:1"), format!("{paid}:3"));
    world.refused(
        "usage",
        &["2 payments to you", &first, &third],
        returns(&paid, "bob"),
    );
    let back = world.act(["return", &third, "--key", "bob"]);
    assert_eq!(back["amount"], "2.00");
    world.mine();
    world.refused("nothing", &["given back already"], returns(&third, "bob"));
    assert_eq!(
        world.act(["return", &first, "--key", "bob"])["amount"],
        "1.00"
    );
    world.mine();
    // Carol has one only.
    assert_eq!(
        world.act(["return", &paid, "--key", "carol"])["amount"],
        "4.00"
    );
    world.mine();
    assert_eq!(world.balance("alice"), "0.00");
}

#[test]
fn return_twice_from_two_homes_is_refused() {
    let world = World::village();
    let bobs = world.another_home("bobs", &["bob"]);
    let paid = transaction(&world.pay("alice", "bob", "2.00", &[]));
    world.mine();
    world.act(["return", &paid, "--key", "bob"]);
    world.mine();
    world.refused_in(
        &bobs,
        "nothing",
        &["given back already"],
        returns(&paid, "bob").into_iter().chain(["--no-wait"]),
    );
}
