//! Lenient timestamps: a date in an unexpected form does not fail the response.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A point in time as sent by the service.
///
/// The original text is preserved, so that serializing it gives the same bytes, and a date in an unexpected form is not
/// lost. [`get`](Self::get) returns the parsed time if the text is an RFC 3339 date with an offset.
///
/// ```
/// use pictify_api::Timestamp;
///
/// let time: Timestamp = "2026-08-04T09:15:27.482Z".into();
/// assert_eq!(time.get().unwrap().as_second(), 1_785_834_927);
/// let odd: Timestamp = "last Tuesday".into();
/// assert_eq!((odd.get(), odd.as_str()), (None, "last Tuesday"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Timestamp {
    text: String,
    time: Option<jiff::Timestamp>,
}

impl Timestamp {
    /// Returns the parsed time; `None` if the text is not an RFC 3339 date with an offset.
    #[must_use]
    pub fn get(&self) -> Option<jiff::Timestamp> {
        self.time
    }

    /// Returns the text as sent by the service.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(time: jiff::Timestamp) -> Self {
        Self { text: time.to_string(), time: Some(time) }
    }
}

impl From<String> for Timestamp {
    fn from(text: String) -> Self {
        let time = text.parse().ok();
        Self { text, time }
    }
}

impl From<&str> for Timestamp {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A value that is not a string, for example a number of seconds, is stored as its JSON text.
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Ok(text.into()),
            other => Ok(Self { text: other.to_string(), time: None }),
        }
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "date-time"})
    }
}
