//! A LETS that anybody joins by himself, in memory: each action of its pot as an accepted transaction, ready to be bent.

use crate::case::{Case, bent, existing, tokens};
use crate::hand::junk;
use crate::world::{START, key, p2pk, prop, wallet_box};
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate, NonMandatoryRegisters};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::wallet::secret_key::SecretKey;
use lets_contracts::OracleNft;
use lets_protocol::{
    AccountBox, Amount, AtPot, Blocks, CharterBox, Currency, Funding, Height, Identity, Join, Kind,
    Lets, Link, NanoErg, OpenFounding, OpenPotBox, OracleBox, OracleLimits, Policy, Settings,
    Terms, TxParams,
};
use std::sync::Mutex;

/// The NFT of the oracle pool.
pub const ORACLE: [u8; 32] = [0xA5; 32];
/// nanoErg per dollar: one cent, the unit, is 0.01 ERG.
pub const RATE: i64 = 1_000_000_000;
/// The epoch when the LETS is founded.
pub const EPOCH: i32 = 1_000;
/// The line of a LETS-1's members, and what those of a LETS-3 buy.
pub const UNITS: i64 = 20_000;
/// ERG behind it: its price at the cover of 200 percent.
pub const BACKING: u64 = 400_000_000_000;

/// The policy of a test LETS of this kind.
pub fn policy(kind: Kind) -> Policy {
    let credit = match kind.has_rate() {
        true => 100_000,
        false => 5_000,
    };
    Policy {
        kind,
        floor: Policy::LEAST_FLOOR,
        credit: Amount::new(credit).unwrap(),
        cap: Amount::new(500_000).unwrap(),
        largest_draw: Amount::ZERO,
        draw_limit: Amount::ZERO,
        longest_debt: Blocks(0),
        draw_rate: Amount::new(Terms::NO_LIMIT_RATE).unwrap(),
        lock: Blocks(1_000),
        fee: NanoErg(if kind.has_rate() { 0 } else { 210_000_000_000 }),
        units_per_quantity: 100,
        cover: 200,
        margin: 150,
        discount: 10,
        grace: Blocks(720),
        window: Blocks(5_040),
        smallest_liquidation: Amount::new(credit / 100).unwrap(),
        oracle: OracleLimits {
            oldest: Blocks(100),
            least: 100_000_000,
            highest: 4_000_000_000,
            dead: Blocks(21_600),
        },
        supply: 0,
        own_erg: NanoErg(0),
    }
}

/// An open LETS with two members, at some height.
#[derive(Clone)]
pub struct OpenStage {
    /// The LETS.
    pub lets: Lets,
    /// Its charter.
    pub charter: CharterBox,
    /// Its pot.
    pub pot: OpenPotBox,
    /// The oracle's box.
    pub oracle: OracleBox,
    /// Whoever gets the fees.
    pub treasury: SecretKey,
    /// The first member's key.
    pub owner: SecretKey,
    /// His account.
    pub account: AccountBox,
    /// The second member's key.
    pub other_key: SecretKey,
    /// The second member's account.
    pub other: AccountBox,
    /// The height of the chain.
    pub height: Height,
    seed: std::cell::Cell<u16>,
}

impl OpenStage {
    /// A LETS of this kind under the test policy.
    pub fn of(kind: Kind) -> Self {
        Self::under(policy(kind), 10)
    }

    /// A LETS under this policy; those of different `seed` have nothing in common but the oracle.
    pub fn under(policy: Policy, seed: u8) -> Self {
        let founder = key(seed + 4);
        let height = Height(START);
        let seeds = std::cell::Cell::new(u16::from(seed) * 100);
        let founding = OpenFounding {
            identity: Identity {
                name: "Open LETS".to_owned(),
                currency: Currency::new("USD", 2).unwrap(),
            },
            treasury: prop(&key(seed + 1)),
            policy,
            oracle: OracleNft::from(ORACLE),
            units: 1_000_000_000,
            memberships: 1_001,
        };
        let oracle = oracle_box(RATE, EPOCH, START - 5, 1);
        let founded = founding
            .plan(
                &oracle,
                &Funding {
                    boxes: vec![wallet(&founder, 30.0, START - 5, u16::from(seed))],
                    change: p2pk(&founder),
                },
                TxParams {
                    height,
                    fee: NanoErg::MIN_FEE,
                },
            )
            .unwrap();
        let mut pot = founded.pot;
        let height = Height(START + 10);
        let mut join = |key: &SecretKey| {
            let at = AtPot {
                lets: &founded.lets,
                pot: &pot,
                oracle: Some(&oracle),
                params: TxParams {
                    height,
                    fee: NanoErg::MIN_FEE,
                },
            };
            seeds.set(seeds.get() + 1);
            let funding = Funding {
                boxes: vec![wallet(key, 900.0, height.0 - 3, seeds.get())],
                change: p2pk(key),
            };
            let ask = asking(pot.policy(), key);
            let (_, next, account) = lets_protocol::join(at, ask, &funding).unwrap();
            pot = next;
            account
        };
        let (owner, other_key) = (key(seed + 5), key(seed + 6));
        let (account, other) = (join(&owner), join(&other_key));
        Self {
            lets: founded.lets,
            charter: founded.charter,
            pot,
            oracle,
            treasury: key(seed + 1),
            owner,
            account,
            other_key,
            other,
            height,
            seed: seeds,
        }
    }

