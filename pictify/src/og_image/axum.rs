//! Pictures as an axum route.

use super::{OgImages, answer::answer, parameters};
use axum::{
    extract::{RawPathParams, RawQuery},
    http::{HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};

impl OgImages {
    /// The route for axum: `Router::new().route("/og/{title}", cards.axum_route())`.
    ///
    /// It answers GET and HEAD with 302 and the picture's address, 404 for a page that does not exist, 503 when there is
    /// nothing to show, with `Retry-After` when that is known, and 502 for an address that cannot stand in a header.
    pub fn axum_route<S: Clone + Send + Sync + 'static>(self) -> MethodRouter<S> {
        get(async move |path: RawPathParams, RawQuery(query): RawQuery| {
            let parameters = parameters(path.iter(), query.as_deref().unwrap_or_default());
            let (status, headers) = answer::<HeaderValue>(self.picture(parameters).await);
            let mut response: Response = StatusCode::from_u16(status).unwrap_or_default().into_response();
            let headers = headers.into_iter().map(|(name, value)| (HeaderName::from_static(name), value));
            response.headers_mut().extend(headers);
            response
        })
    }
}
