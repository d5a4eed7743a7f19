//! Request IDs, the log of requests, and one line for each request in the program's log.

use super::{ServerState, fault_injection::ConnectionAborted};
use crate::{admin, context::MEDIA, contract::Operation, dashboard, requests::without_hook_secrets};
use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use std::time::Instant;

/// Response header with the request ID.
const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// ID of a request, in its response and in the logs.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

/// Gives the request an ID and logs it with its response.
pub(super) async fn observe(mut request: Request, next: Next) -> Response {
    let id = format!("req_{}", crate::uid::new(16).to_ascii_lowercase());
    let (started, method, path) = (Instant::now(), request.method().clone(), request.uri().path().to_owned());
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    let (duration, status) = (started.elapsed(), response.status().as_u16());
    let operation = response.extensions().get::<&'static Operation>().map(|operation| operation.id.as_str());
    let (shown, milliseconds) = (without_hook_secrets(&path), duration.as_secs_f64() * 1000.0);
    if response.extensions().get::<ConnectionAborted>().is_some() {
        tracing::info!(target: "pictify_emulator::requests", %method, path = shown, operation, request_id = id, "closed by a fault");
        return response;
    }
    // The page's own requests would fill the log.
    if is_recorded(&path) {
        tracing::info!(target: "pictify_emulator::requests", %method, path = shown, status, milliseconds, operation, request_id = id, "responded");
    } else {
        tracing::debug!(target: "pictify_emulator::requests", %method, path = shown, status, milliseconds, request_id = id, "responded");
    }
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID_HEADER, id);
    }
    response
}

/// Records the request and its response, for the admin API and the page.
pub(super) async fn record(State(server): State<ServerState>, mut request: Request, next: Next) -> Response {
    if !is_recorded(request.uri().path()) {
        return next.run(request).await;
    }
    let id = RequestId::of(&request);
    let pending = server.app.requests.record(&request, &id);
    request.extensions_mut().insert(pending.body());
    let response = next.run(request).await;
    if response.extensions().get::<ConnectionAborted>().is_some() {
        // Recorded as a request without a response when it is dropped.
        return response;
    }
    pending.finish(response).await
}

/// Returns true for requests that are recorded: those of tests and of the page itself would fill the log.
fn is_recorded(path: &str) -> bool {
    !path.starts_with(MEDIA) && !admin::is_path(path) && path != "/" && path != dashboard::FAVICON
}
