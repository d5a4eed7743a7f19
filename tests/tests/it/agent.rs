//! Screenshots from a prompt: the SDK with the emulator.

use pictify::{Client, ErrorKind, images::AgentScreenshotEventType as Type};
use pictify_emulator::Emulator;

const PROMPT: &str = "Capture the heading of example.com";

#[tokio::test]
async fn a_prompt_becomes_an_image_with_both_calls() {
    let emulator = Emulator::start().await.unwrap();
    let client = Client::builder().api_key("k").base_url(emulator.url()).build().unwrap();
    let image = client.images().agent_screenshot(PROMPT).send().await.unwrap();
    assert_eq!(image.metadata.unwrap().selector.as_deref(), Some("h1"));

    let mut events = client.images().agent_screenshot_stream(PROMPT).events();
    let (mut types, mut saved) = (Vec::new(), None);
    while let Some(event) = events.try_next().await.unwrap() {
        if event.type_ == Some(Type::Saved) {
            saved = event.data;
        }
        types.push(event.type_.unwrap().to_string());
    }
    let expected = ["connected", "start", "progress", "progress", "progress", "complete", "saved", "end"];
    assert_eq!(types, expected);
    let saved = saved.unwrap();
    assert_eq!(saved.metadata.unwrap().selector.as_deref(), Some("h1"));
    let bytes = client.download(&saved.url.unwrap()).bytes().await.unwrap();
    assert!(bytes.starts_with(b"\x89PNG"));
    assert_eq!(emulator.billed_renders(), 2);

    let error = client.images().agent_screenshot("the pricing table").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
    let mut events = client.images().agent_screenshot_stream("x on http://10.0.0.1/").events();
    let error = loop {
        match events.try_next().await {
            Ok(event) => assert!(event.is_some(), "the stream ends without an error"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::RenderFailed);
    assert!(error.message().contains("10.0.0.1 is not an address"), "{error}");
}
