//! Deliveries as an axum extractor.

use super::{DELIVERY_ID_HEADER, Delivery, SIGNATURE_HEADER, Verifier};
use axum_core::{
    extract::{FromRef, FromRequest, Request},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{StatusCode, header::CONTENT_TYPE};
use std::fmt;

/// A delivery whose signature was checked before anything read it.
///
/// It takes the [`Verifier`] out of the state and the body as it came, within axum's own body limit (2 MB unless
/// `DefaultBodyLimit` says otherwise). A request that is refused is answered with a status and nothing else to learn from:
/// 400 for what is malformed, 401 for what is not trusted, 413 for a body that is too large, 415 for one that does not
/// call itself JSON.
///
/// ```no_run
/// use axum::{Router, http::StatusCode, routing::post};
/// use pictify::webhooks::{Event, SignedDelivery, Verifier};
///
/// async fn rendered(delivery: SignedDelivery) -> StatusCode {
///     if let Event::RenderCompleted(render) = &delivery.delivery.event {
///         println!("{:?}", render.url);
///     }
///     StatusCode::NO_CONTENT
/// }
///
/// let verifier = Verifier::new("whsec_8QkZ1vXr2Yc9").unwrap();
/// let app: Router = Router::new().route("/pictify", post(rendered)).with_state(verifier);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignedDelivery {
    /// What it says.
    pub delivery: Delivery,
    /// Its id, by which a repeat is known.
    pub id: Option<String>,
    /// The body as it came.
    pub body: Bytes,
}

impl<S> FromRequest<S> for SignedDelivery
where
    Verifier: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = DeliveryRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let headers = request.headers();
        let is_json = headers.get(CONTENT_TYPE).is_some_and(|kind| {
            let kind = kind.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
            kind.trim_ascii().eq_ignore_ascii_case(b"application/json")
        });
        if !is_json {
            return Err(DeliveryRejection::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the content type is not application/json",
            ));
        }
        let Some(signature) = headers.get(SIGNATURE_HEADER).cloned() else {
            return Err(DeliveryRejection::new(StatusCode::BAD_REQUEST, "there is no signature header"));
        };
        let id = headers.get(DELIVERY_ID_HEADER).and_then(|id| id.to_str().ok()).map(str::to_owned);
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            let text = rejection.body_text();
            DeliveryRejection::new(rejection.status(), text)
        })?;
        let delivery = Verifier::from_ref(state).delivery(&body, signature.as_bytes()).map_err(|error| {
            let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
            DeliveryRejection::new(status, error.to_string())
        })?;
        Ok(Self { delivery, id, body })
    }
}

/// Why a request was refused. Its answer is the status alone; the reason is for logs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeliveryRejection {
    /// The status that it is answered with.
    pub status: StatusCode,
    /// What was wrong; it holds no secret and no signature.
    pub reason: String,
}

impl DeliveryRejection {
    fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into() }
    }
}

impl fmt::Display for DeliveryRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status, self.reason)
    }
}

impl std::error::Error for DeliveryRejection {}

impl IntoResponse for DeliveryRejection {
    fn into_response(self) -> Response {
        self.status.into_response()
    }
}
