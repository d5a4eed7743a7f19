//! 10,000 renders of one template, 16 of them concurrent, compared with reqwest alone: time and maximum memory.
//!
//! `cargo bench -p pictify-tests --bench send_all`

mod support;

use divan::{AllocProfiler, Bencher, black_box, counter::ItemsCount};
use futures_util::{StreamExt, stream};
use pictify::Client;
use serde::{Deserialize, Serialize};
use support::{KEY, install_crypto, plain_client, response, runtime, serve};

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

const ROWS: u32 = 10_000;
const CONCURRENT_CALLS: usize = 16;

const RENDERED: &str = r#"{"results":[{"layout":"default","name":"Default","url":"https://media.pictify.io/r-81.png","width":1200,"height":630,"format":"png","id":"R81QWERTYU","createdAt":"2026-08-04T09:15:27.482Z"}],"errors":[],"totalLayouts":1,"totalRendered":1,"totalErrors":0}"#;

fn main() {
    install_crypto();
    divan::main();
}

#[derive(Serialize)]
struct Row {
    name: String,
    seat: u32,
}

fn rows() -> impl Iterator<Item = Row> + Send + 'static {
    (0..ROWS).map(|seat| Row { name: format!("Ada Lovelace {seat}"), seat })
}

fn render(bencher: Bencher, unordered: bool) {
    let runtime = runtime();
    let url = serve(|_| response(200, "", RENDERED));
    let client = Client::builder().api_key(KEY).base_url(url).build().expect("a client");
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        runtime.block_on(async {
            let mut results = client.templates().render_many("XK4P2M9QZT", rows()).concurrency(CONCURRENT_CALLS);
            if unordered {
                results = results.unordered();
            }
            while let Some(done) = results.next().await {
                black_box(done.result.expect("a render"));
            }
        });
    });
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn sdk(bencher: Bencher) {
    render(bencher, false);
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn sdk_as_completed(bencher: Bencher) {
    render(bencher, true);
}

#[derive(Serialize)]
struct Body<T> {
    variables: T,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "the benchmark measures their decoding")]
struct Rendered {
    results: Vec<Layout>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "the benchmark measures their decoding")]
struct Layout {
    url: String,
    id: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    created_at: Option<String>,
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn raw(bencher: Bencher) {
    let runtime = runtime();
    let (client, url) = (plain_client(), serve(|_| response(200, "", RENDERED)) + "/templates/XK4P2M9QZT/render");
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        let calls = rows().map(|row| {
            let request = client.post(&url).bearer_auth(KEY).json(&Body { variables: row });
            async { request.send().await.expect("a response").json::<Rendered>().await.expect("a render") }
        });
        runtime.block_on(stream::iter(calls).buffered(CONCURRENT_CALLS).for_each(async |done| drop(black_box(done))));
    });
}
