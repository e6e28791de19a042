//! Two nodes that fail in every way that networks and nodes do, by the throw of seeded dice.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use tokio::runtime::Runtime;

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Answered after up to 100 ms.
    Slow,
    /// Answered after 5 s.
    VerySlow,
    /// The connection ends before the node has the request.
    CutBefore,
    /// The connection ends before the answer.
    CutAfter,
    /// Half of the answer, as if it were all.
    HalfJson,
    /// An answer that is no JSON.
    Garbage,
    /// Status 500 with the node's words, before the node has the request.
    InternalErrorBefore,
    /// The same after it.
    InternalErrorAfter,
    /// Status 503 in plain text, before the node has the request.
    UnavailableBefore,
    /// The same after it.
    UnavailableAfter,
    /// Status 429.
    TooMany,
    /// Status 429 with `Retry-After`.
    TooManyFor1s,
    /// Status 400 in plain text.
    PlainText,
    /// Views of the pool as they were up to a second ago.
    Stale,
    /// A transaction that the node has taken, and does not show for a while.
    Hidden,
    /// A transaction is answered 200, and forgotten.
    Forgotten,
    /// A child refused for want of its parent is refused for a second, though the parent has come.
    RefusedAgain,
    /// One address answers nothing for a number of requests.
    Down,
}

/// Faults of reads in thousandths; the rest is answered as it should be.
const OF_READS: [(Fault, u32); 11] = [
    (Fault::Slow, 40),
    (Fault::VerySlow, 1),
    (Fault::CutBefore, 12),
    (Fault::CutAfter, 12),
    (Fault::HalfJson, 4),
    (Fault::Garbage, 3),
    (Fault::InternalErrorBefore, 8),
    (Fault::UnavailableBefore, 8),
    (Fault::TooMany, 6),
    (Fault::TooManyFor1s, 2),
    (Fault::PlainText, 3),
];
/// The same of submissions.
const OF_SUBMISSIONS: [(Fault, u32); 14] = [
    (Fault::Slow, 40),
    (Fault::VerySlow, 5),
    (Fault::CutBefore, 40),
    (Fault::CutAfter, 40),
    (Fault::HalfJson, 20),
    (Fault::Garbage, 20),
    (Fault::InternalErrorBefore, 15),
    (Fault::InternalErrorAfter, 15),
    (Fault::UnavailableBefore, 15),
    (Fault::UnavailableAfter, 15),
    (Fault::TooMany, 10),
    (Fault::TooManyFor1s, 5),
    (Fault::PlainText, 5),
    (Fault::Forgotten, 20),
];
/// What of the node's views may be a second old.
const VIEWS: [&str; 5] = [
    "/transactions/unconfirmed",
    "/utxo/withPool/",
    "/blockchain/box/unspent/",
    "/info",
    "/blocks/lastHeaders/",
];
const LAG: Duration = Duration::from_secs(1);

struct Inner {
    http: reqwest::Client,
    on: AtomicBool,
    dice: Mutex<StdRng>,
    counts: Mutex<BTreeMap<Fault, usize>>,
    views: Mutex<HashMap<String, (Instant, StatusCode, Bytes)>>,
    hidden: Mutex<HashMap<String, Instant>>,
    orphans: Mutex<HashMap<String, Instant>>,
}

/// The way to one of the two nodes.
#[derive(Clone)]
struct Face {
    inner: Arc<Inner>,
    upstream: String,
    /// How many of a thousand looks at a view are stale here.
    stale: u32,
    /// So many more requests get no answer.
    down: Arc<Mutex<u32>>,
}

/// The way of one member to two nodes; it ends with the runtime.
pub(crate) struct Faulty {
    /// Where the two answer.
    pub(crate) urls: [String; 2],
    inner: Arc<Inner>,
}

