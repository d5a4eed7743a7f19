//! Recent requests to the service.

use super::{request::PageRequest, view};
use crate::response::ApiResult;
use serde_json::{Value, json};

/// Maximum number of listed requests.
const MAX_LISTED: usize = 200;

/// Filters of the list: names, titles and ranges of the status.
const STATUSES: &[(&str, &str, std::ops::Range<u64>)] =
    &[("", "All", 0..1000), ("ok", "Succeeded", 100..400), ("client", "4xx", 400..500), ("server", "5xx", 500..1000)];

/// Shows the list of requests.
pub(super) fn list(request: &PageRequest<'_>) -> ApiResult {
    let (text, status) = (request.parameter("q").to_lowercase(), request.parameter("status"));
    let all = request.state.request_log.latest(MAX_LISTED);
    let code = |entry: &Value| entry["status"].as_u64().unwrap_or_default();
    let wanted = STATUSES.iter().find(|(name, ..)| *name == status).map_or(0..1000, |(_, _, codes)| codes.clone());
    let found: Vec<_> = all
        .iter()
        .filter(|entry| wanted.contains(&code(entry)))
        .filter(|entry| text.is_empty() || entry.to_string().to_lowercase().contains(&text))
        .map(|entry| {
            let mut entry = entry.clone();
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
        "requests": found,
        "statuses": statuses,
        "status": status,
        "search": {"text": request.parameter("q"), "label": "Search requests by path, method or ID"},
    });
    view::page(request.state, "requests", "requests", "Requests", data)
}
