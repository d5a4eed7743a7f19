//! Configuration and start of a server.

use super::{Emulator, RUN, RunningServer, StartError};
use crate::{
    config::{Config, DEFAULT_WEBHOOK_RETRY_SPEEDUP, Profile, VersionPrefix},
    context::{AppState, OutboundClients, Settings},
    demo,
    faults::{Fault, FaultScript},
    fetch::EgressPolicy,
    render::{PoolSettings, RENDER_TIMEOUT, Renderer, WorkerCommand},
    server::{self, AccessPolicy, IsolatedStates, ServerState, connections},
    snapshots::{self, SnapshotError},
    store::{DEFAULT_MAX_FILE_MEMORY, Store, StoreError},
};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpListener, sync::oneshot};

/// Builder of an [`Emulator`].
#[derive(Clone, Debug)]
#[must_use]
pub struct EmulatorBuilder {
    host: IpAddr,
    port: u16,
    allowed_hosts: Vec<String>,
    cors_origins: Vec<String>,
    max_connections: Option<usize>,
    api_keys: Vec<String>,
    render_pool: PoolSettings,
    data_dir: Option<PathBuf>,
    config: Config,
    faults: Vec<Fault>,
    fault_seed: u64,
    egress_policy: EgressPolicy,
    seed_folder: Option<PathBuf>,
    max_file_memory: u64,
    isolate_keys: bool,
}

impl Default for EmulatorBuilder {
    fn default() -> Self {
        Self {
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            allowed_hosts: Vec::new(),
            cors_origins: Vec::new(),
            max_connections: None,
            api_keys: Vec::new(),
            render_pool: PoolSettings::default(),
            data_dir: None,
            config: Config::default(),
            faults: Vec::new(),
            fault_seed: 0,
            egress_policy: EgressPolicy::default(),
            seed_folder: None,
            max_file_memory: DEFAULT_MAX_FILE_MEMORY,
            isolate_keys: false,
        }
    }
}

impl EmulatorBuilder {
    /// Sets the address to listen on; 127.0.0.1 by default. Anyone who can reach the address can use the emulator.
    pub fn host(mut self, host: impl Into<IpAddr>) -> Self {
        self.host = host.into();
        self
    }

    /// Sets the port to listen on; by default 0, which takes a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Adds names under which clients reach the server, such as the name of a container; by default it is known as
    /// `localhost`, by loopback addresses and by [`host`](Self::host). Requests for other hosts are rejected: a web
    /// page could send them by DNS rebinding.
    pub fn allowed_hosts(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.allowed_hosts = names.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the origins whose pages may send requests and read responses, such as `http://localhost:3000`, or `*` for
    /// every page; by default pages of other origins may only include images and pixels and follow links.
    pub fn cors_origins(mut self, origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.cors_origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the maximum number of open connections: 512 by default, but never more than half of the files that the
    /// process may open. One more connection closes the one that has waited longest for its client.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = Some(connections);
        self
    }

    /// Sets the accepted API keys; by default every non-empty key.
    pub fn api_keys(mut self, keys: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.api_keys = keys.into_iter().map(Into::into).collect();
        self
    }

    /// Sets a folder that stores all data across restarts; by default data are in memory and end with the server.
    pub fn data_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(folder.into());
        self
    }

    /// Sets the limit for the size of all rendered files in memory, in bytes; 128 MiB by default. The oldest files are
    /// removed first; requests for them get the status 410, and their records stay. With a data folder there is no limit.
    pub fn max_file_memory(mut self, bytes: u64) -> Self {
        self.max_file_memory = bytes;
        self
    }

    /// Isolates API keys from each other: each has its own documents, files, ledger, quota, rate limit, clock, faults and
    /// recorded requests, and begins without data. Tests that run side by side with keys of their own then share a
    /// server. Off by default. All data are in memory; at most 256 keys have data, those that were used last.
    ///
    /// [`Emulator::for_key`] and, in the admin API, the header `X-Emulator-Key` select the data of a key.
    pub fn isolate_keys(mut self, isolated: bool) -> Self {
        self.isolate_keys = isolated;
        self
    }

