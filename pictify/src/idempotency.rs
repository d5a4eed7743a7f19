//! Idempotency keys.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Key that all attempts of one call send in the `Idempotency-Key` header.
///
/// The client creates one for each POST unless the caller sets one. The newest evidence is that the service ignores
/// keys on renders, so a key alone does not make a retry safe. It is sent because documents of the service promise that
/// the same key returns the stored response for 24 hours, and because support can find a call by it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Creates a key from a text of 1 to 255 visible ASCII characters.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) for any other text.
    ///
    /// ```
    /// use pictify::IdempotencyKey;
    ///
    /// assert_eq!(IdempotencyKey::new("invoice-2026-08").unwrap().as_str(), "invoice-2026-08");
    /// assert!(IdempotencyKey::new("").is_err());
    /// ```
    pub fn new(key: impl Into<String>) -> Result<Self> {
        let key = key.into();
        if key.is_empty() || key.len() > 255 || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::invalid_field("idempotency key", "must be 1 to 255 visible ASCII characters"));
        }
        Ok(Self(key))
    }

    /// Creates a random key of 128 bits.
    #[must_use]
    pub fn random() -> Self {
        Self(format!("{:032x}", fastrand::u128(..)))
    }

    /// Returns the key as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for IdempotencyKey {
    type Error = Error;

    fn try_from(key: String) -> Result<Self> {
        Self::new(key)
    }
}

impl From<IdempotencyKey> for String {
    fn from(key: IdempotencyKey) -> Self {
        key.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_displayed_as_it_is_sent() {
        let key = IdempotencyKey::new("order-7").unwrap();
        assert_eq!(
            (key.to_string(), format!("{key:?}"), key.as_str()),
            ("order-7".into(), "\"order-7\"".into(), "order-7")
        );
        assert_eq!(String::from(key), "order-7");
    }
}
