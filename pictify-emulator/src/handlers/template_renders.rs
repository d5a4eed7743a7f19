//! Handlers for renders of templates: in their own size, in layouts, or in sizes of the request.

use super::{handlers, pdfs, templates::not_found};
use crate::{
    api_error::ApiError,
    context::RequestContext,
    json::read_size,
    rendering::{
        fill,
        template::{self, DEFAULT_LAYOUT, OutputSpec, read_output, render_layout},
    },
    response::ApiResult,
};
use serde_json::{Value, json};

handlers! {
    "renderTemplate" => async render,
    "multiSizeRenderTemplate" => async render_sizes,
}

/// Size presets: name, width and height in pixels.
const SIZE_PRESETS: &[(&str, u32, u32)] = &[
    ("instagram-post", 1080, 1080),
    ("instagram-story", 1080, 1920),
    ("facebook-post", 1200, 630),
    ("facebook-cover", 820, 312),
    ("facebook-ad", 1200, 628),
    ("linkedin-post", 1200, 627),
    ("linkedin-cover", 1584, 396),
    ("twitter-post", 1024, 512),
    ("twitter-header", 1500, 500),
    ("pinterest-pin", 1000, 1500),
    ("youtube-thumbnail", 1280, 720),
    ("display-300x250", 300, 250),
    ("display-728x90", 728, 90),
    ("display-160x600", 160, 600),
    ("display-320x50", 320, 50),
    ("display-300x600", 300, 600),
    ("email-header", 600, 200),
    ("email-banner", 600, 300),
    ("og-image", 1200, 630),
];

async fn render(context: RequestContext) -> ApiResult {
    let template = find(&context)?;
    let spec = OutputSpec::of(&context.body, &template, || pdfs::variable_sets(&context.body))?;
    let several = context.body["layouts"].as_array().map(|keys| keys.iter().filter_map(Value::as_str).collect());
    let single = context.body["layout"].as_str().unwrap_or(DEFAULT_LAYOUT);
    let keys: Vec<&str> = several.unwrap_or_else(|| vec![single]);
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    let variables = &context.body["variables"];
    for key in &keys {
        match render_layout(&context.render, &template, key, variables, &spec).await {
            Ok(result) => results.push(result),
            // A request for the default layout fails with that layout. A request for several layouts reports each
            // failure.
            Err(error) if context.body["layouts"].is_null() && *key == DEFAULT_LAYOUT => return Err(error),
            Err(error) => errors.push(json!({"layout": key, "error": error.message()})),
        }
    }
    Ok(json!({
        "totalLayouts": keys.len(),
        "totalRendered": results.len(),
        "totalErrors": errors.len(),
        "results": results,
        "errors": errors,
        "templateUid": template["uid"],
    })
    .into())
}

async fn render_sizes(context: RequestContext) -> ApiResult {
    let template = find(&context)?;
    let output = read_output(&context.body);
    let sizes = context.body["sizes"].as_array().cloned().unwrap_or_default();
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    let variables = &context.body["variables"];
    for requested in &sizes {
        let preset = requested["preset"].as_str();
        let size = preset.map_or_else(
            || read_size(requested),
            |name| SIZE_PRESETS.iter().find(|(preset, ..)| *preset == name).map(|(_, width, height)| (*width, *height)),
        );
        let Some((width, height)) = size else {
            errors.push(json!({"size": requested, "error": "A size needs a known preset, or a width and a height"}));
            continue;
        };
        let label = requested["label"].as_str().or(preset).map_or_else(|| format!("{width}x{height}"), str::to_owned);
        let size = Some((width, height));
        match template::render(&context.render, &template, None, variables, size, output).await {
            Ok(render) => results.push(json!({
                "url": render.url,
                "id": render.id,
                "size": {"width": width, "height": height, "preset": preset, "label": label},
            })),
            Err(error) => errors.push(json!({"size": requested, "error": error.message()})),
        }
    }
    Ok(json!({
        "totalSizes": sizes.len(),
        "totalErrors": errors.len(),
        "results": results,
        "errors": errors,
        "templateUid": template["uid"],
    })
    .into())
}

fn find(context: &RequestContext) -> Result<Value, ApiError> {
    fill::find(&context.state.store, context.parameter("uid"))?.ok_or_else(not_found)
}
