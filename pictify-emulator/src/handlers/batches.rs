//! Handlers for batches: start, results, cancel. The background work is in `batches/`.

use super::{handlers, templates};
use crate::{
    api_error::ApiError,
    batches::{self, BATCH},
    context::RequestContext,
    fetch::parse_url,
    rendering::fill,
    response::{ApiResponse, ApiResult},
};
use axum::http::StatusCode;
use serde_json::{Value, json};

handlers! {
    "batchRenderTemplate" => async start,
    "getBatchResults" => sync results,
    "cancelBatch" => sync cancel,
}

/// Maximum number of items in a batch.
const MAX_BATCH_ITEMS: usize = 1000;

async fn start(context: RequestContext) -> ApiResult {
    let template = fill::find(&context.state.store, context.parameter("uid"))?.ok_or_else(templates::not_found)?;
    let bad_request = |message: String| ApiError::with_message(StatusCode::BAD_REQUEST, message);
    let rows = match (context.body["variableSets"].as_array(), context.body["csvUrl"].as_str()) {
        (Some(rows), None) => rows.clone(),
        (None, Some(url)) => batches::fetch_rows(&context.state.outbound.pages, url, &context.body["mappings"]).await?,
        _ => return Err(bad_request("Give variableSets or csvUrl: exactly one of them".to_owned())),
    };
    if rows.is_empty() {
        return Err(bad_request("The batch is empty: give at least one set of variables or row".to_owned()));
    }
    if rows.len() > MAX_BATCH_ITEMS {
        return Err(bad_request(format!("A batch may have at most {MAX_BATCH_ITEMS} items, not {}", rows.len())));
    }
    if let Some(url) = context.body["webhookUrl"].as_str().filter(|url| !url.is_empty()) {
        parse_url(url).map_err(|error| bad_request(format!("body/webhookUrl: {error}")))?;
    }
    let batch = batches::start(context.render, &context.body, &template, &rows)?;
    let response = json!({
        "batchId": batch["batchId"],
        "status": batch["status"],
        "totalItems": batch["totalItems"],
        "message": "The batch was started",
    });
    Ok(ApiResponse::json(StatusCode::ACCEPTED, response))
}

fn results(context: &RequestContext) -> ApiResult {
    let id = context.parameter("batchId");
    let mut batch = context.state.store.get(BATCH, id)?.ok_or_else(not_found)?;
    let items = batches::items(&context.state, id)?;
    let (completed, failed): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| item["success"] == true);
    let total = batch["totalItems"].as_u64().unwrap_or_default();
    let done = completed.len() + failed.len();
    #[allow(clippy::cast_precision_loss, reason = "at most a thousand")]
    let progress = if total == 0 { 100.0 } else { (done as f64 * 1000.0 / total as f64).round() / 10.0 };
    batch["progress"] = json!(progress);
    batch["completedItems"] = completed.len().into();
    batch["failedItems"] = failed.len().into();
    batch["results"] = completed.into_iter().map(|item| item_to_response(context, item)).collect();
    batch["errors"] = failed
        .into_iter()
        .map(|item| json!({"index": item["index"], "error": item["error"], "variables": item["variables"]}))
        .collect();
    Ok(batch.into())
}

/// Returns a rendered item as the API shows it: with the URLs of its files, or without results if the server is
/// configured so.
fn item_to_response(context: &RequestContext, mut item: Value) -> Value {
    if !context.state.config.include_batch_urls {
        return json!({"index": item["index"], "success": true, "variables": item["variables"]});
    }
    if let Some(results) = item["results"].as_array_mut() {
        for result in results {
            *result = context.render.to_public_json(result.take());
        }
    }
    item
}

fn cancel(context: &RequestContext) -> ApiResult {
    let id = context.parameter("batchId");
    let cancelled = context.state.store.update(BATCH, id, |batch| {
        let status = batch["status"].as_str().unwrap_or_default();
        if !["pending", "processing"].contains(&status) {
            return Err(ApiError::with_message(
                StatusCode::CONFLICT,
                format!("The batch is {status} and cannot be cancelled"),
            ));
        }
        batch["status"] = "cancelled".into();
        batch["completedAt"] = context.state.now_text().into();
        Ok(())
    })?;
    cancelled.ok_or_else(not_found)?;
    Ok(json!({"batchId": id, "status": "cancelled", "message": "The batch was cancelled"}).into())
}

fn not_found() -> ApiError {
    ApiError::with_message(StatusCode::NOT_FOUND, "Batch not found")
}
