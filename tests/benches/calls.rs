//! Time and allocations of calls, with the SDK and with reqwest and serde alone, in one run.
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
use support::{CreateImage, IMAGE, Image, KEY, install_crypto, plain_client, response, runtime, serve};

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

fn main() {
    install_crypto();
    divan::main();
}

/// Clock whose sleeps return immediately, so that a retry is measured without its delay. The loop without the SDK does not wait
/// either.
#[derive(Debug)]
struct NoSleepClock;

impl Clock for NoSleepClock {
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
}

fn client(url: String) -> Client {
    Client::builder().api_key(KEY).base_url(url).clock(NoSleepClock).build().expect("a client")
}

fn body(html: String) -> CreateImage {
    CreateImage { html, width: 1200, height: 630 }
}

/// Sizes of the HTML, in bytes.
const SIZES: [usize; 3] = [1024, 100 * 1024, 1024 * 1024];

#[divan::bench(args = SIZES)]
fn render_sdk(bencher: Bencher, size: usize) {
    let (runtime, html) = (runtime(), "x".repeat(size));
    let client = client(serve(|_| response(200, "", IMAGE)));
    bencher.counter(BytesCount::new(size)).with_inputs(|| html.clone()).bench_local_values(|html| {
        let call = client.images().create(Source::html(html)).size(1200, 630);
        runtime.block_on(call.send()).expect("an image")
    });
}

#[divan::bench(args = SIZES)]
fn render_raw(bencher: Bencher, size: usize) {
    let (runtime, html) = (runtime(), "x".repeat(size));
    let (client, url) = (plain_client(), serve(|_| response(200, "", IMAGE)) + "/image");
    bencher.counter(BytesCount::new(size)).with_inputs(|| html.clone()).bench_local_values(|html| {
        let request = client.post(&url).bearer_auth(KEY).json(&body(html));
        runtime.block_on(async { request.send().await.expect("a response").json::<Image>().await.expect("an image") })
    });
}

/// Body of an error response.
const ERROR: &str = r#"{"error":"Invalid width","code":"VALIDATION_ERROR","details":[{"field":"width","message":"must be at most 4000"}]}"#;

#[divan::bench]
fn error_sdk(bencher: Bencher) {
    let runtime = runtime();
    let client = client(serve(|_| response(400, "x-request-id: req_1\r\n", ERROR)));
    bencher.bench_local(|| {
        let call = client.images().create(Source::html("<p>")).size(1200, 630);
        runtime.block_on(call.send()).expect_err("an error")
    });
}

#[divan::bench]
fn error_raw(bencher: Bencher) {
    let runtime = runtime();
    let (client, url) = (plain_client(), serve(|_| response(400, "x-request-id: req_1\r\n", ERROR)) + "/image");
    bencher.bench_local(|| {
        let request = client.post(&url).bearer_auth(KEY).json(&body("<p>".to_owned()));
        runtime.block_on(async {
            let response = request.send().await.expect("a response");
            let (status, headers) = (response.status(), response.headers().clone());
            (status, headers, response.json::<serde_json::Value>().await.expect("a body"))
        })
    });
}

/// Body of a response that is retried.
const BUSY: &str = r#"{"error":"busy","code":"BROWSER_POOL_UNAVAILABLE","retriable":true}"#;

/// Starts a server that rejects every eleventh request, so that one call in ten is retried: the maximum rate that the retry
/// budget of the client allows permanently.
fn serve_busy_every_eleventh_time() -> String {
    let requests = AtomicU64::new(0);
    serve(move |_| match requests.fetch_add(1, Ordering::Relaxed) % 11 {
        0 => response(503, "", BUSY),
        _ => response(200, "", IMAGE),
    })
}

#[divan::bench]
fn one_retry_in_ten_sdk(bencher: Bencher) {
    let runtime = runtime();
    let client = client(serve_busy_every_eleventh_time());
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
    let (client, url) = (plain_client(), serve_busy_every_eleventh_time() + "/image");
    let create = async || {
        loop {
            let request = client.post(&url).bearer_auth(KEY).json(&body("<p>".to_owned()));
            let response = request.send().await.expect("a response");
            if response.status().is_success() {
                return response.json::<Image>().await.expect("an image");
            }
            response.bytes().await.expect("a body");
        }
    };
    bencher.counter(ItemsCount::new(10_u32)).bench_local(|| {
        for _ in 0..10 {
            black_box(runtime.block_on(create()));
        }
    });
}
