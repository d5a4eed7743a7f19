//! Pictures as an actix-web route.

use super::{OgImages, answer::answer, parameters};
use actix_web::{
    HttpRequest, HttpResponse, Route, guard,
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
    web,
};

impl OgImages {
    /// The route for actix-web: `App::new().route("/og/{title}", cards.clone().actix_route())`.
    ///
    /// It answers GET and HEAD with 302 and the picture's address, 404 for a page that does not exist, 503 when there is
    /// nothing to show, with `Retry-After` when that is known, and 502 for an address that cannot stand in a header.
    #[must_use]
    pub fn actix_route(self) -> Route {
        web::route().guard(guard::Any(guard::Get()).or(guard::Head())).to(move |request: HttpRequest| {
            let images = self.clone();
            async move {
                let parameters = parameters(request.match_info().iter(), request.query_string());
                let (status, headers) = answer::<HeaderValue>(images.picture(parameters).await);
                let mut response = HttpResponse::new(StatusCode::from_u16(status).unwrap_or_default());
                for (name, value) in headers {
                    response.headers_mut().insert(HeaderName::from_static(name), value);
                }
                response
            }
        })
    }
}
