//! Encoding of pages, one for each frame, as a GIF.

use crate::render::{
    AnimationInfo, Format, GifEncoder, MAX_GIF_BYTES, Page, RenderError, RenderPool, RenderedImage, check_total_pixels,
};
use futures_util::stream::{self, StreamExt};
use std::{io::Cursor, time::Duration};

use super::VideoConfig;

/// Timeout for rendering a video. The service has the same limit.
const RENDER_TIMEOUT: Duration = Duration::from_secs(300);

/// Maximum number of frames that are rendered ahead of the encoder.
const MAX_CONCURRENT_FRAMES: usize = 2;

/// Returns the indices of the video frames that a GIF has: every second frame, as the service does for scenes.
pub(crate) fn gif_frames(config: VideoConfig) -> Result<impl Iterator<Item = u32>, RenderError> {
    let frames = (0..config.frames).step_by(FRAME_STEP);
    check_total_pixels(frames.len(), config.width, config.height)?;
    if frames.len() > MAX_FRAMES {
        let message = format!("{} frames are more than the {MAX_FRAMES} that the emulator renders", frames.len());
        return Err(RenderError::InvalidInput(message));
    }
    Ok(frames)
}

/// Step between the video frames that a GIF has.
const FRAME_STEP: usize = 2;

/// Maximum number of frames of a GIF.
const MAX_FRAMES: usize = 1800;

/// Renders the pages of the [`gif_frames`] of a video, and encodes them as a GIF.
pub(crate) async fn encode_gif(
    worker: &RenderPool,
    pages: Vec<String>,
    config: VideoConfig,
) -> Result<RenderedImage, RenderError> {
    let work = render_and_encode(worker, pages, config);
    tokio::time::timeout(RENDER_TIMEOUT, work).await.unwrap_or(Err(RenderError::TimedOut))
}

async fn render_and_encode(
    worker: &RenderPool,
    pages: Vec<String>,
    config: VideoConfig,
) -> Result<RenderedImage, RenderError> {
    let VideoConfig { width, height, .. } = config;
    let frames = merge_equal_frames(pages, config.fps);
    let length: u64 = frames.iter().map(|frame| u64::from(frame.hundredths)).sum();
    let mut film = GifEncoder::new(width, height).map_err(failed)?;
    let render = |frame: TimedFrame| async move {
        let page = Page { html: frame.html, width, height, format: Format::Png, ..Page::default() };
        Ok::<_, RenderError>((worker.render(page).await?, frame.hundredths))
    };
    let mut rendered = std::pin::pin!(stream::iter(frames).map(render).buffered(MAX_CONCURRENT_FRAMES));
    while let Some(image) = rendered.next().await {
        let (image, hundredths) = image?;
        // Encoding must not wait for a permit of the worker: the next frame may hold the last one, and is not polled
        // while this one waits.
        let encoded = tokio::task::spawn_blocking(move || {
            film.add_frame(decode_png(&image.bytes)?, hundredths).map_err(failed)?;
            Ok::<_, RenderError>(film)
        });
        film = encoded.await.map_err(failed)??;
        if film.bytes() > MAX_GIF_BYTES {
            let message = format!("The GIF is larger than {MAX_GIF_BYTES} bytes: make the video smaller or shorter");
            return Err(RenderError::InvalidInput(message));
        }
    }
    let (bytes, frames) = film.finish().map_err(failed)?;
    let animation = AnimationInfo { frames, duration: Duration::from_millis(length * 10) };
    Ok(RenderedImage { bytes, width, height, animation: Some(animation) })
}

/// Page of a frame, and its duration.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TimedFrame {
    html: String,
    /// Duration, in hundredths of a second.
    hundredths: u16,
}

