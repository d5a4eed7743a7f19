//! Starting and stopping.

use crate::{
    render::{Embedded, Renderer},
    server::{self, Settings},
    store::{Store, StoreError},
};
use jiff::Timestamp;
use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// The port that the commands listen on unless they are told otherwise.
pub const DEFAULT_PORT: u16 = 4040;

/// How long a shutdown waits.
const LAST_REQUESTS: Duration = Duration::from_secs(60);

/// A running server. It stops when it is dropped.
#[derive(Debug)]
pub struct Emulator {
    url: String,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Emulator {
    /// Starts on a free port of this machine, accepting any key.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// Sets up a server step by step.
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::default()
    }

    /// Where it listens, for example `http://127.0.0.1:4040`: the base URL for a client.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops listening and waits for the requests under way, at most a minute: as long as one may take to come and to be
    /// served. So a client that holds a request back does not hold up the end of a test for ever.
    pub async fn shutdown(mut self) {
        drop(self.stop.take());
        // The task only ends; it returns nothing that could be lost.
        let _ = tokio::time::timeout(LAST_REQUESTS, &mut self.task).await;
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Dropping the sender is the signal; the requests under way end by themselves.
        self.stop.take();
    }
}

/// Sets up an [`Emulator`].
#[derive(Clone, Debug)]
#[must_use]
pub struct EmulatorBuilder {
    host: IpAddr,
    port: u16,
    api_keys: Vec<String>,
    renderer: Option<Arc<dyn Renderer>>,
    data: Option<PathBuf>,
}

impl Default for EmulatorBuilder {
    fn default() -> Self {
        Self { host: Ipv4Addr::LOCALHOST.into(), port: 0, api_keys: Vec::new(), renderer: None, data: None }
    }
}

impl EmulatorBuilder {
    /// The address to listen on; 127.0.0.1 by default. The emulator is open to whoever reaches it.
    pub fn host(mut self, host: impl Into<IpAddr>) -> Self {
        self.host = host.into();
        self
    }

    /// The port to listen on; by default 0, a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The keys that are accepted; by default any that is not empty.
    pub fn api_keys(mut self, keys: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.api_keys = keys.into_iter().map(Into::into).collect();
        self
    }

    /// A folder in which everything is kept, for the next start; by default all is forgotten with the server.
    pub fn data(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data = Some(folder.into());
        self
    }

    /// What renders; by default [`Embedded`].
    pub fn renderer(mut self, renderer: impl Renderer) -> Self {
        self.renderer = Some(Arc::new(renderer));
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    /// When the address cannot be listened on, for example because the port is taken, or the folder for the data cannot
    /// be used.
    pub async fn start(self) -> Result<Emulator, StartError> {
        let address = SocketAddr::new(self.host, self.port);
        let failed = |source| StartError::Listen { address, source };
        let store = match &self.data {
            None => Store::in_memory(),
            Some(folder) => Store::in_folder(folder),
        };
        let unusable = |error: StoreError| StartError::Data { folder: self.data.clone(), reason: error.to_string() };
        let store = store.map_err(unusable)?;
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let url = format!("http://{}", listener.local_addr().map_err(failed)?);
        let renderer = self.renderer.unwrap_or_else(|| Arc::new(Embedded::new()));
        let router = server::router(Settings {
            url: url.clone(),
            api_keys: self.api_keys,
            renderer,
            store,
            clock: Arc::new(Timestamp::now),
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            // Accepting goes on after every failure that axum knows how to wait out, which is all of them.
            let _ = axum::serve(listener, router).with_graceful_shutdown(stopped).await;
        });
        Ok(Emulator { url, stop: Some(stop), task })
    }
}

/// Why an emulator did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on.
    Listen {
        /// Which address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The folder for the data cannot be used.
    Data {
        /// Which folder; none when even memory failed.
        folder: Option<PathBuf>,
        /// Why.
        reason: String,
    },
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen { address, source } => write!(f, "the emulator cannot listen on {address}: {source}"),
            Self::Data { folder, reason } => {
                let folder = folder.as_deref().map_or("memory".into(), |folder| folder.display().to_string());
                write!(f, "the emulator cannot keep its data in {folder}: {reason}")
            }
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen { source, .. } => Some(source),
            Self::Data { .. } => None,
        }
    }
}
