//! Payments whose boxes another transaction took: built anew, sent again, and never made twice.

use std::io::Write as _;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::proxy::{Mode, Proxy};
use crate::steps::transaction;
use crate::world::{World, until};

/// Two homes with alice's key: the world's own, and this one.
fn twin(world: &World) -> std::path::PathBuf {
    world.another_home("twin", &["alice"])
}

/// A proxy that has shown its lists once, and goes on showing them so.
fn lagging(world: &World, mode: Mode) -> Proxy {
    let proxy = Proxy::new(&world.runtime, world.devnet.url(), mode);
    world.lets_at(&proxy.url, ["balance", "alice"]).ok();
    proxy
}

/// A node that passes everything on, and counts.
fn counting(world: &World) -> Proxy {
    let mode = Mode::Hang {
        answered: usize::MAX,
        forward: true,
    };
    Proxy::new(&world.runtime, world.devnet.url(), mode)
}

/// Starts a command that is to be left alone; its output goes nowhere.
fn spawn(world: &World, url: &str, home: &std::path::Path, args: &[&str]) -> Child {
    let mut command = world.command(url, home);
    command.args(args).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

fn retry(world: &World) -> Value {
    world.act(["payments", "--retry"])
}

/// Alice pays bob 2.00 from the world's home; then her other home, whose node has not shown that yet, pays carol 3.00 for
/// a higher fee. The first payment is out of the pool.
fn evicted(world: &World, way: &[&str]) -> String {
    let twin = twin(world);
    let proxy = lagging(world, Mode::Stale);
    let first = world.pay("alice", "bob", "2.00", way);
    let args = ["pay", "carol", "3.00", "--key", "alice", "--fee", "0.01"];
    let second = world.act_at(&proxy.url, &twin, args);
    assert_eq!(world.state().pool, [transaction(&second)]);
    transaction(&first)
}

#[test]
fn rebuild_payment_whose_box_is_taken_goes_on_the_successor() {
    let world = World::village();
    let twin = twin(&world);
    let proxy = lagging(&world, Mode::StaleUntil(1));
    world.pay("alice", "bob", "2.00", &["--fee", "0.002"]);
    let args = ["pay", "carol", "3.00", "--key", "alice"];
    let paid = world.act_at(&proxy.url, &twin, args);
    assert_eq!(paid["balance"], "-5.00");
    assert_eq!(proxy.submissions(), 2);
    // One payment, signed twice, sent once.
    assert_eq!(world.events(&twin), ["ordered", "signed", "signed", "sent"]);
    let journal = world.journal(&twin);
    assert!(
        journal
            .iter()
            .all(|l| l["payment"] == journal[0]["payment"])
    );
    assert_ne!(journal[1]["transaction"], journal[2]["transaction"]);
    assert_ne!(journal[1]["spends"], journal[2]["spends"]);
    assert_eq!(journal[3]["transaction"], journal[2]["transaction"]);
    assert_eq!(journal[3]["transaction"], transaction(&paid));
    assert_eq!(world.state().pool.len(), 2);
    world.mine();
    for home in [world.home(), twin] {
        let seen = world.lets_in(&home, ["balance", "alice", "--json"]).data();
        assert_eq!(seen["accounts"][0]["balance"], "-5.00");
    }
    assert_eq!(
        (world.balance("bob"), world.balance("carol")),
        ("+2.00".into(), "+3.00".into())
    );
}

#[test]
fn rebuild_that_no_longer_fits_the_line_is_refused_and_put_on_record() {
    let world = World::village();
    let twin = twin(&world);
    let proxy = lagging(&world, Mode::StaleUntil(1));
    world.pay("alice", "bob", "150.00", &["--fee", "0.002"]);
    let args = [
        "pay",
        "carol",
        "60.00",
        "--key",
        "alice",
        "--yes",
        "--no-wait",
        "--json",
    ];
    let run = world.run(&proxy.url, &twin, args, None);
    run.is_refused("credit_line", &["60.00", "50.00"]);
    assert_eq!(world.events(&twin), ["ordered", "signed", "failed"]);
    assert_eq!(world.state().pool.len(), 1);
    assert_eq!(
        world.statuses(&twin),
        [("carol".to_owned(), "failed".to_owned())]
    );
    // What is given up is not sent again.
    world.act_in(&twin, ["payments", "--retry"]);
    assert_eq!(world.state().pool.len(), 1);
}

#[test]
fn rebuild_on_a_node_that_never_catches_up_is_given_up_in_words() {
    let world = World::village();
    let twin = twin(&world);
    let proxy = lagging(&world, Mode::Stale);
    world.pay("alice", "bob", "2.00", &["--fee", "0.002"]);
    let before = world.state();
    let args = [
        "pay",
        "carol",
        "3.00",
        "--key",
        "alice",
        "--yes",
        "--no-wait",
        "--json",
    ];
    let run = world.run(&proxy.url, &twin, args, None);
    run.is_refused("double_spend", &["spends the same box"]);
    assert_eq!(world.state(), before);
    let events = world.events(&twin);
    assert_eq!(events.first().map(String::as_str), Some("ordered"));
    assert_eq!(events.last().map(String::as_str), Some("failed"));
    assert_eq!(
        events.iter().filter(|e| *e == "signed").count(),
        proxy.submissions()
    );
}

#[test]
fn rebuild_two_homes_at_once_pay_both_once() {
    let world = World::village();
    let twin = twin(&world);
    let url = world.devnet.url();
    let pay = |home: &std::path::Path, who| {
        let args = ["pay", who, "2.00", "--key", "alice", "--yes", "--no-wait"];
        spawn(&world, &url, home, &args)
    };
    let mut running = [pay(&world.home(), "bob"), pay(&twin, "carol")];
    for one in &mut running {
        assert!(one.wait().unwrap().success());
    }
    // Either may have outbid the other; then it is sent again.
    for home in [&world.home(), &twin] {
        world.act_in(home, ["payments", "--retry"]);
    }
    world.mine();
    assert_eq!(world.balance("alice"), "-4.00");
    assert_eq!(
        (world.balance("bob"), world.balance("carol")),
        ("+2.00".into(), "+2.00".into())
    );
}

#[test]
fn rebuild_payment_evicted_by_a_higher_fee_is_sent_again_once() {
    let world = World::village();
    let first = evicted(&world, &["--memo", "two"]);
    // Nothing is asked, nothing is known.
    let sent = [("bob".to_owned(), "sent".to_owned())];
    assert_eq!(world.statuses(&world.home()), sent);
    let listed = world.lets(["payments"]).ok().stdout;
    assert!(
        listed.contains(&first) && listed.contains("--retry"),
        "{listed}"
    );
    let run = world
        .lets(["payments", "--retry", "--yes", "--no-wait"])
        .ok();
    assert!(
        run.stderr
            .contains("the payment to bob is in no block and in no pool"),
        "{run:?}"
    );
    assert_eq!(world.state().pool.len(), 2);
    for mined in [false, true] {
        if mined {
            world.mine();
        }
        let before = world.state();
        retry(&world);
        assert_eq!(world.state(), before, "sent twice");
    }
    assert_eq!(world.balance("alice"), "-5.00");
    assert_eq!(
        (world.balance("bob"), world.balance("carol")),
        ("+2.00".into(), "+3.00".into())
    );
    let payments = world.data(["payments"]);
    let payment = &payments["payments"][0];
    assert_eq!(
        (&payment["status"], &payment["memo"]),
        (&"included".into(), &"two".into())
    );
    assert_eq!(payments["payments"].as_array().unwrap().len(), 1);
    world.lets(["verify"]).ok();
}

#[test]
fn rebuild_payment_evicted_is_sent_again_after_the_winner_is_in_a_block() {
    let world = World::village();
    evicted(&world, &[]);
    world.mine();
    assert_eq!(world.balance("alice"), "-3.00");
    retry(&world);
    world.mine();
    retry(&world);
    assert_eq!(world.state().pool.len(), 0);
    assert_eq!(world.balance("alice"), "-5.00");
    let sent = [("bob".to_owned(), "included".to_owned())];
    assert_eq!(world.statuses(&world.home()), sent);
}

#[test]
fn rebuild_payment_by_a_note_is_sent_again_by_a_note() {
    let world = World::village();
    evicted(&world, &["--note", "--expires", "20d"]);
    world.mine();
    retry(&world);
    world.mine();
    assert_eq!(world.balance("bob"), "0.00");
    assert_eq!(world.account("bob")["claimable"], "2.00");
    // For the same time.
    let notes = world.data(["notes", "alice"]);
    let expires = notes["notes"][0]["expires"].as_u64().unwrap();
    assert!(
        expires <= u64::from(world.devnet.height()) + 20 * 720,
        "{notes}"
    );
}

#[test]
fn rebuild_waiting_payment_evicted_is_built_anew_by_itself() {
    let world = World::village();
    let twin = twin(&world);
    let proxy = lagging(&world, Mode::Stale);
    let home = world.home();
    let args = ["pay", "bob", "2.00", "--key", "alice", "--yes"];
    let mut waiting = spawn(&world, &world.devnet.url(), &home, &args);
    until("the payment is sent", || world.events(&home).len() == 3);
    let args = ["pay", "carol", "3.00", "--key", "alice", "--fee", "0.01"];
    world.act_at(&proxy.url, &twin, args);
    // After a while without a sight of it, the payment goes on the other's successor.
    until("the payment is built anew", || {
        world.state().pool.len() == 2
    });
    until("it is on record", || world.events(&home).len() == 5);
    world.mine();
    assert!(waiting.wait().unwrap().success());
    assert_eq!(world.balance("alice"), "-5.00");
    assert_eq!(
        world.events(&home),
        ["ordered", "signed", "sent", "signed", "sent", "included"]
    );
}

#[test]
fn rebuild_file_evicted_with_a_payee_twice_is_sent_again() {
    let world = World::village();
    let twin = twin(&world);
    let proxy = lagging(&world, Mode::Stale);
    let file = world.folder.path().join("p.csv");
    std::fs::write(&file, "payee,amount\nbob,1.00\nbob,2.00\n").unwrap();
    world.act(["pay", "--file", file.to_str().unwrap(), "--key", "alice"]);
    let args = ["pay", "carol", "3.00", "--key", "alice", "--fee", "0.01"];
    world.act_at(&proxy.url, &twin, args);
    world.mine();
    retry(&world);
    world.mine();
    assert_eq!(world.balance("alice"), "-6.00");
    retry(&world);
    assert_eq!(world.state().pool.len(), 0);
}

#[test]
fn journal_is_written_before_the_payment_is_sent() {
    for forward in [false, true] {
        let world = World::village();
        let home = world.home();
        let mode = Mode::Hang {
            answered: 0,
            forward,
        };
        let proxy = Proxy::new(&world.runtime, world.devnet.url(), mode);
        let args = ["pay", "bob", "2.00", "--key", "alice", "--yes", "--no-wait"];
        let mut hung = spawn(&world, &proxy.url, &home, &args);
        until("the payment is on its way", || {
            proxy.submissions() == 1 && world.state().pool.len() == usize::from(forward)
        });
        assert_eq!(world.events(&home), ["ordered", "signed"]);
        let signed = world.journal(&home)[1]["transaction"].clone();
        hung.kill().unwrap();
        hung.wait().unwrap();
        let perhaps = [("bob".to_owned(), "signed".to_owned())];
        assert_eq!(world.statuses(&home), perhaps);
        assert!(
            world
                .lets(["payments"])
                .ok()
                .stdout
                .contains("perhaps sent")
        );

        // What did arrive is only marked; what did not is sent, once.
        let counted = counting(&world);
        for _ in 0..2 {
            world.act_at(&counted.url, &home, ["payments", "--retry"]);
            assert_eq!(counted.submissions(), usize::from(!forward));
        }
        let pool = world.state().pool;
        assert_eq!(pool.len(), 1);
        if forward {
            assert_eq!(pool[0], signed.as_str().unwrap());
        }
        world.mine();
        world.act_at(&counted.url, &home, ["payments", "--retry"]);
        assert_eq!(counted.submissions(), usize::from(!forward));
        let included = [("bob".to_owned(), "included".to_owned())];
        assert_eq!(world.statuses(&home), included);
        assert_eq!(world.balance("alice"), "-2.00");
        assert_eq!(world.balance("bob"), "+2.00");
    }
}

#[test]
fn journal_retry_after_a_crash_finds_the_payment_in_its_block() {
    let world = World::village();
    let home = world.home();
    world.pay("alice", "bob", "2.00", &[]);
    world.mine();
    // As if the program had died between sending and writing it down, and others have paid since.
    world.pay("carol", "alice", "1.00", &[]);
    world.mine();
    let path = home.join("payments.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let kept: Vec<&str> = text.lines().take(2).collect();
    std::fs::write(&path, kept.join("\n") + "\n").unwrap();
    assert_eq!(world.events(&home), ["ordered", "signed"]);
    let counted = counting(&world);
    let data = world.act_at(&counted.url, &home, ["payments", "--retry"]);
    assert_eq!(data["payments"][0]["status"], "included");
    assert_eq!(data["payments"][0]["height"], world.devnet.height() - 1);
    assert_eq!(counted.submissions(), 0);
    assert_eq!(world.balance("bob"), "+2.00");
}

#[test]
fn journal_cut_off_in_the_middle_of_a_line_loses_that_line_only() {
    let world = World::village();
    let home = world.home();
    world.pay("alice", "bob", "2.00", &[]);
    let path = home.join("payments.jsonl");
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap();
    file.write_all(b"{\"payment\":\"0123456789abcdef\",\"time\":17")
        .unwrap();
    drop(file);
    let run = world.lets(["payments"]).ok();
    assert!(run.stderr.contains("1 lines of"), "{run:?}");
    // The next payment is on record whole.
    world.pay("alice", "carol", "3.00", &["--memo", "after the crash"]);
    let payments = world.data(["payments"]);
    assert_eq!(
        payments["payments"].as_array().unwrap().len(),
        2,
        "{payments}"
    );
    assert_eq!(payments["payments"][1]["memo"], "after the crash");
    assert_eq!(payments["payments"][1]["status"], "sent");
    let run = world.lets(["payments"]).ok();
    assert!(run.stderr.contains("1 lines of"), "{run:?}");
}

#[test]
fn journal_retry_passes_a_paper_note_and_goes_on() {
    let world = World::village();
    let page = world.folder.path().join("note.svg");
    let out = page.to_str().unwrap();
    world.act(["note", "print", "5.00", "--out", out, "--key", "alice"]);
    world.pay("alice", "bob", "2.00", &[]);
    for (mined, status) in [(false, "sent"), (true, "included")] {
        if mined {
            world.mine();
        }
        retry(&world);
        let all = world.statuses(&world.home());
        assert!(all.iter().all(|(_, s)| s == status), "{all:?}");
    }
}

#[test]
fn journal_retry_of_a_lost_paper_note_says_so_and_goes_on() {
    let world = World::village();
    let twin = twin(&world);
    let proxy = lagging(&world, Mode::Stale);
    let page = world.folder.path().join("note.svg");
    let out = page.to_str().unwrap();
    world.act(["note", "print", "5.00", "--out", out, "--key", "alice"]);
    let args = ["pay", "carol", "3.00", "--key", "alice", "--fee", "0.01"];
    world.act_at(&proxy.url, &twin, args);
    world.pay("alice", "bob", "2.00", &[]);
    world.mine();
    let run = world
        .lets(["payments", "--retry", "--yes", "--no-wait"])
        .ok();
    assert!(run.stderr.contains("paper note"), "{run:?}");
    let all = world.statuses(&world.home());
    assert_eq!(all[1], ("bob".to_owned(), "included".to_owned()));
    assert_eq!(world.balance("alice"), "-5.00");
}

#[test]
fn rebuild_paper_note_stands_on_the_page_as_it_was_sent_in_the_end() {
    let world = World::village();
    let twin = twin(&world);
    let proxy = lagging(&world, Mode::StaleUntil(1));
    world.pay("alice", "bob", "2.00", &["--fee", "0.002"]);
    let page = world.folder.path().join("note.svg");
    let out = page.to_str().unwrap();
    let args = ["note", "print", "5.00", "--out", out, "--key", "alice"];
    let printed = world.act_at(&proxy.url, &twin, args);
    assert_eq!(proxy.submissions(), 2);
    world.mine();
    let text = std::fs::read_to_string(&page).unwrap();
    let note = printed["note"].as_str().unwrap();
    assert!(text.contains(note), "{note}");
    assert_eq!(world.balance("alice"), "-7.00");
    // Nothing is left beside the page.
    let files = std::fs::read_dir(world.folder.path()).unwrap();
    let names: Vec<_> = files.map(|f| f.unwrap().file_name()).collect();
    assert_eq!(
        names
            .iter()
            .filter(|n| n.to_string_lossy().contains("lets-"))
            .count(),
        0,
        "{names:?}"
    );
}

#[test]
fn rebuild_claim_from_two_homes_is_made_once() {
    let world = World::village();
    let twin = world.another_home("twin", &["bob"]);
    world.pay("alice", "bob", "2.00", &["--note"]);
    world.mine();
    let proxy = Proxy::new(&world.runtime, world.devnet.url(), Mode::Stale);
    let claim = ["claim", "--key", "bob"];
    world.act_at(&proxy.url, &twin, claim.into_iter().chain(["--dry-run"]));
    let first = world.act(claim);
    // The very same transaction: the node has it, and all is well.
    let second = world.act_at(&proxy.url, &twin, claim);
    assert_eq!(transaction(&second), transaction(&first));
    assert_eq!(world.state().pool.len(), 1);
    world.mine();
    let args = claim.into_iter().chain(["--yes", "--no-wait", "--json"]);
    let run = world.run(&proxy.url, &twin, args, None);
    run.is_refused("refused_by_node", &[]);
    assert_eq!(world.balance("bob"), "+2.00");
}

#[test]
fn journal_retry_of_what_cannot_be_paid_any_more_says_so_and_goes_on() {
    let world = World::village();
    let twin = twin(&world);
    let proxy = lagging(&world, Mode::Stale);
    world.pay("alice", "bob", "150.00", &[]);
    let args = ["pay", "carol", "100.00", "--key", "alice", "--fee", "0.01"];
    world.act_at(&proxy.url, &twin, args);
    world.pay("alice", "bob", "2.00", &[]);
    world.mine();
    for _ in 0..2 {
        let args = ["payments", "--retry", "--yes", "--no-wait", "--json"];
        world.lets(args).is_refused("credit_line", &["150.00"]);
        let all = world.statuses(&world.home());
        assert_eq!(all[1], ("bob".to_owned(), "included".to_owned()));
        assert_eq!(world.state().pool.len(), 0);
    }
    assert_eq!(world.balance("alice"), "-102.00");
    // With the line given back to it, it is paid.
    world.pay("carol", "alice", "100.00", &[]);
    world.mine();
    retry(&world);
    world.mine();
    assert_eq!(world.balance("alice"), "-152.00");
}

#[test]
fn journal_retry_of_a_paper_note_that_never_arrived_sends_the_very_same() {
    let world = World::village();
    let mode = Mode::Hang {
        answered: 0,
        forward: false,
    };
    let proxy = Proxy::new(&world.runtime, world.devnet.url(), mode);
    let page = world.folder.path().join("note.svg");
    let out = page.to_str().unwrap();
    let args = ["note", "print", "5.00", "--out", out, "--key", "alice"];
    let args: Vec<&str> = args.into_iter().chain(["--yes", "--no-wait"]).collect();
    let mut hung = spawn(&world, &proxy.url, &world.home(), &args);
    until("the note is on its way", || proxy.submissions() == 1);
    hung.kill().unwrap();
    hung.wait().unwrap();
    // The page is there, and the box that the note was to spend is unspent.
    assert!(page.exists());
    retry(&world);
    let signed = world.journal(&world.home())[1]["transaction"].clone();
    assert_eq!(world.state().pool, [signed.as_str().unwrap()]);
}
