//! Bindings: fetching, mapping and rendering their data, and the fallback when that fails.

mod http;
pub(crate) mod mapping;
mod source;

pub(crate) use source::{DataError, FetchedData, check as check_source, fetch};

use crate::{
    answer::Refusal,
    deliveries,
    pictures::{Form, Kept},
    renders,
    server::Call,
    source as templates,
};
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// Document kind of bindings.
pub(crate) const BINDING: &str = "binding";

/// Internal member with the last fetched data and its `ETag`, as `{data, etag}`.
pub(crate) const CACHED_DATA_FIELD: &str = "own";

/// Default lifetime of data, in seconds.
const DEFAULT_TTL_SECS: i64 = 300;

/// Returns the lifetime of the data of a binding, in seconds.
pub(crate) fn ttl_secs(binding: &Value) -> i64 {
    binding["refreshPolicy"]["ttlSeconds"].as_f64().map_or(DEFAULT_TTL_SECS, |seconds| {
        #[allow(clippy::cast_possible_truncation, reason = "the contract limits it to a week")]
        let seconds = seconds as i64;
        seconds
    })
}

/// Returns the current image of a binding. Refreshes its data if the refresh policy requires it. A failure is stored in the
/// binding, and `onError` of the policy selects the fallback.
pub(crate) async fn current_image(call: &Call, binding: &Value, form: Form) -> Result<Kept, Refusal> {
    let on_error = binding["refreshPolicy"]["onError"].as_str().unwrap_or("serve_stale");
    let cached = binding[CACHED_DATA_FIELD].get("data");
    let data = match cached {
        Some(data) if !is_stale(binding, call.service.now()) => Ok(data.clone()),
        _ if binding["status"] == "paused" => Err(DataError::message("The binding is paused and has no data")),
        _ => refresh(call, binding).await,
    };
    let data = match (data, on_error) {
        (Ok(data), _) => Some(data),
        (Err(_), "serve_default") => None,
        (Err(error), "serve_error") => return Err(error.into()),
        (Err(error), _) => Some(cached.ok_or_else(|| Refusal::from(error))?.clone()),
    };
    let error = match render(call, binding, data.as_ref(), form).await {
        Ok(kept) => return Ok(kept),
        Err(error) => error,
    };
    record_failure(call, binding, &error.text())?;
    match (on_error, data) {
        ("serve_error", _) | ("serve_default", None) => Err(error),
        ("serve_default", Some(_)) => render(call, binding, None, form).await,
        _ => call.last_picture(uid(binding), form)?.ok_or(error),
    }
}

/// Renders a binding with data, or with only its defaults.
pub(crate) async fn render(call: &Call, binding: &Value, data: Option<&Value>, form: Form) -> Result<Kept, Refusal> {
    let variables = mapping::resolve_variables(binding, data.unwrap_or(&Value::Null)).0;
    let template = templates::find(call, binding["templateId"].as_str().unwrap_or_default())?;
    let template = template.ok_or_else(|| Refusal::message(StatusCode::NOT_FOUND, "Template not found"))?;
    let quality = renders::percent(&binding["outputConfig"]["quality"]);
    let size = output_size(binding, &template);
    let kept = call.picture(uid(binding), &template, &variables, size, form, quality).await?;
    if kept.is_new {
        call.service.store.change(BINDING, uid(binding), |binding| {
            binding["lastRenderAt"] = call.service.now_text().into();
            Ok::<_, Refusal>(())
        })?;
    }
    Ok(kept)
}

