//! The builders of the trade path and their off-chain twins: at its limit each builds what both interpreters accept, past it
//! refuses by its rule, and what it refused, built without the check, is refused by the script. (The rules of the scripts
//! one by one are in `account.rs` and `note.rs`.)

use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6, R7};
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate};
use lets_protocol::{
    AccountBox, Amount, Blocks, Community, Height, Leg, NoteBox, OwnerChange, Payee, Payment,
    RuleViolation, Settings, Spender, Terms, Trade, TradeError, absorb, claim, claimable, pay,
    refund, set_account, settle,
};
use lets_tests::Case;
use lets_tests::case::{existing, longs, registers};
use lets_tests::hand::*;
use lets_tests::world::{key, prop};

/// The result of a builder.
type Built = Result<Trade, TradeError>;

/// What every account may pay out of its line: the charter's default.
const LINE: i64 = 20_000;
/// What every account may hold: the charter's default.
const CAP: i64 = 50_000;
/// The life of the notes that these tests pay by.
const LIFE: Blocks = Blocks(20_000);

fn amount(units: i64) -> Amount {
    Amount::new(units).unwrap()
}

/// The member's account on these terms (R4: `(place, value)`), with these classes to spend on, at this balance.
fn member(
    m: &Members,
    who: usize,
    balance: i64,
    terms: &[(usize, i64)],
    classes: &[i64],
) -> AccountBox {
    let account = on_terms(&m.world, &m.at(who, balance), terms);
    let mut longs = account.terms().to_longs();
    longs.extend(classes);
    m.world
        .account_with(&account, |c| c.set_register(0, R4, longs))
}

/// The same account, on terms and settings under which every twin lets everything pass.
fn lenient(m: &Members, account: &AccountBox) -> AccountBox {
    let most = amount(1_000_000_000);
    let terms = Terms {
        line: most,
        cap: most,
        largest_draw: Amount::ZERO,
        draw_limit: Amount::ZERO,
        longest_debt: Blocks(0),
        spend_on: Vec::new(),
        ..account.terms().clone()
    };
    m.world.account_with(account, |c| {
        c.set_register(0, R4, terms.to_longs());
        c.set_long(0, R6, 0, 0);
    })
}

/// The case that was built with lenient accounts, with the strict ones in their places: the notes carry the classes that
/// the strict leader is limited to.
fn under(m: &Members, case: Case, strict: &[AccountBox]) -> Case {
    case.with(|c| {
        for (i, account) in strict.iter().enumerate() {
            c.replace_input(i, account.ergo_box().clone());
            c.set_register(i, R4, account.terms().to_longs());
            c.set_long(i, R6, 0, account.settings().smallest_direct);
        }
        let after = m.world.lets.units_in(&c.made(0)) - strict[0].terms().issued.units();
        let note = m.world.lets.contracts().note.bytes().to_vec();
        for i in 0..c.outputs.len() {
            if after < 0 && script(&c.outputs[i]) == note {
                let mut rules = vec![longs(&c.outputs[i], R6)[0]];
                rules.extend(&strict[0].terms().spend_on);
                c.set_register(i, R6, rules);
            }
        }
    })
}

fn script(candidate: &ErgoBoxCandidate) -> Vec<u8> {
    use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
    candidate.ergo_tree.sigma_serialize_bytes().unwrap()
}

/// A direct payment.
fn direct(to: &AccountBox, units: i64) -> Payment<'_> {
    Payment {
        to: Payee::Direct(to),
        amount: amount(units),
        memo: Vec::new(),
    }
}

/// A payment by a note.
fn by_note<'a>(m: &Members, to: &'a AccountBox, units: i64) -> Payment<'a> {
    let expiry = m.world.height.plus(LIFE);
    Payment {
        to: Payee::Note { to, expiry },
        amount: amount(units),
        memo: Vec::new(),
    }
}

/// A payment by a note to whoever proves the key.
fn by_paper(m: &Members, units: i64) -> Payment<'static> {
    let expiry = m.world.height.plus(LIFE);
    let claimant = prop(&key(250));
    Payment {
        to: Payee::Bearer { claimant, expiry },
        amount: amount(units),
        memo: Vec::new(),
    }
}

fn with<'a>(account: &'a AccountBox, claims: &'a [NoteBox]) -> Spender<'a> {
    Spender {
        claims,
        ..Spender::new(account)
    }
}

/// A note on the chain from the fourth member, to a payee or to anybody, limited to these classes.
fn waiting(m: &Members, payee: Option<&AccountBox>, units: i64, classes: &[i64]) -> NoteBox {
    let units = units.try_into().unwrap();
    let candidate = note(&m.world, &m.accounts[3], payee, units);
    let mut rules = vec![m.world.height.plus(LIFE).as_i64()];
    rules.extend(classes);
    bent(m, &existing(&candidate, 0), |c| {
        c.set_register(0, R6, rules)
    })
}

/// The note with another content.
fn bent(m: &Members, note: &ErgoBox, change: impl FnOnce(&mut Case)) -> NoteBox {
    NoteBox::parse(&m.world.lets, &m.world.box_with(note, change)).unwrap()
}

/// The transaction, to be signed by these members.
fn signed(m: &Members, trade: &Trade, signers: &[usize]) -> Case {
    let keys: Vec<_> = signers.iter().map(|i| &m.keys[*i]).collect();
    m.world.case(&trade.proposal, &keys)
}

/// The rule by which a builder refused.
#[track_caller]
fn refusal(built: Built) -> RuleViolation {
    match built {
        Err(TradeError::Rule(violation)) => violation,
        Err(other) => panic!("refused for another reason: {other}"),
        Ok(_) => panic!("the builder builds it"),
    }
}

/// A rule with a limit, and a transaction that meets it.
struct Limit<'a> {
    m: &'a Members,
    /// The accounts, as they stand among the inputs; the first leads.
    accounts: Vec<AccountBox>,
    /// Members who sign.
    signers: &'a [usize],
    /// The last amount that passes.
    last: i64,
    /// The rule that refuses the next.
    rule: &'a str,
    /// What the refusal says of the most that passes.
    most: Option<i64>,
    /// The input whose script refuses the next, without the check.
    refused: usize,
}

impl Limit<'_> {
    /// `build` makes the transaction with these accounts and this amount.
    #[track_caller]
    fn holds(&self, build: impl Fn(&[AccountBox], i64) -> Built) -> RuleViolation {
        let at = build(&self.accounts, self.last).unwrap();
        signed(self.m, &at, self.signers).accepted();
        let violation = refusal(build(&self.accounts, self.last + 1));
        assert_eq!(violation.rule(), self.rule);
        assert_eq!(violation.most().map(Amount::units), self.most);
        let lenient: Vec<_> = self.accounts.iter().map(|a| lenient(self.m, a)).collect();
        let past = build(&lenient, self.last + 1).unwrap();
        under(self.m, signed(self.m, &past, self.signers), &self.accounts).refused_at(self.refused);
        violation
    }
}

mod agreed;
mod claimable;
mod erg;
mod limits;
mod notes;
mod owner;
mod random;
mod settled;
mod split;
