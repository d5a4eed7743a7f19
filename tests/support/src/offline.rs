//! A transport without a network.

use crate::{Reply, Request};
use bytes::Bytes;
use pictify::transport::{Body, BoxFuture, Transport, TransportError};
use std::sync::{Arc, Mutex, PoisonError};

/// Transport that returns one reply to every request and records the requests. It opens no socket.
#[derive(Clone)]
pub struct OfflineTransport {
    reply: Reply,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl OfflineTransport {
    /// Returns a transport with a complete reply: [`Reply::new`] or [`Reply::json`].
    #[must_use]
    pub fn new(reply: Reply) -> Self {
        Self { reply, requests: Arc::default() }
    }

    /// Returns the requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Transport for OfflineTransport {
    fn send(&self, request: ::http::Request<Bytes>) -> BoxFuture<'_, Result<::http::Response<Body>, TransportError>> {
        let (head, body) = request.into_parts();
        let headers = head.headers.iter();
        let headers = headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()));
        let request = Request {
            method: head.method.to_string(),
            target: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            headers: headers.collect(),
            body: body.to_vec(),
        };
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        let response = response(&self.reply).ok_or_else(|| TransportError::not_sent("the reply is not complete"));
        Box::pin(std::future::ready(response))
    }
}

/// Reads the response of a complete reply.
fn response(reply: &Reply) -> Option<::http::Response<Body>> {
    let Reply::Bytes(bytes) = reply else { return None };
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?;
    let mut response = ::http::Response::builder().status(status);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        response = response.header(name, value);
    }
    response.body(Body::from(bytes[end + 4..].to_vec())).ok()
}
