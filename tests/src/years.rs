//! Years of trade as a chain of blocks, for measuring whoever follows it: the scripts, tokens and registers of a LETS, made without
//! the builders' care where that is too slow. Blocks lie in a file as the node's JSON and are served from there, so neither maker
//! nor server holds them.

mod chain;
mod serve;

pub use chain::Chain;
pub use serve::{Served, serve};

use crate::case::existing;
use crate::world::{at_least, bounds, founding, key, p2pk, prop};
use ergo_lib::chain::transaction::unsigned::UnsignedTransaction;
use ergo_lib::chain::transaction::{DataInput, Transaction, UnsignedInput};
use ergo_lib::ergo_chain_types::blake2b256_hash;
use ergo_lib::ergotree_interpreter::sigma_protocol::private_input::PrivateInput;
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::hint::HintsBag;
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::{
    ContextExtension, ProofBytes, Prover, TestProver,
};
use ergo_lib::ergotree_ir::chain::ergo_box::{
    BoxId, BoxTokens, ErgoBox, ErgoBoxCandidate, NonMandatoryRegisters,
};
use ergo_lib::ergotree_ir::chain::token::{Token, TokenId};
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::{SigmaBoolean, SigmaProp};
use ergo_lib::wallet::miner_fee::MINERS_FEE_ADDRESS;
use ergo_lib::wallet::secret_key::SecretKey;
use lets_cli::manifest::{Manifest, Network, Supply};
use lets_contracts::unparsed;
use lets_protocol::{
    AccountBox, AccountNumber, Amount, Applicant, ApplicationBox, Blocks, Bounds, CharterBox,
    Founding, Funding, HardBounds, Height, NanoErg, NoteBox, PotBox, Proposal, Terms, TxParams,
    admit, apply_all,
};
use std::collections::VecDeque;

/// The height of the founding.
pub const FOUNDED: u32 = 1_000_000;
/// Admissions in one block.
const ADMISSIONS: usize = 50;
/// ERG with which an account begins: fees for a thousand trades.
const ACCOUNT_ERG: NanoErg = NanoErg(5_000_000_000);
/// The largest payment, in units.
const LARGEST: u64 = 900;

/// How much is to be made.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Members; they join first.
    pub members: u32,
    /// Trades between them: payments direct and by note, and claims.
    pub trades: u32,
    /// Whether every tenth payment reads a box that somebody else made long before.
    pub reads: bool,
}

/// A member's account as the last block leaves it.
struct Member {
    number: TokenId,
    owner: SigmaProp,
    value: u64,
    units: i64,
    /// As register R6 holds them: smallest direct payment, stamp, credit used, in debt since.
    settings: [i64; 4],
    id: BoxId,
    /// Notes to it: the box, and its units.
    notes: VecDeque<(BoxId, i64)>,
}

/// What was made, by this side's own reckoning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Books {
    /// Every account and its balance in units, in the order of their numbers.
    pub balances: Vec<(AccountNumber, i64)>,
    /// Units in notes on their way.
    pub in_notes: i64,
    /// Payments made, direct and by note.
    pub payments: i64,
    /// What they came to, in units.
    pub volume: i64,
}

/// Makes a chain of this size, always the same for the same seed.
pub fn make(size: Size, seed: u64) -> Chain {
    let mut maker = Maker::begin(size, seed);
    while maker.members.len() < size.members as usize {
        maker.join();
    }
    let mut left = size.trades;
    while left > 0 {
        let now = left.min(20 + u32::try_from(maker.roll(81)).unwrap());
        for n in 0..now {
            maker.trade();
            if n % 2 == 0 {
                maker.foreign();
            }
        }
        left -= now;
        maker.block();
    }
    maker.end()
}

struct Maker {
    chain: Chain,
    size: Size,
    seed: u64,
    charter: CharterBox,
    pot: PotBox,
    terms: Terms,
    members: Vec<Member>,
    in_notes: i64,
    payments: i64,
    volume: i64,
    block: Vec<String>,
    ids: Vec<u8>,
    account: ErgoTree,
    note: ErgoTree,
    fee: ErgoTree,
    /// The first box that somebody else made.
    strangers: Option<ErgoBox>,
    made_up: u64,
}

