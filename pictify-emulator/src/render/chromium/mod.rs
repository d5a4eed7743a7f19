//! Renderer with headless Chromium, for pages that need scripts or all of CSS.
//!
//! `browser.rs` starts and stops the browser, `process.rs` its processes; `memory_watch.rs` limits their memory; `tab.rs` loads
//! a page and takes screenshots; `requests.rs` responds to the requests of the page, by the rules of the server. Chromium itself
//! has no network access.

mod browser;
mod memory_watch;
mod process;
mod requests;
mod tab;

use super::{
    Document, Embedded, Format, Page, Pdf, RenderError, RenderedImage, Renderer, full_page, gif, pool::RENDER_TIMEOUT,
};
use crate::fetch::{EgressPolicy, Fetcher, Redirects};
use browser::Browser;
use std::{fmt, path::PathBuf, time::Duration};
use tab::{Rect, Tab};
use tokio::{
    runtime::{Builder, Runtime},
    sync::Mutex,
};

/// Engine that renders with an installed Chromium. One process runs at a time, with a tab for each render. It starts with
/// the first render, and restarts when it has crashed.
///
/// Text uses the built-in fonts, and fonts of the machine if the page names them.
pub struct Chromium {
    /// Taken out on drop.
    runtime: Option<Runtime>,
    browser: Mutex<Option<Browser>>,
    executable: PathBuf,
    fetcher: Fetcher,
    timeout: Duration,
    memory_megabytes: u32,
}

/// Default for the maximum memory of all processes of Chromium together, in megabytes. An empty tab needs about 220.
const DEFAULT_MEMORY_MEGABYTES: u32 = 600;

impl Chromium {
    /// Creates the engine with the installed Chromium. Pages may load resources from the addresses that `egress_policy` allows.
    ///
    /// # Errors
    /// [`RenderError::Failed`] when no Chromium is found.
    pub fn find(egress_policy: EgressPolicy) -> Result<Self, RenderError> {
        let found = chromiumoxide::detection::default_executable(chromiumoxide::detection::DetectionOptions::default());
        let not_found = |_| RenderError::Failed("Chromium is not installed: install the package chromium".to_owned());
        Self::at(found.map_err(not_found)?, egress_policy)
    }

    /// Creates the engine as [`find`](Self::find) does, with the executable at this path.
    ///
    /// # Errors
    /// [`RenderError::Failed`] when the file does not exist.
    pub fn at(executable: impl Into<PathBuf>, egress_policy: EgressPolicy) -> Result<Self, RenderError> {
        let executable = executable.into();
        if !executable.is_file() {
            return Err(RenderError::Failed(format!("the executable {} does not exist", executable.display())));
        }
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().thread_name("chromium").build();
        let fetcher = Fetcher::new(egress_policy, Redirects::Follow).map_err(failed)?;
        let (runtime, browser) = (Some(runtime.map_err(failed)?), Mutex::new(None));
        Ok(Self {
            runtime,
            browser,
            executable,
            fetcher,
            timeout: RENDER_TIMEOUT,
            memory_megabytes: DEFAULT_MEMORY_MEGABYTES,
        })
    }

    /// Sets the maximum time for loading a page and taking its image, 30 seconds by default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the maximum memory of all processes of Chromium together in megabytes, 600 by default. It does not include the files
    /// of the program. When it is exceeded, the tab with the most memory is ended. It has an effect on Linux only.
    #[must_use]
    pub fn memory_limit(mut self, megabytes: u32) -> Self {
        self.memory_megabytes = megabytes;
        self
    }

    /// Opens an empty tab, after starting a browser if none runs.
    async fn open_tab(&self) -> Result<Tab, RenderError> {
        let mut browser = self.browser.lock().await;
        if browser.as_ref().is_none_or(|browser| !browser.is_alive()) {
            // The old process ends before the new one starts, so that only one uses memory.
            *browser = None;
            *browser = Some(Browser::start(&self.executable, self.memory_megabytes).await?);
        }
        let Some(running) = browser.as_ref() else { return Err(failed("Chromium has stopped")) };
        running.open_tab(self.timeout).await
    }
}

