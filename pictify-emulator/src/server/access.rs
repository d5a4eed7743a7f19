//! Hosts that requests may name, and origins of the pages that may send them.
//!
//! A page of any site can send requests to a server on the machine of its reader. Two checks keep such pages out:
//!
//! - *Host.* With DNS rebinding a site points its own name at this machine, and its pages count as pages of this
//!   server. Their requests name that site as the host. So a host must be known. IP addresses cannot be rebound.
//! - *Origin.* A browser names the site of the page in `Origin` or `Sec-Fetch-Site`. Other sites may only include
//!   images and pixels and follow links.

use super::ServerState;
use crate::{api_error::ApiError, context::MEDIA, contract::CONTRACT};
use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{CONTENT_TYPE, HOST, ORIGIN},
        uri::{Authority, Uri},
    },
    middleware::Next,
    response::Response,
};
use std::net::IpAddr;
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, Any, CorsLayer};

/// Maximum length of a host or an origin in an error message, in characters.
const MAX_NAME_CHARS: usize = 100;

/// Origin that stands for every origin.
const ANY_ORIGIN: &str = "*";

/// Hosts and origins that the server accepts.
#[derive(Debug)]
pub(crate) struct AccessPolicy {
    /// Address that the server listens on.
    bound: IpAddr,
    /// Names of hosts in lower case, beside `localhost`.
    hosts: Vec<String>,
    /// Origins in lower case.
    origins: Vec<String>,
}

impl AccessPolicy {
    /// Creates a policy. Returns the reason if a host or an origin is not valid.
    pub(crate) fn new(bound: IpAddr, hosts: &[String], origins: &[String]) -> Result<Self, String> {
        let hosts = hosts.iter().map(|host| {
            let authority = Authority::try_from(host.as_str()).ok().filter(|authority| authority.as_str() == host);
            let name = authority.map(|authority| normalized_host(authority.host())).filter(|name| !name.is_empty());
            name.filter(|_| !host.contains(['@', '*'])).ok_or_else(|| format!("{host:?} is not the name of a host"))
        });
        let origins = origins.iter().map(|origin| {
            let given = origin;
            let origin = origin.to_ascii_lowercase();
            let uri = Uri::try_from(&origin).ok();
            let is_origin = uri.is_some_and(|uri| {
                let authority = uri.authority().map(Authority::as_str).unwrap_or_default();
                !authority.is_empty()
                    && !authority.contains('@')
                    && origin == format!("{}://{authority}", uri.scheme_str().unwrap_or_default())
            });
            let origin = Some(origin).filter(|origin| is_origin || origin == ANY_ORIGIN);
            origin.ok_or_else(|| {
                format!("{given:?} is not an origin: that is a scheme and a host, such as http://localhost:3000, or *")
            })
        });
        Ok(Self { bound, hosts: hosts.collect::<Result<_, _>>()?, origins: origins.collect::<Result<_, _>>()? })
    }

    /// Returns the layer that lets pages of the configured origins read responses, if there are any.
    pub(super) fn cors_layer(&self) -> Option<CorsLayer> {
        if self.origins.is_empty() {
            return None;
        }
        let allowed = if self.allows_any_origin() {
            AllowOrigin::any()
        } else {
            AllowOrigin::list(self.origins.iter().filter_map(|origin| HeaderValue::try_from(origin).ok()))
        };
        let layer = CorsLayer::new().allow_origin(allowed).expose_headers(Any).allow_private_network(true);
        Some(layer.allow_methods(AllowMethods::mirror_request()).allow_headers(AllowHeaders::mirror_request()))
    }

    fn allows_any_origin(&self) -> bool {
        self.origins.iter().any(|origin| origin == ANY_ORIGIN)
    }

