//! Bindings: fetching, mapping and rendering their data, and the fallback when that fails.

mod http;
pub(crate) mod mapping;
mod source;

pub(crate) use source::{DataError, FetchedData, check as check_source, fetch};

use crate::{
    api_error::ApiError,
    context::RenderContext,
    rendering::{
        self,
        cached::{CachedImage, OutputKind, cached_image, last_cached_image},
        fill as templates,
    },
    webhooks,
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
pub(crate) async fn current_image(
    context: &RenderContext,
    binding: &Value,
    kind: OutputKind,
) -> Result<CachedImage, ApiError> {
    let on_error = binding["refreshPolicy"]["onError"].as_str().unwrap_or("serve_stale");
    let cached = binding[CACHED_DATA_FIELD].get("data");
    let data = match cached {
        Some(data) if !is_stale(binding, context.state.now()) => Ok(data.clone()),
        _ if binding["status"] == "paused" => Err(DataError::message("The binding is paused and has no data")),
        _ => refresh(context, binding).await,
    };
    let data = match (data, on_error) {
        (Ok(data), _) => Some(data),
        (Err(_), "serve_default") => None,
        (Err(error), "serve_error") => return Err(error.into()),
        (Err(error), _) => Some(cached.ok_or_else(|| ApiError::from(error))?.clone()),
    };
    let error = match render(context, binding, data.as_ref(), kind).await {
        Ok(image) => return Ok(image),
        Err(error) => error,
    };
    record_failure(context, binding, &error.message())?;
    match (on_error, data) {
        ("serve_error", _) | ("serve_default", None) => Err(error),
        ("serve_default", Some(_)) => render(context, binding, None, kind).await,
        _ => last_cached_image(&context.state.store, uid(binding), kind)?.ok_or(error),
    }
}

/// Renders a binding with data, or with only its defaults.
pub(crate) async fn render(
    context: &RenderContext,
    binding: &Value,
    data: Option<&Value>,
    kind: OutputKind,
) -> Result<CachedImage, ApiError> {
    let variables = mapping::resolve_variables(binding, data.unwrap_or(&Value::Null)).0;
    let template = templates::find(&context.state.store, binding["templateId"].as_str().unwrap_or_default())?;
    let template = template.ok_or_else(|| ApiError::with_message(StatusCode::NOT_FOUND, "Template not found"))?;
    let quality = rendering::quality_percent(&binding["outputConfig"]["quality"]);
    let size = output_size(binding, &template);
    let image = cached_image(context, uid(binding), &template, &variables, size, kind, quality).await?;
    if image.is_new {
        context.state.store.update(BINDING, uid(binding), |binding| {
            binding["lastRenderAt"] = context.state.now_text().into();
            Ok::<_, ApiError>(())
        })?;
    }
    Ok(image)
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
pub(crate) async fn refresh(context: &RenderContext, binding: &Value) -> Result<Value, DataError> {
    let fetched = match fetch(&context.state, binding).await {
        Ok(fetched) => fetched,
        Err(error) => {
            record_failure(context, binding, &error.message)?;
            return Err(error);
        }
    };
    store_data(context, uid(binding), &fetched, Some(&binding["dataSource"]))?;
    Ok(fetched.data)
}

/// Stores fetched data in a binding, unless its source has changed since the fetch from `source`. Returns false if the
/// binding does not exist.
pub(crate) fn store_data(
    context: &RenderContext,
    uid: &str,
    fetched: &FetchedData,
    source: Option<&Value>,
) -> Result<bool, ApiError> {
    let stored = context.state.store.update(BINDING, uid, |binding| {
        if source.is_some_and(|source| *source != binding["dataSource"]) {
            return Ok(None);
        }
        let previous = binding[CACHED_DATA_FIELD]["data"].clone();
        binding[CACHED_DATA_FIELD] = json!({"data": fetched.data, "etag": fetched.etag});
        binding["lastFetchAt"] = context.state.now_text().into();
        binding["lastError"] = Value::Null;
        if binding["status"] == "error" {
            binding["status"] = "active".into();
        }
        Ok::<_, ApiError>((previous != fetched.data).then(|| (previous, binding.clone())))
    })?;
    if let Some(Some((previous, binding))) = &stored {
        let data = json!({
            "bindingId": uid,
            "templateUid": binding["templateId"],
            "imageUrl": render_url(context, binding),
            "previousData": previous,
            "newData": fetched.data,
        });
        webhooks::emit(&context.state, "binding.updated", &data)?;
    }
    Ok(stored.is_some())
}

/// Stores a failure in a binding, and emits the webhook event.
fn record_failure(context: &RenderContext, binding: &Value, message: &str) -> Result<(), ApiError> {
    let count = context.state.store.update(BINDING, uid(binding), |binding| {
        binding["lastError"] = message.into();
        binding["errorCount"] = (binding["errorCount"].as_u64().unwrap_or_default() + 1).into();
        if binding["status"] == "active" {
            binding["status"] = "error".into();
        }
        Ok::<_, ApiError>(binding["errorCount"].clone())
    })?;
    let data = json!({"bindingId": uid(binding), "error": message, "retryCount": count});
    Ok(webhooks::emit(&context.state, "binding.failed", &data)?)
}

/// Returns the URL of the image of a binding.
pub(crate) fn render_url(context: &RenderContext, binding: &Value) -> String {
    let format = binding["outputConfig"]["format"].as_str().unwrap_or("png");
    format!("{}/b/{}.{format}", context.base_url, uid(binding))
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
