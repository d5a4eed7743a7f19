//! Removal of secrets from recorded requests: API keys, secrets of webhooks and workflow hooks, credentials of bindings.

use crate::query_string::query_pairs;
use axum::http::{HeaderMap, Uri, header::AUTHORIZATION};
use serde_json::Value;

/// Replacement of a secret.
const REDACTED: &str = "[redacted]";

/// Parts of names of headers, query parameters and JSON members whose values are secrets.
const SECRET_NAME_PARTS: [&str; 10] = [
    "authorization",
    "cookie",
    "secret",
    "token",
    "password",
    "passwd",
    "apikey",
    "emulatorkey",
    "credential",
    "signature",
];

/// Minimum length of an API key that is removed wherever it occurs. A shorter one could be part of any word.
const MIN_KEY_LEN: usize = 8;

/// Maximum length of a text that is read as a URL.
const MAX_URL_LEN: usize = 8 * 1024;

/// Path of workflow hooks, which end with their secret.
const HOOKS: &str = "/workflow/hooks/";

/// Removes the secrets of a request and its response.
pub(super) struct Redaction {
    /// API key of the request, which may be repeated anywhere.
    key: Option<String>,
}

impl Redaction {
    pub(super) fn of(headers: &HeaderMap, uri: &Uri) -> Self {
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let header = header.and_then(|value| value.split_once(' ')).map(|(_, key)| key.trim().to_owned());
        let query =
            || query_pairs(uri.query().unwrap_or_default()).find(|(name, _)| name == "token").map(|(_, key)| key);
        Self { key: header.or_else(query).filter(|key| key.len() >= MIN_KEY_LEN) }
    }

    /// Returns the path and the query string.
    pub(super) fn target(&self, uri: &Uri) -> String {
        let path = without_hook_secrets(uri.path());
        match uri.query() {
            Some(query) => self.without_key(&format!("{path}?{}", without_secret_parameters(query))),
            None => self.without_key(&path),
        }
    }

    /// Returns the names and values of headers.
    pub(super) fn headers(&self, headers: &HeaderMap) -> Vec<(String, String)> {
        let value = |name: &str, value: &[u8]| {
            if is_secret_name(name) { REDACTED.to_owned() } else { self.text(&String::from_utf8_lossy(value)) }
        };
        headers.iter().map(|(name, content)| (name.to_string(), value(name.as_str(), content.as_bytes()))).collect()
    }

    /// Returns a text without the API key and without the secrets of hooks.
    pub(super) fn text(&self, text: &str) -> String {
        self.without_key(&without_hook_secrets(text))
    }

    /// Returns JSON without secrets.
    pub(super) fn json(&self, body: Value) -> Value {
        match body {
            Value::String(text) => self.text(&without_secrets_of_urls(text)).into(),
            Value::Array(items) => items.into_iter().map(|item| self.json(item)).collect(),
            Value::Object(members) => {
                let member = |(name, value): (String, Value)| {
                    let value = if is_secret_name(&name) { without_values(value) } else { self.json(value) };
                    (name, value)
                };
                Value::Object(members.into_iter().map(member).collect())
            }
            other => other,
        }
    }

    /// Returns a body that claims to be JSON and is not. Secrets cannot be told from other parts, so a body that may
    /// have one is left out.
    pub(super) fn broken_json(&self, bytes: &[u8]) -> String {
        let text = self.text(&String::from_utf8_lossy(bytes));
        if SECRET_NAME_PARTS.iter().any(|part| normalized(&text).contains(part)) { REDACTED.to_owned() } else { text }
    }

    fn without_key(&self, text: &str) -> String {
        self.key.as_ref().map_or_else(|| text.to_owned(), |key| text.replace(key.as_str(), REDACTED))
    }
}

/// Returns true for the name of a secret, in any spelling.
fn is_secret_name(name: &str) -> bool {
    let name = normalized(name);
    SECRET_NAME_PARTS.iter().any(|part| name.contains(part))
}

