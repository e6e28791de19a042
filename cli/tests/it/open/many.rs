//! Many at once: an open pot is one box, and whoever joins next builds on what waits in the pool.

use crate::world::World;

/// One after the other, each from a home of his own, none waiting for a block.
#[test]
fn ten_join_in_one_block() {
    let world = World::new();
    world.found_open("lets1", &[]);
    let names: Vec<String> = (0..10).map(|n| format!("m{n}")).collect();
    for name in &names {
        world.key(name);
        world.fund(name, "10");
    }
    let height = world.devnet.height();
    for name in &names {
        let args = ["join", "--key", name, "--line", "1", "--yes", "--no-wait"];
        world.lets(args).ok();
    }
    assert_eq!(world.devnet.height(), height);
    world.mine();
    let accounts = world.data(["members"]);
    let all = accounts["accounts"].as_array().unwrap();
    assert_eq!(all.len(), 10);
    assert!(all.iter().all(|a| a["confirmed"] == true));
    let audit = world.data(["audit"]);
    let joined: Vec<u64> = audit["deeds"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|d| d["deed"] == "joined")
        .map(|d| d["height"].as_u64().unwrap())
        .collect();
    assert_eq!(joined, [u64::from(height) + 1; 10]);
}

/// Ten programs at the same moment: whoever is overtaken builds anew on the others' pot.
#[test]
fn ten_join_at_the_same_moment() {
    let world = World::new();
    world.found_open("lets1", &[]);
    let homes: Vec<_> = (0..10)
        .map(|n| {
            let (name, home) = (
                format!("m{n}"),
                world.folder.path().join(format!("home{n}")),
            );
            let new = ["key", "new", &name, "--work-factor", "10"];
            world.lets_in(&home, new).ok();
            world.lets_in(&home, ["devnet", "fund", &name, "10"]).ok();
            home
        })
        .collect();
    let manifest = world.home().join("lets.toml");
    let children: Vec<_> = homes
        .iter()
        .map(|home| {
            let mut command = world.command(&world.devnet.url(), home);
            command.args(["join", manifest.to_str().unwrap()]);
            command.args(["--line", "1", "--yes", "--no-wait"]);
            command.stdout(std::process::Stdio::null());
            command.stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    world.mine();
    let members = world.data(["members"]);
    assert_eq!(members["accounts"].as_array().unwrap().len(), 10);
    world.lets(["audit"]).ok();
}
