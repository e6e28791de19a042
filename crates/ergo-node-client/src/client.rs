//! The client itself: the nodes' addresses, two connection pools, one set of options.

use std::fmt;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use ergo_lib::ergo_chain_types::BlockId;
use reqwest::header::HeaderValue;
use reqwest::{Client, Url, redirect};
use secrecy::{ExposeSecret, SecretString};

use crate::options::{ClientConfigError, NodeOptions};
use crate::sound::Sound;
use crate::transport::reason_of;

/// A client of one Ergo node, or of several that stand in for each other (see [`NodeClient::with_fallbacks`]). Cheap to
/// clone; clones share connections. `Debug` shows neither the API key nor a password in the URL.
#[derive(Clone)]
pub struct NodeClient {
    pub(crate) inner: Arc<Inner>,
}

/// Where a node is.
pub(crate) struct Address {
    /// Without credentials and without a final slash; routes begin with one. For messages.
    pub(crate) base: String,
    /// The same with `user:password@` if there was any. For requests only: reqwest turns it into a header.
    pub(crate) base_with_login: String,
    /// Only the first node gets the key: it is that node's.
    pub(crate) api_key: Option<HeaderValue>,
}

pub(crate) struct Inner {
    /// The nodes in the order in which they are asked; one at least.
    addresses: Vec<Address>,
    /// Which of them answers now.
    current: AtomicUsize,
    /// The first block of the chain that the first answer was about.
    pub(crate) genesis: OnceLock<BlockId>,
    /// The greatest height that any of them has shown.
    pub(crate) highest: AtomicU32,
    pub(crate) options: NodeOptions,
    pub(crate) sound: Arc<Sound>,
    /// For reads: connections are kept and used again.
    pub(crate) reads: Client,
    /// For submissions: each gets a new connection. On a kept one, "the peer had closed it long ago" and "the peer
    /// took the transaction and went away" look alike.
    pub(crate) submissions: Client,
}

impl NodeClient {
    /// Makes a client for the node at `url`, such as `http://127.0.0.1:9053`. A path is kept as a prefix of all
    /// routes; `user:password@` becomes HTTP basic authentication. Nothing is sent yet.
    ///
    /// # Errors
    /// [`ClientConfigError`] when the URL or the API key cannot be used.
    pub fn new(url: &str, options: NodeOptions) -> Result<Self, ClientConfigError> {
        Self::with_fallbacks(url, [], options)
    }

    /// As [`NodeClient::new`], with other nodes that take over while the present one cannot be reached, breaks off, times
    /// out or fails, and that are left in the same way. A node of another chain, or one that is behind, never takes over.
    /// A submission goes to another node only if it was certainly not sent to the one before. The API key goes to the
    /// first node alone.
    ///
    /// # Errors
    /// [`ClientConfigError`] when a URL or the API key cannot be used.
    pub fn with_fallbacks<'a>(
        url: &str,
        fallbacks: impl IntoIterator<Item = &'a str>,
        options: NodeOptions,
    ) -> Result<Self, ClientConfigError> {
        let mut addresses = vec![Address::parse(url)?];
        for other in fallbacks {
            addresses.push(Address::parse(other)?);
        }
        addresses[0].api_key = options.api_key.as_ref().map(secret_header).transpose()?;
        let builder = || {
            Client::builder()
                .timeout(options.timeout)
                .connect_timeout(options.connect_timeout)
                // A redirect would carry the request to a server that nobody chose.
                .redirect(redirect::Policy::none())
        };
        let built = |client: Result<Client, reqwest::Error>| {
            client.map_err(|e| ClientConfigError::Http { why: reason_of(e) })
        };
        let reads = built(builder().build())?;
        let submissions = built(builder().pool_max_idle_per_host(0).build())?;
        Ok(Self {
            inner: Arc::new(Inner {
                addresses,
                current: AtomicUsize::new(0),
                genesis: OnceLock::new(),
                highest: AtomicU32::new(0),
                options,
                sound: Arc::new(Sound::new()),
                reads,
                submissions,
            }),
        })
    }

    /// The address of the node that answers now, as used in messages: without user name and password.
    pub fn url(&self) -> &str {
        &self.address().base
    }

    pub(crate) fn address(&self) -> &Address {
        let addresses = &self.inner.addresses;
        &addresses[self.inner.current.load(Ordering::Relaxed) % addresses.len()]
    }

    /// How many nodes there are.
    pub(crate) fn nodes(&self) -> usize {
        self.inner.addresses.len()
    }

    /// The node so many places after the one at `base`, if that is the one that answers now.
    pub(crate) fn after(&self, base: &str, places: usize) -> Option<(usize, &Address)> {
        let now = self.inner.current.load(Ordering::Relaxed);
        let place = (now + places) % self.nodes();
        (self.address().base == base).then(|| (place, &self.inner.addresses[place]))
    }

    /// From now on this node answers.
    pub(crate) fn go_on_at(&self, place: usize) {
        self.inner.current.store(place, Ordering::Relaxed);
    }
}

