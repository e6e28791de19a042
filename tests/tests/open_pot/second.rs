//! The second review of the open pot: attacks that were accepted.

use ergo_devnet::{BlockTime, Devnet, DevnetConfig};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6, R7};
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate, NonMandatoryRegisters};
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::cor::Cor;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::{SigmaBoolean, SigmaProp};
use ergo_node_client::{NodeClient, NodeOptions, UnspentQuery};
use lets_protocol::rules::open::OpenViolation;
use lets_protocol::{
    AccountBox, Amount, Height, Kind, NanoErg, OpenError, OwnerChange, Payee, Payment, Spender,
    TxParams,
};
use lets_tests::case::longs;
use lets_tests::open::{RATE, UNITS};
use lets_tests::world::{key, p2pk, prop};
use lets_tests::{Case, OpenStage};

const ERG: u64 = 1_000_000_000;

fn params(stage: &OpenStage) -> TxParams {
    TxParams {
        height: stage.height,
        fee: NanoErg::MIN_FEE,
    }
}

/// The owner changes a setting, and puts so much ERG above his floor, or takes it out again.
fn moved(stage: &OpenStage, into: bool, erg: u64) -> Case {
    let funding = stage.funding(&stage.owner, 2_000.0);
    let spender = Spender {
        funding: Some(&funding),
        ..Spender::new(&stage.account)
    };
    let change = OwnerChange {
        smallest_direct: Some(if into { 7 } else { 8 }),
        ..OwnerChange::default()
    };
    let trade = lets_protocol::set_account(&stage.lets, spender, change, params(stage)).unwrap();
    let case = Case::of(&trade.proposal, stage.height, &[&stage.owner]);
    assert_eq!(case.inputs[0].0.box_id(), stage.account.ergo_box().box_id());
    // The leader's own spare ERG may pay the fee: bring a wallet's box if none is there.
    let mut case = case;
    if case.outputs.len() == 2 {
        let wallet = funding.boxes[0].clone();
        let value = *wallet.value.as_u64();
        let mut candidate = ErgoBoxCandidate::from(wallet.clone());
        candidate.value = ERG.try_into().unwrap();
        case.add_input(wallet, 0);
        case.add_output(candidate, 0);
        case.move_erg(0, 1, value - ERG);
    }
    case.with(|c| match into {
        true => c.move_erg(1, 0, erg),
        false => c.move_erg(0, 1, erg),
    })
}

fn parked(mut stage: OpenStage, erg: u64) -> OpenStage {
    let case = moved(&stage, true, erg);
    case.accepted();
    stage.account = AccountBox::parse(&stage.lets, &case.made(0)).unwrap();
    stage
}

/// The same action on the account with so much more ERG in it.
fn on_parked(case: &Case, erg: u64, stage: &OpenStage) -> Case {
    let subject = stage.box_with(&case.inputs[1].0, |c| c.give_erg(0, erg));
    case.clone().with(|c| {
        c.inputs[1].0 = subject;
        c.give_erg(1, erg);
    })
}

// C4 counts all ERG in the box, the trade path keeps only what is under the floor in the terms. An undrawn line is kept from
// being frozen by ERG that its owner takes out again in the very transaction that draws the line: the free bet of ADR 16.
#[test]
fn undrawn_line_is_kept_from_the_freeze_by_erg_that_leaves_again() {
    // ERG falls to a quarter: 20,000 units are worth 800 ERG, 400 are locked behind the line.
    let stage = OpenStage::of(Kind::Lets1).later(2_000, 4 * RATE);
    let freeze = stage.freeze();
    freeze.accepted();
    let extra = 810 * ERG;
    on_parked(&freeze, extra, &stage).refused_at(0);
    let rich = parked(stage, extra);
    let built = lets_protocol::freeze(rich.at(), &rich.account, &rich.funding(&key(198), 1.0));
    assert!(matches!(
        built,
        Err(OpenError::Open(OpenViolation::Secured { .. }))
    ));
    // Draws all of it, and takes the ERG out, in one transaction.
    let funding = rich.funding(&rich.owner, 5.0);
    let trade = lets_protocol::pay(
        &rich.lets,
        Spender {
            funding: Some(&funding),
            ..Spender::new(&rich.account)
        },
        vec![Payment {
            to: Payee::Direct(&rich.other),
            amount: Amount::new(UNITS).unwrap(),
            memo: Vec::new(),
        }],
        params(&rich),
    )
    .unwrap();
    let mut case = Case::of(&trade.proposal, rich.height, &[&rich.owner]);
    let mut out = ErgoBoxCandidate::from(funding.boxes[0].clone());
    out.value = extra.try_into().unwrap();
    case.add_output(out, 0);
    case.accepted();
    let after = AccountBox::parse(&rich.lets, &case.made(0)).unwrap();
    assert_eq!(after.balance().units(), -UNITS);
    // 405 ERG are left behind a debt of 800.
    assert!(after.value().0 < 405 * ERG);
}

