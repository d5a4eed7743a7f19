//! Renders of video templates, as far as the emulator supports them.

use super::{Render, RenderMetadata, RenderOrigin, render as render_page, store_render};
use crate::{
    api_error::ApiError,
    context::RenderContext,
    render::{Format, GifSettings, Page},
    templates::VideoTemplate,
    variables::resolve_variables,
    video::{self, RenderScene, SceneError, VideoConfig},
};
use axum::http::StatusCode;
use serde_json::{Map, Value};
use std::time::Instant;

/// Renders a video to a file of this format and bills it.
pub(crate) async fn render(
    context: &RenderContext,
    template: &VideoTemplate,
    variables: &Value,
    format: &str,
) -> Result<Render, ApiError> {
    let size = read_size(template);
    let given = variables.as_object().cloned().unwrap_or_default();
    let Some(tsx) = template.tsx.clone() else {
        check_values(template, &given)?;
        return Err(video::rendering_unsupported("The emulator cannot render timelines: use a code template"));
    };
    let reservation = context.reserve_renders(1)?;
    let is_gif = format == "gif";
    let frames = if is_gif { video::gif_frames(size)?.collect() } else { Vec::new() };
    let pages = context.state.render_pool.run(RenderScene { tsx, given, config: size, frames }).await??;
    if !is_gif {
        let message = format!("The emulator cannot render {format} files: use the format gif");
        return Err(video::rendering_unsupported(message));
    }
    let started = Instant::now();
    let gif = video::encode_gif(&context.state.render_pool, pages, size).await?;
    let origin = RenderOrigin { duration: started.elapsed(), ..RenderOrigin::default() };
    let metadata = RenderMetadata::of(&template.uid, variables);
    store_render(context, gif, Format::Gif(GifSettings::MEDIUM), &metadata, reservation, origin)
}

/// Renders one frame of a video to an image and bills it.
pub(crate) async fn render_frame(
    context: &RenderContext,
    template: &VideoTemplate,
    variables: &Value,
    frame: u32,
) -> Result<Render, ApiError> {
    let size = read_size(template);
    let Some(tsx) = template.tsx.clone() else {
        let message = "The emulator cannot preview timelines: use a code template";
        return Err(ApiError::with_message_and_code(StatusCode::NOT_IMPLEMENTED, "preview_not_supported", message));
    };
    let frame = Some(frame).filter(|frame| *frame < size.frames).ok_or_else(|| {
        let message = format!("frame {frame} is out of range: the video has {} frames, counted from 0", size.frames);
        SceneError::code(message)
    })?;
    let given = variables.as_object().cloned().unwrap_or_default();
    let scene = RenderScene { tsx, given, config: size, frames: vec![frame] };
    let html = context.state.render_pool.run(scene).await??.pop().unwrap_or_default();
    let page = Page { html, width: size.width, height: size.height, format: Format::Png, ..Page::default() };
    render_page(context, page, &RenderMetadata::of(&template.uid, variables)).await
}

fn read_size(template: &VideoTemplate) -> VideoConfig {
    let VideoTemplate { width, height, fps, duration_in_frames: frames, .. } = *template;
    VideoConfig { width, height, fps, frames }
}

fn check_values(template: &VideoTemplate, given: &Map<String, Value>) -> Result<(), SceneError> {
    resolve_variables(&template.definitions(), given).map(drop).map_err(|error| SceneError::Variable(error.to_string()))
}
