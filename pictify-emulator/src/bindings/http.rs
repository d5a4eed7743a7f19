//! Data fetched from a URL, without a way into the network around this machine.
//!
//! The address that is connected to is the one that was looked at, so that a name cannot lead elsewhere meanwhile.
//! Redirects are not followed.

use super::{
    OWN,
    source::{Failure, Fetched},
};
use axum::{
    body::{Body, to_bytes},
    http::{
        HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri,
        header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, HOST, IF_NONE_MATCH, USER_AGENT},
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};
use tokio::net::{TcpStream, lookup_host};

/// How long a source may take.
const TIME: Duration = Duration::from_secs(10);

/// How large data may be, in bytes.
const LARGEST: usize = 1024 * 1024;

/// Gets the data of a binding. `loopback` is whether it may be on this machine.
pub(super) async fn fetch(binding: &Value, loopback: bool) -> Result<Fetched, Failure> {
    let source = &binding["dataSource"];
    let uri: Uri = source["url"].as_str().unwrap_or_default().parse().map_err(|error| wrong("url", &error))?;
    if uri.scheme_str() != Some("http") {
        return Err(Failure::unable("The emulator fetches data from http:// addresses only, without TLS"));
    }
    let request = request(binding, &uri)?;
    let fetched = tokio::time::timeout(TIME, async {
        let address = address(&uri, loopback).await?;
        let response = send(address, request).await.map_err(|error| unreachable(&uri, &error))?;
        read(binding, response).await
    });
    let late = || Failure::of_source(format!("{} did not answer within {} seconds", place(&uri), TIME.as_secs()));
    fetched.await.map_err(|_| late())?
}

