//! Data sources of bindings.

use super::{CACHED_DATA_FIELD, http};
use crate::{api_error::ApiError, context::AppState};
use axum::http::StatusCode;
use serde_json::Value;

/// Fetched data.
#[derive(Clone, Debug)]
pub(crate) struct FetchedData {
    pub(crate) data: Value,
    /// Status of the response of an HTTP source.
    pub(crate) source_status: Option<u16>,
    /// `ETag` of an HTTP source.
    pub(crate) etag: Option<String>,
}

/// Error of fetching data.
#[derive(Clone, Debug)]
pub(crate) struct DataError {
    pub(crate) message: String,
    /// Status of the response of an HTTP source.
    pub(crate) source_status: Option<u16>,
    /// Status of the response of the emulator.
    pub(super) response_status: StatusCode,
}

impl DataError {
    /// Creates an error that is permanent until the binding changes: 422.
    pub(crate) fn message(message: impl Into<String>) -> Self {
        Self { message: message.into(), source_status: None, response_status: StatusCode::UNPROCESSABLE_ENTITY }
    }

    /// Creates an error of the source, which a retry may solve: 502.
    pub(super) fn upstream(message: impl Into<String>) -> Self {
        Self { response_status: StatusCode::BAD_GATEWAY, ..Self::message(message) }
    }
}

impl From<DataError> for ApiError {
    fn from(error: DataError) -> Self {
        Self::with_message(error.response_status, error.message)
    }
}

impl From<ApiError> for DataError {
    fn from(error: ApiError) -> Self {
        Self { message: error.message(), source_status: None, response_status: error.status() }
    }
}

/// Checks a data source.
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
            Some(url) => Err(format!("dataSource.url must start with http:// or https://: {url}")),
            None => Err("dataSource.url is required for an http source".to_owned()),
        },
        other => Err(format!("dataSource.type {other} is not one of http, webhook, static")),
    }
}

/// Fetches the data of a binding, without storing it.
pub(crate) async fn fetch(state: &AppState, binding: &Value) -> Result<FetchedData, DataError> {
    let source = &binding["dataSource"];
    match source["type"].as_str().unwrap_or_default() {
        "static" => Ok(FetchedData { data: source["staticData"].clone(), source_status: None, etag: None }),
        "webhook" => match binding[CACHED_DATA_FIELD].get("data") {
            Some(data) => Ok(FetchedData { data: data.clone(), source_status: None, etag: None }),
            None => Err(DataError::message("No data has been pushed yet: send it to the webhookUrl of the binding")),
        },
        _ => http::fetch(binding, &state.outbound.data).await,
    }
}
