//! Pages, one for each frame, to a GIF.

use crate::render::{
    AnimationInfo, Format, GifEncoder, MAX_GIF_BYTES, Page, RenderError, RenderPool, RenderedImage, check_total_pixels,
};
use futures_util::stream::{self, StreamExt};
use std::{io::Cursor, time::Duration};

use super::Size;

/// How long a video may take before the service gives up.
const TIME_LIMIT: Duration = Duration::from_secs(300);

/// How many frames are drawn while one is stored.
const AHEAD: usize = 2;

/// Which frames of a video a GIF has: every second, as the service does with code.
pub(crate) fn pace(size: Size) -> Result<impl Iterator<Item = u32>, RenderError> {
    let frames = (0..size.frames).step_by(STEP);
    check_total_pixels(frames.len(), size.width, size.height)?;
    if frames.len() > FRAMES {
        let message = format!("{} frames are more than the {FRAMES} that the emulator renders", frames.len());
        return Err(RenderError::InvalidInput(message));
    }
    Ok(frames)
}

/// Of how many frames of a video a GIF has one.
const STEP: usize = 2;

/// How many frames a GIF may have.
const FRAMES: usize = 1800;

/// Renders the pages of a video's [`pace`] to a GIF.
pub(crate) async fn film(worker: &RenderPool, pages: Vec<String>, size: Size) -> Result<RenderedImage, RenderError> {
    let work = render(worker, pages, size);
    tokio::time::timeout(TIME_LIMIT, work).await.unwrap_or(Err(RenderError::TimedOut))
}

async fn render(worker: &RenderPool, pages: Vec<String>, size: Size) -> Result<RenderedImage, RenderError> {
    let Size { width, height, .. } = size;
    let shots = shots(pages, size.fps);
    let length: u64 = shots.iter().map(|shot| u64::from(shot.hundredths)).sum();
    let mut film = GifEncoder::new(width, height).map_err(failed)?;
    let draw = |shot: Shot| async move {
        let page = Page { html: shot.html, width, height, format: Format::Png, ..Page::default() };
        Ok::<_, RenderError>((worker.render(page).await?, shot.hundredths))
    };
    let mut drawn = std::pin::pin!(stream::iter(shots).map(draw).buffered(AHEAD));
    while let Some(picture) = drawn.next().await {
        let (picture, hundredths) = picture?;
        // Not in a place of the worker: one may be promised to the next frame, which does not go on while this one waits.
        let shown = tokio::task::spawn_blocking(move || {
            film.add_frame(pixels(&picture.bytes)?, hundredths).map_err(failed)?;
            Ok::<_, RenderError>(film)
        });
        film = shown.await.map_err(failed)??;
        if film.bytes() > MAX_GIF_BYTES {
            let message = format!("The GIF is larger than {MAX_GIF_BYTES} bytes: make the video smaller or shorter");
            return Err(RenderError::InvalidInput(message));
        }
    }
    let (bytes, frames) = film.finish().map_err(failed)?;
    let animation = AnimationInfo { frames, duration: Duration::from_millis(length * 10) };
    Ok(RenderedImage { bytes, width, height, animation: Some(animation) })
}

/// A page, and how long it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shot {
    html: String,
    hundredths: u16,
}

/// What is the same for several frames is drawn once.
fn shots(pages: Vec<String>, fps: u32) -> Vec<Shot> {
    let step = u64::try_from(STEP).unwrap_or(u64::MAX);
    // Rounded from the beginning of the video, so that it is as long as it says.
    let at = |frame: u64| (frame * step * 100 + u64::from(fps) / 2) / u64::from(fps.max(1));
    let mut shots: Vec<Shot> = Vec::new();
    for (frame, html) in (0..).zip(pages) {
        let hundredths = u16::try_from(at(frame + 1) - at(frame)).unwrap_or(u16::MAX);
        match shots.last_mut() {
            Some(last) if last.html == html && last.hundredths.checked_add(hundredths).is_some() => {
                last.hundredths += hundredths;
            }
            _ => shots.push(Shot { html, hundredths }),
        }
    }
    shots
}

/// The pixels of a PNG file, four bytes each.
fn pixels(file: &[u8]) -> Result<Vec<u8>, RenderError> {
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
        other => Err(failed(format!("a frame has the colours {other:?}"))),
    }
}

fn failed(error: impl std::fmt::Display) -> RenderError {
    RenderError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Embedded;
    use std::sync::Arc;

    fn hundredths(pages: &[&str], fps: u32) -> Vec<u16> {
        let pages = pages.iter().map(|page| (*page).to_owned()).collect();
        shots(pages, fps).iter().map(|shot| shot.hundredths).collect()
    }

    #[test]
    fn a_frame_is_shown_as_long_as_the_two_that_it_stands_for() {
        for (pages, fps, expected) in [
            (&["a", "b", "c"][..], 20, &[10, 10, 10][..]),
            (&["a", "b", "c"], 30, &[7, 6, 7]),
            (&["a", "b"], 1, &[200, 200]),
            (&["a", "a", "b", "a"], 20, &[20, 10, 10]),
            (&[], 30, &[]),
        ] {
            assert_eq!(hundredths(pages, fps), expected, "{pages:?} at {fps}");
        }
    }

    #[test]
    fn what_is_too_much_is_refused_before_it_is_drawn() {
        let size = |width, frames| Size { width, height: 16, fps: 30, frames };
        assert_eq!(pace(size(16, 5)).unwrap().collect::<Vec<_>>(), [0, 2, 4]);
        for (size, message) in [
            (size(4096, 100_000), "50000 frames of 4096 by 16 are more than the 400000000 pixels"),
            (size(16, 3602), "1801 frames are more than the 1800 that the emulator renders"),
        ] {
            let error = pace(size).map(Iterator::count).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[tokio::test]
    async fn videos_share_one_place() {
        let worker = RenderPool::with_permits(Arc::new(Embedded::new()), 1);
        let size = Size { width: 20, height: 10, fps: 10, frames: 8 };
        let pages = || {
            (0..4).map(|frame| format!("<p style='margin:0;width:{frame}px;height:9px;background:red'></p>")).collect()
        };
        let (one, other) = tokio::join!(film(&worker, pages(), size), film(&worker, pages(), size));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!((one.width, one.height), (20, 10));
        assert_eq!(one.animation, Some(AnimationInfo { frames: 4, duration: Duration::from_millis(800) }));
        assert_eq!(one, other);
    }
}
