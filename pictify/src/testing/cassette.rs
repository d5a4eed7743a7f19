//! Exchanges that were recorded once and are replayed from then on.

use super::{
    exchange::{Recording, VERSION},
    tape::{HERE, Mode, Tape},
};
use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The variable of the environment that makes [`Cassette::from_env`] record.
const RECORD: &str = "PICTIFY_RECORD";

/// Recorded exchanges with the service, in a file.
///
/// While it records, each answer is written down, with secrets left out, and [`finish`](Self::finish) writes the file. While
/// it is replayed there is no network and no key: the answers come from the file, and what the client would wait for
/// passes at once. A cassette belongs to one client and its clones, async or blocking, downloads included.
///
/// A request is answered by the first recorded one that has not answered yet and is the same: method, path, query, range,
/// and body, which is compared as JSON. Anything else fails with [`NotRecorded`](crate::ErrorKind::CassetteMiss), which
/// says what is different and is not retried.
///
/// The file is JSON, for review: bodies are JSON or text where they are either, else Base64. Left out of it are all
/// headers of requests, most of answers, the client's key wherever it stands, members called `secret`, `token`,
/// `password` and the like, credentials of bindings, and signatures in URLs; [`scrub`](Self::scrub) adds to that. A server
/// on this machine is written down as `http://pictify.test`, so that its port makes no difference.
///
/// Only answers are recorded, and each to its end: a connection that breaks is not in the file, a stream comes at once, and
/// one that never ends cannot be recorded. Equal requests that are sent side by side may be answered in another order; and
/// waits that go side by side are skipped one after the other, which many long ones may show in their deadlines.
///
/// ```
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use pictify::{Client, images::Source, testing::Cassette};
///
/// # let path = std::env::temp_dir().join(format!("pictify-cassette-{}.json", std::process::id()));
/// # std::fs::write(&path, r#"{"version":1,"base_url":"http://pictify.test","exchanges":[{
/// #   "request":{"method":"POST","target":"/image","json":{"html":"<h1>Hello</h1>"}},
/// #   "answer":{"status":200,"json":{"url":"http://pictify.test/files/a.png","id":"A"}}}]}"#)?;
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
#[must_use = "a recording is written by `finish`"]
pub struct Cassette(pub(crate) Arc<Tape>);

impl Cassette {
    /// Replays a file.
    ///
    /// # Errors
    /// [`CassetteError`] when there is no such file, or it is no cassette.
    pub fn replay(path: impl Into<PathBuf>) -> Result<Self, CassetteError> {
        let path = path.into();
        let fails = |why| CassetteError { path: path.clone(), why };
        let text = fs::read_to_string(&path).map_err(|error| fails(Why::Read(error)))?;
        Self::parse(path, &text)
    }

    /// Replays what is at hand, as of `include_str!`; `name` is what errors call it.
    ///
    /// # Errors
    /// [`CassetteError`] when it is no cassette.
    pub fn parse(name: impl Into<PathBuf>, text: &str) -> Result<Self, CassetteError> {
        let path = name.into();
        let fails = |why| CassetteError { path: path.clone(), why };
        let recording: Recording = serde_json::from_str(text).map_err(|error| fails(Why::Malformed(error)))?;
        if recording.version != VERSION {
            return Err(fails(Why::Version(recording.version)));
        }
        Ok(Self(Arc::new(Tape::new(path, Mode::Replay, recording))))
    }

    /// Records to a file, in place of what is there. Nothing is written before [`finish`](Self::finish), so that a test which
    /// fails leaves the old recording as it was.
    ///
    /// The client takes its key and base URL from where it always does, and what it does is billed.
    pub fn record(path: impl Into<PathBuf>) -> Self {
        let recording = Recording { version: VERSION, base_url: HERE.to_owned(), exchanges: Vec::new() };
        Self(Arc::new(Tape::new(path.into(), Mode::Record, recording)))
    }

    /// Records when the environment's `PICTIFY_RECORD` is `1`, else replays.
    ///
    /// # Errors
    /// As [`replay`](Self::replay).
    pub fn from_env(path: impl Into<PathBuf>) -> Result<Self, CassetteError> {
        if std::env::var(RECORD).is_ok_and(|value| value == "1") { Ok(Self::record(path)) } else { Self::replay(path) }
    }

