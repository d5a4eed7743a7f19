//! Minimal HTTP/1.1 client over a socket, so that these tests need neither the SDK nor TLS.

pub mod canvas;
pub mod pdf;
#[cfg(target_os = "linux")]
pub mod program;
pub mod receiver;
pub mod sample_data;
pub mod site;

use pictify_emulator::Emulator;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Response of the server.
pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n{}", self.head, String::from_utf8_lossy(&self.body))
    }
}

impl Response {
    /// Parses the bytes of a whole response. Returns `None` if they have no head.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Self { status, head, body: bytes[end + 4..].to_vec() })
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// Returns the status and the error message.
    pub fn status_and_message(&self) -> (u16, String) {
        let body = self.json();
        let text = if body["statusCode"].is_null() { &body["error"] } else { &body["message"] };
        let text = text.as_str().or(body["message"].as_str());
        (self.status, text.unwrap_or_default().to_owned())
    }
}

/// Waits for `future` a limited time, so that a server that does not respond fails the test and does not hang.
pub async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(std::time::Duration::from_secs(120), future).await.expect("it ends within 120 s")
}

/// Sends raw bytes and reads until the server closes the connection.
pub async fn raw(emulator: &Emulator, bytes: &[u8]) -> Response {
    let mut stream = connect(emulator).await;
    stream.write_all(bytes).await.unwrap();
    let mut response = Vec::new();
    within(stream.read_to_end(&mut response)).await.unwrap();
    Response::parse(&response).expect("a response")
}

pub async fn connect(emulator: &Emulator) -> TcpStream {
    TcpStream::connect(address(emulator)).await.unwrap()
}

pub fn address(emulator: &Emulator) -> &str {
    emulator.url().strip_prefix("http://").unwrap()
}

/// Sends a request with these header lines and this body; adds `Content-Length`.
pub async fn send(emulator: &Emulator, line: &str, headers: &[&str], body: &[u8]) -> Response {
    let host = if headers.iter().any(|header| header.starts_with("Host:")) {
        String::new()
    } else {
        format!("Host: {}\r\n", address(emulator))
    };
    let headers = headers.iter().map(|header| format!("{header}\r\n")).collect::<Vec<_>>().concat();
    let length = body.len();
    let head = format!("{line} HTTP/1.1\r\n{host}Connection: close\r\nContent-Length: {length}\r\n{headers}\r\n");
    raw(emulator, &[head.as_bytes(), body].concat()).await
}

pub const KEY: &str = "Authorization: Bearer k";
pub const JSON: &str = "Content-Type: application/json";

pub async fn get(emulator: &Emulator, path: &str) -> Response {
    send(emulator, &format!("GET {path}"), &[KEY], b"").await
}

pub async fn post(emulator: &Emulator, path: &str, body: &Value) -> Response {
    send(emulator, &format!("POST {path}"), &[KEY, JSON], body.to_string().as_bytes()).await
}

/// Sends a request with an optional JSON body and returns the status and the JSON of the response.
pub async fn call(emulator: &Emulator, line: &str, body: &Value) -> (u16, Value) {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let headers = if body.is_null() { &[KEY][..] } else { &[KEY, JSON][..] };
    let response = send(emulator, line, headers, text.as_bytes()).await;
    (response.status, response.json())
}

/// Sends a request that must succeed and returns the JSON of its response.
pub async fn ok(emulator: &Emulator, line: &str, body: Value) -> Value {
    let (status, response) = call(emulator, line, &body).await;
    assert!((200..300).contains(&status), "{line}: {status} {response}");
    response
}

/// Sends a GET without an API key.
pub async fn get_without_key(emulator: &Emulator, path: &str, headers: &[&str]) -> Response {
    send(emulator, &format!("GET {path}"), headers, b"").await
}

/// Renders an image of this size.
pub async fn create(emulator: &Emulator, html: &str, width: u32, height: u32) -> Response {
    post(emulator, "/image", &json!({"html": html, "width": width, "height": height})).await
}

/// Returns the path of the rendered file of a response.
pub fn file_path(emulator: &Emulator, response: &Response) -> String {
    assert_eq!(response.status, 200, "{}", String::from_utf8_lossy(&response.body));
    let url = response.json()["url"].as_str().unwrap().to_owned();
    url.strip_prefix(emulator.url()).unwrap_or_else(|| panic!("{url} is elsewhere")).to_owned()
}

/// Renders an image and decodes it.
pub async fn render_image(emulator: &Emulator, body: &Value) -> image::RgbaImage {
    let response = post(emulator, "/image", body).await;
    let file = get(emulator, &file_path(emulator, &response)).await;
    image::load_from_memory(&file.body).unwrap().to_rgba8()
}

/// Returns a red PNG of 2 by 2 pixels as a data URI.
pub fn red_png() -> String {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbaImage::from_pixel(2, 2, image::Rgba([255, 0, 0, 255]))
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    let hex: Vec<_> = bytes.into_inner().iter().map(|byte| format!("%{byte:02x}")).collect();
    format!("data:image/png,{}", hex.concat())
}
