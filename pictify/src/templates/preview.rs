//! Previews of designs that are not stored.

use super::{RasterFormat, TemplatePreview, TemplateSource, Templates, VariableDefinition, source::check_source};
use crate::{resources::api_request, variables};
use pictify_api::types::{PreviewTemplateRequest, Variables};
use serde::Serialize;

impl<C: Clone> Templates<C> {
    /// Renders a design with values for its variables, without storing a template or a file. Bills nothing.
    ///
    /// `POST /templates/preview`, documented. The response contains the image itself:
    /// [`decode_image`](TemplatePreview::decode_image) returns its bytes. The service allows 60 previews a minute;
    /// further ones are rate limited.
    ///
    /// # Errors
    /// At `send`: [`Validation`](crate::ErrorKind::Validation), before anything is sent, if `variables` does not
    /// serialise to a JSON object, or for an empty source or one of more than 500 KB; from the service, `Validation`
    /// for an invalid source or value; `RateLimited`; any other error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::templates::TemplateSource;
    ///
    /// let draft = TemplateSource::html("<h1>{{title}}</h1>");
    /// let values = serde_json::json!({"title": "Draft"});
    /// let preview = client.templates().preview(draft, &values).size(600, 300).send().await?;
    /// std::fs::write("draft.png", preview.decode_image().unwrap_or_default()).expect("a writable folder");
    /// # Ok(()) }
    /// ```
    pub fn preview(&self, source: TemplateSource, variables: &impl Serialize) -> PreviewTemplateCall<C> {
        self.call_with(variables::from(variables), |variables| PreviewTemplate::new(source, variables))
    }
}

/// Setters of [`Templates::preview`].
impl<C> PreviewTemplateCall<C> {
    /// Sets the width and height in pixels.
    pub fn size(self, width: u32, height: u32) -> Self {
        self.width(width).height(height)
    }

    /// Sets the width in pixels.
    pub fn width(self, pixels: u32) -> Self {
        self.with(|op| op.body.width = Some(pixels.into()))
    }

    /// Sets the height in pixels.
    pub fn height(self, pixels: u32) -> Self {
        self.with(|op| op.body.height = Some(pixels.into()))
    }

    /// Sets the file format. The service's default is PNG.
    pub fn format(self, format: RasterFormat) -> Self {
        self.with(|op| op.body.format = Some(format))
    }

    /// Sets the definitions of the variables.
    pub fn variable_definitions(self, definitions: impl IntoIterator<Item = VariableDefinition>) -> Self {
        self.with(|op| op.body.variable_definitions = Some(definitions.into_iter().collect()))
    }

    /// Allows the scripts of the HTML to run. Off by default at the service.
    pub fn scripts(self, enabled: bool) -> Self {
        self.with(|op| op.body.js_enabled = Some(enabled))
    }

    /// Makes the preview of HTML fail if a variable is missing. Off by default at the service.
    pub fn strict_variables(self, strict: bool) -> Self {
        self.with(|op| op.body.strict_variables = Some(strict))
    }
}

api_request! {
    /// The request of [`Templates::preview`] as data.
    PreviewTemplate / PreviewTemplateCall { #[serde(flatten)] body: PreviewTemplateRequest } -> TemplatePreview = PREVIEW_TEMPLATE,
    |op, base| requests::preview_template(base, &op.body),
    rules |op, found| {
        let (html, canvas) = (op.body.html.as_deref(), op.body.fabric_js_data.as_ref());
        if html.is_none() && canvas.is_none() {
            found.push("", "html or fabricJSData must be set");
        }
        check_source(html, canvas, None, found);
        if let Some(RasterFormat::Unknown(format)) = &op.body.format {
            found.push("format", format!("must be png, jpeg, webp or gif, is {format}"));
        }
    }
}

impl PreviewTemplate {
    /// Creates a request for a PNG of the default size, with these values.
    #[must_use]
    pub fn new(source: TemplateSource, variables: Variables) -> Self {
        let mut body = PreviewTemplateRequest { variables: Some(variables), ..PreviewTemplateRequest::default() };
        match source {
            TemplateSource::Html(html) => body.html = Some(html),
            TemplateSource::Canvas(canvas) => body.fabric_js_data = Some(canvas),
        }
        Self::of(body)
    }
}
