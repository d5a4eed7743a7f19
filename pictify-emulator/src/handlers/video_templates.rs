//! Handlers for video templates, and for their renders as far as the emulator supports them.

use super::handlers;
use crate::{
    api_error::ApiError,
    context::RequestContext,
    json::read_whole_number,
    rendering::{self, video::VIDEO},
    response::ApiResult,
    store::{Filter, Order},
    uid,
    video::{self, Scene, SceneError},
};
use axum::http::StatusCode;
use serde_json::{Value, json};

handlers! {
    "listVideoTemplates" => sync list,
    "createVideoTemplate" => async create,
    "getVideoTemplate" => sync get,
    "updateVideoTemplate" => async update,
    "deleteVideoTemplate" => sync delete,
    "duplicateVideoTemplate" => sync duplicate,
    "getVideoTemplateVariables" => sync variables,
    "generateVideoTemplate" => sync generation_not_supported,
    "renderVideo" => async render,
    "previewVideoTemplate" => async preview,
}

/// Maximum number of listed templates.
const MAX_LISTED: usize = 100;

/// Duration of a video when the request gives none, in seconds.
const DEFAULT_DURATION_SECONDS: usize = 8;

/// Internal field with the names of the variables that a template uses. Only `getVideoTemplateVariables` returns it.
const USED_VARIABLES_FIELD: &str = "_used";

/// Fields that a request may set directly, beside the body of the template.
const SETTABLE_FIELDS: [&str; 3] = ["name", "status", "posterUrl"];

fn list(context: &RequestContext) -> ApiResult {
    let (templates, _) = context.state.store.page(VIDEO, &Filter::default(), Order::Newest, 0, MAX_LISTED)?;
    let templates: Vec<_> = templates.into_iter().map(to_list_item).collect();
    Ok(json!({"templates": templates}).into())
}

/// Returns a template as lists show it, without its body.
fn to_list_item(template: Value) -> Value {
    let mut template = to_response(template);
    if let Some(template) = template.as_object_mut() {
        template.remove("tsx");
        template.remove("projectJson");
    }
    template
}

fn to_response(mut template: Value) -> Value {
    if let Some(template) = template.as_object_mut() {
        template.remove(USED_VARIABLES_FIELD);
    }
    template
}

async fn create(context: RequestContext) -> ApiResult {
    let body = &context.body;
    let kind = body["kind"].as_str().unwrap_or_default();
    let source = match kind {
        "tsx" => "tsx",
        "timeline" => "projectJson",
        other => return Err(SceneError::code(format!("kind {other} is not one of timeline, tsx")).into()),
    };
    if body[source].is_null() {
        return Err(SceneError::code(format!("{source} is required for the kind {kind}")).into());
    }
    let (uid, now) = (uid::new(10), context.state.now_text());
    let fps = read_whole_number(&body["fps"]).unwrap_or(30);
    let mut template = json!({
        "uid": uid, "name": "Untitled", "kind": kind, "width": 1080, "height": 1080, "fps": fps,
        "durationInFrames": fps * DEFAULT_DURATION_SECONDS, "posterUrl": null, "status": "draft", "variableDefinitions": [],
        "createdAt": now, "updatedAt": now, USED_VARIABLES_FIELD: [],
    });
    let checked = CheckedBody::of(&context, kind).await?;
    apply_request(&mut template, body, checked);
    context.state.store.insert(VIDEO, &uid, &template)?;
    Ok(json!({"template": to_response(template)}).into())
}

async fn update(context: RequestContext) -> ApiResult {
    let uid = context.parameter("uid");
    let kind = find(&context)?["kind"].as_str().unwrap_or_default().to_owned();
    let checked = CheckedBody::of(&context, &kind).await?;
    let changed = context.state.store.update(VIDEO, uid, |template| {
        apply_request(template, &context.body, checked);
        template["updatedAt"] = context.state.now_text().into();
        Ok::<_, ApiError>(template.clone())
    })?;
    Ok(json!({"template": to_response(changed.ok_or_else(not_found)?)}).into())
}

