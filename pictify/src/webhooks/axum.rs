//! Signed deliveries as an axum extractor.

use super::{
    DeliveryRejection, SignedDelivery, Verifier,
    extractor::{BODY_TIMEOUT, DeliveryHeaders},
};
use axum::{
    extract::{FromRef, FromRequest, Request},
    http::StatusCode,
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
        let headers = DeliveryHeaders::read(|name| Some(request.headers().get(name)?.as_bytes()))?;
        let body = tokio::time::timeout(BODY_TIMEOUT, Bytes::from_request(request, state)).await;
        let body = body.map_err(|_| DeliveryRejection::body_timeout())?.map_err(|rejection| {
            let text = rejection.body_text();
            DeliveryRejection::new(rejection.status().as_u16(), text)
        })?;
        headers.verify(&Verifier::from_ref(state), body)
    }
}

impl IntoResponse for DeliveryRejection {
    fn into_response(self) -> Response {
        StatusCode::from_u16(self.status()).unwrap_or(StatusCode::BAD_REQUEST).into_response()
    }
}