/// Returns the size of the image, if the binding sets one. A missing dimension is that of the template.
fn output_size(binding: &Value, template: &Value) -> Option<(u32, u32)> {
    let configured = |name: &str| binding["outputConfig"][name].as_f64().filter(|size| *size > 0.0);
    if configured("width").is_none() && configured("height").is_none() {
        return None;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    let size = |name: &str| configured(name).or(template[name].as_f64()).unwrap_or(1080.0) as u32;
    Some((size("width"), size("height")))
}

/// Fetches the data of a binding, and stores the data or the failure.
pub(crate) async fn refresh(call: &Call, binding: &Value) -> Result<Value, DataError> {
    let fetched = match fetch(call, binding).await {
        Ok(fetched) => fetched,
        Err(error) => {
            record_failure(call, binding, &error.message)?;
            return Err(error);
        }
    };
    store_data(call, uid(binding), &fetched, Some(&binding["dataSource"]))?;
    Ok(fetched.data)
}

/// Stores fetched data in a binding, unless its source has changed since the fetch from `source`. Returns false if the
/// binding does not exist.
pub(crate) fn store_data(
    call: &Call,
    uid: &str,
    fetched: &FetchedData,
    source: Option<&Value>,
) -> Result<bool, Refusal> {
    let stored = call.service.store.change(BINDING, uid, |binding| {
        if source.is_some_and(|source| *source != binding["dataSource"]) {
            return Ok(None);
        }
        let previous = binding[CACHED_DATA_FIELD]["data"].clone();
        binding[CACHED_DATA_FIELD] = json!({"data": fetched.data, "etag": fetched.etag});
        binding["lastFetchAt"] = call.service.now_text().into();
        binding["lastError"] = Value::Null;
        if binding["status"] == "error" {
            binding["status"] = "active".into();
        }
        Ok::<_, Refusal>((previous != fetched.data).then(|| (previous, binding.clone())))
    })?;
    if let Some(Some((previous, binding))) = &stored {
        let data = json!({
            "bindingId": uid,
            "templateUid": binding["templateId"],
            "imageUrl": render_url(call, binding),
            "previousData": previous,
            "newData": fetched.data,
        });
        deliveries::emit(&call.service, "binding.updated", &data)?;
    }
    Ok(stored.is_some())
}

/// Stores a failure in a binding, and emits the webhook event.
fn record_failure(call: &Call, binding: &Value, message: &str) -> Result<(), Refusal> {
    let count = call.service.store.change(BINDING, uid(binding), |binding| {
        binding["lastError"] = message.into();
        binding["errorCount"] = (binding["errorCount"].as_u64().unwrap_or_default() + 1).into();
        if binding["status"] == "active" {
            binding["status"] = "error".into();
        }
        Ok::<_, Refusal>(binding["errorCount"].clone())
    })?;
    let data = json!({"bindingId": uid(binding), "error": message, "retryCount": count});
    Ok(deliveries::emit(&call.service, "binding.failed", &data)?)
}

/// Returns the URL of the image of a binding.
pub(crate) fn render_url(call: &Call, binding: &Value) -> String {
    let format = binding["outputConfig"]["format"].as_str().unwrap_or("png");
    format!("{}/b/{}.{format}", call.base, uid(binding))
}

/// Returns true if the cached data must be fetched again.
fn is_stale(binding: &Value, now: Timestamp) -> bool {
    if binding["status"] == "paused" || binding["dataSource"]["type"] == "webhook" {
        return false;
    }
    let last = binding["lastFetchAt"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
    match binding["refreshPolicy"]["type"].as_str() {
        Some("manual" | "webhook") => false,
        _ => last.is_none_or(|last| now.duration_since(last) >= SignedDuration::from_secs(ttl_secs(binding))),
    }
}

fn uid(binding: &Value) -> &str {
    binding["uid"].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refresh_policy_decides_when_data_is_stale() {
        let last = "2026-08-04T09:00:00.000Z";
        for (kind, policy, status, seconds, expected) in [
            ("http", json!({}), "active", 299, false),
            ("http", json!({}), "active", 300, true),
            ("http", json!({"type": "ttl", "ttlSeconds": 3600}), "error", 3599, false),
            ("http", json!({"type": "ttl", "ttlSeconds": 3600}), "error", 3600, true),
            ("http", json!({"type": "etag", "ttlSeconds": 60}), "active", 60, true),
            ("http", json!({"type": "manual"}), "active", 9999, false),
            ("http", json!({"type": "webhook"}), "active", 9999, false),
            ("http", json!({"type": "ttl"}), "paused", 9999, false),
            ("webhook", json!({"type": "ttl"}), "active", 9999, false),
        ] {
            let binding = json!({"dataSource": {"type": kind}, "refreshPolicy": policy, "status": status,
                "lastFetchAt": last});
            let now = last.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds);
            assert_eq!(is_stale(&binding, now), expected, "{binding} after {seconds}");
        }
    }
}
