//! Recorded request without its secrets.

use super::{
    log::{LoggedRequest, Message},
    redaction::Redaction,
};
use crate::clock::to_system_time;
use axum::http::header::CONTENT_TYPE;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use std::time::{Duration, SystemTime};

/// Maximum length of a recorded text that is not JSON, and of a recorded JSON body, in bytes.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// Request that the server has received, and its response. API keys and other secrets are removed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// Number of the request, counted from 1 since the start of the server.
    pub sequence: u64,
    /// Request ID, the header `X-Request-Id` of the response.
    pub id: String,
    /// Time of the request, by the clock of the server.
    pub at: SystemTime,
    /// ID of the operation in the contract; `None` if the request is not one for an operation.
    pub operation: Option<String>,
    /// Method.
    pub method: String,
    /// Path and query string.
    pub path: String,
    /// Status of the response; `None` if the connection was closed without one.
    pub status: Option<u16>,
    /// Time from the request to its response.
    pub duration: Duration,
    /// Headers and body of the request.
    pub request: RecordedBody,
    /// Headers and body of the response.
    pub response: RecordedBody,
}

/// Headers and body of a recorded request or response.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RecordedBody {
    /// Names and values of the headers, in their order.
    #[serde(serialize_with = "serialize_headers")]
    pub headers: Vec<(String, String)>,
    /// Body, if it is JSON of at most 64 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json: Option<Value>,
    /// Body as a text if it is not JSON, or the start of a longer one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Size of the body in bytes, if it is known.
    pub size: Option<u64>,
    /// True if the body is not recorded completely.
    pub is_truncated: bool,
}

impl RecordedRequest {
    pub(super) fn of(request: &LoggedRequest) -> Self {
        let redaction = Redaction::of(&request.request.headers, &request.uri);
        Self {
            sequence: request.sequence,
            id: request.id.clone(),
            at: to_system_time(request.at),
            operation: request.operation.map(str::to_owned),
            method: request.method.to_string(),
            path: redaction.target(&request.uri),
            status: request.response.as_ref().map(|(status, _)| status.as_u16()),
            duration: request.duration,
            request: RecordedBody::of(&request.request, &redaction),
            response: request
                .response
                .as_ref()
                .map(|(_, message)| RecordedBody::of(message, &redaction))
                .unwrap_or_default(),
        }
    }
}

impl LoggedRequest {
    /// Returns the request as JSON without headers and bodies.
    pub(crate) fn summary(&self) -> Value {
        json!({
            "sequence": self.sequence,
            "id": self.id,
            "at": format!("{:.3}", self.at),
            "operation": self.operation,
            "method": self.method.as_str(),
            "path": Redaction::of(&self.request.headers, &self.uri).target(&self.uri),
            "status": self.response.as_ref().map(|(status, _)| status.as_u16()),
            "durationMs": millis(self.duration),
        })
    }

    /// Returns the request as JSON.
    pub(crate) fn to_json(&self) -> Value {
        let (mut body, recorded) = (self.summary(), self.to_recorded());
        body["request"] = json!(recorded.request);
        body["response"] = json!(recorded.response);
        body
    }
}

impl RecordedBody {
    fn of(message: &Message, redaction: &Redaction) -> Self {
        let headers = redaction.headers(&message.headers);
        let mut recorded = Self { headers, size: message.size, ..Self::default() };
        let Some(bytes) = &message.body else {
            recorded.is_truncated = message.size != Some(0);
            return recorded;
        };
        if bytes.is_empty() {
            return recorded;
        }
        let content_type = message.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let parsed = serde_json::from_slice(bytes).ok().map(|body| redaction.json(body));
        match parsed {
            Some(body) if bytes.len() <= MAX_TEXT_BYTES => recorded.json = Some(body),
            Some(body) => recorded.set_text(body.to_string()),
            // A body that is broken JSON, or not one at all, may contain a secret anywhere.
            None if content_type.contains("json") => recorded.set_text(redaction.broken_json(bytes)),
            None => recorded.set_text(redaction.text(&String::from_utf8_lossy(bytes))),
        }
        recorded
    }

    fn set_text(&mut self, mut text: String) {
        if text.len() > MAX_TEXT_BYTES {
            text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
            self.is_truncated = true;
        }
        self.text = Some(text);
    }
}

/// Writes headers as an object. Values of the same name are joined.
fn serialize_headers<S: Serializer>(headers: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut object = Map::new();
    for (name, value) in headers {
        match object.get_mut(name) {
            Some(Value::String(present)) => present.extend([", ", value]),
            _ => {
                object.insert(name.clone(), value.as_str().into());
            }
        }
    }
    object.serialize(serializer)
}

/// Returns a duration in milliseconds with three decimals.
fn millis(duration: Duration) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "microseconds of a request")]
    let millis = duration.as_micros() as f64 / 1000.0;
    millis
}
