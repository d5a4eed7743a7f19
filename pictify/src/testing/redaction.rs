//! Removal of secrets from cassettes.

use super::interaction::{Content, RecordedRequest, RecordedResponse};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use reqwest::Url;
use serde_json::Value;
use std::{borrow::Cow, fmt, sync::Arc};

/// Placeholder of a removed secret.
const SECRET: &str = "[secret]";

/// Parts of member names whose values are secrets, in lower case without `_` and `-`.
const SECRET_PARTS: [&str; 10] = [
    "accesskey",
    "apikey",
    "authorization",
    "cookie",
    "credential",
    "hookurl",
    "password",
    "privatekey",
    "secret",
    "signature",
];

/// Endings of member names whose values are secrets.
const SECRET_SUFFIXES: [&str; 3] = ["sig", "token", "writekey"];

/// Prefixes of values that are secrets, whatever the name of their member is.
const SECRET_PREFIXES: [&str; 3] = ["whsec_", "sk_live_", "sk_test_"];

/// Names of objects in which every string is a secret.
const SECRET_OBJECTS: [&str; 2] = ["credentials", "auth"];

/// A custom redaction of the user.
type CustomRedaction = Arc<dyn Fn(String) -> String + Send + Sync>;

/// Removes secrets from interactions.
#[derive(Clone, Default)]
pub(super) struct Redactor {
    /// Texts to remove, with their placeholders.
    literals: Vec<(String, String)>,
    custom: Vec<CustomRedaction>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// Removes a text wherever it occurs, also percent-encoded, in hexadecimal and in Base64.
    pub(super) fn add_literal(&mut self, text: &str, placeholder: &str) {
        if text.is_empty() {
            return;
        }
        let percent = |hex: fn(u8) -> String| -> String {
            text.bytes()
                .map(|byte| match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
                    other => hex(other),
                })
                .collect()
        };
        let hex = |digits: fn(u8) -> String| text.bytes().map(digits).collect::<String>();
        let forms = [
            text.to_owned(),
            percent(|byte| format!("%{byte:02X}")),
            percent(|byte| format!("%{byte:02x}")),
            hex(|byte| format!("{byte:02x}")),
            hex(|byte| format!("{byte:02X}")),
        ];
        for form in forms {
            if !self.literals.iter().any(|(known, _)| *known == form) {
                self.literals.push((form, placeholder.to_owned()));
            }
        }
        // Longer texts first, because a shorter one may be part of a longer one.
        self.literals.sort_by_key(|(form, _)| std::cmp::Reverse(form.len()));
    }

    pub(super) fn add_custom(&mut self, redact: impl Fn(String) -> String + Send + Sync + 'static) {
        self.custom.push(Arc::new(redact));
    }

    pub(super) fn request(&self, request: &RecordedRequest) -> RecordedRequest {
        RecordedRequest { target: self.text(&request.target), body: self.content(&request.body), ..request.clone() }
    }

    pub(super) fn response(&self, response: &RecordedResponse) -> RecordedResponse {
        let headers = response.headers.iter().map(|(name, value)| (name.clone(), self.text(value))).collect();
        RecordedResponse { status: response.status, headers, body: self.content(&response.body) }
    }

    fn content(&self, content: &Content) -> Content {
        let base64 = content.base64.as_ref().map(|text| self.bytes(text));
        Content {
            json: content.json.as_ref().map(|json| self.value(json, false)),
            text: content.text.as_ref().map(|text| self.text(text)),
            base64,
        }
    }

    /// Overwrites the literals in a binary body with asterisks.
    fn bytes(&self, encoded: &str) -> String {
        let Ok(mut bytes) = STANDARD.decode(encoded) else { return encoded.to_owned() };
        for (form, _) in &self.literals {
            let form = form.as_bytes();
            let starts: Vec<_> = memchr::memmem::find_iter(&bytes, form).collect();
            for start in starts {
                bytes[start..start + form.len()].fill(b'*');
            }
        }
        STANDARD.encode(bytes)
    }

    fn value(&self, value: &Value, secret: bool) -> Value {
        match value {
            Value::String(_) if secret => Value::from(SECRET),
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.iter().map(|item| self.value(item, secret)).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| {
                    let secret = secret || is_secret_name(name) || SECRET_OBJECTS.contains(&&*normalise(name));
                    (self.text(name), self.value(value, secret))
                })
                .collect(),
            other => other.clone(),
        }
    }

    /// Removes secrets from a text. Embedded JSON and events of a stream are redacted as JSON; the secret parts of URLs are
    /// removed, also in the middle of a text.
    fn text(&self, text: &str) -> String {
        if let Some(json) = self.json(text) {
            return json;
        }
        if text.starts_with("data:") || text.contains("\ndata:") {
            let lines = text.split_inclusive('\n').map(|line| {
                let (data, end) = line.trim_end().split_at(line.trim_end().len().min("data:".len()));
                let tail = &line[line.trim_end().len()..];
                let json = if data == "data:" { self.json(end) } else { None };
                json.map_or_else(|| self.plain_text(line), |json| format!("data: {json}{tail}"))
            });
            return lines.collect();
        }
        self.plain_text(text)
    }

    /// Redacts a text that is JSON. Returns `None` if it is not JSON or contains no secret.
    fn json(&self, text: &str) -> Option<String> {
        if !text.trim_start().starts_with(['{', '[']) {
            return None;
        }
        let value: Value = serde_json::from_str(text).ok()?;
        let redacted = self.value(&value, false);
        (redacted != value).then(|| redacted.to_string())
    }

    fn plain_text(&self, text: &str) -> String {
        let mut text = Cow::Borrowed(text);
        for (form, placeholder) in &self.literals {
            if text.contains(form.as_str()) {
                text = Cow::Owned(text.replace(form.as_str(), placeholder));
            }
        }
        let mut clean = String::with_capacity(text.len());
        let mut after_scheme = false;
        // A word ends at a character that cannot be part of a URL or a token. The separators stay unchanged.
        for word in text.split_inclusive(|letter: char| letter.is_whitespace() || "\"'<>`\\(){}".contains(letter)) {
            let end = word.trim_end_matches(|letter: char| letter.is_whitespace() || "\"'<>`\\(){}".contains(letter));
            // Only long words are treated as credentials: prose after "Bearer" or "Basic" has short ones.
            let credential = after_scheme && end.len() >= 16 || self.is_encoded_literal(end);
            if credential {
                clean.push_str(SECRET);
            } else {
                clean.push_str(&redact_word(end));
            }
            clean.push_str(&word[end.len()..]);
            if !end.is_empty() {
                after_scheme = ["Bearer", "Basic"].contains(&end);
            }
        }
        self.custom.iter().fold(clean, |text, redact| redact(text))
    }

    /// Returns `true` if a word is Base64 of something that contains a literal, for example of `user:key`.
    fn is_encoded_literal(&self, word: &str) -> bool {
        let word = word.trim_end_matches('=').rsplit(['=', ':', ',']).next().unwrap_or_default();
        let decoded = STANDARD_NO_PAD.decode(word).or_else(|_| URL_SAFE_NO_PAD.decode(word)).unwrap_or_default();
        let mut literals = self.literals.iter();
        literals.any(|(form, _)| memchr::memmem::find(&decoded, form.as_bytes()).is_some())
    }
}

