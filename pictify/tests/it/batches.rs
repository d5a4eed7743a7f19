//! Batch jobs: split into chunks, stored, polled, and resumed after a restart.

use pictify::{
    ErrorKind,
    batches::{BatchJob, BatchProgress},
};
use pictify_test_support::{Reply, Request, ScriptedServer, TestClock, client};
use serde_json::{Value, json};
use std::{sync::Mutex, time::Duration};

fn rows(count: usize) -> impl Iterator<Item = Value> {
    (0..count).map(|row| json!({"title": row}))
}

fn accepted(id: &str) -> Reply {
    Reply::json(202, &json!({"batchId": id, "status": "pending"}).to_string())
}

fn batch(status: &str, completed: u64, total: u64) -> Reply {
    let results: Vec<_> =
        (0..completed).map(|index| json!({"index": index, "success": true, "url": format!("u{index}")})).collect();
    let counts = json!({"status": status, "totalItems": total, "completedItems": completed, "failedItems": 0});
    let mut body = counts;
    body["results"] = results.into();
    Reply::json(200, &body.to_string())
}

fn sets(request: &Request) -> Vec<Value> {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    body["variableSets"].as_array().unwrap().iter().map(|set| set["title"].clone()).collect()
}

fn job(client: &pictify::Client, count: usize, chunk_size: usize) -> BatchJob {
    client.batches().create("T", rows(count)).into_job_with_chunk_size(chunk_size)
}

#[tokio::test]
async fn rows_are_split_into_batches_and_results_have_their_order() {
    let script =
        [accepted("A"), accepted("B"), batch("processing", 1, 2), batch("completed", 1, 1), batch("completed", 2, 2)];
    let server = ScriptedServer::start(script).await;
    let clock = TestClock::default();
    let client = client(&server, &clock);
    let mut job = job(&client, 3, 2);
    job.start(&client).send().await.unwrap();
    let seen = Mutex::new(Vec::new());
    let see = |progress: BatchProgress| seen.lock().unwrap().push((progress.completed, progress.total));
    let rows = job.wait(&client).on_progress(see).send().await.unwrap();

    let urls: Vec<_> = rows.iter().map(|row| (row.index, row.ok, row.urls())).collect();
    assert_eq!(urls, [(0, Some(true), vec!["u0"]), (1, Some(true), vec!["u1"]), (2, Some(true), vec!["u0"])]);
    assert_eq!(*seen.lock().unwrap(), [(1, 3), (2, 3), (3, 3)]);
    assert_eq!(clock.sleeps(), [Duration::from_secs(1)]);
    let requests = server.requests();
    assert_eq!((sets(&requests[0]), sets(&requests[1])), (vec![json!(0), json!(1)], vec![json!(2)]));
    assert_ne!(requests[0].header("idempotency-key"), requests[1].header("idempotency-key"));
    let polls: Vec<_> = requests[2..].iter().map(|request| request.target.as_str()).collect();
    assert_eq!(polls, ["/templates/batch/A/results", "/templates/batch/B/results", "/templates/batch/A/results"]);
    assert!(job.has_ended());
}

#[tokio::test]
async fn a_job_resumes_after_an_error_and_in_another_process() {
    let script = [accepted("A"), Reply::json(402, "{}"), accepted("B"), accepted("C")];
    let server = ScriptedServer::start(script).await;
    let client = client(&server, &TestClock::default());
    let mut first = job(&client, 3, 1);
    let error = first.start(&client).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QuotaExceeded);
    assert_eq!(first.batch_ids(), ["A"]);
    assert_eq!(
        first.wait(&client).send().await.unwrap_err().kind(),
        ErrorKind::Conflict,
        "the job is not started completely"
    );

    let stored = serde_json::to_string(&first).unwrap();
    let mut second: BatchJob = serde_json::from_str(&stored).unwrap();
    assert_eq!(second, first);
    second.start(&client).send().await.unwrap();
    assert_eq!(second.batch_ids(), ["A", "B", "C"]);
    let sent: Vec<_> = server.requests().iter().flat_map(sets).collect();
    assert_eq!(sent, [0, 1, 1, 2].map(|row| json!(row)));
    let keys: Vec<_> =
        server.requests().iter().map(|request| request.header("idempotency-key").map(str::to_owned)).collect();
    assert_eq!(keys[1], keys[2], "a retried request has the same key");
}

#[tokio::test]
async fn an_ambiguous_batch_is_not_sent_again_unless_double_billing_is_accepted() {
    for lost in [Reply::Reset, Reply::json(500, "{}"), Reply::json(202, "[]")] {
        let server = ScriptedServer::start([lost, accepted("A")]).await;
        let client = client(&server, &TestClock::default());
        let mut job = job(&client, 1, 1);
        job.start(&client).send().await.unwrap_err();
        assert!(job.outcome_unknown());
        let error = job.start(&client).send().await.unwrap_err();
        assert!(error.outcome_unknown() && error.kind() == ErrorKind::Conflict, "{error}");
        assert_eq!(server.requests().len(), 1);
        job.accept_double_billing();
        job.start(&client).send().await.unwrap();
        assert_eq!(job.batch_ids(), ["A"]);
    }
}

