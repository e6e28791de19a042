//! Sending one request, reading a bounded answer, and telling by status and structure what the answer means.

use std::error::Error as _;
use std::fmt::Write as _;
use std::time::Duration;

use reqwest::{Client, Method, Response, StatusCode, header};
use serde_json::Value;

use crate::client::{Address, NodeClient};
use crate::error::{Endpoint, NodeError, said};
use crate::layout::Budget;

/// Routes that take the API key (node's OpenAPI, `ApiKeyAuth`). It is sent nowhere else.
const KEYED: [&str; 3] = ["/wallet/", "/scan/", "/node/"];
/// Longest piece of a server's text that goes into an error: a node may quote a whole transaction.
const MAX_QUOTE: usize = 400;
/// How many JSON values an answer may have. A page of the largest transactions has a tenth of it.
const MOST_VALUES: usize = 2_000_000;
/// For so many bytes of an answer room is made before they are there: a node may announce what it likes.
const MOST_AT_ONCE: u64 = 2 << 20;

/// One request to whichever node answers now: method, route with query, and a JSON body for a POST.
pub(crate) struct Call {
    method: &'static str,
    route: String,
    body: Option<Vec<u8>>,
}

/// An answer as it arrived: any status, body within the limit.
pub(crate) struct Answer {
    pub(crate) at: Endpoint,
    pub(crate) status: StatusCode,
    /// How long the node asks to be left alone (`Retry-After` in seconds).
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
    /// What its boxes may come to.
    pub(crate) budget: Budget,
}

/// The error object of a node: `{error, reason, detail}`, of which any but one may be missing.
pub(crate) struct ApiError {
    /// Empty when missing.
    pub(crate) reason: String,
    /// Empty when missing.
    pub(crate) detail: String,
}

impl NodeClient {
    pub(crate) fn get(&self, route: String) -> Call {
        Call {
            method: "GET",
            route,
            body: None,
        }
    }

    pub(crate) fn post(
        &self,
        route: String,
        body: &impl serde::Serialize,
    ) -> Result<Call, NodeError> {
        match serde_json::to_vec(body) {
            Ok(body) => Ok(Call {
                method: "POST",
                route,
                body: Some(body),
            }),
            Err(e) => Err(NodeError::Unsendable {
                at: self.endpoint("POST", &route),
                why: e.to_string(),
            }),
        }
    }

    /// A request as shown in messages, at the node that answers now.
    pub(crate) fn endpoint(&self, method: &'static str, route: &str) -> Endpoint {
        Endpoint {
            method,
            url: format!("{}{route}", self.url()),
        }
    }

    /// As [`NodeClient::endpoint`], for a call.
    pub(crate) fn at(&self, call: &Call) -> Endpoint {
        self.endpoint(call.method, &call.route)
    }

