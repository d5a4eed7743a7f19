//! Transports, credentials and connections of a client.

use bytes::Bytes;
use http::header::AUTHORIZATION;
use pictify::{
    ApiKey, Client, Credentials, ErrorKind, Result,
    images::Source,
    transport::{Body, BoxFuture, TowerTransport, Transport, TransportError},
};
use pictify_test_support::{KEY, Reply, ScriptedServer, TestClock};
use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

const IMAGE: &str = r#"{"id":"A","url":"https://files.test/a.png","createdAt":"2026-01-01T00:00:00Z"}"#;

type Sent = Result<http::Response<Body>, TransportError>;

/// A transport that responds with the next of its responses and records the requests.
#[derive(Clone, Default)]
struct Scripted {
    responses: Arc<Mutex<Vec<Sent>>>,
    requests: Arc<Mutex<Vec<http::Request<Bytes>>>>,
}

impl Scripted {
    fn new(responses: impl IntoIterator<Item = Sent>) -> Self {
        let mut responses: Vec<_> = responses.into_iter().collect();
        responses.reverse();
        Self { responses: Arc::new(Mutex::new(responses)), ..Self::default() }
    }

    fn keys(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests.iter().map(|request| request.headers()[AUTHORIZATION].to_str().unwrap().to_owned()).collect()
    }
}

impl Transport for Scripted {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Sent> {
        self.requests.lock().unwrap().push(request);
        let response = self.responses.lock().unwrap().pop().expect("a response for each request");
        Box::pin(std::future::ready(response))
    }
}

#[allow(clippy::unnecessary_wraps, reason = "a transport returns a Result")]
fn response(status: u16, body: &'static str) -> Sent {
    Ok(http::Response::builder().status(status).body(Body::from(body)).unwrap())
}

fn builder() -> pictify::ClientBuilder {
    Client::builder().base_url("https://pictify.test").jitter(|| 1.0).clock(TestClock::default())
}

#[tokio::test]
async fn a_transport_decides_by_its_error_if_a_billed_call_is_sent_again() {
    let error = || std::io::Error::other("scripted");
    for (first, requests, expected) in [
        (TransportError::not_sent(error()), 2, None),
        (TransportError::connection_lost(error()), 1, Some((ErrorKind::Transport, true))),
    ] {
        let transport = Scripted::new([Err(first), response(200, IMAGE)]);
        let client = builder().api_key(KEY).transport(transport.clone()).build().unwrap();
        let result = client.images().create(Source::html("<p>")).send().await;
        let failure = result.err().map(|error| (error.kind(), error.outcome_unknown()));
        assert_eq!((failure, transport.requests.lock().unwrap().len()), (expected, requests));
    }
}

#[tokio::test]
async fn a_tower_service_is_a_transport() {
    let service = tower::service_fn(|request: http::Request<Bytes>| async move {
        assert_eq!(request.uri(), "https://pictify.test/image");
        assert_eq!(request.headers()[AUTHORIZATION], format!("Bearer {KEY}"));
        Ok::<_, Infallible>(http::Response::new(http_body_util::Full::new(Bytes::from_static(IMAGE.as_bytes()))))
    });
    let client = builder().api_key(KEY).transport(TowerTransport::new(service)).build().unwrap();
    let image = client.images().create(Source::html("<p>")).send().await.unwrap();
    assert_eq!(image.url, "https://files.test/a.png");
}

/// Credentials that return the next key each time they are called.
#[derive(Debug)]
struct Rotating {
    calls: AtomicUsize,
    keys: [&'static str; 3],
}

impl Credentials for Rotating {
    fn api_key(&self, rejected: Option<&ApiKey>) -> BoxFuture<'_, Result<ApiKey>> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        assert_eq!(rejected.is_some(), call == 1, "the second call is after the 401");
        Box::pin(async move { ApiKey::new(self.keys[call]) })
    }
}

#[tokio::test]
async fn credentials_are_called_again_after_a_401() {
    for (keys, statuses, sent, succeeds) in [
        (["old", "new", "-"], vec![401, 200], vec!["Bearer old", "Bearer new"], true),
        // The same key again cannot help.
        (["old", "old", "-"], vec![401], vec!["Bearer old"], false),
        // A new key is tried once.
        (["old", "new", "-"], vec![401, 401], vec!["Bearer old", "Bearer new"], false),
        (["old", "-", "-"], vec![200], vec!["Bearer old"], true),
    ] {
        let transport = Scripted::new(statuses.into_iter().map(|status| response(status, IMAGE)));
        let credentials = Rotating { calls: AtomicUsize::new(0), keys };
        let client = builder().credentials(credentials).transport(transport.clone()).build().unwrap();
        let result = client.images().create(Source::html("<p>")).send().await;
        assert_eq!((result.is_ok(), transport.keys()), (succeeds, sent.iter().map(ToString::to_string).collect()));
        if let Err(error) = result {
            assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Authentication, false));
        }
    }
}

