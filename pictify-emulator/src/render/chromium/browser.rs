//! Chromium process: start, state and shutdown.

use super::{failed, tab::Tab};
use crate::render::{RenderError, fonts};
use chromiumoxide::{
    Browser as Connection, BrowserConfig,
    cdp::browser_protocol::{
        browser::CloseParams,
        target::{CreateBrowserContextParams, CreateTargetParams},
    },
};
use futures_util::StreamExt;
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// Maximum duration of each step of the shutdown.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum duration of one command.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(20);

/// Arguments that keep Chromium from the network and make images the same on every machine.
const ARGUMENTS: [&str; 12] = [
    // Nothing listens on this address, so requests that this server does not intercept fail.
    "proxy-server=127.0.0.1:9",
    "proxy-bypass-list=<-loopback>",
    "force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    // Frames of other sites stay in the process whose requests are intercepted.
    "disable-site-isolation-trials",
    "disable-features=IsolateOrigins,site-per-process,Translate",
    "disable-background-networking",
    "disable-component-update",
    "disable-gpu",
    "disable-quic",
    "font-render-hinting=none",
    "hide-scrollbars",
    // In megabytes. The tab of a page that exceeds this crashes; other tabs continue.
    "js-flags=--max-old-space-size=512",
];

/// Running Chromium. The process ends when this is dropped.
pub(super) struct Browser {
    connection: Arc<Connection>,
    is_alive: Arc<AtomicBool>,
    /// Reads events until the connection ends.
    event_loop: JoinHandle<()>,
    /// Profile and fonts, deleted on drop.
    folder: TempDir,
}

impl Browser {
    pub(super) async fn start(executable: &Path) -> Result<Self, RenderError> {
        let folder = tempfile::Builder::new().prefix("pictify-chromium-").tempdir().map_err(failed)?;
        let fonts = fonts::write_fontconfig(folder.path()).map_err(failed)?;
        let config = BrowserConfig::builder()
            .chrome_executable(executable)
            .user_data_dir(folder.path().join("profile"))
            .env("FONTCONFIG_FILE", fonts.to_string_lossy())
            .request_timeout(COMMAND_TIMEOUT)
            .viewport(None)
            .args(ARGUMENTS);
        // Chromium does not start with its sandbox as root, which is the user in most containers.
        let config = if is_root() { config.no_sandbox() } else { config };
        let config = config.build().map_err(failed)?;
        let started = Connection::launch(config).await;
        let (connection, mut events) = started.map_err(|error| failed(format!("Chromium did not start: {error}")))?;
        let is_alive = Arc::new(AtomicBool::new(true));
        let alive = is_alive.clone();
        let event_loop = tokio::spawn(async move {
            while let Some(event) = events.next().await {
                if event.is_err() {
                    break;
                }
            }
            alive.store(false, Ordering::Relaxed);
        });
        Ok(Self { connection: Arc::new(connection), is_alive, event_loop, folder })
    }

    #[cfg(test)]
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn is_alive(&self) -> bool {
        self.is_alive.load(Ordering::Relaxed)
    }

    /// Closes the browser and waits until the process has ended: before that, its folder cannot be deleted.
    pub(super) async fn close(self) {
        let Self { connection, is_alive: _, event_loop, folder: _folder } = self;
        let closed = async {
            let _ = connection.execute(CloseParams::default()).await;
            let _ = event_loop.await;
        };
        let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, closed).await;
        // Waits for the process; dropping the connection then kills it if it still runs.
        if let Ok(mut connection) = Arc::try_unwrap(connection) {
            let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, connection.wait()).await;
        }
    }

    /// Opens an empty tab in a browser context of its own, so that it shares no data with other tabs.
    pub(super) async fn open_tab(&self) -> Result<Tab, RenderError> {
        let context =
            self.connection.create_browser_context(CreateBrowserContextParams::default()).await.map_err(failed)?;
        let params = CreateTargetParams::builder().url("about:blank").browser_context_id(context.clone()).build();
        let page = self.connection.new_page(params.map_err(failed)?).await.map_err(failed)?;
        Ok(Tab::new(self.connection.clone(), context, page))
    }
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