#[tokio::test]
async fn a_batch_with_a_schema_mismatch_is_not_sent_again_with_strict_responses() {
    let new = Reply::json(202, r#"{"batchId":"A","colour":"red"}"#);
    let server = ScriptedServer::start([new, accepted("B")]).await;
    let builder = pictify::Client::builder().api_key("k").base_url(server.url()).strict_responses(true);
    let client = builder.build().unwrap();
    let mut job = job(&client, 1, 1);
    assert_eq!(job.start(&client).send().await.unwrap_err().kind(), ErrorKind::SchemaMismatch);
    assert!(job.outcome_unknown());
    job.start(&client).send().await.unwrap_err();
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn cancelling_a_batch_with_an_invalid_id_is_an_error() {
    let server = ScriptedServer::start([accepted("..")]).await;
    let client = client(&server, &TestClock::default());
    let mut job = job(&client, 1, 1);
    job.start(&client).send().await.unwrap();
    assert_eq!(job.cancel(&client).send().await.unwrap_err().kind(), ErrorKind::Validation);
}

#[tokio::test]
async fn the_checkpoint_is_called_before_and_after_each_request() {
    let server = ScriptedServer::start([accepted("A"), accepted("B")]).await;
    let client = client(&server, &TestClock::default());
    let mut log = Vec::new();
    let mut batches = job(&client, 2, 1);
    let write = |job: &BatchJob| {
        log.push((server.requests().len(), job.batch_ids().len(), job.outcome_unknown()));
        Ok(())
    };
    batches.start(&client).checkpoint(write).send().await.unwrap();
    assert_eq!(log, [(0, 0, true), (1, 1, false), (1, 1, true), (2, 2, false)]);

    let mut unwritten = job(&client, 1, 1);
    let full = |_: &BatchJob| Err(std::io::Error::other("disk full"));
    let error = unwritten.start(&client).checkpoint(full).send().await.unwrap_err();
    assert_eq!(error.to_string(), "input or output error: batch job: the checkpoint failed: disk full");
    assert!(!unwritten.outcome_unknown() && server.requests().len() == 2, "nothing was sent");
}

#[tokio::test]
async fn a_wait_times_out_and_preserves_the_received_results() {
    let server = ScriptedServer::start([accepted("A")]).await;
    (0..50).for_each(|_| server.then(batch("processing", 1, 4)));
    let clock = TestClock::default();
    let client = client(&server, &clock);
    let mut job = job(&client, 4, 100);
    job.start(&client).send().await.unwrap();
    let error = job.wait(&client).timeout(Duration::from_secs(20)).send().await.unwrap_err();
    assert_eq!(error.to_string(), "timeout: batch job: after 20 s 1 of 4 rows are rendered, 0 have failed");
    assert!(error.is_retryable() && job.progress().completed == 1 && job.rows().len() == 1);
    assert!(clock.sleeps().iter().sum::<Duration>() < Duration::from_secs(20));
    assert_eq!(clock.sleeps().last(), Some(&Duration::from_secs(5)));
}

#[tokio::test]
async fn the_sum_of_counts_does_not_overflow() {
    let body = format!(r#"{{"status":"completed","totalItems":{0},"completedItems":{0},"failedItems":{0}}}"#, u64::MAX);
    let ended = || Reply::json(200, &body);
    let server = ScriptedServer::start([accepted("A"), accepted("B"), ended(), ended()]).await;
    let client = client(&server, &TestClock::default());
    let mut job = job(&client, 2, 1);
    job.start(&client).send().await.unwrap();
    job.wait(&client).send().await.unwrap();
    let BatchProgress { total, completed, failed, .. } = job.progress();
    assert_eq!([total, completed, failed], [u64::MAX; 3]);
}

#[tokio::test]
async fn a_cancelled_job_can_be_waited_for() {
    let script = [accepted("A"), Reply::json(402, "{}"), Reply::json(409, "{}"), batch("cancelled", 1, 2)];
    let server = ScriptedServer::start(script).await;
    let client = client(&server, &TestClock::default());
    let mut job = job(&client, 4, 2);
    job.start(&client).send().await.unwrap_err();
    job.cancel(&client).send().await.unwrap();
    assert_eq!(job.wait(&client).send().await.unwrap().len(), 1);
    let targets: Vec<_> = server.requests().into_iter().map(|request| request.target).collect();
    assert_eq!(targets[2..], ["/templates/batch/A/cancel", "/templates/batch/A/results"]);
}

#[tokio::test]
async fn invalid_jobs_are_rejected_before_the_first_request() {
    let server = ScriptedServer::start([]).await;
    let client = client(&server, &TestClock::default());
    let mut empty = job(&client, 0, 10);
    assert_eq!(empty.start(&client).send().await.unwrap_err().kind(), ErrorKind::Validation);
    let mut low = client.batches().create("T", rows(3)).quality(9.0).into_job_with_chunk_size(1);
    assert_eq!(low.start(&client).send().await.unwrap_err().kind(), ErrorKind::Validation);
    assert!(!low.outcome_unknown() && server.requests().is_empty());
}

#[test]
fn the_blocking_client_runs_jobs_too() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let script = [accepted("A"), batch("processing", 0, 1), batch("completed", 1, 1)];
    let server = runtime.block_on(ScriptedServer::start(script));
    let clock = TestClock::default();
    let builder = pictify::Client::builder().api_key("k").base_url(server.url()).jitter(|| 1.0).clock(clock.clone());
    let client = builder.build_blocking().unwrap();
    let mut job = client.batches().create("T", rows(1)).into_job();
    job.start(&client).send().unwrap();
    assert_eq!(job.wait(&client).send().unwrap()[0].urls(), ["u0"]);
    assert_eq!(clock.sleeps(), [Duration::from_secs(1)]);
    job.cancel(&client).send().unwrap();
    assert_eq!(server.requests().len(), 3, "nothing is left to cancel");
}
