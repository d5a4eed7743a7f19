//! Shared code of the benchmarks: a server that responds immediately and has its own threads, so that only the client and the
//! loopback interface are measured; and calls without the SDK.
#![allow(dead_code, reason = "each benchmark uses a part of it")]

use serde::{Deserialize, Serialize};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};
use tokio::runtime::Runtime;

/// API key. The server accepts any key.
pub const KEY: &str = "0123456789abcdef";

/// Response body of a render.
pub const IMAGE: &str = r#"{"url":"https://media.pictify.io/a.png","id":"A","createdAt":"2026-08-04T09:15:27.482Z"}"#;

/// Returns a complete response with a JSON body.
pub fn response(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
        .into_bytes()
}

/// Starts a server and returns its base URL. It calls `respond` with the path and query of each request.
pub fn serve(respond: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
    let respond = Arc::new(respond);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let respond = respond.clone();
            thread::spawn(move || serve_connection(stream, &*respond));
        }
    });
    url
}

/// Responds to the requests of one connection until it ends.
fn serve_connection(stream: TcpStream, respond: &dyn Fn(&str) -> Vec<u8>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::with_capacity(1 << 16, stream);
    let (mut line, mut body) = (String::new(), Vec::new());
    loop {
        let (mut target, mut length) = (String::new(), 0);
        loop {
            line.clear();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let text = line.trim();
            if text.is_empty() {
                break;
            }
            if target.is_empty() {
                text.split(' ').nth(1)?.clone_into(&mut target);
            } else if let Some((name, value)) = text.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().ok()?;
            }
        }
        body.resize(length, 0);
        reader.read_exact(&mut body).ok()?;
        writer.write_all(&respond(&target)).ok()?;
    }
}

/// Creates a runtime with one thread, so that every allocation of the client is counted.
pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Installs a crypto provider for the client without the SDK. The SDK has its own.
pub fn install_crypto() {
    rustls::crypto::ring::default_provider().install_default().expect("no provider is installed yet");
}

/// Creates the HTTP client that is used without the SDK.
pub fn plain_client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

/// Request body of a render, without the SDK.
#[derive(Serialize)]
pub struct CreateImage {
    pub html: String,
    pub width: u32,
    pub height: u32,
}

/// Response of a render, without the SDK.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    pub url: String,
    pub id: Option<String>,
    pub created_at: Option<String>,
}
