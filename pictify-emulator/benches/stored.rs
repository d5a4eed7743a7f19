//! Lists of the emulator with 100,000 stored renders, while others render; the start with them; the memory of files.
//!
//! `cargo bench -p pictify-emulator --bench stored`
//!
//! It takes about a minute, most of it to store the renders.

use pictify_emulator::{
    Emulator,
    render::{Page, RenderError, RenderedImage, Renderer},
};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::{
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// Number of stored renders.
const RENDERS: u32 = 100_000;

/// Size of a file, in bytes.
const FILE_BYTES: usize = 150_000;

/// Number of measured requests for each list.
const REQUESTS: usize = 200;

/// Lists.
const LISTS: [&str; 14] = [
    "/render",
    "/render?limit=100",
    "/render?offset=50000",
    "/render?offset=99900&limit=100",
    "/render?format=PNG&offset=40000",
    "/render?template={template}&source=api",
    "/image?limit=100&offset=40000",
    "/gif",
    "/templates?sort=name",
    "/templates/search?q=card",
    "/bindings",
    "/webhook-subscriptions",
    "/workflow",
    "/api/users/plans",
];

#[tokio::main]
async fn main() {
    // The measured requests are not encrypted, but the client wants a provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().expect("a folder");
    let in_folder = || Emulator::builder().data_dir(folder.path()).renders_per_month(10_000_000);
    let emulator = in_folder().start().await.expect("a server");
    let template = fill(&emulator).await;
    emulator.shutdown().await;
    multiply(&folder.path().join("pictify.sqlite"));
    let started = Instant::now();
    let emulator = in_folder().start().await.expect("a server");
    println!("first start, which indexes all documents: {:.0?}", started.elapsed());
    emulator.snapshot("all").expect("a snapshot");
    emulator.shutdown().await;
    let started = Instant::now();
    let emulator = in_folder().start().await.expect("a server");
    println!("start: {:.1?}", started.elapsed());
    measure(&emulator, &template).await;
    let started = Instant::now();
    emulator.restore("all").expect("a snapshot");
    println!("restore of a snapshot: {:.0?}", started.elapsed());
    emulator.shutdown().await;
    memory().await;
}

/// Stores a document of each kind that has a list. Returns the ID of the template.
async fn fill(emulator: &Emulator) -> String {
    let template = json!({"name": "Card", "html": "<p>{{a}}", "width": 9, "height": 9});
    let template = post(emulator, "/templates", &template).await["template"]["uid"].as_str().expect("an ID").to_owned();
    let gif = "<style>@keyframes a{to{transform:translateX(20px)}}p{animation:a 1s infinite}</style><p>o";
    let binding = json!({"templateId": template, "mapping": {}, "dataSource": {"type": "static", "staticData": {}}});
    for (path, body) in [
        ("/image", json!({"html": "x", "width": 9, "height": 9})),
        ("/gif", json!({"html": gif, "width": 40, "height": 30, "quality": "low"})),
        ("/bindings", binding),
        ("/webhook-subscriptions", json!({"event": "binding.updated", "targetUrl": "https://example.com"})),
        ("/workflow", json!({"templateUid": template, "rows": []})),
    ] {
        post(emulator, path, &body).await;
    }
    post(emulator, &format!("/templates/{template}/render"), &json!({"variables": {"a": 1}})).await;
    template
}

/// Copies the documents of a database: 100,000 renders with their ledger entries, and 1,000 of each other kind.
fn multiply(database: &Path) {
    let connection = Connection::open(database).expect("a database");
    let renders: u32 = connection
        .query_row("SELECT count(*) FROM documents WHERE kind = 'render'", [], |row| row.get(0))
        .expect("a count");
    let sql = format!(
        "WITH RECURSIVE copies (copy) AS (SELECT 1 UNION ALL SELECT copy + 1 FROM copies WHERE copy < {})
        INSERT INTO documents (kind, uid, body)
            SELECT kind, uid || '-' || copy, body FROM copies JOIN documents
            WHERE copy <= iif(kind IN ('render', 'billed'), {0}, 1000);
        DELETE FROM list_indexes;",
        RENDERS / renders
    );
    connection.execute_batch(&sql).expect("copies");
}

/// Measures each list while other requests render.
async fn measure(emulator: &Emulator, template: &str) {
    let (stop, rendered) = (AtomicBool::new(false), AtomicU64::new(0));
    let render = async {
        let client = plain_client();
        while !stop.load(Ordering::Relaxed) {
            let body = json!({"html": "<h1>A card", "width": 600, "height": 315});
            send(
                client
                    .post(format!("{}/image", emulator.url()))
                    .header("content-type", "application/json")
                    .body(body.to_string()),
            )
            .await;
            rendered.fetch_add(1, Ordering::Relaxed);
        }
    };
    let lists = async {
        println!("| list | median | 99 % | slowest |\n|---|---:|---:|---:|");
        let (client, started) = (plain_client(), Instant::now());
        for list in LISTS {
            let path = list.replace("{template}", template);
            let mut times = Vec::new();
            for _ in 0..REQUESTS {
                let started = Instant::now();
                send(client.get(format!("{}{path}", emulator.url()))).await;
                times.push(started.elapsed());
            }
            times.sort_unstable();
            let ms = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1000.0);
            let [median, most, slowest] =
                [times.len() / 2, times.len() * 99 / 100, times.len() - 1].map(|at| ms(times[at]));
            println!("| `{list}` | {median} | {most} | {slowest} |");
        }
        stop.store(true, Ordering::Relaxed);
        started.elapsed()
    };
    let ((), elapsed) = tokio::join!(render, lists);
    let rendered = rendered.load(Ordering::Relaxed);
    println!(
        "renders meanwhile: {rendered}, {:.0} a second",
        f64::from(u32::try_from(rendered).unwrap_or(u32::MAX)) / elapsed.as_secs_f64()
    );
}

/// Renderer that returns files of the size of a large card at once.
#[derive(Debug)]
struct Files;

impl Renderer for Files {
    fn render(&self, _: &Page) -> Result<RenderedImage, RenderError> {
        Ok(RenderedImage { bytes: vec![1; FILE_BYTES], width: 1200, height: 630, animation: None })
    }
}

/// Prints the memory of this process before and after thousands of files in memory.
async fn memory() {
    let emulator = Emulator::builder().renderer(Files).start().await.expect("a server");
    let before = resident_mib();
    let client = plain_client();
    println!("\n| files of 150 kB in memory | additional memory |\n|---:|---:|");
    for number in 1..=4000 {
        let body = json!({"html": "<h1>A card"});
        let request = client.post(format!("{}/image", emulator.url()));
        send(request.header("content-type", "application/json").body(body.to_string())).await;
        if number % 500 == 0 {
            println!("| {number} | {} MiB |", resident_mib().saturating_sub(before));
        }
    }
}

/// Returns a client without the proxies of the environment.
fn plain_client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

/// Returns the resident memory of this process in MiB; 0 where /proc does not exist.
fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}

async fn post(emulator: &Emulator, path: &str, body: &Value) -> Value {
    send(
        plain_client()
            .post(format!("{}{path}", emulator.url()))
            .header("content-type", "application/json")
            .body(body.to_string()),
    )
    .await
}

/// Sends a request that must succeed.
async fn send(request: reqwest::RequestBuilder) -> Value {
    let response = request.bearer_auth("k").send().await.expect("a response");
    assert!(response.status().is_success(), "{response:?}");
    serde_json::from_slice(&response.bytes().await.expect("a body")).expect("JSON")
}
