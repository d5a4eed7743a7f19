//! The public picture of a binding.

use super::{bindings::find, handlers};
use crate::{
    api_error::ApiError,
    bindings,
    render::Format,
    rendering::cached::OutputKind,
    response::{ApiResponse, ApiResult},
    server::RequestContext,
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
    let kept = bindings::picture(&context, &binding, form(context.parameter("format"))?).await?;
    let etag = format!("\"{}\"", kept.name);
    let is_known = context.header("if-none-match").is_some_and(|known| {
        known.split(',').map(|known| known.trim().trim_start_matches("W/")).any(|known| known == etag || known == "*")
    });
    let reply = if is_known {
        ApiResponse::empty(StatusCode::NOT_MODIFIED)
    } else {
        ApiResponse::bytes(&kept.content_type, kept.bytes)
    };
    let cache = format!("public, max-age={}", bindings::ttl(&binding));
    Ok(reply.header(ETAG, etag).header(CACHE_CONTROL, cache))
}

async fn info(context: RequestContext) -> ApiResult {
    let binding = find(&context, "bindingId")?;
    let (form, uid) = (form(context.parameter("format"))?, context.parameter("bindingId"));
    let before = context.cached_image_info(uid, form)?;
    let cached = before.is_some();
    let stored = if let Some(stored) = before {
        stored
    } else {
        bindings::picture(&context, &binding, form).await?;
        context.cached_image_info(uid, form)?.ok_or_else(|| ApiError::internal("The picture is gone"))?
    };
    Ok(json!({
        "url": context.media_url(&stored.name),
        "width": stored.width,
        "height": stored.height,
        "format": context.parameter("format"),
        "cached": cached,
    })
    .into())
}

/// What an address of this ending shows.
pub(super) fn form(name: &str) -> Result<OutputKind, ApiError> {
    match name {
        "pdf" => Ok(OutputKind::Pdf),
        "png" | "jpg" | "jpeg" | "webp" => Ok(OutputKind::Image(Format::from_name(name))),
        other => Err(ApiError::with_message(
            StatusCode::BAD_REQUEST,
            format!("{other} is not one of png, jpeg, jpg, webp, pdf"),
        )),
    }
}
