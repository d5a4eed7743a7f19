//! Outgoing HTTP requests: for the data of bindings, the tables of batches, web pages and webhook webhooks.
//!
//! A host name is resolved once, and the connection uses one of the resolved addresses that [`EgressPolicy`] allows. So a name
//! cannot resolve to another address between the check and the connection. Each redirect is checked again.

mod egress_policy;
mod example;

pub use egress_policy::EgressPolicy;

use bytes::{Bytes, BytesMut};
use reqwest::{
    Client, Request, Response, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::{Attempt, Policy},
};
use std::{
    error::Error,
    fmt,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::net::lookup_host;

/// Maximum number of redirects that are followed.
const MAX_REDIRECTS: usize = 5;

/// User agent of the requests.
const USER_AGENT: &str = concat!("pictify-emulator/", env!("CARGO_PKG_VERSION"));

/// HTTP client that enforces the egress policy.
#[derive(Clone, Debug)]
pub(crate) struct Fetcher {
    egress_policy: EgressPolicy,
    client: Client,
}

/// Complete response.
#[derive(Clone, Debug)]
pub(crate) struct Fetched {
    /// Final URL, after redirects.
    pub(crate) url: Url,
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) bytes: Bytes,
}

/// Redirect policy. Requests with credentials must not follow redirects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Redirects {
    Follow,
    Return,
}

impl Fetcher {
    /// Creates a client.
    pub(crate) fn new(egress_policy: EgressPolicy, redirects: Redirects) -> Result<Self, FetchError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| FetchError::InvalidUrl(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let policy = match redirects {
            Redirects::Follow => Policy::custom(move |attempt| follow(egress_policy, attempt)),
            Redirects::Return => Policy::none(),
        };
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(Resolver(egress_policy)))
            .redirect(policy)
            .user_agent(USER_AGENT)
            // A proxy would resolve the name itself, and the address could not be checked.
            .no_proxy()
            .build();
        Ok(Self { egress_policy, client: client.map_err(|error| FetchError::InvalidUrl(error.to_string()))? })
    }

    /// Sends a request and reads the whole response, up to `max_bytes`. `timeout` covers both.
    pub(crate) async fn send(
        &self,
        request: Request,
        max_bytes: usize,
        timeout: Duration,
    ) -> Result<Fetched, FetchError> {
        if example::is_example(request.url()) {
            return Ok(example::respond(&request));
        }
        let host = host(request.url());
        check(self.egress_policy, request.url())?;
        let response = async {
            let response = self.client.execute(request).await.map_err(|error| to_fetch_error(&host, &error))?;
            read(response, &host, max_bytes).await
        };
        tokio::time::timeout(timeout, response)
            .await
            .map_err(|_| FetchError::TimedOut { host: host.clone(), timeout })?
    }

    /// Sends a request and returns the status of the response. The body is not read.
    pub(crate) async fn post(&self, request: Request, timeout: Duration) -> Result<u16, FetchError> {
        if example::is_example(request.url()) {
            return Ok(example::respond(&request).status);
        }
        let host = host(request.url());
        check(self.egress_policy, request.url())?;
        let response = tokio::time::timeout(timeout, self.client.execute(request)).await;
        let response = response.map_err(|_| FetchError::TimedOut { host: host.clone(), timeout })?;
        Ok(response.map_err(|error| to_fetch_error(&host, &error))?.status().as_u16())
    }

    /// Sends a GET request. A status other than 2xx is an error.
    pub(crate) async fn get(&self, url: &str, max_bytes: usize, timeout: Duration) -> Result<Fetched, FetchError> {
        let fetched = self.send(Request::new(reqwest::Method::GET, parse_url(url)?), max_bytes, timeout).await?;
        if (200..300).contains(&fetched.status) {
            return Ok(fetched);
        }
        Err(FetchError::Status { host: host(&parse_url(url)?), status: fetched.status })
    }
}

