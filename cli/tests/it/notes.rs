//! Payments by notes: when they are taken, and how they come to their end.

use lets_cli::manifest::Manifest;
use lets_cli::sealed_memo;
use lets_cli::session::{Session, View};
use lets_wallet::KeyFile;
use secrecy::SecretString;

use crate::steps::{column, transaction};
use crate::world::{PASSPHRASE, World};

#[test]
fn pay_payee_unconfirmed_goes_by_a_note() {
    let world = World::village();
    assert_eq!(world.pay("alice", "bob", "2.00", &[])["by"], "direct");
    // Bob's box now hangs on alice's payment: another's payment must not, her own next one may.
    assert_eq!(world.pay("carol", "bob", "1.00", &[])["by"], "note");
    assert_eq!(world.pay("alice", "bob", "0.50", &[])["by"], "direct");
    world.mine();
    assert_eq!(world.pay("carol", "bob", "1.00", &[])["by"], "direct");
    world.mine();
    assert_eq!(world.balance("bob"), "+3.50");
    assert_eq!(world.balance("carol"), "-2.00");
    assert_eq!(world.account("bob")["claimable"], "1.00");
}

#[test]
fn pay_options_direct_and_note_force_the_way() {
    let world = World::village();
    assert_eq!(world.pay("alice", "bob", "2.00", &["--note"])["by"], "note");
    assert_eq!(world.pay("carol", "bob", "1.00", &[])["by"], "direct");
    // Bob's box waits for a block: by itself it would be a note.
    let forced = world.pay("alice", "bob", "3.00", &["--direct"]);
    assert_eq!(forced["by"], "direct");
    world.mine();
    assert_eq!(world.balance("bob"), "+4.00");
    assert_eq!(world.balance("alice"), "-5.00");
    world.misused(
        &["--direct", "--note"],
        [
            "pay", "bob", "1", "--direct", "--note", "--key", "alice", "--yes",
        ],
    );
    for life in ["13d", "366d"] {
        world.refused(
            "note_life",
            &["a note lives"],
            [
                "pay",
                "bob",
                "1",
                "--note",
                "--expires",
                life,
                "--key",
                "alice",
                "--yes",
            ],
        );
    }
}

#[test]
fn pay_below_the_smallest_direct_goes_by_a_note() {
    let world = World::village();
    let set = world.act(["account", "set", "--smallest-direct", "5", "--key", "bob"]);
    assert_eq!(set["smallest_direct"], "5.00 or more");
    world.mine();
    assert_eq!(world.account("bob")["direct"], "5.00 or more");
    world.refused(
        "smallest_direct",
        &["4.99", "5.00"],
        ["pay", "bob", "4.99", "--direct", "--key", "alice", "--yes"],
    );
    assert_eq!(world.pay("alice", "bob", "4.99", &[])["by"], "note");
    assert_eq!(world.pay("carol", "bob", "5.00", &[])["by"], "direct");
    world.mine();
    world.act(["account", "set", "--smallest-direct", "any", "--key", "bob"]);
    world.mine();
    // The setting took bob's note in as well.
    assert_eq!(world.balance("bob"), "+9.99");
    assert_eq!(world.account("bob")["direct"], "any amount");
    assert_eq!(world.pay("alice", "bob", "0.01", &[])["by"], "direct");
}

#[test]
fn pay_debt_to_exactly_zero_goes_directly_in_spite_of_notes_only() {
    let world = World::village();
    world.pay("bob", "carol", "3.00", &[]);
    world.mine();
    world.act([
        "account",
        "set",
        "--smallest-direct",
        "notes",
        "--key",
        "bob",
    ]);
    world.mine();
    assert_eq!(world.account("bob")["direct"], "none: notes only");
    for other in ["2.99", "3.01"] {
        let plan = world.pay("alice", "bob", other, &["--note"]);
        assert_eq!(plan["by"], "note");
        world.refused(
            "smallest_direct",
            &[other],
            ["pay", "bob", other, "--direct", "--key", "alice", "--yes"],
        );
    }
    assert_eq!(world.pay("alice", "bob", "2.99", &[])["by"], "note");
    assert_eq!(world.pay("alice", "bob", "3.00", &[])["by"], "direct");
    world.mine();
    assert_eq!(world.balance("bob"), "0.00");
    assert_eq!(world.account("bob")["claimable"], "8.99");
}

