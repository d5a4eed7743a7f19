//! What the URLs answer with.

use crate::{Error, ErrorKind, download::Downloadable};
use bytes::Bytes;
use pictify_api::{Body, ByteStream, CheckSchema, ResponseValue, SchemaMismatches};
use reqwest::{
    StatusCode, Url,
    header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderName, LOCATION},
};
use std::fmt;

/// A picture as its URL sent it.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Picture {
    /// The file; empty when it is [`unchanged`](Self::unchanged).
    pub bytes: Bytes,
    /// The media type, for example `image/png`.
    pub content_type: Option<String>,
    /// The version of the picture, for `if_none_match` of a later call.
    pub etag: Option<String>,
    /// Whether the picture is still the one that `if_none_match` named.
    pub unchanged: bool,
}

impl Picture {
    /// Whether it is a PNG of one pixel, which the service sends in place of a picture that it could not make.
    #[must_use]
    pub fn is_placeholder(&self) -> bool {
        // A PNG starts with its signature and the header chunk, which starts with width and height.
        const ONE_PIXEL: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];
        self.bytes.starts_with(b"\x89PNG\r\n\x1a\n") && self.bytes.get(16..24) == Some(&ONE_PIXEL)
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Picture")
            .field("bytes", &format_args!("{} bytes", self.bytes.len()))
            .field("content_type", &self.content_type)
            .field("etag", &self.etag)
            .field("unchanged", &self.unchanged)
            .finish()
    }
}

/// The picture of an experiment, or where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExperimentPicture {
    /// The picture itself.
    Inline(Picture),
    /// The picture is elsewhere: `client.download(&stored)` fetches it.
    Stored(StoredPicture),
}

impl CheckSchema for Picture {
    fn check_schema(&self, _: &mut SchemaMismatches) {}
}

impl CheckSchema for ExperimentPicture {
    fn check_schema(&self, _: &mut SchemaMismatches) {}
}

/// Where a picture is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredPicture {
    /// The URL of the file.
    pub url: String,
}

impl Downloadable for StoredPicture {
    fn url(&self) -> &str {
        &self.url
    }
}

/// Reads the picture of an answer.
#[allow(clippy::result_large_err, reason = "the generated method's own error, handed on once")]
pub(super) fn read(answer: ResponseValue<ByteStream>) -> Result<ResponseValue<Picture>, pictify_api::Error> {
    let (status, headers) = (answer.status, answer.headers.clone());
    let mut answer = answer.try_map(|stream| picture(stream, status, &headers))?;
    answer.body = answer.value.bytes.clone();
    Ok(answer)
}

/// Reads the picture of an answer, or where it says that the picture is; `base` is what a path is relative to.
#[allow(clippy::result_large_err, reason = "the generated method's own error, handed on once")]
pub(super) fn read_or_follow(
    answer: ResponseValue<ByteStream>,
    base: &str,
) -> Result<ResponseValue<ExperimentPicture>, pictify_api::Error> {
    if !answer.status.is_redirection() {
        return read(answer)?.try_map(|picture| Ok::<_, Error>(ExperimentPicture::Inline(picture)));
    }
    let location = text(&answer.headers, &LOCATION);
    answer.try_map(|_| {
        let base = Url::parse(base).ok();
        let url = location.and_then(|location| base?.join(&location).ok());
        let url = url.ok_or_else(|| Error::new(ErrorKind::Decode, "the answer does not say where the picture is"))?;
        Ok::<_, Error>(ExperimentPicture::Stored(StoredPicture { url: url.into() }))
    })
}

fn picture(stream: ByteStream, status: StatusCode, headers: &HeaderMap) -> Result<Picture, Error> {
    let Body::Full(bytes) = stream.into_body() else {
        return Err(Error::new(ErrorKind::Decode, "the answer is a stream of events and no picture"));
    };
    Ok(Picture {
        bytes,
        content_type: text(headers, &CONTENT_TYPE),
        etag: text(headers, &ETAG),
        unchanged: status == StatusCode::NOT_MODIFIED,
    })
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
