//! URLs that answer with a picture, for `<img>` elements: made without sending anything, or fetched.
//!
//! ```no_run
//! # async fn run(client: pictify::Client) -> pictify::Result<()> {
//! use pictify::links::ImageFormat;
//!
//! let card = client.links().template("XK4P2M9QZT", ImageFormat::Png).variable("title", "Hello world");
//! println!("{}", card.url()?); // https://api.pictify.io/r/XK4P2M9QZT.png?title=Hello%20world
//! let picture = card.send().await?;
//! println!("{} bytes", picture.bytes.len());
//! # Ok(()) }
//! ```
//!
//! A URL for HTML still has to be escaped for HTML: `&` between parameters as `&amp;`.

mod picture;

pub use pictify_api::types::{BindingUrlInfo, ImageFormat, QueryVariables};
pub use picture::{ExperimentPicture, Picture, StoredPicture};

use crate::{
    AsClient, Call, Error, Result, download::Downloadable, request::url_of, resources::api_request,
    resources::resource, variables,
};
use pictify_api::{
    Validate, ValidationErrors,
    types::{RenderBindingUrlQuery, RenderExperimentUrlQuery, RenderTemplateUrlQuery},
};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, fmt::Display};

/// The names of parameters that cannot be variables.
const RESERVED: [&str; 3] = ["quality", "layout", "token"];

resource! {
    /// The URL operations of a client: [`client.links()`](crate::Client::links).
    Links
}

impl<C: Clone> Links<C> {
    /// A template, rendered when its URL is asked for. Bills one render each time that no cache answers.
    ///
    /// `GET /r/{templateUid}.{format}`, documented. [`url`](RenderTemplateUrlCall::url) makes the URL, `send` asks for the picture. When it
    /// fails, the service may send a placeholder so that pages do not break: see
    /// [`is_placeholder`](Picture::is_placeholder).
    ///
    /// # Errors
    /// At `url` and `send`: [`Validation`](crate::ErrorKind::Validation) for a quality outside 0.1 to 1, a format that is
    /// not png, jpg, jpeg or webp, a uid that cannot stand in a path, or a variable called `quality`, `layout` or `token`.
    /// At `send` further: `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::links::ImageFormat;
    ///
    /// let url = client.links().template("XK4P2M9QZT", ImageFormat::Webp).variable("title", "Hello").url()?;
    /// println!("{url}");
    /// # Ok(()) }
    /// ```
    pub fn template(&self, uid: impl Into<String>, format: ImageFormat) -> RenderTemplateUrlCall<C> {
        let (uid, format) = (uid.into(), LinkFormat(format));
        self.call(RenderTemplateUrl { uid, format, query: RenderTemplateUrlQuery::default(), if_none_match: None })
    }

    /// The current picture of a binding.
    ///
    /// `GET /b/{bindingId}.{format}`, documented; needs no key and sends none. The binding's refresh policy decides whether
    /// its data is fetched again. When it fails, the service may send a placeholder so that pages do not break: see
    /// [`is_placeholder`](Picture::is_placeholder).
    ///
    /// # Errors
    /// At `url` and `send`: [`Validation`](crate::ErrorKind::Validation) for a format that is not png, jpg, jpeg or webp,
    /// or an id that cannot stand in a path. At `send` further: `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::links::ImageFormat;
    ///
    /// let picture = client.links().binding("BN6T1VH2PA", ImageFormat::Png).send().await?;
    /// let later = client.links().binding("BN6T1VH2PA", ImageFormat::Png);
    /// let later = match picture.etag { Some(etag) => later.if_none_match(etag), None => later };
    /// println!("unchanged: {}", later.send().await?.unchanged);
    /// # Ok(()) }
    /// ```
    pub fn binding(&self, id: impl Into<String>, format: ImageFormat) -> RenderBindingUrlCall<C> {
        let (id, format) = (id.into(), LinkFormat(format));
        self.call(RenderBindingUrl { id, format, query: RenderBindingUrlQuery::default(), if_none_match: None })
    }

    /// Reads where the current picture of a binding is stored, without fetching it.
    ///
    /// `GET /b/{bindingId}.{format}/url`, known from older dashboard code only: it may answer 404. Needs no key and sends
    /// none; reads only.
    ///
    /// # Errors
    /// As [`binding`](Self::binding).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::links::ImageFormat;
    ///
    /// let stored = client.links().binding_info("BN6T1VH2PA", ImageFormat::Png).send().await?;
    /// client.download(&stored).to_file("stars.png").await?;
    /// # Ok(()) }
    /// ```
    pub fn binding_info(&self, id: impl Into<String>, format: ImageFormat) -> GetBindingUrlInfoCall<C> {
        self.call(GetBindingUrlInfo { id: id.into(), format: LinkFormat(format) })
    }