/// Renders the loaded page of a tab.
fn capture(runtime: &Runtime, tab: &Tab, page: &Page) -> Result<RenderedImage, RenderError> {
    let crop = match &page.selector {
        Some(selector) => Some(runtime.block_on(tab.find(selector))?),
        None if page.full_page && !matches!(page.format, Format::Gif(_)) => {
            let size = (page.width, page.height);
            let height = full_page::capture_height(size, runtime.block_on(tab.page_height())?);
            (height > page.height).then(|| Rect::from_top(page.width, height))
        }
        None => None,
    };
    if let Format::Gif(settings) = page.format {
        let animations = runtime.block_on(tab.pause_animations())?;
        return gif::encode(&animations, settings, |time| runtime.block_on(tab.frame(time, crop)));
    }
    runtime.block_on(tab.image(page.format, page.quality(), crop))
}

impl Chromium {
    fn render_once(&self, runtime: &Runtime, page: &Page) -> Result<RenderedImage, RenderError> {
        let mut tab = runtime.block_on(self.open_tab())?;
        let loaded = runtime.block_on(tab.load(page, &self.fetcher));
        let image = loaded.and_then(|()| capture(runtime, &tab, page));
        runtime.block_on(tab.close());
        image
    }

    /// Returns `true` if no browser runs, or if the last one has ended.
    fn has_ended(&self, runtime: &Runtime) -> bool {
        runtime.block_on(self.browser.lock()).as_ref().is_none_or(|browser| !browser.is_alive())
    }
}

impl Renderer for Chromium {
    fn name(&self) -> &'static str {
        "chromium"
    }

    fn render(&self, page: &Page) -> Result<RenderedImage, RenderError> {
        let runtime = self.runtime.as_ref().ok_or_else(|| failed("the engine has stopped"))?;
        let image = self.render_once(runtime, page);
        match image {
            // Another page may have ended the browser.
            Err(RenderError::Failed(_)) if self.has_ended(runtime) => self.render_once(runtime, page),
            image => image,
        }
    }

    /// Uses the embedded engine: in the contract the content of a page is cut where Chromium would start a new page.
    fn render_pdf(&self, document: &Document) -> Result<Pdf, RenderError> {
        Embedded::new().render_pdf(document)
    }

    fn renders_pdf_embedded(&self) -> bool {
        true
    }

    fn fetches_resources(&self) -> bool {
        true
    }

    fn shutdown(&self) {
        if let Some(runtime) = &self.runtime {
            runtime.block_on(async {
                if let Some(browser) = self.browser.lock().await.take() {
                    browser.close().await;
                }
            });
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let (runtime, browser) = (self.runtime.take(), self.browser.get_mut().take());
        let closing = std::thread::spawn(move || {
            if let (Some(runtime), Some(browser)) = (runtime, browser) {
                runtime.block_on(browser.close());
            }
        });
        // Blocks even if the last owner is an async task: this process may end right afterwards, and a Chromium that is not
        // closed would continue to run and leave its profile on disk.
        let _ = closing.join();
    }
}

impl fmt::Debug for Chromium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chromium").field("executable", &self.executable).finish_non_exhaustive()
    }
}

fn failed(error: impl fmt::Display) -> RenderError {
    RenderError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A test that drops its server at its end must not leave a process or a profile behind.
    #[test]
    fn dropping_the_engine_inside_a_runtime_deletes_its_folder() {
        if !test_requirements::require("chromium") {
            return;
        }
        let engine = Chromium::find(EgressPolicy::Public).unwrap();
        let page = Page { html: "x".to_owned(), width: 9, height: 9, ..Page::default() };
        engine.render(&page).unwrap();
        let folder = engine.browser.blocking_lock().as_ref().unwrap().folder().to_owned();
        assert!(folder.is_dir());
        Builder::new_current_thread().build().unwrap().block_on(async { drop(engine) });
        assert!(!folder.exists(), "{}", folder.display());
    }
}
