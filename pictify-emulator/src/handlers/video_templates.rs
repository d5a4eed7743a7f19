//! Handlers for video templates, and for their renders as far as the emulator supports them.

use super::handlers;
use crate::{
    api_error::ApiError,
    context::RequestContext,
    json::{lenient, lenient_whole_number},
    rendering,
    response::ApiResult,
    store::{Filter, Order},
    templates::{VideoTemplate, VideoTemplateRequest},
    uid,
    video::{self, CheckScene, CheckedScene, SceneError},
};
use axum::http::StatusCode;
use serde::Deserialize;
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

/// Frame rate of a video when the request gives none.
const DEFAULT_FPS: u32 = 30;

/// Duration of a video when the request gives none, in seconds.
const DEFAULT_DURATION_SECONDS: u32 = 8;

fn list(context: &RequestContext) -> ApiResult {
    let (templates, _) = context.state.store.list(&Filter::default(), Order::Newest, 0, MAX_LISTED)?;
    let templates: Vec<_> = templates.into_iter().map(to_list_item).collect();
    Ok(json!({"templates": templates}).into())
}

/// Returns a template as lists show it, without its body.
fn to_list_item(template: VideoTemplate) -> Value {
    to_response(VideoTemplate { tsx: None, project_json: None, ..template })
}

fn to_response(template: VideoTemplate) -> Value {
    json!(VideoTemplate { used_variables: None, ..template })
}

async fn create(context: RequestContext) -> ApiResult {
    let (request, body): (VideoTemplateRequest, BodyRequest) = (context.read_body()?, context.read_body()?);
    let kind = body.kind.clone().unwrap_or_default();
    let missing = match kind.as_str() {
        "tsx" => body.tsx.is_none().then_some("tsx"),
        "timeline" => body.project_json.is_none().then_some("projectJson"),
        other => return Err(SceneError::code(format!("kind {other} is not one of timeline, tsx")).into()),
    };
    if let Some(name) = missing {
        return Err(SceneError::code(format!("{name} is required for the kind {kind}")).into());
    }
    let (now, fps) = (context.state.now_text(), request.fps.unwrap_or(DEFAULT_FPS));
    let mut template = VideoTemplate {
        uid: uid::new(10),
        name: "Untitled".to_owned(),
        width: 1080,
        height: 1080,
        fps,
        duration_in_frames: fps.saturating_mul(DEFAULT_DURATION_SECONDS),
        status: "draft".to_owned(),
        created_at: now.clone(),
        updated_at: now,
        used_variables: Some(Vec::new()),
        kind,
        ..VideoTemplate::default()
    };
    let checked = CheckedBody::of(&context, body, &template.kind).await?;
    template.apply(request);
    checked.apply_to(&mut template);
    context.state.store.create(&template.uid, &template)?;
    Ok(json!({"template": to_response(template)}).into())
}

async fn update(context: RequestContext) -> ApiResult {
    let (request, body) = (context.read_body()?, context.read_body()?);
    let checked = CheckedBody::of(&context, body, &find(&context)?.kind).await?;
    let changed = context.state.store.change(context.parameter("uid"), |template: &mut VideoTemplate| {
        template.apply(request);
        checked.apply_to(template);
        template.updated_at = context.state.now_text();
        Ok::<_, ApiError>(template.clone())
    })?;
    Ok(json!({"template": to_response(changed.ok_or_else(not_found)?)}).into())
}

/// Body of a template, in a request.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BodyRequest {
    #[serde(default, deserialize_with = "lenient")]
    kind: Option<String>,
    tsx: Option<String>,
    project_json: Option<Value>,
    variable_definitions: Option<Vec<Value>>,
}

/// Template body of a request that has passed its checks.
#[derive(Debug, Default)]
struct CheckedBody {
    tsx: Option<String>,
    project_json: Option<Value>,
    /// Variable definitions, if the request gives them or the code declares them.
    definitions: Option<Vec<Value>>,
    used: Vec<String>,
}

