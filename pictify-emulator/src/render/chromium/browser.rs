//! Chromium as a process: how it is started, and whether it still runs.

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

/// How long its end may take.
const CLOSING: Duration = Duration::from_secs(5);

/// How long one command may take.
const COMMAND: Duration = Duration::from_secs(20);

/// What keeps Chromium from the network and makes its pictures the same everywhere.
const ARGUMENTS: [&str; 12] = [
    // Where nothing listens: what is not answered by this server, fails.
    "proxy-server=127.0.0.1:9",
    "proxy-bypass-list=<-loopback>",
    "force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    // Frames of other sites stay in the process whose requests are answered here.
    "disable-site-isolation-trials",
    "disable-features=IsolateOrigins,site-per-process,Translate",
    "disable-background-networking",
    "disable-component-update",
    "disable-gpu",
    "disable-quic",
    "font-render-hinting=none",
    "hide-scrollbars",
    // In megabytes. A page that wants more loses its tab, and nobody else anything.
    "js-flags=--max-old-space-size=512",
];

/// A running Chromium. It ends when this is dropped.
pub(super) struct Browser {
    connection: Arc<Connection>,
    alive: Arc<AtomicBool>,
    /// Ends with the connection.
    over: JoinHandle<()>,
    /// The profile and the fonts; deleted with it.
    folder: TempDir,
}

impl Browser {
    pub(super) async fn start(executable: &Path) -> Result<Self, RenderError> {
        let folder = tempfile::Builder::new().prefix("pictify-chromium-").tempdir().map_err(failed)?;
        let fonts = fonts::for_fontconfig(folder.path()).map_err(failed)?;
        let config = BrowserConfig::builder()
            .chrome_executable(executable)
            .user_data_dir(folder.path().join("profile"))
            .env("FONTCONFIG_FILE", fonts.to_string_lossy())
            .request_timeout(COMMAND)
            .viewport(None)
            .args(ARGUMENTS);
        // Chromium refuses its sandbox to root, the user of most containers.
        let config = if is_root() { config.no_sandbox() } else { config };
        let config = config.build().map_err(failed)?;
        let started = Connection::launch(config).await;
        let (connection, mut events) = started.map_err(|error| failed(format!("Chromium did not start: {error}")))?;
        let alive = Arc::new(AtomicBool::new(true));
        let is_over = alive.clone();
        let over = tokio::spawn(async move {
            while let Some(event) = events.next().await {
                if event.is_err() {
                    break;
                }
            }
            is_over.store(false, Ordering::Relaxed);
        });
        Ok(Self { connection: Arc::new(connection), alive, over, folder })
    }

    #[cfg(test)]
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Relaxed)
    }

    /// Ends it, and waits until it is gone: only then can its folder be deleted.
    pub(super) async fn close(self) {
        let Self { connection, alive: _, over, folder: _folder } = self;
        let ended = async {
            let _ = connection.execute(CloseParams::default()).await;
            let _ = over.await;
        };
        let _ = tokio::time::timeout(CLOSING, ended).await;
        // Now the process is killed if it still is there.
        if let Ok(mut connection) = Arc::try_unwrap(connection) {
            let _ = tokio::time::timeout(CLOSING, connection.wait()).await;
        }
    }

    /// An empty tab that shares nothing with the others.
    pub(super) async fn tab(&self) -> Result<Tab, RenderError> {
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
        std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
    }
    #[cfg(not(unix))]
    false
}
