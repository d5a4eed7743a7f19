//! Batches: the list with its progress, and the items of a batch.

use super::{
    PREFIX, not_found, redirect,
    request::{PAGE_SIZE, PageRequest},
    view,
};
use crate::{
    batches::{self, BATCH},
    context::AppState,
    operations,
    response::ApiResult,
    store::{Filter, Search, StoreError, to_json},
};
use serde_json::{Value, json};

/// Shows the list of batches.
pub(super) fn list(request: &PageRequest<'_>) -> ApiResult {
    let (state, text) = (request.state, request.parameter("q"));
    let search = Search { text, ..Search::default() };
    let (found, total) = state.store.search(BATCH, Filter::default(), search, request.offset(), PAGE_SIZE)?;
    let found: Vec<_> =
        found.into_iter().map(|batch| with_progress(state, batch)).collect::<Result<_, StoreError>>()?;
    let data = json!({
        "batches": found,
        "search": {"text": text, "label": "Search batches by ID, template or status"},
        "pages": request.pages(total),
    });
    view::page(state, "batches", "batches", "Batches", data)
}

/// Adds the progress to a batch.
fn with_progress(state: &AppState, mut batch: Value) -> Result<Value, StoreError> {
    let (completed, failed) = batches::counts(state, batch["batchId"].as_str().unwrap_or_default())?;
    batch["done"] = (completed + failed).into();
    batch["completed"] = completed.into();
    batch["failed"] = failed.into();
    batch["isRunning"] = ["pending", "processing"].iter().any(|status| batch["status"] == *status).into();
    Ok(batch)
}

/// Shows a batch.
pub(super) fn show(request: &PageRequest<'_>, id: &str) -> ApiResult {
    let state = request.state;
    let batch = with_progress(state, state.store.get(BATCH, id)?.ok_or_else(not_found)?)?;
    let all = batches::items(state, id)?;
    let total = all.len();
    let items: Vec<_> = all
        .into_iter()
        .skip(request.offset())
        .take(PAGE_SIZE)
        .map(|found| Ok(item(&to_json(&found)?)))
        .collect::<Result<_, StoreError>>()?;
    let data = json!({"batch": batch, "items": items, "pages": request.pages(total)});
    view::page(state, "batches", "batch", &format!("Batch {id}"), data)
}

/// Returns what the page shows of an item.
fn item(item: &Value) -> Value {
    let results = item["results"].as_array().into_iter().flatten();
    let results: Vec<_> = results
        .map(|result| {
            let is_image = result["format"] != "pdf";
            json!({"id": result["id"], "layout": result["name"], "isImage": is_image,
                "media": format!("/media/{}", result["file"].as_str().unwrap_or_default())})
        })
        .collect();
    let variables = match &item["variables"] {
        // Only failed items have the values.
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        values => values.to_string(),
    };
    json!({"index": item["index"], "success": item["success"], "error": item["error"], "variables": variables,
        "results": results, "errors": item["errors"]})
}

/// Cancels a batch.
pub(super) async fn cancel(request: &PageRequest<'_>, id: &str) -> ApiResult {
    operations::call(request.state, "cancelBatch", &[("batchId", id)], &[], Value::Null).await?;
    Ok(redirect(&format!("{PREFIX}batches/{id}")))
}
