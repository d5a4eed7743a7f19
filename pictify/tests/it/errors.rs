//! Errors as other libraries print them: the text of the error, then the texts of its sources.

use pictify::{Client, Error, ErrorKind, SpendLimit, images::Source};
use pictify_test_support::{Reply, ScriptedServer, TestClock, client, client_builder};
use std::collections::HashMap;

/// Returns the texts that `{:#}` of anyhow joins.
fn chain(error: &Error) -> Vec<String> {
    let mut texts = vec![error.to_string()];
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        texts.push(error.to_string());
        source = error.source();
    }
    texts
}

/// Serialises with an error.
struct Unserialisable;

impl serde::Serialize for Unserialisable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("the database is locked"))
    }
}

async fn failed(reply: Reply) -> Error {
    let server = ScriptedServer::start([reply]).await;
    client(&server, &TestClock::default()).images().create(Source::html("<p>")).send().await.unwrap_err()
}

#[tokio::test]
async fn an_error_and_its_sources_name_each_cause_once() {
    let mut errors = vec![
        (Client::builder().api_key(" ").build().unwrap_err(), "empty"),
        (Client::builder().api_key("k").base_url("x").build().unwrap_err(), "must be an absolute URL"),
        (Source::template("T", &Unserialisable).unwrap_err(), "the database is locked"),
        (failed(Reply::Reset).await, "reset"),
        (failed(Reply::cut(200, 500, b"{")).await, "lost"),
        (failed(Reply::json(200, "[1, 2")).await, "decoded"),
        (failed(Reply::json(200, r#"{"id":"A"}"#)).await, "url"),
        (failed(Reply::new(307, &[("location", "/x")], b"")).await, "/x"),
        (failed(Reply::json(503, r#"{"message":"oh"}"#)).await, "oh"),
        (failed(Reply::json(400, "<html>")).await, "Bad Request"),
    ];
    for status in [401, 402, 403, 404, 409, 410, 422, 501, 999] {
        errors.push((failed(Reply::json(status, r#"{"message":"oh no"}"#)).await, "oh no"));
    }
    for (reply, words) in [
        (Reply::json(429, r#"{"message":"oh no","retryAfter":9999}"#), "oh no"),
        (Reply::json(500, r#"{"message":"oh no","code":"RENDER_TIMEOUT"}"#), "oh no"),
    ] {
        errors.push((failed(reply).await, words));
    }
    let unreachable = Client::builder().api_key("k").base_url("http://127.0.0.1:9").clock(TestClock::default());
    let unreachable = unreachable.build().unwrap();
    errors.push((unreachable.images().list().send().await.unwrap_err(), "Connection refused"));
    errors.push((unreachable.download("http://127.0.0.1:9/a.png").bytes().await.unwrap_err(), "Connection refused"));

    let file = || Reply::new(200, &[("content-type", "image/png")], b"image");
    let page = Reply::new(200, &[("content-type", "text/html")], b"<p>");
    let server = ScriptedServer::start([
        file(),
        page,
        Reply::json(200, r#"{"url":"https://media.pictify.io/a.png","colour":1}"#),
    ])
    .await;
    let strict = client_builder(&server, &TestClock::default()).strict_responses(true);
    let strict = strict.spend_limit(SpendLimit::renders(1)).build().unwrap();
    let url = server.url();
    let missing = strict.download(&url).to_file("/nowhere/at/all.png").await.unwrap_err();
    errors.push((missing, "No such file"));
    errors.push((strict.download(&url).max_size(1).bytes().await.unwrap_err(), "larger than 1 bytes"));
    errors.push((strict.download(&url).bytes().await.unwrap_err(), "text/html"));
    errors.push((strict.images().create(Source::html("x")).send().await.unwrap_err(), "colour"));
    errors.push((strict.images().create(Source::html("x")).send().await.unwrap_err(), "limit of 1"));

    let mut kinds = HashMap::<ErrorKind, usize>::new();
    for (error, cause) in &errors {
        let chain = chain(error);
        let printed = chain.join(": ");
        assert_eq!(printed.matches(cause).count(), 1, "{cause}: {printed}");
        for (index, text) in chain.iter().enumerate() {
            let others = chain.iter().enumerate().filter(|(other, _)| *other != index);
            assert!(others.into_iter().all(|(_, other)| !other.contains(text)), "{text}: {printed}");
        }
        assert!(error.to_string().contains(cause), "the error alone names the cause: {error}");
        *kinds.entry(error.kind()).or_default() += 1;
    }
    // Timeouts and cassettes have no cause; the unit test of the error has every kind.
    assert!(kinds.len() >= 20, "{kinds:?}");
}
