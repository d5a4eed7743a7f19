//! URLs that return an image: built exactly as they are sent, without a key by default, and fetched.

use pictify::{
    Client, ErrorKind, blocking,
    images::ImageFormat,
    links::{ExperimentImage, RenderTemplateUrl},
};
use pictify_test_support::{KEY, TestClock, client_of};
use serde_json::json;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, method, path, query_param},
};

/// Returns a response with a PNG file.
fn png(bytes: &[u8]) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(bytes, "image/png")
}

fn offline(base: &str) -> Client {
    Client::builder().api_key(KEY).base_url(base).build().unwrap()
}

#[test]
fn every_part_of_a_url_is_encoded() {
    let links = offline("https://proxy.example/pictify").links();
    let card = |uid: &str| links.template(uid, ImageFormat::Png);
    for (call, target) in [
        (card("XK4P2M9QZT"), "XK4P2M9QZT.png"),
        (card("a/b?c#d e"), "a%2Fb%3Fc%23d%20e.png"),
        (card("T").variable("title", "Hello world"), "T.png?title=Hello%20world"),
        (card("T").variable("q", "1+1=2 & \"<b>\"#é%"), "T.png?q=1%2B1%3D2%20%26%20%22%3Cb%3E%22%23%C3%A9%25"),
        (card("T").variable("a b&c", 5), "T.png?a%20b%26c=5"),
        (card("T").variable("empty", ""), "T.png?empty="),
        (card("T").quality(0.5).layout("wide").variable("on", true), "T.png?layout=wide&quality=0.5&on=true"),
        (card("T").if_none_match("\"v1\""), "T.png"),
    ] {
        assert_eq!(call.url().unwrap().as_str(), format!("https://proxy.example/pictify/r/{target}"));
    }
    let binding = links.binding("B N", ImageFormat::Webp).cache_key(7).url().unwrap();
    assert_eq!(binding.as_str(), "https://proxy.example/pictify/b/B%20N.webp?_t=7");
    let hero = links.experiment("hero", ImageFormat::Jpg).context("utm source", "a+b").url().unwrap();
    assert_eq!(hero.as_str(), "https://proxy.example/pictify/s/hero.jpg?utm%20source=a%2Bb");
}

#[test]
fn a_url_contains_a_key_only_if_the_caller_adds_it() {
    let call = offline("https://api.pictify.io").links().template("T", ImageFormat::Png).variable("title", "x");
    assert!(!call.url().unwrap().as_str().contains(KEY));
    let url = call.url_with_key(" page-key&1 ").unwrap();
    assert_eq!(url.as_str(), "https://api.pictify.io/r/T.png?token=page-key%261&title=x");
    // Neither the call nor its stored form contains the key.
    assert!(!format!("{call:?}").contains("page-key"));
    assert!(!serde_json::to_string(call.request()).unwrap().contains("page-key"));
    assert_eq!(call.url_with_key("").unwrap_err().kind(), ErrorKind::Validation);
}

#[test]
fn an_invalid_url_is_an_error() {
    let links = offline("https://api.pictify.io").links();
    let card = |uid: &str| links.template(uid, ImageFormat::Png);
    for (call, message) in [
        (card(""), "must not be empty"),
        (card(".."), "must not be `..`"),
        (card("T").variable("token", "x"), "token: cannot be the name of a variable"),
        (card("T").variable("layout", "x"), "layout: cannot be the name of a variable"),
        (card("T").quality(0.0), "quality: must be 0.1 to 1, is 0"),
        (links.template("T", "gif".into()), "must be png, jpg, jpeg or webp, is gif"),
    ] {
        let error = call.url().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Validation);
        assert!(error.message().contains(message), "{error}");
    }
}

#[test]
fn variables_of_a_url_are_strings() {
    let card = || offline("https://api.pictify.io").links().template("T", ImageFormat::Png);
    let values = json!({"title": "a b", "n": 1.5, "on": true, "none": null});
    assert!(card().variables(&values).url().unwrap().as_str().ends_with("?n=1.5&on=true&title=a%20b"));
    let error = card().variables(&json!({"a": [1], "b": {}})).url().unwrap_err();
    assert_eq!(error.validation_errors().iter().count(), 2);
    assert_eq!(card().variables(&"text").url().unwrap_err().kind(), ErrorKind::Validation);
}

