//! What people do, and what it changes in the ledger.

use super::rules::{bucket, signed};
use super::state::{Account, Note, Party, Request, State};
use ergo_lib::ergotree_ir::chain::ergo_box::BoxId;
use lets_protocol::{AccountNumber, Amount, Bounds, Terms};

/// How a payment goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Into the payee's box.
    Direct,
    /// By a note that lives so many blocks.
    Note(u32),
    /// By a note on paper that lives so many blocks.
    Paper(u32),
}

/// One payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// To whom; on paper the name means nothing.
    pub to: AccountNumber,
    /// Units.
    pub amount: i64,
    /// How.
    pub way: Way,
}

/// One payment of a settlement: payer, payee, units.
pub type Paid = (AccountNumber, AccountNumber, i64);

/// What a trade is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TradeKind {
    /// Payments, with notes claimed besides.
    Pay(Vec<Payment>),
    /// Several pay each other.
    Settle(Vec<Paid>),
    /// Notes claimed.
    Claim,
    /// Notes taken back.
    Refund,
    /// Notes absorbed.
    Absorb,
    /// So much of this member's debt taken over.
    WriteOff(AccountNumber, i64),
    /// Settings: the smallest direct payment, and whether every recovery is refused.
    Owner(Option<i64>, Option<bool>),
}

/// Units between accounts and notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trade {
    /// Whose account leads.
    pub leader: AccountNumber,
    /// Notes that he takes in.
    pub takes: Vec<BoxId>,
    /// What it is.
    pub kind: TradeKind,
}

/// Something that somebody does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Asks to be admitted, until this height; `None` is the community's account.
    Apply(Option<Party>, u32),
    /// Takes an application back.
    Withdraw(BoxId),
    /// Admits on these terms.
    Admit(BoxId, Terms),
    /// Trades.
    Trade(Trade),
    /// Sets these terms.
    Terms(AccountNumber, Terms),
    /// Closes his account.
    Exit(AccountNumber),
    /// The committee closes it.
    Expel(AccountNumber),
    /// Names an heir, the delay to count from this height.
    Recover(AccountNumber, Party, u32),
    /// Hands the account to its heir.
    Complete(AccountNumber),
    /// Announces a quorum and bounds, from this height.
    Announce(u32, u8, Bounds),
    /// Withdraws what is announced.
    Cancel,
    /// Puts it into force.
    Enact,
    /// Renews an account's box, or the pot's.
    Refresh(Option<AccountNumber>),
    /// Renews the charter's box.
    RefreshCharter,
}

/// What a deed's transaction made, which only the chain can name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Made {
    /// The creation height of its boxes.
    pub created: u32,
    /// The account that was opened.
    pub account: Option<AccountNumber>,
    /// The application, or the notes in order.
    pub boxes: Vec<BoxId>,
}

/// What a trade brings to an account and takes from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) who: AccountNumber,
    pub(super) gained: i64,
    pub(super) paid: i64,
    /// Its owner signs.
    pub(super) signs: bool,
}

impl Trade {
    /// Everybody in it, the leader first.
    pub(super) fn flows(&self, state: &State) -> Vec<Flow> {
        let flow = |who, gained, paid, signs| Flow {
            who,
            gained,
            paid,
            signs,
        };
        let taken = self.takes.iter().map(|n| state.notes[n].amount).sum();
        let mut flows = vec![flow(self.leader, taken, 0, true)];
        match &self.kind {
            TradeKind::Pay(payments) => {
                flows[0].paid = payments.iter().map(|p| p.amount).sum();
                let direct = payments.iter().filter(|p| p.way == Way::Direct);
                flows.extend(direct.map(|p| flow(p.to, p.amount, 0, false)));
            }
            TradeKind::WriteOff(debtor, amount) => {
                flows[0].paid = *amount;
                flows.push(flow(*debtor, *amount, 0, false));
            }
            TradeKind::Settle(legs) => {
                for &(from, to, amount) in legs {
                    for (who, gained, paid) in [(from, 0, amount), (to, amount, 0)] {
                        let at = flows.iter().position(|f| f.who == who);
                        let at = at.unwrap_or_else(|| {
                            flows.push(flow(who, 0, 0, false));
                            flows.len() - 1
                        });
                        flows[at].gained += gained;
                        flows[at].paid += paid;
                        flows[at].signs |= paid > 0;
                    }
                }
            }
            TradeKind::Claim | TradeKind::Refund | TradeKind::Absorb | TradeKind::Owner(..) => {}
        }
        flows
    }

    /// The height that it counts by: that of the chain, but no box that goes in is younger, as one can be for a moment after
    /// a reorganisation.
    pub(super) fn height(&self, state: &State, chain: u32) -> u32 {
        let accounts = self.flows(state);
        let accounts = accounts.iter().map(|f| state.accounts[&f.who].created);
        let notes = self.takes.iter().map(|id| state.notes[id].created);
        accounts.chain(notes).fold(chain, u32::max)
    }

