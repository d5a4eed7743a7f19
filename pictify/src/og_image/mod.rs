//! Pictures for links: a web service's own address for each picture, which redirects to the rendered file.
//!
//! What a page names in `<meta property="og:image">` is fetched by whoever shows the link. [`OgImages`] renders a template
//! when such an address is asked for, and answers with a redirect:
//!
#![cfg_attr(feature = "axum", doc = "```no_run")]
#![cfg_attr(not(feature = "axum"), doc = "```ignore")]
//! # fn app(client: &pictify::Client) -> axum::Router {
//! use axum::Router;
//! use pictify::{og_image::OgImages, templates::RenderFormat};
//!
//! let cards = OgImages::new(client, "XK4P2M9QZT", ["title", "author"])
//!     .map_call(|call| call.size(1200, 630).format(RenderFormat::Jpeg))
//!     .fallback("https://example.com/default-card.png");
//! Router::new().route("/og/{title}", cards.axum_route())
//! # }
//! ```
//!
//! - The same picture is rendered once: requests at the same time share one render, which goes on when they leave; later
//!   ones get what is cached, for a week unless [`fresh_for`](OgImages::fresh_for) says otherwise.
//! - When a render fails, the last good picture is served, or the [`fallback`](OgImages::fallback), and the service is left
//!   in peace for the time that it asks for, 30 seconds at least.
//!
//! Anybody can ask for these addresses, with any values, and each new picture is billed. Take values that only you can
//! choose with [`OgImages::with`], or set a [spending limit](crate::ClientBuilder::spend_limit).

#[cfg(feature = "actix")]
mod actix;
mod answer;
#[cfg(feature = "axum")]
mod axum;
mod cache;

pub use answer::{OgError, OgPicture};
pub use cache::{CachedPicture, MemoryCache, PictureCache};

