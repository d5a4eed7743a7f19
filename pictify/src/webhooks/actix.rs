//! Signed deliveries as an actix-web extractor.

use super::{
    DeliveryRejection, SignedDelivery, Verifier,
    extractor::{BODY_TIMEOUT, DeliveryHeaders},
};
use actix_web::{
    FromRequest, HttpRequest, HttpResponse, ResponseError,
    dev::Payload,
    http::StatusCode,
    web::{Bytes, Data},
};
use std::pin::Pin;

impl FromRequest for SignedDelivery {
    type Error = DeliveryRejection;
    type Future = Pin<Box<dyn Future<Output = Result<Self, DeliveryRejection>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let headers = DeliveryHeaders::read(|name| Some(request.headers().get(name)?.as_bytes()));
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

impl ResponseError for DeliveryRejection {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status()).unwrap_or(StatusCode::BAD_REQUEST)
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}
