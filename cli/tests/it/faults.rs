//! A thousand random payments of six members through two nodes of one network that fail and hear of each other late, while
//! blocks come and go.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, RwLock};
use std::time::{Duration, Instant};

use ergo_devnet::{BlockTime, Devnet, DevnetConfig};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use serde_json::Value;

use crate::faulty::{Fault, Faulty};
use crate::world::{Run, World};

const MEMBERS: [&str; 6] = ["alice", "bob", "carol", "dora", "emil", "fay"];
const PAYMENTS: usize = 1_000;
/// So much later a node hears of what the other was sent.
const GOSSIP: Duration = Duration::from_millis(200);
/// Of a hundred things that a member does, those from here on are settlements.
const SETTLES_FROM: u32 = 96;
/// Errors after which a payment may have been made.
const UNKNOWN: [&str; 5] = [
    "unknown_outcome",
    "dropped",
    "lost_sight",
    "still_waiting",
    "not_rebuilt",
];

/// What a command said of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    Done,
    Unknown,
    NotDone,
}

/// A payment as it was asked for; its memo is its own.
struct Asked {
    memo: String,
    from: &'static str,
    to: &'static str,
    cents: i64,
    said: Said,
}

/// A settlement that somebody tried to send.
struct Settled {
    file: PathBuf,
    legs: [(&'static str, &'static str, i64); 3],
    said: Said,
}

/// What became of the chain meanwhile.
#[derive(Debug, Default)]
struct Mined {
    reorganisations: u32,
    forks: u32,
    taken_back: u32,
}

struct Field {
    /// The second node; it ends before the runtime, which is the world's.
    peer: Devnet,
    world: World,
    nodes: Vec<Faulty>,
    begun: AtomicUsize,
    asked: Mutex<Vec<Asked>>,
    settled: Mutex<Vec<Settled>>,
    outcomes: Mutex<BTreeMap<String, usize>>,
    unexpected: Mutex<Vec<String>>,
    /// Whoever settles does so alone: it takes five commands, and any payment to one of the three would be in its way.
    quiet: RwLock<()>,
}

