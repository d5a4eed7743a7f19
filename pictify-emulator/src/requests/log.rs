//! Log of recent requests, bounded by their number and their size.

use super::{RecordedRequest, RequestFilter};
use crate::{
    clock::Clock,
    contract::{CONTRACT, Operation},
    events::Events,
    metrics::Metrics,
};
use axum::{
    body::{Body, HttpBody},
    http::{
        HeaderMap, Method, Request, Response, StatusCode, Uri,
        header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING},
    },
};
use bytes::Bytes;
use jiff::Timestamp;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// Maximum number of requests in the log.
const MAX_REQUESTS: usize = 1000;

/// Maximum number of requests in a message that others were received.
const MAX_RECEIVED: usize = 100;

/// Limits of the size of a log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogLimits {
    /// Maximum size of the log, in bytes of bodies and headers.
    bytes: usize,
    /// Maximum size of a body in the log, in bytes. A longer one is left out.
    body_bytes: usize,
}

impl LogLimits {
    /// Limits of the log of a server.
    pub(crate) const SERVER: Self = Self { bytes: 32 * 1024 * 1024, body_bytes: 1024 * 1024 };

    /// Limits of the log of an isolated API key. There may be hundreds of them.
    pub(crate) const ISOLATED: Self = Self { bytes: 512 * 1024, body_bytes: 128 * 1024 };
}

/// Log of recent requests.
#[derive(Debug)]
pub(crate) struct RequestLog {
    entries: Mutex<Entries>,
    /// Number of the last request. Wakes the tasks that wait for a request.
    last: watch::Sender<u64>,
    limits: LogLimits,
    clock: Arc<Clock>,
    events: Arc<Events>,
    metrics: Arc<Metrics>,
}

#[derive(Debug, Default)]
struct Entries {
    last: u64,
    bytes: usize,
    requests: VecDeque<Arc<LoggedRequest>>,
}

/// Request as it was received, with its secrets.
pub(crate) struct LoggedRequest {
    pub(super) sequence: u64,
    pub(super) id: String,
    pub(super) at: Timestamp,
    pub(super) operation: Option<&'static str>,
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) duration: Duration,
    pub(super) request: Message,
    /// Status and content of the response; `None` if the connection was closed without one.
    pub(super) response: Option<(StatusCode, Message)>,
}

/// Headers and body of a request or response.
#[derive(Default)]
pub(super) struct Message {
    pub(super) headers: HeaderMap,
    /// Body; `None` if it is too large or not a text.
    pub(super) body: Option<Bytes>,
    /// Size of the body, if it is known.
    pub(super) size: Option<u64>,
}

impl std::fmt::Debug for LoggedRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Headers, path and body may contain secrets.
        f.debug_struct("LoggedRequest")
            .field("id", &self.id)
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}

impl LoggedRequest {
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Returns the request without its secrets.
    pub(crate) fn to_recorded(&self) -> RecordedRequest {
        RecordedRequest::of(self)
    }

    /// Returns the method, the target, the headers and the body, to send them again; `None` if the body was too large to
    /// be recorded.
    pub(crate) fn to_replay(&self) -> Option<(Method, Uri, HeaderMap, Bytes)> {
        let body = match &self.request {
            Message { body: Some(body), .. } => body.clone(),
            Message { size: Some(0), .. } => Bytes::new(),
            _ => return None,
        };
        Some((self.method.clone(), self.uri.clone(), self.request.headers.clone(), body))
    }

    fn bytes(&self) -> usize {
        let size = |message: &Message| {
            let headers: usize = message.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
            headers + message.body.as_ref().map_or(0, Bytes::len)
        };
        let response = self.response.as_ref().map_or(0, |(_, message)| size(message));
        size(&self.request) + response + self.uri.path().len() + self.uri.query().map_or(0, str::len)
    }
}

/// Request in progress. If it is dropped, it is recorded as one without a response.
#[derive(Debug)]
pub(crate) struct PendingRequest {
    log: Arc<RequestLog>,
    started: Instant,
    body: RequestBody,
    entry: Option<LoggedRequest>,
}

/// Body of a request in progress, an extension of the request.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestBody(Arc<OnceLock<Bytes>>);

