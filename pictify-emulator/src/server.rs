//! The way of a request: route, key, body, handler.

use crate::{
    answer::{Answer, Refusal},
    areas,
    contract::{CONTRACT, Found, KeyUse, Operation},
    render::{Renderer, Worker},
    store::Store,
};
use axum::{
    Router,
    body::{Body, HttpBody},
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode,
        header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ETAG, HOST, IF_NONE_MATCH},
        request::Parts,
    },
};
use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use serde_json::Value;
use std::{collections::BTreeMap, future::poll_fn, pin::Pin, sync::Arc, time::Duration};

/// How large a body may be, in bytes. HTML with its pictures inside is the largest that makes sense.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

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
}

/// What the time is.
pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What every request can reach.
pub(crate) struct Service {
    url: String,
    api_keys: Vec<String>,
    pub(crate) worker: Worker,
    pub(crate) store: Store,
    clock: Clock,
}

/// A request that matches an operation of the contract, carries a key where one is needed, and is valid.
pub(crate) struct Call {
    pub(crate) service: Arc<Service>,
    pub(crate) operation: &'static Operation,
    path: BTreeMap<String, String>,
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

pub(crate) fn router(settings: Settings) -> Router {
    let Settings { url, api_keys, renderer, store, clock } = settings;
    let service = Service { url, api_keys, worker: Worker::new(renderer), store, clock };
    Router::new().fallback(serve).with_state(Arc::new(service))
}

/// The header that names a request, for those who look for it in a log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

async fn serve(State(service): State<Arc<Service>>, request: Request) -> Response<Body> {
    let request_id = format!("req_{}", crate::uid::new(16).to_ascii_lowercase());
    let mut response = answer(service, request, &request_id).await;
    if let Ok(id) = HeaderValue::try_from(request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

async fn answer(service: Arc<Service>, request: Request, request_id: &str) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    // Older documents put a version into the path; both work here.
    let path = path.strip_prefix("/v1").filter(|rest| rest.starts_with('/')).unwrap_or(&path);
    if let Some(name) = path.strip_prefix(MEDIA) {
        return match parts.method {
            Method::GET | Method::HEAD => file(&service, name, &parts.headers),
            _ => Refusal::no_route(&parts).into_response(),
        };
    }
    match call(service, &parts, path, body, request_id).await {
        Ok(reply) => reply.into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn call(service: Arc<Service>, parts: &Parts, path: &str, body: Body, request_id: &str) -> Answer {
    let (operation, path) = match CONTRACT.find(parts.method.as_str(), path) {
        Found::Operation(operation, parameters) => (operation, parameters),
        Found::OtherMethod | Found::Nothing => {
            return Err(Refusal::no_route(parts));
        }
    };
    let query = query(operation, parts.uri.query().unwrap_or_default())?;
    service.check_key(operation, &parts.headers, &query)?;
    let body = read_body(operation, parts, body).await?;
    let base = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let base = base.map_or_else(|| service.url.clone(), |host| format!("http://{host}"));
    let (headers, request_id) = (parts.headers.clone(), request_id.to_owned());
    let Some(handler) = areas::handler(&operation.id) else {
        let message = format!("The emulator does not serve {} yet.", operation.id);
        return Err(Refusal::message(StatusCode::NOT_IMPLEMENTED, message));
    };
    let reply = handler(Call { service, operation, path, query, body, headers, base, request_id }).await?;
    reply.checked(operation)
}

impl Service {
    /// What the time is, here.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
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
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name), decode(value));
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

fn decode(text: &str) -> String {
    let spaces = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaces).decode_utf8_lossy().into_owned()
}

async fn read_body(operation: &Operation, parts: &Parts, body: Body) -> Result<Value, Refusal> {
    if parts.method == Method::GET {
        // The service does not look at it, so that a client may send its usual headers.
        return Ok(Value::Null);
    }
    let bytes = all_bytes(body).await?;
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
    if !is_json {
        let message = "Unsupported Media Type: send application/json";
        return Err(unreadable(StatusCode::UNSUPPORTED_MEDIA_TYPE, "FST_ERR_CTP_INVALID_MEDIA_TYPE", message));
    }
    match serde_json::from_slice(&bytes) {
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
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
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
