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
    /// It answers GET and HEAD with 302 and the picture's address, 404 for a page that does not exist, and 503 with
    /// `Retry-After` when there is nothing to show.
    pub fn axum_route<S: Clone + Send + Sync + 'static>(self) -> MethodRouter<S> {
        get(async move |path: RawPathParams, RawQuery(query): RawQuery| {
            let parameters = parameters(path.iter(), query.as_deref().unwrap_or_default());
            let (status, headers) = answer(self.picture(parameters).await);
            let mut response: Response = StatusCode::from_u16(status).unwrap_or_default().into_response();
            for (name, value) in headers {
                // An address that cannot stand in a header is none.
                let Ok(value) = HeaderValue::try_from(value) else {
                    return StatusCode::BAD_GATEWAY.into_response();
                };
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
            response
        })
    }
}
