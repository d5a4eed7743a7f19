//! Images delivered by webhook, joined with the batches that wait for them.

use futures_util::StreamExt;
use pictify::{
    batches::BatchJob,
    webhooks::{Delivery, Event, RenderInbox},
};
use pictify_test_support::{MAX_WAIT, Reply, ScriptedServer, TestClock, client, joined, within_bound};
use serde_json::{Value, json};
use std::time::Duration;

/// Returns a delivery of a completed render of the template `T`.
fn rendered(url: &str, variables: &Value) -> Delivery {
    let data = json!({"type": "image", "url": url, "templateId": "T", "width": 20, "variables": variables});
    delivery("render.completed", &data)
}

fn delivery(event: &str, data: &Value) -> Delivery {
    Delivery::read(json!({"event": event, "data": data}).to_string().as_bytes()).unwrap()
}

fn accepted() -> Reply {
    Reply::json(202, r#"{"batchId":"A","status":"pending"}"#)
}

/// Returns the final status of a batch in the format without URLs: only the success of each row.
fn ended(rows: &[bool]) -> Reply {
    let results = rows.iter().enumerate().map(|(index, ok)| json!({"index": index, "success": ok}));
    let results: Vec<_> = results.collect();
    Reply::json(200, &json!({"batchId": "A", "status": "partial", "results": results}).to_string())
}

fn urls(job: &BatchJob) -> Vec<Vec<String>> {
    job.rows().iter().map(|row| row.urls().into_iter().map(str::to_owned).collect()).collect()
}

#[tokio::test]
async fn each_row_gets_the_images_with_its_values() {
    let same = json!({"n": 1, "person": {"first": "Ada", "last": "L"}});
    // The service may format numbers and order members differently.
    let same_again = json!({"person": {"last": "L", "first": "Ada"}, "n": 1.0});
    let rows = [same.clone(), json!({"n": 2}), same, json!({"n": 3}), json!({"n": 4})];
    let server = ScriptedServer::start([accepted(), ended(&[true, true, true, false, true])]).await;
    let client = client(&server, &TestClock::default());
    let (inbox, mut job) = (RenderInbox::new(), client.batches().create("T", rows).into_job());
    job.start(&client).send().await.unwrap();

    assert!(inbox.push(&rendered("u0", &same_again)));
    inbox.push(&rendered("other values", &json!({"n": 9})));
    inbox.push(&delivery(
        "render.completed",
        &json!({"url": "other template", "templateId": "X", "variables": {"n": 2}}),
    ));
    inbox.push(&delivery("render.completed", &json!({"url": "no values", "templateId": "T"})));
    inbox.push(&delivery("render.failed", &json!({"error": "no", "templateId": "T", "variables": {"n": 3}})));
    assert!(!inbox.push(&delivery("batch.completed", &json!({"batchId": "A", "status": "completed"}))));
    let late = inbox.clone();
    let deliver = tokio::spawn(async move {
        late.push(&rendered("u2", &same_again));
        late.push(&rendered("u1", &json!({"n": 2})));
        tokio::task::yield_now().await;
        // Includes the default of a variable that was not sent.
        late.push(&rendered("u4", &json!({"n": 4, "colour": "red"})));
    });
    let rows = job.wait(&client).with_inbox(&inbox).send().await.unwrap();
    joined(deliver).await;

    let found: Vec<_> = rows.iter().map(|row| (row.index, row.urls())).collect();
    assert_eq!(found, [(0, vec!["u0"]), (1, vec!["u1"]), (2, vec!["u2"]), (3, vec![]), (4, vec!["u4"])]);
    assert_eq!(rows[0].results[0].width, Some(20));
    // The images are part of the stored job.
    let stored: BatchJob = serde_json::from_value(serde_json::to_value(&job).unwrap()).unwrap();
    assert_eq!((stored.rows(), &stored), (rows, &job));
}

#[tokio::test]
async fn a_job_waits_for_every_layout_of_a_row_and_an_image_belongs_to_one_job() {
    let script = [accepted(), accepted(), ended(&[true]), ended(&[true])];
    let server = ScriptedServer::start(script).await;
    let client = client(&server, &TestClock::default());
    let job = || client.batches().create("T", [json!({"n": 1})]).layouts(["default", "square"]).into_job();
    let (inbox, mut first, mut second) = (RenderInbox::new(), job(), job());
    first.start(&client).send().await.unwrap();
    second.start(&client).send().await.unwrap();
    for url in ["a", "b", "c", "d"] {
        inbox.push(&rendered(url, &json!({"n": 1})));
    }
    first.wait(&client).with_inbox(&inbox).send().await.unwrap();
    second.wait(&client).with_inbox(&inbox).send().await.unwrap();
    assert_eq!((urls(&first), urls(&second)), (vec![vec!["a".into(), "b".into()]], vec![vec!["c".into(), "d".into()]]));
}

#[tokio::test]
async fn an_image_that_is_not_delivered_in_time_is_missing_and_a_later_wait_finds_it() {
    let server = ScriptedServer::start([accepted(), ended(&[true, true])]).await;
    let clock = TestClock::default();
    let client = client(&server, &clock);
    let (inbox, mut job) =
        (RenderInbox::new(), client.batches().create("T", [json!({"n": 1}), json!({"n": 2})]).into_job());
    job.start(&client).send().await.unwrap();
    inbox.push(&rendered("u1", &json!({"n": 2})));
    let mut waiting = Box::pin(job.wait(&client).deliveries_within(Duration::from_secs(10)).with_inbox(&inbox).send());
    for advance in [9, 1] {
        // Until the status is polled and the job waits for deliveries.
        let (mut turns, started) = (0, std::time::Instant::now());
        while turns < 1000 {
            assert!(started.elapsed() < MAX_WAIT, "the job does not poll the service");
            tokio::select! {
                biased;
                _ = &mut waiting => panic!("the timeout has not passed"),
                () = tokio::task::yield_now() => turns += usize::from(server.requests().len() == 2),
            }
        }
        clock.advance(Duration::from_secs(advance));
    }
    let rows = within_bound(waiting, "the job has not ended").await.unwrap();
    assert_eq!(rows.iter().map(pictify::batches::BatchRow::urls).collect::<Vec<_>>(), [vec![], vec!["u1"]]);

    inbox.push(&rendered("u0", &json!({"n": 1})));
    job.wait(&client).with_inbox(&inbox).send().await.unwrap();
    assert_eq!(urls(&job), [["u0"], ["u1"]]);
    assert_eq!(server.requests().len(), 2, "a job that has ended is not polled again");
}

/// Returns the status of a batch in progress, without results for its two rows.
fn in_progress() -> Reply {
    Reply::json(200, r#"{"batchId":"A","status":"processing","totalItems":2,"completedItems":1,"failedItems":0}"#)
}

/// Returns a progress callback that pushes an image at each poll, into an inbox with capacity for one.
fn push_at_each_poll(inbox: &RenderInbox) -> impl FnMut(pictify::batches::BatchProgress) + Send + use<> {
    let (inbox, mut polls) = (inbox.clone(), 0);
    move |_| {
        polls += 1;
        inbox.push(&rendered(&format!("u{polls}"), &json!({"n": polls})));
    }
}

#[tokio::test]
async fn images_are_taken_during_a_job_before_the_inbox_drops_them() {
    let server = ScriptedServer::start([accepted(), in_progress(), ended(&[true, true])]).await;
    let client = client(&server, &TestClock::default());
    let (inbox, rows) = (RenderInbox::with_capacity(1), [json!({"n": 1}), json!({"n": 2})]);
    let mut job = client.batches().create("T", rows).into_job();
    job.start(&client).send().await.unwrap();
    job.wait(&client)
        .with_inbox(&inbox)
        .on_progress(push_at_each_poll(&inbox))
        .deliveries_within(Duration::ZERO)
        .send()
        .await
        .unwrap();
    assert_eq!(urls(&job), [["u1"], ["u2"]]);
}

#[test]
fn the_blocking_client_also_takes_images_during_a_job() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(ScriptedServer::start([accepted(), in_progress(), ended(&[true, true])]));
    let builder =
        pictify::Client::builder().api_key("k").base_url(server.url()).jitter(|| 1.0).clock(TestClock::default());
    let client = builder.build_blocking().unwrap();
    let (inbox, rows) = (RenderInbox::with_capacity(1), [json!({"n": 1}), json!({"n": 2})]);
    let mut job = client.batches().create("T", rows).into_job();
    job.start(&client).send().unwrap();
    let waiting = job.wait(&client).with_inbox(&inbox).on_progress(push_at_each_poll(&inbox));
    waiting.deliveries_within(Duration::ZERO).send().unwrap();
    assert_eq!(urls(&job), [["u1"], ["u2"]]);
}

#[test]
fn the_blocking_client_also_waits_for_deliveries() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(ScriptedServer::start([accepted(), ended(&[true])]));
    let builder =
        pictify::Client::builder().api_key("k").base_url(server.url()).jitter(|| 1.0).clock(TestClock::default());
    let client = builder.build_blocking().unwrap();
    let (inbox, mut job) = (RenderInbox::new(), client.batches().create("T", [json!({"n": 1})]).into_job());
    job.start(&client).send().unwrap();
    let handler = inbox.clone();
    let deliver = std::thread::spawn(move || handler.push(&rendered("u0", &json!({"n": 1}))));
    assert_eq!(job.wait(&client).with_inbox(&inbox).send().unwrap()[0].urls(), ["u0"]);
    assert!(deliver.join().unwrap());
}

