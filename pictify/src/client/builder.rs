//! The settings of a client.

#[cfg(feature = "rate-limit")]
use crate::rate_limit::{RateLimitGate, RateLimiter};
use crate::{
    ApiKey, Client, Credentials, Error, Result, RetryPolicy, SpendLimit,
    base_url::{self, DEFAULT_BASE_URL},
    call::ClientInner,
    clock::{Clock, SystemClock},
    connection_limit::{ConnectionLimit, DEFAULT_MAX_CONNECTIONS},
    credentials::ClientCredentials,
    environment,
    hooks::{AttemptEvent, OnAttempt, OnSchemaMismatch},
    proxies::Proxies,
    retry::{Jitter, RetryBudget},
    schema_mismatch::SchemaMismatchReport,
    single_flight::InFlightRequests,
    spend_limit::SpendTracker,
    tls::{self, TlsSettings},
    transport::{ReqwestTransport, Transport, TransportWrapper},
};
use http::HeaderValue;
use std::{fmt, sync::Arc, time::Duration};

/// Product and version in the `User-Agent` header.
const USER_AGENT: &str = concat!("pictify-rust/", env!("CARGO_PKG_VERSION"));

/// Timeout for making a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Timeout of an idle connection. It is short, because a server may close an idle connection at the moment when a render is
/// sent over it, and the outcome of that render is then unknown.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// Maximum size of a response of the API, in bytes. Downloads of files have their own limit.
const MAX_RESPONSE_BYTES: usize = 64 * 1024 * 1024;

/// Sets up a [`Client`], or with the feature `blocking` a `blocking::Client`.
///
/// ```
/// # fn run() -> pictify::Result<()> {
/// use pictify::{Client, RetryPolicy};
/// use std::time::Duration;
///
/// let client = Client::builder()
///     .api_key("0123456789abcdef")
///     .base_url("http://127.0.0.1:4040")
///     .timeout(Duration::from_secs(20))
///     .retry(RetryPolicy::default().with_max_attempts(2))
///     .build()?;
/// assert_eq!(client.base_url(), "http://127.0.0.1:4040");
/// # Ok(()) }
/// # run().unwrap();
/// ```
#[derive(Default)]
#[must_use]
pub struct ClientBuilder {
    credentials: Option<Result<ClientCredentials>>,
    base_url: Option<String>,
    allow_insecure_http: bool,
    timeout: Option<Duration>,
    retry: RetryPolicy,
    user_agent: Option<String>,
    clock: Option<Arc<dyn Clock>>,
    pub(crate) jitter: Option<Jitter>,
    spend_limit: SpendLimit,
    #[cfg(feature = "rate-limit")]
    rate_limiter: Option<RateLimiter>,
    single_flight: bool,
    on_attempt: Option<OnAttempt>,
    on_schema_mismatch: Option<OnSchemaMismatch>,
    strict_responses: bool,
    transport: Option<Arc<dyn Transport>>,
    connection: ConnectionSettings,
    max_connections: Option<usize>,
    pub(crate) wrapper: Option<Arc<dyn TransportWrapper>>,
    pub(crate) replay: Option<Replay>,
}

/// A recording that is replayed in place of the service. It needs no key, and plain HTTP is harmless.
pub(crate) struct Replay {
    /// Base URL of the API during the recording.
    pub(crate) base_url: String,
    /// Clock that does not wait, unless the builder gets another one.
    pub(crate) clock: Arc<dyn Clock>,
}

/// Settings of the default transport.
#[derive(Default)]
struct ConnectionSettings {
    proxy: Option<String>,
    no_proxy: bool,
    connect_timeout: Option<Duration>,
    tls: TlsSettings,
    /// Name of the last setter, to report it when the transport is replaced.
    used: Option<&'static str>,
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The base URL is not checked yet: it may hold a password.
        f.debug_struct("ClientBuilder")
            .field("timeout", &self.timeout)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

impl ClientBuilder {
    /// Sets the API key. By default the environment's `PICTIFY_API_KEY`. White space, quotes and the scheme `Bearer` around
    /// it are removed.
    pub fn api_key(mut self, key: impl AsRef<str>) -> Self {
        self.credentials = Some(ApiKey::new(key).map(ClientCredentials::Fixed));
        self
    }

