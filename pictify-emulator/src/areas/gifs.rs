//! Moving pictures.

use super::{handlers, images::source, lists::whole};
use crate::{
    answer::{Answer, Refusal},
    render::{Format, Pace, Page},
    renders::{RENDER, motion_length},
    server::Call,
    store::Filter,
};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::time::Instant;

handlers! {
    "createGif" => later create,
    "captureGif" => now capture,
    "listGifs" => now list,
    "getGif" => now get,
}

/// The size of a moving picture when the request says none.
const DEFAULT_SIZE: (u32, u32) = (800, 600);

/// How many a page has when the request says nothing.
const LIMIT: usize = 30;

async fn create(call: Call) -> Answer {
    let started = Instant::now();
    let (html, size, about) = source(&call, DEFAULT_SIZE)?;
    let mut tempo = call.body["quality"].as_str().and_then(Pace::named).unwrap_or(Pace::MEDIUM);
    if let Some(frames) = whole(&call.body["framesPerSecond"]).and_then(|frames| u32::try_from(frames).ok()) {
        tempo.frames_per_second = frames.clamp(1, 50);
    }
    let page = Page {
        html,
        width: size.0,
        height: size.1,
        format: Format::Gif(tempo),
        selector: call.body["selector"].as_str().map(str::to_owned),
    };
    let render = call.render(page, &about).await?;
    let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(json!({
        "gif": {
            "url": render.url,
            "uid": render.id,
            "width": render.width,
            "height": render.height,
            "animationLength": render.motion.map(motion_length),
        },
        "_meta": {"processingTime": took},
    })
    .into())
}

/// Live pages need scripts, which the embedded engine does not run.
fn capture(_: &Call) -> Answer {
    let message = "The emulator cannot capture live pages yet: send html to POST /gif";
    Err(Refusal::rendering(StatusCode::NOT_IMPLEMENTED, Some("not_implemented"), message))
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