use crate::transport::BoxFuture;
use crate::{Call, Client, Error, single_flight::Flights, templates::RenderTemplate};
use moka::sync::Cache;
use serde::Serialize;
use serde_json::{Map, Value};
use std::{
    collections::BTreeMap,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

/// For how long a picture is served without rendering it again.
const FRESH: Duration = Duration::from_secs(7 * 24 * 3600);

/// How long the service is left in peace after a failure, at least.
const PAUSE: Duration = Duration::from_secs(30);

/// For how long a redirect may be remembered by others: they are to see a new picture within a day.
const LONGEST_AGE: Duration = Duration::from_secs(24 * 3600);

/// How much memory failures may take, about, in bytes. What a service says when it fails may be long.
const FAILURES: u64 = 32 * 1024 * 1024;

/// What a failure takes beside the body of its answer, about.
const FAILURE: usize = 2 * 1024;

/// The parameters of a request, decoded: those of its path, and those of its query where the path has none of that name.
pub type Parameters = BTreeMap<String, String>;

/// What a page's values come from.
type Mapper =
    dyn Fn(Parameters) -> BoxFuture<'static, std::result::Result<Option<Map<String, Value>>, OgError>> + Send + Sync;

type Each = dyn Fn(Call<RenderTemplate, Client>) -> Call<RenderTemplate, Client> + Send + Sync;

/// A picture, or why there is none and for how long it is not tried again.
type Rendered = std::result::Result<CachedPicture, (Error, Duration)>;

/// Serves a template's pictures by redirects. Clones share what is cached.
#[derive(Clone)]
pub struct OgImages {
    client: Client,
    template: String,
    mapper: Arc<Mapper>,
    each: Arc<Each>,
    on_error: Arc<dyn Fn(&Error) + Send + Sync>,
    fresh_for: Duration,
    fallback: Option<String>,
    cache: Arc<dyn PictureCache>,
    flights: Arc<Flights<String, Rendered>>,
    /// Until when a picture that has failed is not tried again, and why it has failed.
    failures: Cache<String, (Instant, Error)>,
}

impl OgImages {
    /// Pictures whose values are parameters of the request, as texts: those that are named here, and no others, so that
    /// tracking parameters make no picture of their own. What a request leaves out is the template's default.
    ///
    /// A render is `POST /templates/{uid}/render` and bills one.
    pub fn new(
        client: &Client,
        template_uid: impl Into<String>,
        variables: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let names: Vec<String> = variables.into_iter().map(Into::into).collect();
        Self::with(client, template_uid, move |mut parameters| {
            let values = names.iter().filter_map(|name| parameters.remove_entry(name));
            let values: BTreeMap<_, _> = values.collect();
            async { Ok::<_, std::convert::Infallible>(Some(values)) }
        })
    }

    /// Pictures whose values are looked up, for example in a database by an id in the path. `None` answers 404; an error
    /// answers 503. A page that has changed has a new picture.
    ///
    /// ```no_run
    /// # #[derive(serde::Serialize)] struct Card { title: String }
    /// # async fn post_title(id: &str) -> std::io::Result<Option<String>> { Ok(Some(id.to_owned())) }
    /// # fn cards(client: &pictify::Client) -> pictify::og_image::OgImages {
    /// use pictify::og_image::OgImages;
    ///
    /// OgImages::with(client, "XK4P2M9QZT", |parameters| async move {
    ///     let id = parameters.get("id").map_or("", String::as_str);
    ///     Ok::<_, std::io::Error>(post_title(id).await?.map(|title| Card { title }))
    /// })
    /// # }
    /// ```
    pub fn with<V, E, F>(
        client: &Client,
        template_uid: impl Into<String>,
        values: impl Fn(Parameters) -> F + Send + Sync + 'static,
    ) -> Self
    where
        V: Serialize,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
        F: Future<Output = std::result::Result<Option<V>, E>> + Send + 'static,
    {
        let mapper = move |parameters| -> BoxFuture<'static, _> {
            let values = values(parameters);
            Box::pin(async move {
                let Some(values) = values.await.map_err(OgError::lookup)? else { return Ok(None) };
                crate::variables::object(&values, "variables").map(Some).map_err(OgError::lookup)
            })
        };
        Self {
            client: client.clone(),
            template: template_uid.into(),
            mapper: Arc::new(mapper),
            each: Arc::new(|call| call),
            on_error: Arc::new(|_| {}),
            fresh_for: FRESH,
            fallback: None,
            cache: Arc::new(MemoryCache::default()),
            flights: Arc::default(),
            failures: Cache::builder().max_capacity(FAILURES).weigher(weight).build(),
        }
    }

    /// Sets up each render: its size, its format.
    #[must_use]
    pub fn map_call(
        mut self,
        set_up: impl Fn(Call<RenderTemplate, Client>) -> Call<RenderTemplate, Client> + Send + Sync + 'static,
    ) -> Self {
        self.each = Arc::new(set_up);
        self
    }

    /// For how long a picture is served without rendering it again. A week by default.
    #[must_use]
    pub fn fresh_for(mut self, duration: Duration) -> Self {
        self.fresh_for = duration;
        self
    }

    /// Where to send those whose picture cannot be rendered and never could.
    #[must_use]
    pub fn fallback(mut self, url: impl Into<String>) -> Self {
        self.fallback = Some(url.into());
        self
    }

    /// Where pictures are remembered. By default a [`MemoryCache`] of 10,000.
    #[must_use]
    pub fn cache(mut self, cache: impl PictureCache) -> Self {
        self.cache = Arc::new(cache);
        self
    }

    /// Is told of every render that has failed, whatever was served instead.
    #[must_use]
    pub fn on_error(mut self, see: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.on_error = Arc::new(see);
        self
    }

    /// Where the picture of a request is: what the routes answer with, for other servers.
    ///
    /// # Errors
    /// [`OgError::NotFound`] when there is no such page; [`OgError::Lookup`] when its values cannot be had;
    /// [`OgError::Failed`] when it cannot be rendered and there is nothing to serve instead.
    pub async fn picture(&self, parameters: Parameters) -> std::result::Result<OgPicture, OgError> {
        let values = (self.mapper)(parameters).await?.ok_or(OgError::NotFound)?;
        let call = self.client.templates().render(self.template.as_str(), &values);
        let call = (self.each)(call.map_err(OgError::lookup)?);
        let key = cache::key(call.operation()).map_err(OgError::lookup)?;
        let cached = self.cache.get(&key).await;
        if let Some(left) = cached.as_ref().and_then(|picture| self.left(picture)) {
            let url = cached.map(|picture| picture.url).unwrap_or_default();
            return Ok(OgPicture { url, fresh_for: left.min(LONGEST_AGE), is_current: true });
        }
        match self.render(key, call).await {
            Ok(picture) => {
                let left = self.left(&picture).unwrap_or_default();
                Ok(OgPicture { url: picture.url, fresh_for: left.min(LONGEST_AGE), is_current: true })
            }
            Err((error, pause)) => {
                let instead = cached.map(|picture| picture.url).or_else(|| self.fallback.clone());
                let url = instead.ok_or(OgError::Failed { error, retry_after: pause })?;
                Ok(OgPicture { url, fresh_for: pause, is_current: false })
            }
        }
    }

    /// Renders, once for all who ask at the same time, and not while a failure is fresh.
    async fn render(&self, key: String, call: Call<RenderTemplate, Client>) -> Rendered {
        if let Some(failure) = self.failure(&key) {
            return Err(failure);
        }
        let flight = self.flights.join(key.clone(), || {
            // A task of its own: the render is paid for, also when all who asked for it have gone.
            let task = tokio::spawn(self.clone().render_and_keep(key.clone(), call));
            Box::pin(async move { task.await.unwrap_or_else(|_| Err((stopped(), PAUSE))) })
        });
        flight.await
    }

    async fn render_and_keep(self, key: String, call: Call<RenderTemplate, Client>) -> Rendered {
        // Asked again: a render may have landed since this one was found to be needed, and would be billed twice.
        if let Some(picture) = self.cache.get(&key).await.filter(|picture| self.left(picture).is_some()) {
            return Ok(picture);
        }
        if let Some(failure) = self.failure(&key) {
            return Err(failure);
        }
        let clock = self.client.clock();
        match call.send().await {
            Ok(picture) => {
                let picture = CachedPicture { url: picture.url.clone(), rendered_at: clock.system_time() };
                self.cache.put(&key, picture.clone()).await;
                self.failures.invalidate(&key);
                Ok(picture)
            }
            Err(error) => {
                let pause = pause(&error);
                // First, as who is told may panic.
                self.failures.insert(key, (clock.now() + pause, error.clone()));
                (self.on_error)(&error);
                Err((error, pause))
            }
        }
    }

    /// For how much longer a picture is fresh, if it is.
    fn left(&self, picture: &CachedPicture) -> Option<Duration> {
        picture.left(self.fresh_for, self.client.clock().system_time())
    }

    /// Why a picture is not tried at this time, and for how much longer.
    fn failure(&self, key: &str) -> Option<(Error, Duration)> {
        let (until, error) = self.failures.get(key)?;
        let left = until.saturating_duration_since(self.client.clock().now());
        (!left.is_zero()).then_some((error, left))
    }
}

