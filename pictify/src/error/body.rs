//! A tolerant parser for all formats in which the service reports errors.

use bytes::Bytes;
use reqwest::{StatusCode, header::HeaderMap};
use serde_json::{Map, Value};
use std::{borrow::Cow, time::Duration};

/// Maximum length of a message that is taken from a plain-text body, in characters.
const MAX_TEXT_MESSAGE_LEN: usize = 300;

/// Parsed content of an error body, whatever its format.
///
/// The service has no single error format. Problem documents, `message`, `error`, `errors`, codes beside any of them,
/// errors of its web framework, plain text, HTML and empty bodies are all parsed into this type. So are the formats of
/// gateways before it: an object in `error` or `detail`, lists in `message` or `detail`, and an object of fields in
/// `errors`. A byte order mark is skipped, and bytes that are not UTF-8 are replaced.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ErrorDetails {
    message: String,
    code: Option<String>,
    field_errors: Vec<FieldError>,
    request_id: Option<String>,
    retriable: Option<bool>,
    retry_after: Option<Duration>,
    /// Error status that the body states, or that belongs to its code.
    stated_status: Option<u16>,
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
        let raw = read_object(body);
        let nested = ["error", "detail"].iter().find_map(|name| raw.get(*name)?.as_object());
        let layers = || [Some(&raw), nested].into_iter().flatten();
        let text = |name: &str| layers().find_map(|layer| text_of(layer.get(name)?));

        let field_errors = ["errors", "detail", "message", "error"]
            .iter()
            .flat_map(|name| layers().filter_map(move |layer| layer.get(*name)))
            .map(FieldError::read_all)
            .find(|errors| !errors.is_empty())
            .unwrap_or_default();
        // Errors of the web framework have both: the status phrase in `error`, the useful text in `message`. An object
        // or a list has its own message.
        let message = ["detail", "message", "error", "title"]
            .iter()
            .find_map(|name| raw.get(*name).and_then(words))
            .or_else(|| join(&field_errors))
            .or_else(|| plain_text(&raw, body))
            .unwrap_or_else(|| status.canonical_reason().unwrap_or("an error without a message").to_owned());
        let message = match text("details") {
            Some(details) if details != message => format!("{message}: {details}"),
            _ => message,
        };
        let code = text("code").or_else(|| text("error_type")).or_else(|| text("type").and_then(last_segment));
        let request_id = text("requestId")
            .or_else(|| headers.get("x-request-id").and_then(|value| value.to_str().ok()))
            .map(str::to_owned);
        let retry_after =
            ["retryAfter", "retry_after"].iter().find_map(|name| layers().find_map(|layer| seconds(layer.get(*name)?)));
        let retriable = layers().find_map(|layer| layer.get("retriable")?.as_bool());
        let stated_status = ["statusCode", "status"]
            .iter()
            .find_map(|name| layers().find_map(|layer| layer.get(*name)?.as_u64()))
            .and_then(|status| u16::try_from(status).ok())
            .filter(|status| (400..=599).contains(status))
            .or_else(|| code.and_then(status_of_code));
        let (code, field_errors) = (code.map(str::to_owned), field_errors);

        Self { message, code, field_errors, request_id, retriable, retry_after, stated_status, raw }
    }

    /// Returns the status that decides. A success status does not, if the body is an error: then it is the status that
    /// the body states, or that the service usually sends with the error code.
    pub(crate) fn effective_status(&self, status: StatusCode) -> u16 {
        self.stated_status.filter(|_| status.is_success()).unwrap_or(status.as_u16())
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
    /// Reads a list of errors, or an object of fields.
    fn read_all(value: &Value) -> Vec<Self> {
        match value {
            Value::Array(items) => items.iter().filter_map(|item| Self::read(None, item)).collect(),
            Value::Object(fields) if !fields.keys().any(|name| is_error_member(name)) => {
                let of_field = |(field, value): (&String, &Value)| match value {
                    Value::Array(items) => items.iter().filter_map(|item| Self::read(Some(field), item)).collect(),
                    value => Self::read(Some(field), value).into_iter().collect::<Vec<_>>(),
                };
                fields.iter().flat_map(of_field).collect()
            }
            _ => Vec::new(),
        }
    }

    fn read(field: Option<&str>, item: &Value) -> Option<Self> {
        let field = field.map(str::to_owned);
        match item {
            Value::String(message) if message.trim().is_empty() => None,
            Value::String(message) => Some(Self { field, message: message.clone(), code: None }),
            Value::Object(members) => {
                let text = |name: &str| members.get(name).and_then(text_of).map(str::to_owned);
                let path = || members.get("loc").or_else(|| members.get("path")).and_then(joined_path);
                Some(Self {
                    field: field.or_else(|| text("field")).or_else(|| text("path")).or_else(path),
                    message: words(item).unwrap_or_else(|| item.to_string()),
                    code: text("code"),
                })
            }
            _ => None,
        }
    }
}

