//! Downloads of one file with retries, resuming after the bytes that were already written.

use super::{
    DownloadOptions, MAX_REDIRECTS,
    redirects::{self, FileResponse},
    sink::Sink,
};
use crate::seconds::seconds;
use crate::{
    Deadline, Error, ErrorKind, Result,
    call::ClientInner,
    error::{ErrorDetails, Received},
    redaction::Redaction,
    retry::retry_after_of,
    timeout::{Elapsed, timeout},
    transport::TransportError,
};
use bytes::BytesMut;
use reqwest::{
    StatusCode, Url,
    header::{
        ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
        IF_RANGE, LAST_MODIFIED, RANGE,
    },
};
use std::time::Duration;

/// Delays between requests for a file that is not found right after its render, in milliseconds.
const NOT_FOUND_RETRY_DELAYS_MS: [u64; 8] = [250, 500, 1000, 1500, 1500, 1500, 1500, 1500];

/// Downloads a file into a sink.
pub(super) async fn run(shared: &ClientInner, options: &DownloadOptions, sink: &mut impl Sink) -> Result<()> {
    let url = crate::source::web_url("url", &options.url)?;
    let limit = options.deadline.map_or(options.timeout, |deadline| deadline.left(&*shared.clock).min(options.timeout));
    let end = Deadline::after(limit, &*shared.clock);
    // No key is sent, but the URL may hold the one of the client, and the host may repeat the URL.
    let mut redaction = Redaction::default();
    if let Some(key) = shared.credentials.fixed() {
        redaction.add(key.pattern());
    }
    let Ok(result) = timeout(&*shared.clock, limit, download_with_retries(shared, options, end, &url, sink)).await
    else {
        let text = format!("the download from {} took longer than {}", redacted_url(&url), seconds(limit));
        return Err(Error::new(ErrorKind::Timeout, text).with_outcome(false, true).redacted(&redaction));
    };
    result.map_err(|error| {
        let proxy = shared.proxies.name_for(&url).filter(|_| error.kind() == ErrorKind::Connect);
        let proxy = proxy.map(|proxy| format!(" through the proxy {proxy}")).unwrap_or_default();
        error.with_context(&format!("while downloading from {}{proxy}", redacted_url(&url))).redacted(&redaction)
    })
}

/// Progress of a download.
#[derive(Default)]
struct Progress {
    written: u64,
    /// Validator of exactly this version of the file, for requests of the rest, and its header name.
    validator: Option<(HeaderName, HeaderValue)>,
    /// Length of the whole file, once a response has stated it.
    whole: Option<u64>,
}

impl Progress {
    /// Returns `true` if a partial response continues this file at the right position. Not every host respects
    /// `If-Range`, so the headers of the part are compared with those of the first response.
    fn is_continued_by(&self, part: &ContentRange, headers: &HeaderMap) -> bool {
        let whole = self.whole.or(part.whole);
        // Before any byte is written, no range was requested.
        self.written > 0
            && part.first == self.written
            && part.whole.is_none_or(|length| whole == Some(length))
            && whole.is_none_or(|whole| part.end <= whole)
            && self.is_same_file(headers)
    }

    /// Returns `true` if a 416 response states that the file ends exactly where writing stopped.
    fn is_complete(&self, headers: &HeaderMap) -> bool {
        let end = headers.get(CONTENT_RANGE).and_then(|range| range.to_str().ok()?.trim().strip_prefix("bytes */"));
        let end = end.and_then(|end| end.trim().parse().ok());
        end == Some(self.written) && self.whole.is_none_or(|whole| whole == self.written) && self.is_same_file(headers)
    }

    fn is_same_file(&self, headers: &HeaderMap) -> bool {
        self.validator.as_ref().is_some_and(|(name, value)| headers.get(name).is_none_or(|found| found == value))
    }
}

