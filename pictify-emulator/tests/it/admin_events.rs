//! Admin API: the stream of events.

use crate::support::{connect, create, get, ok, post, receiver::Receiver, within};
use pictify_emulator::Emulator;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
};

/// Reader of the stream.
struct Stream(Lines<BufReader<TcpStream>>);

impl Stream {
    /// Opens the stream, with these header lines, and reads its head.
    async fn open(emulator: &Emulator, headers: &str) -> Self {
        let mut stream = connect(emulator).await;
        let request = format!("GET /_emulator/events HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut lines = BufReader::new(stream).lines();
        let mut head = Vec::new();
        while let Some(line) = within(lines.next_line()).await.unwrap().filter(|line| !line.is_empty()) {
            head.push(line.to_lowercase());
        }
        assert!(head[0].starts_with("http/1.1 200"), "{head:?}");
        assert!(head.iter().any(|line| line.starts_with("content-type: text/event-stream")), "{head:?}");
        Self(lines)
    }

    /// Returns the next event as its id, name and data; `None` at the end of the stream.
    async fn next(&mut self) -> Option<(String, String, Value)> {
        let (mut id, mut name) = (String::new(), String::new());
        while let Some(line) = within(self.0.next_line()).await.ok().flatten() {
            match line.split_once(": ") {
                Some(("id", value)) => value.clone_into(&mut id),
                Some(("event", value)) => value.clone_into(&mut name),
                Some(("data", value)) => return Some((id, name, serde_json::from_str(value).unwrap())),
                _ => {}
            }
        }
        None
    }

    /// Returns the names and changes of the next events, up to one with this name and change.
    async fn until(&mut self, name: &str, change: &str) -> Vec<String> {
        let mut found = Vec::new();
        while let Some((_, event, data)) = self.next().await {
            found.push(format!("{event} {}", data["change"].as_str().unwrap_or_default()));
            if event == name && data["change"].as_str().unwrap_or_default() == change {
                break;
            }
        }
        found
    }
}

#[tokio::test]
async fn changes_are_streamed_as_they_happen() {
    let emulator = Emulator::start().await.unwrap();
    let mut receiver = Receiver::accepting_all().await;
    let mut events = Stream::open(&emulator, "").await;
    let template =
        ok(&emulator, "POST /templates", json!({"name": "Card", "html": "x", "width": 9, "height": 9})).await;
    let (id, name, data) = events.next().await.unwrap();
    assert_eq!((id.as_str(), name.as_str(), &data["change"]), ("1", "template", &json!("created")));
    assert_eq!(data["id"], template["template"]["uid"]);
    let (_, name, data) = events.next().await.unwrap();
    assert_eq!(
        (name.as_str(), &data["operation"], &data["status"]),
        ("request", &json!("createTemplate"), &json!(200))
    );

    let body = json!({"event": "render.completed", "targetUrl": receiver.url});
    assert_eq!(post(&emulator, "/webhook-subscriptions", &body).await.status, 201);
    assert_eq!(events.until("request", "").await, ["subscription created", "request "]);
    create(&emulator, "x", 9, 9).await;
    receiver.next().await;
    let found = events.until("delivery", "updated").await;
    for expected in ["render created", "ledger created", "delivery created", "request "] {
        assert!(found.iter().any(|event| event == expected), "{expected}: {found:?}");
    }
}

#[tokio::test]
async fn a_reader_that_reconnects_gets_what_it_missed() {
    let emulator = Emulator::start().await.unwrap();
    for _ in 0..3 {
        post(&emulator, "/image", &json!({})).await;
    }
    let mut events = Stream::open(&emulator, "Last-Event-ID: 1\r\n").await;
    for expected in ["2", "3"] {
        let (id, name, _) = events.next().await.unwrap();
        assert_eq!((id.as_str(), name.as_str()), (expected, "request"));
    }
    for _ in 0..300 {
        get(&emulator, "/nowhere").await;
    }
    let mut late = Stream::open(&emulator, "Last-Event-ID: 1\r\n").await;
    let (_, name, data) = late.next().await.unwrap();
    assert_eq!((name.as_str(), data), ("lagged", json!({"missed": 46})));
    assert_eq!(late.next().await.unwrap().0, "48");
}

#[tokio::test]
async fn the_stream_ends_with_the_server() {
    let emulator = Emulator::start().await.unwrap();
    let mut events = Stream::open(&emulator, "").await;
    let stopping = tokio::spawn(emulator.shutdown());
    assert!(within(events.next()).await.is_none());
    within(stopping).await.unwrap();
}
