//! Rendered files, served under `/media/`.

use crate::{api_error::ApiError, context::AppState, store::FoundFile};
use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderValue, Response, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
};

/// Returns the file with this name, or 304 if the client has it already.
pub(super) fn serve_file(state: &AppState, name: &str, headers: &HeaderMap) -> Response<Body> {
    let file = match state.store.find_file(name) {
        Ok(FoundFile::Stored(file)) => file,
        Ok(FoundFile::Removed) => return removed(state).into_response(),
        Ok(FoundFile::Unknown) => {
            return ApiError::with_message(StatusCode::NOT_FOUND, "File not found").into_response();
        }
        Err(error) => return ApiError::from(error).into_response(),
    };
    // A file is written once under a unique name, so its name identifies its content.
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

/// Returns the error for a file whose contents are gone.
fn removed(state: &AppState) -> ApiError {
    let message = match state.store.max_file_memory() {
        Some(limit) => format!(
            "The file was removed, because files in memory are limited to {} MiB. Start the server with a larger \
             --max-file-memory, or with --data-dir to store files on the disk.",
            limit >> 20
        ),
        None => "The file is no longer in the data folder".to_owned(),
    };
    ApiError::with_message(StatusCode::GONE, message)
}
