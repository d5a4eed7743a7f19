//! What the URLs answer with.

use crate::{Error, ErrorKind, Result, download::Downloadable, request::ResponseParts};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, StatusCode,
    header::{CONTENT_TYPE, ETAG, LOCATION},
};
use pictify_api::{CheckSchema, SchemaMismatches};
use std::fmt;
use url::Url;

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

/// Reads the picture of a response.
pub(super) fn read(response: &ResponseParts) -> Result<Picture> {
    if response.body.is_stream() {
        return Err(Error::new(ErrorKind::Decode, "the response is a stream of events, not an image"));
    }
    let headers = &response.headers;
    Ok(Picture {
        bytes: response.body.bytes(),
        content_type: text(headers, &CONTENT_TYPE),
        etag: text(headers, &ETAG),
        unchanged: response.status == StatusCode::NOT_MODIFIED,
    })
}

/// Reads the picture of a response, or the URL that it redirects to; `base` is what a path is relative to.
pub(super) fn read_or_follow(response: &ResponseParts, base: &str) -> Result<ExperimentPicture> {
    if !response.status.is_redirection() {
        return read(response).map(ExperimentPicture::Inline);
    }
    let location = text(&response.headers, &LOCATION);
    let base = Url::parse(base).ok();
    let url = location.and_then(|location| base?.join(&location).ok());
    let url = url.ok_or_else(|| Error::new(ErrorKind::Decode, "the response does not say where the image is"))?;
    Ok(ExperimentPicture::Stored(StoredPicture { url: url.into() }))
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
