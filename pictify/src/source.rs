//! What a picture is made from.

use crate::{Error, Result, variables};
use pictify_api::{ValidationErrors, types::Variables};
use reqwest::Url;
use serde::Serialize;

/// What a picture is made from: exactly one thing.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Source {
    /// HTML, with its CSS in `<style>` elements or `style` attributes.
    Html(String),
    /// A live page, of which a screenshot is taken.
    Url(Url),
    /// A template with values for its variables.
    Template {
        /// The template's uid.
        uid: String,
        /// The values, by name.
        variables: Variables,
    },
}

impl Source {
    /// HTML. Put its CSS into a `<style>` element in front.
    pub fn html(html: impl Into<String>) -> Self {
        Self::Html(html.into())
    }

    /// A live page: http or https. The service refuses private addresses.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) when `url` is not an absolute http or https URL.
    ///
    /// ```
    /// use pictify::images::Source;
    ///
    /// assert!(Source::url("https://example.com").is_ok());
    /// assert!(Source::url("example.com").is_err());
    /// ```
    pub fn url(url: impl AsRef<str>) -> Result<Self> {
        web_url("url", url.as_ref()).map(Self::Url)
    }

    /// A template with values for its variables: anything that serialises to a JSON object.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) when `variables` does not serialise, or not to an object.
    ///
    /// ```
    /// use pictify::images::Source;
    ///
    /// #[derive(serde::Serialize)]
    /// struct Card { title: &'static str }
    ///
    /// assert!(Source::template("XK4P2M9QZT", &Card { title: "Rust" }).is_ok());
    /// assert!(Source::template("XK4P2M9QZT", &"not an object").is_err());
    /// ```
    pub fn template(uid: impl Into<String>, variables: &impl Serialize) -> Result<Self> {
        Ok(Self::Template { uid: uid.into(), variables: variables::from(variables)? })
    }
}

/// An absolute http or https URL; `field` is what errors call it.
pub(crate) fn web_url(field: &str, url: &str) -> Result<Url> {
    let url = Url::parse(url).map_err(|error| Error::invalid_field(field, error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Error::invalid_field(field, format!("must be http or https, is {}", url.scheme())));
    }
    Ok(url)
}

/// The rule of requests that take one of several sources. One that came out of a queue was not built from a [`Source`].
pub(crate) fn exactly_one(sources: [&Option<String>; 3], found: &mut ValidationErrors) {
    let sources = sources.into_iter().flatten().count();
    if sources != 1 {
        found.push("", format!("exactly one of html, url and template must be set, {sources} are"));
    }
}
