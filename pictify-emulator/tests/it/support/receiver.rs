//! HTTP server that records requests and returns scripted responses: a target of webhooks, a source of data.

use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};

/// Recorded request.
#[derive(Debug)]
pub struct Received {
    pub head: String,
    pub body: Vec<u8>,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }
}

pub struct Receiver {
    pub url: String,
    received: UnboundedReceiver<Received>,
}

impl Receiver {
    /// Returns these heads and bodies one by one, then the last one for all further requests. An empty head means no response.
    pub async fn start(responses: Vec<(&'static str, String)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/here?q=1", listener.local_addr().unwrap());
        let (sender, received) = unbounded_channel();
        tokio::spawn(async move {
            let mut open_streams = Vec::new();
            for number in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut bytes = Vec::new();
                while !is_complete(&bytes) {
                    assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "the request ends too early");
                }
                let end = head_end(&bytes).unwrap();
                let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
                if sender.send(Received { head, body: bytes[end + 4..].to_vec() }).is_err() {
                    return;
                }
                let (head, body) = &responses[number.min(responses.len() - 1)];
                if head.is_empty() {
                    open_streams.push(stream);
                    continue;
                }
                let response =
                    format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
                stream.write_all(response.as_bytes()).await.unwrap();
            }
        });
        Self { url, received }
    }

    /// Responds 204 to every request.
    pub async fn accepting_all() -> Self {
        Self::start(vec![("204 No Content", String::new())]).await
    }

    /// Waits for the next request.
    pub async fn next(&mut self) -> Received {
        let next = tokio::time::timeout(Duration::from_secs(30), self.received.recv()).await;
        next.expect("a request within half a minute").expect("a receiver that runs")
    }

    /// Returns true if no further request has arrived.
    pub fn is_quiet(&mut self) -> bool {
        self.received.try_recv().is_err()
    }
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n")
}

fn is_complete(bytes: &[u8]) -> bool {
    let Some(end) = head_end(bytes) else { return false };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    bytes.len() - end - 4 >= length
}
