//! Handlers for PDFs of templates.

use super::{handlers, lists::read_whole_number};
use crate::{
    api_error::ApiError,
    context::RequestContext,
    render::{
        Document, RENDER_TIMEOUT, RenderError,
        pdf::{MAX_HTML_BYTES, MAX_PAGES, Margins, PageSetup, PdfPage, Preset},
    },
    rendering::fill::{self, Filled},
    rendering::{Render, RenderMetadata, StoredPdf},
    response::ApiResult,
};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use std::time::Instant;

handlers! {
    "renderPdf" => async render,
    "renderMultiPagePdf" => async render_pages,
    "getPdfPresets" => sync presets,
}

/// Preset of templates that name none.
const DEFAULT_PRESET: &str = "A4";

/// Suffix of preset names in templates and renders for landscape orientation.
const LANDSCAPE_SUFFIX: &str = "_LANDSCAPE";

async fn render(context: RequestContext) -> ApiResult {
    let variables = context.body["variables"].clone();
    render_sets(&context, &[variables]).await
}

async fn render_pages(context: RequestContext) -> ApiResult {
    let variable_sets = variable_sets(&context.body)?;
    render_sets(&context, &variable_sets).await
}

async fn render_sets(context: &RequestContext, variable_sets: &[Value]) -> ApiResult {
    let uid = context.body["templateUid"].as_str().unwrap_or_default();
    let template = fill::find(context, uid)?
        .ok_or_else(|| ApiError::rendering(StatusCode::NOT_FOUND, None, format!("Template {uid} not found")))?;
    let options = &context.body["options"];
    let (name, page_setup) = read_page_setup(options, &template)?;
    let title = options["title"].as_str();
    let pdf = render_pages_to_pdf(context, &template, None, variable_sets, page_setup, title).await?;
    Ok(json!({
        "success": true,
        "url": pdf.url,
        "id": pdf.id,
        "pageCount": pdf.pages,
        "preset": name,
        "pageSize": {"width": page_setup.width, "height": page_setup.height},
        "createdAt": pdf.created_at,
    })
    .into())
}

fn presets(_: &RequestContext) -> ApiResult {
    let preset = |preset: Preset| {
        let Preset { name, width, height } = preset;
        (name.to_owned(), json!({"name": name, "width": width, "height": height}))
    };
    let presets: Map<_, _> = Preset::ALL.into_iter().map(preset).collect();
    Ok(json!({"presets": presets}).into())
}

/// Fills a template with each set of variables and renders one PDF page for each set.
pub(super) async fn render_pages_to_pdf(
    context: &RequestContext,
    template: &Value,
    layout: Option<&Value>,
    variable_sets: &[Value],
    page_setup: PageSetup,
    title: Option<&str>,
) -> Result<StoredPdf, ApiError> {
    // Check first: it is cheap, and rendering is not.
    page_setup.check().map_err(bad_request)?;
    let mut pages = Vec::with_capacity(variable_sets.len());
    let (started, mut size) = (Instant::now(), 0);
    for set in variable_sets {
        if started.elapsed() > RENDER_TIMEOUT {
            return Err(RenderError::TimedOut.into());
        }
        let Filled { html, width, height } = fill::fill(template, layout, set, None)?;
        size += html.len();
        if size > MAX_HTML_BYTES {
            let message = format!("The pages have more than the {MAX_HTML_BYTES} bytes of HTML that a PDF may have");
            return Err(ApiError::unprocessable(message));
        }
        let canvas = (template["engine"] != "html").then_some((width, height));
        pages.push(PdfPage { html, canvas });
        // Filling a hundred templates takes time: let other tasks run in between.
        tokio::task::yield_now().await;
    }
    let metadata = RenderMetadata {
        template: template["uid"].as_str().map(str::to_owned),
        variables: Some(match variable_sets {
            [set] => set.clone(),
            variable_sets => json!(variable_sets),
        })
        .filter(|variables| !variables.is_null()),
    };
    let title = title.map(str::to_owned);
    context.render_pdf(Document { pages, page_setup, title }, &metadata).await
}

