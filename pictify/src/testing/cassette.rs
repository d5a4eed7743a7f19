//! Cassettes: interactions with the service that are recorded once and replayed afterwards.

use super::{
    clock::ReplayClock,
    interaction::{Recording, VERSION},
    recorder::{LOCAL_BASE_URL, Mode, Recorder},
};
use crate::{ClientBuilder, client::Replay, retry::Jitter};
use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Name of the environment variable that makes [`Cassette::from_env`] record.
const RECORD_VARIABLE: &str = "PICTIFY_RECORD";

/// Recorded interactions with the service, in a file.
///
/// A recording cassette stores each response, with secrets removed, and [`finish`](Self::finish) writes the file. A
/// replaying cassette needs no network and no key: responses come from the file, and waits of the client return
/// immediately. A cassette belongs to one client and its clones, async or blocking, including their downloads.
///
/// A request gets the response of the first unused recorded request that matches in method, path, query, range, and
/// body, which is compared as JSON. Any other request fails with [`CassetteMiss`](crate::ErrorKind::CassetteMiss),
/// which describes the difference and is not retried.
///
/// The file is JSON, so that it can be reviewed: bodies are JSON or text if possible, else Base64. It does not contain:
/// headers of requests, most headers of responses, the key of the client, members called `secret`, `token`, `password`
/// and similar, credentials of bindings, and signatures in URLs; [`redact`](Self::redact) removes more. The URL of a
/// local server becomes `http://pictify.test`, so that its port does not matter.
///
/// Only complete responses are recorded: a broken connection is not in the file, a stream arrives in one piece, and an
/// endless stream cannot be recorded. Concurrent equal requests may get their responses in another order. Concurrent
/// waits are skipped one after the other, so many long ones can exceed a deadline.
///
/// ```
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use pictify::{Client, images::Source, testing::Cassette};
///
/// # let path = std::env::temp_dir().join(format!("pictify-cassette-{}.json", std::process::id()));
/// # std::fs::write(&path, r#"{"version":1,"base_url":"http://pictify.test","interactions":[{
/// #   "request":{"method":"POST","target":"/image","json":{"html":"<h1>Hello</h1>"}},
/// #   "response":{"status":200,"json":{"url":"http://pictify.test/files/a.png","id":"A"}}}]}"#)?;
/// let cassette = Cassette::replay(&path)?;
/// let client = Client::builder().cassette(&cassette).build()?;
/// let image = client.images().create(Source::html("<h1>Hello</h1>")).send().await?;
/// assert_eq!(image.url, "http://pictify.test/files/a.png");
/// cassette.finish()?;
/// # std::fs::remove_file(path)?;
/// # Ok(()) }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run()).unwrap();
/// ```
#[derive(Clone, Debug)]
#[must_use = "the recording is written by `finish`"]
pub struct Cassette(pub(crate) Arc<Recorder>);

impl Cassette {
    /// Opens a file for replay.
    ///
    /// # Errors
    /// [`CassetteError`] if the file does not exist or is not a cassette.
    pub fn replay(path: impl Into<PathBuf>) -> Result<Self, CassetteError> {
        let path = path.into();
        let to_error = |kind| CassetteError { path: path.clone(), kind };
        let text = fs::read_to_string(&path).map_err(|error| to_error(CassetteErrorKind::Read(error)))?;
        Self::parse(path, &text)
    }

    /// Parses the content of a cassette for replay, for example from `include_str!`; errors show `name` as its path.
    ///
    /// # Errors
    /// [`CassetteError`] if the text is not a cassette.
    pub fn parse(name: impl Into<PathBuf>, text: &str) -> Result<Self, CassetteError> {
        let path = name.into();
        let to_error = |kind| CassetteError { path: path.clone(), kind };
        let recording: Recording =
            serde_json::from_str(text).map_err(|error| to_error(CassetteErrorKind::Malformed(error)))?;
        if recording.version != VERSION {
            return Err(to_error(CassetteErrorKind::Version(recording.version)));
        }
        Ok(Self(Arc::new(Recorder::new(path, Mode::Replay, recording))))
    }

    /// Creates a cassette that records to a file and replaces its content. Nothing is written before
    /// [`finish`](Self::finish), so that a failing test does not change the old recording.
    ///
    /// The client uses its normal key and base URL, and its calls are billed.
    pub fn record(path: impl Into<PathBuf>) -> Self {
        let recording = Recording { version: VERSION, base_url: LOCAL_BASE_URL.to_owned(), interactions: Vec::new() };
        Self(Arc::new(Recorder::new(path.into(), Mode::Record, recording)))
    }

    /// Records if the environment variable `PICTIFY_RECORD` is `1`, and replays otherwise.
    ///
    /// # Errors
    /// As [`replay`](Self::replay).
    pub fn from_env(path: impl Into<PathBuf>) -> Result<Self, CassetteError> {
        if std::env::var(RECORD_VARIABLE).is_ok_and(|value| value == "1") {
            Ok(Self::record(path))
        } else {
            Self::replay(path)
        }
    }

