//! The way of a request: from a connection to an operation of the contract, a file, or the page for people.
//!
//! `service.rs` holds what all requests share; `incoming.rs` does what a request for an operation asks, within the rules of
//! the house; `reading.rs` reads its query and its body; `faulty.rs` lets it go wrong, and `replay.rs` answers it again.

mod faulty;
mod files;
mod incoming;
mod reading;
mod replay;
mod service;

pub(crate) use reading::query_pairs;
pub(crate) use service::{Call, Network, Service, Settings, service};

use crate::{
    admin,
    answer::{Answer, Refusal},
    contract::CONTRACT,
    house::VersionPrefix,
    log::Asked,
    page,
};
use axum::{
    body::Body,
    extract::Request,
    http::{HeaderName, HeaderValue, Method, Response, request::Parts},
};
use faulty::Dropped;
use incoming::Incoming;
use std::{sync::Arc, time::Instant};

/// Where rendered files are served.
const MEDIA: &str = "/media/";

/// The header that names a request, for those who look for it in a log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers a request, or drops it.
pub(crate) async fn serve(service: Arc<Service>, request: Request) -> Result<Response<Body>, Dropped> {
    let request_id = format!("req_{}", crate::uid::new(16).to_ascii_lowercase());
    let (started, method, path) = (Instant::now(), request.method().clone(), request.uri().path().to_owned());
    let mut response = answer(service.clone(), request, &request_id).await?;
    // What the page for people fetches would fill the log with itself.
    if !path.starts_with(MEDIA) && !path.starts_with(admin::PREFIX) && path != "/" {
        let (at, took, id) = (service.now_text(), started.elapsed(), request_id.as_str());
        let status = response.status().as_u16();
        service.log.add(&Asked { at, method: method.as_str(), path: &path, status, took, id });
    }
    if let Ok(id) = HeaderValue::try_from(request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    Ok(response)
}

async fn answer(service: Arc<Service>, request: Request, request_id: &str) -> Result<Response<Body>, Dropped> {
    let (parts, body) = request.into_parts();
    // All of it, also of a request that is refused for something else: a connection with a rest in it is closed, and what
    // its client sends next gets no answer.
    let body = reading::all_bytes(body).await;
    let asked = parts.uri.path().to_owned();
    // Older documents put a version into the path; both work here.
    let path = asked.strip_prefix("/v1").filter(|rest| rest.starts_with('/')).unwrap_or(&asked);
    if let Some(name) = path.strip_prefix(MEDIA) {
        return Ok(match parts.method {
            Method::GET | Method::HEAD => files::file(&service, name, &parts.headers),
            _ => service.refuse(Refusal::no_route(&parts), &asked, request_id),
        });
    }
    if let Some(answer) = for_people(&service, &parts, path).await {
        return Ok(service.respond(answer, &asked, request_id));
    }
    if let Some(name) = path.strip_prefix(admin::PREFIX) {
        let answer = body.and_then(|body| admin::answer(&service, &parts, name, &body));
        return Ok(service.respond(answer, &asked, request_id));
    }
    let is_wrong = match service.rules.prefix {
        VersionPrefix::Any => false,
        VersionPrefix::Required => path == asked,
        VersionPrefix::Refused => path != asked,
    };
    match CONTRACT.find(parts.method.as_str(), path).filter(|_| !is_wrong) {
        Some((operation, parameters)) => {
            let request = Incoming { service, operation, path: parameters, parts, body, request_id };
            request.answer().await
        }
        None => Ok(service.refuse(Refusal::no_route(&parts), &asked, request_id)),
    }
}

/// What the page for people consists of.
async fn for_people(service: &Service, parts: &Parts, path: &str) -> Option<Answer> {
    if parts.method != Method::GET {
        return None;
    }
    match path {
        "/" => Some(page::page(service)),
        page::SCRIPT => Some(Ok(page::script())),
        path => {
            let name = path.strip_prefix(page::PREVIEW)?;
            Some(page::preview(service, name, parts.uri.query().unwrap_or_default()).await)
        }
    }
}
