//! Handlers for PDFs of templates.

use super::handlers;
use crate::{
    api_error::ApiError,
    context::RequestContext,
    json::{lenient, whole_number},
    render::pdf::{MAX_PAGES, Margins, PageSetup, Preset},
    rendering::pdf::{self, DEFAULT_PRESET, page_setup},
    response::ApiResult,
    templates::Template,
};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

handlers! {
    "renderPdf" => async render,
    "renderMultiPagePdf" => async render_pages,
    "getPdfPresets" => sync presets,
}

/// Request for a PDF.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PdfRequest {
    template_uid: String,
    #[serde(default)]
    options: PdfOptions,
    #[serde(flatten)]
    variables: VariableSets,
}

/// Options of a PDF.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PdfOptions {
    preset: Option<String>,
    custom_size: CustomSize,
    margins: MarginsRequest,
    title: Option<String>,
    landscape: bool,
    print_background: Option<bool>,
    scale: Option<f64>,
}

/// Page size in pixels.
#[derive(Default, Deserialize)]
#[serde(default)]
struct CustomSize {
    #[serde(deserialize_with = "whole_number")]
    width: Option<u32>,
    #[serde(deserialize_with = "whole_number")]
    height: Option<u32>,
}

/// Margins of a page; 0 by default.
#[derive(Default, Deserialize)]
#[serde(default)]
struct MarginsRequest {
    top: f64,
    right: f64,
    bottom: f64,
    left: f64,
}

/// Variables of a request: of one page, or shared variables and a set for each page.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VariableSets {
    #[serde(default)]
    pub(super) variables: Value,
    #[serde(default, deserialize_with = "lenient")]
    variable_sets: Option<Vec<Value>>,
}

impl VariableSets {
    /// Returns the variables of each page: the shared variables, overridden by those of its set.
    pub(super) fn pages(&self) -> Result<Vec<Value>, ApiError> {
        let Some(sets) = &self.variable_sets else { return Ok(vec![self.variables.clone()]) };
        if !(1..=MAX_PAGES).contains(&sets.len()) {
            let message = format!("variableSets may have 1 to {MAX_PAGES} sets, one for each page, not {}", sets.len());
            return Err(bad_request(message));
        }
        let with_shared = |set: &Value| {
            let mut variables = self.variables.as_object().cloned().unwrap_or_default();
            let own = set.as_object().into_iter().flatten();
            variables.extend(own.map(|(name, value)| (name.clone(), value.clone())));
            Value::Object(variables)
        };
        Ok(sets.iter().map(with_shared).collect())
    }
}

async fn render(context: RequestContext) -> ApiResult {
    let request: PdfRequest = context.read_body()?;
    render_sets(&context, &request, std::slice::from_ref(&request.variables.variables)).await
}

async fn render_pages(context: RequestContext) -> ApiResult {
    let request: PdfRequest = context.read_body()?;
    render_sets(&context, &request, &request.variables.pages()?).await
}

async fn render_sets(context: &RequestContext, request: &PdfRequest, variable_sets: &[Value]) -> ApiResult {
    let uid = &request.template_uid;
    let template: Template = context
        .state
        .store
        .find(uid)?
        .ok_or_else(|| ApiError::rendering(StatusCode::NOT_FOUND, None, format!("Template {uid} not found")))?;
    let (name, page_setup) = request.options.page_setup(&template)?;
    let title = request.options.title.as_deref();
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

impl PdfOptions {
    /// Returns the name of the preset, and the page setup.
    fn page_setup(&self, template: &Template) -> Result<(String, PageSetup), ApiError> {
        let preset = self.preset.as_deref();
        let mut page_setup = if preset == Some("custom") {
            let message = "The preset custom needs customSize with a width and a height in pixels";
            let size = self.custom_size.width.zip(self.custom_size.height);
            let (width, height) = size.ok_or_else(|| bad_request(message.to_owned()))?;
            PageSetup::from_pixels(width, height)
        } else {
            page_setup(preset, template)?
        };
        if self.landscape && page_setup.width < page_setup.height {
            page_setup = page_setup.rotated();
        }
        let MarginsRequest { top, right, bottom, left } = self.margins;
        page_setup.margins = Margins { top, right, bottom, left };
        page_setup.scale = self.scale.unwrap_or(1.0);
        page_setup.backgrounds = self.print_background.unwrap_or(true);
        let name = preset.or(template.pdf_preset.as_deref()).unwrap_or(DEFAULT_PRESET).to_owned();
        Ok((name, page_setup))
    }
}

fn bad_request(error: String) -> ApiError {
    ApiError::rendering(StatusCode::BAD_REQUEST, None, error)
}