impl Faulty {
    pub(crate) fn new(runtime: &Runtime, upstreams: [String; 2], seed: u64) -> Self {
        let inner = Arc::new(Inner {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            on: AtomicBool::new(true),
            dice: Mutex::new(StdRng::seed_from_u64(seed)),
            counts: Mutex::default(),
            views: Mutex::default(),
            hidden: Mutex::default(),
            orphans: Mutex::default(),
        });
        let [first, second] = upstreams;
        let urls = [(first, 100), (second, 400)].map(|(upstream, stale)| {
            let face = Face {
                inner: inner.clone(),
                upstream,
                stale,
                down: Arc::default(),
            };
            let router = Router::new().fallback(serve).with_state(face);
            let listener = runtime
                .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
                .unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            runtime.spawn(async move { axum::serve(listener, router).await });
            url
        });
        Self { urls, inner }
    }

    /// From now on everything is answered as it should be.
    pub(crate) fn heal(&self) {
        self.inner.on.store(false, Ordering::SeqCst);
    }

    /// How often each fault struck.
    pub(crate) fn counts(&self) -> BTreeMap<Fault, usize> {
        self.inner.counts.lock().unwrap().clone()
    }
}

async fn serve(State(face): State<Face>, request: Request) -> Response {
    let path = request.uri().path_and_query().unwrap().to_string();
    let is_post = request.method() == "POST";
    let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let inner = &face.inner;
    if !inner.on.load(Ordering::SeqCst) {
        return face.ask(is_post, &path, body).await.into_response();
    }
    if face.is_down() {
        inner.count(Fault::Down);
        cut();
    }
    match is_post && path == "/transactions" {
        true => face.submission(&path, body).await,
        false => face.read(is_post, &path, body).await,
    }
}

/// Ends the connection's task, and with it the connection, without a word.
fn cut() -> ! {
    std::panic::resume_unwind(Box::new("the connection is cut"))
}

impl Face {
    /// Begins now and then not to answer, for longer than a reader repeats himself.
    fn is_down(&self) -> bool {
        let mut left = self.down.lock().unwrap();
        if *left == 0 && self.inner.throw(1_000) < 4 {
            *left = 6;
        }
        *left = left.saturating_sub(1);
        *left > 0
    }

    async fn read(&self, is_post: bool, path: &str, body: Bytes) -> Response {
        let inner = &self.inner;
        if let Some(response) = inner.hidden(path) {
            return response;
        }
        let is_view = VIEWS.iter().any(|view| path.starts_with(view));
        let key = format!("{}{path}{}", self.upstream, String::from_utf8_lossy(&body));
        if is_view && inner.throw(1_000) < self.stale {
            let known = inner.views.lock().unwrap().get(&key).cloned();
            if let Some((at, status, answer)) = known
                && at.elapsed() < LAG
            {
                inner.count(Fault::Stale);
                return (status, answer).into_response();
            }
        }
        let fault = inner.drawn(&OF_READS);
        if let Some(response) = before(fault).await {
            return response;
        }
        let (status, answer) = self.ask(is_post, path, body).await;
        if is_view {
            let seen = (Instant::now(), status, answer.clone());
            let mut views = inner.views.lock().unwrap();
            // What is younger than the lag stays: so a view can be a second old, and no older.
            let entry = views.entry(key).or_insert_with(|| seen.clone());
            if entry.0.elapsed() >= LAG {
                *entry = seen;
            }
        }
        after(fault, status, answer)
    }

    async fn submission(&self, path: &str, body: Bytes) -> Response {
        let inner = &self.inner;
        let fault = inner.drawn(&OF_SUBMISSIONS);
        if let Some(response) = before(fault).await {
            return response;
        }
        let check = format!("{path}/check");
        if fault == Some(Fault::Forgotten) {
            return self.ask(true, &check, body).await.into_response();
        }
        // The bytes stand for the id, which only the node knows.
        let tx = String::from_utf8_lossy(&body).to_string();
        let refused = inner.orphans.lock().unwrap().get(&tx).copied();
        if refused.is_some_and(|until| Instant::now() < until) {
            inner.count(Fault::RefusedAgain);
            let code = json!({ "error": 400, "reason": "recently_unresolved" });
            return (StatusCode::BAD_REQUEST, code.to_string()).into_response();
        }
        let (status, answer) = self.ask(true, path, body).await;
        let words = String::from_utf8_lossy(&answer).to_string();
        if status.is_success() {
            if inner.throw(6) == 0 {
                let while_ms = 400 + u64::from(inner.throw(500));
                let until = Instant::now() + Duration::from_millis(while_ms);
                let id = words.trim_matches('"').to_owned();
                inner.hidden.lock().unwrap().insert(id, until);
            }
        } else if words.contains("Every input of the transaction should be in UTXO") {
            let until = Instant::now() + LAG;
            inner.orphans.lock().unwrap().insert(tx, until);
        }
        after(fault, status, answer)
    }