impl RequestBody {
    /// Sets the body when it is received.
    pub(crate) fn set(&self, body: &Bytes) {
        // A body is received once.
        let _ = self.0.set(body.clone());
    }
}

impl RequestLog {
    pub(crate) fn new(limits: LogLimits, clock: Arc<Clock>, events: Arc<Events>, metrics: Arc<Metrics>) -> Arc<Self> {
        let (entries, last) = (Mutex::default(), watch::Sender::new(0));
        Arc::new(Self { entries, last, limits, clock, events, metrics })
    }

    /// Starts recording a request. Its body is set when it is received.
    pub(crate) fn record<B>(self: &Arc<Self>, request: &Request<B>, id: &str) -> PendingRequest {
        let entry = LoggedRequest {
            sequence: 0,
            id: id.to_owned(),
            at: self.clock.now(),
            operation: operation(request.method(), request.uri().path()),
            method: request.method().clone(),
            uri: request.uri().clone(),
            duration: Duration::ZERO,
            request: Message { headers: request.headers().clone(), ..Message::default() },
            response: None,
        };
        let body = RequestBody::default();
        PendingRequest { log: self.clone(), started: Instant::now(), body, entry: Some(entry) }
    }

    /// Returns up to `limit` requests that match, newest first.
    pub(crate) fn latest(&self, filter: &RequestFilter, limit: usize) -> Vec<Arc<LoggedRequest>> {
        let entries = self.lock();
        entries.requests.iter().rev().filter(|entry| filter.matches(entry)).take(limit).cloned().collect()
    }

    /// Returns the newest requests, which were received in place of those that a filter waits for.
    pub(crate) fn received_instead(&self, filter: &RequestFilter) -> Vec<Arc<LoggedRequest>> {
        let all = filter.start().map_or_else(RequestFilter::default, |since| RequestFilter::default().since(since));
        self.latest(&all, MAX_RECEIVED)
    }

    /// Returns the number of requests that match.
    pub(crate) fn count(&self, filter: &RequestFilter) -> usize {
        self.lock().requests.iter().filter(|entry| filter.matches(entry)).count()
    }

    /// Returns the request with this ID.
    pub(crate) fn find(&self, id: &str) -> Option<Arc<LoggedRequest>> {
        self.lock().requests.iter().rev().find(|entry| entry.id == id).cloned()
    }

    /// Returns the number of the last request.
    pub(crate) fn last(&self) -> u64 {
        self.lock().last
    }

    /// Waits until so many requests match, and returns all that match, oldest first.
    pub(crate) async fn wait(&self, filter: &RequestFilter, count: usize) -> Vec<Arc<LoggedRequest>> {
        let mut changes = self.last.subscribe();
        loop {
            let mut found = self.latest(filter, usize::MAX);
            if found.len() >= count {
                found.reverse();
                return found;
            }
            // The sender lives as long as `self`.
            let _ = changes.changed().await;
        }
    }

    /// Removes all requests.
    pub(crate) fn clear(&self) {
        let mut entries = self.lock();
        (entries.bytes, entries.requests) = (0, VecDeque::new());
    }

