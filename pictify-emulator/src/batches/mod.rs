//! Batches: a template rendered once for each set of variables, in the background.
//!
//! A batch is a small document that says how far it is; beside it stand what was asked for, which is large, and a document
//! for each item that is done. A batch that a stop has cut off goes on with the items that are missing.

mod table;

pub(crate) use table::rows;

use crate::{
    api_error::ApiError,
    contract::CONTRACT,
    handlers::{DEFAULT, OutputSpec, render_layout},
    server::{AppState, RequestContext},
    store::{Filter, Order, StoreError},
    uid, webhooks,
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
pub(crate) fn begin(context: RequestContext, template: &Value, sets: &[Value]) -> Result<Value, StoreError> {
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
    let asked = json!({
        "template": template,
        "sets": sets,
        "format": context.body["format"],
        "quality": context.body["quality"],
        "layout": context.body["layout"],
        "layouts": context.body["layouts"],
        "concurrency": context.body["concurrency"],
        "base": context.base,
        "requestId": context.request_id,
    });
    context.state.store.insert(REQUEST, &id, &asked)?;
    context.state.store.insert(BATCH, &id, &batch)?;
    context.state.clone().spawn(run(context, id, asked));
    Ok(batch)
}

/// Goes on with what was under way when the server stopped.
pub(crate) fn resume(state: &Arc<AppState>) -> Result<(), StoreError> {
    let Some(operation) = CONTRACT.operation(OPERATION) else { return Ok(()) };
    for status in ["pending", "processing"] {
        let cut_off = Filter::default().eq("$.status", Some(status));
        for batch in state.store.all(BATCH, &cut_off, Order::Oldest)? {
            let id = batch["batchId"].as_str().unwrap_or_default().to_owned();
            let Some(asked) = state.store.get(REQUEST, &id)? else { continue };
            let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
            let context = RequestContext {
                state: state.clone(),
                operation,
                path: BTreeMap::new(),
                query: BTreeMap::new(),
                body: Value::Null,
                headers: HeaderMap::new(),
                base: text("base"),
                request_id: text("requestId"),
            };
            state.spawn(run(context, id, asked));
        }
    }
    Ok(())
}

/// Renders what is missing.
async fn run(context: RequestContext, id: String, asked: Value) {
    let batch = Batch { context, id, asked };
    // A store that fails has nothing to go on with; the batch stays as it is for the next start.
    if let Err(error) = batch.run().await {
        eprintln!("The batch {} stopped: {error}", batch.id);
    }
}

struct Batch {
    context: RequestContext,
    id: String,
    asked: Value,
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
        let done: BTreeSet<u64> =
            items(&self.context.state, &self.id)?.iter().filter_map(|item| item["index"].as_u64()).collect();
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
        let store = &self.context.state.store;
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
                Err(refusal) => errors.push(json!({"layout": key, "error": refusal.message()})),
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

    async fn layout(&self, key: &str, variables: &Value) -> Result<Value, ApiError> {
        let (context, template) = (&self.context, &self.asked["template"]);
        let wanted = OutputSpec::of(&self.asked, template, || Ok(vec![variables.clone()]))?;
        let mut result = render_layout(context, template, key, variables, &wanted).await?;
        // The address is made anew for each who asks, who may know this server by another name.
        let file = result["url"].as_str().and_then(|url| url.rsplit('/').next()).unwrap_or_default().to_owned();
        if let Some(result) = result.as_object_mut() {
            result.remove("url");
            result.insert("file".to_owned(), file.into());
        }
        Ok(result)
    }

    fn finish(&self) -> Result<(), StoreError> {
        let state = &self.context.state;
        let items = items(state, &self.id)?;
        let completed = items.iter().filter(|item| item["success"] == true).count();
        let outcome = match (completed, items.len() - completed) {
            (_, 0) => "completed",
            (0, _) => "failed",
            _ => "partial",
        };
        let done = state.store.update(BATCH, &self.id, |batch| {
            if batch["status"] != "cancelled" {
                batch["status"] = outcome.into();
                batch["completedAt"] = state.now_text().into();
            }
            Ok::<_, StoreError>(batch.clone())
        })?;
        state.store.remove(REQUEST, &self.id)?;
        let Some(batch) = done.filter(|batch| batch["status"] != "cancelled") else { return Ok(()) };
        let started = batch["startedAt"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        let took = started.map(|started| state.now().duration_since(started).as_millis());
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
        webhooks::emit(state, event, &data)
    }
}

/// How many items of a batch are rendered, and how many have failed.
pub(crate) fn counts(state: &AppState, batch: &str) -> Result<(usize, usize), StoreError> {
    let count = |success| state.store.count(&items_of(batch), &Filter::default().eq_bool("$.success", Some(success)));
    Ok((count(true)?, count(false)?))
}

/// The items of a batch that are done, in their order.
pub(crate) fn items(state: &AppState, batch: &str) -> Result<Vec<Value>, StoreError> {
    let mut items = state.store.all(&items_of(batch), &Filter::default(), Order::Oldest)?;
    items.sort_by_key(|item| item["index"].as_u64());
    Ok(items)
}
