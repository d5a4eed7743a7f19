//! Cassettes: interactions recorded from the emulator are replayed without it.

use pictify::{
    Client,
    templates::TemplateSource,
    testing::{Cassette, redact},
};
use pictify_emulator::Emulator;
use pictify_test_support::KEY;
use serde_json::{Value, json};

/// Creates a template, renders it twice, fetches a file and lists the images, like a service.
async fn service(client: &Client) -> pictify::Result<(Value, Vec<u8>)> {
    let template = client.templates().create("Card", TemplateSource::html("<h1>{{title}}</h1>")).send().await?;
    let uid = template.uid.as_str();
    let first = client.templates().render(uid, &json!({"title": "One"})).send().await?;
    let second = client.templates().render(uid, &json!({"title": "Two"})).send().await?;
    let file = client.download(&second).bytes().await?;
    let listed = client.images().list().limit(2).send().await?;
    Ok((redact(&json!([template, first, second, listed])), file.to_vec()))
}

#[tokio::test]
async fn a_recording_of_the_emulator_is_replayed_without_it_and_is_redacted_the_same_in_every_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.json");
    let emulator = Emulator::start().await.unwrap();
    let cassette = Cassette::record(&path);
    let client = Client::builder().api_key(KEY).base_url(emulator.url()).cassette(&cassette).build().unwrap();
    let recorded = service(&client).await.unwrap();
    cassette.finish().unwrap();
    drop(emulator);
    assert!(recorded.1.starts_with(b"\x89PNG"));

    let cassette = Cassette::replay(&path).unwrap();
    let client = Client::builder().cassette(&cassette).build().unwrap();
    assert_eq!(service(&client).await.unwrap(), recorded);
    cassette.finish().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("127.0.0.1") && !text.contains(KEY), "{text}");

    let emulator = Emulator::start().await.unwrap();
    let client = Client::builder().api_key(KEY).base_url(emulator.url()).strict_responses(true).build().unwrap();
    assert_eq!(service(&client).await.unwrap().0, recorded.0);
}
