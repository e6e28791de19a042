use super::*;
use lets_contracts::{CharterNft, LetsIds, MembershipId, PotNft};
use proptest::prelude::*;

fn currency() -> Currency {
    Currency::new("EUR", 2).unwrap()
}

fn account(bytes: [u8; 32]) -> AccountNumber {
    TokenId::from(Digest(bytes)).into()
}

fn invoice() -> Invoice {
    Invoice::new(
        UnitId::from([4; 32]),
        account([5; 32]),
        Amount::new(1_250).unwrap(),
        currency(),
        Height(1_000),
        InvoiceId::new([6; 16]),
    )
    .unwrap()
}

fn signed() -> SignedInvoice {
    let invoice = invoice().with_memo("milk & eggs\n100% yours").unwrap();
    SignedInvoice::new(invoice, vec![0xfb; 57]).unwrap()
}

fn parse(text: &str) -> Result<SignedInvoice, ParseInvoiceError> {
    text.parse()
}

/// Head and parameters of an invoice's text.
fn taken_apart(text: &str) -> (String, Vec<String>) {
    let (head, query) = text.split_once('?').unwrap();
    let parameters = query.split('&').map(str::to_owned).collect();
    (format!("{head}?"), parameters)
}

fn arb_memo() -> impl Strategy<Value = String> {
    "[\\PC\n]{0,60}".prop_filter("text that memos refuse", |text| {
        Memo::check_text(text).is_ok()
    })
}

prop_compose! {
    fn arb_signed()(
        lets: [u8; 32], payee: [u8; 32], id: [u8; 16], expiry: u32, units in 1..=Amount::MAX.units(),
        code in "[a-zA-Z0-9äЖ語]{1,12}", decimals in 0..=Currency::MAX_DECIMALS, memo in arb_memo(),
        signature in prop::collection::vec(any::<u8>(), 1..200),
    ) -> SignedInvoice {
        let amount = Amount::new(units).unwrap();
        let currency = Currency::new(&code, decimals).unwrap();
        let id = InvoiceId::new(id);
        let invoice = Invoice::new(lets.into(), account(payee), amount, currency, Height(expiry), id).unwrap();
        SignedInvoice::new(invoice.with_memo(&memo).unwrap(), signature).unwrap()
    }
}

#[test]
fn invoice_text_is_as_specified() {
    let lets = "BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ";
    let to = "BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU";
    let plain = format!(
        "lets:invoice?v=1&lets={lets}&to={to}&amount=12.50&cur=EUR&dec=2&exp=1000&id=BgYGBgYGBgYGBgYGBgYGBg"
    );
    assert_eq!(invoice().message(), plain.as_bytes());
    let noted = invoice().with_memo("a b&ü\n").unwrap();
    assert_eq!(
        SignedInvoice::new(noted.clone(), vec![0xff, 0xff])
            .unwrap()
            .to_string(),
        format!("{plain}&memo=a%20b%26%C3%BC%0A&sig=__8")
    );
    assert_eq!(
        noted.message(),
        format!("{plain}&memo=a%20b%26%C3%BC%0A").into_bytes()
    );
}

#[test]
fn invoice_getters_give_what_was_put_in() {
    let read = parse(&signed().to_string()).unwrap();
    let invoice = read.invoice();
    assert_eq!(invoice.lets(), UnitId::from([4; 32]));
    assert_eq!(invoice.payee(), account([5; 32]));
    assert_eq!(invoice.amount().units(), 1_250);
    assert_eq!(invoice.currency(), &currency());
    assert_eq!(invoice.expiry(), Height(1_000));
    assert_eq!(invoice.id(), InvoiceId::new([6; 16]));
    assert_eq!(invoice.memo(), Some("milk & eggs\n100% yours"));
    assert_eq!(read.signature(), [0xfb; 57]);
}

#[test]
fn scheme_in_upper_case_accepted_and_nothing_else() {
    let text = signed().to_string();
    assert_eq!(parse(&text.replacen("lets:", "LETS:", 1)), Ok(signed()));
    for (from, to) in [("invoice?", "INVOICE?"), ("&amount=", "&AMOUNT=")] {
        assert!(parse(&text.replacen(from, to, 1)).is_err(), "{to}");
    }
}

#[test]
fn every_parameter_dropped_doubled_or_moved_refused() {
    let (head, parameters) = taken_apart(&signed().to_string());
    let text = |p: &[String]| format!("{head}{}", p.join("&"));
    assert_eq!(parse(&text(&parameters)), Ok(signed()));
    for at in 0..parameters.len() {
        let mut dropped = parameters.clone();
        let one = dropped.remove(at);
        match parse(&text(&dropped)) {
            // Without its memo it is another invoice, and the signature is over another message.
            Ok(read) => {
                assert!(one.starts_with("memo="), "{one}");
                assert_ne!(read.invoice().message(), signed().invoice().message());
            }
            Err(error) => assert!(
                matches!(error, ParseInvoiceError::Parameter { .. }),
                "{error:?}"
            ),
        }
        for place in 0..=parameters.len() {
            let mut doubled = parameters.clone();
            doubled.insert(place, one.clone());
            assert!(parse(&text(&doubled)).is_err(), "{one} again at {place}");
        }
        for place in (0..parameters.len()).filter(|p| *p != at) {
            let mut moved = dropped.clone();
            moved.insert(place, one.clone());
            assert!(parse(&text(&moved)).is_err(), "{one} at {place}");
        }
    }
}

