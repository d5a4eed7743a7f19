//! The frames of a GIF as they come: what stays the same is not stored again.

use gif::{Encoder, EncodingError, Frame, Repeat};
use std::io;

/// How thoroughly colours are chosen when a frame has more than 256, from 1, the best, to 30.
const HASTE: i32 = 10;

/// A GIF that is being written.
pub(crate) struct Film {
    encoder: Encoder<Vec<u8>>,
    width: u16,
    height: u16,
    /// The pixels of what is shown.
    shown: Vec<u8>,
    /// The last frame, which is stored when it is known how long it stays.
    last: Option<Frame<'static>>,
    frames: u32,
}

impl Film {
    pub(crate) fn new(width: u32, height: u32) -> Result<Self, EncodingError> {
        let too_large = |_| EncodingError::Io(io::Error::other("a GIF has at most 65535 pixels a side"));
        let (width, height) = (u16::try_from(width).map_err(too_large)?, u16::try_from(height).map_err(too_large)?);
        let mut encoder = Encoder::new(Vec::new(), width, height, &[])?;
        encoder.set_repeat(Repeat::Infinite)?;
        Ok(Self { encoder, width, height, shown: Vec::new(), last: None, frames: 0 })
    }

    pub(crate) fn size(&self) -> (u32, u32) {
        (self.width.into(), self.height.into())
    }

    /// How large the file is so far.
    pub(crate) fn bytes(&self) -> usize {
        self.encoder.get_ref().len()
    }

    /// Shows these pixels, four bytes each, for so many hundredths of a second.
    pub(crate) fn show(&mut self, pixels: Vec<u8>, hundredths: u16) -> Result<(), EncodingError> {
        let changed = self.changed(&pixels);
        match (&mut self.last, changed) {
            (Some(last), None) => last.delay = last.delay.saturating_add(hundredths),
            (_, changed) => {
                let [left, top, right, bottom] = changed.unwrap_or([0, 0, self.width, self.height]);
                let mut part = self.part(&pixels, [left, top, right, bottom]);
                let mut frame = Frame::from_rgba_speed(right - left, bottom - top, &mut part, HASTE);
                (frame.left, frame.top, frame.delay) = (left, top, hundredths);
                self.store_last()?;
                self.last = Some(frame);
                self.shown = pixels;
            }
        }
        Ok(())
    }

    /// The file, and how many frames it has.
    pub(crate) fn finish(mut self) -> Result<(Vec<u8>, u32), EncodingError> {
        self.store_last()?;
        Ok((self.encoder.into_inner()?, self.frames))
    }

    fn store_last(&mut self) -> Result<(), EncodingError> {
        let Some(frame) = self.last.take() else { return Ok(()) };
        self.frames += 1;
        self.encoder.write_frame(&frame)
    }

    /// The smallest rectangle with all pixels that differ from those shown: left, top, right, bottom.
    fn changed(&self, pixels: &[u8]) -> Option<[u16; 4]> {
        let row = usize::from(self.width) * 4;
        if row == 0 || self.shown.len() != pixels.len() {
            return Some([0, 0, self.width, self.height]);
        }
        let mut changed: Option<[u16; 4]> = None;
        for (y, (old, new)) in (0..).zip(self.shown.chunks_exact(row).zip(pixels.chunks_exact(row))) {
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

    fn part(&self, pixels: &[u8], [left, top, right, bottom]: [u16; 4]) -> Vec<u8> {
        let row = usize::from(self.width) * 4;
        let (start, end) = (usize::from(left) * 4, usize::from(right) * 4);
        let rows = pixels.chunks_exact(row).skip(top.into()).take(usize::from(bottom - top));
        rows.flat_map(|row| &row[start..end]).copied().collect()
    }
}

impl std::fmt::Debug for Film {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Film").field("size", &self.size()).field("frames", &self.frames).finish_non_exhaustive()
    }
}
