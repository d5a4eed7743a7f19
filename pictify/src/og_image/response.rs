//! Results of a request for a link preview image, and their HTTP responses.

use crate::Error;
use std::{fmt, time::Duration};

/// Image to redirect to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OgImage {
    /// URL of the image.
    pub url: String,
    /// Time for which clients and proxies may cache the redirect.
    pub max_age: Duration,
    /// `true` for the requested image; `false` for an expired image or the fallback.
    pub is_fresh: bool,
}

/// Reason why there is no image.
#[derive(Debug)]
#[non_exhaustive]
pub enum OgError {
    /// The page does not exist.
    NotFound,
    /// The variables of the page cannot be looked up, or are not a JSON object.
    Lookup(Box<dyn std::error::Error + Send + Sync>),
    /// The image cannot be rendered, and there is no other image to serve.
    Failed {
        /// Error of the render.
        error: Error,
        /// Time until the next render attempt.
        retry_after: Duration,
    },
}

impl OgError {
    pub(super) fn lookup(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Lookup(error.into())
    }

    /// Returns the HTTP status to respond with: 404 or 503. Send no further details to the client.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::Lookup(_) | Self::Failed { .. } => 503,
        }
    }
}

impl fmt::Display for OgError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("link preview image: the page does not exist"),
            Self::Lookup(error) => {
                write!(f, "link preview image: the variables of the page cannot be looked up: {error}")
            }
            Self::Failed { error, .. } => write!(f, "link preview image: {error}"),
        }
    }
}

/// Has no `source`: `Display` names the cause.
impl std::error::Error for OgError {}

/// Converts a result to an HTTP status and headers, with header values in the type of the web framework. Returns 502 if
/// the URL of the image is not a valid header value.
#[cfg(any(feature = "actix", feature = "axum"))]
pub(super) fn to_response<V: TryFrom<String>>(result: Result<OgImage, OgError>) -> (u16, Vec<(&'static str, V)>) {
    let values = |headers: Vec<(&'static str, String)>| -> Result<Vec<_>, V::Error> {
        headers.into_iter().map(|(name, value)| Ok((name, V::try_from(value)?))).collect()
    };
    let (status, headers) = status_and_headers(result);
    match values(headers) {
        Ok(headers) => (status, headers),
        Err(_) => (502, values(vec![no_store()]).unwrap_or_default()),
    }
}

#[cfg(any(feature = "actix", feature = "axum"))]
fn status_and_headers(result: Result<OgImage, OgError>) -> (u16, Vec<(&'static str, String)>) {
    match result {
        Ok(image) => {
            let cache_control = format!("public, max-age={}", image.max_age.as_secs());
            (302, vec![("location", image.url), ("cache-control", cache_control)])
        }
        Err(error) => {
            let mut headers = vec![no_store()];
            if let OgError::Failed { retry_after, .. } = &error {
                // Rounded up, so that clients do not retry too early.
                let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
                headers.push(("retry-after", seconds.to_string()));
            }
            (error.status(), headers)
        }
    }
}

#[cfg(any(feature = "actix", feature = "axum"))]
fn no_store() -> (&'static str, String) {
    ("cache-control", "no-store".to_owned())
}
