//! A request as bytes: for looking at servers, without a client between that means well.

use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What a server has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawAnswer {
    /// Its status.
    pub status: u16,
    /// The status line and the headers.
    pub head: String,
    /// The body as it came.
    pub body: String,
}

impl RawAnswer {
    /// The value of a header, if it has one.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Sends one request over a connection of its own.
///
/// # Panics
/// When nobody listens there, or what comes is no HTTP answer.
pub async fn request(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> RawAnswer {
    let headers: String = headers.iter().map(|(name, value)| [*name, ": ", *value, "\r\n"].concat()).collect();
    let length = body.len();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    let mut stream = TcpStream::connect(address).await.expect("somebody listens");
    stream.write_all(head.as_bytes()).await.expect("the head is read");
    // A server that refuses early may stop reading.
    let _ = stream.write_all(body.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    RawAnswer { status, head: head.to_owned(), body: body.to_owned() }
}
