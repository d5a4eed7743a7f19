//! The client, and how it is set up.

#[cfg(feature = "rate-limit")]
use crate::rate_limiter::{RateLimitGate, RateLimiter};
#[cfg(feature = "testing")]
use crate::testing::{Cassette, Recorder, ReplayClock};
use crate::{
    ApiKey, AttemptEvent, Call, Deadline, Error, Operation, Result, RetryPolicy, SchemaMismatchReport, SpendLimit,
    base_url::{self, DEFAULT_BASE_URL},
    call::Landed,
    clock::{Clock, SystemClock},
    hooks::{OnAttempt, OnSchemaMismatch},
    retry::RetryBudget,
    single_flight::{Flights, Route},
    spend_limit::SpendTracker,
    tls::{self, Tls},
};
use reqwest::{Url, header::HeaderValue, redirect};
use std::{fmt, sync::Arc, time::Duration};

/// The version of this crate, as it is sent in the `User-Agent` header.
pub const USER_AGENT: &str = concat!("pictify-rust/", env!("CARGO_PKG_VERSION"));

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long an unused connection is kept. Short, because a server that closes one in the very moment in which a render is
/// sent over it makes that render's outcome unknown.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// How large an answer of the API may be, in bytes. Files are downloads and have their own limit.
const MAX_RESPONSE_BYTES: usize = 64 * 1024 * 1024;

/// A client of the Pictify API.
///
/// It is cheap to clone and its clones share connections, limits and the retry budget: make one and keep it. The same
/// surface without `async` is `blocking::Client`, behind the feature `blocking`.
///
/// ```no_run
/// # async fn run() -> pictify::Result<()> {
/// use pictify::{Client, images::Source};
///
/// let client = Client::from_env()?;
/// let image = client.images().create(Source::html("<h1>Hello</h1>")).size(1200, 630).send().await?;
/// client.download(&image).to_file("hello.png").await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client(pub(crate) Arc<ClientInner>);

/// Either client: [`Client`] or `blocking::Client`. Nothing else can be one.
pub trait AsClient: Clone + crate::operation::Sealed {
    /// The async client, or the one inside the blocking client.
    #[doc(hidden)]
    fn as_async(&self) -> &Client;
}

impl crate::operation::Sealed for Client {}

impl AsClient for Client {
    fn as_async(&self) -> &Client {
        self
    }
}

/// What the clones of a client share.
pub(crate) struct ClientInner {
    pub(crate) base_url: Url,
    pub(crate) key: ApiKey,
    pub(crate) http: reqwest::Client,
    pub(crate) files: reqwest::Client,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) retry: RetryPolicy,
    pub(crate) budget: RetryBudget,
    pub(crate) timeout: Option<Duration>,
    pub(crate) max_response_bytes: usize,
    pub(crate) purse: Arc<SpendTracker>,
    #[cfg(feature = "rate-limit")]
    pub(crate) turnstile: Option<RateLimitGate>,
    pub(crate) single_flight: bool,
    pub(crate) flights: Flights<Route, Landed>,
    pub(crate) on_attempt: Option<OnAttempt>,
    pub(crate) on_schema_mismatch: Option<OnSchemaMismatch>,
    pub(crate) strict: bool,
    #[cfg(feature = "testing")]
    pub(crate) recorder: Option<Arc<Recorder>>,
}

impl Client {
    /// A client for the hosted service.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) when the key is empty or cannot be sent, or TLS cannot be set up.
    pub fn new(api_key: impl AsRef<str>) -> Result<Self> {
        Self::builder().api_key(api_key).build()
    }

    /// A client from the environment: `PICTIFY_API_KEY`, and `PICTIFY_BASE_URL` if it is set.
    ///
    /// # Errors
    /// As [`ClientBuilder::build`]; in particular when `PICTIFY_API_KEY` is missing or empty.
    pub fn from_env() -> Result<Self> {
        Self::builder().build()
    }

    /// Sets up a client step by step. What is not set is taken from the environment, then from the defaults.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A point in time from now, by this client's clock, for [`Call::deadline`] of several calls.
    #[must_use]
    pub fn deadline(&self, within: Duration) -> Deadline {
        Deadline::after(within, &*self.0.clock)
    }

    /// How many renders this client and its clones have asked for, as [`SpendLimit`] counts them.
    #[must_use]
    pub fn renders_spent(&self) -> u64 {
        self.0.purse.spent()
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        self.0.clock.clone()
    }

