//! Signatures for test deliveries.

use super::{
    EmptySecret,
    signature::{Key, key, sign},
};
use pictify_api::Secret;
use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

/// Signs deliveries as the service does, to test a handler without the service.
#[derive(Clone)]
pub struct Signer(Key);

impl Signer {
    /// Creates a signer with this secret. White space around it is removed.
    ///
    /// # Errors
    /// [`EmptySecret`] if the secret is empty or blank.
    pub fn new(secret: impl Into<Secret>) -> Result<Self, EmptySecret> {
        key(&secret.into()).map(Self)
    }

    /// Returns the value of [`SIGNATURE_HEADER`](super::SIGNATURE_HEADER) for a body that is sent now.
    #[must_use]
    pub fn header(&self, body: &[u8]) -> String {
        self.header_at(body, SystemTime::now())
    }

    /// Returns the header value for a body that is sent at this time. A time before 1970 counts as 1970.
    #[must_use]
    pub fn header_at(&self, body: &[u8], at: SystemTime) -> String {
        let time = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().to_string();
        let tag = sign(&self.0, time.as_bytes(), body);
        format!("t={time},v1={}", base16ct::lower::encode_string(&tag.into_bytes()))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(***)")
    }
}
