//! Headless Chromium, for what needs scripts and all of CSS.
//!
//! `browser.rs` starts it, and starts it anew when it is gone; `tab.rs` loads a page and takes pictures of it;
//! `requests.rs` answers what the page asks for, by the rules of the server: Chromium itself reaches no network.

mod browser;
mod requests;
mod tab;

use super::{Document, Embedded, Format, Page, Pdf, RenderError, RenderedImage, Renderer, gif, worker::TIME_LIMIT};
use crate::fetch::{EgressPolicy, Fetcher, Redirects};
use browser::Browser;
use std::{fmt, path::PathBuf, time::Duration};
use tab::Tab;
use tokio::{
    runtime::{Builder, Runtime},
    sync::Mutex,
};

/// Renders with an installed Chromium. One runs at a time, with a tab for each render; it is started with the first
/// render, and again when it has crashed.
///
/// Text is in the fonts that are built in, and in those of the machine where pages name them.
pub struct Chromium {
    /// Taken out when it is dropped.
    runtime: Option<Runtime>,
    browser: Mutex<Option<Browser>>,
    executable: PathBuf,
    pages: Fetcher,
    time: Duration,
}

impl Chromium {
    /// The engine with the Chromium that is installed, which may load from addresses in this reach.
    ///
    /// # Errors
    /// [`RenderError::Failed`] when none is found.
    pub fn find(reach: EgressPolicy) -> Result<Self, RenderError> {
        let found = chromiumoxide::detection::default_executable(chromiumoxide::detection::DetectionOptions::default());
        let none = |_| RenderError::Failed("no Chromium is installed: install the package chromium".to_owned());
        Self::at(found.map_err(none)?, reach)
    }

    /// As [`find`](Self::find), with the program at this path.
    ///
    /// # Errors
    /// [`RenderError::Failed`] when there is none.
    pub fn at(executable: impl Into<PathBuf>, reach: EgressPolicy) -> Result<Self, RenderError> {
        let executable = executable.into();
        if !executable.is_file() {
            return Err(RenderError::Failed(format!("there is no program {}", executable.display())));
        }
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().thread_name("chromium").build();
        let pages = Fetcher::new(reach, Redirects::Follow).map_err(failed)?;
        let (runtime, browser) = (Some(runtime.map_err(failed)?), Mutex::new(None));
        Ok(Self { runtime, browser, executable, pages, time: TIME_LIMIT })
    }

    /// How long a render may take; half a minute by default.
    #[must_use]
    pub fn time_limit(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// An empty tab of the browser that runs, or of a new one.
    async fn open(&self) -> Result<Tab, RenderError> {
        let mut browser = self.browser.lock().await;
        if browser.as_ref().is_none_or(|browser| !browser.is_alive()) {
            // The old one is gone before the new one begins: they share no folder, but memory.
            *browser = None;
            *browser = Some(Browser::start(&self.executable).await?);
        }
        let Some(running) = browser.as_ref() else { return Err(failed("Chromium is gone")) };
        running.tab().await
    }
}

/// A picture of what is in a tab.
fn picture(runtime: &Runtime, tab: &Tab, page: &Page) -> Result<RenderedImage, RenderError> {
    let area = match &page.selector {
        Some(selector) => Some(runtime.block_on(tab.area(selector))?),
        None => None,
    };
    if let Format::Gif(pace) = page.format {
        let animations = runtime.block_on(tab.animations())?;
        return gif::record(&animations, pace, |time| runtime.block_on(tab.frame(time, area)));
    }
    runtime.block_on(tab.picture(page.format, page.quality(), area))
}

impl Renderer for Chromium {
    fn render(&self, page: &Page) -> Result<RenderedImage, RenderError> {
        let runtime = self.runtime.as_ref().ok_or_else(|| failed("the engine has stopped"))?;
        let mut tab = runtime.block_on(self.open())?;
        let loaded = runtime.block_on(async {
            let loaded = tokio::time::timeout(self.time, tab.load(page, &self.pages)).await;
            loaded.map_err(|_| RenderError::TimedOut)?
        });
        let picture = loaded.and_then(|()| picture(runtime, &tab, page));
        runtime.block_on(tab.close());
        picture
    }

    /// By the embedded engine: the contract's pages are sheets, which are cut where Chromium would begin another page.
    fn print(&self, document: &Document) -> Result<Pdf, RenderError> {
        Embedded::new().print(document)
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
        // Also where the last owner is a task, which should not wait: this process may end right after it, and what is not
        // closed then stays, with its profile.
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

    /// A test that drops its server at its end leaves no process and no profile behind.
    #[test]
    fn nothing_is_left_of_an_engine_that_is_dropped_inside_a_runtime() {
        let engine = match Chromium::find(EgressPolicy::Public) {
            Ok(engine) => engine,
            Err(error) if std::env::var_os("CI").is_some() => panic!("{error}"),
            Err(error) => return eprintln!("not tested: {error}"),
        };
        let page = Page { html: "x".to_owned(), width: 9, height: 9, ..Page::default() };
        engine.render(&page).unwrap();
        let folder = engine.browser.blocking_lock().as_ref().unwrap().folder().to_owned();
        assert!(folder.is_dir());
        Builder::new_current_thread().build().unwrap().block_on(async { drop(engine) });
        assert!(!folder.exists(), "{}", folder.display());
    }
}
