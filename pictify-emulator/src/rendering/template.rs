//! Renders of templates: in their own size, in a size of the request, or in one of their layouts.

use super::{
    Output, Render, RenderMetadata, emit_render_failed,
    fill::{self, Filled},
    pdf, render as render_page, render_kind,
};
use crate::{
    api_error::ApiError,
    context::RenderContext,
    json::read_size,
    render::{Format, GifSettings, Page, pdf::PageSetup},
};
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;

/// Layout key of the template itself.
pub(crate) const DEFAULT_LAYOUT: &str = "default";

/// Output that a request asks for.
pub(crate) enum OutputSpec {
    /// An image, in the size of the request if it gives one.
    Image(Output, Option<(u32, u32)>),
    /// A PDF with a page for each set of variables.
    Pdf(PageSetup, Vec<Value>),
}

impl OutputSpec {
    /// Reads the output from a request. `sets` returns the variables of each page and is called for PDFs only.
    pub(crate) fn of(
        body: &Value,
        template: &Value,
        sets: impl FnOnce() -> Result<Vec<Value>, ApiError>,
    ) -> Result<Self, ApiError> {
        let size = read_size(body);
        Ok(match (body["format"].as_str(), body["preset"].as_str(), size) {
            (Some("pdf"), None, Some((width, height))) => Self::Pdf(PageSetup::from_pixels(width, height), sets()?),
            (Some("pdf"), preset, _) => Self::Pdf(pdf::page_setup(preset, template)?, sets()?),
            _ => Self::Image(read_output(body), size),
        })
    }
}

/// Rendered layout, as responses show it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LayoutRender {
    pub(crate) layout: String,
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) format: &'static str,
    pub(crate) id: String,
    pub(crate) created_at: String,
}

/// Renders one layout of a template.
pub(crate) async fn render_layout(
    context: &RenderContext,
    template: &Value,
    key: &str,
    variables: &Value,
    spec: &OutputSpec,
) -> Result<LayoutRender, ApiError> {
    let layout = layout(template, key)?;
    let name = layout.map_or("Default", |layout| layout["name"].as_str().unwrap_or(key));
    let (id, url, created_at, (width, height), format) = match spec {
        OutputSpec::Image(output, size) => {
            let render = render(context, template, layout, variables, *size, *output).await?;
            (render.id, render.url, render.created_at, (render.width, render.height), format_name(output.format))
        }
        OutputSpec::Pdf(page_setup, sets) => {
            let pdf = pdf::render_pages(context, template, layout, sets, *page_setup, None).await?;
            (pdf.id, pdf.url, pdf.created_at, pdf.page_setup.size_in_pixels(), "pdf")
        }
    };
    let (layout, name) = (key.to_owned(), name.to_owned());
    Ok(LayoutRender { layout, name, url, width, height, format, id, created_at })
}

/// Returns the layout with a key; `None` for the template itself.
pub(crate) fn layout<'a>(template: &'a Value, key: &str) -> Result<Option<&'a Value>, ApiError> {
    if key == DEFAULT_LAYOUT {
        return Ok(None);
    }
    let layout = template["layouts"].get(key);
    layout.map(Some).ok_or_else(|| ApiError::with_message(StatusCode::NOT_FOUND, "Layout not found"))
}

/// Fills a template or one of its layouts, and renders it to an image.
pub(crate) async fn render(
    context: &RenderContext,
    template: &Value,
    layout: Option<&Value>,
    variables: &Value,
    size: Option<(u32, u32)>,
    output: Output,
) -> Result<Render, ApiError> {
    let metadata = RenderMetadata::of(template, variables);
    let filled = fill::fill(template, layout, variables, size).inspect_err(|error| {
        let code = if error.code() == Some("EXPRESSION_ERROR") { "EXPRESSION_ERROR" } else { "INVALID_VARIABLE" };
        let kind = render_kind(output.format);
        emit_render_failed(&context.state, kind, &metadata, &error.message(), Some(code));
    })?;
    let (Filled { html, width, height }, Output { format, quality }) = (filled, output);
    render_page(context, Page { html, width, height, format, quality, ..Page::default() }, &metadata).await
}

/// Reads the image format and the quality from a request.
pub(crate) fn read_output(body: &Value) -> Output {
    let format = match body["format"].as_str() {
        Some("gif") => Format::Gif(GifSettings::MEDIUM),
        name => Format::from_name(name.unwrap_or_default()),
    };
    Output::new(format, &body["quality"])
}

/// Returns the name of a format in responses.
pub(crate) fn format_name(format: Format) -> &'static str {
    match format {
        Format::Jpeg => "jpeg",
        other => other.extension(),
    }
}
