//! Handlers for renders of templates: in their own size, in layouts, or in sizes of the request.

use super::{handlers, lists::read_whole_number, pdfs, templates::not_found};
use crate::{
    api_error::ApiError,
    context::RequestContext,
    render::{Format, GifSettings, Page, pdf::PageSetup},
    rendering::fill::{self, Filled},
    rendering::{Output, Render, RenderMetadata, render_kind},
    response::ApiResult,
};
use axum::http::StatusCode;
use serde_json::{Value, json};

handlers! {
    "renderTemplate" => async render,
    "multiSizeRenderTemplate" => async render_sizes,
}

/// Layout key of the template itself.
pub(crate) const DEFAULT_LAYOUT: &str = "default";

/// Size presets: name, width and height in pixels.
const SIZE_PRESETS: &[(&str, u32, u32)] = &[
    ("instagram-post", 1080, 1080),
    ("instagram-story", 1080, 1920),
    ("facebook-post", 1200, 630),
    ("facebook-cover", 820, 312),
    ("facebook-ad", 1200, 628),
    ("linkedin-post", 1200, 627),
    ("linkedin-cover", 1584, 396),
    ("twitter-post", 1024, 512),
    ("twitter-header", 1500, 500),
    ("pinterest-pin", 1000, 1500),
    ("youtube-thumbnail", 1280, 720),
    ("display-300x250", 300, 250),
    ("display-728x90", 728, 90),
    ("display-160x600", 160, 600),
    ("display-320x50", 320, 50),
    ("display-300x600", 300, 600),
    ("email-header", 600, 200),
    ("email-banner", 600, 300),
    ("og-image", 1200, 630),
];

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
            (Some("pdf"), preset, _) => Self::Pdf(pdfs::page_setup(preset, template)?, sets()?),
            _ => Self::Image(read_output(body), size),
        })
    }
}

async fn render(context: RequestContext) -> ApiResult {
    let template = template(&context)?;
    let spec = OutputSpec::of(&context.body, &template, || pdfs::variable_sets(&context.body))?;
    let several = context.body["layouts"].as_array().map(|keys| keys.iter().filter_map(Value::as_str).collect());
    let single = context.body["layout"].as_str().unwrap_or(DEFAULT_LAYOUT);
    let keys: Vec<&str> = several.unwrap_or_else(|| vec![single]);
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    let variables = &context.body["variables"];
    for key in &keys {
        match render_layout(&context, &template, key, variables, &spec).await {
            Ok(result) => results.push(result),
            // A request for the default layout fails with that layout. A request for several layouts reports each
            // failure.
            Err(error) if context.body["layouts"].is_null() && *key == DEFAULT_LAYOUT => return Err(error),
            Err(error) => errors.push(json!({"layout": key, "error": error.message()})),
        }
    }
    Ok(json!({
        "totalLayouts": keys.len(),
        "totalRendered": results.len(),
        "totalErrors": errors.len(),
        "results": results,
        "errors": errors,
        "templateUid": template["uid"],
    })
    .into())
}

/// Renders one layout of a template and returns its result as the API shows it.
pub(crate) async fn render_layout(
    context: &RequestContext,
    template: &Value,
    key: &str,
    variables: &Value,
    spec: &OutputSpec,
) -> Result<Value, ApiError> {
    let layout = match key {
        DEFAULT_LAYOUT => None,
        key => {
            let layout = template["layouts"].get(key);
            Some(layout.ok_or_else(|| ApiError::with_message(StatusCode::NOT_FOUND, "Layout not found"))?)
        }
    };
    let name = layout.map_or("Default", |layout| layout["name"].as_str().unwrap_or(key));
    let (id, url, created_at, (width, height), format) = match spec {
        OutputSpec::Image(output, size) => {
            let filled = fill_template(context, template, layout, variables, *size, *output)?;
            let render = render_filled(context, template, variables, filled, *output).await?;
            (render.id, render.url, render.created_at, (render.width, render.height), format_name(output.format))
        }
        OutputSpec::Pdf(page_setup, sets) => {
            let pdf = pdfs::render_pages_to_pdf(context, template, layout, sets, *page_setup, None).await?;
            (pdf.id, pdf.url, pdf.created_at, pdf.page_setup.size_in_pixels(), "pdf")
        }
    };
    Ok(json!({
        "layout": key,
        "name": name,
        "url": url,
        "width": width,
        "height": height,
        "format": format,
        "id": id,
        "createdAt": created_at,
    }))
}

