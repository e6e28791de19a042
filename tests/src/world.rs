//! A small LETS in memory, made by the library's own builders: founded, with a 2-of-3 committee and some members.

use crate::case::{Case, bent, existing};
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate, NonMandatoryRegisters};
use ergo_lib::ergotree_ir::ergo_tree::{ErgoTree, ErgoTreeHeader};
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::mir::expr::Expr;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::cthreshold::Cthreshold;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::{ProveDlog, SigmaBoolean, SigmaProp};
use ergo_lib::wallet::secret_key::SecretKey;
use lets_protocol::{
    AccountBox, Amount, Applicant, ApplicationBox, Blocks, Bounds, CharterBox, Currency, Found,
    Founding, Funding, HardBounds, Height, Identity, Lets, NanoErg, PotBox, Proposal, Terms,
    TxParams,
};
use std::cell::RefCell;
use std::collections::HashMap;

/// A key from a number.
pub fn key(seed: u8) -> SecretKey {
    let mut bytes = [7; 32];
    bytes[31] = seed;
    SecretKey::dlog_from_bytes(&bytes).unwrap()
}

/// The public key. It is worked out once: tests ask for the same ones all the time.
pub fn public(key: &SecretKey) -> ProveDlog {
    thread_local! {
        static KNOWN: RefCell<HashMap<Vec<u8>, ProveDlog>> = RefCell::new(HashMap::new());
    }
    let SecretKey::DlogSecretKey(input) = key else {
        panic!("a discrete logarithm key");
    };
    KNOWN.with_borrow_mut(|known| {
        let public = known.entry(key.to_bytes());
        public.or_insert_with(|| input.public_image()).clone()
    })
}

/// The proposition that the key proves.
pub fn prop(key: &SecretKey) -> SigmaProp {
    SigmaProp::from(SigmaBoolean::from(public(key)))
}

/// The script that the key spends.
pub fn p2pk(key: &SecretKey) -> ErgoTree {
    ErgoTree::new(
        ErgoTreeHeader::v0(false),
        &Expr::Const(Constant::from(prop(key))),
    )
    .unwrap()
}

/// `k` of these keys.
pub fn at_least(k: u8, keys: &[&SecretKey]) -> SigmaProp {
    let public: Vec<ProveDlog> = keys.iter().map(|&key| public(key)).collect();
    at_least_of(k, &public)
}

/// `k` of these public keys.
pub fn at_least_of(k: u8, keys: &[ProveDlog]) -> SigmaProp {
    let children: Vec<SigmaBoolean> = keys.iter().cloned().map(SigmaBoolean::from).collect();
    SigmaProp::from(SigmaBoolean::from(Cthreshold {
        k,
        children: children.try_into().unwrap(),
    }))
}

/// A LETS and those who act in it.
#[derive(Clone)]
pub struct World {
    /// The LETS.
    pub lets: Lets,
    /// Its charter.
    pub charter: CharterBox,
    /// Its pot, as the last admission left it.
    pub pot: PotBox,
    /// Three keys, of which two sign for the committee.
    pub committee: [SecretKey; 3],
    /// The height of the chain.
    pub height: Height,
    seed: std::cell::Cell<u16>,
}

/// The founding height of test worlds: late enough that boxes older than two rent periods can stand before it.
pub const START: u32 = 3_000_000;

/// Bounds that leave room for every test.
pub fn bounds() -> Bounds {
    Bounds {
        max_line: Amount::new(100_000).unwrap(),
        max_cap: Amount::new(200_000).unwrap(),
        account_floor: NanoErg(3_125_000_000),
        admissions: 50,
        issue: Amount::new(1_000_000).unwrap(),
        period: Blocks(21_900),
        change_delay: Blocks(5_040),
        recovery_delay: Blocks(21_600),
        recovery_starts: 2,
        admission_fee: NanoErg(10_000_000),
        default_line: Amount::new(20_000).unwrap(),
        default_cap: Amount::new(50_000).unwrap(),
        default_largest_draw: Amount::ZERO,
        default_draw_limit: Amount::ZERO,
        default_longest_debt: Blocks(0),
        default_draw_rate: Amount::new(Terms::NO_LIMIT_RATE).unwrap(),
    }
}

/// A founding by a committee of these keys' script.
pub fn founding(committee: SigmaProp, name: &str) -> Founding {
    Founding {
        identity: Identity {
            name: name.to_owned(),
            currency: Currency::new("EUR", 2).unwrap(),
        },
        committee,
        bounds: bounds(),
        hard: HardBounds::around(&bounds()),
        units: 1_000_000_000_000,
        memberships: 100_001,
    }
}

