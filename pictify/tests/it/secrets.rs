//! Secrets: the API key is sent in one header, and no secret appears in errors or debug output.

use pictify::{Client, images::Source, webhooks::WebhookEventType};
use pictify_test_support::{KEY, Reply, ScriptedServer, TestClock, client};

#[tokio::test]
async fn the_key_is_sent_as_a_bearer_token_with_our_user_agent() {
    let server = ScriptedServer::start([Reply::json(200, r#"{"images":[]}"#)]).await;
    client(&server, &TestClock::default()).images().list().send().await.unwrap();
    let request = &server.requests()[0];
    assert_eq!(request.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!(request.header("user-agent"), Some(concat!("pictify-rust/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(request.header("accept"), Some("application/json"));
    assert_eq!(request.header("api-version"), None);
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
    let file = Reply::new(200, &[("content-type", "image/png")], b"image");
    let storage = ScriptedServer::start([file]).await;
    let media = ScriptedServer::start([Reply::new(302, &[("location", &storage.url())], b"")]).await;
    let client = client(&media, &TestClock::default());
    client.download(&format!("{}/a.png?signature=hunter2", media.url())).bytes().await.unwrap();
    assert!(!format!("{:?}", storage.requests()).contains("hunter2"));
}

#[tokio::test]
async fn a_secret_in_a_response_is_in_no_debug_output() {
    let subscription = r#"{"uid":"W","event":"render.completed","targetUrl":"u","status":"active","secret":"hunter2"}"#;
    let server = ScriptedServer::start([Reply::json(200, subscription), Reply::json(200, subscription)]).await;
    let client = client(&server, &TestClock::default());
    let created = || client.webhooks().create(WebhookEventType::RenderCompleted, "https://example.com");
    let response = created().send_with_response().await.unwrap();
    assert_eq!(response.secret.as_ref().unwrap().expose(), "hunter2");
    assert_eq!(response.meta.body, subscription, "the body is available on request");
    assert!(!format!("{response:?} {response:#?}").contains("hunter2"), "{response:?}");
}

#[tokio::test]
async fn a_password_in_the_url_of_a_file_is_in_no_error() {
    let server = ScriptedServer::start([Reply::new(403, &[], b"no")]).await;
    let url = format!("{}/a.png", server.url()).replace("http://", "http://me:hunter2@");
    let error = client(&server, &TestClock::default()).download(&url).bytes().await.unwrap_err();
    assert_eq!(error.kind(), pictify::ErrorKind::Permission);
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
}
