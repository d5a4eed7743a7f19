//! A tower service as the transport.

use super::{Body, BoxFuture, SendProgress, Transport, TransportError};
use bytes::Bytes;
use futures_util::{TryStreamExt, future::poll_fn};
use http_body_util::BodyDataStream;
use pictify_api::BoxError;
use tower_service::Service;

/// Sends requests with a tower service: a stack of layers around a hyper client, or a test double.
///
/// The service's errors count as [connection lost](TransportError::connection_lost) unless they are a [`TransportError`]
/// already, since the request may have been sent.
#[derive(Clone, Debug)]
pub struct TowerTransport<S>(S);

impl<S> TowerTransport<S> {
    /// Uses a service. It is cloned for each request.
    #[must_use]
    pub fn new(service: S) -> Self {
        Self(service)
    }
}

impl<S, B> Transport for TowerTransport<S>
where
    S: Service<http::Request<Bytes>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        let mut service = self.0.clone();
        Box::pin(async move {
            // A service that is not ready has not seen the request.
            let progress = SendProgress::of(&request);
            progress.hold();
            poll_fn(|context| service.poll_ready(context)).await.map_err(TransportError::not_sent)?;
            progress.start();
            let response = service.call(request).await.map_err(classify)?;
            let (head, body) = response.into_parts();
            let chunks = BodyDataStream::new(body).map_err(TransportError::connection_lost);
            Ok(http::Response::from_parts(head, Body::from_stream(chunks)))
        })
    }
}

fn classify(error: impl Into<BoxError>) -> TransportError {
    error.into().downcast::<TransportError>().map_or_else(TransportError::connection_lost, |error| *error)
}
