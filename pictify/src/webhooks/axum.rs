//! Signed deliveries as an axum extractor.

use super::{
    DeliveryRejection, SignedDelivery, Verifier,
    extractor::{BODY_TIMEOUT, DeliveryHeaders},
};
#[cfg(feature = "delivery-store")]
use super::{HandleError, HandleOutcome};
use axum::{
    extract::{FromRef, FromRequest, Request},
    http::{HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use bytes::Bytes;

impl<S> FromRequest<S> for SignedDelivery
where
    Verifier: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = DeliveryRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let headers = DeliveryHeaders::read(|name| request.headers().get_all(name).iter().map(HeaderValue::as_bytes))?;
        let body = tokio::time::timeout(BODY_TIMEOUT, Bytes::from_request(request, state)).await;
        let body = body.map_err(|_| DeliveryRejection::body_timeout())?.map_err(|rejection| {
            let text = rejection.body_text();
            DeliveryRejection::new(rejection.status().as_u16(), text)
        })?;
        headers.verify(&Verifier::from_ref(state), body)
    }
}

/// The status of [`HandleOutcome::status`] and an empty body.
#[cfg(feature = "delivery-store")]
impl<T> IntoResponse for HandleOutcome<T> {
    fn into_response(self) -> Response {
        StatusCode::from_u16(self.status()).unwrap_or_default().into_response()
    }
}

/// The status 500 and an empty body: the service sends the delivery again.
#[cfg(feature = "delivery-store")]
impl<E> IntoResponse for HandleError<E> {
    fn into_response(self) -> Response {
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

impl IntoResponse for DeliveryRejection {
    fn into_response(self) -> Response {
        StatusCode::from_u16(self.status()).unwrap_or(StatusCode::BAD_REQUEST).into_response()
    }
}
