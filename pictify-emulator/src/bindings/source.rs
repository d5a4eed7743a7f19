//! Where data comes from.

use super::{CACHED_DATA_FIELD, http};
use crate::{api_error::ApiError, server::RequestContext};
use axum::http::StatusCode;
use serde_json::Value;

/// Data that was had.
#[derive(Clone, Debug)]
pub(crate) struct Fetched {
    pub(crate) data: Value,
    /// What an HTTP source answered.
    pub(crate) status: Option<u16>,
    /// The version that an HTTP source gave it.
    pub(crate) etag: Option<String>,
}

/// Why there is no data.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    /// What an HTTP source answered.
    pub(crate) status: Option<u16>,
    pub(super) status_code: StatusCode,
}

impl Failure {
    /// What stays so until the binding changes.
    pub(crate) fn message(message: impl Into<String>) -> Self {
        Self { message: message.into(), status: None, status_code: StatusCode::UNPROCESSABLE_ENTITY }
    }

    /// What the source is to blame for; another try may go well.
    pub(super) fn of_source(message: impl Into<String>) -> Self {
        Self { status_code: StatusCode::BAD_GATEWAY, ..Self::message(message) }
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        Self::with_message(failure.status_code, failure.message)
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self { message: error.message(), status: None, status_code: error.status() }
    }
}

/// What is wrong with a source.
pub(crate) fn check(source: &Value) -> Result<(), String> {
    let credentials = &source["credentials"];
    if credentials.is_object() && !credentials["value"].is_string() {
        return Err("dataSource.credentials.value is required".to_owned());
    }
    if credentials["type"] == "custom_header" && !credentials["headerName"].is_string() {
        return Err("dataSource.credentials.headerName is required for custom_header".to_owned());
    }
    match source["type"].as_str().unwrap_or_default() {
        "webhook" => Ok(()),
        "static" if source["staticData"].is_object() => Ok(()),
        "static" => Err("dataSource.staticData is required for a static source".to_owned()),
        "http" => match source["url"].as_str() {
            Some(url) if url.starts_with("http://") || url.starts_with("https://") => Ok(()),
            Some(url) => Err(format!("dataSource.url must begin with http:// or https://, not be {url}")),
            None => Err("dataSource.url is required for an http source".to_owned()),
        },
        other => Err(format!("dataSource.type {other} is not one of http, webhook, static")),
    }
}

/// Gets the data of a binding anew, and keeps nothing.
pub(crate) async fn fetch(context: &RequestContext, binding: &Value) -> Result<Fetched, Failure> {
    let source = &binding["dataSource"];
    match source["type"].as_str().unwrap_or_default() {
        "static" => Ok(Fetched { data: source["staticData"].clone(), status: None, etag: None }),
        "webhook" => match binding[CACHED_DATA_FIELD].get("data") {
            Some(data) => Ok(Fetched { data: data.clone(), status: None, etag: None }),
            None => Err(Failure::message("No data was pushed yet: send it to the binding's webhookUrl")),
        },
        _ => http::fetch(binding, &context.state.outbound.data).await,
    }
}
