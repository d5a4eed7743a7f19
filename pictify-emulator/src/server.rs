//! The way of a request: route, key, body, handler.

use crate::{
    admin,
    answer::{Answer, Refusal, Reply},
    areas,
    contract::{CONTRACT, Found, KeyUse, Operation},
    faults::{Fault, Faults, Script},
    fetch::{FetchError, Fetcher, Reach, Redirects},
    house::{self, Rules, VersionPrefix, Windows},
    log::{Asked, Log},
    page, problem,
    render::{Renderer, Worker},
    store::Store,
};
use axum::{
    body::{Body, HttpBody},
    extract::Request,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode,
        header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HOST, IF_NONE_MATCH},
        request::Parts,
    },
};
use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// How large a body may be, in bytes. HTML with its pictures inside is the largest that makes sense.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// What is called so has no name.
const UNNAMED: &str = "Untitled";

/// How long a body may take to come.
const BODY_TIME: Duration = Duration::from_secs(30);

/// Where rendered files are served.
const MEDIA: &str = "/media/";

/// What the server was started with.
pub(crate) struct Settings {
    pub(crate) url: String,
    pub(crate) api_keys: Vec<String>,
    pub(crate) renderer: Arc<dyn Renderer>,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) rules: Rules,
    pub(crate) faults: Script,
    pub(crate) network: Network,
}

/// What makes requests.
pub(crate) struct Network {
    /// For pages and tables: follows redirects.
    pub(crate) pages: Fetcher,
    /// For data, which may ask for credentials: follows none.
    pub(crate) data: Fetcher,
    /// For deliveries, which always reach this machine.
    pub(crate) courier: Fetcher,
}

impl Network {
    pub(crate) fn new(reach: Reach) -> Result<Self, FetchError> {
        Ok(Self {
            pages: Fetcher::new(reach, Redirects::Follow)?,
            data: Fetcher::new(reach, Redirects::Return)?,
            courier: Fetcher::new(reach.max(Reach::Loopback), Redirects::Return)?,
        })
    }
}

/// What the time is.
pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What every request can reach.
pub(crate) struct Service {
    url: String,
    api_keys: Vec<String>,
    pub(crate) worker: Worker,
    pub(crate) store: Store,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) network: Network,
    pub(crate) deliveries_at_once: Semaphore,
    clock: Clock,
    pub(crate) rules: Rules,
    windows: Windows,
    stop: CancellationToken,
}

/// How many deliveries are under way at once.
const DELIVERIES_AT_ONCE: usize = 16;

/// A request that matches an operation of the contract, carries a key where one is needed, and is valid.
pub(crate) struct Call {
    pub(crate) service: Arc<Service>,
    pub(crate) operation: &'static Operation,
    pub(crate) path: BTreeMap<String, String>,
    pub(crate) query: BTreeMap<String, Value>,
    pub(crate) body: Value,
    pub(crate) headers: HeaderMap,
    /// The address under which the client knows this server.
    pub(crate) base: String,
    /// By which the answer and the log name this request.
    pub(crate) request_id: String,
}

impl Call {
    /// A parameter of the path.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// A header, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Where the client finds a file.
    pub(crate) fn media_url(&self, file: &str) -> String {
        format!("{}{MEDIA}{file}", self.base)
    }
}

pub(crate) fn service(settings: Settings) -> Arc<Service> {
    let Settings { url, api_keys, renderer, store, clock, rules, faults: script, network } = settings;
    let (worker, windows, faults) = (Worker::new(renderer), Windows::default(), Faults::default());
    faults.set(script);
    Arc::new(Service {
        url,
        api_keys,
        worker,
        store,
        faults,
        log: Log::default(),
        network,
        deliveries_at_once: Semaphore::new(DELIVERIES_AT_ONCE),
        clock,
        rules,
        windows,
        stop: CancellationToken::new(),
    })
}

/// The connection is closed without an answer: a fault that was asked for.
#[derive(Debug)]
pub(crate) struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dropped on demand")
    }
}

impl std::error::Error for Dropped {}

