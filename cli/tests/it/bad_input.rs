//! Each line of "bad input": a clear error, exit code 1, nothing spent, nothing lost.

use ergo_devnet::DevnetConfig;

use crate::proxy::{Mode, Proxy};
use crate::world::World;

const PAY: [&str; 6] = ["pay", "bob", "1", "--key", "alice", "--yes"];

#[test]
fn bad_node_is_refused() {
    let world = World::village();
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    world.refused_at(
        &nobody,
        "node_unreachable",
        &["cannot reach the node", "--node"],
        PAY,
    );

    let web = Proxy::new(
        &world.runtime,
        world.devnet.url(),
        Mode::Answer("<html>hello</html>"),
    );
    world.refused_at(&web.url, "not_a_node", &["not an Ergo node"], PAY);
    let json = Proxy::new(
        &world.runtime,
        world.devnet.url(),
        Mode::Answer("{\"hello\":1}"),
    );
    world.refused_at(&json.url, "not_a_node", &["not an Ergo node"], PAY);

    world.refused_at("127.0.0.1:9053", "node_address", &["http://"], PAY);
}

#[test]
fn bad_network_is_refused() {
    let world = World::village();
    let calling_itself = |network: &'static str| {
        Proxy::editing(&world.runtime, world.devnet.url(), move |path, answer| {
            if path == "/info" {
                answer["network"] = network.into();
            }
        })
    };
    for network in ["mainnet", "testnet"] {
        world.refused_at(
            &calling_itself(network).url,
            "wrong_network",
            &["devnet", network],
            PAY,
        );
    }
    // A private chain may call itself as it likes.
    world
        .lets_at(
            &calling_itself("our-own").url,
            PAY.into_iter().chain(["--no-wait"]),
        )
        .ok();
}

#[test]
fn node_without_index_of_another_chain_is_refused() {
    let world = World::village();
    let bare = World::with(DevnetConfig {
        index: false,
        ..DevnetConfig::default()
    });
    // What its blocks do not hold is not there.
    world.refused_at(&bare.devnet.url(), "no_account", &["alice"], PAY);
    assert!(bare.lets(["node"]).ok().stdout.contains("none"));
}

#[test]
fn bad_payee_is_refused() {
    let world = World::village();
    world.refused(
        "unknown_name",
        &["zoe", "alice", "lets members"],
        ["pay", "zoe", "1", "--key", "alice", "--yes"],
    );
    world.refused(
        "no_such_account",
        &["lets members"],
        ["pay", &"ab".repeat(32), "1", "--key", "alice", "--yes"],
    );
    world.refused(
        "self_payment",
        &["same account"],
        ["pay", "alice", "1", "--key", "alice", "--yes"],
    );
    world.refused(
        "no_account",
        &["c1", "lets apply"],
        ["pay", "bob", "1", "--key", "c1", "--yes"],
    );
}

#[test]
fn bad_amount_is_refused() {
    let world = World::village();
    for (amount, says) in [
        ("0", "zero"),
        ("0.00", "zero"),
        ("-1", "negative"),
        ("-2.50", "negative"),
        ("2,5", "comma"),
        ("1e3", "no amount"),
        ("2.005", "decimals"),
        ("two", "no amount"),
        ("", "no amount"),
        ("99999999999999999999", "too large"),
        ("10000000001", "too large"),
    ] {
        world.refused(
            "amount",
            &[says],
            ["pay", "bob", amount, "--key", "alice", "--yes"],
        );
    }
}

#[test]
fn payment_over_a_limit_is_refused_with_the_most() {
    let world = World::village();
    let terms = |who: &'static str, option: &'static str, value: &'static str| {
        world
            .lets([
                "terms",
                who,
                option,
                value,
                "--committee-key",
                "c1",
                "--committee-key",
                "c2",
                "--yes",
                "--no-wait",
            ])
            .ok();
        world.mine();
    };
    world.refused(
        "credit_line",
        &["200.00"],
        ["pay", "bob", "200.01", "--key", "alice", "--yes"],
    );
    terms("bob", "--cap", "5");
    world.refused(
        "cap",
        &["cap of 5.00", "can be paid is 5.00"],
        ["pay", "bob", "5.01", "--direct", "--key", "alice", "--yes"],
    );
    terms("alice", "--largest-draw", "3.50");
    world.refused(
        "largest_draw",
        &["3.50"],
        ["pay", "carol", "3.51", "--key", "alice", "--yes"],
    );
    world
        .lets([
            "pay",
            "carol",
            "3.50",
            "--key",
            "alice",
            "--yes",
            "--no-wait",
        ])
        .ok();
    world.mine();
    world
        .lets([
            "terms",
            "alice",
            "--suspend",
            "--committee-key",
            "c1",
            "--committee-key",
            "c2",
            "--yes",
            "--no-wait",
        ])
        .ok();
    world.mine();
    world.refused(
        "credit_line",
        &["credit line of 0.00", "can be paid is 0.00"],
        PAY,
    );
    // What does pass is not held up.
    world
        .lets(["pay", "bob", "5.00", "--key", "carol", "--yes", "--no-wait"])
        .ok();
    world.mine();
    assert_eq!(
        (
            world.balance("alice"),
            world.balance("bob"),
            world.balance("carol")
        ),
        ("-3.50".into(), "+5.00".into(), "-1.50".into())
    );
}