// C3, D4: the same with a debt. While the collateral still covers it, no call can be made; when it does no more, the ERG
// that stood in the way is gone in one transaction, and the debt is bad before the grace has begun.
#[test]
fn debt_is_kept_from_the_call_by_erg_that_leaves_again() {
    let stage = OpenStage::of(Kind::Lets1)
        .indebted(UNITS)
        .later(2_000, 3 * RATE / 2);
    // 20,000 units are worth 300 ERG, 400 are there: called now, it is paid in full.
    let call = stage.call();
    call.accepted();
    let extra = 810 * ERG;
    on_parked(&call, extra, &stage).refused_at(0);
    let rich = parked(stage, extra).later(100, 4 * RATE);
    let built = lets_protocol::call(rich.at(), &rich.account, &rich.funding(&key(198), 1.0));
    assert!(matches!(
        built,
        Err(OpenError::Open(OpenViolation::Secured { .. }))
    ));
    let gone = moved(&rich, false, extra);
    gone.accepted();
    let after = AccountBox::parse(&rich.lets, &gone.made(0)).unwrap();
    assert_eq!(after.balance().units(), -UNITS);
    assert!(after.value().0 < 405 * ERG);
}

// A marked debtor may draw into a note of the mark's own class. Nobody can claim it, but a year after its expiry the
// community's account absorbs it without regard to classes: the treasury's friends draw frozen lines.
#[test]
fn frozen_line_is_drawn_into_a_note_that_the_treasury_absorbs() {
    let stage = OpenStage::of(Kind::Lets1).later(2_000, 4 * RATE);
    let frozen = stage.freeze();
    frozen.accepted();
    let funding = stage.funding(&stage.owner, 5.0);
    let trade = lets_protocol::pay(
        &stage.lets,
        Spender {
            funding: Some(&funding),
            ..Spender::new(&stage.account)
        },
        vec![Payment {
            to: Payee::Bearer {
                claimant: prop(&key(202)),
                expiry: Height(stage.height.0 + 20_000),
            },
            amount: Amount::new(UNITS).unwrap(),
            memo: Vec::new(),
        }],
        params(&stage),
    )
    .unwrap();
    let marked = stage.account_with(&stage.account, |c| {
        let mut terms = longs(&c.outputs[0], R4);
        terms.push(0);
        c.set_register(0, R4, terms);
    });
    let drawn = Case::of(&trade.proposal, stage.height, &[&stage.owner]).with(|c| {
        c.replace_input(0, marked.ergo_box().clone());
        let terms = longs(&c.inputs[0].0.clone().into(), R4);
        c.set_register(0, R4, terms);
        let expiry = longs(&c.outputs[1], R6)[0];
        c.set_register(1, R6, vec![expiry, 0]);
    });
    drawn.accepted();
    let note = lets_protocol::NoteBox::parse(&stage.lets, &drawn.made(1)).unwrap();
    let charter_nft: Vec<u8> = stage.lets.ids().charter_nft.bytes().to_vec();
    let mut late = stage.later(20_000 + 262_801, 4 * RATE);
    late.other = late.account_with(&late.other, |c| c.set_register(0, R7, charter_nft));
    let funding = late.funding(&late.other_key, 5.0);
    let absorbed = lets_protocol::absorb(
        &late.lets,
        lets_protocol::Community {
            charter: &late.charter,
            account: &late.other,
            funding: Some(&funding),
        },
        &[note],
        params(&late),
    )
    .unwrap();
    Case::of(
        &absorbed.proposal,
        late.height,
        &[&late.treasury, &late.other_key],
    )
    .accepted();
}

/// A list of boxes as a node with the extra index writes it.
fn listed(ergo_box: &ErgoBox) -> Vec<u8> {
    serde_json::to_vec(&serde_json::json!(ergo_box)).unwrap()
}

