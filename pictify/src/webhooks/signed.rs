//! A delivery as a web server takes it in: what the frameworks have in common.

use super::{DELIVERY_ID_HEADER, Delivery, DeliveryError, SIGNATURE_HEADER, Verifier};
use crate::hex::hex;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::{fmt, time::Duration};

/// How long the body of a delivery may take to come: as long as the service waits for an answer.
pub(super) const BODY_TIME: Duration = Duration::from_secs(30);

/// How long an id may be, in bytes. It is not signed: whoever has a copy of a delivery can send it under any.
const LONGEST_ID: usize = 255;

/// A delivery whose signature was checked before anything read it.
///
#[cfg_attr(feature = "axum", doc = "As an extractor of axum, it takes the [`Verifier`] out of the state, and the body")]
#[cfg_attr(feature = "axum", doc = "within axum's own limit (2 MB unless `DefaultBodyLimit` says otherwise):")]
#[cfg_attr(feature = "axum", doc = "```no_run")]
#[cfg_attr(not(feature = "axum"), doc = "```ignore")]
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
///
#[cfg_attr(
    feature = "actix",
    doc = "As an extractor of actix-web, it takes the [`Verifier`] out of the app's data, and"
)]
#[cfg_attr(
    feature = "actix",
    doc = "the body within actix's own limit (256 KB unless `PayloadConfig` says otherwise):"
)]
#[cfg_attr(feature = "actix", doc = "```no_run")]
#[cfg_attr(not(feature = "actix"), doc = "```ignore")]
/// use actix_web::{App, HttpResponse, web};
/// use pictify::webhooks::{Event, SignedDelivery, Verifier};
///
/// async fn rendered(delivery: SignedDelivery) -> HttpResponse {
///     if let Event::RenderCompleted(render) = &delivery.delivery.event {
///         println!("{:?}", render.url);
///     }
///     HttpResponse::NoContent().finish()
/// }
///
/// let verifier = Verifier::new("whsec_8QkZ1vXr2Yc9").unwrap();
/// let app = App::new().app_data(verifier).route("/pictify", web::post().to(rendered));
/// ```
///
/// A request that is refused is answered with a status and nothing else to learn from: 400 for what is malformed, 401 for
/// what is not trusted, 408 for a body that does not come within 30 seconds, 413 for one that is too large, 415 for one
/// that does not call itself JSON.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignedDelivery {
    /// What it says.
    pub delivery: Delivery,
    /// Its id, by which a repeat is known. It comes in a header that is not signed.
    pub id: Option<String>,
    /// The body as it came.
    pub body: Bytes,
}

impl SignedDelivery {
    /// What tells it from other deliveries and is the same for its repeats: its id, or its [`digest`](Self::digest) where
    /// none came, or one of more than 255 bytes, which would only fill a store.
    ///
    /// The id is not signed: whoever has a copy of a delivery can send it again under another.
    #[must_use]
    pub fn key(&self) -> String {
        let id = self.id.as_ref().filter(|id| (1..=LONGEST_ID).contains(&id.len()));
        id.cloned().unwrap_or_else(|| self.digest())
    }

    /// The SHA-256 of its body, in hexadecimal: what tells it from other deliveries by what is signed alone.
    ///
    /// It is the same for a repeat whose body is the same to the byte; whether the service's repeats are is not published.
    #[must_use]
    pub fn digest(&self) -> String {
        hex(&Sha256::digest(&self.body))
    }
}

/// What the headers of a request say of its delivery.
pub(super) struct Claim {
    signature: Vec<u8>,
    id: Option<String>,
}

impl Claim {
    /// Reads the headers, before the body is waited for.
    pub(super) fn read<'a>(header: impl Fn(&str) -> Option<&'a [u8]>) -> Result<Self, DeliveryRejection> {
        let is_json = header("content-type").is_some_and(|kind| {
            let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default();
            kind.trim_ascii().eq_ignore_ascii_case(b"application/json")
        });
        if !is_json {
            return Err(DeliveryRejection::new(415, "the content type is not application/json"));
        }
        let Some(signature) = header(SIGNATURE_HEADER) else {
            return Err(DeliveryRejection::new(400, "there is no signature header"));
        };
        let id = header(DELIVERY_ID_HEADER).and_then(|id| std::str::from_utf8(id).ok()).map(str::to_owned);
        Ok(Self { signature: signature.to_owned(), id })
    }

    /// Verifies the body that came with the headers.
    pub(super) fn verify(self, verifier: &Verifier, body: Bytes) -> Result<SignedDelivery, DeliveryRejection> {
        let delivery = verifier.delivery(&body, &self.signature)?;
        Ok(SignedDelivery { delivery, id: self.id, body })
    }
}

/// Why a request was refused. Its answer is the status alone; the reason is for logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRejection {
    status: u16,
    reason: String,
}

impl DeliveryRejection {
    pub(super) fn new(status: u16, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into() }
    }

    pub(super) fn late() -> Self {
        Self::new(408, "the body did not come in time")
    }

    /// The HTTP status that it is answered with.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// What was wrong; it holds no secret and no signature.
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
