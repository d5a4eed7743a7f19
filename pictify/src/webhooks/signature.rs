//! The signature scheme: HMAC-SHA256 over the time, a point and the body, in hexadecimal.

use hmac::{Hmac, KeyInit, Mac, digest::CtOutput};
use sha2::Sha256;

/// A key, ready to sign. Making it hashes the secret once.
pub(super) type Key = Hmac<Sha256>;

/// A signature that was made here. Comparing two takes the same time wherever they differ.
pub(super) type Signature = CtOutput<Key>;

/// A signature that somebody claims.
pub(super) type Tag = [u8; 32];

/// Why a header is not one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Malformed {
    TooLong,
    NoTime,
    TwoTimes,
    NoSignature,
}

/// The key of a secret: its bytes as they are, prefix and all.
pub(super) fn key(secret: &str) -> Key {
    Key::new_from_slice(secret.as_bytes()).expect("a key of this algorithm may have any length")
}

/// The signature of a body sent at a time, whose text is the header's own.
pub(super) fn sign(key: &Key, time: &[u8], body: &[u8]) -> Signature {
    let mut mac = key.clone();
    mac.update(time);
    mac.update(b".");
    mac.update(body);
    mac.finalize()
}

/// What a header says.
#[derive(Debug)]
pub(super) struct Header<'a> {
    /// The text of the time, and what it is in seconds since 1970.
    pub(super) time: &'a [u8],
    pub(super) seconds: u64,
    whole: &'a [u8],
}

/// How long a header may be, in bytes: some fifty signatures.
const LONGEST: usize = 4096;

impl<'a> Header<'a> {
    /// Reads `t=SECONDS,v1=HEX`: parts in any order, unknown ones passed over, several signatures allowed.
    pub(super) fn read(header: &'a [u8]) -> Result<Self, Malformed> {
        if header.len() > LONGEST {
            return Err(Malformed::TooLong);
        }
        let (mut time, mut signed) = (None, false);
        for (name, value) in parts(header) {
            match name {
                b"t" if time.is_some_and(|time| time != value) => return Err(Malformed::TwoTimes),
                b"t" => time = Some(value),
                b"v1" => signed = true,
                _ => {}
            }
        }
        let time = time.ok_or(Malformed::NoTime)?;
        let seconds = decimal(time).ok_or(Malformed::NoTime)?;
        if signed { Ok(Self { time, seconds, whole: header }) } else { Err(Malformed::NoSignature) }
    }

    /// What could be signatures: the right length and alphabet.
    pub(super) fn tags(&self) -> impl Iterator<Item = Tag> {
        parts(self.whole).filter(|(name, _)| *name == b"v1").filter_map(|(_, value)| unhex(value))
    }
}

/// The parts of a header, each split at its first `=`.
fn parts(header: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    header.split(|byte| *byte == b',').filter_map(|part| {
        let part = part.trim_ascii();
        let at = part.iter().position(|byte| *byte == b'=')?;
        Some((&part[..at], &part[at + 1..]))
    })
}

fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// What no hexadecimal digit stands for.
const NO_DIGIT: u8 = 16;

/// The value of each hexadecimal digit, large or small.
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < 16 {
        digits[b"0123456789abcdef"[digit as usize] as usize] = digit;
        digits[b"0123456789ABCDEF"[digit as usize] as usize] = digit;
        digit += 1;
    }
    digits
};

/// A signature of 64 hexadecimal digits, large or small; anything else is none.
fn unhex(text: &[u8]) -> Option<Tag> {
    let mut tag = Tag::default();
    if text.len() != 2 * tag.len() {
        return None;
    }
    let mut wrong = 0;
    for (byte, pair) in tag.iter_mut().zip(text.chunks_exact(2)) {
        let (high, low) = (DIGITS[usize::from(pair[0])], DIGITS[usize::from(pair[1])]);
        wrong |= (high | low) & NO_DIGIT;
        *byte = high << 4 | low & 15;
    }
    (wrong == 0).then_some(tag)
}

/// A signature as the header has it.
pub(super) fn hex(tag: &[u8]) -> String {
    tag.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
