//! Batches: a template rendered in the background, once for each set of variables.
//!
//! A batch is stored as a small document with its progress, a large document with the request, and one document for each
//! finished item. When the server stops during a batch, the next start continues with the items that are not finished.

mod table;

pub(crate) use table::fetch_rows;

use crate::{
    answer::Refusal,
    areas::{DEFAULT, Wanted, render_layout},
    contract::CONTRACT,
    deliveries,
    server::{Call, Service},
    store::{Filter, Order, StoreError},
    uid,
};
use axum::http::HeaderMap;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

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
pub(crate) fn start(call: Call, template: &Value, sets: &[Value]) -> Result<Value, StoreError> {
    let id = uid::new(10);
    let batch = json!({
        "batchId": id,
        "templateUid": template["uid"],
        "status": "pending",
        "totalItems": sets.len(),
        "createdAt": call.service.now_text(),
        "startedAt": null,
        "completedAt": null,
    });
    let request = json!({
        "template": template,
        "sets": sets,
        "format": call.body["format"],
        "quality": call.body["quality"],
        "layout": call.body["layout"],
        "layouts": call.body["layouts"],
        "concurrency": call.body["concurrency"],
        "base": call.base,
        "requestId": call.request_id,
    });
    call.service.store.insert(REQUEST, &id, &request)?;
    call.service.store.insert(BATCH, &id, &batch)?;
    call.service.clone().spawn(run(call, id, request));
    Ok(batch)
}

/// Resumes the batches that were unfinished when the server stopped.
pub(crate) fn resume(service: &Arc<Service>) -> Result<(), StoreError> {
    let Some(operation) = CONTRACT.operation(OPERATION) else { return Ok(()) };
    for status in ["pending", "processing"] {
        let unfinished = Filter::default().and("$.status", Some(status));
        for batch in service.store.all(BATCH, &unfinished, Order::Oldest)? {
            let id = batch["batchId"].as_str().unwrap_or_default().to_owned();
            let Some(request) = service.store.get(REQUEST, &id)? else { continue };
            let text = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
            let call = Call {
                service: service.clone(),
                operation,
                path: BTreeMap::new(),
                query: BTreeMap::new(),
                body: Value::Null,
                headers: HeaderMap::new(),
                base: text("base"),
                request_id: text("requestId"),
            };
            service.spawn(run(call, id, request));
        }
    }
    Ok(())
}

/// Renders the unfinished items of a batch.
async fn run(call: Call, id: String, request: Value) {
    let batch = Batch { call, id, request };
    // If the store fails, the batch cannot continue. It stays unfinished until the next start.
    if let Err(error) = batch.run().await {
        eprintln!("The batch {} stopped: {error}", batch.id);
    }
}

/// Batch that is being rendered.
struct Batch {
    call: Call,
    id: String,
    request: Value,
}

impl Batch {
    async fn run(&self) -> Result<(), StoreError> {
        let store = &self.call.service.store;
        let started = self.call.service.now();
        store.change(BATCH, &self.id, |batch| {
            if batch["status"] == "pending" {
                batch["status"] = "processing".into();
                batch["startedAt"] = format!("{started:.3}").into();
            }
            Ok::<_, StoreError>(())
        })?;
        let finished: BTreeSet<u64> =
            items(&self.call.service, &self.id)?.iter().filter_map(|item| item["index"].as_u64()).collect();
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
        let store = &self.call.service.store;
        if store.get(BATCH, &self.id)?.is_none_or(|batch| batch["status"] == "cancelled") {
            return Ok(());
        }
        let empty = Map::new();
        let names: Vec<_> = variables.as_object().unwrap_or(&empty).keys().cloned().collect();
        let (mut results, mut errors) = (Vec::new(), Vec::new());
        let single_layout = self.request["layout"].as_str().unwrap_or(DEFAULT);
        let layouts = self.request["layouts"].as_array().filter(|keys| !keys.is_empty());
        let keys = layouts.map_or_else(|| vec![single_layout], |keys| keys.iter().filter_map(Value::as_str).collect());
        for key in keys {
            match self.render_layout(key, variables).await {
                Ok(result) => results.push(result),
                Err(error) => errors.push(json!({"layout": key, "error": error.text()})),
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
    async fn render_layout(&self, key: &str, variables: &Value) -> Result<Value, Refusal> {
        let (call, template) = (&self.call, &self.request["template"]);
        let wanted = Wanted::of(&self.request, template, || Ok(vec![variables.clone()]))?;
        let mut result = render_layout(call, template, key, variables, &wanted).await?;
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
        let service = &self.call.service;
        let items = items(service, &self.id)?;
        let completed = items.iter().filter(|item| item["success"] == true).count();
        let outcome = match (completed, items.len() - completed) {
            (_, 0) => "completed",
            (0, _) => "failed",
            _ => "partial",
        };
        let updated = service.store.change(BATCH, &self.id, |batch| {
            if batch["status"] != "cancelled" {
                batch["status"] = outcome.into();
                batch["completedAt"] = service.now_text().into();
            }
            Ok::<_, StoreError>(batch.clone())
        })?;
        service.store.remove(REQUEST, &self.id)?;
        let Some(batch) = updated.filter(|batch| batch["status"] != "cancelled") else { return Ok(()) };
        let started = batch["startedAt"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        let duration = started.map(|started| service.now().duration_since(started).as_millis());
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
        deliveries::emit(service, event, &data)
    }
}

/// Counts the rendered and the failed items of a batch.
pub(crate) fn counts(service: &Service, batch: &str) -> Result<(usize, usize), StoreError> {
    let count =
        |success| service.store.count(&item_kind(batch), &Filter::default().and_bool("$.success", Some(success)));
    Ok((count(true)?, count(false)?))
}

/// Returns the finished items of a batch, by index.
pub(crate) fn items(service: &Service, batch: &str) -> Result<Vec<Value>, StoreError> {
    let mut items = service.store.all(&item_kind(batch), &Filter::default(), Order::Oldest)?;
    items.sort_by_key(|item| item["index"].as_u64());
    Ok(items)
}
