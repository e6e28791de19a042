//! A server between the program and the devnet that can behave as badly as networks and nodes do.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::runtime::Runtime;

/// Changes the JSON of an answer to the request with this path; null stands for "no such item".
pub(crate) type Edit = Arc<dyn Fn(&str, &mut Value) + Send + Sync>;

/// How the proxy behaves; what a mode does not name is passed on.
#[derive(Clone)]
pub(crate) enum Mode {
    /// Submissions are passed on so many times; the next one hangs for ever, passed on first or not.
    Hang {
        /// How many are answered.
        answered: usize,
        /// Whether the one that hangs reaches the node.
        forward: bool,
    },
    /// The request of this number, of whatever kind, hangs for ever, passed on first or not.
    HangAt {
        /// Counted from 0.
        number: usize,
        /// Whether it reaches the node.
        forward: bool,
    },
    /// The first submission is answered 200, and goes nowhere.
    Forget,
    /// The first submission is answered as if the node had failed, passed on first or not.
    Lose {
        /// Whether it reaches the node.
        forward: bool,
    },
    /// Lists of unspent boxes stay as they were when first asked for.
    Stale,
    /// The same until so many submissions were seen: a node that lags, and then catches up.
    StaleUntil(usize),
    /// Submissions are refused in these words.
    Refuse(&'static str),
    /// Nothing is changed.
    Pass,
    /// Everything fails but this path.
    Down {
        /// The path.
        but: &'static str,
    },
    /// Everything is answered so.
    Answer(&'static str),
    /// Answers are changed.
    Edit(Edit),
}

struct Inner {
    upstream: String,
    http: reqwest::Client,
    mode: Mutex<Mode>,
    submissions: Mutex<usize>,
    requests: Mutex<Vec<String>>,
    hung: AtomicBool,
    lists: Mutex<HashMap<String, Bytes>>,
}

/// A running proxy; it ends with the runtime.
pub(crate) struct Proxy {
    pub(crate) url: String,
    inner: Arc<Inner>,
}

impl Proxy {
    pub(crate) fn new(runtime: &Runtime, upstream: String, mode: Mode) -> Self {
        let inner = Arc::new(Inner {
            upstream,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            mode: Mutex::new(mode),
            submissions: Mutex::new(0),
            requests: Mutex::default(),
            hung: AtomicBool::new(false),
            lists: Mutex::default(),
        });
        let router = Router::new().fallback(serve).with_state(inner.clone());
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { url, inner }
    }

    /// A proxy that changes answers.
    pub(crate) fn editing(
        runtime: &Runtime,
        upstream: String,
        edit: impl Fn(&str, &mut Value) + Send + Sync + 'static,
    ) -> Self {
        Self::new(runtime, upstream, Mode::Edit(Arc::new(edit)))
    }

    /// Method and route of every request so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.inner.requests.lock().unwrap().clone()
    }

    /// Whether the request that is to hang does.
    pub(crate) fn hangs(&self) -> bool {
        self.inner.hung.load(Ordering::SeqCst)
    }

    /// Submissions seen so far.
    pub(crate) fn submissions(&self) -> usize {
        *self.inner.submissions.lock().unwrap()
    }
}

async fn serve(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let mode = inner.mode.lock().unwrap().clone();
    let path = request.uri().path_and_query().unwrap().to_string();
    let is_post = request.method() == "POST";
    let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let submission = is_post && path == "/transactions";
    let place = {
        let mut requests = inner.requests.lock().unwrap();
        requests.push(format!("{} {path}", if is_post { "POST" } else { "GET" }));
        requests.len() - 1
    };
    let number = {
        let mut seen = inner.submissions.lock().unwrap();
        *seen += usize::from(submission);
        *seen
    };
    match mode {
        Mode::Answer(text) => return text.into_response(),
        Mode::Down { but } if path != but => {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        Mode::Refuse(detail) if submission => {
            let body =
                serde_json::json!({ "error": 400, "reason": "bad.request", "detail": detail });
            return (StatusCode::BAD_REQUEST, body.to_string()).into_response();
        }
        Mode::HangAt {
            number: hanging,
            forward,
        } if place == hanging => {
            if forward {
                inner.ask(is_post, &path, body).await;
            }
            inner.hung.store(true, Ordering::SeqCst);
            std::future::pending::<()>().await;
            unreachable!("pending never ends");
        }
        Mode::Forget if submission && number == 1 => {
            let check = format!("{path}/check");
            return inner.ask(is_post, &check, body).await.into_response();
        }
        Mode::Lose { forward } if submission && number == 1 => {
            if forward {
                inner.ask(is_post, &path, body).await;
            }
            return StatusCode::BAD_GATEWAY.into_response();
        }
        Mode::Hang { answered, forward } if submission && number > answered => {
            if forward {
                inner.ask(is_post, &path, body).await;
            }
            std::future::pending::<()>().await;
            unreachable!("pending never ends");
        }
        Mode::Stale | Mode::StaleUntil(_)
            if path.starts_with("/blockchain/box/unspent/")
                && !matches!(mode, Mode::StaleUntil(most) if number >= most) =>
        {
            let key = format!("{path}{}", String::from_utf8_lossy(&body));
            let known = inner.lists.lock().unwrap().get(&key).cloned();
            if let Some(known) = known {
                return known.into_response();
            }
            let (status, answer) = inner.ask(is_post, &path, body).await;
            inner.lists.lock().unwrap().insert(key, answer.clone());
            return (status, answer).into_response();
        }
        Mode::Edit(edit) => {
            let (status, answer) = inner.ask(is_post, &path, body).await;
            let mut value: Value = serde_json::from_slice(&answer).unwrap();
            edit(&path, &mut value);
            if value.is_null() {
                let gone =
                    serde_json::json!({ "error": 404, "reason": "not-found", "detail": "gone" });
                return (StatusCode::NOT_FOUND, gone.to_string()).into_response();
            }
            return (status, value.to_string()).into_response();
        }
        _ => {}
    }
    inner.ask(is_post, &path, body).await.into_response()
}

impl Inner {
    async fn ask(&self, is_post: bool, path: &str, body: Bytes) -> (StatusCode, Bytes) {
        let url = format!("{}{path}", self.upstream);
        let request = match is_post {
            true => self.http.post(url).body(body.to_vec()),
            false => self.http.get(url),
        };
        let answer = request.send().await.unwrap();
        let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
        (status, answer.bytes().await.unwrap())
    }
}