    /// Returns the error for a request whose host is missing, ambiguous or unknown.
    fn host_error(&self, headers: &HeaderMap, uri: &Uri) -> Option<ApiError> {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            let message = "A request must have exactly one Host header";
            return Some(ApiError::framework(StatusCode::BAD_REQUEST, None, message));
        };
        let host = host.to_str().ok().and_then(|host| Authority::try_from(host).ok());
        let Some(host) = host.filter(|host| !host.as_str().contains('@')) else {
            return Some(ApiError::framework(StatusCode::BAD_REQUEST, None, "The Host header is not a host"));
        };
        // A request in absolute form names the host twice.
        let mut named = [Some(&host), uri.authority()].into_iter().flatten();
        let unknown = shortened(named.find(|authority| !self.allows_host(authority.host()))?.host());
        let message = format!(
            "The server is not known as {unknown:?}, so this may be a request of a web page by DNS rebinding: start the server with --allowed-host {unknown} to allow it"
        );
        Some(ApiError::framework(StatusCode::MISDIRECTED_REQUEST, None, message))
    }

    fn allows_host(&self, host: &str) -> bool {
        if let Ok(address) = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            let address = address.to_canonical();
            // Other machines reach a server that listens beyond the loopback interface by addresses that it need not
            // know.
            return address.is_loopback() || address == self.bound || !self.bound.is_loopback();
        }
        let name = normalized_host(host);
        name == "localhost" || name.ends_with(".localhost") || self.hosts.contains(&name)
    }

    /// Returns the origin of a request that a page of another site has sent. It is empty if only the browser's fetch
    /// metadata tell it.
    fn foreign_origin(&self, method: &Method, headers: &HeaderMap) -> Option<String> {
        if self.allows_any_origin() {
            return None;
        }
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let host = text(HOST.as_str()).to_ascii_lowercase();
        let is_allowed = |origin: &str| {
            let is_own = origin.split_once("://").is_some_and(|(_, authority)| authority == host);
            is_own || self.origins.iter().any(|allowed| allowed == origin)
        };
        let mut origins = headers.get_all(ORIGIN).iter().peekable();
        if origins.peek().is_some() {
            let mut origins = origins.map(|origin| String::from_utf8_lossy(origin.as_bytes()).to_ascii_lowercase());
            return origins.find(|origin| !is_allowed(origin));
        }
        let is_foreign = matches!(text("sec-fetch-site"), "cross-site" | "same-site");
        // The reader followed a link to this server. The other page cannot read the response.
        let is_visit =
            || method == Method::GET && text("sec-fetch-mode") == "navigate" && text("sec-fetch-dest") == "document";
        (is_foreign && !is_visit()).then(String::new)
    }
}

/// Rejects requests for hosts that the server is not known as.
pub(super) async fn check_host(State(server): State<ServerState>, request: Request, next: Next) -> Response {
    match server.access.host_error(request.headers(), request.uri()) {
        None => next.run(request).await,
        Some(error) => server.error_response(error, &request),
    }
}

/// Rejects requests from pages of other sites, except for images, pixels and links.
pub(super) async fn check_origin(State(server): State<ServerState>, request: Request, next: Next) -> Response {
    match server.access.foreign_origin(request.method(), request.headers()) {
        Some(origin) if !is_link(request.method(), request.uri().path()) => {
            let error = foreign_request_error(&origin, request.method(), request.headers());
            server.error_response(error, &request)
        }
        _ => next.run(request).await,
    }
}

fn foreign_request_error(origin: &str, method: &Method, headers: &HeaderMap) -> ApiError {
    let origin = shortened(origin);
    let advice = if origin.is_empty() || origin == "null" {
        "A page of another site may not send this request: start the server with --cors ORIGIN to allow its origin"
            .to_owned()
    } else {
        format!("A page of {origin} may not send this request: start the server with --cors {origin} to allow it")
    };
    if method == Method::POST && is_sent_unasked(headers) {
        let (status, code) = (StatusCode::UNSUPPORTED_MEDIA_TYPE, "FST_ERR_CTP_INVALID_MEDIA_TYPE");
        return ApiError::framework(status, Some(code), advice);
    }
    ApiError::framework(StatusCode::FORBIDDEN, None, advice)
}

/// Returns true for the content types of forms and beacons, which browsers send to other sites without asking first.
fn is_sent_unasked(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(&*kind, "" | "text/plain" | "application/x-www-form-urlencoded" | "multipart/form-data")
}

/// Returns true for the URLs that other sites include in their pages.
fn is_link(method: &Method, path: &str) -> bool {
    let is_file = path.starts_with(MEDIA) && matches!(*method, Method::GET | Method::HEAD);
    let path = path.strip_prefix("/v1").unwrap_or(path);
    is_file || CONTRACT.find(method.as_str(), path).is_some_and(|(operation, _)| operation.is_link())
}

