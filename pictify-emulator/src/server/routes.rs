//! Router: the operations of the contract, rendered files, the page and the admin API.

use super::{
    RequestId, ServerState, access, body, body::MAX_BODY_BYTES, fault_injection::ConnectionAborted, files, headers,
    observe, pipeline::RequestPipeline,
};
use crate::{
    admin,
    api_error::ApiError,
    config::VersionPrefix,
    context::MEDIA,
    contract::{CONTRACT, Operation},
    dashboard,
    requests::RequestBody,
};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{Extensions, HeaderMap, HeaderValue, Response, StatusCode, Version, header::CONTENT_TYPE},
    middleware::{from_fn, from_fn_with_state, map_response},
    routing::{any, get},
};
use std::{any::Any, collections::BTreeMap};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{CompressionLayer, Predicate, predicate::DefaultPredicate},
};

/// Marks a response that a fault has changed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Faulted;

/// Returns the service for all requests.
pub(crate) fn router(server: ServerState) -> Router {
    let cors = server.access.cors_layer();
    let is_compressed = DefaultPredicate::new().and(is_compressible);
    // A request passes the layers from the last one to the first.
    let mut router = routes(&server)
        // Within the compression, so that texts can be read.
        .layer(from_fn_with_state(server.clone(), observe::record))
        .layer(CompressionLayer::new().compress_when(is_compressed))
        .layer(from_fn_with_state(server.clone(), access::check_origin));
    if let Some(cors) = cors {
        router = router.layer(cors);
    }
    router
        .layer(from_fn_with_state(server.clone(), access::check_host))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(map_response(headers::protect))
        .layer(from_fn(observe::observe))
        .with_state(server)
}

fn routes(server: &ServerState) -> Router<ServerState> {
    let tools = Router::new()
        .route("/", get(page))
        .route(dashboard::FAVICON, get(page))
        .route(&format!("{}{{*name}}", dashboard::PREFIX), any(page))
        .merge(admin::routes().with_state(server.app.clone()))
        .layer(from_fn_with_state(server.clone(), body::read_first));
    let media = get(media);
    let mut router = tools.route(MEDIA, media.clone()).route(&format!("{MEDIA}{{*name}}"), media);
    let prefixes = match server.app.config.version_prefix {
        VersionPrefix::Any => &["", "/v1"][..],
        VersionPrefix::Required => &["/v1"],
        VersionPrefix::Forbidden => &[""],
    };
    for prefix in prefixes {
        for (pattern, operations) in CONTRACT.routes() {
            router = with_operations(router, prefix, &pattern, operations);
        }
        // The service has two paths for the health check.
        if let Some(operation) = CONTRACT.operation("healthCheck") {
            let handler = async |State(server): State<ServerState>, request: Request| {
                run(server, operation, BTreeMap::new(), request).await
            };
            router = router.route(&format!("{prefix}/health"), get(handler).head(not_found));
        }
    }
    router.fallback(not_found).method_not_allowed_fallback(not_found)
}

/// Adds the route of a pattern, with and without a slash at its end.
fn with_operations(
    mut router: Router<ServerState>,
    prefix: &'static str,
    pattern: &str,
    operations: Vec<&'static Operation>,
) -> Router<ServerState> {
    let handler = async move |State(server): State<ServerState>, request: Request| {
        let (method, path) = (request.method().as_str(), request.uri().path());
        let path = path.strip_prefix(prefix).unwrap_or(path);
        let found = operations.iter().find_map(|operation| Some((*operation, operation.parameters(method, path)?)));
        match found {
            Some((operation, parameters)) => run(server, operation, parameters, request).await,
            None => not_found(State(server), request).await,
        }
    };
    for end in ["", "/"] {
        router = router.route(&format!("{prefix}{pattern}{end}"), any(handler.clone()));
    }
    router
}

/// Handles a request for an operation.
async fn run(
    server: ServerState,
    operation: &'static Operation,
    path: BTreeMap<String, String>,
    request: Request,
) -> Response<Body> {
    let request_id = RequestId::of(&request);
    let (parts, body) = request.into_parts();
    // Read the body even if the request is then rejected: a fault may come after it.
    let body = server.bodies.receive(operation, &parts, body).await;
    if let (Some(recorded), Ok(body)) = (parts.extensions.get::<RequestBody>(), &body) {
        recorded.set(body.bytes());
    }
    let request = RequestPipeline { server, operation, path, parts, body, request_id };
    let mut response = request.run().await.unwrap_or_else(|aborted| {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(aborted);
        response
    });
    response.extensions_mut().insert(operation);
    response
}

async fn page(State(server): State<ServerState>, request: Request) -> Response<Body> {
    let request_id = RequestId::of(&request);
    let (parts, body) = request.into_parts();
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    let response = match to_bytes(body, MAX_BODY_BYTES).await {
        Ok(body) => dashboard::respond(&server.app, &parts.method, path, query, &body).await,
        Err(error) => Err(ApiError::framework(StatusCode::BAD_REQUEST, None, error.to_string())),
    };
    server.app.respond(response, path, &request_id)
}

async fn media(State(server): State<ServerState>, request: Request) -> Response<Body> {
    let name = request.uri().path().strip_prefix(MEDIA).unwrap_or_default();
    files::serve_file(&server.app, name, request.headers())
}

async fn not_found(State(server): State<ServerState>, request: Request) -> Response<Body> {
    let (parts, _) = request.into_parts();
    let error = ApiError::route_not_found(&parts);
    server.error_response(error, &Request::from_parts(parts, Body::empty()))
}

/// Returns true for a response that may be compressed. Documents and videos are compressed already, and a fault counts
/// the bytes of the body.
fn is_compressible(_: StatusCode, _: Version, headers: &HeaderMap, extensions: &Extensions) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let is_compressed = kind.starts_with(b"application/pdf") || kind.starts_with(b"video/");
    !is_compressed && extensions.get::<Faulted>().is_none() && extensions.get::<ConnectionAborted>().is_none()
}

/// Returns the response for a handler that has panicked. The panic hook has logged the reason.
#[allow(clippy::needless_pass_by_value, reason = "the layer passes the value")]
fn panicked(_: Box<dyn Any + Send>) -> Response<Body> {
    ApiError::internal("The emulator failed: this is a bug, and its log has the reason").into_response()
}

impl ServerState {
    pub(super) fn error_response(&self, error: ApiError, request: &Request) -> Response<Body> {
        self.app.error_response(error, request.uri().path(), &RequestId::of(request))
    }
}

impl RequestId {
    pub(super) fn of(request: &Request) -> String {
        request.extensions().get::<Self>().map(|id| id.0.clone()).unwrap_or_default()
    }
}
