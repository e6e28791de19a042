//! Trades and notes laid out by hand, as the headers of `contracts/account.es` and `contracts/note.es` describe them:
//! each part can stand at its limit or past it, whatever the library's builders would say.

use crate::case::{Case, existing, longs};
use crate::open::OpenStage;
use crate::world::{START, World, key};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R6};
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate, NonMandatoryRegisters};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::{SigmaBoolean, SigmaProp};
use ergo_lib::wallet::miner_fee::MINERS_FEE_ADDRESS;
use ergo_lib::wallet::secret_key::SecretKey;
use lets_protocol::{AccountBox, Height, Lets, NanoErg};

/// Where people trade.
pub trait Ground {
    /// The LETS.
    fn lets(&self) -> &Lets;
    /// The height of the chain.
    fn height(&self) -> Height;
}

impl Ground for World {
    fn lets(&self) -> &Lets {
        &self.lets
    }

    fn height(&self) -> Height {
        self.height
    }
}

impl Ground for OpenStage {
    fn lets(&self) -> &Lets {
        &self.lets
    }

    fn height(&self) -> Height {
        self.height
    }
}

/// Blocks after which anybody may spend a box as storage rent.
pub const STORAGE_PERIOD: u32 = 1_051_200;

/// ERG that [`note`] puts into a note.
pub const NOTE_ERG: u64 = 10_000_000;

/// What one account does in a trade.
#[derive(Debug, Clone, Copy)]
pub struct Move<'a> {
    account: &'a AccountBox,
    gain: i64,
    signed: bool,
}

/// The owner signs, and his account loses `units`.
pub fn pays(account: &AccountBox, units: i64) -> Move<'_> {
    Move {
        account,
        gain: -units,
        signed: true,
    }
}

/// The account gains `units` without its owner's signature.
pub fn takes(account: &AccountBox, units: i64) -> Move<'_> {
    Move {
        account,
        gain: units,
        signed: false,
    }
}

/// The owner signs, and his account gains `units` (0: it keeps what it has).
pub fn signs(account: &AccountBox, units: i64) -> Move<'_> {
    Move {
        account,
        gain: units,
        signed: true,
    }
}

