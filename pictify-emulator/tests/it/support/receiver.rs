//! A server that keeps what comes and answers as it is told: a target of webhooks, a source of data.

use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};

/// What came.
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
    /// Answers the requests with these heads and bodies, the last of them from then on. An empty head is no answer at all.
    pub async fn start(answers: Vec<(&'static str, String)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/here?q=1", listener.local_addr().unwrap());
        let (sender, received) = unbounded_channel();
        tokio::spawn(async move {
            let mut unanswered = Vec::new();
            for number in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut bytes = Vec::new();
                while !is_whole(&bytes) {
                    assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "the request ends too early");
                }
                let end = head_end(&bytes).unwrap();
                let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
                if sender.send(Received { head, body: bytes[end + 4..].to_vec() }).is_err() {
                    return;
                }
                let (head, body) = &answers[number.min(answers.len() - 1)];
                if head.is_empty() {
                    unanswered.push(stream);
                    continue;
                }
                let answer =
                    format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { url, received }
    }

    /// Takes everything that comes.
    pub async fn taking_all() -> Self {
        Self::start(vec![("204 No Content", String::new())]).await
    }

    /// The next request.
    pub async fn next(&mut self) -> Received {
        let next = tokio::time::timeout(Duration::from_secs(30), self.received.recv()).await;
        next.expect("a request within half a minute").expect("a receiver that runs")
    }

    /// Whether nothing more has come.
    pub fn is_quiet(&mut self) -> bool {
        self.received.try_recv().is_err()
    }
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n")
}

fn is_whole(bytes: &[u8]) -> bool {
    let Some(end) = head_end(bytes) else { return false };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    bytes.len() - end - 4 >= length
}
