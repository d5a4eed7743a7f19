//! The images that link URLs return.

use crate::{Error, ErrorKind, Result, download::Downloadable, request::ResponseParts};
use bytes::Bytes;
use pictify_api::{CheckSchema, SchemaMismatches};
use reqwest::{
    StatusCode, Url,
    header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderName, LOCATION},
};
use std::fmt;

/// Image as received from its URL.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkImage {
    /// Content of the file; empty if the image is [`unchanged`](Self::unchanged).
    pub bytes: Bytes,
    /// Media type, for example `image/png`.
    pub content_type: Option<String>,
    /// Version of the image, for `if_none_match` of a later call.
    pub etag: Option<String>,
    /// `true` if the image still has the version that `if_none_match` named.
    pub unchanged: bool,
}

impl LinkImage {
    /// Returns `true` for a PNG of one pixel, which the service sends if it could not render the image.
    #[must_use]
    pub fn is_placeholder(&self) -> bool {
        // A PNG starts with its signature and the header chunk, which starts with width and height.
        const ONE_PIXEL: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];
        self.bytes.starts_with(b"\x89PNG\r\n\x1a\n") && self.bytes.get(16..24) == Some(&ONE_PIXEL)
    }
}

impl fmt::Debug for LinkImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkImage")
            .field("bytes", &format_args!("{} bytes", self.bytes.len()))
            .field("content_type", &self.content_type)
            .field("etag", &self.etag)
            .field("unchanged", &self.unchanged)
            .finish()
    }
}

/// Image of an experiment, or its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExperimentImage {
    /// The image itself.
    Inline(LinkImage),
    /// The image is stored elsewhere: `client.download(&stored)` fetches it.
    Stored(StoredImage),
}

impl CheckSchema for LinkImage {
    fn check_schema(&self, _: &mut SchemaMismatches) {}
}

impl CheckSchema for ExperimentImage {
    fn check_schema(&self, _: &mut SchemaMismatches) {}
}

/// Location of a stored image.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredImage {
    /// URL of the file.
    pub url: String,
}

impl Downloadable for StoredImage {
    fn url(&self) -> &str {
        &self.url
    }
}

/// Reads the image of a response.
pub(super) fn read(response: &ResponseParts) -> Result<LinkImage> {
    if response.body.is_stream() {
        return Err(Error::new(ErrorKind::Decode, "the response is a stream of events, not an image"));
    }
    Ok(LinkImage {
        bytes: response.body.bytes(),
        content_type: header_text(&response.headers, &CONTENT_TYPE),
        etag: header_text(&response.headers, &ETAG),
        unchanged: response.status == StatusCode::NOT_MODIFIED,
    })
}

/// Reads the image of a response, or the URL from its `Location` header. `base` resolves a relative URL.
pub(super) fn read_or_follow(response: &ResponseParts, base: &str) -> Result<ExperimentImage> {
    if !response.status.is_redirection() {
        return read(response).map(ExperimentImage::Inline);
    }
    let location = header_text(&response.headers, &LOCATION);
    let base = Url::parse(base).ok();
    let url = location.and_then(|location| base?.join(&location).ok());
    let url = url.ok_or_else(|| Error::new(ErrorKind::Decode, "the redirect has no valid location of the image"))?;
    Ok(ExperimentImage::Stored(StoredImage { url: url.into() }))
}

fn header_text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
