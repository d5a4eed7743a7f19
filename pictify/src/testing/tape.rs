//! A cassette at work: between the client and the network, or in place of it.

use super::{
    exchange::{Answered, Asked, Content, Exchange, Recording},
    matching::Matcher,
    scrub::Scrubber,
};
use crate::{ApiKey, transport::NotAnswered};
use bytes::Bytes;
use reqwest::{
    Request, Response, Url,
    header::{CONTENT_TYPE, HeaderMap, RANGE},
};
use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Headers of answers that mean something to the client. Others change from run to run, and some are secret.
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

/// Where a server on this machine is said to be: its port changes from run to run.
pub(super) const HERE: &str = "http://pictify.test";

/// How long a key is at least for its appearance in a text to be no accident, in bytes.
const SHORTEST_KEY: usize = 8;

/// What the clones of a client and their cassette share.
#[derive(Debug)]
pub(crate) struct Tape {
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
    /// Of each exchange, whether it has answered.
    used: Vec<bool>,
    scrubber: Scrubber,
    matcher: Matcher,
    /// What was asked and not answered.
    in_vain: Vec<String>,
    /// Where the API really is, while it is recorded.
    real_base: Option<String>,
}

impl Tape {
    pub(super) fn new(path: PathBuf, mode: Mode, recording: Recording) -> Self {
        let used = vec![false; recording.exchanges.len()];
        let (scrubber, matcher) = (Scrubber::default(), Matcher::default());
        Self {
            path,
            mode,
            state: Mutex::new(State { recording, used, scrubber, matcher, in_vain: Vec::new(), real_base: None }),
        }
    }

    pub(crate) fn replays(&self) -> bool {
        self.mode == Mode::Replay
    }

    /// Where the API was when it was recorded.
    pub(crate) fn base_url(&self) -> String {
        self.lock().recording.base_url.clone()
    }

    /// Is told by the client that is built with it where the API is, and which key must not be written down.
    pub(crate) fn attend(&self, base_url: &Url, local: bool, key: &ApiKey) {
        let mut state = self.lock();
        // A very short one stands in many texts by chance.
        if key.text().len() >= SHORTEST_KEY {
            state.scrubber.literal(key.text(), "[key]");
        }
        if self.mode == Mode::Record {
            let base = crate::base_url::as_prefix(base_url).to_owned();
            state.recording.base_url = if local { HERE.to_owned() } else { base.clone() };
            state.real_base = Some(base);
        }
    }

    pub(super) fn scrub(&self, change: impl FnOnce(&mut Scrubber)) {
        change(&mut self.lock().scrubber);
    }

    pub(super) fn ignore(&self, name: String) {
        self.lock().matcher.ignored.insert(name);
    }

    /// What was recorded so far, and which of it has not answered.
    pub(super) fn recording(&self) -> (Recording, Vec<Asked>) {
        let state = self.lock();
        let unused = state.recording.exchanges.iter().zip(&state.used).filter(|(_, used)| !**used);
        let unused = unused.map(|(exchange, _)| exchange.request.clone()).collect();
        (state.recording.clone(), unused)
    }

    /// What was asked and not answered, as `METHOD target`.
    pub(super) fn in_vain(&self) -> Vec<String> {
        self.lock().in_vain.clone()
    }

    /// Lets a request through and writes down what is answered, or answers it.
    pub(crate) async fn exchange(&self, http: &reqwest::Client, request: Request) -> Result<Response, NotAnswered> {
        let asked = self.asked(&request);
        match self.mode {
            Mode::Replay => self.replay(&asked),
            Mode::Record => self.record(asked, http.execute(request).await?).await,
        }
    }

    /// The request as it stands in the file.
    fn asked(&self, request: &Request) -> Asked {
        let state = self.lock();
        let range = request.headers().get(RANGE).and_then(|range| range.to_str().ok()).map(str::to_owned);
        let base = state.real_base.as_deref().unwrap_or(&state.recording.base_url);
        let url = request.url().as_str();
        let below = url.strip_prefix(base).filter(|rest| rest.starts_with(['/', '?']) || rest.is_empty());
        let target = below.unwrap_or(url).to_owned();
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        let asked = Asked { method: request.method().to_string(), target, range, body: Content::of(body) };
        state.scrubber.asked(&state.moved(asked))
    }

