//! Handlers for bindings. Their public images are in `binding_links.rs`.

use super::{handlers, templates};
use crate::{
    api_error::ApiError,
    bindings::{self, BINDING, CACHED_DATA_FIELD, FetchedData, check_source, mapping},
    context::RequestContext,
    rendering::cached,
    rendering::fill,
    response::{ApiResponse, ApiResult},
    store::{Filter, Order},
    uid,
};
use axum::http::StatusCode;
use serde_json::{Value, json};

handlers! {
    "listBindings" => sync list,
    "createBinding" => sync create,
    "getBinding" => sync get,
    "updateBinding" => sync update,
    "deleteBinding" => sync delete,
    "pauseBinding" => sync pause,
    "resumeBinding" => sync resume,
    "refreshBinding" => async refresh,
    "testBinding" => async test,
    "pushBindingData" => sync push,
}

/// Page size of the list of bindings when the request gives none.
const DEFAULT_PAGE_SIZE: usize = 20;

fn list(context: &RequestContext) -> ApiResult {
    let filter = Filter::default()
        .eq("$.templateId", context.query_text("templateId"))
        .eq("$.status", context.query_text("status"));
    context.list_by_page("bindings", BINDING, &filter, Order::Newest, DEFAULT_PAGE_SIZE, |binding| {
        to_response(context, binding)
    })
}

fn create(context: &RequestContext) -> ApiResult {
    let template = context.body["templateId"].as_str().unwrap_or_default();
    fill::find(&context.state.store, template)?.ok_or_else(templates::not_found)?;
    let (uid, now) = (uid::new(10), context.state.now_text());
    let mut binding = json!({
        "uid": uid, "templateId": template, "dataSource": null, "mapping": {}, "defaults": {},
        "refreshPolicy": {"type": "ttl", "ttlSeconds": 300, "onError": "serve_stale"},
        "outputConfig": {"format": "png", "quality": 90},
        "status": "active", "lastFetchAt": null, "lastRenderAt": null, "lastError": null, "errorCount": 0,
        "createdAt": now, "updatedAt": now, CACHED_DATA_FIELD: {},
    });
    apply_request(&mut binding, &context.body)?;
    context.state.store.insert(BINDING, &uid, &binding)?;
    Ok(ApiResponse::json(StatusCode::CREATED, json!({"binding": to_response(context, binding)})))
}

/// Copies the fields of a request into a binding.
fn apply_request(binding: &mut Value, body: &Value) -> Result<(), ApiError> {
    for name in ["name", "mapping", "defaults"] {
        if !body[name].is_null() {
            binding[name] = body[name].clone();
        }
    }
    mapping::check(&body["mapping"]).map_err(bad_request)?;
    for name in ["refreshPolicy", "outputConfig"] {
        for (member, value) in body[name].as_object().into_iter().flatten() {
            binding[name][member] = value.clone();
        }
    }
    if body["dataSource"].is_object() {
        let mut source = body["dataSource"].clone();
        check_source(&source).map_err(bad_request)?;
        let old = &binding["dataSource"];
        // Responses contain no credentials, so a client that sends a source back has none to send: keep the stored
        // ones. Not if the URL changed: they must not go to another server.
        let is_same = ["type", "url"].iter().all(|name| source[*name] == old[*name]);
        if is_same && source["credentials"].is_null() && old["credentials"].is_object() {
            source["credentials"] = old["credentials"].clone();
        }
        if source != *old {
            binding["dataSource"] = source;
            binding[CACHED_DATA_FIELD] = json!({});
            binding["lastFetchAt"] = Value::Null;
        }
    }
    Ok(())
}

fn get(context: &RequestContext) -> ApiResult {
    Ok(json!({"binding": to_response(context, find(context, "uid")?)}).into())
}

fn update(context: &RequestContext) -> ApiResult {
    let status = context.body["status"].as_str();
    if let Some(status) = status.filter(|status| !["active", "paused"].contains(status)) {
        return Err(bad_request(format!("status {status} is not one of active, paused")));
    }
    update_with(context, |binding| {
        apply_request(binding, &context.body)?;
        if let Some(status) = status {
            binding["status"] = status.into();
        }
        Ok(())
    })
}

fn pause(context: &RequestContext) -> ApiResult {
    update_with(context, |binding| {
        binding["status"] = "paused".into();
        Ok(())
    })
}

