//! Starting and stopping.

use crate::{
    batches, deliveries, demo,
    faults::{Fault, Script},
    fetch::Reach,
    house::{Profile, RETRY_SPEED, Rules, VersionPrefix},
    render::{Embedded, Renderer},
    renders::BILLED,
    server::{self, Network, Service, Settings},
    store::{Store, StoreError},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{rt::TokioIo, server::graceful::GracefulShutdown};
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
    service: Arc<Service>,
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

    /// Lets other things go wrong from here on. The first fault that means a call decides. One that could never happen,
    /// such as one for an operation that does not exist, is not refused here, as it is by [`EmulatorBuilder::start`].
    pub fn set_faults(&self, seed: u64, faults: impl IntoIterator<Item = Fault>) {
        self.service.faults.set(Script { seed, faults: faults.into_iter().collect() });
    }

    /// How many renders were billed so far, over all keys. `GET /_emulator/ledger` tells for what.
    #[must_use]
    pub fn billed(&self) -> u64 {
        self.service.store.sum(BILLED, "$.renders", "$.at", "").unwrap_or(0)
    }

    /// Stops listening and waits for the requests under way, at most a minute: as long as one may take to come and to be
    /// served. So a client that holds a request back does not hold up the end of a test for ever.
    pub async fn shutdown(mut self) {
        drop(self.stop.take());
        // The task only ends; it returns nothing that could be lost.
        let _ = tokio::time::timeout(LAST_REQUESTS, &mut self.task).await;
        self.service.stop();
        self.service.worker.close().await;
        self.service.store.leave();
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Dropping the sender is the signal; the requests under way end by themselves.
        self.stop.take();
        self.service.stop();
        self.service.store.leave();
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
    rules: Rules,
    faults: Vec<Fault>,
    seed: u64,
    reach: Reach,
    demo: bool,
}

impl Default for EmulatorBuilder {
    fn default() -> Self {
        Self {
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            api_keys: Vec::new(),
            renderer: None,
            data: None,
            rules: Rules::default(),
            faults: Vec::new(),
            seed: 0,
            reach: Reach::default(),
            demo: false,
        }
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

    /// Whose word counts where the documents and the live service disagree; the live service's by default. Single switches
    /// that come after it change what it has set.
    pub fn profile(mut self, profile: Profile) -> Self {
        let documented = profile == Profile::Documented;
        (self.rules.problems, self.rules.replays) = (documented, documented);
        self
    }

    /// Whether refusals are problem documents of RFC 9457, as older documents have it.
    pub fn problem_documents(mut self, problems: bool) -> Self {
        self.rules.problems = problems;
        self
    }

    /// How many requests a key may make in a minute; by default as many as it likes. Answers then carry
    /// `X-RateLimit-*`, and refusals `Retry-After`.
    pub fn requests_per_minute(mut self, requests: u32) -> Self {
        self.rules.per_minute = Some(requests);
        self
    }

    /// How many renders a month has; by default as many as one likes. What goes beyond is refused with `quota_exceeded`.
    pub fn renders_per_month(mut self, renders: u64) -> Self {
        self.rules.per_month = Some(renders);
        self
    }

    /// Whether the answer to a request is given again to the same request with the same `Idempotency-Key`, unbilled, as
    /// older documents have it. By default it is not, as the live service is seen to do.
    pub fn idempotency_keys(mut self, honoured: bool) -> Self {
        self.rules.replays = honoured;
        self
    }

    /// Which addresses may be fetched from, and webhooks delivered to; these always reach this machine, too.
    pub fn reach(mut self, reach: Reach) -> Self {
        self.reach = reach;
        self
    }

    /// Whether the results of batches have the addresses of their files; they do by default. The live service was seen to
    /// leave them out, and to tell them by webhook only.
    pub fn batch_urls(mut self, present: bool) -> Self {
        self.rules.batch_urls = present;
        self
    }

    /// How many times as fast as published failed deliveries are tried again: 60 by default, which makes the schedule 1,
    /// 5, 30 and 120 seconds and 24 minutes. What is not above 0 means the default.
    pub fn retry_speed(mut self, times: f64) -> Self {
        self.rules.retry_speed = if times > 0.0 { times } else { RETRY_SPEED };
        self
    }

    /// Whether there is a template under the uid that the examples of the SDK name, `XK4P2M9QZT`.
    pub fn demo(mut self, present: bool) -> Self {
        self.demo = present;
        self
    }

    /// Whether the paths of operations begin with `/v1`, as older documents have it; by default they may.
    pub fn version_prefix(mut self, prefix: VersionPrefix) -> Self {
        self.rules.prefix = prefix;
        self
    }

    /// What goes wrong. The first fault that means a call decides.
    pub fn faults(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.faults = faults.into_iter().collect();
        self
    }

    /// What chooses the calls of faults that mean a share of them.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    /// When the address cannot be listened on, for example because the port is taken; when the folder for the data cannot
    /// be used, for example because another emulator uses it; when a fault could never happen as it is described.
    pub async fn start(self) -> Result<Emulator, StartError> {
        let address = SocketAddr::new(self.host, self.port);
        let failed = |source| StartError::Listen { address, source };
        let faults = Script { seed: self.seed, faults: self.faults };
        faults.check().map_err(|reason| StartError::Faults { reason })?;
        let store = match &self.data {
            None => Store::in_memory(),
            Some(folder) => Store::in_folder(folder),
        };
        let folder = self.data.clone();
        let unusable = |error: StoreError| StartError::Data { folder: folder.clone(), reason: error.to_string() };
        let store = store.map_err(unusable)?;
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let url = format!("http://{}", listener.local_addr().map_err(failed)?);
        let renderer = self.renderer.unwrap_or_else(|| Arc::new(Embedded::new()));
        let service = server::service(Settings {
            url: url.clone(),
            api_keys: self.api_keys,
            renderer,
            store,
            clock: Arc::new(Timestamp::now),
            rules: self.rules,
            faults,
            network: Network::new(self.reach).map_err(|error| StartError::Network { reason: error.to_string() })?,
        });
        if self.demo {
            demo::store(&service.store, &service.now_text()).map_err(unusable)?;
        }
        deliveries::resume(&service).and_then(|()| batches::resume(&service)).map_err(unusable)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(accept(listener, service.clone(), stopped));
        Ok(Emulator { url, service, stop: Some(stop), task })
    }
}

/// How long to wait when there is no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(100);

/// Serves connections until it is told to stop, and then those that are under way.
async fn accept(listener: TcpListener, service: Arc<Service>, mut stopped: oneshot::Receiver<()>) {
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            _ = &mut stopped => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Out of files, for example: others may end meanwhile.
            tokio::time::sleep(NO_ROOM).await;
            continue;
        };
        // An answer in two pieces must not wait for the first to be acknowledged.
        let _ = stream.set_nodelay(true);
        let service = service.clone();
        let answer = service_fn(move |request: hyper::Request<Incoming>| {
            server::serve(service.clone(), request.map(axum::body::Body::new))
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
        // What ends a connection is its client's business, or was asked for.
        let connection = connections.watch(connection);
        tokio::spawn(async move { drop(connection.await) });
    }
    drop(listener);
    connections.shutdown().await;
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
    /// The engine that renders cannot be used.
    Engine {
        /// Why.
        reason: String,
    },
    /// A fault could never happen as it is described.
    Faults {
        /// Which, and why.
        reason: String,
    },
    /// Requests to other servers cannot be made.
    Network {
        /// Why.
        reason: String,
    },
    /// A file of options or of faults cannot be used.
    File {
        /// Which file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen { address, source } if source.kind() == io::ErrorKind::AddrInUse => write!(
                f,
                "the emulator cannot listen on {address}: {source}: stop what listens there, or choose another port; 0 takes a free one"
            ),
            Self::Listen { address, source } => write!(f, "the emulator cannot listen on {address}: {source}"),
            Self::Data { folder, reason } => {
                let folder = folder.as_deref().map_or("memory".into(), |folder| folder.display().to_string());
                write!(f, "the emulator cannot keep its data in {folder}: {reason}")
            }
            Self::Engine { reason } => write!(f, "the emulator has no engine: {reason}"),
            Self::Faults { reason } => write!(f, "the faults cannot be used: {reason}"),
            Self::Network { reason } => write!(f, "the emulator cannot make requests: {reason}"),
            Self::File { file, reason } => write!(f, "{} cannot be used: {reason}", file.display()),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen { source, .. } => Some(source),
            Self::Data { .. }
            | Self::Engine { .. }
            | Self::Faults { .. }
            | Self::Network { .. }
            | Self::File { .. } => None,
        }
    }
}

/// Waits until this process is asked to stop: by Ctrl-C, or as service managers and containers do it.
///
/// # Errors
/// When the system cannot tell.
pub async fn asked_to_stop() -> io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            asked = tokio::signal::ctrl_c() => asked,
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