#[tokio::test]
async fn every_key_of_a_call_is_removed_from_its_errors() {
    let (old, new) = ("old-key-0123456789", "new-key-0123456789");
    let body = r#"{"message":"no","keys":["old-key-0123456789","new-key-0123456789"]}"#;
    let transport = Scripted::new([response(401, body), response(403, body)]);
    let credentials = Rotating { calls: AtomicUsize::new(0), keys: [old, new, "-"] };
    let client = builder().credentials(credentials).transport(transport).build().unwrap();
    let error = client.images().create(Source::html("<p>")).send().await.unwrap_err();
    let body = String::from_utf8_lossy(error.body().unwrap()).into_owned();
    assert!(!body.contains(old) && !body.contains(new), "{body}");
}

#[tokio::test]
async fn requests_beyond_the_connection_limit_wait_for_a_free_connection() {
    /// Counts the requests at a time.
    #[derive(Clone, Default)]
    struct Counting(Arc<(AtomicUsize, AtomicUsize)>);

    impl Transport for Counting {
        fn send(&self, _: http::Request<Bytes>) -> BoxFuture<'_, Sent> {
            let (current, max) = &*self.0;
            max.fetch_max(current.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            Box::pin(async move {
                for _ in 0..3 {
                    tokio::task::yield_now().await;
                }
                self.0.0.fetch_sub(1, Ordering::SeqCst);
                response(200, IMAGE)
            })
        }
    }

    for (limit, expected) in [(None, 32), (Some(5), 5), (Some(0), 1)] {
        let transport = Counting::default();
        let builder = builder().api_key(KEY).transport(transport.clone());
        let builder = if let Some(limit) = limit { builder.max_connections(limit) } else { builder };
        let client = builder.build().unwrap();
        let calls = (0..400).map(|_| client.images().get("A").send());
        for result in futures_util::future::join_all(calls).await {
            result.unwrap();
        }
        assert_eq!(transport.0.1.load(Ordering::SeqCst), expected);
    }
}

#[tokio::test]
async fn a_call_without_a_free_connection_fails_as_not_sent() {
    let server = ScriptedServer::start([Reply::Hang]).await;
    let clock = TestClock::default();
    let client =
        Client::builder().api_key(KEY).base_url(server.url()).jitter(|| 1.0).clock(clock.clone()).max_connections(1);
    let client = client.build().unwrap();
    let first = tokio::spawn(client.images().get("A").with_timeout(Duration::from_secs(60)).send());
    server.arrived().await;
    let second = client.images().create(Source::html("<p>")).with_timeout(Duration::from_secs(10)).send();
    let second = tokio::spawn(second);
    // The first call waits for its response, the second for a connection.
    clock.wait_for_timers(2).await;
    clock.advance(Duration::from_secs(10));
    let error = second.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.outcome_unknown(), error.attempts().len()), (ErrorKind::Timeout, false, 0));
    assert!(error.to_string().contains("no connection was free within the call's 10 s"), "{error}");
    assert_eq!(client.renders_spent(), 0);
    first.abort();
}

#[tokio::test]
async fn requests_go_through_a_proxy_if_one_is_set() {
    let proxy = ScriptedServer::start([Reply::json(200, IMAGE)]).await;
    let builder = Client::builder().api_key(KEY).base_url("http://api.pictify.test").allow_insecure_http(true);
    let client = builder.proxy(proxy.url()).build().unwrap();
    client.images().get("A").send().await.unwrap();
    assert!(format!("{:?}", proxy.requests()[0]).contains("http://api.pictify.test/image/A"));
}

#[test]
fn invalid_connection_settings_are_config_errors() {
    let builder = || Client::builder().api_key(KEY);
    for (builder, text) in [
        (builder().proxy("http://user:hunter2@[broken"), "the proxy is not a URL"),
        (builder().root_certificate("no certificate"), "the root certificate is not PEM"),
        (builder().client_certificate("no chain", "no key"), "the client certificate is not PEM"),
        (
            builder().transport(Scripted::default()).proxy("http://proxy.test"),
            "`proxy` belongs to the default transport: set it on the given one instead",
        ),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(text) && !error.to_string().contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn a_client_can_use_the_http_client_of_an_application() {
    let server = ScriptedServer::start([Reply::json(200, IMAGE)]).await;
    let http = pictify_test_support::http_client();
    let client = Client::builder().api_key(KEY).base_url(server.url()).http_client(http).build().unwrap();
    client.images().get("A").send().await.unwrap();
    assert_eq!(server.requests().len(), 1);
}
