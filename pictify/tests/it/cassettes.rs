//! `pictify::testing`: interactions recorded from a server are replayed without it.

use pictify::{
    Client, ErrorKind,
    images::Source,
    templates::{TemplateSource, VariableDefinition},
    testing::{Cassette, REDACTIONS, assert_struct_matches, assert_type_matches, check_struct, check_type, redact},
};
use pictify_test_support::{KEY, Reply, ScriptedServer};
use serde_json::{Value, json};
use std::{fs, path::Path};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_partial_json, method, path},
};

/// Starts a server with the responses that [`service`] reads. IDs and times contain the number `run`.
async fn server(run: u8) -> MockServer {
    let server = MockServer::start().await;
    let time = format!("2026-08-04T09:15:2{run}.482Z");
    let (template, file) = (format!("T{run}"), |number: u8| format!("{}/files/{run}-{number}.png", server.uri()));
    let created = json!({"template": {"uid": template, "width": 9, "height": 9, "name": "Card", "createdAt": time}});
    respond("POST", "/templates", created).mount(&server).await;
    let image = |number: u8| {
        let id = format!("R{run}{number}");
        json!({"url": file(number), "id": id, "width": 9, "height": 9, "format": "png", "createdAt": time})
    };
    for (number, title) in [(1, "One"), (2, "Two")] {
        let mut layout = image(number);
        layout["layout"] = json!("default");
        let rendered = json!({"results": [layout], "errors": [], "templateUid": template});
        let variables = body_partial_json(json!({"variables": {"title": title}}));
        let render = Mock::given(method("POST")).and(path(format!("/templates/{template}/render"))).and(variables);
        render.respond_with(ResponseTemplate::new(200).set_body_json(rendered)).mount(&server).await;
    }
    let bytes = ResponseTemplate::new(200).set_body_raw(*b"\x89PNG", "image/png");
    Mock::given(method("GET")).and(path(format!("/files/{run}-2.png"))).respond_with(bytes).mount(&server).await;
    let pagination = json!({"total": 2, "limit": 2, "offset": 0, "hasMore": false});
    let images = json!({"images": [image(2), image(1)], "pagination": pagination});
    respond("GET", "/image", images).mount(&server).await;
    server
}

fn respond(of: &str, at: &str, body: Value) -> Mock {
    Mock::given(method(of)).and(path(at)).respond_with(ResponseTemplate::new(200).set_body_json(body))
}

/// Uses the SDK like a service: a template, two renders, a file, a list.
async fn service(client: &Client) -> pictify::Result<(Value, Vec<u8>)> {
    let template = client.templates().create("Card", TemplateSource::html("<h1>{{title}}</h1>")).send().await?;
    let uid = template.uid.as_str();
    let first = client.templates().render(uid, &json!({"title": "One"})).send().await?;
    let second = client.templates().render(uid, &json!({"title": "Two"})).send().await?;
    let file = client.download(&second).bytes().await?;
    let listed = client.images().list().limit(2).send().await?;
    Ok((redact(&json!([template, first, second, listed])), file.to_vec()))
}

async fn record(path: &Path, server: &MockServer) -> (Value, Vec<u8>) {
    let cassette = Cassette::record(path);
    let client = Client::builder().api_key(KEY).base_url(server.uri()).cassette(&cassette).build().unwrap();
    let results = service(&client).await.unwrap();
    cassette.finish().unwrap();
    results
}

fn replaying(path: &Path) -> (Client, Cassette) {
    let cassette = Cassette::replay(path).unwrap();
    (Client::builder().cassette(&cassette).build().unwrap(), cassette)
}

#[tokio::test]
async fn a_recording_is_replayed_without_a_server_and_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cassettes/card.json");
    let server = server(1).await;
    let recorded = record(&path, &server).await;
    drop(server);
    assert_eq!(recorded.1, b"\x89PNG");

    let (client, cassette) = replaying(&path);
    assert_eq!(client.base_url(), "http://pictify.test");
    assert_eq!(service(&client).await.unwrap(), recorded);
    cassette.finish().unwrap();

    // The file contains nothing of this machine, so that a new recording differs only where the service differs.
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains("127.0.0.1") && !text.contains(KEY), "{text}");
}