    fn next_seed(&self) -> u16 {
        self.seed.set(self.seed.get() + 1);
        self.seed.get()
    }

    /// What every action needs.
    pub fn at(&self) -> AtPot<'_> {
        AtPot {
            lets: &self.lets,
            pot: &self.pot,
            oracle: Some(&self.oracle),
            params: TxParams {
                height: self.height,
                fee: NanoErg::MIN_FEE,
            },
        }
    }

    /// The same so many blocks later; the oracle has published all the while, and says `rate` now.
    pub fn later(mut self, blocks: u32, rate: i64) -> Self {
        self.height = self.height.plus(Blocks(blocks));
        let epoch = i32::try_from(self.oracle.epoch()).unwrap();
        let epochs = i32::try_from(blocks / 30).unwrap() + 1;
        self.oracle = oracle_box(rate, epoch + epochs, self.height.0 - 5, self.next_seed());
        self
    }

    /// The same with another oracle's box.
    pub fn told(mut self, rate: i64, epoch: i32, created: u32) -> Self {
        self.oracle = oracle_box(rate, epoch, created, self.next_seed());
        self
    }

    /// The key's wallet, with one box of so much ERG.
    pub fn funding(&self, key: &SecretKey, erg: f64) -> Funding {
        Funding {
            boxes: vec![wallet(key, erg, self.height.0 - 3, self.next_seed())],
            change: p2pk(key),
        }
    }

    /// A box of the key's with these tokens.
    pub fn holding(&self, key: &SecretKey, held: &[(TokenId, u64)]) -> ErgoBox {
        let mut candidate =
            ErgoBoxCandidate::from(wallet(key, 1.0, self.height.0 - 3, self.next_seed()));
        candidate.tokens = tokens(held);
        existing(&candidate, self.next_seed())
    }

    /// Any box as it would be with another content.
    pub fn box_with(&self, ergo_box: &ErgoBox, change: impl FnOnce(&mut Case)) -> ErgoBox {
        bent(ergo_box, self.next_seed(), change)
    }

    /// An account as it would be with another content.
    pub fn account_with(&self, account: &AccountBox, change: impl FnOnce(&mut Case)) -> AccountBox {
        AccountBox::parse(&self.lets, &self.box_with(account.ergo_box(), change)).unwrap()
    }

    /// An account with this balance.
    pub fn balanced(&self, account: &AccountBox, balance: i64) -> AccountBox {
        let units = account.terms().issued.units() + balance;
        let (unit, after) = (self.unit(), u64::try_from(units).unwrap());
        self.account_with(account, |c| {
            c.set_tokens(0, |all| {
                all.retain(|(id, _)| *id != unit);
                if after > 0 {
                    all.push((unit, after));
                }
            })
        })
    }

    /// The first member in debt.
    pub fn indebted(mut self, debt: i64) -> Self {
        self.account = self.balanced(&self.account, -debt);
        self
    }

    /// The first member with terms (R4) changed: `(place, number)`.
    pub fn on_terms(&self, account: &AccountBox, terms: &[(usize, i64)]) -> AccountBox {
        use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::R4;
        self.account_with(account, |c| {
            for (place, number) in terms {
                c.set_long(0, R4, *place, *number);
            }
        })
    }

    /// The pot as it would be with another content.
    pub fn bend_pot(&mut self, change: impl FnOnce(&mut Case)) {
        let bent = self.box_with(self.pot.ergo_box(), change);
        self.pot = OpenPotBox::parse(&self.lets, &bent).unwrap();
    }

    /// The unit.
    pub fn unit(&self) -> TokenId {
        self.lets.ids().unit.into()
    }

    /// The membership token.
    pub fn membership(&self) -> TokenId {
        self.lets.ids().membership.into()
    }

    fn case(&self, proposal: &lets_protocol::Proposal, signers: &[&SecretKey]) -> Case {
        Case::of(proposal, self.height, signers)
    }

    /// Whoever joins next.
    pub fn joiner(&self) -> SecretKey {
        key(199)
    }

    /// Somebody joins: outputs pot, account, (treasury), change, fee.
    pub fn join(&self) -> Case {
        self.join_as(asking(self.pot.policy(), &self.joiner()))
    }

    /// Somebody joins so.
    pub fn join_as(&self, ask: Join) -> Case {
        let key = self.joiner();
        let (proposal, _, _) =
            lets_protocol::join(self.at(), ask, &self.funding(&key, 900.0)).unwrap();
        self.case(&proposal, &[&key])
    }

    /// The first member closes his account, the lock over: outputs pot, ERG, fee.
    pub fn close(&self) -> Case {
        let (proposal, _) =
            lets_protocol::close(self.at(), &self.account, p2pk(&self.owner)).unwrap();
        self.case(&proposal, &[&self.owner])
    }

    /// The first member of a LETS-1 gets this line against so much collateral: outputs pot, account, change, fee.
    pub fn adjust(&self, line: i64, collateral: u64) -> Case {
        let funding = self.funding(&self.owner, 900.0);
        let line = Amount::new(line).unwrap();
        let (proposal, _, _) = lets_protocol::adjust(
            self.at(),
            &self.account,
            line,
            NanoErg(collateral),
            &funding,
        )
        .unwrap();
        self.case(&proposal, &[&self.owner])
    }

    /// The first member of a LETS-3 buys: outputs pot, account, change, fee.
    pub fn buy(&self, units: i64) -> Case {
        let funding = self.funding(&self.owner, 900.0);
        let units = Amount::new(units).unwrap();
        let done = lets_protocol::buy(self.at(), &self.account, units, &funding).unwrap();
        self.case(&done.proposal, &[&self.owner])
    }

    /// The first member of a LETS-3 redeems: outputs pot, account, change, fee.
    pub fn redeem(&self, units: i64) -> Case {
        let funding = self.funding(&self.owner, 1.0);
        let units = Amount::new(units).unwrap();
        let done = lets_protocol::redeem(self.at(), &self.account, units, &funding).unwrap();
        self.case(&done.proposal, &[&self.owner])
    }

    /// Somebody calls the first member's debt: outputs pot, account, change, fee.
    pub fn call(&self) -> Case {
        let watcher = key(198);
        let (proposal, _, _) =
            lets_protocol::call(self.at(), &self.account, &self.funding(&watcher, 1.0)).unwrap();
        self.case(&proposal, &[&watcher])
    }

    /// Somebody freezes the first member's account: outputs pot, account, change, fee.
    pub fn freeze(&self) -> Case {
        let watcher = key(198);
        let (proposal, _, _) =
            lets_protocol::freeze(self.at(), &self.account, &self.funding(&watcher, 1.0)).unwrap();
        self.case(&proposal, &[&watcher])
    }

    /// The second member pays so much of the first's debt: outputs pot, debtor, payer, collateral, fee.
    pub fn liquidate(&self, units: i64) -> Case {
        let done = lets_protocol::liquidate(
            self.at(),
            &self.account,
            &self.other,
            Amount::new(units).unwrap(),
            &self.funding(&self.other_key, 1.0),
        )
        .unwrap();
        self.case(&done.proposal, &[&self.other_key])
    }

    /// Three years on, the pot's refresh.
    pub fn refresh(&self) -> Case {
        let height = self.pot.created().plus(Blocks::REFRESH_AGE);
        let params = TxParams {
            height,
            fee: NanoErg::MIN_FEE,
        };
        let (proposal, _) = lets_protocol::refresh_open_pot(&self.lets, &self.pot, params).unwrap();
        Case::of(&proposal, height, &[])
    }

    /// A LETS-1 whose first member owes his whole line after a crash, called, the grace over: ready to be liquidated.
    pub fn called(debt: i64, rate: i64) -> Self {
        let mut stage = Self::of(Kind::Lets1).indebted(debt).later(2_000, rate);
        let (_, pot, account) =
            lets_protocol::call(stage.at(), &stage.account, &stage.funding(&key(198), 1.0))
                .unwrap();
        (stage.pot, stage.account) = (pot, account);
        stage.later(760, rate)
    }

    /// The action of this name, as it would be so many blocks later: the oracle has published all the while.
    pub fn put_off(&self, name: &str, case: &mut Case, blocks: u32) {
        use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::R4;
        case.height += blocks;
        case.created_ago(1);
        let height = i64::from(case.height);
        if !case.data_inputs.is_empty() && name != "freeze" {
            let (rate, made) = (self.oracle.rate(), case.height - 5);
            let oracle = oracle_box(rate, EPOCH, made, self.next_seed());
            case.data_inputs = vec![oracle.ergo_box().clone()];
            case.set_register(0, R4, vec![i64::from(made), rate]);
        }
        match name {
            "join 1" => case.set_long(1, R4, 8, height + i64::from(self.pot.policy().lock.0)),
            "call" => case.set_long(1, R4, 9, -height),
            "liquidate" => {
                // Called later too, or the call would have lapsed.
                let mark = 760 - height;
                let debtor = self.box_with(&case.inputs[1].0, |c| c.set_long(0, R4, 9, mark));
                case.replace_input(1, debtor);
                case.set_long(1, R4, 9, mark);
            }
            _ => {}
        }
    }

    /// Adds an input, signed for, that holds so much of a token from outside the LETS, which goes to the output `to`.
    pub fn add_junk(&self, case: &mut Case, to: usize) {
        let holder = key(240);
        case.add_input(self.holding(&holder, &[(junk(77), 5)]), to);
        case.signers.push(holder);
        case.set_tokens(to, |all| all.push((junk(77), 5)));
    }

    /// Every action of a pot that leaves an account, with the names of what they are.
    pub fn account_actions() -> Vec<(&'static str, Self, Case)> {
        static MADE: Mutex<Vec<(&str, OpenStage, Case)>> = Mutex::new(Vec::new());
        let mut made = MADE.lock().unwrap();
        if made.is_empty() {
            *made = Self::make_account_actions();
        }
        made.clone()
    }

    fn make_account_actions() -> Vec<(&'static str, Self, Case)> {
        let one = Self::of(Kind::Lets1);
        let three = Self::of(Kind::Lets3);
        let owing = one.clone().indebted(UNITS).later(2_000, 2 * RATE);
        let called = Self::called(UNITS, 2 * RATE);
        let mut dead = one.clone();
        dead.height = dead.height.plus(Blocks(22_000));
        vec![
            ("join 1", one.clone(), one.join()),
            ("join 3", three.clone(), three.join()),
            ("adjust", one.clone(), one.adjust(30_000, 700_000_000_000)),
            ("buy", three.clone(), three.buy(1_000)),
            ("redeem", three.clone(), three.redeem(1_000)),
            ("call", owing.clone(), owing.call()),
            ("freeze", dead.clone(), dead.freeze()),
            ("liquidate", called.clone(), called.liquidate(5_000)),
        ]
    }
}

