//! A tolerant parser for all formats in which the service reports errors.

use bytes::Bytes;
use reqwest::{StatusCode, header::HeaderMap};
use serde_json::{Map, Value};
use std::time::Duration;

/// Maximum length of a message that is taken from a plain-text body, in characters.
const MAX_TEXT_MESSAGE_LEN: usize = 300;

/// Parsed content of an error body, whatever its format.
///
/// The service has no single error format. Problem documents, `message`, `error`, `errors`, codes beside any of them, errors
/// of its web framework, plain text, HTML and empty bodies are all parsed into this type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ErrorDetails {
    message: String,
    code: Option<String>,
    field_errors: Vec<FieldError>,
    request_id: Option<String>,
    retriable: Option<bool>,
    retry_after: Option<Duration>,
    raw: Map<String, Value>,
}

/// Error of one field, as the service reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// Name of the field in the API, if the service named one.
    pub field: Option<String>,
    /// Description of the error.
    pub message: String,
    /// Error code of the service, for example `out_of_range`.
    pub code: Option<String>,
}

impl ErrorDetails {
    pub(crate) fn read(status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Self {
        let raw = match serde_json::from_slice(body) {
            Ok(Value::Object(object)) => object,
            _ => Map::new(),
        };
        let text = |name: &str| raw.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        let phrase = status.canonical_reason().unwrap_or("an error without a message");

        let field_errors: Vec<_> = match raw.get("errors") {
            Some(Value::Array(items)) => items.iter().filter_map(FieldError::read).collect(),
            _ => Vec::new(),
        };
        // Errors of the web framework have both: the status phrase in `error`, the useful text in `message`.
        let message = text("detail")
            .or_else(|| text("message"))
            .or_else(|| text("error"))
            .or_else(|| text("title"))
            .map(str::to_owned)
            .or_else(|| join(&field_errors))
            .or_else(|| plain_text(&raw, body))
            .unwrap_or_else(|| phrase.to_owned());
        let message = match text("details") {
            Some(details) => format!("{message}: {details}"),
            None => message,
        };
        let code = text("code").or_else(|| text("error_type")).or_else(|| text("type").and_then(last_segment));
        let request_id = text("requestId")
            .or_else(|| headers.get("x-request-id").and_then(|value| value.to_str().ok()))
            .map(str::to_owned);
        let retry_after = ["retryAfter", "retry_after"].iter().find_map(|name| seconds(raw.get(*name)?));

        Self {
            message,
            code: code.map(str::to_owned),
            field_errors,
            request_id,
            retriable: raw.get("retriable").and_then(Value::as_bool),
            retry_after,
            raw,
        }
    }

    /// Returns the most useful message of the body.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the error code of the service, or the last segment of a problem document's `type`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Returns the errors of single fields.
    #[must_use]
    pub fn field_errors(&self) -> &[FieldError] {
        &self.field_errors
    }

    /// Returns the request ID of the service.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Returns the field `retriable` of the body: `Some(true)` if the service says that the request may be sent again.
    #[must_use]
    pub fn server_says_retryable(&self) -> Option<bool> {
        self.retriable
    }

    /// Returns the delay before a retry that the body asks for.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Returns the URL to upgrade the plan, if the body has one.
    #[must_use]
    pub fn upgrade_url(&self) -> Option<&str> {
        ["upgradeUrl", "checkoutUrl"].iter().find_map(|name| self.raw.get(*name)?.as_str())
    }

    /// Returns the whole body if it is a JSON object, including fields without an accessor here.
    #[must_use]
    pub fn raw(&self) -> &Map<String, Value> {
        &self.raw
    }
}

impl FieldError {
    fn read(item: &Value) -> Option<Self> {
        let text = |name: &str| item.get(name).and_then(Value::as_str).map(str::to_owned);
        match item {
            Value::String(message) => Some(Self { field: None, message: message.clone(), code: None }),
            Value::Object(_) => Some(Self {
                field: text("field").or_else(|| text("path")),
                message: text("message").or_else(|| text("error")).unwrap_or_else(|| item.to_string()),
                code: text("code"),
            }),
            _ => None,
        }
    }
}

fn join(errors: &[FieldError]) -> Option<String> {
    let line = |error: &FieldError| match &error.field {
        Some(field) => format!("{field}: {}", error.message),
        None => error.message.clone(),
    };
    (!errors.is_empty()).then(|| errors.iter().map(line).collect::<Vec<_>>().join("; "))
}

/// Returns the body as a message if it is readable text: not JSON, not HTML, not binary.
fn plain_text(raw: &Map<String, Value>, body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?.trim();
    if !raw.is_empty() || text.is_empty() || text.starts_with(['{', '[']) || looks_like_html(body) {
        return None;
    }
    let line: String =
        text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_TEXT_MESSAGE_LEN).collect();
    Some(line)
}

