//! Client configuration: a missing or invalid value is an error of one line, before any request.

use pictify::{Client, ErrorKind};
use pictify_test_support::{OfflineTransport, Reply};

#[test]
fn an_invalid_key_or_base_url_is_a_config_error() {
    for (key, url, message) in [
        ("", "https://api.pictify.io", "the API key is empty"),
        (" \n", "https://api.pictify.io", "the API key is empty"),
        ("a\u{0}b", "https://api.pictify.io", "characters that a header cannot carry"),
        ("k", "not a url", "the base URL is malformed"),
        ("k", "http://api.pictify.io", "plain http to api.pictify.io"),
        ("k", "https://u:p@api.pictify.io", "must not hold a user name"),
    ] {
        let error = Client::builder().api_key(key).base_url(url).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(message), "{error}");
        assert!(!error.to_string().contains('\n'), "more than one line: {error}");
    }
}

#[test]
fn a_key_from_a_file_may_end_in_a_line_break() {
    assert!(Client::builder().api_key("abc\n").build().is_ok());
}

#[test]
fn an_invalid_user_agent_is_a_config_error() {
    let error = Client::builder().api_key("k").user_agent("acme\n1.4").build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("the user agent has characters that a header cannot carry"), "{error}");
}

#[tokio::test]
async fn a_key_is_sent_without_what_does_not_belong_to_it() {
    for key in ["k-1", " k-1\r\n", "Bearer k-1", "bearer  k-1 ", "\"k-1\"", "'k-1'", "\"Bearer k-1\"", "BEARER\tk-1"] {
        let transport = OfflineTransport::new(Reply::json(200, r#"{"images":[]}"#));
        let client = Client::builder().api_key(key).transport(transport.clone()).build().unwrap();
        client.images().list().send().await.unwrap();
        assert_eq!(transport.requests()[0].header("authorization"), Some("Bearer k-1"), "{key}");
    }
    for (key, message) in [
        ("Bearer", "the API key is empty"),
        ("\"\"", "the API key is empty"),
        ("two words", "white space"),
        ("Basic dXNlcg==", "white space"),
        ("k\nk", "white space"),
    ] {
        let error = Client::builder().api_key(key).build().unwrap_err();
        assert!(error.kind() == ErrorKind::Config && error.to_string().contains(message), "{key}: {error}");
        assert!(!error.to_string().contains("dXNlcg"), "{error}");
    }
}

#[test]
fn the_documented_base_url_of_the_hosted_service_loses_its_version() {
    for (url, expected) in [
        ("https://api.pictify.io/v1", "https://api.pictify.io"),
        ("https://API.pictify.io:443/v1//", "https://api.pictify.io"),
        ("https://api.pictify.io/v1/image", "https://api.pictify.io/v1/image"),
        ("https://api.pictify.io/v2", "https://api.pictify.io/v2"),
        ("https://proxy.example/v1", "https://proxy.example/v1"),
        ("http://127.0.0.1:4040/v1", "http://127.0.0.1:4040/v1"),
    ] {
        assert_eq!(Client::builder().api_key("k").base_url(url).build().unwrap().base_url(), expected);
    }
}
