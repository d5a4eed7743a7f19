//! What must not stand in a cassette's file.

use super::exchange::{Answered, Asked, Content};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use reqwest::Url;
use serde_json::Value;
use std::{borrow::Cow, fmt, sync::Arc};

/// What stands in the place of what is left out.
const SECRET: &str = "[secret]";

/// What the name of a member has in it whose value is a secret, in small letters without `_` and `-`.
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

/// How such a name ends.
const SECRET_ENDS: [&str; 3] = ["sig", "token", "writekey"];

/// A value that begins like this is a secret, wherever it stands.
const SECRET_BEGINNINGS: [&str; 3] = ["whsec_", "sk_live_", "sk_test_"];

/// Objects of which every text is a secret.
const SECRET_OBJECTS: [&str; 2] = ["credentials", "auth"];

/// A change of the user's own.
type Change = Arc<dyn Fn(String) -> String + Send + Sync>;

/// Takes secrets out of exchanges.
#[derive(Clone, Default)]
pub(super) struct Scrubber {
    /// Texts, and what to write for each.
    literals: Vec<(String, String)>,
    changes: Vec<Change>,
}

impl fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scrubber")
    }
}

impl Scrubber {
    /// Takes a text out wherever it stands, also percent-encoded and in Base64.
    pub(super) fn literal(&mut self, text: &str, instead: &str) {
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
                self.literals.push((form, instead.to_owned()));
            }
        }
        // What holds another goes first.
        self.literals.sort_by_key(|(form, _)| std::cmp::Reverse(form.len()));
    }

    pub(super) fn change(&mut self, change: impl Fn(String) -> String + Send + Sync + 'static) {
        self.changes.push(Arc::new(change));
    }

    pub(super) fn asked(&self, asked: &Asked) -> Asked {
        Asked { target: self.text(&asked.target), body: self.content(&asked.body), ..asked.clone() }
    }

    pub(super) fn answered(&self, answered: &Answered) -> Answered {
        let headers = answered.headers.iter().map(|(name, value)| (name.clone(), self.text(value))).collect();
        Answered { status: answered.status, headers, body: self.content(&answered.body) }
    }

    fn content(&self, content: &Content) -> Content {
        let base64 = content.base64.as_ref().map(|text| self.bytes(text));
        Content {
            json: content.json.as_ref().map(|json| self.value(json, false)),
            text: content.text.as_ref().map(|text| self.text(text)),
            base64,
        }
    }

    /// What a binary body holds of the literals is overwritten.
    fn bytes(&self, encoded: &str) -> String {
        let Ok(mut bytes) = STANDARD.decode(encoded) else { return encoded.to_owned() };
        for (form, _) in &self.literals {
            let form = form.as_bytes();
            while let Some(at) = bytes.windows(form.len()).position(|part| part == form) {
                bytes[at..at + form.len()].fill(b'*');
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
                    let secret = secret || is_secret(name) || SECRET_OBJECTS.contains(&&*folded(name));
                    (self.text(name), self.value(value, secret))
                })
                .collect(),
            other => other.clone(),
        }
    }

    /// A text without its secrets: JSON in it is looked through as JSON, events of a stream as well, and a URL loses the secret
    /// parts of it, also in the middle of a text.
    fn text(&self, text: &str) -> String {
        if let Some(json) = self.json(text) {
            return json;
        }
        if text.starts_with("data:") || text.contains("\ndata:") {
            let lines = text.split_inclusive('\n').map(|line| {
                let (data, end) = line.trim_end().split_at(line.trim_end().len().min("data:".len()));
                let tail = &line[line.trim_end().len()..];
                let json = if data == "data:" { self.json(end) } else { None };
                json.map_or_else(|| self.words(line), |json| format!("data: {json}{tail}"))
            });
            return lines.collect();
        }
        self.words(text)
    }

    /// JSON that stands in a text, if something in it is a secret.
    fn json(&self, text: &str) -> Option<String> {
        if !text.trim_start().starts_with(['{', '[']) {
            return None;
        }
        let value: Value = serde_json::from_str(text).ok()?;
        let scrubbed = self.value(&value, false);
        (scrubbed != value).then(|| scrubbed.to_string())
    }

    fn words(&self, text: &str) -> String {
        let mut text = Cow::Borrowed(text);
        for (form, instead) in &self.literals {
            if text.contains(form.as_str()) {
                text = Cow::Owned(text.replace(form.as_str(), instead));
            }
        }
        let mut clean = String::with_capacity(text.len());
        let mut after_scheme = false;
        // Words end where no URL and no token goes on, and what is between them stays as it is.
        for word in text.split_inclusive(|letter: char| letter.is_whitespace() || "\"'<>`\\(){}".contains(letter)) {
            let end = word.trim_end_matches(|letter: char| letter.is_whitespace() || "\"'<>`\\(){}".contains(letter));
            // Only what looks like a credential: prose has spaces and short words.
            let credential = after_scheme && end.len() >= 16 || self.is_encoded_literal(end);
            if credential {
                clean.push_str(SECRET);
            } else {
                clean.push_str(&scrubbed_word(end));
            }
            clean.push_str(&word[end.len()..]);
            if !end.is_empty() {
                after_scheme = ["Bearer", "Basic"].contains(&end);
            }
        }
        self.changes.iter().fold(clean, |text, change| change(text))
    }

    /// Whether a word is Base64 of something with a literal in it, as of `user:key`.
    fn is_encoded_literal(&self, word: &str) -> bool {
        let word = word.trim_end_matches('=').rsplit(['=', ':', ',']).next().unwrap_or_default();
        let decoded = STANDARD_NO_PAD.decode(word).or_else(|_| URL_SAFE_NO_PAD.decode(word)).unwrap_or_default();
        let literals = self.literals.iter().filter(|(form, _)| decoded.len() >= form.len());
        literals.into_iter().any(|(form, _)| decoded.windows(form.len()).any(|part| part == form.as_bytes()))
    }
}