/// Returns `true` for the members that errors consist of.
pub(crate) fn is_error_member(name: &str) -> bool {
    const NAMES: [&str; 22] = [
        "error",
        "errors",
        "message",
        "code",
        "detail",
        "details",
        "title",
        "type",
        "error_type",
        "instance",
        "status",
        "statusCode",
        "retriable",
        "retryAfter",
        "retry_after",
        "requestId",
        "upgradeUrl",
        "checkoutUrl",
        "context",
        "success",
        "ok",
        "msg",
    ];
    NAMES.contains(&name)
}

/// Returns the status that the service sends with an error code.
fn status_of_code(code: &str) -> Option<u16> {
    Some(match code {
        "validation-error" | "MISSING_URL" | "INVALID_QUALITY" | "output_format_mismatch" => 400,
        "invalid-api-key" | "missing-authorization" | "missing-auth" => 401,
        "quota_exceeded" | "spending_cap_reached" | "template_limit_reached" | "ai_quota_exceeded" => 402,
        "template-not-found" | "template_not_found" | "binding-not-found" => 404,
        "TEMPLATE_TOO_LARGE" | "file_too_large" => 413,
        "unsupported_media_type" => 415,
        "HELPER_NOT_ALLOWED"
        | "RAW_HTML_NOT_ALLOWED"
        | "HANDLEBARS_COMPILE_ERROR"
        | "VARIABLE_REQUIRED"
        | "UNDEFINED_VARIABLE"
        | "ITERATION_LIMIT_EXCEEDED"
        | "invalid_variable"
        | "url-fetch-failed"
        | "blocked-url"
        | "expression-error" => 422,
        "rate-limit" | "rate-limit-exceeded" => 429,
        "INTERNAL_ERROR" => 500,
        "preview_not_supported" | "render_bridge_not_installed" => 501,
        "BROWSER_POOL_UNAVAILABLE" | "ai_unavailable" => 503,
        _ => return None,
    })
}

/// Reads the object that a body consists of; an empty one if it is not an object. A list becomes `errors`.
fn read_object(body: &[u8]) -> Map<String, Value> {
    let body = without_byte_order_mark(body);
    let value = serde_json::from_slice(body).or_else(|_| serde_json::from_str(&String::from_utf8_lossy(body)));
    match value {
        Ok(Value::Object(object)) => object,
        Ok(errors @ Value::Array(_)) => Map::from_iter([("errors".to_owned(), errors)]),
        Ok(message @ Value::String(_)) => Map::from_iter([("message".to_owned(), message)]),
        _ => Map::new(),
    }
}

/// Removes the byte order mark that some proxies prepend, and that JSON does not allow.
fn without_byte_order_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

fn text_of(value: &Value) -> Option<&str> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// Returns the message of a value: the text itself, the items of a list, or the message in an object.
fn words(value: &Value) -> Option<String> {
    match value {
        Value::String(_) => text_of(value).map(str::to_owned),
        Value::Array(_) => join(&FieldError::read_all(value)),
        Value::Object(members) => ["detail", "message", "msg", "error", "title", "errors"].iter().find_map(|name| {
            match members.get(*name)? {
                // At most one level more, because a server controls the depth.
                inner @ (Value::String(_) | Value::Array(_)) => shallow_words(inner),
                _ => None,
            }
        }),
        _ => None,
    }
}

/// Returns a text, or the texts in a list.
fn shallow_words(value: &Value) -> Option<String> {
    match value {
        Value::Array(items) => {
            let texts: Vec<_> = items.iter().filter_map(text_of).collect();
            (!texts.is_empty()).then(|| texts.join("; "))
        }
        value => text_of(value).map(str::to_owned),
    }
}

