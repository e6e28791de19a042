use super::*;
use ergo_lib::ergotree_ir::chain::address::{Address, NetworkAddress, NetworkPrefix};
use lets_protocol::{Blocks, NanoErg};

const KEY: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

fn bounds() -> Bounds {
    let amount = |units| Amount::new(units).unwrap();
    Bounds {
        max_line: amount(100_000),
        max_cap: amount(100_000),
        account_floor: NanoErg(3_125_000_000),
        admissions: 5,
        issue: amount(60_000),
        period: Blocks(21_900),
        change_delay: Blocks(5_040),
        recovery_delay: Blocks(21_600),
        recovery_starts: 2,
        admission_fee: NanoErg(10_000_000),
        default_line: amount(20_000),
        default_cap: amount(50_000),
        default_largest_draw: Amount::ZERO,
        default_draw_limit: Amount::ZERO,
        default_longest_debt: Blocks(0),
        default_draw_rate: Amount::ZERO,
    }
}

fn read(text: impl AsRef<[u8]>) -> Result<Vec<Member>, LedgerFileError> {
    let (currency, bounds) = (Currency::new("EUR", 2).unwrap(), bounds());
    let mut book = AddressBook::default();
    book.add("taken", hex::encode([7; 32]).parse().unwrap())
        .unwrap();
    let frame = Frame {
        currency: &currency,
        bounds: &bounds,
        book: &book,
    };
    parse(text.as_ref(), &frame)
}

/// What is told of a ledger that is refused.
fn faults(text: impl AsRef<[u8]>) -> Vec<String> {
    match read(text).unwrap_err() {
        LedgerFileError::Faults(faults) => faults.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

fn member(name: &str, balance: i64, line: i64, cap: i64, key: Option<&str>) -> Member {
    Member {
        name: name.to_owned(),
        balance: Balance::new(balance),
        line: Amount::new(line).unwrap(),
        cap: Amount::new(cap).unwrap(),
        key: key.map(str::to_owned),
    }
}

#[test]
fn ledger_with_columns_in_any_order_and_defaults_read() {
    let address = NetworkAddress::new(
        NetworkPrefix::Mainnet,
        &Address::P2Pk(keys::parse_public_key(KEY).unwrap()),
    );
    let text = format!(
        "\u{feff}balance, name ,line,key,cap\r\n-12.50,ana,150,,\r\n\r\n+2.5,bob,,{KEY},300\r\n10,carol,0,, 10\r\n"
    );
    let expected = [
        member("ana", -1_250, 15_000, 50_000, None),
        member("bob", 250, 20_000, 30_000, Some(KEY)),
        member("carol", 1_000, 0, 1_000, None),
    ];
    assert_eq!(read(&text).unwrap(), expected);
    let by_address = text.replace(KEY, &address.to_base58());
    assert_eq!(read(by_address).unwrap(), expected);
    let short = "name,balance,line\nana,-20,20\nbob,20,\n";
    assert_eq!(
        read(short).unwrap(),
        [
            member("ana", -2_000, 2_000, 50_000, None),
            member("bob", 2_000, 20_000, 50_000, None)
        ]
    );
}

#[test]
fn ledger_every_fault_told_with_its_row() {
    let text = format!(
        "name,balance,line,cap,key\n,1,,,\nana,1.5.0,,,\nana,--1,x,\"1,5\",zoe\nbob,-200.01,200,,{KEY}\nbob,10.01,,10,{KEY}\n\
         eve,0,1000.01,1000.01,\ntaken,0,,,\nfay,0,,\n"
    );
    let expected = [
        "line 2: \"\" is no name",
        "line 3: the balance: ",
        "line 4: the balance: ",
        "line 4: the line: ",
        "line 4: the cap: ",
        "line 4: \"zoe\" is neither a public key",
        "line 5: the balance -200.01 is below the line: it permits a debt of 200.00",
        "line 6: the balance +10.01 is above the cap of 10.00",
        "line 6: the name stands in line 5 already",
        "line 6: the key stands in line 5 already",
        "line 7: the line of 1000.01 is more than 1000.00: raise --max-line",
        "line 7: the cap of 1000.01 is more than 1000.00: raise --max-cap",
        "line 8: \"taken\" is account",
        "line 9: 4 fields, where the header has 5",
        "8 members are more than the 5 that may be admitted in a period: raise --admissions-per-period",
    ];
    let told = faults(text);
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told:?} is not {expected:?}");
    }
}

#[test]
fn ledger_at_its_limits_read_and_past_them_refused() {
    let text = |ana: &str, bob: &str, line: &str| {
        format!("name,balance,line,cap\nana,{ana},300,\nbob,{bob},{line},500\n")
    };
    assert_eq!(read(text("-300", "300", "300")).unwrap().len(), 2);
    assert_eq!(
        faults(text("-300", "300.01", "300")),
        ["the balances add up to +0.01, and must add up to 0"]
    );
    assert_eq!(
        faults(text("-300", "300", "300.01")),
        [
            "lines of 600.01 together are more than the 600.00 that may be issued in a period: raise --units-per-period"
        ]
    );
    // Two of the same name that differ in nothing else, and balances that would add up without one of them.
    let twice = "name,balance,line\nana,0,1\nana,0,1\n";
    assert_eq!(faults(twice), ["line 3: the name stands in line 2 already"]);
}

#[test]
fn ledger_that_is_none_refused() {
    for text in [
        "",
        "ana,1,2\n",
        "name,balance\n",
        "name,balance,line,name\n",
        "name,balance,line,note\n",
        "name;balance;line\n",
    ] {
        let error = read(text).unwrap_err();
        assert!(
            matches!(error, LedgerFileError::Header { .. }),
            "{text:?}: {error:?}"
        );
    }
    let empty = read("name,balance,line\n\n").unwrap_err();
    assert!(matches!(empty, LedgerFileError::Empty), "{empty:?}");
    let rows = format!("name,balance,line\n{}", "ana,0,1\n".repeat(MAX_ROWS + 1));
    let many = read(rows).unwrap_err();
    assert!(matches!(many, LedgerFileError::TooLarge), "{many:?}");
    assert_eq!(
        faults(b"name,balance,line\nJos\xe9,0,1\n"),
        ["line 2: the name is not UTF-8: save the file as UTF-8"]
    );
}
