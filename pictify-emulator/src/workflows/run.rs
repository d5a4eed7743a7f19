//! Run of a workflow: renders its rows in sequence, and stores the progress.

use super::{DocumentSpec, INTERRUPTED, WorkflowSpec};
use crate::{
    api_error::ApiError,
    context::RenderContext,
    store::{Document, Filter, Order, StoreError},
    uid,
};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Run of a workflow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct WorkflowRun {
    #[serde(flatten)]
    spec: WorkflowSpec,
    /// ID of the hook that started the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    hook_uid: Option<String>,
    pub(crate) uid: String,
    status: RunStatus,
    pub(crate) counts: Counts,
    created_at: String,
    /// ID of the server process that renders the documents. Responses do not contain it.
    #[serde(rename = "_worker", skip_serializing_if = "Option::is_none")]
    worker: Option<String>,
}

impl Document for WorkflowRun {
    const KIND: &'static str = "workflow_run";
}

/// Status of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RunStatus {
    #[default]
    Running,
    Completed,
    Failed,
}

/// Counts of the documents of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Counts {
    total: u64,
    rendered: u64,
    delivered: u64,
    failed: u64,
}

/// Rows of a run. They can be large and a run is updated after each row, so they are stored apart.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Rows(Vec<Value>);

impl Document for Rows {
    const KIND: &'static str = "workflow_rows";
}

/// Finished item of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct WorkflowItem {
    /// ID of the run.
    run: String,
    index: u64,
    status: ItemStatus,
    /// File name.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    delivery_status: Option<String>,
    error: Option<String>,
    /// Address of the last delivery, if a request gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
}

impl Document for WorkflowItem {
    const KIND: &'static str = "workflow_item";
}

/// Status of an item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ItemStatus {
    #[default]
    Queued,
    Rendered,
    Failed,
}

/// Stores a run and starts it in the background. Returns its uid.
pub(crate) fn start(
    context: RenderContext,
    spec: WorkflowSpec,
    hook_uid: Option<String>,
    document: DocumentSpec,
    rows: Vec<Value>,
) -> Result<String, ApiError> {
    let counts = Counts { total: rows.len() as u64, ..Counts::default() };
    let run = WorkflowRun {
        spec,
        hook_uid,
        uid: uid::new(10),
        status: counts.status(),
        counts,
        created_at: context.state.now_text(),
        worker: Some(context.state.instance_id.clone()),
    };
    let (store, rows) = (&context.state.store, Rows(rows));
    store.create(&run.uid, &rows)?;
    store.create(&run.uid, &run)?;
    let uid = run.uid.clone();
    context.state.clone().spawn(async move {
        for (index, row) in (0..).zip(&rows.0) {
            let item = render_item(&context, &run, &document, index, row).await;
            if record_item(&context, &item).is_err() {
                // Without the store the run can neither continue nor report an error.
                break;
            }
        }
    });
    Ok(uid)
}

/// Renders the document of a row, and returns the item.
async fn render_item(
    context: &RenderContext,
    run: &WorkflowRun,
    document: &DocumentSpec,
    index: u64,
    row: &Value,
) -> WorkflowItem {
    let item = WorkflowItem { run: run.uid.clone(), index, ..WorkflowItem::default() };
    match document.render(context, row).await {
        Ok(render) => WorkflowItem {
            status: ItemStatus::Rendered,
            file: Some(render.file_name().to_owned()),
            delivery_status: is_delivered(run.spec.delivery.as_ref()).then(|| "queued".to_owned()),
            ..item
        },
        Err(error) => WorkflowItem { status: ItemStatus::Failed, error: Some(error.message()), ..item },
    }
}

/// Returns true if a run delivers its documents. The schema of `delivery` is not published: `email` decides if present.
fn is_delivered(delivery: Option<&Value>) -> bool {
    let is_off = |value: &Value| value.is_null() || *value == false;
    let Some(channels) = delivery.and_then(Value::as_object) else { return false };
    match channels.get("email") {
        Some(email) => !is_off(email),
        None => channels.values().any(|channel| !is_off(channel)),
    }
}

/// Stores a finished item, and updates the counts and the status of its run.
fn record_item(context: &RenderContext, item: &WorkflowItem) -> Result<(), StoreError> {
    let store = &context.state.store;
    store.create(&item_key(&item.run, item.index), item)?;
    store.change(&item.run, |run: &mut WorkflowRun| {
        match item.status {
            ItemStatus::Rendered => run.counts.rendered += 1,
            ItemStatus::Queued | ItemStatus::Failed => run.counts.failed += 1,
        }
        run.status = run.counts.status();
        Ok::<_, StoreError>(())
    })?;
    Ok(())
}

impl Counts {
    /// Returns the status of a run with these counts.
    fn status(self) -> RunStatus {
        let Self { total, rendered, failed, .. } = self;
        match (rendered + failed < total, rendered) {
            (true, _) => RunStatus::Running,
            (false, 0) if total > 0 => RunStatus::Failed,
            (false, _) => RunStatus::Completed,
        }
    }
}