    fn replay(&self, asked: &Asked) -> Result<Response, NotAnswered> {
        let mut state = self.lock();
        let State { recording, used, matcher, .. } = &mut *state;
        let found = (0..used.len())
            .find(|at| !used[*at] && matcher.difference(&recording.exchanges[*at].request, asked).is_none());
        let Some(at) = found else {
            let text = self.not_recorded(&state, asked);
            state.in_vain.push(format!("{} {}", asked.method, asked.target));
            return Err(NotAnswered::NotRecorded(text));
        };
        used[at] = true;
        let answer = &recording.exchanges[at].answer;
        let wrong = |why: String| {
            NotAnswered::NotRecorded(format!("{}: the answer of exchange {at} is wrong: {why}", self.path.display()))
        };
        let body = answer.body.bytes().map_err(wrong)?;
        response(answer, body).map_err(|error| wrong(error.to_string()))
    }

    /// What a test that asks something else is told.
    fn not_recorded(&self, state: &State, asked: &Asked) -> String {
        let Asked { method, target, .. } = asked;
        let path = self.path.display();
        let again = "if the request is right, record again with PICTIFY_RECORD=1";
        let exchanges = || state.recording.exchanges.iter().zip(&state.used);
        let difference = |exchange: &Exchange| state.matcher.difference(&exchange.request, asked);
        if exchanges().any(|(exchange, _)| difference(exchange).is_none()) {
            return format!(
                "{method} {target} is asked more often than it was recorded; each answer of {path} is given once; {again}"
            );
        }
        // The one that is most like it: the difference is looked for in this order.
        let same = |exchange: &Exchange, part: fn(&Asked) -> &str| part(&exchange.request) == part(asked);
        let path_of: fn(&Asked) -> &str = |asked| asked.target.split('?').next().unwrap_or_default();
        let method_of: fn(&Asked) -> &str = |asked| &asked.method;
        let nearest = exchanges()
            .enumerate()
            .filter(|(_, (exchange, _))| same(exchange, path_of))
            .max_by_key(|(_, (exchange, used))| (same(exchange, method_of), !**used));
        match nearest {
            Some((at, (exchange, _))) => {
                let difference = difference(exchange).unwrap_or_default();
                format!("{method} {target} is not in {path}; exchange {at} is the nearest: {difference}; {again}")
            }
            None => format!("{method} {target} is not in {path}, nor anything at that path; {again}"),
        }
    }

    /// Writes down what is answered. The body is read to its end first, that of a stream as well.
    async fn record(&self, asked: Asked, response_: Response) -> Result<Response, NotAnswered> {
        let (status, headers) = (response_.status(), response_.headers().clone());
        let body = response_.bytes().await?;
        let kept = HEADERS.iter().filter_map(|name| {
            let value = headers.get(*name)?.to_str().ok()?;
            Some(((*name).to_owned(), value.to_owned()))
        });
        let answered = Answered { status: status.as_u16(), headers: kept.collect(), body: content(&headers, &body) };
        let mut state = self.lock();
        let answer = state.scrubber.answered(&state.moved(answered.clone()));
        state.recording.exchanges.push(Exchange { request: asked, answer });
        drop(state);
        // The caller gets what came, secrets included.
        let mut given = http::Response::new(body);
        *given.status_mut() = status;
        *given.headers_mut() = headers;
        Ok(given.into())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// With the API where the file says that it is.
    fn moved<T: serde::Serialize + serde::de::DeserializeOwned + Clone>(&self, part: T) -> T {
        let Some(real) = self.real_base.as_deref().filter(|real| *real != self.recording.base_url) else {
            return part;
        };
        let moved = serde_json::to_string(&part).map(|text| text.replace(real, &self.recording.base_url));
        moved.ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(part)
    }
}

/// What is not said to be JSON is kept as it is, to the byte.
fn content(headers: &HeaderMap, body: &Bytes) -> Content {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let content = Content::of(body);
    match (&content.json, std::str::from_utf8(body)) {
        (Some(_), Ok(text)) if !kind.contains("json") => Content { text: Some(text.to_owned()), ..Content::default() },
        _ => content,
    }
}

fn response(answer: &Answered, body: Bytes) -> Result<Response, http::Error> {
    let mut builder = http::Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        builder = builder.header(name, value);
    }
    Ok(builder.body(body)?.into())
}