/// Removes the secrets from a word.
fn redact_word(word: &str) -> Cow<'_, str> {
    if has_secret_prefix(word) {
        return Cow::Borrowed(SECRET);
    }
    let absolute = word.starts_with("http://") || word.starts_with("https://");
    if !absolute && !word.starts_with('/') {
        return Cow::Borrowed(word);
    }
    let base = Url::parse("http://pictify.test").ok();
    let Ok(url) = Url::options().base_url(base.as_ref()).parse(word) else { return Cow::Borrowed(word) };
    let mut word = Cow::Borrowed(word);
    let mut remove = |part: &str| {
        if !part.is_empty() && part != SECRET {
            word = Cow::Owned(word.replace(part, SECRET));
        }
    };
    if let Some(password) = url.password() {
        remove(&format!("{}:{password}", url.username()));
    }
    for pair in url.query().unwrap_or_default().split('&') {
        if let Some((name, value)) = pair.split_once('=') {
            if is_secret_name(name) {
                remove(value);
            }
        }
    }
    // The last segment of a workflow hook URL is its secret.
    let segments: Vec<_> = url.path_segments().map(Iterator::collect).unwrap_or_default();
    for window in segments.windows(4) {
        if window[..2] == ["workflow", "hooks"] {
            remove(window[3]);
        }
    }
    word
}

/// Returns `true` if a member of this name contains a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let name = normalise(name);
    SECRET_PARTS.iter().any(|part| name.contains(part)) || SECRET_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// Returns `true` if a text has a prefix that only secrets have.
