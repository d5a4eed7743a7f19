//! What the SDK costs beside the same call by hand with reqwest and serde: time and allocations, side by side in one run.
//!
//! `cargo bench -p pictify-tests --bench overhead`
//!
//! The server is a thread of this process that answers at once, so what is measured is the client's work and the loopback.

use divan::{AllocProfiler, Bencher, counter::BytesCount};
use pictify::{Client, images::Source};
use serde::{Deserialize, Serialize};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

const SIZES: [usize; 2] = [1024, 1024 * 1024];

fn main() {
    // The client by hand asks for one; the SDK brings its own.
    rustls::crypto::ring::default_provider().install_default().expect("nothing has installed one before");
    divan::main();
}

fn serve(stream: TcpStream) -> Option<()> {
    const BODY: &str = r#"{"url":"https://media.pictify.io/a.png","id":"A","createdAt":"2026-08-04T09:15:27.482Z"}"#;
    let answer =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{BODY}", BODY.len());
    stream.set_nodelay(true).ok()?;
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::with_capacity(1 << 16, stream);
    let mut body = Vec::new();
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if line.is_empty() {
                break;
            }
        }
        body.resize(length, 0);
        reader.read_exact(&mut body).ok()?;
        writer.write_all(answer.as_bytes()).ok()?;
    }
}

fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(stream));
        }
    });
    url
}

/// One thread, so that every allocation of the client is counted.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[divan::bench(args = SIZES)]
fn sdk(bencher: Bencher, size: usize) {
    let (runtime, url, html) = (runtime(), server(), "x".repeat(size));
    let client = Client::builder().api_key("0123456789abcdef").base_url(url).build().expect("a client");
    bencher.counter(BytesCount::new(size)).with_inputs(|| html.clone()).bench_local_values(|html| {
        let call = client.images().create(Source::html(html)).size(1200, 630);
        runtime.block_on(call.send()).expect("an image")
    });
}

#[derive(Serialize)]
struct CreateImage {
    html: String,
    width: u32,
    height: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
struct Image {
    url: String,
    id: Option<String>,
    created_at: Option<String>,
}

#[divan::bench(args = SIZES)]
fn by_hand(bencher: Bencher, size: usize) {
    let (runtime, url, html) = (runtime(), format!("{}/image", server()), "x".repeat(size));
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    bencher.counter(BytesCount::new(size)).with_inputs(|| html.clone()).bench_local_values(|html| {
        let body = CreateImage { html, width: 1200, height: 630 };
        runtime.block_on(async {
            let request = client.post(&url).bearer_auth("0123456789abcdef").json(&body);
            request.send().await.expect("an answer").json::<Image>().await.expect("an image")
        })
    });
}
