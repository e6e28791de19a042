//! An audit must fail when anything is not as it should be: the node is made to tell another story.

use lets_cli::manifest::Manifest;
use serde_json::Value;

use crate::proxy::Proxy;
use crate::world::World;

fn told(world: &World, says: &str, edit: impl Fn(&str, &mut Value) + Send + Sync + 'static) {
    let proxy = Proxy::editing(&world.runtime, world.devnet.url(), edit);
    world.refused_at(&proxy.url, "verify", &[says], ["verify"]);
}

/// Leaves boxes out of a list.
fn drop_boxes(answer: &mut Value, keep: impl Fn(&Value) -> bool) {
    if let Some(list) = answer.as_array_mut() {
        list.retain(keep);
    }
}

#[test]
fn verify_finds_what_is_wrong() {
    let world = World::village();
    world.lets(["verify"]).ok();
    let (manifest, _) = Manifest::load(&world.home().join("lets.toml")).unwrap();
    let ids = manifest.ids;
    let token = |id: String| move |path: &str| path == format!("/blockchain/token/byId/{id}");

    // A second NFT could make a second charter or pot.
    for (what, is) in [
        ("charter NFT: 2", token(ids.charter_nft.to_string())),
        ("pot NFT: 2", token(ids.pot_nft.to_string())),
    ] {
        told(&world, what, move |path, answer| {
            if is(path) {
                answer["emissionAmount"] = 2.into();
            }
        });
    }
    let (membership, unit) = (
        token(ids.membership.to_string()),
        token(ids.unit.to_string()),
    );
    told(&world, "membership tokens: 7", move |path, answer| {
        if membership(path) {
            answer["emissionAmount"] = 7.into();
        }
    });
    told(&world, "credit units: 8", move |path, answer| {
        if unit(path) {
            answer["emissionAmount"] = 8.into();
        }
    });

    // An account that the node hides: its units and its membership token are missing from the books.
    let number = world.data(["balance", "bob"])["accounts"][0]["number"]
        .as_str()
        .unwrap()
        .to_owned();
    told(&world, "were minted", move |path, answer| {
        if path.starts_with("/blockchain/box/unspent/byTokenId/") {
            drop_boxes(answer, |b| !b["assets"].to_string().contains(&number));
        }
    });
}

#[test]
fn verify_missing_founding_transaction_is_found() {
    let world = World::village();
    let (manifest, _) = Manifest::load(&world.home().join("lets.toml")).unwrap();
    for (step, id) in (1..).zip(manifest.founding.transactions) {
        let path_of_it = format!("/blockchain/transaction/byId/{}", String::from(id));
        told(
            &world,
            &format!("founding step {step}"),
            move |path, answer| {
                if path == path_of_it {
                    *answer = Value::Null;
                }
            },
        );
    }
}
