//! Repetition of a recorded request: it is sent to the server again, with the API key of its first sending.

use super::{AdminError, AdminResult, JsonBody, find};
use crate::context::AppState;
use axum::{
    body::Body,
    extract::{Path, State},
    http::{
        Request, StatusCode, Uri,
        header::{CONNECTION, CONTENT_LENGTH, HeaderName, TRANSFER_ENCODING},
    },
};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::net::TcpStream;

/// Timeout of a replay.
const REPLAY_TIMEOUT: Duration = Duration::from_secs(120);

/// Maximum size of a response, in bytes. It is read to its end and then discarded, since the log has a copy.
const MAX_RESPONSE_BYTES: usize = 64 * 1024 * 1024;

/// Header with the ID of the request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub(in super::super) async fn replay(State(state): State<Arc<AppState>>, Path(id): Path<String>) -> AdminResult {
    let recorded = find(&state, &id)?;
    let Some((method, uri, mut headers, body)) = recorded.to_replay() else {
        let message =
            "The request cannot be repeated: its body was not recorded, because it was too large or was not read";
        return Err(AdminError::new(StatusCode::CONFLICT, message));
    };
    // The connection sets its own framing.
    for name in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
        headers.remove(name);
    }
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let mut request = Request::new(Body::from(body));
    (*request.method_mut(), *request.headers_mut()) = (method, headers);
    *request.uri_mut() = target.parse::<Uri>().map_err(|error| AdminError::bad_request(error.to_string()))?;
    let sent = tokio::time::timeout(REPLAY_TIMEOUT, send(state.url(), request)).await;
    let failed =
        |error: String| AdminError::new(StatusCode::BAD_GATEWAY, format!("The replay got no response: {error}"));
    let id = sent.map_err(|_| failed("it timed out".to_owned()))?.map_err(|error| failed(error.to_string()))?;
    let repeated = state.requests.find(&id).ok_or_else(|| failed("it is not in the log".to_owned()))?;
    Ok(JsonBody(json!({"request": repeated.to_json(), "replayOf": recorded.id()})))
}

/// Sends a request to this server and returns the request ID of the response.
async fn send(url: &str, request: Request<Body>) -> io::Result<String> {
    let address = url.strip_prefix("http://").unwrap_or(url);
    let mut address: SocketAddr = address.parse().map_err(io::Error::other)?;
    if address.ip().is_unspecified() {
        // The server listens on all addresses, so also on the loopback address.
        let loopback = if address.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() };
        address.set_ip(loopback);
    }
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    // The connection ends when its sender is dropped.
    let exchange = async move {
        let response = sender.send_request(request).await.map_err(io::Error::other)?;
        let id = response.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
        let body = axum::body::to_bytes(Body::new(response.into_body()), MAX_RESPONSE_BYTES);
        body.await.map_err(io::Error::other).map(|_| id)
    };
    let (exchanged, _) = tokio::join!(exchange, connection);
    exchanged
}
