//! The API key.

use crate::{Error, Result};
use bytes::Bytes;
use reqwest::header::HeaderValue;
use std::fmt;

/// How long a key is at least for its appearance in a text to be no accident, in bytes.
const MIN_SECRET_LEN: usize = 16;

/// An API key: opaque, and never shown.
///
/// It is checked for nothing but that it can be sent at all; keys have had prefixes and have lost them again. White space
/// around it, as a file or a terminal leaves it, is cut off.
#[derive(Clone)]
pub struct ApiKey(HeaderValue);

impl ApiKey {
    /// Takes a key.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) when it is empty or has characters that a header cannot carry.
    ///
    /// ```
    /// use pictify::ApiKey;
    ///
    /// let key = ApiKey::new("0123456789abcdef").unwrap();
    /// assert_eq!(format!("{key:?}"), "ApiKey(***)");
    /// assert!(ApiKey::new(" ").is_err());
    /// ```
    pub fn new(key: impl AsRef<str>) -> Result<Self> {
        let key = key.as_ref().trim();
        if key.is_empty() {
            return Err(Error::config("the API key is empty"));
        }
        let mut header = HeaderValue::try_from(format!("Bearer {key}"))
            .map_err(|_| Error::config("the API key has characters that a header cannot carry"))?;
        header.set_sensitive(true);
        Ok(Self(header))
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    /// The key itself, for who must leave it out.
    #[cfg(feature = "testing")]
    pub(crate) fn text(&self) -> &str {
        self.0.to_str().unwrap_or_default().strip_prefix("Bearer ").unwrap_or_default()
    }

    /// A body without the key, should a server repeat it.
    pub(crate) fn redact(&self, body: Bytes) -> Bytes {
        let bearer = self.0.as_bytes();
        let key = bearer.strip_prefix(b"Bearer ").unwrap_or(bearer);
        // A very short one stands in many texts by chance.
        if key.len() < MIN_SECRET_LEN || !body.windows(key.len()).any(|part| part == key) {
            return body;
        }
        let (mut clean, mut rest) = (Vec::with_capacity(body.len()), &body[..]);
        while let Some(at) = rest.windows(key.len()).position(|part| part == key) {
            clean.extend_from_slice(&rest[..at]);
            clean.extend_from_slice(b"[key]");
            rest = &rest[at + key.len()..];
        }
        clean.extend_from_slice(rest);
        clean.into()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(***)")
    }
}
