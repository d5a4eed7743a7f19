//! What is asked of a renderer, and what comes back.

use std::time::Duration;

/// What to render.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// A document or a fragment.
    pub html: String,
    /// The width of the viewport, and of the picture unless it is cropped, in pixels.
    pub width: u32,
    /// The height of the viewport, and of the picture unless it is cropped, in pixels.
    pub height: u32,
    /// The file format.
    pub format: Format,
    /// A CSS selector: the picture is cropped to the first element that it matches.
    pub selector: Option<String>,
    /// The quality of lossy formats, 1 to 100; 90 when nothing is said.
    pub quality: Option<u8>,
    /// Where the page was found, for what starts from there.
    pub url: Option<String>,
}

impl Page {
    /// The quality of lossy formats, 1 to 100.
    #[must_use]
    pub fn quality(&self) -> u8 {
        self.quality.unwrap_or(90).clamp(1, 100)
    }
}

/// The file format of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Lossless.
    #[default]
    Png,
    /// Lossy.
    Jpeg,
    /// Lossy.
    Webp,
    /// A moving picture, at most 256 colours a frame.
    Gif(GifSettings),
}

/// How often a moving picture is taken, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GifSettings {
    /// At most 50: what is faster, viewers show slower.
    pub frames_per_second: u32,
    /// A loop that is longer is cut.
    pub longest: Duration,
}

/// A picture file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedImage {
    /// The file.
    pub bytes: Vec<u8>,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// How it moves, if it does.
    pub animation: Option<AnimationInfo>,
}

/// How a picture moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnimationInfo {
    /// How many frames the file has. What stays the same for a while is one frame.
    pub frames: u32,
    /// How long it takes until it begins again.
    pub duration: Duration,
}

impl Format {
    /// The format of a still picture of that name; PNG for one that is not known, as the service does.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name {
            "jpg" | "jpeg" => Self::Jpeg,
            "webp" => Self::Webp,
            _ => Self::Png,
        }
    }

    /// How its files' names end.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Webp => "webp",
            Self::Gif(_) => "gif",
        }
    }

    /// Its media type.
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
    /// What the quality `low` means.
    pub const LOW: Self = Self::new(10, 10);
    /// What the quality `medium` means.
    pub const MEDIUM: Self = Self::new(15, 15);
    /// What the quality `high` means.
    pub const HIGH: Self = Self::new(24, 30);

    const fn new(frames_per_second: u32, seconds: u64) -> Self {
        Self { frames_per_second, longest: Duration::from_secs(seconds) }
    }

    /// The pace of a quality of that name, if there is one.
    #[must_use]
    pub fn named(quality: &str) -> Option<Self> {
        match quality {
            "low" => Some(Self::LOW),
            "medium" => Some(Self::MEDIUM),
            "high" => Some(Self::HIGH),
            _ => None,
        }
    }
}
