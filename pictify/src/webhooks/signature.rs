//! The signature scheme: HMAC-SHA256 over the time, a point and the body, in hexadecimal.

use hmac::{Hmac, KeyInit, Mac, digest::CtOutput};
use memchr::memchr;
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
    TooManySignatures,
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
    signatures: [&'a [u8]; MOST_SIGNATURES],
    count: usize,
}

/// How long a header may be, in bytes.
const LONGEST: usize = 4096;

/// How many signatures a header may have: a service that changes secrets sends two.
const MOST_SIGNATURES: usize = 8;

impl<'a> Header<'a> {
    /// Reads `t=SECONDS,v1=HEX`: parts in any order, unknown ones passed over, several signatures allowed.
    pub(super) fn read(header: &'a [u8]) -> Result<Self, Malformed> {
        if header.len() > LONGEST {
            return Err(Malformed::TooLong);
        }
        let mut time = None;
        let (mut signatures, mut count) = ([&b""[..]; MOST_SIGNATURES], 0);
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

    /// What could be signatures: the right length and alphabet.
    pub(super) fn tags(&self) -> impl Iterator<Item = Tag> {
        self.signatures[..self.count].iter().filter_map(|text| unhex(text))
    }
}

/// The parts of a header, each split at its first `=`.
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

/// A signature of 64 hexadecimal digits, large or small; anything else is none.
fn unhex(text: &[u8]) -> Option<Tag> {
    let text: &[u8; 64] = text.try_into().ok()?;
    let mut all_digits = true;
    // Without branches and tables, so that the compiler can take many digits at once.
    let digits = text.map(|letter| {
        let (digit, letter) = (letter.wrapping_sub(b'0'), (letter | 0x20).wrapping_sub(b'a'));
        let (is_digit, is_letter) = (digit < 10, letter < 6);
        all_digits &= is_digit | is_letter;
        if is_digit { digit } else { letter.wrapping_add(10) }
    });
    let mut tag = Tag::default();
    for (byte, pair) in tag.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair[0] << 4 | pair[1] & 15;
    }
    all_digits.then_some(tag)
}
