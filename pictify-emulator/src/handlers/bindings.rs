//! Bindings: kept, changed, fed and tested. Their pictures are in `binding_links.rs`.

use super::{handlers, templates};
use crate::{
    api_error::ApiError,
    bindings::{self, BINDING, CACHED_DATA_FIELD, Fetched, check_source, mapping},
    rendering::cached,
    rendering::fill,
    response::{ApiResponse, ApiResult},
    server::RequestContext,
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

/// How many bindings a page has when the request says nothing.
const LIMIT: usize = 20;

fn list(context: &RequestContext) -> ApiResult {
    let filter =
        Filter::default().eq("$.templateId", context.text("templateId")).eq("$.status", context.text("status"));
    context.list_by_page("bindings", BINDING, &filter, Order::Newest, LIMIT, |binding| shown(context, binding))
}

fn create(context: &RequestContext) -> ApiResult {
    let template = context.body["templateId"].as_str().unwrap_or_default();
    fill::find(context, template)?.ok_or_else(templates::not_found)?;
    let (uid, now) = (uid::new(10), context.state.now_text());
    let mut binding = json!({
        "uid": uid, "templateId": template, "dataSource": null, "mapping": {}, "defaults": {},
        "refreshPolicy": {"type": "ttl", "ttlSeconds": 300, "onError": "serve_stale"},
        "outputConfig": {"format": "png", "quality": 90},
        "status": "active", "lastFetchAt": null, "lastRenderAt": null, "lastError": null, "errorCount": 0,
        "createdAt": now, "updatedAt": now, CACHED_DATA_FIELD: {},
    });
    set(&mut binding, &context.body)?;
    context.state.store.insert(BINDING, &uid, &binding)?;
    Ok(ApiResponse::json(StatusCode::CREATED, json!({"binding": shown(context, binding)})))
}

/// Puts what a request says into a binding.
fn set(binding: &mut Value, body: &Value) -> Result<(), ApiError> {
    for name in ["name", "mapping", "defaults"] {
        if !body[name].is_null() {
            binding[name] = body[name].clone();
        }
    }
    mapping::check(&body["mapping"]).map_err(bad)?;
    for name in ["refreshPolicy", "outputConfig"] {
        for (member, value) in body[name].as_object().into_iter().flatten() {
            binding[name][member] = value.clone();
        }
    }
    if body["dataSource"].is_object() {
        let mut source = body["dataSource"].clone();
        check_source(&source).map_err(bad)?;
        let old = &binding["dataSource"];
        // Who sends back what was read has no credentials to send; to another place they must not go.
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
    Ok(json!({"binding": shown(context, find(context, "uid")?)}).into())
}

fn update(context: &RequestContext) -> ApiResult {
    let status = context.body["status"].as_str();
    if let Some(status) = status.filter(|status| !["active", "paused"].contains(status)) {
        return Err(bad(format!("status {status} is not one of active, paused")));
    }
    change(context, |binding| {
        set(binding, &context.body)?;
        if let Some(status) = status {
            binding["status"] = status.into();
        }
        Ok(())
    })
}

fn pause(context: &RequestContext) -> ApiResult {
    change(context, |binding| {
        binding["status"] = "paused".into();
        Ok(())
    })
}

fn resume(context: &RequestContext) -> ApiResult {
    change(context, |binding| {
        binding["status"] = "active".into();
        Ok(())
    })
}

fn change(context: &RequestContext, change: impl FnOnce(&mut Value) -> Result<(), ApiError>) -> ApiResult {
    let changed = context.state.store.update(BINDING, context.parameter("uid"), |binding| {
        change(binding)?;
        binding["updatedAt"] = context.state.now_text().into();
        Ok::<_, ApiError>(binding.clone())
    })?;
    Ok(json!({"binding": shown(context, changed.ok_or_else(not_found)?)}).into())
}

fn delete(context: &RequestContext) -> ApiResult {
    let (store, uid) = (&context.state.store, context.parameter("uid"));
    if !store.remove(BINDING, uid)? {
        return Err(not_found());
    }
    cached::forget(store, uid)?;
    Ok(json!({"deleted": true}).into())
}

/// Done when it is answered, though the service says that it has begun. What fails is told here and not hidden.
async fn refresh(context: RequestContext) -> ApiResult {
    let binding = find(&context, "uid")?;
    let form = super::binding_links::form(binding["outputConfig"]["format"].as_str().unwrap_or("png"))?;
    let data = bindings::refresh(&context, &binding).await?;
    bindings::render(&context, &binding, Some(&data), form).await?;
    Ok(json!({"status": "refreshing", "imageUrl": bindings::render_url(&context, &binding)}).into())
}

async fn test(context: RequestContext) -> ApiResult {
    let binding = find(&context, "uid")?;
    let (data, fetch) = match bindings::fetch(&context, &binding).await {
        Ok(fetched) => {
            let fetch = json!({"success": true, "data": fetched.data, "statusCode": fetched.status});
            (fetched.data, fetch)
        }
        Err(failure) => {
            let fetch = json!({"success": false, "statusCode": failure.status, "error": failure.message});
            (Value::Null, fetch)
        }
    };
    let mut fetch = fetch;
    if let Some(fetch) = fetch.as_object_mut() {
        fetch.retain(|name, value| name == "data" || !value.is_null());
    }
    let (variables, errors) = mapping::variables(&binding, &data);
    Ok(json!({
        "fetch": fetch,
        "mapping": {"valid": errors.is_empty(), "errors": errors},
        "variables": variables,
        "availablePaths": mapping::available(&data),
    })
    .into())
}

/// Nobody says which secret signs what is pushed, so the signature is not looked at.
fn push(context: &RequestContext) -> ApiResult {
    let binding = find(context, "bindingUid")?;
    let takes = binding["dataSource"]["type"] == "webhook" || binding["refreshPolicy"]["type"] == "webhook";
    if !takes {
        return Err(bad("The binding takes no pushed data: its source and its refresh policy are no webhook"));
    }
    let pushed = Fetched { data: context.body.clone(), status: None, etag: None };
    if !bindings::note_data(context, context.parameter("bindingUid"), &pushed, None)? {
        return Err(not_found());
    }
    Ok(json!({"success": true}).into())
}

/// As it is answered: with the addresses under which the client finds it, and without secrets.
fn shown(context: &RequestContext, mut binding: Value) -> Value {
    let (render_url, webhook_url) =
        (bindings::render_url(context, &binding), format!("{}/webhooks/{}", context.base, text(&binding)));
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

fn text(binding: &Value) -> &str {
    binding["uid"].as_str().unwrap_or_default()
}

/// The binding that a parameter of the path names.
pub(super) fn find(context: &RequestContext, parameter: &str) -> Result<Value, ApiError> {
    context.state.store.get(BINDING, context.parameter(parameter))?.ok_or_else(not_found)
}

fn bad(message: impl Into<String>) -> ApiError {
    ApiError::with_message(StatusCode::BAD_REQUEST, message)
}

fn not_found() -> ApiError {
    ApiError::with_message(StatusCode::NOT_FOUND, "Binding not found")
}
