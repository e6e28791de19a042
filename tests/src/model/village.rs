//! The same deeds on a chain, by the library's builders over REST, compared with the ledger after each.

use super::deed::{Deed, Made, Trade, TradeKind, Way};
use super::rules::broken;
use super::seen::{Boxes, COMMITTEE, committee, party, read, seen};
use super::state::{Party, State};
use crate::lane::{Lane, Person};
use crate::world::founding;
use ergo_devnet::Devnet;
use ergo_lib::chain::transaction::{Transaction, TxId};
use ergo_lib::ergotree_ir::chain::ergo_box::BoxId;
use lets_cli::manifest::{Manifest, Network, Supply};
use lets_cli::session::{Session, View};
use lets_protocol::{
    AccountBox, AccountNumber, AdmitError, Amount, Applicant, ApplicationBox, Blocks, Bounds,
    ChangeError, Community, ExitError, ExpelError, Found, Funding, Height, Heir, Leg, Lets, Link,
    NanoErg, NoteBox, OwnerChange, Payee, Proposal, RecoverError, RefreshError, SetTermsError,
    Spender, TradeError, TxParams,
};
use std::collections::HashSet;

/// What becomes of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It arrives.
    Arrives,
    /// It is signed and gets lost; a block later it is built anew.
    Lost,
    /// It arrives three times, the last time after a block has it.
    Repeated,
    /// Before it arrives, another transaction spends the leader's box; then it is built anew.
    Overtaken,
}

/// The key of every paper note.
const PAPER: Party = 3;
/// The first who may join.
const FIRST: Party = 4;

/// What the village is founded with: every rate is one unit in so many whole blocks.
pub(super) fn bounds() -> Bounds {
    Bounds {
        max_line: Amount::new(3_000).unwrap(),
        max_cap: Amount::new(4_000).unwrap(),
        admissions: 6,
        issue: Amount::new(21_000).unwrap(),
        period: Blocks(21_000),
        recovery_starts: 2,
        ..crate::world::bounds()
    }
}

/// The builder's answer.
struct Built {
    proposal: Proposal,
    signers: Vec<Party>,
    made: Made,
}

