//! Jobs of the render pool. A job is data, so that a worker process can run it.

use super::{Document, Page, Pdf, RenderError, RenderedImage, Renderer};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::time::Duration;

/// CPU-heavy work for the render pool.
pub(crate) trait Job: Serialize + DeserializeOwned + Send + 'static {
    /// Name of the job in messages to a worker process.
    const NAME: &'static str;

    /// Timeout of the job, if it is shorter than that of the pool.
    const TIMEOUT: Duration = Duration::MAX;

    type Output: Serialize + DeserializeOwned + Send + 'static;

    /// Runs the job on the current thread, which has a large stack.
    fn run(self, renderer: &dyn Renderer) -> Self::Output;
}

/// Render of a page to an image file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RenderImage(pub(crate) Page);

impl Job for RenderImage {
    const NAME: &'static str = "image";

    type Output = Result<RenderedImage, RenderError>;

    fn run(self, renderer: &dyn Renderer) -> Self::Output {
        renderer.render(&self.0)
    }
}

/// Render of a document to a PDF file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RenderPdf(pub(crate) Document);

impl Job for RenderPdf {
    const NAME: &'static str = "pdf";

    type Output = Result<Pdf, RenderError>;

    fn run(self, renderer: &dyn Renderer) -> Self::Output {
        renderer.render_pdf(&self.0)
    }
}
