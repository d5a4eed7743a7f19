//! State that all requests share, and the context of one request.

use crate::{
    api_error::ApiError,
    clock::Clock,
    config::Config,
    contract::{KeyUse, Operation},
    events::{self, Events},
    faults::{FaultScript, Faults},
    fetch::{EgressPolicy, FetchError, Fetcher, Redirects},
    keyed_locks::KeyedLocks,
    limits::FixedWindowLimiter,
    metrics::Metrics,
    problem_details,
    quota::{MonthlyQuota, Quota, QuotaReservation},
    render::{PoolSettings, RenderPool},
    requests::{LogLimits, RequestLog},
    response::ApiResult,
    store::{Change, Store, StoreError},
    uid,
};
use axum::{
    body::Body,
    http::{HeaderMap, Response, StatusCode, header::AUTHORIZATION},
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Path prefix of rendered files.
pub(crate) const MEDIA: &str = "/media/";

/// Settings that the server starts with.
pub(crate) struct Settings {
    pub(crate) url: String,
    pub(crate) api_keys: Vec<String>,
    pub(crate) render_pool: PoolSettings,
    pub(crate) store: Store,
    pub(crate) config: Config,
    pub(crate) faults: FaultScript,
    pub(crate) outbound: OutboundClients,
    /// Folder of templates to start with.
    pub(crate) seed_folder: Option<PathBuf>,
}

/// HTTP clients for requests that the server sends.
pub(crate) struct OutboundClients {
    /// Client for pages and tables; follows redirects.
    pub(crate) pages: Fetcher,
    /// Client for binding data, which may carry credentials; follows no redirects.
    pub(crate) data: Fetcher,
    /// Client for webhook deliveries; may always connect to this machine.
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

/// State that all requests share.
pub(crate) struct AppState {
    url: String,
    api_keys: Vec<String>,
    pub(crate) render_pool: Arc<RenderPool>,
    pub(crate) store: Store,
    pub(crate) faults: Faults,
    pub(crate) clock: Arc<Clock>,
    pub(crate) events: Arc<Events>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) requests: Arc<RequestLog>,
    pub(crate) outbound: Arc<OutboundClients>,
    /// Folder of templates to start with.
    pub(crate) seed_folder: Option<PathBuf>,
    pub(crate) delivery_permits: Arc<Semaphore>,
    pub(crate) config: Config,
    pub(crate) rate_limiter: FixedWindowLimiter,
    pub(crate) request_locks: KeyedLocks,
    pub(crate) quota: MonthlyQuota,
    /// Random ID of this server process. A process that finds another ID in a stored document knows that its worker is
    /// gone.
    pub(crate) instance_id: String,
    stop: CancellationToken,
    /// Token of the current background work.
    background: Mutex<CancellationToken>,
}

/// Maximum number of webhook deliveries that run concurrently.
const MAX_CONCURRENT_DELIVERIES: usize = 16;

/// Origin of renders: the operation that asks for them, and what its client knows. Background work keeps it after the
/// response was sent.
#[derive(Clone)]
pub(crate) struct RenderContext {
    pub(crate) state: Arc<AppState>,
    pub(crate) operation: &'static Operation,
    /// Request ID in the response, in the log and in the ledger.
    pub(crate) request_id: String,
    /// Base URL under which the client knows this server.
    pub(crate) base_url: String,
    pub(crate) idempotency_key: Option<String>,
}

impl RenderContext {
    /// Returns the URL of a rendered file for this client.
    pub(crate) fn media_url(&self, file: &str) -> String {
        format!("{}{MEDIA}{file}", self.base_url)
    }

    /// Reserves renders, if the quota of the month allows them.
    pub(crate) fn reserve_renders(&self, renders: u64) -> Result<QuotaReservation, ApiError> {
        self.state.quota.reserve(&self.state.store, self.state.now(), self.operation, renders)
    }
}

/// Validated request for an operation of the contract, with an API key where one is required.
pub(crate) struct RequestContext {
    pub(crate) state: Arc<AppState>,
    pub(crate) path: BTreeMap<String, String>,
    pub(crate) query: BTreeMap<String, Value>,
    pub(crate) body: Value,
    pub(crate) headers: HeaderMap,
    /// Origin of the renders of this request.
    pub(crate) render: RenderContext,
}

impl RequestContext {
    /// Returns a path parameter, or an empty string.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// Reads the body, which has passed validation.
    pub(crate) fn read_body<'a, T: Deserialize<'a>>(&'a self) -> Result<T, ApiError> {
        T::deserialize(&self.body).map_err(|error| {
            ApiError::framework(StatusCode::BAD_REQUEST, Some("FST_ERR_VALIDATION"), format!("body: {error}"))
        })
    }

    /// Returns a header if it is valid text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Parts of a state that the isolated states of API keys share: what limits the use of the machine, and what counts it.
struct SharedParts {
    render_pool: Arc<RenderPool>,
    outbound: Arc<OutboundClients>,
    seed_folder: Option<PathBuf>,
    delivery_permits: Arc<Semaphore>,
    metrics: Arc<Metrics>,
    log_limits: LogLimits,
    stop: CancellationToken,
}

impl AppState {
    pub(crate) fn new(settings: Settings) -> Arc<Self> {
        let Settings { url, api_keys, render_pool, store, config, faults, outbound, seed_folder } = settings;
        let shared = SharedParts {
            render_pool: Arc::new(RenderPool::new(render_pool)),
            outbound: Arc::new(outbound),
            seed_folder,
            delivery_permits: Arc::new(Semaphore::new(MAX_CONCURRENT_DELIVERIES)),
            metrics: Arc::default(),
            log_limits: LogLimits::SERVER,
            stop: CancellationToken::new(),
        };
        Self::with(url, api_keys, store, config, faults, shared)
    }

    /// Creates the state of an API key that is isolated from others: with the same settings, and without data.
    pub(crate) fn isolated(&self) -> Result<Arc<Self>, StoreError> {
        let shared = SharedParts {
            render_pool: self.render_pool.clone(),
            outbound: self.outbound.clone(),
            seed_folder: self.seed_folder.clone(),
            delivery_permits: self.delivery_permits.clone(),
            metrics: self.metrics.clone(),
            log_limits: LogLimits::ISOLATED,
            stop: self.stop.child_token(),
        };
        let (store, faults) = (self.store.sibling()?, self.faults.initial().clone());
        Ok(Self::with(self.url.clone(), self.api_keys.clone(), store, self.config, faults, shared))
    }

    fn with(
        url: String,
        api_keys: Vec<String>,
        store: Store,
        config: Config,
        faults: FaultScript,
        shared: SharedParts,
    ) -> Arc<Self> {
        let SharedParts { render_pool, outbound, seed_folder, delivery_permits, metrics, log_limits, stop } = shared;
        let (clock, events) = (Arc::<Clock>::default(), Arc::<Events>::default());
        let requests = RequestLog::new(log_limits, clock.clone(), events.clone(), metrics.clone());
        store.observe({
            let (clock, events, metrics) = (clock.clone(), events.clone(), metrics.clone());
            move |change| observe(change, &clock, &events, &metrics)
        });
        let background = Mutex::new(stop.child_token());
        Arc::new(AppState {
            url,
            api_keys,
            render_pool,
            store,
            faults: Faults::new(faults),
            clock,
            events,
            metrics,
            requests,
            outbound,
            seed_folder,
            delivery_permits,
            config,
            rate_limiter: FixedWindowLimiter::default(),
            request_locks: KeyedLocks::default(),
            quota: MonthlyQuota::new(&config),
            instance_id: uid::new(16),
            stop,
            background,
        })
    }
}

/// Emits the event of a changed document, and counts renders.
fn observe(change: &Change<'_>, clock: &Clock, events: &Events, metrics: &Metrics) {
    let Some((name, data)) = events::of_document(change.kind, change.id, change.name) else { return };
    match (name, change.inserted) {
        ("render", Some(render)) => metrics.count_render(render["format"].as_str().unwrap_or_default()),
        ("ledger", Some(entry)) => metrics.count_billed(entry["renders"].as_u64().unwrap_or_default()),
        _ => {}
    }
    events.emit(name, clock.now(), data);
}

impl fmt::Debug for AppState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // API keys must not appear in logs.
        f.debug_struct("AppState").field("url", &self.url).field("store", &self.store).finish_non_exhaustive()
    }
}

