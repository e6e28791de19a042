//! Changes of the charter.

use super::Kind;
use crate::world::{World, at_least, key};
use lets_protocol::{Amount, Blocks, Bounds, announce, cancel, enact};

pub(super) fn kinds() -> Vec<Kind> {
    let mut world = World::new(50);
    let payer = key(240);
    let next = [key(241), key(242), key(243)];
    let bounds = Bounds {
        max_line: Amount::new(150_000).unwrap(),
        ..world.charter.bounds().clone()
    };
    let funding = world.funding(&payer, 1.0);
    let (announced, charter) = announce(
        &world.lets,
        &world.charter,
        at_least(2, &next.each_ref()),
        bounds,
        world.height.plus(Blocks(720)),
        &funding,
        world.params(),
    )
    .unwrap();
    let [one, two] = world.quorum();
    let signers = [one, two, &next[0], &next[2], &payer];
    let mut kinds = vec![Kind {
        name: "announce (2 of 3 and 2 of 3 sign)",
        case: world.case(&announced, &signers),
    }];
    let funding = world.funding(&payer, 1.0);
    let (cancelled, _) = cancel(&world.lets, &charter, &funding, world.params()).unwrap();
    kinds.push(Kind {
        name: "cancel (2 of 3 sign)",
        case: world.case(&cancelled, &[one, two, &payer]),
    });
    let delay = charter.bounds().change_delay;
    world.height = world.height.plus(Blocks(720)).plus(delay);
    let funding = world.funding(&payer, 1.0);
    let (enacted, _) = enact(&world.lets, &charter, &funding, world.params()).unwrap();
    kinds.push(Kind {
        name: "enact (nobody of the LETS signs)",
        case: world.case(&enacted, &[&payer]),
    });
    kinds
}
