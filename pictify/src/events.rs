//! Event tracking for experiments.
//!
//! ```no_run
//! # async fn run(client: pictify::Client) -> pictify::Result<()> {
//! use pictify::events::Event;
//!
//! let bought = Event::conversion("homepage-hero").variant("variant-b").metadata(&serde_json::json!({"total": 42.5}))?;
//! let receipt = client.events().track([bought]).send().await?;
//! assert!(receipt.errors.is_empty(), "rejected events are in the response, they are not an error");
//! # Ok(()) }
//! ```
//!
//! These calls do not send the API key. The service withdrew experiments in July 2026, and according to the newest
//! evidence these routes with them: calls may fail with [`NotFound`](crate::ErrorKind::NotFound) or
//! [`Gone`](crate::ErrorKind::Gone).

use crate::{AsClient, Error, ErrorKind, Result, resources::api_request, resources::resource, variables};
use pictify_api::{
    Secret,
    types::{ExperimentEvent, JsonObject},
};
use reqwest::{Url, header::LOCATION};
use serde::{Deserialize, Serialize};

pub use pictify_api::types::{EventChannel, EventDevice, EventError, EventReceipt, EventSource, ResolvedVariant};

/// Maximum size of the metadata of an event, in bytes of JSON.
const MAX_METADATA_BYTES: usize = 10 * 1024;

resource! {
    /// Event operations of a client: [`client.events()`](crate::Client::events).
    Events
}

impl<C: Clone> Events<C> {
    /// Reports 1 to 100 events. Events that are sent twice are counted twice.
    ///
    /// `POST /s/events`, retired: it may return 404 or 410. It uses a [`write_key`](TrackExperimentEventsCall::write_key) instead of the API
    /// key. A rejected event does not fail the call: check `errors` in the response.
    ///
    /// # Errors
    /// At `send`: `Validation`, before anything is sent, for no events or more than 100, a slug of more than 60
    /// characters, or metadata of more than 10 KB; `RateLimited`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::events::Event;
    ///
    /// let events = [Event::impression("homepage-hero"), Event::click("homepage-hero").variant("variant-b")];
    /// println!("{:?}", client.events().track(events).write_key("wk_example").send().await?.processed);
    /// # Ok(()) }
    /// ```
    pub fn track(&self, events: impl IntoIterator<Item = Event>) -> TrackExperimentEventsCall<C> {
        let events = events.into_iter().map(|event| event.0).collect();
        self.call(TrackExperimentEvents::of(None, events))
    }

    /// Counts a click and returns its destination. For links in pages and mail, use the
    /// [`url`](TrackExperimentClickCall::url) of this call.
    ///
    /// `GET /s/{slug}/click`, retired: it may return 404 or 410. Each call counts.
    ///
    /// # Errors
    /// At `send`: `Decode` if the response has no destination; `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let link = client.events().click("homepage-hero").url()?;
    /// let destination = client.events().click("homepage-hero").send().await?;
    /// println!("{link} leads to {destination}");
    /// # Ok(()) }
    /// ```
    pub fn click(&self, slug: impl Into<String>) -> TrackExperimentClickCall<C> {
        self.call(TrackExperimentClick::of(slug.into()))
    }

    /// Counts an impression. For pages and mail, use the [`url`](TrackExperimentPixelCall::url) of this call as the URL of an image.
    ///
    /// `GET /s/{slug}/pixel.gif`, retired: it may return 404 or 410. Each call counts, and succeeds even if the
    /// experiment does not exist.
    ///
    /// # Errors
    /// At `send`: any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let html = format!(r#"<img src="{}" width="1" height="1">"#, client.events().pixel("homepage-hero").url()?);
    /// client.events().pixel("homepage-hero").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn pixel(&self, slug: impl Into<String>) -> TrackExperimentPixelCall<C> {
        self.call(TrackExperimentPixel::of(slug.into()))
    }

    /// Returns the variant that a visitor would see.
    ///
    /// `GET /s/{slug}/resolve`, retired: it may return 404 or 410. Reads only. Known only from older code of the
    /// service.
    ///
    /// # Errors
    /// At `send`: `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// println!("{:?}", client.events().resolve("homepage-hero").send().await?.variant_id);
    /// # Ok(()) }
    /// ```
    pub fn resolve(&self, slug: impl Into<String>) -> ResolveExperimentCall<C> {
        self.call(ResolveExperiment::of(slug.into()))
    }
}

/// An action of one visitor in an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Event(ExperimentEvent);

impl Event {
    /// Creates an event by its name: `impression`, `view`, `click`, `conversion`, or a custom name of the experiment.
    pub fn new(name: impl Into<String>, slug: impl Into<String>) -> Self {
        Self(ExperimentEvent::new(name.into(), slug.into()))
    }