    fn push(&self, mut entry: LoggedRequest) {
        let mut entries = self.lock();
        entries.last += 1;
        entry.sequence = entries.last;
        entries.bytes += entry.bytes();
        let summary = entry.summary();
        entries.requests.push_back(Arc::new(entry));
        while entries.requests.len() > MAX_REQUESTS || entries.bytes > self.limits.bytes && entries.requests.len() > 1 {
            let removed = entries.requests.pop_front();
            entries.bytes -= removed.map_or(0, |removed| removed.bytes());
        }
        let last = entries.last;
        drop(entries);
        self.last.send_replace(last);
        self.events.emit("request", self.clock.now(), summary);
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PendingRequest {
    /// Returns the place for the body.
    pub(crate) fn body(&self) -> RequestBody {
        self.body.clone()
    }

    /// Records the response, and returns it unchanged.
    pub(crate) async fn finish(mut self, mut response: Response<Body>) -> Response<Body> {
        let size = response.body().size_hint().exact();
        let max_bytes = self.log.limits.body_bytes;
        let is_recorded = size.is_some_and(|size| size <= max_bytes as u64) && is_text(response.headers());
        let mut copy = None;
        if is_recorded {
            // A body of known size is in memory, so this does not wait.
            let body = std::mem::take(response.body_mut());
            if let Ok(bytes) = axum::body::to_bytes(body, max_bytes).await {
                copy = Some(bytes.clone());
                *response.body_mut() = Body::from(bytes);
            }
        }
        if let Some(entry) = &mut self.entry {
            let message = Message { headers: response.headers().clone(), body: copy, size };
            entry.response = Some((response.status(), message));
            entry.operation = response.extensions().get::<&'static Operation>().map(|operation| operation.id.as_str());
        }
        response
    }
}

impl Drop for PendingRequest {
    fn drop(&mut self) {
        let Some(mut entry) = self.entry.take() else { return };
        if let Some(body) = self.body.0.get() {
            entry.request.size = Some(body.len() as u64);
            entry.request.body = (body.len() <= self.log.limits.body_bytes).then(|| body.clone());
        } else {
            entry.request.size = (!has_body(&entry.request.headers)).then_some(0);
        }
        entry.duration = self.started.elapsed();
        let status = entry.response.as_ref().map(|(status, _)| *status);
        self.log.metrics.observe_request(entry.operation, status, entry.duration);
        self.log.push(entry);
    }
}

/// Returns the ID of the operation that a request without a response is probably for. A response says it itself.
fn operation(method: &Method, path: &str) -> Option<&'static str> {
    let path = path.strip_prefix("/v1").filter(|rest| rest.starts_with('/')).unwrap_or(path);
    CONTRACT.find(method.as_str(), path).map(|(operation, _)| operation.id.as_str())
}

/// Returns true if the headers of a request announce a body.
fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(CONTENT_LENGTH);
    length.is_some_and(|length| length != "0") || headers.contains_key(TRANSFER_ENCODING)
}

fn is_text(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.starts_with("text/") || content_type.contains("json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const LIMITS: LogLimits = LogLimits::SERVER;

    fn log() -> Arc<RequestLog> {
        RequestLog::new(LIMITS, Arc::default(), Arc::default(), Arc::default())
    }

    /// Records a request with a body of so many bytes.
    fn record(log: &Arc<RequestLog>, id: &str, bytes: usize) {
        let pending = log.record(&Request::post("/image").body(()).unwrap(), id);
        pending.body().set(&Bytes::from(vec![b'x'; bytes]));
    }

    #[test]
    fn the_oldest_requests_leave_a_full_log() {
        let log = log();
        for number in 0..MAX_REQUESTS + 2 {
            record(&log, &number.to_string(), 0);
        }
        assert_eq!(log.count(&RequestFilter::default()), MAX_REQUESTS);
        assert!(log.find("1").is_none() && log.find("2").is_some());
        for number in 0..40 {
            record(&log, &format!("large {number}"), LIMITS.body_bytes);
        }
        let entries = log.lock();
        assert!(entries.bytes <= LIMITS.bytes && entries.requests.len() < 40, "{}", entries.requests.len());
        let total: usize = entries.requests.iter().map(|entry| entry.bytes()).sum();
        assert_eq!(entries.bytes, total);
    }

    #[test]
    fn a_body_that_is_too_large_is_left_out() {
        let log = log();
        record(&log, "A", LIMITS.body_bytes + 1);
        let entry = log.find("A").unwrap();
        assert!(entry.to_replay().is_none());
        assert_eq!(entry.request.size, Some(LIMITS.body_bytes as u64 + 1));
    }

    #[tokio::test]
    async fn a_request_that_is_given_up_has_no_status() {
        let log = log();
        record(&log, "A", 0);
        assert_eq!(log.find("A").unwrap().to_recorded().status, None);
        let request = Request::post("/image").body(()).unwrap();
        let response = Response::builder().header(CONTENT_TYPE, "application/json").body(Body::from("{}")).unwrap();
        let response = log.record(&request, "B").finish(response).await;
        assert_eq!(axum::body::to_bytes(response.into_body(), 10).await.unwrap(), "{}");
        let recorded = log.find("B").unwrap().to_recorded();
        assert_eq!((recorded.status, recorded.response.json), (Some(200), Some(json!({}))));
    }
}
