//! Thread pool for renders: limits how many run concurrently, and how long a caller waits.

use super::{Document, Page, Pdf, RenderError, RenderedImage, Renderer};
use std::{sync::Arc, thread, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::timeout,
};

/// Maximum time that a render waits for a permit, and maximum time that its caller then waits for the result.
pub(crate) const RENDER_TIMEOUT: Duration = Duration::from_secs(30);

/// Stack size of a render thread, in bytes. Layout recurses once per level of nesting in the page.
const STACK_BYTES: usize = 256 * 1024 * 1024;

/// Runs each render on a new thread, with one permit per processor by default.
pub(crate) struct RenderPool {
    renderer: Arc<dyn Renderer>,
    permits: Arc<Semaphore>,
    size: usize,
}

impl RenderPool {
    pub(crate) fn new(renderer: Arc<dyn Renderer>) -> Self {
        Self::with_permits(renderer, thread::available_parallelism().map_or(1, usize::from))
    }

    pub(crate) fn with_permits(renderer: Arc<dyn Renderer>, permits: usize) -> Self {
        Self { renderer, permits: Arc::new(Semaphore::new(permits)), size: permits }
    }

    /// Returns `true` if the renderer fetches the images and style sheets of a page itself.
    pub(crate) fn fetches_resources(&self) -> bool {
        self.renderer.fetches_resources()
    }

    /// Returns the name of the engine.
    pub(crate) fn engine_name(&self) -> &'static str {
        self.renderer.name()
    }

    /// Returns the number of renders in progress.
    pub(crate) fn in_progress(&self) -> usize {
        self.size.saturating_sub(self.permits.available_permits())
    }

    /// Stops the processes and tasks of the renderer.
    pub(crate) async fn shutdown(&self) {
        let renderer = self.renderer.clone();
        let _ = tokio::task::spawn_blocking(move || renderer.shutdown()).await;
    }

    pub(crate) async fn render(&self, page: Page) -> Result<RenderedImage, RenderError> {
        let renderer = self.renderer.clone();
        self.run(move || renderer.render(&page)).await?
    }

    pub(crate) async fn render_pdf(&self, document: Document) -> Result<Pdf, RenderError> {
        let renderer = self.renderer.clone();
        self.run(move || renderer.render_pdf(&document)).await?
    }

    /// Runs other CPU-heavy work with one of the same permits.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, RenderError> {
        let permit = self.acquire().await?;
        let (sender, receiver) = oneshot::channel();
        thread::Builder::new()
            .name("render".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || {
                let result = work();
                // A thread cannot be stopped, so it holds its permit until it is done, even if its caller has stopped
                // waiting.
                drop(permit);
                let _ = sender.send(result);
            })
            .map_err(|error| RenderError::Failed(format!("cannot start a thread: {error}")))?;
        match timeout(RENDER_TIMEOUT, receiver).await {
            Ok(Ok(result)) => Ok(result),
            // The sender was dropped without a result: the thread panicked.
            Ok(Err(_)) => Err(RenderError::Failed("the engine cannot handle this page".to_owned())),
            Err(_) => Err(RenderError::TimedOut),
        }
    }

    async fn acquire(&self) -> Result<OwnedSemaphorePermit, RenderError> {
        let permit = timeout(RENDER_TIMEOUT, self.permits.clone().acquire_owned()).await;
        permit.map_err(|_| RenderError::Overloaded)?.map_err(|_| RenderError::Overloaded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Format;
    use std::sync::{Mutex, mpsc};

    fn page() -> Page {
        Page { html: "x".to_owned(), width: 1, height: 1, format: Format::Png, ..Page::default() }
    }

    fn empty_image() -> RenderedImage {
        RenderedImage { bytes: Vec::new(), width: 1, height: 1, animation: None }
    }

    /// Renderer whose calls return when the sender of the channel is dropped.
    #[derive(Debug)]
    struct Endless(Mutex<mpsc::Receiver<()>>);

    impl Renderer for Endless {
        fn render(&self, _page: &Page) -> Result<RenderedImage, RenderError> {
            let _ = self.0.lock().unwrap().recv();
            Ok(empty_image())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_endless_render_holds_its_permit_and_later_renders_fail_as_overloaded() {
        let (sender, receiver) = mpsc::channel();
        let pool = RenderPool::new(Arc::new(Endless(Mutex::new(receiver))));
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            assert_eq!(pool.render(page()).await, Err(RenderError::TimedOut));
        }
        assert_eq!(pool.render(page()).await, Err(RenderError::Overloaded));
        drop(sender);
        // The permits are released when the threads end. The paused clock does not wait for threads.
        tokio::time::resume();
        assert_eq!(pool.render(page()).await, Ok(empty_image()));
    }
}
