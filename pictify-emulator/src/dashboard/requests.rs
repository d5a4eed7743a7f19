//! Recorded requests: the list, and a request with its headers and bodies. Secrets are removed from them.

use super::{
    not_found,
    request::{PAGE_SIZE, PageRequest},
    view,
};
use crate::{
    requests::{RecordedBody, RequestFilter},
    response::ApiResult,
};
use serde_json::{Value, json};
use std::ops::Range;

/// Maximum number of requests that are searched and counted.
const MAX_SEARCHED: usize = 1000;

/// Filters of the list: names, titles and ranges of the status. Status 0 stands for a closed connection.
const STATUSES: &[(&str, &str, Range<u64>)] = &[
    ("", "All", 0..1000),
    ("ok", "Succeeded", 100..400),
    ("client", "4xx", 400..500),
    ("server", "5xx", 500..1000),
    ("closed", "No response", 0..1),
];

/// Shows the list of requests.
pub(super) fn list(request: &PageRequest<'_>) -> ApiResult {
    let (text, status) = (request.parameter("q").to_lowercase(), request.parameter("status"));
    let all = request.state.requests.latest(&RequestFilter::default(), MAX_SEARCHED);
    let all: Vec<_> = all.iter().map(|request| request.summary()).collect();
    let code = |entry: &Value| entry["status"].as_u64().unwrap_or_default();
    let wanted = STATUSES.iter().find(|(name, ..)| *name == status).map_or(0..1000, |(_, _, codes)| codes.clone());
    let has_text = |entry: &&Value| text.is_empty() || entry.to_string().to_lowercase().contains(&text);
    let found: Vec<_> = all.iter().filter(|entry| wanted.contains(&code(entry))).filter(has_text).collect();
    let shown: Vec<_> = found
        .iter()
        .skip(request.offset())
        .take(PAGE_SIZE)
        .map(|entry| {
            let mut entry = (*entry).clone();
            entry["class"] = (code(&entry) / 100).into();
            entry
        })
        .collect();
    let statuses: Vec<_> = STATUSES
        .iter()
        .map(|(name, title, codes)| {
            let count = all.iter().filter(|entry| codes.contains(&code(entry))).count();
            json!({"name": name, "title": title, "count": count, "isCurrent": *name == status})
        })
        .collect();
    let data = json!({
        "requests": shown,
        "statuses": statuses,
        "status": status,
        "search": {"text": request.parameter("q"), "label": "Search requests by path, operation or ID"},
        "pages": request.pages(found.len()),
    });
    view::page(request.state, "requests", "requests", "Requests", data)
}

/// Shows a request.
pub(super) fn show(request: &PageRequest<'_>, id: &str) -> ApiResult {
    let logged = request.state.requests.find(id).ok_or_else(not_found)?;
    let (mut data, recorded) = (logged.summary(), logged.to_recorded());
    data["class"] = (recorded.status.unwrap_or_default() / 100).into();
    let data = json!({
        "request": data,
        "isRepeatable": logged.to_replay().is_some(),
        "sides": [side("Request", &recorded.request), side("Response", &recorded.response)],
    });
    let title = format!("{} {}", recorded.method, recorded.path);
    view::page(request.state, "requests", "request", &title, data)
}

/// Returns the headers and the body of a request or a response.
fn side(title: &str, recorded: &RecordedBody) -> Value {
    let headers: Vec<_> = recorded.headers.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    let json = recorded.json.as_ref().map(|body| serde_json::to_string_pretty(body).unwrap_or_default());
    json!({
        "title": title,
        "headers": headers,
        "isJson": json.is_some(),
        "body": json.as_ref().or(recorded.text.as_ref()),
        "size": recorded.size,
        "isTruncated": recorded.is_truncated,
    })
}
