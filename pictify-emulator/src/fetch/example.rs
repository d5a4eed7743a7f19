//! What stands at `example.com`, `example.net` and `example.org`, which examples everywhere name: they work without a
//! network, and nobody's server is asked.

use super::Fetched;
use bytes::Bytes;
use reqwest::{
    Method, Request, Url,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue},
};

/// A page that moves.
const PAGE: &str = include_str!("example.html");

/// Data such as bindings show.
const DATA: &str =
    r#"{"title": "Example", "stargazers_count": 1234, "forks_count": 56, "price": 9.99, "online": true}"#;

/// A table of people.
const TABLE: &str = "name,city,attendee_name,session\nAda,London,Ada,Engines\nGrace,New York,Grace,Compilers\n";

pub(super) fn is_example(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    ["example.com", "example.net", "example.org"]
        .iter()
        .any(|name| host.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('.')))
}

/// The answer to a request there.
pub(super) fn answer(request: &Request) -> Fetched {
    let wants_json =
        request.headers().get(ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"application/json"));
    let (kind, text) = match request.url().path() {
        _ if request.method() == Method::POST && !wants_json => ("text/plain", ""),
        _ if wants_json => ("application/json", DATA),
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
    fn only_the_names_for_examples_are_examples() {
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
