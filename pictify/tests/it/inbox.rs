//! Pictures that come by webhook, joined with the batches that wait for them.

use futures_util::StreamExt;
use pictify::{
    batches::BatchJob,
    webhooks::{Delivery, Event, Inbox},
};
use pictify_test_support::{MAX_WAIT, Reply, ScriptedServer, TestClock, client};
use serde_json::{Value, json};
use std::time::Duration;

/// A delivery of a completed render of the template `T`.
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

/// The end of a batch in the form that has no URLs: which of its rows were rendered.
fn ended(rows: &[bool]) -> Reply {
    let results = rows.iter().enumerate().map(|(index, ok)| json!({"index": index, "success": ok}));
    let results: Vec<_> = results.collect();
    Reply::json(200, &json!({"batchId": "A", "status": "partial", "results": results}).to_string())
}

fn urls(job: &BatchJob) -> Vec<Vec<String>> {
    job.rows().iter().map(|row| row.urls().into_iter().map(str::to_owned).collect()).collect()
}

#[tokio::test]
async fn each_row_gets_the_pictures_that_have_its_values() {
    let same = json!({"n": 1, "who": {"first": "Ada", "last": "L"}});
    // Numbers and members may come back in another form.
    let same_again = json!({"who": {"last": "L", "first": "Ada"}, "n": 1.0});
    let rows = [same.clone(), json!({"n": 2}), same, json!({"n": 3}), json!({"n": 4})];
    let server = ScriptedServer::start([accepted(), ended(&[true, true, true, false, true])]).await;
    let client = client(&server, &TestClock::default());
    let (inbox, mut job) = (Inbox::new(), client.batches().create("T", rows).unwrap().into_job());
    job.start(&client).await.unwrap();

    assert!(inbox.put(&rendered("u0", &same_again)));
    inbox.put(&rendered("other values", &json!({"n": 9})));
    inbox.put(&delivery(
        "render.completed",
        &json!({"url": "other template", "templateId": "X", "variables": {"n": 2}}),
    ));
    inbox.put(&delivery("render.completed", &json!({"url": "no values", "templateId": "T"})));
    inbox.put(&delivery("render.failed", &json!({"error": "no", "templateId": "T", "variables": {"n": 3}})));
    assert!(!inbox.put(&delivery("batch.completed", &json!({"batchId": "A", "status": "completed"}))));
    let late = inbox.clone();
    let deliver = tokio::spawn(async move {
        late.put(&rendered("u2", &same_again));
        late.put(&rendered("u1", &json!({"n": 2})));
        tokio::task::yield_now().await;
        // With the default of a variable that was not sent.
        late.put(&rendered("u4", &json!({"n": 4, "colour": "red"})));
    });
    let rows = job.wait(&client).with(&inbox).await.unwrap();
    deliver.await.unwrap();

    let found: Vec<_> = rows.iter().map(|row| (row.index, row.urls())).collect();
    assert_eq!(found, [(0, vec!["u0"]), (1, vec!["u1"]), (2, vec!["u2"]), (3, vec![]), (4, vec!["u4"])]);
    assert_eq!(rows[0].results[0].width, Some(20));
    // They are part of the job, wherever it goes on.
    let stored: BatchJob = serde_json::from_value(serde_json::to_value(&job).unwrap()).unwrap();
    assert_eq!((stored.rows(), &stored), (rows, &job));
}

#[tokio::test]
async fn every_layout_of_a_row_is_waited_for_and_a_picture_belongs_to_one_job() {
    let script = [accepted(), accepted(), ended(&[true]), ended(&[true])];
    let server = ScriptedServer::start(script).await;
    let client = client(&server, &TestClock::default());
    let job = || client.batches().create("T", [json!({"n": 1})]).unwrap().layouts(["default", "square"]).into_job();
    let (inbox, mut first, mut second) = (Inbox::new(), job(), job());
    first.start(&client).await.unwrap();
    second.start(&client).await.unwrap();
    for url in ["a", "b", "c", "d"] {
        inbox.put(&rendered(url, &json!({"n": 1})));
    }
    first.wait(&client).with(&inbox).await.unwrap();
    second.wait(&client).with(&inbox).await.unwrap();
    assert_eq!((urls(&first), urls(&second)), (vec![vec!["a".into(), "b".into()]], vec![vec!["c".into(), "d".into()]]));
}

#[tokio::test]
async fn what_is_not_delivered_in_time_is_missing_and_can_be_waited_for_again() {
    let server = ScriptedServer::start([accepted(), ended(&[true, true])]).await;
    let clock = TestClock::default();
    let client = client(&server, &clock);
    let (inbox, mut job) =
        (Inbox::new(), client.batches().create("T", [json!({"n": 1}), json!({"n": 2})]).unwrap().into_job());
    job.start(&client).await.unwrap();
    inbox.put(&rendered("u1", &json!({"n": 2})));
    let mut waiting = Box::pin(job.wait(&client).with(&inbox).deliveries_within(Duration::from_secs(10)).into_future());
    for advance in [9, 1] {
        // Until it has asked the service and waits for deliveries.
        let (mut turns, started) = (0, std::time::Instant::now());
        while turns < 1000 {
            assert!(started.elapsed() < MAX_WAIT, "the job does not ask the service");
            tokio::select! {
                biased;
                _ = &mut waiting => panic!("there is time left"),
                () = tokio::task::yield_now() => turns += usize::from(server.requests().len() == 2),
            }
        }
        clock.advance(Duration::from_secs(advance));
    }
    let rows = waiting.await.unwrap();
    assert_eq!(rows.iter().map(pictify::batches::BatchRow::urls).collect::<Vec<_>>(), [vec![], vec!["u1"]]);

    inbox.put(&rendered("u0", &json!({"n": 1})));
    job.wait(&client).with(&inbox).await.unwrap();
    assert_eq!(urls(&job), [["u0"], ["u1"]]);
    assert_eq!(server.requests().len(), 2, "a job that has ended is not asked for again");
}

