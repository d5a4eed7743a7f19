//! Handlers for URLs that return an image directly.

use super::handlers;
use crate::{
    api_error::ApiError,
    context::RequestContext,
    render::{Format, Page},
    rendering::{self, Output, RenderMetadata, fill},
    response::{ApiResponse, ApiResult},
    templates::{self, DEFAULT_LAYOUT},
};
use axum::http::header::{CACHE_CONTROL, REFERRER_POLICY};
use serde_json::{Map, Value};

handlers! {
    "renderTemplateUrl" => async render_template,
}

/// Query parameters that are not template variables.
const RESERVED_PARAMETERS: [&str; 3] = ["layout", "quality", "token"];

async fn render_template(context: RequestContext) -> ApiResult {
    let template = templates::find(&context.state.store, context.parameter("templateUid"))?;
    let layout = template.layout(context.query_text("layout").unwrap_or(DEFAULT_LAYOUT))?;
    let variables = context.query.iter().filter(|(name, _)| !RESERVED_PARAMETERS.contains(&name.as_str()));
    let variables = Value::Object(variables.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>());
    let filled = fill::fill(&template, layout.as_ref(), &variables, None)?;
    let quality = context.query.get("quality").and_then(Value::as_f64);
    let Output { format, quality } = Output::new(Format::from_name(context.parameter("format")), quality);
    let page =
        Page { html: filled.html, width: filled.width, height: filled.height, format, quality, ..Page::default() };
    let metadata = RenderMetadata { template: Some(template.uid), variables: Some(variables) };
    let render = rendering::render(&context.render, page, &metadata).await?;
    let file = context.state.store.file(render.file_name())?;
    let file = file.ok_or_else(|| ApiError::internal("The file is gone"))?;
    Ok(ApiResponse::bytes(&file.content_type, file.bytes)
        .header(CACHE_CONTROL, "private, max-age=300")
        .header(REFERRER_POLICY, "no-referrer"))
}
