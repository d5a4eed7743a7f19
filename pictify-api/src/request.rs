//! Requests as values: generated functions build them, a client sends them and decodes the response.

use crate::{BoxError, OperationInfo, SchemaMismatches, decode, lenient::Lenient};
use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Method, StatusCode, Uri,
    header::{ACCEPT, CONTENT_TYPE},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{error::Error as StdError, fmt};

/// A request of one operation, ready to be sent, and the decoder of its response.
///
/// It has no credentials: the sender adds them where [`OperationInfo::needs_key`] says so.
pub struct Request<T> {
    http: http::Request<Bytes>,
    decoder: Decoder<T>,
}

impl<T> Request<T> {
    /// Returns the HTTP request.
    #[must_use]
    pub fn http(&self) -> &http::Request<Bytes> {
        &self.http
    }

    /// Splits the request into what is sent and what decodes the response.
    #[must_use]
    pub fn into_parts(self) -> (http::Request<Bytes>, Decoder<T>) {
        (self.http, self.decoder)
    }
}

impl<T: DeserializeOwned> Request<T> {
    /// Returns a request whose response may be empty.
    #[doc(hidden)]
    #[must_use]
    pub fn or_empty(self) -> Request<Option<T>> {
        let Decoder { operation, redirects, .. } = self.decoder;
        Request { http: self.http, decoder: Decoder { operation, redirects, read: decode::optional } }
    }
}

impl<T> fmt::Debug for Request<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("operation", &self.decoder.operation.id)
            .field("method", self.http.method())
            .field("body_bytes", &self.http.body().len())
            .finish_non_exhaustive()
    }
}

/// Decodes the successful responses of one operation.
pub struct Decoder<T> {
    operation: &'static OperationInfo,
    redirects: &'static [u16],
    read: Read<T>,
}

/// Function that decodes a body.
type Read<T> = fn(&[u8], &OperationInfo) -> Result<Lenient<T>, DecodeError>;

/// A decoded response, and its differences from the schema that the value does not show.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Decoded<T> {
    /// The value.
    pub value: T,
    /// Members that were converted or read as missing, and items that were left out. Add
    /// [`schema_mismatches`](crate::CheckSchema::schema_mismatches) of the value for all differences.
    pub mismatches: SchemaMismatches,
    /// Number of items that were left out, if the response is a page of a list.
    pub left_out: usize,
}

impl<T> Decoder<T> {
    /// The operation that it belongs to.
    #[must_use]
    pub fn operation(&self) -> &'static OperationInfo {
        self.operation
    }

    /// Returns true for the statuses that count as success: 2xx, and redirects that the document declares.
    #[must_use]
    pub fn accepts(&self, status: StatusCode) -> bool {
        status.is_success() || self.redirects.contains(&status.as_u16())
    }

    /// Decodes a body, taking the value out of its envelope if it came in one.
    ///
    /// A member of an unusual type does not fail the response: it is converted or read as missing. An item of a list that
    /// cannot be read is left out. A response that only confirms a request may be empty.
    ///
    /// # Errors
    /// [`DecodeError`], with the JSON path of the failure, if the body is not JSON or lacks what is needed to use it.
    pub fn decode(&self, body: &[u8]) -> Result<T, DecodeError> {
        (self.read)(body, self.operation).map(|read| read.value)
    }

    /// Decodes a body as [`decode`](Self::decode), and returns what was repaired.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_with_mismatches(&self, body: &[u8]) -> Result<Decoded<T>, DecodeError> {
        let Lenient { value, mismatches, left_out } = (self.read)(body, self.operation)?;
        Ok(Decoded { value, mismatches, left_out })
    }
}

impl<T> fmt::Debug for Decoder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").field("operation", &self.operation.id).finish_non_exhaustive()
    }
}

/// A response body that is not JSON: a file or a stream. The sender reads it; nothing is decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RawBody;

/// An error of building a request. Nothing was sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// A path parameter is empty, `.` or `..`, and would address another operation.
    PathSegment {
        /// Name of the parameter in the path of the operation, for example `uid`.
        name: String,
        /// Its value.
        value: String,
    },
    /// A URL, header or body cannot be written.
    Http(BoxError),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PathSegment { name, value } if value.is_empty() => write!(f, "{name} must not be empty"),
            Self::PathSegment { name, value } => write!(f, "{name} must not be `{value}`"),
            Self::Http(_) => f.write_str("the request cannot be built"),
        }
    }
}

impl StdError for BuildError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::PathSegment { .. } => None,
            Self::Http(source) => Some(&**source),
        }
    }
}

/// The error of a body that does not decode, with its place.
#[derive(Debug)]
pub struct DecodeError {
    path: String,
    source: serde_json::Error,
}

impl DecodeError {
    pub(crate) fn new(error: serde_path_to_error::Error<serde_json::Error>) -> Self {
        Self { path: error.path().to_string(), source: error.into_inner() }
    }

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

/// Builds one request; only generated code uses it.
pub(crate) struct RequestBuilder {
    operation: &'static OperationInfo,
    url: String,
    query: url::form_urlencoded::Serializer<'static, String>,
    headers: Vec<(&'static str, String)>,
    body: Option<Result<Vec<u8>, serde_json::Error>>,
    redirects: &'static [u16],
    failed: Option<BuildError>,
}

impl RequestBuilder {
    /// Starts with the operation's path below `base_url`, which has no slash at its end. `segments` are the values of the
    /// path's placeholders in their order.
    pub(crate) fn new(
        operation: &'static OperationInfo,
        base_url: &str,
        segments: &[&str],
    ) -> Result<Self, BuildError> {
        let mut url = base_url.to_owned();
        let mut segments = segments.iter();
        let mut rest = operation.path;
        while let Some((before, after)) = rest.split_once('{') {
            url.push_str(before);
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            url.push_str(&encode_path(name, segments.next().copied().unwrap_or_default())?);
            rest = after;
        }
        url.push_str(rest);
        let query = url::form_urlencoded::Serializer::new(String::new());
        Ok(Self { operation, url, query, headers: Vec::new(), body: None, redirects: &[], failed: None })
    }

