//! Runtime of the generated code.
//!
//! progenitor emits code for the crate `progenitor-client`, and `cargo xtask generate` replaces it by this module. That
//! crate reads the body after the hook, too late to retry a truncated one; loses status, headers and body of a response
//! that does not decode; accepts `..` as a path segment; and adds a licence and a minimum Rust version to the
//! dependency trees of users. This module has only the parts that the generated code uses.

use crate::{BoxError, Client, OperationInfo, de};
use bytes::Bytes;
use reqwest::{
    StatusCode,
    header::{HeaderMap, InvalidHeaderValue},
};
use serde::{Serialize, Serializer, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};
use std::{collections::BTreeMap, error::Error as StdError, fmt};

/// A response with any status, as received.
#[derive(Debug)]
#[non_exhaustive]
pub struct Response {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Body,
    pub(crate) envelope: Option<&'static str>,
}

/// Body of a response. `Debug` shows its length and not its content, which may hold a secret.
#[non_exhaustive]
pub enum Body {
    /// A body that was read to its end.
    Full(Bytes),
    /// A body that is not read yet, for streaming responses.
    Stream(Box<reqwest::Response>),
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(body) => write!(f, "Full({} bytes)", body.len()),
            Self::Stream(_) => f.write_str("Stream(..)"),
        }
    }
}

impl Response {
    /// Creates a response whose body was read to its end.
    #[must_use]
    pub fn new(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        Self { status, headers, body: Body::Full(body), envelope: None }
    }

    /// Creates a response whose body is not read yet.
    #[must_use]
    pub fn streaming(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, body: Body::Stream(Box::new(response)), envelope: None }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }
}

/// Error of a generated method.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The request could not be built. Nothing was sent.
    Request(BoxError),
    /// A path parameter is empty, `.` or `..`, and would address another operation. Nothing was sent.
    PathSegment(String),
    /// The [`Transport`](crate::Transport) failed with this error.
    Transport(BoxError),
    /// The service responded with a status that is not a success.
    Status(Response),
    /// The service responded with a success that does not decode.
    Decode {
        /// Response, body included.
        response: Response,
        /// Cause of the failure.
        source: DecodeError,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(_) => f.write_str("the request could not be built"),
            Self::PathSegment(segment) => write!(f, "`{segment}` cannot be an identifier in a path"),
            Self::Transport(_) => f.write_str("the request could not be sent"),
            Self::Status(response) => write!(f, "the service responded with status {}", response.status),
            Self::Decode { source, .. } => write!(f, "the response does not decode: {source}"),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Request(source) | Self::Transport(source) => Some(&**source),
            Self::Decode { source, .. } => Some(source),
            Self::PathSegment(_) | Self::Status(_) => None,
        }
    }
}

impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        // Generated code uses `?` on reqwest only while it builds the request.
        Self::Request(error.into())
    }
}

impl From<InvalidHeaderValue> for Error {
    fn from(error: InvalidHeaderValue) -> Self {
        Self::Request(error.into())
    }
}

/// Decode error of a body, with its JSON path.
#[derive(Debug)]
pub struct DecodeError {
    path: String,
    source: serde_json::Error,
}

impl DecodeError {
    /// Returns the JSON path of the failure, for example `images[3].url`; `.` is the whole body.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path == "." { self.source.fmt(f) } else { write!(f, "{}: {}", self.path, self.source) }
    }
}

impl StdError for DecodeError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.source)
    }
}

/// A decoded response with its status, headers and body. `Debug` shows the length of the body and not its content.
#[non_exhaustive]
pub struct ResponseValue<T> {
    /// Decoded value.
    pub value: T,
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body that `value` was decoded from; empty if the value is a stream.
    pub body: Bytes,
}

impl<T: fmt::Debug> fmt::Debug for ResponseValue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { value, status, headers, body } = self;
        f.debug_struct("ResponseValue")
            .field("value", value)
            .field("status", status)
            .field("headers", headers)
            .field("body_bytes", &body.len())
            .finish()
    }
}

impl<T> ResponseValue<T> {
    /// Converts the value and preserves status, headers and body.
    ///
    /// # Errors
    /// The error of `change`, inside [`Error::Transport`].
    #[allow(clippy::result_large_err, reason = "once per response, and callers box the error")]
    pub fn try_map<U, E: Into<BoxError>>(
        self,
        change: impl FnOnce(T) -> Result<U, E>,
    ) -> Result<ResponseValue<U>, Error> {
        let Self { value, status, headers, body } = self;
        let value = change(value).map_err(|error| Error::Transport(error.into()))?;
        Ok(ResponseValue { value, status, headers, body })
    }
}

