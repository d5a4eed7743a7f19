//! Bindings: images that follow a data source. Credentials are not shown.

use super::{PREFIX, not_found, redirect, request::PageRequest, searched_list::SearchedList, view};
use crate::{bindings::Binding, operations, response::ApiResult, store::Document as _};
use serde_json::{Value, json};

/// Shows the list of bindings.
pub(super) fn list(request: &PageRequest<'_>) -> ApiResult {
    let list = SearchedList {
        kind: Binding::KIND,
        area: "bindings",
        title: "Bindings",
        label: "Search bindings by name, template or source",
        item,
    };
    list.show(request)
}

/// Returns what the pages show of a binding.
fn item(binding: &Value) -> Value {
    let uid = binding["uid"].as_str().unwrap_or_default();
    let format = binding["outputConfig"]["format"].as_str().unwrap_or("png");
    json!({
        "uid": uid,
        "name": binding["name"].as_str().unwrap_or(uid),
        "templateId": binding["templateId"],
        "source": binding["dataSource"]["type"],
        "url": binding["dataSource"]["url"].as_str().map(|_| view::shown_url(&binding["dataSource"]["url"])),
        "status": binding["status"],
        "isActive": binding["status"] != "paused",
        "policy": binding["refreshPolicy"]["type"],
        "ttlSeconds": binding["refreshPolicy"]["ttlSeconds"],
        "lastFetchAt": binding["lastFetchAt"],
        "lastRenderAt": binding["lastRenderAt"],
        "lastError": binding["lastError"].as_str().map(|_| view::shown_url(&binding["lastError"])),
        "errorCount": binding["errorCount"],
        "link": format!("/b/{uid}.{format}"),
        "isImage": format != "pdf",
    })
}

/// Shows a binding.
pub(super) fn show(request: &PageRequest<'_>, uid: &str) -> ApiResult {
    let binding = request.state.store.get(Binding::KIND, uid)?.ok_or_else(not_found)?;
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    let cached = binding["own"].get("data");
    let data = json!({
        "binding": item(&binding),
        "mapping": pretty(&binding["mapping"]),
        "defaults": pretty(&binding["defaults"]),
        "output": pretty(&binding["outputConfig"]),
        "cached": cached.map(pretty),
        "problem": request.parameter("problem"),
    });
    view::page(request.state, "bindings", "binding", item(&binding)["name"].as_str().unwrap_or(uid), data)
}

/// Refreshes, pauses, resumes or deletes a binding.
pub(super) async fn change(request: &PageRequest<'_>, uid: &str, action: &str) -> ApiResult {
    let operation = match action {
        "refresh" => "refreshBinding",
        "pause" => "pauseBinding",
        "resume" => "resumeBinding",
        "delete" => "deleteBinding",
        _ => return Err(not_found()),
    };
    let changed = operations::call(request.state, operation, &[("uid", uid)], &[], json!({})).await;
    let path = format!("{PREFIX}bindings/{uid}");
    Ok(redirect(&match changed {
        Ok(_) if action == "delete" => view::path("bindings"),
        Ok(_) => path,
        // A source that cannot be reached is no failure of the page.
        Err(error) => {
            format!(
                "{path}?problem={}",
                form_urlencoded::byte_serialize(error.message().as_bytes()).collect::<String>()
            )
        }
    }))
}