/// Sends requests until the file is complete, a permanent error occurs, or the retry policy allows no more attempts.
async fn download_with_retries(
    shared: &ClientInner,
    options: &DownloadOptions,
    end: Deadline,
    url: &Url,
    sink: &mut impl Sink,
) -> Result<()> {
    let mut failures = 0;
    let mut missing = NOT_FOUND_RETRY_DELAYS_MS.into_iter().map(Duration::from_millis);
    let mut url_to_fetch = url.clone();
    let mut progress = Progress::default();
    loop {
        let Err(error) = fetch(shared, options, &url_to_fetch, sink, &mut progress).await else { return Ok(()) };
        let wait = match error.kind() {
            // Only before the first byte: a file that disappears during the download was not just rendered.
            ErrorKind::NotFound if progress.written == 0 => {
                // A proxy may have cached the 404. A changed query bypasses the cache.
                if url.query().is_none() {
                    url_to_fetch.set_query(Some(&format!("_t={}", missing.len())));
                }
                match missing.next() {
                    Some(wait) => wait,
                    None => return Err(error),
                }
            }
            ErrorKind::Connect
            | ErrorKind::Transport
            | ErrorKind::Timeout
            | ErrorKind::Server
            | ErrorKind::RateLimited => {
                failures += 1;
                if failures >= shared.retry.max_attempts() || !shared.budget.take() {
                    return Err(error.with_outcome(false, true));
                }
                match shared.retry.wait(failures, error.retry_after(), shared.jitter.sample()) {
                    Ok(wait) => wait,
                    Err(_) => return Err(error.with_outcome(false, true)),
                }
            }
            _ => return Err(error),
        };
        if wait >= end.left(&*shared.clock) {
            let text = format!("the next attempt would start after the download's timeout of {}", seconds(end.total()));
            return Err(error.with_context(&text).with_outcome(false, true));
        }
        shared.clock.sleep(wait).await;
        if progress.validator.is_none() {
            restart(sink, &mut progress).await?;
        }
    }
}

async fn restart(sink: &mut impl Sink, progress: &mut Progress) -> Result<()> {
    sink.restart().await?;
    *progress = Progress::default();
    Ok(())
}

/// Sends one request, for the whole file or for the rest of it.
async fn fetch(
    shared: &ClientInner,
    options: &DownloadOptions,
    url: &Url,
    sink: &mut impl Sink,
    progress: &mut Progress,
) -> Result<()> {
    let mut headers = HeaderMap::new();
    if let (Some((_, validator)), 1..) = (&progress.validator, progress.written) {
        if let Ok(range) = HeaderValue::try_from(format!("bytes={}-", progress.written)) {
            headers.insert(RANGE, range);
            headers.insert(IF_RANGE, validator.clone());
        }
    }
    let mut response = with_read_timeout(shared, options, redirects::get(shared, url, headers)).await?;
    // End position of the bytes in this response, if it states one.
    let end = match response.status {
        StatusCode::PARTIAL_CONTENT => {
            let part =
                ContentRange::read(&response.headers).filter(|part| progress.is_continued_by(part, &response.headers));
            let Some(part) = part else { return Err(range_mismatch(progress)) };
            check_file(shared, options, &mut response).await?;
            progress.whole = progress.whole.or(part.whole);
            Some(part.end)
        }
        // All bytes are written; only the end of the previous response was lost.
        StatusCode::RANGE_NOT_SATISFIABLE if progress.written > 0 && progress.is_complete(&response.headers) => {
            return Ok(());
        }
        StatusCode::RANGE_NOT_SATISFIABLE if progress.written > 0 => return Err(range_mismatch(progress)),
        status if status.is_success() => {
            check_file(shared, options, &mut response).await?;
            if progress.written > 0 {
                // The host sends the file from the beginning: it cannot resume, or the file has changed.
                restart(sink, progress).await?;
            }
            progress.validator = validator(&response.headers);
            progress.whole = response.content_length();
            progress.whole
        }
        _ => return Err(status_error(shared, options, &mut response).await),
    };
    let size = |written: u64, more: u64| written.checked_add(more).filter(|size| *size <= options.max_size);
    if size(progress.written, response.content_length().unwrap_or(0)).is_none() {
        return Err(too_large(options.max_size));
    }
    while let Some(chunk) = with_read_timeout(shared, options, response.chunk()).await? {
        let written = size(progress.written, chunk.len() as u64).ok_or_else(|| too_large(options.max_size))?;
        if end.is_some_and(|end| written > end) {
            return Err(range_mismatch(progress));
        }
        sink.write(chunk).await?;
        progress.written = written;
    }
    if progress.whole.or(end).is_some_and(|whole| progress.written < whole) {
        let text = format!("the host ended the response after {} bytes, before the end of the file", progress.written);
        return Err(Error::new(ErrorKind::Transport, text).with_outcome(false, true));
    }
    if progress.written == 0 {
        return Err(Error::new(ErrorKind::ContentType, "the response is empty, not an image, a video or a PDF"));
    }
    Ok(())
}

/// Error for a range that does not match the request. It also abandons resuming.
fn range_mismatch(progress: &mut Progress) -> Error {
    progress.validator = None;
    let text = format!("the host does not continue this file at byte {}", progress.written);
    Error::new(ErrorKind::Transport, text).with_outcome(false, true)
}