#[test]
fn unknown_parameter_refused_everywhere() {
    let (head, parameters) = taken_apart(&signed().to_string());
    for place in 0..=parameters.len() {
        for extra in ["x=1", "", "=", "memo", "v=1"] {
            let mut more = parameters.clone();
            more.insert(place, extra.to_owned());
            let text = format!("{head}{}", more.join("&"));
            assert!(parse(&text).is_err(), "{extra:?} at {place}");
        }
    }
}

#[test]
fn every_parameter_changed_is_another_message_or_refused() {
    let good = signed();
    let (head, parameters) = taken_apart(&good.to_string());
    let changes = [
        ("v", "2", false),
        ("lets", "CAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ", true),
        ("to", "CQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU", true),
        ("amount", "12.51", true),
        ("cur", "USD", true),
        ("dec", "3", false),
        ("exp", "1001", true),
        ("id", "CgYGBgYGBgYGBgYGBgYGBg", true),
        ("memo", "gold", true),
    ];
    for (name, value, readable) in changes {
        let mut edited = parameters.clone();
        let at = edited
            .iter()
            .position(|p| p.starts_with(&format!("{name}=")))
            .unwrap();
        edited[at] = format!("{name}={value}");
        let read = parse(&format!("{head}{}", edited.join("&")));
        assert_eq!(read.is_ok(), readable, "{name}: {read:?}");
        if let Ok(read) = read {
            assert_ne!(read.invoice().message(), good.invoice().message(), "{name}");
        }
    }
}

#[test]
fn other_spellings_of_the_same_refused() {
    let text = signed().to_string();
    for (from, to) in [
        ("amount=12.50", "amount=12.5"),
        ("amount=12.50", "amount=012.50"),
        ("exp=1000", "exp=+1000"),
        ("exp=1000", "exp=01000"),
        ("dec=2", "dec=02"),
        ("cur=EUR", "cur=%45UR"),
        ("memo=milk", "memo=%6Dilk"),
        ("%0A", "%0a"),
        ("%20", "+"),
    ] {
        let read = parse(&text.replacen(from, to, 1));
        // A plus sign is a plus sign: in a memo it is another text.
        assert!(read != Ok(signed()), "{to}");
        if to != "+" {
            assert_eq!(read, Err(ParseInvoiceError::NotCanonical), "{to}");
        }
    }
    let empty = text.replacen("memo=milk%20%26%20eggs%0A100%25%20yours", "memo=", 1);
    assert_eq!(parse(&empty), Err(ParseInvoiceError::NotCanonical));
}

#[test]
fn bad_values_refused_by_name() {
    let text = signed().to_string();
    let (unsigned, signature) = text.split_once("&sig=").unwrap();
    let value = |name, found: &str| ParseInvoiceError::Value {
        name,
        found: found.to_owned(),
    };
    let to = "BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU";
    for (from, into, error) in [
        (
            "v=1",
            "v=2",
            ParseInvoiceError::Version {
                found: "2".to_owned(),
            },
        ),
        (to, &format!("{to}="), value("to", &format!("{to}=")[..40])),
        // One more bit than 32 bytes have.
        (to, &format!("{}V", &to[..42]), value("to", &to[..40])),
        (to, "BQUF", value("to", "BQUF")),
        ("exp=1000", "exp=4294967296", value("exp", "4294967296")),
        ("exp=1000", "exp=-1", value("exp", "-1")),
        (
            "dec=2",
            "dec=7",
            ParseInvoiceError::Currency(CurrencyError::Decimals { found: 7 }),
        ),
        (
            "cur=EUR",
            "cur=%E2%82%AC",
            ParseInvoiceError::Currency(CurrencyError::Code("€".to_owned())),
        ),
        (
            "amount=12.50",
            "amount=0.00",
            ParseInvoiceError::Content(MakeInvoiceError::Zero),
        ),
        (
            "amount=12.50",
            "amount=12,50",
            ParseInvoiceError::Amount(AmountError::Comma("12,50".to_owned())),
        ),
        (
            "memo=milk",
            "memo=%FF",
            value("memo", "%FF%20%26%20eggs%0A100%25%20yours"),
        ),
        (
            "memo=milk",
            "memo=%1B%5B2J",
            ParseInvoiceError::Content(MakeInvoiceError::Memo(MemoTextError::Control {
                found: '\u{1b}',
                at: 0,
            })),
        ),
        (
            "sig=",
            "sig=+",
            value("sig", &format!("+{}", &signature[..39])),
        ),
    ] {
        let edited = text.replacen(from, into, 1);
        assert_ne!(edited, text, "{into}");
        assert_eq!(parse(&edited), Err(error), "{into}");
    }
    assert_eq!(
        parse(&format!("{unsigned}&sig=")),
        Err(ParseInvoiceError::Content(MakeInvoiceError::Unsigned))
    );
    for other in [
        "",
        "lets:",
        "lets:note?v=1",
        "http://x",
        "lets",
        "léts:invoice?",
        "{}",
    ] {
        assert_eq!(parse(other), Err(ParseInvoiceError::Kind), "{other}");
    }
}

