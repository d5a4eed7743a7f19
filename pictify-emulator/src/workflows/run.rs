//! Run of a workflow: renders its rows in sequence, and stores the progress.

use super::{DocumentSpec, INTERRUPTED, WORKER, is_alive};
use crate::{
    api_error::ApiError,
    context::RenderContext,
    store::{self, Filter, StoreError},
    uid,
};
use axum::http::StatusCode;
use serde_json::{Value, json};

/// Document kind of runs.
pub(crate) const RUN: &str = "workflow_run";

/// Document kind of hooks.
pub(crate) const HOOK: &str = "workflow_hook";

/// Document kind of the rows of runs. Rows can be large and a run is updated after each row, so they are stored apart.
const ROWS: &str = "workflow_rows";

/// Document kind of finished items.
const ITEM: &str = "workflow_item";

/// Stores a run with the members of `run`, and starts it in the background. Returns its uid.
pub(crate) fn start(
    context: RenderContext,
    mut run: Value,
    spec: DocumentSpec,
    rows: Vec<Value>,
) -> Result<String, ApiError> {
    let uid = uid::new(10);
    run["uid"] = uid.as_str().into();
    run["status"] = if rows.is_empty() { "completed" } else { "running" }.into();
    run["counts"] = json!({"total": rows.len(), "rendered": 0, "delivered": 0, "failed": 0});
    run["createdAt"] = context.state.now_text().into();
    run[WORKER] = context.state.instance_id.as_str().into();
    let store = &context.state.store;
    store.insert(ROWS, &uid, &json!(rows))?;
    store.insert(RUN, &uid, &run)?;
    let run_uid = uid.clone();
    context.state.clone().spawn(async move {
        for (index, row) in rows.iter().enumerate() {
            let item = render_item(&context, &spec, &run["delivery"], index, row).await;
            if record_item(&context, &run_uid, &item).is_err() {
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
    spec: &DocumentSpec,
    delivery: &Value,
    index: usize,
    row: &Value,
) -> Value {
    match spec.render(context, row).await {
        Ok(render) => json!({
            "index": index,
            "status": "rendered",
            "file": render.url.rsplit('/').next(),
            "deliveryStatus": is_delivered(delivery).then_some("queued"),
            "error": null,
        }),
        Err(error) => json!({
            "index": index, "status": "failed", "deliveryStatus": null, "error": error.message(),
        }),
    }
}

/// Returns true if a run delivers its documents. The schema of `delivery` is not published: `email` decides if present.
fn is_delivered(delivery: &Value) -> bool {
    let is_off = |value: &Value| value.is_null() || *value == false;
    match delivery.get("email") {
        Some(email) => !is_off(email),
        None => delivery.as_object().is_some_and(|channels| channels.values().any(|channel| !is_off(channel))),
    }
}

/// Stores a finished item, and updates the counts and the status of its run.
fn record_item(context: &RenderContext, run: &str, item: &Value) -> Result<(), StoreError> {
    let store = &context.state.store;
    let mut stored = item.clone();
    stored["run"] = run.into();
    store.insert(ITEM, &item_key(run, &item["index"]), &stored)?;
    store.update(RUN, run, |run| {
        let count = if item["status"] == "rendered" { "rendered" } else { "failed" };
        run["counts"][count] = (number(&run["counts"][count]) + 1).into();
        run["status"] = status(&run["counts"]).into();
        Ok::<_, StoreError>(())
    })?;
    Ok(())
}

/// Returns the status of a run with these counts.
fn status(counts: &Value) -> &'static str {
    let [total, rendered, failed] = ["total", "rendered", "failed"].map(|name| number(&counts[name]));
    match (rendered + failed < total, rendered) {
        (true, _) => "running",
        (false, 0) if total > 0 => "failed",
        (false, _) => "completed",
    }
}

/// Removes the internal members of a run. Unfinished items of another server process have failed.
pub(crate) fn to_public_run(mut run: Value, server: &str) -> Value {
    if run["status"] == "running" && !is_alive(&run, server) {
        let [total, rendered] = ["total", "rendered"].map(|name| number(&run["counts"][name]));
        run["counts"]["failed"] = total.saturating_sub(rendered).into();
        run["status"] = status(&run["counts"]).into();
    }
    if let Some(run) = run.as_object_mut() {
        run.remove(WORKER);
    }
    run
}

/// Returns all items of a run, including the queued ones.
pub(crate) fn items(context: &RenderContext, run: &Value) -> Result<Vec<Value>, ApiError> {
    let filter = Filter::default().eq("$.run", run["uid"].as_str());
    let finished = context.state.store.all(ITEM, &filter, store::Order::Oldest)?;
    let mut items: Vec<_> = finished.into_iter().map(|item| to_public_item(context, item)).collect();
    for index in items.len() as u64..number(&run["counts"]["total"]) {
        items.push(if is_alive(run, &context.state.instance_id) {
            json!({"index": index, "status": "queued", "url": null, "deliveryStatus": null, "error": null})
        } else {
            json!({"index": index, "status": "failed", "url": null, "deliveryStatus": null, "error": INTERRUPTED})
        });
    }
    Ok(items)
}

fn to_public_item(context: &RenderContext, item: Value) -> Value {
    let mut item = context.to_public_json(item);
    if let Some(item) = item.as_object_mut() {
        item.remove("run");
        item.entry("url").or_insert(Value::Null);
    }
    item
}

/// Queues the delivery of an item again, to another address if `email` is given.
pub(crate) fn requeue(
    context: &RenderContext,
    run: &str,
    index: usize,
    email: Option<&str>,
) -> Result<Value, ApiError> {
    let store = &context.state.store;
    let rows = store.get(ROWS, run)?.unwrap_or_default();
    let row = rows.get(index).ok_or_else(|| ApiError::with_message(StatusCode::NOT_FOUND, "Item not found"))?;
    if email.is_none() && !has_address(row) {
        let message = format!("Row {index} has no email address: set email");
        return Err(ApiError::with_message(StatusCode::BAD_REQUEST, message));
    }
    let queued = store.update(ITEM, &item_key(run, &index.into()), |item| {
        if item["status"] != "rendered" {
            return Err(not_rendered(index));
        }
        item["deliveryStatus"] = "queued".into();
        item["error"] = Value::Null;
        if let Some(email) = email {
            item["email"] = email.into();
        }
        Ok::<_, ApiError>(item.clone())
    })?;
    Ok(to_public_item(context, queued.ok_or_else(|| not_rendered(index))?))
}

fn not_rendered(index: usize) -> ApiError {
    let message = format!("Item {index} has not been rendered and cannot be delivered");
    ApiError::with_message(StatusCode::CONFLICT, message)
}

/// Returns true if a column of a row contains an email address. The API does not document the name of the column.
fn has_address(row: &Value) -> bool {
    let mut columns = row.as_object().into_iter().flat_map(|row| row.values());
    columns.any(|value| value.as_str().is_some_and(|text| text.contains('@')))
}

/// Returns the key of the document of an item.
fn item_key(run: &str, index: &Value) -> String {
    format!("{run}/{index}")
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_ends_when_every_row_is_rendered_or_has_failed() {
        for (total, rendered, failed, expected) in [
            (0, 0, 0, "completed"),
            (2, 0, 0, "running"),
            (2, 1, 0, "running"),
            (2, 1, 1, "completed"),
            (2, 2, 0, "completed"),
            (2, 0, 2, "failed"),
        ] {
            let counts = json!({"total": total, "rendered": rendered, "failed": failed});
            assert_eq!(status(&counts), expected, "{counts}");
        }
    }

    #[test]
    fn unfinished_items_of_a_stopped_server_have_failed() {
        let run = |worker: &str, total| {
            let counts = json!({"total": total, "rendered": 1, "delivered": 0, "failed": 1});
            to_public_run(json!({"uid": "A", "status": "running", "counts": counts, WORKER: worker}), "this")
        };
        let own = run("this", 5);
        assert_eq!((&own["status"], &own["counts"]["failed"]), (&json!("running"), &json!(1)));
        assert_eq!(own.get(WORKER), None, "internal");
        let other = run("another", 5);
        assert_eq!((&other["status"], &other["counts"]["failed"]), (&json!("completed"), &json!(4)));
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
            assert_eq!(is_delivered(&delivery), expected, "{delivery}");
        }
    }
}
