//! The client itself: one address, two connection pools, one set of options.

use std::fmt;
use std::sync::Arc;

use reqwest::header::HeaderValue;
use reqwest::{Client, Url, redirect};
use secrecy::{ExposeSecret, SecretString};

use crate::options::{ClientConfigError, NodeOptions};
use crate::transport::reason_of;

/// A client of one Ergo node. Cheap to clone; clones share connections. `Debug` shows neither the API key nor a
/// password in the URL.
#[derive(Clone)]
pub struct NodeClient {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    /// Address without credentials and without a final slash; routes begin with one. For messages.
    pub(crate) base: String,
    /// The same with `user:password@` if there was any. For requests only: reqwest turns it into a header.
    pub(crate) base_with_login: String,
    pub(crate) api_key: Option<HeaderValue>,
    pub(crate) options: NodeOptions,
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

        let api_key = options.api_key.as_ref().map(secret_header).transpose()?;
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
        let base = trimmed(&address);
        Ok(Self {
            inner: Arc::new(Inner {
                base,
                base_with_login,
                api_key,
                options,
                reads,
                submissions,
            }),
        })
    }

    /// The node's address as used in messages: without user name and password.
    pub fn url(&self) -> &str {
        &self.inner.base
    }
}

impl fmt::Debug for NodeClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeClient")
            .field("url", &self.inner.base)
            .field("api_key_given", &self.inner.api_key.is_some())
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
