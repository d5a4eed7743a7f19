//! HTTP server: routes each request to an operation of the contract, a rendered file, the dashboard or the admin API.
//!
//! `pipeline.rs` handles a request for an operation: rate limit, faults, API key,
//! idempotency, quota, handler. `extract.rs` reads the query string and the body, `fault_injection.rs` applies faults,
//! `idempotency.rs` replays stored responses, and `files.rs` serves rendered files.

mod extract;
mod fault_injection;
mod files;
mod idempotency;
mod pipeline;

use crate::{
    admin,
    api_error::ApiError,
    config::VersionPrefix,
    context::{AppState, MEDIA},
    contract::CONTRACT,
    dashboard,
    request_log::LoggedRequest,
};
use axum::{
    body::Body,
    extract::Request,
    http::{HeaderName, HeaderValue, Method, Response},
};
use fault_injection::ConnectionAborted;
use pipeline::RequestPipeline;
use std::{sync::Arc, time::Instant};

/// Response header with the request ID.
const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Handles a request. Returns an error if a fault closes the connection.
pub(crate) async fn serve(state: Arc<AppState>, request: Request) -> Result<Response<Body>, ConnectionAborted> {
    let request_id = format!("req_{}", crate::uid::new(16).to_ascii_lowercase());
    let (started, method, path) = (Instant::now(), request.method().clone(), request.uri().path().to_owned());
    let mut response = route(state.clone(), request, &request_id).await?;
    // The dashboard's own requests would fill the log.
    if !path.starts_with(MEDIA) && !path.starts_with(admin::PREFIX) && !dashboard::has_path(&path) {
        let (at, duration, id) = (state.now_text(), started.elapsed(), request_id.as_str());
        let status = response.status().as_u16();
        state.request_log.add(&LoggedRequest { at, method: method.as_str(), path: &path, status, duration, id });
    }
    if let Ok(id) = HeaderValue::try_from(request_id) {
        response.headers_mut().insert(REQUEST_ID_HEADER, id);
    }
    Ok(response)
}

/// Routes a request by its path.
async fn route(state: Arc<AppState>, request: Request, request_id: &str) -> Result<Response<Body>, ConnectionAborted> {
    let (parts, body) = request.into_parts();
    // Read the whole body, even if the request is then rejected. hyper closes a connection with unread bytes, and the
    // client's next request on it would fail.
    let body = extract::read_all(body).await;
    let requested_path = parts.uri.path().to_owned();
    // Older documents put a version into the path; both forms work.
    let path = requested_path.strip_prefix("/v1").filter(|rest| rest.starts_with('/')).unwrap_or(&requested_path);
    // The service has two paths for the health check.
    let path = if path == "/health" && parts.method == Method::GET { "/healthcheck" } else { path };
    if let Some(name) = path.strip_prefix(MEDIA) {
        return Ok(match parts.method {
            Method::GET | Method::HEAD => files::serve_file(&state, name, &parts.headers),
            _ => state.error_response(ApiError::route_not_found(&parts), &requested_path, request_id),
        });
    }
    if dashboard::has_path(path) {
        let query = parts.uri.query().unwrap_or_default();
        let response = match body {
            Ok(body) => dashboard::respond(&state, &parts.method, path, query, &body).await,
            Err(error) => Err(error),
        };
        return Ok(state.respond(response, &requested_path, request_id));
    }
    if let Some(name) = path.strip_prefix(admin::PREFIX) {
        let response = body.and_then(|body| admin::handle(&state, &parts, name, &body));
        return Ok(state.respond(response, &requested_path, request_id));
    }
    let has_prefix = requested_path.starts_with("/v1/");
    let is_wrong_prefix = match state.config.version_prefix {
        VersionPrefix::Any => false,
        VersionPrefix::Required => !has_prefix,
        VersionPrefix::Forbidden => has_prefix,
    };
    match CONTRACT.find(parts.method.as_str(), path).filter(|_| !is_wrong_prefix) {
        Some((operation, parameters)) => {
            let request = RequestPipeline { state, operation, path: parameters, parts, body, request_id };
            request.run().await
        }
        None => Ok(state.error_response(ApiError::route_not_found(&parts), &requested_path, request_id)),
    }
}
