//! The faults of the published contracts of LETS without a committee, each as a transaction with the library's checks out of
//! the way: both interpreters and the node refuse it, and take the lawful one that it was made of.

use std::sync::Arc;

use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5};
use ergo_lib::ergotree_ir::mir::constant::Constant;
use lets_protocol::rules::open::OpenViolation;
use lets_protocol::{
    Amount, Height, Join, Kind, Lets, NanoErg, OpenError, OracleBox, RuleViolation, TradeError,
    TxParams,
};
use lets_tests::Case;
use lets_tests::case::{bent, longs, tokens};
use lets_tests::hand::{Ground as HandGround, loot, pays, takes, trade};
use lets_tests::lane::Person;

use crate::scenarios::open_village::{Ground, OpenVillage, RATE, UNITS, asking, worth};
use crate::scenarios::oracle::Oracle;

/// The change of a step of the pot: outputs are pot, account, change, fee.
const CHANGE: usize = 2;

/// Where a trade is laid out by hand.
struct Here(Lets, Height);

impl HandGround for Here {
    fn lets(&self) -> &Lets {
        &self.0
    }

    fn height(&self) -> Height {
        self.1
    }
}

impl OpenVillage {
    async fn here(&self) -> Here {
        Here(self.lets.clone(), self.lane.height().await)
    }

    async fn at_pot(&self, told: Option<OracleBox>) -> Ground {
        let ground = self.ground().await;
        Ground {
            oracle: told.or(ground.oracle),
            ..ground
        }
    }

    /// Somebody joins so on what the oracle is said to tell.
    async fn joining(&self, person: &Arc<Person>, ask: Join, told: Option<OracleBox>) -> Case {
        let (ground, funding) = (self.at_pot(told).await, self.wallet(person).await);
        let (proposal, _, _) = lets_protocol::join(ground.at(self), ask, &funding).unwrap();
        self.case(&proposal, std::slice::from_ref(person)).await
    }

    /// A member gets this line against so much collateral on what the oracle is said to tell.
    async fn adjusting(
        &self,
        member: usize,
        (line, collateral): (i64, NanoErg),
        told: Option<OracleBox>,
    ) -> Case {
        let (ground, account) = (self.at_pot(told).await, self.account(member).await);
        let funding = self.wallet(&self.members[member]).await;
        let line = Amount::new(line).unwrap();
        let made = lets_protocol::adjust(ground.at(self), &account, line, collateral, &funding);
        self.attempt(&made.unwrap().0, &[member]).await
    }

    /// A member calls another's debt on what the oracle is said to tell.
    async fn calling(&self, watcher: usize, member: usize, told: Option<OracleBox>) -> Case {
        let (ground, account) = (self.at_pot(told).await, self.account(member).await);
        let funding = self.wallet(&self.members[watcher]).await;
        let made = lets_protocol::call(ground.at(self), &account, &funding);
        self.attempt(&made.unwrap().0, &[watcher]).await
    }

    /// The node takes what both interpreters accept.
    async fn taken(&mut self, case: &Case) {
        let (signed, _) = case.accepted();
        let sent = self.session.submit("step", NanoErg::MIN_FEE, signed).await;
        self.lane.settle(&self.session, &[sent.unwrap().id]).await;
    }
}

/// The same step with this box read in the oracle's place, and noted by the pot as if it counted.
fn reading(case: &Case, told: &ErgoBox, noted: i64) -> Case {
    case.clone().with(|c| {
        c.data_inputs = vec![told.clone()];
        c.set_register(0, R4, vec![i64::from(told.creation_height), noted]);
    })
}

/// Bob may be called for a debt, ann has room for a longer line, and somebody is about to join.
struct Market {
    village: OpenVillage,
    joiner: Arc<Person>,
}

const ANN: usize = 0;
const BOB: usize = 1;
/// A rate at which bob's debt is under the margin.
const FALLEN: i64 = 2 * RATE;

impl Market {
    async fn open() -> Self {
        let mut village = OpenVillage::with_members(Kind::Lets1, 2).await;
        village.pay(BOB, ANN, UNITS).await.unwrap();
        village.done().await;
        let joiner = Arc::new(village.lane.person(7.0).await);
        village.rate(FALLEN).await;
        Self { village, joiner }
    }

