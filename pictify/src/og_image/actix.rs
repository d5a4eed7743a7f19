//! Link preview images as an actix-web route.

use super::{OgImages, parameters, response::to_response};
use actix_web::{
    HttpRequest, HttpResponse, Route, guard,
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
    web,
};

impl OgImages {
    /// Creates a route for actix-web: `App::new().route("/og/{title}", cards.clone().actix_route())`.
    ///
    /// It responds to GET and HEAD with 302 and the URL of the image; 404 if the page does not exist; 503 if there is no image
    /// to serve, with `Retry-After` if the delay is known; 502 if the URL cannot be sent in a header.
    #[must_use]
    pub fn actix_route(self) -> Route {
        web::route().guard(guard::Any(guard::Get()).or(guard::Head())).to(move |request: HttpRequest| {
            let images = self.clone();
            async move {
                let parameters = parameters(request.match_info().iter(), request.query_string());
                let (status, headers) = to_response::<HeaderValue>(images.image(parameters).await);
                let mut response = HttpResponse::new(StatusCode::from_u16(status).unwrap_or_default());
                for (name, value) in headers {
                    response.headers_mut().insert(HeaderName::from_static(name), value);
                }
                response
            }
        })
    }
}
