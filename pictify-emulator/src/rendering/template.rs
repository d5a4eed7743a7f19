//! Renders of templates: in their own size, in a size of the request, or in one of their layouts.

use super::{
    Output, Render, RenderMetadata, emit_render_failed,
    fill::{self, Filled},
    pdf, render as render_page,
};
use crate::{
    api_error::ApiError,
    context::RenderContext,
    json::{lenient, lenient_whole_number},
    render::{Format, GifSettings, Page, pdf::PageSetup},
    templates::{Layout, Template},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Output that a request asks for.
pub(crate) enum OutputSpec {
    /// An image, in the size of the request if it gives one.
    Image(Output, Option<(u32, u32)>),
    /// A PDF with a page for each set of variables.
    Pdf(PageSetup, Vec<Value>),
}

/// Members of a request that describe its output.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct OutputRequest {
    pub(crate) format: Option<String>,
    /// Quality of lossy formats, 0.1 to 1.
    #[serde(deserialize_with = "lenient")]
    pub(crate) quality: Option<f64>,
    #[serde(deserialize_with = "lenient")]
    preset: Option<String>,
    #[serde(deserialize_with = "lenient_whole_number")]
    width: Option<u32>,
    #[serde(deserialize_with = "lenient_whole_number")]
    height: Option<u32>,
}

impl OutputRequest {
    /// Returns the output. `sets` returns the variables of each page and is called for PDFs only.
    pub(crate) fn spec(
        &self,
        template: &Template,
        sets: impl FnOnce() -> Result<Vec<Value>, ApiError>,
    ) -> Result<OutputSpec, ApiError> {
        let (size, preset) = (self.width.zip(self.height), self.preset.as_deref());
        Ok(match (self.format.as_deref(), preset, size) {
            (Some("pdf"), None, Some((width, height))) => {
                OutputSpec::Pdf(PageSetup::from_pixels(width, height), sets()?)
            }
            (Some("pdf"), preset, _) => OutputSpec::Pdf(pdf::page_setup(preset, template)?, sets()?),
            _ => OutputSpec::Image(self.image(), size),
        })
    }

    /// Returns the image format and the quality.
    pub(crate) fn image(&self) -> Output {
        let format = match self.format.as_deref() {
            Some("gif") => Format::Gif(GifSettings::MEDIUM),
            name => Format::from_name(name.unwrap_or_default()),
        };
        Output::new(format, self.quality)
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
    template: &Template,
    key: &str,
    variables: &Value,
    spec: &OutputSpec,
) -> Result<LayoutRender, ApiError> {
    let layout = template.layout(key)?;
    let layout = layout.as_ref();
    let name = layout.map_or("Default", |layout| layout.name.as_deref().unwrap_or(key));
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

/// Fills a template or one of its layouts, and renders it to an image.
pub(crate) async fn render(
    context: &RenderContext,
    template: &Template,
    layout: Option<&Layout>,
    variables: &Value,
    size: Option<(u32, u32)>,
    output: Output,
) -> Result<Render, ApiError> {
    let metadata = RenderMetadata::of(&template.uid, variables);
    let filled = fill::fill(template, layout, variables, size).inspect_err(|error| {
        let code = if error.code() == Some("EXPRESSION_ERROR") { "EXPRESSION_ERROR" } else { "INVALID_VARIABLE" };
        emit_render_failed(&context.state, output.format.into(), &metadata, &error.message(), Some(code));
    })?;
    let (Filled { html, width, height }, Output { format, quality }) = (filled, output);
    render_page(context, Page { html, width, height, format, quality, ..Page::default() }, &metadata).await
}

/// Returns the name of a format in responses.
pub(crate) fn format_name(format: Format) -> &'static str {
    match format {
        Format::Jpeg => "jpeg",
        other => other.extension(),
    }
}
