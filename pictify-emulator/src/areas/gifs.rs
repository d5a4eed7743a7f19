//! Moving pictures.

use super::{handlers, images::source, lists::whole};
use crate::{
    answer::{Answer, Refusal},
    render::{Format, Pace, Page},
    renders::{RENDER, Render, motion_length},
    server::Call,
    store::Filter,
};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

handlers! {
    "createGif" => later create,
    "captureGif" => later capture,
    "listGifs" => now list,
    "getGif" => now get,
}

/// The size of a moving picture when the request says none.
const DEFAULT_SIZE: (u32, u32) = (800, 600);

/// How long a capture may be.
const LONGEST: Duration = Duration::from_secs(30);

/// How many a page has when the request says nothing.
const LIMIT: usize = 30;

async fn create(call: Call) -> Answer {
    let started = Instant::now();
    let (page, about) = source(&call, DEFAULT_SIZE).await?;
    let page = Page { format: Format::Gif(pace(&call.body)), ..page };
    let render = call.render(page, &about).await?;
    let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(json!({
        "gif": moving(&render),
        "_meta": {"processingTime": took},
    })
    .into())
}

/// A live page for a while.
async fn capture(call: Call) -> Answer {
    let body = &call.body;
    let (page, about) = source(&call, DEFAULT_SIZE).await?;
    let mut tempo = pace(body);
    if let Some(seconds) = body["frameDurationSeconds"].as_f64() {
        tempo.longest = Duration::try_from_secs_f64(seconds).unwrap_or(tempo.longest).min(LONGEST);
    }
    let page = Page { format: Format::Gif(tempo), ..page };
    let render = call.render(page, &about).await?;
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
    if let Some(motion) = render.motion {
        answer["metadata"]["frameCount"] = motion.frames.into();
        answer["metadata"]["animationLength"] = motion_length(motion).into();
    }
    Ok(answer.into())
}

/// How often and how long a request wants it.
fn pace(body: &Value) -> Pace {
    let mut pace = body["quality"].as_str().and_then(Pace::named).unwrap_or(Pace::MEDIUM);
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
        "animationLength": render.motion.map(motion_length),
    })
}

fn list(call: &Call) -> Answer {
    let filter = Filter::default().and("$.kind", Some("gif"));
    Ok(call.list_by_offset("gifs", RENDER, &filter, LIMIT, |gif| shown(call, &gif))?.into())
}

fn get(call: &Call) -> Answer {
    let found = call.service.store.get(RENDER, call.parameter("uid"))?.filter(|render| render["kind"] == "gif");
    let gif = found.ok_or_else(|| Refusal::rendering(StatusCode::NOT_FOUND, None, "Not found"))?;
    Ok(json!({"gif": shown(call, &gif)}).into())
}

fn shown(call: &Call, gif: &Value) -> Value {
    json!({
        "url": call.media_url(gif["file"].as_str().unwrap_or_default()),
        "uid": gif["id"],
        "width": gif["width"],
        "height": gif["height"],
        "animationLength": gif["animationLength"],
        "createdAt": gif["createdAt"],
    })
}