/// The name of the rule by which a twin has refused.
struct Refused(&'static str);

macro_rules! refused {
    ($($error:ident),*) => {$(
        impl From<$error> for Refused {
            fn from(error: $error) -> Self {
                match error {
                    $error::Rule(violation) => Self(violation.rule()),
                    other => panic!("no rule, and yet refused: {other}"),
                }
            }
        }
    )*};
}
refused!(
    AdmitError,
    ChangeError,
    ExitError,
    ExpelError,
    RecoverError,
    RefreshError,
    SetTermsError,
    TradeError
);

/// A deed that a transaction of pool or chain has done.
struct Done {
    tx: TxId,
    deed: Deed,
    height: u32,
    made: Made,
    block: Option<u32>,
}

/// A LETS on a devnet, and what the ledger says that it must be.
pub struct Village {
    lane: Lane,
    session: Session,
    lets: Lets,
    manifest: Manifest,
    people: Vec<Person>,
    begun: (State, u32),
    done: Vec<Done>,
    now: Boxes,
}

impl Village {
    /// A LETS with a community's account and so many members, each with a line of 1,000 and a cap of 1,500, and so many
    /// more who may join. `None` where there is no devnet.
    pub async fn found(members: usize, others: usize) -> Option<Self> {
        let mut lane = Lane::start().await;
        lane.devnet()?;
        let mut people = Vec::new();
        for _ in 0..FIRST + members + others {
            people.push(lane.person(20.0).await);
        }
        let mut session = lane.session();
        let plan = lets_protocol::Founding {
            bounds: bounds(),
            hard: lets_protocol::HardBounds::around(&bounds()),
            ..founding(committee(&people, 2), "Model")
        };
        let supply = Supply {
            units: plan.units,
            memberships: plan.memberships,
        };
        let identity = plan.identity.clone();
        let funding = session.wallet(&people[0].tree()).await.unwrap();
        let params = session.params(NanoErg::MIN_FEE).await.unwrap();
        let found = plan.plan(&funding, params).unwrap();
        for (_, proposal) in &found.steps {
            session.send(proposal, &people[0].signer).await.unwrap();
        }
        let manifest = Manifest::of(&found, &identity, Network::Devnet, supply, params.height);
        lane.devnet()?.mine(1).unwrap();
        let Found { lets, .. } = found;
        let now = read(&session, &lets, &manifest, View::Pool).await;
        let mut village = Self {
            begun: (seen(&now, &people), 0),
            lane,
            session,
            lets,
            manifest,
            people,
            done: Vec::new(),
            now,
        };
        village.settle(members).await;
        Some(village)
    }

    /// The first members and the community's account.
    async fn settle(&mut self, members: usize) {
        let everybody = (FIRST..FIRST + members).map(Some).chain([None]);
        for who in everybody {
            let expiry = self.height() + 20_000;
            self.act(Deed::Apply(who, expiry), Fate::Arrives).await;
        }
        let requests: Vec<_> = self.state(View::Pool).requests.into_keys().collect();
        for request in requests {
            let terms = self.terms(1_000, 1_500);
            self.act(Deed::Admit(request, terms), Fate::Arrives).await;
        }
        self.mine(1).await;
        self.begun.1 = self.height();
    }

    /// Plain terms of this line and cap.
    pub fn terms(&self, line: i64, cap: i64) -> lets_protocol::Terms {
        let amount = |n| Amount::new(n).unwrap();
        lets_protocol::Terms::plain(amount(line), amount(cap), bounds().account_floor)
    }

    /// Those who may join, or inherit.
    pub fn everybody(&self) -> Vec<Party> {
        (FIRST..self.people.len()).collect()
    }

    /// What the ledger holds, with the deeds that wait for a block or without them.
    pub fn state(&self, view: View) -> State {
        let mut state = self.begun.0.clone();
        let counts = |d: &&Done| view == View::Pool || d.block.is_some();
        for done in self.done.iter().filter(counts) {
            done.deed.happen(&mut state, done.height, &done.made);
        }
        state
    }

    fn devnet(&self) -> &Devnet {
        self.lane.devnet().expect("a model runs on a devnet")
    }

    /// The chain's height.
    pub fn height(&self) -> u32 {
        self.devnet().height()
    }

    fn params(&self) -> TxParams {
        TxParams {
            height: Height(self.height()),
            fee: NanoErg::MIN_FEE,
        }
    }

    /// Mines so many blocks, unless a box would come near the age at which storage rent takes it.
    pub async fn mine(&mut self, blocks: u32) {
        const OLDEST: u32 = 1_000_000;
        let state = self.state(View::Pool);
        let ages = state.accounts.values().map(|a| a.created);
        let oldest = ages.chain([state.pot.created, state.charter.created]).min();
        let height = self.height();
        if height + blocks > oldest.unwrap() + OLDEST {
            return println!("{height}: no {blocks} blocks, a box would be too old");
        }
        println!("{height}: {blocks} blocks");
        let mined = self.devnet().mine(blocks).unwrap();
        assert!(mined.dropped.is_empty(), "{:?}", mined.dropped);
        for done in self.done.iter_mut().filter(|d| d.block.is_none()) {
            assert!(mined.included.contains(&done.tx), "{:?}", done.deed);
            done.block = Some(height + 1);
        }
        self.compare(View::Pool).await;
        self.compare(View::Chain).await;
    }

    /// Takes so many blocks back, but not the founding: what was in them waits again, or is gone.
    pub async fn reorganise(&mut self, depth: u32) {
        let depth = depth.min(self.height() - self.begun.1);
        let back = self.devnet().rollback(depth).unwrap();
        let waits: HashSet<TxId> = back.pooled.into_iter().collect();
        let mut gone = Vec::new();
        self.done.retain_mut(|done| {
            let stays = done.block.is_some_and(|height| height <= back.height);
            if !stays {
                done.block = None;
            }
            if !stays && !waits.contains(&done.tx) {
                gone.push(done.tx);
                return false;
            }
            true
        });
        println!("{}: {depth} blocks back, {} gone", back.height, gone.len());
        for tx in gone {
            self.session.forget(&tx);
        }
        self.compare(View::Pool).await;
        self.compare(View::Chain).await;
    }

    /// Does it, or sees it refused, as the ledger says; whatever happens on the way, the books are the ledger's. Returns
    /// whether it was done.
    pub async fn act(&mut self, deed: Deed, fate: Fate) -> bool {
        match fate {
            Fate::Arrives => {}
            Fate::Lost => {
                if let Ok(built) = self.build(&deed).await {
                    drop(self.sign(&built).await);
                    self.mine(1).await;
                }
            }
            Fate::Repeated => return self.repeated(deed).await,
            Fate::Overtaken => self.overtake(&deed).await,
        }
        self.once(deed).await.is_some()
    }

    async fn repeated(&mut self, deed: Deed) -> bool {
        let Some(signed) = self.once(deed).await else {
            return false;
        };
        self.session.client().submit(&signed).await.unwrap();
        self.compare(View::Pool).await;
        self.mine(1).await;
        let again = self.session.client().submit(&signed).await;
        again.expect_err("a transaction that a block has");
        self.compare(View::Pool).await;
        true
    }

    /// If it is a payment: another transaction of the payer's comes before it.
    async fn overtake(&mut self, deed: &Deed) {
        if let Deed::Trade(trade) = deed
            && matches!(trade.kind, TradeKind::Pay(_) | TradeKind::Settle(_))
            && let Ok(built) = self.build(deed).await
        {
            let late = self.sign(&built).await;
            let smallest = 1 + self.state(View::Pool).accounts[&trade.leader].smallest % 2;
            let before = Trade {
                leader: trade.leader,
                takes: Vec::new(),
                kind: TradeKind::Owner(Some(smallest), None),
            };
            self.once(Deed::Trade(before)).await.unwrap();
            let fee = built.proposal.fee();
            let refused = self.session.submit("late", fee, late).await.unwrap_err();
            assert_eq!(refused.exit_code() as u8, 1, "{refused}");
            self.compare(View::Pool).await;
        }
    }

    /// Builds and sends it; `None` if it is refused. The ledger must say the same.
    async fn once(&mut self, deed: Deed) -> Option<Transaction> {
        let (height, state) = (self.height(), self.state(View::Pool));
        let rules = broken(&state, &deed, height);
        println!("{height}: {deed:?} breaks {rules:?}");
        let built = match self.build(&deed).await {
            Ok(built) => built,
            Err(Refused(rule)) => {
                assert!(
                    rules.contains(&rule),
                    "refused by {rule}, which is not broken"
                );
                return None;
            }
        };
        assert!(rules.is_empty(), "not refused, and yet it breaks {rules:?}");
        let signed = self.sign(&built).await;
        let (kind, fee) = (built.proposal.kind().name(), built.proposal.fee());
        let sent = self
            .session
            .submit(kind, fee, signed.clone())
            .await
            .unwrap();
        self.done.push(Done {
            tx: sent.id,
            deed,
            height,
            made: built.made,
            block: None,
        });
        self.compare(View::Pool).await;
        Some(signed)
    }

    async fn sign(&self, built: &Built) -> Transaction {
        let signers: Vec<&Person> = built.signers.iter().map(|p| &self.people[*p]).collect();
        let signer = self.lane.together(&signers);
        let context = built.proposal.context().unwrap();
        self.session.sign(context, &signer).await.unwrap()
    }

    /// The chain's books are the ledger's, and add up.
    async fn compare(&mut self, view: View) {
        let now = read(&self.session, &self.lets, &self.manifest, view).await;
        let supply = self.manifest.supply;
        let fits = now.present.check(supply.units, supply.memberships);
        assert_eq!(fits, Some(Ok(())));
        assert_eq!(now.present.faults, []);
        assert_eq!(now.present.sum().units(), 0);
        let (found, ledger) = (seen(&now, &self.people), self.state(view));
        assert_eq!(ledger.sum(), 0);
        assert_eq!(found.charter, ledger.charter, "chain and ledger");
        assert_eq!(found.pot, ledger.pot, "chain and ledger");
        assert_eq!(found.notes, ledger.notes, "chain and ledger");
        assert!(found.accounts.keys().eq(ledger.accounts.keys()));
        for (number, account) in &found.accounts {
            assert_eq!(*account, ledger.accounts[number], "chain and ledger");
        }
        // Applications are looked for with those that wait.
        if view == View::Pool {
            assert_eq!(found.requests, ledger.requests, "chain and ledger");
            self.now = now;
        }
    }

    fn account(&self, number: &AccountNumber) -> &AccountBox {
        let mut all = self.now.accounts.iter();
        all.find(|a| a.number() == *number).unwrap()
    }

    /// Whose signatures an account's owner needs.
    fn owners(&self, account: &AccountBox) -> Vec<Party> {
        match account.link() {
            Link::FollowsBox(_) => COMMITTEE.to_vec(),
            _ => vec![party(&self.people, account.owner())],
        }
    }

    async fn wallet(&self, party: Party) -> Funding {
        let tree = self.people[party].tree();
        self.session.wallet(&tree).await.unwrap()
    }

    async fn build(&self, deed: &Deed) -> Result<Built, Refused> {
        let (lets, params, charter) = (&self.lets, self.params(), &self.now.charter);
        let pot = self.now.pot.committee().unwrap();
        let (built, signers, account) = match deed {
            Deed::Trade(trade) => return self.build_trade(trade),
            Deed::Apply(who, expiry) => {
                let person = who.unwrap_or(COMMITTEE[0]);
                let owner = self.people[person].owner();
                let applicant = match who {
                    Some(_) => Applicant::member(owner),
                    None => Applicant::community(owner, lets),
                };
                let (value, expiry) = (NanoErg(3_400_000_000), Height(*expiry));
                let funding = self.wallet(person).await;
                let made =
                    lets_protocol::apply(lets, charter, applicant, value, expiry, &funding, params);
                (made.unwrap().0, vec![person], None)
            }
            Deed::Withdraw(id) => {
                let application = self.application(id);
                let person = party(&self.people, application.owner());
                let to = self.people[person].tree();
                let made = lets_protocol::withdraw_application(application, to, params);
                (made.unwrap(), vec![person], None)
            }
            Deed::Admit(id, terms) => {
                let application = self.application(id);
                let (made, _, account) =
                    lets_protocol::admit(lets, charter, pot, application, terms.clone(), params)?;
                (made, COMMITTEE.to_vec(), Some(account.number()))
            }
            Deed::Terms(who, terms) => {
                let (account, funding) = (self.account(who), self.wallet(COMMITTEE[0]).await);
                let terms = terms.clone();
                let made =
                    lets_protocol::set_terms(lets, charter, pot, account, terms, &funding, params)?;
                (made.0, COMMITTEE.to_vec(), None)
            }
            Deed::Exit(who) => {
                let account = self.account(who);
                let owner = party(&self.people, account.owner());
                let to = self.people[owner].tree();
                let (made, _) = lets_protocol::exit(lets, pot, account, to, params)?;
                (made, vec![owner], None)
            }
            Deed::Expel(who) => {
                let made = lets_protocol::expel(lets, charter, pot, self.account(who), params)?;
                (made.0, COMMITTEE.to_vec(), None)
            }
            Deed::Recover(who, heir, start) => {
                let heir = Heir {
                    key: self.people[*heir].owner(),
                    start: Height(*start),
                };
                let (account, funding) = (self.account(who), self.wallet(COMMITTEE[0]).await);
                let made = lets_protocol::start_recovery(
                    lets, charter, pot, account, heir, &funding, params,
                )?;
                (made.0, COMMITTEE.to_vec(), None)
            }
            Deed::Complete(who) => {
                let (account, funding) = (self.account(who), self.wallet(PAPER).await);
                let made = lets_protocol::complete_recovery(
                    lets, charter, pot, account, &funding, params,
                )?;
                (made.0, vec![PAPER], None)
            }
            Deed::Announce(from, quorum, bounds) => {
                let (to_be, funding) = (
                    committee(&self.people, *quorum),
                    self.wallet(COMMITTEE[0]).await,
                );
                let (from, bounds) = (Height(*from), bounds.clone());
                let made =
                    lets_protocol::announce(lets, charter, to_be, bounds, from, &funding, params)?;
                (made.0, COMMITTEE.to_vec(), None)
            }
            Deed::Cancel => {
                let funding = self.wallet(COMMITTEE[0]).await;
                let made = lets_protocol::cancel(lets, charter, &funding, params)?;
                (made.0, COMMITTEE.to_vec(), None)
            }
            Deed::Enact => {
                let funding = self.wallet(PAPER).await;
                let made = lets_protocol::enact(lets, charter, &funding, params)?;
                (made.0, vec![PAPER], None)
            }
            Deed::Refresh(None) => {
                let made = lets_protocol::refresh_pot(lets, pot, params)?;
                (made.0, vec![PAPER], None)
            }
            Deed::Refresh(Some(who)) => {
                let (account, funding) = (self.account(who), self.wallet(PAPER).await);
                let made = lets_protocol::refresh_account(lets, account, &funding, params)?;
                (made.0, vec![PAPER], None)
            }
            Deed::RefreshCharter => {
                let made = lets_protocol::refresh_charter(lets, charter, params)?;
                (made.0, vec![PAPER], None)
            }
        };
        let made = Made {
            created: built.outputs()[0].creation_height,
            account,
            boxes: vec![built.outputs()[0].box_id()],
        };
        Ok(Built {
            proposal: built,
            signers,
            made,
        })
    }

    fn application(&self, id: &BoxId) -> &ApplicationBox {
        let mut all = self.now.applications.iter();
        all.find(|a| a.ergo_box().box_id() == *id).unwrap()
    }

    fn build_trade(&self, trade: &Trade) -> Result<Built, Refused> {
        let (lets, params) = (&self.lets, self.params());
        let leader = self.account(&trade.leader);
        let note = |id: &BoxId| {
            let mut all = self.now.notes.iter();
            all.find(|n| n.ergo_box().box_id() == *id).unwrap().clone()
        };
        let taken: Vec<NoteBox> = trade.takes.iter().map(note).collect();
        let follows = *leader.link() != Link::None;
        let spender = Spender {
            claims: &taken,
            followed: follows.then(|| self.now.charter.ergo_box()),
            ..Spender::new(leader)
        };
        let community = Community {
            charter: &self.now.charter,
            account: leader,
            funding: None,
        };
        let amount = |n| Amount::new(n).unwrap();
        let mut signers = self.owners(leader);
        let made = match &trade.kind {
            TradeKind::Pay(payments) => {
                let payment = |p: &super::Payment| lets_protocol::Payment {
                    amount: amount(p.amount),
                    memo: Vec::new(),
                    to: match p.way {
                        Way::Direct => Payee::Direct(self.account(&p.to)),
                        Way::Note(life) => Payee::Note {
                            to: self.account(&p.to),
                            expiry: params.height.plus(Blocks(life)),
                        },
                        Way::Paper(life) => Payee::Bearer {
                            claimant: self.people[PAPER].owner(),
                            expiry: params.height.plus(Blocks(life)),
                        },
                    },
                };
                let payments = payments.iter().map(payment).collect();
                lets_protocol::pay(lets, spender, payments, params)?
            }
            TradeKind::Settle(legs) => {
                let leg = |&(from, to, n): &super::Paid| Leg {
                    from,
                    to,
                    amount: amount(n),
                };
                let payers = legs.iter().map(|(from, ..)| self.account(from));
                signers = payers.flat_map(|a| self.owners(a)).collect();
                let legs: Vec<Leg> = legs.iter().map(leg).collect();
                lets_protocol::settle(lets, &self.now.accounts, &legs, None, params)?
            }
            TradeKind::Claim => lets_protocol::claim(lets, spender, params)?,
            TradeKind::Refund => lets_protocol::refund(lets, spender, params)?,
            TradeKind::Absorb => lets_protocol::absorb(lets, community, &taken, params)?,
            TradeKind::WriteOff(debtor, n) => {
                let debtor = self.account(debtor);
                lets_protocol::write_off(lets, community, debtor, amount(*n), "gone", params)?
            }
            TradeKind::Owner(smallest_direct, refuse_recovery) => {
                let change = OwnerChange {
                    smallest_direct: *smallest_direct,
                    refuse_recovery: *refuse_recovery,
                    key: None,
                };
                lets_protocol::set_account(lets, spender, change, params)?
            }
        };
        if taken.iter().any(NoteBox::is_bearer) {
            signers.push(PAPER);
        }
        Ok(Built {
            made: Made {
                created: made.leader.created().0,
                account: None,
                boxes: made.notes.iter().map(|n| n.ergo_box().box_id()).collect(),
            },
            proposal: made.proposal,
            signers,
        })
    }
}
