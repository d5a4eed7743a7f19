//! The content of a cassette and the format of its file.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Content of a cassette file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Recording {
    /// Version of the file format.
    pub(super) version: u32,
    /// Base URL of the API during the recording.
    pub(super) base_url: String,
    /// Interactions, in the order of their responses.
    pub(super) interactions: Vec<Interaction>,
}

/// Version of the file format that this crate writes.
pub(super) const VERSION: u32 = 1;

/// A request and its response.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Interaction {
    pub(super) request: RecordedRequest,
    pub(super) response: RecordedResponse,
}

/// A recorded request. Headers are omitted: the client creates them, and one of them is the key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RecordedRequest {
    pub(super) method: String,
    /// Path and query relative to the base URL, or the whole URL of another host.
    pub(super) target: String,
    /// Requested byte range of a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) range: Option<String>,
    #[serde(flatten)]
    pub(super) body: Content,
}

/// A recorded response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RecordedResponse {
    pub(super) status: u16,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
    #[serde(flatten)]
    pub(super) body: Content,
}

/// A body, in its most readable form: JSON, else text, else Base64.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Content {
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(super) json: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) base64: Option<String>,
}

/// Deserialises a present `null` as a JSON body, not as a missing one.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Content {
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
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

    /// Returns the bytes, or the reason why the Base64 is malformed.
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
    fn a_body_is_stored_in_its_most_readable_form() {
        for (bytes, written) in [
            (&b""[..], "{}"),
            (br#"{"a":1}"#, r#"{"json":{"a":1}}"#),
            (b"null", r#"{"json":null}"#),
            (b"<h1>", r#"{"text":"<h1>"}"#),
            (b"\x89PNG", r#"{"base64":"iVBORw=="}"#),
        ] {
            let content = Content::from_bytes(bytes);
            assert_eq!(serde_json::to_string(&content).unwrap(), written);
            let read: Content = serde_json::from_str(written).unwrap();
            assert_eq!(read, content);
            assert_eq!(read.bytes().unwrap(), bytes);
        }
    }
}
