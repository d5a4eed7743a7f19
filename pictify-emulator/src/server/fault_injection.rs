//! Injection of the configured faults into responses.

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

/// Error that closes the connection without a response, because a fault says so. A response with this extension is not
/// sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionAborted;

impl fmt::Display for ConnectionAborted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dropped on demand")
    }
}

impl std::error::Error for ConnectionAborted {}

/// Waits for the delay of a fault. Returns the response that replaces the real one, if the fault has one.
pub(super) async fn inject(fault: Option<&Fault>) -> Result<Option<Response<Body>>, ConnectionAborted> {
    let Some(fault) = fault else { return Ok(None) };
    tokio::time::sleep(fault.delay_time()).await;
    if fault.is_reset() {
        return Err(ConnectionAborted);
    }
    let Some((status, headers, body)) = fault.response() else { return Ok(None) };
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

/// Truncates a response body after so many bytes. The head still announces the full length.
pub(super) async fn truncate(response: Response<Body>, after: usize) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
        return Response::from_parts(parts, Body::empty());
    };
    parts.headers.insert(CONTENT_LENGTH, bytes.len().into());
    let prefix = bytes.slice(..after.min(bytes.len()));
    let first_part = stream::once(std::future::ready(Ok(prefix)));
    // Yield once, so that hyper flushes the first part before the error closes the connection.
    let abort = stream::once(async {
        tokio::task::yield_now().await;
        Err(ConnectionAborted)
    });
    Response::from_parts(parts, Body::from_stream(first_part.chain(abort)))
}