impl World {
    /// A LETS founded at [`START`]. Worlds of different `seed` have nothing in common.
    pub fn new(seed: u8) -> Self {
        Self::led_by(seed, [key(seed + 1), key(seed + 2), key(seed + 3)])
    }

    /// The same with these keys for its committee: one committee may lead several LETS.
    pub fn led_by(seed: u8, committee: [SecretKey; 3]) -> Self {
        let params = TxParams {
            height: Height(START),
            fee: NanoErg::MIN_FEE,
        };
        let founder = key(seed + 4);
        let funding = Funding {
            boxes: vec![wallet_box(
                &founder,
                20 * NanoErg::ONE_ERG.0,
                START - 5,
                u16::from(seed),
            )],
            change: p2pk(&founder),
        };
        let Found {
            lets, charter, pot, ..
        } = founding(at_least(2, &committee.each_ref()), "Test LETS")
            .plan(&funding, params)
            .unwrap();
        let seed = std::cell::Cell::new(u16::from(seed) * 100);
        Self {
            lets,
            charter,
            pot,
            committee,
            height: Height(START + 10),
            seed,
        }
    }

    /// The same at another height.
    pub fn at(&self, height: Height) -> Self {
        Self {
            height,
            ..self.clone()
        }
    }

    /// Height and fee of the next transaction.
    pub fn params(&self) -> TxParams {
        TxParams {
            height: self.height,
            fee: NanoErg::MIN_FEE,
        }
    }

    fn next_seed(&self) -> u16 {
        self.seed.set(self.seed.get() + 1);
        self.seed.get()
    }

    /// A box of ERG that the key can spend.
    pub fn wallet_box(&self, key: &SecretKey, erg: f64) -> ErgoBox {
        wallet_box(key, (erg * 1e9) as u64, self.height.0 - 3, self.next_seed())
    }

    /// The key's wallet, with one box of so much ERG.
    pub fn funding(&self, key: &SecretKey, erg: f64) -> Funding {
        Funding {
            boxes: vec![self.wallet_box(key, erg)],
            change: p2pk(key),
        }
    }

    /// An application of the key.
    pub fn application(&self, key: &SecretKey) -> ApplicationBox {
        let expiry = self.height.plus(Blocks(20_000));
        let value = NanoErg(3_300_000_000);
        lets_protocol::apply(
            &self.lets,
            &self.charter,
            Applicant::member(prop(key)),
            value,
            expiry,
            &self.funding(key, 5.0),
            self.params(),
        )
        .unwrap()
        .1
    }

    /// The charter's default terms.
    pub fn terms(&self) -> Terms {
        self.charter.bounds().default_terms()
    }

    /// Lays out an admission of the key.
    pub fn admission(&self, key: &SecretKey, terms: Terms) -> (Proposal, PotBox, AccountBox) {
        let application = self.application(key);
        lets_protocol::admit(
            &self.lets,
            &self.charter,
            &self.pot,
            &application,
            terms,
            self.params(),
        )
        .unwrap()
    }

    /// Admits the key on these terms.
    pub fn admit_on(&mut self, key: &SecretKey, terms: Terms) -> AccountBox {
        let (_, pot, account) = self.admission(key, terms);
        self.pot = pot;
        account
    }

    /// Admits the key on the default terms.
    pub fn admit(&mut self, key: &SecretKey) -> AccountBox {
        let terms = self.terms();
        self.admit_on(key, terms)
    }

    /// Two keys that sign for the committee.
    pub fn quorum(&self) -> [&SecretKey; 2] {
        [&self.committee[0], &self.committee[2]]
    }

    /// The proposal as a case, signed by these.
    pub fn case(&self, proposal: &Proposal, signers: &[&SecretKey]) -> Case {
        Case::of(proposal, self.height, signers)
    }

    /// The account's box as it would be with another content: what the chain would hold had things gone so.
    pub fn account_with(&self, account: &AccountBox, change: impl FnOnce(&mut Case)) -> AccountBox {
        AccountBox::parse(&self.lets, &self.box_with(account.ergo_box(), change)).unwrap()
    }

    /// Any box as it would be with another content. `change` sees it as the only output of a case.
    pub fn box_with(&self, ergo_box: &ErgoBox, change: impl FnOnce(&mut Case)) -> ErgoBox {
        bent(ergo_box, self.next_seed(), change)
    }
}

pub(crate) fn wallet_box(key: &SecretKey, value: u64, created: u32, seed: u16) -> ErgoBox {
    let candidate = ErgoBoxCandidate {
        value: value.try_into().unwrap(),
        ergo_tree: p2pk(key),
        tokens: None,
        additional_registers: NonMandatoryRegisters::empty(),
        creation_height: created,
    };
    existing(&candidate, seed)
}