    /// Sets a provider that returns the key of each call, for keys that rotate. It replaces [`api_key`](Self::api_key).
    pub fn credentials(mut self, provider: impl Credentials) -> Self {
        self.credentials = Some(Ok(ClientCredentials::Provider(Arc::new(provider))));
        self
    }

    /// Sends requests with another transport: a test double, or an application's own stack. Settings of connections
    /// (proxy, certificates, connect timeout) belong to the default transport and cannot be set with it.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Sends requests with a reqwest client that was set up elsewhere. See [`ReqwestTransport::new`].
    ///
    /// ```no_run
    /// # fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use pictify::Client;
    /// use reqwest::{redirect, retry};
    ///
    /// let http = reqwest::Client::builder().redirect(redirect::Policy::none()).retry(retry::never()).build()?;
    /// let client = Client::builder().api_key("0123456789abcdef").http_client(http).build()?;
    /// # Ok(()) }
    /// ```
    pub fn http_client(self, client: reqwest::Client) -> Self {
        self.transport(ReqwestTransport::new(client))
    }

    /// Sends all requests through a proxy, for example `http://proxy.example:3128`. Default: the proxy of the environment
    /// (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`), except for this machine. Errors of connections name the proxy.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.connection.proxy = Some(url.into());
        self.connection.used = Some("proxy");
        self
    }

