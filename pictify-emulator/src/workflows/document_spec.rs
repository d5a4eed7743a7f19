//! Specification of the documents of a workflow: a template, an output format, and the mapping of columns to variables.

use crate::{
    api_error::ApiError,
    context::RenderContext,
    render::{Format, GifSettings, Page},
    rendering::{
        self, Render, RenderMetadata,
        fill::{self, TEMPLATE},
        video::VIDEO,
    },
    store::Store,
};
use axum::http::StatusCode;
use serde_json::{Map, Value};

/// Template of the documents.
#[derive(Clone, Debug)]
pub(crate) enum DocumentSource {
    Template(Value),
    Video(Value),
}

/// Output format of the documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DocumentFormat {
    Image(Format),
    Pdf,
    /// Video, with the name of its format.
    Video(String),
}

/// Template, output format and column mapping of the documents.
#[derive(Clone, Debug)]
pub(crate) struct DocumentSpec {
    pub(crate) source: DocumentSource,
    pub(crate) format: DocumentFormat,
    /// Column of the value of each variable.
    pub(crate) mapping: Value,
}

impl DocumentSource {
    /// Finds the template or video template with a uid.
    pub(crate) fn find(store: &Store, uid: &str) -> Result<Self, ApiError> {
        if let Some(template) = store.get(TEMPLATE, uid)? {
            return Ok(Self::Template(template));
        }
        let video = store.get(VIDEO, uid)?.map(Self::Video);
        video.ok_or_else(|| ApiError::with_message(StatusCode::NOT_FOUND, "Template not found"))
    }

    /// Returns true for a video, whose preview is an asynchronous job.
    pub(crate) fn is_video(&self) -> bool {
        matches!(self, Self::Video(_))
    }

    fn template(&self) -> &Value {
        match self {
            Self::Template(template) | Self::Video(template) => template,
        }
    }

    /// Returns the format with a name, if the template supports it. The default is one that the emulator can render: for a
    /// video, GIF.
    pub(crate) fn format(&self, name: Option<&str>) -> Result<DocumentFormat, ApiError> {
        let kind = match self {
            Self::Video(_) => "video",
            Self::Template(template) => template["outputFormat"].as_str().unwrap_or("image"),
        };
        let supported: &[&str] = match kind {
            "video" => &["gif", "mp4"],
            "pdf" => &["pdf"],
            "gif" => &["gif"],
            _ => &["png", "jpg", "jpeg", "webp"],
        };
        let name = name.unwrap_or(supported[0]);
        if !supported.contains(&name) {
            let message =
                format!("A template for {kind} does not support the format {name}: use {}", supported.join(", "));
            return Err(ApiError::with_message_and_code(StatusCode::BAD_REQUEST, "output_format_mismatch", message));
        }
        match name {
            name if self.is_video() => Ok(DocumentFormat::Video(name.to_owned())),
            "pdf" => Ok(DocumentFormat::Pdf),
            "gif" => Ok(DocumentFormat::Image(Format::Gif(GifSettings::MEDIUM))),
            name => Ok(DocumentFormat::Image(Format::from_name(name))),
        }
    }

    /// Returns the values of a row for the variables of the template. A variable without a mapping uses the column with its
    /// name.
    fn variables(&self, row: &Value, mapping: &Value) -> Value {
        let names = self.template()["variableDefinitions"].as_array().into_iter().flatten();
        let names = names.filter_map(|definition| definition["name"].as_str());
        let values = names.filter_map(|name| {
            let value = row.get(mapping[name].as_str().unwrap_or(name))?;
            Some((name.to_owned(), value.clone()))
        });
        Value::Object(values.collect::<Map<_, _>>())
    }
}

impl DocumentSpec {
    /// Renders the document of a row, and bills it.
    pub(crate) async fn render(&self, context: &RenderContext, row: &Value) -> Result<Render, ApiError> {
        let variables = self.source.variables(row, &self.mapping);
        let template = self.source.template();
        match &self.format {
            DocumentFormat::Video(format) => rendering::video::render(context, template, &variables, format).await,
            DocumentFormat::Pdf => rendering::pdf::render_page(context, template, &variables).await,
            DocumentFormat::Image(format) => {
                let filled = fill::fill(template, None, &variables, None)?;
                let page = Page {
                    html: filled.html,
                    width: filled.width,
                    height: filled.height,
                    format: *format,
                    ..Page::default()
                };
                rendering::render(context, page, &RenderMetadata::of(template, &variables)).await
            }
        }
    }
}