    fn happen(&self, state: &mut State, chain: u32, made: &Made) {
        let (flows, height) = (self.flows(state), self.height(state, chain));
        let after = |f: &Flow| state.accounts[&f.who].balance + f.gained - f.paid;
        let classes = match after(&flows[0]) < 0 {
            true => state.accounts[&self.leader].terms.spend_on.clone(),
            false => Vec::new(),
        };
        for (at, f) in flows.iter().enumerate() {
            let account = state.accounts.get_mut(&f.who).unwrap();
            if f.signs {
                signed(account, f.gained - f.paid, at > 0, height);
            }
            account.balance += f.gained - f.paid;
            account.created = made.created;
        }
        for note in &self.takes {
            state.notes.remove(note);
        }
        if let TradeKind::Pay(payments) = &self.kind {
            let notes = payments.iter().filter_map(|p| match p.way {
                Way::Direct => None,
                Way::Note(life) => Some((p.amount, Some(p.to), life)),
                Way::Paper(life) => Some((p.amount, None, life)),
            });
            for ((amount, payee, life), id) in notes.zip(&made.boxes) {
                let note = Note {
                    payer: self.leader,
                    payee,
                    amount,
                    expiry: chain + life,
                    classes: classes.clone(),
                    created: made.created,
                };
                state.notes.insert(*id, note);
            }
        }
        if let TradeKind::Owner(smallest, refuses) = self.kind {
            let account = state.accounts.get_mut(&self.leader).unwrap();
            account.smallest = smallest.unwrap_or(account.smallest);
            account.refuses = refuses.unwrap_or(account.refuses);
        }
    }
}

impl Deed {
    /// What it changes, done at this height. Nothing is judged.
    pub fn happen(&self, state: &mut State, height: u32, made: &Made) {
        match self {
            Self::Apply(who, expiry) => {
                let request = Request {
                    who: *who,
                    expiry: *expiry,
                };
                state.requests.insert(made.boxes[0], request);
            }
            Self::Withdraw(application) => drop(state.requests.remove(application)),
            Self::Admit(application, terms) => {
                let request = state.requests.remove(application).unwrap();
                let line = terms.line.units();
                bucket(state, [1, line, 0], height).expect("a rate that was judged");
                state.pot.created = made.created;
                state.pot.memberships -= 1;
                state.pot.units -= line;
                let account = Account {
                    balance: 0,
                    terms: Terms {
                        issued: terms.line,
                        ..terms.clone()
                    },
                    owner: request.who,
                    heir: None,
                    refuses: false,
                    smallest: 1,
                    used: 0,
                    stamp: i64::from(height),
                    debt_since: 0,
                    created: made.created,
                };
                state.accounts.insert(made.account.unwrap(), account);
            }
            Self::Trade(trade) => trade.happen(state, height, made),
            Self::Terms(who, terms) => {
                let before = state.accounts[who].terms.issued.units();
                let issued = terms.line.units().max(state.accounts[who].debt());
                bucket(state, [0, issued - before, 0], height).expect("a rate that was judged");
                state.pot.created = made.created;
                state.pot.units -= issued - before;
                let account = state.accounts.get_mut(who).unwrap();
                account.created = made.created;
                account.terms = Terms {
                    issued: Amount::new(issued).unwrap(),
                    ..terms.clone()
                };
            }
            Self::Exit(who) | Self::Expel(who) => {
                let account = state.accounts.remove(who).unwrap();
                state.pot.created = made.created;
                state.pot.memberships += 1;
                state.pot.units += account.units();
            }
            Self::Recover(who, heir, start) => {
                bucket(state, [0, 0, 1], height).expect("a rate that was judged");
                state.pot.created = made.created;
                let account = state.accounts.get_mut(who).unwrap();
                account.created = made.created;
                account.heir = Some((*heir, i64::from(*start)));
            }
            Self::Complete(who) => {
                state.pot.created = made.created;
                let account = state.accounts.get_mut(who).unwrap();
                account.created = made.created;
                account.owner = account.heir.take().map(|(heir, _)| heir);
            }
            Self::Announce(from, quorum, bounds) => {
                state.charter.announced = Some((*from, *quorum, bounds.clone()));
                state.charter.created = made.created;
            }
            Self::Cancel => {
                state.charter.announced = None;
                state.charter.created = made.created;
            }
            Self::Enact => {
                let (_, quorum, bounds) = state.charter.announced.take().unwrap();
                state.charter.quorum = quorum;
                state.charter.bounds = bounds;
                state.charter.created = made.created;
            }
            Self::Refresh(None) => state.pot.created = made.created,
            Self::Refresh(Some(who)) => {
                state.accounts.get_mut(who).unwrap().created = made.created;
            }
            Self::RefreshCharter => state.charter.created = made.created,
        }
    }
}
