//! What the SDK costs beside the same call by hand with reqwest and serde: time and allocations, side by side in one run.
//!
//! `cargo bench -p pictify-tests --bench calls`

mod support;

use divan::{
    AllocProfiler, Bencher, black_box,
    counter::{BytesCount, ItemsCount},
};
use pictify::transport::BoxFuture;
use pictify::{
    Client,
    clock::{Clock, SystemClock},
    images::Source,
};
use std::{
    future::ready,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant, SystemTime},
};
use support::{CreateImage, IMAGE, Image, KEY, answer, by_hand, install_crypto, runtime, serve};

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

fn main() {
    install_crypto();
    divan::main();
}

/// Waits for nothing, so that a retry costs its work alone. A loop by hand that does not wait is its counterpart.
#[derive(Debug)]
struct Impatient;

impl Clock for Impatient {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn system_time(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(ready(()))
    }

    fn timeout_timer(&self, duration: Duration) -> BoxFuture<'static, ()> {
        SystemClock::default().sleep(duration)
    }

    fn random(&self) -> f64 {
        0.5
    }
}

fn client(url: String) -> Client {
    Client::builder().api_key(KEY).base_url(url).clock(Impatient).build().expect("a client")
}

fn body(html: String) -> CreateImage {
    CreateImage { html, width: 1200, height: 630 }
}

/// How much HTML a render has.
const SIZES: [usize; 3] = [1024, 100 * 1024, 1024 * 1024];

#[divan::bench(args = SIZES)]
fn render_sdk(bencher: Bencher, size: usize) {
    let (runtime, html) = (runtime(), "x".repeat(size));
    let client = client(serve(|_| answer(200, "", IMAGE)));
    bencher.counter(BytesCount::new(size)).with_inputs(|| html.clone()).bench_local_values(|html| {
        let call = client.images().create(Source::html(html)).size(1200, 630);
        runtime.block_on(call.send()).expect("an image")
    });
}

#[divan::bench(args = SIZES)]
fn render_raw(bencher: Bencher, size: usize) {
    let (runtime, html) = (runtime(), "x".repeat(size));
    let (client, url) = (by_hand(), serve(|_| answer(200, "", IMAGE)) + "/image");
    bencher.counter(BytesCount::new(size)).with_inputs(|| html.clone()).bench_local_values(|html| {
        let request = client.post(&url).bearer_auth(KEY).json(&body(html));
        runtime.block_on(async { request.send().await.expect("an answer").json::<Image>().await.expect("an image") })
    });
}

/// What says no, to be read into an error.
const REFUSED: &str = r#"{"error":"Invalid width","code":"VALIDATION_ERROR","details":[{"field":"width","message":"must be at most 4000"}]}"#;

#[divan::bench]
fn error_sdk(bencher: Bencher) {
    let runtime = runtime();
    let client = client(serve(|_| answer(400, "x-request-id: req_1\r\n", REFUSED)));
    bencher.bench_local(|| {
        let call = client.images().create(Source::html("<p>")).size(1200, 630);
        runtime.block_on(call.send()).expect_err("a refusal")
    });
}

#[divan::bench]
fn error_raw(bencher: Bencher) {
    let runtime = runtime();
    let (client, url) = (by_hand(), serve(|_| answer(400, "x-request-id: req_1\r\n", REFUSED)) + "/image");
    bencher.bench_local(|| {
        let request = client.post(&url).bearer_auth(KEY).json(&body("<p>".to_owned()));
        runtime.block_on(async {
            let answer = request.send().await.expect("an answer");
            let (status, headers) = (answer.status(), answer.headers().clone());
            (status, headers, answer.json::<serde_json::Value>().await.expect("a body"))
        })
    });
}

/// What is tried again.
const BUSY: &str = r#"{"error":"busy","code":"BROWSER_POOL_UNAVAILABLE","retriable":true}"#;

/// Of ten calls one is tried again: as many as the client's budget allows for ever.
fn busy_every_eleventh_time() -> String {
    let requests = AtomicU64::new(0);
    serve(move |_| match requests.fetch_add(1, Ordering::Relaxed) % 11 {
        0 => answer(503, "", BUSY),
        _ => answer(200, "", IMAGE),
    })
}

#[divan::bench]
fn one_retry_in_ten_sdk(bencher: Bencher) {
    let runtime = runtime();
    let client = client(busy_every_eleventh_time());
    bencher.counter(ItemsCount::new(10_u32)).bench_local(|| {
        for _ in 0..10 {
            let call = client.images().create(Source::html("<p>")).size(1200, 630);
            black_box(runtime.block_on(call.send()).expect("an image"));
        }
    });
}

#[divan::bench]
fn one_retry_in_ten_raw(bencher: Bencher) {
    let runtime = runtime();
    let (client, url) = (by_hand(), busy_every_eleventh_time() + "/image");
    let create = async || {
        loop {
            let request = client.post(&url).bearer_auth(KEY).json(&body("<p>".to_owned()));
            let answer = request.send().await.expect("an answer");
            if answer.status().is_success() {
                return answer.json::<Image>().await.expect("an image");
            }
            answer.bytes().await.expect("a body");
        }
    };
    bencher.counter(ItemsCount::new(10_u32)).bench_local(|| {
        for _ in 0..10 {
            black_box(runtime.block_on(create()));
        }
    });
}
