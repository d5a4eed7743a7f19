//! Admin API for tests, which the service does not have. `openapi.json` in this folder describes it, and its routes are
//! built from that document. It needs no API key: anyone who can reach the server may use it.

mod clock;
mod deliveries;
mod events;
mod faults;
mod ledger;
mod requests;
mod server;
mod state;

use crate::{api_error::ApiError, clock::OutOfRange, context::AppState, contract::CONTRACT, store::StoreError};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Query},
    http::{
        HeaderValue, Method, Response, StatusCode, Uri,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::IntoResponse,
    routing::{MethodFilter, MethodRouter, on},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};

/// Path prefix of the admin API.
pub(crate) const PREFIX: &str = "/_emulator/";

/// Paths of the admin API outside of its prefix, where their clients expect them.
const OTHER_PATHS: [&str; 2] = ["/openapi.json", "/metrics"];

/// Description of the admin API.
const DOCUMENT: &str = include_str!("openapi.json");

static PARSED_DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(DOCUMENT).expect("a test parses the document"));

/// Returns true if a path belongs to the admin API.
pub(crate) fn is_path(path: &str) -> bool {
    path.starts_with(PREFIX) || OTHER_PATHS.contains(&path)
}

/// Builds the routes from the document.
pub(crate) fn routes() -> Router<Arc<AppState>> {
    let mut router = Router::new();
    for (path, method, operation) in operations() {
        let filter = Method::from_bytes(method.to_uppercase().as_bytes())
            .ok()
            .and_then(|method| MethodFilter::try_from(method).ok());
        if let Some(handler) = filter.and_then(|filter| handler(operation, filter)) {
            router = router.route(path, handler);
        }
    }
    // The server has read the body within its own limit.
    router.layer(DefaultBodyLimit::disable())
}

/// Returns the path, the method and the ID of each operation of the document.
fn operations() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let paths = PARSED_DOCUMENT["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.filter_map(|(method, operation)| {
            Some((path.as_str(), method.as_str(), operation["operationId"].as_str()?))
        })
    })
}

/// Returns the handler of an operation.
fn handler(operation: &str, filter: MethodFilter) -> Option<MethodRouter<Arc<AppState>>> {
    Some(match operation {
        "getAdminApi" => on(filter, server::admin_api),
        "getServiceApi" => on(filter, server::service_api),
        "getHealth" => on(filter, server::health),
        "getMetrics" => on(filter, server::metrics),
        "streamEvents" => on(filter, events::stream),
        "getClock" => on(filter, clock::get),
        "setClock" => on(filter, clock::set),
        "advanceClock" => on(filter, clock::advance),
        "resumeClock" => on(filter, clock::resume),
        "listRequests" => on(filter, requests::list),
        "clearRequests" => on(filter, requests::clear),
        "waitForRequests" => on(filter, requests::wait),
        "getRequest" => on(filter, requests::get),
        "replayRequest" => on(filter, requests::replay),
        "getFaults" => on(filter, faults::get),
        "setFaults" => on(filter, faults::set),
        "clearFaults" => on(filter, faults::clear),
        "failNextRequests" => on(filter, faults::fail_next),
        "listLedger" => on(filter, ledger::list),
        "listDeliveries" => on(filter, deliveries::list),
        "getDelivery" => on(filter, deliveries::get),
        "resendDelivery" => on(filter, deliveries::resend),
        "reset" => on(filter, state::reset),
        "seed" => on(filter, state::seed),
        "listSnapshots" => on(filter, state::list_snapshots),
        "saveSnapshot" => on(filter, state::save_snapshot),
        "deleteSnapshot" => on(filter, state::delete_snapshot),
        "restoreSnapshot" => on(filter, state::restore_snapshot),
        _ => return None,
    })
}

/// Error of the admin API: `{"message"}`, regardless of the error format of the service.
#[derive(Debug)]
struct AdminError {
    status: StatusCode,
    body: Value,
}

/// Result of a handler.
type AdminResult<T = JsonBody> = Result<T, AdminError>;

/// Rejects the name of an operation that the contract does not have: nothing would ever match.
fn check_operation(operation: Option<&str>) -> Result<(), AdminError> {
    match operation.filter(|id| CONTRACT.operation(id).is_none()) {
        Some(unknown) => Err(AdminError::bad_request(format!("Unknown operation {unknown}"))),
        None => Ok(()),
    }
}

/// JSON response.
#[derive(Debug)]
struct JsonBody(Value);

impl AdminError {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, body: json!({"message": message.into()}) }
    }

    fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    fn with_field(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.body[name] = value.into();
        self
    }
}

impl From<ApiError> for AdminError {
    fn from(error: ApiError) -> Self {
        Self::new(error.status(), error.message())
    }
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        ApiError::from(error).into()
    }
}

impl From<OutOfRange> for AdminError {
    fn from(error: OutOfRange) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl IntoResponse for AdminError {
    fn into_response(self) -> Response<Body> {
        (self.status, JsonBody(self.body)).into_response()
    }
}

impl IntoResponse for JsonBody {
    fn into_response(self) -> Response<Body> {
        text("application/json; charset=utf-8", self.0.to_string())
    }
}

/// Creates a response that is not stored by caches.
fn text(content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Parses the query string.
fn parse_query<T: DeserializeOwned>(uri: &Uri) -> AdminResult<T> {
    Query::try_from_uri(uri).map(|Query(query)| query).map_err(|error| AdminError::bad_request(error.body_text()))
}

/// Parses a JSON body. No body counts as an empty object.
fn parse_body<T: DeserializeOwned>(body: &Bytes) -> AdminResult<T> {
    let body = if body.is_empty() { b"{}" } else { &body[..] };
    serde_json::from_slice(body).map_err(|error| AdminError::bad_request(format!("Invalid body: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_operation_of_the_document_has_one_route() {
        let mut ids = BTreeSet::new();
        for (path, method, id) in operations() {
            assert!(ids.insert(id), "{id} is not unique");
            assert!(handler(id, MethodFilter::GET).is_some(), "{id} has no handler");
            assert!(is_path(path), "{method} {path} is not routed to the admin API");
        }
        assert!(ids.len() > 20, "{ids:?}");
        // Fails if two paths conflict.
        drop(routes());
    }
}
