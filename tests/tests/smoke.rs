use lets_protocol::*;
use lets_tests::{World, world::key};

#[test]
fn pay_direct_accepted() {
    let mut world = World::new(10);
    let (alice, bob) = (key(101), key(102));
    let a = world.admit(&alice);
    let b = world.admit(&bob);
    let (p, _, _) = pay_direct(
        &world.lets,
        &a,
        &b,
        Amount::new(200).unwrap(),
        None,
        world.params(),
    )
    .unwrap();
    let (tx, cost) = world.case(&p, &[&alice]).accepted();
    use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
    println!(
        "pay {} bytes cost {:?} account {} bytes",
        tx.sigma_serialize_bytes().unwrap().len(),
        cost,
        lets_tests::case::size(b.ergo_box())
    );
    world.case(&p, &[&alice]).unsigned().unproven();
}
