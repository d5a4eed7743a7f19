//! A document of a row: a template with the values of the row's columns.

use crate::{
    api_error::ApiError,
    handlers::{render_pdf_page, render_video},
    render::{Format, GifSettings, Page},
    rendering::fill::{self, TEMPLATE},
    rendering::{Render, RenderMetadata},
    server::RequestContext,
    video::VIDEO,
};
use axum::http::StatusCode;
use serde_json::{Map, Value};

/// What documents are made of.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Template(Value),
    Video(Value),
}

/// What kind of file a document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    Image(Format),
    Pdf,
    /// By the name of its format.
    Video(String),
}

/// What is made of it, and how a row fills it in.
#[derive(Clone, Debug)]
pub(crate) struct DocumentSpec {
    pub(crate) source: Source,
    pub(crate) output: Output,
    /// For each variable the column that holds its value.
    pub(crate) mapping: Value,
}

impl Source {
    /// The template of this uid, of whatever kind.
    pub(crate) fn find(context: &RequestContext, uid: &str) -> Result<Self, ApiError> {
        let store = &context.state.store;
        if let Some(template) = store.get(TEMPLATE, uid)? {
            return Ok(Self::Template(template));
        }
        let video = store.get(VIDEO, uid)?.map(Self::Video);
        video.ok_or_else(|| ApiError::with_message(StatusCode::NOT_FOUND, "Template not found"))
    }

    /// Whether a preview is made by a job that is asked about.
    pub(crate) fn is_video(&self) -> bool {
        matches!(self, Self::Video(_))
    }

    fn template(&self) -> &Value {
        match self {
            Self::Template(template) | Self::Video(template) => template,
        }
    }

    /// The format of this name, if the template can have it. Who names none gets what can be made here: of a video, a GIF.
    pub(crate) fn output(&self, name: Option<&str>) -> Result<Output, ApiError> {
        let kind = match self {
            Self::Video(_) => "video",
            Self::Template(template) => template["outputFormat"].as_str().unwrap_or("image"),
        };
        let known: &[&str] = match kind {
            "video" => &["gif", "mp4"],
            "pdf" => &["pdf"],
            "gif" => &["gif"],
            _ => &["png", "jpg", "jpeg", "webp"],
        };
        let name = name.unwrap_or(known[0]);
        if !known.contains(&name) {
            let message = format!("A template for {kind} cannot give {name}: use {}", known.join(", "));
            return Err(ApiError::with_message_and_code(StatusCode::BAD_REQUEST, "output_format_mismatch", message));
        }
        match name {
            name if self.is_video() => Ok(Output::Video(name.to_owned())),
            "pdf" => Ok(Output::Pdf),
            "gif" => Ok(Output::Image(Format::Gif(GifSettings::MEDIUM))),
            name => Ok(Output::Image(Format::from_name(name))),
        }
    }

    /// The values of a row for the variables of the template. A variable without a column takes that of its own name.
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
    pub(crate) async fn render(&self, context: &RequestContext, row: &Value) -> Result<Render, ApiError> {
        let variables = self.source.variables(row, &self.mapping);
        let template = self.source.template();
        match &self.output {
            Output::Video(format) => render_video(context, template, &variables, format).await,
            Output::Pdf => render_pdf_page(context, template, &variables).await,
            Output::Image(format) => {
                let filled = fill::fill(template, None, &variables, None)?;
                let page = Page {
                    html: filled.html,
                    width: filled.width,
                    height: filled.height,
                    format: *format,
                    ..Page::default()
                };
                let template = template["uid"].as_str().map(str::to_owned);
                Ok(context.render(page, &RenderMetadata { template, variables: Some(variables) }).await?)
            }
        }
    }
}