    async fn ask(&self, is_post: bool, path: &str, body: Bytes) -> (StatusCode, Bytes) {
        let http = &self.inner.http;
        let url = format!("{}{path}", self.upstream);
        let request = match is_post {
            true => http.post(url).body(body.to_vec()),
            false => http.get(url),
        };
        let answer = request.send().await.unwrap();
        let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
        (status, answer.bytes().await.unwrap())
    }
}

impl Inner {
    fn throw(&self, sides: u32) -> u32 {
        self.dice.lock().unwrap().gen_range(0..sides)
    }

    fn count(&self, fault: Fault) {
        *self.counts.lock().unwrap().entry(fault).or_default() += 1;
    }

    fn drawn(&self, faults: &[(Fault, u32)]) -> Option<Fault> {
        let mut thrown = self.throw(1_000);
        for (fault, share) in faults {
            match thrown.checked_sub(*share) {
                Some(rest) => thrown = rest,
                None => {
                    self.count(*fault);
                    return Some(*fault);
                }
            }
        }
        None
    }

    /// The answer about a transaction that is not shown yet.
    fn hidden(&self, path: &str) -> Option<Response> {
        let id = path.strip_prefix("/transactions/unconfirmed/byTransactionId/")?;
        let until = *self.hidden.lock().unwrap().get(id)?;
        if Instant::now() >= until {
            return None;
        }
        self.count(Fault::Hidden);
        let body = json!({ "error": 404, "reason": "not-found", "detail": null });
        Some((StatusCode::NOT_FOUND, body.to_string()).into_response())
    }
}

/// What happens before the node has the request. `None`: it gets it.
async fn before(fault: Option<Fault>) -> Option<Response> {
    let text = |status: StatusCode, words: &'static str| Some((status, words).into_response());
    match fault? {
        Fault::Slow => {
            tokio::time::sleep(Duration::from_millis(100)).await;
            None
        }
        Fault::VerySlow => {
            tokio::time::sleep(Duration::from_secs(5)).await;
            None
        }
        Fault::CutBefore => cut(),
        Fault::InternalErrorBefore => Some(internal_error()),
        Fault::UnavailableBefore => text(StatusCode::SERVICE_UNAVAILABLE, "try later"),
        Fault::TooMany => text(StatusCode::TOO_MANY_REQUESTS, "slow down"),
        Fault::TooManyFor1s => Some(
            (
                StatusCode::TOO_MANY_REQUESTS,
                [(header::RETRY_AFTER, "1")],
                "slow down",
            )
                .into_response(),
        ),
        Fault::PlainText => text(StatusCode::BAD_REQUEST, "The request content was malformed"),
        _ => None,
    }
}

/// What becomes of the node's answer.
fn after(fault: Option<Fault>, status: StatusCode, answer: Bytes) -> Response {
    match fault {
        Some(Fault::CutAfter) => cut(),
        Some(Fault::HalfJson) => (status, answer.slice(..answer.len() / 2)).into_response(),
        Some(Fault::Garbage) => (status, "\u{1}<<no node>>").into_response(),
        Some(Fault::InternalErrorAfter) => internal_error(),
        Some(Fault::UnavailableAfter) => {
            (StatusCode::SERVICE_UNAVAILABLE, "try later").into_response()
        }
        _ => (status, answer).into_response(),
    }
}

fn internal_error() -> Response {
    let body = json!({ "error": 500, "reason": "internal.error", "detail": "Ask timed out" });
    (StatusCode::INTERNAL_SERVER_ERROR, body.to_string()).into_response()
}