#[tokio::test]
async fn the_blocking_client_replays_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.json");
    record(&path, &server(1).await).await;
    let work = move || {
        let cassette = Cassette::replay(path).unwrap();
        let client = Client::builder().cassette(&cassette).build_blocking().unwrap();
        let template = client.templates().create("Card", TemplateSource::html("<h1>{{title}}</h1>")).send().unwrap();
        let unused = cassette.unused();
        (template.name, unused)
    };
    let (name, unused) = tokio::task::spawn_blocking(work).await.unwrap();
    assert_eq!(name.as_deref(), Some("Card"));
    assert_eq!(unused.len(), 4, "{unused:?}");
    assert!(unused[0].starts_with("POST /templates/"), "{unused:?}");
}

#[tokio::test]
async fn an_unrecorded_request_fails_immediately_and_describes_the_difference() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.json");
    record(&path, &server(1).await).await;
    let (client, cassette) = replaying(&path);

    let different =
        client.templates().create("Card", TemplateSource::html("<h2>{{title}}</h2>")).send().await.unwrap_err();
    assert_eq!(
        (different.kind(), different.outcome_unknown(), different.attempts().len()),
        (ErrorKind::CassetteMiss, false, 1)
    );
    let text = different.to_string();
    assert!(
        text.contains("the body at /html is \"<h2>{{title}}</h2>\", the recorded one is \"<h1>{{title}}</h1>\""),
        "{text}"
    );
    assert!(text.contains("card.json") && text.contains("PICTIFY_RECORD=1"), "{text}");

    let unknown_path = client.account().plan().send().await.unwrap_err().to_string();
    assert!(unknown_path.contains("has no request with that path"), "{unknown_path}");

    service(&client).await.unwrap();
    let repeated = client.images().list().limit(2).send().await.unwrap_err().to_string();
    assert!(repeated.contains("sent more often than it was recorded"), "{repeated}");

    let file = client.download("http://pictify.test/files/none.png").bytes().await.unwrap_err();
    assert_eq!(file.kind(), ErrorKind::CassetteMiss);
    assert_eq!(cassette.unused(), [""; 0]);
    let error = cassette.finish().unwrap_err().to_string();
    assert!(error.contains("4 requests are not in the recording: POST /templates, GET "), "{error}");
}

#[tokio::test]
async fn unused_recorded_requests_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.json");
    record(&path, &server(1).await).await;
    let (_, cassette) = replaying(&path);
    let error = cassette.finish().unwrap_err();
    assert_eq!(error.path(), path);
    assert!(error.to_string().contains("5 recorded requests were not sent: POST /templates"), "{error}");
}

