//! Data fetched from a URL. Redirects are not followed: credentials would go with them.

use super::{
    CACHED_DATA_FIELD,
    source::{Failure, Fetched},
};
use crate::fetch::{self, FetchError, Fetcher};
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{
    Body, Method, Request,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH},
};
use serde_json::Value;
use std::time::Duration;

/// How long a source may take.
const TIME: Duration = Duration::from_secs(10);

/// How large data may be, in bytes.
const LARGEST: usize = 1024 * 1024;

/// Gets the data of a binding.
pub(super) async fn fetch(binding: &Value, fetcher: &Fetcher) -> Result<Fetched, Failure> {
    read(binding, &fetcher.send(request(binding)?, LARGEST, TIME).await?)
}

fn request(binding: &Value) -> Result<Request, Failure> {
    let source = &binding["dataSource"];
    let method = match source["method"].as_str().unwrap_or("GET") {
        "GET" => Method::GET,
        "POST" => Method::POST,
        other => return Err(Failure::message(format!("dataSource.method {other} is not one of GET, POST"))),
    };
    let url = fetch::url(source["url"].as_str().unwrap_or_default());
    let mut request = Request::new(method.clone(), url?);
    if method == Method::POST && !source["body"].is_null() {
        *request.body_mut() = Some(Body::from(source["body"].to_string()));
    }
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if method == Method::POST {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    for (name, value) in source["headers"].as_object().into_iter().flatten() {
        let (name, value) = header(name, value.as_str().unwrap_or_default())?;
        // How the message is framed is not the binding's to say.
        if !["connection", "content-length", "host", "transfer-encoding", "upgrade"].contains(&name.as_str()) {
            headers.insert(name, value);
        }
    }
    if let Some((name, mut value)) = credentials(&source["credentials"])? {
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    if let (Some("etag"), Some(etag)) =
        (binding["refreshPolicy"]["type"].as_str(), binding[CACHED_DATA_FIELD]["etag"].as_str())
    {
        headers.insert(IF_NONE_MATCH, header(IF_NONE_MATCH.as_str(), etag)?.1);
    }
    Ok(request)
}

/// The header by which the request proves itself.
fn credentials(credentials: &Value) -> Result<Option<(HeaderName, HeaderValue)>, Failure> {
    let text = |name: &str| credentials[name].as_str().unwrap_or_default();
    let value = text("value");
    match text("type") {
        "bearer_token" => header(AUTHORIZATION.as_str(), &format!("Bearer {value}")).map(Some),
        "basic_auth" => {
            let pair = STANDARD.encode(format!("{}:{value}", text("username")));
            header(AUTHORIZATION.as_str(), &format!("Basic {pair}")).map(Some)
        }
        // The documents do not say where a key goes; this is where most services look.
        "api_key" => {
            header(if text("headerName").is_empty() { "x-api-key" } else { text("headerName") }, value).map(Some)
        }
        "custom_header" => header(text("headerName"), value).map(Some),
        _ => Ok(None),
    }
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Failure> {
    // The value may be a secret: only the name is told.
    let wrong = || Failure::message(format!("dataSource: the header {name:?} cannot be sent"));
    Ok((HeaderName::try_from(name).map_err(|_| wrong())?, HeaderValue::try_from(value).map_err(|_| wrong())?))
}

fn read(binding: &Value, answer: &fetch::Fetched) -> Result<Fetched, Failure> {
    let status = answer.status;
    let failure = |message: String| Failure { status: Some(status), ..Failure::of_source(message) };
    if status == 304
        && let Some(data) = binding[CACHED_DATA_FIELD].get("data")
    {
        let etag = binding[CACHED_DATA_FIELD]["etag"].as_str().map(str::to_owned);
        return Ok(Fetched { data: data.clone(), status: Some(status), etag });
    }
    if !(200..300).contains(&status) {
        return Err(failure(format!("The data source answered {status}")));
    }
    let etag = answer.headers.get(ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
    let data = serde_json::from_slice(&answer.bytes);
    let data =
        data.map_err(|error| failure(format!("The data source answered with something that is no JSON: {error}")))?;
    Ok(Fetched { data, status: Some(status), etag })
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        let message = error.to_string();
        match error {
            FetchError::Unusable(_) | FetchError::NotAllowed(_) => Self::message(message),
            FetchError::Unreachable { .. }
            | FetchError::Status { .. }
            | FetchError::Late { .. }
            | FetchError::TooLarge { .. } => Self::of_source(message),
        }
    }
}
