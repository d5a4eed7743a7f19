//! One file, in as many requests as it takes.

use super::{
    MAX_REDIRECTS, Plan,
    redirects::{self, FileResponse},
    sink::Sink,
};
use crate::{
    Deadline, Error, ErrorKind, Result,
    call::ClientInner,
    error::{ErrorDetails, Received},
    retry::retry_after_of,
    timeout::{Elapsed, timeout},
    transport::TransportError,
};
use bytes::BytesMut;
use reqwest::{
    StatusCode, Url,
    header::{
        ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_RANGE, LAST_MODIFIED,
        RANGE,
    },
};
use std::time::Duration;

/// How long a file may be missing right after its render, in all: the sum of the waits between tries, in milliseconds.
const NOT_FOUND_RETRY_DELAYS_MS: [u64; 8] = [250, 500, 1000, 1500, 1500, 1500, 1500, 1500];

/// Fetches a file into a sink.
pub(super) async fn run(shared: &ClientInner, plan: &Plan, sink: &mut impl Sink) -> Result<()> {
    let url = crate::source::web_url("url", &plan.url)?;
    let limit = plan.deadline.map_or(plan.timeout, |deadline| deadline.left(&*shared.clock).min(plan.timeout));
    let end = Deadline::after(limit, &*shared.clock);
    let Ok(result) = timeout(&*shared.clock, limit, tries(shared, plan, end, &url, sink)).await else {
        let text = format!("the download from {} took longer than {} s", place(&url), limit.as_secs_f64());
        return Err(Error::new(ErrorKind::Timeout, text).with_outcome(false, true));
    };
    result.map_err(|error| error.with_context(&format!("while downloading from {}", place(&url))))
}

/// How far a file has come.
#[derive(Default)]
struct Progress {
    written: u64,
    /// What names exactly this file, so that the rest of it can be asked for, and the header that said it.
    validator: Option<(HeaderName, HeaderValue)>,
    /// How long the file is, once an answer has said it.
    whole: Option<u64>,
}

impl Progress {
    /// Whether a part goes on with this very file where it ended. Not every host heeds `If-Range`, so what the part says
    /// of its file is held against what the beginning said.
    fn is_continued_by(&self, part: &Part, headers: &HeaderMap) -> bool {
        let whole = self.whole.or(part.whole);
        // Where nothing is there yet, no part was asked for.
        self.written > 0
            && part.first == self.written
            && part.whole.is_none_or(|length| whole == Some(length))
            && whole.is_none_or(|whole| part.end <= whole)
            && self.is_of_the_same_file(headers)
    }

    /// Whether the host has every byte of this file no further than it was written.
    fn is_all_there(&self, headers: &HeaderMap) -> bool {
        let end = headers.get(CONTENT_RANGE).and_then(|range| range.to_str().ok()?.trim().strip_prefix("bytes */"));
        let end = end.and_then(|end| end.trim().parse().ok());
        end == Some(self.written)
            && self.whole.is_none_or(|whole| whole == self.written)
            && self.is_of_the_same_file(headers)
    }

    fn is_of_the_same_file(&self, headers: &HeaderMap) -> bool {
        self.validator.as_ref().is_some_and(|(name, value)| headers.get(name).is_none_or(|found| found == value))
    }
}

