//! Pipeline of a request for an operation: rate limit, faults, validation, idempotency, quota, handler.

use super::{
    ServerState,
    body::{ParsedBody, ReceivedBody},
    extract::parse_query,
    fault_injection::{ConnectionAborted, inject, truncate},
    idempotency::IdempotencyRecord,
    routes::Faulted,
};
use crate::{
    api_error::ApiError,
    context::{AppState, RenderContext, RequestContext},
    contract::Operation,
    handlers,
    limits::{self, RateLimitStatus},
    response::ApiResult,
};
use axum::{
    body::Body,
    http::{
        HeaderName, HeaderValue, Response,
        header::{AUTHORIZATION, HOST},
        request::Parts,
    },
};
use std::collections::BTreeMap;

/// Request for an operation, before validation.
pub(super) struct RequestPipeline {
    pub(super) server: ServerState,
    pub(super) operation: &'static Operation,
    pub(super) path: BTreeMap<String, String>,
    pub(super) parts: Parts,
    pub(super) body: Result<ReceivedBody, ApiError>,
    pub(super) request_id: String,
}

impl RequestPipeline {
    /// Handles the request and returns its response. Returns an error if a fault closes the connection.
    pub(super) async fn run(self) -> Result<Response<Body>, ConnectionAborted> {
        let state = self.server.app.clone();
        let rate_limit = self.count_request(&state);
        let fault = state.faults.next_fault(&self.operation.id);
        let (before, after) = match &fault {
            Some(fault) if fault.is_after_handler() => (None, Some(fault)),
            fault => (fault.as_ref(), None),
        };
        let retry_after = rate_limit.and_then(|rate_limit| rate_limit.retry_after);
        let mut response = match (inject(before).await?, retry_after) {
            (Some(injected), _) => injected,
            (None, Some(retry_after)) => {
                state.error_response(limits::rate_limited(retry_after), self.parts.uri.path(), &self.request_id)
            }
            (None, None) => {
                let (path, request_id) = (self.parts.uri.path().to_owned(), self.request_id.clone());
                state.respond(self.handle().await, &path, &request_id)
            }
        };
        if let Some(injected) = inject(after).await? {
            response = injected;
        }
        if fault.is_some() {
            response.extensions_mut().insert(Faulted);
        }
        if let Some(bytes) = fault.and_then(|fault| fault.truncate_after_bytes()) {
            response = truncate(response, bytes).await;
        }
        for (name, value) in rate_limit.into_iter().flat_map(limits::RateLimitStatus::headers) {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        Ok(response)
    }

    /// Counts the request towards the limit of its API key and that of its operation. Returns the stricter one.
    fn count_request(&self, state: &AppState) -> Option<RateLimitStatus> {
        let key = self.parts.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
        let key = String::from_utf8_lossy(key);
        let count = |name: &str, limit| state.rate_limiter.count_request(name, limit, state.now());
        let general = state.config.requests_per_minute.map(|limit| count(&key, limit));
        let operation = self.operation;
        let own = operation.requests_per_minute.map(|limit| count(&format!("{} {key}", operation.id), limit));
        [general, own].into_iter().flatten().min_by_key(|status| (status.retry_after.is_none(), status.remaining))
    }

    /// Validates the request, replays a stored response if there is one, and runs the handler.
    async fn handle(self) -> ApiResult {
        let Self { server, operation, path, parts, body, request_id } = self;
        let state = server.app.clone();
        let query = parse_query(operation, parts.uri.query().unwrap_or_default())?;
        state.check_api_key(operation, &parts.headers, &query)?;
        let ParsedBody { value: body, memory: _memory } = server.bodies.parse(operation, &parts, body).await?;
        let Some(handler) = handlers::handler(&operation.id) else {
            // Unreachable: a test checks that every operation has a handler.
            return Err(ApiError::internal(format!("{} has no handler", operation.id)));
        };
        let base = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let base = base.map_or_else(|| state.url().to_owned(), |host| format!("http://{host}"));
        let headers = parts.headers;
        let idempotency_key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
        let render = RenderContext { state: state.clone(), operation, request_id, base_url: base, idempotency_key };
        let context = RequestContext { state: state.clone(), path, query, body, headers, render };
        let record = if state.config.idempotency_keys { IdempotencyRecord::for_request(&context) } else { None };
        let _lock = match &record {
            Some(record) => Some(record.lock(&state).await),
            None => None,
        };
        if let Some(stored) = record.as_ref().and_then(|record| record.stored(&state)) {
            return Ok(stored);
        }
        if let Some(quota) = state.exhausted_quota().filter(|_| operation.is_billed) {
            return Err(quota.exceeded_error(operation));
        }
        let response = handler(context).await?.check_contract(operation)?;
        if let Some(record) = record {
            record.store(&state, &response)?;
        }
        Ok(response)
    }
}