impl CheckedBody {
    async fn of(context: &RequestContext, request: BodyRequest, kind: &str) -> Result<Self, ApiError> {
        let BodyRequest { tsx, project_json, variable_definitions: given, .. } = request;
        if kind == "tsx" {
            // Definitions of a code template come from its code only.
            let Some(tsx) = tsx else { return Ok(Self::default()) };
            let CheckedScene { definitions, used } =
                context.state.render_pool.run(CheckScene { tsx: tsx.clone() }).await??;
            return Ok(Self { tsx: Some(tsx), project_json: None, definitions: definitions.or(given), used });
        }
        let used = project_json.as_ref().map(video::timeline_variables).unwrap_or_default();
        Ok(Self { tsx: None, project_json, definitions: given, used })
    }

    fn apply_to(self, template: &mut VideoTemplate) {
        if self.tsx.is_some() || self.project_json.is_some() {
            template.used_variables = Some(self.used);
        }
        template.tsx = self.tsx.or(template.tsx.take());
        template.project_json = self.project_json.or(template.project_json.take());
        if let Some(definitions) = self.definitions {
            template.variable_definitions = definitions;
        }
    }
}

fn get(context: &RequestContext) -> ApiResult {
    Ok(json!({"template": to_response(find(context)?)}).into())
}

fn delete(context: &RequestContext) -> ApiResult {
    if !context.state.store.delete::<VideoTemplate>(context.parameter("uid"))? {
        return Err(not_found());
    }
    Ok(json!({"success": true}).into())
}

/// Request for a copy of a template.
#[derive(Deserialize)]
struct DuplicateRequest {
    name: Option<String>,
}

fn duplicate(context: &RequestContext) -> ApiResult {
    let (original, request): (_, DuplicateRequest) = (find(context)?, context.read_body()?);
    let now = context.state.now_text();
    let name = request.name.filter(|name| !name.is_empty());
    let template = VideoTemplate {
        uid: uid::new(10),
        name: name.unwrap_or_else(|| format!("{} (copy)", original.name)),
        status: "draft".to_owned(),
        created_at: now.clone(),
        updated_at: now,
        ..original
    };
    context.state.store.create(&template.uid, &template)?;
    Ok(json!({"template": to_response(template)}).into())
}

fn variables(context: &RequestContext) -> ApiResult {
    let template = find(context)?;
    Ok(json!({
        "templateUid": template.uid,
        "templateName": template.name,
        "kind": template.kind,
        "variables": template.variable_definitions,
        "referenced": template.used_variables.unwrap_or_default(),
    })
    .into())
}

/// Rejects the request: the emulator has no model that could generate a template.
fn generation_not_supported(_: &RequestContext) -> ApiResult {
    let message = "The emulator has no AI model to generate video templates: send code to POST /video/templates";
    Err(ApiError::with_message_and_code(StatusCode::SERVICE_UNAVAILABLE, "ai_unavailable", message))
}

/// Request for a render or a preview.
#[derive(Deserialize)]
struct RenderRequest {
    #[serde(default)]
    variables: Value,
    #[serde(default, deserialize_with = "lenient")]
    format: Option<String>,
    #[serde(default, deserialize_with = "lenient_whole_number")]
    frame: Option<u32>,
}

async fn render(context: RequestContext) -> ApiResult {
    let (template, request): (_, RenderRequest) = (find(&context)?, context.read_body()?);
    let format = request.format.as_deref().unwrap_or("mp4");
    let render = rendering::video::render(&context.render, &template, &request.variables, format).await?;
    Ok(json!({"url": render.url, "durationInFrames": template.duration_in_frames, "format": format}).into())
}

async fn preview(context: RequestContext) -> ApiResult {
    let (template, request): (_, RenderRequest) = (find(&context)?, context.read_body()?);
    let frame = request.frame.unwrap_or(0);
    let render = rendering::video::render_frame(&context.render, &template, &request.variables, frame).await?;
    Ok(json!({"url": render.url}).into())
}

fn find(context: &RequestContext) -> Result<VideoTemplate, ApiError> {
    context.state.store.find(context.parameter("uid"))?.ok_or_else(not_found)
}

fn not_found() -> ApiError {
    ApiError::with_message(StatusCode::NOT_FOUND, "Video template not found")
}