/// Fetches until the file is whole, it is clear that it does not come, or the policy's attempts are spent.
async fn tries(shared: &ClientInner, plan: &Plan, end: Deadline, url: &Url, sink: &mut impl Sink) -> Result<()> {
    let mut failures = 0;
    let mut missing = NOT_FOUND_RETRY_DELAYS_MS.into_iter().map(Duration::from_millis);
    let mut address = url.clone();
    let mut progress = Progress::default();
    loop {
        let Err(error) = fetch(shared, plan, &address, sink, &mut progress).await else { return Ok(()) };
        let wait = match error.kind() {
            // One that is gone in the middle has not just been rendered.
            ErrorKind::NotFound if progress.written == 0 => {
                // Somewhere on the way the absence may have been cached.
                if url.query().is_none() {
                    address.set_query(Some(&format!("_t={}", missing.len())));
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
                if failures >= shared.retry.attempts() || !shared.budget.take() {
                    return Err(error.with_outcome(false, true));
                }
                match shared.retry.wait(failures, error.retry_after(), shared.clock.random()) {
                    Ok(wait) => wait,
                    Err(_) => return Err(error.with_outcome(false, true)),
                }
            }
            _ => return Err(error),
        };
        if wait >= end.left(&*shared.clock) {
            let text = format!("the next try would be too late for the download's {} s", end.total().as_secs_f64());
            return Err(error.with_context(&text).with_outcome(false, true));
        }
        shared.clock.sleep(wait).await;
        if progress.validator.is_none() {
            start_over(sink, &mut progress).await?;
        }
    }
}

async fn start_over(sink: &mut impl Sink, progress: &mut Progress) -> Result<()> {
    sink.start_over().await?;
    *progress = Progress::default();
    Ok(())
}

/// One request: the whole file, or the rest of it.
async fn fetch(
    shared: &ClientInner,
    plan: &Plan,
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
    let mut response = stalls(shared, plan, redirects::get(shared, url, headers)).await?;
    // Where this answer's bytes end, when it says so.
    let end = match response.status {
        StatusCode::PARTIAL_CONTENT => {
            let part = Part::read(&response.headers).filter(|part| progress.is_continued_by(part, &response.headers));
            let Some(part) = part else { return Err(misplaced(progress)) };
            if !is_file(&response.headers) {
                return Err(not_a_file(shared, plan, response).await);
            }
            progress.whole = progress.whole.or(part.whole);
            Some(part.end)
        }
        // Only the word that it was all was lost.
        StatusCode::RANGE_NOT_SATISFIABLE if progress.written > 0 && progress.is_all_there(&response.headers) => {
            return Ok(());
        }
        StatusCode::RANGE_NOT_SATISFIABLE if progress.written > 0 => return Err(misplaced(progress)),
        status if status.is_success() => {
            if !is_file(&response.headers) {
                return Err(not_a_file(shared, plan, response).await);
            }
            if progress.written > 0 {
                // The host gives the file from its beginning: it cannot go on, or the file has changed.
                start_over(sink, progress).await?;
            }
            progress.validator = validator(&response.headers);
            progress.whole = response.content_length();
            progress.whole
        }
        _ => return Err(refused(shared, plan, response).await),
    };
    let size = |written: u64, more: u64| written.checked_add(more).filter(|size| *size <= plan.size_limit);
    if size(progress.written, response.content_length().unwrap_or(0)).is_none() {
        return Err(too_large(plan.size_limit));
    }
    while let Some(chunk) = stalls(shared, plan, response.chunk()).await? {
        let written = size(progress.written, chunk.len() as u64).ok_or_else(|| too_large(plan.size_limit))?;
        if end.is_some_and(|end| written > end) {
            return Err(misplaced(progress));
        }
        sink.write(chunk).await?;
        progress.written = written;
    }
    if progress.whole.or(end).is_some_and(|whole| progress.written < whole) {
        let text = format!("the host gave {} bytes and ended, and more belong to the file", progress.written);
        return Err(Error::new(ErrorKind::Transport, text).with_outcome(false, true));
    }
    if progress.written == 0 {
        return Err(Error::new(ErrorKind::ContentType, "what came is empty, and not an image, a video or a PDF"));
    }
    Ok(())
}

/// What came fits nowhere; the file is not gone on with.
fn misplaced(progress: &mut Progress) -> Error {
    progress.validator = None;
    let text = format!("the host does not give this file from byte {} on", progress.written);
    Error::new(ErrorKind::Transport, text).with_outcome(false, true)
}

/// What the rest of exactly this file can be asked for with: a strong entity tag, or else a date.
fn validator(headers: &HeaderMap) -> Option<(HeaderName, HeaderValue)> {
    if headers.get(ACCEPT_RANGES).is_some_and(|ranges| ranges == "none") {
        return None;
    }
    let strong = headers.get(ETAG).filter(|tag| !tag.as_bytes().starts_with(b"W/"));
    let date = || headers.get(LAST_MODIFIED).map(|date| (LAST_MODIFIED, date.clone()));
    strong.map(|tag| (ETAG, tag.clone())).or_else(date)
}

/// Where a part of a file belongs: `bytes 5-9/10`, or `bytes 5-9/*` when the whole's length is not said.
struct Part {
    first: u64,
    /// One past its last byte.
    end: u64,
    whole: Option<u64>,
}

impl Part {
    fn read(headers: &HeaderMap) -> Option<Self> {
        let range = headers.get(CONTENT_RANGE)?.to_str().ok()?;
        let (place, whole) = range.trim().strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = place.split_once('-')?;
        let whole = match whole.trim() {
            "*" => None,
            length => Some(length.parse().ok()?),
        };
        let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        let end = last.checked_add(1)?;
        (first < end).then_some(Self { first, end, whole })
    }
}

/// Whether it says to be a file of the kinds that are rendered, or says nothing. Hosts call any file a stream of octets.
fn is_file(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE) else { return true };
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    ["image/", "video/"].iter().any(|media| kind.starts_with(media))
        || ["", "application/pdf", "application/octet-stream", "binary/octet-stream"].contains(&kind.as_str())
}

