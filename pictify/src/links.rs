//! URLs that return an image, for `<img>` elements. They are built without a request, or fetched.
//!
//! ```no_run
//! # async fn run(client: pictify::Client) -> pictify::Result<()> {
//! use pictify::images::ImageFormat;
//!
//! let card = client.links().template("XK4P2M9QZT", ImageFormat::Png).variable("title", "Hello world");
//! println!("{}", card.url()?); // https://api.pictify.io/r/XK4P2M9QZT.png?title=Hello%20world
//! let image = card.send().await?;
//! println!("{} bytes", image.bytes.len());
//! # Ok(()) }
//! ```
//!
//! To put a URL into HTML, escape it: `&` between parameters becomes `&amp;`.

mod image;

pub use image::{ExperimentImage, LinkImage, StoredImage};
pub use pictify_api::types::{BindingUrlInfo, QueryVariables};

use crate::images::ImageFormat;
use crate::{AsClient, Error, Result, download::Downloadable, resources::api_request, resources::resource, variables};
use pictify_api::{
    Validate, ValidationErrors,
    types::{RenderBindingUrlQuery, RenderExperimentUrlQuery, RenderTemplateUrlQuery},
};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, fmt::Display};

/// Parameter names that cannot be names of variables.
const RESERVED: [&str; 3] = ["quality", "layout", "token"];

resource! {
    /// URL operations of a client: [`client.links()`](crate::Client::links).
    Links
}

impl<C: Clone> Links<C> {
    /// Renders a template when its URL is requested. Bills one render for each request that no cache serves.
    ///
    /// `GET /r/{templateUid}.{format}`, documented. [`url`](RenderTemplateUrlCall::url) builds the URL, `send` fetches the image. If the
    /// render fails, the service may send a placeholder so that pages do not break: see
    /// [`is_placeholder`](LinkImage::is_placeholder).
    ///
    /// # Errors
    /// At `url` and `send`: [`Validation`](crate::ErrorKind::Validation) for a quality outside 0.1 to 1, a format that
    /// is not png, jpg, jpeg or webp, a uid that cannot be part of a path, or a variable called `quality`, `layout` or
    /// `token`. At `send` also: `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::images::ImageFormat;
    ///
    /// let url = client.links().template("XK4P2M9QZT", ImageFormat::Webp).variable("title", "Hello").url()?;
    /// println!("{url}");
    /// # Ok(()) }
    /// ```
    pub fn template(&self, uid: impl Into<String>, format: ImageFormat) -> RenderTemplateUrlCall<C> {
        let (uid, format) = (uid.into(), LinkFormat(format));
        self.call(RenderTemplateUrl::of(uid, format, RenderTemplateUrlQuery::default(), None))
    }

    /// Returns the current image of a binding.
    ///
    /// `GET /b/{bindingId}.{format}`, documented; needs no key and sends none. The refresh policy of the binding decides
    /// if its data is fetched again. If the render fails, the service may send a placeholder so that pages do not break:
    /// see [`is_placeholder`](LinkImage::is_placeholder).
    ///
    /// # Errors
    /// At `url` and `send`: [`Validation`](crate::ErrorKind::Validation) for a format that is not png, jpg, jpeg or
    /// webp, or an ID that cannot be part of a path. At `send` also: `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::images::ImageFormat;
    ///
    /// let image = client.links().binding("BN6T1VH2PA", ImageFormat::Png).send().await?;
    /// let later = client.links().binding("BN6T1VH2PA", ImageFormat::Png);
    /// let later = match image.etag { Some(etag) => later.if_none_match(etag), None => later };
    /// println!("unchanged: {}", later.send().await?.unchanged);
    /// # Ok(()) }
    /// ```
    pub fn binding(&self, id: impl Into<String>, format: ImageFormat) -> RenderBindingUrlCall<C> {
        let (id, format) = (id.into(), LinkFormat(format));
        self.call(RenderBindingUrl::of(id, format, RenderBindingUrlQuery::default(), None))
    }

