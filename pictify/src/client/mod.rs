//! The client.

mod builder;

pub use builder::ClientBuilder;
#[cfg(feature = "testing")]
pub(crate) use builder::Replay;

use crate::{
    ApiRequest, Call, Deadline, Response, Result, base_url,
    call::{self, ClientInner},
    clock::Clock,
};
use std::{fmt, sync::Arc, time::Duration};

/// Client of the Pictify API.
///
/// It is cheap to clone and its clones share connections, limits and the retry budget: make one and keep it. There is no
/// method to close it: the connections end when the last clone is dropped. The same
/// surface without `async` is `blocking::Client`, behind the feature `blocking`.
///
/// # Runtimes
/// The client needs a Tokio runtime with timers and IO (`enable_all`), as `#[tokio::main]` makes it. Without one, or without
/// its drivers, a call fails with [`Config`](crate::ErrorKind::Config), and nothing is sent.
///
/// A connection belongs to the runtime in which it was made, and ends with it. So one client in several runtimes, such as a
/// static one in the functions of `#[tokio::test]`, may find that a connection ends or stands still while a request waits for
/// it. If nothing of the request was sent, it is sent again over another connection; otherwise its outcome is unknown, as
/// with every connection that is lost. Make a client for each runtime, or use one runtime for all, to avoid that.
///
/// # Panics
/// A waiting call panics in the timer of Tokio if an open connection is used in a runtime without timers.
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

/// Either client: [`Client`] or `blocking::Client`. Only this crate implements it.
///
/// ```compile_fail
/// #[derive(Clone)]
/// struct Foreign;
///
/// impl pictify::AsClient for Foreign {}
/// ```
pub trait AsClient: Clone + sealed::AsClient {}

mod sealed {
    /// Gives access to the async client.
    pub trait AsClient {
        /// Returns the async client, or the one inside the blocking client.
        fn as_async(&self) -> &super::Client;
    }
}
pub(crate) use sealed::AsClient as SealedAsClient;

impl SealedAsClient for Client {
    fn as_async(&self) -> &Client {
        self
    }
}

impl AsClient for Client {}

impl Client {
    /// Base URL of the hosted service.
    pub const DEFAULT_BASE_URL: &'static str = base_url::DEFAULT_BASE_URL;

    /// Makes a client of the hosted service, whatever `PICTIFY_BASE_URL` says.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) when the key is empty or cannot be sent, or TLS cannot be set up.
    pub fn new(api_key: impl AsRef<str>) -> Result<Self> {
        Self::builder().api_key(api_key).base_url(Self::DEFAULT_BASE_URL).build()
    }

    /// Makes a client from the environment: `PICTIFY_API_KEY`, and `PICTIFY_BASE_URL` if it is set and not empty.
    ///
    /// # Errors
    /// As [`ClientBuilder::build`]; in particular when `PICTIFY_API_KEY` is missing or empty.
    pub fn from_env() -> Result<Self> {
        Self::builder().build()
    }

    /// Returns a builder. Settings that are not set come from the environment, then from the defaults.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Returns a point in time from now, by this client's clock, for the option `with_deadline` of several calls.
    #[must_use]
    pub fn deadline(&self, within: Duration) -> Deadline {
        Deadline::after(within, &*self.0.clock)
    }

    /// Returns the number of renders that this client and its clones have sent, as [`SpendLimit`](crate::SpendLimit)
    /// counts them.
    #[must_use]
    pub fn renders_spent(&self) -> u64 {
        self.0.spend.spent()
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        self.0.clock.clone()
    }

    /// Returns the base URL, without a slash at its end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        base_url::as_prefix(&self.0.base_url)
    }

    /// Makes a call of a request that was built, stored or received elsewhere.
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
    pub fn call<R: ApiRequest>(&self, request: R) -> R::Call<Self> {
        Call::new(self.clone(), request).into()
    }
}

impl<R: ApiRequest, C: AsClient> Call<R, C> {
    /// Returns the URL that the call would be sent to, for operations that only read. Nothing is sent.
    pub(crate) fn url(&self) -> Result<url::Url> {
        self.options.check()?;
        crate::request::url_of(self.client.as_async().base_url(), &self.request)
    }
}

impl<R: ApiRequest> Call<R, Client> {
    /// Sends the call and returns the value of the response.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) before anything is sent when the request is invalid; else any
    /// [`ErrorKind`](crate::ErrorKind) of the network and the service. When
    /// [`outcome_unknown`](crate::Error::outcome_unknown) is true, the request may have taken effect.
    ///
    /// # Cancellation
    /// Dropping the future abandons the attempt; the service may still process, and bill, the request.
    pub async fn send(self) -> Result<R::Response> {
        self.send_with_response().await.map(Response::into_value)
    }

    /// Sends the call and returns the value with the status, headers, rate limit and attempts.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_with_response(self) -> Result<Response<R::Response>> {
        // Boxed, so that the futures of callers stay small.
        Box::pin(call::send(&self.client.0, &self.request, self.options)).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.base_url())
            .field("retry", &self.0.retry)
            .finish_non_exhaustive()
    }
}
