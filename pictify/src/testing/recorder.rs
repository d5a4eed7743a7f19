//! The recorder of a cassette: between the client and the network, or in place of the network.

use super::{
    interaction::{Content, Interaction, RecordedRequest, RecordedResponse, Recording},
    matcher::Matcher,
    redaction::Redactor,
};
use crate::transport::{Body, BoxFuture, Transport, TransportError, TransportWrapper};
use bytes::Bytes;
use http::{
    HeaderMap,
    header::{AUTHORIZATION, CONTENT_TYPE, RANGE},
};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use url::Url;

type Request = http::Request<Bytes>;
type Response = http::Response<Body>;

/// Response headers that the client uses. Others change from run to run, or are secret.
const HEADERS: [&str; 13] = [
    "accept-ranges",
    "content-range",
    "content-type",
    "etag",
    "idempotency-replayed",
    "last-modified",
    "location",
    "retry-after",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-ratelimit-reset-after",
    "x-request-id",
];

/// Base URL that replaces the URL of a local server in recordings, because its port changes from run to run.
pub(super) const LOCAL_BASE_URL: &str = "http://pictify.test";

/// Minimum length of a key for redaction, in bytes. A shorter key could occur in a text by chance.
const MIN_KEY_LEN: usize = 8;

/// State that the clones of a client share with their cassette.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub(super) path: PathBuf,
    pub(super) mode: Mode,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Record,
    Replay,
}

#[derive(Debug)]
struct State {
    recording: Recording,
    /// For each interaction, `true` if its response was returned.
    used: Vec<bool>,
    redactor: Redactor,
    matcher: Matcher,
    /// Requests that no recorded request matched.
    unmatched: Vec<String>,
    /// Base URL of the real API during a recording.
    real_base: Option<String>,
}

impl Recorder {
    pub(super) fn new(path: PathBuf, mode: Mode, recording: Recording) -> Self {
        let used = vec![false; recording.interactions.len()];
        let (redactor, matcher) = (Redactor::default(), Matcher::default());
        Self {
            path,
            mode,
            state: Mutex::new(State { recording, used, redactor, matcher, unmatched: Vec::new(), real_base: None }),
        }
    }

    pub(crate) fn replays(&self) -> bool {
        self.mode == Mode::Replay
    }

    /// Returns the base URL of the API during the recording.
    pub(crate) fn base_url(&self) -> String {
        self.lock().recording.base_url.clone()
    }

    pub(super) fn configure_redactor(&self, configure: impl FnOnce(&mut Redactor)) {
        configure(&mut self.lock().redactor);
    }

    pub(super) fn ignore(&self, name: String) {
        self.lock().matcher.ignored.insert(name);
    }

    /// Returns the interactions recorded so far, and the requests whose responses were not returned.
    pub(super) fn recording(&self) -> (Recording, Vec<RecordedRequest>) {
        let state = self.lock();
        let unused = state.recording.interactions.iter().zip(&state.used).filter(|(_, used)| !**used);
        let unused = unused.map(|(interaction, _)| interaction.request.clone()).collect();
        (state.recording.clone(), unused)
    }

    /// Returns the requests that no recorded request matched, as `METHOD target`.
    pub(super) fn unmatched(&self) -> Vec<String> {
        self.lock().unmatched.clone()
    }

