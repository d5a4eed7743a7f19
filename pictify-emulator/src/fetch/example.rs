//! Built-in responses for `example.com`, `example.net` and `example.org`, so that examples work without a network and send
//! no requests to those servers.

use super::Fetched;
use bytes::Bytes;
use reqwest::{
    Method, Request, Url,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue},
};

/// HTML page with an animation.
const PAGE: &str = include_str!("example.html");

/// JSON data for bindings.
const DATA: &str =
    r#"{"title": "Example", "stargazers_count": 1234, "forks_count": 56, "price": 9.99, "online": true}"#;

/// CSV table for batches.
const TABLE: &str = "name,city,attendee_name,session\nAda,London,Ada,Engines\nGrace,New York,Grace,Compilers\n";

/// Returns true for a URL of a reserved example domain or of a subdomain.
pub(super) fn is_example(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    ["example.com", "example.net", "example.org"]
        .iter()
        .any(|name| host.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('.')))
}

/// Returns the response to a request to an example domain.
pub(super) fn respond(request: &Request) -> Fetched {
    let accepts_json =
        request.headers().get(ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"application/json"));
    let (kind, text) = match request.url().path() {
        _ if request.method() == Method::POST && !accepts_json => ("text/plain", ""),
        _ if accepts_json => ("application/json", DATA),
        path if path.rsplit('.').next() == Some("csv") => ("text/csv", TABLE),
        _ => ("text/html; charset=utf-8", PAGE),
    };
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
    Fetched { url: request.url().clone(), status: 200, headers, bytes: Bytes::from_static(text.as_bytes()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reserved_example_domains_match() {
        for (url, expected) in [
            ("https://example.com/x", true),
            ("http://hooks.example.net", true),
            ("https://a.b.example.org/", true),
            ("https://notexample.com/", false),
            ("https://example.com.evil.test/", false),
            ("https://example.edu/", false),
        ] {
            assert_eq!(is_example(&url.parse().unwrap()), expected, "{url}");
        }
    }
}