/// Room for everybody at once.
fn wide(members: u32) -> Bounds {
    Bounds {
        admissions: i64::from(members).max(100),
        issue: Amount::new(1_000_000_000_000).unwrap(),
        ..bounds()
    }
}

fn member_key(place: usize) -> SecretKey {
    let mut bytes = [9; 32];
    bytes[24..].copy_from_slice(&u64::try_from(place + 1).unwrap().to_be_bytes());
    SecretKey::dlog_from_bytes(&bytes).unwrap()
}

fn token(id: TokenId, amount: i64) -> Token {
    let amount = u64::try_from(amount).unwrap().try_into().unwrap();
    Token {
        token_id: id,
        amount,
    }
}

impl Maker {
    fn begin(size: Size, seed: u64) -> Self {
        let founder = key(9);
        let committee = [key(1), key(2), key(3)];
        let bounds = wide(size.members);
        let founding = Founding {
            hard: HardBounds::around(&bounds),
            bounds,
            memberships: i64::from(size.members) + 1,
            ..founding(at_least(2, &committee.each_ref()), "Years")
        };
        let params = TxParams {
            height: Height(FOUNDED - 1),
            fee: NanoErg::MIN_FEE,
        };
        let funding = Funding {
            boxes: vec![wallet_box(&founder, 20_000_000_000, 0)],
            change: p2pk(&founder),
        };
        let found = founding.plan(&funding, params).unwrap();
        let supply = Supply {
            units: founding.units,
            memberships: founding.memberships,
        };
        let manifest = Manifest::of(
            &found,
            &founding.identity,
            Network::Devnet,
            supply,
            Height(FOUNDED),
        );
        let contracts = found.lets.contracts().clone();
        let fee = MINERS_FEE_ADDRESS
            .script()
            .unwrap()
            .sigma_serialize_bytes()
            .unwrap();
        let mut scripts: Vec<Vec<u8>> =
            contracts.all().iter().map(|c| c.bytes().to_vec()).collect();
        scripts.push(fee.clone());
        let mut maker = Self {
            chain: Chain::new(found.lets.clone(), manifest, &scripts),
            size,
            seed,
            terms: founding.bounds.default_terms(),
            charter: found.charter,
            pot: found.pot,
            members: Vec::new(),
            in_notes: 0,
            payments: 0,
            volume: 0,
            block: Vec::new(),
            ids: Vec::new(),
            account: contracts.account.tree().clone(),
            note: contracts.note.tree().clone(),
            fee: unparsed(fee),
            strangers: None,
            made_up: 1,
        };
        for (_, step) in &found.steps {
            maker.built(step, prop(&founder), &[&founder]);
        }
        maker.block();
        maker
    }

    fn roll(&mut self, sides: u64) -> u64 {
        // Knuth's MMIX generator; the high bits are the good ones.
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % sides
    }

    /// The last block's height: what is made goes into the next.
    fn params(&self) -> TxParams {
        TxParams {
            height: Height(self.chain.next_height() - 1),
            fee: NanoErg::MIN_FEE,
        }
    }

    fn push(&mut self, tx: &Transaction) {
        self.ids.extend(tx.id().0.0);
        self.block.push(serde_json::to_string(tx).unwrap());
    }

    fn block(&mut self) {
        self.chain.push(&self.block, &self.ids);
        self.block.clear();
        self.ids.clear();
    }

    /// A transaction of the library's builders.
    fn built(&mut self, proposal: &Proposal, lead: SigmaProp, signers: &[&SecretKey]) {
        let tx = Self::proven(proposal.unsigned().clone(), lead, signers);
        self.push(&tx);
    }

