//! Downloads of rendered files.

mod atomic_file;
mod redirects;
mod resume;
mod sink;

use crate::{Client, Deadline, Result};
use atomic_file::PartialFile;
use bytes::{Bytes, BytesMut};
use sink::Writer;
use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::io::AsyncWrite;

/// Default maximum size of a file, in bytes.
const DEFAULT_MAX_BYTES: u64 = 256 * 1024 * 1024;

/// Default timeout of a whole download.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);

/// Default timeout for each read.
const DEFAULT_READ_TIMEOUT: Duration = Duration::from_secs(30);

const MAX_REDIRECTS: usize = 5;

/// A rendered result that is stored as a file.
///
/// ```
/// use pictify::download::Downloadable;
///
/// struct Stored {
///     address: String,
/// }
///
/// impl Downloadable for Stored {
///     fn url(&self) -> &str {
///         &self.address
///     }
/// }
/// ```
pub trait Downloadable {
    /// Returns the URL of the file. The service chooses the host, and may change it.
    fn url(&self) -> &str;
}

impl Downloadable for str {
    fn url(&self) -> &str {
        self
    }
}

impl Downloadable for String {
    fn url(&self) -> &str {
        self
    }
}

/// A download, ready to start: [`client.download(&image)`](Client::download).
///
/// The API key is never sent with it. If a file is not found right after its render, it is requested again for some
/// seconds. A download only reads, so it is retried according to the client's retry policy. It resumes where it failed
/// if the host supports that for exactly the same file, and starts again otherwise. A response that does not look like
/// a file, such as an HTML error page with status 200, is an error, and so is a compressed response, which was not asked
/// for.
#[derive(Clone)]
#[must_use = "a download does nothing until bytes, to_file or to_writer is called"]
pub struct Download<C> {
    pub(crate) client: C,
    options: DownloadOptions,
}

#[derive(Clone)]
struct DownloadOptions {
    url: String,
    max_size: u64,
    timeout: Duration,
    deadline: Option<Deadline>,
    read_timeout: Duration,
}

impl<C: Clone> Download<C> {
    pub(crate) fn new(client: &C, file: &(impl Downloadable + ?Sized)) -> Self {
        let options = DownloadOptions {
            url: file.url().to_owned(),
            max_size: DEFAULT_MAX_BYTES,
            timeout: DEFAULT_TIMEOUT,
            deadline: None,
            read_timeout: DEFAULT_READ_TIMEOUT,
        };
        Self { client: client.clone(), options }
    }

    /// Sets the maximum size of the file, in bytes. 256 MiB by default.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client, url: &str) -> pictify::Result<()> {
    /// let png = client.download(url).max_size(1_000_000).bytes().await?;
    /// # Ok(()) }
    /// ```
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.options.max_size = bytes;
        self
    }

    /// Sets the timeout of the whole download, including retries. 5 minutes by default.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client, url: &str) -> pictify::Result<()> {
    /// use std::time::Duration;
    ///
    /// let png = client.download(url).timeout(Duration::from_secs(20)).bytes().await?;
    /// # Ok(()) }
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = timeout;
        self
    }

    /// Sets a deadline in addition to the timeout; the earlier one applies. See
    /// [`Client::deadline`](crate::Client::deadline).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client, url: &str) -> pictify::Result<()> {
    /// use std::time::Duration;
    ///
    /// let deadline = client.deadline(Duration::from_secs(20));
    /// client.download(url).deadline(deadline).to_file("a.png").await?;
    /// # Ok(()) }
    /// ```
    pub fn deadline(mut self, deadline: Deadline) -> Self {
        self.options.deadline = Some(deadline);
        self
    }

    /// Sets the timeout for each read: the maximum time without new data before an attempt fails. 30 seconds by
    /// default.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client, url: &str) -> pictify::Result<()> {
    /// use std::time::Duration;
    ///
    /// let png = client.download(url).read_timeout(Duration::from_secs(5)).bytes().await?;
    /// # Ok(()) }
    /// ```
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.options.read_timeout = timeout;
        self
    }
}

impl Client {
    /// Downloads a rendered file: an image, or anything else with a [`Downloadable::url`].
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// # use pictify::images::Source;
    /// let image = client.images().create(Source::html("<h1>Hello</h1>")).send().await?;
    /// let png = client.download(&image).bytes().await?;
    /// client.download(&image).max_size(1_000_000).to_file("hello.png").await?;
    /// # Ok(()) }
    /// ```
    pub fn download(&self, file: &(impl Downloadable + ?Sized)) -> Download<Self> {
        Download::new(self, file)
    }
}

