//! Handlers for the public image of a binding.

use super::{bindings::find, handlers};
use crate::{
    api_error::ApiError,
    bindings,
    context::RequestContext,
    render::Format,
    rendering::cached::{OutputKind, cache_entry},
    response::{ApiResponse, ApiResult},
};
use axum::http::{
    StatusCode,
    header::{CACHE_CONTROL, ETAG},
};
use serde_json::json;

handlers! {
    "renderBindingUrl" => async render,
    "getBindingUrlInfo" => async info,
}

async fn render(context: RequestContext) -> ApiResult {
    let binding = find(&context, "bindingId")?;
    let cached = bindings::current_image(&context.render, &binding, output_kind(context.parameter("format"))?).await?;
    let etag = format!("\"{}\"", cached.name);
    let is_unchanged = context.header("if-none-match").is_some_and(|known| {
        known.split(',').map(|known| known.trim().trim_start_matches("W/")).any(|known| known == etag || known == "*")
    });
    let response = if is_unchanged {
        ApiResponse::empty(StatusCode::NOT_MODIFIED)
    } else {
        ApiResponse::bytes(&cached.content_type, cached.bytes)
    };
    let cache = format!("public, max-age={}", binding.ttl_secs());
    Ok(response.header(ETAG, etag).header(CACHE_CONTROL, cache))
}

async fn info(context: RequestContext) -> ApiResult {
    let binding = find(&context, "bindingId")?;
    let (kind, uid) = (output_kind(context.parameter("format"))?, context.parameter("bindingId"));
    let before = cache_entry(&context.state.store, uid, kind)?;
    let is_cached = before.is_some();
    let stored = if let Some(stored) = before {
        stored
    } else {
        bindings::current_image(&context.render, &binding, kind).await?;
        cache_entry(&context.state.store, uid, kind)?.ok_or_else(|| ApiError::internal("The image is gone"))?
    };
    Ok(json!({
        "url": context.render.media_url(&stored.file),
        "width": stored.width,
        "height": stored.height,
        "format": context.parameter("format"),
        "cached": is_cached,
    })
    .into())
}

/// Returns the output kind for a file extension in a URL.
pub(super) fn output_kind(extension: &str) -> Result<OutputKind, ApiError> {
    match extension {
        "pdf" => Ok(OutputKind::Pdf),
        "png" | "jpg" | "jpeg" | "webp" => Ok(OutputKind::Image(Format::from_name(extension))),
        extension => Err(ApiError::with_message(
            StatusCode::BAD_REQUEST,
            format!("{extension} is not one of png, jpeg, jpg, webp, pdf"),
        )),
    }
}
