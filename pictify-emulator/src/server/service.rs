//! What every request can reach, and what a handler gets of one.

use super::{MEDIA, replay::Turns};
use crate::{
    answer::{Answer, Refusal},
    contract::{KeyUse, Operation},
    faults::{Faults, Script},
    fetch::{FetchError, Fetcher, Reach, Redirects},
    house::{Rules, UnderWay, Windows},
    log::Log,
    problem,
    render::{Renderer, Worker},
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
    pub(crate) rules: Rules,
    pub(crate) faults: Script,
    pub(crate) network: Network,
}

/// What makes requests.
pub(crate) struct Network {
    /// For pages and tables: follows redirects.
    pub(crate) pages: Fetcher,
    /// For data, which may ask for credentials: follows none.
    pub(crate) data: Fetcher,
    /// For deliveries, which always reach this machine.
    pub(crate) courier: Fetcher,
}

impl Network {
    pub(crate) fn new(reach: Reach) -> Result<Self, FetchError> {
        Ok(Self {
            pages: Fetcher::new(reach, Redirects::Follow)?,
            data: Fetcher::new(reach, Redirects::Return)?,
            courier: Fetcher::new(reach.max(Reach::Loopback), Redirects::Return)?,
        })
    }
}

/// What the time is.
pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What every request can reach.
pub(crate) struct Service {
    pub(super) url: String,
    api_keys: Vec<String>,
    pub(crate) worker: Worker,
    pub(crate) store: Store,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) network: Network,
    pub(crate) deliveries_at_once: Semaphore,
    clock: Clock,
    pub(crate) rules: Rules,
    pub(super) windows: Windows,
    pub(super) turns: Turns,
    pub(crate) under_way: UnderWay,
    /// Names this server, so that another one that reads its documents knows that nobody works on them any more.
    pub(crate) name: String,
    stop: CancellationToken,
}

/// How many deliveries are under way at once.
const DELIVERIES_AT_ONCE: usize = 16;

/// A request that matches an operation of the contract, carries a key where one is needed, and is valid.
pub(crate) struct Call {
    pub(crate) service: Arc<Service>,
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

impl Call {
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

pub(crate) fn service(settings: Settings) -> Arc<Service> {
    let Settings { url, api_keys, renderer, store, clock, rules, faults: script, network } = settings;
    let (worker, windows, faults) = (Worker::new(renderer), Windows::default(), Faults::default());
    faults.set(script);
    Arc::new(Service {
        url,
        api_keys,
        worker,
        store,
        faults,
        log: Log::default(),
        network,
        deliveries_at_once: Semaphore::new(DELIVERIES_AT_ONCE),
        clock,
        rules,
        windows,
        turns: Turns::default(),
        under_way: UnderWay::default(),
        name: uid::new(16),
        stop: CancellationToken::new(),
    })
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The keys are nobody's business.
        f.debug_struct("Service").field("url", &self.url).field("store", &self.store).finish_non_exhaustive()
    }
}

impl Service {
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
        Duration::try_from_secs_f64(seconds as f64 / self.rules.retry_speed).unwrap_or(Duration::MAX)
    }

    /// What the time is, here.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// How many renders a month has, as the account is told: that of the standard plan where nothing is limited.
    pub(crate) fn monthly_limit(&self) -> u64 {
        self.rules.per_month.unwrap_or(10_000)
    }

    pub(super) fn respond(&self, answer: Answer, path: &str, request_id: &str) -> Response<Body> {
        match answer {
            Ok(reply) => reply.into_response(),
            Err(refusal) => self.refuse(refusal, path, request_id),
        }
    }

    /// A refusal in the dialect of this server.
    pub(super) fn refuse(&self, refusal: Refusal, path: &str, request_id: &str) -> Response<Body> {
        if self.rules.problems { problem::response(&refusal, path, request_id) } else { refusal.into_response() }
    }

    /// Whether this month's renders are used up.
    pub(crate) fn has_used_up(&self) -> bool {
        let used = |limit| crate::renders::billed_this_month(&self.store, self.now()).is_ok_and(|used| used >= limit);
        self.rules.per_month.is_some_and(used)
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
    ) -> Result<(), Refusal> {
        if operation.key == KeyUse::None {
            return Ok(());
        }
        let token = query.get("token").filter(|_| operation.query.contains_key("token")).and_then(Value::as_str);
        let key = match (headers.get(AUTHORIZATION), token) {
            (Some(header), _) => header.to_str().ok().and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default(),
            (None, Some(token)) => token,
            (None, None) if operation.key == KeyUse::Optional => return Ok(()),
            (None, None) => return Err(Refusal::unauthorized()),
        };
        let key = key.trim();
        let known = self.api_keys.is_empty() || self.api_keys.iter().any(|known| known == key);
        if key.is_empty() || !known { Err(Refusal::unauthorized()) } else { Ok(()) }
    }
}