impl Address {
    fn parse(url: &str) -> Result<Self, ClientConfigError> {
        let mut address =
            Url::parse(url.trim()).map_err(|e| ClientConfigError::BadUrl { why: e.to_string() })?;
        if !matches!(address.scheme(), "http" | "https") {
            return Err(ClientConfigError::UnsupportedScheme {
                scheme: address.scheme().to_owned(),
            });
        }
        if address.query().is_some() || address.fragment().is_some() {
            return Err(ClientConfigError::QueryInUrl);
        }
        let trimmed = |address: &Url| address.as_str().trim_end_matches('/').to_owned();
        let base_with_login = trimmed(&address);
        let no_login = address
            .set_username("")
            .and_then(|()| address.set_password(None));
        no_login.map_err(|()| ClientConfigError::BadUrl {
            why: "it names no host".to_owned(),
        })?;
        Ok(Self {
            base: trimmed(&address),
            base_with_login,
            api_key: None,
        })
    }
}

impl fmt::Debug for NodeClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeClient")
            .field("url", &self.url())
            .field("nodes", &self.nodes())
            .field("api_key_given", &self.inner.options.api_key.is_some())
            .field("timeout", &self.inner.options.timeout)
            .finish_non_exhaustive()
    }
}

fn secret_header(key: &SecretString) -> Result<HeaderValue, ClientConfigError> {
    let mut value =
        HeaderValue::from_str(key.expose_secret()).map_err(|_| ClientConfigError::BadApiKey)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(key: Option<&str>) -> NodeOptions {
        NodeOptions {
            api_key: key.map(SecretString::from),
            ..NodeOptions::default()
        }
    }

    #[test]
    fn debug_of_client_and_options_shows_no_secret() {
        let options = options(Some("hush-hush-key"));
        let client =
            NodeClient::new("http://alice:s3cret@127.0.0.1:9053/", options.clone()).unwrap();
        let shown = format!("{client:?} {client:#?} {options:?} {}", client.url());
        for secret in ["hush-hush-key", "s3cret", "alice"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
        assert_eq!(client.url(), "http://127.0.0.1:9053");
    }

    #[test]
    fn url_with_path_keeps_it_as_prefix() {
        let client = NodeClient::new("https://host.example/ergo/", options(None)).unwrap();
        assert_eq!(client.url(), "https://host.example/ergo");
    }

    #[test]
    fn url_not_usable_is_refused_without_repeating_it() {
        for (url, wanted) in [
            ("127.0.0.1:9053", "URL"),
            ("http://u:pass@:9053", "URL"),
            ("ftp://u:pass@host", "`ftp:`"),
            ("http://u:pass@host?x=1", "`?`"),
            ("http://u:pass@host#x", "`#`"),
        ] {
            let message = NodeClient::new(url, options(None)).unwrap_err().to_string();
            assert!(
                message.contains(wanted) && !message.contains("pass"),
                "{url}: {message}"
            );
        }
    }

    #[test]
    fn api_key_with_line_end_is_refused_without_repeating_it() {
        let error = NodeClient::new("http://host", options(Some("top\nsecret"))).unwrap_err();
        assert!(matches!(error, ClientConfigError::BadApiKey));
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}
