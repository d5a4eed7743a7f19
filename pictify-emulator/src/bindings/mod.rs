//! Bindings without HTTP: data had, mapped and rendered, and what is shown when that fails.

mod http;
pub(crate) mod mapping;
mod source;

pub(crate) use source::{Failure, Fetched, check as check_source, fetch};

use crate::{
    api_error::ApiError,
    rendering,
    rendering::cached::{CachedImage, OutputKind},
    rendering::fill as templates,
    server::RequestContext,
    webhooks,
};
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// The kind of the documents that bindings are.
pub(crate) const BINDING: &str = "binding";

/// The member of the server's own: the data that was last had, as `{data}`, and the version that its source gave it.
pub(crate) const CACHED_DATA_FIELD: &str = "own";

/// How long data stays fresh when the binding does not say, in seconds.
const TTL: i64 = 300;

/// How long the data of a binding stays fresh, in seconds.
pub(crate) fn ttl(binding: &Value) -> i64 {
    binding["refreshPolicy"]["ttlSeconds"].as_f64().map_or(TTL, |seconds| {
        #[allow(clippy::cast_possible_truncation, reason = "the contract keeps it below a week")]
        let seconds = seconds as i64;
        seconds
    })
}

/// The picture of a binding as it is now: its data is had again if its policy says so. What fails is written down, and
/// the policy says what is shown instead.
pub(crate) async fn picture(
    context: &RequestContext,
    binding: &Value,
    form: OutputKind,
) -> Result<CachedImage, ApiError> {
    let on_error = binding["refreshPolicy"]["onError"].as_str().unwrap_or("serve_stale");
    let own = binding[CACHED_DATA_FIELD].get("data");
    let data = match own {
        Some(data) if !is_due(binding, context.state.now()) => Ok(data.clone()),
        _ if binding["status"] == "paused" => Err(Failure::message("The binding is paused and has no data")),
        _ => refresh(context, binding).await,
    };
    let data = match (data, on_error) {
        (Ok(data), _) => Some(data),
        (Err(_), "serve_default") => None,
        (Err(failure), "serve_error") => return Err(failure.into()),
        (Err(failure), _) => Some(own.ok_or_else(|| ApiError::from(failure))?.clone()),
    };
    let failure = match render(context, binding, data.as_ref(), form).await {
        Ok(kept) => return Ok(kept),
        Err(failure) => failure,
    };
    note_failure(context, binding, &failure.message())?;
    match (on_error, data) {
        ("serve_error", _) | ("serve_default", None) => Err(failure),
        ("serve_default", Some(_)) => render(context, binding, None, form).await,
        _ => context.last_cached_image(uid(binding), form)?.ok_or(failure),
    }
}

/// Renders a binding with this data, or with nothing but its defaults.
pub(crate) async fn render(
    context: &RequestContext,
    binding: &Value,
    data: Option<&Value>,
    form: OutputKind,
) -> Result<CachedImage, ApiError> {
    let variables = mapping::variables(binding, data.unwrap_or(&Value::Null)).0;
    let template = templates::find(context, binding["templateId"].as_str().unwrap_or_default())?;
    let template = template.ok_or_else(|| ApiError::with_message(StatusCode::NOT_FOUND, "Template not found"))?;
    let quality = rendering::percent(&binding["outputConfig"]["quality"]);
    let size = size(binding, &template);
    let kept = context.cached_image(uid(binding), &template, &variables, size, form, quality).await?;
    if kept.is_new {
        context.state.store.update(BINDING, uid(binding), |binding| {
            binding["lastRenderAt"] = context.state.now_text().into();
            Ok::<_, ApiError>(())
        })?;
    }
    Ok(kept)
}

/// The size that a binding wants; what it does not say is the template's.
fn size(binding: &Value, template: &Value) -> Option<(u32, u32)> {
    let wanted = |name: &str| binding["outputConfig"][name].as_f64().filter(|size| *size > 0.0);
    if wanted("width").is_none() && wanted("height").is_none() {
        return None;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast keeps to what fits")]
    let size = |name: &str| wanted(name).or(template[name].as_f64()).unwrap_or(1080.0) as u32;
    Some((size("width"), size("height")))
}

/// Gets the data anew, and writes down how that went.
pub(crate) async fn refresh(context: &RequestContext, binding: &Value) -> Result<Value, Failure> {
    let fetched = match fetch(context, binding).await {
        Ok(fetched) => fetched,
        Err(failure) => {
            note_failure(context, binding, &failure.message)?;
            return Err(failure);
        }
    };
    note_data(context, uid(binding), &fetched, Some(&binding["dataSource"]))?;
    Ok(fetched.data)
}

/// Keeps data that was had, unless the binding has another source by now than it came from; says whether there is such
/// a binding.
pub(crate) fn note_data(
    context: &RequestContext,
    uid: &str,
    fetched: &Fetched,
    from: Option<&Value>,
) -> Result<bool, ApiError> {
    let noted = context.state.store.update(BINDING, uid, |binding| {
        if from.is_some_and(|from| *from != binding["dataSource"]) {
            return Ok(None);
        }
        let before = binding[CACHED_DATA_FIELD]["data"].clone();
        binding[CACHED_DATA_FIELD] = json!({"data": fetched.data, "etag": fetched.etag});
        binding["lastFetchAt"] = context.state.now_text().into();
        binding["lastError"] = Value::Null;
        if binding["status"] == "error" {
            binding["status"] = "active".into();
        }
        Ok::<_, ApiError>((before != fetched.data).then(|| (before, binding.clone())))
    })?;
    if let Some(Some((before, binding))) = &noted {
        let data = json!({
            "bindingId": uid,
            "templateUid": binding["templateId"],
            "imageUrl": render_url(context, binding),
            "previousData": before,
            "newData": fetched.data,
        });
        webhooks::emit(&context.state, "binding.updated", &data)?;
    }
    Ok(noted.is_some())
}

fn note_failure(context: &RequestContext, binding: &Value, why: &str) -> Result<(), ApiError> {
    let count = context.state.store.update(BINDING, uid(binding), |binding| {
        binding["lastError"] = why.into();
        binding["errorCount"] = (binding["errorCount"].as_u64().unwrap_or_default() + 1).into();
        if binding["status"] == "active" {
            binding["status"] = "error".into();
        }
        Ok::<_, ApiError>(binding["errorCount"].clone())
    })?;
    let data = json!({"bindingId": uid(binding), "error": why, "retryCount": count});
    Ok(webhooks::emit(&context.state, "binding.failed", &data)?)
}

/// Where the picture of a binding is.
pub(crate) fn render_url(context: &RequestContext, binding: &Value) -> String {
    let format = binding["outputConfig"]["format"].as_str().unwrap_or("png");
    format!("{}/b/{}.{format}", context.base, uid(binding))
}

/// Whether data that is there is to be had again.
fn is_due(binding: &Value, now: Timestamp) -> bool {
    if binding["status"] == "paused" || binding["dataSource"]["type"] == "webhook" {
        return false;
    }
    let last = binding["lastFetchAt"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
    match binding["refreshPolicy"]["type"].as_str() {
        Some("manual" | "webhook") => false,
        _ => last.is_none_or(|last| now.duration_since(last) >= SignedDuration::from_secs(ttl(binding))),
    }
}

fn uid(binding: &Value) -> &str {
    binding["uid"].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_says_when_data_is_had_again() {
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
            assert_eq!(is_due(&binding, now), expected, "{binding} after {seconds}");
        }
    }
}