/// The header that names a request, for those who look for it in a log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers a request, or drops it.
pub(crate) async fn serve(service: Arc<Service>, request: Request) -> Result<Response<Body>, Dropped> {
    let request_id = format!("req_{}", crate::uid::new(16).to_ascii_lowercase());
    let (started, method, path) = (Instant::now(), request.method().clone(), request.uri().path().to_owned());
    let mut response = answer(service.clone(), request, &request_id).await?;
    // What the page for people fetches would fill the log with itself.
    if !path.starts_with(MEDIA) && !path.starts_with(admin::PREFIX) && path != "/" {
        let (at, took, id) = (service.now_text(), started.elapsed(), request_id.as_str());
        let status = response.status().as_u16();
        service.log.add(&Asked { at, method: method.as_str(), path: &path, status, took, id });
    }
    if let Ok(id) = HeaderValue::try_from(request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    Ok(response)
}

async fn answer(service: Arc<Service>, request: Request, request_id: &str) -> Result<Response<Body>, Dropped> {
    let (parts, body) = request.into_parts();
    // All of it, also of a request that is refused for something else: a connection with a rest in it is closed, and what
    // its client sends next gets no answer.
    let body = all_bytes(body).await;
    let asked = parts.uri.path().to_owned();
    // Older documents put a version into the path; both work here.
    let path = asked.strip_prefix("/v1").filter(|rest| rest.starts_with('/')).unwrap_or(&asked);
    if let Some(name) = path.strip_prefix(MEDIA) {
        return Ok(match parts.method {
            Method::GET | Method::HEAD => file(&service, name, &parts.headers),
            _ => service.refuse(Refusal::no_route(&parts), &asked, request_id),
        });
    }
    if let Some(answer) = for_people(&service, &parts, path).await {
        return Ok(service.respond(answer, &asked, request_id));
    }
    if let Some(name) = path.strip_prefix(admin::PREFIX) {
        let answer = body.and_then(|body| admin::answer(&service, &parts, name, &body));
        return Ok(service.respond(answer, &asked, request_id));
    }
    let is_wrong = match service.rules.prefix {
        VersionPrefix::Any => false,
        VersionPrefix::Required => path == asked,
        VersionPrefix::Refused => path != asked,
    };
    match CONTRACT.find(parts.method.as_str(), path) {
        _ if is_wrong => Ok(service.refuse(Refusal::no_route(&parts), &asked, request_id)),
        Found::Operation(operation, parameters) => {
            let request = Incoming { service, operation, path: parameters, parts, body, request_id };
            request.answer().await
        }
        Found::OtherMethod | Found::Nothing => Ok(service.refuse(Refusal::no_route(&parts), &asked, request_id)),
    }
}

/// What the page for people consists of.
async fn for_people(service: &Service, parts: &Parts, path: &str) -> Option<Answer> {
    if parts.method != Method::GET {
        return None;
    }
    match path {
        "/" => Some(page::page(service)),
        page::SCRIPT => Some(Ok(page::script())),
        path => {
            let name = path.strip_prefix(page::PREVIEW)?;
            Some(page::preview(service, name, parts.uri.query().unwrap_or_default()).await)
        }
    }
}

/// A request for an operation, before anything of it is looked at.
struct Incoming<'a> {
    service: Arc<Service>,
    operation: &'static Operation,
    path: BTreeMap<String, String>,
    parts: Parts,
    body: Result<Bytes, Refusal>,
    request_id: &'a str,
}

