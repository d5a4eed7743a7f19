//! Renders are slow, large and may go wrong: they run apart, a few at a time, and not for ever.

use super::{Document, Page, Pdf, RenderError, RenderedImage, Renderer};
use std::{sync::Arc, thread, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::timeout,
};

/// How long a render may take before its caller stops waiting, and how long it may wait to begin.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(30);

/// How much stack a render has. Layout recurses as deep as the page is nested.
const STACK: usize = 256 * 1024 * 1024;

/// Runs renders on threads of their own, as many at once as there are processors.
pub(crate) struct RenderPool {
    renderer: Arc<dyn Renderer>,
    places: Arc<Semaphore>,
}

impl RenderPool {
    pub(crate) fn new(renderer: Arc<dyn Renderer>) -> Self {
        Self::with_places(renderer, thread::available_parallelism().map_or(1, usize::from))
    }

    pub(crate) fn with_places(renderer: Arc<dyn Renderer>, places: usize) -> Self {
        Self { renderer, places: Arc::new(Semaphore::new(places)) }
    }

    /// Whether the renderer itself loads what pages need.
    pub(crate) fn fetches_resources(&self) -> bool {
        self.renderer.fetches_resources()
    }

    /// Ends what the renderer has started.
    pub(crate) async fn shutdown(&self) {
        let renderer = self.renderer.clone();
        let _ = tokio::task::spawn_blocking(move || renderer.shutdown()).await;
    }

    pub(crate) async fn render(&self, page: Page) -> Result<RenderedImage, RenderError> {
        let renderer = self.renderer.clone();
        self.run(move || renderer.render(&page)).await?
    }

    pub(crate) async fn print(&self, document: Document) -> Result<Pdf, RenderError> {
        let renderer = self.renderer.clone();
        self.run(move || renderer.print(&document)).await?
    }

    /// Runs other work of the same kind, in one of the same places.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, RenderError> {
        let place = self.place().await?;
        let (sender, receiver) = oneshot::channel();
        thread::Builder::new()
            .name("render".to_owned())
            .stack_size(STACK)
            .spawn(move || {
                let result = work();
                // A thread cannot be stopped, so its place stays taken until it is done, whoever waits for it.
                drop(place);
                let _ = sender.send(result);
            })
            .map_err(|error| RenderError::Failed(format!("no thread: {error}")))?;
        match timeout(TIME_LIMIT, receiver).await {
            Ok(Ok(result)) => Ok(result),
            // The sender is gone without a word: the thread panicked.
            Ok(Err(_)) => Err(RenderError::Failed("the engine cannot handle this page".to_owned())),
            Err(_) => Err(RenderError::TimedOut),
        }
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, RenderError> {
        let place = timeout(TIME_LIMIT, self.places.clone().acquire_owned()).await;
        place.map_err(|_| RenderError::Overloaded)?.map_err(|_| RenderError::Overloaded)
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

    fn picture() -> RenderedImage {
        RenderedImage { bytes: Vec::new(), width: 1, height: 1, animation: None }
    }

    /// Renders for as long as the other end of the channel lives.
    #[derive(Debug)]
    struct Endless(Mutex<mpsc::Receiver<()>>);

    impl Renderer for Endless {
        fn render(&self, _page: &Page) -> Result<RenderedImage, RenderError> {
            let _ = self.0.lock().unwrap().recv();
            Ok(picture())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_endless_render_keeps_its_place_and_the_others_are_told() {
        let (end, ended) = mpsc::channel();
        let worker = RenderPool::new(Arc::new(Endless(Mutex::new(ended))));
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            assert_eq!(worker.render(page()).await, Err(RenderError::TimedOut));
        }
        assert_eq!(worker.render(page()).await, Err(RenderError::Overloaded));
        drop(end);
        // The places come back as the threads end, which the clock of the test does not wait for.
        tokio::time::resume();
        assert_eq!(worker.render(page()).await, Ok(picture()));
    }
}
