use super::*;
use crate::amount::Amount;
use crate::boxes::account::{Settings, Terms};
use crate::builders::settle::settle;
use ergo_lib::ergo_chain_types::EcPoint;
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxTokens, NonMandatoryRegisters};
use ergo_lib::ergotree_ir::chain::token::{Token, TokenAmount, TokenId};
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::{ProveDlog, SigmaProp};
use lets_contracts::LetsIds;
use proptest::prelude::*;
use std::sync::LazyLock;

const HEIGHT: Height = Height(1_000_000);
/// Small multiples of the group's generator.
const POINTS: [&str; 4] = [
    "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
    "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5",
    "02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9",
    "02e493dbf1c10d80f3581e4904930b1404cc6c13900ee0758474fa94abe8c4cd13",
];

fn lets(seed: u8) -> Lets {
    Lets::new(LetsIds {
        charter_nft: [seed; 32].into(),
        pot_nft: [seed + 1; 32].into(),
        membership: [seed + 2; 32].into(),
        unit: [seed + 3; 32].into(),
    })
    .unwrap()
}

fn key(at: usize) -> SigmaProp {
    let point = EcPoint::from_base16_str(POINTS[at].to_owned()).unwrap();
    ProveDlog::new(point).into()
}

fn token(byte: u8) -> TokenId {
    TokenId::from(ergo_lib::ergo_chain_types::Digest([byte; 32]))
}

fn amount(units: i64) -> Amount {
    Amount::new(units).unwrap()
}

fn account(lets: &Lets, at: u8) -> AccountBox {
    let terms = Terms::plain(amount(20_000), amount(50_000), NanoErg(3_000_000_000));
    let settings = Settings {
        smallest_direct: Settings::ANY_DIRECT,
        stamp: HEIGHT.as_i64() - 50,
        used: 0,
        debt_since: HEIGHT.as_i64() - 50,
        recovery: None,
    };
    let candidate = NewAccount {
        number: token(100 + at).into(),
        units: 20_000,
        value: NanoErg(3_200_000_000),
        terms: terms.to_longs(),
        keys: vec![key(at.into())],
        settings: settings.to_longs(),
        link: Vec::new(),
    }
    .candidate(lets, Height(HEIGHT.0 - 50))
    .unwrap();
    let made = ErgoBox::from_box_candidate(&candidate, TxId::zero(), u16::from(at)).unwrap();
    AccountBox::parse(lets, &made).unwrap()
}

fn leg(from: u8, to: u8, units: i64) -> Leg {
    Leg {
        from: token(100 + from).into(),
        to: token(100 + to).into(),
        amount: amount(units),
    }
}

/// A settlement in pieces, to be put together wrongly.
#[derive(Clone)]
struct Parts {
    lets: Lets,
    accounts: Vec<AccountBox>,
    inputs: Vec<UnsignedInput>,
    read: Vec<DataInput>,
    outputs: Vec<ErgoBoxCandidate>,
    boxes: Vec<Vec<u8>>,
}

/// Who pays whom.
fn legs() -> [Leg; 4] {
    [
        leg(0, 1, 500),
        leg(1, 2, 300),
        leg(2, 0, 100),
        leg(0, 3, 50),
    ]
}

impl Parts {
    /// A ring of three, and a fourth who only receives.
    fn honest() -> Self {
        let lets = lets(1);
        let accounts: Vec<AccountBox> = (0..4).map(|at| account(&lets, at)).collect();
        let params = TxParams {
            height: HEIGHT,
            fee: NanoErg::MIN_FEE,
        };
        let trade = settle(&lets, &accounts, &legs(), None, params).unwrap();
        let settlement = Settlement::of(&lets, &trade.proposal).unwrap();
        let tx = settlement.unsigned();
        Self {
            inputs: tx.inputs.iter().cloned().collect(),
            read: Vec::new(),
            outputs: tx.output_candidates.iter().cloned().collect(),
            boxes: settlement.box_bytes().unwrap(),
            accounts,
            lets,
        }
    }

    fn tx(&self) -> Vec<u8> {
        let tx = UnsignedTransaction::new_from_vec(
            self.inputs.clone(),
            self.read.clone(),
            self.outputs.clone(),
        );
        tx_bytes(&tx.unwrap()).unwrap()
    }

    fn read(&self) -> Result<Settlement, SettlementError> {
        Settlement::read(&self.lets, &self.tx(), &self.boxes)
    }

    /// The output `at` as it would be with another content.
    fn with(&self, at: usize, change: impl FnOnce(&mut NewAccount)) -> Self {
        let honest = self.read().unwrap().parties()[at].after.clone();
        let mut next = honest.successor();
        change(&mut next);
        let mut parts = self.clone();
        parts.outputs[at] = next.candidate(&self.lets, HEIGHT).unwrap();
        parts
    }
}

