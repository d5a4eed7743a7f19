//! `send_all`: bounded concurrency, results in order or as they complete. An invalid row does not affect the others.

use pictify::{Client, ErrorKind, blocking, images::Source, send_all};
use pictify_test_support::{Reply, ScriptedServer, TestClock, client};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Semaphore,
};

fn image(id: &str) -> Reply {
    Reply::json(200, &format!(r#"{{"url":"http://u","id":"{id}"}}"#))
}

#[tokio::test]
async fn a_failed_row_does_not_affect_the_others_and_results_have_the_order_of_the_rows() {
    let script = [image("0"), Reply::json(422, "{}"), image("3")];
    let server = ScriptedServer::start(script).await;
    let client = client(&server, &TestClock::default());
    let rows = [Ok("a"), Ok("b"), Err("c"), Ok("d")].into_iter().map(|row| match row {
        Ok(html) => Ok(client.images().create(Source::html(html))),
        Err(url) => Ok(client.images().create(Source::url(url)?)),
    });
    let mut sent = send_all(rows).concurrency(1);
    let mut results = Vec::new();
    while let Some(done) = sent.next().await {
        results.push((done.index, done.result.map(|image| image.id.unwrap()).map_err(|error| error.kind())));
    }
    assert_eq!(
        results,
        [
            (0, Ok("0".to_owned())),
            (1, Err(ErrorKind::Validation)),
            (2, Err(ErrorKind::Validation)),
            (3, Ok("3".to_owned())),
        ]
    );
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn an_error_that_every_row_would_have_ends_the_run() {
    for status in [401, 402] {
        let server = ScriptedServer::start([image("0"), Reply::json(status, "{}"), image("2")]).await;
        let client = client(&server, &TestClock::default());
        let taken = AtomicUsize::new(0);
        let rows = (0..1_000_000).map(|row| {
            taken.fetch_add(1, Ordering::Relaxed);
            client.images().create(Source::html(row.to_string()))
        });
        let mut sent = send_all(rows).concurrency(1);
        let mut results = Vec::new();
        while let Some(done) = sent.next().await {
            results.push(done.result.is_ok());
        }
        assert_eq!((results, taken.load(Ordering::Relaxed)), (vec![true, false], 2));
    }
}

#[tokio::test]
async fn an_ended_iterator_of_rows_is_not_called_again() {
    let server = ScriptedServer::start([image("0"), image("1")]).await;
    let client = client(&server, &TestClock::default());
    let mut calls = 0;
    let rows = std::iter::from_fn(|| {
        calls += 1;
        assert!(calls <= 2, "the iterator has ended");
        (calls == 1).then(|| client.images().create(Source::html("x")))
    });
    let mut sent = send_all(rows);
    assert!(sent.next().await.is_some());
    assert!(sent.next().await.is_none() && sent.next().await.is_none());
}

/// Server that responds to a request only with a permit, and counts the concurrent requests.
struct Gate {
    url: String,
    concurrent: Arc<AtomicUsize>,
    max_concurrent: Arc<AtomicUsize>,
    permits: Arc<Semaphore>,
}

impl Gate {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let gate = Self {
            url,
            concurrent: Arc::default(),
            max_concurrent: Arc::default(),
            permits: Arc::new(Semaphore::new(0)),
        };
        let (concurrent, max_concurrent, permits) =
            (gate.concurrent.clone(), gate.max_concurrent.clone(), gate.permits.clone());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (concurrent, max_concurrent, permits) =
                    (concurrent.clone(), max_concurrent.clone(), permits.clone());
                tokio::spawn(async move {
                    let mut buffer = [0; 4096];
                    while stream.read(&mut buffer).await.unwrap_or(0) > 0 {
                        max_concurrent.fetch_max(concurrent.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        permits.acquire().await.unwrap().forget();
                        concurrent.fetch_sub(1, Ordering::SeqCst);
                        let response = b"HTTP/1.1 200 X\r\ncontent-length: 18\r\n\r\n{\"url\":\"http://u\"}";
                        stream.write_all(response).await.unwrap();
                    }
                });
            }
        });
        gate
    }

    fn client(&self) -> Client {
        Client::builder().api_key("k").base_url(&self.url).build().unwrap()
    }
}

#[tokio::test]
async fn concurrency_is_limited() {
    let gate = Gate::start().await;
    let client = gate.client();
    gate.permits.add_permits(50);
    let rows = (0..50).map(|row| client.images().create(Source::html(row.to_string())));
    let mut sent = send_all(rows).concurrency(4).unordered();
    let mut seen = Vec::new();
    while let Some(done) = sent.next().await {
        done.result.unwrap();
        seen.push(done.index);
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..50).collect::<Vec<_>>());
    assert!(gate.max_concurrent.load(Ordering::SeqCst) <= 4);
}

#[test]
fn the_blocking_client_iterates_and_abandons_unfinished_calls_when_dropped() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let gate = runtime.block_on(Gate::start());
    let client = blocking::Client::builder().api_key("k").base_url(&gate.url).build_blocking().unwrap();
    gate.permits.add_permits(20);
    let rows = (0..20).map(|row| client.images().create(Source::html(row.to_string())));
    let indices: Vec<_> = send_all(rows).concurrency(3).map(|done| done.result.map(|_| done.index).unwrap()).collect();
    assert_eq!(indices, (0..20).collect::<Vec<_>>());
    assert!(gate.max_concurrent.load(Ordering::SeqCst) <= 3);

    gate.permits.add_permits(1);
    let rows = (0..20).map(|row| client.images().create(Source::html(row.to_string())));
    let mut sent = send_all(rows).concurrency(2).unordered();
    assert!(sent.next().unwrap().result.is_ok());
    drop(sent);
    drop(client);
}

#[tokio::test]
async fn a_template_is_rendered_for_each_row() {
    let layout = |url: &str| Reply::json(200, &format!(r#"{{"url":"http://{url}"}}"#));
    let server = ScriptedServer::start([layout("a"), layout("b")]).await;
    let client = client(&server, &TestClock::default());
    let rows = [serde_json::json!({"n": 1}), serde_json::json!("not an object"), serde_json::json!({"n": 2})];
    let format = pictify::templates::RenderFormat::Webp;
    let mut sent =
        client.templates().render_many("T", rows).concurrency(1).map_call(|call| call.format(format.clone()));
    let mut results = Vec::new();
    while let Some(done) = sent.next().await {
        results.push(done.result.map(|image| image.url).map_err(|error| error.kind()));
    }
    assert_eq!(results, [Ok("http://a".to_owned()), Err(ErrorKind::Validation), Ok("http://b".to_owned())]);
    let bodies: Vec<serde_json::Value> =
        server.requests().iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect();
    assert_eq!(bodies[1], serde_json::json!({"variables": {"n": 2}, "format": "webp"}));
}
