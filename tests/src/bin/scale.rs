//! `cargo xtask bench --scale N`: the books of years at one to three sizes, read by the real program from a node that serves a
//! made chain, against the floor of downloading and parsing the same JSON once. Nothing here decides a test.

use ergo_node_client::{NodeClient, NodeOptions};
use lets_tests::years::{Chain, FOUNDED, Served, Size, make, serve};
use std::collections::VecDeque;
use std::error::Error;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const SIZES: [(u32, u32); 3] = [(250, 10_000), (10_000, 100_000), (100_000, 1_000_000)];
/// Blocks that come after a ledger has been brought to the tip.
const NEWS: u32 = 100;
/// Blocks that are fetched at the same time, as the program does.
const WINDOW: usize = 8;
const HEADERS: u32 = 500;
/// Commands that people wait for are run so often.
const ROUNDS: usize = 11;
/// What takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(3600);
/// Clock ticks in a second, as Linux shows them in /proc.
const TICKS: f64 = 100.0;

fn say(text: std::fmt::Arguments<'_>) -> Outcome<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    match args
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["floor", url, to] => runtime.block_on(floor(url, to.parse()?)),
        ["serve", which, home] => {
            let (members, trades) = size(which)?;
            std::fs::create_dir_all(home)?;
            let chain = chain(members, trades);
            std::fs::write(Path::new(home).join("lets.toml"), chain.manifest.to_text()?)?;
            runtime.block_on(async {
                let served = serve(chain).await;
                say(format_args!("{} to {}", served.url, served.tip()))?;
                std::future::pending().await
            })
        }
        [which] => {
            let sizes: Vec<(u32, u32)> = which.split(',').map(size).collect::<Outcome<_>>()?;
            say(format_args!(
                "| what | size | seconds | CPU seconds | MB at most |\n|---|---|---:|---:|---:|"
            ))?;
            let mut all = Vec::new();
            for (members, trades) in sizes {
                all.push(measure(&runtime, members, trades)?);
            }
            growth(&all)
        }
        _ => Err("usage: scale 1,2,3 | scale serve SIZE HOME".into()),
    }
}

/// One of the three sizes, or one's own as `MEMBERS/TRADES`.
fn size(text: &str) -> Outcome<(u32, u32)> {
    if let Some((members, trades)) = text.split_once('/') {
        return Ok((members.parse()?, trades.parse()?));
    }
    let at = text.parse::<usize>()?.checked_sub(1);
    let size = at.and_then(|at| SIZES.get(at));
    Ok(*size.ok_or("sizes are 1, 2 and 3, or MEMBERS/TRADES")?)
}

/// What a run of a program took.
struct Run {
    wall: f64,
    cpu: f64,
    megabytes: f64,
}