/// What a member of the test LETS asks for.
pub fn asking(policy: &Policy, key: &SecretKey) -> Join {
    let (units, backing) = match policy.kind.has_rate() {
        true => {
            let units = policy.credit.units().min(UNITS);
            (Amount::new(units).unwrap(), NanoErg(BACKING))
        }
        false => (policy.credit, NanoErg(0)),
    };
    Join {
        key: prop(key),
        units,
        backing,
        spare: NanoErg(100_000_000),
        smallest_direct: Settings::ANY_DIRECT,
        link: Link::None,
    }
}

/// The oracle pool's box.
pub fn oracle_box(rate: i64, epoch: i32, created: u32, seed: u16) -> OracleBox {
    let registers = vec![Constant::from(rate), Constant::from(epoch)];
    OracleBox::parse(
        OracleNft::from(ORACLE),
        &oracle_of(registers, created, seed),
    )
    .unwrap()
}

/// A box with the pool's NFT and these registers.
pub fn oracle_of(registers: Vec<Constant>, created: u32, seed: u16) -> ErgoBox {
    let nft = TokenId::from(OracleNft::from(ORACLE));
    let candidate = ErgoBoxCandidate {
        value: 10_000_000_u64.try_into().unwrap(),
        ergo_tree: p2pk(&key(197)),
        tokens: tokens(&[(nft, 1), (junk(3), 1_000)]),
        additional_registers: NonMandatoryRegisters::try_from(registers).unwrap(),
        creation_height: created,
    };
    existing(&candidate, seed)
}

fn wallet(key: &SecretKey, erg: f64, created: u32, seed: u16) -> ErgoBox {
    wallet_box(key, (erg * 1e9) as u64, created, seed)
}
