//! Recorded requests: list, wait, read, replay, clear.

mod replay;

pub(super) use replay::replay;

use super::{AdminError, AdminResult, JsonBody, check_operation, parse_query};
use crate::{
    context::AppState,
    requests::{LoggedRequest, RequestFilter},
};
use axum::{
    extract::{Path, State},
    http::{StatusCode, Uri},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// Number of requests in a list if the query gives none, and the maximum.
const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1000;

/// Maximum time to wait for requests, in seconds.
const MAX_WAIT_SECONDS: f64 = 60.0;

/// Time to wait for requests if the query gives none, in seconds.
const DEFAULT_WAIT_SECONDS: f64 = 5.0;

/// Query parameters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestQuery {
    operation: Option<String>,
    method: Option<String>,
    path: Option<String>,
    status: Option<u16>,
    since: Option<u64>,
    limit: Option<usize>,
    bodies: Option<bool>,
}

/// Query parameters of a wait.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WaitQuery {
    operation: Option<String>,
    method: Option<String>,
    path: Option<String>,
    status: Option<u16>,
    since: Option<u64>,
    count: Option<usize>,
    timeout: Option<f64>,
}

fn filter(
    operation: Option<String>,
    method: Option<String>,
    path: Option<String>,
    status: Option<u16>,
    since: Option<u64>,
) -> AdminResult<RequestFilter> {
    check_operation(operation.as_deref())?;
    let mut filter = RequestFilter::default();
    if let Some(operation) = operation {
        filter = filter.operation(operation);
    }
    if let Some(method) = method {
        filter = filter.method(method);
    }
    if let Some(path) = path {
        filter = filter.path(path);
    }
    if let Some(status) = status {
        filter = filter.status(status);
    }
    if let Some(since) = since {
        filter = filter.since(since);
    }
    Ok(filter)
}

fn to_json(requests: &[Arc<LoggedRequest>]) -> Vec<Value> {
    requests.iter().map(|request| request.to_json()).collect()
}

pub(super) async fn list(State(state): State<Arc<AppState>>, uri: Uri) -> AdminResult {
    let RequestQuery { operation, method, path, status, since, limit, bodies } = parse_query(&uri)?;
    let filter = filter(operation, method, path, status, since)?;
    let found = state.requests.latest(&filter, limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT));
    let requests = match bodies {
        Some(false) => found.iter().map(|request| request.summary()).collect(),
        _ => to_json(&found),
    };
    Ok(JsonBody(json!({"requests": requests, "total": state.requests.count(&filter), "last": state.requests.last()})))
}

pub(super) async fn wait(State(state): State<Arc<AppState>>, uri: Uri) -> AdminResult {
    let WaitQuery { operation, method, path, status, since, count, timeout } = parse_query(&uri)?;
    let filter = filter(operation, method, path, status, since)?;
    let count = count.unwrap_or(1);
    if count == 0 {
        return Err(AdminError::bad_request("count is not a number from 1"));
    }
    let timeout = timeout.unwrap_or(DEFAULT_WAIT_SECONDS);
    if !(0.0..=MAX_WAIT_SECONDS).contains(&timeout) {
        return Err(AdminError::bad_request(format!("timeout is not between 0 and {MAX_WAIT_SECONDS} seconds")));
    }
    let closed = state.events.closed();
    let waited = tokio::time::timeout(
        Duration::from_secs_f64(timeout),
        closed.run_until_cancelled(state.requests.wait(&filter, count)),
    );
    if let Ok(Some(found)) = waited.await {
        return Ok(JsonBody(json!({"requests": to_json(&found), "last": state.requests.last()})));
    }
    let matching = state.requests.count(&filter);
    let received: Vec<_> = state.requests.received_instead(&filter).iter().map(|request| request.summary()).collect();
    let message = format!("{matching} of {count} requests matched within {timeout} seconds");
    Err(AdminError::new(StatusCode::REQUEST_TIMEOUT, message).with_field("received", received))
}

pub(super) async fn get(State(state): State<Arc<AppState>>, Path(id): Path<String>) -> AdminResult {
    Ok(JsonBody(find(&state, &id)?.to_json()))
}

pub(super) async fn clear(State(state): State<Arc<AppState>>) -> JsonBody {
    state.requests.clear();
    JsonBody(json!({"last": state.requests.last()}))
}

fn find(state: &AppState, id: &str) -> AdminResult<Arc<LoggedRequest>> {
    state.requests.find(id).ok_or_else(|| AdminError::not_found("No such request: it may have left the log"))
}
