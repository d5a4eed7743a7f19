//! What a template is written in, and the rules for it.

use crate::{Result, variables};
use pictify_api::{
    ValidationErrors,
    types::{JsonObject, TemplateLayouts},
};
use serde::Serialize;

/// How long the source of a template may be, in bytes.
const SOURCE_LIMIT: usize = 500 * 1024;

/// How many layouts a template may have beside its own size.
const LAYOUT_LIMIT: usize = 20;

/// What a template is written in, and its source.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TemplateSource {
    /// HTML with Handlebars expressions such as `{{title}}`.
    Html(String),
    /// A FabricJS canvas.
    Canvas(JsonObject),
}

impl TemplateSource {
    /// HTML with Handlebars expressions such as `{{title}}`, up to 500 KB.
    pub fn html(html: impl Into<String>) -> Self {
        Self::Html(html.into())
    }

    /// A FabricJS canvas: anything that serialises to a JSON object. Its keys are sent as they are.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) when it does not.
    ///
    /// ```
    /// use pictify::templates::TemplateSource;
    ///
    /// let canvas = serde_json::json!({"version": "5.3.0", "objects": []});
    /// assert!(TemplateSource::canvas(&canvas).is_ok());
    /// assert!(TemplateSource::canvas(&[1, 2]).is_err());
    /// ```
    pub fn canvas(canvas: &impl Serialize) -> Result<Self> {
        Ok(Self::Canvas(variables::object(canvas, "fabricJSData")?.into()))
    }
}

/// Rules that creating and changing share.
pub(super) fn check_source(
    html: Option<&str>,
    canvas: Option<&JsonObject>,
    layouts: Option<&TemplateLayouts>,
    found: &mut ValidationErrors,
) {
    if html.is_some() && canvas.is_some() {
        found.push("", "only one of html and fabricJSData may be set");
    }
    found.check_length("html", "bytes", html.map_or(1, str::len), None, Some(SOURCE_LIMIT));
    let Some(layouts) = layouts else { return };
    found.check_length("layouts", "layouts", layouts.len(), None, Some(LAYOUT_LIMIT));
    for key in layouts.keys() {
        let fits = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
        if key.is_empty() || key.len() > 64 || !key.bytes().all(fits) {
            found.push("layouts", format!("the key {key:?} must be 1 to 64 small letters, digits and hyphens"));
        }
    }
}