/// The accounts in this order at the inputs 0, 1, 2..., each with its successor at the output of the same number, and
/// the fee at last, out of the first signed account's ERG (if nobody signs: [`Case::lead`] with a box that pays it).
pub fn trade(ground: &impl Ground, moves: &[Move<'_>], signers: &[&SecretKey]) -> Case {
    let height = ground.height().0;
    let mut case = Case {
        inputs: Vec::new(),
        data_inputs: Vec::new(),
        outputs: Vec::new(),
        height: height + 1,
        signers: signers.iter().map(|&k| k.clone()).collect(),
    };
    for (
        i,
        Move {
            account,
            gain,
            signed,
        },
    ) in moves.iter().enumerate()
    {
        let mut next = ErgoBoxCandidate::from(account.ergo_box().clone());
        next.creation_height = height;
        case.inputs
            .push((account.ergo_box().clone(), ContextExtension::empty()));
        case.outputs.push(next);
        set_units(ground, &mut case, i, account, account.units() + gain);
        if *signed {
            case.set_register(i, R6, counters(account, *gain, i64::from(height)));
            keep_first_key(&mut case, i);
        }
    }
    case.outputs.push(fee(height));
    if let Some(payer) = moves.iter().position(|m| m.signed) {
        case.take_erg(payer, NanoErg::MIN_FEE.0);
    }
    case
}

/// The settings (R6) of a signed successor, as S6 and S7 of `contracts/account.es` have them at the least.
fn counters(account: &AccountBox, gain: i64, stamp: i64) -> Vec<i64> {
    let terms = longs(&account.ergo_box().clone().into(), R4);
    let mut own = longs(&account.ergo_box().clone().into(), R6);
    let before = account.balance().units();
    let drawn = before.min(0) - (before + gain).min(0);
    let leaked = terms[7].saturating_mul(stamp - own[1]) / 1_000;
    own[2] = own[2].saturating_sub(leaked).max(0) + drawn.max(0);
    own[1] = stamp;
    if before >= 0 {
        own[3] = stamp;
    }
    own
}

fn keep_first_key(case: &mut Case, output: usize) {
    use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::R5;
    use ergo_lib::ergotree_ir::mir::constant::TryExtractInto;
    let keys: Vec<SigmaProp> = case.outputs[output]
        .additional_registers
        .get_constant(R5)
        .unwrap()
        .expect("keys")
        .try_extract_into()
        .expect("a Coll[SigmaProp]");
    case.set_register(output, R5, keys[..1].to_vec());
}

fn set_units(
    ground: &impl Ground,
    case: &mut Case,
    output: usize,
    account: &AccountBox,
    units: i64,
) {
    let number = account.number().token_id();
    case.set_tokens(output, |all| {
        // The units stand after the account token, or nowhere.
        let after = all
            .iter()
            .position(|(id, _)| *id == number)
            .expect("the account token")
            + 1;
        let units = u64::try_from(units).expect("an account holds what it pays");
        match all.get_mut(after) {
            Some(token) => token.1 = units,
            None => all.push((unit(ground), units)),
        }
        all.retain(|(_, n)| *n > 0);
    });
}

/// Both in one transaction: the second's accounts stand behind the first's inputs, each with its successor at the output
/// of its own number, and one fee is paid.
pub fn joined(mut first: Case, second: Case) -> Case {
    let place = first.inputs.len();
    assert_eq!(
        first.outputs.len(),
        place + 1,
        "every input has its output, and then comes the fee"
    );
    first.inputs.extend(second.inputs);
    let made = second.outputs.len() - 1;
    let outputs = second.outputs.into_iter().take(made);
    first.outputs.splice(place..place, outputs);
    first.give_erg(place, NanoErg::MIN_FEE.0);
    first.signers.extend(second.signers);
    first
}

/// The miner fee as an output.
pub fn fee(height: u32) -> ErgoBoxCandidate {
    ErgoBoxCandidate {
        value: NanoErg::MIN_FEE.0.try_into().unwrap(),
        ergo_tree: MINERS_FEE_ADDRESS.script().unwrap(),
        tokens: None,
        additional_registers: NonMandatoryRegisters::empty(),
        creation_height: height,
    }
}

/// A note of `payer` over so many units, to `payee` or to whoever claims it, that expires after the longest time.
pub fn note(
    ground: &impl Ground,
    payer: &AccountBox,
    payee: Option<&AccountBox>,
    units: u64,
) -> ErgoBoxCandidate {
    let contracts = ground.lets().contracts();
    let mut parties = payer.number().bytes().to_vec();
    parties.extend(contracts.account.hash().bytes());
    parties.extend(payee.iter().flat_map(|p| *p.number().bytes()));
    ErgoBoxCandidate {
        value: NOTE_ERG.try_into().unwrap(),
        ergo_tree: contracts.note.tree().clone(),
        tokens: crate::case::tokens(&[(unit(ground), units)]),
        additional_registers: NonMandatoryRegisters::try_from(vec![
            Constant::from(anybody()),
            Constant::from(parties),
            Constant::from(vec![ground.height().as_i64() + 262_800]),
        ])
        .unwrap(),
        creation_height: ground.height().0,
    }
}

/// The proposition that needs no proof.
pub fn anybody() -> SigmaProp {
    SigmaProp::from(SigmaBoolean::TrivialProp(true))
}

/// A token that has nothing to do with the LETS.
pub fn junk(seed: u8) -> TokenId {
    TokenId::from(ergo_lib::ergo_chain_types::Digest([seed; 32]))
}

/// The credit unit.
pub fn unit(ground: &impl Ground) -> TokenId {
    ground.lets().ids().unit.into()
}

/// The membership token.
pub fn membership(world: &World) -> TokenId {
    world.lets.ids().membership.into()
}

/// Four members of one LETS, each with the charter's default terms and a balance of 0.
pub struct Members {
    /// The LETS.
    pub world: World,
    /// Their keys.
    pub keys: [SecretKey; 4],
    /// Their accounts.
    pub accounts: [AccountBox; 4],
}

impl Members {
    /// Members of the world of this seed; worlds of seeds 10 apart have nothing in common.
    pub fn of(seed: u8) -> Self {
        let mut world = World::new(seed);
        let keys = [5, 6, 7, 8].map(|n| key(seed + n));
        let accounts = keys.each_ref().map(|k| world.admit(k));
        Self {
            world,
            keys,
            accounts,
        }
    }

    /// The account with this balance.
    pub fn at(&self, account: usize, balance: i64) -> AccountBox {
        at(&self.world, &self.accounts[account], balance)
    }

    /// The account of this age when the next block is made.
    pub fn aged(&self, account: usize, age: u32) -> AccountBox {
        aged(&self.world, &self.accounts[account], age)
    }
}

/// The account with this balance.
pub fn at(world: &World, account: &AccountBox, balance: i64) -> AccountBox {
    let units = account.terms().issued.units() + balance;
    world.account_with(account, |case| set_units(world, case, 0, account, units))
}

/// The account with other terms (R4): `(place, value)`.
pub fn on_terms(world: &World, account: &AccountBox, terms: &[(usize, i64)]) -> AccountBox {
    world.account_with(account, |case| {
        for (place, value) in terms {
            case.set_long(0, R4, *place, *value);
        }
    })
}

/// The account with other settings and counters (R6): `(place, value)`.
pub fn on_settings(world: &World, account: &AccountBox, settings: &[(usize, i64)]) -> AccountBox {
    world.account_with(account, |case| {
        for (place, value) in settings {
            case.set_long(0, R6, *place, *value);
        }
    })
}

/// The account of this age when the next block is made.
pub fn aged(world: &World, account: &AccountBox, age: u32) -> AccountBox {
    world.account_with(account, |case| {
        case.outputs[0].creation_height = created(world, age)
    })
}

/// When a box was made that has this age when the next block is made.
pub fn created(world: &World, age: u32) -> u32 {
    world.height.0 + 1 - age
}

/// A box at the key's disposal with these tokens.
pub fn wallet_with(world: &World, key: &SecretKey, tokens: &[(TokenId, u64)]) -> ErgoBox {
    let mut candidate = ErgoBoxCandidate::from(world.wallet_box(key, 1.0));
    candidate.tokens = crate::case::tokens(tokens);
    existing(&candidate, 7)
}

/// An output for a thief with these tokens: its ERG is still to be taken from another output.
pub fn loot(tokens: &[(TokenId, u64)]) -> ErgoBoxCandidate {
    let mut candidate = ErgoBoxCandidate {
        value: 1_000_000_u64.try_into().unwrap(),
        ergo_tree: crate::world::p2pk(&key(250)),
        tokens: None,
        additional_registers: NonMandatoryRegisters::empty(),
        creation_height: START,
    };
    candidate.tokens = crate::case::tokens(tokens);
    candidate
}

impl Case {
    /// Puts a box at INPUTS(0) and the same again, new, at OUTPUTS(0); everything else moves down by one.
    pub fn lead(&mut self, ergo_box: ErgoBox) {
        let mut next = ErgoBoxCandidate::from(ergo_box.clone());
        next.creation_height = self.outputs[0].creation_height;
        self.inputs.insert(0, (ergo_box, ContextExtension::empty()));
        self.outputs.insert(0, next);
    }

    /// Takes the fee out of this output's ERG: where no account signs.
    pub fn fee_from(&mut self, output: usize) {
        self.take_erg(output, NanoErg::MIN_FEE.0);
    }
}