fn resume(context: &RequestContext) -> ApiResult {
    update_with(context, |binding| {
        binding["status"] = "active".into();
        Ok(())
    })
}

fn update_with(context: &RequestContext, update_with: impl FnOnce(&mut Value) -> Result<(), ApiError>) -> ApiResult {
    let changed = context.state.store.update(BINDING, context.parameter("uid"), |binding| {
        update_with(binding)?;
        binding["updatedAt"] = context.state.now_text().into();
        Ok::<_, ApiError>(binding.clone())
    })?;
    Ok(json!({"binding": to_response(context, changed.ok_or_else(not_found)?)}).into())
}

fn delete(context: &RequestContext) -> ApiResult {
    let (store, uid) = (&context.state.store, context.parameter("uid"));
    if !store.remove(BINDING, uid)? {
        return Err(not_found());
    }
    cached::forget(store, uid)?;
    Ok(json!({"deleted": true}).into())
}

/// Refreshes the binding before it responds, although the service only reports that the refresh has started. So errors
/// reach the caller.
async fn refresh(context: RequestContext) -> ApiResult {
    let binding = find(&context, "uid")?;
    let kind = super::binding_links::output_kind(binding["outputConfig"]["format"].as_str().unwrap_or("png"))?;
    let data = bindings::refresh(&context.render, &binding).await?;
    bindings::render(&context.render, &binding, Some(&data), kind).await?;
    Ok(json!({"status": "refreshing", "imageUrl": bindings::render_url(&context.render, &binding)}).into())
}

async fn test(context: RequestContext) -> ApiResult {
    let binding = find(&context, "uid")?;
    let (data, fetch) = match bindings::fetch(&context.state, &binding).await {
        Ok(fetched) => {
            let fetch = json!({"success": true, "data": fetched.data, "statusCode": fetched.source_status});
            (fetched.data, fetch)
        }
        Err(failure) => {
            let fetch = json!({"success": false, "statusCode": failure.source_status, "error": failure.message});
            (Value::Null, fetch)
        }
    };
    let mut fetch = fetch;
    if let Some(fetch) = fetch.as_object_mut() {
        fetch.retain(|name, value| name == "data" || !value.is_null());
    }
    let (variables, errors) = mapping::resolve_variables(&binding, &data);
    Ok(json!({
        "fetch": fetch,
        "mapping": {"valid": errors.is_empty(), "errors": errors},
        "variables": variables,
        "availablePaths": mapping::list_paths(&data),
    })
    .into())
}

/// Accepts pushed data. The signature is not checked, because no document says which secret signs it.
fn push(context: &RequestContext) -> ApiResult {
    let binding = find(context, "bindingUid")?;
    let accepts_push = binding["dataSource"]["type"] == "webhook" || binding["refreshPolicy"]["type"] == "webhook";
    if !accepts_push {
        return Err(bad_request(
            "The binding does not accept pushed data: neither its source nor its refresh policy is a webhook",
        ));
    }
    let pushed = FetchedData { data: context.body.clone(), source_status: None, etag: None };
    if !bindings::store_data(&context.render, context.parameter("bindingUid"), &pushed, None)? {
        return Err(not_found());
    }
    Ok(json!({"success": true}).into())
}

/// Returns a binding as the API shows it: with its URLs, and without secrets and internal fields.
fn to_response(context: &RequestContext, mut binding: Value) -> Value {
    let (render_url, webhook_url) = (
        bindings::render_url(&context.render, &binding),
        format!("{}/webhooks/{}", context.render.base_url, uid(&binding)),
    );
    if let Some(object) = binding.as_object_mut() {
        object.remove(CACHED_DATA_FIELD);
    }
    if let Some(source) = binding["dataSource"].as_object_mut() {
        source.remove("credentials");
    }
    binding["renderUrl"] = render_url.into();
    binding["webhookUrl"] = webhook_url.into();
    binding
}

fn uid(binding: &Value) -> &str {
    binding["uid"].as_str().unwrap_or_default()
}

/// Returns the binding with the ID in this path parameter.
pub(super) fn find(context: &RequestContext, parameter: &str) -> Result<Value, ApiError> {
    context.state.store.get(BINDING, context.parameter(parameter))?.ok_or_else(not_found)
}

fn bad_request(message: impl Into<String>) -> ApiError {
    ApiError::with_message(StatusCode::BAD_REQUEST, message)
}

fn not_found() -> ApiError {
    ApiError::with_message(StatusCode::NOT_FOUND, "Binding not found")
}
