//! Running Chromium: start, state and shutdown.

use super::{
    failed,
    memory_watch::MemoryWatch,
    process::BrowserProcess,
    tab::{Tab, TabLimits},
};
use crate::render::{RenderError, fonts};
use chromiumoxide::{
    Browser as Connection,
    cdp::browser_protocol::{
        browser::CloseParams,
        target::{CreateBrowserContextParams, CreateTargetParams},
    },
    handler::HandlerConfig,
};
use futures_util::StreamExt;
use std::{ffi::OsString, path::Path, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

/// Maximum time for the browser to close by itself.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum duration of one command.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(20);

/// Arguments that keep Chromium from the network, start no services that renders do not need, and make images the same on every
/// machine.
const ARGUMENTS: [&str; 34] = [
    "--headless",
    "--remote-debugging-port=0",
    "--enable-automation",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-startup-window",
    "--mute-audio",
    "--hide-scrollbars",
    // Nothing listens on this address, so requests that this server does not intercept fail.
    "--proxy-server=127.0.0.1:9",
    "--proxy-bypass-list=<-loopback>",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    // Frames of other sites stay in the process whose requests are intercepted.
    "--disable-site-isolation-trials",
    "--disable-features=IsolateOrigins,site-per-process,Translate,TranslateUI",
    "--enable-features=NetworkServiceInProcess",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-hang-monitor",
    "--disable-popup-blocking",
    "--disable-quic",
    "--disable-renderer-backgrounding",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--lang=en_US",
    // In megabytes. The tab of a page that exceeds this crashes; other tabs continue.
    "--js-flags=--max-old-space-size=512",
];

/// Running Chromium. The processes end when this is dropped.
pub(super) struct Browser {
    connection: Arc<Connection>,
    /// Cancelled when the connection has ended.
    ended: CancellationToken,
    /// Reads events until the connection ends.
    event_loop: JoinHandle<()>,
    /// Task that limits the memory. It is aborted on drop.
    _watch: JoinSet<()>,
    memory: MemoryWatch,
    memory_megabytes: u32,
    process: BrowserProcess,
    /// Profile and fonts, deleted on drop.
    folder: TempDir,
}

impl Browser {
    pub(super) async fn start(executable: &Path, memory_megabytes: u32) -> Result<Self, RenderError> {
        let folder = tempfile::Builder::new().prefix("pictify-chromium-").tempdir().map_err(failed)?;
        let fonts = fonts::write_fontconfig(folder.path()).map_err(failed)?;
        let mut profile = OsString::from("--user-data-dir=");
        profile.push(folder.path().join("profile"));
        // Chromium does not start with its sandbox as root, which is the user in most containers.
        let sandbox = is_root().then_some("--no-sandbox");
        let arguments = ARGUMENTS.into_iter().chain(sandbox).map(OsString::from).chain([profile]);
        let process = BrowserProcess::start(executable, arguments, &fonts).await?;
        let config = HandlerConfig { request_timeout: COMMAND_TIMEOUT, viewport: None, ..HandlerConfig::default() };
        let connected = Connection::connect_with_config(process.address.as_str(), config).await;
        let (connection, mut events) = connected.map_err(|error| failed(format!("Chromium did not start: {error}")))?;
        let ended = CancellationToken::new();
        let guard = ended.clone().drop_guard();
        let event_loop = tokio::spawn(async move {
            let _guard = guard;
            while let Some(Ok(())) = events.next().await {}
        });
        let memory = MemoryWatch::default();
        let watch = start_watch(&memory, &process, memory_megabytes);
        let connection = Arc::new(connection);
        Ok(Self { connection, ended, event_loop, _watch: watch, memory, memory_megabytes, process, folder })
    }

    #[cfg(test)]
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn is_alive(&self) -> bool {
        !self.ended.is_cancelled()
    }

    /// Closes the browser and waits until its processes have ended: before that, its folder cannot be deleted.
    pub(super) async fn close(self) {
        let closed = async {
            let _ = self.connection.execute(CloseParams::default()).await;
            let _ = self.event_loop.await;
        };
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, closed).await;
        self.process.end().await;
        drop(self.folder);
    }

    /// Opens an empty tab in a browser context of its own, so that it shares no data with other tabs.
    pub(super) async fn open_tab(&self, timeout: Duration) -> Result<Tab, RenderError> {
        let context =
            self.connection.create_browser_context(CreateBrowserContextParams::default()).await.map_err(failed)?;
        let params = CreateTargetParams::builder().url("about:blank").browser_context_id(context.clone()).build();
        let page = self.connection.new_page(params.map_err(failed)?).await.map_err(failed)?;
        let limits = TabLimits {
            browser_ended: self.ended.clone(),
            memory: self.memory.clone(),
            memory_megabytes: self.memory_megabytes,
            timeout,
        };
        Tab::new(self.connection.clone(), context, page, limits).await
    }
}

/// Starts the task that limits the memory.
#[cfg(target_os = "linux")]
fn start_watch(memory: &MemoryWatch, process: &BrowserProcess, memory_megabytes: u32) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    if let Some(group) = process.group() {
        tasks.spawn(memory.clone().run(group, memory_megabytes));
    }
    tasks
}

/// Other systems do not report the memory of processes in the same way.
#[cfg(not(target_os = "linux"))]
fn start_watch(_: &MemoryWatch, _: &BrowserProcess, _: u32) -> JoinSet<()> {
    JoinSet::new()
}

fn is_root() -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
    }
    #[cfg(not(unix))]
    false
}