async fn render_sizes(context: RequestContext) -> ApiResult {
    let template = template(&context)?;
    let output = read_output(&context.body);
    let sizes = context.body["sizes"].as_array().cloned().unwrap_or_default();
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    let variables = &context.body["variables"];
    for requested in &sizes {
        let preset = requested["preset"].as_str();
        let size = preset.map_or_else(
            || read_size(requested),
            |name| SIZE_PRESETS.iter().find(|(preset, ..)| *preset == name).map(|(_, width, height)| (*width, *height)),
        );
        let Some((width, height)) = size else {
            errors.push(json!({"size": requested, "error": "A size needs a known preset, or a width and a height"}));
            continue;
        };
        let label = requested["label"].as_str().or(preset).map_or_else(|| format!("{width}x{height}"), str::to_owned);
        let rendered = async {
            let filled = fill_template(&context, &template, None, variables, Some((width, height)), output)?;
            render_filled(&context, &template, variables, filled, output).await
        };
        match rendered.await {
            Ok(render) => results.push(json!({
                "url": render.url,
                "id": render.id,
                "size": {"width": width, "height": height, "preset": preset, "label": label},
            })),
            Err(error) => errors.push(json!({"size": requested, "error": error.message()})),
        }
    }
    Ok(json!({
        "totalSizes": sizes.len(),
        "totalErrors": errors.len(),
        "results": results,
        "errors": errors,
        "templateUid": template["uid"],
    })
    .into())
}

/// Fills a template. On failure, emits `render.failed`.
fn fill_template(
    context: &RequestContext,
    template: &Value,
    layout: Option<&Value>,
    variables: &Value,
    size: Option<(u32, u32)>,
    output: Output,
) -> Result<Filled, ApiError> {
    fill::fill(template, layout, variables, size).inspect_err(|error| {
        let code = if error.code() == Some("EXPRESSION_ERROR") { "EXPRESSION_ERROR" } else { "INVALID_VARIABLE" };
        context.emit_render_failed(
            render_kind(output.format),
            &render_metadata(template, variables),
            &error.message(),
            Some(code),
        );
    })
}

fn render_metadata(template: &Value, variables: &Value) -> RenderMetadata {
    RenderMetadata {
        template: template["uid"].as_str().map(str::to_owned),
        variables: Some(variables.clone()).filter(|variables| !variables.is_null()),
    }
}

async fn render_filled(
    context: &RequestContext,
    template: &Value,
    variables: &Value,
    filled: Filled,
    output: Output,
) -> Result<Render, ApiError> {
    let (Filled { html, width, height }, Output { format, quality }) = (filled, output);
    let metadata = render_metadata(template, variables);
    context.render(Page { html, width, height, format, quality, ..Page::default() }, &metadata).await
}

fn template(context: &RequestContext) -> Result<Value, ApiError> {
    fill::find(context, context.parameter("uid"))?.ok_or_else(not_found)
}

/// Reads the image format and the quality from a request.
pub(super) fn read_output(body: &Value) -> Output {
    let format = match body["format"].as_str() {
        Some("gif") => Format::Gif(GifSettings::MEDIUM),
        name => Format::from_name(name.unwrap_or_default()),
    };
    Output::new(format, &body["quality"])
}

/// Returns the name of a format in responses.
pub(super) fn format_name(format: Format) -> &'static str {
    match format {
        Format::Jpeg => "jpeg",
        other => other.extension(),
    }
}

/// Reads the width and the height of an object, if it has both.
fn read_size(body: &Value) -> Option<(u32, u32)> {
    let size = |name: &str| read_whole_number(&body[name]).and_then(|size| u32::try_from(size).ok());
    Some((size("width")?, size("height")?))
}