/// A batch of two rows of which the service has said nothing yet.
fn under_way() -> Reply {
    Reply::json(200, r#"{"batchId":"A","status":"processing","totalItems":2,"completedItems":1,"failedItems":0}"#)
}

/// Puts a picture in at each look, into an inbox that has room for one.
fn at_each_look(inbox: &Inbox) -> impl FnMut(pictify::batches::BatchProgress) + Send + use<> {
    let (inbox, mut looks) = (inbox.clone(), 0);
    move |_| {
        looks += 1;
        inbox.put(&rendered(&format!("u{looks}"), &json!({"n": looks})));
    }
}

#[tokio::test]
async fn pictures_are_taken_while_a_job_is_under_way_before_the_inbox_forgets_them() {
    let server = ScriptedServer::start([accepted(), under_way(), ended(&[true, true])]).await;
    let client = client(&server, &TestClock::default());
    let (inbox, rows) = (Inbox::with_capacity(1), [json!({"n": 1}), json!({"n": 2})]);
    let mut job = client.batches().create("T", rows).unwrap().into_job();
    job.start(&client).await.unwrap();
    job.wait(&client).with(&inbox).on_progress(at_each_look(&inbox)).deliveries_within(Duration::ZERO).await.unwrap();
    assert_eq!(urls(&job), [["u1"], ["u2"]]);
}

#[test]
fn the_blocking_client_takes_pictures_while_a_job_is_under_way_as_well() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(ScriptedServer::start([accepted(), under_way(), ended(&[true, true])]));
    let builder = pictify::Client::builder().api_key("k").base_url(server.url()).clock(TestClock::default());
    let client = builder.build_blocking().unwrap();
    let (inbox, rows) = (Inbox::with_capacity(1), [json!({"n": 1}), json!({"n": 2})]);
    let mut job = client.batches().create("T", rows).unwrap().into_job();
    job.start(&client).run().unwrap();
    let waiting = job.wait(&client).with(&inbox).on_progress(at_each_look(&inbox));
    waiting.deliveries_within(Duration::ZERO).run().unwrap();
    assert_eq!(urls(&job), [["u1"], ["u2"]]);
}

#[test]
fn the_blocking_client_waits_for_deliveries_as_well() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(ScriptedServer::start([accepted(), ended(&[true])]));
    let builder = pictify::Client::builder().api_key("k").base_url(server.url()).clock(TestClock::default());
    let client = builder.build_blocking().unwrap();
    let (inbox, mut job) = (Inbox::new(), client.batches().create("T", [json!({"n": 1})]).unwrap().into_job());
    job.start(&client).run().unwrap();
    let handler = inbox.clone();
    let deliver = std::thread::spawn(move || handler.put(&rendered("u0", &json!({"n": 1}))));
    assert_eq!(job.wait(&client).with(&inbox).run().unwrap()[0].urls(), ["u0"]);
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
async fn the_renders_of_a_template_are_a_stream_of_what_comes_from_now_on() {
    let inbox = Inbox::new();
    inbox.put(&rendered("before", &json!({})));
    let (mut renders, mut others) = (inbox.renders_of("T"), inbox.renders_of("X"));
    inbox.put(&rendered("first", &json!({})));
    inbox.put(&delivery("render.completed", &json!({"url": "of X", "templateId": "X"})));
    inbox.put(&delivery("render.failed", &json!({"error": "failed", "templateId": "T"})));
    assert_eq!(url(&renders.next().await.unwrap()), "first");
    assert_eq!(url(&renders.next().await.unwrap()), "failed");
    assert_eq!(url(&StreamExt::next(&mut others).await.unwrap().unwrap()), "of X");

    let reader = tokio::spawn(async move { url(&renders.next().await.unwrap()).to_owned() });
    tokio::task::yield_now().await;
    inbox.put(&rendered("later", &json!({})));
    assert_eq!(reader.await.unwrap(), "later");
}

#[tokio::test]
async fn a_reader_who_is_too_slow_is_told_what_it_has_missed() {
    let inbox = Inbox::with_capacity(2);
    let mut renders = inbox.renders_of("T");
    for count in 0..5 {
        inbox.put(&rendered(&count.to_string(), &json!({})));
    }
    let missed = renders.next().await.unwrap_err();
    assert_eq!(missed.renders, 3);
    assert_eq!(
        missed.to_string(),
        "webhook inbox: 3 renders were forgotten before they were read: give it a larger capacity"
    );
    assert_eq!(url(&renders.next().await.unwrap()), "3");
    assert_eq!(url(&renders.next().await.unwrap()), "4");
}

#[tokio::test]
async fn pictures_of_other_jobs_with_the_same_template_do_not_hold_a_large_job_up() {
    let count = 4000;
    let rows: Vec<_> = (0..count).map(|n| json!({"n": n, "text": "the same in every row"})).collect();
    let server = ScriptedServer::start([accepted(), ended(&vec![true; count])]).await;
    let client = client(&server, &TestClock::default());
    let (inbox, mut job) = (Inbox::new(), client.batches().create("T", rows).unwrap().into_job_of(count));
    job.start(&client).await.unwrap();
    for n in 0..count {
        inbox.put(&rendered("of another job", &json!({"n": n + count, "text": "the same in every row"})));
    }
    inbox.put(&rendered("u9", &json!({"n": 9, "text": "the same in every row", "colour": "red"})));
    let started = std::time::Instant::now();
    job.wait(&client).with(&inbox).deliveries_within(Duration::ZERO).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!(urls(&job)[9], ["u9"]);
}