impl Incoming<'_> {
    /// Does what is asked, within the rules of the house, and with the faults that are set.
    async fn answer(self) -> Result<Response<Body>, Dropped> {
        let service = self.service.clone();
        let standing = service.rules.per_minute.map(|limit| {
            let key = self.parts.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
            service.windows.count(&String::from_utf8_lossy(key), limit, service.now())
        });
        let fault = service.faults.next(&self.operation.id);
        if let Some(fault) = &fault {
            tokio::time::sleep(fault.delay_time()).await;
        }
        let (before, after) = match fault {
            Some(fault) if fault.is_after_work() => (None, Some(fault)),
            fault => (fault, None),
        };
        let wait = standing.and_then(|standing| standing.wait);
        let mut response = match (before.as_ref().map(wrong).transpose()?.flatten(), wait) {
            (Some(wrong), _) => wrong,
            (None, Some(wait)) => service.refuse(house::too_soon(wait), self.parts.uri.path(), self.request_id),
            (None, None) => {
                let (path, request_id) = (self.parts.uri.path().to_owned(), self.request_id);
                service.respond(self.call().await, &path, request_id)
            }
        };
        if let Some(fault) = &after {
            if let Some(wrong) = wrong(fault)? {
                response = wrong;
            }
            if let Some(bytes) = fault.cut_after() {
                response = cut(response, bytes).await;
            }
        }
        for (name, value) in standing.into_iter().flat_map(house::Standing::headers) {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        Ok(response)
    }

    async fn call(self) -> Answer {
        let Self { service, operation, path, parts, body, request_id } = self;
        let query = query(operation, parts.uri.query().unwrap_or_default())?;
        service.check_key(operation, &parts.headers, &query)?;
        let body = read_body(operation, &parts, body)?;
        let Some(handler) = areas::handler(&operation.id) else {
            // A test holds that each operation has one.
            return Err(Refusal::internal(format!("{} has no handler", operation.id)));
        };
        if operation.is_billed && service.has_used_up() {
            return Err(house::used_up(operation));
        }
        let base = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let base = base.map_or_else(|| service.url.clone(), |host| format!("http://{host}"));
        let (headers, request_id) = (parts.headers, request_id.to_owned());
        let call = Call { service, operation, path, query, body, headers, base, request_id };
        let again = call.service.rules.replays.then(|| Replay::of(&call)).flatten();
        if let Some(stored) = again.as_ref().and_then(|again| again.stored(&call.service)) {
            return Ok(stored);
        }
        let service = call.service.clone();
        let reply = handler(call).await?.checked(operation)?;
        if let Some(again) = again {
            again.store(&service, &reply)?;
        }
        Ok(reply)
    }
}

/// The answer that a fault gives instead of the real one.
fn wrong(fault: &Fault) -> Result<Option<Response<Body>>, Dropped> {
    if fault.is_reset() {
        return Err(Dropped);
    }
    let Some((status, headers, body)) = fault.answer() else { return Ok(None) };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(Some(response))
}

/// An answer that ends too early: its head promises all of the body.
async fn cut(response: Response<Body>, after: usize) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
        return Response::from_parts(parts, Body::empty());
    };
    parts.headers.insert(CONTENT_LENGTH, bytes.len().into());
    let kept = bytes.slice(..after.min(bytes.len()));
    let first = stream::once(std::future::ready(Ok(kept)));
    // What is written so far is sent while the body makes its reader wait.
    let then = stream::once(async {
        tokio::task::yield_now().await;
        Err(Dropped)
    });
    Response::from_parts(parts, Body::from_stream(first.chain(then)))
}

/// An answer that is given again to the same idempotency key with the same request.
struct Replay(String);

impl Replay {
    /// The kind of the documents that answers are kept as.
    const KIND: &'static str = "replay";

    fn of(call: &Call) -> Option<Self> {
        let key = call.header("idempotency-key")?;
        Some(Self(format!("{key} {} {:?} {}", call.operation.id, call.path, call.body)))
    }

    fn stored(&self, service: &Service) -> Option<Reply> {
        let stored = service.store.get(Self::KIND, &self.0).ok().flatten()?;
        let status =
            stored["status"].as_u64().and_then(|status| StatusCode::from_u16(u16::try_from(status).ok()?).ok())?;
        Some(Reply::json(status, stored["body"].clone()))
    }

    fn store(&self, service: &Service, reply: &Reply) -> Result<(), Refusal> {
        if let Some((status, body)) = reply.as_json() {
            let stored = serde_json::json!({"status": status.as_u16(), "body": body});
            service.store.insert(Self::KIND, &self.0, &stored)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The keys are nobody's business.
        f.debug_struct("Service").field("url", &self.url).field("store", &self.store).finish_non_exhaustive()
    }
}

impl Service {
    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Does something beside the requests, until the server stops.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(self.stop.clone().run_until_cancelled_owned(work));
    }

