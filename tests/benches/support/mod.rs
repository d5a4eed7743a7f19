//! What the benchmarks share: a server that answers at once, on threads of its own, so that what is measured is the client's
//! work and the loopback; and who calls it by hand.
#![allow(dead_code, reason = "each benchmark takes what it needs")]

use serde::{Deserialize, Serialize};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};
use tokio::runtime::Runtime;

/// The key that is sent to a server that looks at none.
pub const KEY: &str = "0123456789abcdef";

/// The answer of a render.
pub const IMAGE: &str = r#"{"url":"https://media.pictify.io/a.png","id":"A","createdAt":"2026-08-04T09:15:27.482Z"}"#;

/// A whole answer with a JSON body.
pub fn answer(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
        .into_bytes()
}

/// Starts a server and returns its address. It asks `answers` with the path and query of each request.
pub fn serve(answers: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
    let answers = Arc::new(answers);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answers = answers.clone();
            thread::spawn(move || converse(stream, &*answers));
        }
    });
    url
}

/// Answers the requests of one connection until it ends.
fn converse(stream: TcpStream, answers: &dyn Fn(&str) -> Vec<u8>) -> Option<()> {
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
        writer.write_all(&answers(&target)).ok()?;
    }
}

/// One thread, so that every allocation of the client is counted.
pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// The client by hand asks for a crypto provider; the SDK brings its own.
pub fn install_crypto() {
    rustls::crypto::ring::default_provider().install_default().expect("nothing has installed one before");
}

/// The client of a user without the SDK.
pub fn by_hand() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

/// The body of a render, by hand.
#[derive(Serialize)]
pub struct CreateImage {
    pub html: String,
    pub width: u32,
    pub height: u32,
}

/// The answer of a render, by hand.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    pub url: String,
    pub id: Option<String>,
    pub created_at: Option<String>,
}
