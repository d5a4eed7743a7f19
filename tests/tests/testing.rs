//! `pictify::testing`: what is recorded against the emulator is replayed without it.

use pictify::{
    Client, ErrorKind,
    images::Source,
    templates::TemplateSource,
    testing::{Cassette, REDACTIONS, check_struct, check_type, redact},
};
use pictify_emulator::{Emulator, Fault};
use pictify_tests::{KEY, Reply, ScriptedServer};
use serde_json::{Value, json};
use std::{fs, path::Path};

/// What a service does with the SDK: a template, two renders, a file, a list.
async fn service(client: &Client) -> pictify::Result<(Value, Vec<u8>)> {
    let template = client.templates().create("Card", TemplateSource::html("<h1>{{title}}</h1>")).send().await?;
    let uid = template.uid.as_str();
    let first = client.templates().render(uid, &json!({"title": "One"}))?.send().await?;
    let second = client.templates().render(uid, &json!({"title": "Two"}))?.send().await?;
    let file = client.download(&second).bytes().await?;
    let listed = client.images().list().limit(2).send().await?;
    Ok((redact(&json!([template, first, second, listed])), file.to_vec()))
}

async fn record(path: &Path, emulator: &Emulator) -> (Value, Vec<u8>) {
    let cassette = Cassette::record(path);
    let client = Client::builder().api_key(KEY).base_url(emulator.url()).cassette(&cassette).build().unwrap();
    let seen = service(&client).await.unwrap();
    cassette.finish().unwrap();
    seen
}

fn replaying(path: &Path) -> (Client, Cassette) {
    let cassette = Cassette::replay(path).unwrap();
    (Client::builder().cassette(&cassette).build().unwrap(), cassette)
}

#[tokio::test]
async fn what_was_recorded_is_replayed_without_a_server_and_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cassettes/card.json");
    let emulator = Emulator::builder().start().await.unwrap();
    let recorded = record(&path, &emulator).await;
    drop(emulator);
    assert!(recorded.1.starts_with(b"\x89PNG"));

    let (client, cassette) = replaying(&path);
    assert_eq!(client.base_url(), "http://pictify.test");
    assert_eq!(service(&client).await.unwrap(), recorded);
    cassette.finish().unwrap();

    // Nothing of this machine is in it, so that recording again changes only what has changed.
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains("127.0.0.1") && !text.contains(KEY), "{text}");
}

#[tokio::test]
async fn the_blocking_client_replays_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.json");
    let emulator = Emulator::builder().start().await.unwrap();
    record(&path, &emulator).await;
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
async fn a_request_that_was_not_recorded_fails_at_once_and_says_what_is_different() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.json");
    let emulator = Emulator::builder().start().await.unwrap();
    record(&path, &emulator).await;
    let (client, cassette) = replaying(&path);

    let other = client.templates().create("Card", TemplateSource::html("<h2>{{title}}</h2>")).send().await.unwrap_err();
    assert_eq!((other.kind(), other.outcome_unknown(), other.attempts().len()), (ErrorKind::NotRecorded, false, 1));
    let text = other.to_string();
    assert!(text.contains("the body at /html is \"<h2>{{title}}</h2>\", recorded is \"<h1>{{title}}</h1>\""), "{text}");
    assert!(text.contains("card.json") && text.contains("PICTIFY_RECORD=1"), "{text}");

    let nowhere = client.account().plan().send().await.unwrap_err().to_string();
    assert!(nowhere.contains("nor anything at that path"), "{nowhere}");

    service(&client).await.unwrap();
    let again = client.images().list().limit(2).send().await.unwrap_err().to_string();
    assert!(again.contains("asked more often than it was recorded"), "{again}");

    let file = client.download("http://pictify.test/files/none.png").bytes().await.unwrap_err();
    assert_eq!(file.kind(), ErrorKind::NotRecorded);
    assert_eq!(cassette.unused(), [""; 0]);
    let error = cassette.finish().unwrap_err().to_string();
    assert!(error.contains("4 requests were not recorded: POST /templates, GET "), "{error}");
}

#[tokio::test]
async fn what_was_recorded_and_not_asked_for_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.json");
    let emulator = Emulator::builder().start().await.unwrap();
    record(&path, &emulator).await;
    let (_, cassette) = replaying(&path);
    let error = cassette.finish().unwrap_err();
    assert_eq!(error.path(), path);
    assert!(error.to_string().contains("5 recorded requests were not sent: POST /templates"), "{error}");
}