impl<T: DeserializeOwned> ResponseValue<T> {
    #[allow(clippy::unused_async, reason = "generated code awaits it")]
    pub(crate) async fn from_response(response: Response) -> Result<Self, Error> {
        let Response { status, headers, body, envelope } = response;
        let body = match body {
            Body::Full(body) => body,
            Body::Stream(stream) => stream.bytes().await.map_err(|error| Error::Transport(error.into()))?,
        };
        match decode(&body, envelope) {
            Ok(value) => Ok(Self { value, status, headers, body }),
            Err(error) => {
                let source = DecodeError { path: error.path().to_string(), source: error.into_inner() };
                Err(Error::Decode { response: Response { status, headers, body: Body::Full(body), envelope }, source })
            }
        }
    }
}

/// Decodes `body`, and unwraps its envelope if there is one.
///
/// The other members of the envelope are added to those of the value (`{"template": {..}, "addedVariables": [..]}` is
/// read as a template with `addedVariables`), so nothing is lost.
fn decode<T: DeserializeOwned>(
    body: &[u8],
    envelope: Option<&str>,
) -> Result<T, serde_path_to_error::Error<serde_json::Error>> {
    // Some proxies prepend a byte order mark, which JSON does not allow.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let Some((mut inner, mut siblings)) = envelope.and_then(|name| unwrap_envelope(body, name)) else {
        return de::from_slice(body);
    };
    if siblings.is_empty() {
        // One published document shows the envelope nested twice by mistake, so that is accepted. Deeper nesting is
        // not, because the server controls the depth.
        match envelope.and_then(|name| unwrap_envelope(inner.get().as_bytes(), name)) {
            Some(second) => (inner, siblings) = second,
            None => return de::from_slice(inner.get().as_bytes()),
        }
    }
    let Ok(mut object) = serde_json::from_str::<BTreeMap<String, &RawValue>>(inner.get()) else {
        return de::from_slice(inner.get().as_bytes());
    };
    for (key, value) in siblings {
        object.entry(key).or_insert(value);
    }
    match serde_json::to_vec(&object) {
        Ok(merged) => de::from_slice(&merged),
        Err(_) => de::from_slice(inner.get().as_bytes()),
    }
}

/// Returns the object in the member `name` of `body`, and the other members; `None` if there is no such object.
fn unwrap_envelope<'a>(body: &'a [u8], name: &str) -> Option<(&'a RawValue, BTreeMap<String, &'a RawValue>)> {
    let mut members: BTreeMap<String, &RawValue> = serde_json::from_slice(body).ok()?;
    let inner = members.remove(name)?;
    inner.get().starts_with('{').then_some((inner, members))
}

/// Body of a response that is a stream of bytes, or a file.
#[derive(Debug)]
pub struct ByteStream(Body);

impl ByteStream {
    /// Returns the body.
    #[must_use]
    pub fn into_body(self) -> Body {
        self.0
    }
}

impl ResponseValue<ByteStream> {
    pub(crate) fn stream(response: Response) -> Self {
        let Response { status, headers, body, .. } = response;
        Self { value: ByteStream(body), status, headers, body: Bytes::new() }
    }
}

impl ResponseValue<()> {
    pub(crate) fn empty(response: Response) -> Self {
        let Response { status, headers, body, .. } = response;
        let body = if let Body::Full(body) = body { body } else { Bytes::new() };
        Self { value: (), status, headers, body }
    }
}

/// Hooks that generated methods call around each request.
pub(crate) trait ClientHooks<Inner> {
    #[allow(clippy::unused_async, reason = "generated code awaits it")]
    async fn pre(&self, _request: &mut reqwest::Request, _operation: &OperationInfo) -> Result<(), Error> {
        Ok(())
    }

