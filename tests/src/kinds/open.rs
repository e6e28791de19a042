//! What open pots do: `contracts/open_pot.es`.

use super::Kind;
use crate::open::{BACKING, OpenStage, RATE, UNITS};
use lets_protocol::Kind::{Lets1, Lets2, Lets3, Lets4};

pub(super) fn kinds() -> Vec<Kind> {
    let [one, two, three, four] = [Lets1, Lets2, Lets3, Lets4].map(OpenStage::of);
    let owing = one.clone().indebted(UNITS).later(2_000, 2 * RATE);
    let called = OpenStage::called(UNITS, 2 * RATE);
    let closing = one.clone().later(2_000, RATE);
    let all = [
        ("join a LETS-1 (nobody of the LETS signs)", one.join()),
        ("join a LETS-2", two.join()),
        ("join a LETS-3", three.join()),
        ("join a LETS-4", four.join()),
        (
            "more line on more collateral",
            one.adjust(30_000, 2 * BACKING),
        ),
        ("collateral taken out", closing.adjust(0, 0)),
        ("buy units", three.buy(1_000)),
        ("redeem units", three.redeem(1_000)),
        ("call a debt (nobody of the LETS signs)", owing.call()),
        ("liquidate", called.liquidate(5_000)),
        ("close an account of an open LETS", closing.close()),
        ("refresh an open pot (nobody signs)", one.refresh()),
    ];
    let kind = |(name, case)| Kind { name, case };
    all.into_iter().map(kind).collect()
}