/// Gives one step of the exchange its time, and names what may go wrong in it.
async fn stalls<T>(
    shared: &ClientInner,
    plan: &Plan,
    step: impl Future<Output = Result<T, TransportError>>,
) -> Result<T> {
    match timeout(&*shared.clock, plan.read_timeout, step).await {
        Ok(result) => result.map_err(Error::from_transport),
        Err(Elapsed) => {
            let text = format!("nothing arrived for {} s", plan.read_timeout.as_secs_f64());
            Err(Error::new(ErrorKind::Timeout, text))
        }
    }
}

async fn not_a_file(shared: &ClientInner, plan: &Plan, response: FileResponse) -> Error {
    let received = first_part(shared, plan, response).await;
    let kind = received.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("?");
    let text = format!("what came is {kind}, and not an image, a video or a PDF");
    Error::new(ErrorKind::ContentType, text).with_received(received)
}

async fn refused(shared: &ClientInner, plan: &Plan, response: FileResponse) -> Error {
    let received = first_part(shared, plan, response).await;
    let delay = {
        let details = ErrorDetails::read(received.status, &received.headers, &received.body);
        retry_after_of(&received.headers, &details, shared.clock.system_time())
    };
    if received.status == StatusCode::NOT_FOUND {
        return Error::new(ErrorKind::NotFound, "the file is not there").with_received(received);
    }
    if received.status.is_redirection() {
        let text = format!("the host redirects more than {MAX_REDIRECTS} times, or from https to http");
        return Error::new(ErrorKind::Redirect, text).with_received(received);
    }
    Error::answered(received).with_retry_after(delay)
}

/// An answer with as much of its body as errors keep.
async fn first_part(shared: &ClientInner, plan: &Plan, mut response: FileResponse) -> Received {
    let (status, headers) = (response.status, response.headers.clone());
    let mut body = BytesMut::new();
    while body.len() < Error::MAX_BODY_BYTES {
        match stalls(shared, plan, response.chunk()).await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            // The status says enough; what was read of the body is kept.
            Ok(None) | Err(_) => break,
        }
    }
    Received { status, headers, body: body.freeze() }
}

fn too_large(limit: u64) -> Error {
    Error::new(ErrorKind::TooLarge, format!("the file is larger than {limit} bytes"))
}

/// A URL for messages: without the query, which may be a signature, and without a password.
fn place(url: &Url) -> String {
    let mut url = url.clone();
    // A URL with a host, as this one has, may have them or not.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}
