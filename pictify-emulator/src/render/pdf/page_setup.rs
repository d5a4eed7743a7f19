//! Size, margins and scale of the pages of a PDF.

use serde::{Deserialize, Serialize};

/// Number of points per pixel: 72 points or 96 pixels are an inch.
const POINTS_PER_PIXEL: f64 = 0.75;

/// Maximum length of a side in points. PDF does not allow longer sides.
const MAX_SIDE_POINTS: f64 = 14_400.0;

/// Named page size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preset {
    /// Name in the spelling of `/pdf/render`.
    pub name: &'static str,
    /// Width in points, in portrait orientation.
    pub width: f64,
    /// Height in points, in portrait orientation.
    pub height: f64,
}

/// Size, margins and scale of a page.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PageSetup {
    /// Width in points.
    pub width: f64,
    /// Height in points.
    pub height: f64,
    /// White margins.
    pub margins: Margins,
    /// Scale of the content, 0.1 to 2.
    pub scale: f64,
    /// `true` if backgrounds are printed.
    pub backgrounds: bool,
}

/// White margins of a page, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Margins {
    /// Top margin in pixels.
    pub top: f64,
    /// Right margin in pixels.
    pub right: f64,
    /// Bottom margin in pixels.
    pub bottom: f64,
    /// Left margin in pixels.
    pub left: f64,
}

impl Preset {
    /// All presets.
    pub const ALL: [Self; 6] = [
        Self::new("A4", 595.28, 841.89),
        Self::new("Letter", 612.0, 792.0),
        Self::new("Legal", 612.0, 1008.0),
        Self::new("A3", 841.89, 1190.55),
        Self::new("A5", 419.53, 595.28),
        Self::new("Tabloid", 792.0, 1224.0),
    ];

    const fn new(name: &'static str, width: f64, height: f64) -> Self {
        Self { name, width, height }
    }

    /// Returns the preset with this name, compared without case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name.eq_ignore_ascii_case(name))
    }
}

impl From<Preset> for PageSetup {
    fn from(preset: Preset) -> Self {
        Self::new(preset.width, preset.height)
    }
}

impl PageSetup {
    fn new(width: f64, height: f64) -> Self {
        Self { width, height, margins: Margins::default(), scale: 1.0, backgrounds: true }
    }

    /// Creates a page setup from a size in pixels, without margins.
    #[must_use]
    pub fn from_pixels(width: u32, height: u32) -> Self {
        Self::new(f64::from(width) * POINTS_PER_PIXEL, f64::from(height) * POINTS_PER_PIXEL)
    }

    /// Returns the page setup with width and height exchanged. The margins do not change.
    #[must_use]
    pub fn rotated(self) -> Self {
        Self { width: self.height, height: self.width, ..self }
    }

    /// Returns the size of the page in pixels, rounded.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no side is negative or that long")]
    pub fn size_in_pixels(&self) -> (u32, u32) {
        ((self.width / POINTS_PER_PIXEL).round() as u32, (self.height / POINTS_PER_PIXEL).round() as u32)
    }

    /// Checks the size, the scale and the margins.
    ///
    /// # Errors
    /// The message says which value is invalid, and which range is allowed.
    pub fn check(&self) -> Result<(), String> {
        let (width, height) = (self.width, self.height);
        if ![width, height].iter().all(|side| (POINTS_PER_PIXEL..=MAX_SIDE_POINTS).contains(side)) {
            let max = MAX_SIDE_POINTS / POINTS_PER_PIXEL;
            let (width, height) = (width / POINTS_PER_PIXEL, height / POINTS_PER_PIXEL);
            return Err(format!("A page must have 1 to {max} pixels per side, not {width} by {height}"));
        }
        if !(0.1..=2.0).contains(&self.scale) {
            return Err(format!("The scale must be 0.1 to 2, not {}", self.scale));
        }
        let content = self.content_rect();
        if content.width < POINTS_PER_PIXEL || content.height < POINTS_PER_PIXEL {
            let (width, height) = self.size_in_pixels();
            return Err(format!("The margins leave no space for content on a page of {width} by {height} pixels"));
        }
        Ok(())
    }

    /// Returns the rectangle inside the margins.
    pub(super) fn content_rect(&self) -> Rect {
        let Margins { top, right, bottom, left } = self.margins;
        Rect {
            x: left * POINTS_PER_PIXEL,
            y: bottom * POINTS_PER_PIXEL,
            width: self.width - (left + right) * POINTS_PER_PIXEL,
            height: self.height - (top + bottom) * POINTS_PER_PIXEL,
        }
    }
}

/// Rectangle of a page, in points from the lower left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Rect {
    /// Returns the size in pixels of the content that fills the rectangle when it is scaled by `scale`.
    pub(super) fn pixels(&self, scale: f64) -> (f64, f64) {
        (self.width / POINTS_PER_PIXEL / scale, self.height / POINTS_PER_PIXEL / scale)
    }
}
