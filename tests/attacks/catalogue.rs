//! `catalogue.toml`, held against the contracts and the tests: every rule has its attack, every attack its test.

use lets_tests::catalogue::{CONTRACTS, Catalogue, root, rules_of, tests_of};
use std::collections::{BTreeMap, BTreeSet};

// The headers are read, and not some of their numbers only.
#[test]
fn headers_number_their_rules_without_a_gap() {
    for contract in CONTRACTS {
        let mut letters: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        let rules = rules_of(contract);
        for rule in &rules {
            let (letter, number) = rule.split_at(1);
            letters
                .entry(letter)
                .or_default()
                .insert(number.parse().unwrap());
        }
        assert!(!letters.is_empty(), "{contract}.es numbers no rules");
        for (letter, numbers) in letters {
            let whole: BTreeSet<usize> = (1..=numbers.len()).collect();
            assert_eq!(numbers, whole, "{contract}.es {letter}");
        }
    }
    let known = [
        ("account", "S8"),
        ("pot", "H10"),
        ("note", "L3"),
        ("charter", "R3"),
    ];
    for (contract, rule) in known {
        assert!(rules_of(contract).contains(rule), "{contract} {rule}");
    }
}

#[test]
fn catalogue_has_an_attack_on_every_rule_and_on_no_other() {
    let catalogue = Catalogue::load();
    let attacked: BTreeSet<String> = catalogue
        .attacks()
        .flat_map(|a| a.rules.clone())
        .filter(|rule| rule != "ledger")
        .collect();
    let named = |contract: &'static str| {
        let rules = rules_of(contract).into_iter();
        rules.map(move |rule| format!("{contract} {rule}"))
    };
    let rules: BTreeSet<String> = CONTRACTS.into_iter().flat_map(named).collect();
    let missing: Vec<_> = rules.difference(&attacked).collect();
    let unknown: Vec<_> = attacked.difference(&rules).collect();
    assert!(missing.is_empty(), "rules without an attack: {missing:?}");
    assert!(unknown.is_empty(), "rules that no header has: {unknown:?}");
}

#[test]
fn catalogue_names_tests_that_exist() {
    let mut targets: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for attack in Catalogue::load().attacks() {
        assert!(ids.insert(attack.id.clone()), "{} stands twice", attack.id);
        let (target, path) = attack
            .test
            .split_once(' ')
            .unwrap_or_else(|| panic!("{}: `TARGET PATH` is asked for", attack.id));
        let tests = targets
            .entry(target.to_owned())
            .or_insert_with(|| tests_of(target));
        assert!(
            tests.contains(path),
            "{}: no test {}",
            attack.id,
            attack.test
        );
    }
}

#[test]
fn catalogue_answers_every_published_fault() {
    let catalogue = Catalogue::load();
    let ids: BTreeSet<&str> = catalogue.attacks().map(|a| a.id.as_str()).collect();
    for fault in &catalogue.published {
        let told = !fault.here.is_empty() || !fault.attacks.is_empty();
        assert!(told, "no answer to: {}", fault.fault);
        for id in &fault.attacks {
            assert!(ids.contains(id.as_str()), "no attack {id}");
        }
    }
}

// What `docs/SECURITY.md` says is shown by tests: those that it names exist.
#[test]
fn threat_model_names_tests_that_exist() {
    let targets = ["scripts", "scenarios", "attacks", "it", "lets-wallet"];
    let tests: Vec<BTreeSet<String>> = targets.into_iter().map(tests_of).collect();
    assert!(tests.iter().all(|t| !t.is_empty()), "a target has no tests");
    let names: BTreeSet<&str> = tests
        .iter()
        .flatten()
        .filter_map(|path| path.split("::").last())
        .collect();
    let page = std::fs::read_to_string(root().join("docs/SECURITY.md")).unwrap();
    let spans = page.split('`').skip(1).step_by(2);
    let named: Vec<&str> = spans
        .filter(|span| span.matches('_').count() > 2 && !span.contains(' '))
        .collect();
    assert!(named.len() > 30, "{} tests are named", named.len());
    for name in named {
        assert!(names.contains(name), "docs/SECURITY.md: no test {name}");
    }
}
