//! What the adversary changes in a transaction: one part at a time, by little, by much, or to somebody else's.

use super::scenery::Scenery;
use super::state::THIEF;
use crate::case::{Case, registers};
use crate::hand::loot;
use crate::world::{key, prop};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate, NonMandatoryRegisters};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::mir::constant::{Constant, TryExtractInto};
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use proptest::prelude::*;

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// An output's ERG.
    Erg,
    /// ERG from one output to another.
    MoveErg,
    /// An amount of a token in an output.
    Amount,
    /// Some of a token from one output to another.
    MoveToken,
    /// All of an output's last token to the thief.
    StealToken,
    /// The order of an output's tokens.
    TokenOrder,
    /// A token of nobody's into an output.
    Junk,
    /// One number in a register.
    Number,
    /// A number more or less in a register.
    Numbers,
    /// A register is absent, extra, or of another type.
    Register,
    /// Keys in R5 or R4.
    Keys,
    /// Bytes in R5 or R7.
    Bytes,
    /// An output's script is another's.
    Script,
    /// Two outputs change places.
    SwapOutputs,
    /// An output is left out.
    DropOutput,
    /// An output is there twice.
    CopyOutput,
    /// Something for the thief.
    ThiefOutput,
    /// Two inputs change places.
    SwapInputs,
    /// An input is left out.
    DropInput,
    /// A box of the state is spent besides.
    AddInput,
    /// A box of the state is spent besides and made anew.
    AddPair,
    /// An input is another box of the state.
    OtherInput,
    /// Data inputs: one left out, one more, another order.
    DataInputs,
    /// An input is to be storage rent.
    Rent,
    /// A context variable.
    Variable,
    /// A signature is left out.
    DropSigner,
    /// Somebody else signs.
    OtherSigner,
    /// Nobody signs.
    Unsigned,
    /// The block's height.
    Height,
    /// When an output was made.
    Created,
}

const ALL: [(u32, What); 30] = [
    (3, What::Erg),
    (3, What::MoveErg),
    (3, What::Amount),
    (5, What::MoveToken),
    (3, What::StealToken),
    (1, What::TokenOrder),
    (2, What::Junk),
    (6, What::Number),
    (1, What::Numbers),
    (1, What::Register),
    (3, What::Keys),
    (2, What::Bytes),
    (1, What::Script),
    (2, What::SwapOutputs),
    (1, What::DropOutput),
    (2, What::CopyOutput),
    (4, What::ThiefOutput),
    (2, What::SwapInputs),
    (1, What::DropInput),
    (4, What::AddInput),
    (3, What::AddPair),
    (2, What::OtherInput),
    (2, What::DataInputs),
    (3, What::Rent),
    (2, What::Variable),
    (3, What::DropSigner),
    (2, What::OtherSigner),
    (1, What::Unsigned),
    (4, What::Height),
    (3, What::Created),
];

/// One change: at these places, counted round, by so much.
#[derive(Debug, Clone)]
pub struct Move {
    /// What is changed.
    pub what: What,
    /// Where.
    pub at: usize,
    /// Where else.
    pub to: usize,
    /// By how much.
    pub by: i64,
}

fn arb_step() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => prop::sample::select(vec![1_i64, -1, 2, -2]),
        4 => -40..=40_i64,
        2 => prop::sample::select(vec![0_i64, 1_000, -1_000, 5_039, 5_040, 5_041, 10_080, -5_040, 100_000]),
        2 => prop::sample::select(vec![262_800_i64, 525_600, 788_400, 1_051_199, 1_051_200, 1_051_201]),
        1 => prop::sample::select(vec![1_000_000_i64, -1_000_000, 100_000_000, -100_000_000, 3_000_000_000]),
        1 => prop::sample::select(vec![i64::MAX, i64::MIN, i64::MAX / 2, 1_000_000_000_000]),
    ]
}

/// Any change.
pub fn arb_move() -> impl Strategy<Value = Move> {
    let what = prop::strategy::Union::new_weighted(ALL.map(|(w, what)| (w, Just(what))).to_vec());
    (what, 0..8_usize, 0..24_usize, arb_step()).prop_map(|(what, at, to, by)| Move {
        what,
        at,
        to,
        by,
    })
}

