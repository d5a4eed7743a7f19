//! A tower layer that verifies deliveries, for any server based on `http`: hyper, axum, tonic.

use super::{
    DeliveryRejection, SignedDelivery, Verifier,
    extractor::{BODY_TIMEOUT, DeliveryHeaders},
};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use std::{
    error::Error,
    pin::Pin,
    task::{Context, Poll},
};
use tower_layer::Layer;
use tower_service::Service;

/// Default maximum size of a body, in bytes.
const DEFAULT_MAX_BODY_BYTES: usize = 2 * 1024 * 1024;

/// Tower layer that passes only signed deliveries to the inner service.
///
/// The inner service receives the request with its body in one piece, and the [`SignedDelivery`] in the request's
/// extensions. All other requests are rejected as [`SignedDelivery`] documents: with a status and an empty body.
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use pictify::webhooks::{SignedDelivery, Verifier, VerifyDeliveryLayer};
/// use std::convert::Infallible;
/// use tower_layer::Layer;
///
/// async fn rendered(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
///     if let Some(delivery) = request.extensions().get::<SignedDelivery>() {
///         println!("{}", delivery.event.name());
///     }
///     Ok(Response::default())
/// }
///
/// let verifier = Verifier::new("whsec_8QkZ1vXr2Yc9").unwrap();
/// let service = VerifyDeliveryLayer::new(verifier).layer(tower::service_fn(rendered)); // serve it with hyper or axum
/// # fn is_service<S: tower_service::Service<Request<Full<Bytes>>>>(_: S) {}
/// # is_service(service);
/// ```
#[derive(Clone, Debug)]
pub struct VerifyDeliveryLayer {
    verifier: Verifier,
    limit: usize,
}

impl VerifyDeliveryLayer {
    /// Creates a layer with this verifier and a body limit of 2 MiB.
    #[must_use]
    pub fn new(verifier: Verifier) -> Self {
        Self { verifier, limit: DEFAULT_MAX_BODY_BYTES }
    }

    /// Sets the maximum size of a body, in bytes. 2 MiB by default.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }
}

impl<S> Layer<S> for VerifyDeliveryLayer {
    type Service = VerifyDelivery<S>;

    fn layer(&self, inner: S) -> Self::Service {
        VerifyDelivery { layer: self.clone(), inner }
    }
}

/// Tower service that verifies deliveries; made by [`VerifyDeliveryLayer`].
#[derive(Clone, Debug)]
pub struct VerifyDelivery<S> {
    layer: VerifyDeliveryLayer,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for VerifyDelivery<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
    R: Default,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // `poll_ready` was called on this clone, so this clone must handle the request.
        let ready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, ready);
        let layer = self.layer.clone();
        Box::pin(async move {
            match layer.verify(request).await {
                Ok(request) => inner.call(request).await,
                Err(rejection) => {
                    let mut response = Response::new(R::default());
                    *response.status_mut() =
                        StatusCode::from_u16(rejection.status()).unwrap_or(StatusCode::BAD_REQUEST);
                    Ok(response)
                }
            }
        })
    }
}

impl VerifyDeliveryLayer {
    async fn verify<B>(&self, request: Request<B>) -> Result<Request<Full<Bytes>>, DeliveryRejection>
    where
        B: Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let (mut parts, body) = request.into_parts();
        let headers = DeliveryHeaders::read(|name| parts.headers.get_all(name).iter().map(HeaderValue::as_bytes))?;
        let body = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, self.limit).collect()).await;
        let body =
            body.map_err(|_| DeliveryRejection::body_timeout())?.map_err(|error| body_rejection(&*error))?.to_bytes();
        parts.extensions.insert::<SignedDelivery>(headers.verify(&self.verifier, body.clone())?);
        Ok(Request::from_parts(parts, Full::new(body)))
    }
}

fn body_rejection(error: &(dyn Error + 'static)) -> DeliveryRejection {
    let status = if error.is::<LengthLimitError>() { 413 } else { 400 };
    DeliveryRejection::new(status, format!("the body cannot be read: {error}"))
}
