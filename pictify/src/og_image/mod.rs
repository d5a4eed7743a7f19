//! Link preview images (Open Graph): URLs of your own web service that redirect to rendered images.
//!
//! Sites that show a link fetch the image URL from `<meta property="og:image">`. [`OgImages`] renders a template when such a
//! URL is requested, and responds with a redirect to the file:
//!
#![cfg_attr(feature = "axum", doc = "```no_run")]
#![cfg_attr(not(feature = "axum"), doc = "```ignore")]
//! # fn app(client: &pictify::Client) -> axum::Router {
//! use axum::Router;
//! use pictify::{og_image::OgImages, templates::RenderFormat};
//!
//! let cards = OgImages::new(client, "XK4P2M9QZT", ["title", "author"])
//!     .configure_request(|call| call.size(1200, 630).format(RenderFormat::Jpeg))
//!     .fallback("https://example.com/default-card.png");
//! Router::new().route("/og/{title}", cards.axum_route())
//! # }
//! ```
//!
//! - Each image is rendered once. Concurrent requests share one render, which continues even if all of them disconnect.
//!   Later requests get the cached image, for a week unless [`ttl`](OgImages::ttl) changes it.
//! - If a render fails, the last good image is served, or else the [`fallback`](OgImages::fallback). No new render is tried
//!   for the time that the service asks for, and for at least 30 seconds.
//! Anybody can request these URLs with any values, and each new image is billed. Accept only values that you control with
//! [`OgImages::with_lookup`], or set a [spending limit](crate::ClientBuilder::spend_limit).

#[cfg(feature = "actix")]
mod actix;
#[cfg(feature = "axum")]
mod axum;
mod cache;
mod response;

pub use cache::{CachedImage, ImageCache, MemoryCache};
pub use response::{OgError, OgImage};

