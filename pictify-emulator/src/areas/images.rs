//! Images.

use super::{handlers, lists::whole};
use crate::{
    answer::{Answer, Refusal},
    live,
    render::{Format, Page, fabric},
    renders::{About, RENDER, Render},
    server::Call,
    source::{self, Filled},
    store::Filter,
};
use axum::http::StatusCode;
use serde_json::{Value, json};

handlers! {
    "createImage" => later create,
    "listImages" => now list,
    "getImage" => now get,
    "createOgImage" => later create_og_image,
    "createCanvasImage" => later create_canvas_image,
    "agentScreenshot" => now no_agent,
    "agentScreenshotStream" => now no_agent,
}

/// The size of a picture when the request says none.
const DEFAULT_SIZE: (u32, u32) = (1280, 720);

/// How many images a page has when the request says nothing.
const LIMIT: usize = 30;

async fn create(call: Call) -> Answer {
    let (page, about) = source(&call, DEFAULT_SIZE).await?;
    let format = Format::named(call.body["fileExtension"].as_str().unwrap_or_default());
    Ok(answer(&call.render(Page { format, ..page }, &about).await?))
}

fn list(call: &Call) -> Answer {
    let filter = Filter::default().and("$.kind", Some("image"));
    Ok(call.list_by_offset("images", RENDER, &filter, LIMIT, |image| shown(call, image))?.into())
}

fn get(call: &Call) -> Answer {
    let found = call.service.store.get(RENDER, call.parameter("uid"))?.filter(|render| render["kind"] == "image");
    let image = found.ok_or_else(|| Refusal::rendering(StatusCode::NOT_FOUND, None, "Not found"))?;
    Ok(json!({"image": shown(call, image)}).into())
}

async fn create_og_image(call: Call) -> Answer {
    let variables = ["heading", "description", "logo"].into_iter().filter_map(|name| {
        let value = &call.body[name];
        (!value.is_null()).then(|| (name.to_owned(), value.clone()))
    });
    let variables: Value = variables.collect::<serde_json::Map<_, _>>().into();
    let uid = call.body["template"].as_str().unwrap_or_default();
    let template = source::find(&call, uid)?.ok_or_else(no_template)?;
    let Filled { html, width, height } = source::fill(&template, None, &variables, None)?;
    let page = Page { html, width, height, format: Format::Png, ..Page::default() };
    let about = About { template: Some(uid.to_owned()), variables: Some(variables) };
    Ok(answer(&call.render(page, &about).await?))
}

async fn create_canvas_image(call: Call) -> Answer {
    let body = &call.body;
    let filled = source::canvas(&body["fabricJSData"], &body["variableDefinitions"], &body["variables"])?;
    let size = body_size(body);
    let page = fabric::page(&filled, size).map_err(|error| Refusal::unprocessable(error.to_string()))?;
    let page = Page {
        html: page.html,
        width: page.width,
        height: page.height,
        format: Format::named(body["fileExtension"].as_str().unwrap_or_default()),
        ..Page::default()
    };
    let variables = (!body["variables"].is_null()).then(|| body["variables"].clone());
    Ok(answer(&call.render(page, &About { template: None, variables }).await?))
}

/// There is no model here that could look for a part of a page.
fn no_agent(_: &Call) -> Answer {
    let message = "The emulator has no agent: it cannot look at live pages by a prompt";
    Err(Refusal::rendering(StatusCode::NOT_IMPLEMENTED, Some("not_implemented"), message))
}

fn answer(render: &Render) -> crate::answer::Reply {
    json!({"url": render.url, "id": render.id, "createdAt": render.created_at}).into()
}

/// A stored image as lists show it.
fn shown(call: &Call, mut image: Value) -> Value {
    let url = call.media_url(image["file"].as_str().unwrap_or_default());
    json!({"url": url, "id": image["id"].take(), "createdAt": image["createdAt"].take()})
}

fn no_template() -> Refusal {
    Refusal::rendering(StatusCode::NOT_FOUND, None, "Template not found")
}

/// The width and height of a request, if it has both.
fn body_size(body: &Value) -> Option<(u32, u32)> {
    Some((size(&body["width"])?, size(&body["height"])?))
}

fn size(value: &Value) -> Option<u32> {
    whole(value).and_then(|size| u32::try_from(size).ok())
}

/// The page of a request that takes one of html, url and template.
pub(super) async fn source(call: &Call, default: (u32, u32)) -> Result<(Page, About), Refusal> {
    let body = &call.body;
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
            Ok((page(html, None), About::default()))
        }
        ["url"] => {
            let address = body["url"].as_str().unwrap_or_default();
            let (html, url) = live::page(&call.service.network.pages, address).await?;
            Ok((page(html, Some(url.into())), About::default()))
        }
        ["template"] => {
            let uid = body["template"].as_str().unwrap_or_default();
            let template = source::find(call, uid)?.ok_or_else(no_template)?;
            let filled = source::fill(&template, None, &body["variables"], width.zip(height))?;
            let about = About { template: Some(uid.to_owned()), variables: Some(body["variables"].clone()) };
            let (width, height) = (width.unwrap_or(filled.width), height.unwrap_or(filled.height));
            Ok((Page { width, height, ..page(filled.html, None) }, about))
        }
        [] => Err(Refusal::rendering(StatusCode::BAD_REQUEST, None, "One of html, url and template is required")),
        _ => {
            let message = format!("Only one of html, url and template is allowed, not {}", given.join(" and "));
            Err(Refusal::rendering(StatusCode::BAD_REQUEST, None, message))
        }
    }
}
