use super::*;
use crate::qr::tests::scanned_path;
use ergo_lib::ergo_chain_types::Digest;
use ergo_lib::ergotree_ir::chain::token::TokenId;
use lets_contracts::UnitId;
use proptest::prelude::*;
use roxmltree::Document;

fn uri() -> BearerUri {
    let note = BoxId::from(Digest([8; 32]));
    BearerUri::new(UnitId::from([4; 32]), note, "s-_7".repeat(11)[..43].into()).unwrap()
}

fn svg(lets_name: &str, issuer_name: &str, date: &str, currency: &Currency) -> String {
    let page = NotePage {
        lets_name,
        amount: Amount::new(1_250).unwrap(),
        currency,
        issuer_name,
        issuer: TokenId::from(Digest([5; 32])).into(),
        expiry: Height(123_456),
        expiry_date: date,
        uri: &uri(),
    };
    page.svg().unwrap().expose_secret().to_owned()
}

fn euro() -> Currency {
    Currency::new("EUR", 2).unwrap()
}

fn village() -> String {
    svg("Village", "Bob the baker", "2027-05-01", &euro())
}

fn texts(document: &Document) -> Vec<String> {
    document
        .descendants()
        .filter(|n| n.has_tag_name("text"))
        .map(|n| n.text().unwrap_or_default().to_owned())
        .collect()
}

/// The page may hold nothing but these, and no attribute that loads or runs anything.
fn assert_harmless(document: &Document) {
    for node in document.descendants().filter(|n| n.is_element()) {
        let name = node.tag_name().name();
        assert!(["svg", "rect", "text", "path"].contains(&name), "{name}");
        for attribute in node.attributes() {
            let known = [
                "width",
                "height",
                "viewBox",
                "x",
                "y",
                "d",
                "fill",
                "font-size",
                "font-family",
                "font-weight",
                "shape-rendering",
            ];
            assert!(known.contains(&attribute.name()), "{}", attribute.name());
        }
    }
}

/// The lowest and the widest place that text can reach, in millimetres.
fn assert_on_the_page(document: &Document) {
    for node in document.descendants().filter(|n| n.has_tag_name("text")) {
        let number = |name| node.attribute(name).unwrap().parse::<f64>().unwrap();
        let (x, y, size) = (number("x"), number("y"), number("font-size"));
        assert!(y < f64::from(HEIGHT) - 3.0, "{y}");
        let text = node.text().unwrap_or_default();
        // Whatever the font: digits have up to 0.66 of their size, words of a language 0.6 on average, and names and
        // the text of the code may be capital W throughout.
        let each = match (node.attribute("font-family").unwrap(), size) {
            ("monospace", _) if x > 5.0 || size > 3.4 => 0.66,
            (_, 3.8) => 0.6,
            _ => 0.95,
        };
        let width = textwrap::core::display_width(text) as f64;
        assert!(x + width * each * size <= f64::from(WIDTH), "{text}");
    }
}

#[test]
fn page_holds_every_statement() {
    let svg = village();
    let document = Document::parse(&svg).unwrap();
    let all = texts(&document).join(" ");
    for statement in [
        "LETS payment note",
        "Village",
        "12.50 EUR",
        "Issued by Bob the baker",
        &format!("Account {}", "05".repeat(32)),
        &format!("Note {}", "08".repeat(32)),
        "Expires after block 123456, about 2027-05-01",
        "run `lets note redeem` with the text in the QR code",
        "It can be redeemed once. After that this page and every copy of it are worthless.",
        "Until it is redeemed it is only a promise of the issuer: whoever printed this page still knows the key and can \
         take the amount back.",
        "whoever sees the QR code can redeem it",
        "It expires after block 123456. After that the amount returns to the issuer.",
    ] {
        assert!(all.contains(statement), "{statement}\n{all}");
    }
}

#[test]
fn page_code_and_printed_text_are_the_note() {
    let svg = village();
    let document = Document::parse(&svg).unwrap();
    let path = document
        .descendants()
        .find(|n| n.has_tag_name("path"))
        .unwrap();
    let frame = path.parent().unwrap();
    let view = frame.attribute("viewBox").unwrap();
    let side = view.split(' ').next_back().unwrap().parse().unwrap();
    let text = uri().text();
    assert_eq!(
        scanned_path(path.attribute("d").unwrap(), side),
        text.expose_secret()
    );
    assert!(texts(&document).concat().ends_with(text.expose_secret()));
}

#[test]
fn page_is_harmless_and_fits() {
    let svg = village();
    let document = Document::parse(&svg).unwrap();
    assert_harmless(&document);
    assert_on_the_page(&document);
    let root = document.root_element();
    assert_eq!(root.attribute("width"), Some("190mm"));
    assert_eq!(root.attribute("height"), Some("259mm"));
}

#[test]
fn page_names_that_look_like_markup_are_shown_as_they_are() {
    for name in [
        "<script>&\"",
        "</text><image href='x'/>",
        "]]><!--",
        "&#x1b;&amp;",
    ] {
        let svg = svg(name, name, "<b>&'", &euro());
        let document = Document::parse(&svg).unwrap();
        assert_harmless(&document);
        assert_eq!(texts(&document).iter().filter(|t| *t == name).count(), 2);
        assert!(texts(&document).concat().contains("about <b>&'"));
    }
}

#[test]
fn page_characters_that_xml_forbids_are_replaced() {
    let svg = svg("a\0b\u{1b}c", "\u{202e}d\u{ffff}", "e\nf\r", &euro());
    let document = Document::parse(&svg).unwrap();
    let all = texts(&document);
    assert!(all.contains(&"a\u{fffd}b\u{fffd}c".to_owned()));
    assert!(all.contains(&"\u{fffd}d\u{fffd}".to_owned()));
    assert!(all.concat().contains("about e f\u{fffd}"));
}

#[test]
fn page_long_names_wrapped_and_cut() {
    let currency = Currency::new(&"語".repeat(12), 0).unwrap();
    for name in [
        "W".repeat(10_000),
        "語".repeat(500),
        "two words ".repeat(90),
    ] {
        let svg = svg(&name, &name, &name, &currency);
        let document = Document::parse(&svg).unwrap();
        assert_on_the_page(&document);
        let cut = texts(&document).iter().filter(|t| t.ends_with('…')).count();
        assert_eq!(cut, 3);
    }
}

#[test]
fn wrapped_text_that_fits_is_not_cut() {
    assert_eq!(wrapped("one two three", 7, 2), ["one two", "three"]);
    assert_eq!(wrapped("one two three", 7, 1), ["one tw…"]);
    assert_eq!(wrapped("abcdefgh", 4, 2), ["abcd", "efgh"]);
    assert_eq!(wrapped("abcdefghi", 4, 2), ["abcd", "efg…"]);
    assert_eq!(wrapped("", 4, 2), [""]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn page_with_any_names_is_harmless_xml(name in any::<String>(), issuer in ".{0,300}", date in any::<String>()) {
        let svg = svg(&name, &issuer, &date, &euro());
        let document = Document::parse(&svg).unwrap();
        assert_harmless(&document);
        let lines = texts(&document).len();
        prop_assert!((24..=27).contains(&lines), "{lines} lines");
    }
}
