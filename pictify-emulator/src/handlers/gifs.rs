//! Moving pictures.

use super::{handlers, images::source, lists::whole};
use crate::{
    api_error::ApiError,
    render::{Format, GifSettings, Page},
    rendering::{RENDER, Render, animation_millis},
    response::ApiResult,
    server::RequestContext,
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

/// The size of a moving picture when the request says none.
const DEFAULT_SIZE: (u32, u32) = (800, 600);

/// How long a capture may be.
const LONGEST: Duration = Duration::from_secs(30);

/// How many a page has when the request says nothing.
const LIMIT: usize = 30;

async fn create(context: RequestContext) -> ApiResult {
    let started = Instant::now();
    let (page, about) = source(&context, DEFAULT_SIZE).await?;
    let page = Page { format: Format::Gif(pace(&context.body)), ..page };
    let render = context.render(page, &about).await?;
    let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(json!({
        "gif": moving(&render),
        "_meta": {"processingTime": took},
    })
    .into())
}

/// A live page for a while.
async fn capture(context: RequestContext) -> ApiResult {
    let body = &context.body;
    let (page, about) = source(&context, DEFAULT_SIZE).await?;
    let mut tempo = pace(body);
    if let Some(seconds) = body["frameDurationSeconds"].as_f64() {
        tempo.max_duration = Duration::try_from_secs_f64(seconds).unwrap_or(tempo.max_duration).min(LONGEST);
    }
    let page = Page { format: Format::Gif(tempo), ..page };
    let render = context.render(page, &about).await?;
    let quality = body["quality"].as_str().unwrap_or("medium");
    let mut answer = json!({
        "gif": moving(&render),
        "metadata": {
            "width": render.width,
            "height": render.height,
            "framesPerSecond": tempo.frames_per_second,
            "quality": quality,
            "uid": render.id,
        },
    });
    if let Some(animation) = render.animation {
        answer["metadata"]["frameCount"] = animation.frames.into();
        answer["metadata"]["animationLength"] = animation_millis(animation).into();
    }
    Ok(answer.into())
}

/// How often and how long a request wants it.
fn pace(body: &Value) -> GifSettings {
    let mut pace = body["quality"].as_str().and_then(GifSettings::from_quality).unwrap_or(GifSettings::MEDIUM);
    if let Some(frames) = whole(&body["framesPerSecond"]).and_then(|frames| u32::try_from(frames).ok()) {
        pace.frames_per_second = frames.clamp(1, 50);
    }
    pace
}

fn moving(render: &Render) -> Value {
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
    Ok(context.list_by_offset("gifs", RENDER, &filter, LIMIT, |gif| shown(context, &gif))?.into())
}

fn get(context: &RequestContext) -> ApiResult {
    let found = context.state.store.get(RENDER, context.parameter("uid"))?.filter(|render| render["kind"] == "gif");
    let gif = found.ok_or_else(|| ApiError::rendering(StatusCode::NOT_FOUND, None, "Not found"))?;
    Ok(json!({"gif": shown(context, &gif)}).into())
}

fn shown(context: &RequestContext, gif: &Value) -> Value {
    json!({
        "url": context.media_url(gif["file"].as_str().unwrap_or_default()),
        "uid": gif["id"],
        "width": gif["width"],
        "height": gif["height"],
        "animationLength": gif["animationLength"],
        "createdAt": gif["createdAt"],
    })
}