/// How long nothing is tried again.
fn pause(error: &Error) -> Duration {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    error.retry_after().unwrap_or_default().clamp(PAUSE, DAY)
}

/// How much memory a failure takes.
fn weight(_: &String, (_, error): &(Instant, Error)) -> u32 {
    // What is received stands in the body, and what of it is understood in the message and the details.
    let received = error.body().map_or(0, bytes::Bytes::len).saturating_mul(2);
    u32::try_from(FAILURE.saturating_add(received)).unwrap_or(u32::MAX)
}

fn stopped() -> Error {
    Error::new(crate::ErrorKind::Transport, "the runtime has stopped the render").with_outcome(true, false)
}

impl fmt::Debug for OgImages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OgImages")
            .field("template", &self.template)
            .field("fresh_for", &self.fresh_for)
            .field("fallback", &self.fallback)
            .finish_non_exhaustive()
    }
}

/// The parameters of a request from the pieces of its path and its query.
#[cfg(any(feature = "actix", feature = "axum"))]
fn parameters<'a>(path: impl Iterator<Item = (&'a str, &'a str)>, query: &str) -> Parameters {
    // Only a URL that stands for itself: what counts is the query.
    let mut parameters = Parameters::new();
    if let Ok(url) = reqwest::Url::parse(&format!("http://localhost/?{query}")) {
        parameters.extend(url.query_pairs().into_owned());
    }
    parameters.extend(path.map(|(name, value)| (name.to_owned(), value.to_owned())));
    parameters
}
