//! Handlers for GIFs.

use super::{handlers, sources::SourceRequest};
use crate::{
    api_error::ApiError,
    context::RequestContext,
    json::{lenient, lenient_whole_number},
    render::{Format, GifSettings, Page},
    rendering::{self, Render, RenderKind, RenderRecord, animation_millis},
    response::ApiResult,
    store::Filter,
};
use axum::http::StatusCode;
use serde::Deserialize;
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

/// Request for a GIF.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GifRequest {
    #[serde(flatten)]
    source: SourceRequest,
    #[serde(flatten)]
    animation: AnimationRequest,
}

/// Members of a request that describe the animation.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnimationRequest {
    #[serde(default, deserialize_with = "lenient")]
    quality: Option<String>,
    #[serde(default, deserialize_with = "lenient_whole_number")]
    frames_per_second: Option<u32>,
    #[serde(default, deserialize_with = "lenient")]
    frame_duration_seconds: Option<f64>,
}

impl AnimationRequest {
    /// Returns the frame rate and the maximum duration.
    fn settings(&self) -> GifSettings {
        let mut settings = self.quality.as_deref().and_then(GifSettings::from_quality).unwrap_or(GifSettings::MEDIUM);
        if let Some(frames) = self.frames_per_second {
            settings.frames_per_second = frames.clamp(1, 50);
        }
        settings
    }
}

async fn create(context: RequestContext) -> ApiResult {
    let started = Instant::now();
    let request: GifRequest = context.read_body()?;
    let format = Format::Gif(request.animation.settings());
    let (page, metadata) = request.source.load(&context.state, DEFAULT_SIZE).await?;
    let render = rendering::render(&context.render, Page { format, ..page }, &metadata).await?;
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(json!({
        "gif": gif_fields(&render),
        "_meta": {"processingTime": elapsed_ms},
    })
    .into())
}

/// Records a live page for some seconds.
async fn capture(context: RequestContext) -> ApiResult {
    let GifRequest { source, animation } = context.read_body()?;
    let quality = animation.quality.as_deref().unwrap_or("medium");
    if GifSettings::from_quality(quality).is_none() {
        let message = "quality must be low, medium or high";
        return Err(ApiError::rendering(StatusCode::BAD_REQUEST, Some("INVALID_QUALITY"), message));
    }
    let mut settings = animation.settings();
    if let Some(seconds) = animation.frame_duration_seconds {
        settings.max_duration =
            Duration::try_from_secs_f64(seconds).unwrap_or(settings.max_duration).min(MAX_CAPTURE_DURATION);
    }
    let (page, metadata) = source.load(&context.state, DEFAULT_SIZE).await?;
    let page = Page { format: Format::Gif(settings), ..page };
    let render = rendering::render(&context.render, page, &metadata).await?;
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
    Ok(context
        .list_by_offset("gifs", &filter, DEFAULT_PAGE_SIZE, |gif: RenderRecord| to_response(context, &gif))?
        .into())
}

fn get(context: &RequestContext) -> ApiResult {
    let found: Option<RenderRecord> = context.state.store.find(context.parameter("uid"))?;
    let gif = found.filter(|render| render.kind == RenderKind::Gif);
    let gif = gif.ok_or_else(|| ApiError::rendering(StatusCode::NOT_FOUND, None, "Not found"))?;
    Ok(json!({"gif": to_response(context, &gif)}).into())
}

fn to_response(context: &RequestContext, gif: &RenderRecord) -> Value {
    json!({
        "url": context.render.media_url(&gif.file),
        "uid": gif.id,
        "width": gif.width,
        "height": gif.height,
        "animationLength": gif.animation_length,
        "createdAt": gif.created_at,
    })
}
