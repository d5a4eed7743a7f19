//! Requests of the server's own: for the data of bindings, tables of batches and live pages, and with webhook deliveries.
//!
//! A name is looked up once, and what is connected to is one of the addresses found that [`EgressPolicy`] allows: so a name
//! cannot lead elsewhere between the look and the connection. Each redirect is looked at again.

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

/// How many redirects are followed.
const REDIRECTS: usize = 5;

/// Who the server says it is.
const AGENT: &str = concat!("pictify-emulator/", env!("CARGO_PKG_VERSION"));

/// Makes requests.
#[derive(Clone, Debug)]
pub(crate) struct Fetcher {
    egress_policy: EgressPolicy,
    client: Client,
}

/// An answer in full.
#[derive(Clone, Debug)]
pub(crate) struct Fetched {
    /// Where it was found, behind all redirects.
    pub(crate) url: Url,
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) bytes: Bytes,
}

/// Whether redirects are followed. What carries credentials goes nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Redirects {
    Follow,
    Return,
}

impl Fetcher {
    pub(crate) fn new(egress_policy: EgressPolicy, redirects: Redirects) -> Result<Self, FetchError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| FetchError::Unusable(error.to_string()))?
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
            .user_agent(AGENT)
            // Through a proxy, nobody would look at the address.
            .no_proxy()
            .build();
        Ok(Self { egress_policy, client: client.map_err(|error| FetchError::Unusable(error.to_string()))? })
    }

    /// Sends a request and reads the whole answer, of at most so many bytes, in at most so long.
    pub(crate) async fn send(&self, request: Request, largest: usize, time: Duration) -> Result<Fetched, FetchError> {
        if example::is_example(request.url()) {
            return Ok(example::answer(&request));
        }
        let place = place(request.url());
        check(self.egress_policy, request.url())?;
        let whole = async {
            let response = self.client.execute(request).await.map_err(|error| failed(&place, &error))?;
            read(response, &place, largest).await
        };
        tokio::time::timeout(time, whole).await.map_err(|_| FetchError::Late { place: place.clone(), time })?
    }

    /// Sends a request of whose answer only the status counts, and takes at most so long.
    pub(crate) async fn post(&self, request: Request, time: Duration) -> Result<u16, FetchError> {
        if example::is_example(request.url()) {
            return Ok(example::answer(&request).status);
        }
        let place = place(request.url());
        check(self.egress_policy, request.url())?;
        let sent = tokio::time::timeout(time, self.client.execute(request)).await;
        let sent = sent.map_err(|_| FetchError::Late { place: place.clone(), time })?;
        Ok(sent.map_err(|error| failed(&place, &error))?.status().as_u16())
    }

    /// Gets what is at a URL.
    pub(crate) async fn get(&self, url: &str, largest: usize, time: Duration) -> Result<Fetched, FetchError> {
        let fetched = self.send(Request::new(reqwest::Method::GET, self::url(url)?), largest, time).await?;
        if (200..300).contains(&fetched.status) {
            return Ok(fetched);
        }
        Err(FetchError::Status { place: place(&self::url(url)?), status: fetched.status })
    }
}

/// A URL that can be fetched.
pub(crate) fn url(text: &str) -> Result<Url, FetchError> {
    let url: Url = text.parse().map_err(|error| FetchError::Unusable(format!("{error}")))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        scheme => Err(FetchError::Unusable(format!("it begins with {scheme}:, not with http: or https:"))),
    }
}

/// Addresses that stand in the URL itself are not looked up, and so are looked at here.
fn check(egress_policy: EgressPolicy, url: &Url) -> Result<(), FetchError> {
    let literal = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().ok());
    match literal {
        Some(address) if !egress_policy.allows(address) => Err(FetchError::NotAllowed(place(url))),
        _ => Ok(()),
    }
}

fn follow(egress_policy: EgressPolicy, attempt: Attempt<'_>) -> reqwest::redirect::Action {
    if attempt.previous().len() > REDIRECTS {
        return attempt.error(FetchError::Unusable(format!("more than {REDIRECTS} redirects")));
    }
    match url(attempt.url().as_str()).and_then(|url| check(egress_policy, &url)) {
        Ok(()) => attempt.follow(),
        Err(error) => attempt.error(error),
    }
}

/// Finds the addresses of a name that may be connected to.
struct Resolver(EgressPolicy);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let egress_policy = self.0;
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                lookup_host((name.as_str(), 0)).await?.filter(|address| egress_policy.allows(address.ip())).collect();
            if found.is_empty() {
                return Err(FetchError::NotAllowed(name.as_str().to_owned()).into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

async fn read(mut response: Response, place: &str, largest: usize) -> Result<Fetched, FetchError> {
    let (status, headers) = (response.status().as_u16(), std::mem::take(response.headers_mut()));
    let url = response.url().clone();
    let mut bytes = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(place, &error))? {
        if bytes.len() + chunk.len() > largest {
            return Err(FetchError::TooLarge { place: place.to_owned(), largest });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Fetched { url, status, headers, bytes: bytes.freeze() })
}

/// Where a URL leads, without the secrets that may be in it.
fn place(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// The failure of ours that is the cause of one of the client's, or the innermost cause in words.
fn failed(place: &str, error: &reqwest::Error) -> FetchError {
    let mut cause: &dyn Error = error;
    loop {
        if let Some(ours) = cause.downcast_ref::<FetchError>() {
            return ours.clone();
        }
        match cause.source() {
            Some(inner) => cause = inner,
            None => return FetchError::Unreachable { place: place.to_owned(), reason: cause.to_string() },
        }
    }
}

/// Why nothing was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FetchError {
    /// The URL cannot be fetched by anyone.
    Unusable(String),
    /// The address is none that may be connected to.
    NotAllowed(String),
    Unreachable {
        place: String,
        reason: String,
    },
    /// The place does not have it.
    Status {
        place: String,
        status: u16,
    },
    Late {
        place: String,
        time: Duration,
    },
    TooLarge {
        place: String,
        largest: usize,
    },
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(reason) => write!(f, "The URL cannot be used: {reason}"),
            Self::NotAllowed(place) => {
                write!(
                    f,
                    "{place} is no address that the emulator may connect to: --allow-network allows more than public ones"
                )
            }
            Self::Unreachable { place, reason } => write!(f, "{place} cannot be reached: {reason}"),
            Self::Status { place, status } => write!(f, "{place} answered {status}"),
            Self::Late { place, time } => write!(f, "{place} did not answer within {} seconds", time.as_secs()),
            Self::TooLarge { place, largest } => write!(f, "{place} answered with more than {largest} bytes"),
        }
    }
}

impl Error for FetchError {}