    pub(crate) fn accept(mut self, media_type: &'static str) -> Self {
        self.headers.push((ACCEPT.as_str(), media_type.to_owned()));
        self
    }

    /// Adds nothing for `None`, one pair for a scalar, a pair for each item of a list, a pair for each entry of a map.
    pub(crate) fn query(mut self, name: &'static str, value: &impl Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(Value::Null) => {}
            Ok(Value::Array(items)) => {
                for item in items {
                    self.query.append_pair(name, &text(item));
                }
            }
            Ok(Value::Object(entries)) => {
                for (name, value) in entries {
                    self.query.append_pair(&name, &text(value));
                }
            }
            Ok(scalar) => {
                self.query.append_pair(name, &text(scalar));
            }
            Err(error) => self.failed = Some(BuildError::Http(error.into())),
        }
        self
    }

    pub(crate) fn header<'a>(mut self, name: &'static str, value: impl Into<Option<&'a str>>) -> Self {
        self.headers.extend(value.into().map(|value| (name, value.to_owned())));
        self
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        self.body = Some(serde_json::to_vec(body));
        self
    }

    /// Declares redirects that are responses of the operation.
    pub(crate) fn redirects(mut self, statuses: &'static [u16]) -> Self {
        self.redirects = statuses;
        self
    }

    /// Ends with a response that is JSON.
    pub(crate) fn build<T: DeserializeOwned>(self) -> Result<Request<T>, BuildError> {
        self.finish(decode::json)
    }

    /// Ends with a response that only confirms the request; it may be empty.
    pub(crate) fn build_confirmation<T: DeserializeOwned>(self) -> Result<Request<T>, BuildError> {
        self.finish(decode::confirmation)
    }

    /// Ends with a response that is not JSON.
    pub(crate) fn raw(self) -> Result<Request<RawBody>, BuildError> {
        self.finish(|_, _| Ok(Lenient::exact(RawBody)))
    }

    /// Ends with a response whose body does not matter.
    pub(crate) fn empty(self) -> Result<Request<()>, BuildError> {
        self.finish(|_, _| Ok(Lenient::exact(())))
    }

    fn finish<T>(mut self, read: Read<T>) -> Result<Request<T>, BuildError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let query = self.query.finish();
        if !query.is_empty() {
            self.url.push('?');
            self.url.push_str(&query);
        }
        let failed = |error: BoxError| BuildError::Http(error);
        let mut request = http::Request::new(Bytes::new());
        *request.uri_mut() = self.url.parse::<Uri>().map_err(|error| failed(error.into()))?;
        *request.method_mut() = self.operation.method.parse::<Method>().map_err(|error| failed(error.into()))?;
        for (name, value) in self.headers {
            let name = name.parse::<HeaderName>().map_err(|error| failed(error.into()))?;
            let value = HeaderValue::try_from(value).map_err(|error| failed(error.into()))?;
            request.headers_mut().append(name, value);
        }
        if let Some(body) = self.body {
            *request.body_mut() = body.map_err(|error| failed(error.into()))?.into();
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let decoder = Decoder { operation: self.operation, redirects: self.redirects, read };
        Ok(Request { http: request, decoder })
    }
}

/// Percent-encodes one path segment: everything but letters, digits and `-._~`, `/` included.
///
/// `.` and `..` have no encoded form that a URL parser would not resolve, so they are an error, as is an empty segment.
fn encode_path(name: &str, segment: &str) -> Result<String, BuildError> {
    const SEGMENT: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    match segment {
        "" | "." | ".." => Err(BuildError::PathSegment { name: name.to_owned(), value: segment.to_owned() }),
        _ => Ok(percent_encoding::utf8_percent_encode(segment, SEGMENT).to_string()),
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
    use crate::operations;
    use serde_json::json;

    #[test]
    fn path_segments_are_encoded_or_rejected() {
        for (segment, encoded) in
            [("XL13", "XL13"), ("a/b", "a%2Fb"), ("é ?", "%C3%A9%20%3F"), ("a..b", "a..b"), ("%2e", "%252e")]
        {
            let request =
                RequestBuilder::new(&operations::GET_IMAGE, "http://h/v1", &[segment]).unwrap().empty().unwrap();
            assert_eq!(request.http().uri().to_string(), format!("http://h/v1/image/{encoded}"));
        }
        for segment in ["", ".", ".."] {
            let Err(error) = RequestBuilder::new(&operations::GET_IMAGE, "http://h", &[segment]) else {
                panic!("{segment}")
            };
            assert!(matches!(error, BuildError::PathSegment { name, value } if name == "uid" && value == segment));
        }
    }

    #[test]
    fn query_parameters_become_a_pair_per_value() {
        for (value, query) in [
            (json!(null), None),
            (json!(3), Some("q=3")),
            (json!("a b"), Some("q=a+b")),
            (json!(["x", 1]), Some("q=x&q=1")),
            (json!({"n": 2, "title": "T"}), Some("n=2&title=T")),
        ] {
            let builder = RequestBuilder::new(&operations::LIST_IMAGES, "http://h", &[]).unwrap();
            let request = builder.query("q", &value).empty().unwrap();
            assert_eq!(request.http().uri().query(), query, "{value}");
        }
    }
}