impl Move {
    /// Makes the change; none where there is nothing to change.
    pub(super) fn make(&self, state: &dyn Scenery, case: &mut Case) {
        if case.outputs.is_empty() || case.inputs.is_empty() {
            return;
        }
        let hand = Hand {
            change: self,
            state,
            output: self.at % case.outputs.len(),
            other: self.to % case.outputs.len(),
            input: self.at % case.inputs.len(),
        };
        match self.what {
            What::Erg
            | What::MoveErg
            | What::Amount
            | What::MoveToken
            | What::StealToken
            | What::TokenOrder
            | What::Junk => hand.holdings(case),
            What::Number | What::Numbers | What::Register | What::Keys | What::Bytes => {
                hand.contents(case)
            }
            What::Script
            | What::SwapOutputs
            | What::DropOutput
            | What::CopyOutput
            | What::ThiefOutput
            | What::Created => hand.outputs(case),
            What::SwapInputs
            | What::DropInput
            | What::AddInput
            | What::AddPair
            | What::OtherInput
            | What::DataInputs => hand.inputs(case),
            What::Rent
            | What::Variable
            | What::DropSigner
            | What::OtherSigner
            | What::Unsigned
            | What::Height => hand.circumstances(case),
        }
    }
}

struct Hand<'a> {
    change: &'a Move,
    state: &'a dyn Scenery,
    output: usize,
    other: usize,
    input: usize,
}

