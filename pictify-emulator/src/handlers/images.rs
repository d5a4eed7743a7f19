//! Handlers for images.

use super::handlers;
use crate::{
    agent::{self, ScreenshotRequest},
    api_error::ApiError,
    context::RequestContext,
    json::read_whole_number,
    page_loader,
    render::{Format, Page, fabric},
    rendering::{
        self, RENDER, Render, RenderMetadata,
        fill::{self, Filled},
    },
    response::{ApiResponse, ApiResult},
    store::Filter,
};
use axum::http::StatusCode;
use serde_json::{Value, json};

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

/// Maximum width and height of an image, in pixels.
pub(super) const MAX_SIDE: u32 = 4096;

/// Page size of the list of images when the request gives none.
const DEFAULT_PAGE_SIZE: usize = 30;

async fn create(context: RequestContext) -> ApiResult {
    let (page, metadata) = read_source(&context, DEFAULT_SIZE).await?;
    let format = Format::from_name(context.body["fileExtension"].as_str().unwrap_or_default());
    Ok(to_response(&context, &rendering::render(&context.render, Page { format, ..page }, &metadata).await?))
}

fn list(context: &RequestContext) -> ApiResult {
    let filter = Filter::default().eq("$.kind", Some("image"));
    Ok(context
        .list_by_offset("images", RENDER, &filter, DEFAULT_PAGE_SIZE, |image| to_list_item(context, image))?
        .into())
}

fn get(context: &RequestContext) -> ApiResult {
    let found = context.state.store.get(RENDER, context.parameter("uid"))?.filter(|render| render["kind"] == "image");
    let image = found.ok_or_else(|| ApiError::rendering(StatusCode::NOT_FOUND, None, "Not found"))?;
    Ok(json!({"image": to_list_item(context, image)}).into())
}

async fn create_og_image(context: RequestContext) -> ApiResult {
    let variables = ["heading", "description", "logo"].into_iter().filter_map(|name| {
        let value = &context.body[name];
        (!value.is_null()).then(|| (name.to_owned(), value.clone()))
    });
    let variables: Value = variables.collect::<serde_json::Map<_, _>>().into();
    let uid = context.body["template"].as_str().unwrap_or_default();
    let template = fill::find(&context.state.store, uid)?.ok_or_else(template_not_found)?;
    let Filled { html, width, height } = fill::fill(&template, None, &variables, None)?;
    let page = Page { html, width, height, format: Format::Png, ..Page::default() };
    let metadata = RenderMetadata { template: Some(uid.to_owned()), variables: Some(variables) };
    Ok(to_response(&context, &rendering::render(&context.render, page, &metadata).await?))
}

async fn create_canvas_image(context: RequestContext) -> ApiResult {
    let body = &context.body;
    let filled = fill::canvas(&body["fabricJSData"], &body["variableDefinitions"], &body["variables"])?;
    let size = read_body_size(body);
    let page = fabric::page(&filled, size).map_err(|error| ApiError::unprocessable(error.to_string()))?;
    let page = Page {
        html: page.html,
        width: page.width,
        height: page.height,
        format: Format::from_name(body["fileExtension"].as_str().unwrap_or_default()),
        ..Page::default()
    };
    let variables = (!body["variables"].is_null()).then(|| body["variables"].clone());
    let metadata = RenderMetadata { template: None, variables };
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

fn read_screenshot_request(context: &RequestContext) -> Result<ScreenshotRequest, ApiError> {
    let body = &context.body;
    let (width, height) = (read_size(&body["width"]), read_size(&body["height"]));
    let size = (width.unwrap_or(DEFAULT_SIZE.0), height.unwrap_or(DEFAULT_SIZE.1));
    ScreenshotRequest::read(body, size)
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
fn to_list_item(context: &RequestContext, mut image: Value) -> Value {
    let url = context.render.media_url(image["file"].as_str().unwrap_or_default());
    let mut item = json!({"url": url, "id": image["id"].take(), "createdAt": image["createdAt"].take()});
    if context.state.config.image_sizes {
        item["width"] = image["width"].take();
        item["height"] = image["height"].take();
    }
    item
}

fn template_not_found() -> ApiError {
    ApiError::rendering(StatusCode::NOT_FOUND, None, "Template not found")
}

/// Reads the width and the height of a request, if it has both.
fn read_body_size(body: &Value) -> Option<(u32, u32)> {
    Some((read_size(&body["width"])?, read_size(&body["height"])?))
}

/// Reads a width or a height. The service silently reduces a value over the maximum.
fn read_size(value: &Value) -> Option<u32> {
    read_whole_number(value).and_then(|size| u32::try_from(size).ok()).map(|size| size.min(MAX_SIDE))
}

/// Appends the style sheet of a request to a page, as documented in 2024.
fn with_css(html: String, css: &Value) -> String {
    match css.as_str() {
        Some(css) => format!("{html}<style>{css}</style>"),
        None => html,
    }
}

/// Builds the page of a request that takes exactly one of `html`, `url` and `template`.
pub(super) async fn read_source(
    context: &RequestContext,
    default: (u32, u32),
) -> Result<(Page, RenderMetadata), ApiError> {
    let body = &context.body;
    let (width, height) = (read_size(&body["width"]), read_size(&body["height"]));
    let page = |html: String, url: Option<String>| Page {
        html: with_css(html, &body["css"]),
        width: width.unwrap_or(default.0),
        height: height.unwrap_or(default.1),
        selector: body["selector"].as_str().map(str::to_owned),
        url,
        ..Page::default()
    };
    let given: Vec<_> = ["html", "url", "template"].into_iter().filter(|name| !body[*name].is_null()).collect();
    match given[..] {
        ["html"] => {
            let html = body["html"].as_str().unwrap_or_default().to_owned();
            Ok((page(html, None), RenderMetadata::default()))
        }
        ["url"] => {
            let address = body["url"].as_str().unwrap_or_default();
            let (html, url) = page_loader::load_page(&context.state.outbound.pages, address).await?;
            let full_page = body["fullPage"] == true;
            Ok((Page { full_page, ..page(html, Some(url.into())) }, RenderMetadata::default()))
        }
        ["template"] => {
            let uid = body["template"].as_str().unwrap_or_default();
            let template = fill::find(&context.state.store, uid)?.ok_or_else(template_not_found)?;
            let filled = fill::fill(&template, None, &body["variables"], width.zip(height))?;
            let metadata =
                RenderMetadata { template: Some(uid.to_owned()), variables: Some(body["variables"].clone()) };
            let (width, height) = (width.unwrap_or(filled.width), height.unwrap_or(filled.height));
            Ok((Page { width, height, ..page(filled.html, None) }, metadata))
        }
        [] => Err(ApiError::rendering(StatusCode::BAD_REQUEST, None, "One of html, url and template is required")),
        _ => {
            let message = format!("Only one of html, url and template is allowed, not {}", given.join(" and "));
            Err(ApiError::rendering(StatusCode::BAD_REQUEST, None, message))
        }
    }
}