    /// The steps that a rate prices, each lawful if the oracle's box, which tells of no rate that counts, told [`FALLEN`] and
    /// were new.
    async fn steps(&self) -> Vec<(&'static str, Case)> {
        let village = &self.village;
        let height = village.lane.height().await.0;
        let told = bent(village.oracle.ergo_box(), 9, |c| {
            c.set_register(0, R4, FALLEN);
            c.set_register(0, R5, 1_i32);
            c.outputs[0].creation_height = height;
        });
        let told = OracleBox::parse(village.oracle.nft, &told).unwrap();
        let ask = asking(&self.joiner, &village.pot().await, UNITS);
        let dear = Join {
            backing: NanoErg(2 * ask.backing.0),
            ..ask
        };
        let more = (UNITS + 100, worth(UNITS + 100, 400));
        vec![
            (
                "join",
                village
                    .joining(&self.joiner, dear, Some(told.clone()))
                    .await,
            ),
            (
                "adjust",
                village.adjusting(ANN, more, Some(told.clone())).await,
            ),
            ("call", village.calling(ANN, BOB, Some(told)).await),
        ]
    }

    /// Each step is refused if it reads what the oracle tells now, noted as it is or as the policy bounds it.
    async fn refused(&mut self, noted: i64, but: &[&str]) {
        let told = self.village.oracle.ergo_box().clone();
        for (name, step) in self.steps().await {
            if !but.contains(&name) {
                println!("{name}");
                let attempt = reading(&step, &told, noted);
                self.village.refused(&attempt, 0).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn oracle_stale_zero_negative_forged_or_of_another_type_refused() {
    let mut market = Market::open().await;
    let limits = market.village.pot().await.policy().oracle;
    for rate in [0, -1, limits.least - 1] {
        market.village.rate(rate).await;
        market.refused(limits.least, &[]).await;
    }
    // Above the highest a debt is called all the same.
    market.village.rate(limits.highest + 1).await;
    market.refused(limits.highest, &["call"]).await;
    // The published contracts read an Int where pools write a Long.
    let (int, coll) = (Constant::from(FALLEN as i32), Constant::from(vec![FALLEN]));
    for registers in [vec![int], vec![coll], vec![]] {
        market.village.published(registers).await;
        market.refused(FALLEN, &[]).await;
    }

    // A pool of the thief's own, alone and before the true one; and none.
    market.village.rate(FALLEN).await;
    let town = &mut market.village;
    let mut session = town.lane.session();
    let forged = Oracle::start(&mut town.lane, &mut session, FALLEN).await;
    let real = market.village.oracle.ergo_box().clone();
    for (name, step) in market.steps().await {
        println!("{name}");
        let alone = reading(&step, forged.ergo_box(), FALLEN);
        let before = alone.clone().with(|c| c.data_inputs.push(real.clone()));
        let none = alone.clone().with(|c| {
            c.data_inputs.clear();
            let seen = longs(&c.inputs[0].0.clone().into(), R4);
            c.set_register(0, R4, seen);
        });
        for attempt in [alone, before, none] {
            market.village.refused(&attempt, 0).await;
        }
        // What it tells, with its own box as if it were older.
        let true_one = reading(&step, &real, FALLEN);
        true_one.accepted();
        let older = true_one.with(|c| c.set_long(0, R4, 0, i64::from(real.creation_height) - 1));
        market.village.refused(&older, 0).await;
    }

    // Too old by a block, and before that not.
    if market.village.lane.devnet().is_some() {
        let last = real.creation_height + limits.oldest.0 - 1;
        let height = market.village.lane.height().await.0;
        market.village.wait(last - 1 - height);
        for (_, step) in market.steps().await {
            reading(&step, &real, FALLEN).accepted();
        }
        market.village.wait(1);
        market.refused(FALLEN, &[]).await;
        market.village.rate(FALLEN).await;
    }
    let real = market.village.oracle.ergo_box().clone();
    let (_, call) = market.steps().await.remove(2);
    market.village.taken(&reading(&call, &real, FALLEN)).await;
    market.village.done().await;
    let marked = market.village.account(BOB).await;
    assert!(lets_protocol::Mark::of(marked.terms()).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn collateral_and_account_stay_until_the_block_in_which_the_lock_has_ended() {
    let mut village = OpenVillage::with_members(Kind::Lets1, 1).await;
    if village.lane.devnet().is_none() {
        return;
    }
    let account = village.account(ANN).await;
    let end = u32::try_from(account.terms().class).unwrap();
    village.wait(end - 1 - village.lane.height().await.0);
    let free = NanoErg(0);
    for twin in [village.adjust(ANN, 0, free).await, village.close(ANN).await] {
        match twin {
            Err(OpenError::Open(OpenViolation::Locked { until, .. })) => {
                assert_eq!(until, i64::from(end) + 1);
            }
            other => panic!("{other:?}"),
        }
    }
    // As they will be laid out in the next block.
    let ground = village.ground().await;
    let later = Ground {
        params: TxParams {
            height: Height(end),
            ..ground.params
        },
        ..ground
    };
    let (person, at) = (village.members[ANN].clone(), later.at(&village));
    let funding = village.wallet(&person).await;
    let (less, _, _) = lets_protocol::adjust(at, &account, Amount::ZERO, free, &funding).unwrap();
    let (close, _) = lets_protocol::close(at, &account, person.tree()).unwrap();
    for proposal in [less, close] {
        let mut attempt = village.attempt(&proposal, &[ANN]).await;
        attempt.created_ago(1);
        village.refused(&attempt, 0).await;
    }
    village.block().await;
    village.adjust(ANN, 0, free).await.unwrap();
    village.close(ANN).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_on_one_successor_refused() {
    let mut village = OpenVillage::with_members(Kind::Lets1, 2).await;
    let bob = village.account(BOB).await.ergo_box().clone();
    let held: Vec<_> = bob.tokens.iter().flatten().cloned().collect();
    let with_bob = |mut case: Case, to: usize, key| {
        case.add_input(bob.clone(), to);
        case.set_tokens(to, |all| {
            all.extend(held.iter().map(|t| (t.token_id, *t.amount.as_u64())));
        });
        case.signers.push(key);
        case
    };
    let key = village.lane.secret(&village.members[BOB]);
    // Ann's new account is to count for both.
    let collateral = village.account(ANN).await.terms().floor;
    let collateral = collateral
        .minus(village.pot().await.policy().floor)
        .unwrap();
    let own = village.adjusting(ANN, (UNITS, collateral), None).await;
    own.accepted();
    let at = own.inputs.len();
    let both = with_bob(own.clone(), CHANGE, key.clone());
    village.refused(&both, at).await;
    // His units in her account, and his number burnt.
    let unit = village.lets.ids().unit.into();
    let merged = both.with(|c| {
        c.move_token(CHANGE, 1, unit, UNITS as u64);
        c.set_long(1, R4, 0, 2 * UNITS);
    });
    village.refused(&merged, 0).await;
    // Somebody joins, and an old account goes by the way.
    let joiner = Arc::new(village.lane.person(7.0).await);
    let ask = asking(&joiner, &village.pot().await, UNITS);
    let join = village.joining(&joiner, ask, None).await;
    let at = join.inputs.len();
    village.refused(&with_bob(join, CHANGE, key), at).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn join_and_trade_in_one_transaction_count_nothing_twice() {
    let mut village = OpenVillage::with_members(Kind::Lets1, 2).await;
    let joiner = Arc::new(village.lane.person(7.0).await);
    let ask = asking(&joiner, &village.pot().await, UNITS);
    let join = village.joining(&joiner, ask, None).await;
    assert_eq!(join.inputs.len(), 2, "each input has its output");
    let (ann, bob) = (village.account(ANN).await, village.account(BOB).await);
    let here = village.here().await;
    let key = village.lane.secret(&village.members[ANN]);
    let paid = trade(&here, &[pays(&ann, 100), takes(&bob, 100)], &[&key]);
    // Pot and joiner's wallet, then ann and bob; the second fee is hers again.
    let lawful = join.with(|c| {
        c.inputs.extend(paid.inputs);
        let accounts = paid.outputs.into_iter().take(2);
        c.outputs.splice(2..2, accounts);
        c.give_erg(2, NanoErg::MIN_FEE.0);
        c.signers.extend(paid.signers);
    });
    lawful.accepted();

    let unit = village.lets.ids().unit.into();
    let moved = |from, to, units| lawful.clone().with(|c| c.move_token(from, to, unit, units));
    // What bob is paid into the new account, beside what its collateral backs; what the new one is given to ann, and to bob.
    for attempt in [
        moved(3, 1, 100),
        moved(1, 2, UNITS as u64),
        moved(1, 3, UNITS as u64),
        moved(0, 1, 1),
        moved(0, 3, 1),
    ] {
        village.refused(&attempt, 0).await;
    }
    // More than ann loses: the pot's units count among the inputs and outputs of the trade.
    let more = moved(1, 3, 1);
    village.refused(&more, 0).await;
    village.taken(&lawful).await;
    village.members.push(joiner);
    village.done().await;
    assert_eq!(village.balances().await, [-100, 100, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn boxes_spent_again_for_dust_refused() {
    let mut village = OpenVillage::with_members(Kind::Lets1, 2).await;
    let (ann, bob) = (village.account(ANN).await, village.account(BOB).await);
    let key = village.lane.secret(&village.members[ANN]);
    let here = village.here().await;
    let pay = |units| trade(&here, &[pays(&ann, units), takes(&bob, units)], &[&key]);
    // Less than bob wants: his box would be moved again and again.
    pay(100).accepted();
    village.refused(&pay(99), 1).await;
    match village.pay(ANN, BOB, 99).await {
        Err(TradeError::Rule(RuleViolation::SmallestDirect { .. })) => {}
        other => panic!("{other:?}"),
    }
    // Or moved by the pot, which changes nothing.
    let (ground, funding) = (
        village.ground().await,
        village.wallet(&village.members[ANN]).await,
    );
    let collateral = bob.terms().floor.minus(ground.pot.policy().floor).unwrap();
    let same = lets_protocol::adjust(
        ground.at(&village),
        &bob,
        bob.terms().line,
        collateral,
        &funding,
    );
    let idle = village.attempt(&same.unwrap().0, &[ANN]).await;
    idle.unproven();
    village.turned_away(idle.signed_in_part(), 0).await;
    // Dust left in ann's box, whose owner signs; in the pot; and in bob's.
    let dust = |case: &Case, output: usize, to: usize| {
        let value = *case.outputs[output].value.as_u64() - 1_000_000;
        case.clone().with(|c| c.move_erg(output, to, value))
    };
    village.refused(&dust(&pay(100), 0, 2), 0).await;
    village.refused(&dust(&pay(100), 1, 2), 1).await;
    let own = village.adjusting(ANN, (UNITS, collateral), None).await;
    own.accepted();
    village.refused(&dust(&own, 0, CHANGE), 0).await;
    village.refused(&dust(&own, 1, CHANGE), 0).await;
    village.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn collateral_price_or_fee_below_the_minimum_refused() {
    for kind in Kind::ALL {
        let mut village = OpenVillage::with_members(kind, 1).await;
        let joiner = Arc::new(village.lane.person(7.0).await);
        let pot = village.pot().await;
        let ask = asking(&joiner, &pot, UNITS);
        let join = village.joining(&joiner, ask.clone(), None).await;
        join.accepted();
        // What backs or pays is in the pot, or in the floor of the account of a LETS-1.
        if kind != Kind::Lets1 {
            let cheap = join.clone().with(|c| c.move_erg(0, CHANGE, 1));
            village.refused(&cheap, 0).await;
        }
        let floor = longs(&join.outputs[1], R4)[3];
        let under = join.clone().with(|c| c.set_long(1, R4, 3, floor - 1));
        village.refused(&under, 0).await;
        let spare = *join.outputs[1].value.as_u64() - u64::try_from(floor).unwrap();
        let empty = join.clone().with(|c| c.move_erg(1, CHANGE, spare + 1));
        village.refused(&empty, 0).await;
        if kind.has_rate() {
            let short = Join {
                backing: NanoErg(ask.backing.0 - 1),
                ..ask
            };
            let ground = village.ground().await;
            let funding = village.wallet(&joiner).await;
            let twin = lets_protocol::join(ground.at(&village), short, &funding);
            assert!(matches!(
                twin,
                Err(OpenError::Open(OpenViolation::Cover { .. }))
            ));
        }
        if kind == Kind::Lets1 {
            // Nor can an account have less than the floor because it has no line,
            let none = Join {
                units: Amount::ZERO,
                backing: NanoErg(0),
                ..asking(&joiner, &pot, 0)
            };
            let bare = village.joining(&joiner, none, None).await;
            let floor = longs(&bare.outputs[1], R4)[3];
            village
                .refused(&bare.with(|c| c.set_long(1, R4, 3, floor - 1)), 0)
                .await;
            // or get less later.
            let asked = (2 * UNITS, worth(2 * UNITS, 200));
            let more = village.adjusting(ANN, asked, None).await;
            more.accepted();
            let floor = longs(&more.outputs[1], R4)[3];
            let under = more.with(|c| c.set_long(1, R4, 3, floor - 1));
            village.refused(&under, 0).await;
        }
        village.taken(&join).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn junk_tokens_in_pot_or_account_refused() {
    let mut village = OpenVillage::with_members(Kind::Lets1, 2).await;
    // Anybody mints tokens; here one, by the key of a pool that has nothing to do with this LETS.
    let mut session = village.lane.session();
    let mint = Oracle::start(&mut village.lane, &mut session, RATE).await;
    let (junk, id) = (mint.ergo_box().clone(), mint.nft.into());
    let holder = village.lane.secret(mint.person());
    let joiner = Arc::new(village.lane.person(7.0).await);
    let pot = village.pot().await;
    let join = village
        .joining(&joiner, asking(&joiner, &pot, UNITS), None)
        .await;
    let collateral = village.account(ANN).await.terms().floor;
    let collateral = collateral.minus(pot.policy().floor).unwrap();
    let adjust = village.adjusting(ANN, (UNITS, collateral), None).await;
    for step in [join, adjust] {
        let with_junk = |to: usize| {
            step.clone().with(|c| {
                c.add_input(junk.clone(), CHANGE);
                c.signers.push(holder.clone());
                c.set_tokens(to, |all| all.push((id, 1)));
            })
        };
        // Beside them it is nobody's business.
        with_junk(CHANGE).accepted();
        for to in [0, 1] {
            village.refused(&with_junk(to), 0).await;
        }
        // In the place of a membership token, which a thief takes.
        let membership = village.lets.ids().membership.into();
        let instead = with_junk(CHANGE).with(|c| {
            c.set_tokens(1, |all| all[0].0 = id);
            c.set_tokens(CHANGE, |all| *all = vec![(membership, 1)]);
        });
        village.refused(&instead, 0).await;
    }
    // In an account that is paid, and in its payer's.
    let (ann, bob) = (village.account(ANN).await, village.account(BOB).await);
    let key = village.lane.secret(&village.members[ANN]);
    let here = village.here().await;
    let pay = trade(&here, &[pays(&ann, 100), takes(&bob, 100)], &[&key]);
    for to in [0, 1] {
        let attempt = pay.clone().with(|c| {
            let mut change = loot(&[]);
            change.value = junk.value;
            c.inputs.push((junk.clone(), c.inputs[0].1.clone()));
            c.outputs.insert(2, change);
            c.outputs[2].creation_height = c.outputs[0].creation_height;
            c.signers.push(holder.clone());
            c.set_tokens(to, |all| all.push((id, 1)));
        });
        village.refused(&attempt, to).await;
        let beside = attempt.with(|c| {
            c.set_tokens(to, |all| all.retain(|(other, _)| *other != id));
            c.outputs[2].tokens = tokens(&[(id, 1)]);
        });
        beside.accepted();
    }
}
