//! The base URL of the API.

use crate::{Error, Result};
use reqwest::Url;

/// Base URL of the hosted service.
pub const DEFAULT_BASE_URL: &str = "https://api.pictify.io";

/// Path of the base URL that the service documented earlier. It does not route that path.
const DOCUMENTED_PATH: &str = "/v1";

/// Parses a base URL: http or https, with any path. Trailing slashes are removed, and the version that the hosted service
/// does not route.
///
/// `allow_insecure_http` allows http to other hosts; to this host it is always allowed.
pub(crate) fn parse(text: &str, allow_insecure_http: bool) -> Result<Url> {
    // Messages must not contain the text: it may contain a password.
    let malformed =
        |reason: &str| Error::config(format!("the base URL is malformed: {reason} (example: {DEFAULT_BASE_URL})"));
    let mut url = Url::parse(text.trim()).map_err(|error| match error {
        url::ParseError::RelativeUrlWithoutBase => malformed("it must be an absolute URL"),
        other => malformed(&other.to_string()),
    })?;
    let Some(host) = url.host_str() else { return Err(malformed("it has no host")) };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(malformed("it must not hold a user name or a password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(malformed("it must not have a query or a fragment"));
    }
    match url.scheme() {
        "https" => {}
        "http" if allow_insecure_http || is_this_machine(host) => {}
        "http" => {
            return Err(Error::config(format!(
                "the base URL is plain http to {host}, which would expose the API key on the network: \
                 use https, or allow it with ClientBuilder::allow_insecure_http (PICTIFY_ALLOW_INSECURE_HTTP=1)"
            )));
        }
        other => return Err(malformed(&format!("its scheme is {other}, not https"))),
    }
    let is_hosted = url.host_str() == DEFAULT_BASE_URL.strip_prefix("https://");
    let path = url.path().trim_end_matches('/').to_owned();
    let path = if is_hosted && path == DOCUMENTED_PATH { String::new() } else { path };
    url.set_path(&path);
    Ok(url)
}

/// Returns `true` if the host of a URL is this machine.
pub(crate) fn is_on_this_machine(url: &Url) -> bool {
    url.host_str().is_some_and(is_this_machine)
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host.trim_matches(['[', ']']).parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// Returns the base URL without a trailing slash, as the generated code expects it.
pub(crate) fn as_prefix(url: &Url) -> &str {
    url.as_str().trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_keeps_its_path_and_loses_trailing_slashes() {
        for (text, prefix) in [
            ("https://api.pictify.io", "https://api.pictify.io"),
            (" https://api.pictify.io/ ", "https://api.pictify.io"),
            ("https://api.pictify.io/v1", "https://api.pictify.io"),
            ("https://proxy.example/v1/", "https://proxy.example/v1"),
            ("https://proxy.example/pictify//", "https://proxy.example/pictify"),
            ("http://127.0.0.1:4040/", "http://127.0.0.1:4040"),
            ("http://[::1]:4040", "http://[::1]:4040"),
            ("http://localhost:4040", "http://localhost:4040"),
        ] {
            assert_eq!(as_prefix(&parse(text, false).unwrap()), prefix);
        }
    }

    #[test]
    fn an_unusable_base_url_is_rejected_without_repeating_it() {
        for (text, says) in [
            ("", "it must be an absolute URL"),
            ("api.pictify.io", "it must be an absolute URL"),
            ("ftp://api.pictify.io", "its scheme is ftp"),
            ("https://", "empty host"),
            ("https://me:hunter2@api.pictify.io", "user name or a password"),
            ("https://api.pictify.io?token=hunter2", "query"),
            ("http://api.pictify.io", "plain http to api.pictify.io"),
            ("data:text/plain,x", "no host"),
        ] {
            let message = parse(text, false).unwrap_err().to_string();
            assert!(message.contains(says), "{text}: {message}");
            assert!(!message.contains("hunter2"));
        }
        assert!(parse("http://emulator:4040", true).is_ok(), "when the caller allows it");
    }
}
