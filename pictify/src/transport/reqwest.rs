//! The default transport.

use super::{Body, BoxFuture, Transport, TransportError};
use bytes::Bytes;
use futures_util::TryStreamExt;

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
            let request = ::reqwest::Request::try_from(request)?;
            let response: http::Response<::reqwest::Body> = self.0.execute(request).await?.into();
            let (head, body) = response.into_parts();
            let chunks = http_body_util::BodyDataStream::new(body).map_err(TransportError::from);
            Ok(http::Response::from_parts(head, Body::from_stream(chunks)))
        })
    }
}
