//! What every request can reach, and what a handler gets of one.

use super::{MEDIA, idempotency::KeyedLocks};
use crate::{
    api_error::ApiError,
    config::Config,
    contract::{KeyUse, Operation},
    faults::{Faults, Script},
    fetch::{EgressPolicy, FetchError, Fetcher, Redirects},
    limits::FixedWindowLimiter,
    problem_details,
    quota::ReservedRenders,
    render::{RenderPool, Renderer},
    request_log::RequestLog,
    response::ApiResult,
    store::Store,
    uid,
};
use axum::{
    body::Body,
    http::{HeaderMap, Response, header::AUTHORIZATION},
};
use jiff::Timestamp;
use serde_json::Value;
use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// What the server was started with.
pub(crate) struct Settings {
    pub(crate) url: String,
    pub(crate) api_keys: Vec<String>,
    pub(crate) renderer: Arc<dyn Renderer>,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) config: Config,
    pub(crate) faults: Script,
    pub(crate) outbound: OutboundClients,
}

/// What makes requests.
pub(crate) struct OutboundClients {
    /// For pages and tables: follows redirects.
    pub(crate) pages: Fetcher,
    /// For data, which may ask for credentials: follows none.
    pub(crate) data: Fetcher,
    /// For deliveries, which always reach this machine.
    pub(crate) webhooks: Fetcher,
}

impl OutboundClients {
    pub(crate) fn new(egress_policy: EgressPolicy) -> Result<Self, FetchError> {
        Ok(Self {
            pages: Fetcher::new(egress_policy, Redirects::Follow)?,
            data: Fetcher::new(egress_policy, Redirects::Return)?,
            webhooks: Fetcher::new(egress_policy.max(EgressPolicy::Loopback), Redirects::Return)?,
        })
    }
}

/// What the time is.
pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What every request can reach.
pub(crate) struct AppState {
    pub(super) url: String,
    api_keys: Vec<String>,
    pub(crate) render_pool: RenderPool,
    pub(crate) store: Store,
    pub(crate) faults: Faults,
    pub(crate) log: RequestLog,
    pub(crate) outbound: OutboundClients,
    pub(crate) delivery_permits: Semaphore,
    clock: Clock,
    pub(crate) config: Config,
    pub(super) windows: FixedWindowLimiter,
    pub(super) turns: KeyedLocks,
    pub(crate) reserved_renders: ReservedRenders,
    /// Names this server, so that another one that reads its documents knows that nobody works on them any more.
    pub(crate) name: String,
    stop: CancellationToken,
}

/// How many deliveries are under way at once.
const MAX_CONCURRENT_DELIVERIES: usize = 16;

/// A request that matches an operation of the contract, carries a key where one is needed, and is valid.
pub(crate) struct RequestContext {
    pub(crate) state: Arc<AppState>,
    pub(crate) operation: &'static Operation,
    pub(crate) path: BTreeMap<String, String>,
    pub(crate) query: BTreeMap<String, Value>,
    pub(crate) body: Value,
    pub(crate) headers: HeaderMap,
    /// The address under which the client knows this server.
    pub(crate) base: String,
    /// By which the answer and the log name this request.
    pub(crate) request_id: String,
}

impl RequestContext {
    /// A parameter of the path.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// A header, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Where the client finds a file.
    pub(crate) fn media_url(&self, file: &str) -> String {
        format!("{}{MEDIA}{file}", self.base)
    }
}

impl AppState {
    pub(crate) fn new(settings: Settings) -> Arc<Self> {
        let Settings { url, api_keys, renderer, store, clock, config, faults: script, outbound } = settings;
        let (render_pool, windows, faults) =
            (RenderPool::new(renderer), FixedWindowLimiter::default(), Faults::default());
        faults.set(script);
        Arc::new(AppState {
            url,
            api_keys,
            render_pool,
            store,
            faults,
            log: RequestLog::default(),
            outbound,
            delivery_permits: Semaphore::new(MAX_CONCURRENT_DELIVERIES),
            clock,
            config,
            windows,
            turns: KeyedLocks::default(),
            reserved_renders: ReservedRenders::default(),
            name: uid::new(16),
            stop: CancellationToken::new(),
        })
    }
}

impl fmt::Debug for AppState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The keys are nobody's business.
        f.debug_struct("Service").field("url", &self.url).field("store", &self.store).finish_non_exhaustive()
    }
}

impl AppState {
    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Does something beside the requests, until the server stops.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(self.stop.clone().run_until_cancelled_owned(work));
    }

    /// Ends what is done beside the requests.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// How long seconds of the published schedule are here.
    pub(crate) fn scaled(&self, seconds: u64) -> Duration {
        #[allow(clippy::cast_precision_loss, reason = "a day at most")]
        Duration::try_from_secs_f64(seconds as f64 / self.config.webhook_retry_speedup).unwrap_or(Duration::MAX)
    }

    /// What the time is, here.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// How many renders a month has, as the account is told: that of the standard plan where nothing is limited.
    pub(crate) fn monthly_limit(&self) -> u64 {
        self.config.renders_per_month.unwrap_or(10_000)
    }

    pub(super) fn respond(&self, answer: ApiResult, path: &str, request_id: &str) -> Response<Body> {
        match answer {
            Ok(reply) => reply.into_response(),
            Err(refusal) => self.refuse(refusal, path, request_id),
        }
    }

    /// A refusal in the dialect of this server.
    pub(super) fn refuse(&self, refusal: ApiError, path: &str, request_id: &str) -> Response<Body> {
        if self.config.problem_documents {
            problem_details::response(&refusal, path, request_id)
        } else {
            refusal.into_response()
        }
    }

    /// Whether this month's renders are used up.
    pub(crate) fn is_quota_exhausted(&self) -> bool {
        let used = |limit| crate::rendering::billed_this_month(&self.store, self.now()).is_ok_and(|used| used >= limit);
        self.config.renders_per_month.is_some_and(used)
    }

    /// The time as the service writes it.
    pub(crate) fn now_text(&self) -> String {
        format!("{:.3}", self.now())
    }

    /// Whether a request may come in: with a key in its header, or in its query where the contract has a place for it.
    pub(super) fn check_key(
        &self,
        operation: &Operation,
        headers: &HeaderMap,
        query: &BTreeMap<String, Value>,
    ) -> Result<(), ApiError> {
        if operation.key == KeyUse::None {
            return Ok(());
        }
        let token = query.get("token").filter(|_| operation.query.contains_key("token")).and_then(Value::as_str);
        let key = match (headers.get(AUTHORIZATION), token) {
            (Some(header), _) => header.to_str().ok().and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default(),
            (None, Some(token)) => token,
            (None, None) if operation.key == KeyUse::Optional => return Ok(()),
            (None, None) => return Err(ApiError::unauthorized()),
        };
        let key = key.trim();
        let known = self.api_keys.is_empty() || self.api_keys.iter().any(|known| known == key);
        if key.is_empty() || !known { Err(ApiError::unauthorized()) } else { Ok(()) }
    }
}
