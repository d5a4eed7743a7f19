//! Handlers for bindings. Their public images are in `binding_links.rs`.

use super::handlers;
use crate::{
    api_error::ApiError,
    bindings::{self, Binding, BindingStatus, DataSource, FetchedData, check_source, mapping},
    context::RequestContext,
    json::{lenient, replace_members},
    rendering::cached,
    response::{ApiResponse, ApiResult},
    store::{Filter, Order, StoreError},
    templates, uid,
};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

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
    context.list_by_page("bindings", &filter, Order::Newest, DEFAULT_PAGE_SIZE, |binding| to_response(context, binding))
}

/// Members of a binding that a request gives.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BindingRequest {
    name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    template_id: Option<String>,
    data_source: Option<DataSource>,
    mapping: Option<Map<String, Value>>,
    defaults: Option<Map<String, Value>>,
    refresh_policy: Option<Map<String, Value>>,
    output_config: Option<Map<String, Value>>,
    #[serde(default, deserialize_with = "lenient")]
    status: Option<String>,
}

fn create(context: &RequestContext) -> ApiResult {
    let request: BindingRequest = context.read_body()?;
    let template = templates::find(&context.state.store, request.template_id.as_deref().unwrap_or_default())?;
    let now = context.state.now_text();
    let mut binding = Binding {
        uid: uid::new(10),
        template_id: template.uid,
        created_at: now.clone(),
        updated_at: now,
        ..Binding::default()
    };
    apply_request(&mut binding, request)?;
    context.state.store.create(&binding.uid, &binding)?;
    Ok(ApiResponse::json(StatusCode::CREATED, json!({"binding": to_response(context, binding)})))
}

/// Applies a request to a binding, except its status.
fn apply_request(binding: &mut Binding, request: BindingRequest) -> Result<(), ApiError> {
    let BindingRequest { name, data_source, mapping, defaults, refresh_policy, output_config, .. } = request;
    binding.name = name.or(binding.name.take());
    if let Some(mapping) = mapping {
        mapping::check(&mapping).map_err(bad_request)?;
        binding.mapping = mapping;
    }
    if let Some(defaults) = defaults {
        binding.defaults = defaults;
    }
    replace_members(&mut binding.refresh_policy, refresh_policy.unwrap_or_default()).map_err(StoreError::from)?;
    replace_members(&mut binding.output_config, output_config.unwrap_or_default()).map_err(StoreError::from)?;
    if let Some(mut source) = data_source {
        check_source(&source).map_err(bad_request)?;
        let old = &binding.data_source;
        // Responses contain no credentials, so a client that sends a source back has none to send: keep the stored
        // ones. Not if the URL changed: they must not go to another server.
        if source.kind == old.kind && source.url == old.url && source.credentials.is_none() {
            source.credentials.clone_from(&old.credentials);
        }
        if source != *old {
            (binding.data_source, binding.cached, binding.last_fetch_at) = (source, None, None);
        }
    }
    Ok(())
}

fn get(context: &RequestContext) -> ApiResult {
    Ok(json!({"binding": to_response(context, find(context, "uid")?)}).into())
}

fn update(context: &RequestContext) -> ApiResult {
    let request: BindingRequest = context.read_body()?;
    let status = match request.status.as_deref() {
        None => None,
        Some("active") => Some(BindingStatus::Active),
        Some("paused") => Some(BindingStatus::Paused),
        Some(status) => return Err(bad_request(format!("status {status} is not one of active, paused"))),
    };
    update_with(context, |binding| {
        apply_request(binding, request)?;
        binding.status = status.unwrap_or(binding.status);
        Ok(())
    })
}

fn pause(context: &RequestContext) -> ApiResult {
    update_with(context, |binding| {
        binding.status = BindingStatus::Paused;
        Ok(())
    })
}

fn resume(context: &RequestContext) -> ApiResult {
    update_with(context, |binding| {
        binding.status = BindingStatus::Active;
        Ok(())
    })
}

