//! What must hold of the pot that a founding makes: no rule of the script asks, so whoever reads it does.

use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5};
use lets_contracts::OracleNft;
use lets_protocol::rules::open::{FirstPotFault, check_first_pot};
use lets_protocol::{Kind, Lets, OpenPotBox, PolicyError};
use lets_tests::{Case, OpenStage};

/// The pot as the founding made it, but for a change.
fn first(stage: &OpenStage, change: impl FnOnce(&mut Case)) -> Result<(), FirstPotFault> {
    let supply = u64::try_from(stage.pot.policy().supply).unwrap();
    let own = stage.pot.policy().own_erg.0;
    let founded = stage.box_with(stage.pot.ergo_box(), |c| {
        c.set_tokens(0, |all| all[2].1 = supply);
        let now = *c.outputs[0].value.as_u64();
        c.take_erg(0, now - own);
        change(c);
    });
    let pot = OpenPotBox::parse(&stage.lets, &founded).unwrap();
    check_first_pot(&stage.lets, &pot)
}

fn number(stage: &OpenStage, place: usize, number: i64) -> Result<(), FirstPotFault> {
    first(stage, |c| c.set_long(0, R5, place, number))
}

#[test]
fn first_pot_of_a_sound_founding_accepted() {
    for kind in Kind::ALL {
        first(&OpenStage::of(kind), |_| ()).unwrap();
    }
}

// A founder who writes more or fewer units into the policy makes shares of the reserve what he likes.
#[test]
fn first_pot_with_another_supply_or_own_erg_refused() {
    let stage = OpenStage::of(Kind::Lets3);
    let (supply, own) = (stage.pot.policy().supply, stage.pot.policy().own_erg.0);
    let own = i64::try_from(own).unwrap();
    for by in [-1, 1] {
        assert!(matches!(
            number(&stage, 21, supply + by),
            Err(FirstPotFault::Supply { counted, held }) if counted == supply + by && held == supply
        ));
        assert!(matches!(
            number(&stage, 22, own + by),
            Err(FirstPotFault::OwnErg { .. })
        ));
    }
}

// One unit never leaves the pot, so that as many as the credit are too few.
#[test]
fn first_pot_without_units_for_one_member_refused() {
    let stage = OpenStage::of(Kind::Lets1);
    let credit = stage.pot.policy().credit.units();
    for (minted, good) in [(credit, false), (credit + 1, true)] {
        let said = first(&stage, |c| {
            c.set_long(0, R5, 21, minted);
            c.set_tokens(0, |all| all[2].1 = u64::try_from(minted).unwrap());
        });
        match good {
            true => said.unwrap(),
            false => assert!(matches!(said, Err(FirstPotFault::TooFew { .. }))),
        }
    }
}

// A memory from the future makes boxes count that storage rent has renewed; one too old is no rate of the founding's day.
#[test]
fn first_pot_that_remembers_another_box_refused() {
    let stage = OpenStage::of(Kind::Lets1);
    let made = stage.pot.created().as_i64();
    let oldest = i64::from(stage.pot.policy().oracle.oldest.0);
    for (seen, good) in [
        (made, true),
        (made + 1, false),
        (made - oldest + 1, true),
        (made - oldest, false),
        (i64::MAX, false),
        (i64::MIN, false),
    ] {
        let said = first(&stage, |c| c.set_long(0, R4, 0, seen));
        match good {
            true => said.unwrap(),
            false => assert!(matches!(said, Err(FirstPotFault::Seen { .. })), "{seen}"),
        }
    }
    let least = stage.pot.policy().oracle.least;
    first(&stage, |c| c.set_long(0, R4, 1, 2 * least)).unwrap();
    assert!(matches!(
        first(&stage, |c| c.set_long(0, R4, 1, 2 * least - 1)),
        Err(FirstPotFault::Policy(PolicyError::Rate { .. }))
    ));
}

#[test]
fn first_pot_of_an_unsound_policy_refused() {
    let stage = OpenStage::of(Kind::Lets1);
    assert!(matches!(
        number(&stage, 11, 149),
        Err(FirstPotFault::Policy(PolicyError::Range { .. }))
    ));
}

// Whoever holds a token of the LETS would make the rate.
#[test]
fn first_pot_under_a_token_of_its_own_refused() {
    let stage = OpenStage::of(Kind::Lets1);
    let nft: [u8; 32] = stage.membership().as_ref().try_into().unwrap();
    let lets = Lets::open(*stage.lets.ids(), OracleNft::from(nft)).unwrap();
    let supply = u64::try_from(stage.pot.policy().supply).unwrap();
    let tree = lets.contracts().pot.tree().clone();
    let founded = stage.box_with(stage.pot.ergo_box(), |c| {
        c.set_tokens(0, |all| all[2].1 = supply);
        c.outputs[0].ergo_tree = tree;
    });
    let pot = OpenPotBox::parse(&lets, &founded).unwrap();
    assert_eq!(check_first_pot(&lets, &pot), Err(FirstPotFault::OwnToken));
}