/// Template body of a request that has passed its checks.
#[derive(Debug)]
struct CheckedBody {
    /// Field name and value of the body.
    body: Option<(&'static str, Value)>,
    /// Variable definitions, if the request gives them or the code declares them.
    definitions: Option<Value>,
    used: Vec<String>,
}

impl CheckedBody {
    async fn of(context: &RequestContext, kind: &str) -> Result<Self, ApiError> {
        let given = Some(context.body["variableDefinitions"].clone()).filter(|definitions| !definitions.is_null());
        if kind == "tsx" {
            let Some(tsx) = context.body["tsx"].as_str().map(str::to_owned) else {
                // Definitions of a code template come from its code only.
                return Ok(Self { body: None, definitions: None, used: Vec::new() });
            };
            let body = Some(("tsx", tsx.as_str().into()));
            let (definitions, used) = context.state.render_pool.run(move || check_code(&tsx)).await??;
            return Ok(Self { body, definitions: definitions.map(Value::Array).or(given), used });
        }
        let project = Some(context.body["projectJson"].clone()).filter(|project| !project.is_null());
        let used = project.as_ref().map(video::timeline_variables).unwrap_or_default();
        Ok(Self { body: project.map(|project| ("projectJson", project)), definitions: given, used })
    }
}

/// Returns the variables that the code defines, and those that it uses. Code that needs a module which the emulator
/// does not have is accepted without checks.
fn check_code(tsx: &str) -> Result<(Option<Vec<Value>>, Vec<String>), SceneError> {
    let code = video::compile(tsx)?;
    #[allow(clippy::redundant_closure_for_method_calls, reason = "the closure works for any lifetime")]
    let definitions = match Scene::run(&code, |scene| scene.definitions()) {
        Err(SceneError::Unsupported(_)) => return Ok((None, Vec::new())),
        definitions => definitions?,
    };
    let names = definitions.iter().filter_map(|definition| definition["name"].as_str());
    let used = names.filter(|name| code.names.contains(*name)).map(str::to_owned).collect();
    Ok((Some(definitions), used))
}

/// Copies the fields of a request into a template.
fn apply_request(template: &mut Value, request: &Value, checked: CheckedBody) {
    for name in SETTABLE_FIELDS {
        if !request[name].is_null() {
            template[name] = request[name].clone();
        }
    }
    for name in ["width", "height", "fps", "durationInFrames"] {
        if let Some(number) = read_whole_number(&request[name]) {
            template[name] = number.into();
        }
    }
    if let Some((name, body)) = checked.body {
        template[name] = body;
        template[USED_VARIABLES_FIELD] = checked.used.into();
    }
    if let Some(definitions) = checked.definitions {
        template["variableDefinitions"] = definitions;
    }
}

fn get(context: &RequestContext) -> ApiResult {
    Ok(json!({"template": to_response(find(context)?)}).into())
}

fn delete(context: &RequestContext) -> ApiResult {
    if !context.state.store.remove(VIDEO, context.parameter("uid"))? {
        return Err(not_found());
    }
    Ok(json!({"success": true}).into())
}

fn duplicate(context: &RequestContext) -> ApiResult {
    let mut template = find(context)?;
    let (uid, now) = (uid::new(10), context.state.now_text());
    let name = context.body["name"].as_str().filter(|name| !name.is_empty()).map(str::to_owned);
    let name = name.unwrap_or_else(|| format!("{} (copy)", template["name"].as_str().unwrap_or_default()));
    for (member, value) in
        [("uid", uid.as_str()), ("name", &name), ("status", "draft"), ("createdAt", &now), ("updatedAt", &now)]
    {
        template[member] = value.into();
    }
    context.state.store.insert(VIDEO, &uid, &template)?;
    Ok(json!({"template": to_response(template)}).into())
}

fn variables(context: &RequestContext) -> ApiResult {
    let mut template = find(context)?;
    Ok(json!({
        "templateUid": template["uid"].take(),
        "templateName": template["name"].take(),
        "kind": template["kind"].take(),
        "variables": template["variableDefinitions"].take(),
        "referenced": template[USED_VARIABLES_FIELD].take(),
    })
    .into())
}

/// Rejects the request: the emulator has no model that could generate a template.
fn generation_not_supported(_: &RequestContext) -> ApiResult {
    let message = "The emulator has no AI model to generate video templates: send code to POST /video/templates";
    Err(ApiError::with_message_and_code(StatusCode::SERVICE_UNAVAILABLE, "ai_unavailable", message))
}

async fn render(context: RequestContext) -> ApiResult {
    let template = find(&context)?;
    let format = context.body["format"].as_str().unwrap_or("mp4");
    let render = rendering::video::render(&context.render, &template, &context.body["variables"], format).await?;
    Ok(json!({"url": render.url, "durationInFrames": template["durationInFrames"], "format": format}).into())
}

async fn preview(context: RequestContext) -> ApiResult {
    let (template, frame) = (find(&context)?, read_whole_number(&context.body["frame"]).unwrap_or(0));
    let render = rendering::video::render_frame(&context.render, &template, &context.body["variables"], frame).await?;
    Ok(json!({"url": render.url}).into())
}

fn find(context: &RequestContext) -> Result<Value, ApiError> {
    context.state.store.get(VIDEO, context.parameter("uid"))?.ok_or_else(not_found)
}

fn not_found() -> ApiError {
    ApiError::with_message(StatusCode::NOT_FOUND, "Video template not found")
}