/// One size's figures, for the growth between sizes.
struct Figures {
    trades: u32,
    rows: Vec<(&'static str, f64)>,
}

/// Runs a program to its end. Its memory and time are read off /proc while it runs: what it takes in the last milliseconds is
/// not in them.
fn run(command: &mut Command) -> Outcome<Option<Run>> {
    let start = Instant::now();
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let proc = PathBuf::from(format!("/proc/{}", child.id()));
    let (mut cpu, mut megabytes) = (0.0, 0.0);
    let status = loop {
        if let Some(found) = seen(&proc) {
            (cpu, megabytes) = found;
        }
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if start.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let wall = start.elapsed().as_secs_f64();
    if !status.success() {
        let mut said = String::new();
        if let Some(mut stderr) = child.stderr.take() {
            stderr.read_to_string(&mut said)?;
        }
        return Err(format!("{command:?}: {said}").into());
    }
    Ok(Some(Run {
        wall,
        cpu,
        megabytes,
    }))
}

/// CPU seconds and the most megabytes of a process until now.
fn seen(proc: &Path) -> Option<(f64, f64)> {
    let stat = std::fs::read_to_string(proc.join("stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    let status = std::fs::read_to_string(proc.join("status")).ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some((ticks / TICKS, kilobytes / 1024.0))
}

struct Place<'a> {
    size: String,
    home: &'a Path,
    url: &'a str,
    lets: PathBuf,
    figures: Figures,
}

impl Place<'_> {
    fn lets(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.lets);
        command
            .args(args)
            .arg("--json")
            .env("LETS_HOME", self.home)
            .env("LETS_NODE", self.url);
        command
    }

    fn told(&mut self, what: &'static str, done: Option<Run>) -> Outcome<Option<Run>> {
        match &done {
            Some(run) => {
                say(format_args!(
                    "| {what} | {} | {:.3} | {:.2} | {:.0} |",
                    self.size, run.wall, run.cpu, run.megabytes
                ))?;
                self.figures.rows.push((what, run.wall));
            }
            None => say(format_args!(
                "| {what} | {} | more than {} | | |",
                self.size,
                PATIENCE.as_secs()
            ))?,
        }
        Ok(done)
    }

    fn once(&mut self, what: &'static str, args: &[&str]) -> Outcome<Option<Run>> {
        let done = run(&mut self.lets(args))?;
        self.told(what, done)
    }

    /// The median of several runs.
    fn often(&mut self, what: &'static str, args: &[&str]) -> Outcome<()> {
        let mut all = Vec::new();
        for _ in 0..ROUNDS {
            all.extend(run(&mut self.lets(args))?);
        }
        all.sort_by(|a, b| a.wall.total_cmp(&b.wall));
        let middle = all.len() / 2;
        self.told(what, all.into_iter().nth(middle)).map(|_| ())
    }
}

fn chain(members: u32, trades: u32) -> Chain {
    make(
        Size {
            members,
            trades,
            reads: false,
        },
        7,
    )
}

fn measure(runtime: &tokio::runtime::Runtime, members: u32, trades: u32) -> Outcome<Figures> {
    let size = format!("{members} / {trades}");
    let start = Instant::now();
    let chain = chain(members, trades);
    let made = start.elapsed().as_secs_f64();
    let home = tempfile::tempdir()?;
    std::fs::write(home.path().join("lets.toml"), chain.manifest.to_text()?)?;
    let (number, _) = chain.books.balances[members as usize / 2];
    let number = number.to_string();
    let megabytes = chain.json_bytes() as f64 / 1e6;
    let served: Served = runtime.block_on(serve(chain));
    let tip = served.tip();
    say(format_args!(
        "| making the chain: {} blocks, {megabytes:.0} MB of JSON | {size} | {made:.1} | | |",
        tip - FOUNDED + 1
    ))?;
    let exe = std::env::current_exe()?;
    let mut place = Place {
        size,
        home: home.path(),
        url: &served.url,
        lets: exe.with_file_name("lets"),
        figures: Figures {
            trades,
            rows: Vec::new(),
        },
    };
    let news = NEWS.min((tip - FOUNDED) / 2);
    let old = tip - news;
    served.show(old);
    let mut command = Command::new(&exe);
    command.args(["floor", &served.url, &old.to_string()]);
    let floor = run(&mut command)?;
    let floor = place.told("floor: the JSON downloaded and parsed once", floor)?;
    let sync = place.once("sync, from nothing", &["sync"])?;
    if let (Some(floor), Some(sync)) = (&floor, &sync) {
        say(format_args!(
            "| sync by floor | {} | {:.2} | {:.2} | |",
            place.size,
            sync.wall / floor.wall,
            sync.cpu / floor.cpu
        ))?;
    }
    served.show(tip);
    place.once(
        if news == NEWS {
            "sync, 100 blocks more"
        } else {
            "sync, half of the blocks more"
        },
        &["sync"],
    )?;
    let bytes = database(place.home)?;
    say(format_args!(
        "| database: MB | {} | {:.1} | | |",
        place.size,
        bytes / 1e6
    ))?;
    place.figures.rows.push(("database", bytes));
    place.often("balance of one member", &["balance", &number])?;
    place.often("history of one member", &["history", &number])?;
    place.often("stats", &["stats"])?;
    place.once("members", &["members"])?;
    place.once("verify", &["verify"])?;
    place.once("audit", &["audit"])?;
    Ok(place.figures)
}

fn database(home: &Path) -> Outcome<f64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(home)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("ledger-") {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes as f64)
}

/// How each figure grows with the number of trades: 1 is in proportion.
fn growth(all: &[Figures]) -> Outcome<()> {
    say(format_args!(
        "\n| what | trades | grows with the power |\n|---|---|---:|"
    ))?;
    for pair in all.windows(2) {
        let [a, b] = pair else { continue };
        let step = (f64::from(b.trades) / f64::from(a.trades)).ln();
        for (what, before) in &a.rows {
            if let Some((_, after)) = b.rows.iter().find(|(name, _)| name == what) {
                let power = (after / before).ln() / step;
                say(format_args!(
                    "| {what} | {} to {} | {power:.2} |",
                    a.trades, b.trades
                ))?;
            }
        }
    }
    Ok(())
}

/// Downloads every block's transactions and parses them as JSON, as many at once as the program does.
async fn floor(url: &str, to: u32) -> Outcome<()> {
    let client = NodeClient::new(url, NodeOptions::default())?;
    let http = reqwest::Client::new();
    let mut coming = VecDeque::new();
    let mut at = FOUNDED;
    let mut transactions = 0;
    let count = |block: serde_json::Value| block["transactions"].as_array().map_or(0, Vec::len);
    while at <= to {
        let headers = client.headers(at, to.min(at + HEADERS - 1)).await?;
        at += u32::try_from(headers.len())?;
        for header in headers {
            let request = http.get(format!("{url}/blocks/{}/transactions", header.id));
            coming.push_back(tokio::spawn(async move {
                let body = request.send().await?.bytes().await?;
                let block: serde_json::Value = serde_json::from_slice(&body)?;
                Ok::<_, Box<dyn Error + Send + Sync>>(block)
            }));
            if coming.len() >= WINDOW
                && let Some(next) = coming.pop_front()
            {
                transactions += count(next.await??);
            }
        }
    }
    for next in coming {
        transactions += count(next.await??);
    }
    say(format_args!("{transactions}"))
}
