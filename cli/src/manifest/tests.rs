//! Manifests: what survives its text, and what is refused.

use super::*;
use lets_contracts::{CharterNft, MembershipId, PotNft, UnitId};
use lets_protocol::{Amount, Blocks, Kind, NanoErg, OracleLimits};

fn manifest() -> Manifest {
    let ids = LetsIds {
        charter_nft: CharterNft::from([1; 32]),
        pot_nft: PotNft::from([2; 32]),
        membership: MembershipId::from([3; 32]),
        unit: UnitId::from([4; 32]),
    };
    let mut manifest = Manifest {
        format: FORMAT.to_owned(),
        version: VERSION,
        name: "Village \"on the hill\"".to_owned(),
        network: Network::Testnet,
        fingerprint: String::new(),
        currency: Currency::new("EUR", 2).unwrap(),
        ids,
        scripts: ScriptHashes::of(&Lets::new(ids).unwrap()),
        supply: Supply {
            units: 1_000_000,
            memberships: 101,
        },
        founding: FoundingRecord {
            height: Height(7),
            transactions: [TxId::zero(); FOUNDING_STEPS],
        },
        open: None,
    };
    manifest.fingerprint = manifest.reckoned();
    manifest
}

fn parse(text: &str) -> Result<(Manifest, Lets), CliError> {
    Manifest::parse(text, Path::new("lets.toml"))
}

#[test]
fn manifest_survives_its_text() {
    let manifest = manifest();
    let (read, lets) = parse(&manifest.to_text().unwrap()).unwrap();
    assert_eq!(read, manifest);
    assert_eq!(*lets.ids(), manifest.ids);
}

#[test]
fn manifest_every_value_is_in_the_fingerprint() {
    let good = manifest();
    let text = good.to_text().unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let mut changed = 0;
    for (at, line) in lines.iter().enumerate() {
        // The last digit of the value, so that the file stays readable.
        let Some(place) = line
            .rfind(|c: char| c.is_ascii_digit())
            .filter(|_| line.contains(" = "))
        else {
            continue;
        };
        if line.starts_with("version") {
            continue;
        }
        let old = line.as_bytes()[place];
        let new = if old == b'1' { '2' } else { '1' };
        let mut edited: Vec<String> = lines.iter().map(|l| (*l).to_owned()).collect();
        edited[at].replace_range(place..=place, &new.to_string());
        let error = parse(&edited.join("\n")).unwrap_err();
        assert_eq!(error.kind(), "manifest_edited", "{line}: {error}");
        changed += 1;
    }
    // Fingerprint, decimals, four ids, five scripts, two supplies, height, transactions.
    assert_eq!(changed, 15);
}

#[test]
fn manifest_with_other_scripts_is_refused_by_name() {
    let mut other = manifest();
    other.scripts.pot = ScriptHash::from([9; 32]);
    other.fingerprint = other.reckoned();
    let error = parse(&other.to_text().unwrap()).unwrap_err();
    assert!(matches!(
        error,
        CliError::Manifest(ManifestError::Script {
            contract: "pot",
            ..
        })
    ));
}

#[test]
fn manifest_name_with_control_characters_is_refused() {
    let mut other = manifest();
    other.name = "Village\u{1b}[2J".to_owned();
    other.fingerprint = other.reckoned();
    let error = parse(&other.to_text().unwrap()).unwrap_err();
    assert_eq!(error.kind(), "bad_manifest");
}

fn open_manifest() -> Manifest {
    let mut manifest = manifest();
    let policy = Policy {
        kind: Kind::Lets2,
        floor: NanoErg(3_125_000_000),
        credit: Amount::new(2_000).unwrap(),
        cap: Amount::new(50_000).unwrap(),
        largest_draw: Amount::ZERO,
        draw_limit: Amount::ZERO,
        longest_debt: Blocks(0),
        draw_rate: Amount::new(1).unwrap(),
        lock: Blocks(0),
        fee: NanoErg(90_000_000_000),
        units_per_quantity: 100,
        cover: 200,
        margin: 150,
        discount: 10,
        grace: Blocks(40),
        window: Blocks(1_000),
        smallest_liquidation: Amount::new(1).unwrap(),
        oracle: OracleLimits {
            oldest: Blocks(100),
            least: 100_000,
            highest: 4_000_000_000,
            dead: Blocks(6_000),
        },
        supply: 1_000_000,
        own_erg: NanoErg(5),
    };
    let oracle = OracleNft::from([5; 32]);
    manifest.version = OPEN_VERSION;
    manifest.scripts = ScriptHashes::of(&Lets::open(manifest.ids, oracle).unwrap());
    manifest.open = Some(OpenRecord {
        oracle,
        treasury: "cd02".to_owned(),
        policy,
    });
    manifest.fingerprint = manifest.reckoned();
    manifest
}

#[test]
fn manifest_of_an_open_lets_survives_its_text() {
    let manifest = open_manifest();
    let (read, lets) = parse(&manifest.to_text().unwrap()).unwrap();
    assert_eq!(read, manifest);
    assert_eq!(lets.oracle(), Some(OracleNft::from([5; 32])));
}

#[test]
fn manifest_of_an_open_lets_has_every_number_of_its_policy_in_the_fingerprint() {
    let good = open_manifest();
    let text = good.to_text().unwrap();
    let (head, open) = text.split_once("[open]").unwrap();
    let mut changed = 0;
    for line in open.lines().filter(|l| l.contains(" = ")) {
        let place = line.rfind(|c: char| c.is_ascii_digit()).unwrap();
        let new = match &line[place..=place] {
            "1" => "2",
            _ => "1",
        };
        let mut edited = line.to_owned();
        edited.replace_range(place..=place, new);
        let text = format!("{head}[open]{}", open.replacen(line, &edited, 1));
        let error = parse(&text).unwrap_err();
        assert_eq!(error.kind(), "manifest_edited", "{line}: {error}");
        changed += 1;
    }
    // Oracle, treasury, and 23 numbers.
    assert_eq!(changed, 25);
}

#[test]
fn manifest_with_a_policy_and_the_other_version_is_refused() {
    let mut other = open_manifest();
    other.version = VERSION;
    other.fingerprint = other.reckoned();
    let error = parse(&other.to_text().unwrap()).unwrap_err();
    assert_eq!(error.kind(), "bad_manifest");
    let mut other = manifest();
    other.version = OPEN_VERSION;
    other.fingerprint = other.reckoned();
    let error = parse(&other.to_text().unwrap()).unwrap_err();
    assert_eq!(error.kind(), "bad_manifest");
}