#[tokio::test]
async fn retries_are_replayed_and_their_waits_pass_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("busy.json");
    let refused = Reply::new(429, &[("retry-after", "30")], b"{}");
    let server = ScriptedServer::start([refused, Reply::json(200, r#"{"url":"https://a.b/c.png"}"#)]).await;
    let cassette = Cassette::record(&path);
    let clock = pictify_tests::TestClock::default();
    let builder = Client::builder().api_key(KEY).base_url(server.url()).cassette(&cassette);
    let client = builder.clock(clock).build().unwrap();
    client.images().create(Source::html("<p>")).send().await.unwrap();
    cassette.finish().unwrap();

    let (client, cassette) = replaying(&path);
    // With tokio's time standing still, a wait that is not passed over would show.
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let answer = client.images().create(Source::html("<p>")).send_with_response().await.unwrap();
    assert_eq!(answer.meta.attempts.len(), 2);
    assert_eq!(answer.meta.attempts[1].waited.as_secs(), 30);
    assert_eq!(began.elapsed().as_millis(), 0);
    cassette.finish().unwrap();
}

#[tokio::test]
async fn no_form_of_a_secret_is_in_the_file() {
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
    let answers = (0..2).map(|_| Reply::new(200, &headers, body.to_string().as_bytes()));
    let server = ScriptedServer::start(answers).await;
    let html = format!("<p>{KEY}</p><i>https://a.b/?sig=sec-8</i> for Ada Lovelace");
    let call = |client: &Client| client.images().create(Source::html(html.as_str())).send();

    let scrubbed = |cassette: Cassette| cassette.scrub("Ada Lovelace", "[name]");
    let cassette = scrubbed(Cassette::record(&path));
    let builder = Client::builder().api_key(KEY).base_url(server.url()).cassette(&cassette);
    let image = call(&builder.build().unwrap()).await.unwrap();
    assert!(image.url.ends_with(KEY), "who records gets what came");
    cassette.finish().unwrap();

    let text = fs::read_to_string(&path).unwrap();
    for secret in [KEY, "tok-1", "sec-", "sec3", "Lovelace", &STANDARD.encode(KEY), &STANDARD.encode(format!("{KEY}:"))]
    {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    // The same request finds its answer, though neither is written down as it was.
    let cassette = scrubbed(Cassette::replay(&path).unwrap());
    let client = Client::builder().api_key(KEY).cassette(&cassette).build().unwrap();
    assert_eq!(call(&client).await.unwrap().url, "https://a.b/c.png?token=[secret]&key=[key]");
    assert!(!format!("{client:?}{cassette:?}").contains(KEY));
}

#[tokio::test]
async fn recording_again_replaces_the_file_and_a_recording_that_is_not_finished_leaves_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.json");
    fs::write(&path, "old").unwrap();
    let emulator = Emulator::builder().start().await.unwrap();
    let cassette = Cassette::record(&path);
    let client = Client::builder().api_key(KEY).base_url(emulator.url()).cassette(&cassette).build().unwrap();
    client.images().create(Source::html("<p>")).send().await.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    cassette.finish().unwrap();
    assert_eq!(Cassette::replay(&path).unwrap().unused(), ["POST /image"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn a_file_that_is_no_cassette_is_told_apart_from_one_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.json");
    let told = || Cassette::replay(&path).unwrap_err().to_string();
    assert!(told().contains("is not there: record it with PICTIFY_RECORD=1"), "{}", told());
    for (text, said) in
        [("<h1>", "is no cassette"), (r#"{"version":9,"base_url":"","exchanges":[]}"#, "is of version 9")]
    {
        fs::write(&path, text).unwrap();
        assert!(told().contains(said), "{}", told());
    }
    let folder = Cassette::record(folder.path());
    assert!(folder.finish().unwrap_err().to_string().contains("cannot be written"));
}

#[tokio::test]
async fn a_cassette_that_was_edited_badly_is_an_error_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    for (status, body) in [("200", r#""base64":"!""#), ("9", r#""json":1"#), ("200", r#""headers":{"a b":"c"}"#)] {
        let path = folder.path().join("a.json");
        let exchange =
            format!(r#"{{"request":{{"method":"GET","target":"/image"}},"answer":{{"status":{status},{body}}}}}"#);
        fs::write(&path, format!(r#"{{"version":1,"base_url":"http://a.test","exchanges":[{exchange}]}}"#)).unwrap();
        let (client, _) = replaying(&path);
        let error = client.images().list().send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotRecorded);
        assert!(error.to_string().contains("the answer of exchange 0 is wrong"), "{error}");
    }
}

#[tokio::test]
async fn redacted_answers_are_the_same_in_every_run() {
    let mut seen = Vec::new();
    for _ in 0..2 {
        let emulator = Emulator::builder().start().await.unwrap();
        let client = Client::builder().api_key(KEY).base_url(emulator.url()).strict(true).build().unwrap();
        seen.push(service(&client).await.unwrap().0);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0][1]["id"], seen[0][3]["images"][1]["id"], "the same picture: {:#}", seen[0]);
}

#[test]
fn the_selectors_are_those_of_insta() {
    let mut settings = insta::Settings::clone_current();
    for (selector, instead) in REDACTIONS {
        settings.add_redaction(selector, instead);
    }
    let answer = json!({
        "uid": "A", "url": "https://a.b/c.png", "createdAt": "2026-08-04T09:15:27.482Z",
        "results": [{"id": "B", "width": 9}], "requestId": "C", "processingTime": 12,
    });
    settings.bind(|| {
        insta::assert_json_snapshot!(answer, @r#"
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

#[tokio::test]
async fn a_struct_is_held_against_the_template_that_it_fills() {
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

    let emulator = Emulator::builder().start().await.unwrap();
    let client = Client::builder().api_key(KEY).base_url(emulator.url()).build().unwrap();
    let definitions = json!([
        {"name": "title", "type": "text", "validation": {"required": true, "maxLength": 5}},
        {"name": "badge", "type": "number", "defaultValue": 1},
        {"name": "subTitle", "type": "text"},
    ]);
    let html = "<h1>{{title}}</h1>{{badge}}{{subTitle}}";
    let create = client.templates().create("Card", TemplateSource::html(html));
    let template = create
        .variable_definitions(
            serde_json::from_value::<Vec<pictify::templates::VariableDefinition>>(definitions).unwrap(),
        )
        .send()
        .await
        .unwrap();
    let definitions = client.templates().variables(template.uid).send().await.unwrap().variables;

    let samples = [
        Card { title: "Hello".to_owned(), badge: None, sub_title: None },
        Card { title: "Hello again".to_owned(), badge: Some(true), sub_title: Some(String::new()) },
    ];
    let told = check_struct(&definitions, &samples).unwrap_err().to_string();
    assert_eq!(
        told,
        "the struct does not fit the template:\n  \
         sample 0: sub_title: is not a variable of the template, subTitle is\n  \
         sample 1: title: must have at most 5 characters, has 11\n  \
         sample 1: badge: must be a number, is a boolean\n  \
         sample 1: sub_title: is not a variable of the template, subTitle is\n  \
         subTitle: is never given and has no default: it renders empty"
    );
    let told = check_type::<Card>(&definitions).unwrap_err().to_string();
    assert_eq!(
        told,
        "the struct does not fit the template:\n  \
         badge: must be a number, the type says boolean\n  \
         subTitle: is never given and has no default: it renders empty\n  \
         sample 0: sub_title: is not a variable of the template, subTitle is"
    );

    let better = Better { title: "Hello".to_owned(), badge: 1.5, sub_title: Some("x".to_owned()) };
    check_struct(&definitions, &[better]).unwrap();
    check_type::<Better>(&definitions).unwrap();
}

#[tokio::test]
async fn an_answer_that_fails_is_recorded_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("failed.json");
    let emulator = Emulator::builder()
        .faults([Fault::status(422).body(json!({"error": "no"})).for_operation("createImage")])
        .start()
        .await
        .unwrap();
    let cassette = Cassette::record(&path);
    let client = Client::builder().api_key(KEY).base_url(emulator.url()).cassette(&cassette).build().unwrap();
    let recorded = client.images().create(Source::html("<p>")).send().await.unwrap_err();
    cassette.finish().unwrap();
    let (client, _) = replaying(&path);
    let replayed = client.images().create(Source::html("<p>")).send().await.unwrap_err();
    assert_eq!((replayed.kind(), replayed.to_string()), (recorded.kind(), recorded.to_string()));
}
