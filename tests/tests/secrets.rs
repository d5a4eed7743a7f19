//! The key appears in one header, and nowhere else.

use pictify::{Client, images::Source};
use pictify_tests::{KEY, Reply, ScriptedServer, TestClock, client};

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
        // A server that repeats the key: in a refusal, a redirect, a success that does not decode.
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
        let error = client.workflows().send_to_hook("HK1QWERTYU", "hunter2", &row).unwrap().send().await.unwrap_err();
        assert!(server.requests()[0].target.contains("hunter2"));
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}

#[tokio::test]
async fn a_signed_url_is_not_told_to_the_host_that_it_redirects_to() {
    let file = Reply::new(200, &[("content-type", "image/png")], b"picture");
    let storage = ScriptedServer::start([file]).await;
    let media = ScriptedServer::start([Reply::new(302, &[("location", &storage.url())], b"")]).await;
    let client = client(&media, &TestClock::default());
    client.download(&format!("{}/a.png?signature=hunter2", media.url())).bytes().await.unwrap();
    assert!(!format!("{:?}", storage.requests()).contains("hunter2"));
}
