//! Source of a template, and the rules for it.

use crate::{Result, variables};
use pictify_api::{
    ValidationErrors,
    types::{JsonObject, TemplateLayouts},
};
use serde::Serialize;

/// Maximum size of the source of a template, in bytes.
const MAX_SOURCE_BYTES: usize = 500 * 1024;

/// Maximum number of layouts of a template, in addition to its own size.
const MAX_LAYOUTS: usize = 20;

/// Source of a template: HTML or a canvas.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TemplateSource {
    /// HTML with Handlebars expressions such as `{{title}}`.
    Html(String),
    /// A FabricJS canvas.
    Canvas(JsonObject),
}

impl TemplateSource {
    /// Creates a source from HTML with Handlebars expressions such as `{{title}}`, up to 500 KB.
    pub fn html(html: impl Into<String>) -> Self {
        Self::Html(html.into())
    }

    /// Creates a source from a FabricJS canvas: any value that serialises to a JSON object. Its keys are sent
    /// unchanged.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) if it does not.
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

/// Checks the rules that creating and changing have in common.
pub(super) fn check_source(
    html: Option<&str>,
    canvas: Option<&JsonObject>,
    layouts: Option<&TemplateLayouts>,
    found: &mut ValidationErrors,
) {
    if html.is_some() && canvas.is_some() {
        found.push("", "only one of html and fabricJSData may be set");
    }
    found.check_length("html", "bytes", html.map_or(1, str::len), None, Some(MAX_SOURCE_BYTES));
    let Some(layouts) = layouts else { return };
    found.check_length("layouts", "layouts", layouts.len(), None, Some(MAX_LAYOUTS));
    for key in layouts.keys() {
        let is_allowed = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
        if key.is_empty() || key.len() > 64 || !key.bytes().all(is_allowed) {
            found.push("layouts", format!("the key {key:?} must be 1 to 64 lower-case letters, digits and hyphens"));
        }
    }
}
