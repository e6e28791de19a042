//! A LETS's life as blocks of transactions, made by the library's builders and not signed: what a ledger reads.

use crate::world::{at_least, founding, key, p2pk, prop};
use crate::{case::existing, world};
use ergo_lib::chain::transaction::Transaction;
use ergo_lib::ergo_chain_types::{BlockId, Digest32, blake2b256_hash};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ProofBytes;
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBoxCandidate, NonMandatoryRegisters};
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::wallet::secret_key::SecretKey;
use lets_ledger::Head;
use lets_protocol::{
    AccountBox, AccountNumber, Amount, Applicant, Blocks, CharterBox, Funding, Height, Leg, Lets,
    NanoErg, NoteBox, OwnerChange, Payee, Payment, PotBox, Proposal, Spender, Terms, Trade,
    TxParams, admit, apply, can_claim, claim, exit, pay, set_account, set_terms, settle,
};

/// The height of the founding.
pub const FOUNDED: u32 = 1_000_000;

/// A block.
#[derive(Debug, Clone)]
pub struct Block {
    /// Its place.
    pub head: Head,
    /// What it holds.
    pub transactions: Vec<Transaction>,
}

/// Everything of the LETS that can still be spent.
#[derive(Debug, Clone)]
struct State {
    charter: CharterBox,
    pot: PotBox,
    accounts: Vec<(SecretKey, AccountBox)>,
    notes: Vec<NoteBox>,
    keys: u8,
}

/// A chain that goes on at random, always the same for the same seed, and can be taken back.
#[derive(Debug, Clone)]
pub struct Story {
    /// The LETS.
    pub lets: Lets,
    /// The blocks from the founding on.
    pub blocks: Vec<Block>,
    states: Vec<State>,
    seed: u64,
    boxes: u16,
}

impl Story {
    /// Founds a LETS in one block.
    pub fn new(seed: u64) -> Self {
        let founder = key(9);
        let committee = [key(1), key(2), key(3)];
        let params = TxParams {
            height: Height(FOUNDED - 1),
            fee: NanoErg::MIN_FEE,
        };
        let funding = Funding {
            boxes: vec![wallet_box(&founder, 20.0, 1)],
            change: p2pk(&founder),
        };
        let found = founding(at_least(2, &committee.each_ref()), "Story")
            .plan(&funding, params)
            .unwrap();
        let mut story = Self {
            lets: found.lets,
            blocks: Vec::new(),
            states: Vec::new(),
            seed,
            boxes: 1,
        };
        let state = State {
            charter: found.charter,
            pot: found.pot,
            accounts: Vec::new(),
            notes: Vec::new(),
            keys: 20,
        };
        let txs = found.steps.iter().map(|(_, p)| whole(p)).collect();
        story.push(txs, state);
        story
    }

    /// Goes on for so many blocks.
    pub fn go_on(&mut self, blocks: u32) {
        for _ in 0..blocks {
            let mut state = self.states.last().unwrap().clone();
            let mut txs = Vec::new();
            for _ in 0..self.roll(4) {
                self.act(&mut state, &mut txs);
            }
            self.push(txs, state);
        }
    }

    /// Takes the last blocks back; what follows is another story.
    pub fn take_back(&mut self, blocks: usize) {
        self.blocks.truncate(self.blocks.len() - blocks);
        self.states.truncate(self.states.len() - blocks);
        self.roll(1);
    }

    /// The blocks from a height on, as a ledger takes them.
    pub fn from(&self, height: u32) -> impl Iterator<Item = (Head, &[Transaction])> {
        self.blocks
            .iter()
            .filter(move |b| b.head.height >= height)
            .map(|b| (b.head, b.transactions.as_slice()))
    }

    /// What accounts and notes hold at the end.
    pub fn balances(&self) -> Vec<(AccountNumber, i64)> {
        let state = self.states.last().unwrap();
        let mut all: Vec<_> = state
            .accounts
            .iter()
            .map(|(_, a)| (a.number(), a.balance().units()))
            .collect();
        all.sort();
        all
    }

