//! Redaction of the secrets of a request from what the server sends back.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use std::sync::Arc;

/// Minimum length of a secret, in bytes. A shorter one could occur in a text by chance.
const MIN_SECRET_LEN: usize = 16;

/// Minimum length of the part of a secret with which a text that was cut may end.
const MIN_CUT_LEN: usize = 8;

/// Maximum number of backslashes that begin an escape.
const MAX_BACKSLASHES: usize = 8;

const REPLACEMENT: &[u8] = b"[key]";

/// A secret in the forms in which a server may repeat it: as it is, in hexadecimal, and in Base64 at each of the three
/// positions that it can have in a longer text. Each is also found in other capitals and with escapes of JSON and URLs.
#[derive(Clone)]
pub(crate) struct SecretPattern(Arc<[Box<[u8]>]>);

impl SecretPattern {
    pub(crate) fn new(secret: &[u8]) -> Self {
        if secret.len() < MIN_SECRET_LEN {
            return Self(Arc::new([]));
        }
        let hex = secret.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(hex_digit).collect();
        let base64 = (0..3).map(|before| base64(secret, before));
        let forms = [secret.to_vec(), hex].into_iter().chain(base64);
        Self(forms.map(|form| form.into_iter().map(normal).collect()).collect())
    }

    /// Returns the end of the secret that begins at a position of a text.
    fn end(&self, text: &[u8], at: usize) -> Option<usize> {
        self.0.iter().find_map(|form| end_of(form, text, at))
    }
}

/// The secrets that a call was sent with.
#[derive(Clone, Default)]
pub(crate) struct Redaction(Vec<SecretPattern>);

impl Redaction {
    /// Adds a secret.
    pub(crate) fn add(&mut self, secret: SecretPattern) {
        if !secret.0.is_empty() {
            self.0.push(secret);
        }
    }

    /// Replaces the secrets in a body.
    pub(crate) fn bytes(&self, body: Bytes) -> Bytes {
        self.replaced(&body).map_or(body, Bytes::from)
    }

    /// Replaces the secrets in a text.
    pub(crate) fn text(&self, text: String) -> String {
        match self.replaced(text.as_bytes()) {
            Some(clean) => String::from_utf8_lossy(&clean).into_owned(),
            None => text,
        }
    }

    /// Replaces the secrets in the values of headers.
    pub(crate) fn headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            if let Some(clean) = self.replaced(value.as_bytes()) {
                *value = HeaderValue::from_bytes(&clean).unwrap_or(HeaderValue::from_static("[key]"));
            }
        }
    }

    /// Returns a text without the secrets; `None` if it has none.
    fn replaced(&self, text: &[u8]) -> Option<Vec<u8>> {
        if self.0.is_empty() {
            return None;
        }
        let (mut clean, mut kept, mut at) = (Vec::new(), 0, 0);
        while at < text.len() {
            match self.0.iter().find_map(|secret| secret.end(text, at)) {
                Some(end) => {
                    clean.extend_from_slice(&text[kept..at]);
                    clean.extend_from_slice(REPLACEMENT);
                    (kept, at) = (end, end);
                }
                None => at += 1,
            }
        }
        clean.extend_from_slice(&text[kept..]);
        (kept > 0).then_some(clean)
    }
}

/// Returns the end of a form of a secret that begins at a position of a text.
fn end_of(form: &[u8], text: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    for (matched, expected) in form.iter().enumerate() {
        let Some(raw) = text.get(at) else { return (matched >= MIN_CUT_LEN).then_some(at) };
        if normal(*raw) == *expected {
            at += 1;
            continue;
        }
        match unit(text, at) {
            (byte, next) if normal(byte) == *expected => at = next,
            _ => return None,
        }
    }
    Some(at)
}

/// Makes letters small, and the two alphabets of Base64 the same.
fn normal(byte: u8) -> u8 {
    match byte {
        b'-' => b'+',
        b'_' => b'/',
        _ => byte.to_ascii_lowercase(),
    }
}

/// Returns the byte at a position, and the position after it. Percent escapes are decoded, also of percent signs.
fn unit(text: &[u8], at: usize) -> (u8, usize) {
    let (mut byte, mut next) = json_unit(text, at);
    while byte == b'%' {
        let Some((high, after)) = hex_value(text, next) else { break };
        let Some((low, after)) = hex_value(text, after) else { break };
        (byte, next) = ((high << 4) | low, after);
    }
    (byte, next)
}

