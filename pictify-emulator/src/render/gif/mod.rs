//! Moving pictures: a page at one time after the other.

mod film;
mod timeline;

use super::{
    AnimationInfo, GifSettings, RenderError, RenderedImage,
    embedded::{Parsed, Stage, failed},
    selector::Area,
    worker::TIME_LIMIT,
};
pub(crate) use film::Film;
use std::time::{Duration, Instant};
pub(super) use timeline::Animation;
use timeline::Timeline;

/// How many pixels all frames have together: what is painted in the time that a render has.
const PIXELS: u64 = 400 * 1000 * 1000;

/// How large a file may become.
pub(crate) const BYTES: usize = 64 * 1024 * 1024;

/// Renders a page to an animated GIF that repeats for ever.
pub(super) fn render(parsed: &Parsed, area: Option<Area>, pace: GifSettings) -> Result<RenderedImage, RenderError> {
    let stage = Stage::new(parsed);
    let animations = timeline::animations(&stage.tree(0));
    record(&animations, pace, |time| {
        let bitmap = stage.paint(time.into())?;
        let bitmap = match area {
            Some(area) => area.crop(&bitmap)?,
            None => bitmap,
        };
        Ok(Frame { width: bitmap.width(), height: bitmap.height(), pixels: bitmap.into_raw() })
    })
}

/// A page at one time.
pub(super) struct Frame {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Red, green, blue and alpha of each pixel.
    pub(super) pixels: Vec<u8>,
}

/// Puts a page at one time after the other into a file that repeats for ever. `paint` gets milliseconds.
pub(super) fn record(
    animations: &[Animation],
    pace: GifSettings,
    mut paint: impl FnMut(u32) -> Result<Frame, RenderError>,
) -> Result<RenderedImage, RenderError> {
    let begun = Instant::now();
    let timeline = Timeline::of(animations, pace).ok_or(RenderError::NoAnimation)?;
    let times = timeline.frames(pace);
    let mut film: Option<Film> = None;
    for time in &times {
        if begun.elapsed() > TIME_LIMIT {
            // Nobody waits any longer, and the place is wanted.
            return Err(RenderError::TimedOut);
        }
        let Frame { width, height, pixels } = paint(time.at)?;
        let film = if let Some(film) = &mut film {
            film
        } else {
            check_pixels(times.len(), width, height)?;
            film.insert(Film::new(width, height).map_err(failed)?)
        };
        film.show(pixels, time.hundredths).map_err(failed)?;
        if film.bytes() > BYTES {
            let message = format!("The GIF is larger than {BYTES} bytes: make the picture smaller or the loop shorter");
            return Err(RenderError::InvalidInput(message));
        }
    }
    let film = film.ok_or(RenderError::NoAnimation)?;
    let (width, height) = film.size();
    let (bytes, frames) = film.finish().map_err(failed)?;
    if frames < 2 {
        return Err(RenderError::NoAnimation);
    }
    let hundredths: u64 = times.iter().map(|time| u64::from(time.hundredths)).sum();
    let animation = AnimationInfo { frames, duration: Duration::from_millis(hundredths * 10) };
    Ok(RenderedImage { bytes, width, height, animation: Some(animation) })
}

/// Refuses a picture that is more work than a render may be.
pub(crate) fn check_pixels(frames: usize, width: u32, height: u32) -> Result<(), RenderError> {
    if u64::from(width) * u64::from(height) * frames as u64 <= PIXELS {
        return Ok(());
    }
    Err(RenderError::InvalidInput(format!(
        "{frames} frames of {width} by {height} are more than the {PIXELS} pixels that the emulator renders: make the picture smaller, the loop shorter or the quality lower"
    )))
}
