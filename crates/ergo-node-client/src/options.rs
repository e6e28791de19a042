//! What a client is told at its start, and what can be wrong with that.

use std::time::Duration;

use secrecy::SecretString;
use thiserror::Error;

/// Settings of a [`NodeClient`](crate::NodeClient). `Debug` never shows the API key.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// The node's API key, sent as the header `api_key`, and only to the routes under `/wallet`, `/scan` and `/node`.
    /// It travels as plain text unless the URL is `https`. None: those routes answer
    /// [`NodeError::Unauthorised`](crate::NodeError::Unauthorised).
    pub api_key: Option<SecretString>,
    /// Longest time for one attempt, from connecting to the last byte of the answer. Default 10 s.
    pub timeout: Duration,
    /// Longest time for connecting. Default 5 s. Keep it below [`timeout`](Self::timeout): only a failure to connect
    /// proves that a submission was never sent.
    pub connect_timeout: Duration,
    /// Largest answer that is read, in bytes. Default 32 MiB (33,554,432).
    pub max_body_bytes: usize,
    /// How many times a read is tried again after a fault that may pass: connection refused or lost, or a server
    /// error (429, 500, 502, 503, 504). A time-out is not repeated, and neither is a submission. Default 3.
    pub retries: u32,
    /// Pause before the first repetition; it doubles with each further one. Longer if the node asks for it (`Retry-After`)
    /// and the pause is within [`timeout`](Self::timeout). Default 100 ms.
    pub retry_delay: Duration,
}

impl Default for NodeOptions {
    fn default() -> Self {
        Self {
            api_key: None,
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            max_body_bytes: 32 * 1024 * 1024,
            retries: 3,
            retry_delay: Duration::from_millis(100),
        }
    }
}

/// Why [`NodeClient::new`](crate::NodeClient::new) cannot make a client. No message repeats the URL, which may hold
/// a password.
#[derive(Debug, Error)]
pub enum ClientConfigError {
    /// The address is no URL.
    #[error("the node's address is not a URL: {why}; write it like http://127.0.0.1:9053")]
    BadUrl {
        /// What the URL parser found.
        why: String,
    },
    /// The URL's scheme is neither `http` nor `https`.
    #[error(
        "the node's address begins with `{scheme}:`; write it like http://127.0.0.1:9053 or https://node.example"
    )]
    UnsupportedScheme {
        /// The scheme that was given.
        scheme: String,
    },
    /// The URL has a query (`?...`) or a fragment (`#...`), which would be lost.
    #[error(
        "the node's address must end before any `?` or `#`; write only scheme, host, port and path"
    )]
    QueryInUrl,
    /// The API key cannot be sent as an HTTP header.
    #[error(
        "the API key holds characters that an HTTP header cannot carry; check it for line ends and non-ASCII letters"
    )]
    BadApiKey,
    /// The HTTP library could not start (for example, no TLS backend).
    #[error(
        "the HTTP client could not be set up: {why}; check this system's TLS and proxy settings"
    )]
    Http {
        /// What the HTTP library reported.
        why: String,
    },
}
