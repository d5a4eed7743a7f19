//! Data sources of bindings.

use super::{Binding, DataSource, http};
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
pub(crate) fn check(source: &DataSource) -> Result<(), String> {
    if let Some(credentials) = &source.credentials {
        if credentials.value.is_none() {
            return Err("dataSource.credentials.value is required".to_owned());
        }
        if credentials.kind == "custom_header" && credentials.header_name.is_none() {
            return Err("dataSource.credentials.headerName is required for custom_header".to_owned());
        }
    }
    match source.kind.as_str() {
        "webhook" => Ok(()),
        "static" if source.static_data.is_some() => Ok(()),
        "static" => Err("dataSource.staticData is required for a static source".to_owned()),
        "http" => match &source.url {
            Some(url) if url.starts_with("http://") || url.starts_with("https://") => Ok(()),
            Some(url) => Err(format!("dataSource.url must start with http:// or https://: {url}")),
            None => Err("dataSource.url is required for an http source".to_owned()),
        },
        other => Err(format!("dataSource.type {other} is not one of http, webhook, static")),
    }
}

/// Fetches the data of a binding, without storing it.
pub(crate) async fn fetch(state: &AppState, binding: &Binding) -> Result<FetchedData, DataError> {
    let source = &binding.data_source;
    match source.kind.as_str() {
        "static" => {
            let data = source.static_data.clone().unwrap_or_default();
            Ok(FetchedData { data, source_status: None, etag: None })
        }
        "webhook" => match binding.cached_data() {
            Some(data) => Ok(FetchedData { data: data.clone(), source_status: None, etag: None }),
            None => Err(DataError::message("No data has been pushed yet: send it to the webhookUrl of the binding")),
        },
        _ => http::fetch(binding, &state.outbound.data).await,
    }
}