    /// Converts a request to its form in the file, without the key.
    fn recorded_request(&self, request: &Request) -> RecordedRequest {
        let mut state = self.lock();
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let key = header(AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        // A very short key occurs in many texts by chance.
        if let Some(key) = key.filter(|key| key.len() >= MIN_KEY_LEN) {
            state.redactor.add_literal(key, "[key]");
        }
        let base = state.real_base.as_deref().unwrap_or(&state.recording.base_url);
        let url = request.uri().to_string();
        let relative = url.strip_prefix(base).filter(|rest| rest.starts_with(['/', '?']) || rest.is_empty());
        let target = relative.unwrap_or(&url).to_owned();
        let method = request.method().to_string();
        let range = header(RANGE).map(str::to_owned);
        let recorded = RecordedRequest { method, target, range, body: Content::from_bytes(request.body()) };
        state.redactor.request(&state.with_recorded_base(recorded))
    }

    fn replay(&self, request: &RecordedRequest) -> Result<Response, TransportError> {
        let mut state = self.lock();
        let State { recording, used, matcher, .. } = &mut *state;
        let found = (0..used.len()).find(|index| {
            !used[*index] && matcher.difference(&recording.interactions[*index].request, request).is_none()
        });
        let Some(index) = found else {
            let text = self.describe_miss(&state, request);
            state.unmatched.push(format!("{} {}", request.method, request.target));
            return Err(TransportError::cassette_miss(text));
        };
        used[index] = true;
        let response = &recording.interactions[index].response;
        let malformed = |reason: String| {
            let path = self.path.display();
            TransportError::cassette_miss(format!("{path}: the response of interaction {index} is malformed: {reason}"))
        };
        let body = response.body.bytes().map_err(malformed)?;
        to_response(response, body).map_err(|error| malformed(error.to_string()))
    }

    /// Describes why no recorded request matches, and how the nearest one differs.
    fn describe_miss(&self, state: &State, request: &RecordedRequest) -> String {
        let RecordedRequest { method, target, .. } = request;
        let path = self.path.display();
        let hint = "if the request is right, record again with PICTIFY_RECORD=1";
        let interactions = || state.recording.interactions.iter().zip(&state.used);
        let difference = |interaction: &Interaction| state.matcher.difference(&interaction.request, request);
        if interactions().any(|(interaction, _)| difference(interaction).is_none()) {
            return format!(
                "{method} {target} is sent more often than it was recorded; each response of {path} is returned once; \
                 {hint}"
            );
        }
        // The nearest request: same path, then same method, then not yet used.
        let same =
            |interaction: &Interaction, part: fn(&RecordedRequest) -> &str| part(&interaction.request) == part(request);
        let path_of: fn(&RecordedRequest) -> &str = |request| request.target.split('?').next().unwrap_or_default();
        let method_of: fn(&RecordedRequest) -> &str = |request| &request.method;
        let nearest = interactions()
            .enumerate()
            .filter(|(_, (interaction, _))| same(interaction, path_of))
            .max_by_key(|(_, (interaction, used))| (same(interaction, method_of), !**used));
        match nearest {
            Some((index, (interaction, _))) => {
                let difference = difference(interaction).unwrap_or_default();
                format!("{method} {target} is not in {path}; the nearest is interaction {index}: {difference}; {hint}")
            }
            None => format!("{method} {target} is not in {path}, which has no request with that path; {hint}"),
        }
    }

    /// Records a response. The whole body is read first, even that of a stream.
    async fn record(&self, request: RecordedRequest, response: Response) -> Result<Response, TransportError> {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.into_body().collect().await?;
        let recorded_headers = HEADERS.iter().filter_map(|name| {
            let value = headers.get(*name)?.to_str().ok()?;
            Some(((*name).to_owned(), value.to_owned()))
        });
        let recorded = RecordedResponse {
            status: status.as_u16(),
            headers: recorded_headers.collect(),
            body: recorded_body(&headers, &body),
        };
        let mut state = self.lock();
        let redacted = state.redactor.response(&state.with_recorded_base(recorded));
        state.recording.interactions.push(Interaction { request, response: redacted });
        drop(state);
        // The caller gets the original response, including secrets.
        let mut original = http::Response::new(Body::from(body));
        *original.status_mut() = status;
        *original.headers_mut() = headers;
        Ok(original)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TransportWrapper for Recorder {
    /// Records what `inner` sends, or replays the recording and sends nothing.
    fn wrap(self: Arc<Self>, base_url: &Url, is_local: bool, inner: Arc<dyn Transport>) -> Arc<dyn Transport> {
        if self.mode == Mode::Record {
            let mut state = self.lock();
            let base = crate::base_url::as_prefix(base_url).to_owned();
            state.recording.base_url = if is_local { LOCAL_BASE_URL.to_owned() } else { base.clone() };
            state.real_base = Some(base);
        }
        Arc::new(RecordingTransport { recorder: self, inner })
    }
}

/// The transport of a client with a cassette.
struct RecordingTransport {
    recorder: Arc<Recorder>,
    inner: Arc<dyn Transport>,
}

impl Transport for RecordingTransport {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let recorded = self.recorder.recorded_request(&request);
            match self.recorder.mode {
                Mode::Replay => self.recorder.replay(&recorded),
                Mode::Record => self.recorder.record(recorded, self.inner.send(request).await?).await,
            }
        })
    }
}

impl State {
    /// Replaces the real base URL by the one in the file.
    fn with_recorded_base<T: serde::Serialize + serde::de::DeserializeOwned + Clone>(&self, part: T) -> T {
        let Some(real) = self.real_base.as_deref().filter(|real| *real != self.recording.base_url) else {
            return part;
        };
        let replaced = serde_json::to_string(&part).map(|text| text.replace(real, &self.recording.base_url));
        replaced.ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(part)
    }
}

/// Converts a body for the file. A body without a JSON content type is stored as text, byte for byte.
fn recorded_body(headers: &HeaderMap, body: &Bytes) -> Content {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let content = Content::from_bytes(body);
    match (&content.json, std::str::from_utf8(body)) {
        (Some(_), Ok(text)) if !content_type.contains("json") => {
            Content { text: Some(text.to_owned()), ..Content::default() }
        }
        _ => content,
    }
}

fn to_response(recorded: &RecordedResponse, body: Bytes) -> Result<Response, http::Error> {
    let mut builder = http::Response::builder().status(recorded.status);
    for (name, value) in &recorded.headers {
        builder = builder.header(name, value);
    }
    builder.body(body.into())
}