    /// Returns the URL at which the current image of a binding is stored, without fetching the image.
    ///
    /// `GET /b/{bindingId}.{format}/url`, known from older dashboard code only: it may return 404. Needs no key and sends
    /// none; reads only.
    ///
    /// # Errors
    /// As [`binding`](Self::binding).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::images::ImageFormat;
    ///
    /// let stored = client.links().binding_info("BN6T1VH2PA", ImageFormat::Png).send().await?;
    /// client.download(&stored).to_file("stars.png").await?;
    /// # Ok(()) }
    /// ```
    pub fn binding_info(&self, id: impl Into<String>, format: ImageFormat) -> GetBindingUrlInfoCall<C> {
        self.call(GetBindingUrlInfo::of(id.into(), LinkFormat(format)))
    }

    /// Returns the image of the variant that an experiment picks for the visitor. Each `send` counts as an impression.
    ///
    /// `GET /s/{slug}.{format}`, retired with the experiments in July 2026: it may return 404 or 410. Needs no key and
    /// sends none. 410 also means that the experiment has ended without a fallback image.
    ///
    /// # Errors
    /// At `url` and `send`: as [`binding`](Self::binding). At `send` also: `Gone`. With
    /// [`outcome_unknown`](Error::outcome_unknown), the impression may have been counted.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::links::ExperimentImage;
    /// use pictify::images::ImageFormat;
    ///
    /// let hero = client.links().experiment("homepage-hero", ImageFormat::Png).context("utm_source", "mail");
    /// println!("{}", hero.url()?);
    /// match hero.send().await? {
    ///     ExperimentImage::Inline(image) => println!("{} bytes", image.bytes.len()),
    ///     ExperimentImage::Stored(stored) => println!("{}", stored.url),
    ///     _ => {}
    /// }
    /// # Ok(()) }
    /// ```
    pub fn experiment(&self, slug: impl Into<String>, format: ImageFormat) -> RenderExperimentUrlCall<C> {
        let (slug, format) = (slug.into(), LinkFormat(format));
        self.call(RenderExperimentUrl::of(slug, format, RenderExperimentUrlQuery::default()))
    }
}

/// Setters of [`Links::template`].
impl<C> RenderTemplateUrlCall<C> {
    /// Sets the value of a variable of the template, as text. `quality`, `layout` and `token` cannot be names.
    pub fn variable(self, name: impl Into<String>, value: impl Display) -> Self {
        self.with(|op| {
            op.query.variables.get_or_insert_default().0.insert(name.into(), value.to_string());
        })
    }

    /// Sets the values of variables: anything that serialises to a JSON object of strings, numbers and booleans. Null
    /// is omitted.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) if it does not; a URL cannot contain lists and objects.
    pub fn variables(self, variables: &impl Serialize) -> Self {
        self.try_with(texts(variables), |op, texts| op.query.variables.get_or_insert_default().0.extend(texts))
    }

    /// Sets the quality of lossy formats, 0.1 to 1. The service's default is 0.9.
    pub fn quality(self, quality: f64) -> Self {
        self.with(|op| op.query.quality = Some(quality))
    }

    /// Sets the key of the layout to render. The service's default is the template itself.
    pub fn layout(self, key: impl Into<String>) -> Self {
        self.with(|op| op.query.layout = Some(key.into()))
    }

    /// Sets the [`etag`](LinkImage::etag) of an image that the caller already has; only `send` uses it.
    pub fn if_none_match(self, etag: impl Into<String>) -> Self {
        self.with(|op| op.if_none_match = Some(etag.into()))
    }
}

api_request! {
    /// The request of [`Links::template`] as data.
    RenderTemplateUrl / RenderTemplateUrlCall {
        uid: String,
        format: LinkFormat,
        query: RenderTemplateUrlQuery,
        if_none_match: Option<String>,
    } -> LinkImage = RENDER_TEMPLATE_URL,
    |op, base| {
        let RenderTemplateUrlQuery { layout, quality, token, variables, .. } = &op.query;
        let etag = op.if_none_match.as_deref();
        let (layout, token) = (layout.as_deref(), token.as_ref().map(pictify_api::Secret::expose));
        let format = op.format.0.clone();
        requests::render_template_url(base, &op.uid, format, layout, *quality, token, variables.as_ref(), etag)
    },
    read |_value, response| image::read(response),
    rules |op, found| {
        for name in op.query.variables.iter().flat_map(|variables| variables.keys()) {
            if RESERVED.contains(&name.as_str()) {
                found.push(name, "cannot be the name of a variable in a URL: it is a parameter of its own");
            }
        }
    }
}

