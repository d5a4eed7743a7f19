//! HTML dashboard at `/`: renders, templates, batches, deliveries, requests and billed renders.
//!
//! It has no build step: a Handlebars template, a style sheet and a small script, all in this folder.

use crate::{
    api_error::ApiError,
    batches::{self, BATCH},
    context::AppState,
    ledger::billed_renders,
    query_string::query_pairs,
    render::{Format, Page},
    rendering::RENDER,
    rendering::fill,
    requests::RequestFilter,
    response::{ApiResponse, ApiResult},
    store::{Document as _, Filter, Order, StoreError},
    templates::{self, Template},
    webhooks::DELIVERY,
};
use axum::http::{
    HeaderName,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY},
};
use handlebars::Handlebars;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// Path prefix of template previews.
pub(crate) const PREVIEW: &str = "/_emulator/preview/";

/// Maximum number of items in each section.
const MAX_ITEMS: usize = 24;

/// Content security policy: the page loads nothing from other servers and runs no other script, whatever a template
/// name or a request path contains.
const CONTENT_SECURITY_POLICY_VALUE: &str =
    "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'";

/// Path of the script.
pub(crate) const SCRIPT: &str = "/_emulator/dashboard.js";

static ENGINE: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut engine = Handlebars::new();
    engine.register_template_string("page", include_str!("dashboard.hbs")).expect("the page compiles");
    engine.register_partial("style", include_str!("style.css")).expect("the style compiles");
    engine
});

/// Renders the dashboard.
pub(crate) fn page(state: &AppState) -> ApiResult {
    let store = &state.store;
    let newest = |kind| store.page(kind, &Filter::default(), Order::Newest, 0, MAX_ITEMS);
    let (renders, total) = newest(RENDER)?;
    let (templates, template_count) = newest(Template::KIND)?;
    let (deliveries, delivery_count) = newest(DELIVERY)?;
    let (batches, batch_count) = newest(BATCH)?;
    let batches = batches.into_iter().map(|batch| with_progress(state, batch)).collect::<Result<Vec<_>, _>>()?;
    let requests = state.requests.latest(&RequestFilter::default(), MAX_ITEMS);
    let is_busy = deliveries.iter().any(|delivery| delivery["status"] == "pending")
        || batches.iter().any(|batch| batch["status"] == "pending" || batch["status"] == "processing");
    let data = json!({
        "batches": batches,
        "batchCount": batch_count,
        "deliveries": deliveries.into_iter().map(with_readable_body).collect::<Vec<_>>(),
        "deliveryCount": delivery_count,
        "isBusy": is_busy,
        "url": state.url(),
        "renders": renders,
        "total": total,
        "billed": billed_renders(store)?,
        "templates": templates,
        "templateCount": template_count,
        "requests": requests.iter().map(|request| request.summary()).collect::<Vec<_>>(),
    });
    let html = ENGINE.render("page", &data).map_err(|error| ApiError::internal(error.to_string()))?;
    Ok(ApiResponse::bytes("text/html; charset=utf-8", html)
        .header(CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY_VALUE)
        .header(CACHE_CONTROL, "no-store")
        .header(HeaderName::from_static("x-content-type-options"), "nosniff"))
}

/// Adds the progress to a batch.
fn with_progress(state: &AppState, mut batch: Value) -> Result<Value, StoreError> {
    let (completed, failed) = batches::counts(state, batch["batchId"].as_str().unwrap_or_default())?;
    (batch["done"], batch["completed"], batch["failed"]) =
        ((completed + failed).into(), completed.into(), failed.into());
    Ok(batch)
}

/// Adds the formatted body and the last result to a delivery.
fn with_readable_body(mut delivery: Value) -> Value {
    let body = delivery["body"].as_str().and_then(|body| serde_json::from_str::<Value>(body).ok());
    delivery["text"] = body.and_then(|body| serde_json::to_string_pretty(&body).ok()).into();
    delivery["attemptCount"] = delivery["attempts"].as_array().map_or(0, Vec::len).into();
    delivery["isOver"] = (delivery["status"] != "pending").into();
    let last = delivery["attempts"].as_array().and_then(|attempts| attempts.last()).cloned().unwrap_or_default();
    delivery["last"] = if last["error"].is_null() { last["responseCode"].clone() } else { last["error"].clone() };
    delivery
}

/// Returns the script of the dashboard.
pub(crate) fn script() -> ApiResponse {
    ApiResponse::bytes("text/javascript; charset=utf-8", include_str!("dashboard.js")).header(CACHE_CONTROL, "no-cache")
}

/// Renders a template with these values as a PNG that is neither stored nor billed.
pub(crate) async fn preview(state: &AppState, name: &str, query: &str) -> ApiResult {
    let uid = name.strip_suffix(".png").unwrap_or(name);
    let template = templates::find(&state.store, uid)?;
    // Empty inputs take the default of their variable.
    let values = query_pairs(query).filter(|(_, value)| !value.is_empty());
    let values: Map<String, Value> = values.map(|(name, value)| (name, value.into())).collect();
    let filled = fill::fill(&template, None, &Value::Object(values), None)?;
    let page =
        Page { html: filled.html, width: filled.width, height: filled.height, format: Format::Png, ..Page::default() };
    let image = state.render_pool.render(page).await?;
    Ok(ApiResponse::bytes("image/png", image.bytes).header(CACHE_CONTROL, "no-store"))
}