impl Download<Client> {
    /// Downloads into memory.
    ///
    /// # Errors
    /// `Validation` if the URL is not http or https; `NotFound` if the file does not appear; `ContentType` if the
    /// response is not a file of a type that the service renders; `TooLarge`, `Timeout`, `Connect`, `Transport`, and
    /// the kinds of unsuccessful responses.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client, url: &str) -> pictify::Result<()> {
    /// let png = client.download(url).bytes().await?;
    /// # Ok(()) }
    /// ```
    pub async fn bytes(self) -> Result<Bytes> {
        let mut buffer = BytesMut::new();
        resume::run(&self.client.0, &self.options, &mut buffer).await?;
        Ok(buffer.freeze())
    }

    /// Downloads into a file, which is written completely or not at all. Returns its size in bytes.
    ///
    /// A link is followed: its target is replaced, not the link. A target that is not a regular file, such as
    /// `/dev/null` or a named pipe, is written directly. `/dev/stdout` is written directly, too; if it is a file, the
    /// download is appended.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes); `Io` if the file cannot be written. Most such errors are found before the request is
    /// sent.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client, url: &str) -> pictify::Result<()> {
    /// let size = client.download(url).to_file("a.png").await?;
    /// # Ok(()) }
    /// ```
    pub async fn to_file(self, path: impl AsRef<Path>) -> Result<u64> {
        let path = PathBuf::from(path.as_ref());
        let mut file = PartialFile::create(path).await?;
        resume::run(&self.client.0, &self.options, &mut file).await?;
        file.finish().await
    }

    /// Downloads into a writer as the data arrives, and flushes it at the end. Returns the number of bytes written.
    ///
    /// Written bytes cannot be taken back: if the download fails in the middle, it ends with an error unless the host
    /// can resume it.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes); `Io` if the writer fails.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client, mut socket: tokio::net::TcpStream) -> pictify::Result<()> {
    /// let image = client.images().get("XL13QWERTY").send().await?;
    /// client.download(&image).to_writer(&mut socket).await?;
    /// # Ok(()) }
    /// ```
    pub async fn to_writer(self, writer: impl AsyncWrite + Unpin) -> Result<u64> {
        let mut writer = Writer::new(writer);
        resume::run(&self.client.0, &self.options, &mut writer).await?;
        writer.finish().await
    }
}

#[cfg(feature = "blocking")]
mod blocking {
    use super::{Bytes, Download, Downloadable, Path, PathBuf, Result, resume, sink::Pipe};
    use crate::blocking::Client;
    use std::io::Write;

    impl Client {
        /// Downloads a rendered file: an image, or anything else with a [`Downloadable::url`].
        ///
        /// ```no_run
        /// # fn run(client: pictify::blocking::Client, url: &str) -> pictify::Result<()> {
        /// client.download(url).max_size(1_000_000).to_file("a.png")?;
        /// # Ok(()) }
        /// ```
        pub fn download(&self, file: &(impl Downloadable + ?Sized)) -> Download<Self> {
            Download::new(self, file)
        }
    }

    impl Download<Client> {
        fn split(self) -> (Client, Download<crate::Client>) {
            let download = Download { client: self.client.inner.clone(), options: self.options };
            (self.client, download)
        }

        /// Downloads into memory.
        ///
        /// # Errors
        /// As [`bytes`](Download::bytes) of the async client.
        ///
        /// ```no_run
        /// # fn run(client: pictify::blocking::Client, url: &str) -> pictify::Result<()> {
        /// let png = client.download(url).bytes()?;
        /// # Ok(()) }
        /// ```
        pub fn bytes(self) -> Result<Bytes> {
            let (client, download) = self.split();
            client.wait(download.bytes())
        }

        /// Downloads into a file, which is written completely or not at all. Returns its size in bytes.
        ///
        /// # Errors
        /// As [`to_file`](Download::to_file) of the async client.
        ///
        /// ```no_run
        /// # fn run(client: pictify::blocking::Client, url: &str) -> pictify::Result<()> {
        /// let size = client.download(url).to_file("a.png")?;
        /// # Ok(()) }
        /// ```
        pub fn to_file(self, path: impl AsRef<Path>) -> Result<u64> {
            let path = PathBuf::from(path.as_ref());
            let (client, download) = self.split();
            client.wait(download.to_file(path))
        }

        /// Downloads into a writer as the data arrives, and flushes it at the end. Returns the number of bytes written.
        /// The writer is used on the calling thread only.
        ///
        /// # Errors
        /// As [`to_writer`](Download::to_writer) of the async client.
        ///
        /// ```no_run
        /// # fn run(client: pictify::blocking::Client, url: &str) -> pictify::Result<()> {
        /// client.download(url).to_writer(std::io::stdout().lock())?;
        /// # Ok(()) }
        /// ```
        pub fn to_writer(self, writer: impl Write) -> Result<u64> {
            let (client, download) = self.split();
            let (mut pipe, end) = Pipe::new();
            let work = client.start(async move { resume::run(&download.client.0, &download.options, &mut pipe).await });
            let written = end.drain(&client, writer)?;
            work.wait()?;
            Ok(written)
        }
    }
}

impl<C> fmt::Debug for Download<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("max_size", &self.options.max_size).finish_non_exhaustive()
    }
}