    /// The picture of the variant that an experiment picks for whoever asks. Each `send` counts as an impression.
    ///
    /// `GET /s/{slug}.{format}`, retired with the experiments in July 2026: it may answer 404 or 410. Needs no key and sends
    /// none. 410 also means that the experiment has ended without a fallback picture.
    ///
    /// # Errors
    /// At `url` and `send`: as [`binding`](Self::binding). At `send` further: `Gone`. With
    /// [`outcome_unknown`](Error::outcome_unknown) the impression may have been counted.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::links::{ExperimentPicture, ImageFormat};
    ///
    /// let hero = client.links().experiment("homepage-hero", ImageFormat::Png).context("utm_source", "mail");
    /// println!("{}", hero.url()?);
    /// match hero.send().await? {
    ///     ExperimentPicture::Inline(picture) => println!("{} bytes", picture.bytes.len()),
    ///     ExperimentPicture::Stored(stored) => println!("{}", stored.url),
    ///     _ => {}
    /// }
    /// # Ok(()) }
    /// ```
    pub fn experiment(&self, slug: impl Into<String>, format: ImageFormat) -> RenderExperimentUrlCall<C> {
        let (slug, format) = (slug.into(), LinkFormat(format));
        self.call(RenderExperimentUrl { slug, format, query: RenderExperimentUrlQuery::default() })
    }
}

api_request! {
    /// The request of [`Links::template`] as data.
    RenderTemplateUrl / RenderTemplateUrlCall {
        uid: String,
        format: LinkFormat,
        query: RenderTemplateUrlQuery,
        if_none_match: Option<String>,
    } -> Picture = RENDER_TEMPLATE_URL,
    |op, base| {
        let RenderTemplateUrlQuery { layout, quality, token, variables, .. } = &op.query;
        let etag = op.if_none_match.as_deref();
        let (layout, token) = (layout.as_deref(), token.as_ref().map(pictify_api::Secret::expose));
        let format = op.format.0.clone();
        requests::render_template_url(base, &op.uid, format, layout, *quality, token, variables.as_ref(), etag)
    },
    read |_value, response| picture::read(response),
    rules |op, found| {
        for name in op.query.variables.iter().flat_map(|variables| variables.keys()) {
            if RESERVED.contains(&name.as_str()) {
                found.push(name, "cannot be the name of a variable in a URL: it is a parameter of its own");
            }
        }
    }
}

/// Setters of [`Links::template`].
impl<C> RenderTemplateUrlCall<C> {
    /// A value for a variable of the template, as text. `quality`, `layout` and `token` cannot be names.
    pub fn variable(self, name: impl Into<String>, value: impl Display) -> Self {
        self.with(|op| {
            op.query.variables.get_or_insert_default().0.insert(name.into(), value.to_string());
        })
    }

    /// Values for variables: anything that serialises to a JSON object of strings, numbers and booleans. Null is left out.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) when it does not; a URL cannot hold lists and objects.
    pub fn variables(self, variables: &impl Serialize) -> Self {
        self.try_with(texts(variables), |op, texts| op.query.variables.get_or_insert_default().0.extend(texts))
    }

    /// The quality of lossy formats, 0.1 to 1. The service's default is 0.9.
    pub fn quality(self, quality: f64) -> Self {
        self.with(|op| op.query.quality = Some(quality))
    }

    /// The key of the layout to render. The service's default is the template itself.
    pub fn layout(self, key: impl Into<String>) -> Self {
        self.with(|op| op.query.layout = Some(key.into()))
    }

    /// The [`etag`](Picture::etag) of the picture at hand; only `send` uses it.
    pub fn if_none_match(self, etag: impl Into<String>) -> Self {
        self.with(|op| op.if_none_match = Some(etag.into()))
    }
}

impl<C: AsClient> RenderTemplateUrlCall<C> {
    /// The URL, without a key in it: for whatever can send the header `Authorization`. Nothing is sent.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation), as [`Links::template`] says.
    pub fn url(&self) -> Result<Url> {
        url_of(self.0.client.as_async().base_url(), &self.0.request)
    }