#[test]
fn balance_shows_what_waits_in_notes() {
    let world = World::village();
    world.pay("alice", "bob", "2.00", &["--note"]);
    let bob = world.account("bob");
    assert_eq!(
        (&bob["incoming"], &bob["claimable"], &bob["can_spend"]),
        (&"2.00".into(), &"0.00".into(), &"200.00".into())
    );
    let text = world.lets(["balance", "bob"]).ok().stdout;
    assert!(text.contains("incoming     2.00"), "{text}");
    world.refused(
        "nothing",
        &["nothing to claim"],
        ["claim", "--key", "bob", "--yes"],
    );
    world.mine();
    let bob = world.account("bob");
    assert_eq!(
        (&bob["incoming"], &bob["claimable"], &bob["can_spend"]),
        (&"0.00".into(), &"2.00".into(), &"202.00".into())
    );
    assert_eq!(bob["balance"], "0.00");
    assert_eq!(bob["held_back"], "0.00");
    let text = world.lets(["balance", "bob"]).ok().stdout;
    assert!(
        text.contains("claimable    2.00 (in notes: `lets claim`"),
        "{text}"
    );
    // What he can spend, he can spend, in one transaction.
    let paid = world.pay("bob", "carol", "202.00", &[]);
    assert_eq!(paid["claimed"], "2.00");
    assert_eq!(paid["balance"], "-200.00");
    transaction(&paid);
    world.mine();
    assert_eq!(world.balance("bob"), "-200.00");
    world.lets(["verify"]).ok();
}

#[test]
fn claim_at_the_cap_takes_what_fits_and_says_what_stays() {
    let world = World::village();
    world.terms("bob", &["--cap", "5"]);
    // The cap is full for a direct payment of more.
    assert_eq!(
        world.pay("carol", "bob", "5.01", &["--expires", "60d"])["by"],
        "note"
    );
    for (amount, life) in [("3.00", "20d"), ("4.00", "30d"), ("1.50", "40d")] {
        world.pay("alice", "bob", amount, &["--note", "--expires", life]);
    }
    world.mine();
    let bob = world.account("bob");
    assert_eq!(
        (&bob["claimable"], &bob["held_back"]),
        (&"4.50".into(), &"9.01".into())
    );
    let claimed = world
        .lets(["claim", "--key", "bob", "--yes", "--no-wait"])
        .ok();
    assert!(
        claimed.stderr.contains("2 notes with 9.01 EUR must wait"),
        "{claimed:?}"
    );
    assert!(claimed.stdout.contains("4.50 EUR came in"), "{claimed:?}");
    world.mine();
    assert_eq!(world.balance("bob"), "+4.50");
    let notes = world.data(["notes", "bob"]);
    assert_eq!(column(&notes["notes"], "state"), ["held_back", "held_back"]);
    assert!(
        notes["notes"][0]["why"]
            .as_str()
            .unwrap()
            .contains("cap of 5.00"),
        "{notes}"
    );
    world.refused("cap", &["5.00"], ["claim", "--key", "bob", "--yes"]);

    // A payment makes the room, and claims in the same transaction; without a line nothing else is his.
    world.terms("bob", &["--suspend"]);
    assert_eq!(world.account("bob")["can_spend"], "13.51");
    world.refused(
        "credit_line",
        &["13.51"],
        ["pay", "carol", "13.52", "--key", "bob", "--yes"],
    );
    let paid = world.pay("bob", "carol", "13.51", &[]);
    assert_eq!(
        (&paid["claimed"], &paid["balance"]),
        (&"9.01".into(), &"0.00".into())
    );
    transaction(&paid);
    world.mine();
    assert_eq!(world.balance("carol"), "+8.50");
    world.lets(["verify"]).ok();
}