    async fn exec(&self, request: reqwest::Request, operation: &'static OperationInfo) -> Result<Response, Error>;

    #[allow(clippy::unused_async, reason = "generated code awaits it")]
    async fn post(&self, _result: &Result<Response, Error>, _operation: &OperationInfo) -> Result<(), Error> {
        Ok(())
    }
}

impl ClientHooks<crate::Inner> for Client {
    async fn exec(&self, request: reqwest::Request, operation: &'static OperationInfo) -> Result<Response, Error> {
        self.send(request, operation).await
    }
}

/// Percent-encodes one path segment: everything except letters, digits and `-._~`.
///
/// `.` and `..` are rejected, because URL parsers resolve them in every encoding. An empty segment is rejected as well.
#[allow(clippy::result_large_err, reason = "once per request, and callers box the error")]
pub(crate) fn encode_path(segment: &str) -> Result<String, Error> {
    const SEGMENT: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    match segment {
        "" | "." | ".." => Err(Error::PathSegment(segment.to_owned())),
        _ => Ok(percent_encoding::utf8_percent_encode(segment, SEGMENT).to_string()),
    }
}

/// A query parameter: no pair for `None`, one for a scalar, one per item of a list, one per entry of a map.
pub(crate) struct QueryParam<'a, T> {
    name: &'a str,
    value: &'a T,
}

impl<'a, T> QueryParam<'a, T> {
    pub(crate) fn new(name: &'a str, value: &'a T) -> Self {
        Self { name, value }
    }
}

impl<T: Serialize> Serialize for QueryParam<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = serde_json::to_value(self.value).map_err(serde::ser::Error::custom)?;
        let pairs = match value {
            Value::Null => Vec::new(),
            Value::Array(items) => items.into_iter().map(|item| (self.name.to_owned(), text(item))).collect(),
            Value::Object(entries) => entries.into_iter().map(|(name, value)| (name, text(value))).collect(),
            scalar => vec![(self.name.to_owned(), text(scalar))],
        };
        serializer.collect_seq(pairs)
    }
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_segment_is_encoded_or_rejected() {
        for (segment, encoded) in
            [("XL13", "XL13"), ("a/b", "a%2Fb"), ("é ?", "%C3%A9%20%3F"), ("a..b", "a..b"), ("%2e", "%252e")]
        {
            assert_eq!(encode_path(segment).unwrap(), encoded);
        }
        for segment in ["", ".", ".."] {
            assert!(matches!(encode_path(segment), Err(Error::PathSegment(rejected)) if rejected == segment));
        }
    }

    #[test]
    fn a_query_parameter_has_a_pair_per_value() {
        for (value, pairs) in [
            (json!(null), json!([])),
            (json!(3), json!([["q", "3"]])),
            (json!("a b"), json!([["q", "a b"]])),
            (json!(["x", 1]), json!([["q", "x"], ["q", "1"]])),
            (json!({"n": 2, "title": "T"}), json!([["n", "2"], ["title", "T"]])),
        ] {
            assert_eq!(serde_json::to_value(QueryParam::new("q", &value)).unwrap(), pairs, "{value}");
        }
    }

    #[test]
    fn an_envelope_is_unwrapped_and_its_siblings_are_preserved() {
        for (body, expected) in [
            (json!({"a": 1}), json!({"a": 1})),
            (json!({"gif": {"a": 1}}), json!({"a": 1})),
            (json!({"gif": {"gif": {"a": 1}}}), json!({"a": 1})),
            (json!({"gif": {"a": 1}, "_meta": {"ms": 2}, "a": 3}), json!({"a": 1, "_meta": {"ms": 2}})),
            (json!({"gif": "text", "a": 1}), json!({"gif": "text", "a": 1})),
            (json!({"gif": null}), json!({"gif": null})),
        ] {
            let value: Value = decode(body.to_string().as_bytes(), Some("gif")).unwrap();
            assert_eq!(value, expected, "{body}");
        }
    }

    #[test]
    fn nested_envelopes_do_not_overflow_the_stack() {
        let depth = 100_000;
        let body = format!("{}{{}}{}", r#"{"gif":"#.repeat(depth), "}".repeat(depth));
        assert!(decode::<Value>(body.as_bytes(), Some("gif")).is_err());
    }

    #[test]
    fn a_byte_order_mark_is_ignored() {
        for envelope in [None, Some("gif")] {
            let value: Value = decode("\u{feff}{\"a\": 1}".as_bytes(), envelope).unwrap();
            assert_eq!(value, json!({"a": 1}));
        }
    }

    #[test]
    fn a_decode_error_has_its_path() {
        let error = decode::<BTreeMap<String, Vec<u8>>>(br#"{"a": [1, "x"]}"#, None).unwrap_err();
        assert_eq!(error.path().to_string(), "a[1]");
        assert!(decode::<Value>(b"{} <html>", None).is_err());
    }
}
