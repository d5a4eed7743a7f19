//! Fetching a rendered file from wherever it is stored.

mod file;

use crate::{
    Client, Error, ErrorKind, Result,
    client::Shared,
    error::Received,
    race::{TimedOut, within},
};
use bytes::{Bytes, BytesMut};
use file::PartialFile;
use reqwest::{Response, StatusCode, Url, redirect};
use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

/// How large a file may be, in bytes, unless the caller says otherwise.
const SIZE_LIMIT: u64 = 256 * 1024 * 1024;

/// How long a whole download may take unless the caller says otherwise.
const TIMEOUT: Duration = Duration::from_secs(300);

/// How long nothing may arrive.
const STALL: Duration = Duration::from_secs(30);

/// How long a file may be missing right after its render, in all: the sum of the waits between tries, in milliseconds.
const APPEARS_MS: [u64; 8] = [250, 500, 1000, 1500, 1500, 1500, 1500, 1500];

const MAX_REDIRECTS: usize = 5;

/// Something that was rendered and stored as a file.
pub trait RenderedFile {
    /// Where the file is. The host is the service's choice and may change.
    fn url(&self) -> &str;
}

impl RenderedFile for str {
    fn url(&self) -> &str {
        self
    }
}

impl RenderedFile for String {
    fn url(&self) -> &str {
        self
    }
}

/// A download that is ready to start: [`client.download(&image)`](Client::download).
///
/// The key is never sent with it. A file that is missing right after its render is asked for again for some seconds. As it
/// only reads, a broken download starts again as the client's retry policy says.
#[derive(Clone)]
#[must_use = "a download does nothing before its end is chosen: bytes or to_file"]
pub struct Download<C> {
    pub(crate) client: C,
    plan: Plan,
}

#[derive(Clone)]
struct Plan {
    url: String,
    size_limit: u64,
    timeout: Duration,
}

impl<C: Clone> Download<C> {
    pub(crate) fn new(client: &C, file: &(impl RenderedFile + ?Sized)) -> Self {
        let plan = Plan { url: file.url().to_owned(), size_limit: SIZE_LIMIT, timeout: TIMEOUT };
        Self { client: client.clone(), plan }
    }

    /// How large the file may be, in bytes. 256 MiB by default.
    pub fn size_limit(mut self, bytes: u64) -> Self {
        self.plan.size_limit = bytes;
        self
    }

    /// How long the whole download may take, retries included. 5 minutes by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.plan.timeout = timeout;
        self
    }
}

impl Client {
    /// Downloads a rendered file: an image, or anything else with a [`RenderedFile::url`].
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// # use pictify::images::Source;
    /// let image = client.images().create(Source::html("<h1>Hello</h1>")).send().await?;
    /// let png = client.download(&image).bytes().await?;
    /// client.download(&image).size_limit(1_000_000).to_file("hello.png").await?;
    /// # Ok(()) }
    /// ```
    pub fn download(&self, file: &(impl RenderedFile + ?Sized)) -> Download<Self> {
        Download::new(self, file)
    }
}

impl Download<Client> {
    /// Downloads into memory.
    ///
    /// # Errors
    /// `Validation` when the URL is not http or https; `NotFound` when the file does not appear; `TooLarge`, `Timeout`,
    /// `Connect`, `Transport`, and the kinds of an answer that is not a success.
    pub async fn bytes(self) -> Result<Bytes> {
        let mut buffer = BytesMut::new();
        run(&self.client.0, &self.plan, &mut buffer).await?;
        Ok(buffer.freeze())
    }

    /// Downloads into a file, which appears under its name when it is whole or not at all. Returns its size in bytes.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes); `Io` when the file cannot be written, which is found before anything is fetched.
    pub async fn to_file(self, path: impl AsRef<Path>) -> Result<u64> {
        let path = PathBuf::from(path.as_ref());
        let mut file = PartialFile::create(path).await?;
        run(&self.client.0, &self.plan, &mut file).await?;
        file.finish().await
    }
}

#[cfg(feature = "blocking")]
mod blocking {
    use super::{Bytes, Download, Path, PathBuf, RenderedFile, Result};
    use crate::blocking::Client;

    impl Client {
        /// Downloads a rendered file: an image, or anything else with a [`RenderedFile::url`].
        pub fn download(&self, file: &(impl RenderedFile + ?Sized)) -> Download<Self> {
            Download::new(self, file)
        }
    }

    impl Download<Client> {
        fn split(self) -> (Client, Download<crate::Client>) {
            let download = Download { client: self.client.inner.clone(), plan: self.plan };
            (self.client, download)
        }

        /// Downloads into memory.
        ///
        /// # Errors
        /// As [`bytes`](Download::bytes) of the async client.
        pub fn bytes(self) -> Result<Bytes> {
            let (client, download) = self.split();
            client.wait(download.bytes())
        }