use crate::transport::BoxFuture;
use crate::{
    Call, Client, Error,
    single_flight::InFlightRequests,
    templates::{RenderTemplate, RenderTemplateCall},
};
use moka::sync::Cache;
use serde::Serialize;
use serde_json::{Map, Value};
use std::{
    collections::BTreeMap,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

/// Default time to live of an image.
const DEFAULT_TTL: Duration = Duration::from_secs(7 * 24 * 3600);

/// Minimum time without new renders of an image after a failure.
const MIN_FAILURE_PAUSE: Duration = Duration::from_secs(30);

/// Maximum time for which others may cache a redirect, so that they see a new image within a day.
const MAX_REDIRECT_AGE: Duration = Duration::from_secs(24 * 3600);

/// Approximate maximum memory for stored failures, in bytes. An error body of the service may be long.
const MAX_FAILURE_BYTES: u64 = 32 * 1024 * 1024;

/// Approximate memory of a stored failure without its response body, in bytes.
const FAILURE_OVERHEAD_BYTES: usize = 2 * 1024;

/// Decoded parameters of a request: those of the path, and those of the query whose names are not in the path.
pub type Parameters = BTreeMap<String, String>;

/// Function that looks up the variables of a page.
type Lookup =
    dyn Fn(Parameters) -> BoxFuture<'static, std::result::Result<Option<Map<String, Value>>, OgError>> + Send + Sync;

type ConfigureRequest = dyn Fn(RenderTemplateCall<Client>) -> RenderTemplateCall<Client> + Send + Sync;

/// A rendered image, or the error and the time until the next attempt.
type Rendered = std::result::Result<CachedImage, (Error, Duration)>;

/// Serves the images of a template by redirects. Clones share the cache.
#[derive(Clone)]
pub struct OgImages {
    client: Client,
    template: String,
    lookup: Arc<Lookup>,
    configure_request: Arc<ConfigureRequest>,
    on_error: Arc<dyn Fn(&Error) + Send + Sync>,
    ttl: Duration,
    fallback: Option<String>,
    cache: Arc<dyn ImageCache>,
    in_flight: Arc<InFlightRequests<String, Rendered>>,
    /// Failed images: the time of the next allowed attempt, and the error.
    failures: Cache<String, (Instant, Error)>,
}

impl OgImages {
    /// Creates images whose variables are parameters of the request, as strings. Only the parameters named here count, so that
    /// tracking parameters do not cause renders of their own. For a parameter that a request omits, the default of the template
    /// applies.
    /// Each render calls `POST /templates/{uid}/render` and bills one render.
    pub fn new(
        client: &Client,
        template_uid: impl Into<String>,
        variables: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let names: Vec<String> = variables.into_iter().map(Into::into).collect();
        Self::with_lookup(client, template_uid, move |mut parameters| {
            let values = names.iter().filter_map(|name| parameters.remove_entry(name));
            let values: BTreeMap<_, _> = values.collect();
            async { Ok::<_, std::convert::Infallible>(Some(values)) }
        })
    }

    /// Creates images whose variables are looked up, for example in a database by an ID in the path. `None` responds with 404,
    /// an error with 503. If the variables of a page change, its image is rendered again.
    ///
    /// ```no_run
    /// # #[derive(serde::Serialize)] struct Card { title: String }
    /// # async fn post_title(id: &str) -> std::io::Result<Option<String>> { Ok(Some(id.to_owned())) }
    /// # fn cards(client: &pictify::Client) -> pictify::og_image::OgImages {
    /// use pictify::og_image::OgImages;
    ///
    /// OgImages::with_lookup(client, "XK4P2M9QZT", |parameters| async move {
    ///     let id = parameters.get("id").map_or("", String::as_str);
    ///     Ok::<_, std::io::Error>(post_title(id).await?.map(|title| Card { title }))
    /// })
    /// # }
    /// ```
    pub fn with_lookup<V, E, F>(
        client: &Client,
        template_uid: impl Into<String>,
        values: impl Fn(Parameters) -> F + Send + Sync + 'static,
    ) -> Self
    where
        V: Serialize,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
        F: Future<Output = std::result::Result<Option<V>, E>> + Send + 'static,
    {
        let lookup = move |parameters| -> BoxFuture<'static, _> {
            let values = values(parameters);
            Box::pin(async move {
                let Some(values) = values.await.map_err(OgError::lookup)? else { return Ok(None) };
                crate::variables::object(&values, "variables").map(Some).map_err(OgError::lookup)
            })
        };
        Self {
            client: client.clone(),
            template: template_uid.into(),
            lookup: Arc::new(lookup),
            configure_request: Arc::new(|call| call),
            on_error: Arc::new(|_| {}),
            ttl: DEFAULT_TTL,
            fallback: None,
            cache: Arc::new(MemoryCache::default()),
            in_flight: Arc::default(),
            failures: Cache::builder().max_capacity(MAX_FAILURE_BYTES).weigher(weight).build(),
        }
    }

    /// Sets options of each render request, for example its size and format.
    #[must_use]
    pub fn configure_request(
        mut self,
        configure: impl Fn(RenderTemplateCall<Client>) -> RenderTemplateCall<Client> + Send + Sync + 'static,
    ) -> Self {
        self.configure_request = Arc::new(configure);
        self
    }

    /// Sets the time to live: an older image is rendered again. A week by default.
    #[must_use]
    pub fn ttl(mut self, duration: Duration) -> Self {
        self.ttl = duration;
        self
    }

    /// Sets the URL to redirect to if an image cannot be rendered and there is no earlier version of it.
    #[must_use]
    pub fn fallback(mut self, url: impl Into<String>) -> Self {
        self.fallback = Some(url.into());
        self
    }

    /// Sets the cache. A [`MemoryCache`] of 10,000 images by default.
    #[must_use]
    pub fn cache(mut self, cache: impl ImageCache) -> Self {
        self.cache = Arc::new(cache);
        self
    }

    /// Sets a function that is called for each failed render, whatever is served instead.
    #[must_use]
    pub fn on_error(mut self, callback: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.on_error = Arc::new(callback);
        self
    }

    /// Returns the image for the parameters of a request, for web frameworks without a route here.
    ///
    /// # Errors
    /// [`OgError::NotFound`] if the page does not exist; [`OgError::Lookup`] if its variables cannot be looked up;
    /// [`OgError::Failed`] if the image cannot be rendered and there is no other image to serve.
    pub async fn image(&self, parameters: Parameters) -> std::result::Result<OgImage, OgError> {
        let values = (self.lookup)(parameters).await?.ok_or(OgError::NotFound)?;
        let call = self.client.templates().render(self.template.as_str(), &values);
        let call = Call::from((self.configure_request)(call));
        call.options.check().map_err(OgError::lookup)?;
        let key = cache::key(call.request()).map_err(OgError::lookup)?;
        let cached = self.cache.get(&key).await;
        if let Some(remaining) = cached.as_ref().and_then(|image| self.remaining_ttl(image)) {
            let url = cached.map(|image| image.url).unwrap_or_default();
            return Ok(OgImage { url, max_age: remaining.min(MAX_REDIRECT_AGE), is_fresh: true });
        }
        match self.render_once(key, call).await {
            Ok(image) => {
                let remaining = self.remaining_ttl(&image).unwrap_or_default();
                Ok(OgImage { url: image.url, max_age: remaining.min(MAX_REDIRECT_AGE), is_fresh: true })
            }
            Err((error, pause)) => {
                let instead = cached.map(|image| image.url).or_else(|| self.fallback.clone());
                let url = instead.ok_or(OgError::Failed { error, retry_after: pause })?;
                Ok(OgImage { url, max_age: pause, is_fresh: false })
            }
        }
    }

    /// Renders an image once for all concurrent requests, unless a recent failure is stored.
    async fn render_once(&self, key: String, call: Call<RenderTemplate, Client>) -> Rendered {
        if let Some(failure) = self.failure(&key) {
            return Err(failure);
        }
        let shared = self.in_flight.join(key.clone(), || {
            // A separate task, so that a render that may be billed completes even if all requests disconnect.
            let task = tokio::spawn(self.clone().render_and_store(key.clone(), call));
            Box::pin(async move { task.await.unwrap_or_else(|_| Err((task_stopped(), MIN_FAILURE_PAUSE))) })
        });
        shared.await
    }

    async fn render_and_store(self, key: String, call: Call<RenderTemplate, Client>) -> Rendered {
        // Check the cache again: another render may have finished since the first check, and a second one would be billed.
        if let Some(image) = self.cache.get(&key).await.filter(|image| self.remaining_ttl(image).is_some()) {
            return Ok(image);
        }
        if let Some(failure) = self.failure(&key) {
            return Err(failure);
        }
        let clock = self.client.clock();
        match call.send().await {
            Ok(render) => {
                let image = CachedImage { url: render.url.clone(), rendered_at: clock.system_time() };
                self.cache.put(&key, image.clone()).await;
                self.failures.invalidate(&key);
                Ok(image)
            }
            Err(error) => {
                let pause = pause(&error);
                // Before the callback, which may panic.
                self.failures.insert(key, (clock.now() + pause, error.clone()));
                (self.on_error)(&error);
                Err((error, pause))
            }
        }
    }

    /// Returns the time until an image expires, or `None` if it has expired.
    fn remaining_ttl(&self, image: &CachedImage) -> Option<Duration> {
        image.remaining_ttl(self.ttl, self.client.clock().system_time())
    }

    /// Returns the stored failure of an image and the time until the next attempt, or `None` if a render is allowed.
    fn failure(&self, key: &str) -> Option<(Error, Duration)> {
        let (until, error) = self.failures.get(key)?;
        let remaining = until.saturating_duration_since(self.client.clock().now());
        (!remaining.is_zero()).then_some((error, remaining))
    }
}

