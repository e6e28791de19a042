//! A LETS-1 in which ERG falls by 30, 60 and 90 percent: the figures of docs/TRUSTLESS.md.
//!
//! `cargo test --workspace --test crash -- --nocapture` prints them.

use lets_tests::crash::{Left, Seed};

const FALLS: [u32; 3] = [30, 60, 90];

fn row(percent: u32, days: i32, watched: bool, left: Left) -> String {
    let watchers = if watched { "yes" } else { "no" };
    let share = 100.0 * left.bad as f64 / left.debts as f64;
    format!(
        "| {percent} % | {days} | {watchers} | {} | {} | {} | {} | {share:.1} % |",
        left.called,
        left.liquidations,
        money(left.owed),
        money(left.bad),
    )
}

fn money(units: i64) -> String {
    format!("{}.{:02}", units / 100, units % 100)
}

#[test]
fn crash_leaves_bad_debt_where_it_is_faster_than_the_grace() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let seed = Seed::plant(&folder.path().join("seed"), 7).await;
        println!("| ERG falls by | within days | watchers | called | liquidations | still owed | not covered | of all debts |");
        println!("|---|---:|---|---:|---:|---:|---:|---:|");
        for percent in FALLS {
            let mut bad = Vec::new();
            for (days, watched) in [(30, false), (1, true), (30, true)] {
                let name = format!("{percent}-{days}-{watched}");
                let mut town = seed.grow(&folder.path().join(name)).await;
                let left = town.fall(percent, days, watched);
                println!("{}", row(percent, days, watched, left));
                bad.push(left.bad);
                town.end().await;
            }
            let [unwatched, sudden, slow] = bad[..] else {
                panic!("three runs");
            };
            // Twice the worth at the least stands behind every line: 30 percent less is still more than the debt.
            assert_eq!(unwatched > 0, percent > 50, "{percent} percent, unwatched");
            // In a fall that leaves the grace its time, next to nothing is left uncovered.
            assert!(slow * 10 <= unwatched, "{percent} percent in 30 days, watched");
            // In a sudden one there is no more to be had than what the collateral is worth.
            assert!(sudden >= unwatched, "{percent} percent in a day");
        }
    });
}
