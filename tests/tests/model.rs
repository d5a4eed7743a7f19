//! The money model: many calls at once, under random faults, held against the ledger of the emulator.
//!
//! Whatever goes wrong, no call is billed twice, none is billed that has failed, unless its error says that nobody can know,
//! and none that has succeeded is missing. `PICTIFY_MODEL_CALLS` and `PICTIFY_MODEL_SEED` make it longer or another one.

use pictify::{Client, ErrorKind, RetryPolicy, images::Source, templates::TemplateSource};
use pictify_emulator::{
    Emulator, Fault,
    render::{Page, Picture, RenderError, Renderer},
};
use pictify_tests::{KEY, TestClock};
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc, time::Duration};

/// How many calls are under way at once.
const AT_ONCE: usize = 16;

/// Renders nothing, at once.
#[derive(Debug)]
struct Blank;

impl Renderer for Blank {
    fn render(&self, page: &Page) -> Result<Picture, RenderError> {
        Ok(Picture { bytes: b"picture".to_vec(), width: page.width, height: page.height, motion: None })
    }
}

/// What goes wrong: each kind of failure that a client can see, before the work and after it.
fn faults() -> Vec<Fault> {
    let busy = json!({"error": "busy", "code": "BROWSER_POOL_UNAVAILABLE", "retriable": true});
    vec![
        Fault::status(503).body(busy).share(0.05),
        Fault::status(429).body(json!({"message": "Too many requests"})).header("retry-after", "1").share(0.05),
        Fault::status(500).body(json!({"error": "failed"})).share(0.04),
        Fault::status(502).body("<h1>Bad gateway</h1>").header("content-type", "text/html").after_work().share(0.04),
        Fault::reset().share(0.04),
        Fault::reset().after_work().share(0.04),
        Fault::cut(10).share(0.04),
        Fault::status(200).body("no JSON").after_work().share(0.02),
        Fault::status(422).body(json!({"error": "refused"})).share(0.03),
    ]
}

/// What became of a call that costs a render.
struct Outcome {
    key: String,
    succeeded: bool,
    unknown: bool,
}

async fn billed_call(client: &Client, number: u64) -> Outcome {
    let key = pictify::IdempotencyKey::random();
    let call = client.images().create(Source::html(format!("<p>{number}"))).size(9, 9).idempotency_key(key.clone());
    let result = call.send().await;
    // A success that cannot be read is known to be billed: the render exists.
    let unreadable = result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Decode);
    let unknown = result.as_ref().is_err_and(pictify::Error::outcome_unknown);
    Outcome { key: key.as_str().to_owned(), succeeded: result.is_ok() || unreadable, unknown }
}

/// Calls that cost nothing, in between: they may fail, and must not hang.
async fn free_call(client: &Client, number: u64) {
    match number % 3 {
        0 => drop(client.images().get("NOWHERE").send().await),
        1 => drop(client.templates().create("Card", TemplateSource::html("<p>")).send().await),
        _ => drop(client.expressions().validate("1 + 1").send().await),
    }
}

/// Runs the model and returns what it found against the client, if anything.
async fn run(seed: u64, calls: u64, policy: RetryPolicy) -> Vec<String> {
    let emulator = Emulator::builder().renderer(Blank).seed(seed).faults(faults()).start().await.unwrap();
    let builder = Client::builder().api_key(KEY).base_url(emulator.url()).clock(TestClock::default());
    let client = builder.retry(policy).build().unwrap();
    let places = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
    let mut tasks = Vec::new();
    for number in 0..calls {
        let place = places.clone().acquire_owned().await.unwrap();
        let client = client.clone();
        tasks.push(tokio::spawn(async move {
            let _place = place;
            free_call(&client, number).await;
            billed_call(&client, number).await
        }));
    }
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(tokio::time::timeout(Duration::from_secs(60), task).await.expect("no call hangs").unwrap());
    }

    emulator.set_faults(0, []);
    let ledger: Value = ledger_of(&emulator).await;
    let mut billed: HashMap<&str, u64> = HashMap::new();
    for entry in ledger["entries"].as_array().unwrap() {
        *billed.entry(entry["idempotencyKey"].as_str().unwrap()).or_default() += entry["renders"].as_u64().unwrap();
    }
    let mut found = Vec::new();
    let mut kinds = [0; 3];
    for Outcome { key, succeeded, unknown } in &outcomes {
        let times = billed.remove(key.as_str()).unwrap_or(0);
        match (succeeded, unknown) {
            (true, _) => kinds[0] += 1,
            (false, true) => kinds[1] += 1,
            (false, false) => kinds[2] += 1,
        }
        match (times, succeeded, unknown) {
            (1, true, _) | (0 | 1, false, true) | (0, false, false) => {}
            (2.., ..) => found.push(format!("{key}: billed {times} times")),
            (1, false, false) => found.push(format!("{key}: billed, and reported as failed")),
            (0, true, _) => found.push(format!("{key}: reported as done, and lost")),
        }
    }
    found.extend(billed.keys().map(|key| format!("{key}: billed, and asked by nobody")));
    // The faults must have had their chance, or nothing is proven.
    assert!(kinds.iter().all(|count| *count > 0), "succeeded, unknown, failed: {kinds:?}");
    println!("seed {seed}: {calls} calls: {} done, {} unknown, {} failed", kinds[0], kinds[1], kinds[2]);
    found
}

/// The ledger, by a request of its own.
async fn ledger_of(emulator: &Emulator) -> Value {
    let address = emulator.url().strip_prefix("http://").unwrap().parse().unwrap();
    let answer = pictify_tests::request(address, "GET", "/_emulator/ledger", &[], "").await;
    serde_json::from_str(&answer.body).unwrap()
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_fault_makes_a_call_billed_twice_or_lost() {
    let calls = setting("PICTIFY_MODEL_CALLS").unwrap_or(600);
    let seeds = setting("PICTIFY_MODEL_SEED").map_or_else(|| vec![1, 2, 3], |seed| vec![seed]);
    for seed in seeds {
        assert_eq!(run(seed, calls, RetryPolicy::default()).await, Vec::<String>::new(), "seed {seed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_repeats_what_may_be_done_is_found_out() {
    let careless = RetryPolicy::default().may_bill_twice(true);
    let found = run(1, 300, careless).await;
    assert!(found.iter().any(|found| found.ends_with("billed 2 times")), "{found:?}");
}
