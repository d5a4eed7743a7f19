//! Pool for renders: limits how many run concurrently, and how long a caller waits. A program runs them in worker processes,
//! a library in threads.

use super::{
    Document, Embedded, Job, Page, Pdf, RenderError, RenderImage, RenderPdf, RenderedImage, Renderer, WorkerCommand,
    process_pool::ProcessPool,
};
use std::{fmt, sync::Arc, thread, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::timeout,
};

/// Default for the maximum time that a render waits for a place, and for the maximum duration of the render.
pub(crate) const RENDER_TIMEOUT: Duration = Duration::from_secs(30);

/// Default for the maximum memory of a worker process, in megabytes.
pub(crate) const DEFAULT_MEMORY_MEGABYTES: u32 = 256;

/// Stack size of a render thread, in bytes. Layout recurses once per level of nesting in the page.
pub(crate) const MAX_STACK_BYTES: usize = 256 * 1024 * 1024;

/// Settings of a render pool.
#[derive(Clone, Debug, Default)]
pub(crate) struct PoolSettings {
    /// Engine; `None` means [`Embedded`].
    pub(crate) renderer: Option<Arc<dyn Renderer>>,
    /// Command that starts a worker process; `None` means that renders run in threads.
    pub(crate) worker_command: Option<WorkerCommand>,
    pub(crate) limits: RenderLimits,
}

/// Limits of a render.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RenderLimits {
    /// Maximum duration of a render, and maximum time that it waits for a place.
    pub(crate) timeout: Duration,
    /// Maximum memory of a worker process, in megabytes.
    pub(crate) memory_megabytes: u32,
}

impl Default for RenderLimits {
    fn default() -> Self {
        Self { timeout: RENDER_TIMEOUT, memory_megabytes: DEFAULT_MEMORY_MEGABYTES }
    }
}

/// Runs each job in a worker process or in a new thread, with one place per processor by default.
///
/// An engine other than [`Embedded`] always renders in threads: its own processes do the work.
pub(crate) struct RenderPool {
    renderer: Arc<dyn Renderer>,
    processes: Option<ProcessPool>,
    /// Images are rendered by the embedded engine, which a worker process has.
    embedded_images: bool,
    permits: Arc<Semaphore>,
    size: usize,
    timeout: Duration,
}

impl RenderPool {
    pub(crate) fn new(settings: PoolSettings) -> Self {
        Self::with_places(settings, thread::available_parallelism().map_or(1, usize::from))
    }

    pub(crate) fn with_places(settings: PoolSettings, places: usize) -> Self {
        let PoolSettings { renderer, worker_command, limits } = settings;
        Self {
            embedded_images: renderer.is_none(),
            renderer: renderer.unwrap_or_else(|| Arc::new(Embedded::new())),
            processes: worker_command.map(|command| ProcessPool::new(command, limits, places)),
            permits: Arc::new(Semaphore::new(places)),
            size: places,
            timeout: limits.timeout,
        }
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
        let in_processes = self.processes.as_ref().map_or(0, ProcessPool::in_progress);
        self.size.saturating_sub(self.permits.available_permits()) + in_processes
    }

    /// Stops the processes and tasks of the renderer.
    pub(crate) async fn shutdown(&self) {
        if let Some(processes) = &self.processes {
            processes.shutdown();
        }
        let renderer = self.renderer.clone();
        let _ = tokio::task::spawn_blocking(move || renderer.shutdown()).await;
    }

    pub(crate) async fn render(&self, page: Page) -> Result<RenderedImage, RenderError> {
        let job = RenderImage(page);
        if self.embedded_images { self.run(job).await? } else { self.run_in_thread(job).await? }
    }

    pub(crate) async fn render_pdf(&self, document: Document) -> Result<Pdf, RenderError> {
        let job = RenderPdf(document);
        let embedded = self.embedded_images || self.renderer.renders_pdf_embedded();
        if embedded { self.run(job).await? } else { self.run_in_thread(job).await? }
    }

    /// Runs a job that needs no engine other than the embedded one.
    pub(crate) async fn run<J: Job>(&self, job: J) -> Result<J::Output, RenderError> {
        match &self.processes {
            Some(processes) => processes.run(&job).await,
            None => self.run_in_thread(job).await,
        }
    }

    async fn run_in_thread<J: Job>(&self, job: J) -> Result<J::Output, RenderError> {
        let permit = self.acquire().await?;
        let (sender, receiver) = oneshot::channel();
        let renderer = self.renderer.clone();
        thread::Builder::new()
            .name("render".to_owned())
            .stack_size(MAX_STACK_BYTES)
            .spawn(move || {
                let result = job.run(&*renderer);
                // A thread cannot be stopped, so it holds its permit until it is done, even if its caller has stopped
                // waiting.
                drop(permit);
                let _ = sender.send(result);
            })
            .map_err(|error| RenderError::Failed(format!("cannot start a thread: {error}")))?;
        match timeout(self.timeout, receiver).await {
            Ok(Ok(result)) => Ok(result),
            // The sender was dropped without a result: the thread panicked.
            Ok(Err(_)) => Err(RenderError::Failed("the engine cannot handle this page".to_owned())),
            Err(_) => Err(RenderError::TimedOut),
        }
    }

    async fn acquire(&self) -> Result<OwnedSemaphorePermit, RenderError> {
        let permit = timeout(self.timeout, self.permits.clone().acquire_owned()).await;
        permit.map_err(|_| RenderError::Overloaded)?.map_err(|_| RenderError::Overloaded)
    }
}

impl fmt::Debug for RenderPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RenderPool").field("renderer", &self.renderer).finish_non_exhaustive()
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
        let pool = RenderPool::new(PoolSettings {
            renderer: Some(Arc::new(Endless(Mutex::new(receiver)))),
            ..PoolSettings::default()
        });
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