    /// Sends a call to this node once. Errors are those of the network and of the body limit; any status is an answer.
    pub(crate) async fn send_to(
        &self,
        node: &Address,
        http: &Client,
        call: &Call,
    ) -> Result<Answer, NodeError> {
        let at = Endpoint {
            method: call.method,
            url: format!("{}{}", node.base, call.route),
        };
        let fault = |e: reqwest::Error| self.network_error(e, &at);
        let method = if call.body.is_some() {
            Method::POST
        } else {
            Method::GET
        };
        let mut request = http.request(method, format!("{}{}", node.base_with_login, call.route));
        if let Some(key) = &node.api_key
            && KEYED.iter().any(|prefix| call.route.starts_with(prefix))
        {
            request = request.header("api_key", key.clone());
        }
        if let Some(body) = &call.body {
            request = request
                .header("content-type", "application/json")
                .body(body.clone());
        }
        let mut response = request.send().await.map_err(fault)?;

        let retry_after = retry_after(&response);
        let limit = self.inner.options.max_body_bytes;
        let too_large = || NodeError::BodyTooLarge {
            at: at.clone(),
            limit,
        };
        if response
            .content_length()
            .is_some_and(|announced| announced > limit as u64)
        {
            return Err(too_large());
        }
        let announced = response.content_length().unwrap_or_default();
        let mut body = Vec::with_capacity(MOST_AT_ONCE.min(announced) as usize);
        while let Some(chunk) = response.chunk().await.map_err(fault)? {
            if body.len() + chunk.len() > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            at: at.clone(),
            status: response.status(),
            retry_after,
            body,
            budget: Budget::new(),
        })
    }

    /// Reads from the node that answers now or, if it fails, from the next one that can take over. `None`: the node says
    /// that there is no such item.
    pub(crate) async fn look_up(&self, call: &Call) -> Result<Option<Answer>, NodeError> {
        let mut tried = 1;
        loop {
            let node = self.address();
            match self.look_up_at(node, call).await {
                Err(error) if tried < self.nodes() && error.is_the_nodes() => {
                    tried += self
                        .take_over(&node.base, self.nodes() - tried, error)
                        .await?;
                }
                settled => return settled,
            }
        }
    }

    /// Reads from one node, and repeats what may pass: when the node says, if that is within the time for one attempt.
    pub(crate) async fn look_up_at(
        &self,
        node: &Address,
        call: &Call,
    ) -> Result<Option<Answer>, NodeError> {
        let mut delay = self.inner.options.retry_delay;
        let mut left = self.inner.options.retries;
        loop {
            let (result, asked) = match self.send_to(node, &self.inner.reads, call).await {
                Ok(answer) => {
                    let asked = answer.retry_after;
                    (answer.judged(), asked)
                }
                Err(error) => (Err(error), None),
            };
            match result {
                Err(error) if left > 0 && error.may_pass() => {
                    left -= 1;
                    let asked = asked.filter(|asked| *asked <= self.inner.options.timeout);
                    tokio::time::sleep(delay.max(asked.unwrap_or_default())).await;
                    delay = delay.saturating_mul(2);
                }
                settled => return settled,
            }
        }
    }

    /// Reads from a route that always has an answer.
    pub(crate) async fn read(&self, call: &Call) -> Result<Answer, NodeError> {
        self.look_up(call).await?.ok_or_else(|| NodeError::Refused {
            at: self.at(call),
            status: 404,
            reason: "not-found".to_owned(),
            detail: String::new(),
        })
    }

    fn network_error(&self, error: reqwest::Error, at: &Endpoint) -> NodeError {
        let at = at.clone();
        if error.is_connect() {
            return NodeError::Unreachable {
                at,
                why: reason_of(error),
            };
        }
        if error.is_timeout() {
            // The total time-out may strike while connecting, so this is no proof that nothing was sent.
            return NodeError::TimedOut {
                at,
                after: self.inner.options.timeout,
            };
        }
        if error.is_builder() {
            return NodeError::Unsendable {
                at,
                why: reason_of(error),
            };
        }
        let why = reason_of(error);
        // The HTTP library has no public kind for an answer that is not HTTP.
        if why.contains("invalid HTTP") {
            return NodeError::NotErgoNode { at, why };
        }
        NodeError::Interrupted { at, why }
    }
}

