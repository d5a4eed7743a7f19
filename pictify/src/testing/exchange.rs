//! What a cassette holds, and how its file looks.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A cassette's file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Recording {
    /// How the file is to be read.
    pub(super) version: u32,
    /// Where the API was.
    pub(super) base_url: String,
    /// In the order in which they were answered.
    pub(super) exchanges: Vec<Exchange>,
}

/// The version of the files that are written.
pub(super) const VERSION: u32 = 1;

/// A request and its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Exchange {
    pub(super) request: Asked,
    pub(super) answer: Answered,
}

/// What was asked. Headers are left out: the client makes them, and one of them is the key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) method: String,
    /// Path and query below the base URL, or the whole URL of another place.
    pub(super) target: String,
    /// The part of a file that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) range: Option<String>,
    #[serde(flatten)]
    pub(super) body: Content,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Answered {
    pub(super) status: u16,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
    #[serde(flatten)]
    pub(super) body: Content,
}

/// A body, in the form in which it is best read: JSON, text, or else Base64.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Content {
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(super) json: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) base64: Option<String>,
}

/// A `null` that is there is a body, too.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Content {
    pub(super) fn of(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::default();
        }
        if let Ok(json) = serde_json::from_slice(bytes) {
            return Self { json: Some(json), ..Self::default() };
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Self { text: Some(text.to_owned()), ..Self::default() },
            Err(_) => Self { base64: Some(STANDARD.encode(bytes)), ..Self::default() },
        }
    }

    /// The bytes; what is no Base64 is named.
    pub(super) fn bytes(&self) -> Result<Bytes, String> {
        match self {
            Self { json: Some(json), .. } => Ok(Bytes::from(json.to_string())),
            Self { text: Some(text), .. } => Ok(Bytes::from(text.clone())),
            Self { base64: Some(text), .. } => {
                STANDARD.decode(text).map(Bytes::from).map_err(|error| format!("base64: {error}"))
            }
            Self { .. } => Ok(Bytes::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_kept_in_the_form_in_which_it_is_best_read() {
        for (bytes, written) in [
            (&b""[..], "{}"),
            (br#"{"a":1}"#, r#"{"json":{"a":1}}"#),
            (b"null", r#"{"json":null}"#),
            (b"<h1>", r#"{"text":"<h1>"}"#),
            (b"\x89PNG", r#"{"base64":"iVBORw=="}"#),
        ] {
            let content = Content::of(bytes);
            assert_eq!(serde_json::to_string(&content).unwrap(), written);
            let read: Content = serde_json::from_str(written).unwrap();
            assert_eq!(read, content);
            assert_eq!(read.bytes().unwrap(), bytes);
        }
    }
}