fn altered_in(parts: &Parts) -> &'static str {
    match parts.read() {
        Err(SettlementError::Altered { what, .. }) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn honest_settlement_is_read_with_its_effects() {
    let parts = Parts::honest();
    let settlement = parts.read().unwrap();
    let gains: Vec<i64> = settlement.parties().iter().map(Party::gain).collect();
    assert_eq!(gains, [-450, 200, 200, 50]);
    assert_eq!(settlement.fee(), NanoErg::MIN_FEE);
    assert_eq!(settlement.height(), HEIGHT);
    assert_eq!(settlement.tx_bytes().unwrap(), parts.tx());
    settlement.check_payments(&legs()).unwrap();
    settlement.context().unwrap();
}

#[test]
fn altered_account_refused_with_what_differs() {
    let parts = Parts::honest();
    for at in 0..4 {
        let with = |change: fn(&mut NewAccount)| altered_in(&parts.with(at, change));
        assert_eq!(with(|a| a.keys = vec![key(3), key(0)]), "key");
        assert_eq!(with(|a| a.terms[1] += 1), "line, cap or other terms");
        assert_eq!(
            with(|a| a.link = vec![7; 32]),
            "link to who else may act for it"
        );
        assert_eq!(with(|a| a.value.0 -= 1), "amount of ERG");
        assert_eq!(with(|a| a.value.0 += 1), "amount of ERG");
        assert_eq!(with(|a| a.settings[0] = 9), "setting of its owner");
        assert_eq!(with(|a| a.settings.push(-1)), "setting of its owner");
        for counter in 1..4 {
            let mut other = parts.with(at, |a| a.settings[counter] += 1);
            assert_eq!(altered_in(&other), "state of its counters or tokens");
            other = parts.with(at, |a| a.settings[counter] = i64::MAX);
            assert_eq!(altered_in(&other), "state of its counters or tokens");
        }
        assert_eq!(
            altered_in(&parts.with(at, |a| a.number = token(99).into())),
            "number"
        );
    }
    // The fourth's key for the second's.
    assert_eq!(altered_in(&parts.with(1, |a| a.keys = vec![key(3)])), "key");
}

#[test]
fn altered_units_refused() {
    let parts = Parts::honest();
    for at in 0..4 {
        for by in [-1, 1, 1_000] {
            assert!(parts.with(at, |a| a.units += by).read().is_err());
        }
    }
    // Even with counters that fit: units would be lost.
    let lost = parts.with(3, |a| a.units -= 10);
    assert_eq!(lost.read(), Err(SettlementError::Sum(-10)));
    // And moved between two others, it is another settlement than the list says.
    let mut moved = parts.with(3, |a| a.units += 10);
    let (before, settings) = (&parts.accounts[1], Flow::into(amount(190)));
    let settings = rules::settings_beside(before, settings, HEIGHT)
        .unwrap()
        .to_longs();
    moved.outputs[1] = parts
        .with(1, |a| {
            a.units -= 10;
            a.settings = settings;
        })
        .outputs[1]
        .clone();
    let settlement = moved.read().unwrap();
    assert_eq!(
        settlement.check_payments(&legs()),
        Err(SettlementError::Payments {
            account: token(101).into(),
            does: 190,
            says: 200
        })
    );
}

#[test]
fn payments_of_other_parties_refused() {
    let settlement = Parts::honest().read().unwrap();
    let mut other = legs();
    other.rotate_left(1);
    let of = |at: u8| SettlementError::Parties {
        account: token(100 + at).into(),
    };
    assert_eq!(settlement.check_payments(&other), Err(of(0)));
    assert_eq!(settlement.check_payments(&legs()[..3]).unwrap_err(), {
        SettlementError::Payments {
            account: token(100).into(),
            does: -450,
            says: -400,
        }
    });
    let mut more = legs().to_vec();
    more.extend([leg(0, 9, 5), leg(9, 0, 5)]);
    assert_eq!(settlement.check_payments(&more), Err(of(9)));
    assert_eq!(settlement.check_payments(&[]), Err(of(0)));
}

#[test]
fn added_or_missing_output_refused() {
    let parts = Parts::honest();
    let mut added = parts.clone();
    let mut gift = added.outputs[4].clone();
    gift.ergo_tree = added.outputs[0].ergo_tree.clone();
    added.outputs.insert(4, gift);
    let count = |found| SettlementError::OutputCount { found, expected: 5 };
    assert_eq!(added.read(), Err(count(6)));
    let mut missing = parts.clone();
    missing.outputs.remove(3);
    assert_eq!(missing.read(), Err(count(4)));
    let mut swapped = parts.clone();
    swapped.outputs.swap(1, 2);
    assert_eq!(altered_in(&swapped), "number");
}

#[test]
fn fee_must_be_a_fee_and_the_leaders() {
    let parts = Parts::honest();
    let mut other = parts.clone();
    other.outputs[4].ergo_tree = other.outputs[0].ergo_tree.clone();
    assert_eq!(other.read(), Err(SettlementError::Fee));
    let mut register = parts.clone();
    register.outputs[4].additional_registers =
        NonMandatoryRegisters::try_from(vec![Constant::from(vec![1i64])]).unwrap();
    assert_eq!(register.read(), Err(SettlementError::Fee));
    // Nobody but the leader pays for a larger one.
    let mut larger = parts.with(1, |a| a.value.0 -= 1_000);
    larger.outputs[4].value = NanoErg(1_001_000).to_box_value().unwrap();
    assert_eq!(altered_in(&larger), "amount of ERG");
}

#[test]
fn needless_tokens_registers_and_heights_refused() {
    let parts = Parts::honest();
    for at in 0..4 {
        let mut tokens = parts.clone();
        let mut list: Vec<Token> = tokens.outputs[at]
            .tokens
            .iter()
            .flatten()
            .cloned()
            .collect();
        list.push(Token {
            token_id: token(200),
            amount: TokenAmount::try_from(1).unwrap(),
        });
        tokens.outputs[at].tokens = Some(BoxTokens::from_vec(list).unwrap());
        assert_eq!(altered_in(&tokens), "state of its counters or tokens");
        let mut older = parts.clone();
        older.outputs[at].creation_height -= 1;
        assert!(matches!(older.read(), Err(SettlementError::Altered { .. })));
        let mut script = parts.clone();
        script.outputs[at].ergo_tree = script.outputs[4].ergo_tree.clone();
        assert!(matches!(
            script.read(),
            Err(SettlementError::Output { output, .. }) if output == at
        ));
    }
}

#[test]
fn context_variables_and_data_inputs_refused() {
    let parts = Parts::honest();
    for input in 0..4 {
        let mut variables = parts.clone();
        let mut extension = ContextExtension::empty();
        extension.values.insert(127, Constant::from(0i16));
        variables.inputs[input].extension = extension;
        assert_eq!(variables.read(), Err(SettlementError::Variables { input }));
    }
    let mut reads = parts.clone();
    reads.read = vec![DataInput::from(parts.inputs[0].box_id)];
    assert_eq!(reads.read(), Err(SettlementError::DataInputs(1)));
}

#[test]
fn other_boxes_refused() {
    let parts = Parts::honest();
    let mut swapped = parts.clone();
    swapped.boxes.swap(0, 1);
    assert!(matches!(
        swapped.read(),
        Err(SettlementError::BoxId { input: 0, .. })
    ));
    let mut fewer = parts.clone();
    fewer.boxes.pop();
    assert_eq!(
        fewer.read(),
        Err(SettlementError::BoxCount {
            inputs: 4,
            boxes: 3
        })
    );
    // The same account twice, in two boxes.
    let mut twice = parts.clone();
    let double = ErgoBox::from_box_candidate(
        &ErgoBoxCandidate::from(parts.accounts[0].ergo_box().clone()),
        TxId::zero(),
        77,
    )
    .unwrap();
    twice.inputs[1].box_id = double.box_id();
    twice.boxes[1] = double.sigma_serialize_bytes().unwrap();
    assert!(matches!(twice.read(), Err(SettlementError::Twice(_))));
    // An account of another LETS, and a box of a wallet.
    let mut foreign = parts.clone();
    foreign.lets = lets(60);
    assert!(matches!(
        foreign.read(),
        Err(SettlementError::Script { output: 0 })
    ));
    assert_eq!(
        Settlement::read(&parts.lets, &parts.tx(), &{
            let mut boxes = parts.boxes.clone();
            boxes[0] = account(&lets(60), 0)
                .ergo_box()
                .sigma_serialize_bytes()
                .unwrap();
            boxes
        }),
        Err(SettlementError::Foreign { input: 0 })
    );
    let mut wallet = parts.clone();
    let fee = ErgoBox::from_box_candidate(&parts.outputs[4], TxId::zero(), 9).unwrap();
    wallet.inputs[3].box_id = fee.box_id();
    wallet.boxes[3] = fee.sigma_serialize_bytes().unwrap();
    assert!(matches!(
        wallet.read(),
        Err(SettlementError::Foreign { input: 3 })
    ));
}

#[test]
fn bytes_behind_refused() {
    let parts = Parts::honest();
    let mut tx = parts.tx();
    tx.push(0);
    assert!(matches!(
        Settlement::read(&parts.lets, &tx, &parts.boxes),
        Err(SettlementError::Transaction(_))
    ));
    let mut boxes = parts.boxes.clone();
    boxes[2].push(0);
    assert!(matches!(
        Settlement::read(&parts.lets, &parts.tx(), &boxes),
        Err(SettlementError::Box { input: 2, .. })
    ));
    boxes[2] = vec![0; MAX_BOX_BYTES + 1];
    assert!(matches!(
        Settlement::read(&parts.lets, &parts.tx(), &boxes),
        Err(SettlementError::Box { input: 2, .. })
    ));
    assert!(matches!(
        Settlement::read(&parts.lets, &vec![0; MAX_TX_BYTES + 1], &parts.boxes),
        Err(SettlementError::TooLarge { .. })
    ));
}

/// A register of another type, and one whose count is larger than the box: neither gets to the parser.
#[test]
fn registers_of_other_types_refused_before_parsing() {
    let parts = Parts::honest();
    let hostile = |bytes: &[u8]| {
        let old = Constant::from(parts.accounts[0].link().to_bytes());
        let old = old.sigma_serialize_bytes().unwrap();
        let mut boxes = parts.boxes.clone();
        // The link stands before the transaction's id and the index.
        let at = boxes[0].len() - 33 - old.len();
        assert_eq!(boxes[0][at..at + old.len()], old);
        boxes[0].splice(at..at + old.len(), bytes.iter().copied());
        Settlement::read(&parts.lets, &parts.tx(), &boxes)
    };
    for bytes in [
        &[0x0c; 40][..],
        &[0x0e, 0xff, 0xff, 0x03],
        &[0x83, 0xff, 0xff, 0xff, 0xff, 0x0f],
        &[
            0x14, 0x01, 0x96, 0x01, 0x96, 0x01, 0x96, 0x01, 0x96, 0x01, 0xd3,
        ],
    ] {
        assert!(matches!(
            hostile(bytes),
            Err(SettlementError::Box { input: 0, .. })
        ));
    }
}

#[test]
fn violation_names_whose_account_it_is() {
    let lets = lets(1);
    let accounts: Vec<AccountBox> = (0..4).map(|at| account(&lets, at)).collect();
    let over = [leg(0, 1, 100), leg(2, 1, 20_001)];
    let found = crate::check_settle(&accounts, &over, HEIGHT).unwrap_err();
    assert_eq!(found.account, accounts[2].number());
    let over_cap: Vec<Leg> = [0, 2, 3].map(|from| leg(from, 1, 20_000)).to_vec();
    let found = crate::check_settle(&accounts, &over_cap, HEIGHT).unwrap_err();
    assert_eq!(found.account, accounts[1].number());
    crate::check_settle(&accounts, &legs(), HEIGHT).unwrap();
    // What one refuses, the other refuses.
    let params = TxParams {
        height: HEIGHT,
        fee: NanoErg::MIN_FEE,
    };
    for bad in [
        over.to_vec(),
        over_cap,
        vec![leg(0, 0, 1)],
        vec![leg(0, 1, 0)],
        vec![leg(0, 9, 1)],
    ] {
        let violation = crate::check_settle(&accounts, &bad, HEIGHT)
            .unwrap_err()
            .violation;
        assert_eq!(
            settle(&lets, &accounts, &bad, None, params).unwrap_err(),
            crate::TradeError::Rule(violation)
        );
    }
}

static HONEST: LazyLock<Parts> = LazyLock::new(Parts::honest);
static LETS: LazyLock<Lets> = LazyLock::new(|| lets(1));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// No byte can be changed, in the transaction or in the boxes.
    #[test]
    fn any_changed_byte_refused(place in any::<prop::sample::Index>(), bits in 1u8..) {
        let parts = &*HONEST;
        let mut all = vec![parts.tx()];
        all.extend(parts.boxes.clone());
        let at = place.index(all.iter().map(Vec::len).sum());
        let mut left = at;
        for bytes in &mut all {
            match bytes.get_mut(left) {
                Some(byte) => { *byte ^= bits; break; }
                None => left -= bytes.len(),
            }
        }
        let read = Settlement::read(&parts.lets, &all[0], &all[1..]);
        prop_assert!(read.is_err(), "byte {at} ^ {bits}: {read:?}");
    }

    /// Whatever the bytes are, the answer is an error and no panic.
    #[test]
    fn noise_refused(tx in prop::collection::vec(any::<u8>(), 0..400), noise in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Settlement::read(&LETS, &tx, &[noise]).is_err());
    }
}
