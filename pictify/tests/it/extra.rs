//! Fields of requests that the contract does not know.

use bytes::Bytes;
use pictify::{
    Client, ErrorKind,
    images::{CreateImage, Source},
    transport::{Body, BoxFuture, Transport, TransportError},
};
use pictify_test_support::{KEY, MAX_WAIT, OfflineTransport, Reply, TestClock};
use serde_json::{Value, json};

fn offline(body: &Value) -> (Client, OfflineTransport) {
    let transport = OfflineTransport::new(Reply::json(200, &body.to_string()));
    let builder = Client::builder().api_key(KEY).base_url("http://pictify.test").allow_insecure_http(true);
    let client = builder.clock(TestClock::default()).transport(transport.clone()).build().unwrap();
    (client, transport)
}

fn body(transport: &OfflineTransport) -> Value {
    serde_json::from_slice(&transport.requests()[0].body).unwrap()
}

#[tokio::test]
async fn a_field_is_added_to_the_body() {
    let (client, transport) = offline(&json!({"url": "https://cdn.example/1.png"}));
    let call = client.images().create(Source::html("<h1>Hi</h1>"));
    call.extra("theme", "dark").extra("layers", [1, 2]).extra("theme", "light").width(300).send().await.unwrap();
    assert_eq!(body(&transport), json!({"html": "<h1>Hi</h1>", "width": 300, "theme": "light", "layers": [1, 2]}));
    // A body without members of its own, and one with free data.
    let (client, transport) = offline(&json!({}));
    client.batches().cancel("BT7Q2LM4XR").extra("reason", json!({"code": 3})).send().await.unwrap();
    assert_eq!(body(&transport), json!({"reason": {"code": 3}}));
}

#[tokio::test]
async fn a_field_of_a_request_without_a_body_is_added_to_the_query() {
    let (client, transport) = offline(&json!({"images": []}));
    client.images().list().limit(5).extra("q", "a b&c").extra("deep", true).extra("n", 1.5).send().await.unwrap();
    assert_eq!(transport.requests()[0].target, "/image?limit=5&q=a+b%26c&deep=true&n=1.5");
    let (client, transport) = offline(&json!({"success": true}));
    client.templates().delete("XK4P2M9QZT").extra("force", true).send().await.unwrap();
    assert_eq!(transport.requests()[0].target, "/templates/XK4P2M9QZT?force=true");
}

#[tokio::test]
async fn a_field_that_is_known_set_or_not_sendable_is_rejected_before_sending() {
    struct Unserialisable;
    impl serde::Serialize for Unserialisable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("the lock is poisoned"))
        }
    }
    let (client, transport) = offline(&json!({}));
    let create = || client.images().create(Source::html("<h1>Hi</h1>"));
    let push = |data: Value| client.bindings().push("B4K9", &data);
    let errors = [
        create().extra("fileExtension", "png").send().await.unwrap_err(),
        create().extra("selector", "main").send().await.unwrap_err(),
        create().extra("", 1).send().await.unwrap_err(),
        create().extra("theme", Unserialisable).send().await.unwrap_err(),
        push(json!({"stars": 5})).extra("stars", 6).send().await.unwrap_err(),
        client.images().list().extra("limit", 3).send().await.unwrap_err(),
        client.images().list().extra("tags", ["a"]).send().await.unwrap_err(),
    ];
    let lines = errors.iter().map(|error| {
        assert_eq!(error.kind(), ErrorKind::Validation);
        error.message()
    });
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            "fileExtension: is a field of the contract: set it with `format`, not with extra",
            "selector: is a field of the contract: set it with `selector`, not with extra",
            "extra: the name of a field must not be empty",
            "theme: cannot be serialised: the lock is poisoned",
            "stars: is set already: it cannot be set with extra",
            "limit: is a field of the contract: set it with `limit`, not with extra",
            "tags: must be a text, a number or a boolean: it becomes a query parameter",
        ]
    );
    assert!(transport.requests().is_empty());
}

#[tokio::test]
async fn a_field_is_part_of_the_request_as_data() {
    let (client, transport) = offline(&json!({"url": "https://cdn.example/1.png"}));
    let job = CreateImage::new(Source::html("<h1>Hi</h1>"));
    assert_eq!(serde_json::to_value(&job).unwrap(), json!({"html": "<h1>Hi</h1>"}));
    let with_field = job.clone().extra("theme", "dark");
    assert_ne!(with_field, job);
    assert_eq!(with_field, client.call(job).extra("theme", "dark").into_request());
    let stored = serde_json::to_string(&with_field).unwrap();
    let restored: CreateImage = serde_json::from_str(&stored).unwrap();
    assert_eq!(restored, with_field);
    client.call(restored).send().await.unwrap();
    assert_eq!(body(&transport), json!({"html": "<h1>Hi</h1>", "theme": "dark"}));

    let job = client.batches().create("XK4P2M9QZT", [json!({"n": 1}), json!({"n": 2})]).extra("priority", 2);
    let mut job = job.into_job_with_chunk_size(1);
    let (client, transport) = offline(&json!({"batchId": "BT7Q2LM4XR"}));
    job.start(&client).send().await.unwrap();
    let bodies = transport.requests().into_iter().map(|it| serde_json::from_slice::<Value>(&it.body).unwrap());
    assert_eq!(bodies.map(|body| body["priority"].clone()).collect::<Vec<_>>(), [json!(2), json!(2)]);
}

/// Transport that responds once two requests have come.
struct InPairs(OfflineTransport, tokio::sync::Barrier);

impl Transport for InPairs {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(async {
            self.1.wait().await;
            self.0.send(request).await
        })
    }
}

#[tokio::test]
async fn requests_with_different_fields_are_not_coalesced() {
    let transport = OfflineTransport::new(Reply::json(200, r#"{"url": "https://cdn.example/1.png"}"#));
    let builder = Client::builder().api_key(KEY).base_url("http://pictify.test").allow_insecure_http(true);
    let in_pairs = InPairs(transport.clone(), tokio::sync::Barrier::new(2));
    let client = builder.transport(in_pairs).single_flight(true).build().unwrap();
    let call = |theme: &str| client.images().create(Source::html("<h1>Hi</h1>")).extra("theme", theme).send();
    let calls = async { tokio::join!(call("dark"), call("dark"), call("light")) };
    let (first, same, other) = tokio::time::timeout(MAX_WAIT, calls).await.expect("two requests are sent");
    assert!(first.is_ok() && same.is_ok() && other.is_ok());
    assert_eq!(transport.requests().len(), 2);
}

#[cfg(feature = "blocking")]
#[test]
fn the_blocking_client_adds_fields_too() {
    let transport = OfflineTransport::new(Reply::json(200, r#"{"url": "https://cdn.example/1.png"}"#));
    let builder = Client::builder().api_key(KEY).base_url("http://pictify.test").allow_insecure_http(true);
    let client = builder.transport(transport.clone()).build_blocking().unwrap();
    client.images().create(Source::html("<h1>Hi</h1>")).extra("theme", "dark").send().unwrap();
    assert_eq!(body(&transport)["theme"], "dark");
}
