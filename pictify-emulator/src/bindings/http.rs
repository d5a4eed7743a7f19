//! Binding data from a URL. Redirects are not followed, because they would forward credentials.

use super::{
    Binding,
    document::{CachedData, Credentials},
    source::{DataError, FetchedData},
};
use crate::{
    fetch::{self, FetchError, Fetcher},
    secret::Secret,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{
    Body, Method, Request,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH},
};
use std::time::Duration;

/// Timeout for fetching data.
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum size of the data, in bytes.
const MAX_DATA_BYTES: usize = 1024 * 1024;

/// Fetches the data of a binding.
pub(super) async fn fetch(binding: &Binding, fetcher: &Fetcher) -> Result<FetchedData, DataError> {
    read_response(binding, &fetcher.send(build_request(binding)?, MAX_DATA_BYTES, FETCH_TIMEOUT).await?)
}

fn build_request(binding: &Binding) -> Result<Request, DataError> {
    let source = &binding.data_source;
    let method = match source.method.as_deref().unwrap_or("GET") {
        "GET" => Method::GET,
        "POST" => Method::POST,
        other => return Err(DataError::message(format!("dataSource.method {other} is not one of GET, POST"))),
    };
    let url = fetch::parse_url(source.url.as_deref().unwrap_or_default());
    let mut request = Request::new(method.clone(), url?);
    if let Some(body) = source.body.as_ref().filter(|_| method == Method::POST) {
        *request.body_mut() = Some(Body::from(body.to_string()));
    }
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if method == Method::POST {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    for (name, value) in source.headers.iter().flatten() {
        let (name, value) = build_header(name, value.as_str().unwrap_or_default())?;
        // Headers of the connection and the message framing cannot be set by a binding.
        if !["connection", "content-length", "host", "transfer-encoding", "upgrade"].contains(&name.as_str()) {
            headers.insert(name, value);
        }
    }
    let credentials = source.credentials.as_ref().map(credentials_header).transpose()?;
    if let Some((name, mut value)) = credentials.flatten() {
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    let etag = binding.cached.as_ref().and_then(|cached| cached.etag.as_deref());
    if let Some(etag) = etag.filter(|_| binding.refresh_policy.kind == "etag") {
        headers.insert(IF_NONE_MATCH, build_header(IF_NONE_MATCH.as_str(), etag)?.1);
    }
    Ok(request)
}

/// Builds the header with the credentials.
fn credentials_header(credentials: &Credentials) -> Result<Option<(HeaderName, HeaderValue)>, DataError> {
    let value = credentials.value.as_ref().map_or("", Secret::expose);
    let header_name = credentials.header_name.as_deref().unwrap_or_default();
    match credentials.kind.as_str() {
        "bearer_token" => build_header(AUTHORIZATION.as_str(), &format!("Bearer {value}")).map(Some),
        "basic_auth" => {
            let pair = STANDARD.encode(format!("{}:{value}", credentials.username.as_deref().unwrap_or_default()));
            build_header(AUTHORIZATION.as_str(), &format!("Basic {pair}")).map(Some)
        }
        // The API documentation does not name the header. `x-api-key` is the most common one.
        "api_key" => build_header(if header_name.is_empty() { "x-api-key" } else { header_name }, value).map(Some),
        "custom_header" => build_header(header_name, value).map(Some),
        _ => Ok(None),
    }
}

/// Builds a header.
fn build_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), DataError> {
    // The value can be a secret, so the message contains only the name.
    let invalid = || DataError::message(format!("dataSource: the header {name:?} cannot be sent"));
    Ok((HeaderName::try_from(name).map_err(|_| invalid())?, HeaderValue::try_from(value).map_err(|_| invalid())?))
}

/// Reads the data of a response. A 304 returns the cached data.
fn read_response(binding: &Binding, response: &fetch::Fetched) -> Result<FetchedData, DataError> {
    let status = response.status;
    let error = |message: String| DataError { source_status: Some(status), ..DataError::upstream(message) };
    if status == 304
        && let Some(CachedData { data, etag }) = binding.cached.clone()
    {
        return Ok(FetchedData { data, source_status: Some(status), etag });
    }
    if !(200..300).contains(&status) {
        return Err(error(format!("The data source returned status {status}")));
    }
    let etag = response.headers.get(ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
    let data = serde_json::from_slice(&response.bytes);
    let data = data.map_err(|cause| error(format!("The data source returned a response that is not JSON: {cause}")))?;
    Ok(FetchedData { data, source_status: Some(status), etag })
}

impl From<FetchError> for DataError {
    fn from(error: FetchError) -> Self {
        let message = error.to_string();
        match error {
            FetchError::InvalidUrl(_) | FetchError::AddressNotAllowed(_) => Self::message(message),
            FetchError::Unreachable { .. }
            | FetchError::Status { .. }
            | FetchError::TimedOut { .. }
            | FetchError::TooLarge { .. } => Self::upstream(message),
        }
    }
}
