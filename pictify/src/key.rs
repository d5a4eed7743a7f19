//! The API key.

use crate::{Error, Result};
use reqwest::header::HeaderValue;
use std::fmt;

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
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(***)")
    }
}
