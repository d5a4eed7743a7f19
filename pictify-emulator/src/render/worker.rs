//! Renders are slow, large and may go wrong: they run apart, a few at a time, and not for ever.

use super::{Page, RenderError, Renderer};
use std::{sync::Arc, thread, time::Duration};
use tokio::sync::{Semaphore, oneshot};

/// How long a render may take before its caller stops waiting.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// How much stack a render has. Layout recurses as deep as the page is nested.
const STACK: usize = 256 * 1024 * 1024;

/// Runs renders on threads of their own, as many at once as there are processors.
pub(crate) struct Worker {
    renderer: Arc<dyn Renderer>,
    places: Arc<Semaphore>,
}

impl Worker {
    pub(crate) fn new(renderer: Arc<dyn Renderer>) -> Self {
        let places = thread::available_parallelism().map_or(1, usize::from);
        Self { renderer, places: Arc::new(Semaphore::new(places)) }
    }

    pub(crate) async fn render(&self, page: Page) -> Result<Vec<u8>, RenderError> {
        let unavailable = || RenderError::Failed("the renderer is shutting down".to_owned());
        let place = self.places.clone().acquire_owned().await.map_err(|_| unavailable())?;
        let renderer = self.renderer.clone();
        let (sender, receiver) = oneshot::channel();
        thread::Builder::new()
            .name("render".to_owned())
            .stack_size(STACK)
            .spawn(move || {
                // A thread cannot be stopped, so its place stays taken until it ends, whoever waits for it.
                let _place = place;
                let _ = sender.send(renderer.render(&page));
            })
            .map_err(|error| RenderError::Failed(format!("no thread: {error}")))?;
        match tokio::time::timeout(TIME_LIMIT, receiver).await {
            Ok(Ok(result)) => result,
            // The sender is gone without a word: the thread panicked.
            Ok(Err(_)) => Err(RenderError::Failed("the engine cannot handle this page".to_owned())),
            Err(_) => Err(RenderError::TimedOut),
        }
    }
}