/// Returns the time without new renders after this error: at least 30 s, at most a day.
fn pause(error: &Error) -> Duration {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    error.retry_after().unwrap_or_default().clamp(MIN_FAILURE_PAUSE, DAY)
}

/// Returns the approximate memory of a stored failure, in bytes.
fn weight(_: &String, (_, error): &(Instant, Error)) -> u32 {
    // The error has the body itself, and its parsed content in the message and the details.
    let received = error.body().map_or(0, bytes::Bytes::len).saturating_mul(2);
    u32::try_from(FAILURE_OVERHEAD_BYTES.saturating_add(received)).unwrap_or(u32::MAX)
}

fn task_stopped() -> Error {
    Error::new(crate::ErrorKind::Transport, "the async runtime stopped the render").with_outcome(true, false)
}

impl fmt::Debug for OgImages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OgImages")
            .field("template", &self.template)
            .field("ttl", &self.ttl)
            .field("fallback", &self.fallback)
            .finish_non_exhaustive()
    }
}

/// Collects the parameters of a request from its path and its query.
#[cfg(any(feature = "actix", feature = "axum"))]
fn parameters<'a>(path: impl Iterator<Item = (&'a str, &'a str)>, query: &str) -> Parameters {
    // The URL parser decodes the query; the host is a placeholder.
    let mut parameters = Parameters::new();
    if let Ok(url) = reqwest::Url::parse(&format!("http://localhost/?{query}")) {
        parameters.extend(url.query_pairs().into_owned());
    }
    parameters.extend(path.map(|(name, value)| (name.to_owned(), value.to_owned())));
    parameters
}
