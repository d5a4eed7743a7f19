//! Batches: a template rendered in the background, once for each set of variables.
//!
//! A batch is stored as a small document with its progress, a large document with the request, and one document for each
//! finished item. When the server stops during a batch, the next start continues with the items that are not finished.

mod documents;
mod table;

pub(crate) use documents::{Batch, BatchItem, BatchOptions, BatchStatus, ItemRender};
pub(crate) use table::fetch_rows;

use crate::{
    api_error::ApiError,
    context::{AppState, RenderContext},
    contract::CONTRACT,
    rendering::template::render_layout,
    store::{Document as _, Filter, Order, StoreError, from_json, to_json},
    templates::Template,
    uid, webhooks,
};
use documents::{BatchRequest, LayoutError};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc};

/// Document kind of batches.
pub(crate) const BATCH: &str = Batch::KIND;

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
    template: Template,
    sets: Vec<Value>,
    options: BatchOptions,
) -> Result<Batch, StoreError> {
    let batch = Batch {
        id: uid::new(10),
        template_uid: template.uid.clone(),
        status: BatchStatus::Pending,
        total_items: sets.len(),
        created_at: context.state.now_text(),
        started_at: None,
        completed_at: None,
    };
    let request = BatchRequest {
        template,
        sets,
        options,
        base: context.base_url.clone(),
        request_id: context.request_id.clone(),
        idempotency_key: context.idempotency_key.clone(),
    };
    context.state.store.create(&batch.id, &request)?;
    context.state.store.create(&batch.id, &batch)?;
    context.state.clone().spawn(run(context, batch.id.clone(), request));
    Ok(batch)
}

/// Resumes the batches that were unfinished when the server stopped.
pub(crate) fn resume(state: &Arc<AppState>) -> Result<(), StoreError> {
    let Some(operation) = CONTRACT.operation(OPERATION) else { return Ok(()) };
    for status in ["pending", "processing"] {
        let unfinished = Filter::default().eq("$.status", Some(status));
        for batch in state.store.list_all::<Batch>(&unfinished, Order::Oldest)? {
            let Some(request) = state.store.find::<BatchRequest>(&batch.id)? else { continue };
            let context = RenderContext {
                state: state.clone(),
                operation,
                request_id: request.request_id.clone(),
                base_url: request.base.clone(),
                idempotency_key: request.idempotency_key.clone(),
            };
            state.spawn(run(context, batch.id, request));
        }
    }
    Ok(())
}

/// Renders the unfinished items of a batch.
async fn run(context: RenderContext, id: String, request: BatchRequest) {
    let run = Run { context, id, request };
    // If the store fails, the batch cannot continue. It stays unfinished until the next start.
    if let Err(error) = run.run().await {
        eprintln!("The batch {} stopped: {error}", run.id);
    }
}

/// Batch that is being rendered.
struct Run {
    context: RenderContext,
    id: String,
    request: BatchRequest,
}

impl Run {
    async fn run(&self) -> Result<(), StoreError> {
        let state = &self.context.state;
        let started = state.now_text();
        state.store.change(&self.id, |batch: &mut Batch| {
            if batch.status == BatchStatus::Pending {
                (batch.status, batch.started_at) = (BatchStatus::Processing, Some(started));
            }
            Ok::<_, StoreError>(())
        })?;
        let finished: BTreeSet<_> = items(state, &self.id)?.into_iter().map(|item| item.index).collect();
        let mut pending = Vec::new();
        for (index, variables) in (0..).zip(&self.request.sets) {
            if !finished.contains(&index) {
                pending.push(self.render_item(index, variables));
            }
        }
        let concurrency = self.request.options.concurrency.and_then(|count| usize::try_from(count).ok());
        let mut results = stream::iter(pending).buffer_unordered(concurrency.unwrap_or(DEFAULT_CONCURRENCY));
        while let Some(result) = results.next().await {
            result?;
        }
        self.finish()
    }

    /// Renders and stores one item, unless the batch has been cancelled.
    async fn render_item(&self, index: u64, variables: &Value) -> Result<(), StoreError> {
        let store = &self.context.state.store;
        if store.find::<Batch>(&self.id)?.is_none_or(|batch| batch.status == BatchStatus::Cancelled) {
            return Ok(());
        }
        let (mut results, mut errors) = (Vec::new(), Vec::new());
        for key in self.request.options.layout_keys() {
            match self.render_layout(key, variables).await {
                Ok(result) => results.push(result),
                Err(error) => errors.push(LayoutError { layout: key.to_owned(), error: error.message() }),
            }
        }
        let item = match errors.first() {
            Some(error) if results.is_empty() => BatchItem::failed(index, variables.clone(), error.error.clone()),
            _ => BatchItem::rendered(index, variables, results, errors),
        };
        store.insert(&item_kind(&self.id), &index.to_string(), &to_json(&item)?)?;
        Ok(())
    }

    /// Renders one layout of an item, and returns its result.
    async fn render_layout(&self, key: &str, variables: &Value) -> Result<ItemRender, ApiError> {
        let template = &self.request.template;
        let spec = self.request.options.output.spec(template, || Ok(vec![variables.clone()]))?;
        Ok(render_layout(&self.context, template, key, variables, &spec).await?.into())
    }

    /// Stores the final status, and emits the webhook event.
    fn finish(&self) -> Result<(), StoreError> {
        let state = &self.context.state;
        let (completed, failed) = counts(state, &self.id)?;
        let status = match (completed, failed) {
            (_, 0) => BatchStatus::Completed,
            (0, _) => BatchStatus::Failed,
            _ => BatchStatus::Partial,
        };
        let updated = state.store.change(&self.id, |batch: &mut Batch| {
            if batch.status != BatchStatus::Cancelled {
                (batch.status, batch.completed_at) = (status, Some(state.now_text()));
            }
            Ok::<_, StoreError>(batch.clone())
        })?;
        state.store.delete::<BatchRequest>(&self.id)?;
        let Some(batch) = updated.filter(|batch| batch.status != BatchStatus::Cancelled) else { return Ok(()) };
        let started = batch.started_at.and_then(|at| at.parse::<Timestamp>().ok());
        let duration = started.map(|started| state.now().duration_since(started).as_millis());
        let event = if status == BatchStatus::Failed { "batch.failed" } else { "batch.completed" };
        let data = json!({
            "batchId": self.id,
            "templateUid": batch.template_uid,
            "status": status,
            "totalCount": batch.total_items,
            "completedCount": completed,
            "failedCount": failed,
            "duration": duration.and_then(|duration| u64::try_from(duration).ok()).unwrap_or_default(),
        });
        if let Some(url) = self.request.options.webhook_url() {
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
pub(crate) fn items(state: &AppState, batch: &str) -> Result<Vec<BatchItem>, StoreError> {
    let items = state.store.all(&item_kind(batch), &Filter::default(), Order::Oldest)?;
    let mut items = items.into_iter().map(from_json).collect::<Result<Vec<BatchItem>, _>>()?;
    items.sort_by_key(|item| item.index);
    Ok(items)
}
