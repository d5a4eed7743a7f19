//! Trusting a delivery.

use super::{
    Delivery, DeliveryError,
    signature::{Header, Key, Malformed, Signature, key, sign},
};
use pictify_api::Secret;
use std::{
    error::Error,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// How far a delivery's time may be from now, unless it is said otherwise.
const TOLERANCE: Duration = Duration::from_secs(300);

/// Tells deliveries of the service from anybody else's.
///
/// It works on the body as it came, byte for byte: verify before anything parses it. Signatures are compared in constant
/// time, and no error says what was expected. Making one hashes the secrets; keep it, clones are cheap.
///
/// ```
/// use pictify::webhooks::{Signer, Verifier};
///
/// let body = br#"{"event": "render.completed", "data": {}}"#;
/// let header = Signer::new("whsec_8QkZ1vXr2Yc9").unwrap().header(body);
///
/// let verifier = Verifier::new("whsec_8QkZ1vXr2Yc9").unwrap();
/// assert!(verifier.verify(body, &header).is_ok());
/// assert!(verifier.verify(b"another body", &header).is_err());
/// ```
#[derive(Clone)]
pub struct Verifier {
    keys: Vec<Key>,
    tolerance: Option<Duration>,
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

impl Verifier {
    /// A verifier for the secret that came when the subscription was created, as it came, prefix and all.
    ///
    /// # Errors
    /// [`EmptySecret`]: with an empty secret anybody could sign.
    pub fn new(secret: impl Into<Secret>) -> Result<Self, EmptySecret> {
        let verifier = Self { keys: Vec::new(), tolerance: Some(TOLERANCE), clock: Arc::new(SystemTime::now) };
        verifier.or_secret(secret)
    }

    /// Takes deliveries signed with this secret as well: the next one while secrets are changed, or that of another
    /// subscription.
    ///
    /// # Errors
    /// [`EmptySecret`], as [`new`](Self::new).
    pub fn or_secret(mut self, secret: impl Into<Secret>) -> Result<Self, EmptySecret> {
        let secret = secret.into();
        if secret.expose().is_empty() {
            return Err(EmptySecret);
        }
        self.keys.push(key(secret.expose()));
        Ok(self)
    }

    /// How far a delivery's time may be from now, either way. 5 minutes by default.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = Some(tolerance);
        self
    }

    /// Takes deliveries of any age: for stored ones. Whoever has recorded one can then repeat it at any time.
    #[must_use]
    pub fn any_age(mut self) -> Self {
        self.tolerance = None;
        self
    }

    /// What the time is, for tests. By default the machine's.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(now);
        self
    }

    /// Checks a body against the value of its header [`SIGNATURE_HEADER`](super::SIGNATURE_HEADER).
    ///
    /// # Errors
    /// Which check has failed, in the order in which they are made: [`Malformed`](VerifyError::Malformed),
    /// [`OutOfTolerance`](VerifyError::OutOfTolerance), [`NoMatch`](VerifyError::NoMatch).
    pub fn verify(&self, body: &[u8], signature: impl AsRef<[u8]>) -> Result<(), VerifyError> {
        let header = Header::read(signature.as_ref()).map_err(|what| VerifyError::Malformed(what.words()))?;
        if let Some(tolerance) = self.tolerance {
            let now = (self.clock)().duration_since(UNIX_EPOCH).unwrap_or_default();
            // In whole seconds, as the sender counts.
            let off = Duration::from_secs(now.as_secs().abs_diff(header.seconds));
            if off > tolerance {
                return Err(VerifyError::OutOfTolerance { off, tolerance });
            }
        }
        let mut matches = false;
        for key in &self.keys {
            let expected = sign(key, header.time, body);
            // All are looked at, so that the time it takes does not tell which one fits.
            for tag in header.tags() {
                matches |= expected == Signature::new(tag.into());
            }
        }
        if matches { Ok(()) } else { Err(VerifyError::NoMatch) }
    }

    /// Checks a body, and reads it.
    ///
    /// # Errors
    /// [`DeliveryError::Untrusted`] as [`verify`](Self::verify); [`DeliveryError::Unreadable`] for what is signed and is no
    /// JSON object with an `event`.
    pub fn delivery(&self, body: &[u8], signature: impl AsRef<[u8]>) -> Result<Delivery, DeliveryError> {
        self.verify(body, signature).map_err(DeliveryError::Untrusted)?;
        Delivery::read(body)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("secrets", &self.keys.len())
            .field("tolerance", &self.tolerance)
            .finish_non_exhaustive()
    }
}

/// Why a delivery is not trusted. It says nothing that would help to forge one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// The header is not a signature: the sender is at fault, whoever that is. Response 400.
    Malformed(&'static str),
    /// The time is too far from now: a repeat of an old delivery, or clocks that disagree. Response 401.
    OutOfTolerance {
        /// How far it is.
        off: Duration,
        /// How far it may be.
        tolerance: Duration,
    },
    /// No signature fits the body: it was changed, or signed with another secret. Response 401.
    NoMatch,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => write!(f, "the signature header is malformed: {what}"),
            Self::OutOfTolerance { off, tolerance } => {
                let (off, tolerance) = (off.as_secs_f64(), tolerance.as_secs_f64());
                write!(f, "the delivery's time is {off} s from now, more than the {tolerance} s that are tolerated")
            }
            Self::NoMatch => f.write_str("no signature fits the body"),
        }
    }
}

impl Error for VerifyError {}

impl Malformed {
    fn words(self) -> &'static str {
        match self {
            Self::TooLong => "it is too long",
            Self::NoTime => "it has no time",
            Self::TwoTimes => "it has two times",
            Self::NoSignature => "it has no signature",
            Self::TooManySignatures => "it has too many signatures",
        }
    }
}

/// The secret is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmptySecret;

impl fmt::Display for EmptySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the webhook secret is empty: take it from the answer that created the subscription")
    }
}

impl Error for EmptySecret {}