    /// Ends what is done beside the requests.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// How long seconds of the published schedule are here.
    pub(crate) fn scaled(&self, seconds: u64) -> Duration {
        #[allow(clippy::cast_precision_loss, reason = "a day at most")]
        Duration::try_from_secs_f64(seconds as f64 / self.rules.retry_speed).unwrap_or(Duration::MAX)
    }

    /// What the time is, here.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// How many renders a month has, as the account is told: that of the standard plan where nothing is limited.
    pub(crate) fn monthly_limit(&self) -> u64 {
        self.rules.per_month.unwrap_or(10_000)
    }

    fn respond(&self, answer: Answer, path: &str, request_id: &str) -> Response<Body> {
        match answer {
            Ok(reply) => reply.into_response(),
            Err(refusal) => self.refuse(refusal, path, request_id),
        }
    }

    /// A refusal in the dialect of this server.
    fn refuse(&self, refusal: Refusal, path: &str, request_id: &str) -> Response<Body> {
        if self.rules.problems { problem::response(&refusal, path, request_id) } else { refusal.into_response() }
    }

    /// Whether this month's renders are used up.
    pub(crate) fn has_used_up(&self) -> bool {
        let used = |limit| crate::renders::billed_this_month(&self.store, self.now()).is_ok_and(|used| used >= limit);
        self.rules.per_month.is_some_and(used)
    }

    /// The time as the service writes it.
    pub(crate) fn now_text(&self) -> String {
        format!("{:.3}", self.now())
    }

    /// Whether a request may come in: with a key in its header, or in its query where the contract has a place for it.
    fn check_key(
        &self,
        operation: &Operation,
        headers: &HeaderMap,
        query: &BTreeMap<String, Value>,
    ) -> Result<(), Refusal> {
        if operation.key == KeyUse::None {
            return Ok(());
        }
        let token = query.get("token").filter(|_| operation.query.contains_key("token")).and_then(Value::as_str);
        let key = match (headers.get(AUTHORIZATION), token) {
            (Some(header), _) => header.to_str().ok().and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default(),
            (None, Some(token)) => token,
            (None, None) if operation.key == KeyUse::Optional => return Ok(()),
            (None, None) => return Err(Refusal::unauthorized()),
        };
        let key = key.trim();
        let known = self.api_keys.is_empty() || self.api_keys.iter().any(|known| known == key);
        if key.is_empty() || !known { Err(Refusal::unauthorized()) } else { Ok(()) }
    }
}

fn query(operation: &Operation, text: &str) -> Result<BTreeMap<String, Value>, Refusal> {
    let mut query = BTreeMap::new();
    for (name, value) in query_pairs(text) {
        let Some(schema) = operation.query.get(&name) else {
            // Of most operations it is nothing; of those that render by URL it is a variable.
            query.insert(name, Value::String(value));
            continue;
        };
        let value = schema.read(&value);
        if let Some(wrong) = schema.wrong(&format!("querystring/{name}"), &value) {
            return Err(Refusal::framework(StatusCode::BAD_REQUEST, Some("FST_ERR_VALIDATION"), wrong));
        }
        query.insert(name, value);
    }
    Ok(query)
}

/// The names and values of a query, decoded.
pub(crate) fn query_pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

fn decode(text: &str) -> String {
    let spaces = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaces).decode_utf8_lossy().into_owned()
}

