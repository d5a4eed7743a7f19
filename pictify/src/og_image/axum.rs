//! Link preview images as an axum route.

use super::{OgImages, parameters, response::to_response};
use axum::{
    extract::{RawPathParams, RawQuery},
    http::{HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};

impl OgImages {
    /// Creates a route for axum: `Router::new().route("/og/{title}", cards.axum_route())`.
    ///
    /// It responds to GET and HEAD with 302 and the URL of the image; 404 if the page does not exist; 503 if there is no image
    /// to serve, with `Retry-After` if the delay is known; 502 if the URL cannot be sent in a header.
    pub fn axum_route<S: Clone + Send + Sync + 'static>(self) -> MethodRouter<S> {
        get(async move |path: RawPathParams, RawQuery(query): RawQuery| {
            let parameters = parameters(path.iter(), query.as_deref().unwrap_or_default());
            let (status, headers) = to_response::<HeaderValue>(self.image(parameters).await);
            let mut response: Response = StatusCode::from_u16(status).unwrap_or_default().into_response();
            let headers = headers.into_iter().map(|(name, value)| (HeaderName::from_static(name), value));
            response.headers_mut().extend(headers);
            response
        })
    }
}
