//! A client of one file: plain HTTP/1.1 over a socket, so that these tests know nothing of the SDK and of TLS.

pub mod canvas;
pub mod pdf;
pub mod receiver;

use pictify_emulator::Emulator;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The server's answer.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n{}", self.head, String::from_utf8_lossy(&self.body))
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The status with what an operator reads.
    pub fn says(&self) -> (u16, String) {
        let body = self.json();
        let text = if body["statusCode"].is_null() { &body["error"] } else { &body["message"] };
        let text = text.as_str().or(body["message"].as_str());
        (self.status, text.unwrap_or_default().to_owned())
    }
}

/// Sends bytes as they are and reads until the server closes.
pub async fn raw(emulator: &Emulator, bytes: &[u8]) -> Answer {
    let mut stream = connect(emulator).await;
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Answer { status, head, body: answer[end + 4..].to_vec() }
}

pub async fn connect(emulator: &Emulator) -> TcpStream {
    TcpStream::connect(address(emulator)).await.unwrap()
}

pub fn address(emulator: &Emulator) -> &str {
    emulator.url().strip_prefix("http://").unwrap()
}

/// A request with these header lines and body; the length is added.
pub async fn send(emulator: &Emulator, line: &str, headers: &[&str], body: &[u8]) -> Answer {
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

pub async fn get(emulator: &Emulator, path: &str) -> Answer {
    send(emulator, &format!("GET {path}"), &[KEY], b"").await
}

pub async fn post(emulator: &Emulator, path: &str, body: &Value) -> Answer {
    send(emulator, &format!("POST {path}"), &[KEY, JSON], body.to_string().as_bytes()).await
}

/// A request with a body, or without; its status and answer.
pub async fn call(emulator: &Emulator, line: &str, body: &Value) -> (u16, Value) {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let headers = if body.is_null() { &[KEY][..] } else { &[KEY, JSON][..] };
    let answer = send(emulator, line, headers, text.as_bytes()).await;
    (answer.status, answer.json())
}

/// The answer to a request that is served.
pub async fn ok(emulator: &Emulator, line: &str, body: Value) -> Value {
    let (status, answer) = call(emulator, line, &body).await;
    assert!((200..300).contains(&status), "{line}: {status} {answer}");
    answer
}

/// What a visitor without a key gets.
pub async fn visit(emulator: &Emulator, path: &str, headers: &[&str]) -> Answer {
    send(emulator, &format!("GET {path}"), headers, b"").await
}

/// A render of that size.
pub async fn create(emulator: &Emulator, html: &str, width: u32, height: u32) -> Answer {
    post(emulator, "/image", &json!({"html": html, "width": width, "height": height})).await
}

/// The path of the file that a render answered with.
pub fn file_path(emulator: &Emulator, answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let url = answer.json()["url"].as_str().unwrap().to_owned();
    url.strip_prefix(emulator.url()).unwrap_or_else(|| panic!("{url} is elsewhere")).to_owned()
}

/// Renders an image, downloads it and decodes it.
pub async fn render_image(emulator: &Emulator, body: &Value) -> image::RgbaImage {
    let answer = post(emulator, "/image", body).await;
    let file = get(emulator, &file_path(emulator, &answer)).await;
    image::load_from_memory(&file.body).unwrap().to_rgba8()
}

/// Two by two pixels of red, as PNG.
pub fn red_png() -> String {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbaImage::from_pixel(2, 2, image::Rgba([255, 0, 0, 255]))
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    let hex: Vec<_> = bytes.into_inner().iter().map(|byte| format!("%{byte:02x}")).collect();
    format!("data:image/png,{}", hex.concat())
}