    /// Replaces a text everywhere in the file by a placeholder, also percent-encoded, in Base64 and in binary bodies.
    /// For example the name of a customer. Requests are compared without the text.
    pub fn redact(self, text: &str, placeholder: &str) -> Self {
        self.0.configure_redactor(|redactor| redactor.add_literal(text, placeholder));
        self
    }

    /// Applies a function to every text before it is stored or compared: each string of a JSON body, text bodies,
    /// targets and headers. The function must return its own output unchanged.
    pub fn redact_with(self, redact: impl Fn(String) -> String + Send + Sync + 'static) -> Self {
        self.0.configure_redactor(|redactor| redactor.add_custom(redact));
        self
    }

    /// Ignores a JSON member of request bodies at any depth, and a query parameter of this name, when requests are
    /// compared. For values that change from run to run.
    pub fn ignore(self, name: impl Into<String>) -> Self {
        self.0.ignore(name.into());
        self
    }

    /// Returns `true` if the cassette records, `false` if it replays.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        !self.0.replays()
    }

    /// Returns the recorded requests that were not sent yet, as `METHOD target`. Empty while recording.
    #[must_use]
    pub fn unused(&self) -> Vec<String> {
        if self.is_recording() {
            return Vec::new();
        }
        let (_, unused) = self.0.recording();
        unused.into_iter().map(|request| format!("{} {}", request.method, request.target)).collect()
    }

    /// Ends the use of the cassette. After a recording it writes the file atomically and creates missing folders. After
    /// a replay it checks that all recorded requests were sent, and no others.
    ///
    /// # Errors
    /// [`CassetteError`] if the file cannot be written, a request was not in the recording, or a recorded request was
    /// not sent.
    pub fn finish(&self) -> Result<(), CassetteError> {
        let to_error = |kind| CassetteError { path: self.0.path.clone(), kind };
        if self.is_recording() {
            return self.write().map_err(|error| to_error(CassetteErrorKind::Write(error)));
        }
        let unmatched = self.0.unmatched();
        if !unmatched.is_empty() {
            return Err(to_error(CassetteErrorKind::Unmatched(unmatched)));
        }
        let unused = self.unused();
        if unused.is_empty() { Ok(()) } else { Err(to_error(CassetteErrorKind::Unused(unused))) }
    }

    fn write(&self) -> io::Result<()> {
        let path = &self.0.path;
        let (recording, _) = self.0.recording();
        let mut text = serde_json::to_string_pretty(&recording)?;
        text.push('\n');
        if let Some(folder) = path.parent().filter(|folder| *folder != Path::new("")) {
            fs::create_dir_all(folder)?;
        }
        let mut temporary = path.clone().into_os_string();
        temporary.push(format!(".{}.new", std::process::id()));
        fs::write(&temporary, text)?;
        fs::rename(&temporary, path)
    }
}

/// Error of a cassette that cannot be read, written or matched.
#[derive(Debug)]
pub struct CassetteError {
    path: PathBuf,
    kind: CassetteErrorKind,
}

#[derive(Debug)]
enum CassetteErrorKind {
    Read(io::Error),
    Malformed(serde_json::Error),
    Version(u32),
    Write(io::Error),
    Unused(Vec<String>),
    Unmatched(Vec<String>),
}

impl CassetteError {
    /// Returns the path of the cassette file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for CassetteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.kind {
            CassetteErrorKind::Read(error) if error.kind() == io::ErrorKind::NotFound => {
                write!(f, "{path} does not exist: record it with {RECORD_VARIABLE}=1 and Cassette::from_env")
            }
            CassetteErrorKind::Read(_) => write!(f, "{path} cannot be read"),
            CassetteErrorKind::Malformed(_) => write!(f, "{path} is not a cassette: record it again"),
            CassetteErrorKind::Version(version) => {
                write!(f, "{path} has version {version}, this crate reads version {VERSION}: record it again")
            }
            CassetteErrorKind::Write(_) => write!(f, "{path} cannot be written"),
            CassetteErrorKind::Unmatched(requests) => {
                write!(f, "{path}: {} requests are not in the recording: {}", requests.len(), requests.join(", "))
            }
            CassetteErrorKind::Unused(requests) => {
                write!(f, "{path}: {} recorded requests were not sent: {}", requests.len(), requests.join(", "))
            }
        }
    }
}

impl std::error::Error for CassetteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            CassetteErrorKind::Read(error) | CassetteErrorKind::Write(error) => Some(error),
            CassetteErrorKind::Malformed(error) => Some(error),
            CassetteErrorKind::Version(_) | CassetteErrorKind::Unused(_) | CassetteErrorKind::Unmatched(_) => None,
        }
    }
}

impl ClientBuilder {
    /// Records the exchanges with the service, or replays them. A replay needs no key, takes the base URL from the cassette,
    /// and does not wait, unless a [`clock`](Self::clock) is given.
    pub fn cassette(mut self, cassette: &Cassette) -> Self {
        let recorder = cassette.0.clone();
        if recorder.replays() {
            let clock = Arc::new(ReplayClock::default());
            // The delays of a replay are the same in every run.
            self.jitter.get_or_insert_with(|| Jitter::new(|| 0.5));
            self.replay = Some(Replay { base_url: recorder.base_url(), clock });
        }
        self.wrapper = Some(recorder);
        self
    }
}
