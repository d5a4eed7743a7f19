//! Batches: a template rendered once for each set of variables, in the background.
//!
//! A batch is a small document that says how far it is; beside it stand what was asked for, which is large, and a document
//! for each item that is done. A batch that a stop has cut off goes on with the items that are missing.

mod table;

pub(crate) use table::rows;

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

/// The kind of the documents that batches are.
pub(crate) const BATCH: &str = "batch";

/// The kind of what was asked for.
const REQUEST: &str = "batch-request";

/// The operation that makes batches.
pub(crate) const OPERATION: &str = "batchRenderTemplate";

/// How many items run at once when the request says nothing.
const CONCURRENCY: usize = 5;

/// The kind of the items of a batch that are done.
fn items_of(batch: &str) -> String {
    format!("batch-item {batch}")
}

/// Writes a batch down and begins with it.
pub(crate) fn begin(call: Call, template: &Value, sets: &[Value]) -> Result<Value, StoreError> {
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
    let asked = json!({
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
    call.service.store.insert(REQUEST, &id, &asked)?;
    call.service.store.insert(BATCH, &id, &batch)?;
    call.service.clone().spawn(run(call, id, asked));
    Ok(batch)
}

/// Goes on with what was under way when the server stopped.
pub(crate) fn resume(service: &Arc<Service>) -> Result<(), StoreError> {
    let Some(operation) = CONTRACT.operation(OPERATION) else { return Ok(()) };
    for status in ["pending", "processing"] {
        let cut_off = Filter::default().and("$.status", Some(status));
        for batch in service.store.all(BATCH, &cut_off, Order::Oldest)? {
            let id = batch["batchId"].as_str().unwrap_or_default().to_owned();
            let Some(asked) = service.store.get(REQUEST, &id)? else { continue };
            let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
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
            service.spawn(run(call, id, asked));
        }
    }
    Ok(())
}

/// Renders what is missing.
async fn run(call: Call, id: String, asked: Value) {
    let batch = Batch { call, id, asked };
    // A store that fails has nothing to go on with; the batch stays as it is for the next start.
    if let Err(error) = batch.run().await {
        eprintln!("The batch {} stopped: {error}", batch.id);
    }
}

struct Batch {
    call: Call,
    id: String,
    asked: Value,
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
        let done: BTreeSet<u64> =
            items(&self.call.service, &self.id)?.iter().filter_map(|item| item["index"].as_u64()).collect();
        let sets = self.asked["sets"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut missing = Vec::new();
        for (index, variables) in (0..).zip(sets) {
            if !done.contains(&index) {
                missing.push(self.item(index, variables));
            }
        }
        let at_once = self.asked["concurrency"].as_u64().and_then(|count| usize::try_from(count).ok());
        let mut results = stream::iter(missing).buffer_unordered(at_once.unwrap_or(CONCURRENCY));
        while let Some(result) = results.next().await {
            result?;
        }
        self.finish()
    }

    /// Renders one item, unless the batch was cancelled before its turn.
    async fn item(&self, index: u64, variables: &Value) -> Result<(), StoreError> {
        let store = &self.call.service.store;
        if store.get(BATCH, &self.id)?.is_none_or(|batch| batch["status"] == "cancelled") {
            return Ok(());
        }
        let none = Map::new();
        let names: Vec<_> = variables.as_object().unwrap_or(&none).keys().cloned().collect();
        let (mut results, mut errors) = (Vec::new(), Vec::new());
        let single = self.asked["layout"].as_str().unwrap_or(DEFAULT);
        let several = self.asked["layouts"].as_array().filter(|keys| !keys.is_empty());
        let keys = several.map_or_else(|| vec![single], |keys| keys.iter().filter_map(Value::as_str).collect());
        for key in keys {
            match self.layout(key, variables).await {
                Ok(result) => results.push(result),
                Err(refusal) => errors.push(json!({"layout": key, "error": refusal.text()})),
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
        store.insert(&items_of(&self.id), &index.to_string(), &item)?;
        Ok(())
    }

    async fn layout(&self, key: &str, variables: &Value) -> Result<Value, Refusal> {
        let (call, template) = (&self.call, &self.asked["template"]);
        let wanted = Wanted::of(&self.asked, template, || Ok(vec![variables.clone()]))?;
        let mut result = render_layout(call, template, key, variables, &wanted).await?;
        // The address is made anew for each who asks, who may know this server by another name.
        let file = result["url"].as_str().and_then(|url| url.rsplit('/').next()).unwrap_or_default().to_owned();
        if let Some(result) = result.as_object_mut() {
            result.remove("url");
            result.insert("file".to_owned(), file.into());
        }
        Ok(result)
    }

    fn finish(&self) -> Result<(), StoreError> {
        let service = &self.call.service;
        let items = items(service, &self.id)?;
        let completed = items.iter().filter(|item| item["success"] == true).count();
        let outcome = match (completed, items.len() - completed) {
            (_, 0) => "completed",
            (0, _) => "failed",
            _ => "partial",
        };
        let done = service.store.change(BATCH, &self.id, |batch| {
            if batch["status"] != "cancelled" {
                batch["status"] = outcome.into();
                batch["completedAt"] = service.now_text().into();
            }
            Ok::<_, StoreError>(batch.clone())
        })?;
        service.store.remove(REQUEST, &self.id)?;
        let Some(batch) = done.filter(|batch| batch["status"] != "cancelled") else { return Ok(()) };
        let started = batch["startedAt"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        let took = started.map(|started| service.now().duration_since(started).as_millis());
        let event = if outcome == "failed" { "batch.failed" } else { "batch.completed" };
        let data = json!({
            "batchId": self.id,
            "templateUid": batch["templateUid"],
            "status": outcome,
            "totalCount": batch["totalItems"],
            "completedCount": completed,
            "failedCount": items.len() - completed,
            "duration": took.and_then(|took| u64::try_from(took).ok()).unwrap_or_default(),
        });
        deliveries::emit(service, event, &data)
    }
}

/// How many items of a batch are rendered, and how many have failed.
pub(crate) fn counts(service: &Service, batch: &str) -> Result<(usize, usize), StoreError> {
    let count =
        |success| service.store.count(&items_of(batch), &Filter::default().and_bool("$.success", Some(success)));
    Ok((count(true)?, count(false)?))
}

/// The items of a batch that are done, in their order.
pub(crate) fn items(service: &Service, batch: &str) -> Result<Vec<Value>, StoreError> {
    let mut items = service.store.all(&items_of(batch), &Filter::default(), Order::Oldest)?;
    items.sort_by_key(|item| item["index"].as_u64());
    Ok(items)
}
