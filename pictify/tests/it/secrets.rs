//! Secrets: the API key is sent in one header, and no secret appears in errors or debug output.

use pictify::{Client, images::Source, webhooks::WebhookEventType};
use pictify_test_support::{KEY, Reply, ScriptedServer, TestClock, client, client_of};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, method, path},
};

#[tokio::test]
async fn the_key_is_sent_as_a_bearer_token_with_our_user_agent() {
    let server = MockServer::start().await;
    let response = ResponseTemplate::new(200).set_body_raw(r#"{"images":[]}"#, "application/json");
    Mock::given(method("GET"))
        .and(path("/image"))
        .and(header("authorization", format!("Bearer {KEY}")))
        .and(header("user-agent", concat!("pictify-rust/", env!("CARGO_PKG_VERSION"))))
        .and(header("accept", "application/json"))
        .respond_with(response)
        .expect(1)
        .mount(&server)
        .await;
    client_of(server.uri(), &TestClock::default()).images().list().send().await.unwrap();
    assert!(!server.received_requests().await.unwrap()[0].headers.contains_key("api-version"));
}

#[tokio::test]
async fn the_key_is_in_no_debug_output_and_no_error() {
    let echo = format!("{{\"message\":\"the key is {KEY}\"}}");
    let replies = [
        Reply::Reset,
        Reply::json(500, "{}"),
        Reply::json(200, "<html>"),
        // A server that repeats the key: in an error, a redirect, a success that cannot be decoded.
        Reply::json(401, &echo),
        Reply::json(307, &echo),
        Reply::json(200, &echo),
    ];
    for reply in replies {
        let server = ScriptedServer::start([reply]).await;
        let client = client(&server, &TestClock::default());
        let call = client.images().create(Source::html("<p>"));
        assert!(!format!("{client:?} {call:?} {:?}", Client::builder().api_key(KEY)).contains(KEY));
        let error = call.send().await.unwrap_err();
        let mut shown = format!("{error} {error:?} {:?} {:?}", error.body(), error.details());
        let mut source = std::error::Error::source(&error);
        while let Some(error) = source {
            shown = format!("{shown} {error} {error:?}");
            source = error.source();
        }
        assert!(!shown.contains(KEY), "{shown}");
    }
}

#[tokio::test]
async fn a_secret_in_a_url_is_in_no_error() {
    for reply in [Reply::Reset, Reply::cut(200, 500, b"{")] {
        let server = ScriptedServer::start([reply]).await;
        let client = client(&server, &TestClock::default());
        let row = serde_json::json!({"name": "Ada"});
        let error = client.workflows().send_to_hook("HK1QWERTYU", "hunter2", &row).send().await.unwrap_err();
        assert!(server.requests()[0].target.contains("hunter2"));
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}

#[tokio::test]
async fn a_signed_url_is_not_sent_to_the_target_of_its_redirect() {
    let (media, storage) = (MockServer::start().await, MockServer::start().await);
    let redirect = ResponseTemplate::new(302).insert_header("location", storage.uri());
    Mock::given(method("GET")).and(path("/a.png")).respond_with(redirect).expect(1).mount(&media).await;
    let file = ResponseTemplate::new(200).set_body_raw("image", "image/png");
    Mock::given(method("GET")).and(path("/")).respond_with(file).expect(1).mount(&storage).await;
    let client = client_of(media.uri(), &TestClock::default());
    client.download(&format!("{}/a.png?signature=hunter2", media.uri())).bytes().await.unwrap();
    assert!(!format!("{:?}", storage.received_requests().await.unwrap()).contains("hunter2"));
}

#[tokio::test]
async fn a_secret_in_a_response_is_in_no_debug_output() {
    let subscription = r#"{"uid":"W","event":"render.completed","targetUrl":"u","status":"active","secret":"hunter2"}"#;
    let server = MockServer::start().await;
    let response = ResponseTemplate::new(200).set_body_raw(subscription, "application/json");
    Mock::given(method("POST")).and(path("/webhook-subscriptions")).respond_with(response).mount(&server).await;
    let client = client_of(server.uri(), &TestClock::default());
    let created = || client.webhooks().create(WebhookEventType::RenderCompleted, "https://example.com");
    let response = created().send_with_response().await.unwrap();
    assert_eq!(response.secret.as_ref().unwrap().expose(), "hunter2");
    assert_eq!(response.meta.body, subscription, "the body is available on request");
    assert!(!format!("{response:?} {response:#?}").contains("hunter2"), "{response:?}");
}

#[tokio::test]
async fn a_password_in_the_url_of_a_file_is_in_no_error() {
    let server = MockServer::start().await;
    let response = ResponseTemplate::new(403).set_body_string("no");
    Mock::given(method("GET")).and(path("/a.png")).respond_with(response).mount(&server).await;
    let url = format!("{}/a.png", server.uri()).replace("http://", "http://me:hunter2@");
    let error = client_of(server.uri(), &TestClock::default()).download(&url).bytes().await.unwrap_err();
    assert_eq!(error.kind(), pictify::ErrorKind::Permission);
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn a_key_that_a_server_repeats_is_removed_from_every_place() {
    let shortest = "0123456789abcdef";
    let twice = format!(r#"{{"message":"{KEY} and {KEY}"}}"#);
    let once = format!(r#"{{"message":"{shortest}"}}"#);
    for (key, body) in [(KEY, twice), (shortest, once)] {
        let server = ScriptedServer::start([Reply::json(401, &body)]).await;
        let client = Client::builder().api_key(key).base_url(server.url()).build().unwrap();
        let error = client.images().create(Source::html("<p>")).send().await.unwrap_err();
        assert!(!format!("{error} {error:?} {:?}", error.body()).contains(key), "{error:?}");
    }
}

#[tokio::test]
async fn the_key_is_in_no_body_that_an_error_of_a_success_keeps() {
    let unexpected = format!(r#"{{"url":"https://media.example/a.png","id":"A","colour":"{KEY}"}}"#);
    let half = format!(r#"{{"url":"{KEY}"#);
    for reply in [Reply::json(200, &unexpected), Reply::cut(200, 500, half.as_bytes())] {
        let server = ScriptedServer::start([reply]).await;
        let builder = Client::builder().api_key(KEY).base_url(server.url()).strict_responses(true);
        let error = builder.build().unwrap().images().create(Source::html("<p>")).send().await.unwrap_err();
        let body = String::from_utf8_lossy(error.body().expect("the error keeps the body"));
        assert!(body.contains("url") && !body.contains(KEY), "{body}");
    }
}