/// Parses a URL, and checks that its scheme is http or https.
pub(crate) fn parse_url(text: &str) -> Result<Url, FetchError> {
    let url: Url = text.parse().map_err(|error| FetchError::InvalidUrl(format!("{error}")))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        scheme => Err(FetchError::InvalidUrl(format!("its scheme is {scheme}:, not http: or https:"))),
    }
}

/// Checks an IP address in the URL itself. The resolver never sees it.
fn check(egress_policy: EgressPolicy, url: &Url) -> Result<(), FetchError> {
    let literal = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().ok());
    match literal {
        Some(address) if !egress_policy.allows(address) => Err(FetchError::AddressNotAllowed(host(url))),
        _ => Ok(()),
    }
}

/// Checks the target of a redirect.
fn follow(egress_policy: EgressPolicy, attempt: Attempt<'_>) -> reqwest::redirect::Action {
    if attempt.previous().len() > MAX_REDIRECTS {
        return attempt.error(FetchError::InvalidUrl(format!("more than {MAX_REDIRECTS} redirects")));
    }
    match parse_url(attempt.url().as_str()).and_then(|url| check(egress_policy, &url)) {
        Ok(()) => attempt.follow(),
        Err(error) => attempt.error(error),
    }
}

/// DNS resolver that returns only the allowed addresses of a name.
struct Resolver(EgressPolicy);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let egress_policy = self.0;
        Box::pin(async move {
            let allowed: Vec<SocketAddr> =
                lookup_host((name.as_str(), 0)).await?.filter(|address| egress_policy.allows(address.ip())).collect();
            if allowed.is_empty() {
                return Err(FetchError::AddressNotAllowed(name.as_str().to_owned()).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Reads a response body, up to `max_bytes`.
async fn read(mut response: Response, host: &str, max_bytes: usize) -> Result<Fetched, FetchError> {
    let (status, headers) = (response.status().as_u16(), std::mem::take(response.headers_mut()));
    let url = response.url().clone();
    let mut bytes = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| to_fetch_error(host, &error))? {
        if bytes.len() + chunk.len() > max_bytes {
            return Err(FetchError::TooLarge { host: host.to_owned(), max_bytes });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Fetched { url, status, headers, bytes: bytes.freeze() })
}

/// Returns the host of a URL, for messages: other parts of a URL can contain secrets.
fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// Converts an error of the HTTP client: to the [`FetchError`] that caused it, or else to the text of the innermost cause.
fn to_fetch_error(host: &str, error: &reqwest::Error) -> FetchError {
    let mut cause: &dyn Error = error;
    loop {
        if let Some(error) = cause.downcast_ref::<FetchError>() {
            return error.clone();
        }
        match cause.source() {
            Some(inner) => cause = inner,
            None => return FetchError::Unreachable { host: host.to_owned(), reason: cause.to_string() },
        }
    }
}

/// Error of an outgoing request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FetchError {
    /// The URL or the configuration is not valid. Holds the reason.
    InvalidUrl(String),
    /// The egress policy does not allow the address. Holds the host.
    AddressNotAllowed(String),
    /// No connection, or it was lost.
    Unreachable {
        host: String,
        reason: String,
    },
    /// The response has a status other than 2xx.
    Status {
        host: String,
        status: u16,
    },
    TimedOut {
        host: String,
        timeout: Duration,
    },
    TooLarge {
        host: String,
        max_bytes: usize,
    },
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidUrl(reason) => write!(f, "The URL cannot be used: {reason}"),
            Self::AddressNotAllowed(host) => {
                write!(
                    f,
                    "{host} is not an address that the emulator may connect to: --allow-network can allow other than public addresses"
                )
            }
            Self::Unreachable { host, reason } => write!(f, "{host} cannot be reached: {reason}"),
            Self::Status { host, status } => write!(f, "{host} returned status {status}"),
            Self::TimedOut { host, timeout } => {
                write!(f, "{host} did not respond within {} seconds", timeout.as_secs())
            }
            Self::TooLarge { host, max_bytes } => write!(f, "{host} returned more than {max_bytes} bytes"),
        }
    }
}

impl Error for FetchError {}
