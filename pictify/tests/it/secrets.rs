//! Secrets: the API key is sent in one header, and no secret appears in errors or debug output.

use pictify::{Client, images::Source, webhooks::WebhookEventType};
use pictify_test_support::{KEY, Reply, ScriptedServer, TestClock, client, client_builder, client_of};
use std::sync::{Arc, Mutex};
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

/// Returns the key in all forms in which a server may repeat it.
fn forms_of_the_key() -> Vec<(&'static str, String)> {
    use base64::{
        Engine,
        engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
    };
    let each = |form: fn(u8) -> String| KEY.bytes().map(form).collect::<String>();
    let base64 = STANDARD.encode(format!("user:{KEY}"));
    vec![
        ("as it is", KEY.to_owned()),
        ("in capitals", KEY.to_uppercase()),
        ("as a token", format!("Bearer {KEY}")),
        ("in a URL", format!("https://api.pictify.io/r/A?token={KEY}&x=1")),
        ("JSON escapes", each(|byte| format!("\\u{byte:04x}"))),
        ("some JSON escapes", KEY.replace('-', "\\u002D")),
        ("JSON in JSON", each(|byte| format!("\\\\u{byte:04X}"))),
        ("percent-encoded", each(|byte| format!("%{byte:02X}"))),
        ("some percent-encoded", KEY.replace('-', "%2d")),
        ("percent-encoded twice", KEY.replace('-', "%252D")),
        ("percent-encoded, with JSON escapes", KEY.replace('-', "\\u00252D")),
        ("Base64", STANDARD.encode(KEY)),
        ("Base64 of the header", STANDARD.encode(format!("Bearer {KEY}"))),
        ("Base64 of user and password", base64.clone()),
        ("Base64 for URLs", URL_SAFE_NO_PAD.encode(format!("me:{KEY}"))),
        ("Base64, percent-encoded", base64.replace('=', "%3D").replace('+', "%2B").replace('/', "%2F")),
        ("hexadecimal", each(|byte| format!("{byte:02x}"))),
    ]
}

