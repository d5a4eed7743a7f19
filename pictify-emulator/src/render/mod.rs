//! Renderers: from HTML to image and PDF files.

mod background;
#[cfg(feature = "chromium")]
mod chromium;
mod embedded;
pub mod fabric;
mod fonts;
mod full_page;
mod gif;
mod image;
mod job;
mod limits;
pub mod pdf;
mod pool;
mod process;
mod process_pool;
mod selector;
mod takumi_workarounds;
pub(crate) mod wire;

#[cfg(feature = "chromium")]
pub use chromium::Chromium;
pub use embedded::Embedded;
pub(crate) use gif::{GifEncoder, MAX_GIF_BYTES, check_total_pixels};
pub use image::{AnimationInfo, Format, GifSettings, MAX_CAPTURE_HEIGHT, Page, RenderedImage};
pub(crate) use job::{Job, RenderImage, RenderPdf};
pub(crate) use limits::MAX_SIDE;
pub(crate) use pdf::DrawPdfPage;
pub use pdf::{Document, Pdf};
pub(crate) use pool::{MAX_STACK_BYTES, PoolSettings, RENDER_TIMEOUT, RenderPool};
pub use process::{SUBCOMMAND, WorkerCommand};
pub(crate) use wire::json_text;

use serde::{Deserialize, Serialize};
use std::fmt;

/// Engine that renders pages to images and PDFs.
///
/// # Contract
/// Each call runs on its own thread, which has a large stack. It may panic: the server then responds with status 500 and
/// continues to run. After 30 seconds the server stops waiting for the result; the thread cannot be stopped, so it occupies
/// its place in the pool until the call returns. (The programs run [`Embedded`] in worker processes, which they can stop.) All requests that the engine sends must follow the rules of
/// [`EgressPolicy`](crate::EgressPolicy).
pub trait Renderer: Send + Sync + fmt::Debug + 'static {
    /// Renders a page to an image file.
    ///
    /// # Errors
    /// [`RenderError::InvalidInput`] when the page cannot be rendered, [`RenderError::NoAnimation`] when the format is GIF
    /// and the page has no running animation, otherwise [`RenderError::Failed`].
    fn render(&self, page: &Page) -> Result<RenderedImage, RenderError>;

    /// Renders a document to a PDF file. The default implementation returns [`RenderError::Failed`].
    ///
    /// # Errors
    /// [`RenderError::InvalidInput`] when a page or the page setup is invalid, otherwise [`RenderError::Failed`].
    fn render_pdf(&self, document: &Document) -> Result<Pdf, RenderError> {
        let _ = document;
        Err(RenderError::Failed("this renderer does not support PDF".to_owned()))
    }

    /// Returns `true` if the renderer fetches the images and style sheets of a page itself. Otherwise the server fetches
    /// them and inserts them into the HTML before it calls [`render`](Self::render).
    fn fetches_resources(&self) -> bool {
        false
    }

    /// Returns `true` if [`render_pdf`](Self::render_pdf) does the same as that of [`Embedded`], so that PDFs can be rendered
    /// in a worker process.
    fn renders_pdf_embedded(&self) -> bool {
        false
    }

    /// Returns the name of the engine, which is stored with each render.
    fn name(&self) -> &'static str {
        "custom"
    }

    /// Stops the processes and tasks of the renderer. The server calls this when it has stopped.
    fn shutdown(&self) {}
}

/// Reason for a failed render.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RenderError {
    /// The page or its options are invalid. The text says what is wrong.
    InvalidInput(String),
    /// A GIF was requested, but the page has no running animation.
    NoAnimation,
    /// The render exceeded its timeout.
    TimedOut,
    /// The render needs more memory than its limit.
    OutOfMemory {
        /// Limit in megabytes.
        limit_megabytes: u32,
    },
    /// No place in the pool became free in time. The render did not start.
    Overloaded,
    /// The renderer failed. The text says how.
    Failed(String),
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidInput(message) => f.write_str(message),
            Self::NoAnimation => f.write_str("The page has no running animation: a GIF needs a CSS animation"),
            Self::TimedOut => f.write_str("The render timed out"),
            Self::OutOfMemory { limit_megabytes } => {
                write!(f, "The page needs more than {limit_megabytes} MB of memory, the limit of a render")
            }
            Self::Overloaded => f.write_str("Too many renders are running: try again later"),
            Self::Failed(message) => write!(f, "The render failed: {message}"),
        }
    }
}

impl std::error::Error for RenderError {}
