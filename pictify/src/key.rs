//! The API key.

use crate::{Error, Result, redaction::SecretPattern};
use reqwest::header::HeaderValue;
use std::fmt;

/// API key: opaque, and never displayed.
///
/// The only check is that it can be sent in a header; the service has changed the format of its keys before. What
/// surrounds a key in a file, a terminal or a header is removed: white space, a pair of quotes, the scheme `Bearer`.
#[derive(Clone)]
pub struct ApiKey {
    header: HeaderValue,
    pattern: SecretPattern,
}

impl ApiKey {
    /// Creates a key.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) if it is empty, contains white space, or has characters that a header cannot carry.
    ///
    /// ```
    /// use pictify::ApiKey;
    ///
    /// let key = ApiKey::new("0123456789abcdef").unwrap();
    /// assert_eq!(format!("{key:?}"), "ApiKey(***)");
    /// assert!(ApiKey::new(" ").is_err());
    /// ```
    pub fn new(key: impl AsRef<str>) -> Result<Self> {
        let mut key = key.as_ref().trim();
        while let Some(inner) = without_quotes(key).or_else(|| without_scheme(key)) {
            key = inner.trim();
        }
        if key.is_empty() {
            return Err(Error::config("the API key is empty"));
        }
        if key.contains(char::is_whitespace) {
            return Err(Error::config("the API key contains white space: give the key alone"));
        }
        let mut header = HeaderValue::try_from(format!("Bearer {key}"))
            .map_err(|_| Error::config("the API key has characters that a header cannot carry"))?;
        header.set_sensitive(true);
        Ok(Self { header, pattern: SecretPattern::new(key.as_bytes()) })
    }

    /// Returns true if both are the same key.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.header == other.header
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// Returns the pattern that finds the key in what the server sends.
    pub(crate) fn pattern(&self) -> SecretPattern {
        self.pattern.clone()
    }
}

/// Returns what is between a pair of quotes.
pub(crate) fn without_quotes(text: &str) -> Option<&str> {
    ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))
}

/// Returns what follows the scheme of a header.
fn without_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_at_checked("Bearer".len())?;
    let is_scheme = scheme.eq_ignore_ascii_case("Bearer") && (rest.is_empty() || rest.starts_with(char::is_whitespace));
    is_scheme.then_some(rest)
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redaction::Redaction;

    #[test]
    fn every_copy_of_a_key_is_removed_and_debug_output_has_none() {
        let key = ApiKey::new(" 0123456789abcdef\n").unwrap();
        assert_eq!(format!("{key:?}"), "ApiKey(***)");
        let redacted = |key: &ApiKey, body: &str| {
            let mut redaction = Redaction::default();
            redaction.add(key.pattern());
            redaction.text(body.to_owned())
        };
        for (body, expected) in [
            ("0123456789abcdef", "[key]"),
            ("a0123456789abcdefb0123456789abcdef", "a[key]b[key]"),
            ("0123456789abcdex", "0123456789abcdex"),
            ("", ""),
        ] {
            assert_eq!(redacted(&key, body), expected);
        }
        let short = ApiKey::new("0123456789abcde").unwrap();
        assert_eq!(redacted(&short, "0123456789abcde"), "0123456789abcde", "it may occur by chance");
        assert!(key.is_same_as(&key.clone()) && !key.is_same_as(&short));
    }
}