impl Hand<'_> {
    fn by(&self) -> u64 {
        self.change.by.unsigned_abs()
    }

    fn holdings(&self, case: &mut Case) {
        let (output, other, to) = (self.output, self.other, self.change.to);
        match self.change.what {
            What::Erg => {
                let now = *case.outputs[output].value.as_u64();
                set_erg(
                    &mut case.outputs[output],
                    now.saturating_add_signed(self.change.by),
                );
            }
            What::MoveErg => {
                let (from, into) = (case.outputs[output].value, case.outputs[other].value);
                let some = self.by().min(*from.as_u64() - 1);
                if output != other {
                    set_erg(&mut case.outputs[output], *from.as_u64() - some);
                    set_erg(&mut case.outputs[other], *into.as_u64() + some);
                }
            }
            What::Amount => case.set_tokens(output, |all| {
                let count = all.len().max(1);
                if let Some(token) = all.get_mut(to % count) {
                    token.1 = token
                        .1
                        .saturating_add_signed(self.change.by)
                        .min(i64::MAX as u64);
                }
                all.retain(|(_, n)| *n > 0);
            }),
            What::MoveToken => {
                let held = held(&case.outputs[output]);
                if let Some((id, amount)) = held.get(to % held.len().max(1)) {
                    let some = self.by().clamp(1, *amount);
                    if output != other {
                        case.move_token(output, other, *id, some);
                    }
                }
            }
            What::StealToken => {
                let held = held(&case.outputs[output]);
                if let Some((id, amount)) = held.get(to % held.len().max(1)) {
                    let some = self.by().clamp(1, *amount);
                    case.outputs.push(loot(&[]));
                    let thief = case.outputs.len() - 1;
                    case.outputs[thief].creation_height = case.height - 1;
                    case.move_token(output, thief, *id, some);
                }
            }
            What::TokenOrder => case.set_tokens(output, |all| {
                if !all.is_empty() {
                    let by = to % all.len();
                    all.rotate_left(by);
                }
            }),
            _ => case.set_tokens(output, |all| {
                all.push((crate::hand::junk(77), 1 + self.by() % 9))
            }),
        }
    }

    fn contents(&self, case: &mut Case) {
        let output = &mut case.outputs[self.output];
        let mut all = registers(output);
        let (to, by) = (self.change.to, self.change.by);
        let thief = prop(&key(THIEF));
        match self.change.what {
            What::Register => match to % 4 {
                0 => drop(all.pop()),
                1 => all.push(Constant::from(by)),
                2 => all.push(Constant::from(1_i32)),
                _ => {
                    let place = to / 4 % all.len().max(1);
                    if let Some(constant) = all.get_mut(place) {
                        *constant = Constant::from(by);
                    }
                }
            },
            what => {
                let count = all.len().max(1);
                // The first register of the right type from the drawn one on.
                for n in 0..count {
                    let Some(constant) = all.get_mut((to + n) % count) else {
                        break;
                    };
                    let place = to / count;
                    let changed = match what {
                        What::Number => number(constant, place, by),
                        What::Numbers => numbers(constant, place, by),
                        What::Keys => keys(constant, place, by, &thief),
                        _ => bytes(constant, place, by),
                    };
                    if let Some(changed) = changed {
                        *constant = changed;
                        break;
                    }
                }
            }
        }
        all.truncate(6);
        output.additional_registers = NonMandatoryRegisters::try_from(all).unwrap();
    }

    fn outputs(&self, case: &mut Case) {
        let (output, other) = (self.output, self.other);
        match self.change.what {
            What::Script => {
                let boxes = self.state.boxes();
                let tree = match self.change.by % 2 {
                    0 => case.outputs[other].ergo_tree.clone(),
                    _ => boxes[self.change.to % boxes.len()].ergo_tree.clone(),
                };
                case.outputs[output].ergo_tree = tree;
            }
            What::SwapOutputs => case.outputs.swap(output, other),
            What::DropOutput if case.outputs.len() > 1 => drop(case.outputs.remove(output)),
            What::DropOutput => {}
            What::CopyOutput => {
                let mut copy = case.outputs[output].clone();
                if self.change.by % 2 == 0 {
                    copy.tokens = None;
                }
                let at = self.change.to % (case.outputs.len() + 1);
                case.outputs.insert(at, copy);
            }
            What::ThiefOutput => {
                let mut made = loot(&[]);
                made.creation_height = case.height - 1;
                let value = self.by().clamp(1_000_000, 3_000_000_000);
                set_erg(&mut made, value);
                let from = *case.outputs[output].value.as_u64();
                set_erg(&mut case.outputs[output], from.saturating_sub(value));
                let at = if self.change.to < 20 {
                    case.outputs.len()
                } else {
                    other
                };
                case.outputs.insert(at, made);
            }
            _ => {
                let made = i64::from(case.height) - 1;
                let made = made.saturating_sub(self.change.by).clamp(1, made + 2);
                let made = u32::try_from(made).unwrap();
                match self.change.to % 3 {
                    0 => case
                        .outputs
                        .iter_mut()
                        .for_each(|o| o.creation_height = made),
                    _ => case.outputs[output].creation_height = made,
                }
            }
        }
    }

    fn inputs(&self, case: &mut Case) {
        let boxes = self.state.boxes();
        let drawn: &ErgoBox = boxes[self.change.to % boxes.len()];
        let spent = case
            .inputs
            .iter()
            .any(|(b, _)| b.box_id() == drawn.box_id());
        let fresh = || (drawn.clone(), ContextExtension::empty());
        let at = match self.change.by % 2 {
            0 => case.inputs.len(),
            _ => self.input,
        };
        match self.change.what {
            What::SwapInputs => {
                let other = self.change.to % case.inputs.len();
                case.inputs.swap(self.input, other);
            }
            What::DropInput if case.inputs.len() > 1 => drop(case.inputs.remove(self.input)),
            What::AddInput if !spent => case.inputs.insert(at, fresh()),
            What::AddPair if !spent => {
                let mut again = ErgoBoxCandidate::from(drawn.clone());
                again.creation_height = case.height - 1;
                // Where the input's index has no output yet, something harmless fills the gap.
                case.inputs.insert(at, fresh());
                while case.outputs.len() < at {
                    let mut gap = loot(&[]);
                    gap.creation_height = case.height - 1;
                    case.outputs.push(gap);
                }
                case.outputs.insert(at, again);
            }
            What::OtherInput if !spent => case.inputs[self.input] = fresh(),
            What::DataInputs => match self.change.by.rem_euclid(3) {
                0 => drop(case.data_inputs.pop()),
                1 if !case.data_inputs.contains(drawn) => case.data_inputs.push(drawn.clone()),
                2 if !case.data_inputs.contains(drawn) => case.data_inputs.insert(0, drawn.clone()),
                _ => {}
            },
            _ => {}
        }
        if [What::AddInput, What::AddPair, What::OtherInput].contains(&self.change.what) {
            match self.change.at {
                0..4 => case.signers.extend(self.state.holders(drawn)),
                _ => case.signers.push(key(THIEF)),
            }
        }
    }

    fn circumstances(&self, case: &mut Case) {
        let keys = self.state.keys();
        match self.change.what {
            What::Rent => {
                let place = match self.change.by % 3 {
                    0 => self.input,
                    _ => self.other,
                };
                case.rent(self.input, place as i16);
                if self.change.by % 2 == 0 && place < case.outputs.len() {
                    // As the protocol wants it: the box as it is, made in this block, less its rent.
                    let spent = &case.inputs[self.input].0;
                    let rent = crate::case::size(spent) as u64 * 1_250_000;
                    let left = spent.value.as_u64().saturating_sub(rent);
                    let mut next = ErgoBoxCandidate::from(spent.clone());
                    set_erg(&mut next, left);
                    next.creation_height = case.height;
                    case.outputs[place] = next;
                }
                case.outputs
                    .iter_mut()
                    .for_each(|o| o.creation_height = o.creation_height.max(case.height - 1));
            }
            What::Variable => {
                let id = [1, 127, 0, 126][self.change.to % 4];
                let value = match self.change.to / 4 % 3 {
                    0 => Constant::from(self.change.by as i32),
                    1 => Constant::from(self.change.by as i16),
                    _ => Constant::from(vec![self.change.by]),
                };
                case.inputs[self.input].1.values.insert(id, value);
            }
            What::DropSigner if !case.signers.is_empty() => {
                let place = self.change.to % case.signers.len();
                // The same key may stand there several times.
                let gone = case.signers[place].to_bytes();
                case.signers.retain(|k| k.to_bytes() != gone);
            }
            What::OtherSigner => {
                let signer = keys[self.change.to % keys.len()].clone();
                match case.signers.is_empty() {
                    true => case.signers.push(signer),
                    false => {
                        let place = self.change.at % case.signers.len();
                        case.signers[place] = signer;
                    }
                }
            }
            What::Unsigned => case.signers.clear(),
            What::Height => {
                let by = self.change.by.clamp(-10_000, 1_100_000);
                let old = case.height;
                case.height = u32::try_from(i64::from(old) + by).unwrap();
                if !self.change.to.is_multiple_of(4) {
                    // The outputs are made as long before the block as they were.
                    for output in &mut case.outputs {
                        let made = i64::from(output.creation_height) + by;
                        output.creation_height = u32::try_from(made.max(1)).unwrap();
                    }
                }
            }
            _ => {}
        }
    }
}

