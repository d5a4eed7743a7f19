//! Handlers for images.

use super::{handlers, sources::SourceRequest};
use crate::{
    agent::{self, ScreenshotRequest},
    api_error::ApiError,
    context::RequestContext,
    json::{lenient, whole_number},
    render::{Format, MAX_SIDE, Page, fabric},
    rendering::{
        self, Render, RenderKind, RenderMetadata, RenderRecord,
        fill::{self, Filled},
    },
    response::{ApiResponse, ApiResult},
    store::Filter,
    templates::Template,
    variables::VariableDefinition,
};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

handlers! {
    "createImage" => async create,
    "listImages" => sync list,
    "getImage" => sync get,
    "createOgImage" => async create_og_image,
    "createCanvasImage" => async create_canvas_image,
    "agentScreenshot" => async agent_screenshot,
    "agentScreenshotStream" => async agent_screenshot_stream,
}

/// Size of an image in pixels when the request gives none.
const DEFAULT_SIZE: (u32, u32) = (1280, 720);

/// Page size of the list of images when the request gives none.
const DEFAULT_PAGE_SIZE: usize = 30;

/// Request for an image.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ImageRequest {
    #[serde(flatten)]
    source: SourceRequest,
    #[serde(default, deserialize_with = "lenient")]
    file_extension: Option<String>,
}

async fn create(context: RequestContext) -> ApiResult {
    let request: ImageRequest = context.read_body()?;
    let (page, metadata) = request.source.load(&context.state, DEFAULT_SIZE).await?;
    let format = Format::from_name(request.file_extension.as_deref().unwrap_or_default());
    Ok(to_response(&context, &rendering::render(&context.render, Page { format, ..page }, &metadata).await?))
}

fn list(context: &RequestContext) -> ApiResult {
    let filter = Filter::default().eq("$.kind", Some("image"));
    Ok(context
        .list_by_offset("images", &filter, DEFAULT_PAGE_SIZE, |image: RenderRecord| to_list_item(context, &image))?
        .into())
}

fn get(context: &RequestContext) -> ApiResult {
    let found: Option<RenderRecord> = context.state.store.find(context.parameter("uid"))?;
    let image = found.filter(|render| render.kind == RenderKind::Image);
    let image = image.ok_or_else(|| ApiError::rendering(StatusCode::NOT_FOUND, None, "Not found"))?;
    Ok(json!({"image": to_list_item(context, &image)}).into())
}

/// Request for an image from a template for link previews.
#[derive(Deserialize)]
struct OgImageRequest {
    template: String,
    heading: Option<String>,
    description: Option<String>,
    logo: Option<String>,
}

async fn create_og_image(context: RequestContext) -> ApiResult {
    let OgImageRequest { template: uid, heading, description, logo } = context.read_body()?;
    let variables = [("heading", heading), ("description", description), ("logo", logo)];
    let variables = variables.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
    let variables = Value::Object(variables.collect::<Map<_, _>>());
    let template: Template = context.state.store.find(&uid)?.ok_or_else(template_not_found)?;
    let Filled { html, width, height } = fill::fill(&template, None, &variables, None)?;
    let page = Page { html, width, height, format: Format::Png, ..Page::default() };
    let metadata = RenderMetadata { template: Some(uid), variables: Some(variables) };
    Ok(to_response(&context, &rendering::render(&context.render, page, &metadata).await?))
}

/// Request for an image of a canvas.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CanvasRequest {
    #[serde(rename = "fabricJSData")]
    canvas: Value,
    #[serde(default)]
    variable_definitions: Vec<Value>,
    variables: Option<Value>,
    #[serde(default, deserialize_with = "whole_number")]
    width: Option<u32>,
    #[serde(default, deserialize_with = "whole_number")]
    height: Option<u32>,
    file_extension: Option<String>,
}

async fn create_canvas_image(context: RequestContext) -> ApiResult {
    let request: CanvasRequest = context.read_body()?;
    let definitions: Vec<_> = request.variable_definitions.iter().filter_map(VariableDefinition::read).collect();
    let filled = fill::canvas(&request.canvas, &definitions, request.variables.as_ref().unwrap_or(&Value::Null))?;
    let size = request.width.zip(request.height).map(|(width, height)| (width.min(MAX_SIDE), height.min(MAX_SIDE)));
    let page = fabric::page(&filled, size).map_err(|error| ApiError::unprocessable(error.to_string()))?;
    let page = Page {
        html: page.html,
        width: page.width,
        height: page.height,
        format: Format::from_name(request.file_extension.as_deref().unwrap_or_default()),
        ..Page::default()
    };
    let metadata = RenderMetadata { template: None, variables: request.variables };
    Ok(to_response(&context, &rendering::render(&context.render, page, &metadata).await?))
}

async fn agent_screenshot(context: RequestContext) -> ApiResult {
    let request = read_screenshot_request(&context)?;
    Ok(agent::screenshot(&context.render, &request).await?.to_fields().into())
}

#[allow(clippy::unused_async, reason = "a handler that is not async cannot own its request")]
async fn agent_screenshot_stream(context: RequestContext) -> ApiResult {
    let request = read_screenshot_request(&context)?;
    let (events, response) = ApiResponse::events();
    let state = context.state.clone();
    state.spawn(agent::send_events(context.render, request, events));
    Ok(response)
}

/// Request for a screenshot by a prompt.
#[derive(Deserialize)]
struct PromptRequest {
    #[serde(default)]
    prompt: String,
    url: Option<String>,
    #[serde(default, deserialize_with = "whole_number")]
    width: Option<u32>,
    #[serde(default, deserialize_with = "whole_number")]
    height: Option<u32>,
}

fn read_screenshot_request(context: &RequestContext) -> Result<ScreenshotRequest, ApiError> {
    let PromptRequest { prompt, url, width, height } = context.read_body()?;
    let (width, height) = (width.unwrap_or(DEFAULT_SIZE.0), height.unwrap_or(DEFAULT_SIZE.1));
    ScreenshotRequest::new(prompt, url, (width.min(MAX_SIDE), height.min(MAX_SIDE)))
}

fn to_response(context: &RequestContext, render: &Render) -> ApiResponse {
    let mut image = json!({"url": render.url, "id": render.id, "createdAt": render.created_at});
    if context.state.config.image_sizes {
        image["width"] = render.width.into();
        image["height"] = render.height.into();
    }
    image.into()
}

/// Returns a stored image as lists show it.
fn to_list_item(context: &RequestContext, image: &RenderRecord) -> Value {
    let url = context.render.media_url(&image.file);
    let mut item = json!({"url": url, "id": image.id, "createdAt": image.created_at});
    if context.state.config.image_sizes {
        item["width"] = image.width.into();
        item["height"] = image.height.into();
    }
    item
}

fn template_not_found() -> ApiError {
    ApiError::rendering(StatusCode::NOT_FOUND, None, "Template not found")
}
