//! The signed delivery and the checks that all web frameworks share.

use super::{
    DELIVERY_ID_HEADER, Delivery, DeliveryError, SIGNATURE_HEADER, Verifier, signature::MAX_SIGNATURE_HEADERS,
};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::{fmt, ops::Deref, time::Duration};

/// Timeout for receiving the body of a delivery. The service waits equally long for a response.
pub(super) const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Maximum length of a delivery ID, in bytes. The ID is not signed: anybody with a copy of a delivery can change it.
const MAX_ID_LEN: usize = 255;

/// A delivery whose signature was verified before its body was parsed.
///
#[cfg_attr(feature = "axum", doc = "As an axum extractor, it takes the [`Verifier`] from the state. The body limit is")]
#[cfg_attr(feature = "axum", doc = "axum's own: 2 MB unless `DefaultBodyLimit` changes it.")]
#[cfg_attr(feature = "axum", doc = "```no_run")]
#[cfg_attr(not(feature = "axum"), doc = "```ignore")]
/// use axum::{Router, http::StatusCode, routing::post};
/// use pictify::webhooks::{Event, SignedDelivery, Verifier};
///
/// async fn rendered(delivery: SignedDelivery) -> StatusCode {
///     if let Event::RenderCompleted(render) = &delivery.event {
///         println!("{:?}", render.url);
///     }
///     StatusCode::NO_CONTENT
/// }
///
/// let verifier = Verifier::new("whsec_8QkZ1vXr2Yc9").unwrap();
/// let app: Router = Router::new().route("/pictify", post(rendered)).with_state(verifier);
/// ```
///
#[cfg_attr(
    feature = "actix",
    doc = "As an actix-web extractor, it takes the [`Verifier`] from the app data. The body limit"
)]
#[cfg_attr(feature = "actix", doc = "is actix's own: 256 KB unless `PayloadConfig` changes it.")]
#[cfg_attr(feature = "actix", doc = "```no_run")]
#[cfg_attr(not(feature = "actix"), doc = "```ignore")]
/// use actix_web::{App, HttpResponse, web};
/// use pictify::webhooks::{Event, SignedDelivery, Verifier};
///
/// async fn rendered(delivery: SignedDelivery) -> HttpResponse {
///     if let Event::RenderCompleted(render) = &delivery.event {
///         println!("{:?}", render.url);
///     }
///     HttpResponse::NoContent().finish()
/// }
///
/// let verifier = Verifier::new("whsec_8QkZ1vXr2Yc9").unwrap();
/// let app = App::new().app_data(verifier).route("/pictify", web::post().to(rendered));
/// ```
///
/// A rejected request gets a status and an empty body, so that the sender learns nothing more: 400 if the request is
/// malformed, 401 if the signature check fails, 408 if the body does not arrive within 30 seconds, 413 if the body is
/// too large, 415 if the content type is not JSON.
///
/// It dereferences to its [`Delivery`]: `delivery.event` is the event.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignedDelivery {
    /// The parsed delivery.
    pub delivery: Delivery,
    /// ID of the delivery; repeats have the same ID. It comes from a header that is not signed.
    pub id: Option<String>,
    /// The body as received.
    pub body: Bytes,
}

impl SignedDelivery {
    /// Returns the deduplication key, which is the same for all repeats of a delivery: its ID, or its
    /// [`digest`](Self::digest) if the ID is missing, empty, or longer than 255 bytes.
    ///
    /// The ID is not signed: anybody with a copy of a delivery can send it again with another ID.
    #[must_use]
    pub fn dedup_key(&self) -> String {
        let id = self.id.as_ref().filter(|id| (1..=MAX_ID_LEN).contains(&id.len()));
        id.cloned().unwrap_or_else(|| self.digest())
    }

    /// Returns the SHA-256 of the body, in hexadecimal. It identifies a delivery by its signed content alone.
    ///
    /// It is the same for a repeat only if the body is identical; whether the service repeats bodies unchanged is not
    /// published.
    #[must_use]
    pub fn digest(&self) -> String {
        base16ct::lower::encode_string(&Sha256::digest(&self.body))
    }
}

impl Deref for SignedDelivery {
    type Target = Delivery;

    fn deref(&self) -> &Delivery {
        &self.delivery
    }
}

/// The headers of a request that carries a delivery.
pub(super) struct DeliveryHeaders {
    signatures: Vec<Vec<u8>>,
    id: Option<String>,
}

impl DeliveryHeaders {
    /// Reads and checks the headers before the body is received. `headers` returns all headers of a name.
    pub(super) fn read<'a, I>(headers: impl Fn(&str) -> I) -> Result<Self, DeliveryRejection>
    where
        I: Iterator<Item = &'a [u8]>,
    {
        let is_json = headers("content-type").next().is_some_and(|kind| {
            let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default();
            kind.trim_ascii().eq_ignore_ascii_case(b"application/json")
        });
        if !is_json {
            return Err(DeliveryRejection::new(415, "the content type is not application/json"));
        }
        // One more than a verifier accepts, so that it can reject them.
        let signatures: Vec<_> =
            headers(SIGNATURE_HEADER).take(MAX_SIGNATURE_HEADERS + 1).map(<[u8]>::to_vec).collect();
        if signatures.is_empty() {
            return Err(DeliveryRejection::new(400, "the signature header is missing"));
        }
        let id = headers(DELIVERY_ID_HEADER).next().and_then(|id| std::str::from_utf8(id).ok()).map(str::to_owned);
        Ok(Self { signatures, id })
    }

    /// Verifies and parses the body of this request.
    pub(super) fn verify(self, verifier: &Verifier, body: Bytes) -> Result<SignedDelivery, DeliveryRejection> {
        verifier.verify_any(&body, &self.signatures).map_err(DeliveryError::InvalidSignature)?;
        let delivery = Delivery::read(&body)?;
        Ok(SignedDelivery { delivery, id: self.id, body })
    }
}

/// Reason for rejecting a request. The response has only the status; the reason is for logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRejection {
    status: u16,
    reason: String,
}

impl DeliveryRejection {
    pub(super) fn new(status: u16, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into() }
    }

    pub(super) fn body_timeout() -> Self {
        Self::new(408, "the body was not received in time")
    }

    /// Returns the HTTP status of the response.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns the reason. It contains no secret and no signature.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl From<DeliveryError> for DeliveryRejection {
    fn from(error: DeliveryError) -> Self {
        Self::new(error.status(), error.to_string())
    }
}

impl fmt::Display for DeliveryRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status, self.reason)
    }
}

impl std::error::Error for DeliveryRejection {}