    /// Leaves a text out of the file wherever it stands, also percent-encoded, in Base64 and in files: a customer's name, say.
    /// Requests are compared without it.
    pub fn scrub(self, text: &str, instead: &str) -> Self {
        self.0.scrub(|scrubber| scrubber.literal(text, instead));
        self
    }

    /// Changes every text before it is written down or compared: each string of a JSON body, text bodies, targets and headers.
    /// It must give the same for what it gave.
    pub fn scrub_with(self, change: impl Fn(String) -> String + Send + Sync + 'static) -> Self {
        self.0.scrub(|scrubber| scrubber.change(change));
        self
    }

    /// Does not look at a member of request bodies, at any depth, or a parameter of queries, that changes from run to run.
    pub fn ignore(self, name: impl Into<String>) -> Self {
        self.0.ignore(name.into());
        self
    }

    /// Whether it records.
    #[must_use]
    pub fn records(&self) -> bool {
        !self.0.replays()
    }

    /// The requests that were recorded and have not been sent, as `METHOD target`. Empty while it records.
    #[must_use]
    pub fn unused(&self) -> Vec<String> {
        if self.records() {
            return Vec::new();
        }
        let (_, unused) = self.0.recording();
        unused.into_iter().map(|asked| format!("{} {}", asked.method, asked.target)).collect()
    }

    /// Writes the recording, in one step and with its folders; or, after a replay, makes sure that all of it was asked for, and
    /// nothing else.
    ///
    /// # Errors
    /// [`CassetteError`] when the file cannot be written, something was asked in vain, or some exchanges have not been used.
    pub fn finish(&self) -> Result<(), CassetteError> {
        let fails = |why| CassetteError { path: self.0.path.clone(), why };
        if self.records() {
            return self.write().map_err(|error| fails(Why::Write(error)));
        }
        let in_vain = self.0.in_vain();
        if !in_vain.is_empty() {
            return Err(fails(Why::InVain(in_vain)));
        }
        let unused = self.unused();
        if unused.is_empty() { Ok(()) } else { Err(fails(Why::Unused(unused))) }
    }

    fn write(&self) -> io::Result<()> {
        let path = &self.0.path;
        let (recording, _) = self.0.recording();
        let mut text = serde_json::to_string_pretty(&recording)?;
        text.push('\n');
        if let Some(folder) = path.parent().filter(|folder| *folder != Path::new("")) {
            fs::create_dir_all(folder)?;
        }
        let mut beside = path.clone().into_os_string();
        beside.push(format!(".{}.new", std::process::id()));
        fs::write(&beside, text)?;
        fs::rename(&beside, path)
    }
}

/// Why a cassette cannot be used.
#[derive(Debug)]
pub struct CassetteError {
    path: PathBuf,
    why: Why,
}

#[derive(Debug)]
enum Why {
    Read(io::Error),
    Malformed(serde_json::Error),
    Version(u32),
    Write(io::Error),
    Unused(Vec<String>),
    InVain(Vec<String>),
}

impl CassetteError {
    /// The cassette's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for CassetteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.why {
            Why::Read(error) if error.kind() == io::ErrorKind::NotFound => {
                write!(f, "{path} is not there: record it with {RECORD}=1 and Cassette::from_env")
            }
            Why::Read(_) => write!(f, "{path} cannot be read"),
            Why::Malformed(_) => write!(f, "{path} is no cassette: record it again"),
            Why::Version(version) => {
                write!(f, "{path} is of version {version}, this one reads {VERSION}: record it again")
            }
            Why::Write(_) => write!(f, "{path} cannot be written"),
            Why::InVain(requests) => {
                write!(f, "{path}: {} requests were not recorded: {}", requests.len(), requests.join(", "))
            }
            Why::Unused(requests) => {
                write!(f, "{path}: {} recorded requests were not sent: {}", requests.len(), requests.join(", "))
            }
        }
    }
}

impl std::error::Error for CassetteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.why {
            Why::Read(error) | Why::Write(error) => Some(error),
            Why::Malformed(error) => Some(error),
            Why::Version(_) | Why::Unused(_) | Why::InVain(_) => None,
        }
    }
}
