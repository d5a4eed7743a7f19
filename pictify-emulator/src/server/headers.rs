//! Headers that protect the responses in a browser.

use axum::{
    http::{
        HeaderName, HeaderValue,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS},
    },
    response::Response,
};

/// Content security policy of pages: no other site shows them in a frame, and their forms and relative URLs stay on this
/// server. A browser applies it beside the policy that a page has itself.
const PAGE_POLICY: HeaderValue =
    HeaderValue::from_static("frame-ancestors 'none'; form-action 'self'; base-uri 'none'; object-src 'none'");

/// Adds the headers that a response lacks.
pub(super) async fn protect(mut response: Response) -> Response {
    let is_page = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let headers = response.headers_mut();
    headers.entry(X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    if is_page {
        headers.append(CONTENT_SECURITY_POLICY, PAGE_POLICY);
        headers.entry(X_FRAME_OPTIONS).or_insert(HeaderValue::from_static("DENY"));
        let opener = HeaderName::from_static("cross-origin-opener-policy");
        headers.entry(opener).or_insert(HeaderValue::from_static("same-origin"));
    }
    response
}
