//! Client configuration: a missing or invalid value is an error of one line, before any request.

use pictify::{Client, ErrorKind};

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
