//! Incremental encoding of a GIF: only the changed part of each frame is stored.

use gif::{Encoder, EncodingError, Frame, Repeat};
use std::io;

/// Speed of colour quantization for frames with more than 256 colours, from 1 (best quality) to 30 (fastest).
const QUANTIZATION_SPEED: i32 = 10;

/// Encoder of a GIF that repeats forever.
pub(crate) struct GifEncoder {
    encoder: Encoder<Vec<u8>>,
    width: u16,
    height: u16,
    /// Pixels of the whole image after the last frame.
    current: Vec<u8>,
    /// Last frame. It is written when the next one arrives, because only then is its duration known.
    pending: Option<Frame<'static>>,
    frames: u32,
}

impl GifEncoder {
    pub(crate) fn new(width: u32, height: u32) -> Result<Self, EncodingError> {
        let too_large = |_| EncodingError::Io(io::Error::other("a GIF has at most 65535 pixels per side"));
        let (width, height) = (u16::try_from(width).map_err(too_large)?, u16::try_from(height).map_err(too_large)?);
        let mut encoder = Encoder::new(Vec::new(), width, height, &[])?;
        encoder.set_repeat(Repeat::Infinite)?;
        Ok(Self { encoder, width, height, current: Vec::new(), pending: None, frames: 0 })
    }

    pub(crate) fn size(&self) -> (u32, u32) {
        (self.width.into(), self.height.into())
    }

    /// Returns the current size of the file in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.encoder.get_ref().len()
    }

    /// Adds a frame of RGBA pixels, shown for the given number of hundredths of a second.
    pub(crate) fn add_frame(&mut self, pixels: Vec<u8>, hundredths: u16) -> Result<(), EncodingError> {
        let changed = self.changed_rect(&pixels);
        match (&mut self.pending, changed) {
            (Some(pending), None) => pending.delay = pending.delay.saturating_add(hundredths),
            (_, changed) => {
                let [left, top, right, bottom] = changed.unwrap_or([0, 0, self.width, self.height]);
                let mut part = self.crop(&pixels, [left, top, right, bottom]);
                let mut frame = Frame::from_rgba_speed(right - left, bottom - top, &mut part, QUANTIZATION_SPEED);
                (frame.left, frame.top, frame.delay) = (left, top, hundredths);
                self.write_pending()?;
                self.pending = Some(frame);
                self.current = pixels;
            }
        }
        Ok(())
    }

    /// Returns the file and the number of its frames.
    pub(crate) fn finish(mut self) -> Result<(Vec<u8>, u32), EncodingError> {
        self.write_pending()?;
        Ok((self.encoder.into_inner()?, self.frames))
    }

    fn write_pending(&mut self) -> Result<(), EncodingError> {
        let Some(frame) = self.pending.take() else { return Ok(()) };
        self.frames += 1;
        self.encoder.write_frame(&frame)
    }

    /// Returns the smallest rectangle that contains all changed pixels: left, top, right, bottom.
    fn changed_rect(&self, pixels: &[u8]) -> Option<[u16; 4]> {
        let row = usize::from(self.width) * 4;
        if row == 0 || self.current.len() != pixels.len() {
            return Some([0, 0, self.width, self.height]);
        }
        let mut changed: Option<[u16; 4]> = None;
        for (y, (old, new)) in (0..).zip(self.current.chunks_exact(row).zip(pixels.chunks_exact(row))) {
            if old == new {
                continue;
            }
            let differs = |(old, new): (&[u8], &[u8])| old != new;
            let mut columns = (0..self.width).zip(old.chunks_exact(4).zip(new.chunks_exact(4)));
            let Some((first, _)) = columns.find(|(_, pair)| differs(*pair)) else { continue };
            let last = columns.rfind(|(_, pair)| differs(*pair)).map_or(first, |(x, _)| x);
            let [left, top, right, _] = changed.unwrap_or([first, y, last + 1, y + 1]);
            changed = Some([left.min(first), top, right.max(last + 1), y + 1]);
        }
        changed
    }

    fn crop(&self, pixels: &[u8], [left, top, right, bottom]: [u16; 4]) -> Vec<u8> {
        let row = usize::from(self.width) * 4;
        let (start, end) = (usize::from(left) * 4, usize::from(right) * 4);
        let rows = pixels.chunks_exact(row).skip(top.into()).take(usize::from(bottom - top));
        rows.flat_map(|row| &row[start..end]).copied().collect()
    }
}

impl std::fmt::Debug for GifEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GifEncoder").field("size", &self.size()).field("frames", &self.frames).finish_non_exhaustive()
    }
}