    /// Units on their way.
    pub fn in_notes(&self) -> i64 {
        let notes = &self.states.last().unwrap().notes;
        notes.iter().map(|n| n.amount().units()).sum()
    }

    fn push(&mut self, transactions: Vec<Transaction>, state: State) {
        let height = FOUNDED + u32::try_from(self.blocks.len()).unwrap();
        let parent = self.blocks.last().map_or([0; 32], |b| b.head.id.0.0);
        let mut content = parent.to_vec();
        for tx in &transactions {
            content.extend(tx.id().0.0);
        }
        // An empty block on another fork is another block.
        content.extend(self.seed.to_be_bytes());
        let id = BlockId(blake2b256_hash(&content));
        self.blocks.push(Block {
            head: Head {
                height,
                id,
                parent: BlockId(Digest32::from(parent)),
                timestamp: 1_700_000_000_000 + u64::from(height - FOUNDED) * 43_200_000,
            },
            transactions,
        });
        self.states.push(state);
    }

    fn roll(&mut self, sides: u64) -> u64 {
        // Knuth's MMIX generator; the high bits are the good ones.
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % sides
    }

    fn params(&self) -> TxParams {
        TxParams {
            height: Height(FOUNDED + u32::try_from(self.blocks.len()).unwrap() - 1),
            fee: NanoErg::MIN_FEE,
        }
    }

    fn funding(&mut self, key: &SecretKey) -> Funding {
        self.boxes += 1;
        Funding {
            boxes: vec![wallet_box(key, 10.0, self.boxes)],
            change: p2pk(key),
        }
    }

    /// One thing that somebody does, if it can be done now.
    fn act(&mut self, state: &mut State, txs: &mut Vec<Transaction>) {
        let members = state.accounts.len();
        if members < 2 || (members < 9 && self.roll(6) == 0) {
            return self.join(state, txs);
        }
        let a = usize::try_from(self.roll(members as u64)).unwrap();
        let b = (a + 1 + usize::try_from(self.roll(members as u64 - 1)).unwrap()) % members;
        let amount = Amount::new(1 + i64::try_from(self.roll(900)).unwrap()).unwrap();
        let (own, other) = (state.accounts[a].1.clone(), state.accounts[b].1.clone());
        let memo = vec![u8::try_from(self.roll(256)).unwrap(); 9];
        let params = self.params();
        let expiry = params.height.plus(NoteBox::MIN_LIFE).plus(Blocks(10));
        let payment = |to| Payment {
            to,
            amount,
            memo: memo.clone(),
        };
        let spender = Spender::new(&own);
        let trade: Option<Trade> = match self.roll(10) {
            0..=3 => {
                let payments = vec![payment(Payee::Direct(&other))];
                pay(&self.lets, spender, payments, params).ok()
            }
            4 | 5 => {
                let to = &other;
                let payments = vec![payment(Payee::Note { to, expiry })];
                pay(&self.lets, spender, payments, params).ok()
            }
            6 | 7 => {
                let claims: Vec<NoteBox> = state
                    .notes
                    .iter()
                    .filter(|n| can_claim(&own, n))
                    .cloned()
                    .collect();
                let spender = Spender {
                    claims: &claims,
                    ..spender
                };
                claim(&self.lets, spender, params).ok()
            }
            8 => {
                let legs = [
                    Leg {
                        from: own.number(),
                        to: other.number(),
                        amount,
                    },
                    Leg {
                        from: other.number(),
                        to: own.number(),
                        amount: Amount::new(1).unwrap(),
                    },
                ];
                settle(&self.lets, &[own, other], &legs, None, params).ok()
            }
            _ => return self.rarely(state, a, txs),
        };
        if let Some(trade) = trade {
            self.done(state, &trade, txs);
        }
    }

