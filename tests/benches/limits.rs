//! 1,000 calls to a server that allows 100 requests per second with bursts of 10: the duration compared with the minimum that
//! the limit allows, and the number of rejected requests.
//!
//! `cargo bench -p pictify-tests --bench limits`
//!
//! It takes about a minute, because the delays are real.

mod support;

use futures_util::{StreamExt, stream};
use pictify::{Client, RetryPolicy, images::Source, rate_limit::RateLimiter, send_all};
use std::{
    num::NonZeroU32,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use support::{CreateImage, IMAGE, Image, KEY, install_crypto, plain_client, response, runtime, serve};

const CALLS: u32 = 1000;
const PER_SECOND: u32 = 100;
const BURST: u32 = 10;
const CONCURRENT_CALLS: usize = 16;

/// Server with a token bucket.
struct LimitedServer {
    url: String,
    rejected: Arc<AtomicU64>,
}

impl LimitedServer {
    fn start() -> Self {
        let rejected = Arc::new(AtomicU64::new(0));
        let (count, started) = (rejected.clone(), Instant::now());
        // State of the bucket: the time at which it is full.
        let full_at = Mutex::new(Duration::ZERO);
        let url = serve(move |_| {
            let token = Duration::from_secs(1) / PER_SECOND;
            let mut full_at = full_at.lock().expect("no holder of the lock panics");
            let now = started.elapsed();
            let next = full_at.max(now) + token;
            if next > now + token * BURST {
                count.fetch_add(1, Ordering::Relaxed);
                // Whole seconds, like the service.
                return response(429, "retry-after: 1\r\n", r#"{"message":"Too many requests"}"#);
            }
            *full_at = next;
            response(200, "", IMAGE)
        });
        Self { url, rejected }
    }
}

struct Outcome {
    duration: Duration,
    rejected: u64,
    failed: u32,
}

/// Measures the SDK.
fn sdk(limiter: Option<RateLimiter>) -> Outcome {
    let server = LimitedServer::start();
    let mut builder = Client::builder().api_key(KEY).base_url(&server.url).retry(RetryPolicy::default());
    if let Some(limiter) = limiter {
        builder = builder.rate_limiter(limiter);
    }
    let client = builder.build().expect("a client");
    let started = Instant::now();
    let failed = runtime().block_on(async {
        let images = client.images();
        let calls = (0..CALLS).map(|number| images.create(Source::html(format!("<p>{number}"))).size(1200, 630));
        let mut results = send_all(calls).concurrency(CONCURRENT_CALLS).unordered();
        let mut failed = 0;
        while let Some(done) = results.next().await {
            failed += u32::from(done.result.is_err());
        }
        failed
    });
    Outcome { duration: started.elapsed(), rejected: server.rejected.load(Ordering::Relaxed), failed }
}

/// Measures a loop without the SDK that waits for `Retry-After` and then retries.
fn raw() -> Outcome {
    let server = LimitedServer::start();
    let (client, url) = (plain_client(), format!("{}/image", server.url));
    let create = async |number: u32| {
        loop {
            let body = CreateImage { html: format!("<p>{number}"), width: 1200, height: 630 };
            let response = client.post(&url).bearer_auth(KEY).json(&body).send().await.expect("a response");
            if response.status().is_success() {
                return response.json::<Image>().await.expect("an image");
            }
            let wait = response.headers()["retry-after"].to_str().expect("digits").parse().expect("a number");
            response.bytes().await.expect("a body");
            tokio::time::sleep(Duration::from_secs(wait)).await;
        }
    };
    let started = Instant::now();
    runtime().block_on(
        stream::iter((0..CALLS).map(create)).buffer_unordered(CONCURRENT_CALLS).for_each(async |image| drop(image)),
    );
    Outcome { duration: started.elapsed(), rejected: server.rejected.load(Ordering::Relaxed), failed: 0 }
}

fn main() {
    install_crypto();
    let per_minute = NonZeroU32::new(PER_SECOND * 60).expect("not 0");
    let limiter = |burst| RateLimiter::per_minute(per_minute).burst(NonZeroU32::new(burst).expect("not 0"));
    let best = f64::from(CALLS - BURST) / f64::from(PER_SECOND);
    println!(
        "{CALLS} calls, {PER_SECOND}/s, burst {BURST}, {CONCURRENT_CALLS} concurrent; the limit allows it in {best:.1} s"
    );
    println!("| client | time | compared with the minimum | rejected (429) | failed |");
    println!("|---|---:|---:|---:|---:|");
    let runs: [(&str, &dyn Fn() -> Outcome); 4] = [
        ("SDK with a rate limiter, burst 5", &|| sdk(Some(limiter(BURST / 2)))),
        ("SDK with a rate limiter, burst 10", &|| sdk(Some(limiter(BURST)))),
        ("SDK without a rate limiter", &|| sdk(None)),
        ("reqwest, obeying Retry-After", &raw),
    ];
    for (name, run) in runs {
        let Outcome { duration, rejected, failed } = run();
        let seconds = duration.as_secs_f64();
        println!("| {name} | {seconds:.2} s | {:.2} | {rejected} | {failed} |", seconds / best);
    }
}
