//! The signature scheme: HMAC-SHA256 over the timestamp, a full stop and the body, in hexadecimal.

use super::EmptySecret;
use hmac::{Hmac, KeyInit, Mac, digest::CtOutput};
use memchr::memchr;
use pictify_api::Secret;
use sha2::Sha256;

/// A prepared HMAC key. Creating it hashes the secret once.
pub(super) type Key = Hmac<Sha256>;

/// A computed signature. Comparison takes constant time.
pub(super) type Signature = CtOutput<Key>;

/// Mark that some editors write at the start of a file.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A signature from a request header.
pub(super) type Tag = [u8; 32];

/// Reason why a signature header is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Malformed {
    TooLong,
    NoTime,
    TwoTimes,
    NoSignature,
    TooManySignatures,
    NoHeader,
    TooManyHeaders,
}

/// Creates the key of a secret, including its prefix. White space around the secret, for example the line feed at the end
/// of a file, is not part of it.
pub(super) fn key(secret: &Secret) -> Result<Key, EmptySecret> {
    let secret = secret.expose().trim_matches(|letter: char| letter.is_whitespace() || letter == BYTE_ORDER_MARK);
    if secret.is_empty() {
        return Err(EmptySecret);
    }
    Ok(Key::new_from_slice(secret.as_bytes()).expect("a key of this algorithm may have any length"))
}

/// Computes the signature of a body and a timestamp. `time` is the text of the header, byte for byte.
pub(super) fn sign(key: &Key, time: &[u8], body: &[u8]) -> Signature {
    let mut mac = key.clone();
    mac.update(time);
    mac.update(b".");
    mac.update(body);
    mac.finalize()
}

/// A parsed signature header.
#[derive(Debug)]
pub(super) struct Header<'a> {
    /// Text of the timestamp, and its value in seconds since 1970.
    pub(super) time: &'a [u8],
    pub(super) seconds: u64,
    signatures: [&'a [u8]; MAX_SIGNATURES],
    count: usize,
}

/// Maximum length of a signature header, in bytes.
const MAX_HEADER_LEN: usize = 4096;

/// Maximum number of signatures in a header. A service that rotates its secrets sends two.
const MAX_SIGNATURES: usize = 8;

/// Maximum number of signature headers of a request.
pub(super) const MAX_SIGNATURE_HEADERS: usize = 4;

impl<'a> Header<'a> {
    /// Parses `t=SECONDS,v1=HEX`. The parts may have any order; unknown parts are ignored; several signatures are
    /// allowed.
    pub(super) fn read(header: &'a [u8]) -> Result<Self, Malformed> {
        if header.len() > MAX_HEADER_LEN {
            return Err(Malformed::TooLong);
        }
        let mut time = None;
        let (mut signatures, mut count) = ([&b""[..]; MAX_SIGNATURES], 0);
        for (name, value) in parts(header) {
            match name {
                b"t" if time.is_some_and(|time| time != value) => return Err(Malformed::TwoTimes),
                b"t" => time = Some(value),
                b"v1" => {
                    *signatures.get_mut(count).ok_or(Malformed::TooManySignatures)? = value;
                    count += 1;
                }
                _ => {}
            }
        }
        let time = time.ok_or(Malformed::NoTime)?;
        let seconds = decimal(time).ok_or(Malformed::NoTime)?;
        if count == 0 { Err(Malformed::NoSignature) } else { Ok(Self { time, seconds, signatures, count }) }
    }

    /// Decodes the signatures. Skips values of the wrong length or alphabet.
    pub(super) fn tags(&self) -> impl Iterator<Item = Tag> {
        self.signatures[..self.count].iter().filter_map(|text| decode_tag(text))
    }
}

/// Splits a header into its parts, and each part at its first `=`.
fn parts(header: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = Some(header);
    let next = move || {
        let text = rest?;
        let comma = memchr(b',', text);
        rest = comma.map(|at| &text[at + 1..]);
        Some(text[..comma.unwrap_or(text.len())].trim_ascii())
    };
    std::iter::from_fn(next).filter_map(|part| {
        let at = part.iter().position(|byte| *byte == b'=')?;
        Some((&part[..at], &part[at + 1..]))
    })
}

fn decimal(text: &[u8]) -> Option<u64> {
    let digit = |number: u64, byte: &u8| {
        let digit = char::from(*byte).to_digit(10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    };
    if text.is_empty() { None } else { text.iter().try_fold(0, digit) }
}

/// Decodes a signature of exactly 64 hexadecimal digits, in lower or upper case.
fn decode_tag(text: &[u8]) -> Option<Tag> {
    let mut tag = Tag::default();
    let decoded = base16ct::mixed::decode(text, &mut tag).ok()?.len();
    (decoded == tag.len()).then_some(tag)
}
