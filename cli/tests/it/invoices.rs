//! Invoices: made, paid once, and refused when they are late, another LETS's, or changed.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use serde_json::Value;

use crate::steps::transaction;
use crate::world::World;

/// Bob's invoice.
fn invoice(world: &World, amount: &str, more: &[&str]) -> Value {
    let args = ["invoice", amount, "--key", "bob"];
    world.data(args.into_iter().chain(more.iter().copied()))
}

fn uri(invoice: &Value) -> String {
    invoice["uri"].as_str().unwrap().to_owned()
}

fn status(world: &World, uri: &str) -> Value {
    world.data(["invoice", "status", uri])
}

fn pays(uri: &str) -> [&str; 5] {
    ["pay", uri, "--key", "alice", "--yes"]
}

#[test]
fn invoice_paid_directly_is_open_then_paid_then_confirmed() {
    let world = World::village();
    let made = invoice(&world, "2.50", &["--memo", "eggs & milk"]);
    assert_eq!(
        (&made["amount"], &made["currency"]),
        (&"2.50".into(), &"EUR".into())
    );
    assert_eq!(made["memo"], "eggs & milk");
    assert_eq!(made["expires"], world.devnet.height() + 7 * 720);
    let uri = uri(&made);
    let open = status(&world, &uri);
    assert_eq!(
        (&open["status"], &open["paid"]),
        (&"open".into(), &"0.00".into())
    );
    // A payment without the invoice, of the same amount to the same member, pays no invoice.
    world.pay("carol", "bob", "2.50", &[]);
    world.mine();
    assert_eq!(status(&world, &uri)["status"], "open");

    let paid = world.act(["pay", &uri, "--key", "alice"]);
    assert_eq!(
        (&paid["amount"], &paid["by"]),
        (&"2.50".into(), &"direct".into())
    );
    assert_eq!(
        (&paid["to"], &paid["memo"]),
        (&"bob".into(), &"eggs & milk".into())
    );
    let seen = status(&world, &uri);
    assert_eq!(
        (&seen["status"], &seen["confirmed"]),
        (&"paid".into(), &false.into())
    );
    world.mine();
    let seen = status(&world, &uri);
    assert_eq!(
        (&seen["status"], &seen["confirmed"]),
        (&"paid".into(), &true.into())
    );
    let payment = seen["payments"][0]["payment"].as_str().unwrap();
    assert!(payment.starts_with(&transaction(&paid)), "{seen}");
    assert_eq!(seen["payments"][0]["from"], "alice");
    assert_eq!(seen["payments"].as_array().unwrap().len(), 1);
    let text = world.lets(["invoice", "status", &uri]).ok().stdout;
    assert!(
        text.starts_with("paid: 2.50 of 2.50 EUR to bob\n"),
        "{text}"
    );
    // The scheme may come in capitals, as QR codes have it.
    let shouted = uri.replacen("lets:", "LETS:", 1);
    assert_eq!(status(&world, &shouted)["status"], "paid");
}

#[test]
fn invoice_paid_by_a_note_is_paid_before_and_after_the_claim() {
    let world = World::village();
    let uri = uri(&invoice(&world, "2.50", &[]));
    world.act(["pay", &uri, "--key", "alice", "--note"]);
    world.mine();
    for claimed in [false, true] {
        if claimed {
            world.act(["claim", "--key", "bob"]);
            world.mine();
        }
        let seen = status(&world, &uri);
        assert_eq!(
            (&seen["status"], &seen["paid"]),
            (&"paid".into(), &"2.50".into())
        );
        assert_eq!(seen["payments"][0]["by"], "note");
        assert_eq!(seen["confirmed"], true);
    }
    assert_eq!(world.balance("bob"), "+2.50");
}

#[test]
fn invoice_note_taken_back_by_its_payer_leaves_it_open() {
    let world = World::village();
    let uri = uri(&invoice(&world, "2.50", &["--expires", "60d"]));
    world.act(["pay", &uri, "--key", "alice", "--note", "--expires", "14d"]);
    world.mine();
    world.devnet.mine(14 * 720).unwrap();
    assert_eq!(status(&world, &uri)["status"], "paid");
    world.act(["refund", "--key", "alice"]);
    world.mine();
    assert_eq!(status(&world, &uri)["status"], "open");
}