/// Computes the duration of each frame, and merges consecutive frames with equal HTML, so that they are rendered once.
fn merge_equal_frames(pages: Vec<String>, fps: u32) -> Vec<TimedFrame> {
    let step = u64::try_from(FRAME_STEP).unwrap_or(u64::MAX);
    // Start times are rounded, not durations, so that rounding errors do not add up.
    let start = |frame: u64| (frame * step * 100 + u64::from(fps) / 2) / u64::from(fps.max(1));
    let mut frames: Vec<TimedFrame> = Vec::new();
    for (frame, html) in (0..).zip(pages) {
        let hundredths = u16::try_from(start(frame + 1) - start(frame)).unwrap_or(u16::MAX);
        match frames.last_mut() {
            Some(last) if last.html == html && last.hundredths.checked_add(hundredths).is_some() => {
                last.hundredths += hundredths;
            }
            _ => frames.push(TimedFrame { html, hundredths }),
        }
    }
    frames
}

/// Decodes a PNG file to pixels of four bytes: red, green, blue, alpha.
fn decode_png(file: &[u8]) -> Result<Vec<u8>, RenderError> {
    let mut decoder = png::Decoder::new(Cursor::new(file));
    decoder.set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().map_err(failed)?;
    let size = reader.output_buffer_size().ok_or_else(|| failed("a frame is too large"))?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(failed)?;
    pixels.truncate(frame.buffer_size());
    match frame.color_type {
        png::ColorType::Rgba => Ok(pixels),
        png::ColorType::GrayscaleAlpha => {
            Ok(pixels.chunks_exact(2).flat_map(|pixel| [pixel[0], pixel[0], pixel[0], pixel[1]]).collect())
        }
        other => Err(failed(format!("a frame has the unsupported color type {other:?}"))),
    }
}

fn failed(error: impl std::fmt::Display) -> RenderError {
    RenderError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::PoolSettings;

    fn durations(pages: &[&str], fps: u32) -> Vec<u16> {
        let pages = pages.iter().map(|page| (*page).to_owned()).collect();
        merge_equal_frames(pages, fps).iter().map(|frame| frame.hundredths).collect()
    }

    #[test]
    fn a_gif_frame_lasts_as_long_as_two_video_frames() {
        for (pages, fps, expected) in [
            (&["a", "b", "c"][..], 20, &[10, 10, 10][..]),
            (&["a", "b", "c"], 30, &[7, 6, 7]),
            (&["a", "b"], 1, &[200, 200]),
            (&["a", "a", "b", "a"], 20, &[20, 10, 10]),
            (&[], 30, &[]),
        ] {
            assert_eq!(durations(pages, fps), expected, "{pages:?} at {fps}");
        }
    }

    #[test]
    fn oversized_videos_are_rejected_before_rendering() {
        let config = |width, frames| VideoConfig { width, height: 16, fps: 30, frames };
        assert_eq!(gif_frames(config(16, 5)).unwrap().collect::<Vec<_>>(), [0, 2, 4]);
        for (config, message) in [
            (config(4096, 100_000), "50000 frames of 4096 by 16 are more than the 400000000 pixels"),
            (config(16, 3602), "1801 frames are more than the 1800 that the emulator renders"),
        ] {
            let error = gif_frames(config).map(Iterator::count).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[tokio::test]
    async fn concurrent_videos_share_one_permit() {
        let worker = RenderPool::with_places(PoolSettings::default(), 1);
        let config = VideoConfig { width: 20, height: 10, fps: 10, frames: 8 };
        let pages = || {
            (0..4).map(|frame| format!("<p style='margin:0;width:{frame}px;height:9px;background:red'></p>")).collect()
        };
        let (first, second) = tokio::join!(encode_gif(&worker, pages(), config), encode_gif(&worker, pages(), config));
        let (first, second) = (first.unwrap(), second.unwrap());
        assert_eq!((first.width, first.height), (20, 10));
        assert_eq!(first.animation, Some(AnimationInfo { frames: 4, duration: Duration::from_millis(800) }));
        assert_eq!(first, second);
    }
}