impl WorkflowRun {
    /// Returns the run as this server process shows it: unfinished items of another process have failed.
    pub(crate) fn observed_by(mut self, server: &str) -> Self {
        if self.status == RunStatus::Running && !self.is_rendered_by(server) {
            self.counts.failed = self.counts.total.saturating_sub(self.counts.rendered);
            self.status = self.counts.status();
        }
        self.worker = None;
        self
    }

    fn is_rendered_by(&self, server: &str) -> bool {
        self.worker.as_deref() == Some(server)
    }
}

/// Returns all items of a run, including the queued ones.
pub(crate) fn items(context: &RenderContext, run: &WorkflowRun) -> Result<Vec<Value>, ApiError> {
    let filter = Filter::default().eq("$.run", Some(&run.uid));
    let mut items: Vec<WorkflowItem> = context.state.store.list_all(&filter, Order::Oldest)?;
    let is_running = run.is_rendered_by(&context.state.instance_id);
    for index in items.len() as u64..run.counts.total {
        let (status, error) =
            if is_running { (ItemStatus::Queued, None) } else { (ItemStatus::Failed, Some(INTERRUPTED.to_owned())) };
        items.push(WorkflowItem { index, status, error, ..WorkflowItem::default() });
    }
    Ok(items.iter().map(|item| item_to_json(context, item)).collect())
}

/// Returns an item as the API shows it.
pub(crate) fn item_to_json(context: &RenderContext, item: &WorkflowItem) -> Value {
    let mut response = json!({
        "index": item.index,
        "status": item.status,
        "url": item.file.as_ref().map(|file| context.media_url(file)),
        "deliveryStatus": item.delivery_status,
        "error": item.error,
    });
    if let Some(email) = &item.email {
        response["email"] = email.as_str().into();
    }
    response
}

/// Queues the delivery of an item again, to another address if `email` is given.
pub(crate) fn requeue(
    context: &RenderContext,
    run: &str,
    index: u64,
    email: Option<String>,
) -> Result<WorkflowItem, ApiError> {
    let store = &context.state.store;
    let rows = store.find::<Rows>(run)?.map(|rows| rows.0).unwrap_or_default();
    let row = usize::try_from(index).ok().and_then(|index| rows.get(index));
    let row = row.ok_or_else(|| ApiError::with_message(StatusCode::NOT_FOUND, "Item not found"))?;
    if email.is_none() && !has_address(row) {
        let message = format!("Row {index} has no email address: set email");
        return Err(ApiError::with_message(StatusCode::BAD_REQUEST, message));
    }
    let queued = store.change(&item_key(run, index), |item: &mut WorkflowItem| {
        if item.status != ItemStatus::Rendered {
            return Err(not_rendered(index));
        }
        item.delivery_status = Some("queued".to_owned());
        item.error = None;
        item.email = email.or(item.email.take());
        Ok::<_, ApiError>(item.clone())
    })?;
    queued.ok_or_else(|| not_rendered(index))
}

fn not_rendered(index: u64) -> ApiError {
    let message = format!("Item {index} has not been rendered and cannot be delivered");
    ApiError::with_message(StatusCode::CONFLICT, message)
}

/// Returns true if a column of a row contains an email address. The API does not document the name of the column.
fn has_address(row: &Value) -> bool {
    let mut columns = row.as_object().into_iter().flat_map(|row| row.values());
    columns.any(|value| value.as_str().is_some_and(|text| text.contains('@')))
}

/// Returns the key of the document of an item.
fn item_key(run: &str, index: u64) -> String {
    format!("{run}/{index}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_ends_when_every_row_is_rendered_or_has_failed() {
        for (total, rendered, failed, expected) in [
            (0, 0, 0, RunStatus::Completed),
            (2, 0, 0, RunStatus::Running),
            (2, 1, 0, RunStatus::Running),
            (2, 1, 1, RunStatus::Completed),
            (2, 2, 0, RunStatus::Completed),
            (2, 0, 2, RunStatus::Failed),
        ] {
            let counts = Counts { total, rendered, delivered: 0, failed };
            assert_eq!(counts.status(), expected, "{counts:?}");
        }
    }

    #[test]
    fn unfinished_items_of_a_stopped_server_have_failed() {
        let run = |worker: &str| {
            let counts = Counts { total: 5, rendered: 1, delivered: 0, failed: 1 };
            WorkflowRun { counts, worker: Some(worker.to_owned()), ..WorkflowRun::default() }.observed_by("this")
        };
        for (worker, status, failed) in [("this", RunStatus::Running, 1), ("another", RunStatus::Completed, 4)] {
            let run = run(worker);
            assert_eq!((run.status, run.counts.failed), (status, failed), "{worker}");
            assert_eq!(run.worker, None, "internal");
        }
    }

    #[test]
    fn email_decides_whether_a_run_delivers() {
        for (delivery, expected) in [
            (json!(null), false),
            (json!({}), false),
            (json!({"email": false}), false),
            (json!({"email": false, "subject": "x"}), false),
            (json!({"email": true}), true),
            (json!({"email": {"subject": "x"}}), true),
            (json!({"webhook": null}), false),
            (json!({"webhook": "https://example.com"}), true),
        ] {
            assert_eq!(is_delivered(Some(&delivery)), expected, "{delivery}");
        }
        assert!(!is_delivered(None));
    }
}