fn read_body(operation: &Operation, parts: &Parts, body: Result<Bytes, Refusal>) -> Result<Value, Refusal> {
    if parts.method == Method::GET {
        // The service does not look at it, so that a client may send its usual headers.
        return Ok(Value::Null);
    }
    let bytes = body?;
    let is_json = parts.headers.get(CONTENT_TYPE).is_some_and(is_json);
    if bytes.is_empty() {
        if is_json {
            let message = "Body cannot be empty when content-type is set to 'application/json'";
            return Err(unreadable(StatusCode::BAD_REQUEST, "FST_ERR_CTP_EMPTY_JSON_BODY", message));
        }
        // A POST without a body means an empty object to the service.
        return validated(operation, Value::Object(serde_json::Map::new()));
    }
    if !operation.takes_body() {
        return Ok(Value::Null);
    }
    let is_json_as_text = || operation.also_takes("text/plain") && parts.headers.get(CONTENT_TYPE).is_some_and(is_text);
    if !is_json && !is_json_as_text() {
        let message = "Unsupported Media Type: send application/json";
        return Err(unreadable(StatusCode::UNSUPPORTED_MEDIA_TYPE, "FST_ERR_CTP_INVALID_MEDIA_TYPE", message));
    }
    match serde_json::from_slice(&bytes) {
        Ok(value @ Value::Object(_)) if operation.also_takes("one item") => {
            validated(operation, Value::Array(vec![value]))
        }
        Ok(Value::Object(mut body)) if operation.also_takes("no name") => {
            body.entry("name").or_insert_with(|| UNNAMED.into());
            validated(operation, body.into())
        }
        Ok(value) => validated(operation, value),
        Err(error) => {
            let message = format!("Body is not valid JSON but content-type is set to 'application/json': {error}");
            Err(unreadable(StatusCode::BAD_REQUEST, "FST_ERR_CTP_INVALID_JSON_BODY", message))
        }
    }
}

async fn all_bytes(mut body: Body) -> Result<Bytes, Refusal> {
    let read = async {
        let mut bytes = BytesMut::new();
        let mut dropped = 0;
        while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            let frame = frame.map_err(|error| {
                unreadable(StatusCode::BAD_REQUEST, "FST_ERR_CTP_INVALID_CONTENT_LENGTH", error.to_string())
            })?;
            let data = frame.into_data().unwrap_or_default();
            if bytes.len() + data.len() <= BODY_LIMIT && dropped == 0 {
                bytes.extend_from_slice(&data);
                continue;
            }
            // A client that is still sending does not listen: an answer now would be a broken connection to it.
            dropped += data.len();
            if dropped > 2 * BODY_LIMIT {
                break;
            }
        }
        if dropped > 0 {
            let message = format!("Request body is too large: the limit is {BODY_LIMIT} bytes");
            return Err(unreadable(StatusCode::PAYLOAD_TOO_LARGE, "FST_ERR_CTP_BODY_TOO_LARGE", message));
        }
        Ok(bytes.freeze())
    };
    let late = || unreadable(StatusCode::REQUEST_TIMEOUT, "FST_ERR_REQUEST_TIMEOUT", "The body did not come in time");
    tokio::time::timeout(BODY_TIME, read).await.map_err(|_| late())?
}

fn is_json(kind: &HeaderValue) -> bool {
    is_of_type(kind, "application/json")
}

fn is_text(kind: &HeaderValue) -> bool {
    is_of_type(kind, "text/plain")
}

fn is_of_type(kind: &HeaderValue, media_type: &str) -> bool {
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case(media_type)
}

fn unreadable(status: StatusCode, code: &str, message: impl Into<String>) -> Refusal {
    Refusal::framework(status, Some(code), message)
}

fn validated(operation: &Operation, body: Value) -> Result<Value, Refusal> {
    match operation.wrong_body(&body) {
        None => Ok(body),
        Some(wrong) => Err(Refusal::framework(StatusCode::BAD_REQUEST, Some("FST_ERR_VALIDATION"), wrong)),
    }
}

fn file(service: &Service, name: &str, headers: &HeaderMap) -> Response<Body> {
    let file = match service.store.file(name) {
        Ok(Some(file)) => file,
        Ok(None) => return Refusal::message(StatusCode::NOT_FOUND, "File not found").into_response(),
        Err(error) => return Refusal::from(error).into_response(),
    };
    // A file's name is as unique as its content: it is written once.
    let etag = HeaderValue::try_from(format!("\"{name}\"")).unwrap_or(HeaderValue::from_static("\"file\""));
    let unchanged = headers.get(IF_NONE_MATCH) == Some(&etag);
    let mut response = Response::new(if unchanged { Body::empty() } else { Body::from(file.bytes) });
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::try_from(file.content_type) {
        headers.insert(CONTENT_TYPE, kind);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(ETAG, etag);
    response
}
