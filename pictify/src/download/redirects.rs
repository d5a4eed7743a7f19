//! Requests for files. File hosts use redirects, so these are followed, but never from https to http.

use super::MAX_REDIRECTS;
use crate::{
    call::ClientInner,
    connection_limit::ConnectionPermit,
    transport::{Body, TransportError},
};
use bytes::Bytes;
use http::{
    HeaderMap, StatusCode,
    header::{CONTENT_LENGTH, LOCATION, USER_AGENT},
};
use url::Url;

/// The response of a file host after redirects.
pub(super) struct FileResponse {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    body: Body,
    _connection: ConnectionPermit,
}

impl FileResponse {
    /// Returns the length that the host states, in bytes.
    pub(super) fn content_length(&self) -> Option<u64> {
        self.headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
    }

    /// Reads the next chunk of the body; `None` at its end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, TransportError> {
        self.body.chunk().await
    }
}

/// Requests a file. A redirect that must not be followed is returned as the response.
pub(super) async fn get(client: &ClientInner, url: &Url, headers: HeaderMap) -> Result<FileResponse, TransportError> {
    let connection = client.connections.for_download().await;
    let mut url = url.clone();
    let mut was_https = url.scheme() == "https";
    let mut followed = 0;
    loop {
        let mut request = http::Request::new(Bytes::new());
        *request.uri_mut() =
            url.as_str().parse().map_err(|error: http::uri::InvalidUri| TransportError::not_sent(error))?;
        *request.headers_mut() = headers.clone();
        request.headers_mut().insert(USER_AGENT, client.user_agent.clone());
        let (head, body) = client.transport.send(request).await?.into_parts();
        match target(&url, head.status, &head.headers) {
            Some(next) if followed < MAX_REDIRECTS && !loses_tls(was_https, &next) => {
                was_https |= next.scheme() == "https";
                url = next;
                followed += 1;
            }
            _ => return Ok(FileResponse { status: head.status, headers: head.headers, body, _connection: connection }),
        }
    }
}

/// Returns true if a redirect to `next` would send over plain HTTP what an earlier request sent over TLS.
fn loses_tls(was_https: bool, next: &Url) -> bool {
    was_https && next.scheme() != "https"
}

/// Returns the URL that a response redirects to.
fn target(url: &Url, status: StatusCode, headers: &HeaderMap) -> Option<Url> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = headers.get(LOCATION)?.to_str().ok()?;
    url.join(location).ok().filter(|next| matches!(next.scheme(), "http" | "https"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_redirects_with_a_web_location_have_a_target() {
        let url = Url::parse("https://files.example/a/b.png?x=1").unwrap();
        for (status, location, expected) in [
            (302, Some("https://cdn.example/c.png"), Some("https://cdn.example/c.png")),
            (301, Some("../c.png"), Some("https://files.example/c.png")),
            (308, Some("//cdn.example/c.png"), Some("https://cdn.example/c.png")),
            (302, Some("file:///etc/passwd"), None),
            (302, Some("data:text/plain,x"), None),
            (302, None, None),
            (304, Some("https://cdn.example/c.png"), None),
            (200, Some("https://cdn.example/c.png"), None),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(location) = location {
                headers.insert(LOCATION, location.parse().unwrap());
            }
            let status = StatusCode::from_u16(status).unwrap();
            let found = target(&url, status, &headers).map(String::from);
            assert_eq!(found.as_deref(), expected, "{status} {location:?}");
        }
    }

    #[test]
    fn a_redirect_never_leaves_tls() {
        for (was_https, next, expected) in [
            (true, "http://cdn.example/c.png", true),
            (true, "https://cdn.example/c.png", false),
            (false, "http://cdn.example/c.png", false),
            (false, "https://cdn.example/c.png", false),
        ] {
            assert_eq!(loses_tls(was_https, &Url::parse(next).unwrap()), expected, "{was_https} {next}");
        }
    }
}