fn hex_value(text: &[u8], at: usize) -> Option<(u8, usize)> {
    text.get(at)?;
    let (byte, next) = json_unit(text, at);
    let value = char::from(byte).to_digit(16)?;
    Some((u8::try_from(value).ok()?, next))
}

/// Returns the byte at a position, and the position after it. Escapes of JSON are decoded, also those of JSON in JSON.
fn json_unit(text: &[u8], at: usize) -> (u8, usize) {
    let byte = text[at];
    if byte != b'\\' {
        return (byte, at + 1);
    }
    let slashes = text[at..].iter().take(MAX_BACKSLASHES).take_while(|byte| **byte == b'\\').count();
    let letter = at + slashes;
    let escaped = match text.get(letter) {
        Some(b'u') => text.get(letter + 1..letter + 5).and_then(|digits| {
            let code = u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
            Some((u8::try_from(code).ok()?, letter + 5))
        }),
        Some(same @ (b'/' | b'"' | b'\'')) => Some((*same, letter + 1)),
        _ => None,
    };
    escaped.unwrap_or((byte, at + 1))
}

/// Returns the letters of Base64 that a secret alone decides when `before` bytes stand before it.
fn base64(secret: &[u8], before: usize) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bit = |index: usize| {
        let index = index - before * 8;
        (secret[index / 8] >> (7 - index % 8)) & 1
    };
    let (first, end) = ((before * 8).div_ceil(6), (before + secret.len()) * 8 / 6);
    let letter = |letter: usize| (0..6).fold(0, |value, index| (value << 1) | usize::from(bit(letter * 6 + index)));
    (first..end).map(|index| ALPHABET[letter(index)]).collect()
}

fn hex_digit(value: u8) -> u8 {
    b"0123456789abcdef"[usize::from(value & 15)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "pk_live/0123-abc";

    fn redacted(text: &str) -> String {
        let mut redaction = Redaction::default();
        redaction.add(SecretPattern::new(SECRET.as_bytes()));
        redaction.text(text.to_owned())
    }

    #[test]
    fn a_secret_is_found_in_every_form() {
        for (text, expected) in [
            ("pk_live/0123-abc", "[key]"),
            ("a pk_live/0123-abc, pk_live/0123-abc b", "a [key], [key] b"),
            ("PK_LIVE/0123-ABC", "[key]"),
            (r"pk_live\/0123-abc", "[key]"),
            (r"\u0070k_live\u002f0123\u002Dabc!", "[key]!"),
            (r"\\u0070k_live\\/0123-abc", "[key]"),
            ("pk%5Flive%2f0123-abc&x", "[key]&x"),
            ("pk_live%252F0123-abc", "[key]"),
            (r"pk_live\u00252F0123-abc", "[key]"),
            ("x=706b5f6c6976652f303132332d616263", "x=[key]"),
            ("cGtfbGl2ZS8wMTIzLWFiYw==", "[key]w=="),
            ("OnBrX2xpdmUvMDEyMy1hYmM=", "On[key]M="),
            ("YTpwa19saXZlLzAxMjMtYWJj", "YTp[key]"),
            ("cut off: pk_live/0", "cut off: [key]"),
            // Not the secret.
            ("pk_live/0123-abd", "pk_live/0123-abd"),
            ("cut off: pk_live", "cut off: pk_live"),
            (r"\u00", r"\u00"),
            ("100% %4", "100% %4"),
            ("größer 北京", "größer 北京"),
        ] {
            assert_eq!(redacted(text), expected, "{text}");
        }
    }

    #[test]
    fn a_long_text_of_escapes_takes_no_long_time() {
        for part in ["\\", "%25", "pk_live/0123-ab", "%"] {
            let text = part.repeat(50_000) + "!";
            assert_eq!(redacted(&text).len(), text.len());
        }
    }

    #[test]
    fn a_header_stays_a_header_and_a_short_secret_is_no_secret() {
        let mut redaction = Redaction::default();
        redaction.add(SecretPattern::new(b"emulator"));
        assert_eq!(redaction.text("the emulator".to_owned()), "the emulator");
        redaction.add(SecretPattern::new(SECRET.as_bytes()));
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", HeaderValue::from_static("r pk_live/0123-abc"));
        redaction.headers(&mut headers);
        assert_eq!(headers["x-request-id"], "r [key]");
    }
}