    /// With the proof of the first input, whose script comes to `lead`: no script of the others asks for one. To run the scripts
    /// for that, as a wallet does, would take hours for years of trade; an audit runs them.
    fn proven(tx: UnsignedTransaction, lead: SigmaProp, signers: &[&SecretKey]) -> Transaction {
        let secrets = signers.iter().map(|&k| PrivateInput::from(k.clone()));
        let prover = TestProver {
            secrets: secrets.collect(),
        };
        let message = tx.bytes_to_sign().unwrap();
        let proof = prover.generate_proof(lead.into(), &message, &HintsBag::empty());
        let mut proofs = vec![ProofBytes::Empty; tx.inputs.len()];
        proofs[0] = proof.unwrap();
        Transaction::from_unsigned_tx(tx, proofs).unwrap()
    }

    /// A block of admissions.
    fn join(&mut self) {
        let left = self.size.members as usize - self.members.len();
        let first = self.members.len();
        let keys: Vec<SecretKey> = (first..first + left.min(ADMISSIONS))
            .map(member_key)
            .collect();
        let value = NanoErg(ACCOUNT_ERG.0 + NanoErg::MIN_FEE.0);
        let applicants = keys
            .iter()
            .map(|k| (Applicant::member(prop(k)), value))
            .collect();
        let founder = key(9);
        self.made_up += 1;
        let funding = Funding {
            boxes: vec![wallet_box(&founder, 400_000_000_000, self.made_up)],
            change: p2pk(&founder),
        };
        let params = self.params();
        let expiry = params.height.plus(Blocks(20_000));
        let (lets, charter) = (self.chain.lets.clone(), self.charter.clone());
        let asked = apply_all(&lets, &charter, applicants, expiry, &funding, params).unwrap();
        self.built(&asked, prop(&founder), &[&founder]);
        for (place, owner) in keys.iter().enumerate() {
            let application = ApplicationBox::parse(&lets, &asked.outputs()[place]).unwrap();
            let terms = self.terms.clone();
            let (proposal, pot, account) =
                admit(&lets, &charter, &self.pot, &application, terms, params).unwrap();
            let committee = charter.committee().clone();
            self.built(&proposal, committee, &[&key(1), &key(3)]);
            self.pot = pot;
            self.admitted(&account, owner);
        }
        self.block();
    }

    fn admitted(&mut self, account: &AccountBox, owner: &SecretKey) {
        let settings = account.settings();
        let id = account.ergo_box().box_id();
        self.members.push(Member {
            number: account.number().token_id(),
            owner: prop(owner),
            value: account.value().0,
            units: account.units(),
            settings: [
                settings.smallest_direct,
                settings.stamp,
                settings.used,
                settings.debt_since,
            ],
            id,
            notes: VecDeque::new(),
        });
    }

    /// One thing that a member does.
    fn trade(&mut self) {
        loop {
            let many = self.members.len() as u64;
            let a = usize::try_from(self.roll(many)).unwrap();
            let b = (a + 1 + usize::try_from(self.roll(many - 1)).unwrap()) % self.members.len();
            let amount = 1 + i64::try_from(self.roll(LARGEST)).unwrap();
            let deed = self.roll(20);
            let (m, terms) = (&self.members[a], &self.terms);
            if m.value < terms.floor.0 + 5 * NanoErg::MIN_FEE.0 {
                continue;
            }
            let room = m.units >= amount;
            let below_cap =
                |m: &Member, gain: i64| m.units - terms.issued.units() + gain <= terms.cap.units();
            let (fits, claims) = (below_cap(&self.members[b], amount), m.notes.len());
            match deed {
                0..=13 if room && fits => return self.pay(a, b, amount),
                14..=16 if room => return self.pay_by_note(a, b, amount),
                17..=19 if claims > 0 && below_cap(m, LARGEST as i64 * 10) => return self.claim(a),
                _ => {}
            }
        }
    }

    fn pay(&mut self, a: usize, b: usize, amount: i64) {
        let (payer, payee) = (self.members[a].id, self.members[b].id);
        self.spend(a, amount, NanoErg::MIN_FEE.0);
        self.members[b].units += amount;
        let outputs = vec![self.account_box(a), self.account_box(b), self.fee_box()];
        let read = match self.size.reads && self.payments % 10 == 9 {
            true => self.strangers.clone(),
            false => None,
        };
        let tx = self.traded(a, vec![payer, payee], outputs, read);
        self.members[b].id = tx.outputs.as_slice()[1].box_id();
        self.payments += 1;
        self.volume += amount;
    }

