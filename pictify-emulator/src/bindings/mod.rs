//! Bindings: fetching, mapping and rendering their data, and the fallback when that fails.

mod document;
mod http;
pub(crate) mod mapping;
mod source;

pub(crate) use document::{Binding, BindingStatus, DataSource};
pub(crate) use source::{DataError, FetchedData, check as check_source, fetch};

use crate::{
    api_error::ApiError,
    context::RenderContext,
    rendering::{
        OutputConfig,
        cached::{CachedImage, OutputKind, cached_image, last_cached_image},
    },
    templates::{self, DEFAULT_SIDE, Template},
    webhooks,
};
use document::CachedData;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// Returns the current image of a binding. Refreshes its data if the refresh policy requires it. A failure is stored in the
/// binding, and `onError` of the policy selects the fallback.
pub(crate) async fn current_image(
    context: &RenderContext,
    binding: &Binding,
    kind: OutputKind,
) -> Result<CachedImage, ApiError> {
    let on_error = binding.refresh_policy.on_error.as_str();
    let cached = binding.cached_data();
    let data = match cached {
        Some(data) if !is_stale(binding, context.state.now()) => Ok(data.clone()),
        _ if binding.status == BindingStatus::Paused => {
            Err(DataError::message("The binding is paused and has no data"))
        }
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
    record_failure(context, &binding.uid, &error.message())?;
    match (on_error, data) {
        ("serve_error", _) | ("serve_default", None) => Err(error),
        ("serve_default", Some(_)) => render(context, binding, None, kind).await,
        _ => last_cached_image(&context.state.store, &binding.uid, kind)?.ok_or(error),
    }
}

/// Renders a binding with data, or with only its defaults.
pub(crate) async fn render(
    context: &RenderContext,
    binding: &Binding,
    data: Option<&Value>,
    kind: OutputKind,
) -> Result<CachedImage, ApiError> {
    let variables = mapping::resolve_variables(binding, data.unwrap_or(&Value::Null)).0;
    let template = templates::find(&context.state.store, &binding.template_id)?;
    let quality = binding.output_config.quality_percent();
    let size = output_size(&binding.output_config, &template);
    let image = cached_image(context, &binding.uid, &template, &variables, size, kind, quality).await?;
    if image.is_new {
        context.state.store.change(&binding.uid, |binding: &mut Binding| {
            binding.last_render_at = Some(context.state.now_text());
            Ok::<_, ApiError>(())
        })?;
    }
    Ok(image)
}

/// Returns the size of the image, if the binding sets one. A missing dimension is that of the template.
fn output_size(output: &OutputConfig, template: &Template) -> Option<(u32, u32)> {
    let configured = |side: Option<u32>| side.filter(|side| *side > 0);
    let (width, height) = (configured(output.width), configured(output.height));
    if width.is_none() && height.is_none() {
        return None;
    }
    let or_own = |side: Option<u32>, own: Option<u32>| side.or(own).unwrap_or(DEFAULT_SIDE);
    Some((or_own(width, template.source.width), or_own(height, template.source.height)))
}

/// Fetches the data of a binding, and stores the data or the failure.
pub(crate) async fn refresh(context: &RenderContext, binding: &Binding) -> Result<Value, DataError> {
    let fetched = match fetch(&context.state, binding).await {
        Ok(fetched) => fetched,
        Err(error) => {
            record_failure(context, &binding.uid, &error.message)?;
            return Err(error);
        }
    };
    store_data(context, &binding.uid, &fetched, Some(&binding.data_source))?;
    Ok(fetched.data)
}

/// Stores fetched data in a binding, unless its source has changed since the fetch from `source`. Returns false if the
/// binding does not exist.
pub(crate) fn store_data(
    context: &RenderContext,
    uid: &str,
    fetched: &FetchedData,
    source: Option<&DataSource>,
) -> Result<bool, ApiError> {
    let stored = context.state.store.change(uid, |binding: &mut Binding| {
        if source.is_some_and(|source| *source != binding.data_source) {
            return Ok(None);
        }
        let cached = CachedData { data: fetched.data.clone(), etag: fetched.etag.clone() };
        let previous = binding.cached.replace(cached).map(|cached| cached.data).unwrap_or_default();
        binding.last_fetch_at = Some(context.state.now_text());
        binding.last_error = None;
        if binding.status == BindingStatus::Error {
            binding.status = BindingStatus::Active;
        }
        Ok::<_, ApiError>((previous != fetched.data).then(|| (previous, binding.clone())))
    })?;
    if let Some(Some((previous, binding))) = &stored {
        let data = json!({
            "bindingId": uid,
            "templateUid": binding.template_id,
            "imageUrl": render_url(context, binding),
            "previousData": previous,
            "newData": fetched.data,
        });
        webhooks::emit(&context.state, "binding.updated", &data)?;
    }
    Ok(stored.is_some())
}

/// Stores a failure in a binding, and emits the webhook event.
fn record_failure(context: &RenderContext, uid: &str, message: &str) -> Result<(), ApiError> {
    let count = context.state.store.change(uid, |binding: &mut Binding| {
        binding.last_error = Some(message.to_owned());
        binding.error_count += 1;
        if binding.status == BindingStatus::Active {
            binding.status = BindingStatus::Error;
        }
        Ok::<_, ApiError>(binding.error_count)
    })?;
    let data = json!({"bindingId": uid, "error": message, "retryCount": count});
    Ok(webhooks::emit(&context.state, "binding.failed", &data)?)
}

/// Returns the URL of the image of a binding.
pub(crate) fn render_url(context: &RenderContext, binding: &Binding) -> String {
    format!("{}/b/{}.{}", context.base_url, binding.uid, binding.output_config.format)
}

/// Returns true if the cached data must be fetched again.
fn is_stale(binding: &Binding, now: Timestamp) -> bool {
    if binding.status == BindingStatus::Paused || binding.data_source.kind == "webhook" {
        return false;
    }
    let last = binding.last_fetch_at.as_ref().and_then(|at| at.parse::<Timestamp>().ok());
    let lifetime = SignedDuration::from_secs(binding.ttl_secs().into());
    match binding.refresh_policy.kind.as_str() {
        "manual" | "webhook" => false,
        _ => last.is_none_or(|last| now.duration_since(last) >= lifetime),
    }
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
            let parsed = serde_json::from_value(binding.clone()).unwrap();
            assert_eq!(is_stale(&parsed, now), expected, "{binding} after {seconds}");
        }
    }
}
