//! Fetching a rendered file from wherever it is stored.

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

/// How large a file may be, in bytes, unless the caller says otherwise.
const SIZE_LIMIT: u64 = 256 * 1024 * 1024;

/// How long a whole download may take unless the caller says otherwise.
const TIMEOUT: Duration = Duration::from_secs(300);

/// How long nothing may arrive.
const STALL: Duration = Duration::from_secs(30);

const MAX_REDIRECTS: usize = 5;

/// Something that was rendered and stored as a file.
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
    /// Where the file is. The host is the service's choice and may change.
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

/// A download that is ready to start: [`client.download(&image)`](Client::download).
///
/// The key is never sent with it. A file that is missing right after its render is asked for again for some seconds. As it
/// only reads, a broken download is tried again as the client's retry policy says: from where it broke when the host can
/// do that for the very same file, else from its beginning. What does not look like a file, such as an error page in HTML
/// with status 200, is an error.
#[derive(Clone)]
#[must_use = "a download does nothing before its end is chosen: bytes, to_file or to_writer"]
pub struct Download<C> {
    pub(crate) client: C,
    plan: Plan,
}

#[derive(Clone)]
struct Plan {
    url: String,
    size_limit: u64,
    timeout: Duration,
    deadline: Option<Deadline>,
    read_timeout: Duration,
}

impl<C: Clone> Download<C> {
    pub(crate) fn new(client: &C, file: &(impl Downloadable + ?Sized)) -> Self {
        let plan = Plan {
            url: file.url().to_owned(),
            size_limit: SIZE_LIMIT,
            timeout: TIMEOUT,
            deadline: None,
            read_timeout: STALL,
        };
        Self { client: client.clone(), plan }
    }

    /// How large the file may be, in bytes. 256 MiB by default.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client, url: &str) -> pictify::Result<()> {
    /// let png = client.download(url).size_limit(1_000_000).bytes().await?;
    /// # Ok(()) }
    /// ```
    pub fn size_limit(mut self, bytes: u64) -> Self {
        self.plan.size_limit = bytes;
        self
    }

    /// How long the whole download may take, retries included. 5 minutes by default.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client, url: &str) -> pictify::Result<()> {
    /// use std::time::Duration;
    ///
    /// let png = client.download(url).timeout(Duration::from_secs(20)).bytes().await?;
    /// # Ok(()) }
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.plan.timeout = timeout;
        self
    }

    /// When the download must have ended, beside its timeout: whichever comes first. See
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
        self.plan.deadline = Some(deadline);
        self
    }

    /// How long nothing may arrive before a try is given up. 30 seconds by default.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client, url: &str) -> pictify::Result<()> {
    /// use std::time::Duration;
    ///
    /// let png = client.download(url).read_timeout(Duration::from_secs(5)).bytes().await?;
    /// # Ok(()) }
    /// ```
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.plan.read_timeout = timeout;
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
    /// client.download(&image).size_limit(1_000_000).to_file("hello.png").await?;
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
    /// `Validation` when the URL is not http or https; `NotFound` when the file does not appear; `ContentType` when what
    /// comes is not a file of the kinds that the service renders; `TooLarge`, `Timeout`, `Connect`, `Transport`, and the
    /// kinds of an answer that is not a success.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client, url: &str) -> pictify::Result<()> {
    /// let png = client.download(url).bytes().await?;
    /// # Ok(()) }
    /// ```
    pub async fn bytes(self) -> Result<Bytes> {
        let mut buffer = BytesMut::new();
        resume::run(&self.client.0, &self.plan, &mut buffer).await?;
        Ok(buffer.freeze())
    }

    /// Downloads into a file, which appears under its name when it is whole or not at all. Returns its size in bytes.
    ///
    /// A link is followed: what it names is replaced, not the link. What is there and is no file, such as `/dev/null` or a
    /// named pipe, is written to as it comes; so is `/dev/stdout`, behind what it has when it is a file.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes); `Io` when the file cannot be written, which is found before anything is fetched.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client, url: &str) -> pictify::Result<()> {
    /// let size = client.download(url).to_file("a.png").await?;
    /// # Ok(()) }
    /// ```
    pub async fn to_file(self, path: impl AsRef<Path>) -> Result<u64> {
        let path = PathBuf::from(path.as_ref());
        let mut file = PartialFile::create(path).await?;
        resume::run(&self.client.0, &self.plan, &mut file).await?;
        file.finish().await
    }

    /// Downloads into a writer as it comes, and flushes it at the end. Returns how many bytes were written.
    ///
    /// What was written cannot be taken back: a download that breaks in the middle ends with an error unless the host can
    /// go on where it broke.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes); `Io` when the writer fails.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client, mut socket: tokio::net::TcpStream) -> pictify::Result<()> {
    /// let image = client.images().get("XL13QWERTY").send().await?;
    /// client.download(&image).to_writer(&mut socket).await?;
    /// # Ok(()) }
    /// ```
    pub async fn to_writer(self, writer: impl AsyncWrite + Unpin) -> Result<u64> {
        let mut writer = Writer::new(writer);
        resume::run(&self.client.0, &self.plan, &mut writer).await?;
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
        /// client.download(url).size_limit(1_000_000).to_file("a.png")?;
        /// # Ok(()) }
        /// ```
        pub fn download(&self, file: &(impl Downloadable + ?Sized)) -> Download<Self> {
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

        /// Downloads into a file, which appears under its name when it is whole or not at all.
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

        /// Downloads into a writer as it comes, and flushes it at the end. Returns how many bytes were written. The writer
        /// is used on the calling thread only.
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
            let work = client.start(async move { resume::run(&download.client.0, &download.plan, &mut pipe).await });
            let written = end.drain(&client, writer)?;
            work.wait()?;
            Ok(written)
        }
    }
}

impl<C> fmt::Debug for Download<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("size_limit", &self.plan.size_limit).finish_non_exhaustive()
    }
}
