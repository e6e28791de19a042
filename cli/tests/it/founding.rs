//! Founding, interrupted at every step by a killed process: it can always be ended, and nothing is minted twice.

use std::process::Stdio;

use ergo_lib::chain::transaction::TxId;
use ergo_lib::ergotree_ir::chain::token::TokenId;
use lets_cli::founding::FoundingFile;
use lets_cli::home::Home;
use lets_cli::manifest::{Manifest, Supply};

use crate::proxy::{Mode, Proxy};
use crate::world::{COMMITTEE, World, until};

fn ready() -> World {
    let world = World::new();
    for key in COMMITTEE {
        world.key(key);
    }
    world.fund("c1", "20");
    world
}

/// Starts founding through a proxy that answers `answered` submissions, and kills it (SIGKILL on Unix) at the next.
fn killed_at(world: &World, answered: usize, forward: bool) {
    let proxy = Proxy::new(
        &world.runtime,
        world.devnet.url(),
        Mode::Hang { answered, forward },
    );
    let mut command = world.command(&proxy.url, &world.home());
    command
        .args(World::found_args("Village"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut process = command.spawn().unwrap();
    let expected = answered + usize::from(forward);
    until("the submission that hangs", || {
        proxy.submissions() > answered && world.state().pool.len() == expected
    });
    process.kill().unwrap();
    process.wait().unwrap();
}

/// Ends it and looks whether exactly the planned transactions are there, once.
fn resume(world: &World) {
    let home = Home::new(Some(&world.home())).unwrap();
    let plan = FoundingFile::load(&home.founding()).unwrap().unwrap();
    let planned: Vec<TxId> = plan.steps.iter().map(|s| s.id).collect();
    world.lets(["found", "--resume", "--yes", "--no-wait"]).ok();
    let pool = world.state().pool;
    let planned: Vec<String> = planned.into_iter().map(String::from).collect();
    assert_eq!(pool, planned);
    world.mine();
    founded(world);
}

fn founded(world: &World) {
    let home = Home::new(Some(&world.home())).unwrap();
    assert!(!home.founding().exists());
    let (manifest, _) = Manifest::load(&home.manifest()).unwrap();
    let Supply { units, memberships } = manifest.supply;
    let client = world.client();
    for (token, amount) in [
        (TokenId::from(manifest.ids.charter_nft), 1),
        (manifest.ids.pot_nft.into(), 1),
        (manifest.ids.membership.into(), memberships),
        (manifest.ids.unit.into(), units),
    ] {
        let info = world
            .runtime
            .block_on(client.token(&token))
            .unwrap()
            .unwrap();
        assert_eq!(i64::try_from(info.emission_amount).unwrap(), amount);
    }
    world.lets(["verify"]).ok();
    // A second resume has nothing to do.
    world.refused("no_founding", &[], ["found", "--resume", "--yes"]);
}

/// All five at once: most of the time they wait for views that might lag.
fn at_every_step(forward: bool) {
    std::thread::scope(|scope| {
        for step in 0..5 {
            scope.spawn(move || {
                let world = ready();
                killed_at(&world, step, forward);
                resume(&world);
            });
        }
    });
}

#[test]
fn found_killed_before_the_node_heard_a_step_resumes() {
    at_every_step(false);
}

#[test]
fn found_killed_before_the_answer_to_a_step_resumes() {
    at_every_step(true);
}

#[test]
fn found_killed_while_waiting_for_the_block_resumes() {
    let world = ready();
    let mut command = world.command(&world.devnet.url(), &world.home());
    command
        .args(World::found_args("Village"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut process = command.spawn().unwrap();
    until("the manifest", || world.home().join("lets.toml").exists());
    process.kill().unwrap();
    process.wait().unwrap();
    resume(&world);
}

#[test]
fn found_resumed_after_its_steps_are_in_blocks_ends() {
    let world = ready();
    killed_at(&world, 2, true);
    world.mine();
    world.lets(["found", "--resume", "--yes", "--no-wait"]).ok();
    assert_eq!(world.state().pool.len(), 2);
    world.mine();
    founded(&world);
}

#[test]
fn found_while_one_is_in_progress_is_refused() {
    let world = ready();
    killed_at(&world, 1, false);
    world.refused(
        "founding_in_progress",
        &["--resume"],
        World::found_args("Another"),
    );
    world.refused("founding_begun", &["--resume"], ["found", "--discard"]);
    resume(&world);
    world.refused("exists", &["lets.toml"], World::found_args("Another"));
}

#[test]
fn found_nothing_sent_can_be_discarded() {
    let world = ready();
    killed_at(&world, 0, false);
    world.lets(["found", "--discard"]).ok();
    assert!(!world.home().join("founding.json").exists());
    world
        .lets(
            World::found_args("Another")
                .into_iter()
                .chain(["--no-wait"]),
        )
        .ok();
    world.mine();
    world.lets(["verify"]).ok();
}

#[test]
fn found_whose_erg_was_spent_otherwise_says_so() {
    let world = ready();
    killed_at(&world, 0, false);
    // The same wallet founds from a second home: the ERG is gone.
    let other = world.folder.path().join("other");
    std::fs::create_dir_all(&other).unwrap();
    std::fs::create_dir_all(other.join("keys")).unwrap();
    for key in COMMITTEE {
        let file = format!("keys/{key}.toml");
        std::fs::copy(world.home().join(&file), other.join(&file)).unwrap();
    }
    world
        .lets_in(
            &other,
            World::found_args("Another")
                .into_iter()
                .chain(["--no-wait"]),
        )
        .ok();
    world.mine();
    world.refused(
        "founding_stuck",
        &["step 1", "--discard"],
        ["found", "--resume", "--yes"],
    );
    world.lets(["found", "--discard"]).ok();
}

#[test]
fn founding_file_altered_is_refused() {
    let world = ready();
    killed_at(&world, 0, false);
    let path = world.home().join("founding.json");
    let text = std::fs::read_to_string(&path).unwrap();
    // One nanoErg more in some output.
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let outputs = &value["steps"][4]["transaction"]["outputs"];
    let old = outputs[0]["value"].to_string();
    let new = (old.parse::<u64>().unwrap() + 1).to_string();
    std::fs::write(&path, text.replace(&old, &new)).unwrap();
    world.refused(
        "bad_founding_file",
        &["altered"],
        ["found", "--resume", "--yes"],
    );
    std::fs::write(&path, &text[..text.len() / 2]).unwrap();
    world.refused("bad_founding_file", &[], ["found", "--resume", "--yes"]);
}