#[test]
fn over_long_refused_when_made_and_when_read() {
    let room = |n: usize| SignedInvoice::new(invoice(), vec![1; n]);
    let rest = invoice().message().len() + "&sig=".len();
    let most = (SignedInvoice::MAX_BYTES - rest) * 3 / 4;
    let longest = room(most).unwrap();
    assert!(longest.to_string().len() > SignedInvoice::MAX_BYTES - 2);
    assert_eq!(parse(&longest.to_string()), Ok(longest));
    assert!(matches!(
        room(most + 2),
        Err(MakeInvoiceError::TooLong { .. })
    ));
    let text = format!("{}{}", signed(), "A".repeat(2_000));
    assert_eq!(
        parse(&text),
        Err(ParseInvoiceError::TooLong { bytes: text.len() })
    );
}

#[test]
fn longest_memo_and_currency_leave_room_for_a_signature() {
    let currency = Currency::new(&"語".repeat(12), 6).unwrap();
    let invoice = Invoice::new(
        UnitId::from([4; 32]),
        account([5; 32]),
        Amount::MAX,
        currency,
        Height(u32::MAX),
        InvoiceId::new([6; 16]),
    )
    .unwrap()
    .with_memo(&"é".repeat(128))
    .unwrap();
    SignedInvoice::new(invoice, vec![0; 500]).unwrap();
}

#[test]
fn check_names_what_stands_in_the_way() {
    let lets = |unit: [u8; 32]| {
        Lets::new(LetsIds {
            charter_nft: CharterNft::from([1; 32]),
            pot_nft: PotNft::from([2; 32]),
            membership: MembershipId::from([3; 32]),
            unit: UnitId::from(unit),
        })
        .unwrap()
    };
    let here = lets([4; 32]);
    assert_eq!(invoice().check(&here, &currency(), Height(1_000)), Ok(()));
    assert_eq!(
        invoice().check(&here, &currency(), Height(1_001)),
        Err(InvoiceError::Expired {
            expiry: Height(1_000),
            height: Height(1_001)
        })
    );
    for other in [
        Currency::new("EUR", 3).unwrap(),
        Currency::new("USD", 2).unwrap(),
    ] {
        assert_eq!(
            invoice().check(&here, &other, Height(1)),
            Err(InvoiceError::OtherCurrency {
                found: currency(),
                expected: other
            })
        );
    }
    assert_eq!(
        invoice().check(&lets([9; 32]), &currency(), Height(1)),
        Err(InvoiceError::OtherLets {
            found: UnitId::from([4; 32]),
            expected: UnitId::from([9; 32])
        })
    );
}

proptest! {
    #[test]
    fn invoice_survives_its_text(signed in arb_signed()) {
        let text = signed.to_string();
        prop_assert!(text.is_ascii() && text.len() <= SignedInvoice::MAX_BYTES);
        let read = parse(&text);
        prop_assert_eq!(read.as_ref(), Ok(&signed));
        prop_assert_eq!(read.map(|r| r.to_string()), Ok(text));
    }

    #[test]
    fn one_character_changed_is_refused_or_another_invoice(
        signed in arb_signed(), at in any::<prop::sample::Index>(), with in "[ -~]"
    ) {
        let text = signed.to_string();
        let at = at.index(text.len());
        let mut edited = text.clone();
        edited.replace_range(at..=at, &with);
        prop_assume!(!edited.eq_ignore_ascii_case(&text));
        if let Ok(read) = parse(&edited) {
            prop_assert_ne!(&read, &signed);
            prop_assert_eq!(read.to_string(), edited);
        }
    }

    #[test]
    fn cut_or_spliced_text_is_refused_or_spelt_the_same(
        signed in arb_signed(), from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(), with in ".{0,8}"
    ) {
        let text = signed.to_string();
        let (from, to) = (from.index(text.len()), to.index(text.len()));
        let edited = format!("{}{with}{}", &text[..from.min(to)], &text[from.max(to)..]);
        if let Ok(read) = parse(&edited) {
            prop_assert!(read.to_string()["lets:".len()..] == edited["lets:".len()..]);
        }
    }

    #[test]
    fn garbage_never_panics(text in "(lets:)?(invoice\\?)?(v=1&)?.{0,200}") {
        let _ = parse(&text);
    }
}
