//! The way of a request: from a connection to an operation of the contract, a file, or the page for people.
//!
//! `context.rs` holds what all requests share; `pipeline.rs` does what a request for an operation asks, within the rules of
//! the house; `extract.rs` reads its query and its body; `fault_injection.rs` lets it go wrong, and `idempotency.rs` answers it again.

mod context;
mod extract;
mod fault_injection;
mod files;
mod idempotency;
mod pipeline;

pub(crate) use context::{AppState, OutboundClients, RequestContext, Settings};
pub(crate) use extract::query_pairs;

use crate::{
    admin, api_error::ApiError, config::VersionPrefix, contract::CONTRACT, dashboard, request_log::LoggedRequest,
    response::ApiResult,
};
use axum::{
    body::Body,
    extract::Request,
    http::{HeaderName, HeaderValue, Method, Response, request::Parts},
};
use fault_injection::ConnectionAborted;
use pipeline::RequestPipeline;
use std::{sync::Arc, time::Instant};

/// Where rendered files are served.
const MEDIA: &str = "/media/";

/// The header that names a request, for those who look for it in a log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers a request, or drops it.
pub(crate) async fn serve(state: Arc<AppState>, request: Request) -> Result<Response<Body>, ConnectionAborted> {
    let request_id = format!("req_{}", crate::uid::new(16).to_ascii_lowercase());
    let (started, method, path) = (Instant::now(), request.method().clone(), request.uri().path().to_owned());
    let mut response = answer(state.clone(), request, &request_id).await?;
    // What the page for people fetches would fill the log with itself.
    if !path.starts_with(MEDIA) && !path.starts_with(admin::PREFIX) && path != "/" {
        let (at, took, id) = (state.now_text(), started.elapsed(), request_id.as_str());
        let status = response.status().as_u16();
        state.log.add(&LoggedRequest { at, method: method.as_str(), path: &path, status, took, id });
    }
    if let Ok(id) = HeaderValue::try_from(request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    Ok(response)
}

async fn answer(state: Arc<AppState>, request: Request, request_id: &str) -> Result<Response<Body>, ConnectionAborted> {
    let (parts, body) = request.into_parts();
    // All of it, also of a request that is refused for something else: a connection with a rest in it is closed, and what
    // its client sends next gets no answer.
    let body = extract::read_all(body).await;
    let asked = parts.uri.path().to_owned();
    // Older documents put a version into the path; both work here.
    let path = asked.strip_prefix("/v1").filter(|rest| rest.starts_with('/')).unwrap_or(&asked);
    if let Some(name) = path.strip_prefix(MEDIA) {
        return Ok(match parts.method {
            Method::GET | Method::HEAD => files::file(&state, name, &parts.headers),
            _ => state.refuse(ApiError::route_not_found(&parts), &asked, request_id),
        });
    }
    if let Some(answer) = for_people(&state, &parts, path).await {
        return Ok(state.respond(answer, &asked, request_id));
    }
    if let Some(name) = path.strip_prefix(admin::PREFIX) {
        let answer = body.and_then(|body| admin::answer(&state, &parts, name, &body));
        return Ok(state.respond(answer, &asked, request_id));
    }
    let is_wrong = match state.config.version_prefix {
        VersionPrefix::Any => false,
        VersionPrefix::Required => path == asked,
        VersionPrefix::Forbidden => path != asked,
    };
    match CONTRACT.find(parts.method.as_str(), path).filter(|_| !is_wrong) {
        Some((operation, parameters)) => {
            let request = RequestPipeline { state, operation, path: parameters, parts, body, request_id };
            request.answer().await
        }
        None => Ok(state.refuse(ApiError::route_not_found(&parts), &asked, request_id)),
    }
}

/// What the page for people consists of.
async fn for_people(state: &AppState, parts: &Parts, path: &str) -> Option<ApiResult> {
    if parts.method != Method::GET {
        return None;
    }
    match path {
        "/" => Some(dashboard::page(state)),
        dashboard::SCRIPT => Some(Ok(dashboard::script())),
        path => {
            let name = path.strip_prefix(dashboard::PREVIEW)?;
            Some(dashboard::preview(state, name, parts.uri.query().unwrap_or_default()).await)
        }
    }
}
