//! Requests for images, and the fields of errors.

use pictify::{Client, ErrorKind, images::Source};
use pictify_test_support::{KEY, OfflineTransport, Reply, TestClock};
use serde_json::{Value, json};

fn offline(reply: Reply) -> (Client, OfflineTransport) {
    let transport = OfflineTransport::new(reply);
    let builder = Client::builder().api_key(KEY).base_url("http://pictify.test").allow_insecure_http(true);
    let client = builder.clock(TestClock::default()).transport(transport.clone()).build().unwrap();
    (client, transport)
}

#[tokio::test]
async fn a_screenshot_can_show_the_full_page_of_a_url_only() {
    let (client, transport) =
        offline(Reply::json(200, r#"{"url": "https://cdn.example/1.png", "width": 1200, "height": 4000}"#));
    let page = || Source::url("https://example.com").unwrap();
    for full in [true, false] {
        let image = client.images().create(page()).size(1200, 630).full_page(full).send().await.unwrap();
        assert_eq!((image.width, image.height), (Some(1200), Some(4000)));
        let sent: Value = serde_json::from_slice(&transport.requests().pop().unwrap().body).unwrap();
        assert_eq!(sent, json!({"url": "https://example.com/", "width": 1200, "height": 630, "fullPage": full}));
    }
    let html = || client.images().create(Source::html("<p>"));
    html().full_page(false).send().await.unwrap();
    let error = html().full_page(true).send().await.unwrap_err();
    assert_eq!(error.message(), "fullPage: needs url: only a live page can be longer than the size");
}

#[tokio::test]
async fn an_error_has_the_fields_that_the_client_or_the_service_found() {
    let body = r#"{"type": "https://docs.pictify.io/errors/validation", "detail": "no",
        "errors": [{"field": "html", "message": "too long", "code": "length"}]}"#;
    let (client, _) = offline(Reply::json(422, body));
    let error = client.images().create(Source::html("<p>")).send().await.unwrap_err();
    assert_eq!(error.error_type(), Some("https://docs.pictify.io/errors/validation"));
    let errors = error.errors();
    assert_eq!((errors[0].field.as_deref(), errors[0].message.as_str()), (Some("html"), "too long"));

    let error = client.images().create(Source::html("")).size(0, 0).send().await.unwrap_err();
    assert_eq!((error.kind(), error.error_type(), error.status()), (ErrorKind::Validation, None, None));
    let fields: Vec<_> = error.errors().into_iter().map(|error| error.field.unwrap()).collect();
    assert_eq!(fields, ["html", "width", "height"]);

    let (client, _) = offline(Reply::json(429, r#"{"error": "no", "code": "quota_exceeded"}"#));
    let error = client.images().create(Source::html("<p>")).send().await.unwrap_err();
    assert_eq!(error.error_type(), Some("quota_exceeded"));
}