fn update_with(context: &RequestContext, update_with: impl FnOnce(&mut Binding) -> Result<(), ApiError>) -> ApiResult {
    let changed = context.state.store.change(context.parameter("uid"), |binding: &mut Binding| {
        update_with(binding)?;
        binding.updated_at = context.state.now_text();
        Ok::<_, ApiError>(binding.clone())
    })?;
    Ok(json!({"binding": to_response(context, changed.ok_or_else(not_found)?)}).into())
}

fn delete(context: &RequestContext) -> ApiResult {
    let (store, uid) = (&context.state.store, context.parameter("uid"));
    if !store.delete::<Binding>(uid)? {
        return Err(not_found());
    }
    cached::forget(store, uid)?;
    Ok(json!({"deleted": true}).into())
}

/// Refreshes the binding before it responds, although the service only reports that the refresh has started. So errors
/// reach the caller.
async fn refresh(context: RequestContext) -> ApiResult {
    let binding = find(&context, "uid")?;
    let kind = super::binding_links::output_kind(&binding.output_config.format)?;
    let data = bindings::refresh(&context.render, &binding).await?;
    bindings::render(&context.render, &binding, Some(&data), kind).await?;
    Ok(json!({"status": "refreshing", "imageUrl": bindings::render_url(&context.render, &binding)}).into())
}

/// Result of fetching the data, in the response to a test.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct FetchResult {
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

async fn test(context: RequestContext) -> ApiResult {
    let binding = find(&context, "uid")?;
    let fetch = match bindings::fetch(&context.state, &binding).await {
        Ok(fetched) => {
            FetchResult { success: true, data: Some(fetched.data), status_code: fetched.source_status, error: None }
        }
        Err(failure) => {
            let (status_code, error) = (failure.source_status, Some(failure.message));
            FetchResult { status_code, error, ..FetchResult::default() }
        }
    };
    let data = fetch.data.as_ref().unwrap_or(&Value::Null);
    let (variables, errors) = mapping::resolve_variables(&binding, data);
    Ok(json!({
        "fetch": fetch,
        "mapping": {"valid": errors.is_empty(), "errors": errors},
        "variables": variables,
        "availablePaths": mapping::list_paths(data),
    })
    .into())
}

/// Accepts pushed data. The signature is not checked, because no document says which secret signs it.
fn push(context: &RequestContext) -> ApiResult {
    let binding = find(context, "bindingUid")?;
    if binding.data_source.kind != "webhook" && binding.refresh_policy.kind != "webhook" {
        return Err(bad_request(
            "The binding does not accept pushed data: neither its source nor its refresh policy is a webhook",
        ));
    }
    let pushed = FetchedData { data: context.body.clone(), source_status: None, etag: None };
    if !bindings::store_data(&context.render, &binding.uid, &pushed, None)? {
        return Err(not_found());
    }
    Ok(json!({"success": true}).into())
}

/// Returns a binding as the API shows it: with its URLs, and without secrets and internal fields.
fn to_response(context: &RequestContext, mut binding: Binding) -> Value {
    let webhook_url = format!("{}/webhooks/{}", context.render.base_url, binding.uid);
    let render_url = bindings::render_url(&context.render, &binding);
    (binding.cached, binding.data_source.credentials) = (None, None);
    let mut response = json!(binding);
    (response["renderUrl"], response["webhookUrl"]) = (render_url.into(), webhook_url.into());
    response
}

/// Returns the binding with the ID in this path parameter.
pub(super) fn find(context: &RequestContext, parameter: &str) -> Result<Binding, ApiError> {
    context.state.store.find(context.parameter(parameter))?.ok_or_else(not_found)
}

fn bad_request(message: impl Into<String>) -> ApiError {
    ApiError::with_message(StatusCode::BAD_REQUEST, message)
}

fn not_found() -> ApiError {
    ApiError::with_message(StatusCode::NOT_FOUND, "Binding not found")
}
