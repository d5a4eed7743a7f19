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

/// Members whose value is a secret, in small letters without `_` and `-`.
const SECRET_NAMES: [&str; 18] = [
    "accesskey",
    "accesstoken",
    "apikey",
    "authorization",
    "clientsecret",
    "hookurl",
    "password",
    "privatekey",
    "refreshtoken",
    "secret",
    "secretkey",
    "sig",
    "signature",
    "signingsecret",
    "token",
    "webhooksecret",
    "writekey",
    "xamzsignature",
];

/// A value that begins like this is a secret, wherever it stands.
const SECRET_BEGINNINGS: [&str; 5] = ["whsec_", "sk_live_", "sk_test_", "Bearer ", "Basic "];

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
        let percent: String = text
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
                other => format!("%{other:02X}"),
            })
            .collect();
        let with_colon = format!("{text}:");
        let forms = [
            text.to_owned(),
            percent,
            STANDARD_NO_PAD.encode(text),
            URL_SAFE_NO_PAD.encode(text),
            STANDARD_NO_PAD.encode(with_colon),
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

    /// A text without its secrets. A URL loses the secret parts of it, also in the middle of a text.
    fn text(&self, text: &str) -> String {
        let mut text = Cow::Borrowed(text);
        for (form, instead) in &self.literals {
            if text.contains(form.as_str()) {
                text = Cow::Owned(text.replace(form.as_str(), instead));
            }
        }
        let mut clean = String::with_capacity(text.len());
        // Words end where no URL and no token goes on, and what is between them stays as it is.
        for word in text.split_inclusive(|letter: char| letter.is_whitespace() || "\"'<>`\\(){}".contains(letter)) {
            let end = word.trim_end_matches(|letter: char| letter.is_whitespace() || "\"'<>`\\(){}".contains(letter));
            clean.push_str(&scrubbed_word(end));
            clean.push_str(&word[end.len()..]);
        }
        for scheme in ["Bearer ", "Basic "] {
            if let Some(at) = clean.find(scheme) {
                let (start, rest) = (at + scheme.len(), &clean[at + scheme.len()..]);
                let end = start + rest.find(char::is_whitespace).unwrap_or(rest.len());
                // Only what looks like a credential: prose has spaces and short words.
                if end - start >= 16 {
                    clean.replace_range(start..end, SECRET);
                }
            }
        }
        self.changes.iter().fold(clean, |text, change| change(text))
    }
}

/// A word without what is secret in it.
fn scrubbed_word(word: &str) -> Cow<'_, str> {
    if let Some(beginning) = SECRET_BEGINNINGS.iter().find(|beginning| word.starts_with(**beginning)) {
        if word.len() > beginning.len() {
            return Cow::Borrowed(SECRET);
        }
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

fn is_secret(name: &str) -> bool {
    SECRET_NAMES.contains(&&*folded(name))
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
        for text in ["test-key-5f1d0c9b", "test-key-5f1d0c9b:"] {
            let encoded = format!("a={}", STANDARD.encode(text));
            assert!(scrubber.text(&encoded).starts_with("a=[key]"), "{encoded}");
        }
        let body = Content::of(b"\xfftest-key-5f1d0c9b\xff");
        assert_eq!(&scrubber.content(&body).bytes().unwrap()[..], b"\xff*****************\xff");
    }
}