    /// The URL with an API key in it, for places that cannot send a header. Nothing is sent.
    ///
    /// The key then stands in pages, histories and logs, and whoever reads it can render at your expense: make a key for
    /// this alone, and prefer [`url`](Self::url) wherever a header can be sent.
    ///
    /// # Errors
    /// As [`url`](Self::url); [`Validation`](crate::ErrorKind::Validation) for an empty key.
    ///
    /// ```no_run
    /// # fn run(client: pictify::Client, key_for_pages: &str) -> pictify::Result<()> {
    /// use pictify::links::ImageFormat;
    ///
    /// let card = client.links().template("XK4P2M9QZT", ImageFormat::Png).variable("title", "Hello");
    /// let page = format!(r#"<img src="{}">"#, card.url_with_key(key_for_pages)?.as_str().replace('&', "&amp;"));
    /// # Ok(()) }
    /// ```
    pub fn url_with_key(&self, key: &str) -> Result<Url> {
        // Only here, so that a call neither prints nor stores the key.
        let mut operation = self.0.request.clone();
        operation.query.token = Some(key.trim().into());
        url_of(self.0.client.as_async().base_url(), &operation)
    }
}

api_request! {
    /// The request of [`Links::binding`] as data.
    RenderBindingUrl / RenderBindingUrlCall {
        id: String,
        format: LinkFormat,
        query: RenderBindingUrlQuery,
        if_none_match: Option<String>,
    } -> Picture = RENDER_BINDING_URL,
    |op, base| {
        let (cache_key, etag) = (op.query.t.as_deref(), op.if_none_match.as_deref());
        requests::render_binding_url(base, &op.id, op.format.0.clone(), cache_key, etag)
    },
    read |_value, response| picture::read(response)
}

/// Setters of [`Links::binding`].
impl<C> RenderBindingUrlCall<C> {
    /// Passes by caches: any value that was not sent before, for example the time of day.
    pub fn cache_key(self, value: impl Display) -> Self {
        self.with(|op| op.query.t = Some(value.to_string()))
    }

    /// The [`etag`](Picture::etag) of the picture at hand; only `send` uses it.
    pub fn if_none_match(self, etag: impl Into<String>) -> Self {
        self.with(|op| op.if_none_match = Some(etag.into()))
    }
}

impl<C: AsClient> RenderBindingUrlCall<C> {
    /// The URL. Nothing is sent.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation), as [`Links::binding`] says.
    pub fn url(&self) -> Result<Url> {
        url_of(self.0.client.as_async().base_url(), &self.0.request)
    }
}

api_request! {
    /// The request of [`Links::binding_info`] as data.
    GetBindingUrlInfo / GetBindingUrlInfoCall { id: String, format: LinkFormat } -> BindingUrlInfo = GET_BINDING_URL_INFO,
    |op, base| requests::get_binding_url_info(base, &op.id, op.format.0.clone())
}

impl Downloadable for BindingUrlInfo {
    fn url(&self) -> &str {
        &self.url
    }
}

api_request! {
    /// The request of [`Links::experiment`] as data.
    RenderExperimentUrl / RenderExperimentUrlCall {
        slug: String,
        format: LinkFormat,
        query: RenderExperimentUrlQuery,
    } -> ExperimentPicture = RENDER_EXPERIMENT_URL,
    |op, base| requests::render_experiment_url(base, &op.slug, op.format.0.clone(), op.query.context.as_ref()),
    read |_value, response| picture::read_or_follow(response, base)
}

/// Setters of [`Links::experiment`].
impl<C> RenderExperimentUrlCall<C> {
    /// A parameter that the conditions of a smart link look at.
    pub fn context(self, name: impl Into<String>, value: impl Display) -> Self {
        self.with(|op| {
            op.query.context.get_or_insert_default().0.insert(name.into(), value.to_string());
        })
    }
}

impl<C: AsClient> RenderExperimentUrlCall<C> {
    /// The URL. Nothing is sent, and nothing is counted.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation), as [`Links::experiment`] says.
    pub fn url(&self) -> Result<Url> {
        url_of(self.0.client.as_async().base_url(), &self.0.request)
    }
}

/// The file format at the end of a path: one of those that the document knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct LinkFormat(ImageFormat);

impl Validate for LinkFormat {
    fn validate(&self, found: &mut ValidationErrors) {
        if let ImageFormat::Unknown(format) = &self.0 {
            found.push("format", format!("must be png, jpg, jpeg or webp, is {format}"));
        }
    }
}

/// Values as the texts that a URL can hold.
fn texts(values: &impl Serialize) -> Result<BTreeMap<String, String>> {
    let mut texts = BTreeMap::new();
    let mut found = ValidationErrors::default();
    for (name, value) in variables::object(values, "variables")? {
        match value {
            Value::Null => {}
            Value::String(text) => _ = texts.insert(name, text),
            Value::Bool(_) | Value::Number(_) => _ = texts.insert(name, value.to_string()),
            Value::Array(_) => found.push(&name, "must be a string, a number or a boolean in a URL, is a list"),
            Value::Object(_) => found.push(&name, "must be a string, a number or a boolean in a URL, is an object"),
        }
    }
    if found.is_empty() { Ok(texts) } else { Err(Error::invalid(found)) }
}
