//! Workflows: tables turned into documents, row by row or by a hook.

use super::handlers;
use crate::{
    api_error::ApiError,
    response::ApiResult,
    server::RequestContext,
    store::{Filter, Order},
    uid,
    workflows::{self, DocumentSpec, HOOK, RUN, Source},
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

/// How many runs are listed: the newest.
const NEWEST: usize = 20;

/// What a run or a hook keeps of the request that made it.
const SETTABLE: [&str; 5] = ["packType", "name", "templateUid", "columnMapping", "delivery"];

fn create_hook(context: &RequestContext) -> ApiResult {
    Source::find(context, context.body["templateUid"].as_str().unwrap_or_default())?;
    let (uid, secret) = (uid::new(10), uid::new(32).to_ascii_lowercase());
    let mut hook = about(&context.body);
    hook["uid"] = uid.as_str().into();
    hook["secret"] = secret.into();
    hook["createdAt"] = context.state.now_text().into();
    context.state.store.insert(HOOK, &uid, &hook)?;
    let secret = hook["secret"].take();
    let path = format!("/workflow/hooks/{uid}/{}", secret.as_str().unwrap_or_default());
    hook = without_secret(hook);
    hook["url"] = format!("{}{path}", context.base).into();
    hook["path"] = path.into();
    Ok(json!({"hook": hook}).into())
}

fn about(body: &Value) -> Value {
    let given = SETTABLE.into_iter().filter(|name| !body[*name].is_null());
    given.map(|name| (name.to_owned(), body[name].clone())).collect()
}

/// A hook as it is shown after its creation.
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

/// A row for a hook makes a run of one. Nobody says how a hook comes to ask for signatures, so none does here.
#[allow(clippy::unused_async, reason = "the call moves into the background")]
async fn send_row(context: RequestContext) -> ApiResult {
    let hook = context.state.store.get(HOOK, context.parameter("hookUid"))?;
    let hook = hook.ok_or_else(|| not_found("Workflow hook not found"))?;
    if hook["secret"] != context.parameter("secret") {
        return Err(ApiError::unauthorized());
    }
    let (recipe, mut run, row) = (recipe(&context, &hook, None)?, about(&hook), context.body.clone());
    run["hookUid"] = hook["uid"].clone();
    workflows::start(context, run, recipe, vec![row])?;
    Ok(json!({"accepted": true}).into())
}

#[allow(clippy::unused_async, reason = "the call moves into the background")]
async fn create_run(context: RequestContext) -> ApiResult {
    let (recipe, run) = (recipe(&context, &context.body, None)?, about(&context.body));
    let rows = context.body["rows"].as_array().cloned().unwrap_or_default();
    let uid = workflows::start(context, run, recipe, rows)?;
    Ok(json!({"run": {"uid": uid}}).into())
}

/// What a request asks to be made.
fn recipe(context: &RequestContext, asked: &Value, format: Option<&str>) -> Result<DocumentSpec, ApiError> {
    let source = Source::find(context, asked["templateUid"].as_str().unwrap_or_default())?;
    let output = source.output(format)?;
    Ok(DocumentSpec { source, output, mapping: asked["columnMapping"].clone() })
}

fn list_runs(context: &RequestContext) -> ApiResult {
    let (runs, _) = context.state.store.page(RUN, &Filter::default(), Order::Newest, 0, NEWEST)?;
    let runs: Vec<_> = runs.into_iter().map(|run| workflows::shown(run, &context.state.name)).collect();
    Ok(json!({"runs": runs}).into())
}

fn get_run(context: &RequestContext) -> ApiResult {
    let run = run(context)?;
    let items = workflows::items(context, &run)?;
    let mut run = workflows::shown(run, &context.state.name);
    run["items"] = items.into();
    Ok(json!({"run": run}).into())
}

fn stats(context: &RequestContext) -> ApiResult {
    let store = &context.state.store;
    let sum = |path| store.sum(RUN, path, "$.createdAt", "");
    Ok(json!({"stats": {
        "totalRuns": store.count(RUN, &Filter::default())?,
        "documentsRendered": sum("$.counts.rendered")?,
        "documentsDelivered": sum("$.counts.delivered")?,
    }})
    .into())
}

async fn preview(context: RequestContext) -> ApiResult {
    let recipe = recipe(&context, &context.body, context.body["outputFormat"].as_str())?;
    let row = context.body["row"].clone();
    if recipe.source.is_video() {
        let job = workflows::start_preview(context, recipe, row)?;
        return Ok(json!({"jobId": job, "status": "queued"}).into());
    }
    let render = recipe.render(&context, &row).await?;
    Ok(json!({"url": render.url, "width": render.width, "height": render.height}).into())
}

fn get_preview(context: &RequestContext) -> ApiResult {
    let job = workflows::job(context, context.parameter("jobId"))?;
    Ok(job.ok_or_else(|| not_found("Workflow preview not found"))?.into())
}

fn resend(context: &RequestContext) -> ApiResult {
    let run = run(context)?;
    let index = context.parameter("index").parse().map_err(|_| {
        let message = format!("params/index {} is not an integer from 0", context.parameter("index"));
        ApiError::framework(StatusCode::BAD_REQUEST, Some("FST_ERR_VALIDATION"), message)
    })?;
    let item = workflows::requeue(context, context.parameter("uid"), index, context.body["email"].as_str())?;
    Ok(json!({"item": item, "counts": workflows::shown(run, &context.state.name)["counts"]}).into())
}

fn run(context: &RequestContext) -> Result<Value, ApiError> {
    context.state.store.get(RUN, context.parameter("uid"))?.ok_or_else(|| not_found("Workflow run not found"))
}

fn not_found(message: &str) -> ApiError {
    ApiError::with_message(StatusCode::NOT_FOUND, message)
}