    /// Where this client sends its calls, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        base_url::as_prefix(&self.0.base_url)
    }

    /// Makes a call of an operation that was built, stored or received elsewhere.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::images::{CreateImage, Source};
    ///
    /// let job: CreateImage = CreateImage::new(Source::html("<h1>Hello</h1>"));
    /// let queued = serde_json::to_string(&job).unwrap();
    /// // Later, in a worker:
    /// let job: CreateImage = serde_json::from_str(&queued).unwrap();
    /// let image = client.call(job).send().await?;
    /// # Ok(()) }
    /// ```
    pub fn call<O: Operation>(&self, operation: O) -> Call<O, Self> {
        Call::new(self.clone(), operation)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.base_url())
            .field("key", &self.0.key)
            .field("retry", &self.0.retry)
            .finish_non_exhaustive()
    }
}

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
    api_key: Option<Result<ApiKey>>,
    base_url: Option<String>,
    allow_insecure_http: bool,
    timeout: Option<Duration>,
    retry: RetryPolicy,
    user_agent: Option<String>,
    clock: Option<Arc<dyn Clock>>,
    spend_limit: SpendLimit,
    #[cfg(feature = "rate-limit")]
    rate_limiter: Option<RateLimiter>,
    single_flight: bool,
    on_attempt: Option<OnAttempt>,
    on_schema_mismatch: Option<OnSchemaMismatch>,
    strict: bool,
    #[cfg(feature = "testing")]
    recorder: Option<Arc<Recorder>>,
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
    /// The API key. By default the environment's `PICTIFY_API_KEY`.
    pub fn api_key(mut self, key: impl AsRef<str>) -> Self {
        self.api_key = Some(ApiKey::new(key));
        self
    }

    /// Where the API is. By default the environment's `PICTIFY_BASE_URL`, else the hosted service.
    ///
    /// A path is kept, so `https://api.pictify.io/v1` calls `/v1/image`. The hosted service routes no `/v1` today.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Allows plain http to other machines, which shows the key to the network between. Off by default; to this
    /// machine it is always allowed. The environment's `PICTIFY_ALLOW_INSECURE_HTTP=1` allows it too.
    pub fn allow_insecure_http(mut self, allowed: bool) -> Self {
        self.allow_insecure_http = allowed;
        self
    }

    /// How long each call may take, waits and retries included. By default twice what the document gives one attempt
    /// of the operation, so a minute for most.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How often and how patiently calls are tried again.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// What to put behind `pictify-rust/VERSION` in the `User-Agent` header, for example `acme-cards/1.4`.
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.user_agent = Some(product.into());
        self
    }

    /// How much the client and its clones may have rendered. No limit by default.
    pub fn spend_limit(mut self, limit: SpendLimit) -> Self {
        self.spend_limit = limit;
        self
    }

    /// Spreads requests below a limit. Off by default.
    #[cfg(feature = "rate-limit")]
    pub fn rate_limiter(mut self, limiter: RateLimiter) -> Self {
        self.rate_limiter = Some(limiter);
        self
    }

    /// Lets identical calls that bill share one call while it is under way: the same operation with the same request.
    /// Calls with headers or an idempotency key of their own are never shared. Off by default.
    ///
    /// Who began the call may drop it; it goes on while anyone waits for it, with the options of who began it.
    /// [`ResponseMeta::shared`](crate::ResponseMeta::shared) tells who joined.
    pub fn single_flight(mut self, shared: bool) -> Self {
        self.single_flight = shared;
        self
    }

    /// Is called with each attempt of each call as it ends, for metrics. It must be quick and not panic: calls wait for it.
    ///
    /// ```
    /// use pictify::Client;
    ///
    /// let builder = Client::builder().on_attempt(|report| {
    ///     println!("{} #{}: {:?}", report.operation.id, report.number, report.attempt.outcome);
    /// });
    /// ```
    pub fn on_attempt(mut self, hook: impl Fn(&AttemptEvent<'_>) + Send + Sync + 'static) -> Self {
        self.on_attempt = Some(OnAttempt::new(Arc::new(hook)));
        self
    }

    /// Is called with each answer in which something is not as the document says: an unknown field or value, a field that
    /// is missing, a date that is none. The call succeeds all the same. It must be quick and not panic: calls wait for it.
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

    /// Fails with [`Drift`](crate::ErrorKind::SchemaMismatch) where an answer is not as the document says. For tests against the
    /// service: what was asked has been done, and billed. Off by default.
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Records the exchanges with the service, or replays them. A replay needs no key, takes the base URL from the cassette,
    /// and does not wait, unless a [`clock`](Self::clock) is given.
    #[cfg(feature = "testing")]
    pub fn cassette(mut self, cassette: &Cassette) -> Self {
        self.recorder = Some(cassette.0.clone());
        self
    }

    /// The clock, for tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Builds the client. Nothing is sent.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) when there is no key, the key is empty or cannot be sent, the base URL is
    /// malformed or needs TLS that is not compiled in, the user agent cannot be sent, the timeout is zero, or TLS cannot be
    /// set up.
    #[cfg_attr(not(feature = "testing"), allow(unused_mut))]
    pub fn build(mut self) -> Result<Client> {
        #[cfg(feature = "testing")]
        let replays = self.recorder.as_ref().is_some_and(|recorder| recorder.replays());
        #[cfg(not(feature = "testing"))]
        let replays = false;
        #[cfg(feature = "testing")]
        if let Some(recorder) = self.recorder.as_ref().filter(|recorder| recorder.replays()) {
            // Nothing is sent, so it needs no key, and plain HTTP shows it to nobody.
            self.api_key.get_or_insert_with(|| ApiKey::new("none"));
            self.base_url = Some(recorder.base_url());
            self.allow_insecure_http = true;
            self.clock.get_or_insert_with(|| Arc::new(ReplayClock::default()));
        }
        let key = match self.api_key {
            Some(key) => key?,
            None => match std::env::var("PICTIFY_API_KEY") {
                Ok(key) => ApiKey::new(key).map_err(|error| error.with_context("it was taken from PICTIFY_API_KEY"))?,
                Err(_) => return Err(Error::config("no API key: set PICTIFY_API_KEY, or give one to the builder")),
            },
        };
        if self.timeout == Some(Duration::ZERO) {
            return Err(Error::config("the timeout must be longer than 0 s"));
        }
        let is_given = self.base_url.is_some();
        let base_url = self.base_url.or_else(|| std::env::var("PICTIFY_BASE_URL").ok());
        let allow_insecure_http =
            self.allow_insecure_http || std::env::var("PICTIFY_ALLOW_INSECURE_HTTP").is_ok_and(|value| value == "1");
        let base_url = base_url::parse(base_url.as_deref().unwrap_or(DEFAULT_BASE_URL), allow_insecure_http)
            .map_err(|error| if is_given { error } else { error.with_context("it was taken from PICTIFY_BASE_URL") })?;
        if base_url.scheme() == "https" && !tls::AVAILABLE && !replays {
            return Err(Error::config("the base URL is https: switch on the feature `rustls` or `native-tls`"));
        }
        let user_agent = match &self.user_agent {
            Some(product) => format!("{USER_AGENT} {product}"),
            None => USER_AGENT.to_owned(),
        };
        let user_agent = HeaderValue::try_from(user_agent)
            .map_err(|_| Error::config("the user agent has characters that a header cannot carry"))?;
        let local = base_url::is_on_this_machine(&base_url);
        let tls = Tls::new(!replays)?;
        let http = |redirects| -> Result<reqwest::Client> {
            let builder = reqwest::Client::builder();
            // A proxy of the environment is for other machines; an emulator on this one is not behind it.
            let builder = if local { builder.no_proxy() } else { builder };
            let builder = builder
                .user_agent(user_agent.clone())
                .connect_timeout(CONNECT_TIMEOUT)
                .pool_idle_timeout(IDLE_TIMEOUT)
                // The URL before a redirect may be signed, which is nothing for the host after it.
                .referer(false)
                // Attempts are counted in one place, ours.
                .retry(reqwest::retry::never())
                .redirect(redirects);
            tls.client(builder)
        };
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        #[cfg(feature = "testing")]
        if let Some(recorder) = &self.recorder {
            recorder.register_client(&base_url, local, &key);
        }
        Ok(Client(Arc::new(ClientInner {
            base_url,
            key,
            // A redirected call would take the key or the data elsewhere, or turn a POST into a GET.
            http: http(redirect::Policy::none())?,
            files: http(redirect::Policy::custom(crate::download::follow))?,
            retry: self.retry,
            budget: RetryBudget::default(),
            timeout: self.timeout,
            max_response_bytes: MAX_RESPONSE_BYTES,
            purse: Arc::new(SpendTracker::new(self.spend_limit)),
            #[cfg(feature = "rate-limit")]
            turnstile: self.rate_limiter.map(|settings| RateLimitGate::new(settings, clock.clone())),
            single_flight: self.single_flight,
            flights: Flights::default(),
            on_attempt: self.on_attempt,
            on_schema_mismatch: self.on_schema_mismatch,
            strict: self.strict,
            #[cfg(feature = "testing")]
            recorder: self.recorder,
            clock,
        })))
    }
}