/// Returns the validator for requests of the rest of exactly this file: a strong entity tag, or else a date.
fn validator(headers: &HeaderMap) -> Option<(HeaderName, HeaderValue)> {
    if headers.get(ACCEPT_RANGES).is_some_and(|ranges| ranges == "none") {
        return None;
    }
    let strong = headers.get(ETAG).filter(|tag| !tag.as_bytes().starts_with(b"W/"));
    let date = || headers.get(LAST_MODIFIED).map(|date| (LAST_MODIFIED, date.clone()));
    strong.map(|tag| (ETAG, tag.clone())).or_else(date)
}

/// Parsed `Content-Range` header: `bytes 5-9/10`, or `bytes 5-9/*` if the length of the whole file is not stated.
struct ContentRange {
    first: u64,
    /// Position after the last byte.
    end: u64,
    whole: Option<u64>,
}

impl ContentRange {
    fn read(headers: &HeaderMap) -> Option<Self> {
        let range = headers.get(CONTENT_RANGE)?.to_str().ok()?;
        let (positions, whole) = range.trim().strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = positions.split_once('-')?;
        let whole = match whole.trim() {
            "*" => None,
            length => Some(length.parse().ok()?),
        };
        let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        let end = last.checked_add(1)?;
        (first < end).then_some(Self { first, end, whole })
    }
}

/// Returns `true` for the content types of rendered files, and for generic or missing ones, which some hosts send.
fn is_file(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE) else { return true };
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    ["image/", "video/"].iter().any(|media| kind.starts_with(media))
        || ["", "application/pdf", "application/octet-stream", "binary/octet-stream"].contains(&kind.as_str())
}

/// Applies the read timeout to one step of a request, and converts its errors.
async fn with_read_timeout<T>(
    shared: &ClientInner,
    options: &DownloadOptions,
    step: impl Future<Output = Result<T, TransportError>>,
) -> Result<T> {
    timeout(&*shared.clock, options.read_timeout, step).await.map_or_else(
        |Elapsed| {
            let text = format!("no data received for {}", seconds(options.read_timeout));
            Err(Error::new(ErrorKind::Timeout, text))
        },
        |result| result.map_err(Error::from_transport),
    )
}

/// Returns the encoding of a compressed response. None is asked for, so the bytes would not be those of the file.
fn compression(headers: &HeaderMap) -> Option<String> {
    let encodings = headers.get_all(CONTENT_ENCODING).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let encodings = encodings.collect::<Vec<_>>().join(", ");
    let is_plain = |encoding: &str| matches!(encoding.trim().to_ascii_lowercase().as_str(), "" | "identity");
    (!encodings.split(',').all(is_plain)).then_some(encodings)
}

/// Returns an error if a response is not the plain bytes of a file.
async fn check_file(shared: &ClientInner, options: &DownloadOptions, response: &mut FileResponse) -> Result<()> {
    let text = if !is_file(&response.headers) {
        let kind = response.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("?");
        format!("the response is {kind}, not an image, a video or a PDF")
    } else if let Some(encoding) = compression(&response.headers) {
        format!("the file is compressed ({encoding}), and that was not asked for; check the file host and its proxies")
    } else {
        return Ok(());
    };
    let received = read_error_body(shared, options, response).await;
    Err(Error::new(ErrorKind::ContentType, text).with_received(received))
}

async fn status_error(shared: &ClientInner, options: &DownloadOptions, response: &mut FileResponse) -> Error {
    let received = read_error_body(shared, options, response).await;
    let delay = {
        let details = ErrorDetails::read(received.status, &received.headers, &received.body);
        retry_after_of(&received.headers, &details, shared.clock.system_time())
    };
    if received.status == StatusCode::NOT_FOUND {
        return Error::new(ErrorKind::NotFound, "the file does not exist").with_received(received);
    }
    if received.status.is_redirection() {
        let text = format!("the host redirects more than {MAX_REDIRECTS} times, or from https to http");
        return Error::new(ErrorKind::Redirect, text).with_received(received);
    }
    Error::from_response(received).with_retry_after(delay)
}

/// Reads an error response, with at most as much of its body as errors store.
async fn read_error_body(shared: &ClientInner, options: &DownloadOptions, response: &mut FileResponse) -> Received {
    let (status, headers) = (response.status, response.headers.clone());
    let mut body = BytesMut::new();
    while body.len() < Error::MAX_BODY_BYTES {
        match with_read_timeout(shared, options, response.chunk()).await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            // The status alone decides the outcome; the part of the body read so far is kept.
            Ok(None) | Err(_) => break,
        }
    }
    Received { status, headers, body: body.freeze() }
}

fn too_large(limit: u64) -> Error {
    Error::new(ErrorKind::TooLarge, format!("the file is larger than {limit} bytes"))
}

/// Formats a URL for messages: without the query, which may be a signature, and without user name and password.
fn redacted_url(url: &Url) -> String {
    let mut url = url.clone();
    // These fail only for URLs without a host, and this one has a host.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}
