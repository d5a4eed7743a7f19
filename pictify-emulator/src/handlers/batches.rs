//! Batches: begun, looked at, cancelled. What runs is in `batches/`.

use super::{handlers, templates};
use crate::{
    api_error::ApiError,
    batches::{self, BATCH},
    rendering::fill,
    response::{ApiResponse, ApiResult},
    server::RequestContext,
};
use axum::http::StatusCode;
use serde_json::{Value, json};

handlers! {
    "batchRenderTemplate" => async begin,
    "getBatchResults" => sync results,
    "cancelBatch" => sync cancel,
}

/// How many items a batch may have.
const LARGEST: usize = 1000;

async fn begin(context: RequestContext) -> ApiResult {
    let template = fill::find(&context, context.parameter("uid"))?.ok_or_else(templates::not_found)?;
    let bad = |message: String| ApiError::with_message(StatusCode::BAD_REQUEST, message);
    let sets = match (context.body["variableSets"].as_array(), context.body["csvUrl"].as_str()) {
        (Some(sets), None) => sets.clone(),
        (None, Some(url)) => batches::rows(&context.state.outbound.pages, url, &context.body["mappings"]).await?,
        _ => return Err(bad("Give either variableSets or csvUrl".to_owned())),
    };
    if sets.is_empty() {
        return Err(bad("There is nothing to render: the table has no rows".to_owned()));
    }
    if sets.len() > LARGEST {
        return Err(bad(format!("A batch has {LARGEST} items at most, not {}", sets.len())));
    }
    let batch = batches::begin(context, &template, &sets)?;
    let answer = json!({
        "batchId": batch["batchId"],
        "status": batch["status"],
        "totalItems": batch["totalItems"],
        "message": "The batch was begun",
    });
    Ok(ApiResponse::json(StatusCode::ACCEPTED, answer))
}

fn results(context: &RequestContext) -> ApiResult {
    let id = context.parameter("batchId");
    let mut batch = context.state.store.get(BATCH, id)?.ok_or_else(not_found)?;
    let items = batches::items(&context.state, id)?;
    let (completed, failed): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| item["success"] == true);
    let total = batch["totalItems"].as_u64().unwrap_or_default();
    let done = completed.len() + failed.len();
    #[allow(clippy::cast_precision_loss, reason = "a thousand at most")]
    let progress = if total == 0 { 100.0 } else { (done as f64 * 1000.0 / total as f64).round() / 10.0 };
    batch["progress"] = json!(progress);
    batch["completedItems"] = completed.len().into();
    batch["failedItems"] = failed.len().into();
    batch["results"] = completed.into_iter().map(|item| shown(context, item)).collect();
    batch["errors"] = failed
        .into_iter()
        .map(|item| json!({"index": item["index"], "error": item["error"], "variables": item["variables"]}))
        .collect();
    Ok(batch.into())
}

/// An item that was rendered, as it is answered: with addresses of its files or without anything of them.
fn shown(context: &RequestContext, mut item: Value) -> Value {
    if !context.state.config.include_batch_urls {
        return json!({"index": item["index"], "success": true, "variables": item["variables"]});
    }
    if let Some(results) = item["results"].as_array_mut() {
        for result in results {
            *result = context.to_public_json(result.take());
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
