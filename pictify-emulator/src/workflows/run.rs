//! A run: its rows one after the other, and how far it got.

use super::{DocumentSpec, STOPPED, WORKER, is_alive};
use crate::{
    api_error::ApiError,
    server::RequestContext,
    store::{self, Filter, StoreError},
    uid,
};
use axum::http::StatusCode;
use serde_json::{Value, json};

/// The kind of the documents that runs are.
pub(crate) const RUN: &str = "workflow_run";

/// The kind of the documents that hooks are.
pub(crate) const HOOK: &str = "workflow_hook";

/// The kind of the documents that the rows of runs are: they may be large, and a run is written for every row.
const ROWS: &str = "workflow_rows";

/// The kind of the documents that finished items are.
const ITEM: &str = "workflow_item";

/// Keeps a run with what its request says of it, and begins with it.
pub(crate) fn start(
    context: RequestContext,
    about: Value,
    recipe: DocumentSpec,
    rows: Vec<Value>,
) -> Result<String, ApiError> {
    let (uid, mut run) = (uid::new(10), about);
    run["uid"] = uid.as_str().into();
    run["status"] = if rows.is_empty() { "completed" } else { "running" }.into();
    run["counts"] = json!({"total": rows.len(), "rendered": 0, "delivered": 0, "failed": 0});
    run["createdAt"] = context.state.now_text().into();
    run[WORKER] = context.state.name.as_str().into();
    let store = &context.state.store;
    store.insert(ROWS, &uid, &json!(rows))?;
    store.insert(RUN, &uid, &run)?;
    let named = uid.clone();
    context.state.clone().spawn(async move {
        for (index, row) in rows.iter().enumerate() {
            let item = item(&context, &recipe, &run["delivery"], index, row).await;
            if note(&context, &named, &item).is_err() {
                // Without its store the run cannot go on, nor say so.
                break;
            }
        }
    });
    Ok(uid)
}

/// Makes the document of a row, and says what became of it.
async fn item(context: &RequestContext, recipe: &DocumentSpec, delivery: &Value, index: usize, row: &Value) -> Value {
    match recipe.render(context, row).await {
        Ok(render) => json!({
            "index": index,
            "status": "rendered",
            "file": render.url.rsplit('/').next(),
            "deliveryStatus": is_delivered(delivery).then_some("queued"),
            "error": null,
        }),
        Err(refusal) => json!({
            "index": index, "status": "failed", "deliveryStatus": null, "error": refusal.message(),
        }),
    }
}

/// Whether a run is to deliver. The shape of `delivery` is not published: `email` decides where it is there.
fn is_delivered(delivery: &Value) -> bool {
    let is_off = |value: &Value| value.is_null() || *value == false;
    match delivery.get("email") {
        Some(email) => !is_off(email),
        None => delivery.as_object().is_some_and(|ways| ways.values().any(|way| !is_off(way))),
    }
}

fn note(context: &RequestContext, run: &str, item: &Value) -> Result<(), StoreError> {
    let store = &context.state.store;
    let mut kept = item.clone();
    kept["run"] = run.into();
    store.insert(ITEM, &name(run, &item["index"]), &kept)?;
    store.update(RUN, run, |run| {
        let count = if item["status"] == "rendered" { "rendered" } else { "failed" };
        run["counts"][count] = (number(&run["counts"][count]) + 1).into();
        run["status"] = status(&run["counts"]).into();
        Ok::<_, StoreError>(())
    })?;
    Ok(())
}

/// How far a run is with these counts.
fn status(counts: &Value) -> &'static str {
    let [total, rendered, failed] = ["total", "rendered", "failed"].map(|name| number(&counts[name]));
    match (rendered + failed < total, rendered) {
        (true, _) => "running",
        (false, 0) if total > 0 => "failed",
        (false, _) => "completed",
    }
}

/// A run as it is answered. What nobody works on any more has failed.
pub(crate) fn shown(mut run: Value, server: &str) -> Value {
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

/// The items of a run, those included that are still to come.
pub(crate) fn items(context: &RequestContext, run: &Value) -> Result<Vec<Value>, ApiError> {
    let filter = Filter::default().eq("$.run", run["uid"].as_str());
    let known = context.state.store.all(ITEM, &filter, store::Order::Oldest)?;
    let mut items: Vec<_> = known.into_iter().map(|item| shown_item(context, item)).collect();
    for index in items.len() as u64..number(&run["counts"]["total"]) {
        items.push(if is_alive(run, &context.state.name) {
            json!({"index": index, "status": "queued", "url": null, "deliveryStatus": null, "error": null})
        } else {
            json!({"index": index, "status": "failed", "url": null, "deliveryStatus": null, "error": STOPPED})
        });
    }
    Ok(items)
}

fn shown_item(context: &RequestContext, item: Value) -> Value {
    let mut item = context.to_public_json(item);
    if let Some(item) = item.as_object_mut() {
        item.remove("run");
        item.entry("url").or_insert(Value::Null);
    }
    item
}

/// Has an item delivered again, to another address if one is given: it is queued, as the first time.
pub(crate) fn requeue(
    context: &RequestContext,
    run: &str,
    index: usize,
    email: Option<&str>,
) -> Result<Value, ApiError> {
    let store = &context.state.store;
    let rows = store.get(ROWS, run)?.unwrap_or_default();
    let row = rows.get(index).ok_or_else(|| ApiError::with_message(StatusCode::NOT_FOUND, "Item not found"))?;
    if email.is_none() && !has_address(row) {
        let message = format!("Row {index} has no address to deliver to: send email");
        return Err(ApiError::with_message(StatusCode::BAD_REQUEST, message));
    }
    let queued = store.update(ITEM, &name(run, &index.into()), |item| {
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
    Ok(shown_item(context, queued.ok_or_else(|| not_rendered(index))?))
}

fn not_rendered(index: usize) -> ApiError {
    let message = format!("Item {index} is not rendered, so there is nothing to deliver");
    ApiError::with_message(StatusCode::CONFLICT, message)
}

/// Which column holds the address is not published.
fn has_address(row: &Value) -> bool {
    let mut columns = row.as_object().into_iter().flat_map(|row| row.values());
    columns.any(|value| value.as_str().is_some_and(|text| text.contains('@')))
}

fn name(run: &str, index: &Value) -> String {
    format!("{run}/{index}")
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_done_when_every_row_is_rendered_or_has_failed() {
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
    fn what_a_stopped_server_left_has_failed() {
        let run = |render_pool: &str, total| {
            let counts = json!({"total": total, "rendered": 1, "delivered": 0, "failed": 1});
            shown(json!({"uid": "A", "status": "running", "counts": counts, WORKER: render_pool}), "this")
        };
        let mine = run("this", 5);
        assert_eq!((&mine["status"], &mine["counts"]["failed"]), (&json!("running"), &json!(1)));
        assert_eq!(mine.get(WORKER), None, "nobody's business");
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
