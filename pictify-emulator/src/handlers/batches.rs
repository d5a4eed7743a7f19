//! Handlers for batches: start, results, cancel. The background work is in `batches/`.

use super::handlers;
use crate::{
    api_error::ApiError,
    batches::{self, Batch, BatchItem, BatchOptions, BatchStatus, ItemRender},
    context::RequestContext,
    fetch::parse_url,
    response::{ApiResponse, ApiResult},
    templates,
};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

handlers! {
    "batchRenderTemplate" => async start,
    "getBatchResults" => sync results,
    "cancelBatch" => sync cancel,
}

/// Maximum number of items in a batch.
const MAX_BATCH_ITEMS: usize = 1000;

/// Rows of a request: sets of variables, or a table.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RowsRequest {
    variable_sets: Option<Vec<Value>>,
    csv_url: Option<String>,
    #[serde(default)]
    mappings: Value,
}

async fn start(context: RequestContext) -> ApiResult {
    let template = templates::find(&context.state.store, context.parameter("uid"))?;
    let (options, request): (BatchOptions, RowsRequest) = (context.read_body()?, context.read_body()?);
    let bad_request = |message: String| ApiError::with_message(StatusCode::BAD_REQUEST, message);
    let rows = match (request.variable_sets, request.csv_url) {
        (Some(rows), None) => rows,
        (None, Some(url)) => batches::fetch_rows(&context.state.outbound.pages, &url, &request.mappings).await?,
        _ => return Err(bad_request("Give variableSets or csvUrl: exactly one of them".to_owned())),
    };
    if rows.is_empty() {
        return Err(bad_request("The batch is empty: give at least one set of variables or row".to_owned()));
    }
    if rows.len() > MAX_BATCH_ITEMS {
        return Err(bad_request(format!("A batch may have at most {MAX_BATCH_ITEMS} items, not {}", rows.len())));
    }
    if let Some(url) = options.webhook_url() {
        parse_url(url).map_err(|error| bad_request(format!("body/webhookUrl: {error}")))?;
    }
    let batch = batches::start(context.render, template, rows, options)?;
    let response = json!({
        "batchId": batch.id,
        "status": batch.status,
        "totalItems": batch.total_items,
        "message": "The batch was started",
    });
    Ok(ApiResponse::json(StatusCode::ACCEPTED, response))
}

fn results(context: &RequestContext) -> ApiResult {
    let id = context.parameter("batchId");
    let batch: Batch = context.state.store.find(id)?.ok_or_else(not_found)?;
    let items = batches::items(&context.state, id)?;
    let (completed, failed): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| item.success);
    let (done, total) = (completed.len() + failed.len(), batch.total_items);
    #[allow(clippy::cast_precision_loss, reason = "at most a thousand")]
    let progress = if total == 0 { 100.0 } else { (done as f64 * 1000.0 / total as f64).round() / 10.0 };
    let results = BatchResults {
        progress,
        completed_items: completed.len(),
        failed_items: failed.len(),
        results: completed.into_iter().map(|item| item_to_response(context, item)).collect(),
        errors: failed.iter().map(item_error).collect(),
        batch,
    };
    Ok(json!(results).into())
}

/// Batch with its results, as the API returns it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchResults {
    #[serde(flatten)]
    batch: Batch,
    /// Percentage of the finished items.
    progress: f64,
    completed_items: usize,
    failed_items: usize,
    results: Vec<Value>,
    errors: Vec<Value>,
}

/// Returns a rendered item as the API shows it: with the URLs of its files, or without results if the server is
/// configured so.
fn item_to_response(context: &RequestContext, item: BatchItem) -> Value {
    let mut response = json!({"index": item.index, "success": true, "variables": item.variables});
    if context.state.config.include_batch_urls {
        let results: Vec<_> = item.results.iter().flatten().map(|render| to_result(context, render)).collect();
        response["results"] = results.into();
        response["errors"] = json!(item.errors.unwrap_or_default());
    }
    response
}

fn to_result(context: &RequestContext, render: &ItemRender) -> Value {
    json!({
        "layout": render.layout,
        "name": render.name,
        "url": context.render.media_url(&render.file),
        "width": render.width,
        "height": render.height,
        "format": render.format,
        "id": render.id,
        "createdAt": render.created_at,
    })
}

/// Returns the error of a failed item as the API shows it.
fn item_error(item: &BatchItem) -> Value {
    json!({"index": item.index, "error": item.error, "variables": item.variables})
}

fn cancel(context: &RequestContext) -> ApiResult {
    let id = context.parameter("batchId");
    let cancelled = context.state.store.change(id, |batch: &mut Batch| {
        if !batch.status.is_active() {
            let message = format!("The batch is {} and cannot be cancelled", batch.status.name());
            return Err(ApiError::with_message(StatusCode::CONFLICT, message));
        }
        (batch.status, batch.completed_at) = (BatchStatus::Cancelled, Some(context.state.now_text()));
        Ok(())
    })?;
    cancelled.ok_or_else(not_found)?;
    Ok(json!({"batchId": id, "status": "cancelled", "message": "The batch was cancelled"}).into())
}

fn not_found() -> ApiError {
    ApiError::with_message(StatusCode::NOT_FOUND, "Batch not found")
}
