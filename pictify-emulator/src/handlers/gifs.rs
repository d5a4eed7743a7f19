//! Handlers for GIFs.

use super::{handlers, images::read_source};
use crate::{
    api_error::ApiError,
    context::RequestContext,
    json::read_whole_number,
    render::{Format, GifSettings, Page},
    rendering::{self, RENDER, Render, animation_millis},
    response::ApiResult,
    store::Filter,
};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

handlers! {
    "createGif" => async create,
    "captureGif" => async capture,
    "listGifs" => sync list,
    "getGif" => sync get,
}

/// Size of a GIF in pixels when the request gives none.
const DEFAULT_SIZE: (u32, u32) = (800, 600);

/// Maximum duration of a capture.
const MAX_CAPTURE_DURATION: Duration = Duration::from_secs(30);

/// Page size of the list of GIFs when the request gives none.
const DEFAULT_PAGE_SIZE: usize = 30;

async fn create(context: RequestContext) -> ApiResult {
    let started = Instant::now();
    let (page, metadata) = read_source(&context, DEFAULT_SIZE).await?;
    let page = Page { format: Format::Gif(read_gif_settings(&context.body)), ..page };
    let render = rendering::render(&context.render, page, &metadata).await?;
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(json!({
        "gif": gif_fields(&render),
        "_meta": {"processingTime": elapsed_ms},
    })
    .into())
}

/// Records a live page for some seconds.
async fn capture(context: RequestContext) -> ApiResult {
    let body = &context.body;
    if body["quality"].as_str().is_some_and(|quality| GifSettings::from_quality(quality).is_none()) {
        let message = "quality must be low, medium or high";
        return Err(ApiError::rendering(StatusCode::BAD_REQUEST, Some("INVALID_QUALITY"), message));
    }
    let (page, metadata) = read_source(&context, DEFAULT_SIZE).await?;
    let mut settings = read_gif_settings(body);
    if let Some(seconds) = body["frameDurationSeconds"].as_f64() {
        settings.max_duration =
            Duration::try_from_secs_f64(seconds).unwrap_or(settings.max_duration).min(MAX_CAPTURE_DURATION);
    }
    let page = Page { format: Format::Gif(settings), ..page };
    let render = rendering::render(&context.render, page, &metadata).await?;
    let quality = body["quality"].as_str().unwrap_or("medium");
    let mut response = json!({
        "gif": gif_fields(&render),
        "metadata": {
            "width": render.width,
            "height": render.height,
            "framesPerSecond": settings.frames_per_second,
            "quality": quality,
            "uid": render.id,
        },
    });
    if let Some(animation) = render.animation {
        response["metadata"]["frameCount"] = animation.frames.into();
        response["metadata"]["animationLength"] = animation_millis(animation).into();
    }
    Ok(response.into())
}

/// Reads the frame rate and the maximum duration from a request.
fn read_gif_settings(body: &Value) -> GifSettings {
    let mut settings = body["quality"].as_str().and_then(GifSettings::from_quality).unwrap_or(GifSettings::MEDIUM);
    if let Some(frames) = read_whole_number(&body["framesPerSecond"]).and_then(|frames| u32::try_from(frames).ok()) {
        settings.frames_per_second = frames.clamp(1, 50);
    }
    settings
}

fn gif_fields(render: &Render) -> Value {
    json!({
        "url": render.url,
        "uid": render.id,
        "width": render.width,
        "height": render.height,
        "animationLength": render.animation.map(animation_millis),
    })
}

fn list(context: &RequestContext) -> ApiResult {
    let filter = Filter::default().eq("$.kind", Some("gif"));
    Ok(context.list_by_offset("gifs", RENDER, &filter, DEFAULT_PAGE_SIZE, |gif| to_response(context, &gif))?.into())
}

fn get(context: &RequestContext) -> ApiResult {
    let found = context.state.store.get(RENDER, context.parameter("uid"))?.filter(|render| render["kind"] == "gif");
    let gif = found.ok_or_else(|| ApiError::rendering(StatusCode::NOT_FOUND, None, "Not found"))?;
    Ok(json!({"gif": to_response(context, &gif)}).into())
}

fn to_response(context: &RequestContext, gif: &Value) -> Value {
    json!({
        "url": context.render.media_url(gif["file"].as_str().unwrap_or_default()),
        "uid": gif["id"],
        "width": gif["width"],
        "height": gif["height"],
        "animationLength": gif["animationLength"],
        "createdAt": gif["createdAt"],
    })
}