    fn done(&mut self, state: &mut State, trade: &Trade, txs: &mut Vec<Transaction>) {
        txs.push(whole(&trade.proposal));
        let spent: Vec<_> = trade.proposal.inputs().iter().map(|b| b.box_id()).collect();
        state
            .notes
            .retain(|n| !spent.contains(&n.ergo_box().box_id()));
        state.notes.extend(trade.notes.iter().cloned());
        for new in std::iter::once(&trade.leader).chain(&trade.others) {
            for (_, account) in &mut state.accounts {
                if account.number() == new.number() {
                    *account = new.clone();
                }
            }
        }
    }

    fn join(&mut self, state: &mut State, txs: &mut Vec<Transaction>) {
        state.keys += 1;
        let own = key(state.keys);
        let (params, funding) = (self.params(), self.funding(&own));
        let (asked, application) = apply(
            &self.lets,
            &state.charter,
            Applicant::member(prop(&own)),
            NanoErg(3_300_000_000),
            params.height.plus(Blocks(20_000)),
            &funding,
            params,
        )
        .unwrap();
        let bounds = state.charter.bounds();
        let terms = Terms::plain(
            bounds.default_line,
            bounds.default_cap,
            bounds.account_floor,
        );
        txs.push(whole(&asked));
        let admitted = admit(
            &self.lets,
            &state.charter,
            &state.pot,
            &application,
            terms,
            params,
        );
        if let Ok((proposal, pot, account)) = admitted {
            txs.push(whole(&proposal));
            state.pot = pot;
            state.accounts.push((own, account));
        }
    }

    fn rarely(&mut self, state: &mut State, a: usize, txs: &mut Vec<Transaction>) {
        let (owner, own) = state.accounts[a].clone();
        let params = self.params();
        match self.roll(3) {
            0 => {
                let terms = Terms {
                    line: Amount::new(15_000 + i64::try_from(self.roll(9_000)).unwrap()).unwrap(),
                    ..own.terms().clone()
                };
                let funding = self.funding(&key(9));
                let (charter, pot) = (&state.charter, &state.pot);
                if let Ok((proposal, pot, account)) =
                    set_terms(&self.lets, charter, pot, &own, terms, &funding, params)
                {
                    txs.push(whole(&proposal));
                    state.pot = pot;
                    state.accounts[a].1 = account;
                }
            }
            1 => {
                let change = OwnerChange {
                    smallest_direct: Some(1 + i64::try_from(self.roll(5)).unwrap()),
                    ..OwnerChange::default()
                };
                if let Ok(trade) = set_account(&self.lets, Spender::new(&own), change, params) {
                    self.done(state, &trade, txs);
                }
            }
            _ => {
                if let Ok((proposal, pot)) =
                    exit(&self.lets, &state.pot, &own, p2pk(&owner), params)
                {
                    txs.push(whole(&proposal));
                    state.pot = pot;
                    state.accounts.remove(a);
                }
            }
        }
    }
}

/// The transaction as a block holds it, without proofs.
pub fn whole(proposal: &Proposal) -> Transaction {
    let unsigned = proposal.unsigned().clone();
    let proofs = vec![ProofBytes::Empty; unsigned.inputs.len()];
    let tx = Transaction::from_unsigned_tx(unsigned, proofs).unwrap();
    // A proposal keeps its scripts as bytes; a block's are parsed.
    Transaction::sigma_parse_bytes(&tx.sigma_serialize_bytes().unwrap()).unwrap()
}

fn wallet_box(
    key: &SecretKey,
    erg: f64,
    seed: u16,
) -> ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox {
    let candidate = ErgoBoxCandidate {
        value: ((erg * 1e9) as u64).try_into().unwrap(),
        ergo_tree: world::p2pk(key),
        tokens: None,
        additional_registers: NonMandatoryRegisters::empty(),
        creation_height: FOUNDED - 9,
    };
    existing(&candidate, seed)
}
