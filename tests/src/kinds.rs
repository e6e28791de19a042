//! One transaction of every kind that the library builds: what the reference judge must accept, and what COSTS.md lists.

mod charter;
mod notes;
mod open;

use crate::case::Case;
use crate::world::{START, World, at_least, founding, key, p2pk};
use lets_protocol::{
    Amount, Blocks, FoundingStep, Funding, Height, Heir, NanoErg, Terms, TxParams,
};

/// A transaction of one kind.
pub struct Kind {
    /// What it is, in a few words.
    pub name: &'static str,
    /// The transaction, signed by whom it takes.
    pub case: Case,
}

/// Every kind.
pub fn kinds() -> Vec<Kind> {
    let mut kinds = founding_kinds();
    let mut world = World::new(20);
    let (alice, bob) = (key(201), key(202));
    let params = world.params();
    let mut add = |name, case| kinds.push(Kind { name, case });

    let funding = world.funding(&alice, 5.0);
    let expiry = world.height.plus(Blocks(20_000));
    let value = NanoErg(3_300_000_000);
    let owner = crate::world::prop(&alice);
    let (apply, application) = lets_protocol::apply(
        &world.lets,
        &world.charter,
        lets_protocol::Applicant::member(owner),
        value,
        expiry,
        &funding,
        params,
    )
    .unwrap();
    add("apply", world.case(&apply, &[&alice]));
    let withdraw = lets_protocol::withdraw_application(&application, p2pk(&alice), params).unwrap();
    add("withdraw application", world.case(&withdraw, &[&alice]));

    let quorum = world.quorum();
    let (admit, pot, a) = world.admission(&alice, world.terms());
    add("admit (2 of 3 sign)", world.case(&admit, &quorum));
    world.pot = pot;
    let b = world.admit(&bob);

    let funding = world.funding(&world.committee[0], 1.0);
    let terms = Terms {
        line: Amount::new(30_000).unwrap(),
        ..a.terms().clone()
    };
    let (set_terms, _, _) = lets_protocol::set_terms(
        &world.lets,
        &world.charter,
        &world.pot,
        &a,
        terms,
        &funding,
        params,
    )
    .unwrap();
    add(
        "set terms (2 of 3 sign)",
        world.case(&set_terms, &world.quorum()),
    );

    let amount = Amount::new(200).unwrap();
    let (pay, _, _) = lets_protocol::pay_direct(&world.lets, &a, &b, amount, None, params).unwrap();
    add("pay, fee from the account", world.case(&pay, &[&alice]));
    let at_floor = world.account_with(&a, |case| {
        case.outputs[0].value = a.terms().floor.to_box_value().unwrap()
    });
    let funding = world.funding(&alice, 1.0);
    let (pay, _, _) =
        lets_protocol::pay_direct(&world.lets, &at_floor, &b, amount, Some(&funding), params)
            .unwrap();
    add("pay, fee from the wallet", world.case(&pay, &[&alice]));
    let strict = Terms {
        largest_draw: Amount::new(5_000).unwrap(),
        draw_limit: Amount::new(10_000).unwrap(),
        longest_debt: Blocks(200_000),
        draw_rate: Amount::new(457).unwrap(),
        class: 3,
        spend_on: vec![1, 2, 3],
        ..world.terms()
    };
    let (carol, dan) = (key(203), key(204));
    let (c, d) = (
        world.admit_on(&carol, strict.clone()),
        world.admit_on(&dan, strict),
    );
    let (pay, _, _) = lets_protocol::pay_direct(&world.lets, &c, &d, amount, None, params).unwrap();
    add("pay, all loan rules on", world.case(&pay, &[&carol]));

    let (exit, _) = lets_protocol::exit(&world.lets, &world.pot, &b, p2pk(&bob), params).unwrap();
    add("exit", world.case(&exit, &[&bob]));

    let (expel, _) =
        lets_protocol::expel(&world.lets, &world.charter, &world.pot, &b, params).unwrap();
    add("expel (2 of 3 sign)", world.case(&expel, &world.quorum()));
    let heir = Heir {
        key: crate::world::prop(&key(206)),
        start: world.height.plus(Blocks(1)),
    };
    let funding = world.funding(&world.committee[0], 1.0);
    let (start, pot, pending) = lets_protocol::start_recovery(
        &world.lets,
        &world.charter,
        &world.pot,
        &a,
        heir,
        &funding,
        params,
    )
    .unwrap();
    add(
        "start recovery (2 of 3 sign)",
        world.case(&start, &world.quorum()),
    );
    let now = world.height;
    world.height = now.plus(Blocks(21_601));
    let funding = world.funding(&bob, 1.0);
    let (complete, _, _) = lets_protocol::complete_recovery(
        &world.lets,
        &world.charter,
        &pot,
        &pending,
        &funding,
        world.params(),
    )
    .unwrap();
    add(
        "complete recovery (nobody of the LETS signs)",
        world.case(&complete, &[&bob]),
    );
    world.height = now;

    // Three years on, nothing has moved.
    world.height = Height(world.height.0 + Blocks::REFRESH_AGE.0 + 10);
    let params = world.params();
    let (refresh, _) = lets_protocol::refresh_charter(&world.lets, &world.charter, params).unwrap();
    add("refresh charter (nobody signs)", world.case(&refresh, &[]));
    let (refresh, _) = lets_protocol::refresh_pot(&world.lets, &world.pot, params).unwrap();
    add("refresh pot (nobody signs)", world.case(&refresh, &[]));
    let funding = world.funding(&bob, 1.0);
    let (refresh, _) = lets_protocol::refresh_account(&world.lets, &a, &funding, params).unwrap();
    add("refresh another's account", world.case(&refresh, &[&bob]));
    kinds.extend(charter::kinds());
    kinds.extend(notes::kinds());
    kinds.extend(open::kinds());
    kinds
}

fn founding_kinds() -> Vec<Kind> {
    let world = World::new(30);
    let founder = key(205);
    let params = TxParams {
        height: Height(START),
        fee: NanoErg::MIN_FEE,
    };
    let funding = Funding {
        boxes: vec![world.wallet_box(&founder, 20.0)],
        change: p2pk(&founder),
    };
    let params = TxParams {
        height: params.height.max(world.height),
        ..params
    };
    let committee = at_least(2, &world.committee.each_ref());
    let found = founding(committee, "Test LETS")
        .plan(&funding, params)
        .unwrap();
    let name = |step| match step {
        FoundingStep::CharterNft => "found 1: mint the charter's NFT",
        FoundingStep::PotNft => "found 2: mint the pot's NFT",
        FoundingStep::Memberships => "found 3: mint membership tokens",
        FoundingStep::Units => "found 4: mint units",
        FoundingStep::Boxes => "found 5: charter and pot",
    };
    found
        .steps
        .iter()
        .map(|(step, proposal)| Kind {
            name: name(*step),
            case: Case::of(proposal, params.height, &[&founder]),
        })
        .collect()
}