fn shown(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn cents(shown: &str) -> i64 {
    shown.replacen('.', "", 1).parse().unwrap()
}

impl Field {
    fn new() -> Self {
        let world = World::village();
        for name in &MEMBERS[3..] {
            world.member(name, "3.2", "5");
        }
        for name in MEMBERS {
            world.fund(name, "20");
            world.another_home(name, &[name]);
        }
        let config = DevnetConfig {
            block_time: BlockTime::Manual,
            ..DevnetConfig::default()
        };
        let peer = world.runtime.block_on(Devnet::start(config)).unwrap();
        peer.follow(&world.devnet).unwrap();
        let urls = [world.devnet.url(), peer.url()];
        let node = |seed| Faulty::new(&world.runtime, urls.clone(), seed);
        Self {
            nodes: (0..MEMBERS.len() as u64).map(node).collect(),
            peer,
            world,
            begun: AtomicUsize::new(0),
            asked: Mutex::default(),
            settled: Mutex::default(),
            outcomes: Mutex::default(),
            unexpected: Mutex::default(),
            quiet: RwLock::default(),
        }
    }

    fn home(&self, who: &str) -> PathBuf {
        self.world.folder.path().join(who)
    }

    /// The fifth part goes without a second node; now and then the first one is not there at all.
    fn node(&self, at: usize, dice: &mut StdRng) -> String {
        let [first, second] = &self.nodes[at].urls;
        match dice.gen_range(0..10) {
            0 => format!("http://127.0.0.1:9,{second}"),
            1..=4 => first.clone(),
            _ => format!("{first},{second}"),
        }
    }

    /// Runs a command in somebody's home and says how it went.
    fn run(&self, url: &str, who: &str, args: &[&str]) -> (Value, Said, Run) {
        let args = args.iter().copied().chain(["--json"]);
        let run = self.world.run(url, &self.home(who), args, None);
        if !matches!(run.code, Some(0 | 1)) {
            self.unexpected.lock().unwrap().push(format!("{run:?}"));
        }
        let envelope = run.envelope();
        let kind = envelope["error"]["kind"].as_str().unwrap_or("done");
        let said = match kind {
            "done" => Said::Done,
            kind if UNKNOWN.contains(&kind) => Said::Unknown,
            _ => Said::NotDone,
        };
        (envelope, said, run)
    }

    fn count(&self, command: &str, envelope: &Value) {
        let kind = envelope["error"]["kind"].as_str().unwrap_or("done");
        let mut outcomes = self.outcomes.lock().unwrap();
        *outcomes.entry(format!("{command}: {kind}")).or_default() += 1;
    }

    /// Takes so many of the payments that are still to be made; `None` if there are none left.
    fn take(&self, count: usize) -> Option<usize> {
        let first = self.begun.fetch_add(count, Ordering::SeqCst);
        (first < PAYMENTS).then_some(first)
    }

    fn someone_else(at: usize, dice: &mut StdRng) -> usize {
        (at + dice.gen_range(1..MEMBERS.len())) % MEMBERS.len()
    }

    fn member(&self, at: usize) {
        let mut dice = StdRng::seed_from_u64(1_000 + at as u64);
        loop {
            let url = self.node(at, &mut dice);
            let thrown = dice.gen_range(0..100);
            let going_on = if thrown >= SETTLES_FROM {
                let _alone = self.quiet.write().unwrap();
                self.settles(at, &url, &mut dice)
            } else {
                let _among = self.quiet.read().unwrap();
                self.trades(at, &url, thrown, &mut dice)
            };
            if !going_on {
                return;
            }
        }
    }

    fn trades(&self, at: usize, url: &str, thrown: u32, dice: &mut StdRng) -> bool {
        let args: &[&str] = match thrown {
            0..40 => return self.pays(at, url, dice),
            40..70 => return self.pays_several(at, url, dice),
            70..84 => &["claim"],
            _ => &["payments", "--retry"],
        };
        let more = ["--yes", "--no-wait"];
        let (envelope, ..) = self.run(url, MEMBERS[at], &[args, &more].concat());
        self.count(&args.join(" "), &envelope);
        true
    }

    fn pays(&self, at: usize, url: &str, dice: &mut StdRng) -> bool {
        let Some(number) = self.take(1) else {
            return false;
        };
        let to = MEMBERS[Self::someone_else(at, dice)];
        let amount = dice.gen_range(1..500);
        let (memo, figures) = (format!("p{number}"), shown(amount));
        let mut args = vec!["pay", to, &figures, "--memo", &memo, "--yes"];
        args.extend(
            ["--note", "--direct"]
                .choose(dice)
                .filter(|_| amount % 2 == 0),
        );
        if dice.gen_range(0..20) > 0 {
            args.push("--no-wait");
        }
        let (envelope, said, _) = self.run(url, MEMBERS[at], &args);
        self.count("pay", &envelope);
        self.asked.lock().unwrap().push(Asked {
            memo,
            from: MEMBERS[at],
            to,
            cents: amount,
            said,
        });
        true
    }

    fn pays_several(&self, at: usize, url: &str, dice: &mut StdRng) -> bool {
        let count = dice.gen_range(8..=20);
        let Some(first) = self.take(count) else {
            return false;
        };
        let mut asked = Vec::new();
        let mut text = "payee,amount,memo\n".to_owned();
        for number in first..first + count {
            let to = MEMBERS[Self::someone_else(at, dice)];
            let amount = dice.gen_range(1..300);
            text.push_str(&format!("{to},{},p{number}\n", shown(amount)));
            asked.push((format!("p{number}"), to, amount));
        }
        let file = self.world.folder.path().join(format!("p{first}.csv"));
        std::fs::write(&file, text).unwrap();
        let args = [
            "pay",
            "--file",
            file.to_str().unwrap(),
            "--yes",
            "--no-wait",
        ];
        let (envelope, said, _) = self.run(url, MEMBERS[at], &args);
        self.count("pay --file", &envelope);
        let rows = envelope["data"]["rows"].as_array();
        for (row, (memo, to, cents)) in asked.into_iter().enumerate() {
            let said = match rows.map(|rows| rows[row]["outcome"].as_str().unwrap()) {
                Some("sent") => Said::Done,
                Some("unknown") => Said::Unknown,
                Some(_) => Said::NotDone,
                None => said,
            };
            self.asked.lock().unwrap().push(Asked {
                memo,
                from: MEMBERS[at],
                to,
                cents,
                said,
            });
        }
        true
    }

    /// Three pay each other in a ring: it is proposed, signed and sent, or dropped where that fails.
    fn settles(&self, at: usize, url: &str, dice: &mut StdRng) -> bool {
        let Some(number) = self.take(3) else {
            return false;
        };
        let one = Self::someone_else(at, dice);
        let other = (0..MEMBERS.len()).find(|n| ![at, one].contains(n)).unwrap();
        let ring = [MEMBERS[at], MEMBERS[one], MEMBERS[other]];
        let amounts: [i64; 3] = std::array::from_fn(|_| dice.gen_range(1..500));
        let legs = std::array::from_fn(|n| (ring[n], ring[(n + 1) % 3], amounts[n]));
        let file = self.world.folder.path().join(format!("s{number}.json"));
        let path = file.to_str().unwrap();
        let pays = legs.map(|(from, to, cents)| format!("{from}:{to}:{}", shown(cents)));
        let mut propose = vec!["settle", "propose", "--out", path];
        propose.extend(pays.iter().flat_map(|p| ["--pay", p]));
        let mut last = self.run(url, ring[0], &propose);
        for who in ring {
            if last.1 == Said::Done {
                last = self.run(url, who, &["settle", "sign", path, "--yes"]);
            }
        }
        let mut said = Said::NotDone;
        if last.1 == Said::Done {
            last = self.run(
                url,
                ring[1],
                &["settle", "send", path, "--yes", "--no-wait"],
            );
            said = last.1;
        }
        self.count("settle", &last.0);
        self.settled
            .lock()
            .unwrap()
            .push(Settled { file, legs, said });
        true
    }

    /// Transactions go from node to node every fifth of a second, and one of the two makes a block every second. Now and then
    /// up to ten blocks are taken back, or the two make up to ten blocks each without the other's, and one of them gives in.
    fn mines(&self, end: &AtomicBool) -> Mined {
        let mut dice = StdRng::seed_from_u64(7);
        let lowest = self.world.devnet.height();
        let mut mined = Mined::default();
        let mut nodes = [&self.world.devnet, &self.peer];
        while !end.load(Ordering::SeqCst) {
            self.gossips();
            nodes.shuffle(&mut dice);
            let [leads, follows] = nodes;
            leads.mine(1).unwrap();
            let back = dice.gen_range(1..=10);
            match dice.gen_range(0..10) {
                0 => {
                    let back = back.min(leads.height() - lowest);
                    leads.rollback(back).unwrap();
                    leads.mine(back + 1).unwrap();
                    mined.reorganisations += 1;
                    mined.taken_back += back;
                }
                1 => {
                    for _ in 0..back {
                        std::thread::sleep(GOSSIP);
                        follows.mine(1).unwrap();
                        leads.mine(1).unwrap();
                    }
                    mined.forks += 1;
                    mined.taken_back += back;
                }
                _ => {}
            }
            follows.follow(leads).unwrap();
        }
        mined
    }

    fn gossips(&self) {
        for _ in 0..5 {
            std::thread::sleep(GOSSIP);
            self.peer.hear(&self.world.devnet);
            self.world.devnet.hear(&self.peer);
        }
    }

    /// With sound nodes: everybody looks after his payments and claims, until nothing is open.
    fn come_to_rest(&self) {
        let url = self.world.devnet.url();
        for _ in 0..10 {
            self.world.mine();
            let mut open = false;
            for who in MEMBERS {
                let retry = ["payments", "--retry", "--yes", "--no-wait"];
                let (envelope, said, run) = self.run(&url, who, &retry);
                assert_eq!(said, Said::Done, "{run:?}");
                let rows = envelope["data"]["payments"].as_array().unwrap();
                let is = |s: &str| rows.iter().any(|row| row["status"] == s);
                open |= is("signed") || is("sent");
                self.run(&url, who, &["claim", "--yes", "--no-wait"]);
            }
            let pool = self.world.state().pool;
            if !open && pool.is_empty() {
                // Deep enough to be there for good.
                self.world.devnet.mine(10).unwrap();
                return;
            }
        }
        panic!("something stays open");
    }

    /// How often each payment stands on the chain, by its memo, as its payer reads it there.
    fn on_the_chain(&self) -> HashMap<String, usize> {
        let mut found = HashMap::new();
        let history = self.world.data(["history", "--memos"]);
        for account in history["accounts"].as_array().unwrap() {
            let lines = account["lines"].as_array().unwrap();
            for line in lines.iter().filter(|line| line["payer"] == account["name"]) {
                if let ("paid" | "paid_by_note", Some(memo)) =
                    (line["kind"].as_str().unwrap(), line["memo"].as_str())
                {
                    *found.entry(memo.to_owned()).or_default() += 1;
                }
            }
        }
        found
    }

    /// What each journal says of each payment, by its memo.
    fn on_record(&self) -> HashMap<String, String> {
        let mut found = HashMap::new();
        for who in MEMBERS {
            let (envelope, ..) = self.run(&self.world.devnet.url(), who, &["payments"]);
            for row in envelope["data"]["payments"].as_array().unwrap() {
                let text = |field: &str| row[field].as_str().unwrap().to_owned();
                let twice = found.insert(text("memo"), text("status"));
                assert_eq!(twice, None, "{row}");
            }
        }
        found
    }

    fn is_in_a_block(&self, settled: &Settled) -> bool {
        if settled.said == Said::NotDone && !settled.file.exists() {
            return false;
        }
        let path = settled.file.to_str().unwrap();
        let args = ["settle", "show", path];
        let (envelope, ..) = self.run(&self.world.devnet.url(), "alice", &args);
        envelope["data"]["state"] == "in_block"
    }
}

#[test]
fn thousand_payments_through_nodes_that_fail_are_each_made_once_or_said_not_to_be() {
    let begun = Instant::now();
    let field = Field::new();
    let end = AtomicBool::new(false);
    let mined = std::thread::scope(|scope| {
        let miner = scope.spawn(|| field.mines(&end));
        let members: Vec<_> = (0..MEMBERS.len())
            .map(|at| {
                scope.spawn({
                    let field = &field;
                    move || field.member(at)
                })
            })
            .collect();
        let ended: Vec<_> = members.into_iter().map(|m| m.join()).collect();
        end.store(true, Ordering::SeqCst);
        for one in ended {
            one.unwrap();
        }
        miner.join().unwrap()
    });
    field.nodes.iter().for_each(Faulty::heal);
    println!("outcomes: {:#?}", field.outcomes.lock().unwrap());
    assert_eq!(*field.unexpected.lock().unwrap(), [""; 0]);
    field.come_to_rest();

    let (chain, journal) = (field.on_the_chain(), field.on_record());
    let mut balances: BTreeMap<&str, i64> = BTreeMap::new();
    let mut move_units = |from, to, cents| {
        *balances.entry(from).or_default() -= cents;
        *balances.entry(to).or_default() += cents;
    };
    let mut fates: BTreeMap<String, usize> = BTreeMap::new();
    for asked in field.asked.lock().unwrap().iter() {
        let times = chain.get(&asked.memo).copied().unwrap_or_default();
        let status = journal.get(&asked.memo).map_or("none", String::as_str);
        let known = match times {
            0 => matches!(status, "none" | "ordered" | "failed"),
            1 => matches!(status, "included" | "confirmed"),
            _ => false,
        };
        let Asked {
            memo,
            from,
            to,
            said,
            ..
        } = asked;
        assert!(
            known,
            "{memo} from {from} to {to} is there {times} times, and on record as {status}"
        );
        match said {
            Said::Done => assert_eq!(times, 1, "{memo} from {from} to {to} was said to be made"),
            Said::NotDone => assert_eq!(
                times, 0,
                "{memo} from {from} to {to} was said not to be made"
            ),
            Said::Unknown => {}
        }
        if times == 1 {
            move_units(asked.from, asked.to, asked.cents);
        }
        *fates
            .entry(format!("said {said:?}, made {times} times"))
            .or_default() += 1;
    }
    assert_eq!(
        chain.len(),
        fates
            .iter()
            .filter(|(fate, _)| fate.ends_with("made 1 times"))
            .map(|(_, n)| n)
            .sum::<usize>()
    );
    for settled in field.settled.lock().unwrap().iter() {
        let there = field.is_in_a_block(settled);
        assert!(
            !there || settled.said != Said::NotDone,
            "{:?}",
            settled.file
        );
        if there {
            for (from, to, cents) in settled.legs {
                move_units(from, to, cents);
            }
        }
        *fates
            .entry(format!(
                "settlement said {:?}, in a block: {there}",
                settled.said
            ))
            .or_default() += 1;
    }
    let world = &field.world;
    for who in MEMBERS {
        let expected = balances.get(who).copied().unwrap_or_default();
        assert_eq!(cents(&world.balance(who)), expected, "{who}");
    }
    assert_eq!(balances.values().sum::<i64>(), 0);
    world.lets(["verify"]).ok();

    let mut faults: BTreeMap<Fault, usize> = BTreeMap::new();
    for node in &field.nodes {
        for (fault, count) in node.counts() {
            *faults.entry(fault).or_default() += count;
        }
    }
    println!("faults: {faults:?}");
    println!("chain: {mined:?}");
    println!("payments: {fates:#?}");
    println!("in {:?}", begun.elapsed());
    // Most kinds of trouble were met, and most payments were made all the same.
    assert!(faults.len() >= 14, "{faults:?}");
    assert!(chain.len() > PAYMENTS / 2, "{}", chain.len());
}