#[test]
fn invoice_paid_twice_is_refused_by_journal_and_by_chain() {
    let world = World::village();
    let other = world.another_home("other", &["alice", "carol"]);
    for mined in [false, true] {
        let uri = uri(&invoice(&world, "2.50", &[]));
        let paid = transaction(&world.act(["pay", &uri, "--key", "alice"]));
        if mined {
            world.mine();
        }
        world.refused("invoice_paid", &["by this home", &paid], pays(&uri));
        // Another home has no record of it, and another member none either: the chain's tag tells.
        for key in ["alice", "carol"] {
            let args = ["pay", &uri, "--key", key, "--yes"];
            world.refused_in(&other, "invoice_paid", &[&paid], args);
        }
    }
    world.mine();
    assert_eq!(world.balance("bob"), "+5.00");
    assert_eq!(world.journal(&other), Vec::<Value>::new());
}

#[test]
fn invoice_expired_is_refused() {
    let world = World::village();
    let made = invoice(&world, "2.50", &["--expires", "10"]);
    let (uri, expiry) = (uri(&made), made["expires"].as_u64().unwrap());
    world.devnet.mine(10).unwrap();
    assert_eq!(u64::from(world.devnet.height()), expiry);
    assert_eq!(status(&world, &uri)["status"], "open");
    world.lets(pays(&uri).into_iter().chain(["--dry-run"])).ok();
    world.mine();
    world.refused(
        "invoice_expired",
        &[&expiry.to_string(), &(expiry + 1).to_string()],
        pays(&uri),
    );
    assert_eq!(status(&world, &uri)["status"], "expired");
}

#[test]
fn invoice_of_another_lets_is_refused() {
    let world = World::village();
    let town = world.town();
    let made = world
        .lets_in(&town, ["invoice", "2.50", "--key", "dora", "--json"])
        .data();
    world.refused(
        "invoice_of_another_lets",
        &["another LETS"],
        pays(&uri(&made)),
    );
    world.refused(
        "invoice_of_another_lets",
        &["another LETS"],
        ["invoice", "status", &uri(&made)],
    );
}

/// The invoice with one parameter's value changed.
fn with(uri: &str, name: &str, change: impl Fn(&str) -> String) -> String {
    let (head, query) = uri.split_once('?').unwrap();
    let parts: Vec<String> = query
        .split('&')
        .map(|part| match part.split_once('=') {
            Some((n, value)) if n == name => format!("{n}={}", change(value)),
            _ => part.to_owned(),
        })
        .collect();
    let changed = format!("{head}?{}", parts.join("&"));
    assert_ne!(changed, uri, "{name} was not changed");
    changed
}

/// The same number of bytes with one bit flipped.
fn flipped(value: &str) -> String {
    let mut bytes = BASE64URL.decode(value).unwrap();
    bytes[7] ^= 1;
    BASE64URL.encode(bytes)
}

#[test]
fn invoice_with_any_field_changed_is_refused() {
    let world = World::village();
    let made = invoice(&world, "2.50", &["--memo", "eggs"]);
    let uri = uri(&made);
    world.lets(pays(&uri).into_iter().chain(["--dry-run"])).ok();
    let carol = world.account("carol")["number"]
        .as_str()
        .unwrap()
        .to_owned();
    let carol = BASE64URL.encode(hex::decode(carol).unwrap());
    let next = |v: &str| (v.parse::<u64>().unwrap() + 1).to_string();
    let fixed = |text: &'static str| move |_: &str| text.to_owned();
    let signature = "invoice_signature";
    let cases = [
        ("bad_invoice", with(&uri, "v", fixed("2"))),
        ("invoice_of_another_lets", with(&uri, "lets", flipped)),
        (signature, with(&uri, "to", |_| carol.clone())),
        ("no_such_account", with(&uri, "to", flipped)),
        (signature, with(&uri, "amount", fixed("2.51"))),
        (signature, with(&uri, "amount", fixed("250.00"))),
        ("bad_invoice", with(&uri, "amount", fixed("2.5"))),
        ("bad_invoice", with(&uri, "amount", fixed("-2.50"))),
        ("bad_invoice", with(&uri, "amount", fixed("0.00"))),
        (
            "invoice_in_another_currency",
            with(&uri, "cur", fixed("USD")),
        ),
        (
            "invoice_in_another_currency",
            with(&with(&uri, "dec", fixed("1")), "amount", fixed("2.5")),
        ),
        ("bad_invoice", with(&uri, "dec", fixed("3"))),
        ("bad_invoice", with(&uri, "dec", fixed("x"))),
        (signature, with(&uri, "exp", next)),
        ("bad_invoice", with(&uri, "exp", fixed("99999999999"))),
        (signature, with(&uri, "id", flipped)),
        (signature, with(&uri, "memo", fixed("goose"))),
        (signature, uri.replace("&memo=eggs", "")),
        ("bad_invoice", with(&uri, "memo", fixed("e%67gs"))),
        ("bad_invoice", with(&uri, "memo", fixed("%07eggs"))),
        (signature, with(&uri, "sig", flipped)),
        ("bad_invoice", with(&uri, "sig", fixed(""))),
        ("bad_invoice", uri[..uri.len() - 2].to_owned()),
        ("bad_invoice", format!("{uri}&more=1")),
        ("bad_invoice", uri.replacen("invoice?", "bill?", 1)),
    ];
    // Each checked against an invoice that itself could be paid.
    for (kind, changed) in &cases {
        world.refused(kind, &[], pays(changed));
    }
    // A signature of another of bob's invoices does not fit this one.
    let another = self::uri(&invoice(&world, "9.00", &["--memo", "eggs"]));
    let sig = another.split("&sig=").nth(1).unwrap().to_owned();
    let swapped = with(&uri, "sig", |_| sig.clone());
    world.refused(signature, &["not signed by the owner"], pays(&swapped));
    world.act(["pay", &uri, "--key", "alice"]);
}

