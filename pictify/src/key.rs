//! The API key.

use crate::{Error, Result};
use bytes::Bytes;
use reqwest::header::HeaderValue;
use std::fmt;

/// Minimum length of a key for redaction, in bytes. A shorter key could occur in a text by chance.
const MIN_SECRET_LEN: usize = 16;

/// API key: opaque, and never displayed.
///
/// The only check is that it can be sent in a header; the service has changed the format of its keys before. White
/// space around it, for example from a file or a terminal, is removed.
#[derive(Clone)]
pub struct ApiKey(HeaderValue);

impl ApiKey {
    /// Creates a key.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) if it is empty or has characters that a header cannot carry.
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

    /// Returns true if both are the same key.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    /// Removes the key from a body, in case the server repeats it.
    pub(crate) fn redact(&self, body: Bytes) -> Bytes {
        let bearer = self.0.as_bytes();
        let key = bearer.strip_prefix(b"Bearer ").unwrap_or(bearer);
        // A very short key occurs in many texts by chance.
        if key.len() < MIN_SECRET_LEN {
            return body;
        }
        let finder = memchr::memmem::Finder::new(key);
        let mut starts = finder.find_iter(&body).peekable();
        if starts.peek().is_none() {
            return body;
        }
        let (mut clean, mut end) = (Vec::with_capacity(body.len()), 0);
        for start in starts {
            clean.extend_from_slice(&body[end..start]);
            clean.extend_from_slice(b"[key]");
            end = start + key.len();
        }
        clean.extend_from_slice(&body[end..]);
        clean.into()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_copy_of_a_key_is_removed_and_debug_output_has_none() {
        let key = ApiKey::new(" 0123456789abcdef\n").unwrap();
        assert_eq!(format!("{key:?}"), "ApiKey(***)");
        for (body, expected) in [
            ("0123456789abcdef", "[key]"),
            ("a0123456789abcdefb0123456789abcdef", "a[key]b[key]"),
            ("0123456789abcde", "0123456789abcde"),
            ("", ""),
        ] {
            assert_eq!(key.redact(Bytes::from_static(body.as_bytes())), expected);
        }
        let short = ApiKey::new("0123456789abcde").unwrap();
        assert_eq!(short.redact(Bytes::from_static(b"0123456789abcde")), "0123456789abcde", "it may occur by chance");
        assert!(key.is_same_as(&key.clone()) && !key.is_same_as(&short));
    }
}
