//! Workflows: tables turned into documents, row by row or by a hook.

use super::handlers;
use crate::{
    answer::{Answer, Refusal},
    server::Call,
    store::{Filter, Order},
    uid,
    workflows::{self, HOOK, RUN, Recipe, Source},
};
use axum::http::StatusCode;
use serde_json::{Value, json};

handlers! {
    "createWorkflowHook" => now create_hook,
    "listWorkflowHooks" => now list_hooks,
    "deleteWorkflowHook" => now delete_hook,
    "sendWorkflowHook" => later send_row,
    "createWorkflowRun" => later create_run,
    "listWorkflowRuns" => now list_runs,
    "getWorkflowRun" => now get_run,
    "getWorkflowStats" => now stats,
    "previewWorkflow" => later preview,
    "getWorkflowPreview" => now get_preview,
    "resendWorkflowItem" => now resend,
}

/// How many runs are listed: the newest.
const NEWEST: usize = 20;

/// What a run or a hook keeps of the request that made it.
const SETTABLE: [&str; 5] = ["packType", "name", "templateUid", "columnMapping", "delivery"];

fn create_hook(call: &Call) -> Answer {
    Source::find(call, call.body["templateUid"].as_str().unwrap_or_default())?;
    let (uid, secret) = (uid::new(10), uid::new(32).to_ascii_lowercase());
    let mut hook = about(&call.body);
    hook["uid"] = uid.as_str().into();
    hook["secret"] = secret.into();
    hook["createdAt"] = call.service.now_text().into();
    call.service.store.insert(HOOK, &uid, &hook)?;
    let secret = hook["secret"].take();
    let path = format!("/workflow/hooks/{uid}/{}", secret.as_str().unwrap_or_default());
    hook = without_secret(hook);
    hook["url"] = format!("{}{path}", call.base).into();
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

fn list_hooks(call: &Call) -> Answer {
    let hooks = call.service.store.all(HOOK, &Filter::default(), Order::Newest)?;
    let hooks: Vec<_> = hooks.into_iter().map(without_secret).collect();
    Ok(json!({"hooks": hooks}).into())
}

fn delete_hook(call: &Call) -> Answer {
    if !call.service.store.remove(HOOK, call.parameter("uid"))? {
        return Err(not_found("Workflow hook not found"));
    }
    Ok(json!({"success": true}).into())
}

/// A row for a hook makes a run of one. Nobody says how a hook comes to ask for signatures, so none does here.
#[allow(clippy::unused_async, reason = "the call moves into the background")]
async fn send_row(call: Call) -> Answer {
    let hook = call.service.store.get(HOOK, call.parameter("hookUid"))?;
    let hook = hook.ok_or_else(|| not_found("Workflow hook not found"))?;
    if hook["secret"] != call.parameter("secret") {
        return Err(Refusal::unauthorized());
    }
    let (recipe, mut run, row) = (recipe(&call, &hook, None)?, about(&hook), call.body.clone());
    run["hookUid"] = hook["uid"].clone();
    workflows::start(call, run, recipe, vec![row])?;
    Ok(json!({"accepted": true}).into())
}

#[allow(clippy::unused_async, reason = "the call moves into the background")]
async fn create_run(call: Call) -> Answer {
    let (recipe, run) = (recipe(&call, &call.body, None)?, about(&call.body));
    let rows = call.body["rows"].as_array().cloned().unwrap_or_default();
    let uid = workflows::start(call, run, recipe, rows)?;
    Ok(json!({"run": {"uid": uid}}).into())
}

/// What a request asks to be made.
fn recipe(call: &Call, asked: &Value, format: Option<&str>) -> Result<Recipe, Refusal> {
    let source = Source::find(call, asked["templateUid"].as_str().unwrap_or_default())?;
    let output = source.output(format)?;
    Ok(Recipe { source, output, mapping: asked["columnMapping"].clone() })
}

fn list_runs(call: &Call) -> Answer {
    let (runs, _) = call.service.store.page(RUN, &Filter::default(), Order::Newest, 0, NEWEST)?;
    let runs: Vec<_> = runs.into_iter().map(|run| workflows::shown(run, &call.service.name)).collect();
    Ok(json!({"runs": runs}).into())
}

fn get_run(call: &Call) -> Answer {
    let run = run(call)?;
    let items = workflows::items(call, &run)?;
    let mut run = workflows::shown(run, &call.service.name);
    run["items"] = items.into();
    Ok(json!({"run": run}).into())
}

fn stats(call: &Call) -> Answer {
    let store = &call.service.store;
    let sum = |path| store.sum(RUN, path, "$.createdAt", "");
    Ok(json!({"stats": {
        "totalRuns": store.count(RUN, &Filter::default())?,
        "documentsRendered": sum("$.counts.rendered")?,
        "documentsDelivered": sum("$.counts.delivered")?,
    }})
    .into())
}

async fn preview(call: Call) -> Answer {
    let recipe = recipe(&call, &call.body, call.body["outputFormat"].as_str())?;
    let row = call.body["row"].clone();
    if recipe.source.is_video() {
        let job = workflows::start_preview(call, recipe, row)?;
        return Ok(json!({"jobId": job, "status": "queued"}).into());
    }
    let render = recipe.render(&call, &row).await?;
    Ok(json!({"url": render.url, "width": render.width, "height": render.height}).into())
}

fn get_preview(call: &Call) -> Answer {
    let job = workflows::job(call, call.parameter("jobId"))?;
    Ok(job.ok_or_else(|| not_found("Workflow preview not found"))?.into())
}

fn resend(call: &Call) -> Answer {
    let run = run(call)?;
    let index = call.parameter("index").parse().map_err(|_| {
        let message = format!("params/index {} is not an integer from 0", call.parameter("index"));
        Refusal::framework(StatusCode::BAD_REQUEST, Some("FST_ERR_VALIDATION"), message)
    })?;
    let item = workflows::requeue(call, call.parameter("uid"), index, call.body["email"].as_str())?;
    Ok(json!({"item": item, "counts": workflows::shown(run, &call.service.name)["counts"]}).into())
}

fn run(call: &Call) -> Result<Value, Refusal> {
    call.service.store.get(RUN, call.parameter("uid"))?.ok_or_else(|| not_found("Workflow run not found"))
}

fn not_found(message: &str) -> Refusal {
    Refusal::message(StatusCode::NOT_FOUND, message)
}