    /// Sets the render engine; [`Embedded`](crate::render::Embedded) by default.
    pub fn renderer(mut self, renderer: impl Renderer) -> Self {
        self.render_pool.renderer = Some(Arc::new(renderer));
        self
    }

    /// Renders in worker processes, which this command starts; by default renders run in threads of this process. A worker
    /// process is stopped at the timeout, and has limited memory on Linux. Threads cannot be stopped.
    pub fn worker_command(mut self, command: WorkerCommand) -> Self {
        self.render_pool.worker_command = Some(command);
        self
    }

    /// Sets the maximum duration of a render, and the maximum time that it waits before it starts; 30 seconds by default, and
    /// at most. A render in a thread continues after its timeout.
    pub fn render_timeout(mut self, timeout: Duration) -> Self {
        self.render_pool.limits.timeout = timeout.min(RENDER_TIMEOUT);
        self
    }

    /// Sets the maximum memory of a worker process in megabytes; 256 by default.
    pub fn render_memory(mut self, megabytes: u32) -> Self {
        self.render_pool.limits.memory_megabytes = megabytes;
        self
    }

    /// Selects the behaviour where the documents and the live service disagree; the live service by default. Single
    /// settings after this call override it.
    pub fn profile(mut self, profile: Profile) -> Self {
        let documented = profile == Profile::Documented;
        (self.config.problem_documents, self.config.idempotency_keys) = (documented, documented);
        self.config.image_sizes = documented;
        self
    }

    /// Returns errors as problem documents of RFC 9457, as older documents describe; off by default.
    pub fn problem_documents(mut self, problems: bool) -> Self {
        self.config.problem_documents = problems;
        self
    }

    /// Limits the requests per minute and API key; unlimited by default. With a limit, responses carry `X-RateLimit-*`,
    /// and rejected requests `Retry-After`.
    pub fn requests_per_minute(mut self, requests: u32) -> Self {
        self.config.requests_per_minute = Some(requests);
        self
    }

    /// Limits the renders per month; unlimited by default. Further renders fail with `quota_exceeded`.
    pub fn renders_per_month(mut self, renders: u64) -> Self {
        self.config.renders_per_month = Some(renders);
        self
    }

    /// Limits the renders per month as the spending cap of an account does; unlimited by default. Further renders fail with
    /// `spending_cap_reached`.
    pub fn spending_cap(mut self, renders: u64) -> Self {
        self.config.spending_cap = Some(renders);
        self
    }

    /// Replays the response to a repeated request with the same `Idempotency-Key`, without billing it again, as older
    /// documents describe. Off by default, as observed on the live service.
    pub fn idempotency_keys(mut self, honoured: bool) -> Self {
        self.config.idempotency_keys = honoured;
        self
    }

    /// Sets the addresses that the server may fetch from and deliver webhooks to. Webhooks may always go to this
    /// machine.
    pub fn egress_policy(mut self, policy: EgressPolicy) -> Self {
        self.egress_policy = policy;
        self
    }

    /// Includes the URLs of the files in the results of batches; on by default. The live service was observed to leave
    /// them out and to send them by webhook only.
    pub fn include_batch_urls(mut self, present: bool) -> Self {
        self.config.include_batch_urls = present;
        self
    }

    /// Sets the factor by which webhook retries are faster than the published schedule: 60 by default, which makes the
    /// delays 1, 5, 30 and 120 seconds and 24 minutes. A factor that is not above 0 means the default.
    pub fn webhook_retry_speedup(mut self, factor: f64) -> Self {
        self.config.webhook_retry_speedup = if factor > 0.0 { factor } else { DEFAULT_WEBHOOK_RETRY_SPEEDUP };
        self
    }

    /// Adds the template that the examples of the SDK use, with the ID `XK4P2M9QZT`; off by default.
    pub fn demo(mut self, present: bool) -> Self {
        self.config.demo = present;
        self
    }