// Whoever joins has a key of as many levels as he likes; the project's reader of nodes' answers takes 16. It refuses the whole
// list of accounts for that one box: no command of anybody sees any account any more, and nobody calls or liquidates.
#[test]
fn key_of_seventeen_levels_joins_and_no_client_reads_the_accounts_any_more() {
    let nested = |levels: usize| {
        (0..levels).fold(prop(&key(199)).value().clone(), |inner, _| {
            let items = vec![inner, SigmaBoolean::TrivialProp(false)];
            SigmaBoolean::from(Cor {
                items: items.try_into().unwrap(),
            })
        })
    };
    let stage = OpenStage::of(Kind::Lets1);
    for (levels, read) in [(15, true), (16, false)] {
        let case = stage.join().with(|c| {
            c.set_register(1, R5, vec![SigmaProp::from(nested(levels))]);
        });
        case.accepted();
        // What else an answer could be: the readers that take the box are the same as those of any other, or fewer by one.
        let sound = ergo_node_client::fuzzing::read_as_everything(&listed(&stage.join().made(1)));
        let found = ergo_node_client::fuzzing::read_as_everything(&listed(&case.made(1)));
        assert_eq!(found.0 == sound.0, read, "{levels}: {found:?}");
    }
}

// The same from outside, against every LETS: for 0.001 ERG a stranger puts such a box at a member's address, with a token id of
// the LETS in another register. The member's wallet, and everybody's ledger of the LETS, are read no more.
#[tokio::test(flavor = "multi_thread")]
async fn box_of_seventeen_levels_from_a_stranger_stops_wallet_and_ledger() {
    let config = DevnetConfig {
        block_time: BlockTime::Manual,
        index: true,
        ..DevnetConfig::default()
    };
    let devnet = Devnet::start(config).await.unwrap();
    let client = NodeClient::new(&devnet.url(), NodeOptions::default()).unwrap();
    let (member, stranger) = (key(3), key(4));
    let wallet = p2pk(&member);
    devnet.fund(&wallet, 5 * ERG).unwrap();
    let own = devnet.fund(&p2pk(&stranger), ERG).unwrap();
    devnet.mine(20).unwrap();
    let read = || client.unspent_by_ergo_tree(&wallet, UnspentQuery::SPENDABLE);
    assert_eq!(read().await.unwrap().len(), 1);
    let deep = (0..16).fold(prop(&stranger).value().clone(), |inner, _| {
        let items = vec![inner, SigmaBoolean::TrivialProp(false)];
        SigmaBoolean::from(Cor {
            items: items.try_into().unwrap(),
        })
    });
    let token = vec![0xC4_u8; 32];
    let fee = OpenStage::of(Kind::Lets1).join().outputs.pop().unwrap();
    let height = devnet.height();
    let plain = |tree: &ErgoTree, value: u64| ErgoBoxCandidate {
        value: value.try_into().unwrap(),
        ergo_tree: tree.clone(),
        tokens: None,
        additional_registers: NonMandatoryRegisters::empty(),
        creation_height: height,
    };
    let mut case = Case {
        inputs: vec![(own, ContextExtension::empty())],
        data_inputs: Vec::new(),
        outputs: vec![
            plain(&wallet, 1_000_000),
            plain(&p2pk(&stranger), ERG - 2_000_000),
            ErgoBoxCandidate {
                creation_height: height,
                value: 1_000_000_u64.try_into().unwrap(),
                ..fee
            },
        ],
        height: height + 1,
        signers: vec![stranger],
    };
    case.set_register(0, R4, token.clone());
    case.set_register(0, R5, SigmaProp::from(deep));
    let (tx, _) = case.accepted();
    devnet.submit(tx).unwrap();
    println!(
        "pool: {:?}",
        client.unconfirmed_all().await.map(|t| t.len())
    );
    devnet.mine(1).unwrap();
    let said = read().await;
    println!("{said:?}");
    assert!(said.is_err());
    let header = client.header_at(devnet.height()).await.unwrap().unwrap();
    let texts = client.transaction_texts(&header.id).await.unwrap().unwrap();
    let text = texts.iter().find(|t| t.mentions(&hex::encode(&token)));
    let said = text.unwrap().outline();
    println!("{said:?}");
    assert!(said.is_err());
}
