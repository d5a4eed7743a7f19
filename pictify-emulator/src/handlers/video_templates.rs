//! Video templates: kept, changed, and drawn where that can be done here.

use super::{handlers, lists::whole};
use crate::{
    api_error::ApiError,
    quota::QuotaReservation,
    render::{Format, GifSettings, Page},
    rendering::{Render, RenderMetadata},
    response::ApiResult,
    server::RequestContext,
    store::{Filter, Order},
    uid,
    variables::{VariableDefinition, resolve_variables},
    video::{self, Code, Scene, SceneError, Size, VIDEO},
};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

handlers! {
    "listVideoTemplates" => sync list,
    "createVideoTemplate" => async create,
    "getVideoTemplate" => sync get,
    "updateVideoTemplate" => async update,
    "deleteVideoTemplate" => sync delete,
    "duplicateVideoTemplate" => sync duplicate,
    "getVideoTemplateVariables" => sync variables,
    "generateVideoTemplate" => sync no_model,
    "renderVideo" => async render,
    "previewVideoTemplate" => async preview,
}

/// How many are listed.
const MOST: usize = 100;

/// How long a video is when the request says nothing, in seconds.
const SECONDS: usize = 8;

/// The member that holds the names that a template uses. No answer but that about its variables has it.
const USED_VARIABLES_FIELD: &str = "_used";

/// What a request may set of a video template beside its body.
const SETTABLE: [&str; 3] = ["name", "status", "posterUrl"];

fn list(context: &RequestContext) -> ApiResult {
    let (templates, _) = context.state.store.page(VIDEO, &Filter::default(), Order::Newest, 0, MOST)?;
    let templates: Vec<_> = templates.into_iter().map(in_list).collect();
    Ok(json!({"templates": templates}).into())
}

/// As lists show it: without its body.
fn in_list(template: Value) -> Value {
    let mut template = shown(template);
    if let Some(template) = template.as_object_mut() {
        template.remove("tsx");
        template.remove("projectJson");
    }
    template
}

fn shown(mut template: Value) -> Value {
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
    let fps = whole(&body["fps"]).unwrap_or(30);
    let mut template = json!({
        "uid": uid, "name": "Untitled", "kind": kind, "width": 1080, "height": 1080, "fps": fps,
        "durationInFrames": fps * SECONDS, "posterUrl": null, "status": "draft", "variableDefinitions": [],
        "createdAt": now, "updatedAt": now, USED_VARIABLES_FIELD: [],
    });
    let checked = Checked::of(&context, kind).await?;
    set(&mut template, body, checked);
    context.state.store.insert(VIDEO, &uid, &template)?;
    Ok(json!({"template": shown(template)}).into())
}

async fn update(context: RequestContext) -> ApiResult {
    let uid = context.parameter("uid");
    let kind = find(&context)?["kind"].as_str().unwrap_or_default().to_owned();
    let checked = Checked::of(&context, &kind).await?;
    let changed = context.state.store.update(VIDEO, uid, |template| {
        set(template, &context.body, checked);
        template["updatedAt"] = context.state.now_text().into();
        Ok::<_, ApiError>(template.clone())
    })?;
    Ok(json!({"template": shown(changed.ok_or_else(not_found)?)}).into())
}