        /// Downloads into a file, which appears under its name when it is whole or not at all.
        ///
        /// # Errors
        /// As [`to_file`](Download::to_file) of the async client.
        pub fn to_file(self, path: impl AsRef<Path>) -> Result<u64> {
            let path = PathBuf::from(path.as_ref());
            let (client, download) = self.split();
            client.wait(download.to_file(path))
        }
    }
}

/// Where the chunks of a file go. A retry starts it over.
trait Sink {
    async fn start_over(&mut self) -> Result<()>;
    async fn write(&mut self, chunk: Bytes) -> Result<()>;
}

impl Sink for BytesMut {
    async fn start_over(&mut self) -> Result<()> {
        self.clear();
        Ok(())
    }

    async fn write(&mut self, chunk: Bytes) -> Result<()> {
        self.extend_from_slice(&chunk);
        Ok(())
    }
}

async fn run(shared: &Shared, plan: &Plan, sink: &mut impl Sink) -> Result<()> {
    let url = Url::parse(&plan.url).map_err(|error| Error::invalid_field("url", error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Error::invalid_field("url", format!("must be http or https, is {}", url.scheme())));
    }
    let Ok(result) = within(&*shared.clock, plan.timeout, tries(shared, plan, &url, sink)).await else {
        let text = format!("the download from {} took longer than {} s", place(&url), plan.timeout.as_secs_f64());
        return Err(Error::new(ErrorKind::Timeout, text).with_outcome(false, true));
    };
    result.map_err(|error| error.explain(&format!("while downloading from {}", place(&url))))
}

/// Fetches until the file is whole, it is clear that it does not come, or the policy's attempts are spent.
async fn tries(shared: &Shared, plan: &Plan, url: &Url, sink: &mut impl Sink) -> Result<()> {
    let mut failures = 0;
    let mut missing = APPEARS_MS.into_iter().map(Duration::from_millis);
    let mut address = url.clone();
    loop {
        let Err(error) = fetch(shared, plan, &address, sink).await else { return Ok(()) };
        let wait = match error.kind() {
            ErrorKind::NotFound => {
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
        shared.clock.sleep(wait).await;
        sink.start_over().await?;
    }
}

async fn fetch(shared: &Shared, plan: &Plan, url: &Url, sink: &mut impl Sink) -> Result<()> {
    let mut response = stalls(shared, shared.files.get(url.clone()).send()).await?;
    if !response.status().is_success() {
        return Err(refused(shared, response).await);
    }
    let announced = response.content_length();
    if announced.is_some_and(|length| length > plan.size_limit) {
        return Err(too_large(plan.size_limit));
    }
    let mut size = 0;
    while let Some(chunk) = stalls(shared, response.chunk()).await? {
        size += chunk.len() as u64;
        if size > plan.size_limit {
            return Err(too_large(plan.size_limit));
        }
        sink.write(chunk).await?;
    }
    Ok(())
}

/// Gives one step of the exchange its time, and names what may go wrong in it.
async fn stalls<T>(shared: &Shared, step: impl Future<Output = reqwest::Result<T>>) -> Result<T> {
    match within(&*shared.clock, STALL, step).await {
        Ok(Ok(value)) => Ok(value),
        // The URL may be signed; it stays out of messages.
        Ok(Err(error)) => Err(Error::from_network(error.without_url())),
        Err(TimedOut) => Err(Error::new(ErrorKind::Timeout, format!("nothing arrived for {} s", STALL.as_secs()))),
    }
}

async fn refused(shared: &Shared, mut response: Response) -> Error {
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = BytesMut::new();
    while body.len() < crate::error::BODY_KEPT {
        match stalls(shared, response.chunk()).await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            // The status says enough; what was read of the body is kept.
            Ok(None) | Err(_) => break,
        }
    }
    let received = Received { status, headers, body: body.freeze() };
    let delay = received.stated_delay(shared.clock.time_of_day());
    if status == StatusCode::NOT_FOUND {
        return Error::new(ErrorKind::NotFound, "the file is not there").with_received(received);
    }
    Error::answered(received).with_retry_after(delay)
}

fn too_large(limit: u64) -> Error {
    Error::new(ErrorKind::TooLarge, format!("the file is larger than {limit} bytes"))
}

/// A URL for messages: without the query, which may be a signature.
fn place(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// Downloads follow redirects, since file hosts use them, but never from https to http.
pub(crate) fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let downgrade = attempt.url().scheme() != "https" && attempt.previous().iter().any(|url| url.scheme() == "https");
    if downgrade || attempt.previous().len() > MAX_REDIRECTS { attempt.stop() } else { attempt.follow() }
}

impl<C> fmt::Debug for Download<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("size_limit", &self.plan.size_limit).finish_non_exhaustive()
    }
}