    /// Creates an event for an image that was shown.
    pub fn impression(slug: impl Into<String>) -> Self {
        Self::new("impression", slug)
    }

    /// Creates an event for a click on the image.
    pub fn click(slug: impl Into<String>) -> Self {
        Self::new("click", slug)
    }

    /// Creates an event for a conversion: the visitor reached the goal of the experiment.
    pub fn conversion(slug: impl Into<String>) -> Self {
        Self::new("conversion", slug)
    }

    /// Sets the ID of the variant that was shown.
    #[must_use]
    pub fn variant(mut self, id: impl Into<String>) -> Self {
        self.0.variant_id = Some(id.into());
        self
    }

    /// Sets the channel in which the visitor saw it.
    #[must_use]
    pub fn channel(mut self, channel: EventChannel) -> Self {
        self.0.channel = Some(channel);
        self
    }

    /// Sets the device of the visitor.
    #[must_use]
    pub fn device(mut self, device: EventDevice) -> Self {
        self.0.device = Some(device);
        self
    }

    /// Sets the page that the visitor came from.
    #[must_use]
    pub fn referrer(mut self, page: impl Into<String>) -> Self {
        self.0.referrer = Some(page.into());
        self
    }

    /// Sets the sender of the event. The service's default is `api`.
    #[must_use]
    pub fn source(mut self, source: EventSource) -> Self {
        self.0.source = Some(source);
        self
    }

    /// Sets additional data: at most 10 KB, 3 levels and 50 properties.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) if it does not serialise to a JSON object.
    pub fn metadata(mut self, metadata: &impl Serialize) -> Result<Self> {
        let metadata: JsonObject = variables::object(metadata, "metadata")?.into();
        self.0.metadata = Some(metadata);
        Ok(self)
    }
}

/// Setters of [`Events::track`].
impl<C> TrackExperimentEventsCall<C> {
    /// Sets the write key of the account, which authorises the events. It may be used in a browser.
    pub fn write_key(self, key: impl Into<Secret>) -> Self {
        self.with(|op| op.write_key = Some(key.into()))
    }
}

api_request! {
    /// The request of [`Events::track`] as data.
    TrackExperimentEvents / TrackExperimentEventsCall { write_key: Option<Secret>, events: Vec<ExperimentEvent> } -> EventReceipt
        = TRACK_EXPERIMENT_EVENTS,
    |op, base| requests::track_experiment_events(base, op.write_key.as_ref().map(Secret::expose), &op.events),
    rules |op, found| {
        found.check_length("events", "events", op.events.len(), Some(1), Some(100));
        for (index, event) in op.events.iter().enumerate() {
            let size = event.metadata.as_ref().and_then(|object| serde_json::to_vec(object).ok()).map_or(0, |json| json.len());
            if size > MAX_METADATA_BYTES {
                let text = format!("must be at most {MAX_METADATA_BYTES} bytes of JSON, is {size}");
                found.push(&format!("events[{index}].metadata"), text);
            }
        }
    }
}

api_request! {
    /// The request of [`Events::click`] as data.
    TrackExperimentClick / TrackExperimentClickCall { slug: String } -> Url = TRACK_EXPERIMENT_CLICK,
    |op, base| requests::track_experiment_click(base, &op.slug),
    read |value, response| {
        let () = value;
        destination(response.headers.get(LOCATION).and_then(|to| to.to_str().ok()), base)
    }
}

impl<C: AsClient> TrackExperimentClickCall<C> {
    /// Returns the URL, for a link. Sends nothing, and nothing is counted.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) for a slug that cannot be part of a path.
    pub fn url(&self) -> Result<Url> {
        self.0.url()
    }
}

/// Resolves the destination of a click; the location may be a relative URL.
fn destination(location: Option<&str>, base: &str) -> Result<Url> {
    let url = location.and_then(|location| Url::parse(base).ok()?.join(location).ok());
    url.ok_or_else(|| Error::new(ErrorKind::Decode, "the click was counted, but the response has no valid destination"))
}

api_request! {
    /// The request of [`Events::pixel`] as data.
    TrackExperimentPixel / TrackExperimentPixelCall { slug: String } -> () = TRACK_EXPERIMENT_PIXEL,
    |op, base| requests::track_experiment_pixel(base, &op.slug),
    read |_value, _response| Ok(())
}

impl<C: AsClient> TrackExperimentPixelCall<C> {
    /// Returns the URL, for an image of one pixel. Sends nothing, and nothing is counted.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) for a slug that cannot be part of a path.
    pub fn url(&self) -> Result<Url> {
        self.0.url()
    }
}

api_request! {
    /// The request of [`Events::resolve`] as data.
    ResolveExperiment / ResolveExperimentCall { slug: String } -> ResolvedVariant = RESOLVE_EXPERIMENT,
    |op, base| requests::resolve_experiment(base, &op.slug)
}
