//! From HTML to bytes.

mod canvas;
mod embedded;
pub mod fabric;
mod fonts;
mod limits;
mod selector;
mod worker;

pub use embedded::Embedded;
pub(crate) use worker::Worker;

use std::fmt;

/// Something that turns a page into a picture.
///
/// # Contract
/// It is called on a thread of its own with a large stack. It may panic: the server answers 500 and goes on. It may take
/// its time, but after half a minute nobody waits for it; a thread cannot be stopped, so it keeps its place until it
/// returns. It must not fetch anything from anywhere.
pub trait Renderer: Send + Sync + fmt::Debug + 'static {
    /// Renders a page to the bytes of a picture file.
    ///
    /// # Errors
    /// [`RenderError::Input`] when the page is at fault, else [`RenderError::Failed`].
    fn render(&self, page: &Page) -> Result<Vec<u8>, RenderError>;
}

/// What to render.
#[derive(Clone, Debug, PartialEq, Eq)]
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
}

/// The file format of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lossless.
    Png,
    /// Lossy, quality 90.
    Jpeg,
    /// Lossy, quality 90.
    Webp,
}

impl Format {
    /// The format of that name; PNG for one that is not known, as the service does.
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
        }
    }

    /// Its media type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }
}

/// Why there is no picture.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RenderError {
    /// The page is at fault.
    Input(String),
    /// It took too long.
    TimedOut,
    /// All places were taken for too long. Nothing was done.
    Busy,
    /// The renderer is at fault.
    Failed(String),
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(what) => f.write_str(what),
            Self::TimedOut => f.write_str("The render took too long"),
            Self::Busy => f.write_str("Other renders take all places: try again later"),
            Self::Failed(what) => write!(f, "The render failed: {what}"),
        }
    }
}

impl std::error::Error for RenderError {}
