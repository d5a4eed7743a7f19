//! Batches: a template rendered in the background, once for each set of variables.
//!
//! A batch is stored as a small document with its progress, a large document with the request, and one document for each
//! finished item. When the server stops during a batch, the next start continues with the items that are not finished.

mod table;

pub(crate) use table::fetch_rows;

use crate::{
    api_error::ApiError,
    context::{AppState, RenderContext},
    contract::CONTRACT,
    rendering::template::{DEFAULT_LAYOUT, OutputSpec, render_layout},
    store::{Filter, Order, StoreError},
    uid, webhooks,
};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, sync::Arc};

/// Document kind of batches.
pub(crate) const BATCH: &str = "batch";

/// Document kind of the requests of batches.
const REQUEST: &str = "batch-request";

/// Operation that creates batches.
pub(crate) const OPERATION: &str = "batchRenderTemplate";

/// Default number of items that are rendered concurrently.
const DEFAULT_CONCURRENCY: usize = 5;

/// Returns the document kind of the finished items of a batch.
fn item_kind(batch: &str) -> String {
    format!("batch-item {batch}")
}

/// Stores a batch and starts it in the background.
pub(crate) fn start(
    context: RenderContext,
    body: &Value,
    template: &Value,
    sets: &[Value],
) -> Result<Value, StoreError> {
    let id = uid::new(10);
    let batch = json!({
        "batchId": id,
        "templateUid": template["uid"],
        "status": "pending",
        "totalItems": sets.len(),
        "createdAt": context.state.now_text(),
        "startedAt": null,
        "completedAt": null,
    });
    let request = json!({
        "template": template,
        "sets": sets,
        "format": body["format"],
        "quality": body["quality"],
        "layout": body["layout"],
        "layouts": body["layouts"],
        "concurrency": body["concurrency"],
        "webhookUrl": body["webhookUrl"],
        "base": context.base_url,
        "requestId": context.request_id,
        "idempotencyKey": context.idempotency_key,
    });
    context.state.store.insert(REQUEST, &id, &request)?;
    context.state.store.insert(BATCH, &id, &batch)?;
    context.state.clone().spawn(run(context, id, request));
    Ok(batch)
}

/// Resumes the batches that were unfinished when the server stopped.
pub(crate) fn resume(state: &Arc<AppState>) -> Result<(), StoreError> {
    let Some(operation) = CONTRACT.operation(OPERATION) else { return Ok(()) };
    for status in ["pending", "processing"] {
        let unfinished = Filter::default().eq("$.status", Some(status));
        for batch in state.store.all(BATCH, &unfinished, Order::Oldest)? {
            let id = batch["batchId"].as_str().unwrap_or_default().to_owned();
            let Some(request) = state.store.get(REQUEST, &id)? else { continue };
            let text = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
            let context = RenderContext {
                state: state.clone(),
                operation,
                request_id: text("requestId"),
                base_url: text("base"),
                idempotency_key: request["idempotencyKey"].as_str().map(str::to_owned),
            };
            state.spawn(run(context, id, request));
        }
    }
    Ok(())
}

/// Renders the unfinished items of a batch.
async fn run(context: RenderContext, id: String, request: Value) {
    let batch = Batch { context, id, request };
    // If the store fails, the batch cannot continue. It stays unfinished until the next start.
    if let Err(error) = batch.run().await {
        eprintln!("The batch {} stopped: {error}", batch.id);
    }
}

/// Batch that is being rendered.
struct Batch {
    context: RenderContext,
    id: String,
    request: Value,
}

