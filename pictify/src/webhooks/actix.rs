//! Signed deliveries as an actix-web extractor.

use super::{
    DeliveryRejection, SignedDelivery, Verifier,
    extractor::{BODY_TIMEOUT, DeliveryHeaders},
};
#[cfg(feature = "delivery-store")]
use super::{HandleError, HandleOutcome};
use actix_web::{
    FromRequest, HttpRequest, HttpResponse, ResponseError,
    dev::Payload,
    http::{StatusCode, header::HeaderValue},
    web::{Bytes, Data},
};
#[cfg(feature = "delivery-store")]
use actix_web::{Responder, body::BoxBody};
#[cfg(feature = "delivery-store")]
use std::fmt;
use std::pin::Pin;

impl FromRequest for SignedDelivery {
    type Error = DeliveryRejection;
    type Future = Pin<Box<dyn Future<Output = Result<Self, DeliveryRejection>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let headers = DeliveryHeaders::read(|name| request.headers().get_all(name).map(HeaderValue::as_bytes));
        // The payload is only borrowed here: take the body now, await it below.
        let body = Bytes::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let headers = headers?;
            let body = tokio::time::timeout(BODY_TIMEOUT, body).await.map_err(|_| DeliveryRejection::body_timeout())?;
            let body = body.map_err(|error| {
                let status = error.as_response_error().status_code().as_u16();
                DeliveryRejection::new(status, error.to_string())
            })?;
            let verifier =
                request.app_data::<Verifier>().or_else(|| Some(request.app_data::<Data<Verifier>>()?.get_ref()));
            let missing =
                || DeliveryRejection::new(500, "the app data contains no Verifier: add one with App::app_data");
            headers.verify(verifier.ok_or_else(missing)?, body)
        })
    }
}

/// The status of [`HandleOutcome::status`] and an empty body.
#[cfg(feature = "delivery-store")]
impl<T> Responder for HandleOutcome<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::new(StatusCode::from_u16(self.status()).unwrap_or_default())
    }
}

/// The status 500 and an empty body: the service sends the delivery again.
#[cfg(feature = "delivery-store")]
impl<E: fmt::Debug + fmt::Display> ResponseError for HandleError<E> {
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl ResponseError for DeliveryRejection {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status()).unwrap_or(StatusCode::BAD_REQUEST)
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}
