//! Deliveries in front of any service that speaks `http`: hyper's, axum's, tonic's.

use super::{
    DeliveryRejection, SignedDelivery, Verifier,
    signed::{BODY_TIME, Claim},
};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use std::{
    error::Error,
    pin::Pin,
    task::{Context, Poll},
};
use tower_layer::Layer;
use tower_service::Service;

/// How large a delivery may be unless it is said otherwise.
const BODY_LIMIT: usize = 2 * 1024 * 1024;

/// A tower layer that lets only signed deliveries through.
///
/// The service behind it gets the request with its body in one piece, and the [`SignedDelivery`] in the request's
/// extensions. Everything else is answered as [`SignedDelivery`] says: with a status, and nothing to learn from.
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use pictify::webhooks::{SignedDelivery, Verifier, VerifyDeliveries};
/// use std::convert::Infallible;
/// use tower_layer::Layer;
///
/// async fn rendered(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
///     if let Some(delivery) = request.extensions().get::<SignedDelivery>() {
///         println!("{}", delivery.delivery.event.name());
///     }
///     Ok(Response::default())
/// }
///
/// let verifier = Verifier::new("whsec_8QkZ1vXr2Yc9").unwrap();
/// let service = VerifyDeliveries::new(verifier).layer(tower::service_fn(rendered)); // for hyper or axum to serve
/// # fn is_service<S: tower_service::Service<Request<Full<Bytes>>>>(_: S) {}
/// # is_service(service);
/// ```
#[derive(Clone, Debug)]
pub struct VerifyDeliveries {
    verifier: Verifier,
    limit: usize,
}

impl VerifyDeliveries {
    /// Lets through what this verifier trusts.
    #[must_use]
    pub fn new(verifier: Verifier) -> Self {
        Self { verifier, limit: BODY_LIMIT }
    }

    /// How large a body may be, in bytes. 2 MiB by default.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }
}

impl<S> Layer<S> for VerifyDeliveries {
    type Service = VerifiedDeliveries<S>;

    fn layer(&self, inner: S) -> Self::Service {
        VerifiedDeliveries { layer: self.clone(), inner }
    }
}

/// A service behind [`VerifyDeliveries`].
#[derive(Clone, Debug)]
pub struct VerifiedDeliveries<S> {
    layer: VerifyDeliveries,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for VerifiedDeliveries<S>
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
        // The one that was asked whether it is ready does the work.
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

impl VerifyDeliveries {
    async fn verify<B>(&self, request: Request<B>) -> Result<Request<Full<Bytes>>, DeliveryRejection>
    where
        B: Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let (mut parts, body) = request.into_parts();
        let claim = Claim::read(|name| Some(parts.headers.get(name)?.as_bytes()))?;
        let body = tokio::time::timeout(BODY_TIME, Limited::new(body, self.limit).collect()).await;
        let body = body.map_err(|_| DeliveryRejection::late())?.map_err(|error| unread(&*error))?.to_bytes();
        parts.extensions.insert::<SignedDelivery>(claim.verify(&self.verifier, body.clone())?);
        Ok(Request::from_parts(parts, Full::new(body)))
    }
}

fn unread(error: &(dyn Error + 'static)) -> DeliveryRejection {
    let status = if error.is::<LengthLimitError>() { 413 } else { 400 };
    DeliveryRejection::new(status, format!("the body cannot be read: {error}"))
}