fn normalized(name: &str) -> String {
    name.chars().filter(|letter| !matches!(letter, '-' | '_')).collect::<String>().to_lowercase()
}

/// Replaces all texts and numbers in the value of a secret member. The type of credentials is no secret.
fn without_values(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(without_values).collect(),
        Value::Object(members) => {
            let member = |(name, value): (String, Value)| {
                let is_public = ["type", "uid", "id", "active", "createdAt", "headerName"].contains(&name.as_str());
                (name, if is_public { value } else { without_values(value) })
            };
            Value::Object(members.into_iter().map(member).collect())
        }
        Value::String(_) | Value::Number(_) => REDACTED.into(),
        other => other,
    }
}

/// Removes the secrets at the end of the URLs of workflow hooks.
pub(crate) fn without_hook_secrets(text: &str) -> String {
    let mut parts = text.split(HOOKS);
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        result.push_str(HOOKS);
        let end = part.find(|letter: char| letter.is_whitespace() || "\"'<>?#".contains(letter)).unwrap_or(part.len());
        let (hook, rest) = part.split_at(end);
        match hook.split_once('/') {
            Some((id, secret)) if !secret.is_empty() => {
                result.extend([id, "/", REDACTED]);
            }
            _ => result.push_str(hook),
        }
        result.push_str(rest);
    }
    result
}

/// Replaces the values of those parameters of a query string that are secrets.
fn without_secret_parameters(query: &str) -> String {
    let parameter = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if is_secret_name(name) => format!("{name}={REDACTED}"),
        _ => pair.to_owned(),
    };
    query.split('&').map(parameter).collect::<Vec<_>>().join("&")
}

/// Removes the password and the secret parameters of a URL, such as that of a data source.
pub(crate) fn without_url_secrets(text: String) -> String {
    if !text.starts_with("http") || text.len() > MAX_URL_LEN {
        return text;
    }
    let Ok(mut url) = reqwest::Url::parse(&text) else { return text };
    let query = url.query().map(without_secret_parameters);
    if url.password().is_none() && url.query() == query.as_deref() {
        return text;
    }
    if url.password().is_some() {
        // Fails for a URL without a host only, and such a URL has no password.
        let _ = url.set_password(Some("redacted"));
    }
    url.set_query(None);
    let fragment = url.fragment().map(|fragment| format!("#{fragment}")).unwrap_or_default();
    url.set_fragment(None);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{url}{query}{fragment}")
}

/// Removes the secrets of all URLs and paths in a text, such as an error message.
pub(crate) fn without_secrets_of_urls(text: String) -> String {
    let is_end = |letter: char| letter.is_whitespace() || "\"'<>".contains(letter);
    if !text.contains(is_end) {
        return without_path_secrets(text);
    }
    let words = text.split_inclusive(is_end).map(|part| {
        let (word, end) = part.split_at(part.trim_end_matches(is_end).len());
        without_path_secrets(word.to_owned()) + end
    });
    words.collect()
}