fn request(binding: &Value, uri: &Uri) -> Result<Request<Body>, Failure> {
    let source = &binding["dataSource"];
    let method = source["method"].as_str().unwrap_or("GET");
    let body = match (method, &source["body"]) {
        ("GET", _) | (_, Value::Null) => Body::empty(),
        ("POST", body) => Body::from(body.to_string()),
        _ => Body::empty(),
    };
    let method = match method {
        "GET" => Method::GET,
        "POST" => Method::POST,
        other => return Err(Failure::message(format!("dataSource.method {other} is not one of GET, POST"))),
    };
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::new(body);
    *request.method_mut() = method.clone();
    *request.uri_mut() = path.parse().map_err(|error| wrong("url", &error))?;
    let headers = request.headers_mut();
    headers.insert(USER_AGENT, HeaderValue::from_static("pictify-emulator"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if method == Method::POST {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    for (name, value) in source["headers"].as_object().into_iter().flatten() {
        let (name, value) = header(name, value.as_str().unwrap_or_default())?;
        // How the message is framed is not the binding's to say.
        if !["connection", "content-length", "transfer-encoding", "upgrade"].contains(&name.as_str()) {
            headers.insert(name, value);
        }
    }
    if let Some((name, mut value)) = credentials(&source["credentials"])? {
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    if let (Some("etag"), Some(etag)) = (binding["refreshPolicy"]["type"].as_str(), binding[OWN]["etag"].as_str()) {
        headers.insert(IF_NONE_MATCH, HeaderValue::try_from(etag).map_err(|error| wrong("etag", &error))?);
    }
    let host = uri.authority().map(|authority| authority.as_str().rsplit('@').next().unwrap_or_default());
    headers.insert(HOST, HeaderValue::try_from(host.unwrap_or_default()).map_err(|error| wrong("url", &error))?);
    Ok(request)
}

/// The header by which the request proves itself.
fn credentials(credentials: &Value) -> Result<Option<(HeaderName, HeaderValue)>, Failure> {
    let text = |name: &str| credentials[name].as_str().unwrap_or_default();
    let value = text("value");
    match text("type") {
        "bearer_token" => header(AUTHORIZATION.as_str(), &format!("Bearer {value}")).map(Some),
        "basic_auth" => {
            let pair = STANDARD.encode(format!("{}:{value}", text("username")));
            header(AUTHORIZATION.as_str(), &format!("Basic {pair}")).map(Some)
        }
        // The documents do not say where a key goes; this is where most services look.
        "api_key" => {
            header(if text("headerName").is_empty() { "x-api-key" } else { text("headerName") }, value).map(Some)
        }
        "custom_header" => header(text("headerName"), value).map(Some),
        _ => Ok(None),
    }
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Failure> {
    // The value may be a secret: only the name is told.
    let wrong = || Failure::message(format!("dataSource: the header {name:?} cannot be sent"));
    Ok((HeaderName::try_from(name).map_err(|_| wrong())?, HeaderValue::try_from(value).map_err(|_| wrong())?))
}

/// An address of the URL's host that may be connected to.
async fn address(uri: &Uri, loopback: bool) -> Result<SocketAddr, Failure> {
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = uri.port_u16().unwrap_or(80);
    let found = lookup_host((host.as_str(), port)).await.map_err(|error| unreachable(uri, &error))?;
    found.into_iter().find(|address| is_allowed(address.ip(), loopback)).ok_or_else(|| {
        let hint = if loopback { "" } else { "; the emulator's builder can allow this machine" };
        Failure::message(format!("{} is no public address, and nothing is fetched from others{hint}", place(uri)))
    })
}

fn is_allowed(address: IpAddr, loopback: bool) -> bool {
    let address = address.to_canonical();
    if address.is_loopback() {
        return loopback;
    }
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let octets = address.octets();
    !(address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || octets[0] == 0
        || octets[0] >= 240
        // Behind a provider's translation, for protocols, for benchmarks.
        || (octets[0] == 100 && (64..128).contains(&octets[1]))
        || octets[..3] == [192, 0, 0]
        || (octets[0] == 198 && (18..20).contains(&octets[1])))
}

/// Only what is given out to the world, and there not what carries an address of the older kind inside.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let is_global = segments[0] & 0xe000 == 0x2000;
    let is_tunnel = segments[0] == 0x2002 || (segments[0] == 0x2001 && segments[1] < 0x200);
    let is_documentation = (segments[0] == 0x2001 && segments[1] == 0xdb8) || segments[0] == 0x3fff;
    is_global && !is_tunnel && !is_documentation
}

async fn send(
    address: SocketAddr,
    request: Request<Body>,
) -> Result<Response<Body>, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the response, or with the sender.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender.send_request(request).await?.map(Body::new))
}

async fn read(binding: &Value, response: Response<Body>) -> Result<Fetched, Failure> {
    let status = response.status();
    let failure = |message: String| Failure { status: Some(status.as_u16()), ..Failure::of_source(message) };
    if status == StatusCode::NOT_MODIFIED
        && let Some(data) = binding[OWN].get("data")
    {
        let etag = binding[OWN]["etag"].as_str().map(str::to_owned);
        return Ok(Fetched { data: data.clone(), status: Some(status.as_u16()), etag });
    }
    if !status.is_success() {
        return Err(failure(format!("The data source answered {status}")));
    }
    let etag = response.headers().get(ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
    let bytes = to_bytes(response.into_body(), LARGEST).await;
    let bytes = bytes.map_err(|error| failure(format!("The data cannot be read, up to {LARGEST} bytes: {error}")))?;
    let data = serde_json::from_slice(&bytes);
    let data =
        data.map_err(|error| failure(format!("The data source answered with something that is no JSON: {error}")))?;
    Ok(Fetched { data, status: Some(status.as_u16()), etag })
}

/// Where a URL leads, without the secrets that may be in it.
fn place(uri: &Uri) -> String {
    format!("http://{}", uri.host().unwrap_or_default())
}

fn unreachable(uri: &Uri, error: &dyn std::fmt::Display) -> Failure {
    Failure::of_source(format!("{} cannot be reached: {error}", place(uri)))
}

fn wrong(what: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::message(format!("dataSource.{what} cannot be used: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_fetched_from() {
        for (address, public) in [
            ("8.8.8.8", true),
            ("2606:4700::1111", true),
            ("10.0.0.1", false),
            ("172.16.0.1", false),
            ("172.32.0.1", true),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("100.128.0.1", true),
            ("192.0.0.8", false),
            ("192.0.2.1", false),
            ("198.18.0.1", false),
            ("0.0.0.0", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("::", false),
            ("::ffff:10.0.0.1", false),
            ("::ffff:8.8.8.8", true),
            ("64:ff9b::a00:1", false),
            ("2002:a00:1::", false),
            ("2001::1", false),
            ("2001:db8::1", false),
            ("fc00::1", false),
            ("fe80::1", false),
            ("ff02::1", false),
        ] {
            let parsed = address.parse().unwrap();
            assert_eq!((is_allowed(parsed, false), is_allowed(parsed, true)), (public, public), "{address}");
        }
        for address in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
            let parsed = address.parse().unwrap();
            assert_eq!((is_allowed(parsed, false), is_allowed(parsed, true)), (false, true), "{address}");
        }
    }
}