/// Renders a template to a PDF of one page, with the template's own page setup.
pub(crate) async fn render_pdf_page(
    context: &RequestContext,
    template: &Value,
    variables: &Value,
) -> Result<Render, ApiError> {
    let variable_sets = std::slice::from_ref(variables);
    let StoredPdf { id, url, created_at, page_setup, .. } =
        render_pages_to_pdf(context, template, None, variable_sets, page_setup(None, template)?, None).await?;
    let (width, height) = page_setup.size_in_pixels();
    Ok(Render { id, url, created_at, width, height, animation: None })
}

/// Returns the variables of each page: the shared variables, overridden by those of its set.
pub(super) fn variable_sets(body: &Value) -> Result<Vec<Value>, ApiError> {
    let Some(variable_sets) = body["variableSets"].as_array() else { return Ok(vec![body["variables"].clone()]) };
    if !(1..=MAX_PAGES).contains(&variable_sets.len()) {
        return Err(bad_request(format!(
            "variableSets may have 1 to {MAX_PAGES} sets, one for each page, not {}",
            variable_sets.len()
        )));
    }
    let shared = body["variables"].as_object();
    let with_shared = |set: &Value| {
        let set_values = set.as_object().into_iter().flatten();
        Value::Object(
            shared.into_iter().flatten().chain(set_values).map(|(name, value)| (name.clone(), value.clone())).collect(),
        )
    };
    Ok(variable_sets.iter().map(with_shared).collect())
}

/// Returns the page setup of a preset, else of the template's preset, else A4.
pub(super) fn page_setup(preset: Option<&str>, template: &Value) -> Result<PageSetup, ApiError> {
    let name = preset.or(template["pdfPreset"].as_str()).unwrap_or(DEFAULT_PRESET);
    let portrait = name.strip_suffix(LANDSCAPE_SUFFIX);
    let preset = Preset::from_name(portrait.unwrap_or(name)).ok_or_else(|| {
        let names = Preset::ALL.map(|preset| preset.name).join(", ");
        bad_request(format!("Unknown preset {name}: use one of {names}"))
    })?;
    let page_setup = PageSetup::from(preset);
    Ok(if portrait.is_some() { page_setup.rotated() } else { page_setup })
}

/// Reads the page setup and its preset name from the options of a request.
fn read_page_setup(options: &Value, template: &Value) -> Result<(String, PageSetup), ApiError> {
    let preset = options["preset"].as_str();
    let mut page_setup = if preset == Some("custom") {
        let side =
            |name: &str| read_whole_number(&options["customSize"][name]).and_then(|side| u32::try_from(side).ok());
        let (Some(width), Some(height)) = (side("width"), side("height")) else {
            return Err(bad_request(
                "The preset custom needs customSize with a width and a height in pixels".to_owned(),
            ));
        };
        PageSetup::from_pixels(width, height)
    } else {
        page_setup(preset, template)?
    };
    if options["landscape"] == true && page_setup.width < page_setup.height {
        page_setup = page_setup.rotated();
    }
    let margin = |side: &str| options["margins"][side].as_f64().unwrap_or(0.0);
    page_setup.margins =
        Margins { top: margin("top"), right: margin("right"), bottom: margin("bottom"), left: margin("left") };
    page_setup.scale = options["scale"].as_f64().unwrap_or(1.0);
    page_setup.backgrounds = options["printBackground"] != false;
    let name = preset.or(template["pdfPreset"].as_str()).unwrap_or(DEFAULT_PRESET).to_owned();
    Ok((name, page_setup))
}

fn bad_request(error: String) -> ApiError {
    ApiError::rendering(StatusCode::BAD_REQUEST, None, error)
}