impl Answer {
    /// Sorts the answer by status, then by structure, and by words only where nodes give nothing better.
    pub(crate) fn judged(self) -> Result<Option<Self>, NodeError> {
        if self.status.is_success() {
            return Ok(Some(self));
        }
        let status = self.status.as_u16();
        let api = self.api_error();
        let words = |answer: &Self| match &api {
            Some(api) => (api.reason.clone(), api.detail.clone()),
            None => (answer.status_words(), answer.text()),
        };
        let at = self.at.clone();
        if self.status.is_redirection() {
            return Err(NodeError::NotErgoNode {
                at,
                why: format!("it answers with status {status}"),
            });
        }
        if matches!(status, 401 | 403) {
            let (reason, detail) = words(&self);
            return Err(NodeError::Unauthorised {
                at,
                status,
                why: said(&reason, &detail),
            });
        }
        if matches!(status, 405 | 501) {
            return Err(NodeError::NoSuchRoute { at, status });
        }
        if status >= 500 {
            let (reason, detail) = words(&self);
            if status == 503 && reason.starts_with("indexer-") {
                return Err(NodeError::IndexNotReady { at, reason, detail });
            }
            // 500 with JSON on the reference node, 503 with text or JSON on others: only the words are the same.
            if said(&reason, &detail)
                .to_lowercase()
                .contains("indexing is not enabled")
            {
                return Err(NodeError::NotIndexed {
                    at,
                    why: said(&reason, &detail),
                });
            }
            return Err(NodeError::ServerError {
                at,
                status,
                reason,
                detail,
            });
        }
        if self.is_html() {
            return Err(NodeError::NotErgoNode {
                at,
                why: format!("it answers status {status} with a web page"),
            });
        }
        match (&api, status) {
            // A node's "not found" has a reason; other servers' JSON, and an unknown route, have none.
            (Some(api), 404) if !api.reason.is_empty() => Ok(None),
            (_, 404) => Err(NodeError::NoSuchRoute { at, status }),
            // The reference node's answer to an unknown route: status and reason are those of any bad request.
            (Some(api), 400) if api.detail.contains("resource/endpoint could not be found") => {
                Err(NodeError::NoSuchRoute { at, status })
            }
            _ => {
                let (reason, detail) = words(&self);
                Err(NodeError::Refused {
                    at,
                    status,
                    reason,
                    detail,
                })
            }
        }
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<Value, NodeError> {
        if !self.is_small_enough() {
            let why = format!("it has more than {MOST_VALUES} values");
            return Err(self.malformed("the answer", why));
        }
        serde_json::from_slice(&self.body).map_err(|e| {
            if self.is_html() {
                NodeError::NotErgoNode {
                    at: self.at.clone(),
                    why: "it answers with a web page".to_owned(),
                }
            } else {
                self.malformed("the answer", format!("it is not JSON: {e}"))
            }
        })
    }

    /// Parsed, every value takes some sixty bytes, however short it is written: a small answer could exhaust the memory.
    fn is_small_enough(&self) -> bool {
        let opens = |byte: &&u8| matches!(byte, b',' | b'[' | b'{');
        self.body.iter().filter(opens).count() <= MOST_VALUES
    }

    pub(crate) fn malformed(&self, what: impl Into<String>, why: impl Into<String>) -> NodeError {
        NodeError::Malformed {
            at: self.at.clone(),
            what: what.into(),
            why: shortened(&why.into()),
        }
    }

    pub(crate) fn api_error(&self) -> Option<ApiError> {
        let value = self.json().ok()?;
        let field = |name: &str| match value.get(name)? {
            Value::String(text) => Some(shortened(text)),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let (error, reason, detail) = (field("error"), field("reason"), field("detail"));
        if error.is_none() && reason.is_none() && detail.is_none() {
            return None;
        }
        // Without a reason, a text under `error` is the best description there is (a number is only the status).
        let error = error.filter(|text| text.parse::<u16>().is_err());
        Some(ApiError {
            reason: reason.unwrap_or_default(),
            detail: detail.or(error).unwrap_or_default(),
        })
    }

    pub(crate) fn status_words(&self) -> String {
        self.status
            .canonical_reason()
            .unwrap_or("unnamed status")
            .to_owned()
    }

    /// The body as text for a message; a web page is not quoted.
    pub(crate) fn text(&self) -> String {
        if self.is_html() {
            "(a web page)".to_owned()
        } else {
            shortened(&String::from_utf8_lossy(&self.body))
        }
    }

    fn is_html(&self) -> bool {
        self.body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<')
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(header::RETRY_AFTER)?;
    let seconds = value.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Cuts a server's text and removes control characters, which could play tricks on a terminal.
pub(crate) fn shortened(text: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let mut short: String = text.trim().chars().take(MAX_QUOTE).map(clean).collect();
    if text.trim().chars().count() > MAX_QUOTE {
        short.push('…');
    }
    short
}

/// The error with its causes, without the URL, in which reqwest would show everything.
pub(crate) fn reason_of(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            let _ = write!(text, ": {inner_text}");
        }
        cause = inner.source();
    }
    text
}