/// A word without what is secret in it.
fn scrubbed_word(word: &str) -> Cow<'_, str> {
    if begins_as_secret(word) {
        return Cow::Borrowed(SECRET);
    }
    let absolute = word.starts_with("http://") || word.starts_with("https://");
    if !absolute && !word.starts_with('/') {
        return Cow::Borrowed(word);
    }
    let base = Url::parse("http://pictify.test").ok();
    let Ok(url) = Url::options().base_url(base.as_ref()).parse(word) else { return Cow::Borrowed(word) };
    let mut word = Cow::Borrowed(word);
    let mut leave_out = |part: &str| {
        if !part.is_empty() && part != SECRET {
            word = Cow::Owned(word.replace(part, SECRET));
        }
    };
    if let Some(password) = url.password() {
        leave_out(&format!("{}:{password}", url.username()));
    }
    for pair in url.query().unwrap_or_default().split('&') {
        if let Some((name, value)) = pair.split_once('=') {
            if is_secret(name) {
                leave_out(value);
            }
        }
    }
    // The path of a hook ends with its secret.
    let segments: Vec<_> = url.path_segments().map(Iterator::collect).unwrap_or_default();
    for window in segments.windows(4) {
        if window[..2] == ["workflow", "hooks"] {
            leave_out(window[3]);
        }
    }
    word
}

pub(super) fn is_secret(name: &str) -> bool {
    let name = folded(name);
    SECRET_PARTS.iter().any(|part| name.contains(part)) || SECRET_ENDS.iter().any(|end| name.ends_with(end))
}

/// Whether a text begins as only secrets do.
pub(super) fn begins_as_secret(text: &str) -> bool {
    SECRET_BEGINNINGS.iter().any(|beginning| text.strip_prefix(beginning).is_some_and(|rest| !rest.is_empty()))
}

fn folded(name: &str) -> String {
    name.chars().filter(|letter| !matches!(letter, '-' | '_')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn scrubbed(value: &Value) -> Value {
        let mut scrubber = Scrubber::default();
        scrubber.literal("key/5f1d 0c9b+", "[key]");
        scrubber.value(value, false)
    }

    #[test]
    fn secrets_are_left_out_wherever_they_stand() {
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
            assert_eq!(scrubbed(&value), expected);
            assert_eq!(scrubbed(&expected), expected, "again");
        }
    }

    #[test]
    fn the_key_is_found_in_base64_and_in_files() {
        let mut scrubber = Scrubber::default();
        scrubber.literal("test-key-5f1d0c9b", "[key]");
        for text in [
            "test-key-5f1d0c9b",
            "test-key-5f1d0c9b:",
            "user:test-key-5f1d0c9b",
            "xtest-key-5f1d0c9b",
            "{}test-key-5f1d0c9b{}",
        ] {
            for encoded in [STANDARD.encode(text), STANDARD_NO_PAD.encode(text), URL_SAFE_NO_PAD.encode(text)] {
                for text in [format!("of {encoded} it"), format!("a={encoded}")] {
                    let clean = scrubber.text(&text);
                    assert!(!clean.contains(encoded.trim_end_matches('=')), "{clean}");
                }
            }
        }
        let body = Content::of(b"\xfftest-key-5f1d0c9b\xff");
        assert_eq!(&scrubber.content(&body).bytes().unwrap()[..], b"\xff*****************\xff");
    }
}
