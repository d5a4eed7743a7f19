//! Text that must not appear in logs.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Text that must not appear in logs: its `Debug` output hides it, and it has no `Display`.
///
/// On the wire it is a plain string.
///
/// ```
/// use pictify_api::Secret;
///
/// let secret = Secret::from("whsec_1f8a");
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// assert_eq!(secret.expose(), "whsec_1f8a");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Returns the text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "password"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_serialized_and_not_printed() {
        let secret: Secret = serde_json::from_str(r#""key 1""#).unwrap();
        assert_eq!(serde_json::to_string(&secret).unwrap(), r#""key 1""#);
        assert!(!format!("{secret:?} {secret:#?}").contains("key 1"));
    }
}