impl AppState {
    /// Returns the URL that the server listens on.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Runs a task in the background until the server stops or its data are replaced.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let token = self.background.lock().unwrap_or_else(PoisonError::into_inner).clone();
        tokio::spawn(token.run_until_cancelled_owned(work));
    }

    /// Cancels the background tasks that run now. Others can be started.
    pub(crate) fn cancel_background_work(&self) {
        let mut background = self.background.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *background, self.stop.child_token()).cancel();
    }

    /// Cancels the background tasks.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Returns a delay of the published retry schedule, shortened by the configured factor.
    pub(crate) fn scale_retry_delay(&self, seconds: u64) -> Duration {
        #[allow(clippy::cast_precision_loss, reason = "at most a day")]
        Duration::try_from_secs_f64(seconds as f64 / self.config.webhook_retry_speedup).unwrap_or(Duration::MAX)
    }

    /// Returns the current time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns the monthly quota that the account reports: the configured limit, else that of the standard plan.
    pub(crate) fn monthly_limit(&self) -> u64 {
        self.config.renders_per_month.unwrap_or(10_000)
    }

    pub(crate) fn respond(&self, response: ApiResult, path: &str, request_id: &str) -> Response<Body> {
        match response {
            Ok(response) => response.into_response(),
            Err(error) => self.error_response(error, path, request_id),
        }
    }

    /// Converts an error to a response: plain JSON or a problem document, as configured.
    pub(crate) fn error_response(&self, error: ApiError, path: &str, request_id: &str) -> Response<Body> {
        if self.config.problem_documents {
            problem_details::to_response(&error, path, request_id)
        } else {
            error.into_response()
        }
    }

    /// Returns the quota that is used up this month, if one is.
    pub(crate) fn exhausted_quota(&self) -> Option<Quota> {
        self.quota.exhausted(&self.store, self.now()).ok().flatten()
    }

    /// Returns the current time in the format of the service.
    pub(crate) fn now_text(&self) -> String {
        format!("{:.3}", self.now())
    }

    /// Checks the API key: in the `Authorization` header, or in the query string where the contract allows it.
    pub(crate) fn check_api_key(
        &self,
        operation: &Operation,
        headers: &HeaderMap,
        query: &BTreeMap<String, Value>,
    ) -> Result<(), ApiError> {
        if operation.key == KeyUse::None {
            return Ok(());
        }
        let token = query
            .get("token")
            .filter(|_| operation.query.contains_key("token") || operation.also_accepts("query token"))
            .and_then(Value::as_str);
        let key = match (headers.get(AUTHORIZATION), token) {
            (Some(_), _) => bearer_key(headers).unwrap_or_default(),
            (None, Some(token)) => token.trim(),
            (None, None) if operation.key == KeyUse::Optional => return Ok(()),
            (None, None) => return Err(ApiError::unauthorized()),
        };
        if self.is_known_key(key) { Ok(()) } else { Err(ApiError::unauthorized()) }
    }

    /// Returns true for an API key that the server accepts.
    pub(crate) fn is_known_key(&self, key: &str) -> bool {
        !key.is_empty() && (self.api_keys.is_empty() || self.api_keys.iter().any(|known| known == key))
    }
}

/// Returns the API key of the `Authorization` header.
pub(crate) fn bearer_key(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}