impl<C: AsClient> RenderTemplateUrlCall<C> {
    /// Returns the URL, without a key in it, for clients that can send the header `Authorization`. Sends nothing.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation), as for [`Links::template`].
    pub fn url(&self) -> Result<Url> {
        self.0.url()
    }

    /// Returns the URL with an API key in it, for clients that cannot send a header. Sends nothing.
    ///
    /// The key is then visible in pages, histories and logs, and everybody who reads it can render at your expense.
    /// Create a key for this purpose alone, and prefer [`url`](Self::url) if the client can send a header.
    ///
    /// # Errors
    /// As [`url`](Self::url); [`Validation`](crate::ErrorKind::Validation) for an empty key.
    ///
    /// ```no_run
    /// # fn run(client: pictify::Client, key_for_pages: &str) -> pictify::Result<()> {
    /// use pictify::images::ImageFormat;
    ///
    /// let card = client.links().template("XK4P2M9QZT", ImageFormat::Png).variable("title", "Hello");
    /// let page = format!(r#"<img src="{}">"#, card.url_with_key(key_for_pages)?.as_str().replace('&', "&amp;"));
    /// # Ok(()) }
    /// ```
    pub fn url_with_key(&self, key: &str) -> Result<Url> {
        // Set only here, so that a call neither prints nor stores the key.
        let mut call = self.0.clone();
        call.request.query.token = Some(key.trim().into());
        call.url()
    }
}

/// Setters of [`Links::binding`].
impl<C> RenderBindingUrlCall<C> {
    /// Bypasses caches: any value that was not sent before, for example the current time.
    pub fn cache_key(self, value: impl Display) -> Self {
        self.with(|op| op.query.t = Some(value.to_string()))
    }

    /// Sets the [`etag`](LinkImage::etag) of an image that the caller already has; only `send` uses it.
    pub fn if_none_match(self, etag: impl Into<String>) -> Self {
        self.with(|op| op.if_none_match = Some(etag.into()))
    }
}

api_request! {
    /// The request of [`Links::binding`] as data.
    RenderBindingUrl / RenderBindingUrlCall {
        id: String,
        format: LinkFormat,
        query: RenderBindingUrlQuery,
        if_none_match: Option<String>,
    } -> LinkImage = RENDER_BINDING_URL,
    |op, base| {
        let (cache_key, etag) = (op.query.t.as_deref(), op.if_none_match.as_deref());
        requests::render_binding_url(base, &op.id, op.format.0.clone(), cache_key, etag)
    },
    read |_value, response| image::read(response)
}

impl<C: AsClient> RenderBindingUrlCall<C> {
    /// Returns the URL. Sends nothing.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation), as for [`Links::binding`].
    pub fn url(&self) -> Result<Url> {
        self.0.url()
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

/// Setters of [`Links::experiment`].
impl<C> RenderExperimentUrlCall<C> {
    /// Adds a parameter for the conditions of a smart link.
    pub fn context(self, name: impl Into<String>, value: impl Display) -> Self {
        self.with(|op| {
            op.query.context.get_or_insert_default().0.insert(name.into(), value.to_string());
        })
    }
}

api_request! {
    /// The request of [`Links::experiment`] as data.
    RenderExperimentUrl / RenderExperimentUrlCall {
        slug: String,
        format: LinkFormat,
        query: RenderExperimentUrlQuery,
    } -> ExperimentImage = RENDER_EXPERIMENT_URL,
    |op, base| requests::render_experiment_url(base, &op.slug, op.format.0.clone(), op.query.context.as_ref()),
    read |_value, response| image::read_or_follow(response, base)
}

impl<C: AsClient> RenderExperimentUrlCall<C> {
    /// Returns the URL. Sends nothing, and nothing is counted.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation), as for [`Links::experiment`].
    pub fn url(&self) -> Result<Url> {
        self.0.url()
    }
}

/// The file format at the end of a path. Only the formats of the API document are valid.
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

/// Converts values to the strings that a URL can contain.
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