fn set_erg(output: &mut ErgoBoxCandidate, value: u64) {
    let most = 1_000_000_000_000;
    output.value = value.clamp(1_000_000, most).try_into().unwrap();
}

fn held(output: &ErgoBoxCandidate) -> Vec<(TokenId, u64)> {
    let all = output.tokens.iter().flatten();
    all.map(|t| (t.token_id, *t.amount.as_u64())).collect()
}

fn number(constant: &Constant, place: usize, by: i64) -> Option<Constant> {
    let mut longs: Vec<i64> = constant.clone().try_extract_into().ok()?;
    let count = longs.len().max(1);
    let old = longs.get_mut(place % count)?;
    *old = match by {
        i64::MAX | i64::MIN => by,
        by => old.wrapping_add(by),
    };
    Some(Constant::from(longs))
}

fn numbers(constant: &Constant, place: usize, by: i64) -> Option<Constant> {
    let mut longs: Vec<i64> = constant.clone().try_extract_into().ok()?;
    match place % 3 {
        0 => longs.push(by),
        1 => drop(longs.pop()),
        _ => longs.clear(),
    }
    Some(Constant::from(longs))
}

fn keys(constant: &Constant, place: usize, by: i64, thief: &SigmaProp) -> Option<Constant> {
    if constant.clone().try_extract_into::<SigmaProp>().is_ok() {
        return Some(Constant::from(thief.clone()));
    }
    let mut keys: Vec<SigmaProp> = constant.clone().try_extract_into().ok()?;
    match by % 4 {
        0 => keys.push(thief.clone()),
        1 => drop(keys.pop()),
        2 => keys.reverse(),
        _ => {
            let count = keys.len().max(1);
            *keys.get_mut(place % count)? = thief.clone();
        }
    }
    Some(Constant::from(keys))
}

fn bytes(constant: &Constant, place: usize, by: i64) -> Option<Constant> {
    let mut bytes: Vec<u8> = constant.clone().try_extract_into().ok()?;
    match by % 4 {
        0 => bytes.push(by as u8),
        1 => drop(bytes.pop()),
        2 => bytes.truncate(64),
        _ => {
            let count = bytes.len().max(1);
            *bytes.get_mut(place * 31 % count)? ^= 1;
        }
    }
    Some(Constant::from(bytes))
}