/// Returns `true` if a body looks like HTML.
pub(super) fn looks_like_html(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

fn last_segment(uri: &str) -> Option<&str> {
    uri.trim_end_matches('/')
        .rsplit(['/', ':', '#'])
        .next()
        .filter(|segment| *segment != "blank" && !segment.is_empty())
}

fn seconds(value: &Value) -> Option<Duration> {
    let seconds = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> ErrorDetails {
        let body = Bytes::copy_from_slice(body.as_bytes());
        ErrorDetails::read(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), &body)
    }

    #[test]
    fn the_message_and_code_of_every_error_format_are_found() {
        for (status, body, message, code) in [
            (401, r#"{"message":"Invalid Request"}"#, "Invalid Request", None),
            (404, r#"{"error":"Not found"}"#, "Not found", None),
            (500, r#"{"error":"Failed","details":"navigation timed out"}"#, "Failed: navigation timed out", None),
            (503, r#"{"error":"Busy","code":"POOL","retriable":true}"#, "Busy", Some("POOL")),
            (402, r#"{"message":"Used up.","code":"quota_exceeded"}"#, "Used up.", Some("quota_exceeded")),
            (422, r#"{"errors":["a","b"]}"#, "a; b", None),
            (422, r#"{"errors":[{"field":"w","message":"too big"},"c"]}"#, "w: too big; c", None),
            (422, r#"{"message":"Bad","errors":["title is required"]}"#, "Bad", None),
            (422, r#"{"error":"No such helper","code":"H","context":{"line":3}}"#, "No such helper", Some("H")),
            (404, r#"{"statusCode":404,"error":"Not Found","message":"Route x"}"#, "Route x", None),
            (
                400,
                r#"{"type":"https://docs.pictify.io/errors/blocked-url","title":"Blocked","detail":"private"}"#,
                "private",
                Some("blocked-url"),
            ),
            (400, r#"{"type":"about:blank","title":"Bad"}"#, "Bad", None),
            (502, "<html><body>502</body></html>", "Bad Gateway", None),
            (403, "Forbidden\n", "Forbidden", None),
            (500, "", "Internal Server Error", None),
            (500, "{\"message\": \"cut of", "Internal Server Error", None),
            (500, r#"["a list"]"#, "Internal Server Error", None),
            (500, r#"{"message": "", "error": 7}"#, "Internal Server Error", None),
            (599, "\u{0}\u{1}", "\u{0}\u{1}", None),
        ] {
            let details = read(status, body);
            assert_eq!((details.message(), details.code()), (message, code), "{body}");
        }
    }

    #[test]
    fn a_long_text_is_truncated() {
        assert_eq!(read(500, &"word ".repeat(1000)).message().chars().count(), MAX_TEXT_MESSAGE_LEN);
    }

    #[test]
    fn the_retry_delay_is_read_from_both_names_and_from_all_number_formats() {
        for (body, seconds) in [
            (r#"{"retryAfter": 45}"#, Some(45.0)),
            (r#"{"retry_after": 1.5}"#, Some(1.5)),
            (r#"{"retryAfter": "30"}"#, Some(30.0)),
            (r#"{"retryAfter": -1}"#, None),
            (r#"{"retryAfter": 1e300}"#, None),
            (r#"{"retryAfter": null}"#, None),
        ] {
            assert_eq!(read(429, body).retry_after().map(|delay| delay.as_secs_f64()), seconds, "{body}");
        }
    }

    #[test]
    fn unknown_fields_are_in_the_raw_body() {
        let details = read(409, r#"{"message":"No","currentStatus":"draft","allowedTransitions":["running"]}"#);
        assert_eq!(details.raw()["currentStatus"], "draft");
    }
}