/// Removes the secrets of a URL, or the secret parameters of a path.
fn without_path_secrets(word: String) -> String {
    if word.starts_with("http") {
        return without_url_secrets(word);
    }
    match word.split_once('?') {
        Some((path, query)) => format!("{path}?{}", without_secret_parameters(query)),
        None => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn redaction() -> Redaction {
        Redaction { key: Some("pk_live_0123".to_owned()) }
    }

    #[test]
    fn messages_show_no_secrets_of_urls() {
        for (message, shown) in [
            ("Route GET:/x?api_key=s3cr3t&size=2 not found", "Route GET:/x?api_key=[redacted]&size=2 not found"),
            ("\"ftp://a.example/?token=s3cr3t\" is not a URL", "\"ftp://a.example/?token=[redacted]\" is not a URL"),
            ("<a href='http://u:s3cr3t@a.example/'>x</a>?", "<a href='http://u:redacted@a.example/'>x</a>?"),
            ("What? a=b", "What? a=b"),
        ] {
            assert_eq!(redaction().json(json!({"message": message})), json!({"message": shown}));
        }
    }

    #[test]
    fn targets_show_no_secrets() {
        for (target, shown) in [
            ("/workflow/hooks/HK1/s3cr3t", "/workflow/hooks/HK1/[redacted]"),
            ("/v1/workflow/hooks/HK1/s3/cr3t?x=1", "/v1/workflow/hooks/HK1/[redacted]?x=1"),
            ("/workflow/hooks/HK1", "/workflow/hooks/HK1"),
            ("/workflow/hooks/HK1/", "/workflow/hooks/HK1/"),
            ("/image/HK1", "/image/HK1"),
            ("/r/A.png?token=abc&name=Ada", "/r/A.png?token=[redacted]&name=Ada"),
            ("/r/A.png?name=pk_live_0123", "/r/A.png?name=[redacted]"),
        ] {
            assert_eq!(redaction().target(&target.parse().unwrap()), shown);
        }
    }

    #[test]
    fn headers_show_no_secrets() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", "Bearer pk_live_0123"),
            ("cookie", "a=b"),
            ("x-api-key", "k"),
            ("x-emulator-key", "k"),
            ("x-pictify-signature", "t=1,v1=ab"),
            ("idempotency-key", "job-1"),
            ("referer", "http://a/?k=pk_live_0123"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        let values: Vec<_> = redaction().headers(&headers).into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, [REDACTED, REDACTED, REDACTED, REDACTED, REDACTED, "job-1", "http://a/?k=[redacted]"]);
        let no_key = Redaction::of(&headers, &"/".parse().unwrap());
        assert_eq!(no_key.key.as_deref(), Some("pk_live_0123"));
    }

    #[test]
    fn json_shows_no_secrets() {
        for (body, shown) in [
            (json!({"secret": "whsec_1", "event": "a"}), json!({"secret": REDACTED, "event": "a"})),
            (
                json!({"apiToken": {"uid": "T", "token": "abc", "active": true}}),
                json!({"apiToken": {"uid": "T", "token": REDACTED, "active": true}}),
            ),
            (
                json!({"dataSource": {"credentials": {"type": "basic_auth", "username": "u", "value": "p"}}}),
                json!({"dataSource": {"credentials": {"type": "basic_auth", "username": REDACTED, "value": REDACTED}}}),
            ),
            (
                json!({"headers": {"Authorization": "Bearer x", "X-A": "y"}}),
                json!({"headers": {"Authorization": REDACTED, "X-A": "y"}}),
            ),
            (
                json!([{"url": "http://h/workflow/hooks/HK/s3 and /workflow/hooks/HK2/s4?x"}]),
                json!([{"url": "http://h/workflow/hooks/HK/[redacted] and /workflow/hooks/HK2/[redacted]?x"}]),
            ),
            (
                json!({"dataSource": {"url": "https://u:p4ss@a.b/c?api_key=abc&page=1#d"}}),
                json!({"dataSource": {"url": "https://u:redacted@a.b/c?api_key=[redacted]&page=1#d"}}),
            ),
            (json!({"url": "HTTPS://A.b/?page=1"}), json!({"url": "HTTPS://A.b/?page=1"})),
            (json!({"text": "key pk_live_0123"}), json!({"text": "key [redacted]"})),
            (json!({"html": "<p>x", "width": 9, "secret": null}), json!({"html": "<p>x", "width": 9, "secret": null})),
        ] {
            assert_eq!(redaction().json(body), shown);
        }
    }

    #[test]
    fn broken_json_with_a_secret_is_left_out() {
        assert_eq!(redaction().broken_json(b"{\"html\": \"x\""), "{\"html\": \"x\"");
        assert_eq!(redaction().broken_json(b"{\"api_key\": \"abc\""), REDACTED);
    }

    #[test]
    fn a_short_key_is_removed_from_its_header_only() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Bearer k".parse().unwrap());
        let redaction = Redaction::of(&headers, &"/".parse().unwrap());
        assert_eq!(redaction.text("a key"), "a key");
    }
}