impl Batch {
    async fn run(&self) -> Result<(), StoreError> {
        let store = &self.context.state.store;
        let started = self.context.state.now();
        store.update(BATCH, &self.id, |batch| {
            if batch["status"] == "pending" {
                batch["status"] = "processing".into();
                batch["startedAt"] = format!("{started:.3}").into();
            }
            Ok::<_, StoreError>(())
        })?;
        let finished: BTreeSet<u64> =
            items(&self.context.state, &self.id)?.iter().filter_map(|item| item["index"].as_u64()).collect();
        let sets = self.request["sets"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut pending = Vec::new();
        for (index, variables) in (0..).zip(sets) {
            if !finished.contains(&index) {
                pending.push(self.render_item(index, variables));
            }
        }
        let concurrency = self.request["concurrency"].as_u64().and_then(|count| usize::try_from(count).ok());
        let mut results = stream::iter(pending).buffer_unordered(concurrency.unwrap_or(DEFAULT_CONCURRENCY));
        while let Some(result) = results.next().await {
            result?;
        }
        self.finish()
    }

    /// Renders and stores one item, unless the batch has been cancelled.
    async fn render_item(&self, index: u64, variables: &Value) -> Result<(), StoreError> {
        let store = &self.context.state.store;
        if store.get(BATCH, &self.id)?.is_none_or(|batch| batch["status"] == "cancelled") {
            return Ok(());
        }
        let empty = Map::new();
        let names: Vec<_> = variables.as_object().unwrap_or(&empty).keys().cloned().collect();
        let (mut results, mut errors) = (Vec::new(), Vec::new());
        let single_layout = self.request["layout"].as_str().unwrap_or(DEFAULT_LAYOUT);
        let layouts = self.request["layouts"].as_array().filter(|keys| !keys.is_empty());
        let keys = layouts.map_or_else(|| vec![single_layout], |keys| keys.iter().filter_map(Value::as_str).collect());
        for key in keys {
            match self.render_layout(key, variables).await {
                Ok(result) => results.push(result),
                Err(error) => errors.push(json!({"layout": key, "error": error.message()})),
            }
        }
        let error = errors.first().map(|error| error["error"].clone());
        let item = match error {
            Some(error) if results.is_empty() => {
                json!({"index": index, "success": false, "error": error, "variables": variables})
            }
            _ => json!({
                "index": index, "success": true, "variables": names, "results": results, "errors": errors,
            }),
        };
        store.insert(&item_kind(&self.id), &index.to_string(), &item)?;
        Ok(())
    }

    /// Renders one layout of an item, and returns its result.
    async fn render_layout(&self, key: &str, variables: &Value) -> Result<Value, ApiError> {
        let (context, template) = (&self.context, &self.request["template"]);
        let output = OutputSpec::of(&self.request, template, || Ok(vec![variables.clone()]))?;
        let mut result = json!(render_layout(context, template, key, variables, &output).await?);
        // Only the file name is stored. The URL is built for each request, because clients can use different host names.
        let file = result["url"].as_str().and_then(|url| url.rsplit('/').next()).unwrap_or_default().to_owned();
        if let Some(result) = result.as_object_mut() {
            result.remove("url");
            result.insert("file".to_owned(), file.into());
        }
        Ok(result)
    }

    /// Stores the final status, and emits the webhook event.
    fn finish(&self) -> Result<(), StoreError> {
        let state = &self.context.state;
        let items = items(state, &self.id)?;
        let completed = items.iter().filter(|item| item["success"] == true).count();
        let outcome = match (completed, items.len() - completed) {
            (_, 0) => "completed",
            (0, _) => "failed",
            _ => "partial",
        };
        let updated = state.store.update(BATCH, &self.id, |batch| {
            if batch["status"] != "cancelled" {
                batch["status"] = outcome.into();
                batch["completedAt"] = state.now_text().into();
            }
            Ok::<_, StoreError>(batch.clone())
        })?;
        state.store.remove(REQUEST, &self.id)?;
        let Some(batch) = updated.filter(|batch| batch["status"] != "cancelled") else { return Ok(()) };
        let started = batch["startedAt"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        let duration = started.map(|started| state.now().duration_since(started).as_millis());
        let event = if outcome == "failed" { "batch.failed" } else { "batch.completed" };
        let data = json!({
            "batchId": self.id,
            "templateUid": batch["templateUid"],
            "status": outcome,
            "totalCount": batch["totalItems"],
            "completedCount": completed,
            "failedCount": items.len() - completed,
            "duration": duration.and_then(|duration| u64::try_from(duration).ok()).unwrap_or_default(),
        });
        if let Some(url) = self.request["webhookUrl"].as_str().filter(|url| !url.is_empty()) {
            webhooks::deliver_unsigned(state, url, event, &data)?;
        }
        webhooks::emit(state, event, &data)
    }
}

/// Counts the rendered and the failed items of a batch.
pub(crate) fn counts(state: &AppState, batch: &str) -> Result<(usize, usize), StoreError> {
    let count = |success| state.store.count(&item_kind(batch), &Filter::default().eq_bool("$.success", Some(success)));
    Ok((count(true)?, count(false)?))
}

/// Returns the finished items of a batch, by index.
pub(crate) fn items(state: &AppState, batch: &str) -> Result<Vec<Value>, StoreError> {
    let mut items = state.store.all(&item_kind(batch), &Filter::default(), Order::Oldest)?;
    items.sort_by_key(|item| item["index"].as_u64());
    Ok(items)
}