    /// Uses no proxy, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.connection.no_proxy = true;
        self.connection.used = Some("no_proxy");
        self
    }

    /// Trusts a certificate authority in addition to the platform's, in PEM. Can be called several times.
    pub fn root_certificate(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.connection.tls.roots.push(pem.as_ref().to_vec());
        self.connection.used = Some("root_certificate");
        self
    }

    /// Presents a client certificate: the chain and the private key (PKCS #8), both in PEM.
    pub fn client_certificate(mut self, chain_pem: impl AsRef<[u8]>, key_pem: impl AsRef<[u8]>) -> Self {
        self.connection.tls.identity = Some((chain_pem.as_ref().to_vec(), key_pem.as_ref().to_vec()));
        self.connection.used = Some("client_certificate");
        self
    }

    /// Limits the time in which a connection is made. Default: 10 seconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connection.connect_timeout = Some(timeout);
        self.connection.used = Some("connect_timeout");
        self
    }

    /// Limits the connections to the API, and those to file hosts, at least 1 each. Further requests wait within their
    /// timeout. Default: 32.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = Some(connections);
        self
    }

    /// Sets the base URL of the API. Default: `PICTIFY_BASE_URL` of the environment if it is not empty, else the hosted
    /// service.
    ///
    /// A path is kept: `https://proxy.example/pictify` calls `/pictify/image`. Only of `https://api.pictify.io/v1`, which the
    /// service documented earlier, `/v1` is removed: the service does not route it.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Allows plain HTTP to other machines, which exposes the key to the network. Default: off. Plain HTTP to this machine is
    /// always allowed. `PICTIFY_ALLOW_INSECURE_HTTP=1` in the environment allows it too.
    pub fn allow_insecure_http(mut self, allowed: bool) -> Self {
        self.allow_insecure_http = allowed;
        self
    }

    /// Limits each call, waits and retries included. Default: twice the document's timeout of one attempt, a minute for most
    /// operations.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the retry policy of all calls.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Adds a product after `pictify-rust/VERSION` in the `User-Agent` header, for example `acme-cards/1.4`.
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.user_agent = Some(product.into());
        self
    }

    /// Limits the renders of the client and its clones. Default: no limit.
    pub fn spend_limit(mut self, limit: SpendLimit) -> Self {
        self.spend_limit = limit;
        self
    }

    /// Keeps requests below a rate limit. Default: off.
    #[cfg(feature = "rate-limit")]
    pub fn rate_limiter(mut self, limiter: RateLimiter) -> Self {
        self.rate_limiter = Some(limiter);
        self
    }

    /// Lets identical calls that bill share one request while it is in flight (request coalescing): the same operation with
    /// the same request. Calls with their own headers or idempotency key are never shared. Default: off.
    ///
    /// The first caller may drop its future; the request continues while any caller waits, with the options of the first.
    /// [`ResponseMeta::shared`](crate::ResponseMeta::shared) is true for the callers that joined.
    pub fn single_flight(mut self, shared: bool) -> Self {
        self.single_flight = shared;
        self
    }

    /// Sets a hook that is called after each attempt of each call, for metrics. It must be quick and must not panic: calls
    /// wait for it.
    ///
    /// ```
    /// use pictify::Client;
    ///
    /// let builder = Client::builder().on_attempt(|event| {
    ///     println!("{} #{}: {:?}", event.operation.id, event.number, event.attempt.outcome);
    /// });
    /// ```
    pub fn on_attempt(mut self, hook: impl Fn(&AttemptEvent<'_>) + Send + Sync + 'static) -> Self {
        self.on_attempt = Some(OnAttempt::new(Arc::new(hook)));
        self
    }

    /// Sets a hook that is called for each response that differs from the document: an unknown field or value, a missing
    /// field, an invalid date, a member of another type, an item of a list that cannot be read. The call succeeds all the
    /// same: an unusual member is converted or read as missing, and an unreadable item is left out of its list. The hook
    /// must be quick and must not panic: calls wait for it.
    ///
    /// ```
    /// use pictify::Client;
    ///
    /// let builder = Client::builder().on_schema_mismatch(|report| eprintln!("Pictify has changed: {report}"));
    /// ```
    pub fn on_schema_mismatch(mut self, hook: impl Fn(&SchemaMismatchReport) + Send + Sync + 'static) -> Self {
        self.on_schema_mismatch = Some(OnSchemaMismatch::new(Arc::new(hook)));
        self
    }

    /// Fails with [`SchemaMismatch`](crate::ErrorKind::SchemaMismatch) when a response differs from the document. For tests
    /// against the service: the request has taken effect, and is billed. Default: off.
    pub fn strict_responses(mut self, strict: bool) -> Self {
        self.strict_responses = strict;
        self
    }

    /// The clock, for tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Sets the source of the random part of delays between attempts, for tests: a number from 0 to 1. Default: a random
    /// generator of each thread.
    pub fn jitter(mut self, source: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        self.jitter = Some(Jitter::new(source));
        self
    }

    /// Builds the client. Nothing is sent.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) when there is no key, the key is empty or cannot be sent, the base URL is
    /// malformed or needs TLS that is not compiled in, a proxy is not a URL, the user agent cannot be sent, the timeout is
    /// zero, or TLS cannot be set up.
    pub fn build(mut self) -> Result<Client> {
        let replays = self.replay.is_some();
        if let Some(replay) = self.replay.take() {
            self.credentials.get_or_insert_with(|| ApiKey::new("none").map(ClientCredentials::Fixed));
            self.base_url = Some(replay.base_url);
            self.allow_insecure_http = true;
            self.clock.get_or_insert(replay.clock);
        }
        let credentials = match self.credentials.take() {
            Some(credentials) => credentials?,
            None => ClientCredentials::Fixed(key_from_env()?),
        };
        if self.timeout == Some(Duration::ZERO) {
            return Err(Error::config("the timeout must be longer than 0 s"));
        }
        let is_given = self.base_url.is_some();
        let base_url = match self.base_url.take() {
            Some(url) => Some(url),
            None => environment::variable("PICTIFY_BASE_URL")?,
        };
        let insecure = "PICTIFY_ALLOW_INSECURE_HTTP";
        let allow_insecure_http = self.allow_insecure_http || std::env::var(insecure).is_ok_and(|value| value == "1");
        let base_url = base_url::parse(base_url.as_deref().unwrap_or(DEFAULT_BASE_URL), allow_insecure_http)
            .map_err(|error| if is_given { error } else { error.with_context("it was taken from PICTIFY_BASE_URL") })?;
        let needs_tls = base_url.scheme() == "https" && self.transport.is_none() && !replays;
        if needs_tls && !tls::AVAILABLE {
            return Err(Error::config("the base URL is https: switch on the feature `rustls` or `native-tls`"));
        }
        let user_agent = match &self.user_agent {
            Some(product) => format!("{USER_AGENT} {product}"),
            None => USER_AGENT.to_owned(),
        };
        let user_agent = HeaderValue::try_from(user_agent)
            .map_err(|_| Error::config("the user agent has characters that a header cannot carry"))?;
        let is_local = base_url::is_on_this_machine(&base_url);
        let proxies = match &self.transport {
            Some(_) => Proxies::default(),
            None => self.connection.proxies(is_local, !replays)?,
        };
        let transport = match (self.transport.take(), self.connection.used) {
            (Some(_), Some(setter)) => {
                let text = format!("`{setter}` belongs to the default transport: set it on the given one instead");
                return Err(Error::config(text));
            }
            (Some(transport), None) => transport,
            (None, _) => Arc::new(self.connection.build(is_local, !replays)?),
        };
        let transport = match self.wrapper {
            Some(wrapper) => wrapper.wrap(&base_url, is_local, transport),
            None => transport,
        };
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        Ok(Client(Arc::new(ClientInner {
            base_url,
            credentials,
            user_agent,
            transport,
            connections: ConnectionLimit::new(self.max_connections.unwrap_or(DEFAULT_MAX_CONNECTIONS)),
            proxies,
            retry: self.retry,
            budget: RetryBudget::default(),
            jitter: self.jitter.unwrap_or_default(),
            timeout: self.timeout,
            max_response_bytes: MAX_RESPONSE_BYTES,
            spend: Arc::new(SpendTracker::new(self.spend_limit)),
            #[cfg(feature = "rate-limit")]
            rate_limit_gate: self.rate_limiter.map(|settings| RateLimitGate::new(settings, clock.clone())),
            single_flight: self.single_flight,
            in_flight: InFlightRequests::default(),
            on_attempt: self.on_attempt,
            on_schema_mismatch: self.on_schema_mismatch,
            strict_responses: self.strict_responses,
            clock,
        })))
    }
}

