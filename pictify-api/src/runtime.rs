//! The names that generated code expects of its runtime.
//!
//! progenitor emits code against the crate `progenitor-client`; `cargo xtask generate` points it here instead, because
//! that crate reads the body after the hook (too late to retry a cut one), loses status, headers and body of an answer
//! that does not decode, lets `..` through as a path segment, and adds a licence and a minimum Rust version to our users'
//! trees. What is here is only what the output uses.

use crate::{BoxError, Client, OperationInfo, de};
use bytes::Bytes;
use reqwest::{
    StatusCode,
    header::{HeaderMap, InvalidHeaderValue},
};
use serde::{Serialize, Serializer, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};
use std::{collections::BTreeMap, error::Error as StdError, fmt};

/// An answer as it was received, whatever its status.
#[derive(Debug)]
#[non_exhaustive]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
    pub(crate) envelope: Option<&'static str>,
}

/// The body of an answer. `Debug` shows how long it is, and not what it says: it may hold a secret.
#[non_exhaustive]
pub enum Body {
    /// Read to its end.
    Full(Bytes),
    /// Still to be read, for answers that are streams.
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
    /// An answer whose body was read to its end.
    #[must_use]
    pub fn new(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        Self { status, headers, body: Body::Full(body), envelope: None }
    }

    /// An answer whose body is still to be read.
    #[must_use]
    pub fn streaming(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, body: Body::Stream(Box::new(response)), envelope: None }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }
}

/// Why a generated method failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The request could not be built; nothing was sent.
    Request(BoxError),
    /// A path parameter is empty, `.` or `..`, and would have addressed another operation; nothing was sent.
    PathSegment(String),
    /// The [`Transport`](crate::Transport) failed: its own error.
    Transport(BoxError),
    /// The service answered with a status that is not a success.
    Status(Response),
    /// The service answered with a success that does not decode.
    Decode {
        /// The answer, body included.
        response: Response,
        /// What is wrong with it.
        source: DecodeError,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(_) => f.write_str("the request could not be built"),
            Self::PathSegment(segment) => write!(f, "`{segment}` cannot be an identifier in a path"),
            Self::Transport(_) => f.write_str("the request could not be sent"),
            Self::Status(response) => write!(f, "the service answered {}", response.status),
            Self::Decode { source, .. } => write!(f, "the answer does not decode: {source}"),
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

/// What is wrong with a body, and where.
#[derive(Debug)]
pub struct DecodeError {
    path: String,
    source: serde_json::Error,
}

impl DecodeError {
    /// The JSON path of the failure, for example `images[3].url`; `.` is the whole body.
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

/// A decoded answer together with what it was decoded from. `Debug` shows how long the body is, and not the body.
#[non_exhaustive]
pub struct ResponseValue<T> {
    /// The decoded value.
    pub value: T,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body that `value` was decoded from; empty when the value is a stream.
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
    /// Changes the value and keeps what it was received in.
    ///
    /// # Errors
    /// What `change` returns, unchanged inside [`Error::Transport`].
    #[allow(clippy::result_large_err, reason = "once an answer, and the error is boxed by whoever keeps it")]
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

/// Decodes `body`, taking the value out of its envelope when it came in one.
///
/// The envelope's other members move in beside the value's own (`{"template": {..}, "addedVariables": [..]}` reads as a
/// template with `addedVariables`), so nothing received is lost.
fn decode<T: DeserializeOwned>(
    body: &[u8],
    envelope: Option<&str>,
) -> Result<T, serde_path_to_error::Error<serde_json::Error>> {
    // Some proxies put a byte order mark in front, which JSON has no place for.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let Some((mut inner, mut siblings)) = envelope.and_then(|name| open(body, name)) else {
        return de::from_slice(body);
    };
    if siblings.is_empty() {
        // Twice in the same envelope is a slip of one published document; it costs a look to survive it. Not more than
        // twice, since who answers decides how deep it goes.
        match envelope.and_then(|name| open(inner.get().as_bytes(), name)) {
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

/// The object in the member `name` of `body`, and the other members; nothing when there is no such object.
fn open<'a>(body: &'a [u8], name: &str) -> Option<(&'a RawValue, BTreeMap<String, &'a RawValue>)> {
    let mut members: BTreeMap<String, &RawValue> = serde_json::from_slice(body).ok()?;
    let inner = members.remove(name)?;
    inner.get().starts_with('{').then_some((inner, members))
}

/// The body of an answer that is a stream of bytes, or a file.
#[derive(Debug)]
pub struct ByteStream(Body);

impl ByteStream {
    /// The body.
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

/// The hooks that generated methods call around each request.
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

/// Percent-encodes one path segment: everything but letters, digits and `-._~`, `/` included.
///
/// `.` and `..` have no encoded form that a URL parser would not resolve, so they are refused, as is nothing at all.
#[allow(clippy::result_large_err, reason = "once a request, and the error is boxed by whoever keeps it")]
pub(crate) fn encode_path(segment: &str) -> Result<String, Error> {
    const SEGMENT: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    match segment {
        "" | "." | ".." => Err(Error::PathSegment(segment.to_owned())),
        _ => Ok(percent_encoding::utf8_percent_encode(segment, SEGMENT).to_string()),
    }
}

/// A query parameter: nothing for `None`, one pair for a scalar, a pair per item of a list, a pair per entry of a map.
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
    fn a_path_segment_is_encoded_or_refused() {
        for (segment, encoded) in
            [("XL13", "XL13"), ("a/b", "a%2Fb"), ("é ?", "%C3%A9%20%3F"), ("a..b", "a..b"), ("%2e", "%252e")]
        {
            assert_eq!(encode_path(segment).unwrap(), encoded);
        }
        for segment in ["", ".", ".."] {
            assert!(matches!(encode_path(segment), Err(Error::PathSegment(refused)) if refused == segment));
        }
    }

    #[test]
    fn a_query_parameter_becomes_as_many_pairs_as_it_has_values() {
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
    fn an_envelope_is_opened_where_there_is_one_and_its_siblings_are_kept() {
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
    fn envelopes_in_envelopes_do_not_exhaust_the_stack() {
        let depth = 100_000;
        let body = format!("{}{{}}{}", r#"{"gif":"#.repeat(depth), "}".repeat(depth));
        assert!(decode::<Value>(body.as_bytes(), Some("gif")).is_err());
    }

    #[test]
    fn a_byte_order_mark_is_passed_over() {
        for envelope in [None, Some("gif")] {
            let value: Value = decode("\u{feff}{\"a\": 1}".as_bytes(), envelope).unwrap();
            assert_eq!(value, json!({"a": 1}));
        }
    }

    #[test]
    fn a_body_that_does_not_decode_names_the_place() {
        let error = decode::<BTreeMap<String, Vec<u8>>>(br#"{"a": [1, "x"]}"#, None).unwrap_err();
        assert_eq!(error.path().to_string(), "a[1]");
        assert!(decode::<Value>(b"{} <html>", None).is_err());
    }
}
