//! What a request for a picture is answered with.

use crate::Error;
use std::{fmt, time::Duration};

/// A picture to redirect to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OgPicture {
    /// Where it is.
    pub url: String,
    /// For how long others may remember the redirect.
    pub fresh_for: Duration,
    /// Whether it is the picture that was asked for: not an old one, and not the fallback.
    pub is_current: bool,
}

/// Why there is no picture.
#[derive(Debug)]
#[non_exhaustive]
pub enum OgError {
    /// There is no such page.
    NotFound,
    /// The values of the page cannot be had, or are no JSON object.
    Lookup(Box<dyn std::error::Error + Send + Sync>),
    /// The picture cannot be rendered, and there is none to serve instead.
    Failed {
        /// Why.
        error: Error,
        /// How long it will not be tried again.
        retry_after: Duration,
    },
}

impl OgError {
    pub(super) fn lookup(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Lookup(error.into())
    }

    /// The HTTP status to answer with: 404 or 503. Tell the sender no more.
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
            Self::NotFound => f.write_str("picture: there is no such page"),
            Self::Lookup(error) => write!(f, "picture: the page's values cannot be had: {error}"),
            Self::Failed { error, .. } => write!(f, "picture: {error}"),
        }
    }
}

impl std::error::Error for OgError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotFound => None,
            Self::Lookup(error) => Some(&**error),
            Self::Failed { error, .. } => Some(error),
        }
    }
}

/// An answer in the words of HTTP: its status and headers, with values as the server has them. 502 when there is a picture
/// whose address cannot stand in a header.
#[cfg(any(feature = "actix", feature = "axum"))]
pub(super) fn answer<V: TryFrom<String>>(result: Result<OgPicture, OgError>) -> (u16, Vec<(&'static str, V)>) {
    let values = |headers: Vec<(&'static str, String)>| -> Result<Vec<_>, V::Error> {
        headers.into_iter().map(|(name, value)| Ok((name, V::try_from(value)?))).collect()
    };
    let (status, headers) = in_words(result);
    match values(headers) {
        Ok(headers) => (status, headers),
        Err(_) => (502, values(vec![not_kept()]).unwrap_or_default()),
    }
}

#[cfg(any(feature = "actix", feature = "axum"))]
fn in_words(result: Result<OgPicture, OgError>) -> (u16, Vec<(&'static str, String)>) {
    match result {
        Ok(picture) => {
            let age = format!("public, max-age={}", picture.fresh_for.as_secs());
            (302, vec![("location", picture.url), ("cache-control", age)])
        }
        Err(error) => {
            let mut headers = vec![not_kept()];
            if let OgError::Failed { retry_after, .. } = &error {
                // Rounded up: not earlier than it may be tried.
                let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
                headers.push(("retry-after", seconds.to_string()));
            }
            (error.status(), headers)
        }
    }
}

#[cfg(any(feature = "actix", feature = "axum"))]
fn not_kept() -> (&'static str, String) {
    ("cache-control", "no-store".to_owned())
}