impl ConnectionSettings {
    /// Checks and returns the proxies. `is_local` and `connects` as in [`build`](Self::build).
    fn proxies(&self, is_local: bool, connects: bool) -> Result<Proxies> {
        match &self.proxy {
            Some(url) => Proxies::all(url),
            None if self.no_proxy || is_local || !connects => Ok(Proxies::default()),
            None => Proxies::from_env(),
        }
    }

    /// Builds the default transport. `is_local` means that the API is on this machine; `connects` is false for replays.
    fn build(&self, is_local: bool, connects: bool) -> Result<ReqwestTransport> {
        let builder = reqwest::Client::builder();
        // A proxy of the environment is for other machines; an emulator on this one is not behind it.
        let builder = if self.no_proxy || is_local && self.proxy.is_none() { builder.no_proxy() } else { builder };
        let builder = match &self.proxy {
            Some(url) => {
                // The URL may hold a password, so it is not repeated.
                let proxy = reqwest::Proxy::all(url).map_err(|_| Error::config("the proxy is not a URL"))?;
                builder.proxy(proxy)
            }
            None => builder,
        };
        let builder = builder
            .connect_timeout(self.connect_timeout.unwrap_or(CONNECT_TIMEOUT))
            .pool_idle_timeout(IDLE_TIMEOUT)
            // The URL before a redirect may be signed; the next host must not see it.
            .referer(false)
            // The client counts attempts itself.
            .retry(reqwest::retry::never())
            // A redirected call would take the key or the data elsewhere, or turn a POST into a GET.
            .redirect(reqwest::redirect::Policy::none());
        self.tls.client(builder, connects).map(ReqwestTransport::new)
    }
}

fn key_from_env() -> Result<ApiKey> {
    match environment::raw_variable("PICTIFY_API_KEY")? {
        Some(key) => ApiKey::new(key).map_err(|error| error.with_context("it was taken from PICTIFY_API_KEY")),
        None => Err(Error::config("no API key: set PICTIFY_API_KEY, or give one to the builder")),
    }
}
