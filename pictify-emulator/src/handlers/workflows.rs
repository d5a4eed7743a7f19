//! Handlers for workflows: tables that become documents, from a request or through a hook.

use super::handlers;
use crate::{
    api_error::ApiError,
    context::RequestContext,
    response::{ApiResponse, ApiResult},
    secret::Secret,
    store::{Document as _, Filter, Order},
    uid,
    workflows::{self, WorkflowHook, WorkflowRun, WorkflowSpec},
};
use axum::http::StatusCode;
use serde::Deserialize;
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

fn create_hook(context: &RequestContext) -> ApiResult {
    let spec: WorkflowSpec = context.read_body()?;
    spec.document(&context.state.store, None)?;
    let (uid, secret) = (uid::new(10), uid::new(32).to_ascii_lowercase());
    let path = format!("/workflow/hooks/{uid}/{secret}");
    let hook = WorkflowHook { spec, uid, secret: Some(Secret::new(secret)), created_at: context.state.now_text() };
    context.state.store.create(&hook.uid, &hook)?;
    let mut response = to_response(hook);
    response["url"] = format!("{}{path}", context.render.base_url).into();
    response["path"] = path.into();
    Ok(json!({"hook": response}).into())
}

/// Returns a hook as the API shows it after creation, without its secret.
fn to_response(hook: WorkflowHook) -> Value {
    json!(WorkflowHook { secret: None, ..hook })
}

fn list_hooks(context: &RequestContext) -> ApiResult {
    let hooks = context.state.store.list_all(&Filter::default(), Order::Newest)?;
    let hooks: Vec<_> = hooks.into_iter().map(to_response).collect();
    Ok(json!({"hooks": hooks}).into())
}

fn delete_hook(context: &RequestContext) -> ApiResult {
    if !context.state.store.delete::<WorkflowHook>(context.parameter("uid"))? {
        return Err(not_found("Workflow hook not found"));
    }
    Ok(json!({"success": true}).into())
}

/// Starts a run with one row. The row's signature is not checked, because no document says how a hook requires one.
#[allow(clippy::unused_async, reason = "the context moves into the background task")]
async fn send_row(context: RequestContext) -> ApiResult {
    let hook: Option<WorkflowHook> = context.state.store.find(context.parameter("hookUid"))?;
    let WorkflowHook { spec, uid, secret, .. } = hook.ok_or_else(|| not_found("Workflow hook not found"))?;
    if secret.is_none_or(|secret| secret.expose() != context.parameter("secret")) {
        return Err(ApiError::unauthorized());
    }
    let document = spec.document(&context.state.store, None)?;
    workflows::start(context.render, spec, Some(uid), document, vec![context.body])?;
    Ok(json!({"accepted": true}).into())
}

/// Rows of a request.
#[derive(Deserialize)]
struct RowsRequest {
    rows: Vec<Value>,
}

#[allow(clippy::unused_async, reason = "the context moves into the background task")]
async fn create_run(context: RequestContext) -> ApiResult {
    let (spec, RowsRequest { rows }): (WorkflowSpec, _) = (context.read_body()?, context.read_body()?);
    let document = spec.document(&context.state.store, None)?;
    let uid = workflows::start(context.render, spec, None, document, rows)?;
    Ok(json!({"run": {"uid": uid}}).into())
}

fn list_runs(context: &RequestContext) -> ApiResult {
    let (runs, _) = context.state.store.list::<WorkflowRun>(&Filter::default(), Order::Newest, 0, MAX_LISTED_RUNS)?;
    let runs: Vec<_> = runs.into_iter().map(|run| run.observed_by(&context.state.instance_id)).collect();
    Ok(json!({"runs": runs}).into())
}

fn get_run(context: &RequestContext) -> ApiResult {
    let run = run(context)?;
    let items = workflows::items(&context.render, &run)?;
    let mut response = json!({"run": run.observed_by(&context.state.instance_id)});
    response["run"]["items"] = items.into();
    Ok(response.into())
}

fn stats(context: &RequestContext) -> ApiResult {
    let store = &context.state.store;
    let sum = |path| store.sum(WorkflowRun::KIND, path);
    Ok(json!({"stats": {
        "totalRuns": store.count_of::<WorkflowRun>(&Filter::default())?,
        "documentsRendered": sum("$.counts.rendered")?,
        "documentsDelivered": sum("$.counts.delivered")?,
    }})
    .into())
}

/// Request for a preview, beside the template.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PreviewRequest {
    row: Value,
    output_format: Option<String>,
}

async fn preview(context: RequestContext) -> ApiResult {
    let (spec, request): (WorkflowSpec, PreviewRequest) = (context.read_body()?, context.read_body()?);
    let document = spec.document(&context.state.store, request.output_format.as_deref())?;
    if document.source.is_video() {
        let job = workflows::start_preview(context.render, document, request.row)?;
        return Ok(ApiResponse::json(StatusCode::ACCEPTED, json!({"jobId": job, "status": "queued"})));
    }
    let render = document.render(&context.render, &request.row).await?;
    Ok(json!({"url": render.url, "width": render.width, "height": render.height}).into())
}

fn get_preview(context: &RequestContext) -> ApiResult {
    let job = workflows::find_job(&context.render, context.parameter("jobId"))?;
    Ok(job.ok_or_else(|| not_found("Workflow preview not found"))?.into())
}

/// Request to deliver an item again.
#[derive(Deserialize)]
struct ResendRequest {
    email: Option<String>,
}

fn resend(context: &RequestContext) -> ApiResult {
    let (run, request): (_, ResendRequest) = (run(context)?, context.read_body()?);
    let index = context.parameter("index").parse().map_err(|_| {
        let message = format!("params/index {} is not an integer from 0", context.parameter("index"));
        ApiError::framework(StatusCode::BAD_REQUEST, Some("FST_ERR_VALIDATION"), message)
    })?;
    let item = workflows::requeue(&context.render, &run.uid, index, request.email)?;
    let counts = run.observed_by(&context.state.instance_id).counts;
    Ok(json!({"item": workflows::item_to_json(&context.render, &item), "counts": counts}).into())
}

fn run(context: &RequestContext) -> Result<WorkflowRun, ApiError> {
    context.state.store.find(context.parameter("uid"))?.ok_or_else(|| not_found("Workflow run not found"))
}

fn not_found(message: &str) -> ApiError {
    ApiError::with_message(StatusCode::NOT_FOUND, message)
}
