//! Answers that go wrong because somebody asked for it.

use crate::faults::Fault;
use axum::{
    body::Body,
    http::{
        HeaderName, HeaderValue, Response, StatusCode,
        header::{CONTENT_LENGTH, CONTENT_TYPE},
    },
};
use futures_util::stream::{self, StreamExt};
use std::fmt;

/// The connection is closed without an answer: a fault that was asked for.
#[derive(Debug)]
pub(crate) struct ConnectionAborted;

impl fmt::Display for ConnectionAborted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dropped on demand")
    }
}

impl std::error::Error for ConnectionAborted {}

/// Waits as long as a fault says; the answer that it gives instead of the real one.
pub(super) async fn inject(fault: Option<&Fault>) -> Result<Option<Response<Body>>, ConnectionAborted> {
    let Some(fault) = fault else { return Ok(None) };
    tokio::time::sleep(fault.delay_time()).await;
    if fault.is_reset() {
        return Err(ConnectionAborted);
    }
    let Some((status, headers, body)) = fault.answer() else { return Ok(None) };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(Some(response))
}

/// An answer that ends too early: its head promises all of the body.
pub(super) async fn truncate(response: Response<Body>, after: usize) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
        return Response::from_parts(parts, Body::empty());
    };
    parts.headers.insert(CONTENT_LENGTH, bytes.len().into());
    let kept = bytes.slice(..after.min(bytes.len()));
    let first = stream::once(std::future::ready(Ok(kept)));
    // What is written so far is sent while the body makes its reader wait.
    let then = stream::once(async {
        tokio::task::yield_now().await;
        Err(ConnectionAborted)
    });
    Response::from_parts(parts, Body::from_stream(first.chain(then)))
}