/// Returns the path of a field as a text: `["body", "width"]` becomes `body.width`.
fn joined_path(path: &Value) -> Option<String> {
    let step = |step: &Value| step.as_str().map(str::to_owned).or_else(|| step.as_u64().map(|index| index.to_string()));
    let steps: Vec<_> = path.as_array()?.iter().filter_map(step).collect();
    (!steps.is_empty()).then(|| steps.join("."))
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
    let body = without_byte_order_mark(body);
    let text = String::from_utf8_lossy(body);
    let is_binary = || text.chars().any(|letter| letter.is_control() && !letter.is_whitespace());
    if matches!(text, Cow::Owned(_)) && is_binary() {
        return None;
    }
    let text = text.trim();
    if !raw.is_empty() || text.is_empty() || text.starts_with(['{', '[', '"']) || looks_like_html(body) {
        return None;
    }
    let line: String =
        text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_TEXT_MESSAGE_LEN).collect();
    Some(line)
}

/// Returns `true` if a body looks like HTML.
pub(crate) fn looks_like_html(body: &[u8]) -> bool {
    without_byte_order_mark(body).trim_ascii_start().starts_with(b"<")
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
            (500, r#"["", 7, null]"#, "Internal Server Error", None),
            (500, r#"{"message": "", "error": 7}"#, "Internal Server Error", None),
            (500, r#"{"message": {}, "error": [], "errors": {}}"#, "Internal Server Error", None),
            (599, "\u{0}\u{1}", "\u{0}\u{1}", None),
            (500, "\u{feff}{\"error\":\"Busy\",\"code\":\"POOL\"}", "Busy", Some("POOL")),
            (403, "\u{feff}Forbidden", "Forbidden", None),
            (429, r#"{"error":{"code":"quota_exceeded","message":"All used"}}"#, "All used", Some("quota_exceeded")),
            (
                429,
                r#"{"error":{"type":"quota_exceeded","message":["All","used"]}}"#,
                "All; used",
                Some("quota_exceeded"),
            ),
            (500, r#"{"message":"Failed","error":{"code":"POOL","details":"busy"}}"#, "Failed: busy", Some("POOL")),
            (
                400,
                r#"{"errors":{"html":"empty","width":["too big","odd"]}}"#,
                "html: empty; width: too big; width: odd",
                None,
            ),
            (400, r#"{"message":["a","b"]}"#, "a; b", None),
            (
                422,
                r#"{"detail":[{"loc":["body","width"],"msg":"too big","type":"value_error"},"c"]}"#,
                "body.width: too big; c",
                None,
            ),
            (422, r#"{"detail":{"message":"No","code":"H"}}"#, "No", Some("H")),
            (422, r#"{"errors":[{"message":"No","extensions":{"code":"H"}}]}"#, "No", None),
            (422, r#"{"data":null,"error":[{"message":"No"}]}"#, "No", None),
            (422, r#"{"message":"No","errors":{"message":"x"}}"#, "No", None),
            (500, r#"["a list","b"]"#, "a list; b", None),
            (500, r#""just text""#, "just text", None),
        ] {
            let details = read(status, body);
            assert_eq!((details.message(), details.code()), (message, code), "{body}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_replaced() {
        let read = |body: &'static [u8]| {
            ErrorDetails::read(StatusCode::BAD_REQUEST, &HeaderMap::new(), &Bytes::from_static(body))
        };
        let details = read(b"{\"message\":\"caf\xe9 ferm\xe9\",\"code\":\"H\"}");
        assert_eq!((details.message(), details.code()), ("caf\u{fffd} ferm\u{fffd}", Some("H")));
        assert_eq!(read(b"caf\xe9").message(), "caf\u{fffd}");
        assert_eq!(read(b"\x89PNG\r\n\x1a\n\x00\xff\xfe\xfd\xfc").message(), "Bad Request", "a binary body");
    }

    #[test]
    fn the_errors_of_fields_are_read_from_lists_and_objects() {
        for (body, field, message) in [
            (r#"{"errors":{"width":["too big"]}}"#, Some("width"), "too big"),
            (r#"{"errors":{"width":{"message":"too big"}}}"#, Some("width"), "too big"),
            (r#"{"error":{"errors":[{"field":"width","message":"too big"}]}}"#, Some("width"), "too big"),
            (r#"{"detail":[{"loc":["body","width"],"msg":"too big"}]}"#, Some("body.width"), "too big"),
            (r#"{"message":["too big"]}"#, None, "too big"),
        ] {
            let details = read(422, body);
            let [error] = details.field_errors() else { panic!("{body}: {:?}", details.field_errors()) };
            assert_eq!((error.field.as_deref(), &*error.message), (field, message), "{body}");
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
