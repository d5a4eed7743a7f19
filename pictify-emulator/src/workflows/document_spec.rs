//! Specification of the documents of a workflow: a template, an output format, and the mapping of columns to variables.

use crate::{
    api_error::ApiError,
    context::RenderContext,
    render::{Format, GifSettings},
    rendering::{self, Output, Render},
    store::Store,
    templates::{self, Template, VideoTemplate},
};
use axum::http::StatusCode;
use serde_json::{Map, Value};

/// Template of the documents, with their output format.
#[derive(Clone, Debug)]
pub(crate) enum DocumentSource {
    Image(Template, Format),
    Pdf(Template),
    /// Video, with the name of its format.
    Video(VideoTemplate, String),
}

/// Template, output format and column mapping of the documents.
#[derive(Clone, Debug)]
pub(crate) struct DocumentSpec {
    pub(crate) source: DocumentSource,
    /// Column of the value of each variable.
    pub(crate) mapping: Map<String, Value>,
}

impl DocumentSource {
    /// Finds the template or video template with a uid. The default format is one that the emulator can render: for a video,
    /// GIF.
    pub(crate) fn find(store: &Store, uid: &str, format: Option<&str>) -> Result<Self, ApiError> {
        if let Some(template) = store.find::<Template>(uid)? {
            return match supported_format(&template.output_format, format)? {
                "pdf" => Ok(Self::Pdf(template)),
                "gif" => Ok(Self::Image(template, Format::Gif(GifSettings::MEDIUM))),
                name => Ok(Self::Image(template, Format::from_name(name))),
            };
        }
        let video: VideoTemplate = store.find(uid)?.ok_or_else(templates::not_found)?;
        let format = supported_format("video", format)?.to_owned();
        Ok(Self::Video(video, format))
    }

    /// Returns true for a video, whose preview is an asynchronous job.
    pub(crate) fn is_video(&self) -> bool {
        matches!(self, Self::Video(..))
    }

    /// Returns the values of a row for the variables of the template. A variable without a mapping uses the column with its
    /// name.
    fn variables(&self, row: &Value, mapping: &Map<String, Value>) -> Value {
        let definitions = match self {
            Self::Image(template, _) | Self::Pdf(template) => template.definitions(),
            Self::Video(template, _) => template.definitions(),
        };
        let values = definitions.into_iter().filter_map(|definition| {
            let column = mapping.get(&definition.name).and_then(Value::as_str).unwrap_or(&definition.name);
            let value = row.get(column)?.clone();
            Some((definition.name, value))
        });
        Value::Object(values.collect::<Map<_, _>>())
    }
}

/// Returns the name of a format if templates for `kind` support it. The first supported one is the default.
fn supported_format<'a>(kind: &str, name: Option<&'a str>) -> Result<&'a str, ApiError> {
    let supported: &[&str] = match kind {
        "video" => &["gif", "mp4"],
        "pdf" => &["pdf"],
        "gif" => &["gif"],
        _ => &["png", "jpg", "jpeg", "webp"],
    };
    let name = name.unwrap_or(supported[0]);
    if supported.contains(&name) {
        return Ok(name);
    }
    let message = format!("A template for {kind} does not support the format {name}: use {}", supported.join(", "));
    Err(ApiError::with_message_and_code(StatusCode::BAD_REQUEST, "output_format_mismatch", message))
}

impl DocumentSpec {
    /// Renders the document of a row, and bills it.
    pub(crate) async fn render(&self, context: &RenderContext, row: &Value) -> Result<Render, ApiError> {
        let variables = self.source.variables(row, &self.mapping);
        match &self.source {
            DocumentSource::Video(template, format) => {
                rendering::video::render(context, template, &variables, format).await
            }
            DocumentSource::Pdf(template) => rendering::pdf::render_page(context, template, &variables).await,
            DocumentSource::Image(template, format) => {
                let output = Output { format: *format, quality: None };
                rendering::template::render(context, template, None, &variables, None, output).await
            }
        }
    }
}