    fn pay_by_note(&mut self, a: usize, b: usize, amount: i64) {
        let payer = self.members[a].id;
        self.spend(a, amount, NanoErg::MIN_FEE.0 + NoteBox::ERG.0);
        let outputs = vec![
            self.account_box(a),
            self.note_box(a, b, amount),
            self.fee_box(),
        ];
        let tx = self.traded(a, vec![payer], outputs, None);
        let note = tx.outputs.as_slice()[1].box_id();
        self.members[b].notes.push_back((note, amount));
        self.in_notes += amount;
        self.payments += 1;
        self.volume += amount;
    }

    fn claim(&mut self, a: usize) {
        let count = self.members[a].notes.len().min(10);
        let taken: Vec<(BoxId, i64)> = self.members[a].notes.drain(..count).collect();
        let gained: i64 = taken.iter().map(|(_, units)| units).sum();
        let mut inputs = vec![self.members[a].id];
        inputs.extend(taken.iter().map(|(id, _)| *id));
        self.spend(a, -gained, NanoErg::MIN_FEE.0);
        self.members[a].value += NoteBox::ERG.0 * count as u64;
        self.in_notes -= gained;
        let outputs = vec![self.account_box(a), self.fee_box()];
        self.traded(a, inputs, outputs, None);
    }

    /// The leader's units, ERG and counters after a trade, as the script reckons them for terms without finer loan rules.
    fn spend(&mut self, a: usize, paid: i64, erg: u64) {
        let height = self.params().height.as_i64();
        let issued = self.terms.issued.units();
        let m = &mut self.members[a];
        let (before, after) = (m.units - issued, m.units - paid - issued);
        let [smallest, stamp, used, since] = m.settings;
        let kept = if height > stamp { 0 } else { used };
        let drawn = after.min(0).abs() - before.min(0).abs();
        m.settings = [
            smallest,
            height.max(stamp),
            kept + drawn.max(0),
            if before < 0 { since } else { height.max(stamp) },
        ];
        m.units -= paid;
        m.value -= erg;
    }

    fn candidate(
        &self,
        value: u64,
        tree: &ErgoTree,
        tokens: Vec<Token>,
        registers: Vec<Constant>,
    ) -> ErgoBoxCandidate {
        ErgoBoxCandidate {
            value: value.try_into().unwrap(),
            ergo_tree: tree.clone(),
            tokens: (!tokens.is_empty()).then(|| BoxTokens::from_vec(tokens).unwrap()),
            additional_registers: NonMandatoryRegisters::try_from(registers).unwrap(),
            creation_height: self.params().height.0,
        }
    }

    fn account_box(&self, a: usize) -> ErgoBoxCandidate {
        let m = &self.members[a];
        let ids = self.chain.lets.ids();
        let mut tokens = vec![token(ids.membership.into(), 1), token(m.number, 1)];
        if m.units > 0 {
            tokens.push(token(ids.unit.into(), m.units));
        }
        let registers = vec![
            Constant::from(self.terms.to_longs()),
            Constant::from(vec![m.owner.clone()]),
            Constant::from(m.settings.to_vec()),
            Constant::from(Vec::<u8>::new()),
        ];
        self.candidate(m.value, &self.account, tokens, registers)
    }

    fn note_box(&self, a: usize, b: usize, amount: i64) -> ErgoBoxCandidate {
        let lets = &self.chain.lets;
        let mut parties: Vec<u8> = self.members[a].number.into();
        parties.extend(lets.contracts().account.hash().bytes());
        parties.extend(Vec::<u8>::from(self.members[b].number));
        let expiry = self.params().height.plus(NoteBox::MAX_LIFE).as_i64();
        let registers = vec![
            Constant::from(SigmaProp::from(SigmaBoolean::TrivialProp(true))),
            Constant::from(parties),
            Constant::from(vec![expiry]),
        ];
        let tokens = vec![token(lets.ids().unit.into(), amount)];
        self.candidate(NoteBox::ERG.0, &self.note, tokens, registers)
    }

