//! Signing deliveries, for tests and tools.

use super::{
    EmptySecret,
    signature::{Key, key, sign},
};
use crate::hex::hex;
use pictify_api::Secret;
use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

/// Signs as the service does, so that a handler can be tested without it.
#[derive(Clone)]
pub struct Signer(Key);

impl Signer {
    /// A signer with this secret.
    ///
    /// # Errors
    /// [`EmptySecret`].
    pub fn new(secret: impl Into<Secret>) -> Result<Self, EmptySecret> {
        let secret = secret.into();
        if secret.expose().is_empty() { Err(EmptySecret) } else { Ok(Self(key(secret.expose()))) }
    }

    /// The value of [`SIGNATURE_HEADER`](super::SIGNATURE_HEADER) for a body that is sent now.
    #[must_use]
    pub fn header(&self, body: &[u8]) -> String {
        self.header_at(body, SystemTime::now())
    }

    /// The value for a body that is sent at this time; before 1970 it is 1970.
    #[must_use]
    pub fn header_at(&self, body: &[u8], at: SystemTime) -> String {
        let time = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().to_string();
        let tag = sign(&self.0, time.as_bytes(), body);
        format!("t={time},v1={}", hex(&tag.into_bytes()))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(***)")
    }
}
