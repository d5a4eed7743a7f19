//! The default transport.

use super::{Body, BoxFuture, SendProgress, Transport, TransportError};
use bytes::Bytes;
use futures_util::{FutureExt, TryStreamExt};
use http_body::{Frame, SizeHint};
use std::{
    any::Any,
    convert::Infallible,
    panic::{AssertUnwindSafe, resume_unwind},
    pin::Pin,
    task::{Context, Poll},
};

/// Sends requests with a [`reqwest::Client`].
#[derive(Clone, Debug)]
pub struct ReqwestTransport(::reqwest::Client);

impl ReqwestTransport {
    /// Uses a client that was set up elsewhere.
    ///
    /// Build it with `redirect(Policy::none())` and `retry(never())`: the contract of [`Transport`] asks for both.
    #[must_use]
    pub fn new(client: ::reqwest::Client) -> Self {
        Self(client)
    }
}

impl Transport for ReqwestTransport {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(async move {
            if tokio::runtime::Handle::try_current().is_err() {
                let text = "there is no Tokio runtime: send calls within one, or use the blocking client";
                return Err(TransportError::runtime(text.to_owned()));
            }
            let progress = SendProgress::of(&request);
            let request = request.map(|body| {
                // The HTTP library never asks for an empty body, so nothing would report its start.
                if body.is_empty() {
                    return ::reqwest::Body::from(body);
                }
                progress.hold();
                ::reqwest::Body::wrap(ReportedBody { body, progress })
            });
            let request = ::reqwest::Request::try_from(request)?;
            let executed = AssertUnwindSafe(self.0.execute(request)).catch_unwind().await;
            let response: http::Response<::reqwest::Body> = executed.map_err(missing_driver)??.into();
            let (head, body) = response.into_parts();
            let chunks = http_body_util::BodyDataStream::new(body).map_err(TransportError::from);
            Ok(http::Response::from_parts(head, Body::from_stream(chunks)))
        })
    }
}

/// Returns the error of a runtime without a driver. Tokio panics then, and has no way to ask for a driver before.
fn missing_driver(panic: Box<dyn Any + Send>) -> TransportError {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    match text.or_else(|| panic.downcast_ref::<String>().cloned()).filter(|text| text.contains("Tokio 1.x")) {
        Some(text) => {
            let text = text.trim_end_matches('.');
            TransportError::runtime(format!("the Tokio runtime lacks a driver: build it with `enable_all` ({text})"))
        }
        None => resume_unwind(panic),
    }
}

/// The body of a request, which reports when it is asked for: from then on the server may have seen the request.
struct ReportedBody {
    body: Bytes,
    progress: SendProgress,
}

impl http_body::Body for ReportedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.progress.start();
        let body = std::mem::take(&mut self.body);
        Poll::Ready(if body.is_empty() { None } else { Some(Ok(Frame::data(body))) })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.body.len() as u64)
    }
}
