//! Input and output of a renderer.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Maximum height of an image of a whole page, in pixels. Wide pages have a lower limit: 32 Mi pixels in total.
pub const MAX_CAPTURE_HEIGHT: u32 = 16_384;

/// Page to render, with the options of the render.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// HTML document or fragment.
    pub html: String,
    /// Width of the viewport in pixels. Without a [`selector`](Self::selector) it is also the width of the image.
    pub width: u32,
    /// Height of the viewport in pixels. Without a [`selector`](Self::selector) it is also the height of the image.
    pub height: u32,
    /// File format of the image.
    pub format: Format,
    /// CSS selector: the image is cropped to the first element that it matches.
    pub selector: Option<String>,
    /// Captures the whole height of the page instead of the viewport, up to [`MAX_CAPTURE_HEIGHT`]. Has no effect on GIFs
    /// and with a [`selector`](Self::selector).
    pub full_page: bool,
    /// Quality of lossy formats, 1 to 100; `None` means 90.
    pub quality: Option<u8>,
    /// URL of the page, the base of its relative URLs.
    pub url: Option<String>,
}

impl Page {
    /// Returns the quality of lossy formats, 1 to 100.
    #[must_use]
    pub fn quality(&self) -> u8 {
        self.quality.unwrap_or(90).clamp(1, 100)
    }
}

/// File format of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// PNG, lossless.
    #[default]
    Png,
    /// JPEG, lossy.
    Jpeg,
    /// WebP, lossy.
    Webp,
    /// Animated GIF, with at most 256 colours per frame.
    Gif(GifSettings),
}

/// Frame rate and maximum duration of a GIF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GifSettings {
    /// Frames per second, 1 to 50. Viewers show faster GIFs more slowly.
    pub frames_per_second: u32,
    /// Maximum duration of the loop. A longer loop is cut.
    pub max_duration: Duration,
}

/// Image file with its size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenderedImage {
    /// Content of the file.
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Frames and duration of an animated image, `None` for a still image.
    pub animation: Option<AnimationInfo>,
}

/// Frames and duration of an animated image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnimationInfo {
    /// Number of frames in the file. Consecutive identical frames are stored as one.
    pub frames: u32,
    /// Duration of one loop.
    pub duration: Duration,
}

impl Format {
    /// Returns the format of a still image by its name. Unknown names mean PNG, as in the service.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "jpg" | "jpeg" => Self::Jpeg,
            "webp" => Self::Webp,
            _ => Self::Png,
        }
    }

    /// Returns the file name extension, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Webp => "webp",
            Self::Gif(_) => "gif",
        }
    }

    /// Returns the media type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Gif(_) => "image/gif",
        }
    }
}

impl GifSettings {
    /// Settings of the quality `low`: 10 frames per second, 10 seconds.
    pub const LOW: Self = Self::new(10, 10);
    /// Settings of the quality `medium`: 15 frames per second, 15 seconds.
    pub const MEDIUM: Self = Self::new(15, 15);
    /// Settings of the quality `high`: 24 frames per second, 30 seconds.
    pub const HIGH: Self = Self::new(24, 30);

    const fn new(frames_per_second: u32, seconds: u64) -> Self {
        Self { frames_per_second, max_duration: Duration::from_secs(seconds) }
    }

    /// Returns the settings of the quality `low`, `medium` or `high`, and `None` for any other text.
    #[must_use]
    pub fn from_quality(quality: &str) -> Option<Self> {
        match quality {
            "low" => Some(Self::LOW),
            "medium" => Some(Self::MEDIUM),
            "high" => Some(Self::HIGH),
            _ => None,
        }
    }
}