#[test]
fn claim_shows_memos_to_payee_and_payer_and_to_nobody_else() {
    let world = World::village();
    let memo = ["--note", "--memo", "two litres of milk"];
    world.pay("alice", "bob", "2.00", &memo);
    world.mine();
    // Nobody reads it without a passphrase, and payer and payee do with theirs.
    let reads = |who: &str, option: &[&str]| {
        let args = ["notes", who].into_iter().chain(option.iter().copied());
        world.data(args)["notes"][0]["memo"].clone()
    };
    assert_eq!(reads("alice", &[]), serde_json::Value::Null);
    assert_eq!(reads("alice", &["--memos"]), "two litres of milk");
    assert_eq!(reads("bob", &["--memos"]), "two litres of milk");
    // A home with carol's key sees that there is a note.
    let carols = world.another_home("carols", &["carol"]);
    let seen = world
        .lets_in(&carols, ["notes", "bob", "--memos", "--json"])
        .data();
    assert_eq!(seen["notes"][0]["amount"], "2.00");
    assert_eq!(seen["notes"][0]["memo"], serde_json::Value::Null);
    // And her key, tried on it, does not open it.
    let (_, lets) = Manifest::load(&world.home().join("lets.toml")).unwrap();
    let session = Session::new(&[world.devnet.url()]).unwrap();
    let notes = world
        .runtime
        .block_on(session.notes(&lets, View::Pool))
        .unwrap();
    let note = &notes[0].it;
    let opens = |name: &str| {
        let file = KeyFile::load(&world.home().join(format!("keys/{name}.toml"))).unwrap();
        let keys = file.unlock(&SecretString::from(PASSPHRASE)).unwrap();
        let payee = note.payee().unwrap();
        sealed_memo::open(&lets, note.memo(), &note.payer(), &payee, &[keys]).is_some()
    };
    assert_eq!(
        ["alice", "bob", "carol", "c1"].map(opens),
        [true, true, false, false]
    );
    let bytes = String::from_utf8_lossy(note.memo()).into_owned();
    assert!(!bytes.contains("milk"));

    let claimed = world.act(["claim", "--key", "bob"]);
    assert_eq!(claimed["notes"][0]["memo"], "two litres of milk");
    assert_eq!(claimed["notes"][0]["from"], "alice");
    assert_eq!(claimed["balance"], "+2.00");
    world.mine();
    world.refused("nothing", &["bob"], ["claim", "--key", "bob", "--yes"]);
}

