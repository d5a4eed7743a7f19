//! PDFs of templates.

use super::{handlers, lists::whole};
use crate::{
    api_error::ApiError,
    render::{
        Document, RENDER_TIMEOUT, RenderError,
        pdf::{MAX_HTML_BYTES, MAX_PAGES, Margins, PageSetup, PdfPage, Preset},
    },
    rendering::fill::{self, Filled},
    rendering::{Render, RenderMetadata, StoredPdf},
    response::ApiResult,
    server::RequestContext,
};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use std::time::Instant;

handlers! {
    "renderPdf" => async render,
    "renderMultiPagePdf" => async render_pages,
    "getPdfPresets" => sync presets,
}

/// The preset of a template that has none.
const DEFAULT: &str = "A4";

/// How templates and their renders spell that a page is turned.
const LANDSCAPE: &str = "_LANDSCAPE";

async fn render(context: RequestContext) -> ApiResult {
    let variables = context.body["variables"].clone();
    answer(&context, &[variables]).await
}

async fn render_pages(context: RequestContext) -> ApiResult {
    let sets = sets(&context.body)?;
    answer(&context, &sets).await
}

async fn answer(context: &RequestContext, sets: &[Value]) -> ApiResult {
    let uid = context.body["templateUid"].as_str().unwrap_or_default();
    let template = fill::find(context, uid)?
        .ok_or_else(|| ApiError::rendering(StatusCode::NOT_FOUND, None, format!("Template {uid} not found")))?;
    let options = &context.body["options"];
    let (name, page_setup) = laid_out(options, &template)?;
    let title = options["title"].as_str();
    let printed = print(context, &template, None, sets, page_setup, title).await?;
    Ok(json!({
        "success": true,
        "url": printed.url,
        "id": printed.id,
        "pageCount": printed.pages,
        "preset": name,
        "pageSize": {"width": page_setup.width, "height": page_setup.height},
        "createdAt": printed.created_at,
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

/// Fills a template in with each set of values, and prints a page of each.
pub(super) async fn print(
    context: &RequestContext,
    template: &Value,
    layout: Option<&Value>,
    sets: &[Value],
    page_setup: PageSetup,
    title: Option<&str>,
) -> Result<StoredPdf, ApiError> {
    // Before the work that it would spare.
    page_setup.check().map_err(bad)?;
    let mut pages = Vec::with_capacity(sets.len());
    let (started, mut size) = (Instant::now(), 0);
    for set in sets {
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
        // A hundred templates take their time: others have a turn between two of them.
        tokio::task::yield_now().await;
    }
    let about = RenderMetadata {
        template: template["uid"].as_str().map(str::to_owned),
        variables: Some(match sets {
            [set] => set.clone(),
            sets => json!(sets),
        })
        .filter(|variables| !variables.is_null()),
    };
    let title = title.map(str::to_owned);
    context.render_pdf(Document { pages, page_setup, title }, &about).await
}

/// Prints a template filled in once, on paper of its own.
pub(crate) async fn render_pdf_page(
    context: &RequestContext,
    template: &Value,
    variables: &Value,
) -> Result<Render, ApiError> {
    let sets = std::slice::from_ref(variables);
    let StoredPdf { id, url, created_at, page_setup, .. } =
        print(context, template, None, sets, page_setup(None, template)?, None).await?;
    let (width, height) = page_setup.size_in_pixels();
    Ok(Render { id, url, created_at, width, height, animation: None })
}

/// The values of each page: those of all pages with those of its set over them.
pub(super) fn sets(body: &Value) -> Result<Vec<Value>, ApiError> {
    let Some(sets) = body["variableSets"].as_array() else { return Ok(vec![body["variables"].clone()]) };
    if !(1..=MAX_PAGES).contains(&sets.len()) {
        return Err(bad(format!("variableSets holds 1 to {MAX_PAGES} sets, one for each page, not {}", sets.len())));
    }
    let shared = body["variables"].as_object();
    let with_shared = |set: &Value| {
        let own = set.as_object().into_iter().flatten();
        Value::Object(
            shared.into_iter().flatten().chain(own).map(|(name, value)| (name.clone(), value.clone())).collect(),
        )
    };
    Ok(sets.iter().map(with_shared).collect())
}

/// The paper of a preset, else the one of the template's own, else A4.
pub(super) fn page_setup(preset: Option<&str>, template: &Value) -> Result<PageSetup, ApiError> {
    let name = preset.or(template["pdfPreset"].as_str()).unwrap_or(DEFAULT);
    let upright = name.strip_suffix(LANDSCAPE);
    let preset = Preset::from_name(upright.unwrap_or(name)).ok_or_else(|| {
        let names = Preset::ALL.map(|preset| preset.name).join(", ");
        bad(format!("There is no preset {name}, but there are {names}"))
    })?;
    let page_setup = PageSetup::from(preset);
    Ok(if upright.is_some() { page_setup.rotated() } else { page_setup })
}

/// The paper that options ask for, and what it is called.
fn laid_out(options: &Value, template: &Value) -> Result<(String, PageSetup), ApiError> {
    let preset = options["preset"].as_str();
    let mut page_setup = if preset == Some("custom") {
        let side = |name: &str| whole(&options["customSize"][name]).and_then(|side| u32::try_from(side).ok());
        let (Some(width), Some(height)) = (side("width"), side("height")) else {
            return Err(bad("The preset custom needs customSize with a width and a height in pixels".to_owned()));
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
    let name = preset.or(template["pdfPreset"].as_str()).unwrap_or(DEFAULT).to_owned();
    Ok((name, page_setup))
}

fn bad(error: String) -> ApiError {
    ApiError::rendering(StatusCode::BAD_REQUEST, None, error)
}