    fn fee_box(&self) -> ErgoBoxCandidate {
        self.candidate(NanoErg::MIN_FEE.0, &self.fee, Vec::new(), Vec::new())
    }

    /// The transaction that member `a` leads. His account is its first output.
    fn traded(
        &mut self,
        a: usize,
        inputs: Vec<BoxId>,
        outputs: Vec<ErgoBoxCandidate>,
        read: Option<ErgoBox>,
    ) -> Transaction {
        let tx = unsigned(&inputs, read.iter().map(ErgoBox::box_id), outputs);
        let owner = self.members[a].owner.clone();
        let tx = Self::proven(tx, owner, &[&member_key(a)]);
        self.members[a].id = tx.outputs.first().box_id();
        self.push(&tx);
        tx
    }

    /// Somebody else's transaction: a payment of ERG, or the minting of some token.
    fn foreign(&mut self) {
        self.made_up += 1;
        let input = invented(self.made_up);
        let minted = TokenId::from(input);
        let to = unparsed(p2pk_bytes(
            &self.members[usize::try_from(self.made_up).unwrap() % self.members.len()].owner,
        ));
        let text = |text: &str| Constant::from(text.as_bytes().to_vec());
        let (tokens, registers) = match self.roll(4) {
            0 => (
                vec![token(minted, 1_000_000)],
                vec![text("Token"), text("one of many"), text("2")],
            ),
            _ => (Vec::new(), Vec::new()),
        };
        let outputs = vec![
            self.candidate(1_000_000_000, &to, tokens, registers),
            self.candidate(2_000_000_000, &to, Vec::new(), Vec::new()),
            self.fee_box(),
        ];
        let tx = without_proofs(unsigned(&[input], [], outputs));
        self.strangers
            .get_or_insert_with(|| tx.outputs.first().clone());
        self.push(&tx);
    }

    fn end(mut self) -> Chain {
        let issued = self.terms.issued.units();
        let mut balances: Vec<(AccountNumber, i64)> = self
            .members
            .iter()
            .map(|m| (AccountNumber::from(m.number), m.units - issued))
            .collect();
        balances.sort();
        self.chain.books = Books {
            balances,
            in_notes: self.in_notes,
            payments: self.payments,
            volume: self.volume,
        };
        self.chain
    }
}

fn p2pk_bytes(owner: &SigmaProp) -> Vec<u8> {
    let tree = ErgoTree::try_from(ergo_lib::ergotree_ir::mir::expr::Expr::Const(
        owner.clone().into(),
    ));
    tree.unwrap().sigma_serialize_bytes().unwrap()
}

/// A box id of which nobody knows the box.
fn invented(number: u64) -> BoxId {
    BoxId::from(blake2b256_hash(&number.to_be_bytes()))
}

fn wallet_box(key: &SecretKey, value: u64, seed: u64) -> ErgoBox {
    let candidate = ErgoBoxCandidate {
        value: value.try_into().unwrap(),
        ergo_tree: p2pk(key),
        tokens: None,
        additional_registers: NonMandatoryRegisters::empty(),
        creation_height: FOUNDED - 9,
    };
    existing(&candidate, u16::try_from(seed % 60_000).unwrap())
}

fn unsigned(
    inputs: &[BoxId],
    read: impl IntoIterator<Item = BoxId>,
    outputs: Vec<ErgoBoxCandidate>,
) -> UnsignedTransaction {
    let input = |id: &BoxId| UnsignedInput::new(*id, ContextExtension::empty());
    let inputs = inputs.iter().map(input).collect();
    let read = read.into_iter().map(|box_id| DataInput { box_id });
    UnsignedTransaction::new_from_vec(inputs, read.collect(), outputs).unwrap()
}

fn without_proofs(tx: UnsignedTransaction) -> Transaction {
    let proofs = vec![ProofBytes::Empty; tx.inputs.len()];
    Transaction::from_unsigned_tx(tx, proofs).unwrap()
}