#[tokio::test]
async fn a_key_that_the_server_repeats_is_on_no_surface() {
    let mut leaks = Vec::new();
    for (form, key) in forms_of_the_key() {
        let json = [("content-type", "application/json"), ("x-request-id", key.as_str()), ("x-debug", key.as_str())];
        let words = format!(r#"{{"message":"no {key}","code":"c {key}","requestId":"{key}","details":"{key}"}}"#);
        let fields = format!(r#"{{"errors":[{{"field":"{key}","message":"{key}","code":"{key}"}},"{key}"]}}"#);
        let location = [("location", key.as_str()), ("x-request-id", key.as_str())];
        let undecodable = format!(r#"{{"url":7,"x":"{key}"}}"#);
        let done = format!(r#"{{"url":"https://media.pictify.io/a.png","id":"A","{key}":"{key}"}}"#);
        for (place, reply) in [
            ("words of a 401", Reply::new(401, &json, words.as_bytes())),
            ("words of a 500", Reply::new(500, &json, words.as_bytes())),
            ("fields of a 422", Reply::new(422, &json, fields.as_bytes())),
            ("a text", Reply::new(502, &[("x-request-id", &key)], format!("no route {key}").as_bytes())),
            ("a location", Reply::new(307, &location, b"")),
            ("an undecodable success", Reply::new(200, &json, undecodable.as_bytes())),
            ("a cut success", Reply::cut_with(200, &json, 5000, done.as_bytes())),
            ("a success", Reply::new(200, &json, done.as_bytes())),
        ] {
            let server = ScriptedServer::start([reply]).await;
            let events = Arc::new(Mutex::new(Vec::new()));
            let (log, more) = (events.clone(), events.clone());
            let client = client_builder(&server, &TestClock::default())
                .on_attempt(move |event| log.lock().unwrap().push(format!("{event:?}")))
                .on_schema_mismatch(move |report| more.lock().unwrap().push(format!("{report} {report:?}")))
                .build()
                .unwrap();
            let mut shown = match client.images().create(Source::html("<p>")).send_with_response().await {
                Err(error) => {
                    let mut shown = vec![
                        format!("{error} {error:#} {error:?} {error:#?} {} {:?}", error.message(), error.code()),
                        format!("{:?} {:?} {:?}", error.headers(), error.request_id(), error.attempts()),
                        format!("{:?} {:?} {:?}", error.body(), error.details(), error.field_errors()),
                        String::from_utf8_lossy(error.body().map(|body| &body[..]).unwrap_or_default()).into_owned(),
                    ];
                    let mut source = std::error::Error::source(&error);
                    while let Some(error) = source {
                        shown.push(format!("{error} {error:?}"));
                        source = error.source();
                    }
                    shown.join("\n")
                }
                Ok(response) => {
                    let body = String::from_utf8_lossy(&response.meta.body);
                    format!("{:?} {:#?} {:?} {body}", response.meta, response.meta, response.meta.request_id())
                }
            };
            shown += &events.lock().unwrap().join("\n");
            // Escapes of the debug format would hide what is shown.
            let shown = shown.replace("\\\\", "\\");
            if [&key, &key.replace("\\\\", "\\"), KEY].iter().any(|key| shown.contains(*key)) {
                leaks.push(format!("{form}, {place}: {shown}"));
            }
            assert!(
                !shown.is_empty() && (place == "a cut success" || shown.contains("[key]")),
                "{form}, {place}: {shown}"
            );
        }
    }
    assert!(leaks.is_empty(), "{} leaks, the first: {}", leaks.len(), leaks[0]);
}

#[tokio::test]
async fn a_key_that_a_file_host_repeats_is_in_no_error() {
    let server = ScriptedServer::start([Reply::new(403, &[("x-id", KEY)], format!("no {KEY}").as_bytes())]).await;
    let client = client(&server, &TestClock::default());
    let url = format!("{}/r/{KEY}/A.png?token={KEY}", server.url());
    let error = client.download(&url).bytes().await.unwrap_err();
    let shown = format!("{error} {error:?} {:?} {:?} {:?}", error.headers(), error.body(), error.details());
    assert!(shown.contains("[key]") && !shown.contains(KEY), "{shown}");
}

#[tokio::test]
async fn other_secrets_of_a_request_are_in_no_error() {
    let secret = "hunter2-hunter2-hunter2";
    let echo = format!(r#"{{"message":"Route POST:/workflow/hooks/HK1/{secret} not found, key {secret}"}}"#);
    let server = ScriptedServer::start([Reply::json(404, &echo), Reply::json(403, &echo)]).await;
    let client = client(&server, &TestClock::default());
    let row = serde_json::json!({"name": "Ada"});
    let hook = client.workflows().send_to_hook("HK1QWERTYU", secret, &row).send().await.unwrap_err();
    let events =
        client.events().track([pictify::events::Event::click("a")]).write_key(secret).send().await.unwrap_err();
    for error in [hook, events] {
        let shown = format!("{error} {error:?} {:?} {:?}", error.body(), error.details());
        assert!(shown.contains("[key]") && !shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn a_joined_call_shows_no_key_either() {
    let server = ScriptedServer::start([Reply::json(200, &format!(r#"{{"x":"{KEY}"}}"#))]).await;
    let client = client_builder(&server, &TestClock::default()).single_flight(true).build().unwrap();
    let render = || client.images().create(Source::html("<p>")).send();
    let (first, second) = tokio::join!(render(), render());
    for error in [first.unwrap_err(), second.unwrap_err()] {
        let body = String::from_utf8_lossy(error.body().unwrap()).into_owned();
        assert!(!body.contains(KEY) && body.contains("[key]"), "{body}");
    }
    assert_eq!(server.requests().len(), 1);
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
