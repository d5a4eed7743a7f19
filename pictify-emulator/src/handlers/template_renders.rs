//! Handlers for renders of templates: in their own size, in layouts, or in sizes of the request.

use super::{handlers, pdfs::VariableSets};
use crate::{
    context::RequestContext,
    json::whole_number,
    rendering::template::{self, OutputRequest, render_layout},
    response::ApiResult,
    templates::{self, DEFAULT_LAYOUT},
};
use serde::{Deserialize, Serialize};
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

/// Request for a render of a template.
#[derive(Deserialize)]
struct RenderRequest {
    layout: Option<String>,
    layouts: Option<Vec<String>>,
    #[serde(flatten)]
    output: OutputRequest,
    #[serde(flatten)]
    variables: VariableSets,
}

async fn render(context: RequestContext) -> ApiResult {
    let template = templates::find(&context.state.store, context.parameter("uid"))?;
    let RenderRequest { layout, layouts, output, variables } = context.read_body()?;
    let spec = output.spec(&template, || variables.pages())?;
    let is_single = layouts.is_none();
    let keys = layouts.unwrap_or_else(|| vec![layout.unwrap_or_else(|| DEFAULT_LAYOUT.to_owned())]);
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    for key in &keys {
        match render_layout(&context.render, &template, key, &variables.variables, &spec).await {
            Ok(result) => results.push(result),
            // A request for the default layout fails with that layout. A request for several layouts reports each
            // failure.
            Err(error) if is_single && *key == DEFAULT_LAYOUT => return Err(error),
            Err(error) => errors.push(json!({"layout": key, "error": error.message()})),
        }
    }
    Ok(json!({
        "totalLayouts": keys.len(),
        "totalRendered": results.len(),
        "totalErrors": errors.len(),
        "results": results,
        "errors": errors,
        "templateUid": template.uid,
    })
    .into())
}

/// Request for renders of a template in several sizes.
#[derive(Deserialize)]
struct SizesRequest {
    sizes: Vec<Value>,
    #[serde(default)]
    variables: Value,
    #[serde(flatten)]
    output: OutputRequest,
}

/// Size in a request: a preset, or a width and a height in pixels.
#[derive(Deserialize)]
struct SizeRequest {
    preset: Option<String>,
    #[serde(default, deserialize_with = "whole_number")]
    width: Option<u32>,
    #[serde(default, deserialize_with = "whole_number")]
    height: Option<u32>,
    label: Option<String>,
}

/// Size of a render, as responses show it.
#[derive(Serialize)]
struct RenderedSize {
    width: u32,
    height: u32,
    preset: Option<String>,
    label: String,
}

impl SizeRequest {
    /// Returns the size, unless the preset is unknown or a dimension is missing.
    fn resolve(self) -> Option<RenderedSize> {
        let Self { preset, width, height, label } = self;
        let (width, height) = match &preset {
            None => width.zip(height)?,
            Some(name) => {
                let (_, width, height) = SIZE_PRESETS.iter().find(|(preset, ..)| preset == name)?;
                (*width, *height)
            }
        };
        let label = label.or_else(|| preset.clone()).unwrap_or_else(|| format!("{width}x{height}"));
        Some(RenderedSize { width, height, preset, label })
    }
}

async fn render_sizes(context: RequestContext) -> ApiResult {
    let template = templates::find(&context.state.store, context.parameter("uid"))?;
    let SizesRequest { sizes, variables, output } = context.read_body()?;
    let output = output.image();
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    for requested in &sizes {
        let Some(size) = SizeRequest::deserialize(requested).ok().and_then(SizeRequest::resolve) else {
            errors.push(json!({"size": requested, "error": "A size needs a known preset, or a width and a height"}));
            continue;
        };
        let pixels = Some((size.width, size.height));
        match template::render(&context.render, &template, None, &variables, pixels, output).await {
            Ok(render) => results.push(json!({"url": render.url, "id": render.id, "size": size})),
            Err(error) => errors.push(json!({"size": requested, "error": error.message()})),
        }
    }
    Ok(json!({
        "totalSizes": sizes.len(),
        "totalErrors": errors.len(),
        "results": results,
        "errors": errors,
        "templateUid": template.uid,
    })
    .into())
}