pub(super) fn has_secret_prefix(text: &str) -> bool {
    SECRET_PREFIXES.iter().any(|prefix| text.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty()))
}

fn normalise(name: &str) -> String {
    name.chars().filter(|letter| !matches!(letter, '-' | '_')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn redact(value: &Value) -> Value {
        let mut redactor = Redactor::default();
        redactor.add_literal("key/5f1d 0c9b+", "[key]");
        redactor.value(value, false)
    }

    #[test]
    fn secrets_are_removed_wherever_they_occur() {
        for (value, expected) in [
            (json!({"secret": "x", "name": "y"}), json!({"secret": "[secret]", "name": "y"})),
            (json!({"signingSecret": "x"}), json!({"signingSecret": "[secret]"})),
            (json!({"write_key": "x"}), json!({"write_key": "[secret]"})),
            (json!({"a": [{"token": ["x"]}]}), json!({"a": [{"token": ["[secret]"]}]})),
            (json!({"credentials": {"value": "x", "n": 1}}), json!({"credentials": {"value": "[secret]", "n": 1}})),
            (json!("of whsec_8QkZ1vXr2Yc9, no"), json!("of [secret] no")),
            (json!("Bearer 0123456789abcdef0"), json!("Bearer [secret]")),
            (json!("Bearer of good news"), json!("Bearer of good news")),
            (json!("https://a.b/c?x=1&token=abc&y=2"), json!("https://a.b/c?x=1&token=[secret]&y=2")),
            (json!("/s/card.png?sig=abc"), json!("/s/card.png?sig=[secret]")),
            (json!("https://u:p@a.b/c"), json!("https://[secret]@a.b/c")),
            (json!("<img src=\"https://a.b/?token=abc\">"), json!("<img src=\"https://a.b/?token=[secret]\">")),
            (json!("https://a.b/workflow/hooks/H1/abc"), json!("https://a.b/workflow/hooks/H1/[secret]")),
            (json!("the key/5f1d 0c9b+ itself"), json!("the [key] itself")),
            (json!("/?a=key%2F5f1d%200c9b%2B"), json!("/?a=[key]")),
            (json!({"key/5f1d 0c9b+": 1}), json!({"[key]": 1})),
            (json!("a token of love"), json!("a token of love")),
            (json!({"X-Api-Key": "x", "authToken": "x"}), json!({"X-Api-Key": "[secret]", "authToken": "[secret]"})),
            (
                json!("Basic rules. Bearer 0123456789abcdef0 and Bearer 1123456789abcdef0"),
                json!("Basic rules. Bearer [secret] and Bearer [secret]"),
            ),
            (
                json!({"payload": "{\"a\":1,\"password\":\"x\"}"}),
                json!({"payload": "{\"a\":1,\"password\":\"[secret]\"}"}),
            ),
            (json!("data: {\"token\":\"x\"}\n\ndata: done\n"), json!("data: {\"token\":\"[secret]\"}\n\ndata: done\n")),
            (json!("a=6B65792F3566316420306339622B"), json!("a=[key]")),
            (json!("/?a=key%2f5f1d%200c9b%2b"), json!("/?a=[key]")),
            (json!({"tokens": 3, "token": 4}), json!({"tokens": 3, "token": 4})),
        ] {
            assert_eq!(redact(&value), expected);
            assert_eq!(redact(&expected), expected, "redacting again changes nothing");
        }
    }

    #[test]
    fn the_key_is_removed_from_base64_and_binary_bodies() {
        let mut redactor = Redactor::default();
        redactor.add_literal("test-key-5f1d0c9b", "[key]");
        for text in [
            "test-key-5f1d0c9b",
            "test-key-5f1d0c9b:",
            "user:test-key-5f1d0c9b",
            "xtest-key-5f1d0c9b",
            "{}test-key-5f1d0c9b{}",
        ] {
            for encoded in [STANDARD.encode(text), STANDARD_NO_PAD.encode(text), URL_SAFE_NO_PAD.encode(text)] {
                for text in [format!("of {encoded} it"), format!("a={encoded}")] {
                    let clean = redactor.text(&text);
                    assert!(!clean.contains(encoded.trim_end_matches('=')), "{clean}");
                }
            }
        }
        let body = Content::from_bytes(b"\xfftest-key-5f1d0c9b\xff");
        assert_eq!(&redactor.content(&body).bytes().unwrap()[..], b"\xff*****************\xff");
    }
}