#[test]
fn invoice_signed_with_a_key_replaced_since_is_refused() {
    let world = World::village();
    let uri = uri(&invoice(&world, "2.50", &[]));
    world.key("bob2");
    world.act(["account", "set", "--new-key", "bob2", "--key", "bob"]);
    world.mine();
    world.refused("invoice_signature", &["another key since"], pays(&uri));
}

#[test]
fn invoice_amount_given_must_be_the_invoices() {
    let world = World::village();
    let uri = uri(&invoice(&world, "2.50", &[]));
    world.refused(
        "usage",
        &["asks for 2.50 EUR"],
        ["pay", &uri, "2.49", "--key", "alice", "--yes"],
    );
    world.refused(
        "amount",
        &[],
        ["pay", &uri, "much", "--key", "alice", "--yes"],
    );
    world.refused(
        "self_payment",
        &["same account"],
        ["pay", &uri, "--key", "bob", "--yes"],
    );
    let paid = world.act(["pay", &uri, "2.5", "--key", "alice"]);
    assert_eq!(paid["amount"], "2.50");
}

#[test]
fn invoice_that_cannot_be_is_not_made() {
    let world = World::village();
    for (kind, args) in [
        ("amount", &["0"][..]),
        ("amount", &["-1"]),
        ("bad_invoice", &["1", "--memo", "a\u{7}bell"]),
        ("no_account", &["1", "--key", "c1"]),
    ] {
        let key: &[&str] = if args.contains(&"--key") {
            &[]
        } else {
            &["--key", "bob"]
        };
        world.refused(
            kind,
            &[],
            ["invoice"].iter().chain(args).chain(key).copied(),
        );
    }
    let long = "x".repeat(257);
    world.refused(
        "bad_invoice",
        &[],
        ["invoice", "1", "--memo", &long, "--key", "bob"],
    );
}

#[test]
fn invoice_pictures_hold_it_and_are_not_written_over() {
    let world = World::village();
    let png = world.folder.path().join("a.png");
    let svg = world.folder.path().join("a.svg");
    let (png_path, svg_path) = (png.to_str().unwrap(), svg.to_str().unwrap());
    let made = invoice(&world, "2.50", &["--png", png_path, "--svg", svg_path]);
    assert_eq!(scanned(&png), uri(&made));
    let picture = std::fs::read_to_string(&svg).unwrap();
    let parsed = roxmltree::Document::parse(&picture).unwrap();
    assert_eq!(parsed.root_element().tag_name().name(), "svg");
    for option in [["--png", png_path], ["--svg", svg_path]] {
        world.refused(
            "exists",
            &["not overwritten"],
            ["invoice", "3.00", "--key", "bob"]
                .into_iter()
                .chain(option),
        );
    }
    assert_eq!(std::fs::read_to_string(&svg).unwrap(), picture);
    assert_eq!(scanned(&png), uri(&made));
}

/// What a scanner reads in a picture.
fn scanned(path: &std::path::Path) -> String {
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let mut decoder = png::Decoder::new(file);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let (width, height) = (info.width as usize, info.height as usize);
    let step = pixels.len() / (width * height);
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        pixels[(y * width + x) * step]
    });
    let grids = picture.detect_grids();
    assert_eq!(grids.len(), 1);
    grids[0].decode().unwrap().1
}