/// The body of a template in a request, found to be one.
#[derive(Debug)]
struct Checked {
    /// The name of its member, and itself.
    body: Option<(&'static str, Value)>,
    /// The variables, where they are said or follow from the body.
    definitions: Option<Value>,
    used: Vec<String>,
}

impl Checked {
    async fn of(context: &RequestContext, kind: &str) -> Result<Self, ApiError> {
        let given = Some(context.body["variableDefinitions"].clone()).filter(|definitions| !definitions.is_null());
        if kind == "tsx" {
            let Some(tsx) = context.body["tsx"].as_str().map(str::to_owned) else {
                // What follows from the code is not set without it.
                return Ok(Self { body: None, definitions: None, used: Vec::new() });
            };
            let body = Some(("tsx", tsx.as_str().into()));
            let (definitions, used) = context.state.render_pool.run(move || check(&tsx)).await??;
            return Ok(Self { body, definitions: definitions.map(Value::Array).or(given), used });
        }
        let project = Some(context.body["projectJson"].clone()).filter(|project| !project.is_null());
        let used = project.as_ref().map(video::timeline_names).unwrap_or_default();
        Ok(Self { body: project.map(|project| ("projectJson", project)), definitions: given, used })
    }
}

/// The variables that code defines, and which of them it uses. Code that does not run without what is missing here is
/// taken at its word.
fn check(tsx: &str) -> Result<(Option<Vec<Value>>, Vec<String>), SceneError> {
    let code = video::compile(tsx)?;
    #[allow(clippy::redundant_closure_for_method_calls, reason = "the method is of one lifetime, the closure of any")]
    let definitions = match Scene::play(&code, |scene| scene.definitions()) {
        Err(SceneError::Missing(_)) => return Ok((None, Vec::new())),
        definitions => definitions?,
    };
    let names = definitions.iter().filter_map(|definition| definition["name"].as_str());
    let used = names.filter(|name| code.names.contains(*name)).map(str::to_owned).collect();
    Ok((Some(definitions), used))
}

/// Puts what a request says into a template.
fn set(template: &mut Value, request: &Value, checked: Checked) {
    for name in SETTABLE {
        if !request[name].is_null() {
            template[name] = request[name].clone();
        }
    }
    for name in ["width", "height", "fps", "durationInFrames"] {
        if let Some(number) = whole(&request[name]) {
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
    Ok(json!({"template": shown(find(context)?)}).into())
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
    Ok(json!({"template": shown(template)}).into())
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

/// There is no model here that could write one.
fn no_model(_: &RequestContext) -> ApiResult {
    let message = "The emulator has no model that writes video templates: send code to POST /video/templates";
    Err(ApiError::with_message_and_code(StatusCode::SERVICE_UNAVAILABLE, "ai_unavailable", message))
}

async fn render(context: RequestContext) -> ApiResult {
    let template = find(&context)?;
    let format = context.body["format"].as_str().unwrap_or("mp4");
    render_video(&context, &template, &context.body["variables"], format).await.map(|render| {
        json!({"url": render.url, "durationInFrames": template["durationInFrames"], "format": format}).into()
    })
}

/// Renders a video to a file of this format, and bills it.
pub(crate) async fn render_video(
    context: &RequestContext,
    template: &Value,
    variables: &Value,
    format: &str,
) -> Result<Render, ApiError> {
    let size = size(template);
    let given = variables.as_object().cloned().unwrap_or_default();
    let Some(code) = code(template) else {
        check_values(template, &given)?;
        return Err(video::not_rendered("The emulator cannot render timelines: use a template of code"));
    };
    let reservation = QuotaReservation::reserve(context, 1)?;
    let is_gif = format == "gif";
    let frames = if is_gif { Some(video::pace(size)?) } else { None };
    let pages = play(context, code, move |scene| {
        let props = scene.props(&given)?;
        frames.map(|frames| scene.pages(size, &props, frames)).transpose()
    });
    let Some(pages) = pages.await? else {
        let message = format!("The emulator cannot make {format} files: ask for the format gif");
        return Err(video::not_rendered(message));
    };
    let picture = video::film(&context.state.render_pool, pages, size).await?;
    context.store_render(picture, Format::Gif(GifSettings::MEDIUM), &about(template, variables), reservation)
}

async fn preview(context: RequestContext) -> ApiResult {
    let template = find(&context)?;
    let (size, frame) = (size(&template), whole(&context.body["frame"]).unwrap_or(0));
    let Some(code) = code(&template) else {
        let message = "A timeline has no preview: use a template of code";
        return Err(ApiError::with_message_and_code(StatusCode::NOT_IMPLEMENTED, "preview_not_supported", message));
    };
    let frame = u32::try_from(frame).ok().filter(|frame| *frame < size.frames).ok_or_else(|| {
        let message = format!("frame {frame} is not one of the {} that the video has, from 0", size.frames);
        SceneError::code(message)
    })?;
    let variables = &context.body["variables"];
    let given = variables.as_object().cloned().unwrap_or_default();
    let pages = play(&context, code, move |scene| {
        let props = scene.props(&given)?;
        scene.pages(size, &props, std::iter::once(frame))
    });
    let html = pages.await?.pop().unwrap_or_default();
    let page = Page { html, width: size.width, height: size.height, format: Format::Png, ..Page::default() };
    let render = context.render(page, &about(&template, variables)).await?;
    Ok(json!({"url": render.url}).into())
}

/// Runs the scene of a template apart.
async fn play<T: Send + 'static>(
    context: &RequestContext,
    tsx: String,
    work: impl FnOnce(&Scene<'_>) -> Result<T, SceneError> + Send + 'static,
) -> Result<T, ApiError> {
    let played = context.state.render_pool.run(move || {
        let code: Code = video::compile(&tsx)?;
        Scene::play(&code, work)
    });
    Ok(played.await??)
}

fn code(template: &Value) -> Option<String> {
    template["tsx"].as_str().map(str::to_owned)
}

fn about(template: &Value, variables: &Value) -> RenderMetadata {
    RenderMetadata {
        template: template["uid"].as_str().map(str::to_owned),
        variables: Some(variables.clone()).filter(|variables| !variables.is_null()),
    }
}

fn size(template: &Value) -> Size {
    let number = |name: &str| template[name].as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or(1);
    Size { width: number("width"), height: number("height"), fps: number("fps"), frames: number("durationInFrames") }
}

fn check_values(template: &Value, given: &Map<String, Value>) -> Result<(), SceneError> {
    let definitions = VariableDefinition::read_all(&template["variableDefinitions"]);
    resolve_variables(&definitions, given).map(drop).map_err(|error| SceneError::Variable(error.to_string()))
}

fn find(context: &RequestContext) -> Result<Value, ApiError> {
    context.state.store.get(VIDEO, context.parameter("uid"))?.ok_or_else(not_found)
}

fn not_found() -> ApiError {
    ApiError::with_message(StatusCode::NOT_FOUND, "Video template not found")
}
