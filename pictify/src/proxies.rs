//! Proxies: checked before the client uses them, and named in its errors.

use crate::{Error, Result, environment};
use std::net::IpAddr;
use url::Url;

/// Schemes of proxies that the HTTP library knows.
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// The proxies of a client, by the scheme of the server.
#[derive(Debug, Default)]
pub(crate) struct Proxies {
    http: Option<String>,
    https: Option<String>,
    /// Hosts without a proxy.
    exceptions: Vec<String>,
}

impl Proxies {
    /// Uses one proxy for all servers.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) if it is not the URL of a proxy.
    pub(crate) fn all(url: &str) -> Result<Self> {
        let name = name_of(url).ok_or_else(|| Error::config("the proxy is not a URL"))?;
        Ok(Self { http: Some(name.clone()), https: Some(name), exceptions: Vec::new() })
    }

    /// Uses the proxies of the environment, by the rules of the HTTP library.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) if a variable is not the URL of a proxy: the library would ignore it, and send
    /// the requests without a proxy.
    pub(crate) fn from_env() -> Result<Self> {
        let all = of_variable("ALL_PROXY")?;
        // A server that runs programs sets this variable, and others from headers: `Proxy: x` would become `HTTP_PROXY`.
        let is_cgi = std::env::var_os("REQUEST_METHOD").is_some();
        let http = if is_cgi { None } else { of_variable("HTTP_PROXY")?.or_else(|| all.clone()) };
        let https = of_variable("HTTPS_PROXY")?.or(all);
        let exceptions = match environment::variable("NO_PROXY")? {
            Some(hosts) => Some(hosts),
            None => environment::variable("no_proxy")?,
        };
        let exceptions = exceptions.unwrap_or_default();
        let exceptions = exceptions.split(',').map(|host| host.trim().trim_start_matches('.').to_ascii_lowercase());
        Ok(Self { http, https, exceptions: exceptions.filter(|host| !host.is_empty()).collect() })
    }

    /// Returns the proxy on the way to a server, without user name and password.
    pub(crate) fn name_for(&self, url: &Url) -> Option<&str> {
        let proxy = if url.scheme() == "https" { &self.https } else { &self.http };
        let host = url.host_str()?.trim_matches(['[', ']']);
        proxy.as_deref().filter(|_| !self.exceptions.iter().any(|exception| excludes(exception, host)))
    }
}

/// Returns the name of the proxy in a variable, whose name may be in small letters.
fn of_variable(name: &str) -> Result<Option<String>> {
    for name in [name.to_owned(), name.to_ascii_lowercase()] {
        // The value may hold a password, so the message does not repeat it.
        let malformed =
            || Error::config(format!("{name} is not the URL of a proxy (example: http://proxy.example:3128)"));
        if let Some(value) = environment::raw_variable(&name)?.filter(|value| !value.trim().is_empty()) {
            return name_of(&value).map(Some).ok_or_else(malformed);
        }
    }
    Ok(None)
}

/// Returns scheme, host and port of the URL of a proxy; `None` if it is none. Without a scheme, it is http.
fn name_of(text: &str) -> Option<String> {
    let text = text.trim();
    let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) };
    let url = url.ok().filter(|url| SCHEMES.contains(&url.scheme()))?;
    let host = url.host_str().filter(|host| !host.is_empty())?;
    // The HTTP library reads stricter: a space in a host, for example, may be lost here.
    if text.contains(char::is_whitespace) {
        return None;
    }
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{host}{port}", url.scheme()))
}

/// Returns true if an entry of `NO_PROXY` names a host: `*`, a domain with its subdomains, an address, or a network.
fn excludes(exception: &str, host: &str) -> bool {
    if let Ok(address) = host.parse::<IpAddr>() {
        return exception == "*" || exception.parse() == Ok(address) || is_in_network(exception, address);
    }
    let host = host.to_ascii_lowercase();
    exception == "*" || host.strip_suffix(exception).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn is_in_network(network: &str, address: IpAddr) -> bool {
    let Some((start, bits)) = network.split_once('/') else { return false };
    let (Ok(start), Ok(bits)) = (start.parse(), bits.parse::<u32>()) else { return false };
    match (start, address) {
        (IpAddr::V4(start), IpAddr::V4(address)) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            u32::from(start) & mask == u32::from(address) & mask
        }
        (IpAddr::V6(start), IpAddr::V6(address)) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            u128::from(start) & mask == u128::from(address) & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_named_without_its_password() {
        for (text, name) in [
            ("http://me:hunter2@proxy.example:3128/path?x", Some("http://proxy.example:3128")),
            ("proxy.example:3128", Some("http://proxy.example:3128")),
            ("me:hunter2@proxy.example", Some("http://proxy.example")),
            ("socks5h://127.0.0.1:1080", Some("socks5h://127.0.0.1:1080")),
            ("http://[::1]:9", Some("http://[::1]:9")),
            ("ftp://proxy.example", None),
            ("http://", None),
            ("http://[broken", None),
            ("http://proxy:port", None),
            ("http://two words", None),
            ("", None),
        ] {
            assert_eq!(name_of(text).as_deref(), name, "{text}");
        }
    }

    #[test]
    fn an_exception_is_a_domain_an_address_or_a_network() {
        for (exception, host, expected) in [
            ("*", "a.example", true),
            ("example", "a.example", true),
            ("a.example", "a.example", true),
            ("a.example", "A.Example", true),
            ("a.example", "b.a.example", true),
            ("a.example", "ba.example", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.0/8", "127.9.9.9", true),
            ("10.0.0.0/0", "127.9.9.9", true),
            ("10.0.0.0/33", "10.0.0.1", false),
            ("10.0.0.0/8", "::1", false),
            ("fe80::/10", "fe80::1", true),
            ("::1", "::1", true),
        ] {
            assert_eq!(excludes(exception, host), expected, "{exception} {host}");
        }
    }
}