    /// Adds templates to look at, and makes renders of them and other samples in the background.
    pub(crate) fn demo_samples(mut self, present: bool) -> Self {
        self.config.demo_samples = present;
        self
    }

    /// Sets a folder with templates to start with; none by default. It has a folder for each template, whose name is the
    /// ID of the template, with `template.json` (the members of `POST /templates`), `index.html` or `canvas.json` (the
    /// source), and `sample.json` (optional: values that become the defaults of the variables which have none). The
    /// templates are stored at each start and each [reset](Emulator::reset); one with the ID of a stored one replaces it.
    pub fn seed(mut self, folder: impl Into<PathBuf>) -> Self {
        self.seed_folder = Some(folder.into());
        self
    }

    /// Sets the rule for the path prefix `/v1` of older documents; it is optional by default.
    pub fn version_prefix(mut self, prefix: VersionPrefix) -> Self {
        self.config.version_prefix = prefix;
        self
    }

    /// Sets the faults to inject. The first fault that matches a request is applied.
    pub fn faults(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.faults = faults.into_iter().collect();
        self
    }

    /// Sets the seed for faults with a probability.
    pub fn fault_seed(mut self, seed: u64) -> Self {
        self.fault_seed = seed;
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    /// If the server cannot listen on the address, for example because the port is taken; if the data folder cannot be
    /// used, for example because another emulator uses it; if a fault could never occur as described; if an allowed
    /// host or origin is not one.
    pub async fn start(self) -> Result<Emulator, StartError> {
        let address = SocketAddr::new(self.host, self.port);
        let failed = |source| StartError::Listen { address, source };
        let faults = FaultScript { seed: self.fault_seed, faults: self.faults };
        faults.check().map_err(|reason| StartError::Faults { reason })?;
        let access = AccessPolicy::new(self.host, &self.allowed_hosts, &self.cors_origins)
            .map_err(|reason| StartError::Access { reason })?;
        if let Some(folder) = self.data_dir.clone().filter(|_| self.isolate_keys) {
            let reason = "the data of isolated API keys are in memory only: leave out one of the two".to_owned();
            return Err(StartError::DataDir { folder: Some(folder), reason });
        }
        let store = match &self.data_dir {
            None => Store::in_memory(self.max_file_memory),
            Some(folder) => Store::in_folder(folder),
        };
        let folder = self.data_dir.clone();
        let unusable = |error: StoreError| StartError::DataDir { folder: folder.clone(), reason: error.to_string() };
        let store = store.map_err(unusable)?;
        if let Some(run) = store.unfinished_run() {
            tracing::warn!(target: RUN, run, "the last run did not end properly: it was killed, or the machine stopped");
        }
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let url = format!("http://{}", listener.local_addr().map_err(failed)?);
        let state = AppState::new(Settings {
            url: url.clone(),
            api_keys: self.api_keys,
            render_pool: self.render_pool,
            store,
            config: self.config,
            faults,
            outbound: OutboundClients::new(self.egress_policy)
                .map_err(|error| StartError::HttpClient { reason: error.to_string() })?,
            seed_folder: self.seed_folder,
        });
        snapshots::insert_initial_data(&state).map_err(|error| match error {
            SnapshotError::Seed(reason) => StartError::Seed { reason },
            error => StartError::DataDir { folder: folder.clone(), reason: error.to_string() },
        })?;
        snapshots::resume(&state).map_err(unusable)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let server = ServerState::new(state.clone(), access);
        let isolated = self.isolate_keys.then(|| Arc::new(IsolatedStates::new(server.clone())));
        let router = match &isolated {
            Some(states) => server::isolating_router(states.clone()),
            None => server::router(server),
        };
        let max_connections = connections::max_connections(self.max_connections);
        let task = tokio::spawn(connections::serve(listener, router, max_connections, stopped));
        if state.config.demo_samples {
            state.spawn(demo::create_samples(state.clone()));
        }
        Ok(Emulator { url, state, isolated, server: Some(RunningServer { stop, task }) })
    }
}
