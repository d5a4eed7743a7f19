//! Requests that are ready to be sent.

use super::{ApiRequest, Extra};
use crate::{Error, ErrorKind, Result, error::Received, redaction::Redaction, transport::Body};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use pictify_api::{BuildError, CheckSchema, Decoder, SchemaMismatchKind, SchemaMismatches};
use serde::de::DeserializeOwned;

/// Builds the HTTP request and the reader of the response. The module is private, so only this crate can implement it.
pub trait Prepare<T> {
    /// Builds them for a base URL without a slash at its end.
    fn prepare(&self, base_url: &str) -> Result<Prepared<T>>;

    /// Returns the fields that the contract does not know.
    fn extra_mut(&mut self) -> &mut Extra;
}

/// A request that is ready to be sent, and the reader of its response.
pub struct Prepared<T> {
    pub(crate) http: http::Request<Bytes>,
    pub(crate) decoder: Box<dyn ReadResponse<T>>,
}

impl<T: CheckSchema + DeserializeOwned + Send + 'static> Prepared<T> {
    /// Makes it of a request whose response is the value itself.
    pub(crate) fn json(request: Result<pictify_api::Request<T>, BuildError>) -> Result<Self> {
        Self::mapped(request, |value, _| Ok(value))
    }
}

impl<T: 'static> Prepared<T> {
    /// Makes it of a request whose response is made of the decoded value and the rest of the response.
    pub(crate) fn mapped<W: 'static>(
        request: Result<pictify_api::Request<W>, BuildError>,
        map: impl FnOnce(W, &mut ResponseParts) -> Result<T> + Send + 'static,
    ) -> Result<Self> {
        let (http, decoder) = request.map_err(build_error)?.into_parts();
        Ok(Self { http, decoder: Box::new(Mapped { decoder, map }) })
    }
}

/// Reads the successful response of one request.
pub trait ReadResponse<T>: Send {
    /// Returns true for statuses that the operation expects.
    fn accepts(&self, status: StatusCode) -> bool;

    /// Reads the value. What is taken out of the body is missing in the parts afterwards.
    fn read(self: Box<Self>, response: &mut ResponseParts) -> Result<T>;
}

struct Mapped<W, F> {
    decoder: Decoder<W>,
    map: F,
}

impl<W, T, F: FnOnce(W, &mut ResponseParts) -> Result<T> + Send> ReadResponse<T> for Mapped<W, F> {
    fn accepts(&self, status: StatusCode) -> bool {
        self.decoder.accepts(status)
    }

    fn read(self: Box<Self>, response: &mut ResponseParts) -> Result<T> {
        let decoded = self.decoder.decode_with_mismatches(&response.body.bytes());
        let decoded = decoded.map_err(|error| Error::decode(response.to_received(), error))?;
        (response.mismatches, response.left_out) = (decoded.mismatches, decoded.left_out);
        (self.map)(decoded.value, response)
    }
}

/// The parts of a response that was accepted.
pub struct ResponseParts {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    /// Differences from the schema that the decoded value does not show.
    pub(crate) mismatches: SchemaMismatches,
    /// Number of items that were left out of a page of a list.
    pub(crate) left_out: usize,
    /// The secrets of the request, for what is read later.
    pub(crate) redaction: Redaction,
}

impl ResponseParts {
    pub(crate) fn new(status: StatusCode, headers: HeaderMap, body: Body, redaction: Redaction) -> Self {
        Self { status, headers, body, mismatches: SchemaMismatches::default(), left_out: 0, redaction }
    }

    /// Removes the results that have no usable URL, and reports each as left out of the list `field`.
    ///
    /// # Errors
    /// [`Decode`](ErrorKind::Decode) if no result is left.
    pub(crate) fn keep_files<T: CheckSchema>(&mut self, field: &str, results: &mut Vec<T>) -> Result<()> {
        let mut first = None;
        let mut index = 0;
        results.retain(|result| {
            let error = check_file_url(result).err();
            if error.is_some() {
                self.mismatches.push(&format!("{field}[{index}]"), SchemaMismatchKind::LeftOut);
            }
            index += 1;
            let is_usable = error.is_none();
            first = first.take().or(error);
            is_usable
        });
        match first {
            Some(error) if results.is_empty() => Err(error.with_received(self.to_received())),
            _ => Ok(()),
        }
    }

    /// Copies the parts for an error.
    pub(crate) fn to_received(&self) -> Received {
        Received { status: self.status, headers: self.headers.clone(), body: self.body.bytes() }
    }

    pub(crate) fn into_received(self) -> Received {
        Received { status: self.status, headers: self.headers, body: self.body.into_bytes() }
    }
}

/// Checks that a value which describes a file has the URL of the file.
///
/// # Errors
/// [`Decode`](ErrorKind::Decode) if the URL is empty, relative, or not an http or https URL.
pub(crate) fn check_file_url(value: &impl CheckSchema) -> Result<()> {
    let Some(text) = value.file_url() else { return Ok(()) };
    let is_usable = ["http://", "https://"].iter().any(|scheme| starts_with_ignoring_case(text, scheme))
        && url::Url::parse(text).is_ok_and(|url| url.has_host());
    if is_usable {
        return Ok(());
    }
    // A query may hold a token.
    let shown = text.split(['?', '#']).next().unwrap_or_default();
    Err(Error::new(ErrorKind::Decode, format!("url: `{shown}` is not an absolute http or https URL")))
}

fn starts_with_ignoring_case(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start))
}

/// Returns the URL that a request would be sent to. Nothing is sent.
pub(crate) fn url_of<R: ApiRequest>(base_url: &str, request: &R) -> Result<url::Url> {
    request.check()?;
    let uri = request.prepare(base_url)?.http.uri().to_string();
    let mut url = url::Url::parse(&uri)
        .map_err(|error| Error::new(ErrorKind::Validation, "the URL cannot be built").with_source(error))?;
    // A plus means a space only to servers that read the query as a form.
    let query = url.query().map(|query| query.replace('+', "%20"));
    url.set_query(query.as_deref());
    Ok(url)
}

fn build_error(error: BuildError) -> Error {
    match error {
        BuildError::PathSegment { name, value } if value.is_empty() => Error::invalid_field(&name, "must not be empty"),
        BuildError::PathSegment { name, value } => Error::invalid_field(&name, format!("must not be `{value}`")),
        other => Error::new(ErrorKind::Validation, "the request cannot be built").with_source(other),
    }
}
