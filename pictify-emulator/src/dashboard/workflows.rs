//! Workflows: runs with their items, and hooks. The secrets of hooks are not shown.

use super::{
    not_found, redirect,
    request::{PAGE_SIZE, PageRequest},
    view,
};
use crate::{
    context::AppState,
    operations,
    response::ApiResult,
    store::{Document as _, Filter, Order, Search, StoreError, from_json, to_json},
    workflows::{WorkflowHook, WorkflowRun},
};
use serde_json::{Value, json};

/// Maximum number of listed hooks.
const MAX_HOOKS: usize = 100;

/// Shows the runs and the hooks.
pub(super) fn list(request: &PageRequest<'_>) -> ApiResult {
    let (state, text) = (request.state, request.parameter("q"));
    let search = Search { text, ..Search::default() };
    let (found, total) =
        state.store.search(WorkflowRun::KIND, Filter::default(), search, request.offset(), PAGE_SIZE)?;
    let runs: Vec<_> = found.into_iter().map(|run| observed(state, run)).collect::<Result<_, _>>()?;
    let runs: Vec<_> = runs.iter().map(item).collect();
    let (hooks, _) = state.store.page(WorkflowHook::KIND, &Filter::default(), Order::Newest, 0, MAX_HOOKS)?;
    let hooks: Vec<_> = hooks
        .iter()
        .map(|hook| {
            json!({"uid": hook["uid"], "name": hook["name"], "packType": hook["packType"],
                "templateUid": hook["templateUid"], "createdAt": hook["createdAt"]})
        })
        .collect();
    let data = json!({
        "runs": runs,
        "hooks": hooks,
        "search": {"text": text, "label": "Search runs by name, template or status"},
        "pages": request.pages(total),
    });
    view::page(state, "workflows", "workflows", "Workflows", data)
}

/// Returns a run as this server process shows it.
fn observed(state: &AppState, run: Value) -> Result<Value, StoreError> {
    to_json(&from_json::<WorkflowRun>(run)?.observed_by(&state.instance_id))
}

/// Returns what the pages show of a run.
fn item(run: &Value) -> Value {
    let number = |name: &str| run["counts"][name].as_u64().unwrap_or_default();
    json!({
        "uid": run["uid"],
        "name": run["name"].as_str().or(run["packType"].as_str()).or(run["uid"].as_str()),
        "status": run["status"],
        "templateUid": run["templateUid"],
        "hookUid": run["hookUid"],
        "total": number("total"),
        "rendered": number("rendered"),
        "failed": number("failed"),
        "delivered": number("delivered"),
        "done": number("rendered") + number("failed"),
        "createdAt": run["createdAt"],
    })
}

/// Shows a run.
pub(super) async fn show(request: &PageRequest<'_>, uid: &str) -> ApiResult {
    let run = request.state.store.get(WorkflowRun::KIND, uid)?.ok_or_else(not_found)?;
    let run = observed(request.state, run)?;
    let full = operations::call(request.state, "getWorkflowRun", &[("uid", uid)], &[], Value::Null).await?;
    let items = full["run"]["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let shown: Vec<_> = items
        .iter()
        .skip(request.offset())
        .take(PAGE_SIZE)
        .map(|item| {
            let file = item["url"].as_str().and_then(|url| url.rsplit('/').next()).filter(|file| !file.is_empty());
            json!({"index": item["index"], "status": item["status"], "error": item["error"],
                "deliveryStatus": item["deliveryStatus"], "media": file.map(|file| format!("/media/{file}")),
                "isImage": file.is_some_and(|file| file.rsplit_once('.').is_some_and(|(_, extension)| extension != "pdf"))})
        })
        .collect();
    let data = json!({
        "run": item(&run),
        "mapping": serde_json::to_string_pretty(&run["columnMapping"]).unwrap_or_default(),
        "items": shown,
        "pages": request.pages(items.len()),
    });
    view::page(request.state, "workflows", "workflow", item(&run)["name"].as_str().unwrap_or(uid), data)
}

/// Deletes a hook.
pub(super) async fn delete_hook(request: &PageRequest<'_>, uid: &str) -> ApiResult {
    operations::call(request.state, "deleteWorkflowHook", &[("uid", uid)], &[], Value::Null).await?;
    Ok(redirect(&view::path("workflows")))
}
