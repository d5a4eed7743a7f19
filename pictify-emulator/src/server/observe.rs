//! Request IDs, the log of requests, and one line for each request in the program's log.

use super::{ServerState, fault_injection::ConnectionAborted};
use crate::{
    admin,
    context::MEDIA,
    contract::Operation,
    dashboard,
    request_log::{LoggedRequest, without_secret},
};
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
pub(super) async fn observe(State(server): State<ServerState>, mut request: Request, next: Next) -> Response {
    let id = format!("req_{}", crate::uid::new(16).to_ascii_lowercase());
    let (started, method, path) = (Instant::now(), request.method().clone(), request.uri().path().to_owned());
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    let (duration, status) = (started.elapsed(), response.status().as_u16());
    let operation = response.extensions().get::<&'static Operation>().map(|operation| operation.id.as_str());
    let (shown, milliseconds) = (without_secret(&path), duration.as_secs_f64() * 1000.0);
    if response.extensions().get::<ConnectionAborted>().is_some() {
        tracing::info!(target: "pictify_emulator::requests", %method, path = shown, operation, request_id = id, "closed by a fault");
        return response;
    }
    // The page's own requests would fill the log.
    if path == "/" || path == dashboard::FAVICON || path.starts_with(MEDIA) || path.starts_with(admin::PREFIX) {
        tracing::debug!(target: "pictify_emulator::requests", %method, path = shown, status, milliseconds, request_id = id, "responded");
    } else {
        tracing::info!(target: "pictify_emulator::requests", %method, path = shown, status, milliseconds, operation, request_id = id, "responded");
        let at = server.app.now_text();
        server.app.request_log.add(&LoggedRequest {
            at,
            method: method.as_str(),
            path: &path,
            status,
            duration,
            id: &id,
        });
    }
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID_HEADER, id);
    }
    response
}