#[tokio::test]
async fn retries_are_replayed_without_their_waits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("busy.json");
    let throttled = Reply::new(429, &[("retry-after", "30")], b"{}");
    let server = ScriptedServer::start([throttled, Reply::json(200, r#"{"url":"https://a.b/c.png"}"#)]).await;
    let cassette = Cassette::record(&path);
    let clock = pictify_test_support::TestClock::default();
    let builder = Client::builder().api_key(KEY).base_url(server.url()).cassette(&cassette);
    let client = builder.jitter(|| 1.0).clock(clock).build().unwrap();
    client.images().create(Source::html("<p>")).send().await.unwrap();
    cassette.finish().unwrap();

    let (client, cassette) = replaying(&path);
    // With tokio's time paused, a wait that is not skipped would advance it.
    tokio::time::pause();
    let started = tokio::time::Instant::now();
    let response = client.images().create(Source::html("<p>")).send_with_response().await.unwrap();
    assert_eq!(response.meta.attempts.len(), 2);
    assert_eq!(response.meta.attempts[1].delay.as_secs(), 30);
    assert_eq!(started.elapsed().as_millis(), 0);
    cassette.finish().unwrap();
}

#[tokio::test]
async fn the_file_contains_no_secret_in_any_form() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secrets.json");
    let body = json!({
        "url": format!("https://a.b/c.png?token=tok-1&key={KEY}"),
        "id": "A",
        "secret": "sec-1",
        "nested": [{"signingSecret": "sec-2", "note": format!("it is \"{KEY}\" and whsec_sec3")}],
        "basic": format!("Basic {}", STANDARD.encode(format!("{KEY}:"))),
        "login": "https://user:sec-4@a.b/",
        "customer": "Ada Lovelace",
    });
    let headers = [
        ("content-type", "application/json"),
        ("set-cookie", "session=sec-5"),
        ("location", "/x?signature=sec-6"),
        ("authorization", "Bearer sec-7"),
    ];
    let replies = (0..2).map(|_| Reply::new(200, &headers, body.to_string().as_bytes()));
    let server = ScriptedServer::start(replies).await;
    let html = format!("<p>{KEY}</p><i>https://a.b/?sig=sec-8</i> for Ada Lovelace");
    let call = |client: &Client| client.images().create(Source::html(html.as_str())).send();

    let redacting = |cassette: Cassette| cassette.redact("Ada Lovelace", "[name]");
    let cassette = redacting(Cassette::record(&path));
    let builder = Client::builder().api_key(KEY).base_url(server.url()).cassette(&cassette);
    let image = call(&builder.build().unwrap()).await.unwrap();
    assert!(image.url.ends_with(KEY), "the recording client gets the original response");
    cassette.finish().unwrap();

    let text = fs::read_to_string(&path).unwrap();
    for secret in [KEY, "tok-1", "sec-", "sec3", "Lovelace", &STANDARD.encode(KEY), &STANDARD.encode(format!("{KEY}:"))]
    {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    // The same request finds its response, although both are redacted in the file.
    let cassette = redacting(Cassette::replay(&path).unwrap());
    let client = Client::builder().api_key(KEY).cassette(&cassette).build().unwrap();
    assert_eq!(call(&client).await.unwrap().url, "https://a.b/c.png?token=[secret]&key=[key]");
    assert!(!format!("{client:?}{cassette:?}").contains(KEY));
}

#[tokio::test]
async fn a_finished_recording_replaces_the_file_and_an_unfinished_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.json");
    fs::write(&path, "old").unwrap();
    let server = MockServer::start().await;
    respond("POST", "/image", json!({"url": "https://a.b/c.png"})).mount(&server).await;
    let cassette = Cassette::record(&path);
    let client = Client::builder().api_key(KEY).base_url(server.uri()).cassette(&cassette).build().unwrap();
    client.images().create(Source::html("<p>")).send().await.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    cassette.finish().unwrap();
    assert_eq!(Cassette::replay(&path).unwrap().unused(), ["POST /image"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn a_malformed_cassette_and_a_missing_file_have_different_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.json");
    let error = || Cassette::replay(&path).unwrap_err().to_string();
    assert!(error().contains("does not exist: record it with PICTIFY_RECORD=1"), "{}", error());
    for (text, message) in
        [("<h1>", "is not a cassette"), (r#"{"version":9,"base_url":"","interactions":[]}"#, "has version 9")]
    {
        fs::write(&path, text).unwrap();
        assert!(error().contains(message), "{}", error());
    }
    let folder = Cassette::record(folder.path());
    assert!(folder.finish().unwrap_err().to_string().contains("cannot be written"));
}

#[tokio::test]
async fn a_badly_edited_cassette_is_an_error_and_not_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    for (status, body) in [("200", r#""base64":"!""#), ("9", r#""json":1"#), ("200", r#""headers":{"a b":"c"}"#)] {
        let path = folder.path().join("a.json");
        let interaction =
            format!(r#"{{"request":{{"method":"GET","target":"/image"}},"response":{{"status":{status},{body}}}}}"#);
        fs::write(&path, format!(r#"{{"version":1,"base_url":"http://a.test","interactions":[{interaction}]}}"#))
            .unwrap();
        let (client, _) = replaying(&path);
        let error = client.images().list().send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CassetteMiss);
        assert!(error.to_string().contains("the response of interaction 0 is malformed"), "{error}");
    }
}

#[tokio::test]
async fn redacted_responses_are_the_same_in_every_run() {
    let mut runs = Vec::new();
    for run in [1, 2] {
        let server = server(run).await;
        let client = Client::builder().api_key(KEY).base_url(server.uri()).strict_responses(true).build().unwrap();
        runs.push(service(&client).await.unwrap().0);
    }
    assert_eq!(runs[0], runs[1]);
    assert_eq!(runs[0][1]["id"], runs[0][3]["images"][1]["id"], "the same image: {:#}", runs[0]);
}

#[test]
fn insta_accepts_the_selectors() {
    let mut settings = insta::Settings::clone_current();
    for (selector, placeholder) in REDACTIONS {
        settings.add_redaction(selector, placeholder);
    }
    let response = json!({
        "uid": "A", "url": "https://a.b/c.png", "createdAt": "2026-08-04T09:15:27.482Z",
        "results": [{"id": "B", "width": 9}], "requestId": "C", "processingTime": 12,
    });
    settings.bind(|| {
        insta::assert_json_snapshot!(response, @r#"
        {
          "uid": "[id]",
          "url": "[url]",
          "createdAt": "[time]",
          "results": [
            {
              "id": "[id]",
              "width": 9
            }
          ],
          "requestId": "[id]",
          "processingTime": "[duration]"
        }
        "#);
    });
}

#[test]
fn a_struct_is_checked_against_the_variables_of_its_template() {
    #[derive(serde::Serialize, schemars::JsonSchema)]
    struct Card {
        title: String,
        badge: Option<bool>,
        sub_title: Option<String>,
    }

    #[derive(serde::Serialize, schemars::JsonSchema)]
    #[serde(rename_all = "camelCase")]
    struct Better {
        title: String,
        badge: f64,
        sub_title: Option<String>,
    }

    let definitions: Vec<VariableDefinition> = serde_json::from_value(json!([
        {"name": "title", "type": "text", "validation": {"required": true, "maxLength": 5}},
        {"name": "badge", "type": "number", "defaultValue": 1},
        {"name": "subTitle", "type": "text"},
    ]))
    .unwrap();

    let samples = [
        Card { title: "Hello".to_owned(), badge: None, sub_title: None },
        Card { title: "Hello again".to_owned(), badge: Some(true), sub_title: Some(String::new()) },
    ];
    let mismatches = check_struct(&definitions, &samples).unwrap_err().to_string();
    assert_eq!(
        mismatches,
        "the struct does not match the template:\n  \
         sample 0: sub_title: is not a variable of the template; did you mean subTitle?\n  \
         sample 1: title: must have at most 5 characters, has 11\n  \
         sample 1: badge: must be a number, is a boolean\n  \
         sample 1: sub_title: is not a variable of the template; did you mean subTitle?\n  \
         subTitle: is never set and has no default: it renders empty"
    );
    let mismatches = check_type::<Card>(&definitions).unwrap_err().to_string();
    assert_eq!(
        mismatches,
        "the struct does not match the template:\n  \
         badge: must be a number, is boolean in the type\n  \
         subTitle: is never set and has no default: it renders empty\n  \
         sample 0: sub_title: is not a variable of the template; did you mean subTitle?"
    );

    let better = Better { title: "Hello".to_owned(), badge: 1.5, sub_title: Some("x".to_owned()) };
    assert_struct_matches(&definitions, &[better]);
    assert_type_matches::<Better>(&definitions);
}

#[tokio::test]
async fn an_unsuccessful_response_is_recorded_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("failed.json");
    let server = ScriptedServer::start([Reply::json(422, r#"{"error":"no"}"#)]).await;
    let cassette = Cassette::record(&path);
    let client = Client::builder().api_key(KEY).base_url(server.url()).cassette(&cassette).build().unwrap();
    let recorded = client.images().create(Source::html("<p>")).send().await.unwrap_err();
    cassette.finish().unwrap();
    let (client, _) = replaying(&path);
    let replayed = client.images().create(Source::html("<p>")).send().await.unwrap_err();
    assert_eq!((replayed.kind(), replayed.to_string()), (recorded.kind(), recorded.to_string()));
}
