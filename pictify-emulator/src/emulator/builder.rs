//! Setting a server up, and starting it.

use super::{Emulator, StartError, accept};
use crate::{
    batches,
    config::{Config, DEFAULT_WEBHOOK_RETRY_SPEEDUP, Profile, VersionPrefix},
    demo_template,
    faults::{Fault, Script},
    fetch::EgressPolicy,
    render::{Embedded, Renderer},
    server::{AppState, OutboundClients, Settings},
    store::{Store, StoreError},
    webhooks,
};
use jiff::Timestamp;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};
use tokio::{net::TcpListener, sync::oneshot};

/// Sets up an [`Emulator`].
#[derive(Clone, Debug)]
#[must_use]
pub struct EmulatorBuilder {
    host: IpAddr,
    port: u16,
    api_keys: Vec<String>,
    renderer: Option<Arc<dyn Renderer>>,
    data_dir: Option<PathBuf>,
    config: Config,
    faults: Vec<Fault>,
    fault_seed: u64,
    egress_policy: EgressPolicy,
    demo: bool,
}

impl Default for EmulatorBuilder {
    fn default() -> Self {
        Self {
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            api_keys: Vec::new(),
            renderer: None,
            data_dir: None,
            config: Config::default(),
            faults: Vec::new(),
            fault_seed: 0,
            egress_policy: EgressPolicy::default(),
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
    pub fn data_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(folder.into());
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
        (self.config.problem_documents, self.config.idempotency_keys) = (documented, documented);
        self
    }

    /// Whether refusals are problem documents of RFC 9457, as older documents have it.
    pub fn problem_documents(mut self, problems: bool) -> Self {
        self.config.problem_documents = problems;
        self
    }

    /// How many requests a key may make in a minute; by default as many as it likes. Answers then carry
    /// `X-RateLimit-*`, and refusals `Retry-After`.
    pub fn requests_per_minute(mut self, requests: u32) -> Self {
        self.config.requests_per_minute = Some(requests);
        self
    }

    /// How many renders a month has; by default as many as one likes. What goes beyond is refused with `quota_exceeded`.
    pub fn renders_per_month(mut self, renders: u64) -> Self {
        self.config.renders_per_month = Some(renders);
        self
    }

    /// Whether the answer to a request is given again to the same request with the same `Idempotency-Key`, unbilled, as
    /// older documents have it. By default it is not, as the live service is seen to do.
    pub fn idempotency_keys(mut self, honoured: bool) -> Self {
        self.config.idempotency_keys = honoured;
        self
    }

    /// Which addresses may be fetched from, and webhooks delivered to; these always reach this machine, too.
    pub fn egress_policy(mut self, policy: EgressPolicy) -> Self {
        self.egress_policy = policy;
        self
    }

    /// Whether the results of batches have the addresses of their files; they do by default. The live service was seen to
    /// leave them out, and to tell them by webhook only.
    pub fn include_batch_urls(mut self, present: bool) -> Self {
        self.config.include_batch_urls = present;
        self
    }

    /// How many times as fast as published failed deliveries are tried again: 60 by default, which makes the schedule 1,
    /// 5, 30 and 120 seconds and 24 minutes. What is not above 0 means the default.
    pub fn webhook_retry_speedup(mut self, factor: f64) -> Self {
        self.config.webhook_retry_speedup = if factor > 0.0 { factor } else { DEFAULT_WEBHOOK_RETRY_SPEEDUP };
        self
    }

    /// Whether there is a template under the uid that the examples of the SDK name, `XK4P2M9QZT`.
    pub fn demo(mut self, present: bool) -> Self {
        self.demo = present;
        self
    }

    /// Whether the paths of operations begin with `/v1`, as older documents have it; by default they may.
    pub fn version_prefix(mut self, prefix: VersionPrefix) -> Self {
        self.config.version_prefix = prefix;
        self
    }

    /// What goes wrong. The first fault that means a call decides.
    pub fn faults(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.faults = faults.into_iter().collect();
        self
    }

    /// What chooses the calls of faults that mean a share of them.
    pub fn fault_seed(mut self, seed: u64) -> Self {
        self.fault_seed = seed;
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
        let faults = Script { seed: self.fault_seed, faults: self.faults };
        faults.check().map_err(|reason| StartError::Faults { reason })?;
        let store = match &self.data_dir {
            None => Store::in_memory(),
            Some(folder) => Store::in_folder(folder),
        };
        let folder = self.data_dir.clone();
        let unusable = |error: StoreError| StartError::DataDir { folder: folder.clone(), reason: error.to_string() };
        let store = store.map_err(unusable)?;
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let url = format!("http://{}", listener.local_addr().map_err(failed)?);
        let renderer = self.renderer.unwrap_or_else(|| Arc::new(Embedded::new()));
        let state = AppState::new(Settings {
            url: url.clone(),
            api_keys: self.api_keys,
            renderer,
            store,
            clock: Arc::new(Timestamp::now),
            config: self.config,
            faults,
            outbound: OutboundClients::new(self.egress_policy)
                .map_err(|error| StartError::OutboundClients { reason: error.to_string() })?,
        });
        if self.demo {
            demo_template::store(&state.store, &state.now_text()).map_err(unusable)?;
        }
        webhooks::resume(&state).and_then(|()| batches::resume(&state)).map_err(unusable)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(accept(listener, state.clone(), stopped));
        Ok(Emulator { url, state, stop: Some(stop), task })
    }
}
