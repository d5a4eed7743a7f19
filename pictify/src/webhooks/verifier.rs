//! Verification of deliveries.

use super::{
    Delivery, DeliveryError,
    signature::{Header, Key, MAX_SIGNATURE_HEADERS, Malformed, Signature, key, sign},
};
use crate::seconds::seconds;
use pictify_api::Secret;
use std::{
    error::Error,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Default tolerance: the maximum difference between the timestamp of a delivery and now.
const DEFAULT_TOLERANCE: Duration = Duration::from_secs(300);

/// Verifies that a delivery comes from the service.
///
/// It checks the body byte for byte as received, so verify before any other code parses the body. Signatures are
/// compared in constant time, and no error contains the expected value. Creating a verifier hashes the secrets: create
/// it once, and clone it, which is cheap.
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
    /// Creates a verifier with the secret from the response that created the subscription, including its prefix. White
    /// space around it, for example from a file, an environment variable or a terminal, is removed.
    ///
    /// # Errors
    /// [`EmptySecret`] if the secret is empty or blank: with such a secret anybody could sign.
    pub fn new(secret: impl Into<Secret>) -> Result<Self, EmptySecret> {
        let verifier = Self { keys: Vec::new(), tolerance: Some(DEFAULT_TOLERANCE), clock: Arc::new(SystemTime::now) };
        verifier.with_secret(secret)
    }

    /// Also accepts deliveries signed with this secret: the next secret during a rotation, or the secret of another
    /// subscription.
    ///
    /// # Errors
    /// [`EmptySecret`], as [`new`](Self::new).
    pub fn with_secret(mut self, secret: impl Into<Secret>) -> Result<Self, EmptySecret> {
        self.keys.push(key(&secret.into())?);
        Ok(self)
    }

    /// Sets the maximum difference between the timestamp of a delivery and now, in both directions. 5 minutes by
    /// default.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = Some(tolerance);
        self
    }

    /// Accepts deliveries of any age, for example stored ones. Anybody with a recorded delivery can then replay it at
    /// any time.
    #[must_use]
    pub fn without_timestamp_check(mut self) -> Self {
        self.tolerance = None;
        self
    }

    /// Sets the source of the current time, for tests. The system clock by default.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(now);
        self
    }

    /// Checks a body against the value of its header [`SIGNATURE_HEADER`](super::SIGNATURE_HEADER).
    ///
    /// # Errors
    /// The first check that fails, in this order: [`Malformed`](VerifyError::Malformed),
    /// [`TimestampOutOfTolerance`](VerifyError::TimestampOutOfTolerance),
    /// [`SignatureMismatch`](VerifyError::SignatureMismatch).
    pub fn verify(&self, body: &[u8], signature: impl AsRef<[u8]>) -> Result<(), VerifyError> {
        let header = Header::read(signature.as_ref()).map_err(|reason| VerifyError::Malformed(reason.message()))?;
        if let Some(tolerance) = self.tolerance {
            let now = (self.clock)().duration_since(UNIX_EPOCH).unwrap_or_default();
            // The sender counts in whole seconds.
            let offset = Duration::from_secs(now.as_secs().abs_diff(header.seconds));
            if offset > tolerance {
                return Err(VerifyError::TimestampOutOfTolerance { offset, tolerance });
            }
        }
        let mut matches = false;
        for key in &self.keys {
            let expected = sign(key, header.time, body);
            // All signatures are checked, so that the duration does not reveal which one matches.
            for tag in header.tags() {
                matches |= expected == Signature::new(tag.into());
            }
        }
        if matches { Ok(()) } else { Err(VerifyError::SignatureMismatch) }
    }

    /// Checks a body against all headers [`SIGNATURE_HEADER`](super::SIGNATURE_HEADER) of a request, 1 to 4. The body is
    /// valid if any of them is, as [`verify`](Self::verify) checks it: a proxy, or a sender that rotates its secret, may
    /// add a second header. The extractors of web frameworks use this method.
    ///
    /// # Errors
    /// If none is valid, the error of the header that passed most checks; [`Malformed`](VerifyError::Malformed) if there
    /// is no header, or there are more than 4.
    ///
    /// ```
    /// use pictify::webhooks::{Signer, Verifier};
    ///
    /// let body = br#"{"event": "render.completed", "data": {}}"#;
    /// let header = Signer::new("whsec_8QkZ1vXr2Yc9").unwrap().header(body);
    /// let verifier = Verifier::new("whsec_8QkZ1vXr2Yc9").unwrap();
    /// assert!(verifier.verify_any(body, ["t=1,v1=00", &header]).is_ok());
    /// ```
    pub fn verify_any(
        &self,
        body: &[u8],
        signatures: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> Result<(), VerifyError> {
        let mut signatures = signatures.into_iter();
        let mut nearest = VerifyError::Malformed(Malformed::NoHeader.message());
        for signature in signatures.by_ref().take(MAX_SIGNATURE_HEADERS) {
            match self.verify(body, signature) {
                Ok(()) => return Ok(()),
                Err(error) if error.checks_passed() >= nearest.checks_passed() => nearest = error,
                Err(_) => {}
            }
        }
        let more = signatures.next().is_some();
        Err(if more { VerifyError::Malformed(Malformed::TooManyHeaders.message()) } else { nearest })
    }

    /// Verifies a body and parses it.
    ///
    /// # Errors
    /// [`DeliveryError::InvalidSignature`] as [`verify`](Self::verify); [`DeliveryError::InvalidPayload`] if the
    /// signature is valid but the body is not a JSON object with an `event`.
    pub fn verify_and_parse(&self, body: &[u8], signature: impl AsRef<[u8]>) -> Result<Delivery, DeliveryError> {
        self.verify(body, signature).map_err(DeliveryError::InvalidSignature)?;
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

/// Reason why a signature check failed. It contains nothing that would help to forge a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// The header is malformed; the text gives the reason. Respond with 400.
    Malformed(&'static str),
    /// The timestamp is too far from now: a replay of an old delivery, or clocks that differ. Respond with 401.
    TimestampOutOfTolerance {
        /// Difference between the timestamp and now.
        offset: Duration,
        /// Maximum difference.
        tolerance: Duration,
    },
    /// No signature matches the body: the body was changed, or signed with another secret. Respond with 401.
    SignatureMismatch,
}

impl VerifyError {
    /// Returns the number of checks before the one that failed.
    fn checks_passed(self) -> u8 {
        match self {
            Self::Malformed(_) => 0,
            Self::TimestampOutOfTolerance { .. } => 1,
            Self::SignatureMismatch => 2,
        }
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => write!(f, "the signature header is malformed: {what}"),
            Self::TimestampOutOfTolerance { offset, tolerance } => {
                let (offset, tolerance) = (seconds(*offset), seconds(*tolerance));
                write!(f, "the timestamp differs from the current time by {offset}; the tolerance is {tolerance}")
            }
            Self::SignatureMismatch => f.write_str("no signature matches the body"),
        }
    }
}

impl Error for VerifyError {}

impl Malformed {
    fn message(self) -> &'static str {
        match self {
            Self::TooLong => "the header is too long",
            Self::NoTime => "the timestamp is missing or not a number",
            Self::TwoTimes => "the header has two different timestamps",
            Self::NoSignature => "the signature is missing",
            Self::TooManySignatures => "the header has too many signatures",
            Self::NoHeader => "the header is missing",
            Self::TooManyHeaders => "there are too many signature headers",
        }
    }
}

/// Error: the webhook secret is empty or blank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmptySecret;

impl fmt::Display for EmptySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the webhook secret is empty or blank: use the secret from the response that created the subscription",
        )
    }
}

impl Error for EmptySecret {}
