//! Animated GIFs: a page is rendered at a sequence of times.

mod encoder;
mod timeline;

use super::{
    AnimationInfo, GifSettings, RenderError, RenderedImage,
    embedded::{AnimationPainter, ParsedPage, failed},
    pool::RENDER_TIMEOUT,
    selector::Rect,
};
pub(crate) use encoder::GifEncoder;
use std::time::{Duration, Instant};
pub(super) use timeline::CssAnimation;
use timeline::Timeline;

/// Maximum number of pixels of all frames together. The engine paints that many within the render timeout.
const MAX_TOTAL_PIXELS: u64 = 400 * 1000 * 1000;

/// Maximum size of a GIF file, in bytes.
pub(crate) const MAX_GIF_BYTES: usize = 64 * 1024 * 1024;

/// Renders a page to an animated GIF that repeats forever.
pub(super) fn render(
    parsed: &ParsedPage,
    crop: Option<Rect>,
    settings: GifSettings,
) -> Result<RenderedImage, RenderError> {
    let painter = AnimationPainter::new(parsed);
    let animations = timeline::find_animations(&painter.tree(0));
    encode(&animations, settings, |time| {
        let bitmap = painter.paint(time.into())?;
        let bitmap = match crop {
            Some(rect) => rect.crop(&bitmap)?,
            None => bitmap,
        };
        Ok(Frame { width: bitmap.width(), height: bitmap.height(), pixels: bitmap.into_raw() })
    })
}

/// Image of a page at one time.
pub(super) struct Frame {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Red, green, blue and alpha of each pixel.
    pub(super) pixels: Vec<u8>,
}

/// Encodes the frames of one loop as a GIF that repeats forever. `paint` gets the time in milliseconds.
pub(super) fn encode(
    animations: &[CssAnimation],
    settings: GifSettings,
    mut paint: impl FnMut(u32) -> Result<Frame, RenderError>,
) -> Result<RenderedImage, RenderError> {
    let started = Instant::now();
    let timeline = Timeline::new(animations, settings).ok_or(RenderError::NoAnimation)?;
    let times = timeline.frames(settings);
    let mut encoder: Option<GifEncoder> = None;
    for time in &times {
        if started.elapsed() > RENDER_TIMEOUT {
            // The caller has stopped waiting, and other renders need the permit.
            return Err(RenderError::TimedOut);
        }
        let Frame { width, height, pixels } = paint(time.at)?;
        let encoder = if let Some(encoder) = &mut encoder {
            encoder
        } else {
            check_total_pixels(times.len(), width, height)?;
            encoder.insert(GifEncoder::new(width, height).map_err(failed)?)
        };
        encoder.add_frame(pixels, time.hundredths).map_err(failed)?;
        if encoder.bytes() > MAX_GIF_BYTES {
            let message =
                format!("The GIF is larger than {MAX_GIF_BYTES} bytes: make the image smaller or the loop shorter");
            return Err(RenderError::InvalidInput(message));
        }
    }
    let encoder = encoder.ok_or(RenderError::NoAnimation)?;
    let (width, height) = encoder.size();
    let (bytes, frames) = encoder.finish().map_err(failed)?;
    if frames < 2 {
        return Err(RenderError::NoAnimation);
    }
    let hundredths: u64 = times.iter().map(|time| u64::from(time.hundredths)).sum();
    let animation = AnimationInfo { frames, duration: Duration::from_millis(hundredths * 10) };
    Ok(RenderedImage { bytes, width, height, animation: Some(animation) })
}

/// Checks that the frames together have at most [`MAX_TOTAL_PIXELS`].
pub(crate) fn check_total_pixels(frames: usize, width: u32, height: u32) -> Result<(), RenderError> {
    if u64::from(width) * u64::from(height) * frames as u64 <= MAX_TOTAL_PIXELS {
        return Ok(());
    }
    Err(RenderError::InvalidInput(format!(
        "{frames} frames of {width} by {height} are more than the {MAX_TOTAL_PIXELS} pixels that the emulator renders: make the image smaller, the loop shorter or the quality lower"
    )))
}