#[test]
fn erg_too_little_for_the_fee_is_refused() {
    let world = World::village();
    world.refused(
        "not_enough_erg",
        &["not enough ERG", "key show"],
        PAY.into_iter().chain(["--fee", "5"]),
    );
    world.refused(
        "fee_too_low",
        &["0.001"],
        PAY.into_iter().chain(["--fee", "0.0005"]),
    );
    world.key("poor");
    world.refused(
        "not_enough_erg",
        &["fund"],
        ["apply", "--key", "poor", "--yes"],
    );
    world.refused(
        "apply",
        &["3.126 ERG", "--erg"],
        ["apply", "--key", "alice", "--erg", "3.1", "--yes"],
    );
    // The wallet steps in where the account has nothing to spare.
    world
        .lets(PAY.into_iter().chain(["--fee", "0.5", "--no-wait"]))
        .ok();
}

#[test]
fn refusal_by_the_node_is_shown_with_its_reason() {
    let world = World::village();
    let words = "Scripts of all transaction inputs should pass verification. the moon is full";
    let proxy = Proxy::new(&world.runtime, world.devnet.url(), Mode::Refuse(words));
    world.refused_at(&proxy.url, "refused_by_node", &["the moon is full"], PAY);
    assert_eq!(proxy.submissions(), 2);
}

#[test]
fn committee_short_of_a_signature_is_refused() {
    let world = World::village();
    let line = ["terms", "alice", "--line", "1", "--yes"];
    world.refused(
        "cannot_sign",
        &["--committee-key"],
        line.into_iter().chain(["--committee-key", "c1"]),
    );
    world.refused(
        "cannot_sign",
        &[],
        line.into_iter()
            .chain(["--committee-key", "c1", "--committee-key", "c1"]),
    );
    world.refused(
        "terms_bound",
        &["1000"],
        [
            "terms",
            "alice",
            "--line",
            "1000.01",
            "--yes",
            "--committee-key",
            "c1",
            "--committee-key",
            "c2",
        ],
    );
    world.refused(
        "no_such_application",
        &["lets applications"],
        ["admit", "all", "--yes", "--committee-key", "c1"],
    );
}

#[test]
fn consent_is_not_taken_for_granted() {
    let world = World::village();
    world.refused(
        "no_terminal",
        &["--yes", "--dry-run"],
        ["pay", "bob", "1", "--key", "alice"],
    );
}

#[test]
fn exit_in_debt_is_refused() {
    let world = World::village();
    world.lets(PAY.into_iter().chain(["--no-wait"])).ok();
    world.mine();
    world.refused(
        "exit_balance",
        &["-1.00"],
        ["exit", "--key", "alice", "--yes"],
    );
    world.refused(
        "exit_balance",
        &["+1.00"],
        ["exit", "--key", "bob", "--yes"],
    );
}

#[test]
fn founding_with_bad_numbers_is_refused() {
    let world = World::new();
    world.key("c1");
    world.fund("c1", "20");
    let found = [
        "found",
        "--name",
        "X",
        "--yes",
        "--key",
        "c1",
        "--committee-key",
        "c1",
    ];
    let with = |more: &[&'static str]| {
        found
            .into_iter()
            .chain(more.iter().copied())
            .collect::<Vec<_>>()
    };
    world.refused("currency", &["letters"], with(&["--currency", "E U R"]));
    world.refused(
        "currency",
        &["decimals"],
        with(&["--currency", "EUR", "--decimals", "7"]),
    );
    world.refused(
        "committee",
        &["--committee"],
        with(&["--currency", "EUR", "--committee", "2"]),
    );
    world.refused(
        "public_key",
        &["key show"],
        with(&["--currency", "EUR", "--member-key", "02ab"]),
    );
    world.refused(
        "usage",
        &["--max-line"],
        with(&["--currency", "EUR", "--line", "2000"]),
    );
    // Loan rules that would not do what they seem to.
    for (rules, says) in [
        (&["--draw-limit", "50"][..], "limits nothing"),
        (&["--draw-rate", "5"], "--draw-limit"),
        (
            &[
                "--draw-limit",
                "50",
                "--draw-rate",
                "5",
                "--largest-draw",
                "50.01",
            ],
            "never be drawn",
        ),
    ] {
        let args = with(&["--currency", "EUR"]);
        world.refused(
            "usage",
            &[says],
            args.into_iter().chain(rules.iter().copied()),
        );
    }
    world.refused(
        "found",
        &["bound"],
        with(&["--currency", "EUR", "--change-delay", "1"]),
    );
    world.refused(
        "not_enough_erg",
        &["fund"],
        [
            "found",
            "--name",
            "X",
            "--currency",
            "EUR",
            "--committee-key",
            "c1",
            "--key",
            "c1",
            "--yes",
            "--fee",
            "10",
        ],
    );
}
