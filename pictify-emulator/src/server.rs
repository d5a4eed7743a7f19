//! The way of a request: route, key, body, handler.

use crate::{
    answer::{Answer, Refusal, json_response},
    contract::{CONTRACT, Found, KeyUse, Operation},
    images,
    render::{Renderer, Worker},
    store::Store,
};
use axum::{
    Router,
    body::{Body, HttpBody},
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, Method, Response, StatusCode,
        header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ETAG, HOST, IF_NONE_MATCH},
        request::Parts,
    },
};
use bytes::{Bytes, BytesMut};
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
}

/// What every request can reach.
pub(crate) struct Service {
    url: String,
    api_keys: Vec<String>,
    pub(crate) worker: Worker,
    pub(crate) store: Store,
}

/// A request that matches an operation of the contract, carries a key where one is needed, and is valid.
pub(crate) struct Call {
    pub(crate) service: Arc<Service>,
    pub(crate) path: BTreeMap<String, String>,
    pub(crate) query: BTreeMap<String, Value>,
    pub(crate) body: Value,
    /// The address under which the client knows this server.
    base: String,
}

impl Call {
    /// Where the client finds a file.
    pub(crate) fn media_url(&self, file: &str) -> String {
        format!("{}{MEDIA}{file}", self.base)
    }
}

pub(crate) fn router(settings: Settings) -> Router {
    let Settings { url, api_keys, renderer } = settings;
    let service = Service { url, api_keys, worker: Worker::new(renderer), store: Store::default() };
    Router::new().fallback(serve).with_state(Arc::new(service))
}

async fn serve(State(service): State<Arc<Service>>, request: Request) -> Response<Body> {
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
    match call(service, &parts, path, body).await {
        Ok(answer) => json_response(StatusCode::OK, &answer),
        Err(refusal) => refusal.into_response(),
    }
}

async fn call(service: Arc<Service>, parts: &Parts, path: &str, body: Body) -> Answer {
    let (operation, path) = match CONTRACT.find(parts.method.as_str(), path) {
        Found::Operation(operation, parameters) => (operation, parameters),
        Found::OtherMethod | Found::Nothing => {
            return Err(Refusal::no_route(parts));
        }
    };
    service.check_key(operation.key, &parts.headers)?;
    let query = query(operation, parts.uri.query().unwrap_or_default())?;
    let body = read_body(operation, parts, body).await?;
    let base = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let base = base.map_or_else(|| service.url.clone(), |host| format!("http://{host}"));
    let call = Call { service, path, query, body, base };
    match operation.id.as_str() {
        "createImage" => images::create(call).await,
        "listImages" => Ok(images::list(&call)),
        "getImage" => images::get(&call),
        "healthCheck" => Ok(serde_json::json!({"message": "ok"})),
        id => {
            let message = format!("The emulator does not serve {id} yet.");
            Err(Refusal::message(StatusCode::NOT_IMPLEMENTED, message))
        }
    }
}

impl Service {
    fn check_key(&self, needed: KeyUse, headers: &HeaderMap) -> Result<(), Refusal> {
        if needed == KeyUse::None {
            return Ok(());
        }
        let Some(header) = headers.get(AUTHORIZATION) else {
            return if needed == KeyUse::Optional { Ok(()) } else { Err(Refusal::unauthorized()) };
        };
        let key = header.to_str().ok().and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default().trim();
        let known = self.api_keys.is_empty() || self.api_keys.iter().any(|known| known == key);
        if key.is_empty() || !known { Err(Refusal::unauthorized()) } else { Ok(()) }
    }
}

fn query(operation: &Operation, text: &str) -> Result<BTreeMap<String, Value>, Refusal> {
    let mut query = BTreeMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name), decode(value));
        let Some(schema) = operation.query.get(&name) else { continue };
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
    let Some(file) = service.store.file(name) else {
        return Refusal::message(StatusCode::NOT_FOUND, "File not found").into_response();
    };
    // A file's name is as unique as its content: it is written once.
    let etag = HeaderValue::try_from(format!("\"{name}\"")).unwrap_or(HeaderValue::from_static("\"file\""));
    let unchanged = headers.get(IF_NONE_MATCH) == Some(&etag);
    let mut response = Response::new(if unchanged { Body::empty() } else { Body::from(file.bytes) });
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(ETAG, etag);
    response
}