#[test]
fn refund_before_expiry_refused_and_after_it_accepted() {
    let world = World::village();
    world.pay("alice", "bob", "2.00", &["--note", "--expires", "14d"]);
    world.pay("alice", "carol", "3.00", &["--note", "--expires", "14d"]);
    world.pay("alice", "carol", "0.50", &["--note", "--expires", "30d"]);
    world.mine();
    let notes = world.data(["notes", "alice"]);
    let first = notes["notes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|n| n["to"] == "carol")
        .unwrap();
    let id = first["note"].as_str().unwrap().to_owned();
    let expiry = u32::try_from(first["expires"].as_u64().unwrap()).unwrap();
    assert_eq!(column(&notes["notes"], "state"), ["waiting"; 3]);
    world
        .devnet
        .mine(expiry - 1 - world.devnet.height())
        .unwrap();
    world.refused(
        "not_expired",
        &[
            &format!("after height {expiry}"),
            &format!("height is {}", expiry - 1),
        ],
        ["refund", &id[..12], "--key", "alice", "--yes"],
    );
    world.refused(
        "nothing",
        &["no note that has expired"],
        ["refund", "--key", "alice", "--yes"],
    );
    world.mine();
    let notes = world.data(["notes", "alice"]);
    assert_eq!(
        column(&notes["notes"], "state"),
        ["expired", "expired", "waiting"]
    );
    // Another's note is no one's to take back.
    world.refused(
        "nothing",
        &["box id"],
        ["refund", &id[..12], "--key", "bob", "--yes"],
    );

    // The payee can still claim; what he leaves goes back, all that has expired at once.
    assert_eq!(world.act(["claim", "--key", "bob"])["balance"], "+2.00");
    world.mine();
    let back = world.act(["refund", "--key", "alice"]);
    assert_eq!(
        (&back["amount"], &back["balance"]),
        (&"3.00".into(), &"-2.50".into())
    );
    world.mine();
    assert_eq!(world.balance("alice"), "-2.50");
    world.refused(
        "nothing",
        &["alice"],
        ["refund", "all", "--key", "alice", "--yes"],
    );
    let carols = world.act(["claim", "--key", "carol"]);
    assert_eq!(carols["amount"], "0.50");
    world.mine();
    assert_eq!(world.balance("carol"), "+0.50");
    world.lets(["verify"]).ok();
}

#[test]
fn member_without_spare_erg_receives_claims_and_pays_with_the_notes_erg() {
    let world = World::village();
    world.member("dave", "3.126", "3.127");
    let dave = world.account("dave");
    assert_eq!(
        (&dave["erg"], &dave["spare_erg"]),
        (&"3.125 ERG".into(), &"0 ERG".into())
    );
    world.refused(
        "not_enough_erg",
        &["not enough ERG"],
        ["pay", "bob", "1.00", "--direct", "--key", "dave", "--yes"],
    );
    world.refused("nothing", &["dave"], ["claim", "--key", "dave", "--yes"]);
    assert_eq!(
        world.pay("alice", "dave", "4.00", &["--note"])["by"],
        "note"
    );
    world.mine();
    let claimed = world.act(["claim", "--key", "dave"]);
    assert_eq!(claimed["balance"], "+4.00");
    world.mine();
    // Directly he receives as anybody does.
    assert_eq!(world.pay("alice", "dave", "1.00", &[])["by"], "direct");
    world.mine();
    assert_eq!(world.balance("dave"), "+5.00");
    // With a note that waits for him he can pay: its ERG is the fee.
    world.pay("carol", "dave", "0.50", &["--note"]);
    world.mine();
    let paid = world.pay("dave", "bob", "5.25", &[]);
    assert_eq!(
        (&paid["claimed"], &paid["by"]),
        (&"0.50".into(), &"direct".into())
    );
    world.mine();
    assert_eq!(world.balance("dave"), "+0.25");
    world.lets(["verify"]).ok();
}

#[test]
fn account_with_a_new_key_refuses_the_old_one_and_reads_new_memos() {
    let world = World::village();
    world.key("bob2");
    world.misused(
        &["--smallest-direct"],
        ["account", "set", "--key", "bob", "--yes"],
    );
    world.refused(
        "unknown_key",
        &["nokey"],
        [
            "account",
            "set",
            "--new-key",
            "nokey",
            "--key",
            "bob",
            "--yes",
        ],
    );
    let set = world.act(["account", "set", "--new-key", "bob2", "--key", "bob"]);
    assert_eq!(set["key"], "bob2");
    world.mine();
    for old in [
        &["pay", "carol", "1.00"][..],
        &["claim"],
        &["account", "set", "--smallest-direct", "any"],
    ] {
        let args = old.iter().copied().chain(["--key", "bob", "--yes"]);
        world.refused("no_account", &["bob"], args);
    }
    // The name in the address book stays the account's; what is sealed to it is sealed to the new key.
    world.pay(
        "alice",
        "bob",
        "2.00",
        &["--note", "--memo", "for the new key"],
    );
    world.mine();
    let claimed = world.act(["claim", "--key", "bob2"]);
    assert_eq!(claimed["notes"][0]["memo"], "for the new key");
    world.mine();
    world.pay("bob2", "carol", "2.50", &[]);
    world.mine();
    assert_eq!(world.balance("bob"), "-0.50");
    world.lets(["verify"]).ok();
}
