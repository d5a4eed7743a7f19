//! Images.

use super::{handlers, lists::whole};
use crate::{
    api_error::ApiError,
    page_loader,
    render::{Format, Page, fabric},
    rendering::fill::{self, Filled},
    rendering::{RENDER, Render, RenderMetadata},
    response::ApiResult,
    server::RequestContext,
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
    "agentScreenshot" => sync no_agent,
    "agentScreenshotStream" => sync no_agent,
}

/// The size of a picture when the request says none.
const DEFAULT_SIZE: (u32, u32) = (1280, 720);

/// How many images a page has when the request says nothing.
const LIMIT: usize = 30;

async fn create(context: RequestContext) -> ApiResult {
    let (page, about) = source(&context, DEFAULT_SIZE).await?;
    let format = Format::from_name(context.body["fileExtension"].as_str().unwrap_or_default());
    Ok(answer(&context.render(Page { format, ..page }, &about).await?))
}

fn list(context: &RequestContext) -> ApiResult {
    let filter = Filter::default().eq("$.kind", Some("image"));
    Ok(context.list_by_offset("images", RENDER, &filter, LIMIT, |image| shown(context, image))?.into())
}

fn get(context: &RequestContext) -> ApiResult {
    let found = context.state.store.get(RENDER, context.parameter("uid"))?.filter(|render| render["kind"] == "image");
    let image = found.ok_or_else(|| ApiError::rendering(StatusCode::NOT_FOUND, None, "Not found"))?;
    Ok(json!({"image": shown(context, image)}).into())
}

async fn create_og_image(context: RequestContext) -> ApiResult {
    let variables = ["heading", "description", "logo"].into_iter().filter_map(|name| {
        let value = &context.body[name];
        (!value.is_null()).then(|| (name.to_owned(), value.clone()))
    });
    let variables: Value = variables.collect::<serde_json::Map<_, _>>().into();
    let uid = context.body["template"].as_str().unwrap_or_default();
    let template = fill::find(&context, uid)?.ok_or_else(no_template)?;
    let Filled { html, width, height } = fill::fill(&template, None, &variables, None)?;
    let page = Page { html, width, height, format: Format::Png, ..Page::default() };
    let about = RenderMetadata { template: Some(uid.to_owned()), variables: Some(variables) };
    Ok(answer(&context.render(page, &about).await?))
}

async fn create_canvas_image(context: RequestContext) -> ApiResult {
    let body = &context.body;
    let filled = fill::canvas(&body["fabricJSData"], &body["variableDefinitions"], &body["variables"])?;
    let size = body_size(body);
    let page = fabric::page(&filled, size).map_err(|error| ApiError::unprocessable(error.to_string()))?;
    let page = Page {
        html: page.html,
        width: page.width,
        height: page.height,
        format: Format::from_name(body["fileExtension"].as_str().unwrap_or_default()),
        ..Page::default()
    };
    let variables = (!body["variables"].is_null()).then(|| body["variables"].clone());
    Ok(answer(&context.render(page, &RenderMetadata { template: None, variables }).await?))
}

/// There is no model here that could look for a part of a page.
fn no_agent(_: &RequestContext) -> ApiResult {
    let message = "The emulator has no agent: it cannot look at live pages by a prompt";
    Err(ApiError::rendering(StatusCode::NOT_IMPLEMENTED, Some("not_implemented"), message))
}

fn answer(render: &Render) -> crate::response::ApiResponse {
    json!({"url": render.url, "id": render.id, "createdAt": render.created_at}).into()
}

/// A stored image as lists show it.
fn shown(context: &RequestContext, mut image: Value) -> Value {
    let url = context.media_url(image["file"].as_str().unwrap_or_default());
    json!({"url": url, "id": image["id"].take(), "createdAt": image["createdAt"].take()})
}

fn no_template() -> ApiError {
    ApiError::rendering(StatusCode::NOT_FOUND, None, "Template not found")
}

/// The width and height of a request, if it has both.
fn body_size(body: &Value) -> Option<(u32, u32)> {
    Some((size(&body["width"])?, size(&body["height"])?))
}

fn size(value: &Value) -> Option<u32> {
    whole(value).and_then(|size| u32::try_from(size).ok())
}

/// The page of a request that takes one of html, url and template.
pub(super) async fn source(context: &RequestContext, default: (u32, u32)) -> Result<(Page, RenderMetadata), ApiError> {
    let body = &context.body;
    let (width, height) = (size(&body["width"]), size(&body["height"]));
    let page = |html: String, url: Option<String>| Page {
        html,
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
            let (html, url) = page_loader::page(&context.state.outbound.pages, address).await?;
            Ok((page(html, Some(url.into())), RenderMetadata::default()))
        }
        ["template"] => {
            let uid = body["template"].as_str().unwrap_or_default();
            let template = fill::find(context, uid)?.ok_or_else(no_template)?;
            let filled = fill::fill(&template, None, &body["variables"], width.zip(height))?;
            let about = RenderMetadata { template: Some(uid.to_owned()), variables: Some(body["variables"].clone()) };
            let (width, height) = (width.unwrap_or(filled.width), height.unwrap_or(filled.height));
            Ok((Page { width, height, ..page(filled.html, None) }, about))
        }
        [] => Err(ApiError::rendering(StatusCode::BAD_REQUEST, None, "One of html, url and template is required")),
        _ => {
            let message = format!("Only one of html, url and template is allowed, not {}", given.join(" and "));
            Err(ApiError::rendering(StatusCode::BAD_REQUEST, None, message))
        }
    }
}
