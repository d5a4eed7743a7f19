//! 1,000 calls against a service that allows 100 a second and a burst of 10: how long it takes beside the least time that the
//! limit allows, and how often the service had to refuse.
//!
//! `cargo bench -p pictify-tests --bench limits`
//!
//! It takes about a minute, as the waits are real.

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
use support::{CreateImage, IMAGE, Image, KEY, answer, by_hand, install_crypto, runtime, serve};

const CALLS: u32 = 1000;
const PER_SECOND: u32 = 100;
const BURST: u32 = 10;
const AT_ONCE: usize = 16;

/// A service with a token bucket.
struct Service {
    url: String,
    refused: Arc<AtomicU64>,
}

impl Service {
    fn start() -> Self {
        let refused = Arc::new(AtomicU64::new(0));
        let (count, started) = (refused.clone(), Instant::now());
        // The bucket as a time: when it would have been full.
        let full_at = Mutex::new(Duration::ZERO);
        let url = serve(move |_| {
            let token = Duration::from_secs(1) / PER_SECOND;
            let mut full_at = full_at.lock().expect("nobody panics");
            let now = started.elapsed();
            let next = full_at.max(now) + token;
            if next > now + token * BURST {
                count.fetch_add(1, Ordering::Relaxed);
                // Whole seconds, as the service says it.
                return answer(429, "retry-after: 1\r\n", r#"{"message":"Too many requests"}"#);
            }
            *full_at = next;
            answer(200, "", IMAGE)
        });
        Self { url, refused }
    }
}

struct Outcome {
    took: Duration,
    refused: u64,
    failed: u32,
}

fn sdk(limiter: Option<RateLimiter>) -> Outcome {
    let service = Service::start();
    let mut builder = Client::builder().api_key(KEY).base_url(&service.url).retry(RetryPolicy::default());
    if let Some(limiter) = limiter {
        builder = builder.rate_limiter(limiter);
    }
    let client = builder.build().expect("a client");
    let started = Instant::now();
    let failed = runtime().block_on(async {
        let images = client.images();
        let calls = (0..CALLS).map(|number| images.create(Source::html(format!("<p>{number}"))).size(1200, 630));
        let mut made = send_all(calls).concurrency(AT_ONCE).unordered();
        let mut failed = 0;
        while let Some(done) = made.next().await {
            failed += u32::from(done.result.is_err());
        }
        failed
    });
    Outcome { took: started.elapsed(), refused: service.refused.load(Ordering::Relaxed), failed }
}

/// A loop that waits as long as it is told, and then tries again.
fn raw() -> Outcome {
    let service = Service::start();
    let (client, url) = (by_hand(), format!("{}/image", service.url));
    let create = async |number: u32| {
        loop {
            let body = CreateImage { html: format!("<p>{number}"), width: 1200, height: 630 };
            let answer = client.post(&url).bearer_auth(KEY).json(&body).send().await.expect("an answer");
            if answer.status().is_success() {
                return answer.json::<Image>().await.expect("an image");
            }
            let wait = answer.headers()["retry-after"].to_str().expect("digits").parse().expect("a number");
            answer.bytes().await.expect("a body");
            tokio::time::sleep(Duration::from_secs(wait)).await;
        }
    };
    let started = Instant::now();
    runtime()
        .block_on(stream::iter((0..CALLS).map(create)).buffer_unordered(AT_ONCE).for_each(async |image| drop(image)));
    Outcome { took: started.elapsed(), refused: service.refused.load(Ordering::Relaxed), failed: 0 }
}

fn main() {
    install_crypto();
    let per_minute = NonZeroU32::new(PER_SECOND * 60).expect("not 0");
    let limiter = |burst| RateLimiter::per_minute(per_minute).burst(NonZeroU32::new(burst).expect("not 0"));
    let best = f64::from(CALLS - BURST) / f64::from(PER_SECOND);
    println!("{CALLS} calls, {PER_SECOND}/s, burst {BURST}, {AT_ONCE} at once; the limit allows it in {best:.1} s");
    println!("| client | time | beside the least | refused (429) | failed |");
    println!("|---|---:|---:|---:|---:|");
    let runs: [(&str, &dyn Fn() -> Outcome); 4] = [
        ("SDK with a limiter, burst 5", &|| sdk(Some(limiter(BURST / 2)))),
        ("SDK with a limiter, burst 10", &|| sdk(Some(limiter(BURST)))),
        ("SDK without one", &|| sdk(None)),
        ("by hand, waiting as told", &raw),
    ];
    for (name, run) in runs {
        let Outcome { took, refused, failed } = run();
        let took = took.as_secs_f64();
        println!("| {name} | {took:.2} s | {:.2} | {refused} | {failed} |", took / best);
    }
}