/// Returns a host in lower case, without the dot of a fully qualified name.
fn normalized_host(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

fn shortened(name: &str) -> String {
    name.chars().take(MAX_NAME_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(bound: &str) -> AccessPolicy {
        let (hosts, origins) =
            (["pictify.test".to_owned(), "emulator".to_owned()], ["http://localhost:3000".to_owned()]);
        AccessPolicy::new(bound.parse().unwrap(), &hosts, &origins).unwrap()
    }

    #[test]
    fn hosts_are_loopback_names_the_bound_address_and_the_configured_names() {
        for (bound, host, allowed) in [
            ("127.0.0.1", "localhost", true),
            ("127.0.0.1", "LocalHost.", true),
            ("127.0.0.1", "app.localhost", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.8.9.1", true),
            ("127.0.0.1", "[::1]", true),
            ("127.0.0.1", "[::ffff:127.0.0.1]", true),
            ("127.0.0.1", "pictify.test", true),
            ("127.0.0.1", "EMULATOR", true),
            ("127.0.0.1", "evil.example", false),
            ("127.0.0.1", "sub.pictify.test", false),
            ("127.0.0.1", "notlocalhost", false),
            ("127.0.0.1", "localhost.evil.example", false),
            ("127.0.0.1", "127.0.0.1.evil.example", false),
            ("127.0.0.1", "192.168.1.5", false),
            ("127.0.0.1", "0.0.0.0", false),
            ("0.0.0.0", "192.168.1.5", true),
            ("0.0.0.0", "[fe80::1]", true),
            ("0.0.0.0", "evil.example", false),
            ("192.168.1.5", "192.168.1.5", true),
            ("::1", "[::1]", true),
            ("::1", "10.0.0.1", false),
        ] {
            assert_eq!(policy(bound).allows_host(host), allowed, "{host} on {bound}");
        }
    }

    #[test]
    fn a_page_of_another_site_is_known_by_its_origin_or_by_the_fetch_metadata() {
        const VISIT: [(&str, &str); 2] = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        for (method, headers, foreign) in [
            (Method::POST, &[][..], None),
            (Method::POST, &[("origin", "http://localhost:4040")], None),
            (Method::POST, &[("origin", "http://LOCALHOST:4040")], None),
            (Method::POST, &[("origin", "http://localhost:3000")], None),
            (Method::POST, &[("origin", "http://localhost:3001")], Some("http://localhost:3001")),
            (Method::POST, &[("origin", "https://evil.example")], Some("https://evil.example")),
            (Method::POST, &[("origin", "null")], Some("null")),
            (Method::POST, &[("origin", "")], Some("")),
            (
                Method::POST,
                &[("origin", "http://localhost:4040"), ("origin", "http://evil.example")],
                Some("http://evil.example"),
            ),
            (Method::GET, &[("sec-fetch-site", "none")], None),
            (Method::GET, &[("sec-fetch-site", "same-origin")], None),
            (Method::GET, &[("sec-fetch-site", "cross-site")], Some("")),
            (Method::GET, &[("sec-fetch-site", "same-site")], Some("")),
            (Method::GET, &[("sec-fetch-site", "cross-site"), VISIT[0], VISIT[1]], None),
            (Method::GET, &[("sec-fetch-site", "cross-site"), VISIT[0], ("sec-fetch-dest", "iframe")], Some("")),
            (Method::POST, &[("sec-fetch-site", "cross-site"), VISIT[0], VISIT[1]], Some("")),
        ] {
            let mut map = HeaderMap::new();
            map.insert(HOST, HeaderValue::from_static("localhost:4040"));
            for (name, value) in headers {
                map.append(*name, HeaderValue::from_static(value));
            }
            assert_eq!(policy("127.0.0.1").foreign_origin(&method, &map).as_deref(), foreign, "{method} {headers:?}");
        }
    }

    #[test]
    fn hosts_and_origins_that_never_match_are_rejected() {
        let bound: IpAddr = "127.0.0.1".parse().unwrap();
        for (host, valid) in [
            ("a", true),
            ("a.b:80", true),
            ("", false),
            ("http://a", false),
            ("*", false),
            ("a/b", false),
            ("a@b", false),
        ] {
            assert_eq!(AccessPolicy::new(bound, &[host.to_owned()], &[]).is_ok(), valid, "{host:?}");
        }
        for (origin, valid) in [
            ("http://a:3000", true),
            ("HTTPS://A.b", true),
            ("*", true),
            ("a", false),
            ("http://a/", false),
            ("http://a/b", false),
            ("null", false),
        ] {
            assert_eq!(AccessPolicy::new(bound, &[], &[origin.to_owned()]).is_ok(), valid, "{origin:?}");
        }
    }
}
