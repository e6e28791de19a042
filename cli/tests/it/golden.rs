//! Output that people and programs rely on, word for word.

use crate::world::World;

const PHRASE: &str = "slow silly start wash bundle suffer bulb ancient height spin express remind today effort helmet";

#[test]
fn golden_help() {
    let world = World::new();
    let run = world.lets(["--help"]).ok();
    assert_eq!(run.stdout, include_str!("golden/help.txt"));
    assert_eq!(run.stderr, "");
}

#[test]
fn golden_key_show() {
    let world = World::new();
    let import = ["key", "import", "alice", "--work-factor", "10"];
    world
        .run(&world.devnet.url(), &world.home(), import, Some(PHRASE))
        .ok();
    // ergo-appkit publishes this phrase with its first EIP-3 address; the public key is what that address encodes.
    assert_eq!(
        world.lets(["key", "show", "alice"]).ok().stdout,
        "name        alice\n\
         address     9eatpGQdYNjTi5ZZLK7Bo7C3ms6oECPnxbQTRn6sDcBNLMYSCa8\n\
         public key  0208b3e9162e6f27378b761734e705de90d616aa04a09ea1ee7ddb8e73bb68d3cd\n"
    );
}

#[test]
fn golden_error() {
    let world = World::village();
    let run = world.lets(["pay", "bob", "250", "--key", "alice", "--yes"]);
    assert_eq!(
        run.stderr,
        "error: the payment of 250.00 would pass the credit line of 200.00: the balance is 0.00, so the most that can \
         be paid is 200.00 (rule credit_line)\n\
         hint: `lets balance` shows what you can spend; the committee sets lines with `lets committee set-terms`\n"
    );
    let run = world.lets(["pay", "bob", "250", "--key", "alice", "--yes", "--json"]);
    assert_eq!(
        run.stdout,
        "{\"schema_version\":1,\"success\":false,\"error\":{\"kind\":\"credit_line\",\"message\":\"the payment of 250.00 \
         would pass the credit line of 200.00: the balance is 0.00, so the most that can be paid is 200.00 (rule \
         credit_line)\",\"hint\":\"`lets balance` shows what you can spend; the committee sets lines with `lets \
         committee set-terms`\",\"rule\":{\"rule\":\"credit_line\",\"limit\":\"200.00\",\"most\":\"200.00\"}}}\n"
    );
    assert_eq!(run.stderr, "");
}

#[test]
fn golden_usage_error_is_the_users() {
    let world = World::new();
    let run = world.lets(["pay", "bob"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.starts_with("error: "), "{run:?}");
    let run = world.lets(["pay", "bob", "--json"]);
    assert_eq!(run.code, Some(1));
    assert_eq!(run.envelope()["error"]["kind"], "usage");
    assert_eq!(
        world.lets(["--version"]).ok().stdout,
        concat!("lets ", env!("CARGO_PKG_VERSION"), "\n")
    );
}
