//! Handlers for PDFs of templates.

use super::handlers;
use crate::{
    api_error::ApiError,
    context::RequestContext,
    json::read_size,
    render::pdf::{MAX_PAGES, Margins, PageSetup, Preset},
    rendering::{
        fill,
        pdf::{self, DEFAULT_PRESET, page_setup},
    },
    response::ApiResult,
};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

handlers! {
    "renderPdf" => async render,
    "renderMultiPagePdf" => async render_pages,
    "getPdfPresets" => sync presets,
}

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
    let template = fill::find(&context.state.store, uid)?
        .ok_or_else(|| ApiError::rendering(StatusCode::NOT_FOUND, None, format!("Template {uid} not found")))?;
    let options = &context.body["options"];
    let (name, page_setup) = read_page_setup(options, &template)?;
    let title = options["title"].as_str();
    let pdf = pdf::render_pages(&context.render, &template, None, variable_sets, page_setup, title).await?;
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

/// Reads the page setup and its preset name from the options of a request.
fn read_page_setup(options: &Value, template: &Value) -> Result<(String, PageSetup), ApiError> {
    let preset = options["preset"].as_str();
    let mut page_setup = if preset == Some("custom") {
        let message = "The preset custom needs customSize with a width and a height in pixels";
        let (width, height) = read_size(&options["customSize"]).ok_or_else(|| bad_request(message.to_owned()))?;
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
