//! From HTML to bytes.

mod canvas;
#[cfg(feature = "chromium")]
mod chromium;
mod embedded;
pub mod fabric;
mod fonts;
mod gif;
mod keyframes;
mod limits;
pub mod pdf;
mod picture;
mod selector;
mod worker;

#[cfg(feature = "chromium")]
pub use chromium::Chromium;
pub use embedded::Embedded;
pub(crate) use gif::{BYTES, Film, check_pixels};
pub use pdf::{Document, Pdf};
pub use picture::{AnimationInfo, Format, GifSettings, Page, RenderedImage};
pub(crate) use worker::{RenderPool, TIME_LIMIT};

use std::fmt;

/// Something that turns a page into a picture.
///
/// # Contract
/// It is called on a thread of its own with a large stack. It may panic: the server answers 500 and goes on. It may take
/// its time, but after half a minute nobody waits for it; a thread cannot be stopped, so it keeps its place until it
/// returns. What it fetches, it fetches by the rules of [`EgressPolicy`](crate::EgressPolicy).
pub trait Renderer: Send + Sync + fmt::Debug + 'static {
    /// Renders a page to a picture file.
    ///
    /// # Errors
    /// [`RenderError::InvalidInput`] when the page is at fault, [`RenderError::NoAnimation`] when a moving picture is asked for
    /// and nothing moves, else [`RenderError::Failed`].
    fn render(&self, page: &Page) -> Result<RenderedImage, RenderError>;

    /// Renders a document to a PDF, a sheet to a page. A renderer that does not say how makes none.
    ///
    /// # Errors
    /// [`RenderError::InvalidInput`] when a sheet or the paper is at fault, else [`RenderError::Failed`].
    fn print(&self, document: &Document) -> Result<Pdf, RenderError> {
        let _ = document;
        Err(RenderError::Failed("this renderer makes no PDFs".to_owned()))
    }

    /// Whether it loads the pictures and style sheets of pages itself. Else the server puts them into the HTML before.
    fn fetches_resources(&self) -> bool {
        false
    }

    /// Ends what it has started, when the server has stopped.
    fn shutdown(&self) {}
}

/// Why there is no picture.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RenderError {
    /// The page is at fault.
    InvalidInput(String),
    /// A moving picture was asked for, and nothing on the page moves.
    NoAnimation,
    /// It took too long.
    TimedOut,
    /// All places were taken for too long. Nothing was done.
    Overloaded,
    /// The renderer is at fault.
    Failed(String),
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidInput(what) => f.write_str(what),
            Self::NoAnimation => f.write_str("Nothing on the page moves: a GIF needs a CSS animation"),
            Self::TimedOut => f.write_str("The render took too long"),
            Self::Overloaded => f.write_str("Other renders take all places: try again later"),
            Self::Failed(what) => write!(f, "The render failed: {what}"),
        }
    }
}

impl std::error::Error for RenderError {}