#[test]
fn the_blocking_client_builds_the_same_url() {
    let client = blocking::Client::builder().api_key(KEY).base_url("https://api.pictify.io").build_blocking().unwrap();
    let call = client.links().template("T", ImageFormat::Png).variable("title", "x");
    assert_eq!(call.url().unwrap().as_str(), "https://api.pictify.io/r/T.png?title=x");
}

#[tokio::test]
async fn an_image_has_its_version_and_is_not_sent_again_if_unchanged() {
    let server = MockServer::start().await;
    let unchanged = ResponseTemplate::new(304).insert_header("etag", "\"v1\"");
    let of_binding = || Mock::given(method("GET")).and(path("/b/B.png"));
    of_binding().and(header("if-none-match", "\"v1\"")).respond_with(unchanged).expect(1).mount(&server).await;
    let image = png(b"\x89PNG").insert_header("etag", "\"v1\"");
    of_binding().respond_with(image).expect(1).mount(&server).await;
    let links = client_of(server.uri(), &TestClock::default()).links();
    let first = links.binding("B", ImageFormat::Png).send().await.unwrap();
    assert_eq!((&first.bytes[..], first.content_type.as_deref()), (&b"\x89PNG"[..], Some("image/png")));
    assert!(!first.unchanged && !first.is_placeholder());
    let second = links.binding("B", ImageFormat::Png).if_none_match(first.etag.unwrap()).send().await.unwrap();
    assert!(second.unchanged && second.bytes.is_empty());
    let requests = server.received_requests().await.unwrap();
    assert!(requests.iter().all(|request| !request.headers.contains_key("authorization")), "a binding needs no key");
}

#[tokio::test]
async fn a_stored_call_is_the_same_call() {
    let server = MockServer::start().await;
    let request = Mock::given(method("GET")).and(path("/r/T.png")).and(query_param("title", "x"));
    let request = request.and(header("authorization", format!("Bearer {KEY}")));
    request.respond_with(png(b"x")).expect(1).mount(&server).await;
    let client = client_of(server.uri(), &TestClock::default());
    let call = client.links().template("T", ImageFormat::Png).variable("title", "x");
    let stored: RenderTemplateUrl = serde_json::from_value(serde_json::to_value(call.request()).unwrap()).unwrap();
    assert_eq!(&stored, call.request());
    client.call(stored).send().await.unwrap();
}

#[tokio::test]
async fn the_placeholder_pixel_is_recognised() {
    let head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    for (size, placeholder) in [([0, 0, 0, 1, 0, 0, 0, 1], true), ([0, 0, 4, 176, 0, 0, 2, 118], false)] {
        let file = [&head[..], &size, b"\x08\x06\0\0\0"].concat();
        let server = MockServer::start().await;
        Mock::given(method("GET")).and(path("/r/T.png")).respond_with(png(&file)).mount(&server).await;
        let links = client_of(server.uri(), &TestClock::default()).links();
        let image = links.template("T", ImageFormat::Png).send().await.unwrap();
        assert_eq!(image.is_placeholder(), placeholder);
    }
}

#[tokio::test]
async fn the_image_of_an_experiment_may_be_stored_elsewhere() {
    for (location, url) in [
        (Some("https://media.example/v1.png"), Some("https://media.example/v1.png".to_owned())),
        (Some("/files/v1.png"), None),
        (None, None),
    ] {
        let mut redirect = ResponseTemplate::new(302);
        if let Some(location) = location {
            redirect = redirect.insert_header("location", location);
        }
        let server = MockServer::start().await;
        Mock::given(method("GET")).and(path("/s/hero.png")).respond_with(redirect).mount(&server).await;
        let result =
            client_of(server.uri(), &TestClock::default()).links().experiment("hero", ImageFormat::Png).send().await;
        let expected = url.or_else(|| Some(server.uri() + location?));
        match (result, expected) {
            (Ok(ExperimentImage::Stored(stored)), Some(url)) => assert_eq!(stored.url, url),
            (Err(error), None) => assert_eq!(error.kind(), ErrorKind::Decode),
            (result, expected) => panic!("{result:?}, expected {expected:?}"),
        }
    }
}