fn url(event: &Event) -> &str {
    match event {
        Event::RenderCompleted(render) => render.url.as_deref().unwrap(),
        Event::RenderFailed(render) => render.error.as_deref().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_subscription_returns_the_later_renders_of_its_template() {
    let inbox = RenderInbox::new();
    inbox.push(&rendered("before", &json!({})));
    let (mut renders, mut others) = (inbox.subscribe("T"), inbox.subscribe("X"));
    inbox.push(&rendered("first", &json!({})));
    inbox.push(&delivery("render.completed", &json!({"url": "of X", "templateId": "X"})));
    inbox.push(&delivery("render.failed", &json!({"error": "failed", "templateId": "T"})));
    assert_eq!(url(&within_bound(renders.next(), "no render").await.unwrap()), "first");
    assert_eq!(url(&within_bound(renders.next(), "no render").await.unwrap()), "failed");
    assert_eq!(url(&within_bound(StreamExt::next(&mut others), "no render").await.unwrap().unwrap()), "of X");

    let reader = tokio::spawn(async move { url(&within_bound(renders.next(), "no render").await.unwrap()).to_owned() });
    tokio::task::yield_now().await;
    inbox.push(&rendered("later", &json!({})));
    assert_eq!(joined(reader).await, "later");
}

#[tokio::test]
async fn a_slow_subscription_reports_the_number_of_dropped_renders() {
    let inbox = RenderInbox::with_capacity(2);
    let mut renders = inbox.subscribe("T");
    for count in 0..5 {
        inbox.push(&rendered(&count.to_string(), &json!({})));
    }
    let lagged = within_bound(renders.next(), "no render").await.unwrap_err();
    assert_eq!(lagged.renders, 3);
    assert_eq!(
        lagged.to_string(),
        "webhook inbox: 3 renders were dropped before they were read: use a larger capacity"
    );
    assert_eq!(url(&within_bound(renders.next(), "no render").await.unwrap()), "3");
    assert_eq!(url(&within_bound(renders.next(), "no render").await.unwrap()), "4");
}

#[tokio::test]
async fn images_of_other_jobs_with_the_same_template_do_not_slow_a_large_job_down() {
    let count = 4000;
    let rows: Vec<_> = (0..count).map(|n| json!({"n": n, "text": "the same in every row"})).collect();
    let server = ScriptedServer::start([accepted(), ended(&vec![true; count])]).await;
    let client = client(&server, &TestClock::default());
    let (inbox, mut job) = (RenderInbox::new(), client.batches().create("T", rows).into_job_with_chunk_size(count));
    job.start(&client).send().await.unwrap();
    for n in 0..count {
        inbox.push(&rendered("of another job", &json!({"n": n + count, "text": "the same in every row"})));
    }
    inbox.push(&rendered("u9", &json!({"n": 9, "text": "the same in every row", "colour": "red"})));
    let started = std::time::Instant::now();
    job.wait(&client).with_inbox(&inbox).deliveries_within(Duration::ZERO).send().await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!(urls(&job)[9], ["u9"]);
}
