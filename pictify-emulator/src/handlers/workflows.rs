//! Handlers for workflows: tables that become documents, from a request or through a hook.

use super::handlers;
use crate::{
    api_error::ApiError,
    context::RequestContext,
    response::{ApiResponse, ApiResult},
    store::{Filter, Order},
    uid,
    workflows::{self, DocumentSource, DocumentSpec, HOOK, RUN},
};
use axum::http::StatusCode;
use serde_json::{Value, json};

handlers! {
    "createWorkflowHook" => sync create_hook,
    "listWorkflowHooks" => sync list_hooks,
    "deleteWorkflowHook" => sync delete_hook,
    "sendWorkflowHook" => async send_row,
    "createWorkflowRun" => async create_run,
    "listWorkflowRuns" => sync list_runs,
    "getWorkflowRun" => sync get_run,
    "getWorkflowStats" => sync stats,
    "previewWorkflow" => async preview,
    "getWorkflowPreview" => sync get_preview,
    "resendWorkflowItem" => sync resend,
}

/// Maximum number of listed runs; the newest are listed.
const MAX_LISTED_RUNS: usize = 20;

/// Request fields that are stored with a run or a hook.
const STORED_FIELDS: [&str; 5] = ["packType", "name", "templateUid", "columnMapping", "delivery"];

fn create_hook(context: &RequestContext) -> ApiResult {
    DocumentSource::find(&context.state.store, context.body["templateUid"].as_str().unwrap_or_default())?;
    let (uid, secret) = (uid::new(10), uid::new(32).to_ascii_lowercase());
    let mut hook = stored_fields(&context.body);
    hook["uid"] = uid.as_str().into();
    hook["secret"] = secret.into();
    hook["createdAt"] = context.state.now_text().into();
    context.state.store.insert(HOOK, &uid, &hook)?;
    let secret = hook["secret"].take();
    let path = format!("/workflow/hooks/{uid}/{}", secret.as_str().unwrap_or_default());
    hook = without_secret(hook);
    hook["url"] = format!("{}{path}", context.render.base_url).into();
    hook["path"] = path.into();
    Ok(json!({"hook": hook}).into())
}

fn stored_fields(body: &Value) -> Value {
    let given = STORED_FIELDS.into_iter().filter(|name| !body[*name].is_null());
    given.map(|name| (name.to_owned(), body[name].clone())).collect()
}

/// Returns a hook as the API shows it after creation.
fn without_secret(mut hook: Value) -> Value {
    if let Some(hook) = hook.as_object_mut() {
        hook.remove("secret");
    }
    hook
}

fn list_hooks(context: &RequestContext) -> ApiResult {
    let hooks = context.state.store.all(HOOK, &Filter::default(), Order::Newest)?;
    let hooks: Vec<_> = hooks.into_iter().map(without_secret).collect();
    Ok(json!({"hooks": hooks}).into())
}

fn delete_hook(context: &RequestContext) -> ApiResult {
    if !context.state.store.remove(HOOK, context.parameter("uid"))? {
        return Err(not_found("Workflow hook not found"));
    }
    Ok(json!({"success": true}).into())
}

/// Starts a run with one row. The row's signature is not checked, because no document says how a hook requires one.
#[allow(clippy::unused_async, reason = "the context moves into the background task")]
async fn send_row(context: RequestContext) -> ApiResult {
    let hook = context.state.store.get(HOOK, context.parameter("hookUid"))?;
    let hook = hook.ok_or_else(|| not_found("Workflow hook not found"))?;
    if hook["secret"] != context.parameter("secret") {
        return Err(ApiError::unauthorized());
    }
    let (document_spec, mut run, row) =
        (read_document_spec(&context, &hook, None)?, stored_fields(&hook), context.body.clone());
    run["hookUid"] = hook["uid"].clone();
    workflows::start(context.render, run, document_spec, vec![row])?;
    Ok(json!({"accepted": true}).into())
}

#[allow(clippy::unused_async, reason = "the context moves into the background task")]
async fn create_run(context: RequestContext) -> ApiResult {
    let (document_spec, run) = (read_document_spec(&context, &context.body, None)?, stored_fields(&context.body));
    let rows = context.body["rows"].as_array().cloned().unwrap_or_default();
    let uid = workflows::start(context.render, run, document_spec, rows)?;
    Ok(json!({"run": {"uid": uid}}).into())
}

/// Reads the document that a request describes.
fn read_document_spec(
    context: &RequestContext,
    request: &Value,
    format: Option<&str>,
) -> Result<DocumentSpec, ApiError> {
    let source = DocumentSource::find(&context.state.store, request["templateUid"].as_str().unwrap_or_default())?;
    let format = source.format(format)?;
    Ok(DocumentSpec { source, format, mapping: request["columnMapping"].clone() })
}

fn list_runs(context: &RequestContext) -> ApiResult {
    let (runs, _) = context.state.store.page(RUN, &Filter::default(), Order::Newest, 0, MAX_LISTED_RUNS)?;
    let runs: Vec<_> = runs.into_iter().map(|run| workflows::to_public_run(run, &context.state.instance_id)).collect();
    Ok(json!({"runs": runs}).into())
}

fn get_run(context: &RequestContext) -> ApiResult {
    let run = run(context)?;
    let items = workflows::items(&context.render, &run)?;
    let mut run = workflows::to_public_run(run, &context.state.instance_id);
    run["items"] = items.into();
    Ok(json!({"run": run}).into())
}

fn stats(context: &RequestContext) -> ApiResult {
    let store = &context.state.store;
    let sum = |path| store.sum(RUN, path, "");
    Ok(json!({"stats": {
        "totalRuns": store.count(RUN, &Filter::default())?,
        "documentsRendered": sum("$.counts.rendered")?,
        "documentsDelivered": sum("$.counts.delivered")?,
    }})
    .into())
}

async fn preview(context: RequestContext) -> ApiResult {
    let document_spec = read_document_spec(&context, &context.body, context.body["outputFormat"].as_str())?;
    let row = context.body["row"].clone();
    if document_spec.source.is_video() {
        let job = workflows::start_preview(context.render, document_spec, row)?;
        return Ok(ApiResponse::json(StatusCode::ACCEPTED, json!({"jobId": job, "status": "queued"})));
    }
    let render = document_spec.render(&context.render, &row).await?;
    Ok(json!({"url": render.url, "width": render.width, "height": render.height}).into())
}

fn get_preview(context: &RequestContext) -> ApiResult {
    let job = workflows::find_job(&context.render, context.parameter("jobId"))?;
    Ok(job.ok_or_else(|| not_found("Workflow preview not found"))?.into())
}

fn resend(context: &RequestContext) -> ApiResult {
    let run = run(context)?;
    let index = context.parameter("index").parse().map_err(|_| {
        let message = format!("params/index {} is not an integer from 0", context.parameter("index"));
        ApiError::framework(StatusCode::BAD_REQUEST, Some("FST_ERR_VALIDATION"), message)
    })?;
    let item = workflows::requeue(&context.render, context.parameter("uid"), index, context.body["email"].as_str())?;
    Ok(json!({"item": item, "counts": workflows::to_public_run(run, &context.state.instance_id)["counts"]}).into())
}

fn run(context: &RequestContext) -> Result<Value, ApiError> {
    context.state.store.get(RUN, context.parameter("uid"))?.ok_or_else(|| not_found("Workflow run not found"))
}

fn not_found(message: &str) -> ApiError {
    ApiError::with_message(StatusCode::NOT_FOUND, message)
}
